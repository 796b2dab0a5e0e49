//! The decision on a mail: every proof, every refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use fubako_trust::{
    Algorithm,
    dkim::{Dkim, DkimFailure, DkimOutcome, Signature},
    spf::{Identity, Spf, SpfResult},
    tenant::{Author, Decision, Proof, RefusalCode, Secret, Tenant, decide},
};

fn spf(result: SpfResult, domain: &str) -> Spf {
    Spf {
        result,
        identity: Identity::MailFrom,
        domain: domain.to_owned(),
        ip: "192.0.2.1".parse().unwrap(),
        cause: "why".to_owned(),
        explanation: None,
    }
}

fn signature(domain: &str, outcome: DkimOutcome) -> Signature {
    Signature {
        domain: domain.to_owned(),
        selector: "s".to_owned(),
        algorithm: Some(Algorithm::Rsa),
        start: "abc".to_owned(),
        testing: false,
        uncovered: Vec::new(),
        age: Some(60),
        outcome,
    }
}

fn pass(domain: &str) -> Signature {
    signature(domain, DkimOutcome::Pass)
}

fn fail(domain: &str) -> Signature {
    signature(domain, DkimOutcome::Fail(DkimFailure::BodyHash))
}

fn trouble(domain: &str) -> Signature {
    signature(domain, DkimOutcome::Temporary("SERVFAIL".to_owned()))
}

fn dkim(signatures: impl Into<Vec<Signature>>) -> Dkim {
    Dkim { signatures: signatures.into(), unexamined: 0 }
}

/// A section with `example.jp` and `example.com`; `sub.example.jp` is another's.
struct Ground {
    domains: Vec<String>,
    foreign: Vec<String>,
}

impl Ground {
    fn new() -> Self {
        Self {
            domains: vec!["example.jp".to_owned(), "example.com".to_owned(), "deep.example.net".to_owned()],
            foreign: vec!["sub.example.jp".to_owned()],
        }
    }

    fn tenant(&self, proof: Proof) -> Tenant<'_> {
        Tenant { proof, domains: &self.domains, foreign: &self.foreign, secret: None }
    }

    fn decide(&self, proof: Proof, author: &str, spf: &Spf, dkim: &Dkim) -> Outcome {
        outcome(decide(&self.tenant(proof), Author::One(author), spf, dkim))
    }
}

/// Accepted, or the reply's code, the status, and what is wrong.
type Outcome = Result<(), (u16, (u8, u16, u16), RefusalCode)>;

fn outcome(decision: Decision) -> Outcome {
    let (refusal, later) = match decision {
        Decision::Accept { domain, .. } => {
            assert!(!domain.is_empty());
            return Ok(());
        }
        Decision::Refuse(refusal) => (refusal, false),
        Decision::TryLater(refusal) => (refusal, true),
    };
    assert!(refusal.sentence.len() <= 450 && refusal.sentence.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
    assert!(!refusal.sentence.is_empty() && !refusal.cause.is_empty());
    assert_eq!(refusal.reply, if later { 451 } else { 550 });
    assert_eq!(refusal.status.0, if later { 4 } else { 5 });
    Err((refusal.reply, refusal.status, refusal.code))
}

const SPF_REFUSED: Outcome = Err((550, (5, 7, 23), RefusalCode::Spf));
const NOT_ALIGNED: Outcome = Err((550, (5, 7, 1), RefusalCode::Alignment));
const NOT_PROVEN: Outcome = Err((550, (5, 7, 1), RefusalCode::Proof));
const NO_OWN_SIGNATURE: Outcome = Err((550, (5, 7, 22), RefusalCode::Dkim));
const NO_SIGNATURE: Outcome = Err((550, (5, 7, 20), RefusalCode::Dkim));
const DKIM_LATER: Outcome = Err((451, (4, 4, 3), RefusalCode::Dkim));

// spec: RCV-SPF
#[test]
fn all_but_pass_is_refused_and_trouble_is_4xx() {
    let ground = Ground::new();
    for (result, wanted) in [
        (SpfResult::Pass, Ok(())),
        (SpfResult::None, SPF_REFUSED),
        (SpfResult::Neutral, SPF_REFUSED),
        (SpfResult::SoftFail, SPF_REFUSED),
        (SpfResult::Fail, SPF_REFUSED),
        (SpfResult::PermError, SPF_REFUSED),
        (SpfResult::TempError, Err((451, (4, 7, 24), RefusalCode::Spf))),
    ] {
        for proof in [Proof::Spf, Proof::Dkim, Proof::SecretHeader] {
            let signed = dkim([pass("example.jp")]);
            let mut tenant = ground.tenant(proof);
            tenant.secret = Some(Secret { expected: &[b"s3cret"], found: &[b"s3cret"] });
            let decided = decide(&tenant, Author::One("example.jp"), &spf(result, "example.jp"), &signed);
            assert_eq!(outcome(decided), wanted, "{result:?} {proof:?}");
        }
    }
    // A sender without a domain at all.
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &spf(SpfResult::None, ""), &dkim([])), SPF_REFUSED);
}

