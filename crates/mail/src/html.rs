//! HTML bodies: references to removed parts are taken out (spec MAIL-CID), and the notice is put in (spec MAIL-NOTICE).
//!
//! A streaming tokenizer after the HTML standard (13.2.5) that copies: what it does not change leaves with the octets
//! it came with. Three things differ from a browser with scripts, since mail is not read by one: the content of
//! `<noscript>` is HTML; so is that of conditional comments (`<!--[if mso]>…<![endif]-->`), which Outlook reads; and
//! MIME content is never looked into for its own charset, since it is UTF-8 here already.

mod comment;
mod css;
mod edit;
mod entities;
mod references;
mod rewriter;
mod tag;

pub(crate) use css::is_line_end;
pub(crate) use entities::escape;
pub use references::References;
pub use rewriter::{Insertion, Rewriter};

/// Octets of one tag. A longer one cannot be rewritten within bounds.
pub(crate) const MAX_TAG: usize = 4 << 20;
/// Attributes of one tag.
pub(crate) const MAX_ATTRIBUTES: usize = 4096;
/// Octets after a `</body>` that wait until it is known whether it was the last one. With more after it, it closes
/// nothing that a reader sees: browsers show what follows, and the notice goes to the very end.
pub(crate) const MAX_TAIL: usize = 256 << 10;
/// What stands instead of a `url(…)` that meant a removed part. Nothing at all would make the declaration invalid, and
/// with it whatever else it says.
pub(crate) const NO_IMAGE: &str = "none";
