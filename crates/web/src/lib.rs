//! HTTP: the public API's routes, the recipient's page, assets, and the headers that stand on every answer.
//!
//! ```text
//!  GET   /d/{token}                     who sent what until when; once proven, the files        no session needed
//!  POST  /d/{token}/open                form `password` → 303 and a cookie, or the page again    no session needed
//!  POST  /d/{token}/code                mails a code to the recipient → 303 and a cookie            no session needed
//!  POST  /d/{token}/code/open           form `code` → 303 and a cookie, or the page again        the browser that asked
//!  POST  /d/{token}/close               ends the session → 303                                  no session needed
//!  GET   /d/{token}/files/{number}      one file, Range                                         session
//!  GET   /d/{token}/all.zip             all files, Range                                        session
//!  GET   /  /healthz  /robots.txt  /assets/{name}                                               public
//!  GET   /api  /api/openapi.json        the API's page and its document                             public
//!        /api/v1/…                      see `fubako_api`                                        bearer token
//! ```
//! ```text
//!  GET   /sign-in[/approvals…, /received…, /d/{token}]  POST: form `name`, `password` → 303 and a cookie, or the page again  public
//!  POST  /sign-out          ends the session → 303                                                   form key
//!  GET   /invitation/{token}  POST: form `password`, `again` → 303                                   whoever has the link
//!  GET   /me                what we know of whoever is signed in, their sessions                     account
//!  GET   /me/password       POST: form `current`, `code`, `password`, `again` → 303 and another cookie       account, form key
//!  GET   /sign-in/code[/approvals…]  POST: form `code` → 303 and a session's cookie, or the page again   the browser that gave the password
//!  GET   /me/second-factor  how it stands; POST below it: /begin `password`, /confirm `code`, /codes and /off `password`, `code`   account, form key
//!  GET   /me/sessions      POST …/end: form `which`, `password`: ends one other session, or all others → 303   account, form key
//!  GET   /received          what was sent to whoever is signed in; `before` in the query           a section's user
//!  GET   /received/{link}   …/files/{number}  …/all.zip  one of them, and its files               whose it is
//!  GET   /approvals         what waits for whoever is signed in, and what they decided lately     approver
//!  GET   /approvals/{deposit}   who sends what to whom                                          an approver who may decide it
//!  GET   /approvals/{deposit}/files/{number}  …/all.zip  its files, as long as it waits         the same
//!  POST  /approvals/{deposit}/approve  …/reject: form `reason` → 303                            the same, form key
//!  GET   /operator/maintenance  POST: form `starts`, `ends` → 303                                    operator, form key
//!  GET   /operator/health    whether all of it is well                                               operator
//!  GET   /operator/queue     query `section`, `state`, `after`; …/{id}                                  operator
//!  GET   /operator/queue/{id}/retry  …/stop  asks; POST: does it → 303                               operator, form key
//!  GET   /operator/sections  query `q`, `after`; …/new  POST: the form → 303                                operator, form key
//!  GET   /operator/section/{id}  POST: the form → 303; …/off  …/on  asks; POST: does it → 303            operator, form key
//!  POST  /operator/maintenance/{id}/end  ends a window → 303                                         operator, form key
//!  GET   /operator/announcements  …/new  …/{id}  POST: the form → 303; …/{id}/withdraw → 303             operator, form key
//!  GET   /audit  /audit.csv   query `section`, `from`, `until`, `event`, `text`, `before`                operator, administrator
//! ```
//! ```text
//!  GET   /sent               what one sent; `q` and `before` in the query                            a section's user
//!  GET   /sent/new           POST: the form, with files or without → 303                             a section's user, form key
//!        /uploads…           see `uploads`                                                           a section's user, form key
//!  GET   /sent/{deposit}     one of them: who took what and when                                     whose it is
//!  GET   /sent/{deposit}/cancel[/{link}]  POST: takes it back, whole or for one recipient → 303      whose it is, form key
//!  POST  /sent/{deposit}/extend  form `until`: keeps it longer → 303                                 whose it is, form key
//!        /section/deposits…  the same for all of a section's deposits                                its administrators
//!  GET   /section/users  /section/users.csv   its users; `q` and `after` in the query                 its administrators
//!  GET   /section/users/new  /section/user/{login_id}  POST: the form → 303                           the same, form key
//!  POST  /section/user/{login_id}/invite  …/unlock  …/second-factor  …/remove (GET asks) → 303         the same, form key
//!  GET   /section/users/import  POST: a file → what it changes; again → 303                           the same, form key
//!  GET   /section/tokens  POST: the form → the token, this once                                       the same, form key
//!  GET   /section/tokens/{id}/remove  asks; POST: revokes it → 303                                    the same, form key
//!  GET   /section/groups  /section/groups/new  /section/group/{name}[/remove]  POST: the form → 303    the same, form key
//!  GET   /section/settings  /section/settings/{part}  POST: the form → 303, or with `preview` the notice    the same, form key
//!  GET   /section/usage      how much it sends, by month                                                its administrators
//!  GET   /section/mail-link  POST /section/mail-link/check: what is right, wrong, and how it is mended         the same, form key
//! ```
//! Nothing changes on a GET. A page has no inline script or style, and works without its script.
//!
//! - [`api`]: the public API
//! - [`pages`]: what a person sees: values in, HTML out; pure
//! - `receive`: the recipient's page; `code`: one-time codes; `download`: the octets
//! - `account`: invitations, signing in, one's own account; `second_factor`: codes besides the password; `rate`: how many wrong ones a network may have
//! - `operator`: maintenance windows, announcements, the mail queue, sections, health; `announced`: what every page says of these; `audit`: the audit log
//! - `manual`: the API's document and its page
//! - `sending`: the form by which people send; `uploads`: their files, by tus; `tus`: what that is, for programs too
//! - `approvals`: what approvers do
//! - `received`: what people with accounts received
//! - `sent`: what was sent, who took it, taking it back
//! - `members`: a section's users and groups; `policies`: its policies; `mail_link`: its set-up; `usage`: how much it sends; `tokens`: its tokens for programs
//! - `places`: where a sign-in leads
//! - `counter`: who asks for a page of people with accounts; `forms`: a form's body, in time
//! - `range`, `zip`, `names`: RFC 9110 ranges, the zip that is never made, names that do no harm; pure
//! - `hosts`: which pages are under which host name
//! - `guard`: security headers, and the origin of a POST; `refusals`: a line in the log for who is not let

