use fubako_base::{ids::ApiTokenId, scope::Scopes};
use fubako_store::{
    api_tokens::{Added, ApiToken},
    sections::Change,
};
use futures::future::join_all;

use crate::{
    db::Db,
    make::{acme, at, entry, id, section},
};

fn token(name: &str) -> ApiToken {
    ApiToken {
        id: ApiTokenId::generate(),
        section: id("acme"),
        name: name.to_owned(),
        scopes: Scopes::all(),
        made_by: "kanri".to_owned(),
        made_at: at(0),
        expires_at: at(100),
        revoked_at: None,
        used_at: None,
    }
}

// spec: X-API
pub(crate) async fn a_token_is_found_by_its_hash_until_it_is_revoked(db: Db) {
    acme(&db.store).await;
    let (one, two) = (token("one"), token("two"));
    for (token, hash) in [(&one, [1; 32]), (&two, [2; 32])] {
        assert!(db.store.add_api_token(token, hash, 9, &entry()).await.unwrap() == Added::Kept);
    }
    let found = async |hash| db.store.api_token(hash).await.unwrap();
    assert_eq!(found([1; 32]).await, Some(one.clone()));
    assert_eq!(found([3; 32]).await, None);
    assert_eq!(db.store.api_tokens(&id("acme")).await.unwrap(), [two.clone(), one.clone()]);
    assert_eq!(db.store.api_tokens(&id("other")).await.unwrap(), []);
    // Used: to the hour.
    for (now, before, noted) in [(10, -3590, 10), (20, -3580, 10), (4000, 400, 4000)] {
        db.store.api_token_used(one.id, at(before), at(now)).await.unwrap();
        assert_eq!(found([1; 32]).await.unwrap().used_at, Some(at(noted)));
    }
    let revoke =
        async |section, id, now| db.store.revoke_api_token(&section, id, "kanri", &entry(), now).await.unwrap();
    assert!(!revoke(id("other"), one.id, at(30)).await, "another section's");
    assert!(!revoke(id("acme"), ApiTokenId::generate(), at(30)).await);
    assert!(revoke(id("acme"), one.id, at(30)).await && !revoke(id("acme"), one.id, at(40)).await);
    assert_eq!(found([1; 32]).await.unwrap().revoked_at, Some(at(30)));
    assert_eq!(found([2; 32]).await, Some(two));
}

// spec: X-API
pub(crate) async fn a_section_has_so_many_good_tokens_and_no_more(db: Db) {
    acme(&db.store).await;
    let first = token("1");
    for (token, hash) in [(&first, [1; 32]), (&token("2"), [2; 32])] {
        assert!(db.store.add_api_token(token, hash, 2, &entry()).await.unwrap() == Added::Kept);
    }
    assert_eq!(db.store.add_api_token(&token("3"), [3; 32], 2, &entry()).await.unwrap(), Added::TooMany);
    assert_eq!(db.store.api_token([3; 32]).await.unwrap(), None);
    // What was revoked, or has ended, takes no room.
    assert!(db.store.revoke_api_token(&id("acme"), first.id, "kanri", &entry(), at(1)).await.unwrap());
    assert_eq!(db.store.add_api_token(&token("3"), [3; 32], 2, &entry()).await.unwrap(), Added::Kept);
    let later = ApiToken { made_at: at(100), expires_at: at(200), ..token("4") };
    assert_eq!(db.store.add_api_token(&later, [4; 32], 2, &entry()).await.unwrap(), Added::Kept);
}

// spec: X-API, X-AUDIT
pub(crate) async fn a_name_is_one_token_s_for_good(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    // Made at once, one is.
    let both = [token("nightly"), token("Nightly")];
    let entry = entry();
    let made = (0..2u8).map(|n| nodes[usize::from(n)].add_api_token(&both[usize::from(n)], [n; 32], 9, &entry));
    let mut made: Vec<Added> = join_all(made).await.into_iter().map(Result::unwrap).collect();
    made.sort_by_key(|one| *one == Added::NameTaken);
    assert_eq!(made, [Added::Kept, Added::NameTaken]);
    // One that was revoked keeps it: the log names it.
    let kept = db.store.api_tokens(&id("acme")).await.unwrap();
    assert!(db.store.revoke_api_token(&id("acme"), kept[0].id, "kanri", &entry, at(1)).await.unwrap());
    assert_eq!(db.store.add_api_token(&token("nightly"), [3; 32], 9, &entry).await.unwrap(), Added::NameTaken);
    let elsewhere = ApiToken { section: id("other"), ..token("nightly") };
    assert_eq!(db.store.add_api_token(&elsewhere, [4; 32], 9, &entry).await.unwrap(), Added::Kept);
}
