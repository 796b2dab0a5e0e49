//! Deposits that wait until an approver has agreed, and who a section's approvers are (spec X-APPROVAL).

use fubako_base::{
    Timestamp,
    ids::{DepositId, SectionId},
};

use crate::{
    Store, StoreError,
    accounts::{Account, accounts_of_approvers},
    audit::Entry,
    deposits::{Deposit, DepositState, Link, Sending, deposit_columns, end_files, hand_out, lock, read_deposit},
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    sections::{Group, User, read_groups, read_user, user_columns},
    tx::{Arg, Row, Tx, args},
};

/// What is noted of a deposit's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The group whose rule and list of approvers count, as the depositor was in it when the deposit was begun.
    pub group: Option<String>,
    /// When approvers were asked, and when the deposit is rejected if none has decided; none before it is sent.
    pub asked: Option<Asked>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// When approvers were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// When it is too late to decide.
    pub decide_by: Timestamp,
}

/// What was decided of a deposit; the deposit's state says which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The approver's login id; none where nobody decided in time.
    pub by: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// Who could approve what a section sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalStaff {
    /// The section's groups, by name.
    pub groups: Vec<Group>,
    /// The users who are approvers, by login id.
    pub approvers: Vec<User>,
    /// Their accounts, as far as they have one.
    pub accounts: Vec<Account>,
}

impl Store {
    /// Who could approve what a section sends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn approval_staff(&self, section: &SectionId) -> Result<ApprovalStaff, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    let sql = concat!(
                        "SELECT ",
                        user_columns!(),
                        " FROM users WHERE section = $1 AND approver ORDER BY login_id"
                    );
                    let approvers = tx.all("users", sql, args![section]).await?;
                    Ok(ApprovalStaff {
                        groups: read_groups(tx, section).await?,
                        approvers: approvers.iter().map(read_user).collect::<Result<_, _>>()?,
                        accounts: accounts_of_approvers(tx, section).await?,
                    })
                })
            })
            .await
    }

    /// `open` → `waiting`, with the mails to its approvers, and that recorded, in one transaction; false when it was sent before.
    ///
    /// # Errors
    /// [`StoreError::DepositClosed`] where the deposit is unknown or over, needs no approval, or a file is missing.
    pub async fn ask_approval(
        &self,
        id: DepositId,
        asked: Asked,
        requests: &[NewOutgoing],
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, asked, requests.to_vec(), record), |tx, (id, asked, requests, record)| {
                Box::pin(async move {
                    let done = ask(tx, *id, *asked, requests).await?;
                    record.write_if(done, tx).await
                })
            })
            .await
    }

    /// `waiting` → `sent`, with links and deposit notices, and that recorded, in one transaction. Of many who decide one does: false for all others.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn approve_deposit(
        &self,
        id: DepositId,
        decision: &Decision,
        expires_at: Timestamp,
        links: &[Link],
        notices: &[NewOutgoing],
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let (links, notices, now) = (links.to_vec(), notices.to_vec(), decision.at);
        let sending = Sending { id, expires_at, links, notices, record, now };
        self.pool
            .write((sending, decision.clone()), |tx, (sending, decision)| {
                Box::pin(async move {
                    let Some(section) = decide(tx, sending.id, decision).await? else { return Ok(false) };
                    let sql = "UPDATE deposits SET state = 'sent', sent_at = $2, expires_at = $3 WHERE id = $1";
                    tx.run(sql, args![sending.id, sending.now, sending.expires_at]).await?;
                    hand_out(tx, &section, sending).await?;
                    sending.record.write_if(true, tx).await
                })
            })
            .await
    }

    /// `waiting` → `rejected`, with what its sender is told, and that recorded, in one transaction: wrapped keys and the file password are gone, objects given up for erasure. False
    /// where somebody decided before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reject_deposit(
        &self,
        id: DepositId,
        decision: &Decision,
        notice: &NewOutgoing,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, decision.clone(), notice.clone(), record), |tx, (id, decision, notice, record)| {
                Box::pin(async move {
                    if decide(tx, *id, decision).await?.is_none() {
                        return Ok(false);
                    }
                    tx.run("UPDATE deposits SET state = 'rejected' WHERE id = $1", args![*id]).await?;
                    end_files(tx, *id).await?;
                    insert_outgoing(tx, notice, decision.at).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// A section's deposits that wait, the first to be rejected first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting_deposits(&self, section: &SectionId, limit: u32) -> Result<Vec<Deposit>, StoreError> {
        self.pool
            .read((section.clone(), limit), |tx, (section, limit)| {
                const SQL: &str = concat!(
                    "SELECT ",
                    deposit_columns!(""),
                    " FROM deposits WHERE section = $1 AND state = 'waiting' ORDER BY decide_by, id LIMIT $2"
                );
                Box::pin(async move { deposits(tx, SQL, args![section, *limit]).await })
            })
            .await
    }

    /// What one approver ([`Account::member`]) decided, the last first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn decided_deposits(
        &self,
        section: &SectionId,
        member: &str,
        limit: u32,
    ) -> Result<Vec<Deposit>, StoreError> {
        self.pool
            .read((section.clone(), member.to_owned(), limit), |tx, (section, member, limit)| {
                const SQL: &str = concat!(
                    "SELECT ",
                    deposit_columns!(""),
                    " FROM deposits WHERE section = $1 AND decided_member = $2 ORDER BY decided_at DESC, id DESC LIMIT $3"
                );
                Box::pin(async move { deposits(tx, SQL, args![section, member, *limit]).await })
            })
            .await
    }

    /// Deposits of which nobody has decided in time, whose ids come after this one; at most `limit`. One that cannot be read is said in
    /// the log and left.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overdue_deposits(
        &self,
        now: Timestamp,
        after: Option<DepositId>,
        limit: u32,
    ) -> Result<Vec<Deposit>, StoreError> {
        let after = after.map_or_else(String::new, |id| id.to_string());
        self.pool
            .read((now, after, limit), |tx, (now, after, limit)| {
                const SQL: &str = concat!(
                    "SELECT ",
                    deposit_columns!(""),
                    " FROM deposits WHERE state = 'waiting' AND decide_by <= $1 AND id > $2 ORDER BY id LIMIT $3"
                );
                Box::pin(async move {
                    let mut found = Vec::new();
                    for row in tx.all("deposits", SQL, args![*now, &*after, *limit]).await? {
                        match read_deposit(&row) {
                            Ok(deposit) => found.push(deposit),
                            Err(error) => {
                                let id = row.get::<&str>("id").ok();
                                tracing::error!(deposit = id, %error, "a deposit cannot be ended");
                            }
                        }
                    }
                    Ok(found)
                })
            })
            .await
    }
}

