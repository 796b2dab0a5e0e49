//! What lies on the disk, and what of it is durable: a file's octets are once the file is synced, a name once its folder
//! is (POSIX promises no more). Between, every change is kept with what was there before, so that a loss of power can
//! undo it.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
};

/// An inode's number.
pub type Ino = u64;

/// The root folder.
pub const ROOT: Ino = 1;

/// Why an operation is refused, as the kernel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no such name or inode.
    NotFound,
    /// The name is taken.
    Exists,
    /// It is a folder.
    IsFolder,
    /// It is no folder.
    NotFolder,
    /// The folder has something in it.
    NotEmpty,
}

/// A file or a folder.
#[derive(Debug, Clone)]
pub struct Node {
    /// Permission bits.
    pub mode: u16,
    /// What it holds.
    pub content: Content,
    /// The folder and the name that it was last known by.
    place: (Ino, OsString),
    /// How often it is open.
    opened: u32,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// Octets.
    File {
        /// As they are now.
        octets: Vec<u8>,
        /// What is not synced, in order.
        unsynced: Vec<Written>,
    },
    /// Names.
    Folder {
        /// As they are now.
        names: BTreeMap<OsString, Ino>,
        /// What is not synced, in order.
        unsynced: Vec<Named>,
    },
}

/// A change of a file: at `at` these octets stood, and then those; where the length changed with it, the longer one reaches
/// to the file's end.
#[derive(Debug, Clone)]
pub struct Written {
    at: usize,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// A change of a folder: names with what they stood for, and what they stand for. A renaming within a folder is one.
#[derive(Debug, Clone)]
pub struct Named(Vec<(OsString, Option<Ino>, Option<Ino>)>);

/// How much of what was not synced a loss of power leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing.
    Nothing,
    /// Of each file any changes, in whatever order they came to the disk; of each folder's the first ones. By these dice.
    Some(u64),
}

/// A disk.
#[derive(Debug)]
pub struct Disk {
    nodes: HashMap<Ino, Node>,
    last: Ino,
    /// Whether what is not synced is kept apart. Where it is not, everything is durable at once.
    tracks: bool,
}

impl Disk {
    /// An empty disk. With `tracks`, what is not synced can be lost; that costs memory until it is synced.
    #[must_use]
    pub fn new(tracks: bool) -> Self {
        let mut disk = Self { nodes: HashMap::new(), last: ROOT, tracks };
        let root = Node { mode: 0o755, content: folder(), place: (ROOT, OsString::new()), opened: 0 };
        disk.nodes.insert(ROOT, root);
        disk
    }

