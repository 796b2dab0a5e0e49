//! SPF over a real DNS server.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod dns;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use dns::World;
use fubako_base::Timestamp;
use fubako_trust::{
    Dns, LookUp, PATIENCE,
    spf::{self, Client, Identity, Spf, SpfResult},
};

fn client<'a>(ip: &str, mail_from: &'a str) -> Client<'a> {
    Client {
        ip: ip.parse().unwrap(),
        helo: "mta.example.jp",
        mail_from,
        receiver: "gateway.example.com",
        now: Timestamp(1_790_000_000_000_000),
    }
}

async fn check(world: &World, ip: &str, mail_from: &str) -> Spf {
    spf::check(world, &client(ip, mail_from), PATIENCE).await
}

const ZONE: &str = "
    none.jp BARE
    other.jp TXT google-site-verification=1
    pass.jp TXT v=spf1 ip4:192.0.2.0/24 -all
    pass.jp TXT something else
    soft.jp TXT v=spf1 ~all
    neutral.jp TXT v=spf1 ?all
    empty.jp TXT v=spf1
    twice.jp TXT v=spf1 +all
    twice.jp TXT v=spf1 -all
    syntax.jp TXT v=spf1 ip4:192.0.2.1 ip4:192.0.2.300 -all
    typo.jp TXT v=spf1 include=pass.jp -all
    servfail.jp SERVFAIL
    silent.jp SILENT
    six.jp TXT v=spf1 ip6:2001:db8::/32 -all
    a.jp TXT v=spf1 a -all
    a.jp A 192.0.2.7
    a.jp AAAA 2001:db8::7
    a24.jp TXT v=spf1 a:a.jp/24//64 -all
    mx.jp TXT v=spf1 mx -all
    mx.jp MX mail1.mx.jp
    mx.jp MX mail2.mx.jp
    mail1.mx.jp A 192.0.2.8
    mail2.mx.jp A 192.0.2.9
    mail2.mx.jp AAAA 2001:db8::9
    mxs.jp TXT v=spf1 mx:elsewhere.jp//48 -all
    elsewhere.jp MX mail2.mx.jp
    nullmx.jp TXT v=spf1 mx -all
    nullmx.jp MX .
    ptr.jp TXT v=spf1 ptr -all
    10.2.0.192.in-addr.arpa PTR good.ptr.jp
    good.ptr.jp A 192.0.2.10
    11.2.0.192.in-addr.arpa PTR liar.ptr.jp
    liar.ptr.jp A 203.0.113.1
    exists.jp TXT v=spf1 exists:%{ir}.%{v}._spf.%{d} -all
    7.2.0.192.in-addr._spf.exists.jp A 127.0.0.2
    local.jp TXT v=spf1 exists:%{l1r-}.%{o}.users.local.jp -all
    alice.local.jp.users.local.jp A 127.0.0.2
    p.jp TXT v=spf1 exists:%{p}.p.jp -all
    good.ptr.jp.p.jp A 127.0.0.2
    unknown.p.jp A 127.0.0.2
    helo.jp TXT v=spf1 exists:%{h}.helo.jp -all
    mta.example.jp.helo.jp A 127.0.0.2
    redirect.jp TXT v=spf1 ip4:203.0.113.1 redirect=pass.jp
    redirectall.jp TXT v=spf1 ?all redirect=pass.jp
    redirectnone.jp TXT v=spf1 redirect=none.jp
    include.jp TXT v=spf1 include:pass.jp ?all
    includesoft.jp TXT v=spf1 include:soft.jp -all
    includenone.jp TXT v=spf1 include:none.jp +all
    includebad.jp TXT v=spf1 include:syntax.jp +all
    includefail.jp TXT v=spf1 include:servfail.jp +all
    aservfail.jp TXT v=spf1 a:servfail.jp +all
    loop.jp TXT v=spf1 include:loop.jp -all
    ring.jp TXT v=spf1 redirect=ring.jp
    mta.example.jp TXT v=spf1 ip4:192.0.2.1 -all
    first.jp TXT v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/24 ?all
    mapped.jp TXT v=spf1 ip6:::ffff:192.0.2.1 -all
    xn--7dv660c.jp TXT v=spf1 +all
