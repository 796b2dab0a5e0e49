//! The mails in hand and why they wait, as the operator sees them (`fubako queue`).

use std::slice;

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, OutgoingId, SectionId},
};
use serde::Serialize;

use crate::{
    Store, StoreError,
    audit::Entry,
    mails::{MailRecipient, RETURNED, give_up_spool},
    outbox::close_delivery,
    tx::{Row, Tx, args},
};

/// A row of the queue: a mail that a worker has yet to handle, one that is held, or a delivery that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueRow {
    /// The id that `show`, `retry` and `stop` take: a mail's or a delivery's.
    pub id: String,
    /// `mail` or `delivery`.
    pub kind: &'static str,
    /// Its section.
    pub section: SectionId,
    /// `received`, `held` (or how else a mail ended); `relay`, `deposit-notice`, `notice`, `bounce` for a delivery.
    pub stage: String,
    /// Where it is: a mail's or a delivery's state (`queued`, `delivered` …).
    pub state: String,
    /// MAIL FROM.
    pub from: String,
    /// Its recipients.
    pub to: Vec<String>,
    /// Octets.
    pub size: u64,
    /// When it came.
    pub since: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it waits.
    pub reason: Option<String>,
    /// The mail it belongs to.
    pub mail: Option<MailId>,
    /// The outgoing mail it belongs to.
    pub outgoing: Option<OutgoingId>,
    /// The delivery.
    pub delivery: Option<DeliveryId>,
}

/// What is looked for in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSearch {
    /// Of one section.
    pub section: Option<SectionId>,
    /// With this [`QueueRow::stage`].
    pub stage: Option<String>,
    /// Behind the row of this time and id.
    pub after: Option<(Timestamp, String)>,
}

/// Some rows of the queue, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueuePage {
    /// The rows.
    pub rows: Vec<QueueRow>,
    /// There are more behind them.
    pub more: bool,
}

const MAILS: &str = "SELECT id, section, state, envelope_from, recipients, spool_length, received_at, attempts, due_at,
    last_code, cause, ended_at FROM mails";

const DELIVERIES: &str =
    "SELECT d.id, d.section, d.state, d.recipient, d.queued_at, d.attempts, d.due_at, d.last_reply, d.ended_at,
    o.id AS outgoing, o.kind, o.mail, o.envelope_from, o.size
    FROM deliveries d JOIN outgoing o ON o.id = d.outgoing";