    /// A node.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub fn node(&self, ino: Ino) -> Result<&Node, Refused> {
        self.nodes.get(&ino).ok_or(Refused::NotFound)
    }

    /// A node, to change its mode.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub fn node_mut(&mut self, ino: Ino) -> Result<&mut Node, Refused> {
        self.nodes.get_mut(&ino).ok_or(Refused::NotFound)
    }

    /// The inode that a name in a folder stands for.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::NotFolder`].
    pub fn look_up(&self, parent: Ino, name: &OsStr) -> Result<Ino, Refused> {
        self.names(parent)?.get(name).copied().ok_or(Refused::NotFound)
    }

    /// A folder's names.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::NotFolder`].
    pub fn names(&self, ino: Ino) -> Result<&BTreeMap<OsString, Ino>, Refused> {
        match &self.node(ino)?.content {
            Content::Folder { names, .. } => Ok(names),
            Content::File { .. } => Err(Refused::NotFolder),
        }
    }

    /// A file's octets.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::IsFolder`].
    pub fn octets(&self, ino: Ino) -> Result<&[u8], Refused> {
        match &self.node(ino)?.content {
            Content::File { octets, .. } => Ok(octets),
            Content::Folder { .. } => Err(Refused::IsFolder),
        }
    }

    /// The path of a node from the root on, as it was last known.
    #[must_use]
    pub fn path(&self, ino: Ino) -> String {
        let (mut path, mut at) = (String::new(), ino);
        while let Some(node) = self.nodes.get(&at).filter(|_| at != ROOT) {
            path = format!("/{}{path}", node.place.1.to_string_lossy());
            at = node.place.0;
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }

    /// Octets of all files.
    #[must_use]
    pub fn used(&self) -> u64 {
        let length = |node: &Node| match &node.content {
            Content::File { octets, .. } => octets.len() as u64,
            Content::Folder { .. } => 0,
        };
        self.nodes.values().map(length).sum()
    }

    /// Makes a file or a folder.
    ///
    /// # Errors
    /// [`Refused::Exists`], [`Refused::NotFound`], [`Refused::NotFolder`].
    pub fn make(&mut self, parent: Ino, name: &OsStr, mode: u16, content: Content) -> Result<Ino, Refused> {
        if self.names(parent)?.contains_key(name) {
            return Err(Refused::Exists);
        }
        self.last += 1;
        let ino = self.last;
        self.nodes.insert(ino, Node { mode, content, place: (parent, name.to_owned()), opened: 0 });
        self.name(parent, vec![(name.to_owned(), None, Some(ino))])?;
        Ok(ino)
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; [`Refused::NotEmpty`] for a folder with something in it.
    pub fn remove(&mut self, parent: Ino, name: &OsStr) -> Result<(), Refused> {
        let ino = self.look_up(parent, name)?;
        if self.names(ino).is_ok_and(|names| !names.is_empty()) {
            return Err(Refused::NotEmpty);
        }
        self.name(parent, vec![(name.to_owned(), Some(ino), None)])
    }

    /// Gives a node another name, in the same or another folder; what had it goes.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::NotFolder`]; [`Refused::NotEmpty`] where a folder with something in it has the name.
    pub fn rename(&mut self, from: (Ino, &OsStr), to: (Ino, &OsStr)) -> Result<(), Refused> {
        let ino = self.look_up(from.0, from.1)?;
        let there = self.look_up(to.0, to.1).ok();
        if there == Some(ino) {
            return Ok(());
        }
        if there.is_some_and(|there| self.names(there).is_ok_and(|names| !names.is_empty())) {
            return Err(Refused::NotEmpty);
        }
        let leaves = (from.1.to_owned(), Some(ino), None);
        let comes = (to.1.to_owned(), there, Some(ino));
        if from.0 == to.0 {
            self.name(to.0, vec![leaves, comes])?;
        } else {
            self.name(to.0, vec![comes])?;
            self.name(from.0, vec![leaves])?;
        }
        self.node_mut(ino)?.place = (to.0, to.1.to_owned());
        Ok(())
    }

    /// Gives a node one more name.
    ///
    /// # Errors
    /// [`Refused::Exists`], [`Refused::NotFound`], [`Refused::NotFolder`].
    pub fn link(&mut self, ino: Ino, parent: Ino, name: &OsStr) -> Result<(), Refused> {
        if self.names(parent)?.contains_key(name) {
            return Err(Refused::Exists);
        }
        self.node_mut(ino)?.place = (parent, name.to_owned());
        self.name(parent, vec![(name.to_owned(), None, Some(ino))])
    }

    fn name(&mut self, parent: Ino, change: Vec<(OsString, Option<Ino>, Option<Ino>)>) -> Result<(), Refused> {
        let tracks = self.tracks;
        let Content::Folder { names, unsynced } = &mut self.node_mut(parent)?.content else {
            return Err(Refused::NotFolder);
        };
        let change = Named(change);
        change.apply(names);
        if tracks {
            unsynced.push(change);
        } else {
            self.forget([change]);
        }
        Ok(())
    }

    /// Writes octets into a file; between its end and them there are zeros.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::IsFolder`].
    pub fn write(&mut self, ino: Ino, at: usize, new: &[u8]) -> Result<(), Refused> {
        let length = self.octets(ino)?.len();
        if at > length {
            let zeros = vec![0; at - length];
            self.change(ino, length, 0, &zeros)?;
        }
        self.change(ino, at, new.len(), new)
    }

    /// Gives a file this length.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::IsFolder`].
    pub fn set_length(&mut self, ino: Ino, length: usize) -> Result<(), Refused> {
        let present = self.octets(ino)?.len();
        if length < present {
            self.change(ino, length, present - length, &[])
        } else {
            self.change(ino, present, 0, &vec![0; length - present])
        }
    }

    /// Puts `new` in the place of so many octets at `at`, or of those that are left there.
    fn change(&mut self, ino: Ino, at: usize, replaced: usize, new: &[u8]) -> Result<(), Refused> {
        let tracks = self.tracks;
        let Content::File { octets, unsynced } = &mut self.node_mut(ino)?.content else {
            return Err(Refused::IsFolder);
        };
        let end = (at + replaced).min(octets.len());
        let written = Written { at, before: octets[at..end].to_vec(), after: new.to_vec() };
        written.redo(octets);
        if tracks && (!written.before.is_empty() || !written.after.is_empty()) {
            unsynced.push(written);
        }
        Ok(())
    }

    /// What is there of a file, or a folder's names, is durable from here on.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub fn sync(&mut self, ino: Ino) -> Result<(), Refused> {
        let gone = match &mut self.node_mut(ino)?.content {
            Content::File { unsynced, .. } => {
                unsynced.clear();
                Vec::new()
            }
            Content::Folder { unsynced, .. } => std::mem::take(unsynced),
        };
        self.forget(gone);
        Ok(())
    }

    /// Somebody opens it.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub fn open(&mut self, ino: Ino) -> Result<(), Refused> {
        self.node_mut(ino)?.opened += 1;
        Ok(())
    }

    /// Somebody closes it. What has no name any more goes with the last one.
    pub fn close(&mut self, ino: Ino) {
        if let Ok(node) = self.node_mut(ino) {
            node.opened = node.opened.saturating_sub(1);
            self.drop_if_lost(ino);
        }
    }

    /// Nodes that lost their names for good by these changes go.
    fn forget(&mut self, changes: impl IntoIterator<Item = Named>) {
        for (_, before, after) in changes.into_iter().flat_map(|change| change.0) {
            for ino in before.into_iter().chain(after) {
                self.drop_if_lost(ino);
            }
        }
    }

    fn drop_if_lost(&mut self, ino: Ino) {
        let is_named = |node: &Node| match &node.content {
            Content::Folder { names, unsynced } => {
                names.values().any(|named| *named == ino) || unsynced.iter().any(|change| change.names(ino))
            }
            Content::File { .. } => false,
        };
        let Some(node) = self.nodes.get(&ino).filter(|node| ino != ROOT && node.opened == 0) else { return };
        // A name in another folder than the one that it was last known in is one that a renaming left.
        let here = self.nodes.get(&node.place.0).is_some_and(is_named);
        if !here && !self.nodes.values().any(is_named) {
            self.nodes.remove(&ino);
        }
    }

    /// The power goes, and comes back: what was not synced is gone, but for what `leaves` says. Nothing is open.
    pub fn lose_power(&mut self, leaves: Leaves) {
        let mut inos: Vec<Ino> = self.nodes.keys().copied().collect();
        inos.sort_unstable();
        let mut dice = Dice(match leaves {
            Leaves::Nothing => 0,
            Leaves::Some(seed) => seed,
        });
        let leaves_some = leaves != Leaves::Nothing;
        for ino in inos {
            let Some(node) = self.nodes.get_mut(&ino) else { continue };
            node.opened = 0;
            match &mut node.content {
                Content::File { octets, unsynced } => {
                    let changes = std::mem::take(unsynced);
                    changes.iter().rev().for_each(|change| change.undo(octets));
                    for change in changes.iter().filter(|_| leaves_some) {
                        if dice.one_in(2) {
                            change.redo_where_it_can(octets);
                        }
                    }
                }
                Content::Folder { names, unsynced } => {
                    let changes = std::mem::take(unsynced);
                    changes.iter().rev().for_each(|change| change.undo(names));
                    let kept = if leaves_some { dice.below(changes.len() + 1) } else { 0 };
                    changes[..kept].iter().for_each(|change| change.apply(names));
                }
            }
        }
        self.drop_what_has_no_name();
    }

    fn drop_what_has_no_name(&mut self) {
        let (mut named, mut next) = (vec![(ROOT, (ROOT, OsString::new()))], 0);
        while let Some((ino, _)) = named.get(next).cloned() {
            if let Ok(names) = self.names(ino) {
                let found: Vec<_> = names.iter().map(|(name, child)| (*child, (ino, name.clone()))).collect();
                named.extend(found);
            }
            next += 1;
        }
        let places: HashMap<Ino, (Ino, OsString)> = named.into_iter().collect();
        self.nodes.retain(|ino, node| match places.get(ino) {
            Some(place) => {
                node.place = place.clone();
                true
            }
            None => false,
        });
    }
}

