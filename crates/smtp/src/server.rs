//! A tokio server on [`crate::protocol`].

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::Reply;

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

/// MAIL (RFC 5321, 4.1.1.2) with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFrom {
    /// The reverse-path; empty for `<>`.
    pub address: String,
    /// SIZE.
    pub size: Option<u64>,
    /// BODY=8BITMIME.
    pub eight_bit: bool,
    /// SMTPUTF8.
    pub smtputf8: bool,
    /// RET (RFC 3461): `Some(true)` for FULL, `Some(false)` for HDRS.
    pub ret_full: Option<bool>,
    /// ENVID (RFC 3461), xtext as given.
    pub envid: Option<String>,
}

/// RCPT (RFC 5321, 4.1.1.3) with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RcptTo {
    /// The forward-path.
    pub address: String,
    /// NOTIFY (RFC 3461); none where not given.
    pub notify: Option<Notify>,
    /// ORCPT (RFC 3461), as given (`rfc822;…` in xtext).
    pub orcpt: Option<String>,
}

/// NOTIFY (RFC 3461, 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notify {
    /// NEVER: no notification whatever happens.
    pub never: bool,
    /// SUCCESS.
    pub success: bool,
    /// FAILURE.
    pub failure: bool,
    /// DELAY.
    pub delay: bool,
}

/// Decides about senders and recipients, and takes mails.
pub trait Handler: Send + Sync + 'static {
    /// A transaction under way. Dropped without [`Transaction::finish`], the mail never was.
    type Transaction: Transaction;

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
    listener: tokio::net::TcpListener,
    config: Config,
    handler: Arc<H>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let _ = (listener, config, handler, stop);
    unimplemented!("helper C")
}
