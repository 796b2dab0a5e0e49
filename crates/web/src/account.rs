//! Signing in and one's own account (spec X-ACCOUNTS): invitations, sessions, the password.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri},
    response::Response,
    routing::{get, post},
};
use fubako_exchange::{
    account::{AccountError, Person, Renewed, SignIn},
    domain::account::{Entry, Known},
};
use serde::Deserialize;

use crate::{
    WebState, approvals, browser,
    counter::{Bare, Caller, Counter, ME, PASSWORD, SIGN_IN, SIGN_OUT, either, form},
    pages::account::{self as pages, Done, SignInForm, SignInTrouble, Unfit},
    places::Place,
    rate::TooMany,
    receive::retry_after,
    sessions, waits,
};

/// The routes of accounts.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    // A reload of what a POST gave asks for its address by GET.
    Router::new()
        .route(SIGN_IN, get(sign_in_page).post(sign_in))
        .route("/sign-in/approvals", get(sign_in_page).post(sign_in))
        .route("/sign-in/approvals/{deposit}", get(sign_in_page).post(sign_in))
        .route("/sign-in/received", get(sign_in_page).post(sign_in))
        .route("/sign-in/received/{link}", get(sign_in_page).post(sign_in))
        .route("/sign-in/d/{token}", get(sign_in_page).post(sign_in))
        .route(SIGN_OUT, post(sign_out).get(lead_to_me))
        .route("/invitation/{token}", get(invitation_page).post(accept_invitation))
        .route(ME, get(me))
        .route(PASSWORD, get(password_page).post(change_password))
}

form!(NewPassword { current, code, password, again });

#[derive(Deserialize)]
struct NameAndPassword {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// `GET /sign-in`, and below it the address of the page that one then wants.
async fn sign_in_page(State(state): State<Arc<WebState>>, caller: Caller, uri: Uri) -> Response {
    let counter = Counter::new(&state, &caller);
    let place = Place::after(uri.path());
    if counter.exchange().person(counter.secret(), caller.peer, counter.now).await.is_ok_and(|person| person.is_some())
    {
        return counter.lead_to(&place.path(), None);
    }
    let form = SignInForm { path: &place.sign_in(), name: "", trouble: None, done: caller.done };
    counter.page(StatusCode::OK, |frame| pages::sign_in(frame, &form))
}

/// `POST /sign-in`, and below it. The session that the browser has is given up for a new one. Whoever owes a code is led to where it is entered.
async fn sign_in(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let place = Place::after(request.uri().path());
    if let Err(first) = counter.comes_from_us() {
        return *first;
    }
    let form: NameAndPassword = match counter.form(request).await {
        Ok(form) => form,
        Err(first) => return *first,
    };
    let again = |status, trouble| {
        let path = place.sign_in();
        let form = SignInForm { path: &path, name: form.name.trim(), trouble: Some(trouble), done: None };
        counter.page(status, |frame| pages::sign_in(frame, &form))
    };
    if form.name.trim().is_empty() || form.password.is_empty() {
        return again(StatusCode::BAD_REQUEST, SignInTrouble::Empty);
    }
    if let Err(many) = state.guesses.take(caller.peer, counter.now) {
        let seconds = too_many(&counter, many).await;
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, SignInTrouble::TooMany { seconds });
        retry_after(&mut response, seconds);
        return response;
    }
    let browser = browser::name(&caller.headers);
    match counter.exchange().sign_in(&form.name, &form.password, caller.peer, &browser, counter.now).await {
        Ok(SignIn::In(secret)) => {
            state.guesses.give_back(caller.peer);
            signed_in(&counter, &place, &secret).await
        }
        Ok(SignIn::Half(secret)) => {
            state.guesses.give_back(caller.peer);
            counter.with_half(counter.lead_to(&place.code(), None), &secret)
        }
        Ok(SignIn::Refused) => again(StatusCode::FORBIDDEN, SignInTrouble::Refused),
        Err(error) => {
            state.guesses.give_back(caller.peer);
            counter.failed(&error)
        }
    }
}

/// Of tries that are not taken the first is recorded; gives the seconds to wait.
pub(crate) async fn too_many(counter: &Counter<'_>, many: TooMany) -> u64 {
    if many.first {
        counter.exchange().too_many_sign_ins(counter.caller.peer, counter.now).await;
    }
    waits::seconds_until(counter.now, many.until)
}

/// Takes a try of the network of somebody who proves anew who they are, as at a sign-in.
///
/// # Errors
/// The seconds to wait.
pub(crate) async fn take_try(counter: &Counter<'_>) -> Result<(), u64> {
    match counter.state.guesses.take(counter.caller.peer, counter.now) {
        Ok(()) => Ok(()),
        Err(many) => Err(too_many(counter, many).await),
    }
}

/// The try was no wrong one.
pub(crate) fn give_back(counter: &Counter<'_>) {
    counter.state.guesses.give_back(counter.caller.peer);
}

