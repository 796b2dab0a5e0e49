//! DKIM keys and signing (spec MAIL-SIGN; RFC 6376, 8301, 8463). The only user of mail-auth.
//!
//! - [`SigningKey`]: a domain's key; making one, and the DNS record that publishes it
//! - [`Signer`]: signs a mail as it streams past, with every key given

mod fields;
mod key;
mod signer;

pub use key::{Algorithm, SigningKey};
pub use signer::Signer;

/// What went wrong with a key or a signature. Holds no key and no content.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(pub String);
