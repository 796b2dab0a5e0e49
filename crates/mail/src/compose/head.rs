//! The outgoing mail's header (spec MAIL-REBUILD): the fields that survive, written afresh; no other.

use super::{
    Rebuild, addresses,
    field::{FieldWriter, unstructured},
    structured::structured,
};
use crate::{
    header::{Field, Header, decoded},
    names,
};

#[derive(Clone, Copy)]
enum Shape {
    /// Any text.
    Text,
    /// An address list. A field that is repeated is joined; a person sees all of it.
    Addresses,
    /// The same for a field of which there is one author's word: the first counts.
    Author,
    /// Texts: each of them is there.
    Texts,
    /// Phrases, separated by commas.
    Phrases,
    /// Anything else: its value is passed on.
    Structured,
}

/// The fields that survive. The rule's own, and four kinds on which it is silent and without which the mail would not be what
/// it was: a machine's answer that nobody may answer by machine (Auto-Submitted, RFC 3834; Precedence, which programs
/// of old look for instead), what the sender asks for it (Sensitivity, RFC 4021), and what the author wrote about it
/// (Keywords, Comments, RFC 5322, 3.6.5).
const SURVIVING: [(&str, Shape); 18] = [
    ("Date", Shape::Structured),
    ("Message-ID", Shape::Structured),
    ("In-Reply-To", Shape::Structured),
    ("References", Shape::Structured),
    ("Reply-To", Shape::Addresses),
    ("From", Shape::Author),
    ("Sender", Shape::Author),
    ("To", Shape::Addresses),
    ("Cc", Shape::Addresses),
    ("Subject", Shape::Text),
    ("Content-Language", Shape::Structured),
    ("Importance", Shape::Structured),
    ("Priority", Shape::Structured),
    ("Auto-Submitted", Shape::Structured),
    ("Precedence", Shape::Structured),
    ("Sensitivity", Shape::Structured),
    ("Keywords", Shape::Phrases),
    ("Comments", Shape::Texts),
];

/// Octets of a `List-…` field's name.
const MAX_NAME: usize = 70;

/// The header up to where the MIME fields follow.
pub(super) fn rebuilt(header: &Header, with: &Rebuild<'_>) -> String {
    let mut out = with.front.fields();
    let mut written: Vec<&str> = Vec::new();
    for field in header.iter() {
        if with.secret_header.is_some_and(|name| name.trim().eq_ignore_ascii_case(field.name())) {
            continue;
        }
        if let Some(name) = list_name(field.name()) {
            out.push_str(&structured(name, &field.shown_text()).unwrap_or_default());
            continue;
        }
        let Some((name, shape)) = SURVIVING.iter().find(|(name, _)| name.eq_ignore_ascii_case(field.name())) else {
            continue;
        };
        if written.contains(name) && !matches!(shape, Shape::Texts) {
            continue;
        }
        let line = match shape {
            Shape::Phrases => Some(phrases(name, header.all(name).map(Field::shown_text))),
            Shape::Text | Shape::Texts => Some(unstructured(name, &field.unstructured())),
            Shape::Author => addresses::rewritten(name, &[field]),
            Shape::Addresses => addresses::rewritten(name, &header.all(name).collect::<Vec<_>>()),
            Shape::Structured => {
                Some(field.shown_text()).filter(|v| !v.trim().is_empty()).and_then(|v| structured(name, &v))
            }
        };
        if let Some(line) = line {
            out.push_str(&line);
            written.push(name);
        }
    }
    if !written.contains(&"Date") {
        out.push_str(&structured("Date", with.fallback_date).unwrap_or_default());
    }
    if !written.contains(&"Message-ID") {
        out.push_str(&structured("Message-ID", &format!("<{}>", with.fallback_message_id)).unwrap_or_default());
    }
    out
}

/// Phrases that commas separate, in quotes and in encoded words too where mailers leave them bare.
fn phrases(name: &str, values: impl Iterator<Item = String>) -> String {
    let mut field = FieldWriter::new(name);
    let mut first = true;
    for value in values {
        let (mut rest, mut quoted) = (value.as_str(), false);
        while !rest.is_empty() {
            let mut end = 0;
            while let Some(c) = rest[end..].chars().next().filter(|c| quoted || *c != ',') {
                quoted ^= c == '"';
                end += names::word_at(&rest[end..]).unwrap_or(c.len_utf8());
            }
            let phrase = decoded(rest[..end].trim().trim_matches('"'));
            if !phrase.trim().is_empty() {
                field.attach(if first { "" } else { "," });
                field.phrase(phrase.trim());
                first = false;
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    field.finish()
}

/// The name of a `List-…` field (RFC 2369, RFC 2919, RFC 8058), where it is one that can be written.
fn list_name(name: &str) -> Option<&str> {
    let start = name.get(..5)?;
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    (start.eq_ignore_ascii_case("List-") && name.len() > 5 && name.len() <= MAX_NAME && plain).then_some(name)
}
