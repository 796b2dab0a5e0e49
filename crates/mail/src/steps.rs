//! What is written next: a composition is a list of steps that a driver with I/O carries out one after another.
//!
//! ```text
//! for step in steps {
//!     match step {
//!         Step::Octets(octets)        => out.write(octets),
//!         Step::Copy(range)           => read range from the spool, Step's fixer over it, write
//!         Step::Body { range, work }  => read range from the spool, work.push(chunk, &mut out) …, work.finish(&mut out)
//!     }
//! }
//! ```

use std::ops::Range;

/// One step of writing a mail. Ranges are offsets in the normalised mail.
#[derive(Debug)]
pub enum Step {
    /// These octets.
    Octets(Vec<u8>),
    /// Octets of the original, through [`crate::newline::CrFixer`] (a bare CR becomes CRLF).
    Copy(Range<u64>),
    /// A body of the original, decoded, rewritten and encoded afresh as it passes.
    Body {
        /// The body's octets in the normalised mail.
        range: Range<u64>,
        /// What is done with them.
        work: Box<crate::compose::BodyWork>,
    },
}

/// A body that could not be rewritten. The mail is held: nothing half-rewritten is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body could not be rewritten: {reason}")]
pub struct RewriteError {
    /// The private cause.
    pub reason: &'static str,
}
