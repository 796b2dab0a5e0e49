//! Signing in and one's own account (spec X-ACCOUNTS): invitations, sessions, the password.
//!
//! A session's cookie is sent to all of us, so a form must show that a page of ours made it: by where the browser says it comes from
//! ([`guard::comes_from_us`]), and where somebody is signed in by a key that only their pages have ([`token::form_key`]).
//! No address is taken from a request to lead anywhere.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use fubako_base::{Timestamp, section::Settings};
use fubako_exchange::{
    Exchange,
    account::{AccountError, Person, SignIn},
    domain::account::{Entry, Known, sign_in_name},
    token,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Peer, WebState, forms, guard,
    pages::{
        Frame, Message,
        account::{self as pages, Done, Oneself, SignInForm, SignInTrouble, Unfit},
    },
    receive::{bad_form, frame, page_response, retry_after, said},
    visitor::{Visitor, cookie},
    waits,
};

/// Where whoever is signed in begins.
const ME: &str = "/me";
const SIGN_IN: &str = "/sign-in";
const PASSWORD: &str = "/me/password";

/// The routes of accounts.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    // A reload of what a POST gave asks for its address by GET.
    Router::new()
        .route(SIGN_IN, get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out).get(lead_to_me))
        .route("/invitation/{token}", get(invitation_page).post(accept_invitation))
        .route(ME, get(me))
        .route(PASSWORD, get(password_page).post(change_password))
        .route("/me/sessions/end", post(end_others).get(lead_to_me))
}

/// An answer that comes before the one that was wanted.
type First = Box<Response>;

/// Who asks.
struct Caller {
    visitor: Visitor,
    headers: HeaderMap,
    peer: IpAddr,
    /// What a page of ours that led here wants to have said.
    done: Option<Done>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| *peer);
        let query = parts.uri.query().unwrap_or_default();
        let done = query.split('&').find_map(|pair| pair.strip_prefix("done=")).and_then(Done::read);
        Ok(Self { visitor, headers: parts.headers.clone(), peer, done })
    }
}

/// One request: its time, who asks, and what is said to them.
struct Counter<'a> {
    state: &'a WebState,
    caller: &'a Caller,
    now: Timestamp,
}

impl<'a> Counter<'a> {
    fn new(state: &'a WebState, caller: &'a Caller) -> Self {
        Self { state, caller, now: (state.clock)() }
    }

    fn exchange(&self) -> &Exchange {
        &self.state.exchange
    }

    fn frame(&self) -> Frame {
        frame(self.state, &self.caller.visitor, None)
    }

    fn page(&self, status: StatusCode, write: impl FnOnce(&Frame) -> String) -> Response {
        let frame = self.frame();
        let html = write(&frame);
        page_response(status, &frame, html)
    }

    fn said(&self, message: Message) -> Response {
        said(self.state, &self.caller.visitor, message)
    }

    fn is_https(&self) -> bool {
        self.exchange().public_url().starts_with("https://")
    }

