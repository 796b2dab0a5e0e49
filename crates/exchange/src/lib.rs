//! The file exchange: deposits, links, access, expiry.
//!
//! - [`domain`]: pure rules: who may have a try, what a link costs, when files go
//! - [`account`]: invite, sign in, sessions: what people with accounts do; [`second_factor`]: codes besides the password
//! - [`announcements`]: what the operator tells everybody, on pages and by mail
//! - [`approval`]: what approvers look at, and decide
//! - [`audit`]: who did what, recorded
//! - [`access`]: how recipients prove who they are
//! - [`deposit`]: begin, put, send, abort: what the API calls
//! - [`download`]: look, open: what the recipient's page calls; `rescan`: the virus check on the way out
//! - [`uploads`], [`sending`]: files on their way from people, and what they send
//! - [`received`]: what people with accounts received
//! - [`sent`]: who took what, taking back, keeping longer: what senders and administrators call
//! - `ruling`: what the scanner's word on a file means for its section, on both ways; `sight`: whether it may be believed
//! - [`health`]: whether all of it is well, as an operator is told
//! - `hosts`: what is under a host name that a request names
//! - [`maintenance`]: when the exchange is closed; [`members`]: a section's users and groups; [`policies`]: what it has set
//! - [`notice`]: the deposit notice, and what approvers and senders are told
//! - [`api_tokens`]: who may use the API; [`program`]: what they may do there
//! - [`queue`]: the mails in hand, as operators work on them; [`sections`]: sections, as they make and change them
//! - [`token`]: the secrets that links, sessions and programs carry
//! - [`expiry`]: what the clock calls; [`sweep`]: objects that no row refers to

pub mod access;
pub mod account;
pub mod announcements;
pub mod api_tokens;
pub mod approval;
pub mod audit;
pub mod deposit;
pub mod domain;
pub mod download;
pub mod expiry;
pub mod health;
mod hosts;
pub mod maintenance;
pub mod members;
pub mod notice;
mod password;
pub mod policies;
pub mod program;
pub mod queue;
pub mod received;
mod rescan;
mod ruling;
pub mod second_factor;
pub mod sections;
pub mod sending;
pub mod sent;
mod sight;
pub mod sweep;
mod taker;
pub mod token;
pub mod uploads;
pub mod usage;

use std::sync::Arc;

use bytes::Bytes;
use fubako_base::{ids::SectionId, network::Networks, section::SecondFactor};
use fubako_store::Store;
use fubako_vault::Vault;
use futures::future::BoxFuture;

/// For the database to answer whoever asks for health.
const HEALTH: std::time::Duration = std::time::Duration::from_secs(5);

/// What the exchange works with.
pub struct ExchangeParts {
    /// The database.
    pub store: Store,
    /// The sealed objects.
    pub vault: Vault,
    /// The scanner (none is said aloud elsewhere).
    pub scanner: fubako_vault::scanner::Scanner,
    /// `brand.name`.
    pub brand: String,
    /// `http.public_url`, without a slash at the end.
    pub public_url: String,
    /// `http.own_domains`: the sections' own domains that are served, as A-labels.
    pub own_domains: Vec<String>,
    /// `http.operator_networks`: from where operators may use their screens.
    pub operator_networks: Networks,
    /// `accounts.operator_second_factor`: whether operators must have a second factor.
    pub operator_second_factor: SecondFactor,
    /// Address that deposit notices come from.
    pub notice_from: String,
    /// Host name for Message-IDs of our own.
    pub hostname: String,
    /// Octets one file may have.
    pub max_file_size: u64,
    /// Called after something was queued, so that the post office looks at once.
    pub wake_post: Arc<dyn Fn() + Send + Sync>,
    /// Gives the DKIM fields to stand in front of a mail of our own.
    pub sign: Sign,
    /// The DKIM keys of sections' domains.
    pub domain_keys: Arc<dyn sections::domains::DomainKeys>,
}

/// Signs a mail of our own for a section: gives the fields that stand in front of it. The private cause of a failure
/// is for the log.
pub type Sign = Arc<dyn Fn(SectionId, Bytes) -> BoxFuture<'static, Result<Vec<u8>, String>> + Send + Sync>;

/// The exchange; cheap to clone.
#[derive(Clone)]
pub struct Exchange {
    parts: Arc<ExchangeParts>,
    rescans: Arc<rescan::Rescans>,
    watch: Arc<sight::Watch>,
    turns: Arc<sending::Turns>,
}

impl Exchange {
    /// An exchange that works with these parts.
    #[must_use]
    pub fn new(parts: ExchangeParts) -> Self {
        let rescans = Arc::new(rescan::Rescans::new());
        Self { parts: Arc::new(parts), rescans, watch: Arc::default(), turns: Arc::default() }
    }

    /// The service's name as people see it (`brand.name`).
    #[must_use]
    pub fn brand(&self) -> &str {
        &self.parts.brand
    }

    /// Whether nothing scans the files, which every screen says aloud (spec KEEP-VIRUS).
    #[must_use]
    pub fn scanner_is_none(&self) -> bool {
        matches!(self.parts.scanner, fubako_vault::scanner::Scanner::None)
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    /// The private cause, for the log.
    pub async fn health(&self) -> Result<(), fubako_store::StoreError> {
        tokio::time::timeout(HEALTH, self.parts.store.ping())
            .await
            .unwrap_or_else(|late| Err(fubako_store::StoreError::Database(Box::new(late))))
    }

    /// `http.public_url`, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.parts.public_url
    }
}
