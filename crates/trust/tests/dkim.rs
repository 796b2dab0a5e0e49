//! DKIM verification over a real DNS server, of signatures that a second, plain implementation makes.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod dns;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use dns::World;
use encodify::base64;
use fubako_base::Timestamp;
use fubako_trust::{
    Algorithm, Dns, DnsFailure, LookUp, PATIENCE, SigningKey,
    dkim::{Dkim, DkimFailure, DkimOutcome, MAX_SIGNATURES, Verifier},
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

/// A key of `example.jp` with the selector `rsa` or `ed`.
struct Key {
    algorithm: Algorithm,
    der: Vec<u8>,
    record: String,
}

fn key(algorithm: Algorithm) -> Key {
    let (key, der) = SigningKey::create("example.jp", "s", algorithm).unwrap();
    Key { algorithm, der: der.to_vec(), record: key.dns_record().1 }
}

static RSA: LazyLock<Key> = LazyLock::new(|| key(Algorithm::Rsa));
static ED: LazyLock<Key> = LazyLock::new(|| key(Algorithm::Ed25519));

fn zone() -> String {
    format!(
        "rsa._domainkey.example.jp TXT {}\ned._domainkey.example.jp TXT {}\nrsa._domainkey.other.jp TXT {}\n",
        RSA.record, ED.record, RSA.record
    )
}

// --- a signer, written plainly ---------------------------------------------------------------------------------------

fn relaxed_line(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let space = c == ' ' || c == '\t';
        if !space {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim_end_matches(' ').to_owned()
}

fn canonical_body(body: &str, relaxed: bool) -> String {
    let lines = body.split("\r\n").map(|line| if relaxed { relaxed_line(line) } else { line.to_owned() });
    let mut lines: Vec<String> = lines.collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    match (lines.is_empty(), relaxed) {
        (true, true) => String::new(),
        (true, false) => "\r\n".to_owned(),
        _ => lines.join("\r\n") + "\r\n",
    }
}

fn canonical_field(field: &str, relaxed: bool) -> String {
    if !relaxed {
        return field.to_owned();
    }
    let (name, value) = field.split_once(':').unwrap();
    let value = relaxed_line(&value.replace("\r\n", ""));
    format!("{}:{}\r\n", name.trim_end().to_lowercase(), value.trim())
}

/// The mail with a signature in front. `tags` are those besides v, a, bh and b, and say `c=` and `h=`.
fn sign(key: &Key, mail: &str, tags: &str) -> String {
    let (header, body) = mail.split_once("\r\n\r\n").unwrap();
    let header = format!("{header}\r\n");
    let value = |name: &str| tags.split(';').find_map(|tag| tag.trim().strip_prefix(&format!("{name}="))).unwrap_or("");
    let (in_header, in_body) = value("c").split_once('/').unwrap_or(("simple", "simple"));
    let mut fields: Vec<String> = Vec::new();
    for line in header.split_inclusive("\r\n") {
        if line.starts_with([' ', '\t']) {
            fields.last_mut().unwrap().push_str(line);
        } else {
            fields.push(line.to_owned());
        }
    }
    let mut data = String::new();
    for name in value("h").split(':') {
        let found = fields.iter().rposition(|f| f.split(':').next().unwrap().trim().eq_ignore_ascii_case(name.trim()));
        if let Some(at) = found {
            data.push_str(&canonical_field(&fields.remove(at), in_header == "relaxed"));
        }
    }
    let canonical = canonical_body(body, in_body == "relaxed");
    let covered = value("l").parse::<usize>().map_or(canonical.len(), |l| l.min(canonical.len()));
    let body_hash = base64::STANDARD.encode(digest(&SHA256, &canonical.as_bytes()[..covered]).as_ref());
    let algorithm = match key.algorithm {
        Algorithm::Rsa => "rsa-sha256",
        Algorithm::Ed25519 => "ed25519-sha256",
    };
    let field = format!("DKIM-Signature: v=1; a={algorithm};\r\n\t{tags};\r\n\tbh={body_hash}; b=");
    let own = canonical_field(&format!("{field}\r\n"), in_header == "relaxed");
    data.push_str(own.trim_end_matches("\r\n"));
    let signature = match key.algorithm {
        Algorithm::Rsa => {
            let pair = RsaKeyPair::from_pkcs8(&key.der).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data.as_bytes(), &mut signature).unwrap();
            signature
        }
        Algorithm::Ed25519 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key.der).unwrap();
            pair.sign(digest(&SHA256, data.as_bytes()).as_ref()).as_ref().to_vec()
        }
    };
    let text = base64::STANDARD.encode(signature);
    let folded: Vec<&str> = text.as_bytes().chunks(60).map(|part| std::str::from_utf8(part).unwrap()).collect();
    format!("{field}{}\r\n{mail}", folded.join("\r\n\t "))
}

