//! Invitations, signing in, one's own account, on a real exchange (spec X-ACCOUNTS).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{Answer, House, encoded, request};
use fubako_base::{
    Lang,
    ids::SectionId,
    section::{Section, Settings},
};
use fubako_exchange::audit::{By, Search};
use fubako_store::{
    accounts::AccountName,
    sections::{Change, User},
};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use fubako_web::Peer;
use http::{Method, Request};

const URL: &str = "https://files.acme.example";
const COOKIE: &str = "__Host-fubako_session";
const PASSWORD: &str = "ながい合言葉 with space 7";
const OTHER: &str = "another long secret 8";

/// A house with an operator `root` and a section's user `acme/taro`, both invited; and their invitations' paths.
async fn invited() -> (House, String, String) {
    let settings = Settings { sign_in_tries: 3, password_days: Some(30), password_length: 10, ..Settings::default() };
    let section = Section { settings, ..section("acme") };
    let house = House::of(house::House::at(URL, Scanner::None, section).await);
    let user = User {
        section: "acme".parse().unwrap(),
        login_id: "taro".to_owned(),
        address: "taro@acme.example".to_owned(),
        name: "山田 <b>太郎".to_owned(),
        group: None,
        default_user: false,
        administrator: false,
        approver: false,
        password_never_expires: false,
    };
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
    let root =
        house.exchange.add_operator("root", "root@ops.example", &By::command("test"), house.now()).await.unwrap();
    let taro = house.exchange.reset_account("acme/taro", &By::command("test"), house.now()).await.unwrap();
    let path = |link: &str| link.strip_prefix(URL).unwrap().to_owned();
    (house, path(&root.link), path(&taro.link))
}

/// The same, and both have chosen [`PASSWORD`].
async fn ready() -> House {
    let (house, root, taro) = invited().await;
    for path in [root, taro] {
        let answer = choose(&house, &path, PASSWORD, PASSWORD).await;
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
    }
    house
}

async fn choose(house: &House, path: &str, password: &str, again: &str) -> Answer {
    house.post(path, &[], &format!("password={}&again={}", encoded(password), encoded(again))).await
}

async fn sign_in(house: &House, name: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    house.post("/sign-in", headers, &format!("name={}&password={}", encoded(name), encoded(password))).await
}

/// The `Cookie` header that an answer leads to.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(set.starts_with(&format!("{COOKIE}=")), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn signed_in(house: &House, name: &str, password: &str) -> String {
    let answer = sign_in(house, name, password, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/me"), "{}", answer.text());
    cookie(&answer)
}

/// The key that the forms of a page of whoever is signed in carry.
async fn key(house: &House, path: &str, cookie: &str) -> String {
    let page = house.get(path, &[("cookie", cookie)]).await;
    let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("no key: {}", page.text()));
    after.split('"').next().unwrap().to_owned()
}

async fn change(house: &House, cookie: &str, current: &str, new: &str) -> Answer {
    let key = key(house, "/me/password", cookie).await;
    let form = format!("form={key}&current={}&password={}&again={}", encoded(current), encoded(new), encoded(new));
    house.post("/me/password", &[("cookie", cookie)], &form).await
}

/// Every route × nobody, an operator, a user: the status that each gets. (POST without a form of one's own.)
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let house = ready().await;
    let (root, taro) = (signed_in(&house, "root", PASSWORD).await, signed_in(&house, "acme/taro", PASSWORD).await);
    let absent = format!("/invitation/{}", "A".repeat(43));
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let table: &[(&Method, &str, [u16; 3])] = &[
        (&get, "/sign-in", [200, 303, 303]),
        (&post, "/sign-in", [400; 3]),
        (&put, "/sign-in", [405; 3]),
        (&get, "/sign-out", [303; 3]),
        (&post, "/sign-out", [303, 403, 403]),
        (&get, &absent, [404; 3]),
        (&post, &absent, [404; 3]),
        (&get, "/invitation/short", [404; 3]),
        (&get, "/me", [303, 200, 200]),
        (&post, "/me", [405; 3]),
        (&get, "/me/password", [303, 200, 200]),
        (&post, "/me/password", [303, 403, 403]),
        (&get, "/me/sessions", [303; 3]),
        (&get, "/me/sessions/end", [303; 3]),
        (&post, "/me/sessions/end", [303, 403, 403]),
    ];
    for (method, path, expected) in table {
        for (visitor, status) in [String::new(), root.clone(), taro.clone()].iter().zip(expected) {
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], "")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        }
    }
    // What was asked for without a form changed nothing.
    assert_eq!(house.get("/me", &[("cookie", &root)]).await.status.as_u16(), 200);
}

