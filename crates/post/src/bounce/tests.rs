#![allow(clippy::unwrap_used)]

use fubako_base::ids::{DeliveryId, MailId, OutgoingId};
use fubako_store::outbox::{Content, NewDelivery, NewOutgoing};

use super::*;

fn round(kind: OutgoingKind, deliveries: Vec<Delivery>) -> Round {
    let outgoing = NewOutgoing {
        id: OutgoingId::generate(),
        section: "acme".parse().unwrap(),
        kind,
        mail: Some(MailId::generate()),
        envelope_from: "sender@example.jp".into(),
        prefix: Vec::new(),
        content: Content::Inline(Vec::new()),
        size: 0,
        smtputf8: false,
        ret_full: None,
        envid: Some("q+2B1+20x".into()),
        told_to: None,
        deliveries: Vec::new(),
        due: Timestamp(0),
    };
    Round { outgoing, deliveries }
}

fn delivery(recipient: &str, state: DeliveryState, reply: &str, remote: Option<&str>) -> Delivery {
    Delivery {
        queued: NewDelivery { id: DeliveryId::generate(), recipient: recipient.into(), notify: None, orcpt: None },
        state,
        attempts: 1,
        queued_at: Timestamp(1_790_000_000_000_000),
        last_reply: Some(reply.into()),
        remote: remote.map(str::to_owned),
        told_at: None,
    }
}

fn head() -> Letterhead {
    Letterhead {
        brand: "文箱".into(),
        from: "postmaster@gw.example.jp".into(),
        hostname: "gw.example.jp".into(),
        time_zone: "Asia/Tokyo".into(),
        language: NoticeLanguage::Auto,
    }
}

// spec: MAIL-BOUNCE
#[test]
fn only_failures_that_were_not_hushed_are_told() {
    let with = |state, notify: Option<&str>| {
        let mut one = delivery("a@b", state, "550 5.1.1 no", None);
        one.queued.notify = notify.map(str::to_owned);
        one
    };
    let told = |delivery| !to_tell(&round(OutgoingKind::Relay, vec![delivery])).is_empty();
    assert!(told(with(DeliveryState::Failed, None)));
    assert!(told(with(DeliveryState::Failed, Some("FAILURE,DELAY"))));
    assert!(told(with(DeliveryState::Failed, Some("rubbish"))));
    assert!(!told(with(DeliveryState::Failed, Some("NEVER"))));
    assert!(!told(with(DeliveryState::Failed, Some("SUCCESS"))));
    assert!(!told(with(DeliveryState::Delivered, None)));
    assert!(!told(with(DeliveryState::Stopped, None)));
    assert!(!may_bounce(OutgoingKind::Bounce) && !may_bounce(OutgoingKind::Notice));
}

// spec: MAIL-BOUNCE
#[test]
fn the_machine_part_says_what_the_host_said() {
    let failed = vec![
        delivery("a@example.com", DeliveryState::Failed, "550 5.1.1 User unknown", Some("mx.example.com")),
        delivery("b@example.com", DeliveryState::Failed, "mx.example.com: 554 gone away", Some("mx.example.com")),
        delivery("c@nowhere.example", DeliveryState::Failed, "550 5.1.2 the domain does not exist", None),
        delivery(
            "d@example.com",
            DeliveryState::Failed,
            "550 5.4.7 time is up; 451 4.7.1 later",
            Some("mx.example.com"),
        ),
        delivery("e@example.com", DeliveryState::Delivered, "250 ok", Some("mx.example.com")),
    ];
    let dsn = notification(
        &round(OutgoingKind::Relay, failed),
        "s@example.jp",
        &Sent::default(),
        &head(),
        false,
        "i@h".into(),
        Timestamp(0),
    );
    let rows: Vec<_> = dsn
        .recipients
        .iter()
        .map(|row| {
            (
                row.recipient.as_str(),
                row.action,
                row.status.as_str(),
                row.remote_mta.as_deref(),
                row.diagnostic.as_deref(),
            )
        })
        .collect();
    let mx = Some("mx.example.com");
    assert_eq!(
        rows,
        [
            ("a@example.com", "failed", "5.1.1", mx, Some("smtp; 550 5.1.1 User unknown")),
            ("b@example.com", "failed", "5.0.0", mx, Some("smtp; 554 gone away")),
            ("c@nowhere.example", "failed", "5.1.2", None, None),
            ("d@example.com", "failed", "5.4.7", mx, Some("smtp; 550 5.4.7 time is up; 451 4.7.1 later")),
        ]
    );
    assert_eq!(dsn.envelope_id.as_deref(), Some("q+1 x"));
    assert_eq!(dsn.arrival_date, "Mon, 21 Sep 2026 23:13:20 +0900");
    assert!(dsn.mail.is_reply && dsn.mail.html.is_none());
    assert!(matches!(dsn.returned, Returned::Header(_)));
}

