//! Text under a label that nobody here reads, and text that is not what its label says.

use memchr::memmem;

use super::TextDecoder;

/// Characters that may be lost of a text before it is none in the charset that it says.
const FEW: usize = 3;
/// U+FFFD in UTF-8.
const LOST: &str = "\u{fffd}";

/// Whether octets that pass are UTF-8, ASCII included: what says so itself is read whatever it is called. What leads from ASCII to
/// something else (an escape, SO, `~{` in HZ) is none.
#[derive(Debug, Default)]
pub(crate) struct Utf8Watch {
    /// A character that the octets so far have cut.
    cut: Vec<u8>,
    /// The last octet.
    last: u8,
    is_other: bool,
}

impl Utf8Watch {
    /// Takes the next octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.is_other |= octets.iter().any(|octet| {
            let before = std::mem::replace(&mut self.last, *octet);
            matches!((before, *octet), (_, 0x1b | 0x0e) | (b'~', b'{'))
        });
        if self.is_other || self.cut.is_empty() && octets.is_ascii() {
            return;
        }
        self.cut.extend_from_slice(octets);
        match std::str::from_utf8(&self.cut) {
            Ok(_) => self.cut.clear(),
            Err(error) if error.error_len().is_none() => {
                self.cut.drain(..error.valid_up_to());
            }
            Err(_) => (self.is_other, self.cut) = (true, Vec::new()),
        }
    }

    /// Whether they were something else.
    pub(crate) fn finish(self) -> bool {
        self.is_other || !self.cut.is_empty()
    }
}

/// How much of a text is lost when it is written afresh: characters that are none in the charset that it says.
#[derive(Debug)]
pub(crate) struct LossWatch {
    decoder: TextDecoder,
    text: String,
    lost: usize,
    /// Such as were lost before.
    stood: usize,
    /// The last octets, in which one may begin.
    tail: Vec<u8>,
}

impl LossWatch {
    /// For a body with this label, as [`TextDecoder::of_body`].
    pub(crate) fn new(is_html: bool, label: Option<&str>) -> Self {
        let decoder = TextDecoder::of_body(is_html, label);
        Self { decoder, text: String::new(), lost: 0, stood: 0, tail: Vec::new() }
    }

    /// Takes the next octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.decoder.push(octets, &mut self.text);
        self.count();
        if self.tail.is_empty() && octets.is_ascii() {
            return;
        }
        self.tail.extend_from_slice(octets);
        self.stood += memmem::find_iter(&self.tail, LOST).count();
        self.tail.drain(..self.tail.len().saturating_sub(LOST.len() - 1));
    }

    fn count(&mut self) {
        self.lost += memmem::find_iter(self.text.as_bytes(), LOST).count();
        self.text.clear();
    }

    /// Whether more than a few were lost.
    pub(crate) fn finish(mut self) -> bool {
        self.decoder.finish(&mut self.text);
        self.count();
        self.lost.saturating_sub(self.stood) > FEW
    }
}
