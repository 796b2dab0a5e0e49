use fubako_base::{Code, ids::ObjectId};
use fubako_store::{
    mails::MailState,
    outbox::{Content, NewOutgoing, OutgoingKind},
};

use crate::{
    db::{Db, holds},
    make::{
        acme, again, at, deliver, delivered, ending, expired, failed, file, leased, notice, object, outgoing, relayed,
        sent,
    },
};

fn object_of(out: &NewOutgoing) -> (ObjectId, Vec<u8>) {
    match &out.content {
        Content::Object(object) => (object.id, object.wrapped_key.clone()),
        Content::Inline(_) => panic!("not an object"),
    }
}

// spec: KEEP-DELETE
pub(crate) async fn settling_gives_up_all_that_can_be_read(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await;
    let id = mail.accepted.id;
    let password = b"the sealed password of this mail";
    db.store.keep_mail_password(id, "w", password).await.unwrap();
    let out = outgoing(OutgoingKind::Relay, &["a@example.com"]);
    db.store.queue_mail(id, "w", &out, at(0)).await.unwrap();
    let told = NewOutgoing { content: Content::Inline(b"the sealed notice of this mail".to_vec()), ..notice() };
    db.store.queue_outgoing(std::slice::from_ref(&told), at(0)).await.unwrap();
    deliver(&db.store, 0, &delivered()).await;
    deliver(&db.store, 0, &delivered()).await;
    assert_eq!(db.store.unsettled(at(9999), 10).await.unwrap().len(), 2);
    assert!(db.store.settle(out.id, at(1)).await.unwrap());
    assert!(db.store.settle(told.id, at(1)).await.unwrap());
    assert!(!db.store.settle(out.id, at(2)).await.unwrap(), "settling twice does nothing");
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
    assert!(db.store.unsettled(at(9999), 10).await.unwrap().is_empty());
    let kept = db.store.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.sealed_password), (MailState::Settled, None));
    assert!(kept.accepted.spool.wrapped_key.is_empty());
    let (object, wrapped) = object_of(&out);
    let mut given_up = [mail.accepted.spool.id, object];
    given_up.sort();
    assert_eq!(db.store.erasures(10).await.unwrap(), given_up);
    assert_eq!(db.store.erasures(1).await.unwrap(), given_up[..1]);

    let contents = db.contents().await;
    assert!(holds(&contents, b"taro@acme.example"), "the search finds what is there");
    for gone in [&wrapped[..], &mail.accepted.spool.wrapped_key, password, b"the sealed notice of this mail"] {
        assert!(!holds(&contents, gone), "{}", String::from_utf8_lossy(gone));
    }
}

pub(crate) async fn nothing_settles_while_a_delivery_is_open(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    assert!(!db.store.settle(out.id, at(1)).await.unwrap());
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    let outcomes = [(out.deliveries[0].id, delivered()), (out.deliveries[1].id, again(10))];
    db.store.record_outcomes("p", &outcomes, at(1)).await.unwrap();
    assert!(!db.store.settle(out.id, at(1)).await.unwrap());
    assert_eq!(db.store.mail(mail.accepted.id).await.unwrap().unwrap().state, MailState::Relaying);
    assert_eq!(db.store.erasures(10).await.unwrap(), []);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 1, "no bounce");
    assert!(!db.store.settle(fubako_base::ids::OutgoingId::generate(), at(1)).await.unwrap());
}

fn bounce_of(mail: &fubako_store::mails::Mail) -> NewOutgoing {
    NewOutgoing {
        kind: OutgoingKind::Bounce,
        envelope_from: String::new(),
        mail: Some(mail.accepted.id),
        due: at(500),
        ..notice()
    }
}

