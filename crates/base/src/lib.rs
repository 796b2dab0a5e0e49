//! The words the whole house shares: ids, time, stable codes, languages, secrets.
//!
//! Pure but for two things, each named: new ids and secrets take random octets from the system.

pub mod address;
pub mod audit;
pub mod codes;
pub mod hex;
pub mod ids;
pub mod lang;
pub mod network;
pub mod object;
pub mod scope;
pub mod secret;
pub mod section;
pub mod shown;
pub mod time;
pub mod unchecked;

pub use codes::Code;
pub use lang::Lang;
pub use time::Timestamp;