// --- asking ----------------------------------------------------------------------------------------------------------

async fn verify_in(dns: &dyn Dns, mail: &[u8], pieces: impl IntoIterator<Item = usize>) -> Dkim {
    let mut verifier = Verifier::new();
    let mut rest = mail;
    for piece in pieces {
        let (now, after) = rest.split_at(piece.min(rest.len()));
        verifier.write(now);
        rest = after;
    }
    verifier.write(rest);
    verifier.finish().unwrap().verify(dns, NOW, PATIENCE).await
}

async fn outcome(dns: &dyn Dns, mail: &str) -> DkimOutcome {
    let dkim = verify_in(dns, mail.as_bytes(), [100, 1000]).await;
    let [signature] = dkim.signatures.as_slice() else { panic!("not one signature: {dkim:?}") };
    signature.outcome.clone()
}

const MAIL: &str = "Received: by mx\r\nFrom: A <a@example.jp>\r\nTo: b@example.com,\r\n  c@example.com\r\nSubject: hi \t there\r\n\r\nPay  100 yen. \r\n\r\nBye\r\n\r\n\r\n";
const ED_TAGS: &str = "c=relaxed/relaxed; d=example.jp; s=ed; h=from:to:subject";

fn with(tags: &str) -> String {
    format!("{ED_TAGS}; {tags}")
}

// --- the tests -------------------------------------------------------------------------------------------------------

// spec: RCV-DKIM (RFC 6376, 3.4; RFC 8463)
#[tokio::test]
async fn good_signatures_pass_in_every_form() {
    let world = World::start(&zone()).await;
    for forms in ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"] {
        for (key, selector) in [(&*RSA, "rsa"), (&*ED, "ed")] {
            let tags =
                format!("c={forms}; d=example.jp; s={selector}; h=From:To:Subject:Date:received; t=1; x=1790000001");
            let signed = sign(key, MAIL, &tags);
            let dkim = verify_in(&world, signed.as_bytes(), []).await;
            let one = &dkim.signatures[0];
            assert_eq!(one.outcome, DkimOutcome::Pass, "{forms} {selector}");
            assert_eq!((one.domain.as_str(), one.selector.as_str()), ("example.jp", selector));
            assert_eq!((one.algorithm, one.start.len(), one.testing), (Some(key.algorithm), 8, false));
            // What is not signed may be added on the way.
            assert_eq!(outcome(&world, &format!("X-Spam: no\r\n{signed}")).await, DkimOutcome::Pass);
        }
    }
    assert_eq!(verify_in(&world, MAIL.as_bytes(), []).await, Dkim::default());
}

