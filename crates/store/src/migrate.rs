//! The schema's migrations: forward only, embedded, each applied once, in order, all of them in one transaction.
//!
//! A migration is written once; `{{text}}`, `{{int}}`, `{{bool}}`, `{{blob}}` and `{{strict}}` stand for what the
//! database at hand calls them.

use fubako_base::Timestamp;

use crate::{
    StoreError,
    tx::{Tx, args},
};

/// The migrations in order. One that was released is never changed: its checksum is in every database.
const ALL: &[(&str, &str)] = &[
    ("0001_sections", include_str!("../migrations/0001_sections.sql")),
    ("0002_mails", include_str!("../migrations/0002_mails.sql")),
    ("0003_outbox", include_str!("../migrations/0003_outbox.sql")),
    ("0004_deposits", include_str!("../migrations/0004_deposits.sql")),
    ("0005_told", include_str!("../migrations/0005_told.sql")),
    ("0006_sts", include_str!("../migrations/0006_sts.sql")),
    ("0007_tries", include_str!("../migrations/0007_tries.sql")),
    ("0008_news", include_str!("../migrations/0008_news.sql")),
    ("0009_repeats", include_str!("../migrations/0009_repeats.sql")),
    ("0010_trust", include_str!("../migrations/0010_trust.sql")),
    ("0011_unchecked", include_str!("../migrations/0011_unchecked.sql")),
    ("0012_depositor", include_str!("../migrations/0012_depositor.sql")),
    ("0013_accounts", include_str!("../migrations/0013_accounts.sql")),
    ("0014_maintenance", include_str!("../migrations/0014_maintenance.sql")),
    ("0015_audit", include_str!("../migrations/0015_audit.sql")),
    ("0016_approval", include_str!("../migrations/0016_approval.sql")),
    ("0017_sent", include_str!("../migrations/0017_sent.sql")),
    ("0019_uploads", include_str!("../migrations/0019_uploads.sql")),
    ("0025_members", include_str!("../migrations/0025_members.sql")),
    ("0020_access", include_str!("../migrations/0020_access.sql")),
    ("0026_received", include_str!("../migrations/0026_received.sql")),
    ("0027_api_tokens", include_str!("../migrations/0027_api_tokens.sql")),
    ("0028_second_factor", include_str!("../migrations/0028_second_factor.sql")),
    ("0029_taken_by", include_str!("../migrations/0029_taken_by.sql")),
    ("0031_announcements", include_str!("../migrations/0031_announcements.sql")),
    ("0032_usage", include_str!("../migrations/0032_usage.sql")),
    ("0033_deposit_uploads", include_str!("../migrations/0033_deposit_uploads.sql")),
    ("0034_session_browser", include_str!("../migrations/0034_session_browser.sql")),
];

const POSTGRES_TYPES: &[(&str, &str)] = &[
    // By octets, as SQLite compares: the same order everywhere, whatever the database's locale.
    ("{{text}}", "TEXT COLLATE \"C\""),
    ("{{int}}", "BIGINT"),
    ("{{bool}}", "BOOLEAN"),
    ("{{blob}}", "BYTEA"),
    ("{{strict}}", ""),
];
const SQLITE_TYPES: &[(&str, &str)] = &[
    ("{{text}}", "TEXT"),
    ("{{int}}", "INTEGER"),
    ("{{bool}}", "INTEGER"),
    ("{{blob}}", "BLOB"),
    ("{{strict}}", " STRICT"),
];

/// Any number that is ours: processes that start at once take turns.
const LOCK: &str = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7310868735423508584)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version     {{int}}  NOT NULL PRIMARY KEY,
    name        {{text}} NOT NULL,
    checksum    {{text}} NOT NULL,
    applied_at  {{int}}  NOT NULL
){{strict}}";

/// Brings SQLite's schema up to date.
pub(crate) async fn sqlite(tx: &mut Tx) -> Result<(), StoreError> {
    tx.script("BEGIN IMMEDIATE").await?;
    let result = apply(tx, SQLITE_TYPES).await;
    let ended = tx.script(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
    result.and(ended)
}

/// Brings PostgreSQL's schema up to date, in the transaction given; the caller commits it.
pub(crate) async fn postgres(tx: &mut Tx) -> Result<(), StoreError> {
    tx.script(LOCK).await?;
    apply(tx, POSTGRES_TYPES).await
}

async fn apply(tx: &mut Tx, types: &[(&str, &str)]) -> Result<(), StoreError> {
    tx.script(with_types(TABLE, types)).await?;
    let applied = tx
        .all("schema_migrations", "SELECT version, name, checksum FROM schema_migrations ORDER BY version", args![])
        .await?;
    for (row, version) in applied.iter().zip(1i64..) {
        let name: String = row.get("name")?;
        let Some((known, text)) = usize::try_from(version - 1).ok().and_then(|index| ALL.get(index)) else {
            return Err(StoreError::Schema(format!(
                "the database has migration {name}, which this version of the program does not know: \
                 it was made by a newer one"
            )));
        };
        if row.get::<i64>("version")? != version || name != *known || row.get::<String>("checksum")? != checksum(text) {
            return Err(StoreError::Schema(format!(
                "the database's migration {name} is not the {known} of this version of the program"
            )));
        }
    }
    for ((name, text), version) in ALL.iter().zip(1i64..).skip(applied.len()) {
        tracing::info!(migration = name, "the database's schema is brought up to date");
        tx.script(with_types(text, types)).await?;
        tx.run(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            args![version, *name, checksum(text), Timestamp::now()],
        )
        .await?;
    }
    Ok(())
}

fn with_types(text: &str, types: &[(&str, &str)]) -> String {
    types.iter().fold(text.to_owned(), |text, (place, name)| text.replace(place, name))
}

/// SHA-256 of what a migration does; comments and layout may be mended.
fn checksum(text: &str) -> String {
    let does: Vec<&str> =
        text.lines().flat_map(|line| line.split("--").next().unwrap_or_default().split_whitespace()).collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, does.join(" ").as_bytes());
    digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}
