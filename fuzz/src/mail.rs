//! A mail read as the gateway reads it, and what holds of every reading.

use std::collections::BTreeMap;

use fubako_mail::{
    Outline, Part, PartId,
    newline::Normalizer,
    reader::{Limits, Observer, Reader},
    transfer::Decoder,
};

/// What came of a mail.
pub struct Read {
    pub outline: Outline,
    /// The parts' decoded octets as they were shown.
    pub octets: BTreeMap<PartId, Vec<u8>>,
}

#[derive(Default)]
struct Shown {
    octets: BTreeMap<PartId, Vec<u8>>,
    open: Vec<PartId>,
}

impl Observer for Shown {
    fn part_began(&mut self, id: PartId, _: &Part) {
        assert_eq!(self.octets.insert(id, Vec::new()), None);
        self.open.push(id);
    }

    fn decoded(&mut self, id: PartId, octets: &[u8]) {
        assert_eq!(self.open.last(), Some(&id), "octets of a part that is not open");
        self.octets.get_mut(&id).expect("a part that began").extend_from_slice(octets);
    }

    fn part_ended(&mut self, id: PartId) {
        assert_eq!(self.open.pop(), Some(id));
    }
}

/// The mail with every bare LF made CRLF.
pub fn normalised(data: &[u8]) -> Vec<u8> {
    let (mut filter, mut mail) = (Normalizer::new(), Vec::new());
    filter.push(data, &mut mail);
    mail
}

/// Reads a normalised mail in these pieces.
pub fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Read {
    let (mut reader, mut shown) = (Reader::new(limits), Shown::default());
    pieces.into_iter().for_each(|piece| reader.push_with(piece, &mut shown));
    let outline = reader.finish_with(&mut shown);
    assert_eq!(shown.open, [], "parts that did not end");
    Read { outline, octets: shown.octets }
}

/// A place in the mail.
pub fn place(mail: &[u8], range: &std::ops::Range<u64>) -> std::ops::Range<usize> {
    assert!(range.start <= range.end && range.end <= mail.len() as u64, "{range:?} of {}", mail.len());
    range.start as usize..range.end as usize
}

/// A part's octets, decoded.
pub fn decoded<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    pieces.into_iter().for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    out
}
