//! The audit log (spec X-AUDIT): lines that are added and never changed, in a chain a section and one of the installation's own.
//!
//! A line is written in the transaction of what it records, as that transaction's last statement: both are there or neither is. The chain's row
//! is locked from then to the commit, so the lines of a chain have one order. Every other lock is taken before it, so that no two
//! transactions wait for each other.
//!
//! - [`chain`]: how the lines hold together, and how a break is found; pure
//! - [`Entry`]: what somebody wants recorded; [`Line`]: as it stands in the log
//! - [`Search`]: what is looked for

pub mod chain;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use fubako_base::{
    Timestamp,
    audit::{Actor, Event},
    ids::SectionId,
};

use self::chain::{Chain, ChainKey, HASH, Mark};
use crate::{
    Store, StoreError,
    tx::{Arg, Row, Tx, args},
    words::clip,
};

macro_rules! lines {
    ($rest:literal) => {
        concat!("SELECT number, at, event, actor_kind, actor, address, object, detail, hash FROM audit_lines ", $rest)
    };
}

macro_rules! one_chain {
    ($lock:literal) => {
        concat!(
            "SELECT first_number, first_hash, first_mac, last_number, last_hash, last_mac
            FROM audit_chains WHERE section = $1",
            $lock
        )
    };
}

/// Characters that are kept of one value of a detail, and of an object.
const LONGEST_VALUE: usize = 4_000;

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose chain: a section's, or the installation's own ([`SectionId::installation`]).
    pub section: SectionId,
    /// What happened.
    pub event: Event,
    /// Who did it.
    pub actor: Actor,
    /// The IP address it came from; empty where there is none.
    pub address: String,
    /// What it was done to: an id, a name; may be empty.
    pub object: String,
    /// What else is to be known of it, by name. No secret.
    pub detail: BTreeMap<&'static str, String>,
    /// When.
    pub at: Timestamp,
}

impl Entry {
    /// The same, with something more that is to be known of it. No secret.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "so that a number or a text is given as it stands")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.detail.insert(name, value.to_string());
        self
    }
}

/// A line of the log, its fields as they stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1, 2, 3 … in its chain.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The word of an [`Event`]; a newer node may know more of them.
    pub event: String,
    /// The kind of an [`Actor`].
    pub actor_kind: String,
    /// The actor's name.
    pub actor: String,
    /// The IP address; empty where there is none.
    pub address: String,
    /// What it was done to.
    pub object: String,
    /// JSON: an object of texts.
    pub detail: String,
    /// What chains it to the line before ([`chain`]).
    pub hash: [u8; HASH],
}

/// Which lines are looked for: those for which all that is given holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// What happened.
    pub event: Option<Event>,
    /// Stands in the actor's name, the address, the object or the detail, without case as far as ASCII goes.
    pub text: Option<String>,
}

impl Line {
    fn new(entry: &Entry, number: u64) -> Result<Self, StoreError> {
        let detail: BTreeMap<&str, Cow<'_, str>> =
            entry.detail.iter().map(|(name, value)| (*name, kept(value))).collect();
        Ok(Self {
            number,
            at: entry.at,
            event: entry.event.name().to_owned(),
            actor_kind: entry.actor.kind().to_owned(),
            actor: kept(entry.actor.name()).into_owned(),
            address: kept(&entry.address).into_owned(),
            object: kept(&entry.object).into_owned(),
            detail: serde_json::to_string(&detail).map_err(|error| StoreError::Refused(error.to_string()))?,
            hash: [0; HASH],
        })
    }
}

/// A text as the database keeps it: what is hashed must be what is read back.
fn kept(text: &str) -> Cow<'_, str> {
    let text = clip(text, LONGEST_VALUE);
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Entries on their way into a transaction, with the key that chains them.
#[derive(Clone)]
pub(crate) struct Record {
    /// None where there is nothing to record.
    key: Option<Arc<ChainKey>>,
    entries: Vec<Entry>,
}

impl Record {
    /// Adds the lines where what they record was done, and says again whether it was.
    pub(crate) async fn write_if(&self, done: bool, tx: &mut Tx) -> Result<bool, StoreError> {
        if done {
            self.write(tx).await?;
        }
        Ok(done)
    }

