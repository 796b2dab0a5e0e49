//! What recipients do to prove who they are (spec ACCESS): try the file password, be mailed a code and enter it. (Who has an account signs in, and has
//! [`crate::received`].)
//!
//! The rules are [`crate::domain::access`]'s. A try is taken before anything is compared, so that tries side by side cannot outrun the limit; what a
//! proof begins is a session of one browser, for one link.

use fubako_base::{
    Timestamp,
    audit::{Actor, Event},
    secret::OneTimeCode,
    section::Way,
};
use fubako_mail::header::compared;
use fubako_store::{
    audit::Entry,
    codes::{Allowance, Code},
};

use crate::{
    Exchange,
    audit::By,
    deposit::file_password::{self, Asker},
    domain::{
        self, Cost, Turn,
        access::{CODE_WINDOW, CODES_TO_ADDRESS, code_until, current, may_mail},
    },
    download::{DownloadError, Found, Proof, unavailable},
    notice::code::CodeMail,
    password::Seat,
    token::{self, Token, sha256},
};

/// How often a try that another one came between is begun again.
const ROUNDS: u32 = 4;

/// What came of asking for a code.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is on its way.
    Mailed {
        /// A secret for a cookie of the browser that asked, without which the code is good for nothing: base64url of 32 random octets.
        browser: String,
        /// How long the code is good.
        until: Timestamp,
    },
    /// None was mailed: too soon, or there were too many.
    Wait {
        /// When one may be asked for.
        until: Timestamp,
    },
    /// None was mailed: the link is locked.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

