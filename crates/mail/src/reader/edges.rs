//! Where parts meet: delimiter lines (RFC 2046, 5.1.1) found in octets that come in pieces.

use memchr::{memchr, memchr2};

use crate::outline::PartId;

/// A line longer than this is no delimiter.
const MAX_LINE: usize = 1024;

/// A boundary longer than this is not used: with `--` before and after it, it must fit [`MAX_LINE`].
pub(super) const MAX_BOUNDARY: usize = 512;

/// A multipart that is open.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) part: PartId,
    pub(super) boundary: Vec<u8>,
    /// Its Content-Type as written, or the beginning of it.
    pub(super) content_type: Option<Vec<u8>>,
    pub(super) is_digest: bool,
    /// Its last delimiter was seen.
    pub(super) closed: bool,
    /// A delimiter of its was seen.
    pub(super) divided: bool,
    /// Nothing but white space stands before its first part.
    pub(super) blank: bool,
}

/// What a line that begins with `--` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// A delimiter of this level.
    Exact {
        level: usize,
        close: bool,
    },
    /// It goes on after a boundary: RFC 2046 would have it compared to there, most readers compare it whole.
    Like,
}

/// A delimiter line that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) level: usize,
    pub(super) close: bool,
    /// Octets of the line, its end included.
    pub(super) octets: u64,
    /// Octets of the line break before it, which belongs to it.
    pub(super) line_break: u64,
}

/// What was seen that another reader could take for a delimiter, each once, in order.
pub(super) type Seen = Vec<&'static str>;

pub(super) const LIKE: &str = "a line begins like a delimiter";
const NEAR_CR: &str = "a delimiter stands next to a bare CR";
const AFTER_LAST: &str = "a delimiter stands after the last one";

fn note(seen: &mut Seen, what: &'static str) {
    if !seen.contains(&what) {
        seen.push(what);
    }
}

/// Whether `line`, which begins with `--`, is a delimiter of one of the open multiparts; the innermost goes first.
pub(super) fn find(open: &[Level], line: &[u8], seen: &mut Seen) -> Match {
    let Some(line) = line.strip_prefix(b"--") else { return Match::No };
    let mut found = Match::No;
    for (index, level) in open.iter().enumerate().rev() {
        let Some(tail) = line.strip_prefix(level.boundary.as_slice()) else { continue };
        let padding = tail.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |at| at + 1);
        match &tail[..padding] {
            b"" if level.closed => note(seen, AFTER_LAST),
            b"--" if level.closed => {}
            b"" => return Match::Exact { level: index, close: false },
            b"--" => return Match::Exact { level: index, close: true },
            _ => found = Match::Like,
        }
    }
    found
}

/// Finds delimiters while octets pass. It holds back a line break and a line that begins with `--`, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Edges {
    place: Place,
    /// The line break before the line at hand, not given out yet.
    held: Break,
    /// What there is of a line that may be a delimiter.
    line: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// At the start of a line, or in a line that began with a dash.
    #[default]
    Start,
    /// In a line that is no delimiter.
    Inside,
    /// After a CR that ends a line if LF follows.
    AfterCr,
    /// The same after a line that may be a delimiter.
    LineCr,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Break {
    #[default]
    None,
    /// A bare CR: a line begins after it only for some.
    Cr,
    Lf,
    CrLf,
}

