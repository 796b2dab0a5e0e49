//! The recipient's way: from the deposit notice's link to the octets, and to the end of the files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fubako_base::{
    Code, Timestamp,
    section::{Section, Settings},
};
use fubako_exchange::{
    deposit::{DepositError, DepositState},
    domain::{NewFile, Whence},
    download::{DownloadError, Proof},
};
use fubako_testkit::{
    house::{House, PASSWORD, RECIPIENT, content, deposit, noise, open, read, request},
    section,
};
use futures::TryStreamExt as _;

// spec: X-NOTICE, X-RECEIVE, ACCESS
#[tokio::test]
async fn each_recipient_has_a_link_of_their_own_and_gets_every_octet() {
    let house = House::new().await;
    let octets = noise(300_000);
    let files = [("見積書.pdf", octets.clone()), ("empty.txt", vec![])];
    let id = deposit(&house, &["hanako@example.jp", "jiro@example.org"], &files).await;
    let posted = house.posted().await;
    assert_eq!(posted.len(), 2);
    let mut tokens = Vec::new();
    for (mail, recipient) in posted.iter().zip(["hanako@example.jp", "jiro@example.org"]) {
        assert_eq!((mail.recipient.as_str(), mail.subject.as_str()), (recipient, "[Fubako] 見積書の件"));
        assert_eq!(mail.outgoing.prefix, b"X-Signed-For: acme\r\n");
        assert_eq!(mail.outgoing.size, (mail.outgoing.prefix.len() + mail.octets.len()) as u64);
        assert_eq!(mail.outgoing.envelope_from, "fubako@files.example.jp");
        assert_eq!(mail.outgoing.told_to.as_deref(), Some("taro@acme.example"), "spec: MAIL-BOUNCE");
        assert!(mail.text.contains("見積書.pdf") && mail.html.contains(&mail.token()));
        let view = house.exchange.look(&mail.token(), house.now()).await.unwrap();
        assert_eq!((view.recipient.as_str(), view.subject.as_str(), view.file_count), (recipient, "見積書の件", 2));
        assert_eq!((view.section_name.as_str(), view.time_zone.as_str()), ("アクメ銀行", "Asia/Tokyo"));
        assert!(!view.locked && view.next_try_at.is_none());
        tokens.push(mail.token());
    }
    assert_ne!(tokens[0], tokens[1]);

    let (session, opened) = open(&house, &tokens[0]).await;
    assert_eq!(opened.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["見積書.pdf", "empty.txt"]);
    assert_eq!(opened.files[0].crc32, crc32fast::hash(&octets));
    assert_eq!(opened.files[0].sha256, fubako_exchange::token::sha256(&octets));
    assert_eq!(read(&house, &opened, 1, 0..u64::MAX).await, octets);
    assert_eq!(read(&house, &opened, 1, 65_530..65_550).await, octets[65_530..65_550]);
    assert_eq!(read(&house, &opened, 1, 299_999..300_100).await, octets[299_999..]);
    assert_eq!(read(&house, &opened, 2, 0..10).await, b"");
    assert!(matches!(house.exchange.read_file(&opened, 3, 0..1).await, Err(DownloadError::NotFound)));

    // One recipient's session opens nobody else's link.
    let other = house.exchange.opened(&tokens[1], &session, house.now()).await;
    assert!(matches!(other, Err(DownloadError::NotProven)));
    assert_eq!(house.exchange.get(id).await.unwrap().state, DepositState::Sent);
}

// spec: ACCESS, X-RECEIVE
#[tokio::test]
async fn nothing_opens_without_the_password() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp"], &[("a", b"x".to_vec())]).await;
    let token = house.posted().await[0].token();
    for session in ["", "A", &"A".repeat(43), &token] {
        let opened = house.exchange.opened(&token, session, house.now()).await;
        assert!(matches!(opened, Err(DownloadError::NotProven)), "{session}");
    }
    for unknown in ["", "..", &"A".repeat(43), &token.to_lowercase()] {
        assert!(matches!(house.exchange.look(unknown, house.now()).await, Err(DownloadError::NotFound)), "{unknown}");
        let proof = house.exchange.prove(unknown, PASSWORD, RECIPIENT, house.now()).await;
        assert!(matches!(proof, Err(DownloadError::NotFound)));
    }
}

