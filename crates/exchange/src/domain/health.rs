//! Whether the installation is well, as an operator is told it (spec X-OPERATOR): what was seen, and what of it is not as it should be. Pure.

use std::time::Duration;

use fubako_base::Timestamp;
pub use fubako_store::upkeep::QueueFacts;

/// A database that takes longer to answer is slow.
pub const SLOW_DATABASE: Duration = Duration::from_secs(1);
/// Signatures that are older are not kept up to date: new ones come each day.
pub const OLD_SIGNATURES_DAYS: i64 = 3;
/// Minutes after which a mail that waits is told of: all is done within seconds where all is well.
pub const LONG_WAIT_MINUTES: i64 = 60;
/// Minutes after which a delivery that was tried in vain is told of: servers that ask everybody to come again mean some minutes.
pub const LONG_TRIED_MINUTES: i64 = 30;
/// Octets that shall be free.
pub const LEAST_FREE: u64 = 2 << 30;
/// Of a hundred octets, those that shall be free.
pub const LEAST_FREE_PERCENT: u64 = 5;
/// Days before its end that a certificate is told of; of one for less than [`USUAL_CERTIFICATE_DAYS`] as much less. Whoever renews has done so long before.
pub const CERTIFICATE_DAYS: i64 = 21;
/// Days for which a certificate usually is.
pub const USUAL_CERTIFICATE_DAYS: i64 = 90;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How long the database took to answer; none where it did not.
    pub database: Option<Duration>,
    /// The virus scanner.
    pub scanner: Scanning,
    /// When the scanner's signatures were made, where it says so.
    pub signatures: Option<Timestamp>,
    /// What is in hand; none where the database did not say.
    pub queue: Option<QueueFacts>,
    /// The disk that `data_dir` lies on; none where it could not be asked.
    pub disk: Option<Disk>,
    /// The certificate of the listeners; none where it cannot be read.
    pub certificate: Option<Certificate>,
}

/// The virus scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanning {
    /// None is configured.
    None,
    /// It answers, finds what it must find, and tells what it cannot look into.
    Good,
    /// It answers, and lets pass what it did not look into.
    Faulty,
    /// It does not answer.
    Away,
}

/// A disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Octets that we may still use.
    pub free: u64,
    /// Octets in all.
    pub total: u64,
}

/// A certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// Its begin.
    pub begins_at: Timestamp,
    /// Its end.
    pub ends_at: Timestamp,
    /// Whether we made it ourselves.
    pub self_signed: bool,
}

/// What is looked at, each with what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The database, and how long it took.
    DatabaseGood(Duration),
    /// It takes long.
    DatabaseSlow(Duration),
    /// It does not answer.
    DatabaseAway,
    /// The scanner is as it must be.
    ScannerGood,
    /// Nothing scans.
    ScannerNone,
    /// The scanner lets pass what it did not look into.
    ScannerFaulty,
    /// The scanner does not answer.
    ScannerAway,
    /// Its signatures are of this day.
    SignaturesGood(Timestamp),
    /// Its signatures are old.
    SignaturesOld(Timestamp),
    /// It does not say how old they are.
    SignaturesUnknown,
    /// Mails wait, as many as this and since when, and not for long.
    QueueGood(u64, Option<Timestamp>),
    /// They wait for long.
    QueueLong(u64, Option<Timestamp>),
    /// It is not known what waits.
    QueueUnknown,
    /// The next hops take what they are given: as many deliveries are to be tried again as this.
    NextHopGood(u64),
    /// They do not, since when.
    NextHopBad(u64, Option<Timestamp>),
    /// It is not known whether they do.
    NextHopUnknown,
    /// No mail is held.
    HeldNone,
    /// As many are held as this.
    HeldSome(u64),
    /// It is not known whether any is.
    HeldUnknown,
    /// There is room on the disk.
    DiskGood(Disk),
    /// There is little.
    DiskFull(Disk),
    /// It is not known how much.
    DiskUnknown,
    /// The certificate is good until its end.
    CertificateGood(Timestamp),
    /// It ends soon.
    CertificateSoon(Timestamp),
    /// It has ended.
    CertificateOver(Timestamp),
    /// We made it ourselves: nobody who verifies accepts it.
    CertificateOwn(Timestamp),
    /// It cannot be read.
    CertificateUnknown,
}

/// How it is with what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Right,
    /// Somebody should look at it.
    Look,
    /// Something must be done.
    Wrong,
    /// It could not be seen.
    Unknown,
}

