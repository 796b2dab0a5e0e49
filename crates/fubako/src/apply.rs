//! `fubako apply F.toml`: makes sections, groups, users and settings as declared. The second time changes nothing.
//!
//! What the file names of a section (its name; whether it is in use, its options, domains, settings) is set each time. What it does not name stays as
//! the operator or the section's administrators have set it on screens, or as the file had it before; a new section has the default
//! ([`Declaration::over`]).

mod approval;
mod named;
mod networks;
mod secret;

use std::path::Path;

use fubako_base::{
    Timestamp, address,
    audit::Event,
    ids::SectionId,
    section::{Access, ApprovalRule, Section, Settings},
};
use fubako_exchange::{
    audit::By,
    domain::{
        address::domain_as_kept,
        policies::{check, put_over},
        sections::{LONGEST_NAME, MOST_DOMAINS, is_name},
    },
};
use fubako_store::{
    Store,
    audit::Entry,
    sections::{Change, Group, User},
};
use named::{Named, named};
pub(crate) use networks::shuts_out;
use secret::Secrets;
use serde::Deserialize;

use crate::{
    operator,
    parts::{Ground, SELECTOR},
};

/// How often what was decided is decided again, where somebody changed a section meanwhile.
const RACES: u32 = 5;

/// Why a declaration was not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, #[source] std::io::Error),
    /// The file is not a declaration.
    #[error("{0}: {1}")]
    Invalid(String, String),
    /// The database.
    #[error(transparent)]
    Store(#[from] fubako_store::StoreError),
    /// A secret cannot be sealed or opened.
    #[error("the secret of section {0}: {1}")]
    Secret(SectionId, #[source] fubako_vault::VaultError),
    /// What a section would have with its own settings and the declared ones is wrong.
    #[error("section {0}: {1}")]
    Settings(SectionId, String),
    /// Others change the sections all the while.
    #[error("somebody else changes these sections at the same time: run it again")]
    Busy,
    /// A section's proof is its secret header, and it has no secret.
    #[error("section {0}: settings.proof is \"secret-header\", and no secret is set: declare one (secret = \"…\")")]
    NoSecret(SectionId),
}

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// `[[section]]`
    #[serde(default, rename = "section")]
    pub sections: Vec<SectionDeclaration>,
}

/// One `[[section]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionDeclaration {
    id: SectionId,
    name: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    mail_link: bool,
    #[serde(default)]
    autopilot: bool,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    settings: Settings,
    /// What the file names: these have defaults in the place of what it does not, where [`Declaration::over`] puts what the section has.
    #[serde(skip)]
    named: Named,
    /// What the secret header must have in it (spec RCV-TENANT): a secret, or a list of two while one is changed for the other. Absent:
    /// what is there stays; empty: it goes.
    secret: Option<Secrets>,
    /// DKIM keys that are made for domains of the section; the records to publish are shown.
    #[serde(default)]
    dkim: Vec<DkimDeclaration>,
    #[serde(default, rename = "group")]
    groups: Vec<GroupDeclaration>,
    #[serde(default, rename = "user")]
    users: Vec<UserDeclaration>,
}

