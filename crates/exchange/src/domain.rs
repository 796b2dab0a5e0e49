//! Pure rules: what a deposit must be like, what a wrong password costs, when files go. No I/O, no clock.

pub mod access;
pub mod account;
pub mod address;
pub mod announcement;
pub mod api_tokens;
pub mod approval;
mod common_passwords;
mod depositor;
pub mod draft;
pub mod health;
pub mod hosts;
pub mod life;
pub mod lists;
pub mod maintenance;
pub mod members;
pub mod policies;
pub mod preview;
pub mod program;
pub mod queue;
pub mod second_factor;
pub mod sections;
pub mod sent;
pub mod usage;

use std::{collections::HashSet, net::IpAddr};

use fubako_base::{
    Code, Lang, Timestamp,
    ids::SectionId,
    secret::FilePassword,
    section::{MOST_CHARACTERS, MOST_FILES, MOST_RECIPIENTS, Section, Settings},
};
use fubako_mail::header::compared;

pub use depositor::{default_user_trouble, who_deposits};

/// A deposit as somebody asks for it.
#[derive(Debug, Clone)]
pub struct NewDeposit {
    /// The section that deposits.
    pub section: SectionId,
    /// Who sends.
    pub sender_address: String,
    /// Their display name; empty where there is none.
    pub sender_name: String,
    /// The mail's subject, decoded; any characters.
    pub subject: String,
    /// What whoever sends it tells the recipients in the deposit notice; may be empty.
    pub message: String,
    /// The language of the deposit notices; none for both.
    pub lang: Option<Lang>,
    /// Who receives.
    pub recipients: Vec<String>,
    /// The file password (spec ACCESS 1); none where nobody is to be proven by one.
    pub password: Option<FilePassword>,
    /// How many files will be put.
    pub file_count: u32,
    /// The Message-ID of the mail that they came with, without angle brackets: what its sender is told later stands in its thread.
    pub message_id: Option<String>,
}

/// A file as somebody puts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name as sent.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
}

/// Something asked for is not as it must be. The text says what, and may be shown to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    fn unless(holds: bool, text: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self(text())) }
    }
}

/// Octets of a mail address (RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets).
pub const MAX_ADDRESS: usize = 254;
/// Octets of a file's name in UTF-8.
pub const MAX_NAME: usize = 255;
/// Characters that a file password may have.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// Octets of a Message-ID (RFC 5322, 2.1.1: it stands on one line).
pub const MAX_MESSAGE_ID: usize = 900;
/// Octets of an idempotency key.
pub const MAX_KEY: usize = 128;

/// Checks an idempotency key: 1 to [`MAX_KEY`] visible ASCII characters.
///
/// # Errors
/// [`Invalid`].
pub fn check_key(key: &str) -> Result<(), Invalid> {
    let fits = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    Invalid::unless(fits, || format!("the idempotency key must be 1 to {MAX_KEY} visible ASCII characters"))
}

/// Checks what is asked for (spec MAIL-DEPOSIT), but for the sender's address, which [`who_deposits`] looks at.
///
/// # Errors
/// [`Invalid`], with the first thing that is wrong.
pub fn check_deposit(deposit: &NewDeposit) -> Result<(), Invalid> {
    let recipients = &deposit.recipients;
    Invalid::unless((1..=MOST_RECIPIENTS as usize).contains(&recipients.len()), || {
        format!("there must be 1 to {MOST_RECIPIENTS} recipients")
    })?;
    let mut seen = HashSet::with_capacity(recipients.len());
    for (place, recipient) in (1u32..).zip(recipients) {
        Invalid::unless(is_address(recipient), || format!("recipient {place} is not a mail address"))?;
        Invalid::unless(seen.insert(compared(recipient)), || format!("recipient {place} stands there twice"))?;
    }
    for (what, text) in [("subject", &deposit.subject), ("sender's name", &deposit.sender_name)] {
        Invalid::unless(text.chars().count() <= MOST_CHARACTERS as usize, || {
            format!("the {what} must have at most {MOST_CHARACTERS} characters")
        })?;
    }
    Invalid::unless(deposit.message.chars().count() <= draft::LONGEST_MESSAGE, || {
        format!("the message must have at most {} characters", draft::LONGEST_MESSAGE)
    })?;
    let is_password = |password: &FilePassword| {
        let password = password.expose();
        PASSWORD_LENGTH.contains(&password.chars().count()) && password.trim() == password
    };
    Invalid::unless(deposit.password.as_ref().is_none_or(is_password), || {
        let (least, most) = PASSWORD_LENGTH.into_inner();
        format!("the file password must have {least} to {most} characters and no white space round them")
    })?;
    let message_id = deposit.message_id.as_deref().unwrap_or("x");
    let is_id = (1..=MAX_MESSAGE_ID).contains(&message_id.len()) && message_id.bytes().all(|b| b.is_ascii_graphic());
    Invalid::unless(is_id, || format!("the Message-ID must be 1 to {MAX_MESSAGE_ID} visible ASCII characters"))?;
    Invalid::unless((1..=MOST_FILES).contains(&deposit.file_count), || format!("there must be 1 to {MOST_FILES} files"))
}

