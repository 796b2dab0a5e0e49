//! The one reader of header lines, wherever they stand: in a text, in a header, before a mail's first part.
//!
//! Foreign programs (ripmime, munpack and their like) differ in everything that makes a field: where a line ends, what belongs to it, what a
//! comment is, where an encoded word ends. A reader of ours for each of them has as many gaps as there are dodges. So there is this one, and
//! who asks something asks its [`Candidate`]s. It goes through a text once, in steps:
//!
//! 1. [`super::lines::Lines`] cuts the text at every line end that anybody takes.
//! 2. [`Tokens::goes_on`]: a line belongs to those before it where it is folded, where the last one ends in a semicolon (to some), before the text
//!    of an encoded word, or in a CR alone. It is added then, behind a mark: to some it is a line of its own, and nothing of it is lost.
//! 3. [`Tokens::take`]: a tab is a blank; other controls, NUL among them, are nothing. Encoded words are decoded as they pass, each once, and a
//!    line end in one becomes a mark. What stands between any two question marks is decoded in both ways, wherever a word begins to somebody:
//!    a field behind a line end in it is hidden ([`Line::hides_a_field`]).
//! 4. [`Line::forms`]: comments are taken out, as the RFC has them and as ripmime does; and CRs alone, which are nothing to others.
//! 5. [`Form::candidates`]: wherever a line begins, a field may.
//!
//! Each octet is kept and decoded a fixed number of times: nothing is read again because something was left open. Memory is a few times that
//! of [`LONGEST`] octets.

use std::borrow::Cow;

use super::fields;
use crate::{outline::Encoding as Transfer, transfer::Decoder};

/// Octets after which lines are not taken together any more, and a line is looked at in pieces.
pub(super) const LONGEST: usize = 64 << 10;
/// Octets of a line that nobody cuts. Of a longer one any octet may begin a line to somebody.
pub(super) const MAX_LINE: usize = 500;
/// Octets of base64 in which a line end and a field's name have room.
const MIN_HIDDEN: usize = 16;

/// What a line is in the text that is kept of it: behind each of these begins one, at least to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mark {
    /// Behind a line's end in the text.
    Line = b'\n',
    /// Behind a line's end in an encoded word.
    Hidden = b'\r',
    /// Behind a CR alone: to some that is nothing.
    Bare = 0x0b,
}

const fn is_mark(octet: &u8) -> bool {
    matches!(*octet, b'\n' | b'\r' | 0x0b)
}

/// One line with all that belongs to it, read.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// In lower case, its encoded words decoded, with marks.
    text: Vec<u8>,
    /// A field stands behind a line end that is one only once encoded words are decoded.
    pub(super) hides_a_field: bool,
    /// An encoded word begins in it to somebody, wherever it ends.
    pub(super) has_word: bool,
    /// An encoded word is not written as it has to be (RFC 2047, 2), or another one or a line's end is in it: who is lax may read it otherwise.
    pub(super) has_odd_word: bool,
    /// A line of it may be cut by somebody.
    is_long: bool,
    /// It has controls, which are left out: to who cuts lines they are octets.
    has_controls: bool,
}

/// A line with its comments, or without.
#[derive(Debug)]
pub(super) struct Form<'a> {
    text: Cow<'a, [u8]>,
}

/// What may be a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// The line, up to where the next begins.
    pub(super) line: &'a [u8],
    /// Its first word: to a colon or a blank.
    pub(super) name: &'a [u8],
    /// What is behind it, with all that may belong to it, and marks between.
    pub(super) value: &'a [u8],
}

/// The reading of one line after the other.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    line: Line,
    /// Octets that were taken for this line.
    octets: usize,
    /// What may be an encoded word, and has not ended yet.
    word: Option<Word>,
    /// What was there since the last question mark.
    segment: Option<Vec<u8>>,
    /// The last octet, where it is none of an encoded word's.
    last: u8,
    /// Where the decoded text of the last encoded word ended.
    word_end: Option<usize>,
    ends_in_semicolon: bool,
    /// `=?` was there, in this line or in one before.
    begun: bool,
    /// The last octet was a question mark behind that.
    at_letter: bool,
}

