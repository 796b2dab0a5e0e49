//! What somebody with an account received (spec X-RECEIVE, ACCESS 3): the list, and a deposit that the account itself opens, without its link.
//!
//! Whose deposits an account sees is [`Receiver`]'s to say. What is not somebody's is not there for them.

use fubako_base::{Timestamp, ids::LinkId, section::Way};
use fubako_store::{
    deposits::{Deposit, DepositState, Link},
    links::ReceivedQuery,
};

use crate::{
    Exchange,
    account::Person,
    domain::{
        access::Receiver,
        account::{Entry, domains_from},
        lists::page,
    },
    download::{DownloadError, LinkView, Opened},
};

/// Deposits on a page of the list.
pub const PAGE: u32 = 25;

/// A deposit in the list.
#[derive(Debug, Clone)]
pub struct ReceivedLine {
    /// The link by which it was received.
    pub link: LinkId,
    /// The sender's display name; empty where there is none.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// The subject, as sent: any characters.
    pub subject: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the files go, or went.
    pub expires_at: Timestamp,
    /// Whether they are there.
    pub is_live: bool,
    /// How many files there are.
    pub file_count: u32,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct ReceivedPage {
    /// The deposits, the newest first: [`PAGE`] at most.
    pub lines: Vec<ReceivedLine>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A deposit that somebody received.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made once a request")]
pub enum Received {
    /// Their account opens it.
    Opened(Opened),
    /// An account is no way to open it: the link is needed.
    ByLink(LinkView),
}

impl Exchange {
    /// What was sent to somebody's own address before the link `before`: all that their account receives, whether or not it opens it. What was taken back is
    /// not listed, and what waits for approval was not sent.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] for an operator; [`DownloadError::Unavailable`].
    pub async fn received(
        &self,
        person: &Person,
        before: Option<LinkId>,
        now: Timestamp,
    ) -> Result<ReceivedPage, DownloadError> {
        let Receiver { address, from } = self.receiver(person).await?.ok_or(DownloadError::NotFound)?;
        let query = ReceivedQuery { address, section: from, before, limit: PAGE + 1 };
        let (found, more) = page(self.parts.store.received(&query).await?, PAGE);
        let lines = found.into_iter().filter_map(|(link, deposit)| line(&link, deposit, now));
        Ok(ReceivedPage { lines: lines.collect(), more })
    }

    /// A deposit that was sent to somebody's own address, by its link's id; opened where an account is a way to open it.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], also for what is not theirs; [`DownloadError::Expired`], [`DownloadError::Cancelled`],
    /// [`DownloadError::Unavailable`]; [`DownloadError::NotProven`] for whoever must choose another password first.
    pub async fn received_one(&self, person: &Person, link: LinkId, now: Timestamp) -> Result<Received, DownloadError> {
        let (link, deposit) = self.parts.store.link_by_id(link).await?.ok_or(DownloadError::NotFound)?;
        // What is not theirs is not told apart from what is not there, dead or alive.
        let receiver = self.receiver(person).await?;
        if !receiver.is_some_and(|receiver| receiver.receives(&deposit.section, &link.recipient)) {
            return Err(DownloadError::NotFound);
        }
        let found = self.live(link, deposit, now).await?;
        if !found.deposit.access.allows(Way::Account) {
            return Ok(Received::ByLink(found.view(None, now)));
        }
        if person.entry != Entry::Open {
            return Err(DownloadError::NotProven);
        }
        Ok(Received::Opened(self.open(found, person.session.hash, Some(&person.known.account), now).await?))
    }

    /// The link with this token, where it is somebody's own and an account is a way to open it.
    ///
    /// # Errors
    /// As [`Exchange::look`].
    pub async fn received_by(
        &self,
        token: &str,
        person: &Person,
        now: Timestamp,
    ) -> Result<Option<LinkId>, DownloadError> {
        let found = self.find(token, now).await?;
        let receiver = self.receiver(person).await?;
        let theirs = receiver.is_some_and(|receiver| receiver.receives(&found.section.id, &found.link.recipient));
        Ok((theirs && found.deposit.access.allows(Way::Account)).then_some(found.link.id))
    }

    /// For whom somebody's account receives; none for an operator's.
    async fn receiver(&self, person: &Person) -> Result<Option<Receiver>, DownloadError> {
        let address = &person.known.account.address;
        let domains = address.rsplit_once('@').map(|(_, domain)| domains_from(domain)).unwrap_or_default();
        let home = self.section_of(&domains).await?;
        Ok(Receiver::of(&person.known, home.as_ref()))
    }
}

fn line(link: &Link, deposit: Deposit, now: Timestamp) -> Option<ReceivedLine> {
    let (sent_at, expires_at) = deposit.sent_at.zip(deposit.expires_at)?;
    Some(ReceivedLine {
        link: link.id,
        sent_at,
        expires_at,
        is_live: deposit.state == DepositState::Sent && now < expires_at,
        sender_name: deposit.sender_name,
        sender_address: deposit.sender_address,
        subject: deposit.subject,
        file_count: deposit.file_count,
    })
}
