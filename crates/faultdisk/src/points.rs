//! Where something is to go wrong: an operation on a path, the how manieth, before or after it is done.

use serde::{Deserialize, Serialize};

/// What is done to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A file is made.
    Create,
    /// Octets are written, or a file's length changes.
    Write,
    /// A file is synced.
    Sync,
    /// A folder is synced.
    SyncFolder,
    /// A name becomes another.
    Rename,
    /// A name goes.
    Remove,
    /// Octets are read.
    Read,
}

/// Whether the operation is done when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// It is not.
    Before,
    /// It is; its caller has not heard.
    After,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// The process with this id is killed (SIGKILL).
    Kill {
        /// Its process id.
        pid: i32,
    },
    /// The same, and the disk takes and gives nothing until the power is back.
    PowerLoss {
        /// Its process id.
        pid: i32,
    },
    /// The operation is refused: the device reports an error (EIO).
    Fail,
    /// The operation is refused: there is no room (ENOSPC).
    Full,
    /// Nothing is done, and the caller is told that it was. A disk that lies; with it a harness shows that it can fail.
    Lie,
    /// The operation takes so many milliseconds longer.
    Wait {
        /// Milliseconds.
        milliseconds: u64,
    },
}

/// One such point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Point {
    /// The operation.
    pub on: Operation,
    /// The path from the root on; `*` stands for any characters.
    pub path: String,
    /// Before or after it.
    pub when: When,
    /// The how manieth from now on, from 1 on.
    pub nth: u32,
    /// How often from then on.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub then: Then,
}

const fn once() -> u32 {
    1
}

/// The points that are set, and what was done since it was asked last.
#[derive(Debug, Default)]
pub struct Points {
    set: Vec<Point>,
    /// Operations done, in order, with their paths; as many as [`MAX_DONE`].
    done: Vec<(Operation, String)>,
    /// Points that were reached.
    reached: Vec<Point>,
}

/// Operations that are remembered.
const MAX_DONE: usize = 100_000;

impl Points {
    /// Sets a point.
    pub fn set(&mut self, point: Point) {
        self.set.push(point);
    }

    /// Takes all points away.
    pub fn clear(&mut self) {
        self.set.clear();
    }

    /// What was done and reached since it was asked last.
    pub fn take(&mut self) -> (Vec<(Operation, String)>, Vec<Point>) {
        (std::mem::take(&mut self.done), std::mem::take(&mut self.reached))
    }

    /// What goes wrong where this operation begins or has ended.
    pub fn reach(&mut self, on: Operation, path: &str, when: When) -> Option<Then> {
        if when == When::After && on != Operation::Read && self.done.len() < MAX_DONE {
            self.done.push((on, path.to_owned()));
        }
        let mut then = None;
        for point in self.set.iter_mut().filter(|p| p.on == on && p.when == when && matches(&p.path, path)) {
            if point.nth > 1 {
                point.nth -= 1;
            } else if then.is_none() && point.times > 0 {
                point.times -= 1;
                then = Some(point.then);
                self.reached.push(Point { path: path.to_owned(), ..point.clone() });
            }
        }
        self.set.retain(|point| point.times > 0);
        then
    }
}

/// Whether a path is meant by a pattern in which `*` stands for any characters.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path
            .strip_prefix(start)
            .is_some_and(|path| (0..=path.len()).any(|at| path.is_char_boundary(at) && matches(rest, &path[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(path: &str, nth: u32, times: u32) -> Point {
        Point { on: Operation::Sync, path: path.to_owned(), when: When::After, nth, times, then: Then::Fail }
    }

    #[test]
    fn a_point_is_reached_at_its_turn_and_as_often_as_it_says() {
        let mut points = Points::default();
        points.set(point("/db/*-wal", 2, 2));
        let mut at = |path, when| points.reach(Operation::Sync, path, when).is_some();
        assert!(!at("/db/a-wal", When::Before) && !at("/db/a-wal", When::After) && !at("/db/a", When::After));
        assert!(at("/db/a-wal", When::After) && at("/db/b-wal", When::After));
        assert!(!at("/db/a-wal", When::After), "its times are over");
        let (done, reached) = points.take();
        assert_eq!((done.len(), reached.len()), (5, 2));
        assert_eq!(reached.first().map(|point| point.path.as_str()), Some("/db/a-wal"));
    }

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("*", "/a/b", true),
            ("/files/*/*", "/files/0f/abc", true),
            ("/files/*#1", "/files/0f/abc#1", true),
            ("/files/*#1", "/files/0f/abc#12", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
