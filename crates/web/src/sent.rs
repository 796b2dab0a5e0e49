//! What was sent, from its sender's and from an administrator's side (spec X-CANCEL).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, RawPathParams, Request, State},
    http::{StatusCode, Uri},
    response::Response,
    routing::{MethodRouter, get, post},
};
use fubako_base::ids::{DepositId, LinkId};
use fubako_exchange::{
    Exchange,
    account::Person,
    domain::sent::{ExtendFault, Side},
    sent::{Cancelled, SentError},
};
use serde::Deserialize;

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either, form},
    pages::{
        Message,
        account::Done,
        sent::{self as pages, Extension, List, One},
    },
};

/// Where a side's list is.
const fn base(side: Side) -> &'static str {
    match side {
        Side::Own => "/sent",
        Side::Section => "/section/deposits",
    }
}

/// The routes of both sides.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    [Side::Own, Side::Section].into_iter().fold(Router::new(), |router, side| {
        let base = base(side);
        router
            .route(base, get(move |State(state), caller, uri: Uri| list(side, state, caller, uri)))
            .route(
                &format!("{base}/{{deposit}}"),
                get(move |State(state), caller, at: At| one(side, state, caller, at)),
            )
            .route(&format!("{base}/{{deposit}}/cancel"), cancelling(side))
            .route(&format!("{base}/{{deposit}}/cancel/{{link}}"), cancelling(side))
            .route(
                &format!("{base}/{{deposit}}/extend"),
                post(move |State(state), caller, at: At, request| extend(side, state, caller, at, request))
                    .get(move |State(state), caller, at: At| lead_to_one(side, state, caller, at)),
            )
    })
}

fn cancelling(side: Side) -> MethodRouter<Arc<WebState>> {
    get(move |State(state), caller, at: At| ask(side, state, caller, at))
        .post(move |State(state), caller, at: At, request| cancel(side, state, caller, at, request))
}

/// What an address names.
struct At {
    deposit: Option<DepositId>,
    /// None where the address names no link; nothing readable is none of anybody's.
    link: Option<Result<LinkId, fubako_base::ids::InvalidId>>,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for At {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let places = RawPathParams::from_request_parts(parts, state).await.ok();
        let place = |name| places.iter().flatten().find_map(|(key, value)| (key == name).then_some(value));
        Ok(Self {
            deposit: place("deposit").and_then(|id| id.parse().ok()),
            // An address that cannot be decoded has no places at all: nothing is done for it.
            link: place("link").map(str::parse),
        })
    }
}

form!(Until { until });

#[derive(Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    before: String,
}

/// Who comes from this side; else the answer.
async fn who(counter: &Counter<'_>, side: Side) -> Result<Person, First> {
    allowed(counter, side, counter.person(base(side)).await?)
}

fn allowed(counter: &Counter<'_>, side: Side, person: Person) -> Result<Person, First> {
    match side {
        Side::Own => counter.member(person),
        Side::Section => counter.administrator(person),
    }
}

/// What is said where something cannot be done. Private causes go to the log.
fn away(counter: &Counter<'_>, error: &SentError) -> First {
    Box::new(counter.said(match error {
        SentError::NotFound => Message::NoPage,
        SentError::Over | SentError::Fault(_) => Message::DepositOver,
        SentError::Unavailable(cause) => {
            tracing::warn!(cause, "what was sent cannot be worked on");
            Message::Busy
        }
    }))
}

/// `GET /sent`, `GET /section/deposits`.
async fn list(side: Side, state: Arc<WebState>, caller: Caller, uri: Uri) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = who(&counter, side).await?;
        let wanted = Query::<Wanted>::try_from_uri(&uri).map(|Query(wanted)| wanted).unwrap_or_default();
        let before = wanted.before.parse().ok();
        let found = counter.exchange().sent(&person, side, &wanted.q, before).await;
        let page = found.map_err(|error| away(&counter, &error))?;
        let zone = &counter.oneself(&person.known).time_zone;
        let list = List { side, base: base(side), search: wanted.q.trim(), first: before.is_none(), page: &page, zone };
        Ok(counter.page(StatusCode::OK, |frame| pages::list(frame, &list, counter.now)))
    };
    either(answer.await)
}

/// `GET /sent/{deposit}`.
async fn one(side: Side, state: Arc<WebState>, caller: Caller, at: At) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = who(&counter, side).await?;
        show(&counter, side, &person, at.deposit, None).await
    };
    either(answer.await)
}

