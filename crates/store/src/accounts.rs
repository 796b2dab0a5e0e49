//! Accounts, by which people sign in (spec X-ACCOUNTS). Passwords and invitations are here as hashes only.

use fubako_base::{
    Timestamp,
    address::compared,
    ids::{AccountId, SectionId},
};

use crate::{
    Store, StoreError,
    audit::Entry,
    members::goes_to,
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    sessions::end_all,
    tx::{Row, Tx, args},
};

/// By what an account is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// An operator's login id.
    Operator(String),
    /// A section's user, by login id.
    User(SectionId, String),
    /// A section's user, by mail address; compared as [`compared`] has it.
    Address(SectionId, String),
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The section whose user it is; none for an operator.
    pub section: Option<SectionId>,
    /// Login id, unique in the section, and among operators. When its user is gone, another's may be the same.
    pub login_id: String,
    /// Whose it is: the user's own id, which is never another's; none for an operator. Compare this, and not the login id, with what is noted of somebody.
    pub member: Option<String>,
    /// Mail address.
    pub address: String,
    /// The name people see; may be empty.
    pub name: String,
    /// Whether the user administers the section.
    pub administrator: bool,
    /// Whether the user may approve what others of the section send.
    pub approver: bool,
    /// The PHC string of the password; none where none is set.
    pub password_hash: Option<String>,
    /// When it was set.
    pub password_set_at: Option<Timestamp>,
    /// Whether it never expires, whatever the section's rule is.
    pub never_expires: bool,
    /// When a password was taken away and none was set since.
    pub reset_at: Option<Timestamp>,
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// When wrong passwords locked it.
    pub locked_at: Option<Timestamp>,
    /// Until when its invitation is good.
    pub invitation_until: Option<Timestamp>,
    /// Since when it has a second factor.
    pub second_factor_at: Option<Timestamp>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}, section {:?})", self.id, self.section)
    }
}

/// What is kept of an invitation: who holds the secret may set the account's password, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewInvitation {
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// Until when it is good.
    pub until: Timestamp,
}

macro_rules! account {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.section, a.login_id, COALESCE(u.address, a.address) AS address, u.name, u.member_id,
                u.administrator,
                u.approver, u.password_never_expires, a.password_hash, a.password_set_at, a.reset_at, a.failures, a.locked_at,
                a.invitation_until,
                (SELECT f.confirmed_at FROM second_factors f WHERE f.account = a.id) AS second_factor_at
            FROM accounts a LEFT JOIN users u ON u.section = a.section AND u.login_id = a.login_id ",
            $rest
        )
    };
}

