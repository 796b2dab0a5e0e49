//! Two kinds of pool behind one way in: SQLite with one writer and a few readers, PostgreSQL with a pool of equals.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, SqlitePool,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{StoreError, migrate, tx::Tx, writer::Writer};

/// How long a call waits for a connection, or for another process's transaction, before it is an error that may pass.
const WAIT: Duration = Duration::from_secs(10);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;
/// How often a transaction is run when PostgreSQL says that it met another.
const POSTGRES_TRIES: u32 = 8;

/// The work of one transaction. It may run more than once and changes nothing but the database.
pub(crate) type Work<A, T> = for<'t> fn(&'t mut Tx, &'t A) -> BoxFuture<'t, Result<T, StoreError>>;

#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite { writer: Writer, readers: SqlitePool },
    Postgres(PgPool),
}

impl Pool {
    pub(crate) async fn open(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() || file.starts_with(':') || file.contains(['?', '\0']) {
                return Err(StoreError::Address("sqlite: wants the name of a file".to_owned()));
            }
            return open_sqlite(data_dir.join(file)).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return open_postgres(url).await;
        }
        // The address may hold a password: it is not repeated.
        Err(StoreError::Address("it begins neither with sqlite: nor with postgres://".to_owned()))
    }

    /// Runs `work` as one transaction; durable when this returns `Ok`.
    pub(crate) async fn write<A, T>(&self, args: A, work: Work<A, T>) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let pool = match self {
            Self::Sqlite { writer, .. } => return writer.run(args, work).await,
            Self::Postgres(pool) => pool,
        };
        let mut tries = 1;
        loop {
            match try_write(pool, &args, work).await {
                Err(error) if tries < POSTGRES_TRIES && met_another(&error) => {
                    tracing::debug!(%error, tries, "a transaction met another and is run again");
                    tokio::time::sleep(Duration::from_millis(1 << tries)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// Runs `work`, which only reads. Each of its statements sees what was committed when it began.
    pub(crate) async fn read<A, T>(&self, args: A, work: Work<A, T>) -> Result<T, StoreError> {
        let mut tx = match self {
            Self::Sqlite { readers, .. } => Tx::Reader(readers.acquire().await?),
            Self::Postgres(pool) => Tx::PostgresReader(pool.acquire().await?),
        };
        work(&mut tx, &args).await
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                // Last, so that it is the writer that brings the log into the file.
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

async fn try_write<A, T>(pool: &PgPool, args: &A, work: Work<A, T>) -> Result<T, StoreError> {
    let mut tx = Tx::Postgres(pool.begin().await?);
    let result = work(&mut tx, args).await;
    if let Tx::Postgres(tx) = tx {
        match result {
            Ok(_) => tx.commit().await?,
            Err(_) => tx.rollback().await.unwrap_or_else(|error| tracing::debug!(%error, "rolling back")),
        }
    }
    result
}

/// Serialisation failure and deadlock: nothing was done, and another try may well succeed.
fn met_another(error: &StoreError) -> bool {
    let StoreError::Database(source) = error else { return false };
    let code = source.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error).and_then(|e| e.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

async fn open_sqlite(file: PathBuf) -> Result<Pool, StoreError> {
    make_private(&file).map_err(|error| StoreError::Database(Box::new(error)))?;
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(WAIT)
        .synchronous(SqliteSynchronous::Full)
        // What is deleted is overwritten in the file (spec KEEP-DELETE).
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging();
    let mut tx = Tx::Writer(connect_writer(&options).await?);
    migrate::sqlite(&mut tx).await?;
    let readers = PoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(WAIT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Pool::Sqlite { writer: Writer::start(tx), readers })
}

/// Several processes that open a new file at once: turning to WAL wants the file alone and does not wait by itself.
async fn connect_writer(options: &SqliteConnectOptions) -> Result<sqlx::SqliteConnection, StoreError> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let mut tries = 0;
    loop {
        match sqlx::SqliteConnection::connect_with(&options).await {
            // SQLITE_BUSY, with or without an extended code
            Err(sqlx::Error::Database(error))
                if tries < 200 && error.code().and_then(|c| c.parse::<u32>().ok()).is_some_and(|c| c & 0xff == 5) =>
            {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return Ok(result?),
        }
    }
}

/// Makes the file, readable by nobody else, and its name durable. SQLite gives the log beside it the same mode.
fn make_private(file: &Path) -> std::io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    for new in missing.into_iter().rev().filter(|new| !new.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(new)?;
        sync(new.parent())?;
    }
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?.sync_all()?;
    sync(Some(folder))
}

/// Makes the names in a folder durable; where it has none itself it is the one that we are in.
fn sync(folder: Option<&Path>) -> std::io::Result<()> {
    fs::File::open(folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

async fn open_postgres(url: &str) -> Result<Pool, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address("the postgres:// address cannot be read".to_owned()))?
        .application_name("fubako")
        .disable_statement_logging();
    let pool = PoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(WAIT)
        .test_before_acquire(false)
        .before_acquire(|conn: &mut PgConnection, meta| {
            // One that has lain idle may be dead by now; one just used is not asked.
            Box::pin(async move { Ok(meta.idle_for < Duration::from_secs(1) || conn.ping().await.is_ok()) })
        })
        .after_connect(|conn, _| Box::pin(prepare_postgres(conn)))
        .connect_with(options)
        .await?;
    let mut tx = Tx::Postgres(pool.begin().await?);
    migrate::postgres(&mut tx).await?;
    if let Tx::Postgres(tx) = tx {
        tx.commit().await?;
    }
    Ok(Pool::Postgres(pool))
}

/// A commit is durable whatever the server's default, and a node that dies in a transaction holds its locks no longer
/// than it takes to be taken over (spec RUN-SCALE).
async fn prepare_postgres(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '60s';
         SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning",
    )
    .execute(conn)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::tx::args;

    async fn pragmas(tx: &mut Tx, names: &[&str]) -> Result<Vec<String>, StoreError> {
        let mut values = Vec::new();
        for name in names {
            let sql = format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}");
            values.push(tx.one("pragma", sql, args![]).await?.unwrap().get("value")?);
        }
        Ok(values)
    }

    // spec: RCV-DURABLE, KEEP-DELETE
    #[tokio::test]
    async fn sqlite_syncs_every_commit_and_overwrites_what_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::open("sqlite:a.db", folder.path()).await.unwrap();
        let names = ["journal_mode", "synchronous", "foreign_keys", "secure_delete"];
        // 2 is FULL: the log is synced at every commit.
        let found = pool.write(names, |tx, names| Box::pin(pragmas(tx, names))).await.unwrap();
        assert_eq!(found, ["wal", "2", "1", "1"]);
        let found = pool.read(["query_only"], |tx, names| Box::pin(pragmas(tx, names))).await.unwrap();
        assert_eq!(found, ["1"]);
    }
}
