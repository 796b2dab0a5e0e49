//! URLs in CSS (the CSS Syntax standard), with its escapes decoded: `url(…)`, strings in functions that take URLs, `@import`.

use super::url::UrlMatch;
use crate::html::is_line_end;

/// Longer words are none of those that matter.
const MAX_WORD: usize = 24;

/// Looks at a style sheet or a `style` attribute, character by character.
#[derive(Debug, Default)]
pub(super) struct CssMatch {
    state: State,
    escape: Escape,
    word: String,
    /// The word before was an at-keyword.
    at: bool,
    /// A string here is a URL, up to the next semicolon.
    import: bool,
    depth: u32,
    /// The depth of parentheses outside of the outermost function that takes URLs.
    url_outside: Option<u32>,
    before: char,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Top,
    Comment,
    /// After `url(`.
    UrlStart,
    Url(UrlMatch),
    /// In quotes; with a matcher where the string is a URL.
    Text(char, Option<UrlMatch>),
}

#[derive(Debug, Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    Backslash,
    Digits(u32, u8),
    /// After a CR that belongs to an escape: an LF after it does too.
    Cr,
}

impl CssMatch {
    /// Takes the next character; true once there is a `data:` URL.
    pub(super) fn push(&mut self, c: char) -> bool {
        if matches!(self.state, State::Comment) {
            return self.plain(c, false);
        }
        match self.escape {
            Escape::None if c == '\\' => {
                self.escape = Escape::Backslash;
                false
            }
            Escape::None => self.plain(c, false),
            Escape::Backslash => {
                self.escape = Escape::None;
                match c.to_digit(16) {
                    Some(digit) => {
                        self.escape = Escape::Digits(digit, 1);
                        false
                    }
                    // An escaped line end is nothing.
                    None if ends_line(c) => {
                        self.after_line_end(c);
                        false
                    }
                    None => self.plain(c, true),
                }
            }
            Escape::Digits(value, count) => match c.to_digit(16).filter(|_| count < 6) {
                Some(digit) => {
                    self.escape = Escape::Digits(value * 16 + digit, count + 1);
                    false
                }
                None => {
                    self.escape = Escape::None;
                    let decoded = char::from_u32(value).unwrap_or('\u{fffd}');
                    let found = self.plain(decoded, true);
                    // One white space belongs to the escape.
                    if c.is_ascii_whitespace() {
                        self.after_line_end(c);
                        return found;
                    }
                    self.push(c) || found
                }
            },
            Escape::Cr => {
                self.escape = Escape::None;
                c != '\n' && self.push(c)
            }
        }
    }

    fn after_line_end(&mut self, c: char) {
        if c == '\r' {
            self.escape = Escape::Cr;
        }
    }

    fn plain(&mut self, c: char, escaped: bool) -> bool {
        let before = std::mem::replace(&mut self.before, c);
        match &mut self.state {
            State::Top => self.top(c, escaped, before),
            State::Comment => {
                if before == '*' && c == '/' {
                    self.state = State::Top;
                    self.before = ' ';
                }
                false
            }
            State::UrlStart => {
                if !escaped && c.is_ascii_whitespace() {
                    return false;
                }
                if !escaped && matches!(c, '"' | '\'') {
                    self.state = State::Text(c, Some(UrlMatch::default()));
                    return false;
                }
                self.state = State::Url(UrlMatch::default());
                self.plain(c, escaped)
            }
            State::Url(url) => {
                if c == ')' && !escaped {
                    self.state = State::Top;
                    self.close();
                    return false;
                }
                url.push(c)
            }
            State::Text(quote, url) => {
                if !escaped && (c == *quote || ends_line(c)) {
                    self.state = State::Top;
                    return false;
                }
                url.as_mut().is_some_and(|url| url.push(c))
            }
        }
    }

    fn top(&mut self, c: char, escaped: bool, before: char) -> bool {
        if escaped || c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii() {
            if self.word.len() < MAX_WORD {
                self.word.push(c.to_ascii_lowercase());
            }
            return false;
        }
        let word = std::mem::take(&mut self.word);
        if std::mem::take(&mut self.at) && matches!(word.as_str(), "import" | "namespace") {
            self.import = true;
        }
        match c {
            '@' => self.at = true,
            ';' | '{' | '}' => self.import = false,
            '*' if before == '/' => {
                self.state = State::Comment;
                self.before = ' ';
            }
            '"' | '\'' => {
                let is_url = self.import || self.url_outside.is_some();
                self.state = State::Text(c, is_url.then(UrlMatch::default));
            }
            '(' => self.open(&word),
            ')' => self.close(),
            _ => {}
        }
        false
    }

    fn open(&mut self, function: &str) {
        if self.url_outside.is_none()
            && matches!(
                function,
                "url" | "src" | "image-set" | "-webkit-image-set" | "image" | "cross-fade" | "url-prefix"
            )
        {
            self.url_outside = Some(self.depth);
        }
        self.depth = self.depth.saturating_add(1);
        if function == "url" {
            self.state = State::UrlStart;
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.url_outside.is_some_and(|outside| outside >= self.depth) {
            self.url_outside = None;
        }
    }
}

fn ends_line(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_line_end)
}
