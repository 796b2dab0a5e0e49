//! Where parts say that they come from, as absolute URLs (RFC 2557, 4 and 5).

use url::Url;

use crate::outline::{Outline, Part, PartId};

/// What everything in a mail is relative to that says nothing else (RFC 2557, 5, d).
const THIS_MESSAGE: &str = "thismessage:/";
/// Octets of a location that is resolved.
const MAX_URL: usize = 8 << 10;

/// From where relative references in this part are meant: its Content-Base (RFC 2110), else its Content-Location, else
/// the same of the multiparts round it, from the inner to the outer.
pub(super) fn base(outline: &Outline, id: PartId) -> Option<String> {
    let (part, outer) = stack(outline, id)?;
    let own = step(outer, part.content_base.as_deref());
    let own = if part.content_base.is_some() { own } else { step(own, part.content_location.as_deref()) };
    Some(own.into())
}

/// The absolute URL that this part's Content-Location means.
pub(super) fn location(outline: &Outline, id: PartId) -> Option<String> {
    let (part, outer) = stack(outline, id)?;
    let location = part.content_location.as_deref().filter(|location| location.len() <= MAX_URL)?;
    step(outer, part.content_base.as_deref()).join(location).ok().map(Into::into)
}

/// The part, and the base that the multiparts round it give.
fn stack(outline: &Outline, id: PartId) -> Option<(&Part, Url)> {
    let part = |id: PartId| outline.parts.get(usize::try_from(id.0).ok()?);
    let this = part(id)?;
    let (mut outer, mut above) = (Vec::new(), this.parent);
    while let Some(next) = above.and_then(part).filter(|_| outer.len() <= outline.parts.len()) {
        outer.push(next);
        above = next.parent;
    }
    let start = Url::parse(THIS_MESSAGE).ok()?;
    let base = outer.into_iter().rev().fold(start, |base, part| {
        let said = part.content_base.as_deref().or(part.content_location.as_deref());
        step(base, said)
    });
    Some((this, base))
}

fn step(base: Url, said: Option<&str>) -> Url {
    said.filter(|said| said.len() <= MAX_URL).and_then(|said| base.join(said).ok()).unwrap_or(base)
}
