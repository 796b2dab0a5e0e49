//! The transactional outbox: outgoing mails, one delivery a recipient, and objects given up for erasure.

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, ObjectId, OutgoingId, SectionId},
    object::ObjectRef,
};

use crate::{
    Store, StoreError,
    mails::{give_up, give_up_spool, still_ours},
    rounds::{insert_outgoing, lease_round, set_settling_aside, unsettled, untold},
    tx::{Tx, args, places},
    words::{REPLY, clip, words},
};

/// What an outgoing mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingKind {
    /// A customer's mail, relayed.
    Relay,
    /// A deposit notice.
    DepositNotice,
    /// A notice to a sender.
    Notice,
    /// A delivery status notification.
    Bounce,
}

words! { OutgoingKind {
    Relay = "relay", DepositNotice = "deposit-notice", Notice = "notice", Bounce = "bounce",
} }

/// Where an outgoing mail's octets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In the row, sealed by the vault as `outgoing/ID` (small mails of our own).
    Inline(Vec<u8>),
    /// In a sealed object.
    Object(ObjectRef),
}

/// An outgoing mail as it is queued: composed and signed; every retry sends the same octets.
#[derive(Debug, Clone)]
pub struct NewOutgoing {
    /// Its id.
    pub id: OutgoingId,
    /// Its section.
    pub section: SectionId,
    /// What it is.
    pub kind: OutgoingKind,
    /// The mail it comes from.
    pub mail: Option<MailId>,
    /// MAIL FROM; empty for `<>`.
    pub envelope_from: String,
    /// Octets sent before the content: our DKIM fields, known only once the content has passed. They hold no secret.
    pub prefix: Vec<u8>,
    /// Its octets.
    pub content: Content,
    /// Octets of prefix and plain content together.
    pub size: u64,
    /// Needs SMTPUTF8.
    pub smtputf8: bool,
    /// RET and ENVID (RFC 3461).
    pub ret_full: Option<bool>,
    /// ENVID as given.
    pub envid: Option<String>,
    /// Who is told when it cannot be delivered, where that is not the envelope sender. An address that was proven.
    pub told_to: Option<String>,
    /// One a recipient, in order.
    pub deliveries: Vec<NewDelivery>,
    /// When it may first be tried.
    pub due: Timestamp,
}

/// One recipient of an outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// RCPT TO.
    pub recipient: String,
    /// NOTIFY as given.
    pub notify: Option<String>,
    /// ORCPT as given.
    pub orcpt: Option<String>,
}

/// Where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waiting, or being tried.
    Queued,
    /// The next hop took it.
    Delivered,
    /// It ended badly.
    Failed,
    /// An operator stopped it.
    Stopped,
}

words! { DeliveryState {
    Queued = "queued", Delivered = "delivered", Failed = "failed", Stopped = "stopped",
} }

/// A delivery as the post office works on it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// As it was queued.
    pub queued: NewDelivery,
    /// Where it is.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// What the last try ended with, `HOST: 550 5.1.1 …`.
    pub last_reply: Option<String>,
    /// Who said it.
    pub remote: Option<String>,
    /// A host took it that confirms no delivery, and its sender asked for one.
    pub relayed: bool,
    /// When it was told that it failed, or was relayed (or seen that nobody is to be told).
    pub told_at: Option<Timestamp>,
    /// When it was told that it takes long (or seen that nobody is to be told).
    pub delay_told_at: Option<Timestamp>,
}

/// An outgoing mail with those of its deliveries that are due, leased together.
#[derive(Debug, Clone)]
pub struct Round {
    /// The mail (its `deliveries` are those in [`Self::deliveries`]).
    pub outgoing: NewOutgoing,
    /// The due ones, in order (from [`Store::unsettled`] and [`Store::untold`]: all).
    pub deliveries: Vec<Delivery>,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken.
    Delivered {
        /// The final reply.
        reply: String,
        /// Who took it.
        remote: String,
        /// Its sender asked to be told of success, and who took it confirms no delivery (RFC 3461, 5.2.2): the sender is told
        /// that it was relayed.
        relayed: bool,
    },
    /// To be tried again at `at`.
    Retry {
        /// When.
        at: Timestamp,
        /// Why.
        reply: String,
        /// Who said so, or nobody.
        remote: Option<String>,
    },
    /// It ended badly.
    Failed {
        /// Why.
        reply: String,
        /// Who said so, or nobody.
        remote: Option<String>,
    },
}

