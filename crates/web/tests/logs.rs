//! What is logged while links are used: no token, no session, no password (spec KEEP-LOGS, X-RECEIVE).
#![allow(clippy::unwrap_used)]

mod common;

use common::{House, Log, PASSWORD};
use fubako_base::section::{Access, Section, Settings, Way};
use fubako_exchange::audit::By;
use fubako_testkit::section;

/// A password that somebody chooses for themselves.
const OWN: &str = "a-phrase-of-their-own";

/// An operator's first day: the secrets of the invitation and of the session.
async fn account(house: &House) -> (String, String) {
    let link =
        house.exchange.add_operator("root", "root@ops.example", &By::command("test"), house.now()).await.unwrap().link;
    let path = link.strip_prefix("http://files.acme.example").unwrap();
    house.get(path, &[]).await;
    house.post(path, &[], &format!("password={OWN}&again={OWN}")).await;
    house.post(path, &[], &format!("password={OWN}&again={OWN}")).await;
    for form in ["name=root&password=another-guess-22", "name=typed-into-the-wrong-field&password=x"] {
        house.post("/sign-in", &[], form).await;
    }
    let answer = house.post("/sign-in", &[], &format!("name=root&password={OWN}")).await;
    let session = answer.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(session.len(), 43, "not signed in");
    house.get("/me", &[("cookie", &format!("fubako_session={session}"))]).await;
    (path.rsplit('/').next().unwrap().to_owned(), session)
}

/// A recipient's code: the secret of the browser that asked, and the code.
async fn code(house: &House) -> (String, String) {
    let access = Access::of(&[Way::OneTimeCode]).unwrap();
    let settings = Settings { access, ..Settings::default() };
    house.put_section(Section { settings, ..section("acme") }).await;
    let [link, _] = house.deposit("coded", "s", "Taro", &[("a.bin", "application/x-a", b"a")]).await;
    let asked = house.post(&format!("/d/{link}/code"), &[], "").await;
    let browser = asked.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    let mail = house.posted().await;
    let code = mail[0].text.lines().find(|line| line.starts_with("    ")).unwrap().trim().to_owned();
    let cookie = format!("fubako_code={browser}");
    for typed in ["87654321", &code, &code] {
        let form = format!("code={}", typed.replace(' ', ""));
        house.post(&format!("/d/{link}/code/open"), &[("cookie", &cookie)], &form).await;
    }
    (browser, code.replace(' ', ""))
}

/// The only test of its file: it listens to everything that its process logs, at the finest level.
#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let log = Log::listen(tracing::Level::TRACE);
    let house = House::new("http://files.acme.example").await;
    let octets = vec![7u8; 200_000];
    let [link, other] = house.deposit("k", "s", "Taro", &[("a.bin", "application/x-a", &octets)]).await;
    let cookie = house.open(&link).await;
    house.post(&format!("/d/{link}/open"), &[], "password=wrong-password-1").await;
    house.damage(1_000);
    for token in [&link, &other] {
        for path in ["", "/open", "/files/1", "/files/2", "/all.zip"] {
            house.get(&format!("/d/{token}{path}"), &[("cookie", &cookie)]).await;
        }
        house.post(&format!("/d/{token}/close"), &[("cookie", &cookie)], "").await;
    }
    let (asked, code) = code(&house).await;
    let (invitation, signed_in) = account(&house).await;
    house.pass_seconds(30 * 86_400);
    house.get(&format!("/d/{link}"), &[("cookie", &cookie)]).await;
    let log = log.text();
    assert!(log.contains("a download was broken off"), "the log was not heard: {log}");
    let session = cookie.strip_prefix("fubako_link=").unwrap();
    assert!(log.contains("signed in") && log.contains("not let in"), "the log was not heard: {log}");
    let own = [asked.as_str(), &code, &invitation, &signed_in, OWN, "another-guess-22", "typed-into-the-wrong-field"];
    for secret in [link.as_str(), &other, session, PASSWORD, "wrong-password-1"].into_iter().chain(own) {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
