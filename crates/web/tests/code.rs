//! One-time codes at the recipient's page (spec ACCESS 2): who gets what, what mails one and what does not, what it costs to guess.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::{Answer, House, encoded, request};
use fubako_base::section::{Access, Section, Settings, Way};
use fubako_exchange::audit::By;
use fubako_store::sections::{Change, User};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use fubako_web::Peer;
use http::Method;

const URL: &str = "https://files.acme.example";
const SECRET: &str = "a long enough secret";
const FILES: &[(&str, &str, &[u8])] = &[("a.txt", "text/plain", b"alpha")];

async fn house(ways: &[Way]) -> House {
    let settings = Settings { access: Access::of(ways).unwrap(), free_tries: 2, max_tries: 5, ..Settings::default() };
    House::of(house::House::at(URL, Scanner::None, Section { settings, ..section("acme") }).await)
}

/// The cookie with this name that an answer sets, as a browser sends it back.
fn cookie(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let own = all.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with(&format!("{name}=")));
    own.unwrap_or_else(|| panic!("no cookie {name}")).to_owned()
}

/// Asks for a code: the browser's cookie, and the code as the mail has it.
async fn code(house: &House, link: &str) -> (String, String) {
    let answer = house.post(&format!("/d/{link}/code"), &[("sec-fetch-site", "same-origin")], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &*format!("/d/{link}")));
    let [mail] = &house.posted().await[..] else { panic!("not one mail") };
    assert_eq!(mail.recipient, "hanako@example.jp");
    (cookie(&answer, "fubako_code"), mail.text.lines().find(|line| line.starts_with("    ")).unwrap().trim().to_owned())
}

async fn enter(house: &House, link: &str, cookie: &str, code: &str) -> Answer {
    house.post(&format!("/d/{link}/code/open"), &[("cookie", cookie)], &format!("code={}", encoded(code))).await
}

/// Another code of as many digits.
fn other(code: &str) -> String {
    code.chars()
        .map(|c| if c == ' ' { c } else { char::from_digit((c.to_digit(10).unwrap() + 1) % 10, 10).unwrap() })
        .collect()
}

/// Somebody's cookie once they are signed in.
async fn signed_in(house: &House, name: &str) -> String {
    let by = By::command("test");
    let invitation = match name {
        "root" => house.exchange.add_operator("root", "root@ops.example", &by, house.now()).await.unwrap(),
        name => house.exchange.reset_account(name, &by, house.now()).await.unwrap(),
    };
    let path = invitation.link.strip_prefix(URL).unwrap();
    house.post(path, &[], &format!("password={0}&again={0}", encoded(SECRET))).await;
    let form = format!("name={}&password={}", encoded(name), encoded(SECRET));
    let answer = house.post("/sign-in", &[], &form).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Each new route × nobody, the operator, an administrator, a user, one of another section, and the recipient once proven; where codes are a way and
/// where they are none.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    for (ways, ask, try_one) in [(&[Way::OneTimeCode][..], 303, 403), (&[Way::PasswordInMail], 403, 403)] {
        let house = house(ways).await;
        house.put_section(section("other")).await;
        for (of, login_id, administrator) in [("acme", "kanri", true), ("acme", "jiro", false), ("other", "taro", true)]
        {
            let user = User {
                section: of.parse().unwrap(),
                login_id: login_id.to_owned(),
                address: format!("{login_id}@{of}.example"),
                name: String::new(),
                group: None,
                default_user: false,
                administrator,
                approver: false,
                password_never_expires: false,
            };
            house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
        }
        let mut visitors = vec![String::new()];
        for name in ["root", "acme/kanri", "acme/jiro", "other/taro"] {
            visitors.push(signed_in(&house, name).await);
        }
        let absent = "A".repeat(43);
        for (number, visitor) in visitors.iter().enumerate() {
            let [link, _] = house.deposit(&format!("k{number}"), "s", "Taro", FILES).await;
            let (get, post, head) = (Method::GET, Method::POST, Method::HEAD);
            for (method, path, status) in [
                (&get, format!("/d/{link}"), 200),
                (&get, format!("/d/{link}/code"), 303),
                (&head, format!("/d/{link}/code"), 303),
                (&get, format!("/d/{link}/code/open"), 303),
                (&post, format!("/d/{link}/code/open"), try_one),
                (&post, format!("/d/{link}/code"), ask),
                (&Method::PUT, format!("/d/{link}/code"), 405),
                (&post, format!("/d/{absent}/code"), 404),
                (&post, format!("/d/{absent}/code/open"), 404),
                (&get, format!("/d/{absent}/code"), 303),
                (&post, "/d/short/code".to_owned(), 404),
                (&get, "/d/short/code/open".to_owned(), 404),
            ] {
                let answer = house.ask(request(method.clone(), &path, &[("cookie", visitor)], "code=12345678")).await;
                assert_eq!(answer.status.as_u16(), status, "{method} {path}, visitor {number}: {}", answer.text());
            }
            house.posted().await;
        }
    }
}

