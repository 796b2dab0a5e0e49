//! Every reading of an HTML document at once.
//!
//! HTML has one tokenizer but no one reading: whether `<style>` holds text or markup hangs on the tree (it is markup in
//! SVG and MathML, and nothing at all in a `<select>`), `<noscript>` hangs on scripts, `<iframe>` and `<noframes>` on
//! whether a reader knows frames, conditional comments on who reads, `--!>` on how old the reader is. A tree would settle
//! it for one reader only. So a reading is a tokenizer (HTML, 13.2.5) that goes two ways where readers do, readings that
//! come together again become one, and what any of them sees counts.
//!
//! The *plain* reading is a browser's that has no scripts and keeps no tree: the notice's place is found by it.

use std::ops::Range;

use super::{
    Budget, MAX_READINGS, MAX_TAG, STRIDE,
    reading::{Reading, Scene, Shows},
    tag::Tag,
};
use crate::steps::RewriteError;

/// What stands where something else stood: offsets in the document. An empty range is an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// Who looks at what the readings see.
pub(crate) trait Judge {
    /// Text that the plain reading shows, as written, at this offset.
    fn text(&mut self, at: usize, text: &[u8]);
    /// What the plain reading takes for the text of an element that holds no markup, and shows.
    fn raw_text(&mut self, _text: &[u8]) {}
    /// A tag of some reading at this offset. Gives places in the tag's octets, in order, and what is to stand there.
    ///
    /// # Errors
    /// [`RewriteError`] when it cannot be looked at within its limits.
    fn tag(&mut self, at: usize, tag: &Tag<'_>, plain: bool) -> Result<Vec<(Range<usize>, String)>, RewriteError>;
    /// A declaration (`<!…>`) or a comment of the plain reading has ended before `end`.
    fn aside(&mut self, _aside: Aside<'_>, _end: usize) {}
    /// Whether this URL in the text of a style sheet is to be taken out.
    fn url(&mut self, url: &str) -> bool;
}

/// What is no element and no text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aside<'a> {
    /// From `<` to `>`.
    Declaration(&'a [u8]),
    /// The first octets of its content.
    Comment(&'a [u8]),
}

/// In what the plain reading stands where the document ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Text,
    /// In a tag that began here.
    Cut(usize),
    Comment {
        conditional: bool,
    },
    Raw(&'static str),
}

/// The readings of one document, the octets that are not settled yet, and the edits in them.
#[derive(Debug)]
pub(crate) struct Readings<J> {
    pub(crate) judge: J,
    all: Vec<Reading>,
    /// Those that a step adds.
    forks: Vec<Reading>,
    held: Vec<u8>,
    base: usize,
    at: usize,
    edits: Vec<Edit>,
    odd: bool,
    budget: Budget,
}

impl<J: Judge> Readings<J> {
    /// At the start of a document that is bounded for itself.
    pub(crate) fn new(judge: J) -> Self {
        Self::within(Budget::default(), judge)
    }

    /// At the start of a document that is bounded together with others.
    pub(crate) fn within(budget: Budget, judge: J) -> Self {
        Self {
            judge,
            all: vec![Reading::plain()],
            forks: Vec::new(),
            held: Vec::new(),
            base: 0,
            at: 0,
            edits: Vec::new(),
            odd: false,
            budget,
        }
    }

    /// Takes the next octets. Gives the offset before which everything is settled.
    ///
    /// # Errors
    /// [`RewriteError`] when a tag is beyond its limits, or the document can be read in too many ways, or in several for too long.
    pub(crate) fn push(&mut self, html: &[u8]) -> Result<usize, RewriteError> {
        let mut rest = html;
        loop {
            // What is too long is so wherever the document is cut: who looks at it and who rewrites it must agree.
            let (stride, after) = rest.split_at(rest.len().min(STRIDE - self.end() % STRIDE));
            let settled = self.pass(stride)?;
            if self.end().is_multiple_of(STRIDE) && self.end() - settled > MAX_TAG {
                return Err(RewriteError::html("an HTML tag is too long"));
            }
            if after.is_empty() {
                return Ok(settled);
            }
            rest = after;
        }
    }

    /// Passes over the next octets. Gives the offset before which everything is settled.
    fn pass(&mut self, html: &[u8]) -> Result<usize, RewriteError> {
        self.held.extend_from_slice(html);
        let end = self.base + self.held.len();
        let mut reread = 0;
        while self.at < end {
            let (at, others) = (self.at, self.all.len() - 1);
            let stop = self.idle();
            if stop > self.at {
                self.tell_text(stop);
                self.at = stop;
            } else {
                self.step()?;
            }
            reread += others * (self.at - at);
        }
        self.budget.spend(reread)?;
        self.look_at_styles()?;
        Ok(self.all.iter().filter_map(Reading::hold).min().unwrap_or(end))
    }

    /// Ends the document: what is open is looked at as far as it came. Gives where the plain reading stands.
    ///
    /// # Errors
    /// As [`Readings::push`].
    pub(crate) fn finish(&mut self) -> Result<Ending, RewriteError> {
        let mut ending = Ending::Text;
        let mut edited = false;
        let Self { judge, all, forks, held, base, at, edits, odd, .. } = self;
        let mut scene = Scene { judge, held, base: *base, at: *at, edits, odd, edited: &mut edited, forks };
        for reading in all.iter_mut() {
            if reading.plain {
                ending = reading.ending();
            }
            reading.finish(&mut scene)?;
        }
        if edited {
            self.agree_on_tag(self.at)?;
        }
        Ok(ending)
    }

    /// The end tags of elements whose text reaches to the document's end in some other reading.
    pub(crate) fn open_elsewhere(&self) -> impl Iterator<Item = &'static str> + use<'_, J> {
        self.all.iter().filter(|reading| !reading.plain).filter_map(Reading::open_element)
    }

    /// The offset behind the last octet.
    pub(crate) fn end(&self) -> usize {
        self.base + self.held.len()
    }

    /// The edits that are known; all those before what is settled.
    pub(crate) fn edits(&mut self) -> &mut Vec<Edit> {
        &mut self.edits
    }

    /// Forgets the octets before this offset without writing them.
    pub(crate) fn forget(&mut self, before: usize) {
        self.held.drain(..before - self.base);
        self.base = before;
        self.edits.clear();
    }

    /// Appends the octets before this offset to `out`, with the edits made.
    pub(crate) fn write(&mut self, before: usize, out: &mut Vec<u8>) {
        self.edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut from = self.base;
        let done = self.edits.partition_point(|edit| edit.range.start < before);
        let done = if before == self.end() { self.edits.len() } else { done };
        for edit in self.edits.drain(..done) {
            if edit.range.start >= from {
                out.extend_from_slice(&self.held[from - self.base..edit.range.start - self.base]);
            }
            if edit.range.start >= from || edit.range.is_empty() {
                out.extend_from_slice(edit.text.as_bytes());
            }
            from = from.max(edit.range.end);
        }
        out.extend_from_slice(&self.held[from.min(before) - self.base..before - self.base]);
        self.held.drain(..before - self.base);
        self.base = before;
    }

    /// The next offset at which something happens in one of the readings.
    fn idle(&mut self) -> usize {
        let (at, rest) = (self.at, &self.held[self.at - self.base..]);
        let next = |reading: &mut Reading| {
            if reading.idle <= at {
                reading.idle = at + reading.run(rest);
            }
            reading.idle
        };
        self.all.iter_mut().map(next).min().unwrap_or(at)
    }

    fn tell_text(&mut self, stop: usize) {
        let text = &self.held[self.at - self.base..stop - self.base];
        match self.all.iter().find(|reading| reading.plain).map(Reading::shows) {
            Some(Shows::Text) => self.judge.text(self.at, text),
            Some(Shows::RawText) => self.judge.raw_text(text),
            _ => {}
        }
    }

    /// One octet, in every reading in which it means something.
    fn step(&mut self) -> Result<(), RewriteError> {
        let octet = self.held[self.at - self.base];
        if octet == 0 {
            // Some readers drop it, some keep it: names with it in them may be other names.
            self.odd = true;
            self.at += 1;
            return Ok(());
        }
        if self.all.iter().any(|reading| reading.plain && reading.idle > self.at) {
            self.tell_text(self.at + 1);
        }
        let Self { judge, all, forks, held, base, at, edits, odd, .. } = self;
        let (mut settled, mut edited) = (false, false);
        let mut scene = Scene { judge, held, base: *base, at: *at, edits, odd, edited: &mut edited, forks };
        for reading in all.iter_mut().filter(|reading| reading.idle <= *at) {
            reading.step(octet, &mut scene)?;
            settled |= reading.is_between();
        }
        *at += 1;
        if !forks.is_empty() {
            all.append(forks);
        }
        if edited {
            self.agree_on_tag(self.at)?;
        }
        if self.all.len() > 1 && settled {
            self.join();
        }
        if self.all.len() > MAX_READINGS {
            return Err(RewriteError::html("an HTML text can be read in too many ways"));
        }
        Ok(())
    }

    /// Something is taken out of a tag that ends at this offset. It must be so to every reading that what stands there is
    /// this tag, or nothing: with the end of a comment in it, say, all that follows would be in the comment.
    fn agree_on_tag(&self, end: usize) -> Result<(), RewriteError> {
        let mut ended = self.all.iter().filter_map(|reading| reading.ended_before(end));
        let Some(tag) = ended.next() else { return Ok(()) };
        let octets = |tag: Range<usize>| &self.held[tag.start - self.base..tag.end - self.base];
        if ended.all(|other| other == tag) && self.all.iter().all(|reading| reading.agrees(&tag, octets(tag.clone()))) {
            return Ok(());
        }
        Err(RewriteError::html("an HTML tag with a reference is the end of something else to others"))
    }

    /// Readings that stand at the same place are one from here on. The plain one comes first and stays.
    fn join(&mut self) {
        let mut kept: Vec<Reading> = Vec::with_capacity(self.all.len());
        for reading in self.all.drain(..) {
            match kept.iter_mut().find(|other| other.is_at(&reading)) {
                Some(other) => other.join(&reading),
                None => kept.push(reading),
            }
        }
        self.all = kept;
    }

    fn look_at_styles(&mut self) -> Result<(), RewriteError> {
        let end = self.end();
        let Self { judge, all, forks, held, base, at, edits, odd, .. } = self;
        let mut edited = false;
        let mut scene = Scene { judge, held, base: *base, at: *at, edits, odd, edited: &mut edited, forks };
        for reading in all.iter_mut() {
            let until = if reading.is_between() { end } else { reading.start() };
            reading.look_at_style(until, false, &mut scene)?;
        }
        Ok(())
    }
}
