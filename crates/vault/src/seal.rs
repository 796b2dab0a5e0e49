//! Chunks (spec KEEP-CRYPT). Pure: octets in, octets out.
//!
//! An object's plaintext is cut into chunks of 64 KiB. Each is sealed by AES-256-GCM under the object's own key, with the
//! chunk's number as the nonce: the key belongs to one object that is written once, so no nonce comes twice. What is
//! authenticated beside the octets says which chunk of which object this is and whether it is the last:
//!
//! ```text
//! format (1) | object id (16) | chunk number (8, big-endian) | 1 if last, else 0 (1)
//! ```
//!
//! So a chunk that was flipped, moved, doubled, left out or taken from another object does not open. The stored object
//! is the sealed chunks one after another, each 16 octets longer than its plaintext, and nothing else: its length
//! follows from the plaintext's. An empty object is one empty last chunk.

use std::ops::Range;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use fubako_base::ids::ObjectId;

/// Octets of plaintext in a chunk; the last may have fewer.
pub const CHUNK: usize = 64 << 10;
/// Octets that sealing adds to a chunk.
pub const TAG: usize = 16;
/// Octets of a full chunk as it is stored.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// The format described above. Kept with the object's wrapped key.
pub const FORMAT: u8 = 1;

const CHUNK_U64: u64 = CHUNK as u64;
const TAG_U64: u64 = TAG as u64;
const SEALED_CHUNK_U64: u64 = SEALED_CHUNK as u64;

/// A chunk does not open: it, its place or its key is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunk is not authentic")]
pub struct NotAuthentic;

/// A chunk cannot be sealed: it is longer than 64 KiB, comes after the last one, or the cipher failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunk cannot be sealed")]
pub struct CannotSeal;

/// How many chunks an object with `length` octets of plaintext has. At least one.
#[must_use]
pub const fn chunks(length: u64) -> u64 {
    let whole = length.div_ceil(CHUNK_U64);
    if whole == 0 { 1 } else { whole }
}

/// Octets that an object with `length` octets of plaintext takes in the storage (held at the top of the range).
#[must_use]
pub const fn stored_length(length: u64) -> u64 {
    length.saturating_add(chunks(length).saturating_mul(TAG_U64))
}

/// Octets of plaintext in an object that takes `stored` octets; none where no object takes so many.
#[must_use]
pub const fn plain_length(stored: u64) -> Option<u64> {
    let (full, rest) = (stored / SEALED_CHUNK_U64, stored % SEALED_CHUNK_U64);
    match (full, rest) {
        (0, 0) => None,
        (_, 0) => Some(full * CHUNK_U64),
        (0, TAG_U64) => Some(0),
        (_, ..=TAG_U64) => None,
        _ => Some(full * CHUNK_U64 + (rest - TAG_U64)),
    }
}

/// The numbers of the chunks that hold `range` of a plaintext with `length` octets. A range without octets needs no
/// chunk; but an empty object's only one is always needed, since it is what proves that the object is empty.
#[must_use]
pub const fn chunks_of(range: &Range<u64>, length: u64) -> Range<u64> {
    if length == 0 {
        return 0..1;
    }
    let end = if range.end < length { range.end } else { length };
    if range.start >= end {
        return 0..0;
    }
    range.start / CHUNK_U64..end.div_ceil(CHUNK_U64)
}

/// Where those chunks lie in the stored object.
#[must_use]
pub const fn stored_range(chunks: &Range<u64>, length: u64) -> Range<u64> {
    let all = stored_length(length);
    let (start, end) = (chunks.start.saturating_mul(SEALED_CHUNK_U64), chunks.end.saturating_mul(SEALED_CHUNK_U64));
    if end < all { start..end } else { start..all }
}

/// Seals one object's chunks in their order; each number is used once.
pub struct Sealer {
    chunks: Chunks,
    /// None after the last.
    next: Option<u64>,
}

impl Sealer {
    /// For the object `id`, whose key has sealed nothing yet.
    ///
    /// # Errors
    /// [`CannotSeal`] when the cipher fails.
    pub fn new(key: &[u8; 32], id: ObjectId) -> Result<Self, CannotSeal> {
        Ok(Self { chunks: Chunks::new(key, id).ok_or(CannotSeal)?, next: Some(0) })
    }

