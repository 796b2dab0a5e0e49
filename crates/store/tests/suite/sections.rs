use fubako_base::{
    address::senders,
    section::{NoticeLanguage, Settings},
};
use fubako_store::{
    StoreError,
    accounts::{AccountName, NewInvitation},
    keys::DkimKeyRow,
    sections::{Change, Group, SenderAccounts, User},
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, entry, id, section},
};

fn group(name: &str, mail_link: bool) -> Group {
    Group { section: id("acme"), name: name.to_owned(), mail_link, approval: None, approvers: None, access: None }
}

fn user(login_id: &str, group: Option<&str>, default_user: bool) -> User {
    User {
        section: id("acme"),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@acme.example"),
        name: format!("{login_id} さん"),
        group: group.map(str::to_owned),
        default_user,
        administrator: false,
        approver: false,
        password_never_expires: false,
    }
}

pub(crate) async fn a_section_is_kept_whole(db: Db) {
    let mut acme = section("acme");
    acme.settings = Settings {
        language: NoticeLanguage::Both,
        notice_wording: Some("弊社からのお知らせ\n二行目".to_owned()),
        keep_days: 30,
        secret_header: Some("X-Secret".to_owned()),
        ..Settings::default()
    };
    let mut bare = section("bare");
    bare.domains.clear();
    bare.enabled = false;
    let put = |section: &_| Change::PutSection(Box::new(Clone::clone(section)));
    db.store.apply(&[put(&bare), put(&acme)], &[], at(0)).await.unwrap();
    assert_eq!(db.store.sections().await.unwrap(), [acme.clone(), bare.clone()]);
    assert_eq!(db.store.section(&id("acme")).await.unwrap(), Some(acme.clone()));
    assert_eq!(db.store.section(&id("bare")).await.unwrap(), Some(bare));
    assert_eq!(db.store.section(&id("none")).await.unwrap(), None);
    assert_eq!(db.store.section_of_domain("sub.acme.example").await.unwrap(), Some(acme.clone()));
    assert_eq!(db.store.section_of_domain("other.example").await.unwrap(), None);

    // Set again: all of it, domains that are no longer there and their order included.
    acme.domains = vec!["new.example".to_owned(), "acme.example".to_owned(), "new.example".to_owned()];
    acme.name = "新しい名前".to_owned();
    acme.autopilot = true;
    db.store.apply(&[put(&acme)], &[], at(1)).await.unwrap();
    acme.domains.pop();
    assert_eq!(db.store.section(&id("acme")).await.unwrap(), Some(acme));
    assert_eq!(db.store.section_of_domain("sub.acme.example").await.unwrap(), None);
}

// spec: RCV-TENANT
pub(crate) async fn a_domain_belongs_to_one_section(db: Db) {
    acme(&db.store).await;
    let mut thief = section("thief");
    thief.domains = vec!["thief.example".to_owned(), "acme.example".to_owned()];
    let refused = db.store.apply(&[Change::PutSection(Box::new(thief.clone()))], &[], at(1)).await;
    assert!(matches!(refused, Err(StoreError::DomainTaken(domain)) if domain == "acme.example"));
    assert_eq!(db.store.section(&id("thief")).await.unwrap(), None, "nothing of it is kept");
    let owner = db.store.section_of_domain("acme.example").await.unwrap().unwrap();
    assert_eq!(owner.id, id("acme"));
}

