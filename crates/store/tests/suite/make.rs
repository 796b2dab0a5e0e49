//! Values for the cases.

use fubako_base::{
    Code, Timestamp,
    audit::{Actor, Event},
    ids::{DeliveryId, DepositId, LinkId, MailId, ObjectId, OutgoingId, SectionId},
    object::ObjectRef,
    section::{Access, Section, Settings},
};
use fubako_store::{
    Store,
    audit::Entry,
    deposits::{Deposit, DepositState, Depositor, File, Link},
    mails::{Ending, Mail, MailRecipient, NewMail, NotedDeposit},
    outbox::{Content, NewDelivery, NewOutgoing, Outcome, OutgoingKind},
    sections::Change,
};

/// A point in time that the cases count from, in seconds.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp(1_790_000_000_000_000).plus_seconds(seconds)
}

pub(crate) fn id(section: &str) -> SectionId {
    section.parse().unwrap()
}

pub(crate) fn section(name: &str) -> Section {
    Section {
        id: id(name),
        name: format!("{name} 株式会社"),
        enabled: true,
        mail_link: true,
        autopilot: false,
        domains: vec![format!("{name}.example"), format!("sub.{name}.example")],
        settings: Settings::default(),
    }
}

/// Something for the audit log, where what it is does not matter.
pub(crate) fn entry() -> Entry {
    Entry {
        section: id("acme"),
        event: Event::SettingsChanged,
        actor: Actor::Command("test".to_owned()),
        address: String::new(),
        object: String::new(),
        detail: [].into(),
        at: at(0),
    }
}

/// That a deposit's files go, for the audit log.
pub(crate) fn expired(section: &SectionId, deposit: DepositId) -> Entry {
    Entry { section: section.clone(), event: Event::FilesDeleted, object: deposit.to_string(), ..entry() }
}

/// Makes the section `acme`.
pub(crate) async fn acme(store: &Store) {
    store.apply(&[Change::PutSection(Box::new(section("acme")))], &[], at(0)).await.unwrap();
}

pub(crate) fn object() -> ObjectRef {
    let id = ObjectId::generate();
    ObjectRef {
        id,
        section: "acme".parse().unwrap(),
        wrapped_key: format!("wrapped key of {id}").into_bytes(),
        length: 1234,
    }
}

pub(crate) fn mail() -> NewMail {
    NewMail {
        id: MailId::generate(),
        section: id("acme"),
        spool: object(),
        envelope_from: "taro@acme.example".to_owned(),
        peer: "192.0.2.1".to_owned(),
        received_field: "from mx.acme.example by us".to_owned(),
        smtputf8: true,
        ret_full: Some(false),
        envid: Some("QQ314159".to_owned()),
        recipients: vec![
            MailRecipient {
                address: "hanako@example.com".to_owned(),
                notify: Some("SUCCESS,FAILURE".to_owned()),
                orcpt: Some("rfc822;hanako@example.com".to_owned()),
            },
            MailRecipient { address: "次郎@例え.jp".to_owned(), notify: None, orcpt: None },
        ],
        received_at: at(0),
        results_field: "Authentication-Results: gw; spf=pass\r\n".to_owned(),
        fingerprint: None,
    }
}

/// Accepts a mail and leases it to `w`.
pub(crate) async fn leased(store: &Store) -> Mail {
    store.accept_mail(&mail()).await.unwrap();
    store.lease_mail("w", at(0), at(60)).await.unwrap().unwrap()
}

pub(crate) fn delivery(recipient: &str) -> NewDelivery {
    NewDelivery { id: DeliveryId::generate(), recipient: recipient.to_owned(), notify: None, orcpt: None }
}

pub(crate) fn outgoing(kind: OutgoingKind, recipients: &[&str]) -> NewOutgoing {
    NewOutgoing {
        id: OutgoingId::generate(),
        section: id("acme"),
        kind,
        mail: None,
        envelope_from: "taro@acme.example".to_owned(),
        prefix: b"DKIM-Signature: v=1\r\n".to_vec(),
        content: Content::Object(object()),
        size: 999,
        smtputf8: false,
        ret_full: None,
        envid: None,
        told_to: None,
        deliveries: recipients.iter().map(|recipient| delivery(recipient)).collect(),
        due: at(0),
    }
}

