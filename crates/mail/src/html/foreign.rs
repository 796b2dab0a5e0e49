//! A `<style>` that holds markup, as it does in SVG and MathML: its style sheet is the text in it, with character
//! references decoded, and whatever stands between the pieces left out.

use std::ops::Range;

use super::{
    css::{Css, Found},
    entities::Decoded,
};

/// What was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignStyle {
    /// Where its content begins.
    pub(super) from: usize,
    /// Where the text begins that is read now.
    pub(super) run: usize,
    runs: Vec<Run>,
    /// Elements open in it.
    depth: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    range: Range<usize>,
    decodes: bool,
    /// Whether it stands in the element itself and in no other one in it.
    own: bool,
}

impl ForeignStyle {
    pub(super) fn new(from: usize) -> Self {
        Self { from, run: from, runs: Vec::new(), depth: 0 }
    }

    /// The text that is read now ends before `end`; `decodes`: character references count in it.
    pub(super) fn text(&mut self, end: usize, decodes: bool) {
        if end > self.run {
            self.runs.push(Run { range: self.run..end, decodes, own: self.depth == 0 });
        }
    }

    /// A tag in it.
    pub(super) fn tag(&mut self, end_tag: bool, closes_itself: bool) {
        self.depth = match (end_tag, closes_itself) {
            (true, _) => self.depth.saturating_sub(1),
            (false, false) => self.depth + 1,
            (false, true) => self.depth,
        };
    }

    /// Looks at the style sheet: at all text in the element, and at its own text alone.
    pub(super) fn finish<'a>(self, octets: impl Fn(Range<usize>) -> &'a [u8], mut found: impl FnMut(Found)) {
        self.sheet(&octets, |_| true, &mut found);
        if !self.runs.iter().all(|run| run.own) {
            self.sheet(&octets, |run| run.own, &mut found);
        }
    }

    fn sheet<'a>(
        &self,
        octets: &impl Fn(Range<usize>) -> &'a [u8],
        counts: impl Fn(&Run) -> bool,
        found: &mut impl FnMut(Found),
    ) {
        let (mut sheet, mut places) = (String::new(), Vec::new());
        for run in self.runs.iter().filter(|run| counts(run)) {
            let written = octets(run.range.clone());
            let decoded = if run.decodes { Decoded::new(written) } else { Decoded::as_written(written) };
            places.push((sheet.len(), run.range.start, decoded));
            if let Some((_, _, decoded)) = places.last() {
                sheet.push_str(&decoded.text);
            }
        }
        // The last run that begins before an offset, or at it where a range starts there.
        let place = |offset: usize, ends: bool| {
            let before = places.partition_point(|(start, ..)| if ends { *start < offset } else { *start <= offset });
            let Some((start, written, decoded)) = before.checked_sub(1).and_then(|last| places.get(last)) else {
                return self.from;
            };
            let inside = decoded.written(offset - start..offset - start);
            written + if ends { inside.end } else { inside.start }
        };
        Css::default().scan(sheet.as_bytes(), true, |seen| {
            let range = place(seen.range.start, false)..place(seen.range.end, true);
            found(Found { range, ..seen });
        });
    }
}
