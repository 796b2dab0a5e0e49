//! A section's mail-link settings, and whether they are set up as they must be, for its administrators (spec X-ADMIN). Everybody else hears that there is no
//! such page.
//!
//! The look itself is not this room's: it asks DNS, and knows the configuration. This room is given it ([`SetUpCheck`]), and bounds how long it may take
//! and how many are under way.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use fubako_base::{Lang, ids::SectionId};
use fubako_exchange::{account::Person, policies::PoliciesError};
use futures::future::BoxFuture;
use tokio::time::timeout;

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, First, either},
    pages::{
        Message,
        mail_link::{self as pages, Check, MailLinkPage},
    },
};

const MAIL_LINK: &str = "/section/mail-link";
/// For one look at a section.
const PATIENCE: Duration = Duration::from_secs(60);
/// Looks that are under way at once, each at another section.
const AT_ONCE: usize = 2;

/// Looks at a section as others will, by DNS and by certificates, and says what it found in a language. The private cause of a failure is for the log.
pub type SetUpCheck = Arc<dyn Fn(SectionId, Lang) -> BoxFuture<'static, Result<Vec<Looked>, String>> + Send + Sync>;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What kind of thing: `spf`, `dkim`, `tls` …
    pub area: &'static str,
    /// How well it is.
    pub state: How,
    /// What was found.
    pub what: String,
    /// What to do, where something is to be done.
    pub next: Option<String>,
}

/// How well something is; what is worse comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// As it should be.
    Well,
    /// Nobody could say.
    Unknown,
    /// It works, and somebody will be sorry.
    Warning,
    /// It does not work.
    Wrong,
}

/// The sections that are looked at just now.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<BTreeSet<SectionId>>);

/// A section's place among them, given back when the look is over or nobody waits for it any more.
struct Seat<'a>(&'a Looks, &'a SectionId);

impl Looks {
    /// None where the section has one, or there is none left.
    fn seat<'a>(&'a self, section: &'a SectionId) -> Option<Seat<'a>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only where it is one: a place that is thrown away gives back what is another's.
        (all.len() < AT_ONCE && all.insert(section.clone())).then(|| Seat(self, section))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(self.1);
    }
}

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new().route(MAIL_LINK, get(look)).route("/section/mail-link/check", post(check).get(lead_back))
}

/// `GET /section/mail-link`.
async fn look(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let person = counter.administrator(counter.person(MAIL_LINK).await?)?;
        page(&counter, &person, Check::NotAsked).await
    };
    either(answer.await)
}

/// `POST /section/mail-link/check`: looks, and shows what was found. Nothing is changed.
async fn check(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (person, _): (_, Bare) = counter.own_form(MAIL_LINK, request).await?;
        let person = counter.administrator(person)?;
        let found = match person.administered() {
            Some(section) => checked(&counter, &section.id).await,
            None => Check::Failed,
        };
        page(&counter, &person, found).await
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_back(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    Counter::new(&state, &caller).lead_to(MAIL_LINK, None)
}

/// A look at a section, in time; of many at once some come later.
async fn checked(counter: &Counter<'_>, section: &SectionId) -> Check {
    let Some(check) = &counter.state.check else { return Check::Failed };
    let Some(_seat) = counter.state.looks.seat(section) else { return Check::Busy };
    match timeout(PATIENCE, check(section.clone(), counter.frame().lang)).await {
        Ok(Ok(mut found)) => {
            // What is wrong comes first; else as it was looked at.
            found.sort_by_key(|one| std::cmp::Reverse(one.state));
            Check::Found(found)
        }
        Ok(Err(cause)) => {
            tracing::warn!(%cause, "a section's set-up cannot be checked");
            Check::Failed
        }
        Err(_) => Check::Late,
    }
}

async fn page(counter: &Counter<'_>, person: &Person, check: Check) -> Result<Response, First> {
    let policies = counter.exchange().policies(person).await.map_err(|error| {
        Box::new(counter.said(match error {
            PoliciesError::NotFound => Message::NoPage,
            error => {
                tracing::warn!(%error, "a section's mail-link settings cannot be read");
                Message::Busy
            }
        }))
    })?;
    let page = MailLinkPage { policies: &policies, check: &check, form_key: &counter.form_key() };
    Ok(counter.page(StatusCode::OK, |frame| pages::mail_link(frame, &page)))
}
