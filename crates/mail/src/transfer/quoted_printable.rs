//! quoted-printable (RFC 2045, 6.7).

use memchr::memchr2;

/// White space at a line's end is held back, to be dropped, up to this many octets at a time.
const MAX_HELD: usize = 4096;
/// Octets of a line (RFC 5322, 2.1.1). Of a longer one some read pieces.
const MAX_LINE: usize = 998;

/// Decodes; what is no escape stays literally (spec 3.4a).
#[derive(Debug, Clone, Default)]
pub(super) struct QuotedPrintableDecoder {
    state: State,
    /// White space that is dropped if a line end follows.
    held: Vec<u8>,
    /// Octets of the line, as it is encoded.
    line: usize,
    is_loose: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After a CR in text.
    Cr,
    /// After `=`.
    Escape,
    /// After `=` and this hexadecimal digit.
    Digit(u8),
    /// After `=` and white space, which is in `held`.
    SoftSpace,
    /// After `=`, white space and CR.
    SoftCr,
}

impl QuotedPrintableDecoder {
    /// Whether there was something of which others make something else: what is no escape, a line of which they read pieces, an escape that is a line's end.
    pub(super) const fn is_loose(&self) -> bool {
        self.is_loose
    }

    pub(super) fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.measure(octets);
        let mut rest = octets;
        while let Some(first) = rest.first() {
            if self.state == State::Text {
                rest = self.text(rest, out);
            } else if self.escape(*first, out) {
                rest = &rest[1..];
            }
        }
    }

    fn measure(&mut self, octets: &[u8]) {
        for line in octets.split_inclusive(|octet| matches!(octet, b'\r' | b'\n')) {
            let end = usize::from(line.ends_with(b"\r") || line.ends_with(b"\n"));
            self.line += line.len() - end;
            self.is_loose |= self.line > MAX_LINE || !line.is_ascii();
            self.line *= 1 - end;
        }
    }

    /// Takes literal octets up to and including the next one that means something.
    fn text<'a>(&mut self, octets: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let end = memchr2(b'=', b'\r', octets).unwrap_or(octets.len());
        let literal = &octets[..end];
        let kept = literal.iter().rposition(|octet| !is_space(*octet)).map_or(0, |at| at + 1);
        if kept > 0 {
            out.append(&mut self.held);
            out.extend_from_slice(&literal[..kept]);
        }
        self.hold(&literal[kept..], out);
        match octets.get(end) {
            Some(b'=') => {
                out.append(&mut self.held);
                self.state = State::Escape;
            }
            Some(_) => self.state = State::Cr,
            None => return &[],
        }
        &octets[end + 1..]
    }

    fn hold(&mut self, space: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(space);
        let over = self.held.len() / MAX_HELD * MAX_HELD;
        out.extend(self.held.drain(..over));
    }

    /// Takes one octet in any state but text; false: it is still to be read, as text.
    fn escape(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        let state = std::mem::take(&mut self.state);
        match (state, octet) {
            // A bare CR in a body is a line end as well (spec 3.4a).
            (State::Cr, _) => {
                self.held.clear();
                out.extend_from_slice(b"\r\n");
                octet == b'\n'
            }
            (State::Escape, b' ' | b'\t') => {
                self.state = State::SoftSpace;
                self.held.push(octet);
                true
            }
            (State::SoftSpace, b' ' | b'\t') if self.held.len() < MAX_HELD - 1 => {
                self.state = State::SoftSpace;
                self.held.push(octet);
                true
            }
            (State::Escape | State::SoftSpace, b'\r') => {
                self.state = State::SoftCr;
                true
            }
            (State::SoftCr, _) => {
                self.held.clear();
                octet == b'\n'
            }
            (State::Escape, _) if octet.is_ascii_hexdigit() => {
                self.state = State::Digit(octet);
                true
            }
            (State::Digit(high), _) if octet.is_ascii_hexdigit() => {
                let octet = hex(high) << 4 | hex(octet);
                self.is_loose |= matches!(octet, b'\r' | b'\n');
                out.push(octet);
                true
            }
            (State::Digit(high), _) => {
                self.is_loose = true;
                out.extend_from_slice(&[b'=', high]);
                false
            }
            // Literally: what is in `held` follows as white space of the text does.
            (State::Escape | State::SoftSpace | State::Text, _) => {
                self.is_loose = true;
                out.push(b'=');
                false
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.state) {
            State::Cr => out.extend_from_slice(b"\r\n"),
            State::Digit(high) => out.extend_from_slice(&[b'=', high]),
            // A body that ends in `=` ends in a soft line break.
            State::Text | State::Escape | State::SoftSpace | State::SoftCr => {}
        }
        self.held.clear();
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// The value of a hexadecimal digit of either case.
const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
