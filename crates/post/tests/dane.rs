//! DANE over real sockets: DNS whose answers are signed, or not, and hosts with certificates that match, or not.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{House, Sink, authority::Authority, dns::DnsServer, policy_host::PolicyHost, run, until};
use fubako_post::{
    dane::Tlsa,
    resolver::Resolver,
    sts::{fetch::HttpsFetch, keep::Policies},
    tls::{TlsMode, TlsSettings},
};
use fubako_smtp::server::Tls;
use rustls::pki_types::CertificateDer;

/// The signed domain `bank.example` with one host, whose certificate is its own authority's.
struct World {
    authority: Authority,
    certificate: CertificateDer<'static>,
    dns: DnsServer,
    sink: Sink,
}

fn whole(usage: u8, certificate: &CertificateDer<'_>) -> Tlsa {
    Tlsa { usage, selector: 0, matching: 0, data: certificate.to_vec() }
}

fn strange() -> Tlsa {
    Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] }
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new();
        let issued = authority.issue("mx.bank.example");
        let starttls = Tls::Starttls { config: issued.config, mandatory: false };
        let sink = Sink::at("127.0.0.1:0".parse().unwrap(), starttls).await;
        let dns = DnsServer::start().await;
        dns.sign("bank.example")
            .mx("bank.example", &[(10, "mx.bank.example")])
            .a("mx.bank.example", &[[127, 0, 0, 1]])
            .a("other.bank.example", &[[127, 0, 0, 1]]);
        Self { authority, certificate: issued.certificate, dns, sink }
    }

    /// What a host says of its certificate.
    fn tlsa(&self, host: &str, records: &[Tlsa]) {
        self.dns.tlsa(&format!("_{}._tcp.{host}", self.sink.address.port()), records);
    }

    /// Tries one mail, by a DNS that is trusted or not: whether it went under TLS, or why it waits.
    async fn send(
        &self,
        to: &str,
        trusted: bool,
        settings: Option<TlsSettings>,
        sts: Option<Arc<Policies>>,
    ) -> Result<bool, String> {
        let house = House::new().await;
        let before = self.sink.received().len();
        let resolver = Resolver::new(&[self.dns.address()], trusted).unwrap();
        let mut parts = house.parts(resolver, self.sink.address.port());
        parts.transport.sts = sts;
        if let Some(settings) = settings {
            parts.transport.tls = settings;
        }
        house.queue(&[to]).await;
        let office = run(parts, 1);
        until("delivered, or tried in vain", || async {
            self.sink.received().len() > before || house.waiting().await.iter().any(|row| row.1 > 0)
        })
        .await;
        office.stop().await;
        match self.sink.received().get(before) {
            Some(received) => Ok(received.tls),
            None => Err(house.waiting().await[0].2.clone()),
        }
    }

    async fn try_it(&self) -> Result<bool, String> {
        self.send("a@bank.example", true, None, None).await
    }
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_certificate_that_matches_is_good_and_another_waits() {
    let world = World::new().await;
    world.tlsa("mx.bank.example", &[whole(3, &world.certificate)]);
    assert_eq!(world.try_it().await, Ok(true), "the host's own");
    world.tlsa("mx.bank.example", &[whole(2, &world.authority.root())]);
    assert_eq!(world.try_it().await, Ok(true), "by its authority");
    world.tlsa("mx.bank.example", &[strange()]);
    let why = world.try_it().await.unwrap_err();
    assert!(why.contains("451 4.7.5") && why.contains("DANE"), "{why}");
    world.tlsa("mx.bank.example", &[strange(), whole(3, &world.certificate)]);
    assert_eq!(world.try_it().await, Ok(true), "while keys change both are there");
    world.tlsa("mx.bank.example", &[whole(2, &Authority::new().root())]);
    assert!(world.try_it().await.is_err(), "another authority");
    // The authority vouches for a name, and it is the host's or the domain's.
    world.dns.mx("bank.example", &[(10, "other.bank.example")]);
    world.tlsa("other.bank.example", &[whole(2, &world.authority.root())]);
    assert!(world.try_it().await.is_err(), "another host's certificate");
    world.tlsa("other.bank.example", &[whole(3, &world.certificate)]);
    assert_eq!(world.try_it().await, Ok(true), "whose own it is does not matter");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_host_that_has_records_and_no_tls_gets_no_mail() {
    let mut world = World::new().await;
    world.sink = Sink::start().await;
    world.tlsa("mx.bank.example", &[whole(3, &world.certificate)]);
    let why = world.try_it().await.unwrap_err();
    assert!(why.contains("STARTTLS is not offered (demanded by DANE)"), "{why}");
    // Records of no use still say that there is TLS.
    world.tlsa("mx.bank.example", &[Tlsa { usage: 1, ..strange() }]);
    assert!(world.try_it().await.is_err());
    world.tlsa("mx.bank.example", &[]);
    assert_eq!(world.try_it().await, Ok(false), "without records it is as it was");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn records_of_no_use_ask_for_tls_and_no_more() {
    let world = World::new().await;
    world.tlsa("mx.bank.example", &[Tlsa { usage: 1, ..strange() }]);
    assert_eq!(world.try_it().await, Ok(true));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn records_count_only_where_the_whole_way_to_them_is_authentic() {
    let world = World::new().await;
    world.tlsa("mx.bank.example", &[strange()]);
    assert!(world.try_it().await.is_err());
    // Nobody trusts the DNS.
    assert_eq!(world.send("a@bank.example", false, None, None).await, Ok(true));
    // The host lies in a zone that is not signed.
    world.dns.mx("bank.example", &[(10, "mx.plain.example")]).a("mx.plain.example", &[[127, 0, 0, 1]]);
    world.tlsa("mx.plain.example", &[strange()]);
    assert_eq!(world.try_it().await, Ok(true));
    // The host is signed, and nobody vouches that it is the domain's.
    world.dns.mx("plain.example", &[(10, "mx.bank.example")]);
    assert_eq!(world.send("a@plain.example", true, None, None).await, Ok(true));
    // All is signed but the records themselves.
    world.dns.mx("bank.example", &[(10, "mx.bank.example")]);
    assert!(world.try_it().await.is_err());
    world.dns.leave_unsigned(&format!("_{}._tcp.mx.bank.example", world.sink.address.port()));
    assert_eq!(world.try_it().await, Ok(true));
    // A domain that is its own host.
    world.dns.forget("bank.example").a("bank.example", &[[127, 0, 0, 1]]);
    world.tlsa("bank.example", &[strange()]);
    assert!(world.try_it().await.is_err());
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_host_whose_records_cannot_be_had_waits_and_the_next_is_tried() {
    let world = World::new().await;
    let record = format!("_{}._tcp.mx.bank.example", world.sink.address.port());
    world.dns.fail(&record);
    let why = world.try_it().await.unwrap_err();
    assert!(why.contains("451 4.7.5 DNS gave no answer for") && why.contains("DANE"), "{why}");
    world.dns.mx("bank.example", &[(10, "mx.bank.example"), (20, "other.bank.example")]);
    assert_eq!(world.try_it().await, Ok(true));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn dane_goes_before_mta_sts_and_never_where_tls_is_switched_off() {
    let world = World::new().await;
    let host = PolicyHost::start(world.authority.server("mta-sts.bank.example")).await;
    host.serves("version: STSv1\nmode: enforce\nmx: elsewhere.example\nmax_age: 86400\n");
    world.dns.txt("_mta-sts.bank.example", &[&["v=STSv1; id=1;"]]).a("mta-sts.bank.example", &[[127, 0, 0, 1]]);
    let settings = |mode| TlsSettings::new(mode, vec![], vec![world.authority.root()]).unwrap();
    let resolver = || Arc::new(Resolver::new(&[world.dns.address()], true).unwrap());
    let verifying = settings(TlsMode::Opportunistic).verifying;
    let fetch = Arc::new(HttpsFetch::new(resolver(), &verifying, host.address.port()).unwrap());
    let house = House::new().await;
    let policies = || {
        let clock = Arc::new(fubako_base::Timestamp::now);
        Some(Arc::new(Policies::new(house.store.clone(), resolver(), fetch.clone(), clock)))
    };
    let send = async |mode| world.send("a@bank.example", true, Some(settings(mode)), policies()).await;
    let why = send(TlsMode::Opportunistic).await.unwrap_err();
    assert!(why.contains("MTA-STS"), "without records the policy counts: {why}");
    world.tlsa("mx.bank.example", &[whole(3, &world.certificate)]);
    assert_eq!(send(TlsMode::Opportunistic).await, Ok(true));
    assert_eq!(send(TlsMode::Mandatory).await, Ok(true));
    world.tlsa("mx.bank.example", &[strange()]);
    assert!(send(TlsMode::Mandatory).await.is_err());
    assert_eq!(send(TlsMode::Never).await, Ok(false));
}
