//! One mail's way with real parts: SQLite, a folder vault, the exchange behind its own router. What a crash, a lost lease or
//! an exchange that is away may not do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod names;

use std::{
    future::Future as _,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::Request, http::StatusCode, middleware::Next, response::IntoResponse as _};
use bytes::Bytes;
use fubako_api::{Client, Transport};
use fubako_base::{
    audit::{Actor, Event},
    ids::MailId,
    section::{Access, MOST_CHARACTERS, Section, Settings, Way},
};
use fubako_gateway::{
    Gateway,
    receive::{Receiver, ReceiverParts},
    worker,
};
use fubako_mail::reader::Limits;
use fubako_mail::{outline::Encoding, transfer::Decoder};
use fubako_post::keyring::Keyring;
use fubako_smtp::server::{Handler as _, MailFrom, Peer, RcptTo, Transaction as _};
use fubako_store::{
    audit::Entry,
    mails::{Mail, MailState},
    outbox::{Content, NewOutgoing, OutgoingKind},
    sections::{Change, User},
};
use fubako_testkit::{DEFAULT_USER, section};
use fubako_vault::scanner::Scanner;
use fubako_web::api::{GatewayTokens, router_on};
use futures::StreamExt as _;

const TOKEN: &str = "a token of at least thirty-two characters";

struct House {
    house: fubako_testkit::house::House,
    gateway: Gateway,
    receiver: Receiver,
    /// Whether the exchange answers.
    open: Arc<AtomicBool>,
}

impl Deref for House {
    type Target = fubako_testkit::house::House;
    fn deref(&self) -> &fubako_testkit::house::House {
        &self.house
    }
}

async fn house(settings: Settings) -> House {
    let section = Section { settings, ..section("acme") };
    let house = fubako_testkit::house::House::with(Scanner::None, section).await;
    let keyring = Keyring::new(house.store.clone(), house.vault.clone(), "gateway.example");
    keyring.ensure_installation_keys(house.now()).await.unwrap();
    let open = Arc::new(AtomicBool::new(true));
    let router = router_on(house.exchange.clone(), GatewayTokens::new([TOKEN]), house.clock.hands());
    let router = with_a_door(router, open.clone());
    let gateway = Gateway {
        store: house.store.clone(),
        vault: house.vault.clone(),
        exchange: Client::new(Transport::InProcess { router }, TOKEN),
        signer_for: Arc::new(move |section, domain| {
            let keyring = keyring.clone();
            Box::pin(async move { keyring.signer_for(&section, &domain).await.map_err(|e| e.to_string()) })
        }),
        brand: house.exchange.brand().to_owned(),
        hostname: "gateway.example".to_owned(),
        notice_from: "no-reply@files.example".to_owned(),
        limits: Limits::default(),
        give_up_after: 3600,
        clock: house.clock.hands(),
        wake_post: Arc::new(|| {}),
    };
    let receiver = Receiver::new(ReceiverParts {
        store: house.store.clone(),
        vault: house.vault.clone(),
        dns: Arc::new(names::Names::of_acme()),
        hostname: "gateway.example".to_owned(),
        limits: fubako_gateway::receive::Limits::default(),
        wake: Arc::default(),
        clock: house.clock.hands(),
    });
    House { house, gateway, receiver, open }
}

/// The exchange's router behind a door that can be shut: then it answers 503 as an exchange that is away does.
fn with_a_door(router: Router, open: Arc<AtomicBool>) -> Router {
    router.layer(axum::middleware::from_fn(move |request: Request, next: Next| {
        let open = open.load(Ordering::SeqCst);
        async move { if open { next.run(request).await } else { StatusCode::SERVICE_UNAVAILABLE.into_response() } }
    }))
}

const MAIL: &str = "From: =?UTF-8?B?55Sw5Lit?= <tanaka@acme.example>\r\nTo: suzuki@recipient.example\r\nSubject: report\r\n\
    Message-ID: <1@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nsee the files\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=b.pdf\r\n\r\nthe second\r\n--b--\r\n";

