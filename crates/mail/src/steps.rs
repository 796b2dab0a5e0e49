//! What is written next: a composition is a list of steps that a driver with I/O carries out one after another.
//!
//! ```text
//! for step in steps {
//!     match step {
//!         Step::Octets(octets)        => out.write(octets),
//!         Step::Copy(range)           => read range from the spool, a CrFixer over it, write
//!         Step::Body { range, work }  => read range from the spool, work.push(chunk, &mut out) …, work.finish(&mut out)
//!     }
//! }
//! ```
//!
//! [`write_all`] is that driver over a mail in memory.

use std::{fmt, ops::Range};

use crate::newline::CrFixer;

/// One step of writing a mail. Ranges are offsets in the normalised mail.
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

impl fmt::Debug for Step {
    /// Without the octets: they may hold the file password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets(octets) => write!(f, "Octets({} octets)", octets.len()),
            Self::Copy(range) => write!(f, "Copy({range:?})"),
            Self::Body { range, work } => f.debug_struct("Body").field("range", range).field("work", work).finish(),
        }
    }
}

/// A body that could not be rewritten. The mail is held: nothing half-rewritten is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body could not be rewritten: {reason}")]
pub struct RewriteError {
    /// The private cause.
    pub reason: &'static str,
}

/// Octets that are read at a time.
const PIECE: usize = 64 << 10;

/// Carries out the steps over a normalised mail that is in memory; appends the outgoing mail to `out`. A range beyond
/// the mail ends with it.
///
/// # Errors
/// [`RewriteError`] as a body's work gives it; `out` then holds a part of a mail that must not be sent.
pub fn write_all(steps: Vec<Step>, normalised: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
    let octets = |range: &Range<u64>| {
        let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(normalised.len());
        let (start, end) = (place(range.start), place(range.end));
        &normalised[start.min(end)..end]
    };
    for step in steps {
        match step {
            Step::Octets(octets) => out.extend_from_slice(&octets),
            Step::Copy(range) => {
                let mut fixer = CrFixer::new();
                octets(&range).chunks(PIECE).for_each(|piece| fixer.push(piece, out));
                fixer.finish(out);
            }
            Step::Body { range, mut work } => {
                for piece in octets(&range).chunks(PIECE) {
                    work.push(piece, out)?;
                }
                work.finish(out)?;
            }
        }
    }
    Ok(())
}
