//! Character sets: text to UTF-8, as it passes. Labels are those that mail uses, the Japanese ones with what mailers
//! really send under them (cp50221, windows-31j).

mod foreign;
mod guess;
mod jis;
mod label;
mod page;
mod prescan;
mod unknown;
mod utf16;
mod utf32;
mod utf7;

use std::fmt;

use encoding_rs::{CoderResult, Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use oem_cp::code_table_type::TableType;

use self::{
    jis::JisDecoder,
    label::{Known, known, normal},
    prescan::PRESCAN,
    utf7::Utf7Decoder,
    utf32::Utf32Decoder,
};
pub use guess::guess;
pub use label::is_japanese_label;
pub(crate) use label::{is_declared, is_disguise, is_unknown, is_unreadable, is_utf8, shows_text};
pub(crate) use page::label_of;
pub(crate) use unknown::{LossWatch, Utf8Watch};

/// How much of undeclared 8-bit text, and of UTF-16 in an order that nobody said, is looked at before it is decided
/// what it is.
const WINDOW: usize = 4096;
/// Octets of the longest byte order mark that goes before a label.
const MARK: usize = 3;

/// A streaming decoder of text to UTF-8. What cannot be decoded becomes U+FFFD; nothing fails. Memory is at most 4 KiB
/// beside what is given.
pub struct TextDecoder {
    name: &'static str,
    /// The text's first octets while they may be a byte order mark: one is believed before any label (Encoding Standard,
    /// "decode"), as browsers do.
    start: Option<Vec<u8>>,
    work: Work,
}

enum Work {
    Known(encoding_rs::Decoder),
    Jis(JisDecoder),
    Utf7(Utf7Decoder),
    /// `utf-16` whose order of octets is not known before some of them are (RFC 2781, 4.3).
    Utf16(Vec<u8>),
    Utf32(Utf32Decoder),
    Dos(&'static TableType),
    /// HTML of which nobody said what it is, until there is enough of it to know what it says itself.
    Html(Vec<u8>),
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
        Self { start: Some(Vec::new()), ..Self::by_label(label) }
    }

    /// A decoder for a text body with this label: as [`TextDecoder::new`], but an HTML document whose label says nothing is in
    /// the charset that it names itself, as browsers take it (HTML, 13.2.3.2: a byte order mark, what the transport says, `<meta>`
    /// in the first 1,024 octets).
    #[must_use]
    pub fn of_body(is_html: bool, label: Option<&str>) -> Self {
        if is_html && asks_document(label) {
            return Self { name: "html", start: Some(Vec::new()), work: Work::Html(Vec::new()) };
        }
        Self::new(label)
    }

    /// The same as [`TextDecoder::new`], believing no byte order mark.
    fn by_label(label: Option<&str>) -> Self {
        let (name, work) = match known(&label.map(normal).unwrap_or_default()) {
            Some(Known::Jis) => ("iso-2022-jp", Work::Jis(JisDecoder::default())),
            Some(Known::Utf7) => ("utf-7", Work::Utf7(Utf7Decoder::default())),
            Some(Known::Utf16) => ("utf-16", Work::Utf16(Vec::new())),
            Some(Known::Utf32(little)) => ("utf-32", Work::Utf32(Utf32Decoder::new(little))),
            Some(Known::Dos(table)) => ("dos", Work::Dos(table)),
            Some(Known::Other(encoding)) => return Self::of(encoding),
            None => ("undeclared", Work::Undeclared(Undeclared::default())),
        };
        Self { name, start: None, work }
    }

    /// A decoder for what is in this encoding, whatever it begins with.
    fn of(encoding: &'static Encoding) -> Self {
        Self { name: encoding.name(), start: None, work: Work::Known(encoding.new_decoder_without_bom_handling()) }
    }

    /// Takes the next octets; appends the text that is complete.
    pub fn push(&mut self, octets: &[u8], out: &mut String) {
        let mut octets = octets;
        if let Some(mut start) = self.start.take() {
            let (missing, rest) = octets.split_at(MARK.saturating_sub(start.len()).min(octets.len()));
            start.extend_from_slice(missing);
            if matches!(start[..], [] | [0xef | 0xfe | 0xff] | [0xef, 0xbb]) {
                self.start = Some(start);
                return;
            }
            self.begin(&start, out);
            octets = rest;
        }
        match &mut self.work {
            Work::Known(decoder) => decode(decoder, octets, out, false),
            Work::Jis(decoder) => decoder.push(octets, out),
            Work::Utf7(decoder) => decoder.push(octets, out),
            Work::Utf32(decoder) => decoder.push(octets, out),
            Work::Dos(table) => page::decode(table, octets, out),
            Work::Html(window) => {
                window.extend_from_slice(octets);
                if window.len() >= PRESCAN {
                    let window = std::mem::take(window);
                    self.become_named(&window, out);
                }
            }
            Work::Utf16(window) => {
                window.extend_from_slice(octets);
                // The decision rests on the first octets of the window alone, however they came.
                if window.len() >= WINDOW {
                    let window = std::mem::take(window);
                    self.become_known(utf16::order(&window[..WINDOW]), &window, out);
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
        if let Some(start) = self.start.take() {
            self.begin(&start, out);
        }
        match &mut self.work {
            Work::Known(decoder) => {
                decode(decoder, &[], out, true);
                // encoding_rs refuses a finished decoder: a second `finish` meets a fresh one.
                *decoder = UTF_8.new_decoder_without_bom_handling();
            }
            Work::Jis(decoder) => decoder.finish(out),
            Work::Utf7(decoder) => decoder.finish(out),
            Work::Utf32(decoder) => decoder.finish(out),
            Work::Dos(_) => {}
            Work::Html(window) => {
                let window = std::mem::take(window);
                if !window.is_empty() {
                    self.become_named(&window, out);
                    self.finish(out);
                }
            }
            Work::Utf16(window) => {
                let window = std::mem::take(window);
                if !window.is_empty() {
                    self.become_known(utf16::order(&window), &window, out);
                    self.finish(out);
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

    /// The first octets are there, and whether they are a mark can be told.
    fn begin(&mut self, start: &[u8], out: &mut String) {
        match Encoding::for_bom(start) {
            // FF FE begins UTF-32's mark too, and its decoder knows it.
            Some((encoding, length)) if encoding == UTF_8 || !matches!(self.work, Work::Utf32(_)) => {
                *self = Self::of(encoding);
                self.push(&start[length..], out);
            }
            _ => self.push(start, out),
        }
    }

    /// What the document says of itself is known.
    fn become_named(&mut self, first: &[u8], out: &mut String) {
        *self = Self::by_label(prescan::named(first).as_deref());
        self.push(first, out);
    }

    fn become_known(&mut self, encoding: &'static Encoding, first: &[u8], out: &mut String) {
        *self = Self::of(encoding);
        self.push(first, out);
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

/// Whether HTML with this label is asked what it says itself: there is none, or one that means nothing to anybody.
fn asks_document(label: Option<&str>) -> bool {
    known(&label.map(normal).unwrap_or_default()).is_none() && !is_unreadable(label)
}

/// Octets of a body by which [`label_in_effect`] is known, and a byte order mark of any kind.
pub(crate) fn octets_to_look_at(is_html: bool, label: Option<&str>) -> usize {
    if is_html && asks_document(label) { PRESCAN } else { 4 }
}

/// The label by which [`TextDecoder::of_body`] decodes a body with this label that begins with these octets
/// ([`octets_to_look_at`]), a byte order mark left aside.
pub(crate) fn label_in_effect(is_html: bool, label: Option<&str>, start: &[u8]) -> Option<String> {
    let asked = is_html && asks_document(label) && Encoding::for_bom(start).is_none();
    let named = if asked { prescan::named(start) } else { None };
    named.or_else(|| label.map(str::to_owned))
}

/// Whether text with this label that begins with these octets is in a charset by a name that nobody here reads.
pub(crate) fn is_in_unknown(label: Option<&str>, start: &[u8]) -> bool {
    is_unknown(label) && Encoding::for_bom(start).is_none()
}

/// The ways in which readers decode text with this label that begins with these octets (4 or more where there are as
/// many): what is looked for in it must not hang on which one is right. The first one is [`TextDecoder::new`]'s but where
/// that one guesses between the others.
pub(crate) fn decoders(label: Option<&str>, start: &[u8]) -> Vec<TextDecoder> {
    let known = known(&label.map(normal).unwrap_or_default());
    let mark = Encoding::for_bom(start).map(|(encoding, _)| encoding);
    // The mark itself is no text: what is looked for at the beginning of a line stands right behind it.
    let behind_mark = |encoding| TextDecoder { start: Some(Vec::new()), ..TextDecoder::of(encoding) };
    let mut all: Vec<TextDecoder> = mark.into_iter().map(behind_mark).collect();
    match known {
        Some(Known::Other(encoding)) if mark == Some(encoding) => {}
        Some(Known::Utf16) if mark.is_some_and(|mark| mark != UTF_8) => {}
        Some(Known::Utf16) => all.extend([UTF_16LE, UTF_16BE].map(TextDecoder::of)),
        // Browsers know less of it: no SO and SI, no JIS X 0212, no escape sequences but RFC 1468's, no end by a line's.
        Some(Known::Jis) => all.extend([TextDecoder::by_label(label), TextDecoder::of(ISO_2022_JP)]),
        Some(Known::Utf32(None)) => all.extend([true, false].map(|little| TextDecoder {
            name: "utf-32",
            start: None,
            work: Work::Utf32(Utf32Decoder::new(Some(little))),
        })),
        None if mark.is_some() => {}
        Some(_) | None => all.push(TextDecoder::by_label(label)),
    }
    all
}

/// Whether a text that begins with these octets has a byte order mark.
pub(crate) fn has_mark(start: &[u8]) -> bool {
    Encoding::for_bom(start).is_some()
}

/// Whether text with this label that begins with these octets has a byte order mark of another charset.
pub(crate) fn is_marked_otherwise(label: Option<&str>, start: &[u8]) -> bool {
    let Some((mark, _)) = Encoding::for_bom(start) else { return false };
    match known(&label.map(normal).unwrap_or_default()) {
        Some(Known::Other(encoding)) => encoding != mark,
        Some(Known::Utf16) => mark == UTF_8,
        _ => true,
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
