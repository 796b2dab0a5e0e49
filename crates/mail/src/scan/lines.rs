//! Rules that hold line by line.

use memchr::{memchr, memchr2};

use super::{
    Found,
    mail_like::MailLike,
    part_in_text::PartInText,
    tokens::{LONGEST, Mark, Tokens},
    uuencode::{self, Uuencode},
};

/// Octets that the pieces of a long line have in common: what is looked for in any place is whole in one of them.
const OVERLAP: usize = 256;

/// A line, or a piece of one that is long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) octets: &'a [u8],
    /// The line begins with it.
    pub(super) is_first: bool,
    /// What ended the line before.
    pub(super) mark: Mark,
}

/// Cuts octets into lines, and long lines into pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// A bare CR ends a line too, as it does once it is made CRLF.
    by_cr: bool,
    /// Such a CR was last: an LF belongs to it.
    after_cr: bool,
    /// A piece of the line was given.
    within: bool,
    /// The last line ended in a CR alone, as far as that is known.
    behind_cr: bool,
}

impl Lines {
    pub(super) fn by_cr() -> Self {
        Self { by_cr: true, ..Self::default() }
    }

    /// Takes the next octets; gives the lines that ended, whole or their beginning.
    pub(super) fn push(&mut self, octets: &[u8], mut line: impl FnMut(&[u8])) {
        self.pieces(octets, |piece| {
            if piece.is_first {
                line(piece.octets);
            }
        });
    }