// spec: RCV-DKIM
#[tokio::test]
async fn a_changed_mail_does_not_pass() {
    use DkimFailure::{BodyHash, Signature};
    let world = World::start(&zone()).await;
    let signed = sign(&ED, MAIL, ED_TAGS);
    for (from, to, wanted) in [
        ("100 yen", "900 yen", Some(BodyHash)),
        ("Bye\r\n", "Bye\r\nmore\r\n", Some(BodyHash)),
        ("Bye\r\n\r\n\r\n", "Bye\r\n", None),
        ("Bye\r\n\r\n\r\n", "Bye", None),
        ("Pay  100", "Pay 100", None),
        ("Pay  100", "Pay100", Some(BodyHash)),
        ("c@example.com", "d@example.com", Some(Signature)),
        ("Subject: hi \t there", "SUBJECT : hi there", None),
        ("Subject: hi", "Subject: ho", Some(Signature)),
        ("Subject: hi \t there\r\n", "", Some(Signature)),
        ("Received: by mx\r\n", "", None),
        ("s=ed", "s=rsa", Some(DkimFailure::Key("it is of another type than the signature"))),
        ("d=example.jp", "d=other.jp", Some(DkimFailure::NoKey)),
        ("h=from:to:subject", "h=from:to", Some(Signature)),
    ] {
        let changed = signed.replacen(from, to, 1);
        assert_ne!(changed, signed);
        let wanted = wanted.map_or(DkimOutcome::Pass, DkimOutcome::Fail);
        assert_eq!(outcome(&world, &changed).await, wanted, "{from:?} made {to:?}");
    }
    // Simple form sees every change.
    let simple = sign(&ED, MAIL, &ED_TAGS.replace("relaxed/relaxed", "simple/simple"));
    for (from, to, wanted) in [
        ("Pay  100", "Pay 100", BodyHash),
        ("yen. \r\n", "yen.\r\n", BodyHash),
        ("Subject: hi \t there", "Subject: hi there", Signature),
        ("Subject:", "subject:", Signature),
    ] {
        assert_eq!(outcome(&world, &simple.replacen(from, to, 1)).await, DkimOutcome::Fail(wanted), "{to:?}");
    }
}

// spec: RCV-DKIM: "content not covered by l= counts as unsigned"
#[tokio::test]
async fn what_l_does_not_cover_is_unsigned() {
    let world = World::start(&zone()).await;
    let length = canonical_body(MAIL.split_once("\r\n\r\n").unwrap().1, true).len();
    let whole = sign(&ED, MAIL, &with(&format!("l={length}")));
    assert_eq!(outcome(&world, &whole).await, DkimOutcome::Pass);
    let uncovered = DkimOutcome::Fail(DkimFailure::NotCovered);
    assert_eq!(outcome(&world, &format!("{whole}--b\r\n\r\nevil.exe\r\n")).await, uncovered);
    assert_eq!(outcome(&world, &whole.replace("\r\nBye\r\n", "")).await, uncovered);
    for l in ["0", "10", &(length - 1).to_string(), &(length + 1).to_string(), "99999999999999999999999"] {
        assert_eq!(outcome(&world, &sign(&ED, MAIL, &with(&format!("l={l}")))).await, uncovered, "l={l}");
    }
    // Only what is not canonical may follow.
    assert_eq!(outcome(&world, &format!("{whole}\r\n \r\n")).await, DkimOutcome::Pass);
}

