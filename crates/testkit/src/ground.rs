//! Database, vault and clock.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use fubako_base::{
    Timestamp,
    section::{Section, Settings},
};
use fubako_store::{
    Store,
    sections::{Change, Group, User},
};
use fubako_vault::{
    Vault,
    keys::MasterKey,
    storage::{S3Options, Storage},
};
use tempfile::TempDir;

/// The mail-link group of every section here.
pub const LINK_GROUP: &str = "mail-link";
/// The login id of every section's default user; its address is this at `ID.example`.
pub const DEFAULT_USER: &str = "mail-link-user";

/// A clock that stands until a test moves it; clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that shows this time, as RFC 3339 writes it.
    #[must_use]
    pub fn at(time: &str) -> Self {
        let time: jiff::Timestamp = time.parse().unwrap();
        Self(Arc::new(AtomicI64::new(time.as_microsecond())))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    /// Puts it forward, or back.
    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The clock as the parts take it.
    #[must_use]
    pub fn hands(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// What every room that keeps something stands on, in a folder that goes with it.
pub struct Ground {
    /// Where everything lies.
    pub folder: TempDir,
    /// The database.
    pub store: Store,
    /// The sealed objects.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
}

impl Ground {
    /// An empty one.
    pub async fn new(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open("sqlite:test.db", folder.path()).await.unwrap();
        let storage = Storage::open("file:files", folder.path(), &S3Options::default()).await.unwrap();
        let master = MasterKey::from_file_or_new(&folder.path().join("master.key")).unwrap();
        let vault = Vault::new(storage, &master, Arc::new(store.clone())).unwrap();
        fubako_exchange::audit::open_log(&store, &vault, clock.now()).await.unwrap();
        Self { folder, store, vault, clock }
    }

    /// Makes a section, or sets it, with a mail-link group and a default user in it, so that whoever sends may deposit.
    pub async fn put_section(&self, section: Section) {
        let id = section.id.clone();
        let group = Group {
            section: id.clone(),
            name: LINK_GROUP.into(),
            mail_link: true,
            approval: None,
            approvers: None,
            access: None,
        };
        let user = User {
            section: id.clone(),
            login_id: DEFAULT_USER.into(),
            address: format!("{DEFAULT_USER}@{id}.example"),
            name: String::new(),
            group: Some(LINK_GROUP.into()),
            default_user: true,
            administrator: false,
            approver: false,
            password_never_expires: false,
        };
        let changes = [Change::PutSection(Box::new(section)), Change::PutGroup(group), Change::PutUser(user)];
        self.store.apply(&changes, &[], self.now()).await.unwrap();
    }

    /// The clock's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts the clock forward.
    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.pass_seconds(seconds);
    }

    /// The sealed objects that lie in the vault, and nothing else that may be there.
    #[must_use]
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for spread in std::fs::read_dir(self.folder.path().join("files")).unwrap() {
            // What lies beside the 256 folders is no object.
            let Ok(entries) = std::fs::read_dir(spread.unwrap().path()) else { continue };
            found.extend(entries.map(|entry| entry.unwrap().path()));
        }
        found
    }
}

/// A section in use with the default settings, that sends from `ID.example`.
#[must_use]
pub fn section(id: &str) -> Section {
    Section {
        id: id.parse().unwrap(),
        name: "アクメ銀行".into(),
        enabled: true,
        mail_link: true,
        autopilot: true,
        domains: vec![format!("{id}.example")],
        settings: Settings::default(),
    }
}