    /// `__Host-` keeps every other host, and whoever speaks plain HTTP in our name, from setting it (RFC 6265bis, 4.1.3.2).
    fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-fubako_session" } else { "fubako_session" }
    }

    /// The session's secret, as the cookie has it; empty where there is none.
    fn secret(&self) -> &str {
        cookie(&self.caller.headers, self.cookie_name()).unwrap_or_default()
    }

    /// The session's cookie: out of reach of scripts, gone with the browser. `Lax`, so that a link in a mail leads to a page of whoever is
    /// signed in; nothing changes on a GET. A secret is base64url.
    fn with_cookie(&self, mut response: Response, secret: &str) -> Response {
        let secure = if self.is_https() { "; Secure" } else { "" };
        let end = if secret.is_empty() { "; Max-Age=0" } else { "" };
        let cookie = format!("{}={secret}; Path=/{end}; HttpOnly; SameSite=Lax{secure}", self.cookie_name());
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// 303 to a page of ours.
    fn lead_to(&self, path: &str, done: Option<Done>) -> Response {
        let lang = self.caller.visitor.chosen.map(|lang| format!("lang={lang}"));
        let done = done.map(|done| format!("done={}", done.word()));
        let query: Vec<String> = lang.into_iter().chain(done).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{path}{mark}{}", query.join("&")))]).into_response()
    }

    /// What is said when nothing can be done just now. Private causes go to the log.
    fn failed(&self, error: &AccountError) -> Response {
        match error {
            AccountError::NotFound => self.said(Message::Invitation),
            error => {
                tracing::warn!(%error, "an account cannot be worked on");
                self.said(Message::Busy)
            }
        }
    }

    fn first(&self, error: &AccountError) -> First {
        Box::new(self.failed(error))
    }

    async fn form<T: DeserializeOwned>(&self, request: Request) -> Result<T, First> {
        let unread = |status| Box::new(bad_form(self.state, &self.caller.visitor, status));
        forms::read(request).await.map_err(unread)
    }

    /// Who is signed in; else the answer, which leads to where one signs in. Whoever must choose another password gets there, and nowhere else.
    async fn person(&self, wanted: &str) -> Result<Person, First> {
        let secret = self.secret();
        match self.exchange().person(secret, self.now).await {
            Ok(Some(person)) if person.entry == Entry::MustChange && wanted != PASSWORD => {
                Err(Box::new(self.lead_to(PASSWORD, None)))
            }
            Ok(Some(person)) => Ok(person),
            Ok(None) => {
                let over = (!secret.is_empty()).then_some(Done::Over);
                Err(Box::new(self.with_cookie(self.lead_to(SIGN_IN, over), "")))
            }
            Err(error) => Err(self.first(&error)),
        }
    }

    fn comes_from_us(&self) -> Result<(), First> {
        let from_us = guard::comes_from_us(&self.caller.headers, self.exchange().public_url());
        if from_us { Ok(()) } else { Err(Box::new(self.said(Message::Stale))) }
    }

    /// A form of somebody who is signed in, made by a page of theirs.
    async fn own_form<T: DeserializeOwned + HasKey>(
        &self,
        wanted: &str,
        request: Request,
    ) -> Result<(Person, T), First> {
        self.comes_from_us()?;
        let person = self.person(wanted).await?;
        let form: T = self.form(request).await?;
        let hash = |text: &str| token::sha256(text.as_bytes());
        if !token::same(&hash(form.key()), &hash(&token::form_key(self.secret()))) {
            return Err(Box::new(self.said(Message::Stale)));
        }
        Ok((person, form))
    }

    fn oneself(&self, known: &Known) -> Oneself {
        let account = &known.account;
        let section = known.section.as_ref();
        let zone = section.map_or_else(|| Settings::default().time_zone, |section| section.settings.time_zone.clone());
        Oneself {
            sign_in_name: sign_in_name(account),
            name: account.name.clone(),
            address: account.address.clone(),
            section_name: section.map(|section| section.name.clone()),
            role: known.role(),
            time_zone: zone,
            password_set_at: account.password_set_at,
            password_expires_at: known.expires_at(),
            least: known.rules().least,
            form_key: token::form_key(self.secret()),
        }
    }
}

/// A form with the key of a session's pages.
trait HasKey {
    fn key(&self) -> &str;
}

