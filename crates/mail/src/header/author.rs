//! Whose a mail is, by its From field (spec RCV-ALIGN): the one mailbox that every reader finds. A field in which any reader could find
//! another is nobody's, since the mail's octets may leave as they came (spec MAIL-NONE).

use encoding_rs::{EUC_JP, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::{
    Field, Item,
    address::{Address, a_label, mailboxes, parse},
};
use crate::{charset, names};

/// Why a From field has no author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAuthor {
    /// It has several mailboxes, or none, or cannot be read, or is read in two ways.
    Unclear,
    /// It has one, and the name before it, decoded, has a mailbox of another domain in it.
    AddressInName,
}

/// The author.
pub(super) fn of(field: &Field) -> Result<Address, NoAuthor> {
    let text = field.text();
    let folds = field.value.windows(2).filter(|two| two == b"\r\n").count();
    let odd = |octet: &&u8| matches!(**octet, 0 | b'\r' | b'\n');
    let is_clean =
        field.value.iter().filter(odd).count() == 2 * folds && !text.contains(|c: char| c.is_control() && c != '\t');
    let author = is_clean.then(|| sole(&text)).flatten().ok_or(NoAuthor::Unclear)?;
    for reading in other_readings(&field.value, text, &author.address) {
        if !reading.has_none_but_ours(&mailboxes(&reading.text)) {
            return Err(NoAuthor::Unclear);
        }
        let ours = [&author.address, &reading.author].map(|address| domain_of(address));
        let found = reading.decoded_first().ok_or(NoAuthor::Unclear)?;
        if found.iter().any(|domain| !ours.contains(&a_label(domain))) {
            return Err(NoAuthor::AddressInName);
        }
    }
    Ok(author)
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
            return is_clean.then(|| domains(&decoded));
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

/// What stands behind each `@` that is in no quotes and no comment, up to what ends a domain: with the white space left out, as some
/// readers have it, and up to the first.
fn domains(text: &str) -> Vec<String> {
    let text = without_quoted(text);
    let after = text.split('@').skip(1).map(str::trim_start);
    let both = after.flat_map(|rest| {
        if rest.starts_with('[') {
            return [rest.split_inclusive(']').next().unwrap_or(rest).to_owned(), String::new()];
        }
        let end = rest.find(|c: char| "()<>,:;\"[]\\".contains(c)).unwrap_or(rest.len());
        let joined: String = rest[..end].chars().filter(|c| !c.is_whitespace()).collect();
        [joined, rest[..end].split(char::is_whitespace).next().unwrap_or_default().to_owned()]
    });
    both.map(|domain| domain.trim_end_matches('.').to_owned()).filter(|domain| is_domain(domain)).collect()
}

/// A text with a quote for each quoted string, and white space for each comment.
fn without_quoted(text: &str) -> String {
    let (mut out, mut in_quotes, mut depth) = (String::with_capacity(text.len()), false, 0u32);
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        match character {
            '\\' if in_quotes || depth > 0 => drop(chars.next()),
            '"' if depth == 0 => {
                in_quotes = !in_quotes;
                out.push('"');
            }
            _ if in_quotes => {}
            '(' => {
                depth += 1;
                out.push(' ');
            }
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => out.push(character),
        }
    }
    out
}

/// Whether a program could take this for a domain: labels of letters, digits and hyphens (or of what IDNA makes such), two or more, the
/// last one not a number and not a single letter (`営業No.1`, `株式会社A.B.C`); or an address in brackets. An ideographic full stop is a
/// dot to some (UTS 46): it counts before a label in ASCII, and ends a sentence elsewhere.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        return literal.is_ascii() && literal.contains(['.', ':']);
    }
    let ends_sentence = domain.contains(['\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let name = if domain.is_ascii() { domain.to_lowercase() } else { a_label(domain) };
    let Some((above, last)) = name.rsplit_once('.') else { return false };
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let is_top = if last.is_ascii() && !last.starts_with("xn--") {
        last.len() > 1 && !last.bytes().all(|octet| octet.is_ascii_digit())
    } else {
        !ends_sentence
    };
    is_top && is_label(last) && above.split('.').all(is_label)
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
    let unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let is_as_compared = || {
        let (unicode, read) = idna::domain_to_unicode(&a_label(domain));
        read.is_ok() && unicode == domain.to_lowercase()
    };
    !address.contains(unseen) && (domain.is_ascii() || is_as_compared())
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
