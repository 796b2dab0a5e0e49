//! What senders and administrators see of deposits: who opened and took what, and when; and how they take them back (spec X-CANCEL).

use fubako_base::{
    Timestamp,
    ids::{DepositId, LinkId, OutgoingId, SectionId},
    unchecked::Unchecked,
};

use crate::{
    Store, StoreError,
    audit::{Entry, Record},
    deposits::{Deposit, DepositState, deposit_columns, end_files, lock, read_deposit},
    outbox::close_delivery,
    tx::{Arg, Row, Tx, args},
};

/// Which of a section's deposits are wanted.
#[derive(Debug, Clone)]
pub struct SentQuery {
    /// The section.
    pub section: SectionId,
    /// The user whose own deposits they are ([`crate::accounts::Account::member`]); none for everybody's, the default user's included.
    pub depositor: Option<String>,
    /// What subject, sender or a recipient's address has in it, without case; empty for all.
    pub search: String,
    /// Only those that were begun before this one.
    pub before: Option<DepositId>,
    /// At most as many.
    pub limit: u32,
}

/// That something was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// What whoever did it is called: a user's login id, or the name of a program's token.
    pub by: String,
}

/// A deposit in the list.
#[derive(Debug, Clone)]
pub struct SentLine {
    /// The deposit.
    pub deposit: Deposit,
    /// That it was taken back whole.
    pub cancelled: Option<Cancellation>,
    /// How many recipients have taken a file of it.
    pub taken: u32,
}

/// A deposit as its sender sees it.
#[derive(Debug, Clone)]
pub struct SentDeposit {
    /// As it is listed.
    pub line: SentLine,
    /// Its files, gone or not, by number.
    pub files: Vec<SentFile>,
    /// Its recipients' links, in order.
    pub links: Vec<SentLink>,
}

/// A file of it; of one that is gone, what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentFile {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// Why the virus check did not look into the whole of it.
    pub unchecked: Option<Unchecked>,
}

/// A recipient's link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLink {
    /// Its id.
    pub id: LinkId,
    /// The recipient's address.
    pub recipient: String,
    /// That it was taken back.
    pub cancelled: Option<Cancellation>,
    /// When the recipient first proved who they are; not known of links of an older release.
    pub opened_at: Option<Timestamp>,
    /// What they took, in the order of time.
    pub downloads: Vec<Download>,
}

/// A file that a recipient took: all that was handed over of it in one session, in however many pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// The file's number.
    pub number: u32,
    /// When its first octet was handed over.
    pub began_at: Timestamp,
    /// When its last one was; none where that has not happened.
    pub ended_at: Option<Timestamp>,
    /// Who was signed in; none where it was taken by the link.
    pub taken_by: Option<String>,
}

/// What a recipient takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taking {
    /// By which link.
    pub link: LinkId,
    /// The file's number.
    pub number: u32,
    /// The SHA-256 of the session's id.
    pub session_hash: [u8; 32],
}

macro_rules! line {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            deposit_columns!("d."),
            ", d.cancelled_at, d.cancelled_by,
            (SELECT COUNT(*) FROM links l WHERE l.section = d.section AND l.deposit = d.id
                AND EXISTS (SELECT 1 FROM downloads t WHERE t.section = l.section AND t.link = l.id)) AS taken
            FROM deposits d WHERE d.section = $1 ",
            $rest
        )
    };
}

