use fubako_base::{Lang, ids::DepositId, object::ObjectRef, unchecked::Unchecked};
use fubako_store::{
    StoreError,
    deposits::{Deposit, DepositState, Depositor, File},
    outbox::OutgoingKind,
    sections::Change,
};

use crate::{
    db::{Db, holds},
    make::{acme, at, deposit, entry, expired, file, id, link, object, outgoing, section, sent},
};

// spec: MAIL-DEPOSIT
pub(crate) async fn the_same_key_gives_the_same_deposit(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let first = Deposit { lang: Some(Lang::En), ..deposit("mail-1", 2) };
    let (kept, new) = db.store.begin_deposit(&first).await.unwrap();
    assert!(new);
    assert_eq!(format!("{kept:?}"), format!("{first:?}"));
    let again = Deposit { subject: "another".to_owned(), request_digest: vec![8; 32], ..deposit("mail-1", 5) };
    let (kept, new) = db.store.begin_deposit(&again).await.unwrap();
    assert!(!new);
    assert_eq!(format!("{kept:?}"), format!("{first:?}"));
    assert_eq!(format!("{:?}", db.store.deposit(first.id).await.unwrap().unwrap()), format!("{first:?}"));
    // Another section's key is another key.
    let other = Deposit { section: id("other"), ..deposit("mail-1", 1) };
    assert_eq!(db.store.begin_deposit(&other).await.unwrap().0.id, other.id);
    assert!(db.store.deposit(DepositId::generate()).await.unwrap().is_none());
    // Whatever the caller says, a deposit begins open.
    let odd = Deposit { state: DepositState::Sent, sent_at: Some(at(0)), ..deposit("odd", 1) };
    assert_eq!(db.store.begin_deposit(&odd).await.unwrap().0.state, DepositState::Open);
}

// spec: MAIL-SENDER RUN-SCALE
pub(crate) async fn who_deposits_is_noted(db: Db) {
    acme(&db.store).await;
    for as_default_user in [false, true] {
        let depositor = Some(Depositor { login_id: "山田".to_owned(), member: None, as_default_user });
        let noted = Deposit { depositor: depositor.clone(), ..deposit(&as_default_user.to_string(), 1) };
        assert_eq!(db.store.begin_deposit(&noted).await.unwrap().0.depositor, depositor);
        assert_eq!(db.store.deposit(noted.id).await.unwrap().unwrap().depositor, depositor);
        let again = Deposit { depositor: None, ..noted.clone() };
        assert_eq!(db.store.begin_deposit(&again).await.unwrap().0.depositor, depositor, "the first stays");
    }
    // A node of an earlier release notes nothing.
    let earlier = Deposit { depositor: None, ..deposit("earlier", 1) };
    assert_eq!(db.store.begin_deposit(&earlier).await.unwrap().0.depositor, None);
}

// spec: MAIL-DEPOSIT
pub(crate) async fn a_file_is_kept_once(db: Db) {
    acme(&db.store).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 2)).await.unwrap();
    let two = File { unchecked: Some(Unchecked::ScanLimit), ..file(d.id, 2) };
    let one = file(d.id, 1);
    for file in [&two, &one] {
        let (kept, new) = db.store.keep_file(file).await.unwrap();
        assert!(new);
        assert_eq!(format!("{kept:?}"), format!("{file:?}"));
    }
    let again = File { name: "other".to_owned(), ..file(d.id, 1) };
    let (kept, new) = db.store.keep_file(&again).await.unwrap();
    assert_eq!((new, &kept.name, &kept.object), (false, &one.name, &one.object));
    let files = db.store.files(d.id).await.unwrap();
    assert_eq!(format!("{files:?}"), format!("{:?}", [&one, &two]));
    assert_eq!(files[0].object, one.object, "with its key");
    assert!(db.store.files(DepositId::generate()).await.unwrap().is_empty());
}

// spec: MAIL-DEPOSIT
pub(crate) async fn files_are_kept_only_while_open(db: Db) {
    acme(&db.store).await;
    let refused =
        |result: Result<(File, bool), StoreError>| assert!(matches!(result, Err(StoreError::DepositClosed(_))));
    refused(db.store.keep_file(&file(DepositId::generate(), 1)).await);
    let (d, _) = db.store.begin_deposit(&deposit("k", 1)).await.unwrap();
    refused(db.store.keep_file(&file(d.id, 0)).await);
    refused(db.store.keep_file(&file(d.id, 2)).await);
    let (kept, _) = db.store.keep_file(&file(d.id, 1)).await.unwrap();
    assert!(db.store.send_deposit(d.id, at(1000), &[], &[], &entry(), at(2)).await.unwrap());
    // The upload that never heard its answer comes again after the sending: it is told what is there.
    let (again, new) = db.store.keep_file(&file(d.id, 1)).await.unwrap();
    assert_eq!((again.object, new), (kept.object, false));
    refused(db.store.keep_file(&file(d.id, 2)).await);
    db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap();
    refused(db.store.keep_file(&file(d.id, 1)).await);
}

