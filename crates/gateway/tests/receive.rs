//! Who is let in, and what the upstream is told (spec 3.1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod names;

use std::sync::Arc;

use bytes::Bytes;
use fubako_base::section::{Proof, Section, Settings};
use fubako_gateway::receive::{Receiver, ReceiverParts, SECRET_CONTEXT};
use fubako_smtp::{
    Reply,
    server::{Handler as _, MailFrom, Peer, RcptTo, Transaction as _},
};
use fubako_store::sections::Change;
use fubako_testkit::{Clock, Ground, section};
use names::Names;

const MAIL: &str = "From: Tanaka <tanaka@acme.example>\r\nTo: suzuki@recipient.example\r\nSubject: x\r\n\r\nhello\r\n";
const SECRET: &str = "0123456789abcdefghij";

struct Gate {
    ground: Ground,
    receiver: Receiver,
}

async fn gate(settings: Settings, more: &[(&str, Option<&str>)]) -> Gate {
    let ground = Ground::new(Clock::at("2026-11-22T00:00:00Z")).await;
    ground.put_section(Section { settings, ..section("acme") }).await;
    let mut names = Names::of_acme();
    names.0.extend(more.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))));
    let receiver = Receiver::new(ReceiverParts {
        store: ground.store.clone(),
        vault: ground.vault.clone(),
        dns: Arc::new(names),
        hostname: "gateway.example".to_owned(),
        limits: fubako_gateway::receive::Limits::default(),
        wake: Arc::default(),
        clock: ground.clock.hands(),
    });
    Gate { ground, receiver }
}

impl Gate {
    /// Sends a mail in pieces of `size` octets; the final reply.
    async fn send_in(&self, from: &str, mail: &str, size: usize) -> Reply {
        let peer = Peer {
            address: "127.0.0.1:9".parse().unwrap(),
            helo: "mx.acme.example".into(),
            protocol: "ESMTPS",
            tls: None,
        };
        let from = MailFrom { address: from.into(), ..MailFrom::default() };
        let mut incoming = match self.receiver.mail(&peer, &from).await {
            Ok(incoming) => incoming,
            Err(reply) => return reply,
        };
        incoming.rcpt(&RcptTo { address: "suzuki@recipient.example".into(), ..RcptTo::default() }).await.unwrap();
        for piece in mail.as_bytes().chunks(size) {
            if let Err(reply) = incoming.chunk(Bytes::copy_from_slice(piece)).await {
                return reply;
            }
        }
        incoming.finish().await
    }

    async fn send(&self, from: &str, mail: &str) -> String {
        let reply = self.send_in(from, mail, 11).await;
        let (class, subject, detail) = reply.enhanced;
        format!("{} {class}.{subject}.{detail}", reply.code)
    }

    async fn results_field(&self, from: &str, mail: &str) -> String {
        let reply = self.send_in(from, mail, 1000).await;
        let id = reply.text.rsplit(' ').next().unwrap().parse().unwrap();
        self.ground.store.mail(id).await.unwrap().unwrap().accepted.results_field
    }
}

// spec: RCV-TENANT RCV-SPF
#[tokio::test]
async fn the_envelope_s_domain_or_one_above_it_is_registered_and_lets_the_host_send() {
    let more = [
        ("bounce.acme.example", Some("v=spf1 ip4:127.0.0.0/8 -all")),
        ("other.acme.example", Some("v=spf1 ip4:192.0.2.1 -all")),
        ("soft.acme.example", Some("v=spf1 ~all")),
        ("broken.acme.example", Some("v=spf1 nonsense -all")),
        ("slow.acme.example", None),
        ("evil.example", Some("v=spf1 +all")),
    ];
    let gate = gate(Settings::default(), &more).await;
    for (from, reply) in [
        ("tanaka@acme.example", "250 2.0.0"),
        ("Tanaka@ACME.example", "250 2.0.0"),
        ("x=y@bounce.acme.example", "250 2.0.0"),
        ("x@other.acme.example", "550 5.7.23"),
        ("x@soft.acme.example", "550 5.7.23"),
        ("x@none.acme.example", "550 5.7.23"),
        ("x@broken.acme.example", "550 5.7.23"),
        ("x@slow.acme.example", "451 4.7.24"),
        ("x@evil.example", "550 5.7.1"),
        ("x@notacme.example", "550 5.7.1"),
        ("x@example", "550 5.7.1"),
        ("x@[127.0.0.1]", "550 5.7.1"),
        ("postmaster", "550 5.7.1"),
    ] {
        assert_eq!(gate.send(from, MAIL).await, reply, "{from}");
    }
    let said = gate.send_in("x@other.acme.example", MAIL, 99).await.text;
    let (sentence, id) = said.rsplit_once(" (").unwrap();
    let wanted = "SPF of other.acme.example does not permit [127.0.0.1] (fail); add it to the record if it may send";
    assert_eq!(sentence, wanted);
    assert!(id.trim_end_matches(')').parse::<fubako_base::ids::MailId>().is_ok(), "a number to ask about: {said}");
}

