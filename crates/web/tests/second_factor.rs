//! The second factor: setting it up, signing in with it, losing it, on a real exchange (spec X-ACCOUNTS).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    encoded, request,
    secured::{
        HALF, OWN, PASSWORD, SESSION, choose, code, cookie, enter, failures, half, key_of, ready, recorded, secure,
        send, shown_codes, shown_key, sign_in, signed_in, status,
    },
};
use fubako_base::{
    audit::Event,
    ids::DepositId,
    section::{SecondFactor, Section, Settings},
};
use fubako_exchange::audit::By;
use fubako_store::{accounts::AccountName, sections::Change};
use fubako_testkit::section;
use http::Method;
use totp_rs::Secret;

/// Every route × nobody, an operator, a user, an administrator, another section's, and one whose sign-in is half open: the status that each gets. (POST
/// without a form of one's own.)
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let house = ready().await;
    let mut cookies = vec![String::new()];
    for name in ["root", "acme/taro", "acme/kanri", "other/kanri"] {
        cookies.push(signed_in(&house, name).await);
    }
    // Whoever turned it on goes on with the session that began then.
    (.., cookies[2]) = secure(&house, &cookies[2]).await;
    cookies.push(half(&house, "acme/taro").await);
    let approval = format!("/sign-in/code/approvals/{}", DepositId::generate());
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let taking = "/section/user/taro/second-factor";
    let table: &[(&Method, &str, [u16; 6])] = &[
        (&get, "/sign-in/code", [303, 303, 303, 303, 303, 200]),
        (&get, &approval, [303, 303, 303, 303, 303, 200]),
        (&get, "/sign-in/code/received", [303, 303, 303, 303, 303, 200]),
        (&get, "/sign-in/code/elsewhere", [404; 6]),
        (&post, "/sign-in/code", [303, 303, 303, 303, 303, 403]),
        (&put, "/sign-in/code", [405; 6]),
        (&get, OWN, [303, 200, 200, 200, 200, 303]),
        (&post, OWN, [405; 6]),
        (&get, "/me/second-factor/begin", [303; 6]),
        (&get, "/me/second-factor/confirm", [303; 6]),
        (&get, "/me/second-factor/codes", [303; 6]),
        (&get, "/me/second-factor/off", [303; 6]),
        (&post, "/me/second-factor/begin", [303, 403, 403, 403, 403, 303]),
        (&post, "/me/second-factor/confirm", [303, 403, 403, 403, 403, 303]),
        (&post, "/me/second-factor/codes", [303, 403, 403, 403, 403, 303]),
        (&post, "/me/second-factor/off", [303, 403, 403, 403, 403, 303]),
        (&get, taking, [303; 6]),
        (&post, taking, [303, 403, 403, 403, 403, 303]),
        // What is half open opens nothing else.
        (&get, "/me", [303, 200, 200, 200, 200, 303]),
    ];
    for (method, path, expected) in table {
        for (visitor, status) in cookies.iter().zip(expected) {
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], "")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    // With a form of their own, too, nobody but the section's administrator takes it away; and not their own.
    for (name, path, status) in [
        ("root", taking, 404),
        ("acme/taro", taking, 404),
        ("other/kanri", taking, 404),
        ("acme/kanri", "/section/user/kanri/second-factor", 404),
        ("acme/kanri", "/section/user/nobody/second-factor", 404),
        ("acme/kanri", taking, 303),
        ("acme/kanri", taking, 404),
    ] {
        let place = ["", "root", "acme/taro", "acme/kanri", "other/kanri"].iter().position(|n| *n == name).unwrap();
        let key = key_of(house.get("/me", &[("cookie", &cookies[place])]).await.text());
        let answer = house.post(path, &[("cookie", &cookies[place])], &format!("form={key}")).await;
        assert_eq!(answer.status.as_u16(), status, "{name} {path}");
    }
}

