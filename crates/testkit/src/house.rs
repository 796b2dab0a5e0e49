//! An exchange on a [`Ground`], and what a caller of its API and a recipient do with it.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, SectionId},
    network::Networks,
    secret::FilePassword,
    section::{SecondFactor, Section},
};
use fubako_exchange::{
    Exchange, ExchangeParts,
    deposit::Content,
    domain::{NewDeposit, NewFile, Whence},
    download::{Opened, Proof},
    sections::domains::{DomainKeys, Records},
};
use fubako_store::{
    Store,
    audit::Entry,
    keys::DkimKeyRow,
    outbox::{self, NewOutgoing},
};
use fubako_vault::{Vault, scanner::Scanner};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use mail_parser::MessageParser;

use crate::{Clock, Ground, section};

/// 2026-11-21 23:30 in Tokyo.
pub const NOON: &str = "2026-11-21T14:30:00Z";
/// What opens every deposit made here.
pub const PASSWORD: &str = "Correct-Horse-9";
/// The IP address that recipients come from.
pub const RECIPIENT: &str = "198.51.100.7";
/// Octets that a file may have.
pub const MAX_FILE: u64 = 64 << 20;
/// Where links lead, unless the house has another address or the section one of its own.
pub const PUBLIC_URL: &str = "https://files.example.jp";

/// A mail that the exchange queued, opened.
#[derive(Debug)]
pub struct Posted {
    /// As it is queued.
    pub outgoing: NewOutgoing,
    /// Its first recipient.
    pub recipient: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its text, with LF.
    pub text: String,
    /// Its HTML.
    pub html: String,
    /// The mail.
    pub octets: Vec<u8>,
}

