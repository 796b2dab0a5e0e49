#![allow(clippy::unwrap_used)]
use super::*;

fn deposit() -> NewDeposit {
    NewDeposit {
        section: "acme".parse().unwrap(),
        sender_address: "taro@acme.example".into(),
        sender_name: "山田 太郎".into(),
        subject: "見積書".into(),
        message: String::new(),
        lang: None,
        recipients: vec!["a@b.example".into()],
        password: Some(FilePassword::from_kept("12345678".into())),
        file_count: 1,
        message_id: None,
    }
}

// spec: MAIL-DEPOSIT
#[test]
fn a_deposit_that_is_as_it_must_be() {
    assert_eq!(check_deposit(&deposit()), Ok(()));
    let full = NewDeposit {
        recipients: (0..1_000).map(|n| format!("r{n}@b.example")).collect(),
        subject: "件".repeat(2_000),
        password: Some(FilePassword::from_kept("密".repeat(128))),
        file_count: 1_000,
        ..deposit()
    };
    assert_eq!(check_deposit(&full), Ok(()));
}

// spec: MAIL-DEPOSIT
#[test]
fn a_deposit_past_any_limit_is_refused() {
    type Change = Box<dyn Fn(&mut NewDeposit)>;
    let cases: [(&str, Change); 12] = [
        ("1 to 1000 recipients", Box::new(|d| d.recipients.clear())),
        ("1 to 1000 recipients", Box::new(|d| d.recipients = (0..1_001).map(|n| format!("r{n}@b.example")).collect())),
        ("recipient 2 stands there twice", Box::new(|d| d.recipients.push("A@B.EXAMPLE".into()))),
        (
            "recipient 2 stands there twice",
            Box::new(|d| d.recipients = vec!["a@日本語.example".into(), "a@xn--wgv71a119e.example".into()]),
        ),
        ("recipient 1 is not", Box::new(|d| d.recipients = vec!["nobody".into()])),
        ("subject", Box::new(|d| d.subject = "x".repeat(2_001))),
        ("name", Box::new(|d| d.sender_name = "x".repeat(2_001))),
        ("password", Box::new(|d| d.password = Some(FilePassword::from_kept("1234567".into())))),
        ("password", Box::new(|d| d.password = Some(FilePassword::from_kept("x".repeat(129))))),
        ("white space", Box::new(|d| d.password = Some(FilePassword::from_kept(" 12345678".into())))),
        ("1 to 1000 files", Box::new(|d| d.file_count = 0)),
        ("1 to 1000 files", Box::new(|d| d.file_count = 1_001)),
    ];
    for (wanted, change) in cases {
        let mut changed = deposit();
        change(&mut changed);
        let Invalid(text) = check_deposit(&changed).unwrap_err();
        assert!(text.contains(wanted), "{text:?} does not say {wanted:?}");
        assert!(!text.contains(changed.password.unwrap().expose()), "the password stands in {text:?}");
    }
}

// spec: 3.4
#[test]
fn addresses_as_they_are_met() {
    let longest = format!("{}@b.example", "a".repeat(244));
    for good in ["a@b", "a..b@carrier.example", "a.@carrier.example", "\"a b@c\"@d.example", "文@例え.jp", &longest]
    {
        assert!(is_address(good), "{good}");
    }
    let long = format!("{longest}x");
    for bad in [
        "",
        "@",
        "a@",
        "@b",
        "a b@c",
        "a@b c",
        "<a@b>",
        "a@b>",
        "a,b@c",
        "a@b@c",
        "\"@b",
        "a\n@b",
        "\"a\r\n\"@b",
        &long,
    ] {
        assert!(!is_address(bad), "{bad}");
    }
}

#[test]
fn a_file_has_a_number_a_name_and_a_type() {
    let file = |number, name: &str, media_type: &str| {
        let file = NewFile { number, name: name.into(), media_type: media_type.into() };
        check_file(&file, 3).is_ok()
    };
    assert!(file(1, "a", "text/plain"));
    assert!(file(3, "../<b>\u{202e}\"😀", "application/vnd.ms-excel.sheet+xml"));
    assert!(file(1, &"x".repeat(255), "a/b"));
    assert!(!file(0, "a", "text/plain"));
    assert!(!file(4, "a", "text/plain"));
    for name in ["", "a\nb", "a\0", &"x".repeat(256), &"あ".repeat(86)] {
        assert!(!file(1, name, "text/plain"), "{name:?}");
    }
    for kind in ["", "text", "/", "text/", "text/plain; charset=utf-8", "te xt/plain", "a/b/c", "a/b\r\nX: y"] {
        assert!(!file(1, "a", kind), "{kind:?}");
    }
}

