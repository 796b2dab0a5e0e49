//! The API's client. One client, two transports: in process (straight into the router) and HTTPS.

use std::fmt;

use axum::body::Body;
use bytes::Bytes;
use fubako_base::{
    Code,
    codes::Class,
    ids::{DepositId, MailId, SectionId},
};
use futures::stream::BoxStream;
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{
    disposition,
    transport::{self, Answer},
    wire::{API_CODES, Deposit, DepositRequest, File, Problem},
};

/// Octets on their way up.
pub type Upload = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// How requests travel.
#[derive(Clone)]
pub enum Transport {
    /// Straight into the exchange's router; `token` is put in as over the wire.
    InProcess {
        /// The exchange's API routes.
        router: axum::Router,
    },
    /// HTTPS to an exchange elsewhere.
    Https {
        /// A client whose TLS is set up.
        http: reqwest::Client,
        /// The exchange's base URL, without `/api`.
        base: String,
    },
}

/// Why a call failed, as the gateway needs to know it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// May pass: it did not arrive, timed out, was answered 5xx or 429, or by something in between that is not the exchange
    /// (a proxy, an old or new release while one is brought in); or our token is not admitted, as while it is changed. Code `exchange-unavailable`,
    /// `maintenance` or `upload-failed`.
    #[error("unavailable ({code}): {cause}")]
    Unavailable {
        /// The stable code.
        code: Code,
        /// The private cause.
        cause: String,
        /// With `maintenance`: seconds until the exchange is open again, where it said so.
        open_in: Option<u64>,
    },
    /// The exchange said no for a reason that has a code of ours, such as `virus` or `files-too-large`.
    #[error("refused ({code}): {detail}")]
    Refused {
        /// The stable code.
        code: Code,
        /// What it said.
        detail: String,
    },
    /// There is no such deposit: it was taken back, or never begun.
    #[error("no such deposit")]
    NotFound,
    /// Anything else: code `exchange-error`.
    #[error("unexpected: {0}")]
    Unexpected(String),
    /// The octets to upload could not be read.
    #[error("the upload's source failed: {0}")]
    Source(String),
}

/// The client; cheap to clone. It tries nothing again: the caller backs off.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    /// None where the token cannot stand in a header.
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(…)")
    }
}

impl Client {
    /// A client with a bearer token.
    #[must_use]
    pub fn new(transport: Transport, token: &str) -> Self {
        let authorization = HeaderValue::from_str(&format!("Bearer {token}")).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { transport, authorization }
    }

