//! Character references in HTML as it passes, as they matter for finding a URL or a line of text.

use crate::entities::{MAX_NAME, named, numbered, with_digit};

/// Decodes character references as characters pass.
#[derive(Debug, Default)]
pub(super) struct Entities {
    held: Held,
}

#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    /// `&` and letters and digits.
    Name(String),
    /// `&#`, and the `x` after it.
    Number(Option<char>),
    /// Digits in this radix: however many.
    Digits { radix: u32, value: u32 },
}

impl Entities {
    /// Takes the next character; gives decoded ones.
    pub(super) fn push(&mut self, c: char, out: &mut impl FnMut(char)) {
        match &mut self.held {
            Held::Nothing if c == '&' => self.held = Held::Name(String::new()),
            Held::Nothing => out(c),
            Held::Name(name) if name.is_empty() && c == '#' => self.held = Held::Number(None),
            Held::Name(name) if c.is_ascii_alphanumeric() && name.len() < MAX_NAME => name.push(c),
            Held::Number(None) if matches!(c, 'x' | 'X') => self.held = Held::Number(Some(c)),
            Held::Number(x) => {
                let radix = if x.is_some() { 16 } else { 10 };
                match c.to_digit(radix) {
                    Some(value) => self.held = Held::Digits { radix, value },
                    None => self.end(c, out),
                }
            }
            Held::Digits { radix, value } => match c.to_digit(*radix) {
                Some(digit) => *value = with_digit(*value, *radix, digit),
                None => self.end(c, out),
            },
            Held::Name(_) => self.end(c, out),
        }
    }

    /// Whether nothing is held.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.held, Held::Nothing)
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, out: &mut impl FnMut(char)) {
        self.give(false, out);
    }

    /// The reference ends before this character, or with it where it is a semicolon.
    fn end(&mut self, c: char, out: &mut impl FnMut(char)) {
        self.give(c == ';', out);
        if c != ';' {
            self.push(c, out);
        }
    }

    fn give(&mut self, semicolon: bool, out: &mut impl FnMut(char)) {
        let as_written = match std::mem::take(&mut self.held) {
            Held::Nothing => return,
            Held::Digits { value, .. } => return out(numbered(value)),
            Held::Number(None) => "&#".to_owned(),
            Held::Number(Some(x)) => format!("&#{x}"),
            Held::Name(name) => match named(&name, semicolon) {
                Some(c) => return out(c),
                None => format!("&{name}"),
            },
        };
        as_written.chars().for_each(&mut *out);
        if semicolon {
            out(';');
        }
    }
}
