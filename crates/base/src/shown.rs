//! Sizes, moments, names and subjects as people are shown them: the same on pages, in mails and in notices. Pure.

use std::fmt::Write as _;

use crate::{Lang, Timestamp};

/// A character that is not seen, or that changes how others are seen: controls, bidirectional controls, zero-width
/// characters, fillers and tags. The joiners (U+200C, U+200D) are not among them: emoji and several scripts need them.
#[must_use]
pub fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text with every character that is not seen made visible (`[U+202E]`), so that nobody is deceived by it.
/// White space runs become one space.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\t' | '\n' | '\r' if out.ends_with(' ') => {}
            '\t' | '\n' | '\r' => out.push(' '),
            c if unseen(c) => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// The deposit notice's subject (spec MAIL-NOTICE): the mail's with the service's name before it, on one line and without what is not
/// seen, so that it reads the same in a list of mails as in the relayed mail that announces it.
#[must_use]
pub fn notice_subject(brand: &str, subject: &str) -> String {
    let line = format!("[{brand}] {subject}");
    let seen = line.chars().filter(|c| c.is_control() || !unseen(*c)).map(|c| if c.is_control() { ' ' } else { c });
    seen.collect::<String>().trim().to_owned()
}

/// A size with a unit: `512 B`, `9.8 KB`, `1.2 GB` (1 KB is 1,024 octets, as file managers here have it).
#[must_use]
pub fn size(octets: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    // Tenths, rounded, in whole numbers; a value that rounds up to 1,024 is the next unit's 1.
    let mut unit = 0usize;
    let mut tenths = u128::from(octets) * 10;
    while tenths >= 10_235 && unit + 1 < UNITS.len() {
        unit += 1;
        let one = 1u128 << (10 * unit);
        tenths = (u128::from(octets) * 10 + one / 2) / one;
    }
    match (unit, tenths) {
        (1.., ..1000) => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", (tenths + 5) / 10, UNITS[unit]),
    }
}

/// A moment for reading, and for `<time datetime>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// As a person reads it: `2026年11月21日(土) 23:30`, `Sat 21 November 2026, 23:30`.
    pub words: String,
    /// As RFC 3339 has it.
    pub machine: String,
}

/// A day and a time of day on the calendar of a zone. `Asia/Tokyo` goes without saying in Japanese; any other zone,
/// and every zone in English, is named by its distance from UTC.
#[must_use]
pub fn moment(time: Timestamp, zone: &str, lang: Lang) -> Moment {
    let local = time.in_zone(zone);
    let offset = match local.strftime("%:z").to_string() {
        zero if zero == "+00:00" => "UTC".to_owned(),
        offset => format!("UTC{}", offset.trim_end_matches(":00").replace("+0", "+").replace("-0", "-")),
    };
    let words = match lang {
        Lang::Ja => {
            let weekday = ["日", "月", "火", "水", "木", "金", "土"]
                .get(usize::try_from(local.weekday().to_sunday_zero_offset()).unwrap_or(0))
                .unwrap_or(&"");
            let (year, month, day) = (local.year(), local.month(), local.day());
            let clock = local.strftime("%H:%M");
            let zone = if zone == "Asia/Tokyo" { String::new() } else { format!("({offset})") };
            format!("{year}年{month}月{day}日({weekday}) {clock}{zone}")
        }
        Lang::En => {
            let zone = if zone == "Asia/Tokyo" { "Japan time".to_owned() } else { offset };
            format!("{} ({zone})", local.strftime("%a %-d %B %Y, %H:%M"))
        }
    };
    Moment { words, machine: local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() }
}

/// A month as it is read, and in short: `2026年11月` and `11月`, `November 2026` and `Nov`.
#[must_use]
pub fn month(year: i16, month: i8, lang: Lang) -> (String, String) {
    let first = jiff::civil::Date::new(year, month, 1).unwrap_or_default();
    match lang {
        Lang::Ja => (format!("{year}年{month}月"), format!("{month}月")),
        Lang::En => (first.strftime("%B %Y").to_string(), first.strftime("%b").to_string()),
    }
}

/// What a spreadsheet would take for a formula gets this before it.
const GUARD: char = '\'';