// spec: MAIL-BOUNCE
pub(crate) async fn a_failure_is_told_while_others_are_tried(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com", "b@example.com", "c@example.com"]).await;
    let [a, b, c] = [0, 1, 2].map(|n| out.deliveries[n].id);
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    db.store.record_outcomes("p", &[(a, failed()), (b, again(100))], at(1)).await.unwrap();
    // The round is not over: what fails in it is told together.
    assert!(db.store.untold(at(2), 10).await.unwrap().is_empty());
    assert!(!db.store.bounce(out.id, &[a, c], None, at(2)).await.unwrap(), "one has not failed");
    db.store.record_outcomes("p", &[(c, failed())], at(3)).await.unwrap();
    let untold = db.store.untold(at(4), 10).await.unwrap();
    assert_eq!(untold.len(), 1);
    assert_eq!(untold[0].deliveries.iter().map(|d| d.queued.id).collect::<Vec<_>>(), [a, b, c]);
    assert_eq!(untold[0].deliveries[0].last_reply.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(untold[0].outgoing.content, out.content, "the bounce carries it");
    // A bounce that the database refuses tells nothing.
    let bounce = bounce_of(&mail);
    let bad = NewOutgoing { section: "nowhere".parse().unwrap(), ..bounce.clone() };
    assert!(db.store.bounce(out.id, &[a, c], Some(&bad), at(5)).await.is_err());
    assert_eq!(db.store.untold(at(5), 10).await.unwrap()[0].deliveries[0].told_at, None);
    assert!(db.store.bounce(out.id, &[a, c], Some(&bounce), at(6)).await.unwrap());
    assert!(db.store.untold(at(7), 10).await.unwrap().is_empty());
    assert!(db.store.unsettled(at(7), 10).await.unwrap().is_empty() && !db.store.settle(out.id, at(7)).await.unwrap());
    let kept = db.store.mail(mail.accepted.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.accepted.spool), (MailState::Relaying, mail.accepted.spool.clone()), "not erased yet");

    // The last one ends badly too: it is told alone, and only then all is given up.
    deliver(&db.store, 100, &failed()).await;
    let last = db.store.unsettled(at(101), 10).await.unwrap();
    let told: Vec<_> = last[0].deliveries.iter().map(|d| d.told_at).collect();
    assert_eq!(told, [Some(at(6)), None, Some(at(6))]);
    assert!(!db.store.settle(out.id, at(101)).await.unwrap(), "one is not told");
    assert!(!db.store.bounce(out.id, &[b, a], Some(&bounce_of(&mail)), at(101)).await.unwrap(), "one is told already");
    assert!(!db.store.bounce(out.id, &[], Some(&bounce_of(&mail)), at(101)).await.unwrap(), "nothing to tell");
    assert!(db.store.bounce(out.id, &[b], None, at(101)).await.unwrap());
    assert!(db.store.settle(out.id, at(102)).await.unwrap());
    assert_eq!(db.store.mail(mail.accepted.id).await.unwrap().unwrap().state, MailState::Settled);
    assert!(!db.store.bounce(out.id, &[b], Some(&bounce_of(&mail)), at(103)).await.unwrap(), "settled");
    let round = db.store.lease_round("p", at(500), at(600)).await.unwrap().unwrap();
    assert_eq!((round.outgoing.id, round.outgoing.kind), (bounce.id, OutgoingKind::Bounce));
    assert!(db.store.lease_round("p", at(500), at(600)).await.unwrap().is_none(), "one bounce");
}

// spec: MAIL-BOUNCE
pub(crate) async fn a_dead_workers_failures_are_told_once_its_lease_is_over(db: Db) {
    acme(&db.store).await;
    let (_, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    db.store.lease_round("dead", at(0), at(60)).await.unwrap().unwrap();
    db.store.record_outcomes("dead", &[(out.deliveries[0].id, failed())], at(1)).await.unwrap();
    assert!(db.store.untold(at(59), 10).await.unwrap().is_empty());
    assert_eq!(db.store.untold(at(60), 10).await.unwrap().len(), 1);
}

// spec: MAIL-BOUNCE, RUN-SCALE
pub(crate) async fn of_many_who_tell_one_does(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com", "b@example.com"]).await;
    deliver(&db.store, 0, &failed()).await;
    let told: Vec<_> = out.deliveries.iter().map(|d| d.id).collect();
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let bounces: Vec<NewOutgoing> = (0..12).map(|_| bounce_of(&mail)).collect();
    let tries = bounces.iter().enumerate().map(|(n, b)| nodes[n % 2].bounce(out.id, &told, Some(b), at(1)));
    let done = futures::future::join_all(tries).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!((done, db.count("SELECT COUNT(*) FROM outgoing WHERE kind = 'bounce'").await), (1, 1));
}

// spec: RCV-DURABLE
pub(crate) async fn an_unreadable_row_does_not_keep_others_from_settling(db: Db) {
    acme(&db.store).await;
    let mut outs: Vec<NewOutgoing> = (0..3).map(|_| NewOutgoing { due: at(0), ..notice() }).collect();
    outs.sort_by_key(|out| out.id);
    db.store.queue_outgoing(&outs, at(0)).await.unwrap();
    for _ in 0..3 {
        deliver(&db.store, 0, &delivered()).await;
    }
    db.meddle(&format!("UPDATE outgoing SET kind = 'spam' WHERE id = '{}'", outs[0].id)).await;
    assert!(db.store.unsettled(at(1), 1).await.unwrap().is_empty(), "it came first");
    assert_eq!(db.store.unsettled(at(1), 1).await.unwrap()[0].outgoing.id, outs[1].id);
    assert_eq!(db.store.unsettled(at(3600), 9).await.unwrap().len(), 2);
    db.meddle("UPDATE outgoing SET kind = 'notice'").await;
    assert_eq!(db.store.unsettled(at(3601), 9).await.unwrap().len(), 3, "mended, it is there again");
}

pub(crate) async fn a_mail_settles_with_its_last_relayed_mail(db: Db) {
    acme(&db.store).await;
    let (mail, first) = relayed(&db.store, &["a@example.com"]).await;
    let id = mail.accepted.id;
    let second = NewOutgoing { mail: Some(id), due: at(5), ..outgoing(OutgoingKind::Relay, &["b@example.com"]) };
    db.store.queue_outgoing(std::slice::from_ref(&second), at(0)).await.unwrap();
    deliver(&db.store, 0, &delivered()).await;
    assert!(db.store.settle(first.id, at(1)).await.unwrap());
    let kept = db.store.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.accepted.spool), (MailState::Relaying, mail.accepted.spool.clone()));
    deliver(&db.store, 5, &delivered()).await;
    assert!(db.store.settle(second.id, at(6)).await.unwrap());
    assert_eq!(db.store.mail(id).await.unwrap().unwrap().state, MailState::Settled);
    assert!(db.store.erasures(10).await.unwrap().contains(&mail.accepted.spool.id));
}

