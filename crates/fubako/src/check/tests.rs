#![allow(clippy::unwrap_used)]

use fubako_base::{
    Timestamp,
    ids::AccountId,
    lang::has_text,
    network::Networks,
    section::{Access, ApprovalRule, Section, Settings, Way},
};
use fubako_store::{accounts::Account, approval::ApprovalStaff};

use super::*;

/// Every name that a finding is made with, read from the sources beside this one.
fn names() -> Vec<(String, bool)> {
    let sources = [
        include_str!("clock.rs"),
        include_str!("installation.rs"),
        include_str!("names.rs"),
        include_str!("scanner.rs"),
        include_str!("section.rs"),
        include_str!("senders.rs"),
    ];
    let source = sources.concat().split_whitespace().collect::<String>();
    let mut names = Vec::new();
    for made in source.split("Finding::new(").skip(1) {
        let mut arguments = made.splitn(4, ',').skip(1);
        let (state, name) = (arguments.next().unwrap(), arguments.next().unwrap());
        if let Some(name) = name.strip_prefix('"') {
            names.push((name.trim_end_matches('"').to_owned(), state == "State::Ok"));
        }
    }
    names.extend(
        ["smarthost-there", "smarthost-plain", "option-off", "section-off", "autopilot-off", "domains-missing"]
            .map(|n| (n.to_owned(), true)),
    );
    names
}

/// What an administrator reads on the page is of findings that there are, and leaves nobody without a word.
// spec: X-ADMIN X-LANG
#[test]
fn an_administrator_is_told_what_they_can_mend_and_no_private_cause() {
    let names: Vec<String> = names().into_iter().map(|(name, _)| name).collect();
    let is_named = |name: &str| names.iter().any(|known| known == name);
    assert!(door::IN_THEIR_HANDS.iter().all(|name| is_named(name)), "{:?}", door::IN_THEIR_HANDS);
    for source in [include_str!("../../../base/lang/ja/check.ftl"), include_str!("../../../base/lang/en/check.ftl")] {
        let on_screens = source.lines().filter_map(|line| line.split_once("-screens = ")?.0.strip_prefix("check-"));
        for name in on_screens {
            assert!(is_named(name), "{name}");
        }
    }
    for lang in Lang::ALL {
        let told = |area, state, name| {
            let finding = Finding::new(area, state, name, "acme.example").with("cause", "10.0.0.5: secret cause");
            let finding = finding.with("host", "relay.internal");
            door::looked(&finding, lang)
        };
        for (area, name) in [
            ("storage", "database-away"),
            ("dns", "dns-away"),
            ("dkim", "dkim-key"),
            ("tls", "own-domain-certificate"),
            ("spf", "spf-unknown"),
        ] {
            let told = format!("{:?}", told(area, State::Wrong, name));
            assert!(!told.contains("secret cause") && !told.contains("relay.internal"), "{told}");
        }
        let dmarc = told("dmarc", State::Warning, "dmarc-missing");
        assert!(dmarc.next.is_some_and(|next| next.contains("_dmarc.acme.example")));
        let operator = text(lang, "mail-link-ask-operator", &[]);
        assert_eq!(told("section", State::Wrong, "option-off").next, Some(operator.clone()));
        let group = told("section", State::Wrong, "mail-link-group-missing").next.unwrap();
        assert!(group != operator && !group.contains("fubako apply"), "{group}");
        assert_eq!(told("spf", State::Ok, "spf-passes").next, None);
    }
}

// spec: X-LANG
#[test]
fn every_finding_has_its_texts_in_both_languages() {
    let names = names();
    assert!(names.len() > 40, "{names:?}");
    for (name, ok) in names {
        for lang in Lang::ALL {
            assert!(has_text(lang, &format!("check-{name}")), "{name} in {lang}");
            assert!(ok || has_text(lang, &format!("check-{name}-next")), "{name}-next in {lang}");
        }
    }
}

