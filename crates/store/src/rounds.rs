//! Outgoing mails and their deliveries as rows.

use fubako_base::{Timestamp, object::ObjectRef};

use crate::{
    StoreError,
    outbox::{Content, Delivery, NewDelivery, NewOutgoing, Round},
    tx::{Arg, Row, Tx, args},
};

// Columns are named one by one: `*` would give a running node another row when a newer one adds a column.
macro_rules! outgoing_columns {
    () => {
        "id, section, kind, mail, envelope_from, prefix, content, object_id, object_key, object_length, size, smtputf8,
        ret_full, envid, told_to, first_due_at"
    };
}
macro_rules! delivery_columns {
    () => {
        "id, position, recipient, notify, orcpt, state, attempts, queued_at, last_reply, remote, relayed, told_at,
        delay_told_at"
    };
}

/// Queues one outgoing mail in the transaction that causes it.
pub(crate) async fn insert_outgoing(tx: &mut Tx, mail: &NewOutgoing, now: Timestamp) -> Result<(), StoreError> {
    let (content, object) = match &mail.content {
        Content::Inline(sealed) => (Some(sealed), None),
        Content::Object(object) => (None, Some(object)),
    };
    if object.is_some_and(|object| object.section != mail.section) {
        return Err(StoreError::Refused("an outgoing mail's object is another section's".to_owned()));
    }
    tx.run(
        "INSERT INTO outgoing (id, section, kind, mail, envelope_from, prefix, content, object_id, object_key,
                object_length, size, smtputf8, ret_full, envid, told_to, first_due_at, queued_at, open_deliveries)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        args![
            mail.id,
            &mail.section,
            mail.kind.as_str(),
            mail.mail,
            &mail.envelope_from,
            &mail.prefix,
            content,
            object.map(|object| object.id),
            object.map(|object| &object.wrapped_key),
            object.map(|object| object.length),
            mail.size,
            mail.smtputf8,
            mail.ret_full,
            mail.envid.as_ref(),
            mail.told_to.as_ref(),
            mail.due,
            now,
            mail.deliveries.len(),
        ],
    )
    .await?;
    let rows: Vec<_> = mail.deliveries.iter().zip(1u32..).map(|(delivery, n)| row_of(mail, delivery, n, now)).collect();
    tx.insert_all(
        "INSERT INTO deliveries (id, section, outgoing, position, recipient, notify, orcpt, state, attempts, queued_at,
            due_at)",
        &rows,
    )
    .await
}

fn row_of<'a>(
    mail: &'a NewOutgoing,
    delivery: &'a NewDelivery,
    position: u32,
    now: Timestamp,
) -> Vec<crate::tx::Arg<'a>> {
    args![
        delivery.id,
        &mail.section,
        mail.id,
        position,
        &delivery.recipient,
        delivery.notify.as_ref(),
        delivery.orcpt.as_ref(),
        "queued",
        0u32,
        now,
        mail.due,
    ]
    .to_vec()
}

