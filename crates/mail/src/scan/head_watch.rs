//! The look at a body whose header had no end: does a header go on in it?

use memchr::memchr;

use super::{
    fields::fields_in,
    lines::{Lines, is_part_field, starts_with},
    tokens::{Form, LONGEST, Mark, Tokens},
};
use crate::header::STEERING;

/// The look at a body that began without a blank line, up to its first blank line: is there a header that another reader
/// would still read?
#[derive(Debug, Default)]
pub(crate) struct HeadWatch {
    lines: Lines,
    field: WatchedField,
}

#[derive(Debug, Default)]
struct WatchedField {
    /// Blank lines before the first other one do not count.
    leading: bool,
    /// The line at hand with those that it continues: a name may be folded before its colon.
    tokens: Tokens,
    /// Its octets up to a colon, as they stand there.
    name: Name,
    over: bool,
    found: bool,
    /// It is the mail's own header that has no end: fields of an envelope count, too.
    is_mail: bool,
}

#[derive(Debug, Default)]
struct Name {
    octets: Vec<u8>,
    has_colon: bool,
}

impl HeadWatch {
    /// A watch over a body whose header had no blank line at its end; `is_mail`, where that was the mail's own.
    pub(crate) fn new(is_mail: bool) -> Self {
        Self { lines: Lines::default(), field: WatchedField { is_mail, ..WatchedField::default() } }
    }

    /// A watch over a mail that begins with a blank line: some go past it to look for a header.
    pub(crate) fn after_blank() -> Self {
        let field = WatchedField { leading: true, ..WatchedField::default() };
        Self { lines: Lines::default(), field }
    }

    /// Takes the body's octets as they stand in the mail.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let field = &mut self.field;
        if !field.over {
            self.lines.push(octets, |line| field.line(line));
        }
    }

    /// Whether it was found.
    pub(crate) fn finish(mut self) -> bool {
        let field = &mut self.field;
        self.lines.finish(|line| field.line(line));
        field.end();
        field.found
    }
}

impl WatchedField {
    fn line(&mut self, line: &[u8]) {
        self.leading &= line.trim_ascii().is_empty();
        if self.leading || self.over {
            return;
        }
        let goes_on = matches!(line.first(), Some(b' ' | b'\t')) && self.tokens.has_room();
        if !goes_on {
            self.end();
        }
        self.over = line.is_empty();
        self.name.push(line);
        for (at, piece) in line.split(|octet| *octet == b'\r').enumerate() {
            self.found |= is_header_field(piece);
            self.tokens.take(piece, if at == 0 { Mark::Line } else { Mark::Bare });
        }
    }

    /// Ends the field at hand.
    fn end(&mut self) {
        let line = self.tokens.finish();
        let is_field = |form: &Form<'_>| form.candidates().any(|at| fields_in(at.name).next().is_some());
        self.found |= line.hides_a_field || line.forms().iter().any(is_field);
        let name = std::mem::take(&mut self.name);
        if name.has_colon {
            self.found |= is_steering(&name.octets) || self.is_mail && is_envelope_field(&name.octets);
        }
    }
}

impl Name {
    fn push(&mut self, line: &[u8]) {
        let end = memchr(b':', line).filter(|_| !self.has_colon);
        let room = LONGEST.saturating_sub(self.octets.len());
        if !self.has_colon {
            self.octets.extend_from_slice(&line[..end.unwrap_or(line.len()).min(room)]);
        }
        self.has_colon |= end.is_some();
    }
}

/// Whether it is the name of a field that steers the structure, whatever else stands in it.
fn is_steering(name: &[u8]) -> bool {
    let name = name.iter().filter(|octet| octet.is_ascii_graphic()).map(u8::to_ascii_lowercase);
    let name: Vec<u8> = name.collect();
    STEERING.iter().any(|steering| steering.as_bytes() == name)
}

/// Whether it is the name of a field that says who wrote to whom, or that is taken out of what leaves: below a line that is no field some
/// readers still see it.
fn is_envelope_field(name: &[u8]) -> bool {
    const NAMES: [&str; 13] = [
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "disposition-notification-to",
        "return-receipt-to",
        "authentication-results",
        "dkim-signature",
        "received",
    ];
    let name = name.trim_ascii();
    NAMES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn is_header_field(line: &[u8]) -> bool {
    is_part_field(line) || starts_with(line, b"mime-version:")
}