/// One `dkim` entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimDeclaration {
    /// A domain of the section.
    pub domain: String,
    /// The selectors are this with `-rsa` and `-ed25519`.
    #[serde(default = "selector")]
    pub selector: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupDeclaration {
    name: String,
    #[serde(default)]
    mail_link: bool,
    /// Whether its deposits must be approved (spec X-APPROVAL). Absent: as the section has it.
    #[serde(default)]
    approval: Option<ApprovalRule>,
    /// Who may approve them. Absent: every approver of the section.
    #[serde(default)]
    approvers: Option<Vec<String>>,
    /// How the recipients of what it sends may prove who they are (spec ACCESS). Absent: as the section has it.
    #[serde(default)]
    access: Option<Access>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserDeclaration {
    login_id: String,
    address: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    default_user: bool,
    /// Of the section (spec X-ADMIN).
    #[serde(default)]
    administrator: bool,
    /// May approve what others of the section send (spec X-APPROVAL).
    #[serde(default)]
    approver: bool,
    #[serde(default)]
    password_never_expires: bool,
}

const fn yes() -> bool {
    true
}

fn selector() -> String {
    SELECTOR.to_owned()
}

/// What is in the database of the sections that are declared.
#[derive(Debug, Clone, Default)]
pub struct Current {
    sections: Vec<Section>,
    groups: Vec<Group>,
    users: Vec<User>,
    /// When each of the sections, or who belongs to it, was last changed; none for one that is not there.
    as_of: Vec<(SectionId, Option<Timestamp>)>,
    /// From where administrators signed in last: their section and login id, and the address.
    signed_in: Vec<(SectionId, String, String)>,
}

impl Declaration {
    /// Reads and checks a declaration.
    ///
    /// # Errors
    /// [`ApplyError::Unreadable`], [`ApplyError::Invalid`].
    pub fn read(path: &Path) -> Result<Self, ApplyError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| ApplyError::Unreadable(shown.clone(), e))?;
        Self::parse(&text).map_err(|reason| ApplyError::Invalid(shown, reason))
    }

    /// A declaration from its text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut declared: Self = toml::from_str(text).map_err(|error| {
            let shown = error.to_string();
            // The text shows the line that is wrong.
            if shown.contains("secret =") || shown.contains("secret=") { error.message().to_owned() } else { shown }
        })?;
        let mut named = named(text).into_iter();
        for section in &mut declared.sections {
            section.named = named.next().unwrap_or_default();
            section.normalise().map_err(|reason| format!("section {}: {reason}", section.id))?;
        }
        no_twice("section", declared.sections.iter().map(|s| s.id.as_str().to_owned()))?;
        no_twice("domain", declared.sections.iter().flat_map(|s| s.domains.clone()))?;
        Ok(declared)
    }

    /// The same with what is not named as the sections have it: what it will be like once it is applied.
    ///
    /// # Errors
    /// [`ApplyError::Settings`] where what is named does not go with what is there.
    fn over(&self, current: &Current) -> Result<Self, ApplyError> {
        let mut over = self.clone();
        for section in &mut over.sections {
            let id = section.id.clone();
            let wrong = |reason: String| ApplyError::Settings(id.clone(), reason);
            if let Some(there) = current.sections.iter().find(|there| there.id == section.id) {
                section.leave(there);
                let put = put_over(&there.settings, &section.settings, &section.named.settings);
                section.settings = put.map_err(|error| wrong(error.to_string()))?;
            }
            section.check_dkim().map_err(wrong)?;
            if let Some(found) = check(&section.settings).first() {
                return Err(wrong(found.to_string()));
            }
        }
        Ok(over)
    }

    /// The DKIM keys that are declared, with their sections.
    pub fn dkim(&self) -> impl Iterator<Item = (&SectionId, &DkimDeclaration)> {
        self.sections.iter().flat_map(|s| s.dkim.iter().map(move |d| (&s.id, d)))
    }
}

