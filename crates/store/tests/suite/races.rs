//! Several nodes and workers at once: nothing is handled twice, nothing is left.

use std::collections::HashSet;

use fubako_base::ids::{DepositId, MailId};
use fubako_store::{
    Store, StoreError,
    deposits::DepositState,
    mails::{MailState, NewMail},
    outbox::{NewOutgoing, OutgoingKind},
    sections::{Change, Group},
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{
        acme, again, at, deliver, delivered, deposit, entry, expired, file, id, leased, link, mail, notice, outgoing,
        relayed, section, sent,
    },
};

// spec: RCV-DURABLE, RUN-SCALE
pub(crate) async fn two_nodes_share_the_mails(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let accepted: Vec<NewMail> = (0..60).map(|_| mail()).collect();
    join_all(accepted.iter().enumerate().map(|(n, mail)| nodes[n % 2].accept_mail(mail)))
        .await
        .into_iter()
        .for_each(|kept| assert_eq!(kept.unwrap(), fubako_store::mails::Accepted::New));
    let work = |store: Store, worker: String| async move {
        let mut handled = Vec::new();
        while let Some(mail) = store.lease_mail(&worker, at(1), at(60)).await.unwrap() {
            let id = mail.accepted.id;
            let out = outgoing(OutgoingKind::Relay, &["a@example.com"]);
            store.queue_mail(id, &worker, &out, at(1)).await.unwrap();
            handled.push(id);
        }
        handled
    };
    let workers = (0..6).map(|n| tokio::spawn(work(nodes[n % 2].clone(), format!("worker-{n}"))));
    let handled: Vec<MailId> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    let different: HashSet<MailId> = handled.iter().copied().collect();
    assert_eq!((handled.len(), different.len()), (60, 60), "each once");
    assert_eq!(different, accepted.iter().map(|mail| mail.id).collect());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 60);
}

// spec: MAIL-RELAY, RUN-SCALE
pub(crate) async fn many_workers_share_the_rounds(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let mails: Vec<NewOutgoing> =
        (0..40).map(|_| outgoing(OutgoingKind::Notice, &["a@example.com", "b@example.com", "c@example.com"])).collect();
    db.store.queue_outgoing(&mails, at(0)).await.unwrap();
    let work = |store: Store, worker: String| async move {
        let mut tried = Vec::new();
        while let Some(round) = store.lease_round(&worker, at(1), at(60)).await.unwrap() {
            assert_eq!(round.deliveries.len(), 3, "a round is not taken apart");
            for delivery in &round.deliveries {
                store.record_outcomes(&worker, &[(delivery.queued.id, delivered())], at(1)).await.unwrap();
                tried.push(delivery.queued.id);
            }
            assert!(store.settle(round.outgoing.id, at(2)).await.unwrap());
        }
        tried
    };
    let workers = (0..6).map(|n| tokio::spawn(work(nodes[n % 2].clone(), format!("post-{n}"))));
    let tried: Vec<_> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!((tried.len(), tried.iter().collect::<HashSet<_>>().len()), (120, 120), "each once");
    assert!(db.store.unsettled(at(9999), 10).await.unwrap().is_empty());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing WHERE settled_at IS NULL OR open_deliveries <> 0").await, 0);
}

// spec: RUN-SCALE
pub(crate) async fn one_of_many_takes_a_lease_that_ran_out(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    leased(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com"]).await;
    db.store.lease_round("dead", at(0), at(60)).await.unwrap().unwrap();
    let workers: Vec<String> = (0..12).map(|n| format!("heir-{n}")).collect();
    let mails = join_all(workers.iter().enumerate().map(|(n, w)| nodes[n % 2].lease_mail(w, at(60), at(120)))).await;
    assert_eq!(mails.into_iter().filter_map(Result::unwrap).count(), 1);
    let rounds = join_all(workers.iter().enumerate().map(|(n, w)| nodes[n % 2].lease_round(w, at(60), at(120)))).await;
    let rounds: Vec<_> = rounds.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(rounds.iter().map(|round| round.outgoing.id).collect::<Vec<_>>(), [out.id]);
    let late = db.store.record_outcomes("dead", &[(out.deliveries[0].id, again(90))], at(61)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
}

// spec: MAIL-DEPOSIT
pub(crate) async fn one_of_many_begins_a_deposit(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let deposits: Vec<_> = (0..12).map(|_| deposit("the same", 1)).collect();
    let begun = join_all(deposits.iter().enumerate().map(|(n, d)| nodes[n % 2].begin_deposit(d))).await;
    let begun: Vec<_> = begun.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|(_, new)| *new).count(), 1);
    assert_eq!(begun.iter().map(|(d, _)| d.id).collect::<HashSet<DepositId>>().len(), 1);
}

// spec: MAIL-DEPOSIT
pub(crate) async fn one_of_many_keeps_a_file(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let (d, _) = db.store.begin_deposit(&deposit("k", 1)).await.unwrap();
    let files: Vec<_> = (0..12).map(|_| file(d.id, 1)).collect();
    let kept = join_all(files.iter().enumerate().map(|(n, f)| nodes[n % 2].keep_file(f))).await;
    let kept: Vec<_> = kept.into_iter().map(Result::unwrap).collect();
    assert_eq!(kept.iter().filter(|(_, new)| *new).count(), 1);
    assert_eq!(kept.iter().map(|(f, _)| f.object.id).collect::<HashSet<_>>().len(), 1);
    let links = [link(d.id, "a@example.com", 1)];
    let entry = entry();
    let sends = (0..8).map(|n| nodes[n % 2].send_deposit(d.id, at(1000), &links, &[], &entry, at(2)));
    let sends: Vec<bool> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sends.iter().filter(|sent| **sent).count(), 1);
}