    /// Seals the next chunk where it stands and appends its tag. Every chunk but the last must be full.
    ///
    /// # Errors
    /// [`CannotSeal`].
    pub fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), CannotSeal> {
        let number = self.next.take().ok_or(CannotSeal)?;
        let fits = if last { chunk.len() <= CHUNK } else { chunk.len() == CHUNK };
        if !fits {
            return Err(CannotSeal);
        }
        let about = Aad::from(self.chunks.about(number, last));
        self.chunks.key.seal_in_place_append_tag(nonce(number), about, chunk).map_err(|_| CannotSeal)?;
        if !last {
            self.next = number.checked_add(1);
        }
        Ok(())
    }
}

/// Opens one object's chunks, in any order.
pub struct Opener {
    chunks: Chunks,
}

impl Opener {
    /// For the object `id`; none when the cipher fails.
    #[must_use]
    pub fn new(key: &[u8; 32], id: ObjectId) -> Option<Self> {
        Some(Self { chunks: Chunks::new(key, id)? })
    }

    /// Opens a sealed chunk where it stands and gives its plaintext. What is left in `sealed` after an error is no
    /// plaintext.
    ///
    /// # Errors
    /// [`NotAuthentic`].
    pub fn open<'a>(&self, number: u64, last: bool, sealed: &'a mut [u8]) -> Result<&'a mut [u8], NotAuthentic> {
        if sealed.len() > SEALED_CHUNK {
            return Err(NotAuthentic);
        }
        let about = Aad::from(self.chunks.about(number, last));
        self.chunks.key.open_in_place(nonce(number), about, sealed).map_err(|_| NotAuthentic)
    }
}

/// What sealing and opening share.
struct Chunks {
    key: LessSafeKey,
    id: ObjectId,
}

impl Chunks {
    fn new(key: &[u8; 32], id: ObjectId) -> Option<Self> {
        Some(Self { key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?), id })
    }

    fn about(&self, number: u64, last: bool) -> [u8; 26] {
        let mut about = [0; 26];
        about[0] = FORMAT;
        about[1..17].copy_from_slice(self.id.octets());
        about[17..25].copy_from_slice(&number.to_be_bytes());
        about[25] = u8::from(last);
        about
    }
}

