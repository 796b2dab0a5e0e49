//! Sections, groups, users.

use std::collections::{BTreeMap, BTreeSet};

use fubako_base::{
    Timestamp,
    address::compared,
    ids::{AccountId, SectionId},
    section::{Access, ApprovalRule, Section, Settings},
};

use crate::{
    Store, StoreError,
    accounts::{Account, accounts_for_sender},
    audit::Entry,
    contracts::is_free,
    members::shut_where_moved,
    tx::{Row, Tx, args},
};

macro_rules! user_columns {
    () => {
        "section, login_id, address, name, group_name, default_user, administrator, approver, password_never_expires"
    };
}
pub(crate) use user_columns;

macro_rules! user {
    ($rest:literal) => {
        concat!("SELECT ", crate::sections::user_columns!(), " FROM users ", $rest)
    };
}
pub(crate) use user;

/// Users in a section who share policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its section.
    pub section: SectionId,
    /// Its name, unique in the section.
    pub name: String,
    /// Whether it is the section's mail-link group (at most one is).
    pub mail_link: bool,
    /// Whether its deposits must be approved (spec X-APPROVAL); none: as the section has it.
    pub approval: Option<ApprovalRule>,
    /// The login ids of those who may approve them; none: every approver of the section.
    pub approvers: Option<Vec<String>>,
    /// How the recipients of what it sends may prove who they are (spec ACCESS); none: as the section has it.
    pub access: Option<Access>,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The section.
    pub section: SectionId,
    /// Login id, unique in the section.
    pub login_id: String,
    /// Mail address, its domain as A-labels; compared as [`fubako_base::address::compared`] has it.
    pub address: String,
    /// The name people see.
    pub name: String,
    /// The group's name.
    pub group: Option<String>,
    /// Whether this is the section's default user (at most one is).
    pub default_user: bool,
    /// Whether the user administers the section (spec X-ADMIN).
    pub administrator: bool,
    /// Whether the user may approve what others of the section send (spec X-APPROVAL).
    pub approver: bool,
    /// Whether the password never expires, whatever the section's rule is (spec X-ACCOUNTS).
    pub password_never_expires: bool,
}

/// The accounts that decide who deposits a mail of one sender (spec MAIL-SENDER).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SenderAccounts {
    /// The name of the section's mail-link group.
    pub mail_link_group: Option<String>,
    /// The users with the sender's address, or with the same without a tag, by login id.
    pub users: Vec<User>,
    /// The section's default user.
    pub default_user: Option<User>,
    /// The accounts of all these, as far as they have one: who was never invited has none.
    pub accounts: Vec<Account>,
}

/// One change that `fubako apply` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Makes the section or sets all of it, its domains included.
    PutSection(Box<Section>),
    /// Keeps the section's secret for the secret header (spec RCV-TENANT), sealed by the vault as `secret-header`; none takes it away.
    PutSecret(SectionId, Option<Vec<u8>>),
    /// Makes the group or sets it.
    PutGroup(Group),
    /// Makes the user or sets it.
    PutUser(User),
    /// Removes a group that is no longer declared.
    RemoveGroup(SectionId, String),
    /// Removes a user that is no longer declared.
    RemoveUser(SectionId, String),
}

impl Change {
    /// The section that it is of.
    const fn section(&self) -> &SectionId {
        match self {
            Self::PutSection(section) => &section.id,
            Self::PutSecret(section, _) | Self::RemoveGroup(section, _) | Self::RemoveUser(section, _) => section,
            Self::PutGroup(group) => &group.section,
            Self::PutUser(user) => &user.section,
        }
    }
}