impl Break {
    const fn octets(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Cr => b"\r",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

type Sink<'a> = dyn FnMut(&[u8]) + 'a;

impl Edges {
    /// Takes octets, up to and including a delimiter line; gives what is no delimiter to `data`. Says how many it took.
    pub(super) fn scan(&mut self, octets: &[u8], open: &[Level], data: &mut Sink<'_>) -> (usize, Option<Hit>, Seen) {
        let mut at = 0;
        let mut seen = Seen::default();
        while at < octets.len() {
            let rest = &octets[at..];
            match self.place {
                Place::Inside => at += self.inside(rest, data),
                Place::Start => at += self.start(rest, open, data, &mut seen),
                Place::AfterCr => {
                    let lf = rest[0] == b'\n';
                    self.held = if lf { Break::CrLf } else { Break::Cr };
                    self.place = Place::Start;
                    at += usize::from(lf);
                }
                Place::LineCr => {
                    let lf = rest[0] == b'\n';
                    at += usize::from(lf);
                    let after = if lf { Break::CrLf } else { Break::Cr };
                    if let Some(hit) = self.line_ends(open, after, data, &mut seen) {
                        return (at, Some(hit), seen);
                    }
                }
            }
            // A line that a bare LF ended (what is pushed is normalised: it comes only first).
            if self.place == Place::Start && self.line.last() == Some(&b'\n') {
                self.line.pop();
                if let Some(hit) = self.line_ends(open, Break::Lf, data, &mut seen) {
                    return (at, Some(hit), seen);
                }
            }
        }
        (at, None, seen)
    }

    /// Forgets a line break at the very end; says how many octets it has.
    pub(super) fn drop_line_break(&mut self) -> u64 {
        if self.place != Place::Start || !self.line.is_empty() || self.held == Break::Cr {
            return 0;
        }
        std::mem::take(&mut self.held).octets().len() as u64
    }

    /// Ends the octets: the line at hand may be a delimiter that nothing ended.
    pub(super) fn finish(&mut self, open: &[Level], data: &mut Sink<'_>) -> (Option<Hit>, Seen) {
        let mut seen = Seen::default();
        match self.place {
            Place::AfterCr => data(b"\r"),
            Place::LineCr => {
                let hit = self.line_ends(open, Break::None, data, &mut seen);
                return match hit {
                    Some(hit) => (Some(Hit { octets: hit.octets + 1, ..hit }), seen),
                    None => {
                        data(b"\r");
                        (None, seen)
                    }
                };
            }
            Place::Start if !self.line.is_empty() => {
                let hit = self.line_ends(open, Break::None, data, &mut seen);
                return (hit, seen);
            }
            Place::Start => data(self.held.octets()),
            Place::Inside => {}
        }
        (None, seen)
    }

    /// Gives out what is surely no delimiter: up to a line that begins with a dash, or a line break at the end.
    fn inside(&mut self, rest: &[u8], data: &mut Sink<'_>) -> usize {
        let mut from = 0;
        while let Some(dash) = memchr(b'-', &rest[from..]) {
            let at = from + dash;
            if at > 0 && matches!(rest[at - 1], b'\n' | b'\r') {
                let lf = rest[at - 1] == b'\n';
                self.held = match (lf, at >= 2 && rest[at - 2] == b'\r') {
                    (true, true) => Break::CrLf,
                    (true, false) => Break::Lf,
                    (false, _) => Break::Cr,
                };
                self.place = Place::Start;
                data(&rest[..at - self.held.octets().len()]);
                return at;
            }
            from = at + 1;
        }
        let (end, place, held) = match rest {
            [.., b'\r', b'\n'] => (2, Place::Start, Break::CrLf),
            [.., b'\n'] => (1, Place::Start, Break::Lf),
            [.., b'\r'] => (1, Place::AfterCr, Break::None),
            _ => (0, Place::Inside, Break::None),
        };
        data(&rest[..rest.len() - end]);
        self.place = place;
        self.held = held;
        rest.len()
    }

    /// Collects a line that begins with `--`; gives out any other's beginning.
    fn start(&mut self, rest: &[u8], open: &[Level], data: &mut Sink<'_>, seen: &mut Seen) -> usize {
        if self.line.len() < 2 {
            if rest[0] == b'-' {
                self.line.push(b'-');
                return 1;
            }
            self.no_delimiter(data);
            return 0;
        }
        let room = MAX_LINE - self.line.len();
        let near = &rest[..rest.len().min(room + 1)];
        let Some(end) = memchr2(b'\r', b'\n', near) else {
            if near.len() <= room {
                self.line.extend_from_slice(near);
                return near.len();
            }
            self.line.extend_from_slice(&near[..room]);
            // No end within the limit: to RFC 2046 a delimiter all the same, if it begins like one.
            if find(open, &self.line, seen) != Match::No {
                note(seen, LIKE);
            }
            self.no_delimiter(data);
            return room;
        };
        self.line.extend_from_slice(&rest[..end]);
        if rest[end] == b'\r' {
            self.place = Place::LineCr;
        } else {
            self.line.push(b'\n');
        }
        end + 1
    }

    fn no_delimiter(&mut self, data: &mut Sink<'_>) {
        data(std::mem::take(&mut self.held).octets());
        if !self.line.is_empty() {
            data(&self.line);
            self.line.clear();
        }
        self.place = Place::Inside;
    }

    /// The line at hand ended with `after`.
    fn line_ends(&mut self, open: &[Level], after: Break, data: &mut Sink<'_>, seen: &mut Seen) -> Option<Hit> {
        let found = find(open, &self.line, seen);
        let near_cr = self.held == Break::Cr || after == Break::Cr;
        match found {
            Match::Exact { level, close } if !near_cr => {
                let octets = (self.line.len() + after.octets().len()) as u64;
                let line_break = self.held.octets().len() as u64;
                self.line.clear();
                // It ends the line of a last delimiter, and belongs to an outer one that follows.
                self.held = after;
                self.place = Place::Start;
                return Some(Hit { level, close, octets, line_break });
            }
            Match::No => {}
            _ if near_cr => note(seen, NEAR_CR),
            _ => note(seen, LIKE),
        }
        self.no_delimiter(data);
        self.held = after;
        self.place = Place::Start;
        None
    }
}
