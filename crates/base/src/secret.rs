//! Secrets made from the system's random source. `Debug` never shows one.

use std::fmt;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// The system gave no random octets. Nothing secret may be made then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandom;

/// Fills `octets` from the system's random source.
///
/// # Errors
/// [`NoRandom`] when the source fails.
pub fn fill(octets: &mut [u8]) -> Result<(), NoRandom> {
    SystemRandom::new().fill(octets).map_err(|_| NoRandom)
}

const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"!#$%*+-=?@_";

/// A file password (spec ACCESS): 15 characters from upper case, lower case, digits and symbols, at least one
/// of each. Letters that are mistaken for others (I, l, O, 0, 1, o) are left out, since people type it.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePassword(String);

impl FilePassword {
    /// Characters in a file password.
    pub const LENGTH: usize = 15;

    /// A new password from the system's random source.
    ///
    /// # Errors
    /// [`NoRandom`] when the source fails.
    pub fn generate() -> Result<Self, NoRandom> {
        let alphabet = [UPPER, LOWER, DIGITS, SYMBOLS].concat();
        loop {
            // Whole passwords are drawn again until every class is in: each valid one stays equally likely.
            let mut text = String::with_capacity(Self::LENGTH);
            while text.len() < Self::LENGTH {
                text.push(char::from(pick(&alphabet)?));
            }
            let has = |class: &[u8]| text.bytes().any(|b| class.contains(&b));
            if has(UPPER) && has(LOWER) && has(DIGITS) && has(SYMBOLS) {
                return Ok(Self(text));
            }
        }
    }

    /// A password that was made earlier and kept sealed.
    #[must_use]
    pub const fn from_kept(text: String) -> Self {
        Self(text)
    }

    /// The characters, to be written into a mail or hashed; never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FilePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilePassword(…)")
    }
}

/// One of `from`, each as likely: octets that would favour the first ones are drawn again.
fn pick(from: &[u8]) -> Result<u8, NoRandom> {
    let fair = 256 - 256 % from.len();
    loop {
        let mut octet = [0u8];
        fill(&mut octet)?;
        if usize::from(octet[0]) < fair {
            return Ok(from[usize::from(octet[0]) % from.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: ACCESS
    #[test]
    fn a_file_password_has_fifteen_characters_and_every_class() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..500 {
            let password = FilePassword::generate().unwrap();
            let text = password.expose();
            assert_eq!(text.chars().count(), 15);
            for class in [UPPER, LOWER, DIGITS, SYMBOLS] {
                assert!(text.bytes().any(|b| class.contains(&b)), "{text}");
            }
            assert!(seen.insert(text.to_owned()), "the same password twice");
            assert!(!format!("{password:?}").contains(text));
        }
    }
}
