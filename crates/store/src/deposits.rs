//! Deposits, their files, the recipients' links, and the sessions of recipients who proved themselves.

use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, LinkId, SectionId},
    object::ObjectRef,
};

use crate::{Store, StoreError, outbox::NewOutgoing};

/// Where a deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepositState {
    /// Files are being put.
    Open,
    /// Links are out.
    Sent,
    /// The files are gone.
    Expired,
}

/// A deposit.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Its id.
    pub id: DepositId,
    /// Its section.
    pub section: SectionId,
    /// The caller's idempotency key, unique in the section.
    pub key: String,
    /// SHA-256 of the request, to tell a repeated one from another with the same key.
    pub request_digest: Vec<u8>,
    /// Where it is.
    pub state: DepositState,
    /// Who sent.
    pub sender_address: String,
    /// Their display name.
    pub sender_name: String,
    /// The mail's subject.
    pub subject: String,
    /// The language of notices; none for both.
    pub lang: Option<Lang>,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// Recipients, in order.
    pub recipients: Vec<String>,
    /// Files that will be put.
    pub file_count: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When its files go.
    pub expires_at: Option<Timestamp>,
}

/// A file of a deposit.
#[derive(Debug, Clone)]
pub struct File {
    /// The deposit.
    pub deposit: DepositId,
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// CRC-32 (IEEE), for the zip.
    pub crc32: u32,
    /// Its octets.
    pub object: ObjectRef,
    /// When it was put.
    pub put_at: Timestamp,
}

/// One recipient's link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The deposit.
    pub deposit: DepositId,
    /// The recipient's address.
    pub recipient: String,
    /// SHA-256 of the token in the URL.
    pub token_hash: [u8; 32],
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// Before this, no password is looked at.
    pub next_try_at: Option<Timestamp>,
}

impl Store {
    /// Begins a deposit, or gives the one that the section began with this key (then false).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_deposit(&self, deposit: &Deposit) -> Result<(Deposit, bool), StoreError> {
        let _ = deposit;
        unimplemented!()
    }

    /// The deposit with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deposit(&self, id: DepositId) -> Result<Option<Deposit>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// A deposit's files that are whole, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn files(&self, deposit: DepositId) -> Result<Vec<File>, StoreError> {
        let _ = deposit;
        unimplemented!()
    }

    /// Keeps a file of an open deposit. Where the number is taken, the one that is there is given, and false: the
    /// caller deletes its own object.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_file(&self, file: &File) -> Result<(File, bool), StoreError> {
        let _ = file;
        unimplemented!()
    }

    /// `open` → `sent`, with links and deposit notices, in one transaction; false when it was sent before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn send_deposit(
        &self,
        id: DepositId,
        expires_at: Timestamp,
        links: &[Link],
        notices: &[NewOutgoing],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _ = (id, expires_at, links, notices, now);
        unimplemented!()
    }

    /// Takes back an open deposit: rows deleted, objects given up for erasure; false when it is not open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn abort_deposit(&self, id: DepositId) -> Result<bool, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// The link whose token has this hash, with its deposit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link(&self, token_hash: &[u8; 32]) -> Result<Option<(Link, Deposit)>, StoreError> {
        let _ = token_hash;
        unimplemented!()
    }

    /// Takes a try at a link's password: counts it as wrong beforehand and sets when the next may be, in one transaction, so that
    /// tries side by side cannot outrun the limit. `expected_failures` is what the caller saw; false when another try came between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_try(
        &self,
        link: LinkId,
        expected_failures: u32,
        next_try_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let _ = (link, expected_failures, next_try_at);
        unimplemented!()
    }

    /// The password was right: failures are cleared and a session begins, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_link_session(
        &self,
        link: LinkId,
        session_hash: &[u8; 32],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let _ = (link, session_hash, until);
        unimplemented!()
    }

    /// Whether a session (by the SHA-256 of its id) is the link's and still good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link_session(
        &self,
        link: LinkId,
        session_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _ = (link, session_hash, now);
        unimplemented!()
    }

    /// Expires deposits that are due (sent ones past `expires_at`, open ones begun before `abandoned_before`): wrapped keys
    /// are gone, objects given up for erasure, sessions deleted, one transaction a deposit. Gives how many (spec X-EXPIRY).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_deposits(
        &self,
        now: Timestamp,
        abandoned_before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let _ = (now, abandoned_before, limit);
        unimplemented!()
    }
}
