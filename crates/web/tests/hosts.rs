//! Which pages are under which host name (spec X-NOTICE): the installation's, a section's own domain, and names that are none of ours.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{House, encoded};
use fubako_base::section::{Section, Settings};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use http::{Method, Request};

/// The installation; the section's own domain, which it serves; and that of nobody.
const INSTALLATION: &str = "files.example.jp";
const OWN: &str = "files.acme.example";
const STRANGER: &str = "evil.example";

fn own(link_url: Option<&str>) -> Section {
    let settings = Settings { link_url: link_url.map(str::to_owned), ..Settings::default() };
    Section { settings, ..section("acme") }
}

async fn house(link_url: Option<&str>) -> (House, String) {
    let house = House::of(house::House::at("https://files.example.jp", Scanner::None, own(link_url)).await);
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"the content")]).await;
    (house, token)
}

fn request(method: &Method, host: &str, path: &str, form: &str) -> Request<Body> {
    let request = Request::builder().method(method.clone()).uri(path).header("host", host);
    let request = request.header("accept-language", "en").header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(form.to_owned())).unwrap()
}

/// Every kind of page × host name.
// spec: X-NOTICE X-OPERATOR
#[tokio::test]
async fn each_page_has_an_expectation_under_each_host() {
    let (house, token) = house(Some("https://files.acme.example")).await;
    let link = format!("/d/{token}");
    let absent = format!("/d/{}", "A".repeat(43));
    let (get, post) = (Method::GET, Method::POST);
    let table: &[(&Method, &str, [u16; 3])] = &[
        (&get, &link, [200, 200, 421]),
        (&get, &absent, [404, 404, 421]),
        (&get, "/d/short", [404, 404, 421]),
        (&get, &format!("{link}/files/1"), [403, 403, 421]),
        (&get, &format!("{link}/all.zip"), [403, 403, 421]),
        (&post, &format!("{link}/open"), [400, 400, 421]),
        (&get, "/", [200, 200, 421]),
        (&get, "/robots.txt", [200, 200, 421]),
        (&get, "/assets/none.css", [404, 404, 421]),
        (&get, "/healthz", [200; 3]),
        (&get, "/nothing", [404, 404, 421]),
        (&get, "/sign-in", [200, 404, 421]),
        (&post, "/sign-in", [400, 404, 421]),
        (&get, &format!("/invitation/{token}"), [404, 404, 421]),
        (&get, "/me", [303, 404, 421]),
        (&get, &format!("/sign-in/d/{token}"), [200, 404, 421]),
        (&post, &format!("/sign-in/d/{token}"), [400, 404, 421]),
        (&get, "/received", [303, 404, 421]),
        (&get, &format!("/received/{token}/files/1"), [303, 404, 421]),
        (&get, "/sent", [303, 404, 421]),
        (&get, "/sent/new", [303, 404, 421]),
        (&post, "/uploads", [401, 404, 421]),
        (&get, "/approvals", [303, 404, 421]),
        (&get, "/audit", [303, 404, 421]),
        (&get, "/operator/maintenance", [303, 404, 421]),
        // A program is known by its token, whatever it calls us.
        (&post, "/api/v1/deposits", [401; 3]),
    ];
    for (method, path, expected) in table {
        for (host, status) in [INSTALLATION, OWN, STRANGER].iter().zip(expected) {
            let answer = house.ask(request(method, host, path, "")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} at {host}");
            // Nothing of ours leads to a name that somebody else wrote.
            assert!(
                !answer.text().contains(STRANGER) && !answer.header("location").contains("://"),
                "{path} at {host}"
            );
        }
    }
    // The target goes before the field (RFC 9112, 3.2.2).
    let answer = house.ask(request(&get, INSTALLATION, "https://evil.example/sign-in", "")).await;
    assert_eq!(answer.status.as_u16(), 421);
    let answer = house.ask(request(&get, "127.0.0.1:8080", "/sign-in", "")).await;
    assert_eq!(answer.status.as_u16(), 200);
}

/// The whole of a download under the section's own domain, and a cookie for it alone.
// spec: X-NOTICE X-RECEIVE
#[tokio::test]
async fn files_are_taken_under_the_own_domain() {
    let (house, token) = house(Some("https://files.acme.example:8443")).await;
    let form = format!("password={}", encoded(common::PASSWORD));
    let opened = house.ask(request(&Method::POST, OWN, &format!("/d/{token}/open"), &form)).await;
    let cookie = opened.header("set-cookie").to_owned();
    assert!(opened.status.as_u16() == 303 && !cookie.to_lowercase().contains("domain"), "{cookie}");
    let mut asked = request(&Method::GET, "FILES.ACME.EXAMPLE:8443", &format!("/d/{token}/files/1"), "");
    asked.headers_mut().insert("cookie", format!("fubako_link={}", opened.session()).parse().unwrap());
    assert_eq!(house.ask(asked).await.text(), "the content");
}

/// A link is under no domain of another section's, and under none that the section has given up.
// spec: X-NOTICE
#[tokio::test]
async fn a_link_is_under_its_own_section_s_domain_only() {
    for link_url in [None, Some("https://files.other.example")] {
        // It was sent while the section's domain was another.
        let (house, token) = house(None).await;
        house.put_section(own(link_url)).await;
        let at = async |host| house.ask(request(&Method::GET, host, &format!("/d/{token}"), "")).await.status.as_u16();
        let absent = house.ask(request(&Method::GET, OWN, &format!("/d/{}", "A".repeat(43)), "")).await;
        let found = house.ask(request(&Method::GET, OWN, &format!("/d/{token}"), "")).await;
        assert_eq!(found.status.as_u16(), 404);
        assert_eq!(found.text().replace(&token, ""), absent.text().replace(&"A".repeat(43), ""));
        assert_eq!((at(INSTALLATION).await, at("files.other.example").await), (200, 421));
    }
}
