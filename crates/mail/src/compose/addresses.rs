//! Address list fields (RFC 5322, 3.4), written afresh: the same names, addresses, groups and comments, in one
//! canonical form.

use super::field::FieldWriter;
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
    /// None, or none that could be told from a name: passed on for what it is worth.
    Words(Vec<Wording>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wording {
    /// A name, decoded.
    Phrase(String),
    /// A piece as written.
    Raw(String),
}

impl Wording {
    /// Octets that no line could be folded in.
    fn length(&self) -> usize {
        match self {
            Self::Phrase(_) => 0,
            Self::Raw(raw) => raw.len(),
        }
    }
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
    /// Spaces before it.
    spaces: usize,
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
                name_alone(name, &mut field);
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
        Address::Words(words) => words.iter().for_each(|word| match word {
            Wording::Phrase(name) => name_alone(name, field),
            Wording::Raw(raw) => field.token(raw),
        }),
    }
    mailbox.comments.iter().for_each(|comment| field.comment(comment));
}

/// A name that no address in angle brackets follows; nobody is to take it for one.
fn name_alone(name: &str, field: &mut FieldWriter) {
    if name.contains('@') { field.encoded_words(name) } else { field.phrase(name) }
}

/// The value as text, without the control characters that a careless reader may stumble over. Raw 8-bit text is
/// decoded before it is read, since its octets look like `<` and `,`.
pub(super) fn text(field: &Field) -> String {
    field.text().replace(|c: char| c.is_ascii_control(), " ")
}

