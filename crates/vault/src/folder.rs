//! The local folder that objects lie in.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// A folder, made ready: it and its 256 subfolders are there and durable, so that an object needs to sync its own
/// subfolder only.
pub(crate) struct Folder {
    root: PathBuf,
    /// Held, shared, while the folder is open; none where the file system knows no locks.
    _lock: Option<File>,
}

impl Folder {
    /// Makes the folder with mode 0700 and what is missing below it, syncs it, and removes what broken uploads left.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        make_folder(&root)?;
        fs::set_permissions(&root, Permissions::from_mode(0o700))?;
        for spread in 0..=u8::MAX {
            make(&subfolder(&root, spread))?;
        }
        let lock = lock_and_clean(&root)?;
        File::open(&root)?.sync_all()?;
        Ok(Self { root, _lock: lock })
    }

    /// The file of an object with this path in the storage.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Removes an object's file and the file that its upload was staged in, which `object_store` leaves behind when
    /// ending the upload fails.
    pub(crate) fn undo(&self, path: &str) {
        for name in [format!("{path}#1"), path.to_owned()] {
            match fs::remove_file(self.root.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(file = name, %error, "what a broken upload left could not be removed");
                }
                _ => {}
            }
        }
    }
}

fn subfolder(root: &Path, spread: u8) -> PathBuf {
    root.join(format!("{spread:02x}"))
}

/// Makes one folder with mode 0700; gives whether it was missing.
fn make(folder: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a folder, and those above it, with mode 0700, and their names durable. That it is there already is no error.
///
/// # Errors
/// As the system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        make_folder(parent)?;
    }
    let is_new = make(folder)?;
    let synced = File::open(parent.unwrap_or(Path::new("."))).and_then(|parent| parent.sync_all());
    // One that was there may have been made by a start that did not get to the sync; or it stands where we may not look.
    if is_new { synced } else { Ok(()) }
}

/// Takes the folder's lock. Whoever gets it alone knows that no upload is under way and removes what broken ones left;
/// then, and where others have the folder open already, it is shared.
fn lock_and_clean(root: &Path) -> io::Result<Option<File>> {
    let lock = File::options().create(true).truncate(false).write(true).open(root.join(".lock"))?;
    match lock.try_lock() {
        Ok(()) => {
            let removed = remove_leftovers(root)?;
            if removed > 0 {
                tracing::info!(removed, folder = %root.display(), "removed what broken uploads had left");
            }
        }
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, folder = %root.display(), "the folder cannot be locked: broken uploads stay in it");
            return Ok(None);
        }
    }
    lock.lock_shared()?;
    Ok(Some(lock))
}

/// Removes staged uploads: files with a `#` in their name, which no object has.
fn remove_leftovers(root: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for spread in 0..=u8::MAX {
        for entry in fs::read_dir(subfolder(root, spread))? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().contains(&b'#') {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_broken_uploads_left_goes_once_nobody_has_the_folder_open() {
        let base = tempfile::tempdir().unwrap();
        let root = base.path().join("deep/files");
        let first = Folder::open(root.clone()).unwrap();
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        let (left, whole) = (root.join("00/00000000000000000000000000000000#1"), root.join("00/whole"));
        fs::write(&left, "x").unwrap();
        fs::write(&whole, "x").unwrap();
        // Another process opens it while the first one may be writing that very file.
        let second = Folder::open(root.clone()).unwrap();
        assert!(left.exists());
        drop(first);
        drop(second);
        let _third = Folder::open(root).unwrap();
        assert!(!left.exists() && whole.exists());
    }

    #[test]
    fn a_file_in_the_folders_place_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let root = base.path().join("files");
        fs::write(&root, "x").unwrap();
        assert!(Folder::open(root).is_err());
    }
}
