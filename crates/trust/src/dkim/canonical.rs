//! Canonical forms (RFC 6376, 3.4): of header fields at once, of the body as it streams past.

use aws_lc_rs::digest::{Context, SHA256};
use memchr::{memchr, memchr3};

/// `simple` or `relaxed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Simple,
    Relaxed,
}

impl Form {
    /// By its name in `c=`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [("simple", Self::Simple), ("relaxed", Self::Relaxed)]
            .into_iter()
            .find_map(|(known, form)| name.eq_ignore_ascii_case(known).then_some(form))
    }

    /// Hashes a header field, which has its line end.
    pub(super) fn field(self, field: &[u8], into: &mut Context) {
        match self {
            Self::Simple => into.update(field),
            Self::Relaxed => {
                into.update(&relaxed(field));
                into.update(b"\r\n");
            }
        }
    }

    /// Hashes the signature's own field, whose `b=` has been emptied: without a line end.
    pub(super) fn own_field(self, field: &[u8], into: &mut Context) {
        match self {
            Self::Simple => into.update(field.strip_suffix(b"\r\n").unwrap_or(field)),
            Self::Relaxed => into.update(&relaxed(field)),
        }
    }
}

/// A field in relaxed form (RFC 6376, 3.4.2), without its line end.
fn relaxed(field: &[u8]) -> Vec<u8> {
    let colon = field.iter().position(|&octet| octet == b':').unwrap_or(field.len());
    let mut out = field[..colon].trim_ascii_end().to_ascii_lowercase();
    out.push(b':');
    let start = out.len();
    let mut space = false;
    let mut rest = field.get(colon + 1..).unwrap_or_default();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            b' ' | b'\t' => space = true,
            // A line end inside is a fold and goes away.
            b'\r' if after.first() == Some(&b'\n') => rest = &after[1..],
            octet => {
                if space && out.len() > start {
                    out.push(b' ');
                }
                space = false;
                out.push(octet);
            }
        }
    }
    out
}

/// Line ends that are hashed at once.
const LINE_ENDS: &[u8; 1024] = &{
    let mut block = [b'\r'; 1024];
    let mut at = 1;
    while at < block.len() {
        block[at] = b'\n';
        at += 2;
    }
    block
};

/// Octets that are hashed at once.
const WAITING: usize = 4096;

/// The hash of a body that comes in pieces cut anywhere. It holds a few kilobytes, whatever the body's size.
pub(super) struct BodyHash {
    form: Form,
    hash: Context,
    /// Canonical octets to be hashed next: a body of single letters must not cost a call each.
    waiting: Vec<u8>,
    /// Canonical octets so far.
    length: u64,
    /// Line ends that stand in the body if anything comes after them.
    line_ends: u64,
    /// The last octet was a CR.
    carriage_return: bool,
    /// White space that stands if anything comes after it in its line.
    space: bool,
}

impl BodyHash {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            hash: Context::new(&SHA256),
            waiting: Vec::with_capacity(WAITING),
            length: 0,
            line_ends: 0,
            carriage_return: false,
            space: false,
        }
    }

    pub(super) fn write(&mut self, octets: &[u8]) {
        let relaxed = self.form == Form::Relaxed;
        let mut rest = octets;
        while let Some((&first, after)) = rest.split_first() {
            if self.carriage_return {
                self.carriage_return = false;
                if first == b'\n' {
                    self.line_ends += 1;
                    self.space = false;
                    rest = after;
                    continue;
                }
                self.content(b"\r");
            }
            match first {
                b'\r' => self.carriage_return = true,
                b' ' | b'\t' if relaxed => self.space = true,
                _ => {
                    let end = if relaxed { memchr3(b'\r', b' ', b'\t', rest) } else { memchr(b'\r', rest) };
                    let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
                    self.content(run);
                    rest = after;
                    continue;
                }
            }
            rest = after;
        }
    }

    /// Octets that stay as they are, and before them what waited for them.
    fn content(&mut self, octets: &[u8]) {
        while self.line_ends > 0 {
            let now = self.line_ends.min(LINE_ENDS.len() as u64 / 2);
            self.line_ends -= now;
            self.hashed(&LINE_ENDS[..usize::try_from(now).unwrap_or(0) * 2]);
        }
        if std::mem::take(&mut self.space) {
            self.hashed(b" ");
        }
        self.hashed(octets);
    }

    fn hashed(&mut self, octets: &[u8]) {
        self.length += octets.len() as u64;
        if self.waiting.len() + octets.len() > WAITING {
            self.hash.update(&self.waiting);
            self.waiting.clear();
        }
        if octets.len() > WAITING {
            self.hash.update(octets);
        } else {
            self.waiting.extend_from_slice(octets);
        }
    }

    /// The SHA-256 of the canonical body, and its length in octets.
    pub(super) fn finish(mut self) -> ([u8; 32], u64) {
        if std::mem::take(&mut self.carriage_return) {
            self.content(b"\r");
        }
        // Empty lines at the end go, and there is a line end after the last line; an empty body is one line end in simple
        // form (RFC 6376, 3.4.3) and nothing in relaxed form (3.4.4).
        if self.length > 0 || self.form == Form::Simple {
            self.hashed(b"\r\n");
        }
        self.hash.update(&self.waiting);
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash.finish().as_ref());
        (hash, self.length)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::digest;

    use super::*;

    fn body(form: Form, pieces: &[&[u8]]) -> ([u8; 32], u64) {
        let mut hash = BodyHash::new(form);
        pieces.iter().for_each(|piece| hash.write(piece));
        hash.finish()
    }

    // spec: RCV-DKIM (RFC 6376, 3.4.3 and 3.4.4)
    #[test]
    fn bodies_in_both_forms() {
        let lines = "\r\n".repeat(3000);
        for (given, simple, relaxed) in [
            ("", "\r\n", ""),
            ("\r\n", "\r\n", ""),
            ("\r\n\r\n\r\n", "\r\n", ""),
            (" ", " \r\n", ""),
            (" \r\n\t\r\n", " \r\n\t\r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a\r\n\r\n \r\n", "a\r\n\r\n \r\n", "a\r\n"),
            (" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"),
            ("\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"),
            ("a\rb\nc\r", "a\rb\nc\r\r\n", "a\rb\nc\r\r\n"),
            ("a \r \r\n", "a \r \r\n", "a \r\r\n"),
            ("a\r\r\n", "a\r\r\n", "a\r\r\n"),
            (&format!("a{lines}b"), &format!("a{lines}b\r\n"), &format!("a{lines}b\r\n")),
        ] {
            for (form, wanted) in [(Form::Simple, simple), (Form::Relaxed, relaxed)] {
                let whole = body(form, &[given.as_bytes()]);
                assert_eq!(whole.0, digest(&SHA256, wanted.as_bytes()).as_ref(), "{form:?} of {given:?}");
                assert_eq!(whole.1, wanted.len() as u64, "{form:?} of {given:?}");
                for at in 0..given.len().min(100) {
                    let (one, two) = given.as_bytes().split_at(at);
                    assert_eq!(body(form, &[one, two]), whole, "{form:?} of {given:?} cut at {at}");
                }
            }
        }
    }

    // spec: RCV-DKIM (RFC 6376, 3.4.2 and 3.4.5)
    #[test]
    fn fields_in_relaxed_form() {
        assert_eq!(relaxed(b"A: X\r\n"), b"a:X");
        assert_eq!(relaxed(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z");
        assert_eq!(relaxed(b"C:\r\n"), b"c:");
        assert_eq!(relaxed(b"D:  \r\n \r\n x\ry\r\n"), b"d:x\ry");
    }
}
