//! Character sets: text to UTF-8, as it passes. Labels are those that mail uses, the Japanese ones with what mailers
//! really send under them (cp50221, windows-31j).

mod foreign;
mod guess;
mod jis;
mod utf32;
mod utf7;

use std::fmt;

use encoding_rs::{CoderResult, EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use self::{jis::JisDecoder, utf7::Utf7Decoder, utf32::Utf32Decoder};
pub use guess::guess;

/// How much of undeclared 8-bit text is looked at before it is decided what it is.
const WINDOW: usize = 4096;

/// A streaming decoder of text to UTF-8. What cannot be decoded becomes U+FFFD; nothing fails. Memory is at most 4 KiB
/// beside what is given.
pub struct TextDecoder {
    name: &'static str,
    work: Work,
}

enum Work {
    Known(encoding_rs::Decoder),
    Jis(JisDecoder),
    Utf7(Utf7Decoder),
    /// `utf-16` whose order of octets is not known before the first two (RFC 2781, 4.3).
    Utf16(Vec<u8>),
    Utf32(Utf32Decoder),
    Undeclared(Undeclared),
}

/// Text of which nobody said (truthfully) what it is.
#[derive(Default)]
struct Undeclared {
    /// From the first octet that is not ASCII.
    window: Vec<u8>,
}

impl fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextDecoder").field("charset", &self.name).finish_non_exhaustive()
    }
}

impl TextDecoder {
    /// A decoder for text in the charset with this label, in any case. Without a label, with one that is not known, and
    /// with `us-ascii` the text itself is looked at: ISO-2022-JP by its escapes, else UTF-8 if it is valid, else
    /// Shift_JIS or EUC-JP if it reads like Japanese, else windows-1252.
    #[must_use]
    pub fn new(label: Option<&str>) -> Self {
        let label = label.map(normal_label).unwrap_or_default();
        let (name, work) = match known(&label) {
            Some(Known::Jis) => ("iso-2022-jp", Work::Jis(JisDecoder::default())),
            Some(Known::Utf7) => ("utf-7", Work::Utf7(Utf7Decoder::default())),
            Some(Known::Utf16) => ("utf-16", Work::Utf16(Vec::new())),
            Some(Known::Utf32(little)) => ("utf-32", Work::Utf32(Utf32Decoder::new(little))),
            Some(Known::Other(encoding)) => (encoding.name(), Work::Known(encoding.new_decoder_with_bom_removal())),
            None => ("undeclared", Work::Undeclared(Undeclared::default())),
        };
        Self { name, work }
    }

    /// Takes the next octets; appends the text that is complete.
    pub fn push(&mut self, octets: &[u8], out: &mut String) {
        match &mut self.work {
            Work::Known(decoder) => decode(decoder, octets, out, false),
            Work::Jis(decoder) => decoder.push(octets, out),
            Work::Utf7(decoder) => decoder.push(octets, out),
            Work::Utf32(decoder) => decoder.push(octets, out),
            Work::Utf16(first) => {
                let missing = 2usize.saturating_sub(first.len()).min(octets.len());
                first.extend_from_slice(&octets[..missing]);
                if let [a, b] = first[..] {
                    self.become_known(utf16_order(a, b), &[a, b], out);
                    self.push(&octets[missing..], out);
                }
            }
            Work::Undeclared(text) => {
                let Some(work) = text.push(octets, out) else { return };
                let window = std::mem::take(&mut text.window);
                self.work = work;
                self.push(&window, out);
            }
        }
    }

    /// Ends the text; appends the rest.
    pub fn finish(&mut self, out: &mut String) {
        match &mut self.work {
            Work::Known(decoder) => {
                decode(decoder, &[], out, true);
                // encoding_rs refuses a finished decoder: a second `finish` meets a fresh one.
                *decoder = UTF_8.new_decoder_without_bom_handling();
            }
            Work::Jis(decoder) => decoder.finish(out),
            Work::Utf7(decoder) => decoder.finish(out),
            Work::Utf32(decoder) => decoder.finish(out),
            Work::Utf16(first) => {
                if !std::mem::take(first).is_empty() {
                    out.push('\u{fffd}');
                }
            }
            Work::Undeclared(text) => {
                let window = std::mem::take(&mut text.window);
                if !window.is_empty() {
                    self.work = guess::judge(&window, true).work();
                    self.push(&window, out);
                    self.finish(out);
                }
            }
        }
    }

    fn become_known(&mut self, encoding: &'static Encoding, first: &[u8], out: &mut String) {
        let mut decoder = encoding.new_decoder_with_bom_removal();
        decode(&mut decoder, first, out, false);
        self.work = Work::Known(decoder);
    }
}

impl Undeclared {
    /// Passes ASCII on; gives the decoder for what stands in the window once that is decided.
    fn push(&mut self, octets: &[u8], out: &mut String) -> Option<Work> {
        let mut rest = octets;
        if self.window.is_empty() {
            let plain = rest.iter().position(|octet| *octet >= 0x80 || *octet == 0x1b).unwrap_or(rest.len());
            out.push_str(std::str::from_utf8(&rest[..plain]).unwrap_or_default());
            rest = &rest[plain..];
        }
        // The decision rests on the first octets of the window alone, however they came.
        self.window.extend_from_slice(rest);
        (self.window.len() >= WINDOW).then(|| guess::judge(&self.window[..WINDOW], false).work())
    }
}

/// `text` in this charset, whole.
#[must_use]
pub fn decode_all(label: Option<&str>, octets: &[u8]) -> String {
    let mut decoder = TextDecoder::new(label);
    let mut out = String::with_capacity(octets.len());
    decoder.push(octets, &mut out);
    decoder.finish(&mut out);
    out
}

