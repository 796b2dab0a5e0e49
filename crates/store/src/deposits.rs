//! Deposits, their files, the recipients' links, and the sessions of recipients who proved themselves.

mod rows;

use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, LinkId, SectionId},
    object::ObjectRef,
    section::Access,
    unchecked::Unchecked,
};

use crate::{
    Store, StoreError,
    approval::Approval,
    audit::{Entry, Record},
    mails::give_up,
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    tx::{Tx, args},
    uploads::drop_uploads_of,
    words::words,
};
pub(crate) use rows::read_deposit;
use rows::read_file;

/// Where a deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepositState {
    /// Files are being put.
    Open,
    /// All files are in; an approver has yet to agree (spec X-APPROVAL).
    Waiting,
    /// Links are out.
    Sent,
    /// It was not approved: the files are gone.
    Rejected,
    /// The files are gone.
    Expired,
    /// It was taken back after it was sent, or while it waited; the files are gone.
    Cancelled,
}

words! { DepositState {
    Open = "open", Waiting = "waiting", Sent = "sent", Rejected = "rejected", Expired = "expired", Cancelled = "cancelled",
} }

/// The account that deposits (spec MAIL-SENDER).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depositor {
    /// The user's login id at that time.
    pub login_id: String,
    /// The user's own id ([`crate::accounts::Account::member`]): noted when the deposit is begun, whatever is given. None where there was no such user.
    pub member: Option<String>,
    /// Whether it is the default user in place of a sender who has no account. Where the default user is the sender, it is not.
    pub as_default_user: bool,
}

/// A deposit.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Its id.
    pub id: DepositId,
    /// Its section.
    pub section: SectionId,
    /// The caller's idempotency key, unique in the section.
    pub key: String,
    /// SHA-256 of what makes a request this deposit, to tell a repeated one from another with the same key; not of how it is presented.
    pub request_digest: Vec<u8>,
    /// Where it is.
    pub state: DepositState,
    /// Whose deposit it is; none where it was begun by a release that did not note it.
    pub depositor: Option<Depositor>,
    /// Who sent.
    pub sender_address: String,
    /// Their display name.
    pub sender_name: String,
    /// The mail's subject.
    pub subject: String,
    /// The language of notices; none for both.
    pub lang: Option<Lang>,
    /// What whoever sends it tells the recipients; may be empty.
    pub message: String,
    /// Whether a person began it on a page; else a program did.
    pub by_person: bool,
    /// The file password, sealed, for its sender to look at; none where none is kept, or the files are gone.
    pub sealed_password: Option<Vec<u8>>,
    /// How its recipients may prove who they are (spec ACCESS): noted when it was begun.
    pub access: Access,
    /// Its file password's argon2id hash, a PHC string; none where it has no password.
    pub password_hash: Option<String>,
    /// Recipients, in order.
    pub recipients: Vec<String>,
    /// Files that will be put.
    pub file_count: u32,
    /// The Message-ID of the mail that it came with, without angle brackets.
    pub message_id: Option<String>,
    /// What is noted of its approval; none where it needs none.
    pub approval: Option<Approval>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When its files go.
    pub expires_at: Option<Timestamp>,
}

/// A file of a deposit.
#[derive(Debug, Clone)]
pub struct File {
    /// The deposit.
    pub deposit: DepositId,
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// CRC-32 (IEEE), for the zip.
    pub crc32: u32,
    /// Why the virus check did not look into the whole of it; none where it did, or where nothing scans.
    pub unchecked: Option<Unchecked>,
    /// Its octets.
    pub object: ObjectRef,
    /// When it was put.
    pub put_at: Timestamp,
}

/// One recipient's link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The deposit.
    pub deposit: DepositId,
    /// The recipient's address.
    pub recipient: String,
    /// The same as addresses are compared.
    pub address: String,
    /// SHA-256 of the token in the URL.
    pub token_hash: [u8; 32],
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// Before this, no password is looked at.
    pub next_try_at: Option<Timestamp>,
    /// When it was taken back: it is dead from then on.
    pub cancelled_at: Option<Timestamp>,
}

