//! The audit log (spec X-AUDIT).

use std::collections::BTreeSet;

use fubako_base::{
    audit::{Actor, Event},
    ids::SectionId,
};
use fubako_store::{
    accounts::{AccountName, NewInvitation},
    audit::{
        Entry, Search,
        chain::{Break, ChainKey, End},
    },
    sections::{Change, User},
};
use futures::future::join_all;

use crate::{
    Db,
    make::{acme, at, entry, id, section},
};

fn line(section: &str, event: Event, actor: &str, now: i64) -> Entry {
    let actor = Actor::User(actor.to_owned());
    let (section, address, object) = (id(section), "192.0.2.1".to_owned(), "acme/taro".to_owned());
    Entry { section, event, actor, address, object, detail: [].into(), at: at(now) }.with("note", "見積書 50%_!")
}

async fn numbers(db: &Db, section: &str, search: Search) -> Vec<u64> {
    let lines = db.store.audit_lines(&id(section), &search, None, 100).await.unwrap();
    lines.iter().map(|line| line.number).collect()
}

async fn breaks(db: &Db, section: &str) -> Vec<Break> {
    db.store.verify_audit(&id(section), None).await.unwrap().breaks
}

// spec: X-AUDIT
pub(crate) async fn lines_are_kept_in_a_chain_a_section(db: Db) {
    for (section, event, actor, now) in [
        ("acme", Event::SignIn, "taro", 1),
        ("other", Event::SignIn, "jiro", 2),
        ("acme", Event::SignOut, "taro\0x", 3),
    ] {
        db.store.record(&line(section, event, actor, now)).await.unwrap();
    }
    let lines = db.store.audit_lines(&id("acme"), &Search::default(), None, 10).await.unwrap();
    let [out, signed_in] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((out.number, out.event.as_str(), out.actor.as_str()), (2, "sign-out", "taro\u{fffd}x"));
    assert_eq!((signed_in.number, signed_in.at, signed_in.address.as_str()), (1, at(1), "192.0.2.1"));
    assert_eq!((signed_in.actor_kind.as_str(), signed_in.object.as_str()), ("user", "acme/taro"));
    assert_eq!(signed_in.detail, r#"{"note":"見積書 50%_!"}"#);
    assert_eq!(db.store.audited_sections().await.unwrap(), [id("acme"), id("other")]);
    assert_eq!((breaks(&db, "acme").await, breaks(&db, "other").await), (vec![], vec![]));
    assert_eq!(breaks(&db, "nobody").await, []);
    let verified = db.store.verify_audit(&id("acme"), None).await.unwrap();
    assert_eq!((verified.lines, verified.end), (2, End { number: 2, hash: out.hash }));
}

// spec: X-AUDIT
pub(crate) async fn lines_are_looked_for(db: Db) {
    for (n, event) in [(1, Event::SignIn), (2, Event::SignInRefused), (3, Event::SignIn), (4, Event::Downloaded)] {
        db.store.record(&line("acme", event, &format!("User{n}"), n)).await.unwrap();
    }
    let all = Search::default();
    assert_eq!(numbers(&db, "acme", all.clone()).await, [4, 3, 2, 1]);
    assert_eq!(numbers(&db, "acme", Search { from: Some(at(2)), ..all.clone() }).await, [4, 3, 2]);
    assert_eq!(numbers(&db, "acme", Search { until: Some(at(2)), ..all.clone() }).await, [1]);
    assert_eq!(numbers(&db, "acme", Search { event: Some(Event::SignIn), ..all.clone() }).await, [3, 1]);
    let text = |text: &str| Search { text: Some(text.to_owned()), ..Search::default() };
    for (looked_for, found) in [
        ("user2", vec![2]),
        ("192.0.2", vec![4, 3, 2, 1]),
        ("ACME/taro", vec![4, 3, 2, 1]),
        ("見積書", vec![4, 3, 2, 1]),
        ("50%_!", vec![4, 3, 2, 1]),
        // No pattern, only a text.
        ("u%2", vec![]),
        ("user_", vec![]),
        ("' OR '1'='1", vec![]),
    ] {
        assert_eq!(numbers(&db, "acme", text(looked_for)).await, found, "{looked_for}");
    }
    let page = db.store.audit_lines(&id("acme"), &all, Some(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(numbers(&db, "other", all).await, Vec::<u64>::new());
}

// spec: X-AUDIT
pub(crate) async fn what_is_changed_in_the_database_is_found(db: Db) {
    for n in 1..=5 {
        db.store.record(&line("acme", Event::SignIn, "taro", n)).await.unwrap();
    }
    let end = db.store.verify_audit(&id("acme"), None).await.unwrap().end;
    db.meddle("UPDATE audit_lines SET actor = 'jiro' WHERE number = 2").await;
    assert_eq!(breaks(&db, "acme").await, [Break::Changed(2)]);
    db.meddle("UPDATE audit_lines SET actor = 'taro' WHERE number = 2").await;
    assert_eq!(breaks(&db, "acme").await, []);
    db.meddle("DELETE FROM audit_lines WHERE number IN (3, 5)").await;
    assert_eq!(breaks(&db, "acme").await, [Break::Missing(3, 3), Break::Missing(5, 5)]);
    db.meddle("UPDATE audit_chains SET last_number = 4, last_hash = (SELECT hash FROM audit_lines WHERE number = 4)")
        .await;
    assert_eq!(breaks(&db, "acme").await, [Break::Missing(3, 3), Break::Ending(4)]);
    db.meddle("UPDATE audit_chains SET last_number = 3").await;
    assert!(breaks(&db, "acme").await.contains(&Break::Beyond(4)));
    // All of it gone, and nothing left that says so but what was noted elsewhere.
    db.meddle("DELETE FROM audit_lines").await;
    db.meddle("DELETE FROM audit_chains").await;
    assert_eq!(breaks(&db, "acme").await, []);
    let verified = db.store.verify_audit(&id("acme"), Some(&end)).await.unwrap();
    assert_eq!(verified.breaks, [Break::Missing(1, 5)]);
}

// spec: X-AUDIT
pub(crate) async fn lines_from_many_nodes_are_one_chain(db: Db) {
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let wanted: Vec<Entry> = (0..40).map(|n| line("acme", Event::SignIn, &format!("u{n}"), n)).collect();
    let done = wanted.iter().enumerate().map(|(n, entry)| nodes[n % 2].record(entry));
    for done in join_all(done).await {
        done.unwrap();
    }
    let lines = db.store.audit_lines(&id("acme"), &Search::default(), None, 100).await.unwrap();
    let actors: BTreeSet<&str> = lines.iter().map(|line| line.actor.as_str()).collect();
    assert_eq!((lines.len(), actors.len()), (40, 40));
    assert_eq!(breaks(&db, "acme").await, []);
}

// spec: X-AUDIT
pub(crate) async fn what_is_not_done_is_not_recorded_and_what_is_cannot_go_unrecorded(db: Db) {
    acme(&db.store).await;
    let nobody = AccountName::User(id("acme"), "nobody".to_owned());
    assert!(!db.store.unlock(&nobody, &entry(), at(1)).await.unwrap());
    let other = Change::PutSection(Box::new(section("other")));
    let refused = Change::RemoveGroup(id("nowhere"), "g".to_owned());
    db.store.apply(&[other.clone(), refused], &[entry()], at(1)).await.unwrap();
    assert_eq!(numbers(&db, "acme", Search::default()).await, [1]);

    // A node that could not open the key does nothing that must be recorded.
    let keyless = db.open_without_key().await;
    assert!(keyless.apply(&[other], &[entry()], at(2)).await.is_err());
    // Where the line cannot be written, nothing is done.
    db.meddle("UPDATE audit_chains SET last_number = 0").await;
    let third = Change::PutSection(Box::new(section("third")));
    assert!(db.store.apply(&[third], &[entry()], at(3)).await.is_err());
    assert_eq!(db.store.section(&id("third")).await.unwrap(), None);
}

// spec: X-AUDIT
pub(crate) async fn lines_go_when_their_time_is_over_and_the_rest_stays_whole(db: Db) {
    for (n, now) in [1, 2, 30, 4, 50].into_iter().enumerate() {
        db.store.record(&line("acme", Event::SignIn, &format!("u{n}"), now)).await.unwrap();
    }
    assert_eq!(db.store.forget_audit(&id("acme"), at(1), 10).await.unwrap(), 0);
    assert_eq!(db.store.forget_audit(&id("acme"), at(10), 1).await.unwrap(), 1, "no more than the limit");
    // The fourth is old enough, and stays: one before it is not.
    assert_eq!(db.store.forget_audit(&id("acme"), at(10), 10).await.unwrap(), 1);
    assert_eq!(numbers(&db, "acme", Search::default()).await, [5, 4, 3]);
    assert_eq!(breaks(&db, "acme").await, []);
    db.store.record(&line("acme", Event::SignIn, "later", 60)).await.unwrap();
    assert_eq!(db.store.forget_audit(&id("acme"), at(100), 10).await.unwrap(), 4);
    assert_eq!(breaks(&db, "acme").await, [], "an empty chain that goes on");
    db.store.record(&line("acme", Event::SignIn, "again", 70)).await.unwrap();
    assert_eq!(numbers(&db, "acme", Search::default()).await, [7]);
    assert_eq!(breaks(&db, "acme").await, []);
    assert_eq!(db.store.forget_audit(&id("nobody"), at(100), 10).await.unwrap(), 0);
}

// spec: X-AUDIT
pub(crate) async fn the_first_chain_key_stays(db: Db) {
    assert_eq!(db.store.sealed_chain_key().await.unwrap(), None);
    assert_eq!(db.store.keep_chain_key(b"one", at(0)).await.unwrap(), b"one");
    assert_eq!(db.store.keep_chain_key(b"two", at(1)).await.unwrap(), b"one");
    assert_eq!(db.store.sealed_chain_key().await.unwrap(), Some(b"one".to_vec()));
    // With another key nothing fits.
    db.store.record(&line("acme", Event::SignIn, "taro", 1)).await.unwrap();
    let other = db.open_without_key().await;
    other.use_chain_key(ChainKey::new(&[9; 32]));
    let section: SectionId = id("acme");
    assert!(!other.verify_audit(&section, None).await.unwrap().breaks.is_empty());
}

// spec: X-ACCOUNTS X-AUDIT
pub(crate) async fn where_administrators_signed_in_last(db: Db) {
    acme(&db.store).await;
    let log = SectionId::installation();
    for (login_id, administrator) in [("kanri", true), ("soumu", true), ("taro", false)] {
        let user = User {
            section: id("acme"),
            login_id: login_id.to_owned(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: None,
            default_user: false,
            administrator,
            approver: false,
            password_never_expires: false,
        };
        db.store.apply(&[Change::PutUser(user)], &[], at(0)).await.unwrap();
    }
    let invitation = NewInvitation { hash: [1; 32], until: at(100) };
    assert!(db.store.add_operator("root", "root@ops.example", invitation, &entry(), at(0)).await.unwrap());
    let came = async |actor: Actor, section: &SectionId, event, address: &str| {
        let entry = Entry { section: section.clone(), event, actor, address: address.to_owned(), ..entry() };
        db.store.record(&entry).await.unwrap();
    };
    let user = |name: &str| Actor::User(name.to_owned());
    let operator = |name: &str| Actor::Operator(name.to_owned());
    for (actor, event, address) in [
        (user("kanri"), Event::SignIn, "192.0.2.1"),
        (user("taro"), Event::SignIn, "192.0.2.3"),
        (user("kanri"), Event::SignIn, "192.0.2.2"),
        (user("kanri"), Event::SignOut, "192.0.2.4"),
        (operator("kanri"), Event::SignIn, "192.0.2.5"),
        (Actor::Stranger, Event::SignInRefused, "192.0.2.6"),
    ] {
        came(actor, &id("acme"), event, address).await;
    }
    came(user("kanri"), &id("other"), Event::SignIn, "192.0.2.7").await;
    came(operator("root"), &log, Event::SignIn, "198.51.100.1").await;
    came(operator("gone"), &log, Event::SignIn, "198.51.100.2").await;
    let last = async |section: &SectionId| db.store.last_sign_ins(section).await.unwrap();
    assert_eq!(last(&id("acme")).await, [("kanri".to_owned(), "192.0.2.2".to_owned())]);
    assert_eq!(last(&log).await, [("root".to_owned(), "198.51.100.1".to_owned())]);
    assert_eq!(last(&id("other")).await, []);
}
