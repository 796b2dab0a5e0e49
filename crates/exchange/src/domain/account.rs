//! Who signs in, and how (spec X-ACCOUNTS). Pure: accounts and times in, decisions out.
//!
//! # Who a person is
//! An **operator** belongs to no section. A section's **administrator** and **user** belong to one. An operator signs in as `LOGIN`; whoever belongs to
//! a section as `SECTION/LOGIN`, or with the mail address where its domain is the section's ([`Name`]). So no section can choose a login id
//! by which another's people could not sign in any more.
//!
//! # The life of an account
//! ```text
//!             invitation used          days over
//!  Invited ───────────────────► Good ────────────► Expired     signs in, and must choose another password first
//!                                │ ▲ │
//!              reset: a new      │ │ └─ N wrong passwords ──► Locked
//!              invitation        ▼ │ invitation used            │ unlocked, or reset
//!                               Reset ◄─────────────────────────┘
//! ```
//! Nobody is ever given a password by somebody else: whoever is invited or reset chooses one, with a link that is good once and for [`INVITATION_HOURS`].
//! That is the forced change after a reset: the old password is gone, the sessions have ended, and there is no other way in.
//!
//! # Signing in, step by step ([`sign_in`])
//! 1. The account is looked up. What follows takes as long where there is none: a password is compared with [`NOBODY`] then. So it is where
//!    the sign-in comes from an address that is not permitted ([`Known::permits`]): from there nobody can guess, nor lock anybody out.
//! 2. The try is counted as wrong before the password is looked at ([`price`]), so that tries side by side cannot outrun the limit.
//! 3. The password is compared.
//! 4. [`sign_in`] says what comes of it. Whoever is refused is told one thing, whatever the [`Refusal`] is: neither that a login id is known nor
//!    that an account is locked, nor, while it is locked, whether the password was right.
//! 5. A right one forgets the wrong ones before it, and a session begins, with a new secret. Where a code is owed too ([`Passed::Code`]), neither: see
//!    [`super::second_factor`].
//!
//! Each request of a session is asked where it comes from, too. One from elsewhere gets nothing, and does not end the session.
//!
//! A session ends [`SESSION_IDLE`] after its last use, [`SESSION_LONGEST`] after its beginning, and with a change or loss of the password.

use std::{borrow::Cow, collections::HashSet, net::IpAddr};

use fubako_base::{
    Timestamp,
    address::a_label,
    ids::SectionId,
    network::Networks,
    section::{SecondFactor, Section, Settings},
};
use fubako_store::{accounts::Account, sessions::Session};
use icu_normalizer::ComposingNormalizerBorrowed;

use super::{Invalid, common_passwords::is_common, is_address};

/// How long an invitation is good.
pub const INVITATION_HOURS: i64 = 24;
/// Seconds after its last use at which a session is over.
pub const SESSION_IDLE: i64 = 3600;
/// Seconds after its beginning at which a session is over, however much it is used: a day's work.
pub const SESSION_LONGEST: i64 = 12 * 3600;
/// Seconds after which it is noted again that a session is used.
pub const SESSION_NOTED: i64 = 60;
/// Characters that a password has at most.
pub const LONGEST_PASSWORD: usize = 256;
/// Different characters that a password has at least.
const DIFFERENT: usize = 5;
/// Domains that are looked at to find an address's section: its own and so many above it.
const DOMAINS: usize = 8;
/// Characters of what is typed to say who one is.
pub const LONGEST_NAME: usize = 320;

/// The hash that is compared where there is no account, or no password: as dear as a real one, and no password is known for it.
pub const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs the installation; of no section.
    Operator,
    /// Administers a section.
    Administrator,
    /// A section's user.
    User,
}

/// What is typed to say who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `LOGIN`
    Operator(String),
    /// `SECTION/LOGIN`
    User(SectionId, String),
    /// A mail address, and the domains that may be a section's: its own and those above it, nearest first.
    Address(String, Vec<String>),
}

impl Name {
    /// Reads what was typed; none where it can be nobody's. White space round it does not count.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.is_empty() || typed.chars().count() > LONGEST_NAME || typed.chars().any(char::is_control) {
            return None;
        }
        if let Some((section, login_id)) = typed.split_once('/')
            && let Ok(section) = section.parse()
        {
            return (!login_id.is_empty()).then(|| Self::User(section, login_id.to_owned()));
        }
        let Some((_, domain)) = typed.rsplit_once('@') else { return Some(Self::Operator(typed.to_owned())) };
        Some(Self::Address(typed.to_owned(), domains_from(domain)))
    }
}

/// The domains that may be a section's: this one and those above it as A-labels, nearest first.
#[must_use]
pub fn domains_from(domain: &str) -> Vec<String> {
    let domain = a_label(domain).trim_end_matches('.').to_owned();
    let above = domain.match_indices('.').map(|(dot, _)| domain[dot + 1..].to_owned());
    std::iter::once(domain.clone()).chain(above).take(DOMAINS).collect()
}