    /// Begins a deposit, or finds the one begun with this key before. With another sender, other recipients, another number of files
    /// or another file password the same key is a `conflict`; another subject, language or sender's name finds the deposit as it was
    /// presented first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn begin(&self, key: MailId, request: &DepositRequest) -> Result<Deposit, ClientError> {
        let body = serde_json::to_vec(request).map_err(unexpected)?;
        let call = self.request(Method::POST, DEPOSITS)?.header("idempotency-key", key.to_string());
        let call = call.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).map_err(unexpected)?;
        value(&transport::call(&self.transport, call).await?)
    }

    /// The deposit with this id.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get(&self, deposit: DepositId) -> Result<Deposit, ClientError> {
        let call = self.request(Method::GET, &format!("{DEPOSITS}/{deposit}"))?;
        value(&transport::call(&self.transport, call.body(Body::empty()).map_err(unexpected)?).await?)
    }

    /// Puts a file; a file that is already there whole is left as it is (`content` may then be unread).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_file(
        &self,
        deposit: DepositId,
        number: u32,
        name: &str,
        media_type: &str,
        content: Upload,
    ) -> Result<File, ClientError> {
        // A mail's media type may be none that HTTP can carry.
        let media_type =
            HeaderValue::from_str(media_type).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
        let call = self
            .request(Method::PUT, &format!("{DEPOSITS}/{deposit}/files/{number}"))?
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CONTENT_DISPOSITION, disposition::attachment(name))
            .body(())
            .map_err(unexpected)?;
        value(&transport::upload(&self.transport, call, content).await?)
    }

    /// Sends the deposit: its notices go out. Said twice, it is sent once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn send(&self, deposit: DepositId) -> Result<Deposit, ClientError> {
        let call = self.request(Method::POST, &format!("{DEPOSITS}/{deposit}/send"))?;
        value(&transport::call(&self.transport, call.body(Body::empty()).map_err(unexpected)?).await?)
    }

    /// Takes back a deposit that was not sent. One that is not there any more is taken back already.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn abort(&self, deposit: DepositId) -> Result<(), ClientError> {
        self.delete(&format!("{DEPOSITS}/{deposit}")).await
    }

    /// Takes back the deposit that was begun with this key, where there is one and it was not sent: for a caller that does
    /// not know whether its `begin` arrived.
    ///
    /// # Errors
    /// See [`ClientError`]. [`ClientError::Unexpected`] where it was sent.
    pub async fn abort_by_key(&self, section: &SectionId, key: MailId) -> Result<(), ClientError> {
        self.delete(&format!("{DEPOSITS}?section={section}&idempotency_key={key}")).await
    }

    async fn delete(&self, path: &str) -> Result<(), ClientError> {
        let call = self.request(Method::DELETE, path)?.body(Body::empty()).map_err(unexpected)?;
        let answer = transport::call(&self.transport, call).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        match problem(&answer) {
            ClientError::NotFound => Ok(()),
            error => Err(error),
        }
    }

    fn request(&self, method: Method, path: &str) -> Result<http::request::Builder, ClientError> {
        let authorization = self.authorization.clone();
        let authorization =
            authorization.ok_or_else(|| ClientError::Unexpected("the token cannot stand in a header".to_owned()))?;
        Ok(Request::builder().method(method).uri(path).header(header::AUTHORIZATION, authorization))
    }
}

const DEPOSITS: &str = "/api/v1/deposits";

fn unexpected(cause: impl fmt::Display) -> ClientError {
    ClientError::Unexpected(cause.to_string())
}

/// The value that a good answer carries.
fn value<T: DeserializeOwned>(answer: &Answer) -> Result<T, ClientError> {
    if !answer.status.is_success() {
        return Err(problem(answer));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|e| unexpected(format!("{} with a body that does not fit: {e}", answer.status)))
}

/// What an answer that is not good means to the caller (RFC 9457).
fn problem(answer: &Answer) -> ClientError {
    let status = answer.status;
    let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
    let (name, detail) = problem.map_or((None, None), |problem| (Some(problem.code), problem.detail));
    let code = name.as_deref().and_then(Code::from_name);
    let text = match (&name, &detail) {
        (Some(name), Some(detail)) => format!("{status}: {name}: {detail}"),
        (Some(name), None) => format!("{status}: {name}"),
        (None, _) => format!("{status}"),
    };
    match code {
        Some(code) if code.class() == Class::Retry => {
            let open_in = answer.retry_after.filter(|_| code == Code::Maintenance);
            ClientError::Unavailable { code, cause: bounded(&text), open_in }
        }
        _ if may_pass(status, name.as_deref()) => {
            ClientError::Unavailable { code: Code::ExchangeUnavailable, cause: bounded(&text), open_in: None }
        }
        Some(code) => ClientError::Refused { code, detail: bounded(&detail.unwrap_or_default()) },
        None if status == StatusCode::NOT_FOUND && name.as_deref() == Some("not-found") => ClientError::NotFound,
        None => ClientError::Unexpected(bounded(&text)),
    }
}

/// Whether an answer says nothing of the request, so that the same may be well answered later (spec MAIL-DEPOSIT: a mail
/// waits rather than being stopped for what its sender has no part in).
fn may_pass(status: StatusCode, code: Option<&str>) -> bool {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return true;
    }
    match code.filter(|code| Code::from_name(code).is_some() || API_CODES.contains(code)) {
        // A token that is being changed is known to one side and not yet to the other.
        Some(code) => status == StatusCode::UNAUTHORIZED && code == "unauthorized",
        // Not the exchange's words: a proxy's, or another service's in its place while it is brought in.
        None => matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::MISDIRECTED_REQUEST
                | StatusCode::TOO_EARLY
        ),
    }
}