#[tokio::test]
async fn an_invitation_sets_a_password_once_and_only_by_its_form() {
    let (house, root, taro) = invited().await;
    for _ in 0..3 {
        let page = house.get(&format!("{root}?lang=en"), &[]).await;
        assert_eq!(page.status.as_u16(), 200);
        assert!(page.text().contains("root@ops.example") && page.text().contains("Sun 22 November 2026, 23:30"));
    }
    let page = house.get(&format!("{taro}?lang=ja"), &[]).await;
    assert!(page.text().contains("acme/taro") && page.text().contains("10文字以上"), "{}", page.text());
    for (password, again, said) in [
        ("long enough 1", "long enough 2", "are not the same"),
        ("short", "short", "at least 12 characters"),
        ("root@ops.example", "root@ops.example", "must not be your login ID"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "too few characters"),
        ("Qwerty123456", "Qwerty123456", "Many people use this one"),
    ] {
        let answer = choose(&house, &format!("{root}?lang=en"), password, again).await;
        assert_eq!(answer.status.as_u16(), 400);
        let echoed = answer.text().contains(&format!("value=\"{password}\""));
        assert!(answer.text().contains(said) && !echoed, "{said}: {}", answer.text());
    }
    let foreign = house.post(&root, &[("sec-fetch-site", "cross-site")], "password=x&again=x").await;
    assert_eq!(foreign.status.as_u16(), 403);
    assert_eq!(sign_in(&house, "root", PASSWORD, &[]).await.status.as_u16(), 403, "no password is set");
    let set = choose(&house, &format!("{root}?lang=ja"), PASSWORD, PASSWORD).await;
    assert_eq!((set.status.as_u16(), set.header("location")), (303, "/sign-in?lang=ja&done=password-set"));
    assert_eq!(set.header("set-cookie"), "", "who has the link still shows the password");
    assert!(house.get(set.header("location"), &[]).await.text().contains("パスワードを設定しました"));
    assert_eq!(choose(&house, &root, OTHER, OTHER).await.status.as_u16(), 404);
    assert_eq!(house.get(&root, &[]).await.status.as_u16(), 404);
    signed_in(&house, "root", PASSWORD).await;

    // After a day it is over.
    house.pass_seconds(24 * 3600);
    assert_eq!(house.get(&taro, &[]).await.status.as_u16(), 404);
    assert_eq!(choose(&house, &taro, PASSWORD, PASSWORD).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_session_begins_shows_oneself_and_ends() {
    let house = ready().await;
    // In NFD, as some keyboards give it; and by the address, whatever its case, or below the section's domain.
    let nfd = PASSWORD.replace('が', "か\u{3099}");
    assert_ne!(nfd, PASSWORD);
    let answer = sign_in(&house, " TARO@acme.example ", &nfd, &[]).await;
    let set = answer.header("set-cookie");
    for part in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(set.contains(part) && !set.contains("Domain"), "{set}");
    }
    let session = cookie(&answer);
    let me = house.get("/me?lang=en", &[("cookie", &session)]).await;
    for said in
        ["山田 &#60;b&#62;太郎", "taro@acme.example", "アクメ銀行", "acme/taro", ">User<", "Mon 21 December 2026"]
    {
        assert!(me.text().contains(said), "{said}: {}", me.text());
    }
    let form = format!("form={}", key(&house, "/me", &session).await);
    let out = house.post("/sign-out?lang=en", &[("cookie", &session)], &form).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/sign-in?lang=en&done=signed-out"));
    assert!(out.header("set-cookie").starts_with(&format!("{COOKIE}=; ")), "{}", out.header("set-cookie"));
    // Over on our side too.
    let kept = house.get("/me", &[("cookie", &session)]).await;
    assert_eq!((kept.status.as_u16(), kept.header("location")), (303, "/sign-in?done=over"));

    // An hour without use ends one, and a day's work does.
    let session = signed_in(&house, "root", PASSWORD).await;
    let status = async || house.get("/me", &[("cookie", &session)]).await.status.as_u16();
    for _ in 0..12 {
        house.pass_seconds(3500);
        assert_eq!(status().await, 200);
    }
    house.pass_seconds(1200);
    assert_eq!(status().await, 303);
    let session = signed_in(&house, "root", PASSWORD).await;
    house.pass_seconds(3600);
    assert_eq!(house.get("/me", &[("cookie", &session)]).await.status.as_u16(), 303);
}

#[tokio::test]
async fn whoever_is_refused_is_told_one_thing() {
    let house = ready().await;
    let said = async |name: &str, password: &str| {
        let answer = sign_in(&house, name, password, &[]).await;
        assert_eq!(answer.status.as_u16(), 403, "{name}");
        assert_eq!(answer.header("set-cookie"), "");
        assert!(!answer.text().contains(password));
        answer.text().replace(&format!("value=\"{name}\""), "value=\"\"")
    };
    let wrong = said("acme/taro", "wrong").await;
    for nobody in ["acme/jiro", "nobody", "other/taro", "taro@elsewhere.example", "taro", "jiro@acme.example"] {
        assert_eq!(said(nobody, PASSWORD).await, wrong, "{nobody}");
    }
    // The third wrong one locks; from then on the right one is not looked at.
    assert_eq!(said("acme/taro", "wrong").await, wrong);
    assert_eq!(said("taro@acme.example", "wrong").await, wrong);
    assert_eq!(said("acme/taro", PASSWORD).await, wrong);
    let name = AccountName::User("acme".parse().unwrap(), "taro".to_owned());
    let locked = house.store.account(&name).await.unwrap().unwrap();
    assert_eq!((locked.failures, locked.locked_at), (3, Some(house.now())));
    house.exchange.unlock_account("acme/taro", &By::command("test"), house.now()).await.unwrap();
    let session = signed_in(&house, "acme/taro", PASSWORD).await;
    assert_eq!(house.store.account(&name).await.unwrap().unwrap().failures, 0);

    // A reset: no password, no session; the section off: no session.
    let path = house
        .exchange
        .reset_account("taro@acme.example", &By::command("test"), house.now())
        .await
        .unwrap()
        .link
        .replace(URL, "");
    assert_eq!(said("acme/taro", PASSWORD).await, wrong);
    assert_eq!(house.get("/me", &[("cookie", &session)]).await.status.as_u16(), 303);
    assert_eq!(choose(&house, &path, OTHER, OTHER).await.status.as_u16(), 303);
    let session = signed_in(&house, "acme/taro", OTHER).await;
    let off = Section { enabled: false, ..section("acme") };
    house.store.apply(&[Change::PutSection(Box::new(off))], &[], house.now()).await.unwrap();
    assert_eq!(house.get("/me", &[("cookie", &session)]).await.status.as_u16(), 303);
    assert_eq!(said("acme/taro", OTHER).await, wrong);
}

#[tokio::test]
async fn tries_side_by_side_do_not_outrun_the_lock() {
    let house = ready().await;
    let tries = (0..20).map(|n| {
        let house = &house;
        async move { sign_in(house, "acme/taro", &format!("wrong {n}"), &[]).await.status.as_u16() }
    });
    let statuses = futures::future::join_all(tries).await;
    assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
    let name = AccountName::User("acme".parse().unwrap(), "taro".to_owned());
    assert_eq!(house.store.account(&name).await.unwrap().unwrap().failures, 3);
    assert_eq!(sign_in(&house, "acme/taro", PASSWORD, &[]).await.status.as_u16(), 403);
}

#[tokio::test]
async fn an_expired_password_opens_one_page_until_it_is_changed() {
    let house = ready().await;
    house.pass_seconds(30 * 86_400);
    let session = signed_in(&house, "acme/taro", PASSWORD).await;
    let (own, en) = ([("cookie", session.as_str())], "/me/password?lang=en");
    for path in ["/me", "/me?lang=en"] {
        let led = house.get(path, &own).await;
        assert!(led.status.as_u16() == 303 && led.header("location").starts_with("/me/password"), "{path}");
    }
    let form = format!("form={}", key(&house, en, &session).await);
    let ended = house.post("/me/sessions/end", &own, &form).await;
    assert_eq!(ended.header("location"), "/me/password");
    assert!(house.get(en, &own).await.text().contains("Your password has expired"));
    for (current, new, status) in
        [(PASSWORD, PASSWORD, 400), (PASSWORD, "short", 400), (PASSWORD, "1qaz2wsx3EDC", 400), ("wrong", OTHER, 403)]
    {
        assert_eq!(change(&house, &session, current, new).await.status.as_u16(), status, "{new}");
    }
    let changed = change(&house, &session, PASSWORD, OTHER).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (303, "/me?done=password-changed"));
    assert_eq!(house.get("/me", &[("cookie", &cookie(&changed))]).await.status.as_u16(), 200);
    // An operator is under no such rule.
    signed_in(&house, "root", PASSWORD).await;
}

