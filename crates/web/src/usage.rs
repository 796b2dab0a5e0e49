//! How much a section sends, for its administrators (spec X-ADMIN). Everybody else hears that there is no such page.

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use fubako_exchange::policies::PoliciesError;

use crate::{
    WebState,
    counter::{Caller, Counter, either},
    pages::{Message, usage as pages},
};

const USAGE: &str = "/section/usage";

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new().route(USAGE, get(look))
}

/// `GET /section/usage`.
async fn look(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.administrator(counter.person(USAGE).await?)?;
        let usage = counter.exchange().usage(&person, counter.now).await.map_err(|error| {
            Box::new(counter.said(match error {
                PoliciesError::NotFound => Message::NoPage,
                error => {
                    tracing::warn!(%error, "a section's usage cannot be read");
                    Message::Busy
                }
            }))
        })?;
        Ok(counter.page(StatusCode::OK, |frame| pages::usage(frame, &usage)))
    };
    either(answer.await)
}
