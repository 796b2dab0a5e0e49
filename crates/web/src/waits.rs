//! Waits and numbers as people read them. Pure. (Sizes, moments and names: [`fubako_base::shown`].)
use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
    shown::moment,
};

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

/// How long something has lasted by now, as a person says it: a [`wait`], and whole days from two on.
pub(crate) fn lasting(since: Timestamp, now: Timestamp, lang: Lang) -> String {
    let seconds = u64::try_from(now.0.saturating_sub(since.0) / 1_000_000).unwrap_or(0);
    match seconds {
        0..172_800 => wait(seconds, lang),
        _ => text(lang, "web-days", &[("count", Value::from(seconds / 86_400))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!((grouped(0), grouped(999), grouped(12_345_678)), ("0".into(), "999".into(), "12,345,678".into()));
    }

    #[test]
    fn waits_and_days_are_said_as_people_do() {
        assert_eq!(wait(1, Lang::En), "1 second");
        assert_eq!(wait(61, Lang::En), "2 minutes");
        assert_eq!(wait(3600, Lang::Ja), "1時間");
        assert_eq!(wait(3660, Lang::En), "1 hour 1 minute");
        let lasting = |seconds: i64| lasting(Timestamp(0), Timestamp(0).plus_seconds(seconds), Lang::En);
        let lasted = [-5, 172_799, 172_800, 300_000].map(lasting);
        assert_eq!(lasted, ["0 seconds", "48 hours", "2 days", "3 days"]);
        assert_eq!(seconds_until(Timestamp(0), Timestamp(1)), 1);
        assert_eq!(seconds_until(Timestamp(0), Timestamp(2_000_001)), 3);
        assert_eq!(seconds_until(Timestamp(5), Timestamp(0)), 1);
        let sent = Timestamp(1_795_271_416_000_000);
        let end = sent.end_of_day_counting(7, "Asia/Tokyo");
        assert_eq!(left(sent, end, "Asia/Tokyo", Lang::En), "6 days left");
        assert_eq!(left(end, end, "Asia/Tokyo", Lang::Ja), "本日まで");
    }
}
