//! Sections as the operator has them: looked at, made, and changed by how they stood (spec X-OPERATOR).

use std::collections::HashMap;

use fubako_base::{Timestamp, ids::SectionId, section::Section};

use crate::{
    Store, StoreError,
    audit::Entry,
    members::{Invited, invite_all},
    sections::{Change, apply, one_section},
    tx::{Arg, Row, Tx, args, places},
    usage::Kept,
};

/// Administrators of a section that are named.
pub const FIRST_ADMINISTRATORS: usize = 3;

/// What there is of a section besides what it is set to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// Its users.
    pub users: u64,
    /// What lies in the storage of it.
    pub kept: Kept,
    /// Login id and address of those who administer it, the first first; [`FIRST_ADMINISTRATORS`] at most.
    pub administrators: Vec<(String, String)>,
    /// How many administer it.
    pub administrator_count: u64,
}

/// A domain of one section that lies below one of another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The section's own domain.
    pub own: String,
    /// The other's, above or below it.
    pub other: String,
    /// The other section.
    pub section: SectionId,
}

impl Neighbour {
    /// Whether the section's own domain is the lower one.
    #[must_use]
    pub fn own_is_below(&self) -> bool {
        self.own.len() > self.other.len()
    }
}

impl Store {
    /// What there is of each of these sections, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_overviews(&self, sections: &[SectionId]) -> Result<Vec<Overview>, StoreError> {
        if sections.is_empty() {
            return Ok(Vec::new());
        }
        self.pool.read(sections.to_vec(), |tx, sections| Box::pin(overviews(tx, sections))).await
    }

    /// The section with this id, and when it, or who belongs to it, was last changed ([`crate::members::Staff::as_of`]).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_as_of(&self, id: &SectionId) -> Result<Option<(Section, Timestamp)>, StoreError> {
        self.pool
            .read(id.clone(), |tx, id| {
                Box::pin(async move {
                    // First, so that what is changed while the rest is read is newer than this.
                    let sql = "SELECT changed_at FROM sections WHERE id = $1";
                    let Some(row) = tx.one("sections", sql, args![id]).await? else { return Ok(None) };
                    let as_of = row.time("changed_at")?;
                    Ok(one_section(tx, id).await?.map(|section| (section, as_of)))
                })
            })
            .await
    }

    /// Those of these domains (A-labels in lower case) that a section has, each with the section.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn domain_owners(&self, domains: &[String]) -> Result<Vec<(String, SectionId)>, StoreError> {
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        self.pool
            .read(domains.to_vec(), |tx, domains| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT domain, section FROM domains WHERE domain IN ({}) ORDER BY domain",
                        places(&mut (1..), domains.len())
                    );
                    let values: Vec<Arg<'_>> = domains.iter().map(Arg::from).collect();
                    let rows = tx.all("domains", sql, &values).await?;
                    rows.iter().map(|row| Ok((row.get("domain")?, row.parse("section")?))).collect()
                })
            })
            .await
    }

    /// Domains of other sections that lie above or below this one's, `most` of them at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn neighbours(&self, section: &SectionId, most: u32) -> Result<Vec<Neighbour>, StoreError> {
        self.pool
            .read((section.clone(), most), |tx, (section, most)| {
                Box::pin(async move {
                    let sql = "SELECT own.domain AS own, other.domain AS other, other.section AS section
                        FROM domains own JOIN domains other ON other.section <> own.section
                            AND (other.domain LIKE '%.' || own.domain OR own.domain LIKE '%.' || other.domain)
                        WHERE own.section = $1 ORDER BY own.domain, other.domain LIMIT $2";
                    let read = |row: &Row| {
                        Ok(Neighbour { own: row.get("own")?, other: row.get("other")?, section: row.parse("section")? })
                    };
                    tx.all("domains", sql, args![section, *most]).await?.iter().map(read).collect()
                })
            })
            .await
    }

    /// [`Store::apply`] of changes that make a section, and whom it has at first; these are `invited`. False, and nothing is done, where there is a section
    /// with its id: of two who make it at once one does.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub async fn make_section(
        &self,
        section: &SectionId,
        changes: &[Change],
        invited: &[Invited],
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = (section.clone(), changes.to_vec(), invited.to_vec(), self.recording(entries)?, now);
        self.pool
            .write(args, |tx, (section, changes, invited, record, now)| {
                Box::pin(async move {
                    if !is_free(tx, section).await? {
                        return Ok(false);
                    }
                    apply(tx, changes, *now).await?;
                    invite_all(tx, section, invited, *now).await?;
                    record.write_if(true, tx).await
                })
            })
            .await
    }
}

/// Whether there is no section with this id; it is held so to the commit, against all who ask.
pub(crate) async fn is_free(tx: &mut Tx, section: &SectionId) -> Result<bool, StoreError> {
    tx.hold(&format!("section {section}")).await?;
    Ok(tx.one("sections", "SELECT id FROM sections WHERE id = $1", args![section]).await?.is_none())
}

async fn overviews(tx: &mut Tx, sections: &[SectionId]) -> Result<Vec<Overview>, StoreError> {
    let among = places(&mut (1..), sections.len());
    let values: Vec<Arg<'_>> = sections.iter().map(Arg::from).collect();
    let mut of: HashMap<SectionId, Overview> = HashMap::new();
    let sql = format!(
        "SELECT section, COUNT(*) AS users, CAST(COALESCE(SUM(CASE WHEN administrator THEN 1 ELSE 0 END), 0) AS BIGINT) AS administrators
        FROM users WHERE section IN ({among}) GROUP BY section"
    );
    for row in tx.all("users", sql, &values).await? {
        let one = entry(&mut of, &row)?;
        (one.users, one.administrator_count) = (row.int("users")?, row.int("administrators")?);
    }
    let sql = format!(
        "SELECT section, login_id, address FROM users WHERE administrator AND section IN ({among})
        ORDER BY created_at, section, login_id"
    );
    for row in tx.all("users", sql, &values).await? {
        let one = entry(&mut of, &row)?;
        if one.administrators.len() < FIRST_ADMINISTRATORS {
            one.administrators.push((row.get("login_id")?, row.get("address")?));
        }
    }
    let sql = format!(
        "SELECT section, COUNT(*) AS files, CAST(COALESCE(SUM(object_length), 0) AS BIGINT) AS octets
        FROM files WHERE object_key IS NOT NULL AND section IN ({among}) GROUP BY section"
    );
    for row in tx.all("files", sql, &values).await? {
        entry(&mut of, &row)?.kept = Kept { files: row.int("files")?, octets: row.int("octets")? };
    }
    Ok(sections.iter().map(|section| of.remove(section).unwrap_or_default()).collect())
}

fn entry<'a>(of: &'a mut HashMap<SectionId, Overview>, row: &Row) -> Result<&'a mut Overview, StoreError> {
    Ok(of.entry(row.parse("section")?).or_default())
}