// spec: RCV-TENANT RCV-ALIGN
pub(crate) async fn a_section_has_a_secret_and_neighbours(db: Db) {
    acme(&db.store).await;
    assert_eq!(db.store.sealed_secret(&id("acme")).await.unwrap(), None);
    let put = |sealed: Option<&[u8]>| Change::PutSecret(id("acme"), sealed.map(<[u8]>::to_vec));
    db.store.apply(&[put(Some(b"sealed"))], &[], at(1)).await.unwrap();
    // Set afresh with another name, the section keeps it.
    acme(&db.store).await;
    assert_eq!(db.store.sealed_secret(&id("acme")).await.unwrap().as_deref(), Some(b"sealed".as_slice()));
    db.store.apply(&[put(None)], &[], at(2)).await.unwrap();
    assert_eq!(db.store.sealed_secret(&id("acme")).await.unwrap(), None);
    let nowhere = db.store.apply(&[Change::PutSecret(id("nowhere"), None)], &[], at(3)).await;
    assert!(matches!(nowhere, Err(StoreError::Refused(_))));

    let mut other = section("other");
    other.domains = ["a.acme.example", "b.a.acme.example", "notacme.example", "example"].map(str::to_owned).to_vec();
    db.store.apply(&[Change::PutSection(Box::new(other))], &[], at(4)).await.unwrap();
    assert_eq!(db.store.foreign_domains(&id("acme")).await.unwrap(), ["a.acme.example", "b.a.acme.example"]);
    assert_eq!(db.store.foreign_domains(&id("other")).await.unwrap(), ["acme.example", "sub.acme.example"]);
    assert!(db.store.foreign_domains(&id("nowhere")).await.unwrap().is_empty());
}

pub(crate) async fn the_order_of_changes_does_not_matter(db: Db) {
    acme(&db.store).await;
    let changes = [
        Change::PutGroup(group("old", true)),
        Change::PutUser(user("a", Some("old"), true)),
        Change::PutUser(user("b", None, false)),
    ];
    db.store.apply(&changes, &[], at(0)).await.unwrap();

    // A domain, the mail-link group's place, the default user's place and a group's users move in one call.
    let mut other = section("other");
    other.domains = vec!["acme.example".to_owned()];
    let mut rest = section("acme");
    rest.domains = vec!["sub.acme.example".to_owned()];
    let changes = [
        Change::PutSection(Box::new(other)),
        Change::RemoveGroup(id("acme"), "old".to_owned()),
        Change::PutUser(user("b", Some("new"), true)),
        Change::PutUser(user("a", Some("new"), false)),
        Change::PutGroup(group("new", true)),
        Change::PutSection(Box::new(rest)),
    ];
    db.store.apply(&changes, &[], at(1)).await.unwrap();
    assert_eq!(db.store.section_of_domain("acme.example").await.unwrap().unwrap().id, id("other"));
    assert_eq!(db.store.groups(&id("acme")).await.unwrap(), [group("new", true)]);
    let users = [user("a", Some("new"), false), user("b", Some("new"), true)];
    assert_eq!(db.store.users(&id("acme")).await.unwrap(), users);

    db.store.apply(&[Change::RemoveUser(id("acme"), "a".to_owned())], &[], at(2)).await.unwrap();
    assert_eq!(db.store.users(&id("acme")).await.unwrap(), users[1..]);
    assert_eq!(db.store.users(&id("other")).await.unwrap(), []);
}

