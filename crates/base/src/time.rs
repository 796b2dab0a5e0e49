//! Time as a value: stages are given it, they never ask for it.

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z: what both databases keep without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The present, from the system's clock. Only wiring calls this; everything else takes a `Timestamp`.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// This time and `seconds` more (or less, when negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The same instant for calendar arithmetic and formatting; out of jiff's range it is held at the epoch.
    #[must_use]
    pub fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// This instant on the calendar of a zone such as `Asia/Tokyo`; an unknown zone is read as UTC.
    #[must_use]
    pub fn in_zone(self, zone: &str) -> jiff::Zoned {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        self.jiff().to_zoned(zone)
    }

    /// The last moment of the day that is `days` days long counting the day of `self` as the first
    /// (spec X-EXPIRY: "7 days counting the first"), on the calendar of `zone`.
    #[must_use]
    pub fn end_of_day_counting(self, days: u16, zone: &str) -> Self {
        let first = self.in_zone(zone);
        let after = jiff::Span::new().days(i64::from(days.max(1)));
        // A day that begins at one o'clock (there are zones that leap at midnight) makes the days behind it no longer.
        let next = first.date().checked_add(after).and_then(|day| day.to_zoned(first.time_zone().clone()));
        next.and_then(|day| day.start_of_day()).map_or(self, |next| Self(next.timestamp().as_microsecond() - 1))
    }

    /// What RFC 3339 writes, with any offset; none where it cannot be read.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_microsecond()))
    }

    /// What a person enters as a day and a time of day (`2026-11-21T23:30`, as HTML's `datetime-local` sends it), on the calendar of
    /// `zone`; none where it cannot be read, or the zone is unknown.
    #[must_use]
    pub fn from_local(entered: &str, zone: &str) -> Option<Self> {
        let local: jiff::civil::DateTime = entered.trim().parse().ok()?;
        let zone = jiff::tz::TimeZone::get(zone).ok()?;
        local.to_zoned(zone).ok().map(|at| Self(at.timestamp().as_microsecond()))
    }

    /// What a Date field says (RFC 5322, 3.3 and 4.3): its value, comments and folds included; none where it cannot be read.
    #[must_use]
    pub fn from_rfc5322(value: &str) -> Option<Self> {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
        let unfolded = value.replace(['\r', '\n'], "");
        parser.parse_timestamp(unfolded.trim()).ok().map(|at| Self(at.as_microsecond()))
    }

    /// What C's `asctime` writes (`Mon Nov 11 09:40:12 2024`), taken for UTC; none where it cannot be read.
    #[must_use]
    pub fn from_asctime(text: &str) -> Option<Self> {
        let local = jiff::civil::DateTime::strptime("%a %b %d %H:%M:%S %Y", text.trim()).ok()?;
        local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| Self(at.timestamp().as_microsecond()))
    }

    /// RFC 5322 `date-time` in the given zone, as a Date field has it.
    #[must_use]
    pub fn rfc5322(self, zone: &str) -> String {
        self.in_zone(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-EXPIRY
    #[test]
    fn seven_days_count_the_first() {
        // 2026-11-21 23:30 in Tokyo
        let sent = Timestamp("2026-11-21T14:30:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let end = sent.end_of_day_counting(7, "Asia/Tokyo");
        assert_eq!(end.in_zone("Asia/Tokyo").to_string(), "2026-11-27T23:59:59.999999+09:00[Asia/Tokyo]");
    }

    // spec: X-EXPIRY
    #[test]
    fn a_day_ends_at_midnight_where_clocks_leap_at_midnight() {
        let zone = "Asia/Beirut";
        let at = |local: &str| Timestamp::from_local(local, zone).unwrap_or_default();
        for (sent, days, end) in [
            // The 28th begins at one o'clock.
            ("2027-03-28T12:00", 1, "2027-03-28T23:59:59.999999+03:00[Asia/Beirut]"),
            ("2027-03-28T12:00", 7, "2027-04-03T23:59:59.999999+03:00[Asia/Beirut]"),
            ("2027-03-27T12:00", 1, "2027-03-27T23:59:59.999999+02:00[Asia/Beirut]"),
            ("2027-03-27T12:00", 2, "2027-03-28T23:59:59.999999+03:00[Asia/Beirut]"),
        ] {
            assert_eq!(at(sent).end_of_day_counting(days, zone).in_zone(zone).to_string(), end, "{sent} {days}");
        }
    }

    // spec: RCV-TENANT
    #[test]
    fn a_date_field_is_read() {
        let at = |value| Timestamp::from_rfc5322(value).map(Timestamp::unix_seconds);
        for value in [
            " Sat, 21 Nov 2026 10:00:00 +0900",
            "21 Nov 2026 01:00:00 GMT",
            " Sat, 21 Nov 2026\r\n\t10:00:00 +0900 (JST)\r\n",
            " Mon, 21 Nov 26 10:00 +0900",
        ] {
            assert_eq!(at(value), Some(1_795_222_800), "{value}");
        }
        for value in ["", "yesterday", "2026-11-21 10:00", "Sat, 31 Feb 2026 10:00:00 +0900"] {
            assert_eq!(at(value), None, "{value}");
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn a_day_and_a_time_of_day_are_read() {
        let at = |entered, zone| Timestamp::from_local(entered, zone).map(Timestamp::unix_seconds);
        assert_eq!(at("2026-11-21T10:00", "Asia/Tokyo"), Some(1_795_222_800));
        assert_eq!(at(" 2026-11-21 10:00:00 ", "Asia/Tokyo"), Some(1_795_222_800));
        assert_eq!(at("2026-11-21T01:00", "UTC"), Some(1_795_222_800));
        for entered in ["", "tomorrow", "10:00", "2026-02-30T10:00", "99999-11-21T10:00"] {
            assert_eq!(at(entered, "Asia/Tokyo"), None, "{entered}");
        }
        assert_eq!(at("2026-11-21T10:00", "no/where"), None);
    }

    #[test]
    fn a_date_field() {
        assert_eq!(Timestamp(0).rfc5322("Asia/Tokyo"), "Thu, 01 Jan 1970 09:00:00 +0900");
    }
}