impl Store {
    /// Every section, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sections(&self) -> Result<Vec<Section>, StoreError> {
        self.pool
            .read((), |tx, ()| Box::pin(async move { read_sections(&tx.all("sections", SECTIONS, args![]).await?) }))
            .await
    }

    /// The section with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section(&self, id: &SectionId) -> Result<Option<Section>, StoreError> {
        self.pool.read(id.clone(), |tx, id| Box::pin(one_section(tx, id))).await
    }

    /// The section that registered this domain (an A-label in lower case), in use or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_of_domain(&self, domain: &str) -> Result<Option<Section>, StoreError> {
        self.pool
            .read(domain.to_owned(), |tx, domain| {
                Box::pin(async move {
                    let rows = tx.all("sections", SECTION_OF_DOMAIN, args![domain]).await?;
                    Ok(read_sections(&rows)?.pop())
                })
            })
            .await
    }

    /// Domains that other sections registered and that lie below this section's own (spec RCV-ALIGN).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn foreign_domains(&self, section: &SectionId) -> Result<Vec<String>, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    let sql = "SELECT DISTINCT other.domain FROM domains own JOIN domains other
                            ON other.section <> own.section AND other.domain LIKE '%.' || own.domain
                        WHERE own.section = $1 ORDER BY other.domain";
                    tx.all("domains", sql, args![section]).await?.iter().map(|row| row.get("domain")).collect()
                })
            })
            .await
    }

    /// The section's secret for the secret header, as it was sealed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed_secret(&self, section: &SectionId) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    let sql = "SELECT sealed_secret FROM sections WHERE id = $1";
                    let row = tx.one("sections", sql, args![section]).await?;
                    row.map_or(Ok(None), |row| row.opt("sealed_secret"))
                })
            })
            .await
    }

    /// A section's groups, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn groups(&self, section: &SectionId) -> Result<Vec<Group>, StoreError> {
        self.pool.read(section.clone(), |tx, section| Box::pin(async move { read_groups(tx, section).await })).await
    }

    /// A section's users, by login id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(&self, section: &SectionId) -> Result<Vec<User>, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    let sql = user!("WHERE section = $1 ORDER BY login_id");
                    tx.all("users", sql, args![section]).await?.iter().map(read_user).collect()
                })
            })
            .await
    }

    /// What a section has of accounts where a mail from the first of these addresses is concerned that any user has ([`fubako_base::address::senders`]).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sender_accounts(
        &self,
        section: &SectionId,
        addresses: &[String],
    ) -> Result<SenderAccounts, StoreError> {
        self.pool
            .read((section.clone(), addresses.to_vec()), |tx, (section, addresses)| {
                Box::pin(async move {
                    let sql = "SELECT name FROM user_groups WHERE section = $1 AND mail_link";
                    let group = tx.one("user_groups", sql, args![section]).await?;
                    let (address, users) = users_of_first(tx, section, addresses).await?;
                    let sql = user!("WHERE section = $1 AND default_user");
                    let default_user = tx.one("users", sql, args![section]).await?;
                    Ok(SenderAccounts {
                        mail_link_group: group.map(|row| row.get("name")).transpose()?,
                        users,
                        default_user: default_user.as_ref().map(read_user).transpose()?,
                        accounts: accounts_for_sender(tx, section, &address).await?,
                    })
                })
            })
            .await
    }

    /// Makes the changes, all or none, and records them. Their order does not matter: what counts is how things stand when all are made,
    /// so a domain can move from one section to another, and another group become the mail-link group, in one call. A user who gets another address
    /// is out: password, invitation, second factor and sessions were given to whoever has the old one.
    ///
    /// # Errors
    /// [`StoreError::DomainTaken`]; [`StoreError::AddressTaken`]; [`StoreError::GroupAwaited`]; [`StoreError::Refused`] for a second mail-link group or default
    /// user, a group that still has users, a section or group that is not there.
    pub async fn apply(&self, changes: &[Change], entries: &[Entry], now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((changes.to_vec(), self.recording(entries)?, now), |tx, (changes, record, now)| {
                Box::pin(async move {
                    apply(tx, changes, *now).await?;
                    record.write(tx).await
                })
            })
            .await
    }

    /// [`Store::apply`] of changes that were decided by how sections stood when each was last changed at the time beside it
    /// ([`crate::members::Staff::as_of`]); none where it was not there. False, and nothing is done, where anybody changed or made one of them meanwhile.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn apply_as_seen(
        &self,
        seen: &[(SectionId, Option<Timestamp>)],
        changes: &[Change],
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // In the order in which sections are held, so that nobody waits in a circle.
        let mut seen = seen.to_vec();
        seen.sort();
        self.pool
            .write((seen, changes.to_vec(), self.recording(entries)?, now), |tx, (seen, changes, record, now)| {
                Box::pin(async move {
                    for (section, as_of) in seen {
                        let stands = match as_of {
                            Some(as_of) => stands_as_of(tx, section, *as_of).await?,
                            None => is_free(tx, section).await?,
                        };
                        if !stands {
                            return Ok(false);
                        }
                    }
                    apply(tx, changes, *now).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Makes the changes and undoes them all: whether [`Store::apply`] would make them.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn rehearse(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((changes.to_vec(), now), |tx, (changes, now)| {
                Box::pin(async move {
                    tx.script("SAVEPOINT rehearsal").await?;
                    apply(tx, changes, *now).await?;
                    tx.script("ROLLBACK TO SAVEPOINT rehearsal").await
                })
            })
            .await
    }
}

const SECTIONS: &str = "SELECT s.id, s.name, s.enabled, s.mail_link, s.autopilot, s.settings, d.domain
    FROM sections s LEFT JOIN domains d ON d.section = s.id
    ORDER BY s.id, d.position";

const ONE_SECTION: &str = "SELECT s.id, s.name, s.enabled, s.mail_link, s.autopilot, s.settings, d.domain
    FROM sections s LEFT JOIN domains d ON d.section = s.id
    WHERE s.id = $1 ORDER BY s.id, d.position";

const SECTION_OF_DOMAIN: &str = "SELECT s.id, s.name, s.enabled, s.mail_link, s.autopilot, s.settings, d.domain
    FROM domains asked JOIN sections s ON s.id = asked.section LEFT JOIN domains d ON d.section = s.id
    WHERE asked.domain = $1 ORDER BY s.id, d.position";

pub(crate) async fn one_section(tx: &mut Tx, id: &SectionId) -> Result<Option<Section>, StoreError> {
    Ok(read_sections(&tx.all("sections", ONE_SECTION, args![id]).await?)?.pop())
}

/// Sections from rows of which each has one of their domains.
fn read_sections(rows: &[Row]) -> Result<Vec<Section>, StoreError> {
    let mut sections: Vec<Section> = Vec::new();
    for row in rows {
        let id: SectionId = row.parse("id")?;
        if sections.last().is_none_or(|last| last.id != id) {
            sections.push(Section {
                id,
                name: row.get("name")?,
                enabled: row.get("enabled")?,
                mail_link: row.get("mail_link")?,
                autopilot: row.get("autopilot")?,
                domains: Vec::new(),
                settings: read_settings(row)?,
            });
        }
        if let (Some(section), Some(domain)) = (sections.last_mut(), row.opt::<String>("domain")?) {
            section.domains.push(domain);
        }
    }
    Ok(sections)
}

/// Settings that a newer node wrote may have more of them: those are passed over while both are running.
fn read_settings(row: &Row) -> Result<Settings, StoreError> {
    let mut kept: serde_json::Map<String, serde_json::Value> = row.json("settings")?;
    if let Ok(serde_json::Value::Object(known)) = serde_json::to_value(Settings::default()) {
        kept.retain(|name, _| known.contains_key(name));
    }
    serde_json::from_value(kept.into()).map_err(|_| row.corrupt())
}

/// The first of the addresses that any user has, as it is compared, and these users; no address and nobody where none is a user's.
async fn users_of_first(
    tx: &mut Tx,
    section: &SectionId,
    addresses: &[String],
) -> Result<(String, Vec<User>), StoreError> {
    for address in addresses {
        let address = compared(address);
        // Not by the column itself: for its order SQLite would go through the whole section, by the primary key.
        let sql = user!("WHERE section = $1 AND address_folded = $2 ORDER BY login_id || ''");
        let users = tx.all("users", sql, args![section, &address]).await?;
        if !users.is_empty() {
            return Ok((address, users.iter().map(read_user).collect::<Result<_, _>>()?));
        }
    }
    Ok((String::new(), Vec::new()))
}

pub(crate) fn read_user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        section: row.parse("section")?,
        login_id: row.get("login_id")?,
        address: row.get("address")?,
        name: row.get("name")?,
        group: row.opt("group_name")?,
        default_user: row.get("default_user")?,
        administrator: row.get("administrator")?,
        approver: row.get("approver")?,
        password_never_expires: row.get("password_never_expires")?,
    })
}