";

// spec: RCV-SPF
#[tokio::test]
async fn every_result() {
    use SpfResult::{Fail, Neutral, None, Pass, PermError, SoftFail, TempError};
    let world = World::start(ZONE).await;
    for (ip, sender, wanted) in [
        ("192.0.2.1", "a@none.jp", None),
        ("192.0.2.1", "a@nowhere.jp", None),
        ("192.0.2.1", "a@other.jp", None),
        ("192.0.2.1", "a@localhost", None),
        ("192.0.2.1", "a@[192.0.2.1]", None),
        ("192.0.2.1", "a@a..jp", None),
        ("192.0.2.1", "nobody", None),
        ("192.0.2.1", "a@pass.jp", Pass),
        ("192.0.2.1", "a@PASS.jp", Pass),
        ("::ffff:192.0.2.1", "a@pass.jp", Pass),
        ("192.0.3.1", "a@pass.jp", Fail),
        ("2001:db8::1", "a@pass.jp", Fail),
        ("192.0.2.1", "a@soft.jp", SoftFail),
        ("192.0.2.1", "a@neutral.jp", Neutral),
        ("192.0.2.1", "a@empty.jp", Neutral),
        ("192.0.2.1", "a@twice.jp", PermError),
        ("192.0.2.1", "a@syntax.jp", PermError),
        ("192.0.2.1", "a@typo.jp", Fail),
        ("192.0.2.1", "a@servfail.jp", TempError),
        ("192.0.2.1", "a@silent.jp", TempError),
        ("2001:db8:1::1", "a@six.jp", Pass),
        ("2001:db9::1", "a@six.jp", Fail),
        ("192.0.2.7", "a@a.jp", Pass),
        ("192.0.2.8", "a@a.jp", Fail),
        ("2001:db8::7", "a@a.jp", Pass),
        ("192.0.2.200", "a@a24.jp", Pass),
        ("2001:db8::ffff", "a@a24.jp", Pass),
        ("2001:db8:0:1::7", "a@a24.jp", Fail),
        ("192.0.2.9", "a@mx.jp", Pass),
        ("2001:db8::9", "a@mx.jp", Pass),
        ("192.0.2.10", "a@mx.jp", Fail),
        ("2001:db8:0:ffff::", "a@mxs.jp", Pass),
        ("192.0.2.10", "a@mxs.jp", Fail),
        ("192.0.2.1", "a@nullmx.jp", Fail),
        ("192.0.2.10", "a@ptr.jp", Pass),
        ("192.0.2.11", "a@ptr.jp", Fail),
        ("192.0.2.12", "a@ptr.jp", Fail),
        ("192.0.2.7", "a@exists.jp", Pass),
        ("192.0.2.8", "a@exists.jp", Fail),
        ("192.0.2.1", "alice-lists@local.jp", Pass),
        ("192.0.2.1", "bob-lists@local.jp", Fail),
        ("192.0.2.1", "文箱@local.jp", Fail),
        ("192.0.2.10", "a@p.jp", Pass),
        ("192.0.2.11", "a@p.jp", Pass),
        ("192.0.2.1", "a@helo.jp", Pass),
        ("192.0.2.1", "a@redirect.jp", Pass),
        ("192.0.3.1", "a@redirect.jp", Fail),
        ("192.0.3.1", "a@redirectall.jp", Neutral),
        ("192.0.2.1", "a@redirectnone.jp", PermError),
        ("192.0.2.1", "a@include.jp", Pass),
        ("192.0.3.1", "a@include.jp", Neutral),
        ("192.0.2.1", "a@includesoft.jp", Fail),
        ("192.0.2.1", "a@includenone.jp", PermError),
        ("192.0.2.1", "a@includebad.jp", PermError),
        ("192.0.2.1", "a@includefail.jp", TempError),
        ("192.0.2.1", "a@aservfail.jp", TempError),
        ("192.0.2.1", "a@loop.jp", PermError),
        ("192.0.2.1", "a@ring.jp", PermError),
        ("192.0.2.1", "a@first.jp", Fail),
        ("192.0.2.2", "a@first.jp", Pass),
        ("192.0.2.1", "a@mapped.jp", Fail),
        ("192.0.2.1", "a@文箱.jp", Pass),
    ] {
        let spf = check(&world, ip, sender).await;
        assert_eq!(spf.result, wanted, "{ip} {sender}: {}", spf.cause);
        assert!(!spf.cause.is_empty());
    }
    // A record that loops is left after ten terms.
    assert_eq!(world.asked("loop.jp"), 11);
}

