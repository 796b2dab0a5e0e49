//! A section's policies, for its administrators (spec X-ADMIN). Everybody else hears that there is no such page.
//!
//! Each part of the policies is a form of its own. What cannot be had comes back as it was typed, each fault beside its field.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use fubako_exchange::{
    account::Person,
    domain::{
        members::fields::Fields as Texts,
        policies::{Field, Found, Kind, Part, of_part},
        preview::Preview,
    },
    policies::{Entered, Policies, PoliciesError},
};

use crate::{
    WebState,
    counter::{Caller, Counter, Fields, First, either},
    guard,
    pages::{
        Message,
        account::Done,
        policies::{self as pages, Overview, PartForm},
    },
};

const SETTINGS: &str = "/section/settings";
/// Octets of a form: lists of a thousand entries.
const MAX_FORM: usize = 512 * 1024;

type Named = Result<Path<String>, PathRejection>;

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(SETTINGS, get(overview))
        .route("/section/settings/{part}", get(part).post(put_part))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// The administrator who comes, and their section's policies.
struct Visit {
    person: Person,
    policies: Policies,
    part: Option<Part>,
}

impl Visit {
    /// Else the answer. A part that is none of ours is no page.
    async fn of(counter: &Counter<'_>, person: Person, part: Option<Named>) -> Result<Self, First> {
        let person = counter.administrator(person)?;
        let part = match part {
            None => None,
            Some(named) => {
                let part = named.ok().and_then(|Path(word)| Part::called(&word));
                Some(part.ok_or_else(|| Box::new(counter.said(Message::NoPage)))?)
            }
        };
        let policies = counter.exchange().policies(&person).await.map_err(|error| away(counter, &error))?;
        Ok(Self { person, policies, part })
    }

    /// The page of the part, with the form as it was filled in where that was not taken.
    async fn form(&self, counter: &Counter<'_>, part: Part, entered: &Texts, wrong: &Wrong) -> Result<Response, First> {
        let is = of_part(&self.policies.section.settings, part);
        let previews = match part {
            // What cannot be had has no notice.
            Part::Notice if wrong.found.is_empty() => {
                match counter.exchange().preview_notice(&self.person, entered, counter.now).await {
                    // An old form may have what cannot be had besides.
                    Err(PoliciesError::Faults(_)) => Vec::new(),
                    made => made.map_err(|error| away(counter, &error))?,
                }
            }
            _ => Vec::new(),
        };
        let form = PartForm {
            part,
            entered,
            is: &is,
            found: &wrong.found,
            stale: wrong.stale,
            previewing: wrong.previewing,
            previews: &previews,
            seen: wrong.seen.as_deref(),
            form_key: &counter.form_key(),
        };
        let status = match (wrong.stale, wrong.found.is_empty()) {
            (true, _) => StatusCode::CONFLICT,
            (false, true) => StatusCode::OK,
            (false, false) => StatusCode::BAD_REQUEST,
        };
        Ok(allowing(counter.page(status, |frame| pages::part(frame, &form)), &previews))
    }
}

/// What is said of a form that was not saved.
#[derive(Default)]
struct Wrong {
    found: Vec<Found>,
    stale: bool,
    /// The mark that the form came with. It keeps it but where whoever filled it in is shown what has changed: a look at the notice must not make an
    /// old form a new one.
    seen: Option<String>,
    /// Nothing was to be saved: the notice is to be looked at.
    previewing: bool,
}

/// What is said where something cannot be done. Private causes go to the log.
fn away(counter: &Counter<'_>, error: &PoliciesError) -> First {
    Box::new(counter.said(match error {
        PoliciesError::NotFound => Message::NoPage,
        error => {
            tracing::warn!(%error, "policies cannot be worked on");
            Message::Busy
        }
    }))
}

/// The notice of a mail has its looks within itself. They are what the mail room wrote, so each of them is named in the page's policy, and no other may be.
fn allowing(mut response: Response, previews: &[Preview]) -> Response {
    let policy = guard::policy_with_looks(previews.iter().map(|one| one.html.as_str()));
    if let (false, Ok(policy)) = (previews.is_empty(), HeaderValue::try_from(policy)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The part's fields as the form has them.
fn filled_in(part: Part, fields: &Fields) -> Texts {
    let text = |field: &Field| match field.kind {
        Kind::Some(_) => fields.all(field.name).join("\n"),
        _ => fields.one(field.name).to_owned(),
    };
    part.fields().map(|field| (field.name, text(field))).collect()
}

/// `GET /section/settings`.
async fn overview(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let Visit { policies, .. } = Visit::of(&counter, counter.person(SETTINGS).await?, None).await?;
        let page = Overview { policies: &policies, done: caller.done };
        Ok(counter.page(StatusCode::OK, |frame| pages::overview(frame, &page)))
    };
    either(answer.await)
}

/// `GET /section/settings/{part}`.
async fn part(State(state): State<Arc<WebState>>, caller: Caller, part: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::of(&counter, counter.person(SETTINGS).await?, Some(part)).await?;
        let part = visit.part.unwrap_or(Part::Recipients);
        let is = of_part(&visit.policies.section.settings, part);
        visit.form(&counter, part, &is, &Wrong::default()).await
    };
    either(answer.await)
}

/// `POST /section/settings/{part}`: saves it; where `preview` was pressed, shows the notice and saves nothing.
async fn put_part(State(state): State<Arc<WebState>>, caller: Caller, part: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(SETTINGS, request).await?;
        let visit = Visit::of(&counter, person, Some(part)).await?;
        let part = visit.part.unwrap_or(Part::Recipients);
        let entered = Entered { part, fields: filled_in(part, &fields), seen: fields.one("seen").to_owned() };
        let previewing = part == Part::Notice && !fields.one("preview").is_empty();
        let exchange = counter.exchange();
        let done = if previewing {
            exchange.preview_notice(&visit.person, &entered.fields, counter.now).await.map(drop)
        } else {
            exchange.set_policies(&visit.person, &entered, caller.peer, counter.now).await
        };
        let wrong = match done {
            Ok(()) if previewing => Wrong { previewing, seen: Some(entered.seen.clone()), ..Wrong::default() },
            Ok(()) => return Ok(counter.lead_to(SETTINGS, Some(Done::PoliciesChanged))),
            Err(PoliciesError::Faults(found)) => Wrong { found, seen: Some(entered.seen.clone()), ..Wrong::default() },
            Err(PoliciesError::Stale) => Wrong { stale: true, ..Wrong::default() },
            Err(error) => return Err(away(&counter, &error)),
        };
        visit.form(&counter, part, &entered.fields, &wrong).await
    };
    either(answer.await)
}
