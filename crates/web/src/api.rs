//! The public API's routes (spec X-API, MAIL-DEPOSIT), as `fubako_api` describes them.
//!
//! A request is read here, and here only: its token, its limits, its JSON; then it is the exchange's, by way of
//! [`fubako_exchange::program::Program`]. What goes wrong is told as a problem document (RFC 9457) with a stable code; the private cause goes to the log.
//!
//! - `deposits`: begin, put, send, look, take back: what a gateway calls too
//! - `resume`: files that come in pieces
//! - `section`: what a section's programs see and do besides: lists, cancelling, the audit log
//! - [`document`]: the API's own description (OpenAPI 3.1), made from the routes
//! - `problem`: errors

mod deposits;
pub mod document;
mod problem;
mod resume;
mod section;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use fubako_base::{Timestamp, ids::DepositId};
use fubako_exchange::{
    Exchange,
    deposit::{Content, DepositError},
    domain::{Whence, api_tokens::Bearer},
    program::Program,
    token::{same, sha256},
};
use futures::{StreamExt as _, stream};
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::problem::ApiError;
use crate::{
    Clock, InProcess, Peer,
    refusals::{named, refused},
    waits,
};

/// Octets of a JSON body: 1,000 recipients with the longest addresses and a long subject fit.
const MAX_JSON: usize = 512 << 10;
/// For a JSON body to be in.
const JSON_TIME: Duration = Duration::from_secs(30);
/// For the next chunk of a file.
const IDLE: Duration = Duration::from_secs(60);

/// The bearer tokens that gateways of this installation have. Only their SHA-256 is held.
#[derive(Clone, Default)]
pub struct GatewayTokens {
    hashes: Arc<Vec<[u8; 32]>>,
}

impl GatewayTokens {
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
    tokens: GatewayTokens,
    clock: Clock,
}

/// Who calls, once let in: what every route works with.
type Caller = Extension<Program>;

/// The API's routes, on the system's clock.
pub fn router(exchange: Exchange, tokens: GatewayTokens) -> Router {
    router_on(exchange, tokens, Arc::new(Timestamp::now))
}

/// The API's routes on another clock.
pub fn router_on(exchange: Exchange, tokens: GatewayTokens, clock: Clock) -> Router {
    let api = Api { exchange, tokens, clock };
    let (routes, _) = described().split_for_parts();
    routes
        .route("/api/{*rest}", axum::routing::any(no_route))
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(api.clone(), while_open))
        .layer(middleware::from_fn_with_state(api.clone(), admit))
        .with_state(api)
}

/// The routes, each with what the document says of it: there is none that is not described.
fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(deposits::begin, section::list, deposits::abort_by_key))
        .routes(routes!(deposits::look, deposits::abort))
        .routes(routes!(deposits::put_file))
        .routes(routes!(resume::describe, resume::begin, resume::look, resume::append, resume::abort))
        .routes(routes!(deposits::send))
        .routes(routes!(section::recipients))
        .routes(routes!(section::cancel))
        .routes(routes!(section::audit))
}

/// Lets through who has a token (RFC 6750). Nothing else is looked at before.
async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let whence = whence(&request);
    let token = token(&request).map(str::to_owned);
    let mut response = match bearer(&api, token.as_deref(), whence).await {
        Ok(Some(bearer)) => {
            let name = bearer.shown();
            request.extensions_mut().insert(api.exchange.program(bearer, whence));
            named(next.run(request).await, &name)
        }
        Ok(None) => {
            let why = if token.is_none() { "no token" } else { "a token that is none, or no longer" };
            refused(ApiError::unauthorized().into_response(), why)
        }
        Err(error) => ApiError::from(error).into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where a request comes from. Of one that nobody says anything of, no list permits it.
fn whence(request: &Request) -> Whence {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| *peer);
    let within = request.extensions().get::<InProcess>().is_some();
    if within { Whence::Within } else { Whence::Address(peer) }
}

/// The bearer token of a request.
fn token(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whose token it is.
async fn bearer(api: &Api, token: Option<&str>, whence: Whence) -> Result<Option<Bearer>, DepositError> {
    match token {
        None => Ok(None),
        Some(token) if api.tokens.admit(token) => Ok(Some(Bearer::Gateway)),
        Some(token) => api.exchange.bearer(token, whence, (api.clock)()).await,
    }
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

/// An id in a path.
type Named = Result<Path<String>, PathRejection>;

fn deposit_id(path: Named) -> Result<DepositId, ApiError> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use fubako_api::wire::DepositRequest;

    use super::*;

    // spec: X-API
    #[test]
    fn only_a_token_that_was_given_is_admitted() {
        let tokens = GatewayTokens::new(["one", "", "two"]);
        assert!(tokens.admit("one") && tokens.admit("two"));
        for bad in ["", "three", "One", "one "] {
            assert!(!tokens.admit(bad), "{bad:?}");
        }
        assert!(!GatewayTokens::default().admit(""));
    }

    #[test]
    fn a_body_that_does_not_fit_is_not_quoted() {
        let said = |body: &str| misfit(&serde_json::from_str::<DepositRequest>(body).expect_err("it fits"));
        assert!(said("{").contains("is not JSON at line 1"));
        assert!(said("{\"other\": 1}").contains("unknown field `other`"));
        assert!(said("{}").contains("missing field"));
        assert_eq!(said("{\"file_password\": 98765432}"), "the body does not fit at line 1 column 26");
    }
}
