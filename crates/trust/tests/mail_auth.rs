//! Signatures verified by mail-auth's verifier.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::{borrow::Borrow, collections::HashMap, hash::Hash, net, sync::Arc, time::Instant};

use common::{HEAD, hard_mails, keys, sign};
use fubako_base::Timestamp;
use fubako_trust::{Signer, SigningKey};
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsCache, MessageAuthenticator, Mx, Negative, Parameters, RecordSet,
    ResolverCache, TxtRecord,
    dkim::DomainKey,
    dns::TxtRecordParser as _,
    hickory_resolver::config::{ResolverConfig, ResolverOpts},
};

struct Table<V>(HashMap<Box<str>, V>);

impl<V: Clone> ResolverCache<Box<str>, V> for Table<V> {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<V>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.get(name).cloned()
    }
    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<V>
    where
        Box<str>: Borrow<Q>,
    {
        None
    }
    fn insert(&self, _: Box<str>, _: V, _: Instant) {}
}

struct NoPtr;
impl ResolverCache<net::IpAddr, Result<RecordSet<Box<str>>, Negative>> for NoPtr {
    fn get<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<Result<RecordSet<Box<str>>, Negative>>
    where
        net::IpAddr: Borrow<Q>,
    {
        None
    }
    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<Result<RecordSet<Box<str>>, Negative>>
    where
        net::IpAddr: Borrow<Q>,
    {
        None
    }
    fn insert(&self, _: net::IpAddr, _: Result<RecordSet<Box<str>>, Negative>, _: Instant) {}
}

/// The DNS that the verifier sees: our records and nothing else.
struct Dns(Table<TxtRecord>);

impl DnsCache for Dns {
    type Txt = Table<TxtRecord>;
    type Mx = Table<Result<RecordSet<Mx>, Negative>>;
    type Ipv4 = Table<Result<RecordSet<net::Ipv4Addr>, Negative>>;
    type Ipv6 = Table<Result<RecordSet<net::Ipv6Addr>, Negative>>;
    type Ptr = NoPtr;
    fn txt(&self) -> Option<&Self::Txt> {
        Some(&self.0)
    }
    fn mx(&self) -> Option<&Self::Mx> {
        None
    }
    fn ipv4(&self) -> Option<&Self::Ipv4> {
        None
    }
    fn ipv6(&self) -> Option<&Self::Ipv6> {
        None
    }
    fn ptr(&self) -> Option<&Self::Ptr> {
        None
    }
}

fn dns(keys: &[Arc<SigningKey>]) -> Dns {
    Dns(Table(
        keys.iter()
            .map(|key| {
                let (name, value) = key.dns_record();
                let record = DomainKey::parse(value.as_bytes()).unwrap();
                (format!("{name}.").into(), TxtRecord::from(record))
            })
            .collect(),
    ))
}

/// How many signatures of the mail pass, of how many.
async fn passing(dns: &Dns, mail: &[u8]) -> (usize, usize) {
    let verifier = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).unwrap();
    let message = AuthenticatedMessage::parse(mail).unwrap();
    let results = verifier.verify_dkim(Parameters::new(&message).with_cache(dns)).await;
    (results.iter().filter(|one| one.result() == &DkimResult::Pass).count(), results.len())
}

// spec: MAIL-SIGN
#[tokio::test]
async fn both_signatures_verify_on_hard_mails_however_they_are_cut() {
    let keys = keys();
    let dns = dns(&keys);
    for (what, mail) in hard_mails() {
        let whole = sign(&keys, &mail, usize::MAX);
        assert_eq!(passing(&dns, &whole).await, (2, 2), "{what}");
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(sign(&keys, &mail, piece), whole, "{what}, in pieces of {piece}");
        }
    }
}

// spec: MAIL-SIGN
#[tokio::test]
async fn a_mail_cut_in_two_anywhere_gives_the_same_signature() {
    let keys = keys();
    let (_, mail) = hard_mails().swap_remove(7);
    let whole = sign(&keys, &mail, usize::MAX);
    for at in 0..=mail.len() {
        let mut signer = Signer::new(&keys);
        signer.write(&mail[..at]);
        signer.write(&mail[at..]);
        let fields = signer.finish_at(Timestamp(1_790_000_000_000_000)).unwrap();
        assert!(whole.starts_with(&fields) && !fields.is_empty(), "cut at {at}");
    }
}

