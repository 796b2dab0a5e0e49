//! A certificate authority for tests.

use std::sync::Arc;

use fubako_smtp::server::tls_config;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::CertificateDer};

pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate, and a server's settings with it.
pub struct Issued {
    pub certificate: CertificateDer<'static>,
    pub config: Arc<ServerConfig>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// A certificate for this name; the authority's own is sent with it.
    pub fn issue(&self, name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = certificate.pem() + &self.certificate.pem();
        let config = tls_config(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        Issued { certificate: certificate.der().clone(), config }
    }

    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.issue(name).config
    }
}
