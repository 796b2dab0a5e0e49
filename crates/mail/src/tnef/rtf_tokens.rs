//! RTF as tokens (RTF 1.9.1, "RTF Syntax").

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// `\name` or `\name-12`, with its space; a line end after a backslash is `par`.
    Word(&'a [u8], Option<i32>),
    /// A backslash and a character that is none of a word's: `\*`, `\~` …
    Symbol(u8),
    /// `\'a4`: an octet of text.
    Hex(u8),
    /// Text as it stands, without line ends.
    Text(&'a [u8]),
}

/// Octets of a word's name that are looked at; names have 32 at most.
const MAX_NAME: usize = 64;

/// The tokens of a document.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(rtf: &'a [u8]) -> Self {
        Self { rest: rtf }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, most: usize, is_in: impl Fn(&u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().take(most).position(|octet| !is_in(octet));
        self.take(length.unwrap_or(most))
    }

    /// After a backslash.
    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        self.take(1);
        Some(match first {
            b'\r' | b'\n' => {
                if first == b'\r' && self.rest.first() == Some(&b'\n') {
                    self.take(1);
                }
                Token::Word(b"par", None)
            }
            b'\'' => {
                let digits = self.take_while(2, u8::is_ascii_hexdigit);
                let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                Token::Hex(digits.iter().filter_map(digit).fold(0, |value, digit| value << 4 | digit))
            }
            _ => Token::Symbol(first),
        })
    }

    fn word(&mut self) -> Token<'a> {
        let name = self.take_while(MAX_NAME, u8::is_ascii_alphabetic);
        let is_negative = self.rest.first() == Some(&b'-') && self.rest.get(1).is_some_and(u8::is_ascii_digit);
        if is_negative {
            self.take(1);
        }
        let digits = self.take_while(10, u8::is_ascii_digit);
        let number = digits.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'));
        let number = i32::try_from(if is_negative { -number } else { number }).unwrap_or(i32::MAX);
        let number = (!digits.is_empty()).then_some(number);
        if self.rest.first() == Some(&b' ') {
            self.take(1);
        }
        if name == b"bin" {
            // So many octets of something that is no text.
            self.take(usize::try_from(number.unwrap_or(0)).unwrap_or(0));
        }
        Token::Word(name, number)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            match *self.rest.first()? {
                b'\r' | b'\n' | 0 => {
                    self.take(1);
                }
                b'{' => {
                    self.take(1);
                    return Some(Token::Open);
                }
                b'}' => {
                    self.take(1);
                    return Some(Token::Close);
                }
                b'\\' => {
                    self.take(1);
                    return self.control();
                }
                _ => {
                    let text =
                        self.take_while(usize::MAX, |octet| !matches!(octet, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0));
                    return Some(Token::Text(text));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_cut_into_its_tokens() {
        let rtf = b"{\\rtf1 a\\b0c\r\nd\\'8a\\'x\\~\\u-10179?\\{\\\r\n\\bin3 }}}\\pard\\par1234567890123}";
        let tokens: Vec<_> = Tokens::new(rtf).collect();
        assert_eq!(
            tokens,
            [
                Token::Open,
                Token::Word(b"rtf", Some(1)),
                Token::Text(b"a"),
                Token::Word(b"b", Some(0)),
                Token::Text(b"c"),
                Token::Text(b"d"),
                Token::Hex(0x8a),
                Token::Hex(0),
                Token::Text(b"x"),
                Token::Symbol(b'~'),
                Token::Word(b"u", Some(-10179)),
                Token::Text(b"?"),
                Token::Symbol(b'{'),
                Token::Word(b"par", None),
                Token::Word(b"bin", Some(3)),
                Token::Word(b"pard", None),
                Token::Word(b"par", Some(1_234_567_890)),
                Token::Text(b"123"),
                Token::Close,
            ]
        );
        assert_eq!(Tokens::new(b"\\").collect::<Vec<_>>(), []);
        assert_eq!(Tokens::new(b"\\bin99 x").collect::<Vec<_>>(), [Token::Word(b"bin", Some(99))]);
    }
}
