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

/// A one-time code (spec ACCESS 2): 8 digits, so that it is typed from a telephone's screen without a mistake. It is good for minutes and a few tries.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// Digits in a code.
    pub const LENGTH: usize = 8;

    /// A new code from the system's random source.
    ///
    /// # Errors
    /// [`NoRandom`] when the source fails.
    pub fn generate() -> Result<Self, NoRandom> {
        let digits: Result<String, NoRandom> =
            (0..Self::LENGTH).map(|_| Ok(char::from(pick(b"0123456789")?))).collect();
        Ok(Self(digits?))
    }

    /// The code that somebody typed, with spaces and hyphens as they like, in the wide digits of a Japanese keyboard too; none where it can be none.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let is_between = |c: &char| {
            c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}')
        };
        // U+FF10 to U+FF19 are the wide digits.
        let digit = |c: char| match c {
            '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(c) - 0xff10 + u32::from('0')),
            c => Some(c).filter(char::is_ascii_digit),
        };
        // So many characters at most are looked at, whatever was sent.
        let digits: Option<String> = text.chars().take(100).filter(|c| !is_between(c)).map(digit).collect();
        digits.filter(|digits| digits.len() == Self::LENGTH).map(Self)
    }

    /// The digits, to be mailed or hashed; never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digits as they are read out: in two groups.
    #[must_use]
    pub fn grouped(&self) -> String {
        let (one, two) = self.0.split_at(Self::LENGTH / 2);
        format!("{one} {two}")
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)")
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

    // spec: ACCESS
    #[test]
    fn a_code_has_eight_digits_each_as_likely_and_is_read_as_people_type_it() {
        let (mut seen, mut digits) = (std::collections::HashSet::new(), [0u32; 10]);
        for _ in 0..2000 {
            let code = OneTimeCode::generate().unwrap();
            assert_eq!(code.expose().len(), 8);
            code.expose().bytes().for_each(|b| digits[usize::from(b - b'0')] += 1);
            assert_eq!(OneTimeCode::typed(&code.grouped()), Some(code.clone()));
            assert!(!format!("{code:?}").contains(code.expose()));
            seen.insert(code.expose().to_owned());
        }
        assert!(seen.len() > 1990, "{}", seen.len());
        assert!(digits.iter().all(|count| (1300..1900).contains(count)), "{digits:?}");
        let code = OneTimeCode("01234567".into());
        for typed in [
            "01234567",
            " 0123 4567\r\n",
            "0123-4567",
            "\u{ff10}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}",
            "0123\u{3000}4567",
            "0123\u{30fc}4567",
        ] {
            assert_eq!(OneTimeCode::typed(typed).as_ref(), Some(&code), "{typed}");
        }
        for wrong in ["", "0123456", "012345678", "0123456a", "٠١٢٣٤٥٦٧", &"1".repeat(1000), "0123+4567"] {
            assert_eq!(OneTimeCode::typed(wrong), None, "{wrong}");
        }
    }
}
