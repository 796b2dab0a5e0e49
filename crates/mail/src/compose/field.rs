//! Writing header fields (RFC 5322, 2.2.3; RFC 2047): whatever the value, what is written is ASCII but for addresses
//! that are not, folded, and cannot end the field early.

use crate::scan::has_plain_words;

/// Columns at which lines are folded (RFC 5322, 2.1.1; RFC 2047, 2).
const COLUMNS: usize = 76;
/// Octets that a line never has more of (RFC 5322, 2.1.1 says 998; room is kept for a name and a comma).
pub(super) const MAX_TOKEN: usize = 900;
/// Octets of a token on a line of its own: with the space before it these are the 998 that RFC 5322 allows.
pub(super) const MAX_ALONE: usize = 997;
/// Octets of an encoded word (RFC 2047, 2).
const MAX_WORD: usize = 75;
const WORD_START: &str = "=?UTF-8?B?";
const WORD_END: &str = "?=";

/// One field while it is written.
#[derive(Debug)]
pub(crate) struct FieldWriter {
    line: String,
    column: usize,
    /// Whether a token was written since the name.
    begun: bool,
}

impl FieldWriter {
    pub(crate) fn new(name: &str) -> Self {
        Self { line: format!("{name}:"), column: name.len() + 1, begun: false }
    }

    /// A token after a space, on a new line where it does not fit any more. Line ends and NUL in it become spaces.
    pub(crate) fn token(&mut self, token: &str) {
        let token = harmless(token);
        let length = token.len();
        // One that fits no line with the field's name before it has a line of its own.
        if (self.begun || length > MAX_TOKEN) && self.column + 1 + length > COLUMNS {
            self.line.push_str("\r\n");
            self.column = 0;
        }
        self.line.push(' ');
        self.line.push_str(&token);
        self.column += 1 + length;
        self.begun = true;
    }

    /// Something right after the last token: a comma, a closing bracket.
    pub(crate) fn attach(&mut self, text: &str) {
        self.line.push_str(text);
        self.column += text.len();
    }

    /// Text as encoded words (RFC 2047), none of which splits a character.
    pub(crate) fn encoded_words(&mut self, text: &str) {
        let text = harmless_text(text);
        let mut rest = &*text;
        while !rest.is_empty() {
            let overhead = WORD_START.len() + WORD_END.len();
            let free = COLUMNS.saturating_sub(self.column + 1);
            // The rest of a line is used if some characters fit; else a whole line is.
            let length = if free >= overhead + 8 { free.min(MAX_WORD) } else { MAX_WORD };
            let octets = (length - overhead) / 4 * 3;
            let end = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= octets).last();
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.token(&format!("{WORD_START}{}{WORD_END}", encodify::base64::STANDARD.encode(piece)));
            rest = after;
        }
    }

    /// Unstructured text: as it is where it can stand so, else as encoded words.
    pub(crate) fn text(&mut self, text: &str) {
        let text = harmless_text(text);
        match plain_tokens(&text) {
            Some(tokens) => tokens.into_iter().for_each(|token| self.token(token)),
            None => self.encoded_words(&text),
        }
    }

    /// A phrase (RFC 5322, 3.2.5), such as a display name: atoms, a quoted string, or encoded words.
    pub(crate) fn phrase(&mut self, text: &str) {
        let text = harmless_text(text);
        let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let plain = text.chars().all(|c| matches!(c, ' '..='~')) && !text.contains("=?") && text.len() <= MAX_TOKEN / 2;
        if !plain {
            self.encoded_words(&text);
        } else if !text.is_empty() && text.split(' ').all(|word| !word.is_empty() && word.chars().all(is_atom)) {
            text.split(' ').for_each(|word| self.token(word));
        } else {
            self.token(&quoted(&text));
        }
    }

    /// A comment (RFC 5322, 3.2.2).
    pub(crate) fn comment(&mut self, text: &str) {
        let text = harmless_text(text);
        if text.chars().all(|c| matches!(c, ' '..='~')) && !text.contains("=?") && text.len() <= MAX_TOKEN / 2 {
            let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            self.token(&format!("({escaped})"));
            return;
        }
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 42).last();
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            let open = if rest.len() == text.len() { "(" } else { "" };
            let close = if after.is_empty() { ")" } else { "" };
            let word = encodify::base64::STANDARD.encode(piece);
            self.token(&format!("{open}{WORD_START}{word}{WORD_END}{close}"));
            rest = after;
        }
    }

    /// Whether there is a token.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes away a comma after which nothing came.
    pub(super) fn drop_last_comma(&mut self) {
        if self.begun && self.line.ends_with(',') {
            self.line.pop();
        }
    }

    /// The field with its line end.
    pub(crate) fn finish(mut self) -> String {
        if !self.begun {
            self.line.push(' ');
        }
        self.line.push_str("\r\n");
        self.line
    }
}