impl Store {
    /// What is in hand, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue(&self, limit: u32) -> Result<Vec<QueueRow>, StoreError> {
        Ok(self.queue_page(&QueueSearch::default(), limit).await?.rows)
    }

    /// What is in hand of what is looked for, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_page(&self, search: &QueueSearch, limit: u32) -> Result<QueuePage, StoreError> {
        self.pool.read((search.clone(), limit), |tx, (search, limit)| Box::pin(queue_page(tx, search, *limit))).await
    }

    /// The deliveries that a mail caused, of its deposit notices and of what its sender was told too, settled or not; as many as can be read of 500.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_deliveries(&self, mail: MailId) -> Result<Vec<QueueRow>, StoreError> {
        self.pool
            .read(mail, |tx, mail| {
                Box::pin(async move {
                    let sql = format!("{DELIVERIES} WHERE o.mail = $1 ORDER BY d.queued_at, d.id LIMIT 500");
                    let rows = tx.all("deliveries", sql, args![*mail]).await?;
                    Ok(rows.iter().map(read_delivery).filter_map(readable).collect())
                })
            })
            .await
    }

    /// One row, settled or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_row(&self, id: &str) -> Result<Option<QueueRow>, StoreError> {
        self.pool
            .read(id.to_owned(), |tx, id| {
                Box::pin(async move {
                    if let Some(row) = tx.one("mails", format!("{MAILS} WHERE id = $1"), args![id]).await? {
                        return Ok(Some(read_mail(&row)?));
                    }
                    let row = tx.one("deliveries", format!("{DELIVERIES} WHERE d.id = $1"), args![id]).await?;
                    row.as_ref().map(read_delivery).transpose()
                })
            })
            .await
    }

    /// Makes a waiting row due now; a held mail is taken up again as if it had just come. False when there is none that waits,
    /// or it is being worked on, or the held mail's sender has sent it again meanwhile and that one is under way or done
    /// (spec RCV-DURABLE: never handled twice). One that was stopped is neither. What is done is recorded with it (X-AUDIT).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_retry(&self, id: &str, entry: &Entry, now: Timestamp) -> Result<bool, StoreError> {
        let args = (id.to_owned(), self.recording(slice::from_ref(entry))?, now);
        self.pool
            .write(args, |tx, (id, record, now)| {
                Box::pin(async move {
                    let mail = "UPDATE mails SET due_at = $2
                        WHERE id = $1 AND state = 'received' AND (leased_until IS NULL OR leased_until <= $2)";
                    let delivery = "UPDATE deliveries SET due_at = $2
                        WHERE id = $1 AND state = 'queued' AND (leased_until IS NULL OR leased_until <= $2)";
                    // Its spool object and password were kept (spec RCV-DURABLE).
                    let held = format!(
                        "UPDATE mails SET state = 'received', due_at = $2, attempts = 0, tried_since = $2, leases = 0,
                            last_code = NULL, codes = NULL, cause = NULL, ended_at = NULL, worker = NULL, leased_until = NULL
                        WHERE id = $1 AND state = 'held' AND spool_key IS NOT NULL AND NOT EXISTS (
                            SELECT 1 FROM mails AS again
                            WHERE again.section = mails.section AND again.fingerprint = mails.fingerprint
                                AND again.id <> mails.id AND again.state <> 'stopped' AND NOT ({RETURNED}))"
                    );
                    let mut found = 0;
                    for sql in [mail.into(), held.into(), delivery.into()] {
                        found += tx.run_made(sql, args![id, *now]).await?;
                    }
                    record.write_if(found > 0, tx).await
                })
            })
            .await
    }

    /// Stops a waiting row: a delivery becomes `stopped`, a mail `stopped` without notice, its spool given up for erasure. What is done is recorded with
    /// it (X-AUDIT).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_stop(&self, id: &str, entry: &Entry, now: Timestamp) -> Result<Stopped, StoreError> {
        let args = (id.to_owned(), self.recording(slice::from_ref(entry))?, now);
        self.pool
            .write(args, |tx, (id, record, now)| {
                Box::pin(async move {
                    let stopped = stop(tx, id, *now).await?;
                    record.write_if(matches!(stopped, Stopped::Mail(..) | Stopped::Delivery), tx).await?;
                    Ok(stopped)
                })
            })
            .await
    }
}

async fn queue_page(tx: &mut Tx, search: &QueueSearch, limit: u32) -> Result<QueuePage, StoreError> {
    let section = search.section.as_ref().map_or("", SectionId::as_str);
    let stage = search.stage.as_deref().unwrap_or_default();
    let (since, id) = search.after.as_ref().map_or((Timestamp(i64::MIN), ""), |(since, id)| (*since, id.as_str()));
    let one_more = limit.saturating_add(1);
    let values = args![one_more, section, stage, since, id];
    let sql = format!(
        "{MAILS} WHERE state IN ('received', 'held') AND ($2 = '' OR section = $2) AND ($3 = '' OR state = $3)
            AND (received_at > $4 OR received_at = $4 AND id > $5) ORDER BY received_at, id LIMIT $1"
    );
    let mails = tx.all("mails", sql, values).await?;
    let sql = format!(
        "{DELIVERIES} WHERE d.state = 'queued' AND ($2 = '' OR d.section = $2) AND ($3 = '' OR o.kind = $3)
            AND (d.queued_at > $4 OR d.queued_at = $4 AND d.id > $5) ORDER BY d.queued_at, d.id LIMIT $1"
    );
    let deliveries = tx.all("deliveries", sql, values).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Rows that cannot be read count too: what is behind them is there.
    let more = mails.len() + deliveries.len() > limit;
    let rows = mails.iter().map(read_mail).chain(deliveries.iter().map(read_delivery));
    let mut rows: Vec<_> = rows.filter_map(readable).collect();
    rows.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    rows.truncate(limit);
    Ok(QueuePage { rows, more })
}

