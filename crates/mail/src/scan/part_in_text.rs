//! A part of a mail in a text, with its header: some readers look into texts for such, and unpack what follows.
//!
//! Lines are read as the laxest do ([`super::tokens`]). A paragraph is a header to ripmime where a line of it begins like a mail's. A text with
//! something that is a field, or could be one, leaves in base64 with no line that begins a header ([`super::mail_like`]): nobody decodes what stands
//! below one then. Held as well is what is plainly a file's data there, and no words: no person wrote it into a letter.

use super::{
    fields::{self, Encodings, Field},
    mail_like::begins_header,
    tokens::{Candidate, Form, Line},
};

/// Octets before a field's name that may be left out: white space, marks of a quotation, what is left of a byte order mark.
const MAX_BEFORE: usize = 16;
/// Characters of base64 in which there can be a file.
const MIN_BASE64: usize = 40;
/// Characters of a line of which it can be told whether they are base64 or a word.
const MIN_LINE: usize = 20;
/// Escapes of quoted-printable one after the other that are nothing else.
const ESCAPES: usize = 3;

/// What a line is to such readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Words,
    /// A field by which a mail's parts are found.
    Mime,
    /// A field behind a line end in an encoded word.
    Hidden,
}

/// The look at a text's lines.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    paragraph: Paragraph,
    /// There is a header above.
    below_header: bool,
    /// What a header above said of what is below it.
    below: Encodings,
    /// How many characters of base64 there are below it.
    base64: usize,
}

/// What may be a header.
#[derive(Debug, Default)]
struct Paragraph {
    /// A line begins as one of a mail's header does.
    is_header: bool,
    encodings: Encodings,
}

impl PartInText {
    /// Takes the next line with all that belongs to it.
    pub(super) fn line(&mut self, line: &Line) -> Seen {
        let paragraph = &mut self.paragraph;
        let mut seen = Seen::Words;
        paragraph.is_header |= line.begins().any(begins_header);
        if line.is_worth_a_look() {
            for form in line.forms() {
                seen = if paragraph.form(&form) { Seen::Mime } else { seen };
            }
        }
        if line.hides_a_field { Seen::Hidden } else { seen }
    }

    /// Whether a file's data is written out below a header, as far as this line of the text.
    pub(super) fn is_encoded(&mut self, line: &[u8]) -> bool {
        if self.below.base64 {
            self.base64 += base64_in(line);
        }
        self.below.base64 && self.base64 >= MIN_BASE64 || self.below.quoted && is_quoted(line)
    }

    /// A blank line ends a header.
    pub(super) fn blank(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.is_header {
            self.below_header = true;
            self.below.merge(paragraph.encodings);
        }
    }

    /// Whether a paragraph above is a header to some, so that what follows is a mail's body.
    pub(super) const fn is_below_header(&self) -> bool {
        self.below_header
    }
}

impl Paragraph {
    /// Takes a line in one of its forms; says whether a field of MIME is in it.
    fn form(&mut self, form: &Form) -> bool {
        let (mut mime, mut seen) = (false, false);
        for at in form.candidates() {
            mime |= is_mime(at.line);
            self.is_header |= begins_header(at.line);
            let is_encoding = fields::fields_in(at.name).any(|field| field == Field::Encoding);
            // Of what was there before, the value is in what was looked at.
            if is_encoding && fields::is_written(at.name) && !std::mem::replace(&mut seen, true) {
                self.encoding(at);
            }
        }
        mime
    }

    fn encoding(&mut self, at: Candidate<'_>) {
        let values = at.values().filter(|value| is_encoding(value));
        values.for_each(|value| self.encodings.merge(Encodings::of(value)));
    }
}

/// Of what is no encoding somebody speaks.
fn is_encoding(value: &[u8]) -> bool {
    value.iter().all(|octet| octet.is_ascii_alphanumeric() || b" \t-_;:()\"".contains(octet))
}

/// How many characters of base64 a line is, whatever stands before and behind them (the marks of a quotation); one of words, names, numbers or a
/// link is none.
fn base64_in(line: &[u8]) -> usize {
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let (Some(first), Some(last)) = (line.iter().position(is_digit), line.iter().rposition(is_digit)) else { return 0 };
    let data = &line[first..=last];
    let has = |kind: fn(&u8) -> bool| data.iter().any(kind);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    if data.len() >= MIN_LINE && is_mixed && data.iter().all(is_digit) { data.len() } else { 0 }
}

/// Whether something in the line is quoted-printable and nothing else: escapes one after the other, as mailers write them (RFC 2045, 6.7).
fn is_quoted(line: &[u8]) -> bool {
    let is_digit = |octet: &u8| octet.is_ascii_digit() || (b'A'..=b'F').contains(octet);
    let is_escape = |text: &[u8]| matches!(text, [b'=', digits @ ..] if digits.iter().all(is_digit));
    let escapes = |at: usize| line.get(at..at + ESCAPES * b"=XX".len());
    memchr::memchr_iter(b'=', line).filter_map(escapes).any(|text| text.chunks(b"=XX".len()).all(is_escape))
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
