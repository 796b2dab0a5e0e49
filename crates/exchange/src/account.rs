//! What people with accounts do: they are invited, set a password, sign in, change it, and sign out (spec X-ACCOUNTS).
//!
//! The rules are [`crate::domain::account`]'s. Each use case decides first and commits once; what is said in the log stands behind the commit, in one place.

use std::net::IpAddr;

use fubako_base::{
    Timestamp,
    audit::{Actor, Event},
    ids::SectionId,
    section::Section,
};
use fubako_store::{
    StoreError,
    accounts::{Account, AccountName, NewInvitation},
    sessions::Session,
};

use crate::{
    Exchange,
    audit::{By, actor, log_of},
    domain::{
        Invalid,
        account::{
            Entry, Fault, INVITATION_HOURS, Known, Name, Passed, Refusal, SESSION_NOTED, State, check_operator,
            check_password, compared_with, entry, nfc, price, session_is_good, sign_in, sign_in_name,
        },
        second_factor::typed,
    },
    password::{self, Seat},
    second_factor::{races, recovery_used},
    token::{Token, presented, sha256},
};

/// How often a try is begun again where others came between.
pub(crate) const RACES: u32 = 20;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such account; or the invitation is not good (any more).
    #[error("there is no such account")]
    NotFound,
    /// Whoever it is may not use the screens from where they are.
    #[error("this address is not permitted")]
    Elsewhere,
    /// There is an operator with this login id.
    #[error("there is an operator with this login id already")]
    Taken,
    /// What was asked for is not as it must be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The password cannot be chosen.
    #[error("this password cannot be chosen: {0:?}")]
    Fault(Fault),
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// An invitation as it is handed over. It is shown once and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The address that sets the password; whoever has it may.
    pub link: String,
    /// How whoever it is for will sign in.
    pub name: String,
    /// Their mail address.
    pub address: String,
    /// Until when it is good.
    pub until: Timestamp,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Invitation({}, …)", self.name)
    }
}

/// What came of a sign-in.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// A session began; its secret, for the cookie.
    In(String),
    /// A code is owed; the secret of what is half open.
    Half(String),
    /// Not let in. Nothing more is told.
    Refused,
}

/// What came of a change to what one signs in with.
#[derive(Clone, PartialEq, Eq)]
pub enum Renewed {
    /// It is done: all sessions ended, and a new one began; its secret, for the cookie.
    In(String),
    /// The password, or the code, is another, or the account is locked.
    Refused,
}

/// Which of somebody's other sessions are to end.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All of them.
    Others,
    /// The one with this [`session_mark`].
    One(&'a str),
}

/// What came of asking to end sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// They are over.
    Done,
    /// The password is another, or the account is locked.
    Refused,
}

/// By what a session is named on its owner's page: it opens nothing.
#[must_use]
pub fn session_mark(hash: &[u8; 32]) -> String {
    sha256(&[b"session", hash.as_slice()].concat()).iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their account.
    pub known: Known,
    /// Their session.
    pub session: Session,
    /// What they may do.
    pub entry: Entry,
}

impl Person {
    /// The section that they administer, where they do.
    #[must_use]
    pub fn administered(&self) -> Option<&Section> {
        self.known.section.as_ref().filter(|_| self.known.account.administrator)
    }
}

