//! Sending files on a page (spec X-SEND). Files come by [`crate::uploads`] where the page's script runs, and with the form where it does not: either way
//! they are the draft's uploads, and the form sends the draft.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State, multipart::Field},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use fubako_base::{Lang, ids::UploadId};
use fubako_exchange::{
    account::Person,
    deposit::{Content, DepositState},
    domain::draft::{Draft, Fault, LONGEST_RECIPIENTS},
    sending::{SendError, SentDraft},
    token,
    uploads::{UploadError, is_draft},
};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::timeout;

use crate::{
    WebState, api,
    counter::{Caller, Counter, First, either},
    forms::Ration,
    guard,
    pages::{
        Message,
        account::Done,
        sending::{self as pages, NewForm},
    },
};

const NEW: &str = "/sent/new";
/// For a field of the form to be in.
const FIELD_TIME: Duration = Duration::from_secs(60);
/// Fields of a form; more is none of ours.
const MOST_FIELDS: usize = 2_000;

/// The routes of sending.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    // The form has files in it: its fields are bounded one by one.
    Router::new().route(NEW, get(new).post(send)).layer(DefaultBodyLimit::disable())
}

/// What came with the form.
#[derive(Default)]
struct Entered {
    key: String,
    draft: String,
    lang: String,
    text: Draft,
    remove: Vec<UploadId>,
}

/// `GET /sent/new`: a draft is nothing but an id until something is uploaded for it.
async fn new(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.member(counter.person(NEW).await?)?;
        let draft = match caller.draft.as_deref().filter(|draft| is_draft(draft)) {
            // The way back in the browser's history leads to a draft that was sent: what is written now is another.
            Some(draft) if !is_sent(&counter, &person, draft).await? => draft.to_owned(),
            _ => UploadId::generate().to_string(),
        };
        let entered = Entered { draft, ..Entered::default() };
        show(&counter, &person, &entered, StatusCode::OK, &[], false).await
    };
    either(answer.await)
}

async fn is_sent(counter: &Counter<'_>, person: &Person, draft: &str) -> Result<bool, First> {
    counter.exchange().is_sent(person, draft).await.map_err(|error| -> First {
        tracing::warn!(%error, "drafts cannot be worked on");
        Box::new(counter.said(Message::Busy))
    })
}

/// The page, with all that was entered and all that is wrong with it.
async fn show(
    counter: &Counter<'_>,
    person: &Person,
    entered: &Entered,
    status: StatusCode,
    faults: &[Fault],
    busy: bool,
) -> Result<Response, First> {
    let uploads = counter.exchange().uploads_of(person, &entered.draft).await;
    let uploads = uploads.map_err(|error| away(counter, &error))?;
    let form_key = counter.form_key();
    let access = counter.exchange().access_for(person).await.map_err(|error| {
        tracing::warn!(%error, "nobody knows how recipients are proven");
        Box::new(counter.said(Message::Busy))
    })?;
    let settings = person.known.section.as_ref().map(|section| &section.settings);
    let form = NewForm {
        form_key: &form_key,
        draft: &entered.draft,
        entered: &entered.text,
        lang: entered.lang.parse().ok(),
        uploads: &uploads,
        largest: counter.exchange().largest_upload(person),
        most_files: settings.map_or(0, |settings| settings.max_files),
        access,
        faults,
        busy,
    };
    let mut response = counter.page(status, |frame| pages::new(frame, &form));
    let policy = HeaderValue::from_static(guard::UPLOADING_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn away(counter: &Counter<'_>, error: &UploadError) -> First {
    tracing::warn!(%error, "drafts cannot be worked on");
    Box::new(counter.said(Message::Busy))
}

/// `POST /sent/new`: takes files that came with the form, and sends the draft.
async fn send(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.comes_from_us()?;
        let person = counter.member(counter.person(NEW).await?)?;
        let (entered, mut faults) = read(&counter, &person, request).await?;
        let person = counter.member(counter.person_by_now(NEW).await?)?;
        for id in &entered.remove {
            counter.exchange().drop_upload(&person, *id).await.map_err(|error| away(&counter, &error))?;
        }
        if !faults.is_empty() {
            return show(&counter, &person, &entered, StatusCode::BAD_REQUEST, &faults, false).await;
        }
        let lang: Option<Lang> = entered.lang.parse().ok();
        let (exchange, text, address) = (counter.exchange(), &entered.text, caller.peer);
        match exchange.send_draft(&person, &entered.draft, text, lang, address, counter.now).await {
            Ok(SentDraft { id, state }) => Ok(counter.lead_to(&format!("/sent/{id}"), done(state))),
            Err(SendError::Faults(found)) => {
                faults.extend(found);
                show(&counter, &person, &entered, StatusCode::BAD_REQUEST, &faults, false).await
            }
            Err(SendError::NotFound) => Err(Box::new(counter.said(Message::NoPage))),
            Err(error @ SendError::Unavailable(_)) => {
                tracing::warn!(%error, "a draft cannot be sent just now");
                show(&counter, &person, &entered, StatusCode::SERVICE_UNAVAILABLE, &[], true).await
            }
        }
    };
    either(answer.await)
}

/// What is said of a draft that was sent, by where it is now: of one that is over by now its page says what it is.
const fn done(state: DepositState) -> Option<Done> {
    match state {
        DepositState::Sent => Some(Done::Sent),
        DepositState::Waiting => Some(Done::Asked),
        DepositState::Open | DepositState::Rejected | DepositState::Expired | DepositState::Cancelled => None,
    }
}

/// Reads the form as it comes. The key and the draft stand before the files, of which nothing is taken without them.
async fn read(counter: &Counter<'_>, person: &Person, request: Request) -> Result<(Entered, Vec<Fault>), First> {
    let bad = || -> First { Box::new(counter.said(Message::BadForm)) };
    let ration = Ration::default();
    let request = request.map(|body| Body::from_stream(ration.of(api::moving(body))));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| bad())?;
    let (mut entered, mut faults) = (Entered::default(), Vec::new());
    for _ in 0..MOST_FIELDS {
        let Some(field) = form.next_field().await.map_err(|_| bad())? else {
            is_own(counter, &entered)?;
            return Ok((entered, faults));
        };
        ration.renew();
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            is_own(counter, &entered)?;
            // A browser sends a field without a name where no file was chosen.
            if field.file_name().is_some_and(|name| !name.is_empty()) {
                take_file(counter, person, &entered.draft, field, &ration, &mut faults).await?;
            }
            continue;
        }
        let limit = if name == "recipients" { LONGEST_RECIPIENTS } else { 32 * 1024 };
        let text = field_text(field, &ration, limit).await.ok_or_else(bad)?;
        match name.as_str() {
            "form" => entered.key = text,
            "draft" => entered.draft = text,
            "lang" => entered.lang = text,
            "recipients" => entered.text.recipients = text,
            "subject" => entered.text.subject = text,
            "message" => entered.text.message = text.replace("\r\n", "\n"),
            "remove" => entered.remove.extend(text.parse::<UploadId>().ok()),
            _ => {}
        }
    }
    Err(bad())
}

