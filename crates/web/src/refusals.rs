//! A line in the log for each request that was refused because whoever sent it is not who they must be, or because no page of ours made it
//! (spec X-ADMIN, X-API, KEEP-LOGS). What knows why marks the answer; the line is written here and here only, a bounded number for each network, so
//! that nobody fills a disk. It has the route as it is declared and never the address that was asked for: that of a link is a secret.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};

use crate::{
    Clock, Peer,
    rate::{RateLimit, WINDOW},
};

/// Why a request was refused.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    why: &'static str,
    /// Who asked, where somebody is known by a session or a token: the name that the audit log has.
    who: Option<String>,
}

/// The answer, marked with why it refuses.
pub(crate) fn refused(response: Response, why: &'static str) -> Response {
    marked(response, Refused { why, who: None })
}

/// The same of somebody who is known.
pub(crate) fn refused_to(response: Response, why: &'static str, who: String) -> Response {
    marked(response, Refused { why, who: Some(who) })
}

/// Names whoever asked in an answer that refuses, where it names nobody.
pub(crate) fn named(mut response: Response, who: &str) -> Response {
    if let Some(refused) = response.extensions_mut().get_mut::<Refused>() {
        refused.who.get_or_insert_with(|| who.to_owned());
    }
    response
}

fn marked(mut response: Response, refused: Refused) -> Response {
    response.extensions_mut().insert(refused);
    response
}

/// What each network was refused of late.
#[derive(Clone)]
pub(crate) struct Refusals {
    lines: Arc<RateLimit>,
    clock: Clock,
}

impl Refusals {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { lines: Arc::default(), clock }
    }

    fn note(&self, peer: IpAddr, method: &Method, route: &str, refused: &Refused) {
        let who = refused.who.as_deref().unwrap_or("-");
        match self.lines.take(peer, (self.clock)()) {
            Ok(()) => tracing::warn!(address = %peer, %method, route, who, "refused: {}", refused.why),
            Err(more) if more.first => tracing::warn!(
                address = %peer,
                "this network is refused more: no further lines of it within {} minutes",
                WINDOW / 60
            ),
            Err(_) => {}
        }
    }
}

/// Writes the line of an answer that is marked.
pub(crate) async fn note(State(refusals): State<Refusals>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| *peer);
    let response = next.run(request).await;
    if let Some(refused) = response.extensions().get::<Refused>() {
        let route = route.as_ref().map_or("-", MatchedPath::as_str);
        refusals.note(peer, &method, route, refused);
    }
    response
}
