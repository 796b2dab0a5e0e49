//! Where sealed octets lie: a local folder or S3, both by `object_store`. Sees no key and no plaintext.
//!
//! An object's name is its id in hexadecimal, below one of 256 folders that its last octet names (its first ones are the
//! time). A name is used once, so nothing here needs a conditional put.

use std::{
    fmt, io,
    net::IpAddr,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use fubako_base::{Timestamp, hex, ids::ObjectId};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path,
};

use crate::{folder::Folder, seal::SEALED_CHUNK, upload::Parts};

/// Octets of a piece of a local file: what is in memory while an object is read or written.
const FOLDER_PIECE: usize = 4 * SEALED_CHUNK;
/// S3 wants parts of at least 5 MiB, save the last.
const S3_PART: usize = 80 * SEALED_CHUNK;
/// Octets fetched from S3 by one request.
const S3_FETCH: usize = 16 * SEALED_CHUNK;
const _: () = assert!(S3_PART >= 5 << 20, "S3 refuses smaller parts");

const S3_CONNECT: Duration = Duration::from_secs(5);
const S3_REQUEST: Duration = Duration::from_secs(60);
const S3_RETRIES: usize = 3;
const S3_RETRY_TIME: Duration = Duration::from_secs(20);

/// The name of what says whose the storage is.
const OWNER: &str = "owner";

/// How S3 is reached. `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct S3Options {
    /// The server's URL without the bucket; none is AWS itself.
    pub endpoint: Option<String>,
    /// The region; none is `us-east-1`, which other servers than AWS take.
    pub region: Option<String>,
    /// The access key. With none, the environment's standard ones are used (`AWS_ACCESS_KEY_ID`, a role and so on).
    pub access_key: Option<String>,
    /// The secret that belongs to the access key.
    pub secret_key: Option<String>,
    /// Permits an endpoint by plain HTTP that is not on this machine. Octets are sealed before they leave, but names,
    /// sizes and times are then seen on the way.
    pub allow_http: bool,
    /// The bucket is the host's first label, not the path's first segment. AWS takes both; the endpoint, where one is
    /// given, must then have the bucket in it.
    pub virtual_hosted: bool,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key", &self.access_key.as_ref().map(|_| "…"))
            .field("secret_key", &self.secret_key.as_ref().map(|_| "…"))
            .field("allow_http", &self.allow_http)
            .field("virtual_hosted", &self.virtual_hosted)
            .finish()
    }
}

/// Why the storage cannot be opened. The text is for whoever starts the program and shows no secret.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configured address is none that is known.
    #[error("not a storage address (file:FOLDER or s3://BUCKET/PREFIX): {0}")]
    Address(String),
    /// The local folder cannot be made or used.
    #[error("the storage folder {0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// A plain HTTP endpoint that is not on this machine.
    #[error("the S3 endpoint {0} is plain HTTP; use https, or set allow_http")]
    Insecure(String),
    /// Only one of access key and secret key is given.
    #[error("of the S3 access key and secret key only one is given")]
    HalfCredentials,
    /// The S3 client cannot be made from these options.
    #[error("S3: {0}")]
    S3(#[source] object_store::Error),
}

/// Where sealed objects lie; cheap to clone.
#[derive(Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Of a local storage.
    folder: Option<Folder>,
    address: String,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.inner.address)
    }
}

