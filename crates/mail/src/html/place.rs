//! Where the notice goes in an HTML body (spec MAIL-NOTICE).

use fubako_base::section::NoticePosition;

use super::{
    MAX_TAIL,
    comment::{closes_revealed, opens_revealed, reveals},
    open::OpenElements,
    readings::Aside,
    rewriter::Insertion,
    tag::Tag,
};
use crate::steps::RewriteError;

/// Elements that show nothing and may stand before the body.
const IN_HEAD: [&str; 11] =
    ["html", "head", "meta", "link", "base", "basefont", "bgsound", "style", "script", "title", "template"];

/// Elements of a head whose content some or all do not show.
const NOT_SHOWN: [&str; 2] = ["template", "noscript"];

/// `</body>` and `</html>` tags of one document: each may be where the notice goes.
const MAX_ENDS: u32 = 2000;

/// The notice until its place is found.
#[derive(Debug)]
pub(super) struct Place {
    insertion: Option<Insertion>,
    /// Whether there is one.
    pub(super) is_wanted: bool,
    /// Where it goes, and what has to be closed before it.
    found: Option<(usize, String)>,
    /// The same for the last `</body>`, while it is not known whether it is the last.
    candidate: Option<(usize, String)>,
    open: OpenElements,
    /// Inside `<![if …]>…<![endif]>`, or `<!--[if …]><!-->…<!--<![endif]-->`: HTML that Outlook may hide.
    pub(super) revealed: bool,
    /// The notice's place was inside such a piece; it goes in where that ends.
    due: bool,
    head_open: bool,
    /// `</body>` tags.
    ends: u32,
    /// Something was shown, or a body began: frames that come after it are none.
    body_seen: bool,
}

impl Place {
    pub(super) fn new(insertion: Option<Insertion>) -> Self {
        Self {
            is_wanted: insertion.is_some(),
            insertion,
            found: None,
            candidate: None,
            open: OpenElements::default(),
            revealed: false,
            due: false,
            head_open: false,
            ends: 0,
            body_seen: false,
        }
    }

    /// The notice and its place, once that is found.
    pub(super) fn take(&mut self) -> Option<(usize, String)> {
        let (at, closers) = self.found.take()?;
        self.insertion.take().map(|insertion| (at, closers + &insertion.html))
    }

    /// The notice where no place was found before the end: before the last `</body>`, or else at `cut`.
    pub(super) fn take_before_end(&mut self, end: usize, cut: Option<usize>) -> Option<(usize, String)> {
        let here = self.candidate(end).is_some().then(|| self.candidate.take()).flatten();
        let (at, closers) = here.or_else(|| cut.map(|at| (at, self.open.closers())))?;
        self.insertion.take().map(|insertion| (at, closers + &insertion.html))
    }

    /// The notice at the very end, after this element's text where the end is in one; what has to be closed before it,
    /// and the notice.
    pub(super) fn take_last(&mut self, inside: Option<&str>) -> Option<(String, String)> {
        let insertion = self.insertion.take()?;
        if let Some(name) = inside {
            self.open.ends(name);
        }
        Some((self.open.closers(), insertion.html))
    }

    /// The place before which nothing needs to wait any more, with `end` octets there.
    pub(super) fn candidate(&mut self, end: usize) -> Option<usize> {
        self.candidate = self.candidate.take().filter(|(at, _)| end - at <= MAX_TAIL);
        self.candidate.as_ref().map(|(at, _)| *at)
    }

    fn waits_for(&self, position: NoticePosition) -> bool {
        self.found.is_none() && self.insertion.as_ref().is_some_and(|insertion| insertion.position == position)
    }

    /// Here the notice at the top has its place, or after the piece that Outlook may hide.
    fn top(&mut self, at: usize) {
        if self.revealed {
            self.due = true;
        } else if !self.open.holds(&NOT_SHOWN) {
            self.found = Some((at, String::new()));
        }
    }

    pub(super) fn text(&mut self, at: usize, text: &[u8]) {
        if self.body_seen && !self.waits_for(NoticePosition::Top) {
            return;
        }
        if let Some(visible) = text.iter().position(|b| !b.is_ascii_whitespace()) {
            self.body_seen |= !self.open.holds(&NOT_SHOWN);
            if self.waits_for(NoticePosition::Top) {
                self.top(at + visible);
            }
        }
    }

    pub(super) fn tag(&mut self, at: usize, tag: &Tag<'_>) -> Result<(), RewriteError> {
        self.ends += u32::from(tag.end_tag && tag.is_any(&["body", "html"]));
        if self.ends > MAX_ENDS {
            return Err(RewriteError { reason: "an HTML body ends too often" });
        }
        self.notice(at, tag);
        self.body_seen |= tag.is_any(&["body"]);
        if self.insertion.is_some() && self.found.is_none() { self.open.tag(tag) } else { Ok(()) }
    }

    fn notice(&mut self, at: usize, tag: &Tag<'_>) {
        if tag.is_any(&["head"]) {
            self.head_open = !tag.end_tag;
        }
        if self.waits_for(NoticePosition::End) && !self.revealed {
            let closes = |name| tag.end_tag && tag.is_any(&[name]);
            if closes("body") || (closes("html") && self.candidate(at).is_none()) {
                self.candidate = Some((at, self.open.closers()));
            } else if !tag.end_tag && tag.is_any(&["plaintext"]) && self.candidate(at).is_none() {
                // Nothing after it is HTML to readers that know it.
                self.found = Some((at, self.open.closers()));
            } else if !tag.end_tag && tag.is_any(&["frameset"]) && !self.body_seen && !self.open.holds(&NOT_SHOWN) {
                // Frames show nothing of what stands beside them; after a text they are none (HTML, 13.2.6.4.7).
                self.found = Some((at, String::new()));
            }
        }
        if !self.waits_for(NoticePosition::Top) {
            return;
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
                self.found = Some((end, String::new()));
            }
        }
    }
}
