//! The keyring over a real database and vault.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, section};
use fubako_base::{Timestamp, ids::SectionId, section::Section};
use fubako_post::keyring::{Keyring, KeyringError};

const MAIL: &[u8] = b"From: a@example.jp\r\n\r\nx\r\n";

async fn signing_domains(keyring: &Keyring, section: &SectionId, domain: &str) -> Vec<String> {
    let mut signer = keyring.signer_for(section, domain).await.unwrap();
    signer.write(MAIL);
    let fields = String::from_utf8(signer.finish().unwrap()).unwrap();
    fields.split("; ").filter_map(|tag| tag.strip_prefix("d=")).map(str::to_owned).collect()
}

// spec: MAIL-SIGN
#[tokio::test]
async fn a_sections_own_key_signs_for_its_domain_and_ours_for_the_rest() {
    let house = House::new().await;
    let keyring = &house.keyring;
    assert_eq!(signing_domains(keyring, &section(), "example.jp").await, ["gw.example.jp", "gw.example.jp"]);

    let records = keyring.make_domain_keys(&section(), "Example.JP", "s2026", &[], house.now()).await.unwrap();
    let names: Vec<&str> = records.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["s2026-rsa._domainkey.example.jp", "s2026-ed25519._domainkey.example.jp"]);
    assert!(records[0].1.starts_with("v=DKIM1; k=rsa; p=") && records[1].1.starts_with("v=DKIM1; k=ed25519; p="));
    assert_eq!(signing_domains(keyring, &section(), "EXAMPLE.jp").await, ["example.jp", "example.jp"]);
    assert_eq!(signing_domains(keyring, &section(), "other.jp").await, ["gw.example.jp", "gw.example.jp"]);
    // Another section cannot sign with it.
    let other: SectionId = "other".parse().unwrap();
    assert_eq!(signing_domains(keyring, &other, "example.jp").await, ["gw.example.jp", "gw.example.jp"]);
    let stolen = keyring.make_domain_keys(&other, "example.jp", "x", &[], house.now()).await;
    assert!(matches!(stolen, Err(KeyringError::Row(_))), "{stolen:?}");
}

// spec: MAIL-SIGN
#[tokio::test]
async fn keys_are_made_once_and_stay() {
    let house = House::new().await;
    let first = house.keyring.ensure_installation_keys(Timestamp(0)).await.unwrap();
    let again = Keyring::new(house.store.clone(), house.vault.clone(), "gw.example.jp");
    assert_eq!(again.ensure_installation_keys(Timestamp(1)).await.unwrap(), first);
    let made = house.keyring.make_domain_keys(&section(), "example.jp", "a", &[], house.now()).await.unwrap();
    assert_eq!(again.make_domain_keys(&section(), "example.jp", "b", &[], house.now()).await.unwrap(), made);
    // Nothing of the private half lies open.
    let rows = house.store.dkim_keys("example.jp").await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(house.vault.open_value(&section(), "dkim/example.jp/other", &row.sealed_key).await.is_err());
        assert!(
            house
                .vault
                .open_value(&section(), &format!("dkim/example.jp/{}", row.selector), &row.sealed_key)
                .await
                .is_ok()
        );
    }
    assert!(
        Keyring::new(house.store.clone(), house.vault.clone(), "no domain")
            .ensure_installation_keys(Timestamp(0))
            .await
            .is_err()
    );
}

// spec: MAIL-SIGN X-OPERATOR
#[tokio::test]
async fn a_domains_keys_go_with_it_from_section_to_section() {
    let house = House::new().await;
    let (acme, other): (SectionId, SectionId) = (section(), "other".parse().unwrap());
    let published = house.keyring.make_domain_keys(&acme, "example.jp", "a", &[], house.now()).await.unwrap();
    let with = |id: &str, domains: &[&str]| Section {
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        ..fubako_testkit::section(id)
    };
    // Other nodes look at the database; so does this one, some minutes later.
    let fresh = || Keyring::new(house.store.clone(), house.vault.clone(), "gw.example.jp");

    house.put_section(with("acme", &[])).await;
    for section in [&acme, &other] {
        assert_eq!(signing_domains(&fresh(), section, "example.jp").await, ["gw.example.jp", "gw.example.jp"]);
        assert!(fresh().records(section, "example.jp").await.unwrap().is_empty(), "it is nobody's");
    }

    house.put_section(with("other", &["example.jp"])).await;
    assert_eq!(fresh().records(&other, "example.jp").await.unwrap(), published, "what is published holds");
    assert_eq!(signing_domains(&fresh(), &other, "example.jp").await, ["example.jp", "example.jp"]);
    assert_eq!(signing_domains(&fresh(), &acme, "example.jp").await, ["gw.example.jp", "gw.example.jp"]);
    // Asked to make some, it has them.
    let made = fresh().make_domain_keys(&other, "example.jp", "b", &[], house.now()).await.unwrap();
    assert_eq!(made, published);
}

// spec: MAIL-SIGN
#[tokio::test]
async fn a_section_whose_domain_is_the_installations_own_signs_with_the_keys_that_are_there() {
    let house = House::new().await;
    house.put_section(Section { domains: vec!["gw.example.jp".into()], ..fubako_testkit::section("self") }).await;
    let own: SectionId = "self".parse().unwrap();
    let ours = house.keyring.ensure_installation_keys(house.now()).await.unwrap();
    assert_eq!(house.keyring.make_domain_keys(&own, "gw.example.jp", "x", &[], house.now()).await.unwrap(), ours);
    assert_eq!(house.keyring.records(&own, "gw.example.jp").await.unwrap(), ours);
}
