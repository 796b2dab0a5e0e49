use fubako_base::ids::LinkId;
use fubako_store::{
    StoreError,
    codes::{Allowance, Code, Mailed},
    outbox::OutgoingKind,
    sent::Cancellation,
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, entry, expired, id, outgoing, sent},
};

const ADDRESS: &str = "hanako@example.com";

/// A code that was mailed at a time, for a browser.
fn code(link: LinkId, browser: u8, made: i64) -> Code {
    Code {
        link,
        browser_hash: [browser; 32],
        code_hash: [browser + 100; 32],
        made_at: at(made),
        until: at(made + 600),
        tries: 0,
    }
}

async fn mail(db: &Db, code: &Code, before: usize) -> Result<bool, StoreError> {
    let mail = outgoing(OutgoingKind::Notice, &[ADDRESS]);
    let allowance = Allowance { since: at(0), for_link: before, to_address: 20 };
    db.store.mail_code(code, ADDRESS, &mail, allowance, &entry()).await
}

// spec: ACCESS
pub(crate) async fn a_link_has_one_current_code_and_its_mail(db: Db) {
    acme(&db.store).await;
    let (_, _, link) = sent(&db.store, "a", 1).await;
    let (_, _, other) = sent(&db.store, "b", 2).await;
    assert_eq!(db.store.code(link.id).await.unwrap(), None);
    let (one, two) = (code(link.id, 1, 10), code(link.id, 2, 20));
    assert!(mail(&db, &one, 0).await.unwrap());
    assert_eq!(db.store.code(link.id).await.unwrap(), Some(one.clone()));
    assert_eq!(db.store.code(other.id).await.unwrap(), None);
    // The next one is the only one; what was there is void, whoever has its browser.
    assert!(mail(&db, &two, 1).await.unwrap());
    assert_eq!(db.store.code(link.id).await.unwrap(), Some(two));
    assert!(!db.store.take_code_try(&one, 0, None).await.unwrap());
    let begun = db.store.begin_link_session(link.id, &[5; 32], at(100), Some(&[1; 32]), &entry(), at(30)).await;
    assert!(!begun.unwrap() && !db.store.link_session(link.id, &[5; 32], at(40)).await.unwrap());
    // Side by side: who saw the same count of them mails one.
    let codes: Vec<Code> = (3..13).map(|browser| code(link.id, browser, 40)).collect();
    let mailed = join_all(codes.iter().map(|code| mail(&db, code, 2))).await;
    assert_eq!(mailed.into_iter().filter(|mailed| *mailed.as_ref().unwrap()).count(), 1);
    let notices = "SELECT COUNT(*) FROM outgoing WHERE kind = 'notice'";
    assert_eq!(db.count(notices).await, 3);
    assert_eq!(db.count("SELECT COUNT(*) FROM link_codes WHERE code_hash IS NOT NULL").await, 1);
}

// spec: ACCESS
pub(crate) async fn codes_to_an_address_for_many_links_side_by_side_do_not_outrun_the_limit(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    let mut codes = Vec::new();
    for n in 1..=40 {
        let (_, _, link) = sent(&db.store, &format!("key {n}"), n).await;
        codes.push(code(link.id, n, 10));
    }
    let asked = codes.iter().enumerate().map(|(n, code)| {
        let (store, code) = (nodes[n % 2].clone(), code.clone());
        tokio::spawn(async move {
            let mail = outgoing(OutgoingKind::Notice, &[ADDRESS]);
            let allowance = Allowance { since: at(0), for_link: 0, to_address: 20 };
            store.mail_code(&code, ADDRESS, &mail, allowance, &entry()).await.unwrap()
        })
    });
    let mailed: Vec<bool> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(mailed.iter().filter(|mailed| **mailed).count(), 20);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing WHERE kind = 'notice'").await, 20);
    // Another address has its own; and an hour later there are new ones.
    let (mail, code) = (outgoing(OutgoingKind::Notice, &[ADDRESS]), &codes[0]);
    let before = usize::from(mailed[0]);
    let allowance = Allowance { since: at(0), for_link: before, to_address: 20 };
    let elsewhere = Code { browser_hash: [99; 32], ..code.clone() };
    assert!(db.store.mail_code(&elsewhere, "taro@example.com", &mail, allowance, &entry()).await.unwrap());
    let later = Allowance { since: at(10), for_link: 0, to_address: 20 };
    let mail = outgoing(OutgoingKind::Notice, &[ADDRESS]);
    let code = Code { browser_hash: [98; 32], made_at: at(3700), ..code.clone() };
    assert!(db.store.mail_code(&code, ADDRESS, &mail, later, &entry()).await.unwrap());
}

