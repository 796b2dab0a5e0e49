//! The mails in hand and why they wait, as the operator sees them (`fubako queue`).

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, OutgoingId, SectionId},
};
use serde::Serialize;

use crate::{Store, StoreError};

/// A row of the queue: a mail that a worker has yet to handle, one that is held, or a delivery that is open.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRow {
    /// The id that `show`, `retry` and `stop` take: a mail's or a delivery's.
    pub id: String,
    /// `mail` or `delivery`.
    pub kind: &'static str,
    /// Its section.
    pub section: SectionId,
    /// `received`, `held`, `relay`, `deposit-notice`, `notice`, `bounce`.
    pub stage: String,
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
    /// Why it waits.
    pub reason: Option<String>,
    /// The mail it belongs to.
    pub mail: Option<MailId>,
    /// The outgoing mail it belongs to.
    pub outgoing: Option<OutgoingId>,
    /// The delivery.
    pub delivery: Option<DeliveryId>,
}

impl Store {
    /// What is in hand, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue(&self, limit: u32) -> Result<Vec<QueueRow>, StoreError> {
        let _ = limit;
        unimplemented!()
    }

    /// One row, settled or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_row(&self, id: &str) -> Result<Option<QueueRow>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Makes a waiting row due now; false when there is none that waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_retry(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let _ = (id, now);
        unimplemented!()
    }

    /// Stops a waiting row: a delivery becomes `stopped`, a mail `stopped` without notice, its spool given up for erasure. False when
    /// there is none that waits or it is being worked on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_stop(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let _ = (id, now);
        unimplemented!()
    }
}
