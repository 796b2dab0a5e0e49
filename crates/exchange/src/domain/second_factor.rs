//! The second factor (spec X-ACCOUNTS): codes of an authenticator app by RFC 6238 (SHA-1, 6 digits, 30 seconds: what every app takes), and recovery codes.
//!
//! # Its life
//! ```text
//!        password right: a key is shown, once         a right code: recovery codes are shown, once
//!  none ──────────────────────────────────► begun ─────────────────────────────────────────► on
//!   ▲                                         │ half an hour over                               │
//!   └─────────────────────────────────────────┴── password and code right; or taken away ◄──────┘
//! ```
//! What is begun does not count: whoever did not come to the end signs in as before. With each turn all other sessions end, save where it is taken away.
//!
//! # Signing in
//! 1. The password was right (see [`super::account`]): its try is given back, but wrong ones before it stay counted, so that whoever knows the
//!    password cannot go on guessing codes by entering it again. What is half open is no session: it is good for [`HALF_SECONDS`], in the browser that gave the
//!    password, for one page.
//! 2. A code is typed ([`typed`]). It is counted as a wrong password is, before it is compared, against the same limit and into the same lock.
//! 3. [`check`] says what it is. The app's is good in its own step and the one before and after, and once: neither it nor an older one is good again. A
//!    recovery code is good once. Of two that come with one code side by side, whoever uses it up first gets in.
//! 4. A right one forgets the wrong ones, and a session begins, with a new secret.

use fubako_base::{
    Timestamp,
    ids::AccountId,
    secret::{self, NoRandom},
};
use fubako_store::second_factor::{Half, SecondFactor, Used};
use totp_rs::{Builder, Secret, Totp, TotpError};

use super::account::{Known, Refusal, State, price};
use crate::token::{same, sha256};

/// Octets of a key (RFC 4226, 4, R6).
pub const KEY: usize = 20;
/// Steps before and after the present one whose codes are good too (RFC 6238, 5.2); a step has 30 seconds.
const WINDOW: u16 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// Recovery codes that an account is given.
pub const RECOVERY_CODES: usize = 10;
/// Random octets of one: 80 bits, which nobody finds from a hash.
const RECOVERY: usize = 10;
/// Characters of one, in base32.
const RECOVERY_CHARACTERS: usize = 16;
/// Seconds for which a code may be entered after the password.
pub const HALF_SECONDS: i64 = 300;
/// Seconds for which a key that was shown can be confirmed.
pub const BEGUN_SECONDS: i64 = 1800;
/// Characters of what is typed that are looked at.
const LONGEST: usize = 100;

/// What somebody typed as a code, as it is compared.
#[derive(Clone, PartialEq, Eq)]
pub enum Typed {
    /// The app's: 6 digits.
    App(String),
    /// A recovery code: 16 characters of base32.
    Recovery(String),
}

/// Reads what was typed: with spaces and hyphens as people like, in small letters and in the wide characters of a Japanese keyboard too. None
/// where it can be no code.
#[must_use]
pub fn typed(text: &str) -> Option<Typed> {
    let is_between = |c: &char| {
        c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}')
    };
    // U+FF01 to U+FF5E are the wide forms of what is visible in ASCII.
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        c => c,
    };
    let bare: String = text.chars().take(LONGEST).filter(|c| !is_between(c)).map(narrow).collect();
    if bare.len() == DIGITS && bare.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Typed::App(bare));
    }
    // Base32 has no 0, 1 and 8: who types one read a letter that looks like it.
    let letter = |c: char| match c.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        c => c,
    };
    let code: String = bare.chars().map(letter).collect();
    let fits = code.len() == RECOVERY_CHARACTERS && code.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'));
    fits.then_some(Typed::Recovery(code))
}