/// A quoted string (RFC 5322, 3.2.4).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// Line ends and NUL, which could end the field or cut it short in a careless reader, as spaces.
fn harmless(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\r', '\n', '\0'], " ")
}

/// The same for a text. Some decode again what they decoded: what would be an encoded word then, and no plain one, is none with a space in it.
fn harmless_text(text: &str) -> String {
    let text = harmless(text);
    let is_word = text.split_once("=?").is_some_and(|(_, rest)| rest.contains('?')) && !has_plain_words(&text);
    if is_word { text.replace("=?", "= ?") } else { text }
}

/// ASCII text cut where it may be folded, so that unfolding gives it back; nothing where it needs encoded words.
fn plain_tokens(text: &str) -> Option<Vec<&str>> {
    if !text.chars().all(|c| matches!(c, ' '..='~'))
        || text.contains("=?")
        || text.starts_with(' ')
        || text.ends_with(' ')
    {
        return None;
    }
    let mut tokens = Vec::new();
    let mut from = 0;
    // A line may be folded before a space that a word follows: no line then is white space alone.
    for (at, pair) in text.as_bytes().windows(2).enumerate() {
        if pair[0] == b' ' && pair[1] != b' ' {
            tokens.push(&text[from..at]);
            from = at + 1;
        }
    }
    tokens.push(&text[from..]);
    tokens.iter().all(|token| token.len() <= MAX_TOKEN).then_some(tokens)
}

/// A field with unstructured text.
pub(crate) fn unstructured(name: &str, text: &str) -> String {
    let mut field = FieldWriter::new(name);
    field.text(text);
    field.finish()
}

#[cfg(test)]
mod tests {
    use super::{super::structured::structured, *};

    fn unfolded(field: &str) -> String {
        field.replace("\r\n ", " ").trim_end_matches("\r\n").to_owned()
    }

    // spec: MAIL-REBUILD
    #[test]
    fn ascii_text_stays_as_it_is_and_is_folded_between_words() {
        for text in ["", "a", "Re: hello  two   spaces", "word ".repeat(60).trim_end(), "=?", "tab\tin"] {
            let field = unstructured("Subject", text);
            assert!(field.split("\r\n").all(|line| line.len() <= 78), "{field}");
            assert!(field.split("\r\n").skip(1).all(|line| line.is_empty() || !line.trim().is_empty()), "{field:?}");
            if !text.contains("=?") && !text.contains('\t') {
                assert_eq!(unfolded(&field), format!("Subject: {text}"));
            } else {
                assert!(field.starts_with("Subject: =?UTF-8?B?"), "{field}");
            }
        }
    }

    // spec: MAIL-REBUILD
    #[test]
    fn nothing_in_a_value_ends_the_field() {
        for bad in ["a\r\nBcc: x@y", "a\nBcc: x@y", "a\rBcc: x@y", "a\0b", "あ\r\nBcc: x", "\r\n\r\nbody"] {
            let mut phrase = FieldWriter::new("From");
            phrase.phrase(bad);
            phrase.token(bad);
            for field in [unstructured("Subject", bad), phrase.finish(), structured("X", bad).unwrap_or_default()] {
                let inside = field.strip_suffix("\r\n").unwrap_or(&field).replace("\r\n ", "");
                assert!(!inside.contains(['\r', '\n', '\0']), "{field:?}");
            }
        }
    }

    #[test]
    fn a_phrase_is_atoms_a_quoted_string_or_encoded_words() {
        for (text, expected) in [
            ("Taro Yamada", "From: Taro Yamada\r\n"),
            ("Yamada, Taro", "From: \"Yamada, Taro\"\r\n"),
            ("a \"b\" \\c", "From: \"a \\\"b\\\" \\\\c\"\r\n"),
            ("two  spaces", "From: \"two  spaces\"\r\n"),
            ("山田", "From: =?UTF-8?B?5bGx55Sw?=\r\n"),
            ("=?utf-8?q?x?=", "From: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n"),
            // Decoded twice, it would end the field, or what follows it.
            ("=?u?q?x=0Ay?=", "From: = ?u?q?x=0Ay?=\r\n"),
            ("=?u?x?y", "From: = ?u?x?y\r\n"),
        ] {
            let mut field = FieldWriter::new("From");
            field.phrase(text);
            assert_eq!(field.finish(), expected);
        }
    }
}