impl House {
    /// Sends a mail in pieces of `size` octets; the final reply.
    async fn send(&self, mail: &str, size: usize) -> fubako_smtp::Reply {
        let peer = Peer {
            address: "127.0.0.1:9".parse().unwrap(),
            helo: "mx.acme.example".into(),
            protocol: "ESMTPS",
            tls: None,
        };
        let from = MailFrom { address: "tanaka@acme.example".into(), ..MailFrom::default() };
        let mut incoming = match self.receiver.mail(&peer, &from).await {
            Ok(incoming) => incoming,
            Err(reply) => return reply,
        };
        for to in ["suzuki@recipient.example", "hidden@recipient.example"] {
            incoming.rcpt(&RcptTo { address: to.into(), ..RcptTo::default() }).await.unwrap();
        }
        for piece in mail.as_bytes().chunks(size) {
            if let Err(reply) = incoming.chunk(Bytes::copy_from_slice(piece)).await {
                return reply;
            }
        }
        incoming.finish().await
    }

    async fn lease(&self, worker: &str) -> Option<Mail> {
        let now = self.now();
        self.store.lease_mail(worker, now, now.plus_seconds(9)).await.unwrap()
    }

    async fn accepted(&self) -> Mail {
        let reply = self.send(MAIL, 7).await;
        assert_eq!(reply.code, 250, "{reply}");
        self.lease("one").await.unwrap()
    }

    async fn state(&self, id: MailId) -> MailState {
        self.store.mail(id).await.unwrap().unwrap().state
    }

    /// Everything that waits to go out.
    async fn outbox(&self) -> Vec<NewOutgoing> {
        let mut found = Vec::new();
        let now = self.now();
        while let Some(round) = self.store.lease_round("reader", now, now.plus_seconds(3600)).await.unwrap() {
            found.push(round.outgoing);
        }
        found
    }

    async fn words(&self, outgoing: &NewOutgoing) -> String {
        self.raw(outgoing).await.replace("=\r\n", "").replace("=3D", "=")
    }

    async fn raw(&self, outgoing: &NewOutgoing) -> String {
        let octets = match &outgoing.content {
            Content::Inline(sealed) => {
                let context = format!("outgoing/{}", outgoing.id);
                self.vault.open_value(&outgoing.section, &context, sealed).await.unwrap()
            }
            Content::Object(object) => {
                let reader = self.vault.open(object).await.unwrap();
                let pieces: Vec<_> = reader.read(0..reader.length()).collect().await;
                pieces.into_iter().flat_map(|p| p.unwrap().to_vec()).collect()
            }
        };
        String::from_utf8(octets).unwrap()
    }
}

fn of_kind(outbox: &[NewOutgoing], kind: OutgoingKind) -> Vec<&NewOutgoing> {
    outbox.iter().filter(|o| o.kind == kind).collect()
}

// spec: MAIL-DEPOSIT MAIL-SIGN MAIL-RELAY X-NOTICE
#[tokio::test]
async fn a_mail_is_deposited_composed_and_queued_with_a_notice_a_recipient() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    house.gateway.handle(&mail, "one").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Relaying);
    let outbox = house.outbox().await;
    let [relay] = of_kind(&outbox, OutgoingKind::Relay)[..] else { panic!("one mail goes on") };
    assert_eq!(of_kind(&outbox, OutgoingKind::DepositNotice).len(), 2);
    assert_eq!(String::from_utf8_lossy(&relay.prefix).matches("DKIM-Signature:").count(), 2);
    let words = house.words(relay).await;
    assert!(
        words.contains("see the files") && !words.contains("JVBERi0xLjQK") && !words.contains("hidden@"),
        "{words}"
    );
    assert_eq!(relay.size, (words_len(&house, relay).await + relay.prefix.len()) as u64);
}

async fn words_len(house: &House, outgoing: &NewOutgoing) -> usize {
    match &outgoing.content {
        Content::Inline(sealed) => {
            let context = format!("outgoing/{}", outgoing.id);
            house.vault.open_value(&outgoing.section, &context, sealed).await.unwrap().len()
        }
        Content::Object(object) => usize::try_from(object.length).unwrap(),
    }
}

