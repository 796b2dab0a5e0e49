//! From where people and programs may come (spec X-ACCOUNTS): lists of networks, by the address that whoever serves the router notes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{Answer, House, encoded, request};
use fubako_base::{
    audit::Event,
    ids::SectionId,
    network::Networks,
    section::{Section, Settings},
};
use fubako_exchange::audit::By;
use fubako_store::{
    audit::Search,
    sections::{Change, User},
};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use fubako_web::{InProcess, Peer};
use http::{Method, Request};

const URL: &str = "https://files.acme.example";
const PASSWORD: &str = "a long enough secret";
const OFFICE: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.7";

/// A house whose section lets people in from the office alone; `kanri`, who administers it, was invited: the path of the invitation.
async fn house() -> (House, String) {
    let house = House::of(house::House::at(URL, Scanner::None, section("acme")).await);
    let user = User {
        section: "acme".parse().unwrap(),
        login_id: "kanri".to_owned(),
        address: "kanri@acme.example".to_owned(),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: true,
        approver: true,
        password_never_expires: false,
    };
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
    let screen_networks = Networks(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
    put(&house, Settings { screen_networks, ..Settings::default() }).await;
    let invitation = house.exchange.reset_account("acme/kanri", &By::command("test"), house.now()).await.unwrap();
    let path = invitation.link.strip_prefix(URL).unwrap().to_owned();
    (house, path)
}

async fn put(house: &House, settings: Settings) {
    let changed = Change::PutSection(Box::new(Section { settings, ..section("acme") }));
    house.store.apply(&[changed], &[], house.now()).await.unwrap();
}

async fn ask(house: &House, from: &str, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(Peer(from.parse().unwrap()));
    house.ask(request).await
}

async fn post(house: &House, from: &str, path: &str, form: &str) -> Answer {
    ask(house, from, request(Method::POST, path, &[("accept-language", "en")], form)).await
}

fn chosen() -> String {
    format!("password={0}&again={0}", encoded(PASSWORD))
}

async fn sign_in(house: &House, from: &str, password: &str) -> Answer {
    post(house, from, "/sign-in", &format!("name=acme%2Fkanri&password={}", encoded(password))).await
}

fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn signed_in() -> (House, String) {
    let (house, invitation) = house().await;
    assert_eq!(post(&house, OFFICE, &invitation, &chosen()).await.status.as_u16(), 303);
    let cookie = cookie(&sign_in(&house, OFFICE, PASSWORD).await);
    (house, cookie)
}

/// Every page of somebody who is signed in, from elsewhere: one plain page, and what else there is of the session stays.
// spec: X-ACCOUNTS
#[tokio::test]
async fn a_session_is_of_no_use_from_elsewhere_and_goes_on_where_it_was() {
    let (house, cookie) = signed_in().await;
    let key = {
        let page = ask(&house, OFFICE, request(Method::GET, "/me", &[("cookie", &cookie)], "")).await;
        let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let absent = "0197f0a0-0000-7000-8000-000000000000";
    let (get, post) = (Method::GET, Method::POST);
    for (method, path) in [
        (&get, "/me".to_owned()),
        (&get, "/me/password".to_owned()),
        (&post, "/me/password".to_owned()),
        (&post, "/me/sessions/end".to_owned()),
        (&post, "/sign-out".to_owned()),
        (&get, "/sent".to_owned()),
        (&get, "/sent/new".to_owned()),
        (&post, "/sent/new".to_owned()),
        (&get, format!("/sent/{absent}")),
        (&get, "/section/deposits".to_owned()),
        (&get, "/received".to_owned()),
        (&get, format!("/received/{absent}")),
        (&get, format!("/received/{absent}/files/1")),
        (&get, format!("/received/{absent}/all.zip")),
        (&get, "/approvals".to_owned()),
        (&get, format!("/approvals/{absent}")),
        (&get, "/audit".to_owned()),
        (&get, "/audit.csv".to_owned()),
        (&get, "/operator/maintenance".to_owned()),
        (&post, "/uploads".to_owned()),
    ] {
        let headers = [("cookie", &*cookie), ("accept-language", "en"), ("fubako-form", &*key)];
        let form = format!("form={}&current=x&password=y&again=y", encoded(&key));
        for from in [ELSEWHERE, "2001:db9::1", "::ffff:198.51.100.7"] {
            let answer = ask(&house, from, request(method.clone(), &path, &headers, &form)).await;
            assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, ""), "{method} {path} from {from}");
            let plain = path == "/uploads" || answer.text().contains("Not from this network");
            assert!(plain && !answer.text().contains("kanri"), "{path}: {}", answer.text());
        }
    }
    for from in [OFFICE, "::ffff:192.0.2.200", "2001:db8:1::1"] {
        let answer = ask(&house, from, request(Method::GET, "/me", &[("cookie", &cookie)], "")).await;
        assert_eq!(answer.status.as_u16(), 200, "{from}");
    }
    // Who asks without saying where they are is nowhere.
    let nowhere = house.get("/me", &[("cookie", &cookie)]).await;
    assert_eq!(nowhere.status.as_u16(), 403);
    // A header that anybody can write says nothing here.
    let forged =
        [("cookie", &*cookie), ("x-forwarded-for", OFFICE), ("x-real-ip", OFFICE), ("forwarded", "for=192.0.2.7")];
    let answer = ask(&house, ELSEWHERE, request(Method::GET, "/me", &forged, "")).await;
    assert_eq!(answer.status.as_u16(), 403);
}

