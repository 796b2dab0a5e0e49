//! What senders are told of their deliveries, each thing once.

use fubako_base::ids::DeliveryId;
use fubako_store::outbox::{NewOutgoing, Outcome, OutgoingKind};

use crate::{
    db::Db,
    make::{acme, again, at, delivered, failed, notice, outgoing, relayed},
};

/// A notification, not due while the test looks at other mails.
fn notification() -> NewOutgoing {
    NewOutgoing { kind: OutgoingKind::Bounce, envelope_from: String::new(), due: at(100_000), ..notice() }
}

async fn record(db: &Db, now: i64, outcomes: &[(DeliveryId, Outcome)]) {
    db.store.lease_round("p", at(now), at(now + 60)).await.unwrap().unwrap();
    db.store.record_outcomes("p", outcomes, at(now)).await.unwrap();
}

// spec: MAIL-BOUNCE
pub(crate) async fn a_delivery_that_takes_long_is_told_of_once(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    let [a, b, c] = [0, 1, 2].map(|n| out.deliveries[n].id);
    let late = async |since: i64, now: i64| db.store.late(at(since), at(now), 10).await.unwrap();
    assert!(late(0, 1).await.is_empty(), "it was never tried");
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    db.store.record_outcomes("p", &[(a, again(1000)), (b, delivered())], at(1)).await.unwrap();
    assert!(late(1, 2).await.is_empty(), "one is being tried");
    db.store.record_outcomes("p", &[(c, again(1000))], at(2)).await.unwrap();
    assert!(late(-1, 2).await.is_empty(), "not as old as that");
    assert!(late(0, 1000).await.is_empty(), "it is tried first");
    let found = late(0, 2).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].deliveries.iter().map(|d| d.queued.id).collect::<Vec<_>>(), [a, b, c]);
    let told = notification();
    assert!(!db.store.tell_delay(out.id, &[a, b], Some(&told), at(3)).await.unwrap(), "one is delivered");
    assert!(db.store.tell_delay(out.id, &[a], None, at(3)).await.unwrap(), "nobody wants to know");
    assert!(!db.store.tell_delay(out.id, &[a, c], Some(&told), at(3)).await.unwrap(), "told already");
    assert!(db.store.tell_delay(out.id, &[c], Some(&told), at(4)).await.unwrap());
    assert!(late(4, 5).await.is_empty());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing WHERE kind = 'bounce'").await, 1);
    // That it took long does not say how it ended.
    record(&db, 1000, &[(a, failed()), (c, failed())]).await;
    let ended = db.store.unsettled(at(1001), 10).await.unwrap();
    assert_eq!(
        ended[0].deliveries.iter().map(|d| d.delay_told_at).collect::<Vec<_>>(),
        [Some(at(3)), None, Some(at(4))]
    );
    assert!(db.store.bounce(out.id, &[a, c], Some(&notification()), at(1002)).await.unwrap());
}

// spec: MAIL-BOUNCE
pub(crate) async fn what_was_relayed_is_told_before_it_is_settled(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    let [a, b, c] = [0, 1, 2].map(|n| out.deliveries[n].id);
    let taken = Outcome::Delivered { reply: "250 ok".to_owned(), remote: "mx.example.com".to_owned(), relayed: true };
    record(&db, 0, &[(a, taken), (b, delivered()), (c, again(1000))]).await;
    let untold = db.store.untold(at(1), 10).await.unwrap();
    assert_eq!(untold[0].deliveries.iter().map(|d| d.relayed).collect::<Vec<_>>(), [true, false, false]);
    assert!(!db.store.bounce(out.id, &[b], Some(&notification()), at(2)).await.unwrap(), "nothing to tell");
    record(&db, 1000, &[(c, delivered())]).await;
    assert!(!db.store.settle(out.id, at(1001)).await.unwrap(), "one is not told");
    assert!(db.store.bounce(out.id, &[a], Some(&notification()), at(1002)).await.unwrap());
    assert!(!db.store.bounce(out.id, &[a], Some(&notification()), at(1002)).await.unwrap(), "once");
    assert!(db.store.settle(out.id, at(1003)).await.unwrap());
}