// spec: RCV-DURABLE MAIL-DEPOSIT
#[tokio::test]
async fn a_worker_that_dies_anywhere_is_followed_by_one_that_does_it_once() {
    // The work is dropped after each number of polls: as if the process died there. Another worker then takes it up.
    let (mut polls, mut ended) = (0, false);
    while !ended {
        let house = house(Settings::default()).await;
        let mail = house.accepted().await;
        {
            let mut work = Box::pin(house.gateway.handle(&mail, "one"));
            let mut left = polls;
            ended = futures::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(false);
                }
                left -= 1;
                work.as_mut().poll(context).map(|_| true)
            })
            .await;
        }
        house.pass_seconds(10);
        if let Some(again) = house.lease("two").await {
            house.gateway.handle(&again, "two").await.unwrap();
        }
        assert_eq!(house.state(mail.accepted.id).await, MailState::Relaying, "after {polls} polls");
        let outbox = house.outbox().await;
        assert_eq!(of_kind(&outbox, OutgoingKind::Relay).len(), 1, "after {polls} polls");
        assert_eq!(of_kind(&outbox, OutgoingKind::DepositNotice).len(), 2, "after {polls} polls");
        polls += 1;
    }
    assert!(polls > 10, "the work was hardly interrupted: {polls} polls");
}

// spec: RCV-DURABLE
#[tokio::test]
async fn a_mail_that_ends_every_process_is_held() {
    let house = house(Settings::default()).await;
    let reply = house.send(MAIL, 7).await;
    assert_eq!(reply.code, 250, "{reply}");
    for _ in 0..20 {
        house.lease("died").await.unwrap();
        house.pass_seconds(10);
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(worker::run(house.gateway.clone(), 1, Arc::default(), stopped));
    let id = house.store.queue(1).await.unwrap()[0].mail.unwrap();
    for _ in 0..500 {
        if house.state(id).await == MailState::Held {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(house.state(id).await, MailState::Held);
    stop.send(true).unwrap();
    running.await.unwrap();
    let outbox = house.outbox().await;
    assert_eq!((outbox.len(), outbox[0].kind), (1, OutgoingKind::Notice));
    // It is kept, and taken up again by hand it has a way like any other.
    let entry = Entry {
        section: "acme".parse().unwrap(),
        event: Event::MailRetried,
        actor: Actor::Command("test".to_owned()),
        address: String::new(),
        object: id.to_string(),
        detail: [].into(),
        at: house.now(),
    };
    assert!(house.store.queue_retry(&id.to_string(), &entry, house.now()).await.unwrap());
    let again = house.lease("mended").await.unwrap();
    house.gateway.handle(&again, "mended").await.unwrap();
    assert_eq!(house.state(id).await, MailState::Relaying);
}

// spec: MAIL-DEPOSIT KEEP-DELETE
#[tokio::test]
async fn what_was_put_for_a_mail_that_is_stopped_is_taken_back() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    // It dies with a file in, and before the deposit is noted.
    let deposited =
        || async { house.store.deposit_by_key(&mail.accepted.section, &mail.accepted.id.to_string()).await };
    {
        let mut work = Box::pin(house.gateway.handle(&mail, "one"));
        while house.objects().len() < 2 {
            let polled = futures::future::poll_fn(|context| std::task::Poll::Ready(work.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "the mail was handled before it could be killed");
            tokio::task::yield_now().await;
        }
    }
    assert!(deposited().await.unwrap().is_some());
    house.put_section(Section { mail_link: false, ..section("acme") }).await;
    house.pass_seconds(10);
    let again = house.lease("two").await.unwrap();
    house.gateway.handle(&again, "two").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Stopped);
    assert!(deposited().await.unwrap().is_none());
    // A worker that comes back late takes nothing back: another may be filling it.
    assert!(house.gateway.handle(&mail, "one").await.is_err());
}

// spec: RCV-DURABLE
#[tokio::test]
async fn a_worker_whose_lease_ran_out_commits_nothing() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    house.pass_seconds(10);
    let again = house.lease("two").await.unwrap();
    assert!(house.gateway.handle(&mail, "one").await.is_err());
    house.gateway.handle(&again, "two").await.unwrap();
    let outbox = house.outbox().await;
    assert_eq!(of_kind(&outbox, OutgoingKind::Relay).len(), 1);
    assert_eq!(of_kind(&outbox, OutgoingKind::DepositNotice).len(), 2);
}

// spec: MAIL-DEPOSIT
#[tokio::test]
async fn a_name_of_any_length_stops_no_mail() {
    let house = house(Settings::default()).await;
    let name = "x".repeat(MOST_CHARACTERS as usize + 1);
    let reply = house.send(&MAIL.replace("=?UTF-8?B?55Sw5Lit?=", &name), 999).await;
    assert_eq!(reply.code, 250, "{reply}");
    let mail = house.lease("one").await.unwrap();
    house.gateway.handle(&mail, "one").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Relaying);
    let (section, key) = (&mail.accepted.section, mail.accepted.id.to_string());
    let deposit = house.store.deposit_by_key(section, &key).await.unwrap().unwrap();
    assert_eq!(deposit.sender_name, name[1..]);
}

