//! How much may be read more than once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::MAX_REREAD;
use crate::steps::RewriteError;

/// What may still be read once more: octets, for each reading beside the plain one, and those of documents in attributes. All that share it are
/// bounded together, such as the texts of a mail, and the ways in which one may be decoded.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Arc<AtomicUsize>,
}

impl Default for Budget {
    /// A mail's.
    fn default() -> Self {
        Self { left: Arc::new(AtomicUsize::new(MAX_REREAD)) }
    }
}

impl Budget {
    /// Takes so many octets of it.
    ///
    /// # Errors
    /// [`RewriteError`] when they are not left; nothing is then.
    pub(crate) fn spend(&self, octets: usize) -> Result<(), RewriteError> {
        let left = self.left.load(Ordering::Relaxed).checked_sub(octets);
        self.left.store(left.unwrap_or_default(), Ordering::Relaxed);
        left.map(|_| ()).ok_or(RewriteError::html("an HTML text is to be read in several ways for too long"))
    }
}