/// Whether a section, and who belongs to it, stands as it did at a time; it is held so to the commit.
pub(crate) async fn stands_as_of(tx: &mut Tx, section: &SectionId, as_of: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE sections SET changed_at = changed_at WHERE id = $1 AND changed_at = $2";
    Ok(tx.run(sql, args![section, as_of]).await? > 0)
}

/// That a section, or who belongs to it, changes: its row is held to the commit, and its time is later than it was, whatever the clock says.
async fn turn_over(tx: &mut Tx, section: &SectionId, now: Timestamp) -> Result<(), StoreError> {
    let sql =
        "UPDATE sections SET changed_at = CASE WHEN changed_at < $2 THEN $2 ELSE changed_at + 1 END WHERE id = $1";
    tx.run(sql, args![section, now]).await.map(drop)
}

/// First what gives something up (domains, the mail-link group's and default user's place, users), then what takes it,
/// last the groups that nobody is in any more.
pub(crate) async fn apply(tx: &mut Tx, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
    // In one order, so that nobody waits in a circle.
    let sections: BTreeSet<&SectionId> = changes.iter().map(Change::section).collect();
    for section in sections {
        turn_over(tx, section, now).await?;
    }
    for change in changes {
        match change {
            Change::PutSection(section) => put_section(tx, section, now).await?,
            Change::PutGroup(group) if !group.mail_link => put_group(tx, group, now).await?,
            Change::RemoveGroup(section, name) => {
                let sql = "UPDATE user_groups SET mail_link = FALSE WHERE section = $1 AND name = $2 AND mail_link";
                tx.run(sql, args![section, name]).await?;
            }
            Change::RemoveUser(section, login_id) => {
                tx.run("DELETE FROM users WHERE section = $1 AND login_id = $2", args![section, login_id]).await?;
            }
            Change::PutGroup(_) | Change::PutUser(_) | Change::PutSecret(..) => {}
        }
    }
    for change in changes {
        match change {
            Change::PutSection(section) => put_domains(tx, section).await?,
            Change::PutGroup(group) if group.mail_link => put_group(tx, group, now).await?,
            Change::PutSecret(section, sealed) => put_secret(tx, section, sealed.as_deref()).await?,
            _ => {}
        }
    }
    let mut users: Vec<&User> = changes
        .iter()
        .filter_map(|change| if let Change::PutUser(user) = change { Some(user) } else { None })
        .collect();
    users.sort_by_key(|user| user.default_user);
    for user in &users {
        shut_where_moved(tx, user, now).await?;
        put_user(tx, user, now).await?;
    }
    for user in &users {
        alone_with_its_address(tx, user).await?;
    }
    for change in changes {
        if let Change::RemoveGroup(section, name) = change {
            if let Some((group, deposits)) = awaited_groups(tx, section).await?.remove_entry(name) {
                return Err(StoreError::GroupAwaited { section: section.clone(), group, deposits });
            }
            tx.run("DELETE FROM user_groups WHERE section = $1 AND name = $2", args![section, name]).await?;
        }
    }
    Ok(())
}