#[tokio::test]
async fn it_is_set_up_with_password_and_code_and_what_is_secret_is_shown_once() {
    let house = ready().await;
    let (one, elsewhere) = (signed_in(&house, "acme/taro").await, signed_in(&house, "acme/taro").await);
    let wrong = send(&house, &one, "begin", "password=wrong").await;
    assert_eq!(wrong.status.as_u16(), 403);
    assert_eq!(failures(&house).await, (1, false));
    let right = format!("password={}", encoded(PASSWORD));
    let first = shown_key(send(&house, &one, "begin", &right).await.text());
    assert_eq!(failures(&house).await, (0, false));
    let begun = send(&house, &one, "begin", &right).await;
    let key = shown_key(begun.text());
    assert!(
        key != first && begun.text().contains("<svg class=\"qr\"") && begun.text().contains("otpauth://totp/Fubako")
    );
    assert!(begun.header("content-security-policy").contains("img-src 'self';"), "no data: for the picture");
    // Not shown again, and before a code was right it does not count.
    let bare = key.replace(' ', "");
    let page = house.get(&format!("{OWN}?lang=en"), &[("cookie", &one)]).await;
    assert!(!page.text().contains(&key) && !page.text().contains(&bare) && page.text().contains("You have begun"));
    let other = signed_in(&house, "acme/taro").await;
    for bad in [code(&first, house.now(), 0), code(&key, house.now(), 2), "123".to_owned(), String::new()] {
        let answer = send(&house, &one, "confirm", &format!("code={bad}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{bad}");
        assert!(!answer.text().contains(&key) && !answer.text().contains(&bare));
    }
    assert_eq!(failures(&house).await, (0, false), "a slip at the first code locks nobody out");
    let on = send(&house, &one, "confirm", &format!("code={}", code(&key, house.now(), -1))).await;
    let codes = shown_codes(on.text());
    assert_eq!((on.status.as_u16(), codes.len()), (200, 10));
    let new = cookie(&on, SESSION).unwrap();
    assert_eq!(status(&house, "/me", &new).await, 200);
    for ended in [&one, &elsewhere, &other] {
        assert_eq!(status(&house, "/me", ended).await, 303);
    }
    let page = house.get(&format!("{OWN}?lang=en"), &[("cookie", &new)]).await;
    for secret in codes.iter().chain([&key, &bare]) {
        assert!(!page.text().contains(secret.as_str()), "{secret}");
    }
    assert!(page.text().contains("10 left"), "{}", page.text());
    // It cannot be begun anew while it counts.
    assert_eq!(send(&house, &new, "begin", &right).await.header("location"), OWN);
    assert_eq!(recorded(&house, "acme", Event::SecondFactorOn).await, [("acme/taro".into(), String::new())]);
    assert_eq!(
        recorded(&house, "acme", Event::SecondFactorRefused).await,
        [("acme/taro".to_owned(), "wrong".to_owned())]
    );
    // Nothing of it lies in the database in the clear.
    let octets = std::fs::read(house.folder.path().join("test.db")).unwrap();
    let log = std::fs::read(house.folder.path().join("test.db-wal")).unwrap_or_default();
    let raw = Secret::try_from_base32(&bare).unwrap();
    let first_code = codes[0].replace('-', "");
    let secrets: [&[u8]; 5] =
        [raw.as_bytes(), bare.as_bytes(), key.as_bytes(), codes[0].as_bytes(), first_code.as_bytes()];
    for secret in secrets {
        assert!(![&octets, &log].iter().any(|all| all.windows(secret.len()).any(|some| some == secret)));
    }
    // What was begun is over after half an hour.
    let root = signed_in(&house, "root").await;
    let key = shown_key(send(&house, &root, "begin", &right).await.text());
    house.pass_seconds(1800);
    let late = send(&house, &root, "confirm", &format!("code={}", code(&key, house.now(), 0))).await;
    assert_eq!(late.status.as_u16(), 400);
    assert_eq!(status(&house, "/me", &root).await, 200);
}

#[tokio::test]
async fn a_sign_in_asks_for_a_code_that_is_good_once() {
    let house = ready().await;
    let (key, _, before) = {
        let session = signed_in(&house, "acme/taro").await;
        secure(&house, &session).await
    };
    let answer = sign_in(&house, "/sign-in", "acme/taro", PASSWORD, "").await;
    let set = answer.header("set-cookie");
    for part in ["; Path=/;", "; Max-Age=300", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(set.contains(part) && !set.contains("Domain"), "{set}");
    }
    let half_open = cookie(&answer, HALF).unwrap();
    // It is no session, under either name.
    let secret = half_open.split_once('=').unwrap().1;
    assert_eq!(status(&house, "/me", &format!("{SESSION}={secret}")).await, 303);
    assert_eq!(status(&house, "/me", &half_open).await, 303);
    let page = house.get("/sign-in/code?lang=en", &[("cookie", &half_open)]).await;
    assert!(page.text().contains("acme/taro") && page.text().contains("autocomplete=\"one-time-code\""));
    // A form that no page of this browser made, or of another site.
    let right = code(&key, house.now(), 0);
    for (headers, form) in [
        (vec![("cookie", half_open.as_str())], format!("code={right}")),
        (vec![("cookie", half_open.as_str())], format!("form={}&code={right}", "A".repeat(43))),
        (
            vec![("cookie", half_open.as_str()), ("sec-fetch-site", "cross-site")],
            format!("form={}&code={right}", key_of(page.text())),
        ),
    ] {
        assert_eq!(house.post("/sign-in/code", &headers, &form).await.status.as_u16(), 403, "{form}");
    }
    assert_eq!(enter(&house, &half_open, " ").await.status.as_u16(), 400);
    let cookies = format!("{half_open}; {before}");
    let came = enter(&house, &cookies, &right).await;
    assert_eq!((came.status.as_u16(), came.header("location")), (303, "/me"));
    let session = cookie(&came, SESSION).unwrap();
    assert_ne!(session.split_once('=').unwrap().1, secret, "another secret than the half's");
    assert_eq!(cookie(&came, HALF), None);
    assert_eq!((status(&house, "/me", &session).await, status(&house, "/me", &before).await), (200, 303));
    // What was half open is no more; the code is used up, here and elsewhere, and so is any older one.
    let again = house.get("/sign-in/code", &[("cookie", &half_open)]).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (303, "/sign-in?done=code-late"));
    let next = half(&house, "acme/taro").await;
    for used in [right.clone(), code(&key, house.now(), -1)] {
        let refused = enter(&house, &next, &used).await;
        assert_eq!(refused.status.as_u16(), 403);
        assert!(cookie(&refused, SESSION).is_none() && !refused.text().contains(&used));
    }
    // The one of the next step is good before its time.
    assert_eq!(enter(&house, &next, &code(&key, house.now(), 1)).await.status.as_u16(), 303);
    let reasons = recorded(&house, "acme", Event::SignInRefused).await;
    assert_eq!(reasons, vec![("acme/taro".to_owned(), "used-code".to_owned()); 2]);
    assert_eq!(recorded(&house, "acme", Event::SignIn).await.len(), 3);

    // After five minutes the password comes first.
    let late = half(&house, "acme/taro").await;
    let page = house.get("/sign-in/code", &[("cookie", &late)]).await;
    house.pass_seconds(300);
    let form = format!("form={}&code={}", key_of(page.text()), code(&key, house.now(), 0));
    let answer = house.post("/sign-in/code", &[("cookie", &late)], &form).await;
    assert_eq!(answer.header("location"), "/sign-in?done=code-late");
    assert_eq!(failures(&house).await, (0, false));
}

