//! What somebody with an account received (spec X-RECEIVE, ACCESS 3): the list, and a deposit with its files, for who is signed in. Whatever is not theirs is
//! not there for them, as an id that is nobody's. A link leads here whose account opens it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, State},
    http::{Method, StatusCode, Uri},
    middleware,
    response::Response,
    routing::get,
};
use fubako_base::ids::LinkId;
use fubako_exchange::{
    domain::account::sign_in_name,
    download::{DownloadError, LinkView, Opened},
    received::Received,
};

use crate::{
    WebState,
    counter::{Caller, Counter, First, either},
    download::{Giving, Wish},
    pages::{
        self as all_pages, Message, SignedIn,
        received::{self as pages, List},
    },
    places::{Place, RECEIVED},
    receive::{deposit, file_list, page_response, while_open},
};

/// Who comes to a link's page, where an account is a way to open it.
pub(crate) enum Come {
    /// Nobody who is signed in.
    Nobody,
    /// Somebody whose own it is, and where they open it.
    Theirs(Place),
    /// Somebody else.
    Other(SignedIn),
}

/// Who comes to a link's page.
pub(crate) async fn come(counter: &Counter<'_>, view: &LinkView) -> Come {
    if !view.offer.account || counter.secret().is_empty() {
        return Come::Nobody;
    }
    // That it cannot be told who is signed in costs a sign-in, and nothing else.
    let (exchange, caller) = (counter.exchange(), counter.caller);
    let Ok(Some(person)) = exchange.person(counter.secret(), caller.peer, counter.now).await else {
        return Come::Nobody;
    };
    match exchange.received_by(&caller.visitor.token, &person, counter.now).await {
        Ok(Some(link)) => Come::Theirs(Place::ReceivedOne(link)),
        Ok(None) => Come::Other(SignedIn { name: sign_in_name(&person.known.account), form_key: counter.form_key() }),
        Err(error) => {
            tracing::warn!(%error, "nobody knows whose a link is");
            Come::Nobody
        }
    }
}

/// The routes. While the exchange is closed nothing is handed over; the list is there.
pub(crate) fn routes(state: &Arc<WebState>) -> Router<Arc<WebState>> {
    let closing = Router::new()
        .route("/received/{link}", get(one))
        .route("/received/{link}/files/{number}", get(file))
        .route("/received/{link}/all.zip", get(zip))
        .route_layer(middleware::from_fn_with_state(Arc::clone(state), while_open));
    Router::new().route(RECEIVED, get(list)).merge(closing)
}

/// The link that an address names; none where it can be none.
struct At(Option<LinkId>);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for At {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let places = RawPathParams::from_request_parts(parts, state).await.ok();
        let link = places.iter().flatten().find_map(|(key, value)| (key == "link").then_some(value));
        Ok(Self(link.and_then(|id| id.parse().ok())))
    }
}

/// `GET /received`.
async fn list(State(state): State<Arc<WebState>>, caller: Caller, uri: Uri) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.member(counter.person(RECEIVED).await?)?;
        let query = uri.query().unwrap_or_default();
        let before = query.split('&').find_map(|pair| pair.strip_prefix("before=")).and_then(|id| id.parse().ok());
        let page = counter.exchange().received(&person, before, counter.now).await;
        let page = page.map_err(|error| refuse(&counter, None, error))?;
        let oneself = counter.oneself(&person.known);
        let list = List {
            base: RECEIVED,
            address: &oneself.address,
            first: before.is_none(),
            page: &page,
            zone: &oneself.time_zone,
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::list(frame, &list, counter.now)))
    };
    either(answer.await)
}

/// Whoever is signed in, and what they received by this link.
async fn wanted(counter: &Counter<'_>, At(link): At) -> Result<(LinkId, Received), First> {
    let place = link.map_or(Place::Received, Place::ReceivedOne);
    let person = counter.member(counter.person(&place.path()).await?)?;
    let link = link.ok_or_else(|| refuse(counter, None, DownloadError::NotFound))?;
    let found = counter.exchange().received_one(&person, link, counter.now).await;
    Ok((link, found.map_err(|error| refuse(counter, Some(link), error))?))
}

