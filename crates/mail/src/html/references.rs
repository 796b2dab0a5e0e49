//! Which URLs mean a part that was removed (spec MAIL-CID).

use std::{collections::HashMap, sync::Arc};

use url::Url;

use super::{entities::Decoded, tag::Tag};

/// Octets of a URL that is resolved; a longer one is no part's location.
const MAX_URL: usize = 8 << 10;
/// `<base>` tags that are looked at: browsers take the first, others another.
const MAX_BASES: usize = 8;

/// The parts taken out of a mail, as its HTML can refer to them.
#[derive(Debug, Default)]
pub struct References {
    /// Content-ID → the file's name.
    by_id: HashMap<Vec<u8>, String>,
    /// Content-Location → the file's name.
    by_location: HashMap<Vec<u8>, String>,
    /// Content-Location as an absolute URL → the file's name.
    by_url: HashMap<Vec<u8>, String>,
}

impl References {
    /// Adds a removed part: its Content-ID without angle brackets, its Content-Location, and the name under which it
    /// is deposited.
    pub fn add(&mut self, content_id: Option<&str>, content_location: Option<&str>, name: &str) {
        let id =
            content_id.map(|id| id.trim().trim_start_matches('<').trim_end_matches('>')).filter(|id| !id.is_empty());
        if let Some(id) = id {
            self.by_id.entry(id.as_bytes().to_vec()).or_insert_with(|| name.to_owned());
        }
        let location = content_location.map(clean).filter(|location| !location.is_empty());
        if let Some(location) = location {
            self.by_location.entry(percent_decoded(location.as_bytes())).or_insert_with(|| name.to_owned());
        }
    }

    /// Adds the absolute URL that a removed part's Content-Location means (RFC 2557, 5).
    pub fn add_url(&mut self, url: &str, name: &str) {
        if let Ok(url) = Url::parse(url) {
            self.by_url.entry(compared(url)).or_insert_with(|| name.to_owned());
        }
    }

    /// Whether nothing was removed that could be referred to.
    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_location.is_empty()
    }

    /// The name of the removed file that `url` means as it is, its entities and escapes already decoded.
    fn find(&self, url: &str) -> Option<&str> {
        let url = clean(url);
        if let Some(id) = url.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("cid:")).map(|_| &url[4..]) {
            let decoded = percent_decoded(id.as_bytes());
            let bare = decoded.strip_prefix(b"<").and_then(|id| id.strip_suffix(b">"));
            let named = [Some(decoded.as_slice()), bare, Some(id.as_bytes())];
            if let Some(name) = named.into_iter().flatten().find_map(|id| self.by_id.get(id)) {
                return Some(name);
            }
        }
        if url.is_empty() {
            return None;
        }
        self.by_location.get(&percent_decoded(url.as_bytes())).map(String::as_str)
    }
}

/// The references, as one document means them.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    references: Arc<References>,
    /// What its relative references may be meant from.
    bases: Vec<Url>,
}

impl Lookup {
    pub(super) fn new(references: Arc<References>, base: Option<&str>) -> Self {
        Self { references, bases: base.and_then(|base| Url::parse(base).ok()).into_iter().collect() }
    }

    /// A `<base>` of the document.
    pub(super) fn base_tag(&mut self, tag: &Tag<'_>) {
        let Some(href) = tag.attribute("href").filter(|_| self.bases.len() <= MAX_BASES) else { return };
        let href = clean(&Decoded::new(tag.value(href)).text);
        let base = match self.bases.first() {
            Some(base) => base.join(&href),
            None => Url::parse(&href),
        };
        self.bases.extend(base.ok().filter(|_| href.len() <= MAX_URL));
    }

    /// Whether nothing was removed that could be referred to.
    pub(super) fn is_empty(&self) -> bool {
        self.references.is_empty()
    }

    /// The name of the removed file that `url` means, its entities and escapes already decoded.
    pub(super) fn find(&self, url: &str) -> Option<&str> {
        if let Some(name) = self.references.find(url) {
            return Some(name);
        }
        let by_url = &self.references.by_url;
        if by_url.is_empty() || url.len() > MAX_URL || clean(url).is_empty() {
            return None;
        }
        let found = |base: &Url| by_url.get(&compared(base.join(url).ok()?));
        self.bases.iter().find_map(found).map(String::as_str)
    }
}

/// A URL as it is compared with another: what leads into the file is no part of it.
fn compared(mut url: Url) -> Vec<u8> {
    url.set_fragment(None);
    percent_decoded(url.as_str().as_bytes())
}

/// A URL as a browser reads it: control characters and white space round it dropped, line ends and tabs in it too
/// (URL Standard, basic parser, steps 1 to 3); and NUL, as some readers do.
fn clean(url: &str) -> String {
    url.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r' | '\0')).collect()
}

fn percent_decoded(octets: &[u8]) -> Vec<u8> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        match after {
            [high, low, ..] if *first == b'%' => {
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    out.push(high << 4 | low);
                    rest = &after[2..];
                    continue;
                }
                out.push(*first);
            }
            _ => out.push(*first),
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-CID
    #[test]
    fn a_url_means_a_part_by_its_content_id_or_its_location() {
        let mut references = References::default();
        references.add(Some("logo.1@x.jp"), None, "logo.png");
        references.add(Some("<a b%c@x>"), Some("http://x.jp/a%20b.gif"), "b.gif");
        references.add(None, Some(" pic.jpg"), "pic.jpg");
        references.add(Some(""), Some(""), "nameless");
        for (url, name) in [
            ("cid:logo.1@x.jp", Some("logo.png")),
            ("CID:logo.1%40x.jp", Some("logo.png")),
            (" c\ti\nd:logo.1@x.jp\r\n", Some("logo.png")),
            ("cid:<logo.1@x.jp>", Some("logo.png")),
            ("cid:a%20b%25c@x", Some("b.gif")),
            ("cid:a b%c@x", Some("b.gif")),
            ("http://x.jp/a b.gif", Some("b.gif")),
            ("http://x.jp/a%20b.gif", Some("b.gif")),
            ("pic.jpg", Some("pic.jpg")),
            ("cid:other@x.jp", None),
            ("cid:LOGO.1@x.jp", None),
            ("cid:", None),
            ("", None),
            ("日本", None),
            ("日", None),
        ] {
            assert_eq!(references.find(url), name, "{url}");
        }
    }
}