    /// Adds the lines. The last statement of a transaction.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if let Some(key) = &self.key {
            for entry in &self.entries {
                append(tx, key, entry).await?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Gives the store the key of the chains; only the first one given counts. Until then nothing can be recorded, nor done that must be.
    pub fn use_chain_key(&self, key: ChainKey) {
        // Clones share it, and whoever comes later has the same key from the same row.
        let _ = self.chain_key.set(Arc::new(key));
    }

    fn chain_key(&self) -> Result<Arc<ChainKey>, StoreError> {
        self.chain_key.get().cloned().ok_or_else(|| StoreError::Refused("the audit log has no key yet".to_owned()))
    }

    /// What a transaction takes along to record this.
    pub(crate) fn recording(&self, entries: &[Entry]) -> Result<Record, StoreError> {
        // Chains in one order in every transaction, so that no two wait for each other.
        let mut entries = entries.to_vec();
        entries.sort_by(|a, b| a.section.cmp(&b.section));
        let key = if entries.is_empty() { None } else { Some(self.chain_key()?) };
        Ok(Record { key, entries })
    }

    /// The chains' key as it was sealed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed_chain_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool.read((), |tx, ()| Box::pin(sealed_key(tx))).await
    }

    /// Keeps the chains' first key, sealed; where another node was faster, gives the one that is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_chain_key(&self, sealed: &[u8], now: Timestamp) -> Result<Vec<u8>, StoreError> {
        self.pool
            .write((sealed.to_vec(), now), |tx, (sealed, now)| {
                Box::pin(async move {
                    let sql = "INSERT INTO audit_keys (version, sealed, created_at) VALUES (1, $1, $2)
                        ON CONFLICT (version) DO NOTHING";
                    tx.run(sql, args![sealed, *now]).await?;
                    sealed_key(tx).await?.ok_or(StoreError::Corrupt("audit_keys"))
                })
            })
            .await
    }

    /// Records what no other transaction does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(&self, entry: &Entry) -> Result<(), StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool.write(record, |tx, record| Box::pin(record.write(tx))).await
    }

    /// At most `limit` lines of a section's log that are looked for, the newest first, of those before the number `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_lines(
        &self,
        section: &SectionId,
        search: &Search,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        let args = (section.clone(), search.clone(), before, limit);
        self.pool
            .read(args, |tx, (section, search, before, limit)| Box::pin(found(tx, section, search, *before, *limit)))
            .await
    }

    /// Everything that is wrong with a section's chain; `noted` is a line that was its last one some time. Gives its end too, for noting
    /// elsewhere, and how many lines there are. Reads all lines, some at a time. What is added meanwhile is not looked at.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_audit(&self, section: &SectionId, noted: Option<&chain::End>) -> Result<Verified, StoreError> {
        let key = self.chain_key()?;
        let there = self.pool.read(section.clone(), |tx, section| Box::pin(chain(tx, one_chain!(""), section))).await?;
        let there = there.unwrap_or_else(|| Chain::new(&key, section));
        let (end, mut lines) = (chain::End { number: there.last_number, hash: there.last_hash }, 0);
        let mut walk = chain::Walk::new(&key, section, there, noted);
        let mut after = 0;
        loop {
            let batch = self
                .pool
                .read((section.clone(), after, end.number), |tx, (section, after, last)| {
                    Box::pin(async move {
                        let sql =
                            lines!("WHERE section = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT 500");
                        tx.all("audit_lines", sql, args![section, *after, *last]).await?.iter().map(read_line).collect()
                    })
                })
                .await?;
            let batch: Vec<Line> = batch;
            let Some(last) = batch.last() else { break };
            after = last.number;
            lines += batch.len() as u64;
            batch.iter().for_each(|line| walk.step(line));
        }
        let beyond = self.pool.read(section.clone(), |tx, section| Box::pin(beyond(tx, section))).await?;
        Ok(Verified { lines, end, breaks: walk.finish(beyond) })
    }

    /// From which address each administrator of a section, or for the installation's log each operator, signed in last: login ids and addresses.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_sign_ins(&self, log: &SectionId) -> Result<Vec<(String, String)>, StoreError> {
        self.pool.read(log.clone(), |tx, log| Box::pin(last_sign_ins(tx, log))).await
    }

    /// The sections that have a chain, the installation's own among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audited_sections(&self) -> Result<Vec<SectionId>, StoreError> {
        self.pool
            .read((), |tx, ()| {
                Box::pin(async move {
                    let sql = "SELECT section FROM audit_chains ORDER BY section";
                    tx.all("audit_chains", sql, args![]).await?.iter().map(|row| row.parse("section")).collect()
                })
            })
            .await
    }

    /// Deletes the lines at the beginning of a section's chain that are older than `before`, at most `limit`; gives how many. A line stays where
    /// one before it does. From then on the chain begins behind them, and says so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_audit(&self, section: &SectionId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let args = (self.chain_key()?, section.clone(), before, limit);
        self.pool
            .write(args, |tx, (key, section, before, limit)| Box::pin(forget(tx, key, section, *before, *limit)))
            .await
    }
}