#[tokio::test]
async fn wrong_codes_lock_as_wrong_passwords_do_and_the_password_forgets_none() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, codes, session) = secure(&house, &session).await;
    let wrong = "ABCD-EFGH-IJKL-MNOP";
    for n in 1..=2 {
        // However often the password is entered, what is wrong stays counted.
        let half = half(&house, "acme/taro").await;
        assert_eq!(enter(&house, &half, if n == 1 { "000000" } else { wrong }).await.status.as_u16(), 403);
        assert_eq!(failures(&house).await, (n, false));
    }
    let last = half(&house, "acme/taro").await;
    assert_eq!(failures(&house).await, (2, false));
    let refused = enter(&house, &last, "000000").await;
    assert_eq!((refused.status.as_u16(), failures(&house).await), (403, (3, true)));
    // Locked: neither code nor password is looked at, and both are told what is told of a wrong one.
    let right = code(&key, house.now(), 0);
    for good in [&right, &codes[0]] {
        assert_eq!(enter(&house, &last, good).await.text(), refused.text());
    }
    assert_eq!(sign_in(&house, "/sign-in", "acme/taro", PASSWORD, "").await.status.as_u16(), 403);
    // Who works already goes on, and can change nothing.
    assert_eq!(status(&house, "/me", &session).await, 200);
    let both = format!("password={}&code={right}", encoded(PASSWORD));
    assert_eq!(send(&house, &session, "codes", &both).await.status.as_u16(), 403);
    assert_eq!(send(&house, &session, "off", &both).await.status.as_u16(), 403);
    let reasons: Vec<String> =
        recorded(&house, "acme", Event::SignInRefused).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["locked", "locked", "locked", "wrong-code-locked", "wrong-code", "wrong-code"]);

    house.exchange.unlock_account("acme/taro", &By::command("test"), house.now()).await.unwrap();
    let half_open = half(&house, "acme/taro").await;
    assert_eq!(enter(&house, &half_open, &right).await.status.as_u16(), 303);
    assert_eq!(failures(&house).await, (0, false));
}

