//! The audit log as use cases know it (spec X-AUDIT): who does something, what is looked for, whether the chain is whole.
//!
//! What is recorded stands in [`fubako_base::audit`]; how the lines hold together in [`fubako_store::audit::chain`].

use fubako_base::{
    Timestamp,
    audit::{Actor, Event},
    ids::SectionId,
    secret,
    section::Section,
};
use fubako_store::{
    Store,
    accounts::Account,
    audit::{
        Entry, Verified,
        chain::{ChainKey, End, HASH},
    },
};
pub use fubako_store::{
    StoreError,
    audit::{Line, Search},
};
use fubako_vault::Vault;

use crate::{Exchange, account::Person};

/// Years for which a line is kept.
pub const YEARS_KEPT: i64 = 5;
/// Seconds in a year, leap years counted in: a line is never deleted too early.
const YEAR: i64 = 366 * 86_400;
/// Lines that are deleted at a time.
const BATCH: u32 = 500;
/// What the key of the chains is sealed as, under the installation's own key.
const KEY_CONTEXT: &str = "audit/chain-key";

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The IP address that the request came from; empty where there is none.
    pub address: String,
}

impl By {
    /// Somebody at an IP address.
    #[must_use]
    pub fn at(actor: Actor, address: &str) -> Self {
        Self { actor, address: address.to_owned() }
    }

    /// Somebody who is signed in.
    #[must_use]
    pub fn person(person: &Person, address: &str) -> Self {
        Self::at(actor(&person.known.account), address)
    }

    /// Somebody at the machine, as the system calls them.
    #[must_use]
    pub fn command(name: &str) -> Self {
        Self::at(Actor::Command(name.to_owned()), "")
    }

    /// The installation by itself.
    #[must_use]
    pub const fn clock() -> Self {
        Self { actor: Actor::Clock, address: String::new() }
    }

    /// That they did this, for a section's log.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "so that an id or a text is given as it stands")]
    pub fn did(&self, section: &SectionId, event: Event, object: impl ToString, now: Timestamp) -> Entry {
        Entry {
            section: section.clone(),
            event,
            actor: self.actor.clone(),
            address: self.address.clone(),
            object: object.to_string(),
            detail: std::collections::BTreeMap::new(),
            at: now,
        }
    }
}

/// Whoever has an account, as the log calls them.
#[must_use]
pub fn actor(account: &Account) -> Actor {
    let name = account.login_id.clone();
    if account.section.is_some() { Actor::User(name) } else { Actor::Operator(name) }
}

/// In whose log it stands what an account does: its section's, or the installation's own.
#[must_use]
pub fn log_of(account: &Account) -> SectionId {
    account.section.clone().unwrap_or_else(SectionId::installation)
}

/// Why the log's key is not there.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be sealed or opened; or there are no random octets to make it of.
    #[error("the audit log's key: {0}")]
    Key(String),
}

/// Opens the key of the log's chains, made at the first start, and gives it to the store: without it nothing is recorded, and nothing done that
/// must be.
///
/// # Errors
/// [`KeyError`].
pub async fn open_log(store: &Store, vault: &Vault, now: Timestamp) -> Result<(), KeyError> {
    let cannot = |error: &dyn std::fmt::Display| KeyError::Key(error.to_string());
    let own = SectionId::installation();
    let sealed = match store.sealed_chain_key().await? {
        Some(sealed) => sealed,
        None => {
            let mut octets = [0; HASH];
            secret::fill(&mut octets).map_err(|error| cannot(&error))?;
            let sealed = vault.seal_value(&own, KEY_CONTEXT, &octets).await.map_err(|error| cannot(&error))?;
            store.keep_chain_key(&sealed, now).await?
        }
    };
    let octets = vault.open_value(&own, KEY_CONTEXT, &sealed).await.map_err(|error| cannot(&error))?;
    let octets: [u8; HASH] = octets.try_into().map_err(|_| cannot(&"it has another length"))?;
    store.use_chain_key(ChainKey::new(&octets));
    Ok(())
}

impl Exchange {
    /// At most `limit` lines of a section's log that are looked for, the newest first, of those before the number `before`.
    ///
    /// # Errors
    /// The private cause.
    pub async fn audit_lines(
        &self,
        section: &SectionId,
        search: &Search,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        self.parts.store.audit_lines(section, search, before, limit).await
    }

    /// The sections that have lines, the installation's own among them.
    ///
    /// # Errors
    /// The private cause.
    pub async fn audited_sections(&self) -> Result<Vec<SectionId>, StoreError> {
        self.parts.store.audited_sections().await
    }

    /// The section with this id, in use or not.
    ///
    /// # Errors
    /// The private cause.
    pub async fn section(&self, id: &SectionId) -> Result<Option<Section>, StoreError> {
        self.parts.store.section(id).await
    }

    /// Records that lines of a section's log are fetched as CSV.
    ///
    /// # Errors
    /// The private cause: then nothing is to be handed out.
    pub async fn audit_exported(&self, section: &SectionId, by: &By, now: Timestamp) -> Result<(), StoreError> {
        let entry = by.did(section, Event::AuditExported, section, now);
        self.parts.store.record(&entry).await?;
        tracing::info!(%section, by = by.actor.name(), "the audit log was exported");
        Ok(())
    }

    /// Notes what was not done, and so stands in no other transaction. That it cannot be noted is for the log, and changes nothing of what was
    /// refused.
    pub(crate) async fn note(&self, entry: Entry) {
        if let Err(error) = self.parts.store.record(&entry).await {
            tracing::error!(%error, event = %entry.event, section = %entry.section, "the audit log could not be written");
        }
    }

    /// Deletes the lines that were kept for [`YEARS_KEPT`] years; gives how many.
    ///
    /// # Errors
    /// The private cause.
    pub async fn forget_old_audit(&self, now: Timestamp) -> Result<u64, StoreError> {
        let before = now.plus_seconds(-YEARS_KEPT * YEAR);
        let mut gone = 0;
        for section in self.parts.store.audited_sections().await? {
            loop {
                let some = self.parts.store.forget_audit(&section, before, BATCH).await?;
                gone += some;
                if some < u64::from(BATCH) {
                    break;
                }
            }
        }
        if gone > 0 {
            tracing::info!(lines = gone, "audit lines older than {YEARS_KEPT} years were deleted");
        }
        Ok(gone)
    }
}

/// Looks through every chain, each against the end that was noted of it elsewhere, where one was.
///
/// # Errors
/// The private cause.
pub async fn verify(store: &Store, noted: &[(SectionId, End)]) -> Result<Vec<(SectionId, Verified)>, StoreError> {
    let mut sections = store.audited_sections().await?;
    sections.extend(noted.iter().map(|(section, _)| section.clone()));
    sections.sort();
    sections.dedup();
    let mut all = Vec::with_capacity(sections.len());
    for section in sections {
        let end = noted.iter().find(|(of, _)| *of == section).map(|(_, end)| end);
        let verified = store.verify_audit(&section, end).await?;
        all.push((section, verified));
    }
    Ok(all)
}
