//! The recipient's page (spec X-RECEIVE, ACCESS 1): look at a link, prove oneself, see the files, leave.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use fubako_base::{Lang, Timestamp, hex};
use fubako_exchange::{
    Exchange,
    download::{DownloadError, FileView, LinkView, Opened, Proof},
    token,
};
use serde::Deserialize;

use crate::{
    WebState, account, announced, approvals, assets, audit, code,
    counter::{Caller, Counter},
    download, forms, guard, hosts, mail_link, manual, members, operator,
    pages::{self, AccountWay, Deposit, File, Frame, Message, SignedIn, Trouble},
    places::Place,
    policies,
    received::{self, Come},
    refusals::refused,
    second_factor, sending, sent, sessions, tokens, uploads, usage,
    visitor::{SESSION_COOKIE, Visitor},
    waits,
};

/// Octets that a form may have: a password and its name.
const MAX_FORM: usize = 8 * 1024;
/// Seconds after which a temporary problem may be gone.
const RETRY_SECONDS: u64 = 30;

/// The pages' routes.
pub(crate) fn router(state: WebState) -> Router {
    let state = Arc::new(state);
    let links = Router::new()
        .route("/d/{token}", get(page))
        // A reload of the page that a wrong password gave asks for these addresses by GET.
        .route("/d/{token}/open", post(open).get(back))
        .route("/d/{token}/code", post(code::ask).get(back))
        .route("/d/{token}/code/open", post(code::open).get(back))
        .route("/d/{token}/close", post(close).get(back))
        .route("/d/{token}/files/{number}", get(download::file))
        .route("/d/{token}/all.zip", get(download::zip))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), while_open));
    let sending = sending::routes()
        .merge(uploads::routes())
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), while_open));
    Router::new()
        .route("/", get(home))
        .route("/healthz", get(health))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .route("/assets/{asset}", get(asset))
        .merge(links)
        .merge(manual::routes())
        .merge(account::routes())
        .merge(sessions::routes())
        .merge(second_factor::routes())
        .merge(approvals::routes(&state))
        .merge(received::routes(&state))
        .merge(operator::routes())
        .merge(members::routes())
        .merge(policies::routes())
        .merge(mail_link::routes())
        .merge(usage::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
        .merge(sent::routes())
        .merge(sending)
        .method_not_allowed_fallback(wrong_method)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), announced::bring))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), hosts::gate))
        .with_state(state)
}

/// Hands nothing over while the exchange is closed (spec X-OPERATOR). Who is in the middle of a download may end it.
pub(crate) async fn while_open(
    State(state): State<Arc<WebState>>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let now = (state.clock)();
    match state.exchange.closed_until(now).await {
        Ok(None) => next.run(request).await,
        Ok(Some(until)) => {
            let mut response = said(&state, &visitor, Message::Maintenance(until));
            retry_after(&mut response, waits::seconds_until(now, until));
            response
        }
        Err(error) => {
            tracing::warn!(%error, "nobody knows whether the exchange is closed");
            said(&state, &visitor, Message::Unavailable)
        }
    }
}

