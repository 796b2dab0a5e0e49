//! Composing the outgoing mail afresh from the parts that were understood (spec MAIL-REBUILD, MAIL-CID, MAIL-NOTICE).

use crate::{
    notice::Notice,
    outline::Outline,
    plan::Plan,
    steps::{RewriteError, Step},
};

/// What the composer is given besides the mail.
#[derive(Debug, Clone)]
pub struct Rebuild<'a> {
    /// The notice to put in.
    pub notice: &'a Notice,
    /// Our own trace field's value (`Received:`), without the name and the line end, folded by the composer.
    pub received: &'a str,
    /// The Message-ID to use, without angle brackets, where the mail has none.
    pub fallback_message_id: &'a str,
    /// The Date value to use where the mail has none (RFC 5322).
    pub fallback_date: &'a str,
}

/// The steps that write the rebuilt mail. `plan.decision` is [`crate::Decision::Deposit`].
#[must_use]
pub fn rebuild(outline: &Outline, plan: &Plan, with: &Rebuild<'_>) -> Vec<Step> {
    let _ = (outline, plan, with);
    unimplemented!("helper B")
}

/// The work on one body while it passes: transfer decoding, charset to UTF-8, rewriting of references to removed
/// parts, the notice, transfer encoding.
#[derive(Debug)]
pub struct BodyWork {}

impl BodyWork {
    /// Takes the next octets of the body as they stand in the mail; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`] when the body cannot be rewritten within its memory limit.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let _ = (octets, out);
        unimplemented!("helper B")
    }

    /// Ends the body; appends the rest to `out`.
    ///
    /// # Errors
    /// As [`BodyWork::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let _ = out;
        unimplemented!("helper B")
    }
}