pub(crate) async fn all_changes_or_none(db: Db) {
    acme(&db.store).await;
    for bad in [
        Change::PutUser(User { section: id("nowhere"), ..user("x", None, false) }),
        Change::PutUser(user("x", Some("no-such-group"), false)),
        Change::PutGroup(Group { section: id("nowhere"), ..group("x", false) }),
    ] {
        let changes = [Change::PutGroup(group("kept", false)), bad];
        assert!(matches!(db.store.apply(&changes, &[], at(1)).await, Err(StoreError::Refused(_))));
        assert_eq!(db.store.groups(&id("acme")).await.unwrap(), []);
    }
    // A group that somebody is in does not go.
    let changes = [Change::PutGroup(group("g", false)), Change::PutUser(user("a", Some("g"), false))];
    db.store.apply(&changes, &[], at(1)).await.unwrap();
    let refused = db.store.apply(&[Change::RemoveGroup(id("acme"), "g".to_owned())], &[], at(2)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(db.store.groups(&id("acme")).await.unwrap(), [group("g", false)]);
}

// spec: X-ADMIN
pub(crate) async fn of_two_who_decide_by_the_same_one_is_done(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let administrators = ["a", "b"].map(|login_id| User { administrator: true, ..user(login_id, None, false) });
    db.store.apply(&administrators.clone().map(Change::PutUser), &[], at(0)).await.unwrap();
    for round in 0..10 {
        // Each takes away the other's administration, by how both saw the section.
        let as_of = db.store.staff(&id("acme")).await.unwrap().as_of;
        let taken = administrators.clone().map(|user| [Change::PutUser(User { administrator: false, ..user })]);
        let (acme, entries) = (id("acme"), [entry()]);
        let both = (0..2).map(|n| nodes[n].apply_as_of(&acme, as_of, &taken[n], &[], &entries, at(0)));
        let done: Vec<bool> = join_all(both).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        let staff = db.store.staff(&acme).await.unwrap();
        assert_eq!(staff.users.iter().filter(|user| user.administrator).count(), 1);
        assert!(staff.as_of > as_of, "whatever the clock says");
        assert_eq!(db.count("SELECT COUNT(*) FROM audit_lines").await, round + 1, "what is not done is not recorded");
        // Whatever changes the section counts, its own row as well.
        db.store.apply(&administrators.clone().map(Change::PutUser), &[], at(-1)).await.unwrap();
        db.store.apply(&[Change::PutSection(Box::new(section("acme")))], &[], at(-1)).await.unwrap();
        assert!(!db.store.apply_as_of(&acme, staff.as_of, &taken[0], &[], &[], at(0)).await.unwrap());
    }
    assert_eq!(db.store.staff(&id("nowhere")).await.unwrap().users, []);
}

// spec: MAIL-SENDER
pub(crate) async fn there_is_one_mail_link_group_and_one_default_user(db: Db) {
    acme(&db.store).await;
    let two = [Change::PutGroup(group("a", true)), Change::PutGroup(group("b", true))];
    assert!(matches!(db.store.apply(&two, &[], at(1)).await, Err(StoreError::Refused(_))));
    let two = [Change::PutUser(user("a", None, true)), Change::PutUser(user("b", None, true))];
    assert!(matches!(db.store.apply(&two, &[], at(1)).await, Err(StoreError::Refused(_))));
}

// spec: MAIL-SENDER
pub(crate) async fn an_address_is_one_user_s(db: Db) {
    acme(&db.store).await;
    let with = |login_id, address: &str| User { address: address.to_owned(), ..user(login_id, None, false) };
    let put = async |users: &[User]| {
        let changes: Vec<Change> = users.iter().cloned().map(Change::PutUser).collect();
        db.store.apply(&changes, &[], at(0)).await
    };
    put(&[user("a", None, false)]).await.unwrap();
    for changes in [vec![with("b", "A@Acme.example")], vec![user("a", None, false), with("b", "a@acme.example")]] {
        let refused = put(&changes).await;
        assert!(matches!(refused, Err(StoreError::AddressTaken { ref users, .. }) if users.contains(&"a".to_owned())));
        assert_eq!(db.store.users(&id("acme")).await.unwrap(), [user("a", None, false)], "nothing of it is kept");
    }
    // What counts is how things stand when all are made: two change places, one takes the address of one who goes.
    put(&[user("b", None, false)]).await.unwrap();
    put(&[with("a", "b@acme.example"), with("b", "a@acme.example")]).await.unwrap();
    let gone = [Change::PutUser(with("c", "b@acme.example")), Change::RemoveUser(id("acme"), "a".to_owned())];
    db.store.apply(&gone, &[], at(1)).await.unwrap();
    // Another section's user may have it.
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(1)).await.unwrap();
    put(&[User { section: id("other"), ..with("c", "b@acme.example") }]).await.unwrap();
}

