//! A section's users and groups, as its administrators set them (spec X-ADMIN). Pure: how they stand and what is wanted in, changes or faults out.
//!
//! # From what is wanted to what is changed ([`plan`])
//! 1. Each user and group that is to be put is checked by itself: login id, name, address; and where a form was made from one, that it is so still.
//! 2. What is wanted is put in place of what is there. A section has one default user and one mail-link group at most: whoever becomes it takes it
//!    from whoever was.
//! 3. What would then stand is checked as a whole: an address is one user's, a group that somebody is in is there, whoever is listed as an
//!    approver is one, and whoever acts is an administrator still.
//! 4. What differs from how it stands is changed, and nothing else.
//!
//! All faults are found at once, each with the [`Edit`] that it is of.

pub mod csv;
pub mod fields;

use std::collections::{BTreeMap, HashMap};

use fubako_base::{address::compared, ids::SectionId};
use fubako_store::sections::{Change, Group, User};

use self::fields::{mark, of_group, of_user};
use super::address::address_as_kept;

/// Characters of a login id.
pub const LONGEST_LOGIN_ID: usize = 64;
/// Characters of a user's or a group's name.
pub const LONGEST_NAME: usize = 100;
/// Faults that are told at once: a file can have as many as it has lines.
pub const MOST_FAULTS: usize = 100;
/// Users that a section may have.
pub const MOST_USERS: usize = 20_000;

/// How a section stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// Its groups, by name.
    pub groups: Vec<Group>,
    /// Its users, by login id.
    pub users: Vec<User>,
    /// How many deposits wait for the approvers of a group, where any do.
    pub awaited: BTreeMap<String, usize>,
}

impl Members {
    /// Whether the user with this login id administers it.
    #[must_use]
    pub fn is_administered_by(&self, login_id: &str) -> bool {
        self.users.iter().any(|user| user.login_id == login_id && user.administrator)
    }
}

/// Something that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A user who is not there yet.
    AddUser(User),
    /// A user as they are to be, there or not.
    PutUser(User),
    /// A user who is there, as they are to be; and the [`fields::mark`] of how whoever wants it saw them.
    ChangeUser(User, String),
    /// No user with this login id.
    RemoveUser(String),
    /// A group that is not there yet.
    AddGroup(Group),
    /// A group as it is to be; and the [`fields::mark`] of how whoever wants it saw it.
    ChangeGroup(Group, String),
    /// No group with this name.
    RemoveGroup(String),
}

/// Why something cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The login id is not 1 to [`LONGEST_LOGIN_ID`] letters, digits, `.`, `_`, `-`, `+` and `@`.
    LoginId,
    /// A user has this login id already.
    LoginIdTaken,
    /// It is no mail address.
    Address,
    /// The address is that of this user too.
    AddressTaken(String),
    /// The name has more than [`LONGEST_NAME`] characters, or such as cannot be seen; or it is a group's, and empty.
    Name,
    /// A group has this name already.
    GroupTaken,
    /// There is no such group.
    NoGroup(String),
    /// Users are in it, as many as this.
    GroupInUse(usize),
    /// Deposits wait for its approvers, as many as this: without it nobody could say who they are.
    GroupAwaited(usize),
    /// This user is no approver, and is listed as one of this group.
    NoApprover {
        /// The login id.
        login_id: String,
        /// The group's name.
        group: String,
    },
    /// It is not as whoever wants it saw it: to make it so would undo what somebody else did.
    Stale,
    /// Whoever acts would be an administrator no more.
    Oneself,
    /// There is no user with this login id.
    NoUser,
    /// Two are named as default user.
    TwoDefaults,
    /// The section would have more than [`MOST_USERS`] users.
    TooMany,
    /// There are more faults than these.
    AndMore,
}

/// A fault, and the place of the [`Edit`] that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Counted from 0.
    pub edit: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// The changes that lead from how the section stands to what is wanted by the administrator with this login id.
///
/// # Errors
/// Every fault, in the order of the edits; [`MOST_FAULTS`] of them, and that there are more.
pub fn plan(section: &SectionId, there: &Members, edits: &[Edit], by: &str) -> Result<Vec<Change>, Vec<Found>> {
    let mut found = Vec::new();
    let mut after = After::of(there);
    for (place, edit) in edits.iter().enumerate() {
        found.extend(faults_of(&after, edit).into_iter().map(|fault| Found { edit: place, fault }));
    }
    for edit in edits {
        after.put(edit);
    }
    found.extend(as_a_whole(&after, edits, by));
    if !found.is_empty() {
        found.sort_by_key(|found| found.edit);
        if let Some(next) = found.get(MOST_FAULTS).map(|found| found.edit) {
            found.truncate(MOST_FAULTS);
            found.push(Found { edit: next, fault: Fault::AndMore });
        }
        return Err(found);
    }
    Ok(differences(section, there, &after))
}

