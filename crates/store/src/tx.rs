//! One transaction (or a read) on either database: arguments in, rows out. Every query is written once; what differs
//! between the databases is in this file, in [`crate::pool`] and in [`crate::migrate`].

use std::{borrow::Cow, str::FromStr};

use fubako_base::{
    Timestamp,
    ids::{
        AccountId, AnnouncementId, ApiTokenId, DeliveryId, DepositId, LinkId, MailId, MaintenanceId, ObjectId,
        OutgoingId, SectionId, UploadId,
    },
};
use sqlx::{
    Arguments, AssertSqlSafe, Database, Decode, Encode, Postgres, Row as _, Sqlite, SqliteConnection, Transaction,
    Type,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::StoreError;

/// A value for a query's `$1`, `$2` …
#[derive(Debug, Clone)]
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Bool(Option<bool>),
    Text(Option<Cow<'a, str>>),
    Blob(Option<&'a [u8]>),
}

macro_rules! arg {
    ($($variant:ident: $type:ty, |$value:ident| $into:expr;)*) => {$(
        impl<'a> From<$type> for Arg<'a> {
            fn from($value: $type) -> Self {
                Self::$variant(Some($into))
            }
        }
        impl<'a> From<Option<$type>> for Arg<'a> {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$value: $type| $into))
            }
        }
    )*};
}

arg! {
    Int: i64, |v| v;
    Int: u32, |v| i64::from(v);
    Int: Timestamp, |v| v.0;
    // Octets and counts are far below 2^63.
    Int: u64, |v| i64::try_from(v).unwrap_or(i64::MAX);
    Int: usize, |v| i64::try_from(v).unwrap_or(i64::MAX);
    Bool: bool, |v| v;
    Text: &'a str, |v| Cow::Borrowed(v);
    Text: &'a String, |v| Cow::Borrowed(v.as_str());
    Text: String, |v| Cow::Owned(v);
    Text: &'a SectionId, |v| Cow::Borrowed(v.as_str());
    Text: ApiTokenId, |v| Cow::Owned(v.to_string());
    Text: AccountId, |v| Cow::Owned(v.to_string());
    Text: AnnouncementId, |v| Cow::Owned(v.to_string());
    Text: MaintenanceId, |v| Cow::Owned(v.to_string());
    Text: MailId, |v| Cow::Owned(v.to_string());
    Text: DepositId, |v| Cow::Owned(v.to_string());
    Text: LinkId, |v| Cow::Owned(v.to_string());
    Text: OutgoingId, |v| Cow::Owned(v.to_string());
    Text: DeliveryId, |v| Cow::Owned(v.to_string());
    Text: UploadId, |v| Cow::Owned(v.to_string());
    Text: ObjectId, |v| Cow::Owned(v.to_string());
    Blob: &'a [u8], |v| v;
    Blob: &'a Vec<u8>, |v| v.as_slice();
    Blob: &'a [u8; 32], |v| v.as_slice();
}

/// `args![a, b]`: the values of a query.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::tx::Arg::from($value)),*] };
}
pub(crate) use args;

/// What a column can be read as on both databases.
pub(crate) trait Column<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}
impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>> Column<'r> for T {}

enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row. Whatever cannot be read as it should is [`StoreError::Corrupt`].
pub(crate) struct Row {
    table: &'static str,
    inner: Inner,
}

impl Row {
    pub(crate) const fn corrupt(&self) -> StoreError {
        StoreError::Corrupt(self.table)
    }

    /// A column that is never NULL.
    pub(crate) fn get<'r, T>(&'r self, column: &str) -> Result<T, StoreError>
    where
        Option<T>: Column<'r>,
    {
        // Asked for as it may be: SQLite's NULL would pass for an empty value.
        self.opt(column)?.ok_or_else(|| self.corrupt())
    }

    /// A column that may be NULL.
    pub(crate) fn opt<'r, T>(&'r self, column: &str) -> Result<Option<T>, StoreError>
    where
        Option<T>: Column<'r>,
    {
        match &self.inner {
            Inner::Sqlite(row) => row.try_get(column),
            Inner::Postgres(row) => row.try_get(column),
        }
        .map_err(|_| self.corrupt())
    }

    /// Text that has a form: an id, a section.
    pub(crate) fn parse<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<&str>(column)?.parse().map_err(|_| self.corrupt())
    }

    pub(crate) fn parse_opt<T: FromStr>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt::<&str>(column)?.map(|text| text.parse().map_err(|_| self.corrupt())).transpose()
    }

    /// A number that fits `T`.
    pub(crate) fn int<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.get::<i64>(column)?).map_err(|_| self.corrupt())
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp(self.get(column)?))
    }

    pub(crate) fn time_opt(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt(column)?.map(Timestamp))
    }

    pub(crate) fn digest(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.get::<Vec<u8>>(column)?.try_into().map_err(|_| self.corrupt())
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.get::<&str>(column)?).map_err(|_| self.corrupt())
    }
}