pub(crate) async fn a_rehearsal_refuses_what_would_be_refused_and_keeps_nothing(db: Db) {
    acme(&db.store).await;
    let mut thief = section("thief");
    thief.domains = vec!["acme.example".to_owned()];
    for bad in [Change::PutSection(Box::new(thief)), Change::PutUser(user("x", Some("no-such-group"), false))] {
        let changes = [Change::PutGroup(group("g", true)), bad];
        let rehearsed = db.store.rehearse(&changes, at(1)).await.unwrap_err().to_string();
        assert_eq!(rehearsed, db.store.apply(&changes, &[], at(1)).await.unwrap_err().to_string());
    }
    let changes = [Change::PutGroup(group("g", true)), Change::PutSection(Box::new(section("new")))];
    db.store.rehearse(&changes, at(1)).await.unwrap();
    assert_eq!(db.store.groups(&id("acme")).await.unwrap(), []);
    assert_eq!(db.store.section(&id("new")).await.unwrap(), None);
    db.store.apply(&changes, &[], at(1)).await.unwrap();
    assert_eq!(db.store.groups(&id("acme")).await.unwrap(), [group("g", true)]);
}

// spec: MAIL-SENDER
pub(crate) async fn addresses_are_compared_without_case(db: Db) {
    acme(&db.store).await;
    let odd = User { address: "Yamada.Tarō@ACME.example".to_owned(), ..user("a", None, false) };
    db.store.apply(&[Change::PutUser(odd.clone()), Change::PutUser(user("b", None, false))], &[], at(0)).await.unwrap();
    let users = async |section, address: &str| {
        db.store.sender_accounts(&id(section), &[address.to_owned()]).await.unwrap().users
    };
    assert_eq!(users("acme", "yamada.TARŌ@acme.EXAMPLE").await, [odd]);
    assert_eq!(users("acme", "c@acme.example").await, []);
    // Written otherwise it is the same person's (RFC 5321, 4.1.2).
    for address in ["\"b\"@acme.example", "\"\\b\"@acme.example", "B@ACME.example."] {
        assert_eq!(users("acme", address).await, [user("b", None, false)], "{address}");
    }
    let taken = Change::PutUser(User { address: "\"b\"@acme.example".to_owned(), ..user("d", None, false) });
    assert!(matches!(db.store.apply(&[taken], &[], at(0)).await, Err(StoreError::AddressTaken { .. })));
    assert_eq!(users("other", "b@acme.example").await, []);
}

// spec: MAIL-SENDER
pub(crate) async fn a_sender_s_accounts_are_those_of_the_section(db: Db) {
    acme(&db.store).await;
    let accounts = async |address: &str| db.store.sender_accounts(&id("acme"), &senders(address)).await.unwrap();
    assert_eq!(accounts("a@acme.example").await, SenderAccounts::default());
    let (a, b, c) = (user("a", Some("g"), false), user("b", Some("other"), true), user("c", None, false));
    let again = User { address: "A@acme.example".to_owned(), ..user("0", None, false) };
    let elsewhere = [
        Change::PutSection(Box::new(section("other"))),
        Change::PutGroup(Group { section: id("other"), ..group("theirs", true) }),
        Change::PutUser(User { section: id("other"), ..user("a", Some("theirs"), true) }),
    ];
    db.store.apply(&elsewhere, &[], at(0)).await.unwrap();
    let users = [&a, &b, &c, &user("0", None, false)].map(|user| Change::PutUser(user.clone()));
    let groups = [group("g", true), group("other", false)].map(Change::PutGroup);
    db.store.apply(&[groups.as_slice(), &users].concat(), &[], at(0)).await.unwrap();
    // As it can be where it was declared before this was refused.
    db.meddle("UPDATE users SET address = 'A@acme.example', address_folded = 'a@acme.example' WHERE login_id = '0'")
        .await;
    let known = |users: &[&User]| SenderAccounts {
        mail_link_group: Some("g".to_owned()),
        users: users.iter().copied().cloned().collect(),
        default_user: Some(b.clone()),
        accounts: vec![],
    };
    assert_eq!(accounts("a@acme.example").await, known(&[&again, &a]));
    // A tag makes nobody another, but for who has it in their address.
    assert_eq!(accounts("c+x@acme.example").await, known(&[&c]));
    assert_eq!(accounts("\"c+x\"@acme.example").await, known(&[&c]));
    assert_eq!(accounts("cc+x@acme.example").await, known(&[]));
    assert_eq!(accounts("b@acme.example").await, known(&[&b]));
    assert_eq!(accounts("nobody@acme.example").await, known(&[]));
    // Their accounts, once they are invited: those of the address, and the default user's.
    for (number, section, login_id) in [(1, "acme", "a"), (2, "acme", "b"), (3, "acme", "c"), (4, "other", "a")] {
        let invitation = NewInvitation { hash: [number; 32], until: at(1) };
        let name = AccountName::User(id(section), login_id.to_owned());
        db.store.invite(&name, invitation, None, &entry(), at(0)).await.unwrap().unwrap();
    }
    let found = async |address| {
        let found = accounts(address).await.accounts.into_iter();
        found.map(|account| (account.section.unwrap(), account.login_id)).collect::<Vec<_>>()
    };
    let of = |login_id: &str| (id("acme"), login_id.to_owned());
    assert_eq!(found("A@acme.example").await, [of("a"), of("b")]);
    assert_eq!(found("nobody@acme.example").await, [of("b")]);
}

