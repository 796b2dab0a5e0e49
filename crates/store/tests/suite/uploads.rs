//! Uploads and their parts.

use fubako_base::{
    Timestamp,
    ids::{AccountId, DepositId, UploadId},
    object::ObjectRef,
};
use fubako_store::{
    StoreError,
    accounts::{AccountName, NewInvitation},
    sections::{Change, User},
    uploads::{BegunUpload, Upload, UploadFor, UploadLimits},
};

use crate::{
    db::{Db, holds},
    make::{acme, at, deposit, entry, expired, file, id, object, section},
};

const LIMITS: UploadLimits = UploadLimits { count: 3, octets: 10_000, largest: 4_000, same_name: None };

/// Somebody with an account.
async fn account(db: &Db, login_id: &str) -> AccountId {
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
    let mut hash = [0; 32];
    hash[..login_id.len()].copy_from_slice(login_id.as_bytes());
    let name = AccountName::User(id("acme"), login_id.to_owned());
    db.store.invite(&name, NewInvitation { hash, until: at(9) }, None, &entry(), at(0)).await.unwrap().unwrap().id
}

fn upload(account: AccountId, length: Option<u64>) -> Upload {
    Upload {
        id: UploadId::generate(),
        section: id("acme"),
        wanted: UploadFor::Draft { account, draft: "draft".to_owned() },
        name: "見積書.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        length,
        received: 0,
        touched_at: at(1),
    }
}

// spec: X-API 3.4
pub(crate) async fn of_one_name_a_deposit_has_one_file_on_its_way(db: Db) {
    acme(&db.store).await;
    let limits = UploadLimits { same_name: Some(str::eq_ignore_ascii_case), ..LIMITS };
    let (d, _) = db.store.begin_deposit(&deposit("names", 3)).await.unwrap();
    let called = |number, name: &str| Upload { name: name.to_owned(), ..for_file(d.id, number, 1) };
    let one = called(1, "a.pdf");
    assert_eq!(db.store.begin_upload(&one, limits, at(1)).await.unwrap(), BegunUpload::New);
    assert_eq!(db.store.begin_upload(&called(1, "A.pdf"), limits, at(1)).await.unwrap(), BegunUpload::There(one));
    assert_eq!(db.store.begin_upload(&called(2, "A.pdf"), limits, at(1)).await.unwrap(), BegunUpload::SameName);
    assert_eq!(db.store.begin_upload(&called(2, "b.pdf"), limits, at(1)).await.unwrap(), BegunUpload::New);
    assert_eq!(db.store.begin_upload(&called(3, "A.pdf"), LIMITS, at(1)).await.unwrap(), BegunUpload::New);
}

// spec: X-SEND
pub(crate) async fn parts_come_one_after_another(db: Db) {
    acme(&db.store).await;
    let taro = account(&db, "taro").await;
    let jiro = account(&db, "jiro").await;
    let u = upload(taro, Some(2468));
    assert_eq!(db.store.begin_upload(&u, LIMITS, at(1)).await.unwrap(), BegunUpload::New);
    assert_eq!(db.store.upload(taro, u.id).await.unwrap(), Some(u.clone()));
    assert_eq!(db.store.upload(jiro, u.id).await.unwrap(), None, "another's");
    let (one, two, late) = (object(), object(), object());
    let add = async |start: u64, part, now: Timestamp| db.store.add_upload_part(u.id, start, part, now).await.unwrap();
    assert!(!add(1, &one, at(2)).await, "a hole");
    assert!(add(0, &one, at(2)).await);
    assert!(!add(0, &late, at(2)).await, "twice");
    assert!(!db.store.upload(taro, u.id).await.unwrap().unwrap().is_whole());
    assert!(add(1234, &two, at(3)).await);
    assert!(!add(2468, &late, at(3)).await, "more than it has");
    let kept = db.store.upload(taro, u.id).await.unwrap().unwrap();
    assert_eq!((kept.received, kept.is_whole(), kept.touched_at), (2468, true, at(3)));
    assert_eq!(db.store.upload_parts(u.id).await.unwrap(), [one.clone(), two.clone()]);
    // What no row refers to is swept; a part is referred to.
    assert_eq!(db.store.unknown_objects(&[one.id, late.id]).await.unwrap(), [late.id]);
    assert!(!db.store.drop_upload(jiro, u.id).await.unwrap(), "another's");
    assert!(db.store.drop_upload(taro, u.id).await.unwrap() && !db.store.drop_upload(taro, u.id).await.unwrap());
    let mut gone = db.store.erasures(9).await.unwrap();
    gone.sort();
    let mut wanted = [one.id, two.id];
    wanted.sort();
    assert_eq!(gone, wanted);
    assert!(!holds(&db.contents().await, &one.wrapped_key));
}