// spec: RCV-SPF (RFC 7208, 2.4)
#[tokio::test]
async fn the_null_sender_is_checked_by_its_host_name() {
    let world = World::start(ZONE).await;
    let spf = check(&world, "192.0.2.1", "").await;
    assert_eq!((spf.result, spf.identity, spf.domain.as_str()), (SpfResult::Pass, Identity::Helo, "mta.example.jp"));
    let spf = check(&world, "192.0.2.2", "").await;
    assert_eq!(spf.result, SpfResult::Fail);
}

/// `v=spf1` with `terms` includes one after another, each of a record that asks nothing.
fn chain(name: &str, terms: usize) -> String {
    let mut zone = String::new();
    for step in 1..=terms {
        let next = if step < terms { format!("include:s{}.{name}", step + 1) } else { "ip4:192.0.2.1".to_owned() };
        zone.push_str(&format!("s{step}.{name} TXT v=spf1 {next} -all\n"));
    }
    zone + &format!("{name} TXT v=spf1 include:s1.{name} -all\n")
}

// spec: RCV-SPF (RFC 7208, 4.6.4)
#[tokio::test]
async fn ten_terms_may_ask_and_eleven_may_not() {
    let world = World::start(&(chain("ten.jp", 10) + &chain("eleven.jp", 11))).await;
    assert_eq!(check(&world, "192.0.2.1", "a@ten.jp").await.result, SpfResult::Pass);
    assert_eq!(check(&world, "192.0.2.1", "a@eleven.jp").await.result, SpfResult::PermError);
    assert_eq!(world.asked("s11.eleven.jp"), 0);

    // In one record, with redirect counted as well.
    let hosts: String = (1..=10).map(|n| format!("h{n}.jp A 203.0.113.{n}\n")).collect();
    let terms = |count: usize| (1..=count).map(|n| format!(" a:h{n}.jp")).collect::<String>();
    world.add(&format!(
        "{hosts}pass.jp TXT v=spf1 +all\nnine.jp TXT v=spf1{} redirect=pass.jp\nmany.jp TXT v=spf1{} redirect=pass.jp",
        terms(9),
        terms(10)
    ));
    assert_eq!(check(&world, "192.0.2.1", "a@nine.jp").await.result, SpfResult::Pass);
    assert_eq!(check(&world, "192.0.2.1", "a@many.jp").await.result, SpfResult::PermError);
}

// spec: RCV-SPF (RFC 7208, 4.6.4)
#[tokio::test]
async fn two_look_ups_may_find_nothing_and_three_may_not() {
    let world = World::start(
        "two.jp TXT v=spf1 a:no1.jp exists:bare.jp +all
         three.jp TXT v=spf1 a:no1.jp mx:bare.jp exists:no3.jp +all
         spread.jp TXT v=spf1 a:no1.jp a:no2.jp include:inner.jp +all
         inner.jp TXT v=spf1 a:no3.jp -all
         bare.jp BARE
         mx.jp TXT v=spf1 mx -all
         mx.jp MX m1.jp
         mx.jp MX m2.jp
         mx.jp MX m3.jp
         mx.jp MX m4.jp
         m1.jp A 192.0.2.1
         m2.jp A 192.0.2.2
         m3.jp A 192.0.2.3
         m4.jp AAAA 2001:db8::4",
    )
    .await;
    assert_eq!(check(&world, "192.0.2.1", "a@two.jp").await.result, SpfResult::Pass);
    assert_eq!(check(&world, "192.0.2.1", "a@three.jp").await.result, SpfResult::PermError);
    assert_eq!(check(&world, "192.0.2.1", "a@spread.jp").await.result, SpfResult::PermError);
    // Mail hosts without an address of the client's kind are nothing odd.
    assert_eq!(check(&world, "2001:db8::4", "a@mx.jp").await.result, SpfResult::Pass);
}

