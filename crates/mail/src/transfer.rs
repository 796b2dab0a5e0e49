//! Content-Transfer-Encoding (RFC 2045, 6), decoded as octets pass.

mod base64;
mod quoted_printable;

use crate::newline::CrFixer;
pub use crate::outline::Encoding;

/// What was seen while decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// base64: something that is neither of the alphabet nor white space, or padding where none can stand.
    pub stray: bool,
    /// base64: something other than white space after the padding.
    pub after_padding: bool,
    /// quoted-printable that is not as RFC 2045, 6.7 has it: a `=` that begins no escape, an octet beyond ASCII, a line longer than RFC 5322, 2.1.1 allows, a
    /// line's end in an escape. Of these, programs make different things.
    pub loose: bool,
}

/// A pushed decoder of one part's body.
#[derive(Debug, Clone)]
pub struct Decoder {
    work: Work,
}

#[derive(Debug, Clone)]
enum Work {
    Identity(CrFixer),
    Base64(base64::Base64Decoder),
    QuotedPrintable(quoted_printable::QuotedPrintableDecoder),
}

impl Decoder {
    /// A decoder at the start of a body. Its memory is a few octets, at most 4 KiB.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        let work = match encoding {
            Encoding::Identity => Work::Identity(CrFixer::new()),
            Encoding::Base64 => Work::Base64(base64::Base64Decoder::default()),
            Encoding::QuotedPrintable => Work::QuotedPrintable(quoted_printable::QuotedPrintableDecoder::default()),
        };
        Self { work }
    }

    /// Takes the next octets as they stand in the mail; appends the decoded ones to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match &mut self.work {
            Work::Identity(fixer) => fixer.push(octets, out),
            Work::Base64(decoder) => decoder.push(octets, out),
            Work::QuotedPrintable(decoder) => decoder.push(octets, out),
        }
    }

    /// Ends the body; appends what waited.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.work {
            Work::Identity(fixer) => fixer.finish(out),
            Work::Base64(decoder) => decoder.finish(out),
            Work::QuotedPrintable(decoder) => decoder.finish(out),
        }
    }

    /// What was seen up to now.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match &self.work {
            Work::Base64(decoder) => decoder.facts,
            Work::QuotedPrintable(decoder) => Facts { loose: decoder.is_loose(), ..Facts::default() },
            Work::Identity(_) => Facts::default(),
        }
    }
}

#[cfg(test)]
mod tests;
