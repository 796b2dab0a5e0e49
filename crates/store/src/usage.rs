//! How much a section sends, and how much of it lies here (spec X-ADMIN).

use fubako_base::{Timestamp, ids::SectionId};

use crate::{
    Store, StoreError,
    tx::{Tx, args},
};

/// What was sent in a span of time, whatever became of it, and what was taken in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Deposits whose links went out.
    pub deposits: u64,
    /// Their links, one a recipient.
    pub recipients: u64,
    /// Their files.
    pub files: u64,
    /// Octets of these.
    pub octets: u64,
    /// Files that recipients took, whenever they were sent: once for each time that somebody proved who they are.
    pub taken: u64,
}

/// What lies in the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Files.
    pub files: u64,
    /// Octets of these.
    pub octets: u64,
}

/// A span of time: its first moment, and the first one behind it.
pub type Span = (Timestamp, Timestamp);

impl Store {
    /// What a section sent in each of these spans, and what lies here of it now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn usage(&self, section: &SectionId, spans: &[Span]) -> Result<(Vec<Usage>, Kept), StoreError> {
        self.pool
            .read((section.clone(), spans.to_vec()), |tx, (section, spans)| {
                Box::pin(async move {
                    let mut all = Vec::with_capacity(spans.len());
                    for span in spans {
                        all.push(in_span(tx, section, *span).await?);
                    }
                    Ok((all, kept(tx, section).await?))
                })
            })
            .await
    }
}

async fn in_span(tx: &mut Tx, section: &SectionId, (from, until): Span) -> Result<Usage, StoreError> {
    let mut usage = Usage::default();
    let sql = "SELECT COUNT(*) AS deposits,
            CAST(COALESCE(SUM((SELECT COUNT(*) FROM links l WHERE l.section = d.section AND l.deposit = d.id)), 0) AS BIGINT)
                AS recipients
        FROM deposits d WHERE d.section = $1 AND d.sent_at >= $2 AND d.sent_at < $3";
    if let Some(row) = tx.one("deposits", sql, args![section, from, until]).await? {
        (usage.deposits, usage.recipients) = (row.int("deposits")?, row.int("recipients")?);
    }
    let sql = "SELECT COUNT(*) AS files, CAST(COALESCE(SUM(f.object_length), 0) AS BIGINT) AS octets
        FROM deposits d JOIN files f ON f.section = d.section AND f.deposit = d.id
        WHERE d.section = $1 AND d.sent_at >= $2 AND d.sent_at < $3";
    if let Some(row) = tx.one("files", sql, args![section, from, until]).await? {
        (usage.files, usage.octets) = (row.int("files")?, row.int("octets")?);
    }
    let sql = "SELECT COUNT(*) AS taken FROM downloads WHERE section = $1 AND began_at >= $2 AND began_at < $3";
    if let Some(row) = tx.one("downloads", sql, args![section, from, until]).await? {
        usage.taken = row.int("taken")?;
    }
    Ok(usage)
}

async fn kept(tx: &mut Tx, section: &SectionId) -> Result<Kept, StoreError> {
    let sql = "SELECT COUNT(*) AS files, CAST(COALESCE(SUM(object_length), 0) AS BIGINT) AS octets
        FROM files WHERE section = $1 AND object_key IS NOT NULL";
    let Some(row) = tx.one("files", sql, args![section]).await? else { return Ok(Kept::default()) };
    Ok(Kept { files: row.int("files")?, octets: row.int("octets")? })
}
