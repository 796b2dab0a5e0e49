//! Approval (spec X-APPROVAL): approvers are asked, look at what waits for them, approve it or reject it; and the clock rejects what nobody decided.
//!
//! The rules are [`crate::domain::approval`]'s. Whoever may not decide a deposit cannot tell it from one that does not exist.

use fubako_base::{Code, Timestamp, audit::Event as Happened, ids::DepositId, section::Section, shown};
use fubako_store::{
    StoreError,
    accounts::Account,
    approval::{Approval, ApprovalStaff, Asked, Decision},
    audit,
    deposits::{Deposit, DepositState, Depositor, File},
};

use crate::{
    Exchange,
    account::Person,
    audit::By,
    deposit::DepositError,
    domain::{
        self, Invalid,
        approval::{Owner, Standing, Who, approvers, check_reason, decide_by, is_asked, may_approve, standing},
        life::{Event, after},
    },
    download::{DownloadError, OpenedFiles},
    notice::{rejection::Rejection, request::ApprovalRequest},
};

/// Waiting deposits of a section that are looked at; of a section's many, the first to be rejected.
const MOST_WAITING: u32 = 1000;
/// Deposits that an approver is shown as decided lately.
const MOST_DECIDED: u32 = 20;
/// Overdue deposits at a time.
const BATCH: u32 = 100;

