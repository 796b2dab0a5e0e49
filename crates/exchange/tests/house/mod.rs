//! An exchange on a real database (SQLite) and a real vault (a folder), for tests.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod clamd;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, SectionId},
    secret::FilePassword,
    section::{Section, Settings},
};
use fubako_exchange::{
    Exchange, ExchangeParts,
    deposit::Content,
    domain::{NewDeposit, NewFile},
    download::{Opened, Proof},
};
use fubako_store::{
    Store,
    outbox::{self, NewOutgoing},
    sections::Change,
};
use fubako_vault::{
    Vault,
    keys::{MasterKey, SectionKeys},
    scanner::Scanner,
    storage::{S3Options, Storage},
};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use mail_parser::MessageParser;
use tempfile::TempDir;

/// 2026-11-21 23:30 in Tokyo.
pub const NOON: &str = "2026-11-21T14:30:00Z";
pub const PASSWORD: &str = "Correct-Horse-9";
pub const MAX_FILE: u64 = 64 << 20;

struct Keeper(Store);

impl SectionKeys for Keeper {
    fn load<'a>(&'a self, section: &'a SectionId) -> BoxFuture<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { self.0.section_key(section).await.map_err(|e| e.to_string()) })
    }

    fn keep<'a>(&'a self, section: &'a SectionId, wrapped: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(
            async move { self.0.keep_section_key(section, wrapped, Timestamp(0)).await.map_err(|e| e.to_string()) },
        )
    }
}

/// A mail that the exchange queued, opened.
#[derive(Debug)]
pub struct Posted {
    pub outgoing: NewOutgoing,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub octets: Vec<u8>,
}

impl Posted {
    /// The token in the link that the notice carries.
    pub fn token(&self) -> String {
        let after = self.text.split("https://files.example.jp/d/").nth(1).expect("no link in the notice");
        after.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

pub struct House {
    pub folder: TempDir,
    pub store: Store,
    pub vault: Vault,
    pub exchange: Exchange,
    /// Microseconds since 1970.
    pub clock: Arc<AtomicI64>,
    pub wakes: Arc<AtomicUsize>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Scanner::None, Settings::default()).await
    }

    /// A house with a section `acme`.
    pub async fn with(scanner: Scanner, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open("sqlite:test.db", folder.path()).await.unwrap();
        let storage = Storage::open("file:files", folder.path(), &S3Options::default()).await.unwrap();
        let master = MasterKey::from_file_or_new(&folder.path().join("master.key")).unwrap();
        let vault = Vault::new(storage, &master, Arc::new(Keeper(store.clone()))).unwrap();
        let wakes = Arc::new(AtomicUsize::new(0));
        let exchange = Exchange::new(ExchangeParts {
            store: store.clone(),
            vault: vault.clone(),
            scanner,
            brand: "Fubako".into(),
            public_url: "https://files.example.jp".into(),
            notice_from: "fubako@files.example.jp".into(),
            hostname: "files.example.jp".into(),
            max_file_size: MAX_FILE,
            wake_post: {
                let wakes = Arc::clone(&wakes);
                Arc::new(move || {
                    wakes.fetch_add(1, Ordering::SeqCst);
                })
            },
            sign: Arc::new(|section, octets: Bytes| {
                assert!(octets.windows(4).any(|end| end == b"\r\n\r\n"), "what is signed is no mail");
                Box::pin(async move { Ok(format!("X-Signed-For: {section}\r\n").into_bytes()) })
            }),
        });
        let now: jiff::Timestamp = NOON.parse().unwrap();
        let clock = Arc::new(AtomicI64::new(now.as_microsecond()));
        let house = Self { folder, store, vault, exchange, clock, wakes };
        house.put_section("acme", |section| section.settings = settings).await;
        house
    }

    pub async fn put_section(&self, id: &str, change: impl FnOnce(&mut Section)) {
        let mut section = Section {
            id: id.parse().unwrap(),
            name: "アクメ銀行".into(),
            enabled: true,
            mail_link: true,
            autopilot: true,
            domains: vec![format!("{id}.example")],
            settings: Settings::default(),
        };
        change(&mut section);
        self.store.apply(&[Change::PutSection(Box::new(section))], self.now()).await.unwrap();
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The sealed objects that lie in the vault, and nothing else that may be there.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if entry.file_name() != ".lock" {
                    found.push(path);
                }
            }
        }
        found
    }

    /// What was queued since the last time, opened.
    pub async fn posted(&self) -> Vec<Posted> {
        let mut all = Vec::new();
        let until = self.now().plus_seconds(3600);
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

pub fn request(recipients: &[&str], file_count: u32) -> NewDeposit {
    NewDeposit {
        section: "acme".parse().unwrap(),
        sender_address: "taro@acme.example".into(),
        sender_name: "山田 太郎".into(),
        subject: "見積書の件".into(),
        lang: Some(Lang::Ja),
        recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
        password: FilePassword::from_kept(PASSWORD.into()),
        file_count,
    }
}

/// Octets as they would come from somewhere, in pieces.
pub fn content(octets: &[u8]) -> Content<'static> {
    let pieces: Vec<_> = octets.chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

/// Octets that look like nothing and are the same each time.
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
    let (begun, _) = house.exchange.begin(&key, &request(recipients, count), house.now()).await.unwrap();
    for (number, (name, octets)) in (1..).zip(files) {
        let file = NewFile { number, name: (*name).into(), media_type: "application/pdf".into() };
        house.exchange.put(begun.id, file, &mut content(octets), house.now()).await.unwrap();
    }
    house.exchange.send(begun.id, house.now()).await.unwrap();
    begun.id
}

/// Opens a link with the password: the session and the files.
pub async fn open(house: &House, token: &str) -> (String, Opened) {
    let proof = house.exchange.prove(token, PASSWORD, house.now()).await.unwrap();
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
