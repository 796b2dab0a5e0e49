use fubako_base::{ids::DeliveryId, object::ObjectRef};
use fubako_store::{
    StoreError,
    outbox::{Delivery, DeliveryState, NewOutgoing, OutgoingKind},
};

use crate::{
    db::Db,
    make::{acme, again, at, deliver, delivered, failed, id, leased, notice, object, outgoing, relayed},
};

// spec: MAIL-RELAY
pub(crate) async fn a_round_has_all_due_deliveries(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await.accepted.id;
    let mut out = outgoing(OutgoingKind::Relay, &["a@example.com", "b@example.com"]);
    out.deliveries[0].notify = Some("NEVER".to_owned());
    out.deliveries[1].orcpt = Some("rfc822;b@example.com".to_owned());
    out.smtputf8 = true;
    out.ret_full = Some(true);
    out.envid = Some("env".to_owned());
    out.told_to = Some("jiro@acme.example".to_owned());
    db.store.queue_mail(mail, "w", &out, at(0)).await.unwrap();
    let round = db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    out.mail = Some(mail);
    assert_eq!(format!("{:?}", round.outgoing), format!("{out:?}"));
    assert_eq!((&round.outgoing.content, &round.outgoing.prefix), (&out.content, &out.prefix));
    let queued: Vec<_> = round.deliveries.iter().map(|d| d.queued.clone()).collect();
    assert_eq!(queued, out.deliveries);
    for Delivery { state, attempts, queued_at, last_reply, remote, .. } in round.deliveries {
        assert_eq!((state, attempts, queued_at, last_reply, remote), (DeliveryState::Queued, 0, at(0), None, None));
    }
    assert!(db.store.lease_round("q", at(59), at(99)).await.unwrap().is_none());
}

pub(crate) async fn a_round_goes_to_the_longest_waiting(db: Db) {
    acme(&db.store).await;
    let due = |seconds| NewOutgoing { due: at(seconds), ..notice() };
    let (second, first, third) = (due(5), due(1), due(8));
    db.store.queue_outgoing(&[second.clone(), first.clone(), third], at(0)).await.unwrap();
    assert!(db.store.lease_round("p", at(0), at(60)).await.unwrap().is_none());
    for expected in [first.id, second.id] {
        assert_eq!(db.store.lease_round("p", at(5), at(60)).await.unwrap().unwrap().outgoing.id, expected);
    }
    assert!(db.store.lease_round("p", at(5), at(60)).await.unwrap().is_none());
}

// spec: MAIL-RELAY
pub(crate) async fn outcomes_are_committed_together(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    let [a, b, c] = [out.deliveries[0].id, out.deliveries[1].id, out.deliveries[2].id];
    db.store.record_outcomes("p", &[(a, delivered()), (b, again(30)), (c, failed())], at(2)).await.unwrap();
    // Only the one that is tried again comes back, at its time, with what it ended with.
    assert!(db.store.lease_round("p", at(29), at(60)).await.unwrap().is_none());
    let round = db.store.lease_round("p", at(30), at(60)).await.unwrap().unwrap();
    assert_eq!(round.deliveries.len(), 1);
    let d = &round.deliveries[0];
    assert_eq!((d.queued.id, d.attempts), (b, 1));
    assert_eq!((d.last_reply.as_deref(), d.remote.as_deref()), (Some("451 4.3.0 later"), Some("mx.example.com")));
    assert_eq!(round.outgoing.deliveries, [out.deliveries[1].clone()]);
    assert!(db.store.unsettled(at(9999), 10).await.unwrap().is_empty());
    db.store.record_outcomes("p", &[(b, delivered())], at(31)).await.unwrap();
    let whole = db.store.unsettled(at(9999), 10).await.unwrap();
    let ends: Vec<_> = whole[0].deliveries.iter().map(|d| (d.queued.id, d.state, d.attempts)).collect();
    let (done, bad) = (DeliveryState::Delivered, DeliveryState::Failed);
    assert_eq!(ends, [(a, done, 1), (b, done, 2), (c, bad, 1)]);
    assert!(db.store.unsettled(at(9999), 0).await.unwrap().is_empty(), "no more than was asked for");
}

/// A receiver took it, so nobody may send it again: it is kept whoever leases it, and whoever does finds out.
// spec: MAIL-RELAY
pub(crate) async fn what_was_delivered_is_kept_without_the_lease(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    let [a, b, c] = [0, 1, 2].map(|n| out.deliveries[n].id);
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    assert_eq!(db.store.lease_round("q", at(60), at(130)).await.unwrap().unwrap().deliveries.len(), 3);
    let lost = db.store.record_outcomes("p", &[(a, delivered()), (b, failed())], at(61)).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    let state = async |id: DeliveryId| db.store.queue_row(&id.to_string()).await.unwrap().unwrap().state;
    assert_eq!([state(a).await, state(b).await, state(c).await], ["delivered", "queued", "queued"]);
    // Who has it by now cannot make it something else.
    let lost = db.store.record_outcomes("q", &[(a, failed()), (b, delivered()), (c, failed())], at(62)).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    assert_eq!([state(a).await, state(b).await, state(c).await], ["delivered", "delivered", "failed"]);
    // What has ended stays as it ended, and is counted once.
    assert!(db.store.record_outcomes("p", &[(c, delivered())], at(63)).await.is_err());
    assert_eq!(state(c).await, "failed");
    assert_eq!(db.count("SELECT open_deliveries FROM outgoing").await, 0);
}

// spec: MAIL-RELAY, RUN-SCALE
pub(crate) async fn an_extension_that_comes_late_shortens_nothing(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com"]).await;
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    db.store.extend_round(out.id, "p", at(30)).await.unwrap();
    assert!(db.store.lease_round("q", at(59), at(99)).await.unwrap().is_none());
}