fn nonce(number: u64) -> Nonce {
    let mut octets = [0; NONCE_LEN];
    octets[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(octets)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn id(octet: u8) -> ObjectId {
        ObjectId::from_octets([octet; 16])
    }

    /// The sealed chunks of an object.
    fn seal(id: ObjectId, plain: &[u8]) -> Vec<Vec<u8>> {
        let mut sealer = Sealer::new(&KEY, id).unwrap();
        let total = chunks(plain.len() as u64);
        (0..total)
            .map(|number| {
                let start = usize::try_from(number).unwrap() * CHUNK;
                let mut chunk = plain[start..plain.len().min(start + CHUNK)].to_vec();
                sealer.seal(&mut chunk, number + 1 == total).unwrap();
                chunk
            })
            .collect()
    }

    // spec: KEEP-CRYPT
    #[test]
    fn lengths_at_the_borders() {
        for (plain, count, stored) in [
            (0, 1, 16),
            (1, 1, 17),
            (65_535, 1, 65_551),
            (65_536, 1, 65_552),
            (65_537, 2, 65_569),
            (131_072, 2, 131_104),
            (131_073, 3, 131_121),
        ] {
            assert_eq!((chunks(plain), stored_length(plain)), (count, stored), "{plain}");
            assert_eq!(plain_length(stored), Some(plain));
        }
        // No object takes so many octets: a chunk cut into its tag, or an empty chunk after a full one.
        for stored in [0, 1, 15, 65_553, 65_568] {
            assert_eq!(plain_length(stored), None, "{stored}");
        }
        // Lengths from a damaged row are only numbers.
        assert_eq!(stored_length(u64::MAX), u64::MAX);
        assert_eq!(plain_length(u64::MAX).map(|_| ()), Some(()));
    }

    proptest! {
        #[test]
        fn length_and_stored_length_are_inverse(length in 0u64..1 << 50) {
            prop_assert_eq!(plain_length(stored_length(length)), Some(length));
        }

        #[test]
        fn the_chunks_of_a_range_hold_it_and_no_more(length in 1u64..1 << 24, a: u64, b: u64) {
            let (a, b) = (a % length, b % length + 1);
            let range = a.min(b - 1)..a.max(b - 1) + 1;
            let chunks = chunks_of(&range, length);
            prop_assert!(chunks.start * CHUNK_U64 <= range.start && range.start < (chunks.start + 1) * CHUNK_U64);
            prop_assert!((chunks.end - 1) * CHUNK_U64 < range.end && range.end <= chunks.end * CHUNK_U64);
            let stored = stored_range(&chunks, length);
            prop_assert_eq!(stored.start % SEALED_CHUNK_U64, 0);
            prop_assert!(stored.end == stored_length(length) || stored.end.is_multiple_of(SEALED_CHUNK_U64));
        }
    }

    #[test]
    fn a_range_without_octets_needs_no_chunk_save_in_an_empty_object() {
        assert_eq!(chunks_of(&(5..5), 10), 0..0);
        assert_eq!(chunks_of(&(10..u64::MAX), 10), 0..0);
        assert_eq!(chunks_of(&(0..0), 0), 0..1);
        assert_eq!(stored_range(&(0..1), 0), 0..16);
    }

    // spec: KEEP-CRYPT
    #[test]
    fn a_chunk_opens_in_its_own_place_only() {
        let plain: Vec<u8> = (0..=250).cycle().take(CHUNK + 9).collect();
        let sealed = seal(id(1), &plain);
        let opener = Opener::new(&KEY, id(1)).unwrap();
        for (number, last, right) in [(0, false, true), (0, true, false), (1, false, false)] {
            let opened = opener.open(number, last, &mut sealed[0].clone()).map(|p| p.to_vec());
            assert_eq!(opened.is_ok(), right, "chunk 0 as {number}, last {last}");
            assert!(!right || opened.unwrap() == plain[..CHUNK]);
        }
        assert!(opener.open(1, true, &mut sealed[1].clone()).is_ok());
        // Made the end of the object by cutting what follows:
        assert!(opener.open(0, true, &mut sealed[0].clone()).is_err());
        // In another object, or with another key:
        assert!(Opener::new(&KEY, id(2)).unwrap().open(0, false, &mut sealed[0].clone()).is_err());
        assert!(Opener::new(&[8; 32], id(1)).unwrap().open(0, false, &mut sealed[0].clone()).is_err());
        // Too short for a tag, or longer than any chunk:
        assert!(opener.open(0, false, &mut []).is_err());
        assert!(opener.open(0, false, &mut vec![0; SEALED_CHUNK + 1]).is_err());
    }

    // spec: KEEP-CRYPT
    #[test]
    fn no_two_chunks_have_a_nonce_in_common() {
        // Under one nonce, equal plaintexts would be equal again when sealed, and their difference would show.
        let sealed = seal(id(1), &vec![0; 260 * CHUNK]);
        let mut beginnings: Vec<&[u8]> = sealed.iter().map(|chunk| &chunk[..16]).collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        assert_eq!(beginnings.len(), 260);
    }

    #[test]
    fn what_does_not_open_leaves_no_plaintext_behind() {
        let plain = vec![0x5a; CHUNK];
        let mut sealed = seal(id(1), &plain).remove(0);
        sealed[CHUNK + 3] ^= 1;
        assert!(Opener::new(&KEY, id(1)).unwrap().open(0, true, &mut sealed).is_err());
        assert!(!sealed.windows(16).any(|window| window == [0x5a; 16]));
    }

    #[test]
    fn a_sealer_keeps_to_the_order() {
        let mut sealer = Sealer::new(&KEY, id(1)).unwrap();
        assert_eq!(sealer.seal(&mut vec![0; CHUNK - 1], false), Err(CannotSeal), "a short chunk in the middle");
        let mut sealer = Sealer::new(&KEY, id(1)).unwrap();
        assert_eq!(sealer.seal(&mut vec![0; CHUNK + 1], true), Err(CannotSeal), "too long");
        let mut sealer = Sealer::new(&KEY, id(1)).unwrap();
        sealer.seal(&mut Vec::new(), true).unwrap();
        assert_eq!(sealer.seal(&mut Vec::new(), true), Err(CannotSeal), "after the last");
    }
}
