//! The API's routes as any HTTP client meets them: methods, headers, and problem documents (RFC 9457).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod served;

use axum::{body::Body, response::Response};
use fubako_api::{Problem, wire::API_CODES};
use http::{Request, StatusCode, header};
use served::{Served, TOKEN, Way, wanted};
use tower::ServiceExt as _;

async fn ask(served: &Served, request: http::request::Builder, body: impl Into<Body>) -> Response {
    let request = request.header(header::AUTHORIZATION, format!("bearer {TOKEN}")).body(body.into()).unwrap();
    served.router.clone().oneshot(request).await.unwrap()
}

async fn problem(response: Response) -> (StatusCode, Problem) {
    let status = response.status();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let body = axum::body::to_bytes(response.into_body(), 64 << 10).await.unwrap();
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.status, status.as_u16());
    (status, problem)
}

fn post() -> http::request::Builder {
    Request::post("/api/v1/deposits").header("idempotency-key", "k")
}

// spec: X-API
#[tokio::test]
async fn begun_is_201_and_repeated_200() {
    let served = Served::new(Way::InProcess).await;
    let body = serde_json::to_vec(&wanted(&["a@b.example"], 1)).unwrap();
    let first = ask(&served, post(), body.clone()).await;
    assert_eq!(
        (first.status(), &first.headers()[header::CACHE_CONTROL]),
        (StatusCode::CREATED, &"no-store".parse().unwrap())
    );
    assert_eq!(ask(&served, post(), body).await.status(), StatusCode::OK);
}

// spec: X-API
#[tokio::test]
async fn what_cannot_be_read_is_a_problem_with_a_code() {
    let served = Served::new(Way::InProcess).await;
    let good = serde_json::to_string(&wanted(&["a@b.example"], 1)).unwrap();
    let get = |path: &str| Request::get(path);
    let put = |path: &str| Request::put(path).header(header::CONTENT_DISPOSITION, "attachment; filename=a");
    let unknown = "/api/v1/deposits/0199b3c4-0000-7000-8000-000000000000";
    let cases = [
        (post(), String::new(), 400, "invalid"),
        (post(), "{\"section\":".to_owned(), 400, "invalid"),
        (post(), good.replace("\"section\"", "\"sektion\""), 400, "invalid"),
        (post(), good.replace("acme", "No Slug"), 400, "invalid"),
        (post(), " ".repeat(600 << 10), 413, "too-large"),
        (Request::post("/api/v1/deposits"), good.clone(), 400, "invalid"),
        (Request::post("/api/v1/deposits").header("idempotency-key", ""), good.clone(), 422, "invalid"),
        (Request::patch("/api/v1/deposits"), String::new(), 405, "invalid"),
        (Request::delete("/api/v1/deposits?section=acme"), String::new(), 400, "invalid"),
        (get("/api/v1/nothing"), String::new(), 404, "not-found"),
        (get("/api/v1"), String::new(), 404, "not-found"),
        (get("/api/v1/deposits/not-an-id"), String::new(), 404, "not-found"),
        (get("/api/v1/deposits/%ff"), String::new(), 404, "not-found"),
        (get(unknown), String::new(), 404, "not-found"),
        (put(&format!("{unknown}/files/1")), "x".into(), 404, "not-found"),
        (put(&format!("{unknown}/files/one")), "x".into(), 404, "not-found"),
        (put(&format!("{unknown}/files/99999999999")), "x".into(), 404, "not-found"),
        (Request::put(format!("{unknown}/files/1")), "x".into(), 400, "invalid"),
    ];
    for (request, body, status, code) in cases {
        let asked = format!("{request:?}");
        let (found, problem) = problem(ask(&served, request, body).await).await;
        assert_eq!((found.as_u16(), problem.code.as_str()), (status, code), "{asked}");
        assert!(API_CODES.contains(&code) && problem.kind == format!("urn:fubako:problem:{code}"));
    }
}

#[tokio::test]
async fn a_wrong_method_hears_which_are_right() {
    let served = Served::new(Way::InProcess).await;
    let response = ask(&served, Request::patch("/api/v1/deposits"), "").await;
    let allowed = response.headers()[header::ALLOW].to_str().unwrap();
    assert_eq!(allowed.split(',').collect::<std::collections::BTreeSet<_>>(), ["DELETE", "GET", "HEAD", "POST"].into());
}

// spec: X-API
#[tokio::test]
async fn nothing_is_told_to_who_has_no_token() {
    let served = Served::new(Way::InProcess).await;
    let basic = "Basic YTpi".to_owned();
    for given in [None, Some(basic), Some("Bearer".into()), Some("Bearer ".into()), Some(TOKEN.into())] {
        for (method, path) in
            [("GET", "/api/v1/nothing"), ("POST", "/api/v1/deposits"), ("DELETE", "/api/v1/deposits/x")]
        {
            let mut request = Request::builder().method(method).uri(path);
            if let Some(given) = &given {
                request = request.header(header::AUTHORIZATION, given);
            }
            let request = request.body(Body::from("x")).unwrap();
            let response = served.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
            let (status, problem) = problem(response).await;
            assert_eq!((status, problem.code.as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"), "{given:?} {path}");
        }
    }
}
