//! Which URLs mean a part that was removed (spec MAIL-CID).

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use url::Url;

use super::{entities::Decoded, tag::Tag};

/// Octets of a URL that is resolved; a longer one is no part's location.
const MAX_URL: usize = 8 << 10;
/// `<base>` tags that are looked at: browsers take the first, others another.
const MAX_BASES: usize = 8;
/// References of a document that are resolved, from each base. A letter has some hundred; those of a document that has
/// more, and that end as a removed part's location does, are compared as they are written.
const MAX_RESOLVED: u32 = 1_000_000;

/// The parts taken out of a mail, as its HTML can refer to them.
#[derive(Debug, Default)]
pub struct References {
    /// Content-ID → the file's name.
    by_id: HashMap<Vec<u8>, String>,
    /// Content-Location → the file's name.
    by_location: HashMap<Vec<u8>, String>,
    /// Content-Location as an absolute URL → the file's name.
    by_url: HashMap<Vec<u8>, String>,
    /// What those URLs end in: letters and digits after the last octet that is neither.
    endings: HashSet<Vec<u8>>,
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
            let url = compared(url);
            self.endings.insert(ending(&url).to_vec());
            self.by_url.entry(url).or_insert_with(|| name.to_owned());
        }
    }

    /// Whether nothing was removed that could be referred to.
    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_location.is_empty()
    }

    /// The name of the removed file whose Content-ID `url` has (RFC 2392). What leads into the file, and what is asked of
    /// it, is no part of it, but where the Content-ID itself has that.
    fn by_id(&self, url: &str) -> Option<&str> {
        let id = url.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("cid:")).map(|_| &url[4..])?;
        let without = |marks: &[char]| id.split(marks).next().unwrap_or_default();
        [id, without(&['#']), without(&['#', '?'])].into_iter().find_map(|id| {
            let decoded = percent_decoded(id.as_bytes());
            let bare = decoded.strip_prefix(b"<").and_then(|id| id.strip_suffix(b">"));
            let named = [Some(decoded.as_slice()), bare, Some(id.as_bytes())];
            named.into_iter().flatten().find_map(|id| self.by_id.get(id)).map(String::as_str)
        })
    }

    /// The name of the removed file whose Content-Location is written as `url` is.
    fn by_location(&self, url: &str) -> Option<&str> {
        self.by_location.get(&percent_decoded(url.as_bytes())).map(String::as_str)
    }

    /// Whether `url`, resolved, may be one of those of removed parts: whatever it is resolved from, it ends as it did.
    fn may_be_url(&self, url: &str) -> bool {
        let path = url.split('#').next().unwrap_or_default();
        // Where it says a host, that is what may be written otherwise; dots at its end are no name.
        if path.contains([':', '\\']) || path.contains("//") {
            return true;
        }
        let path = percent_decoded(path.as_bytes());
        let end = ending(&path);
        end.is_empty() || self.endings.contains(end)
    }
}

/// The letters and digits in which a URL ends: resolving leaves them as they are.
fn ending(url: &[u8]) -> &[u8] {
    let start = url.iter().rposition(|octet| !octet.is_ascii_alphanumeric()).map_or(0, |last| last + 1);
    &url[start..]
}

/// The references, as one document means them.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    references: Arc<References>,
    /// What its part says that its relative references are meant from.
    base: Option<Url>,
    /// What its `<base>` tags say, which goes before that (RFC 2557, 5, a).
    tags: Vec<Url>,
    /// Everybody sees one of them.
    overridden: bool,
    /// References that may be resolved still, by this document and those in it.
    left: Arc<AtomicU32>,
}

impl Lookup {
    pub(super) fn new(references: Arc<References>, base: Option<&str>) -> Self {
        Self {
            references,
            base: base.and_then(|base| Url::parse(base).ok()),
            tags: Vec::new(),
            overridden: false,
            left: Arc::new(AtomicU32::new(MAX_RESOLVED)),
        }
    }