// spec: RCV-SPF
#[test]
fn the_peer_is_told_what_helps() {
    let ground = Ground::new();
    let said = |spf: &Spf| match decide(&ground.tenant(Proof::Spf), Author::One("example.jp"), spf, &dkim([])) {
        Decision::Refuse(refusal) => refusal.sentence,
        other => panic!("{other:?}"),
    };
    let mut failed = spf(SpfResult::SoftFail, "example.jp");
    failed.explanation = Some(format!("ask\r\n {}", "x".repeat(600)));
    let sentence = said(&failed);
    assert!(sentence.starts_with("SPF of example.jp does not permit [192.0.2.1] (softfail)"), "{sentence}");
    assert!(sentence.contains("example.jp explains: ask x") && sentence.len() == 450, "{sentence}");
    failed.ip = "2001:db8::1".parse().unwrap();
    assert!(said(&failed).contains("[IPv6:2001:db8::1]"));
    assert!(said(&spf(SpfResult::None, "example.jp")).contains("no SPF record"));
    assert!(said(&spf(SpfResult::PermError, "example.jp")).contains("permerror"));
}

// spec: RCV-DKIM
#[test]
fn of_a_signed_mail_the_right_signature_must_verify() {
    let ground = Ground::new();
    let ok = spf(SpfResult::Pass, "example.jp");
    for (signatures, wanted) in [
        (vec![], Ok(())),
        (vec![pass("example.jp")], Ok(())),
        (vec![fail("example.jp")], NO_OWN_SIGNATURE),
        (vec![fail("example.jp"), pass("example.jp")], Ok(())),
        (vec![fail("example.jp"), pass("mail.example.jp")], Ok(())),
        // One of the author's domain there is: a stranger's does not make up for it.
        (vec![fail("example.jp"), pass("other.jp")], NO_OWN_SIGNATURE),
        (vec![pass("other.jp"), trouble("example.jp")], DKIM_LATER),
        (vec![trouble("example.jp"), pass("example.jp")], Ok(())),
        (vec![trouble("example.jp"), fail("example.jp")], DKIM_LATER),
        // None of the author's domain: any will do.
        (vec![pass("other.jp")], Ok(())),
        (vec![fail("other.jp"), pass("another.jp")], Ok(())),
        (vec![fail("other.jp")], NO_SIGNATURE),
        (vec![fail("")], NO_SIGNATURE),
        (vec![fail("other.jp"), trouble("another.jp")], DKIM_LATER),
        // Not the author's: the same letters, another section's, a top label.
        (vec![fail("other.jp"), pass("badexample.jp")], Ok(())),
        (vec![fail("sub.example.jp")], NO_SIGNATURE),
        (vec![fail("jp")], NO_SIGNATURE),
    ] {
        let decided = ground.decide(Proof::Spf, "example.jp", &ok, &dkim(signatures.clone()));
        assert_eq!(decided, wanted, "{signatures:?}");
    }
    // With l= not covering the body, the mail is as good as one with a broken signature.
    let uncovered = signature("example.jp", DkimOutcome::Fail(DkimFailure::NotCovered));
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &dkim([uncovered])), NO_OWN_SIGNATURE);
}

