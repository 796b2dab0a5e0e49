//! Files that the virus check could not look into, and what a section has done about them (spec KEEP-VIRUS).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Code;

/// Why the virus check did not look into the whole of a file. Nothing was found in what it saw. The words are kept in the
/// database and said by the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unchecked {
    /// It is an encrypted archive or document.
    Encrypted,
    /// It is past the scanner's limits: too large, or packed too deep.
    ScanLimit,
}

impl Unchecked {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Encrypted, Self::ScanLimit];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::ScanLimit => "scan-limit",
        }
    }

    /// The code with which such a file is stopped.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Encrypted => Code::FileEncrypted,
            Self::ScanLimit => Code::ScanLimit,
        }
    }
}

/// A word that is none of [`Unchecked`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason why a file was not checked")]
pub struct UnknownReason;

impl FromStr for Unchecked {
    type Err = UnknownReason;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or(UnknownReason)
    }
}

/// What a section has done about such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum UncheckedRule {
    /// It is not deposited, and not handed out where it was.
    #[default]
    Stop,
    /// It is deposited and handed out, and its recipient is told.
    Pass,
}

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer as _, value::Error};

    use super::*;

    #[test]
    fn a_word_is_the_same_everywhere() {
        for reason in Unchecked::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(Unchecked::deserialize(reason.as_str().into_deserializer()), Ok::<_, Error>(reason));
        }
        assert_eq!("clean".parse::<Unchecked>(), Err(UnknownReason));
    }
}
