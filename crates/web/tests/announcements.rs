//! Announcements: what operators do with them, and what everybody sees of them (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request};
use fubako_base::audit::Actor;
use fubako_exchange::{
    announcements::{Announcement, Words},
    audit::By,
    domain::announcement::Entered,
};
use http::Method;

const PAGE: &str = "/operator/announcements";
const NEW: &str = "/operator/announcements/new";

/// A house with an operator, a user, an administrator, and one of another section; and their cookies.
async fn house() -> (House, [String; 4]) {
    let house = House::new("https://files.acme.example").await;
    let cookies = house.visitors(&["root", "acme/staff", "acme/kanri", "beta/kanri"]).await;
    (house, cookies.try_into().unwrap())
}

fn by() -> By {
    By::at(Actor::Operator("root".into()), "")
}

async fn announce(house: &House, subject: &str, text: &str) {
    let now = house.now();
    let words = |lang: &str| Words { subject: format!("{subject} {lang}"), text: format!("{text} {lang}") };
    let entered =
        Entered { ja: words("ja"), en: words("en"), times: Some((now, now.plus_seconds(3600))), mailed: false };
    house.exchange.announce(&entered, &by(), now).await.unwrap();
}

async fn all(house: &House) -> Vec<Announcement> {
    house.exchange.announcements(house.now()).await.unwrap()
}

fn path(of: &Announcement) -> String {
    format!("{PAGE}/{}", of.id)
}

/// The form, filled in as one would.
fn filled(house: &House, seen: u32, subject: &str, hours: i64) -> String {
    let ends = house.now().plus_seconds(hours * 3600).in_zone("Asia/Tokyo").strftime("%Y-%m-%dT%H:%M").to_string();
    let [subject, text, ends] = [subject, "line one\r\nline two", &ends].map(encoded);
    format!(
        "seen={seen}&ja_subject={subject}&ja_text={text}&en_subject={subject}&en_text={text}&starts=&ends={ends}&mailed=yes"
    )
}

/// Every route × nobody, the operator, a user, an administrator, one of another section; with a form of one's own, where one is signed in.
// spec: X-OPERATOR
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, [root, staff, kanri, other]) = house().await;
    announce(&house, "subject", "text").await;
    let one = path(&all(&house).await[0]);
    let withdraw = format!("{one}/withdraw");
    let absent = format!("{PAGE}/0197f0a0-0000-7000-8000-000000000000");
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let good = filled(&house, 1, "changed", 2);
    let operators = [303, 200, 404, 404, 404];
    let table: &[(&Method, &str, &str, [u16; 5])] = &[
        (&get, PAGE, "", operators),
        (&put, PAGE, "", [405; 5]),
        (&post, PAGE, &good, [405; 5]),
        (&get, NEW, "", operators),
        (&post, NEW, "", [303, 400, 404, 404, 404]),
        (&post, NEW, &good, [303, 303, 404, 404, 404]),
        (&get, &one, "", operators),
        (&get, &absent, "", [303, 404, 404, 404, 404]),
        (&get, "/operator/announcements/no-id", "", [303, 404, 404, 404, 404]),
        (&get, "/operator/announcements/%ff", "", [303, 404, 404, 404, 404]),
        (&post, &absent, &good, [303, 404, 404, 404, 404]),
        (&post, &one, "seen=1", [303, 400, 404, 404, 404]),
        (&post, &one, &good, [303, 303, 404, 404, 404]),
        (&get, &withdraw, "", [303; 5]),
        (&post, &format!("{absent}/withdraw"), "seen=1", [303, 404, 404, 404, 404]),
        (&post, &withdraw, "seen=1", [303, 400, 404, 404, 404]),
        (&post, &withdraw, "seen=2", [303, 303, 404, 404, 404]),
    ];
    for (method, path, form, expected) in table {
        // The operator last.
        for (visitor, place) in [("", 0), (&staff, 2), (&kanri, 3), (&other, 4), (&root, 1)] {
            let key = if visitor.is_empty() { String::new() } else { house.form_key(visitor).await };
            let before = all(&house).await;
            let form = format!("form={}&{form}", encoded(&key));
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], &form)).await;
            assert_eq!(answer.status.as_u16(), expected[place], "{method} {path} {form} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            let may = place == 1 && *method == post && answer.status.as_u16() == 303;
            assert_eq!(before != all(&house).await, may, "{method} {path} {form} by {visitor}");
        }
        // An operator's form that no page of theirs made.
        if *method == post && *path != PAGE {
            let answer = house.post(path, &[("cookie", &root)], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
}

// spec: X-OPERATOR
#[tokio::test]
async fn a_page_that_was_open_for_long_undoes_nothing() {
    let (house, [root, ..]) = house().await;
    announce(&house, "first", "text").await;
    let one = path(&all(&house).await[0]);
    let key = encoded(&house.form_key(&root).await);
    let save = async |seen, subject: &str| {
        let form = format!("form={key}&{}", filled(&house, seen, subject, 2));
        house.post(&format!("{one}?lang=en"), &[("cookie", &root)], &form).await
    };
    let answer = save(1, "second").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator/announcements?lang=en&done=announcement-changed")
    );
    let stale = save(1, "third").await;
    assert_eq!(stale.status.as_u16(), 400);
    let text = stale.text();
    assert!(text.contains("Another operator has changed") && text.contains("value=\"third\""), "{text}");
    assert!(text.contains("name=\"seen\" value=\"1\""), "sent again it is refused again: {text}");
    let withdrawn = house.post(&format!("{one}/withdraw"), &[("cookie", &root)], &format!("form={key}&seen=1")).await;
    assert_eq!(withdrawn.status.as_u16(), 400);
    let [there] = all(&house).await.try_into().unwrap();
    assert_eq!((there.version, there.content.ja.subject.as_str()), (2, "second"));
    assert_eq!((there.content.ja.text.as_str(), there.content.mailed), ("line one\nline two", true));
}

