//! Address lists (RFC 5322, 3.4), read with every tolerance: what a person would take for an address is one. Who counts
//! the recipients and who writes To and Cc afresh read them here, so that both mean the same addresses.

use std::ops::Range;

pub(crate) use fubako_base::address::a_label;
pub use fubako_base::address::compared;

use crate::names;

/// A mailbox, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The display name, where there is one; else a comment.
    pub name: Option<String>,
    /// `local@domain` as written, without white space and comments. Not checked: dots at odd places stay; empty where
    /// the field gives a name only.
    pub address: String,
}

impl Address {
    /// Whether it has both sides of an address, and no reader can take more or less than this for it. One that has not
    /// cannot be written so that it is read again, and is written as a name.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        has_sides(&self.address) && is_sound(&self.address)
    }
}

/// What stands between two commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Mailbox(Mailbox),
    Group(String, Vec<Mailbox>),
}

/// A mailbox as the field has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mailbox {
    /// The display name, decoded; empty where there is none.
    pub(crate) name: String,
    /// The address as written, without white space, comments and source route; empty where there is none.
    pub(crate) address: String,
    /// It stood in angle brackets.
    pub(crate) angle: bool,
    /// Comments, decoded.
    pub(crate) comments: Vec<String>,
    /// How many of them stood before the angle bracket: a reader may take them for a part of the name.
    pub(crate) named: usize,
}

/// Octets of one address. A longer one is no address, and would not fit a line.
const MAX_ADDRESS: usize = 800;

/// The mailboxes of a list, members of groups included.
pub(super) fn mailboxes(text: &str) -> Vec<Address> {
    let members = parse(text).into_iter().flat_map(|item| match item {
        Item::Mailbox(mailbox) => vec![mailbox],
        Item::Group(_, members) => members,
    });
    let said = |mailbox: Mailbox| {
        let comment = mailbox.comments.into_iter().next().filter(|_| !mailbox.angle);
        let name = Some(mailbox.name).filter(|name| !name.is_empty()).or(comment).filter(|name| !name.is_empty());
        Address { name, address: mailbox.address }
    };
    members.map(said).filter(|address| address.name.is_some() || !address.address.is_empty()).collect()
}

/// What an unfolded address list says.
pub(crate) fn parse(text: &str) -> Vec<Item> {
    let mut parser = Parser { rest: text, ..Parser::default() };
    parser.run();
    parser.items
}

/// Whether no reader can take more or less than this for the address: quotes and brackets are closed, nothing
/// outside of them separates, comments or is white space, there is no control character, there is one `@`, the domain has no quotes, and no encoded word
/// begins in it, which to some goes on in what follows.
pub(crate) fn is_sound(address: &str) -> bool {
    let (mut inside, mut before, mut in_domain) = (None, ' ', false);
    let mut chars = address.chars();
    while let Some(character) = chars.next() {
        match (inside, character) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some(close), _) if character == close => inside = None,
            (Some(']'), '<' | '>' | '(' | ')' | ',' | ';' | '"' | '[' | '\\') => return false,
            (Some(']'), _) if character.is_whitespace() => return false,
            (Some(_), _) => {}
            // Some readers end the local part at the first `@`, some at the last.
            (None, '@') if in_domain => return false,
            (None, '"') if in_domain => return false,
            (None, '"') => inside = Some('"'),
            (None, '[') if before == '@' => inside = Some(']'),
            (None, '<' | '>' | '(' | ')' | ',' | ';' | '[' | ']' | '\\') => return false,
            (None, _) if character.is_whitespace() => return false,
            (None, _) => in_domain |= character == '@',
        }
        before = character;
    }
    let is_plain = !address.contains(char::is_control) && !address.contains("=?");
    // An `@` in quotes alone parts nothing.
    let is_parted = in_domain || !address.contains('@');
    inside.is_none() && is_plain && is_parted && address.len() <= MAX_ADDRESS
}

