//! Objects that no row refers to: written and never committed because a process died between the two, or a commit whose
//! answer was lost that had not happened after all. Their keys were in the row that is not there, so their octets are noise;
//! the sweep gives the room back (spec KEEP-DELETE).

use fubako_base::{
    Timestamp,
    ids::{ObjectId, SectionId},
};
use fubako_store::StoreError;
use fubako_vault::{OwnError, VaultError};
use futures::TryStreamExt as _;

use crate::Exchange;

/// Hours that an object may wait for its row. Between the two lies one commit; the rest is for clocks that are wrong by a day.
const GRACE_HOURS: i64 = 48;
/// Objects that the database is asked about at once.
const BATCH: usize = 500;

/// Why a sweep was not made, or not to its end. It is made again the next time; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The storage is not known to be this database's: nothing in it is touched.
    #[error("whose the storage is: {0}")]
    Owner(#[from] OwnError),
    /// The storage did not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Exchange {
    /// Deletes the objects that have lain for [`GRACE_HOURS`] without a row that refers to them. Gives how many.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, SweepError> {
        self.parts.vault.own_storage(&SectionId::installation()).await?;
        let before = now.plus_seconds(-GRACE_HOURS * 3600);
        let mut found = self.parts.vault.stored_before(before).try_chunks(BATCH);
        let mut swept = 0;
        while let Some(batch) = found.try_next().await.map_err(|error| error.1)? {
            swept += self.sweep_batch(&batch).await?;
        }
        Ok(swept)
    }

    async fn sweep_batch(&self, batch: &[ObjectId]) -> Result<u64, SweepError> {
        let mut swept = 0;
        for id in self.parts.store.unknown_objects(batch).await? {
            self.parts.vault.delete(id).await?;
            tracing::info!(object = %id, "an object that no row refers to was deleted");
            swept += 1;
        }
        Ok(swept)
    }
}
