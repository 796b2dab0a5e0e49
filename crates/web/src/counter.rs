//! Whoever asks for a page of people with accounts: who they are, the forms that are theirs, and what is said to them (spec X-ACCOUNTS).
//!
//! A session's cookie is sent to all of us, so a form must show that a page of ours made it: by where the browser says it comes from
//! ([`guard::comes_from_us`]), and where somebody is signed in by a key that only their pages have ([`token::form_key`]).
//! No address is taken from a request to lead anywhere ([`crate::places`]).

use std::{convert::Infallible, net::IpAddr, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path, RawPathParams, Request, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use fubako_base::{Timestamp, ids::DepositId, section::Settings};
use fubako_exchange::{
    Exchange,
    account::{AccountError, Person},
    audit::By,
    domain::{
        account::{Entry, Known, Role, sign_in_name},
        second_factor::HALF_SECONDS,
    },
    token,
};
use serde::de::DeserializeOwned;

use crate::{
    WebState, forms, guard,
    pages::{
        Frame, Message,
        account::{Done, Oneself},
    },
    places::Place,
    receive::{bad_form, frame, page_response, said},
    refusals::refused_to,
    visitor::{Visitor, cookie},
};

/// Where whoever is signed in begins.
pub(crate) const ME: &str = "/me";
/// Where one signs in.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// Where one enters a code, after the password.
pub(crate) const CODE: &str = "/sign-in/code";
/// Where one signs out: whoever must do something first may leave instead.
pub(crate) const SIGN_OUT: &str = "/sign-out";
/// Where one changes the password.
pub(crate) const PASSWORD: &str = "/me/password";
/// Where one sets the second factor up.
pub(crate) const SECOND_FACTOR: &str = "/me/second-factor";

/// An answer that comes before the one that was wanted.
pub(crate) type First = Box<Response>;

/// Who asks.
pub(crate) struct Caller {
    pub(crate) visitor: Visitor,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: IpAddr,
    /// The draft that is meant, as the address has it.
    pub(crate) draft: Option<String>,
    /// What a page of ours that led here wants to have said.
    pub(crate) done: Option<Done>,
    /// The deposit whose id stands in the address.
    pub(crate) deposit: Option<DepositId>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let places = RawPathParams::from_request_parts(parts, state).await.ok();
        let deposit = places.iter().flatten().find_map(|(key, value)| (key == "deposit").then_some(value));
        let deposit = deposit.and_then(|id| id.parse().ok());
        let query = parts.uri.query().unwrap_or_default();
        let draft = query.split('&').find_map(|pair| pair.strip_prefix("draft=")).map(str::to_owned);
        let done = query.split('&').find_map(|pair| pair.strip_prefix("done=")).and_then(Done::read);
        Ok(Self { peer: visitor.peer, visitor, headers: parts.headers.clone(), draft, done, deposit })
    }
}

