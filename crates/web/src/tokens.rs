//! A section's tokens for programs, for its administrators (spec X-API). Everybody else hears that there is no such page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
    routing::get,
};
use fubako_base::{ids::ApiTokenId, scope::Scope};
use fubako_exchange::{
    account::Person,
    api_tokens::{ApiToken, TokenError},
    domain::api_tokens::{NewToken, TokenFault},
};

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, Fields, First, either},
    pages::{
        Message,
        account::Done,
        tokens::{self as pages, TokenForm},
    },
};

const TOKENS: &str = "/section/tokens";

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new().route(TOKENS, get(tokens).post(make)).route("/section/tokens/{id}/remove", get(ask).post(revoke))
}

/// `GET /section/tokens`.
async fn tokens(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.administrator(counter.person(TOKENS).await?)?;
        page(&counter, &person, &NewToken { days: Some(90), ..NewToken::default() }, "90", &[]).await
    };
    either(answer.await)
}

/// `POST /section/tokens`: makes a token, and shows its secret: this once.
async fn make(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(TOKENS, request).await?;
        let person = counter.administrator(person)?;
        let entered_days = fields.one("days").trim();
        let scope = |word: String| word.parse::<Scope>().ok();
        let new = NewToken {
            name: fields.one("name").trim().to_owned(),
            scopes: fields.all("scope").into_iter().filter_map(scope).collect(),
            days: entered_days.parse().ok(),
        };
        let peer = caller.peer.to_string();
        match counter.exchange().make_api_token(&person, &new, &peer, counter.now).await {
            Ok((token, secret)) => {
                let zone = counter.oneself(&person.known).time_zone;
                let write = |frame: &_| pages::made(frame, &token, secret.expose(), &zone);
                Ok(counter.page(StatusCode::OK, write))
            }
            Err(TokenError::Faults(faults)) => page(&counter, &person, &new, entered_days, &faults).await,
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET /section/tokens/{id}/remove`: asks once more.
async fn ask(State(state): State<Arc<WebState>>, caller: Caller, id: Result<Path<String>, PathRejection>) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.administrator(counter.person(TOKENS).await?)?;
        let token = one(&counter, &person, id).await?;
        Ok(counter.page(StatusCode::OK, |frame| pages::ask(frame, &token, &counter.form_key())))
    };
    either(answer.await)
}

/// `POST /section/tokens/{id}/remove`: revokes a token.
async fn revoke(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(TOKENS, request).await?;
        let person = counter.administrator(person)?;
        let id = one(&counter, &person, id).await?.id;
        let peer = caller.peer.to_string();
        let revoked = counter.exchange().revoke_api_token(&person, id, &peer, counter.now);
        revoked.await.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(TOKENS, Some(Done::TokenRevoked)))
    };
    either(answer.await)
}

/// The token of the administrator's section with this id.
async fn one(
    counter: &Counter<'_>,
    person: &Person,
    id: Result<Path<String>, PathRejection>,
) -> Result<ApiToken, First> {
    let id: ApiTokenId = counter.id(id)?;
    let tokens = counter.exchange().api_tokens(person).await.map_err(|error| away(counter, &error))?;
    let found = tokens.into_iter().find(|token| token.id == id);
    found.ok_or_else(|| away(counter, &TokenError::NotFound))
}

/// The page, with the form as it was filled in where that was not taken.
async fn page(
    counter: &Counter<'_>,
    person: &Person,
    entered: &NewToken,
    days: &str,
    faults: &[TokenFault],
) -> Result<Response, First> {
    let tokens = counter.exchange().api_tokens(person).await.map_err(|error| away(counter, &error))?;
    let form = TokenForm {
        entered,
        days,
        faults,
        autopilot: person.administered().is_some_and(|section| section.autopilot),
        form_key: &counter.form_key(),
        zone: &counter.oneself(&person.known).time_zone,
        done: counter.caller.done,
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok(counter.page(status, |frame| pages::tokens(frame, &tokens, &form, counter.now)))
}

fn away(counter: &Counter<'_>, error: &TokenError) -> First {
    Box::new(counter.said(match error {
        TokenError::NotFound => Message::NoPage,
        error => {
            tracing::warn!(%error, "tokens for programs cannot be worked on");
            Message::Busy
        }
    }))
}
