//! SMTP (RFC 5321): the protocol as a pure state machine, and a tokio server and client on it.
//!
//! - [`protocol`]: octets in, replies and events out. No socket, no clock.
//! - [`server`]: sockets, TLS, time limits; hands mails to a [`server::Handler`].
//! - [`client`]: one connection to a next hop, a transaction at a time, an outcome a recipient.

pub mod client;
pub mod protocol;
pub mod reply;
pub mod server;
mod stream;

pub use reply::Reply;
