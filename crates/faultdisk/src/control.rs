//! What the harness tells the disk: a JSON object a line, and one a line back.

use serde::{Deserialize, Serialize};

use crate::{
    disk::Leaves,
    mount::Mounted,
    points::{Operation, Point},
};

/// A command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Sets a point.
    Set(Point),
    /// Takes all points away.
    Clear,
    /// What was done and which points were reached since it was asked last.
    Look,
    /// The power comes back. The process must be gone.
    PowerOn {
        /// What the loss leaves of what was not synced, by these dice; nothing where there are none.
        #[serde(default)]
        seed: Option<u64>,
    },
    /// So many octets fit from here on.
    Room(u64),
}

/// An answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// What is wrong with the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was done, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<(Operation, String)>,
    /// The points that were reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Point>,
}

/// Does what a line says.
#[must_use]
pub fn obey(line: &str, disk: &Mounted) -> Answer {
    let command = match serde_json::from_str(line) {
        Ok(command) => command,
        Err(error) => return Answer { error: Some(error.to_string()), ..Answer::default() },
    };
    let mut state = disk.state();
    match command {
        Command::Set(point) => state.points.set(point),
        Command::Clear => state.points.clear(),
        Command::Look => {
            let (done, reached) = state.points.take();
            return Answer { done, reached, error: None };
        }
        Command::PowerOn { seed } => {
            state.disk.lose_power(seed.map_or(Leaves::Nothing, Leaves::Some));
            state.points.clear();
            state.off = false;
        }
        Command::Room(octets) => state.room = octets,
    }
    Answer::default()
}
