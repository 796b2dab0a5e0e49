#![allow(clippy::unwrap_used)]

use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

const NOW: u64 = 1_790_000_000;

fn tlsa(usage: u8, selector: u8, matching: u8, data: &[u8]) -> Tlsa {
    Tlsa { usage, selector, matching, data: data.to_vec() }
}

/// A record of each matching type for a certificate.
fn about(certificate: &CertificateDer<'_>, usage: u8, selector: u8, matching: u8) -> Tlsa {
    let parsed = EndEntityCert::try_from(certificate).unwrap();
    let selected = if selector == 0 { certificate.to_vec() } else { parsed.subject_public_key_info().to_vec() };
    let data = match matching {
        0 => selected,
        1 => digest(&SHA256, &selected).as_ref().to_vec(),
        _ => digest(&SHA512, &selected).as_ref().to_vec(),
    };
    tlsa(usage, selector, matching, &data)
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Authority { certificate, issuer: Issuer::new(params, key) }
}

fn issued(by: &Authority, name: &str, until: i32) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params.signed_by(&KeyPair::generate().unwrap(), &by.issuer).unwrap().der().clone()
}

fn verifies(records: Vec<Tlsa>, end_entity: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> bool {
    let Dane::Usable(records) = read(records) else { return false };
    let names = ["mx.example.com", "example.com"].map(|name| ServerName::try_from(name).unwrap()).to_vec();
    let records = Records { records, names };
    let other = ServerName::try_from("mx.example.com").unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    records.judge(Shown { end_entity, chain, name: &other, ocsp: &[], now }).is_ok()
}

// spec: MAIL-RELAY
#[test]
fn only_records_that_mean_something_in_smtp_are_used() {
    let good = tlsa(3, 1, 1, &[7; 32]);
    assert_eq!(read(vec![]), Dane::Absent);
    assert_eq!(read(vec![good.clone()]), Dane::Usable(vec![good.clone()]));
    let bad = [
        tlsa(0, 0, 1, &[7; 32]),
        tlsa(1, 1, 1, &[7; 32]),
        tlsa(4, 1, 1, &[7; 32]),
        tlsa(3, 2, 1, &[7; 32]),
        tlsa(3, 1, 3, &[7; 32]),
        tlsa(3, 1, 1, &[7; 31]),
        tlsa(2, 0, 2, &[7; 32]),
        tlsa(3, 1, 0, &[]),
    ];
    assert_eq!(read(bad.to_vec()), Dane::Unusable, "there, and of no use");
    for one in bad {
        assert_eq!(read(vec![one.clone(), good.clone()]), Dane::Usable(vec![good.clone()]), "{one:?}");
    }
}

// spec: MAIL-RELAY
#[test]
fn the_stronger_digest_counts_and_only_it() {
    let (weak, strong) = (tlsa(3, 1, 1, &[7; 32]), tlsa(3, 1, 2, &[7; 64]));
    let (whole, other) = (tlsa(3, 1, 0, &[7]), tlsa(2, 1, 1, &[7; 32]));
    let all = vec![weak, strong.clone(), whole.clone(), other.clone()];
    assert_eq!(read(all), Dane::Usable(vec![strong, whole, other]));
}

// spec: MAIL-RELAY
#[test]
fn a_host_s_own_record_matches_its_certificate_or_key_whatever_name_and_date() {
    let authority = authority();
    let expired = issued(&authority, "elsewhere.example", 2001);
    let other = issued(&authority, "mx.example.com", 2050);
    for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let record = about(&expired, END_ENTITY, selector, matching);
        assert!(verifies(vec![record.clone()], &expired, &[]), "{selector} {matching}");
        assert!(!verifies(vec![record.clone()], &other, &[]), "{selector} {matching}");
        assert!(
            verifies(vec![about(&other, END_ENTITY, selector, matching), record], &expired, &[]),
            "one of them is enough"
        );
    }
}

// spec: MAIL-RELAY
#[test]
fn a_trust_anchor_must_vouch_for_name_and_date() {
    let (mine, strange) = (authority(), authority());
    let good = issued(&mine, "mx.example.com", 2050);
    let domain = issued(&mine, "example.com", 2050);
    let wrong_name = issued(&mine, "elsewhere.example", 2050);
    let expired = issued(&mine, "mx.example.com", 2001);
    let forged = issued(&strange, "mx.example.com", 2050);
    let anchor = mine.certificate.der().clone();
    for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let record = vec![about(&anchor, TRUST_ANCHOR, selector, matching)];
        let sent = [anchor.clone()];
        assert!(verifies(record.clone(), &good, &sent), "{selector} {matching}");
        assert!(verifies(record.clone(), &domain, &sent), "the recipients' domain will do");
        assert!(!verifies(record.clone(), &wrong_name, &sent));
        assert!(!verifies(record.clone(), &expired, &sent));
        assert!(!verifies(record.clone(), &forged, &sent), "to send the anchor along proves nothing");
        assert!(!verifies(record.clone(), &forged, &[strange.certificate.der().clone(), anchor.clone()]));
        // Not sent along, it must be in DNS whole.
        assert_eq!(verifies(record, &good, &[]), (selector, matching) == (0, 0));
    }
    // A key that is pinned as the host's own is no authority.
    assert!(!verifies(vec![about(&anchor, END_ENTITY, 1, 1)], &good, &[anchor]));
}
