//! A form's body, in time; and of one with files no more in memory than a little.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Form,
    extract::{FromRequest as _, Request},
    http::StatusCode,
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// For a form to be in.
const FORM_TIME: Duration = Duration::from_secs(10);

/// Reads a form; its length is bounded by the router.
///
/// # Errors
/// 400 for a form that is none, 408 for one that does not come.
pub(crate) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, StatusCode> {
    match timeout(FORM_TIME, Form::<T>::from_request(request, &())).await {
        Ok(Ok(Form(form))) => Ok(form),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Octets that a multipart form may bring before its reader has something of them: a part's header, or what stands before the first part.
const RATION: usize = 256 * 1024;
/// Of these, what it may bring at once: then the reader has its turn.
const AT_ONCE: usize = 64 * 1024;

/// What a multipart form may still bring. Its reader keeps all that it has not understood yet, and a part's header without an end is never understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ration(Arc<AtomicUsize>);

impl Ration {
    /// The body, which fails where it brings more than [`RATION`] without a [`Ration::renew`].
    pub(crate) fn of<S, E>(&self, body: S) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<S, E>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Rationed { body, taken: Arc::clone(&self.0), at_once: 0 }
    }

    /// The reader has got something of what came.
    pub(crate) fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

struct Rationed<S> {
    body: S,
    taken: Arc<AtomicUsize>,
    at_once: usize,
}

impl<S, E> Stream for Rationed<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.at_once >= AT_ONCE {
            self.at_once = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.body.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(octets))) = &next {
            self.at_once = self.at_once.saturating_add(octets.len());
            let taken = self.taken.fetch_add(octets.len(), Ordering::Relaxed).saturating_add(octets.len());
            if taken > RATION {
                return Poll::Ready(Some(Err(std::io::Error::other("a part of the form has no end"))));
            }
        } else {
            self.at_once = 0;
        }
        next.map(|item| item.map(|octets| octets.map_err(std::io::Error::other)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::{body::Body, extract::Multipart, http::Request};
    use futures::stream;

    use super::*;

    /// Reads a form of which these are the pieces; gives the octets of its last part, or none where it fails.
    async fn last_part(pieces: Vec<Bytes>) -> Option<usize> {
        let ration = Ration::default();
        let body = ration.of(stream::iter(pieces.into_iter().map(std::io::Result::Ok)));
        let request = Request::post("/").header("content-type", "multipart/form-data; boundary=b");
        let request = request.body(Body::from_stream(body)).unwrap();
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut length = 0;
        while let Some(mut field) = form.next_field().await.ok()? {
            ration.renew();
            length = 0;
            while let Some(some) = field.chunk().await.ok()? {
                ration.renew();
                length += some.len();
            }
        }
        Some(length)
    }

    // spec: X-SEND
    #[tokio::test]
    async fn a_large_file_passes_and_a_header_without_an_end_does_not() {
        let piece = Bytes::from(vec![b'x'; 16 * 1024]);
        let pieces = |head: &'static str, count: usize, tail: &'static str| {
            let head = std::iter::once(Bytes::from(head));
            head.chain(std::iter::repeat_n(piece.clone(), count)).chain([Bytes::from(tail)]).collect::<Vec<_>>()
        };
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
        assert_eq!(last_part(pieces(file, 64, "\r\n--b--\r\n")).await, Some(64 * 16 * 1024));
        let endless = "--b\r\nContent-Disposition: form-data; name=\"";
        assert_eq!(last_part(pieces(endless, 64, "\"\r\n\r\n\r\n--b--\r\n")).await, None);
        assert_eq!(last_part(pieces("what stands before", 64, "\r\n--b--\r\n")).await, None);
    }
}
