//! The mails that the gateway has in hand, from the 250 until the last recipient is settled.
//!
//! ```text
//!   received ─► relaying ─► settled            (deposited on the way: `deposit`)
//!      │ ▲         │
//!      │ └ retry   └ every delivery has an outcome
//!      └─► stopped | held                      (a notice to the sender goes out with the change)
//! ```

use fubako_base::{
    Code, Timestamp,
    ids::{DepositId, MailId, SectionId},
    object::ObjectRef,
};

use crate::{Store, StoreError, outbox::NewOutgoing};

/// A mail as it is accepted.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Its id.
    pub id: MailId,
    /// Its section.
    pub section: SectionId,
    /// The sealed spool object.
    pub spool: ObjectRef,
    /// MAIL FROM.
    pub envelope_from: String,
    /// The peer's address.
    pub peer: String,
    /// The trace field's value that we put in front.
    pub received_field: String,
    /// SMTPUTF8 was given.
    pub smtputf8: bool,
    /// RET=FULL or HDRS (RFC 3461).
    pub ret_full: Option<bool>,
    /// ENVID (RFC 3461), as given.
    pub envid: Option<String>,
    /// RCPT TO, in order.
    pub recipients: Vec<MailRecipient>,
    /// When.
    pub received_at: Timestamp,
}

/// One envelope recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecipient {
    /// The address.
    pub address: String,
    /// NOTIFY as given (`NEVER`, `SUCCESS,FAILURE` …); none where not given.
    pub notify: Option<String>,
    /// ORCPT as given.
    pub orcpt: Option<String>,
}

/// Where a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// In the spool; a worker reads, deposits, composes.
    Received,
    /// Composed and in the outbox.
    Relaying,
    /// Every recipient has an outcome; spool and password are erased.
    Settled,
    /// Not delivered; the sender was told.
    Stopped,
    /// Not delivered, kept for a look; the sender was told.
    Held,
}

/// A mail with everything a stage may need.
#[derive(Debug, Clone)]
pub struct Mail {
    /// As it was accepted.
    pub accepted: NewMail,
    /// Where it is.
    pub state: MailState,
    /// The deposit made of it.
    pub deposit: Option<DepositId>,
    /// The file password, sealed as `mail-password/ID`.
    pub sealed_password: Option<Vec<u8>>,
    /// Tries so far in this state.
    pub attempts: u32,
    /// What the last try failed with.
    pub last_code: Option<Code>,
}

impl Store {
    /// Keeps a mail that was spooled. When this returns, it is durable (spec RCV-DURABLE).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accept_mail(&self, mail: &NewMail) -> Result<(), StoreError> {
        let _ = mail;
        unimplemented!()
    }

    /// A mail whose turn it is (`received`, due, not leased), leased to `worker` until `until`. Oldest due first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_mail(&self, worker: &str, now: Timestamp, until: Timestamp) -> Result<Option<Mail>, StoreError> {
        let _ = (worker, now, until);
        unimplemented!()
    }

    /// Keeps a lease that is still ours until `until`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend_mail_lease(&self, id: MailId, worker: &str, until: Timestamp) -> Result<(), StoreError> {
        let _ = (id, worker, until);
        unimplemented!()
    }

    /// The mail with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mail(&self, id: MailId) -> Result<Option<Mail>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Keeps the sealed file password before the deposit is begun, once: gives the one that is kept.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn keep_mail_password(&self, id: MailId, worker: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let _ = (id, worker, sealed);
        unimplemented!()
    }

    /// Notes the deposit.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn note_mail_deposit(&self, id: MailId, worker: &str, deposit: DepositId) -> Result<(), StoreError> {
        let _ = (id, worker, deposit);
        unimplemented!()
    }

    /// `received` → `relaying`, with the outgoing mail, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn queue_mail(
        &self,
        id: MailId,
        worker: &str,
        outgoing: &NewOutgoing,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (id, worker, outgoing, now);
        unimplemented!()
    }

    /// `received` → `stopped` or `held`, with the notice to its sender (none where there must be none), in one
    /// transaction. A stopped mail's spool object and password are given up for erasure; a held one's are kept.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn stop_mail(
        &self,
        id: MailId,
        worker: &str,
        state: MailState,
        codes: &[Code],
        cause: &str,
        notice: Option<&NewOutgoing>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (id, worker, state, codes, cause, notice, now);
        unimplemented!()
    }

    /// Gives the lease back to try again at `at`; counts the try.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn retry_mail(
        &self,
        id: MailId,
        worker: &str,
        at: Timestamp,
        code: Code,
        cause: &str,
    ) -> Result<(), StoreError> {
        let _ = (id, worker, at, code, cause);
        unimplemented!()
    }
}
