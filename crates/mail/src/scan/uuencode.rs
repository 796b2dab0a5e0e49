//! uuencoded files in a text: what a person put into it. Any `begin` at a line's beginning is taken away from those that look for files there, whatever
//! is below it ([`super::mail_like`]), so that nothing hangs on what the laxest reader takes for data. Held is what encoders really write, and letters do not
//! have: `Begin 10:00` above a ruler, a telephone number or a price is none.
//!
//! ```text
//! begin 644 cat.txt            as readers take it: any case, tabs, any mode, no name
//! MB!C87...                    lines of 45 octets: a length and 60 characters
//! #0V%T                        the last line
//! `                            a line of no octets; it may be blank
//! end
//! ```
//!
//! A file is found where a full line is followed by another line of data, or where lines of data, one at least, end as encoders end them. So two letters'
//! lines that happen to say their length (`(03)1234-5678`, `#1234`) are none.

use super::{lines::starts_with, mail_like::begins_file};

/// The length with which encoders begin all lines but the last.
const FULL: u8 = b'M';
const FULL_XX: u8 = b'h';
/// A line of so many characters has more than two different ones. A shorter one may be a file of one octet, and what fills it up.
const MIN_VARIED: usize = 6;
/// Of a full line's characters, blanks left out, one in so many at least is no letter. Where the file is a text it is one in four, else more.
const LETTERS: usize = 5;

/// What was seen of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Uuencode {
    #[default]
    No,
    /// Its `begin` line, and what is below it.
    Begun(Below),
}

/// What stands in the lines just before, all of them a file's, below a `begin` line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Below {
    /// The last one that was not blank was full.
    full: bool,
    /// There was data, or the line that says that there is none.
    data: bool,
    /// The line of no octets was last.
    closed: bool,
}

/// What a line is as one of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Full,
    /// Another one of which the length fits, or that is a little shorter, as one of which the blanks at the end are gone.
    Other,
    /// One of a single character, or two: a ruler, or zeros; or one that is much shorter than it says, as words in capitals are.
    Filler,
    /// No octets, as encoders write that.
    Nothing,
    Blank,
    End,
    /// A full one as xxencode writes it: no words look like that.
    Xx,
    Prose,
}

impl Uuencode {
    /// Takes an empty line.
    pub(super) fn blank(&mut self) {
        if let Self::Begun(below) = self {
            below.closed = true;
        }
    }

    /// Takes the next line; says whether it makes a file.
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        if begin(line.trim_ascii_start()) {
            *self = Self::Begun(Below::default());
            return false;
        }
        let Self::Begun(below) = self else { return false };
        let after_full = below.full;
        let found = match Line::of(line) {
            kind @ (Line::Full | Line::Other) => {
                *below = Below { full: kind == Line::Full, data: true, closed: false };
                after_full
            }
            Line::Nothing => {
                *below = Below { data: true, closed: true, ..*below };
                false
            }
            Line::Blank => {
                self.blank();
                false
            }
            // In a ruler's place it may be a file's; it is none by itself.
            Line::Filler => {
                below.closed = false;
                false
            }
            Line::Xx => true,
            Line::End if below.data && below.closed => true,
            // Some pass over it.
            Line::End | Line::Prose => {
                *below = Below::default();
                false
            }
        };
        if found {
            *self = Self::No;
        }
        found
    }
}

impl Line {
    fn of(line: &[u8]) -> Self {
        // Set in, as the lines of HTML are. No line of data begins with a blank.
        let line = line.trim_ascii_start();
        match line.trim_ascii_end() {
            b"" => Self::Blank,
            b"`" => Self::Nothing,
            b"end" => Self::End,
            [FULL_XX, data @ ..] if is_xx(data) && !is_ruler(data) => Self::Xx,
            text if !fits(line) && !fits(text) && !is_shortened(text) => Self::Prose,
            text if is_ruler(text) => Self::Filler,
            text if !fits(line) && !fits(text) => {
                if is_nearly_whole(text) {
                    Self::Other
                } else {
                    Self::Filler
                }
            }
            [FULL, data @ ..] if !is_capitals(data) => Self::Full,
            _ => Self::Other,
        }
    }
}

