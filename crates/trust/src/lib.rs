//! Whether a mail is genuine, and making ours so: SPF, DKIM, alignment and the proofs of a tenant on the way in (spec RCV-TENANT,
//! RCV-SPF, RCV-DKIM, RCV-ALIGN); DKIM keys and signing on the way out (MAIL-SIGN). The only user of mail-auth.
//!
//! On the way in:
//! - [`Dns`]: the look-ups that the rest needs, a port
//! - [`spf::check`]: may this host send for that domain? It can be asked at MAIL
//! - [`dkim::Verifier`]: takes the mail as it streams past; then [`dkim::Hashed::verify`] asks for the keys
//! - [`tenant::decide`]: accept, refuse or try later, from what was found: pure
//! - [`results`]: the verdict as a field of the mail, and others' fields that claim to be ours
//!
//! On the way out:
//! - [`SigningKey`]: a domain's key; making one, and the DNS record that publishes it
//! - [`Signer`]: signs a mail as it streams past, with every key given

pub mod dkim;
mod dns;
mod domain;
mod fields;
mod key;
pub mod results;
mod signer;
pub mod spf;
pub mod tenant;

pub use dns::{Dns, DnsFailure, LookUp};
pub use key::{Algorithm, SigningKey};
pub use signer::Signer;

/// How long the upstream waits for DNS in a check (RFC 7208, 4.6.4 wants at least 20 seconds).
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// What went wrong with a key or a signature. Holds no key and no content.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(pub String);
