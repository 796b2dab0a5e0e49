//! Content-Transfer-Encoding (RFC 2045, 6), encoded as text passes. Lines have at most 76 octets and end in CRLF; no
//! line can be a boundary of ours, since `=_` occurs in neither encoding.

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Smaller for text that is mostly not ASCII.
    Base64,
    /// Smaller, and readable as it is, for text that is mostly ASCII.
    QuotedPrintable,
}

impl Transfer {
    /// The value of the Content-Transfer-Encoding field.
    #[must_use]
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
        }
    }

    /// The better one for a text that is whole.
    #[must_use]
    pub(crate) fn for_text(text: &str) -> Self {
        let beyond = text.bytes().filter(|octet| !octet.is_ascii()).count();
        if beyond * 6 > text.len() { Self::Base64 } else { Self::QuotedPrintable }
    }

    /// A text that is whole, encoded; the last line's end is left out.
    #[must_use]
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() * 3 / 2);
        let mut encoder = Encoder::new(self);
        encoder.push(text.as_bytes(), &mut out);
        encoder.finish(&mut out, false);
        out
    }
}

/// An encoder of text whose lines end in CRLF.
#[derive(Debug)]
pub(super) struct Encoder {
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// What is not a whole line of 57 octets yet.
    Base64(Vec<u8>),
    QuotedPrintable(QuotedPrintable),
}

/// Octets of text in a base64 line of 76.
const BASE64_LINE: usize = 57;
/// Octets of a quoted-printable line before its `=`.
const QUOTED_LINE: usize = 75;

impl Encoder {
    /// An encoder at the start of a body.
    #[must_use]
    pub(super) fn new(transfer: Transfer) -> Self {
        let work = match transfer {
            Transfer::Base64 => Work::Base64(Vec::with_capacity(BASE64_LINE)),
            Transfer::QuotedPrintable => Work::QuotedPrintable(QuotedPrintable::default()),
        };
        Self { work }
    }

    /// Takes the next octets of text; appends what is ready.
    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        match &mut self.work {
            Work::Base64(waiting) => base64(waiting, text, out),
            Work::QuotedPrintable(state) => text.iter().for_each(|octet| state.push(*octet, out)),
        }
    }

    /// Ends the text; appends the rest. A boundary brings its own line end with it, so that a text without one at
    /// its end stays so; with `line_end` (the text is the mail's last) an unfinished line is ended.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, line_end: bool) {
        let within_line = match &mut self.work {
            Work::Base64(waiting) => {
                let within_line = !waiting.is_empty();
                encodify::base64::STANDARD.encode_append(&*waiting, out);
                waiting.clear();
                within_line
            }
            Work::QuotedPrintable(state) => {
                state.finish(out);
                state.column > 0
            }
        };
        if line_end && within_line {
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn base64(waiting: &mut Vec<u8>, text: &[u8], out: &mut Vec<u8>) {
    let missing = (BASE64_LINE - waiting.len()).min(text.len());
    let (first, rest) = text.split_at(missing);
    waiting.extend_from_slice(first);
    if waiting.len() < BASE64_LINE {
        return;
    }
    let mut line = |octets: &[u8]| {
        encodify::base64::STANDARD.encode_append(octets, out);
        out.extend_from_slice(b"\r\n");
    };
    line(waiting);
    waiting.clear();
    let lines = rest.chunks_exact(BASE64_LINE);
    waiting.extend_from_slice(lines.remainder());
    lines.for_each(line);
}

#[derive(Debug, Default)]
struct QuotedPrintable {
    /// Octets in the line being written.
    column: usize,
    /// White space that must be encoded if the line ends here.
    space: Option<u8>,
    after_cr: bool,
}

impl QuotedPrintable {
    fn push(&mut self, octet: u8, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            if octet == b'\n' {
                self.end_line(out);
                return;
            }
            self.flush_space(out);
            self.escaped(b'\r', out);
        }
        match octet {
            b'\r' => self.after_cr = true,
            b' ' | b'\t' => {
                self.flush_space(out);
                self.space = Some(octet);
            }
            // A dot or "From " at the start of a line is touched by mail servers of old.
            b'.' | b'F' if self.column == 0 && self.space.is_none() => self.escaped(octet, out),
            b'!'..=b'<' | b'>'..=b'~' => {
                self.flush_space(out);
                self.literal(octet, out);
            }
            _ => {
                self.flush_space(out);
                self.escaped(octet, out);
            }
        }
    }

    fn flush_space(&mut self, out: &mut Vec<u8>) {
        if let Some(space) = self.space.take() {
            self.literal(space, out);
        }
    }

    fn literal(&mut self, octet: u8, out: &mut Vec<u8>) {
        self.room(1, out);
        out.push(octet);
        self.column += 1;
    }

    fn escaped(&mut self, octet: u8, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        self.room(3, out);
        out.extend_from_slice(&[b'=', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        self.column += 3;
    }

    /// Makes room for `octets` in the line, by a soft line break.
    fn room(&mut self, octets: usize, out: &mut Vec<u8>) {
        if self.column + octets > QUOTED_LINE {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if let Some(space) = self.space.take() {
            self.escaped(space, out);
        }
        out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            self.flush_space(out);
            self.escaped(b'\r', out);
        }
        if let Some(space) = self.space.take() {
            self.escaped(space, out);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn in_pieces(transfer: Transfer, text: &str, size: usize) -> String {
        let (mut encoder, mut out) = (Encoder::new(transfer), Vec::new());
        text.as_bytes().chunks(size).for_each(|piece| encoder.push(piece, &mut out));
        encoder.finish(&mut out, false);
        String::from_utf8(out).unwrap()
    }

    // spec: MAIL-REBUILD
    #[test]
    fn what_is_encoded_decodes_to_the_same_in_short_lines_however_it_is_split() {
        let texts = [
            String::new(),
            "a".to_owned(),
            "From me\r\n.\r\n..x\r\n trailing \r\n\ttab\t\r\n=3D = \r\n\r\n".to_owned(),
            "日本語の本文です。".repeat(40),
            "x".repeat(1000),
            "a ".repeat(80),
            format!("{} \r\n{}\t", "y".repeat(75), "z".repeat(76)),
            "\r\n\r\n".to_owned(),
            "ends in space ".to_owned(),
            "nul \0 bell \u{7} stray\rcr".to_owned(),
        ];
        for text in &texts {
            for transfer in [Transfer::Base64, Transfer::QuotedPrintable] {
                let whole = in_pieces(transfer, text, text.len().max(1));
                for size in [1, 2, 3, 56, 57, 58] {
                    assert_eq!(in_pieces(transfer, text, size), whole, "{transfer:?} {size} {text:?}");
                }
                assert!(whole.split("\r\n").all(|line| line.len() <= 76 && !line.contains(['\r', '\n'])), "{whole}");
                assert!(!whole.contains("=_") && whole.is_ascii());
                let decoded = match transfer {
                    Transfer::Base64 => encodify::base64::MIME.decode(&whole).unwrap(),
                    Transfer::QuotedPrintable => decode_quoted(&whole),
                };
                assert_eq!(decoded, text.as_bytes(), "{transfer:?} {whole:?}");
            }
        }
    }

    /// A decoder that takes nothing but what RFC 2045 allows.
    fn decode_quoted(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first != b'=' {
                assert!(!(matches!(first, b' ' | b'\t') && after.starts_with(b"\r\n")), "white space ends a line");
                out.push(*first);
            } else if let Some(after) = after.strip_prefix(b"\r\n") {
                rest = after;
            } else {
                out.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            }
        }
        out
    }
}
