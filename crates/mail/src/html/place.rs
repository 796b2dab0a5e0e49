//! Where the notice goes in an HTML body (spec MAIL-NOTICE).
//!
//! That it is seen goes before where it stands. At the end it stands only where it is certain what is open there
//! ([`OpenElements`]); else it goes to the top. At the top it stands where the body begins, if what comes before is
//! plainly a head and nothing is open; else before everything, where nothing that follows can hide it.

use fubako_base::section::NoticePosition;

use super::{
    MAX_TAIL, MAX_WAITING,
    comment::{closes_revealed, opens_revealed, reveals},
    open::OpenElements,
    readings::{Aside, Ending},
    rewriter::Insertion,
    tag::Tag,
};
/// Elements that show nothing and may stand before the body.
const IN_HEAD: [&str; 11] =
    ["html", "head", "meta", "link", "base", "basefont", "bgsound", "style", "script", "title", "template"];
/// Elements that hold text.
const TEXT_ONLY: [&str; 8] = ["style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

/// `</body>` and `</html>` tags of one document: each may be where the notice goes. With more of them nobody can say which is
/// the end, and it goes to the top.
const MAX_ENDS: u32 = 2000;

/// The notice until its place is found.
#[derive(Debug)]
pub(super) struct Place {
    insertion: Option<Insertion>,
    /// Whether there is one.
    pub(super) is_wanted: bool,
    /// The place at the top: where the body begins, or before everything.
    top: Option<usize>,
    /// The place before the last `</body>`, while it is not known whether it is the last, or before a `<plaintext>`; and
    /// what has to be closed before it.
    end: Option<End>,
    open: OpenElements,
    /// Inside `<![if …]>…<![endif]>`, or `<!--[if …]><!-->…<!--<![endif]-->`: HTML that Outlook may hide.
    pub(super) revealed: bool,
    /// The place at the top was inside such a piece; it is where that ends.
    due: bool,
    head_open: bool,
    /// The last tag opened an element that holds text.
    in_text: bool,
    /// `</body>` and `</html>` tags, up to one more than are looked at.
    ends: u32,
    /// The first NUL, which browsers read in one way here and another there.
    nul: Option<usize>,
}

#[derive(Debug)]
struct End {
    at: usize,
    closers: String,
    is_certain: bool,
    /// Nothing after it is HTML to readers that know it.
    plaintext: bool,
}

/// Where the notice goes when the document has ended.
pub(super) enum Last {
    /// At an offset, with what is closed before it.
    At(usize, String),
    /// At the very end: what has to be closed before it, and the notice.
    AtEnd(String, String),
}

impl Place {
    pub(super) fn new(insertion: Option<Insertion>) -> Self {
        Self {
            is_wanted: insertion.is_some(),
            insertion,
            top: None,
            end: None,
            open: OpenElements::default(),
            revealed: false,
            due: false,
            head_open: false,
            in_text: false,
            ends: 0,
            nul: None,
        }
    }

    /// Whether the notice may yet go anywhere.
    pub(super) fn waits(&self) -> bool {
        self.insertion.is_some()
    }

    /// The notice and its place, once that is known, with `end` octets there.
    pub(super) fn take(&mut self, end: usize) -> Option<(usize, String)> {
        let is_top = self.insertion.as_ref()?.position == NoticePosition::Top;
        let known = if is_top { self.top } else { None };
        let at = known.or_else(|| (end > MAX_WAITING).then(|| self.top.unwrap_or(0)))?;
        self.insertion.take().map(|insertion| (at, insertion.html))
    }

    /// The notice's place where the document ends.
    pub(super) fn take_last(&mut self, end: usize, ending: Ending) -> Option<Last> {
        let insertion = self.insertion.take()?;
        let top = || Last::At(self.top.unwrap_or(0), insertion.html.clone());
        if insertion.position == NoticePosition::Top || self.nul.is_some() || self.ends > MAX_ENDS {
            return Some(top());
        }
        if let Some(place) = self.end.as_ref().filter(|place| place.counts(end)) {
            let here = || Last::At(place.at, format!("{}{}", place.closers, insertion.html));
            return Some(if place.is_certain { here() } else { top() });
        }
        if !self.open.is_certain() {
            return Some(top());
        }
        Some(match ending {
            // The cut tag may be the end of the text in which it stands.
            Ending::Cut(_) if self.in_text => top(),
            // Cut in the middle of a tag: no browser shows that, so the notice goes before it.
            Ending::Cut(at) => Last::At(at, self.open.closers() + &insertion.html),
            _ => Last::AtEnd(self.open.closers(), insertion.html),
        })
    }

    /// A NUL stands there.
    pub(super) fn nul(&mut self, at: usize) {
        self.nul.get_or_insert(at);
    }

    /// Here the body begins, or what Outlook may hide and where it begins.
    fn top(&mut self, at: usize) {
        if self.top.is_some() {
            return;
        }
        if self.revealed {
            self.due = true;
        } else {
            let is_plain = self.open.is_empty() && self.nul.is_none_or(|nul| nul >= at);
            self.top = Some(if is_plain { at } else { 0 });
        }
    }

    pub(super) fn text(&mut self, at: usize, text: &[u8]) {
        if self.insertion.is_none() {
            return;
        }
        if self.top.is_none()
            && let Some(visible) = text.iter().position(|b| !b.is_ascii_whitespace())
        {
            self.top(at + visible);
        }
        self.open.text(text);
    }

    pub(super) fn tag(&mut self, at: usize, tag: &Tag<'_>) {
        if self.insertion.is_none() {
            return;
        }
        if tag.octets[1..].contains(&b'<') && self.open.holds("noscript") {
            // With scripts it may be the end of that.
            self.open.doubt();
        }
        self.end_place(at, tag);
        self.top_place(at, tag);
        self.in_text = !tag.end_tag && tag.is_any(&TEXT_ONLY);
        self.open.tag(tag);
    }

    fn end_place(&mut self, at: usize, tag: &Tag<'_>) {
        self.ends += u32::from(tag.end_tag && tag.is_any(&["body", "html"]) && self.ends <= MAX_ENDS);
        if self.ends > MAX_ENDS {
            return;
        }
        let is_known = |end: &Option<End>| end.as_ref().is_some_and(|end| end.counts(at));
        if self.revealed || self.end.as_ref().is_some_and(|end| end.plaintext) {
            return;
        }
        let closes = |name| tag.end_tag && tag.is_any(&[name]);
        let plaintext = !tag.end_tag && tag.is_any(&["plaintext"]) && !is_known(&self.end);
        if closes("body") || plaintext || closes("html") && !is_known(&self.end) {
            let (closers, is_certain) = (self.open.closers(), self.open.is_certain());
            self.end = Some(End { at, closers, is_certain, plaintext });
        }
    }

    fn top_place(&mut self, at: usize, tag: &Tag<'_>) {
        if tag.is_any(&["head"]) {
            self.head_open = !tag.end_tag;
        }
        let is_body = tag.is_any(&["body"]);
        let in_head = tag.is_any(&IN_HEAD) || (self.head_open && tag.is_any(&["noscript"]));
        // A body that ends was empty; any other tag that is not of the head shows something.
        if tag.end_tag == is_body && !in_head {
            self.top(at);
        } else if is_body {
            self.top(at + tag.octets.len());
        }
    }

    pub(super) fn aside(&mut self, aside: Aside<'_>, end: usize) {
        if self.insertion.is_some() && self.open.holds("noscript") {
            // With scripts it is text.
            self.open.doubt();
        }
        let closes = match aside {
            Aside::Declaration(octets) => {
                self.revealed |= opens_revealed(octets);
                octets.starts_with(b"<!") && closes_revealed(&octets[2..])
            }
            Aside::Comment(start) => {
                self.revealed |= reveals(start);
                closes_revealed(start)
            }
        };
        if closes {
            self.revealed = false;
            if std::mem::take(&mut self.due) {
                self.top(end);
            }
        }
    }
}

impl End {
    /// Whether what follows, up to `end`, is short enough that it may be nothing.
    fn counts(&self, end: usize) -> bool {
        self.plaintext || end - self.at <= MAX_TAIL
    }
}
