//! What names and opens a sealed object. The vault makes and uses it, the database keeps it.

use std::fmt;

use crate::ids::{ObjectId, SectionId};

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
