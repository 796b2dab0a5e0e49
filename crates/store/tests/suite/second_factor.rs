use fubako_base::ids::AccountId;
use fubako_store::{
    accounts::{AccountName, NewInvitation},
    second_factor::{Half, SecondFactor, Used},
    sessions::Session,
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{at, entry},
};

fn name() -> AccountName {
    AccountName::Operator("root".to_owned())
}

fn session(hash: u8) -> Session {
    Session {
        hash: [hash; 32],
        made_at: at(10),
        seen_at: at(10),
        address: "192.0.2.1".to_owned(),
        browser: String::new(),
    }
}

fn half(hash: u8) -> Half {
    Half { hash: [hash; 32], made_at: at(10), address: "192.0.2.1".to_owned() }
}

/// An operator with the password `hash`.
async fn root(db: &Db) -> AccountId {
    let invitation = NewInvitation { hash: [1; 32], until: at(100) };
    assert!(db.store.add_operator("root", "root@ops.example", invitation, &entry(), at(0)).await.unwrap());
    assert!(db.store.accept_invitation(&[1; 32], "hash", &entry(), at(1)).await.unwrap());
    db.store.account(&name()).await.unwrap().unwrap().id
}

/// The same with a second factor, whose code of step 100 was used, and two recovery codes.
async fn secured(db: &Db) -> AccountId {
    let id = root(db).await;
    assert!(db.store.begin_second_factor(id, "hash", b"sealed", at(2)).await.unwrap());
    let codes = [[1; 32], [2; 32]];
    assert!(db.store.confirm_second_factor(id, b"sealed", 100, &codes, &session(1), &entry()).await.unwrap());
    id
}

async fn failures(db: &Db) -> (u32, bool) {
    let account = db.store.account(&name()).await.unwrap().unwrap();
    (account.failures, account.locked_at.is_some())
}

async fn factor(db: &Db, id: AccountId) -> Option<SecondFactor> {
    db.store.second_factor(id).await.unwrap()
}

// spec: X-ACCOUNTS
pub(crate) async fn a_key_counts_once_a_code_was_right_and_sessions_elsewhere_end(db: Db) {
    let id = root(&db).await;
    assert_eq!(factor(&db, id).await, None);
    assert!(db.store.begin_session(id, "hash", &session(9), &entry()).await.unwrap());
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(!db.store.begin_second_factor(id, "old hash", b"other", at(2)).await.unwrap());
    assert_eq!(failures(&db).await, (1, false));
    assert!(db.store.begin_second_factor(id, "hash", b"first", at(2)).await.unwrap());
    assert_eq!(failures(&db).await, (0, false), "the password was right");
    assert!(db.store.begin_second_factor(id, "hash", b"second", at(3)).await.unwrap());
    let begun = factor(&db, id).await.unwrap();
    assert_eq!((begun.sealed_secret.as_slice(), begun.made_at, begun.confirmed_at), (&b"second"[..], at(3), None));
    assert_eq!(db.store.account(&name()).await.unwrap().unwrap().second_factor_at, None);
    // Not the key that was given up; and no code is used up before it counts.
    let codes = [[1; 32], [2; 32]];
    assert!(!db.store.confirm_second_factor(id, b"first", 5, &codes, &session(1), &entry()).await.unwrap());
    assert!(!db.store.replace_recovery_codes(id, "hash", 5, &codes, &entry()).await.unwrap());
    assert!(db.store.session(&[9; 32]).await.unwrap().is_some());
    assert!(db.store.confirm_second_factor(id, b"second", 5, &codes, &session(1), &entry()).await.unwrap());
    assert!(!db.store.confirm_second_factor(id, b"second", 6, &codes, &session(2), &entry()).await.unwrap(), "twice");
    let on = factor(&db, id).await.unwrap();
    assert_eq!((on.confirmed_at, on.last_step, on.recovery), (Some(at(10)), Some(5), codes.to_vec()));
    assert_eq!(db.store.account(&name()).await.unwrap().unwrap().second_factor_at, Some(at(10)));
    assert!(db.store.session(&[9; 32]).await.unwrap().is_none() && db.store.session(&[1; 32]).await.unwrap().is_some());
    // From now on the password alone begins nothing; one that counts is not begun anew, and what is wrong stays counted.
    assert!(!db.store.begin_session(id, "hash", &session(8), &entry()).await.unwrap());
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(!db.store.begin_second_factor(id, "hash", b"third", at(4)).await.unwrap());
    assert_eq!(failures(&db).await, (1, false));
}

