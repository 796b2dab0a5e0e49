//! Sending on a page (spec X-SEND): a draft and its uploads become a deposit, by the same steps as a program's.

use fubako_base::{Code, Lang, Timestamp, ids::DepositId, secret::FilePassword};
use fubako_store::deposits::{Deposit, DepositState, Depositor};

use crate::{
    Exchange,
    account::Person,
    deposit::{DepositError, Origin},
    domain::{
        NewDeposit, NewFile, Whence,
        draft::{self, Draft, Fault},
    },
    uploads::{Upload, UploadError, is_draft},
};

/// Why a draft was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// What was entered is not as it must be: all that is wrong.
    #[error("{} things are wrong", .0.len())]
    Faults(Vec<Fault>),
    /// Whoever it is cannot send.
    #[error("this account cannot send")]
    NotFound,
    /// May pass, and is done once when it is asked for again; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<DepositError> for SendError {
    fn from(error: DepositError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<UploadError> for SendError {
    fn from(error: UploadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Exchange {
    /// Sends a draft: begins a deposit, puts its uploads and sends it. Said again, because nobody saw the answer, it is sent once. What cannot be
    /// sent leaves no deposit, and its uploads stay.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_draft(
        &self,
        person: &Person,
        id: &str,
        entered: &Draft,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<DepositId, SendError> {
        let (Some(section), true) = (person.known.section.as_ref(), is_draft(id)) else {
            return Err(SendError::NotFound);
        };
        let account = &person.known.account;
        let key = format!("page-{}-{id}", account.id);
        let before = self.parts.store.deposit_by_key(&section.id, &key).await.map_err(DepositError::from)?;
        if let Some(sent) = before
            .as_ref()
            .filter(|deposit| deposit.state != DepositState::Open && deposit.state != DepositState::Expired)
        {
            return Ok(sent.id);
        }
        let files = self.uploads_of(person, id).await?;
        let faults = draft::faults(&section.settings, entered, &files);
        if !faults.is_empty() {
            return Err(SendError::Faults(faults));
        }
        // Another try of the draft that came to no end: its uploads may be others by now.
        if let Some(stale) = &before {
            self.abort(stale.id).await?;
        }
        let password = FilePassword::generate().map_err(|error| SendError::Unavailable(error.to_string()))?;
        let request = NewDeposit {
            section: section.id.clone(),
            sender_address: account.address.clone(),
            sender_name: account.name.clone(),
            subject: entered.subject.trim().to_owned(),
            message: entered.message.trim().to_owned(),
            lang,
            recipients: draft::recipients(&entered.recipients),
            password,
            file_count: u32::try_from(files.len()).unwrap_or(u32::MAX),
            message_id: None,
        };
        let depositor = Depositor { login_id: account.login_id.clone(), as_default_user: false };
        let group = self.group_of(person).await?;
        let begun = self.begin_as(&key, &request, depositor, group, Origin::Page, now).await;
        let (begun, _) = begun.map_err(|error| match error {
            DepositError::Refused { code: Code::ApprovalMisconfigured, .. } => {
                SendError::Faults(vec![Fault::NoApprover])
            }
            error => error.into(),
        })?;
        let deposit = begun.id;
        self.put_uploads(deposit, &files, now).await?;
        self.send(deposit, Whence::Within, now).await?;
        for file in &files {
            // What stays is given up by the clock.
            if let Err(error) = self.drop_upload(person, file.id).await {
                tracing::warn!(upload = %file.id, %error, "an upload that was sent is left");
            }
        }
        Ok(deposit)
    }

    /// The group that somebody is in, by whose rules they send.
    async fn group_of(&self, person: &Person) -> Result<Option<String>, SendError> {
        let account = &person.known.account;
        let Some(section) = &account.section else { return Ok(None) };
        let users = self.parts.store.users(section).await.map_err(DepositError::from)?;
        Ok(users.into_iter().find(|user| user.login_id == account.login_id).and_then(|user| user.group))
    }

    /// Puts every upload as a file; where one cannot be taken, the deposit is taken back and all such files are told.
    async fn put_uploads(&self, deposit: DepositId, files: &[Upload], now: Timestamp) -> Result<(), SendError> {
        let mut faults = Vec::new();
        for (number, upload) in (1u32..).zip(files) {
            let file = NewFile { number, name: upload.name.clone(), media_type: upload.media_type.clone() };
            let mut content = self.uploaded(upload.id).await.map_err(DepositError::from)?;
            match self.put(deposit, file, &mut content, Whence::Within, now).await {
                Ok(_) => {}
                Err(DepositError::Refused { code, detail }) => faults.push(refused(code, detail, upload)?),
                Err(error) => return Err(error.into()),
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        self.abort(deposit).await?;
        Err(SendError::Faults(faults))
    }

    /// The file password of somebody's own deposit, where they may look at it (spec 3.9).
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn password_for_sender(
        &self,
        person: &Person,
        deposit: &Deposit,
    ) -> Result<Option<FilePassword>, DepositError> {
        let own = deposit.depositor.as_ref().is_some_and(|who| {
            !who.as_default_user
                && who.login_id == person.known.account.login_id
                && person.known.account.section.as_ref() == Some(&deposit.section)
        });
        let live = deposit.state != DepositState::Cancelled && deposit.state != DepositState::Expired;
        let Some(sealed) = deposit.sealed_password.as_ref().filter(|_| own && live) else { return Ok(None) };
        let opened = self.parts.vault.open_value(&deposit.section, &password_context(deposit.id), sealed).await?;
        Ok(String::from_utf8(opened).ok().map(FilePassword::from_kept))
    }
}

/// What a refusal of a file tells whoever sends it; what is none of a file's is an error.
fn refused(code: Code, detail: String, upload: &Upload) -> Result<Fault, DepositError> {
    let name = upload.name.clone();
    match code {
        Code::Virus => Ok(Fault::FileInfected(name, detail)),
        Code::FileEncrypted | Code::ScanLimit => Ok(Fault::FileUnchecked(name)),
        Code::FilesTooLarge => Ok(Fault::FilesTooLarge(upload.received)),
        code => Err(DepositError::Refused { code, detail }),
    }
}

/// What the sealed password of a deposit is bound to.
pub(crate) fn password_context(deposit: DepositId) -> String {
    format!("deposit-password/{deposit}")
}
