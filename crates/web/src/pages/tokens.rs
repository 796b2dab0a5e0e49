//! The pages of a section's tokens for programs (spec X-API).

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    scope::{Scope, Scopes},
    shown::{self, Moment, visible},
};
use fubako_exchange::{
    api_tokens::ApiToken,
    domain::api_tokens::{LONGEST_DAYS, LONGEST_NAME, MOST_TOKENS, NewToken, TokenFault, TokenState, state},
};

use super::{Alert, Frame, account::Done, render};

/// The form for a new token, and what stands round it.
#[derive(Debug, Clone, Copy)]
pub struct TokenForm<'a> {
    /// What was entered.
    pub entered: &'a NewToken,
    /// The days as they were entered.
    pub days: &'a str,
    /// Why it was not made.
    pub faults: &'a [TokenFault],
    /// Whether the section lets programs in at all.
    pub autopilot: bool,
    /// What the forms carry.
    pub form_key: &'a str,
    /// The time zone of all times.
    pub zone: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

struct TokenRow {
    path: String,
    name: String,
    made: Moment,
    made_by: String,
    until: Moment,
    used: Option<Moment>,
    permits: Vec<String>,
    stands: String,
    good: bool,
}

struct ScopeChoice {
    word: &'static str,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage<'a> {
    f: &'a Frame,
    form: &'a TokenForm<'a>,
    rows: Vec<TokenRow>,
    scopes: Vec<ScopeChoice>,
    alert: Option<Alert>,
    done: Option<String>,
    longest_name: usize,
    longest_days: u32,
}

/// The section's tokens, and the form for another.
#[must_use]
pub fn tokens(frame: &Frame, tokens: &[ApiToken], form: &TokenForm<'_>, now: Timestamp) -> String {
    let row = |token: &ApiToken| {
        let moment = |at| shown::moment(at, form.zone, frame.lang);
        let stands = state(token, now);
        TokenRow {
            path: path(token),
            name: visible(&token.name),
            made: moment(token.made_at),
            made_by: visible(&token.made_by),
            until: moment(token.expires_at),
            used: token.used_at.map(moment),
            permits: permits(frame, &token.scopes),
            stands: frame.t(match stands {
                TokenState::Good => "web-token-good",
                TokenState::Expired => "web-token-expired",
                TokenState::Revoked => "web-token-revoked",
            }),
            good: stands == TokenState::Good,
        }
    };
    let choice = |scope: &Scope| ScopeChoice {
        word: scope.as_str(),
        words: scope_words(frame, *scope),
        chosen: form.entered.scopes.contains(*scope),
    };
    render(&TokensPage {
        f: frame,
        form,
        rows: tokens.iter().map(row).collect(),
        scopes: Scope::ALL.iter().map(choice).collect(),
        alert: alert(frame, form.faults),
        done: form.done.map(|done| done.words(frame)),
        longest_name: LONGEST_NAME,
        longest_days: LONGEST_DAYS,
    })
}

#[derive(Template)]
#[template(path = "token_made.html")]
struct MadePage<'a> {
    f: &'a Frame,
    name: String,
    secret: &'a str,
    until: Moment,
    permits: Vec<String>,
}

/// A new token with its secret, which is shown this once.
#[must_use]
pub fn made(frame: &Frame, token: &ApiToken, secret: &str, zone: &str) -> String {
    render(&MadePage {
        f: frame,
        name: visible(&token.name),
        secret,
        until: shown::moment(token.expires_at, zone, frame.lang),
        permits: permits(frame, &token.scopes),
    })
}

#[derive(Template)]
#[template(path = "token_revoke.html")]
struct RevokePage<'a> {
    f: &'a Frame,
    name: String,
    path: String,
    form_key: &'a str,
}

/// The question before a token is revoked.
#[must_use]
pub fn ask(frame: &Frame, token: &ApiToken, form_key: &str) -> String {
    render(&RevokePage { f: frame, name: visible(&token.name), path: path(token), form_key })
}

fn path(token: &ApiToken) -> String {
    format!("/section/tokens/{}/remove", token.id)
}

fn scope_words(frame: &Frame, scope: Scope) -> String {
    frame.t(match scope {
        Scope::Deposit => "web-scope-deposit",
        Scope::Read => "web-scope-read",
        Scope::Cancel => "web-scope-cancel",
        Scope::Audit => "web-scope-audit",
    })
}

fn permits(frame: &Frame, scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope_words(frame, scope)).collect()
}

fn alert(frame: &Frame, faults: &[TokenFault]) -> Option<Alert> {
    let line = |fault: &TokenFault| match fault {
        TokenFault::AutopilotOff => frame.t("web-token-autopilot-off"),
        TokenFault::Name => frame.count("web-token-fault-name", &(LONGEST_NAME as u64)),
        TokenFault::NoScope => frame.t("web-token-fault-scope"),
        TokenFault::Days => frame.count("web-token-fault-days", &u64::from(LONGEST_DAYS)),
        TokenFault::NameTaken => frame.t("web-token-fault-name-taken"),
        TokenFault::TooMany => frame.count("web-token-fault-many", &u64::from(MOST_TOKENS)),
    };
    let lines: Vec<String> = faults.iter().map(line).collect();
    (!lines.is_empty()).then(|| Alert { title: frame.t("web-token-fault-title"), lines, seconds: None })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::ApiTokenId;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn token(seconds: i64, revoked: bool) -> ApiToken {
        ApiToken {
            id: ApiTokenId::generate(),
            section: "acme".parse().unwrap(),
            name: "<b>batch".into(),
            scopes: Scopes::all(),
            made_by: "<i>kanri".into(),
            made_at: NOW,
            expires_at: NOW.plus_seconds(seconds),
            revoked_at: revoked.then_some(NOW),
            used_at: Some(NOW),
        }
    }

    fn check(page: &str) {
        assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
        assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
        for markup in ["<b>", "<i>", "<u>"] {
            assert!(!page.contains(markup), "{markup}: {page}");
        }
    }

    // spec: X-LANG X-API
    #[test]
    fn the_pages_have_all_their_words_in_both_languages_and_run_no_stranger_s() {
        const FAULTS: [TokenFault; 6] = [
            TokenFault::AutopilotOff,
            TokenFault::Name,
            TokenFault::NameTaken,
            TokenFault::NoScope,
            TokenFault::Days,
            TokenFault::TooMany,
        ];
        let all = [token(60, false), token(-60, false), token(60, true)];
        let entered = NewToken { name: "\"><u>".into(), scopes: Scopes::all(), days: None };
        for lang in Lang::ALL {
            let frame =
                Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
            for (faults, autopilot) in [(&FAULTS[..], false), (&[][..], true)] {
                let done = Some(Done::TokenRevoked);
                let form = TokenForm {
                    entered: &entered,
                    days: "\"<u>",
                    faults,
                    autopilot,
                    form_key: "key",
                    zone: "UTC",
                    done,
                };
                let page = tokens(&frame, &all, &form, NOW);
                check(&page);
                assert_eq!(page.matches("/remove").count(), 1, "only the good one can be revoked: {page}");
                assert_eq!(page.contains("name=\"days\""), autopilot, "{page}");
            }
            let made = made(&frame, &all[0], "the-secret", "UTC");
            check(&made);
            assert_eq!(made.matches("the-secret").count(), 1);
            check(&ask(&frame, &all[0], "key"));
        }
    }
}
