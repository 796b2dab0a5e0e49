//! What the suites share: storages to test over, a keeper of section keys, sample octets.

#![allow(dead_code, unreachable_pub, reason = "each suite uses a part")]

use std::{
    collections::HashMap,
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use fubako_base::{
    ids::{ObjectId, SectionId},
    object::ObjectRef,
};
use fubako_vault::{
    S3Options, Storage, Vault, VaultError,
    keys::{MasterKey, SectionKeys},
};
use futures::{StreamExt as _, future::BoxFuture};

/// A storage under test, and the folder in which its octets can be seen and damaged.
pub struct Place {
    pub storage: Storage,
    /// Where the objects' files are.
    pub root: PathBuf,
    /// Where the S3 server listens.
    pub port: Option<u16>,
    _server: Option<Server>,
    _folder: tempfile::TempDir,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    /// A local folder.
    pub async fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open("file:files", folder.path(), &S3Options::default()).await.unwrap();
        Self { storage, root: folder.path().join("files"), port: None, _server: None, _folder: folder }
    }

    /// A bucket of a real S3 server, s3s-fs, of its own; none where the S3 half is skipped on purpose.
    pub async fn s3() -> Option<Self> {
        let program = s3s_fs()?;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("bucket");
        fs::create_dir(&root).unwrap();
        let (server, port) = start(&program, folder.path()).await;
        let storage =
            Storage::open("s3://bucket/some/prefix", folder.path(), &s3_options(port, "a-secret")).await.unwrap();
        Some(Self { storage, root, port: Some(port), _server: Some(server), _folder: folder })
    }

    pub fn is_s3(&self) -> bool {
        self.port.is_some()
    }

    /// A vault over this storage with a master key and section keys of its own.
    pub fn vault(&self) -> Vault {
        Vault::new(self.storage.clone(), &master(1), Arc::new(Keeper::default())).unwrap()
    }

    /// Every file of the storage, with its path; not what the storage keeps about itself.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                match path.is_dir() {
                    true => folders.push(path),
                    false if name.starts_with('.') => {}
                    false => found.push(path),
                }
            }
        }
        found
    }

    /// What the storage holds of uploads that have not ended: staged files, or the S3 server's record of parts.
    pub fn uploads(&self) -> Vec<PathBuf> {
        let staged = self.files().into_iter().filter(|path| path.to_string_lossy().contains('#'));
        let server = fs::read_dir(self.root.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let parts =
            server.filter(|path| self.is_s3() && path.file_name().unwrap().to_string_lossy().starts_with(".upload"));
        staged.chain(parts).collect()
    }

    /// The file of an object.
    pub fn file(&self, id: ObjectId) -> PathBuf {
        let name = id.to_string().replace('-', "");
        self.files().into_iter().find(|path| path.file_name().unwrap() == name.as_str()).expect("the object has a file")
    }
}

pub fn s3_options(port: u16, secret: &str) -> S3Options {
    S3Options {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        access_key: Some("an-access-key".to_owned()),
        secret_key: Some(secret.to_owned()),
        ..S3Options::default()
    }
}

/// The S3 server's program: `FUBAKO_TEST_S3S_FS`, or from the folder that `tools/test-tools.sh` fills.
fn s3s_fs() -> Option<PathBuf> {
    let tools = env::var_os("FUBAKO_TEST_TOOLS").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/fubako-test-tools"),
        PathBuf::from,
    );
    let program = env::var_os("FUBAKO_TEST_S3S_FS").map_or_else(|| tools.join("bin/s3s-fs"), PathBuf::from);
    if program.is_file() {
        return Some(program);
    }
    if env::var_os("FUBAKO_TEST_SKIP_S3").is_some_and(|value| value == "1") {
        say(&format!(
            "SKIPPED, because FUBAKO_TEST_SKIP_S3=1 and there is no {}: nothing was tested over S3",
            program.display()
        ));
        return None;
    }
    panic!(
        "there is no {}: run tools/test-tools.sh, or name an s3s-fs in FUBAKO_TEST_S3S_FS, or set FUBAKO_TEST_SKIP_S3=1 to go \
         without the S3 half",
        program.display()
    );
}

/// Says something that is seen although the test passes: the test harness holds back what `eprintln!` writes.
pub fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Starts the server on a free port. The port is found by asking for one and giving it back, so another may be faster.
async fn start(program: &Path, folder: &Path) -> (Server, u16) {
    for _ in 0..10 {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", "an-access-key", "--secret-key", "a-secret"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Server(child);
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && server.0.try_wait().unwrap().is_none() {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return (server, port);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("{} does not start", program.display());
}

/// Section keys in memory, as the database keeps them.
#[derive(Default)]
pub struct Keeper {
    pub kept: Mutex<HashMap<SectionId, Vec<u8>>>,
    pub away: Mutex<bool>,
    pub loads: Mutex<u32>,
}

impl SectionKeys for Keeper {
    fn load<'a>(&'a self, section: &'a SectionId) -> BoxFuture<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move {
            *self.loads.lock().unwrap() += 1;
            if *self.away.lock().unwrap() {
                return Err("the database is away".to_owned());
            }
            Ok(self.kept.lock().unwrap().get(section).cloned())
        })
    }

    fn keep<'a>(&'a self, section: &'a SectionId, wrapped: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            Ok(self.kept.lock().unwrap().entry(section.clone()).or_insert_with(|| wrapped.to_vec()).clone())
        })
    }
}

pub fn master(octet: u8) -> MasterKey {
    MasterKey::from_text(&format!("{octet:02x}").repeat(32)).unwrap()
}

pub fn section() -> SectionId {
    "acme".parse().unwrap()
}

/// Octets that do not repeat within any window of 16 (a 64-bit mixer, so that it is quick in a test build).
pub fn sample(length: usize) -> Vec<u8> {
    let mut octets = Vec::with_capacity(length + 8);
    let mut state = length as u64;
    while octets.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        octets.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    octets.truncate(length);
    octets
}

/// Writes an object in pieces of this many octets.
pub async fn write(vault: &Vault, plain: &[u8], pieces: usize) -> ObjectRef {
    let mut writer = vault.create(&section()).await.unwrap();
    for piece in plain.chunks(pieces) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// Reads a range: what came out, and the error that ended it.
pub async fn read(vault: &Vault, object: &ObjectRef, range: std::ops::Range<u64>) -> (Vec<u8>, Option<VaultError>) {
    let reader = match vault.open(object).await {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    assert_eq!(reader.length(), object.length);
    let mut stream = reader.read(range);
    drop(reader);
    let mut out = Vec::new();
    while let Some(octets) = stream.next().await {
        match octets {
            Ok(octets) => out.extend_from_slice(&octets),
            Err(error) => {
                assert!(stream.next().await.is_none(), "the first error ends it");
                return (out, Some(error));
            }
        }
    }
    (out, None)
}
