//! Sections on the operator's screens (spec X-OPERATOR): listed, made, changed, switched off and on.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, Request, State, rejection::PathRejection},
    http::{StatusCode, Uri},
    response::Response,
    routing::get,
};
use fubako_base::ids::SectionId;
use fubako_exchange::{
    domain::{
        lists::sought,
        members::fields::mark,
        sections::{Entered, Found, NewSection, in_unit, of_section},
    },
    sections::{SectionRow, SectionsError},
};
use serde::Deserialize;

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either, form},
    pages::{
        Message,
        account::Done,
        operator::sections::{self as pages, DomainSheet, NewForm, SectionForm, SectionList, domain_path, path},
    },
};

const SECTIONS: &str = "/operator/sections";
/// Sections on a page.
const PAGE: usize = 50;
/// Octets of a form: a thousand domains.
const MAX_FORM: usize = 512 * 1024;

type Named = Result<Path<String>, PathRejection>;
/// A section and a domain.
type Place = Result<Path<(String, String)>, PathRejection>;

/// The routes of sections.
pub(super) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(SECTIONS, get(list))
        .route("/operator/sections/new", get(new).post(make))
        .route("/operator/section/{id}", get(one).post(change))
        .route("/operator/section/{id}/off", get(ask_off).post(switch_off))
        .route("/operator/section/{id}/on", get(ask_on).post(switch_on))
        .route("/operator/section/{id}/dkim/{domain}", get(keys).post(make_keys))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    q: String,
    after: String,
}

form!(Fields { seen, id, name, mail_link, autopilot, domains, max_deposit_size, unit, login_id, address });

impl Fields {
    fn entered(&self) -> Entered {
        Entered {
            name: self.name.clone(),
            mail_link: !self.mail_link.is_empty(),
            autopilot: !self.autopilot.is_empty(),
            domains: self.domains.clone(),
            size: self.max_deposit_size.clone(),
            unit: self.unit.clone(),
        }
    }
}

/// `GET /operator/sections`.
async fn list(State(state): State<Arc<WebState>>, caller: Caller, uri: Uri) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(SECTIONS).await?)?;
        let wanted = Query::<Wanted>::try_from_uri(&uri).map(|Query(wanted)| wanted).unwrap_or_default();
        let search = sought(&wanted.q);
        let page = counter.exchange().section_page(&search, &wanted.after, PAGE).await;
        let page = page.map_err(|error| away(&counter, &error))?;
        let list = SectionList { search: &search, first: wanted.after.is_empty(), page: &page, done: caller.done };
        Ok(counter.page(StatusCode::OK, |frame| pages::sections(frame, &list)))
    };
    either(answer.await)
}

/// `GET /operator/sections/new`.
async fn new(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(SECTIONS).await?)?;
        // What a section has that nobody decided otherwise for.
        let (size, unit) = in_unit(fubako_base::section::Settings::default().max_deposit_size);
        let entered = Entered { mail_link: true, size: size.to_string(), unit: unit.to_owned(), ..Entered::default() };
        Ok(new_page(&counter, &NewSection { entered, ..NewSection::default() }, &[]))
    };
    either(answer.await)
}