// spec: MAIL-BOUNCE, X-LANG
#[test]
fn the_human_part_is_in_peoples_words_japanese_first() {
    let sent =
        Sent { subject: Some("見積\r\nの件".into()), message_id: Some("m@example.jp".into()), header: Vec::new() };
    let failed = vec![delivery("a@example.com", DeliveryState::Failed, "552 5.2.2 over quota", Some("mx.example.com"))];
    let one = round(OutgoingKind::Relay, failed);
    let dsn = notification(&one, "s@example.jp", &sent, &head(), true, "i@h".into(), Timestamp(0));
    let said = &dsn.mail.text;
    let (ja, en) = (said.find("メールボックスがいっぱい").unwrap(), said.find("mailbox is full").unwrap());
    assert!(ja < en, "{said}");
    for part in [
        "a@example.com",
        "mx.example.com",
        "552 5.2.2 over quota",
        "見積の件",
        &one.outgoing.mail.unwrap().to_string(),
        "2026-09-21 23:13:20 +09:00",
    ] {
        assert_eq!(said.matches(part).count(), 2, "{part} in {said}");
    }
    assert_eq!(dsn.mail.subject, "【配信不能】見積の件");
    assert_eq!(dsn.mail.in_reply_to.as_deref(), Some("m@example.jp"));
    assert_eq!(dsn.mail.languages, ["ja", "en"]);
    assert!(!said.contains("bounce-"), "a text is missing: {said}");

    let english = Letterhead { language: NoticeLanguage::En, ..head() };
    let dsn = notification(&one, "s@example.jp", &Sent::default(), &english, false, "i@h".into(), Timestamp(0));
    assert!(dsn.mail.text.is_ascii(), "{}", dsn.mail.text);
    assert_eq!(dsn.mail.subject, "[Not delivered] (no subject)");
}

// spec: X-LANG
#[test]
fn every_text_is_there_in_both_languages() {
    let reasons = [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 10),
        (2, 1),
        (2, 2),
        (2, 3),
        (3, 4),
        (4, 1),
        (4, 4),
        (4, 6),
        (4, 7),
        (6, 7),
        (7, 1),
        (0, 0),
        (9, 9),
    ];
    for lang in Lang::ALL {
        for (subject, detail) in reasons {
            let id = reason((5, subject, detail));
            assert!(fubako_base::lang::has_text(lang, id), "{id}");
        }
        for id in [
            "subject",
            "no-subject",
            "intro",
            "intro-deposit",
            "recipient",
            "said",
            "cause",
            "others",
            "mail-subject",
            "mail-time",
            "reference",
            "attached-mail",
            "attached-header",
        ] {
            assert!(fubako_base::lang::has_text(lang, &format!("bounce-{id}")), "{id}");
        }
    }
}

#[test]
fn xtext_that_is_not_plain_stays_as_given() {
    assert_eq!(from_xtext("abc"), "abc");
    assert_eq!(from_xtext("a+3Db"), "a=b");
    for odd in ["a+", "a+zz", "a+0Ab", "a+E3+81"] {
        assert_eq!(from_xtext(odd), odd);
    }
}
