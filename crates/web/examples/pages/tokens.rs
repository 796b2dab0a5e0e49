//! Tokens for programs, and the API's own page.

use fubako_base::{
    ids::{ApiTokenId, SectionId},
    scope::Scopes,
};
use fubako_exchange::{
    api_tokens::ApiToken,
    domain::api_tokens::{NewToken, TokenFault},
};
use fubako_web::{
    api::document::document,
    pages::{
        Frame, api,
        tokens::{self, TokenForm},
    },
};

use crate::SENT;

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let token = |name: &str, until: i64, used, revoked| ApiToken {
        id: ApiTokenId::generate(),
        section: SectionId::installation(),
        name: name.to_owned(),
        scopes: Scopes::all(),
        made_by: "kanri".to_owned(),
        made_at: SENT,
        expires_at: SENT.plus_seconds(until),
        revoked_at: revoked,
        used_at: used,
    };
    let all = [
        token("基幹システムの夜間バッチ（見積書の送付）", 90 * 86_400, Some(SENT), None),
        token("audit-collector", 86_400, None, Some(SENT)),
        token("ThisIsALongNameWithoutAnySpaceThatMustBeBrokenSomewhereOrThePageWouldScrollSideways", -60, None, None),
    ];
    let (entered, faults) = (NewToken::default(), [TokenFault::Name, TokenFault::NoScope]);
    let form = |faults, autopilot| TokenForm {
        entered: &entered,
        days: "90",
        faults,
        autopilot,
        form_key: "key",
        zone: "Asia/Tokyo",
        done: None,
    };
    let document = serde_json::to_value(document()).unwrap_or_default();
    vec![
        ("tokens", tokens::tokens(frame, &all, &form(&[], true), SENT)),
        ("tokens-wrong", tokens::tokens(frame, &[], &form(&faults, true), SENT)),
        ("tokens-off", tokens::tokens(frame, &[], &form(&[], false), SENT)),
        ("token-made", tokens::made(frame, &all[0], "q7xkq0Jw3VtS2mCw8yQe5n1bGd4rHf6uLp9zXaYcTeM", "Asia/Tokyo")),
        ("token-revoke", tokens::ask(frame, &all[0], "key")),
        ("api", api::api(frame, &document, "https://files.example.jp")),
    ]
}