// spec: MAIL-DEPOSIT
#[tokio::test]
async fn an_exchange_that_is_away_is_waited_for() {
    let house = house(Settings::default()).await;
    house.open.store(false, Ordering::SeqCst);
    let mail = house.accepted().await;
    house.gateway.handle(&mail, "one").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Received);
    assert!(house.lease("one").await.is_none(), "not before its time");
    let password = house.store.mail(mail.accepted.id).await.unwrap().unwrap().sealed_password;
    assert!(password.is_some(), "the password was kept before the first call");
    house.open.store(true, Ordering::SeqCst);
    house.pass_seconds(15);
    let again = house.lease("one").await.unwrap();
    assert_eq!(again.sealed_password, password);
    house.gateway.handle(&again, "one").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Relaying);
}

// spec: MAIL-SENDER NOTICE
#[tokio::test]
async fn who_may_not_deposit_is_told_and_named() {
    let user = |login_id: &str, group: Option<&str>, default_user| {
        Change::PutUser(User {
            section: "acme".parse().unwrap(),
            login_id: login_id.to_owned(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: group.map(str::to_owned),
            default_user,
            administrator: false,
            approver: false,
            password_never_expires: false,
        })
    };
    for (change, code) in [
        (user("tanaka", None, false), "sender-not-in-group"),
        (user(DEFAULT_USER, None, true), "default-user-no-group"),
        (Change::RemoveUser("acme".parse().unwrap(), DEFAULT_USER.to_owned()), "default-user-credentials"),
    ] {
        let house = house(Settings::default()).await;
        house.store.apply(&[change], &[], house.now()).await.unwrap();
        let mail = house.accepted().await;
        house.gateway.handle(&mail, "one").await.unwrap();
        assert_eq!(house.state(mail.accepted.id).await, MailState::Stopped, "{code}");
        let posted = house.posted().await;
        let [notice] = &posted[..] else { panic!("{code}: {posted:?}") };
        assert_eq!((notice.outgoing.kind, notice.recipient.as_str()), (OutgoingKind::Notice, "tanaka@acme.example"));
        assert!(notice.text.contains(&format!("({code})")), "{}", notice.text);
        assert_eq!(notice.text.matches("  - tanaka@acme.example\n").count(), 2, "{}", notice.text);
        let (section, key) = (&mail.accepted.section, mail.accepted.id.to_string());
        assert!(house.store.deposit_by_key(section, &key).await.unwrap().is_none());
    }
}

// spec: MAIL-DEPOSIT NOTICE
#[tokio::test]
async fn an_exchange_that_stays_away_is_told_to_the_sender_once() {
    let house = house(Settings::default()).await;
    house.open.store(false, Ordering::SeqCst);
    let mail = house.accepted().await;
    house.gateway.handle(&mail, "one").await.unwrap();
    house.pass_seconds(3601);
    let again = house.lease("one").await.unwrap();
    house.gateway.handle(&again, "one").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Stopped);
    let outbox = house.outbox().await;
    let [notice] = &outbox[..] else { panic!("{outbox:?}") };
    assert_eq!((notice.kind, notice.envelope_from.as_str()), (OutgoingKind::Notice, ""));
    assert_eq!(notice.deliveries[0].recipient, "tanaka@acme.example");
    let words = house.words(notice).await;
    assert!(words.contains("Auto-Submitted: auto-replied"), "{words}");
}

