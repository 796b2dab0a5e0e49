#![allow(clippy::unwrap_used)]
use fubako_base::ids::AccountId;
use fubako_store::approval::{Asked, Decision};

use super::{super::tests::section as section_with, *};

const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

fn user(login_id: &str) -> User {
    User {
        section: "acme".parse().unwrap(),
        login_id: login_id.into(),
        address: format!("{login_id}@acme.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: false,
        approver: true,
        password_never_expires: false,
    }
}

fn group(approval: Option<ApprovalRule>, approvers: Option<&[&str]>) -> Group {
    Group {
        section: "acme".parse().unwrap(),
        name: "sales".into(),
        mail_link: true,
        approval,
        access: None,
        approvers: approvers.map(|listed| listed.iter().map(|login| (*login).to_owned()).collect()),
    }
}

fn account(login_id: &str) -> Account {
    Account {
        id: AccountId::generate(),
        section: Some("acme".parse().unwrap()),
        login_id: login_id.into(),
        member: None,
        address: format!("{login_id}@acme.example"),
        name: String::new(),
        administrator: false,
        approver: true,
        password_hash: Some("$argon2id$".into()),
        password_set_at: Some(NOW),
        never_expires: false,
        reset_at: None,
        failures: 0,
        locked_at: None,
        invitation_until: None,
        second_factor_at: None,
    }
}

const OF_TARO: Owner<'static> =
    Owner { group: Some("sales"), depositor: Some("taro"), sender_address: "taro@acme.example" };

// spec: X-APPROVAL
#[test]
fn a_group_s_rule_goes_before_the_section_s() {
    use ApprovalRule::{None as No, One};
    for (of_section, of_group, asked) in [
        (No, None, false),
        (One, None, true),
        (No, Some(None), false),
        (One, Some(None), true),
        (No, Some(Some(No)), false),
        (One, Some(Some(No)), false),
        (No, Some(Some(One)), true),
        (One, Some(Some(One)), true),
    ] {
        let settings = Settings { approval: of_section, ..Settings::default() };
        let group = of_group.map(|rule| group(rule, None));
        assert_eq!(is_asked(&settings, group.as_ref()), asked, "{of_section:?} {of_group:?}");
    }
}

// spec: X-APPROVAL
#[test]
fn who_may_approve_is_an_approver_who_is_listed_and_did_not_send_it() {
    let sato = user("sato");
    let may =
        |user: &User, listed: Option<&[&str]>, owner| may_approve(Who::of_user(user), &[group(None, listed)], owner);
    assert!(may(&sato, None, OF_TARO));
    assert!(may(&sato, Some(&["ito", "sato"]), OF_TARO));
    assert!(!may(&sato, Some(&["ito"]), OF_TARO));
    assert!(!may(&sato, Some(&[]), OF_TARO));
    assert!(!may(&User { approver: false, ..sato.clone() }, Some(&["sato"]), OF_TARO), "listed, and no approver");
    // Another group's list does not count for a user of none; of a group that is gone nobody is listed.
    assert!(may(&sato, Some(&["ito"]), Owner { group: None, ..OF_TARO }));
    assert!(!may(&sato, Some(&["sato"]), Owner { group: Some("other"), ..OF_TARO }));
    // Their own: by the account, and by the address however it is written, also where the default user deposits.
    assert!(!may(&user("taro"), None, OF_TARO));
    assert!(!may(&User { address: "other@acme.example".into(), ..user("taro") }, None, OF_TARO));
    let by_default_user = Owner { depositor: Some("mail-link"), sender_address: "SATO@Acme.example", ..OF_TARO };
    assert!(!may(&sato, None, by_default_user));
    assert!(!may(&user("mail-link"), None, by_default_user));
    let idn = Owner { sender_address: "jiro@営業.example", ..OF_TARO };
    assert!(!may(&User { address: "jiro@xn--j2rs27b.example".into(), ..user("jiro") }, None, idn));
    assert!(may(&user("jiro"), None, Owner { depositor: None, ..OF_TARO }));
}

// spec: X-APPROVAL MAIL-SENDER
#[test]
fn who_could_has_an_account_that_was_ever_open() {
    let settings = Settings { password_days: Some(1), ..Settings::default() };
    let section = Section { settings, ..section_with(true, true) };
    let good = || account("sato");
    for (account, could) in [
        (None, false),
        (Some(good()), true),
        (Some(Account { locked_at: Some(NOW), ..good() }), true),
        (Some(Account { password_set_at: Some(NOW.plus_seconds(-86_400)), ..good() }), true),
        (Some(Account { password_hash: None, reset_at: Some(NOW), ..good() }), true),
        (Some(Account { password_hash: None, ..good() }), false),
    ] {
        let accounts: Vec<Account> = account.into_iter().collect();
        let said = format!("{:?}", accounts.first().map(|account| state(account, Some(&section), NOW)));
        let staff = ApprovalStaff { groups: vec![group(None, None)], approvers: vec![user("sato")], accounts };
        assert_eq!(!approvers(&section, &staff, OF_TARO, NOW).is_empty(), could, "{said}");
    }
    let all = |logins: [&str; 3]| ApprovalStaff {
        groups: vec![group(None, Some(&["ito", "taro"]))],
        approvers: logins.map(user).to_vec(),
        accounts: logins.map(account).to_vec(),
    };
    let staff = all(["ito", "sato", "taro"]);
    let found: Vec<&str> =
        approvers(&section, &staff, OF_TARO, NOW).iter().map(|user| user.login_id.as_str()).collect();
    assert_eq!(found, ["ito"], "not who is not listed, and not the sender");
}

// spec: X-APPROVAL
#[test]
fn a_deposit_waits_to_the_end_of_its_last_day() {
    let settings = |approval_days| Settings { approval_days, ..Settings::default() };
    // NOW is 23:30:16 on the 21st in Tokyo.
    let shown = |days| decide_by(&settings(days), NOW).in_zone("Asia/Tokyo").strftime("%F %T").to_string();
    assert_eq!((shown(1).as_str(), shown(7).as_str()), ("2026-11-22 23:59:59", "2026-11-28 23:59:59"));
}

// spec: X-APPROVAL
#[test]
fn where_a_deposit_stands() {
    use DepositState::{Cancelled, Expired, Open, Rejected, Sent, Waiting};
    let until = NOW.plus_seconds(60);
    let asked = Some(Asked { at: NOW, decide_by: until });
    let none = Approval { group: None, asked, decision: None };
    let by = |by: Option<&str>| Approval {
        decision: Some(Decision { at: NOW, by: by.map(str::to_owned), reason: None }),
        ..none.clone()
    };
    for (state, approval, now, wanted) in [
        (Open, Approval { asked: None, ..none.clone() }, NOW, None),
        (Open, none.clone(), NOW, None),
        // An older deposit that expired before it was sent.
        (Expired, Approval { asked: None, ..none.clone() }, NOW, None),
        (Waiting, none.clone(), NOW, Some(Standing::Undecided(until))),
        (Waiting, none.clone(), until, Some(Standing::TooLate)),
        (Rejected, by(None), NOW, Some(Standing::TooLate)),
        (Rejected, by(Some("sato")), NOW, Some(Standing::Rejected)),
        (Sent, by(Some("sato")), until, Some(Standing::Approved)),
        (Expired, by(Some("sato")), until, Some(Standing::Approved)),
        (Cancelled, none.clone(), NOW, Some(Standing::Withdrawn)),
        (Cancelled, by(Some("sato")), NOW, Some(Standing::Approved)),
    ] {
        assert_eq!(standing(state, &approval, now), wanted, "{state:?} {approval:?}");
    }
}

// spec: X-APPROVAL
#[test]
fn a_rejection_has_a_reason() {
    assert_eq!(check_reason(" 宛先が\r\n違います \n").as_deref(), Ok("宛先が\n違います"));
    for bad in [String::new(), " \r\n\t".to_owned(), "長".repeat(LONGEST_REASON + 1)] {
        assert!(check_reason(&bad).is_err(), "{bad:?}");
    }
    assert!(check_reason(&"長".repeat(LONGEST_REASON)).is_ok());
}

// spec: X-APPROVAL
#[test]
fn nobody_approves_their_own_by_writing_their_address_otherwise() {
    let groups = [group(None, None)];
    let sato = Who { login_id: "sato", address: "sato@acme.example", approver: true };
    for sender_address in [
        "sato@acme.example",
        "\"sato\"@acme.example",
        "\"sa\\to\"@ACME.example.",
        "sato+x@acme.example",
        "\"Sato+x\"@acme.example",
    ] {
        // The default user deposited it.
        let owner = Owner { group: Some("sales"), depositor: Some("mail-link"), sender_address };
        assert!(!may_approve(sato, &groups, owner), "{sender_address}");
    }
    let other = Owner { group: Some("sales"), depositor: Some("mail-link"), sender_address: "sato2@acme.example" };
    assert!(may_approve(sato, &groups, other));
}
