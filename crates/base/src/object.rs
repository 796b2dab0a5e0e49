//! What names and opens sealed objects: between the vault, which makes and uses it, and the database, which keeps it.

use std::{fmt, pin::Pin};

use crate::ids::{ObjectId, SectionId};

/// An answer of a [`SectionKeys`]. The error is for the log.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Where wrapped section keys are kept: the database, as the vault needs it (spec KEEP-CRYPT).
pub trait SectionKeys: Send + Sync {
    /// A section's wrapped key, newest version; none where it has none yet.
    fn load<'a>(&'a self, section: &'a SectionId) -> Kept<'a, Option<Vec<u8>>>;

    /// Keeps a section's first wrapped key, unless there is one by now; gives the one that is there. Durable on return.
    fn keep<'a>(&'a self, section: &'a SectionId, wrapped: &'a [u8]) -> Kept<'a, Vec<u8>>;
}

/// Where a sealed object lies and what opens it. Kept in the database row that owns the object: without the row's
/// wrapped key the stored octets are noise (spec KEEP-CRYPT, KEEP-DELETE).
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// Its name in the storage, and part of what every chunk authenticates.
    pub id: ObjectId,
    /// Whose key wraps the object's key.
    pub section: SectionId,
    /// The object's key, wrapped by the section's key.
    pub wrapped_key: Vec<u8>,
    /// Octets of plaintext.
    pub length: u64,
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectRef({}, section {}, {} octets)", self.id, self.section, self.length)
    }
}
