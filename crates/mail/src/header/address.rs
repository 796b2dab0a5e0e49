//! Address lists (RFC 5322, 3.4), read with every tolerance: what a person would take for an address is one.

use crate::names;

/// A mailbox, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The display name, where there is one.
    pub name: Option<String>,
    /// `local@domain` as written, without white space and comments. Not checked: dots at odd places stay; empty where
    /// the field gives a name only.
    pub address: String,
}

/// At most this many comments within comments; deeper ones end the comment.
const MAX_COMMENTS: usize = 64;

/// The mailboxes in an unfolded address list.
pub(super) fn parse(text: &str) -> Vec<Address> {
    let mut list = Vec::new();
    let mut mailbox = Mailbox::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '"' => mailbox.quoted(rest),
            '(' => mailbox.comment(rest),
            '<' => mailbox.angle(rest),
            '[' => mailbox.literal(rest),
            ',' | ';' => {
                mailbox.end(&mut list);
                &rest[1..]
            }
            // A group's name (RFC 5322, 3.4): its members count one by one.
            ':' if mailbox.angle.is_none() && !mailbox.text.contains('@') => {
                mailbox = Mailbox::default();
                &rest[1..]
            }
            '=' => mailbox.word(rest),
            _ => mailbox.plain(rest, c),
        };
    }
    mailbox.end(&mut list);
    list
}

/// A mailbox while it is read.
#[derive(Default)]
struct Mailbox {
    /// What stands outside of angle brackets and comments; of quoted strings what is in them.
    text: String,
    /// The same as it would stand in an address: quotes kept, no white space.
    bare: String,
    angle: Option<String>,
    comment: Option<String>,
}

impl Mailbox {
    fn plain<'a>(&mut self, rest: &'a str, c: char) -> &'a str {
        self.text.push(c);
        if !c.is_whitespace() {
            self.bare.push(c);
        }
        &rest[c.len_utf8()..]
    }

    /// An encoded word goes as it is: a comma in it separates nothing.
    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        match names::word_at(rest).filter(|length| !rest[..*length].contains(char::is_whitespace)) {
            Some(length) => {
                self.text.push_str(&rest[..length]);
                self.bare.push_str(&rest[..length]);
                &rest[length..]
            }
            None => self.plain(rest, '='),
        }
    }

    fn quoted<'a>(&mut self, rest: &'a str) -> &'a str {
        let (content, after) = quoted_string(rest);
        self.text.push_str(&content);
        let raw = &rest[..rest.len() - after.len()];
        // What is not closed is no part of an address.
        if raw.len() > 1 && raw.ends_with('"') {
            self.bare.push_str(raw);
        }
        after
    }

    fn comment<'a>(&mut self, rest: &'a str) -> &'a str {
        let (content, after) = comment(rest);
        self.comment.get_or_insert(content);
        self.text.push(' ');
        after
    }

    fn literal<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(']').map_or(1, |at| at + 1);
        self.text.push_str(&rest[..end]);
        self.bare.push_str(&rest[..end]);
        &rest[end..]
    }

    fn angle<'a>(&mut self, rest: &'a str) -> &'a str {
        let mut address = String::new();
        let mut inner = &rest[1..];
        while let Some(c) = inner.chars().next() {
            match c {
                '>' => {
                    inner = &inner[1..];
                    break;
                }
                '"' => {
                    let after = quoted_string(inner).1;
                    address.push_str(&inner[..inner.len() - after.len()]);
                    inner = after;
                }
                '(' => inner = comment(inner).1,
                _ => {
                    if !c.is_whitespace() && c != '<' {
                        address.push(c);
                    }
                    inner = &inner[c.len_utf8()..];
                }
            }
        }
        // A source route (RFC 5321, appendix C) is ignored.
        if address.starts_with('@')
            && let Some(colon) = address.find(':')
        {
            address.drain(..=colon);
        }
        self.angle = Some(address);
        inner
    }

    fn end(&mut self, list: &mut Vec<Address>) {
        let mailbox = std::mem::take(self);
        let phrase = names::decode_words(mailbox.text.trim());
        let comment = mailbox.comment.map(|text| names::decode_words(text.trim()));
        let (name, address) = match mailbox.angle {
            Some(address) => (Some(phrase), address),
            None if mailbox.bare.contains('@') => (comment, mailbox.bare),
            None => (Some(phrase).filter(|name| !name.trim().is_empty()).or(comment), String::new()),
        };
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if name.is_some() || !address.is_empty() {
            list.push(Address { name, address });
        }
    }
}

/// What is in the quoted string with which `text` begins, and what follows it. Without its end it goes to the end.
fn quoted_string(text: &str) -> (String, &str) {
    let mut content = String::new();
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (content, &text[at + 2..]),
            '\\' => content.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => content.push(c),
        }
    }
    (content, "")
}

/// What is in the comment with which `text` begins, and what follows it.
fn comment(text: &str) -> (String, &str) {
    let (mut content, mut depth) = (String::new(), 0usize);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '(' if depth < MAX_COMMENTS => {
                if depth > 0 {
                    content.push(c);
                }
                depth += 1;
            }
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return (content, &text[at + 1..]);
                }
                content.push(c);
            }
            '\\' => content.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => content.push(c),
        }
    }
    (content, "")
}
