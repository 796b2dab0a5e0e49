//! The operator's page of health (spec X-OPERATOR).

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
    shown::{self, Moment},
};
use fubako_exchange::{
    domain::health::{Finding, OLD_SIGNATURES_DAYS, State},
    health::Machine,
};

use crate::{
    pages::{Frame, render},
    waits,
};

struct Row {
    title: String,
    state: String,
    /// Whether it is as it should be.
    right: bool,
    /// Whether something must be done.
    wrong: bool,
    says: String,
    /// What is to be done; empty where nothing is.
    todo: String,
}

#[derive(Template)]
#[template(path = "health.html")]
struct Page<'a> {
    f: &'a Frame,
    well: bool,
    summary: String,
    rows: Vec<Row>,
    version: &'a str,
    started: Option<Moment>,
    up: String,
    at: Moment,
}

/// What was found, each with what is to be done where it is not right.
#[must_use]
pub fn health(frame: &Frame, found: &[Finding], machine: &Machine, zone: &str, now: Timestamp) -> String {
    let bad = found.iter().filter(|one| one.state() != State::Right).count();
    let moment = |at| shown::moment(at, zone, frame.lang);
    render(&Page {
        f: frame,
        well: bad == 0,
        summary: frame.count("web-health-summary", &(bad as u64)),
        rows: found.iter().map(|one| row(frame, *one, zone, now)).collect(),
        version: &machine.version,
        started: (machine.started_at != Timestamp::default()).then(|| moment(machine.started_at)),
        up: waits::lasting(machine.started_at, now, frame.lang),
        at: moment(now),
    })
}

fn row(frame: &Frame, finding: Finding, zone: &str, now: Timestamp) -> Row {
    let (title, word) = words(finding);
    let state = finding.state();
    let right = state == State::Right;
    Row {
        title: frame.t(&format!("web-health-{title}")),
        state: frame.t(match state {
            State::Right => "web-health-right",
            State::Look => "web-health-look",
            State::Wrong => "web-health-wrong",
            State::Unknown => "web-health-unknown",
        }),
        right,
        wrong: state == State::Wrong,
        says: says(frame, finding, &format!("web-health-{word}"), zone, now),
        todo: if right { String::new() } else { frame.t(&format!("web-health-{word}-todo")) },
    }
}

/// The words that the texts of a finding are found by: its title's, and its own.
const fn words(finding: Finding) -> (&'static str, &'static str) {
    match finding {
        Finding::DatabaseGood(_) => ("database", "database-good"),
        Finding::DatabaseSlow(_) => ("database", "database-slow"),
        Finding::DatabaseAway => ("database", "database-away"),
        Finding::ScannerGood => ("scanner", "scanner-good"),
        Finding::ScannerNone => ("scanner", "scanner-none"),
        Finding::ScannerFaulty => ("scanner", "scanner-faulty"),
        Finding::ScannerAway => ("scanner", "scanner-away"),
        Finding::SignaturesGood(_) => ("signatures", "signatures-good"),
        Finding::SignaturesOld(_) => ("signatures", "signatures-old"),
        Finding::SignaturesUnknown => ("signatures", "signatures-unknown"),
        Finding::QueueGood(..) => ("queue", "queue-good"),
        Finding::QueueLong(..) => ("queue", "queue-long"),
        Finding::QueueUnknown => ("queue", "queue-unknown"),
        Finding::NextHopGood(_) => ("next-hop", "next-hop-good"),
        Finding::NextHopBad(..) => ("next-hop", "next-hop-bad"),
        Finding::NextHopUnknown => ("next-hop", "next-hop-unknown"),
        Finding::HeldNone => ("held", "held-none"),
        Finding::HeldSome(_) => ("held", "held-some"),
        Finding::HeldUnknown => ("held", "held-unknown"),
        Finding::DiskGood(_) => ("disk", "disk-good"),
        Finding::DiskFull(_) => ("disk", "disk-full"),
        Finding::DiskUnknown => ("disk", "disk-unknown"),
        Finding::CertificateGood(_) => ("certificate", "certificate-good"),
        Finding::CertificateSoon(_) => ("certificate", "certificate-soon"),
        Finding::CertificateOver(_) => ("certificate", "certificate-over"),
        Finding::CertificateOwn(_) => ("certificate", "certificate-own"),
        Finding::CertificateUnknown => ("certificate", "certificate-unknown"),
    }
}

