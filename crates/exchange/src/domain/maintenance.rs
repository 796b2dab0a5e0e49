//! When the exchange is closed, so that whoever runs it can work on it (spec X-OPERATOR, code `maintenance`). Pure.
//!
//! While it is, no deposit is begun or sent (one may be taken back) and no file is handed over; the gateway goes on taking mail, and what it has waits. People
//! with accounts get in, for operators must be able to end it. Windows may overlap: the exchange is closed as long as one is open.

use fubako_base::Timestamp;
use fubako_store::maintenance::MaintenanceWindow;

/// Hours that a window has at most. Mails wait for the exchange for 24 hours at most; then their senders are told.
pub const LONGEST_HOURS: i64 = 24 * 7;
/// Days before its begin that a window may be made.
pub const EARLIEST_DAYS: i64 = 366;

/// Why a window cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowFault {
    /// A time is missing or cannot be read.
    Unread,
    /// It does not end after it begins.
    Empty,
    /// It would be over.
    Over,
    /// It would be longer than [`LONGEST_HOURS`].
    TooLong,
    /// It would begin after more than [`EARLIEST_DAYS`].
    TooFar,
}

/// Checks when a window begins and ends. A begin that has passed is now.
///
/// # Errors
/// [`WindowFault`].
pub fn check_window(
    starts_at: Timestamp,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), WindowFault> {
    if ends_at <= now {
        return Err(WindowFault::Over);
    }
    if ends_at <= starts_at {
        return Err(WindowFault::Empty);
    }
    let starts_at = starts_at.max(now);
    if ends_at > starts_at.plus_seconds(LONGEST_HOURS * 3600) {
        return Err(WindowFault::TooLong);
    }
    if starts_at > now.plus_seconds(EARLIEST_DAYS * 86_400) {
        return Err(WindowFault::TooFar);
    }
    Ok((starts_at, ends_at))
}

/// Until when the exchange is closed, where it is at this time: when the first moment comes that no window has.
#[must_use]
pub fn closed_until(windows: &[MaintenanceWindow], now: Timestamp) -> Option<Timestamp> {
    let mut until = now;
    // Each round finds one more window that goes on where the others end.
    while let Some(window) = windows.iter().find(|window| window.starts_at <= until && window.ends_at > until) {
        until = window.ends_at;
    }
    (until > now).then_some(until)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::MaintenanceId;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn at(seconds: i64) -> Timestamp {
        NOW.plus_seconds(seconds)
    }

    // spec: X-OPERATOR
    #[test]
    fn a_window_must_lie_ahead() {
        let (hours, days) = (3600, 86_400);
        for (starts, ends, wanted) in [
            (0, 1, Ok((0, 1))),
            (60, 120, Ok((60, 120))),
            (-60, 60, Ok((0, 60))),
            (60, 60, Err(WindowFault::Empty)),
            (60, 30, Err(WindowFault::Empty)),
            (60, 0, Err(WindowFault::Over)),
            (-60, 0, Err(WindowFault::Over)),
            (0, LONGEST_HOURS * hours, Ok((0, LONGEST_HOURS * hours))),
            (-60, LONGEST_HOURS * hours, Ok((0, LONGEST_HOURS * hours))),
            (0, LONGEST_HOURS * hours + 1, Err(WindowFault::TooLong)),
            (366 * days, 366 * days + 1, Ok((366 * days, 366 * days + 1))),
            (366 * days + 1, 366 * days + 2, Err(WindowFault::TooFar)),
        ] {
            let found = check_window(at(starts), at(ends), NOW);
            assert_eq!(found, wanted.map(|(starts, ends)| (at(starts), at(ends))), "{starts} {ends}");
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn it_is_closed_as_long_as_a_window_is_open() {
        let window = |starts, ends| MaintenanceWindow {
            id: MaintenanceId::generate(),
            starts_at: at(starts),
            ends_at: at(ends),
            made_by: String::new(),
        };
        for (windows, wanted) in [
            (vec![], None),
            (vec![window(0, 10)], Some(10)),
            (vec![window(-10, 0)], None),
            (vec![window(1, 10)], None),
            (vec![window(20, 30), window(5, 20), window(-5, 10), window(31, 40)], Some(30)),
            (vec![window(-5, 100), window(-4, 10)], Some(100)),
        ] {
            assert_eq!(closed_until(&windows, NOW), wanted.map(at), "{windows:?}");
        }
    }
}
