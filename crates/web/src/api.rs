//! The public API's routes (spec X-API, MAIL-DEPOSIT), as `fubako_api` describes them.
//!
//! A request is read here, and here only: its token, its limits, its JSON; then it is the exchange's. What goes wrong is told
//! as a problem document (RFC 9457) with a stable code; the private cause goes to the log.

mod problem;

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{
        FromRequestParts, Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use fubako_api::{
    disposition,
    wire::{Deposit, DepositRequest, DepositState, File},
};
use fubako_base::{
    Timestamp, hex,
    ids::{DepositId, SectionId},
    secret::FilePassword,
};
use fubako_exchange::{
    Exchange,
    deposit::{Content, DepositError, DepositView, FileSummary},
    domain::{NewDeposit, NewFile, Whence},
    token::{same, sha256},
};
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::problem::ApiError;
use crate::{Clock, InProcess, Peer, waits};

/// Octets of a JSON body: 1,000 recipients with the longest addresses and a long subject fit.
const MAX_JSON: usize = 512 << 10;
/// For a JSON body to be in.
const JSON_TIME: Duration = Duration::from_secs(30);
/// For the next chunk of a file.
const IDLE: Duration = Duration::from_secs(60);
/// What is read and thrown away of a file that is not wanted, so that a peer which sends before it listens hears why.
const MAX_DRAIN: u64 = 64 << 20;
/// For that.
const DRAIN_TIME: Duration = Duration::from_secs(20);

/// The bearer tokens that may use the API. Only their SHA-256 is held.
#[derive(Clone, Default)]
pub struct ApiTokens {
    hashes: Arc<Vec<[u8; 32]>>,
}

impl ApiTokens {
    /// These tokens. An empty one is left out: it would let anybody in.
    pub fn new<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>) -> Self {
        let tokens = tokens.into_iter().filter(|token| !token.as_ref().is_empty());
        Self { hashes: Arc::new(tokens.map(|token| sha256(token.as_ref().as_bytes())).collect()) }
    }

    /// Whether this is one of them; every one is compared, in constant time.
    fn admit(&self, token: &str) -> bool {
        let presented = sha256(token.as_bytes());
        self.hashes.iter().fold(false, |found, hash| found | same(hash, &presented))
    }
}

#[derive(Clone)]
struct Api {
    exchange: Exchange,
    clock: Clock,
}

/// Where a call comes from. Of one that nobody says anything of, no list permits it.
struct Caller(Whence);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| *peer);
        let within = parts.extensions.get::<InProcess>().is_some();
        Ok(Self(if within { Whence::Within } else { Whence::Address(peer) }))
    }
}

/// The API's routes, on the system's clock.
pub fn router(exchange: Exchange, tokens: ApiTokens) -> Router {
    router_on(exchange, tokens, Arc::new(Timestamp::now))
}

/// The API's routes on another clock.
pub fn router_on(exchange: Exchange, tokens: ApiTokens, clock: Clock) -> Router {
    let api = Api { exchange, clock };
    Router::new()
        .route("/api/v1/deposits", post(begin).delete(abort_by_key).fallback(no_method))
        .route("/api/v1/deposits/{id}", get(look).delete(abort).fallback(no_method))
        .route("/api/v1/deposits/{id}/send", post(send).fallback(no_method))
        .route("/api/v1/deposits/{id}/files/{number}", put(put_file).fallback(no_method))
        .route("/api", axum::routing::any(no_route))
        .route("/api/{*rest}", axum::routing::any(no_route))
        .layer(middleware::from_fn_with_state(api.clone(), while_open))
        .layer(middleware::from_fn_with_state(tokens, admit))
        .with_state(api)
}

/// Lets through who has a token (RFC 6750). Nothing else is looked at before.
async fn admit(State(tokens): State<ApiTokens>, request: Request, next: Next) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        token.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let mut response = if token.is_some_and(|(_, token)| tokens.admit(token.trim())) {
        next.run(request).await
    } else {
        ApiError::unauthorized().into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Lets nothing through while the exchange is closed (spec X-OPERATOR, code `maintenance`), save what takes a deposit back: of a mail that is
/// stopped meanwhile nothing stays.
async fn while_open(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::DELETE {
        return next.run(request).await;
    }
    let now = (api.clock)();
    match api.exchange.closed_until(now).await {
        Ok(None) => next.run(request).await,
        Ok(Some(until)) => ApiError::maintenance(waits::seconds_until(now, until)).into_response(),
        Err(error) => ApiError::from(DepositError::from(error)).into_response(),
    }
}

async fn begin(
    State(api): State<Api>,
    Caller(whence): Caller,
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
        message: String::new(),
        lang: request.language,
        recipients: request.recipients,
        password: request.file_password.map(FilePassword::from_kept),
        file_count: request.file_count,
        message_id: request.message_id,
    };
    let (deposit, begun) = api.exchange.begin(key, &new, whence, (api.clock)()).await?;
    Ok(answer(if begun { StatusCode::CREATED } else { StatusCode::OK }, &wire(deposit)))
}

