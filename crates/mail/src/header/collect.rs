//! Fields out of lines.

use std::ops::Range;

use super::{Field, Header};

/// Fields whose name must stand as the RFC says: who reads them otherwise sees other parts (spec 3.4a).
pub(crate) const STEERING: [&str; 3] = ["content-type", "content-transfer-encoding", "content-disposition"];

/// What a line of a header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The first line of a field.
    Field,
    /// A line that belongs to the field before it.
    Continuation,
    /// The line that ends the header.
    Blank,
    /// No line of a header: the body begins with it.
    Other,
}

/// A byte order mark in UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a mail's first line is, and each that follows an mbox line there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening<'a> {
    /// The line that mbox puts before a mail: none of the header.
    Mbox,
    /// The header's first line, behind a byte order mark that belongs to nothing.
    Mark(&'a [u8]),
    /// The header's first line.
    Header,
}

impl<'a> Opening<'a> {
    /// Of a line without its end.
    pub(crate) fn of(line: &'a [u8]) -> Self {
        let text = line.strip_prefix(MARK);
        if is_mbox_line(text.unwrap_or(line)) { Self::Mbox } else { text.map_or(Self::Header, Self::Mark) }
    }
}

fn is_mbox_line(line: &[u8]) -> bool {
    // `From : a@b` is a field in the form of old (RFC 5322, 4.5.2).
    let is_field = line.strip_prefix(b"From").is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
    !is_field && (line.starts_with(b"From ") || line.starts_with(b">From "))
}

/// What was odd about a header's octets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Oddities {
    pub(crate) nul: bool,
    pub(crate) bare_cr: bool,
    /// A line that is no field but would be a steering one to a reader who skips what does not belong in a name.
    pub(crate) disguised: bool,
    /// The header begins with a line that continues nothing.
    pub(crate) leading: bool,
    /// It begins with a line of white space: to some it ends there.
    pub(crate) blank: bool,
    /// The header or a field is longer than the limit: the rest of it was not kept.
    pub(crate) too_long: bool,
}

/// Collects fields line by line, within limits.
#[derive(Debug)]
pub(crate) struct Collector {
    header: Header,
    oddities: Oddities,
    max_octets: usize,
    max_field: usize,
    max_fields: usize,
    octets: usize,
    /// The last field is not kept, so neither is what continues it.
    skipping: bool,
}

impl Collector {
    pub(crate) fn new(max_octets: usize, max_field: usize, max_fields: usize) -> Self {
        Self {
            header: Header::default(),
            oddities: Oddities::default(),
            max_octets,
            max_field,
            max_fields,
            octets: 0,
            skipping: false,
        }
    }

    /// Takes a line without its end; `range` is its place in the mail, the end included. A blank line and a line that is
    /// none of a header end it: nothing comes after them.
    pub(crate) fn line(&mut self, line: &[u8], range: Range<u64>) -> Line {
        let kind = match line.first() {
            None => return Line::Blank,
            Some(b' ' | b'\t') => Line::Continuation,
            Some(_) => match colon(line) {
                Some(at) => return self.field(line, at, range),
                None => {
                    self.oddities.disguised |= is_disguised(line);
                    // The header's end to whom CR ends a line.
                    self.oddities.bare_cr |= line.iter().all(|octet| *octet == b'\r');
                    return Line::Other;
                }
            },
        };
        self.count(line);
        self.continuation(line, range.end);
        kind
    }

    /// The line is longer than what was given of it.
    pub(crate) fn cut(&mut self) {
        self.oddities.too_long = true;
    }

    pub(crate) fn finish(self) -> (Header, Oddities) {
        (self.header, self.oddities)
    }

    fn count(&mut self, line: &[u8]) {
        self.octets = self.octets.saturating_add(line.len() + 2);
        self.oddities.nul |= memchr::memchr(0, line).is_some();
        self.oddities.bare_cr |= memchr::memchr(b'\r', line).is_some();
    }

    fn field(&mut self, line: &[u8], colon: usize, range: Range<u64>) -> Line {
        self.count(line);
        let name = &line[..colon];
        let trimmed = name.trim_ascii_end();
        let trimmed = &trimmed[..trimmed.iter().rposition(|octet| is_ftext(*octet)).map_or(0, |at| at + 1)];
        self.skipping = self.octets > self.max_octets || self.header.fields.len() >= self.max_fields;
        if self.skipping {
            self.oddities.too_long = true;
            return Line::Field;
        }
        let value = &line[colon + 1..];
        let kept = &value[..value.len().min(self.max_field)];
        self.oddities.too_long |= kept.len() < value.len();
        self.header.fields.push(Field {
            name: String::from_utf8_lossy(trimmed).into_owned(),
            value: kept.to_vec(),
            range,
            odd_name: trimmed.len() < name.len(),
            controls_in_name: name[trimmed.len()..].iter().any(|octet| !matches!(octet, b' ' | b'\t')),
        });
        Line::Field
    }

    fn continuation(&mut self, line: &[u8], end: u64) {
        // What continues nothing, before the first field, belongs to nothing; to some it is a field.
        if self.header.fields.is_empty() {
            let is_blank = line.trim_ascii().is_empty();
            self.oddities.leading |= !is_blank;
            self.oddities.blank |= is_blank;
        }
        let Some(field) = self.header.fields.last_mut().filter(|_| !self.skipping) else { return };
        field.range.end = end;
        let room = self.max_field.saturating_sub(field.value.len());
        if self.octets > self.max_octets || room < line.len() + 2 {
            self.oddities.too_long = true;
            return;
        }
        field.value.extend_from_slice(b"\r\n");
        field.value.extend_from_slice(line);
    }
}

/// RFC 5322, 2.2: printable ASCII but the colon.
const fn is_ftext(octet: u8) -> bool {
    matches!(octet, 33..=57 | 59..=126)
}

/// Where the colon of a field's first line is: after a name, which white space and control characters may follow.
fn colon(line: &[u8]) -> Option<usize> {
    let at = memchr::memchr(b':', line)?;
    let name_end = line[..at].iter().position(|octet| !is_ftext(*octet)).unwrap_or(at);
    let blank = line[name_end..at].iter().all(|octet| *octet <= b' ' || *octet == 0x7f);
    (blank && (name_end > 0 || at == 0)).then_some(at)
}

/// Whether a line that is no field reads like a steering one without what does not belong in a name.
fn is_disguised(line: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b':', line) else { return false };
    let name = &line[..at.min(256)];
    let squeezed: Vec<u8> = name.iter().filter(|octet| is_ftext(**octet)).map(u8::to_ascii_lowercase).collect();
    STEERING.iter().any(|steering| steering.as_bytes() == squeezed)
}