#[tokio::test]
async fn sessions_change_with_the_password_and_end_elsewhere() {
    let house = ready().await;
    let one = signed_in(&house, "root", PASSWORD).await;
    // Somebody else's cookie is not taken over, and the session before ends.
    let again = sign_in(&house, "root", PASSWORD, &[("cookie", &one)]).await;
    let two = cookie(&again);
    assert_ne!(one, two);
    let status = async |cookie: &str| house.get("/me", &[("cookie", cookie)]).await.status.as_u16();
    assert_eq!((status(&one).await, status(&two).await), (303, 200));
    let three = signed_in(&house, "root", PASSWORD).await;
    let taro = signed_in(&house, "acme/taro", PASSWORD).await;
    let me = house.get("/me?lang=en", &[("cookie", &three)]).await;
    assert_eq!(me.text().matches("Signed in Sat 21").count(), 2, "{}", me.text());
    assert_eq!(me.text().matches("This device").count(), 1);
    let all = format!("which=all&password={}", encoded(PASSWORD));
    let form = format!("form={}&{all}", key(&house, "/me", &three).await);
    // With another's key nothing is done.
    let foreign = format!("form={}&{all}", key(&house, "/me", &taro).await);
    for (headers, form) in [
        (vec![("cookie", three.as_str())], foreign.as_str()),
        (vec![("cookie", three.as_str())], ""),
        (vec![("cookie", three.as_str()), ("sec-fetch-site", "same-site")], form.as_str()),
        (vec![("cookie", three.as_str()), ("origin", "https://evil.example")], form.as_str()),
    ] {
        assert_eq!(house.post("/me/sessions/end", &headers, form).await.status.as_u16(), 403);
        assert_eq!(house.post("/sign-out", &headers, form).await.status.as_u16(), 403);
    }
    assert_eq!(status(&two).await, 200);
    let ended = house.post("/me/sessions/end", &[("cookie", &three)], &form).await;
    assert_eq!(ended.header("location"), "/me?done=elsewhere");
    assert_eq!((status(&two).await, status(&three).await, status(&taro).await), (303, 200, 200));

    let elsewhere = signed_in(&house, "root", PASSWORD).await;
    let changed = change(&house, &three, PASSWORD, OTHER).await;
    let four = cookie(&changed);
    assert_eq!((status(&three).await, status(&elsewhere).await, status(&four).await), (303, 303, 200));
    assert_eq!(sign_in(&house, "root", PASSWORD, &[]).await.status.as_u16(), 403);
    signed_in(&house, "root", OTHER).await;
}

