//! `fubako-faultdisk FOLDER [--tracks]`: mounts the disk at FOLDER, says `{}`, does what the lines on its standard input say,
//! and unmounts when that ends.

use std::io::{self, BufRead as _, Write as _};

use fubako_faultdisk::{control, mount::Mounted};
use fuser::{Config, MountOption, SessionACL};

/// Octets that fit unless it is told otherwise.
const ROOM: u64 = 8 << 30;
/// One that waits must not keep the others.
const THREADS: usize = 4;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or_else(|| io::Error::other("a folder to mount at is missing"))?;
    let tracks = arguments.any(|argument| argument == "--tracks");
    let disk = Mounted::new(tracks, ROOM);
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("faultdisk".to_owned()), MountOption::NoSuid, MountOption::NoDev];
    config.acl = SessionACL::Owner;
    config.n_threads = Some(THREADS);
    let session = fuser::spawn_mount(disk.clone(), &folder, &config)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{{}}")?;
    for line in io::stdin().lock().lines() {
        let answer = control::obey(&line?, &disk);
        serde_json::to_writer(&mut out, &answer)?;
        writeln!(out)?;
        out.flush()?;
    }
    drop(session);
    Ok(())
}
