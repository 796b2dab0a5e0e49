//! Where a deposit goes from where it is: one table for all that happens to one. Pure.
//!
//! ```text
//!           ┌──────────────────────── send ────────────────────────┐
//!           │                                                      ▼         days over
//!  begin ► open ── ask (X-APPROVAL) ──► waiting ── approve ─────► sent ──────────────────► expired
//!           │                              │                                                  ▲
//!           │                              └── reject, or nobody decided in time ► rejected   │
//!           └── abandon ──────────────────────────────────────────────────────────────────────┘
//!
//!  waiting, sent ── cancel (X-CANCEL) ──► cancelled
//! ```
//! A deposit that is taken back while it is open is no more at all. What is rejected, cancelled or expired stays so, and its files are gone.

use fubako_store::deposits::DepositState;

/// What happens to a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// All its files are in, and it needs no approval.
    Send,
    /// All its files are in, and its approvers are asked.
    Ask,
    /// An approver agrees.
    Approve,
    /// An approver refuses, or nobody decided in time.
    Reject,
    /// Its files have been kept as long as they are.
    Expire,
    /// Whoever began it never sent it.
    Abandon,
    /// Its sender, or an administrator, takes it back.
    Cancel,
}

impl Event {
    /// Every one.
    pub const ALL: [Self; 7] =
        [Self::Send, Self::Ask, Self::Approve, Self::Reject, Self::Expire, Self::Abandon, Self::Cancel];
}

/// Where a deposit is after an event; none where that cannot happen to it any more, or not yet.
#[must_use]
pub const fn after(state: DepositState, event: Event) -> Option<DepositState> {
    use DepositState::{Cancelled, Expired, Open, Rejected, Sent, Waiting};
    match (state, event) {
        (Open, Event::Send) | (Waiting, Event::Approve) => Some(Sent),
        (Open, Event::Ask) => Some(Waiting),
        (Waiting, Event::Reject) => Some(Rejected),
        (Open, Event::Abandon) | (Sent, Event::Expire) => Some(Expired),
        (Waiting | Sent, Event::Cancel) => Some(Cancelled),
        (Open, Event::Approve | Event::Reject | Event::Expire | Event::Cancel)
        | (Waiting | Sent, Event::Send | Event::Ask | Event::Abandon)
        | (Waiting, Event::Expire)
        | (Sent, Event::Approve | Event::Reject)
        | (Rejected | Expired | Cancelled, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-APPROVAL X-CANCEL X-EXPIRY MAIL-DEPOSIT
    #[test]
    fn the_whole_table() {
        use DepositState::{Cancelled, Expired, Open, Rejected, Sent, Waiting};
        let table = [
            //         send           ask            approve        reject          expire         abandon       cancel
            (Open, [Some(Sent), Some(Waiting), None, None, None, Some(Expired), None]),
            (Waiting, [None, None, Some(Sent), Some(Rejected), None, None, Some(Cancelled)]),
            (Sent, [None, None, None, None, Some(Expired), None, Some(Cancelled)]),
            (Rejected, [None; 7]),
            (Expired, [None; 7]),
            (Cancelled, [None; 7]),
        ];
        assert_eq!(table.map(|(state, _)| state), DepositState::ALL);
        for (state, row) in table {
            for (event, wanted) in Event::ALL.into_iter().zip(row) {
                assert_eq!(after(state, event), wanted, "{state:?} {event:?}");
            }
        }
    }
}
