//! What senders are told of their deliveries, each thing once: that one failed, that it takes long, that a host took it which
//! confirms no delivery (spec MAIL-BOUNCE).

use std::collections::HashSet;

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, OutgoingId},
};

use crate::{
    Store, StoreError,
    outbox::{NewOutgoing, Round},
    rounds::{insert_outgoing, late},
    tx::{Tx, args},
};

impl Store {
    /// Outgoing mails with a delivery that has waited since `since` or before, was tried and is not due, and of which it is not told that it
    /// takes long, with all their deliveries: none that is being worked on at `now`. One whose rows cannot be read is set aside for an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn late(&self, since: Timestamp, now: Timestamp, limit: u32) -> Result<Vec<Round>, StoreError> {
        let found = self
            .pool
            .read((since, now, limit), |tx, (since, now, limit)| Box::pin(late(tx, *since, *now, *limit)))
            .await?;
        self.readable(found, now).await
    }

    /// Those of an outgoing mail's failed, untold deliveries whose address was told of already: a mail and its deposit notice go to
    /// the same people, and who turns away both is told of once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn told_by_another(&self, id: OutgoingId) -> Result<Vec<DeliveryId>, StoreError> {
        self.pool.read(id, |tx, id| Box::pin(told_by_another(tx, *id))).await
    }

    /// Tells how these deliveries ended, with the notification that says so (none where nobody is to be told), in one
    /// transaction (spec MAIL-BOUNCE). Where one of them has nothing to be told, or is told already, or its address is by another
    /// mail's notification ([`Store::told_by_another`]), nothing is done and it gives false: each is told exactly once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bounce(
        &self,
        id: OutgoingId,
        told: &[DeliveryId],
        bounce: Option<&NewOutgoing>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((id, told.to_vec(), bounce.cloned(), now), |tx, (id, told, bounce, now)| {
                Box::pin(tell(tx, *id, told, bounce.as_ref(), *now))
            })
            .await
    }

    /// Tells that these deliveries take long, as [`Store::bounce`] tells how they ended. Where one of them has ended since, or
    /// is told already, nothing is done and it gives false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tell_delay(
        &self,
        id: OutgoingId,
        told: &[DeliveryId],
        notification: Option<&NewOutgoing>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((id, told.to_vec(), notification.cloned(), now), |tx, (id, told, notification, now)| {
                Box::pin(tell_delay(tx, *id, told, notification.as_ref(), *now))
            })
            .await
    }
}

/// Two that tell of the same mail at once take turns here, and the second sees what the first has done. A mail and its deposit
/// notices are one matter: whoever tells of any of them locks the mail that they come from first.
async fn take_turns(tx: &mut Tx, id: OutgoingId) -> Result<bool, StoreError> {
    let mail = "SELECT id FROM mails WHERE id = (SELECT mail FROM outgoing WHERE id = $1) FOR UPDATE";
    tx.one("mails", mail, args![id]).await?;
    let lock = "SELECT id FROM outgoing WHERE id = $1 AND settled_at IS NULL FOR UPDATE";
    Ok(tx.one("outgoing", lock, args![id]).await?.is_some())
}

/// Whether all of `told` are among the deliveries that `sql` finds for the outgoing mail.
async fn are_all(tx: &mut Tx, sql: &'static str, id: OutgoingId, told: &[DeliveryId]) -> Result<bool, StoreError> {
    let found = tx.all("deliveries", sql, args![id]).await?;
    let found = found.iter().map(|row| row.parse("id")).collect::<Result<HashSet<DeliveryId>, _>>()?;
    Ok(told.iter().all(|delivery| found.contains(delivery)))
}

async fn tell(
    tx: &mut Tx,
    id: OutgoingId,
    told: &[DeliveryId],
    bounce: Option<&NewOutgoing>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const UNTOLD: &str =
        "SELECT id FROM deliveries WHERE outgoing = $1 AND (state = 'failed' OR relayed) AND told_at IS NULL";
    if told.is_empty() || !take_turns(tx, id).await? || !are_all(tx, UNTOLD, id, told).await? {
        return Ok(false);
    }
    if bounce.is_some() && told_by_another(tx, id).await?.iter().any(|known| told.contains(known)) {
        return Ok(false);
    }
    let by = bounce.map(|bounce| bounce.id);
    for delivery in told {
        tx.run("UPDATE deliveries SET told_at = $2, told_by = $3 WHERE id = $1", args![*delivery, now, by]).await?;
    }
    if let Some(bounce) = bounce {
        insert_outgoing(tx, bounce, now).await?;
    }
    Ok(true)
}

async fn tell_delay(
    tx: &mut Tx,
    id: OutgoingId,
    told: &[DeliveryId],
    notification: Option<&NewOutgoing>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const UNTOLD: &str = "SELECT id FROM deliveries WHERE outgoing = $1 AND state = 'queued' AND delay_told_at IS NULL";
    if told.is_empty() || !take_turns(tx, id).await? || !are_all(tx, UNTOLD, id, told).await? {
        return Ok(false);
    }
    for delivery in told {
        tx.run("UPDATE deliveries SET delay_told_at = $2 WHERE id = $1", args![*delivery, now]).await?;
    }
    if let Some(notification) = notification {
        insert_outgoing(tx, notification, now).await?;
    }
    Ok(true)
}

async fn told_by_another(tx: &mut Tx, id: OutgoingId) -> Result<Vec<DeliveryId>, StoreError> {
    let sql = "SELECT d.id FROM outgoing o JOIN deliveries d ON d.outgoing = o.id
        WHERE o.id = $1 AND o.kind IN ('relay', 'deposit-notice') AND d.state = 'failed' AND d.told_at IS NULL
            AND EXISTS (
                SELECT 1 FROM outgoing other JOIN deliveries t ON t.outgoing = other.id
                WHERE other.section = o.section AND other.mail = o.mail AND other.id <> o.id
                    AND other.kind IN ('relay', 'deposit-notice')
                    AND t.state = 'failed' AND t.told_by IS NOT NULL AND LOWER(t.recipient) = LOWER(d.recipient))";
    tx.all("deliveries", sql, args![id]).await?.iter().map(|row| row.parse("id")).collect()
}
