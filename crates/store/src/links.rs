//! Recipients' links and the sessions of those who proved themselves.

use fubako_base::{
    Timestamp,
    address::compared,
    ids::{LinkId, SectionId},
};

use crate::{
    Store, StoreError,
    audit::Entry,
    codes::use_up,
    deposits::{Deposit, Link, deposit_columns, read_deposit},
    tx::{Arg, Row, Tx, args},
};

macro_rules! link {
    ($rest:literal) => {
        concat!(
            "SELECT l.id AS link_id, l.recipient, l.address, l.token_hash, l.failures, l.next_try_at,
                l.cancelled_at AS link_cancelled_at, ",
            deposit_columns!("d."),
            " FROM links l JOIN deposits d ON d.id = l.deposit WHERE ",
            $rest
        )
    };
}

/// What is asked of somebody's received deposits.
#[derive(Debug, Clone)]
pub struct ReceivedQuery {
    /// Their address, as addresses are compared.
    pub address: String,
    /// The section that sent; none: any.
    pub section: Option<SectionId>,
    /// Only links before this one.
    pub before: Option<LinkId>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// The link whose token has this hash, with its deposit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link(&self, token_hash: &[u8; 32]) -> Result<Option<(Link, Deposit)>, StoreError> {
        self.pool
            .read(*token_hash, |tx, token_hash| {
                Box::pin(async move {
                    let row = tx.one("links", link!("l.token_hash = $1"), args![token_hash]).await?;
                    row.as_ref().map(read_link).transpose()
                })
            })
            .await
    }

    /// The link with this id, with its deposit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link_by_id(&self, id: LinkId) -> Result<Option<(Link, Deposit)>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let row = tx.one("links", link!("l.id = $1"), args![*id]).await?;
                    row.as_ref().map(read_link).transpose()
                })
            })
            .await
    }

    /// The links that were handed out to an address by sections in use, the newest first, with their deposits: those that were not taken back, whether or not
    /// the files are there still.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn received(&self, query: &ReceivedQuery) -> Result<Vec<(Link, Deposit)>, StoreError> {
        self.pool.read(query.clone(), |tx, query| Box::pin(received(tx, query))).await
    }

    /// Takes a try at a link's password: counts it as wrong beforehand and sets when the next may be, in one transaction, so that
    /// tries side by side cannot outrun the limit. `expected_failures` is what the caller saw; false when another try came between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_try(
        &self,
        link: LinkId,
        expected_failures: u32,
        next_try_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((link, expected_failures, next_try_at), |tx, (link, expected, next_try_at)| {
                Box::pin(async move {
                    let sql = "UPDATE links SET failures = failures + 1, next_try_at = $3
                        WHERE id = $1 AND failures = $2";
                    Ok(tx.run(sql, args![*link, *expected, *next_try_at]).await? == 1)
                })
            })
            .await
    }

    /// The recipient is proven: failures are cleared, the first time is noted, and a session begins, in one transaction. Where a code proves them
    /// (`code`: the hash of the browser that has it), it is used up; false, and nothing happens, where it was used, or is not the link's current one.
    ///
    /// # Errors
    /// [`StoreError::DepositClosed`] where the link is unknown or taken back, or its deposit's files are gone.
    pub async fn begin_link_session(
        &self,
        link: LinkId,
        session_hash: &[u8; 32],
        until: Timestamp,
        code: Option<&[u8; 32]>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let args = (link, *session_hash, until, code.copied(), record, now);
        self.pool
            .write(args, |tx, (link, session_hash, until, code, record, now)| {
                Box::pin(async move {
                    // The deposit is locked: an expiry at the same time comes before, or deletes the session after.
                    let sql = "SELECT d.id FROM deposits d WHERE d.state = 'sent'
                        AND d.id = (SELECT deposit FROM links WHERE id = $1) FOR UPDATE";
                    if tx.one("deposits", sql, args![*link]).await?.is_none() {
                        return Err(StoreError::DepositClosed("it is not sent"));
                    }
                    if let Some(code) = code
                        && !use_up(tx, *link, code).await?
                    {
                        return Ok(false);
                    }
                    let sql = "INSERT INTO link_sessions (link, session_hash, section, until)
                        SELECT id, $2, section, $3 FROM links WHERE id = $1
                        ON CONFLICT (link, session_hash) DO UPDATE SET until = excluded.until";
                    tx.run(sql, args![*link, session_hash, *until]).await?;
                    let sql = "UPDATE links SET failures = 0, next_try_at = NULL,
                        opened_at = COALESCE(opened_at, $2) WHERE id = $1 AND cancelled_at IS NULL";
                    if tx.run(sql, args![*link, *now]).await? == 0 {
                        return Err(StoreError::DepositClosed("the link was taken back"));
                    }
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Ends a link's session (by the SHA-256 of its id). One that is not there is ended already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_link_session(&self, link: LinkId, session_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.pool
            .write((link, *session_hash), |tx, (link, session_hash)| {
                Box::pin(async move {
                    let sql = "DELETE FROM link_sessions WHERE link = $1 AND session_hash = $2";
                    tx.run(sql, args![*link, session_hash]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether a session (by the SHA-256 of its id) is the link's and still good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link_session(
        &self,
        link: LinkId,
        session_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .read((link, *session_hash, now), |tx, (link, session_hash, now)| {
                Box::pin(async move {
                    let sql = "SELECT link FROM link_sessions WHERE link = $1 AND session_hash = $2 AND until > $3";
                    Ok(tx.one("link_sessions", sql, args![*link, session_hash, *now]).await?.is_some())
                })
            })
            .await
    }
}

async fn received(tx: &mut Tx, query: &ReceivedQuery) -> Result<Vec<(Link, Deposit)>, StoreError> {
    let mut sql = link!(
        "l.address = $1 AND l.cancelled_at IS NULL AND d.state IN ('sent', 'expired') AND d.sent_at IS NOT NULL
            AND l.section IN (SELECT id FROM sections WHERE enabled)"
    )
    .to_owned();
    let mut values: Vec<Arg<'_>> = vec![(&query.address).into()];
    if let Some(section) = &query.section {
        values.push(section.into());
        sql += &format!(" AND l.section = ${}", values.len());
    }
    if let Some(before) = query.before {
        values.push(before.into());
        sql += &format!(" AND l.id < ${}", values.len());
    }
    values.push(query.limit.into());
    sql += &format!(" ORDER BY l.id DESC LIMIT ${}", values.len());
    tx.all("links", sql, &values).await?.iter().map(read_link).collect()
}

fn read_link(row: &Row) -> Result<(Link, Deposit), StoreError> {
    let deposit = read_deposit(row)?;
    let recipient: String = row.get("recipient")?;
    let link = Link {
        id: row.parse("link_id")?,
        deposit: deposit.id,
        address: row.opt("address")?.unwrap_or_else(|| compared(&recipient)),
        recipient,
        token_hash: row.digest("token_hash")?,
        failures: row.int("failures")?,
        next_try_at: row.time_opt("next_try_at")?,
        cancelled_at: row.time_opt("link_cancelled_at")?,
    };
    Ok((link, deposit))
}