// spec: 3.4 MAIL-RELAY
#[tokio::test]
async fn a_mailbox_given_twice_however_its_domain_is_written_is_one_recipient() {
    let gate = gate(Settings::default(), &[]).await;
    let peer = Peer { address: "127.0.0.1:9".parse().unwrap(), helo: "x".into(), protocol: "ESMTPS", tls: None };
    let from = MailFrom { address: "tanaka@acme.example".into(), ..MailFrom::default() };
    let mut incoming = gate.receiver.mail(&peer, &from).await.unwrap();
    for address in ["a@日本語.example", "A@xn--wgv71a119e.EXAMPLE", "b@日本語.example", "a@日本語.example"] {
        incoming.rcpt(&RcptTo { address: address.into(), ..RcptTo::default() }).await.unwrap();
    }
    incoming.chunk(Bytes::from_static(MAIL.as_bytes())).await.unwrap();
    let id = incoming.finish().await.text.rsplit(' ').next().unwrap().parse().unwrap();
    let accepted = gate.ground.store.mail(id).await.unwrap().unwrap().accepted;
    let to: Vec<&str> = accepted.recipients.iter().map(|to| to.address.as_str()).collect();
    assert_eq!(to, ["a@日本語.example", "b@日本語.example"]);
}

// spec: RCV-ALIGN
#[tokio::test]
async fn the_author_is_one_and_the_section_s() {
    let gate = gate(Settings::default(), &[]).await;
    for (field, reply) in [
        ("From: tanaka@acme.example", "250 2.0.0"),
        ("FROM :\r\n =?utf-8?q?Tanaka?=\r\n\t<tanaka@acme.example>", "250 2.0.0"),
        ("From: \"boss@evil.example\" <tanaka@acme.example> (boss@evil.example)", "250 2.0.0"),
        ("From: tanaka@evil.example", "550 5.7.1"),
        ("From: tanaka@evil.acme.example", "550 5.7.1"),
        ("From: \"tanaka@acme.example\" <x@evil.example>", "550 5.7.1"),
        ("X-From: tanaka@acme.example", "550 5.6.0"),
        ("From: tanaka@acme.example\r\nFrom: tanaka@acme.example", "550 5.6.0"),
        ("From: tanaka@acme.example\r\nfrom\t: x@evil.example", "550 5.6.0"),
        ("From: tanaka@acme.example, sato@acme.example", "550 5.6.0"),
        ("From: Acme: tanaka@acme.example;", "550 5.6.0"),
        ("From: tanaka@acme.example\0", "550 5.6.0"),
        ("From: =?utf-8?q?tanaka=40acme.example?=", "550 5.6.0"),
        ("From:", "550 5.6.0"),
    ] {
        let mail = MAIL.replacen("From: Tanaka <tanaka@acme.example>", field, 1);
        assert_eq!(gate.send("tanaka@acme.example", &mail).await, reply, "{field:?}");
    }
    assert_eq!(gate.send("tanaka@acme.example", "\r\nno header\r\n").await, "550 5.6.0");
    assert_eq!(gate.send("tanaka@acme.example", "").await, "550 5.6.0");
    // The header begins where it begins to the reader.
    for before in
        ["From x@y Thu Jan  1 00:00:00 1970\r\n", ">From x@y\r\n", "\u{feff}", "From x\r\n>From y\r\n\u{feff}"]
    {
        assert_eq!(gate.send("tanaka@acme.example", &format!("{before}{MAIL}")).await, "250 2.0.0", "{before:?}");
        let evil = format!("{before}{}", MAIL.replace("acme.example", "evil.example"));
        assert_eq!(gate.send("tanaka@acme.example", &evil).await, "550 5.7.1", "{before:?}");
        let two = format!("{before}From: x@evil.example\r\n{MAIL}");
        assert_eq!(gate.send("tanaka@acme.example", &two).await, "550 5.6.0", "{before:?}");
    }
    for before in ["\r\n", "\u{feff}\r\n", "From x@y\r\n\r\n", "no field\r\n"] {
        assert_eq!(gate.send("tanaka@acme.example", &format!("{before}{MAIL}")).await, "550 5.6.0", "{before:?}");
    }
    // A header is all there is: a mail all the same.
    assert_eq!(gate.send("tanaka@acme.example", "From: tanaka@acme.example\r\nSubject: y\r\n").await, "250 2.0.0");
}