impl Exchange {
    /// Makes an operator, with an invitation to set a password.
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Taken`], [`AccountError::Unavailable`].
    pub async fn add_operator(
        &self,
        login_id: &str,
        address: &str,
        by: &By,
        now: Timestamp,
    ) -> Result<Invitation, AccountError> {
        check_operator(login_id, address)?;
        let (token, invitation) = invitation(now)?;
        let entry = by.did(&SectionId::installation(), Event::OperatorMade, login_id, now).with("address", address);
        if !self.parts.store.add_operator(login_id, address, invitation, &entry, now).await? {
            return Err(AccountError::Taken);
        }
        tracing::info!(login_id, "an operator was made, and invited");
        Ok(self.handed_over(&token, login_id.to_owned(), address.to_owned(), invitation.until))
    }

    /// Removes an operator: the sessions end, and what they made stays. The last one may be removed too: on the machine another is made.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Unavailable`].
    pub async fn remove_operator(&self, typed: &str, by: &By, now: Timestamp) -> Result<(), AccountError> {
        let login_id = typed.trim();
        let entry = by.did(&SectionId::installation(), Event::OperatorRemoved, login_id, now);
        if !self.parts.store.remove_operator(login_id, &entry).await? {
            return Err(AccountError::NotFound);
        }
        tracing::info!(login_id, "an operator was removed");
        Ok(())
    }

    /// The operators, by login id, and how they stand.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn operators(&self, now: Timestamp) -> Result<Vec<(Account, State)>, AccountError> {
        let all = self.parts.store.operators().await?;
        let stands = |account: Account| {
            let known = Known { account, section: None };
            let state = known.state(now);
            (known.account, state)
        };
        Ok(all.into_iter().map(stands).collect())
    }

    /// Takes an account's password and its second factor away, ends its sessions, opens its lock, and gives an invitation to set another password. A section's
    /// user who has no account yet gets one.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Unavailable`].
    pub async fn reset_account(&self, typed: &str, by: &By, now: Timestamp) -> Result<Invitation, AccountError> {
        let name = self.account_name(Name::read(typed).as_ref()).await?.ok_or(AccountError::NotFound)?;
        let (token, invitation) = invitation(now)?;
        let entry = done_to(&name, by, Event::Invited, now);
        let off = done_to(&name, by, Event::SecondFactorOff, now);
        let account = self.parts.store.reset(&name, invitation, &entry, &off, now).await?;
        let account = account.ok_or(AccountError::NotFound)?;
        tracing::info!(account = %account.id, section = section_of(&account),
            "invited to set a password; any earlier one is void, and so is a second factor");
        Ok(self.handed_over(&token, sign_in_name(&account), account.address, invitation.until))
    }

    /// Opens an account's lock.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Unavailable`].
    pub async fn unlock_account(&self, typed: &str, by: &By, now: Timestamp) -> Result<(), AccountError> {
        let name = self.account_name(Name::read(typed).as_ref()).await?.ok_or(AccountError::NotFound)?;
        if !self.parts.store.unlock(&name, &done_to(&name, by, Event::Unlocked, now), now).await? {
            return Err(AccountError::NotFound);
        }
        tracing::info!("an account was unlocked");
        Ok(())
    }

    fn handed_over(&self, token: &Token, name: String, address: String, until: Timestamp) -> Invitation {
        Invitation { link: format!("{}/invitation/{}", self.parts.public_url, token.expose()), name, address, until }
    }

    /// Whom an invitation is for, as somebody at an IP address asks; nothing changes.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] where it is not good (any more), [`AccountError::Elsewhere`], [`AccountError::Unavailable`].
    pub async fn invited(&self, token: &str, address: IpAddr, now: Timestamp) -> Result<Known, AccountError> {
        let hash = presented(token).ok_or(AccountError::NotFound)?;
        let account = self.parts.store.invited(&hash, now).await?.ok_or(AccountError::NotFound)?;
        let known = self.with_section(account).await?;
        if !self.permits(&known, address) {
            tracing::warn!(account = %known.account.id, section = section_of(&known.account), %address,
                "an invitation was opened from an address that is not permitted");
            return Err(AccountError::Elsewhere);
        }
        Ok(known)
    }

    /// Whether somebody may use the screens from this address.
    pub(crate) fn permits(&self, known: &Known, address: IpAddr) -> bool {
        known.permits(&self.parts.operator_networks, address)
    }

    /// Sets the password that an invitation lets be set, from an IP address. The invitation is used up.
    ///
    /// # Errors
    /// As [`Exchange::invited`]; [`AccountError::Fault`].
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let known = self.invited(token, address, now).await?;
        check_password(&known, password).map_err(AccountError::Fault)?;
        let hash = presented(token).ok_or(AccountError::NotFound)?;
        let entry = own_act(&known.account, &address.to_string(), Event::InvitationAccepted, now);
        if !self.parts.store.accept_invitation(&hash, &hashed(password).await?, &entry, now).await? {
            return Err(AccountError::NotFound);
        }
        tracing::info!(account = %known.account.id, section = section_of(&known.account), "a password was set by an invitation");
        Ok(())
    }

    /// Notes that no try to sign in from an IP address is looked at any more for a while: there were too many wrong ones. Once a while, so that whoever guesses
    /// on writes no lines.
    pub async fn too_many_sign_ins(&self, from: IpAddr, now: Timestamp) {
        tracing::warn!(%from, "sign-ins from there are not looked at for a while: too many were wrong");
        self.note(refused(None, &from.to_string(), Event::SignInRefused, Refusal::TooMany, now)).await;
    }

    /// Signs in, from an IP address, with a browser that is noted as it is called here.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn sign_in(
        &self,
        typed: &str,
        password: &str,
        from: IpAddr,
        browser: &str,
        now: Timestamp,
    ) -> Result<SignIn, AccountError> {
        let (name, address) = (Name::read(typed), from.to_string());
        let address = address.as_str();
        for _ in 0..RACES {
            let known = self.known(name.as_ref()).await?;
            let permitted = known.as_ref().is_some_and(|known| self.permits(known, from));
            let Some(came) = self.try_password(known.as_ref(), permitted, password, now).await? else { continue };
            let account = known.as_ref().map(|known| &known.account);
            let (id, section) = (account.map(|a| a.id), account.map_or("", section_of));
            let refusal = match (came, account) {
                (Ok(passed), Some(account)) => {
                    match self.open_by_password(account, passed, (address, browser), now).await? {
                        Some(begun) => return Ok(begun),
                        None => Refusal::NoPassword,
                    }
                }
                (Ok(_), None) => Refusal::Unknown,
                (Err(refusal), _) => refusal,
            };
            // What was typed as a name is not repeated: people type their password there.
            tracing::warn!(account = id.map(tracing::field::display), section, ?refusal, "not let in");
            self.note(refused(account, address, Event::SignInRefused, refusal, now)).await;
            return Ok(SignIn::Refused);
        }
        Err(races())
    }

    /// Begins what a right password opens; none where it is another by now.
    async fn open_by_password(
        &self,
        account: &Account,
        passed: Passed,
        (address, browser): (&str, &str),
        now: Timestamp,
    ) -> Result<Option<SignIn>, AccountError> {
        let hash = account.password_hash.as_deref().unwrap_or_default();
        let section = section_of(account);
        if passed == Passed::Code {
            return self.begin_half(account, hash, address, now).await;
        }
        let (secret, session) = session(address, browser, now)?;
        let act = own_act(account, address, Event::SignIn, now);
        if !self.parts.store.begin_session(account.id, hash, &session, &act).await? {
            return Ok(None);
        }
        tracing::info!(account = %account.id, section, "signed in");
        Ok(Some(SignIn::In(secret.into_text())))
    }

    /// Counts a try, and compares; none where another try came between.
    pub(crate) async fn try_password(
        &self,
        known: Option<&Known>,
        permitted: bool,
        password: &str,
        now: Timestamp,
    ) -> Result<Option<Result<Passed, Refusal>>, AccountError> {
        let seat = Seat::take().map_err(unavailable)?;
        let (hash, refused) = compared_with(known, permitted, now);
        if let (Some(known), None) = (known, refused) {
            let account = &known.account;
            if !self.parts.store.take_password_try(account.id, account.failures, price(known, now)).await? {
                return Ok(None);
            }
        }
        let right = seat.verify(&nfc(password), hash).await.map_err(unavailable)?;
        Ok(Some(sign_in(known, permitted, right, now)))
    }

    /// Who is signed in with a session's secret, where anybody is, and asks from an IP address. From where they may not be, nothing changes:
    /// the session stays, and is not noted as used.
    ///
    /// # Errors
    /// [`AccountError::Elsewhere`], [`AccountError::Unavailable`].
    pub async fn person(&self, secret: &str, address: IpAddr, now: Timestamp) -> Result<Option<Person>, AccountError> {
        let Some(hash) = presented(secret) else { return Ok(None) };
        let Some((session, account)) = self.parts.store.session(&hash).await? else { return Ok(None) };
        let known = self.with_section(account).await?;
        if !session_is_good(&session, &known, now) {
            return Ok(None);
        }
        if !self.permits(&known, address) {
            tracing::warn!(account = %known.account.id, section = section_of(&known.account), %address,
                "a session was used from an address that is not permitted");
            return Err(AccountError::Elsewhere);
        }
        if session.seen_at.plus_seconds(SESSION_NOTED) <= now {
            self.parts.store.touch_session(&hash, now).await?;
        }
        let entry = entry(&known, self.parts.operator_second_factor, now);
        Ok(Some(Person { known, session, entry }))
    }

    /// The sessions of somebody's account that are good, the newest first.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn sessions_of(&self, person: &Person, now: Timestamp) -> Result<Vec<Session>, AccountError> {
        let mut all = self.parts.store.sessions_of(person.known.account.id).await?;
        all.retain(|session| session_is_good(session, &person.known, now));
        Ok(all)
    }

    /// Changes somebody's password, for the current one and, where a second factor counts, a code: all their sessions end, and a new one begins.
    ///
    /// # Errors
    /// [`AccountError::Fault`], [`AccountError::Unavailable`].
    pub async fn change_password(
        &self,
        person: &Person,
        current: &str,
        code: &str,
        new: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Renewed, AccountError> {
        check_password(&person.known, new).map_err(AccountError::Fault)?;
        if nfc(current) == nfc(new) {
            return Err(AccountError::Fault(Fault::Same));
        }
        let code = typed(code);
        for _ in 0..RACES {
            let known = self.afresh(person).await?;
            let account = &known.account;
            let Some(came) = self.try_again(&known, current, code.as_ref(), now).await? else { continue };
            let (id, section) = (account.id, section_of(account));
            let refusal = match came {
                Ok(used) => {
                    let (secret, session) = session(address, &person.session.browser, now)?;
                    let old = account.password_hash.as_deref().unwrap_or_default();
                    let mut entries = vec![own_act(account, address, Event::PasswordChanged, now)];
                    entries.extend(used.and_then(|used| recovery_used(account, used, address, now)));
                    let new = hashed(new).await?;
                    if self.parts.store.change_password(id, old, &new, used, &session, &entries).await? {
                        tracing::info!(account = %id, section, "a password was changed");
                        return Ok(Renewed::In(secret.into_text()));
                    }
                    if used.is_none() {
                        continue;
                    }
                    Refusal::UsedCode
                }
                Err(refusal) => refusal,
            };
            tracing::warn!(account = %id, section, ?refusal, "a password was not changed");
            self.note(refused(Some(account), address, Event::PasswordChangeRefused, refusal, now)).await;
            return Ok(Renewed::Refused);
        }
        Err(races())
    }

    /// Ends a session, by its secret, from an IP address. One that is not there is ended already.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn sign_out(&self, secret: &str, address: &str, now: Timestamp) -> Result<(), AccountError> {
        let Some(hash) = presented(secret) else { return Ok(()) };
        let Some((_, account)) = self.parts.store.session(&hash).await? else { return Ok(()) };
        self.parts.store.end_session(&hash, &own_act(&account, address, Event::SignOut, now)).await?;
        Ok(())
    }

    /// Ends other sessions than the one that asks, for the password. One that is not there is ended already.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn end_sessions(
        &self,
        person: &Person,
        which: Which<'_>,
        password: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Ended, AccountError> {
        for _ in 0..RACES {
            let known = self.afresh(person).await?;
            let account = &known.account;
            let Some(came) = self.try_password(Some(&known), true, password, now).await? else { continue };
            let section = section_of(account);
            if let Err(refusal) = came {
                tracing::warn!(account = %account.id, section, ?refusal, "sessions were not ended");
                self.note(refused(Some(account), address, Event::SessionsEndRefused, refusal, now)).await;
                return Ok(Ended::Refused);
            }
            let only = match which {
                Which::Others => None,
                Which::One(mark) => {
                    let all = self.parts.store.sessions_of(account.id).await?;
                    // Of no session where none has this mark: its own secret is nobody's.
                    let found = all.iter().find(|session| session_mark(&session.hash) == mark);
                    Some(found.map_or([0; 32], |session| session.hash))
                }
            };
            let hash = account.password_hash.as_deref().unwrap_or_default();
            let entry = own_act(account, address, Event::SessionsEnded, now);
            let (store, but) = (&self.parts.store, &person.session.hash);
            if store.end_other_sessions(account.id, hash, but, only, &entry).await? {
                tracing::info!(account = %account.id, section, one = only.is_some(), "signed out elsewhere");
                return Ok(Ended::Done);
            }
        }
        Err(races())
    }

    async fn known(&self, name: Option<&Name>) -> Result<Option<Known>, AccountError> {
        let Some(name) = self.account_name(name).await? else { return Ok(None) };
        match self.parts.store.account(&name).await? {
            Some(account) => self.with_section(account).await.map(Some),
            None => Ok(None),
        }
    }

    /// The account that a name means; none where an address is of no section.
    async fn account_name(&self, name: Option<&Name>) -> Result<Option<AccountName>, AccountError> {
        Ok(match name {
            None => None,
            Some(Name::Operator(login_id)) => Some(AccountName::Operator(login_id.clone())),
            Some(Name::User(section, login_id)) => Some(AccountName::User(section.clone(), login_id.clone())),
            Some(Name::Address(address, domains)) => {
                self.section_of(domains).await?.map(|section| AccountName::Address(section, address.clone()))
            }
        })
    }

    /// The section that registered the nearest of these domains.
    pub(crate) async fn section_of(&self, domains: &[String]) -> Result<Option<SectionId>, StoreError> {
        for domain in domains {
            if let Some(section) = self.parts.store.section_of_domain(domain).await? {
                return Ok(Some(section.id));
            }
        }
        Ok(None)
    }

    pub(crate) async fn with_section(&self, account: Account) -> Result<Known, AccountError> {
        let section = match &account.section {
            None => None,
            Some(id) => Some(self.parts.store.section(id).await?.ok_or(AccountError::NotFound)?),
        };
        Ok(Known { account, section })
    }
}

