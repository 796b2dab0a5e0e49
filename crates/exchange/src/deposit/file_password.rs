//! How a deposit's file password is kept, and compared (spec ACCESS).
//!
//! One that a program gave may be anything that somebody thought of: it is kept as an argon2id hash. One that we drew ourselves has
//! about 88 bits from the system's random source. No number of guesses a second finds it, so a slow hash protects nothing there, and
//! would cost each mail ten times what all else does. Of that one SHA-256 is kept, with the deposit's id in it, and sealed with the
//! section's key: the database without the master key gives nothing at all to guess by.

use fubako_base::{
    hex,
    ids::{DepositId, SectionId},
    secret::FilePassword,
};
use fubako_store::deposits::Deposit;
use fubako_vault::Vault;

use super::{DepositError, Origin};
use crate::{
    password::{self, Seat},
    token::{same, sha256},
};

/// What begins a kept one that is sealed, in hexadecimal; an argon2id hash is a PHC string and begins with `$`.
const SEALED: &str = "sealed-sha256:";

/// Who wants to know.
pub(crate) enum Asker {
    /// A program that says the same thing again.
    Program,
    /// Somebody at a link, on a seat of theirs.
    Stranger(Seat),
}

/// What is kept of a deposit's password.
///
/// # Errors
/// [`DepositError`].
pub(super) async fn kept(
    vault: &Vault,
    section: &SectionId,
    id: DepositId,
    password: &FilePassword,
    origin: Origin,
) -> Result<String, DepositError> {
    match origin {
        Origin::Program => Ok(password::hash(password.expose()).await?),
        Origin::Gateway | Origin::Page => {
            let sealed = vault.seal_value(section, &context(id), &digest(id, password.expose())).await?;
            Ok(format!("{SEALED}{}", hex::encode(&sealed)))
        }
    }
}

/// Whether the password is the deposit's; that of one without a password nobody knows.
///
/// # Errors
/// [`DepositError`], also where what is kept cannot be read: that matches nothing.
pub(crate) async fn is_right(
    vault: &Vault,
    deposit: &Deposit,
    password: &str,
    asker: Asker,
) -> Result<bool, DepositError> {
    let Some(kept) = &deposit.password_hash else { return Ok(false) };
    let Some(sealed) = kept.strip_prefix(SEALED) else {
        return Ok(match asker {
            Asker::Program => password::verify(password, kept).await?,
            Asker::Stranger(seat) => seat.verify(password, kept).await?,
        });
    };
    let unreadable = || DepositError::Internal(format!("the password of {} cannot be read", deposit.id));
    let sealed = hex::decode(sealed).ok_or_else(unreadable)?;
    let opened = vault.open_value(&deposit.section, &context(deposit.id), &sealed).await?;
    let kept = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| unreadable())?;
    Ok(same(&kept, &digest(deposit.id, password)))
}

/// With the deposit's id, so that no two are guessed at together.
fn digest(id: DepositId, password: &str) -> [u8; 32] {
    sha256(format!("file password of {id}: {password}").as_bytes())
}

fn context(id: DepositId) -> String {
    format!("deposit-password-hash/{id}")
}
