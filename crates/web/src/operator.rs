//! The operator's screens (spec X-OPERATOR): maintenance windows; below, announcements, the queue, sections and health.

mod announcements;
mod health;
mod queue;
mod sections;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use fubako_base::{Timestamp, ids::MaintenanceId, section::Settings};
use fubako_exchange::{domain::maintenance::WindowFault, maintenance::MaintenanceError};

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either, form},
    pages::{
        Message,
        account::Done,
        operator::{self as pages, WindowForm, WindowLine},
    },
};

const MAINTENANCE: &str = "/operator/maintenance";

/// The routes of operators.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(MAINTENANCE, get(maintenance).post(add_maintenance))
        .route("/operator/maintenance/{id}/end", post(end_maintenance).get(lead_to_maintenance))
        .merge(announcements::routes())
        .merge(health::routes())
        .merge(queue::routes())
        .merge(sections::routes())
}

form!(NewWindow { starts, ends });

/// `GET /operator/maintenance`.
async fn maintenance(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(MAINTENANCE).await?)?;
        windows(&counter, &NewWindow::default(), None).await
    };
    either(answer.await)
}

/// `POST /operator/maintenance`: makes a window. Without a begin it begins now.
async fn add_maintenance(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, NewWindow) = counter.own_form(MAINTENANCE, request).await?;
        let operator = counter.operator(person)?;
        let made = match times(&form, counter.now) {
            None => Err(MaintenanceError::Fault(WindowFault::Unread)),
            Some((starts, ends)) => {
                counter.exchange().add_maintenance(starts, ends, &counter.by(&operator), counter.now).await
            }
        };
        match made {
            Ok(()) => Ok(counter.lead_to(MAINTENANCE, Some(Done::MaintenanceMade))),
            Err(MaintenanceError::Fault(fault)) => windows(&counter, &form, Some(fault)).await,
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `POST /operator/maintenance/{id}/end`: ends a window, or takes it back.
async fn end_maintenance(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(MAINTENANCE, request).await?;
        let operator = counter.operator(person)?;
        let id: MaintenanceId = counter.id(id)?;
        let ended = counter.exchange().end_maintenance(id, &counter.by(&operator), counter.now).await;
        ended.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(MAINTENANCE, Some(Done::MaintenanceEnded)))
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_maintenance(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(MAINTENANCE, None)
}

/// The page, with the form as it was filled in where that was not taken.
async fn windows(counter: &Counter<'_>, form: &NewWindow, fault: Option<WindowFault>) -> Result<Response, First> {
    let found = counter.exchange().maintenance_windows(counter.now).await;
    let lines: Vec<WindowLine> = found
        .map_err(|error| away(counter, &error))?
        .into_iter()
        .map(|window| WindowLine {
            id: window.id.to_string(),
            starts_at: window.starts_at,
            ends_at: window.ends_at,
            made_by: window.made_by,
        })
        .collect();
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (form_key, zone) = (counter.form_key(), zone());
    let form = WindowForm { starts: &form.starts, ends: &form.ends, fault, form_key: &form_key, zone: &zone };
    Ok(counter.page(status, |frame| pages::maintenance(frame, &lines, &form, counter.caller.done, counter.now)))
}

/// When the window that was entered begins and ends.
fn times(form: &NewWindow, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let zone = zone();
    let starts = if form.starts.trim().is_empty() { Some(now) } else { Timestamp::from_local(&form.starts, &zone) };
    starts.zip(Timestamp::from_local(&form.ends, &zone))
}

/// Operators belong to no section: the calendar is the installation's.
fn zone() -> String {
    Settings::default().time_zone
}

fn away(counter: &Counter<'_>, error: &MaintenanceError) -> First {
    tracing::warn!(%error, "maintenance windows cannot be worked on");
    Box::new(counter.said(Message::Busy))
}
