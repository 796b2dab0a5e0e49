//! What approvers do (spec X-APPROVAL): their queue, a deposit with its files to look at, approve it or reject it.
//!
//! The mail's link leads to a deposit's page, and nothing is decided but by a form on it. Whoever may not decide a deposit hears that there is no
//! such page, as of an id that is nobody's.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware,
    response::Response,
    routing::{get, post},
};
use fubako_base::{ids::DepositId, section::Settings};
use fubako_exchange::{
    account::Person,
    approval::{ApprovalError, Came, Request as Asked},
    domain::approval::Standing,
    download::{DownloadError, OpenedFiles},
};

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either, form},
    download::{Giving, Wish},
    pages::{
        self as all_pages, File, Message,
        account::Done,
        approvals::{self as pages, Detail, Fault, Line, Queue},
    },
    places::{APPROVALS, Place},
    receive::{page_response, while_open},
};

/// Octets that the form of a rejection may have: the longest reason in characters of four octets, each written as `%XX`, and room to be told that
/// one is too long.
const MAX_REASON_FORM: usize = 32 * 1024;

/// The routes of approvers. While the exchange is closed nothing is handed over, sent or decided; the queue is there.
pub(crate) fn routes(state: &Arc<WebState>) -> Router<Arc<WebState>> {
    let closing = Router::new()
        .route("/approvals/{deposit}/approve", post(approve).get(lead_to_deposit))
        .route(
            "/approvals/{deposit}/reject",
            post(reject).get(lead_to_deposit).layer(DefaultBodyLimit::max(MAX_REASON_FORM)),
        )
        .route("/approvals/{deposit}/files/{number}", get(file))
        .route("/approvals/{deposit}/all.zip", get(zip))
        .route_layer(middleware::from_fn_with_state(Arc::clone(state), while_open));
    Router::new().route(APPROVALS, get(queue)).route("/approvals/{deposit}", get(detail)).merge(closing)
}

form!(Reason { reason });

/// For an approver, how many deposits wait for them.
pub(crate) async fn count(counter: &Counter<'_>, person: &Person) -> Result<Option<u64>, First> {
    match counter.exchange().requests_for(person, counter.now).await {
        Ok(waiting) => Ok(Some(waiting.len() as u64)),
        Err(ApprovalError::NotFound) => Ok(None),
        Err(error) => Err(first(counter, &error)),
    }
}

/// `GET /approvals`.
async fn queue(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(APPROVALS).await?;
        let waiting = counter.exchange().requests_for(&person, counter.now).await;
        let waiting = waiting.map_err(|error| first(&counter, &error))?;
        let decided = counter.exchange().decided_by(&person, counter.now).await;
        let decided = decided.map_err(|error| first(&counter, &error))?;
        let queue = Queue {
            waiting: waiting.iter().map(line).collect(),
            decided: decided.iter().map(line).collect(),
            time_zone: zone(&person),
            done: caller.done,
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::queue(frame, &queue, counter.now)))
    };
    either(answer.await)
}

/// `GET /approvals/{deposit}`.
async fn detail(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, id) = wanted(&counter).await?;
        shown(&counter, &person, id, "", None).await
    };
    either(answer.await)
}