// spec: RCV-SPF (RFC 7208, 4.6.4)
#[tokio::test]
async fn more_than_ten_mail_hosts_are_an_error_and_more_than_ten_names_are_left() {
    let hosts = |name: &str, count: usize| (1..=count).map(|n| format!("{name} MX m{n}.jp\n")).collect::<String>();
    let world = World::start(&format!(
        "ten.jp TXT v=spf1 mx -all\n{}eleven.jp TXT v=spf1 mx -all\n{}m10.jp A 192.0.2.1\nm1.jp A 192.0.2.2\n",
        hosts("ten.jp", 10),
        hosts("eleven.jp", 11)
    ))
    .await;
    assert_eq!(check(&world, "192.0.2.1", "a@ten.jp").await.result, SpfResult::Pass);
    assert_eq!(check(&world, "192.0.2.2", "a@eleven.jp").await.result, SpfResult::PermError);
    let names: String = (1..=20).map(|n| format!("1.2.0.192.in-addr.arpa PTR n{n}.ptr.jp\n")).collect();
    world.add(&format!("{names}ptr.jp TXT v=spf1 ptr ptr:other.jp -all"));
    assert_eq!(check(&world, "192.0.2.1", "a@ptr.jp").await.result, SpfResult::Fail);
    assert_eq!((1..=20).map(|n| world.asked(&format!("n{n}.ptr.jp"))).sum::<usize>(), 10);
}

// spec: RCV-SPF (RFC 7208, 6.2)
#[tokio::test]
async fn a_domain_can_say_why() {
    let world = World::start(
        "why.jp TXT v=spf1 include:inner.jp exp=why._spf.%{d} -all
         why._spf.why.jp TXT %{i} may not send for %{d}: see http://why.jp/%{S}
         inner.jp TXT v=spf1 exp=why.inner.jp -all
         why.inner.jp TXT not this one
         moved.jp TXT v=spf1 exp=why._spf.why.jp redirect=why.jp
         soft.jp TXT v=spf1 exp=why._spf.why.jp ~all
         bad.jp TXT v=spf1 exp=why.bad.jp -all
         why.bad.jp TXT 100% wrong
         long.jp TXT v=spf1 exp=why.long.jp -all
         gone.jp TXT v=spf1 exp=nowhere.jp -all",
    )
    .await;
    world.add(&format!("why.long.jp TXT {}", "x".repeat(1000)));
    let why = async |sender: &str| check(&world, "192.0.2.1", sender).await.explanation;
    assert_eq!(why("o'b@why.jp").await.unwrap(), "192.0.2.1 may not send for why.jp: see http://why.jp/o%27b%40why.jp");
    assert_eq!(why("a@moved.jp").await.unwrap(), "192.0.2.1 may not send for why.jp: see http://why.jp/a%40moved.jp");
    assert_eq!(why("a@long.jp").await.unwrap().len(), 200);
    for none in ["a@soft.jp", "a@bad.jp", "a@gone.jp"] {
        assert_eq!(why(none).await, None, "{none}");
    }
}

/// Answers nothing, ever.
struct Deaf;

impl Dns for Deaf {
    fn txt<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        Box::pin(std::future::pending())
    }
    fn a<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv4Addr> {
        Box::pin(std::future::pending())
    }
    fn aaaa<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv6Addr> {
        Box::pin(std::future::pending())
    }
    fn mx<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        Box::pin(std::future::pending())
    }
    fn ptr(&self, _: IpAddr) -> LookUp<'_, String> {
        Box::pin(std::future::pending())
    }
}

// spec: RCV-SPF (RFC 7208, 4.6.4)
#[tokio::test]
async fn a_check_ends_when_patience_does() {
    let start = Instant::now();
    let spf = spf::check(&Deaf, &client("192.0.2.1", "a@pass.jp"), Duration::from_millis(200)).await;
    assert_eq!(spf.result, SpfResult::TempError);
    assert!(start.elapsed() < Duration::from_secs(5));
}
