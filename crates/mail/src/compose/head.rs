//! The outgoing mail's header (spec MAIL-REBUILD): the fields that survive, written afresh; no other.

use super::{
    Rebuild, addresses,
    field::{structured, unstructured},
};
use crate::header::Header;

#[derive(Clone, Copy)]
enum Shape {
    /// Any text.
    Text,
    /// An address list. A field that is repeated is joined; a person sees all of it.
    Addresses,
    /// The same for a field of which there is one author's word: the first counts.
    Author,
    /// Anything else: its value is passed on.
    Structured,
}

const SURVIVING: [(&str, Shape); 13] = [
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
];

/// Octets of a `List-…` field's name.
const MAX_NAME: usize = 70;

/// The header up to where the MIME fields follow.
pub(super) fn rebuilt(header: &Header, with: &Rebuild<'_>) -> String {
    let mut out = structured("Received", with.received).unwrap_or_default();
    let mut written: Vec<&str> = Vec::new();
    for field in header.iter() {
        if let Some(name) = list_name(field.name()) {
            out.push_str(&structured(name, &field.shown_text()).unwrap_or_default());
            continue;
        }
        let Some((name, shape)) = SURVIVING.iter().find(|(name, _)| name.eq_ignore_ascii_case(field.name())) else {
            continue;
        };
        if written.contains(name) {
            continue;
        }
        let line = match shape {
            Shape::Text => Some(unstructured(name, &field.unstructured())),
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

/// The name of a `List-…` field (RFC 2369, RFC 2919, RFC 8058), where it is one that can be written.
fn list_name(name: &str) -> Option<&str> {
    let start = name.get(..5)?;
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    (start.eq_ignore_ascii_case("List-") && name.len() > 5 && name.len() <= MAX_NAME && plain).then_some(name)
}
