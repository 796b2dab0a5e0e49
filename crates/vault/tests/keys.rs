//! Keys: the master key's file, section keys made once, values sealed for a row.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    sync::Arc,
    thread,
};

use fubako_base::ids::{ObjectId, SectionId};
use fubako_vault::{
    Vault, VaultError,
    keys::{Keys, MasterKey, MasterKeyError},
    seal::CHUNK,
};
use support::{Keeper, Place, master, read, sample, section, write};

/// What a master key opens shows whether it is the same as another.
async fn opens(key: &MasterKey, keeper: &Arc<Keeper>) -> bool {
    Keys::new(key, keeper.clone()).unwrap().check(&section()).await.is_ok()
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn the_master_key_file_is_made_once_and_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let keeper = Arc::new(Keeper::default());
    assert!(matches!(MasterKey::from_file(&path), Err(MasterKeyError::File(..))));
    let first = MasterKey::from_file_or_new(&path).unwrap();
    assert!(opens(&first, &keeper).await);
    let about = fs::metadata(&path).unwrap();
    assert_eq!((about.permissions().mode() & 0o7777, about.len()), (0o600, 32));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
    let octets = fs::read(&path).unwrap();
    assert!(opens(&MasterKey::from_file_or_new(&path).unwrap(), &keeper).await, "the same key at the next start");
    assert_eq!(fs::read(&path).unwrap(), octets);
    let shown = format!("{first:?}");
    assert_eq!(shown, "MasterKey(…)");
    // Another first start gives another key.
    let other = MasterKey::from_file_or_new(&folder.path().join("other.key")).unwrap();
    assert!(!opens(&other, &keeper).await);
}

#[test]
fn a_master_key_file_that_is_not_right_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    for length in [0, 31, 33, 64] {
        fs::write(&path, vec![b'k'; length]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = MasterKey::from_file_or_new(&path).unwrap_err();
        assert!(matches!(error, MasterKeyError::Length(_)), "{error}");
        assert!(!error.to_string().contains("kk"));
        assert_eq!(fs::read(&path).unwrap().len(), length, "never written over");
    }
    fs::write(&path, [7; 32]).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o644, 0o666, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::from_file_or_new(&path).unwrap_err();
        assert!(matches!(error, MasterKeyError::TooOpen(_, found) if found == mode), "{error}");
        assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(MasterKey::from_file_or_new(&path).is_ok());
    // A secret mounted as a link to a file is fine; a link to nothing is not filled; a folder is no file.
    symlink(&path, folder.path().join("link")).unwrap();
    assert!(MasterKey::from_file_or_new(&folder.path().join("link")).is_ok());
    symlink(folder.path().join("nothing"), folder.path().join("dangling")).unwrap();
    assert!(matches!(MasterKey::from_file_or_new(&folder.path().join("dangling")), Err(MasterKeyError::File(..))));
    assert!(matches!(MasterKey::from_file_or_new(folder.path()), Err(MasterKeyError::NotAFile(_))));
    assert!(matches!(
        MasterKey::from_file_or_new(&folder.path().join("no/such/folder")),
        Err(MasterKeyError::File(..))
    ));
}