impl Store {
    /// The account with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account(&self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        self.pool.read(name.clone(), |tx, name| Box::pin(account(tx, name))).await
    }

    /// The account that this invitation (by the SHA-256 of its secret) is for, as long as it is good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn invited(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Account>, StoreError> {
        self.pool
            .read((*hash, now), |tx, (hash, now)| {
                Box::pin(async move {
                    let sql = account!("WHERE a.invitation_hash = $1 AND a.invitation_until > $2");
                    tx.one("accounts", sql, args![hash, *now]).await?.as_ref().map(read_account).transpose()
                })
            })
            .await
    }

    /// The operators, by login id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn operators(&self) -> Result<Vec<Account>, StoreError> {
        self.pool
            .read((), |tx, ()| {
                Box::pin(async move {
                    let sql = account!("WHERE a.section IS NULL ORDER BY a.login_id");
                    tx.all("accounts", sql, args![]).await?.iter().map(read_account).collect()
                })
            })
            .await
    }

    /// Makes an operator, who has no password yet and an invitation to set one. False where there is one with this login id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_operator(
        &self,
        login_id: &str,
        address: &str,
        invitation: NewInvitation,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let args = (AccountId::generate(), login_id.to_owned(), address.to_owned(), invitation, record, now);
        self.pool
            .write(args, |tx, (id, login_id, address, invitation, record, now)| {
                Box::pin(async move {
                    let sql =
                        "INSERT INTO accounts (id, login_id, address, failures, invitation_hash, invitation_until,
                            created_at, changed_at)
                        VALUES ($1, $2, $3, 0, $4, $5, $6, $6) ON CONFLICT DO NOTHING";
                    let values = args![*id, login_id, address, &invitation.hash, invitation.until, *now];
                    record.write_if(tx.run(sql, values).await? == 1, tx).await
                })
            })
            .await
    }

    /// Removes an operator, with sessions, invitation and second factor. False where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_operator(&self, login_id: &str, entry: &Entry) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((login_id.to_owned(), record), |tx, (login_id, record)| {
                Box::pin(async move {
                    // What is the account's goes with it (ON DELETE CASCADE).
                    let sql = "DELETE FROM accounts WHERE section IS NULL AND login_id = $1";
                    record.write_if(tx.run(sql, args![login_id]).await? == 1, tx).await
                })
            })
            .await
    }

    /// Gives an account an invitation in place of its password, in one transaction: what password it has goes, its sessions end, its lock is opened,
    /// and an earlier invitation is void. A user's account is made where there is none yet. `mail` is queued with it, where there is one. Gives the
    /// account as it then is; none where there is no such operator or user, or the mail goes to another address than the user has by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn invite(
        &self,
        name: &AccountName,
        invitation: NewInvitation,
        mail: Option<&NewOutgoing>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write(
                (AccountId::generate(), name.clone(), invitation, mail.cloned(), record, now),
                |tx, (id, name, invitation, mail, record, now)| {
                    Box::pin(async move {
                        if let Some(mail) = mail
                            && !goes_to(tx, name, mail).await?
                        {
                            return Ok(None);
                        }
                        let account = invite(tx, *id, name, *invitation, *now).await?;
                        if let (Some(mail), true) = (mail, account.is_some()) {
                            insert_outgoing(tx, mail, *now).await?;
                        }
                        record.write_if(account.is_some(), tx).await?;
                        Ok(account)
                    })
                },
            )
            .await
    }

    /// Sets the password that an invitation lets be set; the invitation is used up. False where it is not good (any more).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accept_invitation(
        &self,
        hash: &[u8; 32],
        password_hash: &str,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((*hash, password_hash.to_owned(), record, now), |tx, (hash, password_hash, record, now)| {
                Box::pin(async move {
                    let sql =
                        "UPDATE accounts SET password_hash = $2, password_set_at = $3, reset_at = NULL, failures = 0,
                            locked_at = NULL, invitation_hash = NULL, invitation_until = NULL, changed_at = $3
                        WHERE invitation_hash = $1 AND invitation_until > $3";
                    record.write_if(tx.run(sql, args![hash, password_hash, *now]).await? == 1, tx).await
                })
            })
            .await
    }

    /// Opens the lock of an account, and forgets its wrong passwords. False where there is no such account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unlock(&self, name: &AccountName, entry: &Entry, now: Timestamp) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((name.clone(), record, now), |tx, (name, record, now)| {
                Box::pin(async move {
                    let Some(account) = account(tx, name).await? else { return Ok(false) };
                    let sql = "UPDATE accounts SET failures = 0, locked_at = NULL, changed_at = $2 WHERE id = $1";
                    record.write_if(tx.run(sql, args![account.id, *now]).await? == 1, tx).await
                })
            })
            .await
    }

    /// Takes a try at an account's password: counts it as wrong beforehand, and locks the account where that makes it so, in one transaction, so
    /// that tries side by side cannot outrun the limit. `expected_failures` is what the caller saw; false when another try came between, or
    /// the account is locked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_password_try(
        &self,
        id: AccountId,
        expected_failures: u32,
        locked_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((id, expected_failures, locked_at), |tx, (id, expected, locked_at)| {
                Box::pin(async move {
                    let sql = "UPDATE accounts SET failures = failures + 1, locked_at = $3
                        WHERE id = $1 AND failures = $2 AND locked_at IS NULL";
                    Ok(tx.run(sql, args![*id, *expected, *locked_at]).await? == 1)
                })
            })
            .await
    }
}

pub(crate) async fn account(tx: &mut Tx, name: &AccountName) -> Result<Option<Account>, StoreError> {
    let row = match name {
        AccountName::Operator(login_id) => {
            let sql = account!("WHERE a.section IS NULL AND a.login_id = $1");
            tx.one("accounts", sql, args![login_id]).await?
        }
        AccountName::User(section, login_id) => {
            let sql = account!("WHERE a.section = $1 AND a.login_id = $2");
            tx.one("accounts", sql, args![section, login_id]).await?
        }
        AccountName::Address(section, address) => {
            let sql = account!("WHERE a.section = $1 AND u.address_folded = $2 ORDER BY a.login_id LIMIT 1");
            tx.one("accounts", sql, args![section, compared(address)]).await?
        }
    };
    row.as_ref().map(read_account).transpose()
}