// spec: RCV-DKIM (RFC 6376, 3.6.1)
#[test]
fn a_signature_tried_out_is_as_if_it_were_not_there() {
    let ground = Ground::new();
    let ok = spf(SpfResult::Pass, "example.jp");
    let testing = |signature| Signature { testing: true, ..signature };
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &dkim([testing(fail("example.jp"))])), Ok(()));
    assert_eq!(ground.decide(Proof::Dkim, "example.jp", &ok, &dkim([testing(pass("example.jp"))])), NOT_PROVEN);
    let with_other = dkim([testing(fail("example.jp")), fail("other.jp")]);
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &with_other), NO_SIGNATURE);
}

// spec: RCV-DKIM
#[test]
fn signatures_that_were_not_looked_at_are_no_help() {
    let ground = Ground::new();
    let ok = spf(SpfResult::Pass, "example.jp");
    let more = |signatures: Vec<Signature>| Dkim { signatures, unexamined: 1 };
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &more(vec![pass("example.jp")])), Ok(()));
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &more(vec![pass("other.jp")])), NO_SIGNATURE);
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &ok, &more(vec![fail("other.jp")])), NO_SIGNATURE);
}

// spec: RCV-ALIGN
#[test]
fn there_is_one_author_of_a_registered_domain() {
    let ground = Ground::new();
    let ok = spf(SpfResult::Pass, "example.jp");
    let signed = dkim([pass("example.jp")]);
    for author in [Author::Missing, Author::Several, Author::Unreadable, Author::AddressInName] {
        let decided = decide(&ground.tenant(Proof::Spf), author, &ok, &signed);
        assert_eq!(outcome(decided), Err((550, (5, 6, 0), RefusalCode::Author)), "{author:?}");
    }
    let Decision::Refuse(refusal) = decide(&ground.tenant(Proof::Spf), Author::AddressInName, &ok, &signed) else {
        panic!("it is not refused");
    };
    assert!(refusal.sentence.ends_with("take it out of the display name"), "{}", refusal.sentence);
    for strange in ["other.jp", "mail.example.jp", "jp", "", "EXAMPLE.JP", "sub.example.jp"] {
        let decided = ground.decide(Proof::Spf, strange, &ok, &signed);
        assert_eq!(decided, Err((550, (5, 7, 1), RefusalCode::Domain)), "{strange}");
    }
}

// spec: RCV-ALIGN
#[test]
fn what_is_proven_must_speak_for_the_author() {
    let ground = Ground::new();
    for (author, proven, aligned) in [
        ("example.jp", "example.jp", true),
        ("example.jp", "bounce.example.jp", true),
        ("deep.example.net", "example.net", true),
        ("deep.example.net", "a.deep.example.net", true),
        // Another name below a domain that the section has not registered.
        ("deep.example.net", "other.example.net", false),
        ("deep.example.net", "net", false),
        // The section's, but another organization's as far as the mail tells.
        ("example.jp", "example.com", false),
        ("example.jp", "badexample.jp", false),
        ("example.jp", "jp", false),
        // Below ours, and another section's.
        ("example.jp", "sub.example.jp", false),
        ("example.jp", "mail.sub.example.jp", false),
        ("example.jp", "other.jp", false),
    ] {
        let wanted = if aligned { Ok(()) } else { NOT_ALIGNED };
        let by_spf = ground.decide(Proof::Spf, author, &spf(SpfResult::Pass, proven), &dkim([]));
        assert_eq!(by_spf, wanted, "SPF of {proven} for {author}");
        let stranger = spf(SpfResult::Pass, "provider.example");
        let mut with_secret = ground.tenant(Proof::SecretHeader);
        with_secret.secret = Some(Secret { expected: &[b"s3cret"], found: &[b"s3cret"] });
        let by_dkim = outcome(decide(&with_secret, Author::One(author), &stranger, &dkim([pass(proven)])));
        assert_eq!(by_dkim, wanted, "DKIM of {proven} for {author}");
    }
}

