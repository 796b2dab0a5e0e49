//! Which pages are under which host name (spec X-NOTICE): all of them under the installation's, a section's links under its own domain, and none under a
//! name that is none of ours.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::Response,
};
use fubako_exchange::domain::hosts::Site;

use crate::{WebState, pages::Message, receive::said, visitor::Visitor};

/// Lets a request through to what is under the host that it names. Health is told under any.
pub(crate) async fn gate(
    State(state): State<Arc<WebState>>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let asked = asked(&request);
    match state.exchange.site(asked.as_deref()) {
        Site::Installation => next.run(request).await,
        _ if path == "/healthz" => next.run(request).await,
        Site::Unknown => said(&state, &visitor, Message::NoSite),
        Site::Own if is_everywhere(path) => next.run(request).await,
        Site::Own if !path.starts_with("/d/") => said(&state, &visitor, Message::NotFound),
        Site::Own => match state.exchange.is_link_of(&visitor.token, &asked.unwrap_or_default()).await {
            Ok(true) => next.run(request).await,
            Ok(false) => said(&state, &visitor, Message::NotFound),
            Err(error) => {
                tracing::warn!(%error, "nobody knows whose a link is");
                said(&state, &visitor, Message::Unavailable)
            }
        },
    }
}

/// What stands under every name of ours.
fn is_everywhere(path: &str) -> bool {
    path == "/" || path == "/robots.txt" || path.starts_with("/assets/")
}

/// The host that a request names: in its target (HTTP/2, and RFC 9112, 3.2.2), else in its field.
fn asked(request: &Request) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().to_owned());
    }
    let field = request.headers().get(header::HOST)?;
    // One that is no text is no name of ours.
    Some(field.to_str().unwrap_or_default().to_owned())
}
