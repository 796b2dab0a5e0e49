//! Rules that hold line by line.

use memchr::memchr;

use super::Found;
use crate::header::STEERING;

/// Octets of a line that are looked at.
const LOOK: usize = 256;

/// Cuts octets into lines; of a long one only the beginning is kept.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, octets: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = octets;
        while let Some(at) = memchr(b'\n', rest) {
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
#[derive(Debug, Default)]
pub(super) struct TextLines {
    lines: Lines,
    rules: TextRules,
}

#[derive(Debug, Default)]
struct TextRules {
    found: Found,
    /// A uuencoded file may begin.
    uu: Uu,
}

/// What a uuencoded file's first lines were.
#[derive(Debug, Clone, Copy, Default)]
enum Uu {
    #[default]
    No,
    /// Its `begin` line.
    Begun,
    /// Then something that is no data to us; its end line makes it a file, if an empty one, to some.
    Open,
}

impl TextLines {
    pub(super) fn push(&mut self, octets: &[u8]) {
        let rules = &mut self.rules;
        self.lines.push(octets, |line| rules.line(line));
    }

    pub(super) fn finish(&mut self) -> Found {
        let rules = &mut self.rules;
        self.lines.finish(|line| rules.line(line));
        self.rules.found
    }
}

impl TextRules {
    fn line(&mut self, line: &[u8]) {
        match std::mem::take(&mut self.uu) {
            Uu::No => {}
            Uu::Begun | Uu::Open if line.trim_ascii_end() == b"end" => self.found.file_as_text = true,
            Uu::Begun if is_uu_data(line) => self.found.file_as_text = true,
            Uu::Begun | Uu::Open => self.uu = Uu::Open,
        }
        match line.first() {
            Some(b'-' | b' ' | b'\t' | 0xc2 | 0xe3) => self.found.pgp |= opens_pgp(line),
            Some(b'b') => match uu_begin(line) {
                Some(Begin::Uuencode) => self.uu = Uu::Begun,
                Some(Begin::Base64) => self.found.file_as_text = true,
                None => {}
            },
            Some(b'=') => self.found.file_as_text |= starts_with(line, b"=ybegin "),
            Some(b'(') => self.found.file_as_text |= starts_with(line, b"(This file must be converted with BinHex"),
            _ => {}
        }
    }
}

fn starts_with(line: &[u8], start: &[u8]) -> bool {
    line.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// RFC 9580, 6.2 (and RFC 2440 for messages in several parts): the line itself, not one that quotes it.
fn opens_pgp(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let Some(rest) = text.trim().strip_prefix("-----BEGIN PGP MESSAGE") else { return false };
    rest.starts_with("-----") || rest.starts_with(", PART")
}

enum Begin {
    Uuencode,
    Base64,
}

/// POSIX uuencode: `begin 644 name`, `begin-base64 644 name`.
fn uu_begin(line: &[u8]) -> Option<Begin> {
    let (kind, rest) = if let Some(rest) = line.strip_prefix(b"begin-base64 ") {
        (Begin::Base64, rest)
    } else {
        (Begin::Uuencode, line.strip_prefix(b"begin ")?)
    };
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|octet| matches!(octet, b'0'..=b'7')).count();
    let named =
        rest.get(digits).is_some_and(|octet| matches!(octet, b' ' | b'\t')) && !rest[digits..].trim_ascii().is_empty();
    (matches!(digits, 3 | 4) && named).then_some(kind)
}

/// A line of data: a length, and as many characters as it says. A last group may be cut, a checksum may follow.
fn is_uu_data(line: &[u8]) -> bool {
    let Some((first, data)) = line.split_first() else { return false };
    let length = usize::from(first.saturating_sub(32));
    let fits = (length * 4).div_ceil(3)..=length.div_ceil(3) * 4 + 1;
    matches!(first, 33..=95) && fits.contains(&data.len()) && line.iter().all(|octet| matches!(octet, 32..=126))
}

/// The look at what stands before the first and after the last part (spec 3.4a): is there a part in it, or a file?
#[derive(Debug, Default)]
pub(crate) struct MarginScan {
    lines: Lines,
    rules: TextRules,
    part_field: bool,
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
        self.part_field || self.rules.found.file_as_text
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
    /// The line at hand with those that it continues: a name may be folded before its colon.
    whole: Vec<u8>,
    over: bool,
    found: bool,
}

impl HeadWatch {
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
    }
}

/// Whether a field begins here that steers the structure, whatever else stands in its name.
fn is_steering(field: &[u8]) -> bool {
    let Some(colon) = memchr(b':', field) else { return false };
    let name = field[..colon].iter().filter(|octet| octet.is_ascii_graphic()).map(u8::to_ascii_lowercase);
    let name: Vec<u8> = name.collect();
    STEERING.iter().any(|steering| steering.as_bytes() == name)
}

fn is_header_field(line: &[u8]) -> bool {
    is_part_field(line) || starts_with(line, b"mime-version:")
}
