//! Files on their way, in parts: of whoever sends on a page (spec X-SEND), and of programs (spec X-API).

use fubako_base::{
    Timestamp,
    ids::{AccountId, DepositId, SectionId, UploadId},
    object::ObjectRef,
};

use crate::{
    Store, StoreError,
    deposits::{DepositState, lock},
    tx::{Row, Tx, args},
};

/// What an upload is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadFor {
    /// What somebody sends on a page.
    Draft {
        /// Their account.
        account: AccountId,
        /// The draft's id: chosen by the page.
        draft: String,
    },
    /// A program's deposit.
    Deposit {
        /// The deposit.
        deposit: DepositId,
        /// The number that the file is to have.
        number: u32,
    },
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The section of whoever uploads.
    pub section: SectionId,
    /// What it is for.
    pub wanted: UploadFor,
    /// The file's name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// Octets that the file has; none where that is not known until it ends.
    pub length: Option<u64>,
    /// Octets that are there, durable.
    pub received: u64,
    /// When something of it last came.
    pub touched_at: Timestamp,
}

impl Upload {
    /// Whether all of it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length == Some(self.received)
    }
}

/// What became of the wish to begin an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BegunUpload {
    /// It is begun.
    New,
    /// One is on its way for the same file of the deposit: this one.
    There(Upload),
    /// The deposit has that file.
    Kept,
    /// The deposit has another file of this name, or it is on its way ([`UploadLimits::same_name`]).
    SameName,
    /// There would be more on its way than may be.
    Full,
}

/// What an account, or a deposit, may have on its way.
#[derive(Debug, Clone, Copy)]
pub struct UploadLimits {
    /// Uploads.
    pub count: u32,
    /// Octets of all of them together, and of the files that the deposit has.
    pub octets: u64,
    /// Octets that one may have at the most: as much is kept free for one of which nobody has said how long it is.
    pub largest: u64,
    /// Whether two names are the same, where no two files of a deposit may have it.
    pub same_name: Option<fn(&str, &str) -> bool>,
}

const COLUMNS: &str = "id, section, account, draft, deposit, number, name, media_type, length, received, touched_at";

impl Store {
    /// Begins an upload. Of a deposit's file there is one at the most.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::DepositClosed`] where it is for a deposit that is not open, unknown, or another section's.
    pub async fn begin_upload(
        &self,
        upload: &Upload,
        limits: UploadLimits,
        now: Timestamp,
    ) -> Result<BegunUpload, StoreError> {
        self.pool
            .write((upload.clone(), limits, now), |tx, (upload, limits, now)| {
                Box::pin(async move {
                    let other = match &upload.wanted {
                        UploadFor::Draft { account, .. } => room_of_account(tx, *account, upload.length, *limits).await,
                        UploadFor::Deposit { deposit, number } => {
                            room_of_deposit(tx, upload, (*deposit, *number), *limits).await
                        }
                    };
                    match other? {
                        Some(other) => Ok(other),
                        None => insert(tx, upload, *now).await.map(|()| BegunUpload::New),
                    }
                })
            })
            .await
    }

