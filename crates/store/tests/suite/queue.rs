use fubako_base::{
    Code,
    ids::{DepositId, MailId},
};
use fubako_store::{
    mails::{MailState, NewMail},
    outbox::DeliveryState,
    queue::{QueueRow, QueueSearch, Stopped},
    upkeep::QueueFacts,
};

use crate::{
    db::Db,
    make::{acme, again, at, deliver, delivered, ending, entry, leased, mail, noted, notice, relayed},
};

pub(crate) async fn the_queue_shows_what_waits(db: Db) {
    acme(&db.store).await;
    let held = leased(&db.store).await.accepted;
    db.store.stop_mail(held.id, "w", ending(true, &[Code::Ambiguous], "odd", None), at(1)).await.unwrap();
    let (on_its_way, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    deliver(&db.store, 0, &again(600)).await;
    let waiting = NewMail { received_at: at(-5), ..mail() };
    db.store.accept_mail(&waiting).await.unwrap();
    let stopped = leased(&db.store).await.accepted.id;
    db.store.stop_mail(stopped, "w", ending(false, &[Code::Virus], "found", None), at(2)).await.unwrap();
    assert_ne!(stopped, held.id);

    let rows = db.store.queue(100).await.unwrap();
    let stages: Vec<_> = rows.iter().map(|row| (row.kind, row.stage.as_str(), row.state.as_str())).collect();
    assert_eq!(stages.len(), 4);
    // The oldest came first; it was stopped, so the mail that `leased` made is what waits.
    let of = |id: &str| rows.iter().find(|row| row.id == id).cloned();
    assert!(of(&waiting.id.to_string()).is_none_or(|row| row.stage == "received"));
    let held = of(&held.id.to_string()).unwrap();
    assert_eq!((held.stage.as_str(), held.reason.as_deref()), ("held", Some("ambiguous: odd")));
    assert_eq!((held.next_at, held.size, held.attempts), (None, 1234, 0));
    assert_eq!(held.to, ["hanako@example.com", "次郎@例え.jp"]);
    let delivery = of(&out.deliveries[1].id.to_string()).unwrap();
    assert_eq!((delivery.kind, delivery.stage.as_str(), delivery.state.as_str()), ("delivery", "relay", "queued"));
    assert_eq!((delivery.to, delivery.size, delivery.attempts), (vec!["b@example.com".to_owned()], 999, 1));
    assert_eq!((delivery.next_at, delivery.reason.as_deref()), (Some(at(600)), Some("451 4.3.0 later")));
    assert_eq!((delivery.mail, delivery.outgoing), (Some(on_its_way.accepted.id), Some(out.id)));
    assert!(rows.windows(2).all(|pair| pair[0].since <= pair[1].since), "oldest first");
    assert_eq!(db.store.queue(2).await.unwrap().len(), 2);
    assert!(of(&on_its_way.accepted.id.to_string()).is_none(), "its deliveries stand for it");
}

async fn row(db: &Db, id: impl ToString) -> QueueRow {
    db.store.queue_row(&id.to_string()).await.unwrap().unwrap()
}

pub(crate) async fn a_row_is_shown_settled_or_not(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com"]).await;
    let delivery = out.deliveries[0].id;
    assert_eq!(row(&db, mail.accepted.id).await.stage, "relaying");
    assert_eq!(row(&db, delivery).await.state, "queued");
    deliver(&db.store, 0, &delivered()).await;
    assert!(db.store.settle(out.id, at(1)).await.unwrap());
    assert_eq!(row(&db, mail.accepted.id).await.state, "settled");
    let end = row(&db, delivery).await;
    assert_eq!((end.state.as_str(), end.next_at, end.reason.as_deref()), ("delivered", None, Some("250 2.0.0 ok")));
    for id in ["", "x", "' OR 1=1", &MailId::generate().to_string()] {
        assert!(db.store.queue_row(id).await.unwrap().is_none());
    }
}

// spec: X-AUDIT
pub(crate) async fn retry_makes_due_now(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await.accepted.id;
    db.store.retry_mail(mail, "w", at(900), Code::Maintenance, "").await.unwrap();
    assert!(db.store.lease_mail("w", at(1), at(60)).await.unwrap().is_none());
    assert!(db.store.queue_retry(&mail.to_string(), &entry(), at(1)).await.unwrap());
    assert!(db.store.lease_mail("w", at(1), at(60)).await.unwrap().is_some());
    db.store.queue_outgoing(&[notice()], at(0)).await.unwrap();
    deliver(&db.store, 0, &again(900)).await;
    let delivery = db.store.queue(10).await.unwrap().into_iter().find(|row| row.kind == "delivery").unwrap();
    assert!(db.store.queue_retry(&delivery.id, &entry(), at(2)).await.unwrap());
    deliver(&db.store, 2, &delivered()).await;
    assert!(!db.store.queue_retry(&delivery.id, &entry(), at(3)).await.unwrap(), "it does not wait any more");
    assert!(!db.store.queue_retry("none", &entry(), at(3)).await.unwrap());
    assert_eq!(db.count("SELECT COUNT(*) FROM audit_lines").await, 2, "what is done is recorded, and nothing else");
}

// spec: RCV-DURABLE
pub(crate) async fn a_held_mail_can_be_tried_again(db: Db) {
    acme(&db.store).await;
    let held = leased(&db.store).await.accepted;
    db.store.keep_mail_password(held.id, "w", b"sealed").await.unwrap();
    db.store.retry_mail(held.id, "w", at(5), Code::Maintenance, "").await.unwrap();
    db.store.lease_mail("w", at(5), at(60)).await.unwrap().unwrap();
    db.store.stop_mail(held.id, "w", ending(true, &[Code::Ambiguous], "odd", None), at(6)).await.unwrap();
    assert!(db.store.lease_mail("v", at(7), at(99)).await.unwrap().is_none());
    assert!(db.store.queue_retry(&held.id.to_string(), &entry(), at(7)).await.unwrap());
    let row = row(&db, held.id).await;
    assert_eq!((row.state.as_str(), row.attempts, row.next_at, row.reason), ("received", 0, Some(at(7)), None));
    let again = db.store.lease_mail("v", at(7), at(99)).await.unwrap().unwrap();
    assert_eq!((again.accepted.id, again.accepted.spool, again.attempts), (held.id, held.spool, 0));
    assert_eq!((again.sealed_password.as_deref(), again.last_code), (Some(&b"sealed"[..]), None));
    assert_eq!((again.tried_since, again.leases), (at(7), 1), "its time begins anew");
    assert!(!db.store.queue_retry(&held.id.to_string(), &entry(), at(8)).await.unwrap(), "it is being worked on");
    // One that was given up has nothing to be tried with.
    db.store.stop_mail(held.id, "v", ending(false, &[Code::Ambiguous], "", None), at(9)).await.unwrap();
    assert!(!db.store.queue_retry(&held.id.to_string(), &entry(), at(10)).await.unwrap());
}

// spec: RUN-WATCH
pub(crate) async fn one_unreadable_row_does_not_hide_the_queue(db: Db) {
    acme(&db.store).await;
    let [bad, good] = [mail(), mail()];
    for mail in [&bad, &good] {
        db.store.accept_mail(mail).await.unwrap();
    }
    db.meddle(&format!("UPDATE mails SET attempts = -1 WHERE id = '{}'", bad.id)).await;
    let rows = db.store.queue(9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [good.id.to_string()]);
}

// spec: KEEP-DELETE X-AUDIT
pub(crate) async fn stop_ends_what_waits(db: Db) {
    acme(&db.store).await;
    let received = mail();
    db.store.accept_mail(&received).await.unwrap();
    assert_eq!(
        db.store.queue_stop(&received.id.to_string(), &entry(), at(1)).await.unwrap(),
        Stopped::Mail(received.section.clone(), received.id)
    );
    let kept = db.store.mail(received.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.accepted.spool.wrapped_key.len()), (MailState::Stopped, 0));
    assert_eq!(db.store.erasures(10).await.unwrap(), [received.spool.id]);
    assert_eq!(db.store.queue_stop(&received.id.to_string(), &entry(), at(2)).await.unwrap(), Stopped::No);
    assert_eq!(db.count("SELECT COUNT(*) FROM audit_lines").await, 1, "what is done is recorded, and nothing else");

    let held = leased(&db.store).await.accepted.id;
    db.store.stop_mail(held, "w", ending(true, &[Code::Ambiguous], "", None), at(1)).await.unwrap();
    assert!(matches!(db.store.queue_stop(&held.to_string(), &entry(), at(2)).await.unwrap(), Stopped::Mail(..)));
    assert_eq!(db.store.erasures(10).await.unwrap().len(), 2);

    let (mail, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    for delivery in &out.deliveries {
        assert_eq!(db.store.queue_stop(&delivery.id.to_string(), &entry(), at(3)).await.unwrap(), Stopped::Delivery);
        assert_eq!(db.store.queue_stop(&delivery.id.to_string(), &entry(), at(3)).await.unwrap(), Stopped::No);
    }
    let whole = db.store.unsettled(at(9999), 10).await.unwrap();
    assert!(whole[0].deliveries.iter().all(|d| d.state == DeliveryState::Stopped));
    assert!(db.store.settle(out.id, at(4)).await.unwrap());
    assert_eq!(db.store.mail(mail.accepted.id).await.unwrap().unwrap().state, MailState::Settled);
    assert_eq!(db.store.queue_stop(&mail.accepted.id.to_string(), &entry(), at(5)).await.unwrap(), Stopped::No);
}

// spec: MAIL-DEPOSIT
pub(crate) async fn a_mail_whose_links_may_be_out_is_not_stopped(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await.accepted.id;
    db.store.note_mail_deposit(mail, "w", noted(DepositId::generate(), false)).await.unwrap();
    db.store.retry_mail(mail, "w", at(5), Code::Maintenance, "").await.unwrap();
    assert_eq!(db.store.queue_stop(&mail.to_string(), &entry(), at(9)).await.unwrap(), Stopped::LinksOut);
    assert_eq!(db.store.mail(mail).await.unwrap().unwrap().state, MailState::Received);
    assert!(db.store.lease_mail("w", at(9), at(60)).await.unwrap().is_some());
}

pub(crate) async fn what_is_worked_on_is_left_alone(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await.accepted.id;
    let told = notice();
    db.store.queue_outgoing(std::slice::from_ref(&told), at(0)).await.unwrap();
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    for id in [mail.to_string(), told.deliveries[0].id.to_string()] {
        assert_eq!(db.store.queue_stop(&id, &entry(), at(59)).await.unwrap(), Stopped::No);
        assert!(!db.store.queue_retry(&id, &entry(), at(59)).await.unwrap());
        assert_ne!(db.store.queue_stop(&id, &entry(), at(60)).await.unwrap(), Stopped::No, "the lease ran out");
    }
    // Whoever had them finds out.
    assert!(db.store.extend_mail_lease(mail, "w", at(99)).await.is_err());
    assert!(db.store.record_outcomes("p", &[(told.deliveries[0].id, delivered())], at(61)).await.is_err());
}

// spec: RUN-WATCH
pub(crate) async fn counts_tell_every_state(db: Db) {
    db.store.ping().await.unwrap();
    acme(&db.store).await;
    let empty = db.store.counts().await.unwrap();
    assert_eq!((empty.oldest_due, empty.erasures), (None, 0));
    assert!(empty.mails.iter().all(|(_, n)| *n == 0) && empty.mails.len() == MailState::ALL.len());
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    db.store.queue_stop(&out.deliveries[0].id.to_string(), &entry(), at(1)).await.unwrap();
    for received in [at(7), at(9)] {
        db.store.accept_mail(&NewMail { received_at: received, ..mail() }).await.unwrap();
    }
    let counts = db.store.counts().await.unwrap();
    let mails = |state| counts.mails.iter().find(|(s, _)| *s == state).unwrap().1;
    let deliveries = |state| counts.deliveries.iter().find(|(s, _)| *s == state).unwrap().1;
    assert_eq!((mails(MailState::Received), mails(MailState::Relaying), mails(MailState::Held)), (2, 1, 0));
    assert_eq!((deliveries(DeliveryState::Queued), deliveries(DeliveryState::Stopped)), (2, 1));
    assert_eq!(counts.oldest_due, Some(at(0)));
    deliver(&db.store, 0, &delivered()).await;
    assert_eq!(db.store.counts().await.unwrap().oldest_due, Some(at(7)));
    assert!(db.store.settle(out.id, at(2)).await.unwrap());
    assert_eq!(db.store.counts().await.unwrap().erasures, 2);
}

// spec: X-OPERATOR
pub(crate) async fn the_queue_is_given_in_pages_and_narrowed(db: Db) {
    acme(&db.store).await;
    let held = leased(&db.store).await.accepted;
    db.store.stop_mail(held.id, "w", ending(true, &[Code::Ambiguous], "odd", None), at(1)).await.unwrap();
    let (on_its_way, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    db.store.accept_mail(&NewMail { received_at: at(-5), ..mail() }).await.unwrap();
    let all = db.store.queue(100).await.unwrap();
    assert_eq!(all.len(), 4);
    // Page by page it is the same, whatever the size of a page.
    for limit in 1..=5u32 {
        let (mut found, mut search) = (Vec::new(), QueueSearch::default());
        loop {
            let page = db.store.queue_page(&search, limit).await.unwrap();
            found.extend(page.rows);
            let Some(last) = found.last().filter(|_| page.more) else { break };
            search.after = Some((last.since, last.id.clone()));
        }
        assert_eq!(found, all, "{limit}");
    }
    let of = async |section: Option<&str>, stage: Option<&str>| {
        let section = section.map(|section| section.parse().unwrap());
        let search = QueueSearch { section, stage: stage.map(str::to_owned), after: None };
        db.store.queue_page(&search, 100).await.unwrap().rows.len()
    };
    assert_eq!((of(Some("acme"), None).await, of(Some("other"), None).await), (4, 0));
    for (stage, count) in [("received", 1), ("held", 1), ("relay", 2), ("notice", 0), ("'", 0)] {
        assert_eq!(of(None, Some(stage)).await, count, "{stage}");
    }
    let deliveries = db.store.queue_deliveries(on_its_way.accepted.id).await.unwrap();
    let ids: Vec<_> = deliveries.iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids, out.deliveries.iter().map(|delivery| delivery.id.to_string()).collect::<Vec<_>>());
    db.store.queue_stop(&ids[0], &entry(), at(7)).await.unwrap();
    assert_eq!(db.store.queue_deliveries(on_its_way.accepted.id).await.unwrap()[0].ended_at, Some(at(7)));
    assert_eq!(db.store.queue_deliveries(held.id).await.unwrap(), []);
}

// spec: X-OPERATOR
pub(crate) async fn what_is_in_hand_is_told_in_short(db: Db) {
    acme(&db.store).await;
    assert_eq!(db.store.queue_facts().await.unwrap(), QueueFacts::default());
    let held = leased(&db.store).await.accepted;
    db.store.stop_mail(held.id, "w", ending(true, &[Code::Ambiguous], "odd", None), at(1)).await.unwrap();
    let only_held = QueueFacts { held: 1, ..QueueFacts::default() };
    assert_eq!(db.store.queue_facts().await.unwrap(), only_held, "it waits for somebody, not for its turn");
    relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    let queued = QueueFacts { deliveries: 2, oldest: Some(at(0)), ..only_held };
    assert_eq!(db.store.queue_facts().await.unwrap(), queued);
    deliver(&db.store, 0, &again(900)).await;
    let tried = QueueFacts { tried: 2, oldest_tried: Some(at(0)), ..queued };
    assert_eq!(db.store.queue_facts().await.unwrap(), tried);
    db.store.queue_outgoing(&[notice()], at(-3)).await.unwrap();
    let more = QueueFacts { deliveries: 3, oldest: Some(at(-3)), ..tried };
    assert_eq!(db.store.queue_facts().await.unwrap(), more);
    for received in [at(-9), at(7)] {
        db.store.accept_mail(&NewMail { received_at: received, ..mail() }).await.unwrap();
    }
    let all = QueueFacts { received: 2, oldest: Some(at(-9)), ..more };
    assert_eq!(db.store.queue_facts().await.unwrap(), all);
}