fn decode(decoder: &mut encoding_rs::Decoder, octets: &[u8], out: &mut String, last: bool) {
    let mut rest = octets;
    loop {
        out.reserve(decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len()).max(16));
        let (result, read, _) = decoder.decode_to_string(rest, out, last);
        rest = &rest[read..];
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

const fn utf16_order(first: u8, second: u8) -> &'static Encoding {
    match (first, second) {
        (0xff, 0xfe) => UTF_16LE,
        (0xfe, 0xff) | (0, _) => UTF_16BE,
        // Most that is sent without a mark comes from Windows; ASCII and white space tell.
        (_, 0) => UTF_16LE,
        _ => UTF_16BE,
    }
}

enum Known {
    Jis,
    Utf7,
    Utf16,
    /// And whether its octets are little-endian, where the label says so.
    Utf32(Option<bool>),
    Other(&'static Encoding),
}

fn normal_label(label: &str) -> String {
    label.trim().trim_matches(['"', '\'']).to_ascii_lowercase()
}

fn known(label: &str) -> Option<Known> {
    Some(match label {
        _ if is_jis(label) => Known::Jis,
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "unicode-2-0-utf-7" | "x-unicode-2-0-utf-7" | "csutf7" => Known::Utf7,
        "utf-16" | "utf16" | "utf_16" | "ucs-2" | "iso-10646-ucs-2" | "csunicode" | "unicode" => Known::Utf16,
        "utf-16-le" | "utf_16_le" | "utf16le" | "utf_16le" => Known::Other(UTF_16LE),
        "utf-16-be" | "utf_16_be" | "utf16be" | "utf_16be" => Known::Other(UTF_16BE),
        "utf-32" | "utf32" | "utf_32" | "ucs-4" | "iso-10646-ucs-4" | "csucs4" => Known::Utf32(None),
        "utf-32le" | "utf-32-le" | "utf_32_le" | "utf32le" => Known::Utf32(Some(true)),
        "utf-32be" | "utf-32-be" | "utf_32_be" | "utf32be" => Known::Utf32(Some(false)),
        // What calls itself ASCII and has other octets is something else.
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso_646.irv:1991" | "cp367" | "us" => {
            return None;
        }
        _ if is_shift_jis(label) => Known::Other(SHIFT_JIS),
        _ if is_euc_jp(label) => Known::Other(EUC_JP),
        _ => Known::Other(Encoding::for_label_no_replacement(label.as_bytes())?),
    })
}

fn is_jis(label: &str) -> bool {
    label.starts_with("iso-2022-jp")
        || matches!(label, "csiso2022jp" | "csiso2022jp2" | "iso2022-jp" | "iso2022jp" | "jis" | "jis7")
        || matches!(label.trim_start_matches("x-"), "cp50220" | "cp50221" | "cp50222" | "windows-50221")
}

fn is_shift_jis(label: &str) -> bool {
    matches!(
        label.trim_start_matches("x-"),
        "shift_jis" | "shift-jis" | "shiftjis" | "sjis" | "ms_kanji" | "csshiftjis" | "windows-31j" | "cswindows31j"
    ) || matches!(label.trim_start_matches("x-"), "cp932" | "ms932" | "windows-932" | "sjis-win" | "ms-kanji")
}

fn is_euc_jp(label: &str) -> bool {
    matches!(
        label.trim_start_matches("x-"),
        "euc-jp" | "eucjp" | "euc_jp" | "ujis" | "cp51932" | "eucjp-ms" | "eucjp-win" | "cseucpkdfmtjapanese"
    )
}

/// Whether a charset label, in any case, is one of the Japanese ones.
#[must_use]
pub fn is_japanese_label(label: &str) -> bool {
    let label = normal_label(label);
    is_jis(&label) || is_shift_jis(&label) || is_euc_jp(&label)
}

/// Whether text with this label is decoded as it says by everybody, not guessed: browsers know no UTF-7 and no UTF-32.
pub(crate) fn is_declared(label: Option<&str>) -> bool {
    let known = label.and_then(|label| known(&normal_label(label)));
    known.is_some_and(|known| !matches!(known, Known::Utf7 | Known::Utf32(_)))
}

/// Whether text with this label is written in a charset that is not read here and does not show ASCII as ASCII.
pub(crate) fn is_unreadable(label: Option<&str>) -> bool {
    label.is_some_and(|label| {
        let label = normal_label(label);
        known(&label).is_none() && foreign::hides_ascii(&label)
    })
}

/// Whether an HTML text may not say of itself that it has this charset: what it hides is seen by whoever believes it.
/// (UTF-16 is no such thing: who reads the label in ASCII knows better, HTML, 13.2.3.2.)
pub(crate) fn is_disguise(label: &str) -> bool {
    let label = normal_label(label);
    matches!(known(&label), Some(Known::Utf7)) || is_unreadable(Some(&label))
}

/// Whether octets in a charset with this label show ASCII as ASCII octets, so that what looks for ASCII may look at them
/// undecoded.
pub(crate) fn shows_ascii(label: Option<&str>) -> bool {
    !label.is_some_and(|label| {
        let label = normal_label(label);
        match known(&label) {
            Some(Known::Utf16 | Known::Utf7 | Known::Utf32(_)) => true,
            Some(Known::Other(encoding)) => !encoding.is_ascii_compatible(),
            Some(Known::Jis) | None => false,
        }
    })
}

/// Whether a text has Japanese characters: kana or kanji. (Chinese text counts too: it has no language of ours.)
#[must_use]
pub fn looks_japanese(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c,
            '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
    })
}

#[cfg(test)]
mod tests;
