use fubako_base::{Code, Timestamp, ids::DepositId, ids::MailId};
use fubako_store::{
    StoreError,
    mails::{Accepted, MailState, NewMail},
    outbox::{Content, OutgoingKind},
};

use crate::{
    db::Db,
    make::{acme, at, ending, entry, id, leased, mail, noted, notice, object, outgoing, relayed},
};

// spec: RCV-DURABLE
pub(crate) async fn a_mail_comes_back_as_it_was_accepted(db: Db) {
    acme(&db.store).await;
    let new = mail();
    db.store.accept_mail(&new).await.unwrap();
    let kept = db.store.mail(new.id).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", kept.accepted), format!("{new:?}"));
    assert_eq!(kept.accepted.spool, new.spool);
    assert_eq!((kept.state, kept.deposit, kept.attempts, kept.last_code), (MailState::Received, None, 0, None));
    assert_eq!(kept.sealed_password, None);
    assert!(db.store.mail(MailId::generate()).await.unwrap().is_none());
}

// spec: RCV-DURABLE, RCV-REPEAT
pub(crate) async fn the_same_mail_again_is_kept_once(db: Db) {
    acme(&db.store).await;
    let first = mail();
    db.store.accept_mail(&first).await.unwrap();
    db.store.accept_mail(&first).await.unwrap();
    assert_eq!(db.store.erasures(10).await.unwrap(), [], "the same object is not given up");
    let again = NewMail { spool: object(), peer: "198.51.100.9".to_owned(), ..first.clone() };
    db.store.accept_mail(&again).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM mails").await, 1);
    let kept = db.store.mail(first.id).await.unwrap().unwrap().accepted;
    assert_eq!((kept.spool, kept.peer), (first.spool, first.peer));
    assert_eq!(db.store.erasures(10).await.unwrap(), [again.spool.id]);
}

// spec: RCV-TENANT
pub(crate) async fn a_mail_of_an_unknown_section_is_refused(db: Db) {
    let refused = db.store.accept_mail(&mail()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

pub(crate) async fn leases_go_to_the_oldest_due(db: Db) {
    acme(&db.store).await;
    let (late, early) = (NewMail { received_at: at(5), ..mail() }, NewMail { received_at: at(3), ..mail() });
    db.store.accept_mail(&late).await.unwrap();
    db.store.accept_mail(&early).await.unwrap();
    assert!(db.store.lease_mail("w", at(2), at(60)).await.unwrap().is_none(), "none is due yet");
    let ids = [db.store.lease_mail("w", at(9), at(60)).await, db.store.lease_mail("v", at(9), at(60)).await];
    assert_eq!(ids.map(|leased| leased.unwrap().unwrap().accepted.id), [early.id, late.id]);
    assert!(db.store.lease_mail("u", at(9), at(60)).await.unwrap().is_none(), "both are leased");
}

// spec: RUN-SCALE
pub(crate) async fn a_lease_that_ran_out_can_be_taken(db: Db) {
    acme(&db.store).await;
    let leased = leased(&db.store).await.accepted.id;
    assert!(db.store.lease_mail("v", at(59), at(100)).await.unwrap().is_none());
    db.store.extend_mail_lease(leased, "w", at(80)).await.unwrap();
    assert!(db.store.lease_mail("v", at(79), at(100)).await.unwrap().is_none());
    // Nobody took it: it can be extended late.
    db.store.extend_mail_lease(leased, "w", at(80)).await.unwrap();
    assert_eq!(db.store.lease_mail("v", at(80), at(100)).await.unwrap().unwrap().accepted.id, leased);
    assert!(matches!(db.store.extend_mail_lease(leased, "w", at(200)).await, Err(StoreError::LeaseLost)));
}

// spec: RCV-DURABLE, RUN-SCALE
pub(crate) async fn whoever_lost_the_lease_commits_nothing(db: Db) {
    acme(&db.store).await;
    let id = leased(&db.store).await.accepted.id;
    db.store.lease_mail("v", at(60), at(120)).await.unwrap().unwrap();
    let s = &db.store;
    let (out, told) = (outgoing(OutgoingKind::Relay, &["a@example.com"]), notice());
    let deposit = DepositId::generate();
    for worker in ["w", "", "v' OR 'a'='a"] {
        let lost = [
            s.extend_mail_lease(id, worker, at(99)).await.err(),
            s.keep_mail_password(id, worker, b"mine").await.err(),
            s.note_mail_deposit(id, worker, noted(deposit, false)).await.err(),
            s.queue_mail(id, worker, &out, at(61)).await.err(),
            s.stop_mail(id, worker, ending(false, &[Code::DataUrl], "", Some(&told)), at(61)).await.err(),
            s.retry_mail(id, worker, at(70), Code::Maintenance, "").await.err(),
        ];
        for lost in lost {
            assert!(matches!(lost, Some(StoreError::LeaseLost)), "{worker}: {lost:?}");
        }
    }
    let kept = s.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.deposit, kept.attempts, kept.last_code), (MailState::Received, None, 0, None));
    assert!(kept.sealed_password.is_none() && !kept.accepted.spool.wrapped_key.is_empty());
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 0);
    // The holder's do.
    s.note_mail_deposit(id, "v", noted(deposit, true)).await.unwrap();
    s.queue_mail(id, "v", &out, at(61)).await.unwrap();
    let kept = s.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.deposit), (MailState::Relaying, Some(deposit)));
    assert!(kept.approval && kept.with_password);
    // And once it is on its way, nobody's.
    assert!(matches!(
        s.queue_mail(id, "v", &outgoing(OutgoingKind::Relay, &[]), at(62)).await,
        Err(StoreError::LeaseLost)
    ));
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 1);
    assert!(s.lease_mail("v", at(9999), at(99999)).await.unwrap().is_none());
}