// Columns are named one by one: `*` would give a running node another row when a newer one adds a column.
macro_rules! deposit_columns {
    ($alias:literal) => {
        concat!(
            $alias,
            "id, ",
            $alias,
            "section, ",
            $alias,
            "idempotency_key, ",
            $alias,
            "request_digest, ",
            $alias,
            "state, ",
            $alias,
            "depositor, ",
            $alias,
            "depositor_member, ",
            $alias,
            "as_default_user, ",
            $alias,
            "sender_address, ",
            $alias,
            "sender_name, ",
            $alias,
            "subject, ",
            $alias,
            "lang, ",
            $alias,
            "password_hash, ",
            $alias,
            "recipients, ",
            $alias,
            "file_count, ",
            $alias,
            "created_at, ",
            $alias,
            "sent_at, ",
            $alias,
            "expires_at, ",
            $alias,
            "message_id, ",
            $alias,
            "message, ",
            $alias,
            "by_person, ",
            $alias,
            "sealed_password, ",
            $alias,
            "approval, ",
            $alias,
            "approval_group, ",
            $alias,
            "asked_at, ",
            $alias,
            "decide_by, ",
            $alias,
            "decided_at, ",
            $alias,
            "decided_by, ",
            $alias,
            "decided_reason, ",
            $alias,
            "access"
        )
    };
}
pub(crate) use deposit_columns;

const FILE_COLUMNS: &str = "deposit, number, section, name, media_type, sha256, crc32, object_id, object_key,
    object_length, put_at, unchecked";

