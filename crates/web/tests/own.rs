//! One's own account is changed by whoever proves anew who they are, on a real exchange (spec X-ACCOUNTS; ASVS 7.5.1).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{
    Answer, House, encoded, request,
    secured::{
        OWN, PASSWORD, SESSION, code, cookie, enter, failures, half, key_of, ready, recorded, secure, sign_in,
        signed_in, status,
    },
};
use fubako_base::{
    audit::Event,
    section::{Section, Settings},
};
use fubako_exchange::audit::By;
use fubako_store::sections::Change;
use fubako_testkit::section;
use fubako_web::Peer;
use http::{Method, Request};

const NEW: &str = "another long secret 8";

/// Asks for another password.
async fn change(house: &House, session: &str, current: &str, code: &str, new: &str) -> Answer {
    let key = key_of(house.get("/me/password", &[("cookie", session)]).await.text());
    let form = format!(
        "form={key}&current={}&code={}&password={}&again={}",
        encoded(current),
        encoded(code),
        encoded(new),
        encoded(new)
    );
    house.post("/me/password?lang=en", &[("cookie", session)], &form).await
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn a_password_is_changed_with_a_code_where_there_is_a_second_factor() {
    let house = ready().await;
    for (name, log) in [("acme/taro", "acme"), ("root", "installation")] {
        let session = signed_in(&house, name).await;
        let page = house.get("/me/password", &[("cookie", &session)]).await;
        assert!(!page.text().contains("name=\"code\""), "none is asked for where there is no second factor");
        let (key, codes, session) = secure(&house, &session).await;
        let page = house.get("/me/password", &[("cookie", &session)]).await;
        assert!(page.text().contains("name=\"code\""), "{}", page.text());
        let right = code(&key, house.now(), 0);
        let mut told = Vec::new();
        for (current, code) in [(PASSWORD, ""), ("wrong", right.as_str())] {
            let refused = change(&house, &session, current, code, NEW).await;
            assert_eq!(refused.status.as_u16(), 403, "{current} {code}");
            assert!(cookie(&refused, SESSION).is_none());
            told.push(refused.text().to_owned());
        }
        assert_eq!(told[0], told[1], "which of the two is wrong is not told");
        let changed = change(&house, &session, PASSWORD, &right, NEW).await;
        assert_eq!(changed.header("location"), "/me?lang=en&done=password-changed", "{}", changed.text());
        let new = cookie(&changed, SESSION).unwrap();
        assert_eq!((status(&house, "/me", &session).await, status(&house, "/me", &new).await), (303, 200));
        // The code is used up, the second factor stays, and a recovery code stands in once.
        assert_eq!(change(&house, &new, NEW, &right, PASSWORD).await.status.as_u16(), 403);
        let back = change(&house, &new, NEW, &codes[0], PASSWORD).await;
        let new = cookie(&back, SESSION).unwrap();
        assert_eq!(change(&house, &new, PASSWORD, &codes[0], NEW).await.status.as_u16(), 403, "used");
        let half = half(&house, name).await;
        assert_eq!(enter(&house, &half, &right).await.status.as_u16(), 403, "used");
        assert_eq!(recorded(&house, log, Event::PasswordChanged).await.len(), 2);
        assert_eq!(recorded(&house, log, Event::RecoveryCodeUsed).await.len(), 1);
        let refused = recorded(&house, log, Event::PasswordChangeRefused).await;
        let reasons: Vec<&str> = refused.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(reasons.last(), Some(&"wrong-code"));
        assert_eq!(reasons[reasons.len() - 2], "wrong");
        assert!(reasons.contains(&"used-code"), "{reasons:?}");
    }
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn wrong_codes_at_a_change_of_the_password_lock_as_at_a_sign_in() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, codes, session) = secure(&house, &session).await;
    for n in 1..=3 {
        assert_eq!(change(&house, &session, PASSWORD, "000000", NEW).await.status.as_u16(), 403);
        assert_eq!(failures(&house).await, (n, n == 3));
    }
    // Locked, neither is looked at.
    for right in [&code(&key, house.now(), 0), &codes[0]] {
        assert_eq!(change(&house, &session, PASSWORD, right, NEW).await.status.as_u16(), 403);
    }
    let reasons = recorded(&house, "acme", Event::PasswordChangeRefused).await;
    let reasons: Vec<&str> = reasons.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["locked", "locked", "wrong-code-locked", "wrong-code", "wrong-code"]);
    house.exchange.unlock_account("acme/taro", &By::command("test"), house.now()).await.unwrap();
    assert_eq!(change(&house, &session, PASSWORD, &codes[0], NEW).await.status.as_u16(), 303);
    assert_eq!(failures(&house).await, (0, false));
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn an_expired_password_too_is_changed_with_a_code() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, ..) = secure(&house, &session).await;
    let settings = Settings { password_days: Some(30), ..Settings::default() };
    let expiring = Section { settings, ..section("acme") };
    house.store.apply(&[Change::PutSection(Box::new(expiring))], &[], house.now()).await.unwrap();
    house.pass_seconds(30 * 86_400);
    let half = half(&house, "acme/taro").await;
    let session = cookie(&enter(&house, &half, &code(&key, house.now(), 0)).await, SESSION).unwrap();
    assert_eq!(house.get("/me", &[("cookie", &session)]).await.header("location"), "/me/password");
    let used = code(&key, house.now(), 0);
    assert_eq!(change(&house, &session, PASSWORD, &used, NEW).await.status.as_u16(), 403, "it let in already");
    let changed = change(&house, &session, PASSWORD, &code(&key, house.now(), 1), NEW).await;
    assert_eq!(changed.status.as_u16(), 303);
    assert_eq!(status(&house, "/me", &cookie(&changed, SESSION).unwrap()).await, 200);
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn a_network_of_many_wrong_ones_waits_with_its_changes_too() {
    let house = ready().await;
    let (taro, root) = (signed_in(&house, "acme/taro").await, signed_in(&house, "root").await);
    let (key, _, taro) = secure(&house, &taro).await;
    let from = |peer: &str, path: &str, cookies: &str, form: &str| -> Request<Body> {
        let mut request = request(Method::POST, path, &[("cookie", cookies)], form);
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        request
    };
    let keys = async |cookies: &str| key_of(house.get(OWN, &[("cookie", cookies)]).await.text());
    let (taros, roots) = (keys(&taro).await, keys(&root).await);
    let right = code(&key, house.now(), 0);
    let both = format!("form={taros}&password={}&code={right}", encoded(PASSWORD));
    let another =
        format!("form={roots}&current={}&password={}&again={}", encoded(PASSWORD), encoded(NEW), encoded(NEW));
    let asks = [
        ("/me/second-factor/begin", &root, format!("form={roots}&password={}", encoded(PASSWORD))),
        ("/me/second-factor/codes", &taro, both.clone()),
        ("/me/second-factor/off", &taro, both),
        ("/me/password", &root, another),
    ];
    // What is wrong in a change counts for the network, what is right does not.
    for n in 0..48 {
        let form = format!("name=user{n}&password=x");
        assert_eq!(house.ask(from("192.0.2.1", "/sign-in", "", &form)).await.status.as_u16(), 403);
    }
    assert_eq!(house.ask(from("192.0.2.1", asks[0].0, &root, &asks[0].2)).await.status.as_u16(), 200);
    let wrong = format!("form={roots}&password=wrong");
    for expected in [403, 403, 429] {
        assert_eq!(house.ask(from("192.0.2.1", asks[0].0, &root, &wrong)).await.status.as_u16(), expected);
    }
    for (path, cookies, form) in &asks {
        let late = house.ask(from("192.0.2.1", path, cookies, form)).await;
        assert_eq!((late.status.as_u16(), late.header("retry-after")), (429, "900"), "{path}");
        assert!(cookie(&late, SESSION).is_none());
    }
    assert_eq!(house.ask(from("192.0.2.2", asks[1].0, &taro, &asks[1].2)).await.status.as_u16(), 200);
    assert_eq!(house.ask(from("192.0.2.2", asks[3].0, &root, &asks[3].2)).await.status.as_u16(), 303);
    assert_eq!(sign_in(&house, "/sign-in", "root", NEW, "").await.status.as_u16(), 303);
}

