//! Whether a deposit must be approved, by whom, and until when (spec X-APPROVAL). Pure.
//!
//! # The rule, step by step
//! 1. The depositor's group has a rule, or the section's counts ([`is_asked`]): `none`, or `one` of several approvers. It is read when the deposit is
//!    begun, and noted with it: what is changed later is for later deposits, so that the mail and its files never say two things.
//! 2. Who may approve is read each time it is asked ([`may_approve`]): a user of the section who is an approver, who is in the group's list where the
//!    group has one, and who did not send it. That is neither who deposits nor whose address stands in the mail's From, with a tag or without, so that nobody approves
//!    their own by way of the default user either.
//! 3. Where nobody is left who could ([`approvers`]), the deposit is not begun, or not sent: `approval-misconfigured`.
//! 4. Those who are left are asked, all at once, and the first who decides has decided. What is not decided in time is rejected ([`decide_by`]).
//!
//! An approver could decide who has an account and has ever chosen a password: one who is locked or must choose another is opened by an administrator in
//! time; one who was never invited is none.

use fubako_base::{
    Timestamp,
    address::{compared, senders},
    section::{ApprovalRule, Section, Settings},
};
use fubako_store::{
    accounts::Account,
    approval::{Approval, ApprovalStaff},
    deposits::{Deposit, DepositState},
    sections::{Group, User},
};

use super::{
    Invalid,
    account::{State, state},
};

/// Characters that a reason has at most.
pub const LONGEST_REASON: usize = 1000;

/// Whose deposit it is, as far as it matters to who approves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The depositor's group when it was begun.
    pub group: Option<&'a str>,
    /// The login id of who deposits.
    pub depositor: Option<&'a str>,
    /// The address that it is sent from.
    pub sender_address: &'a str,
}

impl<'a> Owner<'a> {
    /// Whose deposit this is.
    #[must_use]
    pub fn of(deposit: &'a Deposit) -> Self {
        Self {
            group: deposit.approval.as_ref().and_then(|approval| approval.group.as_deref()),
            depositor: deposit.depositor.as_ref().map(|depositor| depositor.login_id.as_str()),
            sender_address: &deposit.sender_address,
        }
    }
}

/// Somebody who may be an approver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who<'a> {
    /// Their login id.
    pub login_id: &'a str,
    /// Their address.
    pub address: &'a str,
    /// Whether they are an approver at all.
    pub approver: bool,
}

impl<'a> Who<'a> {
    /// This user.
    #[must_use]
    pub fn of_user(user: &'a User) -> Self {
        Self { login_id: &user.login_id, address: &user.address, approver: user.approver }
    }

    /// Who has this account.
    #[must_use]
    pub fn of_account(account: &'a Account) -> Self {
        Self { login_id: &account.login_id, address: &account.address, approver: account.approver }
    }
}

/// Whether the deposits of a group's users must be approved; `group` is none for a user of no group.
#[must_use]
pub fn is_asked(settings: &Settings, group: Option<&Group>) -> bool {
    let rule = group.and_then(|group| group.approval).unwrap_or(settings.approval);
    match rule {
        ApprovalRule::None => false,
        ApprovalRule::One => true,
    }
}

/// The groups whose deposits must be approved and which have nobody to do it: what they send is stopped (`approval-misconfigured`).
#[must_use]
pub fn without_approver<'a>(settings: &Settings, groups: &[&'a Group], users: &[&User]) -> Vec<&'a Group> {
    let nobody = |group: &Group| {
        let is_listed = |user: &User| group.approvers.as_ref().is_none_or(|listed| listed.contains(&user.login_id));
        !users.iter().any(|user| user.approver && is_listed(user))
    };
    groups.iter().copied().filter(|group| is_asked(settings, Some(group)) && nobody(group)).collect()
}

/// Whether somebody of the section may approve a deposit, as far as that depends on who they are.
#[must_use]
pub fn may_approve(who: Who<'_>, groups: &[Group], owner: Owner<'_>) -> bool {
    // Nobody is listed by a group that is there no more.
    let is_listed = owner.group.is_none_or(|name| {
        let group = groups.iter().find(|group| group.name == name);
        group.is_some_and(|group| {
            group.approvers.as_ref().is_none_or(|listed| listed.iter().any(|one| one == who.login_id))
        })
    });
    let is_own =
        owner.depositor == Some(who.login_id) || senders(owner.sender_address).contains(&compared(who.address));
    who.approver && is_listed && !is_own
}

/// Who could approve a deposit, by login id.
#[must_use]
pub fn approvers<'a>(section: &Section, staff: &'a ApprovalStaff, owner: Owner<'_>, now: Timestamp) -> Vec<&'a User> {
    let could = |user: &User| {
        let account = staff.accounts.iter().find(|account| account.login_id == user.login_id);
        account.is_some_and(|account| match state(account, Some(section), now) {
            State::Good | State::Expired | State::Locked | State::Reset => true,
            State::SectionOff | State::Invited => false,
        })
    };
    staff.approvers.iter().filter(|user| may_approve(Who::of_user(user), &staff.groups, owner) && could(user)).collect()
}

/// When a deposit that is sent now is rejected, if nobody has decided: the end of the day, so many days after today.
#[must_use]
pub fn decide_by(settings: &Settings, now: Timestamp) -> Timestamp {
    now.end_of_day_counting(settings.approval_days.saturating_add(1), &settings.time_zone)
}

/// What can be done about a deposit now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can be decided, until then.
    Undecided(Timestamp),
    /// Nobody decided in time: it is rejected, or will be in a moment.
    TooLate,
    /// It was approved.
    Approved,
    /// An approver rejected it.
    Rejected,
    /// Its sender took it back before anybody decided (spec X-CANCEL).
    Withdrawn,
}

/// Where a deposit stands with its approvers; none where they were never asked.
#[must_use]
pub fn standing(state: DepositState, approval: &Approval, now: Timestamp) -> Option<Standing> {
    let asked = approval.asked?;
    let decided_by_somebody = approval.decision.as_ref().is_some_and(|decision| decision.by.is_some());
    Some(match state {
        DepositState::Open => return None,
        DepositState::Cancelled if approval.decision.is_none() => Standing::Withdrawn,
        DepositState::Waiting if now < asked.decide_by => Standing::Undecided(asked.decide_by),
        DepositState::Waiting => Standing::TooLate,
        DepositState::Rejected if decided_by_somebody => Standing::Rejected,
        DepositState::Rejected => Standing::TooLate,
        DepositState::Sent | DepositState::Expired | DepositState::Cancelled => Standing::Approved,
    })
}

/// The reason of a rejection as it is kept: without white space round it, lines ended in one way.
///
/// # Errors
/// [`Invalid`] for one that is empty or has more than [`LONGEST_REASON`] characters.
pub fn check_reason(typed: &str) -> Result<String, Invalid> {
    let reason = typed.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    let length = reason.chars().count();
    Invalid::unless((1..=LONGEST_REASON).contains(&length), || {
        format!("the reason must have 1 to {LONGEST_REASON} characters")
    })?;
    Ok(reason)
}

#[cfg(test)]
mod tests;
