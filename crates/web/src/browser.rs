//! Which browser asks, as a person would say it, so that they know their sessions apart (spec X-ACCOUNTS). It is what the browser says of itself: good for
//! recognising, and for no decision. Of what it says, names that are listed here are kept and nothing else.

use axum::http::{HeaderMap, header};

/// Octets of the field that are looked at.
const LONGEST: usize = 1000;

/// What is found in the field, and the name for it. The first that is found counts: later ones stand in the earlier ones' fields too.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
];

/// The browser's family and its system, like `Firefox (Windows)`; empty where neither is known.
pub(crate) fn name(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent = agent.get(..LONGEST).unwrap_or(agent);
    let found =
        |table: &[(&str, &'static str)]| table.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    // Safari names itself last, and everybody else names it too.
    let browser =
        found(&BROWSERS).or_else(|| (agent.contains("Version/") && agent.contains("Safari/")).then_some("Safari"));
    match (browser, found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} ({system})"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-ACCOUNTS
    #[test]
    fn browsers_are_told_apart_and_nothing_else_of_them_is_kept() {
        let mozilla = "Mozilla/5.0";
        let table = [
            ("(Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox (Windows)"),
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
                "Chrome (Windows)",
            ),
            (
                "(Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge (Windows)",
            ),
            (
                "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari (Mac)",
            ),
            (
                "(iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari (iPhone)",
            ),
            (
                "(iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1",
                "Chrome (iPhone)",
            ),
            (
                "(Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Chrome (Android)",
            ),
            ("(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox (Linux)"),
            ("(Android 15; <b>taro</b>)", "Android"),
            ("Firefox/1", "Firefox"),
            ("<script>alert(1)</script>", ""),
            ("", ""),
        ];
        for (agent, wanted) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, format!("{mozilla} {agent}").parse().unwrap());
            assert_eq!(name(&headers), wanted, "{agent}");
        }
        assert_eq!(name(&HeaderMap::new()), "");
        let mut long = HeaderMap::new();
        long.insert(header::USER_AGENT, format!("{} Firefox/1", "x".repeat(1000)).parse().unwrap());
        assert_eq!(name(&long), "");
    }
}
