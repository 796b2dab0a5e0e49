//! Files of programs that come in pieces, and go on where they broke off (spec X-API).
//!
//! ```text
//!  begin_upload ─► append_upload … append_upload ─► the deposit's file
//!                    └──► drop_upload
//! ```
//! The pieces are kept as those of people are ([`crate::uploads`]). Whichever call brings the last octet makes the deposit's file of them, exactly as
//! [`Program::put`] would have, and answers when that is done. What cannot be done then (the scanner is away) is done by the next call that brings
//! nothing: the octets stay. An upload ends with its deposit.

use fubako_base::{
    Code, Timestamp,
    ids::{DepositId, UploadId},
    scope::Scope,
};
use fubako_store::{
    StoreError,
    deposits::{Deposit, DepositState, File},
    uploads::{BegunUpload, UploadFor, UploadLimits},
};
use futures::StreamExt as _;

use super::{Program, refused};
use crate::{
    deposit::{Content, DepositError, OTHER_FILE, too_large},
    domain::{NewFile, check_file},
    expiry::ABANDONED_DAYS,
    uploads::{Upload, UploadError},
};

/// Why a program's upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// As with a file that is put at once.
    #[error(transparent)]
    Deposit(#[from] DepositError),
    /// As with the uploads of people.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl From<StoreError> for ResumeError {
    fn from(error: StoreError) -> Self {
        Self::Deposit(error.into())
    }
}

/// How a program's upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Octets that are there, durable.
    pub received: u64,
    /// Octets that the file has.
    pub length: u64,
    /// Until when it may go on; none where the deposit has the file.
    pub until: Option<Timestamp>,
}

impl Standing {
    fn of(deposit: &Deposit, upload: &Upload) -> Self {
        let until = deposit.created_at.plus_seconds(ABANDONED_DAYS * 86_400);
        Self { received: upload.received, length: upload.length.unwrap_or(upload.received), until: Some(until) }
    }

    const fn of_file(file: &File) -> Self {
        Self { received: file.object.length, length: file.object.length, until: None }
    }
}

/// What there is of a file.
enum There {
    /// The deposit has it.
    File(File),
    /// It is on its way.
    Upload(Upload),
}

impl Program {
    /// Begins the upload of a file, or tells how it stands where it was begun before, or the deposit has a file of this number (then false). An empty
    /// file is the deposit's at once.
    ///
    /// # Errors
    /// [`ResumeError`]: as [`Program::put`]; [`DepositError::Conflict`] where a file of another name or length is kept, or on its way, under this number.
    pub async fn begin_upload(
        &self,
        id: DepositId,
        file: NewFile,
        length: u64,
        now: Timestamp,
    ) -> Result<(Standing, bool), ResumeError> {
        let deposit = self.deposit(id).await?;
        check_file(&file, deposit.file_count).map_err(DepositError::from)?;
        let store = &self.exchange.parts.store;
        let files = store.files(id).await?;
        if let Some(kept) = files.iter().find(|kept| kept.number == file.number) {
            let is_meant = kept.name == file.name && kept.object.length == length;
            let standing = is_meant.then(|| (Standing::of_file(kept), false));
            return standing.ok_or(DepositError::Conflict(OTHER_FILE).into());
        }
        let section = self.open_section(&deposit).await?;
        let others = store.deposit_uploads(id).await?;
        let others = others.iter().filter(|other| !is_for(other, file.number)).map(|other| other.name.as_str());
        self.may_name(&file.name, files.iter().map(|kept| kept.name.as_str()).chain(others)).await?;
        let most = self.largest(&section);
        if length > most {
            return Err(too_large(most).into());
        }
        let upload = Upload {
            id: UploadId::generate(),
            section: section.id,
            wanted: UploadFor::Deposit { deposit: id, number: file.number },
            name: file.name,
            media_type: file.media_type,
            length: Some(length),
            received: 0,
            touched_at: now,
        };
        let limits = UploadLimits {
            count: deposit.file_count,
            octets: section.settings.max_deposit_size,
            largest: most,
            same_name: self.same_name(),
        };
        let (upload, is_new) = match store.begin_upload(&upload, limits, now).await? {
            BegunUpload::New => (upload, true),
            BegunUpload::There(there) if there.name == upload.name && there.length == upload.length => (there, false),
            BegunUpload::There(_) => {
                let why = "another file is on its way under this number: give that up first";
                return Err(DepositError::Conflict(why).into());
            }
            BegunUpload::Kept => return Ok((self.upload(id, file.number).await?, false)),
            BegunUpload::SameName => return Err(refused((Code::NameDuplicate, String::new())).into()),
            BegunUpload::Full => return Err(too_large(limits.octets).into()),
        };
        // Nothing more is to come of an empty file: nobody calls again.
        if length == 0 {
            self.finish(&upload, file.number, id, now).await?;
            return Ok((Standing { until: None, ..Standing::of(&deposit, &upload) }, is_new));
        }
        Ok((Standing::of(&deposit, &upload), is_new))
    }

    /// How the upload of a file stands.
    ///
    /// # Errors
    /// [`ResumeError`]; [`UploadError::NotFound`] where none was begun.
    pub async fn upload(&self, id: DepositId, number: u32) -> Result<Standing, ResumeError> {
        let deposit = self.deposit(id).await?;
        match self.there(id, number).await? {
            There::File(file) => Ok(Standing::of_file(&file)),
            There::Upload(upload) => Ok(Standing::of(&deposit, &upload)),
        }
    }