// spec: MAIL-SIGN
#[tokio::test]
async fn what_is_changed_or_added_breaks_both_signatures() {
    let keys = keys();
    let dns = dns(&keys);
    let mail = format!("{HEAD}Content-Type: text/plain\r\nCc: c@example.com\r\n\r\nPay 100 yen.\r\n");
    let signed = String::from_utf8(sign(&keys, mail.as_bytes(), 64)).unwrap();
    assert_eq!(passing(&dns, signed.as_bytes()).await, (2, 2));
    for added in ["From: evil@example.net", "To: x@y", "Subject: other", "Date: never", "Content-Type: text/html"] {
        for forged in [format!("{added}\r\n{signed}"), signed.replacen("\r\n\r\n", &format!("\r\n{added}\r\n\r\n"), 1)]
        {
            assert_eq!(passing(&dns, forged.as_bytes()).await, (0, 2), "{added}");
        }
    }
    for (from, to) in [("100 yen", "900 yen"), ("Cc: c@", "Cc: d@"), ("yen.\r\n", "yen.\r\nmore\r\n")] {
        assert_eq!(passing(&dns, signed.replace(from, to).as_bytes()).await, (0, 2), "{to}");
    }
    // What is not signed may be added on the way.
    assert_eq!(passing(&dns, format!("Received: from x\r\nList-Id: <l>\r\n{signed}").as_bytes()).await, (2, 2));
}

// spec: MAIL-SIGN
#[test]
fn the_field_says_what_the_spec_wants() {
    let keys = keys();
    let mail = format!("{HEAD}\r\nx\r\n");
    let signed = String::from_utf8(sign(&keys, mail.as_bytes(), 64)).unwrap();
    let fields = signed.strip_suffix(&mail).unwrap();
    assert!(fields.lines().all(|line| line.len() <= 100), "{fields}");
    let flat = fields.replace("\r\n\t", "");
    let [rsa, ed] = flat.lines().collect::<Vec<_>>()[..] else { panic!("not two fields: {flat}") };
    for (field, algorithm, selector) in [(rsa, "rsa-sha256", "fubako-rsa"), (ed, "ed25519-sha256", "fubako-ed25519")] {
        let tags: HashMap<&str, &str> =
            field.split_once(':').unwrap().1.split(';').filter_map(|tag| tag.trim().split_once('=')).collect();
        assert_eq!((tags["v"], tags["a"], tags["c"]), ("1", algorithm, "relaxed/relaxed"));
        assert_eq!((tags["d"], tags["s"], tags["t"]), ("example.jp", selector, "1790000000"));
        assert_eq!(tags["h"], "Date:Subject:To:From:From:To:Subject:Date:Content-Type");
        assert!(!tags.contains_key("l") && !tags.contains_key("x"), "{field}");
    }
}

#[test]
fn without_keys_or_from_there_is_nothing_and_a_huge_header_is_an_error() {
    let keys = keys();
    let signed = |keys: &[Arc<SigningKey>], mail: &[u8]| {
        let mut signer = Signer::new(keys);
        mail.chunks(5000).for_each(|piece| signer.write(piece));
        signer.finish()
    };
    assert_eq!(signed(&[], format!("{HEAD}\r\n").as_bytes()).unwrap(), b"");
    assert_eq!(signed(&keys, b"To: a@b\r\n\r\nx\r\n").unwrap(), b"");
    assert_eq!(signed(&keys, b"\r\nx\r\n").unwrap(), b"");
    assert_eq!(signed(&keys, b"").unwrap(), b"");
    let huge = format!("{HEAD}X-A: {}\r\n\r\n", "x".repeat(1 << 20));
    assert!(signed(&keys, huge.as_bytes()).is_err());
    let large = format!("{HEAD}X-A: {}\r\n\r\n{}", "x".repeat(1_000_000), "y".repeat(3_000_000));
    assert!(!signed(&keys, large.as_bytes()).unwrap().is_empty());
}
