//! Keys as they are kept: sections' keys, wrapped, and DKIM keys, sealed. Nothing here opens them (spec KEEP-CRYPT).

use fubako_base::{
    Timestamp,
    ids::SectionId,
    object::{Kept, SectionKeys},
};

use crate::{
    Store, StoreError,
    audit::Entry,
    tx::{Arg, Row, Tx, args, places},
};

/// A DKIM key of a domain.
#[derive(Clone, PartialEq, Eq)]
pub struct DkimKeyRow {
    /// The domain it signs for, an A-label.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// The private key (PKCS#8), sealed by the vault as `dkim/DOMAIN/SELECTOR` under `section`.
    pub sealed_key: Vec<u8>,
    /// Whose section key seals it: of the section that had the domain when it was made, or of `installation`. Who may sign with it is another question:
    /// whoever has the domain.
    pub section: SectionId,
}

impl std::fmt::Debug for DkimKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DkimKeyRow({}, {}, {}, section {})", self.domain, self.selector, self.algorithm, self.section)
    }
}

impl Store {
    /// The section's key as it was wrapped, newest version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_key(&self, section: &SectionId) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool.read(section.clone(), |tx, section| Box::pin(newest_key(tx, section))).await
    }

    /// Keeps a section's first wrapped key; where another node was faster, gives the one that is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_section_key(
        &self,
        section: &SectionId,
        wrapped: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        self.pool
            .write((section.clone(), wrapped.to_vec(), now), |tx, (section, wrapped, now)| {
                Box::pin(async move {
                    tx.run(
                        "INSERT INTO section_keys (section, version, wrapped, created_at) VALUES ($1, 1, $2, $3)
                            ON CONFLICT (section, version) DO NOTHING",
                        args![section, wrapped, *now],
                    )
                    .await?;
                    newest_key(tx, section).await?.ok_or(StoreError::Corrupt("section_keys"))
                })
            })
            .await
    }

    /// A domain's DKIM keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dkim_keys(&self, domain: &str) -> Result<Vec<DkimKeyRow>, StoreError> {
        self.pool
            .read(domain.to_owned(), |tx, domain| {
                Box::pin(async move {
                    let sql = "SELECT domain, selector, algorithm, sealed_key, section FROM dkim_keys
                        WHERE domain = $1 ORDER BY selector";
                    tx.all("dkim_keys", sql, args![domain]).await?.iter().map(read_dkim_key).collect()
                })
            })
            .await
    }

    /// Those of these domains (A-labels in lower case) that have DKIM keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn domains_with_keys(&self, domains: &[String]) -> Result<Vec<String>, StoreError> {
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        self.pool
            .read(domains.to_vec(), |tx, domains| {
                Box::pin(async move {
                    let among = places(&mut (1..), domains.len());
                    let sql =
                        format!("SELECT DISTINCT domain FROM dkim_keys WHERE domain IN ({among}) ORDER BY domain");
                    let values: Vec<Arg<'_>> = domains.iter().map(Arg::from).collect();
                    tx.all("dkim_keys", sql, &values).await?.iter().map(|row| row.get("domain")).collect()
                })
            })
            .await
    }

    /// Keeps DKIM keys, but for those whose domain has one with that algorithm (or that selector); gives whether any was kept. Where none was, nothing is
    /// recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_dkim_keys(
        &self,
        keys: &[DkimKeyRow],
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((keys.to_vec(), self.recording(entries)?, now), |tx, (keys, record, now)| {
                Box::pin(async move {
                    let mut kept = 0;
                    for key in keys.iter() {
                        let sql = "INSERT INTO dkim_keys (domain, selector, algorithm, sealed_key, section, created_at)
                            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
                        let values =
                            args![&key.domain, &key.selector, &key.algorithm, &key.sealed_key, &key.section, *now];
                        kept += tx.run(sql, values).await?;
                    }
                    record.write_if(kept > 0, tx).await
                })
            })
            .await
    }
}

impl SectionKeys for Store {
    fn load<'a>(&'a self, section: &'a SectionId) -> Kept<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.section_key(section).await.map_err(|error| error.to_string()) })
    }

    /// The time is the clock's: it tells a person how old a key is, and nothing is decided by it.
    fn keep<'a>(&'a self, section: &'a SectionId, wrapped: &'a [u8]) -> Kept<'a, Vec<u8>> {
        let now = Timestamp::now();
        Box::pin(async move { self.keep_section_key(section, wrapped, now).await.map_err(|error| error.to_string()) })
    }
}

fn read_dkim_key(row: &Row) -> Result<DkimKeyRow, StoreError> {
    Ok(DkimKeyRow {
        domain: row.get("domain")?,
        selector: row.get("selector")?,
        algorithm: row.get("algorithm")?,
        sealed_key: row.get("sealed_key")?,
        section: row.parse("section")?,
    })
}

async fn newest_key(tx: &mut Tx, section: &SectionId) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT wrapped FROM section_keys WHERE section = $1 ORDER BY version DESC LIMIT 1";
    tx.one("section_keys", sql, args![section]).await?.map(|row| row.get("wrapped")).transpose()
}
