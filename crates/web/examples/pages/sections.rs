//! The operator's pages of sections.

use fubako_base::section::{Section, Settings};
use fubako_exchange::{
    domain::{
        members,
        sections::{Entered, Fault, Found, NewSection},
    },
    sections::{
        Overview, SectionPage, SectionRow,
        domains::{Domains, Neighbour},
    },
};
use fubako_web::pages::{
    Frame,
    account::Done,
    operator::sections::{
        DomainSheet, NewForm, SectionForm, SectionList, domain, new_section, section, sections, switch,
    },
};

fn row(id: &str, name: &str, enabled: bool, domains: &[&str], users: u64) -> SectionRow {
    let section = Section {
        id: id.parse().unwrap_or_else(|_| fubako_base::ids::SectionId::installation()),
        name: name.to_owned(),
        enabled,
        mail_link: true,
        autopilot: users > 10,
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        settings: Settings::default(),
    };
    let named = |login_id: &str| (login_id.to_owned(), format!("{login_id}@{id}.example.jp"));
    let administrators = if users > 0 { vec![named("kanri"), named("soumu.tanto")] } else { Vec::new() };
    let kept = fubako_exchange::usage::Kept { files: users * 7, octets: users * 123_456_789 };
    let administrator_count = if users > 10 { 4 } else { users.min(2) };
    SectionRow { section, overview: Overview { users, kept, administrators, administrator_count } }
}

/// Domains of another section, above and below this one.
fn neighbours(own: &str) -> Vec<Neighbour> {
    let above = own.split_once('.').map_or(own, |(_, above)| above);
    [above.to_owned(), format!("kansai.{own}")]
        .map(|other| Neighbour { own: own.to_owned(), other, section: fubako_base::ids::SectionId::installation() })
        .into()
}

/// Each page, with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let domains = ["sakura-kogyo.example.jp", "sakura.example", "xn--j2rs27b.example", "a.example", "b.example"];
    let usual = row("sakura-kogyo", "さくら工業株式会社", true, &domains, 128);
    let off = row("yamabuki", "山吹商事 (解約手続き中)", false, &["yamabuki.example.jp"], 3);
    let bare = row("x".repeat(64).as_str(), &"とても長い名前".repeat(12), true, &[], 0);
    let list = |rows: Vec<SectionRow>, search: &str, more| {
        let page = SectionPage { found: rows.len(), rows, more };
        let list = SectionList { search, first: !more, page: &page, done: more.then_some(Done::SectionChanged) };
        sections(frame, &list)
    };
    let of = |row: &SectionRow, entered: &Entered, found: &[Found], stale, done| {
        let domains = Domains {
            with_keys: row.section.domains.iter().take(2).cloned().collect(),
            neighbours: row.section.domains.first().map(|first| neighbours(first)).unwrap_or_default(),
        };
        let (seen, form_key) = ("seen", "k");
        section(frame, &SectionForm { row, domains: &domains, entered, found, stale, seen, form_key, done })
    };
    let key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA".repeat(9);
    let record = |kind: &str, key: &str| {
        (format!("fubako-{kind}._domainkey.{}", domains[0]), format!("v=DKIM1; k={kind}; p={key}"))
    };
    let records = [record("rsa", &key), record("ed25519", "gqd//dU+GEBZ7UuX0F8dMIIBIjANBgkqhkiG9w0BAQE=")];
    let keys = |records, done| {
        domain(frame, &DomainSheet { section: &usual.section, domain: domains[0], records, form_key: "k", done })
    };
    let fault = |field, fault| Found { field, fault };
    let taken = Fault::DomainTaken { domain: "yamabuki.example.jp".to_owned(), section: off.section.id.clone() };
    let wrong = [
        fault("id", Fault::IdTaken),
        fault("name", Fault::Name),
        fault("domains", Fault::NoDomain("not a domain".to_owned())),
        fault("domains", taken),
        fault("max_deposit_size", Fault::Size),
        fault("login_id", Fault::Administrator(members::Fault::LoginId)),
        fault("address", Fault::Administrator(members::Fault::Address)),
    ];
    let entered = Entered {
        name: String::new(),
        mail_link: true,
        autopilot: true,
        domains: "not a domain\nyamabuki.example.jp".to_owned(),
        size: "1.5".to_owned(),
        unit: "GB".to_owned(),
    };
    let wanted = NewSection {
        id: "yamabuki".to_owned(),
        entered: entered.clone(),
        login_id: "a b".to_owned(),
        address: "kanri".to_owned(),
    };
    let blank = NewSection {
        entered: Entered { mail_link: true, size: "2".to_owned(), unit: "GB".to_owned(), ..Entered::default() },
        ..NewSection::default()
    };
    let new = |wanted, found| new_section(frame, &NewForm { wanted, found, form_key: "k" });
    let other =
        Entered {
            name: "さくら工業ホールディングス".to_owned(), autopilot: false, ..Entered::of(&usual.section)
        };
    vec![
        ("sections", list(vec![usual.clone(), off.clone(), bare], "", true)),
        ("sections-none", list(Vec::new(), "", false)),
        ("sections-none-such", list(Vec::new(), "さくら", false)),
        ("section", of(&usual, &Entered::of(&usual.section), &[], false, Some(Done::SectionMade))),
        ("section-off", of(&off, &Entered::of(&off.section), &[], false, Some(Done::SectionOff))),
        ("section-wrong", of(&usual, &entered, &wrong[1..5], false, None)),
        ("section-stale", of(&usual, &other, &[], true, None)),
        ("section-new", new(&blank, &[])),
        ("section-new-wrong", new(&wanted, &wrong)),
        ("section-dkim", keys(&records[..], Some(Done::KeysMade))),
        ("section-dkim-none", keys(&[], None)),
        ("section-ask-off", switch(frame, &usual, "k", false)),
        ("section-ask-on", switch(frame, &off, "k", true)),
    ]
}
