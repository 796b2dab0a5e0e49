//! Structured fields that are passed on (spec MAIL-REBUILD): what they say stays, how they are folded does not.

use super::field::{FieldWriter, MAX_ALONE, MAX_TOKEN};
use crate::names;

/// What a value is made of between white space.
#[derive(Debug, PartialEq, Eq)]
enum Item<'a> {
    /// Passed on as it stands.
    Plain(&'a str),
    /// Of a phrase that is not ASCII, a quoted string included: what it says.
    Words(String),
    /// A comment that is not ASCII: what it says.
    Comment(String),
}

impl Item<'_> {
    /// What it says as encoded words, where it is none or can be some.
    fn words(&self) -> Option<&str> {
        match self {
            Self::Plain(token) => (names::word_at(token) == Some(token.len())).then_some(token),
            Self::Words(text) => Some(text),
            Self::Comment(_) => None,
        }
    }
}

/// A structured field whose value is passed on, folded anew at its white space, and between `>` and `<` where ids or
/// addresses stand without any. What is not ASCII becomes encoded words: phrases that follow each other together, since the
/// white space between encoded words says nothing (RFC 2047, 6.2), and without the quotes of a quoted string (5).
///
/// A token that fits no line of 998 octets, where RFC 5322 has no place to fold it, is left out; there is no field where
/// nothing else is in it.
pub(crate) fn structured(name: &str, value: &str) -> Option<String> {
    let mut field = FieldWriter::new(name);
    let mut is_whole = true;
    let items = items(value);
    let mut rest = items.as_slice();
    while let Some(first) = rest.first() {
        let run: Vec<&str> = rest.iter().map_while(Item::words).collect();
        if rest[..run.len()].iter().any(|item| matches!(item, Item::Words(_))) {
            field.encoded_words(&names::decode_words(&run.join(" ")));
        } else if !run.is_empty() {
            run.iter().for_each(|token| is_whole &= plain(&mut field, token));
        } else {
            match first {
                Item::Plain(token) => is_whole &= plain(&mut field, token),
                Item::Words(text) | Item::Comment(text) => field.comment(text),
            }
        }
        rest = &rest[run.len().max(1)..];
    }
    if !is_whole {
        field.drop_last_comma();
    }
    (field.has_begun() || value.trim().is_empty()).then(|| field.finish())
}

/// Writes a token; says whether all of it could be.
fn plain(field: &mut FieldWriter, token: &str) -> bool {
    if token.len() <= MAX_TOKEN {
        field.token(token);
        return true;
    }
    let pieces = token.replace("><", "> <").replace(">,<", ">, <");
    let mut is_whole = true;
    for piece in pieces.split(' ') {
        if piece.len() <= MAX_ALONE {
            field.token(piece);
        } else {
            is_whole = false;
        }
    }
    is_whole
}

fn items(value: &str) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut rest = value.trim_ascii_start();
    while !rest.is_empty() {
        let (item, length) = item(rest);
        items.push(item);
        rest = rest[length..].trim_ascii_start();
    }
    items
}

/// The item with which a text begins that has no white space before it, and its octets.
fn item(text: &str) -> (Item<'_>, usize) {
    let enclosed = match text.as_bytes()[0] {
        b'"' => enclosed(text, '"', '"'),
        b'(' => enclosed(text, '(', ')'),
        _ => None,
    };
    if let Some((inside, length)) = enclosed {
        let is_comment = text.starts_with('(');
        match (is_ascii(&text[..length]), is_comment) {
            (false, true) => return (Item::Comment(said(&names::decode_words(&inside))), length),
            (false, false) => return (Item::Words(said(&inside)), length),
            // White space in a quoted string is not only between words.
            (true, false) => {
                let end = length + token_end(&text[length..]);
                if end <= MAX_TOKEN && is_ascii(&text[..end]) {
                    return (Item::Plain(&text[..end]), end);
                }
            }
            (true, true) => {}
        }
    }
    let end = token_end(text);
    let token = &text[..end];
    if is_ascii(token) {
        return (Item::Plain(token), end);
    }
    // A name right before what is in angle brackets.
    let name = token.find('<').filter(|at| *at > 0 && is_ascii(&token[*at..])).unwrap_or(end);
    (Item::Words(said(&text[..name])), name)
}

/// What stands in a quoted string or a comment at a text's beginning, quoted pairs resolved; and its octets as written.
fn enclosed(text: &str, open: char, close: char) -> Option<(String, usize)> {
    let (mut inside, mut depth, mut escaped) = (String::new(), 0_usize, false);
    for (at, c) in text.char_indices() {
        if escaped {
            inside.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == close && depth > 0 {
            depth -= 1;
            if depth == 0 {
                return Some((inside, at + c.len_utf8()));
            }
            inside.push(c);
        } else {
            if depth > 0 {
                inside.push(c);
            }
            depth += usize::from(c == open);
        }
    }
    None
}

fn token_end(text: &str) -> usize {
    text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len())
}

