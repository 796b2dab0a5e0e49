//! TLS towards a next hop.

use std::{fmt::Debug, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};

use super::ClientError;

/// What a host shows in the handshake.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The host's own certificate.
    pub end_entity: &'a CertificateDer<'a>,
    /// What it sent besides.
    pub chain: &'a [CertificateDer<'a>],
    /// The name that was asked for.
    pub name: &'a ServerName<'a>,
    /// Its stapled OCSP response; empty without.
    pub ocsp: &'a [u8],
    /// Now.
    pub now: UnixTime,
}

/// Decides whether what a host shows is good enough. That it has the certificate's key is checked besides, always.
pub trait Judge: Debug + Send + Sync + 'static {
    /// The decision.
    ///
    /// # Errors
    /// Why it is not good enough: there will be no connection.
    fn judge(&self, shown: Shown<'_>) -> Result<(), Error>;
}

/// Settings with a judge of certificates. TLS 1.3 and 1.2 only, by aws-lc-rs whatever the process's default.
///
/// # Errors
/// If the library were built without these versions.
pub fn judged_tls_config(judge: impl Judge) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { judge, provider }))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Settings that take any certificate, for [`super::TlsPolicy::Opportunistic`]: a certificate that nobody vouches for
/// still keeps out who only listens (RFC 7435).
///
/// # Errors
/// [`ClientError::Tls`], if the library were built without TLS 1.2 and 1.3.
pub fn unverified_tls_config() -> Result<Arc<ClientConfig>, ClientError> {
    judged_tls_config(AnyCertificate).map_err(|error| ClientError::Tls(error.to_string()))
}

#[derive(Debug)]
struct AnyCertificate;

impl Judge for AnyCertificate {
    fn judge(&self, _shown: Shown<'_>) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug)]
struct Verifier<J> {
    judge: J,
    provider: Arc<CryptoProvider>,
}

impl<J: Judge> ServerCertVerifier for Verifier<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge.judge(Shown { end_entity, chain, name, ocsp, now })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
