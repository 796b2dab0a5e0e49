//! The mails that the gateway has in hand, from the 250 until the last recipient is settled.
//!
//! ```text
//!   received ─► relaying ─► settled            (deposited on the way: `deposit`)
//!      │ ▲         │
//!      │ └ retry   └ every delivery has an outcome
//!      └─► stopped | held                      (a notice to the sender goes out with the change)
//! ```

use fubako_base::{
    Code, Timestamp,
    ids::{DepositId, MailId, SectionId},
    object::ObjectRef,
};

use serde::{Deserialize, Serialize};

use crate::{
    Store, StoreError,
    outbox::NewOutgoing,
    rounds::{ASIDE, UNREADABLE, insert_outgoing},
    tx::{Row, Tx, args},
    words::{REPLY, clip, words},
};

/// A mail as it is accepted.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Its id.
    pub id: MailId,
    /// Its section.
    pub section: SectionId,
    /// The sealed spool object. Once it was given up its wrapped key is gone: empty.
    pub spool: ObjectRef,
    /// MAIL FROM.
    pub envelope_from: String,
    /// The peer's address.
    pub peer: String,
    /// The trace field's value that we put in front.
    pub received_field: String,
    /// The Authentication-Results field that we put in front of that, whole; may be empty.
    pub results_field: String,
    /// SMTPUTF8 was given.
    pub smtputf8: bool,
    /// RET=FULL or HDRS (RFC 3461).
    pub ret_full: Option<bool>,
    /// ENVID (RFC 3461), as given.
    pub envid: Option<String>,
    /// RCPT TO, in order.
    pub recipients: Vec<MailRecipient>,
    /// When.
    pub received_at: Timestamp,
    /// What tells the same mail sent again: SHA-256 of envelope, Message-ID and content. Not read back.
    pub fingerprint: Option<[u8; 32]>,
}

/// What became of a mail that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is kept.
    New,
    /// The same mail was kept before, under this id, and is under way or done (spec RCV-REPEAT): this one is not kept, and its
    /// spool object is given up for erasure.
    Repeated(MailId),
}

/// Seconds for which the same mail again is a repeated one.
const REPEATED_WITHIN: i64 = 24 * 3600;

/// One envelope recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecipient {
    /// The address.
    pub address: String,
    /// NOTIFY as given (`NEVER`, `SUCCESS,FAILURE` …); none where not given.
    pub notify: Option<String>,
    /// ORCPT as given.
    pub orcpt: Option<String>,
}

/// Where a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// In the spool; a worker reads, deposits, composes.
    Received,
    /// Composed and in the outbox.
    Relaying,
    /// Every recipient has an outcome; spool and password are erased.
    Settled,
    /// Not delivered; the sender was told.
    Stopped,
    /// Not delivered, kept for a look; the sender was told.
    Held,
}

words! { MailState {
    Received = "received", Relaying = "relaying", Settled = "settled", Stopped = "stopped", Held = "held",
} }

/// What is noted of a mail's deposit before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotedDeposit {
    /// Its id.
    pub deposit: DepositId,
    /// Whether it must be approved (spec X-APPROVAL).
    pub approval: bool,
    /// Whether the file password is in the mail (spec ACCESS 1).
    pub with_password: bool,
}

/// A mail with everything a stage may need.
#[derive(Debug, Clone)]
pub struct Mail {
    /// As it was accepted.
    pub accepted: NewMail,
    /// Where it is.
    pub state: MailState,
    /// The deposit made of it.
    pub deposit: Option<DepositId>,
    /// Whether that must be approved, as the notice in the mail says (spec X-APPROVAL).
    pub approval: bool,
    /// Whether the file password is in the mail that goes out (spec ACCESS 1): as noted with the deposit.
    pub with_password: bool,
    /// The file password, sealed as `mail-password/ID`.
    pub sealed_password: Option<Vec<u8>>,
    /// Tries so far in this state.
    pub attempts: u32,
    /// Since when it is tried: when it was received, or taken up again by hand.
    pub tried_since: Timestamp,
    /// Leases since it last came back from one, this one included: more than one means that work ended without a word.
    pub leases: u32,
    /// What the last try failed with.
    pub last_code: Option<Code>,
}

macro_rules! mail_columns {
    () => {
        "id, section, state, spool_id, spool_key, spool_length, envelope_from, peer, received_field, results_field,
        smtputf8, ret_full, envid, recipients, received_at, deposit, sealed_password, attempts, tried_since, leases, last_code,
        approval, with_password"
    };
}

/// How a mail ends without being delivered.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Whether it is kept for a look ([`MailState::Held`]) or not ([`MailState::Stopped`]).
    pub held: bool,
    /// Every problem; the first is the one that the queue shows.
    pub codes: Vec<Code>,
    /// The private cause; clipped.
    pub cause: String,
    /// The notice to its sender; none where there must be none.
    pub notice: Option<NewOutgoing>,
}