fn has_sides(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// A piece of a phrase or an address.
#[derive(Debug, Clone)]
struct Word {
    /// As written, quotes and backslashes included; empty where a quote never ends.
    raw: String,
    /// What it says.
    value: String,
    /// The white space before it.
    space: String,
    /// An encoded word or a quoted string: text, and no address by itself.
    is_text: bool,
    /// After a comment or something in angle brackets.
    apart: bool,
}

#[derive(Default)]
struct Parser<'a> {
    rest: &'a str,
    /// White space, and whether more than that, since the last word.
    space: String,
    apart: bool,
    words: Vec<Word>,
    /// What was in angle brackets, and how many words stood before it; more than one where commas are missing.
    angles: Vec<(String, usize)>,
    comments: Vec<String>,
    /// Comments before the first angle bracket.
    named: usize,
    group: Option<(String, Vec<Mailbox>)>,
    items: Vec<Item>,
}

impl Parser<'_> {
    fn run(&mut self) {
        while let Some(first) = self.rest.chars().next() {
            match first {
                _ if first.is_whitespace() => {
                    self.space.push(first);
                    self.skip(first);
                }
                '"' => {
                    let (raw, value) = self.enclosed();
                    self.word(raw, value, true);
                }
                '(' => {
                    let (_, value) = self.enclosed();
                    self.comments.push(super::decoded(value.trim()).trim().to_owned());
                    self.space.push(' ');
                    self.apart = true;
                }
                '<' => {
                    if self.angles.is_empty() {
                        self.named = self.comments.len();
                    }
                    let angle = self.angle();
                    self.angles.push((angle, self.words.len()));
                    self.apart = true;
                }
                ',' => {
                    self.skip(first);
                    self.end_mailbox();
                }
                ';' => {
                    self.skip(first);
                    self.end_group();
                }
                // A group's name: its members count one by one.
                ':' if self.angles.is_empty() && !self.words.iter().any(|word| word.value.contains('@')) => {
                    self.skip(first);
                    let name = phrase(std::mem::take(&mut self.words).iter());
                    self.end_group();
                    self.group = Some((name, Vec::new()));
                }
                _ => self.atom(),
            }
        }
        self.end_group();
    }

    fn skip(&mut self, first: char) {
        self.rest = &self.rest[first.len_utf8()..];
    }

    fn word(&mut self, raw: String, value: String, is_text: bool) {
        let (space, apart) = (std::mem::take(&mut self.space), std::mem::take(&mut self.apart));
        self.words.push(Word { raw, value, space, is_text, apart });
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
    fn angle(&mut self) -> String {
        let (mut address, mut is_open) = (String::new(), false);
        self.rest = &self.rest[1..];
        while let Some(first) = self.rest.chars().next() {
            match first {
                '>' => {
                    self.rest = &self.rest[1..];
                    break;
                }
                '"' => {
                    let (raw, value) = self.enclosed();
                    // One that never ends makes the address unsound, in whatever part of it.
                    is_open = raw.is_empty();
                    address.push_str(&if is_open { format!("\"{value}") } else { raw });
                }
                '(' => drop(self.enclosed()),
                _ => {
                    if !first.is_whitespace() && first != '<' {
                        address.push(first);
                    }
                    self.skip(first);
                }
            }
        }
        let mut target = address.as_str();
        while let Some((_, after)) = target.split_once(':').filter(|_| target.starts_with('@') && !is_open) {
            target = after;
        }
        target.to_owned()
    }

    fn atom(&mut self) {
        let literal = || self.rest.starts_with('[').then(|| self.rest.find(']').map_or(1, |at| at + 1));
        // An encoded word is one atom, though careless mailers leave a comma in it.
        let encoded = names::word_at(self.rest).filter(|length| !self.rest[..*length].contains(char::is_whitespace));
        let special = || {
            let ends = |c: char| c.is_whitespace() || "\"(<,;:[=".contains(c);
            self.rest.char_indices().skip(1).find(|(_, c)| ends(*c)).map(|(at, _)| at)
        };
        let end = literal().or(encoded).or_else(special).unwrap_or(self.rest.len());
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.word(raw.to_owned(), raw.to_owned(), encoded.is_some());
    }

    fn end_mailbox(&mut self) {
        (self.space, self.apart) = (String::new(), false);
        let words = std::mem::take(&mut self.words);
        let comments = std::mem::take(&mut self.comments);
        let angles = std::mem::take(&mut self.angles);
        let named = std::mem::take(&mut self.named);
        let mut found = mailboxes_in(&words, &angles);
        match found.as_mut_slice() {
            [one] => (one.comments, one.named) = (comments, named),
            [] if !comments.is_empty() => found.push(Mailbox { comments, ..Mailbox::default() }),
            _ => {}
        }
        match &mut self.group {
            Some((_, members)) => members.extend(found),
            None => self.items.extend(found.into_iter().map(Item::Mailbox)),
        }
    }

    fn end_group(&mut self) {
        self.end_mailbox();
        match self.group.take() {
            // A group without a name is none to others.
            Some((name, members)) if name.is_empty() => self.items.extend(members.into_iter().map(Item::Mailbox)),
            Some((name, members)) => self.items.push(Item::Group(name, members)),
            None => {}
        }
    }
}

