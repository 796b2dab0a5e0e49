#![allow(clippy::unwrap_used)]
use fubako_base::ids::{AccountId, LinkId};
use fubako_store::accounts::Account;

use super::*;

const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

fn all() -> Vec<Access> {
    let subset = |bits: usize| {
        let ways: Vec<Way> = (0..3).filter(|bit| bits & (1 << bit) != 0).map(|bit| Way::ALL[bit]).collect();
        Access::of(&ways).unwrap()
    };
    (1..8).map(subset).collect()
}

fn group(access: Option<Access>) -> Group {
    Group {
        section: "acme".parse().unwrap(),
        name: "g".into(),
        mail_link: true,
        approval: None,
        approvers: None,
        access,
    }
}

// spec: ACCESS
#[test]
fn a_group_s_ways_come_before_the_section_s() {
    for of_section in all() {
        let settings = Settings { access: of_section, ..Settings::default() };
        assert_eq!(allowed(&settings, None), of_section);
        assert_eq!(allowed(&settings, Some(&group(None))), of_section);
        for of_group in all() {
            assert_eq!(allowed(&settings, Some(&group(Some(of_group)))), of_group);
        }
    }
    // The default of a new section is what customers know.
    assert_eq!(allowed(&Settings::default(), None).ways().collect::<Vec<_>>(), [Way::PasswordInMail]);
}

// spec: ACCESS
#[test]
fn without_a_password_no_password_opens() {
    for access in all() {
        assert_eq!(noted(access, true), Ok(access));
        let others: Vec<Way> = access.ways().filter(|way| *way != Way::PasswordInMail).collect();
        match noted(access, false) {
            Ok(noted) => assert_eq!(noted.ways().collect::<Vec<_>>(), others),
            Err(Invalid(text)) => assert!(others.is_empty() && text.contains("password"), "{text}"),
        }
    }
}

/// Ways × whether anything may be tried × whether the browser has a code.
// spec: ACCESS
#[test]
fn the_whole_table_of_what_is_offered() {
    let later = NOW.plus_seconds(60);
    let mut rows = 0;
    for access in all() {
        let [password, code, account] = Way::ALL.map(|way| access.allows(way));
        for has_code in [false, true] {
            for turn in [Turn::Now, Turn::Wait(later)] {
                let wanted = Offer { password, ask: code, code: code && has_code, account };
                assert_eq!(offer(access, turn, has_code), wanted, "{access:?} {turn:?} {has_code}");
                rows += 1;
            }
            // Locked: nothing that could be guessed, and no code that could not be used.
            let wanted = Offer { account, ..Offer::default() };
            assert_eq!(offer(access, Turn::Locked(later), has_code), wanted, "{access:?} {has_code}");
            rows += 1;
        }
    }
    assert_eq!(rows, 42);
}

// spec: ACCESS
#[test]
fn codes_are_mailed_so_often_and_no_more() {
    let ago = |seconds: i64| NOW.plus_seconds(-seconds);
    let times = |count: i64, first: i64| (0..count).map(|n| ago(first + n)).collect::<Vec<_>>();
    let ask = |for_link: Vec<Timestamp>, to_address: Vec<Timestamp>| may_mail(&Mailed { for_link, to_address }, NOW);
    assert_eq!(ask(vec![], vec![]), Ok(()));
    assert_eq!(ask(times(1, 29), times(1, 29)), Err(NOW.plus_seconds(1)));
    assert_eq!(ask(times(1, 30), times(1, 30)), Ok(()));
    // To the address, for other links, there is no pause.
    assert_eq!(ask(vec![], times(19, 1)), Ok(()));
    assert_eq!(ask(times(4, 100), vec![]), Ok(()));
    // The fifth of five that count goes first: it is the oldest.
    assert_eq!(ask(times(5, 100), vec![]), Err(ago(104).plus_seconds(3600)));
    assert_eq!(ask(times(9, 100), vec![]), Err(ago(104).plus_seconds(3600)));
    assert_eq!(ask(times(5, 3596), vec![]), Ok(()), "one of the five is an hour old");
    assert_eq!(ask(vec![], times(20, 50)), Err(ago(69).plus_seconds(3600)));
    // What lasts longest counts.
    assert_eq!(ask(times(1, 10), times(20, 50)), Err(ago(69).plus_seconds(3600)));
}