pub(crate) async fn account_by_id(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    tx.one("accounts", account!("WHERE a.id = $1"), args![id]).await?.as_ref().map(read_account).transpose()
}

/// A section's accounts, by login id.
pub(crate) async fn accounts_of(tx: &mut Tx, section: &SectionId) -> Result<Vec<Account>, StoreError> {
    let sql = account!("WHERE a.section = $1 ORDER BY a.login_id");
    tx.all("accounts", sql, args![section]).await?.iter().map(read_account).collect()
}

/// The accounts of the section's approvers.
pub(crate) async fn accounts_of_approvers(tx: &mut Tx, section: &SectionId) -> Result<Vec<Account>, StoreError> {
    let sql = account!("WHERE a.section = $1 AND u.approver ORDER BY a.login_id");
    tx.all("accounts", sql, args![section]).await?.iter().map(read_account).collect()
}

/// The accounts of the section's users with this address (as it is compared) and of its default user.
pub(crate) async fn accounts_for_sender(
    tx: &mut Tx,
    section: &SectionId,
    address: &str,
) -> Result<Vec<Account>, StoreError> {
    let sql = account!("WHERE a.section = $1 AND (u.address_folded = $2 OR u.default_user) ORDER BY a.login_id");
    tx.all("accounts", sql, args![section, address]).await?.iter().map(read_account).collect()
}

pub(crate) async fn invite(
    tx: &mut Tx,
    id: AccountId,
    name: &AccountName,
    invitation: NewInvitation,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let made = "INSERT INTO accounts (id, section, login_id, failures, created_at, changed_at)
        SELECT $1, section, login_id, 0, $2, $2 FROM users WHERE section = $3";
    match name {
        AccountName::Operator(_) => 0,
        AccountName::User(section, login_id) => {
            let sql = format!("{made} AND login_id = $4 ON CONFLICT DO NOTHING");
            tx.run_made(sql.into(), args![id, now, section, login_id]).await?
        }
        AccountName::Address(section, address) => {
            let sql = format!("{made} AND address_folded = $4 ON CONFLICT DO NOTHING");
            tx.run_made(sql.into(), args![id, now, section, compared(address)]).await?
        }
    };
    let Some(found) = account(tx, name).await? else { return Ok(None) };
    shut(tx, found.id, now).await?;
    let sql = "UPDATE accounts SET invitation_hash = $2, invitation_until = $3 WHERE id = $1";
    tx.run(sql, args![found.id, &invitation.hash, invitation.until]).await?;
    account(tx, name).await
}

/// Takes away an account's password and invitation, and opens its lock; its sessions end.
pub(crate) async fn shut(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET reset_at = CASE WHEN password_hash IS NULL THEN reset_at ELSE $2 END,
            password_hash = NULL, password_set_at = NULL, failures = 0, locked_at = NULL, invitation_hash = NULL,
            invitation_until = NULL, changed_at = $2
        WHERE id = $1";
    tx.run(sql, args![id, now]).await?;
    end_all(tx, id).await
}

fn read_account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.parse("id")?,
        section: row.parse_opt("section")?,
        login_id: row.get("login_id")?,
        member: row.opt("member_id")?,
        address: row.get("address")?,
        name: row.opt("name")?.unwrap_or_default(),
        administrator: row.opt("administrator")?.unwrap_or_default(),
        approver: row.opt("approver")?.unwrap_or_default(),
        password_hash: row.opt("password_hash")?,
        password_set_at: row.time_opt("password_set_at")?,
        never_expires: row.opt("password_never_expires")?.unwrap_or_default(),
        reset_at: row.time_opt("reset_at")?,
        failures: row.int("failures")?,
        locked_at: row.time_opt("locked_at")?,
        invitation_until: row.time_opt("invitation_until")?,
        second_factor_at: row.time_opt("second_factor_at")?,
    })
}
