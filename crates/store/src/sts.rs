//! MTA-STS policies of recipients' domains, as they were fetched (RFC 8461).

use fubako_base::Timestamp;

use crate::{Store, StoreError, tx::args};

/// A domain's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsPolicyRow {
    /// The domain, an A-label name.
    pub domain: String,
    /// The id by which DNS announced it.
    pub id: String,
    /// Its text.
    pub policy: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// From when on it holds no more.
    pub expires_at: Timestamp,
}

impl Store {
    /// The policy of a domain that holds at `now`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sts_policy(&self, domain: &str, now: Timestamp) -> Result<Option<StsPolicyRow>, StoreError> {
        self.pool
            .read((domain.to_owned(), now), |tx, (domain, now)| {
                Box::pin(async move {
                    let sql = "SELECT domain, id, policy, fetched_at, expires_at FROM sts_policies
                        WHERE domain = $1 AND expires_at > $2";
                    let Some(row) = tx.one("sts_policies", sql, args![&*domain, *now]).await? else { return Ok(None) };
                    Ok(Some(StsPolicyRow {
                        domain: row.get("domain")?,
                        id: row.get("id")?,
                        policy: row.get("policy")?,
                        fetched_at: row.time("fetched_at")?,
                        expires_at: row.time("expires_at")?,
                    }))
                })
            })
            .await
    }

    /// Keeps a domain's policy in the place of the one before, unless another node has fetched one since; and forgets those whose
    /// time was up when this one was fetched.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_sts_policy(&self, row: &StsPolicyRow) -> Result<(), StoreError> {
        self.pool
            .write(row.clone(), |tx, row| {
                Box::pin(async move {
                    tx.run("DELETE FROM sts_policies WHERE expires_at <= $1", args![row.fetched_at]).await?;
                    let sql = "INSERT INTO sts_policies (domain, id, policy, fetched_at, expires_at)
                        VALUES ($1, $2, $3, $4, $5)
                        ON CONFLICT (domain) DO UPDATE SET id = excluded.id, policy = excluded.policy,
                            fetched_at = excluded.fetched_at, expires_at = excluded.expires_at
                        WHERE sts_policies.fetched_at <= excluded.fetched_at";
                    tx.run(sql, args![&row.domain, &row.id, &row.policy, row.fetched_at, row.expires_at]).await?;
                    Ok(())
                })
            })
            .await
    }
}