// spec: RCV-TENANT
#[test]
fn a_section_s_mail_has_the_section_s_proof() {
    let ground = Ground::new();
    let own = spf(SpfResult::Pass, "example.jp");
    let stranger = spf(SpfResult::Pass, "provider.example");
    let signed = dkim([pass("example.jp")]);
    // SPF passes for any customer of a shared provider: it proves nothing where a signature is asked for.
    assert_eq!(ground.decide(Proof::Dkim, "example.jp", &own, &dkim([])), NOT_PROVEN);
    assert_eq!(
        ground.decide(Proof::Dkim, "example.jp", &own, &dkim([pass("example.onmicrosoft.example")])),
        NOT_PROVEN
    );
    assert_eq!(ground.decide(Proof::Dkim, "example.jp", &own, &signed), Ok(()));
    // Of another domain of the section's, that is.
    assert_eq!(ground.decide(Proof::Dkim, "example.jp", &spf(SpfResult::Pass, "m.example.com"), &signed), Ok(()));
    // The envelope's domain is a stranger's: the signature speaks for the author, but SPF is the proof.
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &stranger, &signed), NOT_PROVEN);
    // A signature taken from another domain's mail.
    assert_eq!(ground.decide(Proof::Dkim, "example.jp", &stranger, &dkim([pass("evil.example")])), NOT_ALIGNED);
    let accepted = decide(&ground.tenant(Proof::Dkim), Author::One("example.jp"), &own, &signed);
    assert_eq!(accepted, Decision::Accept { proved_by: Proof::Dkim, domain: "example.jp".to_owned() });
}

// spec: RCV-TENANT RCV-SPF
#[test]
fn a_signature_from_a_stranger_s_host_is_a_replay() {
    let ground = Ground::new();
    let signed = dkim([pass("example.jp")]);
    for (domain, wanted) in [
        ("mail.example.jp", Ok(())),
        ("example.com", Ok(())),
        ("attacker.example", NOT_PROVEN),
        ("out.provider.example", NOT_PROVEN),
        ("mail.sub.example.jp", NOT_PROVEN),
        ("badexample.jp", NOT_PROVEN),
        ("jp", NOT_PROVEN),
    ] {
        for identity in [Identity::Helo, Identity::MailFrom] {
            let host = Spf { identity, ..spf(SpfResult::Pass, domain) };
            assert_eq!(ground.decide(Proof::Dkim, "example.jp", &host, &signed), wanted, "{domain} {identity:?}");
        }
    }
    // An automatic answer of a mail service: its host's own name, the author's signature, and the secret.
    let helo = Spf { identity: Identity::Helo, ..spf(SpfResult::Pass, "out.provider.example") };
    let mut tenant = ground.tenant(Proof::SecretHeader);
    tenant.secret = Some(Secret { expected: &[b"s3cret"], found: &[b"s3cret"] });
    assert_eq!(outcome(decide(&tenant, Author::One("example.jp"), &helo, &signed)), Ok(()));
    tenant.secret = Some(Secret { expected: &[b"s3cret"], found: &[] });
    assert_eq!(outcome(decide(&tenant, Author::One("example.jp"), &helo, &signed)), NOT_PROVEN);
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &helo, &signed), NOT_PROVEN);
}