/// Checks a file of a deposit that is to have `file_count` files. A name may hold anything but control characters: it
/// is never used as a path, and whoever shows it escapes it.
///
/// # Errors
/// [`Invalid`].
pub fn check_file(file: &NewFile, file_count: u32) -> Result<(), Invalid> {
    Invalid::unless((1..=file_count).contains(&file.number), || format!("the number must be 1 to {file_count}"))?;
    let name = &file.name;
    Invalid::unless((1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control), || {
        format!("the name must be 1 to {MAX_NAME} octets without control characters")
    })?;
    Invalid::unless(is_media_type(&file.media_type), || "the media type must be type/subtype".to_owned())
}

/// Whether this can be a mail address in an envelope. Odd dots and any local part are let through (spec 3.4, and RFC
/// 6531): what cannot be delivered, the post office finds out. Nothing that could end a header or an address is.
fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let plain =
        |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')');
    address.len() <= MAX_ADDRESS
        && !local.is_empty()
        && !domain.is_empty()
        && domain.chars().all(|c| plain(c) && c != '@')
        && if quoted { !local.chars().any(char::is_control) } else { local.chars().all(|c| plain(c) && c != '@') }
}

/// Whether this is `type/subtype` (RFC 6838, 4.2), at most 127 octets each.
#[must_use]
pub fn is_media_type(text: &str) -> bool {
    let token = |t: &str| {
        (1..=127).contains(&t.len())
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*'%`{|}~".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// Where a call of the API comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// The gateway of this process: from no network.
    Within,
    /// A program at this address.
    Address(IpAddr),
}

impl Whence {
    /// Whether a section lets programs come from there (spec X-ACCOUNTS).
    pub(crate) fn is_permitted(self, section: &Section) -> bool {
        match self {
            Self::Within => true,
            Self::Address(address) => section.settings.api_networks.permit(address),
        }
    }
}

/// Whether a call from there may deposit for the section through the API of an exchange that serves these own domains (spec 3.5, X-API): the first step of [`who_deposits`], and what every
/// later call asks again.
///
/// # Errors
/// `option-off`, `autopilot-off`, `ip-not-allowed`, `wrong-domain`.
pub fn may_deposit(section: &Section, whence: Whence, own_domains: &[String]) -> Result<(), Code> {
    match section {
        Section { mail_link: false, .. } => Err(Code::OptionOff),
        Section { autopilot: false, .. } => Err(Code::AutopilotOff),
        section if !whence.is_permitted(section) => Err(Code::IpNotAllowed),
        Section { settings, .. } => hosts::check_own_domain(settings, own_domains),
    }
}

/// When the files of a deposit that is sent now go (spec X-EXPIRY).
#[must_use]
pub fn expires_at(settings: &Settings, now: Timestamp) -> Timestamp {
    now.end_of_day_counting(settings.keep_days, &settings.time_zone)
}

/// How long a recipient who proved who they are stays so: 12 hours, and never past the files' end.
#[must_use]
pub fn session_until(expires_at: Timestamp, now: Timestamp) -> Timestamp {
    expires_at.min(now.plus_seconds(12 * 3600))
}

/// Whether a password may be tried on a link now (spec X-RECEIVE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may.
    Now,
    /// Not before this.
    Wait(Timestamp),
    /// The link is locked until this.
    Locked(Timestamp),
}

/// Whether a password may be tried now, after `failures` wrong ones since the last right one.
#[must_use]
pub fn turn(settings: &Settings, failures: u32, next_try_at: Option<Timestamp>, now: Timestamp) -> Turn {
    match next_try_at {
        Some(until) if until > now && failures >= max_tries(settings) => Turn::Locked(until),
        Some(until) if until > now => Turn::Wait(until),
        _ => Turn::Now,
    }
}

/// What a wrong password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// When the next may be tried, where it must wait.
    pub next_try_at: Option<Timestamp>,
    /// Tries left before the link is locked; 0 when it now is.
    pub tries_left: u32,
}

/// Seconds that a try waits at most, short of the lock.
const LONGEST_WAIT: i64 = 60;

/// What one more wrong password costs after `failures` wrong ones: the first few nothing, then waits of 2, 4, 8 …
/// seconds up to 60, and at the limit the lock. Once a lock is over, each further wrong one locks again.
#[must_use]
pub fn cost_of_failure(settings: &Settings, failures: u32, now: Timestamp) -> Cost {
    let failures = failures.saturating_add(1);
    let (free, max) = (u32::from(settings.free_tries), max_tries(settings));
    if failures >= max {
        let lock = i64::from(settings.lock_minutes.max(1)) * 60;
        return Cost { next_try_at: Some(now.plus_seconds(lock)), tries_left: 0 };
    }
    let next_try_at = failures.checked_sub(free).map(|waits| {
        let seconds = 2i64.checked_shl(waits).filter(|s| (1..LONGEST_WAIT).contains(s)).unwrap_or(LONGEST_WAIT);
        now.plus_seconds(seconds)
    });
    Cost { next_try_at, tries_left: max - failures }
}

fn max_tries(settings: &Settings) -> u32 {
    u32::from(settings.max_tries.max(1))
}

#[cfg(test)]
mod tests;
