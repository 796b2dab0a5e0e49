//! HTML: one understanding of it, for what is looked for (spec 3.4a), for what is taken out (spec MAIL-CID) and for
//! where the notice is put in (spec MAIL-NOTICE).
//!
//! A streaming tokenizer after the HTML standard (13.2.5) that reads in every way in which a reader could
//! ([`readings`]), and copies: what is not changed leaves with the octets it came with. MIME content is never looked
//! into for its own charset: it is UTF-8 here already, and what it says of itself was heard before (`charset`).

mod budget;
mod comment;
mod css;
mod edit;
mod entities;
mod foreign;
mod open;
mod place;
mod reading;
mod readings;
mod references;
mod rewriter;
mod root;
mod srcset;
mod tag;

pub(crate) use budget::Budget;
pub(crate) use css::Css;
pub(crate) use entities::Decoded;
pub use entities::escape;
pub(crate) use readings::{Judge, Readings};
pub use references::References;
pub use rewriter::{Insertion, Rewriter};
pub(crate) use srcset::candidates;
pub(crate) use tag::Tag;

/// Octets of one tag. A longer one cannot be looked at within bounds.
pub(crate) const MAX_TAG: usize = 1 << 20;
/// Octets of a document after which it is looked whether something in it is too long.
pub(crate) const STRIDE: usize = 64 << 10;
/// Attributes of one tag.
pub(crate) const MAX_ATTRIBUTES: usize = 4096;
/// Ways in which a document can be read at once. Honest mail has two or three.
pub(crate) const MAX_READINGS: usize = 12;
/// Octets of a mail that are read once more, counted for each reading beside the first. In honest mail it is what stands in conditional comments.
pub(crate) const MAX_REREAD: usize = 32 << 20;
/// Documents in attributes (`srcdoc`) within each other.
pub(crate) const MAX_NESTED: u8 = 3;
/// Octets after a `</body>` that wait until it is known whether it was the last one. With more after it, it closes
/// nothing that a reader sees: browsers show what follows, and the notice goes to the very end.
pub(crate) const MAX_TAIL: usize = 256 << 10;
/// Octets of a document that wait until it is known whether the notice is seen at its end. In a longer one it goes to the
/// top.
pub(crate) const MAX_WAITING: usize = 2 << 20;
/// What stands instead of a `url(…)` that meant a removed part. Nothing at all would make the declaration invalid, and
/// with it whatever else it says.
pub(crate) const NO_IMAGE: &str = "none";