// spec: RCV-TENANT RCV-SPF
#[tokio::test]
async fn an_automatic_answer_is_its_author_s_and_the_host_s() {
    let gate = gate(Settings::default(), &[("mx.acme.example", Some("v=spf1 ip4:127.0.0.1 -all"))]).await;
    assert_eq!(gate.send("", MAIL).await, "250 2.0.0");
    let evil = MAIL.replace("acme.example", "evil.example");
    assert_eq!(gate.send("", &evil).await, "550 5.7.1");
    assert_eq!(gate.send("", "Subject: x\r\n\r\n").await, "550 5.6.0");
    let unknown = self::gate(Settings::default(), &[]).await;
    assert_eq!(unknown.send("", MAIL).await, "550 5.7.23");
}

// spec: RCV-TENANT
#[tokio::test]
async fn the_secret_header_is_asked_for_where_it_is_the_proof() {
    let settings =
        Settings { proof: Proof::SecretHeader, secret_header: Some("X-Acme".to_owned()), ..Settings::default() };
    let gate = gate(settings, &[]).await;
    let with = |value: &str| format!("X-Acme: {value}\r\n{MAIL}");
    // No secret is set: nothing matches, an empty field least of all.
    for mail in [MAIL.to_owned(), with(SECRET), with("")] {
        assert_eq!(gate.send("tanaka@acme.example", &mail).await, "550 5.7.1");
    }
    let id = section("acme").id;
    let sealed = gate.ground.vault.seal_value(&id, SECRET_CONTEXT, SECRET.as_bytes()).await.unwrap();
    gate.ground.store.apply(&[Change::PutSecret(id, Some(sealed))], &[], gate.ground.now()).await.unwrap();
    assert_eq!(gate.send("tanaka@acme.example", &with(SECRET)).await, "250 2.0.0");
    let wrong = SECRET.replace('a', "b");
    for mail in
        [MAIL.to_owned(), with(""), with(&wrong), with(&SECRET[1..]), with(&format!("{SECRET}\r\nx-acme: {SECRET}"))]
    {
        assert_eq!(gate.send("tanaka@acme.example", &mail).await, "550 5.7.1", "{mail}");
    }
    let said = gate.send_in("tanaka@acme.example", &with(&wrong), 99).await.text;
    assert!(!said.contains("X-Acme") && !said.contains(&wrong), "{said}");
}

// spec: RCV-DKIM RCV-ALIGN
#[tokio::test]
async fn the_verdict_is_said_in_a_field_of_ours() {
    let gate = gate(Settings::default(), &[]).await;
    let field = gate.results_field("tanaka@acme.example", MAIL).await;
    let wanted =
        "Authentication-Results: gateway.example;\r\n\tspf=pass smtp.mailfrom=acme.example;\r\n\tdkim=none\r\n";
    assert_eq!(field, wanted);
    let signed = format!("DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=s; h=from; bh=AAAA; b=AAAA\r\n{MAIL}");
    assert_eq!(gate.send("tanaka@acme.example", &signed).await, "550 5.7.22");
}
