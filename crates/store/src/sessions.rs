//! The sessions of accounts (spec X-ACCOUNTS), by the hashes of their secrets: how they begin, are seen, and end.

use fubako_base::{Timestamp, ids::AccountId};

use crate::{
    Store, StoreError,
    accounts::{Account, account_by_id},
    audit::Entry,
    second_factor::{Used, counts, end_halves, give_back, lock, use_up},
    tx::{Row, Tx, args},
};

/// A session of somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used, to the minute or so.
    pub seen_at: Timestamp,
    /// The IP address that signed in.
    pub address: String,
    /// The browser that did, in words for its owner; empty where it is not known.
    pub browser: String,
}

impl Store {
    /// The password was right: wrong ones are forgotten and a session begins, in one transaction. False where the account's password is not (any
    /// more) the one whose hash was compared, or a second factor counts by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_session(
        &self,
        id: AccountId,
        password_hash: &str,
        session: &Session,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write(
                (id, password_hash.to_owned(), session.clone(), record),
                |tx, (id, password_hash, session, record)| {
                    Box::pin(async move {
                        let sql =
                            "UPDATE accounts SET failures = 0, locked_at = NULL WHERE id = $1 AND password_hash = $2
                                AND NOT EXISTS (SELECT 1 FROM second_factors f
                                    WHERE f.account = accounts.id AND f.confirmed_at IS NOT NULL)";
                        if tx.run(sql, args![*id, password_hash]).await? == 0 {
                            return Ok(false);
                        }
                        insert_session(tx, *id, session).await?;
                        record.write_if(true, tx).await
                    })
                },
            )
            .await
    }

    /// Sets another password in place of the one with `old_hash`, in one transaction: a code is used up, all sessions end, and `session` begins. False
    /// where the password is another by now, or the code is not good any more, or none was given and a second factor counts by now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_password(
        &self,
        id: AccountId,
        old_hash: &str,
        new_hash: &str,
        used: Option<Used>,
        session: &Session,
        entries: &[Entry],
    ) -> Result<bool, StoreError> {
        let record = self.recording(entries)?;
        let args = (id, old_hash.to_owned(), new_hash.to_owned(), used, session.clone(), record);
        self.pool
            .write(args, |tx, (id, old, new, used, session, record)| {
                Box::pin(async move {
                    lock(tx, *id).await?;
                    let may = match used {
                        Some(used) => use_up(tx, *id, *used).await?,
                        None => !counts(tx, *id).await?,
                    };
                    if !may {
                        return Ok(false);
                    }
                    let sql =
                        "UPDATE accounts SET password_hash = $3, password_set_at = $4, failures = 0, locked_at = NULL,
                            changed_at = $4
                        WHERE id = $1 AND password_hash = $2";
                    if tx.run(sql, args![*id, old, new, session.made_at]).await? == 0 {
                        return Ok(false);
                    }
                    begin_only(tx, *id, session).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// The session with this hash, good or not, and its account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, Account)>, StoreError> {
        self.pool
            .read(*hash, |tx, hash| {
                Box::pin(async move {
                    let sql = "SELECT session_hash, account, made_at, seen_at, address, browser FROM sessions
                        WHERE session_hash = $1";
                    let Some(row) = tx.one("sessions", sql, args![hash]).await? else { return Ok(None) };
                    let account: AccountId = row.parse("account")?;
                    // Between the two queries it may have gone.
                    let Some(account) = account_by_id(tx, account).await? else { return Ok(None) };
                    Ok(Some((read_session(&row)?, account)))
                })
            })
            .await
    }

    /// An account's sessions, good or not, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sessions_of(&self, id: AccountId) -> Result<Vec<Session>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let sql = "SELECT session_hash, made_at, seen_at, address, browser FROM sessions
                        WHERE account = $1 ORDER BY made_at DESC, session_hash";
                    tx.all("sessions", sql, args![*id]).await?.iter().map(read_session).collect()
                })
            })
            .await
    }

    /// Notes that a session was used now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn touch_session(&self, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((*hash, now), |tx, (hash, now)| {
                Box::pin(async move {
                    let sql = "UPDATE sessions SET seen_at = $2 WHERE session_hash = $1 AND seen_at < $2";
                    tx.run(sql, args![hash, *now]).await.map(drop)
                })
            })
            .await
    }

    /// Ends a session. One that is not there is ended already; then false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session(&self, hash: &[u8; 32], entry: &Entry) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((*hash, record), |tx, (hash, record)| {
                Box::pin(async move {
                    let ended = tx.run("DELETE FROM sessions WHERE session_hash = $1", args![hash]).await? == 1;
                    record.write_if(ended, tx).await
                })
            })
            .await
    }

    /// The password was right, and its try is given back (what was wrong before stays counted): an account's sessions end save `but`, and what is half open of
    /// others; or, of those, `only` one. False where the account's password is not (any more) the one whose hash was compared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_other_sessions(
        &self,
        id: AccountId,
        password_hash: &str,
        but: &[u8; 32],
        only: Option<[u8; 32]>,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, password_hash.to_owned(), *but, only, record), |tx, (id, password_hash, but, only, record)| {
                Box::pin(async move {
                    if !give_back(tx, *id, password_hash).await? {
                        return Ok(false);
                    }
                    let ended = if let Some(only) = only {
                        let sql =
                            "DELETE FROM sessions WHERE account = $1 AND session_hash <> $2 AND session_hash = $3";
                        tx.run(sql, args![*id, &*but, only]).await?
                    } else {
                        end_halves(tx, *id).await?;
                        let sql = "DELETE FROM sessions WHERE account = $1 AND session_hash <> $2";
                        tx.run(sql, args![*id, &*but]).await?
                    };
                    record.write_if(ended > 0, tx).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Forgets the sessions that were last used, or begun, before these times; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_sessions(&self, seen_before: Timestamp, made_before: Timestamp) -> Result<u64, StoreError> {
        self.pool
            .write((seen_before, made_before), |tx, (seen_before, made_before)| {
                Box::pin(async move {
                    let sql = "DELETE FROM sessions WHERE seen_at < $1 OR made_at < $2";
                    tx.run(sql, args![*seen_before, *made_before]).await
                })
            })
            .await
    }
}

/// Ends what there is of sessions, and what is half open.
pub(crate) async fn end_all(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run("DELETE FROM sessions WHERE account = $1", args![id]).await?;
    end_halves(tx, id).await
}

/// A session begins, and all others end.
pub(crate) async fn begin_only(tx: &mut Tx, id: AccountId, session: &Session) -> Result<(), StoreError> {
    end_all(tx, id).await?;
    insert_session(tx, id, session).await
}

pub(crate) async fn insert_session(tx: &mut Tx, account: AccountId, session: &Session) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (session_hash, account, made_at, seen_at, address, browser)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let args = args![&session.hash, account, session.made_at, session.seen_at, &session.address, &session.browser];
    tx.run(sql, args).await.map(drop)
}

fn read_session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        hash: row.digest("session_hash")?,
        made_at: row.time("made_at")?,
        seen_at: row.time("seen_at")?,
        address: row.get("address")?,
        browser: row.get("browser")?,
    })
}