/// What the other side wrote, fit for a line of a log.
fn bounded(text: &str) -> String {
    text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: StatusCode::from_u16(status).unwrap(), body: body.as_bytes().to_vec(), retry_after: Some(7) }
    }

    fn said(status: u16, code: &str) -> ClientError {
        let kind = format!("urn:fubako:problem:{code}");
        let problem = Problem { kind, title: "t".into(), status, code: code.into(), detail: Some("de\ntail".into()) };
        problem_of(status, &serde_json::to_string(&problem).unwrap())
    }

    fn problem_of(status: u16, body: &str) -> ClientError {
        problem(&answer(status, body))
    }

    // spec: X-API, MAIL-DEPOSIT
    #[test]
    fn what_answers_mean_to_the_gateway() {
        for (status, code) in [(422, Code::Virus), (413, Code::FilesTooLarge), (403, Code::OptionOff)] {
            match said(status, code.name()) {
                ClientError::Refused { code: found, detail } => {
                    assert_eq!((found, detail.as_str()), (code, "de tail"));
                }
                other => panic!("{other:?}"),
            }
        }
        for (status, name, code) in [
            (503, "maintenance", Code::Maintenance),
            (503, "upload-failed", Code::UploadFailed),
            (500, "internal", Code::ExchangeUnavailable),
            (429, "anything", Code::ExchangeUnavailable),
            (401, "unauthorized", Code::ExchangeUnavailable),
            (403, "a-proxys-own", Code::ExchangeUnavailable),
        ] {
            assert!(
                matches!(said(status, name), ClientError::Unavailable { code: found, .. } if found == code),
                "{name}"
            );
        }
        // Only a window of maintenance has an end that is known.
        for (name, wanted) in [("maintenance", Some(7)), ("upload-failed", None), ("internal", None)] {
            assert!(matches!(said(503, name), ClientError::Unavailable { open_in, .. } if open_in == wanted), "{name}");
        }
        assert!(matches!(said(404, "not-found"), ClientError::NotFound));
        for (status, name) in [(404, "conflict"), (409, "conflict"), (422, "invalid"), (413, "too-large"), (400, "x")] {
            assert!(matches!(said(status, name), ClientError::Unexpected(text) if text.contains(name)), "{name}");
        }
    }

    // spec: MAIL-DEPOSIT
    #[test]
    fn answers_that_are_not_ours() {
        for status in [401, 403, 404, 408, 421, 425, 429, 500, 502, 503, 504, 599] {
            for body in ["", "<html>Bad gateway", "{}", "{\"code\":\"conflict\"}"] {
                let code = Code::ExchangeUnavailable;
                assert!(
                    matches!(problem_of(status, body), ClientError::Unavailable { code: found, .. } if found == code),
                    "{status} {body}"
                );
            }
        }
        for status in [302, 400, 405, 409, 411, 413, 415, 422] {
            assert!(matches!(problem_of(status, "<html>"), ClientError::Unexpected(_)), "{status}");
        }
        let long = format!("{{\"type\":\"x\",\"title\":\"\",\"status\":400,\"code\":\"{}\"}}", "y".repeat(10_000));
        assert!(matches!(problem_of(400, &long), ClientError::Unexpected(text) if text.len() <= 500));
        assert!(matches!(value::<File>(&answer(200, "{}")), Err(ClientError::Unexpected(_))));
    }

    #[test]
    fn nothing_shows_the_token() {
        let client = Client::new(Transport::InProcess { router: axum::Router::new() }, "very-secret");
        assert!(!format!("{client:?}").contains("very-secret"));
        let request = client.request(Method::GET, "/").unwrap().body(()).unwrap();
        assert!(!format!("{request:?}").contains("very-secret"));
        let bad = Client::new(Transport::InProcess { router: axum::Router::new() }, "very\nsecret");
        let error = bad.request(Method::GET, "/").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("secret\n") && !error.to_string().contains("very"));
    }
}
