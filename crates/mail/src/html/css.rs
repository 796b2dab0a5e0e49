//! URLs in style sheets and style attributes, found as CSS Syntax Level 3 finds them: `url(…)`, strings in functions that
//! take URLs, and `@import`; not in other strings or comments, with escapes decoded.

use std::ops::Range;

use super::NO_IMAGE;

/// Octets a URL may have; of a longer one, which is nobody's Content-ID, only the beginning is given.
const MAX_URL: usize = 64 << 10;
/// Octets an identifier may have and still be one of interest written in escapes.
const MAX_IDENTIFIER: usize = 200;

/// Functions in which strings are URLs.
const URL_FUNCTIONS: [&str; 7] =
    ["url", "src", "image-set", "-webkit-image-set", "image", "cross-fade", "-webkit-cross-fade"];

/// Where the scanner stands between two pieces of a style sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Css {
    inside: Inside,
    /// A string here is a URL, up to the next semicolon.
    import: bool,
    depth: u32,
    /// The depth of parentheses outside of the outermost function that takes URLs.
    url_outside: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Inside {
    /// Between tokens.
    #[default]
    Tokens,
    /// A comment.
    Comment,
    /// A string that this octet ends.
    String(u8),
    /// An identifier too long to be of interest.
    Identifier,
    /// A `url(` too long to be of interest.
    LongUrl,
}

/// A URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// From `url` to `)`; or what is in the string's quotes.
    pub(crate) range: Range<usize>,
    /// The URL with its escapes decoded.
    pub(crate) url: String,
    /// What stands there when it is taken out.
    pub(crate) instead: &'static str,
}

impl Css {
    /// Scans `css`; gives the octets that are done with, and every URL among them. What is left waits for more, and
    /// with `last` nothing is left.
    pub(crate) fn scan(&mut self, css: &[u8], last: bool, mut found: impl FnMut(Found)) -> usize {
        let mut at = 0;
        while at < css.len() {
            let inside = &mut self.inside;
            let step = match *inside {
                Inside::Tokens => self.token(css, at, last, &mut found),
                Inside::Comment => until_comment_end(inside, css, at, last),
                Inside::String(quote) => until_string_end(inside, css, at, quote, last),
                Inside::Identifier => until_identifier_end(inside, css, at, last),
                Inside::LongUrl => match css[at..].iter().position(|b| *b == b')') {
                    Some(end) => {
                        *inside = Inside::Tokens;
                        Some(at + end + 1)
                    }
                    None => Some(css.len()),
                },
            };
            match step {
                Some(next) => at = next,
                None => return at,
            }
        }
        at
    }

    /// One token at `at`: gives where the next one starts, or nothing where more must be seen.
    fn token(&mut self, css: &[u8], at: usize, last: bool, found: &mut impl FnMut(Found)) -> Option<usize> {
        match css[at] {
            b'/' => match css.get(at + 1) {
                None if !last => return None,
                Some(b'*') => {
                    self.inside = Inside::Comment;
                    return Some(at + 2);
                }
                _ => {}
            },
            quote @ (b'"' | b'\'') => return self.string(css, at, quote, last, found),
            octet if is_name(octet) => return self.identifier(css, at, last, found),
            b';' | b'{' | b'}' => self.import = false,
            b'(' => self.depth = self.depth.saturating_add(1),
            b')' => {
                self.depth = self.depth.saturating_sub(1);
                self.url_outside = self.url_outside.filter(|outside| *outside < self.depth);
            }
            _ => {}
        }
        Some(at + 1)
    }

    fn identifier(&mut self, css: &[u8], at: usize, last: bool, found: &mut impl FnMut(Found)) -> Option<usize> {
        let Some(end) = identifier_end(css, at, last) else {
            if css.len() - at > MAX_IDENTIFIER {
                self.inside = Inside::Identifier;
                return Some(at);
            }
            return None;
        };
        let name = unescape(&css[at..end.min(at + MAX_IDENTIFIER)], false).to_ascii_lowercase();
        self.import |= name == "@import";
        if css.get(end) != Some(&b'(') {
            return Some(end);
        }
        if name == "url" {
            return url(&mut self.inside, css, at, end + 1, last, found);
        }
        if URL_FUNCTIONS.contains(&name.as_str()) {
            self.url_outside.get_or_insert(self.depth);
        }
        Some(end)
    }

