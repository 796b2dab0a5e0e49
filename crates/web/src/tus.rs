//! The tus protocol 1.0 (core, creation, checksum, expiration, termination), as both fronts of it have it: people's uploads ([`crate::uploads`]) and programs'
//! (`api::resume`). Headers in, headers out; whose an upload is and what goes wrong is each front's own.

use axum::response::{IntoResponse as _, Response};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use fubako_base::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// The version that is spoken.
pub(crate) const VERSION: &str = "1.0.0";
/// What a piece of a file is sent as.
pub(crate) const PIECE: &str = "application/offset+octet-stream";
/// The status that tus has for a checksum that does not fit.
pub(crate) const CHECKSUM_MISMATCH: u16 = 460;
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Octets of what is said of a file.
const MAX_METADATA: usize = 4 * 1024;

/// A header is missing, or cannot be read: its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unread(pub(crate) &'static str);

/// What is spoken here.
pub(crate) fn described() -> Response {
    let headers = [
        ("tus-version", VERSION),
        ("tus-extension", "creation,checksum,expiration,termination"),
        ("tus-checksum-algorithm", "sha256"),
    ];
    finished((StatusCode::NO_CONTENT, headers).into_response())
}

/// An answer with what each has.
pub(crate) fn finished(mut response: Response) -> Response {
    let is_other_version = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if is_other_version {
        headers.insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

/// An answer to whoever is wrong about how much there is.
pub(crate) fn at_offset(mut response: Response, offset: u64) -> Response {
    response.headers_mut().insert(OFFSET, HeaderValue::from(offset));
    response
}

/// How an upload stands.
pub(crate) fn standing(status: StatusCode, received: u64, length: Option<u64>, until: Option<Timestamp>) -> Response {
    let mut response = at_offset(status.into_response(), received);
    let headers = response.headers_mut();
    if let Some(length) = length {
        headers.insert(LENGTH, HeaderValue::from(length));
    }
    if let Some(until) = until.and_then(|until| HeaderValue::try_from(http_date(until)).ok()) {
        headers.insert(EXPIRES, until);
    }
    response
}

/// What a request wants: for whoever can send nothing else, `POST` stands for what `X-HTTP-Method-Override` says. Over another method the header must say
/// the same: else something on the way would take for harmless what is not, as a `GET` that deletes.
pub(crate) fn method(sent: &Method, headers: &HeaderMap) -> Result<Method, Unread> {
    let unread = Unread("X-HTTP-Method-Override");
    let Some(wanted) = headers.get(OVERRIDE) else { return Ok(sent.clone()) };
    let wanted = Method::from_bytes(wanted.as_bytes()).map_err(|_| unread)?;
    let may_be_meant = [Method::POST, Method::PATCH, Method::HEAD, Method::DELETE].contains(&wanted);
    if wanted == *sent || (*sent == Method::POST && may_be_meant) { Ok(wanted) } else { Err(unread) }
}

/// Whether a request is of this version.
pub(crate) fn is_spoken(headers: &HeaderMap) -> bool {
    text(headers, &RESUMABLE) == Some(VERSION)
}

/// Whether a request's body is a piece of a file.
pub(crate) fn is_piece(headers: &HeaderMap) -> bool {
    text(headers, &header::CONTENT_TYPE) == Some(PIECE)
}

/// `Upload-Length`.
pub(crate) fn length(headers: &HeaderMap) -> Result<u64, Unread> {
    number(headers, &LENGTH).ok_or(Unread("Upload-Length"))
}

/// `Upload-Offset`.
pub(crate) fn offset(headers: &HeaderMap) -> Result<u64, Unread> {
    number(headers, &OFFSET).ok_or(Unread("Upload-Offset"))
}

/// `Upload-Checksum`: a SHA-256, where there is one.
pub(crate) fn checksum(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Unread> {
    if !headers.contains_key(CHECKSUM) {
        return Ok(None);
    }
    text(headers, &CHECKSUM).and_then(sha256).map(Some).ok_or(Unread("Upload-Checksum"))
}

/// `Upload-Metadata`: what is said of a file.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<&str, Unread> {
    let all = headers.get("upload-metadata").and_then(|value| value.to_str().ok());
    all.filter(|all| all.len() <= MAX_METADATA).ok_or(Unread("Upload-Metadata"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Digits and nothing else: a sign is none.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = text(headers, name).filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?;
    text.parse().ok()
}

/// A moment as HTTP has it (RFC 9110, 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.in_zone("UTC").strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What metadata say of a key: `key BASE64,key BASE64`.
pub(crate) fn metadatum(metadata: &str, wanted: &str) -> Option<String> {
    let mut pairs = metadata.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
    let (_, value) = pairs.find(|(key, _)| *key == wanted)?;
    String::from_utf8(base64(value)?).ok()
}

/// `sha256 BASE64`.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let (algorithm, sum) = value.trim().split_once(' ')?;
    (algorithm == "sha256").then_some(())?;
    base64(sum)?.try_into().ok()
}

/// What base64 stands for (RFC 4648, 4), padded or not; none where it is none.
fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use fubako_exchange::token;

    use super::*;

    // spec: X-SEND X-API
    #[test]
    fn what_is_said_of_a_file_is_read() {
        let said = "filename 6KaL56mN5pu4LnBkZg==,filetype YXBwbGljYXRpb24vcGRm, draft ,empty";
        let read = |key| metadatum(said, key);
        assert_eq!(read("filename").as_deref(), Some("見積書.pdf"));
        assert_eq!(read("filetype").as_deref(), Some("application/pdf"));
        assert_eq!((read("draft").as_deref(), read("empty").as_deref(), read("none")), (Some(""), Some(""), None));
        assert_eq!(metadatum("filename cmVwb3J0LnBkZg", "filename").as_deref(), Some("report.pdf"), "without padding");
        for none in ["filename ????", "filename cmVwb3J0L", "filename cm=VwZA"] {
            assert_eq!(metadatum(none, "filename"), None, "{none}");
        }
        assert_eq!(metadatum("filename /w==", "filename"), None, "not UTF-8");
    }

    // spec: X-SEND X-API
    #[test]
    fn checksums_are_sha_256() {
        let sum = "sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(sha256(sum), Some(token::sha256(b"")));
        for bad in ["", "sha1 AAAA", "sha256", "sha256 AAAA", "sha256 !"] {
            assert_eq!(sha256(bad), None, "{bad}");
        }
    }

    // spec: X-SEND X-API
    #[test]
    fn a_post_stands_for_what_it_says_and_nothing_else_for_another() {
        let meant = |sent: Method, said: &'static str| {
            method(&sent, &HeaderMap::from_iter([(OVERRIDE, HeaderValue::from_static(said))])).ok()
        };
        assert_eq!(method(&Method::POST, &HeaderMap::new()), Ok(Method::POST));
        for wanted in [Method::PATCH, Method::HEAD, Method::DELETE, Method::POST] {
            assert_eq!(meant(Method::POST, Box::leak(wanted.to_string().into_boxed_str())), Some(wanted));
        }
        for none in ["", "patch", "GET", "PUT", "PATCH, DELETE", "\u{7f}"] {
            assert_eq!(HeaderValue::from_str(none).ok().and_then(|_| meant(Method::POST, none)), None, "{none}");
        }
        assert_eq!(meant(Method::PATCH, "PATCH"), Some(Method::PATCH));
        for sent in [Method::GET, Method::HEAD, Method::PATCH] {
            assert_eq!(meant(sent, "DELETE"), None);
        }
    }

    #[test]
    fn a_date_is_http_s() {
        assert_eq!(http_date(Timestamp(1_795_271_416_000_000)), "Sat, 21 Nov 2026 14:30:16 GMT");
    }
}
