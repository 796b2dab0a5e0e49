//! What the recipient's page calls: look at a link, and, once proven ([`crate::access`]), open the files (spec X-RECEIVE, ACCESS).
//!
//! What is read here was scanned on the way in, and is scanned again before its first octet is given, where there is a
//! scanner (spec KEEP-VIRUS): clamd knows more than it did when the file came.

use std::{ops::Range, time::Duration};

use bytes::Bytes;
use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, SectionId},
    object::ObjectRef,
    section::{Access, Section, Settings},
    unchecked::Unchecked,
};
use fubako_store::{
    Store, StoreError,
    accounts::Account,
    codes::Code,
    deposits::{Deposit, DepositState, File, Link},
    sent::Taking,
};
use fubako_vault::VaultError;
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use tokio::time::Instant;

use crate::{
    Exchange,
    domain::{
        self, Turn,
        access::{Offer, current, offer},
    },
    rescan::{Outcome, Scanned},
    ruling::{Ruling, ruling},
    taker::{SignedIn, Taker},
    token,
};

/// What anybody who holds the link may see.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// The recipient whose link it is.
    pub recipient: String,
    /// The sender's display name; empty where there is none.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// The mail's subject, as sent: any characters.
    pub subject: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the files go (spec X-EXPIRY).
    pub expires_at: Timestamp,
    /// The section's time zone (IANA name).
    pub time_zone: String,
    /// The language of the deposit notice; none for both.
    pub lang: Option<Lang>,
    /// The deposit.
    pub deposit: DepositId,
    /// The section.
    pub section: SectionId,
    /// Its name as people see it.
    pub section_name: String,
    /// How many files there are.
    pub file_count: u32,
    /// Whether a person sent it on a page: there is no mail then that has the password.
    pub by_person: bool,
    /// Before this, no password is looked at; none where one may be tried now.
    pub next_try_at: Option<Timestamp>,
    /// Whether that is because the link is locked.
    pub locked: bool,
    /// How its recipient may prove who they are.
    pub access: Access,
    /// What of that there is to be done now.
    pub offer: Offer,
    /// When the code was mailed that this browser may enter, and until when it is good; none where there is none.
    pub code: Option<(Timestamp, Timestamp)>,
}

/// What came of a password or a code.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// It was right.
    Opened {
        /// A secret for a cookie: base64url of 32 random octets.
        session: String,
        /// How long it is good.
        until: Timestamp,
    },
    /// It was wrong.
    Wrong {
        /// When the next may be tried, where it must wait.
        next_try_at: Option<Timestamp>,
        /// Tries left before the link is locked.
        tries_left: u32,
    },
    /// It was not looked at: too soon.
    Wait {
        /// When one may be tried.
        until: Timestamp,
    },
    /// It was not looked at, or was the last one: the link is locked.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// There is no code (any more) that this browser could enter: its time is over, it was tried too often or used, or another one was mailed.
    CodeOver,
}

/// A deposit, opened by a recipient who proved who they are.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the link shows.
    pub view: LinkView,
    inside: OpenedFiles,
}

impl std::ops::Deref for Opened {
    type Target = OpenedFiles;
    fn deref(&self) -> &OpenedFiles {
        &self.inside
    }
}

/// A deposit's files, opened for somebody who may have them.
#[derive(Debug, Clone)]
pub struct OpenedFiles {
    /// The deposit.
    pub deposit: DepositId,
    /// Its section.
    pub section: SectionId,
    /// The subject, as sent: any characters.
    pub subject: String,
    /// When they were sent.
    pub sent_at: Timestamp,
    /// The section's time zone (IANA name).
    pub time_zone: String,
    /// The files, by number.
    pub files: Vec<FileView>,
    /// What the section has set: what becomes of a file that cannot be checked.
    settings: Settings,
    /// When they go, by the runtime's clock: a download that is under way then ends there.
    until: Instant,
    /// By which link and in which session they are taken; none where nobody takes them, but looks at them before they are sent.
    pub(crate) taker: Option<Taker>,
    /// When this was opened, by both clocks.
    opened_at: (Timestamp, Instant),
}

