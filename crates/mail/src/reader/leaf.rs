//! A leaf's octets on their way: decoded, shown, looked at.

use std::sync::Arc;

use fubako_base::codes::Ambiguity;

use super::{Observer, part};
use crate::{
    header::Header,
    html::Budget,
    outline::{Cause, Part, PartId, Tnef},
    scan::{BodyScan, DelimiterWatch, Found, HeadWatch, MarginScan},
    tnef,
    transfer::{Decoder, Facts},
};

/// How much of a nested mail is looked at for its subject.
const NESTED: usize = 64 << 10;

/// Characters of a nested mail's subject that are kept.
const MAX_SUBJECT: usize = 500;

/// A body while it passes: a leaf's, or what stands before a multipart's first part.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) id: PartId,
    decoder: Decoder,
    tnef: Unpacking,
    /// Whether the observer does.
    shows: bool,
    look: Look,
    /// A multipart's beginning has nothing but white space up to now.
    blank: bool,
    /// A multipart without a boundary.
    undivided: bool,
    is_html: bool,
    watch: Option<HeadWatch>,
    delimiters: Option<DelimiterWatch>,
}

/// What is looked for in the decoded octets.
#[derive(Debug)]
enum Look {
    Nothing,
    Body(Box<BodyScan>),
    /// A multipart's beginning.
    Preamble(Box<MarginScan>),
    /// A nested mail's first octets.
    Nested(Vec<u8>),
}

/// What the decoded octets are as TNEF.
#[derive(Debug)]
enum Unpacking {
    /// So they begin, and within these limits they are opened.
    Beginning(Vec<u8>, tnef::Limits),
    Opening(Box<tnef::Reader>),
    No,
}

/// What a leaf turned out to be.
#[derive(Debug, Default)]
pub(super) struct Ended {
    facts: Facts,
    found: Found,
    head_goes_on: bool,
    margin: bool,
    undivided: bool,
    is_html: bool,
    /// There are parts in it by another boundary that the mail names.
    pub(super) other_parts: bool,
    pub(super) blank: bool,
    pub(super) is_nothing: bool,
    pub(super) tnef: Tnef,
    pub(super) nested_subject: Option<String>,
    /// The boundary of the mail in it.
    pub(super) nested_boundary: Option<Vec<u8>>,
}

impl Leaf {
    /// `divided`: the part has a boundary, so that parts may follow. `shows`: the observer wants the octets. `budget` is the mail's.
    pub(super) fn new(id: PartId, part: &Part, divided: bool, shows: bool, budget: &Budget) -> Self {
        let media_type = part.content_type.media_type();
        let is_multipart = media_type.starts_with("multipart/");
        let look = if is_multipart {
            Look::Preamble(Box::default())
        } else if part.is_body_text() {
            let scan = BodyScan::new(media_type == "text/html", part.content_type.charset());
            Look::Body(Box::new(scan.within(budget.clone())))
        } else if matches!(media_type, "message/rfc822" | "message/global" | "message/news") {
            Look::Nested(Vec::new())
        } else {
            Look::Nothing
        };
        Self {
            id,
            decoder: Decoder::new(part.encoding),
            tnef: Unpacking::No,
            shows,
            look,
            blank: true,
            undivided: is_multipart && !divided,
            is_html: media_type == "text/html",
            watch: None,
            delimiters: None,
        }
    }

    /// Opens it within these limits where it is TNEF.
    pub(super) fn open_tnef(&mut self, limits: tnef::Limits) {
        if !self.is_preamble() {
            self.tnef = Unpacking::Beginning(Vec::new(), limits);
        }
    }

    /// Whether this is what stands before a multipart's first part.
    pub(super) fn is_preamble(&self) -> bool {
        matches!(self.look, Look::Preamble(_))
    }

    /// The body began without a blank line.
    pub(super) fn watch_head(&mut self) {
        self.watch = Some(HeadWatch::new(self.id == PartId(0)));
    }

    /// The mail began with a blank line.
    pub(super) fn watch_after_blank(&mut self) {
        self.watch = Some(HeadWatch::after_blank());
    }