/// An empty file.
#[must_use]
pub fn file() -> Content {
    Content::File { octets: Vec::new(), unsynced: Vec::new() }
}

/// An empty folder.
#[must_use]
pub fn folder() -> Content {
    Content::Folder { names: BTreeMap::new(), unsynced: Vec::new() }
}

impl Written {
    fn redo(&self, octets: &mut Vec<u8>) {
        octets.splice(self.at..self.at + self.before.len(), self.after.iter().copied());
    }

    fn undo(&self, octets: &mut Vec<u8>) {
        octets.splice(self.at..self.at + self.after.len(), self.before.iter().copied());
    }

    /// The same where changes before it may be missing: a write stands where it stood, and what is missing before it is
    /// zeros; an end is cut where there is that much.
    fn redo_where_it_can(&self, octets: &mut Vec<u8>) {
        if self.after.is_empty() {
            octets.truncate(self.at);
            return;
        }
        let end = self.at + self.after.len();
        if octets.len() < end {
            octets.resize(end, 0);
        }
        octets[self.at..end].copy_from_slice(&self.after);
    }
}

impl Named {
    fn apply(&self, names: &mut BTreeMap<OsString, Ino>) {
        for (name, _, after) in &self.0 {
            set(names, name, *after);
        }
    }

    fn undo(&self, names: &mut BTreeMap<OsString, Ino>) {
        for (name, before, _) in self.0.iter().rev() {
            set(names, name, *before);
        }
    }

