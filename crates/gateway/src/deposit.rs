//! Stage **deposit**: the attachments go to the exchange through its public API, file by file, streamed, idempotent by mail
//! and part (spec MAIL-DEPOSIT). Nobody sees the deposit until the mail is composed and `send` is said.

use bytes::Bytes;
use fubako_api::{ClientError, Deposit, DepositRequest, DepositState, wire::Person};
use fubako_base::{
    Code, Lang,
    ids::DepositId,
    secret::FilePassword,
    section::{MOST_CHARACTERS, Way},
    shown,
};
use fubako_mail::{header::compared, plan::Attachment};
use fubako_store::mails::{Mail, NotedDeposit};
use fubako_vault::SealedReader;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Gateway,
    path::Case,
    problem::{About, Fate, Problem},
    worker::LEASE,
};

/// Characters of a file's name that are told before something else: a finding, or the size. It must not be cut off.
const MAX_NAME_BEFORE_NOTE: usize = 100;

/// What the sealed password is sealed as.
fn password_context(mail: &Mail) -> String {
    format!("mail-password/{}", mail.accepted.id)
}

impl Gateway {
    /// The mail's file password: made once and kept sealed in the mail's own row, so that every try has the same.
    pub(crate) async fn file_password(&self, mail: &Mail, worker: &str) -> Result<FilePassword, Problem> {
        let section = &mail.accepted.section;
        let context = password_context(mail);
        let sealed = match &mail.sealed_password {
            Some(sealed) => sealed.clone(),
            None => {
                let password = FilePassword::generate()
                    .map_err(|e| Problem::new(Fate::Retry, Code::ExchangeUnavailable, e.to_string()))?;
                let sealed = self.vault.seal_value(section, &context, password.expose().as_bytes()).await?;
                self.store.keep_mail_password(mail.accepted.id, worker, &sealed).await?
            }
        };
        let opened = self.vault.open_value(section, &context, &sealed).await?;
        let text = String::from_utf8(opened)
            .map_err(|_| Problem::new(Fate::Hold, Code::ExchangeError, "the kept file password is not text"))?;
        Ok(FilePassword::from_kept(text))
    }

