use fubako_base::ids::AccountId;
use fubako_store::{
    StoreError,
    accounts::{Account, AccountName, NewInvitation},
    members::Invited,
    outbox::OutgoingKind,
    second_factor::Half,
    sections::{Change, User},
    sessions::Session,
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, entry, id, outgoing, section},
};

fn operator(login_id: &str) -> AccountName {
    AccountName::Operator(login_id.to_owned())
}

fn taro() -> AccountName {
    AccountName::User(id("acme"), "taro".to_owned())
}

fn user(section: &str, login_id: &str) -> User {
    User {
        section: id(section),
        login_id: login_id.to_owned(),
        address: format!("Taro@{section}.example"),
        name: "山田 太郎".to_owned(),
        group: None,
        default_user: false,
        administrator: true,
        approver: false,
        password_never_expires: true,
    }
}

const fn invitation(hash: u8, until: i64) -> NewInvitation {
    NewInvitation { hash: [hash; 32], until: at(until) }
}

fn session(hash: u8, made: i64) -> Session {
    let (address, browser) = ("192.0.2.1".to_owned(), format!("Browser {hash}"));
    Session { hash: [hash; 32], made_at: at(made), seen_at: at(made), address, browser }
}

async fn found(db: &Db, name: &AccountName) -> Account {
    db.store.account(name).await.unwrap().unwrap()
}

/// An operator with the password `hash`.
async fn root(db: &Db) -> AccountId {
    assert!(db.store.add_operator("root", "root@ops.example", invitation(1, 100), &entry(), at(0)).await.unwrap());
    assert!(db.store.accept_invitation(&[1; 32], "hash", &entry(), at(1)).await.unwrap());
    found(db, &operator("root")).await.id
}

// spec: X-ACCOUNTS
pub(crate) async fn an_operator_is_made_once_and_chooses_a_password_once(db: Db) {
    assert!(db.store.add_operator("root", "root@ops.example", invitation(1, 100), &entry(), at(0)).await.unwrap());
    assert!(!db.store.add_operator("root", "other@ops.example", invitation(2, 100), &entry(), at(0)).await.unwrap());
    assert!(db.store.add_operator("b", "b@ops.example", invitation(3, 100), &entry(), at(0)).await.unwrap());
    let kept = found(&db, &operator("root")).await;
    assert_eq!((kept.section.clone(), &*kept.login_id, &*kept.address), (None, "root", "root@ops.example"));
    assert_eq!((kept.password_hash.clone(), kept.reset_at, kept.failures, kept.locked_at), (None, None, 0, None));
    assert_eq!(kept.invitation_until, Some(at(100)));
    assert_eq!(db.store.invited(&[1; 32], at(99)).await.unwrap(), Some(kept));
    let all: Vec<String> = db.store.operators().await.unwrap().into_iter().map(|a| a.login_id).collect();
    assert_eq!(all, ["b", "root"]);

    // Not the one that came too late for the name, nor one that nobody made, nor one whose time is over.
    for (hash, now) in [(2, 1), (9, 1), (1, 100)] {
        assert_eq!(db.store.invited(&[hash; 32], at(now)).await.unwrap(), None);
        assert!(!db.store.accept_invitation(&[hash; 32], "hash", &entry(), at(now)).await.unwrap());
    }
    assert!(db.store.accept_invitation(&[1; 32], "hash", &entry(), at(99)).await.unwrap());
    assert!(!db.store.accept_invitation(&[1; 32], "another", &entry(), at(99)).await.unwrap());
    let kept = found(&db, &operator("root")).await;
    assert_eq!((kept.password_hash.as_deref(), kept.password_set_at), (Some("hash"), Some(at(99))));
    assert_eq!(kept.invitation_until, None);
}

// spec: X-ACCOUNTS
pub(crate) async fn an_operator_goes_with_all_that_is_theirs_and_nobody_else_does(db: Db) {
    let by = root(&db).await;
    assert!(db.store.add_operator("b", "b@ops.example", invitation(3, 100), &entry(), at(0)).await.unwrap());
    assert!(db.store.begin_session(by, "hash", &session(7, 2), &entry()).await.unwrap());
    acme(&db.store).await;
    db.store.apply(&[Change::PutUser(user("acme", "taro"))], &[], at(0)).await.unwrap();
    db.store.invite(&taro(), invitation(4, 100), None, &entry(), at(1)).await.unwrap().unwrap();
    for nobody in ["taro", "nobody", "ROOT", ""] {
        assert!(!db.store.remove_operator(nobody, &entry()).await.unwrap(), "{nobody:?}");
    }
    assert!(db.store.session(&[7; 32]).await.unwrap().is_some());
    assert!(db.store.remove_operator("root", &entry()).await.unwrap());
    assert!(!db.store.remove_operator("root", &entry()).await.unwrap(), "it is gone already");
    assert_eq!(db.store.account(&operator("root")).await.unwrap(), None);
    assert!(db.store.session(&[7; 32]).await.unwrap().is_none(), "a session is left");
    assert!(db.store.account(&operator("b")).await.unwrap().is_some());
    assert!(db.store.account(&taro()).await.unwrap().is_some());
}