/// The outgoing mail with the oldest due delivery that nobody works on. The lock is on the outgoing mail, so that two
/// workers do not take its deliveries apart between them; where one was quicker, the choice is made again. Rows that cannot be
/// read are set aside, so that they do not stand before all others for ever; their ids are given too.
pub(crate) async fn lease_round(
    tx: &mut Tx,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<(Option<Round>, Vec<String>), StoreError> {
    const CHOOSE: &str = "SELECT o.id FROM deliveries d JOIN outgoing o ON o.id = d.outgoing
        WHERE d.state = 'queued' AND d.due_at <= $1 AND (d.leased_until IS NULL OR d.leased_until <= $1)
        ORDER BY d.due_at, d.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED";
    const TAKE: &str = concat!(
        "UPDATE deliveries SET worker = $3, leased_until = $4
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE outgoing = $1 AND state = 'queued' AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $2)
            FOR UPDATE SKIP LOCKED)
        RETURNING ",
        delivery_columns!()
    );
    let mut unreadable = Vec::new();
    for _ in 0..16 {
        let Some(chosen) = tx.one("outgoing", CHOOSE, args![now]).await? else { break };
        // As text: one that is no id must not stand in the way either.
        let id: String = chosen.get("id")?;
        let mut taken = Vec::new();
        for row in tx.all("deliveries", TAKE, args![&id, now, worker, until]).await? {
            match row.int::<u32>("position").and_then(|position| Ok((position, read_delivery(&row)?))) {
                Ok(delivery) => taken.push(delivery),
                Err(_) => unreadable.push(set_aside(tx, row.get("id")?, now).await?),
            }
        }
        if taken.is_empty() {
            continue;
        }
        // RETURNING keeps no order.
        taken.sort_by_key(|(position, _)| *position);
        let deliveries: Vec<Delivery> = taken.into_iter().map(|(_, delivery)| delivery).collect();
        let sql = concat!("SELECT ", outgoing_columns!(), " FROM outgoing WHERE id = $1");
        let outgoing = tx.one("outgoing", sql, args![&id]).await?;
        match outgoing.ok_or(StoreError::Corrupt("outgoing")).and_then(|row| read_outgoing(&row, queued(&deliveries))) {
            Ok(outgoing) => return Ok((Some(Round { outgoing, deliveries }), unreadable)),
            Err(_) => {
                for delivery in deliveries {
                    unreadable.push(set_aside(tx, delivery.queued.id.to_string(), now).await?);
                }
            }
        }
    }
    // Others take what there is; there is a next time.
    Ok((None, unreadable))
}

/// Seconds for which a row that cannot be read is left alone.
pub(crate) const ASIDE: i64 = 60 * 60;
/// Seconds for which the failure of a deposit notice is left alone that a mail caused. The notice goes out just before the mail, and
/// where an address turns away both, it is the mail that its sender shall be told of.
const NOTICE_WAITS: i64 = 60;
/// What is noted at such a row.
pub(crate) const UNREADABLE: &str = "451 4.3.0 a row of the database cannot be read";

async fn set_aside(tx: &mut Tx, delivery: String, now: Timestamp) -> Result<String, StoreError> {
    let sql = "UPDATE deliveries SET due_at = $2, last_reply = $3, worker = NULL, leased_until = NULL WHERE id = $1";
    tx.run(sql, args![&delivery, now.plus_seconds(ASIDE), UNREADABLE]).await?;
    Ok(delivery)
}

/// Leaves outgoing mails whose rows cannot be read unsettled for a while.
pub(crate) async fn set_settling_aside(tx: &mut Tx, outgoing: &[String], now: Timestamp) -> Result<(), StoreError> {
    for id in outgoing {
        let sql = "UPDATE outgoing SET settle_after = $2 WHERE id = $1";
        tx.run(sql, args![id, now.plus_seconds(ASIDE)]).await?;
    }
    Ok(())
}

/// Outgoing mails that can be settled, with all their deliveries; and the ids of those that cannot be read.
pub(crate) async fn unsettled(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<(Vec<Round>, Vec<String>), StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        outgoing_columns!(),
        " FROM outgoing
        WHERE settled_at IS NULL AND open_deliveries = 0 AND (settle_after IS NULL OR settle_after <= $1)
            AND NOT (kind = 'deposit-notice' AND mail IS NOT NULL AND EXISTS (
                SELECT 1 FROM deliveries d
                WHERE d.outgoing = outgoing.id AND d.state = 'failed' AND d.told_at IS NULL AND d.ended_at > $3))
        ORDER BY id LIMIT $2"
    );
    whole(tx, SQL, args![now, limit, now.plus_seconds(-NOTICE_WAITS)]).await
}

/// Outgoing mails that are still tried, nobody working on them now, with something untold of a delivery that ended; as [`unsettled`].
pub(crate) async fn untold(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<(Vec<Round>, Vec<String>), StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        outgoing_columns!(),
        " FROM outgoing
        WHERE id IN (
                SELECT outgoing FROM deliveries WHERE state = 'failed' AND told_at IS NULL
                UNION ALL SELECT outgoing FROM deliveries WHERE relayed AND told_at IS NULL)
            AND settled_at IS NULL AND open_deliveries > 0 AND (settle_after IS NULL OR settle_after <= $1)
            AND NOT EXISTS (
                SELECT 1 FROM deliveries d
                WHERE d.outgoing = outgoing.id AND d.state = 'queued' AND d.leased_until > $1)
        ORDER BY id LIMIT $2"
    );
    whole(tx, SQL, args![now, limit]).await
}