/// `=?charset?encoding?text?=`, as far as it was there.
#[derive(Debug)]
struct Word {
    raw: Vec<u8>,
    /// Where its encoding begins.
    encoding: Option<usize>,
    /// Where its text begins, and how it is encoded.
    text: Option<(usize, Transfer)>,
    /// Only blanks are between it and the decoded text of another, which ends here.
    after: Option<usize>,
    has_blank: bool,
}

impl Word {
    const START: &[u8] = b"=?";

    fn begin() -> Self {
        Self { raw: Self::START.to_vec(), encoding: None, text: None, after: None, has_blank: false }
    }

    /// Whether all of it is as it has to be.
    fn is_plain(&self) -> bool {
        let (Some(encoding), Some((text, _))) = (self.encoding, self.text) else { return false };
        let is_charset = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_*.:+".contains(octet);
        let is_text = |octet: &u8| octet.is_ascii_graphic() && !b";?".contains(octet);
        let end = self.raw.len() - b"?=".len();
        self.raw[Self::START.len()..encoding - 1].iter().all(is_charset)
            && text - encoding == b"q?".len()
            && self.raw[text..end].iter().all(is_text)
    }
}

impl Tokens {
    /// Reads what is one line alone.
    pub(super) fn of(line: &[u8]) -> Line {
        let mut tokens = Self::default();
        tokens.take(line, Mark::Line);
        tokens.finish()
    }

    /// Whether no line was taken.
    pub(super) const fn is_empty(&self) -> bool {
        self.octets == 0
    }

    /// Whether what belongs to the line is still taken.
    pub(super) const fn has_room(&self) -> bool {
        self.octets < LONGEST
    }

    /// Whether the last line ends in a semicolon, or before the text of an encoded word.
    pub(super) fn is_open(&self) -> bool {
        self.has_room() && (self.ends_in_semicolon || self.is_before_text())
    }

    /// Whether this line belongs to those that were taken.
    pub(super) fn goes_on(&self, next: &[u8], mark: Mark) -> bool {
        let is_folded = matches!(next.first(), Some(b' ' | b'\t' | b':' | b';'));
        !self.is_empty() && (self.is_open() || self.has_room() && (is_folded || mark == Mark::Bare))
    }

    /// Takes a line without its end; the mark says what was before it.
    pub(super) fn take(&mut self, line: &[u8], mark: Mark) {
        if !self.is_empty() {
            if !self.is_before_text() && !matches!(line.first(), Some(b' ' | b'\t')) {
                self.close_word();
            }
            self.octet(mark as u8);
        }
        self.octets += line.len() + 1;
        self.line.is_long |= line.len() > MAX_LINE;
        self.line.has_controls |= line.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t');
        self.ends_in_semicolon = line.trim_ascii_end().ends_with(b";");
        self.at_letter = false;
        if self.word.is_none() && self.segment.is_none() && memchr::memchr(b'?', line).is_none() {
            (self.last, self.word_end) = (0, None);
            return self
                .line
                .text
                .extend(line.iter().filter_map(|octet| plain(*octet)).map(|o| o.to_ascii_lowercase()));
        }
        for octet in line {
            match plain(*octet) {
                Some(octet) => self.octet(octet),
                None => self.line.has_odd_word |= self.word.is_some(),
            }
        }
    }

    /// Takes a piece of a line that is not its first: all of it may begin a line to somebody.
    pub(super) fn take_piece(&mut self, octets: &[u8]) {
        self.take(octets, Mark::Line);
        (self.line.is_long, self.line.has_controls) = (true, true);
    }

    /// Ends the line; what is taken next is another.
    pub(super) fn finish(&mut self) -> Line {
        self.close_word();
        self.end_segment();
        self.segment = None;
        let mut line = std::mem::take(&mut self.line);
        let hides = line.hidden().any(fields::is_hidden);
        line.hides_a_field |= hides;
        line.has_odd_word |= fields::has(&line.text, "=?");
        (self.octets, self.last, self.word_end, self.ends_in_semicolon) = (0, 0, None, false);
        line
    }

    /// Whether an encoded word has begun, but not its text.
    fn is_before_text(&self) -> bool {
        self.word.as_ref().is_some_and(|word| word.text.is_none() && !word.has_blank)
    }

