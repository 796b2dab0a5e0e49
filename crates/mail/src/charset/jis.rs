//! ISO-2022-JP (RFC 1468) with all that is sent under its name: cp50221's half-width katakana and its NEC and IBM
//! rows, SO/SI, JIS X 0212 (RFC 2237), empty shifts, shifts left open at a line's end.

use encoding_rs::EUC_JP;

/// A streaming decoder. The character sets are those of EUC-JP in another dress, so each character goes through its table.
#[derive(Default)]
pub(super) struct JisDecoder {
    set: Set,
    /// SO: the next octets are katakana.
    shifted: bool,
    /// ESC and what followed it, while it is no complete sequence.
    escape: Vec<u8>,
    /// The first octet of a character of two.
    lead: Option<u8>,
    /// Whole characters in EUC-JP.
    euc: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Set {
    #[default]
    Ascii,
    Roman,
    Katakana,
    Jis0208,
    Jis0212,
}

const SEQUENCES: &[(&[u8], Option<Set>)] = &[
    (b"\x1b(B", Some(Set::Ascii)),
    (b"\x1b(J", Some(Set::Roman)),
    (b"\x1b(H", Some(Set::Roman)),
    (b"\x1b(I", Some(Set::Katakana)),
    (b"\x1b$@", Some(Set::Jis0208)),
    (b"\x1b$B", Some(Set::Jis0208)),
    (b"\x1b$(@", Some(Set::Jis0208)),
    (b"\x1b$(B", Some(Set::Jis0208)),
    // JIS X 0213's first plane has JIS X 0208 in its place.
    (b"\x1b$(O", Some(Set::Jis0208)),
    (b"\x1b$(Q", Some(Set::Jis0208)),
    (b"\x1b$(D", Some(Set::Jis0212)),
    // "The 1990 revision": a prefix to ESC $ B.
    (b"\x1b&@", None),
];

impl JisDecoder {
    pub(super) fn push(&mut self, octets: &[u8], out: &mut String) {
        for octet in octets {
            self.octet(*octet, out);
        }
        self.flush(out);
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        self.broken(out);
        if !self.escape.is_empty() {
            self.not_a_sequence(out);
        }
        self.broken(out);
        self.flush(out);
        *self = Self::default();
    }

    fn octet(&mut self, octet: u8, out: &mut String) {
        if octet == 0x1b {
            self.broken(out);
            if !self.escape.is_empty() {
                self.not_a_sequence(out);
            }
            self.escape.push(octet);
        } else if self.escape.is_empty() {
            self.text(octet, out);
        } else {
            self.escape.push(octet);
            self.escaped(out);
        }
    }

    fn escaped(&mut self, out: &mut String) {
        let mut open = false;
        for (sequence, set) in SEQUENCES {
            if *sequence == self.escape {
                if let Some(set) = set {
                    self.set = *set;
                    self.shifted = false;
                }
                self.escape.clear();
                return;
            }
            open |= sequence.starts_with(&self.escape);
        }
        if !open {
            self.not_a_sequence(out);
        }
    }

    fn not_a_sequence(&mut self, out: &mut String) {
        let octets = std::mem::take(&mut self.escape);
        self.flush(out);
        out.push('\u{fffd}');
        for octet in octets.iter().skip(1) {
            self.text(*octet, out);
        }
    }

    fn text(&mut self, octet: u8, out: &mut String) {
        let set = if self.shifted { Set::Katakana } else { self.set };
        match (octet, set) {
            (b'\r' | b'\n', _) => {
                self.broken(out);
                self.euc.push(octet);
                self.set = Set::Ascii;
                self.shifted = false;
            }
            (0x0e, _) => self.shifted = true,
            (0x0f, _) => self.shifted = false,
            (0x21..=0x7e, Set::Jis0208 | Set::Jis0212) => match self.lead.take() {
                None => self.lead = Some(octet),
                Some(lead) => {
                    if set == Set::Jis0212 {
                        self.euc.push(0x8f);
                    }
                    self.euc.extend_from_slice(&[lead | 0x80, octet | 0x80]);
                }
            },
            (0x21..=0x5f, Set::Katakana) => self.euc.extend_from_slice(&[0x8e, octet | 0x80]),
            // Half-width katakana in eight bits, as some send it between the sequences.
            (0xa1..=0xdf, Set::Ascii | Set::Roman | Set::Katakana) => self.euc.extend_from_slice(&[0x8e, octet]),
            (0x5c, Set::Roman) => self.char('\u{a5}', out),
            (0x7e, Set::Roman) => self.char('\u{203e}', out),
            (0..=0x20 | 0x7f, _) | (0x21..=0x7e, Set::Ascii | Set::Roman) => {
                self.broken(out);
                self.euc.push(octet);
            }
            _ => {
                self.lead = None;
                self.char('\u{fffd}', out);
            }
        }
    }

    /// A first octet without its second.
    fn broken(&mut self, out: &mut String) {
        if self.lead.take().is_some() {
            self.char('\u{fffd}', out);
        }
    }

    fn char(&mut self, c: char, out: &mut String) {
        self.flush(out);
        out.push(c);
    }

    fn flush(&mut self, out: &mut String) {
        if !self.euc.is_empty() {
            out.push_str(&EUC_JP.decode_without_bom_handling(&self.euc).0);
            self.euc.clear();
        }
    }
}