#[tokio::test]
async fn of_many_first_starts_at_once_all_have_the_same_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let starts: Vec<_> = (0..16)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || MasterKey::from_file_or_new(&path).unwrap())
        })
        .collect();
    let keeper = Arc::new(Keeper::default());
    for start in starts {
        assert!(opens(&start.join().unwrap(), &keeper).await);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_master_key_value_is_hexadecimal_or_base64() {
    let keeper = Arc::new(Keeper::default());
    let key = MasterKey::from_text("00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF").unwrap();
    assert!(opens(&key, &keeper).await);
    for same in ["ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=", " ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8\n"] {
        assert!(opens(&MasterKey::from_text(same).unwrap(), &keeper).await, "{same}");
    }
    let long = "0".repeat(66);
    for bad in
        ["", "00", "short", &long[..63], &long, &"g".repeat(64), &"é".repeat(32), &"=".repeat(44), &"+é".repeat(22)]
    {
        let error = MasterKey::from_text(bad).unwrap_err();
        assert!(matches!(error, MasterKeyError::Text) && (bad.is_empty() || !error.to_string().contains(bad)), "{bad}");
    }
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn a_sections_first_key_is_made_once_by_many_nodes() {
    let place = Place::folder().await;
    let keeper = Arc::new(Keeper::default());
    let nodes: Vec<Vault> =
        (0..8).map(|_| Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap()).collect();
    let written = futures::future::join_all(nodes.iter().map(|node| write(node, b"hello", CHUNK))).await;
    assert_eq!(keeper.kept.lock().unwrap().len(), 1);
    for object in &written {
        for node in &nodes {
            assert_eq!(read(node, object, 0..5).await.0, b"hello");
        }
    }
    // No two objects have a key in common, nor a wrapping.
    for (a, b) in written.iter().zip(&written[1..]) {
        assert_ne!(a.wrapped_key, b.wrapped_key);
    }
}

#[tokio::test]
async fn an_opened_section_key_is_held_and_the_number_held_is_bounded() {
    let keeper = Arc::new(Keeper::default());
    let keys = Keys::new(&master(1), keeper.clone()).unwrap();
    for _ in 0..5 {
        keys.check(&section()).await.unwrap();
    }
    assert_eq!(*keeper.loads.lock().unwrap(), 1);
    for number in 0..1500 {
        keys.check(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    *keeper.loads.lock().unwrap() = 0;
    for number in 0..1500 {
        keys.check(&format!("s{number}").parse().unwrap()).await.unwrap();
    }
    assert!(*keeper.loads.lock().unwrap() >= 1500 - 1024, "more are held than should be");
}

#[tokio::test]
async fn a_database_that_is_away_makes_no_key() {
    let place = Place::folder().await;
    let keeper = Arc::new(Keeper::default());
    *keeper.away.lock().unwrap() = true;
    let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
    let error = vault.create(&section()).await.err().unwrap();
    assert!(matches!(&error, VaultError::Key(text) if text.contains("away")), "{error}");
    assert!(keeper.kept.lock().unwrap().is_empty());
    *keeper.away.lock().unwrap() = false;
    let object = write(&vault, b"x", CHUNK).await;
    // A section key that is gone is not replaced by a new one when something is read.
    keeper.kept.lock().unwrap().clear();
    let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
    assert!(matches!(vault.open(&object).await, Err(VaultError::Key(_))));
    assert!(keeper.kept.lock().unwrap().is_empty());
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn a_value_opens_in_its_own_row_only() {
    let vault = Place::folder().await.vault();
    let other: SectionId = "other".parse().unwrap();
    for length in [0, 1, 15, 1 << 20] {
        let value = sample(length);
        let sealed = vault.seal_value(&section(), "mail-password/1", &value).await.unwrap();
        assert_eq!(vault.open_value(&section(), "mail-password/1", &sealed).await.unwrap(), value);
        assert!(length < 16 || !sealed.windows(16).any(|window| window == &value[..16]));
        assert_ne!(vault.seal_value(&section(), "mail-password/1", &value).await.unwrap(), sealed, "never twice alike");
        for (section, context) in [(section(), "mail-password/2"), (other.clone(), "mail-password/1"), (section(), "")]
        {
            assert!(matches!(vault.open_value(&section, context, &sealed).await, Err(VaultError::Key(_))), "{context}");
        }
    }
    // The border between section and context is part of what is authenticated.
    let sealed = vault.seal_value(&"ab".parse().unwrap(), "c", b"x").await.unwrap();
    assert!(vault.open_value(&"a".parse().unwrap(), "bc", &sealed).await.is_err());
    let sealed = vault.seal_value(&section(), "c", b"secret").await.unwrap();
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 0x80;
        assert!(vault.open_value(&section(), "c", &changed).await.is_err(), "octet {position}");
        assert!(vault.open_value(&section(), "c", &sealed[..position]).await.is_err(), "cut to {position}");
    }
    assert!(matches!(vault.seal_value(&section(), "c", &sample((1 << 20) + 1)).await, Err(VaultError::Key(_))));
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn a_wrapped_object_key_is_no_value_and_no_other_objects_key() {
    let keys = Keys::new(&master(1), Arc::new(Keeper::default())).unwrap();
    let (id, other) = (ObjectId::generate(), ObjectId::generate());
    let (key, wrapped) = keys.new_object(&section(), id).await.unwrap();
    assert_eq!(keys.object(&section(), id, &wrapped).await.unwrap().octets(), key.octets());
    assert!(keys.object(&section(), other, &wrapped).await.is_err());
    assert!(!wrapped.windows(16).any(|window| window == &key.octets()[..16]));
    assert_eq!(format!("{key:?}"), "ObjectKey(…)");
    let as_value = [&[1][..], &wrapped[2..]].concat();
    assert!(keys.open_value(&section(), "", &as_value).await.is_err());
}