// spec: ACCESS
#[test]
fn a_code_is_good_in_its_browser_for_its_time_and_its_tries() {
    let code = Code {
        link: LinkId::generate(),
        browser_hash: [1; 32],
        code_hash: [2; 32],
        made_at: NOW,
        until: code_until(NOW),
        tries: CODE_TRIES - 1,
    };
    let end = NOW.plus_seconds(600);
    let is_current = |code: Code, browser, now| current(Some(code), browser, now).is_some();
    assert!(is_current(code.clone(), Some([1; 32]), NOW));
    assert!(is_current(code.clone(), Some([1; 32]), Timestamp(end.0 - 1)));
    assert!(!is_current(code.clone(), Some([1; 32]), end), "its time is over");
    assert!(!is_current(code.clone(), Some([3; 32]), NOW), "another browser");
    assert!(!is_current(code.clone(), None, NOW), "a browser that asked for none");
    assert!(!is_current(Code { tries: CODE_TRIES, ..code }, Some([1; 32]), NOW), "too many tries");
    assert!(current(None, Some([1; 32]), NOW).is_none());
}

fn known(section: Option<&str>, address: &str) -> Known {
    let account = Account {
        id: AccountId::generate(),
        section: section.map(|id| id.parse().unwrap()),
        login_id: "x".into(),
        member: None,
        address: address.into(),
        name: String::new(),
        administrator: true,
        approver: true,
        password_hash: Some("$argon2id$".into()),
        password_set_at: Some(NOW),
        never_expires: true,
        reset_at: None,
        failures: 0,
        locked_at: None,
        invitation_until: None,
        second_factor_at: None,
    };
    Known { account, section: None }
}

/// Whose domain the account's address is of × to whom it was sent × which section sent.
// spec: ACCESS
#[test]
fn an_account_receives_where_its_section_may_say_whose_an_address_is() {
    let (acme, beta): (SectionId, SectionId) = ("acme".parse().unwrap(), "beta".parse().unwrap());
    let (own, others, nobodys) = (Some(&beta), Some(&acme), None);
    for (address, home, recipient, from_acme, from_beta) in [
        // An address of the section's own domains: whoever sends.
        ("jiro@beta.example", own, "jiro@beta.example", true, true),
        ("Jiro@beta.example", own, "jiro@BETA.example.", true, true),
        ("jiro@beta.example", own, "\"jiro\"@beta.example", true, true),
        ("jiro@xn--wgv71a.example", own, "jiro@日本.example", true, true),
        // Somebody else's address that an administrator entered: what their own section sends, and no more.
        ("hanako@outside.example", nobodys, "hanako@outside.example", false, true),
        ("taro@acme.example", others, "taro@acme.example", false, true),
        // Sent to another.
        ("jiro@beta.example", own, "saburo@beta.example", false, false),
        ("jiro@beta.example", own, "jiro@sub.beta.example", false, false),
        ("jiro@beta.example", own, "jiro+tag@beta.example", false, false),
        ("jiro@beta.example", own, "", false, false),
    ] {
        let row = format!("{address} of {home:?} opens what was sent to {recipient}");
        let receiver = Receiver::of(&known(Some("beta"), address), home).unwrap();
        assert_eq!(receiver.receives(&acme, recipient), from_acme, "{row}");
        assert_eq!(receiver.receives(&beta, recipient), from_beta, "{row}");
    }
    for home in [own, nobodys] {
        assert_eq!(Receiver::of(&known(None, "root@beta.example"), home), None, "an operator");
    }
}
