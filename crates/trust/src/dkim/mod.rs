//! DKIM verification (RFC 6376, 8301, 8463) of a mail that streams past.
//!
//! mail-auth verifies mails that lie in memory whole, reads `l=0` as no `l=`, and takes the last of a tag that stands twice;
//! so reading, canonical forms and the body's hash are here, and only the mathematics is a library's (aws-lc-rs).

mod canonical;
mod field;
mod record;
mod tags;
mod verifier;

pub use verifier::{Hashed, MAX_SIGNATURES, Verifier};

use crate::Algorithm;

/// What came of a mail's signatures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dkim {
    /// Those that were looked at, in the mail's order: the first [`MAX_SIGNATURES`].
    pub signatures: Vec<Signature>,
    /// How many more there are.
    pub unexamined: usize,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its `d=`, as A-labels in lower case; empty where it cannot be read.
    pub domain: String,
    /// Its `s=`; empty where it cannot be read.
    pub selector: String,
    /// Its `a=`, where that is one that counts.
    pub algorithm: Option<Algorithm>,
    /// The first eight characters of its `b=`, which tell it from others (RFC 6008).
    pub start: String,
    /// The key's owner is trying DKIM out (`t=y`): the mail is to be treated as if this signature were not there
    /// (RFC 6376, 3.6.1).
    pub testing: bool,
    /// Fields of the mail that our own signature would vouch for (MAIL-SIGN) and that this one does not cover, or not as often as they
    /// stand: whoever had the mail between may have put them in.
    pub uncovered: Vec<&'static str>,
    /// Seconds since it was made: by its `t=`, else by the mail's Date where it covers that; none where neither says.
    pub age: Option<i64>,
    /// What came of it.
    pub outcome: DkimOutcome,
}

/// What came of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DkimOutcome {
    /// It is good, and covers the whole body.
    Pass,
    /// It is not, and will not be.
    Fail(DkimFailure),
    /// DNS gave no answer; may pass. The text is for the log.
    Temporary(String),
}

/// Why a signature is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DkimFailure {
    /// The field breaks the grammar.
    #[error("the field cannot be read: {0}")]
    Syntax(&'static str),
    /// Its algorithm does not count.
    #[error("{0}")]
    Algorithm(&'static str),
    /// `h=` is without From.
    #[error("From is not signed")]
    FromNotSigned,
    /// A field of which a mail may have one is signed once and stands there more often: which of them is shown nobody can say
    /// (RFC 6376, 8.15).
    #[error("a signed field stands twice")]
    Doubled,
    /// `x=` is past.
    #[error("it has expired")]
    Expired,
    /// `l=` does not cover the body; what it does not cover is unsigned (spec RCV-DKIM).
    #[error("l= does not cover the whole body")]
    NotCovered,
    /// The body is not the one that was signed.
    #[error("the body was changed")]
    BodyHash,
    /// The domain has no such key (any more).
    #[error("the key is not published")]
    NoKey,
    /// `p=` is empty.
    #[error("the key is revoked")]
    Revoked,
    /// The key is not for this.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// An RSA key of less than 1,024 bits (RFC 8301, 3.2).
    #[error("the key is too short")]
    WeakKey,
    /// The header, or the signature itself, is not what was signed.
    #[error("the header was changed")]
    Signature,
}

impl DkimOutcome {
    /// The word of RFC 8601, 2.7.1.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Temporary(_) => "temperror",
            Self::Fail(DkimFailure::Syntax(_)) => "neutral",
            Self::Fail(
                DkimFailure::Algorithm(_)
                | DkimFailure::FromNotSigned
                | DkimFailure::Doubled
                | DkimFailure::NotCovered
                | DkimFailure::WeakKey,
            ) => "policy",
            Self::Fail(DkimFailure::NoKey | DkimFailure::Revoked | DkimFailure::Key(_)) => "permerror",
            Self::Fail(DkimFailure::Expired | DkimFailure::BodyHash | DkimFailure::Signature) => "fail",
        }
    }

    /// Why, in a few words; none where it is good.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Pass => None,
            Self::Fail(failure) => Some(failure.to_string()),
            Self::Temporary(_) => Some("DNS gave no answer".to_owned()),
        }
    }
}
