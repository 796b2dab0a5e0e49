//! Sections, groups, users; section keys; DKIM keys.

use fubako_base::{Timestamp, ids::SectionId, section::Section};

use crate::{Store, StoreError};

/// Users in a section who share policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its section.
    pub section: SectionId,
    /// Its name, unique in the section.
    pub name: String,
    /// Whether it is the section's mail-link group (at most one is).
    pub mail_link: bool,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The section.
    pub section: SectionId,
    /// Login id, unique in the section.
    pub login_id: String,
    /// Mail address; compared without case.
    pub address: String,
    /// The name people see.
    pub name: String,
    /// The group's name.
    pub group: Option<String>,
    /// Whether this is the section's default user (at most one is).
    pub default_user: bool,
}

/// One change that `fubako apply` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Makes the section or sets all of it, its domains included.
    PutSection(Box<Section>),
    /// Makes the group or sets it.
    PutGroup(Group),
    /// Makes the user or sets it.
    PutUser(User),
    /// Removes a group that is no longer declared.
    RemoveGroup(SectionId, String),
    /// Removes a user that is no longer declared.
    RemoveUser(SectionId, String),
}

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
    /// Whose section key seals it. The installation's own keys belong to the section `installation`.
    pub section: SectionId,
}

impl Store {
    /// Every section, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sections(&self) -> Result<Vec<Section>, StoreError> {
        unimplemented!()
    }

    /// The section with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section(&self, id: &SectionId) -> Result<Option<Section>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// The section that registered this domain (an A-label in lower case), in use or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_of_domain(&self, domain: &str) -> Result<Option<Section>, StoreError> {
        let _ = domain;
        unimplemented!()
    }

    /// A section's groups, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn groups(&self, section: &SectionId) -> Result<Vec<Group>, StoreError> {
        let _ = section;
        unimplemented!()
    }

    /// A section's users, by login id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn users(&self, section: &SectionId) -> Result<Vec<User>, StoreError> {
        let _ = section;
        unimplemented!()
    }

    /// Makes the changes, all or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn apply(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        let _ = (changes, now);
        unimplemented!()
    }

    /// The section's key as it was wrapped, newest version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn section_key(&self, section: &SectionId) -> Result<Option<Vec<u8>>, StoreError> {
        let _ = section;
        unimplemented!()
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
        let _ = (section, wrapped, now);
        unimplemented!()
    }

    /// A domain's DKIM keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dkim_keys(&self, domain: &str) -> Result<Vec<DkimKeyRow>, StoreError> {
        let _ = domain;
        unimplemented!()
    }

    /// Keeps a DKIM key unless the domain has one with that algorithm; gives whether it was kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_dkim_key(&self, key: &DkimKeyRow, now: Timestamp) -> Result<bool, StoreError> {
        let _ = (key, now);
        unimplemented!()
    }
}