/// What a typed code is for a second factor whose key is `key`: how it is used up, where it is right.
///
/// # Errors
/// [`Refusal::WrongCode`], [`Refusal::UsedCode`].
pub fn check(
    id: AccountId,
    factor: &SecondFactor,
    key: &[u8; KEY],
    typed: Option<&Typed>,
    now: Timestamp,
) -> Result<Used, Refusal> {
    match typed {
        None => Err(Refusal::WrongCode),
        Some(Typed::App(digits)) => {
            let step = step_of(key, digits, now).ok_or(Refusal::WrongCode)?;
            if factor.last_step.is_some_and(|last| step <= last) {
                Err(Refusal::UsedCode)
            } else {
                Ok(Used::Step(step))
            }
        }
        Some(Typed::Recovery(code)) => {
            let hash = recovery_hash(id, code);
            // Each is compared, whichever it is.
            let found = factor.recovery.iter().filter(|kept| same(kept, &hash)).count() > 0;
            if found { Ok(Used::Recovery(hash)) } else { Err(Refusal::WrongCode) }
        }
    }
}

/// The step whose code these digits are, of those that are good now.
#[must_use]
pub fn step_of(key: &[u8; KEY], digits: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.0.div_euclid(1_000_000)).ok()?;
    totp(key).build_noncompliant().check(digits, seconds).and_then(|step| i64::try_from(step).ok())
}

/// The refusal of a code, with what its try did to the account.
#[must_use]
pub fn refusal(known: &Known, why: Refusal, now: Timestamp) -> Refusal {
    if price(known, now).is_some() { Refusal::WrongCodeLocked } else { why }
}

/// Whether what is half open is good at this time for an account that stands so. (While it is locked no code is looked at, and the page says what it
/// says of a wrong one.)
#[must_use]
pub fn half_is_good(half: &Half, known: &Known, now: Timestamp) -> bool {
    matches!(known.state(now), State::Good | State::Expired | State::Locked)
        && known.account.second_factor_at.is_some()
        && now < half.made_at.plus_seconds(HALF_SECONDS)
}

/// Whether a second factor that does not count yet may still be confirmed.
#[must_use]
pub fn may_confirm(factor: &SecondFactor, now: Timestamp) -> bool {
    factor.confirmed_at.is_none() && now < factor.made_at.plus_seconds(BEGUN_SECONDS)
}

fn totp(key: &[u8; KEY]) -> Builder {
    // Of its defaults, the algorithm, the digits and the seconds of a step are what apps take.
    Builder::new().with_secret(Secret::new_stack(*key)).with_skew(WINDOW)
}

/// A key as it is typed into an app: base32 in groups of four.
#[must_use]
pub fn shown_key(key: &[u8; KEY]) -> String {
    grouped(&Secret::new_stack(*key).to_base32(), " ")
}

/// What the QR code says: the key, for apps to read. `issuer` is the service's name, `name` how the person signs in.
///
/// # Errors
/// [`TotpError`] where there is no name.
pub fn key_uri(key: &[u8; KEY], issuer: &str, name: &str) -> Result<String, TotpError> {
    // The one character that neither may have.
    let plain = |text: &str| text.replace(':', " ");
    let totp: Totp = totp(key).with_issuer(Some(plain(issuer))).with_account_name(plain(name)).build()?;
    totp.to_url()
}

/// New recovery codes, as they are shown.
///
/// # Errors
/// [`NoRandom`].
pub fn recovery_codes() -> Result<Vec<String>, NoRandom> {
    let one = |_| {
        let mut octets = [0u8; RECOVERY];
        secret::fill(&mut octets)?;
        Ok(grouped(&Secret::new(octets.into()).to_base32(), "-"))
    };
    (0..RECOVERY_CODES).map(one).collect()
}

/// What is kept of recovery codes.
#[must_use]
pub fn recovery_hashes(id: AccountId, codes: &[String]) -> Vec<[u8; 32]> {
    codes.iter().map(|code| recovery_hash(id, &code.replace('-', ""))).collect()
}

fn recovery_hash(id: AccountId, code: &str) -> [u8; 32] {
    sha256(format!("recovery code {id} {code}").as_bytes())
}

fn grouped(text: &str, between: &str) -> String {
    let fours: Vec<String> = text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    fours.join(between)
}

#[cfg(test)]
mod tests;