/// One request: its time, who asks, and what is said to them.
pub(crate) struct Counter<'a> {
    pub(crate) state: &'a WebState,
    pub(crate) caller: &'a Caller,
    pub(crate) now: Timestamp,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(state: &'a WebState, caller: &'a Caller) -> Self {
        Self { state, caller, now: (state.clock)() }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.state.exchange
    }

    pub(crate) fn frame(&self) -> Frame {
        frame(self.state, &self.caller.visitor, None)
    }

    pub(crate) fn page(&self, status: StatusCode, write: impl FnOnce(&Frame) -> String) -> Response {
        let frame = self.frame();
        let html = write(&frame);
        page_response(status, &frame, html)
    }

    pub(crate) fn said(&self, message: Message) -> Response {
        said(self.state, &self.caller.visitor, message)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.exchange().public_url().starts_with("https://")
    }

    /// `__Host-` keeps every other host, and whoever speaks plain HTTP in our name, from setting it (RFC 6265bis, 4.1.3.2).
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-fubako_session" } else { "fubako_session" }
    }

    /// The session's secret, as the cookie has it; empty where there is none.
    pub(crate) fn secret(&self) -> &str {
        cookie(&self.caller.headers, self.cookie_name()).unwrap_or_default()
    }

    /// The session's cookie: out of reach of scripts, gone with the browser. `Lax`, so that a link in a mail leads to a page of whoever is
    /// signed in; nothing changes on a GET. A secret is base64url.
    pub(crate) fn with_cookie(&self, response: Response, secret: &str) -> Response {
        let end = if secret.is_empty() { "; Max-Age=0" } else { "" };
        self.with(response, &format!("{}={secret}; Path=/{end}; HttpOnly; SameSite=Lax", self.cookie_name()))
    }

    fn half_cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-fubako_sign_in" } else { "fubako_sign_in" }
    }

    /// The secret of a sign-in that is half open, as its cookie has it; empty where there is none.
    pub(crate) fn half_secret(&self) -> &str {
        cookie(&self.caller.headers, self.half_cookie_name()).unwrap_or_default()
    }

    /// The cookie of a sign-in that is half open: for as long as it is good, and for pages of ours that pages of ours lead to.
    pub(crate) fn with_half(&self, response: Response, secret: &str) -> Response {
        let age = if secret.is_empty() { 0 } else { HALF_SECONDS };
        let name = self.half_cookie_name();
        self.with(response, &format!("{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"))
    }

    fn with(&self, mut response: Response, cookie: &str) -> Response {
        let secure = if self.is_https() { "; Secure" } else { "" };
        let cookie = format!("{cookie}{secure}");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// The id in a page's address; where it is none there is no such page.
    pub(crate) fn id<T: FromStr>(&self, id: Result<Path<String>, PathRejection>) -> Result<T, First> {
        let id = id.ok().and_then(|Path(id)| id.parse().ok());
        id.ok_or_else(|| Box::new(self.said(Message::NoPage)))
    }

    /// 303 to a page of ours.
    pub(crate) fn lead_to(&self, path: &str, done: Option<Done>) -> Response {
        let lang = self.caller.visitor.chosen.map(|lang| format!("lang={lang}"));
        let done = done.map(|done| format!("done={}", done.word()));
        let query: Vec<String> = lang.into_iter().chain(done).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{path}{mark}{}", query.join("&")))]).into_response()
    }

    /// What is said when nothing can be done just now. Private causes go to the log.
    pub(crate) fn failed(&self, error: &AccountError) -> Response {
        match error {
            AccountError::NotFound => self.said(Message::Invitation),
            AccountError::Elsewhere => self.said(Message::Elsewhere),
            error => {
                tracing::warn!(%error, "an account cannot be worked on");
                self.said(Message::Busy)
            }
        }
    }

    pub(crate) fn first(&self, error: &AccountError) -> First {
        Box::new(self.failed(error))
    }

    pub(crate) async fn form<T: DeserializeOwned>(&self, request: Request) -> Result<T, First> {
        let unread = |status| Box::new(bad_form(self.state, &self.caller.visitor, status));
        forms::read(request).await.map_err(unread)
    }

    /// Who is signed in; else the answer, which leads to where one signs in, and from there to the page that was `wanted` where that is a [`Place`]. Whoever must choose another password or set up a second factor gets there, and nowhere else.
    pub(crate) async fn person(&self, wanted: &str) -> Result<Person, First> {
        self.person_at(wanted, self.now).await
    }

    /// As [`Self::person`], when all that they sent has come: whoever is slow to send it may be somebody else by then, or nobody.
    pub(crate) async fn person_by_now(&self, wanted: &str) -> Result<Person, First> {
        self.person_at(wanted, (self.state.clock)()).await
    }

    async fn person_at(&self, wanted: &str, now: Timestamp) -> Result<Person, First> {
        let secret = self.secret();
        match self.exchange().person(secret, self.caller.peer, now).await {
            Ok(Some(person)) => {
                let first = match person.entry {
                    Entry::Open => return Ok(person),
                    Entry::MustChange => PASSWORD,
                    Entry::MustSecure => SECOND_FACTOR,
                };
                let may = wanted == first || wanted == SIGN_OUT;
                if may { Ok(person) } else { Err(Box::new(self.lead_to(first, None))) }
            }
            Ok(None) => {
                let over = (!secret.is_empty()).then_some(Done::Over);
                let sign_in = Place::after(&format!("{SIGN_IN}{wanted}")).sign_in();
                Err(Box::new(self.with_cookie(self.lead_to(&sign_in, over), "")))
            }
            Err(error) => Err(self.first(&error)),
        }
    }

    /// The operator who is signed in. Whoever is somebody else hears that there is no such page.
    pub(crate) fn operator(&self, person: Person) -> Result<Person, First> {
        if person.known.role() == Role::Operator { Ok(person) } else { Err(self.not_theirs(&person)) }
    }

    /// Somebody who belongs to a section. An operator hears that there is no such page.
    pub(crate) fn member(&self, person: Person) -> Result<Person, First> {
        if person.known.section.is_some() { Ok(person) } else { Err(self.not_theirs(&person)) }
    }

    /// An administrator of a section. Whoever is somebody else hears that there is no such page.
    pub(crate) fn administrator(&self, person: Person) -> Result<Person, First> {
        let is = person.known.role() == Role::Administrator;
        if is { Ok(person) } else { Err(self.not_theirs(&person)) }
    }

    /// There is no such page for them.
    fn not_theirs(&self, person: &Person) -> First {
        let (response, who) = (self.said(Message::NoPage), sign_in_name(&person.known.account));
        Box::new(refused_to(response, "a page of another role", who))
    }

    pub(crate) fn comes_from_us(&self) -> Result<(), First> {
        let from_us = guard::comes_from_us(&self.caller.headers, self.exchange().public_url());
        if from_us { Ok(()) } else { Err(Box::new(self.said(Message::Stale))) }
    }

    /// A form of somebody who is signed in, made by a page of theirs.
    pub(crate) async fn own_form<T: DeserializeOwned + HasKey>(
        &self,
        wanted: &str,
        request: Request,
    ) -> Result<(Person, T), First> {
        self.comes_from_us()?;
        // Of nobody anything is read.
        self.person(wanted).await?;
        let form: T = self.form(request).await?;
        self.fits(&form, &self.form_key())?;
        Ok((self.person_by_now(wanted).await?, form))
    }

    /// Whether a form has this key.
    pub(crate) fn fits(&self, form: &impl HasKey, key: &str) -> Result<(), First> {
        let hash = |text: &str| token::sha256(text.as_bytes());
        if token::same(&hash(form.key()), &hash(key)) { Ok(()) } else { Err(Box::new(self.said(Message::Stale))) }
    }

    /// Whoever is signed in, as the audit log knows them.
    pub(crate) fn by(&self, person: &Person) -> By {
        By::person(person, &self.caller.peer.to_string())
    }

    /// What the forms of whoever is signed in carry.
    pub(crate) fn form_key(&self) -> String {
        token::form_key(self.secret())
    }

    pub(crate) fn oneself(&self, known: &Known) -> Oneself {
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
            second_factor_at: account.second_factor_at,
            least: known.rules().least,
            form_key: self.form_key(),
        }
    }
}

/// A form with the key of a session's pages.
pub(crate) trait HasKey {
    fn key(&self) -> &str;
}

/// A form of somebody who is signed in: its fields, all of them texts.
macro_rules! form {
    ($name:ident { $($field:ident),* }) => {
        #[derive(Default, serde::Deserialize)]
        pub(crate) struct $name {
            #[serde(default)]
            form: String,
            $(#[serde(default)] pub(crate) $field: String,)*
        }
        impl $crate::counter::HasKey for $name {
            fn key(&self) -> &str {
                &self.form
            }
        }
    };
}

pub(crate) use form;

form!(Bare {});

/// The fields of a form of which some stand there more than once.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn one(&self, name: &str) -> &str {
        self.0.iter().find_map(|(field, value)| (field == name).then_some(value.as_str())).unwrap_or_default()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }
}

impl HasKey for Fields {
    fn key(&self) -> &str {
        self.one("form")
    }
}

/// An answer, or the answer that came first.
pub(crate) fn either(answer: Result<Response, First>) -> Response {
    answer.unwrap_or_else(|first| *first)
}
