//! Sizes, times and digests as people read them. Pure.

use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
};

/// A size with a unit: `512 B`, `9.8 KB`, `1.2 GB` (1 KB is 1,024 octets, as file managers here have it).
pub(crate) fn size(octets: u64) -> String {
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

/// A number with commas: `12,345,678`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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
pub(crate) fn moment(time: Timestamp, zone: &str, lang: Lang) -> Moment {
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

/// When a wait is over: the time of day with seconds, or day and time where that is half a day away or more.
pub(crate) fn soon(now: Timestamp, then: Timestamp, zone: &str, lang: Lang) -> String {
    if seconds_until(now, then) >= 12 * 3600 {
        return moment(then, zone, lang).words;
    }
    then.in_zone(zone).strftime("%H:%M:%S").to_string()
}

/// How long until `then`, as a person says it: days by the calendar of `zone`, and hours on the last day.
pub(crate) fn left(now: Timestamp, then: Timestamp, zone: &str, lang: Lang) -> String {
    let (from, to) = (now.in_zone(zone).date(), then.in_zone(zone).date());
    let days = from.until(to).map_or(0, |span| i64::from(span.get_days())).max(0);
    match days {
        0 => text(lang, "web-left-today", &[]),
        days => text(lang, "web-left-days", &[("count", Value::from(days))]),
    }
}

/// Whole seconds from `now` to `then`, at least one.
pub(crate) fn seconds_until(now: Timestamp, then: Timestamp) -> u64 {
    let micros = then.0.saturating_sub(now.0).max(1);
    u64::try_from(micros).unwrap_or(1).div_ceil(1_000_000)
}

/// A wait in words: `45秒`, `12分`, `1時間5分`; over a minute it is rounded up to minutes.
pub(crate) fn wait(seconds: u64, lang: Lang) -> String {
    let count = |id: &str, n: u64| text(lang, id, &[("count", Value::from(n))]);
    if seconds < 60 {
        return count("web-seconds", seconds);
    }
    let minutes = seconds.div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => count("web-minutes", minutes),
        (hours, 0) => count("web-hours", hours),
        (hours, minutes) => {
            let between = if lang == Lang::En { " " } else { "" };
            format!("{}{between}{}", count("web-hours", hours), count("web-minutes", minutes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!((grouped(0), grouped(999), grouped(12_345_678)), ("0".into(), "999".into(), "12,345,678".into()));
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
    fn waits_and_days_are_said_as_people_do() {
        assert_eq!(wait(1, Lang::En), "1 second");
        assert_eq!(wait(61, Lang::En), "2 minutes");
        assert_eq!(wait(3600, Lang::Ja), "1時間");
        assert_eq!(wait(3660, Lang::En), "1 hour 1 minute");
        assert_eq!(seconds_until(Timestamp(0), Timestamp(1)), 1);
        assert_eq!(seconds_until(Timestamp(0), Timestamp(2_000_001)), 3);
        assert_eq!(seconds_until(Timestamp(5), Timestamp(0)), 1);
        let sent = Timestamp(1_795_271_416_000_000);
        let end = sent.end_of_day_counting(7, "Asia/Tokyo");
        assert_eq!(left(sent, end, "Asia/Tokyo", Lang::En), "6 days left");
        assert_eq!(left(end, end, "Asia/Tokyo", Lang::Ja), "本日まで");
    }
}
