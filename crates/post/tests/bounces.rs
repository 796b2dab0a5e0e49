//! Bounces over real sockets, read back by a foreign reader.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{FAR, House, Received, Sink, refusal, run, until};
use fubako_store::outbox::{NewOutgoing, OutgoingKind};
use mail_parser::MessageParser;

fn no_such_user() -> fubako_smtp::Reply {
    refusal(550, (5, 1, 1), "no such user")
}

/// Nothing waits and nothing is to be settled. Two looks are needed to be sure: between the two questions of the first, a mail
/// may have been settled and its bounce queued; the second finds that bounce waiting, or gone out.
async fn quiet(house: &House) -> bool {
    house.waiting().await.is_empty() && house.store.unsettled(FAR, 9).await.unwrap().is_empty()
}

/// Queues the mail at a sink that refuses `no@x.example`, and gives what arrived in its place.
async fn bounce_of(house: &House, change: impl FnOnce(&mut NewOutgoing)) -> Vec<Received> {
    let sink = Sink::start().await;
    sink.refuse("no@x.example", &[no_such_user()]);
    let mut mail = house.outgoing(&["no@x.example", "yes@x.example"]).await;
    change(&mut mail);
    house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    let office = run(house.parts_by_smarthost(sink.address), 1);
    until("the first round", || async { house.waiting().await.iter().all(|row| row.0 != "no@x.example") }).await;
    // A deposit notice's failure waits a minute for its mail's.
    house.pass(Duration::from_secs(61));
    until("all settled", || async { quiet(house).await && quiet(house).await }).await;
    office.stop().await;
    let mut received = sink.received();
    assert_eq!(received.remove(0).recipients(), ["yes@x.example"]);
    received
}

