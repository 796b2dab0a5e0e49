//! Who may look at what was sent and take it back, and until when it may be kept (spec X-CANCEL, X-EXPIRY). Pure.

use fubako_base::{Timestamp, section::Settings};
use fubako_store::deposits::{Deposit, Depositor};

use super::account::{Known, Role};

/// From which side somebody comes to a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As whoever sent it.
    Own,
    /// As an administrator of its section.
    Section,
}

/// Whether somebody may look at a deposit, take it back and have it kept longer.
///
/// Their own is what they deposited themselves, by mail or on a page. What the default user deposited for a sender without an account is nobody's
/// own: only an administrator has it. So is what was begun by a release that did not note who deposits.
#[must_use]
pub fn may_handle(known: &Known, side: Side, deposit: &Deposit) -> bool {
    let of_the_section = known.account.section.as_ref() == Some(&deposit.section);
    of_the_section
        && match side {
            Side::Own => is_own(known, deposit),
            Side::Section => known.role() == Role::Administrator,
        }
}

/// Whether somebody deposited it themselves. The login id does not say so: it may have been another person's before.
#[must_use]
pub fn is_own(known: &Known, deposit: &Deposit) -> bool {
    let of_the_section = known.account.section.as_ref() == Some(&deposit.section);
    let member = known.account.member.as_ref();
    let is = |who: &Depositor| member.is_some() && who.member.as_ref() == member && !who.as_default_user;
    of_the_section && deposit.depositor.as_ref().is_some_and(is)
}

/// Until when the files of a deposit that was sent then may be kept at the longest.
#[must_use]
pub fn latest_end(settings: &Settings, sent_at: Timestamp) -> Timestamp {
    sent_at.end_of_day_counting(settings.keep_days.max(settings.longest_keep_days), &settings.time_zone)
}

/// Why files cannot be kept until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendFault {
    /// It is not a day.
    Unread,
    /// They are kept until then, or longer, as it is.
    NotLater,
    /// It is later than the section allows.
    TooLate,
}

/// Until when files are kept that somebody wants to be kept until a day (`2026-12-01`): that day's end, on the section's calendar.
///
/// # Errors
/// [`ExtendFault`].
pub fn extended(
    settings: &Settings,
    sent_at: Timestamp,
    expires_at: Timestamp,
    entered: &str,
) -> Result<Timestamp, ExtendFault> {
    let zone = &settings.time_zone;
    let noon = Timestamp::from_local(&format!("{}T12:00", entered.trim()), zone).ok_or(ExtendFault::Unread)?;
    let until = noon.end_of_day_counting(1, zone);
    if until <= expires_at {
        return Err(ExtendFault::NotLater);
    }
    if until > latest_end(settings, sent_at) {
        return Err(ExtendFault::TooLate);
    }
    Ok(until)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::{AccountId, DepositId};
    use fubako_store::{accounts::Account, deposits::DepositState};

    use super::{super::tests::section, *};

    /// 2026-11-21 23:30:16 in Tokyo.
    const SENT: Timestamp = Timestamp(1_795_271_416_000_000);

    fn deposit(section: &str, depositor: Option<(&str, bool)>) -> Deposit {
        Deposit {
            id: DepositId::generate(),
            section: section.parse().unwrap(),
            key: "k".into(),
            request_digest: vec![],
            state: DepositState::Sent,
            depositor: depositor.map(|(member, as_default_user)| Depositor {
                login_id: "taro".into(),
                member: Some(member.into()),
                as_default_user,
            }),
            sender_address: "taro@acme.example".into(),
            sender_name: String::new(),
            subject: String::new(),
            lang: None,
            message: String::new(),
            by_person: false,
            sealed_password: None,
            access: fubako_base::section::Access::default(),
            password_hash: None,
            recipients: vec![],
            file_count: 1,
            message_id: None,
            approval: None,
            created_at: SENT,
            sent_at: Some(SENT),
            expires_at: Some(SENT),
        }
    }

    fn known(section_id: Option<&str>, login_id: &str, administrator: bool) -> Known {
        let account = Account {
            id: AccountId::generate(),
            section: section_id.map(|id| id.parse().unwrap()),
            login_id: login_id.into(),
            member: Some(login_id.into()),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            administrator,
            approver: false,
            password_hash: None,
            password_set_at: None,
            never_expires: false,
            reset_at: None,
            failures: 0,
            locked_at: None,
            invitation_until: None,
            second_factor_at: None,
        };
        Known {
            account,
            section: section_id
                .map(|id| fubako_base::section::Section { id: id.parse().unwrap(), ..section(true, true) }),
        }
    }

    // spec: X-CANCEL MAIL-SENDER
    #[test]
    fn who_may_handle_what() {
        let people = [
            ("the sender", known(Some("acme"), "taro", false)),
            ("another user", known(Some("acme"), "jiro", false)),
            ("the default user", known(Some("acme"), "link", false)),
            ("an administrator", known(Some("acme"), "kanri", true)),
            ("an administrator of another section", known(Some("other"), "taro", true)),
            ("an operator", known(None, "taro", false)),
        ];
        // For each deposit: whose own it is, and who has it as an administrator.
        let table = [
            (deposit("acme", Some(("taro", false))), Some("the sender")),
            (deposit("acme", Some(("link", true))), None),
            (deposit("acme", Some(("link", false))), Some("the default user")),
            (deposit("acme", Some(("kanri", false))), Some("an administrator")),
            (deposit("acme", None), None),
        ];
        for (deposit, owner) in table {
            for (name, person) in &people {
                let depositor = &deposit.depositor;
                assert_eq!(may_handle(person, Side::Own, &deposit), Some(*name) == owner, "{name} {depositor:?}");
                let administers = *name == "an administrator";
                assert_eq!(may_handle(person, Side::Section, &deposit), administers, "{name} {depositor:?}");
            }
        }
    }

    // spec: X-EXPIRY
    #[test]
    fn files_are_kept_longer_within_what_the_section_allows() {
        let settings = Settings { keep_days: 7, longest_keep_days: 30, ..Settings::default() };
        let ends = SENT.end_of_day_counting(7, "Asia/Tokyo");
        for (entered, wanted) in [
            ("2026-11-28", Ok("2026-11-28T23:59:59.999999+09:00[Asia/Tokyo]")),
            (" 2026-12-20 ", Ok("2026-12-20T23:59:59.999999+09:00[Asia/Tokyo]")),
            ("2026-12-21", Err(ExtendFault::TooLate)),
            ("2199-12-31", Err(ExtendFault::TooLate)),
            ("2026-11-27", Err(ExtendFault::NotLater)),
            ("2020-01-01", Err(ExtendFault::NotLater)),
            ("", Err(ExtendFault::Unread)),
            ("tomorrow", Err(ExtendFault::Unread)),
            ("2026-12-01T10:00", Err(ExtendFault::Unread)),
            ("2026-02-30", Err(ExtendFault::Unread)),
        ] {
            let found = extended(&settings, SENT, ends, entered).map(|at| at.in_zone("Asia/Tokyo").to_string());
            assert_eq!(found.as_deref().map_err(|fault| *fault), wanted, "{entered}");
        }
        // What is kept for longer than that from the first is not kept shorter.
        let long = Settings { keep_days: 60, longest_keep_days: 30, ..Settings::default() };
        assert_eq!(latest_end(&long, SENT), SENT.end_of_day_counting(60, "Asia/Tokyo"));
    }
}