/// The way to the exchange for one request: its time, its reader.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a WebState,
    pub(crate) visitor: &'a Visitor,
    pub(crate) now: Timestamp,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(state: &'a WebState, visitor: &'a Visitor) -> Self {
        Self { state, visitor, now: (state.clock)() }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.state.exchange
    }

    /// The link's page. The visitor's token is base64url or empty, so nothing else gets into an address.
    pub(crate) fn path(&self) -> String {
        format!("/d/{}", self.visitor.token)
    }

    /// The files, for the reader's session.
    pub(crate) async fn opened(&self) -> Result<Opened, DownloadError> {
        if self.visitor.session.is_empty() {
            // The link itself still decides what is said: absent, expired, or not proven.
            self.exchange().look(&self.visitor.token, self.now).await?;
            return Err(DownloadError::NotProven);
        }
        let opened = self.exchange().opened(&self.visitor.token, &self.visitor.session, self.now).await?;
        Ok(opened.asked_from(&self.visitor.peer.to_string()))
    }

    /// The link, as this browser sees it.
    pub(crate) async fn look(&self) -> Result<LinkView, DownloadError> {
        self.exchange().look_from(&self.visitor.token, &self.visitor.browser, self.now).await
    }

    /// What a link that is looked at gives: the page with the forms.
    pub(crate) fn password_page(&self, view: &LinkView, trouble: Trouble) -> Response {
        self.proving_page(view, None, trouble)
    }

    /// The same for somebody who is signed in with an account that does not open it.
    fn proving_page(&self, view: &LinkView, other: Option<SignedIn>, trouble: Trouble) -> Response {
        let (status, wait) = match trouble {
            Trouble::None => (StatusCode::OK, None),
            Trouble::NotProven | Trouble::Wrong { .. } | Trouble::CodeWrong { .. } | Trouble::CodeOver => {
                (StatusCode::FORBIDDEN, None)
            }
            Trouble::Empty | Trouble::CodeEmpty => (StatusCode::BAD_REQUEST, None),
            Trouble::Wait { until } | Trouble::Locked { until } | Trouble::AskWait { until } => {
                (StatusCode::TOO_MANY_REQUESTS, Some(until))
            }
        };
        let frame = self.frame(view);
        let place = Place::Link(self.visitor.token.clone());
        let sign_in = format!("{}{}", self.exchange().public_url(), place.sign_in());
        let account = view.offer.account.then_some(AccountWay { sign_in, other });
        let shown = Deposit { account, ..deposit(view, self.path()) };
        let html = pages::password(&frame, &shown, trouble, self.now);
        let mut response = page_response(status, &frame, html);
        if let Some(until) = wait {
            retry_after(&mut response, waits::seconds_until(self.now, until));
        }
        response
    }

    /// By what the log tells this link's downloads from others'.
    pub(crate) fn mark(&self) -> String {
        fingerprint(&self.visitor.token)
    }

    fn frame(&self, view: &LinkView) -> Frame {
        frame(self.state, self.visitor, view.lang)
    }

    /// A page that only says something.
    pub(crate) fn said(&self, message: Message) -> Response {
        said(self.state, self.visitor, message)
    }

    /// What is said when files cannot be had. Private causes go to the log.
    pub(crate) async fn refuse(&self, error: DownloadError) -> Response {
        let link = fingerprint(&self.visitor.token);
        let message = match error {
            DownloadError::NotProven => match self.look().await {
                Ok(view) => return self.password_page(&view, standing(&view, self.now, Trouble::NotProven)),
                Err(DownloadError::Expired) => Message::Expired,
                Err(DownloadError::Cancelled) => Message::Cancelled,
                Err(DownloadError::NotFound | DownloadError::NotProven) => Message::NotFound,
                Err(error) => {
                    tracing::warn!(%link, %error, "a link cannot be looked at");
                    Message::Unavailable
                }
            },
            DownloadError::NotFound => Message::NotFound,
            DownloadError::Expired => Message::Expired,
            DownloadError::Cancelled => Message::Cancelled,
            DownloadError::Unavailable(cause) => {
                tracing::warn!(%link, cause, "files cannot be handed over just now");
                Message::Unavailable
            }
            DownloadError::Damaged(cause) => {
                tracing::error!(%link, cause, "a file is damaged and was not handed over");
                Message::Damaged
            }
            // Section, deposit and finding are in the log already.
            DownloadError::Infected { .. } => Message::Infected,
            DownloadError::Unscanned(_) => Message::NotScanned,
        };
        self.said(message)
    }
}

/// Some hex digits by which a log line's link is told from others, and by which nobody can open it.
fn fingerprint(token: &str) -> String {
    hex::encode(&token::sha256(token.as_bytes())[..4])
}

pub(crate) fn frame(state: &WebState, visitor: &Visitor, deposit: Option<Lang>) -> Frame {
    let lang = visitor.lang(deposit);
    Frame {
        lang,
        brand: state.exchange.brand().to_owned(),
        unscanned: state.exchange.scanner_is_none(),
        chosen: visitor.chosen.is_some(),
        announced: visitor.announced.in_words(lang),
    }
}

pub(crate) fn page_response(status: StatusCode, frame: &Frame, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(frame.lang.tag())),
    ];
    (status, headers, html).into_response()
}

