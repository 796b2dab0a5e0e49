//! A fresh database for one case, with ways round the store where a case must look or meddle.

use std::{
    path::PathBuf,
    process::Command,
    str::FromStr as _,
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
};

use fubako_store::{Store, StoreError, audit::chain::ChainKey};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tempfile::TempDir;

use crate::postgres::Server;

#[derive(Clone)]
pub(crate) struct Db {
    pub(crate) store: Store,
    url: String,
    /// Where a SQLite file is; PostgreSQL's is elsewhere.
    folder: Arc<TempDir>,
    dump: Option<Arc<Box<dyn Fn() -> Command + Send + Sync>>>,
}

impl Db {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = "sqlite:sub/fubako.db".to_owned();
        let store = Store::open(&url, folder.path()).await.unwrap();
        store.use_chain_key(ChainKey::new(&[7; 32]));
        Self { store, url, folder: Arc::new(folder), dump: None }
    }

    pub(crate) async fn postgres(server: &Server) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        assert!(server.program("createdb").arg(&name).status().unwrap().success());
        let url = server.url(&name);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let store = Store::open(&url, folder.path()).await.unwrap();
        store.use_chain_key(ChainKey::new(&[7; 32]));
        let (program, args): (Command, _) = (server.program("pg_dump"), name);
        let envs: Vec<_> = program.get_envs().map(|(k, v)| (k.to_owned(), v.unwrap().to_owned())).collect();
        let bin = program.get_program().to_owned();
        let dump = move || {
            let mut command = Command::new(&bin);
            command.envs(envs.iter().cloned()).arg(&args);
            command
        };
        Self { store, url, folder, dump: Some(Arc::new(Box::new(dump))) }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.dump.is_none()
    }

    /// The same database as another process would open it.
    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        let store = Store::open(&self.url, self.folder.path()).await?;
        store.use_chain_key(ChainKey::new(&[7; 32]));
        Ok(store)
    }

    /// The same, as a node that could not open the audit log's key.
    pub(crate) async fn open_without_key(&self) -> Store {
        Store::open(&self.url, self.folder.path()).await.unwrap()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("sub/fubako.db")
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn meddle(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file()).foreign_keys(true);
            let mut conn = options.connect().await.unwrap();
            conn.execute(sqlx::raw_sql(sql)).await.unwrap();
            conn.close().await.unwrap();
        } else {
            let mut conn = sqlx::postgres::PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
            conn.execute(sqlx::raw_sql(sql)).await.unwrap();
            conn.close().await.unwrap();
        }
    }

    /// A number that a query gives.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
            let mut conn = options.connect().await.unwrap();
            let count = sqlx::query(sql).fetch_one(&mut conn).await.unwrap().get(0);
            // Dropped, it would close behind us: and whoever closes last brings the log into the file.
            conn.close().await.unwrap();
            count
        } else {
            let mut conn = sqlx::postgres::PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
            sqlx::query(sql).fetch_one(&mut conn).await.unwrap().get(0)
        }
    }

    /// Everything that the database holds, as octets: SQLite's file after it was closed, PostgreSQL's dump.
    pub(crate) async fn contents(&self) -> Vec<u8> {
        self.store.close().await;
        match &self.dump {
            None => {
                let log = self.file().with_extension("db-wal");
                assert!(!log.exists(), "a closed database has its log in the file");
                std::fs::read(self.file()).unwrap()
            }
            Some(dump) => {
                let output = dump().output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                output.stdout
            }
        }
    }
}

/// Whether the octets are in there, as they are or as hexadecimal digits.
pub(crate) fn holds(contents: &[u8], octets: &[u8]) -> bool {
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let has = |needle: &[u8]| contents.windows(needle.len()).any(|window| window == needle);
    has(octets) || has(hex.as_bytes())
}
