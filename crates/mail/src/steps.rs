//! What is written next: a composition is a list of steps that a driver with I/O carries out one after another.
//!
//! ```text
//! for step in steps {
//!     let mut step = step.begin();
//!     for piece in read(step.range()) {
//!         step.push(piece, &mut out)?;      // and write what is in `out`
//!     }
//!     step.finish(&mut out)?;
//! }
//! ```
//!
//! [`write_all`] is that driver over a mail in memory.

use std::{fmt, ops::Range};

use fubako_base::codes::Ambiguity;

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

impl Step {
    /// Begins the step.
    #[must_use]
    pub fn begin(self) -> Begun {
        match self {
            Self::Octets(octets) => Begun { range: 0..0, work: Work::Octets(octets) },
            Self::Copy(range) => Begun { range, work: Work::Copy(CrFixer::new()) },
            Self::Body { range, work } => Begun { range, work: Work::Body(work) },
        }
    }
}

/// A step that is being carried out: it is given the octets of its range, in pieces of any size.
pub struct Begun {
    range: Range<u64>,
    work: Work,
}

enum Work {
    Octets(Vec<u8>),
    Copy(CrFixer),
    Body(Box<crate::compose::BodyWork>),
}

impl Begun {
    /// The octets of the normalised mail that it wants; empty where it wants none.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Takes the next octets of the range; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`]: what was written so far must not be sent.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        match &mut self.work {
            Work::Octets(_) => Ok(()),
            Work::Copy(fixer) => {
                fixer.push(piece, out);
                Ok(())
            }
            Work::Body(work) => work.push(piece, out),
        }
    }

    /// The range is at its end: appends the rest to `out`.
    ///
    /// # Errors
    /// [`RewriteError`]: what was written so far must not be sent.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        match self.work {
            Work::Octets(octets) => {
                out.extend_from_slice(&octets);
                Ok(())
            }
            Work::Copy(mut fixer) => {
                fixer.finish(out);
                Ok(())
            }
            Work::Body(mut work) => work.finish(out),
        }
    }
}

/// A body that could not be rewritten. Unless it can be once more, the mail is held: nothing half-rewritten is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body could not be rewritten: {reason}")]
pub struct RewriteError {
    /// The private cause.
    pub reason: &'static str,
    /// What its sender is told (spec MAIL-AMBIGUOUS).
    pub kind: Ambiguity,
    /// It is to be written once more, as [`crate::Plan::veil_bodies`] has it: what stands in it beside the text, or what became of the text, is
    /// more than words to somebody, and is not then.
    pub needs_veil: bool,
}

impl RewriteError {
    /// Of an HTML text.
    pub(crate) const fn html(reason: &'static str) -> Self {
        Self { reason, kind: Ambiguity::Html, needs_veil: false }
    }
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
        let mut step = step.begin();
        for piece in octets(&step.range()).chunks(PIECE) {
            step.push(piece, out)?;
        }
        step.finish(out)?;
    }
    Ok(())
}
