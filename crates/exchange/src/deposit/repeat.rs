//! Whether a request is one that was made before, with the same key (spec MAIL-DEPOSIT).

use aws_lc_rs::digest::{Context, SHA256};
use fubako_store::deposits::Deposit;
use fubako_vault::Vault;
use futures::StreamExt as _;

use super::{
    Content, DepositError, FileSummary,
    file_password::{self, Asker},
};
use crate::domain::NewDeposit;

/// What a caller is told whose key stands for another request.
pub(crate) const OTHER_REQUEST: &str = "this idempotency key was used with another request";
/// What a caller is told who puts another file under a number that has one.
pub(crate) const OTHER_FILE: &str = "another file was put under this number";

/// Whether a request has the password of the deposit that was begun before; where that has none, any will do, as it opens nothing.
/// (The password is not in the digest: it is verified.)
pub(super) async fn has_password(vault: &Vault, kept: &Deposit, request: &NewDeposit) -> Result<bool, DepositError> {
    match (&kept.password_hash, &request.password) {
        (None, _) => Ok(true),
        (Some(_), Some(password)) => file_password::is_right(vault, kept, password.expose(), Asker::Program).await,
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

/// Whether a request presents the deposit as the one that was begun before. A gateway is not asked that ([`request_digest`]); a program that says something
/// else with the same key did not mean the same.
pub(crate) fn is_presented_alike(kept: &Deposit, request: &NewDeposit) -> bool {
    kept.subject == request.subject
        && kept.message == request.message
        && kept.sender_name == request.sender_name
        && kept.lang == request.lang
        && kept.message_id == request.message_id
}

/// Whether a file is the one that is kept under its number, octet for octet. Reads no more than it takes to know.
///
/// # Errors
/// [`DepositError::Upload`] where the octets do not come.
pub(crate) async fn is_same_file(
    kept: &FileSummary,
    name: &str,
    content: &mut Content<'_>,
) -> Result<bool, DepositError> {
    if kept.name != name {
        return Ok(false);
    }
    let (mut context, mut length) = (Context::new(&SHA256), 0u64);
    while let Some(octets) = content.next().await {
        let octets = octets.map_err(DepositError::Upload)?;
        length = length.saturating_add(octets.len() as u64);
        if length > kept.size {
            return Ok(false);
        }
        context.update(&octets);
    }
    Ok(length == kept.size && context.finish().as_ref() == kept.sha256)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::{Lang, secret::FilePassword};

    use super::*;

    fn request() -> NewDeposit {
        NewDeposit {
            section: "acme".parse().unwrap(),
            sender_address: "taro@acme.example".into(),
            sender_name: "Taro".into(),
            subject: "ab".into(),
            message: String::new(),
            lang: None,
            recipients: vec!["a@b.example".into(), "c@d.example".into()],
            password: Some(FilePassword::from_kept("12345678".into())),
            file_count: 2,
            message_id: None,
        }
    }

    // spec: MAIL-DEPOSIT
    #[test]
    fn another_request_has_another_digest_whatever_its_password() {
        let digest = request_digest(&request());
        let other_password = NewDeposit { password: Some(FilePassword::from_kept("abcdefgh".into())), ..request() };
        assert_eq!(request_digest(&other_password), digest, "a digest of the password is kept");
        let others = [
            NewDeposit { section: "acme2".parse().unwrap(), ..request() },
            NewDeposit { sender_address: "jiro@acme.example".into(), ..request() },
            NewDeposit { file_count: 3, ..request() },
            NewDeposit { recipients: vec!["a@b.example".into()], ..request() },
            NewDeposit { recipients: vec!["a@b.example".into(), "c@d.examplf".into()], ..request() },
            NewDeposit { recipients: vec!["a@b.examplec@d.example".into()], ..request() },
        ];
        for other in others {
            assert_ne!(request_digest(&other), digest, "{other:?}");
        }
    }

    // spec: MAIL-DEPOSIT
    #[test]
    fn how_a_request_is_presented_is_not_in_its_digest() {
        let digest = request_digest(&request());
        let same = [
            NewDeposit { sender_name: "山田 太郎".into(), ..request() },
            NewDeposit { subject: "ab ".into(), ..request() },
            NewDeposit { message: "hello".into(), ..request() },
            NewDeposit { lang: Some(Lang::Ja), ..request() },
            NewDeposit { message_id: Some("a@b".into()), ..request() },
            NewDeposit { recipients: vec!["c@d.example".into(), "a@b.example".into()], ..request() },
        ];
        for request in same {
            assert_eq!(request_digest(&request), digest, "{request:?}");
        }
    }
}
