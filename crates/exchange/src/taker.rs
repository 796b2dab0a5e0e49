//! Who takes files, and what is noted of it (spec X-CANCEL, X-AUDIT).

use fubako_base::{
    audit::{Actor, Event},
    ids::{AccountId, LinkId, SectionId},
    section::Way,
};
use fubako_store::{accounts::Account, audit::Entry, sent::Taking};

use crate::{
    audit::By,
    domain::account::sign_in_name,
    download::{FileView, OpenedFiles},
};

/// Who takes files.
#[derive(Debug, Clone)]
pub(crate) struct Taker {
    pub(crate) link: LinkId,
    pub(crate) session_hash: [u8; 32],
    /// Who is signed in; none where the session is the link's own.
    pub(crate) account: Option<SignedIn>,
    pub(crate) recipient: String,
    /// The IP address that asks; empty where there is none.
    pub(crate) address: String,
}

/// Whose account takes files. What address it has its section says; who it is stands here.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    id: AccountId,
    /// The login id, with its section before it where that is another than the files'.
    name: String,
}

impl SignedIn {
    /// Whoever has an account, as a section calls them.
    pub(crate) fn of(account: &Account, section: &SectionId) -> Self {
        let at_home = account.section.as_ref() == Some(section);
        let name = if at_home { account.login_id.clone() } else { sign_in_name(account) };
        Self { id: account.id, name }
    }
}

impl Taker {
    /// What is noted when a file is taken.
    pub(crate) const fn taking(&self, number: u32) -> Taking {
        Taking { link: self.link, number, session_hash: self.session_hash }
    }

    /// Who is signed in.
    pub(crate) fn signed_in_as(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.name.as_str())
    }

    /// That a file is taken, for the audit log.
    pub(crate) fn took(&self, files: &OpenedFiles, file: &FileView) -> Entry {
        let actor = match &self.account {
            Some(account) => Actor::User(account.name.clone()),
            None => Actor::Recipient(self.recipient.clone()),
        };
        let entry = By::at(actor, &self.address)
            .did(&files.section, Event::Downloaded, files.deposit, files.now())
            .with("number", file.number)
            .with("file", &file.name);
        match &self.account {
            Some(account) => {
                entry.with("way", Way::Account.name()).with("account", account.id).with("recipient", &self.recipient)
            }
            None => entry,
        }
    }
}