// spec: MAIL-RELAY, RUN-SCALE
pub(crate) async fn whoever_lost_the_round_commits_nothing(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    db.store.extend_round(out.id, "p", at(70)).await.unwrap();
    assert!(db.store.lease_round("q", at(69), at(99)).await.unwrap().is_none());
    assert!(db.store.lease_round("q", at(70), at(130)).await.unwrap().is_some());
    let [a, b] = [out.deliveries[0].id, out.deliveries[1].id];
    assert!(matches!(db.store.extend_round(out.id, "p", at(99)).await, Err(StoreError::LeaseLost)));
    let lost = db.store.record_outcomes("p", &[(a, failed()), (b, again(99))], at(71)).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    let rows = db.store.queue(10).await.unwrap();
    assert!(rows.iter().all(|row| row.state == "queued" && row.attempts == 0), "{rows:?}");
    db.store.record_outcomes("q", &[(a, again(80))], at(72)).await.unwrap();
    // One that is another's by now does not keep the good one beside it from being committed.
    let lost = db.store.record_outcomes("q", &[(b, delivered()), (a, failed())], at(73)).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    // The same outcome twice is not counted twice.
    assert!(matches!(db.store.record_outcomes("q", &[(b, delivered())], at(75)).await, Err(StoreError::LeaseLost)));
    assert!(db.store.unsettled(at(9999), 10).await.unwrap().is_empty(), "one is still open");
    deliver(&db.store, 80, &delivered()).await;
    assert_eq!(db.store.unsettled(at(9999), 10).await.unwrap().len(), 1);
}

pub(crate) async fn outcomes_of_a_part_leave_the_rest_leased(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    db.store.record_outcomes("p", &[(out.deliveries[0].id, delivered())], at(1)).await.unwrap();
    assert!(db.store.lease_round("q", at(59), at(99)).await.unwrap().is_none());
    // The node dies: another takes what is left, and only that.
    let rest = db.store.lease_round("q", at(60), at(99)).await.unwrap().unwrap();
    assert_eq!(rest.deliveries.iter().map(|d| d.queued.id).collect::<Vec<_>>(), [out.deliveries[1].id]);
}

pub(crate) async fn a_mail_to_many_recipients_keeps_their_order(db: Db) {
    acme(&db.store).await;
    let names: Vec<String> = (0..1037).map(|n| format!("r{n}@example.com")).collect();
    let (_, out) = relayed(&db.store, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let round = db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    assert!(round.deliveries.iter().map(|d| &d.queued).eq(&out.deliveries));
    let outcomes: Vec<_> = out.deliveries.iter().map(|d| (d.id, delivered())).collect();
    db.store.record_outcomes("p", &outcomes, at(1)).await.unwrap();
    let unsettled = db.store.unsettled(at(9999), 1).await.unwrap();
    assert!(unsettled[0].deliveries.iter().map(|d| &d.queued).eq(&out.deliveries));
}

// spec: KEEP-CRYPT
pub(crate) async fn another_sections_object_is_refused(db: Db) {
    acme(&db.store).await;
    let mut out = notice();
    out.content = fubako_store::outbox::Content::Object(ObjectRef { section: id("other"), ..object() });
    assert!(matches!(db.store.queue_outgoing(&[notice(), out], at(0)).await, Err(StoreError::Refused(_))));
    assert!(db.store.lease_round("p", at(9), at(60)).await.unwrap().is_none(), "all or none");
}

/// One that cannot be read stands before all others no longer, nor before those of its own mail.
// spec: MAIL-RELAY, RCV-DURABLE
pub(crate) async fn unreadable_deliveries_are_set_aside(db: Db) {
    acme(&db.store).await;
    let two = outgoing(OutgoingKind::Notice, &["a@example.com", "b@example.com"]);
    let bad = outgoing(OutgoingKind::Notice, &["c@example.com"]);
    let good = NewOutgoing { due: at(5), ..notice() };
    db.store.queue_outgoing(&[two.clone(), bad.clone(), good.clone()], at(0)).await.unwrap();
    let a = two.deliveries[0].id;
    db.meddle(&format!("UPDATE deliveries SET attempts = -1 WHERE id = '{a}'")).await;
    db.meddle(&format!("UPDATE outgoing SET object_key = NULL WHERE id = '{}'", bad.id)).await;
    let mut rounds = Vec::new();
    while let Some(round) = db.store.lease_round("p", at(9), at(60)).await.unwrap() {
        assert!(round.outgoing.deliveries.iter().eq(round.deliveries.iter().map(|d| &d.queued)));
        rounds.extend(round.deliveries.into_iter().map(|d| d.queued.id));
    }
    assert_eq!(rounds, [two.deliveries[1].id, good.deliveries[0].id]);
    let aside = "SELECT COUNT(*) FROM deliveries WHERE state = 'queued' AND worker IS NULL
        AND last_reply LIKE '451 4.3.0 %' AND due_at =";
    assert_eq!(db.count(&format!("{aside} {}", at(9 + 3600).0)).await, 2);
    // Mended, they go out after all.
    db.meddle("UPDATE deliveries SET attempts = 0; UPDATE outgoing SET object_key = prefix WHERE content IS NULL")
        .await;
    let mut late = Vec::new();
    while let Some(round) = db.store.lease_round("q", at(9 + 3600), at(9999)).await.unwrap() {
        late.extend(round.deliveries.into_iter().map(|d| d.queued.id));
    }
    assert!(late.contains(&a) && late.contains(&bad.deliveries[0].id), "{late:?}");
}
