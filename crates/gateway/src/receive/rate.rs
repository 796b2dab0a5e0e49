//! How much is taken of whom (spec RCV-RATE): mails and recipients an hour, of a section, a sender and an address; connections at once; and
//! addresses of which nothing but failures comes are blocked for a time. All of it is this process's own count, in memory.
//!
//! Only mail that is genuine counts against a section and a sender: else whoever forges their names could use up what is theirs.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use fubako_base::{Timestamp, address::compared, ids::SectionId};
use fubako_smtp::{Reply, server::peer};

/// Whoever is counted beyond this is not: memory is bounded, and nobody is refused for it.
const MAX_KEYS: usize = 200_000;
/// Seconds of a window.
const HOUR: i64 = 3600;
/// Failures longer ago than these seconds are forgotten.
const MEMORY: i64 = 600;
/// Seconds after a mail was taken for which failures of its address block nobody: behind a mail service's address there are many, and
/// none of them is to close it for the others.
const TRUST: i64 = 24 * HOUR;

/// What may come in an hour. 0 is any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Mails.
    pub mails: u64,
    /// Their recipients.
    pub recipients: u64,
}

/// A network: an address, and how many of its first bits count.
pub type Network = (IpAddr, u8);

/// The limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Of a section.
    pub section: Quota,
    /// Of an envelope sender.
    pub sender: Quota,
    /// Of an address that mail comes from (of IPv6, a network of 64 bits).
    pub address: Quota,
    /// Connections at once of an address, on each listener; 0 is any number.
    pub connections: usize,
    /// Failures in a row before an address is blocked; 0: never.
    pub failures: u32,
    /// Seconds for which it is.
    pub block_seconds: i64,
    /// Networks whose addresses have no limits of their own.
    pub exempt: Vec<Network>,
}

/// Counts.
#[derive(Default)]
pub(super) struct Rates {
    limits: Limits,
    counts: Mutex<HashMap<Key, Window>>,
    offenders: Mutex<HashMap<IpAddr, Offender>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Section(SectionId),
    Sender(String),
    Address(IpAddr),
}

/// What came in this hour of the clock and in the one before: the last sixty minutes are told from both.
#[derive(Clone, Copy, Default)]
struct Window {
    hour: i64,
    now: Quota,
    before: Quota,
}

#[derive(Default)]
struct Offender {
    failures: u32,
    last: i64,
    /// When a mail of it was taken; it is trusted for a day then.
    good: Option<i64>,
    blocked_until: i64,
}

impl Offender {
    fn is_trusted(&self, seconds: i64) -> bool {
        self.good.is_some_and(|good| seconds < good + TRUST)
    }
}

/// Whose mail it is.
pub(super) struct Origin<'a> {
    pub(super) section: &'a SectionId,
    pub(super) sender: &'a str,
    pub(super) address: IpAddr,
}

impl Window {
    fn at(mut self, hour: i64) -> Self {
        if self.hour != hour {
            let before = if self.hour + 1 == hour { self.now } else { Quota::default() };
            self = Self { hour, now: Quota::default(), before };
        }
        self
    }

    /// Whether one more mail is within the quota.
    fn has_room(&self, quota: Quota, seconds: i64) -> bool {
        let left = u64::try_from(HOUR - seconds.rem_euclid(HOUR)).unwrap_or(0);
        let lately = |now: u64, before: u64| now + before.saturating_mul(left) / HOUR.unsigned_abs();
        let is_below = |limit: u64, count: u64| limit == 0 || count < limit;
        is_below(quota.mails, lately(self.now.mails, self.before.mails))
            && is_below(quota.recipients, lately(self.now.recipients, self.before.recipients))
    }
}

impl Rates {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Whether a connection is taken of an address that has `others`.
    pub(super) fn admits(&self, address: IpAddr, others: usize, now: Timestamp) -> Result<(), Reply> {
        if self.is_exempt(address) {
            return Ok(());
        }
        if self.limits.connections > 0 && others >= self.limits.connections {
            tracing::warn!(%address, others, "too many connections of one address");
            return Err(Reply::new(421, (4, 7, 0), "Too many connections from your address, try again later"));
        }
        self.is_open(address, now)
    }

    /// Whether an address is not blocked. Asked for each mail too: who was connected when the address was blocked goes as well.
    pub(super) fn is_open(&self, address: IpAddr, now: Timestamp) -> Result<(), Reply> {
        if self.is_exempt(address) {
            return Ok(());
        }
        let offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        match offenders.get(&peer(address)) {
            Some(offender) if offender.blocked_until > now.unix_seconds() => {
                Err(Reply::new(421, (4, 7, 0), "Too many failures from your address, try again later"))
            }
            _ => Ok(()),
        }
    }

