#![allow(clippy::unwrap_used, clippy::panic)]
use super::{super::members::fields::mark, *};

fn acme() -> Section {
    Section {
        id: "acme".parse().unwrap(),
        name: "アクメ商事".to_owned(),
        enabled: true,
        mail_link: true,
        autopilot: false,
        domains: vec!["acme.example".to_owned()],
        settings: Settings { keep_days: 3, ..Settings::default() },
    }
}

fn new() -> NewSection {
    NewSection {
        id: "neu".to_owned(),
        entered: Entered {
            name: "新会社".to_owned(),
            mail_link: true,
            autopilot: false,
            domains: "Neu.example\n営業.example".to_owned(),
            size: "5".to_owned(),
            unit: "GB".to_owned(),
        },
        login_id: "kanri".to_owned(),
        address: "Kanri@営業.example".to_owned(),
    }
}

// spec: X-OPERATOR
#[test]
fn what_the_form_has_is_what_there_is() {
    let there = acme();
    let entered = Entered::of(&there);
    assert_eq!((entered.size.as_str(), entered.unit.as_str()), ("2", "GB"));
    assert_eq!(read(&there, &entered), (there.clone(), vec![]));
    assert_eq!(differences(&there, &there), []);
    let entered = Entered {
        name: " 新しい名前 ".to_owned(),
        mail_link: false,
        autopilot: true,
        domains: "営業.example\r\n\r\n ACME.example\nacme.example".to_owned(),
        size: "５００".to_owned(),
        unit: "MB".to_owned(),
    };
    let (section, found) = read(&there, &entered);
    assert_eq!(found, []);
    assert_eq!((section.name.as_str(), section.mail_link, section.autopilot), ("新しい名前", false, true));
    assert_eq!(section.domains, ["acme.example", "xn--j2rs27b.example"]);
    // What its administrators decide stays.
    assert_eq!(section.settings, Settings { max_deposit_size: 500 << 20, ..there.settings.clone() });
    let texts = |(name, old, new): (String, String, String)| format!("{name}: {old} → {new}");
    assert_eq!(
        differences(&there, &section).into_iter().map(texts).collect::<Vec<_>>(),
        [
            "name: アクメ商事 → 新しい名前",
            "domains: acme.example → acme.example, xn--j2rs27b.example",
            "mail_link: yes → no",
            "autopilot: no → yes",
            "max_deposit_size: 2147483648 → 524288000",
        ]
    );
    let off = Section { enabled: false, ..there.clone() };
    assert_eq!(differences(&there, &off).into_iter().map(texts).collect::<Vec<_>>(), ["enabled: yes → no"]);
    // Who has the form open is not disturbed by that it was switched off, nor by what its administrators set.
    let others = Section { enabled: false, settings: Settings { keep_days: 9, ..there.settings.clone() }, ..acme() };
    assert_eq!(mark(&of_section(&there)), mark(&of_section(&others)));
    for changed in [
        Section { name: "x".to_owned(), ..acme() },
        Section { mail_link: false, ..acme() },
        Section { autopilot: true, ..acme() },
        Section { domains: vec![], ..acme() },
        Section { settings: Settings { max_deposit_size: 1, ..there.settings.clone() }, ..acme() },
    ] {
        assert_ne!(mark(&of_section(&there)), mark(&of_section(&changed)), "{changed:?}");
    }
}

// spec: X-OPERATOR
#[test]
fn a_size_is_octets_in_a_unit_of_1024() {
    for (octets, shown) in [
        (1, (1, "B")),
        (1000, (1000, "B")),
        (1024, (1, "KB")),
        (1536, (1536, "B")),
        (1_500_000_000, (1_500_000_000, "B")),
        (500 << 20, (500, "MB")),
        (2 << 30, (2, "GB")),
        (1 << 50, (1024, "TB")),
    ] {
        let (size, unit) = in_unit(octets);
        assert_eq!((size, unit), shown);
        assert_eq!(read_size(&size.to_string(), unit), Some(octets));
    }
    for (size, unit) in [
        ("", "GB"),
        ("0", "GB"),
        ("-1", "GB"),
        ("1.5", "GB"),
        ("1,024", "MB"),
        ("two", "GB"),
        ("1025", "TB"),
        ("99999999999999999999", "B"),
        ("18446744073709551615", "TB"),
        ("1", ""),
        ("1", "PB"),
        ("1", "gb"),
    ] {
        assert_eq!(read_size(size, unit), None, "{size} {unit}");
    }
}

