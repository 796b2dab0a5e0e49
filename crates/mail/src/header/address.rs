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
    /// The same with its white space: what may be addresses by themselves.
    words: String,
    angle: Option<String>,
    /// Angle addresses before that one, with no comma between.
    others: Vec<String>,
    comment: Option<String>,
}

impl Mailbox {
    fn plain<'a>(&mut self, rest: &'a str, c: char) -> &'a str {
        self.text.push(c);
        if !c.is_whitespace() {
            self.bare.push(c);
        }
        self.words.push(c);
        &rest[c.len_utf8()..]
    }

    /// An encoded word goes as it is: a comma in it separates nothing.
    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        match names::word_at(rest).filter(|length| !rest[..*length].contains(char::is_whitespace)) {
            Some(length) => {
                self.text.push_str(&rest[..length]);
                self.bare.push_str(&rest[..length]);
                // It is text, and no address by itself.
                self.words.push('_');
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
            // What is quoted is one word, and no address by itself.
            self.words.extend(raw.chars().map(|c| if c.is_whitespace() || c == '@' { '_' } else { c }));
        }
        after
    }

    fn comment<'a>(&mut self, rest: &'a str) -> &'a str {
        let (content, after) = comment(rest);
        self.comment.get_or_insert(content);
        self.text.push(' ');
        self.words.push(' ');
        after
    }

    fn literal<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(']').map_or(1, |at| at + 1);
        self.text.push_str(&rest[..end]);
        self.bare.push_str(&rest[..end]);
        self.words.push_str(&rest[..end]);
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
        self.words.push(' ');
        self.others.extend(self.angle.replace(address).filter(|address| !address.is_empty()));
        inner
    }

    fn end(&mut self, list: &mut Vec<Address>) {
        let mailbox = std::mem::take(self);
        // Two where there should be one (`x@a.example <y@b.example>`): which of them counts, readers take differently, so
        // that both are given.
        let mut others = mailbox.others;
        let words: Vec<&str> = mailbox.words.split_whitespace().filter(|word| is_address(word)).collect();
        if mailbox.angle.is_some() || words.len() > 1 {
            others.extend(words.iter().map(|word| (*word).to_owned()));
        }
        let bare = if words.len() > 1 { others.pop().unwrap_or_default() } else { mailbox.bare };
        let phrase = names::decode_words(mailbox.text.trim());
        let comment = mailbox.comment.map(|text| names::decode_words(text.trim()));
        let (name, address) = match mailbox.angle {
            Some(address) => (Some(phrase), address),
            None if bare.contains('@') => (comment, bare),
            None => (Some(phrase).filter(|name| !name.trim().is_empty()).or(comment), String::new()),
        };
        others.retain(|other| !other.eq_ignore_ascii_case(&address));
        // Then what stands round the address is no name of its.
        let alone = others.is_empty();
        let name = name.filter(|_| alone || address.is_empty());
        list.extend(others.into_iter().map(|address| Address { name: None, address }));
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if name.is_some() || !address.is_empty() || !alone {
            list.push(Address { name, address });
        }
    }
}

/// Whether a word has both sides of an address.
fn is_address(word: &str) -> bool {
    !word.contains(':') && word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
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
