//! Tag lists (RFC 6376, 3.2): the values of signatures and of key records.

use encodify::base64;

/// Tags that a list may have; signatures have a dozen.
const MAX_TAGS: usize = 64;

/// A tag list. No tag stands twice in it.
pub(super) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Reads a list; none where it breaks the grammar or has a tag twice: then nobody can say which one is meant.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for tag in text.split(';').map(trim).filter(|tag| !tag.is_empty()) {
            let (name, value) = tag.split_once('=')?;
            let name = trim(name);
            let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !plain || tags.len() == MAX_TAGS || tags.iter().any(|(known, _)| *known == name) {
                return None;
            }
            tags.push((name, trim(value)));
        }
        Some(Self(tags))
    }

    /// The value, without white space around it.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The name of the first tag.
    pub(super) fn first(&self) -> Option<&'a str> {
        self.0.first().map(|(name, _)| *name)
    }

    /// A value in base64, which may be folded anywhere; none where it is not there or is no base64.
    pub(super) fn base64(&self, name: &str) -> Option<Vec<u8>> {
        let packed: String = self.get(name)?.chars().filter(|c| !is_space(*c)).collect();
        base64::STANDARD.decode(packed).ok()
    }

    /// The parts of a value between colons.
    pub(super) fn list(&self, name: &str) -> Option<impl Iterator<Item = &'a str>> {
        self.get(name).map(|value| value.split(':').map(trim))
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    // spec: RCV-DKIM (RFC 6376, 3.2)
    #[test]
    fn lists_are_read() {
        let tags = Tags::parse(" v = 1 ;\r\n\ta=rsa-sha256; b=QU\r\n JD ;h=From : To;").unwrap();
        assert_eq!((tags.first(), tags.get("v"), tags.get("a")), (Some("v"), Some("1"), Some("rsa-sha256")));
        assert_eq!(tags.base64("b").unwrap(), b"ABC");
        assert_eq!(tags.list("h").unwrap().collect::<Vec<_>>(), ["From", "To"]);
        assert_eq!((tags.get("V"), tags.base64("a")), (None, None));
        for bad in ["a=1; a=2", "a", "=1", "1a=2", "a b=1", "a=1; b"] {
            assert!(Tags::parse(bad).is_none(), "{bad}");
        }
        let many: String = (0..65).map(|n| format!("t{n}=;")).collect();
        assert!(Tags::parse(&many).is_none());
    }
}