    /// Whether one more mail is within every limit. A mail with more recipients than are left is, so that none is too large for ever.
    pub(super) fn has_room(&self, origin: &Origin<'_>, now: Timestamp) -> Result<(), Reply> {
        let seconds = now.unix_seconds();
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, quota, whose) in self.limited(origin) {
            let window = counts.get(&key).copied().unwrap_or_default().at(seconds.div_euclid(HOUR));
            if !window.has_room(quota, seconds) {
                tracing::warn!(section = %origin.section, address = %origin.address, of = whose, "more mail than an hour may have");
                let text = format!("too many mails or recipients {whose} within an hour, please try again later");
                return Err(Reply::new(451, (4, 7, 1), text));
            }
        }
        Ok(())
    }

    /// Counts a mail that was taken; whoever sent it is no offender, and is not made one by others behind the same address.
    pub(super) fn count(&self, origin: &Origin<'_>, recipients: usize, now: Timestamp) {
        self.trust(origin.address, now.unix_seconds());
        let hour = now.unix_seconds().div_euclid(HOUR);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, ..) in self.limited(origin) {
            if counts.len() >= MAX_KEYS && !counts.contains_key(&key) {
                counts.retain(|_, window| window.hour + 1 >= hour);
                if counts.len() >= MAX_KEYS {
                    continue;
                }
            }
            let window = counts.entry(key).or_default();
            *window = window.at(hour);
            window.now.mails += 1;
            window.now.recipients += recipients as u64;
        }
    }

    fn trust(&self, address: IpAddr, seconds: i64) {
        let mut offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = peer(address);
        if has_place(&mut offenders, key, seconds) {
            offenders.insert(key, Offender { last: seconds, good: Some(seconds), ..Offender::default() });
        }
    }

    /// Counts a failure; too many without a mail between them, nor in the day before, block the address for a time.
    pub(super) fn failed(&self, address: IpAddr, now: Timestamp) {
        if self.limits.failures == 0 || self.is_exempt(address) {
            return;
        }
        let seconds = now.unix_seconds();
        let mut offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        let key = peer(address);
        if !has_place(&mut offenders, key, seconds) {
            return;
        }
        let offender = offenders.entry(key).or_default();
        if offender.is_trusted(seconds) {
            return;
        }
        if is_stale(offender, seconds) {
            offender.failures = 0;
        }
        offender.failures += 1;
        offender.last = seconds;
        if offender.failures >= self.limits.failures {
            let block_seconds = self.limits.block_seconds;
            tracing::warn!(%address, failures = offender.failures, seconds = block_seconds, "blocked for a time");
            offender.failures = 0;
            offender.blocked_until = seconds + block_seconds;
        }
    }

    fn limited(&self, origin: &Origin<'_>) -> Vec<(Key, Quota, &'static str)> {
        let mut limited = vec![(Key::Section(origin.section.clone()), self.limits.section, "of your company")];
        if !origin.sender.is_empty() {
            limited.push((Key::Sender(compared(origin.sender)), self.limits.sender, "of this sender"));
        }
        if !self.is_exempt(origin.address) {
            limited.push((Key::Address(peer(origin.address)), self.limits.address, "from your address"));
        }
        limited.retain(|(_, quota, _)| *quota != Quota::default());
        limited
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.limits.exempt.iter().any(|network| is_within(address, *network))
    }
}

/// Whether nothing of it counts any more.
fn is_stale(offender: &Offender, seconds: i64) -> bool {
    offender.last + MEMORY < seconds && offender.blocked_until <= seconds && !offender.is_trusted(seconds)
}

/// Whether an address is known or can be noted.
fn has_place(offenders: &mut HashMap<IpAddr, Offender>, key: IpAddr, seconds: i64) -> bool {
    if offenders.len() >= MAX_KEYS && !offenders.contains_key(&key) {
        offenders.retain(|_, offender| !is_stale(offender, seconds));
    }
    offenders.len() < MAX_KEYS || offenders.contains_key(&key)
}

