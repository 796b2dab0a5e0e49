//! Passwords that so many people have chosen that they are tried first (spec X-ACCOUNTS; OWASP ASVS 6.2.4). Pure.
//!
//! The list has, for each least length that a section may ask for up to 16, the 3,000 most common that are so long. `tools/common-passwords.py` makes it.

use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;

/// As they are compared, in order.
static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common_passwords/list.txt").lines().collect());

/// Whether a password is one of the common ones, in whatever case and width it is written.
#[must_use]
pub(super) fn is_common(password: &str) -> bool {
    LIST.binary_search(&compared(password).as_str()).is_ok()
}

/// A password without case and width: in NFKC, in small letters.
fn compared(password: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    // Twice, since small letters of what is in NFKC need not be.
    nfkc.normalize(&nfkc.normalize(password).to_lowercase()).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-ACCOUNTS
    #[test]
    fn of_every_length_that_is_asked_for_there_are_enough() {
        assert!(LIST.is_sorted(), "it is searched by halves");
        for word in LIST.iter() {
            assert_eq!(compared(word), **word);
            assert!(is_common(word), "{word}");
        }
        for least in 8..=16 {
            let long = LIST.iter().filter(|word| word.chars().count() >= least).count();
            assert!(long >= 3_000, "{least}: {long}");
        }
    }

    // spec: X-ACCOUNTS
    #[test]
    fn neither_case_nor_width_makes_a_common_password_another() {
        for common in [
            "password123",
            "Qwerty123456",
            "1QAZ2wsx3EDC",
            "ｑｗｅｒｔｙ１２３４５６",
            "QWERTY\u{ff11}23456",
            "iloveyou",
        ] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["", "qwerty", "qwerty123456 ", "ひみつのことばですよね", "correct horse battery staple"]
        {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
