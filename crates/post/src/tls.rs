//! What we ask of TLS towards next hops (spec MAIL-RELAY).

use std::sync::Arc;

use fubako_smtp::client::unverified_tls_config;
use rustls::{ClientConfig, crypto::aws_lc_rs, pki_types::CertificateDer};
use rustls_platform_verifier::Verifier;

use crate::route::a_label;

/// How much TLS towards a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// None.
    Never,
    /// Where it is offered, whatever the certificate (RFC 7435); without, where the handshake fails.
    #[default]
    Opportunistic,
    /// With a valid certificate for the host's name, or not at all.
    Mandatory,
}

/// The TLS settings of the post office.
#[derive(Clone)]
pub struct TlsSettings {
    /// For every next hop that `mandatory` does not name.
    pub mode: TlsMode,
    /// Recipients' domains and hosts for which TLS is mandatory: `example.jp`, or `*.example.jp` for everything below it.
    pub mandatory: Vec<String>,
    /// Verifies nothing: see [`unverified_tls_config`].
    pub opportunistic: Arc<ClientConfig>,
    /// Verifies: see [`verifying`].
    pub verifying: Arc<ClientConfig>,
}

/// The settings cannot be made. For the log.
#[derive(Debug, thiserror::Error)]
#[error("TLS settings: {0}")]
pub struct InvalidTls(String);

impl TlsSettings {
    /// Settings with the two configurations made here; `roots` are trusted besides the platform's.
    ///
    /// # Errors
    /// [`InvalidTls`] where the platform's roots cannot be had or one of `roots` is no certificate.
    pub fn new(mode: TlsMode, mandatory: Vec<String>, roots: Vec<CertificateDer<'static>>) -> Result<Self, InvalidTls> {
        let opportunistic = unverified_tls_config().map_err(|error| InvalidTls(error.to_string()))?;
        Ok(Self { mode, mandatory, opportunistic, verifying: verifying(roots)? })
    }

    /// Whether TLS is mandatory towards this name (a recipient's domain or a host).
    #[must_use]
    pub fn is_mandatory(&self, name: &str) -> bool {
        let Some(name) = a_label(name) else { return false };
        self.mandatory.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => a_label(parent).is_some_and(|parent| {
                name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }),
            None => a_label(pattern).is_some_and(|whole| whole == name),
        })
    }
}

/// TLS 1.3 and 1.2 with a certificate that the platform, or one of `roots`, vouches for.
///
/// # Errors
/// [`InvalidTls`] where the platform's roots cannot be had or one of `roots` is no certificate.
pub fn verifying(roots: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, InvalidTls> {
    let invalid = |error: rustls::Error| InvalidTls(error.to_string());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(invalid)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(invalid)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // spec: MAIL-RELAY
    #[test]
    fn mandatory_names_are_whole_names_or_everything_below_one() {
        let config = unverified_tls_config().unwrap();
        let settings = TlsSettings {
            mode: TlsMode::Opportunistic,
            mandatory: vec!["Bank.example".into(), "*.Gov.example".into(), "日本語.jp".into()],
            opportunistic: Arc::clone(&config),
            verifying: config,
        };
        for name in ["bank.example", "BANK.example.", "a.gov.example", "a.b.gov.example", "xn--wgv71a119e.jp"] {
            assert!(settings.is_mandatory(name), "{name}");
        }
        for name in ["mx.bank.example", "gov.example", "agov.example", ".gov.example", "other", ""] {
            assert!(!settings.is_mandatory(name), "{name}");
        }
    }
}
