#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

const ACME: &str = r#"
    [[section]]
    id = "acme"
    name = "アクメ商事"
    mail_link = true
    domains = ["Acme.example", "営業.example"]
    settings = { keep_days = 14 }
    [[section.group]]
    name = "営業部"
    mail_link = true
    [[section.user]]
    login_id = "tanaka"
    address = "tanaka@acme.example"
    group = "営業部"
"#;

fn as_applied(declared: &Declaration) -> Current {
    let mut current = Current::default();
    for (change, _) in changes(&current.clone(), declared, false) {
        match change {
            Change::PutSection(section) => current.sections.push(*section),
            Change::PutGroup(group) => current.groups.push(group),
            Change::PutUser(user) => current.users.push(user),
            Change::RemoveGroup(..) | Change::RemoveUser(..) | Change::PutSecret(..) => unreachable!(),
        }
    }
    current
}

#[test]
fn the_second_time_changes_nothing() {
    let declared = Declaration::parse(ACME).unwrap();
    let current = as_applied(&declared);
    assert_eq!(current.sections[0].domains, ["acme.example", "xn--j2rs27b.example"]);
    assert_eq!((current.groups.len(), current.users.len()), (1, 1));
    assert!(changes(&current, &declared, true).is_empty());
}

#[test]
fn a_difference_is_shown_line_by_line() {
    let current = as_applied(&Declaration::parse(ACME).unwrap());
    let declared = Declaration::parse(&ACME.replace("keep_days = 14", "keep_days = 3")).unwrap();
    let changes = changes(&current, &declared, false);
    let [(Change::PutSection(_), line)] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(line, "~ section acme\n    - keep_days: 14\n    + keep_days: 3");
}

#[test]
fn only_pruning_removes() {
    let current = as_applied(&Declaration::parse(ACME).unwrap());
    let less = Declaration::parse(ACME.split("[[section.user]]").next().unwrap()).unwrap();
    assert!(changes(&current, &less, false).is_empty());
    assert_eq!(changes(&current, &less, true).len(), 1);
}

// spec: MAIL-SENDER
#[test]
fn a_section_whose_mail_would_be_stopped_is_warned_of() {
    let user = |rest: &str| format!("[[section.user]]\nlogin_id = \"d\"\naddress = \"d@acme.example\"\n{rest}\n");
    let said = |text: &str, current: &Current, prune| {
        let lines = warnings(current, &Declaration::parse(text).unwrap(), prune);
        lines.iter().map(|line| line.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()).collect::<Vec<_>>()
    };
    let none = Current::default();
    let all = format!("{ACME}{}", user("default_user = true\ngroup = \"営業部\""));
    assert!(said(&all, &none, false).is_empty());
    assert_eq!(said(ACME, &none, false), ["default-user-credentials"]);
    assert_eq!(said(&format!("{ACME}{}", user("default_user = true")), &none, false), ["default-user-no-group"]);
    let [bare, _] = ACME.split("[[section.group]]").collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(said(bare, &none, false), ["group-not-set"]);
    // What is there and not declared any more counts until it is pruned.
    let there = as_applied(&Declaration::parse(&all).unwrap());
    assert!(said(bare, &there, false).is_empty());
    assert_eq!(said(bare, &there, true), ["group-not-set"]);
    // A section whose mail is not taken at all.
    for off in
        [bare.replace("mail_link = true", "mail_link = false"), bare.replace("name =", "enabled = false\nname =")]
    {
        assert!(said(&off, &none, false).is_empty());
    }
}

