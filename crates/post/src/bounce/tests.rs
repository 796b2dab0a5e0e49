#![allow(clippy::unwrap_used, clippy::panic)]

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
        relayed: false,
        told_at: None,
        delay_told_at: None,
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

/// The notification of whatever of the round can be told.
fn told(round: &Round, news: News, sent: &Sent, head: &Letterhead, whole: bool) -> StatusNotification {
    let case = Case { round, news, named: news.untold(round, Timestamp(i64::MAX)).collect() };
    notification(&case, "s@example.jp", sent, head, whole, "i@h".into(), Timestamp(0))
}

// spec: MAIL-BOUNCE
#[test]
fn senders_hear_what_they_asked_for() {
    let until = Timestamp(0);
    for (notify, failed, relayed, delayed) in [
        (None, true, false, true),
        (Some("rubbish"), true, false, true),
        (Some("NEVER"), false, false, false),
        (Some("SUCCESS"), false, true, false),
        (Some("FAILURE"), true, false, false),
        (Some("DELAY"), false, false, true),
        (Some("success,failure,delay"), true, true, true),
    ] {
        let mut one = delivery("a@b", DeliveryState::Queued, "451 4.1.1 no", None);
        one.queued.notify = notify.map(str::to_owned);
        let wanted = [News::Failed, News::Relayed, News::Delayed(until)].map(|news| news.is_wanted(&one));
        assert_eq!(wanted, [failed, relayed, delayed], "{notify:?}");
    }
    for kind in [OutgoingKind::Bounce, OutgoingKind::Notice] {
        assert!(
            ![News::Failed, News::Relayed, News::Delayed(until)].iter().any(|news| news.concerns(kind)),
            "{kind:?}"
        );
    }
    assert!(News::Failed.concerns(OutgoingKind::DepositNotice));
    assert!(!News::Delayed(until).concerns(OutgoingKind::DepositNotice));
}

// spec: MAIL-BOUNCE
#[test]
fn each_thing_is_told_of_the_deliveries_that_it_is_about() {
    let queued_at = Timestamp(1_790_000_000_000_000);
    let relayed = Delivery { relayed: true, ..delivery("r", DeliveryState::Delivered, "250 ok", Some("mx")) };
    let late = delivery("l", DeliveryState::Queued, "451 later", None);
    let all = vec![
        delivery("f", DeliveryState::Failed, "550 no", None),
        Delivery { told_at: Some(queued_at), ..delivery("F", DeliveryState::Failed, "550 no", None) },
        delivery("d", DeliveryState::Delivered, "250 ok", Some("mx")),
        relayed.clone(),
        Delivery { told_at: Some(queued_at), ..relayed },
        delivery("s", DeliveryState::Stopped, "", None),
        Delivery { attempts: 0, ..late.clone() },
        Delivery { delay_told_at: Some(queued_at), ..late.clone() },
        late,
    ];
    let round = round(OutgoingKind::Relay, all);
    let about = |news: News, since: Timestamp| {
        news.untold(&round, since).map(|delivery| delivery.queued.recipient.clone()).collect::<String>()
    };
    assert_eq!(about(News::Failed, queued_at), "f");
    assert_eq!(about(News::Relayed, queued_at), "r");
    assert_eq!(about(News::Delayed(queued_at), queued_at), "l");
    assert_eq!(about(News::Delayed(queued_at), Timestamp(queued_at.0 - 1)), "", "not yet late");
}

// spec: MAIL-BOUNCE
#[test]
fn other_news_says_so_to_machine_and_person_and_gives_no_body_back() {
    let taken = Delivery {
        relayed: true,
        ..delivery("a@example.com", DeliveryState::Delivered, "250 2.0.0 ok", Some("mx.example.com"))
    };
    let late = delivery("b@example.com", DeliveryState::Queued, "451 4.4.1 no connection", None);
    let round = round(OutgoingKind::Relay, vec![taken, late]);
    let row = |dsn: &StatusNotification| {
        let [row] = &dsn.recipients[..] else { panic!("{:?}", dsn.recipients) };
        (row.recipient.clone(), row.action, row.status.clone())
    };
    let dsn = told(&round, News::Relayed, &Sent::default(), &head(), false);
    assert_eq!(row(&dsn), ("a@example.com".into(), "relayed", "2.1.9".into()));
    assert_eq!(dsn.mail.subject, "【中継済み】(件名なし)");
    assert!(dsn.mail.text.contains("mx.example.com") && !dsn.mail.text.contains("b@example.com"), "{}", dsn.mail.text);

    let dsn = told(&round, News::Delayed(Timestamp(1_790_400_000_000_000)), &Sent::default(), &head(), false);
    assert_eq!(row(&dsn), ("b@example.com".into(), "delayed", "4.4.1".into()));
    assert_eq!(dsn.mail.subject, "【配信遅延】(件名なし)");
    let said = &dsn.mail.text;
    assert!(said.contains("451 4.4.1 no connection") && !said.contains("a@example.com"), "{said}");
    assert_eq!(said.matches("2026-09-26 14:20:00 +09:00").count(), 2, "until when, in both languages: {said}");
    assert!(matches!(dsn.returned, Returned::Header(_)));
    for lang in Lang::ALL {
        for id in ["relayed-subject", "relayed-intro", "relayed-to", "delayed-subject", "delayed-intro"] {
            assert!(fubako_base::lang::has_text(lang, id), "{id}");
        }
    }
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
    let dsn = told(&round(OutgoingKind::Relay, failed), News::Failed, &Sent::default(), &head(), false);
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
    let dsn = told(&one, News::Failed, &sent, &head(), true);
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
    let dsn = told(&one, News::Failed, &Sent::default(), &english, false);
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
            let id = reason((subject, detail));
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
