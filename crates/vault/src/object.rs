//! A sealed object as a stream in and a stream out.

use std::{mem, ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use fubako_base::{
    ids::{ObjectId, SectionId},
    object::ObjectRef,
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use crate::{
    keys::{KeyError, Keys, MasterKey, SectionKeys},
    seal::{self, CHUNK, Opener, SEALED_CHUNK, Sealer},
    storage::{Source, Storage},
    upload::{self, Upload},
};

/// What went wrong with a sealed object. The text is for the log, not for a user.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The storage does not answer, or is full: may pass.
    #[error("storage: {0}")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The object is not there.
    #[error("object {0} is missing")]
    Missing(ObjectId),
    /// A chunk is flipped, moved, missing or swapped, or the key does not fit. Nothing of that chunk came out.
    #[error("object {0} is damaged: {1}")]
    Damaged(ObjectId, &'static str),
    /// A key could not be had.
    #[error("key: {0}")]
    Key(String),
}

impl From<KeyError> for VaultError {
    fn from(error: KeyError) -> Self {
        Self::Key(error.to_string())
    }
}

impl VaultError {
    fn stored(id: ObjectId, error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(id),
            other => Self::Storage(other.into()),
        }
    }

    pub(crate) fn storage(error: object_store::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// The way to sealed objects; cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(crate) storage: Storage,
    pub(crate) keys: Arc<Keys>,
}

impl Vault {
    /// A vault over this storage, with wrapped section keys kept by `section_keys`.
    ///
    /// # Errors
    /// [`VaultError::Key`] when the cipher fails.
    pub fn new(storage: Storage, master: &MasterKey, section_keys: Arc<dyn SectionKeys>) -> Result<Self, VaultError> {
        Ok(Self { storage, keys: Arc::new(Keys::new(master, section_keys)?) })
    }

    /// For the start: opens the key of `section` (the installation's own), making its first one where it has none, so
    /// that a wrong master key is told at once and not when the first object is read.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub async fn check_master_key(&self, section: &SectionId) -> Result<(), VaultError> {
        Ok(self.keys.check(section).await?)
    }

    /// Begins a new object of a section.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::Storage`].
    pub async fn create(&self, section: &SectionId) -> Result<SealedWriter, VaultError> {
        let id = ObjectId::generate();
        let (key, wrapped_key) = self.keys.new_object(section, id).await?;
        let sealer = Sealer::new(key.octets(), id).map_err(|error| VaultError::Key(error.to_string()))?;
        Ok(SealedWriter {
            storage: self.storage.clone(),
            object: ObjectRef { id, section: section.clone(), wrapped_key, length: 0 },
            sealer,
            chunk: Vec::new(),
            piece: Vec::new(),
            gathered: 0,
            upload: None,
            broken: false,
        })
    }

    /// Opens an object: checks that the stored length is the one that `object.length` wants, so that a cut object gives
    /// no octet.
    ///
    /// # Errors
    /// Any [`VaultError`].
    pub async fn open(&self, object: &ObjectRef) -> Result<SealedReader, VaultError> {
        let id = object.id;
        let key = match self.keys.object(&object.section, id, &object.wrapped_key).await {
            Err(KeyError::NotAuthentic(_)) => return Err(VaultError::Damaged(id, "its key does not fit")),
            result => result?,
        };
        let source = self.storage.source(id).await.map_err(|error| VaultError::stored(id, error))?;
        if source.stored != seal::stored_length(object.length) {
            return Err(VaultError::Damaged(id, "it is longer or shorter than it was"));
        }
        let opener = Opener::new(key.octets(), id).ok_or(VaultError::Damaged(id, "its key does not fit"))?;
        Ok(SealedReader { open: Arc::new(Open { id, length: object.length, opener, source }) })
    }

    /// Deletes the object's octets. That it is not there is no error.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn delete(&self, id: ObjectId) -> Result<(), VaultError> {
        self.storage.delete(id).await.map_err(VaultError::storage)
    }

    /// Seals a small value (at most 1 MiB) that is kept in a database row. `context` says what it is and of which row
    /// (such as `mail-password/…`), and must be the same when it is opened.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub async fn seal_value(&self, section: &SectionId, context: &str, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(self.keys.seal_value(section, context, value).await?)
    }

    /// Opens what [`Vault::seal_value`] sealed.
    ///
    /// # Errors
    /// [`VaultError::Key`] where the section, the context or the octets do not fit.
    pub async fn open_value(&self, section: &SectionId, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut value = self.keys.open_value(section, context, sealed).await?;
        Ok(mem::take(&mut *value))
    }
}

/// An object being written. Dropped without [`SealedWriter::finish`], it never was (what was uploaded is removed).
pub struct SealedWriter {
    storage: Storage,
    object: ObjectRef,
    sealer: Sealer,
    /// Plaintext of the chunk that is being filled. A full one waits for what follows: it may be the last.
    chunk: Vec<u8>,
    /// Sealed chunks that wait to go up together, and their octets.
    piece: Vec<Bytes>,
    gathered: usize,
    /// None as long as all of the object fits in one piece.
    upload: Option<Upload>,
    /// A write failed, or was broken off half-way: the object has a hole and can only be dropped.
    broken: bool,
}

impl SealedWriter {
    /// The id that the object will have.
    #[must_use]
    pub const fn id(&self) -> ObjectId {
        self.object.id
    }

