//! The audit log on screen and as CSV (spec X-AUDIT): a section's for its administrators, any for operators. Everybody else hears that there is no
//! such page.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use fubako_base::{Timestamp, audit::Event, ids::SectionId, section::Settings, shown::csv_field};
use fubako_exchange::{
    Exchange,
    account::Person,
    audit::{Line, Search, StoreError},
    domain::{account::Role, lists},
};
use futures::{Stream, stream};
use serde::Deserialize;

use crate::{
    WebState,
    counter::{Caller, Counter, First, either},
    pages::{
        Message,
        audit::{self as pages, Asked, AuditPage},
    },
};

const AUDIT: &str = "/audit";
const CSV: &str = "/audit.csv";
/// Lines on a page.
const PAGE: u32 = 50;
/// Lines of CSV that are read at a time.
const BATCH: u32 = 500;

/// The routes of the audit log.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new().route(AUDIT, get(page)).route(CSV, get(csv))
}

/// What is asked for, as the address has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    section: String,
    from: String,
    until: String,
    event: String,
    text: String,
    before: String,
}

/// Whose log is looked at, and what for.
struct Look {
    section: SectionId,
    zone: String,
    search: Search,
    before: Option<u64>,
}

/// `GET /audit`.
async fn page(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(AUDIT).await?;
        let Query(wanted) = wanted.unwrap_or_default();
        let look = look(&counter, &person, &wanted).await?;
        let found = counter.exchange().audit_lines(&look.section, &look.search, look.before, PAGE + 1).await;
        let (lines, more) = lists::page(found.map_err(|error| away(&counter, &error))?, PAGE);
        let sections = match person.known.role() {
            Role::Operator => counter.exchange().audited_sections().await.map_err(|error| away(&counter, &error))?,
            Role::Administrator | Role::User => Vec::new(),
        };
        let page = AuditPage {
            asked: asked(&wanted, &look),
            zone: look.zone,
            older: lines.last().filter(|_| more).map(|line| line.number),
            later: look.before.is_some(),
            lines,
            sections: sections.iter().map(ToString::to_string).collect(),
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::audit(frame, &page)))
    };
    either(answer.await)
}

/// `GET /audit.csv`: every line that is looked for, the newest first. That it was fetched is recorded first, so it is the first line.
async fn csv(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.person(AUDIT).await?;
        let Query(wanted) = wanted.unwrap_or_default();
        let look = look(&counter, &person, &wanted).await?;
        let recorded = counter.exchange().audit_exported(&look.section, &counter.by(&person), counter.now).await;
        recorded.map_err(|error| away(&counter, &error))?;
        let name = format!("attachment; filename=\"audit-{}.csv\"", look.section);
        let body = Body::from_stream(lines_of_csv(counter.exchange().clone(), look));
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        if let Ok(name) = HeaderValue::try_from(name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        Ok(response)
    };
    either(answer.await)
}

/// The log that whoever asks may see: an administrator's section's, and for an operator the one that is named, or the installation's own.
async fn look(counter: &Counter<'_>, person: &Person, wanted: &Wanted) -> Result<Look, First> {
    let (section, settings) = match (person.known.role(), &person.known.section) {
        (Role::Administrator, Some(section)) => (section.id.clone(), section.settings.clone()),
        (Role::Operator, _) => operators_choice(counter, &wanted.section).await?,
        _ => return Err(Box::new(counter.said(Message::NoPage))),
    };
    let zone = settings.time_zone;
    let day = |day: &str, time: &str| Timestamp::from_local(&format!("{}T{time}", day.trim()), &zone);
    let text = lists::sought(&wanted.text);
    let search = Search {
        from: day(&wanted.from, "00:00:00"),
        // The last day counts whole.
        until: day(&wanted.until, "23:59:59").map(|last| last.plus_seconds(1)),
        event: wanted.event.parse().ok(),
        text: (!text.is_empty()).then_some(text),
    };
    Ok(Look { section, zone, search, before: wanted.before.parse().ok() })
}

async fn operators_choice(counter: &Counter<'_>, named: &str) -> Result<(SectionId, Settings), First> {
    let own = SectionId::installation();
    if named.is_empty() || named == own.as_str() {
        return Ok((own, Settings::default()));
    }
    let no_page = || Box::new(counter.said(Message::NoPage));
    let id: SectionId = named.parse().map_err(|_| no_page())?;
    let found = counter.exchange().section(&id).await.map_err(|error| away(counter, &error))?;
    found.map(|section| (section.id, section.settings)).ok_or_else(no_page)
}

/// What was asked for, as the form shows it again.
fn asked(wanted: &Wanted, look: &Look) -> Asked {
    let kept = |given: &str, understood: bool| if understood { given.trim().to_owned() } else { String::new() };
    Asked {
        section: look.section.to_string(),
        from: kept(&wanted.from, look.search.from.is_some()),
        until: kept(&wanted.until, look.search.until.is_some()),
        event: look.search.event.map(Event::name).unwrap_or_default().to_owned(),
        text: look.search.text.clone().unwrap_or_default(),
    }
}

/// The lines as CSV, some at a time: memory does not grow with the log.
fn lines_of_csv(exchange: Exchange, look: Look) -> impl Stream<Item = Result<Bytes, StoreError>> {
    let begin = Some((exchange, look, true));
    stream::try_unfold(begin, |state| async move {
        let Some((exchange, mut look, first)) = state else { return Ok(None) };
        let lines = exchange.audit_lines(&look.section, &look.search, look.before, BATCH).await?;
        let text = as_csv(&lines, &look.zone, first);
        let last = lines.last().filter(|_| lines.len() == BATCH as usize).map(|line| line.number);
        look.before = last;
        let next = last.map(|_| (exchange, look, false));
        Ok(Some((Bytes::from(text), next)))
    })
}

/// RFC 4180, with a byte order mark before the first line: Excel reads it as UTF-8 then.
fn as_csv(lines: &[Line], zone: &str, first: bool) -> String {
    let mut text = String::new();
    if first {
        text.push_str("\u{feff}number,time,event,actor_kind,actor,address,object,detail,hash\r\n");
    }
    for line in lines {
        let time = line.at.in_zone(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let hash = fubako_base::hex::encode(&line.hash);
        let number = line.number.to_string();
        let fields = [
            number.as_str(),
            &time,
            &line.event,
            &line.actor_kind,
            &line.actor,
            &line.address,
            &line.object,
            &line.detail,
            &hash,
        ];
        text.push_str(&fields.map(csv_field).join(","));
        text.push_str("\r\n");
    }
    text
}

fn away(counter: &Counter<'_>, error: &StoreError) -> First {
    tracing::warn!(%error, "the audit log cannot be read");
    Box::new(counter.said(Message::Busy))
}
