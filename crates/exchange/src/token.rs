//! Secrets that links, sessions and programs carry: 32 random octets in base64url, of which only the SHA-256 is kept.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use fubako_base::secret::{self, NoRandom};

/// A secret as its bearer has it: 43 characters of base64url (RFC 4648, 5, unpadded) for 32 random octets.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one from the system's random source.
    ///
    /// # Errors
    /// [`NoRandom`] when the source fails.
    pub fn generate() -> Result<Self, NoRandom> {
        let mut octets = [0u8; 32];
        secret::fill(&mut octets)?;
        Ok(Self(base64url(&octets)))
    }

    /// The characters, to be given to the bearer; never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The characters, the token given up.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// SHA-256 of some octets.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    hash
}

/// SHA-256 as a page's policy names it (CSP 3, 2.3.1): base64url with its padding.
#[must_use]
pub fn policy_hash(octets: &[u8]) -> String {
    format!("sha256-{}=", base64url(&sha256(octets)))
}

/// The kept hash of a token that somebody presents; none where it cannot be one of ours, whatever its length.
#[must_use]
pub fn presented(token: &str) -> Option<[u8; 32]> {
    let fits = token.len() == 43 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| sha256(token.as_bytes()))
}

/// Whether two hashes are the same, in time that says nothing about where they differ.
#[must_use]
pub fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// What a form of a session's pages carries, so that no other site can send one for whoever is signed in: known to who knows the session.
#[must_use]
pub fn form_key(session: &str) -> String {
    base64url(&sha256(format!("form {session}").as_bytes()))
}

fn base64url(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64url(plain.as_bytes()), coded);
        }
        assert_eq!(base64url(&[0xfb, 0xff, 0xbf]), "-_-_");
    }

    // spec: X-ACCOUNTS
    #[test]
    fn a_form_s_key_is_the_session_s_and_does_not_tell_it() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_eq!(form_key(one.expose()), form_key(one.expose()));
        assert_ne!(form_key(one.expose()), form_key(other.expose()));
        assert_ne!(presented(&form_key(one.expose())), Some(one.hash()));
    }

    // spec: ACCESS
    #[test]
    fn a_token_is_found_again_by_its_hash_and_never_shown() {
        let token = Token::generate().unwrap();
        assert_eq!(token.expose().len(), 43);
        assert_ne!(token, Token::generate().unwrap());
        assert_eq!(presented(token.expose()), Some(token.hash()));
        assert!(!format!("{token:?}").contains(token.expose()));
        assert!(same(&token.hash(), &sha256(token.expose().as_bytes())));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let long = "A".repeat(44);
        for text in ["", "short", &long, &"é".repeat(21), &format!("{}/", &long[..42])] {
            assert_eq!(presented(text), None, "{text}");
        }
    }
}
