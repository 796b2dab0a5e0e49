//! What the API lets a program do (spec X-API). Each call asks first what its token permits and whose the deposit is: what is another section's is not
//! there for it; and what it deposits is under the section's rules, as mails are. There is no other way from the API into the exchange.
//!
//! - [`resume`]: files that come in pieces

use fubako_base::{
    Timestamp,
    address::senders,
    audit::Actor,
    ids::{DepositId, SectionId},
    scope::Scope,
};
use fubako_mail::header::compared;
use fubako_store::{
    audit::{Line, Search},
    sent::SentQuery,
};

use crate::{
    Exchange,
    audit::By,
    deposit::{
        Content, DepositError, DepositView, FileSummary, OTHER_FILE, OTHER_REQUEST, Put, address_of,
        is_presented_alike, is_same_file, no_section,
    },
    domain::{
        Invalid, NewDeposit, NewFile, Whence,
        account::domains_from,
        api_tokens::Bearer,
        lists::{page, sought},
        program as rules,
    },
    sent::{NotTaken, SentDeposit, SentLine},
};

pub mod resume;

/// Entries of a list that are given at once.
pub const PAGE: u32 = 100;

/// A program at the API, as long as one request lasts.
#[derive(Clone)]
pub struct Program {
    exchange: Exchange,
    bearer: Bearer,
    whence: Whence,
}

impl Exchange {
    /// This bearer, calling from there.
    #[must_use]
    pub fn program(&self, bearer: Bearer, whence: Whence) -> Program {
        Program { exchange: self.clone(), bearer, whence }
    }
}

impl Program {
    /// [`Exchange::begin`].
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn begin(
        &self,
        key: &str,
        request: &NewDeposit,
        now: Timestamp,
    ) -> Result<(DepositView, bool), DepositError> {
        self.needs(Scope::Deposit)?;
        if !self.bearer.acts_for(&request.section) {
            return Err(no_section());
        }
        if let Bearer::Program { .. } = &self.bearer {
            rules::check_message_id(request)?;
            self.exchange.check_sender(&request.section, &request.sender_address).await?;
            let section = self.exchange.section_in_use(&request.section).await?;
            rules::check_request(&section.settings, request).map_err(refused)?;
        }
        let (view, begun) = self.exchange.begin(key, request, self.whence, now).await?;
        if let (Bearer::Program { .. }, false) = (&self.bearer, begun)
            && !is_presented_alike(&self.exchange.existing(view.id).await?, request)
        {
            return Err(DepositError::Conflict(OTHER_REQUEST));
        }
        Ok((view, begun))
    }