/// How many deposits wait for the approvers of each of a section's groups, where any do.
pub(crate) async fn awaited_groups(tx: &mut Tx, section: &SectionId) -> Result<BTreeMap<String, usize>, StoreError> {
    let sql = "SELECT approval_group, COUNT(*) AS deposits FROM deposits
        WHERE section = $1 AND state = 'waiting' AND approval_group IS NOT NULL GROUP BY approval_group";
    let rows = tx.all("deposits", sql, args![section]).await?;
    rows.iter().map(|row| Ok((row.get("approval_group")?, row.int("deposits")?))).collect()
}

/// A section's groups, by name.
pub(crate) async fn read_groups(tx: &mut Tx, section: &SectionId) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT name, mail_link, approval, approvers, access FROM user_groups WHERE section = $1 ORDER BY name";
    let rows = tx.all("user_groups", sql, args![section]).await?;
    let read = |row: &Row| {
        Ok(Group {
            section: section.clone(),
            name: row.get("name")?,
            mail_link: row.get("mail_link")?,
            approval: row.parse_opt("approval")?,
            approvers: row.opt::<&str>("approvers")?.map(|_| row.json("approvers")).transpose()?,
            access: row.opt::<&str>("access")?.map(|_| row.json("access")).transpose()?,
        })
    };
    rows.iter().map(read).collect()
}

