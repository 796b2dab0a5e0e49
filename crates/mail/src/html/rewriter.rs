//! The rewriter: what all readings see of a document's references to removed parts is taken out, and the notice put in.

use std::{fmt, ops::Range, sync::Arc};

use fubako_base::section::NoticePosition;

use super::{
    edit,
    place::{Last, Place},
    readings::{Aside, Edit, Ending, Judge, Readings},
    references::{Lookup, References},
    root,
    tag::Tag,
};
use crate::steps::RewriteError;

/// The notice, ready to be put in.
#[derive(Clone)]
pub struct Insertion {
    /// Where.
    pub position: NoticePosition,
    /// A piece of HTML that may stand in a body.
    pub html: String,
}

impl fmt::Debug for Insertion {
    /// Without the notice: it may hold the file password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insertion").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Rewrites an HTML document as it passes. Holds at most one tag ([`super::MAX_TAG`]), and the document up to
/// [`super::MAX_WAITING`] until the notice has its place.
pub struct Rewriter {
    readings: Readings<Outer>,
}

impl fmt::Debug for Rewriter {
    /// Without the notice and the text: they may hold the file password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewriter").finish_non_exhaustive()
    }
}

struct Outer {
    references: Lookup,
    place: Place,
}

impl Judge for Outer {
    fn text(&mut self, at: usize, text: &[u8]) {
        self.place.text(at, text);
    }

    fn tag(&mut self, at: usize, tag: &Tag<'_>, plain: bool) -> Result<Vec<(Range<usize>, String)>, RewriteError> {
        if plain {
            self.place.tag(at, tag);
        }
        if !tag.end_tag && tag.is_any(&["base"]) {
            self.references.base_tag(tag, plain);
        }
        let edits = edit::edits(tag, &self.references, 0)?;
        Ok(if self.place.is_wanted { root::shown(tag, edits) } else { edits })
    }

    fn aside(&mut self, aside: Aside<'_>, end: usize) {
        self.place.aside(aside, end);
    }

    fn url(&mut self, url: &str) -> bool {
        self.references.find(url).is_some()
    }
}

impl Rewriter {
    /// A rewriter at the start of a document that takes out what refers to `references` and puts `insertion` in.
    #[must_use]
    pub fn new(references: Arc<References>, insertion: Option<Insertion>) -> Self {
        Self::with_base(references, None, insertion)
    }

    /// The same for a document whose relative references are meant from this absolute URL on (RFC 2557, 5).
    #[must_use]
    pub fn with_base(references: Arc<References>, base: Option<&str>, insertion: Option<Insertion>) -> Self {
        let references = Lookup::new(references, base);
        Self { readings: Readings::new(Outer { references, place: Place::new(insertion) }) }
    }

    /// Takes the next piece of the document; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`] when a single tag is beyond its limits, or the document can be read in too many ways, or in
    /// several for too long.
    pub fn push(&mut self, html: &str, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        if let Some(at) = html.find('\0') {
            let at = self.readings.end() + at;
            self.readings.judge.place.nul(at);
        }
        let settled = self.readings.push(html.as_bytes())?;
        let end = self.readings.end();
        if let Some((at, notice)) = self.readings.judge.place.take(end) {
            self.readings.edits().push(Edit { range: at..at, text: notice });
        }
        if !self.readings.judge.place.waits() {
            self.readings.write(settled, out);
        }
        Ok(())
    }

    /// Ends the document; appends the rest to `out`.
    ///
    /// # Errors
    /// As [`Rewriter::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let ending = self.readings.finish()?;
        let end = self.readings.end();
        let last = self.readings.judge.place.take_last(end, ending);
        if let Some(Last::At(at, text)) = &last {
            self.readings.edits().push(Edit { range: *at..*at, text: text.clone() });
        }
        self.readings.write(end, out);
        if let Some(Last::AtEnd(closers, notice)) = last {
            self.close(ending, &closers, out);
            out.extend_from_slice(notice.as_bytes());
        }
        Ok(())
    }

    /// Closes what is still open and would hide the notice, to one reader or another.
    fn close(&self, ending: Ending, closers: &str, out: &mut Vec<u8>) {
        match ending {
            Ending::Text | Ending::Cut(_) => {}
            Ending::Comment { conditional: true } => out.extend_from_slice(b"<![endif]-->"),
            Ending::Comment { conditional: false } => out.extend_from_slice(b"-->"),
            Ending::Raw(name) => out.extend_from_slice(format!("</{name}>").as_bytes()),
        }
        let mut closed = Vec::new();
        for name in self.readings.open_elsewhere().filter(|name| ending != Ending::Raw(name)) {
            let end_tag = format!("</{name}>");
            if !closers.contains(&end_tag) && !closed.contains(&name) {
                out.extend_from_slice(end_tag.as_bytes());
                closed.push(name);
            }
        }
        out.extend_from_slice(closers.as_bytes());
        if self.readings.judge.place.revealed {
            out.extend_from_slice(b"<!--<![endif]-->");
        }
    }
}