pub(crate) fn notice() -> NewOutgoing {
    NewOutgoing {
        content: Content::Inline(b"sealed notice".to_vec()),
        ..outgoing(OutgoingKind::Notice, &["taro@acme.example"])
    }
}

/// A mail that is accepted, leased and queued for these recipients.
pub(crate) async fn relayed(store: &Store, recipients: &[&str]) -> (Mail, NewOutgoing) {
    let mail = leased(store).await;
    let out = outgoing(OutgoingKind::Relay, recipients);
    store.queue_mail(mail.accepted.id, "w", &out, at(0)).await.unwrap();
    (mail, out)
}

pub(crate) fn ending(held: bool, codes: &[Code], cause: &str, notice: Option<&NewOutgoing>) -> Ending {
    Ending { held, codes: codes.to_vec(), cause: cause.to_owned(), notice: notice.cloned() }
}

pub(crate) fn delivered() -> Outcome {
    Outcome::Delivered { reply: "250 2.0.0 ok".to_owned(), remote: "mx.example.com".to_owned(), relayed: false }
}

pub(crate) fn failed() -> Outcome {
    Outcome::Failed { reply: "550 5.1.1 no such user".to_owned(), remote: None }
}

pub(crate) fn again(seconds: i64) -> Outcome {
    Outcome::Retry { at: at(seconds), reply: "451 4.3.0 later".to_owned(), remote: Some("mx.example.com".to_owned()) }
}

/// Takes the round that is due at `now` and lets each of its deliveries end so.
pub(crate) async fn deliver(store: &Store, now: i64, outcome: &Outcome) {
    let round = store.lease_round("p", at(now), at(now + 60)).await.unwrap().unwrap();
    let outcomes: Vec<_> = round.deliveries.iter().map(|d| (d.queued.id, outcome.clone())).collect();
    store.record_outcomes("p", &outcomes, at(now)).await.unwrap();
}

/// What is noted of a mail's deposit.
pub(crate) fn noted(deposit: DepositId, approval: bool) -> NotedDeposit {
    NotedDeposit { deposit, approval, with_password: true }
}

pub(crate) fn deposit(key: &str, file_count: u32) -> Deposit {
    Deposit {
        id: DepositId::generate(),
        section: id("acme"),
        key: key.to_owned(),
        request_digest: vec![7; 32],
        state: DepositState::Open,
        depositor: Some(Depositor { login_id: "taro".to_owned(), member: None, as_default_user: false }),
        sender_address: "taro@acme.example".to_owned(),
        sender_name: "山田太郎".to_owned(),
        subject: "見積書".to_owned(),
        lang: None,
        message: String::new(),
        by_person: false,
        sealed_password: None,
        access: Access::default(),
        password_hash: Some("$argon2id$v=19$…".to_owned()),
        recipients: vec!["hanako@example.com".to_owned(), "jiro@example.com".to_owned()],
        file_count,
        message_id: None,
        approval: None,
        created_at: at(0),
        sent_at: None,
        expires_at: None,
    }
}

pub(crate) fn file(deposit: DepositId, number: u32) -> File {
    File {
        deposit,
        number,
        name: "表計算 \"q\" <b>.xlsx".to_owned(),
        media_type: "application/octet-stream".to_owned(),
        sha256: [9; 32],
        crc32: u32::MAX,
        unchecked: None,
        object: object(),
        put_at: at(1),
    }
}

pub(crate) fn link(deposit: DepositId, recipient: &str, token: u8) -> Link {
    Link {
        id: LinkId::generate(),
        deposit,
        recipient: recipient.to_owned(),
        address: recipient.to_lowercase(),
        token_hash: [token; 32],
        failures: 0,
        next_try_at: None,
        cancelled_at: None,
    }
}

/// A deposit of one file that was sent to one recipient, until `at(1000)`.
pub(crate) async fn sent(store: &Store, key: &str, token: u8) -> (Deposit, File, Link) {
    let (deposit, _) = store.begin_deposit(&deposit(key, 1)).await.unwrap();
    let (file, _) = store.keep_file(&file(deposit.id, 1)).await.unwrap();
    let link = link(deposit.id, "hanako@example.com", token);
    let notices = [outgoing(OutgoingKind::DepositNotice, &["hanako@example.com"])];
    assert!(
        store.send_deposit(deposit.id, at(1000), std::slice::from_ref(&link), &notices, &entry(), at(2)).await.unwrap()
    );
    (deposit, file, link)
}
