//! Address list fields (RFC 5322, 3.4), written afresh: the same names, addresses, groups and comments, in one
//! canonical form.

use super::field::{FieldWriter, quoted};
use crate::header::Field;

/// Octets of one address. A longer one is no address, and would not fit a line.
const MAX_ADDRESS: usize = 800;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Mailbox(Mailbox),
    Group(String, Vec<Mailbox>),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Mailbox {
    /// The display name, decoded.
    name: String,
    address: Address,
    comments: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    /// In angle brackets; as written.
    Angle(String),
    /// By itself; as written.
    Bare(String),
    /// No address: words that are passed on for what they are worth.
    Words(Vec<String>),
}

impl Default for Address {
    fn default() -> Self {
        Self::Words(Vec::new())
    }
}

/// A piece of a phrase or an address.
#[derive(Debug, Clone)]
struct Word {
    /// As written, quotes and backslashes included.
    raw: String,
    /// What it says.
    value: String,
    space_before: bool,
}

/// The field `name` with what `fields` say, joined (RFC 5322 wants one); nothing where they name nobody.
pub(crate) fn rewritten(name: &str, fields: &[&Field]) -> Option<String> {
    let items: Vec<Item> = fields.iter().flat_map(|field| parse(&text(field))).collect();
    if items.is_empty() {
        return None;
    }
    let mut field = FieldWriter::new(name);
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::Mailbox(mailbox) => write(mailbox, &mut field),
            Item::Group(name, members) => {
                field.phrase(name);
                field.attach(":");
                for (at, mailbox) in members.iter().enumerate() {
                    write(mailbox, &mut field);
                    field.attach(if at + 1 < members.len() { "," } else { "" });
                }
                field.attach(";");
            }
        }
        field.attach(if at + 1 < items.len() { "," } else { "" });
    }
    Some(field.finish())
}

/// One mailbox of our own.
pub(crate) fn single(name: &str, display_name: &str, address: &str) -> String {
    let mut field = FieldWriter::new(name);
    let address: String = address.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    let address = if display_name.trim().is_empty() { Address::Bare(address) } else { Address::Angle(address) };
    write(&Mailbox { name: display_name.trim().to_owned(), address, comments: Vec::new() }, &mut field);
    field.finish()
}

fn write(mailbox: &Mailbox, field: &mut FieldWriter) {
    if !mailbox.name.is_empty() {
        field.phrase(&mailbox.name);
    }
    match &mailbox.address {
        Address::Angle(address) => field.token(&format!("<{address}>")),
        Address::Bare(address) => field.token(address),
        Address::Words(words) => words.iter().for_each(|word| {
            if word.is_ascii() { field.token(word) } else { field.phrase(word) }
        }),
    }
    mailbox.comments.iter().for_each(|comment| field.comment(comment));
}

/// The value as text, without the control characters that a careless reader may stumble over. Raw 8-bit text is
/// decoded before it is read, since its octets look like `<` and `,`.
pub(super) fn text(field: &Field) -> String {
    field.text().replace(|c: char| c.is_ascii_control(), " ")
}

fn parse(text: &str) -> Vec<Item> {
    let mut parser = Parser { rest: text, words: Vec::new(), angle: None, comments: Vec::new(), group: None, items: Vec::new() };
    parser.run();
    parser.items
}

struct Parser<'a> {
    rest: &'a str,
    words: Vec<Word>,
    angle: Option<String>,
    comments: Vec<String>,
    group: Option<(String, Vec<Mailbox>)>,
    items: Vec<Item>,
}

impl Parser<'_> {
    fn run(&mut self) {
        let mut space_before = false;
        while let Some(first) = self.rest.chars().next() {
            match first {
                ' ' => {
                    self.rest = &self.rest[1..];
                    space_before = true;
                    continue;
                }
                '"' => {
                    let (raw, value) = self.enclosed();
                    self.words.push(Word { raw, value, space_before });
                }
                '(' => {
                    let (_, value) = self.enclosed();
                    self.comments.push(crate::header::decoded(value.trim()));
                }
                '<' => self.angle(),
                ',' => {
                    self.rest = &self.rest[1..];
                    self.end_mailbox();
                }
                ';' => {
                    self.rest = &self.rest[1..];
                    self.end_group();
                }
                ':' if self.group.is_none() && self.angle.is_none() && !self.words.iter().any(|w| w.raw.contains('@')) => {
                    self.rest = &self.rest[1..];
                    self.group = Some((phrase(&std::mem::take(&mut self.words)), Vec::new()));
                }
                _ => self.atom(space_before),
            }
            space_before = false;
        }
        self.end_group();
    }

    /// A quoted string or comment: as written, and what it says.
    fn enclosed(&mut self) -> (String, String) {
        let (open, close) = if self.rest.starts_with('(') { ('(', ')') } else { ('"', '"') };
        let (mut value, mut depth, mut escaped) = (String::new(), 0u32, false);
        let mut end = self.rest.len();
        for (at, character) in self.rest.char_indices() {
            if escaped {
                value.push(character);
                escaped = false;
            } else if character == '\\' {
                escaped = true;
            } else if character == close && depth > 0 && (open == '"' || depth == 1) {
                end = at + 1;
                break;
            } else if character == open {
                depth += 1;
                if depth > 1 {
                    value.push(character);
                }
            } else {
                depth -= u32::from(character == close);
                value.push(character);
            }
        }
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        // One that never ends is written as one that does.
        let raw = if open == '"' && !raw.ends_with('"') || raw.len() == 1 { quoted(&value) } else { raw.to_owned() };
        (raw, value)
    }

    fn angle(&mut self) {
        let (mut quote, mut escaped) = (false, false);
        let end = self.rest.char_indices().find_map(|(at, character)| {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quote = !quote,
                '>' if !quote => return Some(at),
                _ => {}
            }
            None
        });
        let end = end.or_else(|| self.rest.find('>')).unwrap_or(self.rest.len());
        let address = self.rest[1..end].trim().to_owned();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        if self.angle.is_none() {
            self.angle = Some(address);
        }
    }

    fn atom(&mut self, space_before: bool) {
        let end = self.rest.char_indices().skip(1).find(|(_, c)| " \"(<,;:".contains(*c)).map_or(self.rest.len(), |(at, _)| at);
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.words.push(Word { raw: raw.to_owned(), value: raw.to_owned(), space_before });
    }

    fn end_mailbox(&mut self) {
        let words = std::mem::take(&mut self.words);
        let comments: Vec<String> = std::mem::take(&mut self.comments);
        let (name, address) = match self.angle.take() {
            Some(angle) => (phrase(&words), Address::Angle(angle)),
            None if words.is_empty() => return,
            None => (String::new(), bare(&words)),
        };
        let length = match &address {
            Address::Angle(address) | Address::Bare(address) => address.len(),
            Address::Words(words) => words.iter().map(String::len).max().unwrap_or(0),
        };
        if length > MAX_ADDRESS {
            return;
        }
        let mailbox = Mailbox { name, address, comments };
        match &mut self.group {
            Some((_, members)) => members.push(mailbox),
            None => self.items.push(Item::Mailbox(mailbox)),
        }
    }

    fn end_group(&mut self) {
        self.end_mailbox();
        if let Some((name, members)) = self.group.take() {
            self.items.push(Item::Group(name, members));
        }
    }
}

