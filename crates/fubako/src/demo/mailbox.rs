//! The recipient's side of the demo: a mail server that takes everything and keeps it in memory.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use fubako_smtp::{
    Reply,
    server::{Config, Handler, MailFrom, Peer, RcptTo, Tls, Transaction},
};
use tokio::sync::{Notify, watch};

/// Octets of mail that the mailbox keeps; more is refused, so that a demo never fills the memory.
const ROOM: usize = 512 << 20;

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// RCPT TO.
    pub to: Vec<String>,
    /// The octets, CRLF line ends.
    pub octets: Bytes,
}

/// Every mail that arrived, in order; cheap to clone.
#[derive(Clone, Default)]
pub struct Mailbox {
    mails: Arc<Mutex<Vec<Arrived>>>,
    news: Arc<Notify>,
}

impl Mailbox {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Those from the `first`-th on.
    #[must_use]
    pub fn since(&self, first: usize) -> Vec<Arrived> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.get(first..).map(<[Arrived]>::to_vec).unwrap_or_default()
    }

    /// Waits until `enough` says so of the mails from the `first`-th on, or for `patience`.
    pub async fn wait(&self, first: usize, patience: Duration, enough: impl Fn(&[Arrived]) -> bool) -> Vec<Arrived> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let news = self.news.notified();
            let arrived = self.since(first);
            if enough(&arrived) || tokio::time::timeout_at(until, news).await.is_err() {
                return arrived;
            }
        }
    }

    /// Serves SMTP until `stop`.
    pub async fn serve(&self, listener: tokio::net::TcpListener, stop: watch::Receiver<bool>) {
        let config = Config {
            hostname: "mailbox.example".to_owned(),
            tls: Tls::None,
            max_mail_size: 256 << 20,
            max_recipients: 1000,
            max_connections: 50,
            max_errors: 20,
            command_timeout: Duration::from_secs(60),
            data_timeout: Duration::from_secs(60),
        };
        fubako_smtp::server::serve(listener, config, Arc::new(self.clone()), crate::http::stopped(stop)).await;
    }
}

impl Handler for Mailbox {
    type Transaction = Arriving;

    async fn mail(&self, _: &Peer, _: &MailFrom) -> Result<Arriving, Reply> {
        Ok(Arriving { mailbox: self.clone(), to: Vec::new(), octets: Vec::new() })
    }
}

/// A mail on its way in.
pub struct Arriving {
    mailbox: Mailbox,
    to: Vec<String>,
    octets: Vec<u8>,
}

impl Transaction for Arriving {
    async fn rcpt(&mut self, to: &RcptTo) -> Result<(), Reply> {
        self.to.push(to.address.clone());
        Ok(())
    }

    async fn chunk(&mut self, octets: Bytes) -> Result<(), Reply> {
        if self.octets.len() + octets.len() > ROOM {
            return Err(Reply::new(452, (4, 3, 1), "the demo's mailbox is full"));
        }
        self.octets.extend_from_slice(&octets);
        Ok(())
    }

    async fn finish(self) -> Reply {
        let arrived = Arrived { to: self.to, octets: Bytes::from(self.octets) };
        let mut mails = self.mailbox.mails.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.iter().map(|m| m.octets.len()).sum::<usize>() + arrived.octets.len() > ROOM {
            return Reply::new(452, (4, 3, 1), "the demo's mailbox is full");
        }
        mails.push(arrived);
        drop(mails);
        self.mailbox.news.notify_waiters();
        Reply::new(250, (2, 0, 0), "taken")
    }
}