// spec: X-APPROVAL
#[test]
fn approval_is_declared_and_a_group_without_an_approver_is_warned_of() {
    let with = |settings: &str, group: &str, user: &str| {
        let text = ACME
            .replace("keep_days = 14", settings)
            .replace("mail_link = true\n    [[section.user]]", &format!("mail_link = true\n{group}\n[[section.user]]"));
        format!(
            "{text}\n[[section.user]]\nlogin_id = \"d\"\naddress = \"d@acme.example\"\ndefault_user = true\ngroup = \"営業部\"\n{user}"
        )
    };
    let one = "approval = \"one\"";
    let declared = Declaration::parse(&with(
        "approval = \"one\", approval_days = 3",
        "approval = \"none\"\napprovers = [\"d\"]",
        "approver = true",
    ));
    let current = as_applied(&declared.unwrap());
    assert_eq!(
        (current.sections[0].settings.approval, current.sections[0].settings.approval_days),
        (ApprovalRule::One, 3)
    );
    assert_eq!(
        (current.groups[0].approval, current.groups[0].approvers.clone()),
        (Some(ApprovalRule::None), Some(vec!["d".to_owned()]))
    );
    assert_eq!(current.users.iter().map(|user| user.approver).collect::<Vec<_>>(), [false, true]);
    for (settings, group, user, warned) in [
        ("", "", "", false),
        (one, "", "", true),
        ("", one, "", true),
        (one, "approval = \"none\"", "", false),
        (one, "", "approver = true", false),
        (one, "approvers = []", "approver = true", true),
        (one, "approvers = [\"d\"]", "approver = true", false),
    ] {
        let declared = Declaration::parse(&with(settings, group, user)).unwrap();
        let lines = warnings(&Current::default(), &declared, false);
        assert_eq!(
            lines.iter().any(|line| line.ends_with("(approval-misconfigured)")),
            warned,
            "{settings} {group} {user} {lines:?}"
        );
    }
    for (settings, group, part) in [
        ("approval = \"two\"", "", "approval"),
        ("approval_days = 0", "", "approval_days must be 1 to 60"),
        ("approval_days = 61", "", "approval_days must be 1 to 60"),
        ("", "approvers = [\"d\"]", "\"d\" in approvers is no user with approver = true"),
        ("", "approvers = [\"x\"]", "\"x\" in approvers is no user with approver = true"),
    ] {
        let said = Declaration::parse(&with(settings, group, "")).err().unwrap_or_default();
        assert!(said.contains(part), "{said}");
    }
}

// spec: X-ADMIN
#[test]
fn what_is_not_named_stays_as_the_section_s_administrators_set_it() {
    let with = |settings: &str| Declaration::parse(&ACME.replace("keep_days = 14", settings)).unwrap();
    let mut current = as_applied(&with("keep_days = 14, password_days = 90"));
    current.sections[0].settings.max_files = 3;
    current.sections[0].settings.keep_days = 5;
    let settled = |settings: &str| with(settings).over(&current).unwrap().sections[0].settings.clone();
    let there = current.sections[0].settings.clone();
    assert_eq!(settled(""), there);
    assert!(changes(&current, &with("").over(&current).unwrap(), true).is_empty());
    // What is named is the operator's: it is set, and the line says what was.
    let named = with("keep_days = 14").over(&current).unwrap();
    assert_eq!(named.sections[0].settings, Settings { keep_days: 14, ..there.clone() });
    let [(_, line)] = &changes(&current, &named, false)[..] else { panic!() };
    assert_eq!(line, "~ section acme\n    - keep_days: 5\n    + keep_days: 14");
    // There is a word for none.
    assert_eq!(settled("password_days = 0"), Settings { password_days: None, ..there });
    for none in ["notice_wording", "link_url", "secret_header"] {
        current.sections[0].settings.notice_wording = Some("x".to_owned());
        current.sections[0].settings.link_url = Some("https://files.acme.example".to_owned());
        current.sections[0].settings.secret_header = Some("X-Acme".to_owned());
        let settings = with(&format!("{none} = \"\"")).over(&current).unwrap().sections[0].settings.clone();
        let kept = [&settings.notice_wording, &settings.link_url, &settings.secret_header].map(Option::is_some);
        assert_eq!(kept, ["notice_wording", "link_url", "secret_header"].map(|name| name != none), "{none}");
    }
}

