//! Deposits and their files, from rows.

use fubako_base::object::ObjectRef;

use super::{Access, Deposit, Depositor, File};
use crate::{StoreError, approval::read_approval, tx::Row};

pub(crate) fn read_deposit(row: &Row) -> Result<Deposit, StoreError> {
    Ok(Deposit {
        id: row.parse("id")?,
        section: row.parse("section")?,
        key: row.get("idempotency_key")?,
        request_digest: row.get("request_digest")?,
        state: row.parse("state")?,
        depositor: read_depositor(row)?,
        sender_address: row.get("sender_address")?,
        sender_name: row.get("sender_name")?,
        subject: row.get("subject")?,
        lang: row.parse_opt("lang")?,
        access: row.opt::<&str>("access")?.map_or_else(|| Ok(Access::default()), |_| row.json("access"))?,
        message: row.opt("message")?.unwrap_or_default(),
        by_person: row.opt("by_person")?.unwrap_or_default(),
        sealed_password: row.opt("sealed_password")?,
        // Where there is no password, the column, which is never NULL, is empty.
        password_hash: Some(row.get("password_hash")?).filter(|hash: &String| !hash.is_empty()),
        recipients: row.json("recipients")?,
        file_count: row.int("file_count")?,
        message_id: row.opt("message_id")?,
        approval: read_approval(row)?,
        created_at: row.time("created_at")?,
        sent_at: row.time_opt("sent_at")?,
        expires_at: row.time_opt("expires_at")?,
    })
}

fn read_depositor(row: &Row) -> Result<Option<Depositor>, StoreError> {
    let login_id: Option<String> = row.opt("depositor")?;
    let Some(login_id) = login_id else { return Ok(None) };
    let (member, as_default_user) = (row.opt("depositor_member")?, row.get("as_default_user")?);
    Ok(Some(Depositor { login_id, member, as_default_user }))
}

pub(super) fn read_file(row: &Row) -> Result<File, StoreError> {
    Ok(File {
        deposit: row.parse("deposit")?,
        number: row.int("number")?,
        name: row.get("name")?,
        media_type: row.get("media_type")?,
        sha256: row.digest("sha256")?,
        crc32: row.int("crc32")?,
        object: ObjectRef {
            id: row.parse("object_id")?,
            section: row.parse("section")?,
            wrapped_key: row.get("object_key")?,
            length: row.int("object_length")?,
        },
        put_at: row.time("put_at")?,
        unchecked: row.parse_opt("unchecked")?,
    })
}
