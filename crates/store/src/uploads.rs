//! Uploads of whoever sends on a page (spec X-SEND): files on their way, in parts.

use fubako_base::{
    Timestamp,
    ids::{AccountId, SectionId, UploadId},
    object::ObjectRef,
};

use crate::{
    Store, StoreError,
    mails::give_up,
    tx::{Row, Tx, args},
};

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The section of whoever uploads.
    pub section: SectionId,
    /// Their account.
    pub account: AccountId,
    /// The draft that it is for: chosen by the page.
    pub draft: String,
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

/// What an account may have on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Uploads.
    pub count: u32,
    /// Octets of all of them together.
    pub octets: u64,
    /// Octets that one may have at the most: as much is kept free for one of which nobody has said how long it is.
    pub largest: u64,
}

const COLUMNS: &str = "id, section, account, draft, name, media_type, length, received, touched_at";

impl Store {
    /// Begins an upload. False where the account would have more on its way than it may.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_upload(
        &self,
        upload: &Upload,
        limits: UploadLimits,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((upload.clone(), limits, now), |tx, (upload, limits, now)| {
                Box::pin(begin_upload(tx, upload, *limits, *now))
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

    /// Gives up the uploads that nothing came of since `before`, at most `limit`; gives how many.
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
                        "SELECT id FROM uploads WHERE touched_at < $1 AND account = $3 ORDER BY touched_at LIMIT $2"
                    } else {
                        "SELECT id FROM uploads WHERE touched_at < $1 ORDER BY touched_at LIMIT $2"
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

async fn begin_upload(tx: &mut Tx, upload: &Upload, limits: UploadLimits, now: Timestamp) -> Result<bool, StoreError> {
    // The account is locked, so that uploads that begin side by side do not outrun the limits.
    tx.one("accounts", "SELECT id FROM accounts WHERE id = $1 FOR UPDATE", args![upload.account]).await?;
    let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(COALESCE(length, $2)), 0) AS BIGINT) AS octets
        FROM uploads WHERE account = $1";
    if let Some(row) = tx.one("uploads", sql, args![upload.account, limits.largest]).await? {
        let (count, octets): (u32, u64) = (row.int("n")?, row.int("octets")?);
        let wanted = upload.length.unwrap_or(limits.largest);
        if count >= limits.count || octets.saturating_add(wanted) > limits.octets {
            return Ok(false);
        }
    }
    let sql = "INSERT INTO uploads (id, section, account, draft, name, media_type, length, received, created_at,
            touched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)";
    let values = args![
        upload.id,
        &upload.section,
        upload.account,
        &upload.draft,
        &upload.name,
        &upload.media_type,
        upload.length,
        now,
    ];
    tx.run(sql, values).await?;
    Ok(true)
}

async fn parts(tx: &mut Tx, id: UploadId) -> Result<Vec<ObjectRef>, StoreError> {
    let sql = "SELECT section, object_id, object_key, object_length FROM upload_parts WHERE upload = $1 ORDER BY start";
    tx.all("upload_parts", sql, args![id]).await?.iter().map(read_part).collect()
}

async fn drop_one(tx: &mut Tx, id: UploadId) -> Result<(), StoreError> {
    for part in parts(tx, id).await? {
        give_up(tx, part.id, &part.section).await?;
    }
    tx.run("DELETE FROM upload_parts WHERE upload = $1", args![id]).await?;
    tx.run("DELETE FROM uploads WHERE id = $1", args![id]).await.map(drop)
}

fn read_upload(row: &Row) -> Result<Upload, StoreError> {
    let length: Option<i64> = row.opt("length")?;
    Ok(Upload {
        id: row.parse("id")?,
        section: row.parse("section")?,
        account: row.parse("account")?,
        draft: row.get("draft")?,
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
