//! A disk for the fault harness: a file system in memory, mounted (FUSE), that the process under test writes to as to any
//! other. It knows what is durable and what is not, ends the process at a named step, forgets what was not synced, fails,
//! fills up and lies when it is told (spec RCV-DURABLE).

pub mod control;
pub mod disk;
pub mod mount;
pub mod points;