// spec: X-OPERATOR
#[test]
fn what_is_not_named_of_a_section_stays_as_the_operator_set_it() {
    let bare = "[[section]]\nid = \"acme\"\nname = \"アクメ商事\"\n";
    let with = |more: &str| Declaration::parse(&format!("{bare}{more}")).unwrap();
    // A new one has the defaults.
    let made = with("").over(&Current::default()).unwrap().sections[0].section();
    assert_eq!((made.enabled, made.mail_link, made.autopilot, made.domains.len()), (true, false, false, 0));
    assert_eq!(made.settings, Settings::default());
    // On screens the operator has set all of it otherwise.
    let settings = Settings { max_deposit_size: 5 << 30, ..Settings::default() };
    let domains = vec!["acme.example".to_owned(), "more.example".to_owned()];
    let there = Section { enabled: false, mail_link: true, autopilot: true, domains, settings, ..made };
    let current = Current { sections: vec![there.clone()], ..Current::default() };
    let settled = |more: &str| with(more).over(&current).unwrap().sections[0].section();
    assert_eq!(settled(""), there);
    assert!(changes(&current, &with("").over(&current).unwrap(), true).is_empty());
    for (named, wanted) in [
        ("enabled = true", Section { enabled: true, ..there.clone() }),
        ("mail_link = false", Section { mail_link: false, ..there.clone() }),
        ("autopilot = false", Section { autopilot: false, ..there.clone() }),
        ("domains = []", Section { domains: vec![], ..there.clone() }),
        ("domains = [\"new.example\"]", Section { domains: vec!["new.example".to_owned()], ..there.clone() }),
        ("settings = { max_deposit_size = 2147483648 }", Section { settings: Settings::default(), ..there.clone() }),
    ] {
        assert_eq!(settled(named), wanted, "{named}");
        let line = &changes(&current, &with(named).over(&current).unwrap(), false)[0].1;
        assert!(line.starts_with("~ section acme\n    "), "{line}");
    }
    assert!(Declaration::parse("[[section]]\nid = \"acme\"").unwrap_err().contains("name"));
}

// spec: X-OPERATOR MAIL-RELAY
#[test]
fn dkim_keys_are_for_domains_that_the_section_has_named_or_not() {
    let keys = "dkim = [{ domain = \"acme.example\" }]";
    let with = |more: &str| Declaration::parse(&format!("[[section]]\nid = \"acme\"\nname = \"x\"\n{keys}\n{more}"));
    assert!(with("domains = [\"acme.example\"]").is_ok());
    assert!(with("domains = []").unwrap_err().contains("acme.example is not among its domains"));
    let declared = with("").unwrap();
    let refused = declared.over(&Current::default()).unwrap_err().to_string();
    assert_eq!(refused, "section acme: dkim: acme.example is not among its domains");
    let current = as_applied(&with("domains = [\"acme.example\"]").unwrap());
    assert!(declared.over(&current).is_ok());
}

// spec: X-ADMIN RCV-TENANT
#[test]
fn what_is_named_must_go_with_what_is_there() {
    let with = |settings: &str| Declaration::parse(&ACME.replace("keep_days = 14", settings)).unwrap();
    let refused = |declared: &Declaration, current: &Current| declared.over(current).unwrap_err().to_string();
    let proof = with("proof = \"secret-header\"");
    let said = refused(&proof, &Current::default());
    assert!(said.starts_with("section acme: settings.secret_header must be set where"), "{said}");
    let mut current = as_applied(&with("secret_header = \"X-Acme\""));
    assert!(proof.over(&current).is_ok());
    current.sections[0].settings.max_tries = 3;
    let said = refused(&with("free_tries = 4"), &current);
    assert_eq!(said, "section acme: settings.max_tries must be at least free_tries");
}

// spec: MAIL-SENDER
#[test]
fn an_account_s_domain_is_kept_as_a_labels() {
    let declared = Declaration::parse(&ACME.replace("tanaka@acme.example", "Tanaka@営業.Example")).unwrap();
    assert_eq!(as_applied(&declared).users[0].address, "Tanaka@xn--j2rs27b.example");
    assert_eq!(ascii_address("\"Tana\\ka\"@Acme.example").as_deref(), Ok("Tanaka@acme.example"));
}

