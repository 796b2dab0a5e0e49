//! base64 (RFC 2045, 6.8).

use encodify::base64;

use super::Facts;

/// Decodes with every tolerance that loses nothing, and notes what a careful reader would stumble over.
#[derive(Debug, Clone)]
pub(super) struct Base64Decoder {
    symbols: base64::Decoder,
    /// Symbols of the current group of four: kept only for judging the padding.
    phase: usize,
    padding: Padding,
    pub(super) facts: Facts,
}

/// Where the padding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Padding {
    None,
    /// One more `=` belongs to it.
    Open,
    Complete,
}

impl Default for Base64Decoder {
    fn default() -> Self {
        Self { symbols: base64::STANDARD.decoder(), phase: 0, padding: Padding::None, facts: Facts::default() }
    }
}

impl Base64Decoder {
    pub(super) fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        out.reserve(octets.len() / 4 * 3 + 3);
        let mut rest = octets;
        while let Some(first) = rest.first() {
            match first {
                b'\r' | b'\n' | b' ' | b'\t' => rest = &rest[1..],
                b'=' => {
                    self.pad(out);
                    rest = &rest[1..];
                }
                _ => rest = self.symbols(rest, out),
            }
        }
    }

    fn symbols<'a>(&mut self, octets: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let taken = self.symbols.decode_symbols(octets, out);
        if taken == 0 {
            self.facts.stray = true;
            self.facts.after_padding |= self.padding != Padding::None;
            return &octets[1..];
        }
        self.facts.after_padding |= self.padding != Padding::None;
        self.phase = (self.phase + taken) % 4;
        &octets[taken..]
    }

    fn pad(&mut self, out: &mut Vec<u8>) {
        match (self.padding, self.phase) {
            (Padding::None, 2) => self.padding = Padding::Open,
            (Padding::None, 3) | (Padding::Open, 0) => self.padding = Padding::Complete,
            (Padding::None, _) => self.facts.stray = true,
            _ => self.facts.after_padding = true,
        }
        self.symbols.pad(out);
        self.phase = 0;
    }

    /// A group that was cut short gives the whole octets that are in it.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.symbols.pad(out);
        self.phase = 0;
    }
}