/// The mailboxes between two commas. Two where there should be one (`x@a.example <y@b.example>`): which of them counts,
/// readers take differently, so that both are given; then what stands round them is no name of either's. (Where a comma is
/// missing, `A <a@x> B <b@x>`, each has the name before it.)
fn mailboxes_in(words: &[Word], angles: &[(String, usize)]) -> Vec<Mailbox> {
    let mailbox = |address: &str, angle: bool| Mailbox { address: address.to_owned(), angle, ..Mailbox::default() };
    let (bare, others): (Vec<_>, Vec<_>) =
        joined(words, angles.is_empty()).into_iter().partition(|(raw, range)| is_address(raw, &words[range.clone()]));
    let Some((main, _)) = angles.last() else {
        let mut found: Vec<_> = bare.iter().map(|(raw, _)| mailbox(raw, false)).collect();
        let name = phrase(others.into_iter().flat_map(|(_, range)| &words[range]));
        match found.as_mut_slice() {
            _ if name.is_empty() => {}
            [] => found.push(Mailbox { name, ..Mailbox::default() }),
            [one] => (one.name, one.angle) = (name, true),
            _ => {}
        }
        return found;
    };
    let is_other = |address: &str| !address.is_empty() && !address.eq_ignore_ascii_case(main);
    if bare.is_empty() && angles.len() > 1 && angles.iter().all(|(address, _)| !address.is_empty()) {
        let starts = std::iter::once(0).chain(angles.iter().map(|(_, end)| *end));
        let named = starts.zip(angles).map(|(start, (address, end))| Mailbox {
            name: phrase(words[start..*end].iter()),
            ..mailbox(address, true)
        });
        return named.collect();
    }
    let mut found: Vec<_> =
        angles.iter().map(|(one, _)| one).filter(|one| is_other(one)).map(|one| mailbox(one, true)).collect();
    found.extend(bare.iter().filter(|(raw, _)| is_other(raw)).map(|(raw, _)| mailbox(raw, false)));
    let mut one = mailbox(main, true);
    if found.is_empty() {
        // The same address again is its name.
        one.name = phrase(words.iter());
    }
    found.push(one);
    found
}

/// Words with no white space between are one; with `loosely`, white space round `@` and dots is none (RFC 5322, 4.4).
/// Gives each as written, with its words.
fn joined(words: &[Word], loosely: bool) -> Vec<(String, Range<usize>)> {
    let is_joint = |c: Option<char>| matches!(c, Some('@' | '.'));
    let mut all: Vec<(String, Range<usize>)> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match all.last_mut() {
            Some((raw, range))
                if (!word.apart && word.space.is_empty())
                    || (loosely && (is_joint(raw.chars().last()) || is_joint(word.raw.chars().next()))) =>
            {
                raw.push_str(&word.raw);
                range.end = at + 1;
            }
            _ => all.push((word.raw.clone(), at..at + 1)),
        }
    }
    all
}

/// Whether these words have both sides of an address.
fn is_address(raw: &str, words: &[Word]) -> bool {
    let says_at = words.iter().any(|word| !word.is_text && word.raw.contains('@'));
    let is_plain = |word: &Word| {
        let is_quoted = word.raw.starts_with(['"', '[']);
        !word.raw.is_empty() && (is_quoted || !(word.is_text || word.raw.contains(':')))
    };
    says_at && has_sides(raw) && is_sound(raw) && words.iter().all(is_plain)
}

/// A display name or group name: its words, with encoded words decoded, inside quotes too as many mailers write them.
fn phrase<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    let mut text = String::new();
    for word in words {
        text.push_str(&word.space);
        text.push_str(&word.value);
    }
    super::decoded(text.trim()).trim().to_owned()
}