/// How whoever has the account is told to sign in.
#[must_use]
pub fn sign_in_name(account: &Account) -> String {
    match &account.section {
        None => account.login_id.clone(),
        Some(section) => format!("{section}/{}", account.login_id),
    }
}

/// Checks what an operator is made with: a login id of 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`, and a mail address.
///
/// # Errors
/// [`Invalid`].
pub fn check_operator(login_id: &str, address: &str) -> Result<(), Invalid> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    Invalid::unless((1..=64).contains(&login_id.len()) && login_id.bytes().all(plain), || {
        "the login id must be 1 to 64 of a-z, 0-9, '.', '_' and '-'".to_owned()
    })?;
    Invalid::unless(is_address(address), || "this is not a mail address".to_owned())
}

/// What is asked of passwords and sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Characters that a password has at least.
    pub least: usize,
    /// Days after which it expires; none is never.
    pub days: Option<u16>,
    /// Wrong ones one after another at which the account is locked.
    pub tries: u32,
}

impl Rules {
    /// A section's rules; for operators, the defaults.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            least: usize::from(settings.password_length),
            days: settings.password_days,
            tries: u32::from(settings.sign_in_tries.max(1)),
        }
    }
}

/// An account with its section, as far as it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The account.
    pub account: Account,
    /// Its section; none for an operator.
    pub section: Option<Section>,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its section is not in use.
    SectionOff,
    /// Wrong passwords locked it.
    Locked,
    /// It never had a password.
    Invited,
    /// Its password was taken away.
    Reset,
    /// Its password is too old.
    Expired,
    /// It can be used.
    Good,
}

/// The rules that a section's accounts are under; without one, those of operators.
fn rules(section: Option<&Section>) -> Rules {
    section.map_or_else(|| Rules::of(&Settings::default()), |section| Rules::of(&section.settings))
}

fn expires_at(account: &Account, section: Option<&Section>) -> Option<Timestamp> {
    let days = rules(section).days.filter(|_| !account.never_expires)?;
    // One of which nobody knows since when is too old.
    Some(account.password_set_at.unwrap_or_default().plus_seconds(i64::from(days) * 86_400))
}

/// How an account stands at this time. `section` is its section; none for an operator.
#[must_use]
pub fn state(account: &Account, section: Option<&Section>, now: Timestamp) -> State {
    if section.is_some_and(|section| !section.enabled) {
        State::SectionOff
    } else if account.locked_at.is_some() {
        State::Locked
    } else if account.password_hash.is_none() {
        if account.reset_at.is_some() { State::Reset } else { State::Invited }
    } else if expires_at(account, section).is_some_and(|until| until <= now) {
        State::Expired
    } else {
        State::Good
    }
}

impl Known {
    /// The rules that it is under.
    #[must_use]
    pub fn rules(&self) -> Rules {
        rules(self.section.as_ref())
    }

    /// What the person may do.
    #[must_use]
    pub const fn role(&self) -> Role {
        match (&self.section, self.account.administrator) {
            (None, _) => Role::Operator,
            (Some(_), true) => Role::Administrator,
            (Some(_), false) => Role::User,
        }
    }

    /// When its password expires, where it does.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        expires_at(&self.account, self.section.as_ref())
    }

    /// Whether the person may use the screens from this address: by their section's list, or the `operators`'.
    #[must_use]
    pub fn permits(&self, operators: &Networks, address: IpAddr) -> bool {
        self.section.as_ref().map_or(operators, |section| &section.settings.screen_networks).permit(address)
    }

    /// Whether the person must set up a second factor first: by their section's rule, or the `operators`'.
    #[must_use]
    pub fn owes_second_factor(&self, operators: SecondFactor) -> bool {
        let rule = self.section.as_ref().map_or(operators, |section| section.settings.second_factor);
        rule == SecondFactor::Required && self.account.second_factor_at.is_none()
    }

    /// How it stands at this time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        state(&self.account, self.section.as_ref(), now)
    }
}

/// Why somebody was not let in: for the log. Whoever tries is told one thing, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such account.
    Unknown,
    /// They may not sign in from where they are; the password was not looked at.
    Elsewhere,
    /// Its section is not in use.
    SectionOff,
    /// No password is set: invited or reset.
    NoPassword,
    /// The account is locked; the password was not looked at.
    Locked,
    /// The password is another.
    Wrong,
    /// The password is another, and the account is locked from now on.
    NowLocked,
    /// The password was right, and the code is another.
    WrongCode,
    /// The code was right, and is used up.
    UsedCode,
    /// The code is another, and the account is locked from now on.
    WrongCodeLocked,
    /// Too many were wrong from there; neither name nor password was looked at.
    TooMany,
}

