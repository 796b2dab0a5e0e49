//! The mail gateway (spec 3): takes mails in, and does with each what its plan says.
//!
//! ```text
//!  receive ─ spool ──► 250            the upstream is waiting: nothing slow here        receive.rs
//!  worker:  read ─ check ─ deposit ─ compose ─ sign ─ send ─ queue                      path.rs
//!                    └─► stop: a notice to the sender                                   stop.rs, notice.rs
//! ```
//!
//! The stages in [`path`] stand in the order in which they run. Each takes values and gives values; the mail itself
//! stays sealed in the spool and is read from there in ranges.

pub mod compose;
pub mod composition;
pub mod deposit;
pub mod letter;
mod notice;
pub mod path;
pub mod preview;
pub mod problem;
pub mod read;
pub mod receive;
pub mod returned;
pub mod stop;
pub mod worker;

use std::sync::Arc;

use fubako_base::{Timestamp, ids::SectionId};
use fubako_mail::reader::Limits;
use fubako_store::Store;
use fubako_trust::Signer;
use fubako_vault::Vault;
use futures::future::BoxFuture;

/// Gives a signer with the keys for a section's mail from a domain. The private cause of a failure is for the log.
pub type SignerFor = Arc<dyn Fn(SectionId, String) -> BoxFuture<'static, Result<Signer, String>> + Send + Sync>;

/// What the gateway works with. Nothing in this room reads configuration or asks the clock: it is all here.
#[derive(Clone)]
pub struct Gateway {
    /// The database.
    pub store: Store,
    /// The sealed objects.
    pub vault: Vault,
    /// The exchange's public API.
    pub exchange: fubako_api::Client,
    /// DKIM.
    pub signer_for: SignerFor,
    /// `brand.name`.
    pub brand: String,
    /// Our host name, in trace fields and Message-IDs.
    pub hostname: String,
    /// Where notices to senders come from.
    pub notice_from: String,
    /// The reader's limits.
    pub limits: Limits,
    /// How long a mail is tried while the exchange does not answer, in seconds; then its sender is told.
    pub give_up_after: i64,
    /// The present.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Called after something was queued, so that the post office looks at once.
    pub wake_post: Arc<dyn Fn() + Send + Sync>,
}
