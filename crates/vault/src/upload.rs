//! An object on its way into the storage: whole, or not at all.
//!
//! Each step that makes something runs in a task of its own, so that it comes to its end even where the caller goes
//! away; what it made is then removed, because its guard is dropped.

use std::{future::Future, mem};

use bytes::Bytes;
use fubako_base::ids::ObjectId;
use object_store::{Error, MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::task::JoinHandle;

use crate::storage::Storage;

/// An object that is durable in the storage. Dropped before [`Stored::keep`], it is removed again.
pub(crate) struct Stored {
    storage: Storage,
    id: ObjectId,
    wanted: bool,
}

impl Stored {
    /// The object stays.
    pub(crate) fn keep(mut self) {
        self.wanted = true;
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if !self.wanted {
            self.storage.undo(self.id, None);
        }
    }
}

/// Stores a whole object at once.
pub(crate) async fn put(storage: &Storage, id: ObjectId, octets: Vec<Bytes>) -> Result<Stored, Error> {
    let storage = storage.clone();
    unbroken(async move {
        let stored = Stored { storage, id, wanted: false };
        // Where this fails, `stored` is dropped and removes what may be there.
        stored.storage.store().put(&stored.storage.path(id), PutPayload::from_iter(octets)).await?;
        Ok(stored)
    })
    .await
}

/// An upload that has begun, and its piece that is under way.
pub(crate) struct Parts {
    pub(crate) upload: Box<dyn MultipartUpload>,
    /// Must come to its end before the upload is aborted: S3 may keep a part that arrives during or after that.
    pub(crate) sending: Option<JoinHandle<Result<(), Error>>>,
}

/// An object that goes up piece by piece. Dropped before [`Upload::finish`], it never was.
pub(crate) struct Upload {
    storage: Storage,
    id: ObjectId,
    parts: Option<Parts>,
}

impl Upload {
    pub(crate) async fn begin(storage: &Storage, id: ObjectId) -> Result<Self, Error> {
        let storage = storage.clone();
        unbroken(async move {
            let upload = storage.store().put_multipart(&storage.path(id)).await?;
            Ok(Self { storage, id, parts: Some(Parts { upload, sending: None }) })
        })
        .await
    }

    /// The next piece. Where this fails or is broken off, the upload has a hole and must be dropped.
    pub(crate) async fn piece(&mut self, octets: &mut Vec<Bytes>) -> Result<(), Error> {
        let Some(parts) = &mut self.parts else { return Ok(()) };
        let piece = parts.upload.put_part(PutPayload::from_iter(mem::take(octets)));
        let sent = parts.sending.insert(tokio::spawn(piece)).await;
        parts.sending = None;
        sent?
    }

    /// Ends the object; durable on return.
    pub(crate) async fn finish(mut self) -> Result<Stored, Error> {
        unbroken(async move {
            // Until all is well, dropping `self` removes what went up. Held until then, `stored` does so for the rest.
            let stored = Stored { storage: self.storage.clone(), id: self.id, wanted: false };
            if let Some(parts) = &mut self.parts {
                parts.upload.complete().await?;
            }
            drop(self.parts.take());
            Ok(stored)
        })
        .await
    }

    /// Breaks off; removed on return.
    pub(crate) async fn abort(mut self) {
        if let Some(parts) = self.parts.take() {
            self.storage.undo_now(self.id, Some(parts)).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            self.storage.undo(self.id, Some(parts));
        }
    }
}

/// Runs `work` to its end whether or not the caller waits for it; what nobody waits for is dropped.
async fn unbroken<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await?
}
