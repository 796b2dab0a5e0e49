//! What the API calls: begin a deposit, put its files, send it, take it back (spec MAIL-DEPOSIT, X-API).
//!
//! ```text
//!  begin ─► open ─ put … put ─► send ─► sent | waiting       (and on: see `domain::life`)
//!              └──► abort
//! ```
//! Each call may be repeated: by the caller's key (begin), the file's number (put), the deposit (send). Until it is
//! sent nobody sees anything of it.

use bytes::Bytes;
use fubako_base::{
    Code, Timestamp,
    address::senders,
    audit::{Actor, Event},
    ids::{DepositId, SectionId},
    object::ObjectRef,
    scope::Scope,
    section::{Access, Section, Way},
    shown,
    unchecked::Unchecked,
};
use fubako_store::{
    StoreError, audit,
    deposits::{Depositor, File},
};
use fubako_vault::{SealedWriter, VaultError, scanner::ScanError};
use futures::stream::BoxStream;

use crate::{
    Exchange,
    audit::By,
    domain::{self, Invalid, NewDeposit, NewFile, Whence, access},
    password::HashError,
    sending::password_context,
};

mod abort;
pub(crate) mod file_password;
mod intake;
mod links;
mod repeat;

use intake::{Seen, take_in};
pub(crate) use repeat::{OTHER_FILE, OTHER_REQUEST, is_presented_alike, is_same_file};
use repeat::{has_password, request_digest};

pub use fubako_store::deposits::{Deposit, DepositState};

/// Octets of a file on their way in.
pub type Content<'a> = BoxStream<'a, Result<Bytes, std::io::Error>>;

/// Who begins a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Our own gateway: where the section's switches allow it. The file password is one that it drew.
    Gateway,
    /// Another program, by the API: where the section's switches allow it.
    Program,
    /// A person, on a page: where they may sign in. The file password is one that we drew.
    Page,
}

/// A deposit as the API shows it.
#[derive(Debug, Clone)]
pub struct DepositView {
    /// Its id.
    pub id: DepositId,
    /// Where it is.
    pub state: DepositState,
    /// The deposit notices' subject.
    pub notice_subject: String,
    /// Whether it must be approved before it is sent (spec X-APPROVAL).
    pub approval: bool,
    /// How its recipients may prove who they are (spec ACCESS).
    pub access: Access,
    /// When its files go; none before it is sent.
    pub expires_at: Option<Timestamp>,
    /// The files that are in, by number.
    pub files: Vec<FileSummary>,
}

/// A file as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// Why the virus check did not look into the whole of it, where it did not and the section lets it pass.
    pub unchecked: Option<Unchecked>,
}

/// What came of putting a file.
#[derive(Debug)]
pub struct Put {
    /// The file that is kept.
    pub file: FileSummary,
    /// Whether that is the one that was put.
    pub is_new: bool,
    /// SHA-256 of the one that was put; none where it was left unread, because one was kept before.
    pub sha256: Option<[u8; 32]>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    /// What was asked is not as it must be. May be shown.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such deposit.
    #[error("no such deposit")]
    NotFound,
    /// The bearer's token does not permit it.
    #[error("the token does not permit {0}")]
    Scope(Scope),
    /// It does not go with what was asked before. May be shown.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// No, for a reason with a code. The detail may be shown.
    #[error("refused ({code}): {detail}")]
    Refused {
        /// The stable code.
        code: Code,
        /// What exactly.
        detail: String,
    },
    /// Something does not answer: may pass.
    #[error("unavailable ({code}): {cause}")]
    Unavailable {
        /// The stable code.
        code: Code,
        /// The private cause.
        cause: String,
    },
    /// The octets stopped coming.
    #[error("the upload broke off: {0}")]
    Upload(#[source] std::io::Error),
    /// Anything else: the private cause.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for DepositError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(_) => unavailable(&error),
            StoreError::DepositClosed(_) => Self::Conflict("the deposit does not allow this any more"),
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<VaultError> for DepositError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Storage(_) => Self::Unavailable { code: Code::UploadFailed, cause: error.to_string() },
            VaultError::Key(_) => unavailable(&error),
            VaultError::Missing(_) | VaultError::Damaged(..) => Self::Internal(error.to_string()),
        }
    }
}

