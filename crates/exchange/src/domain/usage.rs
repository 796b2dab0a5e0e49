//! The spans of time in which people think of how much they send (spec X-ADMIN). Pure.

use fubako_base::Timestamp;
use jiff::Span;

/// Months that are looked at, the one that is going on among them.
pub const MONTHS: i64 = 12;

/// A month on the calendar of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// Its first moment, and the next month's.
    pub span: (Timestamp, Timestamp),
}

/// The last [`MONTHS`] months on the calendar of a zone, the earliest first.
#[must_use]
pub fn months(now: Timestamp, zone: &str) -> Vec<Month> {
    let this = now.in_zone(zone);
    let begin = |back: i64| {
        let day = this.date().first_of_month().checked_sub(Span::new().months(back)).ok()?;
        let moment = day.to_zoned(this.time_zone().clone()).ok()?.timestamp();
        Some((day, Timestamp(moment.as_microsecond())))
    };
    let begins: Vec<_> = (-1..MONTHS).rev().filter_map(begin).collect();
    let pairs = begins.iter().zip(begins.iter().skip(1));
    pairs
        .map(|((day, from), (_, until))| Month { year: day.year(), month: day.month(), span: (*from, *until) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    // spec: X-ADMIN
    #[test]
    fn months_are_those_of_the_zone_and_leave_no_gap() {
        // In Tokyo the new year has begun.
        let all = months(at("2026-12-31T15:00:00Z"), "Asia/Tokyo");
        let last = all.last().unwrap();
        assert_eq!((all.len(), last.year, last.month), (12, 2027, 1));
        assert_eq!(last.span, (at("2026-12-31T15:00:00Z"), at("2027-01-31T15:00:00Z")));
        assert_eq!((all[0].year, all[0].month), (2026, 2));
        assert!(all.windows(2).all(|two| two[0].span.1 == two[1].span.0 && two[0].span.0 < two[0].span.1));
        let before = months(at("2026-12-31T14:59:59Z"), "Asia/Tokyo");
        assert_eq!((before[11].year, before[11].month, before[10].month), (2026, 12, 11));
        // A month of which summer time takes an hour.
        let march = months(at("2026-03-31T00:00:00Z"), "Europe/Berlin")[11];
        assert_eq!(march.span, (at("2026-02-28T23:00:00Z"), at("2026-03-31T22:00:00Z")));
        assert_eq!(months(at("2026-03-31T00:00:00Z"), "Mars")[11].span.0, at("2026-03-01T00:00:00Z"));
    }
}