// spec: MAIL-DEPOSIT
pub(crate) async fn the_first_password_stays(db: Db) {
    acme(&db.store).await;
    let id = leased(&db.store).await.accepted.id;
    assert_eq!(db.store.keep_mail_password(id, "w", b"sealed 1").await.unwrap(), b"sealed 1");
    assert_eq!(db.store.keep_mail_password(id, "w", b"sealed 2").await.unwrap(), b"sealed 1");
    db.store.lease_mail("v", at(60), at(120)).await.unwrap().unwrap();
    assert_eq!(db.store.keep_mail_password(id, "v", b"sealed 3").await.unwrap(), b"sealed 1");
    assert_eq!(db.store.mail(id).await.unwrap().unwrap().sealed_password.unwrap(), b"sealed 1");
}

// spec: MAIL-DEPOSIT
pub(crate) async fn a_retry_waits_and_is_counted(db: Db) {
    acme(&db.store).await;
    let id = leased(&db.store).await.accepted.id;
    db.store.retry_mail(id, "w", at(30), Code::ExchangeUnavailable, "connection refused").await.unwrap();
    assert!(db.store.lease_mail("v", at(29), at(90)).await.unwrap().is_none());
    let again = db.store.lease_mail("v", at(30), at(90)).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.last_code), (1, Some(Code::ExchangeUnavailable)));
    let long = "長".repeat(1_000_000);
    db.store.retry_mail(id, "v", at(40), Code::Maintenance, &long).await.unwrap();
    assert_eq!(db.store.mail(id).await.unwrap().unwrap().attempts, 2);
    let reason = db.store.queue_row(&id.to_string()).await.unwrap().unwrap().reason.unwrap();
    assert!(reason.starts_with("maintenance: 長") && reason.chars().count() < 3_000);
}

// spec: RCV-REPEAT
pub(crate) async fn the_same_content_within_a_day_is_kept_once(db: Db) {
    acme(&db.store).await;
    let first = NewMail { fingerprint: Some([7; 32]), ..mail() };
    let later = |seconds| NewMail { received_at: at(seconds), fingerprint: Some([7; 32]), ..mail() };
    assert_eq!(db.store.accept_mail(&first).await.unwrap(), Accepted::New);
    assert_eq!(db.store.accept_mail(&first).await.unwrap(), Accepted::New, "the call can be repeated");
    let again = later(86_399);
    assert_eq!(db.store.accept_mail(&again).await.unwrap(), Accepted::Repeated(first.id));
    assert_eq!(db.store.erasures(10).await.unwrap(), [again.spool.id]);
    assert!(db.store.mail(again.id).await.unwrap().is_none());
    assert_eq!(db.store.accept_mail(&later(86_400)).await.unwrap(), Accepted::New);
    assert_eq!(db.store.accept_mail(&NewMail { fingerprint: Some([8; 32]), ..mail() }).await.unwrap(), Accepted::New);
    assert_eq!(db.store.accept_mail(&mail()).await.unwrap(), Accepted::New);
}

