use std::time::Duration;

use fubako_store::{Store, StoreError};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, mail, sent},
};

/// What the files on disk hold at the moment when a call has returned is what a killed process leaves.
// spec: RCV-DURABLE
pub(crate) async fn what_was_returned_is_there_after_a_crash(db: Db) {
    if !db.is_sqlite() {
        // PostgreSQL keeps its own promise; every connection asks for it (synchronous_commit).
        return;
    }
    acme(&db.store).await;
    let after = tempfile::tempdir().unwrap();
    for round in 0..5u8 {
        let mails: Vec<_> = (0..8).map(|_| mail()).collect();
        join_all(mails.iter().map(|mail| db.store.accept_mail(mail)))
            .await
            .into_iter()
            .for_each(|kept| assert_eq!(kept.unwrap(), fubako_store::mails::Accepted::New));
        sent(&db.store, &format!("k{round}"), round).await;
        let copy = after.path().join(format!("{round}.db"));
        std::fs::copy(db.file(), &copy).unwrap();
        std::fs::copy(db.file().with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
        let store = Store::open(&format!("sqlite:{round}.db"), after.path()).await.unwrap();
        for mail in &mails {
            let kept = store.mail(mail.id).await.unwrap().unwrap();
            assert_eq!(kept.accepted.spool, mail.spool);
        }
        assert!(store.link(&[round; 32]).await.unwrap().is_some());
        assert!(store.lease_mail("w", at(1), at(60)).await.unwrap().is_some());
        store.close().await;
    }
}

pub(crate) async fn a_caller_that_goes_away_leaves_all_or_nothing(db: Db) {
    acme(&db.store).await;
    for micros in 0..60 {
        let new = mail();
        let _ = tokio::time::timeout(Duration::from_micros(micros * 20), db.store.accept_mail(&new)).await;
    }
    // Whatever came of those, the store works on and nothing is half there.
    let last = mail();
    db.store.accept_mail(&last).await.unwrap();
    assert!(db.store.mail(last.id).await.unwrap().is_some());
    let mut leased = 0;
    while db.store.lease_mail("w", at(1), at(60)).await.unwrap().is_some() {
        leased += 1;
    }
    assert_eq!(leased, db.count("SELECT COUNT(*) FROM mails").await);
}

pub(crate) async fn a_closed_store_says_so(db: Db) {
    acme(&db.store).await;
    let kept = mail();
    let accepting = db.store.accept_mail(&kept);
    accepting.await.unwrap();
    db.store.close().await;
    db.store.close().await;
    assert!(matches!(db.store.accept_mail(&mail()).await, Err(StoreError::Database(_))));
    assert!(matches!(db.store.mail(kept.id).await, Err(StoreError::Database(_))));
    assert!(matches!(db.store.ping().await, Err(StoreError::Database(_))));
    let again = db.open().await.unwrap();
    again.ping().await.unwrap();
    assert!(again.mail(kept.id).await.unwrap().is_some());
}

pub(crate) async fn a_lost_connection_passes(db: Db) {
    acme(&db.store).await;
    if db.is_sqlite() {
        return;
    }
    for _ in 0..3 {
        join_all((0..10).map(|_| db.store.ping())).await.into_iter().for_each(Result::unwrap);
        db.meddle(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        let (mut lost, new) = (0, mail());
        while let Err(error) = db.store.accept_mail(&new).await {
            assert!(matches!(error, StoreError::Database(_)), "{error:?}");
            lost += 1;
            assert!(lost <= 10, "each dead connection is found out once");
        }
        assert!(db.store.mail(new.id).await.unwrap().is_some());
    }
}