// spec: RUN-SETUP MAIL-SENDER
#[test]
fn who_deposits_is_looked_at() {
    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
    let acme = Section {
        id: "acme".parse().unwrap(),
        name: String::new(),
        enabled: true,
        mail_link: true,
        autopilot: true,
        domains: vec![],
        settings: Settings { password_days: Some(1), ..Settings::default() },
    };
    let user = |group: &str| fubako_store::sections::User {
        section: "acme".parse().unwrap(),
        login_id: "d".into(),
        address: "d@acme.example".into(),
        name: String::new(),
        group: Some(group.into()),
        default_user: true,
        administrator: false,
        approver: false,
        password_never_expires: false,
    };
    for (group, default_user, wanted) in [
        (Some("link"), Some(user("link")), vec![("default-user-there", State::Ok)]),
        (Some("link"), Some(user("other")), vec![("default-user-no-group", State::Wrong)]),
        (Some("link"), None, vec![("default-user-missing", State::Warning)]),
        (None, Some(user("link")), vec![("mail-link-group-missing", State::Wrong)]),
        (None, None, vec![("mail-link-group-missing", State::Wrong), ("default-user-missing", State::Warning)]),
    ] {
        let mail_link_group = group.map(str::to_owned);
        let accounts =
            fubako_store::sections::SenderAccounts { mail_link_group, users: vec![], default_user, accounts: vec![] };
        let found = section::depositors(&acme, &accounts, NOW);
        assert_eq!(found.iter().map(|f| (f.name, f.state)).collect::<Vec<_>>(), wanted);
    }
    for (name, reset_at, password_set_at, locked_at) in [
        ("default-user-locked", None, Some(NOW), Some(NOW)),
        ("default-user-password-reset", Some(NOW), None, None),
        ("default-user-password-expired", None, Some(NOW.plus_seconds(-86_400)), None),
    ] {
        let account = Account {
            id: AccountId::generate(),
            section: Some(acme.id.clone()),
            login_id: "d".into(),
            member: None,
            address: "d@acme.example".into(),
            name: String::new(),
            administrator: false,
            approver: false,
            password_hash: password_set_at.map(|_| "$argon2id$".into()),
            password_set_at,
            never_expires: false,
            reset_at,
            failures: 0,
            locked_at,
            invitation_until: None,
            second_factor_at: None,
        };
        let accounts = fubako_store::sections::SenderAccounts {
            mail_link_group: Some("link".into()),
            users: vec![],
            default_user: Some(user("link")),
            accounts: vec![account],
        };
        let found = section::depositors(&acme, &accounts, NOW);
        assert_eq!(found.iter().map(|f| (f.name, f.state)).collect::<Vec<_>>(), [(name, State::Wrong)]);
    }
}