impl Exchange {
    /// Tries a file password, from an IP address (white space round it does not count). A try is taken before the hash is looked at, so that
    /// tries side by side cannot outrun the limit; a right one clears the wrong ones and begins a session.
    ///
    /// # Errors
    /// As [`Exchange::look`]; [`DownloadError::NotProven`] where no password opens the deposit.
    pub async fn prove(
        &self,
        token: &str,
        password: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Proof, DownloadError> {
        for _ in 0..ROUNDS {
            let found = self.find(token, now).await?;
            let deposit = &found.deposit;
            if deposit.password_hash.is_none() || !deposit.access.allows(Way::PasswordInMail) {
                return Err(DownloadError::NotProven);
            }
            let cost = match found.price(now) {
                Ok(cost) => cost,
                Err(refused) => return Ok(refused),
            };
            let seat = Seat::take().map_err(unavailable)?;
            let link = &found.link;
            if self.parts.store.take_try(link.id, link.failures, cost.next_try_at).await? {
                let password = password.trim();
                let can_be = domain::PASSWORD_LENGTH.contains(&password.chars().count());
                let asker = Asker::Stranger(seat);
                let right = can_be
                    && file_password::is_right(&self.parts.vault, deposit, password, asker)
                        .await
                        .map_err(unavailable)?;
                let proving = Proving { found: &found, way: Way::PasswordInMail, code: None, address, now };
                return self.came_of(&proving, right, cost).await;
            }
        }
        // Many at once: whoever this is may come again in a moment.
        Ok(Proof::Wait { until: now.plus_seconds(1) })
    }

    /// Mails a code to the recipient, for a browser at an IP address. The one before it is void.
    ///
    /// # Errors
    /// As [`Exchange::look`]; [`DownloadError::NotProven`] where no code opens the deposit.
    pub async fn mail_code(&self, token: &str, address: &str, now: Timestamp) -> Result<Asked, DownloadError> {
        for _ in 0..ROUNDS {
            let found = self.find(token, now).await?;
            if !found.deposit.access.allows(Way::OneTimeCode) {
                return Err(DownloadError::NotProven);
            }
            let (link, settings) = (&found.link, &found.section.settings);
            if let Turn::Locked(until) = domain::turn(settings, link.failures, link.next_try_at, now) {
                return Ok(Asked::Locked { until });
            }
            let (to, since) = (compared(&link.recipient), now.plus_seconds(-CODE_WINDOW));
            let mailed = self.parts.store.codes_mailed(link.id, &to, since).await?;
            if let Err(until) = may_mail(&mailed, now) {
                return Ok(Asked::Wait { until });
            }
            let (secret, kept, mail) = self.new_code(&found, now).await?;
            let entry = By::at(Actor::Stranger, address).did(&found.section.id, Event::CodeSent, link.deposit, now);
            let entry = entry.with("recipient", &link.recipient).with("until", kept.until.jiff());
            let allowance = Allowance { since, for_link: mailed.for_link.len(), to_address: CODES_TO_ADDRESS };
            if self.parts.store.mail_code(&kept, &to, &mail, allowance, &entry).await? {
                (self.parts.wake_post)();
                tracing::info!(link = %link.id, deposit = %link.deposit, section = %found.section.id, "a code was mailed");
                return Ok(Asked::Mailed { browser: secret.into_text(), until: kept.until });
            }
        }
        Ok(Asked::Wait { until: now.plus_seconds(1) })
    }

    /// A code with the secret of the browser that may use it, what is kept of both, and its mail.
    async fn new_code(
        &self,
        found: &Found,
        now: Timestamp,
    ) -> Result<(Token, Code, fubako_store::outbox::NewOutgoing), DownloadError> {
        let secret = Token::generate().map_err(unavailable)?;
        let code = OneTimeCode::generate().map_err(unavailable)?;
        let kept = Code {
            link: found.link.id,
            browser_hash: secret.hash(),
            code_hash: code_hash(secret.expose(), &code),
            made_at: now,
            until: code_until(now),
            tries: 0,
        };
        let mail = CodeMail {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            deposit: &found.deposit,
            settings: &found.section.settings,
            recipient: &found.link.recipient,
            code: &code,
            made_at: now,
            until: kept.until,
        };
        let mail = self.outgoing_code(&mail).await.map_err(unavailable)?;
        Ok((secret, kept, mail))
    }

    /// Tries a code that somebody typed, in the browser that has this secret, at an IP address. As [`Exchange::prove`]; it is good once.
    ///
    /// # Errors
    /// As [`Exchange::look`]; [`DownloadError::NotProven`] where no code opens the deposit.
    pub async fn prove_by_code(
        &self,
        token: &str,
        browser: &str,
        typed: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Proof, DownloadError> {
        for _ in 0..ROUNDS {
            let found = self.find(token, now).await?;
            if !found.deposit.access.allows(Way::OneTimeCode) {
                return Err(DownloadError::NotProven);
            }
            let cost = match found.price(now) {
                Ok(cost) => cost,
                Err(refused) => return Ok(refused),
            };
            let kept = self.parts.store.code(found.link.id).await?;
            let Some(kept) = current(kept, token::presented(browser), now) else { return Ok(Proof::CodeOver) };
            if self.parts.store.take_code_try(&kept, found.link.failures, cost.next_try_at).await? {
                let typed = OneTimeCode::typed(typed);
                let right = typed.is_some_and(|typed| token::same(&code_hash(browser, &typed), &kept.code_hash));
                let code = Some(&kept.browser_hash);
                let proving = Proving { found: &found, way: Way::OneTimeCode, code, address, now };
                return self.came_of(&proving, right, cost).await;
            }
        }
        Ok(Proof::Wait { until: now.plus_seconds(1) })
    }

    /// What comes of a try that is taken: a session, or what it cost.
    async fn came_of(&self, proving: &Proving<'_>, right: bool, cost: Cost) -> Result<Proof, DownloadError> {
        let Proving { found, way, address, now, .. } = *proving;
        let (link, section, way) = (&found.link, &found.section.id, way.name());
        if right {
            return self.let_in(proving).await;
        }
        tracing::info!(link = %link.id, deposit = %link.deposit, %section, way, tries_left = cost.tries_left, "recipient not proven");
        let entry = By::at(Actor::Stranger, address).did(section, Event::LinkRefused, link.deposit, now);
        let entry = entry.with("recipient", &link.recipient).with("way", way);
        self.note(match cost {
            Cost { next_try_at: Some(until), tries_left: 0 } => entry.with("locked-until", until.jiff()),
            Cost { .. } => entry,
        })
        .await;
        match cost {
            Cost { next_try_at: Some(until), tries_left: 0 } => Ok(Proof::Locked { until }),
            Cost { next_try_at, tries_left } => Ok(Proof::Wrong { next_try_at, tries_left }),
        }
    }

    /// Begins the session of a recipient who is proven.
    async fn let_in(&self, proving: &Proving<'_>) -> Result<Proof, DownloadError> {
        let Proving { found, way, code, now, .. } = *proving;
        let (link, section, way) = (&found.link, &found.section.id, way.name());
        let session = Token::generate().map_err(unavailable)?;
        let until = domain::session_until(found.expires_at, now);
        let entry = proving.entry();
        if !self.parts.store.begin_link_session(link.id, &session.hash(), until, code, &entry, now).await? {
            // Somebody was proven by the same code in the same moment.
            return Ok(Proof::CodeOver);
        }
        tracing::info!(link = %link.id, deposit = %link.deposit, %section, way, "recipient proven");
        Ok(Proof::Opened { session: session.into_text(), until })
    }
}

/// A recipient on their way in.
#[derive(Clone, Copy)]
struct Proving<'a> {
    found: &'a Found,
    way: Way,
    /// The hash of the browser's secret, where a code proves them.
    code: Option<&'a [u8; 32]>,
    /// The IP address.
    address: &'a str,
    now: Timestamp,
}

impl Proving<'_> {
    fn entry(&self) -> Entry {
        let link = &self.found.link;
        By::at(Actor::Recipient(link.recipient.clone()), self.address)
            .did(&self.found.section.id, Event::LinkOpened, link.deposit, self.now)
            .with("way", self.way.name())
    }
}

impl Found {
    /// What a wrong try costs now; else why nothing may be tried.
    fn price(&self, now: Timestamp) -> Result<Cost, Proof> {
        let (link, settings) = (&self.link, &self.section.settings);
        match domain::turn(settings, link.failures, link.next_try_at, now) {
            Turn::Wait(until) => Err(Proof::Wait { until }),
            Turn::Locked(until) => Err(Proof::Locked { until }),
            Turn::Now => Ok(domain::cost_of_failure(settings, link.failures, now)),
        }
    }
}

/// What is kept of a code: its hash together with the browser's secret, so that it cannot be found by trying all codes.
fn code_hash(browser: &str, code: &OneTimeCode) -> [u8; 32] {
    sha256(format!("code {browser} {}", code.expose()).as_bytes())
}