macro_rules! form {
    ($name:ident { $($field:ident),* }) => {
        #[derive(Deserialize)]
        struct $name {
            #[serde(default)]
            form: String,
            $(#[serde(default)] $field: String,)*
        }
        impl HasKey for $name {
            fn key(&self) -> &str {
                &self.form
            }
        }
    };
}

form!(Bare {});
form!(NewPassword { current, password, again });

#[derive(Deserialize)]
struct NameAndPassword {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// An answer, or the answer that came first.
fn either(answer: Result<Response, First>) -> Response {
    answer.unwrap_or_else(|first| *first)
}

/// `GET /sign-in`.
async fn sign_in_page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    if counter.exchange().person(counter.secret(), counter.now).await.is_ok_and(|person| person.is_some()) {
        return counter.lead_to(ME, None);
    }
    let form = SignInForm { name: "", trouble: None, done: caller.done };
    counter.page(StatusCode::OK, |frame| pages::sign_in(frame, &form))
}

/// `POST /sign-in`. The session that the browser has is given up for a new one.
async fn sign_in(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    if let Err(first) = counter.comes_from_us() {
        return *first;
    }
    let form: NameAndPassword = match counter.form(request).await {
        Ok(form) => form,
        Err(first) => return *first,
    };
    let again = |status, trouble| {
        let form = SignInForm { name: form.name.trim(), trouble: Some(trouble), done: None };
        counter.page(status, |frame| pages::sign_in(frame, &form))
    };
    if form.name.trim().is_empty() || form.password.is_empty() {
        return again(StatusCode::BAD_REQUEST, SignInTrouble::Empty);
    }
    if let Err(until) = state.guesses.take(caller.peer, counter.now) {
        let seconds = waits::seconds_until(counter.now, until);
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, SignInTrouble::TooMany { seconds });
        retry_after(&mut response, seconds);
        return response;
    }
    let address = caller.peer.to_string();
    match counter.exchange().sign_in(&form.name, &form.password, &address, counter.now).await {
        Ok(SignIn::In(secret)) => {
            state.guesses.give_back(caller.peer);
            if let Err(error) = counter.exchange().sign_out(counter.secret()).await {
                tracing::warn!(%error, "the session before could not be ended");
            }
            counter.with_cookie(counter.lead_to(ME, None), &secret)
        }
        Ok(SignIn::Refused) => again(StatusCode::FORBIDDEN, SignInTrouble::Refused),
        Err(error) => {
            state.guesses.give_back(caller.peer);
            counter.failed(&error)
        }
    }
}

/// `POST /sign-out`: ends the session, here and in the browser.
async fn sign_out(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    // Whoever must choose another password may leave instead.
    let answer = async {
        counter.own_form::<Bare>(PASSWORD, request).await?;
        counter.exchange().sign_out(counter.secret()).await.map_err(|error| counter.first(&error))?;
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
    match counter.exchange().invited(&caller.visitor.token, counter.now).await {
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
        let known = exchange.invited(token, counter.now).await.map_err(|error| counter.first(&error))?;
        if form.password != form.again {
            return Ok(invited(&counter, &known, Some(Unfit::Differs)));
        }
        match exchange.accept_invitation(token, &form.password, counter.now).await {
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
        let sessions = counter.exchange().sessions_of(&person, counter.now).await;
        let sessions: Vec<pages::SessionLine> = sessions
            .map_err(|error| counter.first(&error))?
            .into_iter()
            .map(|session| pages::SessionLine {
                made_at: session.made_at,
                seen_at: if session.hash == person.session.hash { counter.now } else { session.seen_at },
                address: session.address,
                this: session.hash == person.session.hash,
            })
            .collect();
        let oneself = counter.oneself(&person.known);
        Ok(counter.page(StatusCode::OK, |frame| pages::me(frame, &oneself, &sessions, caller.done)))
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
    };
    let must = person.entry == Entry::MustChange;
    counter.page(status, |frame| pages::password(frame, &counter.oneself(&person.known), must, unfit))
}

/// `POST /me/password`: all sessions end, and this browser gets a new one.
async fn change_password(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, NewPassword) = counter.own_form(PASSWORD, request).await?;
        if form.password != form.again {
            return Ok(password_form(&counter, &person, Some(Unfit::Differs)));
        }
        let address = caller.peer.to_string();
        let (exchange, now) = (counter.exchange(), counter.now);
        let unfit = match exchange.change_password(&person, &form.current, &form.password, &address, now).await {
            Ok(SignIn::In(secret)) => {
                return Ok(counter.with_cookie(counter.lead_to(ME, Some(Done::PasswordChanged)), &secret));
            }
            Ok(SignIn::Refused) => Unfit::WrongCurrent,
            Err(AccountError::Fault(fault)) => Unfit::Fault(fault),
            Err(error) => return Err(counter.first(&error)),
        };
        Ok(password_form(&counter, &person, Some(unfit)))
    };
    either(answer.await)
}

/// `POST /me/sessions/end`: signs out everywhere else.
async fn end_others(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(ME, request).await?;
        counter.exchange().sign_out_elsewhere(&person).await.map_err(|error| counter.first(&error))?;
        Ok(counter.lead_to(ME, Some(Done::SignedOutElsewhere)))
    };
    either(answer.await)
}