impl Store {
    /// The deposits that were sent, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sent(&self, query: &SentQuery) -> Result<Vec<SentLine>, StoreError> {
        self.pool.read(query.clone(), |tx, query| Box::pin(sent(tx, query))).await
    }

    /// One of a section's deposits that was sent, with all that became of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sent_deposit(&self, section: &SectionId, id: DepositId) -> Result<Option<SentDeposit>, StoreError> {
        self.pool.read((section.clone(), id), |tx, (section, id)| Box::pin(sent_deposit(tx, section, *id))).await
    }

    /// Takes a deposit back that is in the state `from`, in one transaction: its links are dead, its files' keys and the sessions gone, and
    /// notices that nobody has yet are stopped. False where it is in another state, or not the section's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_deposit(
        &self,
        section: &SectionId,
        id: DepositId,
        from: DepositState,
        cancelled: &Cancellation,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write(
                (section.clone(), id, from, cancelled.clone(), record),
                |tx, (section, id, from, cancelled, record)| {
                    Box::pin(async move {
                        let there = lock(tx, *id).await?;
                        if there.is_none_or(|(owner, state)| owner != *section || state != *from) {
                            return Ok(false);
                        }
                        cancel_whole(tx, *id, cancelled).await?;
                        record.write(tx).await?;
                        Ok(true)
                    })
                },
            )
            .await
    }

    /// Takes one recipient's link back, in one transaction: it is dead, and its sessions are gone. With the last one goes the deposit, as
    /// nobody needs its files any more; then true is given, and `whole` is recorded beside `entry`. None where the link is dead, or not the section's deposit's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_link(
        &self,
        section: &SectionId,
        id: DepositId,
        link: LinkId,
        cancelled: &Cancellation,
        [entry, whole]: [&Entry; 2],
    ) -> Result<Option<bool>, StoreError> {
        let records = [self.recording(std::slice::from_ref(entry))?, self.recording(std::slice::from_ref(whole))?];
        self.pool
            .write(
                (section.clone(), id, link, cancelled.clone(), records),
                |tx, (section, id, link, cancelled, records)| {
                    Box::pin(cancel_link(tx, section, *id, *link, cancelled, records))
                },
            )
            .await
    }

    /// Keeps a sent deposit's files until `to` instead of `from`. False where it is not (or no longer) so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn extend_deposit(
        &self,
        section: &SectionId,
        id: DepositId,
        from: Timestamp,
        to: Timestamp,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((section.clone(), id, from, to, record), |tx, (section, id, from, to, record)| {
                Box::pin(async move {
                    let sql = "UPDATE deposits SET expires_at = $4
                        WHERE section = $1 AND id = $2 AND state = 'sent' AND expires_at = $3";
                    let done = tx.run(sql, args![section, *id, *from, *to]).await? == 1;
                    record.write_if(done, tx).await
                })
            })
            .await
    }

    /// Whether a link is live: neither it nor its deposit is taken back or over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link_is_live(&self, link: LinkId) -> Result<bool, StoreError> {
        self.pool
            .read(link, |tx, link| Box::pin(async move { Ok(tx.one("links", LIVE, args![*link]).await?.is_some()) }))
            .await
    }

    /// Notes that a file is about to be handed over, where that is not noted of this session yet; `taken_by` is who is signed in. False where the link is dead.
    ///
    /// # Errors
    /// [`StoreError`]. Without this note nothing may be handed over.
    pub async fn begin_download(
        &self,
        taking: Taking,
        taken_by: Option<&str>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // A download in many pieces asks once a piece: only the first writes.
        let noted = self.pool.read(taking, |tx, taking| Box::pin(noted(tx, *taking))).await?;
        match noted {
            None => Ok(false),
            Some(true) => Ok(true),
            Some(false) => {
                let record = self.recording(std::slice::from_ref(entry))?;
                let args = (taking, taken_by.map(str::to_owned), record, now);
                let begin = self.pool.write(args, |tx, (taking, taken_by, record, now)| {
                    Box::pin(begin_download(tx, *taking, taken_by.as_deref(), record, *now))
                });
                begin.await
            }
        }
    }

    /// Notes that a file's last octet was handed over, if that is not noted yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_download(&self, taking: Taking, now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((taking, now), |tx, (taking, now)| {
                Box::pin(async move {
                    let sql = "UPDATE downloads SET ended_at = $4
                        WHERE link = $1 AND number = $2 AND session_hash = $3 AND ended_at IS NULL";
                    tx.run(sql, args![taking.link, taking.number, &taking.session_hash, *now]).await.map(drop)
                })
            })
            .await
    }
}

pub(crate) const LIVE: &str = "SELECT l.id FROM links l JOIN deposits d ON d.id = l.deposit
    JOIN sections s ON s.id = d.section AND s.enabled
    WHERE l.id = $1 AND l.cancelled_at IS NULL AND d.state = 'sent'";

