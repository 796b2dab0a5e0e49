//! A part of a mail in a text, with its header: some readers look into texts for such, and unpack what it holds.

use super::lines::LOOK;

/// Lines after a field that are looked at for what it describes.
const REACH: u8 = 255;
/// Characters of base64 that are no word.
const MIN_BASE64: usize = 16;

/// What was seen of one.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    /// Lines that are still looked at for base64.
    encoded: u8,
    /// The last field, whose value may go on in the next line.
    field: Option<Field>,
}

/// The fields that make a file of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// Content-Type or Content-Disposition: with a name it is a file's, and readers care for little else.
    Named,
    /// Content-Location: to some a name.
    Location,
    /// Content-Transfer-Encoding.
    Encoded,
}

impl PartInText {
    /// Takes the next line that is not empty; says whether it makes a file.
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        if self.encoded > 0 {
            self.encoded -= 1;
            if is_base64(line) {
                return true;
            }
        }
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        let (field, value) = match field(line) {
            Some((field, value)) => (Some(field), value),
            None => (self.field.filter(|_| goes_on), line),
        };
        self.field = field;
        match field {
            // What is beyond the look may be a name.
            Some(Field::Named) => has_name(value) || line.len() >= LOOK,
            Some(Field::Location) => !value.trim_ascii().is_empty(),
            Some(Field::Encoded) => {
                if says_encoded(value) {
                    self.encoded = REACH;
                }
                false
            }
            None => false,
        }
    }

    /// A blank line ends a field.
    pub(super) fn blank(&mut self) {
        self.field = None;
    }
}

/// One of the fields, and what of its value stands in this line.
fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    let (name, value) = line.split_at(memchr::memchr(b':', line)?);
    let (value, name) = (&value[1..], name.trim_ascii_end().to_ascii_lowercase());
    let field = match &name[..] {
        b"content-transfer-encoding" => Field::Encoded,
        b"content-location" => Field::Location,
        name if is_like_mime(name) => Field::Named,
        _ => return None,
    };
    Some((field, value))
}

/// Whether a field's name, in lower case, is one that says what a part is to somebody who decodes it, or passes over what is odd in it.
fn is_like_mime(name: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    !name.contains(&b' ') && (has(b"content") || has(b"-disposition") || has(b"-type"))
}

/// Whether a field says, to somebody, that a part is a file with a name.
pub(crate) fn may_name_a_file(name: &str, value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    is_like_mime(name.to_ascii_lowercase().as_bytes()) && memchr::memmem::find(&value, b"name").is_some()
}

/// `name=` or `filename=`, in any of their forms (RFC 2231), or with white space; or the type whose parts are files to some whatever
/// they are called.
fn has_name(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    if memchr::memmem::find(&value, b"appledouble").is_some() {
        return true;
    }
    memchr::memmem::find_iter(&value, b"name").any(|at| {
        let rest = value[at + b"name".len()..].trim_ascii_start();
        let marks = rest.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'*').count();
        rest[marks..].trim_ascii_start().starts_with(b"=")
    })
}

fn says_encoded(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    ["base64", "uuencode", "x-uue", "binhex"].iter().any(|word| memchr::memmem::find(&value, word.as_bytes()).is_some())
}

fn is_base64(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() >= MIN_BASE64
        && line.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='))
}