// spec: RCV-REPEAT, NOTICE
pub(crate) async fn a_returned_mail_sent_again_is_a_new_one(db: Db) {
    acme(&db.store).await;
    for (held, print) in [(false, 7), (true, 8)] {
        let copy = |seconds| NewMail { received_at: at(seconds), fingerprint: Some([print; 32]), ..mail() };
        let first = copy(0);
        db.store.accept_mail(&first).await.unwrap();
        assert_eq!(db.store.lease_mail("w", at(0), at(60)).await.unwrap().unwrap().accepted.id, first.id);
        assert_eq!(
            db.store.accept_mail(&copy(1)).await.unwrap(),
            Accepted::Repeated(first.id),
            "it is being worked on, and may yet be delivered"
        );
        let told = notice();
        db.store.stop_mail(first.id, "w", ending(held, &[Code::GroupNotSet], "", Some(&told)), at(2)).await.unwrap();
        let second = copy(3);
        assert_eq!(db.store.accept_mail(&second).await.unwrap(), Accepted::New, "held: {held}");
        assert_eq!(db.store.lease_mail("w", at(3), at(60)).await.unwrap().unwrap().accepted.id, second.id);
        assert_eq!(db.store.accept_mail(&copy(4)).await.unwrap(), Accepted::Repeated(second.id), "not the first");
        let out = outgoing(OutgoingKind::Relay, &["a@example.com"]);
        db.store.queue_mail(second.id, "w", &out, at(5)).await.unwrap();
        assert_eq!(db.store.accept_mail(&copy(6)).await.unwrap(), Accepted::Repeated(second.id), "it is done");
        // What was held is not handled beside the mail that took its place.
        assert!(!db.store.queue_retry(&first.id.to_string(), &entry(), at(7)).await.unwrap());
        assert!(db.store.lease_mail("w", at(8), at(60)).await.unwrap().is_none());
    }
    // One that an operator stopped before was not given back to its sender: nobody was told to send it again.
    let first = NewMail { fingerprint: Some([9; 32]), ..mail() };
    db.store.accept_mail(&first).await.unwrap();
    db.store.queue_stop(&first.id.to_string(), &entry(), at(1)).await.unwrap();
    let again = NewMail { fingerprint: Some([9; 32]), received_at: at(2), ..mail() };
    assert_eq!(db.store.accept_mail(&again).await.unwrap(), Accepted::Repeated(first.id));
}

// spec: RCV-REPEAT, RCV-DURABLE, NOTICE (found by review)
pub(crate) async fn what_an_operator_stops_is_in_nobody_s_way(db: Db) {
    acme(&db.store).await;
    let copy = |seconds| NewMail { received_at: at(seconds), fingerprint: Some([3; 32]), ..mail() };
    let held = copy(0);
    db.store.accept_mail(&held).await.unwrap();
    db.store.lease_mail("w", at(0), at(60)).await.unwrap().unwrap();
    let told = notice();
    db.store.stop_mail(held.id, "w", ending(true, &[Code::Ambiguous], "", Some(&told)), at(1)).await.unwrap();
    // Its sender sends it again, and the operator stops that one: what is held can be tried in its place.
    let again = copy(2);
    assert_eq!(db.store.accept_mail(&again).await.unwrap(), Accepted::New);
    assert!(!db.store.queue_retry(&held.id.to_string(), &entry(), at(3)).await.unwrap(), "the other one waits");
    db.store.queue_stop(&again.id.to_string(), &entry(), at(3)).await.unwrap();
    assert!(db.store.queue_retry(&held.id.to_string(), &entry(), at(4)).await.unwrap());
    let taken_up = db.store.lease_mail("w", at(4), at(60)).await.unwrap().unwrap();
    assert_eq!(taken_up.accepted.id, held.id);
    // A held mail that an operator stops is one of which its sender was told: the same again is handled afresh.
    let held = NewMail { fingerprint: Some([4; 32]), ..mail() };
    db.store.accept_mail(&held).await.unwrap();
    assert_eq!(db.store.lease_mail("v", at(5), at(60)).await.unwrap().unwrap().accepted.id, held.id);
    db.store.stop_mail(held.id, "v", ending(true, &[Code::Ambiguous], "", Some(&notice())), at(6)).await.unwrap();
    db.store.queue_stop(&held.id.to_string(), &entry(), at(7)).await.unwrap();
    let again = NewMail { fingerprint: Some([4; 32]), received_at: at(8), ..mail() };
    assert_eq!(db.store.accept_mail(&again).await.unwrap(), Accepted::New);
}

// spec: RCV-DURABLE
pub(crate) async fn leases_of_which_nothing_came_are_counted(db: Db) {
    acme(&db.store).await;
    let mail = mail();
    db.store.accept_mail(&mail).await.unwrap();
    for count in 1..4 {
        let leased = db.store.lease_mail("w", at(count * 100), at(count * 100 + 50)).await.unwrap().unwrap();
        assert_eq!((i64::from(leased.leases), leased.tried_since), (count, mail.received_at));
    }
    db.store.retry_mail(mail.id, "w", at(400), Code::Maintenance, "").await.unwrap();
    assert_eq!(
        db.store.lease_mail("w", at(400), at(450)).await.unwrap().unwrap().leases,
        1,
        "it came back with a word"
    );
}

