//! Every route that there is × everybody who may come: an expectation for each, and none without one (spec X-ADMIN, X-OPERATOR, X-API).
//!
//! Here nothing has the ids that are asked for, so that what is seen is who is let as far as to look. What somebody's own, a colleague's and another
//! section's thing answers is in the table of the same name in each subject's own tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{House, encoded, request};
use fubako_vault::scanner::Scanner;

/// Who comes: nobody, the operator, a user, an approver, an administrator, and an administrator of another section.
const VISITORS: [&str; 6] = ["", "root", "acme/taro", "acme/shonin", "acme/kanri", "other/kanri"];

/// The routes as the router itself has them: each path with its methods.
fn routes(house: &House) -> BTreeMap<String, BTreeSet<String>> {
    let told = format!("{:?}", house.web);
    let all = told.split("fallback_router").next().unwrap();
    let (routes, paths) = all.split_once("node: Node { paths: {").unwrap();
    let id = |text: &str| text.split(')').next().unwrap().to_owned();
    let of_id: BTreeMap<String, BTreeSet<String>> = routes
        .split("RouteId(")
        .skip(1)
        .map(|route| {
            let methods = ["get", "head", "delete", "options", "patch", "post", "put"];
            let has = |method: &&str| {
                let after = route.split(&format!(" {method}: ")).nth(1).unwrap_or_else(|| panic!("{route}"));
                !after.starts_with("None")
            };
            (id(route), methods.into_iter().filter(has).map(str::to_uppercase).collect())
        })
        .collect();
    let path = |text: &str| (text.split('"').nth(1).unwrap().to_owned(), of_id[&id(text)].clone());
    paths.split("RouteId(").skip(1).map(path).collect()
}