// spec: X-ACCOUNTS
pub(crate) async fn a_user_s_account_is_the_user_s(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let users = [user("acme", "taro"), user("other", "taro")].map(Change::PutUser);
    db.store.apply(&users, &[], at(0)).await.unwrap();
    assert_eq!(db.store.account(&taro()).await.unwrap(), None, "before the first invitation there is none");
    let kept = db.store.invite(&taro(), invitation(1, 100), None, &entry(), at(1)).await.unwrap().unwrap();
    assert_eq!((kept.section.clone(), &*kept.login_id, &*kept.name), (Some(id("acme")), "taro", "山田 太郎"));
    assert!(kept.administrator && kept.never_expires && kept.reset_at.is_none());
    for address in ["TARO@acme.example", "\"taro\"@acme.example."] {
        assert_eq!(found(&db, &AccountName::Address(id("acme"), address.into())).await, kept, "{address}");
    }
    // Neither the other section's, nor an operator of the name, nor one who is no user.
    for nobody in [
        AccountName::User(id("other"), "taro".into()),
        AccountName::Address(id("other"), "taro@acme.example".into()),
        operator("taro"),
    ] {
        assert_eq!(db.store.account(&nobody).await.unwrap(), None, "{nobody:?}");
    }
    for nobody in [AccountName::User(id("acme"), "jiro".into()), operator("taro")] {
        assert_eq!(
            db.store.invite(&nobody, invitation(2, 100), None, &entry(), at(1)).await.unwrap(),
            None,
            "{nobody:?}"
        );
    }
    // By the address as well, and once.
    let again = AccountName::Address(id("acme"), "taro@acme.example".into());
    assert_eq!(db.store.invite(&again, invitation(3, 200), None, &entry(), at(2)).await.unwrap().unwrap().id, kept.id);
    assert_eq!(db.count("SELECT COUNT(*) FROM accounts").await, 1);

    // Who is no user any more has no account and no session.
    assert!(db.store.accept_invitation(&[3; 32], "hash", &entry(), at(3)).await.unwrap());
    assert!(db.store.begin_session(kept.id, "hash", &session(7, 3), &entry()).await.unwrap());
    db.store.apply(&[Change::PutUser(User { name: "太郎".into(), ..user("acme", "taro") })], &[], at(4)).await.unwrap();
    assert_eq!(db.store.session(&[7; 32]).await.unwrap().unwrap().1.name, "太郎");
    db.store.apply(&[Change::RemoveUser(id("acme"), "taro".to_owned())], &[], at(5)).await.unwrap();
    assert_eq!(db.store.account(&taro()).await.unwrap(), None);
    assert_eq!(db.store.session(&[7; 32]).await.unwrap(), None);
    assert_eq!(db.count("SELECT COUNT(*) FROM sessions").await, 0);
}

