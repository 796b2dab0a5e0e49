//! Whose a mail is, by its From field (spec RCV-ALIGN): the one mailbox that every reader finds. A field in which any reader could find
//! another is nobody's, since the mail's octets may leave as they came (spec MAIL-NONE).

mod shown;

use encoding_rs::{EUC_JP, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::{
    Field, Item,
    address::{Address, a_label, mailboxes, parse},
};
use crate::{charset, names};

/// Octets of a From field; a longer one names nobody.
const MAX_FIELD: usize = 16 << 10;

/// Whose a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The one mailbox that every reader finds in the field as it stands.
    pub mailbox: Address,
    /// The domains, as they are compared, of other addresses that a reader finds who decodes the name first; none that is the mailbox's own
    /// or below it.
    shown: Vec<String>,
}

impl Author {
    /// Whether the name shows no address but of these domains (as they are compared) and those below them. If it does, some programs take
    /// that one for the author.
    #[must_use]
    pub fn is_alone_beside(&self, domains: &[String]) -> bool {
        self.shown.iter().all(|shown| domains.iter().any(|domain| is_within(shown, domain)))
    }
}

/// The author: none where the field has several mailboxes, or none, or cannot be read, or is read in two ways.
pub(super) fn of(field: &Field) -> Option<Author> {
    let text = field.text();
    let folds = field.value.windows(2).filter(|two| two == b"\r\n").count();
    let odd = |octet: &&u8| matches!(**octet, 0 | b'\r' | b'\n');
    let is_clean = field.value.len() <= MAX_FIELD
        && field.value.iter().filter(odd).count() == 2 * folds
        && !text.contains(|c: char| c.is_control() && c != '\t');
    let mailbox = is_clean.then(|| sole(&text)).flatten()?;
    let mut shown = Vec::new();
    for reading in other_readings(&field.value, text, &mailbox.address) {
        if !reading.has_none_but_ours(&mailboxes(&reading.text)) {
            return None;
        }
        // Read in another charset, a domain has signs in it that end one.
        let mut ours = shown::domains(&reading.author);
        ours.extend([&mailbox.address, &reading.author].map(|address| domain_of(address)));
        let found = reading.decoded_first()?;
        shown.extend(found.into_iter().filter(|domain| !ours.iter().any(|ours| is_within(domain, ours))));
    }
    Some(Author { mailbox, shown })
}

/// Whether a domain is this one, or below it.
fn is_within(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|left| left.is_empty() || left.ends_with('.'))
}

/// The field as some readers have it, and what they have in the place of the author's address.
struct Reading {
    text: String,
    author: String,
}

impl Reading {
    /// The domains of what a reader could find who decodes the encoded words first and looks for mailboxes then, as many a program
    /// does. None where the words say what no name has: a control character, or text in a charset that is not read here and could say anything.
    fn decoded_first(&self) -> Option<Vec<String>> {
        let is_unreadable = |label: &&str| charset::is_unreadable(Some(label));
        let Some(shifted) = names::labels(&self.text).into_iter().find(is_unreadable) else {
            let decoded = end_trimmed(&names::decode_words(&self.text));
            let is_clean = !decoded.contains(|c: char| c.is_control() && c != '\t');
            return is_clean.then(|| shown::domains(&decoded));
        };
        // Two octets of ASCII a character, between signs that shift: without another `@` among them nobody finds an address.
        let bare: String = shifted.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let is_shifted = ["hz", "hzgb2312", "iso2022kr", "csiso2022kr", "iso2022cn", "iso2022cnext"];
        let as_octets = self.text.replace(&format!("=?{shifted}"), "=?windows-1252");
        let mut decoded = end_trimmed(&names::decode_words(&as_octets));
        decoded.retain(|c| !matches!(c, '\x0e' | '\x0f' | '\x1b'));
        let is_harmless = is_shifted.contains(&bare.as_str())
            && !names::labels(&as_octets).iter().any(is_unreadable)
            && decoded.matches('@').count() == self.author.matches('@').count()
            && !decoded.contains(|c: char| c.is_control() && c != '\t');
        is_harmless.then(Vec::new)
    }

    fn has_none_but_ours(&self, found: &[Address]) -> bool {
        found.iter().all(|other| other.address.is_empty() || other.address.eq_ignore_ascii_case(&self.author))
    }
}

