//! One-time codes that recipients were mailed (spec ACCESS 2): what is kept of one neither tells it nor proves anybody. A link has one current code at most.

use fubako_base::{Timestamp, ids::LinkId};

use crate::{
    Store, StoreError,
    audit::Entry,
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    sent::LIVE,
    tx::{Row, Tx, args},
};

/// A code that was mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The recipient's link.
    pub link: LinkId,
    /// SHA-256 of the secret of the browser that asked for it.
    pub browser_hash: [u8; 32],
    /// SHA-256 of the code together with that secret.
    pub code_hash: [u8; 32],
    /// When it was mailed.
    pub made_at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// How often something was compared with it.
    pub tries: u32,
}

/// What was mailed lately: the times, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailed {
    /// For the link.
    pub for_link: Vec<Timestamp>,
    /// To the address, for this link and others.
    pub to_address: Vec<Timestamp>,
}

/// What must hold for another code to be mailed, so that asks side by side cannot outrun the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Since when codes are counted.
    pub since: Timestamp,
    /// So many were mailed for the link, as the caller saw.
    pub for_link: usize,
    /// Fewer than so many were mailed to the address.
    pub to_address: usize,
}

impl Store {
    /// The link's current code; none where there is none, whether or not its time is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn code(&self, link: LinkId) -> Result<Option<Code>, StoreError> {
        self.pool
            .read(link, |tx, link| {
                Box::pin(async move {
                    let sql = "SELECT link, browser_hash, code_hash, made_at, until, tries FROM link_codes
                        WHERE link = $1 AND code_hash IS NOT NULL ORDER BY made_at DESC LIMIT 1";
                    tx.one("link_codes", sql, args![*link]).await?.as_ref().map(read_code).transpose()
                })
            })
            .await
    }

    /// When codes were mailed since `since`, for a link, and to an address (as addresses are compared).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn codes_mailed(&self, link: LinkId, address: &str, since: Timestamp) -> Result<Mailed, StoreError> {
        self.pool
            .read((link, address.to_owned(), since), |tx, (link, address, since)| {
                Box::pin(async move {
                    let sql = "SELECT made_at FROM link_codes WHERE link = $1 AND made_at > $2 ORDER BY made_at DESC";
                    let for_link = tx.all("link_codes", sql, args![*link, *since]).await?;
                    let sql =
                        "SELECT made_at FROM link_codes WHERE address = $1 AND made_at > $2 ORDER BY made_at DESC";
                    let to_address = tx.all("link_codes", sql, args![address, *since]).await?;
                    let times = |rows: Vec<Row>| rows.iter().map(|row| row.time("made_at")).collect::<Result<_, _>>();
                    Ok(Mailed { for_link: times(for_link)?, to_address: times(to_address)? })
                })
            })
            .await
    }

    /// Keeps a code that is mailed to an address, queues the mail, and ends the link's code before it, in one transaction; false where the allowance does
    /// not hold (any more).
    ///
    /// # Errors
    /// [`StoreError::DepositClosed`] where the link is dead.
    pub async fn mail_code(
        &self,
        code: &Code,
        address: &str,
        mail: &NewOutgoing,
        allowance: Allowance,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let args = (code.clone(), address.to_owned(), mail.clone(), allowance, record);
        self.pool
            .write(args, |tx, (code, address, mail, allowance, record)| {
                Box::pin(async move {
                    tx.hold(&format!("codes to {address}")).await?;
                    lock_live(tx, code.link).await?;
                    if !holds(tx, code.link, address, *allowance).await? {
                        return Ok(false);
                    }
                    tx.run("UPDATE link_codes SET code_hash = NULL WHERE link = $1", args![code.link]).await?;
                    insert(tx, code, address).await?;
                    insert_outgoing(tx, mail, code.made_at).await?;
                    // With a link that is taken back, its codes are not mailed any more.
                    let sql = "UPDATE outgoing SET link = $2 WHERE id = $1";
                    tx.run(sql, args![mail.id, code.link]).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Takes a try at a link's code: counts it as wrong beforehand, at the link and at the code, in one transaction (as [`Store::take_try`]). False where
    /// another try came between, or another code.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_code_try(
        &self,
        code: &Code,
        expected_failures: u32,
        next_try_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((code.clone(), expected_failures, next_try_at), |tx, (code, expected, next_try_at)| {
                Box::pin(async move {
                    let sql = "UPDATE links SET failures = failures + 1, next_try_at = $3
                        WHERE id = $1 AND failures = $2
                            AND EXISTS (SELECT 1 FROM link_codes WHERE link = $1 AND browser_hash = $4
                                AND code_hash IS NOT NULL AND tries = $5)";
                    let args = args![code.link, *expected, *next_try_at, &code.browser_hash, code.tries];
                    if tx.run(sql, args).await? == 0 {
                        return Ok(false);
                    }
                    let sql = "UPDATE link_codes SET tries = tries + 1 WHERE link = $1 AND browser_hash = $2";
                    tx.run(sql, args![code.link, &code.browser_hash]).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Forgets the codes that were mailed before this time; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_codes(&self, made_before: Timestamp) -> Result<u64, StoreError> {
        self.pool
            .write(made_before, |tx, made_before| {
                Box::pin(async move { tx.run("DELETE FROM link_codes WHERE made_at < $1", args![*made_before]).await })
            })
            .await
    }
}

/// Uses a link's code up; false where it is not its current one (any more).
pub(crate) async fn use_up(tx: &mut Tx, link: LinkId, browser_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let sql = "UPDATE link_codes SET code_hash = NULL WHERE link = $1 AND browser_hash = $2 AND code_hash IS NOT NULL";
    Ok(tx.run(sql, args![link, browser_hash]).await? == 1)
}

/// Locks a link's deposit, as whatever ends one does.
async fn lock_live(tx: &mut Tx, link: LinkId) -> Result<(), StoreError> {
    let sql = "SELECT d.id FROM deposits d WHERE d.id = (SELECT deposit FROM links WHERE id = $1) FOR UPDATE";
    tx.one("deposits", sql, args![link]).await?;
    match tx.one("links", LIVE, args![link]).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::DepositClosed("the link is dead")),
    }
}

async fn holds(tx: &mut Tx, link: LinkId, address: &str, allowance: Allowance) -> Result<bool, StoreError> {
    let sql = "SELECT link FROM link_codes WHERE link = $1 AND made_at > $2";
    let for_link = tx.all("link_codes", sql, args![link, allowance.since]).await?.len();
    let sql = "SELECT link FROM link_codes WHERE address = $1 AND made_at > $2";
    let to_address = tx.all("link_codes", sql, args![address, allowance.since]).await?.len();
    Ok(for_link == allowance.for_link && to_address < allowance.to_address)
}

async fn insert(tx: &mut Tx, code: &Code, address: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO link_codes (link, browser_hash, section, address, code_hash, made_at, until, tries)
        SELECT id, $2, section, $3, $4, $5, $6, $7 FROM links WHERE id = $1";
    let Code { link, browser_hash, code_hash, made_at, until, tries } = code;
    tx.run(sql, args![*link, browser_hash, address, code_hash, *made_at, *until, *tries]).await.map(drop)
}

fn read_code(row: &Row) -> Result<Code, StoreError> {
    Ok(Code {
        link: row.parse("link")?,
        browser_hash: row.digest("browser_hash")?,
        code_hash: row.digest("code_hash")?,
        made_at: row.time("made_at")?,
        until: row.time("until")?,
        tries: row.int("tries")?,
    })
}