impl SectionDeclaration {
    fn normalise(&mut self) -> Result<(), String> {
        if !is_name(&self.name) {
            let most = format!("at most {LONGEST_NAME} characters");
            return Err(format!("its name must not be empty, on one line, and of {most}: recipients are shown it"));
        }
        if self.domains.len() > MOST_DOMAINS {
            return Err(format!("its domains must be at most {MOST_DOMAINS}"));
        }
        if self.id == SectionId::installation() {
            return Err("the id \"installation\" is the product's own".to_owned());
        }
        for domain in &mut self.domains {
            *domain = ascii_domain(domain)?;
        }
        for key in &mut self.dkim {
            key.domain = ascii_domain(&key.domain)?;
            if key.selector.is_empty() || !key.selector.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(format!("dkim: the selector {:?} is not a DNS label", key.selector));
            }
        }
        for user in &mut self.users {
            user.address =
                ascii_address(&user.address).map_err(|reason| format!("user {}: {reason}", user.login_id))?;
        }
        if self.named.has("domains") {
            self.check_dkim()?;
        }
        self.check_settings()?;
        no_twice("group", self.groups.iter().map(|g| g.name.clone()))?;
        no_twice("user", self.users.iter().map(|u| u.login_id.clone()))?;
        no_twice("user's address", self.users.iter().map(|u| address::compared(&u.address)))?;
        if self.groups.iter().filter(|g| g.mail_link).count() > 1 {
            return Err("more than one group is the mail-link group".to_owned());
        }
        if self.users.iter().filter(|u| u.default_user).count() > 1 {
            return Err("more than one user is the default user".to_owned());
        }
        approval::check(self)?;
        self.check_users()
    }

    fn check_users(&self) -> Result<(), String> {
        for user in &self.users {
            if let Some(group) = &user.group
                && !self.groups.iter().any(|g| &g.name == group)
            {
                return Err(format!("user {}: there is no group {group:?}", user.login_id));
            }
        }
        Ok(())
    }

    /// What is named, by itself. What must go with other settings is looked at once these are known ([`Declaration::over`]).
    fn check_settings(&mut self) -> Result<(), String> {
        none_where_empty(&mut self.settings);
        let is_named = |field: &str| self.named.settings.iter().any(|name| name == field);
        if let Some(found) = check(&self.settings).iter().find(|found| is_named(found.field)) {
            return Err(found.to_string());
        }
        if self.secret.as_ref().is_some_and(|secrets| !secrets.are_good()) {
            return Err(format!(
                "its secret (or each of two) must have {:?} characters, visible ASCII without spaces",
                secret::LENGTH
            ));
        }
        Ok(())
    }

    fn section(&self) -> Section {
        let mut domains = self.domains.clone();
        domains.sort();
        Section {
            id: self.id.clone(),
            name: self.name.clone(),
            enabled: self.enabled,
            mail_link: self.mail_link,
            autopilot: self.autopilot,
            domains,
            settings: self.settings.clone(),
        }
    }

    fn groups(&self) -> impl Iterator<Item = Group> {
        self.groups.iter().map(|g| Group {
            section: self.id.clone(),
            name: g.name.clone(),
            mail_link: g.mail_link,
            approval: g.approval,
            approvers: g.approvers.clone(),
            access: g.access,
        })
    }

    fn users(&self) -> impl Iterator<Item = User> {
        self.users.iter().map(|u| User {
            section: self.id.clone(),
            login_id: u.login_id.clone(),
            address: u.address.clone(),
            name: u.name.clone(),
            group: u.group.clone(),
            default_user: u.default_user,
            administrator: u.administrator,
            approver: u.approver,
            password_never_expires: u.password_never_expires,
        })
    }
}

/// A file has no word for none: an empty text is, and of days 0.
fn none_where_empty(settings: &mut Settings) {
    for text in [&mut settings.notice_wording, &mut settings.link_url, &mut settings.secret_header] {
        *text = text.take().filter(|text| !text.trim().is_empty());
    }
    settings.password_days = settings.password_days.filter(|days| *days > 0);
}

/// The domain as it is kept ([`domain_as_kept`]).
pub(crate) fn ascii_domain(domain: &str) -> Result<String, String> {
    domain_as_kept(domain).ok_or_else(|| match domain.starts_with("*.") {
        true => format!("{domain:?} is not a domain: a registered domain stands for those below it too"),
        false => format!("{domain:?} is not a domain"),
    })
}

/// The address with its domain as A-labels, and without quotes that it does not need: so it is compared with a mail's sender (spec MAIL-SENDER).
fn ascii_address(address: &str) -> Result<String, String> {
    match address.rsplit_once('@').map(|(local, domain)| (local, ascii_domain(domain))) {
        Some((local, Ok(domain))) if !local.is_empty() => Ok(format!("{}@{domain}", address::canonical(local))),
        _ => Err(format!("{address:?} is not a mail address")),
    }
}

fn no_twice(what: &str, names: impl Iterator<Item = String>) -> Result<(), String> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(format!("{what} {name} is declared twice"));
        }
    }
    Ok(())
}

