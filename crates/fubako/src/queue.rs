//! `fubako queue list|show|retry|stop`: the mails in hand and why they wait.

use fubako_base::{
    Timestamp,
    ids::{MailId, SectionId},
    shown::{self, visible},
};
use fubako_exchange::{
    Exchange,
    audit::{By, StoreError},
    queue::{QueueRow, QueueSearch, Stopped},
};

use crate::operator::who;

/// Rows that a listing has at most.
const MOST: u32 = 10_000;

/// What is asked of the queue.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum QueueCommand {
    /// The mails in hand, oldest first
    List,
    /// One mail or delivery
    Show {
        /// Its id, as `list` shows it
        id: String,
    },
    /// Tries a waiting one now
    Retry {
        /// Its id
        id: String,
    },
    /// Stops a waiting one: it is not delivered
    Stop {
        /// Its id
        id: String,
    },
}

/// What is said of a command, and whether it was done.
pub struct Said {
    /// For standard output.
    pub text: String,
    /// Whether it was done.
    pub done: bool,
    /// A mail that was stopped: what an exchange elsewhere has of its deposit is to be taken back.
    pub stopped: Option<(SectionId, MailId)>,
}

/// Carries the command out.
///
/// # Errors
/// [`StoreError`].
pub async fn run(exchange: &Exchange, command: &QueueCommand, json: bool, now: Timestamp) -> Result<Said, StoreError> {
    let by = By::command(&who());
    let said = |text, done| Said { text, done, stopped: None };
    Ok(match command {
        QueueCommand::List => {
            let rows = exchange.queue(&QueueSearch::default(), MOST).await?.rows;
            let lines: Vec<String> =
                rows.iter().map(|row| if json { as_json(row) } else { as_line(row, now) }).collect();
            let text = if lines.is_empty() && !json { "The queue is empty.".to_owned() } else { lines.join("\n") };
            said(text, true)
        }
        QueueCommand::Show { id } => match exchange.queue_row(id).await? {
            Some(row) => said(if json { as_json(&row) } else { in_full(&row, now) }, true),
            None => said(format!("{id}: there is nothing with this id."), false),
        },
        QueueCommand::Retry { id } => {
            let done = exchange.queue_retry(id, &by, now).await?;
            said(outcome(id, done, if done { "is tried now" } else { NOTHING_WAITS }, json), done)
        }
        QueueCommand::Stop { id } => {
            let (what, done, stopped) = match exchange.queue_stop(id, &by, now).await? {
                Stopped::No => (NOTHING_WAITS, false, None),
                Stopped::LinksOut => (LINKS_OUT, false, None),
                Stopped::Delivery => ("is stopped", true, None),
                Stopped::Mail(section, mail) => ("is stopped", true, Some((section, mail))),
            };
            Said { text: outcome(id, done, what, json), done, stopped }
        }
    })
}

const NOTHING_WAITS: &str =
    "there is nothing with this id that waits (or it is being worked on, or its sender has sent it again meanwhile)";
const LINKS_OUT: &str = "its recipients have, or may have, links to its files: the mail with the password goes on";

fn outcome(id: &str, done: bool, what: &str, json: bool) -> String {
    match (json, done) {
        (true, true) => serde_json::json!({ "id": id, "done": true }).to_string(),
        (true, false) => serde_json::json!({ "id": id, "done": false, "reason": what }).to_string(),
        (false, true) => format!("{id} {what}."),
        (false, false) => format!("{id}: {what}."),
    }
}

fn as_json(row: &QueueRow) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

fn as_line(row: &QueueRow, now: Timestamp) -> String {
    let to = match row.to.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (+{})", rest.len()),
    };
    let reason = row.reason.as_deref().map(|r| format!("  {}", visible(r))).unwrap_or_default();
    format!(
        "{}  {:<14} {:>8}  {:>9}  {} → {}{reason}",
        row.id,
        row.stage,
        age(row.since, now),
        shown::size(row.size),
        visible(&row.from),
        visible(&to)
    )
}

fn in_full(row: &QueueRow, now: Timestamp) -> String {
    let mut lines = vec![
        format!("id        {}", row.id),
        format!("kind      {} ({})", row.kind, row.stage),
        format!("state     {}", row.state),
        format!("section   {}", row.section),
        format!("from      {}", visible(&row.from)),
    ];
    lines.extend(row.to.iter().map(|to| format!("to        {}", visible(to))));
    lines.push(format!("size      {}", shown::size(row.size)));
    lines.push(format!("since     {} ({} ago)", row.since.jiff(), age(row.since, now)));
    lines.push(format!("attempts  {}", row.attempts));
    if let Some(next) = row.next_at {
        lines.push(format!("next try  {}", next.jiff()));
    }
    if let Some(reason) = &row.reason {
        lines.push(format!("reason    {}", visible(reason)));
    }
    lines.join("\n")
}

fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = (now.0 - since.0).max(0) / 1_000_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