/// A section with these switches.
pub(super) fn section(mail_link: bool, autopilot: bool) -> Section {
    Section {
        id: "acme".parse().unwrap(),
        name: "Acme".into(),
        enabled: true,
        mail_link,
        autopilot,
        domains: vec![],
        settings: Settings::default(),
    }
}

// spec: MAIL-SENDER, X-API
#[test]
fn only_a_section_with_both_switches_on_deposits() {
    assert_eq!(may_deposit(&section(true, true), Whence::Within, &[]), Ok(()));
    assert_eq!(may_deposit(&section(false, true), Whence::Within, &[]), Err(Code::OptionOff));
    assert_eq!(may_deposit(&section(true, false), Whence::Within, &[]), Err(Code::AutopilotOff));
    // Who comes over the network comes from a network that the section names, where it names any.
    let mut named = section(true, true);
    let from = |address: &str| Whence::Address(address.parse().unwrap());
    assert_eq!(may_deposit(&named, from("198.51.100.1"), &[]), Ok(()));
    named.settings.screen_networks.0.push("203.0.113.0/24".parse().unwrap());
    assert_eq!(may_deposit(&named, from("198.51.100.1"), &[]), Ok(()), "the screens' list is another");
    named.settings.api_networks.0.push("192.0.2.0/24".parse().unwrap());
    assert_eq!(may_deposit(&named, from("198.51.100.1"), &[]), Err(Code::IpNotAllowed));
    assert_eq!(may_deposit(&named, from("::ffff:192.0.2.9"), &[]), Ok(()));
    assert_eq!(may_deposit(&named, Whence::Within, &[]), Ok(()));
    named.settings.link_url = Some("https://files.acme.example".to_owned());
    assert_eq!(may_deposit(&named, from("198.51.100.1"), &[]), Err(Code::IpNotAllowed));
    assert_eq!(may_deposit(&named, Whence::Within, &[]), Err(Code::WrongDomain));
    assert_eq!(may_deposit(&named, Whence::Within, &["files.acme.example".to_owned()]), Ok(()));
    named.autopilot = false;
    assert_eq!(may_deposit(&named, from("198.51.100.1"), &[]), Err(Code::AutopilotOff));
}

/// What happens at each of a row of wrong passwords, each tried as soon as it may be: seconds waited, tries left.
fn row_of_failures(settings: &Settings, count: u32) -> Vec<(i64, u32)> {
    let mut now = Timestamp(0);
    (0..count)
        .map(|failures| {
            let cost = cost_of_failure(settings, failures, now);
            let next = cost.next_try_at.unwrap_or(now);
            let waited = (next.0 - now.0) / 1_000_000;
            if waited > 0 {
                let early = turn(settings, failures + 1, cost.next_try_at, Timestamp(next.0 - 1));
                assert_eq!(early, if cost.tries_left == 0 { Turn::Locked(next) } else { Turn::Wait(next) });
            }
            assert_eq!(turn(settings, failures + 1, cost.next_try_at, next), Turn::Now);
            now = next;
            (waited, cost.tries_left)
        })
        .collect()
}

// spec: X-RECEIVE
#[test]
fn wrong_passwords_are_slowed_and_then_locked() {
    let row = row_of_failures(&Settings::default(), 12);
    let waits = [0, 0, 2, 4, 8, 16, 32, 60, 60, 3600, 3600, 3600];
    let left = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0];
    assert_eq!(row, waits.into_iter().zip(left).collect::<Vec<_>>());
}

#[test]
fn odd_settings_never_leave_a_link_without_a_limit() {
    let none_free = Settings { free_tries: 0, max_tries: 0, lock_minutes: 0, ..Settings::default() };
    assert_eq!(row_of_failures(&none_free, 2), [(60, 0), (60, 0)]);
    let slow = Settings { free_tries: 1, max_tries: 1_000, ..Settings::default() };
    let row = row_of_failures(&slow, 200);
    assert_eq!(row[..3], [(2, 999), (4, 998), (8, 997)]);
    assert!(row[6..].iter().all(|(wait, _)| *wait == 60));
    let at_the_end = cost_of_failure(&Settings::default(), u32::MAX, Timestamp(0));
    assert_eq!(at_the_end.tries_left, 0);
}

// spec: X-EXPIRY
#[test]
fn a_session_ends_with_the_files() {
    let now = Timestamp(0);
    let soon = now.plus_seconds(60);
    assert_eq!(session_until(soon, now), soon);
    assert_eq!(session_until(now.plus_seconds(7 * 86_400), now), now.plus_seconds(12 * 3600));
}
