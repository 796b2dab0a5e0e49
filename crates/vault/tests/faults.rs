//! Storages and databases that fail: full disks, servers that are away, first keys made twice at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use fubako_vault::{S3Options, Storage, Vault, VaultError, seal::CHUNK};
use support::{Keeper, Place, master, read, s3_options, sample, section, write};

/// Writes objects into a folder that has no room for them: each must fail as storage, and leave nothing.
async fn assert_full(folder: &Path) {
    let storage = Storage::open("file:files", folder, &S3Options::default()).await.unwrap();
    let vault = Vault::new(storage, &master(1), Arc::new(Keeper::default())).unwrap();
    let small = write(&vault, &sample(100), CHUNK).await;
    // One that goes up whole when it ends, and one that goes up piece by piece.
    for (length, where_it_fails) in [(3 * CHUNK, "finish"), (100 * CHUNK, "write")] {
        let mut writer = vault.create(&section()).await.unwrap();
        let error = match writer.write(sample(length).into()).await {
            Ok(()) => ("finish", writer.finish().await.expect_err("there was room")),
            Err(error) => ("write", error),
        };
        assert_eq!(error.0, where_it_fails, "{length}");
        assert!(matches!(error.1, VaultError::Storage(_)), "{:?}", error.1);
        let files: Vec<PathBuf> = std::fs::read_dir(folder.join("files"))
            .unwrap()
            .flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).into_iter().flatten())
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
    }
    // What was there is unharmed, and there is room for what fits.
    assert_eq!(read(&vault, &small, 0..100).await.0, sample(100));
    write(&vault, &sample(200), CHUNK).await;
}

/// Unmounts when the test ends, however it ends.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// A file system of 128 KiB in memory. None where we may not mount.
    fn tiny() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=128k,mode=0700", "fubako-test"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

// spec: RCV-DURABLE
#[tokio::test]
async fn a_full_disk_is_an_error_and_leaves_nothing() {
    match Mounted::tiny() {
        Some(mounted) => assert_full(mounted.0.path()).await,
        None => support::say("may not mount: the limit on file sizes stands for the full disk"),
    }
}

const LIMITED: &str = "FUBAKO_TEST_LIMITED_FOLDER";

/// The same with a limit on the size of files, which needs no rights: this test again, in a process that has the limit.
#[test]
fn a_file_that_cannot_grow_is_an_error_and_leaves_nothing() {
    if let Some(folder) = env::var_os(LIMITED) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(assert_full(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    // 128 blocks of 512 octets (or 1,024, by the shell); the signal is ignored, so that writing fails with an error.
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 128; exec "$0" "$@""#])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "a_file_that_cannot_grow_is_an_error_and_leaves_nothing"])
        .env(LIMITED, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_server_that_is_away_or_refuses_is_a_storage_error() {
    let Some(place) = Place::s3().await else { return };
    let keeper = Arc::new(Keeper::default());
    let vault = Vault::new(place.storage.clone(), &master(1), keeper.clone()).unwrap();
    let object = write(&vault, &sample(10), CHUNK).await;
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    for options in [s3_options(nobody, "a-secret"), s3_options(place.port.unwrap(), "another-secret")] {
        let begun = Instant::now();
        let storage = Storage::open("s3://bucket/some/prefix", Path::new("/"), &options).await.unwrap();
        let other = Vault::new(storage, &master(1), keeper.clone()).unwrap();
        for length in [10, 90 * CHUNK] {
            let mut writer = other.create(&section()).await.unwrap();
            let error = match writer.write(sample(length).into()).await {
                Ok(()) => writer.finish().await.unwrap_err(),
                Err(error) => error,
            };
            assert!(matches!(error, VaultError::Storage(_)), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
        }
        assert!(matches!(other.open(&object).await, Err(VaultError::Storage(_))));
        assert!(matches!(other.delete(object.id).await, Err(VaultError::Storage(_))));
        assert!(begun.elapsed() < Duration::from_secs(60), "retries are limited: {:?}", begun.elapsed());
    }
    assert_eq!(place.files().len(), 1);
    assert_eq!(read(&vault, &object, 0..10).await.0, sample(10));
}