impl Finding {
    /// How it is with it.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::DatabaseGood(_)
            | Self::ScannerGood
            | Self::SignaturesGood(_)
            | Self::QueueGood(..)
            | Self::NextHopGood(_)
            | Self::HeldNone
            | Self::DiskGood(_)
            | Self::CertificateGood(_) => State::Right,
            Self::DatabaseSlow(_) | Self::HeldSome(_) | Self::CertificateSoon(_) | Self::CertificateOwn(_) => {
                State::Look
            }
            Self::DatabaseAway
            | Self::ScannerNone
            | Self::ScannerFaulty
            | Self::ScannerAway
            | Self::SignaturesOld(_)
            | Self::QueueLong(..)
            | Self::NextHopBad(..)
            | Self::DiskFull(_)
            | Self::CertificateOver(_) => State::Wrong,
            Self::SignaturesUnknown
            | Self::QueueUnknown
            | Self::NextHopUnknown
            | Self::HeldUnknown
            | Self::DiskUnknown
            | Self::CertificateUnknown => State::Unknown,
        }
    }
}

/// What is to be told of what was seen, in the order of the page.
#[must_use]
pub fn findings(facts: &Facts, now: Timestamp) -> Vec<Finding> {
    let mut all = vec![database(facts.database), scanner(facts.scanner)];
    // What does not answer has told nothing of them either.
    if matches!(facts.scanner, Scanning::Good | Scanning::Faulty) {
        all.push(signatures(facts.signatures, now));
    }
    all.extend(queue(facts.queue.as_ref(), now));
    all.extend([disk(facts.disk), certificate(facts.certificate, now)]);
    all
}

fn database(took: Option<Duration>) -> Finding {
    match took {
        None => Finding::DatabaseAway,
        Some(took) if took > SLOW_DATABASE => Finding::DatabaseSlow(took),
        Some(took) => Finding::DatabaseGood(took),
    }
}

const fn scanner(scanner: Scanning) -> Finding {
    match scanner {
        Scanning::None => Finding::ScannerNone,
        Scanning::Good => Finding::ScannerGood,
        Scanning::Faulty => Finding::ScannerFaulty,
        Scanning::Away => Finding::ScannerAway,
    }
}

fn signatures(made: Option<Timestamp>, now: Timestamp) -> Finding {
    match made {
        None => Finding::SignaturesUnknown,
        Some(made) if made.plus_seconds(OLD_SIGNATURES_DAYS * 86_400) < now => Finding::SignaturesOld(made),
        Some(made) => Finding::SignaturesGood(made),
    }
}

fn queue(facts: Option<&QueueFacts>, now: Timestamp) -> [Finding; 3] {
    let Some(facts) = facts else {
        return [Finding::QueueUnknown, Finding::NextHopUnknown, Finding::HeldUnknown];
    };
    let long =
        |since: Option<Timestamp>, minutes: i64| since.is_some_and(|since| since.plus_seconds(minutes * 60) < now);
    let waiting = facts.received.saturating_add(facts.deliveries);
    let (oldest, tried) = (facts.oldest, facts.oldest_tried);
    [
        if long(oldest, LONG_WAIT_MINUTES) {
            Finding::QueueLong(waiting, oldest)
        } else {
            Finding::QueueGood(waiting, oldest)
        },
        if long(tried, LONG_TRIED_MINUTES) {
            Finding::NextHopBad(facts.tried, tried)
        } else {
            Finding::NextHopGood(facts.tried)
        },
        if facts.held > 0 { Finding::HeldSome(facts.held) } else { Finding::HeldNone },
    ]
}

fn disk(disk: Option<Disk>) -> Finding {
    match disk {
        None => Finding::DiskUnknown,
        Some(disk) if disk.free < LEAST_FREE || disk.free < disk.total / 100 * LEAST_FREE_PERCENT => {
            Finding::DiskFull(disk)
        }
        Some(disk) => Finding::DiskGood(disk),
    }
}