async fn look(State(api): State<Api>, id: Result<Path<String>, PathRejection>) -> Result<Response, ApiError> {
    let deposit = api.exchange.get(deposit_id(id)?).await?;
    Ok(answer(StatusCode::OK, &wire(deposit)))
}

async fn send(
    State(api): State<Api>,
    Caller(whence): Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let deposit = api.exchange.send(deposit_id(id)?, whence, (api.clock)()).await?;
    Ok(answer(StatusCode::OK, &wire(deposit)))
}

async fn abort(State(api): State<Api>, id: Result<Path<String>, PathRejection>) -> Result<Response, ApiError> {
    api.exchange.abort(deposit_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `?section=…&idempotency_key=…`: what a caller knows of a deposit whose `begin` it never saw answered.
#[derive(Deserialize)]
struct ByKey {
    section: SectionId,
    idempotency_key: String,
}

async fn abort_by_key(
    State(api): State<Api>,
    query: Result<Query<ByKey>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(wanted) = query.map_err(|_| ApiError::malformed("section and idempotency_key are wanted"))?;
    api.exchange.abort_by_key(&wanted.section, &wanted.idempotency_key).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn put_file(
    State(api): State<Api>,
    Caller(whence): Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let mut content = moving(body);
    let put = put_content(&api, whence, path, &headers, &mut content).await;
    if !put.as_ref().is_ok_and(|(_, is_new)| *is_new) {
        drain(&mut content).await;
    }
    let (file, is_new) = put?;
    Ok(answer(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &wire_file(file)))
}

async fn put_content(
    api: &Api,
    whence: Whence,
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
    Ok(api.exchange.put(id, file, content, whence, (api.clock)()).await?)
}

/// The body as it comes. One that stands still is broken off.
pub(crate) fn moving(body: Body) -> Content<'static> {
    let body = body.into_data_stream();
    let chunks = stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match tokio::time::timeout(IDLE, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(octets))) => Some((Ok(octets), Some(body))),
            Ok(Some(Err(error))) => Some((Err(std::io::Error::other(error)), None)),
            Err(_) => Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
        }
    });
    // Fused: whoever drains it may ask again after its end.
    chunks.fuse().boxed()
}

async fn drain(content: &mut Content<'_>) {
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

async fn json<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let reading = axum::body::to_bytes(body, MAX_JSON);
    let octets = match tokio::time::timeout(JSON_TIME, reading).await {
        Ok(Ok(octets)) => octets,
        Ok(Err(error)) => return Err(ApiError::unread(&error, MAX_JSON)),
        Err(_) => return Err(ApiError::malformed("the body did not come in time")),
    };
    serde_json::from_slice(&octets).map_err(|error| ApiError::malformed(&misfit(&error)))
}

/// Where a body does not fit. The parser's own words only where they name a field: others quote a value, which may be secret.
fn misfit(error: &serde_json::Error) -> String {
    let words = error.to_string();
    if words.starts_with("missing field") || words.starts_with("unknown field") {
        return words;
    }
    let what = if error.is_data() { "does not fit" } else { "is not JSON" };
    format!("the body {what} at line {} column {}", error.line(), error.column())
}

fn deposit_id(path: Result<Path<String>, PathRejection>) -> Result<DepositId, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::not_found())?;
    id.parse().map_err(|_| ApiError::not_found())
}

async fn no_route() -> ApiError {
    ApiError::not_found()
}

async fn no_method() -> ApiError {
    ApiError::no_method()
}

fn answer<T: Serialize>(status: StatusCode, value: &T) -> Response {
    (status, axum::Json(value)).into_response()
}

fn wire(deposit: DepositView) -> Deposit {
    use fubako_exchange::deposit::DepositState as State;
    Deposit {
        id: deposit.id,
        state: match deposit.state {
            State::Open => DepositState::Open,
            State::Waiting => DepositState::Waiting,
            State::Sent => DepositState::Sent,
            State::Rejected => DepositState::Rejected,
            State::Expired => DepositState::Expired,
            State::Cancelled => DepositState::Cancelled,
        },
        notice_subject: deposit.notice_subject,
        approval: deposit.approval,
        access: deposit.access,
        expires_at: deposit.expires_at,
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
    use super::*;

    // spec: X-API
    #[test]
    fn only_a_token_that_was_given_is_admitted() {
        let tokens = ApiTokens::new(["one", "", "two"]);
        assert!(tokens.admit("one") && tokens.admit("two"));
        for bad in ["", "three", "One", "one "] {
            assert!(!tokens.admit(bad), "{bad:?}");
        }
        assert!(!ApiTokens::default().admit(""));
    }

    #[test]
    fn a_body_that_does_not_fit_is_not_quoted() {
        let said = |body: &str| misfit(&serde_json::from_str::<DepositRequest>(body).expect_err("it fits"));
        assert!(said("{").contains("is not JSON at line 1"));
        assert!(said("{\"other\": 1}").contains("unknown field `other`"));
        assert!(said("{}").contains("missing field"));
        assert_eq!(said("{\"file_password\": 98765432}"), "the body does not fit at line 1 column 26");
    }

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
