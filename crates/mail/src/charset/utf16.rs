//! The order of UTF-16's octets where nobody said it.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The order in which these octets read more like text. Where neither does it is little-endian, which is what Windows
/// writes and what browsers take `utf-16` for; RFC 2781 (4.3) would have the other.
pub(super) fn order(octets: &[u8]) -> &'static Encoding {
    let score = |unit: fn([u8; 2]) -> u16| {
        let (mut score, mut high) = (0, false);
        for pair in octets.as_chunks::<2>().0 {
            let unit = unit(*pair);
            score += plausibility(unit, high);
            high = matches!(unit, 0xd800..=0xdbff);
        }
        score
    };
    if score(u16::from_be_bytes) > score(u16::from_le_bytes) { UTF_16BE } else { UTF_16LE }
}

/// How much this unit speaks for being text, after a high surrogate or not.
const fn plausibility(unit: u16, after_high: bool) -> i64 {
    match unit {
        0x09 | 0x0a | 0x0d | 0x20..=0x7e => 4,
        // Ideographic punctuation and kana, full-width forms.
        0x3000..=0x3003 | 0x3005..=0x3017 | 0x3041..=0x30ff | 0xff01..=0xff9f => 4,
        0x4e00..=0x9fff => 1,
        0xa0..=0x24f | 0x370..=0x4ff | 0x2010..=0x2044 | 0xac00..=0xd7a3 | 0xfeff => 1,
        // A sign, a lone letter of some script: text has them, seldom.
        0x250..=0x36f | 0x500..=0x2fff | 0x3004..=0x4dff | 0xa000..=0xabff | 0xf900..=0xfaff => -1,
        0xd800..=0xdbff => 0,
        0xdc00..=0xdfff if after_high => 1,
        // Lone surrogates, controls, noncharacters (a mark the wrong way round among them), private use.
        0xdc00..=0xdfff | 0xfffe | 0xffff | 0..=0x1f | 0x7f..=0x9f => -8,
        _ => -3,
    }
}
