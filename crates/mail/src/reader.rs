//! The reader: octets of a normalised mail are pushed in, an [`Outline`] comes out (spec MAIL-ACCEPT, MAIL-EXTRACT,
//! MAIL-NAMES, MAIL-AMBIGUOUS). It keeps headers and offsets within [`Limits`], never a body, and never fails: what is
//! wrong with a mail is a finding in its outline.
//!
//! ```text
//!  header lines ─► Collector ─► part::read ─► Part, boundary
//!  body octets  ─► Edges ─┬─► Leaf: transfer decoding ─► Observer, scan, nested subject
//!                         └─► delimiter: parts end, a part begins
//! ```
//!
//! Where readers differ, it takes the reading that finds the most parts; where another reading could find a file that this
//! one does not, it says so.

mod edges;
mod head;
mod leaf;
mod multipart;
mod part;

use std::ops::Range;

use fubako_base::codes::Ambiguity;

use self::{
    edges::{Edges, Hit, Level, Match, Seen},
    head::Head,
    leaf::Leaf,
};
use crate::{
    header::{Header, Line, Opening, without_line_end},
    html::Budget,
    outline::{Cause, Finding, Outline, Part, PartId, Tnef},
    scan::MarginScan,
    tnef,
    transfer::{Decoder, Encoding},
};

/// Octets that are worked on at once, so that what is decoded takes little memory however much is pushed.
const PIECE: usize = 64 << 10;

/// Findings that are kept; one mail can have as many as it has parts.
const MAX_FINDINGS: usize = 256;

/// How much of a mail is understood. What goes beyond is a finding ([`Ambiguity::Size`]), and is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one header. Default 1 MiB.
    pub header: usize,
    /// Octets of one field. Default 256 KiB.
    pub field: usize,
    /// Fields of one header. Default 10,000.
    pub fields: usize,
    /// Octets of all headers together. Default 4 MiB.
    pub headers: u64,
    /// Parts. Default 2,000.
    pub parts: usize,
    /// Multiparts within multiparts. Default 50.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { header: 1 << 20, field: 256 << 10, fields: 10_000, headers: 4 << 20, parts: 2000, depth: 50 }
    }
}

/// Looks at parts' decoded octets while they pass. Multiparts are shown too: their octets are what stands before
/// their first part, which is all they have where no part is found in them.
pub trait Observer {
    /// A part's header has been read; its place in the mail is not known yet.
    fn part_began(&mut self, id: PartId, part: &Part) {
        let _ = (id, part);
    }

    /// The part's next octets, transfer-decoded.
    fn decoded(&mut self, id: PartId, octets: &[u8]) {
        let _ = (id, octets);
    }

    /// No more octets of this part will come.
    fn part_ended(&mut self, id: PartId) {
        let _ = id;
    }

    /// Whether [`Observer::decoded`] does anything; where it does not, less is decoded.
    fn wants_octets(&self) -> bool {
        true
    }
}

/// Looks at nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn wants_octets(&self) -> bool {
        false
    }
}

/// Reads one mail. Memory: the mail's header, an entry a part, and some 100 KiB.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    /// Octets taken.
    offset: u64,
    flow: Flow,
    /// The multiparts that are open, the outermost first.
    open: Vec<Level>,
    edges: Edges,
    parts: Vec<Part>,
    header: Header,
    header_range: Range<u64>,
    header_octets: u64,
    findings: Findings,
    /// The first text in which there are parts by another boundary that the mail names.
    other_parts: Option<PartId>,
    /// The first text whose header some readers cannot read.
    oddly_written: Option<PartId>,
    /// The first text in a charset that cannot be read: a plain one, or one that shows ASCII.
    unreadable: Option<PartId>,
    /// What may still be kept of TNEF parts.
    tnef: tnef::Limits,
    /// What may still be read more than once of its HTML.
    budget: Budget,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Flow {
    Head(Head),
    /// A leaf's body, or what stands before a multipart's first part.
    Body(Box<Leaf>),
    Epilogue(Box<Margin>),
    /// Beyond the limits.
    Ignored,
}

/// What stands after a multipart's last part.
#[derive(Debug)]
struct Margin {
    part: PartId,
    decoder: Decoder,
    scan: MarginScan,
}