// spec: X-RECEIVE
#[tokio::test]
async fn wrong_passwords_are_slowed_then_locked_and_a_right_one_clears_them() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp", "jiro@example.org"], &[("a", b"x".to_vec())]).await;
    let posted = house.posted().await;
    let (token, other) = (posted[0].token(), posted[1].token());
    let wrong = async || house.exchange.prove(&token, "wrong", RECIPIENT, house.now()).await.unwrap();
    let far = || Timestamp(house.now().0);

    assert!(wrong().await == Proof::Wrong { next_try_at: None, tries_left: 9 });
    assert!(wrong().await == Proof::Wrong { next_try_at: None, tries_left: 8 });
    let until = far().plus_seconds(2);
    assert!(wrong().await == Proof::Wrong { next_try_at: Some(until), tries_left: 7 });
    // While it waits, not even the right one is looked at.
    let early = house.exchange.prove(&token, PASSWORD, RECIPIENT, house.now()).await.unwrap();
    assert!(early == Proof::Wait { until });
    let view = house.exchange.look(&token, house.now()).await.unwrap();
    assert_eq!((view.next_try_at, view.locked), (Some(until), false));
    // Another recipient is not held up.
    assert!(matches!(house.exchange.prove(&other, PASSWORD, RECIPIENT, house.now()).await, Ok(Proof::Opened { .. })));

    for tries_left in (1..7).rev() {
        house.pass_seconds(60);
        assert!(matches!(wrong().await, Proof::Wrong { tries_left: left, .. } if left == tries_left));
    }
    house.pass_seconds(60);
    let until = far().plus_seconds(3600);
    assert!(wrong().await == Proof::Locked { until });
    house.pass_seconds(3599);
    assert!(house.exchange.prove(&token, PASSWORD, RECIPIENT, house.now()).await.unwrap() == Proof::Locked { until });
    assert!(house.exchange.look(&token, house.now()).await.unwrap().locked);
    house.pass_seconds(1);
    // Over: one try at a time, and the right one clears everything (white space round it does not count).
    assert!(matches!(wrong().await, Proof::Locked { .. }));
    house.pass_seconds(3600);
    let padded = format!(" {PASSWORD}\n");
    assert!(matches!(house.exchange.prove(&token, &padded, RECIPIENT, house.now()).await, Ok(Proof::Opened { .. })));
    assert!(wrong().await == Proof::Wrong { next_try_at: None, tries_left: 9 });
}

// spec: X-RECEIVE
#[tokio::test]
async fn tries_side_by_side_do_not_outrun_the_limit() {
    let house = House::with(
        fubako_vault::scanner::Scanner::None,
        Section { settings: Settings { max_tries: 5, ..Settings::default() }, ..section("acme") },
    )
    .await;
    deposit(&house, &["hanako@example.jp"], &[("a", b"x".to_vec())]).await;
    let token = house.posted().await[0].token();
    let now = house.now();
    let tries = (0..40).map(|n| {
        let (exchange, token) = (house.exchange.clone(), token.clone());
        tokio::spawn(async move { exchange.prove(&token, &format!("wrong-{n:04}"), RECIPIENT, now).await.unwrap() })
    });
    let mut looked_at = 0;
    for done in futures::future::join_all(tries).await {
        looked_at += u32::from(matches!(done.unwrap(), Proof::Wrong { .. }));
    }
    assert!((1..=3).contains(&looked_at), "{looked_at} passwords were looked at although 3 are free");
}

