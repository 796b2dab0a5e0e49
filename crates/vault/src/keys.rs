//! The key hierarchy (spec KEEP-CRYPT): the master key wraps each section's key, a section's key wraps the key of each of
//! its objects and seals its small values.
//!
//! Wrapping is AES-256-GCM with a random nonce; what is authenticated beside the key names its owner, so that a key put
//! into another's row does not open. Every wrapped thing begins with the number of its format and says which key
//! wraps it, so that keys can rotate:
//!
//! ```text
//! section key   1 | master key's id (8) | version (4) | nonce (12) | key (32) | tag (16)
//! object key    1 | chunk format (1)    | version (4) | nonce (12) | key (32) | tag (16)
//! small value   1 |                       version (4) | nonce (12) | octets   | tag (16)
//! ```
//!
//! The version is the section key's, big-endian. Random nonces allow 2^32 wrappings under one key (NIST SP 800-38D,
//! 8.3): a section that seals a million things a day is there after eleven years.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use fubako_base::{
    hex,
    ids::{ObjectId, SectionId},
    secret,
};
use zeroize::Zeroizing;

use crate::seal;

pub use crate::master::{MasterKey, MasterKeyError};
pub use fubako_base::object::SectionKeys;

/// Octets of every key.
pub const KEY: usize = 32;
/// Octets of plaintext that [`Keys::seal_value`] takes.
pub const MAX_VALUE: usize = 1 << 20;
/// Opened section keys held in memory.
const CACHED_SECTIONS: usize = 1024;
const FORMAT: u8 = 1;
const TAG: usize = 16;
const MASTER_ID: usize = 8;
const FIRST_VERSION: u32 = 1;

/// A key could not be had or does not fit. The text is for the log and shows no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database did not give or keep a section's key: may pass.
    #[error("the key of section {0} cannot be had: {1}")]
    Keeper(SectionId, String),
    /// The section's key was wrapped by another master key than the one in use.
    #[error("the key of section {0} was wrapped by another master key (id {1}) than the one in use (id {2})")]
    OtherMaster(SectionId, String, String),
    /// The section's wrapped key was changed, or belongs to another section.
    #[error("the wrapped key of section {0} is damaged")]
    Section(SectionId),
    /// Something was sealed by a version of the section's key that is not there.
    #[error("version {1} of the key of section {0} is not there")]
    Version(SectionId, u32),
    /// A wrapped object key or a sealed value does not open with the section's key.
    #[error("it does not open with the key of section {0}")]
    NotAuthentic(SectionId),
    /// A value longer than [`MAX_VALUE`].
    #[error("a value of {0} octets is too long to be sealed in a row")]
    TooLong(usize),
    /// The system's random source or the cipher failed.
    #[error("the system's random source or the cipher failed")]
    Cipher,
}

impl From<secret::NoRandom> for KeyError {
    fn from(_: secret::NoRandom) -> Self {
        Self::Cipher
    }
}

/// One object's key, opened. Erased when dropped; `Debug` shows nothing.
pub struct ObjectKey(Zeroizing<[u8; KEY]>);

impl ObjectKey {
    /// The octets, for [`crate::seal`].
    #[must_use]
    pub fn octets(&self) -> &[u8; KEY] {
        &self.0
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectKey(…)")
    }
}

/// The hierarchy at work. Opened section keys are held in memory, at most 1,024 of them.
pub struct Keys {
    master: Wrapping,
    master_id: [u8; MASTER_ID],
    keeper: Arc<dyn SectionKeys>,
    opened: Mutex<HashMap<SectionId, Arc<SectionKey>>>,
}

