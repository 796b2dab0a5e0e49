//! What becomes of one start tag (spec MAIL-CID): its references to removed parts are taken out of its octets, and
//! every other octet stays.

use std::ops::Range;

use super::{
    css,
    entities::{Decoded, escape},
    references::References,
    tag::{Attribute, Tag},
};

/// Writes the tag to `out`, without its references to removed parts.
pub(super) fn write(tag: Tag<'_>, references: &References, out: &mut Vec<u8>) {
    if tag.end_tag || tag.attributes.is_empty() || references.is_empty() {
        out.extend_from_slice(tag.octets);
        return;
    }
    if let Some(text) = instead_of_image(tag, references) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut from = 0;
    for attribute in tag.attributes {
        match edit(tag, attribute, references) {
            Edit::Keep => {}
            Edit::Remove => {
                let before = tag.octets[..attribute.whole.start].iter().rposition(|b| !b.is_ascii_whitespace());
                let start = before.map_or(attribute.whole.start, |last| last + 1).max(from);
                out.extend_from_slice(&tag.octets[from..start]);
                from = attribute.whole.end;
                // What followed without white space must not run into what stood before.
                if !matches!(tag.octets.get(from), Some(b'>' | b'/')) && !tag.octets[from].is_ascii_whitespace() {
                    out.push(b' ');
                }
            }
            Edit::Value(edits) => {
                for (range, text) in edits {
                    out.extend_from_slice(&tag.octets[from..attribute.value.start + range.start]);
                    out.extend_from_slice(text.as_bytes());
                    from = attribute.value.start + range.end;
                }
            }
        }
    }
    out.extend_from_slice(&tag.octets[from..]);
}

enum Edit {
    Keep,
    Remove,
    /// Places in the value as written, in order, and what stands there afterwards.
    Value(Vec<(Range<usize>, String)>),
}

fn edit(tag: Tag<'_>, attribute: &Attribute, references: &References) -> Edit {
    let name = tag.octets[attribute.name.clone()].to_ascii_lowercase();
    let is_reference = match name.as_slice() {
        b"src" => has_source(tag),
        b"srcset" if has_source(tag) => return source_set(tag.value(attribute), references),
        b"style" => return style(tag.value(attribute), references),
        b"data" => tag.is_any(&["object"]),
        b"poster" | b"background" | b"href" | b"xlink:href" | b"o:href" => true,
        _ => false,
    };
    if is_reference && references.find(&Decoded::new(tag.value(attribute)).text).is_some() {
        return Edit::Remove;
    }
    Edit::Keep
}

/// Elements whose `src` shows something, VML (`v:fill`, `v:imagedata`) among them.
fn has_source(tag: Tag<'_>) -> bool {
    let is_image_button = || {
        let kind = tag.attribute("type").map(|kind| Decoded::new(tag.value(kind)).text.into_owned());
        tag.is_any(&["input"]) && kind.is_some_and(|kind| kind.eq_ignore_ascii_case("image"))
    };
    tag.is_any(&["img", "image", "video", "audio", "source", "embed"])
        || tag.name.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"v:"))
        || is_image_button()
}

/// For an image that shows a removed part: its alternative text, or its file's name, as HTML.
fn instead_of_image(tag: Tag<'_>, references: &References) -> Option<String> {
    if !tag.is_any(&["img", "image"]) {
        return None;
    }
    let name = match tag.attribute("src") {
        Some(source) => references.find(&Decoded::new(tag.value(source)).text)?,
        None => {
            let set = tag.attribute("srcset")?;
            let Edit::Remove = source_set(tag.value(set), references) else { return None };
            let text = Decoded::new(tag.value(set)).text;
            let first = candidates(&text).into_iter().next()?;
            references.find(&text[first.url])?
        }
    };
    let alternative = tag.attribute("alt").map(|alt| String::from_utf8_lossy(tag.value(alt)).into_owned());
    Some(match alternative.filter(|alt| !alt.trim().is_empty()) {
        // Its entities mean the same in text; only what would open a tag has to be escaped.
        Some(alt) => alt.replace('<', "&lt;").replace('>', "&gt;"),
        None => escape(name),
    })
}

/// One candidate of a `srcset`.
struct Candidate {
    url: Range<usize>,
    /// The URL, its descriptor, and the comma after it.
    whole: Range<usize>,
}

/// The candidates of a `srcset` value (HTML, 4.8.4.2.1), without reading the descriptors.
fn candidates(set: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let start =
            at + set[at..].len() - set[at..].trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',').len();
        if start == set.len() {
            return found;
        }
        let length = set[start..].find(|c: char| c.is_ascii_whitespace()).unwrap_or(set.len() - start);
        let url = set[start..start + length].trim_end_matches(',');
        let url_end = start + url.len();
        let end = if url.len() < length { start + length } else { descriptor_end(set, url_end) };
        found.push(Candidate { url: start..url_end, whole: start..end });
        at = end;
    }
}

/// After the comma that ends a descriptor; commas in parentheses do not.
fn descriptor_end(set: &str, from: usize) -> usize {
    let mut depth = 0u32;
    for (at, octet) in set.bytes().enumerate().skip(from) {
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    set.len()
}

fn source_set(written: &[u8], references: &References) -> Edit {
    let decoded = Decoded::new(written);
    let all = candidates(&decoded.text);
    let removed: Vec<bool> = all.iter().map(|c| references.find(&decoded.text[c.url.clone()]).is_some()).collect();
    if !removed.contains(&true) {
        return Edit::Keep;
    }
    if !removed.contains(&false) {
        return Edit::Remove;
    }
    let edits = all.iter().zip(&removed).filter(|(_, removed)| **removed);
    Edit::Value(edits.map(|(c, _)| (decoded.written(c.whole.clone()), String::new())).collect())
}

fn style(written: &[u8], references: &References) -> Edit {
    let decoded = Decoded::new(written);
    let mut edits = Vec::new();
    css::scan(&mut css::Inside::default(), decoded.text.as_bytes(), true, |found| {
        if references.find(&found.url).is_some() {
            edits.push((decoded.written(found.range), super::NO_IMAGE.to_owned()));
        }
    });
    if edits.is_empty() { Edit::Keep } else { Edit::Value(edits) }
}
