//! What undeclared octets are. Japanese mailers put raw ISO-2022-JP, Shift_JIS and EUC-JP into headers; European ones Latin-1.

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::{JisDecoder, Work};

/// What octets were judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Jis,
    Other(&'static Encoding),
}

impl Judgement {
    pub(super) fn work(self) -> Work {
        match self {
            Self::Jis => Work::Jis(JisDecoder::default()),
            Self::Other(encoding) => Work::Known(encoding.new_decoder_without_bom_handling()),
        }
    }
}

/// Text whose charset nobody declared, such as a header's raw octets: ISO-2022-JP by its escapes, else UTF-8 if it is
/// valid, else Shift_JIS or EUC-JP if it reads like Japanese, else windows-1252.
#[must_use]
pub fn guess(octets: &[u8]) -> String {
    if octets.is_ascii() && !octets.contains(&0x1b) {
        return String::from_utf8_lossy(octets).into_owned();
    }
    match judge(octets, true) {
        Judgement::Jis => {
            let (mut decoder, mut out) = (JisDecoder::default(), String::new());
            decoder.push(octets, &mut out);
            decoder.finish(&mut out);
            out
        }
        Judgement::Other(encoding) => encoding.decode_without_bom_handling(octets).0.into_owned(),
    }
}

/// `whole`: the octets are all there are, so that a character cut at their end is a broken one.
pub(super) fn judge(octets: &[u8], whole: bool) -> Judgement {
    if octets.windows(2).any(|pair| matches!(pair, [0x1b, b'$' | b'('])) {
        return Judgement::Jis;
    }
    Judgement::Other(match std::str::from_utf8(octets) {
        Ok(_) => UTF_8,
        Err(error) if !whole && error.error_len().is_none() => UTF_8,
        Err(_) => match (shift_jis_score(octets, whole), euc_jp_score(octets, whole)) {
            (sjis, euc) if euc > 0 && euc > sjis => EUC_JP,
            (sjis, _) if sjis > 0 => SHIFT_JIS,
            _ => WINDOWS_1252,
        },
    })
}

const IMPOSSIBLE: i64 = i64::MIN;

/// How much octets read like Japanese in Shift_JIS: kana and everyday kanji speak for it, rare ones and lone half-width
/// katakana (which Latin-1's accented letters look like) against.
fn shift_jis_score(octets: &[u8], whole: bool) -> i64 {
    let mut score = 0;
    let mut at = 0;
    let mut katakana_before = false;
    while let Some(lead) = octets.get(at) {
        let mut katakana = false;
        at += 1;
        match lead {
            0..=0x7f => {}
            0xa1..=0xdf => {
                katakana = true;
                let more = katakana_before || octets.get(at).is_some_and(|next| matches!(next, 0xa1..=0xdf));
                score += if more { 1 } else { -2 };
            }
            0x81..=0x9f | 0xe0..=0xef | 0xfa..=0xfc => {
                match octets.get(at) {
                    Some(0x40..=0x7e | 0x80..=0xfc) => {}
                    None if !whole => return score,
                    _ => return IMPOSSIBLE,
                }
                at += 1;
                score += match lead {
                    0x82 | 0x83 => 4,
                    0x81 => 2,
                    0x88..=0x97 => 3,
                    0x84..=0x87 | 0x98..=0x9f => 1,
                    _ => -1,
                };
            }
            _ => return IMPOSSIBLE,
        }
        katakana_before = katakana;
    }
    score
}

/// The same for EUC-JP.
fn euc_jp_score(octets: &[u8], whole: bool) -> i64 {
    let mut score = 0;
    let mut at = 0;
    while let Some(lead) = octets.get(at) {
        let length = match lead {
            0..=0x7f => 1,
            0x8e | 0xa1..=0xfe => 2,
            0x8f => 3,
            _ => return IMPOSSIBLE,
        };
        match octets.get(at + 1..at + length) {
            Some(trail) if trail.iter().all(|octet| matches!(octet, 0xa1..=0xfe)) => {}
            None if !whole => return score,
            _ => return IMPOSSIBLE,
        }
        at += length;
        score += match lead {
            0..=0x7f => 0,
            0xa4 | 0xa5 => 4,
            0xa1 => 2,
            0xb0..=0xcf => 3,
            0x8e | 0x8f => 0,
            0xa2 | 0xa3 | 0xad | 0xd0..=0xf4 => 1,
            _ => -1,
        };
    }
    score
}