    /// The upload for this file of a deposit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deposit_upload(&self, deposit: DepositId, number: u32) -> Result<Option<Upload>, StoreError> {
        self.pool
            .read((deposit, number), |tx, (deposit, number)| {
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM uploads WHERE deposit = $1 AND number = $2");
                    tx.one("uploads", sql, args![*deposit, *number]).await?.as_ref().map(read_upload).transpose()
                })
            })
            .await
    }

    /// The uploads of a deposit, by the files' numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deposit_uploads(&self, deposit: DepositId) -> Result<Vec<Upload>, StoreError> {
        self.pool
            .read(deposit, |tx, deposit| {
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM uploads WHERE deposit = $1 ORDER BY number");
                    tx.all("uploads", sql, args![*deposit]).await?.iter().map(read_upload).collect()
                })
            })
            .await
    }

    /// Gives up the upload for this file of a deposit, as [`Store::drop_upload`] does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_deposit_upload(&self, deposit: DepositId, number: u32) -> Result<bool, StoreError> {
        self.pool
            .write((deposit, number), |tx, (deposit, number)| {
                Box::pin(async move { Ok(drop_uploads_of(tx, *deposit, Some(*number)).await? > 0) })
            })
            .await
    }

    /// An account's upload.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload(&self, account: AccountId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        self.pool
            .read((account, id), |tx, (account, id)| {
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM uploads WHERE id = $1 AND account = $2");
                    tx.one("uploads", sql, args![*id, *account]).await?.as_ref().map(read_upload).transpose()
                })
            })
            .await
    }

    /// The uploads of an account's draft, in the order in which they began.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn uploads_of(&self, account: AccountId, draft: &str) -> Result<Vec<Upload>, StoreError> {
        self.pool
            .read((account, draft.to_owned()), |tx, (account, draft)| {
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM uploads WHERE account = $1 AND draft = $2 ORDER BY id");
                    tx.all("uploads", sql, args![*account, draft]).await?.iter().map(read_upload).collect()
                })
            })
            .await
    }

    /// Keeps the part of an upload that begins at `start`, where that is what is wanted next. False where it is not: the caller
    /// deletes its object.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_upload_part(
        &self,
        id: UploadId,
        start: u64,
        part: &ObjectRef,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((id, start, part.clone(), now), |tx, (id, start, part, now)| {
                Box::pin(async move {
                    let sql = "UPDATE uploads SET received = received + $3, touched_at = $4
                        WHERE id = $1 AND received = $2 AND (length IS NULL OR received + $3 <= length)
                            AND section = $5";
                    let values = args![*id, *start, part.length, *now, &part.section];
                    if tx.run(sql, values).await? == 0 {
                        return Ok(false);
                    }
                    let sql = "INSERT INTO upload_parts (upload, start, section, object_id, object_key, object_length)
                        VALUES ($1, $2, $3, $4, $5, $6)";
                    let values = args![*id, *start, &part.section, part.id, &part.wrapped_key, part.length];
                    tx.run(sql, values).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// What came of an upload whose length was not known is all of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_upload(&self, id: UploadId) -> Result<(), StoreError> {
        self.pool
            .write(id, |tx, id| {
                Box::pin(async move {
                    let sql = "UPDATE uploads SET length = received WHERE id = $1 AND length IS NULL";
                    tx.run(sql, args![*id]).await.map(drop)
                })
            })
            .await
    }

    /// An upload's parts, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload_parts(&self, id: UploadId) -> Result<Vec<ObjectRef>, StoreError> {
        self.pool.read(id, |tx, id| Box::pin(parts(tx, *id))).await
    }

    /// Gives an account's upload up: its parts' keys are gone, their octets follow. False where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_upload(&self, account: AccountId, id: UploadId) -> Result<bool, StoreError> {
        self.pool
            .write((account, id), |tx, (account, id)| {
                Box::pin(async move {
                    let sql = "SELECT id FROM uploads WHERE id = $1 AND account = $2 FOR UPDATE";
                    if tx.one("uploads", sql, args![*id, *account]).await?.is_none() {
                        return Ok(false);
                    }
                    drop_one(tx, *id).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Gives up the drafts' uploads that nothing came of since `before`, at most `limit`; gives how many. (A deposit's go with it.)
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_abandoned_uploads(
        &self,
        account: Option<AccountId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        self.pool
            .write((account, before, limit), |tx, (account, before, limit)| {
                Box::pin(async move {
                    let sql = if account.is_some() {
                        "SELECT id FROM uploads WHERE touched_at < $1 AND account = $3 ORDER BY touched_at LIMIT $2
                            FOR UPDATE"
                    } else {
                        "SELECT id FROM uploads WHERE touched_at < $1 AND account IS NOT NULL ORDER BY touched_at LIMIT $2
                            FOR UPDATE"
                    };
                    let mut values = args![*before, *limit].to_vec();
                    values.extend(account.map(|account| account.into()));
                    let mut dropped = 0;
                    for row in tx.all("uploads", sql, &values).await? {
                        drop_one(tx, row.parse("id")?).await?;
                        dropped += 1;
                    }
                    Ok(dropped)
                })
            })
            .await
    }
}

/// Why an account's upload does not begin; none where it may.
async fn room_of_account(
    tx: &mut Tx,
    account: AccountId,
    length: Option<u64>,
    limits: UploadLimits,
) -> Result<Option<BegunUpload>, StoreError> {
    // The account is locked, so that uploads that begin side by side do not outrun the limits.
    tx.one("accounts", "SELECT id FROM accounts WHERE id = $1 FOR UPDATE", args![account]).await?;
    let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(COALESCE(length, $2)), 0) AS BIGINT) AS octets
        FROM uploads WHERE account = $1";
    let there = tx.one("uploads", sql, args![account, limits.largest]).await?;
    outrun(there.as_ref(), length, limits)
}

/// The same of an upload for a deposit's file.
async fn room_of_deposit(
    tx: &mut Tx,
    upload: &Upload,
    (deposit, number): (DepositId, u32),
    limits: UploadLimits,
) -> Result<Option<BegunUpload>, StoreError> {
    // Locked, as whoever keeps a file, sends or gives up locks it.
    let there = lock(tx, deposit).await?;
    let Some((_, state)) = there.filter(|(section, _)| *section == upload.section) else {
        return Err(StoreError::DepositClosed("it is unknown"));
    };
    let sql = "SELECT number FROM files WHERE deposit = $1 AND number = $2 AND object_key IS NOT NULL";
    if tx.one("files", sql, args![deposit, number]).await?.is_some() {
        return Ok(Some(BegunUpload::Kept));
    }
    if state != DepositState::Open {
        return Err(StoreError::DepositClosed("it is not open"));
    }
    let sql = format!("SELECT {COLUMNS} FROM uploads WHERE deposit = $1 AND number = $2");
    if let Some(row) = tx.one("uploads", sql, args![deposit, number]).await? {
        return Ok(Some(BegunUpload::There(read_upload(&row)?)));
    }
    if let Some(same) = limits.same_name {
        // Here, where the deposit is locked: of two that begin side by side the second finds the first.
        let sql = "SELECT name FROM files WHERE deposit = $1 AND object_key IS NOT NULL
            UNION ALL SELECT name FROM uploads WHERE deposit = $1";
        for row in tx.all("uploads", sql, args![deposit]).await? {
            if same(&row.get::<String>("name")?, &upload.name) {
                return Ok(Some(BegunUpload::SameName));
            }
        }
    }
    let sql = "SELECT (SELECT COUNT(*) FROM uploads WHERE deposit = $1) AS n,
        CAST(COALESCE((SELECT SUM(COALESCE(length, $2)) FROM uploads WHERE deposit = $1), 0)
            + COALESCE((SELECT SUM(object_length) FROM files WHERE deposit = $1), 0) AS BIGINT) AS octets";
    let there = tx.one("uploads", sql, args![deposit, limits.largest]).await?;
    outrun(there.as_ref(), upload.length, limits)
}

/// Whether one more of this length is more than may be, with what is there.
fn outrun(there: Option<&Row>, length: Option<u64>, limits: UploadLimits) -> Result<Option<BegunUpload>, StoreError> {
    let Some(row) = there else { return Ok(None) };
    let (count, octets): (u32, u64) = (row.int("n")?, row.int("octets")?);
    let wanted = octets.saturating_add(length.unwrap_or(limits.largest));
    Ok((count >= limits.count || wanted > limits.octets).then_some(BegunUpload::Full))
}

async fn insert(tx: &mut Tx, upload: &Upload, now: Timestamp) -> Result<(), StoreError> {
    let (draft, file) = match &upload.wanted {
        UploadFor::Draft { account, draft } => (Some((*account, draft)), None),
        UploadFor::Deposit { deposit, number } => (None, Some((*deposit, *number))),
    };
    let sql = "INSERT INTO uploads (id, section, account, draft, deposit, number, name, media_type, length, received,
            created_at, touched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $10)";
    let values = args![
        upload.id,
        &upload.section,
        draft.map(|(account, _)| account),
        draft.map(|(_, draft)| draft),
        file.map(|(deposit, _)| deposit),
        file.map(|(_, number)| number),
        &upload.name,
        &upload.media_type,
        upload.length,
        now,
    ];
    tx.run(sql, values).await.map(drop)
}

async fn parts(tx: &mut Tx, id: UploadId) -> Result<Vec<ObjectRef>, StoreError> {
    let sql = "SELECT section, object_id, object_key, object_length FROM upload_parts WHERE upload = $1 ORDER BY start";
    tx.all("upload_parts", sql, args![id]).await?.iter().map(read_part).collect()
}

/// Gives up what is on its way to a deposit, or to its file of this number; gives how many uploads there were.
pub(crate) async fn drop_uploads_of(tx: &mut Tx, deposit: DepositId, number: Option<u32>) -> Result<u32, StoreError> {
    let sql = if number.is_some() {
        "SELECT id FROM uploads WHERE deposit = $1 AND number = $2 FOR UPDATE"
    } else {
        "SELECT id FROM uploads WHERE deposit = $1 FOR UPDATE"
    };
    let mut values = args![deposit].to_vec();
    values.extend(number.map(Into::into));
    let mut dropped = 0;
    for row in tx.all("uploads", sql, &values).await? {
        drop_one(tx, row.parse("id")?).await?;
        dropped += 1;
    }
    Ok(dropped)
}

/// The caller has locked it, so that no part comes meanwhile. There may be thousands: as one statement, they are given up as
/// [`crate::mails::give_up`] does.
async fn drop_one(tx: &mut Tx, id: UploadId) -> Result<(), StoreError> {
    let sql = "INSERT INTO erasures (object, section) SELECT object_id, section FROM upload_parts WHERE upload = $1
        ON CONFLICT (object) DO NOTHING";
    tx.run(sql, args![id]).await?;
    tx.run("DELETE FROM upload_parts WHERE upload = $1", args![id]).await?;
    tx.run("DELETE FROM uploads WHERE id = $1", args![id]).await.map(drop)
}

fn read_upload(row: &Row) -> Result<Upload, StoreError> {
    let length: Option<i64> = row.opt("length")?;
    let wanted = match row.parse_opt("deposit")? {
        Some(deposit) => UploadFor::Deposit { deposit, number: row.int("number")? },
        None => UploadFor::Draft { account: row.parse("account")?, draft: row.get("draft")? },
    };
    Ok(Upload {
        id: row.parse("id")?,
        section: row.parse("section")?,
        wanted,
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        length: length.map(|length| u64::try_from(length).map_err(|_| row.corrupt())).transpose()?,
        received: row.int("received")?,
        touched_at: row.time("touched_at")?,
    })
}

fn read_part(row: &Row) -> Result<ObjectRef, StoreError> {
    Ok(ObjectRef {
        id: row.parse("object_id")?,
        section: row.parse("section")?,
        wrapped_key: row.get("object_key")?,
        length: row.int("object_length")?,
    })
}
