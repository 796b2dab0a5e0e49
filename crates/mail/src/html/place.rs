//! Where the notice goes in an HTML body (spec MAIL-NOTICE).

use fubako_base::section::NoticePosition;

use super::{
    MAX_TAIL,
    comment::{closes_revealed, opens_revealed, reveals},
    readings::Aside,
    rewriter::Insertion,
    tag::Tag,
};

/// Elements that show nothing and may stand before the body.
const IN_HEAD: [&str; 11] =
    ["html", "head", "meta", "link", "base", "basefont", "bgsound", "style", "script", "title", "template"];

/// The notice until its place is found.
#[derive(Debug)]
pub(super) struct Place {
    insertion: Option<Insertion>,
    /// Where it goes.
    found: Option<usize>,
    /// Where the last `</body>` stands, while it is not known whether it is the last.
    candidate: Option<usize>,
    /// Inside `<![if …]>…<![endif]>`, or `<!--[if …]><!-->…<!--<![endif]-->`: HTML that Outlook may hide.
    pub(super) revealed: bool,
    /// The notice's place was inside such a piece; it goes in where that ends.
    due: bool,
    head_open: bool,
}

impl Place {
    pub(super) fn new(insertion: Option<Insertion>) -> Self {
        Self { insertion, found: None, candidate: None, revealed: false, due: false, head_open: false }
    }

    /// The notice and its place, once that is found.
    pub(super) fn take(&mut self) -> Option<(usize, String)> {
        let at = self.found.take()?;
        self.insertion.take().map(|insertion| (at, insertion.html))
    }

    /// The notice, whose place is where the caller is, where none was found.
    pub(super) fn take_last(&mut self) -> Option<String> {
        self.insertion.take().map(|insertion| insertion.html)
    }

    /// The place before which nothing needs to wait any more, with `end` octets there.
    pub(super) fn candidate(&mut self, end: usize) -> Option<usize> {
        self.candidate = self.candidate.filter(|at| end - at <= MAX_TAIL);
        self.candidate
    }

    fn waits_for(&self, position: NoticePosition) -> bool {
        self.found.is_none() && self.insertion.as_ref().is_some_and(|insertion| insertion.position == position)
    }

    /// Here the notice at the top has its place, or after the piece that Outlook may hide.
    fn top(&mut self, at: usize) {
        if self.revealed {
            self.due = true;
        } else {
            self.found = Some(at);
        }
    }

    pub(super) fn text(&mut self, at: usize, text: &[u8]) {
        if self.waits_for(NoticePosition::Top)
            && let Some(visible) = text.iter().position(|b| !b.is_ascii_whitespace())
        {
            self.top(at + visible);
        }
    }

    pub(super) fn tag(&mut self, at: usize, tag: &Tag<'_>) {
        if tag.is_any(&["head"]) {
            self.head_open = !tag.end_tag;
        }
        if self.waits_for(NoticePosition::End) && !self.revealed {
            let closes = |name| tag.end_tag && tag.is_any(&[name]);
            if closes("body") || (closes("html") && self.candidate(at).is_none()) {
                self.candidate = Some(at);
            } else if !tag.end_tag && tag.is_any(&["plaintext"]) && self.candidate(at).is_none() {
                // Nothing after it is HTML to readers that know it.
                self.found = Some(at);
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
                self.found = Some(end);
            }
        }
    }
}
