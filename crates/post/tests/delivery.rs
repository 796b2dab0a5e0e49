//! Rounds over real sockets: outcomes, retries, routes, TLS, and nothing twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{House, Sink, Table, refusal, run, until};
use fubako_post::{
    backoff::Schedule,
    tls::{TlsMode, TlsSettings},
};
use fubako_smtp::server::{Notify, Tls, tls_config};
use fubako_store::Store;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

const MINUTE: Duration = Duration::from_secs(60);

// spec: MAIL-RELAY
#[tokio::test]
async fn a_mail_reaches_everybody_of_a_domain_in_one_transaction_and_is_settled() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let dns = Table::default()
        .with_mx("example.com", &[(10, "mx.example.com")])
        .with_host("mx.example.com", &[[127, 0, 0, 1]]);
    let office = run(house.parts(dns, sink.address.port()), 2);
    let mut mail = house.outgoing(&["a@example.com", "b@EXAMPLE.com"]).await;
    mail.ret_full = Some(false);
    mail.envid = Some("e1".into());
    mail.deliveries[0].notify = Some("SUCCESS,FAILURE".into());
    mail.deliveries[1].orcpt = Some("rfc822;old@example.com".into());
    house.store.queue_outgoing(&[mail.clone()], house.now()).await.unwrap();
    office.office.wake();
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    office.stop().await;

    let [one] = &sink.received()[..] else { panic!("not one mail") };
    assert_eq!(one.recipients(), ["a@example.com", "b@EXAMPLE.com"]);
    assert_eq!((one.from.address.as_str(), one.from.size), ("sender@example.jp", Some(mail.size)));
    assert_eq!((one.from.ret_full, one.from.envid.as_deref()), (Some(false), Some("e1")), "DSN parameters go on");
    assert_eq!(one.to[0].notify, Some(Notify { success: true, failure: true, ..Notify::default() }));
    assert_eq!(one.to[1].orcpt.as_deref(), Some("rfc822;old@example.com"));
    let octets = String::from_utf8(one.octets.clone()).unwrap();
    assert!(octets.starts_with("DKIM-Signature: v=1; of=this-mail\r\nFrom: sender@example.jp\r\n"), "{octets}");
    assert!(octets.ends_with("Hello.\r\n.dot at the start\r\n"), "{octets}");
    assert_eq!(octets.len() as u64, mail.size);
    assert!(house.waiting().await.is_empty());
}

