//! Text under a label that nobody here reads.

/// Whether octets that pass are UTF-8, ASCII included: what says so itself is read whatever it is called.
#[derive(Debug, Default)]
pub(crate) struct Utf8Watch {
    /// A character that the octets so far have cut.
    cut: Vec<u8>,
    is_other: bool,
}

impl Utf8Watch {
    /// Takes the next octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
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
