//! The whole way in: SPF, DKIM and the decision on forged and on legitimate mails, over a real DNS server.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod dns;

use std::sync::Arc;

use dns::World;
use fubako_base::Timestamp;
use fubako_trust::{
    Algorithm, PATIENCE, Signer, SigningKey,
    dkim::Verifier,
    results,
    spf::{self, Client},
    tenant::{Author, Decision, Proof, RefusalCode, Tenant, decide},
};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

fn key(domain: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::create(domain, "k", Algorithm::Ed25519).unwrap().0)
}

fn sign(key: &Arc<SigningKey>, mail: &str) -> String {
    let mut signer = Signer::new(std::slice::from_ref(key));
    signer.write(mail.as_bytes());
    String::from_utf8(signer.finish_at(NOW).unwrap()).unwrap() + mail
}

/// Two customers of one provider: `bank.jp` and `evil.jp`.
async fn world(bank: &SigningKey, evil: &SigningKey) -> World {
    let keys: String =
        [bank, evil].map(SigningKey::dns_record).map(|(name, text)| format!("{name} TXT {text}\n")).concat();
    World::start(&format!(
        "{keys}bank.jp TXT v=spf1 include:spf.provider.example -all
         evil.jp TXT v=spf1 include:spf.provider.example -all
         spf.provider.example TXT v=spf1 ip4:192.0.2.0/24 -all"
    ))
    .await
}

struct Mail<'a> {
    from: &'a str,
    author: Author<'a>,
    proof: Proof,
    octets: &'a str,
}

async fn judge(world: &World, mail: &Mail<'_>) -> (Decision, String) {
    let client = Client {
        ip: "192.0.2.7".parse().unwrap(),
        helo: "out.provider.example",
        mail_from: mail.from,
        receiver: "gw.example.com",
        now: NOW,
    };
    let spf = spf::check(world, &client, PATIENCE).await;
    let mut verifier = Verifier::new();
    mail.octets.as_bytes().chunks(7).for_each(|piece| verifier.write(piece));
    let dkim = verifier.finish().unwrap().verify(world, NOW, PATIENCE).await;
    let domains = ["bank.jp".to_owned()];
    let tenant = Tenant { proof: mail.proof, domains: &domains, foreign: &[], secret: None };
    let field = results::field("gw.example.com", &spf, &dkim);
    (decide(&tenant, mail.author, &spf, &dkim), field)
}

const MAIL: &str = "From: a@bank.jp\r\nTo: b@example.com\r\nSubject: pay\r\n\r\nPay 100 yen.\r\n";

// spec: RCV-TENANT, RCV-DKIM, RCV-ALIGN
#[tokio::test]
async fn forgeries_are_refused_and_the_bank_s_mail_is_taken() {
    let (bank, evil) = (key("bank.jp"), key("evil.jp"));
    let world = world(&bank, &evil).await;
    let good = sign(&bank, MAIL);
    let author = Author::One("bank.jp");
    let mail = |from, author, octets| Mail { from, author, proof: Proof::Dkim, octets };

    let (decision, field) = judge(&world, &mail("a@bank.jp", author, &good)).await;
    assert_eq!(decision, Decision::Accept { proved_by: Proof::Dkim, domain: "bank.jp".to_owned() });
    assert!(field.contains("spf=pass smtp.mailfrom=bank.jp;\r\n\tdkim=pass\r\n\t header.d=bank.jp\r\n"), "{field}");

    let changed = good.replace("100 yen", "900 yen");
    let strangers = sign(&evil, MAIL);
    let doubled = format!("From: evil@evil.jp\r\n{good}");
    for (what, from, author, octets, code) in [
        ("the provider's other customer", "a@bank.jp", author, MAIL, RefusalCode::Proof),
        ("signed by the other customer", "a@bank.jp", author, strangers.as_str(), RefusalCode::Proof),
        ("and with their envelope", "x@evil.jp", author, strangers.as_str(), RefusalCode::Alignment),
        ("unsigned with their envelope", "x@evil.jp", author, MAIL, RefusalCode::Alignment),
        ("the bank's mail changed", "a@bank.jp", author, changed.as_str(), RefusalCode::Dkim),
        ("a second From", "a@bank.jp", Author::Several, doubled.as_str(), RefusalCode::Author),
        // Even if a reader took the lower one: From is oversigned.
        ("a second From, overlooked", "a@bank.jp", author, doubled.as_str(), RefusalCode::Dkim),
        ("their own mail", "x@evil.jp", Author::One("evil.jp"), strangers.as_str(), RefusalCode::Domain),
    ] {
        match judge(&world, &mail(from, author, octets)).await.0 {
            Decision::Refuse(refusal) => assert_eq!(refusal.code, code, "{what}: {}", refusal.sentence),
            other => panic!("{what}: {other:?}"),
        }
    }
    // What the section chose is what counts: SPF would have let the provider's other customer through.
    let by_spf = Mail { proof: Proof::Spf, ..mail("a@bank.jp", author, MAIL) };
    assert!(matches!(judge(&world, &by_spf).await.0, Decision::Accept { proved_by: Proof::Spf, .. }));
}

// spec: RCV-SPF, RCV-DKIM
#[tokio::test]
async fn trouble_in_dns_is_for_later() {
    let (bank, evil) = (key("bank.jp"), key("evil.jp"));
    let world = world(&bank, &evil).await;
    let good = sign(&bank, MAIL);
    let mail = Mail { from: "a@bank.jp", author: Author::One("bank.jp"), proof: Proof::Dkim, octets: &good };
    world.add("k._domainkey.bank.jp SERVFAIL");
    let (decision, field) = judge(&world, &mail).await;
    assert!(matches!(decision, Decision::TryLater(refusal) if refusal.code == RefusalCode::Dkim));
    assert!(field.contains("dkim=temperror"), "{field}");
    world.add("spf.provider.example SILENT");
    let (decision, field) = judge(&world, &mail).await;
    assert!(matches!(decision, Decision::TryLater(refusal) if refusal.code == RefusalCode::Spf));
    assert!(field.contains("spf=temperror smtp.mailfrom=bank.jp"), "{field}");
}