impl Storage {
    /// Opens `file:FOLDER` (relative to `data_dir`; made where it is not there, mode 0700) or `s3://BUCKET/PREFIX`.
    /// What broken uploads left in a folder is removed, unless another process has the folder open.
    ///
    /// # Errors
    /// [`OpenError`]. That S3 answers is not asked here.
    pub async fn open(url: &str, data_dir: &FilePath, s3: &S3Options) -> Result<Self, OpenError> {
        let unknown = || OpenError::Address(url.to_owned());
        let inner = if let Some(folder) = url.strip_prefix("file:") {
            let folder = folder.strip_prefix("//").unwrap_or(folder);
            if folder.is_empty() {
                return Err(unknown());
            }
            open_folder(data_dir.join(folder)).await?
        } else if let Some(place) = url.strip_prefix("s3://") {
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            if bucket.is_empty() {
                return Err(unknown());
            }
            let prefix = Path::parse(prefix).map_err(|_| unknown())?;
            let store = open_s3(bucket, s3)?;
            Inner { store: Arc::new(store), prefix, folder: None, address: url.to_owned() }
        } else {
            return Err(unknown());
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Octets that are gathered before they go up: an object that is shorter goes up whole.
    pub(crate) fn piece(&self) -> usize {
        if self.inner.folder.is_some() { FOLDER_PIECE } else { S3_PART }
    }

    pub(crate) fn store(&self) -> &dyn ObjectStore {
        &*self.inner.store
    }

    pub(crate) fn path(&self, id: ObjectId) -> Path {
        let name = hex::encode(id.octets());
        let spread = &name[name.len() - 2..];
        self.inner.prefix.parts().chain([spread.into(), name.as_str().into()]).collect()
    }

    /// Deletes an object; that it is not there is no error. A folder is not synced: after a power failure the octets
    /// may be there again, without the key that is destroyed first (spec KEEP-DELETE).
    pub(crate) async fn delete(&self, id: ObjectId) -> Result<(), object_store::Error> {
        match self.inner.store.delete(&self.path(id)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            result => result,
        }
    }

    /// Removes, as well as can be, what an upload that went wrong may have left: at once in a folder, in the background
    /// in S3 (whose parts a lifecycle rule for incomplete uploads collects where even that fails).
    pub(crate) fn undo(&self, id: ObjectId, upload: Option<Parts>) {
        if let Some(folder) = &self.inner.folder {
            drop(upload);
            folder.undo(self.path(id).as_ref());
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let storage = self.clone();
            runtime.spawn(async move { storage.undo_remote(id, upload).await });
        }
    }

    /// As [`Storage::undo`], done on return.
    pub(crate) async fn undo_now(&self, id: ObjectId, upload: Option<Parts>) {
        if self.inner.folder.is_some() {
            self.undo(id, upload);
        } else {
            self.undo_remote(id, upload).await;
        }
    }

    async fn undo_remote(&self, id: ObjectId, upload: Option<Parts>) {
        let aborted = match upload {
            Some(mut parts) => {
                if let Some(sending) = parts.sending.take() {
                    // However it ended: it has.
                    let _ = sending.await;
                }
                parts.upload.abort().await
            }
            None => Ok(()),
        };
        // An upload whose end was not confirmed may be there as an object all the same.
        if let Err(error) = self.delete(id).await.and(aborted) {
            tracing::warn!(object = %id, %error, "what a broken upload left in S3 could not be removed");
        }
    }

    /// The ids of the objects that were stored before a time, in no order. What has another name is none of ours.
    pub(crate) fn stored_before(&self, time: Timestamp) -> BoxStream<'static, Result<ObjectId, object_store::Error>> {
        let storage = self.clone();
        let prefix = Some(&self.inner.prefix).filter(|prefix| prefix.parts().next().is_some());
        let listed = self.inner.store.list(prefix).try_filter_map(move |meta| {
            let old = meta.last_modified.timestamp_micros() < time.0;
            std::future::ready(Ok(storage.id(&meta.location).filter(|_| old)))
        });
        listed.boxed()
    }

    /// The id of the object that lies here.
    fn id(&self, path: &Path) -> Option<ObjectId> {
        let octets = hex::decode(path.filename()?)?;
        let id = ObjectId::from_octets(octets.try_into().ok()?);
        (self.path(id) == *path).then_some(id)
    }

    /// Where the storage says whose it is. No object has such a name.
    fn owner_path(&self) -> Path {
        self.inner.prefix.clone().join(OWNER)
    }

    /// What says whose the storage is; none where nobody has said so yet.
    pub(crate) async fn owner(&self) -> Result<Option<Bytes>, object_store::Error> {
        match self.inner.store.get(&self.owner_path()).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says whose the storage is. Durable on return.
    pub(crate) async fn set_owner(&self, owner: Vec<u8>) -> Result<(), object_store::Error> {
        self.inner.store.put(&self.owner_path(), owner.into()).await.map(|_| ())
    }

    /// Opens an object for reading.
    pub(crate) async fn source(&self, id: ObjectId) -> Result<Source, object_store::Error> {
        let path = self.path(id);
        let Some(folder) = &self.inner.folder else {
            let stored = self.inner.store.head(&path).await?.size;
            return Ok(Source { stored, at: At::Remote(self.clone(), path) });
        };
        let file = folder.file(path.as_ref());
        tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(file)?;
            let stored = file.metadata()?.len();
            Ok(Source { stored, at: At::File(Arc::new(file)) })
        })
        .await?
        .map_err(|error: io::Error| from_io(error, &path))
    }
}

/// An object open for reading.
pub(crate) struct Source {
    /// Octets that it takes.
    pub(crate) stored: u64,
    at: At,
}

enum At {
    /// The file stays open: one that is deleted meanwhile is read to its end.
    File(Arc<std::fs::File>),
    Remote(Storage, Path),
}

impl Source {
    /// Octets that are fetched at once.
    pub(crate) const fn fetch_size(&self) -> usize {
        match self.at {
            At::File(_) => FOLDER_PIECE,
            At::Remote(..) => S3_FETCH,
        }
    }

    /// Reads `length` octets (at most [`Source::fetch_size`]) from `start`; fewer where the object ends before.
    pub(crate) async fn fetch(&self, start: u64, length: usize) -> Result<BytesMut, object_store::Error> {
        match &self.at {
            At::Remote(storage, path) => {
                let octets: Bytes = storage.store().get_range(path, start..start + length as u64).await?;
                Ok(BytesMut::from(octets))
            }
            At::File(file) => {
                let file = Arc::clone(file);
                tokio::task::spawn_blocking(move || read_at(&file, start, length))
                    .await?
                    .map_err(|error| from_io(error, &Path::default()))
            }
        }
    }
}

