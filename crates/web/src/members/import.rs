//! A section's users as a file, both ways (spec X-ADMIN).

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use fubako_exchange::{
    domain::members::csv::{self, LONGEST_FILE},
    members::{MembersError, User},
    token,
};
use tokio::time::timeout;

use super::{USERS, Visit, away};
use crate::{
    WebState,
    counter::{Caller, Counter, First, either},
    pages::{
        Message,
        account::Done,
        members::{self as pages, ImportPage},
    },
};

/// For a file of users to be in.
const FILE_TIME: Duration = Duration::from_secs(60);

/// The routes.
pub(super) fn routes() -> Router<Arc<WebState>> {
    let import = Router::new().route("/section/users/import", get(import_form).post(import));
    // A file as text may be somewhat longer than as it came.
    let import = import.layer(DefaultBodyLimit::max(3 * LONGEST_FILE));
    Router::new().route("/section/users.csv", get(export)).merge(import)
}

/// `GET /section/users.csv`.
async fn export(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let users: Vec<User> = visit.roll.members.iter().map(|member| member.user.clone()).collect();
        let mut response = csv::write(&users).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"users-{}.csv\"", visit.section())) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        Ok(response)
    };
    either(answer.await)
}

/// `GET /section/users/import`.
async fn import_form(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        Ok(counter.page(StatusCode::OK, |frame| pages::import(frame, &ImportPage::empty(&visit.form_key))))
    };
    either(answer.await)
}

/// What came with the form of an import.
#[derive(Default)]
struct Imported {
    key: String,
    /// The file as it was chosen, or as the page that showed what it changes carries it.
    file: Vec<u8>,
    remove: bool,
    /// What was shown; empty where nothing was yet.
    shown: String,
}

/// `POST /section/users/import`: shows what a file changes; sent again by the page that showed it, changes that.
async fn import(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        counter.comes_from_us()?;
        counter.administrator(counter.person(USERS).await?)?;
        let entered = read_import(&counter, request).await?;
        let visit = Visit::of(&counter, counter.person_by_now(USERS).await?).await?;
        if !token::same(&token::sha256(entered.key.as_bytes()), &token::sha256(visit.form_key.as_bytes())) {
            return Err(Box::new(counter.said(Message::Stale)));
        }
        let (exchange, person, file) = (counter.exchange(), &visit.person, entered.file.as_slice());
        let mut page = ImportPage { remove: entered.remove, ..ImportPage::empty(&visit.form_key) };
        if !entered.shown.is_empty() {
            let peer = caller.peer.to_string();
            match exchange.import(person, file, entered.remove, &entered.shown, &peer, counter.now).await {
                Ok(_) => return Ok(counter.lead_to(USERS, Some(Done::UsersImported))),
                Err(MembersError::Changed) => page.changed = true,
                Err(MembersError::Faults(_) | MembersError::Unread(_)) => {}
                Err(error) => return Err(away(&counter, &error)),
            }
        }
        match exchange.rehearse_import(person, file, entered.remove).await {
            Ok(import) => {
                page.text = csv::text(file);
                page.import = Some(import);
            }
            Err(MembersError::Faults(found)) => page.faults = found,
            Err(MembersError::Unread(troubles)) => page.troubles = troubles,
            Err(MembersError::Changed) => page.changed = true,
            Err(error) => return Err(away(&counter, &error)),
        }
        let good = page.import.is_some() && !page.changed;
        let status = if good { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Ok(counter.page(status, |frame| pages::import(frame, &page)))
    };
    either(answer.await)
}

/// Reads the form. Nothing is kept of what is longer than a file may be.
async fn read_import(counter: &Counter<'_>, request: Request) -> Result<Imported, First> {
    let bad = || -> First { Box::new(counter.said(Message::BadForm)) };
    let reading = async {
        let mut form = Multipart::from_request(request.map(Body::new), &()).await.ok()?;
        let mut entered = Imported::default();
        while let Some(field) = form.next_field().await.ok()? {
            let name = field.name().unwrap_or_default().to_owned();
            let octets = field.bytes().await.ok()?;
            let text = || String::from_utf8_lossy(&octets).into_owned();
            match name.as_str() {
                "form" => entered.key = text(),
                "remove" => entered.remove = !octets.is_empty(),
                "shown" => entered.shown = text(),
                "file" | "text" => entered.file = octets.to_vec(),
                _ => {}
            }
        }
        (entered.file.len() <= 2 * LONGEST_FILE).then_some(entered)
    };
    timeout(FILE_TIME, reading).await.ok().flatten().ok_or_else(bad)
}