/// A deposit as its approvers see it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The deposit.
    pub id: DepositId,
    /// The sender's display name; empty where there is none.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// The subject, as sent: any characters.
    pub subject: String,
    /// What the sender wrote, with lines; empty where a mail says it.
    pub message: String,
    /// To whom it is to go.
    pub recipients: Vec<String>,
    /// How many files there are.
    pub file_count: u32,
    /// When approvers were asked, and until when they may decide.
    pub asked: Asked,
    /// What can be done about it now.
    pub standing: Standing,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The name of the approver who decided.
    pub decided_by: Option<String>,
    /// The section's time zone.
    pub time_zone: String,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It is made.
    Done,
    /// Somebody else, or the clock, was quicker: the deposit stands as it says.
    TooLate,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such deposit for this person.
    #[error("there is no such deposit to approve")]
    NotFound,
    /// The reason is not as it must be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// May pass; the private cause.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<StoreError> for ApprovalError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<DepositError> for ApprovalError {
    fn from(error: DepositError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A deposit that somebody may decide, with what that stands on.
struct Case {
    deposit: Deposit,
    approval: Approval,
    section: Section,
    staff: ApprovalStaff,
}

impl Exchange {
    /// What is to be noted of the approval of a deposit that is begun; none where it needs none.
    pub(crate) async fn approval_of(
        &self,
        section: &Section,
        depositor: &Depositor,
        group: Option<String>,
        sender_address: &str,
        now: Timestamp,
    ) -> Result<Option<Approval>, DepositError> {
        let staff = self.parts.store.approval_staff(&section.id).await?;
        let found = staff.groups.iter().find(|known| Some(&known.name) == group.as_ref());
        if !is_asked(&section.settings, found) {
            return Ok(None);
        }
        let owner = Owner { group: group.as_deref(), depositor: Some(&depositor.login_id), sender_address };
        if approvers(section, &staff, owner, now).is_empty() {
            return Err(misconfigured(section, sender_address));
        }
        Ok(Some(Approval { group, asked: None, decision: None }))
    }

    /// Asks those who could approve a deposit that is all in: it waits.
    pub(crate) async fn ask_approvers(
        &self,
        deposit: &Deposit,
        section: &Section,
        files: &[File],
        by: &By,
        now: Timestamp,
    ) -> Result<(), DepositError> {
        let staff = self.parts.store.approval_staff(&section.id).await?;
        let asked_of = approvers(section, &staff, Owner::of(deposit), now);
        if asked_of.is_empty() {
            return Err(misconfigured(section, &deposit.sender_address));
        }
        let asked = Asked { at: now, decide_by: decide_by(&section.settings, now) };
        let request = ApprovalRequest {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            deposit,
            settings: &section.settings,
            files,
            asked,
            url: &format!("{}/approvals/{}", self.parts.public_url, deposit.id),
        };
        let mut mails = Vec::with_capacity(asked_of.len());
        for approver in &asked_of {
            mails.push(self.outgoing_request(&request, &approver.address).await?);
        }
        let whom: Vec<&str> = asked_of.iter().map(|user| user.login_id.as_str()).collect();
        let entry = by.did(&section.id, Happened::ApprovalAsked, deposit.id, now);
        let entry =
            described(entry, deposit).with("approvers", whom.join(", ")).with("decide-by", asked.decide_by.jiff());
        if self.parts.store.ask_approval(deposit.id, asked, &mails, &entry).await? {
            (self.parts.wake_post)();
            let until = asked.decide_by.jiff();
            tracing::info!(deposit = %deposit.id, section = %section.id, approvers = mails.len(), %until, "a deposit waits for approval");
        }
        Ok(())
    }

    /// What waits for somebody to decide, the first to be rejected first. Of a section where more than 1,000 deposits wait, these 1,000 are looked at.
    ///
    /// # Errors
    /// [`ApprovalError::NotFound`] for whoever is no approver; [`ApprovalError::Unavailable`].
    pub async fn requests_for(&self, person: &Person, now: Timestamp) -> Result<Vec<Request>, ApprovalError> {
        let section = approver_of(person)?;
        let waiting = self.parts.store.waiting_deposits(&section.id, MOST_WAITING).await?;
        self.requests(person, section, waiting, now).await.map(|mut all| {
            all.retain(|request| matches!(request.standing, Standing::Undecided(_)));
            all
        })
    }

    /// What somebody decided lately, the last first.
    ///
    /// # Errors
    /// As [`Exchange::requests_for`].
    pub async fn decided_by(&self, person: &Person, now: Timestamp) -> Result<Vec<Request>, ApprovalError> {
        let section = approver_of(person)?;
        let Some(member) = &person.known.account.member else { return Ok(Vec::new()) };
        let decided = self.parts.store.decided_deposits(&section.id, member, MOST_DECIDED).await?;
        self.requests(person, section, decided, now).await
    }

    /// Those deposits that the person may decide, or might have.
    async fn requests(
        &self,
        person: &Person,
        section: &Section,
        deposits: Vec<Deposit>,
        now: Timestamp,
    ) -> Result<Vec<Request>, ApprovalError> {
        let staff = self.parts.store.approval_staff(&section.id).await?;
        let who = Who::of_account(&person.known.account);
        let theirs = deposits.into_iter().filter(|deposit| may_approve(who, &staff.groups, Owner::of(deposit)));
        Ok(theirs.filter_map(|deposit| request_of(&deposit, section, &staff, now)).collect())
    }

    /// One deposit that somebody may decide, or that was decided and they might have.
    ///
    /// # Errors
    /// [`ApprovalError::NotFound`] for any other; [`ApprovalError::Unavailable`].
    pub async fn request(&self, person: &Person, id: DepositId, now: Timestamp) -> Result<Request, ApprovalError> {
        let Case { deposit, section, staff, .. } = self.case(person, id).await?;
        request_of(&deposit, &section, &staff, now).ok_or(ApprovalError::NotFound)
    }

    /// The files of a deposit that somebody can decide now; they may look at them as long as they can.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], also once it is decided; [`DownloadError::Unavailable`].
    pub async fn request_files(
        &self,
        person: &Person,
        id: DepositId,
        now: Timestamp,
    ) -> Result<OpenedFiles, DownloadError> {
        let case = self.case(person, id).await.map_err(|error| match error {
            ApprovalError::Unavailable(cause) => DownloadError::Unavailable(cause),
            ApprovalError::NotFound | ApprovalError::Invalid(_) => DownloadError::NotFound,
        })?;
        let Some(Standing::Undecided(until)) = standing(case.deposit.state, &case.approval, now) else {
            return Err(DownloadError::NotFound);
        };
        let files = self.parts.store.files(id).await?;
        Ok(OpenedFiles::of(&case.deposit, files, &case.section, until, now))
    }

    /// Records that an approver fetches a file of a deposit, or all of them, from an IP address.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] where there is no such file; [`DownloadError::Unavailable`]: then nothing is to be handed out.
    pub async fn request_looked_at(
        &self,
        person: &Person,
        opened: &OpenedFiles,
        number: Option<u32>,
        address: &str,
        now: Timestamp,
    ) -> Result<(), DownloadError> {
        let files = opened.files.iter().filter(|file| number.is_none_or(|number| number == file.number));
        let names: Vec<&str> = files.map(|file| file.name.as_str()).collect();
        if names.is_empty() {
            return Err(DownloadError::NotFound);
        }
        let entry = By::person(person, address).did(&opened.section, Happened::Downloaded, opened.deposit, now);
        let entry = entry.with("file", names.join(", "));
        self.parts.store.record(&entry).await.map_err(|error| DownloadError::Unavailable(error.to_string()))
    }

    /// Approves a deposit, from an IP address: its recipients get their links, and its files are kept from now on as those of one that is sent.
    ///
    /// # Errors
    /// [`ApprovalError::NotFound`], [`ApprovalError::Unavailable`].
    pub async fn approve(
        &self,
        person: &Person,
        id: DepositId,
        address: &str,
        now: Timestamp,
    ) -> Result<Came, ApprovalError> {
        let case = self.case(person, id).await?;
        if !can_be_decided(&case, Event::Approve, now) {
            return Ok(came_before(&case.deposit, person, DepositState::Sent));
        }
        let Case { deposit, section, .. } = &case;
        let files = self.parts.store.files(id).await?;
        let expires_at = domain::expires_at(&section.settings, now);
        let (links, notices) = self.links_and_notices(deposit, section, &files, expires_at, now).await?;
        let by = &person.known.account.login_id;
        let decision = Decision { at: now, by: Some(by.clone()), reason: None };
        let entry = By::person(person, address).did(&section.id, Happened::DepositApproved, id, now);
        let entry = described(entry, deposit).with("files", files.len()).with("expires", expires_at.jiff());
        if !self.parts.store.approve_deposit(id, &decision, expires_at, &links, &notices, &entry).await? {
            return self.came_meanwhile(person, id, DepositState::Sent).await;
        }
        (self.parts.wake_post)();
        tracing::info!(deposit = %id, section = %section.id, approver = by, recipients = links.len(), "a deposit was approved, and sent");
        Ok(Came::Done)
    }

    /// Rejects a deposit, from an IP address: its files go, and its sender is told why.
    ///
    /// # Errors
    /// [`ApprovalError::NotFound`], [`ApprovalError::Invalid`] for the reason, [`ApprovalError::Unavailable`].
    pub async fn reject(
        &self,
        person: &Person,
        id: DepositId,
        reason: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<Came, ApprovalError> {
        let case = self.case(person, id).await?;
        if !can_be_decided(&case, Event::Reject, now) {
            return Ok(came_before(&case.deposit, person, DepositState::Rejected));
        }
        let account = &person.known.account;
        let decision = Decision { at: now, by: Some(account.login_id.clone()), reason: Some(check_reason(reason)?) };
        let by = By::person(person, address);
        let done = self.end_unapproved(&case.deposit, &case.section, &decision, &by, Some(name_of(account))).await?;
        if done { Ok(Came::Done) } else { self.came_meanwhile(person, id, DepositState::Rejected).await }
    }

    /// What came of a decision that another was quicker than.
    async fn came_meanwhile(
        &self,
        person: &Person,
        id: DepositId,
        wanted: DepositState,
    ) -> Result<Came, ApprovalError> {
        let deposit = self.parts.store.deposit(id).await?.ok_or(ApprovalError::NotFound)?;
        Ok(came_before(&deposit, person, wanted))
    }

    /// Rejects the deposits of which nobody decided in time; their senders are told. Gives how many. One that cannot be rejected now is the next
    /// time; the others go on.
    ///
    /// # Errors
    /// [`StoreError`] where the database does not say which they are.
    pub(crate) async fn reject_overdue(&self, now: Timestamp) -> Result<u32, StoreError> {
        let (mut ended, mut last) = (0u32, None);
        loop {
            let some = self.parts.store.overdue_deposits(now, last, BATCH).await?;
            for deposit in &some {
                let decision = Decision { at: now, by: None, reason: None };
                let section = self.parts.store.section(&deposit.section).await?;
                let Some(section) = section else { continue };
                match self.end_unapproved(deposit, &section, &decision, &By::clock(), None).await {
                    Ok(done) => ended = ended.saturating_add(u32::from(done)),
                    Err(error) => {
                        tracing::error!(deposit = %deposit.id, %error, "an overdue deposit cannot be rejected now");
                    }
                }
            }
            last = some.last().map(|deposit| deposit.id);
            if some.len() < BATCH as usize {
                return Ok(ended);
            }
        }
    }

    /// Ends a deposit that is not approved; false where it was decided before.
    async fn end_unapproved(
        &self,
        deposit: &Deposit,
        section: &Section,
        decision: &Decision,
        by: &By,
        approver: Option<&str>,
    ) -> Result<bool, DepositError> {
        let files = self.parts.store.files(deposit.id).await?;
        let rejection = Rejection {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            deposit,
            settings: &section.settings,
            files: &files,
            decision,
            approver,
        };
        let notice = self.outgoing_rejection(&rejection).await?;
        let entry = by.did(&section.id, Happened::DepositRejected, deposit.id, decision.at);
        let entry = described(entry, deposit).with("reason", decision.reason.as_deref().unwrap_or_default());
        if !self.parts.store.reject_deposit(deposit.id, decision, &notice, &entry).await? {
            return Ok(false);
        }
        (self.parts.wake_post)();
        let (code, by) = (Code::ApprovalRejected.name(), decision.by.as_deref());
        tracing::info!(deposit = %deposit.id, section = %section.id, code, approver = by, "a deposit was rejected, and its sender told");
        Ok(true)
    }

    /// A deposit that somebody may decide, whatever its state. One that needs no approval is no such.
    async fn case(&self, person: &Person, id: DepositId) -> Result<Case, ApprovalError> {
        let section = approver_of(person)?.clone();
        let deposit = self.parts.store.deposit(id).await?.filter(|deposit| deposit.section == section.id);
        let deposit = deposit.ok_or(ApprovalError::NotFound)?;
        let approval = deposit.approval.clone().ok_or(ApprovalError::NotFound)?;
        let staff = self.parts.store.approval_staff(&section.id).await?;
        let who = Who::of_account(&person.known.account);
        if approval.asked.is_none() || !may_approve(who, &staff.groups, Owner::of(&deposit)) {
            return Err(ApprovalError::NotFound);
        }
        Ok(Case { deposit, approval, section, staff })
    }
}

/// The section that somebody approves for.
fn approver_of(person: &Person) -> Result<&Section, ApprovalError> {
    person.known.section.as_ref().filter(|_| person.known.account.approver).ok_or(ApprovalError::NotFound)
}

/// Whether a deposit can still be decided; of two who are as quick the database makes one the first.
fn can_be_decided(case: &Case, event: Event, now: Timestamp) -> bool {
    let in_time = matches!(standing(case.deposit.state, &case.approval, now), Some(Standing::Undecided(_)));
    in_time && after(case.deposit.state, event).is_some()
}

/// What came of a decision about a deposit that was decided before: of the same by the same person, as by a second click, that it is made.
fn came_before(deposit: &Deposit, person: &Person, wanted: DepositState) -> Came {
    let decision = deposit.approval.as_ref().and_then(|approval| approval.decision.as_ref());
    let by = decision.and_then(|decision| decision.by.as_deref());
    let same = deposit.state == wanted && by == Some(person.known.account.login_id.as_str());
    if same { Came::Done } else { Came::TooLate }
}

/// How a person is called: by name, or where there is none by login id.
fn name_of(account: &Account) -> &str {
    if account.name.trim().is_empty() { &account.login_id } else { account.name.trim() }
}

fn request_of(deposit: &Deposit, section: &Section, staff: &ApprovalStaff, now: Timestamp) -> Option<Request> {
    let approval = deposit.approval.as_ref()?;
    let by = approval.decision.as_ref().and_then(|decision| decision.by.as_deref());
    // Of one who is no approver any more there is the login id.
    let called = |login_id: &str| {
        let account = staff.accounts.iter().find(|account| account.login_id == login_id);
        account.map_or(login_id, name_of).to_owned()
    };
    Some(Request {
        id: deposit.id,
        sender_name: deposit.sender_name.clone(),
        sender_address: deposit.sender_address.clone(),
        subject: deposit.subject.clone(),
        message: deposit.message.clone(),
        recipients: deposit.recipients.clone(),
        file_count: deposit.file_count,
        asked: approval.asked?,
        standing: standing(deposit.state, approval, now)?,
        decision: approval.decision.clone(),
        decided_by: by.map(called),
        time_zone: section.settings.time_zone.clone(),
    })
}

/// What the audit log has of a deposit that is asked for, or decided.
fn described(entry: audit::Entry, deposit: &Deposit) -> audit::Entry {
    let recipients = deposit.recipients.join(", ");
    entry.with("sender", &deposit.sender_address).with("recipients", recipients).with("subject", &deposit.subject)
}

fn misconfigured(section: &Section, sender: &str) -> DepositError {
    let detail = format!("section {}, sender {}", section.id, shown::visible(sender));
    DepositError::Refused { code: Code::ApprovalMisconfigured, detail }
}
