//! The disk as the kernel sees it (FUSE). Nothing is cached in the kernel but what a file that is open was read of.

use std::{
    ffi::OsStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    disk::{Content, Disk, Ino, Refused, file, folder},
    points::{Operation, Points, Then, When},
};

/// The kernel asks again whatever it knows.
const NOW: Duration = Duration::ZERO;
const BLOCK: u32 = 4096;

/// What is behind the mount.
#[derive(Debug)]
pub struct State {
    /// What lies on it.
    pub disk: Disk,
    /// Where something goes wrong.
    pub points: Points,
    /// Without power it takes and gives nothing.
    pub off: bool,
    /// Octets that fit.
    pub room: u64,
}

/// The disk, to be mounted.
#[derive(Debug, Clone)]
pub struct Mounted(Arc<Mutex<State>>);

impl Mounted {
    /// A disk with room for so many octets, which keeps apart what is not synced where it `tracks`.
    #[must_use]
    pub fn new(tracks: bool, room: u64) -> Self {
        let state = State { disk: Disk::new(tracks), points: Points::default(), off: false, room };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The disk's state, as long as nobody else has it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An operation on `path`, with what is to go wrong before and after it.
    fn operate<T: Default>(
        &self,
        on: Operation,
        path: impl Fn(&Disk) -> String,
        work: impl FnOnce(&mut Disk) -> Result<T, Refused>,
    ) -> Result<T, Errno> {
        let before = {
            let mut state = self.state();
            let path = path(&state.disk);
            state.points.reach(on, &path, When::Before)
        };
        if self.happens(before)? == Goes::NotDone {
            return Ok(T::default());
        }
        let mut state = self.state();
        if state.off {
            return Err(Errno::EIO);
        }
        let result = work(&mut state.disk).map_err(errno)?;
        let path = path(&state.disk);
        let after = state.points.reach(on, &path, When::After);
        drop(state);
        self.happens(after)?;
        Ok(result)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the kernel waits for the answer on a thread of its own; there is no runtime"
    )]
    fn happens(&self, then: Option<Then>) -> Result<Goes, Errno> {
        match then {
            None => {}
            Some(Then::Kill { pid }) => kill(pid),
            Some(Then::PowerLoss { pid }) => {
                self.state().off = true;
                kill(pid);
            }
            Some(Then::Fail) => return Err(Errno::EIO),
            Some(Then::Full) => return Err(Errno::ENOSPC),
            Some(Then::Lie) => return Ok(Goes::NotDone),
            Some(Then::Wait { milliseconds }) => std::thread::sleep(Duration::from_millis(milliseconds)),
        }
        Ok(Goes::On)
    }