/// An address without angle brackets; white space round its `@` and dots is dropped (RFC 5322, 4.4).
fn bare(words: &[Word]) -> Address {
    let joined: String = words.iter().map(|word| word.raw.as_str()).collect();
    let glued = |pair: &[Word]| {
        let joint = |c: Option<char>| matches!(c, Some('@' | '.'));
        !pair[1].space_before || joint(pair[0].raw.chars().last()) || joint(pair[1].raw.chars().next())
    };
    if joined.contains('@') && words.windows(2).all(glued) {
        return Address::Bare(joined);
    }
    Address::Words(words.iter().map(|word| if word.raw.starts_with('"') { word.raw.clone() } else { word.value.clone() }).collect())
}

/// A display name or group name: its words, with encoded words decoded, inside quotes too as many mailers write them.
fn phrase(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if word.space_before && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.value);
    }
    crate::header::decoded(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> String {
        let items = parse(&value.replace(|c: char| c.is_ascii_control(), " "));
        let mut field = FieldWriter::new("To");
        for item in &items {
            match item {
                Item::Mailbox(mailbox) => write(mailbox, &mut field),
                Item::Group(name, members) => {
                    field.phrase(name);
                    field.attach(":");
                    members.iter().for_each(|mailbox| write(mailbox, &mut field));
                    field.attach(";");
                }
            }
            field.attach(" |");
        }
        field.finish().replace("\r\n", "")
    }

    // spec: MAIL-REBUILD
    #[test]
    fn addresses_keep_what_they_say() {
        for (value, expected) in [
            ("a@x.jp", "To: a@x.jp |"),
            ("<a@x.jp>, b@x.jp", "To: <a@x.jp> | b@x.jp |"),
            ("Taro  Yamada <a@x.jp>", "To: Taro Yamada <a@x.jp> |"),
            ("\"Yamada, Taro\" <a@x.jp>", "To: \"Yamada, Taro\" <a@x.jp> |"),
            ("John Q. Public <a@x.jp>", "To: \"John Q. Public\" <a@x.jp> |"),
            ("\"john doe\"@x.jp", "To: \"john doe\"@x.jp |"),
            ("<\"a>b\\\"c\"@x.jp>", "To: <\"a>b\\\"c\"@x.jp> |"),
            ("a..b@docomo.ne.jp, a.@x.jp", "To: a..b@docomo.ne.jp | a.@x.jp |"),
            ("a @ x . jp", "To: a@x.jp |"),
            ("a@x.jp (Taro (the one))", "To: a@x.jp (Taro \\(the one\\)) |"),
            ("undisclosed-recipients:;", "To: undisclosed-recipients:; |"),
            ("A group: a@x.jp;, b@x.jp", "To: A group: a@x.jp; | b@x.jp |"),
            ("\"\" <a@x.jp>", "To: <a@x.jp> |"),
            ("everyone", "To: everyone |"),
            ("Taro a@x.jp", "To: Taro a@x.jp |"),
            ("<@a,@b:c@d>", "To: <@a,@b:c@d> |"),
            ("山田 <山田@x.jp>", "To: =?UTF-8?B?5bGx55Sw?= <山田@x.jp> |"),
            ("a@x.jp,, ,b@x.jp", "To: a@x.jp | b@x.jp |"),
            ("\"never ends <a@x.jp>", "To: \"never ends <a@x.jp>\" |"),
            ("<a@x.jp", "To: <a@x.jp> |"),
            ("\"", "To: \"\" |"),
        ] {
            assert_eq!(written(value), expected, "{value}");
        }
    }

    #[test]
    fn any_value_is_read_and_nothing_ends_the_field() {
        for value in ["(", ")", "((", "\"\\", "<", ">", ":", ";", ",", "a:b:c;;", "<<>>", "\u{0}\r\n a", "a\r\nBcc: x@y"] {
            let field = written(value);
            assert!(!field.contains(['\r', '\n', '\0']), "{value:?} {field:?}");
        }
    }
}
