//! The virus check on the way out (spec X-RECEIVE, KEEP-VIRUS): what was clean when it came may be found later.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fubako_base::{
    Code,
    ids::DepositId,
    section::{Section, Settings},
    unchecked::{Unchecked, UncheckedRule},
};
use fubako_exchange::{
    deposit::DepositError,
    domain::{NewFile, Whence},
    download::{DownloadError, Opened},
};
use fubako_testkit::{
    clamd::Clamd,
    house::{House, content, deposit, noise, open, read, request},
    section,
};
use futures::future::join_all;

async fn scanned(files: &[(&str, Vec<u8>)]) -> (House, Clamd, Opened) {
    let clamd = Clamd::start().await;
    let house = House::with(clamd.scanner(), section("acme")).await;
    let token = deposited(&house, files).await;
    let (_, opened) = open(&house, &token).await;
    assert_eq!(clamd.scans(), files.len(), "scanned on the way in");
    (house, clamd, opened)
}

/// The token of the link to a new deposit.
async fn deposited(house: &House, files: &[(&str, Vec<u8>)]) -> String {
    deposit(house, &["hanako@example.jp"], files).await;
    house.posted().await[0].token()
}

/// The section `acme` with these settings, from now on.
async fn set(house: &House, encrypted_files: UncheckedRule, files_past_scan_limits: UncheckedRule) {
    let settings = Settings { encrypted_files, files_past_scan_limits, ..Settings::default() };
    house.put_section(Section { settings, ..section("acme") }).await;
}

async fn refused(house: &House, opened: &Opened, number: u32, range: std::ops::Range<u64>) -> DownloadError {
    house.exchange.read_file(opened, number, range).await.err().expect("octets are given")
}

// spec: X-RECEIVE, KEEP-VIRUS
#[tokio::test]
async fn a_file_is_scanned_whole_before_its_first_octet_and_not_for_every_range() {
    let octets = noise(300_000);
    let (house, clamd, opened) = scanned(&[("a", octets.clone()), ("b", noise(10)), ("empty", vec![])]).await;
    assert_eq!(read(&house, &opened, 1, 299_990..300_000).await, octets[299_990..]);
    assert_eq!(clamd.scans(), 4);
    for from in [0, 65_536, 200_000] {
        assert_eq!(read(&house, &opened, 1, from..u64::MAX).await, octets[usize::try_from(from).unwrap()..]);
    }
    house.exchange.check_file(&opened, 1).await.unwrap();
    assert_eq!(clamd.scans(), 4, "a verdict is remembered");
    read(&house, &opened, 2, 0..10).await;
    read(&house, &opened, 3, 0..10).await;
    assert_eq!(clamd.scans(), 6, "each object has a verdict of its own");
    assert!(matches!(refused(&house, &opened, 4, 0..1).await, DownloadError::NotFound));
}

// spec: X-RECEIVE, KEEP-VIRUS
#[tokio::test]
async fn what_is_found_on_the_way_out_is_not_given_in_any_part() {
    let mut octets = noise(300_000);
    octets[250_000..250_010].copy_from_slice(b"NEW-THREAT");
    let (house, clamd, opened) = scanned(&[("a", octets), ("b", noise(10))]).await;
    clamd.learn(b"NEW-THREAT", "stream: New-Threat FOUND");
    for range in [0..u64::MAX, 0..1, 299_999..300_000] {
        let refused = refused(&house, &opened, 1, range).await;
        assert!(matches!(&refused, DownloadError::Infected { finding } if finding == "New-Threat"), "{refused}");
    }
    assert_eq!(read(&house, &opened, 2, 0..10).await, noise(10));
}

// spec: KEEP-VIRUS (told apart from clean, and from a finding)
#[tokio::test]
async fn what_the_scanner_cannot_look_into_is_not_given_and_not_called_a_virus() {
    for answer in ["stream: Heuristics.Encrypted.Zip FOUND", "INSTREAM size limit exceeded. ERROR"] {
        let (house, clamd, opened) = scanned(&[("a", b"PK-closed".to_vec())]).await;
        clamd.learn(b"PK-closed", answer);
        assert!(matches!(refused(&house, &opened, 1, 0..1).await, DownloadError::Unscanned(_)), "{answer}");
    }
}