/// A page that only says something.
pub(crate) fn said(state: &WebState, visitor: &Visitor, message: Message) -> Response {
    let status = match message {
        Message::Home => StatusCode::OK,
        Message::NotFound | Message::Invitation | Message::NoPage => StatusCode::NOT_FOUND,
        Message::Expired | Message::Cancelled => StatusCode::GONE,
        Message::Unavailable | Message::Busy | Message::Maintenance(_) => StatusCode::SERVICE_UNAVAILABLE,
        Message::Damaged => StatusCode::INTERNAL_SERVER_ERROR,
        // 403: understood and refused, whoever asks. (451 is for reasons of law, RFC 7725.)
        Message::Infected | Message::NotScanned | Message::OtherSite | Message::Stale | Message::Elsewhere => {
            StatusCode::FORBIDDEN
        }
        Message::NoSite => StatusCode::MISDIRECTED_REQUEST,
        Message::BadForm => StatusCode::BAD_REQUEST,
        Message::DepositOver => StatusCode::CONFLICT,
        Message::Method => StatusCode::METHOD_NOT_ALLOWED,
        Message::Range => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    let frame = frame(state, visitor, None);
    // Only who is past the password has files to go back to. (Whether still, that page says.)
    let back = (message.is_of_a_file() && !visitor.token.is_empty() && !visitor.session.is_empty())
        .then(|| format!("/d/{}{}", visitor.token, visitor.query()));
    let mut response = page_response(status, &frame, pages::message(&frame, message, back.as_deref()));
    if matches!(message, Message::Unavailable | Message::Busy) {
        retry_after(&mut response, RETRY_SECONDS);
    }
    match message {
        Message::OtherSite => refused(response, "a form of another site"),
        Message::Stale => refused(response, "a form that no page of this session made"),
        _ => response,
    }
}

pub(crate) fn retry_after(response: &mut Response, seconds: u64) {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

pub(crate) fn deposit(view: &LinkView, path: String) -> Deposit {
    Deposit {
        path,
        sender_name: view.sender_name.clone(),
        sender_address: view.sender_address.clone(),
        recipient: view.recipient.clone(),
        subject: view.subject.clone(),
        section_name: view.section_name.clone(),
        sent_at: view.sent_at,
        expires_at: view.expires_at,
        time_zone: view.time_zone.clone(),
        file_count: view.file_count,
        by_person: view.by_person,
        offer: view.offer,
        code: view.code,
        account: None,
    }
}

/// Where the link stands by itself: a wait or a lock is told before anything else.
pub(crate) fn standing(view: &LinkView, now: Timestamp, otherwise: Trouble) -> Trouble {
    match view.next_try_at.filter(|until| *until > now) {
        Some(until) if view.locked => Trouble::Locked { until },
        Some(until) => Trouble::Wait { until },
        None => otherwise,
    }
}

/// Whether this node can serve: its database answers. Nothing else is told; anybody may ask.
async fn health(State(state): State<Arc<WebState>>) -> (StatusCode, &'static str) {
    match state.exchange.health().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(%error, "not healthy");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable\n")
        }
    }
}

async fn home(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    said(&state, &visitor, Message::Home)
}

async fn asset(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    assets::find(&visitor.asset).unwrap_or_else(|| said(&state, &visitor, Message::NotFound))
}

async fn not_found(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    said(&state, &visitor, Message::NotFound)
}

async fn wrong_method(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    said(&state, &visitor, Message::Method)
}

/// `GET /d/{token}`: the files for who is proven; the way to them for who is signed in with the account that receives them; else the forms. A mail scanner
/// that opens every link changes nothing.
async fn page(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let desk = Desk::new(&state, &caller.visitor);
    match desk.opened().await {
        Ok(opened) => files_page(&desk, &opened),
        Err(DownloadError::NotProven) => match desk.look().await {
            // A session that is over needs no reproach on the link's own page.
            Ok(view) => {
                let trouble = standing(&view, desk.now, Trouble::None);
                let other = match received::come(&Counter::new(&state, &caller), &view).await {
                    Come::Theirs(place) => return Counter::new(&state, &caller).lead_to(&place.path(), None),
                    Come::Other(other) => Some(other),
                    Come::Nobody => None,
                };
                let mut response = desk.proving_page(&view, other, trouble);
                // Looking is no try: only a try is answered "too many".
                *response.status_mut() = StatusCode::OK;
                response
            }
            Err(error) => desk.refuse(error).await,
        },
        Err(error) => desk.refuse(error).await,
    }
}

