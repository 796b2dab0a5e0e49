use std::{os::unix::fs::PermissionsExt as _, path::Path};

use fubako_store::{Store, StoreError};
use futures::future::join_all;

use crate::{
    db::{Db, holds},
    make::{acme, at, entry, leased, mail, relayed, sent},
};

// spec: RUN-EMBEDDED
pub(crate) async fn opening_again_changes_nothing(db: Db) {
    acme(&db.store).await;
    let before = db.count("SELECT MAX(applied_at) + COUNT(*) FROM schema_migrations").await;
    let other = db.open().await.unwrap();
    assert_eq!(other.sections().await.unwrap(), db.store.sections().await.unwrap());
    let after = db.count("SELECT MAX(applied_at) + COUNT(*) FROM schema_migrations").await;
    assert_eq!(before, after);
    if db.is_sqlite() {
        for file in ["db", "db-wal", "db-shm"] {
            let mode = db.file().with_extension(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
    for bad in
        ["", "fubako.db", "mysql://h/d", "sqlite:", "sqlite::memory:", "sqlite:a?mode=ro", "postgres:x", "postgres://["]
    {
        let result = Store::open(bad, Path::new("/nowhere")).await;
        assert!(matches!(result, Err(StoreError::Address(_))), "{bad}");
    }
}

// spec: RUN-SCALE
pub(crate) async fn many_processes_open_a_new_database_at_once(db: Db) {
    if db.is_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let stores = join_all((0..8).map(|_| Store::open("sqlite:new.db", folder.path()))).await;
        join_all(stores.into_iter().map(|store| async move { acme(&store.unwrap()).await })).await;
        return;
    }
    db.meddle("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    let stores = join_all((0..8).map(|_| db.open())).await;
    join_all(stores.into_iter().map(|store| async move { acme(&store.unwrap()).await })).await;
    let there = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    assert_eq!(db.count("SELECT COUNT(*) FROM schema_migrations").await, i64::try_from(there).unwrap());
}

pub(crate) async fn a_newer_database_is_refused(db: Db) {
    db.meddle("INSERT INTO schema_migrations SELECT MAX(version) + 1, '9999_future', 'x', 0 FROM schema_migrations")
        .await;
    let Err(StoreError::Schema(text)) = db.open().await else { panic!("it was opened") };
    assert!(text.contains("9999_future") && text.contains("newer"), "{text}");
    // A node that runs already goes on.
    acme(&db.store).await;
}

pub(crate) async fn a_changed_migration_is_refused(db: Db) {
    db.meddle("UPDATE schema_migrations SET checksum = 'x' WHERE version = 2").await;
    let Err(StoreError::Schema(text)) = db.open().await else { panic!("it was opened") };
    assert!(text.contains("0002_mails"), "{text}");
}

pub(crate) async fn a_row_that_cannot_be_read_is_an_error(db: Db) {
    acme(&db.store).await;
    let (kept, _) = relayed(&db.store, &["a@example.com"]).await;
    let id = kept.accepted.id;
    let (deposit, ..) = sent(&db.store, "k", 1).await;
    macro_rules! corrupt {
        ($table:literal, $call:expr, $damage:literal) => {
            db.meddle($damage).await;
            let result = $call.await;
            assert!(matches!(result, Err(StoreError::Corrupt($table))), "{}: {:?}", $damage, result.map(drop));
        };
    }
    corrupt!("mails", db.store.mail(id), "UPDATE mails SET state = 'lost'");
    corrupt!("mails", db.store.mail(id), "UPDATE mails SET state = 'held', recipients = '[1]'");
    corrupt!("mails", db.store.mail(id), "UPDATE mails SET recipients = '[]', spool_length = -1");
    corrupt!("mails", db.store.mail(id), "UPDATE mails SET spool_length = 1, spool_id = 'x'");
    corrupt!("mails", db.store.mail(id), "UPDATE mails SET spool_id = '', attempts = 99999999999");
    corrupt!("sections", db.store.sections(), "UPDATE sections SET settings = '{'");
    corrupt!("sections", db.store.sections(), r#"UPDATE sections SET settings = '{"keep_days": "many"}'"#);
    corrupt!("files", db.store.files(deposit.id), "UPDATE files SET crc32 = -1");
    corrupt!("files", db.store.files(deposit.id), "UPDATE files SET crc32 = 1, unchecked = 'perhaps'");
    corrupt!("files", db.store.files(deposit.id), "UPDATE files SET unchecked = NULL, sha256 = object_key");
    corrupt!("deposits", db.store.deposit(deposit.id), "UPDATE deposits SET lang = 'fr'");
    corrupt!("links", db.store.link(&[1; 32]), "UPDATE links SET failures = -1");
}

// spec: 2 (section)
pub(crate) async fn records_stay_inside_their_section(db: Db) {
    acme(&db.store).await;
    db.store
        .apply(&[fubako_store::sections::Change::PutSection(Box::new(crate::make::section("other")))], &[], at(0))
        .await
        .unwrap();
    let kept = leased(&db.store).await.accepted.id;
    let mut foreign = crate::make::notice();
    foreign.section = crate::make::id("other");
    foreign.mail = Some(kept);
    let refused = db.store.queue_outgoing(&[foreign.clone()], at(0)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    let refused = db.store.queue_mail(kept, "w", &foreign, at(0)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(db.store.mail(kept).await.unwrap().unwrap().state, fubako_store::mails::MailState::Received);
}

/// Every column whose name speaks of a secret is one that holds it hashed, wrapped or sealed.
// spec: KEEP-CRYPT, KEEP-LOGS
pub(crate) async fn no_column_is_for_a_secret(db: Db) {
    acme(&db.store).await;
    db.store.accept_mail(&mail()).await.unwrap();
    sent(&db.store, "k", 1).await;
    let columns = if db.is_sqlite() {
        "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    } else {
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
    };
    let telling = format!(
        "SELECT COUNT(*) FROM ({columns}) x WHERE c LIKE '%password%' OR c LIKE '%token%' OR c LIKE '%secret%'"
    );
    assert_eq!(db.count(&telling).await, 11, "a new one: is it hashed or sealed?");
    let known = [("password_hash", 2), ("sealed_password", 2), ("token_hash", 2), ("sealed_secret", 2)];
    // A time, and whether it comes: no secrets.
    let plain = [("password_set_at", 1), ("password_never_expires", 1), ("with_password", 1)];
    for (name, tables) in known.into_iter().chain(plain) {
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM ({columns}) x WHERE c = '{name}'")).await, tables);
    }
    // And errors do not repeat what was in the row.
    let (_, _, link) = sent(&db.store, "other", 2).await;
    let twice = db.store.apply(&[], &[], at(0)).await;
    assert!(twice.is_ok());
    let (d, _) = db.store.begin_deposit(&crate::make::deposit("third", 0)).await.unwrap();
    let error = db.store.send_deposit(d.id, at(9), &[link], &[], &entry(), at(1)).await.unwrap_err();
    assert!(!holds(error.to_string().as_bytes(), &[2; 32]) && !format!("{error:?}").contains("0202"), "{error:?}");
}

/// The first half of a schema change comes while older nodes run.
// spec: RUN-SCALE
pub(crate) async fn a_running_node_bears_a_new_column(db: Db) {
    acme(&db.store).await;
    let first = mail();
    db.store.accept_mail(&first).await.unwrap();
    for _ in 0..3 {
        assert!(db.store.mail(first.id).await.unwrap().is_some());
    }
    db.store.queue(10).await.unwrap();
    db.meddle("ALTER TABLE mails ADD COLUMN something_new TEXT; ALTER TABLE sections ADD COLUMN something_new TEXT")
        .await;
    db.store.accept_mail(&mail()).await.unwrap();
    assert!(db.store.mail(first.id).await.unwrap().is_some());
    assert_eq!(db.store.queue(10).await.unwrap().len(), 2);
    assert_eq!(db.store.sections().await.unwrap().len(), 1);
    assert!(db.store.lease_mail("w", at(1), at(60)).await.unwrap().is_some());
}
