//! Sections as the operator looks at them and makes them.

use fubako_base::section::Section;
use fubako_store::{
    StoreError,
    accounts::{AccountName, NewInvitation},
    contracts::{FIRST_ADMINISTRATORS, Neighbour, Overview},
    members::Invited,
    outbox::NewOutgoing,
    sections::{Change, User},
    usage::Kept,
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, deposit, entry, expired, file, id, notice, section, sent},
};

fn administrator(of: &str, login_id: &str) -> User {
    User {
        section: id(of),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@{of}.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: true,
        approver: false,
        password_never_expires: false,
    }
}

/// What makes a section with one administrator.
fn making(of: &str, seed: u8) -> ([Change; 2], Invited) {
    let invitation = NewInvitation { hash: [seed; 32], until: at(900) };
    let mail = NewOutgoing { section: id(of), ..notice() };
    (
        [Change::PutSection(Box::new(section(of))), Change::PutUser(administrator(of, "kanri"))],
        Invited { login_id: "kanri".to_owned(), invitation, mail },
    )
}

// spec: X-OPERATOR
pub(crate) async fn what_there_is_of_sections_is_counted(db: Db) {
    acme(&db.store).await;
    for of in ["empty", "other"] {
        db.store.apply(&[Change::PutSection(Box::new(section(of)))], &[], at(0)).await.unwrap();
    }
    let ids = ["other", "acme", "empty", "nowhere"].map(id);
    assert_eq!(db.store.section_overviews(&ids).await.unwrap(), vec![Overview::default(); 4]);
    assert_eq!(db.store.section_overviews(&[]).await.unwrap(), []);
    // The first administrators are those who were made first, whatever they are called.
    for (place, login_id) in ["z", "b", "y", "a"].into_iter().enumerate() {
        let user = Change::PutUser(administrator("acme", login_id));
        db.store.apply(&[user], &[], at(i64::try_from(place).unwrap())).await.unwrap();
    }
    let plain = User { administrator: false, ..administrator("acme", "plain") };
    let theirs = User { administrator: false, ..administrator("other", "x") };
    db.store.apply(&[Change::PutUser(plain), Change::PutUser(theirs)], &[], at(0)).await.unwrap();
    let size = file(deposit("x", 1).id, 1).object.length;
    sent(&db.store, "a", 1).await;
    let (open, _) = db.store.begin_deposit(&deposit("b", 2)).await.unwrap();
    for number in [1, 2] {
        db.store.keep_file(&file(open.id, number)).await.unwrap();
    }
    let [other, acme, empty, nowhere] =
        <[Overview; 4]>::try_from(db.store.section_overviews(&ids).await.unwrap()).unwrap();
    assert_eq!(other, Overview { users: 1, ..Overview::default() });
    assert_eq!((empty, nowhere), (Overview::default(), Overview::default()));
    let named = ["z", "b", "y"].map(|login_id| (login_id.to_owned(), format!("{login_id}@acme.example")));
    assert_eq!((acme.users, acme.administrator_count, FIRST_ADMINISTRATORS), (5, 4, 3));
    assert_eq!(acme.administrators, named);
    assert_eq!(acme.kept, Kept { files: 3, octets: 3 * size });
    // What is over lies here no more.
    db.store.expire_deposits(at(1500), at(-1), 10, expired).await.unwrap();
    let kept = db.store.section_overviews(&ids[1..2]).await.unwrap()[0].kept;
    assert_eq!(kept, Kept { files: 2, octets: 2 * size });
}

// spec: X-OPERATOR RCV-TENANT
pub(crate) async fn domains_are_found_with_whose_they_are(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let asked = ["sub.other.example", "acme.example", "free.example"].map(str::to_owned);
    let owners = db.store.domain_owners(&asked).await.unwrap();
    assert_eq!(owners, [("acme.example".to_owned(), id("acme")), ("sub.other.example".to_owned(), id("other"))]);
    assert_eq!(db.store.domain_owners(&[]).await.unwrap(), []);
    // When it was changed is told with the section.
    let (there, as_of) = db.store.section_as_of(&id("acme")).await.unwrap().unwrap();
    assert_eq!((there, as_of), (section("acme"), db.store.staff(&id("acme")).await.unwrap().as_of));
    assert_eq!(db.store.section_as_of(&id("nowhere")).await.unwrap(), None);
}

