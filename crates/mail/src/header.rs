//! A header: its fields in order, raw, with their places in the mail, and what they mean when asked.

mod address;
mod author;
mod collect;

use std::ops::Range;

pub use address::{Address, compared};
pub(crate) use address::{Item, Mailbox, a_label, is_sound, parse as parse_addresses};
pub use author::Author;
use collect::MARK;
pub(crate) use collect::{Collector, Line, Oddities, Opening, STEERING};

use crate::{charset, names};

/// A bounded list of fields in the order in which they stand. The reader sees to the bounds
/// ([`crate::reader::Limits`]).
#[derive(Debug, Clone, Default)]
pub struct Header {
    fields: Vec<Field>,
}

/// One field (RFC 5322, 2.2).
#[derive(Debug, Clone)]
pub struct Field {
    name: String,
    value: Vec<u8>,
    range: Range<u64>,
    odd_name: bool,
    controls_in_name: bool,
}

/// Octets of a Message-ID; a longer one fits on no line.
const MAX_MESSAGE_ID: usize = 900;

impl Header {
    /// Reads a header that is at hand: `octets` begin at offset `start` of the mail and may go on after the blank line.
    /// Everything in them is kept.
    #[must_use]
    pub fn parse(octets: &[u8], start: u64) -> Self {
        let mut collector = Collector::new(usize::MAX, usize::MAX, usize::MAX);
        let mut at = 0;
        while at < octets.len() {
            let end = memchr::memchr(b'\n', &octets[at..]).map_or(octets.len(), |lf| at + lf + 1);
            let range = start + at as u64..start + end as u64;
            match collector.line(without_line_end(&octets[at..end]), range) {
                Line::Field | Line::Continuation => at = end,
                Line::Blank | Line::Other => break,
            }
        }
        collector.finish().0
    }

    /// Reads the header with which a mail begins, at hand as in [`Header::parse`]: by the reader's own rule
    /// ([`crate::reader::Reader`]), to which lines of mbox before it and a byte order mark are none of it. Whoever asks for a mail's
    /// author before it is read whole sees the fields that its outline will have.
    #[must_use]
    pub fn of_mail(octets: &[u8]) -> Self {
        let mut at = 0;
        loop {
            let end = memchr::memchr(b'\n', &octets[at..]).map_or(octets.len(), |lf| at + lf + 1);
            match Opening::of(without_line_end(&octets[at..end])) {
                Opening::Mbox => at = end,
                Opening::Mark(_) => return Self::parse(&octets[at + MARK.len()..], (at + MARK.len()) as u64),
                Opening::Header => return Self::parse(&octets[at..], at as u64),
            }
        }
    }

    /// The first field of this name, compared without case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Every field of this name, compared without case, in order.
    pub fn all<'a, 'n: 'a>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// Every field in order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// The Message-ID without its angle brackets, where it is one that another field can name: graphic ASCII (RFC 5322, 3.6.4).
    #[must_use]
    pub fn message_id(&self) -> Option<String> {
        let value = self.first("message-id")?.unstructured();
        let id = match value.split_once('<') {
            Some((_, rest)) => rest.split_once('>')?.0,
            None => &value,
        };
        let id = id.trim();
        (!id.is_empty() && id.len() <= MAX_MESSAGE_ID && id.bytes().all(|octet| octet.is_ascii_graphic()))
            .then(|| id.to_owned())
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl Field {
    /// The name as written, without white space and control characters before the colon.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The octets after the colon, folding included, without the last CRLF.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Where the field stands in the normalised mail, its last CRLF included.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Whether white space or control characters stand before the colon.
    #[must_use]
    pub fn has_odd_name(&self) -> bool {
        self.odd_name
    }

    /// Whether control characters other than a tab stand before the colon.
    pub(crate) fn has_controls_in_name(&self) -> bool {
        self.controls_in_name
    }

    /// The value as text, not yet decoded: unfolded, raw 8-bit and ISO-2022-JP octets guessed (in encoded words
    /// escaped), without the white space of RFC 5322 round it (no other: a no-break space is one more character to some
    /// readers, and none to others).
    #[must_use]
    pub fn text(&self) -> String {
        let text = charset::guess(&names::escape_raw(&self.value));
        names::unfold(&text).trim_matches([' ', '\t', '\r', '\n']).to_owned()
    }

    /// The value as a person reads it: as [`Field::text`], with encoded words decoded (RFC 2047), a character split over
    /// two of them included.
    #[must_use]
    pub fn unstructured(&self) -> String {
        names::decode_words(&self.text()).trim().to_owned()
    }

    /// The mailboxes of an address list field, members of groups included, in order; names decoded as in
    /// [`Field::unstructured`]. What stands in the field without an address gives an [`Address`] whose address is empty.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        address::mailboxes(&self.shown_text())
    }

    /// Whose the mail is, by a From field: its one mailbox (spec RCV-ALIGN). None where the field has several, or none, or cannot be read, or
    /// where two readers could find different ones. What its name shows is the caller's to judge: [`Author::is_alone_beside`].
    #[must_use]
    pub fn author(&self) -> Option<Author> {
        author::of(self)
    }

    /// The value as [`Field::text`], without the control characters that a careless reader may stumble over.
    pub(crate) fn shown_text(&self) -> String {
        self.text().replace(|c: char| c.is_ascii_control(), " ")
    }
}

/// An unfolded text with its encoded words decoded (RFC 2047).
pub(crate) fn decoded(text: &str) -> String {
    names::decode_words(text)
}

/// A line without its CRLF (or LF).
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    match line {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        text => text,
    }
}

#[cfg(test)]
mod tests;
