//! The resolver against a DNS server on a loopback socket.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::dns::DnsServer;
use fubako_post::{
    dane::Tlsa,
    resolver::{Answer, Dns as _, DnsFailure, Mx, Resolver},
    route::{NextHop, Router, next_hop},
};

async fn server() -> DnsServer {
    let server = DnsServer::start().await;
    server
        .mx("good.example", &[(20, "Backup.good.example"), (10, "mx.good.example")])
        .mx("null.example", &[(0, ".")])
        .a("mx.good.example", &[[192, 0, 2, 1], [192, 0, 2, 2]])
        .aaaa("mx.good.example", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])
        .a("backup.good.example", &[[192, 0, 2, 3]])
        .a("plain.example", &[[192, 0, 2, 3]])
        .bare("bare.example")
        .bare("half.example")
        .fail("half.example/AAAA")
        .fail("broken.example");
    server
}

// spec: MAIL-RELAY
#[tokio::test]
async fn answers_absence_and_trouble_are_told_apart() {
    for validating in [false, true] {
        are_told_apart(&server().await, validating).await;
    }
}

async fn are_told_apart(server: &DnsServer, validating: bool) {
    let resolver = Resolver::new(&[server.address()], validating).unwrap();
    let mut found = resolver.mx("good.example").await.unwrap().records;
    found.sort_by_key(|mx| mx.preference);
    let mx = |preference, host: &str| Mx { preference, host: host.into() };
    assert_eq!(found, [mx(10, "mx.good.example"), mx(20, "backup.good.example")]);
    assert_eq!(resolver.mx("null.example").await.unwrap().records, [mx(0, "")]);
    assert_eq!(resolver.mx("plain.example").await, Ok(vec![].into()), "a domain without MX is there all the same");
    assert_eq!(resolver.mx("gone.example").await, Err(DnsFailure::NoSuchName));
    assert!(matches!(resolver.mx("broken.example").await, Err(DnsFailure::Temporary(_))));

    let shown = |found: Vec<std::net::IpAddr>| {
        let mut shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        shown.sort();
        shown
    };
    let found = resolver.addresses("mx.good.example").await.unwrap().records;
    assert_eq!(shown(found), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert_eq!(resolver.addresses("bare.example").await, Ok(vec![].into()));
    assert_eq!(resolver.addresses("gone.example").await, Err(DnsFailure::NoSuchName));
    // No A, and no answer about AAAA: that is not the same as no address.
    for broken in ["half.example", "broken.example"] {
        let found = resolver.addresses(broken).await;
        assert!(matches!(found, Err(DnsFailure::Temporary(_))), "{broken}: {found:?}");
    }
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_route_comes_out_of_real_answers() {
    for validating in [false, true] {
        route_of_real_answers(&server().await, validating).await;
    }
}

async fn route_of_real_answers(server: &DnsServer, validating: bool) {
    let router = Router {
        dns: Arc::new(Resolver::new(&[server.address()], validating).unwrap()),
        smarthost: None,
        port: 2525,
        own_names: vec![],
        own_addresses: vec![],
    };
    let route = async |recipient: &str| {
        let hop = next_hop(recipient).unwrap();
        router
            .route(&hop, || 0)
            .await
            .map(|hosts| hosts.iter().map(|h| format!("{} {}", h.name, h.address)).collect::<Vec<_>>())
    };
    let mut hosts = route("a@good.example").await.unwrap();
    hosts[..2].sort();
    assert_eq!(
        hosts,
        [
            "mx.good.example 192.0.2.1:2525",
            "mx.good.example 192.0.2.2:2525",
            "mx.good.example [2001:db8::1]:2525",
            "backup.good.example 192.0.2.3:2525",
        ]
    );
    assert_eq!(route("a@plain.example").await.unwrap(), ["plain.example 192.0.2.3:2525"]);
    for (recipient, status) in [
        ("a@null.example", (5, 1, 10)),
        ("a@gone.example", (5, 1, 2)),
        ("a@bare.example", (5, 4, 4)),
        ("a@broken.example", (4, 4, 3)),
        ("a@half.example", (4, 4, 3)),
    ] {
        assert_eq!(route(recipient).await.err().unwrap().status, status, "{recipient}");
    }
    assert!(matches!(next_hop("a@plain.example"), Ok(NextHop::Domain(_))));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn an_answer_is_authentic_if_a_resolver_that_is_trusted_says_so() {
    let server = server().await;
    let record = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] };
    server
        .sign("good.example")
        .tlsa("_25._tcp.mx.good.example", std::slice::from_ref(&record))
        .tlsa("_25._tcp.plain.example", std::slice::from_ref(&record))
        .fail("_25._tcp.backup.good.example");
    for trusted in [false, true] {
        let resolver = Resolver::new(&[server.address()], trusted).unwrap();
        assert_eq!(resolver.mx("good.example").await.unwrap().authentic, trusted);
        assert_eq!(resolver.addresses("mx.good.example").await.unwrap().authentic, trusted);
        assert!(!resolver.addresses("plain.example").await.unwrap().authentic, "not signed");
        let tlsa = async |host: &str| resolver.tlsa(&format!("_25._tcp.{host}")).await;
        assert_eq!(tlsa("mx.good.example").await, Ok(Answer { records: vec![record.clone()], authentic: trusted }));
        assert!(!tlsa("plain.example").await.unwrap().authentic);
        assert_eq!(tlsa("gone.good.example").await, Err(DnsFailure::NoSuchName));
        assert!(matches!(tlsa("backup.good.example").await, Err(DnsFailure::Temporary(_))));
    }
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_text_is_given_in_one_piece() {
    let server = server().await;
    server.txt("_mta-sts.good.example", &[&["v=STSv1; ", "id=1;"], &["other"]]).bare("_mta-sts.bare.example");
    let resolver = Resolver::new(&[server.address()], true).unwrap();
    let mut found = resolver.txt("_mta-sts.good.example").await.unwrap();
    found.sort();
    assert_eq!(found, ["other", "v=STSv1; id=1;"]);
    assert_eq!(resolver.txt("_mta-sts.bare.example").await, Ok(vec![]));
    assert_eq!(resolver.txt("_mta-sts.gone.example").await, Err(DnsFailure::NoSuchName));
}