// spec: MAIL-DEPOSIT MAIL-RELAY
#[tokio::test]
async fn once_the_links_are_out_the_mail_is_delivered_and_never_stopped() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    {
        // The worker dies as soon as the row says that the deposit is being sent; the exchange sends it.
        let mut work = Box::pin(house.gateway.handle(&mail, "one"));
        while house.store.mail(mail.accepted.id).await.unwrap().unwrap().deposit.is_none() {
            let polled = futures::future::poll_fn(|context| std::task::Poll::Ready(work.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "the mail was handled before it could be killed");
            tokio::task::yield_now().await;
        }
    }
    let deposit = house.store.mail(mail.accepted.id).await.unwrap().unwrap().deposit.unwrap();
    house.gateway.exchange.send(deposit).await.unwrap();

    // The section is switched off and its time is long over: any other mail would be stopped.
    let mut section = house.store.section(&mail.accepted.section).await.unwrap().unwrap();
    section.mail_link = false;
    house.put_section(section).await;
    house.pass_seconds(7200);
    let again = house.lease("two").await.unwrap();
    house.open.store(false, Ordering::SeqCst);
    house.gateway.handle(&again, "two").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Received, "nobody knows yet");
    house.open.store(true, Ordering::SeqCst);
    house.pass_seconds(3600);
    let again = house.lease("three").await.unwrap();
    house.gateway.handle(&again, "three").await.unwrap();
    assert_eq!(house.state(mail.accepted.id).await, MailState::Relaying);
    let outbox = house.outbox().await;
    assert_eq!(of_kind(&outbox, OutgoingKind::Relay).len(), 1);
    assert_eq!(of_kind(&outbox, OutgoingKind::DepositNotice).len(), 2);
    assert!(of_kind(&outbox, OutgoingKind::Notice).is_empty());
}

/// Quoted-printable undone, whatever is written so (such as what begins a line: `F`, `-`).
fn unquoted(text: &str) -> String {
    let (mut decoder, mut out) = (Decoder::new(Encoding::QuotedPrintable), Vec::new());
    decoder.push(text.as_bytes(), &mut out);
    decoder.finish(&mut out);
    // In a header an `=` is one.
    String::from_utf8_lossy(&out).into_owned()
}

// spec: MAIL-BOUNCE
#[tokio::test]
async fn the_mail_that_goes_back_has_no_password() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    house.gateway.handle(&mail, "one").await.unwrap();
    let kept = house.store.mail(mail.accepted.id).await.unwrap().unwrap();
    let context = format!("mail-password/{}", mail.accepted.id);
    let password =
        house.vault.open_value(&mail.accepted.section, &context, &kept.sealed_password.unwrap()).await.unwrap();
    let password = String::from_utf8(password).unwrap();
    let outbox = house.outbox().await;
    let words = house.raw(of_kind(&outbox, OutgoingKind::Relay)[0]).await;
    assert!(unquoted(&words).contains(&password), "{password}: {words}");
    let pieces: Vec<_> = house.gateway.returned(mail.accepted.id).await.unwrap().collect().await;
    let back: Vec<u8> = pieces.into_iter().flat_map(|p| p.unwrap().to_vec()).collect();
    let back = unquoted(&String::from_utf8(back).unwrap());
    assert!(back.contains("***************") && back.contains("see the files") && !back.contains(&password), "{back}");
}