impl Current {
    /// What the database has of the declared sections.
    ///
    /// # Errors
    /// [`ApplyError::Store`].
    pub async fn of(store: &Store, declared: &Declaration) -> Result<Self, ApplyError> {
        let mut current = Self::default();
        for section in &declared.sections {
            // First, so that a change while the rest is read makes what is decided void.
            let staff = store.staff(&section.id).await?;
            let there = store.section(&section.id).await?;
            current.as_of.push((section.id.clone(), there.as_ref().map(|_| staff.as_of)));
            current.sections.extend(there);
            current.groups.extend(staff.groups);
            current.users.extend(staff.users);
            let last = store.last_sign_ins(&section.id).await?.into_iter();
            current.signed_in.extend(last.map(|(login_id, address)| (section.id.clone(), login_id, address)));
        }
        Ok(current)
    }
}

/// The changes that lead from what is there to what is declared, each with a line that shows it. What is not declared is
/// left alone, unless `prune`: then groups and users of declared sections that are not declared are removed.
#[must_use]
pub fn changes(current: &Current, declared: &Declaration, prune: bool) -> Vec<(Change, String)> {
    let mut changes = Vec::new();
    for section in &declared.sections {
        section_changes(current, section, &mut changes);
        let id = &section.id;
        let groups: Vec<Group> = section.groups().collect();
        let users: Vec<User> = section.users().collect();
        if prune {
            // Users first: a user refers to a group.
            for old in
                current.users.iter().filter(|u| &u.section == id && !users.iter().any(|d| d.login_id == u.login_id))
            {
                changes.push((
                    Change::RemoveUser(id.clone(), old.login_id.clone()),
                    format!("- user {} in {id}", old.login_id),
                ));
            }
            for old in current.groups.iter().filter(|g| &g.section == id && !groups.iter().any(|d| d.name == g.name)) {
                changes
                    .push((Change::RemoveGroup(id.clone(), old.name.clone()), format!("- group {} in {id}", old.name)));
            }
        }
    }
    changes
}

fn section_changes(current: &Current, declared: &SectionDeclaration, changes: &mut Vec<(Change, String)>) {
    let id = &declared.id;
    let wanted = declared.section();
    let there = current.sections.iter().find(|s| &s.id == id).map(|s| {
        let mut sorted = s.clone();
        sorted.domains.sort();
        sorted
    });
    if there.as_ref() != Some(&wanted) {
        let line = difference(&format!("section {id}"), there.as_ref(), &wanted);
        changes.push((Change::PutSection(Box::new(wanted)), line));
    }
    for group in declared.groups() {
        let there = current.groups.iter().find(|g| &g.section == id && g.name == group.name);
        if there != Some(&group) {
            let line = difference(&format!("group {} in {id}", group.name), there, &group);
            changes.push((Change::PutGroup(group), line));
        }
    }
    for user in declared.users() {
        let there = current.users.iter().find(|u| &u.section == id && u.login_id == user.login_id);
        if there != Some(&user) {
            let line = difference(&format!("user {} in {id}", user.login_id), there, &user);
            changes.push((Change::PutUser(user), line));
        }
    }
}

/// What sections are left without that their mail with attachments needs, once the declaration is applied (spec MAIL-SENDER), and whom it shuts out: a line each.
#[must_use]
fn warnings(current: &Current, declared: &Declaration, prune: bool) -> Vec<String> {
    let mut lines: Vec<String> = networks::warnings(current, declared).collect();
    for section in declared.sections.iter().filter(|section| section.enabled && section.mail_link) {
        let id = &section.id;
        let groups: Vec<Group> = section.groups().collect();
        let users: Vec<User> = section.users().collect();
        // What is there and not declared stays, unless it is pruned.
        let old_groups = current.groups.iter().filter(|g| !prune && &g.section == id);
        let old_groups = old_groups.filter(|old| !groups.iter().any(|g| g.name == old.name));
        let old_users = current.users.iter().filter(|u| !prune && &u.section == id);
        let old_users = old_users.filter(|old| !users.iter().any(|u| u.login_id == old.login_id));
        let groups: Vec<&Group> = groups.iter().chain(old_groups).collect();
        let users: Vec<&User> = users.iter().chain(old_users).collect();
        lines.extend(approval::warnings(section, &groups, &users));
        let Some(link) = groups.iter().find(|group| group.mail_link) else {
            lines.push(format!(
                "warning: section {id} has no mail-link group: all its mail with attachments is stopped (group-not-set)"
            ));
            continue;
        };
        let stopped = "mail with attachments of senders who have no account is stopped";
        match users.iter().find(|user| user.default_user) {
            None => {
                lines.push(format!("warning: section {id} has no default user: {stopped} (default-user-credentials)"));
            }
            Some(user) if user.group.as_ref() != Some(&link.name) => lines.push(format!(
                "warning: the default user {} of section {id} is not in its mail-link group {}: {stopped} (default-user-no-group)",
                user.login_id, link.name
            )),
            Some(_) => {}
        }
    }
    lines
}

