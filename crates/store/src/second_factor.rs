//! Second factors (spec X-ACCOUNTS): the keys of authenticator apps, sealed; recovery codes, hashed; and sign-ins that are half open, of whoever gave the
//! right password and owes a code.
//!
//! A code is used up in the transaction of what it is good for: of two that come with the same one, side by side, one gets it.

use fubako_base::{Timestamp, ids::AccountId};

use crate::{
    Store, StoreError,
    accounts::{Account, AccountName, NewInvitation, account, account_by_id, invite},
    audit::Entry,
    sessions::{Session, begin_only, insert_session},
    tx::{Row, Tx, args},
};

/// What an account's second factor is, whether or not it counts yet.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The key, sealed.
    pub sealed_secret: Vec<u8>,
    /// When the key was made.
    pub made_at: Timestamp,
    /// Since when it counts; none where no right code was entered yet.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was used.
    pub last_step: Option<i64>,
    /// SHA-256 of each recovery code that was not used yet.
    pub recovery: Vec<[u8; 32]>,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecondFactor(since {:?}, {} recovery codes)", self.confirmed_at, self.recovery.len())
    }
}

/// A right code, as it is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// The app's, of this step: it, and all before it, are not good again.
    Step(i64),
    /// A recovery code, by its hash.
    Recovery([u8; 32]),
}

/// A sign-in that is half open: the password was right, and a code is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// When the password was right.
    pub made_at: Timestamp,
    /// The IP address that it came from.
    pub address: String,
}