impl Refusal {
    /// A stable word for it, for the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Elsewhere => "elsewhere",
            Self::SectionOff => "section-off",
            Self::NoPassword => "no-password",
            Self::Locked => "locked",
            Self::Wrong => "wrong",
            Self::NowLocked => "now-locked",
            Self::WrongCode => "wrong-code",
            Self::UsedCode => "used-code",
            Self::WrongCodeLocked => "wrong-code-locked",
            Self::TooMany => "too-many",
        }
    }
}

/// What a right password opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// A session.
    In,
    /// The page that asks for a code.
    Code,
}

/// Somebody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// As they are.
    Open,
    /// To choose another password, and nothing else before that.
    MustChange,
    /// To set up a second factor, and nothing else before that.
    MustSecure,
}

/// The hash that a try is compared with, and why it fails whatever the comparison says, where it does. `permitted` is whether it comes from where
/// [`Known::permits`].
#[must_use]
pub fn compared_with(known: Option<&Known>, permitted: bool, now: Timestamp) -> (&str, Option<Refusal>) {
    let Some(known) = known else { return (NOBODY, Some(Refusal::Unknown)) };
    if !permitted {
        return (NOBODY, Some(Refusal::Elsewhere));
    }
    let refusal = match known.state(now) {
        State::SectionOff => Refusal::SectionOff,
        State::Locked => Refusal::Locked,
        State::Invited | State::Reset => Refusal::NoPassword,
        State::Expired | State::Good => match &known.account.password_hash {
            Some(hash) => return (hash, None),
            None => Refusal::NoPassword,
        },
    };
    (NOBODY, Some(refusal))
}

/// What a try costs, before it is known whether it is right: when the account is locked, if it is the last that the rules allow.
#[must_use]
pub fn price(known: &Known, now: Timestamp) -> Option<Timestamp> {
    (known.account.failures.saturating_add(1) >= known.rules().tries).then_some(now)
}

/// What comes of a try (steps above). `right` is whether the password is that of the hash that [`compared_with`] names.
///
/// # Errors
/// [`Refusal`].
pub fn sign_in(known: Option<&Known>, permitted: bool, right: bool, now: Timestamp) -> Result<Passed, Refusal> {
    match (known, compared_with(known, permitted, now).1) {
        (_, Some(refusal)) => Err(refusal),
        (None, None) => Err(Refusal::Unknown),
        (Some(known), None) if !right => {
            Err(if price(known, now).is_some() { Refusal::NowLocked } else { Refusal::Wrong })
        }
        (Some(known), None) if known.account.second_factor_at.is_some() => Ok(Passed::Code),
        (Some(_), None) => Ok(Passed::In),
    }
}

/// What somebody who is in may do now. `operators` is the rule for operators.
#[must_use]
pub fn entry(known: &Known, operators: SecondFactor, now: Timestamp) -> Entry {
    if known.state(now) == State::Expired {
        Entry::MustChange
    } else if known.owes_second_factor(operators) {
        Entry::MustSecure
    } else {
        Entry::Open
    }
}

/// Whether a session is good at this time for an account that stands so.
#[must_use]
pub fn session_is_good(session: &Session, known: &Known, now: Timestamp) -> bool {
    // Who is locked out by wrong passwords of others goes on working: only new sign-ins are kept out.
    let stands = matches!(known.state(now), State::Good | State::Expired | State::Locked);
    stands
        && known.account.password_hash.is_some()
        && now < session.seen_at.plus_seconds(SESSION_IDLE)
        && now < session.made_at.plus_seconds(SESSION_LONGEST)
}

/// Why a password cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more characters than [`LONGEST_PASSWORD`].
    TooLong,
    /// It is the login id, the address or the name.
    IsName,
    /// It has too few different characters.
    TooSimple,
    /// It is one of those that many people have.
    Common,
    /// It is the one that is to be changed.
    Same,
}

/// A password as it is hashed and compared: in NFC, so that it is the same from every keyboard.
#[must_use]
pub fn nfc(password: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(password)
}

/// Checks a password that somebody chooses for themselves.
///
/// # Errors
/// [`Fault`].
pub fn check_password(known: &Known, password: &str) -> Result<(), Fault> {
    let password = nfc(password);
    let least = known.rules().least;
    let length = password.chars().count();
    if length < least {
        return Err(Fault::TooShort(least));
    }
    if length > LONGEST_PASSWORD {
        return Err(Fault::TooLong);
    }
    let account = &known.account;
    let folded = password.to_lowercase();
    let name = sign_in_name(account);
    let local = account.address.rsplit_once('@').map_or("", |(local, _)| local);
    if [account.login_id.as_str(), &name, &account.address, local, &account.name]
        .iter()
        .any(|known| nfc(known).to_lowercase() == folded)
    {
        return Err(Fault::IsName);
    }
    if password.chars().collect::<HashSet<_>>().len() < DIFFERENT {
        return Err(Fault::TooSimple);
    }
    if is_common(&password) {
        return Err(Fault::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