pub(crate) async fn a_notice_does_not_settle_its_mail(db: Db) {
    acme(&db.store).await;
    let (mail, _) = relayed(&db.store, &["a@example.com"]).await;
    let id = mail.accepted.id;
    let told = NewOutgoing { mail: Some(id), due: at(-5), ..notice() };
    db.store.queue_outgoing(std::slice::from_ref(&told), at(0)).await.unwrap();
    deliver(&db.store, 0, &delivered()).await;
    assert!(db.store.settle(told.id, at(1)).await.unwrap());
    assert_eq!(db.store.mail(id).await.unwrap().unwrap().state, MailState::Relaying);
}

// spec: KEEP-DELETE
pub(crate) async fn erased_objects_are_forgotten(db: Db) {
    acme(&db.store).await;
    let (_, file, _) = sent(&db.store, "k", 1).await;
    assert_eq!(db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap(), 1);
    assert_eq!(db.store.erasures(10).await.unwrap(), [file.object.id]);
    let many: Vec<ObjectId> = (0..1200).map(|_| ObjectId::generate()).chain([file.object.id]).collect();
    db.store.erased(&many).await.unwrap();
    db.store.erased(&many).await.unwrap();
    db.store.erased(&[]).await.unwrap();
    assert_eq!(db.store.erasures(10).await.unwrap(), []);
}

// spec: KEEP-DELETE
pub(crate) async fn what_cannot_be_erased_stands_behind(db: Db) {
    acme(&db.store).await;
    let mut given_up = Vec::new();
    for _ in 0..3 {
        let mail = leased(&db.store).await.accepted;
        db.store.stop_mail(mail.id, "w", ending(false, &[Code::Virus], "", None), at(1)).await.unwrap();
        given_up.push(mail.spool.id);
    }
    given_up.sort();
    assert_eq!(db.store.erasures(10).await.unwrap(), given_up);
    db.store.erasures_failed(&given_up[..1]).await.unwrap();
    assert_eq!(db.store.erasures(10).await.unwrap(), [given_up[1], given_up[2], given_up[0]]);
    assert_eq!(db.store.erasures(2).await.unwrap(), given_up[1..]);
}

pub(crate) async fn objects_that_no_row_knows_are_named(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com"]).await;
    let (gone, gone_file, _) = sent(&db.store, "gone", 1).await;
    let (deposit, _) = db.store.begin_deposit(&crate::make::deposit("kept", 1)).await.unwrap();
    let (kept, _) = db.store.keep_file(&file(deposit.id, 1)).await.unwrap();
    db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap();
    assert_eq!(db.store.files(gone.id).await.unwrap().len(), 0);
    let known = [mail.accepted.spool.id, object_of(&out).0, kept.object.id, gone_file.object.id];
    let strangers: Vec<ObjectId> = (0..450).map(|_| object().id).collect();
    let asked: Vec<ObjectId> = strangers[..200].iter().chain(&known).chain(&strangers[200..]).copied().collect();
    assert_eq!(db.store.unknown_objects(&asked).await.unwrap(), strangers);
    assert_eq!(db.store.unknown_objects(&[]).await.unwrap(), []);
    // Once its octets are deleted, one that was given up is a stranger too.
    db.store.erased(&[gone_file.object.id]).await.unwrap();
    assert_eq!(db.store.unknown_objects(&known).await.unwrap(), [gone_file.object.id]);
}
