//! A part of a mail in a text, with its header and its file's data: what nobody writes into a letter.
//!
//! Lines are read as the laxest do ([`super::tokens`]). A text with something that is a field, or could be one, leaves in base64 with no line that
//! begins a header ([`super::mail_like`]), and nobody decodes what stands below one then. What is plainly a file's data there, as mailers write it, is
//! held all the same: no words are lost by that.

use super::{
    fields::{self, Encodings, Field},
    mail_like::begins_header,
    tokens::{Candidate, Form, Line},
};

/// Characters of a line of base64 that is no word, name or number: mailers write 60 to 76 (RFC 2045, 6.8).
const MIN_BASE64: usize = 60;
/// Escapes of quoted-printable in a line that has nothing else.
const MIN_ESCAPES: usize = 10;

/// The look at a text's lines.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    paragraph: Paragraph,
    /// What a header above said of what is below it.
    below: Encodings,
}

/// What may be a header.
#[derive(Debug, Default)]
struct Paragraph {
    /// A line begins as one of a mail's header does.
    is_header: bool,
    encodings: Encodings,
}

impl PartInText {
    /// Takes the next line with all that belongs to it, and its forms where they can have names.
    pub(super) fn line(&mut self, line: &Line, forms: &[Form<'_>]) {
        self.paragraph.is_header |= line.begins().any(begins_header);
        forms.iter().for_each(|form| self.paragraph.form(form));
    }

    /// A blank line ends a header.
    pub(super) fn blank(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.is_header {
            self.below.merge(paragraph.encodings);
        }
    }

    /// Whether a line, as it stands in the text, is a file's data below a header.
    pub(super) fn is_data(&self, line: &[u8]) -> bool {
        self.below.base64 && is_base64(line) || self.below.quoted && is_quoted(line)
    }
}

impl Paragraph {
    fn form(&mut self, form: &Form<'_>) {
        let mut seen = false;
        for at in form.candidates() {
            self.is_header |= begins_header(at.line);
            let is_encoding = fields::fields_in(at.name).any(|field| field == Field::Encoding);
            // Of what was there before, the value is in what was looked at.
            if is_encoding && fields::is_written(at.name) && !std::mem::replace(&mut seen, true) {
                self.encoding(at);
            }
        }
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

/// Whether a line is base64 as a mailer writes it, and nothing else.
fn is_base64(line: &[u8]) -> bool {
    let padding = line.iter().rev().take_while(|octet| **octet == b'=').count();
    let data = &line[..line.len() - padding.min(2)];
    let has = |kind: fn(&u8) -> bool| data.iter().any(kind);
    line.len() >= MIN_BASE64
        && line.len().is_multiple_of(4)
        && data.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// Whether a line is escapes of quoted-printable, as mailers write them (RFC 2045, 6.7), and nothing else.
fn is_quoted(line: &[u8]) -> bool {
    let is_digit = |octet: &u8| octet.is_ascii_digit() || (b'A'..=b'F').contains(octet);
    let (escapes, rest) = line.as_chunks::<3>();
    escapes.len() >= MIN_ESCAPES
        && matches!(rest, [] | [b'='])
        && escapes.iter().all(|[mark, high, low]| *mark == b'=' && is_digit(high) && is_digit(low))
}
