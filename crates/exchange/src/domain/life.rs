//! Where a deposit goes from where it is: one table for all that happens to one. Pure.
//!
//! ```text
//!           ┌──────────────────────── send ────────────────────────┐
//!           │                                                      ▼         days over
//!  begin ► open ── ask (X-APPROVAL) ──► waiting ── approve ─────► sent ──────────────────► expired
//!           │                              │                                                  ▲
//!           │                              └── reject, or nobody decided in time ► rejected   │
//!           └── abandon ──────────────────────────────────────────────────────────────────────┘
//! ```
//! A deposit that is taken back while it is open is no more at all. What is rejected or expired stays so, and its files are gone.

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
}

impl Event {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Send, Self::Ask, Self::Approve, Self::Reject, Self::Expire, Self::Abandon];
}

/// Where a deposit is after an event; none where that cannot happen to it any more, or not yet.
#[must_use]
pub const fn after(state: DepositState, event: Event) -> Option<DepositState> {
    use DepositState::{Expired, Open, Rejected, Sent, Waiting};
    match (state, event) {
        (Open, Event::Send) | (Waiting, Event::Approve) => Some(Sent),
        (Open, Event::Ask) => Some(Waiting),
        (Waiting, Event::Reject) => Some(Rejected),
        (Open, Event::Abandon) | (Sent, Event::Expire) => Some(Expired),
        (Open, Event::Approve | Event::Reject | Event::Expire)
        | (Waiting | Sent, Event::Send | Event::Ask | Event::Abandon)
        | (Waiting, Event::Expire)
        | (Sent, Event::Approve | Event::Reject)
        | (Rejected | Expired, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-APPROVAL X-EXPIRY MAIL-DEPOSIT
    #[test]
    fn the_whole_table() {
        use DepositState::{Expired, Open, Rejected, Sent, Waiting};
        let table = [
            //         send           ask            approve        reject          expire         abandon
            (Open, [Some(Sent), Some(Waiting), None, None, None, Some(Expired)]),
            (Waiting, [None, None, Some(Sent), Some(Rejected), None, None]),
            (Sent, [None, None, None, None, Some(Expired), None]),
            (Rejected, [None; 6]),
            (Expired, [None; 6]),
        ];
        assert_eq!(table.map(|(state, _)| state), DepositState::ALL);
        for (state, row) in table {
            for (event, wanted) in Event::ALL.into_iter().zip(row) {
                assert_eq!(after(state, event), wanted, "{state:?} {event:?}");
            }
        }
    }
}
