//! MTA-STS over real sockets: DNS, the policy host's HTTPS, the MX host's SMTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{House, Running, Sink, authority::Authority, dns::DnsServer, policy_host::PolicyHost, run, until};
use fubako_post::{
    office::OfficeParts,
    resolver::{Dns, Resolver},
    sts::{
        Mode,
        fetch::{Fetch as _, HttpsFetch},
        keep::Policies,
    },
    tls::{TlsMode, TlsSettings},
};
use fubako_smtp::server::Tls;
use fubako_store::sts::StsPolicyRow;
use hickory_resolver::proto::rr::RecordType;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A domain with a policy host and an MX host, `mx.bank.example`, whose certificate is valid for that name.
struct World {
    house: House,
    authority: Authority,
    dns: DnsServer,
    host: PolicyHost,
    sink: Sink,
}

fn policy(mode: &str, mx: &str) -> String {
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 604800\r\n")
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new();
        let (dns, host) = (DnsServer::start().await, PolicyHost::start(authority.server("mta-sts.bank.example")).await);
        let starttls = Tls::Starttls { config: authority.server("mx.bank.example"), mandatory: false };
        let sink = Sink::at("127.0.0.1:0".parse().unwrap(), starttls).await;
        dns.mx("bank.example", &[(10, "mx.bank.example")])
            .a("mx.bank.example", &[[127, 0, 0, 1]])
            .a("other.bank.example", &[[127, 0, 0, 1]])
            .a("mta-sts.bank.example", &[[127, 0, 0, 1]])
            .txt("_mta-sts.bank.example", &[&["v=STSv1; id=1;"]]);
        Self { house: House::new().await, authority, dns, host, sink }
    }

    fn resolver(&self) -> Arc<dyn Dns> {
        Arc::new(Resolver::new(&[self.dns.address()], false).unwrap())
    }

    fn tls(&self) -> TlsSettings {
        TlsSettings::new(TlsMode::Opportunistic, vec![], vec![self.authority.root()]).unwrap()
    }

    fn fetch(&self) -> HttpsFetch {
        HttpsFetch::new(self.resolver(), &self.tls().verifying, self.host.address.port()).unwrap()
    }

    /// Policies that nobody has looked at yet, as after a start.
    fn policies(&self) -> Policies {
        let clock = self.house.clock.hands();
        Policies::new(self.house.store.clone(), self.resolver(), Arc::new(self.fetch()), clock)
    }

    fn parts(&self) -> OfficeParts {
        let mut parts =
            self.house.parts(Resolver::new(&[self.dns.address()], false).unwrap(), self.sink.address.port());
        parts.transport.tls = self.tls();
        parts.transport.sts = Some(Arc::new(self.policies()));
        parts
    }

    fn office(&self) -> Running {
        run(self.parts(), 1)
    }

    /// Waits until the only mail has been tried so often, and gives why it waits.
    async fn waits(&self, tries: u32) -> String {
        until("a try", || async { self.house.waiting().await.iter().any(|row| row.1 == tries) }).await;
        self.house.waiting().await[0].2.clone()
    }
}