fn says(frame: &Frame, finding: Finding, id: &str, zone: &str, now: Timestamp) -> String {
    let with = |values: &[(&str, Value<'_>)]| text(frame.lang, id, values);
    let day = |at| shown::moment(at, zone, frame.lang).words;
    match finding {
        Finding::DatabaseGood(took) | Finding::DatabaseSlow(took) => {
            with(&[("count", Value::from(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)))])
        }
        Finding::SignaturesGood(at) | Finding::SignaturesOld(at) => {
            with(&[("time", Value::from(day(at).as_str())), ("count", Value::from(OLD_SIGNATURES_DAYS.unsigned_abs()))])
        }
        Finding::CertificateGood(at)
        | Finding::CertificateSoon(at)
        | Finding::CertificateOver(at)
        | Finding::CertificateOwn(at) => with(&[("time", Value::from(day(at).as_str()))]),
        Finding::QueueGood(count, since) | Finding::QueueLong(count, since) | Finding::NextHopBad(count, since) => {
            let age = waits::lasting(since.unwrap_or(now), now, frame.lang);
            with(&[("count", Value::from(count)), ("age", Value::from(age.as_str()))])
        }
        Finding::NextHopGood(count) | Finding::HeldSome(count) => with(&[("count", Value::from(count))]),
        Finding::DiskGood(disk) | Finding::DiskFull(disk) => {
            let (free, total) = (shown::size(disk.free), shown::size(disk.total));
            with(&[("free", Value::from(free.as_str())), ("total", Value::from(total.as_str()))])
        }
        Finding::DatabaseAway
        | Finding::ScannerGood
        | Finding::ScannerNone
        | Finding::ScannerFaulty
        | Finding::ScannerAway
        | Finding::SignaturesUnknown
        | Finding::QueueUnknown
        | Finding::NextHopUnknown
        | Finding::HeldNone
        | Finding::HeldUnknown
        | Finding::DiskUnknown
        | Finding::CertificateUnknown => with(&[]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fubako_exchange::domain::health::Disk;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn every_finding() -> Vec<Finding> {
        let (took, disk) = (Duration::from_millis(1_500), Disk { free: 1 << 30, total: 100 << 30 });
        vec![
            Finding::DatabaseGood(took),
            Finding::DatabaseSlow(took),
            Finding::DatabaseAway,
            Finding::ScannerGood,
            Finding::ScannerNone,
            Finding::ScannerFaulty,
            Finding::ScannerAway,
            Finding::SignaturesGood(NOW),
            Finding::SignaturesOld(NOW),
            Finding::SignaturesUnknown,
            Finding::QueueGood(0, None),
            Finding::QueueGood(2, Some(NOW.plus_seconds(-60))),
            Finding::QueueLong(2, Some(NOW.plus_seconds(-86_400 * 3))),
            Finding::QueueUnknown,
            Finding::NextHopGood(0),
            Finding::NextHopGood(3),
            Finding::NextHopBad(3, Some(NOW.plus_seconds(-7200))),
            Finding::NextHopUnknown,
            Finding::HeldNone,
            Finding::HeldSome(3),
            Finding::HeldUnknown,
            Finding::DiskGood(disk),
            Finding::DiskFull(disk),
            Finding::DiskUnknown,
            Finding::CertificateGood(NOW),
            Finding::CertificateSoon(NOW),
            Finding::CertificateOver(NOW),
            Finding::CertificateOwn(NOW),
            Finding::CertificateUnknown,
        ]
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn each_finding_has_its_words_and_what_is_not_right_says_what_to_do() {
        for lang in Lang::ALL {
            let frame =
                Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
            let machine = Machine {
                version: "0.1.0".to_owned(),
                started_at: NOW.plus_seconds(-86_400 * 5),
                ..Machine::default()
            };
            let all = every_finding();
            for finding in &all {
                let page = health(&frame, &[*finding], &machine, "Asia/Tokyo", NOW);
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{finding:?}: {page}");
                assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
                assert_eq!(page.contains("class=\"todo\""), finding.state() != State::Right, "{finding:?}: {page}");
                assert!(page.contains("0.1.0"), "{page}");
            }
            let blind = health(&frame, &all, &Machine::default(), "Asia/Tokyo", NOW);
            assert!(!blind.contains("web-"), "{blind}");
        }
    }
}
