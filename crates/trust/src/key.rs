//! A domain's signing key.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use encodify::base64;
use zeroize::Zeroizing;

use crate::{TrustError, domain::is_dns_name};

/// `rsa` or `ed25519`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// rsa-sha256 (RFC 6376, 3.3.2)
    Rsa,
    /// ed25519-sha256 (RFC 8463)
    Ed25519,
}

impl Algorithm {
    /// Both, in the order in which a mail's signatures stand.
    pub const ALL: [Self; 2] = [Self::Rsa, Self::Ed25519];

    /// The name in the record's `k=` and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A domain's key that can sign. `Debug` shows no secret.
pub struct SigningKey {
    domain: String,
    selector: String,
    pair: Pair,
    /// As `p=` has it: SubjectPublicKeyInfo of an RSA key, the 32 octets of an Ed25519 key.
    public: Vec<u8>,
}

impl SigningKey {
    /// Makes a new key (RSA of 2,048 bits, or Ed25519) and gives it as PKCS#8 DER. The caller seals it and wipes it.
    ///
    /// # Errors
    /// [`TrustError`] when the system's random source or the library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Vec<u8>, TrustError> {
        let failed = |_| TrustError(format!("no {} key could be made", algorithm.name()));
        match algorithm {
            Algorithm::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Ok(der.as_ref().to_vec())
            }
            Algorithm::Ed25519 => {
                let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
                Ok(der.as_ref().to_vec())
            }
        }
    }

    /// A key from PKCS#8 DER. `domain` is an A-label name, `selector` a name of labels (RFC 6376, 3.1).
    ///
    /// # Errors
    /// [`TrustError`] where the octets are no key of that algorithm, an RSA key is shorter than 2,048 bits (RFC 8301), or a
    /// name is none that can stand in DNS.
    pub fn from_pkcs8(domain: &str, selector: &str, algorithm: Algorithm, der: &[u8]) -> Result<Self, TrustError> {
        for name in [domain, selector] {
            if !is_dns_name(name) {
                return Err(TrustError(format!("{name:?} is not a name that DNS can have")));
            }
        }
        let unusable = || TrustError(format!("not a usable {} key for {domain}", algorithm.name()));
        let (pair, public) = match algorithm {
            Algorithm::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| unusable())?;
                if pair.public_modulus_len() < 256 {
                    return Err(TrustError(format!("the RSA key for {domain} is shorter than 2048 bits")));
                }
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| unusable())?;
                let public = public.as_ref().to_vec();
                (Pair::Rsa(Box::new(pair)), public)
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unusable())?;
                let public = pair.public_key().as_ref().to_vec();
                (Pair::Ed25519(pair), public)
            }
        };
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_ascii_lowercase(), pair, public })
    }

    /// A new key with its PKCS#8, which is wiped when dropped.
    ///
    /// # Errors
    /// As [`SigningKey::generate`] and [`SigningKey::from_pkcs8`].
    pub fn create(
        domain: &str,
        selector: &str,
        algorithm: Algorithm,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), TrustError> {
        let der = Zeroizing::new(Self::generate(algorithm)?);
        let key = Self::from_pkcs8(domain, selector, algorithm, &der)?;
        Ok((key, der))
    }

    /// The domain it signs for (`d=`).
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Its selector (`s=`).
    #[must_use]
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rsa,
            Pair::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The TXT record to publish: its name and its value (RFC 6376, 3.6.1). The value of an RSA key is longer than the
    /// 255 octets of one character-string: a zone file needs it split.
    #[must_use]
    pub fn dns_record(&self) -> (String, String) {
        (
            format!("{}._domainkey.{}", self.selector, self.domain),
            format!("v=DKIM1; k={}; p={}", self.algorithm().name(), base64::STANDARD.encode(&self.public)),
        )
    }

    /// The signature over `data`: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519 over the data's SHA-256 (RFC 8463, 3).
    pub(crate) fn sign(&self, data: &[u8]) -> Result<Vec<u8>, TrustError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
                    .map_err(|_| TrustError(format!("signing with the RSA key of {} failed", self.domain)))?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
                Ok(pair.sign(digest.as_ref()).as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {}._domainkey.{})", self.algorithm().name(), self.selector, self.domain)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // spec: MAIL-SIGN
    #[test]
    fn a_record_publishes_the_public_half() {
        let (rsa, der) = SigningKey::create("Example.JP", "fubako-rsa", Algorithm::Rsa).unwrap();
        let (name, value) = rsa.dns_record();
        assert_eq!(name, "fubako-rsa._domainkey.example.jp");
        // SubjectPublicKeyInfo of 2,048 bits: 294 octets.
        let public = value.strip_prefix("v=DKIM1; k=rsa; p=").unwrap();
        assert_eq!(base64::STANDARD.decode(public).unwrap().len(), 294);
        assert!(!format!("{rsa:?}").contains(public));
        assert!(der.len() > 1000);

        let (ed, _) = SigningKey::create("example.jp", "fubako-ed", Algorithm::Ed25519).unwrap();
        let (_, value) = ed.dns_record();
        let public = value.strip_prefix("v=DKIM1; k=ed25519; p=").unwrap();
        assert_eq!(base64::STANDARD.decode(public).unwrap().len(), 32);
    }

    #[test]
    fn what_is_no_key_or_no_name_is_refused() {
        let der = SigningKey::generate(Algorithm::Ed25519).unwrap();
        assert!(SigningKey::from_pkcs8("example.jp", "s", Algorithm::Rsa, &der).is_err());
        assert!(SigningKey::from_pkcs8("example.jp", "s", Algorithm::Ed25519, &der[..20]).is_err());
        for (domain, selector) in
            [("", "s"), ("a..b", "s"), ("a;b", "s"), ("例え.jp", "s"), ("a", "s s"), ("a\r\n", "s")]
        {
            assert!(SigningKey::from_pkcs8(domain, selector, Algorithm::Ed25519, &der).is_err(), "{domain:?}");
        }
        assert!(SigningKey::from_pkcs8("example.jp", "2026.fubako", Algorithm::Ed25519, &der).is_ok());
    }
}
