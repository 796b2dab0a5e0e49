//! How much a section sends, and how much of it lies here.

use fubako_store::{
    sections::Change,
    sent::Taking,
    usage::{Kept, Usage},
};

use crate::{
    db::Db,
    make::{acme, at, deposit, entry, expired, file, id, link, section, sent},
};

// spec: X-ADMIN
pub(crate) async fn what_was_sent_and_taken_is_counted_in_its_time(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let size = file(deposit("x", 1).id, 1).object.length;
    // One with one file and one recipient at 2 s, one with two files and two recipients at 10 s, and one that is not sent yet.
    let (_, _, first) = sent(&db.store, "a", 1).await;
    let (two, _) = db.store.begin_deposit(&deposit("b", 2)).await.unwrap();
    for number in [1, 2] {
        db.store.keep_file(&file(two.id, number)).await.unwrap();
    }
    let links = [link(two.id, "hanako@example.com", 2), link(two.id, "jiro@example.com", 3)];
    assert!(db.store.send_deposit(two.id, at(2000), &links, &[], &entry(), at(10)).await.unwrap());
    let (open, _) = db.store.begin_deposit(&deposit("c", 1)).await.unwrap();
    db.store.keep_file(&file(open.id, 1)).await.unwrap();
    for (link, session, when) in [(first.id, 5, 11), (first.id, 6, 12), (links[0].id, 7, 25)] {
        db.store.begin_link_session(link, &[session; 32], at(900), None, &entry(), at(when)).await.unwrap();
        let taking = Taking { link, number: 1, session_hash: [session; 32] };
        assert!(db.store.begin_download(taking, None, &entry(), at(when)).await.unwrap());
    }
    let usage = async |section: &str| {
        // What begins a span is in it, what ends it in the next.
        db.store
            .usage(&id(section), &[(at(0), at(2)), (at(2), at(10)), (at(10), at(25)), (at(25), at(99))])
            .await
            .unwrap()
    };
    let (spans, kept) = usage("acme").await;
    assert_eq!(
        spans,
        [
            Usage::default(),
            Usage { deposits: 1, recipients: 1, files: 1, octets: size, taken: 0 },
            Usage { deposits: 1, recipients: 2, files: 2, octets: 2 * size, taken: 2 },
            Usage { taken: 1, ..Usage::default() },
        ]
    );
    assert_eq!(kept, Kept { files: 4, octets: 4 * size }, "with what is not sent yet");
    assert_eq!(usage("other").await, (vec![Usage::default(); 4], Kept::default()));
    // What is over was sent all the same, and lies here no more.
    db.store.expire_deposits(at(1500), at(1), 10, expired).await.unwrap();
    let (later, kept) = usage("acme").await;
    assert_eq!(later, spans);
    assert_eq!(kept, Kept { files: 2, octets: 2 * size });
}