/// `GET /received/{link}`.
async fn one(State(state): State<Arc<WebState>>, caller: Caller, at: At) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (link, found) = wanted(&counter, at).await?;
        let (view, files) = match &found {
            Received::Opened(opened) => (&opened.view, file_list(opened)),
            Received::ByLink(view) => (view, Vec::new()),
        };
        let shown = deposit(view, Place::ReceivedOne(link).path());
        Ok(counter.page(StatusCode::OK, |frame| pages::one(frame, &shown, &files, counter.now)))
    };
    either(answer.await)
}

/// `GET` or `HEAD /received/{link}/files/{number}`.
async fn file(State(state): State<Arc<WebState>>, caller: Caller, at: At, method: Method) -> Response {
    let wish = Wish::One(caller.visitor.number);
    given(&Counter::new(&state, &caller), at, &method, wish).await
}

/// `GET` or `HEAD /received/{link}/all.zip`.
async fn zip(State(state): State<Arc<WebState>>, caller: Caller, at: At, method: Method) -> Response {
    given(&Counter::new(&state, &caller), at, &method, Wish::All).await
}

async fn given(counter: &Counter<'_>, at: At, method: &Method, wish: Wish) -> Response {
    let answer = async {
        let (link, found) = wanted(counter, at).await?;
        let refused = |error| refuse(counter, Some(link), error);
        let opened = opened(counter, found).map_err(refused)?;
        let said = |message| message_page(counter, Some(link), message);
        let (exchange, headers, mark) = (counter.exchange(), &counter.caller.headers, format!("received {link}"));
        let giving = Giving { exchange, opened: &opened, method, headers, said: &said, mark };
        giving.answer(wish).await.map_err(refused)
    };
    either(answer.await)
}

fn opened(counter: &Counter<'_>, found: Received) -> Result<Opened, DownloadError> {
    match found {
        Received::Opened(opened) => Ok(opened.asked_from(&counter.caller.peer.to_string())),
        Received::ByLink(_) => Err(DownloadError::NotProven),
    }
}

/// What is said when something cannot be had. Private causes go to the log.
fn refuse(counter: &Counter<'_>, link: Option<LinkId>, error: DownloadError) -> First {
    let message = match error {
        DownloadError::NotFound | DownloadError::NotProven => Message::NoPage,
        DownloadError::Expired => Message::Expired,
        DownloadError::Cancelled => Message::Cancelled,
        DownloadError::Unavailable(cause) => {
            tracing::warn!(
                link = link.map(tracing::field::display),
                cause,
                "what was received cannot be shown just now"
            );
            Message::Unavailable
        }
        DownloadError::Damaged(cause) => {
            tracing::error!(
                link = link.map(tracing::field::display),
                cause,
                "a file is damaged and was not handed over"
            );
            Message::Damaged
        }
        // Section, deposit and finding are in the log already.
        DownloadError::Infected { .. } => Message::Infected,
        DownloadError::Unscanned(_) => Message::NotScanned,
    };
    Box::new(message_page(counter, link, message))
}

/// A page that only says something, with the way back to the deposit where it is about a file.
fn message_page(counter: &Counter<'_>, link: Option<LinkId>, message: Message) -> Response {
    let plain = counter.said(message);
    let Some(link) = link.filter(|_| message.is_of_a_file()) else { return plain };
    let frame = counter.frame();
    let back = format!("{}{}", Place::ReceivedOne(link).path(), counter.caller.visitor.query());
    let mut response = page_response(plain.status(), &frame, all_pages::message(&frame, message, Some(&back)));
    if let Some(after) = plain.headers().get("retry-after") {
        response.headers_mut().insert("retry-after", after.clone());
    }
    response
}
