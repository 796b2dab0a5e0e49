//! The certificate of our listeners: the operator's, one that ACME brought, or a self-signed one made at first start, with a warning. And
//! what we trust when we are the client.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ClientConfig, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

/// TLS could not be set up; the text says which file and why.
#[derive(Debug, thiserror::Error)]
#[error("TLS: {0}")]
pub struct TlsError(String);

/// A certificate chain and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Whether we made it ourselves.
    pub self_signed: bool,
}

impl Identity {
    /// The operator's files, or the self-signed certificate of `data_dir`, made there if it is not there yet.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: Option<(&Path, &Path)>, data_dir: &Path, hostname: &str) -> Result<Self, TlsError> {
        match files {
            Some((certificate, key)) => Self::read(certificate, key),
            None => {
                let (certificate, key) = (data_dir.join("tls/certificate.pem"), data_dir.join("tls/key.pem"));
                if !certificate.exists() || !key.exists() {
                    make_self_signed(&certificate, &key, hostname)?;
                }
                Ok(Self { self_signed: true, ..Self::read(&certificate, &key)? })
            }
        }
    }

    /// A certificate's chain and its key from one file.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read_pair(file: &Path) -> Result<Self, TlsError> {
        Self::read(file, file)
    }

    /// A certificate's chain and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let wrong = |path: &Path, e: &dyn std::fmt::Display| TlsError(format!("{}: {e}", path.display()));
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
        Ok(Self { chain, key, self_signed: false })
    }

    /// The first certificate, for a client that shall trust just this one.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.chain.first().cloned()
    }

    /// The certificates, the listener's own first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// From when until when the certificate is good.
    ///
    /// # Errors
    /// [`TlsError`] when it is none.
    pub fn times(&self) -> Result<(SystemTime, SystemTime), TlsError> {
        let octets = self.chain.first().ok_or(TlsError("there is no certificate".to_owned()))?;
        let (_, certificate) = X509Certificate::from_der(octets).map_err(|e| TlsError(e.to_string()))?;
        let validity = certificate.validity();
        let time = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        Ok((time(validity.not_before.timestamp()), time(validity.not_after.timestamp())))
    }

    /// Whether the certificate is for this name.
    #[must_use]
    pub fn is_for(&self, name: &str) -> bool {
        let Some(certificate) = self.chain.first() else { return false };
        let certificate = webpki::EndEntityCert::try_from(certificate);
        let name = ServerName::try_from(name);
        certificate.ok().zip(name.ok()).is_some_and(|(c, name)| c.verify_is_valid_for_subject_name(&name).is_ok())
    }

    /// What a listener shows.
    ///
    /// # Errors
    /// [`TlsError`] when key and certificate do not belong together.
    pub fn certified(&self) -> Result<CertifiedKey, TlsError> {
        CertifiedKey::from_der(self.chain.clone(), self.key.clone_key(), &provider())
            .map_err(|e| TlsError(e.to_string()))
    }
}

/// What signs with a private key.
///
/// # Errors
/// [`TlsError`] when it is none of a kind that we know.
pub fn signing_key(key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, TlsError> {
    provider().key_provider.load_private_key(key).map_err(|e| TlsError(e.to_string()))
}

/// The certificate that listeners show, which another can take the place of while they listen.
#[derive(Debug)]
pub struct Shown(RwLock<Current>);

/// A certificate that is shown.
#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// From when until when it is good, where that can be read.
    times: Option<(SystemTime, SystemTime)>,
    self_signed: bool,
}

impl Current {
    fn of(identity: &Identity) -> Result<Self, TlsError> {
        let key = Arc::new(identity.certified()?);
        Ok(Self { key, times: identity.times().ok(), self_signed: identity.self_signed })
    }
}

impl Shown {
    /// Shows this one first.
    ///
    /// # Errors
    /// [`TlsError`] when key and certificate do not belong together.
    pub fn new(identity: &Identity) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(Current::of(identity)?)))
    }

    /// Shows this one to whoever connects from now on.
    ///
    /// # Errors
    /// [`TlsError`] when key and certificate do not belong together; then the one before stays.
    pub fn replace(&self, identity: &Identity) -> Result<(), TlsError> {
        let current = Current::of(identity)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(())
    }

    /// From when until when the certificate that is shown is good, where that can be read, and whether we made it ourselves.
    #[must_use]
    pub fn times(&self) -> (Option<(SystemTime, SystemTime)>, bool) {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (current.times, current.self_signed)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

/// What a listener speaks: TLS 1.3 and 1.2 only (spec RCV-TLS), and these protocols within it (none: it does not ask).
///
/// # Errors
/// [`TlsError`].
pub fn server(certificates: Arc<dyn ResolvesServerCert>, protocols: &[&[u8]]) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|e| TlsError(e.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Makes the process's provider known to libraries that ask for it. Said twice, it is done once.
pub fn install_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn make_self_signed(certificate: &Path, key: &Path, hostname: &str) -> Result<(), TlsError> {
    let wrong = |e: &dyn std::fmt::Display| TlsError(format!("a self-signed certificate could not be made: {e}"));
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if !names.iter().any(|n| n == hostname) {
        names.insert(0, hostname.to_owned());
    }
    let made = rcgen::generate_simple_self_signed(names).map_err(|e| wrong(&e))?;
    if let Some(folder) = certificate.parent() {
        fubako_vault::make_folder(folder).map_err(|e| wrong(&e))?;
    }
    crate::files::write_private(key, made.signing_key.serialize_pem().as_bytes()).map_err(|e| wrong(&e))?;
    crate::files::write_private(certificate, made.cert.pem().as_bytes()).map_err(|e| wrong(&e))
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`TlsError`].
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |e: &dyn std::fmt::Display| TlsError(format!("{}: {e}", file.display()));
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))?.collect();
    read.map_err(|e| wrong(&e))
}

/// A client that trusts one certificate and nothing else.
///
/// # Errors
/// [`TlsError`].
pub fn client_trusting(certificate: CertificateDer<'static>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).map_err(|e| TlsError(e.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|e| TlsError(e.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
