//! A tokio server on [`crate::protocol`].

mod connection;
mod places;
mod tls;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tracing::{Instrument, debug, error, info, info_span, warn};

use crate::Reply;
pub use crate::protocol::envelope::{MailFrom, Notify, RcptTo};
use places::Places;
pub use places::peer;
pub use tls::{TlsConfigError, tls_config};

/// How long a wait after the system refused a connection (no more file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a listener speaks TLS (spec RCV-TLS). TLS 1.3 and 1.2 only: the config given is built so.
#[derive(Clone)]
pub enum Tls {
    /// STARTTLS is offered; with `mandatory`, MAIL is refused before it (530 5.7.0).
    Starttls {
        /// Keys and versions.
        config: Arc<rustls::ServerConfig>,
        /// Whether MAIL needs TLS.
        mandatory: bool,
    },
    /// TLS from the first octet.
    Implicit {
        /// Keys and versions.
        config: Arc<rustls::ServerConfig>,
    },
    /// No TLS at all: only for the recipient's side of the demo and tests.
    None,
}

/// A listener's settings.
#[derive(Clone)]
pub struct Config {
    /// The host name in the banner and the reply to EHLO.
    pub hostname: String,
    /// How it speaks TLS.
    pub tls: Tls,
    /// Octets that a mail must stay below (spec RCV-SIZE); advertised by SIZE as one less.
    pub max_mail_size: u64,
    /// Recipients in one transaction; more get 452 4.5.3.
    pub max_recipients: usize,
    /// Connections at once; more get 421 4.3.2.
    pub max_connections: usize,
    /// Commands that fail before the connection is closed (421 4.7.0).
    pub max_errors: usize,
    /// How long the peer may take for a command.
    pub command_timeout: Duration,
    /// How long the peer may take between pieces of a mail.
    pub data_timeout: Duration,
}

/// Who is at the other end.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// What it called itself in EHLO or HELO; empty before.
    pub helo: String,
    /// `ESMTPS`, `ESMTP` or `SMTP`, as a trace field says it (RFC 3848); `UTF8SMTPS` and so on with SMTPUTF8.
    pub protocol: &'static str,
    /// The TLS version and cipher, once there is TLS.
    pub tls: Option<String>,
}

/// Decides about senders and recipients, and takes mails.
pub trait Handler: Send + Sync + 'static {
    /// A transaction under way. Dropped without [`Transaction::finish`], the mail never was.
    type Transaction: Transaction;

    /// A connection is there, of an address that has `others` besides on this listener: a refusal (4xx) is all that it is told. Asked before
    /// anything else, so it must not wait.
    ///
    /// # Errors
    /// The refusal.
    fn admits(&self, _address: IpAddr, _others: usize) -> Result<(), Reply> {
        Ok(())
    }

    /// A connection was closed for too many commands that failed.
    fn offended(&self, _address: IpAddr) {}

    /// MAIL: a refusal is the reply.
    fn mail(&self, peer: &Peer, from: &MailFrom) -> impl Future<Output = Result<Self::Transaction, Reply>> + Send;
}

/// One mail on its way in.
pub trait Transaction: Send + 'static {
    /// RCPT: a refusal is the reply, and the transaction goes on without that recipient.
    fn rcpt(&mut self, to: &RcptTo) -> impl Future<Output = Result<(), Reply>> + Send;

    /// The next octets: dots unstuffed, line ends as sent. An error is remembered by the server: the rest of the
    /// data is read and thrown away, and this reply is given in the place of the final one.
    fn chunk(&mut self, octets: Bytes) -> impl Future<Output = Result<(), Reply>> + Send;

    /// The data ended. The reply is the final one: 250 only when the mail is durable (spec RCV-DURABLE).
    fn finish(self) -> impl Future<Output = Reply> + Send;
}

/// Serves until `stop` is done; then takes no new connections, lets transactions that have begun their data end
/// (for at most `config.data_timeout`), and returns.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    config: Config,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let config = Arc::new(config);
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let places = Places::default();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) if connections.len() >= config.max_connections => {
                    warn!(peer = %address, max = config.max_connections, "too many connections");
                    refuse(stream, &config, &Reply::new(421, (4, 3, 2), "Too many connections, try again later"));
                }
                Ok((stream, address)) => {
                    let place = places.take(address.ip());
                    match handler.admits(address.ip(), place.others) {
                        Ok(()) => {
                            let connection =
                                connection::run(stream, address, config.clone(), handler.clone(), stopped.clone());
                            let connection = async move {
                                let _place = place;
                                connection.await;
                            };
                            connections.spawn(connection.instrument(info_span!("smtp", peer = %address)));
                        }
                        Err(reply) => refuse(stream, &config, &reply),
                    }
                }
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    stopping.send_replace(true);
    info!(connections = connections.len(), "no more connections are taken");
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if timeout(config.data_timeout, all_ended).await.is_err() {
        warn!(connections = connections.len(), "connections that did not end in time are cut off");
    }
    connections.shutdown().await;
}

/// A connection that panicked took its mail with it: it was never answered 250.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        error!(%error, "a connection ended by a panic");
    }
}

/// One connection too many. A fresh socket takes one line without waiting, so nobody has to wait for it.
fn refuse(stream: TcpStream, config: &Config, reply: &Reply) {
    if matches!(config.tls, Tls::Implicit { .. }) {
        return;
    }
    let mut line = Vec::new();
    reply.write_to(&mut line);
    let written = stream.into_std().and_then(|mut stream| std::io::Write::write_all(&mut stream, &line));
    if let Err(error) = written {
        debug!(%error, "the refusal could not be written");
    }
}