impl Posted {
    /// The token in the link that the notice carries.
    #[must_use]
    pub fn token(&self) -> String {
        let after = self.text.split("/d/").nth(1).expect("no link in the notice");
        after.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

/// An exchange with a section `acme`.
pub struct House {
    ground: Ground,
    /// The exchange.
    pub exchange: Exchange,
    /// How often the post office was woken.
    pub wakes: Arc<AtomicUsize>,
}

impl Deref for House {
    type Target = Ground;
    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl House {
    /// Without a scanner.
    pub async fn new() -> Self {
        Self::with(Scanner::None, section("acme")).await
    }

    /// With a scanner, and this section.
    pub async fn with(scanner: Scanner, section: Section) -> Self {
        Self::at(PUBLIC_URL, scanner, section).await
    }

    /// At another address.
    pub async fn at(public_url: &str, scanner: Scanner, section: Section) -> Self {
        let ground = Ground::new(Clock::at(NOON)).await;
        let wakes = Arc::new(AtomicUsize::new(0));
        let exchange = exchange(ground.store.clone(), ground.vault.clone(), scanner, public_url, Arc::clone(&wakes));
        ground.put_section(section).await;
        Self { ground, exchange, wakes }
    }

    /// An exchange of another database or vault.
    #[must_use]
    pub fn exchange_over(&self, store: Store, vault: Vault) -> Exchange {
        exchange(store, vault, Scanner::None, PUBLIC_URL, Arc::default())
    }

    /// What was queued since the last time, opened.
    pub async fn posted(&self) -> Vec<Posted> {
        let mut all = Vec::new();
        let until = self.now().plus_seconds(1_000_000);
        while let Some(round) = self.store.lease_round("test", self.now(), until).await.unwrap() {
            let outbox::Content::Inline(sealed) = &round.outgoing.content else { panic!("not inline") };
            let context = format!("outgoing/{}", round.outgoing.id);
            let octets = self.vault.open_value(&round.outgoing.section, &context, sealed).await.unwrap();
            let mail = MessageParser::default().parse(&octets).unwrap();
            all.push(Posted {
                recipient: round.deliveries[0].queued.recipient.clone(),
                subject: mail.subject().unwrap_or_default().to_owned(),
                text: mail.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
                html: mail.body_html(0).unwrap_or_default().into_owned(),
                outgoing: round.outgoing,
                octets: octets.clone(),
            });
        }
        all
    }
}

/// Keys of domains that sign nothing, each kept where a real one is.
struct Keys(Store);

impl DomainKeys for Keys {
    fn records(&self, section: &SectionId, domain: &str) -> BoxFuture<'static, Result<Records, String>> {
        let (store, section, domain) = (self.0.clone(), section.clone(), domain.to_owned());
        Box::pin(async move {
            let owners = store.domain_owners(std::slice::from_ref(&domain)).await.unwrap();
            let keys = store.dkim_keys(&domain).await.unwrap();
            let own = keys.into_iter().filter(|_| owners.iter().any(|(_, owner)| *owner == section));
            let record = |key: DkimKeyRow| (format!("{}._domainkey.{domain}", key.selector), "v=DKIM1; p=x".to_owned());
            Ok(own.map(record).collect())
        })
    }

    fn make(
        &self,
        section: &SectionId,
        domain: &str,
        entry: Entry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), String>> {
        let key = DkimKeyRow {
            domain: domain.to_owned(),
            selector: "fubako-rsa".into(),
            algorithm: "rsa".into(),
            sealed_key: b"sealed".to_vec(),
            section: section.clone(),
        };
        let store = self.0.clone();
        Box::pin(async move {
            store.keep_dkim_keys(&[key], &[entry], now).await.unwrap();
            Ok(())
        })
    }
}

fn exchange(store: Store, vault: Vault, scanner: Scanner, public_url: &str, wakes: Arc<AtomicUsize>) -> Exchange {
    Exchange::new(ExchangeParts {
        domain_keys: Arc::new(Keys(store.clone())),
        store,
        vault,
        scanner,
        brand: "Fubako".into(),
        public_url: public_url.to_owned(),
        own_domains: vec!["files.acme.example".into()],
        operator_networks: Networks::default(),
        operator_second_factor: SecondFactor::default(),
        notice_from: "fubako@files.example.jp".into(),
        hostname: "files.example.jp".into(),
        max_file_size: MAX_FILE,
        wake_post: Arc::new(move || {
            wakes.fetch_add(1, Ordering::SeqCst);
        }),
        sign: Arc::new(|section, octets: Bytes| {
            assert!(octets.windows(4).any(|end| end == b"\r\n\r\n"), "what is signed is no mail");
            Box::pin(async move { Ok(format!("X-Signed-For: {section}\r\n").into_bytes()) })
        }),
    })
}

/// What a caller says of a deposit from the section `acme`.
#[must_use]
pub fn request(recipients: &[&str], file_count: u32) -> NewDeposit {
    NewDeposit {
        section: "acme".parse().unwrap(),
        sender_address: "taro@acme.example".into(),
        sender_name: "山田 太郎".into(),
        subject: "見積書の件".into(),
        message: String::new(),
        lang: Some(Lang::Ja),
        recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
        password: Some(FilePassword::from_kept(PASSWORD.into())),
        file_count,
        message_id: None,
    }
}

/// Octets as they would come from somewhere, in pieces.
#[must_use]
pub fn content(octets: &[u8]) -> Content<'static> {
    let pieces: Vec<_> = octets.chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

/// Octets that look like nothing and are the same each time.
#[must_use]
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut octets = Vec::with_capacity(length + 8);
    while octets.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        octets.extend_from_slice(&state.to_le_bytes());
    }
    octets.truncate(length);
    octets
}

/// Deposits files and sends them.
pub async fn deposit(house: &House, recipients: &[&str], files: &[(&str, Vec<u8>)]) -> DepositId {
    let count = u32::try_from(files.len()).unwrap();
    let key = DepositId::generate().to_string();
    let (begun, _) =
        house.exchange.begin(&key, &request(recipients, count), Whence::Within, house.now()).await.unwrap();
    for (number, (name, octets)) in (1..).zip(files) {
        let file = NewFile { number, name: (*name).into(), media_type: "application/pdf".into() };
        house.exchange.put(begun.id, file, &mut content(octets), Whence::Within, house.now()).await.unwrap();
    }
    house.exchange.send(begun.id, Whence::Within, house.now()).await.unwrap();
    begun.id
}

/// Opens a link with the password: the session and the files.
pub async fn open(house: &House, token: &str) -> (String, Opened) {
    let proof = house.exchange.prove(token, PASSWORD, RECIPIENT, house.now()).await.unwrap();
    let Proof::Opened { session, .. } = proof else { panic!("not opened") };
    let opened = house.exchange.opened(token, &session, house.now()).await.unwrap();
    (session, opened)
}

/// A file's octets in a range.
pub async fn read(house: &House, opened: &Opened, number: u32, range: std::ops::Range<u64>) -> Vec<u8> {
    let stream = house.exchange.read_file(opened, number, range).await.unwrap();
    stream
        .try_fold(Vec::new(), |mut all, some| async move {
            all.extend_from_slice(&some);
            Ok(all)
        })
        .await
        .unwrap()
}