/// What came of looking through a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Lines that are there.
    pub lines: u64,
    /// The chain's end.
    pub end: chain::End,
    /// What is wrong; nothing where the chain is whole.
    pub breaks: Vec<chain::Break>,
}

const LOCKED: &str = one_chain!(" FOR UPDATE");

async fn append(tx: &mut Tx, key: &ChainKey, entry: &Entry) -> Result<(), StoreError> {
    let section = &entry.section;
    let there = locked(tx, key, section).await?;
    let mut line = Line::new(entry, there.last_number + 1)?;
    line.hash = key.hash(section, &line, &there.last_hash);
    let sql = "INSERT INTO audit_lines (section, number, at, event, actor_kind, actor, address, object, detail, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = args![
        section,
        line.number,
        line.at,
        &line.event,
        &line.actor_kind,
        &line.actor,
        &line.address,
        &line.object,
        &line.detail,
        &line.hash,
    ];
    tx.run(sql, values).await?;
    let mac = key.mark(section, Mark::Last, line.number, &line.hash);
    let sql = "UPDATE audit_chains SET last_number = $2, last_hash = $3, last_mac = $4 WHERE section = $1";
    tx.run(sql, args![section, line.number, &line.hash, &mac]).await.map(drop)
}

/// The chain, locked until the transaction ends; made where there is none.
async fn locked(tx: &mut Tx, key: &ChainKey, section: &SectionId) -> Result<Chain, StoreError> {
    if let Some(there) = chain(tx, LOCKED, section).await? {
        return Ok(there);
    }
    let new = Chain::new(key, section);
    let sql =
        "INSERT INTO audit_chains (section, first_number, first_hash, first_mac, last_number, last_hash, last_mac)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values = args![
        section,
        new.first_number,
        &new.first_hash,
        &new.first_mac,
        new.last_number,
        &new.last_hash,
        &new.last_mac,
    ];
    tx.run(sql, values).await?;
    chain(tx, LOCKED, section).await?.ok_or(StoreError::Corrupt("audit_chains"))
}

async fn chain(tx: &mut Tx, sql: &'static str, section: &SectionId) -> Result<Option<Chain>, StoreError> {
    let row = tx.one("audit_chains", sql, args![section]).await?;
    row.map(|row| {
        Ok(Chain {
            first_number: row.int("first_number")?,
            first_hash: row.digest("first_hash")?,
            first_mac: row.digest("first_mac")?,
            last_number: row.int("last_number")?,
            last_hash: row.digest("last_hash")?,
            last_mac: row.digest("last_mac")?,
        })
    })
    .transpose()
}

/// The first line behind the chain's end, where there is one: in one statement, since lines are added meanwhile.
async fn beyond(tx: &mut Tx, section: &SectionId) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT l.number FROM audit_lines l LEFT JOIN audit_chains c ON c.section = l.section
        WHERE l.section = $1 AND l.number > COALESCE(c.last_number, 0) ORDER BY l.number LIMIT 1";
    tx.one("audit_lines", sql, args![section]).await?.map(|row| row.int("number")).transpose()
}

