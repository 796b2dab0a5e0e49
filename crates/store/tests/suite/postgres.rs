//! A private PostgreSQL server in a temporary folder, on a Unix socket there, gone when the test is.

use std::{
    fs,
    io::Read as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub(crate) struct Server {
    folder: TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    /// A shell that ends the server when its standard input closes: that happens however the test ends, killed included.
    guard: Child,
}

impl Server {
    /// Without fsync: what is tested is not the disk.
    pub(crate) fn start() -> Self {
        Self::start_with(5432, |_| {
            vec!["listen_addresses=".to_owned(), "fsync=off".to_owned(), "full_page_writes=off".to_owned()]
        })
    }

    /// With TLS, on a port of 127.0.0.1, with this certificate and key (PEM).
    pub(crate) fn start_tls(port: u16, certificate: &str, key: &str) -> Self {
        Self::start_with(port, |folder| {
            for (name, text) in [("certificate", certificate), ("key", key)] {
                fs::write(folder.join(name), text).unwrap();
                fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
                let owner = folder.metadata().unwrap();
                chown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
            }
            let file = |name| folder.join(name).display().to_string();
            vec![
                "listen_addresses=127.0.0.1".to_owned(),
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", file("certificate")),
                format!("ssl_key_file={}", file("key")),
            ]
        })
    }

    /// As an installation runs it.
    pub(crate) fn start_durable() -> Self {
        Self::start_with(5432, |_| vec!["listen_addresses=".to_owned()])
    }

    fn start_with(port: u16, options: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let bin = programs().expect(
            "PostgreSQL's initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin: \
             install them, or set FUBAKO_TEST_SKIP_PG=1 to leave PostgreSQL out",
        );
        let folder = tempfile::Builder::new().prefix("fubako-pg-").tempdir().unwrap();
        let user = if folder.path().metadata().unwrap().uid() == 0 { Some(unprivileged()) } else { None };
        if let Some((uid, gid)) = user {
            // PostgreSQL refuses to run as root.
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let made = as_user(&bin.join("initdb"), user)
            .args(["--username=fubako", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log.try_clone().unwrap())
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed: {}", read(&folder.path().join("log")));
        let guard = as_user(Path::new("/bin/sh"), user)
            .args(["-c", "\"$@\" </dev/null & read _; kill -QUIT $!; wait", "sh"])
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", &format!("port={port}")])
            .args(options(folder.path()).into_iter().flat_map(|option| ["-c".to_owned(), option]))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .current_dir(folder.path())
            .spawn()
            .unwrap();
        let server = Self { folder, bin, user, port, guard };
        server.wait();
        server
    }

    #[expect(clippy::disallowed_methods, reason = "no runtime is there yet")]
    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.program("pg_isready").output().unwrap().status.success() {
            assert!(Instant::now() < deadline, "no server: {}", read(&self.folder.path().join("log")));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// One of PostgreSQL's programs, told where the server is.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = as_user(&self.bin.join(name), self.user);
        command
            .env("PGHOST", self.folder.path())
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "fubako")
            .current_dir(self.folder.path());
        command
    }

    /// The address of a database on it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://fubako@localhost/{database}?host={}", self.folder.path().display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    // A link to one of them leads to all of them.
    let homes = folders
        .into_iter()
        .filter_map(|folder| folder.join("initdb").canonicalize().ok()?.parent().map(Path::to_owned));
    let needed = ["initdb", "postgres", "pg_isready", "createdb", "pg_dump"];
    homes.into_iter().find(|home| needed.iter().all(|program| home.join(program).is_file()))
}

/// The user `postgres`, or else `nobody`.
fn unprivileged() -> (u32, u32) {
    let users = read(Path::new("/etc/passwd"));
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).expect("no user to run PostgreSQL as")
}

fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn read(file: &Path) -> String {
    let mut text = String::new();
    let _ = fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text));
    text
}
