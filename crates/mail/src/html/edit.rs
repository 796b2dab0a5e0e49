//! What becomes of one start tag (spec MAIL-CID): its references to removed parts are taken out of its octets, and
//! every other octet stays.

use std::ops::Range;

use super::{
    MAX_NESTED,
    css::Css,
    entities::{Decoded, escape},
    readings::{Edit, Judge, Readings},
    references::Lookup,
    srcset::candidates,
    tag::{Attribute, Tag},
};
use crate::steps::RewriteError;

/// Places in a tag's octets, in order, and what is to stand there.
pub(super) type Edits = Vec<(Range<usize>, String)>;

/// What takes the references to removed parts out of this tag. `depth`: in how many documents in attributes it stands.
pub(super) fn edits(tag: &Tag<'_>, references: &Lookup, depth: u8) -> Result<Edits, RewriteError> {
    if tag.end_tag || tag.attributes.is_empty() || references.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(text) = instead_of_image(tag, references) {
        return Ok(vec![(0..tag.octets.len(), text)]);
    }
    let (mut all, mut from) = (Vec::new(), 0);
    for attribute in tag.attributes {
        match edit(tag, attribute, references, depth)? {
            Change::Keep => {}
            Change::Remove => {
                let before = tag.octets[..attribute.whole.start].iter().rposition(|b| !b.is_ascii_whitespace());
                let start = before.map_or(attribute.whole.start, |last| last + 1).max(from);
                from = attribute.whole.end;
                // What followed without white space must not run into what stood before.
                let next = tag.octets.get(from);
                let runs_on = next.is_some_and(|next| !matches!(next, b'>' | b'/') && !next.is_ascii_whitespace());
                all.push((start..from, if runs_on { " ".to_owned() } else { String::new() }));
            }
            Change::Value(edits) => {
                let value = attribute.value.start;
                all.extend(edits.into_iter().map(|(range, text)| (range.start + value..range.end + value, text)));
                from = attribute.value.end;
            }
        }
    }
    if !all.is_empty() && ends(&with(tag.octets, &all)) && !ends(tag.octets) {
        return Err(RewriteError::html(
            "an HTML tag without its references would be the end of something else to others",
        ));
    }
    Ok(all)
}

/// The octets with the edits made.
fn with(octets: &[u8], edits: &Edits) -> Vec<u8> {
    let (mut all, mut from) = (Vec::with_capacity(octets.len()), 0);
    for (range, text) in edits {
        all.extend_from_slice(&octets[from..range.start]);
        all.extend_from_slice(text.as_bytes());
        from = range.end;
    }
    all.extend_from_slice(&octets[from..]);
    all
}

/// Whether a comment or a CDATA section that these octets stand in may end in them.
fn ends(octets: &[u8]) -> bool {
    memchr::memchr_iter(b'>', octets).any(|at| {
        let before = &octets[..at];
        before.ends_with(b"--!") || before.ends_with(b"]]") || before.trim_ascii_end().ends_with(b"--")
    })
}

enum Change {
    Keep,
    Remove,
    /// Places in the value as written, in order, and what stands there afterwards.
    Value(Edits),
}

fn edit(tag: &Tag<'_>, attribute: &Attribute, references: &Lookup, depth: u8) -> Result<Change, RewriteError> {
    let value = tag.value(attribute);
    let is_reference = match tag.attribute_name(attribute).as_slice() {
        b"src" => has_source(tag),
        b"srcset" if has_source(tag) => return Ok(source_set(value, references)),
        b"style" => return Ok(style(value, references)),
        b"srcdoc" => return document(value, references, depth),
        b"data" => tag.is_any(&["object"]),
        b"poster" | b"background" | b"href" => true,
        // `xlink:href` and `o:href`, by whatever prefix.
        name if name.ends_with(b":href") => true,
        _ => false,
    };
    if is_reference && references.find(&Decoded::new(value).text).is_some() {
        return Ok(Change::Remove);
    }
    Ok(Change::Keep)
}

/// Elements whose `src` shows something, VML (`v:fill`, `v:imagedata`, by whatever prefix) among them.
fn has_source(tag: &Tag<'_>) -> bool {
    let is_image_button = || {
        tag.is_any(&["input"])
            && tag.attributes.iter().any(|attribute| {
                tag.attribute_name(attribute) == b"type"
                    && Decoded::new(tag.value(attribute)).text.trim().eq_ignore_ascii_case("image")
            })
    };
    tag.is_any(&["img", "image", "video", "audio", "source", "embed"]) || tag.name.contains(&b':') || is_image_button()
}

