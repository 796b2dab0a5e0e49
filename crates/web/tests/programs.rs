//! Programs at the API, with tokens that a section's administrator makes (spec X-API).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    encoded,
    program::{ALL, Place, code},
    request,
};
use fubako_base::{network::Networks, section::Settings};
use fubako_exchange::audit::Search;
use fubako_testkit::section;
use fubako_web::Peer;
use http::Method;
use serde_json::{Value, json};

/// What a request to upload in pieces has.
const IN_PIECES: [(&str, &str); 5] = [
    ("tus-resumable", "1.0.0"),
    ("upload-length", "5"),
    ("upload-metadata", "filename YQ=="),
    ("upload-offset", "5"),
    ("content-type", "application/offset+octet-stream"),
];

/// Every route of the screen × nobody, an operator, a user, the administrator, another section's administrator.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    place.token(3, "one", ALL).await;
    let page = place.house.get("/section/tokens", &[("cookie", &place.cookies[3])]).await;
    let remove =
        page.text().split("href=\"").find(|rest| rest.contains("/remove\"")).map(|rest| rest.split('"').next());
    let remove = remove.flatten().unwrap_or_else(|| panic!("{}", page.text())).to_owned();
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let none = "/section/tokens/0190a0b0-0000-7000-8000-000000000000/remove";
    let table: &[(&Method, &str, &str, [u16; 5])] = &[
        (&get, "/api", "", [200; 5]),
        (&post, "/api", "", [405; 5]),
        (&get, "/api/openapi.json", "", [200; 5]),
        (&get, "/section/tokens", "", [303, 404, 404, 200, 200]),
        (&put, "/section/tokens", "", [405; 5]),
        (&post, "/section/tokens", "name=&days=0", [303, 404, 404, 400, 400]),
        (&get, &remove, "", [303, 404, 404, 200, 404]),
        (&get, none, "", [303, 404, 404, 404, 404]),
        (&get, "/section/tokens/%ff/remove", "", [303, 404, 404, 404, 404]),
        (&post, none, "", [303, 404, 404, 404, 404]),
        (&post, &remove, "", [303, 404, 404, 303, 404]),
    ];
    for (method, path, form, expected) in table {
        for (cookie, status) in place.cookies.iter().zip(expected) {
            let key = if cookie.is_empty() { String::new() } else { place.house.form_key(cookie).await };
            let form = format!("form={}&{form}", encoded(&key));
            let answer = place.house.ask(request((*method).clone(), path, &[("cookie", cookie)], &form)).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {cookie}: {}", answer.text());
        }
        // A form that no page of theirs made.
        if *method == post && path.starts_with("/section") {
            let answer = place.house.post(path, &[("cookie", &place.cookies[3])], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
}

// spec: X-API X-CANCEL X-AUDIT
#[tokio::test]
async fn a_program_deposits_looks_cancels_and_reads_the_log() {
    let place = Place::new().await;
    let token = place.token(3, "夜間バッチ", ALL).await;
    let id = place.deposit(&token, "acme", "k1").await;
    let later = place.deposit(&token, "acme", "k2").await;

    let (status, list) = place.call(&token, Method::GET, "/api/v1/deposits?limit=1", &[], "").await;
    assert_eq!((status, list["deposits"].as_array().unwrap().len()), (200, 1), "{list}");
    let line = &list["deposits"][0];
    assert_eq!((line["id"].as_str(), line["sender"]["name"].as_str()), (Some(later.as_str()), Some("太郎")));
    assert_eq!((&line["recipients"], &line["files"]), (&json!(2), &json!(1)));
    assert!(line["sent_at"].as_str().unwrap().ends_with('Z'), "{line}");
    let next = list["next"].as_str().unwrap();
    let (_, rest) = place.call(&token, Method::GET, &format!("/api/v1/deposits?before={next}"), &[], "").await;
    assert_eq!((rest["deposits"][0]["id"].as_str(), rest.get("next")), (Some(id.as_str()), None), "{rest}");
    let (_, found) = place.call(&token, Method::GET, "/api/v1/deposits?search=k1", &[], "").await;
    assert_eq!(found["deposits"].as_array().unwrap().len(), 1);

    // Who took it; and taken back, for one and then whole.
    let mails = place.house.posted().await;
    let link =
        mails.iter().find(|mail| mail.text.contains("subject k1") && mail.recipient == "jiro@example.jp").unwrap();
    assert!(link.text.contains("どうぞ"), "{}", link.text);
    let (_, recipients) = place.call(&token, Method::GET, &format!("/api/v1/deposits/{id}/recipients"), &[], "").await;
    assert_eq!(recipients["recipients"][1], json!({ "address": "jiro@example.jp", "downloads": [] }));
    let cancel = format!("/api/v1/deposits/{id}/cancel");
    let nobody = place.call(&token, Method::POST, &cancel, &[], "{\"recipient\": \"x@example.jp\"}").await;
    assert_eq!(code(&nobody), (404, "not-found"));
    for _ in 0..2 {
        let one = place.call(&token, Method::POST, &cancel, &[], "{\"recipient\": \"jiro@example.jp\"}").await;
        assert_eq!((one.0, &one.1["state"]), (200, &json!("sent")), "{one:?}");
    }
    let (_, recipients) = place.call(&token, Method::GET, &format!("/api/v1/deposits/{id}/recipients"), &[], "").await;
    assert!(recipients["recipients"][0].get("cancelled_at").is_none(), "{recipients}");
    assert!(recipients["recipients"][1]["cancelled_at"].is_string(), "{recipients}");
    for neither in ["{}", "{\"recipient\": null}", "{\"recipient\": \"hanako@example.jp\", \"whole\": true}"] {
        assert_eq!(code(&place.call(&token, Method::POST, &cancel, &[], neither).await), (400, "invalid"), "{neither}");
    }
    let whole = place.call(&token, Method::POST, &cancel, &[], "{\"whole\": true}").await;
    assert_eq!((whole.0, &whole.1["state"]), (200, &json!("cancelled")), "{whole:?}");

    let (status, log) = place.call(&token, Method::GET, "/api/v1/audit?event=deposit-sent", &[], "").await;
    assert_eq!(status, 200);
    let line = &log["lines"][1];
    assert_eq!((line["actor_kind"].as_str(), line["actor"].as_str()), (Some("program"), Some("夜間バッチ")), "{line}");
    assert_eq!((line["object"].as_str(), line["detail"]["depositor"].as_str()), (Some(id.as_str()), Some("taro")));
    let (_, made) = place.call(&token, Method::GET, "/api/v1/audit?event=token-made&limit=1", &[], "").await;
    assert_eq!(made["lines"][0]["detail"]["scopes"], json!(ALL));
    assert!(!made.to_string().contains(&token));
    for bad in ["event=x", "from=yesterday", "limit=0", "limit=101", "limit=x", "before=x"] {
        let answer = place.call(&token, Method::GET, &format!("/api/v1/audit?{bad}"), &[], "").await;
        assert_eq!(code(&answer), (400, "invalid"), "{bad}");
    }
}

// spec: X-API
#[tokio::test]
async fn what_is_said_again_is_the_same_or_refused() {
    let place = Place::new().await;
    let token = place.token(3, "all", ALL).await;
    let id = place.begin(&token, "acme", "k1", 2).await;
    // With the key of a deposit, another.
    let wanted = |more: Value| {
        let mut wanted = Place::wanted("acme", "k1", 2);
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wanted.to_string()
    };
    let begin = |body: String| {
        let (place, token) = (&place, &token);
        async move { place.call(token, Method::POST, "/api/v1/deposits", &[("idempotency-key", "k1")], &body).await }
    };
    let same = begin(wanted(json!({}))).await;
    assert_eq!((same.0, same.1["id"].as_str()), (200, Some(id.as_str())), "{same:?}");
    for other in [
        json!({ "subject": "another" }),
        json!({ "message": "" }),
        json!({ "sender": { "address": "taro@acme.example", "name": "次郎" } }),
        json!({ "sender": { "address": "kanri@acme.example", "name": "太郎" } }),
        json!({ "language": "en" }),
        json!({ "recipients": ["hanako@example.jp"] }),
        json!({ "file_password": "another one" }),
        json!({ "file_count": 1 }),
    ] {
        assert_eq!(code(&begin(wanted(other.clone())).await), (409, "conflict"), "{other}");
    }
    // Under the number of a file, another.
    let put = |name: &str, octets: &str| {
        let (place, token, path) = (&place, &token, format!("/api/v1/deposits/{id}/files/1"));
        let (named, octets) = (format!("attachment; filename=\"{name}\""), octets.to_owned());
        async move { place.call(token, Method::PUT, &path, &[("content-disposition", &named)], &octets).await }
    };
    let first = put("a.txt", "hello").await;
    assert_eq!(first.0, 201, "{first:?}");
    assert_eq!(put("a.txt", "hello").await, (200, first.1.clone()));
    for (name, octets) in
        [("b.txt", "hello"), ("a.txt", "hullo"), ("a.txt", "hell"), ("a.txt", "hello!"), ("a.txt", "")]
    {
        assert_eq!(code(&put(name, octets).await), (409, "conflict"), "{name} {octets}");
    }
    let kept = place.call(&token, Method::GET, &format!("/api/v1/deposits/{id}"), &[], "").await;
    assert_eq!(kept.1["files"], json!([first.1]));
    // Given up before it is sent, it is recorded who did that.
    let given_up = place.call(&token, Method::DELETE, &format!("/api/v1/deposits/{id}"), &[], "").await;
    assert_eq!(given_up.0, 204, "{given_up:?}");
    let (_, log) = place.call(&token, Method::GET, "/api/v1/audit?event=deposit-given-up", &[], "").await;
    let line = &log["lines"][0];
    assert_eq!((line["object"].as_str(), line["actor"].as_str()), (Some(id.as_str()), Some("all")), "{log}");
}

/// Every route of the API × the scopes of a token: what none of its scopes permits is refused, and so says the answer.
#[tokio::test]
async fn a_token_permits_what_it_says() {
    let place = Place::new().await;
    let all = place.token(3, "all", ALL).await;
    let id = place.deposit(&all, "acme", "k1").await;
    let one = format!("/api/v1/deposits/{id}");
    let routes: &[(Method, String, &[&str])] = &[
        (Method::POST, "/api/v1/deposits".into(), &["deposits:write"]),
        (Method::DELETE, "/api/v1/deposits?section=acme&idempotency_key=x".into(), &["deposits:write"]),
        (Method::GET, one.clone(), &["deposits:write", "deposits:read"]),
        (Method::DELETE, one.clone(), &["deposits:write"]),
        (Method::PUT, format!("{one}/files/1"), &["deposits:write"]),
        (Method::OPTIONS, format!("{one}/files/1/upload"), &["deposits:write"]),
        (Method::POST, format!("{one}/files/1/upload"), &["deposits:write"]),
        (Method::HEAD, format!("{one}/files/1/upload"), &["deposits:write"]),
        (Method::PATCH, format!("{one}/files/1/upload"), &["deposits:write"]),
        (Method::DELETE, format!("{one}/files/1/upload"), &["deposits:write"]),
        (Method::POST, format!("{one}/send"), &["deposits:write"]),
        (Method::GET, "/api/v1/deposits".into(), &["deposits:read"]),
        (Method::GET, format!("{one}/recipients"), &["deposits:read"]),
        (Method::POST, format!("{one}/cancel"), &["deposits:cancel"]),
        (Method::GET, "/api/v1/audit".into(), &["audit:read"]),
    ];
    let wanted = json!({
        "section": "acme", "sender": { "address": "taro@acme.example" }, "subject": "", "recipients": ["a@example.jp"],
        "file_password": "long enough", "file_count": 1,
    });
    let plain = [("idempotency-key", "k2"), ("content-disposition", "attachment; filename=a")];
    let headers: Vec<_> = plain.into_iter().chain(IN_PIECES).collect();
    // HEAD has no body that would say why.
    let is_refused = |method: &Method, answer: &(u16, Value)| {
        code(answer) == (403, if *method == Method::HEAD { "" } else { "insufficient-scope" })
    };
    let body = |path: &str| if path.ends_with("/cancel") { "{\"whole\": true}".to_owned() } else { wanted.to_string() };
    for scope in ALL.split(' ') {
        let token = place.token(3, scope, scope).await;
        for (method, path, permitting) in routes {
            // The last to be let do something: what is cancelled is gone.
            if path.ends_with("/cancel") && permitting.contains(&scope) {
                continue;
            }
            let answer = place.call(&token, method.clone(), path, &headers, &body(path)).await;
            let refused = is_refused(method, &answer);
            assert_eq!(!refused, permitting.contains(&scope), "{method} {path} with {scope}: {answer:?}");
        }
    }
    // The gateway's own token deposits, and nothing else.
    for (method, path, permitting) in routes {
        let answer = place.call("api-token", method.clone(), path, &headers, &body(path)).await;
        let refused = is_refused(method, &answer);
        assert_eq!(!refused, permitting.contains(&"deposits:write"), "{method} {path}: {answer:?}");
    }
}

// spec: X-API
#[tokio::test]
async fn what_is_another_section_s_is_not_there() {
    let place = Place::new().await;
    let (ours, theirs) = (place.token(3, "ours", ALL).await, place.token(4, "theirs", ALL).await);
    let id = place.deposit(&theirs, "other", "k1").await;
    let none = "0190a0b0-0000-7000-8000-000000000000";
    let headers: Vec<_> = [("content-disposition", "attachment; filename=a")].into_iter().chain(IN_PIECES).collect();
    for (method, rest) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::PUT, "/files/1"),
        (Method::POST, "/files/1/upload"),
        (Method::HEAD, "/files/1/upload"),
        (Method::PATCH, "/files/1/upload"),
        (Method::DELETE, "/files/1/upload"),
        (Method::POST, "/send"),
        (Method::GET, "/recipients"),
        (Method::POST, "/cancel"),
    ] {
        let of = |id: &str| format!("/api/v1/deposits/{id}{rest}");
        let foreign = place.call(&ours, method.clone(), &of(&id), &headers, "{\"whole\": true}").await;
        let absent = place.call(&ours, method.clone(), &of(none), &headers, "{\"whole\": true}").await;
        assert_eq!((foreign.0, &foreign.1), (404, &absent.1), "{method} {rest}");
    }
    let begin = |section: &str| {
        json!({ "section": section, "sender": { "address": "taro@acme.example" }, "subject": "", "file_count": 1,
            "recipients": ["a@example.jp"], "file_password": "long enough" })
        .to_string()
    };
    let key = [("idempotency-key", "k1")];
    let foreign = place.call(&ours, Method::POST, "/api/v1/deposits", &key, &begin("other")).await;
    let absent = place.call(&ours, Method::POST, "/api/v1/deposits", &key, &begin("nowhere")).await;
    assert_eq!(code(&foreign), (422, "invalid"));
    assert_eq!(foreign.1, absent.1);
    let path = "/api/v1/deposits?section=other&idempotency_key=k1";
    assert_eq!(place.call(&ours, Method::DELETE, path, &[], "").await.0, 204);
    assert_eq!(place.call(&theirs, Method::GET, &format!("/api/v1/deposits/{id}"), &[], "").await.1["state"], "sent");
    let (_, list) = place.call(&ours, Method::GET, "/api/v1/deposits", &[], "").await;
    assert_eq!(list, json!({ "deposits": [] }));
    let (_, log) = place.call(&ours, Method::GET, &format!("/api/v1/audit?text={id}"), &[], "").await;
    assert_eq!(log["lines"], json!([]));
}

