//! What a section's programs see and do beside depositing (spec X-API, X-CANCEL, X-AUDIT).

use std::collections::BTreeMap;

use axum::{
    Extension,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use fubako_api::wire::{
    AuditLine, AuditList, Cancellation, Deposit, DepositLine, DepositList, Download, Moment, Person, Recipient,
    RecipientList,
};
use fubako_base::{Timestamp, audit::Event, ids::DepositId};
use fubako_exchange::{
    audit::{Line, Search},
    domain::lists::sought,
    program::PAGE,
    sent::{SentLine, SentLink},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    Api, Caller, Named, answer,
    deposits::{wire, wire_state},
    json,
    problem::ApiError,
};
use crate::api::deposit_id;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    search: String,
    before: Option<DepositId>,
    limit: Option<u32>,
}

/// List what was sent
///
/// The newest first, a hundred at once at most.
#[utoipa::path(
    get, path = "/api/v1/deposits", tag = "deposits", operation_id = "listDeposits",
    params(
        ("search" = Option<String>, Query, description = "What subject, sender or a recipient's address has in it"),
        ("before" = Option<String>, Query, description = "Only those that were begun before this deposit: `next` of the list before"),
        ("limit" = Option<u32>, Query, description = "How many at most", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "The deposits.", body = DepositList)),
    security(("token" = ["deposits:read"])),
)]
pub(super) async fn list(
    Extension(program): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(wanted) = query.map_err(|_| ApiError::malformed("the query cannot be read"))?;
    let limit = at_most(wanted.limit)?;
    let (lines, more) = program.sent(&wanted.search, wanted.before, limit).await?;
    let next = lines.last().filter(|_| more).map(|line| line.deposit.id);
    Ok(answer(StatusCode::OK, &DepositList { deposits: lines.into_iter().map(deposit_line).collect(), next }))
}

/// See who took what
///
/// The recipients of a deposit, when they opened it, and which files they took.
#[utoipa::path(
    get, path = "/api/v1/deposits/{id}/recipients", tag = "deposits", operation_id = "listRecipients",
    params(("id" = String, Path, description = "The deposit's id")),
    responses((status = 200, description = "The recipients.", body = RecipientList)),
    security(("token" = ["deposits:read"])),
)]
pub(super) async fn recipients(Extension(program): Caller, id: Named) -> Result<Response, ApiError> {
    let sent = program.sent_deposit(deposit_id(id)?).await?;
    Ok(answer(StatusCode::OK, &RecipientList { recipients: sent.links.into_iter().map(recipient).collect() }))
}

/// Cancel a deposit
///
/// Whole, or for one recipient: from then on the links are dead. Done twice, it was done once.
#[utoipa::path(
    post, path = "/api/v1/deposits/{id}/cancel", tag = "deposits", operation_id = "cancelDeposit",
    params(("id" = String, Path, description = "The deposit's id")),
    request_body = Cancellation,
    responses((status = 200, description = "It is cancelled.", body = Deposit)),
    security(("token" = ["deposits:cancel"])),
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    Extension(program): Caller,
    id: Named,
    body: Body,
) -> Result<Response, ApiError> {
    let id = deposit_id(id)?;
    let wanted: Cancellation = json(body).await?;
    // An empty variable of somebody's program takes nothing back.
    let recipient = match (wanted.recipient.as_deref(), wanted.whole) {
        (Some(address), false) => Some(address),
        (None, true) => None,
        _ => return Err(ApiError::malformed("either a recipient or \"whole\": true is wanted")),
    };
    let deposit = program.cancel(id, recipient, (api.clock)()).await?;
    Ok(answer(StatusCode::OK, &wire(deposit)))
}

#[derive(Deserialize)]
pub(super) struct AuditQuery {
    from: Option<String>,
    until: Option<String>,
    event: Option<String>,
    text: Option<String>,
    before: Option<u64>,
    limit: Option<u32>,
}

/// Read the audit log
///
/// The section's own, the newest lines first, a hundred at once at most.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", operation_id = "listAudit",
    params(
        ("from" = Option<String>, Query, description = "Not before this moment (RFC 3339)", format = DateTime),
        ("until" = Option<String>, Query, description = "Before this moment (RFC 3339)", format = DateTime),
        ("event" = Option<String>, Query, description = "What happened", example = "deposit-sent"),
        ("text" = Option<String>, Query, description = "Stands in the name, the address, the object or the detail"),
        ("before" = Option<u64>, Query, description = "Only lines before this number: `next` of the list before"),
        ("limit" = Option<u32>, Query, description = "How many at most", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "The lines.", body = AuditList)),
    security(("token" = ["audit:read"])),
)]
pub(super) async fn audit(
    Extension(program): Caller,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(wanted) = query.map_err(|_| ApiError::malformed("the query cannot be read"))?;
    let limit = at_most(wanted.limit)?;
    let search = Search {
        from: moment(wanted.from.as_deref())?,
        until: moment(wanted.until.as_deref())?,
        event: event(wanted.event.as_deref())?,
        text: wanted.text.as_deref().map(sought).filter(|text| !text.is_empty()),
    };
    let (lines, more) = program.audit(&search, wanted.before, limit).await?;
    let next = lines.last().filter(|_| more).map(|line| line.number);
    let lines = lines.into_iter().map(audit_line).collect();
    Ok(answer(StatusCode::OK, &AuditList { lines, next }))
}

fn at_most(limit: Option<u32>) -> Result<u32, ApiError> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=PAGE => Ok(limit),
        _ => Err(ApiError::malformed(&format!("the limit must be 1 to {PAGE}"))),
    }
}

fn moment(text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let read = |text| Timestamp::from_rfc3339(text).ok_or_else(|| ApiError::malformed("a time is as RFC 3339 has it"));
    text.map(read).transpose()
}

fn event(word: Option<&str>) -> Result<Option<Event>, ApiError> {
    word.map(|word| word.parse().map_err(|_| ApiError::malformed("there is no such event"))).transpose()
}

fn deposit_line(line: SentLine) -> DepositLine {
    let SentLine { deposit, taken, .. } = line;
    DepositLine {
        id: deposit.id,
        state: wire_state(deposit.state),
        recipients: u32::try_from(deposit.recipients.len()).unwrap_or(u32::MAX),
        sender: Person { address: deposit.sender_address, name: deposit.sender_name },
        subject: deposit.subject,
        created_at: Moment(deposit.created_at),
        sent_at: deposit.sent_at.map(Moment),
        expires_at: deposit.expires_at.map(Moment),
        files: deposit.file_count,
        recipients_who_took: taken,
    }
}

fn recipient(link: SentLink) -> Recipient {
    let download = |one: fubako_exchange::sent::Download| Download {
        file: one.number,
        began_at: Moment(one.began_at),
        ended_at: one.ended_at.map(Moment),
    };
    Recipient {
        address: link.recipient,
        opened_at: link.opened_at.map(Moment),
        cancelled_at: link.cancelled.map(|cancelled| Moment(cancelled.at)),
        downloads: link.downloads.into_iter().map(download).collect(),
    }
}

fn audit_line(line: Line) -> AuditLine {
    // As this program wrote it: what a newer one writes otherwise is left out, not guessed.
    let detail: BTreeMap<String, String> = serde_json::from_str(&line.detail).unwrap_or_default();
    AuditLine {
        number: line.number,
        at: Moment(line.at),
        event: line.event,
        actor_kind: line.actor_kind,
        actor: line.actor,
        address: line.address,
        object: line.object,
        detail,
    }
}
