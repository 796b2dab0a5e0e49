//! Encoded words (RFC 2047) and unfolding.

use std::{borrow::Cow, fmt::Write as _};

use crate::{charset, outline::Encoding, transfer::Decoder};

/// A charset label longer than this is none.
const MAX_LABEL: usize = 80;

/// A value on one line: a line end and the white space after it are one space (RFC 5322, 2.2.3, and what people see).
pub(crate) fn unfold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(['\r', '\n']);
        match rest.strip_prefix(['\t', ' ']) {
            Some(after) => rest = after,
            None if rest.is_empty() => break,
            None => {}
        }
        out.push(' ');
    }
    out.push_str(rest);
    out
}

/// A text with its encoded words decoded: wherever they stand (inside quotes, within words), with a character split over
/// two neighbours of one charset; white space between neighbours goes. What is none stays as it is.
#[must_use]
pub fn decode_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some((at, word)) = next_word(rest) {
        let between = &rest[..at];
        if run.is_none() || !between.trim_matches([' ', '\t']).is_empty() {
            end_run(&mut run, &mut out);
            out.push_str(between);
        }
        if run.as_ref().is_some_and(|(label, _)| !label.eq_ignore_ascii_case(word.label)) {
            end_run(&mut run, &mut out);
        }
        run.get_or_insert_with(|| (word.label.to_owned(), Vec::new())).1.extend(word.octets());
        rest = &rest[at + word.length..];
    }
    end_run(&mut run, &mut out);
    out.push_str(rest);
    out
}

/// The charset labels of a text's encoded words.
pub(crate) fn labels(text: &str) -> Vec<&str> {
    let mut rest = text;
    let next = || {
        let (at, word) = next_word(rest)?;
        rest = &rest[at + word.length..];
        Some(word.label)
    };
    std::iter::from_fn(next).collect()
}

fn end_run(run: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((label, octets)) = run.take() {
        out.push_str(&charset::decode_all(Some(&label), &octets));
    }
}

/// A raw value in which encoded words have no raw 8-bit octets, which RFC 2047 knows nothing of: they are escaped, so that
/// the word's label counts for them; where the word's octets are UTF-8, that is its label, whatever it says.
pub(crate) fn escape_raw(value: &[u8]) -> Cow<'_, [u8]> {
    if value.is_ascii() || memchr::memmem::find(value, b"=?").is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        // Without an end no word is left: not looked for again and again.
        if memchr::memmem::find(&rest[2..], b"?=").is_none() {
            break;
        }
        match escaped_word(rest) {
            Some((word, length)) => {
                out.extend_from_slice(word.as_bytes());
                rest = &rest[length..];
            }
            None => {
                out.extend_from_slice(b"=?");
                rest = &rest[2..];
            }
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// The quoted word with raw octets with which `rest` begins, without them, and the length that it had.
fn escaped_word(rest: &[u8]) -> Option<(String, usize)> {
    let label_end = rest[2..].iter().take(MAX_LABEL).position(|octet| *octet == b'?')? + 2;
    let label = std::str::from_utf8(&rest[2..label_end]).ok()?;
    let content = match &rest[label_end..] {
        [b'?', b'q' | b'Q', b'?', content @ ..] => content,
        _ => return None,
    };
    let content = &content[..memchr::memmem::find(content, b"?=")?];
    if content.is_ascii() {
        return None;
    }
    let octets = quoted_octets(content);
    let label = if std::str::from_utf8(&octets).is_ok() { "utf-8" } else { label };
    let mut word = format!("=?{label}?Q?");
    for octet in content {
        if octet.is_ascii() {
            word.push(char::from(*octet));
        } else {
            let _ = write!(word, "={octet:02X}");
        }
    }
    word.push_str("?=");
    Some((word, label_end + 3 + content.len() + 2))
}

/// The length of the encoded word with which `text` begins.
pub(crate) fn word_at(text: &str) -> Option<usize> {
    Word::parse(text).map(|word| word.length)
}

struct Word<'a> {
    label: &'a str,
    encoding: Encoding,
    text: &'a str,
    length: usize,
}

fn next_word(text: &str) -> Option<(usize, Word<'_>)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("=?") {
        let at = from + at;
        // Without an end no word is left: not looked for again and again.
        text[at + 2..].find("?=")?;
        if let Some(word) = Word::parse(&text[at..]) {
            return Some((at, word));
        }
        from = at + 2;
    }
    None
}

impl<'a> Word<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix("=?")?;
        let label_end = inner.bytes().take(MAX_LABEL).position(|octet| octet == b'?')?;
        // RFC 2231, 5: a language may follow the charset.
        let label = inner[..label_end].split('*').next()?;
        let after = &inner[label_end + 1..];
        let encoding = match after.as_bytes() {
            [b'b' | b'B', b'?', ..] => Encoding::Base64,
            [b'q' | b'Q', b'?', ..] => Encoding::QuotedPrintable,
            _ => return None,
        };
        let content = &after[2..];
        let end = content.find("?=")?;
        let readable = !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_graphic());
        readable.then_some(())?;
        Some(Self { label, encoding, text: &content[..end], length: 2 + label_end + 1 + 2 + end + 2 })
    }

    fn octets(&self) -> Vec<u8> {
        if self.encoding == Encoding::Base64 {
            let mut out = Vec::with_capacity(self.text.len());
            let mut decoder = Decoder::new(Encoding::Base64);
            decoder.push(self.text.as_bytes(), &mut out);
            decoder.finish(&mut out);
            return out;
        }
        quoted_octets(self.text.as_bytes())
    }
}

/// RFC 2047, 4.2.
fn quoted_octets(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(octet) = octets.get(at) {
        at += 1;
        match (octet, octets.get(at..at + 2).and_then(hex_pair)) {
            (b'=', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'_', _) => out.push(b' '),
            _ => out.push(*octet),
        }
    }
    out
}

/// The value of two hexadecimal digits.
pub(super) fn hex_pair(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let value = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
    u8::try_from(value).ok()
}
