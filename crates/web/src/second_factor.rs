//! The second factor (spec X-ACCOUNTS): the code after the password, and one's own: on, new recovery codes, off.
//!
//! A key and recovery codes are in the answer of the POST that made them, and on no page besides: loading it again asks for another.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use fubako_exchange::{
    account::{Person, Renewed},
    domain::account::{Entry, sign_in_name},
    second_factor::{Begun, Coded, Confirmed, NewCodes},
    token,
};

use crate::{
    WebState,
    account::{give_back, signed_in, take_try, too_many},
    browser,
    counter::{CODE, Caller, Counter, First, ME, SECOND_FACTOR, either, form},
    pages::{
        account::Done,
        second_factor::{self as pages, CodePage, CodeTrouble, Own, Trouble},
    },
    places::Place,
    receive::retry_after,
};

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    let mut routes = Router::new();
    for place in ["", "/approvals", "/approvals/{deposit}", "/received", "/received/{link}", "/d/{token}"] {
        routes = routes.route(&format!("{CODE}{place}"), get(code_page).post(enter_code));
    }
    routes
        .route(SECOND_FACTOR, get(own_page))
        .route("/me/second-factor/begin", post(begin).get(lead_to_own))
        .route("/me/second-factor/confirm", post(confirm).get(lead_to_own))
        .route("/me/second-factor/codes", post(new_codes).get(lead_to_own))
        .route("/me/second-factor/off", post(off).get(lead_to_own))
}

form!(Code { code });
form!(Password { password });
form!(Both { password, code });

/// What the form that asks for a code carries: nobody else's page has it.
fn half_key(counter: &Counter<'_>) -> String {
    token::form_key(counter.half_secret())
}

/// The password comes first.
fn password_first(counter: &Counter<'_>, place: &Place, done: Option<Done>) -> Response {
    counter.with_half(counter.lead_to(&place.sign_in(), done), "")
}

/// `GET /sign-in/code`, and below it the address of the page that one then wants.
async fn code_page(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    code_form(&counter, &Place::after(request.uri().path()), StatusCode::OK, None).await
}

/// The form that asks for a code, where a sign-in is half open.
async fn code_form(counter: &Counter<'_>, place: &Place, status: StatusCode, trouble: Option<CodeTrouble>) -> Response {
    let half = counter.exchange().half(counter.half_secret(), counter.caller.peer, counter.now).await;
    match half {
        Ok(Some(known)) => {
            let (path, back, form_key) = (place.code(), place.sign_in(), half_key(counter));
            let name = sign_in_name(&known.account);
            let page = CodePage { path: &path, back: &back, name: &name, form_key: &form_key, trouble };
            counter.page(status, |frame| pages::sign_in_code(frame, &page))
        }
        Ok(None) => {
            let late = (!counter.half_secret().is_empty()).then_some(Done::CodeLate);
            password_first(counter, place, late)
        }
        Err(error) => counter.failed(&error),
    }
}

/// `POST /sign-in/code`, and below it.
async fn enter_code(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let place = Place::after(request.uri().path());
    let answer = async {
        counter.comes_from_us()?;
        if counter.half_secret().is_empty() {
            return Ok(password_first(&counter, &place, None));
        }
        let form: Code = counter.form(request).await?;
        counter.fits(&form, &half_key(&counter))?;
        if form.code.trim().is_empty() {
            return Ok(code_form(&counter, &place, StatusCode::BAD_REQUEST, Some(CodeTrouble::Empty)).await);
        }
        if let Err(many) = state.guesses.take(caller.peer, counter.now) {
            let seconds = too_many(&counter, many).await;
            let trouble = Some(CodeTrouble::TooMany { seconds });
            let mut response = code_form(&counter, &place, StatusCode::TOO_MANY_REQUESTS, trouble).await;
            retry_after(&mut response, seconds);
            return Ok(response);
        }
        let browser = browser::name(&caller.headers);
        match counter.exchange().enter_code(counter.half_secret(), &form.code, caller.peer, &browser, counter.now).await
        {
            Ok(Coded::In(secret)) => {
                state.guesses.give_back(caller.peer);
                Ok(counter.with_half(signed_in(&counter, &place, &secret).await, ""))
            }
            Ok(Coded::Refused) => {
                Ok(code_form(&counter, &place, StatusCode::FORBIDDEN, Some(CodeTrouble::Refused)).await)
            }
            Ok(Coded::Over) => {
                state.guesses.give_back(caller.peer);
                Ok(password_first(&counter, &place, Some(Done::CodeLate)))
            }
            Err(error) => {
                state.guesses.give_back(caller.peer);
                Err(counter.first(&error))
            }
        }
    };
    either(answer.await)
}