// spec: KEEP-VIRUS (the section decides)
#[tokio::test]
async fn a_file_that_came_unchecked_is_given_as_the_section_is_set_now_and_says_so() {
    use UncheckedRule::{Pass, Stop};
    let clamd = Clamd::start().await;
    clamd.learn(b"PK-closed", "stream: Heuristics.Encrypted.Zip FOUND");
    clamd.learn(b"PK-nested", "stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND");
    let house = House::with(clamd.scanner(), section("acme")).await;
    set(&house, Pass, Pass).await;
    let files = [("a", b"PK-closed".to_vec()), ("b", b"PK-nested".to_vec()), ("c", b"clean".to_vec())];
    let token = deposited(&house, &files).await;
    let (session, opened) = open(&house, &token).await;
    let why: Vec<_> = opened.files.iter().map(|file| file.unchecked).collect();
    assert_eq!(why, [Some(Unchecked::Encrypted), Some(Unchecked::ScanLimit), None]);
    for (encrypted, limits) in [(Pass, Pass), (Pass, Stop), (Stop, Pass), (Stop, Stop), (Pass, Pass)] {
        set(&house, encrypted, limits).await;
        let opened = house.exchange.opened(&token, &session, house.now()).await.unwrap();
        for ((number, (_, octets)), rule) in (1..).zip(&files).zip([encrypted, limits, Pass]) {
            match rule {
                Pass => assert_eq!(read(&house, &opened, number, 0..u64::MAX).await, *octets),
                Stop => {
                    let refused = refused(&house, &opened, number, 0..1).await;
                    assert!(matches!(refused, DownloadError::Unscanned(_)), "{number}: {refused}");
                }
            }
        }
    }
    assert_eq!(
        clamd.scans(),
        6,
        "once on the way in, once on the way out: the verdict is remembered, the ruling is not"
    );
}

// spec: KEEP-VIRUS (a virus never passes, and nothing passes without a verdict)
#[tokio::test]
async fn a_section_that_lets_unchecked_files_pass_lets_nothing_else_pass() {
    let (house, clamd, _) = scanned(&[("a", b"x".to_vec())]).await;
    set(&house, UncheckedRule::Pass, UncheckedRule::Pass).await;
    let files = [("a", b"PK-closed NEW".to_vec()), ("b", b"AWAY".to_vec()), ("c", b"LATER".to_vec())];
    let token = deposited(&house, &files).await;
    clamd.learn(b"NEW", "stream: New-Threat FOUND");
    clamd.learn(b"AWAY", "stream: Can't allocate memory ERROR");
    clamd.learn(b"LATER", "stream: Heuristics.Encrypted.Zip FOUND");
    let (_, opened) = open(&house, &token).await;
    assert!(matches!(refused(&house, &opened, 1, 0..1).await, DownloadError::Infected { .. }));
    assert!(matches!(refused(&house, &opened, 2, 0..1).await, DownloadError::Unavailable(_)));
    assert_eq!(read(&house, &opened, 3, 0..u64::MAX).await, b"LATER", "clean when it came, closed to newer signatures");
}

// spec: KEEP-VIRUS (scanner away: wait, never pass)
#[tokio::test]
async fn without_a_verdict_nothing_is_given_and_the_next_request_asks_again() {
    let octets = noise(100_000);
    let (house, clamd, opened) = scanned(&[("a", octets.clone())]).await;
    clamd.learn(&octets[..20], "stream: Can't allocate memory ERROR");
    for _ in 0..2 {
        assert!(matches!(refused(&house, &opened, 1, 0..1).await, DownloadError::Unavailable(_)));
    }
    assert_eq!(clamd.scans(), 3, "that there is no verdict is not remembered");
    clamd.forget();
    assert_eq!(read(&house, &opened, 1, 0..u64::MAX).await, octets);
}

// spec: X-RECEIVE
#[tokio::test]
async fn requests_at_the_same_time_share_one_scan_whoever_goes_away() {
    let octets = noise(200_000);
    let (house, clamd, opened) = scanned(&[("a", octets.clone())]).await;
    clamd.hold().await;
    // The first goes away while the scanner thinks.
    let first = house.exchange.check_file(&opened, 1);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), first).await.is_err());
    let others = (0..20).map(|_| {
        let (exchange, opened) = (house.exchange.clone(), opened.clone());
        tokio::spawn(async move { exchange.check_file(&opened, 1).await })
    });
    let others: Vec<_> = others.collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(others.iter().all(|other| !other.is_finished()), "one passes without a verdict");
    clamd.go_on();
    for other in join_all(others).await {
        other.unwrap().unwrap();
    }
    assert_eq!(clamd.scans(), 2, "one on the way in, one on the way out");
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn with_a_scanner_a_damaged_file_gives_not_even_its_good_part() {
    let (house, _clamd, opened) = scanned(&[("a", noise(200_000))]).await;
    let path = house.objects().remove(0);
    let mut sealed = std::fs::read(&path).unwrap();
    sealed[150_000] ^= 1;
    std::fs::write(&path, sealed).unwrap();
    assert!(matches!(refused(&house, &opened, 1, 0..1).await, DownloadError::Damaged(_)));
}

