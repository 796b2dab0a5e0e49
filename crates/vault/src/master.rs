//! The master key: from a file that is made at the first start, or from an environment value.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use fubako_base::{hex, secret};
use zeroize::Zeroizing;

use crate::keys::KEY;

/// The key that wraps every section's key. Erased when dropped; `Debug` shows nothing.
pub struct MasterKey(Zeroizing<[u8; KEY]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Why there is no master key. The text is for whoever starts the program and shows no key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or made.
    #[error("the master key file {0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// Not a regular file.
    #[error("the master key file {0} is not a regular file")]
    NotAFile(PathBuf),
    /// Others than its owner may read or write the file.
    #[error("the master key file {0} has mode {1:04o}, which lets others at it; make it 0600")]
    TooOpen(PathBuf, u32),
    /// The file does not have 32 octets.
    #[error("the master key file {0} does not have exactly 32 octets; is it the right file, and whole?")]
    Length(PathBuf),
    /// The environment value is neither 64 hexadecimal digits nor base64 of 32 octets.
    #[error("the master key value is neither 64 hexadecimal digits nor base64 of 32 octets")]
    Text,
    /// The system gave no random octets.
    #[error(transparent)]
    NoRandom(#[from] secret::NoRandom),
}

impl MasterKey {
    /// The key in this file: 32 octets, readable by its owner only.
    ///
    /// # Errors
    /// [`MasterKeyError`]; where there is no file, [`MasterKeyError::File`] with `NotFound`.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |error| MasterKeyError::File(path.to_owned(), error);
        let file = File::open(path).map_err(failed)?;
        // Asked of the open file, so that it is the one that is read.
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(MasterKeyError::NotAFile(path.to_owned()));
        }
        if about.mode() & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen(path.to_owned(), about.mode() & 0o7777));
        }
        let mut octets = Zeroizing::new(Vec::with_capacity(KEY + 1));
        file.take(KEY as u64 + 1).read_to_end(&mut octets).map_err(failed)?;
        Self::from_octets(&octets).ok_or_else(|| MasterKeyError::Length(path.to_owned()))
    }

    /// The key in this file, or a new one in a new file with mode 0600, durable before it is used. A file that is there
    /// is never written over, whatever is in it; of two that start at once, both get the one that came first.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn from_file_or_new(path: &Path) -> Result<Self, MasterKeyError> {
        match Self::from_file(path) {
            Err(MasterKeyError::File(_, error)) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
        let mut octets = Zeroizing::new([0; KEY]);
        secret::fill(octets.as_mut_slice())?;
        make_file(path, octets.as_slice())?;
        // Read back: this may be the file that another process made a moment before.
        Self::from_file(path)
    }

    /// The key in an environment value: 64 hexadecimal digits, or base64 of 32 octets. White space around it is dropped.
    ///
    /// # Errors
    /// [`MasterKeyError::Text`].
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let octets = match text.len() {
            64 => hex::decode(text),
            43 => encodify::base64::STANDARD_NO_PAD.decode(text).ok(),
            44 => encodify::base64::STANDARD.decode(text).ok(),
            _ => None,
        };
        octets.map(Zeroizing::new).and_then(|octets| Self::from_octets(&octets)).ok_or(MasterKeyError::Text)
    }

    pub(crate) fn octets(&self) -> &[u8; KEY] {
        &self.0
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY]);
        (octets.len() == KEY).then(|| key.copy_from_slice(octets))?;
        Some(Self(key))
    }
}

/// Makes the file whole and synced under another name, then gives it its name unless that is taken.
fn make_file(path: &Path, octets: &[u8]) -> Result<(), MasterKeyError> {
    let failed = |error| MasterKeyError::File(path.to_owned(), error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut random = [0; 8];
    secret::fill(&mut random)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", hex::encode(&random)));
    let new = folder.join(name);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
        file.write_all(octets)?;
        file.sync_all()?;
        match fs::hard_link(&new, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    });
    // Best effort: a second name of the same octets, with the same mode.
    let _ = fs::remove_file(&new);
    written.and_then(|()| File::open(folder)?.sync_all()).map_err(failed)
}
