//! Which octets are asked for: ranges and preconditions (RFC 9110, 13 and 14). Pure.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What a request for a representation of known length and validator gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200 with all of it.
    Whole,
    /// 206 with these octets: not empty, within the length.
    Part(Range<u64>),
    /// 416.
    Unsatisfiable,
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
}

/// Decides, in the order of RFC 9110, 13.2.2. `etag` is a strong validator with its quotes; ranges count for GET only.
pub(crate) fn decide(headers: &HeaderMap, get: bool, etag: &str, length: u64) -> Answer {
    if headers.contains_key(header::IF_MATCH) && !names_one(headers, &header::IF_MATCH, etag, false) {
        return Answer::PreconditionFailed;
    }
    if names_one(headers, &header::IF_NONE_MATCH, etag, true) {
        return Answer::NotModified;
    }
    // A date in If-Range cannot match: we give no Last-Modified.
    let fresh = headers.get(header::IF_RANGE).is_none_or(|condition| condition == etag);
    let mut ranges = headers.get_all(header::RANGE).iter();
    match (ranges.next(), ranges.next()) {
        (Some(range), None) if get && fresh => range.to_str().map_or(Answer::Whole, |text| single(text, length)),
        _ => Answer::Whole,
    }
}

/// Whether an entity-tag list names this one (or `*`); a weak tag counts only where `weak` is allowed.
fn names_one(headers: &HeaderMap, name: &header::HeaderName, etag: &str, weak: bool) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| {
        let strong = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || strong == etag
    })
}

/// One byte range of a `Range` field. What is not understood, and several ranges at once, give the whole, as RFC 9110
/// 14.2 lets a server do.
fn single(field: &str, length: u64) -> Answer {
    let Some((unit, set)) = field.split_once('=') else { return Answer::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Answer::Whole;
    }
    let mut specs = set.split(',').map(str::trim).filter(|spec| !spec.is_empty());
    let (Some(spec), None) = (specs.next(), specs.next()) else { return Answer::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Answer::Whole };
    match (position(first), position(last)) {
        (Position::Absent, Position::At(suffix)) => match (suffix, length) {
            (0, _) => Answer::Unsatisfiable,
            // "The entire representation": which, when empty, no Content-Range can describe.
            (_, 0) => Answer::Whole,
            _ => Answer::Part(length.saturating_sub(suffix)..length),
        },
        (Position::At(first), Position::At(last)) if first > last => Answer::Whole,
        (Position::At(first), Position::Absent | Position::At(_)) if first >= length => Answer::Unsatisfiable,
        (Position::At(first), Position::Absent) => Answer::Part(first..length),
        (Position::At(first), Position::At(last)) => Answer::Part(first..last.saturating_add(1).min(length)),
        _ => Answer::Whole,
    }
}

enum Position {
    Absent,
    At(u64),
    Nonsense,
}

/// A position; one beyond all numbers is held at the last.
fn position(digits: &str) -> Position {
    match digits {
        "" => Position::Absent,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => Position::At(digits.parse().unwrap_or(u64::MAX)),
        _ => Position::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TAG: &str = "\"abc\"";

    fn ask(pairs: &[(&str, &str)], length: u64) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        decide(&headers, true, TAG, length)
    }

    // spec: X-RECEIVE
    #[test]
    fn ranges_are_those_of_rfc_9110() {
        use Answer::{Part, Unsatisfiable, Whole};
        let table = [
            ("bytes=0-0", Part(0..1)),
            ("bytes=0-499", Part(0..500)),
            ("bytes=500-", Part(500..1000)),
            ("bytes=999-", Part(999..1000)),
            ("bytes=-1", Part(999..1000)),
            ("bytes=-5000", Part(0..1000)),
            ("bytes=990-5000", Part(990..1000)),
            ("Bytes = 1-2", Part(1..3)),
            ("bytes=,1-2,", Part(1..3)),
            ("bytes=0-99999999999999999999999", Part(0..1000)),
            ("bytes=1000-", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-2", Whole),
            ("bytes=0-1,5-6", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1--2", Whole),
            ("items=0-1", Whole),
            ("", Whole),
        ];
        for (field, answer) in table {
            assert_eq!(ask(&[("range", field)], 1000), answer, "{field}");
        }
        assert_eq!(ask(&[("range", "bytes=0-")], 0), Unsatisfiable);
        assert_eq!(ask(&[("range", "bytes=-5")], 0), Whole);
        assert_eq!(ask(&[("range", "bytes=0-1"), ("range", "bytes=3-4")], 1000), Whole);
    }

    #[test]
    fn preconditions_come_first() {
        use Answer::{NotModified, Part, PreconditionFailed, Whole};
        let range = ("range", "bytes=1-2");
        assert_eq!(ask(&[range, ("if-range", TAG)], 9), Part(1..3));
        assert_eq!(ask(&[range, ("if-range", "\"old\"")], 9), Whole);
        assert_eq!(ask(&[range, ("if-range", "W/\"abc\"")], 9), Whole);
        assert_eq!(ask(&[range, ("if-range", "Wed, 21 Oct 2026 07:28:00 GMT")], 9), Whole);
        assert_eq!(ask(&[range, ("if-none-match", "\"x\", W/\"abc\"")], 9), NotModified);
        assert_eq!(ask(&[("if-none-match", "*")], 9), NotModified);
        assert_eq!(ask(&[range, ("if-none-match", "\"x\"")], 9), Part(1..3));
        assert_eq!(ask(&[range, ("if-match", "\"x\"")], 9), PreconditionFailed);
        assert_eq!(ask(&[range, ("if-match", "W/\"abc\"")], 9), PreconditionFailed);
        assert_eq!(ask(&[range, ("if-match", "\"x\", \"abc\"")], 9), Part(1..3));
    }

    #[test]
    fn head_has_no_ranges() {
        let headers = [(header::RANGE, "bytes=1-2".parse().unwrap())].into_iter().collect();
        assert_eq!(decide(&headers, false, TAG, 9), Answer::Whole);
    }
}