// spec: X-OPERATOR
#[test]
fn all_that_is_wrong_is_found_at_once_and_stays_as_it_was() {
    let there = acme();
    let entered = Entered {
        name: " ".to_owned(),
        domains: "ok.example\nno domain\n*.acme.example\n-a.example".to_owned(),
        size: "0".to_owned(),
        unit: "GB".to_owned(),
        ..Entered::of(&there)
    };
    let (section, found) = read(&there, &entered);
    assert_eq!(section, there);
    let fault = |field, fault| Found { field, fault };
    assert_eq!(
        found,
        [
            fault("name", Fault::Name),
            fault("domains", Fault::NoDomain("no domain".to_owned())),
            fault("domains", Fault::WildDomain("*.acme.example".to_owned())),
            fault("domains", Fault::NoDomain("-a.example".to_owned())),
            fault("max_deposit_size", Fault::Size),
        ]
    );
    assert_eq!(in_order(found.iter().rev().cloned().collect()).first().unwrap().field, "name");
    let many: Vec<String> = (0..=MOST_DOMAINS).map(|n| format!("d{n}.example")).collect();
    assert_eq!(read_domains(&many.join("\n")), Err(vec![Fault::TooManyDomains]));
    assert_eq!(read_domains(&many[1..].join("\n")).unwrap().len(), MOST_DOMAINS);
    assert_eq!(read_domains(&"no domain\n".repeat(5_000)).unwrap_err().len(), members::MOST_FAULTS);
    for (name, fits) in [
        ("あ".repeat(LONGEST_NAME), true),
        ("あ".repeat(LONGEST_NAME + 1), false),
        ("a\nb".to_owned(), false),
        ("\u{3000}".to_owned(), false),
        ("\u{200d}\u{200c}".to_owned(), false),
        ("acme\u{200b}".to_owned(), false),
        ("\u{3164}".to_owned(), false),
        ("acme\u{202e}emca".to_owned(), false),
        ("acme\u{2028}x".to_owned(), false),
        ("👨\u{200d}👩 葛\u{e0100}城".to_owned(), true),
    ] {
        assert_eq!(is_name(&name), fits, "{name:?}");
    }
}

// spec: X-OPERATOR X-ACCOUNTS
#[test]
fn a_new_section_has_defaults_and_an_administrator() {
    let (section, user, found) = read_new(&new());
    assert_eq!(found, []);
    assert!(section.enabled && section.mail_link && !section.autopilot);
    assert_eq!(section.settings, Settings { max_deposit_size: 5 << 30, ..Settings::default() });
    assert_eq!(section.domains, ["neu.example", "xn--j2rs27b.example"]);
    assert_eq!((user.section.as_str(), user.login_id.as_str(), user.administrator), ("neu", "kanri", true));
    assert_eq!(user.address, "Kanri@xn--j2rs27b.example");
    let administrator = |fault| Fault::Administrator(fault);
    for (wanted, field, fault) in [
        (NewSection { id: String::new(), ..new() }, "id", Fault::Id),
        (NewSection { id: "Neu".to_owned(), ..new() }, "id", Fault::Id),
        (NewSection { id: "-neu".to_owned(), ..new() }, "id", Fault::Id),
        (NewSection { id: "n".repeat(65), ..new() }, "id", Fault::Id),
        (NewSection { id: "installation".to_owned(), ..new() }, "id", Fault::OwnId),
        (NewSection { login_id: String::new(), ..new() }, "login_id", administrator(members::Fault::LoginId)),
        (NewSection { login_id: "a b".to_owned(), ..new() }, "login_id", administrator(members::Fault::LoginId)),
        (NewSection { address: "kanri".to_owned(), ..new() }, "address", administrator(members::Fault::Address)),
        (NewSection { address: String::new(), ..new() }, "address", administrator(members::Fault::Address)),
    ] {
        assert_eq!(read_new(&wanted).2, [Found { field, fault }], "{wanted:?}");
    }
    let nothing = read_new(&NewSection::default()).2;
    let fields: Vec<&str> = nothing.iter().map(|found| found.field).collect();
    assert_eq!(fields, ["id", "name", "max_deposit_size", "login_id", "address"]);
}