impl Store {
    /// An account's second factor, whether or not it counts yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn second_factor(&self, id: AccountId) -> Result<Option<SecondFactor>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let sql = "SELECT sealed_secret, made_at, confirmed_at, last_step FROM second_factors
                        WHERE account = $1";
                    let Some(row) = tx.one("second_factors", sql, args![*id]).await? else { return Ok(None) };
                    let sql = "SELECT code_hash FROM recovery_codes WHERE account = $1 ORDER BY code_hash";
                    let codes = tx.all("recovery_codes", sql, args![*id]).await?;
                    let recovery: Result<Vec<[u8; 32]>, StoreError> =
                        codes.iter().map(|row| row.digest("code_hash")).collect();
                    Ok(Some(read_second_factor(&row, recovery?)?))
                })
            })
            .await
    }

    /// The password was right: wrong ones are forgotten, and a key is kept that does not count yet, in place of one before it. False where the
    /// password is another by now, or a second factor counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_second_factor(
        &self,
        id: AccountId,
        password_hash: &str,
        sealed_secret: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write(
                (id, password_hash.to_owned(), sealed_secret.to_vec(), now),
                |tx, (id, password_hash, sealed, now)| {
                    Box::pin(async move {
                        lock(tx, *id).await?;
                        let sql = "INSERT INTO second_factors (account, sealed_secret, made_at) VALUES ($1, $2, $3)
                            ON CONFLICT (account) DO UPDATE SET sealed_secret = excluded.sealed_secret,
                                made_at = excluded.made_at
                            WHERE second_factors.confirmed_at IS NULL";
                        // Where one counts, the password alone forgets nothing.
                        Ok(tx.run(sql, args![*id, &*sealed, *now]).await? == 1
                            && forget_failures(tx, *id, password_hash).await?)
                    })
                },
            )
            .await
    }

    /// A right code was entered: from now on the key that is kept sealed so counts. The code of this step is used up, recovery codes are kept, all sessions
    /// end, and `session` begins, in one transaction. False where that key is not there (any more), or counts already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn confirm_second_factor(
        &self,
        id: AccountId,
        sealed_secret: &[u8],
        step: i64,
        recovery: &[[u8; 32]],
        session: &Session,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let args = (id, sealed_secret.to_vec(), step, recovery.to_vec(), session.clone(), record);
        self.pool
            .write(args, |tx, (id, sealed, step, recovery, session, record)| {
                Box::pin(async move {
                    lock(tx, *id).await?;
                    let sql = "UPDATE second_factors SET confirmed_at = $3, last_step = $4
                        WHERE account = $1 AND sealed_secret = $2 AND confirmed_at IS NULL";
                    if tx.run(sql, args![*id, &*sealed, session.made_at, *step]).await? == 0 {
                        return Ok(false);
                    }
                    insert_recovery(tx, *id, recovery).await?;
                    begin_only(tx, *id, session).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Password and code were right: other recovery codes are kept in place of those that are there, the code of this step is used up, and wrong tries are
    /// forgotten, in one transaction. False where the code is not good any more, or the password is another by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_recovery_codes(
        &self,
        id: AccountId,
        password_hash: &str,
        step: i64,
        recovery: &[[u8; 32]],
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let args = (id, password_hash.to_owned(), step, recovery.to_vec(), record);
        self.pool
            .write(args, |tx, (id, password_hash, step, recovery, record)| {
                Box::pin(async move {
                    lock(tx, *id).await?;
                    if !use_up(tx, *id, Used::Step(*step)).await? || !forget_failures(tx, *id, password_hash).await? {
                        return Ok(false);
                    }
                    tx.run("DELETE FROM recovery_codes WHERE account = $1", args![*id]).await?;
                    insert_recovery(tx, *id, recovery).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Password and code were right: the second factor goes, with its recovery codes; wrong tries are forgotten, all sessions end, and `session` begins, in one
    /// transaction. False where the code is not good any more, or the password is another by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_second_factor(
        &self,
        id: AccountId,
        password_hash: &str,
        used: Used,
        session: &Session,
        entries: &[Entry],
    ) -> Result<bool, StoreError> {
        let record = self.recording(entries)?;
        self.pool
            .write(
                (id, password_hash.to_owned(), used, session.clone(), record),
                |tx, (id, password_hash, used, session, record)| {
                    Box::pin(async move {
                        lock(tx, *id).await?;
                        if !use_up(tx, *id, *used).await? || !forget_failures(tx, *id, password_hash).await? {
                            return Ok(false);
                        }
                        tx.run("DELETE FROM second_factors WHERE account = $1", args![*id]).await?;
                        begin_only(tx, *id, session).await?;
                        record.write_if(true, tx).await
                    })
                },
            )
            .await
    }

    /// Takes an account's second factor away, and ends what is half open. False where there is no such account, or it has none that counts; one that does
    /// not count yet goes too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_second_factor(&self, name: &AccountName, entry: &Entry) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((name.clone(), record), |tx, (name, record)| {
                Box::pin(async move {
                    let Some(account) = account(tx, name).await? else { return Ok(false) };
                    lock(tx, account.id).await?;
                    let had = take_away(tx, account.id).await?;
                    record.write_if(had, tx).await
                })
            })
            .await
    }

    /// [`Store::invite`] without a mail for whoever lost their second factor too: it goes in the same transaction, and `off` is recorded where there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reset(
        &self,
        name: &AccountName,
        invitation: NewInvitation,
        entry: &Entry,
        off: &Entry,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let without = self.recording(std::slice::from_ref(entry))?;
        let with = self.recording(&[entry.clone(), off.clone()])?;
        self.pool
            .write(
                (AccountId::generate(), name.clone(), invitation, without, with, now),
                |tx, (id, name, invitation, without, with, now)| {
                    Box::pin(async move {
                        let Some(found) = invite(tx, *id, name, *invitation, *now).await? else { return Ok(None) };
                        let record = if take_away(tx, found.id).await? { with } else { without };
                        record.write_if(true, tx).await?;
                        account(tx, name).await
                    })
                },
            )
            .await
    }

    /// The password was right, and a code is owed: a sign-in is half open, and the try is given back. (Wrong ones before it stay counted until the code
    /// is right.) False where the account's password is not (any more) the one whose hash was compared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_half(&self, id: AccountId, password_hash: &str, half: &Half) -> Result<bool, StoreError> {
        self.pool
            .write((id, password_hash.to_owned(), half.clone()), |tx, (id, password_hash, half)| {
                Box::pin(async move {
                    if !give_back(tx, *id, password_hash).await? {
                        return Ok(false);
                    }
                    let sql =
                        "INSERT INTO half_sign_ins (half_hash, account, made_at, address) VALUES ($1, $2, $3, $4)";
                    tx.run(sql, args![&half.hash, *id, half.made_at, &half.address]).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// What is half open with this hash, good or not, and its account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn half(&self, hash: &[u8; 32]) -> Result<Option<(Half, Account)>, StoreError> {
        self.pool
            .read(*hash, |tx, hash| {
                Box::pin(async move {
                    let sql = "SELECT half_hash, account, made_at, address FROM half_sign_ins WHERE half_hash = $1";
                    let Some(row) = tx.one("half_sign_ins", sql, args![hash]).await? else { return Ok(None) };
                    let half = Half {
                        hash: row.digest("half_hash")?,
                        made_at: row.time("made_at")?,
                        address: row.get("address")?,
                    };
                    Ok(account_by_id(tx, row.parse("account")?).await?.map(|account| (half, account)))
                })
            })
            .await
    }

    /// The code was right: what was half open is a session now, the code is used up, and wrong tries are forgotten, in one transaction. False where the code is
    /// not good any more, or nothing is half open with this hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn complete_sign_in(
        &self,
        half: &[u8; 32],
        id: AccountId,
        used: Used,
        session: &Session,
        entries: &[Entry],
    ) -> Result<bool, StoreError> {
        let record = self.recording(entries)?;
        self.pool
            .write((*half, id, used, session.clone(), record), |tx, (half, id, used, session, record)| {
                Box::pin(async move {
                    lock(tx, *id).await?;
                    // Nobody loses a code for what is not there any more.
                    let sql = "SELECT half_hash FROM half_sign_ins WHERE half_hash = $1 AND account = $2";
                    let there = tx.one("half_sign_ins", sql, args![&*half, *id]).await?.is_some();
                    if !there || !use_up(tx, *id, *used).await? {
                        return Ok(false);
                    }
                    tx.run("DELETE FROM half_sign_ins WHERE half_hash = $1", args![&*half]).await?;
                    tx.run("UPDATE accounts SET failures = 0, locked_at = NULL WHERE id = $1", args![*id]).await?;
                    insert_session(tx, *id, session).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Forgets what was half open before this time; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_halves(&self, made_before: Timestamp) -> Result<u64, StoreError> {
        self.pool
            .write(made_before, |tx, made_before| {
                Box::pin(
                    async move { tx.run("DELETE FROM half_sign_ins WHERE made_at < $1", args![*made_before]).await },
                )
            })
            .await
    }
}

/// Holds an account's row first, as whatever changes a password does: so nobody waits in a circle for what hangs on it.
pub(crate) async fn lock(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run("UPDATE accounts SET failures = failures WHERE id = $1", args![id]).await.map(drop)
}

/// Whether an account has a second factor that counts.
pub(crate) async fn counts(tx: &mut Tx, id: AccountId) -> Result<bool, StoreError> {
    let sql = "SELECT account FROM second_factors WHERE account = $1 AND confirmed_at IS NOT NULL";
    Ok(tx.one("second_factors", sql, args![id]).await?.is_some())
}

/// Uses a code up. False where it was used already, or is none of the account's.
pub(crate) async fn use_up(tx: &mut Tx, id: AccountId, used: Used) -> Result<bool, StoreError> {
    let changed = match used {
        Used::Step(step) => {
            let sql = "UPDATE second_factors SET last_step = $2
                WHERE account = $1 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $2)";
            tx.run(sql, args![id, step]).await?
        }
        Used::Recovery(hash) => {
            tx.run("DELETE FROM recovery_codes WHERE account = $1 AND code_hash = $2", args![id, &hash]).await?
        }
    };
    Ok(changed == 1)
}

/// Gives one try back that was counted beforehand and was right. A lock that is there came by counting it: without it there is one less than locks. False where
/// the password is another by now.
pub(crate) async fn give_back(tx: &mut Tx, id: AccountId, password_hash: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE accounts SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END, locked_at = NULL
        WHERE id = $1 AND password_hash = $2";
    Ok(tx.run(sql, args![id, password_hash]).await? == 1)
}

/// Forgets wrong tries. False where the password is another by now.
async fn forget_failures(tx: &mut Tx, id: AccountId, password_hash: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE accounts SET failures = 0, locked_at = NULL WHERE id = $1 AND password_hash = $2";
    Ok(tx.run(sql, args![id, password_hash]).await? == 1)
}

async fn insert_recovery(tx: &mut Tx, id: AccountId, recovery: &[[u8; 32]]) -> Result<(), StoreError> {
    for hash in recovery {
        tx.run("INSERT INTO recovery_codes (account, code_hash) VALUES ($1, $2)", args![id, hash]).await?;
    }
    Ok(())
}

/// Whether there was one that counted.
pub(crate) async fn take_away(tx: &mut Tx, id: AccountId) -> Result<bool, StoreError> {
    tx.run("DELETE FROM second_factors WHERE account = $1 AND confirmed_at IS NULL", args![id]).await?;
    let had = tx.run("DELETE FROM second_factors WHERE account = $1", args![id]).await? == 1;
    end_halves(tx, id).await?;
    Ok(had)
}

/// Ends what is half open.
pub(crate) async fn end_halves(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run("DELETE FROM half_sign_ins WHERE account = $1", args![id]).await.map(drop)
}

fn read_second_factor(row: &Row, recovery: Vec<[u8; 32]>) -> Result<SecondFactor, StoreError> {
    Ok(SecondFactor {
        sealed_secret: row.get("sealed_secret")?,
        made_at: row.time("made_at")?,
        confirmed_at: row.time_opt("confirmed_at")?,
        last_step: row.opt("last_step")?,
        recovery,
    })
}
