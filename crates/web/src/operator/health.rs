//! Health on the operator's screen (spec X-OPERATOR).

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use fubako_exchange::domain::health::findings;

use crate::{
    WebState,
    counter::{Caller, Counter, either},
    operator::zone,
    pages::operator::health as pages,
};

const HEALTH: &str = "/operator/health";

/// The route.
pub(super) fn routes() -> Router<Arc<WebState>> {
    Router::new().route(HEALTH, get(health))
}

/// `GET /operator/health`.
async fn health(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(HEALTH).await?)?;
        let (machine, disk) = ((state.sight.machine)(), Arc::clone(&state.sight.disk));
        let facts = counter.exchange().look_over(&machine, move || disk()).await;
        let found = findings(&facts, counter.now);
        let zone = zone();
        Ok(counter.page(StatusCode::OK, |frame| pages::health(frame, &found, &machine, &zone, counter.now)))
    };
    either(answer.await)
}