#[tokio::test]
async fn codes_side_by_side_do_not_outrun_the_lock_and_one_code_lets_one_in() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, ..) = secure(&house, &session).await;
    let mut halves = Vec::new();
    for _ in 0..8 {
        halves.push(half(&house, "acme/taro").await);
    }
    let all = async |code: &str| -> Vec<u16> {
        let all = halves.iter().map(|half| enter(&house, half, code));
        futures::future::join_all(all).await.iter().map(|answer| answer.status.as_u16()).collect()
    };
    // The right one, eight times: one gets in, and of the others no more are counted than lock.
    let statuses = all(&code(&key, house.now(), 0)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    house.exchange.unlock_account("acme/taro", &By::command("test"), house.now()).await.unwrap();
    halves = vec![half(&house, "acme/taro").await; 12];
    let all = halves.iter().map(|half| enter(&house, half, "000000"));
    let statuses: Vec<u16> = futures::future::join_all(all).await.iter().map(|answer| answer.status.as_u16()).collect();
    assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
    assert_eq!(failures(&house).await, (3, true));
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_and_new_ones_void_the_old() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, codes, session) = secure(&house, &session).await;
    let first = half(&house, "acme/taro").await;
    // In small letters and with spaces, as people write them.
    let came = enter(&house, &first, &codes[3].to_lowercase().replace('-', " ")).await;
    assert_eq!(came.status.as_u16(), 303);
    let second = half(&house, "acme/taro").await;
    assert_eq!(enter(&house, &second, &codes[3]).await.status.as_u16(), 403, "used");
    assert_eq!(enter(&house, &second, &codes[4]).await.status.as_u16(), 303);
    assert_eq!(recorded(&house, "acme", Event::RecoveryCodeUsed).await.len(), 2);
    let page = house.get(&format!("{OWN}?lang=en"), &[("cookie", &session)]).await;
    assert!(page.text().contains("8 left"));

    // New ones are for the password and a code of the app: not for one of the two, not for a recovery code, and not for a used one.
    let right = code(&key, house.now(), 0);
    for (password, bad) in [(PASSWORD, codes[0].as_str()), ("wrong", right.as_str())] {
        let fields = format!("password={}&code={bad}", encoded(password));
        assert_eq!(send(&house, &session, "codes", &fields).await.status.as_u16(), 403, "{fields}");
    }
    assert_eq!(failures(&house).await, (2, false));
    let both = format!("password={}&code={right}", encoded(PASSWORD));
    let made = send(&house, &session, "codes", &both).await;
    let new = shown_codes(made.text());
    assert_eq!((made.status.as_u16(), new.len()), (200, 10));
    assert_eq!(failures(&house).await, (0, false), "password and code were right");
    assert_eq!(send(&house, &session, "codes", &both).await.status.as_u16(), 403, "used");
    let third = half(&house, "acme/taro").await;
    assert_eq!(enter(&house, &third, &codes[0]).await.status.as_u16(), 403, "void");
    assert_eq!(enter(&house, &third, &new[0]).await.status.as_u16(), 303);
    assert_eq!(recorded(&house, "acme", Event::RecoveryCodesMade).await.len(), 1);
}

