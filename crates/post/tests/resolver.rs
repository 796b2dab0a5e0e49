//! The resolver against a DNS server on a loopback socket.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::{net::SocketAddr, sync::Arc};

use fubako_post::{
    resolver::{Dns as _, DnsFailure, Mx, Resolver},
    route::{NextHop, Router, next_hop},
};
use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, MX, SOA},
    },
};
use tokio::net::UdpSocket;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// What the server says to a question.
fn answer(asked: &str, kind: RecordType) -> (ResponseCode, Vec<RData>) {
    let mx = |preference, host: &str| RData::MX(MX::new(preference, name(host)));
    let found = match (asked, kind) {
        ("good.example.", RecordType::MX) => vec![mx(20, "Backup.good.example."), mx(10, "mx.good.example.")],
        ("null.example.", RecordType::MX) => vec![mx(0, ".")],
        ("mx.good.example.", RecordType::A) => vec![RData::A(A::new(192, 0, 2, 1)), RData::A(A::new(192, 0, 2, 2))],
        ("mx.good.example.", RecordType::AAAA) => vec![RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))],
        ("backup.good.example." | "plain.example.", RecordType::A) => vec![RData::A(A::new(192, 0, 2, 3))],
        ("half.example.", RecordType::AAAA) | ("broken.example.", _) => return (ResponseCode::ServFail, vec![]),
        ("good.example." | "backup.good.example." | "plain.example." | "bare.example." | "half.example.", _) => vec![],
        ("null.example.", _) => vec![],
        _ => return (ResponseCode::NXDomain, vec![]),
    };
    (ResponseCode::NoError, found)
}

async fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let question = query.queries[0].clone();
            let (code, found) = answer(&question.name().to_ascii().to_ascii_lowercase(), question.query_type());
            let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
            reply.metadata.response_code = code;
            reply.metadata.recursion_desired = true;
            reply.metadata.recursion_available = true;
            if found.is_empty() && code != ResponseCode::ServFail {
                let soa = SOA::new(name("ns.example."), name("hostmaster.example."), 1, 3600, 600, 86400, 60);
                reply.add_authority(Record::from_rdata(name("example."), 60, RData::SOA(soa)));
            }
            for data in found {
                reply.add_answer(Record::from_rdata(question.name().clone(), 60, data));
            }
            reply.add_query(question);
            socket.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
        }
    });
    address
}

// spec: MAIL-RELAY
#[tokio::test]
async fn answers_absence_and_trouble_are_told_apart() {
    let resolver = Resolver::new(&[server().await]).unwrap();
    let mut found = resolver.mx("good.example").await.unwrap();
    found.sort_by_key(|mx| mx.preference);
    let mx = |preference, host: &str| Mx { preference, host: host.into() };
    assert_eq!(found, [mx(10, "mx.good.example"), mx(20, "backup.good.example")]);
    assert_eq!(resolver.mx("null.example").await.unwrap(), [mx(0, "")]);
    assert_eq!(resolver.mx("plain.example").await, Ok(vec![]), "a domain without MX is there all the same");
    assert_eq!(resolver.mx("gone.example").await, Err(DnsFailure::NoSuchName));
    assert!(matches!(resolver.mx("broken.example").await, Err(DnsFailure::Temporary(_))));

    let shown = |found: Vec<std::net::IpAddr>| {
        let mut shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        shown.sort();
        shown
    };
    let found = resolver.addresses("mx.good.example").await.unwrap();
    assert_eq!(shown(found), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert_eq!(resolver.addresses("bare.example").await, Ok(vec![]));
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
    let router = Router {
        dns: Arc::new(Resolver::new(&[server().await]).unwrap()),
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
