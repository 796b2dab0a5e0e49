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
use http::{HeaderMap, Request, StatusCode, header};
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
    /// Seconds of a Retry-After field (RFC 9110, 10.2.3), where it has them.
    pub(crate) retry_after: Option<u64>,
}

pub(crate) fn unavailable(cause: impl Into<String>) -> ClientError {
    ClientError::Unavailable { code: Code::ExchangeUnavailable, cause: cause.into(), open_in: None }
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
            read(head.status, &head.headers, body.into_data_stream()).await
        }
        Transport::Https { http, base } => over_https(http, base, request).await,
    }
}

async fn over_https(http: &reqwest::Client, base: &str, request: Request<Body>) -> Result<Answer, ClientError> {
    scheme(base)?;
    let (head, body) = request.into_parts();
    let url = format!("{}{}", base.trim_end_matches('/'), head.uri);
    let request = http.request(head.method, url).headers(head.headers).body(carried(body).await?);
    let answer = request.send().await.map_err(|error| {
        let builder = error.is_builder();
        let cause = causes(&error.without_url());
        if builder { ClientError::Unexpected(cause) } else { unavailable(cause) }
    })?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    read(status, &headers, answer.bytes_stream().map_err(reqwest::Error::without_url)).await
}

/// The bearer token must not travel in the clear, whatever the configuration says.
fn scheme(base: &str) -> Result<(), ClientError> {
    match base.get(..8) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https://") => Ok(()),
        _ => Err(ClientError::Unexpected("the exchange's address is not https://".to_owned())),
    }
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
async fn read<E: Error>(
    status: StatusCode,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Answer, ClientError> {
    let mut body = std::pin::pin!(body);
    let mut octets = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| unavailable(causes(&error)))?;
        if octets.len() + chunk.len() > MAX_ANSWER {
            return Err(ClientError::Unexpected(format!("an answer of more than {MAX_ANSWER} octets")));
        }
        octets.extend_from_slice(&chunk);
    }
    let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(Answer { status, body: octets, retry_after })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use axum::{Router, routing::any};
    use futures::stream;

    use super::*;

    fn request() -> Request<()> {
        Request::put("/x").body(()).unwrap()
    }

    /// A router that reads all it gets and says how much, or never says anything.
    fn router(answers: bool) -> Transport {
        let router = Router::new().route(
            "/x",
            any(async move |body: Body| {
                let octets = axum::body::to_bytes(body, usize::MAX).await.map_or(0, |octets| octets.len());
                if !answers {
                    std::future::pending::<()>().await;
                }
                octets.to_string()
            }),
        );
        Transport::InProcess { router }
    }

    /// A chunk every so many seconds.
    fn every(seconds: u64, chunks: usize) -> Upload {
        let wait = move |_| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(Bytes::from_static(b"octets"))
        };
        stream::iter(0..chunks).then(wait).boxed()
    }

    fn cause<T>(result: Result<T, ClientError>) -> String {
        match result {
            Err(ClientError::Unavailable { code: Code::ExchangeUnavailable, cause, .. }) => cause,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("an answer"),
        }
    }

    // spec: MAIL-DEPOSIT
    #[tokio::test(start_paused = true)]
    async fn an_upload_may_be_slow_but_not_stand_still() {
        let answer = upload(&router(true), request(), every(50, 40)).await.unwrap();
        assert_eq!(answer.body, b"240");
        let began = tokio::time::Instant::now();
        assert_eq!(cause(upload(&router(true), request(), every(3_600, 1)).await), "the upload stands still");
        assert_eq!(began.elapsed(), IDLE);
        cause(upload(&router(false), request(), every(1, 3)).await);
        assert_eq!(began.elapsed(), IDLE + Duration::from_secs(3) + ANSWER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends() {
        let call = call(&router(false), request().map(|()| Body::empty())).await;
        assert_eq!(cause(call), "no answer within 60 s");
    }

    #[test]
    fn the_token_never_travels_in_the_clear() {
        for base in ["http://127.0.0.1:9", "", "127.0.0.1:9", "ftp://x"] {
            assert!(matches!(scheme(base), Err(ClientError::Unexpected(_))), "{base}");
        }
        assert!(scheme("HTTPS://files.example.jp").is_ok());
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_a_limit() {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![0; 64 << 10])));
        let read = read(StatusCode::OK, &HeaderMap::new(), endless).await;
        assert!(matches!(read, Err(ClientError::Unexpected(text)) if text.contains("more than")));
    }
}
