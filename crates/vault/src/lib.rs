//! Sealed objects (spec KEEP-CRYPT): everything a customer sends is AES-256-GCM sealed in chunks of 64 KiB under a key
//! of its own, wrapped by its section's key, wrapped by the master key.
//!
//! - [`keys`]: the hierarchy: [`keys::MasterKey`], section keys, object keys
//! - [`seal`]: chunks. Pure
//! - [`storage`]: where sealed octets lie: a local folder or S3, both by `object_store`
//! - [`object`]: a sealed object as a stream in and a stream out, whole or a range
//! - [`scanner`](mod@scanner): clamd
//! - `upkeep`: whose the storage is, and what lies in it
//!
//! The only room that sees both keys and bytes.

mod folder;
pub mod keys;
mod master;
pub mod object;
pub mod scanner;
pub mod seal;
pub mod storage;
mod upkeep;
mod upload;

pub use folder::make_folder;
pub use object::{SealedReader, SealedWriter, Vault, VaultError};
pub use storage::{S3Options, Storage};
pub use upkeep::OwnError;
