//! The server's TLS settings (spec RCV-TLS).

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    version::{TLS12, TLS13},
};

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsConfigError {
    /// The chain has no certificate, or is no PEM.
    #[error("certificate chain: {0}")]
    Certificate(#[source] pem::Error),
    /// There is no private key (PKCS #8, PKCS #1 or SEC 1), or it is no PEM.
    #[error("private key: {0}")]
    Key(#[source] pem::Error),
    /// They do not fit each other, or are of a kind that is not supported.
    #[error("certificate and key: {0}")]
    Unusable(#[source] rustls::Error),
}

/// Settings for a server with this certificate chain (its own certificate first) and key, both PEM. TLS 1.3 and 1.2
/// only: older versions are not in rustls at all. The cryptography is aws-lc-rs, whatever the process's default.
///
/// # Errors
/// See [`TlsConfigError`]; none shows a key.
pub fn tls_config(cert_chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsConfigError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(cert_chain_pem)
        .collect::<Result<_, _>>()
        .map_err(TlsConfigError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsConfigError::Certificate(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(TlsConfigError::Key)?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsConfigError::Unusable)?;
    Ok(Arc::new(config))
}