impl From<ScanError> for DepositError {
    /// Without a verdict a file waits and never passes (spec KEEP-VIRUS).
    fn from(error: ScanError) -> Self {
        unavailable(&error)
    }
}

impl From<HashError> for DepositError {
    fn from(error: HashError) -> Self {
        Self::Internal(error.to_string())
    }
}

fn unavailable(cause: &dyn std::fmt::Display) -> DepositError {
    DepositError::Unavailable { code: Code::ExchangeUnavailable, cause: cause.to_string() }
}

impl Exchange {
    /// Begins a deposit, or gives the one that was begun with this key (then false). The same key with
    /// another sender, other recipients (in any order), another number of files or another file password is a conflict. How it is
    /// presented (subject, language, the sender's name) is not compared: what was given first stays (spec MAIL-DEPOSIT).
    ///
    /// Here, and here only, it is decided who deposits (spec MAIL-SENDER), whether that must be approved (X-APPROVAL) and how its recipients prove who they
    /// are (ACCESS; a password that opens nothing then is not kept); said again, it is asked again, and what was noted first
    /// stays. Later calls ask for the section's switches alone: the mail was its sender's to send when it was begun, and what
    /// becomes of the account between then and `send` is for whoever may cancel the deposit. Where a call comes from is asked with each.
    ///
    /// # Errors
    /// [`DepositError`]; the codes of [`domain::who_deposits`] where nobody may; `approval-misconfigured` where nobody could approve.
    pub async fn begin(
        &self,
        key: &str,
        request: &NewDeposit,
        whence: Whence,
        now: Timestamp,
    ) -> Result<(DepositView, bool), DepositError> {
        domain::check_key(key)?;
        domain::check_deposit(request)?;
        let section = self.section_in_use(&request.section).await?;
        let (depositor, group) = self.depositor(&section, &request.sender_address, whence, now).await?;
        let origin = if whence == Whence::Within { Origin::Gateway } else { Origin::Program };
        self.begin_as(key, request, depositor, group, origin, now).await
    }

    /// Begins a deposit of this depositor's, who is in this group.
    pub(crate) async fn begin_as(
        &self,
        key: &str,
        request: &NewDeposit,
        depositor: Depositor,
        group: Option<String>,
        origin: Origin,
        now: Timestamp,
    ) -> Result<(DepositView, bool), DepositError> {
        domain::check_key(key)?;
        domain::check_deposit(request)?;
        let section = self.section_in_use(&request.section).await?;
        let access = access::noted(self.access_of(&section, group.as_deref()).await?, request.password.is_some())?;
        let approval = self.approval_of(&section, &depositor, group, &request.sender_address, now).await?;
        let id = DepositId::generate();
        let password = request.password.as_ref().filter(|_| access.allows(Way::PasswordInMail));
        // Nobody but a person who sends on a page has it from us: a program gave it itself.
        let sealed_password = match (origin, password) {
            (Origin::Gateway | Origin::Program, _) | (_, None) => None,
            (Origin::Page, Some(password)) => {
                let password = password.expose().as_bytes();
                Some(self.parts.vault.seal_value(&request.section, &password_context(id), password).await?)
            }
        };
        let password_hash = match password {
            Some(password) => {
                Some(file_password::kept(&self.parts.vault, &request.section, id, password, origin).await?)
            }
            None => None,
        };
        let deposit = Deposit {
            id,
            section: request.section.clone(),
            key: key.to_owned(),
            request_digest: request_digest(request),
            state: DepositState::Open,
            depositor: Some(depositor),
            sender_address: request.sender_address.clone(),
            sender_name: request.sender_name.clone(),
            subject: request.subject.clone(),
            lang: request.lang,
            message: request.message.clone(),
            by_person: origin == Origin::Page,
            sealed_password,
            access,
            password_hash,
            recipients: request.recipients.clone(),
            file_count: request.file_count,
            message_id: request.message_id.clone(),
            approval,
            created_at: now,
            sent_at: None,
            expires_at: None,
        };
        let (kept, begun) = self.parts.store.begin_deposit(&deposit).await?;
        if begun {
            let (depositor, as_default_user) = named(&kept);
            tracing::info!(deposit = %kept.id, section = %kept.section, depositor, as_default_user, "deposit begun");
        } else {
            if kept.request_digest != deposit.request_digest || !has_password(&self.parts.vault, &kept, request).await?
            {
                return Err(DepositError::Conflict(OTHER_REQUEST));
            }
        }
        Ok((self.view(kept).await?, begun))
    }

