//! uuencoded files in a text, as readers look for them: POSIX (`begin 644 name`), and those that take any case, tabs, any
//! mode, no name, and data lines of any length.

use super::{lines::starts_with, mail_like::begins_file};

/// Lines without small letters that count as data whatever their first character says have so many octets.
const MIN_DATA: usize = 20;
/// The length with which encoders begin all lines but the last.
const FULL: u8 = b'M';

/// What was seen of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Uuencode {
    #[default]
    No,
    /// Its `begin` line.
    Begun(Begin),
    /// Then something that is no data to most.
    Open(Begin),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// As POSIX has it.
    Plain,
    /// As somebody takes it too; a person may have written it.
    Lax,
}

impl Uuencode {
    /// Takes the next line that is not empty; says whether it makes a file.
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let (begin, first) = match *self {
            Self::No => {
                *self = begin(line).map_or(Self::No, Self::Begun);
                return false;
            }
            Self::Begun(begin) => (begin, true),
            Self::Open(begin) => (begin, false),
        };
        let ends = line.trim_ascii_end().eq_ignore_ascii_case(b"end");
        if ends || is_data(line, first, begin) {
            *self = Self::No;
            // Nothing between them: a file to whom any `begin` is one, and only in a mail's octets.
            return !ends || begin == Begin::Plain;
        }
        *self = match self::begin(line) {
            Some(again) => Self::Begun(again),
            // Prose ends what begins like prose.
            None if begin == Begin::Lax && starts_with(line, b"end") => Self::No,
            None => Self::Open(begin),
        };
        false
    }
}

fn begin(line: &[u8]) -> Option<Begin> {
    let rest = line.get(5..).filter(|_| begins_file(line))?;
    // White space as C has it: with the vertical tab.
    let blanks = rest.iter().take_while(|octet| octet.is_ascii_whitespace() || **octet == 0x0b).count();
    let mode = &rest[blanks..];
    let digits = mode.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let octal = mode[..digits].iter().all(|octet| *octet <= b'7');
    let after = &mode[digits..];
    let named = after.first().is_some_and(u8::is_ascii_whitespace) && !after.trim_ascii().is_empty();
    let is_plain = line.starts_with(b"begin ");
    if is_plain && octal && matches!(digits, 3 | 4) && named {
        return Some(Begin::Plain);
    }
    // Three digits are enough for some, octal ones for others; for others again the number is one of permissions.
    let three = digits >= 3 && (is_plain || mode[..3].iter().all(|octet| *octet <= b'7'));
    (three || matches!(c_number(mode), i32::MIN..=-1 | 1..=777)).then_some(Begin::Lax)
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

/// A line of a file that is held: a length, and as many characters as it says; a last group may be cut, a checksum or blanks may follow.
/// Prose can look like that: beyond the first line it counts where it has no small letters, which encoders do not
/// write. Some decode lines of any length: below a `begin` that a person may have written, those that begin as a full line does. (Who takes it
/// for a file is told otherwise in what leaves: [`super::mail_like`].)
fn is_data(line: &[u8], first: bool, begin: Begin) -> bool {
    let Some((length, data)) = line.split_first() else { return false };
    let is_ascii = line.iter().all(|octet| matches!(octet, 32..=126));
    let is_small = line.iter().any(u8::is_ascii_lowercase);
    let octets = usize::from(length.saturating_sub(32));
    let fits = |data: &[u8]| ((octets * 4).div_ceil(3)..=octets.div_ceil(3) * 4 + 1).contains(&data.len());
    let says_so = matches!(length, 33..=95) && (fits(data) || fits(data.trim_ascii_end()));
    let words = line.split(|octet| *octet == b' ').count();
    let is_long = line.len() >= MIN_DATA && words * 6 < line.len() && (begin == Begin::Plain || *length == FULL);
    is_ascii && (says_so && (first || !is_small) || !is_small && is_long)
}