/// A decoded text without one line end, and the white space round it, before the angle bracket: some leave it at a name's end, where it
/// is white space to every reader.
fn end_trimmed(decoded: &str) -> String {
    let Some((name, address)) = decoded.rsplit_once('<') else { return decoded.to_owned() };
    let name = name.trim_end_matches([' ', '\t']);
    let ends = ["\r\n", "\n", "\r", "\u{85}"];
    let name = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    format!("{} <{address}", name.trim_end_matches([' ', '\t']))
}

/// An address's domain, as it is compared.
fn domain_of(address: &str) -> String {
    a_label(address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('.'))
}

/// What other readers make of the field: those that know no encoded words, and of raw octets those that take them for ASCII, or for
/// another charset. To them a quote, an angle bracket or a backslash may be half of a character, or none where we see one.
fn other_readings(value: &[u8], text: String, author: &str) -> Vec<Reading> {
    let mut all = Vec::new();
    if value.iter().any(|octet| !octet.is_ascii() || *octet == 0x1b) {
        for charset in [UTF_8, WINDOWS_1252, SHIFT_JIS, EUC_JP, ISO_2022_JP] {
            let read = |octets| {
                let text = charset.decode_without_bom_handling(octets).0;
                // A no-break space is white space to us alone.
                text.replace('\u{a0}', "\u{b7}")
                    .replace(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n'), "")
            };
            let mut author = read(author.as_bytes());
            author.retain(|c| !c.is_whitespace());
            all.push(Reading { text: names::unfold(&read(value)), author });
        }
    }
    all.push(Reading { text, author: author.to_owned() });
    let without_words =
        |reading: &Reading| Reading { text: reading.text.replace("=?", "=="), author: reading.author.clone() };
    let without_words: Vec<Reading> =
        all.iter().filter(|reading| reading.text.contains("=?")).map(without_words).collect();
    all.extend(without_words);
    all
}

/// The one mailbox of a text: no group, nothing beside it that could be another, no encoded word, no source route and no other kind of `@`
/// in the address, which some decode and some do not.
fn sole(text: &str) -> Option<Address> {
    let items = parse(text);
    let [Item::Mailbox(mailbox)] = items.as_slice() else { return None };
    let name = Some(mailbox.name.clone()).filter(|name| !name.is_empty());
    let address = Address { name, address: mailbox.address.clone() };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{ff20}' | '\u{fe6b}');
    let is_plain = !address.address.contains("=?")
        && !text.contains("<@")
        && address.address.chars().all(plain)
        && is_what_it_looks_like(&address.address);
    let bare = bare(text)?;
    let is_alone = !bare.contains([':', ';'])
        && (!bare.contains('@') || bare.trim_end_matches(',').eq_ignore_ascii_case(&address.address));
    (address.is_sound() && is_plain && is_alone).then_some(address)
}

/// Whether an address has nothing unseen in it, and its domain is written as it is compared: some readers take `ａｃｍｅ。example` for
/// `acme.example` (UTS 46), and some for another.
fn is_what_it_looks_like(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let is_as_compared = || {
        let (unicode, read) = idna::domain_to_unicode(&a_label(domain));
        read.is_ok() && unicode == domain.to_lowercase()
    };
    !address.contains(is_unseen) && (domain.is_ascii() || is_as_compared())
}

/// What takes no place where a text is shown.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// What stands outside of quotes, comments and angle brackets, without white space; none where one of them does not end, or where there is a
/// comment or a bracket in the brackets.
fn bare(text: &str) -> Option<String> {
    let (mut out, mut close, mut depth) = (String::new(), None, 0u32);
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        match (close, character) {
            (Some('"' | ')'), '\\') => drop(chars.next()),
            (Some(')'), '(') => depth += 1,
            (Some(')'), ')') if depth > 0 => depth -= 1,
            (Some(end), _) if end == character => close = None,
            (Some('>'), '(' | '<') => return None,
            (Some(_), _) => {}
            (None, '"') => close = Some('"'),
            (None, '(') => close = Some(')'),
            (None, '<') => close = Some('>'),
            (None, _) if character.is_whitespace() => {}
            (None, _) => out.push(character),
        }
    }
    close.is_none().then_some(out)
}

#[cfg(test)]
mod tests;