/// Step 1.
fn faults_of(there: &After<'_>, edit: &Edit) -> Vec<Fault> {
    let is_user = |login_id: &str| there.users.contains_key(login_id);
    let is_group = |name: &str| there.groups.contains_key(name);
    let mut faults = Vec::new();
    match edit {
        Edit::AddUser(user) | Edit::PutUser(user) | Edit::ChangeUser(user, _) => {
            match (edit, there.users.get(&user.login_id)) {
                (Edit::AddUser(_), Some(_)) => faults.push(Fault::LoginIdTaken),
                (Edit::ChangeUser(..), None) => return vec![Fault::NoUser],
                (Edit::ChangeUser(_, seen), Some(user)) if *seen != mark(&of_user(user)) => faults.push(Fault::Stale),
                _ => {}
            }
            // One that is there already stays as it is, whatever made it.
            if !is_user(&user.login_id) && !is_login_id(&user.login_id) {
                faults.push(Fault::LoginId);
            }
            if address_as_kept(&user.address).as_ref() != Some(&user.address) {
                faults.push(Fault::Address);
            }
            if !is_name(&user.name) {
                faults.push(Fault::Name);
            }
        }
        Edit::RemoveUser(login_id) if !is_user(login_id) => faults.push(Fault::NoUser),
        Edit::AddGroup(group) => {
            if is_group(&group.name) {
                faults.push(Fault::GroupTaken);
            }
            if !is_name(&group.name) || group.name.trim().is_empty() {
                faults.push(Fault::Name);
            }
        }
        Edit::ChangeGroup(group, seen) => match there.groups.get(&group.name) {
            None => faults.push(Fault::NoGroup(group.name.clone())),
            Some(group) if *seen != mark(&of_group(group)) => faults.push(Fault::Stale),
            Some(_) => {}
        },
        Edit::RemoveGroup(name) if !is_group(name) => faults.push(Fault::NoGroup(name.clone())),
        Edit::RemoveUser(_) | Edit::RemoveGroup(_) => {}
    }
    faults
}

fn is_login_id(login_id: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._-+@".contains(c);
    (1..=LONGEST_LOGIN_ID).contains(&login_id.chars().count()) && login_id.chars().all(plain)
}

fn is_name(name: &str) -> bool {
    name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

/// How the section would stand.
struct After<'a> {
    awaited: &'a BTreeMap<String, usize>,
    groups: BTreeMap<String, Group>,
    users: BTreeMap<String, User>,
    /// The login id of whoever became the default user last.
    default_user: Option<String>,
}

impl<'a> After<'a> {
    fn of(there: &'a Members) -> Self {
        Self {
            awaited: &there.awaited,
            groups: there.groups.iter().map(|group| (group.name.clone(), group.clone())).collect(),
            users: there.users.iter().map(|user| (user.login_id.clone(), user.clone())).collect(),
            default_user: there.users.iter().find(|user| user.default_user).map(|user| user.login_id.clone()),
        }
    }

    /// Step 2.
    fn put(&mut self, edit: &Edit) {
        match edit {
            Edit::AddUser(user) | Edit::PutUser(user) | Edit::ChangeUser(user, _) => {
                if user.default_user
                    && let Some(before) = self.default_user.replace(user.login_id.clone())
                    && let Some(before) = self.users.get_mut(&before)
                {
                    before.default_user = false;
                }
                self.users.insert(user.login_id.clone(), user.clone());
            }
            Edit::RemoveUser(login_id) => drop(self.users.remove(login_id)),
            Edit::AddGroup(group) | Edit::ChangeGroup(group, _) => {
                if group.mail_link {
                    self.groups.values_mut().for_each(|other| other.mail_link = false);
                }
                self.groups.insert(group.name.clone(), group.clone());
            }
            Edit::RemoveGroup(name) => drop(self.groups.remove(name)),
        }
    }

