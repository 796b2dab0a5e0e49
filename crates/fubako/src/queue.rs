//! `fubako queue list|show|retry|stop`: the mails in hand and why they wait.

use fubako_base::Timestamp;
use fubako_store::{Store, StoreError, queue::QueueRow};

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

/// Carries the command out; gives what is printed and whether it was done.
///
/// # Errors
/// [`StoreError`].
pub async fn run(
    store: &Store,
    command: &QueueCommand,
    json: bool,
    now: Timestamp,
) -> Result<(String, bool), StoreError> {
    match command {
        QueueCommand::List => {
            let rows = store.queue(MOST).await?;
            let lines: Vec<String> =
                rows.iter().map(|row| if json { as_json(row) } else { as_line(row, now) }).collect();
            let text = if lines.is_empty() && !json { "The queue is empty.".to_owned() } else { lines.join("\n") };
            Ok((text, true))
        }
        QueueCommand::Show { id } => match store.queue_row(id).await? {
            Some(row) => Ok((if json { as_json(&row) } else { in_full(&row, now) }, true)),
            None => Ok((unknown(id), false)),
        },
        QueueCommand::Retry { id } => done(store.queue_retry(id, now).await?, id, "is tried now", json),
        QueueCommand::Stop { id } => done(store.queue_stop(id, now).await?, id, "is stopped", json),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the arms of the command all give a result")]
fn done(done: bool, id: &str, what: &str, json: bool) -> Result<(String, bool), StoreError> {
    let text = match (json, done) {
        (true, _) => serde_json::json!({ "id": id, "done": done }).to_string(),
        (false, true) => format!("{id} {what}."),
        (false, false) => format!("{id}: there is nothing with this id that waits (or it is being worked on)."),
    };
    Ok((text, done))
}

fn unknown(id: &str) -> String {
    format!("{id}: there is nothing with this id.")
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
        size(row.size),
        visible(&row.from),
        visible(&to)
    )
}

fn in_full(row: &QueueRow, now: Timestamp) -> String {
    let mut lines = vec![
        format!("id        {}", row.id),
        format!("kind      {} ({})", row.kind, row.stage),
        format!("section   {}", row.section),
        format!("from      {}", visible(&row.from)),
    ];
    lines.extend(row.to.iter().map(|to| format!("to        {}", visible(to))));
    lines.push(format!("size      {}", size(row.size)));
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

/// Text from outside as a terminal may show it.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
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

#[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn size(octets: u64) -> String {
    match octets {
        0..1024 => format!("{octets} B"),
        1024..1_048_576 => format!("{:.1} KiB", octets as f64 / 1024.0),
        _ => format!("{:.1} MiB", octets as f64 / 1_048_576.0),
    }
}