// spec: KEEP-DELETE
pub(crate) async fn the_last_two_that_settle_settle_the_mail(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    for round in 0..10 {
        let (mail, first) = relayed(&db.store, &["a@example.com"]).await;
        let id = mail.accepted.id;
        let second = NewOutgoing { mail: Some(id), ..outgoing(OutgoingKind::Relay, &["b@example.com"]) };
        db.store.queue_outgoing(std::slice::from_ref(&second), at(0)).await.unwrap();
        deliver(&db.store, round, &delivered()).await;
        deliver(&db.store, round, &delivered()).await;
        let (one, two, again) = futures::join!(
            nodes[0].settle(first.id, at(1)),
            nodes[1].settle(second.id, at(1)),
            nodes[1].settle(first.id, at(1)),
        );
        assert!(two.unwrap());
        assert_eq!(u8::from(one.unwrap()) + u8::from(again.unwrap()), 1);
        assert_eq!(db.store.mail(id).await.unwrap().unwrap().state, MailState::Settled);
    }
}

// spec: X-EXPIRY
pub(crate) async fn expiry_and_sending_do_not_mix(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    for key in 0..10u8 {
        let (d, _) = db.store.begin_deposit(&deposit(&format!("k{key}"), 1)).await.unwrap();
        db.store.keep_file(&file(d.id, 1)).await.unwrap();
        let links = [link(d.id, "a@example.com", key)];
        let entry = entry();
        let (sent, expired, aborted) = futures::join!(
            nodes[0].send_deposit(d.id, at(1000), &links, &[], &entry, at(2)),
            nodes[1].expire_deposits(at(2), at(1), 10, expired),
            nodes[0].abort_deposit(d.id, None),
        );
        expired.unwrap();
        let aborted = aborted.unwrap();
        let linked = nodes[0].link(&[key; 32]).await.unwrap().is_some();
        let files = nodes[0].files(d.id).await.unwrap().len();
        match nodes[0].deposit(d.id).await.unwrap().map(|d| d.state) {
            None => assert!(aborted && !linked && files == 0),
            Some(DepositState::Sent) => assert!(sent.unwrap() && linked && files == 1 && !aborted),
            Some(DepositState::Expired) => assert!(sent.is_err() && !linked && files == 0 && !aborted),
            Some(DepositState::Open | DepositState::Waiting | DepositState::Rejected | DepositState::Cancelled) => {
                panic!("one of them came first")
            }
        }
    }
}

pub(crate) async fn transactions_that_meet_are_run_again(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let group = |section: &str, name: &str| {
        Change::PutGroup(Group {
            section: id(section),
            name: name.to_owned(),
            mail_link: false,
            approval: None,
            approvers: None,
            access: None,
        })
    };
    for (section, name) in [("acme", "a"), ("other", "b")] {
        db.store.apply(&[group(section, name)], &[], at(0)).await.unwrap();
    }
    // The same rows in the opposite order: PostgreSQL ends one of two that wait for each other.
    let (one, two) = ([group("acme", "a"), group("other", "b")], [group("other", "b"), group("acme", "a")]);
    for now in 0..20 {
        let (a, b) = futures::join!(nodes[0].apply(&one, &[], at(now)), nodes[1].apply(&two, &[], at(now)));
        a.unwrap();
        b.unwrap();
    }
}

/// SQLite commits together what waits together: a transaction that fails undoes its own work and no other's.
pub(crate) async fn a_failure_fails_alone(db: Db) {
    acme(&db.store).await;
    let (good, stranger) = (mail(), NewMail { section: id("nowhere"), ..mail() });
    let mails: Vec<NewMail> = (0..200)
        .map(|n| {
            let base = if n % 3 == 0 { &stranger } else { &good };
            NewMail { id: MailId::generate(), spool: crate::make::object(), ..base.clone() }
        })
        .collect();
    let results = join_all(mails.iter().map(|mail| db.store.accept_mail(mail))).await;
    for (mail, result) in mails.iter().zip(results) {
        let kept = db.store.mail(mail.id).await.unwrap().is_some();
        if mail.section == id("acme") {
            result.unwrap();
            assert!(kept);
        } else {
            assert!(matches!(result, Err(StoreError::Refused(_))) && !kept, "{result:?}");
        }
    }
    // One that fails half-way through leaves nothing of its first half, whoever is in the batch.
    sent(&db.store, "taken", 1).await;
    let works = (0..30u8).map(|n| {
        let store = db.store.clone();
        async move {
            let (d, _) = store.begin_deposit(&deposit(&format!("d{n}"), 0)).await.unwrap();
            let token = if n % 2 == 0 { 1 } else { n + 100 };
            let links = [link(d.id, "a@example.com", n + 200), link(d.id, "b@example.com", token)];
            (n, d.id, store.send_deposit(d.id, at(1000), &links, &[notice()], &entry(), at(2)).await)
        }
    });
    for (n, id, result) in join_all(works).await {
        let state = db.store.deposit(id).await.unwrap().unwrap().state;
        assert_eq!(result.is_ok(), n % 2 == 1);
        assert_eq!(state == DepositState::Sent, n % 2 == 1);
        assert_eq!(db.store.link(&[n + 200; 32]).await.unwrap().is_some(), n % 2 == 1);
    }
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing WHERE kind = 'notice'").await, 15);
}
