//! SMTP (RFC 5321): the protocol as a pure state machine, and a tokio server and client on it.
//!
//! - [`protocol`]: octets in, replies and events out. No socket, no clock.
//! - [`server`]: sockets, TLS, time limits; hands mails to a [`server::Handler`].
//! - [`client`]: one connection to a next hop, a transaction at a time, an outcome a recipient.

#[cfg(feature = "net")]
pub mod client;
pub mod protocol;
pub mod reply;
#[cfg(feature = "net")]
pub mod server;
#[cfg(feature = "net")]
mod stream;

pub use reply::Reply;
