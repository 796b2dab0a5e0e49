//! Deposits by the API: begin, put, send, look, take back (spec MAIL-DEPOSIT, X-API).

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    response::{IntoResponse as _, Response},
};
use fubako_api::{
    disposition,
    wire::{Deposit, DepositRequest, DepositState, File, Moment},
};
use fubako_base::{
    Timestamp, hex,
    ids::{DepositId, SectionId},
    secret::FilePassword,
};
use fubako_exchange::{
    deposit::{Content, DepositView, FileSummary},
    domain::{NewDeposit, NewFile},
    program::Program,
};
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{Api, Caller, Named, answer, deposit_id, json, moving, problem::ApiError};

/// What is read and thrown away of a file that is not wanted, so that a peer which sends before it listens hears why.
const MAX_DRAIN: u64 = 64 << 20;
/// For that.
const DRAIN_TIME: Duration = Duration::from_secs(20);

/// Begin a deposit
///
/// Repeated with the same key it gives the same deposit. Nobody sees anything of it before it is sent.
#[utoipa::path(
    post, path = "/api/v1/deposits", tag = "deposits", operation_id = "beginDeposit",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters: the same for the same deposit, however often it is said",
        min_length = 1, max_length = 128)),
    request_body = DepositRequest,
    responses(
        (status = 201, description = "It is begun.", body = Deposit),
        (status = 200, description = "It was begun with this key before.", body = Deposit),
    ),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn begin(
    State(api): State<Api>,
    Extension(program): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| ApiError::malformed("an Idempotency-Key header is wanted"))?;
    let request: DepositRequest = json(body).await?;
    let new = NewDeposit {
        section: request.section,
        sender_address: request.sender.address,
        sender_name: request.sender.name,
        subject: request.subject,
        message: request.message,
        lang: request.language,
        recipients: request.recipients,
        password: request.file_password.map(FilePassword::from_kept),
        file_count: request.file_count,
        message_id: request.message_id,
    };
    let (deposit, begun) = program.begin(key, &new, (api.clock)()).await?;
    Ok(answer(if begun { StatusCode::CREATED } else { StatusCode::OK }, &wire(deposit)))
}

/// Look at a deposit
///
/// How it stands, and the files that are in.
#[utoipa::path(
    get, path = "/api/v1/deposits/{id}", tag = "deposits", operation_id = "getDeposit",
    params(("id" = String, Path, description = "The deposit's id")),
    responses((status = 200, description = "The deposit.", body = Deposit)),
    security(("token" = ["deposits:write"]), ("token" = ["deposits:read"])),
)]
pub(super) async fn look(Extension(program): Caller, id: Named) -> Result<Response, ApiError> {
    let deposit = program.look(deposit_id(id)?).await?;
    Ok(answer(StatusCode::OK, &wire(deposit)))
}

/// Send a deposit
///
/// All its files must be in. Each recipient is mailed a link of their own; or, where the section has it so, an approver is asked first. Said twice, it is
/// sent once.
#[utoipa::path(
    post, path = "/api/v1/deposits/{id}/send", tag = "deposits", operation_id = "sendDeposit",
    params(("id" = String, Path, description = "The deposit's id")),
    responses((status = 200, description = "It is sent, or waits for an approver.", body = Deposit)),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn send(State(api): State<Api>, Extension(program): Caller, id: Named) -> Result<Response, ApiError> {
    let deposit = program.send(deposit_id(id)?, (api.clock)()).await?;
    Ok(answer(StatusCode::OK, &wire(deposit)))
}