    fn octet(&mut self, octet: u8) {
        self.line.has_word |= std::mem::replace(&mut self.at_letter, false) && b"qQbB".contains(&octet);
        if octet == b'?' {
            self.at_letter = self.begun;
            self.end_segment();
            self.segment = Some(Vec::new());
        } else if let Some(segment) = self.segment.as_mut().filter(|_| !is_mark(&octet)) {
            segment.push(octet);
        }
        if self.word.is_some() {
            return self.octet_of_word(octet);
        }
        // What follows a word's end at once belongs to it, to some.
        self.line.has_odd_word |= self.word_end == Some(self.line.text.len()) && b"?=".contains(&octet);
        if octet == b'?' && self.last == b'=' {
            (self.begun, self.at_letter, self.last) = (true, false, 0);
            self.line.text.pop();
            // What is between two of them is nothing (RFC 2047, 6.2).
            let is_between = |octet: &u8| matches!(*octet, b' ' | b'\n');
            let after = self.word_end.take().filter(|end| self.line.text[*end..].iter().all(is_between));
            self.word = Some(Word { after, ..Word::begin() });
            return;
        }
        self.last = octet;
        self.put(octet);
    }

    fn octet_of_word(&mut self, octet: u8) {
        let Some(word) = &mut self.word else { return };
        word.raw.push(octet);
        word.has_blank |= octet == b' ';
        let end = word.raw.len();
        match (word.encoding, word.text) {
            (_, Some((text, _))) if octet == b'=' && word.raw[text..end - 1].ends_with(b"?") => self.end_word(true),
            (_, Some(_)) => {}
            (None, None) if octet == b'?' => word.encoding = Some(end),
            (Some(encoding), None) if octet == b'?' => match word.raw[encoding] {
                b'q' | b'Q' => word.text = Some((end, Transfer::QuotedPrintable)),
                b'b' | b'B' => word.text = Some((end, Transfer::Base64)),
                _ => self.begin_again(encoding),
            },
            (_, None) => {}
        }
    }

    /// What began is no encoded word; one may begin within it.
    fn begin_again(&mut self, encoding: usize) {
        let Some(mut word) = self.word.take() else { return };
        self.line.has_odd_word = true;
        let end = word.raw.len();
        // Where the last `=?` in it stands that is not its own.
        let at = [end - 2, encoding - 2].into_iter().find(|at| *at > 0 && word.raw[*at..].starts_with(Word::START));
        let rest = word.raw.split_off(at.unwrap_or(end));
        word.raw.into_iter().for_each(|octet| self.put(octet));
        if !rest.is_empty() {
            let encoding = (rest.len() > Word::START.len()).then_some(rest.len());
            let has_blank = rest.contains(&b' ');
            self.word = Some(Word { raw: rest, encoding, has_blank, ..Word::begin() });
        }
    }

    /// Ends an encoded word wherever it is.
    fn close_word(&mut self) {
        self.line.has_odd_word |= self.word.is_some();
        self.end_word(false);
    }

    /// Ends an encoded word; `ended`: with `?=`.
    fn end_word(&mut self, ended: bool) {
        let Some(word) = self.word.take() else { return };
        self.last = 0;
        let Some((text, encoding)) = word.text else {
            return word.raw.into_iter().for_each(|octet| self.put(octet));
        };
        self.line.has_odd_word |= !ended || !word.is_plain();
        if let Some(end) = word.after {
            self.line.text.truncate(end);
        }
        let end = word.raw.len() - if ended { b"?=".len() } else { 0 };
        let encoded: Vec<u8> = word.raw[text..end].iter().copied().filter(|octet| !is_mark(octet)).collect();
        for octet in decoded(encoding, &encoded) {
            match octet {
                b'\r' | b'\n' => self.put(Mark::Hidden as u8),
                octet => plain(octet).into_iter().for_each(|octet| self.put(octet)),
            }
            self.line.has_odd_word |= matches!(octet, 0 | b'\r' | b'\n');
        }
        self.word_end = Some(self.line.text.len());
    }

    fn put(&mut self, octet: u8) {
        self.line.text.push(octet.to_ascii_lowercase());
    }

    /// What stands between two question marks is an encoded word's text to somebody.
    fn end_segment(&mut self) {
        let Some(segment) = self.segment.take().filter(|segment| segment.len() >= MIN_HIDDEN) else { return };
        self.line.hides_a_field |= [Transfer::QuotedPrintable, Transfer::Base64].into_iter().any(|encoding| {
            let text = decoded(encoding, &segment).to_ascii_lowercase();
            text.split(|octet| matches!(octet, b'\r' | b'\n')).skip(1).any(fields::is_hidden)
        });
    }
}

