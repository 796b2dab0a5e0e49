//! Who belongs to a section, as its administrators see and change it (spec X-ADMIN, X-ACCOUNTS).

use std::collections::BTreeMap;

use fubako_base::{
    Timestamp,
    address::compared,
    ids::{AccountId, SectionId},
};

use crate::{
    Store, StoreError,
    accounts::{Account, AccountName, NewInvitation, accounts_of, invite, shut},
    audit::Entry,
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    second_factor::take_away,
    sections::{Change, Group, User, apply, awaited_groups, read_groups, read_user, stands_as_of, user},
    tx::{Tx, args},
};

/// All who belong to a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Its groups, by name.
    pub groups: Vec<Group>,
    /// Its users, by login id.
    pub users: Vec<User>,
    /// How many deposits wait for the approvers of a group, where any do.
    pub awaited: BTreeMap<String, usize>,
    /// The accounts of users who have one: who was never invited has none.
    pub accounts: Vec<Account>,
    /// When the section or any of these was last changed, so that what is decided by them is done to none other ([`Store::apply_as_of`]). Each change has
    /// a later time than the one before it.
    pub as_of: Timestamp,
}

/// A user who is invited anew, and the mail that has the invitation.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Their login id.
    pub login_id: String,
    /// The invitation.
    pub invitation: NewInvitation,
    /// The mail.
    pub mail: NewOutgoing,
}

impl Store {
    /// A section's groups by name, users by login id, and accounts; a section that is not there has nobody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn staff(&self, section: &SectionId) -> Result<Staff, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    // First, so that what is changed while the rest is read is newer than this.
                    let sql = "SELECT changed_at FROM sections WHERE id = $1";
                    let as_of = tx.one("sections", sql, args![section]).await?;
                    let sql = user!("WHERE section = $1 ORDER BY login_id");
                    let users = tx.all("users", sql, args![section]).await?;
                    Ok(Staff {
                        as_of: as_of.map_or(Ok(Timestamp(0)), |row| row.time("changed_at"))?,
                        groups: read_groups(tx, section).await?,
                        awaited: awaited_groups(tx, section).await?,
                        users: users.iter().map(read_user).collect::<Result<_, _>>()?,
                        accounts: accounts_of(tx, section).await?,
                    })
                })
            })
            .await
    }

    /// [`Store::apply`] of changes to a section's groups and users that were decided by how these stood `as_of` a time ([`Staff::as_of`]). False, and nothing
    /// is done, where anybody changed them meanwhile: of two who decide by the same one is done, and the other decides again. Users whose address is another
    /// then are `invited` anew with it.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn apply_as_of(
        &self,
        section: &SectionId,
        as_of: Timestamp,
        changes: &[Change],
        invited: &[Invited],
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = (section.clone(), as_of, changes.to_vec(), invited.to_vec(), self.recording(entries)?, now);
        self.pool
            .write(args, |tx, (section, as_of, changes, invited, record, now)| {
                Box::pin(async move {
                    if !stands_as_of(tx, section, *as_of).await? {
                        return Ok(false);
                    }
                    apply(tx, changes, *now).await?;
                    invite_all(tx, section, invited, *now).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }
}

/// Gives users of a section invitations, and queues the mails that have them.
pub(crate) async fn invite_all(
    tx: &mut Tx,
    section: &SectionId,
    invited: &[Invited],
    now: Timestamp,
) -> Result<(), StoreError> {
    for Invited { login_id, invitation, mail } in invited {
        let name = AccountName::User(section.clone(), login_id.clone());
        invite(tx, AccountId::generate(), &name, *invitation, now).await?;
        insert_outgoing(tx, mail, now).await?;
    }
    Ok(())
}

/// Holds a section's row to the commit: nobody changes who belongs to it meanwhile.
async fn hold(tx: &mut Tx, section: &SectionId) -> Result<(), StoreError> {
    tx.run("UPDATE sections SET changed_at = changed_at WHERE id = $1", args![section]).await.map(drop)
}

/// Where a user is about to get another address: nothing by which anybody could sign in as them stays good, the second factor included. What is sent to the
/// new address is for whoever reads it, and that must be shown anew.
pub(crate) async fn shut_where_moved(tx: &mut Tx, user: &User, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT a.id FROM accounts a JOIN users u ON u.section = a.section AND u.login_id = a.login_id
        WHERE a.section = $1 AND a.login_id = $2 AND u.address_folded <> $3 AND u.address <> $4";
    let values = args![&user.section, &user.login_id, compared(&user.address), &user.address];
    let moved = tx.one("accounts", sql, values).await?;
    let Some(row) = moved else { return Ok(()) };
    let id = row.parse("id")?;
    shut(tx, id, now).await?;
    take_away(tx, id).await.map(drop)
}

/// Whether a mail for a user goes to the address that they have; held so to the commit.
pub(crate) async fn goes_to(tx: &mut Tx, name: &AccountName, mail: &NewOutgoing) -> Result<bool, StoreError> {
    let AccountName::User(section, login_id) = name else { return Ok(true) };
    hold(tx, section).await?;
    let sql = "SELECT address_folded FROM users WHERE section = $1 AND login_id = $2";
    let Some(row) = tx.one("users", sql, args![section, login_id]).await? else { return Ok(false) };
    let address: String = row.get("address_folded")?;
    Ok(mail.deliveries.iter().all(|delivery| compared(&delivery.recipient) == address))
}