// spec: X-OPERATOR X-LANG
#[tokio::test]
async fn everybody_sees_what_is_announced_in_their_language_as_plain_text_for_its_time() {
    let (house, [root, staff, kanri, _]) = house().await;
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"the content")]).await;
    let link = format!("/d/{token}");
    let proven = house.open(&token).await;
    announce(&house, "<b>Sunday</b> & night", "<script>alert(1)</script>\nmore").await;
    let pages: &[(&str, &str)] = &[
        ("/", ""),
        ("/sign-in", ""),
        ("/no-such-page", ""),
        (&link, ""),
        (&link, &proven),
        ("/me", &root),
        ("/me", &staff),
        ("/sent", &staff),
        ("/sent/new", &staff),
        ("/received", &staff),
        ("/section/users", &kanri),
        ("/audit", &kanri),
        (PAGE, &root),
        ("/operator/maintenance", &root),
    ];
    let shown = async |path: &str, cookie: &str, lang: &str| {
        let answer = house.get(path, &[("cookie", cookie), ("accept-language", lang)]).await;
        let text = answer.text().to_owned();
        assert!(!text.contains("<b>") && !text.contains("<script>"), "{path}: {text}");
        let aside = text.split("<aside").nth(1).map(|rest| rest.split("</aside>").next().unwrap().to_owned());
        (aside, text)
    };
    for (path, cookie) in pages {
        for (lang, other) in [("ja", "en"), ("en", "ja")] {
            let (aside, text) = shown(path, cookie, lang).await;
            let aside = aside.unwrap_or_else(|| panic!("{path}: {text}"));
            let words = format!("&#60;b&#62;Sunday&#60;/b&#62; &#38; night {lang}");
            assert!(aside.contains(&words) && aside.contains(&format!("\nmore {lang}")), "{path}: {aside}");
            assert!(!aside.contains(&format!("night {other}")), "{path}: {aside}");
            // Above all else, but for the page of a link: what one came for stands first there.
            let first = text.find("<aside") < text.find("<main");
            assert_eq!(first, !path.starts_with("/d/"), "{path}");
        }
    }
    // What is read by programs goes as it did.
    for path in ["/healthz", "/robots.txt"] {
        assert!(!house.get(path, &[]).await.text().contains("Sunday"), "{path}");
    }
    let file = house.get(&format!("{link}/files/1"), &[("cookie", &proven)]).await;
    assert_eq!(file.text(), "the content");
    house.pass_seconds(3600);
    assert_eq!(shown("/sign-in", "", "en").await.0, None, "it is over");
}