// spec: ACCESS
#[tokio::test]
async fn a_section_may_keep_the_password_out_of_the_mail() {
    let access = Access::of(&[Way::OneTimeCode]).unwrap();
    let house = house(Settings { access, ..Settings::default() }).await;
    let mail = house.accepted().await;
    house.gateway.handle(&mail, "one").await.unwrap();
    let kept = house.store.mail(mail.accepted.id).await.unwrap().unwrap();
    let context = format!("mail-password/{}", mail.accepted.id);
    let password =
        house.vault.open_value(&mail.accepted.section, &context, &kept.sealed_password.unwrap()).await.unwrap();
    let outbox = house.outbox().await;
    let words = unquoted(&house.words(of_kind(&outbox, OutgoingKind::Relay)[0]).await);
    assert!(!words.contains(std::str::from_utf8(&password).unwrap()) && !words.contains("password"), "{words}");
    // Nor does the deposit have one, nor the mail that goes back one that is blanked; whatever the section's policy is by then.
    let deposit = house.store.deposit(kept.deposit.unwrap()).await.unwrap().unwrap();
    assert_eq!((deposit.access, deposit.password_hash), (access, None));
    house.put_section(section("acme")).await;
    let pieces: Vec<_> = house.gateway.returned(mail.accepted.id).await.unwrap().collect().await;
    let back: Vec<u8> = pieces.into_iter().flat_map(|p| p.unwrap().to_vec()).collect();
    let back = unquoted(&String::from_utf8(back).unwrap());
    assert!(back.contains("see the files") && !back.contains("***") && !back.contains("password"), "{back}");
}

// spec: RCV-TENANT
#[tokio::test]
async fn the_author_must_be_of_the_senders_section() {
    let house = house(Settings::default()).await;
    let replaced = |from: &str| MAIL.replace("From: =?UTF-8?B?55Sw5Lit?= <tanaka@acme.example>", from);
    for (from, code) in [
        ("From: a@acme.example", 250),
        ("From: a@ACME.example", 250),
        ("From: a@elsewhere.example", 550),
        ("From: a@acme.example\r\nFrom: b@acme.example", 550),
        ("From: a@acme.example, b@acme.example", 550),
        ("Sender: a@acme.example", 550),
        ("From: nobody", 550),
        ("From: \"a@acme.example\" <b@elsewhere.example>", 550),
    ] {
        for size in [1, 64, 4096] {
            let reply = house.send(&replaced(from), size).await;
            assert_eq!(reply.code, code, "{from:?} in pieces of {size}: {reply}");
        }
    }
    let reply = house.send("no header at all", 5).await;
    assert_eq!(reply.code, 550, "{reply}");
}

// spec: RCV-REPEAT
#[tokio::test]
async fn the_same_mail_again_is_answered_250_and_handled_once() {
    let house = house(Settings::default()).await;
    let mail = house.accepted().await;
    let again = house.send(MAIL, 1000).await;
    assert_eq!(again.code, 250, "{again}");
    assert!(again.to_string().contains(&mail.accepted.id.to_string()), "{again}");
    assert!(house.lease("two").await.is_none(), "it is there twice");
    // Other content, another Message-ID, no Message-ID at all, or a day later: another mail.
    let other_id = MAIL.replace("<1@acme.example>", "<2@acme.example>");
    let other = MAIL.replace("see the files", "see the file");
    let none = MAIL.replace("Message-ID: <1@acme.example>\r\n", "");
    for mail in [&*other_id, &other, &none, &none] {
        assert_eq!(house.send(mail, 1000).await.code, 250);
        assert!(house.lease("two").await.is_some(), "{mail}");
    }
    house.pass_seconds(24 * 3600 + 1);
    assert_eq!(house.send(MAIL, 1000).await.code, 250);
    assert!(house.store.queue(100).await.unwrap().len() >= 6);
}

// spec: RCV-LOOP
#[tokio::test]
async fn a_mail_that_goes_round_is_refused() {
    let house = house(Settings::default()).await;
    let traced =
        |count| format!("{}{MAIL}", "Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0900\r\n".repeat(count));
    assert_eq!(house.send(&traced(100), 4096).await.code, 250);
    let refused = house.send(&traced(101), 4096).await;
    assert_eq!((refused.code, refused.enhanced), (554, (5, 4, 6)), "{refused}");

    let mail = house.accepted().await;
    let came_back = format!("Received: {}\r\n{MAIL}", mail.accepted.received_field);
    assert_eq!(house.send(&came_back, 4096).await.code, 554);
    // Another host's trace, and ours for somebody else's mail, are none.
    let elsewhere = came_back.replace("by gateway.example", "by other.example");
    assert_eq!(house.send(&elsewhere, 4096).await.code, 250);
    let unknown = came_back.replace(&mail.accepted.id.to_string(), &MailId::generate().to_string());
    assert_eq!(house.send(&unknown, 4096).await.code, 250);
}
