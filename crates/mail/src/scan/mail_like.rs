//! Whether a program that looks for mails within texts could find a header in one, with a field in it by which it finds files.
//!
//! What such a program makes of a field (its encoded words, comments and folds) differs from one to the next, and dodges are without end. So
//! nothing is decided here on what a field says. Two things are needed before any of them unpacks something:
//!
//! 1. a line that begins as a mail's header does ([`begins_header`]), or a file in uuencode ([`begins_file`]), for without one it is a text to
//!    all of them;
//! 2. something in which a field's name could stand ([`MailLike`]): the name itself in a line's first word, with comments in it or without, an
//!    encoded word whatever its end, or a line end that is none to others. In a line that some cut, it may stand anywhere. What begins a file needs
//!    nothing else.
//!
//! Where there is the second, the text leaves in base64 ([`super::Found::veil`]), and the first is taken from it: a space is put before each
//! such line ([`crate::compose`]), which changes no word and which no program passes over.

use super::{
    fields,
    lines::starts_with,
    tokens::{Form, Line, MAX_LINE},
};

/// Whether a mail's header can begin with the line, to who looks for one in a text.
pub(crate) fn begins_header(line: &[u8]) -> bool {
    OPENINGS.iter().any(|word| starts_with(line, word))
}

/// What a mail's header or a file begins with where a line is cut, which is no line's beginning to anybody else: a field with its colon. Its length in
/// octets, where a text, in lower case, ends with it.
pub(crate) fn opening_at_end(text: &[u8]) -> Option<usize> {
    const WORDS: [&[u8]; 8] =
        [b"received:", b"from:", b"subject:", b"date:", b"content-", b"boundary=", b"mime-version", BEGIN];
    WORDS.iter().find(|word| text.ends_with(word)).map(|word| word.len())
}

/// Whether a file in uuencode can begin with it, to who takes the least for one: `begin` and anything behind white space.
pub(crate) fn begins_file(line: &[u8]) -> bool {
    starts_with(line, BEGIN) && line.get(BEGIN.len()).is_some_and(|octet| octet.is_ascii_whitespace() || *octet == 0x0b)
}

const BEGIN: &[u8] = b"begin";
/// What such lines begin with.
const OPENINGS: [&[u8]; 7] = [b"received", b"from", b"subject", b"date", b"content", b"boundary", b"mime-version"];
/// Octets of a line after which it can be known what it begins.
pub(crate) const LONGEST_OPENING: usize = 12;

/// Octets before a field's name that may be left out: white space, marks of a quotation, what is left of a byte order mark.
const MAX_BEFORE: usize = 16;

/// The look for what could be a field.
#[derive(Debug, Default)]
pub(super) struct MailLike {
    found: bool,
    after_cr: bool,
}

impl MailLike {
    /// Takes the next octets, as they are: is there a CR that no LF follows, or an LF before it?
    pub(super) fn push(&mut self, octets: &[u8]) {
        if self.found || octets.is_empty() {
            return;
        }
        self.found = self.after_cr && octets[0] != b'\n'
            || memchr::memchr_iter(b'\r', octets).any(|at| octets.get(at + 1).is_some_and(|next| *next != b'\n'));
        self.after_cr = octets.ends_with(b"\r");
    }

    /// Takes a line as it stands in the text: does a file begin there? What is data below it, and a mode behind it, differs from one program to the
    /// next, and ripmime finds them anywhere in the text.
    pub(super) fn line(&mut self, line: &[u8]) {
        self.found |= begins_file(line);
        self.cut(line.get(MAX_LINE..).unwrap_or_default());
    }

    /// Takes a piece of a line that is not its first: some cut it where they please. Does a file begin there? Its data may stand in the same line.
    pub(super) fn piece(&mut self, octets: &[u8]) {
        self.cut(octets);
    }

    fn cut(&mut self, octets: &[u8]) {
        self.found = self.found || places_of_begin(octets).next().is_some();
    }

    /// Takes a line with all that belongs to it, and its forms where they can have names: could a field stand there?
    pub(super) fn field(&mut self, line: &Line, forms: &[Form<'_>]) {
        self.found = self.found || line.has_word || !forms.is_empty() && could_be_field(line, forms);
    }

    pub(super) const fn finish(&self) -> bool {
        self.found
    }
}

/// Whether a field's name can stand in a line's first word, or where somebody cuts a line that is long.
fn could_be_field(line: &Line, forms: &[Form<'_>]) -> bool {
    let has_field = |form: &Form<'_>| {
        form.candidates().any(|at| fields::fields_in(at.name).next().is_some() || is_torn(at.name) || is_mime(at.line))
    };
    forms.iter().any(has_field)
        || line.unfolded().is_some_and(|form| has_field(&form))
        || line.behind_cuts().any(|text| fields::fields_in(text).next().is_some())
        || has_hole(line.text())
}

/// Whether a comment that does not end here begins within a field's name.
fn is_torn(name: &[u8]) -> bool {
    name.iter().position(|octet| *octet == b'(').is_some_and(|at| begun_before(&name[..at]).next().is_some())
}

/// Whether a field's name could go on behind a comment in it, whatever comments are.
fn has_hole(text: &[u8]) -> bool {
    if !memchr::memchr_iter(b'(', text).any(|at| begun_before(&text[..at]).next().is_some()) {
        return false;
    }
    // Where each octet stands for the last time behind the end of a comment.
    let mut last = [0; 256];
    for at in memchr::memchr_iter(b')', text) {
        if let Some(next) = text.get(at + 1) {
            last[usize::from(*next)] = at;
        }
    }
    memchr::memchr_iter(b'(', text).any(|at| begun_before(&text[..at]).any(|next| last[usize::from(next)] > at))
}

/// The octets with which the names would go on that are begun at a text's end.
fn begun_before(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let last = text.last();
    fields::names().flat_map(move |name| {
        let name = name.as_bytes();
        let is_begun = move |length: &usize| Some(&name[*length - 1]) == last && text.ends_with(&name[..*length]);
        (1..name.len()).filter(is_begun).map(move |length| name[length])
    })
}

/// Where a file's first line could begin in octets.
fn places_of_begin(octets: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memchr::memchr2_iter(b'b', b'B', octets).filter(|at| begins_file(&octets[*at..]))
}

/// Whether a line begins with a field of MIME, marks and the like left out.
fn is_mime(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] = [
        b"content-type",
        b"content-disposition",
        b"content-location",
        b"content-transfer-encoding",
        b"content-description",
        b"content-id",
        b"mime-version",
    ];
    let start = text.iter().take(MAX_BEFORE).position(u8::is_ascii_alphabetic).unwrap_or_default();
    NAMES.iter().any(|name| text[start..].starts_with(name))
}
