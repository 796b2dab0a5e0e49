//! What a section's administrators do with its users and groups (spec X-ADMIN, X-ACCOUNTS).
//!
//! The rules are [`crate::domain::members`]'s. Whoever is no administrator hears that there is nothing. What is changed is recorded a line a user or
//! group, with what was and what is.

use std::{collections::HashMap, sync::Arc};

use fubako_base::{
    Timestamp,
    address::compared,
    audit::Event,
    ids::{OutgoingId, SectionId},
    section::Section,
    shown::visible,
};
use fubako_store::{
    StoreError,
    accounts::{Account, AccountName},
    audit::Entry,
    members::{Invited, Staff},
    outbox::OutgoingKind,
};

use tokio::sync::Semaphore;

pub use fubako_store::sections::{Change, Group, User};

use crate::{
    Exchange,
    account::{self, AccountError, Person},
    audit::By,
    deposit::DepositError,
    domain::{
        account::{State, state},
        members::{
            Edit, Found, Members, csv,
            fields::{Fields, of_group, of_user},
            plan,
        },
    },
    notice::{Posting, invitation::InvitationMail},
};

/// How often what was decided is decided again, where somebody else changed the section meanwhile.
const RACES: u32 = 5;

/// Files of users that are read at once.
const FILES_AT_ONCE: usize = 2;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// There is no such user or group, or none for this person.
    #[error("there is no such user or group")]
    NotFound,
    /// What is wanted cannot be had: every fault, with the place of the edit.
    #[error("what is wanted cannot be had: {0:?}")]
    Faults(Vec<Found>),
    /// A file cannot be read.
    #[error("the file cannot be read: {0:?}")]
    Unread(Vec<csv::Trouble>),
    /// It would change something else than what was shown.
    #[error("the section has changed meanwhile")]
    Changed,
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for MembersError {
    fn from(error: StoreError) -> Self {
        match error {
            // Somebody else was as quick.
            StoreError::AddressTaken { .. } | StoreError::GroupAwaited { .. } | StoreError::Refused(_) => Self::Changed,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<DepositError> for MembersError {
    fn from(error: DepositError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// How a user's account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They were never invited.
    NoAccount,
    /// They have one that stands so.
    Account(State),
}

/// A user and how their account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// Their account.
    pub standing: Standing,
    /// Until when their invitation is good, where they have one that they did not use.
    pub invited_until: Option<Timestamp>,
    /// Since when they have a second factor.
    pub second_factor_at: Option<Timestamp>,
}

/// A section's people.
#[derive(Debug, Clone)]
pub struct Roll {
    /// Its groups, by name.
    pub groups: Vec<Group>,
    /// Its users, by login id.
    pub members: Vec<Member>,
}

/// A difference that a change makes, as it is shown and recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whether it is of a group; else of a user.
    pub of_group: bool,
    /// The login id, or the group's name.
    pub name: String,
    /// What was; none for a new one.
    pub old: Option<Fields>,
    /// What is to be; none for one that is removed.
    pub new: Option<Fields>,
    /// Whether the user has an account and another address from then on: password, second factor and sessions are void, and they are invited anew, by a mail
    /// to the new one. So nobody is let in but whoever reads what is sent there.
    pub moves: bool,
}

impl Difference {
    /// Between a user as they are and as somebody wants them.
    #[must_use]
    pub fn of_users(old: &User, new: &User) -> Self {
        let (name, old, new) = (old.login_id.clone(), Some(of_user(old)), Some(of_user(new)));
        Self { of_group: false, name, old, new, moves: false }
    }

    /// Between a group as it is and as somebody wants it.
    #[must_use]
    pub fn of_groups(old: &Group, new: &Group) -> Self {
        let (name, old, new) = (old.name.clone(), Some(of_group(old)), Some(of_group(new)));
        Self { of_group: true, name, old, new, moves: false }
    }

    /// The fields that differ: name, what was, what is to be.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, &str, &str)> {
        // The same fields in the same order on both sides, or none on one of them.
        let (old, new) = (self.old.as_deref().unwrap_or_default(), self.new.as_deref().unwrap_or_default());
        let names = if new.is_empty() { old } else { new };
        let all = names.iter().enumerate().map(|(place, (name, _))| {
            (
                *name,
                old.get(place).map_or("", |(_, value)| value.as_str()),
                new.get(place).map_or("", |(_, value)| value.as_str()),
            )
        });
        all.filter(|(_, old, new)| old != new).collect()
    }

    /// A user who is new.
    pub(crate) fn of_new(user: &User) -> Self {
        Self { of_group: false, name: user.login_id.clone(), old: None, new: Some(of_user(user)), moves: false }
    }

    pub(crate) fn object(&self) -> String {
        format!("{} {}", if self.of_group { "group" } else { "user" }, self.name)
    }

    /// One line for the log: `+ user taro`, `- group Sales`, `~ user taro` with each field that differs.
    pub(crate) fn line(&self) -> String {
        let mark = match (&self.old, &self.new) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        let fields = self.fields().into_iter().map(|(name, old, new)| match mark {
            '~' => format!("{name}: {} → {}", visible(old), visible(new)),
            '-' => format!("{name}: {}", visible(old)),
            _ => format!("{name}: {}", visible(new)),
        });
        let moves = self.moves.then(|| "password, second factor and sessions are void, invited anew".to_owned());
        let said: Vec<String> = fields.chain(moves).collect();
        format!("{mark} {}{}{}", self.object(), if said.is_empty() { "" } else { "; " }, said.join("; "))
    }
}

/// What a file would change, so that what is done is what was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Each difference.
    pub differences: Vec<Difference>,
    /// A digest of them all.
    pub digest: String,
}

