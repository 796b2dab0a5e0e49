use fubako_base::ids::LinkId;
use fubako_store::{StoreError, links::ReceivedQuery, sent::Cancellation};

use crate::{
    db::Db,
    make::{acme, at, deposit, entry, expired, id, sent},
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

// spec: X-RECEIVE
pub(crate) async fn what_an_address_received_is_listed_the_newest_first(db: Db) {
    acme(&db.store).await;
    let (_, _, one) = sent(&db.store, "a", 1).await;
    let (_, _, two) = sent(&db.store, "b", 2).await;
    let (gone, _, taken_back) = sent(&db.store, "c", 3).await;
    db.store.begin_deposit(&deposit("open", 1)).await.unwrap();
    let cancelled = Cancellation { at: at(20), by: "taro".to_owned() };
    db.store.cancel_link(&id("acme"), gone.id, taken_back.id, &cancelled, [&entry(), &entry()]).await.unwrap();
    let ask = |address: &str, section: Option<&str>, before: Option<LinkId>, limit| ReceivedQuery {
        address: address.to_owned(),
        section: section.map(id),
        before,
        limit,
    };
    let listed = async |query: ReceivedQuery| -> Vec<LinkId> {
        db.store.received(&query).await.unwrap().into_iter().map(|(link, _)| link.id).collect()
    };
    let mine = "hanako@example.com";
    assert_eq!(listed(ask(mine, None, None, 9)).await, [two.id, one.id]);
    assert_eq!(listed(ask(mine, Some("acme"), None, 1)).await, [two.id]);
    assert_eq!(listed(ask(mine, Some("acme"), Some(two.id), 9)).await, [one.id]);
    assert_eq!(listed(ask(mine, Some("other"), None, 9)).await, []);
    assert_eq!(listed(ask("jiro@example.com", None, None, 9)).await, []);
    assert_eq!(listed(ask("%", None, None, 9)).await, []);
    // Over, it is listed as such.
    db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap();
    assert_eq!(listed(ask(mine, None, None, 9)).await, [two.id, one.id]);
    let (link, deposit) = db.store.link_by_id(one.id).await.unwrap().unwrap();
    assert_eq!((link.address.as_str(), deposit.id), (mine, one.deposit));
    assert!(db.store.link_by_id(LinkId::generate()).await.unwrap().is_none());
    // A link of an older node, which did not know the address.
    db.meddle("UPDATE links SET address = NULL").await;
    assert_eq!(db.store.link_by_id(one.id).await.unwrap().unwrap().0.address, mine);
}