// spec: MAIL-DEPOSIT, X-NOTICE
pub(crate) async fn a_deposit_is_sent_whole_and_once(db: Db) {
    acme(&db.store).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 2)).await.unwrap();
    let links = [link(d.id, "hanako@example.com", 1), link(d.id, "jiro@example.com", 2)];
    let notices = ["hanako@example.com", "jiro@example.com"].map(|to| outgoing(OutgoingKind::DepositNotice, &[to]));
    let entry = entry();
    let send = || db.store.send_deposit(d.id, at(1000), &links, &notices, &entry, at(5));
    db.store.keep_file(&file(d.id, 1)).await.unwrap();
    assert!(matches!(send().await, Err(StoreError::DepositClosed("a file is missing"))));
    assert!(db.store.link(&[1; 32]).await.unwrap().is_none());
    assert!(db.store.lease_round("p", at(9), at(60)).await.unwrap().is_none());
    db.store.keep_file(&file(d.id, 2)).await.unwrap();
    assert!(send().await.unwrap());
    assert!(!send().await.unwrap(), "sent before");
    assert_eq!(db.count("SELECT COUNT(*) FROM links").await, 2);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
    let kept = db.store.deposit(d.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.sent_at, kept.expires_at), (DepositState::Sent, Some(at(5)), Some(at(1000))));
    assert!(!db.store.abort_deposit(d.id, None).await.unwrap());
    let gone = db.store.send_deposit(DepositId::generate(), at(1000), &[], &[], &entry, at(5)).await;
    assert!(matches!(gone, Err(StoreError::DepositClosed(_))));
}

// spec: X-NOTICE
pub(crate) async fn sending_commits_all_or_nothing(db: Db) {
    acme(&db.store).await;
    sent(&db.store, "first", 1).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 0)).await.unwrap();
    // A token that is another link's already.
    let links = [link(d.id, "a@example.com", 2), link(d.id, "b@example.com", 1)];
    let notices = [outgoing(OutgoingKind::DepositNotice, &["a@example.com"])];
    let refused = db.store.send_deposit(d.id, at(1000), &links, &notices, &entry(), at(5)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(db.store.deposit(d.id).await.unwrap().unwrap().state, DepositState::Open);
    assert!(db.store.link(&[2; 32]).await.unwrap().is_none());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 1);
}

// spec: KEEP-DELETE
pub(crate) async fn an_aborted_deposit_leaves_nothing(db: Db) {
    acme(&db.store).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 2)).await.unwrap();
    let (file, _) = db.store.keep_file(&file(d.id, 2)).await.unwrap();
    let lines = db.count("SELECT COUNT(*) FROM audit_lines").await;
    assert!(db.store.abort_deposit(d.id, Some(&entry())).await.unwrap());
    assert_eq!(db.count("SELECT COUNT(*) FROM audit_lines").await, lines + 1);
    assert!(!db.store.abort_deposit(d.id, None).await.unwrap());
    assert!(db.store.deposit(d.id).await.unwrap().is_none());
    assert_eq!(db.count("SELECT COUNT(*) FROM files").await, 0);
    assert_eq!(db.store.erasures(10).await.unwrap(), [file.object.id]);
    let (new, begun) = db.store.begin_deposit(&deposit("k", 1)).await.unwrap();
    assert!(begun && new.id != d.id, "the key is free again");
    assert!(!holds(&db.contents().await, &file.object.wrapped_key));
}

// spec: X-EXPIRY, KEEP-DELETE
pub(crate) async fn deposits_expire(db: Db) {
    acme(&db.store).await;
    let (d, f, l) = sent(&db.store, "sent", 1).await;
    db.store.begin_link_session(l.id, &[5; 32], at(9999), None, &entry(), at(3)).await.unwrap();
    let (open, _) = db.store.begin_deposit(&deposit("open", 1)).await.unwrap();
    let (half, _) = db.store.keep_file(&file(open.id, 1)).await.unwrap();
    assert_eq!(db.store.expire_deposits(at(999), at(0), 10, expired).await.unwrap(), 0);
    assert_eq!(db.store.files(d.id).await.unwrap().len(), 1);
    assert_eq!(db.store.expire_deposits(at(1000), at(1), 1, expired).await.unwrap(), 1, "no more than the limit");
    assert_eq!(db.store.expire_deposits(at(1000), at(1), 10, expired).await.unwrap(), 1);
    assert_eq!(db.store.expire_deposits(at(1000), at(1), 10, expired).await.unwrap(), 0);
    for id in [d.id, open.id] {
        assert_eq!(db.store.deposit(id).await.unwrap().unwrap().state, DepositState::Expired);
        assert!(db.store.files(id).await.unwrap().is_empty());
    }
    let mut given_up = [f.object.id, half.object.id];
    given_up.sort();
    assert_eq!(db.store.erasures(10).await.unwrap(), given_up);
    assert!(!db.store.link_session(l.id, &[5; 32], at(3)).await.unwrap());
    // The link is still found: its page says that the files are gone.
    assert_eq!(db.store.link(&[1; 32]).await.unwrap().unwrap().1.state, DepositState::Expired);
    let late = db.store.send_deposit(open.id, at(2000), &[], &[], &entry(), at(5)).await;
    assert!(matches!(late, Err(StoreError::DepositClosed(_))));
    let contents = db.contents().await;
    assert!(!holds(&contents, &f.object.wrapped_key) && !holds(&contents, &half.object.wrapped_key));
}

pub(crate) async fn a_deposit_of_another_section_is_untouchable(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let (d, _) = db.store.begin_deposit(&deposit("k", 1)).await.unwrap();
    let foreign = File { object: ObjectRef { section: id("other"), ..object() }, ..file(d.id, 1) };
    assert!(matches!(db.store.keep_file(&foreign).await, Err(StoreError::DepositClosed("it is unknown"))));
    assert!(db.store.files(d.id).await.unwrap().is_empty());
}
