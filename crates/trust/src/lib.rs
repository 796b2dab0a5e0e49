//! DKIM keys and signing (spec MAIL-SIGN). The only user of mail-auth.

/// A domain's key that can sign: PKCS#8 in memory.
pub struct SigningKey {}

impl SigningKey {
    /// Makes a new key (RSA of 2,048 bits, or Ed25519) and gives it as PKCS#8 DER.
    pub fn generate(algorithm: Algorithm) -> Result<Vec<u8>, TrustError> {
        let _ = algorithm;
        unimplemented!()
    }
    /// A key from PKCS#8 DER.
    pub fn from_pkcs8(domain: &str, selector: &str, algorithm: Algorithm, der: &[u8]) -> Result<Self, TrustError> {
        let _ = (domain, selector, algorithm, der);
        unimplemented!()
    }
    /// The TXT record to publish: its name and its value.
    pub fn dns_record(&self) -> (String, String) {
        unimplemented!()
    }
}

/// `rsa` or `ed25519`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// rsa-sha256
    Rsa,
    /// ed25519-sha256
    Ed25519,
}

/// What went wrong with a key or a signature.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(pub String);

/// Signs a mail as it streams past with every key given: rsa-sha256 and ed25519 side by side, relaxed/relaxed,
/// From, To, Subject, Date, Content-Type oversigned, no `l=`.
pub struct Signer {}

impl Signer {
    /// A signer with these keys (none: no fields come out).
    pub fn new(keys: &[std::sync::Arc<SigningKey>]) -> Self {
        let _ = keys;
        unimplemented!()
    }
    /// The next octets of the mail, header first.
    pub fn write(&mut self, octets: &[u8]) {
        let _ = octets;
        unimplemented!()
    }
    /// Ends the mail: the `DKIM-Signature` fields to put in front, CRLF at the end of each.
    pub fn finish(self) -> Result<Vec<u8>, TrustError> {
        unimplemented!()
    }
}