impl Exchange {
    /// All who belong to the section of an administrator.
    ///
    /// # Errors
    /// [`MembersError::NotFound`], [`MembersError::Unavailable`].
    pub async fn roll(&self, person: &Person, now: Timestamp) -> Result<Roll, MembersError> {
        let section = administered(person)?;
        let Staff { groups, users, accounts, .. } = self.parts.store.staff(&section.id).await?;
        let accounts: HashMap<&str, &Account> = accounts.iter().map(|one| (one.login_id.as_str(), one)).collect();
        let member = |user: User| {
            let account = accounts.get(user.login_id.as_str());
            let standing =
                account.map_or(Standing::NoAccount, |account| Standing::Account(state(account, Some(section), now)));
            let invited_until = account.and_then(|account| account.invitation_until).filter(|until| *until > now);
            let second_factor_at = account.and_then(|account| account.second_factor_at);
            Member { user, standing, invited_until, second_factor_at }
        };
        Ok(Roll { groups, members: users.into_iter().map(member).collect() })
    }

    /// Makes the edits, all or none; gives what they changed.
    ///
    /// # Errors
    /// [`MembersError`].
    pub async fn edit_members(
        &self,
        person: &Person,
        edits: &[Edit],
        address: &str,
        now: Timestamp,
    ) -> Result<Vec<Difference>, MembersError> {
        let section = administered(person)?;
        for _ in 0..RACES {
            let there = self.there(&section.id).await?;
            let planned = planned(section, &there, edits, &person.known.account.login_id)?;
            if self.make(person, &planned, &there, address, now).await? {
                return Ok(planned.differences);
            }
        }
        Err(MembersError::Changed)
    }

    /// What a file of users would change. Nothing is.
    ///
    /// # Errors
    /// [`MembersError`]; places of faults are lines of the file, counted from 1.
    pub async fn rehearse_import(&self, person: &Person, file: &[u8], remove: bool) -> Result<Import, MembersError> {
        let section = administered(person)?;
        let there = Arc::new(self.there(&section.id).await?);
        // Nothing is left for the database to refuse that is not refused here.
        let Planned { differences, .. } = imported(section, &there, file, remove, person).await?;
        Ok(Import { digest: digest(&differences), differences })
    }

