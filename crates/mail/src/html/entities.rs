//! Character references in attribute values (HTML, 13.2.5.72 to 13.2.5.80), decoded with a map back to the octets as
//! written, so that an edit leaves everything else as it is.

use std::{borrow::Cow, ops::Range};

use crate::entities::{named, numbered, with_digit};

/// A value with its references decoded.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// The value that counts.
    pub(crate) text: Cow<'a, str>,
    /// Each reference: where it stands in `text`, and where as written.
    references: Vec<(Range<usize>, Range<usize>)>,
}

impl<'a> Decoded<'a> {
    /// A value in which no references count.
    pub(super) fn as_written(written: &'a [u8]) -> Self {
        Self { text: String::from_utf8_lossy(written), references: Vec::new() }
    }

    /// Decodes a value as written.
    pub(crate) fn new(written: &'a [u8]) -> Self {
        // The rewriter is given UTF-8 text and cuts it at ASCII characters only: nothing is lost here.
        let written = String::from_utf8_lossy(written);
        if !written.contains('&') {
            return Self { text: written, references: Vec::new() };
        }
        let (mut text, mut references) = (String::with_capacity(written.len()), Vec::new());
        let mut at = 0;
        while let Some(found) = written[at..].find('&') {
            text.push_str(&written[at..at + found]);
            at += found;
            if let Some((character, length)) = reference(&written[at..]) {
                let start = text.len();
                text.push(character);
                references.push((start..text.len(), at..at + length));
                at += length;
            } else {
                text.push('&');
                at += 1;
            }
        }
        text.push_str(&written[at..]);
        Self { text: Cow::Owned(text), references }
    }

    /// Where `range` of the decoded text stands as written; a reference that it touches is taken whole.
    pub(super) fn written(&self, range: Range<usize>) -> Range<usize> {
        let place = |offset: usize, ends: bool| {
            let before = self.references.partition_point(|(decoded, _)| decoded.start < offset);
            let Some((decoded, written)) = before.checked_sub(1).and_then(|last| self.references.get(last)) else {
                return offset;
            };
            match offset.checked_sub(decoded.end) {
                Some(more) => written.end + more,
                None if ends => written.end,
                None => written.start,
            }
        };
        place(range.start, false)..place(range.end, true)
    }
}

/// The character that the reference at the start of `text` (an `&`) stands for, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let rest = &text[1..];
    if let Some(number) = rest.strip_prefix('#') {
        let (digits, radix, prefix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 3),
            None => (number, 10, 2),
        };
        let length = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
        if length == 0 {
            return None;
        }
        let value = digits[..length]
            .bytes()
            .filter_map(|b| char::from(b).to_digit(radix))
            .fold(0, |value, digit| with_digit(value, radix, digit));
        let semicolon = usize::from(digits[length..].starts_with(';'));
        return Some((numbered(value), prefix + length + semicolon));
    }
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = &rest[..length];
    let semicolon = rest[length..].starts_with(';');
    // Without a semicolon a name counts in an attribute only where no letter, digit or `=` follows it.
    if !semicolon && rest[length..].starts_with('=') {
        return None;
    }
    let character = named(name, semicolon)?;
    Some((character, 1 + length + usize::from(semicolon)))
}

/// Text that was given to us, as it may stand between tags and in a quoted attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-CID
    #[test]
    fn references_are_decoded_as_a_browser_decodes_them_in_attributes() {
        let cases = [
            ("cid:a", "cid:a"),
            ("&#99;id:a", "cid:a"),
            ("&#x63;id&colon;a&commat;b", "cid:a@b"),
            ("&#X63id:a", "cid:a"), // no semicolon: X63, then a letter that is no hexadecimal digit
            ("&#0000099id:a", "cid:a"),
            ("c&Tab;id:a&NewLine;", "c\tid:a\n"),
            ("a&amp;b&ampc&amp=d&amp", "a&b&ampc&amp=d&"),
            ("&colon", "&colon"),
            ("&unknown;&;&#;&#x;", "&unknown;&;&#;&#x;"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#26085;&#x672c;", "日本"),
        ];
        for (written, text) in cases {
            assert_eq!(Decoded::new(written.as_bytes()).text, text, "{written}");
        }
    }

    #[test]
    fn a_place_in_the_decoded_text_is_found_as_written() {
        let written = "a&amp;b&#58;c";
        let decoded = Decoded::new(written.as_bytes());
        assert_eq!(decoded.text, "a&b:c");
        for (range, expected) in [
            (0..1, "a"),
            (1..2, "&amp;"),
            (2..3, "b"),
            (1..4, "&amp;b&#58;"),
            (4..5, "c"),
            (0..5, written),
            (3..5, "&#58;c"),
        ] {
            assert_eq!(&written[decoded.written(range.clone())], expected, "{range:?}");
        }
    }
}