fn is_ascii(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
}

fn said(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn unfolded(field: &str) -> String {
        field.replace("\r\n ", " ").trim_end_matches("\r\n").to_owned()
    }

    // spec: MAIL-REBUILD
    #[test]
    fn a_token_that_fits_no_line_is_not_written() {
        assert_eq!(structured("References", &"x".repeat(1000)), None);
        let kept = structured("References", &format!("<short@x> {}", "x".repeat(1000))).unwrap_or_default();
        assert_eq!(kept, "References: <short@x>\r\n");
        let long = structured("Message-ID", &"y".repeat(997)).unwrap_or_default();
        assert_eq!(long, format!("Message-ID:\r\n {}\r\n", "y".repeat(997)));
        let together = format!("<{}@x>", "y".repeat(60)).repeat(30);
        let apart = structured("References", &together).unwrap_or_default();
        assert!(apart.split("\r\n").all(|line| line.len() <= 78));
        assert_eq!(unfolded(&apart).replace(' ', ""), format!("References:{together}"));
        let ids = format!("<{}@x> ", "y".repeat(60)).repeat(30);
        let field = structured("References", &ids).unwrap_or_default();
        assert!(field.split("\r\n").all(|line| line.len() <= 78));
        assert_eq!(unfolded(&field), format!("References: {}", ids.trim_end()));
    }

    // spec: MAIL-REBUILD
    #[test]
    fn a_url_that_fits_no_line_is_left_out_and_the_others_stay() {
        let long = format!("<https://l.example/{}>", "u".repeat(1000));
        for (value, kept) in [
            (format!("<mailto:u@l.example>, {long}"), Some("<mailto:u@l.example>")),
            (format!("{long}, <mailto:u@l.example>"), Some("<mailto:u@l.example>")),
            (format!("{long},<mailto:u@l.example>"), Some("<mailto:u@l.example>")),
            (
                format!("<mailto:u@l.example>,{long},<https://l.example>"),
                Some("<mailto:u@l.example>, <https://l.example>"),
            ),
            (long, None),
        ] {
            let field = structured("List-Unsubscribe", &value);
            let expected = kept.map(|kept| format!("List-Unsubscribe: {kept}"));
            assert_eq!(field.as_deref().map(unfolded), expected);
        }
        // Whatever fits is there.
        let just = format!("<https://l.example/{}>", "u".repeat(997 - 20));
        assert_eq!(structured("List-Unsubscribe", &just), Some(format!("List-Unsubscribe:\r\n {just}\r\n")));
    }

    // spec: MAIL-REBUILD (decoded values unchanged)
    #[test]
    fn what_is_not_ascii_says_the_same_in_encoded_words() {
        let word = |text: &str| format!("=?UTF-8?B?{}?=", encodify::base64::STANDARD.encode(text));
        for (value, expected) in [
            ("山田 太郎 <l.x.jp>", format!("{} <l.x.jp>", word("山田 太郎"))),
            ("\"日本 リスト\" <l.x.jp>", format!("{} <l.x.jp>", word("日本 リスト"))),
            ("\"日\\\"本\"<l.x.jp>", format!("{} <l.x.jp>", word("日\"本"))),
            ("リスト<l.x.jp>", format!("{} <l.x.jp>", word("リスト"))),
            ("=?UTF-8?B?5bGx?= 田 <l>", format!("{} <l>", word("山 田"))),
            ("田 =?UTF-8?B?5bGx?= =?UTF-8?B?5bGx?= <l>", format!("{} <l>", word("田 山山"))),
            ("list 山 of 田 <l>", format!("list {} of {} <l>", word("山"), word("田"))),
            ("<mailto:a@x.jp> (日本 (語))", format!("<mailto:a@x.jp> ({})", word("日本 (語)"))),
            (
                "Sun, 1 Nov 2026 09:00:00 +0900 (日本標準時)",
                format!("Sun, 1 Nov 2026 09:00:00 +0900 ({})", word("日本標準時")),
            ),
            ("=?UTF-8?B?5bGx?= =?UTF-8?B?5bGx?= <l>", "=?UTF-8?B?5bGx?= =?UTF-8?B?5bGx?= <l>".to_owned()),
            ("\"a  b\" <l>", "\"a  b\" <l>".to_owned()),
            ("\"open 日 本", format!("\"open {}", word("日 本"))),
            ("<https://x.jp/日>", word("<https://x.jp/日>")),
        ] {
            assert_eq!(
                structured("List-Id", value).as_deref().map(unfolded),
                Some(format!("List-Id: {expected}")),
                "{value}"
            );
        }
        let long = format!("{} <l>", "山田 ".repeat(60).trim_end());
        let field = structured("List-Id", &long).unwrap_or_default();
        assert!(field.split("\r\n").all(|line| line.len() <= 78), "{field}");
        assert_eq!(Header::parse(field.as_bytes(), 0).first("list-id").map(|f| f.unstructured()), Some(long));
    }
}