/// The mail's parts: media type and octets.
fn parts(octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mail = MessageParser::new().parse(octets).unwrap();
    mail.root()
        .parts()
        .map(|part| {
            let kind = part
                .content_type()
                .map_or_else(String::new, |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
            (kind, part.raw_body().to_vec())
        })
        .collect()
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_refused_recipient_gives_the_sender_one_notification_with_the_mail_blanked() {
    let house = House::new().await;
    let mail = house.accept("person@example.jp").await;
    let blanked = format!(
        "From: sender@example.jp\r\nSubject: x\r\n\r\nPassword: {}\r\n{}",
        "*".repeat(15),
        "filler\r\n".repeat(3)
    );
    house.returned.lock().unwrap().insert(mail, blanked.clone().into_bytes());
    let received = bounce_of(&house, |outgoing| {
        outgoing.mail = Some(mail);
        outgoing.envid = Some("env+2B1".into());
        outgoing.deliveries[0].orcpt = Some("rfc822;old@x.example".into());
    })
    .await;

    let [bounce] = &received[..] else { panic!("{} bounces", received.len()) };
    assert_eq!((bounce.from.address.as_str(), bounce.recipients()), ("", vec!["sender@example.jp"]));
    assert!(bounce.to[0].notify.is_none_or(|notify| notify.never));
    let octets = &bounce.octets;
    let parsed = MessageParser::new().parse(&octets[..]).unwrap();
    assert!(parsed.subject().unwrap().starts_with("【配信不能】見積"), "{:?}", parsed.subject());
    let text = String::from_utf8(octets.clone()).unwrap();
    assert!(text.contains("\r\nAuto-Submitted: auto-replied\r\n"), "{text}");
    assert!(text.contains("\r\nIn-Reply-To: <") && text.contains("@example.jp>\r\n"));
    assert_eq!(parsed.from().unwrap().first().unwrap().address(), Some("mailer-daemon@gw.example.jp"));
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));

    let parts = parts(octets);
    let kinds: Vec<&str> = parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["multipart/report", "text/plain", "message/delivery-status", "message/rfc822"]);
    let human = parsed.body_text(0).unwrap();
    assert!(
        human.contains("no@x.example") && human.contains("存在しません") && human.contains("does not exist"),
        "{human}"
    );
    assert!(!human.contains("yes@x.example"), "the others are none of its business: {human}");
    let status = String::from_utf8(parts[2].1.clone()).unwrap();
    for line in [
        "Reporting-MTA: dns; gw.example.jp",
        "Original-Envelope-Id: env+1",
        "Final-Recipient: rfc822; no@x.example",
        "Original-Recipient: rfc822;old@x.example",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: dns; ",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
    ] {
        assert!(status.contains(line), "{line} in {status}");
    }
    assert!(!status.contains("yes@"), "{status}");
    assert!(text.contains(&blanked), "the returned mail is in it whole: {text}");
    // Signed with our own keys, both.
    assert_eq!(text.matches("DKIM-Signature: ").count(), 2);
    assert!(text.contains("d=gw.example.jp"), "{text}");
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_large_returned_mail_goes_through_an_object_that_is_given_up_afterwards() {
    let house = House::new().await;
    let mail = house.accept("person@example.jp").await;
    let large = format!("Subject: large\r\n\r\n{}", "0123456789abcdef\r\n".repeat(40_000));
    house.returned.lock().unwrap().insert(mail, large.clone().into_bytes());
    let received = bounce_of(&house, |outgoing| outgoing.mail = Some(mail)).await;
    assert_eq!(received.len(), 1);
    let text = String::from_utf8(received[0].octets.clone()).unwrap();
    assert!(text.contains(&large));
    // The mail's and the bounce's.
    assert_eq!(house.store.erasures(9).await.unwrap().len(), 2);
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn only_the_header_goes_back_where_asked_or_where_the_mail_is_gone() {
    let house = House::new().await;
    for hdrs in [true, false] {
        let mail = house.accept("person@example.jp").await;
        if hdrs {
            house.returned.lock().unwrap().insert(mail, b"Subject: whole\r\n\r\nbody\r\n".to_vec());
        }
        let received = bounce_of(&house, |outgoing| {
            outgoing.mail = Some(mail);
            outgoing.ret_full = hdrs.then_some(false);
        })
        .await;
        let parts = parts(&received[0].octets);
        assert_eq!(parts[3].0, "text/rfc822-headers");
        let header = String::from_utf8(parts[3].1.clone()).unwrap();
        assert!(header.contains("DKIM-Signature: v=1; of=this-mail\r\n") && header.contains("Subject: "), "{header}");
        assert!(!header.contains("Hello."), "{header}");
    }
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn nobody_is_told_where_nobody_must_be() {
    let house = House::new().await;
    assert!(bounce_of(&house, |mail| mail.envelope_from.clear()).await.is_empty(), "null sender");
    assert!(bounce_of(&house, |mail| mail.kind = OutgoingKind::Notice).await.is_empty(), "a notice");
    assert!(bounce_of(&house, |mail| mail.kind = OutgoingKind::Bounce).await.is_empty(), "a bounce");
    let hushed = |mail: &mut NewOutgoing| mail.deliveries[0].notify = Some("NEVER".into());
    assert!(bounce_of(&house, hushed).await.is_empty(), "NOTIFY=NEVER");
    assert!(bounce_of(&house, |mail| mail.kind = OutgoingKind::DepositNotice).await.is_empty(), "no mail behind it");
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_deposit_notice_that_fails_is_told_to_who_sent_the_files_without_the_link() {
    let house = House::new().await;
    let id = house.accept("person@example.jp").await;
    house.returned.lock().unwrap().insert(id, b"Subject: never\r\n\r\nthis\r\n".to_vec());
    let received = bounce_of(&house, |mail| {
        mail.kind = OutgoingKind::DepositNotice;
        mail.mail = Some(id);
        mail.envelope_from = "fubako@files.example.jp".into();
    })
    .await;
    assert_eq!(received[0].recipients(), ["person@example.jp"]);
    let parts = parts(&received[0].octets);
    assert_eq!(parts[3].0, "text/rfc822-headers", "the link is the recipient's own");
    let parsed = MessageParser::new().parse(&received[0].octets[..]).unwrap();
    assert!(parsed.body_text(0).unwrap().contains("お預かり通知メール"));
}

/// Sends one mail, its recipient's NOTIFY as given, by a next hop that knows DSN or not: what arrived but the mail itself, and what
/// the next hop was told to notify of.
async fn success_by(dsn: bool, notify: Option<&str>, envelope_from: &str) -> (Vec<Received>, Received) {
    let (house, sink) = (House::new().await, Sink::start().await);
    let address = if dsn { sink.address } else { common::old_hop(sink.address).await };
    let id = house.accept("person@example.jp").await;
    house.returned.lock().unwrap().insert(id, b"Subject: x\r\n\r\nPassword: secret\r\n".to_vec());
    let mut mail = house.outgoing(&["a@x.example"]).await;
    mail.mail = Some(id);
    mail.ret_full = Some(true);
    mail.envid = Some("env1".into());
    mail.envelope_from = envelope_from.into();
    mail.deliveries[0].notify = notify.map(str::to_owned);
    mail.deliveries[0].orcpt = Some("rfc822;old@x.example".into());
    house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    let office = run(house.parts_by_smarthost(address), 1);
    until("all settled", || async { quiet(&house).await && quiet(&house).await }).await;
    office.stop().await;
    let mut received = sink.received();
    let mail = received.remove(0);
    (received, mail)
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn who_asks_to_be_told_of_success_is_told_where_the_next_hop_will_not() {
    let (told, mail) = success_by(false, Some("SUCCESS,FAILURE"), "sender@example.jp").await;
    assert_eq!((mail.to[0].notify, mail.to[0].orcpt.as_deref(), mail.from.ret_full), (None, None, None));
    let [dsn] = &told[..] else { panic!("{} notifications", told.len()) };
    assert_eq!((dsn.from.address.as_str(), dsn.recipients()), ("", vec!["sender@example.jp"]));
    let parts = parts(&dsn.octets);
    let kinds: Vec<&str> = parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["multipart/report", "text/plain", "message/delivery-status", "text/rfc822-headers"]);
    let status = String::from_utf8(parts[2].1.clone()).unwrap();
    for line in [
        "Original-Envelope-Id: env1",
        "Original-Recipient: rfc822;old@x.example",
        "Final-Recipient: rfc822; a@x.example",
        "Action: relayed",
        "Status: 2.1.9",
        "Remote-MTA: dns; 127.0.0.1",
    ] {
        assert!(status.contains(line), "{line} in {status}");
    }
    let text = String::from_utf8(dsn.octets.clone()).unwrap();
    assert!(!text.contains("Hello.") && !text.contains("secret"), "the header alone goes back: {text}");
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn nobody_is_told_of_success_by_us_otherwise() {
    let (told, mail) = success_by(true, Some("SUCCESS,FAILURE"), "sender@example.jp").await;
    assert!(told.is_empty(), "the next hop does it");
    let notify = mail.to[0].notify.unwrap();
    assert!(notify.success && notify.failure && !notify.delay, "{notify:?}");
    assert_eq!((mail.from.ret_full, mail.from.envid.as_deref()), (Some(true), Some("env1")));
    assert_eq!(mail.to[0].orcpt.as_deref(), Some("rfc822;old@x.example"));
    for notify in [None, Some("NEVER"), Some("FAILURE,DELAY")] {
        assert!(success_by(false, notify, "sender@example.jp").await.0.is_empty(), "{notify:?}");
    }
    assert!(success_by(false, Some("SUCCESS"), "").await.0.is_empty(), "null sender");
}

/// Keeps a mail waiting for `hours` and gives what its sender was told meanwhile.
async fn told_while_waiting(hours: u64, change: impl FnOnce(&mut NewOutgoing, &mut Option<Duration>)) -> Vec<Received> {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.refuse("slow@x.example", &vec![refusal(451, (4, 7, 1), "greylisted"); 40]);
    let id = house.accept("person@example.jp").await;
    house.returned.lock().unwrap().insert(id, b"Subject: x\r\n\r\nPassword: secret\r\n".to_vec());
    let mut mail = house.outgoing(&["slow@x.example", "yes@x.example"]).await;
    mail.mail = Some(id);
    let mut parts = house.parts_by_smarthost(sink.address);
    change(&mut mail, &mut parts.timing.delay_notice);
    house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    let office = run(parts, 1);
    for tries in 1..=hours + 1 {
        let tried = || async { house.waiting().await.iter().any(|row| u64::from(row.1) == tries) };
        until("a try", tried).await;
        // Whatever is told of it is told now.
        until("told", || async { house.waiting().await.len() == 1 }).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.pass(Duration::from_secs(if tries > hours { 0 } else { 3600 + 400 }));
    }
    until("told", || async { house.waiting().await.len() == 1 }).await;
    office.stop().await;
    sink.received().into_iter().filter(|mail| mail.recipients() != ["yes@x.example"]).collect()
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_mail_that_takes_long_is_told_of_once_without_its_body() {
    assert!(told_while_waiting(3, |_, _| {}).await.is_empty(), "not in the first hours");
    let told = told_while_waiting(6, |_, _| {}).await;
    let [dsn] = &told[..] else { panic!("{} notifications", told.len()) };
    assert_eq!((dsn.from.address.as_str(), dsn.recipients()), ("", vec!["sender@example.jp"]));
    let text = String::from_utf8(dsn.octets.clone()).unwrap();
    for line in
        ["Final-Recipient: rfc822; slow@x.example", "Action: delayed", "Status: 4.7.1", "Auto-Submitted: auto-replied"]
    {
        assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    }
    assert!(!text.contains("yes@x.example") && !text.contains("Hello.") && !text.contains("secret"), "{text}");
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn who_does_not_want_to_hear_of_delays_does_not() {
    for notify in ["NEVER", "FAILURE", "SUCCESS"] {
        let told = told_while_waiting(5, |mail, _| mail.deliveries[0].notify = Some(notify.into())).await;
        assert!(told.is_empty(), "{notify}");
    }
    assert_eq!(told_while_waiting(5, |mail, _| mail.deliveries[0].notify = Some("DELAY".into())).await.len(), 1);
    assert!(told_while_waiting(5, |mail, _| mail.envelope_from.clear()).await.is_empty(), "null sender");
    assert!(told_while_waiting(5, |mail, _| mail.kind = OutgoingKind::Notice).await.is_empty(), "a notice");
    assert!(told_while_waiting(5, |_, after| *after = None).await.is_empty(), "switched off");
}

/// A mail and its deposit notice to the same people, one of them ten minutes after the other, if not together; what their sender was
/// told.
async fn mail_and_notice(mail_after: i64, notice_after: i64) -> Vec<String> {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.refuse("no@x.example", &vec![no_such_user(); 2]);
    sink.refuse("nor@x.example", &[no_such_user()]);
    let id = house.accept("person@example.jp").await;
    let mut mail = house.outgoing(&["no@x.example", "nor@x.example"]).await;
    (mail.mail, mail.due) = (Some(id), house.now().plus_seconds(mail_after));
    let mut notice = house.outgoing(&["No@X.example"]).await;
    sink.refuse("No@X.example", &[no_such_user()]);
    (notice.mail, notice.due) = (Some(id), house.now().plus_seconds(notice_after));
    notice.kind = OutgoingKind::DepositNotice;
    notice.told_to = Some("sender@example.jp".into());
    house.store.queue_outgoing(&[notice, mail], house.now()).await.unwrap();
    let office = run(house.parts_by_smarthost(sink.address), 1);
    until("all settled", || async {
        let done = quiet(&house).await && quiet(&house).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        house.pass(Duration::from_secs(61));
        done
    })
    .await;
    office.stop().await;
    sink.received().into_iter().map(|mail| String::from_utf8(mail.octets).unwrap()).collect()
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn who_turns_away_a_mail_and_its_deposit_notice_is_told_of_once() {
    let names =
        |text: &str| ["no@x", "nor@x"].map(|who| text.to_lowercase().contains(&format!("rfc822; {who}.example")));
    let told = mail_and_notice(0, 600).await;
    assert_eq!(told.len(), 1, "the mail first");
    assert_eq!(names(&told[0]), [true, true]);
    let told = mail_and_notice(600, 0).await;
    assert_eq!(told.len(), 2, "the notice first, and then who had none");
    assert_eq!((names(&told[0]), names(&told[1])), ([true, false], [false, true]));
    let told = mail_and_notice(0, 0).await;
    assert_eq!(told.len(), 1, "together, and it is the mail that is told of");
    assert_eq!(names(&told[0]), [true, true]);
}

/// As the exchange queues it: no mail is behind it, the row says who is told.
// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_deposit_notice_that_no_mail_caused_is_told_to_whom_its_row_names() {
    let house = House::new().await;
    let received = bounce_of(&house, |mail| {
        mail.kind = OutgoingKind::DepositNotice;
        mail.envelope_from = "fubako@files.example.jp".into();
        mail.told_to = Some("person@example.jp".into());
    })
    .await;
    let [bounce] = &received[..] else { panic!("{} bounces", received.len()) };
    assert_eq!((bounce.from.address.as_str(), bounce.recipients()), ("", vec!["person@example.jp"]));
    assert_eq!(parts(&bounce.octets)[3].0, "text/rfc822-headers", "the link is the recipient's own");
    assert!(!String::from_utf8(bounce.octets.clone()).unwrap().contains("Hello."));
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn a_failure_is_told_soon_and_once_while_another_recipient_is_still_tried() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let later = refusal(451, (4, 7, 1), "greylisted");
    sink.refuse("no@x.example", &[no_such_user()]);
    sink.refuse("nor@x.example", &[no_such_user()]);
    sink.refuse("slow@x.example", &[later.clone(), later, no_such_user()]);
    let mut mail = house.outgoing(&["no@x.example", "slow@x.example", "nor@x.example", "hush@x.example"]).await;
    sink.refuse("hush@x.example", &[no_such_user()]);
    mail.deliveries[3].notify = Some("NEVER".into());
    house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    let office = run(house.parts_by_smarthost(sink.address), 1);
    // The clock stands still: the slow one is not tried again meanwhile.
    until("the first bounce", || async { sink.received().len() == 1 && house.waiting().await.len() == 1 }).await;
    let about = |received: &Received| {
        let text = String::from_utf8(received.octets.clone()).unwrap();
        ["no@x", "nor@x", "slow@x", "hush@x"]
            .map(|who| text.contains(&format!("Final-Recipient: rfc822; {who}.example")))
    };
    assert_eq!(about(&sink.received()[0]), [true, true, false, false], "one for both");
    assert_eq!(house.waiting().await.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["slow@x.example"]);
    assert!(house.store.erasures(9).await.unwrap().is_empty(), "its content is still needed");
    for tries in [2, 3] {
        house.pass(Duration::from_secs(180));
        if tries == 2 {
            until("the next try", || async { house.waiting().await.iter().any(|row| row.1 == tries) }).await;
        }
    }
    until("all settled", || async { quiet(&house).await && quiet(&house).await }).await;
    office.stop().await;
    let received = sink.received();
    assert_eq!(received.len(), 2, "each is told once");
    assert_eq!(about(&received[1]), [false, false, true, false]);
    assert_eq!(house.store.erasures(9).await.unwrap().len(), 1);
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn two_offices_make_one_bounce() {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.refuse("no@x.example", &vec![no_such_user(); 40]);
    let mut second = house.parts_by_smarthost(sink.address);
    second.node = "second".into();
    let offices = [run(house.parts_by_smarthost(sink.address), 2), run(second, 2)];
    for _ in 0..30 {
        let id = house.accept("person@example.jp").await;
        let large = "0123456789abcdef\r\n".repeat(5000);
        house.returned.lock().unwrap().insert(id, format!("Subject: x\r\n\r\n{large}").into_bytes());
        let mut mail = house.outgoing(&["no@x.example"]).await;
        mail.mail = Some(id);
        house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    }
    until("all bounces", || async { sink.received().len() >= 30 && house.waiting().await.is_empty() }).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for office in offices {
        office.stop().await;
    }
    assert_eq!(sink.received().len(), 30);
    // Every object that is left is one that the store has given up: the losers' objects are deleted.
    assert_eq!(house.store.erasures(500).await.unwrap().len(), house.object_files());
}