// spec: X-OPERATOR RCV-ALIGN
pub(crate) async fn domains_above_and_below_other_sections_are_found(db: Db) {
    let put = async |of: &str, domains: &[&str]| {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let section = Section { domains, ..section(of) };
        db.store.apply(&[Change::PutSection(Box::new(section))], &[], at(0)).await.unwrap();
    };
    put("own", &["b.example", "mail.a.example", "alone.example"]).await;
    put("above", &["a.example", "xb.example", "b.example.jp"]).await;
    put("below", &["deep.down.b.example"]).await;
    let one = |own: &str, other: &str, of| Neighbour { own: own.to_owned(), other: other.to_owned(), section: id(of) };
    let (below, above) =
        (one("b.example", "deep.down.b.example", "below"), one("mail.a.example", "a.example", "above"));
    assert!(above.own_is_below() && !below.own_is_below());
    assert_eq!(db.store.neighbours(&id("own"), 9).await.unwrap(), [below.clone(), above]);
    assert_eq!(db.store.neighbours(&id("own"), 1).await.unwrap(), [below]);
    assert_eq!(db.store.neighbours(&id("nowhere"), 9).await.unwrap(), []);
}

// spec: X-OPERATOR X-AUDIT X-ACCOUNTS
pub(crate) async fn of_two_who_make_a_section_one_does(db: Db) {
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    for round in 1..=5u8 {
        let of = format!("s{round}");
        let (makings, entries) = ([making(&of, round), making(&of, round)], [entry()]);
        let section_id = id(&of);
        let both = (0..2).map(|n| {
            let (changes, invited) = &makings[n];
            nodes[n].make_section(&section_id, changes, std::slice::from_ref(invited), &entries, at(0))
        });
        let done: Vec<bool> = join_all(both).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        assert_eq!(db.store.section(&section_id).await.unwrap(), Some(section(&of)));
        let account = db.store.account(&AccountName::User(section_id.clone(), "kanri".to_owned())).await.unwrap();
        assert_eq!(account.unwrap().invitation_until, Some(at(900)));
        assert_eq!(
            db.count("SELECT COUNT(*) FROM audit_lines").await,
            i64::from(round),
            "what is not done is not recorded"
        );
        assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, i64::from(round), "one mail each");
    }
}

// spec: X-OPERATOR RCV-TENANT
pub(crate) async fn a_section_is_made_whole_or_not_at_all(db: Db) {
    acme(&db.store).await;
    let (mut changes, invited) = making("neu", 1);
    let mut taken = section("neu");
    taken.domains.push("acme.example".to_owned());
    changes[0] = Change::PutSection(Box::new(taken));
    let refused = db.store.make_section(&id("neu"), &changes, &[invited], &[entry()], at(1)).await;
    assert!(matches!(refused, Err(StoreError::DomainTaken(domain)) if domain == "acme.example"));
    assert_eq!(db.store.section(&id("neu")).await.unwrap(), None);
    for table in ["users", "accounts", "outgoing", "audit_lines", "domains WHERE section = 'neu'"] {
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

// spec: X-OPERATOR
pub(crate) async fn a_declaration_writes_over_no_section_that_was_made_meanwhile(db: Db) {
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let other =
        |of: &str| Change::PutSection(Box::new(fubako_base::section::Section { enabled: false, ..section(of) }));
    for round in 0..5u8 {
        let (free, made) = (format!("free{round}"), format!("made{round}"));
        // The file has two sections of which neither was there.
        let declared = [other(&free), other(&made)];
        let seen = [(id(&made), None), (id(&free), None)];
        let (changes, invited) = making(&made, round);
        let (section_id, entries) = (id(&made), [entry()]);
        let (applied, made_first) = futures::join!(
            nodes[0].apply_as_seen(&seen, &declared, &entries, at(0)),
            nodes[1].make_section(&section_id, &changes, std::slice::from_ref(&invited), &entries, at(0)),
        );
        assert_ne!(applied.as_ref().unwrap(), made_first.as_ref().unwrap(), "one of them, and not the other");
        let applied = applied.unwrap();
        assert_eq!(db.store.section(&section_id).await.unwrap().unwrap().enabled, !applied);
        assert_eq!(db.store.section(&id(&free)).await.unwrap().is_some(), applied, "all of the file, or nothing");
        // Whoever comes later and has not seen it changes nothing.
        assert!(!db.store.apply_as_seen(&seen[..1], &declared[1..], &[], at(5)).await.unwrap());
        let as_of = db.store.staff(&section_id).await.unwrap().as_of;
        assert!(db.store.apply_as_seen(&[(section_id, Some(as_of))], &declared[1..], &[], at(5)).await.unwrap());
    }
}
