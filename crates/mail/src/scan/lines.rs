//! Rules that hold line by line.

use memchr::{memchr, memchr2};

use super::{
    Found,
    fields::steers,
    mail_like::MailLike,
    part_in_text::{PartInText, Seen},
    uuencode::{self, Uuencode},
};
use crate::header::STEERING;

/// Octets of a line that are looked at.
pub(super) const LOOK: usize = 4096;

/// Cuts octets into lines; of a long one only the beginning is kept.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// A bare CR ends a line too, as it does once it is made CRLF.
    by_cr: bool,
    /// Such a CR was last: an LF belongs to it.
    after_cr: bool,
}

impl Lines {
    fn by_cr() -> Self {
        Self { by_cr: true, ..Self::default() }
    }

    pub(super) fn push(&mut self, octets: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = octets;
        let by_cr = self.by_cr;
        let end = |rest: &[u8]| if by_cr { memchr2(b'\r', b'\n', rest) } else { memchr(b'\n', rest) };
        loop {
            if !rest.is_empty() && std::mem::take(&mut self.after_cr) {
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            let Some(at) = end(rest) else { break };
            self.after_cr = rest[at] == b'\r';
            if self.held.is_empty() {
                line(without_cr(&rest[..at.min(LOOK)]));
            } else {
                self.hold(&rest[..at]);
                line(without_cr(&self.held));
                self.held.clear();
            }
            rest = &rest[at + 1..];
        }
        self.hold(rest);
    }

    pub(super) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.held.is_empty() {
            line(without_cr(&self.held));
            self.held.clear();
        }
    }

    fn hold(&mut self, octets: &[u8]) {
        let room = LOOK.saturating_sub(self.held.len());
        self.held.extend_from_slice(&octets[..octets.len().min(room)]);
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a text body's lines may hide.
#[derive(Debug)]
pub(super) struct TextLines {
    lines: Lines,
    rules: TextRules,
    /// To some a bare CR is nothing at all: what stands on both sides of it is one line.
    joined: Lines,
    joined_part: PartInText,
}

#[derive(Debug, Default)]
struct TextRules {
    found: Found,
    uuencode: Uuencode,
    part: PartInText,
    like: MailLike,
}

impl Default for TextLines {
    fn default() -> Self {
        Self {
            lines: Lines::by_cr(),
            rules: TextRules::default(),
            joined: Lines::default(),
            joined_part: PartInText::default(),
        }
    }
}

impl TextLines {
    pub(super) fn push(&mut self, octets: &[u8]) {
        if memchr(0, octets).is_some() {
            // Some readers drop them: `be\0gin` is `begin` to these.
            let shown: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
            return self.take(&shown);
        }
        self.take(octets);
    }

    fn take(&mut self, octets: &[u8]) {
        let (rules, joined_part) = (&mut self.rules, &mut self.joined_part);
        rules.like.push(octets);
        self.lines.push(octets, |line| rules.line(line));
        self.joined.push(octets, |line| rules.joined(line, joined_part));
    }

    pub(super) fn finish(&mut self) -> Found {
        let (rules, joined_part) = (&mut self.rules, &mut self.joined_part);
        self.lines.finish(|line| rules.line(line));
        self.joined.finish(|line| rules.joined(line, joined_part));
        rules.found.veil |= rules.like.finish();
        rules.found
    }
}

impl TextRules {
    /// A line of those that only an LF ends.
    fn joined(&mut self, line: &[u8], part: &mut PartInText) {
        if memchr(b'\r', line).is_some() {
            let line: Vec<u8> = line.iter().copied().filter(|octet| *octet != b'\r').collect();
            self.found.file_as_text |= part.line(&line) == Seen::File || part.is_of_encoded();
        }
    }

    fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return self.part.blank();
        }
        self.like.line(line, line.len() >= LOOK);
        let part = self.part.line(line);
        let file = &mut self.found.file_as_text;
        *file |= self.uuencode.line(line) | (part == Seen::File);
        // In a mail's body, as far as anybody sees one in the text, `begin` is a file's without any data.
        *file |= self.uuencode.has_begun() && self.part.is_below_header();
        self.found.veil |= part == Seen::Mime || self.uuencode.has_begun();
        match line.first() {
            Some(b'-' | b' ' | b'\t' | 0xc2 | 0xe3) => self.found.pgp |= opens_pgp(line),
            Some(b'b' | b'B') => *file |= uuencode::begins_base64(line),
            Some(b'=') => *file |= starts_with(line, b"=ybegin "),
            Some(b'(') => *file |= starts_with(line, b"(This file must be converted with"),
            _ => {}
        }
    }
}

