//! What the clock calls: deposits end, given-up objects are erased (spec X-EXPIRY, KEEP-DELETE).

use std::collections::HashSet;

use fubako_base::{Timestamp, audit::Event, ids::SectionId};
use fubako_store::StoreError;

use crate::{
    Exchange,
    audit::By,
    domain::{
        access::CODE_WINDOW,
        account::{SESSION_IDLE, SESSION_LONGEST},
        second_factor::HALF_SECONDS,
    },
};

/// Days after which a deposit that was begun and never sent is given up: longer than any caller tries again.
pub(crate) const ABANDONED_DAYS: i64 = 14;
/// Rows at a time.
const BATCH: u32 = 100;
/// Deletions of one batch that may fail before the storage is taken to be away.
const MAX_FAILURES: usize = 20;

/// Why the clock's work was not done, or not all of it: the private cause. It is done the next time.
#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some objects could not be deleted.
    #[error("{failed} objects could not be deleted; the last: {cause}")]
    Objects {
        /// How many.
        failed: usize,
        /// Why the last could not.
        cause: String,
    },
}

impl Exchange {
    /// Ends the deposits that are due, and those that were begun and never sent: from then on their keys are gone and
    /// their links dead. Rejects those of which no approver decided in time. Gives how many. Sessions and codes that are over are forgotten, and audit
    /// lines that were kept long enough.
    ///
    /// # Errors
    /// [`ExpiryError::Store`].
    pub async fn expire_due(&self, now: Timestamp) -> Result<u32, ExpiryError> {
        let (idle, longest) = (now.plus_seconds(-SESSION_IDLE), now.plus_seconds(-SESSION_LONGEST));
        self.parts.store.forget_sessions(idle, longest).await?;
        self.parts.store.forget_halves(now.plus_seconds(-HALF_SECONDS)).await?;
        self.parts.store.forget_codes(now.plus_seconds(-CODE_WINDOW)).await?;
        let dropped = self.drop_abandoned(now).await?;
        if dropped > 0 {
            tracing::info!(uploads = dropped, "uploads that nobody went on with were given up");
        }
        let abandoned_before = now.plus_seconds(-ABANDONED_DAYS * 86_400);
        let mut ended = 0u32;
        loop {
            let entry = |section: &SectionId, id| By::clock().did(section, Event::FilesDeleted, id, now);
            let some = self.parts.store.expire_deposits(now, abandoned_before, BATCH, entry).await?;
            ended = ended.saturating_add(some);
            if some < BATCH {
                break;
            }
        }
        ended = ended.saturating_add(self.reject_overdue(now).await?);
        self.forget_old_audit(now).await?;
        if ended > 0 {
            tracing::info!(deposits = ended, "deposits ended");
        }
        Ok(ended)
    }

    /// Deletes the octets of objects that were given up. Gives how many. One that cannot be deleted goes behind all others, and is
    /// tried again the next time.
    ///
    /// # Errors
    /// [`ExpiryError`].
    pub async fn erase(&self) -> Result<u32, ExpiryError> {
        let (mut erased, mut failed, mut cause) = (0u32, HashSet::new(), String::new());
        loop {
            let mut batch = self.parts.store.erasures(BATCH).await?;
            let whole = batch.len() == BATCH as usize;
            // What failed already stands at the end: where it comes up again, all others are done.
            batch.retain(|id| !failed.contains(id));
            let (mut gone, mut left) = (Vec::new(), Vec::new());
            for id in &batch {
                match self.parts.vault.delete(*id).await {
                    Ok(()) => gone.push(*id),
                    Err(error) => {
                        left.push(*id);
                        cause = error.to_string();
                    }
                }
                if left.len() > MAX_FAILURES {
                    break;
                }
            }
            self.parts.store.erased(&gone).await?;
            self.parts.store.erasures_failed(&left).await?;
            erased = erased.saturating_add(u32::try_from(gone.len()).unwrap_or(u32::MAX));
            let away = left.len() > MAX_FAILURES;
            failed.extend(left);
            if away || !whole || batch.is_empty() {
                break;
            }
        }
        if failed.is_empty() { Ok(erased) } else { Err(ExpiryError::Objects { failed: failed.len(), cause }) }
    }
}