impl Opened {
    /// The same, asked for from this IP address.
    #[must_use]
    pub fn asked_from(mut self, address: &str) -> Self {
        if let Some(taker) = &mut self.inside.taker {
            address.clone_into(&mut taker.address);
        }
        self
    }
}

impl OpenedFiles {
    /// The time, reckoned from when this was opened.
    pub(crate) fn now(&self) -> Timestamp {
        let (then, since) = self.opened_at;
        let passed = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp(then.0.saturating_add(passed))
    }

    /// These files of a deposit, which may be had until `until`.
    pub(crate) fn of(deposit: &Deposit, files: Vec<File>, section: &Section, until: Timestamp, now: Timestamp) -> Self {
        let files = files.into_iter().map(|file| FileView {
            number: file.number,
            name: file.name,
            media_type: file.media_type,
            size: file.object.length,
            sha256: file.sha256,
            crc32: file.crc32,
            unchecked: file.unchecked,
            object: file.object,
        });
        let left = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or(0);
        Self {
            deposit: deposit.id,
            section: section.id.clone(),
            subject: deposit.subject.clone(),
            sent_at: deposit.sent_at.unwrap_or(deposit.created_at),
            time_zone: section.settings.time_zone.clone(),
            files: files.collect(),
            settings: section.settings.clone(),
            until: Instant::now() + Duration::from_micros(left),
            taker: None,
            opened_at: (now, Instant::now()),
        }
    }

    fn file(&self, number: u32) -> Result<&FileView, DownloadError> {
        self.files.iter().find(|file| file.number == number).ok_or(DownloadError::NotFound)
    }
}