// spec: RUN-SETUP X-APPROVAL
#[test]
fn who_approves_is_looked_at() {
    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
    let acme = Section {
        id: "acme".parse().unwrap(),
        name: String::new(),
        enabled: true,
        mail_link: true,
        autopilot: true,
        domains: vec![],
        settings: Settings { approval: ApprovalRule::One, ..Settings::default() },
    };
    let staff = |logins: &[&str]| {
        let user = |login_id: &&str| fubako_store::sections::User {
            section: "acme".parse().unwrap(),
            login_id: (*login_id).to_owned(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: None,
            default_user: false,
            administrator: false,
            approver: true,
            password_never_expires: false,
        };
        let account = |login_id: &&str| Account {
            id: AccountId::generate(),
            section: Some("acme".parse().unwrap()),
            login_id: (*login_id).to_owned(),
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
        };
        let group = |name: &str, approval| fubako_store::sections::Group {
            section: "acme".parse().unwrap(),
            name: name.to_owned(),
            mail_link: false,
            approval,
            approvers: None,
            access: None,
        };
        ApprovalStaff {
            groups: vec![group("free", Some(ApprovalRule::None)), group("link", None)],
            approvers: logins.iter().map(user).collect(),
            accounts: logins.iter().map(account).collect(),
        }
    };
    for (logins, wanted) in [
        (&[][..], ("approvers-missing", State::Wrong)),
        (&["a"], ("approver-alone", State::Warning)),
        (&["a", "b"], ("approvers-there", State::Ok)),
    ] {
        let found = section::approval(&acme, &staff(logins), NOW);
        assert_eq!(found.iter().map(|f| (f.name, f.state)).collect::<Vec<_>>(), [wanted]);
        assert!(found[0].what(Lang::Ja).contains("link") && found[0].what(Lang::En).contains("link"));
    }
    let free = Section { settings: Settings::default(), ..acme };
    assert!(section::approval(&free, &staff(&[]), NOW).is_empty());
}

// spec: RUN-SETUP
#[test]
fn what_is_wrong_comes_first_and_decides() {
    let warning = Finding::new("tls", State::Warning, "certificate-soon", "host");
    let wrong = Finding::new("spf", State::Wrong, "spf-missing", "acme.example").with("host", "gateway");
    let right = Finding::new("tls", State::Ok, "url-safe", "https://x");
    let chapter = |findings| vec![Chapter { section: None, findings }];
    assert!(is_well(&chapter(vec![right.clone(), warning.clone()])));
    let chapters = chapter(vec![right, warning, wrong]);
    assert!(!is_well(&chapters));
    let text = as_text(&chapters, Lang::En);
    let at = |part: &str| text.find(part).unwrap();
    assert!(at("✗ [spf] acme.example") < at("! [tls]") && at("! [tls]") < at("✓ [tls]"), "{text}");
    assert!(
        text.contains("names gateway") && text.ends_with("To be mended: 1 (1 warnings, 0 could not be looked at)."),
        "{text}"
    );
}

#[test]
fn a_tag_is_read_without_its_white_space() {
    assert_eq!(names::tag("v=DKIM1; k=rsa; p=AB CD\t; t=s", "p").as_deref(), Some("ABCD"));
    assert_eq!(names::tag("v=DMARC1;sp=none;p = reject", "p").as_deref(), Some("reject"));
    assert_eq!(names::tag("p", "p"), None);
}

// spec: X-ACCOUNTS
#[test]
fn a_list_of_networks_shuts_nobody_out_unsaid() {
    let list = Networks(vec!["192.0.2.0/24".parse().unwrap()]);
    let came = |address: &str| ("kanri".to_owned(), address.to_owned());
    for (last, wanted) in [
        (vec![], vec![("networks-set", State::Ok)]),
        (vec![came("192.0.2.7")], vec![("networks-set", State::Ok)]),
        (vec![came("192.0.2.7"), came("198.51.100.1")], vec![("networks-shut-out", State::Warning)]),
    ] {
        let found = section::shut_out(&"acme".parse().unwrap(), &list, &last);
        assert_eq!(found.iter().map(|f| (f.name, f.state)).collect::<Vec<_>>(), wanted);
    }
}

// spec: ACCESS
#[test]
fn what_the_ways_to_prove_recipients_are_worth_is_said() {
    for (ways, name, state) in [
        (&[Way::PasswordInMail][..], "access-password", State::Ok),
        (&Way::ALL, "access-password", State::Ok),
        (&[Way::OneTimeCode, Way::Account], "access-code", State::Ok),
        (&[Way::Account], "access-account", State::Warning),
    ] {
        let settings = Settings { access: Access::of(ways).unwrap(), ..Settings::default() };
        let acme = Section {
            id: "acme".parse().unwrap(),
            name: "x".to_owned(),
            enabled: true,
            mail_link: true,
            autopilot: true,
            domains: vec![],
            settings,
        };
        let found = section::access(&acme);
        assert_eq!((found.name, found.state), (name, state));
        for lang in Lang::ALL {
            let said = format!("{}{}", found.what(lang), found.next(lang).unwrap_or_default());
            assert!(said.contains("acme") && !said.contains("check-"), "{said}");
        }
    }
}