// spec: NOTICE, KEEP-DELETE
pub(crate) async fn a_stopped_mail_is_given_up_with_its_notice(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await;
    let id = mail.accepted.id;
    db.store.keep_mail_password(id, "w", b"sealed").await.unwrap();
    let (codes, told) = ([Code::DataUrl, Code::Encrypted], notice());
    db.store.stop_mail(id, "w", ending(false, &codes, "two things", Some(&told)), at(1)).await.unwrap();
    let kept = db.store.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.last_code), (MailState::Stopped, Some(Code::DataUrl)));
    assert_eq!(db.store.mail_codes(id).await.unwrap(), codes);
    assert!(kept.accepted.spool.wrapped_key.is_empty() && kept.sealed_password.is_none());
    assert_eq!(db.store.erasures(10).await.unwrap(), [mail.accepted.spool.id]);
    let round = db.store.lease_round("p", at(1), at(60)).await.unwrap().unwrap();
    assert_eq!((round.outgoing.id, round.outgoing.content), (told.id, Content::Inline(b"sealed notice".to_vec())));
}

// spec: MAIL-AMBIGUOUS
pub(crate) async fn a_held_mail_is_kept(db: Db) {
    acme(&db.store).await;
    let mail = leased(&db.store).await;
    let id = mail.accepted.id;
    assert_eq!(db.store.mail_codes(id).await.unwrap(), []);
    db.store.stop_mail(id, "w", ending(true, &[Code::Ambiguous], "two boundaries", None), at(1)).await.unwrap();
    let kept = db.store.mail(id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.accepted.spool), (MailState::Held, mail.accepted.spool));
    assert_eq!(db.store.erasures(10).await.unwrap(), []);
    assert!(db.store.lease_mail("v", at(9999), at(99999)).await.unwrap().is_none());
}

pub(crate) async fn text_of_any_kind_survives(db: Db) {
    acme(&db.store).await;
    let text = "'; DROP TABLE mails; -- \u{1}\u{7f}\u{202e}\u{1f4e6} $1 {{text}} 文箱\r\n\\x00";
    let mut new = mail();
    new.envelope_from = text.to_owned();
    new.recipients[0].address = text.to_owned();
    new.recipients[1].address = "nul \0 in it".to_owned();
    new.received_at = Timestamp(i64::MAX);
    // PostgreSQL cannot hold it; what a peer sends must not wedge a mail.
    new.peer = "nul \0 in it".to_owned();
    db.store.accept_mail(&new).await.unwrap();
    let kept = db.store.mail(new.id).await.unwrap().unwrap().accepted;
    assert_eq!(
        (&kept.envelope_from, &kept.recipients, kept.received_at),
        (&new.envelope_from, &new.recipients, new.received_at)
    );
    assert_eq!(kept.peer, "nul \u{fffd} in it");
    assert_eq!(kept.section, id("acme"));
    let (_, out) = relayed(&db.store, &["\0@example.com"]).await;
    let round = db.store.lease_round("p", at(1), at(60)).await.unwrap().unwrap();
    assert_eq!((round.outgoing.id, round.deliveries[0].queued.recipient.as_str()), (out.id, "\u{fffd}@example.com"));
}

/// It stands before all others no longer, and is not lost.
// spec: RCV-DURABLE
pub(crate) async fn an_unreadable_mail_is_set_aside(db: Db) {
    acme(&db.store).await;
    let [bad, good] = [0, 1].map(|n| NewMail { received_at: at(n), ..mail() });
    for mail in [&bad, &good] {
        db.store.accept_mail(mail).await.unwrap();
    }
    db.meddle(&format!("UPDATE mails SET recipients = '[1]' WHERE id = '{}'", bad.id)).await;
    assert_eq!(db.store.lease_mail("w", at(9), at(60)).await.unwrap().unwrap().accepted.id, good.id);
    assert!(db.store.lease_mail("v", at(9), at(60)).await.unwrap().is_none());
    let noted =
        "SELECT COUNT(*) FROM mails WHERE state = 'received' AND worker IS NULL AND cause LIKE '%cannot be read'";
    assert_eq!(db.count(noted).await, 1);
    db.meddle("UPDATE mails SET recipients = '[]'").await;
    assert!(db.store.lease_mail("v", at(9 + 3599), at(9999)).await.unwrap().is_some_and(|m| m.accepted.id == good.id));
    assert!(db.store.lease_mail("v", at(9 + 3600), at(9999)).await.unwrap().is_some_and(|m| m.accepted.id == bad.id));
}