impl Store {
    /// Begins a deposit, or gives the one that the section began with this key (then false).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_deposit(&self, deposit: &Deposit) -> Result<(Deposit, bool), StoreError> {
        self.pool.write(deposit.clone(), |tx, deposit| Box::pin(begin(tx, deposit))).await
    }

    /// The deposit with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deposit(&self, id: DepositId) -> Result<Option<Deposit>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let sql = concat!("SELECT ", deposit_columns!(""), " FROM deposits WHERE id = $1");
                    tx.one("deposits", sql, args![*id]).await?.as_ref().map(read_deposit).transpose()
                })
            })
            .await
    }

    /// The deposit that a section began with this key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deposit_by_key(&self, section: &SectionId, key: &str) -> Result<Option<Deposit>, StoreError> {
        self.pool
            .read((section.clone(), key.to_owned()), |tx, (section, key)| {
                Box::pin(async move {
                    let sql = concat!(
                        "SELECT ",
                        deposit_columns!(""),
                        " FROM deposits WHERE section = $1 AND idempotency_key = $2"
                    );
                    tx.one("deposits", sql, args![section, key]).await?.as_ref().map(read_deposit).transpose()
                })
            })
            .await
    }

    /// A deposit's files that are whole, by number: none once they are gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn files(&self, deposit: DepositId) -> Result<Vec<File>, StoreError> {
        self.pool
            .read(deposit, |tx, deposit| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {FILE_COLUMNS} FROM files
                            WHERE deposit = $1 AND object_key IS NOT NULL ORDER BY number"
                    );
                    tx.all("files", sql, args![*deposit]).await?.iter().map(read_file).collect()
                })
            })
            .await
    }

    /// Keeps a file of an open deposit. Where the number is taken, the one that is there is given, and false: the
    /// caller deletes its own object.
    ///
    /// # Errors
    /// [`StoreError::DepositClosed`] where the deposit is not open (or unknown, or another section's) or has no such number.
    pub async fn keep_file(&self, file: &File) -> Result<(File, bool), StoreError> {
        self.pool.write(file.clone(), |tx, file| Box::pin(keep_file(tx, file))).await
    }

    /// `open` → `sent`, with links and deposit notices, in one transaction; false when it was sent before.
    ///
    /// # Errors
    /// [`StoreError::DepositClosed`] where the deposit is unknown or over, or a file is missing.
    pub async fn send_deposit(
        &self,
        id: DepositId,
        expires_at: Timestamp,
        links: &[Link],
        notices: &[NewOutgoing],
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        let sending = Sending { id, expires_at, links: links.to_vec(), notices: notices.to_vec(), record, now };
        self.pool.write(sending, |tx, sending| Box::pin(send(tx, sending))).await
    }

    /// Takes back an open deposit: rows deleted, objects given up for erasure, and what `entry` says recorded; false when it is not open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn abort_deposit(&self, id: DepositId, entry: Option<&Entry>) -> Result<bool, StoreError> {
        let record = self.recording(entry.map_or(&[], std::slice::from_ref))?;
        self.pool
            .write((id, record), |tx, (id, record)| {
                Box::pin(async move {
                    let Some((_, DepositState::Open)) = lock(tx, *id).await? else { return Ok(false) };
                    give_up_files(tx, *id).await?;
                    tx.run("DELETE FROM files WHERE deposit = $1", args![*id]).await?;
                    tx.run("DELETE FROM deposits WHERE id = $1", args![*id]).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }

    /// Expires deposits that are due (sent ones past `expires_at`, open ones begun before `abandoned_before`): wrapped keys
    /// are gone, objects given up for erasure, sessions deleted, and that recorded, one transaction a deposit. Gives how many (spec X-EXPIRY).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_deposits(
        &self,
        now: Timestamp,
        abandoned_before: Timestamp,
        limit: u32,
        entry: impl Fn(&SectionId, DepositId) -> Entry,
    ) -> Result<u32, StoreError> {
        let due: Vec<(String, String)> = self
            .pool
            .read((now, abandoned_before, limit), |tx, (now, abandoned_before, limit)| {
                Box::pin(async move {
                    let sql = "SELECT id, section FROM deposits WHERE state = 'sent' AND expires_at <= $1
                        UNION ALL SELECT id, section FROM deposits WHERE state = 'open' AND created_at < $2 LIMIT $3";
                    let rows = tx.all("deposits", sql, args![*now, *abandoned_before, *limit]).await?;
                    rows.iter().map(|row| Ok((row.get("id")?, row.get("section")?))).collect()
                })
            })
            .await?;
        let mut expired = 0;
        for (id, section) in due {
            let ended = match (id.parse(), section.parse()) {
                (Ok(id), Ok(section)) => {
                    let record = self.recording(&[entry(&section, id)])?;
                    let args = (id, now, abandoned_before, record);
                    let end = self.pool.write(args, |tx, (id, now, abandoned_before, record)| {
                        Box::pin(async move {
                            let ended = expire(tx, *id, *now, *abandoned_before).await?;
                            record.write_if(ended, tx).await
                        })
                    });
                    end.await
                }
                _ => Err(StoreError::Corrupt("deposits")),
            };
            match ended {
                Ok(ended) => expired += u32::from(ended),
                // Its files are dead all the same: who looks at a link looks at the time too. The others go on.
                Err(error @ StoreError::Corrupt(_)) => {
                    tracing::error!(deposit = id, %error, "a deposit cannot be ended");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(expired)
    }
}

async fn begin(tx: &mut Tx, deposit: &Deposit) -> Result<(Deposit, bool), StoreError> {
    let recipients = serde_json::to_string(&deposit.recipients).map_err(|e| StoreError::Refused(e.to_string()))?;
    let access = serde_json::to_string(&deposit.access).map_err(|e| StoreError::Refused(e.to_string()))?;
    let kept = tx
        .run(
            "INSERT INTO deposits (id, section, idempotency_key, request_digest, state, sender_address, sender_name,
                    subject, lang, password_hash, recipients, file_count, created_at, depositor, as_default_user,
                    message_id, approval, approval_group, message, by_person, sealed_password, access, depositor_member)
                VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, $21, (SELECT member_id FROM users WHERE section = $2 AND login_id = $13))
                ON CONFLICT (section, idempotency_key) DO NOTHING",
            args![
                deposit.id,
                &deposit.section,
                &deposit.key,
                &deposit.request_digest,
                &deposit.sender_address,
                &deposit.sender_name,
                &deposit.subject,
                deposit.lang.map(Lang::tag),
                deposit.password_hash.as_deref().unwrap_or_default(),
                recipients,
                deposit.file_count,
                deposit.created_at,
                deposit.depositor.as_ref().map(|depositor| &depositor.login_id),
                deposit.depositor.as_ref().map(|depositor| depositor.as_default_user),
                deposit.message_id.as_ref(),
                deposit.approval.is_some(),
                deposit.approval.as_ref().and_then(|approval| approval.group.as_ref()),
                &deposit.message,
                deposit.by_person,
                deposit.sealed_password.as_deref(),
                access,
            ],
        )
        .await?;
    let sql = concat!("SELECT ", deposit_columns!(""), " FROM deposits WHERE section = $1 AND idempotency_key = $2");
    let row = tx.one("deposits", sql, args![&deposit.section, &deposit.key]).await?;
    // Taken back by another node between the two statements: the caller asks again.
    let row = row.ok_or_else(|| StoreError::Database("the deposit was taken back just now".into()))?;
    Ok((read_deposit(&row)?, kept == 1))
}

/// Locks a deposit against everything else that changes it; gives its section and where it is.
pub(crate) async fn lock(tx: &mut Tx, id: DepositId) -> Result<Option<(SectionId, DepositState)>, StoreError> {
    let sql = "SELECT section, state FROM deposits WHERE id = $1 FOR UPDATE";
    let row = tx.one("deposits", sql, args![id]).await?;
    row.map(|row| Ok((row.parse("section")?, row.parse("state")?))).transpose()
}

async fn keep_file(tx: &mut Tx, file: &File) -> Result<(File, bool), StoreError> {
    let there = lock(tx, file.deposit).await?;
    let Some((_, state)) = there.filter(|(section, _)| *section == file.object.section) else {
        return Err(StoreError::DepositClosed("it is unknown"));
    };
    let sql = format!("SELECT {FILE_COLUMNS} FROM files WHERE deposit = $1 AND number = $2 AND object_key IS NOT NULL");
    if let Some(row) = tx.one("files", sql, args![file.deposit, file.number]).await? {
        return Ok((read_file(&row)?, false));
    }
    if state != DepositState::Open {
        return Err(StoreError::DepositClosed("it is not open"));
    }
    // The number must be one of those that were announced.
    let kept = tx
        .run(
            "INSERT INTO files (deposit, number, section, name, media_type, sha256, crc32, object_id, object_key,
                    object_length, put_at, unchecked)
                SELECT id, $2, section, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM deposits
                WHERE id = $1 AND $2 >= 1 AND file_count >= $2",
            args![
                file.deposit,
                file.number,
                &file.name,
                &file.media_type,
                &file.sha256,
                file.crc32,
                file.object.id,
                &file.object.wrapped_key,
                file.object.length,
                file.put_at,
                file.unchecked.map(Unchecked::as_str),
            ],
        )
        .await?;
    if kept == 0 {
        return Err(StoreError::DepositClosed("it has no file of this number"));
    }
    // What was on its way for this number has come, or comes too late.
    drop_uploads_of(tx, file.deposit, Some(file.number)).await?;
    Ok((file.clone(), true))
}

/// What is committed when a deposit is sent.
pub(crate) struct Sending {
    pub(crate) id: DepositId,
    pub(crate) expires_at: Timestamp,
    pub(crate) links: Vec<Link>,
    pub(crate) notices: Vec<NewOutgoing>,
    pub(crate) record: Record,
    pub(crate) now: Timestamp,
}

async fn send(tx: &mut Tx, sending: &Sending) -> Result<bool, StoreError> {
    let section = match lock(tx, sending.id).await? {
        None => return Err(StoreError::DepositClosed("it is unknown")),
        Some((_, DepositState::Rejected | DepositState::Expired)) => {
            return Err(StoreError::DepositClosed("it is over"));
        }
        Some((_, DepositState::Waiting | DepositState::Sent | DepositState::Cancelled)) => return Ok(false),
        Some((section, DepositState::Open)) => section,
    };
    // Nobody ever sees half of a deposit (spec MAIL-DEPOSIT).
    let sql = "UPDATE deposits SET state = 'sent', sent_at = $2, expires_at = $3
        WHERE id = $1 AND file_count = (SELECT COUNT(*) FROM files WHERE deposit = $1 AND object_key IS NOT NULL)";
    if tx.run(sql, args![sending.id, sending.now, sending.expires_at]).await? == 0 {
        return Err(StoreError::DepositClosed("a file is missing"));
    }
    hand_out(tx, &section, sending).await?;
    sending.record.write_if(true, tx).await
}

/// Keeps the links of a deposit that is sent, and queues its notices.
pub(crate) async fn hand_out(tx: &mut Tx, section: &SectionId, sending: &Sending) -> Result<(), StoreError> {
    let links = sending.links.iter().zip(1u32..);
    let rows: Vec<_> = links
        .map(|(link, position)| {
            args![
                link.id,
                section,
                sending.id,
                position,
                &link.recipient,
                &link.token_hash,
                link.failures,
                link.next_try_at,
                &link.address,
            ]
            .to_vec()
        })
        .collect();
    let head =
        "INSERT INTO links (id, section, deposit, position, recipient, token_hash, failures, next_try_at, address)";
    tx.insert_all(head, &rows).await?;
    // The mail that caused the deposit, where the gateway shares this database: whoever turns away both is told of once.
    let mail = "SELECT id FROM mails WHERE section = $1 AND deposit = $2";
    let mail = tx.one("mails", mail, args![section, sending.id]).await?.map(|row| row.parse("id")).transpose()?;
    for notice in &sending.notices {
        insert_outgoing(tx, &NewOutgoing { mail, ..notice.clone() }, sending.now).await?;
    }
    // A notice stands beside its link, so that a link that is taken back takes its notice along.
    for (notice, link) in sending.notices.iter().zip(&sending.links) {
        tx.run("UPDATE outgoing SET link = $2 WHERE id = $1", args![notice.id, link.id]).await?;
    }
    Ok(())
}

async fn expire(tx: &mut Tx, id: DepositId, now: Timestamp, abandoned_before: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE deposits SET state = 'expired'
        WHERE id = $1 AND (state = 'sent' AND expires_at <= $2 OR state = 'open' AND created_at < $3)";
    if tx.run(sql, args![id, now, abandoned_before]).await? == 0 {
        return Ok(false);
    }
    end_files(tx, id).await?;
    Ok(true)
}

/// The files' keys go, and the sessions of all who had them open.
pub(crate) async fn end_files(tx: &mut Tx, id: DepositId) -> Result<(), StoreError> {
    give_up_files(tx, id).await?;
    tx.run("UPDATE deposits SET sealed_password = NULL WHERE id = $1", args![id]).await?;
    let sql = "DELETE FROM link_sessions WHERE link IN (SELECT id FROM links WHERE deposit = $1)";
    tx.run(sql, args![id]).await?;
    Ok(())
}

/// The keys of a deposit's files go, and of what is on its way to it.
pub(crate) async fn give_up_files(tx: &mut Tx, id: DepositId) -> Result<(), StoreError> {
    let sql = "UPDATE files SET object_key = NULL WHERE deposit = $1 AND object_key IS NOT NULL
        RETURNING object_id, section";
    for row in tx.all("files", sql, args![id]).await? {
        give_up(tx, row.parse("object_id")?, &row.parse("section")?).await?;
    }
    drop_uploads_of(tx, id, None).await.map(drop)
}
