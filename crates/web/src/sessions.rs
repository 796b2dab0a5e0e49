//! One's own sessions (spec X-ACCOUNTS; ASVS 7.5.2): which there are, and ending one of them or all others, for the password.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use fubako_exchange::account::{Ended, Person, Which, session_mark};

use crate::{
    WebState,
    account::{give_back, take_try},
    counter::{Caller, Counter, First, ME, either, form},
    pages::{
        account::{Done, SessionLine},
        sessions::{self as pages, Trouble},
    },
    rate::network,
    receive::retry_after,
};

const SESSIONS: &str = "/me/sessions";

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    // A reload of what a POST gave asks for its address by GET.
    Router::new().route(SESSIONS, get(page)).route("/me/sessions/end", post(end).get(lead_to_sessions))
}

form!(End { which, password });

/// Somebody's sessions as they are listed, the newest first.
pub(crate) async fn lines(counter: &Counter<'_>, person: &Person) -> Result<Vec<SessionLine>, First> {
    let sessions = counter.exchange().sessions_of(person, counter.now).await;
    let here = network(counter.caller.peer);
    let this = person.session.hash;
    let lines = sessions.map_err(|error| counter.first(&error))?.into_iter().map(|session| SessionLine {
        mark: session_mark(&session.hash),
        made_at: session.made_at,
        seen_at: if session.hash == this { counter.now } else { session.seen_at },
        here: session.address.parse::<IpAddr>().is_ok_and(|address| network(address) == here),
        address: session.address,
        browser: session.browser,
        this: session.hash == this,
    });
    Ok(lines.collect())
}

/// `GET /me/sessions`.
async fn page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(SESSIONS).await?;
        asked(&counter, &person, "", None).await
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_sessions(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(SESSIONS, None)
}

/// The form, where there is a session to end.
async fn asked(
    counter: &Counter<'_>,
    person: &Person,
    which: &str,
    trouble: Option<Trouble>,
) -> Result<Response, First> {
    let lines = lines(counter, person).await?;
    if lines.iter().all(|line| line.this) {
        return Ok(counter.lead_to(ME, None));
    }
    let status = match trouble {
        None => StatusCode::OK,
        Some(Trouble::Refused) => StatusCode::FORBIDDEN,
        Some(Trouble::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
    };
    let who = counter.oneself(&person.known);
    let mut response = counter.page(status, |frame| pages::end(frame, &who, &lines, which, trouble));
    if let Some(Trouble::TooMany { seconds }) = trouble {
        retry_after(&mut response, seconds);
    }
    Ok(response)
}

/// `POST /me/sessions/end`: ends one other session, or all.
async fn end(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, End) = counter.own_form(SESSIONS, request).await?;
        if let Err(seconds) = take_try(&counter).await {
            return asked(&counter, &person, &form.which, Some(Trouble::TooMany { seconds })).await;
        }
        let which = if form.which == pages::ALL { Which::Others } else { Which::One(&form.which) };
        let address = caller.peer.to_string();
        let ended = counter.exchange().end_sessions(&person, which, &form.password, &address, counter.now).await;
        if !matches!(ended, Ok(Ended::Refused)) {
            give_back(&counter);
        }
        match ended.map_err(|error| counter.first(&error))? {
            Ended::Refused => asked(&counter, &person, &form.which, Some(Trouble::Refused)).await,
            Ended::Done if form.which == pages::ALL => Ok(counter.lead_to(ME, Some(Done::SignedOutElsewhere))),
            Ended::Done => Ok(counter.lead_to(ME, Some(Done::SignedOutThere))),
        }
    };
    either(answer.await)
}
