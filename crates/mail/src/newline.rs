//! Line ends. RFC 5321, 2.3.8: CRLF and nothing else ends a line; spec MAIL-NONE, 3.4a: a bare LF is made CRLF.

use memchr::{memchr, memchr2};

/// A pushed filter over a mail as it is received: a bare LF becomes CRLF, everything else stays (a bare CR too).
/// All offsets in this crate are offsets in what this gives.
#[derive(Debug, Clone, Default)]
pub struct Normalizer {
    after_cr: bool,
}

impl Normalizer {
    /// A filter at the start of a mail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next octets; appends them, normalised, to `out`. Nothing is held back.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        while let Some(at) = memchr(b'\n', rest) {
            let after_cr = if at == 0 { self.after_cr } else { rest[at - 1] == b'\r' };
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(if after_cr { b"\n" } else { b"\r\n" });
            rest = &rest[at + 1..];
            self.after_cr = false;
        }
        out.extend_from_slice(rest);
        if let Some(last) = rest.last() {
            self.after_cr = *last == b'\r';
        }
    }
}

/// A pushed filter over what is sent: a bare CR becomes CRLF, and so does a bare LF, so that nothing leaves with either.
#[derive(Debug, Clone, Default)]
pub struct CrFixer {
    after_cr: bool,
}

impl CrFixer {
    /// A filter at the start of what is written.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next octets; appends what is ready to `out`. A CR at the end waits for what follows it.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        if self.after_cr
            && let Some((first, others)) = rest.split_first()
        {
            out.extend_from_slice(b"\r\n");
            self.after_cr = false;
            if *first == b'\n' {
                rest = others;
            }
        }
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            out.extend_from_slice(&rest[..at]);
            match (rest[at], rest.get(at + 1)) {
                (b'\r', None) => {
                    self.after_cr = true;
                    return;
                }
                (b'\r', Some(b'\n')) => {
                    out.extend_from_slice(b"\r\n");
                    rest = &rest[at + 2..];
                }
                _ => {
                    out.extend_from_slice(b"\r\n");
                    rest = &rest[at + 1..];
                }
            }
        }
        out.extend_from_slice(rest);
    }

    /// Ends what is written; appends what waited.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut filter, mut out) = (Normalizer::new(), Vec::new());
        pieces.iter().for_each(|piece| filter.push(piece, &mut out));
        out
    }

    fn fixed(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut filter, mut out) = (CrFixer::new(), Vec::new());
        pieces.iter().for_each(|piece| filter.push(piece, &mut out));
        filter.finish(&mut out);
        out
    }

    // spec: MAIL-NONE
    #[test]
    fn a_bare_lf_becomes_crlf_wherever_the_octets_are_split() {
        let mail = b"a\r\nb\nc\n\nd\re\r\r\n\n\r";
        let expected = b"a\r\nb\r\nc\r\n\r\nd\re\r\r\n\r\n\r";
        for first in 0..=mail.len() {
            for second in first..=mail.len() {
                let pieces = [&mail[..first], &mail[first..second], &mail[second..]];
                assert_eq!(normalised(&pieces), expected, "{first} {second}");
            }
        }
    }

    // spec: 3.4a (bare CR in a body is made CRLF)
    #[test]
    fn nothing_leaves_with_a_bare_cr_or_lf() {
        let mail = b"a\r\nb\rc\r\rd\ne\r\r\n\n\r";
        let expected = b"a\r\nb\r\nc\r\n\r\nd\r\ne\r\n\r\n\r\n\r\n";
        for first in 0..=mail.len() {
            for second in first..=mail.len() {
                let pieces = [&mail[..first], &mail[first..second], &mail[second..]];
                assert_eq!(fixed(&pieces), expected, "{first} {second}");
            }
        }
    }
}
