//! A section's domains as operators look at them: which have DKIM keys of their own, and what other sections have above and below them (spec X-OPERATOR,
//! MAIL-SIGN).
//!
//! Keys are made when an operator wants them, and never by themselves: a domain that has some is signed for with them alone, at once, and whoever receives
//! its mail finds them only when the records stand in the customer's DNS.

use fubako_base::{Timestamp, audit::Event, ids::SectionId, section::Section};
pub use fubako_store::{audit::Entry, contracts::Neighbour};
use futures::future::BoxFuture;

use super::SectionsError;
use crate::{Exchange, audit::By};

/// Neighbours that are told.
const NEIGHBOURS: u32 = 20;

/// DNS records to publish: name and value of each.
pub type Records = Vec<(String, String)>;

/// The DKIM keys of sections' domains (A-labels in lower case). The private cause of a failure is for the log.
pub trait DomainKeys: Send + Sync {
    /// The records of the keys that a section has for a domain; none where it has no keys, or not the domain.
    fn records(&self, section: &SectionId, domain: &str) -> BoxFuture<'static, Result<Records, String>>;

    /// Makes keys for a section's domain, where it has none; where any is made, `entry` is recorded.
    fn make(
        &self,
        section: &SectionId,
        domain: &str,
        entry: Entry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), String>>;
}

/// What there is of a section's domains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domains {
    /// Those that have DKIM keys.
    pub with_keys: Vec<String>,
    /// What other sections have above and below them; 20 at most.
    pub neighbours: Vec<Neighbour>,
}

impl Exchange {
    /// What there is of a section's domains.
    ///
    /// # Errors
    /// [`SectionsError::Unavailable`].
    pub async fn section_domains(&self, section: &Section) -> Result<Domains, SectionsError> {
        let store = &self.parts.store;
        let with_keys = store.domains_with_keys(&section.domains).await?;
        Ok(Domains { with_keys, neighbours: store.neighbours(&section.id, NEIGHBOURS).await? })
    }

    /// A section that has this domain, and the records of its DKIM keys: none where it has no keys.
    ///
    /// # Errors
    /// [`SectionsError::NotFound`], [`SectionsError::Unavailable`].
    pub async fn domain_keys(&self, id: &SectionId, domain: &str) -> Result<(Section, Records), SectionsError> {
        let section = self.with_domain(id, domain).await?;
        let records = self.parts.domain_keys.records(id, domain).await.map_err(SectionsError::Unavailable)?;
        Ok((section, records))
    }

    /// Makes DKIM keys for a section's domain. One that has some keeps them.
    ///
    /// # Errors
    /// [`SectionsError::NotFound`], [`SectionsError::Unavailable`].
    pub async fn make_domain_keys(
        &self,
        id: &SectionId,
        domain: &str,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), SectionsError> {
        self.with_domain(id, domain).await?;
        let entry = operator.did(id, Event::SettingsChanged, format!("dkim {domain}"), now);
        let entry = entry.with("change", format!("+ DKIM keys of {domain}"));
        self.parts.domain_keys.make(id, domain, entry, now).await.map_err(SectionsError::Unavailable)
    }

    async fn with_domain(&self, id: &SectionId, domain: &str) -> Result<Section, SectionsError> {
        let section = self.parts.store.section(id).await?.ok_or(SectionsError::NotFound)?;
        if section.domains.iter().any(|own| own == domain) { Ok(section) } else { Err(SectionsError::NotFound) }
    }
}