// spec: X-RECEIVE
#[tokio::test]
async fn a_session_that_is_closed_opens_nothing_more() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp", "jiro@example.org"], &[("a", b"x".to_vec())]).await;
    let posted = house.posted().await;
    let (mine, theirs) = (posted[0].token(), posted[1].token());
    let (session, _) = open(&house, &mine).await;
    let (second, _) = open(&house, &mine).await;
    // Neither with another link's address nor with nonsense is it closed.
    house.exchange.close(&theirs, &session, house.now()).await.unwrap();
    house.exchange.close(&mine, "", house.now()).await.unwrap();
    assert!(house.exchange.opened(&mine, &session, house.now()).await.is_ok());
    for _ in 0..2 {
        house.exchange.close(&mine, &session, house.now()).await.unwrap();
        let after = house.exchange.opened(&mine, &session, house.now()).await;
        assert!(matches!(after, Err(DownloadError::NotProven)));
    }
    assert!(house.exchange.opened(&mine, &second, house.now()).await.is_ok(), "another browser is closed too");
    let unknown = house.exchange.close(&"A".repeat(43), &session, house.now()).await;
    assert!(matches!(unknown, Err(DownloadError::NotFound)));
}

// spec: X-EXPIRY, KEEP-DELETE
#[tokio::test]
async fn on_the_seventh_day_the_files_go_for_good() {
    let house = House::new().await;
    let id = deposit(&house, &["hanako@example.jp"], &[("a", noise(100_000)), ("b", noise(10))]).await;
    let token = house.posted().await[0].token();
    let (session, opened) = open(&house, &token).await;
    let expires_at = opened.view.expires_at;
    assert_eq!(expires_at.in_zone("Asia/Tokyo").to_string(), "2026-11-27T23:59:59.999999+09:00[Asia/Tokyo]");
    assert_eq!(house.objects().len(), 2);

    // The session ends before the files do.
    house.pass_seconds(12 * 3600);
    let over = house.exchange.opened(&token, &session, house.now()).await;
    assert!(matches!(over, Err(DownloadError::NotProven)));

    let before = Timestamp(expires_at.0 - 1);
    assert_eq!(house.exchange.expire_due(before).await.unwrap(), 0);
    assert!(house.exchange.look(&token, before).await.is_ok());
    // Dead from that moment on, whether the clock's work is done yet or not.
    for _ in 0..2 {
        assert!(matches!(house.exchange.look(&token, expires_at).await, Err(DownloadError::Expired)));
        let proof = house.exchange.prove(&token, PASSWORD, RECIPIENT, expires_at).await;
        assert!(matches!(proof, Err(DownloadError::Expired)));
        house.exchange.expire_due(expires_at).await.unwrap();
    }
    assert_eq!(house.exchange.get(id).await.unwrap().state, DepositState::Expired);
    assert_eq!(house.exchange.erase().await.unwrap(), 2);
    assert_eq!(house.objects(), Vec::<std::path::PathBuf>::new());
    assert_eq!(house.exchange.erase().await.unwrap(), 0);
}

// spec: X-EXPIRY
#[tokio::test]
async fn what_was_begun_and_never_sent_goes_too() {
    let house = House::new().await;
    let (begun, _) =
        house.exchange.begin("k", &request(&["a@b.example"], 2), Whence::Within, house.now()).await.unwrap();
    let file = NewFile { number: 1, name: "a".into(), media_type: "a/b".into() };
    house.exchange.put(begun.id, file, &mut content(b"x"), Whence::Within, house.now()).await.unwrap();
    house.pass_seconds(13 * 86_400);
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 0);
    house.pass_seconds(2 * 86_400);
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 1);
    assert_eq!(house.exchange.erase().await.unwrap(), 1);
    assert!(house.objects().is_empty());
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_output() {
    let house = House::new().await;
    let octets = noise(200_000);
    deposit(&house, &["hanako@example.jp"], &[("a", octets.clone())]).await;
    let token = house.posted().await[0].token();
    let (_, opened) = open(&house, &token).await;
    let path = house.objects().remove(0);
    let sealed = std::fs::read(&path).unwrap();
    assert!(!sealed.windows(16).any(|some| some == &octets[..16]), "plaintext at rest");

    let mut flipped = sealed.clone();
    flipped[100_000] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    let mut stream = house.exchange.read_file(&opened, 1, 0..u64::MAX).await.unwrap();
    let mut out = Vec::new();
    let end = loop {
        match stream.try_next().await {
            Ok(Some(some)) => out.extend_from_slice(&some),
            other => break other,
        }
    };
    assert!(matches!(end, Err(DownloadError::Damaged(_))));
    assert!(out.len() < 100_000 && octets.starts_with(&out));

    std::fs::write(&path, &sealed[..sealed.len() - 1]).unwrap();
    assert!(matches!(house.exchange.read_file(&opened, 1, 0..1).await, Err(DownloadError::Damaged(_))));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(house.exchange.read_file(&opened, 1, 0..1).await, Err(DownloadError::Damaged(_))));
}