/// A deposit of one file.
async fn begun(house: &House) -> DepositId {
    let key = DepositId::generate().to_string();
    house.exchange.begin(&key, &request(&["hanako@example.jp"], 1), Whence::Within, house.now()).await.unwrap().0.id
}

async fn put(house: &House, deposit: DepositId, octets: &[u8]) -> Result<(), DepositError> {
    let file = NewFile { number: 1, name: "a".into(), media_type: "application/pdf".into() };
    house.exchange.put(deposit, file, &mut content(octets), Whence::Within, house.now()).await.map(|_| ())
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn a_scanner_that_does_not_tell_what_it_cannot_look_into_is_not_believed() {
    use UncheckedRule::{Pass, Stop};
    let (house, clamd, opened) = scanned(&[("a", noise(100)), ("b", noise(100)), ("c", noise(100))]).await;
    read(&house, &opened, 1, 0..9).await;
    // It comes back after an outage, and calls clean now what is encrypted or packed too deep.
    clamd.learn(b"AWAY", "stream: Can't allocate memory ERROR");
    let away = begun(&house).await;
    assert!(matches!(put(&house, away, b"AWAY").await, Err(DepositError::Unavailable { .. })));
    clamd.lose_sight();
    for octets in [&b"looks clean"[..], b"the same again"] {
        match put(&house, away, octets).await {
            Err(DepositError::Unavailable { cause, .. }) => assert!(cause.contains("AlertEncrypted yes"), "{cause}"),
            other => panic!("{other:?}"),
        }
    }
    // Whatever was clean on the way in waits on the way out.
    let refused = refused(&house, &opened, 2, 0..9).await;
    assert!(
        matches!(&refused, DownloadError::Unavailable(cause) if cause.contains("AlertEncrypted yes")),
        "{refused:?}"
    );
    // A section that lets such files pass is not kept waiting; and a virus is one for all that.
    set(&house, Pass, Pass).await;
    put(&house, away, b"looks clean").await.unwrap();
    let infected = begun(&house).await;
    let found = put(&house, infected, b"EICAR").await;
    assert!(matches!(&found, Err(DepositError::Refused { code: Code::Virus, .. })), "{found:?}");
    // It is mended: what waited goes on within seconds.
    set(&house, Stop, Stop).await;
    clamd.regain_sight();
    assert!(put(&house, infected, b"clean").await.is_err(), "it was looked at a moment ago");
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    put(&house, infected, b"clean").await.unwrap();
    read(&house, &opened, 3, 0..9).await;
}

// spec: X-RECEIVE, KEEP-VIRUS (found by review)
#[tokio::test]
async fn what_a_scanner_said_that_was_not_believed_counts_for_nothing_once_it_is_mended() {
    use UncheckedRule::Pass;
    let (house, clamd, opened) = scanned(&[("a", noise(100)), ("b", b"LATER".to_vec()), ("c", noise(100))]).await;
    read(&house, &opened, 1, 0..9).await;
    let before = clamd.scans();
    // Away, and back without sight: it calls the files clean.
    clamd.learn(&noise(100)[..20], "stream: Can't allocate memory ERROR");
    assert!(matches!(refused(&house, &opened, 3, 0..9).await, DownloadError::Unavailable(_)));
    clamd.forget();
    clamd.lose_sight();
    for number in [1, 2, 3] {
        assert!(matches!(refused(&house, &opened, number, 0..9).await, DownloadError::Unavailable(_)));
    }
    // A section for which that is enough has the files, scanned by this scanner, once.
    set(&house, Pass, Pass).await;
    let token = deposited(&house, &[("d", b"LATER".to_vec())]).await;
    let (_, other) = open(&house, &token).await;
    read(&house, &other, 1, 0..5).await;
    read(&house, &other, 1, 0..5).await;
    assert_eq!(clamd.scans(), before + 6, "what the same scanner said is remembered");
    // Mended, and it knows more: every file is scanned afresh.
    clamd.learn(b"LATER", "stream: Later-Threat FOUND");
    clamd.regain_sight();
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    for opened in [(&opened, 2), (&other, 1)] {
        let refused = refused(&house, opened.0, opened.1, 0..5).await;
        assert!(matches!(&refused, DownloadError::Infected { finding } if finding == "Later-Threat"), "{refused}");
    }
    read(&house, &opened, 1, 0..9).await;
}
