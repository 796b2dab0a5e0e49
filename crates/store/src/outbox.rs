//! The transactional outbox: outgoing mails, one delivery a recipient, and objects given up for erasure.

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, MailId, ObjectId, OutgoingId, SectionId},
    object::ObjectRef,
};

use crate::{Store, StoreError};

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
}

/// An outgoing mail with those of its deliveries that are due, leased together.
#[derive(Debug, Clone)]
pub struct Round {
    /// The mail (its `deliveries` are those that are due).
    pub outgoing: NewOutgoing,
    /// The due ones, in order.
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
        let _ = (outgoing, now);
        unimplemented!()
    }

    /// The outgoing mail whose delivery has waited longest past its due time, with all its due deliveries, leased.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_round(
        &self,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Round>, StoreError> {
        let _ = (worker, now, until);
        unimplemented!()
    }

    /// Keeps the leases of a round until `until`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend_round(&self, id: OutgoingId, worker: &str, until: Timestamp) -> Result<(), StoreError> {
        let _ = (id, worker, until);
        unimplemented!()
    }

    /// Commits what became of some deliveries of a round, and gives back their leases.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn record_outcomes(
        &self,
        worker: &str,
        outcomes: &[(DeliveryId, Outcome)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (worker, outcomes, now);
        unimplemented!()
    }

    /// An outgoing mail none of whose deliveries is open and which is not settled, with all its deliveries.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unsettled(&self, limit: u32) -> Result<Vec<Round>, StoreError> {
        let _ = limit;
        unimplemented!()
    }

    /// Settles an outgoing mail, with the bounce that it causes, in one transaction: its content is given up for erasure,
    /// and so are the spool object and password of the mail it came from (which becomes `settled`). Settling twice
    /// does nothing and gives false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle(
        &self,
        id: OutgoingId,
        bounce: Option<&NewOutgoing>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _ = (id, bounce, now);
        unimplemented!()
    }

    /// Objects given up: their wrapped keys are gone from the rows already (spec KEEP-DELETE).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erasures(&self, limit: u32) -> Result<Vec<ObjectId>, StoreError> {
        let _ = limit;
        unimplemented!()
    }

    /// Notes that an object's octets are deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erased(&self, ids: &[ObjectId]) -> Result<(), StoreError> {
        let _ = ids;
        unimplemented!()
    }
}