    /// A `<base>` of the document; `plain`: a browser sees it.
    pub(super) fn base_tag(&mut self, tag: &Tag<'_>, plain: bool) {
        let Some(href) = tag.attribute("href").filter(|_| self.tags.len() < MAX_BASES) else { return };
        let href = clean(&Decoded::new(tag.value(href)).text);
        let base = match &self.base {
            Some(base) => base.join(&href),
            None => Url::parse(&href),
        };
        let Some(base) = base.ok().filter(|_| href.len() <= MAX_URL) else { return };
        self.overridden |= plain;
        if !self.tags.contains(&base) {
            self.tags.push(base);
        }
    }

    /// Whether nothing was removed that could be referred to.
    pub(super) fn is_empty(&self) -> bool {
        self.references.is_empty()
    }

    /// The name of the removed file that `url` means, its entities and escapes already decoded.
    pub(super) fn find(&self, url: &str) -> Option<&str> {
        let references = &*self.references;
        let url = clean(url);
        if let Some(name) = references.by_id(&url) {
            return Some(name);
        }
        // A place in the document itself is no part.
        if url.is_empty() || url.starts_with('#') || (references.by_location.is_empty() && references.by_url.is_empty())
        {
            return None;
        }
        let written = references.by_location(&url);
        if url.len() > MAX_URL || (written.is_none() && !references.may_be_url(&url)) || !self.spend() {
            return written;
        }
        let base = self.base.as_ref().filter(|_| !self.overridden);
        let mut resolved = self.tags.iter().chain(base).filter_map(|base| base.join(&url).ok()).peekable();
        if resolved.peek().is_none() || Url::parse(&url).is_ok() {
            // It means what it says, or nothing that is known.
            return written.or_else(|| references.by_url.get(&compared(resolved.next()?)).map(String::as_str));
        }
        resolved.find_map(|url| references.by_url.get(&compared(url))).map(String::as_str)
    }

    /// Whether one more may be resolved.
    fn spend(&self) -> bool {
        let spent = |left: u32| left.checked_sub(1 + u32::try_from(self.tags.len()).unwrap_or(u32::MAX));
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
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
        let lookup = Lookup::new(Arc::new(references), None);
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
            assert_eq!(lookup.find(url), name, "{url}");
        }
    }

    // spec: MAIL-CID (what leads into a file is no part of its name)
    #[test]
    fn a_content_id_is_found_without_what_leads_into_the_file() {
        let mut references = References::default();
        references.add(Some("p@x"), None, "p.pdf");
        references.add(Some("a#b@x"), None, "a.pdf");
        let lookup = Lookup::new(Arc::new(references), None);
        for (url, name) in [
            ("cid:p@x#page=2", Some("p.pdf")),
            ("cid:p@x#f", Some("p.pdf")),
            ("cid:p@x?x=1", Some("p.pdf")),
            ("cid:p@x?x=1#f", Some("p.pdf")),
            ("cid:p%40x#f", Some("p.pdf")),
            ("cid:a#b@x", Some("a.pdf")),
            ("cid:a%23b@x", Some("a.pdf")),
            ("cid:p%23@x", None),
            ("cid:#p@x", None),
        ] {
            assert_eq!(lookup.find(url), name, "{url}");
        }
    }

    // spec: MAIL-CID, section 7 (a mail's time)
    #[test]
    fn what_cannot_be_a_removed_part_is_not_resolved_and_the_rest_not_without_end() {
        let mut references = References::default();
        references.add(None, Some("pic.png"), "pic.png");
        references.add_url("http://x.jp/dir/pic.png", "pic.png");
        let lookup = Lookup::new(Arc::new(references), Some("http://x.jp/dir/"));
        let left = || lookup.left.load(Ordering::Relaxed);
        for url in ["y1", "./other.jpg", "#pic.png", "?pic.png=1", "mypng", "a%2epn"] {
            assert_eq!(lookup.find(url), None, "{url}");
            assert_eq!(left(), MAX_RESOLVED, "{url}");
        }
        for url in ["./pic.png", "../dir/pic.png#a", "%70ic.%70ng", "x/../pic%2epng", "//X.JP/dir/pic.png"] {
            assert_eq!(lookup.find(url), Some("pic.png"), "{url}");
        }
        assert_eq!(left(), MAX_RESOLVED - 5);
        lookup.left.store(0, Ordering::Relaxed);
        assert_eq!((lookup.find("./pic.png"), lookup.find("pic.png")), (None, Some("pic.png")));
    }
}
