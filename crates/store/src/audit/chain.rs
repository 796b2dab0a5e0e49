//! How the audit log's lines hold together (spec X-AUDIT). Pure.
//!
//! A line's hash is HMAC-SHA-256, with a key that the database has only sealed, over the hash of the line before it and all of the line's own
//! fields. So whoever can write in the database but has not the master key can neither change a line nor take one out, put one in or move one
//! without breaking the chain behind it. Where the chain begins and ends is authenticated in the same way: a tail that is cut off is
//! found, too. Only a database that is put back as a whole to how it once was agrees with itself; that is found by comparing with
//! an end of the chain that was noted elsewhere ([`End`]).

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use fubako_base::{hex, ids::SectionId};

use super::Line;

/// Octets of a hash.
pub const HASH: usize = 32;
/// What the first line of a chain follows.
pub const BEFORE_ALL: [u8; HASH] = [0; HASH];

/// The key of the chains; `Debug` does not show it.
#[derive(Clone)]
pub struct ChainKey(hmac::Key);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey")
    }
}

impl ChainKey {
    /// The key with these octets.
    #[must_use]
    pub fn new(octets: &[u8; HASH]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// Fields with their lengths, so that no two lists of fields are the same octets.
    fn mac(&self, fields: &[&[u8]]) -> [u8; HASH] {
        let mut context = hmac::Context::with_key(&self.0);
        for field in fields {
            context.update(&(field.len() as u64).to_be_bytes());
            context.update(field);
        }
        let mut mac = [0; HASH];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }

    /// The hash of a line that follows the one with the hash `before`.
    #[must_use]
    pub fn hash(&self, section: &SectionId, line: &Line, before: &[u8; HASH]) -> [u8; HASH] {
        self.mac(&[
            b"audit line 1",
            before,
            section.as_str().as_bytes(),
            &line.number.to_be_bytes(),
            &line.at.0.to_be_bytes(),
            line.event.as_bytes(),
            line.actor_kind.as_bytes(),
            line.actor.as_bytes(),
            line.address.as_bytes(),
            line.object.as_bytes(),
            line.detail.as_bytes(),
        ])
    }

    /// What authenticates where a chain begins or ends.
    pub(super) fn mark(&self, section: &SectionId, which: Mark, number: u64, hash: &[u8; HASH]) -> [u8; HASH] {
        self.mac(&[which.word(), section.as_str().as_bytes(), &number.to_be_bytes(), hash])
    }
}

/// Which end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    First,
    Last,
}

impl Mark {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::First => b"audit first 1",
            Self::Last => b"audit last 1",
        }
    }
}

/// How far a chain reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The number of its first line that is kept; one more than the last where none is.
    pub first_number: u64,
    /// The hash of the line before that.
    pub first_hash: [u8; HASH],
    pub(super) first_mac: [u8; HASH],
    /// The number of its last line; 0 where there was none yet.
    pub last_number: u64,
    /// Its hash.
    pub last_hash: [u8; HASH],
    pub(super) last_mac: [u8; HASH],
}

impl Chain {
    /// A chain without a line.
    pub(super) fn new(key: &ChainKey, section: &SectionId) -> Self {
        let at = |which, number| key.mark(section, which, number, &BEFORE_ALL);
        Self {
            first_number: 1,
            first_hash: BEFORE_ALL,
            first_mac: at(Mark::First, 1),
            last_number: 0,
            last_hash: BEFORE_ALL,
            last_mac: at(Mark::Last, 0),
        }
    }
}

/// A line that was a chain's last one some time, noted elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; HASH],
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Lines are missing.
    #[error("lines {0} to {1} are missing")]
    Missing(u64, u64),
    /// A line was changed, or put in another's place.
    #[error("line {0} is not as it was written, or does not follow the one before it")]
    Changed(u64),
    /// Where the chain begins was changed: lines may have been cut off at its beginning.
    #[error("where the chain begins (line {0}) was changed")]
    Beginning(u64),
    /// Where the chain ends was changed: lines may have been cut off at its end.
    #[error("where the chain ends (line {0}) was changed")]
    Ending(u64),
    /// There are more lines than the chain has.
    #[error("line {0} stands behind the chain's end")]
    Beyond(u64),
    /// The line is not the one that was noted elsewhere.
    #[error("line {0} is not the one that was noted elsewhere")]
    NotAsNoted(u64),
}

impl Break {
    /// A stable word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing(..) => "missing",
            Self::Changed(_) => "changed",
            Self::Beginning(_) => "beginning",
            Self::Ending(_) => "ending",
            Self::Beyond(_) => "beyond",
            Self::NotAsNoted(_) => "not-as-noted",
        }
    }
}

/// A walk along a chain from its first line that is kept. Each fault is told once: behind it the walk goes on from what it found.
#[derive(Debug)]
pub struct Walk<'a> {
    key: &'a ChainKey,
    section: &'a SectionId,
    chain: Chain,
    noted: Option<&'a End>,
    next: u64,
    before: [u8; HASH],
    breaks: Vec<Break>,
}

impl<'a> Walk<'a> {
    /// Begins. `noted` is a line that is known from elsewhere.
    #[must_use]
    pub fn new(key: &'a ChainKey, section: &'a SectionId, chain: Chain, noted: Option<&'a End>) -> Self {
        let authentic = key.mark(section, Mark::First, chain.first_number, &chain.first_hash);
        let mut breaks = Vec::new();
        if !same(&authentic, &chain.first_mac) {
            breaks.push(Break::Beginning(chain.first_number));
        }
        if noted.is_some_and(|end| end.number > chain.last_number) {
            breaks.push(Break::Missing(chain.last_number + 1, noted.map_or(0, |end| end.number)));
        }
        Self { key, section, next: chain.first_number, before: chain.first_hash, chain, noted, breaks }
    }

    /// The next line, in the order of the numbers.
    pub fn step(&mut self, line: &Line) {
        if line.number > self.next {
            self.breaks.push(Break::Missing(self.next, line.number - 1));
        } else if !same(&self.key.hash(self.section, line, &self.before), &line.hash) {
            self.breaks.push(Break::Changed(line.number));
        }
        if self.noted.is_some_and(|end| end.number == line.number && !same(&end.hash, &line.hash)) {
            self.breaks.push(Break::NotAsNoted(line.number));
        }
        (self.next, self.before) = (line.number + 1, line.hash);
    }

    /// The end: everything that is wrong. `beyond` is the first line that stands behind the chain's end, where there is one.
    #[must_use]
    pub fn finish(mut self, beyond: Option<u64>) -> Vec<Break> {
        let Chain { last_number, last_hash, last_mac, .. } = self.chain;
        let authentic = self.key.mark(self.section, Mark::Last, last_number, &last_hash);
        if self.next <= last_number {
            self.breaks.push(Break::Missing(self.next, last_number));
        }
        if !same(&authentic, &last_mac) || (self.next > last_number && !same(&self.before, &last_hash)) {
            self.breaks.push(Break::Ending(last_number));
        }
        self.breaks.extend(beyond.map(Break::Beyond));
        self.breaks
    }
}

fn same(a: &[u8; HASH], b: &[u8; HASH]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, hex::encode(&self.hash))
    }
}

impl std::str::FromStr for End {
    type Err = fubako_base::audit::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (number, hash) = text.split_once(':')?;
            Some(Self { number: number.parse().ok()?, hash: hex::decode(hash)?.try_into().ok()? })
        };
        read().ok_or(fubako_base::audit::UnknownWord)
    }
}

#[cfg(test)]
mod tests;