#[test]
fn what_is_wrong_is_said() {
    for (bad, part) in [
        ("[[section]]\nid = \"A\"\nname = \"x\"", "id"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ncolour = 1", "colour"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"a b\"]", "domain"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"*.acme.example\"]", "those below it too"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"a_b.example\"]", "not a domain"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"-a.example\"]", "not a domain"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"acme.example.\"]", "not a domain"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [\"acme..example\"]", "not a domain"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { keep_days = 0 }", "keep_days"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { time_zone = \"Mars\" }", "time_zone"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\n[[section.user]]\nlogin_id = \"u\"\naddress = \"u\"", "address"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\n[[section]]\nid = \"a\"\nname = \"y\"", "twice"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { link_url = \"https://a.example/x\" }", "link_url"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { max_files = 0 }", "max_files"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { max_files = 1001 }", "max_files must be 1 to 1000"),
        (
            "[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { max_recipients = 1001 }",
            "max_recipients must be 1 to 1000",
        ),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { max_subject = 2001 }", "max_subject must be 1 to 2000"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { lock_minutes = 0 }", "lock_minutes"),
        ("[[section]]\nid = \"a\"\nname = \" \"", "name"),
        ("[[section]]\nid = \"a\"\nname = \"two\\nlines\"", "name"),
        (&format!("[[section]]\nid = \"a\"\nname = \"{}\"", "x".repeat(201)), "at most 200 characters"),
        (
            &format!("[[section]]\nid = \"a\"\nname = \"x\"\ndomains = [{}]", "\"a.example\",".repeat(1001)),
            "at most 1000",
        ),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { secret_header = \"Content-Type\" }", "secret_header"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { secret_header = \"from\" }", "secret_header"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { secret_header = \"X Y\" }", "secret_header"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { denied_destinations = [\"a b\"] }", "a b"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { link_url = \"http://a.example\" }", "link_url"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { password_in_mail = false }", "password_in_mail"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { access = [] }", "access"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = { proof = \"ip\" }", "proof"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsecret = \"too short\"", "20..=200"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsecret = []", "20..=200"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsecret = [\"0123456789abcdefghij\", \"\"]", "20..=200"),
        ("[[section]]\nid = \"a\"\nname = \"x\"\nsecret = \"with a space 0123456789\"", "visible"),
        ("[[section]]\nid = \"installation\"\nname = \"x\"", "own"),
    ] {
        let reason = Declaration::parse(bad).unwrap_err();
        assert!(reason.contains(part), "{bad}: {reason}");
    }
}

// spec: RCV-TENANT
#[test]
fn a_secret_is_not_shown() {
    const SECRET: &str = "0123456789abcdefghij";
    let text = |rest: &str| format!("[[section]]\nid = \"a\"\nname = \"x\"\nsecret = \"{SECRET}\"{rest}");
    let declared = Declaration::parse(&text("")).unwrap();
    assert!(!format!("{declared:?}").contains(SECRET));
    for bad in [" x", "\nsecret = 1", "\nsecret=\"0123456789abcdefghij"] {
        let reason = Declaration::parse(&text(bad)).unwrap_err();
        assert!(!reason.contains("0123456789"), "{reason}");
    }
}

/// Whoever copies a declaration from our documents has one under which mail with attachments is deposited.
// spec: MAIL-SENDER
#[test]
fn what_the_documents_declare_works() {
    for document in [
        include_str!("../../../../README.md"),
        include_str!("../../../../README.ja.md"),
        include_str!("../../../../docs/administration.md"),
        include_str!("../../../../docs/administration.ja.md"),
        include_str!("../../../../docs/exchange-online.md"),
        include_str!("../../../../docs/exchange-online.ja.md"),
        include_str!("../../../../docs/google-workspace.md"),
        include_str!("../../../../docs/google-workspace.ja.md"),
    ] {
        let example = document.split("```toml").find(|text| text.contains("[[section]]")).unwrap();
        let example = example.split("```").next().unwrap();
        let secret = "p4nd-a6-example-of-a-secret";
        let example = example.replace("(the secret)", secret).replace("(秘密の値)", secret);
        let declared = Declaration::parse(&example).unwrap();
        assert!(warnings(&Current::default(), &declared, false).is_empty(), "{example}");
    }
}

/// The guides' example is one that works, and leaves no setting out.
#[test]
fn the_guides_say_every_setting() {
    for guide in
        [include_str!("../../../../docs/administration.md"), include_str!("../../../../docs/administration.ja.md")]
    {
        let example = guide.split("```toml").find(|text| text.contains("[[section]]")).unwrap();
        let example = example.split("```").next().unwrap();
        Declaration::parse(example).unwrap();
        let Ok(serde_json::Value::Object(all)) = serde_json::to_value(Settings::default()) else { panic!() };
        for setting in all.keys() {
            assert!(example.lines().any(|line| line.trim_start().starts_with(&format!("{setting} ="))), "{setting}");
        }
    }
}

// spec: X-ACCOUNTS
#[test]
fn who_would_shut_an_administrator_out_is_warned() {
    let said = |list: &str| {
        let text = format!("[[section]]\nid = \"acme\"\nname = \"x\"\nsettings = {{ screen_networks = {list} }}");
        let declared = Declaration::parse(&text).unwrap();
        let came = |section: &str, login_id: &str, address: &str| {
            (section.parse().unwrap(), login_id.to_owned(), address.to_owned())
        };
        let signed_in = vec![
            came("acme", "kanri", "203.0.113.9"),
            came("acme", "soumu", "2001:db8::7"),
            came("acme", "odd", ""),
            came("other", "x", "198.51.100.1"),
        ];
        warnings(&Current { signed_in, ..Current::default() }, &declared, false)
    };
    assert!(said("[]").is_empty());
    assert!(said("[\"203.0.113.0/24\", \"2001:db8::/32\"]").is_empty());
    let [line] = &said("[\"203.0.113.0/24\"]")[..] else { panic!() };
    assert!(line.starts_with("warning: ") && line.contains("2001:db8::7") && line.contains("soumu"), "{line}");
    assert_eq!(said("[\"10.0.0.0/8\"]").len(), 2);
}

// spec: X-ACCOUNTS
#[test]
fn a_network_that_is_none_is_refused_and_shown_as_it_is_meant() {
    for (list, said) in
        [("[\"office\"]", "office"), ("[\"192.0.2.9/24\"]", "write 192.0.2.0/24"), ("\"192.0.2.0/24\"", "sequence")]
    {
        for setting in ["screen_networks", "api_networks"] {
            let text = format!("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = {{ {setting} = {list} }}");
            let error = Declaration::parse(&text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
    let declared = |list: &str| {
        Declaration::parse(&format!("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = {{ api_networks = {list} }}"))
            .unwrap()
    };
    let current = as_applied(&declared("[]"));
    let changes = changes(&current, &declared("[\"192.0.2.7\"]"), false);
    let [(Change::PutSection(_), line)] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(line.contains("\"192.0.2.7/32\""), "{line}");
}

// spec: X-NOTICE MAIL-SENDER
#[test]
fn an_own_domain_that_is_not_served_is_warned_of() {
    let declared = |url: &str| {
        Declaration::parse(&format!("[[section]]\nid = \"a\"\nname = \"x\"\nsettings = {{ link_url = \"{url}\" }}"))
            .unwrap()
    };
    let served = ["files.acme.example".to_owned()];
    assert!(declared("https://files.acme.example:8443").own_domains_not_in(&served).is_empty());
    let [line] = &declared("https://files.other.example").own_domains_not_in(&served)[..] else { panic!() };
    assert!(
        line.starts_with("warning: ") && line.contains("files.other.example") && line.contains("wrong-domain"),
        "{line}"
    );
}
