//! What people do with their second factor, and what they sign in with besides the password (spec X-ACCOUNTS).
//!
//! The rules are [`crate::domain::second_factor`]'s. A key is made here, handed over once, and kept sealed under the key of the account's section (an operator's:
//! the installation's own); of recovery codes hashes are kept. A try is counted before anything is compared, and a code is used up in the transaction of what it
//! is good for.

use std::net::IpAddr;

use fubako_base::{Timestamp, audit::Event, ids::AccountId, secret};
use fubako_store::{
    accounts::Account,
    second_factor::{Half, SecondFactor, Used},
};
use zeroize::Zeroizing;

use crate::{
    Exchange,
    account::{
        AccountError, Person, RACES, Renewed, SignIn, own_act, own_name, refused, section_of, session, unavailable,
    },
    audit::log_of,
    domain::{
        account::{Known, Passed, Refusal, compared_with, price, sign_in_name},
        second_factor::{
            KEY, Typed, check, half_is_good, key_uri, may_confirm, recovery_codes, recovery_hashes, refusal, shown_key,
            step_of, typed,
        },
    },
    token::{Token, presented},
};

/// A key as it is handed over. It is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// As it is typed into an app.
    pub shown: String,
    /// As apps read it, from a QR code or a link.
    pub uri: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How somebody's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Off,
    /// A key was shown, and a code of it may be entered.
    Begun,
    /// It counts.
    On {
        /// Since when.
        since: Timestamp,
        /// Recovery codes that were not used yet.
        codes_left: usize,
    },
}

/// What came of beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The key, to be shown.
    Key(Key),
    /// The password is another, or the account is locked.
    Refused,
    /// There is a second factor already.
    On,
}

/// What came of the first code.
#[derive(Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The second factor counts; all sessions ended, and a new one began.
    On {
        /// Its secret, for the cookie.
        session: String,
        /// The recovery codes, to be shown.
        codes: Vec<String>,
    },
    /// The code is another.
    Wrong,
    /// There is nothing to confirm (any more).
    Over,
}

/// What came of asking for new recovery codes.
#[derive(Clone, PartialEq, Eq)]
pub enum NewCodes {
    /// They are these; the old ones are void.
    Made(Vec<String>),
    /// The code is another, or the account is locked.
    Refused,
}

/// What came of a code at a sign-in.
#[derive(Clone, PartialEq, Eq)]
pub enum Coded {
    /// A session began; its secret, for the cookie.
    In(String),
    /// The code is another, or used up, or the account is locked. Nothing more is told.
    Refused,
    /// Nothing is half open (any more): the password comes first.
    Over,
}

