//! People with a password who set a second factor up, on a real exchange (spec X-ACCOUNTS).

use fubako_base::{
    Timestamp,
    audit::Event,
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
use totp_rs::{Builder, Secret};

use super::{Answer, House, encoded};

pub const URL: &str = "https://files.acme.example";
pub const PASSWORD: &str = "a long enough secret";
pub const SESSION: &str = "__Host-fubako_session";
pub const HALF: &str = "__Host-fubako_sign_in";
pub const OWN: &str = "/me/second-factor";

pub fn person(section: &str, login_id: &str, administrator: bool) -> User {
    User {
        section: section.parse().unwrap(),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@{section}.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator,
        approver: false,
        password_never_expires: false,
    }
}

/// A house with an operator, a user and an administrator of `acme`, and an administrator of `other`, all with [`PASSWORD`]; three wrong tries lock.
pub async fn ready() -> House {
    let settings = Settings { sign_in_tries: 3, ..Settings::default() };
    let house = House::of(house::House::at(URL, Scanner::None, Section { settings, ..section("acme") }).await);
    house.put_section(section("other")).await;
    for user in [person("acme", "taro", false), person("acme", "kanri", true), person("other", "kanri", true)] {
        house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
    }
    let by = By::command("test");
    let root = house.exchange.add_operator("root", "root@ops.example", &by, house.now()).await.unwrap();
    choose(&house, &root.link).await;
    for name in ["acme/taro", "acme/kanri", "other/kanri"] {
        let link = house.exchange.reset_account(name, &by, house.now()).await.unwrap().link;
        choose(&house, &link).await;
    }
    house
}

pub async fn choose(house: &House, link: &str) {
    let form = format!("password={0}&again={0}", encoded(PASSWORD));
    assert_eq!(house.post(link.strip_prefix(URL).unwrap(), &[], &form).await.status.as_u16(), 303);
}

pub async fn sign_in(house: &House, at: &str, name: &str, password: &str, cookies: &str) -> Answer {
    house.post(at, &[("cookie", cookies)], &format!("name={}&password={}", encoded(name), encoded(password))).await
}

/// The `Cookie` header that an answer leads to for one of ours; none where it sets none, or ends it.
pub fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let set = all.into_iter().find(|set| set.starts_with(&format!("{name}=")))?;
    let pair = set.split(';').next().unwrap();
    (!pair.ends_with('=')).then(|| pair.to_owned())
}

pub async fn signed_in(house: &House, name: &str) -> String {
    let answer = sign_in(house, "/sign-in", name, PASSWORD, "").await;
    assert_eq!(answer.header("location"), "/me", "{}", answer.text());
    cookie(&answer, SESSION).unwrap()
}

/// The password was right: what is half open.
pub async fn half(house: &House, name: &str) -> String {
    let answer = sign_in(house, "/sign-in", name, PASSWORD, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sign-in/code"), "{}", answer.text());
    assert_eq!(cookie(&answer, SESSION), None);
    cookie(&answer, HALF).unwrap()
}

pub fn key_of(page: &str) -> String {
    let after = page.split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("no key: {page}"));
    after.split('"').next().unwrap().to_owned()
}

/// Sends a form of one's own second factor.
pub async fn send(house: &House, session: &str, what: &str, fields: &str) -> Answer {
    let page = house.get(OWN, &[("cookie", session)]).await;
    let form = format!("form={}&{fields}", key_of(page.text()));
    house.post(&format!("{OWN}/{what}"), &[("cookie", session)], &form).await
}

/// Enters a code after the password.
pub async fn enter(house: &House, half: &str, code: &str) -> Answer {
    let page = house.get("/sign-in/code", &[("cookie", half)]).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.header("location"));
    let form = format!("form={}&code={}", key_of(page.text()), encoded(code));
    house.post("/sign-in/code", &[("cookie", half)], &form).await
}

/// The code that an app shows so many steps from a time.
pub fn code(key: &str, now: Timestamp, away: i64) -> String {
    let secret = Secret::try_from_base32(key.replace(' ', "")).unwrap();
    let seconds = u64::try_from(now.0 / 1_000_000 + 30 * away).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate(seconds).to_string()
}

pub fn shown_key(page: &str) -> String {
    page.split("<code class=\"key\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

pub fn shown_codes(page: &str) -> Vec<String> {
    page.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

/// Turns it on; gives the key, the recovery codes and the session's cookie. The clock is a step further then: the next code is a new one.
pub async fn secure(house: &House, session: &str) -> (String, Vec<String>, String) {
    let begun = send(house, session, "begin", &format!("password={}", encoded(PASSWORD))).await;
    assert_eq!(begun.status.as_u16(), 200, "{}", begun.text());
    let key = shown_key(begun.text());
    let on = send(house, session, "confirm", &format!("code={}", code(&key, house.now(), 0))).await;
    assert_eq!(on.status.as_u16(), 200, "{}", on.text());
    house.pass_seconds(30);
    (key, shown_codes(on.text()), cookie(&on, SESSION).unwrap())
}

pub async fn status(house: &House, path: &str, cookies: &str) -> u16 {
    house.get(path, &[("cookie", cookies)]).await.status.as_u16()
}

/// What a section's log has of an event, the newest first: the object, and the reason.
pub async fn recorded(house: &House, section: &str, event: Event) -> Vec<(String, String)> {
    let section: SectionId = section.parse().unwrap();
    let search = Search { event: Some(event), ..Search::default() };
    let lines = house.exchange.audit_lines(&section, &search, None, 100).await.unwrap();
    let reason = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap();
        detail["reason"].as_str().unwrap_or_default().to_owned()
    };
    lines.into_iter().map(|line| (line.object, reason(&line.detail))).collect()
}

pub async fn failures(house: &House) -> (u32, bool) {
    let name = AccountName::User("acme".parse().unwrap(), "taro".to_owned());
    let account = house.store.account(&name).await.unwrap().unwrap();
    (account.failures, account.locked_at.is_some())
}
