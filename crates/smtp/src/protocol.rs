//! The server side of the protocol as a pure state machine: octets in, replies and events out.
//!
//! - [`Session`]: the order of commands, limits, what is answered.
//! - [`content`]: the end of DATA and its dots.
//! - [`address`]: paths and mailboxes.
//! - [`envelope`]: what MAIL and RCPT say.
//!
//! No socket, no clock, no runtime: whoever drives a [`Session`] has those.

pub mod address;
mod command;
pub mod content;
pub mod envelope;
mod session;

pub use session::{Event, Session, Settings};
