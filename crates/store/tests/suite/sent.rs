//! What was sent, who took it, and taking it back.

use fubako_base::{
    ids::{DepositId, LinkId},
    section::Section,
};
use fubako_store::{
    deposits::{DepositState, Depositor},
    outbox::OutgoingKind,
    sections::{Change, User},
    sent::{Cancellation, SentQuery, Taking},
};

use crate::{
    db::{Db, holds},
    make::{acme, at, deposit, entry, expired, file, id, link, outgoing, section, sent},
};

fn by(seconds: i64) -> Cancellation {
    Cancellation { at: at(seconds), by: "taro".to_owned() }
}

fn query(depositor: Option<&str>, search: &str, before: Option<DepositId>, limit: u32) -> SentQuery {
    let depositor = depositor.map(str::to_owned);
    SentQuery { section: id("acme"), depositor, search: search.to_owned(), before, limit }
}

// spec: X-CANCEL
pub(crate) async fn the_list_is_one_s_own_or_the_section_s(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    for login_id in ["taro", "jiro"] {
        let user = User {
            section: id("acme"),
            login_id: login_id.to_owned(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: None,
            default_user: false,
            administrator: false,
            approver: false,
            password_never_expires: false,
        };
        db.store.apply(&[Change::PutUser(user)], &[], at(0)).await.unwrap();
    }
    // So that it can be named below.
    db.meddle("UPDATE users SET member_id = login_id").await;
    let mut ids = Vec::new();
    for (n, depositor, subject) in [
        (1u8, Some(("taro", false)), "100% Ärger_x"),
        (2, Some(("taro", true)), "by the default user"),
        (3, Some(("jiro", false)), "見積書"),
        (4, None, "of an old release"),
        (5, Some(("taro", false)), "another"),
        (6, Some(("taro", false)), "never sent"),
    ] {
        let depositor = depositor.map(|(login_id, as_default_user)| Depositor {
            login_id: login_id.to_owned(),
            member: None,
            as_default_user,
        });
        let wanted =
            fubako_store::deposits::Deposit { depositor, subject: subject.to_owned(), ..deposit(&n.to_string(), 0) };
        let (begun, _) = db.store.begin_deposit(&wanted).await.unwrap();
        if n < 6 {
            let links = [link(begun.id, "hanako@example.com", n)];
            assert!(db.store.send_deposit(begun.id, at(1000), &links, &[], &entry(), at(2)).await.unwrap());
        }
        ids.push(begun.id);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let found = async |query: SentQuery| {
        let lines = db.store.sent(&query).await.unwrap();
        lines.into_iter().map(|line| line.deposit.subject).collect::<Vec<_>>()
    };
    assert_eq!(found(query(Some("taro"), "", None, 9)).await, ["another", "100% Ärger_x"], "the newest first");
    assert_eq!(found(query(None, "", None, 9)).await.len(), 5, "what was never sent is nobody's");
    let two = found(query(None, "", None, 2)).await;
    assert_eq!(two, ["another", "of an old release"]);
    let second = db.store.sent(&query(None, "", None, 2)).await.unwrap()[1].deposit.id;
    assert_eq!(found(query(None, "", Some(second), 9)).await.len(), 3);
    for (search, count) in [
        ("ÄRGER_X", 0),
        ("Ärger_", 1),
        ("%", 1),
        ("_", 1),
        ("\\", 0),
        ("積", 1),
        ("HANAKO@", 5),
        ("'; DROP TABLE deposits; --", 0),
        ("the", 2),
    ] {
        // SQLite folds ASCII alone.
        let here = found(query(None, search, None, 9)).await.len();
        assert!(here == count || search == "ÄRGER_X" && here <= 1, "{search}: {here}");
    }
    let foreign = SentQuery { section: id("other"), ..query(None, "", None, 9) };
    assert!(db.store.sent(&foreign).await.unwrap().is_empty());
    assert!(db.store.sent_deposit(&id("other"), ids[2]).await.unwrap().is_none());
    // Given up without ever being sent: nobody's either.
    db.store.expire_deposits(at(3), at(1), 10, expired).await.unwrap();
    assert_eq!(found(query(None, "", None, 9)).await.len(), 5);
    assert!(db.store.sent_deposit(&id("acme"), ids[0]).await.unwrap().is_none());
}

// spec: X-CANCEL
pub(crate) async fn a_download_is_noted_once_a_session(db: Db) {
    acme(&db.store).await;
    let (d, _, l) = sent(&db.store, "a", 1).await;
    let taking = |session| Taking { link: l.id, number: 1, session_hash: [session; 32] };
    db.store.begin_link_session(l.id, &[5; 32], at(900), None, &entry(), at(10)).await.unwrap();
    db.store.begin_link_session(l.id, &[6; 32], at(900), None, &entry(), at(20)).await.unwrap();
    for (session, when, by) in [(5, 11, None), (5, 12, None), (6, 21, Some("hanako"))] {
        assert!(db.store.begin_download(taking(session), by, &entry(), at(when)).await.unwrap());
    }
    for when in [13, 14] {
        db.store.end_download(taking(5), at(when)).await.unwrap();
    }
    db.store.end_download(taking(7), at(9)).await.unwrap();
    assert!(
        !db.store
            .begin_download(Taking { link: LinkId::generate(), ..taking(5) }, None, &entry(), at(1))
            .await
            .unwrap()
    );
    let seen = db.store.sent_deposit(&id("acme"), d.id).await.unwrap().unwrap();
    assert_eq!((seen.line.taken, seen.links[0].opened_at), (1, Some(at(10))));
    let downloads: Vec<_> =
        seen.links[0].downloads.iter().map(|d| (d.began_at, d.ended_at, d.taken_by.as_deref())).collect();
    assert_eq!(downloads, [(at(11), Some(at(13)), None), (at(21), None, Some("hanako"))]);
    assert!(seen.links[0].downloads.iter().all(|d| d.number == 1));
    assert_eq!((seen.files[0].number, seen.files[0].size), (1, 1234));
}

// spec: X-CANCEL KEEP-DELETE
pub(crate) async fn a_deposit_is_taken_back_whole(db: Db) {
    acme(&db.store).await;
    let (d, f, l) = sent(&db.store, "a", 1).await;
    db.store.begin_link_session(l.id, &[5; 32], at(900), None, &entry(), at(3)).await.unwrap();
    let (acme, taking) = (id("acme"), Taking { link: l.id, number: 1, session_hash: [5; 32] });
    assert!(db.store.link_is_live(l.id).await.unwrap());
    for enabled in [false, true] {
        let section = Section { enabled, ..section("acme") };
        db.store.apply(&[Change::PutSection(Box::new(section))], &[], at(4)).await.unwrap();
        assert_eq!(db.store.link_is_live(l.id).await.unwrap(), enabled);
    }
    let cancel = async |section: &str, state| {
        db.store.cancel_deposit(&id(section), d.id, state, &by(7), &entry()).await.unwrap()
    };
    assert!(!cancel("other", DepositState::Sent).await && !cancel("acme", DepositState::Open).await);
    assert!(cancel("acme", DepositState::Sent).await && !cancel("acme", DepositState::Sent).await);
    assert!(!db.store.link_is_live(l.id).await.unwrap());
    assert!(!db.store.link_session(l.id, &[5; 32], at(8)).await.unwrap());
    assert!(!db.store.begin_download(taking, None, &entry(), at(8)).await.unwrap());
    assert!(db.store.begin_link_session(l.id, &[6; 32], at(900), None, &entry(), at(8)).await.is_err());
    assert_eq!(db.store.erasures(10).await.unwrap(), [f.object.id]);
    let seen = db.store.sent_deposit(&acme, d.id).await.unwrap().unwrap();
    assert_eq!((seen.line.deposit.state, seen.line.cancelled), (DepositState::Cancelled, Some(by(7))));
    assert_eq!(seen.files.len(), 1, "what it was is still told");
    assert!(!db.store.extend_deposit(&acme, d.id, at(1000), at(2000), &entry()).await.unwrap());
    assert_eq!(db.store.expire_deposits(at(5000), at(0), 10, expired).await.unwrap(), 0);
    assert!(!db.store.abort_deposit(d.id, None).await.unwrap());
    assert!(!db.store.send_deposit(d.id, at(2000), &[], &[], &entry(), at(9)).await.unwrap(), "it was sent");
    assert!(!holds(&db.contents().await, &f.object.wrapped_key), "its key is gone");
}

// spec: X-CANCEL X-NOTICE
pub(crate) async fn one_recipient_s_link_is_taken_back_and_its_notice_with_it(db: Db) {
    acme(&db.store).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 1)).await.unwrap();
    let (kept, _) = db.store.keep_file(&file(d.id, 1)).await.unwrap();
    let links = [link(d.id, "hanako@example.com", 1), link(d.id, "jiro@example.com", 2)];
    let notices = ["hanako@example.com", "jiro@example.com"].map(|to| outgoing(OutgoingKind::DepositNotice, &[to]));
    db.store.send_deposit(d.id, at(1000), &links, &notices, &entry(), at(5)).await.unwrap();
    for l in &links {
        db.store.begin_link_session(l.id, &[5; 32], at(900), None, &entry(), at(6)).await.unwrap();
    }
    let (acme, [one, other]) = (id("acme"), links);
    let cancel = async |section: &str, deposit, link| {
        db.store.cancel_link(&id(section), deposit, link, &by(7), [&entry(), &entry()]).await.unwrap()
    };
    assert_eq!(cancel("other", d.id, one.id).await, None);
    assert_eq!(cancel("acme", DepositId::generate(), one.id).await, None);
    assert_eq!(cancel("acme", d.id, LinkId::generate()).await, None);
    assert_eq!(cancel("acme", d.id, one.id).await, Some(false));
    assert_eq!(cancel("acme", d.id, one.id).await, None, "it is dead");
    assert!(!db.store.link_is_live(one.id).await.unwrap() && db.store.link_is_live(other.id).await.unwrap());
    assert!(!db.store.link_session(one.id, &[5; 32], at(8)).await.unwrap());
    assert!(db.store.link_session(other.id, &[5; 32], at(8)).await.unwrap(), "the other's goes on");
    assert!(db.store.begin_link_session(one.id, &[6; 32], at(900), None, &entry(), at(8)).await.is_err());
    let (found, _) = db.store.link(&one.token_hash).await.unwrap().unwrap();
    assert_eq!(found.cancelled_at, Some(at(7)));
    // Nobody had their notices yet: the dead link's is not sent any more.
    let round = db.store.lease_round("p", at(9), at(60)).await.unwrap().unwrap();
    assert_eq!(round.deliveries[0].queued.recipient, "jiro@example.com");
    assert!(db.store.lease_round("p", at(9), at(60)).await.unwrap().is_none());
    assert_eq!(db.store.files(d.id).await.unwrap().len(), 1, "somebody needs them");
    // With the last one goes the deposit.
    assert_eq!(cancel("acme", d.id, other.id).await, Some(true));
    assert_eq!(db.store.deposit(d.id).await.unwrap().unwrap().state, DepositState::Cancelled);
    assert_eq!(db.store.erasures(10).await.unwrap(), [kept.object.id]);
    let seen = db.store.sent_deposit(&acme, d.id).await.unwrap().unwrap();
    assert!(seen.links.iter().all(|link| link.cancelled == Some(by(7))));
}

