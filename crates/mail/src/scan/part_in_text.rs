//! A part of a mail in a text, with its header: old readers look into texts for such, and unpack what it holds.

use super::lines::starts_with;

/// Lines after a field that are looked at for what it describes.
const REACH: u8 = 64;
/// Characters of base64 that are no word.
const MIN_BASE64: usize = 24;

/// What was seen of one.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    /// Lines that are still looked at for base64.
    encoded: u8,
    /// Such a field was the last, and its value may be on the next line.
    folded: bool,
    /// In a header that names a file.
    named: bool,
    /// That header has ended: what comes is the file.
    ended: bool,
}

impl PartInText {
    /// A blank line.
    pub(super) fn blank(&mut self) {
        self.ended |= std::mem::take(&mut self.named);
    }

    /// Whether the text ends in a header that names a file: what is written behind it, our notice, would be the file.
    pub(super) const fn is_awaited(&self) -> bool {
        self.named || self.ended
    }

    /// Takes the next line that is not empty; says whether it makes a file.
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        if std::mem::take(&mut self.ended) {
            return true;
        }
        if self.encoded > 0 {
            self.encoded -= 1;
            if is_base64(line) {
                return true;
            }
        }
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        if std::mem::take(&mut self.folded) && goes_on && says_encoded(line) {
            self.encoded = REACH;
        }
        if let Some(value) = value(line, b"content-transfer-encoding") {
            self.folded = value.is_empty();
            if says_encoded(value) {
                self.encoded = REACH;
            }
        }
        self.named = self.named && (goes_on || line.contains(&b':')) || names_file(line);
        false
    }
}

/// The field's value, where the line is one of this name.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.get(name.len()..).filter(|_| starts_with(line, name))?;
    Some(rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii())
}

fn says_encoded(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    ["base64", "uuencode", "x-uue", "binhex"].iter().any(|word| memchr::memmem::find(&value, word.as_bytes()).is_some())
}

/// A Content-Disposition of a file with its name.
fn names_file(line: &[u8]) -> bool {
    value(line, b"content-disposition").is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.starts_with(b"attachment") && memchr::memmem::find(&value, b"filename").is_some()
    })
}

fn is_base64(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() >= MIN_BASE64
        && line.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='))
}
