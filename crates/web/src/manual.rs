//! What is told of the API to whoever would write a program (spec X-API): its document, and the same as a page. Public: it says nothing of anybody.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::Value;

use crate::{
    WebState,
    api::document::document,
    pages::api::api,
    receive::{frame, page_response},
    visitor::Visitor,
};

/// The document as it is told, made once.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(document()).unwrap_or_default());

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new().route("/api", get(page)).route("/api/openapi.json", get(openapi))
}

/// `GET /api`.
async fn page(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    let frame = frame(&state, &visitor, None);
    let html = api(&frame, &DOCUMENT, state.exchange.public_url());
    page_response(StatusCode::OK, &frame, html)
}

/// `GET /api/openapi.json`.
async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (kind, DOCUMENT.to_string()).into_response()
}
