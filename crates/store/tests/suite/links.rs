use fubako_base::ids::LinkId;
use fubako_store::StoreError;

use crate::{
    db::Db,
    make::{acme, at, entry, expired, sent},
};

// spec: X-RECEIVE
pub(crate) async fn a_link_is_found_by_its_token(db: Db) {
    acme(&db.store).await;
    let (d, _, l) = sent(&db.store, "a", 1).await;
    sent(&db.store, "b", 2).await;
    let (link, deposit) = db.store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(format!("{link:?}"), format!("{l:?}"));
    assert_eq!((deposit.id, deposit.recipients), (d.id, d.recipients));
    assert!(db.store.link(&[3; 32]).await.unwrap().is_none());
}

// spec: ACCESS
pub(crate) async fn tries_side_by_side_do_not_outrun_the_limit(db: Db) {
    acme(&db.store).await;
    let (_, _, l) = sent(&db.store, "a", 1).await;
    // Twenty guesses at once, all of which saw the same: one is looked at.
    let tries = (0..20).map(|_| db.store.take_try(l.id, 0, Some(at(30))));
    let taken: Vec<bool> = futures::future::join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    let (link, _) = db.store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((link.failures, link.next_try_at), (1, Some(at(30))));
    assert!(!db.store.take_try(l.id, 0, None).await.unwrap());
    assert!(db.store.take_try(l.id, 1, None).await.unwrap());
    assert_eq!(db.store.link(&[1; 32]).await.unwrap().unwrap().0.next_try_at, None);
    assert!(!db.store.take_try(LinkId::generate(), 0, None).await.unwrap());
    db.store.begin_link_session(l.id, &[5; 32], at(100), None, &entry(), at(3)).await.unwrap();
    let (link, _) = db.store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((link.failures, link.next_try_at), (0, None), "the right password clears them");
}

// spec: ACCESS
pub(crate) async fn a_session_lives_until_its_time(db: Db) {
    acme(&db.store).await;
    let (_, _, l) = sent(&db.store, "a", 1).await;
    let (_, _, other) = sent(&db.store, "b", 2).await;
    db.store.begin_link_session(l.id, &[5; 32], at(100), None, &entry(), at(3)).await.unwrap();
    assert!(db.store.link_session(l.id, &[5; 32], at(99)).await.unwrap());
    assert!(!db.store.link_session(l.id, &[5; 32], at(100)).await.unwrap());
    assert!(!db.store.link_session(l.id, &[6; 32], at(99)).await.unwrap(), "another session");
    assert!(!db.store.link_session(other.id, &[5; 32], at(99)).await.unwrap(), "another link");
    db.store.begin_link_session(l.id, &[5; 32], at(200), None, &entry(), at(3)).await.unwrap();
    assert!(db.store.link_session(l.id, &[5; 32], at(199)).await.unwrap());
    // Ended: that one, and no other.
    db.store.begin_link_session(l.id, &[6; 32], at(200), None, &entry(), at(3)).await.unwrap();
    db.store.begin_link_session(other.id, &[5; 32], at(200), None, &entry(), at(3)).await.unwrap();
    for _ in 0..2 {
        db.store.end_link_session(l.id, &[5; 32]).await.unwrap();
        assert!(!db.store.link_session(l.id, &[5; 32], at(99)).await.unwrap());
    }
    assert!(db.store.link_session(l.id, &[6; 32], at(99)).await.unwrap(), "another session");
    assert!(db.store.link_session(other.id, &[5; 32], at(99)).await.unwrap(), "another link");
}

// spec: X-EXPIRY
pub(crate) async fn no_session_begins_after_expiry(db: Db) {
    acme(&db.store).await;
    let (_, _, l) = sent(&db.store, "a", 1).await;
    db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap();
    for link in [l.id, LinkId::generate()] {
        let refused = db.store.begin_link_session(link, &[5; 32], at(2000), None, &entry(), at(3)).await;
        assert!(matches!(refused, Err(StoreError::DepositClosed(_))));
    }
    assert!(!db.store.link_session(l.id, &[5; 32], at(3)).await.unwrap());
}