// spec: X-RECEIVE
#[tokio::test]
async fn a_section_that_is_switched_off_has_no_links() {
    let house = House::new().await;
    deposit(&house, &["hanako@example.jp"], &[("a", b"x".to_vec())]).await;
    let token = house.posted().await[0].token();
    house.put_section(Section { enabled: false, ..section("acme") }).await;
    assert!(matches!(house.exchange.look(&token, house.now()).await, Err(DownloadError::NotFound)));
}

// spec: X-NOTICE
#[tokio::test]
async fn links_are_on_the_sections_own_domain_where_it_has_one() {
    let settings = Settings { link_url: Some("https://files.acme.example".into()), ..Settings::default() };
    let house = House::with(fubako_vault::scanner::Scanner::None, Section { settings, ..section("acme") }).await;
    deposit(&house, &["hanako@example.jp"], &[("a", b"x".to_vec())]).await;
    let notice = house.posted().await.remove(0);
    for body in [&notice.text, &notice.html] {
        assert!(
            body.contains("https://files.acme.example/d/") && !body.contains("https://files.example.jp/d/"),
            "{body}"
        );
    }
    open(&house, &notice.token()).await;
}

// spec: X-NOTICE MAIL-SENDER
#[tokio::test]
async fn an_own_domain_that_is_not_served_stops_mail_and_gets_no_link() {
    let house = House::new().await;
    let (begun, _) =
        house.exchange.begin("k", &request(&["hanako@example.jp"], 1), Whence::Within, house.now()).await.unwrap();
    let file = NewFile { number: 1, name: "a".into(), media_type: "application/pdf".into() };
    house.exchange.put(begun.id, file, &mut content(b"x"), Whence::Within, house.now()).await.unwrap();
    let settings = Settings { link_url: Some("https://gone.acme.example".into()), ..Settings::default() };
    house.put_section(Section { settings, ..section("acme") }).await;
    let refused = |error: DepositError| matches!(error, DepositError::Refused { code: Code::WrongDomain, .. });
    let again = house.exchange.begin("l", &request(&["hanako@example.jp"], 1), Whence::Within, house.now()).await;
    assert!(refused(again.err().unwrap()));
    assert!(refused(house.exchange.send(begun.id, Whence::Within, house.now()).await.err().unwrap()));
    assert!(house.posted().await.is_empty());
}

// spec: X-EXPIRY
#[tokio::test]
async fn a_download_under_way_ends_when_the_files_do() {
    let house = House::new().await;
    let octets = noise(400_000);
    deposit(&house, &["hanako@example.jp"], &[("a", octets.clone())]).await;
    let token = house.posted().await[0].token();
    let (session, opened) = open(&house, &token).await;
    let end = house.exchange.opened(&token, &session, house.now()).await.unwrap().view.expires_at;
    house.pass_seconds((end.0 - house.now().0) / 1_000_000 - 12 * 3600 + 60);
    let (session, _) = open(&house, &token).await;
    // Half a second before the end, by a clock of which only we know.
    let late = Timestamp(end.0 - 500_000);
    house.pass_seconds((late.0 - house.now().0) / 1_000_000);
    let last = house.exchange.opened(&token, &session, late).await.unwrap();
    let mut stream = house.exchange.read_file(&last, 1, 0..u64::MAX).await.unwrap();
    let first = stream.try_next().await.unwrap().unwrap();
    assert!(octets.starts_with(&first));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(matches!(stream.try_next().await, Err(DownloadError::Expired)));
    assert!(matches!(house.exchange.read_file(&last, 1, 0..1).await, Err(DownloadError::Expired)));
    drop(opened);
}