/// `POST /approvals/{deposit}/approve`.
async fn approve(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(&place(&caller).path(), request).await?;
        let id = id_of(&counter)?;
        match counter.exchange().approve(&person, id, &address(&caller), counter.now).await {
            Ok(Came::Done) => Ok(counter.lead_to(APPROVALS, Some(Done::Approved))),
            Ok(Came::TooLate) => shown(&counter, &person, id, "", Some(Fault::TooLate)).await,
            Err(error) => Err(first(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `POST /approvals/{deposit}/reject`, with the reason.
async fn reject(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, form): (_, Reason) = counter.own_form(&place(&caller).path(), request).await?;
        let id = id_of(&counter)?;
        match counter.exchange().reject(&person, id, &form.reason, &address(&caller), counter.now).await {
            Ok(Came::Done) => Ok(counter.lead_to(APPROVALS, Some(Done::Rejected))),
            Ok(Came::TooLate) => shown(&counter, &person, id, "", Some(Fault::TooLate)).await,
            Err(ApprovalError::Invalid(_)) => shown(&counter, &person, id, &form.reason, Some(Fault::Reason)).await,
            Err(error) => Err(first(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_deposit(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(&place(&caller).path(), None)
}

/// `GET` or `HEAD /approvals/{deposit}/files/{number}`.
async fn file(State(state): State<Arc<WebState>>, caller: Caller, method: Method) -> Response {
    let wish = Wish::One(caller.visitor.number);
    given(&Counter::new(&state, &caller), &method, &caller.headers, wish).await
}

/// `GET` or `HEAD /approvals/{deposit}/all.zip`.
async fn zip(State(state): State<Arc<WebState>>, caller: Caller, method: Method) -> Response {
    given(&Counter::new(&state, &caller), &method, &caller.headers, Wish::All).await
}

/// What an approver gets to look at: verified and checked for viruses as what a recipient gets.
async fn given(counter: &Counter<'_>, method: &Method, headers: &HeaderMap, wish: Wish) -> Response {
    let answer = async {
        let (person, id) = wanted(counter).await?;
        let refused = |error| Box::new(refuse(counter, id, error));
        let opened = counter.exchange().request_files(&person, id, counter.now).await.map_err(refused)?;
        let said = |message| message_page(counter, id, message);
        // A download in pieces is one: its first is recorded.
        let range = headers.get("range").map(http::HeaderValue::as_bytes);
        if method == Method::GET && range.is_none_or(|range| range.starts_with(b"bytes=0-")) {
            let number = match wish {
                Wish::One(number) => Some(number.unwrap_or_default()),
                Wish::All => None,
            };
            let (exchange, address) = (counter.exchange(), address(counter.caller));
            let noted = exchange.request_looked_at(&person, &opened, number, &address, counter.now).await;
            noted.map_err(refused)?;
        }
        let (exchange, mark) = (counter.exchange(), format!("approval {id}"));
        let giving = Giving { exchange, opened: &opened, method, headers, said: &said, mark };
        giving.answer(wish).await.map_err(refused)
    };
    either(answer.await)
}

/// What is said when a file cannot be had. Private causes go to the log.
fn refuse(counter: &Counter<'_>, id: DepositId, error: DownloadError) -> Response {
    let message = match error {
        DownloadError::NotFound | DownloadError::Expired | DownloadError::Cancelled | DownloadError::NotProven => {
            Message::NoPage
        }
        DownloadError::Unavailable(cause) => {
            tracing::warn!(deposit = %id, cause, "files cannot be shown to an approver just now");
            Message::Unavailable
        }
        DownloadError::Damaged(cause) => {
            tracing::error!(deposit = %id, cause, "a file is damaged and was not shown to an approver");
            Message::Damaged
        }
        // Section, deposit and finding are in the log already.
        DownloadError::Infected { .. } => Message::Infected,
        DownloadError::Unscanned(_) => Message::NotScanned,
    };
    message_page(counter, id, message)
}

/// A page that only says something, with the way back to the deposit where it is about a file.
fn message_page(counter: &Counter<'_>, id: DepositId, message: Message) -> Response {
    let plain = counter.said(message);
    if !message.is_of_a_file() {
        return plain;
    }
    let frame = counter.frame();
    let back = format!("{}{}", Place::Approval(id).path(), counter.caller.visitor.query());
    let mut response = page_response(plain.status(), &frame, all_pages::message(&frame, message, Some(&back)));
    if let Some(after) = plain.headers().get("retry-after") {
        response.headers_mut().insert("retry-after", after.clone());
    }
    response
}

/// Who asks, and for which deposit. Whoever is not signed in gets there afterwards.
async fn wanted(counter: &Counter<'_>) -> Result<(Person, DepositId), First> {
    let person = counter.person(&place(counter.caller).path()).await?;
    Ok((person, id_of(counter)?))
}

/// Where the request came from, for the audit log.
fn address(caller: &Caller) -> String {
    caller.peer.to_string()
}

fn place(caller: &Caller) -> Place {
    caller.deposit.map_or(Place::Approvals, Place::Approval)
}

fn id_of(counter: &Counter<'_>) -> Result<DepositId, First> {
    counter.caller.deposit.ok_or_else(|| Box::new(counter.said(Message::NoPage)))
}

/// A deposit's page: with its files and the forms as long as it can be decided.
async fn shown(
    counter: &Counter<'_>,
    person: &Person,
    id: DepositId,
    reason: &str,
    fault: Option<Fault>,
) -> Result<Response, First> {
    let asked = counter.exchange().request(person, id, counter.now).await;
    let asked = asked.map_err(|error| first(counter, &error))?;
    let files = if matches!(asked.standing, Standing::Undecided(_)) {
        match counter.exchange().request_files(person, id, counter.now).await {
            Ok(opened) => files(&opened),
            Err(error) => return Ok(refuse(counter, id, error)),
        }
    } else {
        Vec::new()
    };
    let status = match fault {
        None => StatusCode::OK,
        Some(Fault::Reason) => StatusCode::BAD_REQUEST,
        Some(Fault::TooLate) => StatusCode::CONFLICT,
    };
    let detail = Detail {
        path: Place::Approval(id).path(),
        line: line(&asked),
        message: asked.message,
        recipients: asked.recipients,
        files,
        reason: asked.decision.and_then(|decision| decision.reason),
        typed: reason.to_owned(),
        fault,
        time_zone: asked.time_zone,
        form_key: counter.form_key(),
    };
    Ok(counter.page(status, |frame| pages::detail(frame, &detail, counter.now)))
}

fn files(opened: &OpenedFiles) -> Vec<File> {
    let file = |file: &fubako_exchange::download::FileView| File {
        number: file.number,
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: file.sha256,
        unchecked: file.unchecked,
    };
    opened.files.iter().map(file).collect()
}

fn line(asked: &Asked) -> Line {
    Line {
        id: asked.id.to_string(),
        sender_name: asked.sender_name.clone(),
        sender_address: asked.sender_address.clone(),
        subject: asked.subject.clone(),
        recipient_count: asked.recipients.len() as u64,
        file_count: u64::from(asked.file_count),
        asked_at: asked.asked.at,
        decide_by: asked.asked.decide_by,
        standing: asked.standing.clone(),
        decided_at: asked.decision.as_ref().map(|decision| decision.at),
        decided_by: asked.decided_by.clone(),
    }
}

fn zone(person: &Person) -> String {
    let section = person.known.section.as_ref();
    section.map_or_else(|| Settings::default().time_zone, |section| section.settings.time_zone.clone())
}

fn first(counter: &Counter<'_>, error: &ApprovalError) -> First {
    Box::new(match error {
        ApprovalError::NotFound | ApprovalError::Invalid(_) => counter.said(Message::NoPage),
        ApprovalError::Unavailable(cause) => {
            tracing::warn!(cause, "approvals cannot be worked on");
            counter.said(Message::Busy)
        }
    })
}