    fn string(&mut self, css: &[u8], at: usize, quote: u8, last: bool, found: &mut impl FnMut(Found)) -> Option<usize> {
        if !self.import && self.url_outside.is_none() {
            self.inside = Inside::String(quote);
            return Some(at + 1);
        }
        let close = unescaped(css, at + 1, |b| b == quote || is_line_end(b)).or_else(|| last.then_some(css.len()));
        match close {
            None if css.len() - at <= MAX_URL => None,
            Some(end) if end - at <= MAX_URL => {
                let url = unescape(&css[at + 1..end], true).trim().to_owned();
                found(Found { range: at + 1..end, url, instead: "" });
                Some((end + 1).min(css.len()))
            }
            _ => {
                found(beginning(css, at + 1));
                self.inside = Inside::String(quote);
                Some(at + 1)
            }
        }
    }
}

/// The beginning of a URL that is too long.
fn beginning(css: &[u8], start: usize) -> Found {
    let end = (start + MAX_URL / 2).min(css.len());
    let url = unescape(&css[start..end], true).trim().to_owned();
    Found { range: start..start, url, instead: "" }
}

/// A `url(` whose argument starts at `start`.
fn url(
    inside: &mut Inside,
    css: &[u8],
    at: usize,
    start: usize,
    last: bool,
    found: &mut impl FnMut(Found),
) -> Option<usize> {
    let argument = start + css[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let quote = css.get(argument).copied().filter(|b| matches!(b, b'"' | b'\''));
    let close = match quote {
        None => unescaped(css, start, |b| b == b')').map(|end| (argument.min(end)..end, end + 1)),
        Some(quote) => unescaped(css, argument + 1, |b| b == quote || is_line_end(b)).and_then(|text_end| {
            let end = text_end + css[text_end..].iter().position(|b| *b == b')')?;
            Some((argument + 1..text_end, end + 1))
        }),
    };
    // The end of the style sheet closes what is open (CSS Syntax Level 3, 4.3.6).
    let at_end = ((argument + usize::from(quote.is_some())).min(css.len())..css.len(), css.len());
    let (text, end) = match close.or_else(|| last.then_some(at_end)) {
        None if css.len() - at <= MAX_URL => return None,
        Some(closed) if closed.1 - at <= MAX_URL => closed,
        _ => {
            found(beginning(css, argument + usize::from(quote.is_some())));
            *inside = Inside::LongUrl;
            return Some(start);
        }
    };
    let url = unescape(&css[text], quote.is_some()).trim().to_owned();
    found(Found { range: at..end, url, instead: NO_IMAGE });
    Some(end)
}

/// What ends a line, and so a string that is not closed (CSS Syntax Level 3, 4.2).
const fn is_line_end(octet: u8) -> bool {
    matches!(octet, b'\n' | b'\r' | 0x0c)
}

/// Octets of the escape at the start of `css` (a backslash), with the white space that ends a hexadecimal one; CRLF is one
/// character. Nothing where it is not there whole yet.
fn escape_length(css: &[u8]) -> Option<usize> {
    let hex = css[1..].iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
    match &css[1 + hex..] {
        [] | [b'\r'] => None,
        rest if hex > 0 => Some(1 + hex + space_after_escape(rest)),
        [b'\r', b'\n', ..] => Some(3),
        _ => Some(2),
    }
}

/// Where the first octet stands that `wanted` names and that no backslash escapes.
fn unescaped(css: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = from;
    while let Some(octet) = css.get(at) {
        if wanted(*octet) {
            return Some(at);
        }
        at += if *octet == b'\\' { escape_length(&css[at..])? } else { 1 };
    }
    None
}

fn until_comment_end(inside: &mut Inside, css: &[u8], at: usize, last: bool) -> Option<usize> {
    match memchr::memmem::find(&css[at..], b"*/") {
        Some(end) => {
            *inside = Inside::Tokens;
            Some(at + end + 2)
        }
        None if !last && css.ends_with(b"*") => Some(css.len() - 1).filter(|end| *end > at),
        None => Some(css.len()),
    }
}

fn until_string_end(inside: &mut Inside, css: &[u8], at: usize, quote: u8, last: bool) -> Option<usize> {
    let mut next = at;
    while let Some(octet) = css.get(next) {
        match *octet {
            b'\\' => match escape_length(&css[next..]) {
                Some(length) => next += length,
                None if last => return Some(css.len()),
                None => return Some(next).filter(|end| *end > at),
            },
            octet if octet == quote || is_line_end(octet) => {
                *inside = Inside::Tokens;
                return Some(next + 1);
            }
            _ => next += 1,
        }
    }
    Some(next)
}

fn until_identifier_end(inside: &mut Inside, css: &[u8], at: usize, last: bool) -> Option<usize> {
    let mut next = at;
    while let Some(octet) = css.get(next) {
        match *octet {
            b'\\' if next + 1 == css.len() && !last => return Some(next).filter(|end| *end > at),
            b'\\' => next += 2,
            octet if is_name(octet) => next += 1,
            _ => {
                *inside = Inside::Tokens;
                return Some(next);
            }
        }
    }
    Some(next.min(css.len()))
}

/// Letters, digits and what counts with them; `#` and `@` too, so that `#url(` is no URL.
fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'\\' | b'#' | b'@') || octet >= 0x80
}