impl Store {
    /// Queues mails of our own that have no other cause to commit with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_outgoing(&self, outgoing: &[NewOutgoing], now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((outgoing.to_vec(), now), |tx, (outgoing, now)| {
                Box::pin(async move {
                    for mail in outgoing {
                        insert_outgoing(tx, mail, *now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The outgoing mail whose delivery has waited longest past its due time, with all its due deliveries, leased.
    /// `worker` names one task of one process, and no other ever. A delivery whose row cannot be read is set aside for an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_round(
        &self,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Round>, StoreError> {
        let (round, unreadable) = self
            .pool
            .write((worker.to_owned(), now, until), |tx, (worker, now, until)| {
                Box::pin(lease_round(tx, worker, *now, *until))
            })
            .await?;
        for delivery in unreadable {
            tracing::error!(delivery, "a delivery's row, or its mail's, cannot be read: it is set aside for an hour");
        }
        Ok(round)
    }

    /// Keeps the leases of a round until `until`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend_round(&self, id: OutgoingId, worker: &str, until: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((id, worker.to_owned(), until), |tx, (id, worker, until)| {
                Box::pin(async move {
                    // A call that hung and was given up must not shorten what a later one has got.
                    let sql = "UPDATE deliveries
                        SET leased_until = CASE WHEN leased_until > $3 THEN leased_until ELSE $3 END
                        WHERE outgoing = $1 AND worker = $2 AND state = 'queued'";
                    still_ours(tx.run(sql, args![*id, worker, *until]).await?)
                })
            })
            .await
    }

    /// Commits what became of some deliveries of a round, and gives back their leases. A delivery that is no longer the worker's
    /// is left as it is, save that one which was delivered is never forgotten: as long as it waits or is being tried, whoever
    /// has it, it becomes `delivered` (spec MAIL-RELAY).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] where one of them was no longer the worker's; what could be kept of the others is committed.
    /// After any other error nothing is.
    pub async fn record_outcomes(
        &self,
        worker: &str,
        outcomes: &[(DeliveryId, Outcome)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let all_ours = self
            .pool
            .write((worker.to_owned(), outcomes.to_vec(), now), |tx, (worker, outcomes, now)| {
                Box::pin(async move {
                    let mut all_ours = true;
                    for (id, outcome) in outcomes {
                        all_ours &= record(tx, worker, *id, outcome, *now).await?;
                    }
                    Ok(all_ours)
                })
            })
            .await?;
        if all_ours { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Outgoing mails none of whose deliveries is open and which are not settled, with all their deliveries. A deposit notice that failed
    /// within the last minute is not among them if a mail caused it: should the mail fail too, that is told. One whose rows cannot
    /// be read is set aside for an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<Round>, StoreError> {
        let found = self.pool.read((now, limit), |tx, (now, limit)| Box::pin(unsettled(tx, *now, *limit))).await?;
        self.readable(found, now).await
    }

    /// Outgoing mails with a failed or relayed delivery that is not told (see [`Store::bounce`]) while others are still open, with all
    /// their deliveries: none that is being worked on at `now`, so that what a round came to is told together. One whose rows
    /// cannot be read is set aside for an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn untold(&self, now: Timestamp, limit: u32) -> Result<Vec<Round>, StoreError> {
        let found = self.pool.read((now, limit), |tx, (now, limit)| Box::pin(untold(tx, *now, *limit))).await?;
        self.readable(found, now).await
    }

    pub(crate) async fn readable(
        &self,
        (rounds, unreadable): (Vec<Round>, Vec<String>),
        now: Timestamp,
    ) -> Result<Vec<Round>, StoreError> {
        if !unreadable.is_empty() {
            for outgoing in &unreadable {
                tracing::error!(outgoing, "a finished mail's rows cannot be read: it is set aside for an hour");
            }
            self.pool.write((unreadable, now), |tx, (ids, now)| Box::pin(set_settling_aside(tx, ids, *now))).await?;
        }
        Ok(rounds)
    }

    /// Settles an outgoing mail: its content is given up for erasure, and so are the spool object and password of the
    /// mail it came from (which becomes `settled`) once every relayed mail that came from it is settled. Settling twice, or
    /// while a delivery is open or a failure not told, does nothing and gives false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle(&self, id: OutgoingId, now: Timestamp) -> Result<bool, StoreError> {
        self.pool.write((id, now), |tx, (id, now)| Box::pin(settle(tx, *id, *now))).await
    }

    /// Objects given up: their wrapped keys are gone from the rows already (spec KEEP-DELETE).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erasures(&self, limit: u32) -> Result<Vec<ObjectId>, StoreError> {
        self.pool
            .read(limit, |tx, limit| {
                Box::pin(async move {
                    let sql = "SELECT object FROM erasures ORDER BY tries, object LIMIT $1";
                    tx.all("erasures", sql, args![*limit]).await?.iter().map(|row| row.parse("object")).collect()
                })
            })
            .await
    }

