//! Who is not let leaves a line in the log (spec X-ADMIN, X-API, KEEP-LOGS).
#![allow(clippy::unwrap_used)]

mod common;

use std::net::IpAddr;

use common::{House, Log, encoded, request, user};
use fubako_store::sections::Change;
use fubako_web::Peer;
use http::Method;

/// Asks from somewhere; gives the status.
async fn ask(house: &House, from: &str, method: &Method, path: &str, headers: &[(&str, &str)], form: &str) -> u16 {
    let mut asked = request(method.clone(), path, headers, form);
    asked.extensions_mut().insert(Peer(from.parse::<IpAddr>().unwrap()));
    house.ask(asked).await.status.as_u16()
}

/// A token of the section that may only read the audit log.
async fn token(house: &House, administrator: &str) -> String {
    let key = encoded(&house.form_key(administrator).await);
    let form = format!("form={key}&name=nightly+batch&days=30&scope=audit%3Aread");
    let made = house.post("/section/tokens", &[("cookie", administrator)], &form).await;
    made.text().split("<code translate=\"no\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

/// The only test of its file: it listens to what its process logs.
#[tokio::test]
async fn who_is_refused_leaves_a_line_with_the_reason_and_no_secret() {
    let log = Log::listen(tracing::Level::INFO);
    let house = House::new("https://files.acme.example").await;
    for (login_id, administrator) in [("taro", false), ("kanri", true)] {
        let change = Change::PutUser(user("acme", login_id, administrator));
        house.store.apply(&[change], &[], house.now()).await.unwrap();
    }
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.bin", "application/x-a", b"a")]).await;
    let (taro, kanri) = (house.sign_in("acme/taro").await, house.sign_in("acme/kanri").await);
    let token = token(&house, &kanri).await;
    let (bearer, open) = (format!("Bearer {token}"), format!("/d/{link}/open"));
    let (get, post) = (Method::GET, Method::POST);
    let none: &[(&str, &str)] = &[];
    let wrong: &[(&str, &str)] = &[("authorization", "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
    let narrow: &[(&str, &str)] = &[("authorization", &bearer)];
    let foreign: &[(&str, &str)] = &[("sec-fetch-site", "cross-site")];
    let user: &[(&str, &str)] = &[("cookie", &taro)];
    let theirs: &[(&str, &str)] = &[("cookie", &taro), ("sec-fetch-site", "cross-site")];
    let cases = [
        (&get, "/api/v1/deposits", none, 401, "GET", "/api/v1/deposits", "-", "no token"),
        (&get, "/api/v1/audit", wrong, 401, "GET", "/api/v1/audit", "-", "a token that is none, or no longer"),
        (&get, "/api/v1/deposits", narrow, 403, "GET", "/api/v1/deposits", "acme: nightly batch", "a scope that"),
        (&post, open.as_str(), foreign, 403, "POST", "/d/{token}/open", "-", "a form of another site"),
        (&post, "/sign-out", user, 403, "POST", "/sign-out", "-", "a form that no page of this session made"),
        (&post, "/sign-out", theirs, 403, "POST", "/sign-out", "-", "a form that no page of this session made"),
        (&post, "/uploads", user, 403, "POST", "/uploads", "-", "an upload that no page of this session made"),
        (&get, "/section/tokens", user, 404, "GET", "/section/tokens", "acme/taro", "a page of another role"),
        (&get, "/operator/queue", user, 404, "GET", "/operator/queue", "acme/taro", "a page of another role"),
    ];
    for (number, (method, path, headers, status, shown, route, who, why)) in (1..).zip(cases) {
        let from = format!("192.0.2.{number}");
        assert_eq!(ask(&house, &from, method, path, headers, "form=x").await, status, "{path} {why}");
        let said = log.text();
        let line = said.lines().find(|line| line.contains(&format!("address={from} "))).unwrap_or_default();
        for part in ["WARN", &format!("refused: {why}"), &format!("method={shown} route=\"{route}\" who=\"{who}\"")] {
            assert!(line.contains(part), "{part} is missing: {line}\n{said}");
        }
    }
    // What is asked for and let leaves none, and a network has so many and no more.
    assert_eq!(ask(&house, "192.0.2.99", &get, "/api/v1/audit", narrow, "").await, 200);
    for _ in 0..60 {
        ask(&house, "198.51.100.7", &get, "/api/v1/audit", wrong, "").await;
    }
    let said = log.text();
    assert!(!said.contains("192.0.2.99"), "{said}");
    assert_eq!(said.matches("address=198.51.100.7").count(), 51, "{said}");
    assert_eq!(said.matches("no further lines of it within 15 minutes").count(), 1);
    for secret in [link.as_str(), &token, "AAAAAAAA", taro.split_once('=').unwrap().1] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}
