//! A post office on a real database (SQLite) and vault (a folder), next hops on real sockets, DNS from a table.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod authority;
pub mod dns;
pub mod policy_host;

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, ObjectId, OutgoingId, SectionId},
    object::ObjectRef,
    section::Section,
};
use fubako_post::{
    backoff::Schedule,
    dane::Tlsa,
    deliver::Transport,
    keyring::Keyring,
    office::{Office, OfficeParts, Timing},
    resolver::{Answer, Dns, DnsFailure, Mx},
    route::{Router, Smarthost},
    tls::{TlsMode, TlsSettings},
};
use fubako_smtp::{
    Reply,
    server::{Config, Handler, MailFrom, Peer, RcptTo, Tls, Transaction, serve},
};
use fubako_store::{
    Store,
    mails::{MailRecipient, NewMail},
    outbox::{Content, DeliveryState, NewDelivery, NewOutgoing, OutgoingKind},
};
use fubako_testkit::{Clock, Ground};
use futures::{StreamExt as _, future::BoxFuture, stream};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

pub const START: &str = "2026-09-21T13:33:20Z";
/// Later than anything waits.
pub const FAR: Timestamp = Timestamp(i64::MAX);

/// What a next hop took.
#[derive(Debug, Clone)]
pub struct Received {
    pub from: MailFrom,
    pub to: Vec<RcptTo>,
    pub octets: Vec<u8>,
    pub tls: bool,
}

impl Received {
    pub fn recipients(&self) -> Vec<&str> {
        self.to.iter().map(|to| to.address.as_str()).collect()
    }
}

/// What a next hop says before it says yes.
#[derive(Default)]
pub struct Script {
    pub mail: VecDeque<Reply>,
    pub rcpt: HashMap<String, VecDeque<Reply>>,
    pub end: VecDeque<Reply>,
}

/// A next hop that takes mail, and does as its script says first.
#[derive(Clone)]
pub struct Sink {
    pub address: SocketAddr,
    pub received: Arc<Mutex<Vec<Received>>>,
    pub script: Arc<Mutex<Script>>,
    stop: Arc<Mutex<Option<oneshot::Sender<()>>>>,
}

struct Hop(Sink);

struct Open {
    sink: Sink,
    mail: Received,
}

impl Handler for Hop {
    type Transaction = Open;
    async fn mail(&self, peer: &Peer, from: &MailFrom) -> Result<Open, Reply> {
        if let Some(reply) = self.0.script.lock().unwrap().mail.pop_front() {
            return Err(reply);
        }
        let mail = Received { from: from.clone(), to: Vec::new(), octets: Vec::new(), tls: peer.tls.is_some() };
        Ok(Open { sink: self.0.clone(), mail })
    }
}

impl Transaction for Open {
    async fn rcpt(&mut self, to: &RcptTo) -> Result<(), Reply> {
        if let Some(reply) = self.sink.script.lock().unwrap().rcpt.get_mut(&to.address).and_then(VecDeque::pop_front) {
            return Err(reply);
        }
        self.mail.to.push(to.clone());
        Ok(())
    }
    async fn chunk(&mut self, octets: Bytes) -> Result<(), Reply> {
        self.mail.octets.extend_from_slice(&octets);
        Ok(())
    }
    async fn finish(self) -> Reply {
        if let Some(reply) = self.sink.script.lock().unwrap().end.pop_front() {
            return reply;
        }
        self.sink.received.lock().unwrap().push(self.mail);
        Reply::new(250, (2, 0, 0), "taken")
    }
}

impl Sink {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), Tls::None).await
    }

    pub async fn at(address: SocketAddr, tls: Tls) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            script: Arc::default(),
            stop: Arc::new(Mutex::new(Some(stop))),
        };
        let config = Config {
            hostname: "mx.example.com".into(),
            tls,
            max_mail_size: 41 << 20,
            max_recipients: 1000,
            max_connections: 100,
            max_errors: 1000,
            command_timeout: Duration::from_secs(30),
            data_timeout: Duration::from_secs(30),
        };
        tokio::spawn(serve(listener, config, Arc::new(Hop(sink.clone())), async {
            let _ = stopped.await;
        }));
        sink
    }

    pub fn stop(&self) {
        self.stop.lock().unwrap().take();
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Refuses this recipient with these replies, one a try.
    pub fn refuse(&self, recipient: &str, replies: &[Reply]) {
        self.script.lock().unwrap().rcpt.insert(recipient.into(), replies.iter().cloned().collect());
    }
}

