//! The operator's pages of the mail queue.

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, SectionId},
};
use fubako_exchange::{
    audit::Line,
    queue::{History, QueueRow},
};
use fubako_web::pages::{
    Frame,
    account::Done,
    operator::queue::{Act, Asked, Hindrance, QueueList, ask, queue, row},
};

const ZONE: &str = "Asia/Tokyo";

/// A mail of a section, and one of its deliveries.
fn mail(now: Timestamp, state: &str, reason: Option<&str>) -> [QueueRow; 2] {
    let (mail, delivery) = (MailId::generate(), DeliveryId::generate());
    let whole = QueueRow {
        id: mail.to_string(),
        kind: "mail",
        section: SectionId::installation(),
        stage: state.to_owned(),
        state: state.to_owned(),
        from: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        to: vec!["hanako.suzuki@example.co.jp".to_owned(), "keiri@example.co.jp".to_owned()],
        size: 4_321_000,
        since: now.plus_seconds(-5_000),
        attempts: 3,
        next_at: (state == "received").then(|| now.plus_seconds(300)),
        ended_at: None,
        reason: reason.map(str::to_owned),
        mail: Some(mail),
        outgoing: None,
        delivery: None,
    };
    let part = QueueRow {
        id: delivery.to_string(),
        kind: "delivery",
        stage: "relay".to_owned(),
        state: "queued".to_owned(),
        to: whole.to[..1].to_vec(),
        next_at: Some(now.plus_seconds(600)),
        reason: Some("451 4.4.1 connection failed: Connection refused".to_owned()),
        delivery: Some(delivery),
        ..whole.clone()
    };
    [whole, part]
}

/// Somebody tried it again.
fn tried(now: Timestamp) -> Line {
    Line {
        number: 1,
        at: now,
        event: "mail-retried".to_owned(),
        actor_kind: "operator".to_owned(),
        actor: "root".to_owned(),
        address: "192.0.2.1".to_owned(),
        object: String::new(),
        detail: "{}".to_owned(),
        hash: [0; 32],
    }
}

/// Every state of them.
pub(crate) fn pages(frame: &Frame, now: Timestamp) -> Vec<(&'static str, String)> {
    let [held, late] = mail(now, "held", Some("ambiguous: Content-Type stands twice"));
    let [waits, _] = mail(now, "received", Some("exchange-unavailable: 503"));
    let [stopped, _] = mail(now, "stopped", Some("ambiguous: Content-Type stands twice"));
    let nobody =
        QueueRow { from: String::new(), stage: "bounce".to_owned(), attempts: 0, reason: None, ..late.clone() };
    let list = |rows: Vec<QueueRow>, next: Option<&str>| QueueList {
        asked: Asked { section: String::new(), state: if next.is_some() { "held".to_owned() } else { String::new() } },
        rows,
        next: next.map(str::to_owned),
        first: next.is_none(),
        sections: vec!["acme".to_owned(), "sakura".to_owned()],
        zone: ZONE.to_owned(),
    };
    let history = History { deliveries: vec![late.clone()], lines: vec![tried(now)] };
    let one = |of: &QueueRow, said| row(frame, of, &history, ZONE, said, now);
    vec![
        ("queue", queue(frame, &list(vec![held.clone(), waits.clone(), late.clone(), nobody], None), now)),
        ("queue-more", queue(frame, &list(vec![held.clone()], Some("1_x")), now)),
        ("queue-none", queue(frame, &list(Vec::new(), None), now)),
        ("queue-held", one(&held, (Some(Done::MailRetried), None))),
        ("queue-delivery", one(&late, (None, None))),
        ("queue-links-out", one(&waits, (None, Some(Hindrance::LinksOut)))),
        ("queue-stopped", one(&stopped, (Some(Done::MailStopped), None))),
        ("queue-gone", one(&stopped, (None, Some(Hindrance::Nothing)))),
        ("queue-retry", ask(frame, &held, Act::Retry, "k")),
        ("queue-stop", ask(frame, &late, Act::Stop, "k")),
    ]
}