// spec: ACCESS, X-RECEIVE
#[tokio::test]
async fn a_code_opens_the_files_in_the_browser_that_asked_for_it() {
    let house = house(&[Way::OneTimeCode]).await;
    let [link, neighbour] = house.deposit("k", "s", "Taro", FILES).await;
    let page = format!("/d/{link}");
    let before = house.get(&page, &[]).await;
    assert!(before.text().contains("Mail me a code") && before.text().contains("will be mailed to hanako@example.jp"));
    assert!(!before.text().contains("type=\"password\"") && !before.text().contains("name=\"code\""));
    let asked = house.post(&format!("{page}/code?lang=ja"), &[("sec-fetch-site", "same-origin")], "").await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (303, &*format!("{page}?lang=ja")));
    for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", &format!("; Path={page}; Max-Age=600")] {
        assert!(asked.header("set-cookie").contains(part), "{}", asked.header("set-cookie"));
    }
    let [mail] = &house.posted().await[..] else { panic!("not one mail") };
    let typed = mail.text.lines().find(|line| line.starts_with("    ")).unwrap().trim().to_owned();
    let browser = cookie(&asked, "fubako_code");
    let shown = house.get(&page, &[("cookie", &browser)]).await;
    assert!(
        shown.text().contains("name=\"code\"") && shown.text().contains("at 23:30. It is good until 23:40"),
        "{}",
        shown.text()
    );
    assert!(!house.get(&page, &[]).await.text().contains("name=\"code\""), "another browser");

    // Pressed twice: one mail.
    let twice = house.post(&format!("{page}/code"), &[("cookie", &browser)], "").await;
    assert_eq!((twice.status.as_u16(), twice.header("retry-after")), (429, "30"));
    assert!(twice.text().contains("name=\"code\""), "the code can be entered all the same");
    assert!(house.posted().await.is_empty());

    let empty = enter(&house, &link, &browser, " ").await;
    assert!(empty.status.as_u16() == 400 && empty.text().contains("No code was entered"), "{}", empty.text());
    let wrong = enter(&house, &link, &browser, &other(&typed)).await;
    assert!(wrong.status.as_u16() == 403 && wrong.text().contains("After 4 more wrong tries"), "{}", wrong.text());
    for other in ["", &browser.to_lowercase(), "fubako_code=x"] {
        let over = enter(&house, &link, other, &typed).await;
        assert!(over.status.as_u16() == 403 && over.text().contains("This code cannot be used"), "{}", over.text());
    }
    assert!(enter(&house, &neighbour, &browser, &typed).await.text().contains("This code cannot be used"));

    let opened = enter(&house, &link, &browser, &typed.replace(' ', "-")).await;
    assert_eq!((opened.status.as_u16(), opened.header("location")), (303, &*page));
    let session = cookie(&opened, "fubako_link");
    assert_eq!(cookie(&opened, "fubako_code"), "fubako_code=", "the code's cookie goes");
    assert!(house.get(&page, &[("cookie", &session)]).await.text().contains("a.txt"));
    assert_eq!(house.get(&format!("{page}/files/1"), &[("cookie", &session)]).await.octets, b"alpha");
    // It is good once.
    let again = enter(&house, &link, &browser, &typed).await;
    assert!(again.status.as_u16() == 403 && again.text().contains("This code cannot be used"), "{}", again.text());
}