mod account;
mod announced;
pub mod api;
mod approvals;
mod assets;
mod audit;
mod browser;
mod code;
mod counter;
mod download;
mod forms;
mod guard;
mod hosts;
mod mail_link;
mod manual;
mod members;
mod names;
mod operator;
pub mod pages;
mod places;
mod policies;
mod range;
mod rate;
mod receive;
mod received;
mod refusals;
mod second_factor;
mod sending;
mod sent;
mod sessions;
mod tokens;
mod tus;
mod uploads;
mod usage;
mod visitor;
mod waits;
mod zip;

use std::sync::Arc;

use axum::Router;
use fubako_base::Timestamp;
use fubako_exchange::{Exchange, domain::health::Disk, health::Machine};

pub use api::GatewayTokens;
pub use mail_link::{How, Looked, SetUpCheck};

/// Tells the time. Stages are given it; the web's edge is where it is asked for.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the pages and the API work with.
#[derive(Clone)]
pub struct WebState {
    exchange: Exchange,
    tokens: GatewayTokens,
    clock: Clock,
    guesses: Arc<rate::RateLimit>,
    /// Wrong one-time codes.
    codes: Arc<rate::RateLimit>,
    /// Looks at a section's set-up; none where this process cannot.
    check: Option<SetUpCheck>,
    looks: Arc<mail_link::Looks>,
    sight: Sight,
}

/// Looks at the process and the machine, for the operator's page of health.
#[derive(Clone)]
pub struct Sight {
    /// What the process knows of itself, at once.
    pub machine: Arc<dyn Fn() -> Machine + Send + Sync>,
    /// The disk that `data_dir` lies on; it may block. None where it cannot be looked at.
    pub disk: Arc<dyn Fn() -> Option<Disk> + Send + Sync>,
}

/// Whom a request comes from, as whoever serves the router notes it in the request's extensions: the peer, or whom a trusted proxy speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub std::net::IpAddr);

/// Marks the requests of this process's own gateway, which come over no network: no list of networks is about them (spec X-ACCOUNTS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InProcess;

impl WebState {
    /// On the system's clock.
    #[must_use]
    pub fn new(exchange: Exchange, tokens: GatewayTokens) -> Self {
        Self {
            exchange,
            tokens,
            clock: Arc::new(Timestamp::now),
            guesses: Arc::default(),
            codes: Arc::default(),
            check: None,
            looks: Arc::default(),
            sight: Sight { machine: Arc::new(Machine::default), disk: Arc::new(|| None) },
        }
    }

    /// The same with a way to look at a section's set-up.
    #[must_use]
    pub fn with_check(self, check: SetUpCheck) -> Self {
        Self { check: Some(check), ..self }
    }

    /// The same on a machine that can be looked at.
    #[must_use]
    pub fn on_machine(self, sight: Sight) -> Self {
        Self { sight, ..self }
    }

    /// The same on another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

/// Everything that is served over HTTP.
pub fn router(state: WebState) -> Router {
    let https = state.exchange.public_url().starts_with("https://");
    let api = api::router_on(state.exchange.clone(), state.tokens.clone(), Arc::clone(&state.clock));
    let refusals = refusals::Refusals::new(Arc::clone(&state.clock));
    receive::router(state)
        .merge(api)
        .layer(axum::middleware::from_fn_with_state(refusals, refusals::note))
        .layer(axum::middleware::map_response_with_state(https, guard::secure))
}
