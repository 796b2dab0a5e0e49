#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn entered(part: Part, more: &[(&'static str, &str)]) -> Fields {
    let mut fields = of_part(&Settings::default(), part);
    for (name, text) in more {
        fields.iter_mut().find(|(field, _)| field == name).unwrap().1 = (*text).to_owned();
    }
    fields
}

// spec: X-ADMIN
#[test]
fn every_setting_is_an_administrator_s_or_the_operator_s() {
    let mut named: Vec<&str> = FIELDS.iter().map(|field| field.name).chain(OPERATORS).collect();
    let mut all: Vec<String> = values(&Settings::default()).keys().cloned().collect();
    named.sort_unstable();
    all.sort_unstable();
    assert_eq!(named, all);
    for part in Part::ALL {
        assert_eq!(Part::called(part.word()), Some(part));
        assert!(part.fields().count() > 0, "{part:?}");
    }
    assert_eq!(Part::called(""), None);
}

// spec: X-ADMIN
#[test]
fn the_defaults_are_good_and_their_form_says_what_they_are() {
    assert_eq!(check(&Settings::default()), []);
    for part in Part::ALL {
        let again = read(&Settings::default(), part, &of_part(&Settings::default(), part)).unwrap();
        assert_eq!(again, Settings::default(), "{part:?}");
    }
}

// spec: X-ADMIN
#[test]
fn what_is_entered_is_read_by_its_kind_and_nothing_else_is_touched() {
    let there = Settings { max_files: 3, link_url: Some("https://a.example".to_owned()), ..Settings::default() };
    let form = entered(
        Part::Recipients,
        &[
            ("access", "account\none-time-code"),
            ("keep_days", " １４ "),
            ("allowed_destinations", "a.example\r\n\r\n *.b.example \n"),
            ("free_tries", "0"),
        ],
    );
    let read_in = read(&there, Part::Recipients, &form).unwrap();
    assert_eq!(read_in.access.ways().collect::<Vec<_>>(), [Way::OneTimeCode, Way::Account]);
    assert_eq!((read_in.keep_days, read_in.free_tries), (14, 0));
    assert_eq!(read_in.allowed_destinations, ["a.example", "*.b.example"]);
    assert_eq!((read_in.max_files, &read_in.link_url), (3, &there.link_url));
    let files = read(&there, Part::Files, &entered(Part::Files, &[("open_tnef", ""), ("names", "all")])).unwrap();
    assert!(!files.open_tnef);
    let people = &[("password_days", "90"), ("screen_networks", "192.0.2.7\n2001:db8::/32")];
    let people = read(&there, Part::People, &entered(Part::People, people)).unwrap();
    assert_eq!((people.password_days, people.screen_networks.0.len()), (Some(90), 2));
    let never = read(&people, Part::People, &entered(Part::People, &[("password_days", " ")])).unwrap();
    assert_eq!((never.password_days, never.screen_networks.0.len()), (None, 0));
    let notice = read(&there, Part::Notice, &entered(Part::Notice, &[("notice_wording", "a\r\nb\r\n")])).unwrap();
    assert_eq!(notice.notice_wording.as_deref(), Some("a\nb"));
    let changed = differences(&there, &read_in);
    let keep = changed.iter().find(|(name, ..)| name == "keep_days").unwrap();
    assert_eq!((keep.1.as_str(), keep.2.as_str()), ("7", "14"));
    let allowed = changed.iter().find(|(name, ..)| name == "allowed_destinations").unwrap();
    assert_eq!(allowed.2, "a.example, *.b.example");
    assert_eq!(changed.len(), 4, "and nothing else: {changed:?}");
}

/// What is entered in a field, and what is wrong with it.
fn wrongs() -> Vec<(Part, &'static str, String, Fault)> {
    let number = |least, most| Fault::Number { least, most };
    let own = |text: &str| text.to_owned();
    vec![
        (Part::Recipients, "access", own(""), Fault::NoneChosen),
        (Part::Recipients, "access", own("password"), Fault::NoneChosen),
        (Part::Recipients, "keep_days", own("0"), number(1, 365)),
        (Part::Recipients, "keep_days", own(""), number(1, 365)),
        (Part::Recipients, "keep_days", own("seven"), number(1, 365)),
        (Part::Recipients, "keep_days", own("7.5"), number(1, 365)),
        (Part::Recipients, "keep_days", own("-7"), number(1, 365)),
        (Part::Recipients, "keep_days", own("99999999999999999999"), number(1, 365)),
        (Part::Recipients, "longest_keep_days", own("366"), number(1, 365)),
        (Part::Recipients, "max_recipients", own("1001"), number(1, 1000)),
        (Part::Recipients, "free_tries", own("11"), Fault::FewerTries),
        (Part::Recipients, "max_tries", own("0"), number(1, 1000)),
        (Part::Recipients, "lock_minutes", own("0"), number(1, 525_600)),
        (Part::Recipients, "allowed_destinations", own("a.example\na b"), Fault::NoDestination(own("a b"))),
        (Part::Recipients, "denied_destinations", own("x@"), Fault::NoDestination(own("x@"))),
        (Part::Recipients, "denied_destinations", own("@a.example"), Fault::NoDestination(own("@a.example"))),
        (Part::Recipients, "denied_destinations", own("*@a.example"), Fault::NoDestination(own("*@a.example"))),
        (Part::Recipients, "denied_destinations", own("x@*.a.example"), Fault::NoDestination(own("x@*.a.example"))),
        (Part::Recipients, "denied_destinations", "a.example\n".repeat(1001), Fault::TooManyEntries),
        (Part::Files, "max_files", own("1001"), number(1, 1000)),
        (Part::Files, "max_subject", own("2001"), number(1, 2000)),
        (Part::Files, "names", own("none"), Fault::NoneOfThese),
        (Part::Files, "forbidden_names", "x".repeat(321), Fault::LongEntry),
        (Part::Files, "encrypted_files", own(""), Fault::NoneOfThese),
        (Part::Approval, "approval", own("two"), Fault::NoneOfThese),
        (Part::Approval, "approval_days", own("61"), number(1, 60)),
        (Part::People, "password_length", own("7"), number(8, 64)),
        (Part::People, "password_days", own("0"), number(1, 3650)),
        (Part::People, "sign_in_tries", own("0"), number(1, 1000)),
        (Part::People, "screen_networks", own("office"), Fault::NoNetwork(own("office"))),
        (
            Part::People,
            "api_networks",
            own("192.0.2.9/24"),
            Fault::BeyondNetwork(own("192.0.2.9/24"), own("192.0.2.0/24")),
        ),
        (Part::Notice, "language", own("fr"), Fault::NoneOfThese),
        (Part::Notice, "time_zone", own("Mars"), Fault::NoZone(own("Mars"))),
        (Part::Notice, "notice_wording", "あ".repeat(2001), Fault::LongText),
    ]
}