// spec: RCV-TENANT RCV-DKIM
#[test]
fn a_signature_proves_what_it_covers_and_for_a_week() {
    let ground = Ground::new();
    let own = spf(SpfResult::Pass, "example.jp");
    let decided = |signatures: Vec<Signature>| ground.decide(Proof::Dkim, "example.jp", &own, &dkim(signatures));
    let without = |names: &[&'static str]| Signature { uncovered: names.to_vec(), ..pass("example.jp") };
    let aged = |age| Signature { age, ..pass("example.jp") };
    assert_eq!(decided(vec![without(&["Reply-To"])]), NOT_PROVEN);
    assert_eq!(decided(vec![without(&["Reply-To"]), pass("example.jp")]), Ok(()));
    assert_eq!(decided(vec![without(&["Reply-To"]), pass("other.jp")]), NOT_PROVEN, "a stranger's covers nothing");
    // Where it is not the proof, a signature need not cover more than DKIM asks for.
    let loose = dkim([without(&["Reply-To", "Content-Type"])]);
    assert_eq!(ground.decide(Proof::Spf, "example.jp", &own, &loose), Ok(()));
    const DAY: i64 = 86_400;
    for (age, wanted) in [
        (Some(0), Ok(())),
        (Some(7 * DAY), Ok(())),
        (Some(7 * DAY + 1), NOT_PROVEN),
        (Some(-DAY), Ok(())),
        (Some(-8 * DAY), NOT_PROVEN),
        (Some(i64::MIN), NOT_PROVEN),
        (None, NOT_PROVEN),
    ] {
        assert_eq!(decided(vec![aged(age)]), wanted, "{age:?}");
    }
    let said =
        |signature| match decide(&ground.tenant(Proof::Dkim), Author::One("example.jp"), &own, &dkim([signature])) {
            Decision::Refuse(refusal) => refusal.sentence,
            other => panic!("{other:?}"),
        };
    assert!(said(without(&["Reply-To", "Content-Type"])).contains("does not cover Reply-To, Content-Type"));
    assert!(said(aged(None)).contains("7 days"));
}

// spec: RCV-TENANT
#[test]
fn the_secret_header_must_be_there_once_and_right() {
    let ground = Ground::new();
    let own = spf(SpfResult::Pass, "example.jp");
    let with = |expected: &[&[u8]], found: &[&[u8]]| {
        let mut tenant = ground.tenant(Proof::SecretHeader);
        tenant.secret = Some(Secret { expected, found });
        outcome(decide(&tenant, Author::One("example.jp"), &own, &dkim([])))
    };
    assert_eq!(with(&[b"s3cret"], &[b"s3cret"]), Ok(()));
    assert_eq!(with(&[b"s3cret"], &[b" s3cret\r\n"]), Ok(()));
    let wrong: [&[&str]; 7] =
        [&[], &[""], &["s3cre"], &["s3cret!"], &["S3CRET"], &["s3cret", "s3cret"], &["x", "s3cret"]];
    for found in wrong {
        let octets: Vec<&[u8]> = found.iter().map(|value| value.as_bytes()).collect();
        assert_eq!(with(&[b"s3cret"], &octets), NOT_PROVEN, "{found:?}");
    }
    // While it is changed there are two.
    assert_eq!(with(&[b"n3w", b"s3cret"], &[b"s3cret"]), Ok(()));
    assert_eq!(with(&[b"n3w", b"s3cret"], &[b"n3w"]), Ok(()));
    assert_eq!(with(&[b"n3w", b"s3cret"], &[b"n3w\ns3cret"]), NOT_PROVEN);
    assert_eq!(with(&[b"n3w", b"s3cret"], &[b"n3w", b"s3cret"]), NOT_PROVEN);
    assert_eq!(with(&[b"n3w", b""], &[b""]), NOT_PROVEN);
    assert_eq!(with(&[], &[b""]), NOT_PROVEN);
    assert_eq!(with(&[b""], &[b""]), NOT_PROVEN);
    assert_eq!(with(&[b" "], &[b" "]), NOT_PROVEN);
    assert_eq!(ground.decide(Proof::SecretHeader, "example.jp", &own, &dkim([])), NOT_PROVEN);
    // The secret is no substitute for SPF or alignment.
    let mut tenant = ground.tenant(Proof::SecretHeader);
    tenant.secret = Some(Secret { expected: &[b"s3cret"], found: &[b"s3cret"] });
    let stranger = spf(SpfResult::Pass, "provider.example");
    assert_eq!(outcome(decide(&tenant, Author::One("example.jp"), &stranger, &dkim([]))), NOT_ALIGNED);
}