/// A field of CSV (RFC 4180) in quotes. What a spreadsheet would take for a formula gets an apostrophe before it; and so does what looks as if it had got
/// one, so that [`unguarded`] gives back what was written.
#[must_use]
pub fn csv_field(text: &str) -> String {
    let guard = if is_formula(text.trim_start_matches(GUARD)) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A field as it was before [`csv_field`].
#[must_use]
pub fn unguarded(field: &str) -> &str {
    field.strip_prefix(GUARD).filter(|rest| is_formula(rest.trim_start_matches(GUARD))).unwrap_or(field)
}

/// Whether a spreadsheet would take this for a formula.
fn is_formula(text: &str) -> bool {
    text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-AUDIT X-ADMIN
    #[test]
    fn a_field_of_csv_is_no_formula_and_ends_where_it_ends() {
        assert_eq!(csv_field("a"), "\"a\"");
        assert_eq!(csv_field("a\"b,c\r\nd"), "\"a\"\"b,c\r\nd\"");
        for formula in ["=1+1", "+1", "-1", "@a", "\t=1", " =1", "＝1"] {
            assert_eq!(csv_field(formula), format!("\"'{formula}\""));
        }
        for text in ["a", "'a", "''", "=1", "'=1", "''=1", "' =1", "'＝1", "-", "'-"] {
            let field = csv_field(text);
            assert_eq!(unguarded(field.trim_matches('"')), text);
        }
    }

    #[test]
    fn sizes_have_units() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (10_240, "10.0 KB"),
            (102_400, "100 KB"),
            (1_048_575, "1.0 MB"),
            (39 << 20, "39.0 MB"),
            (2 << 30, "2.0 GB"),
            (u64::MAX, "16777216 TB"),
        ];
        for (octets, words) in table {
            assert_eq!(size(octets), words, "{octets}");
        }
    }

    // spec: X-LANG
    #[test]
    fn moments_are_on_the_sections_calendar() {
        // 2026-11-21T14:30:16Z
        let time = Timestamp(1_795_271_416_000_000);
        let tokyo = moment(time, "Asia/Tokyo", Lang::Ja);
        assert_eq!((&*tokyo.words, &*tokyo.machine), ("2026年11月21日(土) 23:30", "2026-11-21T23:30:16+09:00"));
        assert_eq!(moment(time, "Asia/Tokyo", Lang::En).words, "Sat 21 November 2026, 23:30 (Japan time)");
        assert_eq!(moment(time, "Europe/Paris", Lang::Ja).words, "2026年11月21日(土) 15:30(UTC+1)");
        assert_eq!(moment(time, "Asia/Kolkata", Lang::En).words, "Sat 21 November 2026, 20:00 (UTC+5:30)");
        assert_eq!(moment(time, "America/New_York", Lang::En).words, "Sat 21 November 2026, 09:30 (UTC-5)");
        assert_eq!(moment(time, "no/where", Lang::En).words, "Sat 21 November 2026, 14:30 (UTC)");
    }

    #[test]
    fn months_have_their_names() {
        let names = |lang| month(2026, 11, lang);
        assert_eq!(names(Lang::Ja), ("2026年11月".to_owned(), "11月".to_owned()));
        assert_eq!(names(Lang::En), ("November 2026".to_owned(), "Nov".to_owned()));
    }

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(visible("invoice\u{202e}fdp.exe"), "invoice[U+202E]fdp.exe");
        assert_eq!(visible("a\r\nSet-Cookie: x"), "a Set-Cookie: x");
        assert_eq!(visible("\0\u{200b}\u{2066}\u{e0041}"), "[U+0000][U+200B][U+2066][U+E0041]");
        assert_eq!(visible("\u{115f}\u{1160}\u{3164}\u{ffa0}"), "[U+115F][U+1160][U+3164][U+FFA0]");
        assert_eq!(visible("葛\u{e0100}城 👨\u{200d}👩"), "葛\u{e0100}城 👨\u{200d}👩");
    }

    // spec: MAIL-NOTICE
    #[test]
    fn the_notices_subject_has_the_services_name_before_the_mails() {
        assert_eq!(notice_subject("Fubako", "見積書の件"), "[Fubako] 見積書の件");
        assert_eq!(notice_subject("Fubako", ""), "[Fubako]");
        assert_eq!(notice_subject("Fubako", "a\r\nBcc: x@y"), "[Fubako] a  Bcc: x@y");
        assert_eq!(notice_subject("Fubako", "invoice\u{202e}fdp\u{200b}.exe"), "[Fubako] invoicefdp.exe");
    }
}