impl Keys {
    /// The hierarchy under this master key.
    ///
    /// # Errors
    /// [`KeyError::Cipher`].
    pub fn new(master: &MasterKey, keeper: Arc<dyn SectionKeys>) -> Result<Self, KeyError> {
        let id = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master.octets()), b"fubako master key id");
        let mut master_id = [0; MASTER_ID];
        master_id.copy_from_slice(&id.as_ref()[..MASTER_ID]);
        Ok(Self { master: Wrapping::new(master.octets())?, master_id, keeper, opened: Mutex::default() })
    }

    /// Opens the key of a section, making its first one where it has none: fails where the master key is another
    /// than the one that this installation's keys were wrapped by.
    ///
    /// # Errors
    /// [`KeyError::OtherMaster`], [`KeyError::Section`], [`KeyError::Keeper`].
    pub async fn check(&self, section: &SectionId) -> Result<(), KeyError> {
        self.section(section, None).await.map(|_| ())
    }

    /// A new object's key, and the same wrapped by its section's key.
    ///
    /// # Errors
    /// Any [`KeyError`] of the section's key.
    pub async fn new_object(&self, section: &SectionId, id: ObjectId) -> Result<(ObjectKey, Vec<u8>), KeyError> {
        let owner = self.section(section, None).await?;
        let key = ObjectKey(random_key()?);
        let mut wrapped = vec![FORMAT, seal::FORMAT];
        wrapped.extend_from_slice(&owner.version.to_be_bytes());
        let about = about_object(section, id, seal::FORMAT, owner.version);
        owner.wrapping.seal(&about, key.octets(), &mut wrapped)?;
        Ok((key, wrapped))
    }

    /// Opens an object's wrapped key.
    ///
    /// # Errors
    /// [`KeyError::NotAuthentic`] where the key is another object's or section's or was changed; any other of the
    /// section's key.
    pub async fn object(&self, section: &SectionId, id: ObjectId, wrapped: &[u8]) -> Result<ObjectKey, KeyError> {
        let damaged = || KeyError::NotAuthentic(section.clone());
        let (&[FORMAT, chunk_format @ seal::FORMAT], rest) = wrapped.split_first_chunk().ok_or_else(damaged)? else {
            return Err(damaged());
        };
        let (version, sealed) = rest.split_first_chunk().ok_or_else(damaged)?;
        let version = u32::from_be_bytes(*version);
        let owner = self.section(section, Some(version)).await?;
        let about = about_object(section, id, chunk_format, version);
        let opened = owner.wrapping.open(&about, sealed).ok_or_else(damaged)?;
        let key = <[u8; KEY]>::try_from(opened.as_slice()).map_err(|_| damaged())?;
        Ok(ObjectKey(Zeroizing::new(key)))
    }

    /// Seals a small value under a section's key. `context` says what it is and of which row.
    ///
    /// # Errors
    /// [`KeyError::TooLong`]; any of the section's key.
    pub async fn seal_value(&self, section: &SectionId, context: &str, value: &[u8]) -> Result<Vec<u8>, KeyError> {
        if value.len() > MAX_VALUE {
            return Err(KeyError::TooLong(value.len()));
        }
        let owner = self.section(section, None).await?;
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&owner.version.to_be_bytes());
        owner.wrapping.seal(&about_value(section, context, owner.version), value, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what [`Keys::seal_value`] sealed.
    ///
    /// # Errors
    /// [`KeyError::NotAuthentic`] where the section, the context or the octets do not fit; any of the section's key.
    pub async fn open_value(
        &self,
        section: &SectionId,
        context: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let damaged = || KeyError::NotAuthentic(section.clone());
        let (&[FORMAT], rest) = sealed.split_first_chunk().ok_or_else(damaged)? else {
            return Err(damaged());
        };
        let (version, sealed) = rest.split_first_chunk().ok_or_else(damaged)?;
        let version = u32::from_be_bytes(*version);
        let owner = self.section(section, Some(version)).await?;
        owner.wrapping.open(&about_value(section, context, version), sealed).ok_or_else(damaged)
    }

    /// A section's key, from memory or the keeper; with no `version`, the newest, made where there is none.
    async fn section(&self, section: &SectionId, version: Option<u32>) -> Result<Arc<SectionKey>, KeyError> {
        let fits = |key: &SectionKey| version.is_none_or(|wanted| wanted == key.version);
        if let Some(key) = self.remembered(section).filter(|key| fits(key)) {
            return Ok(key);
        }
        let keeper = |cause| KeyError::Keeper(section.clone(), cause);
        let wrapped = match (self.keeper.load(section).await.map_err(keeper)?, version) {
            (Some(wrapped), _) => wrapped,
            // What was sealed by a key that is gone cannot be opened by a new one: none is made.
            (None, Some(wanted)) => return Err(KeyError::Version(section.clone(), wanted)),
            (None, None) => {
                let first = self.wrap_section(section, &*random_key()?, FIRST_VERSION)?;
                self.keeper.keep(section, &first).await.map_err(keeper)?
            }
        };
        let key = Arc::new(self.unwrap_section(section, &wrapped)?);
        self.remember(section, &key);
        match version {
            Some(wanted) if wanted != key.version => Err(KeyError::Version(section.clone(), wanted)),
            _ => Ok(key),
        }
    }

    fn remembered(&self, section: &SectionId) -> Option<Arc<SectionKey>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(section).cloned()
    }

    fn remember(&self, section: &SectionId, key: &Arc<SectionKey>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= CACHED_SECTIONS && !opened.contains_key(section) {
            // Whichever comes first: a section that is in use is loaded again by one look-up.
            if let Some(other) = opened.keys().next().cloned() {
                opened.remove(&other);
            }
        }
        opened.insert(section.clone(), Arc::clone(key));
    }

    fn wrap_section(&self, section: &SectionId, key: &[u8; KEY], version: u32) -> Result<Vec<u8>, KeyError> {
        let mut wrapped = vec![FORMAT];
        wrapped.extend_from_slice(&self.master_id);
        wrapped.extend_from_slice(&version.to_be_bytes());
        self.master.seal(&self.about_section(section, version), key, &mut wrapped)?;
        Ok(wrapped)
    }

    fn unwrap_section(&self, section: &SectionId, wrapped: &[u8]) -> Result<SectionKey, KeyError> {
        let damaged = || KeyError::Section(section.clone());
        let (&[FORMAT], rest) = wrapped.split_first_chunk().ok_or_else(damaged)? else {
            return Err(damaged());
        };
        let (master_id, rest) = rest.split_first_chunk::<MASTER_ID>().ok_or_else(damaged)?;
        if *master_id != self.master_id {
            return Err(KeyError::OtherMaster(section.clone(), hex::encode(master_id), hex::encode(&self.master_id)));
        }
        let (version, sealed) = rest.split_first_chunk().ok_or_else(damaged)?;
        let version = u32::from_be_bytes(*version);
        let key = self.master.open(&self.about_section(section, version), sealed).ok_or_else(damaged)?;
        Ok(SectionKey { version, wrapping: Wrapping::new(&key)? })
    }

    fn about_section(&self, section: &SectionId, version: u32) -> Vec<u8> {
        about("section key", &[&[FORMAT], &self.master_id, &version.to_be_bytes(), section.as_str().as_bytes()])
    }
}