// spec: X-SEND
pub(crate) async fn an_account_has_only_so_much_on_its_way(db: Db) {
    acme(&db.store).await;
    let (taro, jiro) = (account(&db, "taro").await, account(&db, "jiro").await);
    let begin = async |account, length| {
        let begun = db.store.begin_upload(&upload(account, length), LIMITS, at(1)).await.unwrap();
        assert!(matches!(begun, BegunUpload::New | BegunUpload::Full), "{begun:?}");
        begun == BegunUpload::New
    };
    assert!(begin(taro, Some(5_000)).await);
    assert!(!begin(taro, Some(5_001)).await, "too many octets");
    assert!(begin(jiro, Some(9_000)).await, "another's limits");
    assert!(!begin(jiro, None).await, "it may become as long as one may be");
    assert!(begin(taro, Some(1_000)).await && begin(taro, None).await);
    assert!(!begin(taro, Some(0)).await, "too many");
    let side_by_side = futures::future::join_all((0..8).map(|_| begin(jiro, Some(100)))).await;
    assert_eq!(side_by_side.into_iter().filter(|begun| *begun).count(), 2);
    assert_eq!(db.store.uploads_of(taro, "draft").await.unwrap().len(), 3);
    assert!(db.store.uploads_of(taro, "another").await.unwrap().is_empty());
    let unknown = db.store.uploads_of(taro, "draft").await.unwrap().pop().unwrap();
    assert!(db.store.add_upload_part(unknown.id, 0, &object(), at(50)).await.unwrap());
    db.store.end_upload(unknown.id).await.unwrap();
    assert!(db.store.upload(taro, unknown.id).await.unwrap().unwrap().is_whole());
    assert_eq!(db.store.drop_abandoned_uploads(Some(jiro), at(50), 9).await.unwrap(), 3);
    assert_eq!(db.store.drop_abandoned_uploads(None, at(50), 1).await.unwrap(), 1);
    assert_eq!(db.store.drop_abandoned_uploads(None, at(50), 9).await.unwrap(), 1);
    assert_eq!(db.store.uploads_of(taro, "draft").await.unwrap().len(), 1, "that which something came of");
}

fn for_file(deposit: DepositId, number: u32, length: u64) -> Upload {
    Upload { wanted: UploadFor::Deposit { deposit, number }, ..upload(AccountId::generate(), Some(length)) }
}

// spec: X-API
pub(crate) async fn a_file_of_a_deposit_has_one_upload_and_becomes_its_file(db: Db) {
    acme(&db.store).await;
    let (d, _) = db.store.begin_deposit(&deposit("k", 2)).await.unwrap();
    let one = for_file(d.id, 1, 1234);
    assert_eq!(db.store.begin_upload(&one, LIMITS, at(1)).await.unwrap(), BegunUpload::New);
    let again = for_file(d.id, 1, 99);
    assert_eq!(db.store.begin_upload(&again, LIMITS, at(2)).await.unwrap(), BegunUpload::There(one.clone()));
    assert_eq!(db.store.deposit_upload(d.id, 1).await.unwrap(), Some(one.clone()));
    assert_eq!(db.store.deposit_upload(d.id, 2).await.unwrap(), None);
    // Of many that begin at once it is one.
    let begin = || async { db.store.begin_upload(&for_file(d.id, 2, 7), LIMITS, at(1)).await.unwrap() };
    let begun = futures::future::join_all((0..6).map(|_| begin())).await;
    assert_eq!(begun.iter().filter(|one| **one == BegunUpload::New).count(), 1, "{begun:?}");
    assert_eq!(db.store.deposit_uploads(d.id).await.unwrap().len(), 2);
    assert!(db.store.drop_deposit_upload(d.id, 2).await.unwrap());
    assert!(!db.store.drop_deposit_upload(d.id, 2).await.unwrap());

    // The file is kept: what it was made of goes with the same commit.
    let part = object();
    assert!(db.store.add_upload_part(one.id, 0, &part, at(3)).await.unwrap());
    assert!(db.store.upload(AccountId::generate(), one.id).await.unwrap().is_none(), "it is nobody's draft");
    // However long it lies: it is its deposit that ends.
    assert_eq!(db.store.drop_abandoned_uploads(None, at(99_999), 9).await.unwrap(), 0);
    db.store.keep_file(&file(d.id, 1)).await.unwrap();
    assert_eq!(db.store.deposit_upload(d.id, 1).await.unwrap(), None);
    assert_eq!(db.store.erasures(9).await.unwrap(), [part.id]);
    let late = db.store.add_upload_part(one.id, 1234, &object(), at(4)).await.unwrap();
    assert!(!late, "a part of what is over");
    assert_eq!(db.store.begin_upload(&again, LIMITS, at(5)).await.unwrap(), BegunUpload::Kept);
    assert!(!holds(&db.contents().await, &part.wrapped_key));
}