fn certificate(certificate: Option<Certificate>, now: Timestamp) -> Finding {
    let Some(Certificate { begins_at, ends_at, self_signed }) = certificate else { return Finding::CertificateUnknown };
    let seconds = ends_at.unix_seconds().saturating_sub(begins_at.unix_seconds());
    let soon = (CERTIFICATE_DAYS * 86_400).min(seconds.saturating_mul(CERTIFICATE_DAYS) / USUAL_CERTIFICATE_DAYS);
    if ends_at <= now {
        Finding::CertificateOver(ends_at)
    } else if self_signed {
        Finding::CertificateOwn(ends_at)
    } else if ends_at <= now.plus_seconds(soon) {
        Finding::CertificateSoon(ends_at)
    } else {
        Finding::CertificateGood(ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        NOW.plus_seconds(seconds)
    }

    fn well() -> Facts {
        Facts {
            database: Some(Duration::from_millis(3)),
            scanner: Scanning::Good,
            signatures: Some(at(-DAY)),
            queue: Some(QueueFacts {
                received: 1,
                deliveries: 2,
                tried: 1,
                held: 0,
                oldest: Some(at(-60)),
                oldest_tried: Some(at(-60)),
            }),
            disk: Some(Disk { free: 50 << 30, total: 100 << 30 }),
            certificate: Some(Certificate { begins_at: at(0), ends_at: at(90 * DAY), self_signed: false }),
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn all_is_right_where_all_is_well_and_unknown_where_nothing_is_seen() {
        let found = findings(&well(), NOW);
        assert_eq!(found.len(), 8);
        assert!(found.iter().all(|one| one.state() == State::Right), "{found:?}");
        let blind = Facts {
            database: None,
            scanner: Scanning::Away,
            signatures: None,
            queue: None,
            disk: None,
            certificate: None,
        };
        let states: Vec<State> = findings(&blind, NOW).into_iter().map(Finding::state).collect();
        use State::{Unknown, Wrong};
        assert_eq!(states, [Wrong, Wrong, Unknown, Unknown, Unknown, Unknown, Unknown]);
    }

    // spec: X-OPERATOR
    #[test]
    fn each_limit_is_where_it_is_said_to_be() {
        let queue = |oldest: i64, oldest_tried: i64, held| {
            let facts = QueueFacts {
                received: 1,
                deliveries: 1,
                tried: 1,
                held,
                oldest: Some(at(oldest)),
                oldest_tried: Some(at(oldest_tried)),
            };
            Facts { queue: Some(facts), ..well() }
        };
        let disk = |free, total| Facts { disk: Some(Disk { free, total }), ..well() };
        let of = |begins, ends, self_signed| Facts {
            certificate: Some(Certificate { begins_at: at(begins), ends_at: at(ends), self_signed }),
            ..well()
        };
        let certificate = |ends, self_signed| of(ends - USUAL_CERTIFICATE_DAYS * DAY, ends, self_signed);
        let database = |took| Facts { database: Some(took), ..well() };
        let signatures = |made| Facts { signatures: Some(at(made)), ..well() };
        let scanner = |scanner| Facts { scanner, ..well() };
        let (wait, tried) = (LONG_WAIT_MINUTES * 60, LONG_TRIED_MINUTES * 60);
        use State::{Look, Right, Wrong};
        for (facts, place, wanted) in [
            (database(SLOW_DATABASE), 0, Right),
            (database(SLOW_DATABASE + Duration::from_millis(1)), 0, Look),
            (scanner(Scanning::None), 1, Wrong),
            (scanner(Scanning::Faulty), 1, Wrong),
            (scanner(Scanning::Away), 1, Wrong),
            (signatures(-OLD_SIGNATURES_DAYS * DAY), 2, Right),
            (signatures(-OLD_SIGNATURES_DAYS * DAY - 1), 2, Wrong),
            (Facts { signatures: None, ..well() }, 2, State::Unknown),
            (queue(-wait, 0, 0), 3, Right),
            (queue(-wait - 1, 0, 0), 3, Wrong),
            (queue(0, -tried, 0), 4, Right),
            (queue(0, -tried - 1, 0), 4, Wrong),
            (queue(0, 0, 1), 5, Look),
            (disk(LEAST_FREE, 10 << 30), 6, Right),
            (disk(LEAST_FREE - 1, 10 << 30), 6, Wrong),
            (disk(4 << 30, 100 << 30), 6, Wrong),
            (disk(5 << 30, 100 << 30), 6, Right),
            (certificate(CERTIFICATE_DAYS * DAY + 1, false), 7, Right),
            (certificate(CERTIFICATE_DAYS * DAY, false), 7, Look),
            (certificate(0, false), 7, Wrong),
            (certificate(0, true), 7, Wrong),
            (certificate(900 * DAY, true), 7, Look),
            // One for a year is told of as early, one for six days when 1.4 of them are left.
            (of(-300 * DAY, CERTIFICATE_DAYS * DAY + 1, false), 7, Right),
            (of(-344 * DAY, CERTIFICATE_DAYS * DAY, false), 7, Look),
            (of(0, 6 * DAY, false), 7, Right),
            (of(-4 * DAY, 2 * DAY, false), 7, Right),
            (of(-5 * DAY, DAY, false), 7, Look),
        ] {
            let found = findings(&facts, NOW);
            assert_eq!(found.get(place).map(|one| one.state()), Some(wanted), "{place}: {found:?}");
        }
        // A scanner that is not there has no signatures.
        assert_eq!(findings(&scanner(Scanning::None), NOW).len(), 7);
    }
}