/// Whether a line is a length and as many characters as it says. Of the last group some may be gone, as blanks that stood for zeros are; a checksum may
/// follow. Encoders write no small letters.
fn fits(line: &[u8]) -> bool {
    let Some((length @ 33..=95, data)) = line.split_first() else { return false };
    let groups = characters(*length);
    // What follows is a checksum, or a mark.
    (groups - 4..=groups + 1).contains(&data.len()) && data.iter().take(groups).all(is_data)
}

/// Whether a line says that it has more than is there, as where blanks at its end are gone, which stood for zeros.
fn is_shortened(text: &[u8]) -> bool {
    let Some((length @ 33..=95, data)) = text.split_first() else { return false };
    data.len() < characters(*length) && data.iter().all(is_data)
}

/// Whether more than two thirds of what such a line says are there.
fn is_nearly_whole(text: &[u8]) -> bool {
    text.split_first().is_some_and(|(length, data)| data.len() * 3 > characters(*length) * 2)
}

/// The characters of a line of this length.
fn characters(length: u8) -> usize {
    usize::from(length.saturating_sub(32)).div_ceil(3) * 4
}

const fn is_data(octet: &u8) -> bool {
    matches!(octet, 32..=96)
}

/// Whether a full line's data are of xxencode's characters.
fn is_xx(data: &[u8]) -> bool {
    matches!(data.len(), 60 | 61)
        && data.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-'))
}

/// Whether a line is one character, or two, over and over: a ruler, or a file of zeros.
fn is_ruler(line: &[u8]) -> bool {
    let others = |than: &[u8]| line.iter().copied().find(|octet| !than.contains(octet));
    let second = others(&line[..1]);
    line.len() >= MIN_VARIED && second.is_none_or(|second| others(&[line[0], second]).is_none())
}

/// Whether a full line's data are words in capitals.
fn is_capitals(data: &[u8]) -> bool {
    let marks = data.iter().filter(|octet| !octet.is_ascii_alphabetic() && **octet != b' ').count();
    let blanks = data.iter().filter(|octet| **octet == b' ').count();
    marks * LETTERS < data.len() - blanks
}

/// Whether a file begins with the line, to somebody.
fn begin(line: &[u8]) -> bool {
    let Some(rest) = line.get(5..).filter(|_| begins_file(line)) else { return false };
    // White space as C has it: with the vertical tab.
    let blanks = rest.iter().take_while(|octet| octet.is_ascii_whitespace() || **octet == 0x0b).count();
    let mode = &rest[blanks..];
    // Three digits are enough for some, octal ones for others; for others again the number is one of permissions.
    let digits = mode.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let three = digits >= 3 && (line.starts_with(b"begin ") || mode[..3].iter().all(|octet| *octet <= b'7'));
    three || matches!(c_number(mode), i32::MIN..=-1 | 1..=777)
}

/// The number with which a text begins, as C's `atoi` has it: signed, and of one that is too large what is left of it.
fn c_number(text: &[u8]) -> i32 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let digits = digits.iter().take_while(|octet| octet.is_ascii_digit());
    let value = digits.fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    let value = if negative { value.wrapping_neg() } else { value };
    // The low half, as a conversion to `int` leaves it.
    i32::from_le_bytes([0, 1, 2, 3].map(|at| value.to_le_bytes()[at]))
}

/// `begin-base64 644 name`.
pub(super) fn begins_base64(line: &[u8]) -> bool {
    const BEGIN: &[u8] = b"begin-base64";
    starts_with(line, BEGIN) && line.get(BEGIN.len()).is_some_and(u8::is_ascii_whitespace)
}
