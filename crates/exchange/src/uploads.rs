//! Uploads that can be taken up again where they broke off (spec X-SEND).
//!
//! An upload comes in parts of [`PART`] octets. Each is a sealed object of its own and durable before the next begins, so that what is
//! lost when a connection or this process ends is less than one part, and any node can take the next. When the draft is sent, the parts are read
//! one after another, scanned and sealed as the deposit's file by [`Exchange::put`], and given up. Memory does not grow with the file.
//!
//! Programs' uploads are kept in the same way; what becomes of them is [`crate::program::resume`]'s.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use fubako_base::{Timestamp, ids::UploadId};
use fubako_store::{
    StoreError,
    uploads::{BegunUpload, UploadLimits},
};
use fubako_vault::VaultError;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Exchange,
    account::Person,
    deposit::Content,
    domain::{MAX_NAME, is_media_type},
};

pub use fubako_store::uploads::{Upload, UploadFor};

/// Octets of a part, the last one apart.
pub const PART: u64 = 8 << 20;
/// Octets that come at once at the least, where they are not the file's last: each request costs a row and an object of its own, so that there
/// are no more of them than one in as many octets. Programs that speak tus send far more by themselves (all of the file, or some MiB), and other
/// protocols ask for pieces of this size too; on a line that breaks off all the time, no more than this is sent again.
pub const LEAST: u64 = 256 << 10;
/// Uploads that an account may have on their way.
const MOST_UPLOADS: u32 = 200;
/// Hours after which an upload that nothing came of is given up.
pub const ABANDONED_HOURS: i64 = 24;
/// The same where the room is wanted for another of the same account.
const IDLE_HOURS: i64 = 1;
/// Rows at a time.
const BATCH: u32 = 20;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// There is no such upload, or it is another's.
    #[error("there is no such upload")]
    NotFound,
    /// What was asked for is not as it must be.
    #[error("{0}")]
    Invalid(&'static str),
    /// The file is larger than a deposit may be, in octets, or the account has too much on its way.
    #[error("more than {0} octets")]
    TooLarge(u64),
    /// Something else is wanted next: the upload has this many octets.
    #[error("the upload has {0} octets")]
    Offset(u64),
    /// What came is not what its checksum says: nothing of it is kept.
    #[error("the checksum does not fit")]
    Checksum,
    /// It broke off; what was durable by then stays.
    #[error("it broke off")]
    BrokenOff,
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<VaultError> for UploadError {
    fn from(error: VaultError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Exchange {
    /// Octets that a file may have that somebody uploads.
    #[must_use]
    pub fn largest_upload(&self, person: &Person) -> u64 {
        let most = person.known.section.as_ref().map_or(0, |section| section.settings.max_deposit_size);
        most.min(self.parts.max_file_size)
    }

    /// Begins an upload for somebody's draft; `length` is none where nobody knows it before the end.
    ///
    /// # Errors
    /// [`UploadError::Invalid`], [`UploadError::TooLarge`], [`UploadError::Unavailable`].
    pub async fn begin_upload(
        &self,
        person: &Person,
        draft: &str,
        name: &str,
        media_type: &str,
        length: Option<u64>,
        now: Timestamp,
    ) -> Result<Upload, UploadError> {
        let account = &person.known.account;
        let section = account.section.clone().ok_or(UploadError::NotFound)?;
        if !is_draft(draft) {
            return Err(UploadError::Invalid("the draft's id is not one"));
        }
        // Whether the section allows the name is told when the draft is sent, with all else that is wrong.
        if !(1..=MAX_NAME * 4).contains(&name.len()) {
            return Err(UploadError::Invalid("the file's name is missing or too long"));
        }
        let most = self.largest_upload(person);
        if length.is_some_and(|length| length > most) {
            return Err(UploadError::TooLarge(most));
        }
        let upload = Upload {
            id: UploadId::generate(),
            section,
            wanted: UploadFor::Draft { account: account.id, draft: draft.to_owned() },
            name: name.to_owned(),
            media_type: if is_media_type(media_type) { media_type } else { "application/octet-stream" }.to_owned(),
            length,
            received: 0,
            touched_at: now,
        };
        // Room for a draft, and for what another window has or was left behind.
        let octets = most.saturating_mul(2);
        let limits = UploadLimits { count: MOST_UPLOADS, octets, largest: most, same_name: None };
        let store = &self.parts.store;
        if store.begin_upload(&upload, limits, now).await? == BegunUpload::New {
            return Ok(upload);
        }
        store.drop_abandoned_uploads(Some(account.id), now.plus_seconds(-IDLE_HOURS * 3600), MOST_UPLOADS).await?;
        match store.begin_upload(&upload, limits, now).await? {
            BegunUpload::New => Ok(upload),
            BegunUpload::Full | BegunUpload::SameName | BegunUpload::There(_) | BegunUpload::Kept => {
                Err(UploadError::TooLarge(most))
            }
        }
    }

    /// Somebody's upload.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Unavailable`].
    pub async fn upload(&self, person: &Person, id: UploadId) -> Result<Upload, UploadError> {
        let found = self.parts.store.upload(person.known.account.id, id).await?;
        found.ok_or(UploadError::NotFound)
    }

    /// The uploads of somebody's draft, in the order in which they began.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`].
    pub async fn uploads_of(&self, person: &Person, draft: &str) -> Result<Vec<Upload>, UploadError> {
        if !is_draft(draft) {
            return Ok(Vec::new());
        }
        Ok(self.parts.store.uploads_of(person.known.account.id, draft).await?)
    }

    /// Gives somebody's upload up. One that is not there is given up already.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`].
    pub async fn drop_upload(&self, person: &Person, id: UploadId) -> Result<bool, UploadError> {
        Ok(self.parts.store.drop_upload(person.known.account.id, id).await?)
    }

    /// Takes what comes of an upload from `offset` on; gives how much there is then. With a SHA-256 of all that comes (one part at most),
    /// nothing of it is kept where that does not fit. What comes is [`LEAST`] octets or more, or the file's last: less is not kept. Where the file may have
    /// only `most` octets by now, nothing more of a larger one is taken.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn append(
        &self,
        upload: &Upload,
        offset: u64,
        content: &mut Content<'_>,
        sha256: Option<[u8; 32]>,
        most: u64,
        now: Timestamp,
    ) -> Result<u64, UploadError> {
        if upload.length.is_some_and(|length| length > most) {
            return Err(UploadError::TooLarge(most));
        }
        if offset != upload.received {
            return Err(UploadError::Offset(upload.received));
        }
        let limit = upload.length.unwrap_or(u64::MAX);
        self.take(upload, content, Taking { from: offset, limit, least: LEAST, sha256 }, now).await
    }

    /// Takes all of an upload, which has `limit` octets at the most, at once: nobody said before how long it is.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn take_whole(
        &self,
        upload: &Upload,
        limit: u64,
        content: &mut Content<'_>,
        now: Timestamp,
    ) -> Result<(), UploadError> {
        self.take(upload, content, Taking { from: 0, limit, least: 0, sha256: None }, now).await?;
        Ok(self.parts.store.end_upload(upload.id).await?)
    }

    async fn take(
        &self,
        upload: &Upload,
        content: &mut Content<'_>,
        taking: Taking,
        now: Timestamp,
    ) -> Result<u64, UploadError> {
        let (mut at, mut rest) = (taking.from, Bytes::new());
        loop {
            let part = self.take_part(upload, at, &mut rest, content, &taking).await?;
            let Some((object, end)) = part else { return Ok(at) };
            let length = object.length;
            // On a task of its own: a caller that goes away now does not leave a sealed object that no row knows.
            let (this, id) = (self.clone(), upload.id);
            let kept = tokio::spawn(async move { this.keep_part(id, at, object, now).await });
            if !kept.await.map_err(|error| UploadError::Unavailable(error.to_string()))?? {
                return Err(UploadError::Offset(at));
            }
            at += length;
            match end {
                End::Part => {}
                End::Whole => return Ok(at),
                End::Broken => return Err(UploadError::BrokenOff),
            }
        }
    }

    /// Seals the next part; none where nothing more comes.
    async fn take_part(
        &self,
        upload: &Upload,
        at: u64,
        rest: &mut Bytes,
        content: &mut Content<'_>,
        taking: &Taking,
    ) -> Result<Option<(fubako_base::object::ObjectRef, End)>, UploadError> {
        let mut writer = self.parts.vault.create(&upload.section).await?;
        let mut hash = Context::new(&SHA256);
        let mut refused = None;
        let end = loop {
            if rest.is_empty() {
                match content.next().await {
                    Some(Ok(octets)) => *rest = octets,
                    Some(Err(_)) => break End::Broken,
                    None => break End::Whole,
                }
                continue;
            }
            let room = PART - writer.length();
            if room == 0 {
                break End::Part;
            }
            let now = rest.split_to(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            if at + writer.length() + now.len() as u64 > taking.limit {
                refused = Some(UploadError::TooLarge(taking.limit));
                break End::Whole;
            }
            if taking.sha256.is_some() {
                hash.update(&now);
            }
            writer.write(now).await?;
        };
        if let (Some(wanted), None) = (taking.sha256, &refused) {
            refused = match end {
                End::Part => Some(UploadError::Invalid("with a checksum, 8 MiB at most may come at once")),
                End::Broken => Some(UploadError::BrokenOff),
                End::Whole if hash.finish().as_ref() != wanted => Some(UploadError::Checksum),
                End::Whole => None,
            };
        }
        if refused.is_none() && writer.length() > 0 && taking.is_too_little(at + writer.length()) {
            refused = match end {
                End::Part => None,
                End::Whole => Some(UploadError::Invalid("less than 256 KiB came at once, and not the end of the file")),
                End::Broken => Some(UploadError::BrokenOff),
            };
        }
        if let Some(refused) = refused {
            writer.abort().await;
            return Err(refused);
        }
        if writer.length() == 0 {
            writer.abort().await;
            return if matches!(end, End::Broken) { Err(UploadError::BrokenOff) } else { Ok(None) };
        }
        Ok(Some((writer.finish().await?, end)))
    }

    /// Keeps a part's row, or deletes its object where another came before.
    async fn keep_part(
        &self,
        id: UploadId,
        start: u64,
        part: fubako_base::object::ObjectRef,
        now: Timestamp,
    ) -> Result<bool, UploadError> {
        // Where the answer is lost, the row may be there: then the sweep sees to the object, if there is none.
        let kept = self.parts.store.add_upload_part(id, start, &part, now).await?;
        if !kept && let Err(error) = self.parts.vault.delete(part.id).await {
            tracing::warn!(upload = %id, object = %part.id, %error, "an object that no row knows is left");
        }
        Ok(kept)
    }

    /// An upload's octets, part for part: all that are said to be there.
    pub(crate) async fn uploaded(&self, upload: &Upload) -> Result<Content<'static>, StoreError> {
        let parts = self.parts.store.upload_parts(upload.id).await?;
        // Given up meanwhile, it has none: what is not there must not become an empty file.
        if parts.iter().map(|part| part.length).sum::<u64>() != upload.received {
            return Err(StoreError::DepositClosed("the upload was given up"));
        }
        let vault = self.parts.vault.clone();
        let octets = stream::iter(parts)
            .then(move |part| {
                let vault = vault.clone();
                async move {
                    let length = part.length;
                    Ok::<_, VaultError>(vault.open(&part).await?.read(0..length))
                }
            })
            .try_flatten();
        Ok(octets.map_err(std::io::Error::other).boxed())
    }

    /// Gives up what nobody goes on with; gives how many. For the clock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn drop_abandoned(&self, now: Timestamp) -> Result<u32, StoreError> {
        let before = now.plus_seconds(-ABANDONED_HOURS * 3600);
        let mut dropped = 0u32;
        loop {
            let some = self.parts.store.drop_abandoned_uploads(None, before, BATCH).await?;
            dropped = dropped.saturating_add(some);
            if some < BATCH {
                return Ok(dropped);
            }
        }
    }
}

/// How what comes is taken.
struct Taking {
    /// Where it begins.
    from: u64,
    /// Octets that the file has at the most.
    limit: u64,
    /// Octets that come at the least, where they are not the file's last.
    least: u64,
    /// What their SHA-256 must be.
    sha256: Option<[u8; 32]>,
}

impl Taking {
    /// Whether what came up to there is less than may come at once.
    const fn is_too_little(&self, end: u64) -> bool {
        end != self.limit && end.saturating_sub(self.from) < self.least
    }
}

/// Why a part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is full.
    Part,
    /// Nothing more comes.
    Whole,
    /// What comes broke off.
    Broken,
}

/// Whether this can be a draft's id: a UUID, as a page of ours makes it.
#[must_use]
pub fn is_draft(text: &str) -> bool {
    text.len() == 36 && text.parse::<UploadId>().is_ok()
}
