//! What senders and administrators do with what was sent: look who took it, take it back, keep it longer (spec X-CANCEL).
//!
//! The rules are [`crate::domain::sent`]'s and [`crate::domain::life`]'s. What somebody may not handle is not there for them.

use fubako_base::{
    Timestamp,
    audit::Event as Recorded,
    ids::{DepositId, LinkId},
};
use fubako_store::{
    StoreError,
    deposits::DepositState,
    sent::{Cancellation, SentQuery},
};

use crate::{
    Exchange,
    account::Person,
    audit::By,
    domain::{
        life::{Event, after},
        lists::{page, sought},
        sent::{ExtendFault, Side, extended, latest_end, may_handle},
    },
};

pub use fubako_store::sent::{Download, SentDeposit, SentFile, SentLine, SentLink};

/// Deposits on a page of the list.
pub const PAGE: u32 = 25;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SentError {
    /// There is no such deposit, or none for this person.
    #[error("there is no such deposit")]
    NotFound,
    /// It is over: there is nothing to take back or to keep.
    #[error("the deposit is over")]
    Over,
    /// The files cannot be kept until then.
    #[error("the files cannot be kept until then: {0:?}")]
    Fault(ExtendFault),
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for SentError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Why something was not taken back.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// There is no such recipient.
    NotFound,
    /// It is over.
    Over,
    /// May pass; the private cause.
    Unavailable(String),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<NotTaken> for SentError {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::NotFound => Self::NotFound,
            NotTaken::Over => Self::Over,
            NotTaken::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct SentPage {
    /// The deposits, the newest first: [`PAGE`] at most.
    pub lines: Vec<SentLine>,
    /// Whether there are older ones.
    pub more: bool,
}

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The deposit.
    Whole,
    /// One recipient's link.
    One,
}

impl Exchange {
    /// What somebody sent, or as an administrator all that their section sent: what has `search` in it, and was begun before `before`.
    ///
    /// # Errors
    /// [`SentError::NotFound`] where the person has no such list; [`SentError::Unavailable`].
    pub async fn sent(
        &self,
        person: &Person,
        side: Side,
        search: &str,
        before: Option<DepositId>,
    ) -> Result<SentPage, SentError> {
        let account = &person.known.account;
        let section = account.section.clone().ok_or(SentError::NotFound)?;
        let depositor = match side {
            Side::Own => Some(account.member.clone().ok_or(SentError::NotFound)?),
            Side::Section if account.administrator => None,
            Side::Section => return Err(SentError::NotFound),
        };
        let query = SentQuery { section, depositor, search: sought(search), before, limit: PAGE + 1 };
        let (lines, more) = page(self.parts.store.sent(&query).await?, PAGE);
        Ok(SentPage { lines, more })
    }

    /// A deposit, with all that became of it.
    ///
    /// # Errors
    /// [`SentError::NotFound`], [`SentError::Unavailable`].
    pub async fn sent_deposit(&self, person: &Person, side: Side, id: DepositId) -> Result<SentDeposit, SentError> {
        let section = person.known.account.section.as_ref().ok_or(SentError::NotFound)?;
        let found = self.parts.store.sent_deposit(section, id).await?;
        found.filter(|sent| may_handle(&person.known, side, &sent.line.deposit)).ok_or(SentError::NotFound)
    }

    /// Until when somebody may have a deposit's files kept at the longest, where that is later than they are kept.
    #[must_use]
    pub fn may_be_kept_until(person: &Person, sent: &SentDeposit) -> Option<Timestamp> {
        let deposit = &sent.line.deposit;
        let settings = &person.known.section.as_ref()?.settings;
        let (sent_at, expires_at) = deposit.sent_at.zip(deposit.expires_at)?;
        let latest = latest_end(settings, sent_at);
        (is_live(sent) && latest > expires_at).then_some(latest)
    }

    /// Takes a deposit back, whole or for one recipient: from then on the links are dead. Files that nobody needs any more go. Done twice, it
    /// was done once.
    ///
    /// # Errors
    /// [`SentError::NotFound`], [`SentError::Over`], [`SentError::Unavailable`].
    pub async fn cancel(
        &self,
        person: &Person,
        side: Side,
        id: DepositId,
        link: Option<LinkId>,
        address: &str,
        now: Timestamp,
    ) -> Result<Cancelled, SentError> {
        let sent = self.sent_deposit(person, side, id).await?;
        Ok(self.take_back(&sent, link, &By::person(person, address), now).await?)
    }

    /// Takes a deposit back that whoever asks may handle.
    pub(crate) async fn take_back(
        &self,
        sent: &SentDeposit,
        link: Option<LinkId>,
        by: &By,
        now: Timestamp,
    ) -> Result<Cancelled, NotTaken> {
        let (id, state) = (sent.line.deposit.id, sent.line.deposit.state);
        match link {
            Some(link) if sent.links.iter().all(|one| one.id != link) => return Err(NotTaken::NotFound),
            Some(link) if sent.links.iter().any(|one| one.id == link && one.cancelled.is_some()) => {
                return Ok(Cancelled::One);
            }
            Some(_) | None => {}
        }
        if state == DepositState::Cancelled {
            return Ok(Cancelled::Whole);
        }
        if after(state, Event::Cancel).is_none() {
            return Err(NotTaken::Over);
        }
        let (store, section) = (&self.parts.store, &sent.line.deposit.section);
        let cancelled = Cancellation { at: now, by: by.actor.name().to_owned() };
        let did = |event| by.did(section, event, id, now).with("sender", &sent.line.deposit.sender_address);
        let all = did(Recorded::DepositCancelled);
        let whole = match link {
            None => store.cancel_deposit(section, id, state, &cancelled, &all).await?.then_some(true),
            Some(link) => {
                let recipient = sent.links.iter().find(|one| one.id == link).map_or("", |one| &one.recipient);
                let one = did(Recorded::LinkCancelled).with("recipient", recipient);
                store.cancel_link(section, id, link, &cancelled, [&one, &all]).await?
            }
        };
        // Somebody else, or the clock, came before: what it is now is looked at by whoever asks again.
        let whole = whole.ok_or(NotTaken::Over)?;
        let (by, link) = (by.actor.name(), link.map(tracing::field::display));
        tracing::info!(deposit = %id, %section, by, link, whole, "a deposit was taken back");
        Ok(if whole { Cancelled::Whole } else { Cancelled::One })
    }

    /// Keeps a deposit's files until the end of a day, as somebody enters it.
    ///
    /// # Errors
    /// [`SentError`].
    pub async fn extend(
        &self,
        person: &Person,
        side: Side,
        id: DepositId,
        entered: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Timestamp, SentError> {
        let sent = self.sent_deposit(person, side, id).await?;
        let deposit = &sent.line.deposit;
        let settings = person.known.section.as_ref().map(|section| &section.settings).ok_or(SentError::NotFound)?;
        let (Some(sent_at), Some(expires_at)) = (deposit.sent_at, deposit.expires_at) else {
            return Err(SentError::Over);
        };
        if !is_live(&sent) || expires_at <= now {
            return Err(SentError::Over);
        }
        let until = extended(settings, sent_at, expires_at, entered).map_err(SentError::Fault)?;
        let entry = By::person(person, address).did(&deposit.section, Recorded::ExpiryExtended, id, now);
        let entry = entry.with("from", expires_at.jiff()).with("expires", until.jiff());
        if !self.parts.store.extend_deposit(&deposit.section, id, expires_at, until, &entry).await? {
            return Err(SentError::Over);
        }
        let (section, account) = (&deposit.section, &person.known.account.id);
        tracing::info!(deposit = %id, %section, %account, until = %until.jiff(), "a deposit is kept longer");
        Ok(until)
    }
}

fn is_live(sent: &SentDeposit) -> bool {
    sent.line.deposit.state == DepositState::Sent
}