    /// The deposit with this id.
    ///
    /// # Errors
    /// [`DepositError`].
    pub async fn get(&self, id: DepositId) -> Result<DepositView, DepositError> {
        let deposit = self.existing(id).await?;
        self.view(deposit).await
    }

    /// Puts a file, or gives the one that is kept under this number. Scanned and sealed while it comes; on return it is durable. What stays unread of
    /// `content` is the caller's.
    ///
    /// # Errors
    /// [`DepositError`]; `files-too-large`, `virus`, `file-encrypted`, `scan-limit`, `upload-failed`, `exchange-unavailable`.
    pub async fn put(
        &self,
        id: DepositId,
        file: NewFile,
        content: &mut Content<'_>,
        whence: Whence,
        now: Timestamp,
    ) -> Result<Put, DepositError> {
        let deposit = self.existing(id).await?;
        domain::check_file(&file, deposit.file_count)?;
        let files = self.parts.store.files(id).await?;
        if let Some(kept) = files.iter().find(|kept| kept.number == file.number) {
            return Ok(Put { file: summary(kept), is_new: false, sha256: None });
        }
        if deposit.state != DepositState::Open {
            return Err(DepositError::Conflict("the deposit is not open"));
        }
        let section = self.depositing_section(&deposit, whence).await?;
        let room = section.settings.max_deposit_size.saturating_sub(total(&files));
        let scan = self.parts.scanner.begin().await.inspect_err(|_| self.watch.forget())?;
        let writer = self.parts.vault.create(&section.id).await?;
        let limit = room.min(self.parts.max_file_size);
        let taken = take_in(writer, scan, content, limit, &section.settings).await;
        let (writer, seen) = taken.inspect_err(|error| {
            if matches!(error, DepositError::Unavailable { .. }) {
                self.watch.forget();
            }
        })?;
        if let Err(cause) = self.believed(seen.unchecked, &section.settings).await {
            writer.abort().await;
            return Err(unavailable(&cause));
        }
        if let Some(reason) = seen.unchecked {
            let (section, why) = (&section.id, reason.as_str());
            tracing::warn!(deposit = %id, %section, file = file.number, why, "a file was let pass that was not wholly checked");
        }
        let sha256 = seen.sha256;
        let file = Incoming { deposit: id, file, seen, put_at: now };
        // On a task of its own: a caller that goes away now does not leave a sealed object that no row knows.
        let (kept, is_new) = tokio::spawn(self.clone().keep(writer, file))
            .await
            .map_err(|e| DepositError::Internal(format!("keeping a file: {e}")))??;
        Ok(Put { file: summary(&kept), is_new, sha256: Some(sha256) })
    }

    /// Sends a deposit whose files are all in: a link and a deposit notice a recipient; or, where it must be approved, a mail to each approver, and
    /// it waits. Said twice, it is sent once.
    ///
    /// # Errors
    /// [`DepositError`]; `approval-misconfigured` where by now nobody could approve.
    pub async fn send(&self, id: DepositId, whence: Whence, now: Timestamp) -> Result<DepositView, DepositError> {
        self.send_by(id, None, whence, now).await
    }