/// A mail to two people and the deposit notice to the first, both refused.
async fn refused_both(db: &Db) -> (NewOutgoing, NewOutgoing) {
    acme(&db.store).await;
    let (mail, relay) = relayed(&db.store, &["Hanako@Example.com", "jiro@example.com"]).await;
    let kind = OutgoingKind::DepositNotice;
    let notice = NewOutgoing { mail: Some(mail.accepted.id), ..outgoing(kind, &["hanako@example.com"]) };
    db.store.queue_outgoing(std::slice::from_ref(&notice), at(0)).await.unwrap();
    for _ in 0..2 {
        let round = db.store.lease_round("p", at(1), at(60)).await.unwrap().unwrap();
        let outcomes: Vec<_> = round.deliveries.iter().map(|d| (d.queued.id, failed())).collect();
        db.store.record_outcomes("p", &outcomes, at(1)).await.unwrap();
    }
    (relay, notice)
}

// spec: MAIL-BOUNCE
pub(crate) async fn who_turns_away_mail_and_notice_is_told_of_once(db: Db) {
    let (relay, notice) = refused_both(&db).await;
    let [hanako, jiro] = [0, 1].map(|n| relay.deliveries[n].id);
    let of_notice = notice.deliveries[0].id;
    assert!(db.store.told_by_another(relay.id).await.unwrap().is_empty());
    assert!(db.store.told_by_another(notice.id).await.unwrap().is_empty());
    assert!(db.store.bounce(notice.id, &[of_notice], Some(&notification()), at(2)).await.unwrap());
    assert_eq!(db.store.told_by_another(relay.id).await.unwrap(), [hanako], "letters large and small are one");
    assert!(!db.store.bounce(relay.id, &[hanako, jiro], Some(&notification()), at(3)).await.unwrap());
    assert!(db.store.bounce(relay.id, &[hanako], None, at(3)).await.unwrap());
    assert!(db.store.bounce(relay.id, &[jiro], Some(&notification()), at(3)).await.unwrap());
    assert!(db.store.settle(relay.id, at(4)).await.unwrap() && db.store.settle(notice.id, at(4)).await.unwrap());

    // What nobody was told of does not count, nor another mail's.
    let (relay, notice) = refused_both(&db).await;
    assert!(db.store.told_by_another(relay.id).await.unwrap().is_empty(), "another mail's");
    assert!(db.store.bounce(relay.id, &[relay.deliveries[0].id], None, at(5)).await.unwrap());
    assert!(db.store.told_by_another(notice.id).await.unwrap().is_empty(), "nobody was told");
    assert!(db.store.bounce(notice.id, &[notice.deliveries[0].id], Some(&notification()), at(6)).await.unwrap());
}

/// The notice goes out first, and it is the mail that its sender shall hear of.
// spec: MAIL-BOUNCE
pub(crate) async fn a_notice_that_failed_waits_for_its_mail_to_fail(db: Db) {
    let (relay, notice) = refused_both(&db).await;
    let ended = async |now: i64| {
        let rounds = db.store.unsettled(at(now), 10).await.unwrap();
        rounds.into_iter().map(|round| round.outgoing.id).collect::<Vec<_>>()
    };
    assert_eq!(ended(60).await, [relay.id]);
    assert_eq!(ended(61).await.len(), 2, "but not for ever");
    // Once there is nothing to tell of it any more, nor if no mail is behind it.
    assert!(db.store.bounce(notice.id, &[notice.deliveries[0].id], None, at(2)).await.unwrap());
    assert_eq!(ended(3).await.len(), 2);
    let alone = outgoing(OutgoingKind::DepositNotice, &["a@example.com"]);
    db.store.queue_outgoing(std::slice::from_ref(&alone), at(3)).await.unwrap();
    record(&db, 3, &[(alone.deliveries[0].id, failed())]).await;
    assert!(ended(4).await.contains(&alone.id));
}

// spec: MAIL-BOUNCE, RUN-SCALE
pub(crate) async fn a_mail_and_its_notice_told_at_once_are_told_once(db: Db) {
    let (relay, notice) = refused_both(&db).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let tries = (0..12).map(|n| {
        let (out, store) = (if n % 2 == 0 { &relay } else { &notice }, &nodes[n / 2 % 2]);
        let (told, bounce) = ([out.deliveries[0].id], notification());
        async move { store.bounce(out.id, &told, Some(&bounce), at(1)).await.unwrap() }
    });
    let done = futures::future::join_all(tries).await.into_iter().filter(|done| *done).count();
    assert_eq!((done, db.count("SELECT COUNT(*) FROM outgoing WHERE kind = 'bounce'").await), (1, 1));
}