// spec: X-API X-ACCOUNTS
#[tokio::test]
async fn a_token_ends_with_its_time_its_section_autopilot_and_when_it_is_revoked() {
    let place = Place::new().await;
    let (one, two) = (place.token(3, "one", ALL).await, place.token(3, "two", ALL).await);
    let look = async |token: &str| {
        let answer = place.call(token, Method::GET, "/api/v1/deposits", &[], "").await;
        (answer.0, code(&answer).1.to_owned())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(look(&one).await, told(200, ""));
    for bad in ["", "x", &one[1..], &one.to_uppercase()] {
        assert_eq!(look(bad).await, told(401, "unauthorized"), "{bad}");
    }
    // Revoked: the newest stands first.
    let page = place.house.get("/section/tokens", &[("cookie", &place.cookies[3])]).await;
    let remove = page.text().split("href=\"").find(|rest| rest.contains("/remove")).unwrap();
    let remove = remove.split(['?', '"']).next().unwrap().to_owned();
    assert_eq!(place.form(&place.cookies[3], &remove, "").await.status.as_u16(), 303);
    assert_eq!((look(&one).await, look(&two).await), (told(200, ""), told(401, "unauthorized")));
    let log = place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 9).await.unwrap();
    assert_eq!((log[0].event.as_str(), log[0].actor.as_str()), ("token-revoked", "kanri"));

    // Where the section lets no program in, or not from there.
    let off = fubako_base::section::Section { autopilot: false, ..section("acme") };
    place.house.put_section(off).await;
    assert_eq!(look(&one).await, told(403, "autopilot-off"));
    let refused = place.form(&place.cookies[3], "/section/tokens", "name=a&days=1&scope=audit%3Aread").await;
    assert_eq!(refused.status.as_u16(), 400);
    let settings =
        Settings { api_networks: Networks(vec!["192.0.2.0/24".parse().unwrap()]), ..section("acme").settings };
    place.house.put_section(fubako_base::section::Section { settings, ..section("acme") }).await;
    assert_eq!(look(&one).await, told(403, "ip-not-allowed"));
    let bearer = format!("Bearer {one}");
    let mut from_there = request(Method::GET, "/api/v1/deposits", &[("authorization", &bearer)], "");
    from_there.extensions_mut().insert(Peer("192.0.2.7".parse().unwrap()));
    assert_eq!(place.house.ask(from_there).await.status.as_u16(), 200);
    let off = fubako_base::section::Section { enabled: false, ..section("acme") };
    place.house.put_section(off).await;
    assert_eq!(look(&one).await, told(401, "unauthorized"));

    place.house.put_section(section("acme")).await;
    place.house.clock.pass_seconds(30 * 86_400 - 60);
    assert_eq!(look(&one).await, told(200, ""));
    place.house.clock.pass_seconds(60);
    assert_eq!(look(&one).await, told(401, "unauthorized"));
}