#[tokio::test]
async fn it_is_turned_off_with_password_and_code() {
    let house = ready().await;
    let session = signed_in(&house, "root").await;
    let (key, codes, session) = secure(&house, &session).await;
    let half_open = half(&house, "root").await;
    let elsewhere = cookie(&enter(&house, &half_open, &codes[1]).await, SESSION).unwrap();
    let right = code(&key, house.now(), 0);
    for (password, code) in [("wrong", right.as_str()), (PASSWORD, "000000"), (PASSWORD, &codes[1]), (PASSWORD, "")] {
        let fields = format!("password={}&code={code}", encoded(password));
        assert_eq!(send(&house, &session, "off", &fields).await.status.as_u16(), 403, "{password} {code}");
    }
    let off = send(&house, &session, "off", &format!("password={}&code={}", encoded(PASSWORD), codes[2])).await;
    assert_eq!((off.status.as_u16(), off.header("location")), (303, "/me?done=second-factor-off"));
    let now = cookie(&off, SESSION).unwrap();
    for (cookies, wanted) in [(&now, 200), (&session, 303), (&elsewhere, 303)] {
        assert_eq!(status(&house, "/me", cookies).await, wanted);
    }
    signed_in(&house, "root").await;
    assert_eq!(recorded(&house, "installation", Event::SecondFactorOff).await, [("root".into(), String::new())]);
    assert_eq!(recorded(&house, "installation", Event::RecoveryCodeUsed).await.len(), 2);
    let refused = recorded(&house, "installation", Event::SecondFactorRefused).await;
    let reasons: Vec<&str> = refused.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["wrong-code", "wrong-code", "wrong-code", "wrong"]);
}

#[tokio::test]
async fn whoever_must_have_one_sets_it_up_and_does_nothing_before() {
    let house = ready().await;
    let other = signed_in(&house, "acme/kanri").await;
    let settings = Settings { second_factor: SecondFactor::Required, ..Settings::default() };
    let required = Section { settings, ..section("acme") };
    house.store.apply(&[Change::PutSection(Box::new(required))], &[], house.now()).await.unwrap();
    let taro = signed_in(&house, "acme/taro").await;
    for path in ["/me", "/me/password", "/sent", "/sent/new", "/received", "/section/users", "/audit", "/approvals"] {
        for cookies in [&taro, &other] {
            let led = house.get(path, &[("cookie", cookies)]).await;
            assert_eq!((led.status.as_u16(), led.header("location")), (303, OWN), "{path}");
        }
    }
    let page = house.get(&format!("{OWN}?lang=en"), &[("cookie", &taro)]).await;
    assert!(page.text().contains("Two-step verification is required"), "{}", page.text());
    let form = format!("form={}", key_of(page.text()));
    for path in ["/me/sessions/end", "/me/password"] {
        assert_eq!(house.post(path, &[("cookie", &taro)], &form).await.header("location"), OWN, "{path}");
    }
    let upload = [("cookie", taro.as_str()), ("tus-resumable", "1.0.0"), ("upload-length", "1")];
    assert_eq!(house.post("/uploads", &upload, "").await.status.as_u16(), 401);
    // They may leave instead.
    let out = house.post("/sign-out", &[("cookie", &taro)], &form).await;
    assert_eq!(out.header("location"), "/sign-in?done=signed-out");
    let taro = signed_in(&house, "acme/taro").await;
    let (.., secured) = secure(&house, &taro).await;
    assert_eq!(status(&house, "/me", &secured).await, 200);
    // No rule of theirs: another section's, and operators.
    for name in ["other/kanri", "root"] {
        assert_eq!(status(&house, "/me", &signed_in(&house, name).await).await, 200, "{name}");
    }
    // Taken away, it is owed at once.
    let name = AccountName::User("acme".parse().unwrap(), "taro".to_owned());
    let entry = By::command("test").did(&"acme".parse().unwrap(), Event::SecondFactorOff, "acme/taro", house.now());
    assert!(house.store.take_second_factor(&name, &entry).await.unwrap());
    assert_eq!(house.get("/me", &[("cookie", &secured)]).await.header("location"), OWN);
}