    /// Makes what a file of users changes, where that is what `digest` was shown for; gives how many differences there were.
    ///
    /// # Errors
    /// As [`Exchange::rehearse_import`]; [`MembersError::Changed`] where it would change something else by now.
    pub async fn import(
        &self,
        person: &Person,
        file: &[u8],
        remove: bool,
        shown: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<usize, MembersError> {
        let section = administered(person)?;
        let there = Arc::new(self.there(&section.id).await?);
        let planned = imported(section, &there, file, remove, person).await?;
        if digest(&planned.differences) != shown || !self.make(person, &planned, &there, address, now).await? {
            return Err(MembersError::Changed);
        }
        Ok(planned.differences.len())
    }

    /// Invites a user: a mail leads them to a page where they choose a password. What password they have is void, and their sessions end.
    /// Gives the address that it goes to.
    ///
    /// # Errors
    /// [`MembersError::NotFound`], [`MembersError::Unavailable`].
    pub async fn invite_member(
        &self,
        person: &Person,
        login_id: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<String, MembersError> {
        let section = administered(person)?;
        let users = self.parts.store.users(&section.id).await?;
        let user = users.into_iter().find(|user| user.login_id == login_id).ok_or(MembersError::NotFound)?;
        let Invited { invitation, mail, .. } = self.invitation(section, &user, now).await?;
        let name = AccountName::User(section.id.clone(), user.login_id.clone());
        let entry = done_to(person, section, &user, Event::Invited, address, now);
        let invited = self.parts.store.invite(&name, invitation, Some(&mail), &entry, now).await?;
        invited.ok_or(MembersError::NotFound)?;
        (self.parts.wake_post)();
        tracing::info!(section = %section.id, login_id, "a user was invited by mail; any earlier password is void");
        Ok(user.address)
    }

    /// An invitation for a user, and its mail.
    pub(crate) async fn invitation(
        &self,
        section: &Section,
        user: &User,
        now: Timestamp,
    ) -> Result<Invited, MembersError> {
        let (token, invitation) = account::invitation(now).map_err(|error| unavailable(&error))?;
        let id = OutgoingId::generate();
        let mail = InvitationMail {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            section,
            user,
            url: &format!("{}/invitation/{}", self.parts.public_url, token.expose()),
            at: now,
            until: invitation.until,
        };
        let posting = Posting {
            id,
            section: &section.id,
            kind: OutgoingKind::Notice,
            envelope_from: &self.parts.notice_from,
            told_to: None,
            due: now,
        };
        let mail = self.signed_and_sealed(&mail.mail(id), posting).await?;
        Ok(Invited { login_id: user.login_id.clone(), invitation, mail })
    }

    /// Opens the lock of a user's account.
    ///
    /// # Errors
    /// [`MembersError::NotFound`], [`MembersError::Unavailable`].
    pub async fn unlock_member(
        &self,
        person: &Person,
        login_id: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), MembersError> {
        let section = administered(person)?;
        let users = self.parts.store.users(&section.id).await?;
        let user = users.into_iter().find(|user| user.login_id == login_id).ok_or(MembersError::NotFound)?;
        let name = AccountName::User(section.id.clone(), user.login_id.clone());
        let entry = done_to(person, section, &user, Event::Unlocked, address, now);
        if !self.parts.store.unlock(&name, &entry, now).await? {
            return Err(MembersError::NotFound);
        }
        tracing::info!(section = %section.id, login_id, "a user's account was unlocked");
        Ok(())
    }

    /// Takes a user's second factor away: from then on they sign in by password alone, or set up another one. Nobody takes their own away so, for that asks
    /// for a password and a code ([`Exchange::end_second_factor`]).
    ///
    /// # Errors
    /// [`MembersError::NotFound`], also where they have none; [`MembersError::Unavailable`].
    pub async fn take_second_factor(
        &self,
        person: &Person,
        login_id: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), MembersError> {
        let section = administered(person)?;
        let users = self.parts.store.users(&section.id).await?;
        let user = users.into_iter().find(|user| user.login_id == login_id).ok_or(MembersError::NotFound)?;
        if user.login_id == person.known.account.login_id {
            return Err(MembersError::NotFound);
        }
        let name = AccountName::User(section.id.clone(), user.login_id.clone());
        let entry = done_to(person, section, &user, Event::SecondFactorOff, address, now);
        if !self.parts.store.take_second_factor(&name, &entry).await? {
            return Err(MembersError::NotFound);
        }
        tracing::info!(section = %section.id, login_id, "a user's second factor was taken away");
        Ok(())
    }

    async fn there(&self, section: &SectionId) -> Result<There, MembersError> {
        let Staff { groups, users, awaited, accounts, as_of } = self.parts.store.staff(section).await?;
        let accounts = accounts.into_iter().map(|account| (account.login_id.clone(), account)).collect();
        Ok(There { members: Members { groups, users, awaited }, accounts, as_of })
    }

    /// Makes what was planned by how the section stood; false where it does not stand so any more.
    async fn make(
        &self,
        person: &Person,
        Planned { changes, differences }: &Planned,
        there: &There,
        address: &str,
        now: Timestamp,
    ) -> Result<bool, MembersError> {
        if changes.is_empty() {
            return Ok(true);
        }
        let section = administered(person)?;
        let by = By::person(person, address);
        let entry = |difference: &Difference| -> Entry {
            let event = Event::SettingsChanged;
            by.did(&section.id, event, difference.object(), now).with("change", difference.line())
        };
        let mut entries: Vec<Entry> = differences.iter().map(entry).collect();
        let mut invited = Vec::new();
        for user in changes.iter().filter_map(|change| there.moved(change)) {
            invited.push(self.invitation(section, user, now).await?);
            let done = |event| done_to(person, section, user, event, address, now).with("reason", "address-changed");
            if there.has_second_factor(user) {
                entries.push(done(Event::SecondFactorOff));
            }
            entries.push(done(Event::Invited));
        }
        if !self.parts.store.apply_as_of(&section.id, there.as_of, changes, &invited, &entries, now).await? {
            return Ok(false);
        }
        if !invited.is_empty() {
            (self.parts.wake_post)();
        }
        tracing::info!(section = %section.id, by = by.actor.name(), changes = changes.len(), "users or groups were changed");
        Ok(true)
    }
}

/// The section that somebody administers.
fn administered(person: &Person) -> Result<&Section, MembersError> {
    person.administered().ok_or(MembersError::NotFound)
}

/// How a section stands.
struct There {
    members: Members,
    /// The accounts of users who have one, by login id.
    accounts: HashMap<String, Account>,
    as_of: Timestamp,
}

impl There {
    /// The user whom a change gives another address, where they have an account: one who was invited already, or signs in.
    fn moved<'a>(&self, change: &'a Change) -> Option<&'a User> {
        let Change::PutUser(user) = change else { return None };
        let account = self.accounts.get(&user.login_id)?;
        (compared(&account.address) != compared(&user.address)).then_some(user)
    }

