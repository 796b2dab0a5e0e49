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