#[tokio::test]
async fn a_network_of_many_wrong_ones_waits() {
    let house = ready().await;
    let from = |peer: &str, name: &str, password: &str| -> Request<Body> {
        let form = format!("name={name}&password={}", encoded(password));
        let mut request = request(Method::POST, "/sign-in", &[], &form);
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        request
    };
    for n in 0..50 {
        // Each time another name: no account's own limit is met.
        assert_eq!(house.ask(from("192.0.2.1", &format!("user{n}"), "x")).await.status.as_u16(), 403);
    }
    let late = house.ask(from("192.0.2.1", "root", PASSWORD)).await;
    assert_eq!((late.status.as_u16(), late.header("retry-after")), (429, "900"));
    // That is recorded once, however long somebody guesses on.
    assert_eq!(house.ask(from("192.0.2.1", "root", "x")).await.status.as_u16(), 429);
    let own = SectionId::installation();
    let lines = house.exchange.audit_lines(&own, &Search::default(), None, 100).await.unwrap();
    let many = lines.iter().filter(|line| line.detail.contains("\"reason\":\"too-many\""));
    assert_eq!(
        many.map(|line| (line.event.as_str(), line.address.as_str())).collect::<Vec<_>>(),
        [("sign-in-refused", "192.0.2.1")]
    );
    assert_eq!(house.ask(from("192.0.2.2", "root", PASSWORD)).await.status.as_u16(), 303);
    house.pass_seconds(900);
    assert_eq!(house.ask(from("192.0.2.1", "root", PASSWORD)).await.status.as_u16(), 303);
}

#[tokio::test]
async fn nothing_in_a_request_leads_elsewhere_or_is_shown_as_markup() {
    let house = ready().await;
    let form = format!("name=root&password={}&next=https://evil.example", encoded(PASSWORD));
    for query in ["?next=//evil.example", "?done=//evil.example&lang=//evil.example", "?redirect=https://evil.example"]
    {
        let answer = house.post(&format!("/sign-in{query}"), &[("x-forwarded-host", "evil.example")], &form).await;
        assert_eq!(answer.header("location"), "/me", "{query}");
        assert!(!house.get(&format!("/sign-in{query}"), &[]).await.text().contains("evil.example"));
    }
    let evil = "\"><script>alert(1)</script>";
    for lang in Lang::ALL {
        let answer =
            house.post(&format!("/sign-in?lang={lang}"), &[], &format!("name={}&password=x", encoded(evil))).await;
        assert!(answer.text().contains("&#60;script&#62;") && !answer.text().contains("<script>"), "{}", answer.text());
    }
    // Not let in by a cookie of another name, or one that cannot be ours.
    let session = signed_in(&house, "root", PASSWORD).await;
    let secret = session.split_once('=').unwrap().1;
    for cookie in [format!("fubako_session={secret}"), format!("{COOKIE}={secret}x"), format!("{COOKIE}=")] {
        assert_eq!(house.get("/me", &[("cookie", &cookie)]).await.status.as_u16(), 303, "{cookie}");
    }
}