// spec: RCV-DKIM (RFC 6376, 5.4.2 and 8.15)
#[tokio::test]
async fn fields_are_taken_from_the_bottom_and_oversigned_ones_cannot_be_added() {
    let world = World::start(&zone()).await;
    let once = sign(&ED, MAIL, ED_TAGS);
    let twice = sign(&ED, MAIL, &ED_TAGS.replace("h=from", "h=from:subject:from"));
    assert_eq!(outcome(&world, &twice).await, DkimOutcome::Pass);
    for forged in ["From: x@evil.example\r\n", "from : x@evil.example\r\n", "Subject: \r\n"] {
        let wanted = DkimOutcome::Fail(DkimFailure::Signature);
        assert_eq!(outcome(&world, &format!("{forged}{twice}")).await, wanted, "{forged}");
        let below = |mail: &str| mail.replacen("\r\n\r\n", &format!("\r\n{forged}\r\n"), 1);
        assert_eq!(outcome(&world, &below(&twice)).await, wanted, "{forged}");
        // Signed once, a second one makes a mail of which nobody can say what its readers see.
        let doubled = DkimOutcome::Fail(DkimFailure::Doubled);
        assert_eq!(outcome(&world, &below(&once)).await, doubled, "{forged}");
        assert_eq!(outcome(&world, &format!("{forged}{once}")).await, doubled, "{forged}");
    }
    // Others' fields may stand as often as they like.
    assert_eq!(outcome(&world, &format!("X-A: 1\r\nX-A: 2\r\nReceived: y\r\n{once}")).await, DkimOutcome::Pass);
    // Readers end the header at a line that is no field: the rest, signed fields and all, is body text to them.
    for line in ["no field", "no field: x", ": x", "From tanaka@example.jp Sat Nov 21", "X-A\r\n : x", "X-Aé: x", " x"]
    {
        let odd = format!("{}{line}\r\n{once}", if line == " x" { "" } else { "X-A: 1\r\n" });
        let wanted = DkimOutcome::Fail(DkimFailure::Syntax("the header has a line that is no field"));
        assert_eq!(outcome(&world, &odd).await, wanted, "{line}");
        if line != " x" {
            assert_eq!(
                outcome(&world, &once.replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1)).await,
                wanted,
                "{line}"
            );
        }
    }
    for line in ["X-A : x", "X-A\t: x", "X-A\u{1}: x"] {
        assert_eq!(outcome(&world, &format!("{line}\r\n{once}")).await, DkimOutcome::Pass, "{line:?}");
    }
    // A field that stands twice is signed last first.
    let doubled = MAIL.replacen("To:", "Cc: one@x\r\nCc: two@x\r\nTo:", 1);
    let signed = sign(&ED, &doubled, &with("").replace("h=from", "h=cc:cc:from"));
    assert_eq!(outcome(&world, &signed).await, DkimOutcome::Pass);
    let swapped = signed.replace("Cc: one@x\r\nCc: two@x\r\n", "Cc: two@x\r\nCc: one@x\r\n");
    assert_eq!(outcome(&world, &swapped).await, DkimOutcome::Fail(DkimFailure::Signature));
}

// spec: RCV-TENANT RCV-DKIM
#[tokio::test]
async fn what_a_signature_does_not_cover_and_how_old_it_is() {
    let world = World::start(&zone()).await;
    let first = async |mail: &str| verify_in(&world, mail.as_bytes(), []).await.signatures.remove(0);
    let signed = sign(&ED, MAIL, ED_TAGS);
    assert!(first(&signed).await.uncovered.is_empty());
    for (added, uncovered) in [
        ("Received: x\r\nX-Spam: no\r\n", vec![]),
        ("Reply-To: x@evil.example\r\n", vec!["Reply-To"]),
        ("CC : x@evil.example\r\nsender: x@evil.example\r\n", vec!["Cc", "Sender"]),
        (
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n",
            vec!["Content-Type", "MIME-Version", "Content-Transfer-Encoding"],
        ),
        ("List-Unsubscribe: <https://evil.example>\r\nDate: x\r\n", vec!["Date", "List-Unsubscribe"]),
    ] {
        for mail in [format!("{added}{signed}"), signed.replacen("\r\n\r\n", &format!("\r\n{added}\r\n"), 1)] {
            let found = first(&mail).await;
            assert_eq!((found.outcome, found.uncovered), (DkimOutcome::Pass, uncovered.clone()), "{added}");
        }
    }
    // Signed once and there twice: the other is not covered, though a mail may have two.
    let lists = MAIL.replacen("To:", "List-Post: <a>\r\nList-Post: <b>\r\nTo:", 1);
    let once = sign(&ED, &lists, &ED_TAGS.replace("h=from", "h=list-post:from"));
    assert_eq!(first(&once).await.uncovered, ["List-Post"]);
    let twice = sign(&ED, &lists, &ED_TAGS.replace("h=from", "h=list-post:list-post:from"));
    assert!(first(&twice).await.uncovered.is_empty());

    let age = async |mail: String| first(&mail).await.age;
    assert_eq!(age(signed).await, None);
    assert_eq!(age(sign(&ED, MAIL, &with("t=1789999000"))).await, Some(1000));
    let dated = MAIL.replacen("To:", "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\nTo:", 1);
    let by_date = ED_TAGS.replace("h=from", "h=date:from");
    assert_eq!(age(sign(&ED, &dated, &by_date)).await, Some(0));
    assert_eq!(age(sign(&ED, &dated, &format!("{by_date}; t=1789999000"))).await, Some(1000));
    assert_eq!(age(sign(&ED, &dated, ED_TAGS)).await, None, "a Date that anybody may have put in tells nothing");
}