// spec: MAIL-RELAY
#[tokio::test]
async fn an_enforced_policy_lets_mail_go_to_its_hosts_under_verified_tls() {
    let world = World::new().await;
    world.host.serves(&policy("enforce", "mx.bank.example"));
    let office = world.office();
    world.house.queue(&["a@bank.example"]).await;
    until("delivered", || async { world.sink.received().len() == 1 }).await;
    assert!(world.sink.received()[0].tls);
    let request = world.host.request.lock().unwrap().clone();
    assert!(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains("host: mta-sts.bank.example"), "{request}");
    // A second mail asks nobody again.
    world.house.queue(&["b@BANK.example"]).await;
    until("delivered", || async { world.sink.received().len() == 2 }).await;
    assert_eq!(world.host.asked(), 1);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn an_enforced_policy_keeps_mail_from_hosts_that_it_does_not_name() {
    let world = World::new().await;
    world.host.serves(&policy("enforce", "*.elsewhere.example"));
    let office = world.office();
    world.house.queue(&["a@bank.example"]).await;
    let why = world.waits(1).await;
    assert!(why.contains("451 4.7.10 mx.bank.example is not named by the domain's MTA-STS policy"), "{why}");
    // Of several hosts it takes the one that is named, whatever its preference.
    world.dns.mx("bank.example", &[(5, "other.bank.example"), (10, "mx.bank.example")]);
    world.dns.txt("_mta-sts.bank.example", &[&["v=STSv1; id=2;"]]);
    world.host.serves(&policy("enforce", "mx.bank.example"));
    world.house.pass(3700 * Duration::from_secs(1));
    until("delivered", || async { world.sink.received().len() == 1 }).await;
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn an_enforced_policy_wants_tls_and_a_certificate_for_the_host() {
    let world = World::new().await;
    world.dns.mx("bank.example", &[(10, "other.bank.example")]);
    world.host.serves(&policy("enforce", "*.bank.example"));
    let office = world.office();
    world.house.queue(&["a@bank.example"]).await;
    let why = world.waits(1).await;
    assert!(why.contains("451 4.7.5") && why.contains("MTA-STS"), "another's certificate: {why}");
    office.stop().await;
    // Without TLS.
    let plain = Sink::start().await;
    world.dns.a("example.jp", &[[127, 0, 0, 1]]);
    let mut parts = world.parts();
    parts.transport.router.port = plain.address.port();
    world.house.pass(MINUTE * 3);
    let office = run(parts, 1);
    let why = world.waits(2).await;
    assert!(why.contains("451 4.7.5") && why.contains("STARTTLS is not offered"), "{why}");
    assert!(plain.received().is_empty() && world.sink.received().is_empty());
    // It is tried until its time is up, and then its sender is told.
    world.house.pass(DAY * 6);
    until("a bounce", || async { plain.received().len() == 1 }).await;
    assert_eq!(plain.received()[0].recipients(), ["sender@example.jp"]);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_policy_in_testing_stops_nothing() {
    let world = World::new().await;
    world.dns.mx("bank.example", &[(10, "other.bank.example")]);
    for (n, mx) in ["*.elsewhere.example", "*.bank.example"].into_iter().enumerate() {
        world.dns.txt("_mta-sts.bank.example", &[&[&format!("v=STSv1; id=t{n};")]]);
        world.host.serves(&policy("testing", mx));
        let office = world.office();
        world.house.queue(&["a@bank.example"]).await;
        until("delivered", || async { world.sink.received().len() == n + 1 }).await;
        assert!(world.sink.received()[n].tls);
        office.stop().await;
    }
    assert_eq!(world.host.asked(), 2);
}

// spec: MAIL-RELAY
#[tokio::test]
async fn neither_a_smarthost_nor_an_address_is_asked_for_a_policy() {
    let world = World::new().await;
    world.host.serves(&policy("enforce", "*.elsewhere.example"));
    let mut parts = world.parts();
    let smarthost = world.house.parts_by_smarthost(world.sink.address).transport.router.smarthost;
    parts.transport.router.smarthost = smarthost;
    let office = run(parts, 1);
    world.house.queue(&["a@bank.example"]).await;
    until("delivered", || async { world.sink.received().len() == 1 }).await;
    office.stop().await;
    let office = world.office();
    world.house.queue(&["a@[127.0.0.1]"]).await;
    until("delivered", || async { world.sink.received().len() == 2 }).await;
    office.stop().await;
    assert_eq!((world.host.asked(), world.dns.asked(RecordType::TXT)), (0, 0));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_policy_is_remembered_over_a_restart_and_whatever_dns_and_its_host_say() {
    let world = World::new().await;
    world.host.serves(&policy("enforce", "mx.bank.example"));
    assert_eq!(world.policies().of("bank.example").await.unwrap().unwrap().mode, Mode::Enforce);
    // Who would take it away: no record, no answer, a host that is gone or speaks of something else.
    let still = async |what: &str| {
        let found = world.policies().of("bank.example").await.unwrap();
        assert!(found.is_some_and(|policy| policy.mode == Mode::Enforce && policy.lists("mx.bank.example")), "{what}");
    };
    still("the same id").await;
    assert_eq!(world.host.asked(), 1, "it was not asked again");
    world.dns.forget("_mta-sts.bank.example");
    still("no record").await;
    world.dns.fail("_mta-sts.bank.example");
    still("no answer").await;
    world.dns.mend("_mta-sts.bank.example").txt("_mta-sts.bank.example", &[&["v=STSv1; id=2;"]]);
    world.host.answers("404 Not Found", "text/plain", "");
    still("a host that has none").await;
    world.host.serves("version: STSv1\nmode: enforce\n");
    still("a policy that cannot be read").await;
    world.host.serves(&policy("none", "x"));
    assert!(world.policies().of("bank.example").await.unwrap().is_none(), "the domain has given it up");
    // The new one is remembered in the place of the old.
    world.dns.forget("_mta-sts.bank.example");
    assert!(world.policies().of("bank.example").await.unwrap().is_none());
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_policy_ends_with_its_time_and_is_renewed_before() {
    let world = World::new().await;
    world.host.serves(&policy("enforce", "mx.bank.example"));
    let policies = world.policies();
    assert!(policies.of("bank.example").await.unwrap().is_some());
    world.house.pass(DAY / 2);
    assert!(policies.of("bank.example").await.unwrap().is_some());
    assert_eq!(world.host.asked(), 1);
    world.house.pass(DAY / 2);
    assert!(policies.of("bank.example").await.unwrap().is_some());
    assert_eq!(world.host.asked(), 2, "renewed after a day");
    // From now on it does not come: it is asked for now and then, and holds to its end.
    world.host.answers("503 Unavailable", "text/plain", "");
    world.house.pass(DAY * 6);
    for _ in 0..3 {
        assert!(policies.of("bank.example").await.unwrap().is_some());
    }
    assert_eq!(world.host.asked(), 3, "not with every mail");
    world.house.pass(MINUTE * 6);
    assert!(policies.of("bank.example").await.unwrap().is_some());
    assert_eq!(world.host.asked(), 4);
    world.house.pass(DAY);
    assert!(policies.of("bank.example").await.unwrap().is_none(), "a week has passed");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_policy_that_never_came_stops_nothing() {
    let world = World::new().await;
    world.host.says("");
    let office = world.office();
    world.house.queue(&["a@bank.example"]).await;
    until("delivered", || async { world.sink.received().len() == 1 }).await;
    office.stop().await;
    assert!(world.sink.received()[0].tls);
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_row_that_cannot_be_read_is_no_policy() {
    let world = World::new().await;
    let now = world.house.now();
    let row = StsPolicyRow {
        domain: "bank.example".into(),
        id: "1".into(),
        policy: "rubbish".into(),
        fetched_at: now,
        expires_at: now.plus_seconds(600),
    };
    world.house.store.keep_sts_policy(&row).await.unwrap();
    world.host.serves(&policy("enforce", "mx.bank.example"));
    assert!(world.policies().of("bank.example").await.unwrap().is_some(), "it is got afresh");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_policy_comes_by_the_straight_way_only() {
    let world = World::new().await;
    let good = policy("enforce", "mx.bank.example");
    let fetch = world.fetch();
    world.host.serves(&good);
    assert_eq!(fetch.fetch("bank.example").await.as_deref(), Ok(good.as_str()));
    world.host.answers("200 OK", "Text/Plain", &good);
    assert!(fetch.fetch("bank.example").await.is_ok());
    let length = good.len();
    let location = format!("https://mta-sts.bank.example:{}/.well-known/mta-sts.txt", world.host.address.port());
    let large = "#".repeat(64 * 1024 + 1);
    for (response, what) in [
        (format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"), "a redirect"),
        (format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{good}"), "a page"),
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{good}"), "of no type"),
        (
            format!("HTTP/1.1 203 Other\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{good}"),
            "not 200",
        ),
        (format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 65537\r\n\r\n{large}"), "too large"),
        (format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{large}"), "too large, of no length"),
        (format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99999\r\n\r\n{good}"), "cut off"),
    ] {
        let asked = world.host.asked();
        world.host.says(response);
        assert!(fetch.fetch("bank.example").await.is_err(), "{what}");
        assert!(world.host.asked() <= asked + 1, "{what}: nothing is followed");
    }
    world.host.says(&b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n\xe3\x81"[..]);
    assert!(fetch.fetch("bank.example").await.is_err(), "no text");
    world.host.serves(&good);
    // Another's certificate, one that nobody vouches for, a host that is not there.
    world.dns.a("mta-sts.other.example", &[[127, 0, 0, 1]]);
    assert!(fetch.fetch("other.example").await.is_err());
    assert!(fetch.fetch("gone.example").await.is_err());
    let strict = TlsSettings::new(TlsMode::Opportunistic, vec![], vec![]).unwrap();
    let fetch = HttpsFetch::new(world.resolver(), &strict.verifying, world.host.address.port()).unwrap();
    assert!(fetch.fetch("bank.example").await.is_err());
}