    fn names(&self, ino: Ino) -> bool {
        self.0.iter().any(|(_, before, after)| *before == Some(ino) || *after == Some(ino))
    }
}

fn set(names: &mut BTreeMap<OsString, Ino>, name: &OsStr, ino: Option<Ino>) {
    match ino {
        Some(ino) => names.insert(name.to_owned(), ino),
        None => names.remove(name),
    };
}

/// Dice that fall the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (end.max(1) as u64)).unwrap_or_default()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn disk() -> (Disk, Ino) {
        let mut disk = Disk::new(true);
        let ino = disk.make(ROOT, OsStr::new("a"), 0o600, file()).unwrap();
        (disk, ino)
    }

    #[test]
    fn what_is_synced_stays_and_what_is_not_goes() {
        let (mut disk, a) = disk();
        disk.sync(ROOT).unwrap();
        disk.write(a, 0, b"durable").unwrap();
        disk.sync(a).unwrap();
        disk.write(a, 3, b"XYZ and more").unwrap();
        disk.write(a, 100, b"far").unwrap();
        disk.set_length(a, 2).unwrap();
        disk.write(a, 1, b"??").unwrap();
        disk.make(ROOT, OsStr::new("b"), 0o600, file()).unwrap();
        assert_eq!(disk.octets(a).unwrap(), b"d??");
        disk.lose_power(Leaves::Nothing);
        assert_eq!(disk.octets(a).unwrap(), b"durable");
        assert_eq!(disk.look_up(ROOT, OsStr::new("b")), Err(Refused::NotFound));
        assert_eq!(disk.nodes.len(), 2);
    }

    #[test]
    fn a_synced_file_whose_folder_is_not_synced_has_no_name() {
        let (mut disk, a) = disk();
        disk.write(a, 0, b"x").unwrap();
        disk.sync(a).unwrap();
        disk.lose_power(Leaves::Nothing);
        assert_eq!(disk.look_up(ROOT, OsStr::new("a")), Err(Refused::NotFound));
        assert!(disk.node(a).is_err());
    }

    #[test]
    fn renaming_and_removing_come_back() {
        let (mut disk, a) = disk();
        let folder = disk.make(ROOT, OsStr::new("f"), 0o700, folder()).unwrap();
        let old = disk.make(ROOT, OsStr::new("old"), 0o600, file()).unwrap();
        disk.write(old, 0, b"old").unwrap();
        disk.sync(old).unwrap();
        disk.sync(ROOT).unwrap();
        disk.rename((ROOT, OsStr::new("a")), (ROOT, OsStr::new("old"))).unwrap();
        assert_eq!(disk.look_up(ROOT, OsStr::new("old")), Ok(a));
        disk.rename((ROOT, OsStr::new("old")), (folder, OsStr::new("deep"))).unwrap();
        assert_eq!(disk.path(a), "/f/deep");
        disk.remove(folder, OsStr::new("deep")).unwrap();
        assert!(disk.remove(ROOT, OsStr::new("gone")).is_err());
        disk.lose_power(Leaves::Nothing);
        assert_eq!(disk.look_up(ROOT, OsStr::new("a")), Ok(a));
        assert_eq!(disk.look_up(ROOT, OsStr::new("old")), Ok(old));
        assert_eq!((disk.octets(old).unwrap(), disk.path(a)), (&b"old"[..], "/a".to_owned()));
    }

    #[test]
    fn what_is_left_hangs_on_the_dice_and_is_one_of_what_could_be() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let (mut disk, a) = disk();
            disk.sync(ROOT).unwrap();
            disk.write(a, 0, b"0000").unwrap();
            disk.sync(a).unwrap();
            disk.write(a, 0, b"11").unwrap();
            disk.write(a, 1, b"22").unwrap();
            disk.lose_power(Leaves::Some(seed));
            seen.insert(disk.octets(a).unwrap().to_vec());
        }
        let all: Vec<&[u8]> = vec![b"0000", b"0220", b"1100", b"1220"];
        assert_eq!(seen.iter().map(Vec::as_slice).collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_nobody_has_any_more_is_dropped() {
        for tracks in [false, true] {
            let mut disk = Disk::new(tracks);
            let a = disk.make(ROOT, OsStr::new("a"), 0o600, file()).unwrap();
            disk.open(a).unwrap();
            disk.remove(ROOT, OsStr::new("a")).unwrap();
            disk.sync(ROOT).unwrap();
            assert!(disk.node(a).is_ok(), "it is open");
            disk.close(a);
            assert!(disk.node(a).is_err());
        }
    }
}
