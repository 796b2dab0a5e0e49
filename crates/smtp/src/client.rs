//! One connection to a next hop, a transaction at a time, an outcome a recipient.

mod content;
mod open;
mod tls;
mod transaction;
mod wire;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::FutureExt as _;

use crate::Reply;
pub use tls::{Judge, Shown, judged_tls_config, unverified_tls_config};

/// What the connection asks of TLS (spec MAIL-RELAY).
#[derive(Clone)]
pub enum TlsPolicy {
    /// Never STARTTLS.
    Never,
    /// STARTTLS where it is offered, without looking at the certificate (RFC 7435); should the handshake fail, the
    /// caller may connect again with `Never`. For the settings see [`unverified_tls_config`].
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
pub struct Connection {
    wire: wire::Wire,
    /// Keywords in upper case, with what follows them.
    extensions: Vec<(String, String)>,
    state: Readiness,
    /// For a command and a piece of data.
    timeout: Duration,
    /// For the reply to the final dot.
    final_timeout: Duration,
}

/// What the connection is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    /// The next transaction.
    Ready,
    /// The next transaction after RSET: the last one was given up half-way.
    NeedsReset,
    /// Nothing: it is closed, or in the middle of something.
    Broken,
}

impl Connection {
    /// Whether the server announced an extension, such as `DSN`, `SMTPUTF8`, `8BITMIME`.
    #[must_use]
    pub fn has_extension(&self, keyword: &str) -> bool {
        self.extensions.iter().any(|(name, _)| name.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.wire.describe_tls().is_some()
    }

    /// Whether another transaction can be tried on this connection: false once it broke, or the server said 421.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state != Readiness::Broken
    }

    /// Whether the server has said nothing that it was not asked for. One that did says goodbye, or has closed.
    #[must_use]
    pub fn is_quiet(&mut self) -> bool {
        self.wire.hear().now_or_never().is_none()
    }

    /// The largest mail that the server takes; none where it set no limit (RFC 1870, 4).
    fn max_size(&self) -> Option<u64> {
        let (_, value) = self.extensions.iter().find(|(name, _)| name == "SIZE")?;
        value.split(' ').next()?.parse().ok().filter(|size| *size > 0)
    }
}
