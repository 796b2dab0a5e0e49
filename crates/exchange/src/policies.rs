//! What a section's administrators do with its policies (spec X-ADMIN).
//!
//! The rules are [`crate::domain::policies`]'. Whoever is no administrator hears that there is nothing. What is changed is recorded in one line, with what
//! was and what is.

use std::net::IpAddr;

use fubako_base::{Timestamp, audit::Event, section::Section, shown::visible};
use fubako_store::{
    StoreError,
    members::Staff,
    sections::{Change, Group, User},
};

use crate::{
    Exchange,
    account::Person,
    audit::By,
    domain::{
        approval::without_approver,
        members::fields::{Fields, mark},
        policies::{Fault, Found, Part, differences, of_part, read},
        preview::{Preview, previews},
    },
};

/// How often what was decided is decided again, where somebody else changed the section meanwhile.
const RACES: u32 = 5;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// There is nothing for this person.
    #[error("there is no such section")]
    NotFound,
    /// What was entered cannot be had: every fault.
    #[error("what is wanted cannot be had: {0:?}")]
    Faults(Vec<Found>),
    /// The part is not as whoever wants it saw it: to make it so would undo what somebody else did.
    #[error("the policies have changed since the form was made")]
    Stale,
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for PoliciesError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A section's policies as they are.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The section.
    pub section: Section,
    /// The names of groups whose deposits must be approved and which have nobody to do it.
    pub unapproved: Vec<String>,
    /// The group whose users' mail goes through the gateway.
    pub mail_link_group: Option<String>,
    /// Who deposits for senders that have no account.
    pub default_user: Option<User>,
}

/// What somebody entered in a part's form.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Which part.
    pub part: Part,
    /// Its fields, as they were typed.
    pub fields: Fields,
    /// The [`mark`] of the part's fields as the form was made from them.
    pub seen: String,
}

impl Exchange {
    /// The policies of an administrator's section.
    ///
    /// # Errors
    /// [`PoliciesError::NotFound`], [`PoliciesError::Unavailable`].
    pub async fn policies(&self, person: &Person) -> Result<Policies, PoliciesError> {
        let (Staff { groups, users, .. }, section) = self.standing(person).await?;
        let (groups, users): (Vec<&Group>, Vec<&User>) = (groups.iter().collect(), users.iter().collect());
        let unapproved = without_approver(&section.settings, &groups, &users);
        let unapproved = unapproved.into_iter().map(|group| group.name.clone()).collect();
        let mail_link_group = groups.iter().find(|group| group.mail_link).map(|group| group.name.clone());
        let default_user = users.iter().find(|user| user.default_user).map(|user| (*user).clone());
        Ok(Policies { section, unapproved, mail_link_group, default_user })
    }

    /// Sets a part of the policies as it was entered by somebody who comes from `address`.
    ///
    /// # Errors
    /// [`PoliciesError`].
    pub async fn set_policies(
        &self,
        person: &Person,
        entered: &Entered,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), PoliciesError> {
        for _ in 0..RACES {
            let (staff, there) = self.standing(person).await?;
            if mark(&of_part(&there.settings, entered.part)) != entered.seen {
                return Err(PoliciesError::Stale);
            }
            let settings = read(&there.settings, entered.part, &entered.fields).map_err(PoliciesError::Faults)?;
            if !settings.screen_networks.permit(address) {
                let fault = Fault::ShutsOut(address.to_canonical().to_string());
                return Err(PoliciesError::Faults(vec![Found { field: "screen_networks", fault }]));
            }
            let Some(line) = line(&there, &Section { settings: settings.clone(), ..there.clone() }) else {
                return Ok(());
            };
            let by = By::person(person, &address.to_string());
            let entry = by.did(&there.id, Event::SettingsChanged, "section", now).with("change", line);
            let id = there.id.clone();
            let change = Change::PutSection(Box::new(Section { settings, ..there }));
            if self.parts.store.apply_as_of(&id, staff.as_of, &[change], &[], &[entry], now).await? {
                tracing::info!(section = %id, by = by.actor.name(), part = entered.part.word(), "policies were changed");
                return Ok(());
            }
        }
        Err(PoliciesError::Stale)
    }

    /// The notice in relayed mails as it would be with what was entered.
    ///
    /// # Errors
    /// [`PoliciesError`]; the form may be an old one.
    pub async fn preview_notice(
        &self,
        person: &Person,
        fields: &Fields,
        now: Timestamp,
    ) -> Result<Vec<Preview>, PoliciesError> {
        let (_, there) = self.standing(person).await?;
        let settings = read(&there.settings, Part::Notice, fields).map_err(PoliciesError::Faults)?;
        Ok(previews(&settings, self.brand(), now))
    }

    /// Who belongs to the section of an administrator, and the section as it is. Whoever is an administrator no more is nobody.
    async fn standing(&self, person: &Person) -> Result<(Staff, Section), PoliciesError> {
        let id = &person.administered().ok_or(PoliciesError::NotFound)?.id;
        // First, so that a change while the section is read makes what is decided void.
        let staff = self.parts.store.staff(id).await?;
        let section = self.parts.store.section(id).await?.ok_or(PoliciesError::NotFound)?;
        let login_id = &person.known.account.login_id;
        let is = staff.users.iter().any(|user| &user.login_id == login_id && user.administrator);
        if is { Ok((staff, section)) } else { Err(PoliciesError::NotFound) }
    }
}

/// One line for the log: `~ section acme; keep_days: 7 → 14`; none where nothing differs.
fn line(old: &Section, new: &Section) -> Option<String> {
    let all = differences(&old.settings, &new.settings);
    let fields = all.iter().map(|(name, old, new)| format!("{name}: {} → {}", visible(old), visible(new)));
    (!all.is_empty()).then(|| format!("~ section {}; {}", new.id, fields.collect::<Vec<_>>().join("; ")))
}