    /// [`Exchange::get`], for whoever deposits and whoever reads.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn look(&self, id: DepositId) -> Result<DepositView, DepositError> {
        if !self.bearer.may(Scope::Read) {
            self.needs(Scope::Deposit)?;
        }
        self.owns(id).await?;
        self.exchange.get(id).await
    }

    /// [`Exchange::put`]. Where a program's file is kept under this number, `content` is read to see whether it is that.
    ///
    /// # Errors
    /// [`DepositError`]; [`DepositError::Conflict`] where it is another.
    pub async fn put(
        &self,
        id: DepositId,
        file: NewFile,
        content: &mut Content<'_>,
        now: Timestamp,
    ) -> Result<(FileSummary, bool), DepositError> {
        self.needs(Scope::Deposit)?;
        self.owns(id).await?;
        if let Bearer::Program { .. } = &self.bearer {
            let kept = self.exchange.parts.store.files(id).await?;
            let others = kept.iter().filter(|kept| kept.number != file.number).map(|kept| kept.name.as_str());
            self.may_name(&file.name, others).await?;
        }
        let name = file.name.clone();
        let Put { file: kept, is_new, sha256 } = self.exchange.put(id, file, content, self.whence, now).await?;
        let is_meant = match (&self.bearer, sha256) {
            (Bearer::Gateway, _) => true,
            (Bearer::Program { .. }, Some(sha256)) => kept.name == name && kept.sha256 == sha256,
            (Bearer::Program { .. }, None) => is_same_file(&kept, &name, content).await?,
        };
        if is_meant { Ok((kept, is_new)) } else { Err(DepositError::Conflict(OTHER_FILE)) }
    }

    /// [`Exchange::send`].
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn send(&self, id: DepositId, now: Timestamp) -> Result<DepositView, DepositError> {
        self.needs(Scope::Deposit)?;
        self.owns(id).await?;
        let program = match &self.bearer {
            Bearer::Gateway => None,
            Bearer::Program { name, .. } => Some(name.as_str()),
        };
        self.exchange.send_by(id, program, self.whence, now).await
    }

    /// [`Exchange::abort`].
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn abort(&self, id: DepositId, now: Timestamp) -> Result<(), DepositError> {
        self.needs(Scope::Deposit)?;
        self.owns(id).await?;
        match &self.bearer {
            Bearer::Gateway => self.exchange.abort(id).await,
            Bearer::Program { name, .. } => {
                let by = By::at(Actor::Program(name.clone()), &address_of(self.whence));
                self.exchange.abort_by(id, Some((&by, now))).await
            }
        }
    }

    /// [`Program::abort`], for the deposit that a section began with this key: a caller that does not know what became of its `begin`. That there is none,
    /// as in another section, is no error.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn abort_by_key(&self, section: &SectionId, key: &str, now: Timestamp) -> Result<(), DepositError> {
        self.needs(Scope::Deposit)?;
        if !self.bearer.acts_for(section) {
            return Ok(());
        }
        match self.exchange.parts.store.deposit_by_key(section, key).await? {
            Some(deposit) => self.abort(deposit.id, now).await,
            None => Ok(()),
        }
    }

    /// What the section sent, the newest first: at most `limit` of those that were begun before `before` and have `search` in them; and whether there are more.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn sent(
        &self,
        search: &str,
        before: Option<DepositId>,
        limit: u32,
    ) -> Result<(Vec<SentLine>, bool), DepositError> {
        let (section, _) = self.section(Scope::Read)?;
        let limit = limit.clamp(1, PAGE);
        let query =
            SentQuery { section: section.clone(), depositor: None, search: sought(search), before, limit: limit + 1 };
        Ok(page(self.exchange.parts.store.sent(&query).await?, limit))
    }

    /// A deposit that was sent, with who opened and took what of it.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn sent_deposit(&self, id: DepositId) -> Result<SentDeposit, DepositError> {
        let (section, _) = self.section(Scope::Read)?;
        self.exchange.parts.store.sent_deposit(section, id).await?.ok_or(DepositError::NotFound)
    }

    /// Takes a deposit back, whole or for the recipient with this address (spec X-CANCEL).
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn cancel(
        &self,
        id: DepositId,
        recipient: Option<&str>,
        now: Timestamp,
    ) -> Result<DepositView, DepositError> {
        let (section, name) = self.section(Scope::Cancel)?;
        let sent = self.exchange.parts.store.sent_deposit(section, id).await?.ok_or(DepositError::NotFound)?;
        let link = match recipient {
            None => None,
            Some(address) => {
                let found = sent.links.iter().find(|link| compared(&link.recipient) == compared(address));
                Some(found.map(|link| link.id).ok_or(DepositError::NotFound)?)
            }
        };
        let by = By::at(Actor::Program(name.to_owned()), &address_of(self.whence));
        let taken_back = match self.exchange.take_back(&sent, link, &by, now).await {
            // Somebody was as quick: what they did was done once.
            Err(NotTaken::Over) => {
                let sent = self.exchange.parts.store.sent_deposit(section, id).await?.ok_or(DepositError::NotFound)?;
                self.exchange.take_back(&sent, link, &by, now).await
            }
            done => done,
        };
        match taken_back {
            Ok(_) => self.exchange.get(id).await,
            Err(NotTaken::Over) => Err(DepositError::Conflict("the deposit is over")),
            Err(NotTaken::NotFound) => Err(DepositError::NotFound),
            Err(NotTaken::Unavailable(cause)) => {
                Err(DepositError::Unavailable { code: fubako_base::Code::ExchangeUnavailable, cause })
            }
        }
    }

    /// Lines of the section's audit log, the newest first: at most `limit` of those before the number `before`; and whether there are more.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn audit(
        &self,
        search: &Search,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<Line>, bool), DepositError> {
        let (section, _) = self.section(Scope::Audit)?;
        let limit = limit.clamp(1, PAGE);
        Ok(page(self.exchange.audit_lines(section, search, before, limit + 1).await?, limit))
    }

    fn needs(&self, scope: Scope) -> Result<(), DepositError> {
        if self.bearer.may(scope) { Ok(()) } else { Err(DepositError::Scope(scope)) }
    }

    /// The section of a program that may do this, and the program's name. A gateway has none.
    fn section(&self, scope: Scope) -> Result<(&SectionId, &str), DepositError> {
        self.needs(scope)?;
        match &self.bearer {
            Bearer::Program { section, name, .. } => Ok((section, name)),
            Bearer::Gateway => Err(DepositError::Scope(scope)),
        }
    }

    /// Whether a file may have this name beside the others. (A gateway has asked that itself.)
    async fn may_name<'a>(&self, name: &str, others: impl Iterator<Item = &'a str>) -> Result<(), DepositError> {
        match &self.bearer {
            Bearer::Gateway => Ok(()),
            Bearer::Program { section, .. } => {
                let section = self.exchange.section_in_use(section).await?;
                rules::check_name(&section.settings, name, others).map_err(refused)
            }
        }
    }

    /// When two names are the same to [`Self::may_name`]; none where a gateway names what a mail has.
    fn same_name(&self) -> Option<fn(&str, &str) -> bool> {
        match &self.bearer {
            Bearer::Gateway => None,
            Bearer::Program { .. } => Some(rules::is_same_name),
        }
    }

    /// Whether the deposit is this bearer's to handle.
    async fn owns(&self, id: DepositId) -> Result<(), DepositError> {
        match &self.bearer {
            Bearer::Gateway => Ok(()),
            Bearer::Program { .. } => {
                let deposit = self.exchange.parts.store.deposit(id).await?;
                let ours = deposit.is_some_and(|deposit| self.bearer.acts_for(&deposit.section));
                if ours { Ok(()) } else { Err(DepositError::NotFound) }
            }
        }
    }
}

fn refused((code, detail): rules::Broken) -> DepositError {
    DepositError::Refused { code, detail }
}

impl Exchange {
    /// Whether a section's programs may name this sender (what RCV-TENANT and RCV-ALIGN are for mails): one of its users, or an address of a domain that is
    /// registered for it or lies below one.
    async fn check_sender(&self, section: &SectionId, address: &str) -> Result<(), DepositError> {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if self.section_of(&domains_from(domain)).await?.as_ref() == Some(section) {
            return Ok(());
        }
        let known = self.parts.store.sender_accounts(section, &senders(address)).await?;
        if known.users.is_empty() {
            let words = "the sender is no user of the section's, and of none of its domains";
            return Err(Invalid(words.to_owned()).into());
        }
        Ok(())
    }
}