impl Exchange {
    /// How somebody's second factor stands.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn second_factor(&self, person: &Person, now: Timestamp) -> Result<Standing, AccountError> {
        let factor = self.parts.store.second_factor(person.known.account.id).await?;
        Ok(match factor {
            Some(SecondFactor { confirmed_at: Some(since), recovery, .. }) => {
                Standing::On { since, codes_left: recovery.len() }
            }
            Some(factor) if may_confirm(&factor, now) => Standing::Begun,
            _ => Standing::Off,
        })
    }

    /// Makes a key for somebody who enters their password. It does not count before a code of it is entered; one that was begun before is void.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn begin_second_factor(
        &self,
        person: &Person,
        password: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Begun, AccountError> {
        for _ in 0..RACES {
            let known = self.afresh(person).await?;
            let account = &known.account;
            if account.second_factor_at.is_some() {
                return Ok(Begun::On);
            }
            let Some(came) = self.try_password(Some(&known), true, password, now).await? else { continue };
            if let Err(refusal) = came {
                self.not_changed(account, refusal, address, now).await;
                return Ok(Begun::Refused);
            }
            let mut key = Zeroizing::new([0u8; KEY]);
            secret::fill(key.as_mut_slice()).map_err(unavailable)?;
            let sealed = self.parts.vault.seal_value(&log_of(account), &context(account.id), key.as_slice()).await;
            let sealed = sealed.map_err(unavailable)?;
            let hash = account.password_hash.as_deref().unwrap_or_default();
            if self.parts.store.begin_second_factor(account.id, hash, &sealed, now).await? {
                let uri = key_uri(&key, &self.parts.brand, &sign_in_name(account)).map_err(unavailable)?;
                tracing::info!(account = %account.id, section = section_of(account), "a key for a second factor was made");
                return Ok(Begun::Key(Key { shown: shown_key(&key), uri }));
            }
        }
        Err(races())
    }

    /// Turns somebody's second factor on, by a code of the key that they were shown. All their sessions end, and a new one begins.
    ///
    /// A wrong one costs nothing: whoever guesses here gains nothing but a key that they do not have.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn confirm_second_factor(
        &self,
        person: &Person,
        code: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Confirmed, AccountError> {
        let account = &person.known.account;
        let factor = self.parts.store.second_factor(account.id).await?.filter(|factor| may_confirm(factor, now));
        let Some(factor) = factor else { return Ok(Confirmed::Over) };
        let key = self.key(account, &factor).await?;
        let step = match typed(code) {
            Some(Typed::App(digits)) => step_of(&key, &digits, now),
            _ => None,
        };
        let Some(step) = step else { return Ok(Confirmed::Wrong) };
        let codes = recovery_codes().map_err(unavailable)?;
        let hashes = recovery_hashes(account.id, &codes);
        let (secret, session) = session(address, &person.session.browser, now)?;
        let entry = own_act(account, address, Event::SecondFactorOn, now);
        let (store, sealed) = (&self.parts.store, &factor.sealed_secret);
        if !store.confirm_second_factor(account.id, sealed, step, &hashes, &session, &entry).await? {
            return Ok(Confirmed::Over);
        }
        tracing::info!(account = %account.id, section = section_of(account), "a second factor was turned on");
        Ok(Confirmed::On { session: secret.into_text(), codes })
    }

    /// Makes new recovery codes, for somebody's password and a code of the app.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn new_recovery_codes(
        &self,
        person: &Person,
        password: &str,
        code: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<NewCodes, AccountError> {
        // A recovery code does not make others: who has no app any more turns the second factor off and on again.
        let code = typed(code).filter(|typed| matches!(typed, Typed::App(_)));
        for _ in 0..RACES {
            let known = self.afresh(person).await?;
            let account = &known.account;
            let Some(came) = self.try_again(&known, password, code.as_ref(), now).await? else { continue };
            let step = match came {
                Ok(Some(Used::Step(step))) => step,
                Ok(_) => return Ok(NewCodes::Refused),
                Err(refusal) => {
                    self.not_changed(account, refusal, address, now).await;
                    return Ok(NewCodes::Refused);
                }
            };
            let codes = recovery_codes().map_err(unavailable)?;
            let hashes = recovery_hashes(account.id, &codes);
            let entry = own_act(account, address, Event::RecoveryCodesMade, now);
            let hash = account.password_hash.as_deref().unwrap_or_default();
            if !self.parts.store.replace_recovery_codes(account.id, hash, step, &hashes, &entry).await? {
                self.not_changed(account, Refusal::UsedCode, address, now).await;
                return Ok(NewCodes::Refused);
            }
            tracing::info!(account = %account.id, section = section_of(account), "recovery codes were made");
            return Ok(NewCodes::Made(codes));
        }
        Err(races())
    }

    /// Turns somebody's second factor off, for their password and a code. All their sessions end, and a new one begins.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn end_second_factor(
        &self,
        person: &Person,
        password: &str,
        code: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Renewed, AccountError> {
        let code = typed(code);
        for _ in 0..RACES {
            let known = self.afresh(person).await?;
            let account = &known.account;
            let Some(came) = self.try_again(&known, password, code.as_ref(), now).await? else { continue };
            let used = match came {
                Ok(Some(used)) => used,
                Ok(None) => return Ok(Renewed::Refused),
                Err(refusal) => {
                    self.not_changed(account, refusal, address, now).await;
                    return Ok(Renewed::Refused);
                }
            };
            let (secret, session) = session(address, &person.session.browser, now)?;
            let mut entries = vec![own_act(account, address, Event::SecondFactorOff, now)];
            entries.extend(recovery_used(account, used, address, now));
            let hash = account.password_hash.as_deref().unwrap_or_default();
            if !self.parts.store.end_second_factor(account.id, hash, used, &session, &entries).await? {
                self.not_changed(account, Refusal::UsedCode, address, now).await;
                return Ok(Renewed::Refused);
            }
            tracing::info!(account = %account.id, section = section_of(account), "a second factor was turned off");
            return Ok(Renewed::In(secret.into_text()));
        }
        Err(races())
    }

    /// Begins what a right password opens where a code is owed; none where the password is another by now.
    pub(crate) async fn begin_half(
        &self,
        account: &Account,
        password_hash: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<SignIn>, AccountError> {
        let secret = Token::generate().map_err(unavailable)?;
        let half = Half { hash: secret.hash(), made_at: now, address: address.to_owned() };
        if !self.parts.store.begin_half(account.id, password_hash, &half).await? {
            return Ok(None);
        }
        tracing::info!(account = %account.id, section = section_of(account), "the password was right, and a code is asked for");
        Ok(Some(SignIn::Half(secret.into_text())))
    }

    /// Whose sign-in is half open with this secret, where one is, as somebody at an IP address asks. From where they may not be there is none.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn half(&self, secret: &str, from: IpAddr, now: Timestamp) -> Result<Option<Known>, AccountError> {
        let Some(hash) = presented(secret) else { return Ok(None) };
        let Some((half, account)) = self.parts.store.half(&hash).await? else { return Ok(None) };
        let known = self.with_section(account).await?;
        Ok((half_is_good(&half, &known, now) && self.permits(&known, from)).then_some(known))
    }

    /// Goes on with a sign-in that is half open, from an IP address.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`].
    pub async fn enter_code(
        &self,
        secret: &str,
        code: &str,
        from: IpAddr,
        browser: &str,
        now: Timestamp,
    ) -> Result<Coded, AccountError> {
        let Some(hash) = presented(secret) else { return Ok(Coded::Over) };
        let (address, code) = (from.to_string(), typed(code));
        for _ in 0..RACES {
            let Some((half, account)) = self.parts.store.half(&hash).await? else { return Ok(Coded::Over) };
            let known = self.with_section(account).await?;
            if !half_is_good(&half, &known, now) {
                return Ok(Coded::Over);
            }
            let account = &known.account;
            let permitted = self.permits(&known, from);
            let Some(came) = self.try_code(&known, permitted, code.as_ref(), now).await? else { continue };
            let refusal = match came {
                Ok(used) => {
                    let (secret, session) = session(&address, browser, now)?;
                    let mut entries = vec![own_act(account, &address, Event::SignIn, now)];
                    entries.extend(recovery_used(account, used, &address, now));
                    if self.parts.store.complete_sign_in(&hash, account.id, used, &session, &entries).await? {
                        tracing::info!(account = %account.id, section = section_of(account), "signed in");
                        return Ok(Coded::In(secret.into_text()));
                    }
                    Refusal::UsedCode
                }
                Err(refusal) => refusal,
            };
            tracing::warn!(account = %account.id, section = section_of(account), ?refusal, "not let in");
            self.note(refused(Some(account), &address, Event::SignInRefused, refusal, now)).await;
            return Ok(Coded::Refused);
        }
        Err(races())
    }

    /// Counts a try, and compares a code; none where another try came between.
    async fn try_code(
        &self,
        known: &Known,
        permitted: bool,
        code: Option<&Typed>,
        now: Timestamp,
    ) -> Result<Option<Result<Used, Refusal>>, AccountError> {
        if let (_, Some(refusal)) = compared_with(Some(known), permitted, now) {
            return Ok(Some(Err(refusal)));
        }
        let account = &known.account;
        if !self.parts.store.take_password_try(account.id, account.failures, price(known, now)).await? {
            return Ok(None);
        }
        self.compare(known, code, now).await.map(Some)
    }

    /// Whoever is signed in proves anew who they are, before something that they sign in with is changed: counts one try, and compares the password and, where a second
    /// factor counts, a code, which then is to be used up. Which of the two is wrong is not told. None where another try came between.
    pub(crate) async fn try_again(
        &self,
        known: &Known,
        password: &str,
        code: Option<&Typed>,
        now: Timestamp,
    ) -> Result<Option<Result<Option<Used>, Refusal>>, AccountError> {
        let Some(came) = self.try_password(Some(known), true, password, now).await? else { return Ok(None) };
        Ok(Some(match came {
            Ok(Passed::In) => Ok(None),
            Ok(Passed::Code) => self.compare(known, code, now).await?.map(Some),
            Err(refusal) => Err(refusal),
        }))
    }

    /// Compares a code, whose try was counted.
    async fn compare(
        &self,
        known: &Known,
        code: Option<&Typed>,
        now: Timestamp,
    ) -> Result<Result<Used, Refusal>, AccountError> {
        let account = &known.account;
        let factor = self.parts.store.second_factor(account.id).await?;
        let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some()) else {
            return Ok(Err(refusal(known, Refusal::WrongCode, now)));
        };
        let key = self.key(account, &factor).await?;
        Ok(check(account.id, &factor, &key, code, now).map_err(|why| refusal(known, why, now)))
    }

    async fn key(&self, account: &Account, factor: &SecondFactor) -> Result<Zeroizing<[u8; KEY]>, AccountError> {
        let (section, sealed) = (log_of(account), &factor.sealed_secret);
        let opened = self.parts.vault.open_value(&section, &context(account.id), sealed).await.map_err(unavailable)?;
        let opened = Zeroizing::new(opened);
        let key = <[u8; KEY]>::try_from(opened.as_slice()).map_err(|_| unavailable("a key has another length"))?;
        Ok(Zeroizing::new(key))
    }

    /// Somebody's account as it is by now.
    pub(crate) async fn afresh(&self, person: &Person) -> Result<Known, AccountError> {
        let account = self.parts.store.account(&own_name(&person.known.account)).await?;
        self.with_section(account.ok_or(AccountError::NotFound)?).await
    }

    async fn not_changed(&self, account: &Account, refusal: Refusal, address: &str, now: Timestamp) {
        tracing::warn!(account = %account.id, section = section_of(account), ?refusal, "a second factor was not changed");
        self.note(refused(Some(account), address, Event::SecondFactorRefused, refusal, now)).await;
    }
}

/// What a key is sealed as: it opens in no other account's row.
fn context(id: AccountId) -> String {
    format!("second-factor/{id}")
}

/// That a recovery code was used, where it was one.
pub(crate) fn recovery_used(
    account: &Account,
    used: Used,
    address: &str,
    now: Timestamp,
) -> Option<fubako_store::audit::Entry> {
    matches!(used, Used::Recovery(_)).then(|| own_act(account, address, Event::RecoveryCodeUsed, now))
}

pub(crate) fn races() -> AccountError {
    AccountError::Unavailable("other tries at the same account came between".to_owned())
}
