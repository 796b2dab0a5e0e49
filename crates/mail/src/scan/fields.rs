//! The fields by which the laxest readers find files. To ripmime a field is any line in whose first
//! word the field's name is contained. The lines are read by [`super::tokens`]: here they are in lower case, their encoded words decoded.

use std::borrow::Cow;

/// The fields by which such readers find files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Type,
    Disposition,
    Location,
    Encoding,
}

impl Field {
    const ALL: [Self; 4] = [Self::Type, Self::Disposition, Self::Location, Self::Encoding];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Type => "content-type",
            Self::Disposition => "content-disposition",
            Self::Location => "content-location",
            Self::Encoding => "content-transfer-encoding",
        }
    }
}

/// The encodings in which there may be a part, or a file, again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Encodings {
    pub(super) base64: bool,
    pub(super) quoted: bool,
}

impl Encodings {
    /// What a Content-Transfer-Encoding with this value says to somebody: `binary base64` is base64.
    pub(super) fn of(value: &[u8]) -> Self {
        Self { base64: has(value, "base64"), quoted: has(value, "quoted") }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.base64 |= other.base64;
        self.quoted |= other.quoted;
    }
}

/// Whether one of the names, or another of MIME, can be in a text once something is taken out of it: their letters stand there in their order.
pub(super) fn may_be_named_in(text: &[u8]) -> bool {
    let is_there = |word: &[u8]| {
        let mut rest = text;
        word.iter().all(|octet| {
            let at = memchr::memchr(*octet, rest);
            rest = at.map_or(&[], |at| &rest[at + 1..]);
            at.is_some()
        })
    };
    memchr::memchr(b'-', text).is_some() && (is_there(b"content-") || is_there(b"mime-version"))
}

/// A line's first word, which is a field's name: it ends at a colon or at white space.
pub(super) fn first_word(line: &[u8]) -> &[u8] {
    line.split(|octet| matches!(octet, b':' | b' ' | b'\t')).next().unwrap_or_default()
}

/// The fields' names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    Field::ALL.into_iter().map(Field::name)
}

/// The fields that a name contains; all of them count.
pub(super) fn fields_in(name: &[u8]) -> impl Iterator<Item = Field> + '_ {
    // Most of what is asked has no hyphen.
    let all: &[Field] = if memchr::memchr(b'-', name).is_some() { &Field::ALL } else { &[] };
    all.iter().copied().filter(|field| has(name, field.name()))
}

/// The line as it is, and without its comments: as the RFC has them, and as ripmime does.
pub(super) fn forms(line: &[u8]) -> Vec<Cow<'_, [u8]>> {
    if memchr::memchr(b'(', line).is_none() {
        return vec![line.into()];
    }
    vec![without_comments(line).into(), without_first_closed(line).into(), line.into()]
}

/// Whether a field's name stands in a line's first word as somebody writes it who sends a mail: not behind what no field's name has,
/// such as a quote, a bracket or a bullet.
pub(super) fn is_written(name: &[u8]) -> bool {
    let at = names().filter_map(|field| memchr::memmem::find(name, field.as_bytes())).min();
    at.is_some_and(|at| !name[..at].iter().any(|octet| !octet.is_ascii() || b"'\"`([{".contains(octet)))
}

pub(super) fn has(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}

/// Nested as the RFC has them (RFC 5322, 3.2.2).
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut depth = 0u32;
    let mut out = value.to_vec();
    out.retain(|octet| {
        depth += u32::from(*octet == b'(');
        let kept = depth == 0;
        depth = depth.saturating_sub(u32::from(*octet == b')'));
        kept
    });
    // What is never closed is none.
    if depth > 0 { value.to_vec() } else { out }
}

/// Up to the first `)` that is in no quotes, and none where the `(` is in quotes itself.
fn without_first_closed(line: &[u8]) -> Vec<u8> {
    let (mut out, mut rest, mut quoted) = (Vec::with_capacity(line.len()), line, false);
    // Where one is never closed, neither is any behind it.
    let mut closes = true;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet == b'(' && !quoted && closes {
            let mut inside = false;
            let end = after.iter().position(|octet| {
                inside ^= *octet == b'"';
                *octet == b')' && !inside
            });
            if let Some(end) = end {
                rest = &after[end + 1..];
                continue;
            }
            closes = false;
        }
        quoted ^= octet == b'"';
        out.push(octet);
    }
    out
}

/// Whether a line, in lower case, has a field's name in it, whatever stands between its letters that is no letter to somebody.
pub(super) fn is_hidden(line: &[u8]) -> bool {
    let is_kept = |octet: &u8| octet.is_ascii_alphanumeric() || b"-()\"".contains(octet);
    let squeezed: Vec<u8> = line.iter().copied().filter(is_kept).collect();
    forms(&squeezed).iter().any(|text| fields_in(text).next().is_some())
}

/// Types whose parts are files to some, whatever they are called.
pub(super) fn is_a_file(value: &[u8]) -> bool {
    has(value, "appledouble") || has(value, "applefile")
}
