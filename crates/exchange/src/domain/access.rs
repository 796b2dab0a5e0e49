//! How a recipient proves who they are (spec ACCESS). Pure.
//!
//! # The rule, step by step
//! 1. The depositor's group has ways of its own, or the section's count ([`allowed`]). They are read when the deposit is begun and noted with it
//!    ([`noted`]): the mail and the page never say two things, nobody is locked out whose mail has a password, and nobody who chose what a mail may not have
//!    finds it opened by less later. Whoever wants a deposit of before opened in no way any more takes it back (X-CANCEL).
//! 2. A deposit without a file password is never opened by one, whatever is allowed.
//! 3. The page offers what is noted ([`offer`]). While wrong passwords or codes keep the link locked, it takes neither, and mails no code.
//!
//! # An account, step by step
//! 1. Whoever signs in with an account is the recipient with its address, as far as that account **receives** what is sent there ([`Receiver`]). What an
//!    account's address is, its section says, and no mail proves it. So it is believed in two places: for deposits of that section itself, which
//!    may call whom it likes a partner; and for addresses of the section's own domains, whose mail it could read anyway. An administrator who enters
//!    somebody else's address gets nothing of what other sections send there.
//! 2. An operator's account receives nothing: operators see no content.
//! 3. No session of the link begins. The account's own, with everything that ends it, lets in each request, and lists what was received by the same rule.
//!    A locked link is no obstacle: it is locked against guesses, and this is none.
//!
//! # A one-time code, step by step
//! 1. Whoever has the link asks for one (nothing is mailed on a GET). It goes to the recipient's own address, and to nobody else's, whatever is asked;
//!    so often an hour as [`may_mail`] says, for the link and for the address.
//! 2. The browser that asked is given a secret. What is kept is a hash of code and secret together: the code is good in that browser alone, and
//!    neither the database nor the mail alone opens anything.
//! 3. A code is good for [`CODE_MINUTES`] and [`CODE_TRIES`], until another one is mailed, and once ([`current`]).
//! 4. A wrong code costs the link what a wrong password costs it ([`super::cost_of_failure`]), from whatever address it comes, and is counted before it is
//!    compared. So whoever has the link and not the mailbox has at most [`CODE_TRIES`] × [`CODES_FOR_LINK`] guesses an hour among 100,000,000.

use fubako_base::{
    Timestamp,
    ids::SectionId,
    section::{Access, Settings, Way},
};
use fubako_mail::header::compared;
use fubako_store::{
    codes::{Code, Mailed},
    sections::Group,
};

use super::{Invalid, Turn, account::Known};

/// Minutes for which a code is good.
pub const CODE_MINUTES: i64 = 10;
/// Wrong tries after which a code is not good any more.
pub const CODE_TRIES: u32 = 5;
/// Codes that are mailed for one link in [`CODE_WINDOW`].
pub const CODES_FOR_LINK: usize = 5;
/// Codes that are mailed to one address in [`CODE_WINDOW`], for however many links.
pub const CODES_TO_ADDRESS: usize = 20;
/// Seconds in which these are counted.
pub const CODE_WINDOW: i64 = 3600;
/// Seconds between two codes for one link: who presses twice is not mailed two, the first of which is void.
pub const CODE_PAUSE: i64 = 30;

/// The ways that are allowed for what a group's users send; `group` is none for a user of no group.
#[must_use]
pub fn allowed(settings: &Settings, group: Option<&Group>) -> Access {
    group.and_then(|group| group.access).unwrap_or(settings.access)
}

/// The ways that are noted with a deposit: those that are allowed, less the password where it has none.
///
/// # Errors
/// [`Invalid`] where none is left.
pub fn noted(allowed: Access, has_password: bool) -> Result<Access, Invalid> {
    let ways: Vec<Way> = allowed.ways().filter(|way| has_password || *way != Way::PasswordInMail).collect();
    Access::of(&ways)
        .map_err(|_| Invalid("the section opens files by a file password alone, and there is none".to_owned()))
}

/// What the page offers to somebody who is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// The file password's form.
    pub password: bool,
    /// To be mailed a code.
    pub ask: bool,
    /// The form for the code that this browser asked for.
    pub code: bool,
    /// To sign in.
    pub account: bool,
}

/// What is offered, by the deposit's ways, whether anything may be tried, and whether this browser has a current code.
#[must_use]
pub const fn offer(access: Access, turn: Turn, has_code: bool) -> Offer {
    let is_locked = matches!(turn, Turn::Locked(_));
    let code = access.allows(Way::OneTimeCode) && !is_locked;
    Offer {
        password: access.allows(Way::PasswordInMail) && !is_locked,
        ask: code,
        code: code && has_code,
        account: access.allows(Way::Account),
    }
}

/// Whether another code may be mailed now.
///
/// # Errors
/// From when on it may.
pub fn may_mail(mailed: &Mailed, now: Timestamp) -> Result<(), Timestamp> {
    let recent = |times: &[Timestamp], most: usize| {
        let within: Vec<Timestamp> =
            times.iter().map(|at| at.plus_seconds(CODE_WINDOW)).filter(|end| *end > now).collect();
        // The newest come first: when this one no longer counts, one fewer than `most` do.
        within.get(most - 1).copied()
    };
    let paused = mailed.for_link.first().map(|at| at.plus_seconds(CODE_PAUSE)).filter(|end| *end > now);
    let until = [paused, recent(&mailed.for_link, CODES_FOR_LINK), recent(&mailed.to_address, CODES_TO_ADDRESS)];
    until.into_iter().flatten().max().map_or(Ok(()), Err)
}

/// The code, where something that this browser presents may be compared with it.
#[must_use]
pub fn current(code: Option<Code>, browser_hash: Option<[u8; 32]>, now: Timestamp) -> Option<Code> {
    code.filter(|code| Some(code.browser_hash) == browser_hash && now < code.until && code.tries < CODE_TRIES)
}

/// For whom an account receives (the steps above).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The account's address, as addresses are compared.
    pub address: String,
    /// Whose deposits it receives; none: any section's.
    pub from: Option<SectionId>,
}

impl Receiver {
    /// What an account receives. `home` is the section whose domain its address is of; none where it is of nobody's. None for an operator's.
    #[must_use]
    pub fn of(known: &Known, home: Option<&SectionId>) -> Option<Self> {
        let own = known.account.section.as_ref()?;
        let from = (home != Some(own)).then(|| own.clone());
        Some(Self { address: compared(&known.account.address), from })
    }

    /// Whether it receives what a section sent to a recipient.
    #[must_use]
    pub fn receives(&self, sent_by: &SectionId, recipient: &str) -> bool {
        self.address == compared(recipient) && self.from.as_ref().is_none_or(|from| from == sent_by)
    }
}

/// When a code that is mailed now is over.
#[must_use]
pub fn code_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(CODE_MINUTES * 60)
}

#[cfg(test)]
mod tests;