async fn put_section(tx: &mut Tx, section: &Section, now: Timestamp) -> Result<(), StoreError> {
    let settings = serde_json::to_string(&section.settings).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(
        "INSERT INTO sections (id, name, enabled, mail_link, autopilot, settings, created_at, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled,
                mail_link = excluded.mail_link, autopilot = excluded.autopilot, settings = excluded.settings",
        args![&section.id, &section.name, section.enabled, section.mail_link, section.autopilot, settings, now],
    )
    .await?;
    tx.run("DELETE FROM domains WHERE section = $1", args![&section.id]).await?;
    Ok(())
}

async fn put_secret(tx: &mut Tx, section: &SectionId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    let sql = "UPDATE sections SET sealed_secret = $2 WHERE id = $1";
    match tx.run(sql, args![section, sealed]).await? {
        1 => Ok(()),
        _ => Err(StoreError::Refused(format!("there is no section {section}"))),
    }
}

async fn put_domains(tx: &mut Tx, section: &Section) -> Result<(), StoreError> {
    for (domain, position) in section.domains.iter().zip(1u32..) {
        let sql = "INSERT INTO domains (domain, section, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        if tx.run(sql, args![domain, &section.id, position]).await? == 1 {
            continue;
        }
        let sql = "SELECT section FROM domains WHERE domain = $1";
        let owner: Option<SectionId> =
            tx.one("domains", sql, args![domain]).await?.map(|row| row.parse("section")).transpose()?;
        // Named twice by the section itself: once is enough.
        if owner.as_ref() != Some(&section.id) {
            return Err(StoreError::DomainTaken(domain.clone()));
        }
    }
    Ok(())
}

async fn put_group(tx: &mut Tx, group: &Group, now: Timestamp) -> Result<(), StoreError> {
    let approvers = group.approvers.as_ref().map(serde_json::to_string).transpose();
    let approvers = approvers.map_err(|error| StoreError::Refused(error.to_string()))?;
    let access = group.access.as_ref().map(serde_json::to_string).transpose();
    let access = access.map_err(|error| StoreError::Refused(error.to_string()))?;
    let approval = group.approval.map(ApprovalRule::name);
    tx.run(
        "INSERT INTO user_groups (section, name, mail_link, created_at, changed_at, approval, approvers, access)
            VALUES ($1, $2, $3, $4, $4, $5, $6, $7)
            ON CONFLICT (section, name) DO UPDATE SET mail_link = excluded.mail_link, changed_at = excluded.changed_at,
                approval = excluded.approval, approvers = excluded.approvers,
                access = excluded.access",
        args![&group.section, &group.name, group.mail_link, now, approval, approvers, access],
    )
    .await?;
    Ok(())
}

async fn put_user(tx: &mut Tx, user: &User, now: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO users (section, login_id, address, address_folded, name, group_name, default_user, created_at,
                changed_at, administrator, password_never_expires, approver, member_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12)
            ON CONFLICT (section, login_id) DO UPDATE SET address = excluded.address,
                address_folded = excluded.address_folded, name = excluded.name, group_name = excluded.group_name,
                default_user = excluded.default_user, changed_at = excluded.changed_at,
                administrator = excluded.administrator, password_never_expires = excluded.password_never_expires,
                approver = excluded.approver, member_id = COALESCE(users.member_id, excluded.member_id)",
        args![
            &user.section,
            &user.login_id,
            &user.address,
            compared(&user.address),
            &user.name,
            user.group.as_ref(),
            user.default_user,
            now,
            user.administrator,
            user.password_never_expires,
            user.approver,
            AccountId::generate().to_string(),
        ],
    )
    .await?;
    Ok(())
}

/// That no other user of the section has this one's address: a mail's sender is one user (spec MAIL-SENDER).
async fn alone_with_its_address(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    // Not by the column itself: for its order SQLite would go through the whole section, by the primary key.
    let sql = "SELECT login_id FROM users WHERE section = $1 AND address_folded = $2 AND login_id <> $3
        ORDER BY login_id || ''";
    match tx.one("users", sql, args![&user.section, compared(&user.address), &user.login_id]).await? {
        Some(other) => Err(StoreError::AddressTaken {
            section: user.section.clone(),
            address: user.address.clone(),
            users: [user.login_id.clone(), other.get("login_id")?],
        }),
        None => Ok(()),
    }
}