const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKXm7ZgSoo7sqZ8ahsA/QXusrq+TRJdTXEPXuVDYWkklR5xZ/4Pg1if3czeNy5U5qOvlo42dW51QNx81OujwFNkCAwEAAQ==";

// spec: RCV-DKIM (RFC 6376, 3.6.1 and 6.1.2; RFC 8301)
#[tokio::test]
async fn keys_come_and_go() {
    let fail = DkimOutcome::Fail;
    let world = World::start(&zone()).await;
    let old = sign(&ED, MAIL, ED_TAGS);
    let new = sign(&RSA, MAIL, &ED_TAGS.replace("s=ed", "s=rsa"));
    // Rotation: the old selector goes, the new one stays.
    assert_eq!(outcome(&world, &old).await, DkimOutcome::Pass);
    world.remove("ed._domainkey.example.jp");
    assert_eq!(outcome(&world, &old).await, fail(DkimFailure::NoKey));
    assert_eq!(outcome(&world, &new).await, DkimOutcome::Pass);
    let ed = ED.record.clone();
    for (record, wanted) in [
        ("BARE".to_owned(), fail(DkimFailure::NoKey)),
        ("TXT v=DKIM1; p=".to_owned(), fail(DkimFailure::Revoked)),
        ("TXT v=spf1 -all".to_owned(), fail(DkimFailure::NoKey)),
        (format!("TXT v=DKIM1; h=sha1; {}", &ed[9..]), fail(DkimFailure::Key("it is not for sha256"))),
        (format!("TXT v=DKIM1; s=tlsrpt; {}", &ed[9..]), fail(DkimFailure::Key("it is not for mail"))),
        (format!("TXT {}", key(Algorithm::Ed25519).record), fail(DkimFailure::Signature)),
        ("TXT v=DKIM1; k=ed25519; p=QUJD".to_owned(), fail(DkimFailure::Key("it is no Ed25519 key"))),
        (format!("TXT {ed}"), DkimOutcome::Pass),
        // Whoever has two records has his good one found.
        (format!("TXT something\ned._domainkey.example.jp TXT {ed}"), DkimOutcome::Pass),
    ] {
        world.remove("ed._domainkey.example.jp");
        world.add(&format!("ed._domainkey.example.jp {record}"));
        assert_eq!(outcome(&world, &old).await, wanted, "{record}");
    }
    for trouble in ["SERVFAIL", "SILENT"] {
        world.add(&format!("ed._domainkey.example.jp {trouble}"));
        assert!(matches!(outcome(&world, &old).await, DkimOutcome::Temporary(_)), "{trouble}");
        // What the mail itself shows needs no key.
        let changed = old.replace("100 yen", "900 yen");
        assert_eq!(outcome(&world, &changed).await, fail(DkimFailure::BodyHash));
    }
}