fn read_at(file: &std::fs::File, start: u64, length: usize) -> io::Result<BytesMut> {
    use std::os::unix::fs::FileExt as _;
    let mut octets = BytesMut::zeroed(length);
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut octets[filled..], start + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    octets.truncate(filled);
    Ok(octets)
}

fn from_io(error: io::Error, path: &Path) -> object_store::Error {
    if error.kind() == io::ErrorKind::NotFound {
        object_store::Error::NotFound { path: path.to_string(), source: error.into() }
    } else {
        object_store::Error::Generic { store: "folder", source: error.into() }
    }
}

async fn open_folder(root: PathBuf) -> Result<Inner, OpenError> {
    let at = root.clone();
    let failed = |error| OpenError::Folder(root.clone(), error);
    let folder = tokio::task::spawn_blocking(move || Folder::open(at))
        .await
        .map_err(|error| failed(io::Error::other(error)))?
        .map_err(failed)?;
    // Syncs each file before it gets its name and the folder after that, before success is told.
    let store = LocalFileSystem::new_with_prefix(&root)
        .map_err(|error| OpenError::Folder(root.clone(), io::Error::other(error)))?
        .with_fsync(true);
    let address = format!("file:{}", root.display());
    Ok(Inner { store: Arc::new(store), prefix: Path::default(), folder: Some(folder), address })
}

fn open_s3(bucket: &str, options: &S3Options) -> Result<object_store::aws::AmazonS3, OpenError> {
    let mut builder = match (&options.access_key, &options.secret_key) {
        (Some(access), Some(secret)) => {
            AmazonS3Builder::new().with_access_key_id(access).with_secret_access_key(secret)
        }
        (None, None) => AmazonS3Builder::from_env(),
        _ => return Err(OpenError::HalfCredentials),
    };
    let mut plain = false;
    if let Some(endpoint) = &options.endpoint {
        plain = endpoint.starts_with("http://");
        if plain && !options.allow_http && !is_on_this_machine(endpoint) {
            return Err(OpenError::Insecure(endpoint.clone()));
        }
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(2), base: 2.0 };
    builder
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(options.virtual_hosted)
        .with_client_options(
            ClientOptions::new().with_allow_http(plain).with_connect_timeout(S3_CONNECT).with_timeout(S3_REQUEST),
        )
        .with_retry(RetryConfig { backoff, max_retries: S3_RETRIES, retry_timeout: S3_RETRY_TIME })
        // Objects are deleted one by one, and not every server knows the request for many.
        .with_disable_bulk_delete(true)
        .build()
        .map_err(OpenError::S3)
}

fn is_on_this_machine(endpoint: &str) -> bool {
    let authority = endpoint.strip_prefix("http://").unwrap_or(endpoint).split(['/', '?', '#']).next().unwrap_or("");
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for here in ["http://127.0.0.1:9000", "http://localhost", "http://[::1]:1/x", "http://127.8.9.1/"] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for there in ["http://10.0.0.1", "http://localhost.example", "http://localhost@evil.example", "http://"] {
            assert!(!is_on_this_machine(there), "{there}");
        }
        let options = S3Options {
            endpoint: Some("http://minio.example:9000".to_owned()),
            access_key: Some("a".to_owned()),
            secret_key: Some("hidden-secret".to_owned()),
            ..S3Options::default()
        };
        assert!(matches!(open_s3("b", &options), Err(OpenError::Insecure(_))));
        assert!(!format!("{options:?}").contains("hidden-secret"));
        assert!(open_s3("b", &S3Options { allow_http: true, ..options.clone() }).is_ok());
        let half = S3Options { secret_key: None, ..options };
        assert!(matches!(open_s3("b", &half), Err(OpenError::HalfCredentials)));
    }

    #[tokio::test]
    async fn addresses() {
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", "files", "file:", "file://", "s3://", "s3:///x", "s3://b/a//b", "http://x"] {
            let opened = Storage::open(bad, folder.path(), &S3Options::default()).await;
            assert!(matches!(opened, Err(OpenError::Address(_))), "{bad}");
        }
        let storage = Storage::open("file:a/b", folder.path(), &S3Options::default()).await.unwrap();
        let id = ObjectId::from_octets([0xab; 16]);
        assert_eq!(storage.path(id).as_ref(), format!("ab/{}", "ab".repeat(16)));
        assert!(folder.path().join("a/b/ab").is_dir());
        let options = S3Options {
            endpoint: Some("http://127.0.0.1:1".to_owned()),
            access_key: Some("a".to_owned()),
            secret_key: Some("b".to_owned()),
            ..S3Options::default()
        };
        let storage = Storage::open("s3://bucket/some/where", folder.path(), &options).await.unwrap();
        assert_eq!(storage.path(id).as_ref(), format!("some/where/ab/{}", "ab".repeat(16)));
    }
}