// spec: ACCESS, X-RECEIVE: who GETs everything, and other sites, mail nothing and spend nothing.
#[tokio::test]
async fn nothing_is_mailed_on_get_nor_from_another_site() {
    let house = house(&[Way::PasswordInMail, Way::OneTimeCode]).await;
    let [link, _] = house.deposit("k", "s", "Taro", FILES).await;
    let (browser, typed) = code(&house, &link).await;
    house.pass_seconds(60);
    for _ in 0..10 {
        for path in
            ["", "/code", "/code?lang=en", "/code/open", "/code/open?code=12345678", "/open", "/close", "/all.zip"]
        {
            for method in [Method::GET, Method::HEAD] {
                let answer = house.ask(request(method, &format!("/d/{link}{path}"), &[("cookie", &browser)], "")).await;
                assert!(answer.headers.get("set-cookie").is_none(), "{path}");
            }
        }
        let foreign: [&[(&str, &str)]; 3] = [
            &[("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example")],
            &[("sec-fetch-site", "same-site"), ("cookie", &browser)],
        ];
        for headers in foreign {
            for path in ["code", "code/open"] {
                let form = format!("code={}", encoded(&typed));
                let answer = house.post(&format!("/d/{link}/{path}"), headers, &form).await;
                assert_eq!(answer.status.as_u16(), 403);
            }
        }
    }
    assert!(house.posted().await.is_empty(), "something was mailed");
    assert_eq!(enter(&house, &link, &browser, &typed).await.status.as_u16(), 303, "something was spent");
}

/// A request from an address.
async fn guess(house: &House, peer: u32, link: &str, browser: &str, code: u32) -> u16 {
    let form = format!("code={code:08}");
    let mut request = request(Method::POST, &format!("/d/{link}/code/open"), &[("cookie", browser)], &form);
    request.extensions_mut().insert(Peer(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + peer))));
    house.ask(request).await.status.as_u16()
}

/// 10,000 guesses, each from an address of its own, by somebody who has the link and asked for the code themselves.
// spec: ACCESS
#[tokio::test]
async fn ten_thousand_guesses_from_many_addresses_open_nothing() {
    let house = house(&[Way::OneTimeCode]).await;
    let [link, _] = house.deposit("k", "s", "Taro", FILES).await;
    let (browser, typed) = code(&house, &link).await;
    let right: u32 = typed.replace(' ', "").parse().unwrap();
    let mut compared = 0;
    for n in 0..10_000u32 {
        // The right one is among them, and comes too late.
        let code = if n == 9_000 { right } else { (right + 1 + n) % 100_000_000 };
        let stranger = if n % 10 == 9 { "" } else { &browser };
        let status = guess(&house, n, &link, stranger, code).await;
        assert!(matches!(status, 403 | 429), "guess {n}: {status}");
        compared += u32::from(status == 403 && !stranger.is_empty());
    }
    // Two at once, as many as are free; all others must wait.
    assert_eq!(compared, 2);
    assert!(house.posted().await.is_empty());
    // With all the patience that there is: five and then the link is locked, or the code is over.
    for wait in [2, 4, 8, 16, 32] {
        house.pass_seconds(wait);
        guess(&house, 20_000, &link, &browser, right + 1).await;
    }
    assert_eq!(guess(&house, 20_001, &link, &browser, right).await, 429, "it is not locked");
    assert!(house.get(&format!("/d/{link}"), &[]).await.text().contains("locked for a while"));
}

/// Who has many links, of as many codes, is stopped by where they come from.
// spec: ACCESS
#[tokio::test]
async fn one_network_has_so_many_wrong_codes() {
    let house = house(&[Way::OneTimeCode]).await;
    let [link, _] = house.deposit("k", "s", "Taro", FILES).await;
    let (browser, typed) = code(&house, &link).await;
    let right: u32 = typed.replace(' ', "").parse().unwrap();
    for n in 0..50 {
        assert_eq!(guess(&house, 7, &link, "", n).await, 403);
    }
    assert_eq!(guess(&house, 7, &link, &browser, right).await, 429, "this network has had its tries");
    assert_eq!(guess(&house, 8, &link, &browser, right).await, 303, "another has not");
}