    /// Takes the next octets; gives the lines that ended, and pieces of long ones.
    pub(super) fn pieces(&mut self, octets: &[u8], mut give: impl FnMut(Piece<'_>)) {
        let mut rest = octets;
        let by_cr = self.by_cr;
        let end = |rest: &[u8]| if by_cr { memchr2(b'\r', b'\n', rest) } else { memchr(b'\n', rest) };
        loop {
            if !rest.is_empty() && std::mem::take(&mut self.after_cr) {
                let after = rest.strip_prefix(b"\n");
                self.behind_cr = after.is_none();
                rest = after.unwrap_or(rest);
            }
            let Some(at) = end(rest) else { break };
            self.hold(&rest[..at], &mut give);
            self.give(&mut give, false);
            (self.after_cr, self.behind_cr) = (rest[at] == b'\r', false);
            rest = &rest[at + 1..];
        }
        self.hold(rest, &mut give);
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        self.finish_pieces(|piece| {
            if piece.is_first {
                line(piece.octets);
            }
        });
    }

    /// The same.
    pub(super) fn finish_pieces(&mut self, mut give: impl FnMut(Piece<'_>)) {
        if !self.held.is_empty() {
            self.give(&mut give, false);
        }
    }

    fn hold(&mut self, octets: &[u8], give: &mut impl FnMut(Piece<'_>)) {
        let mut rest = octets;
        while !rest.is_empty() {
            let room = LONGEST.saturating_sub(self.held.len()).min(rest.len());
            self.held.extend_from_slice(&rest[..room]);
            rest = &rest[room..];
            if !rest.is_empty() {
                self.give(give, true);
            }
        }
    }

    /// Gives what is held; `goes_on`: it is not the line's end.
    fn give(&mut self, give: &mut impl FnMut(Piece<'_>), goes_on: bool) {
        let mark = if self.behind_cr { Mark::Bare } else { Mark::Line };
        let octets = if goes_on { &self.held[..] } else { without_cr(&self.held) };
        give(Piece { octets, is_first: !self.within, mark });
        let kept = if goes_on { self.held.len() - OVERLAP } else { self.held.len() };
        self.held.drain(..kept);
        self.within = goes_on;
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a text body's lines may hide.
#[derive(Debug)]
pub(super) struct TextLines {
    lines: Lines,
    rules: TextRules,
}

#[derive(Debug, Default)]
struct TextRules {
    found: Found,
    uuencode: Uuencode,
    tokens: Tokens,
    part: PartInText,
    like: MailLike,
}

impl Default for TextLines {
    fn default() -> Self {
        Self { lines: Lines::by_cr(), rules: TextRules::default() }
    }
}

impl TextLines {
    pub(super) fn push(&mut self, octets: &[u8]) {
        if memchr(0, octets).is_some() {
            // Some readers drop them: `be\0gin` is `begin` to these.
            let shown: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
            return self.take(&shown);
        }
        self.take(octets);
    }

    fn take(&mut self, octets: &[u8]) {
        let rules = &mut self.rules;
        rules.like.push(octets);
        self.lines.pieces(octets, |piece| rules.piece(piece));
    }

    pub(super) fn finish(&mut self) -> Found {
        let rules = &mut self.rules;
        self.lines.finish_pieces(|piece| rules.piece(piece));
        rules.finish();
        rules.found.veil |= rules.like.finish();
        rules.found
    }
}

impl TextRules {
    fn piece(&mut self, Piece { octets, is_first, mark }: Piece<'_>) {
        if !is_first {
            // What is a part says so at a line's beginning; to who cuts lines it may stand here.
            self.finish();
            self.tokens.take_piece(octets);
            self.like.piece(octets);
            let line = self.tokens.finish();
            return self.like.field(&line, &line.forms_with_names());
        }
        if octets.is_empty() {
            self.finish();
            self.uuencode.blank();
            return self.part.blank();
        }
        if !self.tokens.goes_on(octets, mark) {
            self.finish();
        }
        self.tokens.take(octets, mark);
        self.line(octets);
    }

    /// Ends a line with all that belongs to it.
    fn finish(&mut self) {
        if self.tokens.is_empty() {
            return;
        }
        let line = self.tokens.finish();
        let forms = line.forms_with_names();
        self.like.field(&line, &forms);
        self.part.line(&line, &forms);
        self.found.file_as_text |= line.hides_a_field;
    }

    /// A line as it stands in the text.
    fn line(&mut self, line: &[u8]) {
        self.like.line(line);
        let file = &mut self.found.file_as_text;
        *file |= self.uuencode.line(line) || self.part.is_data(line);
        match line.first() {
            Some(b'-' | b' ' | b'\t' | 0xc2 | 0xe3) => self.found.pgp |= opens_pgp(line),
            Some(b'b' | b'B') => *file |= uuencode::begins_base64(line),
            Some(b'=') => *file |= starts_with(line, b"=ybegin "),
            Some(b'(') => *file |= starts_with(line, b"(This file must be converted with"),
            _ => {}
        }
    }
}

pub(super) fn starts_with(line: &[u8], start: &[u8]) -> bool {
    line.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// RFC 9580, 6.2 (and RFC 2440 for messages in several parts): the line itself and nothing else, not one that quotes it or speaks of it.
fn opens_pgp(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let Some(rest) = text.trim().strip_prefix("-----BEGIN PGP MESSAGE") else { return false };
    rest == "-----" || rest.starts_with(", PART") && rest.ends_with("-----")
}

/// The look at what stands before the first and after the last part (spec 3.4a): is there a part in it, or a file?
#[derive(Debug)]
pub(crate) struct MarginScan {
    text: TextLines,
    lines: Lines,
    part_field: bool,
}

impl Default for MarginScan {
    fn default() -> Self {
        Self { text: TextLines::default(), lines: Lines::by_cr(), part_field: false }
    }
}

impl MarginScan {
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let part_field = &mut self.part_field;
        self.text.push(octets);
        self.lines.push(octets, |line| *part_field |= is_part_field(line));
    }

    /// Whether something like a part or a file was there.
    pub(crate) fn finish(&mut self) -> bool {
        let part_field = &mut self.part_field;
        self.lines.finish(|line| *part_field |= is_part_field(line));
        let found = self.text.finish();
        // What stands there does not leave otherwise than it came, so that what could be a field is enough.
        self.part_field || found.file_as_text || found.veil
    }
}

/// Whether a line is a field that describes a part (`Content-…:`).
pub(super) fn is_part_field(line: &[u8]) -> bool {
    let Some(colon) = memchr(b':', line) else { return false };
    let name = line[..colon].trim_ascii();
    starts_with(name, b"content-") && name.iter().all(|octet| octet.is_ascii_graphic())
}