#[derive(Debug, Default)]
struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, cause: Cause, part: Option<PartId>, detail: &'static str) {
        let finding = Finding { cause, part, detail };
        let room = self.list.len() < MAX_FINDINGS || !self.list.iter().any(|known| known.cause == cause);
        if room && !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    /// Readers take the mail's structure differently here.
    fn structure(&mut self, part: Option<PartId>, detail: &'static str) {
        self.add(Cause::Ambiguous(Ambiguity::Structure), part, detail);
    }

    /// There is more of something than is read.
    fn size(&mut self, part: Option<PartId>, detail: &'static str) {
        self.add(Cause::Ambiguous(Ambiguity::Size), part, detail);
    }
}

impl Reader {
    /// A reader at the start of a mail.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            flow: Flow::Head(Head::new(&limits, 0, None)),
            limits,
            offset: 0,
            open: Vec::new(),
            edges: Edges::default(),
            parts: Vec::new(),
            header: Header::default(),
            header_range: 0..0,
            header_octets: 0,
            findings: Findings::default(),
            other_parts: None,
            oddly_written: None,
            unreadable: None,
            tnef: tnef::Limits::default(),
            budget: Budget::default(),
            scratch: Vec::new(),
        }
    }

    /// Takes the next octets of the normalised mail ([`crate::newline::Normalizer`]).
    pub fn push(&mut self, octets: &[u8]) {
        self.push_with(octets, &mut NoObserver);
    }

    /// As [`Reader::push`], with a look at the parts' decoded octets.
    pub fn push_with(&mut self, octets: &[u8], observer: &mut dyn Observer) {
        for piece in octets.chunks(PIECE) {
            let mut rest = piece;
            while !rest.is_empty() {
                let taken = match &mut self.flow {
                    Flow::Head(_) => self.head(rest, observer),
                    Flow::Body(_) | Flow::Epilogue(_) => self.body(rest, observer),
                    Flow::Ignored => {
                        self.offset += rest.len() as u64;
                        rest.len()
                    }
                };
                rest = &rest[taken..];
            }
        }
    }

    /// Ends the mail.
    #[must_use]
    pub fn finish(self) -> Outline {
        self.finish_with(&mut NoObserver)
    }

    /// As [`Reader::finish`], with a look at the last part's octets.
    #[must_use]
    pub fn finish_with(mut self, observer: &mut dyn Observer) -> Outline {
        if let Flow::Head(head) = &mut self.flow {
            let line = std::mem::take(&mut head.line);
            let start = head.line_start;
            if !line.is_empty() {
                self.head_line(&line, start..self.offset, observer);
            }
            // Nothing at all after a delimiter is no part; a mail always has one.
            if let Flow::Head(head) = &self.flow
                && (head.parent.is_none() || !head.fresh)
            {
                let end = self.offset;
                self.head_ends(end, end, observer);
            }
        }
        let (hit, line_break) = self.flowing_rest(observer);
        if let Some(hit) = hit {
            self.delimiter(&hit, observer);
        }
        let end = self.offset;
        self.flow_ends(end - line_break, observer);
        while let Some(level) = self.open.pop() {
            self.level_ends(&level, end);
        }
        let has_files = !self.parts.iter().all(|part| part.is_multipart || part.is_body_text());
        if !has_files {
            // It would be relayed as it is (spec MAIL-NONE); rebuilt, boundaries and fields are ours.
            let other_parts = (self.other_parts, "a text with parts in it by another boundary that the mail names");
            let oddly_written = (self.oddly_written, "a text whose type or disposition readers take differently");
            for (found, detail) in [other_parts, oddly_written] {
                if found.is_some() {
                    self.findings.structure(found, detail);
                }
            }
        }
        if self.unreadable.is_some() && (has_files || self.parts.iter().any(Part::may_be_a_file)) {
            // Relayed as it is it does no harm; rebuilt, it would say nothing.
            self.findings.add(
                Cause::Ambiguous(Ambiguity::Charset),
                self.unreadable,
                "a text in a charset that cannot be read, in a mail that would be written afresh",
            );
        }
        Outline {
            size: self.offset,
            header: self.header,
            header_range: self.header_range,
            parts: self.parts,
            findings: self.findings.list,
        }
    }

    /// Takes header lines out of `octets`; says how many octets it took.
    fn head(&mut self, octets: &[u8], observer: &mut dyn Observer) -> usize {
        let Flow::Head(head) = &mut self.flow else { return 0 };
        let Some(lf) = memchr::memchr(b'\n', octets) else {
            head.hold(octets, self.limits.field);
            self.offset += octets.len() as u64;
            return octets.len();
        };
        let taken = lf + 1;
        self.offset += taken as u64;
        let range = head.line_start..self.offset;
        head.line_start = self.offset;
        if head.line.is_empty() {
            self.head_line(&octets[..taken], range, observer);
        } else {
            head.hold(&octets[..taken], self.limits.field);
            let line = std::mem::take(&mut head.line);
            self.head_line(&line, range, observer);
        }
        taken
    }

    fn head_line(&mut self, line: &[u8], range: Range<u64>, observer: &mut dyn Observer) {
        let Flow::Head(head) = &mut self.flow else { return };
        let mut text = without_line_end(line);
        let first = std::mem::take(&mut head.fresh);
        if head.parent.is_none() && first {
            match Opening::of(text) {
                Opening::Header => {}
                Opening::Mark(after) => {
                    head.start = range.start + (text.len() - after.len()) as u64;
                    text = after;
                }
                Opening::Mbox => {
                    head.start = range.end;
                    head.fresh = true;
                    return;
                }
            }
        }
        if !self.open.is_empty() && text.starts_with(b"--") {
            let mut seen = Seen::new();
            match edges::find(&self.open, text, &mut seen) {
                Match::Exact { level, close } => {
                    if first {
                        self.no_part();
                    } else {
                        self.head_ends(range.start, range.start, observer);
                    }
                    let hit = Hit { level, close, octets: range.end - range.start, line_break: 0 };
                    self.delimiter(&hit, observer);
                    return;
                }
                Match::Like => self.findings.structure(None, edges::LIKE),
                Match::No => self.note(&seen),
            }
        }
        let Flow::Head(head) = &mut self.flow else { return };
        if std::mem::take(&mut head.cut) {
            head.collector.cut();
        }
        let start = range.start.max(head.start);
        match head.collector.line(text, start..range.end) {
            Line::Field | Line::Continuation => {}
            Line::Blank => self.head_ends(range.start, range.end, observer),
            Line::Other => {
                self.head_ends(range.start, range.start, observer);
                self.header_without_end(line, range.start, observer);
            }
        }
    }

    /// Nothing at all between two delimiters is no part; to some it is an empty file.
    fn no_part(&mut self) {
        let Flow::Head(Head { parent: Some(level), .. }) = &self.flow else { return };
        let multipart = self.open.get(*level).and_then(|level| self.parts.get_mut(level.part.0 as usize));
        if let Some(multipart) = multipart {
            multipart.veil = true;
        }
    }

    /// The header ended with a line that is none of a header's: the body begins with it.
    fn header_without_end(&mut self, line: &[u8], start: u64, observer: &mut dyn Observer) {
        if let Flow::Body(leaf) = &mut self.flow {
            leaf.watch_head();
        }
        let end = std::mem::replace(&mut self.offset, start);
        let mut rest = line;
        while !rest.is_empty() && matches!(self.flow, Flow::Body(_) | Flow::Epilogue(_)) {
            let taken = self.body(rest, observer);
            rest = &rest[taken..];
        }
        self.offset = end;
    }

    /// A header is complete: it ended at `header_end`, its body begins at `body_start`.
    fn head_ends(&mut self, header_end: u64, body_start: u64, observer: &mut dyn Observer) {
        let Flow::Head(head) = std::mem::replace(&mut self.flow, Flow::Ignored) else { return };
        let (header, oddities) = head.collector.finish();
        self.header_octets += header_end.saturating_sub(head.start);
        if self.header_octets > self.limits.headers {
            self.findings.size(None, "the headers are longer than the limit");
            return;
        }
        let id = PartId(u32::try_from(self.parts.len()).unwrap_or(u32::MAX));
        let parent = head.parent.and_then(|level| self.open.get(level));
        let is_digest_child = parent.is_some_and(|level| level.is_digest);
        let own_type = header.first("content-type").map(|field| multipart::beginning(field.value()).to_vec());
        let mut read = part::read(&header, oddities, is_digest_child);
        read.part.parent = parent.map(|level| level.part);
        read.part.afresh |= parent.is_some() && part::ends_early(&header);
        read.part.depth = u16::try_from(self.open.len()).unwrap_or(u16::MAX);
        read.part.body = body_start..body_start;
        for (cause, detail) in read.findings {
            self.findings.add(cause, Some(id), detail);
        }
        let (is_root, begins_blank) = (head.parent.is_none(), header.is_empty());
        if is_root {
            if let Some(detail) = part::odd_author(&header) {
                self.findings.structure(None, detail);
            }
            self.header = header;
            self.header_range = head.start.min(header_end)..header_end;
        }
        if read.oddly_written && read.part.is_body_text() {
            self.oddly_written.get_or_insert(id);
        }
        observer.part_began(id, &read.part);
        let boundary = self.usable_boundary(read.boundary, id);
        let wants = observer.wants_octets();
        let mut leaf = Leaf::new(id, &read.part, boundary.is_some(), wants, &self.budget);
        if read.part.is_body_text() && read.part.encoding == Encoding::Identity {
            let outer = self.open.iter().filter_map(|level| level.content_type.as_deref());
            leaf.watch_delimiters(outer.chain(own_type.as_deref()));
        }
        leaf.open_tnef(self.tnef);
        if is_root && begins_blank {
            leaf.watch_after_blank();
        }
        self.parts.push(read.part);
        if let Some(boundary) = boundary {
            self.open.push(Level {
                part: id,
                boundary,
                content_type: own_type,
                is_digest: read.is_digest,
                closed: false,
                divided: false,
                blank: true,
            });
        }
        self.edges = Edges::default();
        self.flow = Flow::Body(Box::new(leaf));
    }

    /// A multipart's boundary, where it can be used: not within too many others, not mistaken for one of theirs.
    fn usable_boundary(&mut self, boundary: Option<Vec<u8>>, id: PartId) -> Option<Vec<u8>> {
        let boundary = boundary?;
        if self.open.len() >= self.limits.depth {
            self.findings.size(Some(id), "multiparts are nested deeper than the limit");
            return None;
        }
        if self.clashes(&boundary) {
            self.findings.structure(Some(id), "a boundary equals or begins like an outer one");
        }
        Some(boundary)
    }

    /// Whether delimiters of this boundary may be taken for an outer one's, or the other way round.
    fn clashes(&self, boundary: &[u8]) -> bool {
        self.open.iter().any(|outer| boundary.starts_with(&outer.boundary) || outer.boundary.starts_with(boundary))
    }

    /// Takes body octets, up to a delimiter; says how many octets it took.
    fn body(&mut self, octets: &[u8], observer: &mut dyn Observer) -> usize {
        let Self { flow, open, edges, scratch, .. } = self;
        let mut sink = |octets: &[u8]| flow.take(octets, scratch, observer);
        let (taken, hit, seen) = if open.is_empty() {
            sink(octets);
            (octets.len(), None, Seen::new())
        } else {
            edges.scan(octets, open, &mut sink)
        };
        self.offset += taken as u64;
        self.note(&seen);
        if let Some(hit) = hit {
            self.delimiter(&hit, observer);
        }
        taken
    }

    /// The end of the mail has come: what the edges held back is given out, save the line break that belongs to the
    /// delimiter that is missing; its octets are said.
    fn flowing_rest(&mut self, observer: &mut dyn Observer) -> (Option<Hit>, u64) {
        let Self { flow, open, edges, scratch, .. } = self;
        let line_break = match flow {
            Flow::Body(leaf) if !leaf.is_preamble() && !open.is_empty() => edges.drop_line_break(),
            _ => 0,
        };
        let mut sink = |octets: &[u8]| flow.take(octets, scratch, observer);
        let (hit, seen) = edges.finish(open, &mut sink);
        self.note(&seen);
        (hit, line_break)
    }

    fn note(&mut self, seen: &[&'static str]) {
        for detail in seen {
            self.findings.structure(None, detail);
        }
    }

    /// A delimiter line was taken: what it ends has ended, what it begins begins.
    fn delimiter(&mut self, hit: &Hit, observer: &mut dyn Observer) {
        let line_start = self.offset.saturating_sub(hit.octets);
        let end = line_start.saturating_sub(hit.line_break);
        self.flow_ends(end, observer);
        while self.open.len() > hit.level + 1 {
            if let Some(level) = self.open.pop() {
                self.level_ends(&level, end);
            }
        }
        let Some(level) = self.open.get_mut(hit.level) else { return };
        level.divided = true;
        if hit.close {
            level.closed = true;
            self.flow = Flow::Epilogue(Box::new(Margin {
                part: level.part,
                decoder: Decoder::new(Encoding::Identity),
                scan: MarginScan::default(),
            }));
            return;
        }
        self.flow = if self.parts.len() >= self.limits.parts {
            self.findings.size(None, "there are more parts than the limit");
            Flow::Ignored
        } else {
            Flow::Head(Head::new(&self.limits, self.offset, Some(hit.level)))
        };
    }

    /// What is flowing ends at `end`.
    fn flow_ends(&mut self, end: u64, observer: &mut dyn Observer) {
        match std::mem::replace(&mut self.flow, Flow::Ignored) {
            Flow::Body(leaf) => {
                let id = leaf.id;
                let ended = leaf.finish(&mut self.scratch, observer);
                for (cause, detail) in ended.findings() {
                    self.findings.add(cause, Some(id), detail);
                }
                observer.part_ended(id);
                if ended.nested_boundary.as_ref().is_some_and(|boundary| self.clashes(boundary)) {
                    // Its own delimiters ended it: to others they are the nested mail's.
                    self.findings.structure(Some(id), "a nested mail's boundary equals or begins like an outer one");
                }
                if ended.other_parts {
                    self.other_parts.get_or_insert(id);
                }
                if ended.is_unreadable_text() {
                    self.unreadable.get_or_insert(id);
                }
                if let Some(level) = self.open.iter_mut().find(|level| level.part == id) {
                    level.blank = ended.blank;
                }
                if let Some(part) = self.parts.get_mut(id.0 as usize) {
                    part.body.end = end.max(part.body.start);
                    // A multipart without a boundary in which there is nothing at all is no file either.
                    part.is_multipart |= ended.is_nothing;
                    part.veil |= ended.needs_veil();
                    part.nested_subject = ended.nested_subject;
                    if let Tnef::Opened(opened) = &ended.tnef {
                        self.tnef.kept = self.tnef.kept.saturating_sub(opened.kept());
                        self.tnef.attachments = self.tnef.attachments.saturating_sub(opened.files.len());
                    }
                    part.tnef = ended.tnef;
                }
            }
            Flow::Epilogue(mut margin) => {
                if margin.ends(&mut self.scratch) {
                    self.findings.structure(Some(margin.part), "something like a part stands after the last part");
                }
            }
            Flow::Head(_) | Flow::Ignored => {}
        }
    }

    /// A multipart ends at `end`. One in which there is something but no part is a leaf, and to others something else.
    fn level_ends(&mut self, level: &Level, end: u64) {
        let Some(part) = self.parts.get_mut(level.part.0 as usize) else { return };
        part.is_multipart = level.divided || level.blank;
        part.body.end = end.max(part.body.start);
        if !part.is_multipart {
            self.findings.structure(Some(level.part), "a multipart in which no part is found");
        }
    }
}

impl Flow {
    fn take(&mut self, octets: &[u8], scratch: &mut Vec<u8>, observer: &mut dyn Observer) {
        match self {
            Self::Body(leaf) => leaf.push(octets, scratch, observer),
            Self::Epilogue(margin) => margin.push(octets, scratch),
            Self::Head(_) | Self::Ignored => {}
        }
    }
}

impl Margin {
    fn push(&mut self, octets: &[u8], scratch: &mut Vec<u8>) {
        scratch.clear();
        self.decoder.push(octets, scratch);
        self.scan.push(scratch);
    }

    fn ends(&mut self, scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        self.decoder.finish(scratch);
        self.scan.push(scratch);
        self.scan.finish()
    }
}