/// `+ what` for a new thing, `~ what` with the old and new value of each line that differs for a changed one.
fn difference<T: std::fmt::Debug>(what: &str, there: Option<&T>, wanted: &T) -> String {
    let Some(there) = there else { return format!("+ {what}") };
    let (old, new) = (format!("{there:#?}"), format!("{wanted:#?}"));
    let mut line = format!("~ {what}");
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    for gone in old_lines.iter().filter(|l| !new_lines.contains(l)) {
        line.push_str(&format!("\n    - {}", gone.trim().trim_end_matches(',')));
    }
    for come in new_lines.iter().filter(|l| !old_lines.contains(l)) {
        line.push_str(&format!("\n    + {}", come.trim().trim_end_matches(',')));
    }
    line
}

/// Each change for its section's audit log, with the line that shows it.
fn entries(changes: &[Change], lines: &[String], now: Timestamp) -> Vec<Entry> {
    let by = By::command(&operator::who());
    let entry = |(change, line): (&Change, &String)| {
        let (section, object) = match change {
            Change::PutSection(section) => (&section.id, "section".to_owned()),
            Change::PutSecret(section, _) => (section, "secret-header".to_owned()),
            Change::PutGroup(group) => (&group.section, format!("group {}", group.name)),
            Change::PutUser(user) => (&user.section, format!("user {}", user.login_id)),
            Change::RemoveGroup(section, name) => (section, format!("group {name}")),
            Change::RemoveUser(section, login_id) => (section, format!("user {login_id}")),
        };
        by.did(section, Event::SettingsChanged, object, now).with("change", line)
    };
    changes.iter().zip(lines).map(entry).collect()
}

/// What came of a declaration.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The declaration with what it does not name as the sections have it.
    pub declared: Declaration,
    /// Lines that say what was (or would be) changed.
    pub changes: Vec<String>,
    /// Lines that say what its sections are left without.
    pub warnings: Vec<String>,
}

/// Applies a declaration; with `dry_run` it only says what that would change.
///
/// # Errors
/// [`ApplyError`].
pub async fn apply(
    ground: &Ground,
    declared: &Declaration,
    prune: bool,
    dry_run: bool,
    now: Timestamp,
) -> Result<Applied, ApplyError> {
    for _ in 0..RACES {
        if let Some(applied) = apply_as_seen(ground, declared, prune, dry_run, now).await? {
            return Ok(applied);
        }
    }
    Err(ApplyError::Busy)
}

/// The same by how the sections stand now; nothing where somebody changes one of them before that is done.
async fn apply_as_seen(
    ground: &Ground,
    declared: &Declaration,
    prune: bool,
    dry_run: bool,
    now: Timestamp,
) -> Result<Option<Applied>, ApplyError> {
    let store = &ground.store;
    let current = Current::of(store, declared).await?;
    let declared = declared.over(&current)?;
    let mut all = changes(&current, &declared, prune);
    for section in &declared.sections {
        all.extend(secret::change(ground, section, dry_run).await?);
    }
    let (changes, lines): (Vec<Change>, Vec<String>) = all.into_iter().unzip();
    if dry_run {
        // What the database would refuse is refused here too, in the same words.
        store.rehearse(&changes, now).await?;
    } else if !changes.is_empty() {
        let entries = entries(&changes, &lines, now);
        if !store.apply_as_seen(&current.as_of, &changes, &entries, now).await? {
            return Ok(None);
        }
    }
    let warnings = warnings(&current, &declared, prune);
    Ok(Some(Applied { declared, changes: lines, warnings }))
}

#[cfg(test)]
mod tests;
