//! What is shown to whoever checks that a name is ours (TLS-ALPN-01, RFC 8737).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::{
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::AcmeError;
use crate::tls::{self, Shown};

/// The protocol that a checking peer asks for, and alone (RFC 8737, 6.2).
pub const PROTOCOL: &[u8] = b"acme-tls/1";

/// The HTTPS listener's certificates: to those who check a name its proof, to all others what is shown anyway.
#[derive(Debug)]
pub struct Challenges {
    shown: Arc<Shown>,
    /// By name, in lower case.
    proofs: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Challenges {
    /// None is under way.
    #[must_use]
    pub fn new(shown: Arc<Shown>) -> Self {
        Self { shown, proofs: Mutex::default() }
    }

    /// Proves a name from now on: `digest` is the SHA-256 of the key authorization.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub fn prove(&self, name: &str, digest: &[u8]) -> Result<(), AcmeError> {
        let proof = Arc::new(proof(name, digest)?);
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase(), proof);
        Ok(())
    }

    /// Proves nothing any more.
    pub fn forget(&self) {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl ResolvesServerCert for Challenges {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut asked = hello.alpn().into_iter().flatten();
        if asked.next() != Some(PROTOCOL) || asked.next().is_some() {
            return self.shown.resolve(hello);
        }
        let name = hello.server_name()?.to_ascii_lowercase();
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned()
    }
}

/// A self-signed certificate for the name, with the digest in a critical extension.
fn proof(name: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeError> {
    let mut about = CertificateParams::new(vec![name.to_owned()])?;
    about.distinguished_name = DistinguishedName::new();
    about.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = about.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Not looked at as others are: its extension is critical, and known to whoever checks the name alone.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], tls::signing_key(key)?))
}