/// The page of one deposit, with the form for a longer keeping as it was filled in where that was not taken.
async fn show(
    counter: &Counter<'_>,
    side: Side,
    person: &Person,
    id: Option<DepositId>,
    refused: Option<(&str, ExtendFault)>,
) -> Result<Response, First> {
    let id = id.ok_or_else(|| away(counter, &SentError::NotFound))?;
    let found = counter.exchange().sent_deposit(person, side, id).await;
    let sent = found.map_err(|error| away(counter, &error))?;
    let (form_key, zone) = (counter.form_key(), counter.oneself(&person.known).time_zone);
    let extension = Exchange::may_be_kept_until(person, &sent).map(|latest| Extension { latest, refused });
    let deposit = &sent.line.deposit;
    let password = match side {
        Side::Own => {
            let peer = counter.caller.peer.to_string();
            counter.exchange().password_for_sender(person, deposit, &peer, counter.now).await
        }
        Side::Section => Ok(None),
    };
    let password = password.map_err(|error| away(counter, &SentError::Unavailable(error.to_string())))?;
    let one = One {
        side,
        base: base(side),
        sent: &sent,
        extension,
        password: password.as_ref().map(fubako_base::secret::FilePassword::expose),
        form_key: &form_key,
        zone: &zone,
        done: counter.caller.done,
    };
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(counter.page(status, |frame| pages::one(frame, &one, counter.now)))
}

/// `GET …/cancel`, `GET …/cancel/{link}`: asks once more.
async fn ask(side: Side, state: Arc<WebState>, caller: Caller, at: At) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = who(&counter, side).await?;
        let (id, link) = named(&counter, &at)?;
        let found = counter.exchange().sent_deposit(&person, side, id).await;
        let sent = found.map_err(|error| away(&counter, &error))?;
        let form_key = counter.form_key();
        let asked = pages::Ask { base: base(side), sent: &sent, link, form_key: &form_key };
        let frame = counter.frame();
        let html = pages::ask(&frame, &asked).ok_or_else(|| away(&counter, &SentError::NotFound))?;
        Ok(counter.page(StatusCode::OK, |_| html))
    };
    either(answer.await)
}

/// `POST …/cancel`, `POST …/cancel/{link}`.
async fn cancel(side: Side, state: Arc<WebState>, caller: Caller, at: At, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(base(side), request).await?;
        let person = allowed(&counter, side, person)?;
        let (id, link) = named(&counter, &at)?;
        let cancelled = counter.exchange().cancel(&person, side, id, link, &caller.peer.to_string(), counter.now).await;
        let done = match cancelled.map_err(|error| away(&counter, &error))? {
            Cancelled::Whole => Done::DepositCancelled,
            Cancelled::One => Done::LinkCancelled,
        };
        Ok(counter.lead_to(&format!("{}/{id}", base(side)), Some(done)))
    };
    either(answer.await)
}

/// `POST …/extend`.
async fn extend(side: Side, state: Arc<WebState>, caller: Caller, at: At, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Until) = counter.own_form(base(side), request).await?;
        let person = allowed(&counter, side, person)?;
        let (id, _) = named(&counter, &at)?;
        match counter.exchange().extend(&person, side, id, &form.until, &caller.peer.to_string(), counter.now).await {
            Ok(_) => Ok(counter.lead_to(&format!("{}/{id}", base(side)), Some(Done::DepositExtended))),
            Err(SentError::Fault(fault)) => {
                show(&counter, side, &person, Some(id), Some((form.until.trim(), fault))).await
            }
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_one(side: Side, state: Arc<WebState>, caller: Caller, at: At) -> Response {
    let counter = Counter::new(&state, &caller);
    let path = at.deposit.map_or_else(|| base(side).to_owned(), |id| format!("{}/{id}", base(side)));
    counter.lead_to(&path, None)
}

/// The deposit, and the link where one is meant.
fn named(counter: &Counter<'_>, at: &At) -> Result<(DepositId, Option<LinkId>), First> {
    let named = match (at.deposit, &at.link) {
        (Some(id), None) => Some((id, None)),
        (Some(id), Some(Ok(link))) => Some((id, Some(*link))),
        (None, _) | (_, Some(Err(_))) => None,
    };
    named.ok_or_else(|| away(counter, &SentError::NotFound))
}