/// `GET /me/second-factor`.
async fn own_page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(SECOND_FACTOR).await?;
        own(&counter, &person, None).await
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_own(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(SECOND_FACTOR, None)
}

/// The page of one's own second factor, as it stands after what was done.
async fn own(counter: &Counter<'_>, person: &Person, trouble: Option<Trouble>) -> Result<Response, First> {
    let standing = counter.exchange().second_factor(person, counter.now).await;
    let standing = standing.map_err(|error| counter.first(&error))?;
    let status = match trouble {
        None => StatusCode::OK,
        Some(Trouble::Refused | Trouble::CodesRefused) => StatusCode::FORBIDDEN,
        Some(Trouble::NotConfirmed | Trouble::Over) => StatusCode::BAD_REQUEST,
        Some(Trouble::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
    };
    let who = counter.oneself(&person.known);
    let page = Own { standing, must: person.entry == Entry::MustSecure, who: &who, trouble, done: counter.caller.done };
    let mut response = counter.page(status, |frame| pages::own(frame, &page));
    if let Some(Trouble::TooMany { seconds }) = trouble {
        retry_after(&mut response, seconds);
    }
    Ok(response)
}

/// `POST /me/second-factor/begin`: the key, once.
async fn begin(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Password) = counter.own_form(SECOND_FACTOR, request).await?;
        let peer = caller.peer.to_string();
        if let Err(seconds) = take_try(&counter).await {
            return own(&counter, &person, Some(Trouble::TooMany { seconds })).await;
        }
        let begun = counter.exchange().begin_second_factor(&person, &form.password, &peer, counter.now).await;
        if !matches!(begun, Ok(Begun::Refused)) {
            give_back(&counter);
        }
        match begun.map_err(|error| counter.first(&error))? {
            Begun::Key(key) => {
                let who = counter.oneself(&person.known);
                Ok(counter.page(StatusCode::OK, |frame| pages::key(frame, &who, &key)))
            }
            Begun::Refused => own(&counter, &person, Some(Trouble::Refused)).await,
            Begun::On => Ok(counter.lead_to(SECOND_FACTOR, None)),
        }
    };
    either(answer.await)
}

/// `POST /me/second-factor/confirm`: the recovery codes, once. All sessions end, and this browser gets a new one.
async fn confirm(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Code) = counter.own_form(SECOND_FACTOR, request).await?;
        let peer = caller.peer.to_string();
        let confirmed = counter.exchange().confirm_second_factor(&person, &form.code, &peer, counter.now).await;
        match confirmed.map_err(|error| counter.first(&error))? {
            Confirmed::On { session, codes } => {
                let page = counter.page(StatusCode::OK, |frame| pages::recovery(frame, &codes, true));
                Ok(counter.with_cookie(page, &session))
            }
            Confirmed::Wrong => own(&counter, &person, Some(Trouble::NotConfirmed)).await,
            Confirmed::Over => own(&counter, &person, Some(Trouble::Over)).await,
        }
    };
    either(answer.await)
}

/// `POST /me/second-factor/codes`: other recovery codes, once.
async fn new_codes(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Both) = counter.own_form(SECOND_FACTOR, request).await?;
        let peer = caller.peer.to_string();
        if let Err(seconds) = take_try(&counter).await {
            return own(&counter, &person, Some(Trouble::TooMany { seconds })).await;
        }
        let exchange = counter.exchange();
        let made = exchange.new_recovery_codes(&person, &form.password, &form.code, &peer, counter.now).await;
        if !matches!(made, Ok(NewCodes::Refused)) {
            give_back(&counter);
        }
        match made.map_err(|error| counter.first(&error))? {
            NewCodes::Made(codes) => Ok(counter.page(StatusCode::OK, |frame| pages::recovery(frame, &codes, false))),
            NewCodes::Refused => own(&counter, &person, Some(Trouble::CodesRefused)).await,
        }
    };
    either(answer.await)
}

/// `POST /me/second-factor/off`: all sessions end, and this browser gets a new one.
async fn off(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Both) = counter.own_form(SECOND_FACTOR, request).await?;
        let peer = caller.peer.to_string();
        if let Err(seconds) = take_try(&counter).await {
            return own(&counter, &person, Some(Trouble::TooMany { seconds })).await;
        }
        let exchange = counter.exchange();
        let ended = exchange.end_second_factor(&person, &form.password, &form.code, &peer, counter.now).await;
        if !matches!(ended, Ok(Renewed::Refused)) {
            give_back(&counter);
        }
        match ended.map_err(|error| counter.first(&error))? {
            Renewed::In(secret) => Ok(counter.with_cookie(counter.lead_to(ME, Some(Done::SecondFactorOff)), &secret)),
            Renewed::Refused => own(&counter, &person, Some(Trouble::Refused)).await,
        }
    };
    either(answer.await)
}
