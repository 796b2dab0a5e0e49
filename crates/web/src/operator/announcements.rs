//! Announcements on the operator's screens (spec X-OPERATOR): listed, made, changed, withdrawn.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use fubako_base::{Timestamp, ids::AnnouncementId};
use fubako_exchange::{
    announcements::{Announcement, AnnouncementError, Words},
    domain::announcement::Entered,
};

use crate::{
    WebState,
    counter::{Caller, Counter, First, either, form},
    operator::zone,
    pages::{
        Message,
        account::Done,
        operator::announcements::{self as pages, AnnouncementForm, Wrong},
    },
};

const ANNOUNCEMENTS: &str = "/operator/announcements";
/// Octets of a form: two texts of 2,000 characters, as a form has them, and their subjects.
const MAX_FORM: usize = 64 * 1024;

type Named = Result<Path<String>, PathRejection>;

/// The routes of announcements.
pub(super) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(ANNOUNCEMENTS, get(list))
        .route("/operator/announcements/new", get(new).post(add))
        .route("/operator/announcements/{id}", get(one).post(change))
        .route("/operator/announcements/{id}/withdraw", post(withdraw).get(lead_to_list))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

form!(Fields { seen, ja_subject, ja_text, en_subject, en_text, starts, ends, mailed });

impl Fields {
    /// What the form has of an announcement.
    fn of(announcement: &Announcement) -> Self {
        let content = &announcement.content;
        Self {
            seen: announcement.version.to_string(),
            ja_subject: content.ja.subject.clone(),
            ja_text: content.ja.text.clone(),
            en_subject: content.en.subject.clone(),
            en_text: content.en.text.clone(),
            starts: local(content.starts_at),
            ends: local(content.ends_at),
            mailed: if content.mailed { "yes".to_owned() } else { String::new() },
            ..Self::default()
        }
    }

    fn entered(&self, now: Timestamp) -> Entered {
        let words = |subject: &str, text: &str| Words { subject: subject.to_owned(), text: text.to_owned() };
        let zone = zone();
        let begins = self.starts.trim();
        let starts = if begins.is_empty() { Some(now) } else { Timestamp::from_local(begins, &zone) };
        Entered {
            ja: words(&self.ja_subject, &self.ja_text),
            en: words(&self.en_subject, &self.en_text),
            times: starts.zip(Timestamp::from_local(&self.ends, &zone)),
            mailed: !self.mailed.is_empty(),
        }
    }

    /// The version that the page had; none of ours where it is no number.
    fn version(&self) -> u32 {
        self.seen.parse().unwrap_or(0)
    }
}

/// `GET /operator/announcements`.
async fn list(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(ANNOUNCEMENTS).await?)?;
        let found = counter.exchange().announcements(counter.now).await.map_err(|error| away(&counter, &error))?;
        let zone = zone();
        Ok(counter
            .page(StatusCode::OK, |frame| pages::announcements(frame, &found, &zone, counter.caller.done, counter.now)))
    };
    either(answer.await)
}

/// `GET /operator/announcements/new`.
async fn new(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(ANNOUNCEMENTS).await?)?;
        Ok(form_page(&counter, None, &Fields::default(), &Wrong::Nothing))
    };
    either(answer.await)
}

/// `POST /operator/announcements/new`. Without a begin it begins now.
async fn add(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(ANNOUNCEMENTS, request).await?;
        let operator = counter.operator(person)?;
        let entered = fields.entered(counter.now);
        match counter.exchange().announce(&entered, &counter.by(&operator), counter.now).await {
            Ok(()) => Ok(counter.lead_to(ANNOUNCEMENTS, Some(Done::AnnouncementMade))),
            Err(AnnouncementError::Faults(faults)) => Ok(form_page(&counter, None, &fields, &Wrong::Faults(faults))),
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET /operator/announcements/{id}`.
async fn one(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(ANNOUNCEMENTS).await?)?;
        let found = find(&counter, counter.id(id)?).await?;
        Ok(form_page(&counter, Some(&found), &Fields::of(&found), &Wrong::Nothing))
    };
    either(answer.await)
}

/// `POST /operator/announcements/{id}`.
async fn change(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(ANNOUNCEMENTS, request).await?;
        let operator = counter.operator(person)?;
        let found = find(&counter, counter.id(id)?).await?;
        let (entered, by) = (fields.entered(counter.now), counter.by(&operator));
        let changed = counter.exchange().change_announcement(found.id, fields.version(), &entered, &by, counter.now);
        match changed.await {
            Ok(()) => Ok(counter.lead_to(ANNOUNCEMENTS, Some(Done::AnnouncementChanged))),
            Err(AnnouncementError::Faults(faults)) => {
                Ok(form_page(&counter, Some(&found), &fields, &Wrong::Faults(faults)))
            }
            Err(AnnouncementError::Changed) => Ok(form_page(&counter, Some(&found), &fields, &Wrong::Changed)),
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `POST /operator/announcements/{id}/withdraw`.
async fn withdraw(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(ANNOUNCEMENTS, request).await?;
        let operator = counter.operator(person)?;
        let found = find(&counter, counter.id(id)?).await?;
        let by = counter.by(&operator);
        match counter.exchange().withdraw_announcement(found.id, fields.version(), &by, counter.now).await {
            Ok(()) => Ok(counter.lead_to(ANNOUNCEMENTS, Some(Done::AnnouncementWithdrawn))),
            // The page as it stands now: this form had nothing but the button.
            Err(AnnouncementError::Changed) => {
                Ok(form_page(&counter, Some(&found), &Fields::of(&found), &Wrong::Changed))
            }
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_list(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(ANNOUNCEMENTS, None)
}

async fn find(counter: &Counter<'_>, id: AnnouncementId) -> Result<Announcement, First> {
    counter.exchange().announcement(id, counter.now).await.map_err(|error| away(counter, &error))
}

/// The form of a new announcement, or of one there is, as it was filled in.
fn form_page(counter: &Counter<'_>, of: Option<&Announcement>, fields: &Fields, wrong: &Wrong) -> Response {
    let status = if matches!(wrong, Wrong::Nothing) { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let (form_key, zone) = (counter.form_key(), zone());
    let form = AnnouncementForm {
        of,
        seen: &fields.seen,
        ja: [&fields.ja_subject, &fields.ja_text],
        en: [&fields.en_subject, &fields.en_text],
        starts: &fields.starts,
        ends: &fields.ends,
        mailed: !fields.mailed.is_empty(),
        wrong,
        form_key: &form_key,
        zone: &zone,
    };
    counter.page(status, |frame| pages::form(frame, &form, counter.now))
}

/// As `datetime-local` has it.
fn local(at: Timestamp) -> String {
    at.in_zone(&zone()).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn away(counter: &Counter<'_>, error: &AnnouncementError) -> First {
    Box::new(counter.said(match error {
        AnnouncementError::NotFound => Message::NoPage,
        error => {
            tracing::warn!(%error, "announcements cannot be worked on");
            Message::Busy
        }
    }))
}