/// Whether a download is noted; none where the link is dead.
async fn noted(tx: &mut Tx, taking: Taking) -> Result<Option<bool>, StoreError> {
    if tx.one("links", LIVE, args![taking.link]).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT link FROM downloads WHERE link = $1 AND number = $2 AND session_hash = $3";
    let row = tx.one("downloads", sql, args![taking.link, taking.number, &taking.session_hash]).await?;
    Ok(Some(row.is_some()))
}

async fn begin_download(
    tx: &mut Tx,
    taking: Taking,
    taken_by: Option<&str>,
    record: &Record,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Taken back in between: the deposit's lock says which was first.
    let sql = "SELECT d.id FROM deposits d WHERE d.id = (SELECT deposit FROM links WHERE id = $1) FOR UPDATE";
    tx.one("deposits", sql, args![taking.link]).await?;
    if tx.one("links", LIVE, args![taking.link]).await?.is_none() {
        return Ok(false);
    }
    let sql = "INSERT INTO downloads (link, number, session_hash, section, began_at, taken_by)
        SELECT id, $2, $3, section, $4, $5 FROM links WHERE id = $1
        ON CONFLICT (link, number, session_hash) DO NOTHING";
    let begun = tx.run(sql, args![taking.link, taking.number, &taking.session_hash, now, taken_by]).await? == 1;
    if begun {
        // Who is let in by an account begins no session of the link: taking a file is the first that is seen of them.
        let sql = "UPDATE links SET opened_at = $2 WHERE id = $1 AND opened_at IS NULL";
        tx.run(sql, args![taking.link, now]).await?;
    }
    record.write_if(begun, tx).await?;
    Ok(true)
}

async fn sent(tx: &mut Tx, query: &SentQuery) -> Result<Vec<SentLine>, StoreError> {
    // What was never sent is nobody's to see: open, or given up before.
    let mut sql = line!("AND d.state <> 'open' AND NOT (d.state = 'expired' AND d.sent_at IS NULL)").to_owned();
    let mut values: Vec<Arg<'_>> = vec![(&query.section).into()];
    if let Some(depositor) = &query.depositor {
        values.push(depositor.into());
        sql += &format!(" AND d.depositor_member = ${} AND NOT d.as_default_user", values.len());
    }
    if let Some(before) = query.before {
        values.push(before.into());
        sql += &format!(" AND d.id < ${}", values.len());
    }
    if !query.search.is_empty() {
        // SQLite's LOWER knows ASCII alone: what stands there as it was typed is found too.
        values.push(pattern(&query.search.to_lowercase()).into());
        values.push(pattern(&query.search).into());
        let (folded, typed) = (values.len() - 1, values.len());
        let like = ["subject", "recipients", "sender_address", "sender_name"].map(|column| {
            format!("LOWER(d.{column}) LIKE ${folded} ESCAPE '\\' OR d.{column} LIKE ${typed} ESCAPE '\\'")
        });
        sql += &format!(" AND ({})", like.join(" OR "));
    }
    values.push(query.limit.into());
    sql += &format!(" ORDER BY d.id DESC LIMIT ${}", values.len());
    tx.all("deposits", sql, &values).await?.iter().map(read_line).collect()
}

/// What has this text somewhere in it, as LIKE reads it.
fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

async fn sent_deposit(tx: &mut Tx, section: &SectionId, id: DepositId) -> Result<Option<SentDeposit>, StoreError> {
    let sql = line!("AND d.id = $2 AND d.state <> 'open' AND NOT (d.state = 'expired' AND d.sent_at IS NULL)");
    let Some(row) = tx.one("deposits", sql, args![section, id]).await? else { return Ok(None) };
    let line = read_line(&row)?;
    let sql = "SELECT number, name, media_type, object_length, unchecked FROM files
        WHERE section = $1 AND deposit = $2 ORDER BY number";
    let files = tx.all("files", sql, args![section, id]).await?;
    let files = files.iter().map(read_file).collect::<Result<_, _>>()?;
    let sql = "SELECT id, recipient, cancelled_at, cancelled_by, opened_at FROM links
        WHERE section = $1 AND deposit = $2 ORDER BY position";
    let rows = tx.all("links", sql, args![section, id]).await?;
    let mut links = rows.iter().map(read_link).collect::<Result<Vec<_>, _>>()?;
    let sql = "SELECT t.link, t.number, t.began_at, t.ended_at, t.taken_by FROM downloads t
        JOIN links l ON l.id = t.link WHERE l.section = $1 AND l.deposit = $2 ORDER BY t.began_at, t.number";
    for row in tx.all("downloads", sql, args![section, id]).await? {
        let of: LinkId = row.parse("link")?;
        let download = Download {
            number: row.int("number")?,
            began_at: row.time("began_at")?,
            ended_at: row.time_opt("ended_at")?,
            taken_by: row.opt("taken_by")?,
        };
        if let Some(link) = links.iter_mut().find(|link| link.id == of) {
            link.downloads.push(download);
        }
    }
    Ok(Some(SentDeposit { line, files, links }))
}