/// Where the identifier at `at` ends; nothing where it may go on.
fn identifier_end(css: &[u8], at: usize, last: bool) -> Option<usize> {
    let mut next = at;
    while let Some(octet) = css.get(next) {
        if *octet == b'\\' {
            let hex = css[next + 1..].iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
            next += 1 + hex.max(1);
            if hex > 0 {
                next += space_after_escape(&css[next.min(css.len())..]);
            }
        } else if is_name(*octet) {
            next += 1;
        } else {
            return Some(next);
        }
    }
    last.then(|| next.min(css.len()))
}

/// White space that ends a hexadecimal escape: one character, CRLF counting as one.
fn space_after_escape(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b' ' | b'\t' | b'\r' | b'\n' | 0x0c, ..] => 1,
        _ => 0,
    }
}

/// Decodes escapes (CSS Syntax Level 3, 4.3.7); in a string an escaped line end is nothing.
fn unescape(css: &[u8], string: bool) -> String {
    let text = String::from_utf8_lossy(css);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let hex = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if hex > 0 {
            let value = u32::from_str_radix(&rest[..hex], 16).unwrap_or(0);
            out.push(char::from_u32(value).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[hex..];
            rest = &rest[space_after_escape(rest.as_bytes())..];
        } else if string
            && let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r', '\x0c']))
        {
            rest = after;
        } else if let Some(character) = rest.chars().next() {
            out.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    out.push_str(rest);
    out
}

/// A style attribute's declarations in lower case, without comments, escapes and white space.
pub(super) fn plain(style: &str) -> String {
    let (mut bare, mut rest) = (String::new(), style);
    while let Some(at) = rest.find("/*") {
        bare.push_str(&rest[..at]);
        rest = rest[at + 2..].find("*/").map_or("", |end| &rest[at + 2 + end + 2..]);
    }
    bare.push_str(rest);
    let decoded = unescape(bare.as_bytes(), false);
    decoded.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(css: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        Css::default().scan(css.as_bytes(), true, |f| all.push((css[f.range].to_owned(), f.url)));
        all
    }

    fn in_two(css: &str, cut: usize) -> Vec<(String, String)> {
        let (mut all, mut scanner) = (Vec::new(), Css::default());
        let done = scanner.scan(&css.as_bytes()[..cut], false, |f| all.push((css[f.range].to_owned(), f.url)));
        let rest = scanner.scan(&css.as_bytes()[done..], true, |f| {
            all.push((css[f.range.start + done..f.range.end + done].to_owned(), f.url));
        });
        assert_eq!(done + rest, css.len(), "{css} cut at {cut}");
        all
    }

    // spec: MAIL-CID
    #[test]
    fn urls_are_found_as_a_browser_finds_them_wherever_the_style_sheet_is_split() {
        let cases: [(&str, &[(&str, &str)]); 29] = [
            ("a{background:url(cid:x)}", &[("url(cid:x)", "cid:x")]),
            ("a{background:url( \"cid:x\" )}", &[("url( \"cid:x\" )", "cid:x")]),
            ("a{background:URL('cid:x')}", &[("URL('cid:x')", "cid:x")]),
            ("a{background:u\\72l(cid:x)}", &[("u\\72l(cid:x)", "cid:x")]),
            ("a{background:\\55 \\52\r\n\\00004c(cid:x)}", &[("\\55 \\52\r\n\\00004c(cid:x)", "cid:x")]),
            ("a{background:url(\\63id\\3a x\\)y)}", &[("url(\\63id\\3a x\\)y)", "cid:x)y")]),
            ("a{background:url('cid:x\\'y')}", &[("url('cid:x\\'y')", "cid:x'y")]),
            ("a{background:url('cid:\\\r\nx')}", &[("url('cid:\\\r\nx')", "cid:x")]),
            ("/* url(cid:x) */ b{c:url(cid:y)}", &[("url(cid:y)", "cid:y")]),
            ("a{content:'url(cid:x)'}b{c:url(cid:y)}", &[("url(cid:y)", "cid:y")]),
            ("a{content:'\\'url(cid:x)'}b{c:url(cid:y)}", &[("url(cid:y)", "cid:y")]),
            ("a{b:curl(cid:x) #url(cid:x) 1url(cid:x) -url(cid:x)}", &[]),
            ("a{b:url (cid:x)}", &[]),
            ("a{b:url(cid:x", &[("url(cid:x", "cid:x")]),
            ("a{b:url('cid:x", &[("url('cid:x", "cid:x")]),
            ("a{b:url()}", &[("url()", "")]),
            ("a{b:url(  )}", &[("url(  )", "")]),
            ("a/b/url(x)/**/url(y)", &[("url(x)", "x"), ("url(y)", "y")]),
            ("a{b:image-set(url(cid:x) 1x)}", &[("url(cid:x)", "cid:x")]),
            ("日本url(cid:x) url(日本)", &[("url(日本)", "日本")]),
            ("a{b:'x\nurl(cid:x)}", &[("url(cid:x)", "cid:x")]),
            ("url(", &[("url(", "")]),
            ("@import 'cid:x' print; a{b:'cid:y'}", &[("cid:x", "cid:x")]),
            ("@\\69mport \"cid:\\78\"", &[("cid:\\78", "cid:x")]),
            ("a{b:image-set('cid:x' 1x, url(cid:y) 2x) 'cid:z'}", &[("cid:x", "cid:x"), ("url(cid:y)", "cid:y")]),
            ("a{b:-WebKit-image-set((1) 'cid:x')}c{d:('cid:y')}", &[("cid:x", "cid:x")]),
            ("a{b:image-set('cid:x", &[("cid:x", "cid:x")]),
            ("a{b:image-set('cid:x\ny') 'cid:z'}", &[("cid:x", "cid:x"), (") ", ")"), ("}", "}")]),
            ("a{b:'\\61\r\n'}c{d:url('\\61\r\nb')}", &[("url('\\61\r\nb')", "ab")]),
        ];
        for (css, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            assert_eq!(whole(css), expected, "{css}");
            for cut in 0..=css.len() {
                assert_eq!(in_two(css, cut), expected, "{css} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_endless_does_not_wait_for_ever() {
        for (start, more) in
            [("@import '", "x"), ("a", "a"), ("url(", "x"), ("url('", "x"), ("'", "x"), ("/*", "*"), ("\\", "\\")]
        {
            let (mut scanner, mut waiting) = (Css::default(), start.as_bytes().to_vec());
            for _ in 0..300 {
                waiting.extend(more.repeat(1024).bytes());
                let done = scanner.scan(&waiting, false, |_| {});
                waiting.drain(..done);
            }
            assert!(waiting.len() <= MAX_URL + 2048, "{start}: {} octets wait", waiting.len());
        }
    }
}