/// The files as pages list them.
pub(crate) fn file_list(opened: &Opened) -> Vec<File> {
    let file = |file: &FileView| File {
        number: file.number,
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: file.sha256,
        unchecked: file.unchecked,
    };
    opened.files.iter().map(file).collect()
}

fn files_page(desk: &Desk<'_>, opened: &Opened) -> Response {
    let frame = desk.frame(&opened.view);
    let files = file_list(opened);
    let html = pages::files(&frame, &deposit(&opened.view, desk.path()), &files, desk.now);
    page_response(StatusCode::OK, &frame, html)
}

#[derive(Deserialize)]
struct OpenForm {
    #[serde(default)]
    password: String,
}

/// `POST /d/{token}/open`: tries the password. Right: a cookie for this link alone, and the page.
async fn open(State(state): State<Arc<WebState>>, visitor: Visitor, headers: HeaderMap, request: Request) -> Response {
    let desk = Desk::new(&state, &visitor);
    if !guard::comes_from_us(&headers, state.exchange.public_url()) {
        return said(&state, &visitor, Message::OtherSite);
    }
    let form: OpenForm = match forms::read(request).await {
        Ok(form) => form,
        Err(status) => return bad_form(&state, &visitor, status),
    };
    let view = match desk.look().await {
        Ok(view) => view,
        Err(error) => return desk.refuse(error).await,
    };
    if form.password.trim().is_empty() {
        return desk.password_page(&view, Trouble::Empty);
    }
    let address = visitor.peer.to_string();
    let trouble = match desk.exchange().prove(&visitor.token, &form.password, &address, desk.now).await {
        Ok(Proof::Opened { session, until }) => {
            let cookie = session_cookie(&desk, &session, waits::seconds_until(desk.now, until));
            return seen_at(&desk, &[cookie]);
        }
        Ok(Proof::CodeOver) => Trouble::NotProven,
        Ok(Proof::Wrong { next_try_at, tries_left }) => Trouble::Wrong { tries_left, wait_until: next_try_at },
        Ok(Proof::Wait { until }) => Trouble::Wait { until },
        Ok(Proof::Locked { until }) => Trouble::Locked { until },
        Err(error) => return desk.refuse(error).await,
    };
    desk.password_page(&view, trouble)
}

/// What is said of a form that cannot be read.
pub(crate) fn bad_form(state: &WebState, visitor: &Visitor, status: StatusCode) -> Response {
    let mut response = said(state, visitor, Message::BadForm);
    *response.status_mut() = status;
    response
}

/// `POST /d/{token}/close`: ends the session, here and in the browser.
async fn close(State(state): State<Arc<WebState>>, visitor: Visitor, headers: HeaderMap) -> Response {
    let desk = Desk::new(&state, &visitor);
    if !guard::comes_from_us(&headers, state.exchange.public_url()) {
        return said(&state, &visitor, Message::OtherSite);
    }
    if let Err(error) = desk.exchange().close(&visitor.token, &visitor.session, desk.now).await {
        return desk.refuse(error).await;
    }
    let mut response = seen_at(&desk, &[session_cookie(&desk, "", 0)]);
    // Nor does the way back in the browser's history show the files' names again.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}

/// `GET` where only a POST does something: the link's page.
async fn back(State(state): State<Arc<WebState>>, visitor: Visitor) -> Response {
    let desk = Desk::new(&state, &visitor);
    if visitor.token.is_empty() { desk.refuse(DownloadError::NotFound).await } else { seen_at(&desk, &[]) }
}

/// 303 to the link's page.
pub(crate) fn seen_at(desk: &Desk<'_>, cookies: &[String]) -> Response {
    let location = format!("{}{}", desk.path(), desk.visitor.query());
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The session's cookie: for this link's addresses only, out of reach of scripts. `Lax`, so that the link in a webmail
/// opens the files while the session lasts; nothing changes on a GET, so nothing is to be had by it. A session is base64url.
pub(crate) fn session_cookie(desk: &Desk<'_>, session: &str, seconds: u64) -> String {
    cookie_of(desk, SESSION_COOKIE, session, seconds)
}

/// A cookie of this link's addresses, as [`session_cookie`] is one.
pub(crate) fn cookie_of(desk: &Desk<'_>, name: &str, value: &str, seconds: u64) -> String {
    let secure = if desk.exchange().public_url().starts_with("https://") { "; Secure" } else { "" };
    let path = desk.path();
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