/// What became of a wish to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// There is nothing with this id that waits, or it is being worked on.
    No,
    /// The mail's recipients have, or may have, links to its files: it goes on, since they need the password that it brings.
    LinksOut,
    /// A mail was stopped. The exchange may have an open deposit of it.
    Mail(SectionId, MailId),
    /// A delivery was stopped.
    Delivery,
}

async fn stop(tx: &mut Tx, id: &str, now: Timestamp) -> Result<Stopped, StoreError> {
    // The note stands before `send` is said. A held mail's deposit was taken back before it was held.
    let sql = "SELECT id FROM mails WHERE id = $1 AND state = 'received' AND deposit IS NOT NULL";
    if tx.one("mails", sql, args![id]).await?.is_some() {
        return Ok(Stopped::LinksOut);
    }
    // A worker whose lease ran out finds it lost when it comes back.
    let sql = "UPDATE mails SET state = 'stopped', ended_at = $2, worker = NULL, leased_until = NULL
        WHERE id = $1 AND (state = 'received' AND deposit IS NULL OR state = 'held')
            AND (leased_until IS NULL OR leased_until <= $2) RETURNING id, section";
    if let Some(row) = tx.one("mails", sql, args![id, now]).await? {
        let (section, id) = (row.parse("section")?, row.parse("id")?);
        give_up_spool(tx, id).await?;
        return Ok(Stopped::Mail(section, id));
    }
    let sql = "UPDATE deliveries SET state = 'stopped', ended_at = $2, worker = NULL, leased_until = NULL
        WHERE id = $1 AND state = 'queued' AND (leased_until IS NULL OR leased_until <= $2) RETURNING outgoing";
    if let Some(row) = tx.one("deliveries", sql, args![id, now]).await? {
        close_delivery(tx, row.parse("outgoing")?).await?;
        return Ok(Stopped::Delivery);
    }
    Ok(Stopped::No)
}

/// One row that cannot be read does not hide the others.
fn readable(row: Result<QueueRow, StoreError>) -> Option<QueueRow> {
    row.inspect_err(|error| tracing::error!(%error, "the queue shows not all that waits")).ok()
}

fn read_mail(row: &Row) -> Result<QueueRow, StoreError> {
    let state: String = row.get("state")?;
    let recipients: Vec<MailRecipient> = row.json("recipients")?;
    let (code, cause): (Option<String>, Option<String>) = (row.opt("last_code")?, row.opt("cause")?);
    let waits = state == "received";
    Ok(QueueRow {
        id: row.get("id")?,
        kind: "mail",
        section: row.parse("section")?,
        stage: state.clone(),
        state,
        from: row.get("envelope_from")?,
        to: recipients.into_iter().map(|recipient| recipient.address).collect(),
        size: row.int("spool_length")?,
        since: row.time("received_at")?,
        attempts: row.int("attempts")?,
        next_at: if waits { Some(row.time("due_at")?) } else { None },
        ended_at: row.time_opt("ended_at")?,
        reason: match (code, cause) {
            (Some(code), Some(cause)) => Some(format!("{code}: {cause}")),
            (code, cause) => code.or(cause),
        },
        mail: Some(row.parse("id")?),
        outgoing: None,
        delivery: None,
    })
}

fn read_delivery(row: &Row) -> Result<QueueRow, StoreError> {
    let state: String = row.get("state")?;
    let waits = state == "queued";
    Ok(QueueRow {
        id: row.get("id")?,
        kind: "delivery",
        section: row.parse("section")?,
        stage: row.get("kind")?,
        state,
        from: row.get("envelope_from")?,
        to: vec![row.get("recipient")?],
        size: row.int("size")?,
        since: row.time("queued_at")?,
        attempts: row.int("attempts")?,
        next_at: if waits { Some(row.time("due_at")?) } else { None },
        ended_at: row.time_opt("ended_at")?,
        reason: row.opt("last_reply")?,
        mail: row.parse_opt("mail")?,
        outgoing: Some(row.parse("outgoing")?),
        delivery: Some(row.parse("id")?),
    })
}