// spec: X-ACCOUNTS, X-ADMIN
pub(crate) async fn a_user_with_another_address_is_out(db: Db) {
    acme(&db.store).await;
    let acme = id("acme");
    let at_address = |address: &str| User { address: address.to_owned(), ..user("acme", "taro") };
    let put = async |address: &str| {
        db.store.apply(&[Change::PutUser(at_address(address))], &[], at(1)).await.unwrap();
        db.store.account(&taro()).await.unwrap()
    };
    put("taro@acme.example").await;
    let id = db.store.invite(&taro(), invitation(1, 100), None, &entry(), at(1)).await.unwrap().unwrap().id;
    db.store.accept_invitation(&[1; 32], "hash", &entry(), at(2)).await.unwrap();
    db.store.begin_second_factor(id, "hash", b"sealed", at(2)).await.unwrap();
    db.store.confirm_second_factor(id, b"sealed", 1, &[], &session(7, 3), &entry()).await.unwrap();
    db.store.invite(&taro(), invitation(2, 100), None, &entry(), at(3)).await.unwrap();
    db.store.accept_invitation(&[2; 32], "hash", &entry(), at(4)).await.unwrap();
    let half = Half { hash: [8; 32], made_at: at(4), address: String::new() };
    assert!(db.store.begin_half(id, "hash", &half).await.unwrap());
    // Otherwise written it is the same.
    let same = put("\"TARO\"@ACME.example").await.unwrap();
    assert!(same.password_hash.is_some() && same.second_factor_at.is_some());
    let moved = put("jiro@acme.example").await.unwrap();
    assert_eq!((moved.password_hash, moved.second_factor_at, moved.reset_at), (None, None, Some(at(1))));
    assert!(db.store.half(&[8; 32]).await.unwrap().is_none());

    // An invitation to the old one is void, and what is mailed to it later too; with the change goes one to the new one.
    db.store.invite(&taro(), invitation(3, 100), None, &entry(), at(5)).await.unwrap();
    let as_of = db.store.staff(&acme).await.unwrap().as_of;
    let mail = |to: &str| outgoing(OutgoingKind::Notice, &[to]);
    let invited =
        [Invited { login_id: "taro".to_owned(), invitation: invitation(4, 100), mail: mail("goro@acme.example") }];
    let change = [Change::PutUser(at_address("goro@acme.example"))];
    assert!(db.store.apply_as_of(&acme, as_of, &change, &invited, &[entry()], at(6)).await.unwrap());
    assert!(db.store.invited(&[3; 32], at(7)).await.unwrap().is_none());
    assert_eq!(db.store.invited(&[4; 32], at(7)).await.unwrap().unwrap().id, id);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 1);
    let late = mail("jiro@acme.example");
    assert_eq!(db.store.invite(&taro(), invitation(5, 100), Some(&late), &entry(), at(8)).await.unwrap(), None);
    assert_eq!(db.store.invited(&[4; 32], at(9)).await.unwrap().unwrap().id, id, "nothing was done");
    let right = mail("GORO@acme.example");
    assert!(db.store.invite(&taro(), invitation(5, 100), Some(&right), &entry(), at(8)).await.unwrap().is_some());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
}