impl Store {
    /// Keeps a mail that was spooled. When this returns, it is durable (spec RCV-DURABLE). A mail that is there already is
    /// kept as it is: the call can be repeated, and another spool object that it brings is given up for erasure.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where the section is unknown.
    pub async fn accept_mail(&self, mail: &NewMail) -> Result<Accepted, StoreError> {
        self.pool.write(mail.clone(), |tx, mail| Box::pin(accept(tx, mail))).await
    }

    /// A mail whose turn it is (`received`, due, not leased), leased to `worker` until `until`. Oldest due first.
    /// `worker` names one task of one process, and no other ever. A mail whose row cannot be read is set aside for an hour, so
    /// that it does not stand before all others for ever.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_mail(&self, worker: &str, now: Timestamp, until: Timestamp) -> Result<Option<Mail>, StoreError> {
        for _ in 0..SET_ASIDE_AT_ONCE {
            let args = (worker.to_owned(), now, until);
            let leased =
                self.pool.write(args, |tx, (worker, now, until)| Box::pin(lease(tx, worker, *now, *until))).await?;
            match leased {
                Some(Ok(mail)) => return Ok(Some(mail)),
                Some(Err(mail)) => tracing::error!(mail, "a mail's row cannot be read: it is set aside for an hour"),
                None => break,
            }
        }
        Ok(None)
    }

    /// Keeps a lease that is still ours until `until`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend_mail_lease(&self, id: MailId, worker: &str, until: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((id, worker.to_owned(), until), |tx, (id, worker, until)| {
                Box::pin(async move {
                    let sql = "UPDATE mails SET leased_until = $3 WHERE id = $1 AND worker = $2 AND state = 'received'";
                    still_ours(tx.run(sql, args![*id, worker, *until]).await?)
                })
            })
            .await
    }

    /// The mail with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mail(&self, id: MailId) -> Result<Option<Mail>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let sql = concat!("SELECT ", mail_columns!(), " FROM mails WHERE id = $1");
                    let row = tx.one("mails", sql, args![*id]).await?;
                    row.as_ref().map(read_mail).transpose()
                })
            })
            .await
    }

    /// Every code of a mail that was stopped or held; of any other, none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mail_codes(&self, id: MailId) -> Result<Vec<Code>, StoreError> {
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move {
                    let sql = "SELECT codes FROM mails WHERE id = $1 AND codes IS NOT NULL";
                    let row = tx.one("mails", sql, args![*id]).await?;
                    let names: Vec<String> = row.map(|row| row.json("codes")).transpose()?.unwrap_or_default();
                    Ok(names.iter().filter_map(|name| Code::from_name(name)).collect())
                })
            })
            .await
    }

    /// Keeps the sealed file password before the deposit is begun, once: gives the one that is kept.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn keep_mail_password(&self, id: MailId, worker: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.pool
            .write((id, worker.to_owned(), sealed.to_vec()), |tx, (id, worker, sealed)| {
                Box::pin(async move {
                    let sql = "UPDATE mails SET sealed_password = COALESCE(sealed_password, $3)
                        WHERE id = $1 AND worker = $2 AND state = 'received' RETURNING sealed_password";
                    let row = tx.one("mails", sql, args![*id, worker, sealed]).await?;
                    row.ok_or(StoreError::LeaseLost)?.get("sealed_password")
                })
            })
            .await
    }

    /// Notes the deposit, whether it must be approved, and whether its file password is in the mail.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn note_mail_deposit(&self, id: MailId, worker: &str, noted: NotedDeposit) -> Result<(), StoreError> {
        self.pool
            .write((id, worker.to_owned(), noted), |tx, (id, worker, noted)| {
                Box::pin(async move {
                    let sql = "UPDATE mails SET deposit = $3, approval = $4, with_password = $5
                        WHERE id = $1 AND worker = $2 AND state = 'received'";
                    let NotedDeposit { deposit, approval, with_password } = *noted;
                    still_ours(tx.run(sql, args![*id, worker, deposit, approval, with_password]).await?)
                })
            })
            .await
    }

    /// `received` → `relaying`, with the outgoing mail, in one transaction. The outgoing mail comes from this mail,
    /// whatever its `mail` says.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn queue_mail(
        &self,
        id: MailId,
        worker: &str,
        outgoing: &NewOutgoing,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let outgoing = NewOutgoing { mail: Some(id), ..outgoing.clone() };
        self.pool
            .write((id, worker.to_owned(), outgoing, now), |tx, (id, worker, outgoing, now)| {
                Box::pin(async move {
                    let sql = "UPDATE mails
                        SET state = 'relaying', attempts = 0, worker = NULL, leased_until = NULL, cause = NULL
                        WHERE id = $1 AND worker = $2 AND state = 'received'";
                    still_ours(tx.run(sql, args![*id, worker]).await?)?;
                    insert_outgoing(tx, outgoing, *now).await
                })
            })
            .await
    }

    /// `received` → `stopped` or `held`, with the notice to its sender (none where there must be none), in one
    /// transaction. A stopped mail's spool object and password are given up for erasure; a held one's are kept.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn stop_mail(&self, id: MailId, worker: &str, end: Ending, now: Timestamp) -> Result<(), StoreError> {
        self.pool
            .write((id, worker.to_owned(), end, now), |tx, (id, worker, end, now)| {
                Box::pin(stop(tx, *id, worker, end, *now))
            })
            .await
    }

    /// Gives the lease back to try again at `at`; counts the try.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn retry_mail(
        &self,
        id: MailId,
        worker: &str,
        at: Timestamp,
        code: Code,
        cause: &str,
    ) -> Result<(), StoreError> {
        let cause = clip(cause, REPLY).to_owned();
        self.pool
            .write((id, worker.to_owned(), at, code, cause), |tx, (id, worker, at, code, cause)| {
                Box::pin(async move {
                    let sql = "UPDATE mails SET due_at = $3, attempts = attempts + 1, leases = 0, last_code = $4,
                            cause = $5, worker = NULL, leased_until = NULL
                        WHERE id = $1 AND worker = $2 AND state = 'received'";
                    still_ours(tx.run(sql, args![*id, worker, *at, code.name(), cause]).await?)
                })
            })
            .await
    }
}

