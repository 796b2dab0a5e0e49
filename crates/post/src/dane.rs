//! DANE for SMTP (RFC 7672): what TLSA records demand of a host's certificate. Pure, but for the clock that TLS passes in.
//!
//! Of the four certificate usages only DANE-TA(2) and DANE-EE(3) mean something in SMTP (RFC 7672, 3.1.3): nobody has said which
//! public authorities a sender should believe.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use fubako_smtp::client::{Judge, Shown, judged_tls_config};
use rustls::{
    CertificateError, ClientConfig, Error,
    pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime},
};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Records of a host that are looked at; nobody needs as many.
const MAX_RECORDS: usize = 64;

const TRUST_ANCHOR: u8 = 2;
const END_ENTITY: u8 = 3;
const SHA_512: u8 = 2;

/// One TLSA record (RFC 6698, 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// Certificate usage: 2 DANE-TA, 3 DANE-EE.
    pub usage: u8,
    /// Selector: 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// Matching type: 0 as it is, 1 its SHA-256, 2 its SHA-512.
    pub matching: u8,
    /// What must match.
    pub data: Vec<u8>,
}

/// What a host's TLSA records come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dane {
    /// There are none, or DNSSEC does not vouch for them.
    Absent,
    /// There are some, and we can use none of them: TLS, but nobody to authenticate (RFC 7672, 2.2).
    Unusable,
    /// The certificate must match one of these.
    Usable(Vec<Tlsa>),
}

/// What records for which DNSSEC vouches come to. Of records that differ only in their digest, the stronger digest counts
/// (RFC 7671, 9).
#[must_use]
pub fn read(mut records: Vec<Tlsa>) -> Dane {
    if records.is_empty() {
        return Dane::Absent;
    }
    records.truncate(MAX_RECORDS);
    records.retain(is_usable);
    let strong: Vec<(u8, u8)> =
        records.iter().filter(|tlsa| tlsa.matching == SHA_512).map(|tlsa| (tlsa.usage, tlsa.selector)).collect();
    records.retain(|tlsa| tlsa.matching != 1 || !strong.contains(&(tlsa.usage, tlsa.selector)));
    if records.is_empty() { Dane::Unusable } else { Dane::Usable(records) }
}

fn is_usable(tlsa: &Tlsa) -> bool {
    let fits = match tlsa.matching {
        0 => !tlsa.data.is_empty(),
        1 => tlsa.data.len() == 32,
        SHA_512 => tlsa.data.len() == 64,
        _ => false,
    };
    fits && matches!(tlsa.usage, TRUST_ANCHOR | END_ENTITY) && tlsa.selector <= 1
}

impl Tlsa {
    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let key;
        let selected: &[u8] = if self.selector == 0 {
            certificate
        } else {
            let Ok(parsed) = EndEntityCert::try_from(certificate) else { return false };
            key = parsed.subject_public_key_info();
            &key
        };
        match self.matching {
            0 => selected == self.data,
            1 => digest(&SHA256, selected).as_ref() == self.data,
            SHA_512 => digest(&SHA512, selected).as_ref() == self.data,
            _ => false,
        }
    }
}

/// TLS 1.3 and 1.2 with a certificate that matches one of `records`. A certificate that only a trust anchor of theirs vouches
/// for must have one of `names`: the host's, or the recipients' domain (RFC 7672, 3.2.2).
///
/// # Errors
/// If the library were built without these versions.
pub fn verifying(records: Vec<Tlsa>, names: Vec<ServerName<'static>>) -> Result<Arc<ClientConfig>, Error> {
    judged_tls_config(Records { records, names })
}

#[derive(Debug)]
struct Records {
    records: Vec<Tlsa>,
    names: Vec<ServerName<'static>>,
}

impl Records {
    fn of_usage(&self, usage: u8) -> impl Iterator<Item = &Tlsa> {
        self.records.iter().filter(move |tlsa| tlsa.usage == usage)
    }

    /// Whether a trust anchor that the records name vouches for the certificate, its names and its dates.
    fn is_vouched_for(
        &self,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let invalid = |error: webpki::Error| Error::General(format!("DANE: {error}"));
        let named: Vec<&CertificateDer<'_>> =
            chain.iter().filter(|one| self.of_usage(TRUST_ANCHOR).any(|tlsa| tlsa.matches(one))).collect();
        // An anchor that is in DNS whole need not be sent by the host.
        let whole: Vec<CertificateDer<'_>> = self
            .of_usage(TRUST_ANCHOR)
            .filter(|tlsa| tlsa.selector == 0 && tlsa.matching == 0)
            .map(|tlsa| CertificateDer::from(tlsa.data.as_slice()))
            .collect();
        let anchors: Vec<TrustAnchor<'_>> =
            named.into_iter().chain(&whole).filter_map(|one| anchor_from_trusted_cert(one).ok()).collect();
        if anchors.is_empty() {
            return Err(Error::General("DANE: the certificate matches no TLSA record".to_owned()));
        }
        let parsed = EndEntityCert::try_from(end_entity).map_err(invalid)?;
        parsed
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, chain, now, KeyUsage::server_auth(), None, None)
            .map_err(invalid)?;
        if self.names.iter().any(|name| parsed.verify_is_valid_for_subject_name(name).is_ok()) {
            Ok(())
        } else {
            Err(Error::InvalidCertificate(CertificateError::NotValidForName))
        }
    }
}

impl Judge for Records {
    /// With DANE-EE the match is all: neither names nor dates count (RFC 7672, 3.1.1).
    fn judge(&self, shown: Shown<'_>) -> Result<(), Error> {
        if self.of_usage(END_ENTITY).any(|tlsa| tlsa.matches(shown.end_entity)) {
            return Ok(());
        }
        self.is_vouched_for(shown.end_entity, shown.chain, shown.now)
    }
}

#[cfg(test)]
mod tests;