/// Whether the form is one of a page of theirs, for a draft.
fn is_own(counter: &Counter<'_>, entered: &Entered) -> Result<(), First> {
    let hash = |text: &str| token::sha256(text.as_bytes());
    if !token::same(&hash(&entered.key), &hash(&counter.form_key())) {
        return Err(Box::new(counter.said(Message::Stale)));
    }
    if is_draft(&entered.draft) { Ok(()) } else { Err(Box::new(counter.said(Message::BadForm))) }
}

async fn field_text(mut field: Field<'_>, ration: &Ration, limit: usize) -> Option<String> {
    let mut octets = Vec::new();
    let reading = async {
        while let Some(some) = field.chunk().await.ok()? {
            ration.renew();
            octets.extend_from_slice(&some);
            if octets.len() > limit {
                return None;
            }
        }
        String::from_utf8(octets).ok()
    };
    timeout(FIELD_TIME, reading).await.ok()?
}

/// A file that comes with the form becomes an upload of the draft.
async fn take_file(
    counter: &Counter<'_>,
    person: &Person,
    draft: &str,
    field: Field<'_>,
    ration: &Ration,
    faults: &mut Vec<Fault>,
) -> Result<(), First> {
    let exchange = counter.exchange();
    let name = field.file_name().unwrap_or_default().to_owned();
    let kind = field.content_type().unwrap_or_default().to_owned();
    let largest = exchange.largest_upload(person);
    let mut content: Content<'_> = field.inspect(|_| ration.renew()).map_err(std::io::Error::other).boxed();
    let upload = match exchange.begin_upload(person, draft, &name, &kind, None, counter.now).await {
        Ok(upload) => upload,
        Err(UploadError::Invalid(_)) => {
            faults.push(Fault::FileName(name));
            return Ok(());
        }
        Err(UploadError::TooLarge(most)) => {
            faults.push(Fault::FilesTooLarge(most));
            return Ok(());
        }
        Err(error) => return Err(away(counter, &error)),
    };
    // Nobody said how long it is: what is too long is found while it comes.
    match exchange.take_whole(&upload, largest, &mut content, counter.now).await {
        Ok(()) => Ok(()),
        Err(error) => {
            exchange.drop_upload(person, upload.id).await.map_err(|error| away(counter, &error))?;
            match error {
                UploadError::TooLarge(most) => {
                    faults.push(Fault::FilesTooLarge(most));
                    Ok(())
                }
                error => Err(away(counter, &error)),
            }
        }
    }
}
