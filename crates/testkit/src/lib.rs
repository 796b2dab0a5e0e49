//! What the rooms' tests stand on. Real parts where there can be any: a database (SQLite), a vault (a folder), an exchange;
//! and a clock that a test moves.
//!
//! - [`ground`]: database, vault and clock
//! - [`house`]: an exchange on such a ground, and what a caller and a recipient do with it
//! - [`clamd`]: a server that speaks clamd's protocol, and can be taught, held and counted
//!
//! A dependency of tests only: no binary has it in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

pub mod clamd;
pub mod ground;
pub mod house;

pub use ground::{Clock, DEFAULT_USER, Ground, LINK_GROUP, section};
