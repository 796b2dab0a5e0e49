//! What a section's administrators see of how much it sends (spec X-ADMIN).

use fubako_base::Timestamp;
pub use fubako_store::usage::{Kept, Usage};

use crate::{
    Exchange,
    account::Person,
    domain::usage::{Month, months},
    policies::PoliciesError,
};

/// How much a section sends, and how much of it lies here.
#[derive(Debug, Clone)]
pub struct SectionUsage {
    /// What was sent and taken in each month, the earliest first, on the section's calendar.
    pub months: Vec<(Month, Usage)>,
    /// What lies here now.
    pub kept: Kept,
    /// Whose calendar it is: the section's time zone.
    pub zone: String,
}

impl Exchange {
    /// How much an administrator's section sent in the last months.
    ///
    /// # Errors
    /// [`PoliciesError::NotFound`] where the person is no administrator, [`PoliciesError::Unavailable`].
    pub async fn usage(&self, person: &Person, now: Timestamp) -> Result<SectionUsage, PoliciesError> {
        let section = self.policies(person).await?.section;
        let months = months(now, &section.settings.time_zone);
        let spans: Vec<_> = months.iter().map(|month| month.span).collect();
        let (usage, kept) = self.parts.store.usage(&section.id, &spans).await?;
        Ok(SectionUsage { months: months.into_iter().zip(usage).collect(), kept, zone: section.settings.time_zone })
    }
}
