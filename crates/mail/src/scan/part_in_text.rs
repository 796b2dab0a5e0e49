//! A part of a mail in a text, with its header: some readers look into texts for such, and unpack what follows.
//!
//! They are lax: to ripmime whatever begins with a field's name is the field, encoded words in it count, and comments, control
//! characters and what stands between name and value do not. What names a file to it is held; what may only interest a reader
//! that looks at a mail's octets leaves in base64, in which no such line is seen.

use super::lines::LOOK;
use crate::{outline::Encoding, transfer::Decoder};

/// Octets before a field's name that may be left out: white space, marks of a quotation, what is left of a byte order mark.
const MAX_BEFORE: usize = 16;
/// Octets of a charset's name in an encoded word.
const MAX_CHARSET: usize = 40;

/// Lines after a field that are looked at for what it describes.
const REACH: u8 = 255;
/// Characters of base64 that are no word.
const MIN_BASE64: usize = 16;

/// What a line is to such readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Words,
    /// A field by which a mail's parts are found.
    Mime,
    /// A field that names a file.
    File,
}

/// The look at a text's lines.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    /// The last such field of the paragraph: its value may go on in any line of it that is indented.
    open: Option<Field>,
    /// A line that can be a multipart's delimiter was in the paragraph.
    delimited: bool,
    /// A field in the paragraph says that what is below it is encoded.
    encoding: bool,
    /// Lines that are still looked at for base64.
    encoded: u8,
}

/// The fields that may name a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Type,
    Disposition,
    Location,
}

impl PartInText {
    /// Takes the next line that is not empty.
    pub(super) fn line(&mut self, line: &[u8]) -> Seen {
        let open = self.open.filter(|_| matches!(line.first(), Some(b' ' | b'\t' | b':' | b';')));
        self.delimited |= is_delimiter(line);
        let encoded = self.encoded > 0 && is_base64(line);
        self.encoded = self.encoded.saturating_sub(1);
        if encoded {
            return Seen::File;
        }
        if open.is_none() && !may_begin(line) {
            return Seen::Words;
        }
        let text = plain(line);
        let Some((field, value)) = field(&text).or_else(|| open.map(|field| (field, &text[..]))) else {
            return self.other(&text);
        };
        self.open = Some(field);
        // What is beyond the look may be a name.
        if names_a_file(field, value) || line.len() >= LOOK { Seen::File } else { Seen::Mime }
    }

    /// A line that is none of the fields that name files. In what is encoded below a header there may be a part again: that far no line
    /// is looked at.
    fn other(&mut self, text: &[u8]) -> Seen {
        if !is_mime(text) {
            return Seen::Words;
        }
        if is_encoding(text) {
            self.encoding = true;
            if self.delimited {
                return Seen::File;
            }
        }
        Seen::Mime
    }

    /// A blank line ends a header.
    pub(super) fn blank(&mut self) {
        if std::mem::take(&mut self.encoding) {
            self.encoded = REACH;
        }
        self.open = None;
        self.delimited = false;
    }
}

/// Whether a line can be a delimiter (RFC 2046, 5.1.1): not a signature's, and no rule of dashes alone.
fn is_delimiter(line: &[u8]) -> bool {
    line.strip_prefix(b"--").is_some_and(|rest| rest.iter().any(|octet| octet.is_ascii_graphic() && *octet != b'-'))
}

/// Whether a field of a part's header says, to somebody, that the part is a file with a name.
pub(crate) fn may_name_a_file(name: &str, value: &[u8]) -> bool {
    let name = plain(name.as_bytes());
    let is_like = ["content", "-disposition", "-type"].iter().any(|word| has(&name, word));
    name.starts_with(b"content-location") || is_like && has(&plain(value), "name")
}

/// Whether the line may begin with one of the fields' names, written as it is or in encoded words.
fn may_begin(line: &[u8]) -> bool {
    let first = line.iter().take(MAX_BEFORE).find(|octet| octet.is_ascii_alphabetic());
    matches!(first, Some(b'c' | b'C' | b'm' | b'M')) || memchr::memmem::find(line, b"=?").is_some()
}

