//! Whether a program that looks for mails within texts could find a header in one, with a field in it by which it finds files.
//!
//! What such a program makes of a field (its encoded words, comments and folds) differs from one to the next, and dodges are without end. So
//! nothing is decided here on what a field says. Two things are needed before any of them unpacks something:
//!
//! 1. a line that begins as a mail's header does ([`begins_header`]), for without one it is a text to all of them;
//! 2. something in which a field's name could stand ([`MailLike`]): the name itself in a line's first word, with comments in it or without, an
//!    encoded word whatever its end, or a line end that is none to others.
//!
//! Where there is the second, the text leaves in base64 ([`super::Found::veil`]), and the first is taken from it: a space is put before each
//! such line ([`crate::compose`]), which changes no word and which no program passes over. All of it is linear, and keeps one line's
//! beginning at the most.

use super::{fields, lines::starts_with};

/// Whether a mail's header can begin with the line, to who looks for one in a text.
pub(crate) fn begins_header(line: &[u8]) -> bool {
    OPENINGS.iter().any(|word| starts_with(line, word))
}

/// Octets of a line that nobody cuts.
const MAX_LINE: usize = 500;
/// What such lines begin with.
const OPENINGS: [&[u8]; 7] = [b"received", b"from", b"subject", b"date", b"content", b"boundary", b"mime-version"];
/// Octets of a line after which it can be known whether it begins a header.
pub(crate) const LONGEST_OPENING: usize = 12;

/// The look for what could be a field.
#[derive(Debug, Default)]
pub(super) struct MailLike {
    found: bool,
    word: Word,
    after_cr: bool,
    /// A line was a file's `begin` to somebody.
    begun: bool,
}

/// How much of an encoded word's beginning was there: `=?`, a charset, `?`, and a letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Word {
    #[default]
    None,
    Equals,
    Charset,
    Letter,
}

impl MailLike {
    /// Takes the next octets, as they are.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if self.found {
            return;
        }
        for octet in octets {
            // A CR that no LF follows, or an LF before it.
            self.found |= std::mem::take(&mut self.after_cr) && *octet != b'\n';
            self.after_cr = *octet == b'\r';
            self.word = match (self.word, octet) {
                (Word::Letter, b'q' | b'Q' | b'b' | b'B') => {
                    self.found = true;
                    Word::None
                }
                (Word::Letter | Word::Charset, b'?') => Word::Letter,
                (Word::Letter | Word::Charset, _) => Word::Charset,
                (Word::Equals, b'?') => Word::Charset,
                (_, b'=') => Word::Equals,
                _ => Word::None,
            };
        }
    }

    /// Takes a line, and whether there was more of it than is kept.
    pub(super) fn line(&mut self, line: &[u8], is_cut: bool) {
        if self.found || line.is_empty() {
            return;
        }
        // A long line is cut by some, and has a `begin` where it is.
        let data = std::mem::replace(&mut self.begun, line.len() > MAX_LINE || begins_file(line));
        self.found = data && is_data(line) || is_field(line, is_cut);
    }

    pub(super) const fn finish(&self) -> bool {
        self.found
    }
}

/// Whether a field's name can stand in a line's first word.
fn is_field(line: &[u8], is_cut: bool) -> bool {
    if memchr::memchr(b'(', line).is_none() && memchr::memchr(b'-', line).is_none() && !is_cut {
        return false;
    }
    let lower = line.to_ascii_lowercase();
    let is_endless = |text: &[u8]| is_cut && !text.iter().any(|octet| matches!(octet, b':' | b' ' | b'\t'));
    fields::forms(lower).iter().any(|text| {
        let name = fields::name_and_value(text).0;
        fields::fields_in(name).next().is_some() || is_endless(text) || is_torn(text)
    })
}

/// Whether a comment that does not end here begins within a field's name.
fn is_torn(text: &[u8]) -> bool {
    let first = text.iter().position(|octet| matches!(octet, b':' | b' ' | b'\t')).unwrap_or(text.len());
    let Some(at) = text[..first].iter().position(|octet| *octet == b'(') else { return false };
    let is_begun = |name: &str| (1..name.len()).any(|length| text[..at].ends_with(&name.as_bytes()[..length]));
    fields::names().any(is_begun)
}

/// `begin` and anything.
fn begins_file(line: &[u8]) -> bool {
    const BEGIN: &[u8] = b"begin";
    starts_with(line, BEGIN) && line.get(BEGIN.len()).is_some_and(|octet| octet.is_ascii_whitespace() || *octet == 0x0b)
}

/// A line of a uuencoded file as encoders write it.
fn is_data(line: &[u8]) -> bool {
    let Some((length, data)) = line.split_first() else { return false };
    let octets = usize::from(length.saturating_sub(32) & 63);
    let is_data = data.iter().all(|octet| matches!(octet, 32..=96));
    let has = data.len();
    is_data && octets > 0 && has + 3 >= (octets * 4).div_ceil(3) && has <= octets.div_ceil(3) * 4 + 2
}
