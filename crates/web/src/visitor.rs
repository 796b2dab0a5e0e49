//! What a request says about who is reading: language and session.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, header, request::Parts},
};
use fubako_base::Lang;
use fubako_exchange::token;

use crate::{Peer, announced::Announced};

/// The name of the cookie with a link's session.
pub(crate) const SESSION_COOKIE: &str = "fubako_link";

/// The name of the cookie with the secret of a browser that asked for a code.
pub(crate) const CODE_COOKIE: &str = "fubako_code";

/// Who is reading what.
pub(crate) struct Visitor {
    /// The link's token from the address; empty where it cannot be one, so that it is no link's.
    pub(crate) token: String,
    /// The number from a file's address; none where it is not a number.
    pub(crate) number: Option<u32>,
    /// The name from an asset's address.
    pub(crate) asset: String,
    /// The language chosen by a link of ours (`?lang=`). Nothing is stored: links and forms carry it on.
    pub(crate) chosen: Option<Lang>,
    /// What the browser asks for, where it names a language of ours.
    accepted: Option<Lang>,
    /// The session's secret, as the cookie has it; empty where there is none.
    pub(crate) session: String,
    /// The secret of a browser that asked for a code; empty where it did not.
    pub(crate) browser: String,
    /// Whom the request comes from.
    pub(crate) peer: IpAddr,
    /// What is announced at this time.
    pub(crate) announced: Announced,
}

impl Visitor {
    /// The language for this reader (spec X-LANG): chosen, else the browser's, else the deposit's, else Japanese.
    pub(crate) fn lang(&self, deposit: Option<Lang>) -> Lang {
        self.chosen.or(self.accepted).or(deposit).unwrap_or_default()
    }

    /// What an address carries on of the chosen language.
    pub(crate) fn query(&self) -> String {
        self.chosen.map_or_else(String::new, |lang| format!("?lang={lang}"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let places = RawPathParams::from_request_parts(parts, state).await.ok();
        let place = |name| places.iter().flatten().find_map(|(key, value)| (key == name).then_some(value));
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            token: place("token").filter(|token| token::presented(token).is_some()).unwrap_or_default().to_owned(),
            asset: place("asset").unwrap_or_default().to_owned(),
            number: place("number").filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse().ok()),
            chosen: query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(|lang| lang.parse().ok()),
            accepted: accepted(&parts.headers),
            session: cookie(&parts.headers, SESSION_COOKIE).unwrap_or_default().to_owned(),
            browser: cookie(&parts.headers, CODE_COOKIE).unwrap_or_default().to_owned(),
            peer: parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| *peer),
            announced: parts.extensions.get().cloned().unwrap_or_default(),
        })
    }
}

/// The cookie with this name (RFC 6265, 5.4: the one with the longest path comes first).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// The language that `Accept-Language` prefers, where it names one of ours at all.
fn accepted(headers: &HeaderMap) -> Option<Lang> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let ours = header.split(',').take(32).any(|range| {
        let tag = range.split(';').next().unwrap_or_default().trim();
        tag.split('-').next().is_some_and(|main| main.to_ascii_lowercase().parse::<Lang>().is_ok())
    });
    ours.then(|| Lang::from_accept_language(header))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::Request;

    use super::*;

    async fn visitor(uri: &str, accept: Option<&str>) -> Visitor {
        let mut request = Request::builder().uri(uri);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT_LANGUAGE, accept);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Visitor::from_request_parts(&mut parts, &()).await.unwrap()
    }

    // spec: X-LANG
    #[tokio::test]
    async fn the_language_is_chosen_or_accepted_or_the_deposits() {
        let table = [
            ("/?lang=en", Some("ja"), Some(Lang::Ja), Lang::En),
            ("/?x=1&lang=ja", Some("en"), None, Lang::Ja),
            ("/?lang=fr", Some("en-GB"), None, Lang::En),
            ("/", Some("en-GB,en;q=0.5"), Some(Lang::Ja), Lang::En),
            ("/", Some("fr,de;q=0.5"), Some(Lang::En), Lang::En),
            ("/", Some("*"), None, Lang::Ja),
            ("/", None, Some(Lang::En), Lang::En),
            ("/", None, None, Lang::Ja),
        ];
        for (uri, accept, deposit, lang) in table {
            assert_eq!(visitor(uri, accept).await.lang(deposit), lang, "{uri} {accept:?} {deposit:?}");
        }
    }
}