    /// Takes what comes of a file from `offset` on, as [`crate::Exchange::append`] does, and makes the deposit's file of it where that is all: also where
    /// nothing more comes, because it could not be done before.
    ///
    /// # Errors
    /// [`ResumeError`]: where all octets are there, as [`Program::put`].
    pub async fn append_upload(
        &self,
        (id, number): (DepositId, u32),
        offset: u64,
        content: &mut Content<'_>,
        sha256: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<Standing, ResumeError> {
        let deposit = self.deposit(id).await?;
        let upload = match self.there(id, number).await? {
            There::Upload(upload) => upload,
            There::File(file) => {
                let length = file.object.length;
                if offset != length {
                    return Err(UploadError::Offset(length).into());
                }
                // Said again, as whoever said it did not hear the answer.
                while let Some(octets) = content.next().await {
                    if !octets.map_err(|_| UploadError::BrokenOff)?.is_empty() {
                        return Err(UploadError::TooLarge(length).into());
                    }
                }
                return Ok(Standing::of_file(&file));
            }
        };
        let most = self.largest(&self.open_section(&deposit).await?);
        let received = self.exchange.append(&upload, offset, content, sha256, most, now).await?;
        let upload = Upload { received, touched_at: now, ..upload };
        let standing = Standing::of(&deposit, &upload);
        if !upload.is_whole() {
            return Ok(standing);
        }
        self.finish(&upload, number, id, now).await?;
        Ok(Standing { until: None, ..standing })
    }

    /// Gives the upload of a file up: its octets are gone.
    ///
    /// # Errors
    /// [`ResumeError`]; [`UploadError::NotFound`] where there is none; [`DepositError::Conflict`] where the deposit has the file.
    pub async fn drop_upload(&self, id: DepositId, number: u32) -> Result<(), ResumeError> {
        self.deposit(id).await?;
        if self.exchange.parts.store.drop_deposit_upload(id, number).await? {
            return Ok(());
        }
        match self.there(id, number).await? {
            There::File(_) => Err(DepositError::Conflict("the file is in: it is given up with its deposit").into()),
            There::Upload(_) => Err(UploadError::NotFound.into()),
        }
    }

    /// Whether this program may upload at all.
    ///
    /// # Errors
    /// [`DepositError::Scope`].
    pub fn may_upload(&self) -> Result<(), DepositError> {
        self.needs(Scope::Deposit)
    }

    /// A deposit that this program may fill.
    async fn deposit(&self, id: DepositId) -> Result<Deposit, DepositError> {
        self.needs(Scope::Deposit)?;
        self.owns(id).await?;
        self.exchange.existing(id).await
    }

    /// The section of a deposit to which files may come.
    async fn open_section(&self, deposit: &Deposit) -> Result<fubako_base::section::Section, DepositError> {
        if deposit.state != DepositState::Open {
            return Err(DepositError::Conflict("the deposit is not open"));
        }
        self.exchange.depositing_section(deposit, self.whence).await
    }

    /// Octets that a file of the section may have.
    fn largest(&self, section: &fubako_base::section::Section) -> u64 {
        section.settings.max_deposit_size.min(self.exchange.parts.max_file_size)
    }

    async fn there(&self, id: DepositId, number: u32) -> Result<There, ResumeError> {
        let store = &self.exchange.parts.store;
        // The upload before the files: between the two it may become one.
        if let Some(upload) = store.deposit_upload(id, number).await? {
            return Ok(There::Upload(upload));
        }
        let file = store.files(id).await?.into_iter().find(|file| file.number == number);
        file.map(There::File).ok_or_else(|| UploadError::NotFound.into())
    }

    /// Makes the deposit's file of an upload that is whole. On a task of its own: whoever goes away while a large file is scanned finds it done, and whoever
    /// asks again meanwhile waits for that.
    async fn finish(&self, upload: &Upload, number: u32, id: DepositId, now: Timestamp) -> Result<(), DepositError> {
        let (this, upload) = (self.clone(), upload.clone());
        let file = NewFile { number, name: upload.name.clone(), media_type: upload.media_type.clone() };
        let finishing = tokio::spawn(async move {
            let turn = this.exchange.turns.of(&format!("upload-{}", upload.id));
            let _turn = turn.lock().await;
            let mut content: Content<'static> = match this.exchange.uploaded(&upload).await {
                Ok(content) => content,
                // Somebody was as quick: it is a file by now, of which nothing is read here; or it was given up.
                Err(StoreError::DepositClosed(_)) if this.has(id, number).await? => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            match this.put(id, file, &mut content, now).await {
                Ok(_) => Ok(()),
                // The octets are ours by now: what cannot be read of them is no fault of the program's.
                Err(DepositError::Upload(cause)) => {
                    Err(DepositError::Unavailable { code: Code::UploadFailed, cause: cause.to_string() })
                }
                Err(error) => Err(error),
            }
        });
        finishing.await.map_err(|error| DepositError::Internal(format!("an upload becoming a file: {error}")))?
    }

    async fn has(&self, id: DepositId, number: u32) -> Result<bool, DepositError> {
        Ok(self.exchange.parts.store.files(id).await?.iter().any(|file| file.number == number))
    }
}

fn is_for(upload: &Upload, wanted: u32) -> bool {
    matches!(upload.wanted, UploadFor::Deposit { number, .. } if number == wanted)
}
