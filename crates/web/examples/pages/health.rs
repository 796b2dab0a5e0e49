//! The operator's page of health: all well, all wrong, nothing to be seen.

use std::time::Duration;

use fubako_base::Timestamp;
use fubako_exchange::{
    domain::health::{Certificate, Disk, Facts, QueueFacts, Scanning, findings},
    health::Machine,
};
use fubako_web::pages::{Frame, operator::health::health};

const DAY: i64 = 86_400;

fn machine(now: Timestamp) -> Machine {
    Machine { version: "0.1.0".to_owned(), started_at: now.plus_seconds(-5 * DAY), ..Machine::default() }
}

fn well(now: Timestamp) -> Facts {
    let at = |seconds| now.plus_seconds(seconds);
    Facts {
        database: Some(Duration::from_millis(3)),
        scanner: Scanning::Good,
        signatures: Some(at(-DAY)),
        queue: Some(QueueFacts {
            received: 1,
            deliveries: 2,
            tried: 1,
            oldest: Some(at(-75)),
            ..QueueFacts::default()
        }),
        disk: Some(Disk { free: 52 << 30, total: 100 << 30 }),
        certificate: Some(Certificate { begins_at: at(0), ends_at: at(60 * DAY), self_signed: false }),
    }
}

fn wrong(now: Timestamp) -> Facts {
    let at = |seconds| now.plus_seconds(seconds);
    Facts {
        database: Some(Duration::from_millis(2_345)),
        scanner: Scanning::Faulty,
        signatures: Some(at(-12 * DAY)),
        queue: Some(QueueFacts {
            received: 12,
            deliveries: 345,
            tried: 300,
            held: 2,
            oldest: Some(at(-3 * DAY)),
            oldest_tried: Some(at(-2 * 3600)),
        }),
        disk: Some(Disk { free: 1 << 30, total: 100 << 30 }),
        certificate: Some(Certificate { begins_at: at(-80 * DAY), ends_at: at(10 * DAY), self_signed: false }),
    }
}

/// The page, each with a name for its file.
pub(crate) fn pages(frame: &Frame, now: Timestamp) -> Vec<(&'static str, String)> {
    let page = |facts: &Facts, machine: &Machine| health(frame, &findings(facts, now), machine, "Asia/Tokyo", now);
    let blind =
        Facts { database: None, scanner: Scanning::Away, queue: None, disk: None, certificate: None, ..well(now) };
    vec![
        ("health-well", page(&well(now), &machine(now))),
        ("health-wrong", page(&wrong(now), &machine(now))),
        ("health-blind", page(&blind, &machine(now))),
    ]
}
