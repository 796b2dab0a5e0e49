//! The API's client. One client, two transports: in process (straight into the router) and HTTPS.

use bytes::Bytes;
use fubako_base::{
    Code,
    ids::{DepositId, MailId},
};
use futures::stream::BoxStream;

use crate::wire::{Deposit, DepositRequest, File};

/// Octets on their way up.
pub type Upload = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// How requests travel.
#[derive(Clone)]
pub enum Transport {
    /// Straight into the exchange's router; `token` is put in as over the wire.
    InProcess {
        /// The exchange's API routes.
        router: axum::Router,
    },
    /// HTTPS to an exchange elsewhere.
    Https {
        /// A client whose TLS is set up.
        http: reqwest::Client,
        /// The exchange's base URL, without `/api`.
        base: String,
    },
}

/// Why a call failed, as the gateway needs to know it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Did not arrive, timed out, 5xx, or 429: may pass. Code `exchange-unavailable` or `maintenance`.
    #[error("unavailable ({code}): {cause}")]
    Unavailable {
        /// The stable code.
        code: Code,
        /// The private cause.
        cause: String,
    },
    /// The exchange said no for a reason that has a code of ours, such as `virus` or `files-too-large`.
    #[error("refused ({code}): {detail}")]
    Refused {
        /// The stable code.
        code: Code,
        /// What it said.
        detail: String,
    },
    /// Anything else: code `exchange-error`.
    #[error("unexpected: {0}")]
    Unexpected(String),
    /// The octets to upload could not be read.
    #[error("the upload's source failed: {0}")]
    Source(String),
}

/// The client; cheap to clone.
#[derive(Clone)]
pub struct Client {}

impl Client {
    /// A client with a bearer token.
    #[must_use]
    pub fn new(transport: Transport, token: &str) -> Self {
        let _ = (transport, token);
        unimplemented!("helper E")
    }

    /// Begins a deposit, or finds the one begun with this key before.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn begin(&self, key: MailId, request: &DepositRequest) -> Result<Deposit, ClientError> {
        let _ = (key, request);
        unimplemented!("helper E")
    }

    /// Puts a file; a file that is already there whole is left as it is (`content` may then be unread).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_file(
        &self,
        deposit: DepositId,
        number: u32,
        name: &str,
        media_type: &str,
        content: Upload,
    ) -> Result<File, ClientError> {
        let _ = (deposit, number, name, media_type, content);
        unimplemented!("helper E")
    }

    /// Sends the deposit: its notices go out. Said twice, it is sent once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn send(&self, deposit: DepositId) -> Result<Deposit, ClientError> {
        let _ = deposit;
        unimplemented!("helper E")
    }

    /// Takes back a deposit that was not sent.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn abort(&self, deposit: DepositId) -> Result<(), ClientError> {
        let _ = deposit;
        unimplemented!("helper E")
    }
}
