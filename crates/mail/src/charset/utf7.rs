//! UTF-7 (RFC 2152), as a stream.

/// A streaming decoder.
#[derive(Default)]
pub(super) struct Utf7Decoder {
    /// Inside `+…-`.
    shifted: bool,
    /// Nothing came after `+` yet.
    fresh: bool,
    bits: u32,
    count: u32,
    high: Option<u16>,
}

impl Utf7Decoder {
    pub(super) fn push(&mut self, octets: &[u8], out: &mut String) {
        for octet in octets {
            self.octet(*octet, out);
        }
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        self.unshift(out);
    }

    fn octet(&mut self, octet: u8, out: &mut String) {
        if !self.shifted {
            match octet {
                b'+' => (self.shifted, self.fresh) = (true, true),
                0..=0x7f => out.push(char::from(octet)),
                _ => out.push('\u{fffd}'),
            }
            return;
        }
        if let Some(value) = sextet(octet) {
            self.fresh = false;
            self.bits = self.bits << 6 | value;
            self.count += 6;
            if self.count >= 16 {
                self.count -= 16;
                let unit = (self.bits >> self.count) & 0xffff;
                self.bits &= (1 << self.count) - 1;
                self.unit(u16::try_from(unit).unwrap_or(0xfffd), out);
            }
        } else if octet == b'-' {
            if self.fresh {
                out.push('+');
            }
            self.unshift(out);
        } else {
            self.unshift(out);
            self.octet(octet, out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut String) {
        let high = self.high.take();
        match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                out.extend(char::decode_utf16([high, unit]).map(|c| c.unwrap_or('\u{fffd}')));
                return;
            }
            (Some(_), _) => out.push('\u{fffd}'),
            (None, _) => {}
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => out.push(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
        }
    }

    fn unshift(&mut self, out: &mut String) {
        if self.high.is_some() {
            out.push('\u{fffd}');
        }
        *self = Self::default();
    }
}

const fn sextet(octet: u8) -> Option<u32> {
    Some(match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    } as u32)
}
