use fubako_store::sts::StsPolicyRow;

use crate::{db::Db, make::at};

fn row(domain: &str, id: &str, fetched: i64, expires: i64) -> StsPolicyRow {
    let policy = format!("version: STSv1\r\nmode: enforce\r\nmx: {id}.example\r\nmax_age: {}\r\n", expires - fetched);
    StsPolicyRow {
        domain: domain.to_owned(),
        id: id.to_owned(),
        policy,
        fetched_at: at(fetched),
        expires_at: at(expires),
    }
}

// spec: MAIL-RELAY RUN-SCALE
pub(crate) async fn a_policy_is_kept_until_its_time_is_up_or_a_newer_one_comes(db: Db) {
    let store = &db.store;
    assert_eq!(store.sts_policy("a.example", at(0)).await.unwrap(), None);
    let (first, second) = (row("a.example", "one", 10, 100), row("a.example", "two", 20, 200));
    store.keep_sts_policy(&first).await.unwrap();
    store.keep_sts_policy(&row("b.example", "b", 11, 30)).await.unwrap();
    let other = db.open().await.unwrap();
    assert_eq!(other.sts_policy("a.example", at(99)).await.unwrap(), Some(first.clone()), "another node sees it");
    assert_eq!(other.sts_policy("a.example", at(100)).await.unwrap(), None, "its time is up");
    store.keep_sts_policy(&second).await.unwrap();
    // A node that was slow to commit what it had fetched before.
    store.keep_sts_policy(&first).await.unwrap();
    assert_eq!(other.sts_policy("a.example", at(99)).await.unwrap(), Some(second));
    assert_eq!(db.count("SELECT COUNT(*) FROM sts_policies").await, 2);
    store.keep_sts_policy(&row("c.example", "c", 30, 300)).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM sts_policies").await, 2, "what has run out is forgotten");
}
