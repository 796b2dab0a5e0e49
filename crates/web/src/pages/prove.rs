//! The page before the recipient is proven: who sent what until when, and the ways to prove oneself (spec ACCESS).

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
};

use super::{AccountWay, Alert, Deposit, Frame, Offer, Summary, render};
use crate::waits;

/// What the page says beside its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: it is the first time.
    None,
    /// The session is over, or never was: the files want a proof.
    NotProven,
    /// The password was wrong.
    Wrong {
        /// Tries left before the link is locked.
        tries_left: u32,
        /// When the next may be tried, where it must wait.
        wait_until: Option<Timestamp>,
    },
    /// It was not looked at: too soon.
    Wait {
        /// When one may be tried.
        until: Timestamp,
    },
    /// The link is locked: there is no form.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// The form came without a password.
    Empty,
    /// The form came without a code.
    CodeEmpty,
    /// The code was wrong.
    CodeWrong {
        /// Tries left before the link is locked.
        tries_left: u32,
        /// When the next may be tried, where it must wait.
        wait_until: Option<Timestamp>,
    },
    /// There is no code (any more) that could be entered in this browser.
    CodeOver,
    /// No code was mailed: too soon, or there were too many.
    AskWait {
        /// When one may be asked for.
        until: Timestamp,
    },
}

/// The code that may be entered, in words.
struct Pending {
    mailed: String,
    until: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    f: &'a Frame,
    d: Summary,
    alert: Option<Alert>,
    offer: Offer,
    pending: Option<Pending>,
    account: Option<&'a AccountWay>,
    /// The ways have a heading each.
    several: bool,
    /// What one is to do in the first place: its button is the one that a wait holds up.
    first: First,
    /// Where the password is to be found.
    hint: &'static str,
    wrong_password: bool,
    wrong_code: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Code,
    Password,
    Ask,
}

/// The page.
#[must_use]
pub fn password(frame: &Frame, deposit: &Deposit, trouble: Trouble, now: Timestamp) -> String {
    let offer = match trouble {
        Trouble::Locked { .. } => Offer { account: deposit.offer.account, ..Offer::default() },
        _ => deposit.offer,
    };
    let time = |at: Timestamp| at.in_zone(&deposit.time_zone).strftime("%H:%M").to_string();
    let pending = deposit.code.filter(|_| offer.code);
    render(&PasswordPage {
        f: frame,
        d: Summary::of(frame, deposit, now),
        alert: alert(frame, trouble, &deposit.time_zone, now),
        offer,
        pending: pending.map(|(mailed, until)| Pending { mailed: time(mailed), until: time(until) }),
        account: deposit.account.as_ref().filter(|_| offer.account),
        several: [offer.password, offer.ask || offer.code, offer.account].into_iter().filter(|way| *way).count() > 1,
        first: match offer {
            Offer { code: true, .. } => First::Code,
            Offer { password: true, .. } => First::Password,
            Offer { .. } => First::Ask,
        },
        hint: if deposit.by_person { "web-password-hint-person" } else { "web-password-hint" },
        wrong_password: matches!(trouble, Trouble::Wrong { .. } | Trouble::Empty),
        wrong_code: matches!(trouble, Trouble::CodeWrong { .. } | Trouble::CodeEmpty),
    })
}

fn alert(frame: &Frame, trouble: Trouble, zone: &str, now: Timestamp) -> Option<Alert> {
    let waiting = |until: Timestamp| {
        let seconds = waits::seconds_until(now, until);
        let words = [
            ("time", Value::from(waits::soon(now, until, zone, frame.lang))),
            ("wait", Value::from(waits::wait(seconds, frame.lang))),
        ];
        (text(frame.lang, "web-wait", &words), seconds)
    };
    let wrong = |what: &str, tries_left: u32, wait_until: Option<Timestamp>| {
        let wait = wait_until.filter(|until| *until > now).map(waiting);
        let (wait, seconds) = wait.map_or((None, None), |(line, seconds)| (Some(line), Some(seconds)));
        let left = frame.count("web-tries-left", &u64::from(tries_left));
        ([Some(frame.t(what)), wait, Some(left)].into_iter().flatten().collect(), seconds)
    };
    let (title, lines, seconds) = match trouble {
        Trouble::None => return None,
        Trouble::NotProven => ("web-not-proven-title", vec![frame.t("web-not-proven")], None),
        Trouble::Empty => ("web-empty-title", vec![frame.t("web-empty")], None),
        Trouble::CodeEmpty => ("web-code-empty-title", vec![frame.t("web-code-empty")], None),
        Trouble::CodeOver => {
            ("web-code-over-title", vec![frame.t("web-code-over"), frame.t("web-code-over-more")], None)
        }
        Trouble::Wrong { tries_left, wait_until } => {
            let (lines, seconds) = wrong("web-wrong", tries_left, wait_until);
            ("web-wrong-title", lines, seconds)
        }
        Trouble::CodeWrong { tries_left, wait_until } => {
            let (lines, seconds) = wrong("web-code-wrong", tries_left, wait_until);
            ("web-code-wrong-title", lines, seconds)
        }
        Trouble::Wait { until } => {
            let (line, seconds) = waiting(until);
            ("web-wait-title", vec![line], Some(seconds))
        }
        Trouble::AskWait { until } => {
            let (line, _) = waiting(until);
            ("web-code-wait-title", vec![frame.t("web-code-wait"), line], None)
        }
        Trouble::Locked { until } => {
            let (line, _) = waiting(until);
            ("web-link-locked-title", vec![frame.t("web-link-locked"), line, frame.t("web-link-locked-more")], None)
        }
    };
    Some(Alert { title: frame.t(title), lines, seconds })
}
