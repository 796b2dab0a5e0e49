//! What stands on every answer, and where a POST may come from.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use fubako_exchange::token;

/// The pages' policy: a style sheet, a script and an icon of our own, forms to ourselves, in nobody's frame.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same where the page's script uploads files.
pub(crate) const UPLOADING_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A stranger's file: should a browser show it in spite of everything, it can do nothing.
pub(crate) const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'";

/// The pages' policy where they show pieces of mails, which have their looks in attributes: each of these is named, and no other may be.
pub(crate) fn policy_with_looks<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let looks = pieces.flat_map(|piece| piece.split(" style=\"").skip(1)).filter_map(|rest| rest.split('"').next());
    let hashes: BTreeSet<String> = looks.map(|look| format!(" '{}'", token::policy_hash(look.as_bytes()))).collect();
    let named: String = hashes.into_iter().collect();
    PAGE_POLICY.replace("style-src 'self'", &format!("style-src 'self' 'unsafe-hashes'{named}"))
}

const ALWAYS: [(HeaderName, &str); 9] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];

/// Puts the security headers on an answer. A handler's own policy and caching stay.
pub(crate) async fn secure(State(https): State<bool>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Whether a POST comes from a page of ours, as far as the browser says.
///
/// `Sec-Fetch-Site` decides where it is sent. Without it (an old browser, plain HTTP in a local network) `Origin` does;
/// `null` is what browsers send for a form on a page whose referrer policy is `no-referrer`, as ours is, so it cannot be
/// refused. No authority hangs on it alone: whoever can aim a POST at a link knows its secret address, and a form of somebody who is
/// signed in carries a key besides.
pub(crate) fn comes_from_us(headers: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin == "null" || origin == origin_of(public_url) || (host.is_some() && origin_host == host)
}

/// `scheme://host:port` of an address.
fn origin_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    url[after_scheme..].find('/').map_or(url, |at| &url[..after_scheme + at])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-ADMIN
    #[test]
    fn the_looks_of_a_piece_of_mail_are_named_in_the_policy_and_no_others_are() {
        let policy = policy_with_looks(
            ["<p style=\"color:red\">style=&quot;x&quot;</p><b style=\"color:red\">b</b>"].into_iter(),
        );
        // printf color:red | openssl sha256 -binary | base64
        let named = "style-src 'self' 'unsafe-hashes' 'sha256-8f935d27GvUutRyY9yWScUMiFUk4WTdZURISiYfPOeQ='; ";
        assert!(policy.contains(named), "{policy}");
        assert!(!policy.contains("unsafe-inline") && policy.contains("default-src 'none'"), "{policy}");
    }

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect();
        comes_from_us(&headers, "https://files.example.jp/base")
    }

    #[test]
    fn a_post_from_another_site_is_told_apart() {
        assert!(from(&[]), "a program sends neither");
        assert!(from(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(from(&[("sec-fetch-site", "none")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", "https://files.example.jp")]));
        assert!(!from(&[("sec-fetch-site", "same-site")]));
        assert!(from(&[("origin", "https://files.example.jp")]));
        assert!(from(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!from(&[("origin", "https://evil.example"), ("host", "files.example.jp")]));
        assert!(!from(&[("origin", "https://files.example.jp.evil.example")]));
        assert!(!from(&[("origin", "evil")]));
    }
}
