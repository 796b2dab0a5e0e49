//! What the readers of attributes and properties stand on: octets with their place, fixed fields gathered from pieces,
//! what has been kept.

use super::Limits;

/// Why a stream is not opened; English, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

/// Octets, and where they stand in the whole stream.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) octets: &'a [u8],
    pub(super) at: u64,
}

impl<'a> Input<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The next octets, at most `length` of them, as an input of their own.
    pub(super) fn take(&mut self, length: u64) -> Input<'a> {
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.octets.len());
        let (piece, rest) = self.octets.split_at(length);
        let at = self.at;
        self.octets = rest;
        self.at += length as u64;
        Input { octets: piece, at }
    }
}

/// A field of fixed length that may come in pieces.
#[derive(Debug, Default)]
pub(super) struct Gather {
    octets: [u8; 20],
    have: usize,
}

impl Gather {
    /// Takes what is missing of a field of `N` octets (20 at most); gives it once it is whole, and is empty then.
    pub(super) fn fill<const N: usize>(&mut self, input: &mut Input<'_>) -> Option<[u8; N]> {
        const { assert!(N <= 20, "a longer field than any there is") };
        let piece = input.take(N.saturating_sub(self.have) as u64).octets;
        self.octets[self.have..self.have + piece.len()].copy_from_slice(piece);
        self.have += piece.len();
        if self.have < N {
            return None;
        }
        self.have = 0;
        self.octets.first_chunk().copied()
    }

    pub(super) fn number(&mut self, input: &mut Input<'_>) -> Option<u32> {
        self.fill::<4>(input).map(u32::from_le_bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.have == 0
    }
}

/// What all messages of a stream share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) limits: Limits,
    kept: usize,
    texts: usize,
    attachments: usize,
}

impl Context {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { limits, kept: 0, texts: 0, attachments: 0 }
    }

    /// So many octets more are kept.
    pub(super) fn keep(&mut self, octets: usize) -> Result<(), Broken> {
        self.kept = self.kept.saturating_add(octets);
        if self.kept > self.limits.kept { Err(Broken("more text than the limit")) } else { Ok(()) }
    }

    /// A body as text is kept.
    pub(super) fn keep_text(&mut self, text: &str) -> Result<(), Broken> {
        self.texts = self.texts.saturating_add(text.len());
        let limit = self.limits.kept;
        if self.texts > limit { Err(Broken("longer bodies than the limit")) } else { Ok(()) }
    }

    /// An attachment more.
    pub(super) fn attachment(&mut self) -> Result<(), Broken> {
        self.attachments += 1;
        if self.has_too_many() { Err(Broken("more attachments than the limit")) } else { Ok(()) }
    }

    /// Whether there are more attachments than the limit.
    pub(super) const fn has_too_many(&self) -> bool {
        self.attachments > self.limits.attachments
    }
}

/// A value that is kept, up to its limit; it grows as the octets come, whatever length was announced.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) octets: Vec<u8>,
}

impl Kept {
    pub(super) fn push(&mut self, input: &mut Input<'_>, context: &mut Context) -> Result<(), Broken> {
        let octets = input.take(u64::MAX).octets;
        context.keep(octets.len())?;
        self.octets.extend_from_slice(octets);
        Ok(())
    }
}