/// Mails whose rows cannot be read that one look sets aside.
const SET_ASIDE_AT_ONCE: usize = 16;

const LEASE: &str = concat!(
    "UPDATE mails SET worker = $1, leased_until = $3, leases = leases + 1
    WHERE id = (
        SELECT id FROM mails
        WHERE state = 'received' AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $2)
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING ",
    mail_columns!()
);

/// The mail leased, or the id of one that cannot be read and was set aside.
async fn lease(
    tx: &mut Tx,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Result<Mail, String>>, StoreError> {
    let Some(row) = tx.one("mails", LEASE, args![worker, now, until]).await? else { return Ok(None) };
    if let Ok(mail) = read_mail(&row) {
        return Ok(Some(Ok(mail)));
    }
    // As text: one that is no id must not stand in the way either.
    let id: String = row.get("id")?;
    let sql = "UPDATE mails SET due_at = $2, cause = $3, worker = NULL, leased_until = NULL WHERE id = $1";
    tx.run(sql, args![&id, now.plus_seconds(ASIDE), UNREADABLE]).await?;
    Ok(Some(Err(id)))
}

/// Whether the row that only the lease's holder may change was there.
pub(crate) const fn still_ours(changed: u64) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::LeaseLost) } else { Ok(()) }
}

async fn accept(tx: &mut Tx, mail: &NewMail) -> Result<Accepted, StoreError> {
    if let Some(earlier) = repeated(tx, mail).await? {
        give_up(tx, mail.spool.id, &mail.section).await?;
        return Ok(Accepted::Repeated(earlier));
    }
    let recipients = serde_json::to_string(&mail.recipients).map_err(|e| StoreError::Refused(e.to_string()))?;
    let kept = tx
        .run(
            "INSERT INTO mails (id, section, state, spool_id, spool_key, spool_length, envelope_from, peer,
                    received_field, smtputf8, ret_full, envid, recipients, received_at, attempts, due_at, fingerprint,
                    results_field)
                VALUES ($1, $2, 'received', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $13, $14, $15)
                ON CONFLICT (id) DO NOTHING",
            args![
                mail.id,
                &mail.section,
                mail.spool.id,
                &mail.spool.wrapped_key,
                mail.spool.length,
                &mail.envelope_from,
                &mail.peer,
                &mail.received_field,
                mail.smtputf8,
                mail.ret_full,
                mail.envid.as_ref(),
                recipients,
                mail.received_at,
                mail.fingerprint.as_ref().map(<[u8; 32]>::as_slice),
                &mail.results_field,
            ],
        )
        .await?;
    if kept == 1 {
        return Ok(Accepted::New);
    }
    let sql = "SELECT id FROM mails WHERE id = $1 AND spool_id = $2";
    if tx.one("mails", sql, args![mail.id, mail.spool.id]).await?.is_none() {
        give_up(tx, mail.spool.id, &mail.section).await?;
    }
    Ok(Accepted::New)
}

