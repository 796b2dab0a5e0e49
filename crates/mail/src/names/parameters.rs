//! Parameters of Content-Type and Content-Disposition (RFC 2045, 5.1; RFC 2231), read with every tolerance that
//! leaves one reading.

use super::words::{decode_words, hex_pair};
use crate::charset;

/// Names after which, without a semicolon, a new parameter begins.
const KNOWN: [&str; 11] = [
    "name",
    "filename",
    "charset",
    "boundary",
    "size",
    "type",
    "format",
    "creation-date",
    "modification-date",
    "read-date",
    "method",
];

/// A comment longer than this is none, so that looking for its end costs little.
const MAX_COMMENT: usize = 4096;

/// Parameters of one field that are read; so many are nobody's, and each may cost a comment's length.
const MAX_PARAMETERS: usize = 1000;

/// A field's value taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// What stands before the first semicolon, without comments and white space: `text/plain`, `attachment`.
    pub(crate) main: String,
    /// The parameters in order.
    pub(crate) list: Vec<Parameter>,
}

/// One parameter, not yet decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// In lower case, with what RFC 2231 puts after it (`filename*0*`).
    pub(crate) name: String,
    /// Without its quotes.
    pub(crate) value: String,
    /// Read otherwise by other readers: quotes not closed before a semicolon, quoted pairs, white space or comments in an
    /// unquoted value.
    pub(crate) odd: bool,
}

impl Parameters {
    /// Takes an unfolded value apart. The text has been through [`crate::charset::guess`], so that a backslash is one.
    pub(crate) fn parse(text: &str) -> Self {
        let text = skip_blank(text);
        let main_end = text.find([';', ' ', '\t', '(', '"', '=', ',']).unwrap_or(text.len());
        let mut rest = &text[main_end..];
        let mut main = text[..main_end].to_ascii_lowercase();
        if rest.starts_with('=') {
            // No main value at all: a parameter stands first.
            main.clear();
            rest = text;
        } else if !parameters_follow(rest) {
            // `text /plain`, `text/plain application/pdf`, `"text/plain"`: nothing that can be parsed.
            let end = rest.find(';').unwrap_or(rest.len());
            main.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        let mut list = Vec::new();
        for _ in 0..MAX_PARAMETERS {
            let Some((parameter, after)) = parameter(rest) else { break };
            list.extend(parameter);
            rest = after;
        }
        Self { main, list }
    }

    /// The first parameter of exactly this name.
    pub(crate) fn plain(&self, name: &str) -> Option<&Parameter> {
        self.list.iter().find(|parameter| parameter.name == name)
    }

    /// The parameters of this name in any of RFC 2231's forms.
    pub(crate) fn forms<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.list.iter().filter(move |parameter| {
            parameter.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('*'))
        })
    }

    /// A parameter's value as text, by RFC 2231 before RFC 2047 before what it is raw.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let extended = self.list.iter().find(|parameter| parameter.name.strip_suffix('*') == Some(name));
        let text = extended
            .map(|parameter| extended_text(&[(true, &parameter.value)]))
            .or_else(|| self.continued(name))
            .or_else(|| self.plain(name).map(|parameter| decode_words(&parameter.value)))?;
        Some(text.trim().to_owned())
    }

    /// The value of `boundary`, whose first form is this: nothing in it is an encoded word.
    pub(crate) fn text_of_boundary(&self, first: &Parameter) -> String {
        if first.name == "boundary" { first.value.clone() } else { self.text("boundary").unwrap_or_default() }
    }

    /// RFC 2231, 3: `name*0`, `name*1*` …, in whatever order they stand.
    fn continued(&self, name: &str) -> Option<String> {
        let mut segments: Vec<(u32, bool, &str)> = self
            .list
            .iter()
            .filter_map(|parameter| {
                let number = parameter.name.strip_prefix(name)?.strip_prefix('*')?;
                let (number, encoded) = number.strip_suffix('*').map_or((number, false), |number| (number, true));
                Some((number.parse().ok()?, encoded, parameter.value.as_str()))
            })
            .collect();
        segments.sort_by_key(|(number, ..)| *number);
        segments.dedup_by_key(|(number, ..)| *number);
        let values: Vec<(bool, &str)> = segments.into_iter().map(|(_, encoded, value)| (encoded, value)).collect();
        (!values.is_empty()).then(|| extended_text(&values))
    }
}

/// The text of segments, of which some are percent-encoded in the charset that the first one names.
fn extended_text(segments: &[(bool, &str)]) -> String {
    if segments.iter().all(|(encoded, _)| !encoded) {
        // Some mailers cut encoded words into segments.
        return decode_words(&segments.iter().map(|(_, value)| *value).collect::<String>());
    }
    let mut label = None;
    let mut out = String::new();
    let mut octets = Vec::new();
    for (index, (encoded, value)) in segments.iter().enumerate() {
        let mut value = *value;
        if index == 0
            && *encoded
            && let Some((charset, after)) = value.split_once('\'')
            && let Some((_language, after)) = after.split_once('\'')
        {
            label = Some(charset).filter(|charset| !charset.is_empty());
            value = after;
        }
        if *encoded {
            percent_decode(value, &mut octets);
        } else if value.is_ascii() {
            octets.extend_from_slice(value.as_bytes());
        } else {
            // Raw text in between has been decoded already.
            out.push_str(&octets_text(label, &octets));
            octets.clear();
            out.push_str(value);
        }
    }
    out.push_str(&octets_text(label, &octets));
    // `filename*="=?utf-8?B?…?="`: the one form within the other.
    if label.is_none() { decode_words(&out) } else { out }
}

