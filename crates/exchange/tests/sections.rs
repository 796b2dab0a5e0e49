//! Sections as operators make and change them, beside others who do (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::Ordering;

use fubako_base::{
    audit::Actor,
    section::{Section, Settings},
};
use fubako_exchange::{
    audit::{By, Search, verify},
    domain::{
        members::fields::mark,
        sections::{Entered, Fault, Found, NewSection, of_section},
    },
    sections::SectionsError,
};
use fubako_store::sections::Change;
use fubako_testkit::{house::House, section};
use fubako_vault::{
    Vault,
    keys::MasterKey,
    storage::{S3Options, Storage},
};
use futures::future::join_all;

fn root() -> By {
    By::at(Actor::Operator("root".into()), "192.0.2.1")
}

fn wanted(id: &str, domain: &str) -> NewSection {
    let entered = Entered {
        name: format!("{id} 株式会社"),
        mail_link: true,
        autopilot: true,
        domains: domain.to_owned(),
        size: "1".to_owned(),
        unit: "GB".to_owned(),
    };
    NewSection { id: id.to_owned(), entered, login_id: "kanri".into(), address: format!("kanri@{domain}") }
}

async fn there(house: &House, id: &str) -> Section {
    house.store.section(&id.parse().unwrap()).await.unwrap().unwrap()
}

async fn log(house: &House, id: &str) -> Vec<String> {
    let lines = house.exchange.audit_lines(&id.parse().unwrap(), &Search::default(), None, 50).await.unwrap();
    lines.into_iter().map(|line| format!("{} {} {}", line.actor, line.event, line.object)).collect()
}

/// The same database, as another process has it.
async fn other_node(house: &House) -> fubako_exchange::Exchange {
    let folder = house.folder.path();
    let storage = Storage::open("file:files", folder, &S3Options::default()).await.unwrap();
    let master = MasterKey::from_file_or_new(&folder.join("master.key")).unwrap();
    let vault = Vault::new(storage, &master, std::sync::Arc::new(house.store.clone())).unwrap();
    house.exchange_over(house.store.clone(), vault)
}

// spec: X-OPERATOR X-ACCOUNTS X-AUDIT
#[tokio::test]
async fn of_two_operators_who_make_the_same_one_does_and_the_other_is_told() {
    let house = House::new().await;
    let nodes = [house.exchange.clone(), other_node(&house).await];
    for round in 0..4 {
        // The same id; then the same domain.
        let (id, domain) = (format!("neu{round}"), format!("neu{round}.example"));
        let both = match round % 2 {
            0 => [wanted(&id, &domain), wanted(&id, &format!("other-{domain}"))],
            _ => [wanted(&id, &domain), wanted(&format!("other-{id}"), &domain)],
        };
        let by = root();
        let made = join_all((0..2).map(|n| nodes[n].make_section(&both[n], &by, house.now()))).await;
        let [one] = &made.iter().filter_map(|made| made.as_ref().ok()).collect::<Vec<_>>()[..] else {
            panic!("{made:?}")
        };
        let Some(SectionsError::Faults(found)) = made.iter().find_map(|made| made.as_ref().err()) else {
            panic!("{made:?}")
        };
        let fault = match round % 2 {
            0 => Found { field: "id", fault: Fault::IdTaken },
            _ => Found { field: "domains", fault: Fault::DomainTaken { domain, section: (*one).clone() } },
        };
        assert_eq!(found, &[fault]);
        assert_eq!(house.posted().await.len(), 1, "one is invited");
        assert_eq!(
            log(&house, one.as_str()).await,
            [
                format!("root invited {one}/kanri"),
                "root settings-changed user kanri".into(),
                "root settings-changed section".into()
            ]
        );
    }
    // All that is taken is told at once.
    let taken = nodes[0].make_section(&wanted("acme", "acme.example"), &root(), house.now()).await.unwrap_err();
    let SectionsError::Faults(found) = taken else { panic!("{taken}") };
    assert_eq!(found.iter().map(|found| found.field).collect::<Vec<_>>(), ["id", "domains"]);
    assert!(house.wakes.load(Ordering::SeqCst) > 0, "the post office is woken");
    assert!(verify(&house.store, &[]).await.unwrap().iter().all(|(_, verified)| verified.breaks.is_empty()));
}

