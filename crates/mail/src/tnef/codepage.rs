//! Windows code pages (MS-UCODEREF, 2.2.1) and the texts that are written in them.

use crate::charset::{decode_all, guess, label_of};

/// A message's code pages, where it says so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Codepages {
    /// attOemCodepage, PidTagMessageCodepage, or the outer message's: what 8-bit strings are in.
    pub(super) strings: Option<u32>,
    /// PidTagInternetCodepage: what PidTagHtml is in.
    pub(super) html: Option<u32>,
}

impl Codepages {
    /// An 8-bit string up to its NUL. One that is no text in its code page is looked at itself (Japanese Outlook has
    /// written Shift_JIS under other code pages).
    pub(super) fn string8(&self, octets: &[u8]) -> String {
        let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
        decode(self.strings, octets)
    }

    /// HTML as octets.
    pub(super) fn html(&self, octets: &[u8]) -> String {
        let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        decode(self.html, &octets[..end])
    }
}

/// Text in a code page; looked at itself where the code page is not known or the text is none in it.
pub(super) fn decode(codepage: Option<u32>, octets: &[u8]) -> String {
    let Some(label) = codepage.and_then(label_of) else { return guess(octets) };
    let text = decode_all(Some(&label), octets);
    if text.contains('\u{fffd}') {
        let guessed = guess(octets);
        if !guessed.contains('\u{fffd}') {
            return guessed;
        }
    }
    text
}

/// UTF-16, little-endian, up to its NUL.
pub(super) fn utf16(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}
