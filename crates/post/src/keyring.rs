//! DKIM keys of the sections and of the installation, opened from the database (spec MAIL-SIGN).
//!
//! A key is its domain's: whichever section has the domain signs with it, and none where none has it. So a domain that changes hands needs no other record in
//! DNS. The private half never leaves the installation, and stays sealed under the key of the section that had the domain when it was made.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use fubako_base::{Timestamp, ids::SectionId};
use fubako_store::{Store, StoreError, audit::Entry, keys::DkimKeyRow};
use fubako_trust::{Algorithm, Signer, SigningKey, TrustError};
use fubako_vault::{Vault, VaultError};

/// How long an opened key is used without a look at the database: a new key is in use everywhere after that.
const FRESH: Duration = Duration::from_secs(180);
/// Domains whose keys are held open at once.
const MAX_CACHED: usize = 1024;

/// Why a key could not be made or opened. For the log; holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The key itself.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A row that says something unknown, or a domain that is another section's.
    #[error("{0}")]
    Row(String),
}

type Keys = Arc<[Arc<SigningKey>]>;

/// The way to DKIM keys; cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    domain: String,
    open: Mutex<HashMap<(SectionId, String), (Instant, Keys)>>,
}

impl Keyring {
    /// A keyring whose own keys sign for `installation_domain`.
    #[must_use]
    pub fn new(store: Store, vault: Vault, installation_domain: &str) -> Self {
        // What is no domain is refused when its keys are made.
        let domain = crate::route::a_label(installation_domain).unwrap_or_else(|| installation_domain.to_owned());
        Self(Arc::new(Inner { store, vault, domain, open: Mutex::new(HashMap::new()) }))
    }

    /// Makes the installation's own keys (selectors `fubako-rsa`, `fubako-ed25519`) where they are not there, and gives the
    /// DNS records to publish.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn ensure_installation_keys(&self, now: Timestamp) -> Result<Vec<(String, String)>, KeyringError> {
        let inner = &self.0;
        self.make_keys(&SectionId::installation(), &inner.domain, "fubako", &[], now).await
    }

    /// Makes a section's keys for one of its domains (selectors `SELECTOR-rsa` and `SELECTOR-ed25519`), an algorithm that has one
    /// keeping it, and gives the DNS records to publish. Where any is made, that is recorded.
    ///
    /// # Errors
    /// [`KeyringError::Row`] where the domain is not the section's; other [`KeyringError`]s.
    pub async fn make_domain_keys(
        &self,
        section: &SectionId,
        domain: &str,
        selector: &str,
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, KeyringError> {
        let not_theirs = || KeyringError::Row(format!("{domain} is not a domain of section {section}"));
        let domain = crate::route::a_label(domain).ok_or_else(not_theirs)?;
        if !self.may_sign(section, &domain).await? {
            return Err(not_theirs());
        }
        self.make_keys(section, &domain, selector, entries, now).await
    }

    async fn make_keys(
        &self,
        section: &SectionId,
        domain: &str,
        selector: &str,
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, KeyringError> {
        let there = self.0.store.dkim_keys(domain).await?;
        let mut made = Vec::new();
        for algorithm in Algorithm::ALL {
            if there.iter().any(|row| row.algorithm == algorithm.name()) {
                continue;
            }
            let selector = format!("{selector}-{}", algorithm.name());
            let (key, der) = {
                let (domain, selector) = (domain.to_owned(), selector.clone());
                tokio::task::spawn_blocking(move || SigningKey::create(&domain, &selector, algorithm))
                    .await
                    .map_err(|_| TrustError("making a key was broken off".into()))??
            };
            let sealed_key = self.0.vault.seal_value(section, &context(key.domain(), key.selector()), &der).await?;
            made.push(DkimKeyRow {
                domain: key.domain().to_owned(),
                selector: key.selector().to_owned(),
                algorithm: algorithm.name().to_owned(),
                sealed_key,
                section: section.clone(),
            });
        }
        if !made.is_empty() {
            // Another node may have been faster: then its keys are the ones.
            self.0.store.keep_dkim_keys(&made, entries, now).await?;
        }
        self.forget(section, domain);
        let keys = self.open_keys(section, domain).await?;
        Ok(keys.iter().map(|key| key.dns_record()).collect())
    }

    /// The DNS records of the keys that are there for a section's domain, or the installation's; none are made.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn records(&self, section: &SectionId, domain: &str) -> Result<Vec<(String, String)>, KeyringError> {
        let Some(domain) = crate::route::a_label(domain) else { return Ok(Vec::new()) };
        Ok(self.open_keys(section, &domain).await?.iter().map(|key| key.dns_record()).collect())
    }

    /// A signer for a section's mail: with the keys of its own domain where it has some, else with ours.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn signer_for(&self, section: &SectionId, from_domain: &str) -> Result<Signer, KeyringError> {
        if let Some(domain) = crate::route::a_label(from_domain) {
            let keys = self.cached(section, &domain).await?;
            if !keys.is_empty() {
                return Ok(Signer::new(&keys));
            }
        }
        self.own_signer().await
    }

    /// A signer with the installation's keys, for mails of our own.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn own_signer(&self) -> Result<Signer, KeyringError> {
        let keys = self.cached(&SectionId::installation(), &self.0.domain).await?;
        Ok(Signer::new(&keys))
    }

    async fn cached(&self, section: &SectionId, domain: &str) -> Result<Keys, KeyringError> {
        let name = (section.clone(), domain.to_owned());
        {
            let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((since, keys)) = open.get(&name)
                && since.elapsed() < FRESH
            {
                return Ok(Arc::clone(keys));
            }
        }
        let keys: Keys = self.open_keys(section, domain).await?.into();
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_CACHED {
            open.retain(|_, (since, _)| since.elapsed() < FRESH);
            if open.len() >= MAX_CACHED {
                open.clear();
            }
        }
        open.insert(name, (Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    fn forget(&self, section: &SectionId, domain: &str) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&(section.clone(), domain.to_owned()));
    }

    /// Whether mail of the domain (an A-label) is the section's to sign.
    async fn may_sign(&self, section: &SectionId, domain: &str) -> Result<bool, KeyringError> {
        if *section == SectionId::installation() {
            return Ok(domain == self.0.domain);
        }
        let owners = self.0.store.domain_owners(&[domain.to_owned()]).await?;
        Ok(owners.iter().any(|(_, owner)| owner == section))
    }

    /// The keys with which the section signs for the domain, RSA first; none where the domain is not its own.
    async fn open_keys(&self, section: &SectionId, domain: &str) -> Result<Vec<Arc<SigningKey>>, KeyringError> {
        let mut keys = Vec::new();
        if !self.may_sign(section, domain).await? {
            return Ok(keys);
        }
        for row in self.0.store.dkim_keys(domain).await? {
            let algorithm = Algorithm::from_name(&row.algorithm)
                .ok_or_else(|| KeyringError::Row(format!("key of {domain} with unknown algorithm")))?;
            let context = context(&row.domain, &row.selector);
            let der = zeroize::Zeroizing::new(self.0.vault.open_value(&row.section, &context, &row.sealed_key).await?);
            keys.push(Arc::new(SigningKey::from_pkcs8(&row.domain, &row.selector, algorithm, &der)?));
        }
        keys.sort_by_key(|key| key.algorithm() == Algorithm::Ed25519);
        Ok(keys)
    }
}

fn context(domain: &str, selector: &str) -> String {
    format!("dkim/{domain}/{selector}")
}