// spec: RCV-DKIM (RFC 8301, 3)
#[tokio::test]
async fn what_is_weak_or_stale_does_not_count() {
    let world = World::start(&zone()).await;
    world.add(&format!("rsa._domainkey.weak.jp TXT v=DKIM1; p={RSA_512}"));
    let weak = sign(&RSA, MAIL, "c=relaxed/relaxed; d=weak.jp; s=rsa; h=from");
    assert_eq!(outcome(&world, &weak).await, DkimOutcome::Fail(DkimFailure::WeakKey));
    let sha1 = sign(&RSA, MAIL, "c=relaxed/relaxed; d=example.jp; s=rsa; h=from").replace("sha256", "sha1");
    assert!(matches!(outcome(&world, &sha1).await, DkimOutcome::Fail(DkimFailure::Algorithm(_))));
    let expired = sign(&ED, MAIL, &with("t=1780000000; x=1789999999"));
    assert_eq!(outcome(&world, &expired).await, DkimOutcome::Fail(DkimFailure::Expired));
    let no_from = sign(&ED, MAIL, &ED_TAGS.replace("from:", ""));
    assert_eq!(outcome(&world, &no_from).await, DkimOutcome::Fail(DkimFailure::FromNotSigned));
}

// spec: RCV-DKIM (RFC 6376, 3.6.1)
#[tokio::test]
async fn a_key_s_flags_are_heeded() {
    let world = World::start("").await;
    world.add(&format!("ed._domainkey.example.jp TXT v=DKIM1; t=s; {}", &ED.record[9..]));
    let strict = DkimOutcome::Fail(DkimFailure::Key("it is not for the domain of i="));
    assert_eq!(outcome(&world, &sign(&ED, MAIL, ED_TAGS)).await, DkimOutcome::Pass);
    assert_eq!(outcome(&world, &sign(&ED, MAIL, &with("i=a@example.jp"))).await, DkimOutcome::Pass);
    assert_eq!(outcome(&world, &sign(&ED, MAIL, &with("i=@sub.example.jp"))).await, strict);
    world.remove("ed._domainkey.example.jp");
    world.add(&format!("ed._domainkey.example.jp TXT v=DKIM1; t=y; {}", &ED.record[9..]));
    assert_eq!(outcome(&world, &sign(&ED, MAIL, &with("i=@sub.example.jp"))).await, DkimOutcome::Pass);
    for mail in [sign(&ED, MAIL, ED_TAGS), sign(&ED, MAIL, ED_TAGS).replace("100", "900")] {
        assert!(verify_in(&world, mail.as_bytes(), []).await.signatures[0].testing);
    }
}

// spec: RCV-DKIM
#[tokio::test]
async fn each_signature_is_judged_by_itself_and_ten_are_looked_at() {
    let world = World::start(&zone()).await;
    let inner = sign(&ED, MAIL, ED_TAGS);
    // A second signer signs the first one's field too.
    let both = sign(&RSA, &inner, "c=simple/simple; d=other.jp; s=rsa; h=From:DKIM-Signature:DKIM-Signature");
    let verdicts = |dkim: &Dkim| -> Vec<bool> {
        dkim.signatures.iter().map(|signature| signature.outcome == DkimOutcome::Pass).collect()
    };
    assert_eq!(verdicts(&verify_in(&world, both.as_bytes(), []).await), [true, true]);
    let broken = both.replace("Subject: hi", "Subject: ho");
    assert_eq!(verdicts(&verify_in(&world, broken.as_bytes(), []).await), [true, false]);
    let nonsense = format!("DKIM-Signature: v=1; a=rsa-sha256\r\nDKIM-Signature: \u{6587}\r\n{inner}");
    assert_eq!(verdicts(&verify_in(&world, nonsense.as_bytes(), []).await), [false, false, true]);

    let junk =
        "DKIM-Signature: v=1; a=rsa-sha256; d=junk.jp; s=x; h=from; bh=QUJD; b=QUJD\r\n".repeat(MAX_SIGNATURES + 2);
    let dkim = verify_in(&world, format!("{junk}{inner}").as_bytes(), []).await;
    assert_eq!((dkim.signatures.len(), dkim.unexamined), (MAX_SIGNATURES, 3));
    assert!(world.asked("x._domainkey.junk.jp") <= MAX_SIGNATURES);
}

