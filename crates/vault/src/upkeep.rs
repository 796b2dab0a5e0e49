//! Whose the storage is, and what lies in it: for the sweep of objects that no row refers to.

use fubako_base::{
    Timestamp,
    ids::{ObjectId, SectionId},
};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};

use crate::{
    keys::KeyError,
    object::{Vault, VaultError},
};

/// What the owner's mark is sealed as.
const CONTEXT: &str = "storage/owner";

/// Why the storage is not known to be ours. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It belongs to another installation, or to this one before its database was lost.
    #[error("it belongs to another installation: each needs a storage, or a prefix in it, of its own")]
    Other,
    /// It cannot be asked just now.
    #[error(transparent)]
    Unknown(#[from] VaultError),
}

impl Vault {
    /// Makes sure that the storage belongs to this installation, taking it where it belongs to nobody. Two installations over
    /// one storage would each take the other's objects for leftovers.
    ///
    /// The mark is sealed under the installation's own key, which is random and kept in its database: another
    /// database, even with the same master key, does not open it.
    ///
    /// # Errors
    /// [`OwnError`].
    pub async fn own_storage(&self, installation: &SectionId) -> Result<(), OwnError> {
        let Some(mark) = self.storage.owner().await.map_err(VaultError::storage)? else {
            let mark = self.seal_value(installation, CONTEXT, b"").await?;
            return Ok(self.storage.set_owner(mark).await.map_err(VaultError::storage)?);
        };
        match self.keys.open_value(installation, CONTEXT, &mark).await {
            Ok(_) => Ok(()),
            Err(KeyError::NotAuthentic(_) | KeyError::Version(..)) => Err(OwnError::Other),
            Err(error) => Err(OwnError::Unknown(error.into())),
        }
    }

    /// The objects that were stored before a time, in no order; the first error ends it.
    ///
    /// # Errors
    /// The stream's items: [`VaultError::Storage`].
    #[must_use]
    pub fn stored_before(&self, time: Timestamp) -> BoxStream<'static, Result<ObjectId, VaultError>> {
        self.storage.stored_before(time).map_err(VaultError::storage).boxed()
    }
}