// spec: X-API
pub(crate) async fn a_deposit_has_only_so_much_on_its_way(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let (d, _) = db.store.begin_deposit(&deposit("k", 5)).await.unwrap();
    let begin = async |number, length| {
        db.store.begin_upload(&for_file(d.id, number, length), LIMITS, at(1)).await.unwrap() == BegunUpload::New
    };
    // What is in counts with what is coming: 1,234 octets are in.
    db.store.keep_file(&file(d.id, 5)).await.unwrap();
    assert!(begin(1, 8_000).await);
    assert!(!begin(2, 767).await, "too many octets");
    assert!(begin(2, 766).await && begin(3, 0).await);
    assert!(!begin(4, 0).await, "too many");
    let (another, _) = db.store.begin_deposit(&deposit("k2", 1)).await.unwrap();
    let other = for_file(another.id, 1, 9_000);
    assert_eq!(db.store.begin_upload(&other, LIMITS, at(1)).await.unwrap(), BegunUpload::New, "another's limits");

    let foreign = Upload { section: id("other"), ..for_file(d.id, 4, 1) };
    let absent = for_file(DepositId::generate(), 1, 1);
    for none in [foreign, absent] {
        let refused = db.store.begin_upload(&none, LIMITS, at(1)).await;
        assert!(matches!(refused, Err(StoreError::DepositClosed("it is unknown"))), "{refused:?}");
    }
    let part = ObjectRef { section: id("other"), ..object() };
    assert!(!db.store.add_upload_part(other.id, 0, &part, at(2)).await.unwrap(), "another section's object");
}

// spec: X-API KEEP-DELETE X-EXPIRY
pub(crate) async fn an_upload_ends_with_its_deposit(db: Db) {
    acme(&db.store).await;
    let mut parts = Vec::new();
    for (key, created_at) in [("given up", at(500)), ("swept", at(0))] {
        let (d, _) =
            db.store.begin_deposit(&fubako_store::deposits::Deposit { created_at, ..deposit(key, 2) }).await.unwrap();
        for number in [1, 2] {
            let u = for_file(d.id, number, 2468);
            assert_eq!(db.store.begin_upload(&u, LIMITS, at(1)).await.unwrap(), BegunUpload::New);
            let part = object();
            assert!(db.store.add_upload_part(u.id, 0, &part, at(2)).await.unwrap());
            parts.push(part);
        }
        if key == "given up" {
            assert!(db.store.abort_deposit(d.id, None).await.unwrap());
        } else {
            assert_eq!(db.store.expire_deposits(at(1000), at(1), 10, expired).await.unwrap(), 1);
            let late = db.store.begin_upload(&for_file(d.id, 1, 1), LIMITS, at(3)).await;
            assert!(matches!(late, Err(StoreError::DepositClosed("it is not open"))), "{late:?}");
        }
    }
    assert_eq!(db.count("SELECT COUNT(*) FROM uploads").await, 0);
    assert_eq!(db.count("SELECT COUNT(*) FROM upload_parts").await, 0);
    let (mut gone, mut wanted) =
        (db.store.erasures(9).await.unwrap(), parts.iter().map(|part| part.id).collect::<Vec<_>>());
    gone.sort();
    wanted.sort();
    assert_eq!(gone, wanted);
    let contents = db.contents().await;
    assert!(!parts.iter().any(|part| holds(&contents, &part.wrapped_key)));
}
