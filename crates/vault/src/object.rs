//! A sealed object as a stream in and a stream out.

use std::ops::Range;

use bytes::Bytes;
use fubako_base::{
    ids::{ObjectId, SectionId},
    object::ObjectRef,
};
use futures::stream::BoxStream;

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

/// The way to sealed objects; cheap to clone.
#[derive(Clone)]
pub struct Vault {}

impl Vault {
    /// Begins a new object of a section.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::Storage`].
    pub async fn create(&self, section: &SectionId) -> Result<SealedWriter, VaultError> {
        let _ = section;
        unimplemented!("helper D")
    }

    /// Opens an object: checks that the stored length is the one that `object.length` wants, so that a cut object gives
    /// no octet.
    ///
    /// # Errors
    /// Any [`VaultError`].
    pub async fn open(&self, object: &ObjectRef) -> Result<SealedReader, VaultError> {
        let _ = object;
        unimplemented!("helper D")
    }

    /// Deletes the object's octets. That it is not there is no error.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn delete(&self, id: ObjectId) -> Result<(), VaultError> {
        let _ = id;
        unimplemented!("helper D")
    }

    /// Seals a small value (at most 1 MiB) that is kept in a database row. `context` says what it is and of which row
    /// (such as `mail-password/…`), and must be the same when it is opened.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub async fn seal_value(&self, section: &SectionId, context: &str, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let _ = (section, context, value);
        unimplemented!("helper D")
    }

    /// Opens what [`Vault::seal_value`] sealed.
    ///
    /// # Errors
    /// [`VaultError::Key`] where the section, the context or the octets do not fit.
    pub async fn open_value(&self, section: &SectionId, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let _ = (section, context, sealed);
        unimplemented!("helper D")
    }
}

/// An object being written. Dropped without [`SealedWriter::finish`], it never was (what was uploaded is removed).
pub struct SealedWriter {}

impl SealedWriter {
    /// Takes the next octets. Memory held is bounded: a few chunks (S3: one upload part).
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn write(&mut self, octets: Bytes) -> Result<(), VaultError> {
        let _ = octets;
        unimplemented!("helper D")
    }

    /// Ends the object. On return it is durable: a local file and its folder are synced, S3 has confirmed.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn finish(self) -> Result<ObjectRef, VaultError> {
        unimplemented!("helper D")
    }

    /// Breaks off and removes what was written.
    pub async fn abort(self) {
        unimplemented!("helper D")
    }
}

/// An open object.
pub struct SealedReader {}

impl SealedReader {
    /// Octets of plaintext.
    #[must_use]
    pub fn length(&self) -> u64 {
        unimplemented!("helper D")
    }

    /// The plaintext of a range (held at the object's length) as a stream of authenticated octets; at most a few
    /// chunks in memory. The first error ends it.
    #[must_use]
    pub fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, VaultError>> {
        let _ = range;
        unimplemented!("helper D")
    }
}