// spec: X-ACCOUNTS
pub(crate) async fn a_code_is_used_up_once_however_many_come_with_it(db: Db) {
    let id = secured(&db).await;
    for n in 10..18 {
        assert!(db.store.begin_half(id, "hash", &half(n)).await.unwrap());
    }
    let come = async |n: u8, used: Used| {
        db.store.complete_sign_in(&[n; 32], id, used, &session(n), &[entry(), entry()]).await.unwrap()
    };
    // An older one, the same again, a recovery code that is none of theirs.
    for used in [Used::Step(99), Used::Step(100), Used::Recovery([9; 32])] {
        assert!(!come(10, used).await, "{used:?}");
    }
    for used in [Used::Step(101), Used::Recovery([1; 32])] {
        let came = join_all((10..18).map(|n| come(n, used))).await;
        assert_eq!(came.into_iter().filter(|in_| *in_).count(), 1, "{used:?}");
    }
    assert_eq!(factor(&db, id).await.unwrap().recovery, [[2; 32]]);
    assert_eq!(db.count("SELECT COUNT(*) FROM half_sign_ins").await, 6, "each is good once");
    assert_eq!(db.count("SELECT COUNT(*) FROM sessions").await, 3);
    assert!(!come(20, Used::Recovery([2; 32])).await, "nothing is half open");
    assert_eq!(factor(&db, id).await.unwrap().recovery, [[2; 32]], "and no code was lost for it");
}

// spec: X-ACCOUNTS
pub(crate) async fn a_right_password_forgets_nothing_while_a_code_is_owed(db: Db) {
    let id = secured(&db).await;
    // Two wrong codes; then the password, which is counted too and given back.
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(db.store.take_password_try(id, 1, None).await.unwrap());
    assert!(db.store.take_password_try(id, 2, Some(at(9))).await.unwrap());
    assert!(!db.store.begin_half(id, "old hash", &half(3)).await.unwrap());
    assert_eq!(failures(&db).await, (3, true));
    assert!(db.store.begin_half(id, "hash", &half(3)).await.unwrap());
    assert_eq!(failures(&db).await, (2, false));
    let (kept, account) = db.store.half(&[3; 32]).await.unwrap().unwrap();
    assert_eq!((kept, account.id), (half(3), id));
    let used = Used::Step(101);
    assert!(db.store.complete_sign_in(&[3; 32], id, used, &session(3), &[entry()]).await.unwrap());
    assert_eq!(failures(&db).await, (0, false));
    assert_eq!(db.store.half(&[3; 32]).await.unwrap(), None);
}

// spec: X-ACCOUNTS
pub(crate) async fn recovery_codes_are_replaced_and_a_second_factor_ends(db: Db) {
    let id = secured(&db).await;
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    assert!(db.store.take_password_try(id, 1, None).await.unwrap());
    assert!(!db.store.replace_recovery_codes(id, "hash", 100, &[[7; 32]], &entry()).await.unwrap(), "used already");
    assert!(!db.store.replace_recovery_codes(id, "old hash", 101, &[[7; 32]], &entry()).await.unwrap());
    assert!(db.store.replace_recovery_codes(id, "hash", 102, &[[7; 32], [8; 32]], &entry()).await.unwrap());
    assert_eq!(failures(&db).await, (0, false), "password and code were right");
    assert_eq!(factor(&db, id).await.unwrap().recovery, [[7; 32], [8; 32]]);
    assert!(db.store.begin_half(id, "hash", &half(3)).await.unwrap());
    for (password, used) in [("hash", Used::Step(102)), ("hash", Used::Recovery([1; 32])), ("old", Used::Step(103))] {
        assert!(!db.store.end_second_factor(id, password, used, &session(5), &[entry()]).await.unwrap());
    }
    assert!(db.store.half(&[3; 32]).await.unwrap().is_some());
    let used = Used::Recovery([7; 32]);
    assert!(db.store.end_second_factor(id, "hash", used, &session(5), &[entry()]).await.unwrap());
    assert_eq!((factor(&db, id).await, failures(&db).await), (None, (0, false)));
    assert_eq!(db.count("SELECT COUNT(*) FROM recovery_codes").await, 0);
    assert_eq!(db.store.half(&[3; 32]).await.unwrap(), None);
    let left: Vec<u8> = db.store.sessions_of(id).await.unwrap().iter().map(|session| session.hash[0]).collect();
    assert_eq!(left, [5]);
}