/// Where the gateway ended the mail itself, before anything of it left, and said so to its sender (or found that there was
/// nobody to tell): the same mail again is then the sender's answer to "mend this and send it again". One that was held keeps its
/// codes when an operator stops it: its sender was told. One that an operator stopped before has none and stays stopped.
pub(crate) const RETURNED: &str = "state IN ('stopped', 'held') AND codes IS NOT NULL";

/// The same mail, kept before under another id, unless it was [`RETURNED`]: taken for handled, what its sender mended and sent
/// again would be lost without a word; the worst that may come of handling it is a second notice. (Two that come at the same
/// moment are both kept: an upstream sends again when it has waited for our reply in vain, which is much later.)
async fn repeated(tx: &mut Tx, mail: &NewMail) -> Result<Option<MailId>, StoreError> {
    let Some(fingerprint) = &mail.fingerprint else { return Ok(None) };
    let since = mail.received_at.plus_seconds(-REPEATED_WITHIN);
    let sql = format!(
        "SELECT id FROM mails WHERE section = $1 AND fingerprint = $2 AND received_at > $3 AND id <> $4
            AND NOT ({RETURNED}) ORDER BY received_at LIMIT 1"
    );
    let row = tx.one("mails", sql, args![&mail.section, &fingerprint[..], since, mail.id]).await?;
    row.map(|row| row.parse("id")).transpose()
}

async fn stop(tx: &mut Tx, id: MailId, worker: &str, end: &Ending, now: Timestamp) -> Result<(), StoreError> {
    let state = if end.held { MailState::Held } else { MailState::Stopped };
    let names: Vec<&str> = end.codes.iter().map(|code| code.name()).collect();
    let codes = serde_json::to_string(&names).map_err(|e| StoreError::Refused(e.to_string()))?;
    let sql = "UPDATE mails SET state = $3, codes = $4, last_code = $5, cause = $6, ended_at = $7,
            worker = NULL, leased_until = NULL
        WHERE id = $1 AND worker = $2 AND state = 'received'";
    let first = names.first().copied();
    let values = args![id, worker, state.as_str(), codes, first, clip(&end.cause, REPLY), now];
    still_ours(tx.run(sql, values).await?)?;
    if !end.held {
        give_up_spool(tx, id).await?;
    }
    match &end.notice {
        Some(notice) => insert_outgoing(tx, notice, now).await,
        None => Ok(()),
    }
}

/// Gives up an object: from this commit on its octets are noise, and the vault is to delete them (spec KEEP-DELETE).
/// The caller takes the wrapped key out of the row.
pub(crate) async fn give_up(
    tx: &mut Tx,
    object: fubako_base::ids::ObjectId,
    section: &SectionId,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO erasures (object, section) VALUES ($1, $2) ON CONFLICT (object) DO NOTHING";
    tx.run(sql, args![object, section]).await?;
    Ok(())
}

/// Gives up a mail's spool object and password.
pub(crate) async fn give_up_spool(tx: &mut Tx, id: MailId) -> Result<(), StoreError> {
    let sql = "UPDATE mails SET spool_key = NULL, sealed_password = NULL WHERE id = $1 AND spool_key IS NOT NULL
        RETURNING spool_id, section";
    if let Some(row) = tx.one("mails", sql, args![id]).await? {
        give_up(tx, row.parse("spool_id")?, &row.parse("section")?).await?;
    }
    Ok(())
}

fn read_mail(row: &Row) -> Result<Mail, StoreError> {
    let section: SectionId = row.parse("section")?;
    let spool = ObjectRef {
        id: row.parse("spool_id")?,
        section: section.clone(),
        wrapped_key: row.opt::<Vec<u8>>("spool_key")?.unwrap_or_default(),
        length: row.int("spool_length")?,
    };
    let code = row.opt::<&str>("last_code")?;
    let received_at = row.time("received_at")?;
    Ok(Mail {
        accepted: NewMail {
            id: row.parse("id")?,
            section,
            spool,
            envelope_from: row.get("envelope_from")?,
            peer: row.get("peer")?,
            received_field: row.get("received_field")?,
            results_field: row.opt("results_field")?.unwrap_or_default(),
            smtputf8: row.get("smtputf8")?,
            ret_full: row.opt("ret_full")?,
            envid: row.opt("envid")?,
            recipients: row.json("recipients")?,
            received_at,
            fingerprint: None,
        },
        state: row.parse("state")?,
        deposit: row.parse_opt("deposit")?,
        approval: row.opt("approval")?.unwrap_or_default(),
        with_password: row.opt("with_password")?.unwrap_or(true),
        sealed_password: row.opt("sealed_password")?,
        attempts: row.int("attempts")?,
        tried_since: row.time_opt("tried_since")?.unwrap_or(received_at),
        leases: row.int("leases")?,
        // A code that a newer node knows is not one that this node can act upon.
        last_code: code.and_then(Code::from_name),
    })
}
