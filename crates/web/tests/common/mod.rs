//! A real exchange (SQLite, a local vault) with a deposit in it, its pages called without a socket.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

#[path = "../../../exchange/tests/house/clamd.rs"]
pub mod clamd;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{Router, body::Body};
use bytes::Bytes;
use fubako_base::{
    Lang, Timestamp,
    ids::SectionId,
    secret::FilePassword,
    section::{Section, Settings},
};
use fubako_exchange::{
    Exchange, ExchangeParts,
    domain::{NewDeposit, NewFile},
};
use fubako_store::{Store, outbox::Content, sections::Change};
use fubako_vault::{
    S3Options, Storage, Vault,
    keys::{MasterKey, SectionKeys},
    scanner::Scanner,
};
use fubako_web::{ApiTokens, WebState};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// 2026-11-21 23:30:16 in Tokyo.
pub const SENT: Timestamp = Timestamp(1_795_271_416_000_000);
pub const PASSWORD: &str = "Xy7!kQ2=mT9_aB4";

struct Keeper(Store);

impl SectionKeys for Keeper {
    fn load<'a>(&'a self, section: &'a SectionId) -> BoxFuture<'a, Result<Option<Vec<u8>>, String>> {
        async move { self.0.section_key(section).await.map_err(|e| e.to_string()) }.boxed()
    }
    fn keep<'a>(&'a self, section: &'a SectionId, wrapped: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        async move { self.0.keep_section_key(section, wrapped, SENT).await.map_err(|e| e.to_string()) }.boxed()
    }
}

pub struct House {
    folder: tempfile::TempDir,
    store: Store,
    vault: Vault,
    exchange: Exchange,
    clock: Arc<AtomicI64>,
    pub web: Router,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub octets: Vec<u8>,
    /// Whether the body ended as it should.
    pub whole: bool,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.octets).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The session that the answer's cookie begins.
    pub fn session(&self) -> String {
        let cookie = self.header("set-cookie");
        cookie.strip_prefix("fubako_link=").unwrap().split(';').next().unwrap().to_owned()
    }
}

impl House {
    pub async fn new(public_url: &str) -> Self {
        Self::with(public_url, Scanner::None).await
    }

    pub async fn with(public_url: &str, scanner: Scanner) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open("sqlite:test.db", folder.path()).await.unwrap();
        let master = MasterKey::from_text(&"07".repeat(32)).unwrap();
        let storage = Storage::open("file:files", folder.path(), &S3Options::default()).await.unwrap();
        let vault = Vault::new(storage, &master, Arc::new(Keeper(store.clone()))).unwrap();
        let settings = Settings { free_tries: 2, max_tries: 5, ..Settings::default() };
        let section = Section {
            id: "acme".parse().unwrap(),
            name: "さくら工業".to_owned(),
            enabled: true,
            mail_link: true,
            autopilot: true,
            domains: vec!["acme.example".to_owned()],
            settings,
        };
        store.apply(&[Change::PutSection(Box::new(section))], SENT).await.unwrap();
        let exchange = Exchange::new(ExchangeParts {
            store: store.clone(),
            vault: vault.clone(),
            scanner,
            brand: "文箱テスト".to_owned(),
            public_url: public_url.to_owned(),
            notice_from: "notice@acme.example".to_owned(),
            hostname: "files.acme.example".to_owned(),
            max_file_size: 1 << 30,
            wake_post: Arc::new(|| {}),
            sign: Arc::new(|_, _| async { Ok(Vec::new()) }.boxed()),
        });
        let clock = Arc::new(AtomicI64::new(SENT.0));
        let hands = Arc::clone(&clock);
        let state = WebState::new(exchange.clone(), ApiTokens::new(["api-token"]))
            .with_clock(Arc::new(move || Timestamp(hands.load(Ordering::SeqCst))));
        Self { folder, store, vault, exchange, clock, web: fubako_web::router(state) }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub fn later(&self, seconds: i64) {
        self.clock.store(self.now().plus_seconds(seconds).0, Ordering::SeqCst);
    }

    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Deposits files for two recipients; gives their links' tokens.
    pub async fn deposit(&self, key: &str, subject: &str, sender: &str, files: &[(&str, &str, &[u8])]) -> [String; 2] {
        let request = NewDeposit {
            section: "acme".parse().unwrap(),
            sender_address: "taro@acme.example".to_owned(),
            sender_name: sender.to_owned(),
            subject: subject.to_owned(),
            lang: Some(Lang::En),
            recipients: vec!["hanako@example.jp".to_owned(), "jiro@example.jp".to_owned()],
            password: FilePassword::from_kept(PASSWORD.to_owned()),
            file_count: u32::try_from(files.len()).unwrap(),
        };
        let (deposit, _) = self.exchange.begin(key, &request, self.now()).await.unwrap();
        for (number, (name, media_type, content)) in (1..).zip(files) {
            let file = NewFile { number, name: (*name).to_owned(), media_type: (*media_type).to_owned() };
            let mut content = stream::iter([Ok(Bytes::copy_from_slice(content))]).boxed();
            self.exchange.put(deposit.id, file, &mut content, self.now()).await.unwrap();
        }
        self.exchange.send(deposit.id, self.now()).await.unwrap();
        [self.token_in_notice().await, self.token_in_notice().await]
    }

    /// The token in the next deposit notice that waits to be delivered.
    async fn token_in_notice(&self) -> String {
        let until = self.now().plus_seconds(1_000_000);
        let round = self.store.lease_round("test", self.now(), until).await.unwrap().unwrap();
        let Content::Inline(sealed) = &round.outgoing.content else { panic!("a notice lies in its row") };
        let context = format!("outgoing/{}", round.outgoing.id);
        let mail = self.vault.open_value(&round.outgoing.section, &context, sealed).await.unwrap();
        let mail = String::from_utf8(mail).unwrap().replace("=\r\n", "");
        let at = mail.find("/d/").unwrap() + 3;
        mail[at..at + 43].to_owned()
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.web.clone().oneshot(request).await.unwrap();
        let (parts, mut body) = response.into_parts();
        let mut octets = Vec::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => octets.extend(frame.into_data().unwrap()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        Answer { status: parts.status, headers: parts.headers, octets, whole }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(request(Method::GET, path, headers, "")).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        self.ask(request(Method::POST, path, headers, form)).await
    }

    /// Opens a link with the right password; gives the `Cookie` header.
    pub async fn open(&self, token: &str) -> String {
        let answer = self.post(&format!("/d/{token}/open"), &[], &format!("password={}", encoded(PASSWORD))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        format!("fubako_link={}", answer.session())
    }

    /// Flips one bit of every stored object, at a place reckoned from its end.
    pub fn damage(&self, from_end: usize) {
        let mut files = Vec::new();
        walk(self.folder.path().join("files"), &mut files);
        assert!(!files.is_empty());
        for path in files {
            let mut octets = fs::read(&path).unwrap();
            if octets.len() > from_end {
                let at = octets.len() - 1 - from_end;
                octets[at] ^= 1;
                fs::write(&path, octets).unwrap();
            }
        }
    }
}

fn walk(folder: PathBuf, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(path, files) } else { files.push(path) }
    }
}

pub fn request(method: Method, path: &str, headers: &[(&str, &str)], form: &str) -> Request<Body> {
    let mut request = Request::builder().uri(path).header("host", "files.acme.example");
    if method == Method::POST && !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.method(method).body(Body::from(form.to_owned())).unwrap()
}

pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