// spec: X-ACCOUNTS
pub(crate) async fn a_password_is_changed_with_a_code_where_one_is_owed(db: Db) {
    let id = secured(&db).await;
    let change = async |old: &str, used: Option<Used>, n: u8| {
        db.store.change_password(id, old, "new", used, &session(n), &[entry()]).await.unwrap()
    };
    assert!(db.store.take_password_try(id, 0, None).await.unwrap());
    // Without one, with a used one, with one that is none of theirs.
    for used in [None, Some(Used::Step(100)), Some(Used::Recovery([9; 32]))] {
        assert!(!change("hash", used, 2).await, "{used:?}");
    }
    assert!(!change("old hash", Some(Used::Step(101)), 2).await);
    assert_eq!(failures(&db).await, (1, false));
    assert!(change("hash", Some(Used::Step(102)), 3).await);
    assert!(!change("new", Some(Used::Step(102)), 4).await, "used up");
    let account = db.store.account(&name()).await.unwrap().unwrap();
    assert_eq!((account.password_hash.as_deref(), account.failures), (Some("new"), 0));
    assert!(account.second_factor_at.is_some());
    let left: Vec<u8> = db.store.sessions_of(id).await.unwrap().iter().map(|session| session.hash[0]).collect();
    assert_eq!(left, [3]);
}

// spec: X-ACCOUNTS
pub(crate) async fn a_second_factor_is_taken_away_alone_or_with_a_reset(db: Db) {
    let id = secured(&db).await;
    assert!(db.store.begin_half(id, "hash", &half(3)).await.unwrap());
    // An invitation alone leaves it: who reads the mail has no code.
    let invitation = |n: u8| NewInvitation { hash: [n; 32], until: at(100) };
    db.store.invite(&name(), invitation(2), None, &entry(), at(5)).await.unwrap().unwrap();
    assert!(factor(&db, id).await.is_some());
    assert_eq!(db.store.half(&[3; 32]).await.unwrap(), None, "the password is void");
    assert!(!db.store.begin_half(id, "hash", &half(3)).await.unwrap());
    assert!(db.store.accept_invitation(&[2; 32], "hash", &entry(), at(6)).await.unwrap());
    assert!(db.store.begin_half(id, "hash", &half(4)).await.unwrap());
    let lines = "SELECT COUNT(*) FROM audit_lines";
    let before = db.count(lines).await;
    assert!(db.store.take_second_factor(&name(), &entry()).await.unwrap());
    assert!(!db.store.take_second_factor(&name(), &entry()).await.unwrap());
    assert!(!db.store.take_second_factor(&AccountName::Operator("x".into()), &entry()).await.unwrap());
    assert_eq!(db.count(lines).await, before + 1);
    assert_eq!((factor(&db, id).await, db.store.half(&[4; 32]).await.unwrap()), (None, None));

    // One that was begun goes with a reset too, and only one that counted is recorded.
    for (confirmed, recorded) in [(false, 1), (true, 2)] {
        assert!(db.store.begin_second_factor(id, "hash", b"sealed", at(7)).await.unwrap());
        if confirmed {
            assert!(db.store.confirm_second_factor(id, b"sealed", 1, &[], &session(6), &entry()).await.unwrap());
        }
        let before = db.count(lines).await;
        let reset = db.store.reset(&name(), invitation(3), &entry(), &entry(), at(8)).await.unwrap().unwrap();
        assert_eq!((reset.second_factor_at, reset.password_hash), (None, None));
        assert_eq!((factor(&db, id).await, db.count(lines).await), (None, before + recorded));
        assert!(db.store.accept_invitation(&[3; 32], "hash", &entry(), at(9)).await.unwrap());
    }
    let nobody = AccountName::Operator("x".into());
    assert_eq!(db.store.reset(&nobody, invitation(4), &entry(), &entry(), at(8)).await.unwrap(), None);

    // What nobody went on with is forgotten.
    assert!(db.store.begin_half(id, "hash", &half(5)).await.unwrap());
    assert_eq!(db.store.forget_halves(at(10)).await.unwrap(), 0);
    assert_eq!(db.store.forget_halves(at(11)).await.unwrap(), 1);
}
