#![allow(clippy::unwrap_used, clippy::panic)]
use fubako_base::section::Settings;
use fubako_exchange::{
    domain::sections::{FIELDS, in_unit},
    sections::Overview,
};

use super::*;

fn frame(lang: Lang) -> Frame {
    Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() }
}

fn row(enabled: bool, domains: usize) -> SectionRow {
    let section = Section {
        id: "acme".parse().unwrap(),
        name: "<b>acme".to_owned(),
        enabled,
        mail_link: true,
        autopilot: true,
        domains: (0..domains).map(|n| format!("<i>{n}.example")).collect(),
        settings: Settings { link_url: Some("<u>url".to_owned()), ..Settings::default() },
    };
    let administrators = vec![("<b>kanri".to_owned(), "<i>@acme.example".to_owned())];
    let overview = Overview { users: 7, administrators, administrator_count: 3, ..Overview::default() };
    SectionRow { section, overview }
}

/// A domain with keys and one without; and one of each that lies below the other section's.
fn domains() -> Domains {
    let neighbour = |own: &str, other: &str| Neighbour {
        own: own.to_owned(),
        other: other.to_owned(),
        section: "owner".parse().unwrap(),
    };
    let neighbours = vec![neighbour("<i>0.example", "example"), neighbour("<i>1.example", "mail.<i>1.example")];
    Domains { with_keys: vec!["<i>0.example".to_owned()], neighbours }
}

fn whole(page: &str) {
    assert!(!page.contains("web-") && !page.contains("policy-") && !page.contains("{$"), "{page}");
    assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
    for markup in ["<b>", "<i>", "<u>"] {
        assert!(!page.contains(markup), "{markup}: {page}");
    }
    // What describes a field is there.
    for described in page.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        for id in described.split(' ') {
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}: {page}");
        }
    }
    for id in page.split("for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}: {page}");
    }
}

fn found() -> Vec<Found> {
    let fault = |field, fault| Found { field, fault };
    vec![
        fault("id", Fault::Id),
        fault("id", Fault::OwnId),
        fault("id", Fault::IdTaken),
        fault("name", Fault::Name),
        fault("domains", Fault::NoDomain("<b>x".to_owned())),
        fault("domains", Fault::WildDomain("*.<b>x".to_owned())),
        fault("domains", Fault::TooManyDomains),
        fault("domains", Fault::DomainTaken { domain: "<b>x".to_owned(), section: "owner".parse().unwrap() }),
        fault("max_deposit_size", Fault::Size),
        fault("login_id", Fault::Administrator(members::Fault::LoginId)),
        fault("address", Fault::Administrator(members::Fault::Address)),
    ]
}

fn entered() -> Entered {
    Entered {
        name: "\"><b>x".to_owned(),
        mail_link: false,
        autopilot: true,
        domains: "</textarea><i>".to_owned(),
        size: "\"><u>".to_owned(),
        unit: "GB".to_owned(),
    }
}

// spec: X-OPERATOR X-LANG
#[test]
fn the_list_says_of_each_section_what_it_is_and_leads_to_it() {
    for lang in Lang::ALL {
        for (rows, more) in [(vec![row(true, 5), row(false, 0)], true), (vec![], false)] {
            let page = SectionPage { found: rows.len(), rows, more };
            let list = SectionList { search: "\"><b>q", first: false, page: &page, done: Some(Done::SectionChanged) };
            let html = sections(&frame(lang), &list);
            whole(&html);
            let links = html.matches(&format!("href=\"/operator/section/acme?lang={lang}\"")).count();
            assert_eq!(links, page.rows.len(), "{html}");
            let next = format!("href=\"/operator/sections?after=acme&#38;q=%22%3E%3Cb%3Eq&#38;lang={lang}\"");
            assert_eq!(html.contains(&next), more, "{html}");
        }
        let words = |id: &str| frame(lang).t(id);
        let page = SectionPage { rows: vec![row(true, 5), row(false, 0)], found: 2, more: false };
        let html = sections(&frame(lang), &SectionList { search: "", first: true, page: &page, done: None });
        let counted = |id: &str, number: u64| frame(lang).count(id, &number);
        for said in [
            words("web-contract-in-use"),
            words("web-contract-off"),
            words("web-contract-no-domain"),
            words("web-contract-mail-link"),
            words("web-contract-autopilot"),
            counted("web-contract-more-domains", 2),
            counted("web-contract-more-administrators", 2),
            counted("web-contract-users", 7),
            "2.0 GB".to_owned(),
            "&#60;b&#62;kanri".to_owned(),
        ] {
            assert!(html.contains(&said), "{said}: {html}");
        }
    }
}