/// `POST /operator/sections/new`.
async fn make(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(SECTIONS, request).await?;
        let operator = counter.operator(person)?;
        let entered = fields.entered();
        let wanted = NewSection { id: fields.id, entered, login_id: fields.login_id, address: fields.address };
        match counter.exchange().make_section(&wanted, &counter.by(&operator), counter.now).await {
            Ok(id) => Ok(counter.lead_to(&format!("/operator/section/{id}"), Some(Done::SectionMade))),
            Err(SectionsError::Faults(found)) => Ok(new_page(&counter, &wanted, &found)),
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET /operator/section/{id}`.
async fn one(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(SECTIONS).await?)?;
        let row = find(&counter, id).await?;
        let (entered, seen) = (Entered::of(&row.section), mark(&of_section(&row.section)));
        section_page(&counter, &row, &entered, &seen, &[], false).await
    };
    either(answer.await)
}

/// `POST /operator/section/{id}`.
async fn change(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, fields): (_, Fields) = counter.own_form(SECTIONS, request).await?;
        let operator = counter.operator(person)?;
        let row = find(&counter, id).await?;
        let (entered, by) = (fields.entered(), counter.by(&operator));
        let id = &row.section.id;
        match counter.exchange().change_section(id, &entered, &fields.seen, &by, counter.now).await {
            Ok(()) => Ok(counter.lead_to(&path(&row.section), Some(Done::SectionChanged))),
            Err(SectionsError::Faults(found)) => {
                section_page(&counter, &row, &entered, &fields.seen, &found, false).await
            }
            Err(SectionsError::Stale) => {
                // What is now is shown, so that whoever saves again knows what they write over.
                let row = again(&counter, id).await?;
                let seen = mark(&of_section(&row.section));
                section_page(&counter, &row, &entered, &seen, &[], true).await
            }
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET /operator/section/{id}/off`: asks once more.
async fn ask_off(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    ask(&state, &caller, id, false).await
}

/// `GET /operator/section/{id}/on`: asks once more.
async fn ask_on(State(state): State<Arc<WebState>>, caller: Caller, id: Named) -> Response {
    ask(&state, &caller, id, true).await
}

/// Of a section that is so already there is nothing to ask.
async fn ask(state: &WebState, caller: &Caller, id: Named, on: bool) -> Response {
    let counter = Counter::new(state, caller);
    let answer = async {
        counter.operator(counter.person(SECTIONS).await?)?;
        let row = find(&counter, id).await?;
        if row.section.enabled == on {
            return Ok(counter.lead_to(&path(&row.section), None));
        }
        let form_key = counter.form_key();
        Ok(counter.page(StatusCode::OK, |frame| pages::switch(frame, &row, &form_key, false)))
    };
    either(answer.await)
}

/// `POST /operator/section/{id}/off`.
async fn switch_off(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    switch(&state, &caller, id, request, false).await
}

/// `POST /operator/section/{id}/on`.
async fn switch_on(State(state): State<Arc<WebState>>, caller: Caller, id: Named, request: Request) -> Response {
    switch(&state, &caller, id, request, true).await
}

async fn switch(state: &WebState, caller: &Caller, id: Named, request: Request, on: bool) -> Response {
    let counter = Counter::new(state, caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(SECTIONS, request).await?;
        let operator = counter.operator(person)?;
        let row = find(&counter, id).await?;
        let by = counter.by(&operator);
        match counter.exchange().switch_section(&row.section.id, on, &by, counter.now).await {
            Ok(()) => {
                let done = if on { Done::SectionOn } else { Done::SectionOff };
                Ok(counter.lead_to(&path(&row.section), Some(done)))
            }
            Err(SectionsError::Stale) => {
                let form_key = counter.form_key();
                Ok(counter.page(StatusCode::CONFLICT, |frame| pages::switch(frame, &row, &form_key, true)))
            }
            Err(error) => Err(away(&counter, &error)),
        }
    };
    either(answer.await)
}

/// `GET /operator/section/{id}/dkim/{domain}`.
async fn keys(State(state): State<Arc<WebState>>, caller: Caller, place: Place) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.operator(counter.person(SECTIONS).await?)?;
        let (id, domain) = domain_of(&counter, place)?;
        let (section, records) =
            counter.exchange().domain_keys(&id, &domain).await.map_err(|error| away(&counter, &error))?;
        let form_key = counter.form_key();
        let sheet = DomainSheet {
            section: &section,
            domain: &domain,
            records: &records,
            form_key: &form_key,
            done: caller.done,
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::domain(frame, &sheet)))
    };
    either(answer.await)
}

/// `POST /operator/section/{id}/dkim/{domain}`: makes keys where there are none.
async fn make_keys(State(state): State<Arc<WebState>>, caller: Caller, place: Place, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(SECTIONS, request).await?;
        let operator = counter.operator(person)?;
        let (id, domain) = domain_of(&counter, place)?;
        let made = counter.exchange().make_domain_keys(&id, &domain, &counter.by(&operator), counter.now).await;
        made.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(&domain_path(&id, &domain), Some(Done::KeysMade)))
    };
    either(answer.await)
}

/// A section and one of its domains; what can be neither is not there.
fn domain_of(counter: &Counter<'_>, place: Place) -> Result<(SectionId, String), First> {
    let place = place.ok().and_then(|Path((id, domain))| Some((id.parse().ok()?, domain)));
    place.ok_or_else(|| away(counter, &SectionsError::NotFound))
}

async fn find(counter: &Counter<'_>, id: Named) -> Result<SectionRow, First> {
    again(counter, &counter.id(id)?).await
}

async fn again(counter: &Counter<'_>, id: &SectionId) -> Result<SectionRow, First> {
    counter.exchange().section_row(id).await.map_err(|error| away(counter, &error))
}

const fn status(wrong: bool) -> StatusCode {
    if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

fn new_page(counter: &Counter<'_>, wanted: &NewSection, found: &[Found]) -> Response {
    let form_key = counter.form_key();
    let form = NewForm { wanted, found, form_key: &form_key };
    counter.page(status(!found.is_empty()), |frame| pages::new_section(frame, &form))
}

/// A section's page, with the form as it was filled in.
async fn section_page(
    counter: &Counter<'_>,
    row: &SectionRow,
    entered: &Entered,
    seen: &str,
    found: &[Found],
    stale: bool,
) -> Result<Response, First> {
    let domains = counter.exchange().section_domains(&row.section).await.map_err(|error| away(counter, &error))?;
    let (form_key, done) = (counter.form_key(), counter.caller.done);
    let form = SectionForm { row, domains: &domains, entered, found, stale, seen, form_key: &form_key, done };
    let status = if stale { StatusCode::CONFLICT } else { status(!found.is_empty()) };
    Ok(counter.page(status, |frame| pages::section(frame, &form)))
}

/// What is said where something cannot be done. Private causes go to the log.
fn away(counter: &Counter<'_>, error: &SectionsError) -> First {
    Box::new(counter.said(match error {
        SectionsError::NotFound => Message::NoPage,
        error => {
            tracing::warn!(%error, "sections cannot be worked on");
            Message::Busy
        }
    }))
}