/// Outgoing mails, nobody working on them now, with a delivery that has waited since `since`, was tried and is not due; as
/// [`unsettled`].
pub(crate) async fn late(
    tx: &mut Tx,
    since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<(Vec<Round>, Vec<String>), StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        outgoing_columns!(),
        " FROM outgoing
        WHERE id IN (
                SELECT outgoing FROM deliveries
                WHERE state = 'queued' AND delay_told_at IS NULL AND queued_at <= $3 AND attempts > 0 AND due_at > $1)
            AND settled_at IS NULL AND (settle_after IS NULL OR settle_after <= $1)
            AND NOT EXISTS (
                SELECT 1 FROM deliveries d
                WHERE d.outgoing = outgoing.id AND d.state = 'queued' AND d.leased_until > $1)
        ORDER BY id LIMIT $2"
    );
    whole(tx, SQL, args![now, limit, since]).await
}

async fn whole(tx: &mut Tx, sql: &'static str, values: &[Arg<'_>]) -> Result<(Vec<Round>, Vec<String>), StoreError> {
    const DELIVERIES: &str =
        concat!("SELECT ", delivery_columns!(), " FROM deliveries WHERE outgoing = $1 ORDER BY position");
    let (mut rounds, mut unreadable) = (Vec::new(), Vec::new());
    for row in tx.all("outgoing", sql, values).await? {
        let id: String = row.get("id")?;
        let deliveries = tx.all("deliveries", DELIVERIES, args![&id]).await?;
        match read_round(&row, &deliveries) {
            Ok(round) => rounds.push(round),
            Err(_) => unreadable.push(id),
        }
    }
    Ok((rounds, unreadable))
}

fn read_round(outgoing: &Row, deliveries: &[Row]) -> Result<Round, StoreError> {
    let deliveries = deliveries.iter().map(read_delivery).collect::<Result<Vec<_>, _>>()?;
    Ok(Round { outgoing: read_outgoing(outgoing, queued(&deliveries))?, deliveries })
}

fn queued(deliveries: &[Delivery]) -> Vec<NewDelivery> {
    deliveries.iter().map(|delivery| delivery.queued.clone()).collect()
}

fn read_outgoing(row: &Row, deliveries: Vec<NewDelivery>) -> Result<NewOutgoing, StoreError> {
    let section: fubako_base::ids::SectionId = row.parse("section")?;
    let content = match (row.opt::<Vec<u8>>("content")?, row.parse_opt("object_id")?) {
        (Some(sealed), None) => Content::Inline(sealed),
        (None, Some(id)) => Content::Object(ObjectRef {
            id,
            section: section.clone(),
            wrapped_key: row.get("object_key")?,
            length: row.int("object_length")?,
        }),
        _ => return Err(row.corrupt()),
    };
    Ok(NewOutgoing {
        id: row.parse("id")?,
        section,
        kind: row.parse("kind")?,
        mail: row.parse_opt("mail")?,
        envelope_from: row.get("envelope_from")?,
        prefix: row.get("prefix")?,
        content,
        size: row.int("size")?,
        smtputf8: row.get("smtputf8")?,
        ret_full: row.opt("ret_full")?,
        envid: row.opt("envid")?,
        told_to: row.opt("told_to")?,
        deliveries,
        due: row.time("first_due_at")?,
    })
}

fn read_delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        queued: NewDelivery {
            id: row.parse("id")?,
            recipient: row.get("recipient")?,
            notify: row.opt("notify")?,
            orcpt: row.opt("orcpt")?,
        },
        state: row.parse("state")?,
        attempts: row.int("attempts")?,
        queued_at: row.time("queued_at")?,
        last_reply: row.opt("last_reply")?,
        remote: row.opt("remote")?,
        relayed: row.opt("relayed")?.unwrap_or(false),
        told_at: row.time_opt("told_at")?,
        delay_told_at: row.time_opt("delay_told_at")?,
    })
}
