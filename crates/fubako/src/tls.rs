//! The certificate of our listeners: the operator's, or a self-signed one made at first start, with a warning. And what we
//! trust when we are the client.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

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
            Some((certificate, key)) => Self::read(certificate, key, false),
            None => {
                let (certificate, key) = (data_dir.join("tls/certificate.pem"), data_dir.join("tls/key.pem"));
                if !certificate.exists() || !key.exists() {
                    make_self_signed(&certificate, &key, hostname)?;
                }
                Self::read(&certificate, &key, true)
            }
        }
    }

    fn read(certificate: &Path, key: &Path, self_signed: bool) -> Result<Self, TlsError> {
        let wrong = |path: &Path, e: &dyn std::fmt::Display| TlsError(format!("{}: {e}", path.display()));
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
        Ok(Self { chain, key, self_signed })
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

    /// What a listener speaks: TLS 1.3 and 1.2 only (spec RCV-TLS).
    ///
    /// # Errors
    /// [`TlsError`] when key and certificate do not belong together.
    pub fn server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .and_then(|b| b.with_no_client_auth().with_single_cert(self.chain.clone(), self.key.clone_key()));
        config.map(Arc::new).map_err(|e| TlsError(e.to_string()))
    }

    /// The same for HTTP, which negotiates its version.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn http_server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = Arc::unwrap_or_clone(self.server()?);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
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
        crate::files::private_folder(folder).map_err(|e| wrong(&e))?;
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
