//! What can be wrong with a policy. The words for people stand in `lang/*/policies.ftl`; for who applies a declaration, here.

use std::fmt;

use super::{LONGEST_ENTRY, LONGEST_WORDING, MOST_ENTRIES, MOST_SIZE};

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is no whole number from `least` to `most`.
    Number {
        /// The least that may be.
        least: u32,
        /// The most that may be.
        most: u32,
    },
    /// It is none of the words that may be.
    NoneOfThese,
    /// None of the words was chosen, and one must be.
    NoneChosen,
    /// A link would be locked before a try must wait: `max_tries` is below `free_tries`.
    FewerTries,
    /// It is no address, no domain, and not `*.` and a domain.
    NoDestination(String),
    /// It is no network.
    NoNetwork(String),
    /// It is an address within a network, which is the second.
    BeyondNetwork(String, String),
    /// A list has more than [`MOST_ENTRIES`].
    TooManyEntries,
    /// An entry of a list has more than [`LONGEST_ENTRY`] characters.
    LongEntry,
    /// It has more than [`LONGEST_WORDING`] characters.
    LongText,
    /// There is no such time zone.
    NoZone(String),
    /// Whoever wants it, and comes from this address, could use the screens no more.
    ShutsOut(String),
    /// The contracted size is nothing, or more than [`MOST_SIZE`].
    NoSize,
    /// It is not `https://` and a host.
    NoSite,
    /// It is no field's name, or that of one that mail programs need.
    NoFieldOfItsOwn,
    /// The proof is a secret header, and none is named.
    NoSecretHeader,
}

impl fmt::Display for Fault {
    /// What is to be instead, behind the setting's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { least, most } => write!(f, "must be {least} to {most}"),
            Self::NoneOfThese => write!(f, "must be one of the words that are documented"),
            Self::NoneChosen => write!(f, "must name at least one"),
            Self::FewerTries => write!(f, "must be at least free_tries"),
            Self::NoDestination(text) => {
                write!(f, "has {text:?}, which is not an address, a domain, or *. and a domain")
            }
            Self::NoNetwork(text) => write!(f, "has {text:?}, which is not a network"),
            Self::BeyondNetwork(text, whole) => write!(f, "has {text:?}: write {whole}, or the address alone"),
            Self::TooManyEntries => write!(f, "must have at most {MOST_ENTRIES} entries"),
            Self::LongEntry => write!(f, "must have entries of at most {LONGEST_ENTRY} characters"),
            Self::LongText => write!(f, "must have at most {LONGEST_WORDING} characters"),
            Self::NoZone(text) => write!(f, "must be a time zone, which {text:?} is not"),
            Self::ShutsOut(address) => write!(f, "does not have {address}, from which you come"),
            Self::NoSize => write!(f, "must be 1 to {MOST_SIZE}"),
            Self::NoSite => write!(f, "must be https:// and a host, with nothing after it"),
            Self::NoFieldOfItsOwn => {
                write!(f, "must be the name of a field that has no other meaning, X-Acme-Gateway say")
            }
            Self::NoSecretHeader => write!(f, "must be set where settings.proof is \"secret-header\""),
        }
    }
}

/// A fault, and the setting that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The setting's name.
    pub field: &'static str,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings.{} {}", self.field, self.fault)
    }
}
