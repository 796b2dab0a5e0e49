//! What the recipient's page calls: look at a link, prove oneself, open the files (spec X-RECEIVE, ACCESS).
//!
//! Files are not scanned on the way out yet: what is read here was scanned on the way in, where there is a scanner.

use std::ops::Range;

use bytes::Bytes;
use fubako_base::{Lang, Timestamp, ids::SectionId, object::ObjectRef};
use futures::stream::BoxStream;

use crate::Exchange;

/// What anybody who holds the link may see.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// The recipient whose link it is.
    pub recipient: String,
    /// The sender's display name; empty where there is none.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// The mail's subject, as sent: any characters.
    pub subject: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the files go (spec X-EXPIRY).
    pub expires_at: Timestamp,
    /// The section's time zone (IANA name).
    pub time_zone: String,
    /// The language of the deposit notice; none for both.
    pub lang: Option<Lang>,
    /// The section.
    pub section: SectionId,
    /// Its name as people see it.
    pub section_name: String,
    /// How many files there are.
    pub file_count: u32,
    /// Before this, no password is looked at.
    pub next_try_at: Option<Timestamp>,
    /// Whether that is because the link is locked.
    pub locked: bool,
}

/// What came of a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// It was right.
    Opened {
        /// A secret for a cookie: base64url of 32 random octets.
        session: String,
        /// How long it is good.
        until: Timestamp,
    },
    /// It was wrong.
    Wrong {
        /// When the next may be tried, where it must wait.
        next_try_at: Option<Timestamp>,
        /// Tries left before the link is locked.
        tries_left: u32,
    },
    /// It was not looked at: too soon.
    Wait {
        /// When one may be tried.
        until: Timestamp,
    },
    /// It was not looked at, or was the last one: the link is locked.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// A deposit, opened by a recipient who proved who they are.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the link shows.
    pub view: LinkView,
    /// The files, by number.
    pub files: Vec<FileView>,
}

/// A file that can be downloaded.
#[derive(Debug, Clone)]
pub struct FileView {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name as sent: not a path, and not safe to be used as one (it may hold `/`, `\` or `..`).
    pub name: String,
    /// `type/subtype` as sent.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// CRC-32 (IEEE), as a zip has it.
    pub crc32: u32,
    object: ObjectRef,
}

/// Why nothing can be shown. The texts of the last two are for the log.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no such link, or no such file.
    #[error("no such link or file")]
    NotFound,
    /// The files are gone (spec X-EXPIRY).
    #[error("expired")]
    Expired,
    /// The session is not this link's, or is over.
    #[error("not proven")]
    NotProven,
    /// Something does not answer: may pass.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The stored file is not what was put in: nothing of the damaged part comes out.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl Exchange {
    /// What a link shows before its recipient is proven.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], [`DownloadError::Expired`], [`DownloadError::Unavailable`].
    pub async fn look(&self, token: &str, now: Timestamp) -> Result<LinkView, DownloadError> {
        let _ = (token, now);
        Err(DownloadError::NotFound)
    }

    /// Tries a file password.
    ///
    /// # Errors
    /// As [`Exchange::look`].
    pub async fn prove(&self, token: &str, password: &str, now: Timestamp) -> Result<Proof, DownloadError> {
        let _ = (token, password, now);
        Err(DownloadError::NotFound)
    }

    /// The files, for a session that [`Exchange::prove`] began on this link.
    ///
    /// # Errors
    /// As [`Exchange::look`], and [`DownloadError::NotProven`].
    pub async fn opened(&self, token: &str, session: &str, now: Timestamp) -> Result<Opened, DownloadError> {
        let _ = (token, session, now);
        Err(DownloadError::NotFound)
    }

    /// A file's octets in `range` (held at the file's size), authenticated, as they come.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] for a number that is not there; else as the vault says.
    pub async fn read_file(
        &self,
        opened: &Opened,
        number: u32,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, DownloadError>>, DownloadError> {
        let _ = (opened, number, range);
        Err(DownloadError::NotFound)
    }
}