fn about_object(section: &SectionId, id: ObjectId, chunk_format: u8, version: u32) -> Vec<u8> {
    let formats = [FORMAT, chunk_format];
    about("object key", &[&formats, &version.to_be_bytes(), id.octets(), section.as_str().as_bytes()])
}

fn about_value(section: &SectionId, context: &str, version: u32) -> Vec<u8> {
    about("value", &[&[FORMAT], &version.to_be_bytes(), section.as_str().as_bytes(), context.as_bytes()])
}

/// What is authenticated beside the octets. Each part's length stands before it, so that no two lists are alike.
fn about(what: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut about = Vec::with_capacity(128);
    for part in [what.as_bytes()].iter().chain(parts) {
        about.extend_from_slice(&(part.len() as u64).to_be_bytes());
        about.extend_from_slice(part);
    }
    about
}

fn random_key() -> Result<Zeroizing<[u8; KEY]>, KeyError> {
    let mut key = Zeroizing::new([0; KEY]);
    secret::fill(key.as_mut_slice())?;
    Ok(key)
}

/// A section's key, ready for use.
struct SectionKey {
    version: u32,
    wrapping: Wrapping,
}

/// A key that seals short things under random nonces.
struct Wrapping(LessSafeKey);

impl Wrapping {
    fn new(key: &[u8]) -> Result<Self, KeyError> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| KeyError::Cipher)
    }

    /// Appends nonce, sealed octets and tag to `out`.
    fn seal(&self, about: &[u8], octets: &[u8], out: &mut Vec<u8>) -> Result<(), KeyError> {
        let mut nonce = [0; NONCE_LEN];
        secret::fill(&mut nonce)?;
        // Sealed in a buffer that is not grown, so that no copy of a key stays behind.
        let mut sealed = Vec::with_capacity(octets.len() + TAG);
        sealed.extend_from_slice(octets);
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut sealed)
            .map_err(|_| KeyError::Cipher)?;
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(())
    }

    fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut octets = Zeroizing::new(sealed.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(about), &mut octets)
            .ok()
            .map(|plain| plain.len())?;
        octets.truncate(length);
        Some(octets)
    }
}