/// A next hop that knows no extensions at all, before this one.
pub async fn old_hop(before: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(before).await.unwrap();
            tokio::spawn(async move {
                let (from_client, mut to_client) = client.into_split();
                let (from_server, mut to_server) = server.into_split();
                let back = async move {
                    let _ = tokio::io::copy(&mut BufReader::new(from_server), &mut to_client).await;
                };
                let forth = async move {
                    let mut lines = BufReader::new(from_client);
                    let mut line = Vec::new();
                    while lines.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
                        if line.starts_with(b"EHLO") {
                            line.splice(..4, *b"XXXX");
                        }
                        if to_server.write_all(&line).await.is_err() {
                            break;
                        }
                        line.clear();
                    }
                };
                tokio::join!(back, forth);
            });
        }
    });
    address
}

pub fn refusal(code: u16, enhanced: (u8, u16, u16), text: &str) -> Reply {
    Reply::new(code, enhanced, text)
}

/// DNS out of a table. A name that is not in it does not exist.
#[derive(Default, Clone)]
pub struct Table {
    pub mx: HashMap<String, Result<Vec<Mx>, DnsFailure>>,
    pub addresses: HashMap<String, Result<Vec<IpAddr>, DnsFailure>>,
}

impl Table {
    pub fn with_mx(mut self, domain: &str, hosts: &[(u16, &str)]) -> Self {
        let records = hosts.iter().map(|(preference, host)| Mx { preference: *preference, host: (*host).into() });
        self.mx.insert(domain.into(), Ok(records.collect()));
        self
    }
    pub fn with_host(mut self, host: &str, addresses: &[[u8; 4]]) -> Self {
        self.addresses.insert(host.into(), Ok(addresses.iter().map(|a| Ipv4Addr::from(*a).into()).collect()));
        self
    }
}

impl Dns for Table {
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Answer<Mx>, DnsFailure>> {
        let known = self.mx.get(domain).cloned();
        let has_addresses = self.addresses.contains_key(domain);
        let none = if has_addresses { Ok(Vec::new()) } else { Err(DnsFailure::NoSuchName) };
        Box::pin(async move { known.unwrap_or(none).map(Answer::from) })
    }
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Answer<IpAddr>, DnsFailure>> {
        let known = self.addresses.get(host).cloned();
        Box::pin(async move { known.unwrap_or(Err(DnsFailure::NoSuchName)).map(Answer::from) })
    }
    fn txt<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, DnsFailure>> {
        Box::pin(async { Err(DnsFailure::NoSuchName) })
    }
    fn tlsa<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Answer<Tlsa>, DnsFailure>> {
        Box::pin(async { Err(DnsFailure::NoSuchName) })
    }
}

/// Everything below an office.
pub struct House {
    ground: Ground,
    pub keyring: Keyring,
    pub returned: Arc<Mutex<HashMap<MailId, Vec<u8>>>>,
}