/// Give a deposit up
///
/// One that is open: its files are deleted. What was sent is cancelled instead.
#[utoipa::path(
    delete, path = "/api/v1/deposits/{id}", tag = "deposits", operation_id = "abortDeposit",
    params(("id" = String, Path, description = "The deposit's id")),
    responses((status = 204, description = "It is given up.")),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn abort(State(api): State<Api>, Extension(program): Caller, id: Named) -> Result<Response, ApiError> {
    program.abort(deposit_id(id)?, (api.clock)()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `?section=…&idempotency_key=…`: what a caller knows of a deposit whose `begin` it never saw answered.
#[derive(Deserialize)]
pub(super) struct ByKey {
    section: SectionId,
    idempotency_key: String,
}

/// Give a deposit up by its key
///
/// For whoever never saw the answer to the begin. That there is none is no error.
#[utoipa::path(
    delete, path = "/api/v1/deposits", tag = "deposits", operation_id = "abortDepositByKey",
    params(
        ("section" = String, Query, description = "The section"),
        ("idempotency_key" = String, Query, description = "The key that it was begun with"),
    ),
    responses((status = 204, description = "There is no open deposit with this key.")),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn abort_by_key(
    State(api): State<Api>,
    Extension(program): Caller,
    query: Result<Query<ByKey>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(wanted) = query.map_err(|_| ApiError::malformed("section and idempotency_key are wanted"))?;
    program.abort_by_key(&wanted.section, &wanted.idempotency_key, (api.clock)()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Put a file
///
/// The body is the file, octet for octet; it is scanned and sealed while it comes. Repeated, what was put first stays: another file under its number is refused (409).
#[utoipa::path(
    put, path = "/api/v1/deposits/{id}/files/{number}", tag = "deposits", operation_id = "putFile",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
        ("Content-Disposition" = String, Header, description = "The file's name (RFC 6266): `attachment; filename*=UTF-8''%E8%A6%8B%E7%A9%8D.pdf`",
            example = "attachment; filename=\"report.pdf\""),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file; its Content-Type is kept."),
    responses(
        (status = 201, description = "It is in.", body = File),
        (status = 200, description = "This file was put under this number before.", body = File),
    ),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn put_file(
    State(api): State<Api>,
    Extension(program): Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let mut content = moving(body);
    let put = put_content(&program, (api.clock)(), path, &headers, &mut content).await;
    if !put.as_ref().is_ok_and(|(_, is_new)| *is_new) {
        drain(&mut content).await;
    }
    let (file, is_new) = put?;
    Ok(answer(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &wire_file(file)))
}

async fn put_content(
    program: &Program,
    now: Timestamp,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: &HeaderMap,
    content: &mut Content<'_>,
) -> Result<(FileSummary, bool), ApiError> {
    let Path((id, number)) = path.map_err(|_| ApiError::not_found())?;
    let id = id.parse::<DepositId>().map_err(|_| ApiError::not_found())?;
    let number = number.parse::<u32>().map_err(|_| ApiError::not_found())?;
    let value = headers.get(header::CONTENT_DISPOSITION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let name = value
        .and_then(disposition::file_name)
        .ok_or_else(|| ApiError::malformed("a Content-Disposition header with a file name is wanted"))?;
    let file = NewFile { number, name, media_type: media_type(headers) };
    Ok(program.put(id, file, content, now).await?)
}

pub(super) async fn drain(content: &mut Content<'_>) {
    let reading = async {
        let mut read = 0u64;
        while let Some(Ok(octets)) = content.next().await {
            read = read.saturating_add(octets.len() as u64);
            if read > MAX_DRAIN {
                break;
            }
        }
    };
    // Past the time the connection is closed on the peer, which is what it would have been at once.
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
}

/// `type/subtype` in lower case; what is none counts as octets.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if fubako_exchange::domain::is_media_type(&essence) { essence } else { "application/octet-stream".to_owned() }
}

/// A state as the API calls it.
pub(super) const fn wire_state(state: fubako_exchange::deposit::DepositState) -> DepositState {
    use fubako_exchange::deposit::DepositState as State;
    match state {
        State::Open => DepositState::Open,
        State::Waiting => DepositState::Waiting,
        State::Sent => DepositState::Sent,
        State::Rejected => DepositState::Rejected,
        State::Expired => DepositState::Expired,
        State::Cancelled => DepositState::Cancelled,
    }
}

pub(super) fn wire(deposit: DepositView) -> Deposit {
    Deposit {
        id: deposit.id,
        state: wire_state(deposit.state),
        notice_subject: deposit.notice_subject,
        approval: deposit.approval,
        access: deposit.access,
        expires_at: deposit.expires_at.map(Moment),
        files: deposit.files.into_iter().map(wire_file).collect(),
    }
}

fn wire_file(file: FileSummary) -> File {
    let sha256 = hex::encode(&file.sha256);
    let FileSummary { number, name, media_type, size, unchecked, .. } = file;
    File { number, name, media_type, size, sha256, unchecked }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use http::HeaderValue;

    use super::*;

    #[test]
    fn media_types_as_they_come() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.extend(HeaderValue::from_str(value).ok().map(|value| (header::CONTENT_TYPE, value)));
            media_type(&headers)
        };
        assert_eq!(read("Text/Plain; charset=utf-8"), "text/plain");
        assert_eq!(read("image/svg+xml"), "image/svg+xml");
        for odd in ["", "text", "a b/c", "あ/い", "a/b/c"] {
            assert_eq!(read(odd), "application/octet-stream", "{odd}");
        }
    }
}
