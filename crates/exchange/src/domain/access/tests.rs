#![allow(clippy::unwrap_used)]
use fubako_base::ids::LinkId;

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