    /// As [`Exchange::send`]; `program` is the name of whose token asks for it, where a section gave it one.
    pub(crate) async fn send_by(
        &self,
        id: DepositId,
        program: Option<&str>,
        whence: Whence,
        now: Timestamp,
    ) -> Result<DepositView, DepositError> {
        let deposit = self.existing(id).await?;
        match deposit.state {
            DepositState::Open => {}
            // Sent, whatever became of it since.
            DepositState::Waiting | DepositState::Sent | DepositState::Cancelled => return self.view(deposit).await,
            DepositState::Rejected | DepositState::Expired => {
                return Err(DepositError::Conflict("the deposit is over"));
            }
        }
        let section = self.depositing_section(&deposit, whence).await?;
        let by = By::at(sender(&deposit, program), &address_of(whence));
        let files = self.parts.store.files(id).await?;
        if files.len() != deposit.file_count as usize {
            let text = format!("{} of {} files are in", files.len(), deposit.file_count);
            return Err(Invalid(text).into());
        }
        // Files that came side by side each had room; together they may not.
        if total(&files) > section.settings.max_deposit_size {
            return Err(too_large(section.settings.max_deposit_size));
        }
        if deposit.approval.is_some() {
            self.ask_approvers(&deposit, &section, &files, &by, now).await?;
            return self.view(self.existing(id).await?).await;
        }
        let expires_at = domain::expires_at(&section.settings, now);
        let (links, notices) = self.links_and_notices(&deposit, &section, &files, expires_at, now).await?;
        let entry = sending(&deposit, files.len(), expires_at, &by, now);
        if self.parts.store.send_deposit(id, expires_at, &links, &notices, &entry, now).await? {
            (self.parts.wake_post)();
            let (depositor, as_default_user) = named(&deposit);
            tracing::info!(deposit = %id, section = %section.id, depositor, as_default_user, recipients = links.len(),
                files = files.len(), "deposit sent");
        }
        let sent = self.existing(id).await?;
        match sent.state {
            DepositState::Open => Err(DepositError::Internal(format!("deposit {id} was not sent and is open"))),
            DepositState::Waiting
            | DepositState::Sent
            | DepositState::Rejected
            | DepositState::Expired
            | DepositState::Cancelled => self.view(sent).await,
        }
    }

    pub(crate) async fn existing(&self, id: DepositId) -> Result<Deposit, DepositError> {
        self.parts.store.deposit(id).await?.ok_or(DepositError::NotFound)
    }

    /// The section. One that is switched off cannot be told from one that is not there.
    pub(crate) async fn section_in_use(&self, id: &SectionId) -> Result<Section, DepositError> {
        let section = self.parts.store.section(id).await?.filter(|section| section.enabled);
        section.ok_or_else(no_section)
    }

    /// The section, where it may deposit. A person needs none of the switches that programs need.
    pub(crate) async fn depositing_section(&self, deposit: &Deposit, whence: Whence) -> Result<Section, DepositError> {
        let id = &deposit.section;
        let section = self.section_in_use(id).await?;
        if deposit.by_person {
            return Ok(section);
        }
        domain::may_deposit(&section, whence, &self.parts.own_domains)
            .map_err(|code| DepositError::Refused { code, detail: format!("section {id}{}", from(whence)) })?;
        Ok(section)
    }

    /// Who deposits for this sender, and the name of their group.
    async fn depositor(
        &self,
        section: &Section,
        sender: &str,
        whence: Whence,
        now: Timestamp,
    ) -> Result<(Depositor, Option<String>), DepositError> {
        let accounts = self.parts.store.sender_accounts(&section.id, &senders(sender)).await?;
        let depositor = domain::who_deposits(section, sender, whence, &self.parts.own_domains, &accounts, now)
            .map_err(|code| {
                let detail = format!("section {}, sender {}{}", section.id, shown::visible(sender), from(whence));
                DepositError::Refused { code, detail }
            })?;
        let mut users = accounts.users.into_iter().chain(accounts.default_user);
        let group = users.find(|user| user.login_id == depositor.login_id).and_then(|user| user.group);
        Ok((depositor, group))
    }

    /// How the recipients of what a group sends may prove who they are.
    pub(crate) async fn access_of(&self, section: &Section, group: Option<&str>) -> Result<Access, DepositError> {
        let groups = self.parts.store.groups(&section.id).await?;
        let group = groups.iter().find(|known| Some(known.name.as_str()) == group);
        Ok(access::allowed(&section.settings, group))
    }