// spec: MAIL-RELAY
#[tokio::test]
async fn one_refused_recipient_does_not_touch_the_others() {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.refuse("no@x.example", &[refusal(550, (5, 1, 1), "no such user")]);
    sink.refuse("later@x.example", &[refusal(451, (4, 7, 1), "greylisted")]);
    let office = run(house.parts_by_smarthost(sink.address), 1);
    house.queue(&["yes@x.example", "no@x.example", "later@x.example", "also@y.example"]).await;
    office.office.wake();
    until("the first round and its bounce", || async {
        let waiting = house.waiting().await;
        sink.received().len() == 2 && waiting.len() == 1 && waiting[0].1 == 1
    })
    .await;
    let waiting = house.waiting().await;
    assert_eq!(waiting[0].0, "later@x.example");
    assert!(waiting[0].2.contains("451 4.7.1 greylisted"), "{waiting:?}");
    assert_eq!(sink.received()[0].recipients(), ["yes@x.example", "also@y.example"], "together for a smarthost");

    assert_eq!(sink.received()[1].recipients(), ["sender@example.jp"]);

    // Not before its time.
    house.pass(MINUTE / 2);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sink.received().len(), 2);
    house.pass(MINUTE);
    until("the second round", || async { sink.received().iter().any(|m| m.recipients() == ["later@x.example"]) }).await;
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    office.stop().await;
    assert_eq!(sink.received().len(), 3, "no second bounce");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_next_hop_that_is_down_gets_the_mail_when_it_is_up() {
    let house = House::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let office = run(house.parts_by_smarthost(free), 1);
    house.queue(&["a@x.example"]).await;
    office.office.wake();
    until("a try", || async { house.waiting().await.iter().any(|row| row.1 == 1 && row.2.contains("4.4.1")) }).await;
    let sink = Sink::at(free, Tls::None).await;
    house.pass(MINUTE * 2);
    until("delivered", || async { sink.received().len() == 1 }).await;
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_temporary_refusal_of_the_mail_or_its_data_is_tried_again() {
    let (house, sink) = (House::new().await, Sink::start().await);
    {
        let mut script = sink.script.lock().unwrap();
        script.mail.push_back(refusal(452, (4, 3, 1), "disk full"));
        script.end.push_back(refusal(451, (4, 3, 0), "try later"));
    }
    let office = run(house.parts_by_smarthost(sink.address), 1);
    house.queue(&["a@x.example"]).await;
    for (tries, said) in [(1, "452 4.3.1 disk full"), (2, "451 4.3.0 try later")] {
        until(said, || async { house.waiting().await.iter().any(|row| row.1 == tries && row.2.contains(said)) }).await;
        house.pass(MINUTE * 3);
    }
    until("delivered", || async { sink.received().len() == 1 }).await;
    office.stop().await;
}

/// A server that reads a mail to its final dot and hangs up on the first, and takes the later ones.
async fn dies_after_the_dot(taken: Arc<AtomicUsize>, dots: Arc<AtomicUsize>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (reader, mut writer) = socket.into_split();
            let mut lines = BufReader::new(reader).lines();
            writer.write_all(b"220 mx.example.com\r\n").await.unwrap();
            let mut data = false;
            while let Ok(Some(line)) = lines.next_line().await {
                let reply: &[u8] = match (data, line.get(..4).unwrap_or_default()) {
                    (true, _) if line == "." => {
                        if dots.fetch_add(1, Ordering::SeqCst) == 0 {
                            break;
                        }
                        data = false;
                        taken.fetch_add(1, Ordering::SeqCst);
                        b"250 ok\r\n"
                    }
                    (true, _) => continue,
                    (false, "DATA") => {
                        data = true;
                        b"354 go\r\n"
                    }
                    (false, "QUIT") => break,
                    _ => b"250 ok\r\n",
                };
                if writer.write_all(reply).await.is_err() {
                    break;
                }
            }
        }
    });
    address
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_connection_that_dies_after_the_final_dot_is_tried_again_later_and_not_at_the_next_host() {
    let house = House::new().await;
    let (taken, dots) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let address = dies_after_the_dot(Arc::clone(&taken), Arc::clone(&dots)).await;
    // Two hosts, both of them this server: the second must be left alone in the first round.
    let dns = Table::default()
        .with_mx("x.example", &[(10, "a.example"), (20, "b.example")])
        .with_host("a.example", &[[127, 0, 0, 1]])
        .with_host("b.example", &[[127, 0, 0, 1]]);
    let office = run(house.parts(dns, address.port()), 1);
    house.queue(&["a@x.example"]).await;
    until("the first try", || async { house.waiting().await.iter().any(|row| row.1 == 1 && row.2.contains("4.4.2")) })
        .await;
    assert_eq!((dots.load(Ordering::SeqCst), taken.load(Ordering::SeqCst)), (1, 0));
    house.pass(MINUTE * 2);
    until("taken", || async { taken.load(Ordering::SeqCst) == 1 }).await;
    until("settled", || async { house.waiting().await.is_empty() }).await;
    assert_eq!(dots.load(Ordering::SeqCst), 2);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn hosts_are_tried_in_order_until_one_serves() {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.script.lock().unwrap().mail.push_back(refusal(421, (4, 3, 2), "busy"));
    // Nobody listens at 127.77.7.7; the second host is busy once; the third is the same sink and serves.
    let dns = Table::default()
        .with_mx("x.example", &[(30, "third"), (10, "first"), (20, "second"), (5, "gone")])
        .with_host("first", &[[127, 77, 7, 7]])
        .with_host("second", &[[127, 0, 0, 1]])
        .with_host("third", &[[127, 0, 0, 1]])
        .with_host("implicit.example", &[[127, 0, 0, 1]]);
    let office = run(house.parts(dns, sink.address.port()), 1);
    house.queue(&["a@x.example"]).await;
    until("delivered", || async { sink.received().len() == 1 }).await;
    assert!(sink.script.lock().unwrap().mail.is_empty(), "the second host was asked");
    house.queue(&["a@implicit.example", "b@[127.0.0.1]"]).await;
    until("implicit MX and literal", || async { sink.received().len() == 3 }).await;
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn what_dns_says_for_good_ends_it_and_trouble_waits() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let mut dns = Table::default()
        .with_mx("null.example", &[(0, "")])
        .with_mx("loop.example", &[(5, "gw.example.jp")])
        .with_mx("example.jp", &[(5, "mx.example.com")])
        .with_host("mx.example.com", &[[127, 0, 0, 1]]);
    dns.mx.insert("slow.example".into(), Err(fubako_post::resolver::DnsFailure::Temporary("SERVFAIL".into())));
    let office = run(house.parts(dns, sink.address.port()), 1);
    house.queue(&["a@null.example", "b@gone.example", "c@loop.example", "d@slow.example", "e@bad..domain", "f"]).await;
    until("the first round", || async {
        let waiting = house.waiting().await;
        waiting.len() == 1 && waiting[0].1 == 1
    })
    .await;
    let waiting = house.waiting().await;
    assert!(waiting[0].0 == "d@slow.example" && waiting[0].2.contains("4.4.3"), "{waiting:?}");
    let statuses = |number: usize| {
        let bounce = String::from_utf8(sink.received()[number].octets.clone()).unwrap();
        let status = bounce.lines().filter_map(|line| line.strip_prefix("Status: "));
        status.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    // Told at once, in one notification; the one that waits is told when its time is up.
    until("the bounce", || async { sink.received().len() == 1 }).await;
    assert_eq!(statuses(0), ["5.1.10", "5.1.2", "5.1.3", "5.4.6"].map(str::to_owned).into());
    house.pass(Duration::from_secs(6 * 86_400));
    until("the second bounce", || async { sink.received().len() == 2 }).await;
    assert_eq!(statuses(1), ["5.4.7".to_owned()].into());
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn after_five_days_it_is_given_up() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let always: Vec<_> = (0..200).map(|_| refusal(450, (4, 2, 1), "not now")).collect();
    sink.refuse("a@x.example", &always);
    let office = run(house.parts_by_smarthost(sink.address), 1);
    house.queue(&["a@x.example"]).await;
    let mut tries = 0;
    while sink.received().len() < 2 {
        let before = tries;
        until("a try or the bounce", || async {
            house.waiting().await.iter().any(|row| row.0 == "a@x.example" && row.1 > before)
                || sink.received().len() == 2
        })
        .await;
        tries = house.waiting().await.iter().find(|row| row.0 == "a@x.example").map_or(tries + 1, |row| row.1);
        house.pass(Duration::from_secs(12 * 3600));
        assert!(tries < 30, "never given up");
    }
    // Every half day: the try at 0, 0.5, … 5 days.
    assert_eq!(tries, 11);
    let [late, bounce] = [0, 1].map(|n| String::from_utf8(sink.received()[n].octets.clone()).unwrap());
    assert!(late.contains("Action: delayed\r\n"), "told of meanwhile, once: {late}");
    assert!(bounce.contains("Status: 5.4.7\r\n") && bounce.contains("450 4.2.1 not now"), "{bounce}");
    office.stop().await;
}

/// After a long time in which nothing ran: what is too old by now is tried before it is given up.
// spec: MAIL-RELAY
#[tokio::test]
async fn a_mail_is_tried_once_more_however_old_it_is() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let not_now = refusal(450, (4, 2, 1), "not now");
    sink.refuse("late@x.example", &[not_now.clone(), not_now]);
    house.queue(&["a@x.example", "late@x.example"]).await;
    house.pass(MINUTE * 60 * 24 * 30);
    let office = run(house.parts_by_smarthost(sink.address), 1);
    until("delivered, and told of", || async { sink.received().len() == 2 && house.waiting().await.is_empty() }).await;
    office.stop().await;
    assert_eq!(sink.received()[0].recipients(), ["a@x.example"]);
    let bounce = String::from_utf8(sink.received()[1].octets.clone()).unwrap();
    assert!(bounce.contains("Status: 5.4.7\r\n") && bounce.contains("450 4.2.1 not now"), "{bounce}");
    assert!(!bounce.contains("a@x.example"), "{bounce}");
    let left = sink.script.lock().unwrap().rcpt["late@x.example"].len();
    assert_eq!(left, 1, "one try, and no second");
}

// spec: MAIL-RELAY, RUN-SCALE
#[tokio::test]
async fn two_offices_on_one_database_send_nothing_twice() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let other = Store::open("sqlite:test.db", house.folder.path()).await.unwrap();
    let mut second = house.parts_by_smarthost(sink.address);
    second.store = other;
    second.node = "second".into();
    let offices = [run(house.parts_by_smarthost(sink.address), 3), run(second, 3)];
    for n in 0..60 {
        house.queue(&[&format!("a{n}@x.example"), &format!("b{n}@y.example")]).await;
        offices[n % 2].office.wake();
    }
    until("all settled", || async { house.store.erasures(200).await.unwrap().len() == 60 }).await;
    for office in offices {
        office.stop().await;
    }
    let mut count = BTreeMap::new();
    for mail in sink.received() {
        for to in mail.recipients() {
            *count.entry(to.to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(count.len(), 120);
    assert!(count.values().all(|times| *times == 1), "{count:?}");
}

fn certificate(name: &str) -> (Tls, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let config = tls_config(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    (Tls::Starttls { config, mandatory: false }, made.cert.der().to_vec())
}

// spec: MAIL-RELAY
#[tokio::test]
async fn tls_is_used_where_offered_and_demanded_where_set() {
    let house = House::new().await;
    let (tls, der) = certificate("mx.bank.example");
    let sink = Sink::at("127.0.0.1:0".parse().unwrap(), tls).await;
    let plain = Sink::start().await;
    let dns = |host: &str| {
        Table::default()
            .with_mx("bank.example", &[(10, host)])
            .with_mx("other.example", &[(10, host)])
            .with_host("mx.bank.example", &[[127, 0, 0, 1]])
            .with_host("mx.wrong.example", &[[127, 0, 0, 1]])
    };
    let settings = |mode, roots| TlsSettings::new(mode, vec!["bank.example".into()], roots).unwrap();

    // A self-signed certificate will do where nobody asks for more.
    let mut parts = house.parts(dns("mx.wrong.example"), sink.address.port());
    parts.transport.tls = settings(TlsMode::Opportunistic, vec![]);
    let office = run(parts, 1);
    house.queue(&["a@other.example"]).await;
    until("delivered", || async { sink.received().len() == 1 }).await;
    assert!(sink.received()[0].tls);

    // Not for a destination where it must be valid: an unknown issuer, or the wrong name.
    house.queue(&["b@bank.example"]).await;
    until("refused by us", || async { house.waiting().await.iter().any(|row| row.1 == 1 && row.2.contains("4.7.5")) })
        .await;
    office.stop().await;
    let mut parts = house.parts(dns("mx.wrong.example"), sink.address.port());
    parts.transport.tls = settings(TlsMode::Opportunistic, vec![der.clone().into()]);
    house.pass(MINUTE * 2);
    let office = run(parts, 1);
    until("the wrong name", || async { house.waiting().await.iter().any(|row| row.1 == 2 && row.2.contains("4.7.5")) })
        .await;
    office.stop().await;
    assert_eq!(sink.received().len(), 1);

    // Nor without TLS at all.
    let mut parts = house.parts(dns("mx.bank.example"), plain.address.port());
    parts.transport.tls = settings(TlsMode::Opportunistic, vec![der.clone().into()]);
    house.pass(MINUTE * 3);
    let office = run(parts, 1);
    until("no TLS", || async { house.waiting().await.iter().any(|row| row.1 == 3) }).await;
    office.stop().await;
    assert!(plain.received().is_empty());

    // With the right one it goes.
    let mut parts = house.parts(dns("mx.bank.example"), sink.address.port());
    parts.transport.tls = settings(TlsMode::Opportunistic, vec![der.into()]);
    house.pass(MINUTE * 6);
    let office = run(parts, 1);
    until("delivered", || async { sink.received().len() == 2 }).await;
    assert!(sink.received()[1].tls);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn opportunistic_tls_that_fails_is_no_reason_not_to_deliver() {
    let house = House::new().await;
    // Offers STARTTLS, and breaks the handshake the first time it is taken at its word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (reader, mut writer) = socket.into_split();
            let mut lines = BufReader::new(reader).lines();
            writer.write_all(b"220 mx\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let reply: &[u8] = match line.get(..4).unwrap_or_default() {
                    "EHLO" => b"250-mx\r\n250 STARTTLS\r\n",
                    "STAR" => b"220 go\r\n",
                    "DATA" => b"354 go\r\n",
                    "QUIT" => break,
                    _ if line == "." => {
                        count.fetch_add(1, Ordering::SeqCst);
                        b"250 ok\r\n"
                    }
                    "MAIL" | "RCPT" => b"250 ok\r\n",
                    _ => continue,
                };
                if writer.write_all(reply).await.is_err() {
                    break;
                }
                if line.starts_with("STAR") {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let _ = writer.write_all(b"500 this is no TLS\r\n").await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    break;
                }
            }
        }
    });
    let office = run(house.parts_by_smarthost(address), 1);
    house.queue(&["a@x.example"]).await;
    until("delivered", || async { taken.load(Ordering::SeqCst) == 1 }).await;
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn more_than_a_hundred_recipients_go_in_several_transactions() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let office = run(house.parts_by_smarthost(sink.address), 1);
    let to: Vec<String> = (0..230).map(|n| format!("r{n}@x.example")).collect();
    house.queue(&to.iter().map(String::as_str).collect::<Vec<_>>()).await;
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    let sizes: Vec<usize> = sink.received().iter().map(|mail| mail.to.len()).collect();
    assert_eq!(sizes, [100, 100, 30]);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_mail_that_cannot_be_read_from_our_storage_sends_nothing_and_waits() {
    let (house, sink) = (House::new().await, Sink::start().await);
    let mail = house.outgoing(&["a@x.example"]).await;
    let fubako_store::outbox::Content::Object(object) = &mail.content else { panic!() };
    house.vault.delete(object.id).await.unwrap();
    house.store.queue_outgoing(&[mail], house.now()).await.unwrap();
    let office = run(house.parts_by_smarthost(sink.address), 1);
    until("a try", || async { house.waiting().await.iter().any(|row| row.1 == 1 && row.2.contains("4.3.0")) }).await;
    office.stop().await;
    assert!(sink.received().is_empty());
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_lease_is_kept_through_a_long_transfer() {
    let house = House::new().await;
    // A server that takes three seconds for its final reply, while leases hold for one.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let (reader, mut writer) = socket.into_split();
                let mut lines = BufReader::new(reader).lines();
                writer.write_all(b"220 mx\r\n").await.unwrap();
                while let Ok(Some(line)) = lines.next_line().await {
                    let reply: &[u8] = match line.get(..4).unwrap_or_default() {
                        "DATA" => b"354 go\r\n",
                        "EHLO" | "MAIL" | "RCPT" | "QUIT" => b"250 ok\r\n",
                        _ if line == "." => {
                            tokio::time::sleep(Duration::from_secs(3)).await;
                            count.fetch_add(1, Ordering::SeqCst);
                            b"250 ok\r\n"
                        }
                        _ => continue,
                    };
                    if writer.write_all(reply).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    // Two offices on the system's clock: were the lease not renewed, the other one would send it too.
    let offices: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|node| {
            let mut parts = house.parts_by_smarthost(address);
            parts.node = node.into();
            parts.timing.lease = Duration::from_secs(1);
            parts.clock = Arc::new(fubako_base::Timestamp::now);
            run(parts, 1)
        })
        .collect();
    let mut mail = house.outgoing(&["a@x.example"]).await;
    mail.due = fubako_base::Timestamp::now();
    house.store.queue_outgoing(&[mail.clone()], fubako_base::Timestamp::now()).await.unwrap();
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(taken.load(Ordering::SeqCst), 1);
    for office in offices {
        office.stop().await;
    }
}

#[tokio::test]
async fn a_schedule_can_be_passed_in() {
    let (house, sink) = (House::new().await, Sink::start().await);
    sink.refuse("a@x.example", &[refusal(450, (4, 2, 1), "not now")]);
    let mut parts = house.parts_by_smarthost(sink.address);
    parts.clock = Arc::new(fubako_base::Timestamp::now);
    parts.timing.schedule =
        Schedule { steps: vec![], then: Duration::from_millis(300), give_up: Duration::from_secs(60) };
    let office = run(parts, 1);
    house.queue(&["a@x.example"]).await;
    until("delivered without touching the clock", || async { sink.received().len() == 1 }).await;
    office.stop().await;
}
