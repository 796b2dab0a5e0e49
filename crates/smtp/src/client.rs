//! One connection to a next hop, a transaction at a time, an outcome a recipient.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::Stream;

use crate::{
    Reply,
    server::{MailFrom, RcptTo},
};

/// What the connection asks of TLS (spec MAIL-RELAY).
#[derive(Clone)]
pub enum TlsPolicy {
    /// Never STARTTLS.
    Never,
    /// STARTTLS where it is offered, without looking at the certificate (RFC 7435); should the handshake fail, the
    /// caller may connect again with `Never`.
    Opportunistic(Arc<rustls::ClientConfig>),
    /// STARTTLS or nothing, and whatever `config` verifies must hold for `server_name`.
    Mandatory(Arc<rustls::ClientConfig>),
    /// TLS from the first octet.
    Implicit(Arc<rustls::ClientConfig>),
}

/// Where and how to connect.
#[derive(Clone)]
pub struct Target {
    /// The address.
    pub address: SocketAddr,
    /// The name for SNI and for the certificate.
    pub server_name: String,
    /// What we call ourselves in EHLO.
    pub helo: String,
    /// TLS.
    pub tls: TlsPolicy,
    /// For the connection, a command, and each piece of data. RFC 5321 4.5.3.2 gives the least for each; the final
    /// reply gets ten minutes at least.
    pub timeout: Duration,
}

/// Why a connection or transaction came to nothing for all its recipients.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or it broke before the final dot was sent: nothing was taken.
    #[error("connection failed: {0}")]
    Connection(#[source] std::io::Error),
    /// TLS could not be had as the policy wants it.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server refused the connection, EHLO, MAIL or DATA.
    #[error("refused: {0}")]
    Refused(Reply),
    /// The peer does not speak SMTP as it should.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    /// The connection died after the final dot and before its reply: the mail may have been taken (spec MAIL-RELAY).
    #[error("no reply to the final dot: {0}")]
    Unknown(#[source] std::io::Error),
    /// Our own content could not be read; the transaction was broken off without a final dot.
    #[error("the content could not be read: {0}")]
    Content(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The mail is larger than the server takes (it said so by SIZE).
    #[error("larger than the {0} octets that the server takes")]
    TooLarge(u64),
}

/// What became of a transaction, a reply for each recipient in the order given: its own refusal, or the final one.
#[derive(Debug)]
pub struct Delivered {
    /// One a recipient.
    pub replies: Vec<Reply>,
    /// The TLS version and cipher used.
    pub tls: Option<String>,
}

/// An open connection.
pub struct Connection {}

impl Connection {
    /// Connects, reads the banner, says EHLO (HELO where EHLO is unknown), does STARTTLS by the policy.
    ///
    /// # Errors
    /// Any [`ClientError`] but `Unknown` and `Content`.
    pub async fn open(target: &Target) -> Result<Self, ClientError> {
        let _ = target;
        unimplemented!("helper C")
    }

    /// Whether the server announced an extension, such as `DSN`, `SMTPUTF8`, `8BITMIME`.
    #[must_use]
    pub fn has_extension(&self, keyword: &str) -> bool {
        let _ = keyword;
        unimplemented!("helper C")
    }

    /// One transaction. `content` gives octets with CRLF line ends only; dots are stuffed here. Parameters that the
    /// server did not announce are left out. With PIPELINING, MAIL and RCPTs go in one write.
    ///
    /// # Errors
    /// See [`ClientError`]. With `Refused` and the recipients' refusals the connection may be used again.
    pub async fn send<S, E>(
        &mut self,
        from: &MailFrom,
        to: &[RcptTo],
        size: u64,
        content: S,
    ) -> Result<Delivered, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let _ = (from, to, size, content);
        unimplemented!("helper C")
    }

    /// Says QUIT and closes.
    pub async fn quit(self) {
        unimplemented!("helper C")
    }
}
