//! The mail queue on the operator's screens (spec X-OPERATOR): listed, looked at, tried now, stopped.

use std::sync::Arc;

use axum::{
    Router,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
    routing::get,
};
use fubako_base::Timestamp;
use fubako_exchange::{
    domain::queue::{STAGES, waits},
    queue::{QueueRow, QueueSearch, Stopped},
};
use serde::Deserialize;

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either},
    operator::zone,
    pages::{
        Message,
        account::Done,
        operator::queue::{self as pages, Act, Asked, Hindrance, QueueList},
    },
};

const QUEUE: &str = "/operator/queue";
/// Rows on a page.
const PAGE: u32 = 50;

type Named = Result<Path<String>, PathRejection>;

/// The routes of the queue.
pub(super) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(QUEUE, get(list))
        .route("/operator/queue/{id}", get(one))
        .route("/operator/queue/{id}/retry", get(ask_retry).post(retry))
        .route("/operator/queue/{id}/stop", get(ask_stop).post(stop))
}

/// What is asked for, as the address has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    section: String,
    state: String,
    after: String,
}

impl Wanted {
    /// What counts of it.
    fn search(&self) -> QueueSearch {
        let after =
            self.after.split_once('_').and_then(|(since, id)| Some((Timestamp(since.parse().ok()?), id.to_owned())));
        QueueSearch {
            section: self.section.parse().ok(),
            stage: STAGES.contains(&self.state.as_str()).then(|| self.state.clone()),
            after,
        }
    }
}

/// `GET /operator/queue`.
async fn list(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(QUEUE).await?)?;
        let search = wanted.map(|Query(wanted)| wanted.search()).unwrap_or_default();
        let found = counter.exchange().queue(&search, PAGE).await.map_err(|error| away(&counter, &error))?;
        let sections = counter.exchange().section_ids().await.map_err(|error| away(&counter, &error))?;
        let last = found.rows.last().filter(|_| found.more);
        let list = QueueList {
            asked: Asked {
                section: search.section.as_ref().map(ToString::to_string).unwrap_or_default(),
                state: search.stage.clone().unwrap_or_default(),
            },
            next: last.map(|row| format!("{}_{}", row.since.0, row.id)),
            first: search.after.is_none(),
            rows: found.rows,
            sections: sections.iter().map(ToString::to_string).collect(),
            zone: zone(),
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::queue(frame, &list, counter.now)))
    };
    either(answer.await)
}

/// `GET /operator/queue/{id}`.
async fn one(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(QUEUE).await?)?;
        let row = find(&counter, id).await?;
        row_page(&counter, &row, None).await
    };
    either(answer.await)
}

/// `GET /operator/queue/{id}/retry`: asks once more.
async fn ask_retry(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    ask(&state, &caller, id, Act::Retry).await
}

/// `GET /operator/queue/{id}/stop`: asks once more.
async fn ask_stop(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    ask(&state, &caller, id, Act::Stop).await
}

/// What does not wait any more is shown as it is.
async fn ask(state: &WebState, caller: &Caller, id: Named, act: Act) -> Response {
    let counter = Counter::new(state, caller);
    let answer = async {
        counter.operator(counter.person(QUEUE).await?)?;
        let row = find(&counter, id).await?;
        if !waits(&row) {
            return row_page(&counter, &row, Some(Hindrance::Nothing)).await;
        }
        let form_key = counter.form_key();
        Ok(counter.page(StatusCode::OK, |frame| pages::ask(frame, &row, act, &form_key)))
    };
    either(answer.await)
}

/// `POST /operator/queue/{id}/retry`.
async fn retry(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(QUEUE, request).await?;
        let operator = counter.operator(person)?;
        let row = find(&counter, id).await?;
        let tried = counter.exchange().queue_retry(&row.id, &counter.by(&operator), counter.now).await;
        if tried.map_err(|error| away(&counter, &error))? {
            Ok(counter.lead_to(&format!("{QUEUE}/{}", row.id), Some(Done::MailRetried)))
        } else {
            hindered(&counter, &row, Hindrance::Nothing).await
        }
    };
    either(answer.await)
}

/// `POST /operator/queue/{id}/stop`.
async fn stop(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(QUEUE, request).await?;
        let operator = counter.operator(person)?;
        let row = find(&counter, id).await?;
        let stopped = counter.exchange().queue_stop(&row.id, &counter.by(&operator), counter.now).await;
        match stopped.map_err(|error| away(&counter, &error))? {
            Stopped::Mail(..) | Stopped::Delivery => {
                Ok(counter.lead_to(&format!("{QUEUE}/{}", row.id), Some(Done::MailStopped)))
            }
            Stopped::LinksOut => hindered(&counter, &row, Hindrance::LinksOut).await,
            Stopped::No => hindered(&counter, &row, Hindrance::Nothing).await,
        }
    };
    either(answer.await)
}

/// The row as it is now, and why nothing was done.
async fn hindered(counter: &Counter<'_>, row: &QueueRow, hindrance: Hindrance) -> Result<Response, First> {
    let found = counter.exchange().queue_row(&row.id).await.map_err(|error| away(counter, &error))?;
    row_page(counter, found.as_ref().unwrap_or(row), Some(hindrance)).await
}

async fn find(counter: &Counter<'_>, id: Named) -> Result<QueueRow, First> {
    let no_page = || Box::new(counter.said(Message::NoPage));
    let Path(id) = id.map_err(|_| no_page())?;
    let found = counter.exchange().queue_row(&id).await.map_err(|error| away(counter, &error))?;
    found.ok_or_else(no_page)
}

async fn row_page(counter: &Counter<'_>, row: &QueueRow, hindrance: Option<Hindrance>) -> Result<Response, First> {
    let history = counter.exchange().queue_history(row).await.map_err(|error| away(counter, &error))?;
    let status = if hindrance.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let (zone, done) = (zone(), counter.caller.done);
    Ok(counter.page(status, |frame| pages::row(frame, row, &history, &zone, (done, hindrance), counter.now)))
}

fn away(counter: &Counter<'_>, error: &fubako_exchange::audit::StoreError) -> First {
    tracing::warn!(%error, "the queue cannot be worked on");
    Box::new(counter.said(Message::Busy))
}