fn parse(text: &str) -> Vec<Item> {
    let mut parser =
        Parser { rest: text, words: Vec::new(), angle: None, comments: Vec::new(), group: None, items: Vec::new() };
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
        let mut spaces = 0;
        while let Some(first) = self.rest.chars().next() {
            if first == ' ' {
                self.rest = &self.rest[1..];
                spaces += 1;
                continue;
            }
            let has_at = || self.angle.is_some() || self.words.iter().any(|word| word.value.contains('@'));
            match first {
                '"' => {
                    let (raw, value) = self.enclosed();
                    self.words.push(Word { raw, value, spaces });
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
                ':' if !has_at() => {
                    self.rest = &self.rest[1..];
                    let name = phrase(&std::mem::take(&mut self.words));
                    self.end_group();
                    self.group = Some((name, Vec::new()));
                }
                _ => self.atom(spaces),
            }
            spaces = match first {
                '(' => spaces + 1,
                '<' => spaces,
                _ => 0,
            };
        }
        self.end_group();
    }

    /// A quoted string or comment: as written, and what it says.
    fn enclosed(&mut self) -> (String, String) {
        let (open, close) = if self.rest.starts_with('(') { ('(', ')') } else { ('"', '"') };
        let (mut value, mut depth, mut escaped) = (String::new(), 0u32, false);
        let (mut end, mut closed) = (self.rest.len(), false);
        for (at, character) in self.rest.char_indices() {
            if escaped {
                value.push(character);
                escaped = false;
            } else if character == '\\' {
                escaped = true;
            } else if character == close && depth > 0 && (open == '"' || depth == 1) {
                (end, closed) = (at + 1, true);
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
        // One that never ends is no part of an address.
        (if closed { raw.to_owned() } else { String::new() }, value)
    }

    /// What is in angle brackets, without white space, comments and a source route (RFC 5321, appendix C).
    fn angle(&mut self) {
        let mut address = String::new();
        self.rest = &self.rest[1..];
        while let Some(first) = self.rest.chars().next() {
            match first {
                '>' => {
                    self.rest = &self.rest[1..];
                    break;
                }
                '"' => {
                    let (raw, value) = self.enclosed();
                    // One that never ends makes the address unsound.
                    address.push_str(&if raw.is_empty() { format!("\"{value}") } else { raw });
                }
                '(' => drop(self.enclosed()),
                _ => {
                    if !matches!(first, ' ' | '<') {
                        address.push(first);
                    }
                    self.rest = &self.rest[first.len_utf8()..];
                }
            }
        }
        if address.starts_with('@')
            && let Some((_, target)) = address.split_once(':')
        {
            address = target.to_owned();
        }
        self.angle = Some(address);
    }

    fn atom(&mut self, spaces: usize) {
        let literal = || self.rest.starts_with('[').then(|| self.rest.find(']').map_or(1, |at| at + 1));
        // An encoded word is one atom, though careless mailers leave a comma in it.
        let word = || crate::names::word_at(self.rest).filter(|length| !self.rest[..*length].contains(' '));
        let special = || self.rest.char_indices().skip(1).find(|(_, c)| " \"(<,;:[=".contains(*c)).map(|(at, _)| at);
        let end = literal().or_else(word).or_else(special).unwrap_or(self.rest.len());
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.words.push(Word { raw: raw.to_owned(), value: raw.to_owned(), spaces });
    }

    fn end_mailbox(&mut self) {
        let words = std::mem::take(&mut self.words);
        let comments: Vec<String> = std::mem::take(&mut self.comments);
        let (name, address) = match self.angle.take() {
            Some(angle) if is_sound(&angle) => (phrase(&words), Address::Angle(angle)),
            Some(angle) => {
                let words = format!("{} {angle}", phrase(&words));
                (String::new(), Address::Words(vec![Wording::Phrase(words.trim().to_owned())]))
            }
            None if words.is_empty() => return,
            None => (String::new(), bare(&words)),
        };
        let length = match &address {
            Address::Angle(address) | Address::Bare(address) => address.len(),
            Address::Words(words) => words.iter().map(Wording::length).max().unwrap_or(0),
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
        pair[1].spaces == 0 || joint(pair[0].raw.chars().last()) || joint(pair[1].raw.chars().next())
    };
    if joined.contains('@') && is_sound(&joined) && words.windows(2).all(glued) {
        return Address::Bare(joined);
    }
    if !joined.contains('@') || !is_sound(&joined) {
        return Address::Words(vec![Wording::Phrase(phrase(words))]);
    }
    Address::Words(words.iter().map(|word| Wording::Raw(word.raw.clone())).collect())
}

/// Whether no reader can take more or less than this for the address: quotes and brackets are closed, and nothing
/// outside of them separates or comments.
fn is_sound(address: &str) -> bool {
    let mut inside = None;
    let mut chars = address.chars();
    while let Some(character) = chars.next() {
        match (inside, character) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some(close), _) if character == close => inside = None,
            (Some(_), _) => {}
            (None, '"') => inside = Some('"'),
            (None, '[') => inside = Some(']'),
            (None, '<' | '>' | '(' | ')' | ',' | ';' | ']' | '\\') => return false,
            (None, _) => {}
        }
    }
    inside.is_none()
}

/// A display name or group name: its words, with encoded words decoded, inside quotes too as many mailers write them.
fn phrase(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        text.extend(std::iter::repeat_n(' ', word.spaces));
        text.push_str(&word.value);
    }
    crate::header::decoded(text.trim()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

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
            ("Taro Yamada <a@x.jp>", "To: Taro Yamada <a@x.jp> |"),
            ("Taro  Yamada <a@x.jp>", "To: \"Taro  Yamada\" <a@x.jp> |"),
            ("=?utf-8?q?a,_b?= <a@x.jp>", "To: \"a, b\" <a@x.jp> |"),
            ("=?utf-8?q?a:_b?= <a@x.jp>", "To: \"a: b\" <a@x.jp> |"),
            ("a@[IPv6:::1], b@x.jp", "To: a@[IPv6:::1] | b@x.jp |"),
            ("<<a@x.jp>>, <b@x.jp> <c@x.jp>", "To: \">\" <a@x.jp> | <c@x.jp> |"),
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
            ("<@a,@b:c@d>, < e (x) @ f >", "To: <c@d> | <e@f> |"),
            ("山田 <山田@x.jp>", "To: =?UTF-8?B?5bGx55Sw?= <山田@x.jp> |"),
            ("a@x.jp,, ,b@x.jp", "To: a@x.jp | b@x.jp |"),
            ("\"never ends <a@x.jp>", "To: =?UTF-8?B?bmV2ZXIgZW5kcyA8YUB4LmpwPg==?= |"),
            ("<a@x.jp", "To: <a@x.jp> |"),
            ("\"", "To: \"\" |"),
            ("a: b: c@x.jp; d@x.jp", "To: a:; | b: c@x.jp; | d@x.jp |"),
        ] {
            assert_eq!(written(value), expected, "{value}");
        }
    }

    fn read(value: &str) -> Vec<(Option<String>, String)> {
        let header = crate::Header::parse(format!("To: {value}\r\n").as_bytes(), 0);
        let spaced = |name: String| name.split_whitespace().collect::<String>();
        let all = header.first("To").map(crate::Field::addresses).unwrap_or_default();
        all.into_iter().map(|a| (a.name.map(spaced).filter(|name| !name.is_empty()), a.address)).collect()
    }

    fn value() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("@x.jp"),
            Just("<a@x.jp>"),
            Just("<b@y.jp>"),
            Just(","),
            Just(" "),
            Just("  "),
            Just(";"),
            Just(":"),
            Just("\""),
            Just("\"Q, q\""),
            Just("(c)"),
            Just("("),
            Just(")"),
            Just("<"),
            Just(">"),
            Just("=?utf-8?q?=22x,=40?="),
            Just("=?utf-8?q?<e@x.jp>,?="),
            Just("日本"),
            Just("."),
            Just("["),
            Just("]"),
            Just("\r\n "),
            Just("=?utf-8?q?=0D=0ABcc:_e?="),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

        // spec: MAIL-REBUILD: whoever the sender was to us, they are to the recipient.
        #[test]
        fn what_is_written_reads_as_what_was_read(value in value()) {
            let header = crate::Header::parse(format!("To: {value}\r\n").as_bytes(), 0);
            let field = header.first("To").unwrap();
            let out = rewritten("To", &[field]).unwrap_or_default();
            prop_assert!(!out.trim_end_matches("\r\n").replace("\r\n ", "").contains(['\r', '\n', '\0']));
            let said = |all: Vec<(Option<String>, String)>| -> Vec<_> { all.into_iter().filter(|(_, address)| address.contains('@') && is_sound(address)).collect() };
            let out = out.strip_prefix("To: ").unwrap_or_default();
            let (written, original) = (read(out), read(&value));
            if original.len() > written.len() {
                // Two addresses without a comma: the reader gives both, the writer the one that the field means.
                let known = |address: &String| original.iter().any(|(_, other)| other == address);
                prop_assert!(said(written).iter().all(|(_, address)| known(address)), "{}", out);
            } else {
                prop_assert_eq!(said(written), said(original), "{}", out);
            }
        }
    }

    #[test]
    fn any_value_is_read_and_nothing_ends_the_field() {
        for value in
            ["(", ")", "((", "\"\\", "<", ">", ":", ";", ",", "a:b:c;;", "<<>>", "\u{0}\r\n a", "a\r\nBcc: x@y"]
        {
            let field = written(value);
            assert!(!field.contains(['\r', '\n', '\0']), "{value:?} {field:?}");
        }
    }
}