#[tokio::test]
async fn whoever_lost_it_gets_in_again_by_an_administrator_or_an_operator() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, ..) = secure(&house, &session).await;
    let kanri = signed_in(&house, "acme/kanri").await;
    let page = house.get("/section/user/taro?lang=en", &[("cookie", &kanri)]).await;
    assert!(page.text().contains("/section/user/taro/second-factor?lang=en"), "{}", page.text());
    // To invite them to another password leaves it: whoever reads their mail has no code.
    let form = format!("form={}", key_of(page.text()));
    let invited = house.post("/section/user/taro/invite", &[("cookie", &kanri)], &form).await;
    assert_eq!(invited.status.as_u16(), 303);
    let mail = house.posted().await.pop().unwrap();
    let link = mail.text.split_whitespace().find(|word| word.contains("/invitation/")).unwrap().to_owned();
    choose(&house, &link).await;
    let half_open = half(&house, "acme/taro").await;
    // Taken away: what is half open is over, the password alone is enough, and it is recorded who did it.
    let taken = house.post("/section/user/taro/second-factor", &[("cookie", &kanri)], &form).await;
    assert_eq!(taken.header("location"), "/section/user/taro?done=user-second-factor-off");
    assert_eq!(house.get("/sign-in/code", &[("cookie", &half_open)]).await.status.as_u16(), 303);
    let session = signed_in(&house, "acme/taro").await;
    let page = house.get("/section/user/taro?lang=en", &[("cookie", &kanri)]).await;
    assert!(!page.text().contains("/second-factor"));
    assert_eq!(recorded(&house, "acme", Event::SecondFactorOff).await, [("acme/taro".into(), String::new())]);

    // An operator's command takes password and second factor away.
    let (again, ..) = secure(&house, &session).await;
    assert_ne!(again, key);
    let link = house.exchange.reset_account("acme/taro", &By::command("test"), house.now()).await.unwrap().link;
    choose(&house, &link).await;
    signed_in(&house, "acme/taro").await;
    assert_eq!(recorded(&house, "acme", Event::SecondFactorOff).await.len(), 2);
    // One's own page says so, and one's own is not taken away so.
    let (.., kanri) = secure(&house, &kanri).await;
    let own = house.get("/section/user/kanri?lang=en", &[("cookie", &kanri)]).await;
    assert!(own.text().contains("Two-step verification") && !own.text().contains("/second-factor"), "{}", own.text());
    let form = format!("form={}", key_of(own.text()));
    let taken = house.post("/section/user/kanri/second-factor", &[("cookie", &kanri)], &form).await;
    assert_eq!(taken.status.as_u16(), 404);
    assert_eq!(recorded(&house, "acme", Event::SecondFactorOff).await.len(), 2);
}

#[tokio::test]
async fn the_way_back_is_kept_and_whoever_has_none_is_told_nothing_new() {
    let house = ready().await;
    let session = signed_in(&house, "acme/taro").await;
    let (key, ..) = secure(&house, &session).await;
    let place = format!("/approvals/{}", DepositId::generate());
    let led = sign_in(&house, &format!("/sign-in{place}?lang=en"), "acme/taro", PASSWORD, "").await;
    assert_eq!(led.header("location"), format!("/sign-in/code{place}?lang=en"));
    let half_open = cookie(&led, HALF).unwrap();
    let page = house.get(led.header("location"), &[("cookie", &half_open)]).await;
    assert!(page.text().contains(&format!("action=\"/sign-in/code{place}?lang=en\"")));
    let form = format!("form={}&code={}", key_of(page.text()), code(&key, house.now(), 0));
    let came = house.post(led.header("location"), &[("cookie", &half_open)], &form).await;
    assert_eq!(came.header("location"), format!("{place}?lang=en"));
    // Too late, it leads back to where the sign-in leads there.
    let over = house.get(&format!("/sign-in/code{place}"), &[]).await;
    assert_eq!(over.header("location"), format!("/sign-in{place}"));

    // A wrong password is told the same whether or not there is a second factor, and so is nobody's.
    let said = async |name: &str| {
        let answer = sign_in(&house, "/sign-in", name, "wrong", "").await;
        assert_eq!((answer.status.as_u16(), cookie(&answer, HALF)), (403, None));
        answer.text().replace(&format!("value=\"{name}\""), "")
    };
    let (with, without, nobody) = (said("acme/taro").await, said("acme/kanri").await, said("acme/nobody").await);
    assert!(with == without && without == nobody);
}