    /// The mail's deposit, where an earlier try sent it: its recipients have their links, or its approvers were asked.
    pub(crate) async fn sent_deposit(&self, mail: &Mail) -> Result<Option<Deposit>, Problem> {
        let Some(noted) = mail.deposit else { return Ok(None) };
        match self.exchange.get(noted).await {
            Ok(deposit) => match deposit.state {
                DepositState::Open => Ok(None),
                // One that was rejected meanwhile too: its mail says that the files come if they are approved, and its sender knows.
                // One that was taken back too: who has a link gets the mail that says what it was about.
                DepositState::Waiting | DepositState::Sent | DepositState::Rejected | DepositState::Cancelled => {
                    Ok(Some(deposit))
                }
                DepositState::Expired => {
                    let cause = "the files expired before the mail could be queued";
                    Err(Problem::new(Fate::Hold, Code::UploadFailed, cause))
                }
            },
            Err(ClientError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins the deposit and puts every file. The deposit is still open when this returns.
    pub(crate) async fn put_files(&self, case: &Case<'_>, password: &FilePassword) -> Result<Deposit, Problem> {
        let Case { mail, letter, plan, .. } = case;
        let request = DepositRequest {
            message: String::new(),
            section: mail.accepted.section.clone(),
            sender: Person {
                address: letter.from_address.clone(),
                // It is shown, and proves nothing: one that is too long is no reason to stop the mail.
                name: letter.from_name.chars().take(MOST_CHARACTERS as usize).collect(),
            },
            subject: letter.subject.clone(),
            language: single(&letter.notice_langs),
            recipients: distinct(&mail.accepted.recipients),
            // Whether it opens anything, the exchange decides.
            file_password: Some(password.expose().to_owned()),
            file_count: u32::try_from(plan.attachments.len()).unwrap_or(u32::MAX),
            message_id: case.outline.header.message_id(),
        };
        let begun = self.exchange.begin(mail.accepted.id, &request).await;
        let deposit = begun.map_err(|error| of_sender(error.into(), &letter.from_address))?;
        let mut refused: Option<Problem> = None;
        for attachment in &plan.attachments {
            if deposit.files.iter().any(|file| file.number == attachment.number) {
                continue;
            }
            let Err(error) = self.put_file(deposit.id, attachment, &case.spool).await else { continue };
            let problem = of_file(error, &attachment.name);
            refused = Some(match refused {
                // The mail is stopped in any case: what else is wrong with it is looked for, and told together.
                Some(first) if problem.fate == Fate::Stop => first.and(problem),
                Some(first) => return Err(first),
                None if problem.fate == Fate::Stop => problem,
                None => return Err(problem),
            });
        }
        match refused {
            None => Ok(deposit),
            Some(problem) => Err(sized(problem, case).await),
        }
    }

    /// Stage **send**: recipients get their links, or approvers are asked. From the note on, the mail is delivered and never stopped: whoever has a link
    /// must get the mail with the password too.
    pub(crate) async fn send_deposit(&self, mail: &Mail, worker: &str, deposit: &Deposit) -> Result<(), Problem> {
        let noted = NotedDeposit {
            deposit: deposit.id,
            approval: deposit.approval,
            with_password: deposit.access.allows(Way::PasswordInMail),
        };
        self.store.note_mail_deposit(mail.accepted.id, worker, noted).await?;
        self.exchange.send(deposit.id).await?;
        Ok(())
    }

    /// Whether the mail may still be stopped: no, once its recipients have, or may have, their links. What there is of a
    /// deposit is taken back on the way, and not by a worker whose lease is over: another may be filling it.
    ///
    /// # Errors
    /// [`Fate::LetGo`] where the lease is over.
    pub(crate) async fn may_be_stopped(&self, mail: &Mail, worker: &str) -> Result<bool, Problem> {
        let (id, section) = (mail.accepted.id, &mail.accepted.section);
        let until = (self.clock)().plus_seconds(LEASE.as_secs().cast_signed());
        self.store.extend_mail_lease(id, worker, until).await?;
        let Some(now) = self.store.mail(id).await? else { return Ok(false) };
        if now.sealed_password.is_none() {
            // The password is kept before anything is begun.
            return Ok(true);
        }
        match self.exchange.abort_by_key(section, id).await {
            Ok(()) => Ok(true),
            Err(error) if now.deposit.is_none() => {
                // Nobody was sent anything; the files go when abandoned deposits go.
                tracing::warn!(mail = %id, %section, %error, "what there is of a deposit could not be taken back");
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }

    async fn put_file(
        &self,
        deposit: DepositId,
        attachment: &Attachment,
        spool: &SealedReader,
    ) -> Result<(), ClientError> {
        let content = decoded(attachment, spool).boxed();
        self.exchange.put_file(deposit, attachment.number, &attachment.name, &attachment.media_type, content).await?;
        Ok(())
    }
}

/// The problem, naming the file, and what the scanner calls what it found (spec 3.4).
fn of_file(error: ClientError, name: &str) -> Problem {
    let about = match &error {
        ClientError::Refused { code: Code::Virus, detail } if !detail.is_empty() => with_note(name, detail),
        _ => name.to_owned(),
    };
    Problem::from(error).about(&about)
}

/// The problem; where the files are too large, with how large each is, all together are, and they may be (spec NOTICE). What cannot
/// be measured now is left out.
async fn sized(mut problem: Problem, case: &Case<'_>) -> Problem {
    let Some(reason) = problem.reasons.iter_mut().find(|reason| reason.code == Code::FilesTooLarge) else {
        return problem;
    };
    let mut sizes = Vec::new();
    for attachment in &case.plan.attachments {
        let size =
            decoded(attachment, &case.spool).try_fold(0u64, |sum, piece| async move { Ok(sum + piece.len() as u64) });
        let Ok(size) = size.await else { return problem };
        sizes.push(size);
    }
    let (total, limit) = (sizes.iter().sum(), case.section.settings.max_deposit_size);
    // An exchange elsewhere may have another limit for the section.
    if total > limit {
        reason.sizes = Some((total, limit));
        let named =
            case.plan.attachments.iter().zip(sizes).map(|(file, size)| with_note(&file.name, &shown::size(size)));
        reason.about = named.map(About::Named).collect();
    }
    problem
}

/// A file's name, not too long, and what is to be said of the file.
fn with_note(name: &str, note: &str) -> String {
    let name: String = name.chars().take(MAX_NAME_BEFORE_NOTE).collect();
    format!("{name} — {note}")
}

/// The problem, naming the sender where it is their account that is missing or may not deposit (spec MAIL-SENDER).
fn of_sender(problem: Problem, address: &str) -> Problem {
    let codes = [
        Code::SenderMalformed,
        Code::SenderNotInGroup,
        Code::SenderLocked,
        Code::SenderPasswordExpired,
        Code::DefaultUserCredentials,
        Code::DefaultUserNoGroup,
        Code::DefaultUserLocked,
        Code::DefaultUserPasswordReset,
        Code::DefaultUserPasswordExpired,
        Code::ApprovalMisconfigured,
    ];
    if problem.codes().iter().any(|code| codes.contains(code)) { problem.about(address) } else { problem }
}

/// The attachment's own octets as they come out of the spool, decoded and unpacked on the way.
fn decoded(
    attachment: &Attachment,
    spool: &SealedReader,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + use<> {
    let octets = spool.read(attachment.body.clone());
    let state = Some((octets, attachment.unpacker()));
    stream::try_unfold(state, |state| async move {
        let Some((mut octets, mut unpacker)) = state else { return Ok(None) };
        let mut out = Vec::new();
        while out.is_empty() {
            match octets.next().await {
                Some(piece) => unpacker.push(&piece.map_err(std::io::Error::other)?, &mut out),
                None => {
                    unpacker.finish(&mut out).map_err(std::io::Error::other)?;
                    return Ok((!out.is_empty()).then(|| (Bytes::from(out), None)));
                }
            }
        }
        Ok(Some((Bytes::from(out), Some((octets, unpacker)))))
    })
}

/// The one language of the notices, or none for both.
fn single(langs: &[Lang]) -> Option<Lang> {
    match langs {
        [one] => Some(*one),
        _ => None,
    }
}

/// Envelope recipients, each once: an address given twice gets one link.
fn distinct(recipients: &[fubako_store::mails::MailRecipient]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    recipients.iter().map(|r| &r.address).filter(|a| seen.insert(compared(a))).cloned().collect()
}
