//! UTF-32, as a stream.

/// A streaming decoder.
#[derive(Default)]
pub(super) struct Utf32Decoder {
    /// Known by the label, by the mark, or by where the zeros of the first character stand.
    little: Option<bool>,
    held: Vec<u8>,
}

impl Utf32Decoder {
    pub(super) fn new(little: Option<bool>) -> Self {
        Self { little, held: Vec::new() }
    }

    pub(super) fn push(&mut self, octets: &[u8], out: &mut String) {
        for octet in octets {
            self.held.push(*octet);
            if let [a, b, c, d] = self.held[..] {
                self.held.clear();
                self.character([a, b, c, d], out);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        if !std::mem::take(&mut self.held).is_empty() {
            out.push('\u{fffd}');
        }
    }

    fn character(&mut self, unit: [u8; 4], out: &mut String) {
        let little = *self.little.get_or_insert(unit[3] == 0 && unit[0] != 0);
        let value = if little { u32::from_le_bytes(unit) } else { u32::from_be_bytes(unit) };
        match char::from_u32(value) {
            Some('\u{feff}') => {}
            Some(c) => out.push(c),
            None => out.push('\u{fffd}'),
        }
    }
}
