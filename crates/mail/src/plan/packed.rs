//! Files in a part that was opened (spec MAIL-TNEF), and how any attachment's own octets come out of the mail.

use std::sync::Arc;

use super::Attachment;
use crate::{
    tnef::{self, Extractor},
    transfer::Decoder,
};

/// A file in a TNEF part.
#[derive(Debug, Clone)]
pub struct Packed {
    stream: Arc<tnef::Outline>,
    index: usize,
}

impl Packed {
    pub(super) const fn new(stream: Arc<tnef::Outline>, index: usize) -> Self {
        Self { stream, index }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> Option<&tnef::File> {
        self.stream.files.get(self.index)
    }
}

/// Takes an attachment's octets as they stand in the mail; gives its own.
#[derive(Debug)]
pub struct Unpacker {
    decoder: Decoder,
    extractor: Option<Extractor>,
    decoded: Vec<u8>,
}

/// The stream is not the one that was read: the file is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is not whole")]
pub struct Incomplete;

impl Attachment {
    /// What takes the attachment out of its part's octets.
    #[must_use]
    pub fn unpacker(&self) -> Unpacker {
        let extractor = self.packed.as_ref().and_then(Packed::file).map(tnef::File::extractor);
        Unpacker { decoder: self.decoder(), extractor, decoded: Vec::new() }
    }
}

impl Unpacker {
    /// Takes the next octets; appends what is ready to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let Some(extractor) = &mut self.extractor else { return self.decoder.push(octets, out) };
        self.decoded.clear();
        self.decoder.push(octets, &mut self.decoded);
        extractor.push(&self.decoded, out);
    }

    /// Ends the part; appends the rest to `out`.
    ///
    /// # Errors
    /// [`Incomplete`]: what was given so far is not the file.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Incomplete> {
        let Some(mut extractor) = self.extractor else {
            self.decoder.finish(out);
            return Ok(());
        };
        self.decoded.clear();
        self.decoder.finish(&mut self.decoded);
        extractor.push(&self.decoded, out);
        if extractor.finish(out) { Ok(()) } else { Err(Incomplete) }
    }
}
