//! A request's way there and back, the same over both transports: into the router, or over HTTPS.

use std::{
    error::Error,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use fubako_base::Code;
use futures::{StreamExt as _, TryStreamExt as _, stream::Stream};
use http::{Request, StatusCode};
use http_body::Body as _;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::client::{ClientError, Transport, Upload};

/// For a whole call that carries no file.
pub(crate) const CALL: Duration = Duration::from_secs(60);
/// For an upload to move on by a chunk.
const IDLE: Duration = Duration::from_secs(60);
/// For the answer once the last chunk is gone: scanning, syncing.
const ANSWER: Duration = Duration::from_secs(180);
/// Octets of an answer that are read: a deposit of 1,000 files with long names fits.
const MAX_ANSWER: usize = 4 << 20;

/// What came back: the status and the whole body, which is bounded.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn unavailable(cause: impl Into<String>) -> ClientError {
    ClientError::Unavailable { code: Code::ExchangeUnavailable, cause: cause.into() }
}

/// Sends a small request and reads its answer, within [`CALL`].
pub(crate) async fn call(transport: &Transport, request: Request<Body>) -> Result<Answer, ClientError> {
    match tokio::time::timeout(CALL, exchange(transport, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(unavailable(format!("no answer within {} s", CALL.as_secs()))),
    }
}

/// Sends a request with a file as its body, which may take as long as it moves. A source that fails breaks the request off: what
/// was sent is never taken for a whole file.
pub(crate) async fn upload(
    transport: &Transport,
    request: Request<()>,
    content: Upload,
) -> Result<Answer, ClientError> {
    let failed = Arc::new(OnceLock::new());
    let (moved, progress) = watch::channel(());
    let watched = content.inspect({
        let failed = Arc::clone(&failed);
        move |octets| match octets {
            Ok(_) => moved.send_replace(()),
            Err(error) => drop(failed.set(error.to_string())),
        }
    });
    let request = request.map(|()| Body::from_stream(watched));
    let answer = tokio::select! {
        answer = exchange(transport, request) => answer,
        () = stalled(progress) => Err(unavailable("the upload stands still")),
    };
    match failed.get() {
        Some(cause) => Err(ClientError::Source(cause.clone())),
        None => answer,
    }
}

/// Ends when an upload has not moved for [`IDLE`], or its answer has not come for [`ANSWER`] after its last chunk.
async fn stalled(mut progress: watch::Receiver<()>) {
    loop {
        match tokio::time::timeout(IDLE, progress.changed()).await {
            Ok(Ok(())) => {}
            // The body is gone: sent whole, or given up.
            Ok(Err(_)) => return tokio::time::sleep(ANSWER).await,
            Err(_) => return,
        }
    }
}

async fn exchange(transport: &Transport, request: Request<Body>) -> Result<Answer, ClientError> {
    match transport {
        Transport::InProcess { router } => {
            let answer = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (head, body) = answer.into_parts();
            read(head.status, body.into_data_stream()).await
        }
        Transport::Https { http, base } => over_https(http, base, request).await,
    }
}

async fn over_https(http: &reqwest::Client, base: &str, request: Request<Body>) -> Result<Answer, ClientError> {
    // The bearer token must not travel in the clear, whatever the configuration says.
    if !base.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
        return Err(ClientError::Unexpected("the exchange's address is not https://".to_owned()));
    }
    let (head, body) = request.into_parts();
    let url = format!("{}{}", base.trim_end_matches('/'), head.uri);
    let request = http.request(head.method, url).headers(head.headers).body(carried(body).await?);
    let answer = request.send().await.map_err(|error| {
        let builder = error.is_builder();
        let cause = causes(&error.without_url());
        if builder { ClientError::Unexpected(cause) } else { unavailable(cause) }
    })?;
    read(answer.status(), answer.bytes_stream().map_err(reqwest::Error::without_url)).await
}

/// The body as reqwest takes it: a small one with its length, a file in chunks.
async fn carried(body: Body) -> Result<reqwest::Body, ClientError> {
    match body.size_hint().exact().and_then(|length| usize::try_from(length).ok()) {
        Some(length) => {
            let octets = axum::body::to_bytes(body, length).await;
            octets.map(reqwest::Body::from).map_err(|error| ClientError::Source(error.to_string()))
        }
        None => Ok(reqwest::Body::wrap_stream(body.into_data_stream())),
    }
}

/// Reads an answer's body, at most [`MAX_ANSWER`] octets of it.
async fn read<E: Error>(status: StatusCode, body: impl Stream<Item = Result<Bytes, E>>) -> Result<Answer, ClientError> {
    let mut body = std::pin::pin!(body);
    let mut octets = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| unavailable(causes(&error)))?;
        if octets.len() + chunk.len() > MAX_ANSWER {
            return Err(ClientError::Unexpected(format!("an answer of more than {MAX_ANSWER} octets")));
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: octets })
}

/// An error with what is behind it, on one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
