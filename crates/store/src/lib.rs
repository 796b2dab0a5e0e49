//! The database: schema, migrations, transactions, leases. SQLite and PostgreSQL behind one set of queries.
//!
//! A method here is one transaction: what must be committed together is one call. Callers see values, never SQL.
//!
//! - [`sections`]: sections, groups, users; [`members`]: who belongs to a section, for its administrators; [`contracts`]: sections, for the operator
//! - [`accounts`]: who signs in, and sessions; [`second_factor`]: what they prove themselves by besides the password
//! - [`api_tokens`]: tokens by which programs use the API
//! - [`audit`]: the audit log and what holds its lines together
//! - [`keys`]: section keys and DKIM keys, as they are kept
//! - [`mails`]: the mails the gateway has in hand
//! - [`deposits`]: deposits, files, links, sessions; [`codes`]: one-time codes; [`links`]: what somebody received
//! - [`sent`]: what senders see of deposits, and take back; downloads
//! - [`outbox`]: outgoing mails and their deliveries
//! - [`queue`]: what the operator sees of both
//! - [`sts`]: MTA-STS policies of recipients' domains
//! - [`uploads`]: files on their way from people
//! - [`upkeep`]: what health, metrics and the sweep ask
//!
//! # Two databases, one set of queries
//! A query is written once, with `$1`, `ON CONFLICT` and `RETURNING`, which both understand. What differs is in three
//! places: how a connection is had (`pool`), row locks (`tx`), and the names of types (`migrate`). SQLite commits the
//! transactions that wait together (`writer`).
//!
//! # How the schema changes
//! Several versions of the program may use one database at once, since nodes are replaced one by one (spec RUN-SCALE).
//! So a change comes in two releases: first **expand** (new tables, new columns that may be NULL or have a default,
//! new indexes; the program writes both the old and the new), and once no older node is left **contract** (what nobody
//! uses any more goes). A migration that was released is never edited. A program that is older than the schema by a
//! migration does not start; one that runs already goes on, which is why a migration must not take away what it uses.
//!
//! # What is kept
//! Ids are text, times microseconds since 1970 (see [`fubako_base::Timestamp`]), settings JSON. No column holds a password, a
//! token or a key in the clear: what is secret comes here hashed, wrapped or sealed (spec KEEP-CRYPT). NUL in a text, which
//! PostgreSQL cannot hold, becomes U+FFFD on both.

pub mod accounts;
pub mod announcements;
pub mod api_tokens;
pub mod approval;
pub mod audit;
pub mod codes;
pub mod contracts;
pub mod deposits;
pub mod keys;
pub mod links;
pub mod mails;
pub mod maintenance;
pub mod members;
mod migrate;
mod news;
pub mod outbox;
mod pool;
pub mod queue;
mod rounds;
pub mod second_factor;
pub mod sections;
pub mod sent;
pub mod sessions;
pub mod sts;
mod tx;
pub mod upkeep;
pub mod uploads;
pub mod usage;
mod words;
mod writer;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use fubako_base::ids::SectionId;

/// The way to the database; cheap to clone. The runtime on which it was opened must live as long as it is used.
#[derive(Clone)]
pub struct Store {
    pool: pool::Pool,
    /// Of the audit log; given once the vault can open it.
    chain_key: Arc<OnceLock<Arc<audit::chain::ChainKey>>>,
}

/// What went wrong. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or is full: may pass. What was asked for is not done, save that after a connection
    /// lost in the commit itself nobody knows: ask again, every call can be repeated.
    #[error("database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that cannot be read as it should.
    #[error("a row of {0} cannot be read")]
    Corrupt(&'static str),
    /// The lease on the row is another's by now: whatever was done is not committed.
    #[error("the lease was lost")]
    LeaseLost,
    /// The configured address is none that is known (`sqlite:` or `postgres://`).
    #[error("not a database address: {0}")]
    Address(String),
    /// The domain belongs to another section already.
    #[error("the domain {0} belongs to another section")]
    DomainTaken(String),
    /// Deposits wait for the approvers of a group that is to be removed.
    #[error("section {section}: {deposits} deposits wait for the approvers of the group {group}")]
    GroupAwaited {
        /// The section.
        section: SectionId,
        /// The group's name.
        group: String,
        /// How many.
        deposits: usize,
    },
    /// Two users of a section would have one address.
    #[error("section {section}: the users {} and {} would have the same address {address}", .users[0], .users[1])]
    AddressTaken {
        /// The section.
        section: SectionId,
        /// The address, as one of them has it.
        address: String,
        /// Their login ids.
        users: [String; 2],
    },
    /// The deposit is not (or no longer) in a state that allows this: unknown, not open, not sent, its files not whole.
    #[error("the deposit does not allow this: {0}")]
    DepositClosed(&'static str),
    /// A rule of the schema forbids it (an unknown section, a second default user …): asking again does not help.
    #[error("the database refuses it: {0}")]
    Refused(String),
    /// The schema is newer than this program, or not ours.
    #[error("the database's schema does not fit: {0}")]
    Schema(String),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.pool {
            pool::Pool::Sqlite { .. } => "Store(SQLite)",
            pool::Pool::Postgres(_) => "Store(PostgreSQL)",
        })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match error.as_database_error() {
            // The message names the rule; the values, which the database gives apart from it, stay out of the log.
            Some(refusal) if !matches!(refusal.kind(), ErrorKind::Other) => Self::Refused(refusal.message().to_owned()),
            _ => Self::Database(Box::new(error)),
        }
    }
}

impl Store {
    /// Opens the database at `sqlite:FILE` (relative to `data_dir`; WAL, synchronous=FULL, one writer) or `postgres://…`
    /// and brings its schema up to date. TLS to PostgreSQL by the address's `sslmode` and `sslrootcert`.
    ///
    /// # Errors
    /// [`StoreError::Address`], [`StoreError::Database`], [`StoreError::Schema`].
    pub async fn open(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        Ok(Self { pool: pool::Pool::open(url, data_dir).await?, chain_key: Arc::default() })
    }

    /// Ends what is under way and closes the database. Every later call is [`StoreError::Database`].
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