async fn cancel_whole(tx: &mut Tx, id: DepositId, cancelled: &Cancellation) -> Result<(), StoreError> {
    let sql = "UPDATE deposits SET state = 'cancelled', cancelled_at = $2, cancelled_by = $3 WHERE id = $1";
    tx.run(sql, args![id, cancelled.at, &cancelled.by]).await?;
    end_files(tx, id).await?;
    let sql = "SELECT id FROM links WHERE deposit = $1";
    for row in tx.all("links", sql, args![id]).await? {
        stop_notices(tx, row.parse("id")?, cancelled.at).await?;
    }
    Ok(())
}

async fn cancel_link(
    tx: &mut Tx,
    section: &SectionId,
    id: DepositId,
    link: LinkId,
    cancelled: &Cancellation,
    [one, whole]: &[Record; 2],
) -> Result<Option<bool>, StoreError> {
    let Some((owner, DepositState::Sent)) = lock(tx, id).await? else { return Ok(None) };
    let sql = "UPDATE links SET cancelled_at = $4, cancelled_by = $5
        WHERE section = $1 AND deposit = $2 AND id = $3 AND cancelled_at IS NULL";
    if owner != *section || tx.run(sql, args![section, id, link, cancelled.at, &cancelled.by]).await? == 0 {
        return Ok(None);
    }
    tx.run("DELETE FROM link_sessions WHERE link = $1", args![link]).await?;
    stop_notices(tx, link, cancelled.at).await?;
    let live = "SELECT id FROM links WHERE deposit = $1 AND cancelled_at IS NULL LIMIT 1";
    if tx.one("links", live, args![id]).await?.is_some() {
        one.write(tx).await?;
        return Ok(Some(false));
    }
    cancel_whole(tx, id, cancelled).await?;
    one.write(tx).await?;
    whole.write(tx).await?;
    Ok(Some(true))
}

/// Stops the deposit notice of a dead link, unless somebody has it or it is on its way just now.
async fn stop_notices(tx: &mut Tx, link: LinkId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE deliveries SET state = 'stopped', ended_at = $2, worker = NULL, leased_until = NULL
        WHERE outgoing IN (SELECT id FROM outgoing WHERE link = $1)
            AND state = 'queued' AND (leased_until IS NULL OR leased_until <= $2) RETURNING outgoing";
    for row in tx.all("deliveries", sql, args![link, now]).await? {
        let outgoing: OutgoingId = row.parse("outgoing")?;
        close_delivery(tx, outgoing).await?;
    }
    Ok(())
}

fn read_line(row: &Row) -> Result<SentLine, StoreError> {
    Ok(SentLine { deposit: read_deposit(row)?, cancelled: read_cancellation(row)?, taken: row.int("taken")? })
}

fn read_cancellation(row: &Row) -> Result<Option<Cancellation>, StoreError> {
    let at = row.time_opt("cancelled_at")?;
    at.map(|at| Ok(Cancellation { at, by: row.get("cancelled_by")? })).transpose()
}

fn read_file(row: &Row) -> Result<SentFile, StoreError> {
    Ok(SentFile {
        number: row.int("number")?,
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        size: row.int("object_length")?,
        unchecked: row.parse_opt("unchecked")?,
    })
}

fn read_link(row: &Row) -> Result<SentLink, StoreError> {
    Ok(SentLink {
        id: row.parse("id")?,
        recipient: row.get("recipient")?,
        cancelled: read_cancellation(row)?,
        opened_at: row.time_opt("opened_at")?,
        downloads: Vec::new(),
    })
}