#[tokio::test]
async fn a_header_without_end_is_an_error_and_a_mail_without_body_is_none() {
    let world = World::start(&zone()).await;
    let mut verifier = Verifier::new();
    (0..300).for_each(|_| verifier.write(&[b'x'; 4096]));
    assert!(verifier.finish().is_err());
    assert_eq!(verify_in(&world, b"", []).await, Dkim::default());
    assert_eq!(verify_in(&world, b"\r\nDKIM-Signature: x\r\n", []).await, Dkim::default());
    let signed = sign(&ED, "From: a@example.jp\r\n\r\n", "c=relaxed/relaxed; d=example.jp; s=ed; h=from");
    assert_eq!(outcome(&world, &signed).await, DkimOutcome::Pass);
    assert_eq!(outcome(&world, signed.strip_suffix("\r\n").unwrap()).await, DkimOutcome::Pass);
}

// spec: RCV-DKIM
#[tokio::test]
async fn large_and_hostile_mails_take_little_time() {
    let world = World::start(&zone()).await;
    let names = vec!["a"; 200].join(":");
    let own = format!("DKIM-Signature: v=1; a=ed25519-sha256; d=example.jp; s=ed; h=from:{names}; bh=QUJD; b=QUJD\r\n");
    let fields = "a:\r\n".repeat(250_000);
    let letters = "a b\r\n ".repeat(1_400_000);
    let start = std::time::Instant::now();
    for forms in ["simple/simple", "relaxed/relaxed"] {
        let own = own.replace("v=1;", &format!("v=1; c={forms};")).repeat(MAX_SIGNATURES);
        let mail = format!("From: a@example.jp\r\n{own}{fields}\r\n{letters}");
        assert_eq!(verify_in(&world, mail.as_bytes(), []).await.signatures.len(), MAX_SIGNATURES);
    }
    let white = sign(&ED, &format!("From: a@example.jp\r\n\r\n{}", "\r\n".repeat(1_000_000)), ED_TAGS);
    assert_eq!(outcome(&world, &format!("{white}x")).await, DkimOutcome::Fail(DkimFailure::BodyHash));
    assert_eq!(outcome(&world, &white).await, DkimOutcome::Pass);
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
}

/// The keys in a table: thousands of mails are verified.
struct Table(HashMap<String, String>);

impl Dns for Table {
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        let found = self.0.get(name).cloned().map(|text| vec![text]).ok_or(DnsFailure::NoSuchName);
        Box::pin(std::future::ready(found))
    }
    fn a<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv4Addr> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn aaaa<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv6Addr> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn mx<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn ptr(&self, _: IpAddr) -> LookUp<'_, String> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    // spec: RCV-DKIM
    #[test]
    fn however_a_mail_is_cut_the_verdict_is_the_same(
        subject in "[ \tab]{0,12}",
        body in "([ \tab]|\r\n|\r|\n){0,60}",
        forms in prop::sample::select(vec!["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]),
        cuts in prop::collection::vec(0usize..40, 0..40),
        changed in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mail = format!("From: a@example.jp\r\nSubject: {subject}\r\n\r\n{body}");
        let mut signed = sign(&ED, &mail, &format!("c={forms}; d=example.jp; s=ed; h=from:subject")).into_bytes();
        if let Some(at) = changed {
            let at = at.index(signed.len());
            signed[at] ^= 1;
        }
        let table = Table(HashMap::from([("ed._domainkey.example.jp".to_owned(), ED.record.clone())]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let whole = runtime.block_on(verify_in(&table, &signed, []));
        let pieces = runtime.block_on(verify_in(&table, &signed, cuts));
        prop_assert_eq!(&whole, &pieces);
        let octets = runtime.block_on(verify_in(&table, &signed, std::iter::repeat_n(1, signed.len())));
        prop_assert_eq!(&whole, &octets);
        if changed.is_none() {
            prop_assert_eq!(&whole.signatures[0].outcome, &DkimOutcome::Pass);
        }
    }
}