// spec: X-OPERATOR X-ADMIN
#[tokio::test]
async fn nothing_that_others_change_at_once_is_written_over() {
    let house = House::new().await;
    let id = "acme".parse().unwrap();
    let nodes = [house.exchange.clone(), other_node(&house).await];
    let by = root();
    for round in 0..6u16 {
        let is = there(&house, "acme").await;
        let seen = mark(&of_section(&is));
        // Two operators, from the same page; and what the section's administrators or `fubako apply` change meanwhile.
        let names = [0, 1].map(|n| Entered { name: format!("name {round} {n}"), ..Entered::of(&is) });
        let settings = Settings { keep_days: 20 + round, ..is.settings.clone() };
        let as_of = house.store.staff(&id).await.unwrap().as_of;
        let beside = async {
            let put = Change::PutSection(Box::new(Section { settings, ..is.clone() }));
            house.store.apply_as_of(&id, as_of, &[put], &[], &[], house.now()).await.unwrap()
        };
        let (first, second, beside, switched) = futures::join!(
            nodes[0].change_section(&id, &names[0], &seen, &by, house.now()),
            nodes[1].change_section(&id, &names[1], &seen, &by, house.now()),
            beside,
            nodes[1].switch_section(&id, round % 2 == 1, &by, house.now()),
        );
        switched.unwrap();
        let done = [&first, &second].map(Result::is_ok);
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{first:?} {second:?}");
        let late = first.err().or(second.err()).unwrap();
        assert!(matches!(late, SectionsError::Stale), "{late}");
        let now = there(&house, "acme").await;
        assert_eq!(now.name, names[usize::from(done[1])].name);
        assert_eq!(now.enabled, round % 2 == 1);
        assert_eq!(now.settings.keep_days, if beside { 20 + round } else { is.settings.keep_days });
    }
    // A line for each change, and none for what was refused or is so already.
    assert_eq!(log(&house, "acme").await.len(), 12);
    nodes[0].switch_section(&id, true, &by, house.now()).await.unwrap();
    assert_eq!(log(&house, "acme").await.len(), 12);
}

// spec: X-OPERATOR RCV-TENANT
#[tokio::test]
async fn a_domain_changes_hands_only_where_it_is_given_up() {
    let house = House::new().await;
    house.put_section(section("beta")).await;
    let (acme, beta) = ("acme".parse().unwrap(), "beta".parse().unwrap());
    let change = async |id, domains: &str| {
        let is = house.store.section(id).await.unwrap().unwrap();
        let entered = Entered { domains: domains.to_owned(), ..Entered::of(&is) };
        house.exchange.change_section(id, &entered, &mark(&of_section(&is)), &root(), house.now()).await
    };
    let refused = change(&beta, "beta.example\nACME.example").await.unwrap_err();
    let SectionsError::Faults(found) = refused else { panic!("{refused}") };
    let fault = Fault::DomainTaken { domain: "acme.example".into(), section: "acme".parse().unwrap() };
    assert_eq!(found, [Found { field: "domains", fault }]);
    assert_eq!(there(&house, "beta").await.domains, ["beta.example"]);
    change(&acme, "").await.unwrap();
    change(&beta, "beta.example\nACME.example").await.unwrap();
    assert_eq!(house.store.section_of_domain("acme.example").await.unwrap().unwrap().id, beta);
    let nowhere = house.exchange.switch_section(&"nowhere".parse().unwrap(), true, &root(), house.now()).await;
    assert!(matches!(nowhere, Err(SectionsError::NotFound)));
}