pub(super) fn starts_with(line: &[u8], start: &[u8]) -> bool {
    line.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// RFC 9580, 6.2 (and RFC 2440 for messages in several parts): the line itself and nothing else, not one that quotes it or speaks of it.
fn opens_pgp(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let Some(rest) = text.trim().strip_prefix("-----BEGIN PGP MESSAGE") else { return false };
    rest == "-----" || rest.starts_with(", PART") && rest.ends_with("-----")
}

/// The look at what stands before the first and after the last part (spec 3.4a): is there a part in it, or a file?
#[derive(Debug)]
pub(crate) struct MarginScan {
    lines: Lines,
    rules: TextRules,
    part_field: bool,
}

impl Default for MarginScan {
    fn default() -> Self {
        Self { lines: Lines::by_cr(), rules: TextRules::default(), part_field: false }
    }
}

impl MarginScan {
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let (rules, part_field) = (&mut self.rules, &mut self.part_field);
        self.lines.push(octets, |line| {
            rules.line(line);
            *part_field |= is_part_field(line);
        });
    }

    /// Whether something like a part or a file was there.
    pub(crate) fn finish(&mut self) -> bool {
        let (rules, part_field) = (&mut self.rules, &mut self.part_field);
        self.lines.finish(|line| {
            rules.line(line);
            *part_field |= is_part_field(line);
        });
        self.part_field || self.rules.found.file_as_text || self.rules.found.veil
    }
}

/// Whether a line is a field that describes a part (`Content-…:`).
pub(super) fn is_part_field(line: &[u8]) -> bool {
    let Some(colon) = memchr(b':', line) else { return false };
    let name = line[..colon].trim_ascii();
    starts_with(name, b"content-") && name.iter().all(|octet| octet.is_ascii_graphic())
}

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
    whole: Vec<u8>,
    over: bool,
    found: bool,
    /// It is the mail's own header that has no end: fields of an envelope count, too.
    is_mail: bool,
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
        self.field.found
    }
}

impl WatchedField {
    fn line(&mut self, line: &[u8]) {
        self.leading &= line.trim_ascii().is_empty();
        if self.leading {
            return;
        }
        self.over |= line.is_empty();
        if self.over {
            return;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            self.whole.clear();
        }
        let room = LOOK.saturating_sub(self.whole.len()).min(line.len());
        self.whole.extend_from_slice(&line[..room]);
        self.found |= line.split(|octet| *octet == b'\r').any(is_header_field) || is_steering(&self.whole);
        self.found |= self.is_mail && is_envelope_field(&self.whole);
    }
}

/// Whether a field begins here that steers the structure, whatever else stands in its name.
fn is_steering(field: &[u8]) -> bool {
    if steers(field) {
        return true;
    }
    let Some(colon) = memchr(b':', field) else { return false };
    let name = field[..colon].iter().filter(|octet| octet.is_ascii_graphic()).map(u8::to_ascii_lowercase);
    let name: Vec<u8> = name.collect();
    STEERING.iter().any(|steering| steering.as_bytes() == name)
}

/// Whether a field begins here that says who wrote to whom, or that is taken out of what leaves: below a line that is no field some
/// readers still see it.
fn is_envelope_field(field: &[u8]) -> bool {
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
    let Some(colon) = memchr(b':', field) else { return false };
    let name = field[..colon].trim_ascii();
    NAMES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn is_header_field(line: &[u8]) -> bool {
    is_part_field(line) || starts_with(line, b"mime-version:")
}