// spec: X-ADMIN
#[test]
fn the_least_and_the_most_of_each_number_can_be_had() {
    for field in &FIELDS {
        let (Kind::Number(range) | Kind::NumberOrNone(range)) = &field.kind else { continue };
        for number in [range.start(), range.end()] {
            let there = Settings { max_tries: 1_000, free_tries: 0, ..Settings::default() };
            let mut form = of_part(&there, field.part);
            form.iter_mut().find(|(name, _)| *name == field.name).unwrap().1 = number.to_string();
            let settings = read(&there, field.part, &form).unwrap();
            assert_eq!(values(&settings).get(field.name), Some(&Value::from(*number)), "{}", field.name);
        }
    }
}

// spec: X-ADMIN
#[test]
fn what_is_wrong_is_said_of_its_field() {
    for (part, field, text, fault) in wrongs() {
        let found = read(&Settings::default(), part, &entered(part, &[(field, &text)])).unwrap_err();
        let place = if fault == Fault::FewerTries { "max_tries" } else { field };
        assert_eq!(found, [Found { field: place, fault }], "{field} {text:?}");
    }
    // All at once, in the order of the form.
    let form = entered(Part::Recipients, &[("lock_minutes", "0"), ("access", ""), ("denied_destinations", "-")]);
    let found = read(&Settings::default(), Part::Recipients, &form).unwrap_err();
    assert_eq!(
        found.iter().map(|one| one.field).collect::<Vec<_>>(),
        ["access", "denied_destinations", "lock_minutes"]
    );
}

// spec: X-ADMIN
#[test]
fn what_another_part_has_keeps_nobody_from_a_change_of_this_one() {
    let there = Settings { lock_minutes: 0, ..Settings::default() };
    assert!(read(&there, Part::Notice, &entered(Part::Notice, &[("time_zone", "Europe/Paris")])).is_ok());
    assert!(read(&there, Part::Recipients, &of_part(&there, Part::Recipients)).is_err());
}

// spec: RCV-TENANT X-NOTICE
#[test]
fn the_operator_s_own_are_checked_too() {
    let good = Settings::default();
    let of = |settings: Settings| check(&settings).into_iter().map(|found| found.to_string()).collect::<Vec<_>>();
    for (settings, said) in [
        (Settings { max_deposit_size: 0, ..good.clone() }, "max_deposit_size"),
        (Settings { max_deposit_size: MOST_SIZE + 1, ..good.clone() }, "max_deposit_size"),
        (Settings { link_url: Some("https://a.example/x".to_owned()), ..good.clone() }, "link_url"),
        (Settings { link_url: Some("http://a.example".to_owned()), ..good.clone() }, "link_url"),
        (Settings { secret_header: Some("Content-Type".to_owned()), ..good.clone() }, "secret_header"),
        (Settings { secret_header: Some("X Y".to_owned()), ..good.clone() }, "secret_header"),
        (Settings { proof: Proof::SecretHeader, ..good.clone() }, "secret_header must be set where"),
    ] {
        let [line] = &of(settings)[..] else { panic!("{said}") };
        assert!(line.starts_with(&format!("settings.{said}")), "{line}");
    }
    let held = Settings { proof: Proof::SecretHeader, secret_header: Some("X-Acme".to_owned()), ..good };
    assert!(of(held).is_empty());
}

// spec: X-ADMIN
#[test]
fn a_declaration_says_what_it_names_and_leaves_the_rest() {
    let there = Settings { keep_days: 14, max_files: 3, password_days: Some(90), ..Settings::default() };
    let declared = Settings { max_files: 5, ..Settings::default() };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let over = put_over(&there, &declared, &named(&["max_files", "password_in_mail"])).unwrap();
    assert_eq!(over, Settings { max_files: 5, ..there.clone() });
    assert_eq!(put_over(&there, &declared, &[]).unwrap(), there);
    assert_eq!(put_over(&there, &declared, &named(&["password_days"])).unwrap().password_days, None);
}
