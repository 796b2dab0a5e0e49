//! The page where one ends sessions of one's own (spec X-ACCOUNTS).

use askama::Template;
use fubako_base::Lang;

use super::{
    Alert, Frame,
    account::{Oneself, SessionLine, SessionRow, session_row, too_many},
    render,
};

/// What the form sends where all others are meant.
pub const ALL: &str = "all";

/// Why none was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The password is another, or the account is locked.
    Refused,
    /// Too many wrong ones from this network.
    TooMany {
        /// Seconds until one may be tried.
        seconds: u64,
    },
}

struct Choice {
    mark: String,
    row: SessionRow,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct EndPage<'a> {
    f: &'a Frame,
    sign_in_name: String,
    form_key: &'a str,
    choices: Vec<Choice>,
    all: bool,
    alert: Option<Alert>,
    invalid: bool,
}

/// The form that ends one of the sessions that do not ask, or all of those. `which` was chosen before.
#[must_use]
pub fn end(frame: &Frame, who: &Oneself, sessions: &[SessionLine], which: &str, trouble: Option<Trouble>) -> String {
    let choices: Vec<Choice> = sessions
        .iter()
        .filter(|session| !session.this)
        .map(|session| Choice {
            mark: session.mark.clone(),
            row: session_row(frame, who, session),
            chosen: session.mark == which,
        })
        .collect();
    render(&EndPage {
        f: frame,
        sign_in_name: fubako_base::shown::visible(&who.sign_in_name),
        form_key: &who.form_key,
        all: choices.iter().all(|choice| !choice.chosen),
        choices,
        alert: trouble.map(|trouble| match trouble {
            Trouble::Refused => Alert {
                title: frame.t("web-sessions-refused-title"),
                lines: vec![frame.t("web-second-begin-refused")],
                seconds: None,
            },
            Trouble::TooMany { seconds } => too_many(frame, seconds),
        }),
        invalid: trouble == Some(Trouble::Refused),
    })
}