// spec: KEEP-CRYPT
pub(crate) async fn the_first_section_key_stays(db: Db) {
    // No section needs to be there: the installation's own is not.
    let installation = id("installation");
    assert_eq!(db.store.section_key(&installation).await.unwrap(), None);
    assert_eq!(db.store.keep_section_key(&installation, b"first", at(0)).await.unwrap(), b"first");
    assert_eq!(db.store.keep_section_key(&installation, b"second", at(1)).await.unwrap(), b"first");
    assert_eq!(db.store.section_key(&installation).await.unwrap().unwrap(), b"first");
    assert_eq!(db.store.section_key(&id("other")).await.unwrap(), None);
    db.meddle("UPDATE section_keys SET version = 2 WHERE section = 'installation'").await;
    assert_eq!(db.store.keep_section_key(&installation, b"third", at(2)).await.unwrap(), b"first", "the newest counts");
}

// spec: MAIL-SIGN
pub(crate) async fn a_domain_has_one_dkim_key_an_algorithm(db: Db) {
    let key = |selector: &str, algorithm: &str| DkimKeyRow {
        domain: "acme.example".to_owned(),
        selector: selector.to_owned(),
        algorithm: algorithm.to_owned(),
        sealed_key: vec![1, 2, 3],
        section: id("installation"),
    };
    let kept = async |keys: &[DkimKeyRow]| db.store.keep_dkim_keys(keys, &[], at(0)).await.unwrap();
    assert!(kept(&[key("a", "rsa")]).await);
    assert!(kept(&[key("c", "rsa"), key("b", "ed25519")]).await);
    assert!(!kept(&[key("c", "rsa")]).await);
    assert!(!kept(&[key("a", "other")]).await);
    assert!(db.store.dkim_keys("acme.example").await.unwrap() == [key("a", "rsa"), key("b", "ed25519")]);
    assert!(db.store.dkim_keys("other.example").await.unwrap().is_empty());
    let asked = ["other.example", "acme.example"].map(str::to_owned);
    assert_eq!(db.store.domains_with_keys(&asked).await.unwrap(), ["acme.example"]);
    assert!(db.store.domains_with_keys(&[]).await.unwrap().is_empty());
    assert!(!format!("{:?}", key("a", "rsa")).contains("[1, 2, 3]"));
}

// spec: RUN-SCALE
pub(crate) async fn settings_of_a_newer_node_are_read(db: Db) {
    acme(&db.store).await;
    db.meddle(r#"UPDATE sections SET settings = '{"keep_days": 9, "something_new": [1]}'"#).await;
    let read = db.store.section(&id("acme")).await.unwrap().unwrap();
    assert_eq!(read.settings, Settings { keep_days: 9, ..Settings::default() });
}