/// What a session is used for from elsewhere does not keep it alive.
// spec: X-ACCOUNTS
#[tokio::test]
async fn a_session_that_is_used_elsewhere_runs_out() {
    let (house, cookie) = signed_in().await;
    for _ in 0..2 {
        house.clock.pass_seconds(1800);
        ask(&house, ELSEWHERE, request(Method::GET, "/me", &[("cookie", &cookie)], "")).await;
    }
    let answer = ask(&house, OFFICE, request(Method::GET, "/me", &[("cookie", &cookie)], "")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sign-in?done=over"));
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn nobody_signs_in_guesses_or_locks_an_account_from_elsewhere() {
    let (house, _) = signed_in().await;
    let mut said = Vec::new();
    for password in [PASSWORD, "wrong"] {
        let answer = sign_in(&house, ELSEWHERE, password).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, ""));
        said.push(answer.text().to_owned());
    }
    assert_eq!(said[0], said[1], "whether the password is right is not told");
    let unknown = post(&house, ELSEWHERE, "/sign-in", "name=acme%2Fkanri&password=x").await;
    let nobody = post(&house, ELSEWHERE, "/sign-in", "name=acme%2Fkanrj&password=x").await;
    assert_eq!(unknown.text().replace("kanri", "kanrj"), nobody.text(), "nor whether there is such an account");
    // Far more than the account may have of wrong ones, from many networks.
    for network in 1..=40 {
        sign_in(&house, &format!("198.51.{network}.1"), "wrong").await;
    }
    cookie(&sign_in(&house, OFFICE, PASSWORD).await);
    let search = Search { event: Some(Event::SignInRefused), ..Search::default() };
    let acme: SectionId = "acme".parse().unwrap();
    let lines = house.store.audit_lines(&acme, &search, None, 100).await.unwrap();
    assert_eq!(lines.len(), 43);
    assert!(lines.iter().all(|line| line.detail.contains("\"elsewhere\"") && line.address.starts_with("198.51.")));
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn an_invitation_is_used_from_where_its_account_may_be() {
    let (house, invitation) = house().await;
    for _ in 0..2 {
        let page = ask(&house, ELSEWHERE, request(Method::GET, &invitation, &[("accept-language", "en")], "")).await;
        assert!(page.status.as_u16() == 403 && page.text().contains("Not from this network"), "{}", page.text());
        assert_eq!(post(&house, ELSEWHERE, &invitation, &chosen()).await.status.as_u16(), 403);
    }
    assert_eq!(sign_in(&house, OFFICE, PASSWORD).await.status.as_u16(), 403, "no password was set");
    assert_eq!(post(&house, OFFICE, &invitation, &chosen()).await.status.as_u16(), 303);
    cookie(&sign_in(&house, OFFICE, PASSWORD).await);
}

/// What recipients have is restricted by no list of the sender's.
// spec: X-ACCOUNTS X-RECEIVE
#[tokio::test]
async fn recipients_come_from_anywhere() {
    let (house, _) = house().await;
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"the content")]).await;
    let form = format!("password={}", encoded(common::PASSWORD));
    let opened = post(&house, ELSEWHERE, &format!("/d/{token}/open"), &form).await;
    let session = format!("fubako_link={}", opened.session());
    let file = request(Method::GET, &format!("/d/{token}/files/1"), &[("cookie", &session)], "");
    assert_eq!(ask(&house, ELSEWHERE, file).await.text(), "the content");
}

// spec: X-ACCOUNTS X-API MAIL-SENDER
#[tokio::test]
async fn programs_deposit_from_where_the_section_lets_them() {
    let (house, _) = house().await;
    let begin = |key: &str| {
        let body = r#"{"section": "acme", "sender": {"address": "taro@acme.example", "name": ""}, "subject": "", "language": null,
            "recipients": ["hanako@example.jp"], "file_password": "12345678", "file_count": 1, "message_id": null}"#;
        let headers = [
            ("authorization", "Bearer api-token"),
            ("idempotency-key", key),
            ("content-type", "application/json"),
            ("x-forwarded-for", OFFICE),
        ];
        request(Method::POST, "/api/v1/deposits", &headers, body)
    };
    assert_eq!(ask(&house, ELSEWHERE, begin("1")).await.status.as_u16(), 201, "the screens' list is another");
    let api_networks = Networks(vec!["192.0.2.0/24".parse().unwrap()]);
    put(&house, Settings { api_networks, ..Settings::default() }).await;
    for (from, status) in [(OFFICE, 201), ("::ffff:192.0.2.9", 201), (ELSEWHERE, 403), ("127.0.0.1", 403), ("::1", 403)]
    {
        let answer = ask(&house, from, begin(&from.replace(':', "-"))).await;
        assert_eq!(answer.status.as_u16(), status, "{from}: {}", answer.text());
        assert_eq!(answer.text().contains("\"ip-not-allowed\""), status == 403, "{}", answer.text());
    }
    // This process's own gateway comes from no network.
    let mut within = begin("2");
    within.extensions_mut().insert(InProcess);
    assert_eq!(house.ask(within).await.status.as_u16(), 201);
}