/// What a control is in a header's line: a tab is a blank, another is nothing.
const fn plain(octet: u8) -> Option<u8> {
    match octet {
        b'\t' => Some(b' '),
        octet if octet.is_ascii_control() => None,
        octet => Some(octet),
    }
}

/// The text of an encoded word.
fn decoded(encoding: Transfer, text: &[u8]) -> Vec<u8> {
    let (mut decoder, mut out) = (Decoder::new(encoding), Vec::with_capacity(text.len()));
    if encoding == Transfer::QuotedPrintable {
        // RFC 2047, 4.2.
        let spaced: Vec<u8> = text.iter().map(|octet| if *octet == b'_' { b' ' } else { *octet }).collect();
        decoder.push(&spaced, &mut out);
    } else {
        decoder.push(text, &mut out);
    }
    decoder.finish(&mut out);
    out
}

impl Line {
    /// What stands behind line ends in encoded words, up to the next line.
    fn hidden(&self) -> impl Iterator<Item = &[u8]> {
        let starts = memchr::memchr_iter(Mark::Hidden as u8, &self.text).map(|at| &self.text[at + 1..]);
        starts.map(|rest| rest.split(is_mark).next().unwrap_or_default())
    }

    /// Its [forms](Self::forms), where one of them can have a field's name in it, or begin as a header does where the line itself does not. What a form is
    /// made by only takes octets out, and the first that is taken out of a name stands behind a letter of it, or where a line begins.
    pub(super) fn forms_with_names(&self) -> Vec<Form<'_>> {
        let text = &self.text[..];
        let has_torn = memchr::memchr_iter(b'(', text).any(|at| at == 0 || text[at - 1].is_ascii_alphabetic())
            || memchr::memchr(b'(', text).is_some() && text.iter().any(is_mark);
        if has_torn || fields::may_be_named_in(text) { self.forms() } else { Vec::new() }
    }

    /// Where a line begins in it.
    pub(super) fn begins(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(is_mark)
    }

    /// The line as it is, and without its comments; and all of that once more where there are CRs alone.
    pub(super) fn forms(&self) -> Vec<Form<'_>> {
        let mut forms: Vec<Form<'_>> = fields::forms(&self.text).into_iter().map(|text| Form { text }).collect();
        if memchr::memchr(Mark::Bare as u8, &self.text).is_some() {
            let joined =
                |form: &Form<'_>| form.text.iter().copied().filter(|octet| *octet != Mark::Bare as u8).collect();
            let joined: Vec<Form<'_>> = forms.iter().map(|form| Form { text: joined(form) }).collect();
            forms.extend(joined);
        }
        forms
    }

    /// What may begin a line to who cuts long ones: what stands far enough behind a line's beginning.
    pub(super) fn behind_cuts(&self) -> impl Iterator<Item = &[u8]> {
        let uncut = if self.has_controls { 0 } else { MAX_LINE };
        self.begins().filter(|_| self.is_long).filter_map(move |line| line.get(uncut..))
    }

    /// The line without its folds, which are nothing to some.
    pub(super) fn unfolded(&self) -> Option<Form<'static>> {
        memchr::memchr2(Mark::Line as u8, Mark::Bare as u8, &self.text)?;
        let mut fold = false;
        let is_kept = |octet: &&u8| {
            fold = is_mark(octet) || fold && **octet == b' ';
            !fold
        };
        Some(Form { text: self.text.iter().filter(is_kept).copied().collect() })
    }

    /// All of it.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }
}

impl Form<'_> {
    /// Wherever a line begins, in their order.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        let text = &self.text[..];
        let lines = text.split(is_mark);
        lines.scan(0, |at, line| {
            let start = std::mem::replace(at, *at + line.len() + 1);
            let name = fields::first_word(line);
            let rest = &text[start + name.len()..];
            let value = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b" ")).unwrap_or(rest);
            Some(Candidate { line, name, value })
        })
    }
}

impl Candidate<'_> {
    /// The value in this line, and then in each that may belong to it.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.value.split(is_mark)
    }
}
