//! A key record, and signatures verified with it (RFC 6376, 3.6.1 and 6.1.2; RFC 8301, 8463).

use aws_lc_rs::{
    digest::Digest,
    rsa,
    signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey},
};

use super::{DkimFailure, field::SignatureField, tags::Tags};
use crate::Algorithm;

/// Bits that an RSA key must have (RFC 8301, 3.2).
const MIN_RSA_BITS: usize = 1024;

/// A published key.
#[derive(Debug)]
pub(super) struct KeyRecord {
    algorithm: Algorithm,
    public: Vec<u8>,
    /// `t=y`: the domain is trying DKIM out.
    pub(super) testing: bool,
    /// `t=s`: `i=` must have the domain itself.
    strict: bool,
}

impl KeyRecord {
    /// The key among the TXT records of a name: the first that can be read as one. What more than one means is not defined
    /// (RFC 6376, 3.6.2.2).
    pub(super) fn find(texts: &[String]) -> Result<Self, DkimFailure> {
        let mut failure = DkimFailure::NoKey;
        for text in texts {
            match Self::parse(text) {
                Ok(key) => return Ok(key),
                Err(DkimFailure::NoKey) => {}
                Err(wrong) => failure = wrong,
            }
        }
        Err(failure)
    }

    fn parse(text: &str) -> Result<Self, DkimFailure> {
        let tags = Tags::parse(text).ok_or(DkimFailure::NoKey)?;
        // `v=` stands first and is DKIM1, or is not there.
        if tags.get("v").is_some_and(|version| version != "DKIM1" || tags.first() != Some("v")) {
            return Err(DkimFailure::NoKey);
        }
        let encoded = tags.get("p").ok_or(DkimFailure::NoKey)?;
        if encoded.is_empty() {
            return Err(DkimFailure::Revoked);
        }
        let algorithm = match tags.get("k").map(str::to_ascii_lowercase).as_deref() {
            None | Some("rsa") => Algorithm::Rsa,
            Some("ed25519") => Algorithm::Ed25519,
            _ => return Err(DkimFailure::Key("its type is not known")),
        };
        let has = |tag, word: &str| tags.list(tag).is_some_and(|mut list| list.any(|w| w.eq_ignore_ascii_case(word)));
        if tags.get("h").is_some() && !has("h", "sha256") {
            return Err(DkimFailure::Key("it is not for sha256"));
        }
        if tags.get("s").is_some() && !has("s", "*") && !has("s", "email") {
            return Err(DkimFailure::Key("it is not for mail"));
        }
        let public = tags.base64("p").ok_or(DkimFailure::Key("p= is no base64"))?;
        Ok(Self { algorithm, public, testing: has("t", "y"), strict: has("t", "s") })
    }

    /// Verifies a signature over the header's hash.
    pub(super) fn verify(&self, field: &SignatureField, header: &Digest) -> Result<(), DkimFailure> {
        if self.strict && field.identity != field.domain {
            return Err(DkimFailure::Key("it is not for the domain of i="));
        }
        if self.algorithm != field.algorithm {
            return Err(DkimFailure::Key("it is of another type than the signature"));
        }
        let verified = match self.algorithm {
            Algorithm::Rsa => {
                let key = rsa::PublicKey::from_der(&self.public).map_err(|_| DkimFailure::Key("it is no RSA key"))?;
                if modulus_bits(key.as_ref()) < MIN_RSA_BITS {
                    return Err(DkimFailure::WeakKey);
                }
                UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, key.as_ref())
                    .verify_digest(header, &field.signature)
            }
            Algorithm::Ed25519 => {
                if self.public.len() != 32 {
                    return Err(DkimFailure::Key("it is no Ed25519 key"));
                }
                // What is signed is the hash itself (RFC 8463, 3).
                UnparsedPublicKey::new(&ED25519, &self.public).verify(header.as_ref(), &field.signature)
            }
        };
        verified.map_err(|_| DkimFailure::Signature)
    }
}

/// The bits of the modulus in an `RSAPublicKey` (DER, as the library writes it); 0 where it cannot be read.
fn modulus_bits(der: &[u8]) -> usize {
    let modulus = inside(der, 0x30).and_then(|sequence| inside(sequence, 0x02)).unwrap_or_default();
    let start = modulus.iter().position(|&octet| octet != 0).unwrap_or(modulus.len());
    modulus[start..].first().map_or(0, |first| (modulus.len() - start) * 8 - first.leading_zeros() as usize)
}

/// The content of the DER value with this tag that the octets begin with.
fn inside(der: &[u8], tag: u8) -> Option<&[u8]> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let octets = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    if first != tag || octets > 4 {
        return None;
    }
    let (long, rest) = rest.split_at_checked(octets)?;
    let long = long.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet));
    rest.get(..if octets == 0 { usize::from(length) } else { long })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<KeyRecord, DkimFailure> {
        KeyRecord::find(&[text.to_owned()])
    }

    // spec: RCV-DKIM (RFC 6376, 3.6.1)
    #[test]
    fn records_are_read() {
        let key = parse("v=DKIM1; k=ed25519; t=y:s; s=email; h=sha1:sha256; n=a note; p=QU JD").unwrap();
        assert_eq!(
            (key.algorithm, key.public.as_slice(), key.testing, key.strict),
            (Algorithm::Ed25519, &b"ABC"[..], true, true)
        );
        assert_eq!(parse("p=QUJD").unwrap().algorithm, Algorithm::Rsa);
        assert_eq!(parse("v=DKIM1; p=").unwrap_err(), DkimFailure::Revoked);
        for none in ["", "v=spf1 -all", "v=DKIM2; p=QUJD", "k=rsa; v=DKIM1; p=QUJD", "v=DKIM1; k=rsa", "p=QUJD; p=QUJD"]
        {
            assert_eq!(parse(none).unwrap_err(), DkimFailure::NoKey, "{none}");
        }
        for unusable in ["k=dsa; p=QUJD", "h=sha1; p=QUJD", "s=tlsrpt; p=QUJD", "p=!"] {
            assert!(matches!(parse(unusable).unwrap_err(), DkimFailure::Key(_)), "{unusable}");
        }
        let texts = ["something else".to_owned(), "p=QUJD".to_owned()];
        assert!(KeyRecord::find(&texts).is_ok());
    }

    #[test]
    fn a_key_s_bits_are_counted() {
        assert_eq!(modulus_bits(&[0x30, 0x07, 0x02, 0x02, 0x01, 0xff, 0x02, 0x01, 0x03]), 9);
        assert_eq!(modulus_bits(&[0x30, 0x81, 0x08, 0x02, 0x81, 0x02, 0x00, 0xff, 0x02, 0x01, 0x03]), 8);
        assert_eq!(modulus_bits(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), 0);
    }
}