    /// Octets of plaintext written so far.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.object.length
    }

    /// Takes the next octets. Memory held is bounded: a few chunks (S3: one upload part).
    ///
    /// # Errors
    /// [`VaultError::Storage`]. Nothing more can be written then, and what was uploaded is removed.
    pub async fn write(&mut self, octets: Bytes) -> Result<(), VaultError> {
        if self.broken {
            return Err(broken());
        }
        self.broken = true;
        let result = self.take(octets).await;
        self.broken = result.is_err();
        if self.broken {
            self.upload = None;
        }
        result
    }

    async fn take(&mut self, mut octets: Bytes) -> Result<(), VaultError> {
        while !octets.is_empty() {
            if self.chunk.len() == CHUNK {
                self.seal_chunk(false)?;
                if self.gathered >= self.storage.piece() {
                    self.send_piece().await.map_err(VaultError::storage)?;
                }
            }
            let now = octets.split_to(octets.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(&now);
            self.object.length += now.len() as u64;
        }
        Ok(())
    }

    fn seal_chunk(&mut self, last: bool) -> Result<(), VaultError> {
        let next = if last { Vec::new() } else { Vec::with_capacity(SEALED_CHUNK) };
        let mut chunk = mem::replace(&mut self.chunk, next);
        chunk.reserve_exact(seal::TAG);
        self.sealer.seal(&mut chunk, last).map_err(|error| VaultError::Storage(error.into()))?;
        self.gathered += chunk.len();
        self.piece.push(chunk.into());
        Ok(())
    }

    async fn send_piece(&mut self) -> Result<(), object_store::Error> {
        if self.upload.is_none() {
            self.upload = Some(Upload::begin(&self.storage, self.object.id).await?);
        }
        if let Some(upload) = &mut self.upload {
            upload.piece(&mut self.piece).await?;
            self.gathered = 0;
        }
        Ok(())
    }

    /// Ends the object. On return it is durable: a local file and its folder are synced, S3 has confirmed.
    ///
    /// # Errors
    /// [`VaultError::Storage`]. Nothing of the object is left then.
    pub async fn finish(mut self) -> Result<ObjectRef, VaultError> {
        if self.broken {
            return Err(broken());
        }
        self.seal_chunk(true)?;
        let stored = match self.upload.take() {
            None => upload::put(&self.storage, self.object.id, mem::take(&mut self.piece)).await,
            Some(mut upload) => {
                upload.piece(&mut self.piece).await.map_err(VaultError::storage)?;
                upload.finish().await
            }
        };
        stored.map_err(VaultError::storage)?.keep();
        Ok(self.object)
    }

    /// Breaks off and removes what was written.
    pub async fn abort(mut self) {
        if let Some(upload) = self.upload.take() {
            upload.abort().await;
        }
    }
}

fn broken() -> VaultError {
    VaultError::Storage("an earlier write failed or was broken off".into())
}

/// An open object.
pub struct SealedReader {
    open: Arc<Open>,
}

struct Open {
    id: ObjectId,
    length: u64,
    opener: Opener,
    source: Source,
}

impl SealedReader {
    /// Octets of plaintext.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.open.length
    }

    /// The plaintext of a range (held at the object's length) as a stream of authenticated octets; at most a few
    /// chunks in memory. The first error ends it.
    #[must_use]
    pub fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, VaultError>> {
        let chunks = seal::chunks_of(&range, self.open.length);
        let reading = Reading {
            open: Arc::clone(&self.open),
            range,
            next: chunks.start,
            end: chunks.end,
            sealed: BytesMut::new(),
        };
        stream::try_unfold(reading, Reading::step)
            // An empty object is proven by a chunk that has no octets to give.
            .filter(|item| std::future::ready(!matches!(item, Ok(octets) if octets.is_empty())))
            .boxed()
    }
}

/// Where a reader of a range is.
struct Reading {
    open: Arc<Open>,
    range: Range<u64>,
    /// The chunk to open next, and the one to stop before.
    next: u64,
    end: u64,
    /// Fetched and not yet opened; begins with the next chunk.
    sealed: BytesMut,
}

impl Reading {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, VaultError> {
        if self.next == self.end {
            return Ok(None);
        }
        if self.sealed.is_empty() {
            self.fetch().await?;
        }
        let octets = self.open_chunk()?;
        self.next += 1;
        Ok(Some((octets, self)))
    }

    /// Fetches the next chunks, as many as are fetched at once.
    async fn fetch(&mut self) -> Result<(), VaultError> {
        let Open { id, length, source, .. } = &*self.open;
        let wanted = seal::stored_range(&(self.next..self.end), *length);
        let now = usize::try_from(wanted.end - wanted.start).unwrap_or(usize::MAX).min(source.fetch_size());
        self.sealed = source.fetch(wanted.start, now).await.map_err(|error| VaultError::stored(*id, error))?;
        if self.sealed.len() == now { Ok(()) } else { Err(VaultError::Damaged(*id, "it was cut while it was read")) }
    }

    /// Opens the chunk in front and gives what the range has of it.
    fn open_chunk(&mut self) -> Result<Bytes, VaultError> {
        let Open { id, length, opener, .. } = &*self.open;
        let last = self.next + 1 == seal::chunks(*length);
        let mut chunk = self.sealed.split_to(self.sealed.len().min(SEALED_CHUNK));
        let plain = opener
            .open(self.next, last, &mut chunk)
            .map_err(|_| VaultError::Damaged(*id, "a chunk is not authentic"))?
            .len();
        chunk.truncate(plain);
        let start = self.next * CHUNK as u64;
        let within = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(plain).min(plain);
        Ok(chunk.freeze().slice(within(self.range.start)..within(self.range.end)))
    }
}