    fn attributes(&self, ino: Ino) -> Result<FileAttr, Errno> {
        let state = self.state();
        let node = state.disk.node(ino).map_err(errno)?;
        let (kind, size) = match &node.content {
            Content::File { octets, .. } => (FileType::RegularFile, octets.len() as u64),
            Content::Folder { .. } => (FileType::Directory, 0),
        };
        Ok(FileAttr {
            ino: INodeNo(ino),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: node.mode,
            nlink: 1,
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
            rdev: 0,
            blksize: BLOCK,
            flags: 0,
        })
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> Result<FileAttr, Errno> {
        let ino = self.state().disk.look_up(parent.0, name).map_err(errno)?;
        self.attributes(ino)
    }

    fn make(&self, parent: INodeNo, name: &OsStr, mode: u32, content: Content) -> Result<FileAttr, Errno> {
        let mode = u16::try_from(mode & 0o7777).unwrap_or_default();
        let path = |disk: &Disk| below(disk, parent, name);
        let ino = self.operate(Operation::Create, path, |disk| disk.make(parent.0, name, mode, content))?;
        self.attributes(ino)
    }

    fn remove(&self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        self.operate(Operation::Remove, |disk| below(disk, parent, name), |disk| disk.remove(parent.0, name))
    }

    /// Octets are written, or the length is set.
    fn change(&self, ino: INodeNo, end: u64, work: impl FnOnce(&mut Disk) -> Result<(), Refused>) -> Result<(), Errno> {
        let (present, used, room) = {
            let state = self.state();
            (state.disk.octets(ino.0).map_or(0, <[u8]>::len) as u64, state.disk.used(), state.room)
        };
        if end > present && used + (end - present) > room {
            return Err(Errno::ENOSPC);
        }
        self.operate(Operation::Write, |disk| disk.path(ino.0), work)
    }
}

/// Whether the operation itself is done.
#[derive(PartialEq, Eq)]
enum Goes {
    On,
    NotDone,
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // One that is gone already is what was wanted.
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn below(disk: &Disk, parent: INodeNo, name: &OsStr) -> String {
    let folder = disk.path(parent.0);
    format!("{}/{}", folder.trim_end_matches('/'), name.to_string_lossy())
}

fn errno(refused: Refused) -> Errno {
    match refused {
        Refused::NotFound => Errno::ENOENT,
        Refused::Exists => Errno::EEXIST,
        Refused::IsFolder => Errno::EISDIR,
        Refused::NotFolder => Errno::ENOTDIR,
        Refused::NotEmpty => Errno::ENOTEMPTY,
    }
}

fn offset(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.child(parent, name) {
            Ok(attributes) => reply.entry(&NOW, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(ino.0) {
            Ok(attributes) => reply.attr(&NOW, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<std::time::SystemTime>,
        _: Option<FileHandle>,
        _: Option<std::time::SystemTime>,
        _: Option<std::time::SystemTime>,
        _: Option<std::time::SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if let (Some(mode), Ok(node)) = (mode, self.state().disk.node_mut(ino.0)) {
            node.mode = u16::try_from(mode & 0o7777).unwrap_or_default();
        }
        let sized = match size {
            Some(size) => self.change(ino, size, |disk| disk.set_length(ino.0, offset(size))),
            None => Ok(()),
        };
        match sized.and_then(|()| self.attributes(ino.0)) {
            Ok(attributes) => reply.attr(&NOW, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        match self.make(parent, name, mode, folder()) {
            Ok(attributes) => reply.entry(&NOW, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.remove(parent, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.remove(parent, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if flags.contains(RenameFlags::RENAME_NOREPLACE) && self.child(new_parent, new_name).is_ok() {
            return reply.error(Errno::EEXIST);
        }
        let path = |disk: &Disk| below(disk, new_parent, new_name);
        let work = |disk: &mut Disk| disk.rename((parent.0, name), (new_parent.0, new_name));
        answer(self.operate(Operation::Rename, path, work), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let path = |disk: &Disk| below(disk, parent, name);
        let linked = self.operate(Operation::Create, path, |disk| disk.link(ino.0, parent.0, name));
        match linked.and_then(|()| self.attributes(ino.0)) {
            Ok(attributes) => reply.entry(&NOW, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = self.state().disk.open(ino.0).map_err(errno);
        // O_TRUNC, which the kernel hands on.
        let truncates = flags.0 & 0o1000 != 0;
        let cut = if truncates { self.change(ino, 0, |disk| disk.set_length(ino.0, 0)) } else { Ok(()) };
        match opened.and(cut) {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, _: i32, reply: ReplyCreate) {
        match self.make(parent, name, mode, file()) {
            Ok(attributes) => {
                // It was just made.
                let _ = self.state().disk.open(attributes.ino.0);
                reply.created(&NOW, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        at: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let work = |disk: &mut Disk| {
            let octets = disk.octets(ino.0)?;
            let from = offset(at).min(octets.len());
            Ok(octets[from..(from + size as usize).min(octets.len())].to_vec())
        };
        match self.operate(Operation::Read, |disk| disk.path(ino.0), work) {
            Ok(octets) => reply.data(&octets),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        at: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.change(ino, at + data.len() as u64, |disk| disk.write(ino.0, offset(at), data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.state().disk.close(ino.0);
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.operate(Operation::Sync, |disk| disk.path(ino.0), |disk| disk.sync(ino.0)), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.operate(Operation::SyncFolder, |disk| disk.path(ino.0), |disk| disk.sync(ino.0)), reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, from: u64, mut reply: ReplyDirectory) {
        let state = self.state();
        let names = match state.disk.names(ino.0) {
            Ok(names) => names,
            Err(refused) => return reply.error(errno(refused)),
        };
        for (at, (name, child)) in names.iter().enumerate().skip(offset(from)) {
            let is_folder = state.disk.names(*child).is_ok();
            let kind = if is_folder { FileType::Directory } else { FileType::RegularFile };
            if reply.add(INodeNo(*child), at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let state = self.state();
        let block = u64::from(BLOCK);
        let free = state.room.saturating_sub(state.disk.used()) / block;
        reply.statfs(state.room / block, free, free, u64::from(u32::MAX), u64::from(u32::MAX), BLOCK, 255, BLOCK);
    }
}

fn answer(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}
