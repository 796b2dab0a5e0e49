//! What the socket tests share: a handler that keeps what it gets, certificates, a server to talk to, a raw peer.
#![allow(dead_code)]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use fubako_smtp::{
    Reply,
    server::{self, Config, Handler, MailFrom, Peer, RcptTo, Tls, Transaction},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// Nothing in these tests should take longer.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A mail that came in.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) peer: Peer,
    pub(crate) from: MailFrom,
    pub(crate) to: Vec<RcptTo>,
    pub(crate) content: Vec<u8>,
}

/// Keeps mails, and refuses what it is told to by its name.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) mails: Mutex<Vec<Mail>>,
    /// Transactions dropped without a finish.
    pub(crate) dropped: Mutex<usize>,
    /// Octets handed to `chunk`.
    pub(crate) octets: Mutex<usize>,
    /// `chunk` waits for a permit each.
    pub(crate) gate: Option<Semaphore>,
    /// `finish` waits for a permit each.
    pub(crate) finish_gate: Option<Semaphore>,
    /// `chunk` refuses.
    pub(crate) refuse_content: bool,
}

/// The handler is the keeper behind an `Arc`, so that its transactions can reach it.
pub(crate) struct Shared(pub(crate) Arc<Keeper>);

pub(crate) struct Incoming {
    keeper: Arc<Keeper>,
    mail: Option<Mail>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.mail.is_some() {
            *self.keeper.dropped.lock().unwrap() += 1;
        }
    }
}

impl Handler for Shared {
    type Transaction = Incoming;

    async fn mail(&self, peer: &Peer, from: &MailFrom) -> Result<Incoming, Reply> {
        if from.address.starts_with("refused") {
            return Err(Reply::new(550, (5, 7, 1), "Sender refused"));
        }
        let mail = Mail { peer: peer.clone(), from: from.clone(), to: Vec::new(), content: Vec::new() };
        Ok(Incoming { keeper: self.0.clone(), mail: Some(mail) })
    }
}

impl Transaction for Incoming {
    async fn rcpt(&mut self, to: &RcptTo) -> Result<(), Reply> {
        if to.address.starts_with("refused") {
            return Err(Reply::new(550, (5, 1, 1), "No such user"));
        }
        if to.address.starts_with("busy") {
            return Err(Reply::new(450, (4, 2, 1), "Mailbox busy"));
        }
        self.mail.as_mut().unwrap().to.push(to.clone());
        Ok(())
    }

    async fn chunk(&mut self, octets: Bytes) -> Result<(), Reply> {
        if let Some(gate) = &self.keeper.gate {
            gate.acquire().await.unwrap().forget();
        }
        *self.keeper.octets.lock().unwrap() += octets.len();
        if self.keeper.refuse_content {
            return Err(Reply::new(451, (4, 3, 1), "Disk full"));
        }
        self.mail.as_mut().unwrap().content.extend_from_slice(&octets);
        Ok(())
    }

    async fn finish(mut self) -> Reply {
        if let Some(gate) = &self.keeper.finish_gate {
            gate.acquire().await.unwrap().forget();
        }
        let mail = self.mail.take().unwrap();
        let reply = if mail.from.address.starts_with("late") {
            Reply::new(451, (4, 3, 0), "Not now")
        } else {
            Reply::new(250, (2, 6, 0), "Taken")
        };
        self.keeper.mails.lock().unwrap().push(mail);
        reply
    }
}

/// A certificate authority of our own and one certificate of it, for `mx.example.jp` and 127.0.0.1.
pub(crate) struct Certificates {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
}

pub(crate) fn certificates() -> Certificates {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["mx.example.jp".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = server::tls_config(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    Certificates { server, client: Arc::new(client) }
}

pub(crate) fn config(tls: Tls) -> Config {
    Config {
        hostname: "mx.example.jp".into(),
        tls,
        max_mail_size: 1024 * 1024,
        max_recipients: 10,
        max_connections: 100,
        max_errors: 5,
        command_timeout: Duration::from_secs(10),
        data_timeout: Duration::from_secs(10),
    }
}

/// A server that runs until it is told to stop.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        Self::start_with(config, Keeper::default()).await
    }

    pub(crate) async fn start_with(config: Config, keeper: Keeper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keeper = Arc::new(keeper);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(server::serve(listener, config, Arc::new(Shared(keeper.clone())), stopped));
        Self { address, keeper, stop: Some(stop), task }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.keeper.mails.lock().unwrap().clone()
    }

    pub(crate) fn dropped(&self) -> usize {
        *self.keeper.dropped.lock().unwrap()
    }
}

/// A peer that says and expects octets.
pub(crate) struct Raw<S = TcpStream>(pub(crate) S);

impl Raw<TcpStream> {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Connects and says EHLO.
    pub(crate) async fn greet(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        raw.say("EHLO c.example\r\n").await;
        raw.read_until(" DSN\r\n").await;
        raw
    }
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Raw<S> {
    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.0.write_all(octets.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next octets are these, no more and no less.
    pub(crate) async fn expect(&mut self, expected: &str) {
        let mut octets = vec![0; expected.len()];
        let read = timeout(LONG, self.0.read_exact(&mut octets)).await;
        let got = String::from_utf8_lossy(&octets).into_owned();
        assert!(matches!(read, Ok(Ok(_))), "{read:?} after {got:?}, expected {expected:?}");
        assert_eq!(got, expected);
    }

    /// Reads until the octets read end so.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            let mut octet = [0];
            let read = timeout(LONG, self.0.read(&mut octet)).await.unwrap().unwrap();
            assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&text));
            text.push(octet[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// Everything until the peer closes.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut octets = Vec::new();
        let _ = timeout(LONG, self.0.read_to_end(&mut octets)).await.expect("closed in time");
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Nothing comes for a while.
    pub(crate) async fn expect_silence(&mut self) {
        let mut octet = [0];
        let read = timeout(Duration::from_millis(200), self.0.read(&mut octet)).await;
        assert!(read.is_err(), "{read:?} {octet:?}");
    }
}