// spec: X-API 3.4 RCV-ALIGN
#[tokio::test]
async fn the_section_s_rules_hold_for_programs() {
    let place = Place::new().await;
    let settings = Settings {
        max_recipients: 2,
        max_subject: 5,
        forbidden_names: vec!["*.exe".to_owned()],
        denied_destinations: vec!["rival.example".to_owned()],
        ..section("acme").settings
    };
    place.house.put_section(fubako_base::section::Section { settings, ..section("acme") }).await;
    let token = place.token(3, "all", ALL).await;
    let begin = async |key: &str, sender: &str, subject: &str, recipients: &[&str]| {
        let wanted = json!({ "section": "acme", "sender": { "address": sender }, "subject": subject, "recipients": recipients,
            "file_password": "long enough", "file_count": 2 });
        place.call(&token, Method::POST, "/api/v1/deposits", &[("idempotency-key", key)], &wanted.to_string()).await
    };
    let (taro, one) = ("taro@acme.example", ["a@example.jp"]);
    for (sender, subject, recipients, told) in [
        (taro, "s", &["a@example.jp", "b@rival.example"][..], "recipient-restricted"),
        (taro, "s", &["a@example.jp", "b@example.jp", "c@example.jp"][..], "too-many-recipients"),
        (taro, "123456", &one[..], "subject-too-long"),
        // Nobody speaks for another customer, or for anybody else.
        ("kanri@other.example", "s", &one[..], "invalid"),
        ("president@bank.example", "s", &one[..], "invalid"),
    ] {
        let answer = begin("k1", sender, subject, recipients).await;
        assert_eq!(code(&answer), (422, told), "{sender} {subject} {recipients:?}");
    }
    // Of its own domain, or below it, anybody: the default user deposits for them, as with mails.
    for (key, sender) in [("k2", "nobody@acme.example"), ("k3", taro)] {
        assert_eq!(begin(key, sender, "s", &one).await.0, 201, "{sender}");
    }
    let (_, deposit) = begin("k2", "nobody@acme.example", "s", &one).await;
    let id = deposit["id"].as_str().unwrap();
    let put = async |number: u32, name: &str| {
        let named = format!("attachment; filename={name}");
        let path = format!("/api/v1/deposits/{id}/files/{number}");
        place.call(&token, Method::PUT, &path, &[("content-disposition", &named)], "x").await
    };
    assert_eq!(code(&put(1, "a.EXE").await), (422, "name-forbidden"));
    assert_eq!((put(1, "a.txt").await.0, put(1, "a.txt").await.0), (201, 200));
    assert_eq!(code(&put(2, "A.txt").await), (422, "name-duplicate"));
}

// spec: X-API
#[tokio::test]
async fn the_document_says_what_there_is() {
    let place = Place::new().await;
    let answer = place.house.get("/api/openapi.json", &[]).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let document: Value = serde_json::from_slice(&answer.octets).unwrap();
    assert_eq!(document["openapi"], json!("3.1.0"));
    let mut ids: Vec<&str> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            ids.push(operation["operationId"].as_str().unwrap());
            assert!(!operation["security"].as_array().unwrap().is_empty(), "{method} {path}");
            // Each is routed as it is described: nobody is let in without a token, and it is not "no such method".
            let path = path.replace("{id}", "x").replace("{number}", "1");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = place.house.ask(request(method, &path, &[], "")).await;
            assert_eq!(answer.status.as_u16(), 401, "{path}");
        }
    }
    assert_eq!(ids.len(), 15, "{ids:?}");
    assert!(document["components"]["schemas"]["Problem"].is_object());
}
