//! Sending on a page (spec X-SEND): a draft and its uploads become a deposit, by the same steps as a program's.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use aws_lc_rs::digest::{Context, SHA256};
use fubako_base::{
    Code, Lang, Timestamp,
    audit::Event,
    ids::{DepositId, SectionId},
    secret::FilePassword,
    section::{Access, Section, Way},
};
use fubako_store::deposits::{Deposit, DepositState, Depositor};
use futures::StreamExt as _;

use crate::{
    Exchange,
    account::Person,
    audit::By,
    deposit::{DepositError, Origin},
    domain::{
        NewDeposit, NewFile, Whence,
        draft::{self, Draft, Fault},
        sent::is_own,
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

/// Deposits that one draft can become: each of them by a page that had sent one before.
const MOST_OF_A_DRAFT: u32 = 50;

/// What a draft was sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentDraft {
    /// The deposit.
    pub id: DepositId,
    /// Where it is by now.
    pub state: DepositState,
}

/// Where a draft stands.
enum Place {
    /// It was sent.
    Sent(SentDraft),
    /// It is to be sent under this key, under which another try may have left a deposit open.
    Free(String, Option<DepositId>),
}

/// The drafts, and the programs' uploads, that are being made into deposits and files in this process: one post of each at a time, so that none takes back
/// what another has begun, or does it once more.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    pub(crate) fn of(&self, draft: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = all.get(draft).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        all.insert(draft.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

/// The key of the first deposit that a draft becomes.
fn draft_key(person: &Person, id: &str) -> String {
    format!("page-{}-{id}", person.known.account.id)
}

/// Whether a deposit was sent, or waits for approval, whatever became of it since. One that was given up before is none.
fn was_sent(deposit: &Deposit) -> bool {
    match deposit.state {
        DepositState::Open => false,
        DepositState::Expired => deposit.sent_at.is_some(),
        DepositState::Waiting | DepositState::Sent | DepositState::Rejected | DepositState::Cancelled => true,
    }
}

impl Exchange {
    /// Sends a draft, from an IP address: begins a deposit, puts its uploads and sends it. Said again, because nobody saw the answer, it is sent once, and what was sent
    /// is given. What is entered otherwise, or with other files, is another deposit, though the page that it came from had sent one. What cannot be
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
        address: IpAddr,
        now: Timestamp,
    ) -> Result<SentDraft, SendError> {
        let (Some(section), true) = (person.known.section.as_ref(), is_draft(id)) else {
            return Err(SendError::NotFound);
        };
        let draft = draft_key(person, id);
        // A second click waits here for the first, and is then led to what that sent.
        let turn = self.turns.of(&draft);
        let _turn = turn.lock().await;
        let files = self.uploads_of(person, id).await?;
        let (key, before) = match self.place_of(&section.id, &draft, entered, lang, &files).await? {
            Place::Sent(sent) => {
                self.drop_uploads(person, &files).await;
                return Ok(sent);
            }
            Place::Free(key, before) => (key, before),
        };
        let faults = draft::faults(&section.settings, entered, &files);
        if !faults.is_empty() {
            return Err(SendError::Faults(faults));
        }
        // Another try of the draft that came to no end: its uploads may be others by now.
        if let Some(stale) = before {
            self.abort(stale).await?;
        }
        let deposit = self.begin_draft(person, section, &key, entered, lang, &files, now).await?;
        self.put_uploads(deposit, &files, now).await?;
        let state = self.send(deposit, Whence::Address(address), now).await?.state;
        self.drop_uploads(person, &files).await;
        Ok(SentDraft { id: deposit, state })
    }

    /// Gives up the uploads that were sent. What stays is given up by the clock.
    async fn drop_uploads(&self, person: &Person, files: &[Upload]) {
        for file in files {
            if let Err(error) = self.drop_upload(person, file.id).await {
                tracing::warn!(upload = %file.id, %error, "an upload that was sent is left");
            }
        }
    }

    /// Whether a draft was sent, and nothing was uploaded for it since: what is written next is another.
    ///
    /// # Errors
    /// [`SendError::Unavailable`].
    pub async fn is_sent(&self, person: &Person, id: &str) -> Result<bool, SendError> {
        let (Some(section), true) = (person.known.section.as_ref(), is_draft(id)) else { return Ok(false) };
        let sent = self.parts.store.deposit_by_key(&section.id, &draft_key(person, id)).await;
        let sent = sent.map_err(DepositError::from)?.is_some_and(|deposit| was_sent(&deposit));
        Ok(sent && self.uploads_of(person, id).await?.is_empty())
    }

    /// Where a draft stands: what it was sent as, or the key for the deposit that it is to be.
    async fn place_of(
        &self,
        section: &SectionId,
        draft: &str,
        entered: &Draft,
        lang: Option<Lang>,
        files: &[Upload],
    ) -> Result<Place, SendError> {
        for turn in 1..=MOST_OF_A_DRAFT {
            let key = if turn == 1 { draft.to_owned() } else { format!("{draft}-{turn}") };
            let before = self.parts.store.deposit_by_key(section, &key).await.map_err(DepositError::from)?;
            let Some(before) = before else { return Ok(Place::Free(key, None)) };
            if before.state == DepositState::Open {
                return Ok(Place::Free(key, Some(before.id)));
            }
            let again = was_sent(&before) && draft::is_said_again(&before, entered, lang);
            if again && self.has_all(before.id, files).await? {
                return Ok(Place::Sent(SentDraft { id: before.id, state: before.state }));
            }
        }
        Err(SendError::Unavailable("this draft was sent too often".to_owned()))
    }

    /// Whether all these uploads are files of a deposit, octet for octet: some of what it was sent with, or the same once more.
    async fn has_all(&self, deposit: DepositId, uploads: &[Upload]) -> Result<bool, SendError> {
        if uploads.is_empty() {
            return Ok(true);
        }
        let files = self.parts.store.files(deposit).await.map_err(DepositError::from)?;
        for upload in uploads {
            let file = files.iter().find(|file| file.name == upload.name && file.object.length == upload.received);
            let Some(file) = file.filter(|_| upload.is_whole()) else { return Ok(false) };
            let mut content = self.uploaded(upload).await.map_err(DepositError::from)?;
            let mut hash = Context::new(&SHA256);
            while let Some(octets) = content.next().await {
                hash.update(&octets.map_err(|error| SendError::Unavailable(error.to_string()))?);
            }
            if hash.finish().as_ref() != file.sha256 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins the deposit that a draft is to be.
    #[allow(clippy::too_many_arguments)]
    async fn begin_draft(
        &self,
        person: &Person,
        section: &Section,
        key: &str,
        entered: &Draft,
        lang: Option<Lang>,
        files: &[Upload],
        now: Timestamp,
    ) -> Result<DepositId, SendError> {
        let account = &person.known.account;
        let group = self.group_of(person).await?;
        let password = match self.access_of(section, group.as_deref()).await?.allows(Way::PasswordInMail) {
            true => Some(FilePassword::generate().map_err(|error| SendError::Unavailable(error.to_string()))?),
            false => None,
        };
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
        let depositor =
            Depositor { login_id: account.login_id.clone(), member: account.member.clone(), as_default_user: false };
        let begun = self.begin_as(key, &request, depositor, group, Origin::Page, now).await;
        let (begun, _) = begun.map_err(|error| match error {
            DepositError::Refused { code: Code::ApprovalMisconfigured, .. } => {
                SendError::Faults(vec![Fault::NoApprover])
            }
            error => error.into(),
        })?;
        Ok(begun.id)
    }

    /// How the recipients of what somebody sends may prove who they are (spec ACCESS).
    ///
    /// # Errors
    /// [`SendError::NotFound`] for whoever is of no section; [`SendError::Unavailable`].
    pub async fn access_for(&self, person: &Person) -> Result<Access, SendError> {
        let section = person.known.section.as_ref().ok_or(SendError::NotFound)?;
        let group = self.group_of(person).await?;
        Ok(self.access_of(section, group.as_deref()).await?)
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
            let mut content = self.uploaded(upload).await.map_err(DepositError::from)?;
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

    /// The file password of somebody's own deposit, where they may look at it (spec 3.9): as long as it opens something, or may. That it was shown, and to
    /// which IP address, is recorded.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn password_for_sender(
        &self,
        person: &Person,
        deposit: &Deposit,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<FilePassword>, DepositError> {
        let own = is_own(&person.known, deposit);
        let live = match deposit.state {
            DepositState::Waiting => deposit.approval.as_ref().and_then(|a| a.asked).is_some_and(|a| now < a.decide_by),
            DepositState::Sent => deposit.expires_at.is_none_or(|end| now < end),
            DepositState::Open | DepositState::Rejected | DepositState::Expired | DepositState::Cancelled => false,
        };
        let Some(sealed) = deposit.sealed_password.as_ref().filter(|_| own && live) else { return Ok(None) };
        let opened = self.parts.vault.open_value(&deposit.section, &password_context(deposit.id), sealed).await?;
        self.note(By::person(person, address).did(&deposit.section, Event::PasswordSeen, deposit.id, now)).await;
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