fn is_within(address: IpAddr, (network, bits): Network) -> bool {
    let same = |one: u128, other: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(bits));
        rest >= width || one >> rest == other >> rest
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const AT: i64 = 1_790_000_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp((AT + seconds) * 1_000_000)
    }

    fn limits() -> Limits {
        Limits {
            section: Quota { mails: 0, recipients: 100 },
            sender: Quota { mails: 4, recipients: 0 },
            address: Quota { mails: 10, recipients: 0 },
            connections: 2,
            failures: 3,
            block_seconds: 900,
            exempt: vec![("127.0.0.0".parse().unwrap(), 8), ("2001:db8::".parse().unwrap(), 32)],
        }
    }

    /// Sends a mail, where there is room; the word that says whose limit it is that there is none.
    fn send(rates: &Rates, sender: &str, address: &str, recipients: usize, seconds: i64) -> Result<(), String> {
        let section = "acme".parse().unwrap();
        let origin = Origin { section: &section, sender, address: address.parse().unwrap() };
        rates.has_room(&origin, at(seconds)).map_err(|reply| {
            assert_eq!((reply.code, reply.enhanced), (451, (4, 7, 1)));
            reply.text.split(" within").next().unwrap().rsplit(' ').next().unwrap().to_owned()
        })?;
        rates.count(&origin, recipients, at(seconds));
        Ok(())
    }

    // spec: RCV-RATE
    #[test]
    fn each_has_limits_and_an_hour_passes() {
        let rates = Rates::new(limits());
        for _ in 0..4 {
            send(&rates, "a@acme.example", "192.0.2.1", 1, 0).unwrap();
        }
        assert_eq!(send(&rates, "A@acme.example", "192.0.2.9", 1, 1), Err("sender".to_owned()));
        for n in 0..6 {
            send(&rates, &format!("{n}@acme.example"), "192.0.2.1", 1, 2).unwrap();
        }
        assert_eq!(send(&rates, "", "::ffff:192.0.2.1", 1, 3), Err("address".to_owned()));
        // A mail with more recipients than are left is taken; the next is not.
        send(&rates, "", "192.0.2.2", 500, 4).unwrap();
        assert_eq!(send(&rates, "", "127.0.0.1", 1, 5), Err("company".to_owned()));
        assert_eq!(send(&rates, "a@acme.example", "192.0.2.9", 1, 3000), Err("company".to_owned()));
        send(&rates, "a@acme.example", "192.0.2.9", 1, 2 * HOUR).unwrap();
    }

    // spec: RCV-RATE
    #[test]
    fn the_last_sixty_minutes_count_and_not_the_clock_s_hour() {
        let rates = Rates::new(limits());
        let end_of_hour = HOUR - AT.rem_euclid(HOUR) - 1;
        for _ in 0..4 {
            send(&rates, "a@acme.example", "127.0.0.1", 1, end_of_hour).unwrap();
        }
        assert!(send(&rates, "a@acme.example", "127.0.0.1", 1, end_of_hour + 2).is_ok(), "as good as: 3.99 of 4");
        assert!(send(&rates, "a@acme.example", "127.0.0.1", 1, end_of_hour + 10).is_err());
        assert!(send(&rates, "a@acme.example", "127.0.0.1", 1, end_of_hour + HOUR * 3 / 4).is_ok());
    }

    // spec: RCV-RATE
    #[test]
    fn an_address_of_failures_alone_is_blocked_for_a_time() {
        let rates = Rates::new(limits());
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let admits =
            |rates: &Rates, address: &str, seconds| rates.admits(address.parse().unwrap(), 0, at(seconds)).is_ok();
        for _ in 0..5 {
            // A mail between failures: it sends for many, and one of them is no good.
            rates.failed(address, at(0));
            rates.failed(address, at(0));
            send(&rates, "", "192.0.2.1", 1, 0).unwrap();
        }
        for n in 0..100 {
            rates.failed(address, at(n));
        }
        assert!(admits(&rates, "192.0.2.1", 101), "others behind its address do not close it");
        let day = TRUST + 1;
        rates.failed(address, at(day));
        rates.failed(address, at(day));
        rates.failed(address, at(day + MEMORY + 1));
        assert!(admits(&rates, "192.0.2.1", day + MEMORY + 3), "failures long ago are forgotten");
        rates.failed(address, at(day + MEMORY + 4));
        rates.failed(address, at(day + MEMORY + 4));
        let blocked = day + MEMORY + 5;
        let open = |address: &str| rates.is_open(address.parse().unwrap(), at(blocked));
        assert_eq!(open("192.0.2.1").unwrap_err().code, 421, "connections that are there are closed");
        assert!(open("192.0.2.2").is_ok() && open("127.0.0.1").is_ok());
        assert!(!admits(&rates, "192.0.2.1", blocked) && !admits(&rates, "::ffff:192.0.2.1", blocked));
        assert!(admits(&rates, "192.0.2.2", blocked) && !admits(&rates, "192.0.2.1", blocked + 890));
        assert!(admits(&rates, "192.0.2.1", blocked + 900));
        for _ in 0..10 {
            rates.failed("127.3.4.5".parse().unwrap(), at(0));
        }
        assert!(admits(&rates, "127.3.4.5", 1), "an exempt one never is");
    }

    // spec: RCV-RATE
    #[test]
    fn connections_at_once_are_limited() {
        let rates = Rates::new(limits());
        let admits = |address: &str, others| rates.admits(address.parse().unwrap(), others, at(0));
        assert!(admits("192.0.2.1", 1).is_ok() && admits("127.0.0.1", 100).is_ok() && admits("2001:db8::1", 9).is_ok());
        let reply = admits("2001:db9::1", 2).unwrap_err();
        assert_eq!((reply.code, reply.enhanced), (421, (4, 7, 0)));
    }
}
