//! Sections as operators look at, make and change them (spec X-OPERATOR). The rules are [`crate::domain::sections`]'.
//!
//! What is changed is recorded in the section's log, with what was and what is. Nothing that others change at the same time, on screens or by
//! `fubako apply`, is written over: what was decided is decided again by how the section stands then.

pub mod domains;

use fubako_base::{Timestamp, audit::Event, ids::SectionId, section::Section, shown::visible};
pub use fubako_store::contracts::{FIRST_ADMINISTRATORS, Overview};
use fubako_store::{
    StoreError,
    sections::{Change, User},
};

use crate::{
    Exchange,
    audit::By,
    domain::{
        members::fields::mark,
        sections::{Entered, Fault, Found, NewSection, differences, in_order, of_section, read, read_new},
    },
    members::{Difference, MembersError},
};

/// How often what was decided is decided again, where somebody else changed the section meanwhile.
const RACES: u32 = 5;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SectionsError {
    /// There is no such section.
    #[error("there is no such section")]
    NotFound,
    /// What was entered cannot be had: every fault.
    #[error("what is wanted cannot be had: {0:?}")]
    Faults(Vec<Found>),
    /// The section is not as whoever wants it saw it: to make it so would undo what somebody else did.
    #[error("the section has changed since the form was made")]
    Stale,
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for SectionsError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<MembersError> for SectionsError {
    fn from(error: MembersError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A section, and what there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionRow {
    /// The section.
    pub section: Section,
    /// Its users and files, as numbers.
    pub overview: Overview,
}

/// Some of the sections that were looked for, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SectionPage {
    /// They.
    pub rows: Vec<SectionRow>,
    /// How many were found.
    pub found: usize,
    /// Whether there are more behind these.
    pub more: bool,
}

impl Exchange {
    /// The sections with this text in their id, name or domains, without case; at most `limit` of those behind the id `after`.
    ///
    /// # Errors
    /// [`SectionsError::Unavailable`].
    pub async fn section_page(&self, search: &str, after: &str, limit: usize) -> Result<SectionPage, SectionsError> {
        let search = search.to_lowercase();
        let is_wanted = |section: &Section| {
            let texts = [section.id.as_str(), &section.name].into_iter().chain(section.domains.iter().map(|d| &**d));
            texts.map(str::to_lowercase).any(|text| text.contains(&search))
        };
        let mut all = self.parts.store.sections().await?;
        all.retain(is_wanted);
        let found = all.len();
        all.retain(|section| section.id.as_str() > after);
        let more = all.len() > limit;
        all.truncate(limit);
        let ids: Vec<SectionId> = all.iter().map(|section| section.id.clone()).collect();
        let overviews = self.parts.store.section_overviews(&ids).await?;
        let rows = all.into_iter().zip(overviews).map(|(section, overview)| SectionRow { section, overview });
        Ok(SectionPage { rows: rows.collect(), found, more })
    }

    /// One section, and what there is of it.
    ///
    /// # Errors
    /// [`SectionsError::NotFound`], [`SectionsError::Unavailable`].
    pub async fn section_row(&self, id: &SectionId) -> Result<SectionRow, SectionsError> {
        let section = self.parts.store.section(id).await?.ok_or(SectionsError::NotFound)?;
        let overview = self.parts.store.section_overviews(std::slice::from_ref(id)).await?.pop().unwrap_or_default();
        Ok(SectionRow { section, overview })
    }

    /// Sets a section as it was entered by an operator, whose form was made from what `seen` is the [`mark`] of.
    ///
    /// # Errors
    /// [`SectionsError`].
    pub async fn change_section(
        &self,
        id: &SectionId,
        entered: &Entered,
        seen: &str,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), SectionsError> {
        for _ in 0..RACES {
            let (there, as_of) = self.parts.store.section_as_of(id).await?.ok_or(SectionsError::NotFound)?;
            if mark(&of_section(&there)) != seen {
                return Err(SectionsError::Stale);
            }
            let (section, mut found) = read(&there, entered);
            found.extend(self.domains_taken(&section.domains, Some(id)).await?);
            if !found.is_empty() {
                return Err(SectionsError::Faults(in_order(found)));
            }
            if self.put_section_as_of(there, section, as_of, operator, now).await? {
                return Ok(());
            }
        }
        Err(SectionsError::Stale)
    }

    /// Switches a section on or off, for an operator. One that is so already stays so.
    ///
    /// # Errors
    /// [`SectionsError`], but for faults.
    pub async fn switch_section(
        &self,
        id: &SectionId,
        on: bool,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), SectionsError> {
        for _ in 0..RACES {
            let (there, as_of) = self.parts.store.section_as_of(id).await?.ok_or(SectionsError::NotFound)?;
            let section = Section { enabled: on, ..there.clone() };
            if self.put_section_as_of(there, section, as_of, operator, now).await? {
                return Ok(());
            }
        }
        Err(SectionsError::Stale)
    }

    /// Makes a section, with its first administrator, who is invited by mail: all of it, or nothing.
    ///
    /// # Errors
    /// [`SectionsError::Faults`], [`SectionsError::Unavailable`].
    pub async fn make_section(
        &self,
        wanted: &NewSection,
        operator: &By,
        now: Timestamp,
    ) -> Result<SectionId, SectionsError> {
        let (section, user, faults) = read_new(wanted);
        for _ in 0..RACES {
            let mut found = faults.clone();
            if self.parts.store.section(&section.id).await?.is_some() {
                found.push(Found { field: "id", fault: Fault::IdTaken });
            }
            found.extend(self.domains_taken(&section.domains, None).await?);
            if !found.is_empty() {
                return Err(SectionsError::Faults(in_order(found)));
            }
            if self.put_new(&section, &user, operator, now).await? {
                (self.parts.wake_post)();
                tracing::info!(section = %section.id, operator = operator.actor.name(), administrator = user.login_id,
                    "a section was made, and its administrator invited by mail");
                return Ok(section.id);
            }
        }
        Err(SectionsError::Unavailable("others make such sections all the while".to_owned()))
    }

    /// Those of these domains that a section has, other than `own`.
    async fn domains_taken(&self, domains: &[String], own: Option<&SectionId>) -> Result<Vec<Found>, SectionsError> {
        let owners = self.parts.store.domain_owners(domains).await?;
        let others = owners.into_iter().filter(|(_, owner)| Some(owner) != own);
        let fault = |(domain, section)| Found { field: "domains", fault: Fault::DomainTaken { domain, section } };
        Ok(others.map(fault).collect())
    }

    /// Whether a section was set, or is so already; false where somebody changed it since `as_of`, or took one of its domains.
    async fn put_section_as_of(
        &self,
        there: Section,
        section: Section,
        as_of: Timestamp,
        operator: &By,
        now: Timestamp,
    ) -> Result<bool, SectionsError> {
        let id = there.id.clone();
        let all = differences(&there, &section);
        if all.is_empty() {
            return Ok(true);
        }
        let fields = all.iter().map(|(name, old, new)| format!("{name}: {} → {}", visible(old), visible(new)));
        let line = format!("~ section {id}; {}", fields.collect::<Vec<_>>().join("; "));
        let entry = operator.did(&id, Event::SettingsChanged, "section", now).with("change", line);
        let change = [Change::PutSection(Box::new(section))];
        let done = self.parts.store.apply_as_of(&id, as_of, &change, &[], &[entry], now).await;
        let done = unless_taken(done)?;
        if done {
            let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
            tracing::info!(section = %id, operator = operator.actor.name(), changed = names.join(", "), "a section was changed");
        }
        Ok(done)
    }

    /// Whether a section and its administrator were made; false where somebody was quicker.
    async fn put_new(
        &self,
        section: &Section,
        user: &User,
        operator: &By,
        now: Timestamp,
    ) -> Result<bool, SectionsError> {
        let id = &section.id;
        let invited = self.invitation(section, user, now).await?;
        let did = |event, object: &str| operator.did(id, event, object, now);
        let fields = of_section(section).into_iter();
        let fields: Vec<String> =
            fields.map(|(name, value)| format!("{name}: {}", visible(&value.replace('\n', ", ")))).collect();
        let administrator = Difference::of_new(user);
        let entries = [
            did(Event::SettingsChanged, "section").with("change", format!("+ section {id}; {}", fields.join("; "))),
            did(Event::SettingsChanged, &administrator.object()).with("change", administrator.line()),
            did(Event::Invited, &format!("{id}/{}", user.login_id)),
        ];
        let changes = [Change::PutSection(Box::new(section.clone())), Change::PutUser(user.clone())];
        unless_taken(self.parts.store.make_section(id, &changes, &[invited], &entries, now).await)
    }
}

/// False where another section was given one of the domains meanwhile: who decides again finds it.
fn unless_taken(done: Result<bool, StoreError>) -> Result<bool, SectionsError> {
    match done {
        Err(StoreError::DomainTaken(_)) => Ok(false),
        done => Ok(done?),
    }
}
