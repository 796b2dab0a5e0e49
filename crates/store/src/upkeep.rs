//! What health, metrics and the sweep of orphaned objects ask.

use std::collections::HashSet;

use fubako_base::{Timestamp, ids::ObjectId};

use crate::{
    Store, StoreError,
    mails::MailState,
    outbox::DeliveryState,
    tx::{Arg, Tx, args, places},
};

/// How much there is of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Mails by state; every state is there.
    pub mails: Vec<(MailState, u64)>,
    /// Deliveries by state; every state is there.
    pub deliveries: Vec<(DeliveryState, u64)>,
    /// When the oldest of the mails and deliveries that wait was or will be due.
    pub oldest_due: Option<Timestamp>,
    /// Objects given up whose octets are yet to be deleted.
    pub erasures: u64,
}

/// What is in hand, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueFacts {
    /// Mails that a worker has yet to handle.
    pub received: u64,
    /// Deliveries that are open.
    pub deliveries: u64,
    /// Those of them that were tried.
    pub tried: u64,
    /// Mails that are held.
    pub held: u64,
    /// Since when the oldest of the mails and deliveries waits.
    pub oldest: Option<Timestamp>,
    /// The same of the deliveries that were tried.
    pub oldest_tried: Option<Timestamp>,
}

impl Store {
    /// What is in hand, in short.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_facts(&self) -> Result<QueueFacts, StoreError> {
        self.pool.read((), |tx, ()| Box::pin(queue_facts(tx))).await
    }

    /// Asks the database for an answer, behind whatever else waits to be written: it tells a database that is away, locked or
    /// overwhelmed, not a disk that is full.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pool
            .write((), |tx, ()| {
                Box::pin(async move {
                    // Changes no row, and needs all that a change needs.
                    tx.run("UPDATE schema_migrations SET applied_at = applied_at WHERE version = 0", args![]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// How much there is of what, for metrics and health.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.pool.read((), |tx, ()| Box::pin(counts(tx))).await
    }

    /// Those of the ids that no row refers to: objects that were written and never committed, or whose erasure was noted before
    /// their octets came back from somewhere. An object that is being written is among them too, so ask only about old ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unknown_objects(&self, ids: &[ObjectId]) -> Result<Vec<ObjectId>, StoreError> {
        self.pool.read(ids.to_vec(), |tx, ids| Box::pin(unknown_objects(tx, ids))).await
    }
}

async fn counts(tx: &mut Tx) -> Result<Counts, StoreError> {
    let mut counts = Counts {
        mails: MailState::ALL.iter().map(|state| (*state, 0)).collect(),
        deliveries: DeliveryState::ALL.iter().map(|state| (*state, 0)).collect(),
        oldest_due: None,
        erasures: 0,
    };
    for row in tx.all("mails", "SELECT state, COUNT(*) AS n FROM mails GROUP BY state", args![]).await? {
        let state: MailState = row.parse("state")?;
        if let Some(place) = counts.mails.iter_mut().find(|place| place.0 == state) {
            place.1 = row.int("n")?;
        }
    }
    for row in tx.all("deliveries", "SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state", args![]).await? {
        let state: DeliveryState = row.parse("state")?;
        if let Some(place) = counts.deliveries.iter_mut().find(|place| place.0 == state) {
            place.1 = row.int("n")?;
        }
    }
    for sql in [
        "SELECT MIN(due_at) AS due FROM mails WHERE state = 'received'",
        "SELECT MIN(due_at) AS due FROM deliveries WHERE state = 'queued'",
    ] {
        if let Some(due) = tx.one("mails", sql, args![]).await?.and_then(|row| row.time_opt("due").transpose()) {
            let due = due?;
            counts.oldest_due = Some(counts.oldest_due.map_or(due, |other| other.min(due)));
        }
    }
    if let Some(row) = tx.one("erasures", "SELECT COUNT(*) AS n FROM erasures", args![]).await? {
        counts.erasures = row.int("n")?;
    }
    Ok(counts)
}

async fn queue_facts(tx: &mut Tx) -> Result<QueueFacts, StoreError> {
    let mut facts = QueueFacts::default();
    let sql = "SELECT COUNT(*) AS n, MIN(received_at) AS since FROM mails WHERE state = 'received'";
    if let Some(row) = tx.one("mails", sql, args![]).await? {
        (facts.received, facts.oldest) = (row.int("n")?, row.time_opt("since")?);
    }
    let sql = "SELECT COUNT(*) AS n FROM mails WHERE state = 'held'";
    if let Some(row) = tx.one("mails", sql, args![]).await? {
        facts.held = row.int("n")?;
    }
    let sql = "SELECT COUNT(*) AS n, MIN(queued_at) AS since FROM deliveries WHERE state = 'queued'";
    if let Some(row) = tx.one("deliveries", sql, args![]).await? {
        facts.deliveries = row.int("n")?;
        facts.oldest = [facts.oldest, row.time_opt("since")?].into_iter().flatten().min();
    }
    let sql = "SELECT COUNT(*) AS n, MIN(queued_at) AS since FROM deliveries WHERE state = 'queued' AND attempts > 0";
    if let Some(row) = tx.one("deliveries", sql, args![]).await? {
        (facts.tried, facts.oldest_tried) = (row.int("n")?, row.time_opt("since")?);
    }
    Ok(facts)
}

async fn unknown_objects(tx: &mut Tx, ids: &[ObjectId]) -> Result<Vec<ObjectId>, StoreError> {
    let mut unknown = Vec::new();
    for some in ids.chunks(200) {
        let some_places = places(&mut (1..), some.len());
        // A row that has lost the object's key does not count: what is left is noise.
        let sql = format!(
            "SELECT spool_id AS object FROM mails WHERE spool_key IS NOT NULL AND spool_id IN ({some_places})
            UNION ALL SELECT object_id FROM outgoing WHERE object_key IS NOT NULL AND object_id IN ({some_places})
            UNION ALL SELECT object_id FROM files WHERE object_key IS NOT NULL AND object_id IN ({some_places})
            UNION ALL SELECT object_id FROM upload_parts WHERE object_id IN ({some_places})
            UNION ALL SELECT object FROM erasures WHERE object IN ({some_places})"
        );
        let values: Vec<Arg<'_>> = some.iter().map(|id| (*id).into()).collect();
        let mut known = HashSet::new();
        for row in tx.all("mails", sql, &values).await? {
            known.insert(row.parse::<ObjectId>("object")?);
        }
        unknown.extend(some.iter().filter(|id| !known.contains(id)));
    }
    Ok(unknown)
}
