//! Tokens by which programs use the API for a section (spec X-API).

use fubako_base::{
    Timestamp,
    ids::{ApiTokenId, SectionId},
    scope::Scopes,
};

use crate::{
    Store, StoreError,
    audit::Entry,
    tx::{Row, args},
};

/// A token, without the secret that its bearer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// The section that its bearer acts for.
    pub section: SectionId,
    /// What it is called, as the log names it.
    pub name: String,
    /// What it permits.
    pub scopes: Scopes,
    /// The login id of the administrator who made it.
    pub made_by: String,
    /// When they did.
    pub made_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
}

macro_rules! tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, section, name, scopes, made_by, made_at, expires_at, revoked_at, used_at FROM api_tokens ",
            $rest
        )
    };
}

/// What became of a token that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is kept.
    Kept,
    /// The section has as many good ones as it may.
    TooMany,
    /// A token of the section, good or not, has this name.
    NameTaken,
}

impl Store {
    /// A section's tokens, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_tokens(&self, section: &SectionId) -> Result<Vec<ApiToken>, StoreError> {
        self.pool
            .read(section.clone(), |tx, section| {
                Box::pin(async move {
                    let sql = tokens!("WHERE section = $1 ORDER BY id DESC");
                    tx.all("api_tokens", sql, args![section]).await?.iter().map(read_token).collect()
                })
            })
            .await
    }

    /// The token whose secret has this SHA-256, good or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_token(&self, hash: [u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        self.pool
            .read(hash, |tx, hash| {
                Box::pin(async move {
                    let row = tx.one("api_tokens", tokens!("WHERE token_hash = $1"), args![hash]).await?;
                    row.as_ref().map(read_token).transpose()
                })
            })
            .await
    }

    /// Keeps a new token, unless the section has `most` that are good already, or one with its name (as ASCII without case).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_api_token(
        &self,
        token: &ApiToken,
        hash: [u8; 32],
        most: u32,
        entry: &Entry,
    ) -> Result<Added, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((token.clone(), hash, most, record), |tx, (token, hash, most, record)| {
                Box::pin(async move {
                    // Two who make one at once: the section's row says who was first.
                    let sql = "SELECT id FROM sections WHERE id = $1 FOR UPDATE";
                    tx.one("sections", sql, args![&token.section]).await?;
                    let sql = "SELECT COUNT(*) AS good FROM api_tokens
                        WHERE section = $1 AND revoked_at IS NULL AND expires_at > $2";
                    let row = tx.one("api_tokens", sql, args![&token.section, token.made_at]).await?;
                    let good: u32 = row.map(|row| row.int("good")).transpose()?.unwrap_or_default();
                    if good >= *most {
                        return Ok(Added::TooMany);
                    }
                    let sql = "SELECT id FROM api_tokens WHERE section = $1 AND LOWER(name) = LOWER($2) LIMIT 1";
                    if tx.one("api_tokens", sql, args![&token.section, &token.name]).await?.is_some() {
                        return Ok(Added::NameTaken);
                    }
                    let sql = "INSERT INTO api_tokens
                        (id, section, name, token_hash, scopes, made_by, made_at, expires_at)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
                    let scopes = token.scopes.to_string();
                    let values = args![
                        token.id,
                        &token.section,
                        &token.name,
                        hash,
                        &scopes,
                        &token.made_by,
                        token.made_at,
                        token.expires_at
                    ];
                    tx.run(sql, values).await?;
                    record.write(tx).await?;
                    Ok(Added::Kept)
                })
            })
            .await
    }

    /// Revokes a section's token. False where it has none such that is not revoked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_api_token(
        &self,
        section: &SectionId,
        id: ApiTokenId,
        by: &str,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((section.clone(), id, by.to_owned(), record, now), |tx, (section, id, by, record, now)| {
                Box::pin(async move {
                    let sql = "UPDATE api_tokens SET revoked_at = $3, revoked_by = $4
                        WHERE section = $1 AND id = $2 AND revoked_at IS NULL";
                    let done = tx.run(sql, args![section, *id, *now, by]).await? == 1;
                    record.write_if(done, tx).await
                })
            })
            .await
    }

    /// Notes that a token was used, where the last note is from before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_token_used(&self, id: ApiTokenId, before: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((id, before, now), |tx, (id, before, now)| {
                Box::pin(async move {
                    let sql = "UPDATE api_tokens SET used_at = $3 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)";
                    tx.run(sql, args![*id, *before, *now]).await.map(drop)
                })
            })
            .await
    }
}

fn read_token(row: &Row) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.parse("id")?,
        section: row.parse("section")?,
        name: row.get("name")?,
        scopes: row.parse("scopes")?,
        made_by: row.get("made_by")?,
        made_at: row.time("made_at")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.time_opt("revoked_at")?,
        used_at: row.time_opt("used_at")?,
    })
}