/// The field with which the text begins, marks before it left out. (What is indented or quoted is none to anybody.)
fn field(text: &[u8]) -> Option<(Field, &[u8])> {
    let is_mark = |octet: &u8| (octet.is_ascii_punctuation() || octet.is_ascii_digit()) && *octet != b'>';
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let text = &text[text.iter().take(MAX_BEFORE).take_while(|octet| is_mark(octet)).count()..];
    const FIELDS: [(&[u8], Field); 3] = [
        (b"content-type", Field::Type),
        (b"content-disposition", Field::Disposition),
        (b"content-location", Field::Location),
    ];
    FIELDS.iter().find_map(|(name, field)| Some((*field, text.strip_prefix(*name)?)))
}

/// Whether the text is a field that says that a part is encoded, or does not say here that it is not.
fn is_encoding(text: &[u8]) -> bool {
    let value = text.strip_prefix(b"content-transfer-encoding");
    value.is_some_and(|value| !["7bit", "8bit", "binary"].iter().any(|word| has(value, word)))
}

/// Whether a line is of base64, and no word, number or rule.
fn is_base64(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let any = |is: fn(&u8) -> bool| line.iter().any(is);
    line.len() >= MIN_BASE64
        && any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
        && line.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='))
}

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

/// Whether the field, with this value behind its name, names a file.
fn names_a_file(field: Field, value: &[u8]) -> bool {
    let value = without_comments(value);
    match field {
        // The type whose parts are files to some, whatever they are called.
        Field::Type => has_name(&value) || has(&value, "appledouble"),
        // In a form the name is a field's (RFC 7578, 4.2).
        Field::Disposition if has(&value, "form-data") => has(&value, "filename"),
        Field::Disposition => has_name(&value),
        Field::Location => {
            let separator = value.iter().position(|octet| matches!(octet, b':' | b';' | b',' | b'=' | b' ' | b'\t'));
            separator.is_some_and(|at| value[at..].iter().any(u8::is_ascii_alphanumeric))
        }
    }
}

/// `name` or `filename` with a value, in any of their forms (RFC 2231); a host's or a person's name is none.
fn has_name(value: &[u8]) -> bool {
    const NAME: &[u8] = b"name";
    memchr::memmem::find_iter(value, NAME).any(|at| {
        let before = value[..at].strip_suffix(b"file").unwrap_or(&value[..at]);
        let rest = &value[at + NAME.len()..];
        let marks = rest.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'*').count();
        let (rest, trimmed) = (&rest[marks..], rest[marks..].trim_ascii_start());
        let is_own_word = before.last().is_none_or(|octet| !octet.is_ascii_alphanumeric());
        is_own_word && (trimmed.starts_with(b"=") || trimmed.len() < rest.len() && !trimmed.is_empty())
    })
}

fn has(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}

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

/// The line in lower case, without control characters, its encoded words decoded wherever they stand and whether they end or not.
fn plain(line: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        out.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 2..];
        rest = encoded_word(behind, &mut out).unwrap_or_else(|| {
            out.extend_from_slice(b"=?");
            behind
        });
    }
    out.extend_from_slice(rest);
    out.retain(|octet| !octet.is_ascii_control() || *octet == b'\t');
    out.make_ascii_lowercase();
    out
}

/// Decodes the encoded word of which this is the rest; gives what follows it.
fn encoded_word<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut pieces = rest.splitn(3, |octet| *octet == b'?');
    let (charset, encoding, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let encoding = match encoding {
        b"q" | b"Q" => Encoding::QuotedPrintable,
        b"b" | b"B" => Encoding::Base64,
        _ => return None,
    };
    if charset.len() > MAX_CHARSET {
        return None;
    }
    let (text, after) = match memchr::memmem::find(text, b"?=") {
        Some(end) => (&text[..end], &text[end + 2..]),
        None => (text, &[][..]),
    };
    let mut decoder = Decoder::new(encoding);
    decoder.push(text, out);
    decoder.finish(out);
    Some(after)
}
