//! One-time codes at the recipient's page (spec ACCESS 2): ask for one, enter it.
//!
//! Neither form has a key of a session, as nobody has one before they are proven: where the browser says that it comes from ([`guard::comes_from_us`]) keeps other
//! sites from sending them, and who is mailed is never taken from a request.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use fubako_exchange::{access::Asked, download::Proof};
use serde::Deserialize;

use crate::{
    WebState, forms, guard,
    pages::{Message, Trouble},
    rate::TooMany,
    receive::{Desk, bad_form, cookie_of, said, seen_at, session_cookie},
    visitor::{CODE_COOKIE, Visitor},
    waits,
};

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    code: String,
}

/// `POST /d/{token}/code`: mails a code to the recipient's own address, and gives this browser the cookie without which it is good for nothing.
pub(crate) async fn ask(State(state): State<Arc<WebState>>, visitor: Visitor, headers: HeaderMap) -> Response {
    let desk = Desk::new(&state, &visitor);
    if !guard::comes_from_us(&headers, state.exchange.public_url()) {
        return said(&state, &visitor, Message::OtherSite);
    }
    let trouble = match desk.exchange().mail_code(&visitor.token, &visitor.peer.to_string(), desk.now).await {
        Ok(Asked::Mailed { browser, until }) => {
            let seconds = waits::seconds_until(desk.now, until);
            return seen_at(&desk, &[cookie_of(&desk, CODE_COOKIE, &browser, seconds)]);
        }
        Ok(Asked::Wait { until }) => Trouble::AskWait { until },
        Ok(Asked::Locked { until }) => Trouble::Locked { until },
        Err(error) => return desk.refuse(error).await,
    };
    page(&desk, trouble).await
}

/// `POST /d/{token}/code/open`: tries a code. Right: a cookie for this link alone, and the page.
pub(crate) async fn open(
    State(state): State<Arc<WebState>>,
    visitor: Visitor,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let desk = Desk::new(&state, &visitor);
    if !guard::comes_from_us(&headers, state.exchange.public_url()) {
        return said(&state, &visitor, Message::OtherSite);
    }
    let form: CodeForm = match forms::read(request).await {
        Ok(form) => form,
        Err(status) => return bad_form(&state, &visitor, status),
    };
    if form.code.trim().is_empty() {
        return page(&desk, Trouble::CodeEmpty).await;
    }
    if let Err(TooMany { until, .. }) = state.codes.take(visitor.peer, desk.now) {
        return page(&desk, Trouble::Wait { until }).await;
    }
    let address = visitor.peer.to_string();
    let proof = desk.exchange().prove_by_code(&visitor.token, &visitor.browser, &form.code, &address, desk.now);
    let trouble = match proof.await {
        Ok(Proof::Opened { session, until }) => {
            state.codes.give_back(visitor.peer);
            let opened = session_cookie(&desk, &session, waits::seconds_until(desk.now, until));
            return seen_at(&desk, &[opened, cookie_of(&desk, CODE_COOKIE, "", 0)]);
        }
        Ok(Proof::Wrong { next_try_at, tries_left }) => Trouble::CodeWrong { tries_left, wait_until: next_try_at },
        Ok(Proof::Wait { until }) => Trouble::Wait { until },
        Ok(Proof::Locked { until }) => Trouble::Locked { until },
        Ok(Proof::CodeOver) => Trouble::CodeOver,
        Err(error) => return desk.refuse(error).await,
    };
    page(&desk, trouble).await
}

/// The link's page, as it stands after what was done.
async fn page(desk: &Desk<'_>, trouble: Trouble) -> Response {
    match desk.look().await {
        Ok(view) => desk.password_page(&view, trouble),
        Err(error) => desk.refuse(error).await,
    }
}