    /// The groups that list somebody as an approver, by login id.
    fn lists(&self) -> HashMap<&str, Vec<&str>> {
        let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
        for group in self.groups.values() {
            for listed in group.approvers.iter().flatten() {
                lists.entry(listed).or_default().push(&group.name);
            }
        }
        lists
    }

    fn is_approver(&self, login_id: &str) -> bool {
        self.users.get(login_id).is_some_and(|user| user.approver)
    }
}

/// Step 3.
fn as_a_whole(after: &After<'_>, edits: &[Edit], by: &str) -> Vec<Found> {
    let mut of_address: HashMap<String, Vec<&str>> = HashMap::new();
    for user in after.users.values() {
        of_address.entry(compared(&user.address)).or_default().push(&user.login_id);
    }
    let lists = after.lists();
    // For each group that lists somebody as an approver who is none, a fault.
    let listed = |login_id: &str| -> Vec<Fault> {
        let fault = |group: &&str| Fault::NoApprover { login_id: login_id.to_owned(), group: (*group).to_owned() };
        lists.get(login_id).into_iter().flatten().map(fault).collect()
    };
    let mut found = Vec::new();
    let mut defaults = 0;
    for (place, edit) in edits.iter().enumerate() {
        let mut faults = match edit {
            Edit::AddUser(user) | Edit::PutUser(user) | Edit::ChangeUser(user, _) => {
                defaults += usize::from(user.default_user);
                let same = of_address.get(&compared(&user.address)).into_iter().flatten();
                let other = same.into_iter().find(|other| **other != user.login_id);
                let no_group = user.group.iter().filter(|group| !after.groups.contains_key(*group));
                let taken = other.map(|other| Fault::AddressTaken((*other).to_owned()));
                let twice = (user.default_user && defaults > 1).then_some(Fault::TwoDefaults);
                let unlisted = if user.approver { Vec::new() } else { listed(&user.login_id) };
                let faults = taken.into_iter().chain(no_group.map(|group| Fault::NoGroup(group.clone())));
                faults.chain(twice).chain(unlisted).collect()
            }
            Edit::RemoveUser(login_id) => listed(login_id),
            Edit::AddGroup(group) | Edit::ChangeGroup(group, _) => {
                let none = group.approvers.iter().flatten().filter(|login_id| !after.is_approver(login_id));
                let fault =
                    |login_id: &String| Fault::NoApprover { login_id: login_id.clone(), group: group.name.clone() };
                none.map(fault).collect()
            }
            Edit::RemoveGroup(name) => {
                let users = after.users.values().filter(|user| user.group.as_ref() == Some(name)).count();
                let used = (users > 0).then_some(Fault::GroupInUse(users));
                used.into_iter().chain(after.awaited.get(name).map(|deposits| Fault::GroupAwaited(*deposits))).collect()
            }
        };
        if is_of(edit, by) && !after.users.get(by).is_some_and(|user| user.administrator) {
            faults.push(Fault::Oneself);
        }
        found.extend(faults.into_iter().map(|fault| Found { edit: place, fault }));
    }
    if after.users.len() > MOST_USERS {
        found.push(Found { edit: edits.len().saturating_sub(1), fault: Fault::TooMany });
    }
    found
}

fn is_of(edit: &Edit, login_id: &str) -> bool {
    match edit {
        Edit::AddUser(user) | Edit::PutUser(user) | Edit::ChangeUser(user, _) => user.login_id == login_id,
        Edit::RemoveUser(removed) => removed == login_id,
        Edit::AddGroup(_) | Edit::ChangeGroup(..) | Edit::RemoveGroup(_) => false,
    }
}

/// Step 4.
fn differences(section: &SectionId, there: &Members, after: &After<'_>) -> Vec<Change> {
    let old = After::of(there);
    let groups = after.groups.values().filter(|group| old.groups.get(&group.name) != Some(group));
    let users = after.users.values().filter(|user| old.users.get(&user.login_id) != Some(user));
    let gone_users = old.users.keys().filter(|login_id| !after.users.contains_key(*login_id));
    let gone_groups = old.groups.keys().filter(|name| !after.groups.contains_key(*name));
    groups
        .map(|group| Change::PutGroup(group.clone()))
        .chain(users.map(|user| Change::PutUser(user.clone())))
        .chain(gone_users.map(|login_id| Change::RemoveUser(section.clone(), login_id.clone())))
        .chain(gone_groups.map(|name| Change::RemoveGroup(section.clone(), name.clone())))
        .collect()
}

#[cfg(test)]
mod tests;