// spec: ACCESS
pub(crate) async fn a_code_is_used_up_by_one_of_many(db: Db) {
    acme(&db.store).await;
    let (_, _, link) = sent(&db.store, "a", 1).await;
    assert!(mail(&db, &code(link.id, 1, 10), 0).await.unwrap());
    let many = (0..20u8).map(|n| {
        let session = [n; 32];
        let store = db.store.clone();
        async move { store.begin_link_session(link.id, &session, at(900), Some(&[1; 32]), &entry(), at(20)).await }
    });
    let begun: Vec<bool> = join_all(many).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM link_sessions").await, 1);
    assert_eq!(db.store.code(link.id).await.unwrap(), None);
    // A password needs none.
    assert!(db.store.begin_link_session(link.id, &[99; 32], at(900), None, &entry(), at(21)).await.unwrap());
}

// spec: ACCESS
pub(crate) async fn tries_at_a_code_count_at_the_link_and_side_by_side_once(db: Db) {
    acme(&db.store).await;
    let (_, _, link) = sent(&db.store, "a", 1).await;
    let seen = code(link.id, 1, 10);
    assert!(mail(&db, &seen, 0).await.unwrap());
    let taken = join_all((0..20).map(|_| db.store.take_code_try(&seen, 0, Some(at(30))))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
    let (kept, _) = db.store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((kept.failures, kept.next_try_at), (1, Some(at(30))));
    assert_eq!(db.store.code(link.id).await.unwrap().unwrap().tries, 1);
    // A wrong password between is another try too.
    let seen = Code { tries: 1, ..seen };
    assert!(db.store.take_try(link.id, 1, None).await.unwrap());
    assert!(!db.store.take_code_try(&seen, 1, None).await.unwrap());
    assert!(db.store.take_code_try(&seen, 2, None).await.unwrap());
    assert!(!db.store.take_code_try(&Code { browser_hash: [7; 32], tries: 2, ..seen }, 3, None).await.unwrap());
}

// spec: ACCESS, X-CANCEL, X-EXPIRY
pub(crate) async fn a_dead_link_is_mailed_no_code(db: Db) {
    acme(&db.store).await;
    let (deposit, _, link) = sent(&db.store, "a", 1).await;
    let (_, _, over) = sent(&db.store, "b", 2).await;
    assert!(mail(&db, &code(link.id, 1, 10), 0).await.unwrap());
    let cancelled = Cancellation { at: at(20), by: "taro".to_owned() };
    db.store.cancel_link(&id("acme"), deposit.id, link.id, &cancelled, [&entry(), &entry()]).await.unwrap();
    // What was on its way is not sent any more.
    let waiting = "SELECT COUNT(*) FROM deliveries d JOIN outgoing o ON o.id = d.outgoing
        WHERE o.kind = 'notice' AND d.state = 'queued'";
    assert_eq!(db.count(waiting).await, 0);
    db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap();
    for dead in [link.id, over.id, LinkId::generate()] {
        let before = usize::from(dead == link.id);
        let refused = mail(&db, &code(dead, 9, 30), before).await;
        assert!(matches!(refused, Err(StoreError::DepositClosed(_))), "{refused:?}");
    }
    assert_eq!(db.count(waiting).await, 0);
}

// spec: ACCESS
pub(crate) async fn codes_are_counted_and_forgotten(db: Db) {
    acme(&db.store).await;
    let (_, _, link) = sent(&db.store, "a", 1).await;
    let (_, _, other) = sent(&db.store, "b", 2).await;
    for (before, made) in [(0, 10), (1, 20), (2, 30)] {
        let browser = u8::try_from(made).unwrap();
        assert!(mail(&db, &code(link.id, browser, made), before).await.unwrap());
    }
    assert!(mail(&db, &code(other.id, 1, 40), 0).await.unwrap());
    let lately = |link, address: &'static str, since| {
        let store = db.store.clone();
        async move { store.codes_mailed(link, address, at(since)).await.unwrap() }
    };
    let all = Mailed { for_link: vec![at(30), at(20), at(10)], to_address: vec![at(40), at(30), at(20), at(10)] };
    assert_eq!(lately(link.id, ADDRESS, 0).await, all);
    let some = Mailed { for_link: vec![at(30)], to_address: vec![at(40), at(30)] };
    assert_eq!(lately(link.id, ADDRESS, 20).await, some);
    assert_eq!(lately(link.id, "other@example.com", 20).await.to_address, []);
    assert_eq!(db.store.forget_codes(at(30)).await.unwrap(), 2);
    assert_eq!(lately(link.id, ADDRESS, 0).await, some);
    assert!(db.store.code(link.id).await.unwrap().is_some());
}
