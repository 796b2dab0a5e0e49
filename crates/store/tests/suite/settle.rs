use fubako_base::ids::ObjectId;
use fubako_store::{
    mails::MailState,
    outbox::{Content, NewOutgoing, OutgoingKind},
};

use crate::{
    db::{Db, holds},
    make::{acme, again, at, deliver, delivered, failed, file, leased, notice, object, outgoing, relayed, sent},
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
    assert_eq!(db.store.unsettled(10).await.unwrap().len(), 2);
    assert!(db.store.settle(out.id, None, at(1)).await.unwrap());
    assert!(db.store.settle(told.id, None, at(1)).await.unwrap());
    assert!(!db.store.settle(out.id, Some(&notice()), at(2)).await.unwrap(), "settling twice does nothing");
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
    assert!(db.store.unsettled(10).await.unwrap().is_empty());
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
    assert!(!db.store.settle(out.id, Some(&notice()), at(1)).await.unwrap());
    db.store.lease_round("p", at(0), at(60)).await.unwrap().unwrap();
    let outcomes = [(out.deliveries[0].id, delivered()), (out.deliveries[1].id, again(10))];
    db.store.record_outcomes("p", &outcomes, at(1)).await.unwrap();
    assert!(!db.store.settle(out.id, Some(&notice()), at(1)).await.unwrap());
    assert_eq!(db.store.mail(mail.accepted.id).await.unwrap().unwrap().state, MailState::Relaying);
    assert_eq!(db.store.erasures(10).await.unwrap(), []);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 1, "no bounce");
    assert!(!db.store.settle(fubako_base::ids::OutgoingId::generate(), None, at(1)).await.unwrap());
}

// spec: MAIL-BOUNCE
pub(crate) async fn the_bounce_is_committed_with_the_settling(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com"]).await;
    deliver(&db.store, 0, &failed()).await;
    let unsettled = db.store.unsettled(10).await.unwrap();
    assert_eq!(unsettled[0].deliveries[0].last_reply.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(unsettled[0].outgoing.content, out.content, "the bounce carries it");
    let bounce = NewOutgoing {
        kind: OutgoingKind::Bounce,
        envelope_from: String::new(),
        mail: Some(mail.accepted.id),
        ..notice()
    };
    // A bounce that the database refuses settles nothing.
    let bad = NewOutgoing { section: "nowhere".parse().unwrap(), ..bounce.clone() };
    assert!(db.store.settle(out.id, Some(&bad), at(1)).await.is_err());
    assert_eq!(db.store.unsettled(10).await.unwrap().len(), 1);
    assert!(db.store.settle(out.id, Some(&bounce), at(1)).await.unwrap());
    assert!(!db.store.settle(out.id, Some(&NewOutgoing { ..notice() }), at(1)).await.unwrap());
    let round = db.store.lease_round("p", at(1), at(60)).await.unwrap().unwrap();
    assert_eq!((round.outgoing.id, round.outgoing.kind), (bounce.id, OutgoingKind::Bounce));
    assert!(db.store.lease_round("p", at(1), at(60)).await.unwrap().is_none(), "one bounce");
    assert_eq!(db.store.mail(mail.accepted.id).await.unwrap().unwrap().state, MailState::Settled);
}

pub(crate) async fn a_mail_settles_with_its_last_relayed_mail(db: Db) {
    acme(&db.store).await;
    let (mail, first) = relayed(&db.store, &["a@example.com"]).await;
    let id = mail.accepted.id;
    let second = NewOutgoing { mail: Some(id), due: at(5), ..outgoing(OutgoingKind::Relay, &["b@example.com"]) };
    db.store.queue_outgoing(std::slice::from_ref(&second), at(0)).await.unwrap();
    deliver(&db.store, 0, &delivered()).await;
    assert!(db.store.settle(first.id, None, at(1)).await.unwrap());
    let kept = db.store.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.accepted.spool), (MailState::Relaying, mail.accepted.spool.clone()));
    deliver(&db.store, 5, &delivered()).await;
    assert!(db.store.settle(second.id, None, at(6)).await.unwrap());
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
    assert!(db.store.settle(told.id, None, at(1)).await.unwrap());
    assert_eq!(db.store.mail(id).await.unwrap().unwrap().state, MailState::Relaying);
}

// spec: KEEP-DELETE
pub(crate) async fn erased_objects_are_forgotten(db: Db) {
    acme(&db.store).await;
    let (_, file, _) = sent(&db.store, "k", 1).await;
    assert_eq!(db.store.expire_deposits(at(1000), at(0), 10).await.unwrap(), 1);
    assert_eq!(db.store.erasures(10).await.unwrap(), [file.object.id]);
    let many: Vec<ObjectId> = (0..1200).map(|_| ObjectId::generate()).chain([file.object.id]).collect();
    db.store.erased(&many).await.unwrap();
    db.store.erased(&many).await.unwrap();
    db.store.erased(&[]).await.unwrap();
    assert_eq!(db.store.erasures(10).await.unwrap(), []);
}

pub(crate) async fn objects_that_no_row_knows_are_named(db: Db) {
    acme(&db.store).await;
    let (mail, out) = relayed(&db.store, &["a@example.com"]).await;
    let (gone, gone_file, _) = sent(&db.store, "gone", 1).await;
    let (deposit, _) = db.store.begin_deposit(&crate::make::deposit("kept", 1)).await.unwrap();
    let (kept, _) = db.store.keep_file(&file(deposit.id, 1)).await.unwrap();
    db.store.expire_deposits(at(1000), at(0), 10).await.unwrap();
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
