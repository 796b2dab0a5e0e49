//! The public API (spec X-API), version 1: wire types, the client, its two transports.
//!
//! ```text
//!  POST   /api/v1/deposits                     Idempotency-Key: <mail id>     DepositRequest → Deposit   201, repeated 200
//!  PUT    /api/v1/deposits/{id}/files/{number} Content-Type, Content-Disposition; octets → File   201, repeated 200
//!         /api/v1/deposits/{id}/files/{number}/upload                        the same in pieces, by tus: the client here puts
//!  POST   /api/v1/deposits/{id}/send                                          → Deposit                repeated the same
//!  GET    /api/v1/deposits/{id}                                               → Deposit
//!  DELETE /api/v1/deposits/{id}                while open                     → 204
//! ```
//! Errors are RFC 9457 problem documents ([`Problem`]) whose `code` is one of [`fubako_base::Code`] or of [`wire::API_CODES`].

pub mod client;
pub mod disposition;
mod transport;
pub mod wire;

pub use client::{Client, ClientError, Transport};
pub use wire::{Deposit, DepositRequest, DepositState, File, Problem};
