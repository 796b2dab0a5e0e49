//! Migrations over a database that has rows.

use std::fs;

use crate::db::Db;

/// The folder's migrations, each as the database at hand has it, in the order in which they are applied.
async fn migrations(db: &Db) -> Vec<(i64, String, String)> {
    let types = if db.is_sqlite() {
        [("text", "TEXT"), ("int", "INTEGER"), ("bool", "INTEGER"), ("blob", "BLOB"), ("strict", " STRICT")]
    } else {
        [("text", "TEXT COLLATE \"C\""), ("int", "BIGINT"), ("bool", "BOOLEAN"), ("blob", "BYTEA"), ("strict", "")]
    };
    let mut all = Vec::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let version = db.count(&format!("SELECT version FROM schema_migrations WHERE name = '{name}'")).await;
        let text = fs::read_to_string(&path).unwrap();
        let text = types.iter().fold(text, |text, (place, name)| text.replace(&format!("{{{{{place}}}}}"), name));
        all.push((version, name, text));
    }
    all.sort();
    all
}

/// The database as it was before this migration: empty, with the schema of those before it.
async fn before(db: &Db, name: &str) {
    let all = migrations(db).await;
    let tables = all.iter().flat_map(|(_, _, text)| text.split("CREATE TABLE ").skip(1));
    let tables: Vec<&str> = tables.filter_map(|rest| rest.split([' ', '(', '\n']).next()).collect();
    let cascade = if db.is_sqlite() { "" } else { " CASCADE" };
    let mut script = if db.is_sqlite() { "PRAGMA foreign_keys = OFF;\n".to_owned() } else { String::new() };
    for table in tables {
        script += &format!("DROP TABLE IF EXISTS {table}{cascade};\n");
    }
    let (at, ..) = all.iter().find(|(_, one, _)| one == name).unwrap();
    script += &format!("DELETE FROM schema_migrations WHERE version >= {at};\n");
    for (_, _, text) in all.iter().take_while(|(_, one, _)| one != name) {
        script += text;
        script += "\n;\n";
    }
    db.meddle(&script).await;
}

// spec: X-SEND RUN-SCALE
pub(crate) async fn uploads_come_through_their_tables_made_anew(db: Db) {
    before(&db, "0033_deposit_uploads").await;
    let (yes, octets) = if db.is_sqlite() { ("1", "x'0a0b'") } else { ("TRUE", "'\\x0a0b'::bytea") };
    db.meddle(&format!(
        "INSERT INTO sections (id, name, enabled, mail_link, autopilot, settings, created_at, changed_at)
            VALUES ('acme', 'Acme', {yes}, {yes}, {yes}, '{{}}', 1, 1);
        INSERT INTO accounts (id, login_id, failures, created_at, changed_at) VALUES ('an-account', 'root', 0, 1, 1);
        INSERT INTO uploads (id, section, account, draft, name, media_type, length, received, created_at, touched_at)
            VALUES ('one', 'acme', 'an-account', 'd', 'a.pdf', 'application/pdf', 9, 5, 3, 4),
                ('two', 'acme', 'an-account', 'd', 'b.pdf', 'text/plain', NULL, 0, 6, 7);
        INSERT INTO upload_parts (upload, start, section, object_id, object_key, object_length)
            VALUES ('one', 0, 'acme', 'o1', {octets}, 3), ('one', 3, 'acme', 'o2', {octets}, 2);"
    ))
    .await;
    db.open().await.unwrap().close().await;

    let count = async |table: &str, rows: &str| db.count(&format!("SELECT COUNT(*) FROM {table} WHERE {rows}")).await;
    let of_both = "section = 'acme' AND account = 'an-account' AND draft = 'd' AND deposit IS NULL AND number IS NULL";
    let first = "id = 'one' AND name = 'a.pdf' AND media_type = 'application/pdf' AND length = 9 AND received = 5
        AND created_at = 3 AND touched_at = 4";
    let second = "id = 'two' AND name = 'b.pdf' AND media_type = 'text/plain' AND length IS NULL AND received = 0
        AND created_at = 6 AND touched_at = 7";
    for (table, rows, expected) in [
        ("uploads", "1 = 1".to_owned(), 2),
        ("uploads", format!("{of_both} AND {first}"), 1),
        ("uploads", format!("{of_both} AND {second}"), 1),
        ("upload_parts", "1 = 1".to_owned(), 2),
        ("upload_parts", format!("upload = 'one' AND section = 'acme' AND object_key = {octets}"), 2),
        ("upload_parts", "start = 0 AND object_id = 'o1' AND object_length = 3".to_owned(), 1),
        ("upload_parts", "start = 3 AND object_id = 'o2' AND object_length = 2".to_owned(), 1),
    ] {
        assert_eq!(count(table, &rows).await, expected, "{table}: {rows}");
    }
    // What refers to what still does: with the account its uploads go, and their parts.
    db.meddle("DELETE FROM accounts").await;
    assert_eq!((count("uploads", "1 = 1").await, count("upload_parts", "1 = 1").await), (0, 0));
}