fn octets_text(label: Option<&str>, octets: &[u8]) -> String {
    match label {
        Some(label) => charset::decode_all(Some(label), octets),
        None => charset::guess(octets),
    }
}

fn percent_decode(value: &str, out: &mut Vec<u8>) {
    let octets = value.as_bytes();
    let mut at = 0;
    while let Some(octet) = octets.get(at) {
        match (octet, octets.get(at + 1..at + 3).and_then(hex_pair)) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(*octet);
                at += 1;
            }
        }
    }
}

/// The next parameter and what follows it; no parameter where there is only something to skip.
fn parameter(text: &str) -> Option<(Option<Parameter>, &str)> {
    let text = skip_blank(text.trim_start_matches([';', ' ', '\t']));
    let first = text.chars().next()?;
    if first == ';' {
        return Some((None, text));
    }
    let name_end = text.find([';', '=']).unwrap_or(text.len());
    if !text[name_end..].starts_with('=') {
        return Some((None, &text[name_end..]));
    }
    let name = text[..name_end].split(['(', ' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let value = skip_blank(&text[name_end + 1..]);
    let (value, odd, after) = match value.strip_prefix('"') {
        Some(quoted) => quoted_value(quoted),
        None => unquoted_value(value, &name),
    };
    Some((Some(Parameter { name, value, odd }), after))
}

/// Whether after the main value nothing stands but parameters: the first one's semicolon may be missing.
fn parameters_follow(rest: &str) -> bool {
    let next = skip_blank(rest);
    !rest.starts_with('"') && (next.is_empty() || next.starts_with(';') || known_parameter(next).is_some())
}

/// Skips white space and comments.
fn skip_blank(text: &str) -> &str {
    let mut rest = text.trim_start_matches([' ', '\t']);
    while let Some(inner) = rest.strip_prefix('(') {
        // A comment without an end is none.
        let Some(after) = comment_end(inner) else { return rest };
        rest = after.trim_start_matches([' ', '\t']);
    }
    rest
}

fn comment_end(inner: &str) -> Option<&str> {
    let mut depth = 1u32;
    let mut escaped = false;
    for (at, c) in inner.char_indices().take(MAX_COMMENT) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&inner[at + 1..]);
        }
    }
    None
}

fn quoted_value(quoted: &str) -> (String, bool, &str) {
    let mut value = String::new();
    let mut odd = false;
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let after = &quoted[at + 1..];
                // Something follows that belongs to nothing: `"a"b;`.
                let next = skip_blank(after);
                odd |= !next.is_empty() && !next.starts_with(';') && known_parameter(next).is_none();
                return (value, odd, after_junk(after));
            }
            '\\' => {
                odd = true;
                value.extend(chars.next().map(|(_, escaped)| escaped));
            }
            _ => value.push(c),
        }
    }
    unclosed_value(quoted)
}

/// After a closing quote: to the next semicolon, or to a parameter that is known.
fn after_junk(after: &str) -> &str {
    let next = skip_blank(after);
    if next.starts_with(';') || known_parameter(next).is_some() {
        return next;
    }
    &after[after.find(';').unwrap_or(after.len())..]
}

/// A quote that nothing closes: the value ends at a semicolon after which a known parameter follows, or at the end.
fn unclosed_value(quoted: &str) -> (String, bool, &str) {
    let end = quoted
        .match_indices(';')
        .map(|(at, _)| at)
        .find(|at| known_parameter(skip_blank(&quoted[at + 1..])).is_some())
        .unwrap_or(quoted.len());
    let value = quoted[..end].trim_end_matches([' ', '\t', ';']);
    (value.to_owned(), quoted.contains(';'), &quoted[end..])
}

fn unquoted_value<'a>(text: &'a str, name: &str) -> (String, bool, &'a str) {
    let whole = &text[..text.find(';').unwrap_or(text.len())];
    // What may have spaces in it is a name: it goes on to the semicolon, or to the next parameter that is known.
    let is_name = name.starts_with("name") || name.starts_with("filename");
    let mut end = whole.len();
    for (at, _) in whole.match_indices([' ', '\t']) {
        if known_parameter(whole[at..].trim_start_matches([' ', '\t'])).is_some() || !is_name {
            end = at;
            break;
        }
    }
    if !is_name {
        end = end.min(whole.find('(').unwrap_or(end));
    }
    let value = whole[..end].trim_end();
    let next = &whole[end..];
    let parameter_follows = known_parameter(skip_blank(next)).is_some();
    let odd = value.contains(['(', ')', '"', '\\']) || (!next.trim().is_empty() && !parameter_follows);
    let after = if parameter_follows { next } else { &text[whole.len()..] };
    (value.to_owned(), odd, after)
}

/// Whether a parameter of a known name begins here.
fn known_parameter(text: &str) -> Option<()> {
    let name_end = text.find(['=', ' ', ';', '"'])?;
    if !text[name_end..].starts_with('=') {
        return None;
    }
    let name = text[..name_end].split('*').next()?;
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)).then_some(())
}
