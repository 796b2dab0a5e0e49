//! Serving pages and API: one listener, with TLS of our own or behind a proxy that has it.
//!
//! What a stranger can hold is bounded: connections in all and of one address, the time to say something, and the time to take an
//! answer.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, Version, header},
    response::IntoResponse as _,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use tracing::Instrument as _;

use self::moving::Moving;
use crate::acme;

/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 1000;
/// Connections at once of one address; more are closed.
const CONNECTIONS_OF_ONE: usize = 100;
/// A peer has this long to say hello in TLS, and to send a request's header.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests under way have this long to end when we stop.
const GRACE: Duration = Duration::from_secs(30);

mod moving;

/// What is served, and to whom.
pub struct Site {
    /// What answers.
    pub router: Router,
    /// TLS of our own; none behind a proxy.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Reverse proxies: what they say of whom they speak for is believed, and they may hold any number of connections.
    pub proxies: Vec<IpAddr>,
}

/// Serves until `stop` turns true; requests under way may end.
pub async fn serve(listener: TcpListener, site: Site, mut stop: watch::Receiver<bool>) {
    let server = Arc::new(Server {
        acceptor: site.tls.map(TlsAcceptor::from),
        router: site.router,
        proxies: site.proxies,
        held: Mutex::default(),
    });
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(Arc::clone(&server).connection(stream, peer, permit, stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    let ended = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("requests were cut off at the stop");
    }
}

struct Server {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    proxies: Vec<IpAddr>,
    /// Connections that each address holds.
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One address's place among its connections; given back when dropped.
struct Place {
    server: Arc<Server>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.server.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

impl Server {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        _permit: OwnedSemaphorePermit,
        stop: watch::Receiver<bool>,
    ) {
        let Some(_place) = self.place(peer.ip().to_canonical()) else {
            tracing::warn!(peer = %peer.ip(), "it holds too many connections: one was closed");
            return;
        };
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = self.acceptor.clone() else {
            return self.speak(stream, peer.ip(), Spoken::Http1, stop).await;
        };
        match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                // The version is agreed upon here: guessing it from the first octets would wait for them without an end.
                let version = match stream.get_ref().1.alpn_protocol() {
                    // Whoever checks a name has seen its proof and says nothing (RFC 8737, 3).
                    Some(acme::PROTOCOL) => return,
                    Some(b"h2") => Spoken::Http2,
                    _ => Spoken::Http1,
                };
                self.speak(stream, peer.ip(), version, stop).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    /// A place for one more connection of an address, where it may have one.
    fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        if *count >= CONNECTIONS_OF_ONE && !self.proxies.contains(&address) {
            return None;
        }
        *count += 1;
        Some(Place { server: Arc::clone(self), address })
    }

    async fn speak<S>(&self, stream: S, peer: IpAddr, version: Spoken, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, proxies) = (self.router.clone(), self.proxies.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(axum::body::Body::new);
            let from = speaks_for(peer, &proxies, &request);
            request.extensions_mut().insert(fubako_web::Peer(from));
            let span = tracing::info_span!("http", peer = %from);
            let (router, says_host) = (router.clone(), says_host(&request));
            let answer = async move {
                if says_host { router.oneshot(request).await } else { Ok(StatusCode::BAD_REQUEST.into_response()) }
            };
            answer.instrument(span)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(64 * 1024);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(PATIENCE).max_concurrent_streams(32);
        let builder = match version {
            Spoken::Http1 => builder.http1_only(),
            Spoken::Http2 => builder.http2_only(),
        };
        let connection = builder.serve_connection(TokioIo::new(Moving::new(stream)), service);
        let mut connection = std::pin::pin!(connection);
        let asked = async move { stop.wait_for(|stopped| *stopped).await.map(|_| ()) };
        let mut asked = std::pin::pin!(asked);
        let mut stopping = false;
        let ended: Result<(), Box<dyn std::error::Error + Send + Sync>> = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                _ = asked.as_mut(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

#[derive(Clone, Copy)]
enum Spoken {
    Http1,
    Http2,
}

/// Whether the request says which host it means, once: HTTP/1.1 must (RFC 9112, 3.2).
fn says_host(request: &Request) -> bool {
    match request.version() {
        Version::HTTP_11 => request.headers().get_all(header::HOST).iter().count() == 1,
        _ => true,
    }
}

/// Whom a request comes from: the connection's peer, or whom a proxy of ours says it speaks for, which is the last address that
/// it added (what stands before that, a stranger may have written).
fn speaks_for(peer: IpAddr, proxies: &[IpAddr], request: &Request) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.contains(&peer) {
        return peer;
    }
    let fields = request.headers().get_all("x-forwarded-for");
    let last = fields.iter().next_back().and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    last.and_then(forwarded).unwrap_or(peer)
}

/// An address as proxies write it: some with the port behind it, and then an IPv6 address in brackets.
fn forwarded(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Waits for `stop` as a future that owns its receiver.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

#[cfg(test)]
mod tests;
