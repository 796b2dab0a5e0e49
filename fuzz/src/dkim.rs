//! DKIM: signature fields, key records, canonical forms. What comes of it does not depend on how the mail is cut; what we sign
//! verifies; what is said of it goes into a field of ours unharmed (spec RCV-DKIM, MAIL-SIGN, RFC 6376).

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use fubako_base::Timestamp;
use fubako_mail::newline::CrFixer;
use fubako_trust::{
    Algorithm, Signer, SigningKey,
    dkim::{Dkim, DkimOutcome, MAX_SIGNATURES, Verifier},
    results,
    spf::{Identity, Spf, SpfResult},
};

use crate::{Dice, dns::Lines, spf::assert_field};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

/// PKCS#8 of an Ed25519 key, its 32 octets behind.
const KEY: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

static SIGNING: LazyLock<Arc<SigningKey>> = LazyLock::new(|| {
    let der = [&KEY[..], &[7; 32]].concat();
    Arc::new(SigningKey::from_pkcs8("example.jp", "k1", Algorithm::Ed25519, &der).expect("a key"))
});

/// What stands behind two NULs is what DNS answers, a line each; what stands before is a mail.
pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 8);
    let at = data.windows(2).position(|two| two == b"\0\0");
    let (mail, zone) = at.map_or((data, &b""[..]), |at| (&data[..at], &data[at + 2..]));
    let zone = String::from_utf8_lossy(zone);
    let (mut fixer, mut fixed) = (CrFixer::new(), Vec::new());
    fixer.push(mail, &mut fixed);
    fixer.finish(&mut fixed);
    let whole = verified([&fixed[..]], &zone);
    assert_eq!(verified(dice.pieces(&fixed), &zone), whole, "how it is cut makes a difference");
    said(&whole);
    signed(&fixed, &mut dice);
    let _ = results::claims_to_be_ours(data, "gw.example.jp");
}

fn verified<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, zone: &str) -> Dkim {
    let mut verifier = Verifier::new();
    pieces.into_iter().for_each(|piece| verifier.write(piece));
    let Ok(hashed) = verifier.finish() else { return Dkim::default() };
    crate::wait(hashed.verify(&Lines::new(zone, None), NOW, Duration::from_secs(60)))
}

fn said(dkim: &Dkim) {
    assert!(dkim.signatures.len() <= MAX_SIGNATURES);
    assert!(dkim.unexamined == 0 || dkim.signatures.len() == MAX_SIGNATURES);
    let spf = Spf {
        result: SpfResult::None,
        identity: Identity::Helo,
        domain: String::new(),
        ip: std::net::Ipv4Addr::LOCALHOST.into(),
        cause: String::new(),
        explanation: None,
    };
    assert_field(&results::field("gw.example.jp", &spf, dkim));
}

/// What we sign is good, for our own verifier at least, and stays so however it is cut.
fn signed(mail: &[u8], dice: &mut Dice) {
    let mut signer = Signer::new(&[Arc::clone(&SIGNING)]);
    dice.pieces(mail).into_iter().for_each(|piece| signer.write(piece));
    let Ok(mut field) = signer.finish_at(NOW) else { return };
    // A line that continues nothing would continue our field; such a mail is held.
    if field.is_empty() || mail.starts_with(b" ") || mail.starts_with(b"\t") {
        return;
    }
    let record = SIGNING.dns_record().1;
    field.extend_from_slice(mail);
    let mut verifier = Verifier::new();
    dice.pieces(&field).into_iter().for_each(|piece| verifier.write(piece));
    let hashed = verifier.finish().expect("a header that could be signed");
    let dkim = crate::wait(hashed.verify(&crate::dns::Always(record), NOW, Duration::from_secs(60)));
    assert_eq!(dkim.signatures[0].outcome, DkimOutcome::Pass, "{:?}", String::from_utf8_lossy(&field));
}