    /// Looks for parts by a boundary that stands in one of these Content-Type fields.
    pub(super) fn watch_delimiters<'a>(&mut self, fields: impl Iterator<Item = &'a [u8]>) {
        self.delimiters = Some(DelimiterWatch::new(fields));
    }

    /// Takes the next octets as they stand in the mail.
    pub(super) fn push(&mut self, octets: &[u8], scratch: &mut Vec<u8>, observer: &mut dyn Observer) {
        scratch.clear();
        self.decoder.push(octets, scratch);
        self.decoded(scratch, observer);
        if let Some(watch) = &mut self.watch {
            watch.push(octets);
        }
        if let Some(delimiters) = &mut self.delimiters {
            delimiters.push(octets);
        }
    }

    fn decoded(&mut self, octets: &[u8], observer: &mut dyn Observer) {
        if octets.is_empty() {
            return;
        }
        if self.shows {
            observer.decoded(self.id, octets);
        }
        self.tnef.push(octets);
        match &mut self.look {
            Look::Nothing => {}
            Look::Body(scan) => scan.push(octets),
            Look::Preamble(scan) => {
                self.blank &= octets.iter().all(u8::is_ascii_whitespace);
                scan.push(octets);
            }
            Look::Nested(first) => {
                let room = NESTED.saturating_sub(first.len()).min(octets.len());
                first.extend_from_slice(&octets[..room]);
            }
        }
    }

    pub(super) fn finish(mut self, scratch: &mut Vec<u8>, observer: &mut dyn Observer) -> Ended {
        scratch.clear();
        self.decoder.finish(scratch);
        self.decoded(scratch, observer);
        let mut ended = Ended {
            is_html: self.is_html,
            facts: self.decoder.facts(),
            head_goes_on: self.watch.is_some_and(HeadWatch::finish),
            other_parts: self.delimiters.is_some_and(DelimiterWatch::finish),
            blank: self.blank,
            undivided: self.undivided && !self.blank,
            is_nothing: self.undivided && self.blank,
            ..Ended::default()
        };
        ended.tnef = self.tnef.finish();
        match self.look {
            // No text, whatever it calls itself.
            _ if !matches!(ended.tnef, Tnef::No) => {}
            Look::Nothing => {}
            Look::Body(scan) => ended.found = scan.finish(),
            Look::Preamble(mut scan) => ended.margin = scan.finish(),
            Look::Nested(first) => {
                let header = Header::parse(&first, 0);
                ended.nested_subject = subject(&header);
                ended.nested_boundary = part::boundary_of(&header);
            }
        }
        ended
    }
}

impl Unpacking {
    fn push(&mut self, octets: &[u8]) {
        match self {
            Self::Beginning(first, limits) => {
                let missing = tnef::SIGNATURE.len() - first.len();
                first.extend(octets.iter().take(missing));
                if first.len() < tnef::SIGNATURE.len() {
                    return;
                }
                if !tnef::is_tnef(first) {
                    *self = Self::No;
                    return;
                }
                let mut reader = Box::new(tnef::Reader::new(*limits));
                reader.push(first);
                reader.push(octets.get(missing..).unwrap_or_default());
                *self = Self::Opening(reader);
            }
            Self::Opening(reader) if !reader.is_damaged() => reader.push(octets),
            Self::Opening(_) | Self::No => {}
        }
    }

    fn finish(self) -> Tnef {
        match self {
            Self::Opening(reader) => match reader.finish() {
                Ok(opened) => Tnef::Opened(Arc::new(opened)),
                Err(damaged) if damaged.too_many => Tnef::TooMany,
                Err(_) => Tnef::Damaged,
            },
            Self::Beginning(..) | Self::No => Tnef::No,
        }
    }
}

impl Ended {
    /// Whether this is a text that cannot be written afresh.
    pub(super) fn is_unreadable_text(&self) -> bool {
        self.found.unknown || self.found.broken || self.found.charset && !self.is_html
    }

    /// Whether it is a text that has to leave in base64.
    pub(super) const fn needs_veil(&self) -> bool {
        self.found.veil || self.facts.loose
    }

    /// What was found, with its code.
    pub(super) fn findings(&self) -> impl Iterator<Item = (Cause, &'static str)> + use<> {
        use Ambiguity::{Base64, Charset, Structure};
        let own = [
            (self.head_goes_on, Structure, "a header ends without a blank line and goes on after it"),
            (self.facts.stray, Base64, "base64 with other characters in it"),
            (self.facts.after_padding, Base64, "base64 that goes on after its padding"),
            (
                self.found.charset && self.is_html,
                Charset,
                "an HTML body in a charset that cannot be read, and in which ASCII is not ASCII",
            ),
            (self.margin, Structure, "something like a part stands before the first part"),
            (self.undivided, Structure, "a multipart without a boundary"),
        ];
        let own = own.into_iter().filter_map(|(seen, kind, detail)| seen.then_some((Cause::Ambiguous(kind), detail)));
        own.chain(self.found.findings())
    }
}

/// The subject of the mail that begins with this header.
fn subject(header: &Header) -> Option<String> {
    let subject = header.first("subject")?.unstructured();
    let subject: String = subject.chars().take(MAX_SUBJECT).collect();
    (!subject.is_empty()).then_some(subject)
}
