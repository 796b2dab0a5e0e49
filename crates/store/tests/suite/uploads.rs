//! Uploads and their parts.

use fubako_base::{
    Timestamp,
    ids::{AccountId, UploadId},
};
use fubako_store::{
    accounts::{AccountName, NewInvitation},
    sections::{Change, User},
    uploads::{Upload, UploadLimits},
};

use crate::{
    db::{Db, holds},
    make::{acme, at, entry, id, object},
};

const LIMITS: UploadLimits = UploadLimits { count: 3, octets: 10_000, largest: 4_000 };

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
        account,
        draft: "draft".to_owned(),
        name: "見積書.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        length,
        received: 0,
        touched_at: at(1),
    }
}

// spec: X-SEND
pub(crate) async fn parts_come_one_after_another(db: Db) {
    acme(&db.store).await;
    let taro = account(&db, "taro").await;
    let jiro = account(&db, "jiro").await;
    let u = upload(taro, Some(2468));
    assert!(db.store.begin_upload(&u, LIMITS, at(1)).await.unwrap());
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
    let begin = async |account, length| db.store.begin_upload(&upload(account, length), LIMITS, at(1)).await.unwrap();
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
