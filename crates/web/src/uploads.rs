//! Uploads by the tus protocol 1.0 (core, creation, checksum, expiration, termination), for whoever is signed in (spec X-SEND).
//!
//! ```text
//!  OPTIONS  /uploads            what is spoken here
//!  POST     /uploads            Upload-Length, Upload-Metadata: filename, filetype, draft → 201 and its address
//!  HEAD     /uploads/{upload}   how much of it there is
//!  PATCH    /uploads/{upload}   Upload-Offset, and octets from there on → 204
//!  DELETE   /uploads/{upload}   gives it up → 204
//! ```
//! The session's cookie says who it is; the key that their pages have stands in `Fubako-Form`, which no other site can send. Another's upload is
//! not there.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, options},
};
use fubako_base::{Timestamp, ids::UploadId};
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
};

const VERSION: &str = "1.0.0";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// Octets of what is said of a file.
const MAX_METADATA: usize = 4 * 1024;
/// Seconds after which something that is away may be back.
const RETRY_SECONDS: u64 = 5;

/// The routes of uploads.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route("/uploads", options(|| async { described() }).fallback(all))
        .route("/uploads/{upload}", any(one).options(|| async { described() }))
}

/// Why a request gets nothing.
enum Refusal {
    Status(StatusCode),
    Upload(UploadError),
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        Self::Upload(error)
    }
}

fn described() -> Response {
    let headers = [
        (HeaderName::from_static("tus-version"), VERSION),
        (HeaderName::from_static("tus-extension"), "creation,checksum,expiration,termination"),
        (HeaderName::from_static("tus-checksum-algorithm"), "sha256"),
    ];
    finished((StatusCode::NO_CONTENT, headers).into_response())
}

fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
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
        match *request.method() {
            Method::HEAD => Ok(standing(&counter.exchange().upload(&person, id).await?)),
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
    let key = text(headers, "fubako-form").unwrap_or_default();
    let hash = |text: &str| token::sha256(text.as_bytes());
    if counter.comes_from_us().is_err() || !token::same(&hash(key), &hash(&counter.form_key())) {
        return Err(Refusal::Status(StatusCode::FORBIDDEN));
    }
    if text(headers, RESUMABLE.as_str()) != Some(VERSION) {
        return Err(Refusal::Status(StatusCode::PRECONDITION_FAILED));
    }
    Ok(person)
}

async fn create(counter: &Counter<'_>, person: &Person, headers: &HeaderMap) -> Result<Response, Refusal> {
    let bad = || Refusal::Status(StatusCode::BAD_REQUEST);
    let length = text(headers, LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok()).ok_or_else(bad)?;
    let metadata = text(headers, "upload-metadata").filter(|all| all.len() <= MAX_METADATA).ok_or_else(bad)?;
    let said = |key: &str| metadatum(metadata, key).unwrap_or_default();
    let (draft, name, kind) = (said("draft"), said("filename"), said("filetype"));
    let upload = counter.exchange().begin_upload(person, &draft, &name, &kind, Some(length), counter.now).await?;
    let mut response = standing(&upload);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::try_from(format!("/uploads/{}", upload.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn append(counter: &Counter<'_>, person: &Person, id: UploadId, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers();
    if text(headers, "content-type") != Some("application/offset+octet-stream") {
        return Err(Refusal::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bad = || Refusal::Status(StatusCode::BAD_REQUEST);
    let offset = text(headers, OFFSET.as_str()).and_then(|offset| offset.parse::<u64>().ok()).ok_or_else(bad)?;
    let checksum = match headers.contains_key("upload-checksum") {
        false => None,
        true => Some(text(headers, "upload-checksum").and_then(checksum).ok_or_else(bad)?),
    };
    let upload = counter.exchange().upload(person, id).await?;
    let mut content = api::moving(request.into_body());
    let received = counter.exchange().append(&upload, offset, &mut content, checksum, counter.now).await?;
    let mut response = standing(&Upload { received, touched_at: counter.now, ..upload });
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// How an upload stands.
fn standing(upload: &Upload) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(OFFSET, HeaderValue::from(upload.received));
    if let Some(length) = upload.length {
        headers.insert(LENGTH, HeaderValue::from(length));
    }
    if let Ok(expires) = HeaderValue::try_from(http_date(upload.touched_at.plus_seconds(ABANDONED_HOURS * 3600))) {
        headers.insert(EXPIRES, expires);
    }
    response
}

fn answered(answer: Result<Response, Refusal>) -> Response {
    let refusal = match answer {
        Ok(response) => return finished(response),
        Err(refusal) => refusal,
    };
    let status = match &refusal {
        Refusal::Status(status) => *status,
        Refusal::Upload(UploadError::Offset(_)) => StatusCode::CONFLICT,
        Refusal::Upload(UploadError::NotFound) => StatusCode::NOT_FOUND,
        Refusal::Upload(UploadError::Invalid(_) | UploadError::BrokenOff) => StatusCode::BAD_REQUEST,
        Refusal::Upload(UploadError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        // tus: 460 Checksum Mismatch.
        Refusal::Upload(UploadError::Checksum) => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        Refusal::Upload(UploadError::Unavailable(cause)) => {
            tracing::warn!(cause, "an upload cannot be worked on");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let mut response = status.into_response();
    if let Refusal::Upload(UploadError::Offset(offset)) = refusal {
        response.headers_mut().insert(OFFSET, HeaderValue::from(offset));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        retry_after(&mut response, RETRY_SECONDS);
    }
    if status == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
    }
    finished(response)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A moment as HTTP has it (RFC 9110, 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.in_zone("UTC").strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What metadata say of a key: `key BASE64,key BASE64`.
fn metadatum(metadata: &str, wanted: &str) -> Option<String> {
    let mut pairs = metadata.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
    let (_, value) = pairs.find(|(key, _)| *key == wanted)?;
    String::from_utf8(base64(value)?).ok()
}

/// `sha256 BASE64`.
fn checksum(value: &str) -> Option<[u8; 32]> {
    let (algorithm, sum) = value.trim().split_once(' ')?;
    (algorithm == "sha256").then_some(())?;
    base64(sum)?.try_into().ok()
}

/// What base64 stands for (RFC 4648, 4); none where it is none.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().trim_end_matches('=');
    let mut octets = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-SEND
    #[test]
    fn what_is_said_of_a_file_is_read() {
        let said = "filename 6KaL56mN5pu4LnBkZg==,filetype YXBwbGljYXRpb24vcGRm, draft ,empty";
        let read = |key| metadatum(said, key);
        assert_eq!(read("filename").as_deref(), Some("見積書.pdf"));
        assert_eq!(read("filetype").as_deref(), Some("application/pdf"));
        assert_eq!((read("draft").as_deref(), read("empty").as_deref(), read("none")), (Some(""), Some(""), None));
        assert_eq!(metadatum("filename ????", "filename"), None);
        assert_eq!(metadatum("filename /w==", "filename"), None, "not UTF-8");
    }

    // spec: X-SEND
    #[test]
    fn checksums_are_sha_256() {
        let sum = "sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(checksum(sum), Some(token::sha256(b"")));
        for bad in ["", "sha1 AAAA", "sha256", "sha256 AAAA", "sha256 !"] {
            assert_eq!(checksum(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_is_http_s() {
        assert_eq!(http_date(Timestamp(1_795_271_416_000_000)), "Sat, 21 Nov 2026 14:30:16 GMT");
    }
}