    /// Notes that objects could not be deleted: they stand behind all others from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erasures_failed(&self, ids: &[ObjectId]) -> Result<(), StoreError> {
        self.pool
            .write(ids.to_vec(), |tx, ids| {
                Box::pin(async move {
                    for id in ids {
                        tx.run("UPDATE erasures SET tries = tries + 1 WHERE object = $1", args![*id]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Notes that an object's octets are deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erased(&self, ids: &[ObjectId]) -> Result<(), StoreError> {
        self.pool
            .write(ids.to_vec(), |tx, ids| {
                Box::pin(async move {
                    for some in ids.chunks(500) {
                        let sql = format!("DELETE FROM erasures WHERE object IN ({})", places(&mut (1..), some.len()));
                        let values: Vec<_> = some.iter().map(|id| (*id).into()).collect();
                        tx.run_made(sql.into(), &values).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Whether the delivery was the worker's.
async fn record(
    tx: &mut Tx,
    worker: &str,
    id: DeliveryId,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let relayed = matches!(outcome, Outcome::Delivered { relayed: true, .. }).then_some(true);
    let (state, reply, remote, again) = match outcome {
        Outcome::Delivered { reply, remote, .. } => (DeliveryState::Delivered, reply, Some(remote), None),
        Outcome::Retry { at, reply, remote } => (DeliveryState::Queued, reply, remote.as_ref(), Some(*at)),
        Outcome::Failed { reply, remote } => (DeliveryState::Failed, reply, remote.as_ref(), None),
    };
    let ours = "SELECT id FROM deliveries WHERE id = $1 AND worker = $2 AND state = 'queued' FOR UPDATE";
    let ours = tx.one("deliveries", ours, args![id, worker]).await?.is_some();
    if !ours && state != DeliveryState::Delivered {
        return Ok(false);
    }
    let ended = again.is_none().then_some(now);
    let remote = remote.map(|remote| clip(remote, REPLY));
    let sql = "UPDATE deliveries SET state = $2, attempts = attempts + 1, last_reply = $3, remote = $4,
            due_at = COALESCE($5, due_at), ended_at = $6, relayed = $7, worker = NULL, leased_until = NULL
        WHERE id = $1 AND state = 'queued' RETURNING outgoing";
    let values = args![id, state.as_str(), clip(reply, REPLY), remote, again, ended, relayed];
    if let Some(row) = tx.one("deliveries", sql, values).await?
        && ended.is_some()
    {
        close_delivery(tx, row.parse("outgoing")?).await?;
    }
    Ok(ours)
}

/// One delivery fewer is open.
pub(crate) async fn close_delivery(tx: &mut Tx, outgoing: OutgoingId) -> Result<(), StoreError> {
    let sql = "UPDATE outgoing SET open_deliveries = open_deliveries - 1 WHERE id = $1";
    tx.run(sql, args![outgoing]).await?;
    Ok(())
}

async fn settle(tx: &mut Tx, id: OutgoingId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE outgoing SET settled_at = $2, content = NULL, object_key = NULL
        WHERE id = $1 AND settled_at IS NULL AND open_deliveries = 0 AND NOT EXISTS (
            SELECT 1 FROM deliveries d WHERE d.outgoing = $1 AND (d.state = 'failed' OR d.relayed) AND d.told_at IS NULL)
        RETURNING section, kind, mail, object_id";
    let Some(row) = tx.one("outgoing", sql, args![id, now]).await? else { return Ok(false) };
    if let Some(object) = row.parse_opt("object_id")? {
        give_up(tx, object, &row.parse("section")?).await?;
    }
    let mail: Option<MailId> = row.parse_opt("mail")?;
    if let (Some(mail), OutgoingKind::Relay) = (mail, row.parse("kind")?) {
        settle_mail(tx, mail, now).await?;
    }
    Ok(true)
}

/// Settles the mail when all that was relayed of it is settled.
async fn settle_mail(tx: &mut Tx, id: MailId, now: Timestamp) -> Result<(), StoreError> {
    // Two that settle the last two at once take turns here, and the second sees what the first has done.
    tx.one("mails", "SELECT id FROM mails WHERE id = $1 FOR UPDATE", args![id]).await?;
    let sql = "UPDATE mails SET state = 'settled', ended_at = $2
        WHERE id = $1 AND state = 'relaying' AND NOT EXISTS (
            SELECT 1 FROM outgoing o
            WHERE o.section = mails.section AND o.mail = mails.id AND o.kind = 'relay' AND o.settled_at IS NULL)";
    if tx.run(sql, args![id, now]).await? == 1 {
        give_up_spool(tx, id).await?;
    }
    Ok(())
}