/// What somebody does with their own account, for the audit log.
pub(crate) fn own_act(account: &Account, address: &str, event: Event, now: Timestamp) -> fubako_store::audit::Entry {
    By::at(actor(account), address).did(&log_of(account), event, sign_in_name(account), now)
}

/// What is done to somebody's account, for the audit log.
fn done_to(name: &AccountName, by: &By, event: Event, now: Timestamp) -> fubako_store::audit::Entry {
    match name {
        AccountName::Operator(login_id) => by.did(&SectionId::installation(), event, login_id, now),
        AccountName::User(section, login_id) => by.did(section, event, format!("{section}/{login_id}"), now),
        AccountName::Address(section, address) => by.did(section, event, address, now),
    }
}

/// That somebody was not let in, for the audit log. What was typed as a name is not repeated.
pub(crate) fn refused(
    account: Option<&Account>,
    address: &str,
    event: Event,
    refusal: Refusal,
    now: Timestamp,
) -> fubako_store::audit::Entry {
    let log = account.map_or_else(SectionId::installation, log_of);
    let object = account.map(sign_in_name).unwrap_or_default();
    By::at(Actor::Stranger, address).did(&log, event, object, now).with("reason", refusal.word())
}

pub(crate) fn own_name(account: &Account) -> AccountName {
    match &account.section {
        None => AccountName::Operator(account.login_id.clone()),
        Some(section) => AccountName::User(section.clone(), account.login_id.clone()),
    }
}

pub(crate) fn section_of(account: &Account) -> &str {
    account.section.as_ref().map_or("", SectionId::as_str)
}

pub(crate) fn invitation(now: Timestamp) -> Result<(Token, NewInvitation), AccountError> {
    let token = Token::generate().map_err(unavailable)?;
    let invitation = NewInvitation { hash: token.hash(), until: now.plus_seconds(INVITATION_HOURS * 3600) };
    Ok((token, invitation))
}

pub(crate) fn session(address: &str, browser: &str, now: Timestamp) -> Result<(Token, Session), AccountError> {
    let secret = Token::generate().map_err(unavailable)?;
    let (address, browser) = (address.to_owned(), browser.to_owned());
    let session = Session { hash: secret.hash(), made_at: now, seen_at: now, address, browser };
    Ok((secret, session))
}

async fn hashed(password: &str) -> Result<String, AccountError> {
    password::hash(&nfc(password)).await.map_err(unavailable)
}

#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn unavailable(error: impl std::fmt::Display) -> AccountError {
    AccountError::Unavailable(error.to_string())
}