// spec: X-EXPIRY
pub(crate) async fn files_are_kept_longer_once(db: Db) {
    acme(&db.store).await;
    let (d, ..) = sent(&db.store, "a", 1).await;
    let acme = id("acme");
    assert!(!db.store.extend_deposit(&id("other"), d.id, at(1000), at(2000), &entry()).await.unwrap());
    assert!(db.store.extend_deposit(&acme, d.id, at(1000), at(2000), &entry()).await.unwrap());
    assert!(
        !db.store.extend_deposit(&acme, d.id, at(1000), at(3000), &entry()).await.unwrap(),
        "it is kept until another time by now"
    );
    assert_eq!(db.store.expire_deposits(at(1999), at(0), 10, expired).await.unwrap(), 0);
    assert_eq!(db.store.expire_deposits(at(2000), at(0), 10, expired).await.unwrap(), 1);
    assert!(!db.store.extend_deposit(&acme, d.id, at(2000), at(3000), &entry()).await.unwrap());
}

// spec: X-CANCEL X-APPROVAL
pub(crate) async fn what_waits_for_approval_is_taken_back_too(db: Db) {
    acme(&db.store).await;
    let approval = Some(fubako_store::approval::Approval { group: None, asked: None, decision: None });
    let wanted = fubako_store::deposits::Deposit { approval, ..deposit("k", 1) };
    let (d, _) = db.store.begin_deposit(&wanted).await.unwrap();
    let (kept, _) = db.store.keep_file(&file(d.id, 1)).await.unwrap();
    let asked = fubako_store::approval::Asked { at: at(2), decide_by: at(100) };
    assert!(db.store.ask_approval(d.id, asked, &[], &entry()).await.unwrap());
    let query = query(None, "", None, 9);
    assert_eq!(db.store.sent(&query).await.unwrap().len(), 1, "its sender sees that it waits");
    assert!(db.store.cancel_deposit(&id("acme"), d.id, DepositState::Waiting, &by(7), &entry()).await.unwrap());
    assert_eq!(db.store.deposit(d.id).await.unwrap().unwrap().state, DepositState::Cancelled);
    let decision = fubako_store::approval::Decision { at: at(8), by: Some("boss".to_owned()), reason: None };
    let links = [link(d.id, "hanako@example.com", 1)];
    assert!(
        !db.store.approve_deposit(d.id, &decision, at(1000), &links, &[], &entry()).await.unwrap(),
        "nobody approves it any more"
    );
    assert!(db.store.overdue_deposits(at(500), None, 9).await.unwrap().is_empty());
    assert!(!db.store.ask_approval(d.id, asked, &[], &entry()).await.unwrap());
    assert_eq!(db.store.erasures(10).await.unwrap(), [kept.object.id]);
}