// spec: X-ACCOUNTS
pub(crate) async fn password_tries_side_by_side_do_not_outrun_the_limit(db: Db) {
    let id = root(&db).await;
    let took = join_all((0..8).map(|_| db.store.take_password_try(id, 0, None))).await;
    assert_eq!(took.into_iter().filter(|took| *took.as_ref().unwrap()).count(), 1);
    assert_eq!(found(&db, &operator("root")).await.failures, 1);
    assert!(!db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(db.store.take_password_try(id, 1, Some(at(5))).await.unwrap());
    let locked = found(&db, &operator("root")).await;
    assert_eq!((locked.failures, locked.locked_at), (2, Some(at(5))));
    assert!(!db.store.take_password_try(id, 2, None).await.unwrap(), "it is locked");
    assert!(db.store.unlock(&operator("root"), &entry(), at(6)).await.unwrap());
    assert!(!db.store.unlock(&operator("nobody"), &entry(), at(6)).await.unwrap());
    let open = found(&db, &operator("root")).await;
    assert_eq!((open.failures, open.locked_at, open.password_hash.as_deref()), (0, None, Some("hash")));

    // A right one forgets what was wrong; where the password is another by now, nothing begins.
    assert!(db.store.take_password_try(id, 0, Some(at(7))).await.unwrap());
    assert!(!db.store.begin_session(id, "old hash", &session(1, 7), &entry()).await.unwrap());
    assert!(db.store.begin_session(id, "hash", &session(1, 7), &entry()).await.unwrap());
    let open = found(&db, &operator("root")).await;
    assert_eq!((open.failures, open.locked_at), (0, None));
}

// spec: X-ACCOUNTS
pub(crate) async fn a_reset_takes_password_and_sessions_away(db: Db) {
    let id = root(&db).await;
    assert!(db.store.begin_session(id, "hash", &session(1, 2), &entry()).await.unwrap());
    assert!(db.store.take_password_try(id, 0, Some(at(3))).await.unwrap());
    let reset = db.store.invite(&operator("root"), invitation(5, 200), None, &entry(), at(10)).await.unwrap().unwrap();
    assert_eq!((reset.password_hash.clone(), reset.password_set_at, reset.reset_at), (None, None, Some(at(10))));
    assert_eq!((reset.failures, reset.locked_at, reset.invitation_until), (0, None, Some(at(200))));
    assert_eq!(db.store.session(&[1; 32]).await.unwrap(), None);
    assert!(!db.store.begin_session(id, "hash", &session(2, 11), &entry()).await.unwrap());
    // Another invitation makes the one before void, and it is still the same reset.
    let again = db.store.invite(&operator("root"), invitation(6, 300), None, &entry(), at(20)).await.unwrap().unwrap();
    assert_eq!(again.reset_at, Some(at(10)));
    assert!(!db.store.accept_invitation(&[5; 32], "new", &entry(), at(21)).await.unwrap());
    assert!(db.store.accept_invitation(&[6; 32], "new", &entry(), at(21)).await.unwrap());
    assert_eq!(found(&db, &operator("root")).await.reset_at, None);
}

// spec: X-ACCOUNTS
pub(crate) async fn sessions_end_singly_all_but_one_and_with_a_change_of_the_password(db: Db) {
    let id = root(&db).await;
    db.store.add_operator("other", "o@ops.example", invitation(2, 100), &entry(), at(0)).await.unwrap();
    db.store.accept_invitation(&[2; 32], "theirs", &entry(), at(1)).await.unwrap();
    let other = found(&db, &operator("other")).await.id;
    for (account, hash, made) in [(id, 1, 10), (id, 2, 20), (id, 3, 30), (other, 4, 40)] {
        let password = if account == id { "hash" } else { "theirs" };
        assert!(db.store.begin_session(account, password, &session(hash, made), &entry()).await.unwrap());
    }
    let (kept, account) = db.store.session(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((kept, account.id), (session(2, 20), id));
    let hashes = |all: Vec<Session>| all.iter().map(|session| session.hash[0]).collect::<Vec<u8>>();
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [3, 2, 1]);
    db.store.touch_session(&[2; 32], at(50)).await.unwrap();
    db.store.touch_session(&[2; 32], at(45)).await.unwrap();
    assert_eq!(db.store.session(&[2; 32]).await.unwrap().unwrap().0.seen_at, at(50));
    db.store.end_session(&[1; 32], &entry()).await.unwrap();
    db.store.end_session(&[1; 32], &entry()).await.unwrap();
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [3, 2]);
    for (hash, made) in [(5, 51), (6, 52)] {
        assert!(db.store.begin_session(id, "hash", &session(hash, made), &entry()).await.unwrap());
    }
    // One, for the password; not the one that asks, not another's, and none with another password. A right one is given back, and forgets nothing.
    let end = async |hash: &str, only| db.store.end_other_sessions(id, hash, &[2; 32], only, &entry()).await.unwrap();
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(db.store.take_password_try(id, 1, None).await.unwrap());
    assert!(!end("wrong", Some([5; 32])).await && !end("wrong", None).await);
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [6, 5, 3, 2]);
    assert!(end("hash", Some([5; 32])).await);
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [6, 3, 2]);
    assert_eq!(found(&db, &operator("root")).await.failures, 1);
    let lines = db.count("SELECT COUNT(*) FROM audit_lines").await;
    assert!(end("hash", Some([2; 32])).await && end("hash", Some([4; 32])).await);
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [6, 3, 2]);
    assert_eq!(db.count("SELECT COUNT(*) FROM audit_lines").await, lines, "nothing ended, nothing to record");
    assert!(end("hash", None).await);
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [2]);

    assert!(!db.store.change_password(id, "wrong", "new", None, &session(8, 60), &[entry()]).await.unwrap());
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [2]);
    assert!(db.store.change_password(id, "hash", "new", None, &session(9, 60), &[entry()]).await.unwrap());
    assert_eq!(hashes(db.store.sessions_of(id).await.unwrap()), [9]);
    let changed = found(&db, &operator("root")).await;
    assert_eq!((changed.password_hash.as_deref(), changed.password_set_at), (Some("new"), Some(at(60))));

    // Another's are untouched by all that, until their time is over.
    assert_eq!(hashes(db.store.sessions_of(other).await.unwrap()), [4]);
    assert_eq!(db.store.forget_sessions(at(40), at(40)).await.unwrap(), 0);
    assert_eq!(db.store.forget_sessions(at(41), at(0)).await.unwrap(), 1);
    assert_eq!(db.store.forget_sessions(at(0), at(61)).await.unwrap(), 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM sessions").await, 0);
}

pub(crate) async fn an_account_that_cannot_be_read_is_an_error(db: Db) {
    root(&db).await;
    db.meddle("UPDATE accounts SET failures = -1").await;
    assert!(matches!(db.store.operators().await, Err(StoreError::Corrupt("accounts"))));
}