/// For an image that shows a removed part: its alternative text, or its file's name, as HTML.
fn instead_of_image(tag: &Tag<'_>, references: &Lookup) -> Option<String> {
    if !tag.is_any(&["img", "image"]) || tag.is_cut {
        return None;
    }
    let name = match tag.attribute("src") {
        Some(source) => references.find(&Decoded::new(tag.value(source)).text)?,
        None => {
            let set = tag.attribute("srcset")?;
            let Change::Remove = source_set(tag.value(set), references) else { return None };
            let text = Decoded::new(tag.value(set)).text;
            let first = candidates(&text).into_iter().next()?;
            references.find(&text[first.url])?
        }
    };
    // `alt=""` calls a picture an ornament. In mail it says nothing: mailers write it for whatever was pasted, and who reads
    // "see below:" must see that something was there. So an empty text is none.
    let alternative = tag.attribute("alt").map(|alt| String::from_utf8_lossy(tag.value(alt)).into_owned());
    Some(ends_nothing(match alternative.filter(|alt| !alt.trim().is_empty()) {
        // Its entities mean the same in text; only what would open a tag has to be escaped.
        Some(alt) => alt.replace('<', "&lt;").replace('>', "&gt;"),
        None => escape(name),
    }))
}

/// The same text, so written that it ends no comment and no CDATA section together with what it stands between.
fn ends_nothing(text: String) -> String {
    const MARKS: [char; 3] = ['-', '!', ']'];
    if text.contains("--") || text.starts_with(MARKS) || text.ends_with(MARKS) {
        return text.replace('-', "&#45;").replace('!', "&#33;").replace(']', "&#93;");
    }
    text
}

fn source_set(written: &[u8], references: &Lookup) -> Change {
    let decoded = Decoded::new(written);
    let all = candidates(&decoded.text);
    let removed: Vec<bool> = all.iter().map(|c| references.find(&decoded.text[c.url.clone()]).is_some()).collect();
    if !removed.contains(&true) {
        return Change::Keep;
    }
    if !removed.contains(&false) {
        return Change::Remove;
    }
    let edits = all.iter().zip(&removed).filter(|(_, removed)| **removed);
    Change::Value(edits.map(|(c, _)| (decoded.written(c.whole.clone()), String::new())).collect())
}

fn style(written: &[u8], references: &Lookup) -> Change {
    let decoded = Decoded::new(written);
    let mut edits = Vec::new();
    Css::default().scan(decoded.text.as_bytes(), true, |found| {
        if references.find(&found.url).is_some() {
            edits.push((decoded.written(found.range), found.instead.to_owned()));
        }
    });
    if edits.is_empty() { Change::Keep } else { Change::Value(edits) }
}

/// A document in an attribute (`srcdoc`).
fn document(written: &[u8], references: &Lookup, depth: u8) -> Result<Change, RewriteError> {
    if depth == MAX_NESTED {
        return Err(RewriteError::html("HTML documents in attributes too deep"));
    }
    let decoded = Decoded::new(written);
    let mut readings = Readings::new(Inner { references: references.clone(), depth: depth + 1 });
    readings.push(decoded.text.as_bytes())?;
    readings.finish()?;
    let mut edits: Edits = Vec::new();
    let all = readings.edits();
    all.sort_by_key(|edit| edit.range.start);
    for Edit { range, text } in std::mem::take(all) {
        let range = decoded.written(range);
        match edits.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            _ => edits.push((range, escape(&text))),
        }
    }
    Ok(if edits.is_empty() { Change::Keep } else { Change::Value(edits) })
}

/// Who looks at a document in an attribute.
#[derive(Debug)]
struct Inner {
    references: Lookup,
    depth: u8,
}

impl Judge for Inner {
    fn text(&mut self, _at: usize, _text: &[u8]) {}

    fn tag(&mut self, _at: usize, tag: &Tag<'_>, _plain: bool) -> Result<Edits, RewriteError> {
        edits(tag, &self.references, self.depth)
    }

    fn url(&mut self, url: &str) -> bool {
        self.references.find(url).is_some()
    }
}
