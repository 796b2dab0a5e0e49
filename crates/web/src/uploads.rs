//! Uploads by the tus protocol 1.0 ([`crate::tus`]), for whoever is signed in (spec X-SEND).
//!
//! ```text
//!  OPTIONS  /uploads            what is spoken here
//!  POST     /uploads            Upload-Length, Upload-Metadata: filename, filetype, draft → 201 and its address
//!  HEAD     /uploads/{upload}   how much of it there is
//!  PATCH    /uploads/{upload}   Upload-Offset, and octets from there on → 204
//!  DELETE   /uploads/{upload}   gives it up → 204
//! ```
//! `POST` stands for what `X-HTTP-Method-Override` says ([`tus::method`]); who may do it is asked alike.
//! The session's cookie says who it is; the key that their pages have stands in `Fubako-Form`, which no other site can send. Another's upload is
//! not there.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, options},
};
use fubako_base::ids::UploadId;
use fubako_exchange::{
    account::{AccountError, Person},
    domain::account::Entry,
    token,
    uploads::{ABANDONED_HOURS, Upload, UploadError},
};

use crate::{
    WebState, api,
    counter::{Caller, Counter},
    receive::retry_after,
    refusals::refused,
    tus,
};

/// Seconds after which something that is away may be back.
const RETRY_SECONDS: u64 = 5;

/// The routes of uploads.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route("/uploads", options(|| async { tus::described() }).fallback(all))
        .route("/uploads/{upload}", any(one).options(|| async { tus::described() }))
}

/// Why a request gets nothing.
enum Refusal {
    Status(StatusCode),
    /// No page of this session sends it.
    Forged,
    Upload(UploadError),
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        Self::Upload(error)
    }
}

impl From<tus::Unread> for Refusal {
    fn from(_: tus::Unread) -> Self {
        Self::Status(StatusCode::BAD_REQUEST)
    }
}

async fn all(State(state): State<Arc<WebState>>, caller: Caller, method: Method) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        if method != Method::POST {
            return Err(Refusal::Status(StatusCode::METHOD_NOT_ALLOWED));
        }
        let person = who(&counter, &caller.headers).await?;
        create(&counter, &person, &caller.headers).await
    };
    answered(answer.await)
}

async fn one(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    places: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = who(&counter, &caller.headers).await?;
        let id = places.iter().flatten().find_map(|(_, value)| value.parse::<UploadId>().ok());
        let id = id.ok_or(Refusal::Upload(UploadError::NotFound))?;
        match tus::method(request.method(), &caller.headers)? {
            Method::HEAD => Ok(standing(StatusCode::OK, &counter.exchange().upload(&person, id).await?)),
            Method::PATCH => append(&counter, &person, id, request).await,
            Method::DELETE if counter.exchange().drop_upload(&person, id).await? => {
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            Method::DELETE => Err(Refusal::Upload(UploadError::NotFound)),
            _ => Err(Refusal::Status(StatusCode::METHOD_NOT_ALLOWED)),
        }
    };
    answered(answer.await)
}

/// Who is signed in, and asks by a page of theirs.
async fn who(counter: &Counter<'_>, headers: &HeaderMap) -> Result<Person, Refusal> {
    let person = counter.exchange().person(counter.secret(), counter.caller.peer, counter.now).await;
    let person = person.map_err(|error| match error {
        AccountError::Elsewhere => Refusal::Status(StatusCode::FORBIDDEN),
        error => Refusal::Upload(UploadError::Unavailable(error.to_string())),
    })?;
    let person = person.filter(|person| person.entry == Entry::Open);
    let person = person.ok_or(Refusal::Status(StatusCode::UNAUTHORIZED))?;
    if person.known.section.is_none() {
        return Err(Refusal::Status(StatusCode::NOT_FOUND));
    }
    let key = headers.get("fubako-form").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let hash = |text: &str| token::sha256(text.as_bytes());
    if counter.comes_from_us().is_err() || !token::same(&hash(key), &hash(&counter.form_key())) {
        return Err(Refusal::Forged);
    }
    if !tus::is_spoken(headers) {
        return Err(Refusal::Status(StatusCode::PRECONDITION_FAILED));
    }
    Ok(person)
}

async fn create(counter: &Counter<'_>, person: &Person, headers: &HeaderMap) -> Result<Response, Refusal> {
    let (length, metadata) = (tus::length(headers)?, tus::metadata(headers)?);
    let said = |key: &str| tus::metadatum(metadata, key).unwrap_or_default();
    let (draft, name, kind) = (said("draft"), said("filename"), said("filetype"));
    let upload = counter.exchange().begin_upload(person, &draft, &name, &kind, Some(length), counter.now).await?;
    let mut response = standing(StatusCode::CREATED, &upload);
    if let Ok(location) = HeaderValue::try_from(format!("/uploads/{}", upload.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn append(counter: &Counter<'_>, person: &Person, id: UploadId, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers();
    if !tus::is_piece(headers) {
        return Err(Refusal::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let (offset, checksum) = (tus::offset(headers)?, tus::checksum(headers)?);
    let upload = counter.exchange().upload(person, id).await?;
    let mut content = api::moving(request.into_body());
    let most = counter.exchange().largest_upload(person);
    let received = counter.exchange().append(&upload, offset, &mut content, checksum, most, counter.now).await?;
    Ok(standing(StatusCode::NO_CONTENT, &Upload { received, touched_at: counter.now, ..upload }))
}

/// How an upload stands.
fn standing(status: StatusCode, upload: &Upload) -> Response {
    let until = upload.touched_at.plus_seconds(ABANDONED_HOURS * 3600);
    tus::standing(status, upload.received, upload.length, Some(until))
}

fn answered(answer: Result<Response, Refusal>) -> Response {
    let refusal = match answer {
        Ok(response) => return tus::finished(response),
        Err(refusal) => refusal,
    };
    let status = match &refusal {
        Refusal::Status(status) => *status,
        Refusal::Forged => StatusCode::FORBIDDEN,
        Refusal::Upload(UploadError::Offset(_)) => StatusCode::CONFLICT,
        Refusal::Upload(UploadError::NotFound) => StatusCode::NOT_FOUND,
        Refusal::Upload(UploadError::Invalid(_) | UploadError::BrokenOff) => StatusCode::BAD_REQUEST,
        Refusal::Upload(UploadError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Upload(UploadError::Checksum) => {
            StatusCode::from_u16(tus::CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST)
        }
        Refusal::Upload(UploadError::Unavailable(cause)) => {
            tracing::warn!(cause, "an upload cannot be worked on");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let mut response = status.into_response();
    match refusal {
        Refusal::Upload(UploadError::Offset(offset)) => response = tus::at_offset(response, offset),
        Refusal::Forged => response = refused(response, "an upload that no page of this session made"),
        _ => {}
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        retry_after(&mut response, RETRY_SECONDS);
    }
    tus::finished(response)
}