/// A connection in a transaction, or one that only reads.
pub(crate) enum Tx {
    /// SQLite's one writer.
    Writer(SqliteConnection),
    /// One of SQLite's readers.
    Reader(PoolConnection<Sqlite>),
    /// PostgreSQL, in a transaction.
    Postgres(Transaction<'static, Postgres>),
    /// PostgreSQL, reading: each statement its own transaction.
    PostgresReader(PoolConnection<Postgres>),
}

/// The same expression on whichever connection there is. `$bind` makes its arguments, `$wrap` a [`Row`]'s inside.
macro_rules! on {
    ($tx:expr, |$conn:ident, $bind:ident, $wrap:ident| $body:expr) => {
        match $tx {
            Tx::Writer(conn) => {
                let ($conn, $bind, $wrap) = (&mut *conn, bind::<SqliteArguments>, Inner::Sqlite);
                $body
            }
            Tx::Reader(conn) => {
                let ($conn, $bind, $wrap) = (&mut **conn, bind::<SqliteArguments>, Inner::Sqlite);
                $body
            }
            Tx::Postgres(conn) => {
                let ($conn, $bind, $wrap) = (&mut **conn, bind::<PgArguments>, Inner::Postgres);
                $body
            }
            Tx::PostgresReader(conn) => {
                let ($conn, $bind, $wrap) = (&mut **conn, bind::<PgArguments>, Inner::Postgres);
                $body
            }
        }
    };
}

impl Tx {
    /// Runs a statement; gives how many rows it changed.
    pub(crate) async fn run(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        self.run_made(Cow::Borrowed(sql), args).await
    }

    /// The rows of `table` that a query gives.
    pub(crate) async fn all(
        &mut self,
        table: &'static str,
        sql: impl Into<Cow<'static, str>>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = AssertSqlSafe(self.dialect(sql.into()));
        on!(self, |conn, bind, wrap| {
            let rows = sqlx::query_with(sql, bind(args)?).fetch_all(conn).await?;
            Ok(rows.into_iter().map(|row| Row { table, inner: wrap(row) }).collect())
        })
    }

    /// The row of `table` that a query gives, or none.
    pub(crate) async fn one(
        &mut self,
        table: &'static str,
        sql: impl Into<Cow<'static, str>>,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let sql = AssertSqlSafe(self.dialect(sql.into()));
        on!(self, |conn, bind, wrap| {
            let row = sqlx::query_with(sql, bind(args)?).fetch_optional(conn).await?;
            Ok(row.map(|row| Row { table, inner: wrap(row) }))
        })
    }

    /// Inserts rows: `head` is `INSERT INTO t (a, b)`, each row the values of its columns.
    pub(crate) async fn insert_all(&mut self, head: &'static str, rows: &[Vec<Arg<'_>>]) -> Result<(), StoreError> {
        // Both databases take more than 32,000 values a statement; few sizes keep the statement cache useful.
        for some in rows.chunks(50) {
            let mut next = 1..;
            let rows: Vec<String> = some.iter().map(|row| format!("({})", places(&mut next, row.len()))).collect();
            let args: Vec<Arg<'_>> = some.iter().flatten().cloned().collect();
            self.run_made(Cow::Owned(format!("{head} VALUES {}", rows.join(", "))), &args).await?;
        }
        Ok(())
    }

    /// Several statements without arguments, as in a migration.
    pub(crate) async fn script(&mut self, sql: impl Into<Cow<'static, str>>) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql.into());
        on!(self, |conn, _bind, _wrap| sqlx::raw_sql(sql).execute(conn).await.map(drop))?;
        Ok(())
    }

    pub(crate) async fn run_made(&mut self, sql: Cow<'static, str>, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(self.dialect(sql));
        on!(self, |conn, bind, _wrap| Ok(sqlx::query_with(sql, bind(args)?).execute(conn).await?.rows_affected()))
    }

    /// Holds what has this name, to the commit, where no row stands for it. As the first of a transaction's locks, so that nobody waits in a circle.
    /// SQLite's one writer at a time needs none.
    pub(crate) async fn hold(&mut self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Writer(_) | Self::Reader(_) => Ok(()),
            Self::Postgres(_) | Self::PostgresReader(_) => {
                self.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", args![name]).await.map(drop)
            }
        }
    }

    /// Row locks are PostgreSQL's; SQLite's one writer at a time needs none.
    fn dialect(&self, sql: Cow<'static, str>) -> Cow<'static, str> {
        match self {
            Self::Writer(_) | Self::Reader(_) if sql.contains(" FOR UPDATE") => Cow::Owned(
                sql.replace(" FOR UPDATE OF o SKIP LOCKED", "")
                    .replace(" FOR UPDATE SKIP LOCKED", "")
                    .replace(" FOR UPDATE", ""),
            ),
            _ => sql,
        }
    }
}

/// `$3, $4, $5`: as many places as `count`, from where `next` is.
pub(crate) fn places(next: &mut std::ops::RangeFrom<usize>, count: usize) -> String {
    next.take(count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

fn bind<A>(args: &[Arg<'_>]) -> Result<A, StoreError>
where
    A: Arguments,
    Option<i64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<bool>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<String>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<Vec<u8>>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    A::Database: Database,
{
    let mut bound = A::default();
    for arg in args {
        match arg {
            Arg::Int(value) => bound.add(*value),
            Arg::Bool(value) => bound.add(*value),
            // PostgreSQL's TEXT cannot hold NUL, and a peer may send one: the same sign for both databases.
            Arg::Text(value) => bound.add(value.as_ref().map(|text| text.replace('\0', "\u{fffd}"))),
            Arg::Blob(value) => bound.add(value.map(<[u8]>::to_vec)),
        }
        .map_err(StoreError::Database)?;
    }
    Ok(bound)
}
