//! Whether a request is one that was made before, with the same key (spec MAIL-DEPOSIT).

use aws_lc_rs::digest::{Context, SHA256};
use fubako_store::deposits::Deposit;

use crate::{
    domain::NewDeposit,
    password::{self, HashError},
};

/// Whether a request has the password of the deposit that was begun before; where that has none, any will do, as it opens nothing.
/// (The hash is salted, so the password is not in the digest: it is verified.)
pub(super) async fn has_password(kept: &Deposit, request: &NewDeposit) -> Result<bool, HashError> {
    match (&kept.password_hash, &request.password) {
        (None, _) => Ok(true),
        (Some(hash), Some(password)) => password::verify(password.expose(), hash).await,
        (Some(_), None) => Ok(false),
    }
}

/// SHA-256 of what makes a request the same deposit: who sends to whom, and how many files. (The file password is verified
/// apart: nothing quick to guess by is kept of it.) How it is presented is not in it: language, subject and the sender's
/// name may come out otherwise when the same mail is tried again after a setting or a release has changed; the first stays.
pub(super) fn request_digest(request: &NewDeposit) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    let count = request.file_count.to_string();
    let mut recipients: Vec<&str> = request.recipients.iter().map(String::as_str).collect();
    recipients.sort_unstable();
    let fixed = ["deposit-2", request.section.as_str(), &request.sender_address, &count];
    for field in fixed.into_iter().chain(recipients) {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    context.finish().as_ref().to_vec()
}