/// A file that can be downloaded.
#[derive(Debug, Clone)]
pub struct FileView {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name as sent: not a path, and not safe to be used as one (it may hold `/`, `\` or `..`).
    pub name: String,
    /// `type/subtype` as sent.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// CRC-32 (IEEE), as a zip has it.
    pub crc32: u32,
    /// Why the virus check did not look into the whole of it when it came; none where it did, or where nothing scans.
    pub unchecked: Option<Unchecked>,
    object: ObjectRef,
}

/// Why nothing can be shown. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no such link, or no such file.
    #[error("no such link or file")]
    NotFound,
    /// The files are gone (spec X-EXPIRY).
    #[error("expired")]
    Expired,
    /// The link, or the deposit, was taken back (spec X-CANCEL).
    #[error("taken back")]
    Cancelled,
    /// The session is not this link's, or is over.
    #[error("not proven")]
    NotProven,
    /// Something does not answer: may pass.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The stored file is not what was put in: nothing of the damaged part comes out.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The scanner found something on the way out: nothing of the file comes out (spec KEEP-VIRUS).
    #[error("infected: {finding}")]
    Infected {
        /// What, as the scanner calls it.
        finding: String,
    },
    /// The scanner could not look into the file on the way out, which is not the same as finding something, and the section
    /// lets no such file pass. Nothing of it comes out (spec KEEP-VIRUS).
    #[error("not scanned: {}", .0.as_str())]
    Unscanned(Unchecked),
}

impl From<StoreError> for DownloadError {
    fn from(error: StoreError) -> Self {
        match error {
            // It ended while it was looked at.
            StoreError::DepositClosed(_) => Self::Expired,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<VaultError> for DownloadError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Storage(_) | VaultError::Key(_) => Self::Unavailable(error.to_string()),
            VaultError::Missing(_) | VaultError::Damaged(..) => Self::Damaged(error.to_string()),
        }
    }
}

/// A live link with everything round it.
pub(crate) struct Found {
    pub(crate) link: Link,
    pub(crate) deposit: Deposit,
    pub(crate) section: Section,
    pub(crate) sent_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// How long a download goes on before it is looked whether its link is live still.
const LOOK: Duration = Duration::from_secs(1);
impl Exchange {
    /// What a link shows before its recipient is proven. Changes nothing.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], [`DownloadError::Expired`], [`DownloadError::Unavailable`].
    pub async fn look(&self, token: &str, now: Timestamp) -> Result<LinkView, DownloadError> {
        self.look_from(token, "", now).await
    }

    /// The same in a browser that may have asked for a code, and then has this secret.
    ///
    /// # Errors
    /// As [`Exchange::look`].
    pub async fn look_from(&self, token: &str, browser: &str, now: Timestamp) -> Result<LinkView, DownloadError> {
        let found = self.find(token, now).await?;
        let code = match token::presented(browser) {
            Some(hash) => current(self.parts.store.code(found.link.id).await?, Some(hash), now),
            None => None,
        };
        Ok(found.view(code.as_ref(), now))
    }

    /// The files, for a session that [`Exchange::prove`] began on this link. Changes nothing.
    ///
    /// # Errors
    /// As [`Exchange::look`], and [`DownloadError::NotProven`].
    pub async fn opened(&self, token: &str, session: &str, now: Timestamp) -> Result<Opened, DownloadError> {
        let found = self.find(token, now).await?;
        let session = token::presented(session).ok_or(DownloadError::NotProven)?;
        if !self.parts.store.link_session(found.link.id, &session, now).await? {
            return Err(DownloadError::NotProven);
        }
        self.open(found, session, None, now).await
    }

    /// The files of a link, for a session of its recipient's, or of an account of theirs.
    pub(crate) async fn open(
        &self,
        found: Found,
        session_hash: [u8; 32],
        account: Option<&Account>,
        now: Timestamp,
    ) -> Result<Opened, DownloadError> {
        let files = self.parts.store.files(found.deposit.id).await?;
        let inside = OpenedFiles::of(&found.deposit, files, &found.section, found.expires_at, now);
        let (link, recipient) = (found.link.id, found.link.recipient.clone());
        let account = account.map(|account| SignedIn::of(account, &found.section.id));
        let taker = Taker { link, session_hash, account, recipient, address: String::new() };
        let inside = OpenedFiles { taker: Some(taker), ..inside };
        Ok(Opened { view: found.view(None, now), inside })
    }

    /// Ends a session on this link before its time. One that is none of the link's, or over, is no error.
    ///
    /// # Errors
    /// As [`Exchange::look`].
    pub async fn close(&self, token: &str, session: &str, now: Timestamp) -> Result<(), DownloadError> {
        let found = self.find(token, now).await?;
        if let Some(session) = token::presented(session) {
            self.parts.store.end_link_session(found.link.id, &session).await?;
        }
        Ok(())
    }

    /// Whether a file may be handed over: it is there, and the scanner says that it is clean, now or within the last ten
    /// minutes, or that it cannot look into it and the section, as it is set when the deposit is opened, lets such files pass
    /// (spec X-RECEIVE, KEEP-VIRUS). Without a scanner only the first counts.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], [`DownloadError::Infected`], [`DownloadError::Unscanned`],
    /// [`DownloadError::Damaged`]; [`DownloadError::Unavailable`] where there is no verdict: it waits and never passes.
    pub async fn check_file(&self, opened: &OpenedFiles, number: u32) -> Result<(), DownloadError> {
        let file = opened.file(number)?;
        if self.parts.scanner.is_none() {
            return Ok(());
        }
        let refused = match self.rescanned(opened, &file.object).await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let OpenedFiles { section, deposit, .. } = opened;
        tracing::error!(%section, %deposit, file = number, error = %refused, "a file was not handed over");
        Err(refused)
    }

    /// What the scanner, as it is seen to be now, says of an object, and its ruling.
    async fn rescanned(&self, opened: &OpenedFiles, object: &ObjectRef) -> Result<(), DownloadError> {
        let (vault, scanner, sight) = (&self.parts.vault, &self.parts.scanner, &self.watch);
        // Looked at first: no verdict is taken that is older than what is known of the scanner.
        let look = sight.look(scanner).await.map_err(DownloadError::Unavailable)?;
        let scanned = Scanned { vault, scanner, sight };
        let (outcome, asked) = self.rescans.outcome(&scanned, object, look.since).await;
        let verdict = match outcome {
            Outcome::Verdict(verdict) => verdict,
            Outcome::Unavailable(cause) => {
                sight.forget();
                return Err(DownloadError::Unavailable(cause));
            }
            Outcome::Damaged(cause) => return Err(DownloadError::Damaged(cause)),
        };
        let unchecked = match ruling(verdict, &opened.settings) {
            Ruling::Pass(unchecked) => unchecked,
            Ruling::Infected(finding) => return Err(DownloadError::Infected { finding }),
            Ruling::Stop(reason) => return Err(DownloadError::Unscanned(reason)),
        };
        let look = sight.look(scanner).await.map_err(DownloadError::Unavailable)?;
        look.believed(unchecked, &opened.settings).map_err(DownloadError::Unavailable)?;
        if asked < look.since {
            return Err(DownloadError::Unavailable(
                "the virus scanner is not what it was when it was asked".to_owned(),
            ));
        }
        Ok(())
    }

    /// A file's octets in `range` (held at the file's size), authenticated, as they come (spec KEEP-CRYPT), once
    /// [`Exchange::check_file`] lets it pass. That it is taken is noted before the first octet is given (spec X-CANCEL).
    ///
    /// # Errors
    /// As [`Exchange::check_file`]; [`DownloadError::Damaged`], [`DownloadError::Unavailable`], [`DownloadError::Expired`] and
    /// [`DownloadError::Cancelled`] also within the stream, which ends there.
    pub async fn read_file(
        &self,
        opened: &OpenedFiles,
        number: u32,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, DownloadError>>, DownloadError> {
        self.check_file(opened, number).await?;
        let file = opened.file(number)?;
        let until = opened.until;
        if Instant::now() >= until {
            return Err(DownloadError::Expired);
        }
        let reader = self.parts.vault.open(&file.object).await?;
        let taking = opened.taker.as_ref().map(|taker| taker.taking(number));
        if let Some((taking, taker)) = taking.zip(opened.taker.as_ref())
            && !self
                .parts
                .store
                .begin_download(taking, taker.signed_in_as(), &taker.took(opened, file), opened.now())
                .await?
        {
            return Err(DownloadError::Cancelled);
        }
        let end = range.end.min(file.size);
        let octets = reader.read(range.start.min(end)..end).map_err(DownloadError::from).boxed();
        let to_the_end = end == file.size;
        let handing = Handing {
            store: self.parts.store.clone(),
            opened: opened.clone(),
            taking,
            to_the_end,
            looked_at: Instant::now(),
        };
        let step = |(mut octets, mut handing): (BoxStream<'static, _>, Handing)| async move {
            let Some(some) = octets.try_next().await? else {
                handing.ended();
                return Ok(None);
            };
            handing.may_go_on().await?;
            Ok(Some((some, (octets, handing))))
        };
        Ok(stream::try_unfold((octets, handing), step).boxed())
    }

    /// The link with this token, where it is live. One of a section that is switched off is not there.
    pub(crate) async fn find(&self, token: &str, now: Timestamp) -> Result<Found, DownloadError> {
        let hash = token::presented(token).ok_or(DownloadError::NotFound)?;
        let (link, deposit) = self.parts.store.link(&hash).await?.ok_or(DownloadError::NotFound)?;
        self.live(link, deposit, now).await
    }

    /// The link with what is round it, where it is live.
    pub(crate) async fn live(&self, link: Link, deposit: Deposit, now: Timestamp) -> Result<Found, DownloadError> {
        let section = self.parts.store.section(&deposit.section).await?.filter(|section| section.enabled);
        let section = section.ok_or(DownloadError::NotFound)?;
        match (deposit.state, deposit.sent_at, deposit.expires_at) {
            (DepositState::Expired, ..) => Err(DownloadError::Expired),
            (DepositState::Cancelled, ..) => Err(DownloadError::Cancelled),
            (DepositState::Sent, ..) if link.cancelled_at.is_some() => Err(DownloadError::Cancelled),
            (DepositState::Sent, Some(_), Some(end)) if end <= now => Err(DownloadError::Expired),
            (DepositState::Sent, Some(sent_at), Some(expires_at)) => {
                Ok(Found { link, deposit, section, sent_at, expires_at })
            }
            (DepositState::Open | DepositState::Waiting | DepositState::Sent | DepositState::Rejected, ..) => {
                Err(DownloadError::NotFound)
            }
        }
    }
}

/// A file on its way out.
struct Handing {
    store: Store,
    opened: OpenedFiles,
    /// What is noted; none where nobody takes it.
    taking: Option<Taking>,
    /// Whether what is handed over is the file's end.
    to_the_end: bool,
    /// When it was last looked whether the link is live.
    looked_at: Instant,
}

impl Handing {
    /// A slow reader gets nothing after the files' end (spec X-EXPIRY), and nobody much after the link was taken back (X-CANCEL).
    async fn may_go_on(&mut self) -> Result<(), DownloadError> {
        if Instant::now() >= self.opened.until {
            return Err(DownloadError::Expired);
        }
        if self.looked_at.elapsed() < LOOK {
            return Ok(());
        }
        self.looked_at = Instant::now();
        let Some(Taking { link, .. }) = self.taking else { return Ok(()) };
        match self.store.link_is_live(link).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(DownloadError::Cancelled),
            // Nobody takes anything back while the database is away.
            Err(error) => {
                tracing::warn!(%link, %error, "nobody knows whether a link is live: its download goes on");
                Ok(())
            }
        }
    }

    /// Notes that the file's end was handed over, while nobody waits for that.
    fn ended(&self) {
        let Some(taking) = self.taking.filter(|_| self.to_the_end) else { return };
        let (store, now) = (self.store.clone(), self.opened.now());
        tokio::spawn(async move {
            if let Err(error) = store.end_download(taking, now).await {
                tracing::warn!(link = %taking.link, file = taking.number, %error, "the end of a download was not noted");
            }
        });
    }
}

impl Found {
    pub(crate) fn view(&self, code: Option<&Code>, now: Timestamp) -> LinkView {
        let Self { link, deposit, section, .. } = self;
        let turn = domain::turn(&section.settings, link.failures, link.next_try_at, now);
        let (next_try_at, locked) = match turn {
            Turn::Now => (None, false),
            Turn::Wait(until) => (Some(until), false),
            Turn::Locked(until) => (Some(until), true),
        };
        LinkView {
            recipient: link.recipient.clone(),
            sender_name: deposit.sender_name.clone(),
            sender_address: deposit.sender_address.clone(),
            subject: deposit.subject.clone(),
            sent_at: self.sent_at,
            expires_at: self.expires_at,
            time_zone: section.settings.time_zone.clone(),
            lang: deposit.lang,
            deposit: deposit.id,
            section: section.id.clone(),
            section_name: section.name.clone(),
            file_count: deposit.file_count,
            by_person: deposit.by_person,
            next_try_at,
            locked,
            access: deposit.access,
            offer: offer(deposit.access, turn, code.is_some()),
            code: code.map(|code| (code.made_at, code.until)),
        }
    }
}

pub(crate) fn unavailable(cause: impl std::fmt::Display) -> DownloadError {
    DownloadError::Unavailable(cause.to_string())
}