    async fn view(&self, deposit: Deposit) -> Result<DepositView, DepositError> {
        let files = self.parts.store.files(deposit.id).await?;
        Ok(DepositView {
            id: deposit.id,
            state: deposit.state,
            notice_subject: shown::notice_subject(&self.parts.brand, &deposit.subject),
            approval: deposit.approval.is_some(),
            access: deposit.access,
            expires_at: deposit.expires_at,
            files: files.iter().map(summary).collect(),
        })
    }

    /// Ends the sealed object and keeps its row; an object that no row wants is deleted.
    async fn keep(self, writer: SealedWriter, incoming: Incoming) -> Result<(File, bool), DepositError> {
        let object = writer.finish().await?;
        let file = incoming.sealed_as(object);
        let kept = self.parts.store.keep_file(&file).await;
        if !matches!(kept, Ok((_, true))) {
            self.drop_unless_kept(&file).await;
        }
        Ok(kept?)
    }

    /// Deletes a file's object unless its row is there after all: a commit whose answer was lost may have happened.
    async fn drop_unless_kept(&self, file: &File) {
        let dropped = match self.parts.store.files(file.deposit).await {
            Ok(files) if files.iter().any(|kept| kept.object.id == file.object.id) => return,
            Ok(_) => self.parts.vault.delete(file.object.id).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(cause) = dropped {
            tracing::warn!(deposit = %file.deposit, object = %file.object.id, cause, "an object that no row knows is left");
        }
    }
}

/// A file that has come in but is not kept yet.
struct Incoming {
    deposit: DepositId,
    file: NewFile,
    seen: Seen,
    put_at: Timestamp,
}

impl Incoming {
    fn sealed_as(self, object: ObjectRef) -> File {
        File {
            deposit: self.deposit,
            number: self.file.number,
            name: self.file.name,
            media_type: self.file.media_type,
            sha256: self.seen.sha256,
            crc32: self.seen.crc32,
            unchecked: self.seen.unchecked,
            object,
            put_at: self.put_at,
        }
    }
}

/// Where a call that is refused came from, as whoever made it may be told.
fn from(whence: Whence) -> String {
    match whence {
        Whence::Within => String::new(),
        Whence::Address(address) => format!(", from {address}"),
    }
}

/// What is told of a section that is not there, is switched off, or is not the caller's.
pub(crate) fn no_section() -> DepositError {
    Invalid("there is no such section".to_owned()).into()
}

/// The address that a call came from, for the audit log; empty where it came from no network.
pub(crate) fn address_of(whence: Whence) -> String {
    match whence {
        Whence::Within => String::new(),
        Whence::Address(address) => address.to_string(),
    }
}

pub(crate) fn too_large(limit: u64) -> DepositError {
    DepositError::Refused { code: Code::FilesTooLarge, detail: format!("more than {limit} octets") }
}

/// That a deposit is sent, for the audit log.
fn sending(deposit: &Deposit, files: usize, expires_at: Timestamp, by: &By, now: Timestamp) -> audit::Entry {
    let (depositor, as_default_user) = named(deposit);
    by.did(&deposit.section, Event::DepositSent, deposit.id, now)
        .with("sender", &deposit.sender_address)
        .with("depositor", depositor.unwrap_or_default())
        .with("as-default-user", as_default_user.unwrap_or_default())
        .with("recipients", deposit.recipients.join(", "))
        .with("subject", &deposit.subject)
        .with("files", files)
        .with("expires", expires_at.jiff())
}

/// Who sends, for the audit log: a section's program, or else who deposits.
fn sender(deposit: &Deposit, program: Option<&str>) -> Actor {
    match program {
        Some(name) => Actor::Program(name.to_owned()),
        None => Actor::User(named(deposit).0.unwrap_or_default().to_owned()),
    }
}

/// Who deposits, for the log.
fn named(deposit: &Deposit) -> (Option<&str>, Option<bool>) {
    let depositor = deposit.depositor.as_ref();
    (depositor.map(|who| who.login_id.as_str()), depositor.map(|who| who.as_default_user))
}

fn total(files: &[File]) -> u64 {
    files.iter().fold(0, |sum, file| sum.saturating_add(file.object.length))
}

fn summary(file: &File) -> FileSummary {
    FileSummary {
        number: file.number,
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.object.length,
        sha256: file.sha256,
        unchecked: file.unchecked,
    }
}
