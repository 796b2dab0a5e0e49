//! The look at a body text for what a reader with another boundary would take for a part's beginning (spec 3.4a).

use std::{borrow::Cow, ops::RangeInclusive};

use super::lines::{Lines, is_part_field};

/// The header of a part that begins in a text is looked at for this many lines.
const MAX_HEADER: u8 = 64;

/// Octets of fields that are searched, for each line that begins with `--`. A multipart whose field is longer is held
/// for that.
const MAX_FIELDS: usize = 4096;
/// Octets that belong to no word.
const APART: [RangeInclusive<u8>; 4] = [0..=b'0' - 1, b'9' + 1..=b'A' - 1, b'Z' + 1..=b'a' - 1, b'z' + 1..=u8::MAX];

/// Looks for a line `--token` with a part's header after it, where the token stands in a Content-Type field of the mail:
/// quoted mails and sources in a text have boundaries of their own, which stand in no field.
#[derive(Debug)]
pub(crate) struct DelimiterWatch {
    lines: Lines,
    tokens: Tokens,
}

#[derive(Debug)]
struct Tokens {
    /// The mail's Content-Type fields, without white space.
    fields: Vec<u8>,
    /// Where in them something begins that is no part of a word, in the order of what stands there; empty until it is wanted.
    starts: Vec<usize>,
    /// Lines of the header after such a line that are still looked at.
    left: u8,
    found: bool,
}

impl DelimiterWatch {
    /// `fields`: the values of the Content-Type fields that count.
    pub(crate) fn new<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut all = Vec::new();
        for field in fields {
            let room = MAX_FIELDS.saturating_sub(all.len());
            all.extend(field.iter().take(room).filter(|octet| !octet.is_ascii_whitespace()));
            all.push(b';');
        }
        all.truncate(MAX_FIELDS);
        Self { lines: Lines::default(), tokens: Tokens { fields: all, starts: Vec::new(), left: 0, found: false } }
    }

    /// Takes the text's octets as they stand in the mail.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let tokens = &mut self.tokens;
        self.lines.push(octets, |line| tokens.line(line));
    }

    /// Whether such a line was there.
    pub(crate) fn finish(mut self) -> bool {
        let tokens = &mut self.tokens;
        self.lines.finish(|line| tokens.line(line));
        self.tokens.found
    }
}

impl Tokens {
    fn line(&mut self, line: &[u8]) {
        if self.found {
            return;
        }
        if self.left > 0 {
            self.left -= 1;
            // A part that is text again is no file to anybody.
            self.found |= is_part_field(line) && !is_of_text(line);
            if line.trim_ascii().is_empty() {
                self.left = 0;
            }
        }
        if let Some(token) = line.strip_prefix(b"--")
            && self.stands(token)
        {
            self.left = MAX_HEADER;
        }
    }

    /// Whether the token stands in a field by itself, not as a part of a word. Found by halving, so that a line costs what its length does, whatever is in the
    /// fields.
    fn stands(&mut self, token: &[u8]) -> bool {
        let mut token = Cow::Borrowed(token);
        if token.iter().any(u8::is_ascii_whitespace) {
            token.to_mut().retain(|octet| !octet.is_ascii_whitespace());
        }
        if token.is_empty() || self.fields.len() < token.len() {
            return false;
        }
        self.sort();
        let from = self.starts.partition_point(|at| self.fields[*at..] < *token);
        let starts = &self.starts[from..];
        // What follows the token, of those that begin with it: they come first, and in the order of that.
        let next = |at: &usize| self.fields[*at..].strip_prefix(&*token).map(<[u8]>::first);
        APART.iter().any(|range| {
            let before = |next: Option<&u8>| next.is_some_and(|next| next < range.start());
            let first = starts.partition_point(|at| next(at).is_some_and(before));
            starts.get(first).and_then(next).is_some_and(|next| next.is_none_or(|next| range.contains(next)))
        })
    }

    fn sort(&mut self) {
        if self.starts.is_empty() {
            let is_start = |at: &usize| at.checked_sub(1).is_none_or(|at| !self.fields[at].is_ascii_alphanumeric());
            self.starts = (0..self.fields.len()).filter(is_start).collect();
            self.starts.sort_unstable_by(|one, other| self.fields[*one..].cmp(&self.fields[*other..]));
        }
    }
}

/// Whether a field says that its part is a text that is written as it is, and nothing else.
fn is_of_text(line: &[u8]) -> bool {
    const FIELDS: [(&str, &[&str]); 2] = [
        ("content-type", &["text/plain", "text/html"]),
        ("content-transfer-encoding", &["7bit", "8bit", "binary", "quoted-printable"]),
    ];
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let Some((name, value)) = line.split_once(':') else { return false };
    let main = value.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
    FIELDS.iter().any(|(field, values)| *field == name && values.contains(&main))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(field: &str, text: &str) -> bool {
        let look = |step: usize| {
            let mut watch = DelimiterWatch::new(std::iter::once(field.as_bytes()));
            text.as_bytes().chunks(step).for_each(|piece| watch.push(piece));
            watch.finish()
        };
        let whole = look(usize::MAX);
        assert_eq!(look(1), whole);
        whole
    }

    // spec: MAIL-AMBIGUOUS
    #[test]
    fn a_part_by_another_boundary_that_the_mail_names() {
        let part = "hello\r\n--x\r\nX: y\r\nContent-Type: a/b\r\n\r\nfile\r\n--x--\r\n";
        assert!(found(" text/plain; boundary=x", part));
        assert!(found(" multipart/mixed; a=\"x\"; boundary=y", part));
        assert!(found(" multipart/mixed; (; boundary=x) boundary=y", part));
        assert!(found(" text/plain; boundary=\"a \r\n x\"", &part.replace("--x", "--a x")));
        // A quoted source has its own boundary.
        assert!(!found(" text/plain; charset=utf-8", part));
        assert!(!found(" multipart/mixed; boundary=xy", part));
        // What the part would be is text.
        let text = part.replace("a/b", "Text/HTML; charset=utf-8\r\nContent-Transfer-Encoding: 7Bit");
        assert!(!found(" text/html; boundary=x", &text));
        for other in [
            "Content-Disposition: inline",
            "Content-Transfer-Encoding: base64",
            "Content-Type: text/x",
            "Content-Type : text/plain",
        ] {
            assert!(found(" text/html; boundary=x", &text.replace("X: y", other)), "{other}");
        }
        // Found by review: a token that stands in the field overlapping itself.
        assert!(found(" text/plain; boundary=a-a-", &part.replace("--x", "--a-")));
        assert!(found(" text/plain; boundary=ya-y.a-a", &part.replace("--x", "--a")));
        assert!(!found(" text/plain; boundary=yay0a", &part.replace("--x", "--a")));
        assert!(!found(" text/plain; boundary=aa.ab.ac", &part.replace("--x", "--a")));
        assert!(found(" text/plain; boundary=aa.ab.a~", &part.replace("--x", "--a")));
        // No part's header follows.
        assert!(!found(" text/plain; boundary=x", "--x\r\n\r\nContent-Type: a/b\r\n"));
        assert!(!found(" text/plain; boundary=x", "-- \r\nContent-Type: a/b\r\n"));
        assert!(!found(" text/plain; boundary=x", "> --x\r\n> Content-Type: a/b\r\n"));
    }
}
