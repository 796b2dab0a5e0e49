//! How much one network may have of something in a time: wrong sign-ins, wrong one-time codes, lines in the log about what it was refused (spec X-ACCOUNTS,
//! ACCESS, KEEP-LOGS). What an account or a link may have is counted in the database, for all nodes; this keeps one network from trying many accounts, and
//! the hashing threads free for others.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use fubako_base::Timestamp;

/// Wrong ones in [`WINDOW`] of one network: a company's people may all come from one address.
pub(crate) const MOST: u32 = 50;
/// Seconds, from the first wrong one on.
pub(crate) const WINDOW: i64 = 900;
/// Networks that are remembered. When more come at once, only the accounts' own limits hold.
const NETWORKS: usize = 100_000;

/// What each network had of late.
#[derive(Debug, Default)]
pub(crate) struct RateLimit(Mutex<HashMap<IpAddr, Counted>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    wrong: u32,
    /// Until when they count.
    until: Timestamp,
    /// Whether a try was refused in this time.
    refused: bool,
}

/// Why a try is not taken: there were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// When one may be made.
    pub(crate) until: Timestamp,
    /// Whether it is the first that is refused until then: that one is recorded.
    pub(crate) first: bool,
}

impl RateLimit {
    /// Takes a try, which counts as wrong until it is given back.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(crate) fn take(&self, peer: IpAddr, now: Timestamp) -> Result<(), TooMany> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NETWORKS {
            all.retain(|_, counted| counted.until > now);
            if all.len() >= NETWORKS {
                return Ok(());
            }
        }
        let begun = Counted { wrong: 0, until: now.plus_seconds(WINDOW), refused: false };
        let counted = all.entry(network(peer)).or_insert(begun);
        if counted.until <= now {
            *counted = begun;
        }
        if counted.wrong >= MOST {
            let first = !std::mem::replace(&mut counted.refused, true);
            return Err(TooMany { until: counted.until, first });
        }
        counted.wrong += 1;
        Ok(())
    }

    /// The try was a right one.
    pub(crate) fn give_back(&self, peer: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = all.get_mut(&network(peer)) {
            counted.wrong = counted.wrong.saturating_sub(1);
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 one: one host has as many of those as it likes.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-ACCOUNTS
    #[test]
    fn a_network_has_so_many_wrong_ones_and_then_waits() {
        let limit = RateLimit::default();
        let (one, same, other): (IpAddr, IpAddr, IpAddr) =
            ("2001:db8::1".parse().unwrap(), "2001:db8::ffff:1".parse().unwrap(), "2001:db8:0:1::1".parse().unwrap());
        let now = Timestamp(0);
        for _ in 0..MOST {
            limit.take(one, now).unwrap();
        }
        let until = now.plus_seconds(WINDOW);
        assert_eq!(limit.take(same, now.plus_seconds(1)), Err(TooMany { until, first: true }));
        assert_eq!(limit.take(other, now), Ok(()));
        assert_eq!(limit.take("192.0.2.1".parse().unwrap(), now), Ok(()));
        // A right one does not count.
        limit.give_back(one);
        assert_eq!(limit.take(one, now), Ok(()));
        assert_eq!(limit.take(one, now), Err(TooMany { until, first: false }));
        assert_eq!(limit.take(one, until), Ok(()));
    }
}