impl Deref for House {
    type Target = Ground;
    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl House {
    pub async fn new() -> Self {
        let ground = Ground::new(Clock::at(START)).await;
        ground.put_section(Section { domains: vec!["example.jp".into()], ..fubako_testkit::section("acme") }).await;
        let keyring = Keyring::new(ground.store.clone(), ground.vault.clone(), "gw.example.jp");
        keyring.ensure_installation_keys(ground.now()).await.unwrap();
        Self { ground, keyring, returned: Arc::default() }
    }

    pub fn pass(&self, time: Duration) {
        self.pass_seconds(i64::try_from(time.as_secs()).unwrap());
    }

    /// The parts of an office that sends by MX as DNS says, to `port`.
    pub fn parts(&self, dns: impl Dns, port: u16) -> OfficeParts {
        let returned = Arc::clone(&self.returned);
        OfficeParts {
            store: self.store.clone(),
            vault: self.vault.clone(),
            keyring: self.keyring.clone(),
            transport: Transport {
                router: Router {
                    dns: Arc::new(dns),
                    smarthost: None,
                    port,
                    own_names: vec!["gw.example.jp".into()],
                    own_addresses: Vec::new(),
                },
                tls: TlsSettings::new(TlsMode::Opportunistic, Vec::new(), Vec::new()).unwrap(),
                sts: None,
                helo: "gw.example.jp".into(),
                timeout: Duration::from_secs(10),
            },
            returned_mail: Arc::new(move |mail| {
                let found = returned.lock().unwrap().get(&mail).cloned();
                Box::pin(async move {
                    found.map(|octets| {
                        let pieces: Vec<_> = octets.chunks(9000).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
                        stream::iter(pieces).boxed()
                    })
                })
            }),
            brand: "文箱".into(),
            notice_from: "mailer-daemon@gw.example.jp".into(),
            hostname: "gw.example.jp".into(),
            node: "test".into(),
            bell: Arc::default(),
            clock: self.clock.hands(),
            timing: Timing {
                schedule: Schedule::default(),
                delay_notice: Some(Duration::from_secs(4 * 3600)),
                lease: Duration::from_secs(60),
                poll: Duration::from_millis(20),
                grace: Duration::from_secs(5),
            },
        }
    }

    /// As [`House::parts`], with everything to one smarthost.
    pub fn parts_by_smarthost(&self, address: SocketAddr) -> OfficeParts {
        let mut parts = self.parts(Table::default(), 25);
        parts.transport.router.smarthost =
            Some(Smarthost { host: address.ip().to_string(), port: Some(address.port()) });
        parts
    }

    /// A mail that the gateway has taken from this sender.
    pub async fn accept(&self, envelope_from: &str) -> MailId {
        let id = MailId::generate();
        let accepted = NewMail {
            id,
            section: section(),
            spool: ObjectRef { id: ObjectId::generate(), section: section(), wrapped_key: vec![1], length: 1 },
            envelope_from: envelope_from.into(),
            peer: "127.0.0.1".into(),
            received_field: String::new(),
            smtputf8: false,
            ret_full: None,
            envid: None,
            recipients: vec![MailRecipient { address: "no@x.example".into(), notify: None, orcpt: None }],
            received_at: self.now(),
            results_field: "Authentication-Results: gw; spf=pass\r\n".to_owned(),
            fingerprint: None,
        };
        self.store.accept_mail(&accepted).await.unwrap();
        id
    }

    /// Queues a mail of a section, its content in an object.
    pub async fn queue(&self, to: &[&str]) -> OutgoingId {
        let mail = self.outgoing(to).await;
        self.store.queue_outgoing(std::slice::from_ref(&mail), self.now()).await.unwrap();
        mail.id
    }

    /// A mail to be queued: from `sender@example.jp`.
    pub async fn outgoing(&self, to: &[&str]) -> NewOutgoing {
        let id = OutgoingId::generate();
        let octets = format!(
            "From: sender@example.jp\r\nSubject: =?utf-8?B?6KaL56mN?= {id}\r\nMessage-ID: <{id}@example.jp>\r\n\r\n\
             Hello.\r\n.dot at the start\r\n"
        );
        let mut object = self.vault.create(&section()).await.unwrap();
        object.write(Bytes::from(octets.clone())).await.unwrap();
        let prefix = b"DKIM-Signature: v=1; of=this-mail\r\n".to_vec();
        NewOutgoing {
            id,
            section: section(),
            kind: OutgoingKind::Relay,
            mail: None,
            envelope_from: "sender@example.jp".into(),
            size: (octets.len() + prefix.len()) as u64,
            prefix,
            content: Content::Object(object.finish().await.unwrap()),
            smtputf8: false,
            ret_full: None,
            envid: None,
            told_to: None,
            deliveries: to
                .iter()
                .map(|to| NewDelivery {
                    id: DeliveryId::generate(),
                    recipient: (*to).into(),
                    notify: None,
                    orcpt: None,
                })
                .collect(),
            due: self.now(),
        }
    }

    /// The delivery rows as the queue shows them: recipient and why it waits.
    pub async fn waiting(&self) -> Vec<(String, u32, String)> {
        let rows = self.store.queue(100).await.unwrap();
        let mut rows: Vec<_> = rows
            .into_iter()
            .filter(|row| row.kind == "delivery")
            .map(|row| (row.to.join(","), row.attempts, row.reason.unwrap_or_default()))
            .collect();
        rows.sort();
        rows
    }

    pub fn object_files(&self) -> usize {
        self.objects().len()
    }
}

pub fn section() -> SectionId {
    "acme".parse().unwrap()
}

/// An office at work; stopped by [`Running::stop`].
pub struct Running {
    pub office: Office,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub fn run(parts: OfficeParts, workers: usize) -> Running {
    let office = Office::new(parts);
    let (stop, stopped) = oneshot::channel::<()>();
    let one = office.clone();
    let task = tokio::spawn(async move {
        one.run(workers, async {
            let _ = stopped.await;
        })
        .await;
    });
    Running { office, stop, task }
}

impl Running {
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

/// Waits until something is so; a test that waits in vain fails after 20 s.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in vain: {what}");
}

/// The state of each delivery of a mail that is finished but not settled.
pub async fn states(store: &Store, id: OutgoingId) -> Option<Vec<DeliveryState>> {
    let rounds = store.unsettled(FAR, 100).await.unwrap();
    let round = rounds.into_iter().find(|round| round.outgoing.id == id)?;
    Some(round.deliveries.iter().map(|delivery| delivery.state).collect())
}