/// A path of this route, with ids of nothing.
fn path(route: &str) -> String {
    const NONE: &str = "0190a0b0-0000-7000-8000-000000000000";
    let filled = [
        ("{token}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("{deposit}", NONE),
        ("{link}", NONE),
        ("{upload}", NONE),
        ("{id}", NONE),
        ("{number}", "1"),
        ("{name}", "nobody"),
        ("{domain}", "acme.example"),
        ("{part}", "files"),
        ("{asset}", "none.css"),
        ("{*rest}", "none"),
    ];
    let path = filled.iter().fold(route.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!path.contains('{'), "{route} has a place that nothing is known for");
    path
}

/// What routes that take any method are asked by here; of one that is not here, what is asked stands in the router.
const ANY: [(&str, &[&str]); 3] =
    [("/api/{*rest}", &["GET"]), ("/uploads", &["POST"]), ("/uploads/{upload}", &["HEAD", "PATCH", "DELETE"])];

/// By method and route: the status for each of [`VISITORS`]. What one is not let see answers like what is not there; whoever is nobody is led to where
/// one signs in. The last row signs them out.
const EXPECTED: &[(&str, &str, [u16; 6])] = &[
    ("GET", "/", [200; 6]),
    ("GET", "/api", [200; 6]),
    ("GET", "/api/openapi.json", [200; 6]),
    ("GET", "/api/v1/audit", [401; 6]),
    ("GET", "/api/v1/deposits", [401; 6]),
    ("POST", "/api/v1/deposits", [401; 6]),
    ("DELETE", "/api/v1/deposits", [401; 6]),
    ("GET", "/api/v1/deposits/{id}", [401; 6]),
    ("DELETE", "/api/v1/deposits/{id}", [401; 6]),
    ("POST", "/api/v1/deposits/{id}/cancel", [401; 6]),
    ("PUT", "/api/v1/deposits/{id}/files/{number}", [401; 6]),
    ("OPTIONS", "/api/v1/deposits/{id}/files/{number}/upload", [401; 6]),
    ("POST", "/api/v1/deposits/{id}/files/{number}/upload", [401; 6]),
    ("HEAD", "/api/v1/deposits/{id}/files/{number}/upload", [401; 6]),
    ("PATCH", "/api/v1/deposits/{id}/files/{number}/upload", [401; 6]),
    ("DELETE", "/api/v1/deposits/{id}/files/{number}/upload", [401; 6]),
    ("GET", "/api/v1/deposits/{id}/recipients", [401; 6]),
    ("POST", "/api/v1/deposits/{id}/send", [401; 6]),
    ("GET", "/api/{*rest}", [401; 6]),
    ("GET", "/approvals", [303, 404, 404, 200, 404, 404]),
    ("GET", "/approvals/{deposit}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/approvals/{deposit}/all.zip", [303, 404, 404, 404, 404, 404]),
    ("GET", "/approvals/{deposit}/approve", [303; 6]),
    ("POST", "/approvals/{deposit}/approve", [303, 404, 404, 404, 404, 404]),
    ("GET", "/approvals/{deposit}/files/{number}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/approvals/{deposit}/reject", [303; 6]),
    ("POST", "/approvals/{deposit}/reject", [303, 404, 404, 404, 404, 404]),
    ("GET", "/assets/{asset}", [404; 6]),
    ("GET", "/audit", [303, 200, 404, 404, 200, 200]),
    ("GET", "/audit.csv", [303, 200, 404, 404, 200, 200]),
    ("GET", "/d/{token}", [404; 6]),
    ("GET", "/d/{token}/all.zip", [404; 6]),
    ("GET", "/d/{token}/close", [303; 6]),
    ("POST", "/d/{token}/close", [404; 6]),
    ("GET", "/d/{token}/code", [303; 6]),
    ("POST", "/d/{token}/code", [404; 6]),
    ("GET", "/d/{token}/code/open", [303; 6]),
    ("POST", "/d/{token}/code/open", [404; 6]),
    ("GET", "/d/{token}/files/{number}", [404; 6]),
    ("GET", "/d/{token}/open", [303; 6]),
    ("POST", "/d/{token}/open", [404; 6]),
    ("GET", "/healthz", [200; 6]),
    ("GET", "/invitation/{token}", [404; 6]),
    ("POST", "/invitation/{token}", [404; 6]),
    ("GET", "/me", [303, 200, 200, 200, 200, 200]),
    ("GET", "/me/password", [303, 200, 200, 200, 200, 200]),
    ("POST", "/me/password", [303, 400, 400, 400, 400, 400]),
    ("GET", "/me/second-factor", [303, 200, 200, 200, 200, 200]),
    ("GET", "/me/second-factor/begin", [303; 6]),
    ("POST", "/me/second-factor/begin", [303, 403, 403, 403, 403, 403]),
    ("GET", "/me/second-factor/codes", [303; 6]),
    ("POST", "/me/second-factor/codes", [303, 403, 403, 403, 403, 403]),
    ("GET", "/me/second-factor/confirm", [303; 6]),
    ("POST", "/me/second-factor/confirm", [303, 400, 400, 400, 400, 400]),
    ("GET", "/me/second-factor/off", [303; 6]),
    ("POST", "/me/second-factor/off", [303, 403, 403, 403, 403, 403]),
    ("GET", "/me/sessions", [303; 6]),
    ("GET", "/me/sessions/end", [303; 6]),
    ("POST", "/me/sessions/end", [303; 6]),
    ("GET", "/operator/announcements", [303, 200, 404, 404, 404, 404]),
    ("GET", "/operator/announcements/new", [303, 200, 404, 404, 404, 404]),
    ("POST", "/operator/announcements/new", [303, 400, 404, 404, 404, 404]),
    ("GET", "/operator/announcements/{id}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/announcements/{id}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/announcements/{id}/withdraw", [303; 6]),
    ("POST", "/operator/announcements/{id}/withdraw", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/health", [303, 200, 404, 404, 404, 404]),
    ("GET", "/operator/maintenance", [303, 200, 404, 404, 404, 404]),
    ("POST", "/operator/maintenance", [303, 400, 404, 404, 404, 404]),
    ("GET", "/operator/maintenance/{id}/end", [303; 6]),
    ("POST", "/operator/maintenance/{id}/end", [303, 303, 404, 404, 404, 404]),
    ("GET", "/operator/queue", [303, 200, 404, 404, 404, 404]),
    ("GET", "/operator/queue/{id}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/queue/{id}/retry", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/queue/{id}/retry", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/queue/{id}/stop", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/queue/{id}/stop", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/section/{id}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/section/{id}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/section/{id}/dkim/{domain}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/section/{id}/dkim/{domain}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/section/{id}/off", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/section/{id}/off", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/section/{id}/on", [303, 404, 404, 404, 404, 404]),
    ("POST", "/operator/section/{id}/on", [303, 404, 404, 404, 404, 404]),
    ("GET", "/operator/sections", [303, 200, 404, 404, 404, 404]),
    ("GET", "/operator/sections/new", [303, 200, 404, 404, 404, 404]),
    ("POST", "/operator/sections/new", [303, 400, 404, 404, 404, 404]),
    ("GET", "/received", [303, 404, 200, 200, 200, 200]),
    ("GET", "/received/{link}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/received/{link}/all.zip", [303, 404, 404, 404, 404, 404]),
    ("GET", "/received/{link}/files/{number}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/robots.txt", [200; 6]),
    ("GET", "/section/deposits", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/deposits/{deposit}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/deposits/{deposit}/cancel", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/deposits/{deposit}/cancel", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/deposits/{deposit}/cancel/{link}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/deposits/{deposit}/cancel/{link}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/deposits/{deposit}/extend", [303; 6]),
    ("POST", "/section/deposits/{deposit}/extend", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/group/{name}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/group/{name}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/group/{name}/remove", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/group/{name}/remove", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/groups", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/groups/new", [303, 404, 404, 404, 200, 200]),
    ("POST", "/section/groups/new", [303, 404, 404, 404, 400, 400]),
    ("GET", "/section/mail-link", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/mail-link/check", [303; 6]),
    ("POST", "/section/mail-link/check", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/settings", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/settings/{part}", [303, 404, 404, 404, 200, 200]),
    ("POST", "/section/settings/{part}", [303, 404, 404, 404, 409, 409]),
    ("GET", "/section/tokens", [303, 404, 404, 404, 200, 200]),
    ("POST", "/section/tokens", [303, 404, 404, 404, 400, 400]),
    ("GET", "/section/tokens/{id}/remove", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/tokens/{id}/remove", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/usage", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/user/{name}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/user/{name}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/user/{name}/invite", [303; 6]),
    ("POST", "/section/user/{name}/invite", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/user/{name}/remove", [303, 404, 404, 404, 404, 404]),
    ("POST", "/section/user/{name}/remove", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/user/{name}/second-factor", [303; 6]),
    ("POST", "/section/user/{name}/second-factor", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/user/{name}/unlock", [303; 6]),
    ("POST", "/section/user/{name}/unlock", [303, 404, 404, 404, 404, 404]),
    ("GET", "/section/users", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/users.csv", [303, 404, 404, 404, 200, 200]),
    ("GET", "/section/users/import", [303, 404, 404, 404, 200, 200]),
    ("POST", "/section/users/import", [303, 404, 404, 404, 400, 400]),
    ("GET", "/section/users/new", [303, 404, 404, 404, 200, 200]),
    ("POST", "/section/users/new", [303, 404, 404, 404, 400, 400]),
    ("GET", "/sent", [303, 404, 200, 200, 200, 200]),
    ("GET", "/sent/new", [303, 404, 200, 200, 200, 200]),
    ("POST", "/sent/new", [303, 404, 400, 400, 400, 400]),
    ("GET", "/sent/{deposit}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/sent/{deposit}/cancel", [303, 404, 404, 404, 404, 404]),
    ("POST", "/sent/{deposit}/cancel", [303, 404, 404, 404, 404, 404]),
    ("GET", "/sent/{deposit}/cancel/{link}", [303, 404, 404, 404, 404, 404]),
    ("POST", "/sent/{deposit}/cancel/{link}", [303, 404, 404, 404, 404, 404]),
    ("GET", "/sent/{deposit}/extend", [303; 6]),
    ("POST", "/sent/{deposit}/extend", [303, 404, 404, 404, 404, 404]),
    ("GET", "/sign-in", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in", [400; 6]),
    ("GET", "/sign-in/approvals", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in/approvals", [400; 6]),
    ("GET", "/sign-in/approvals/{deposit}", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in/approvals/{deposit}", [400; 6]),
    ("GET", "/sign-in/code", [303; 6]),
    ("POST", "/sign-in/code", [303; 6]),
    ("GET", "/sign-in/code/approvals", [303; 6]),
    ("POST", "/sign-in/code/approvals", [303; 6]),
    ("GET", "/sign-in/code/approvals/{deposit}", [303; 6]),
    ("POST", "/sign-in/code/approvals/{deposit}", [303; 6]),
    ("GET", "/sign-in/code/d/{token}", [303; 6]),
    ("POST", "/sign-in/code/d/{token}", [303; 6]),
    ("GET", "/sign-in/code/received", [303; 6]),
    ("POST", "/sign-in/code/received", [303; 6]),
    ("GET", "/sign-in/code/received/{link}", [303; 6]),
    ("POST", "/sign-in/code/received/{link}", [303; 6]),
    ("GET", "/sign-in/d/{token}", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in/d/{token}", [400; 6]),
    ("GET", "/sign-in/received", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in/received", [400; 6]),
    ("GET", "/sign-in/received/{link}", [200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in/received/{link}", [400; 6]),
    ("GET", "/sign-out", [303; 6]),
    ("OPTIONS", "/uploads", [204; 6]),
    ("POST", "/uploads", [401, 404, 400, 400, 400, 400]),
    ("OPTIONS", "/uploads/{upload}", [204; 6]),
    ("HEAD", "/uploads/{upload}", [401, 404, 404, 404, 404, 404]),
    ("PATCH", "/uploads/{upload}", [401, 404, 415, 415, 415, 415]),
    ("DELETE", "/uploads/{upload}", [401, 404, 404, 404, 404, 404]),
    ("POST", "/sign-out", [303; 6]),
];

// spec: X-ADMIN X-OPERATOR X-API
#[tokio::test]
async fn each_route_has_an_expectation_for_each_role_and_keeps_it() {
    let (house, cookies) = House::visited(Scanner::None, &VISITORS).await;
    let there: BTreeSet<(String, String)> = routes(&house)
        .into_iter()
        .flat_map(|(route, methods)| {
            let any = ANY.iter().filter(|(path, _)| *path == route).flat_map(|(_, methods)| methods.iter());
            let all: Vec<String> = methods.into_iter().chain(any.map(|method| (*method).to_owned())).collect();
            assert!(!all.is_empty(), "{route} takes any method: say in ANY which are asked");
            all.into_iter().map(move |method| (method, route.clone()))
        })
        .collect();
    let expected: BTreeSet<(String, String)> =
        EXPECTED.iter().map(|(method, route, _)| ((*method).to_owned(), (*route).to_owned())).collect();
    let missing: Vec<_> = there.difference(&expected).collect();
    assert!(missing.is_empty(), "nothing is expected of {missing:#?}");
    let gone: Vec<_> = expected.difference(&there).collect();
    assert!(gone.is_empty(), "there are no such routes: {gone:#?}");
    assert!(there.len() > 150, "the router tells of {} routes only", there.len());
    for (method, route, statuses) in EXPECTED {
        for ((who, cookie), status) in VISITORS.iter().zip(&cookies).zip(statuses) {
            let key = if cookie.is_empty() { String::new() } else { house.form_key(cookie).await };
            let form = format!("form={}", encoded(&key));
            let headers = [("cookie", cookie.as_str()), ("fubako-form", &key), ("tus-resumable", "1.0.0")];
            let answer = house.ask(request(method.parse().unwrap(), &path(route), &headers, &form)).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {route} for {who:?}");
        }
    }
}