// spec: X-OPERATOR X-LANG
#[test]
fn the_forms_tell_each_fault_beside_its_field_and_keep_what_was_entered() {
    for lang in Lang::ALL {
        let frame = frame(lang);
        let wanted = NewSection {
            id: "\"><b>".to_owned(),
            entered: entered(),
            login_id: "\"><i>".to_owned(),
            address: "\"><u>".to_owned(),
        };
        for fault in found().iter().map(std::slice::from_ref).chain([&found()[..], &[]]) {
            let page = new_section(&frame, &NewForm { wanted: &wanted, found: fault, form_key: "the-key" });
            whole(&page);
            let fields: Vec<&str> =
                FIELDS.into_iter().filter(|field| fault.iter().any(|found| found.field == *field)).collect();
            assert_eq!(page.matches("aria-invalid").count(), fields.len(), "{page}");
            assert_eq!(page.contains("role=\"alert\""), !fault.is_empty());
            for field in fields {
                assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{field}: {page}");
                assert_eq!(page.matches(&format!("href=\"#{field}\"")).count(), 1, "{field}: {page}");
            }
            assert_eq!(page.matches("name=\"form\" value=\"the-key\"").count(), 1, "{page}");
            assert_eq!(page.matches(" checked>").count(), 1, "{page}");
            assert!(page.contains("<option value=\"GB\" selected>"), "{page}");
        }
        let taken = &found()[7..8];
        let page = new_section(&frame, &NewForm { wanted: &wanted, found: taken, form_key: "k" });
        assert!(page.contains("owner"), "whose the domain is: {page}");
    }
}

// spec: X-OPERATOR X-LANG
#[test]
fn a_section_s_page_has_its_form_and_what_changed_meanwhile() {
    for lang in Lang::ALL {
        for enabled in [true, false] {
            let row = row(enabled, 2);
            for stale in [true, false] {
                let entered = if stale { entered() } else { Entered::of(&row.section) };
                let form = SectionForm {
                    row: &row,
                    domains: &domains(),
                    entered: &entered,
                    found: &[],
                    stale,
                    seen: "the-mark",
                    form_key: "the-key",
                    done: None,
                };
                let page = section(&frame(lang), &form);
                whole(&page);
                assert!(page.contains("name=\"seen\" value=\"the-mark\""), "{page}");
                let words = |id: &str| page.matches(&format!(">{}</span>", frame(lang).t(id))).count();
                assert_eq!((words("web-contract-keys"), words("web-contract-keys-none")), (1, 1), "{page}");
                for (n, domain) in ["%3Ci%3E0.example", "%3Ci%3E1.example"].iter().enumerate() {
                    let link = format!("href=\"/operator/section/acme/dkim/{domain}?lang={lang}\"");
                    assert_eq!(page.matches(&link).count(), 1, "{n} {link}: {page}");
                }
                for (own, other) in [("0.example", "example"), ("1.example", "mail.&#60;i&#62;1.example")] {
                    let line = neighbour(
                        &frame(lang),
                        &Neighbour {
                            own: format!("<i>{own}"),
                            other: other.replace("&#60;i&#62;", "<i>"),
                            section: "owner".parse().unwrap(),
                        },
                    );
                    assert!(page.contains(&line.replace('<', "&#60;").replace('>', "&#62;")), "{line}: {page}");
                }
                assert_eq!(page.contains("role=\"alert\""), stale);
                assert_eq!(page.contains(&frame(lang).t("web-contract-stale")), stale);
                let word = if enabled { "off" } else { "on" };
                assert!(page.contains(&format!("href=\"/operator/section/acme/{word}?lang={lang}\"")), "{page}");
                assert!(page.contains("href=\"/audit?section=acme&#38;lang="), "{page}");
            }
            let page = switch(&frame(lang), &row, "the-key", !enabled);
            whole(&page);
            assert_eq!(page.matches("name=\"form\" value=\"the-key\"").count(), 1, "{page}");
            assert!(page.contains(&frame(lang).t("web-contract-off-kept")) == enabled, "{page}");
        }
    }
    let (size, unit) = in_unit(row(true, 0).section.settings.max_deposit_size);
    assert_eq!((size, unit), (2, "GB"));
}

// spec: X-OPERATOR MAIL-SIGN X-LANG
#[test]
fn a_domain_s_page_has_its_records_or_the_button_that_makes_keys() {
    for lang in Lang::ALL {
        let (frame, row) = (frame(lang), row(true, 1));
        let records = [("<b>._domainkey.x".to_owned(), "v=DKIM1; p=<i>".to_owned())];
        for records in [&records[..], &[]] {
            let sheet = DomainSheet {
                section: &row.section,
                domain: "<i>0.example",
                records,
                form_key: "the-key",
                done: Some(Done::KeysMade),
            };
            let page = domain(&frame, &sheet);
            whole(&page);
            let has_form = page.contains("method=\"post\" action=\"/operator/section/acme/dkim/%3Ci%3E0.example?lang=");
            assert_eq!(has_form && page.contains("value=\"the-key\""), records.is_empty(), "{page}");
            let (name, value) = ("<code class=\"digest\">&#60;b&#62;._domainkey.x", "v=DKIM1; p=&#60;i&#62;</code>");
            assert_eq!(page.contains(name) && page.contains(value), !records.is_empty(), "{page}");
            assert!(page.contains(&format!("href=\"/operator/section/acme?lang={lang}\"")), "{page}");
        }
    }
}
