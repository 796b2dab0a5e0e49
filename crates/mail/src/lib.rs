//! Reading, splitting, rewriting and composing mail. Pure: no I/O, no async, no clock.
//!
//! ```text
//!  octets ─ newline::Normalizer ─► reader::Reader ─► Outline ─► plan::plan ─► Plan
//!                                                                              │
//!              transfer::Decoder  ◄── each attachment's range ──────────────────┤
//!              compose::rebuild   ◄── each body's range, the notice ────────────┤
//!              relay::unchanged   ◄── where there is nothing to take off ───────┘
//! ```
//!
//! Nothing here holds a mail: the reader is pushed, keeps headers (bounded) and offsets, and what is done with a
//! part's octets is done while they pass.

pub mod charset;
pub mod compose;
mod entities;
pub mod header;
pub mod html;
pub mod letterhead;
pub mod message;
pub mod names;
pub mod newline;
pub mod notice;
pub mod outline;
pub mod plan;
pub mod reader;
pub mod relay;
pub mod scan;
pub mod steps;
pub mod tnef;
pub mod transfer;

pub use header::{Address, Field, Header};
pub use outline::{Outline, Part, PartId};
pub use plan::{Decision, Plan};
pub use steps::Step;