async fn found(
    tx: &mut Tx,
    section: &SectionId,
    search: &Search,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let pattern = search.text.as_ref().map(|text| like(text));
    // Each condition holds where its value is NULL; PostgreSQL wants to know of what type a NULL is.
    let sql = lines!(
        "WHERE section = $1
            AND (CAST($2 AS BIGINT) IS NULL OR number < $2)
            AND (CAST($3 AS BIGINT) IS NULL OR at >= $3)
            AND (CAST($4 AS BIGINT) IS NULL OR at < $4)
            AND (CAST($5 AS TEXT) IS NULL OR event = $5)
            AND (CAST($6 AS TEXT) IS NULL OR LOWER(actor) LIKE $6 ESCAPE '!' OR LOWER(address) LIKE $6 ESCAPE '!'
                OR LOWER(object) LIKE $6 ESCAPE '!' OR LOWER(detail) LIKE $6 ESCAPE '!')
        ORDER BY number DESC LIMIT $7"
    );
    let values: &[Arg<'_>] =
        args![section, before, search.from, search.until, search.event.map(Event::name), pattern, limit,];
    tx.all("audit_lines", sql, values).await?.iter().map(read_line).collect()
}

/// What contains this text, in lower case.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_ascii_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

async fn last_sign_ins(tx: &mut Tx, log: &SectionId) -> Result<Vec<(String, String)>, StoreError> {
    let sql = if *log == SectionId::installation() {
        "SELECT l.actor, l.address FROM audit_lines l JOIN (
                SELECT s.actor, MAX(s.number) AS number FROM audit_lines s
                    JOIN accounts a ON a.section IS NULL AND a.login_id = s.actor
                WHERE s.section = $1 AND s.event = $2 AND s.actor_kind = 'operator' GROUP BY s.actor
            ) last ON last.number = l.number
        WHERE l.section = $1 ORDER BY l.actor"
    } else {
        "SELECT l.actor, l.address FROM audit_lines l JOIN (
                SELECT s.actor, MAX(s.number) AS number FROM audit_lines s
                    JOIN users u ON u.section = s.section AND u.login_id = s.actor AND u.administrator
                WHERE s.section = $1 AND s.event = $2 AND s.actor_kind = 'user' GROUP BY s.actor
            ) last ON last.number = l.number
        WHERE l.section = $1 ORDER BY l.actor"
    };
    let rows = tx.all("audit_lines", sql, args![log, Event::SignIn.name()]).await?;
    rows.iter().map(|row| Ok((row.get("actor")?, row.get("address")?))).collect()
}

async fn forget(
    tx: &mut Tx,
    key: &ChainKey,
    section: &SectionId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let Some(there) = chain(tx, LOCKED, section).await? else { return Ok(0) };
    let sql = lines!("WHERE section = $1 ORDER BY number LIMIT $2");
    let lines = tx.all("audit_lines", sql, args![section, limit]).await?;
    let mut old = Vec::new();
    for line in lines.iter().map(read_line) {
        let line = line?;
        if line.at >= before {
            break;
        }
        old.push(line);
    }
    let Some(last) = old.last() else { return Ok(0) };
    let mac = key.mark(section, Mark::First, last.number + 1, &last.hash);
    // Where lines are missing before these, the chain's beginning must go on telling.
    if there.first_number != old.first().map_or(0, |line| line.number) {
        return Err(StoreError::Corrupt("audit_chains"));
    }
    let sql = "UPDATE audit_chains SET first_number = $2, first_hash = $3, first_mac = $4 WHERE section = $1";
    tx.run(sql, args![section, last.number + 1, &last.hash, &mac]).await?;
    tx.run("DELETE FROM audit_lines WHERE section = $1 AND number <= $2", args![section, last.number]).await
}

async fn sealed_key(tx: &mut Tx) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT sealed FROM audit_keys ORDER BY version DESC LIMIT 1";
    tx.one("audit_keys", sql, args![]).await?.map(|row| row.get("sealed")).transpose()
}

fn read_line(row: &Row) -> Result<Line, StoreError> {
    Ok(Line {
        number: row.int("number")?,
        at: row.time("at")?,
        event: row.get("event")?,
        actor_kind: row.get("actor_kind")?,
        actor: row.get("actor")?,
        address: row.get("address")?,
        object: row.get("object")?,
        detail: row.get("detail")?,
        hash: row.digest("hash")?,
    })
}