    fn has_second_factor(&self, user: &User) -> bool {
        self.accounts.get(&user.login_id).is_some_and(|account| account.second_factor_at.is_some())
    }
}

/// What is to be done, and how it is shown and recorded.
struct Planned {
    changes: Vec<Change>,
    differences: Vec<Difference>,
}

/// Whoever was an administrator when they came and is none any more hears that there is nothing, as anybody else.
fn planned(section: &Section, there: &There, edits: &[Edit], by: &str) -> Result<Planned, MembersError> {
    if !there.members.is_administered_by(by) {
        return Err(MembersError::NotFound);
    }
    let changes = plan(&section.id, &there.members, edits, by).map_err(MembersError::Faults)?;
    let differences = changes.iter().filter_map(|change| difference(there, change)).collect();
    Ok(Planned { changes, differences })
}

/// The changes that a file makes. To find them is work for a while, which is done where nobody waits for it, for few files at once.
async fn imported(
    section: &Section,
    there: &Arc<There>,
    file: &[u8],
    remove: bool,
    person: &Person,
) -> Result<Planned, MembersError> {
    static FILES: Semaphore = Semaphore::const_new(FILES_AT_ONCE);
    let cannot = |error: &dyn std::fmt::Display| MembersError::Unavailable(error.to_string());
    let _seat = FILES.acquire().await.map_err(|error| cannot(&error))?;
    let (section, there, file) = (section.clone(), Arc::clone(there), file.to_vec());
    let by = person.known.account.login_id.clone();
    let work = tokio::task::spawn_blocking(move || of_file(&section, &there, &file, remove, &by));
    work.await.map_err(|error| cannot(&error))?
}

fn of_file(section: &Section, there: &There, file: &[u8], remove: bool, by: &str) -> Result<Planned, MembersError> {
    let rows = csv::read(&section.id, &there.members, file, remove).map_err(MembersError::Unread)?;
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    let edits: Vec<Edit> = rows.into_iter().map(|row| row.edit).collect();
    planned(section, there, &edits, by).map_err(|error| match error {
        MembersError::Faults(found) => {
            MembersError::Faults(found.into_iter().map(|one| of_line(one, &lines)).collect())
        }
        error => error,
    })
}

/// A fault with the line of the file that it is of; 0 where it is of none.
fn of_line(found: Found, lines: &[u64]) -> Found {
    let line = lines.get(found.edit).copied().unwrap_or_default();
    Found { edit: usize::try_from(line).unwrap_or_default(), ..found }
}

fn difference(there: &There, change: &Change) -> Option<Difference> {
    let Members { groups, users, .. } = &there.members;
    let user = |login_id: &str| users.iter().find(|user| user.login_id == login_id).map(of_user);
    let group = |name: &str| groups.iter().find(|group| group.name == name).map(of_group);
    let (is_group, name, old, new) = match change {
        Change::PutUser(new) => (false, &new.login_id, user(&new.login_id), Some(of_user(new))),
        Change::RemoveUser(_, login_id) => (false, login_id, user(login_id), None),
        Change::PutGroup(new) => (true, &new.name, group(&new.name), Some(of_group(new))),
        Change::RemoveGroup(_, name) => (true, name, group(name), None),
        Change::PutSection(_) | Change::PutSecret(..) => return None,
    };
    let moves = there.moved(change).is_some();
    Some(Difference { of_group: is_group, name: name.clone(), old, new, moves })
}

fn digest(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(Difference::line).collect();
    fubako_base::hex::encode(&crate::token::sha256(lines.join("\n").as_bytes()))
}

fn done_to(person: &Person, section: &Section, user: &User, event: Event, address: &str, now: Timestamp) -> Entry {
    By::person(person, address).did(&section.id, event, format!("{}/{}", section.id, user.login_id), now)
}

fn unavailable(error: &AccountError) -> MembersError {
    MembersError::Unavailable(error.to_string())
}
