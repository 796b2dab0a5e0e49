//! DKIM keys and signing (spec MAIL-SIGN; RFC 6376, 8301, 8463). The only user of mail-auth.
//!
//! - [`SigningKey`]: a domain's key; making one, and the DNS record that publishes it
//! - [`Signer`]: signs a mail as it streams past, with every key given

pub mod dkim;
mod dns;
mod domain;
mod fields;
mod key;
mod signer;
pub mod spf;

pub use dns::{Dns, DnsFailure, LookUp};
pub use key::{Algorithm, SigningKey};
pub use signer::Signer;

/// How long the upstream waits for DNS in a check (RFC 7208, 4.6.4 wants at least 20 seconds).
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// What went wrong with a key or a signature. Holds no key and no content.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(pub String);