/// A new session, in place of the one before, and on to the page that was wanted.
pub(crate) async fn signed_in(counter: &Counter<'_>, place: &Place, secret: &str) -> Response {
    let address = counter.caller.peer.to_string();
    if let Err(error) = counter.exchange().sign_out(counter.secret(), &address, counter.now).await {
        tracing::warn!(%error, "the session before could not be ended");
    }
    counter.with_cookie(counter.lead_to(&place.path(), None), secret)
}

/// `POST /sign-out`: ends the session, here and in the browser.
async fn sign_out(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.own_form::<Bare>(SIGN_OUT, request).await?;
        let address = caller.peer.to_string();
        let out = counter.exchange().sign_out(counter.secret(), &address, counter.now).await;
        out.map_err(|error| counter.first(&error))?;
        let mut response = counter.with_cookie(counter.lead_to(SIGN_IN, Some(Done::SignedOut)), "");
        response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
        Ok(response)
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_me(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(ME, None)
}

/// `GET /invitation/{token}`: a mail scanner that opens every link changes nothing.
async fn invitation_page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    match counter.exchange().invited(&caller.visitor.token, caller.peer, counter.now).await {
        Ok(known) => invited(&counter, &known, None),
        Err(error) => counter.failed(&error),
    }
}

fn invited(counter: &Counter<'_>, known: &Known, unfit: Option<Unfit>) -> Response {
    let status = if unfit.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let path = format!("/invitation/{}", counter.caller.visitor.token);
    let until = known.account.invitation_until.unwrap_or(counter.now);
    counter.page(status, |frame| pages::invitation(frame, &counter.oneself(known), &path, until, unfit))
}

/// `POST /invitation/{token}`: sets the password, once. Then one signs in with it.
async fn accept_invitation(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.comes_from_us()?;
        let form: NewPassword = counter.form(request).await?;
        let (exchange, token) = (counter.exchange(), &caller.visitor.token);
        let known = exchange.invited(token, caller.peer, counter.now).await.map_err(|error| counter.first(&error))?;
        if form.password != form.again {
            return Ok(invited(&counter, &known, Some(Unfit::Differs)));
        }
        match exchange.accept_invitation(token, &form.password, caller.peer, counter.now).await {
            Ok(()) => Ok(counter.lead_to(SIGN_IN, Some(Done::PasswordSet))),
            Err(AccountError::Fault(fault)) => Ok(invited(&counter, &known, Some(Unfit::Fault(fault)))),
            Err(error) => Err(counter.first(&error)),
        }
    };
    either(answer.await)
}

/// `GET /me`.
async fn me(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(ME).await?;
        let sessions = sessions::lines(&counter, &person).await?;
        let oneself = counter.oneself(&person.known);
        let waiting = approvals::count(&counter, &person).await?;
        Ok(counter.page(StatusCode::OK, |frame| pages::me(frame, &oneself, &sessions, waiting, caller.done)))
    };
    either(answer.await)
}

/// `GET /me/password`.
async fn password_page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    match counter.person(PASSWORD).await {
        Ok(person) => password_form(&counter, &person, None),
        Err(first) => *first,
    }
}

fn password_form(counter: &Counter<'_>, person: &Person, unfit: Option<Unfit>) -> Response {
    let status = match unfit {
        None => StatusCode::OK,
        Some(Unfit::WrongCurrent) => StatusCode::FORBIDDEN,
        Some(Unfit::Differs | Unfit::Fault(_)) => StatusCode::BAD_REQUEST,
        Some(Unfit::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
    };
    let must = person.entry == Entry::MustChange;
    let mut page = counter.page(status, |frame| pages::password(frame, &counter.oneself(&person.known), must, unfit));
    if let Some(Unfit::TooMany { seconds }) = unfit {
        retry_after(&mut page, seconds);
    }
    page
}

/// `POST /me/password`: all sessions end, and this browser gets a new one.
async fn change_password(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, NewPassword) = counter.own_form(PASSWORD, request).await?;
        if form.password != form.again {
            return Ok(password_form(&counter, &person, Some(Unfit::Differs)));
        }
        if let Err(seconds) = take_try(&counter).await {
            return Ok(password_form(&counter, &person, Some(Unfit::TooMany { seconds })));
        }
        let address = caller.peer.to_string();
        let (current, code, new) = (&form.current, &form.code, &form.password);
        let renewed = counter.exchange().change_password(&person, current, code, new, &address, counter.now).await;
        if !matches!(renewed, Ok(Renewed::Refused)) {
            give_back(&counter);
        }
        let unfit = match renewed {
            Ok(Renewed::In(secret)) => {
                return Ok(counter.with_cookie(counter.lead_to(ME, Some(Done::PasswordChanged)), &secret));
            }
            Ok(Renewed::Refused) => Unfit::WrongCurrent,
            Err(AccountError::Fault(fault)) => Unfit::Fault(fault),
            Err(error) => return Err(counter.first(&error)),
        };
        Ok(password_form(&counter, &person, Some(unfit)))
    };
    either(answer.await)
}
