//! The operator's screens, and what everybody else sees while the exchange is closed (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request};
use fubako_base::audit::Actor;
use fubako_exchange::audit::By;
use fubako_store::accounts::AccountName;
use fubako_vault::scanner::Scanner;
use http::Method;

const PAGE: &str = "/operator/maintenance";

/// A house with the operator `root` and the section's users `staff` and, who administers it, `kanri`; and their cookies.
async fn house() -> (House, [String; 3]) {
    let (house, cookies) = House::visited(Scanner::None, &["root", "acme/staff", "acme/kanri"]).await;
    (house, cookies.try_into().unwrap())
}

async fn key(house: &House, path: &str, cookie: &str) -> String {
    let page = house.get(path, &[("cookie", cookie)]).await;
    let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("no key: {}", page.text()));
    after.split('"').next().unwrap().to_owned()
}

/// What the page of windows links to as ends.
async fn ends(house: &House, cookie: &str) -> Vec<String> {
    let page = house.get(PAGE, &[("cookie", cookie)]).await;
    let actions = page.text().split("action=\"").skip(1).filter_map(|rest| rest.split(['"', '?']).next());
    actions.filter(|action| action.ends_with("/end")).map(str::to_owned).collect()
}

/// Every route × nobody, an operator, a user, an administrator; with a form of one's own, where one is signed in.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, [root, staff, kanri]) = house().await;
    let now = house.now();
    house
        .exchange
        .add_maintenance(
            now.plus_seconds(3600),
            now.plus_seconds(7200),
            &By::at(Actor::Operator("root".into()), ""),
            now,
        )
        .await
        .unwrap();
    let [end] = ends(&house, &root).await.try_into().unwrap();
    let absent = format!("{PAGE}/0197f0a0-0000-7000-8000-000000000000/end");
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let table: &[(&Method, &str, &str, [u16; 4])] = &[
        (&get, PAGE, "", [303, 200, 404, 404]),
        (&put, PAGE, "", [405; 4]),
        (&post, PAGE, "starts=&ends=x", [303, 400, 404, 404]),
        (&get, &end, "", [303; 4]),
        (&post, &absent, "", [303, 303, 404, 404]),
        (&post, "/operator/maintenance/no-id/end", "", [303, 404, 404, 404]),
        (&post, "/operator/maintenance/%ff/end", "", [303, 404, 404, 404]),
        (&post, "/operator/maintenance/../maintenance/x/end", "", [404; 4]),
        (&get, "/operator", "", [404; 4]),
        // Last, since it takes the window back: nobody before the operator could.
        (&post, &end, "", [303, 303, 404, 404]),
    ];
    for (method, path, form, expected) in table {
        // The operator last.
        for (visitor, status) in [("", 0), (&staff, 2), (&kanri, 3), (&root, 1)] {
            let key = if visitor.is_empty() { String::new() } else { key(&house, "/me", visitor).await };
            let before = ends(&house, &root).await;
            let form = format!("form={}&{form}", encoded(&key));
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], &form)).await;
            assert_eq!(answer.status.as_u16(), expected[status], "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            let after = ends(&house, &root).await;
            let may = status == 1 && *method == post;
            assert!(may || before == after, "{method} {path} by {visitor} changed something");
        }
        // An operator's form that no page of theirs made.
        if *method == post && !path.contains("..") {
            let answer = house.post(path, &[("cookie", &root)], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
    assert_eq!(ends(&house, &root).await, Vec::<String>::new(), "taken back");
}

// spec: X-OPERATOR
#[tokio::test]
async fn what_is_entered_is_read_on_the_calendar_of_japan() {
    let (house, [root, ..]) = house().await;
    let add = async |starts: &str, ends: &str| {
        let form = key(&house, PAGE, &root).await;
        let form = format!("form={form}&starts={}&ends={}", encoded(starts), encoded(ends));
        house.post(&format!("{PAGE}?lang=en"), &[("cookie", &root)], &form).await
    };
    let zone = "Asia/Tokyo";
    let local = |seconds| house.now().plus_seconds(seconds).in_zone(zone).strftime("%Y-%m-%dT%H:%M").to_string();
    for (starts, ends, said) in [
        (String::new(), String::new(), "enter when it ends"),
        ("soon".to_owned(), local(3600), "enter when it ends"),
        (local(7200), local(3600), "must end after it begins"),
        (local(-7200), local(-3600), "The end has passed"),
        (String::new(), local(8 * 86_400), "7 days at most"),
        (local(400 * 86_400), local(400 * 86_400 + 60), "within 366 days"),
    ] {
        let answer = add(&starts, &ends).await;
        assert_eq!(answer.status.as_u16(), 400, "{starts} {ends}");
        let shown = format!("value=\"{ends}\"");
        assert!(answer.text().contains(said) && answer.text().contains(&shown), "{said}: {}", answer.text());
    }
    let answer = add(&local(3600), &local(7200)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator/maintenance?lang=en&done=maintenance-made")
    );
    let [window] = house.exchange.maintenance_windows(house.now()).await.unwrap().try_into().unwrap();
    assert_eq!(window.starts_at.in_zone(zone).strftime("%Y-%m-%dT%H:%M").to_string(), local(3600));
    assert_eq!(window.made_by, "root");
}

// spec: X-OPERATOR X-RECEIVE
#[tokio::test]
async fn nothing_is_handed_over_while_the_exchange_is_closed() {
    let (house, [root, staff, _]) = house().await;
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"the content")]).await;
    let link = format!("/d/{token}");
    let opened = house.post(&format!("{link}/open"), &[], &format!("password={}", encoded(common::PASSWORD))).await;
    let session = format!("fubako_link={}", opened.session());
    let file = format!("{link}/files/1");
    assert_eq!(house.get(&file, &[("cookie", &session)]).await.text(), "the content");

    let now = house.now();
    house
        .exchange
        .add_maintenance(now, now.plus_seconds(3600), &By::at(Actor::Operator("root".into()), ""), now)
        .await
        .unwrap();
    for (method, path) in [
        (Method::GET, link.clone()),
        (Method::POST, format!("{link}/open")),
        (Method::GET, file.clone()),
        (Method::GET, format!("{link}/all.zip")),
        (Method::GET, format!("/d/{}", "A".repeat(43))),
    ] {
        let headers = [("cookie", &*session), ("accept-language", "en")];
        let answer = house.ask(request(method.clone(), &path, &headers, "password=x")).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "3600"), "{method} {path}");
        assert!(answer.text().contains("Closed for maintenance") && !answer.text().contains("the content"));
        assert!(answer.text().contains("Japan time"), "{}", answer.text());
    }
    // Who has an account gets in, and an operator can end it; what is public stays.
    for (path, cookie) in [("/me", &staff), (PAGE, &root), ("/healthz", &root), ("/", &root)] {
        assert_eq!(house.get(path, &[("cookie", cookie)]).await.status.as_u16(), 200, "{path}");
    }
    let [end] = ends(&house, &root).await.try_into().unwrap();
    let form = format!("form={}", key(&house, PAGE, &root).await);
    assert_eq!(house.post(&end, &[("cookie", &root)], &form).await.status.as_u16(), 303);
    assert_eq!(house.get(&file, &[("cookie", &session)]).await.text(), "the content");
    // An account of the section's user is none of an operator's, whatever its login id.
    let name = AccountName::Operator("staff".to_owned());
    assert!(house.store.account(&name).await.unwrap().is_none());
}