/// The marks of the sessions that may be ended, as the form has them.
async fn marks(house: &House, session: &str) -> Vec<String> {
    let page = house.get("/me/sessions?lang=en", &[("cookie", session)]).await;
    let marks =
        page.text().split("name=\"which\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    marks.filter(|mark| mark != "all").collect()
}

async fn end(house: &House, session: &str, which: &str, password: &str) -> Answer {
    let key = key_of(house.get("/me/password", &[("cookie", session)]).await.text());
    let form = format!("form={key}&which={}&password={}", encoded(which), encoded(password));
    house.post("/me/sessions/end?lang=en", &[("cookie", session)], &form).await
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn one_knows_one_s_sessions_and_ends_one_or_all_others_for_the_password() {
    let house = ready().await;
    let agents = [
        ("192.0.2.1", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("2001:db8::7", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) Version/18.5 Mobile/15E148 Safari/604.1"),
        ("192.0.2.1", "<script>alert(1)</script>"),
    ];
    let mut all = Vec::new();
    for (peer, agent) in agents {
        let form = format!("name=acme/taro&password={}", encoded(PASSWORD));
        let mut request = request(Method::POST, "/sign-in", &[("user-agent", agent)], &form);
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        all.push(cookie(&house.ask(request).await, SESSION).unwrap());
        house.pass_seconds(1);
    }
    let kanri = signed_in(&house, "acme/kanri").await;
    let (one, two, three) = (&all[0], &all[1], &all[2]);
    let mut own = request(Method::GET, "/me?lang=en", &[("cookie", one)], "");
    own.extensions_mut().insert(Peer("192.0.2.1".parse().unwrap()));
    let me = house.ask(own).await;
    for (said, times) in [
        ("Firefox (Windows)", 1),
        ("Safari (iPhone)", 1),
        ("Unknown browser", 1),
        ("the network that you are in now", 2),
        ("2001:db8::7", 1),
        ("script&", 0),
        ("This device", 1),
    ] {
        assert_eq!(me.text().matches(said).count(), times, "{said}: {}", me.text());
    }
    // Nothing of them is there but a mark, which is no secret and of no other session.
    let [third, second] = marks(&house, one).await.try_into().unwrap();
    let own_mark = marks(&house, two).await.pop().unwrap();
    signed_in(&house, "acme/kanri").await;
    let kanris = marks(&house, &kanri).await.pop().unwrap();
    assert!(![&third, &second, &own_mark].contains(&&kanris) && own_mark != second);
    let ins = async || {
        [status(&house, "/me", one).await, status(&house, "/me", two).await, status(&house, "/me", three).await]
    };
    // Not without the password, and the wrong ones are counted.
    for password in ["", "wrong"] {
        assert_eq!(end(&house, one, &second, password).await.status.as_u16(), 403);
    }
    assert_eq!((ins().await, failures(&house).await), ([200; 3], (2, false)));
    // What is another's, or one's own, or nobody's, ends nothing, and is answered alike.
    for mark in [kanris.as_str(), &own_mark, "0000000000000000", "", "<script>"] {
        let answer = end(&house, one, mark, PASSWORD).await;
        assert_eq!(answer.header("location"), "/me?lang=en&done=there", "{mark}");
    }
    assert_eq!((ins().await, status(&house, "/me", &kanri).await), ([200; 3], 200));
    assert!(recorded(&house, "acme", Event::SessionsEnded).await.is_empty());
    assert_eq!(end(&house, one, &second, PASSWORD).await.header("location"), "/me?lang=en&done=there");
    assert_eq!(ins().await, [200, 303, 200]);
    assert_eq!(end(&house, one, "all", PASSWORD).await.header("location"), "/me?lang=en&done=elsewhere");
    assert_eq!((ins().await, status(&house, "/me", &kanri).await), ([200, 303, 303], 200));
    assert_eq!(failures(&house).await, (2, false), "a right one is given back, and forgets none");
    assert_eq!(recorded(&house, "acme", Event::SessionsEnded).await.len(), 2);
    let refused = recorded(&house, "acme", Event::SessionsEndRefused).await;
    assert_eq!(refused, vec![("acme/taro".to_owned(), "wrong".to_owned()); 2]);
    assert_eq!(house.get("/me/sessions", &[("cookie", one)]).await.header("location"), "/me", "there is none to end");
    // The third wrong one locks, here as at a sign-in; who works goes on.
    assert_eq!(end(&house, one, "all", "wrong").await.header("location"), "/me?lang=en");
    assert_eq!((failures(&house).await, ins().await[0]), ((3, true), 200));
}

// spec: X-ACCOUNTS
#[tokio::test]
async fn a_session_that_is_renewed_keeps_its_browser() {
    let house = ready().await;
    let agent = [("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")];
    let form = format!("name=root&password={}", encoded(PASSWORD));
    let session = cookie(&house.post("/sign-in", &agent, &form).await, SESSION).unwrap();
    let said = async |session: &str| {
        let me = house.get("/me?lang=en", &[("cookie", session)]).await;
        me.text().contains("Firefox (Linux)")
    };
    assert!(said(&session).await);
    let changed = change(&house, &session, PASSWORD, "", NEW).await;
    assert!(said(&cookie(&changed, SESSION).unwrap()).await);
}