async fn deposits(tx: &mut Tx, sql: &'static str, values: &[Arg<'_>]) -> Result<Vec<Deposit>, StoreError> {
    tx.all("deposits", sql, values).await?.iter().map(read_deposit).collect()
}

async fn ask(tx: &mut Tx, id: DepositId, asked: Asked, requests: &[NewOutgoing]) -> Result<bool, StoreError> {
    match lock(tx, id).await? {
        None => return Err(StoreError::DepositClosed("it is unknown")),
        Some((_, DepositState::Rejected | DepositState::Expired)) => {
            return Err(StoreError::DepositClosed("it is over"));
        }
        Some((_, DepositState::Waiting | DepositState::Sent | DepositState::Cancelled)) => return Ok(false),
        Some((_, DepositState::Open)) => {}
    }
    let sql = "UPDATE deposits SET state = 'waiting', asked_at = $2, decide_by = $3
        WHERE id = $1 AND approval
            AND file_count = (SELECT COUNT(*) FROM files WHERE deposit = $1 AND object_key IS NOT NULL)";
    if tx.run(sql, args![id, asked.at, asked.decide_by]).await? == 0 {
        return Err(StoreError::DepositClosed("a file is missing, or it needs no approval"));
    }
    for request in requests {
        insert_outgoing(tx, request, asked.at).await?;
    }
    Ok(true)
}

/// Notes the decision, where none was made yet; gives the deposit's section.
async fn decide(tx: &mut Tx, id: DepositId, decision: &Decision) -> Result<Option<SectionId>, StoreError> {
    let Some((section, DepositState::Waiting)) = lock(tx, id).await? else { return Ok(None) };
    let sql = "UPDATE deposits SET decided_at = $2, decided_by = $3, decided_reason = $4,
            decided_member = (SELECT member_id FROM users WHERE section = $5 AND login_id = $3)
        WHERE id = $1";
    tx.run(sql, args![id, decision.at, decision.by.as_ref(), decision.reason.as_ref(), &section]).await?;
    Ok(Some(section))
}

pub(crate) fn read_approval(row: &Row) -> Result<Option<Approval>, StoreError> {
    if row.opt::<bool>("approval")? != Some(true) {
        return Ok(None);
    }
    let asked = match row.time_opt("asked_at")? {
        Some(at) => Some(Asked { at, decide_by: row.time("decide_by")? }),
        None => None,
    };
    let decision = match row.time_opt("decided_at")? {
        Some(at) => Some(Decision { at, by: row.opt("decided_by")?, reason: row.opt("decided_reason")? }),
        None => None,
    };
    Ok(Some(Approval { group: row.opt("approval_group")?, asked, decision }))
}
