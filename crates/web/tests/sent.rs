//! What was sent, from its sender's and from an administrator's side (spec X-CANCEL).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request, user};
use fubako_base::ids::{DepositId, LinkId};
use fubako_exchange::deposit::DepositState;
use fubako_store::sections::Change;
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use http::Method;

const FILES: &[(&str, &str, &[u8])] = &[("a<b>.txt", "text/plain", b"the content"), ("c.txt", "text/plain", b"more")];

/// Who comes: nobody, the operator, the sender, another user, the administrator, and an administrator of another section.
const VISITORS: [&str; 6] = ["", "root", "acme/taro", "acme/jiro", "acme/kanri", "other/taro"];

struct Place {
    house: House,
    /// The cookies of [`VISITORS`].
    cookies: Vec<String>,
}

impl Place {
    async fn new() -> Self {
        let house = House::of(house::House::at("https://files.acme.example", Scanner::None, section("acme")).await);
        // An administrator of another section with the login id of a user of this one.
        let cookies = house.visitors(&VISITORS).await;
        let namesake = Change::PutUser(user("other", "taro", true));
        house.store.apply(&[namesake], &[], house.now()).await.unwrap();
        Self { house, cookies }
    }

    fn cookie(&self, name: &str) -> &str {
        &self.cookies[VISITORS.iter().position(|visitor| *visitor == name).unwrap()]
    }

    async fn key(&self, cookie: &str) -> String {
        let page = self.house.get("/me", &[("cookie", cookie)]).await;
        let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_default();
        after.split('"').next().unwrap().to_owned()
    }

    async fn get(&self, name: &str, path: &str) -> common::Answer {
        self.house.get(path, &[("cookie", self.cookie(name)), ("accept-language", "en")]).await
    }

    async fn post(&self, name: &str, path: &str, form: &str) -> common::Answer {
        let key = self.key(self.cookie(name)).await;
        self.house
            .post(path, &[("cookie", self.cookie(name)), ("accept-language", "en")], &format!("form={key}&{form}"))
            .await
    }

    /// A deposit that the sender sent: its id, its links' ids, their tokens.
    async fn sent(&self, key: &str) -> (DepositId, Vec<LinkId>, [String; 2]) {
        let tokens = self.house.deposit(key, &format!("subject <{key}>"), "Taro", FILES).await;
        let found = self.house.store.deposit_by_key(&"acme".parse().unwrap(), key).await.unwrap().unwrap();
        let sent = self.house.store.sent_deposit(&found.section, found.id).await.unwrap().unwrap();
        (found.id, sent.links.iter().map(|link| link.id).collect(), tokens)
    }

    async fn state(&self, id: DepositId) -> (DepositState, usize, Option<fubako_base::Timestamp>) {
        let sent = self.house.store.sent_deposit(&"acme".parse().unwrap(), id).await.unwrap().unwrap();
        let dead = sent.links.iter().filter(|link| link.cancelled.is_some()).count();
        (sent.line.deposit.state, dead, sent.line.deposit.expires_at)
    }
}

/// Every route × every visitor, with a form of one's own where one is signed in: of one's own deposit, and of one that is not there.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    let (id, links, _) = place.sent("k").await;
    let (other, others, _) = place.sent("k2").await;
    let absent = DepositId::generate();
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (link, foreign) = (links[0], others[0]);
    let own = |rest: &str| format!("/sent/{id}{rest}");
    let section = |rest: &str| format!("/section/deposits/{id}{rest}");
    //                                       nobody, operator, sender, another, administrator, another section's
    let (mine, sections) = ([303, 404, 200, 404, 404, 404], [303, 404, 404, 404, 200, 404]);
    let (none, leads) = ([303, 404, 404, 404, 404, 404], [303; 6]);
    let late = |wanted: [u16; 6]| wanted.map(|status| if status == 200 { 400 } else { status });
    let table: &[(&Method, String, &str, [u16; 6])] = &[
        (&get, "/sent".into(), "", [303, 404, 200, 200, 200, 200]),
        (&get, "/sent?q=%ff&before=x".into(), "", [303, 404, 200, 200, 200, 200]),
        (&get, "/section/deposits".into(), "", [303, 404, 404, 404, 200, 200]),
        (&put, "/sent".into(), "", [405; 6]),
        (&get, own(""), "", mine),
        (&get, section(""), "", sections),
        (&get, format!("/sent/{absent}"), "", none),
        (&get, format!("/section/deposits/{absent}"), "", none),
        (&get, "/sent/no-id".into(), "", none),
        (&get, "/sent/%ff".into(), "", none),
        (&get, own("/cancel"), "", mine),
        (&get, section("/cancel"), "", sections),
        (&get, own(&format!("/cancel/{link}")), "", mine),
        (&get, section(&format!("/cancel/{link}")), "", sections),
        (&get, own(&format!("/cancel/{foreign}")), "", none),
        (&get, own("/cancel/x"), "", none),
        (&get, own("/extend"), "", leads),
        (&get, section("/extend"), "", leads),
        (&post, own("/extend"), "until=x", late(mine)),
        (&post, section("/extend"), "until=2026-12-31", late(sections)),
        (&post, format!("/sent/{absent}/extend"), "until=2026-12-01", none),
        (&post, format!("/sent/{absent}/cancel"), "", none),
        (&post, own("/cancel/x"), "", none),
        (&post, own("/cancel/%ff"), "", none),
        (&post, own(&format!("/cancel/{foreign}")), "", none),
        (&post, format!("/section/deposits/{other}/cancel/{link}"), "", none),
        (&post, "/sent".into(), "", [405; 6]),
    ];
    let before = (place.state(id).await, place.state(other).await);
    for (method, path, form, expected) in table {
        for (visitor, status) in VISITORS.iter().zip(expected) {
            let cookie = place.cookie(visitor);
            let form = format!("form={}&{form}", place.key(cookie).await);
            let answer = place.house.ask(request((*method).clone(), path, &[("cookie", cookie)], &form)).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!(answer.status.as_u16() == 404 && answer.text().contains("subject")), "{method} {path} {visitor}");
        }
        // A form that no page of theirs made.
        if *method == post && expected[2] != 405 {
            let answer = place.house.post(path, &[("cookie", place.cookie("acme/taro"))], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
    assert_eq!((place.state(id).await, place.state(other).await), before, "nothing of this changes anything");
}

// spec: X-CANCEL
#[tokio::test]
async fn what_changes_something_is_the_sender_s_and_the_administrator_s_alone() {
    let place = Place::new().await;
    for (base, who) in [("/sent", "acme/taro"), ("/section/deposits", "acme/kanri")] {
        for (what, form) in [("extend", "until=2026-12-01"), ("cancel/one", ""), ("cancel", "")] {
            let (id, links, _) = place.sent(&format!("{base}{what}")).await;
            let path = format!("{base}/{id}/{}", what.replace("one", &links[1].to_string()));
            let before = place.state(id).await;
            for visitor in VISITORS.iter().filter(|visitor| **visitor != who) {
                let answer = place.post(visitor, &path, form).await;
                assert!(matches!(answer.status.as_u16(), 303 | 404), "{path} {visitor}");
                assert_eq!(place.state(id).await, before, "{path} by {visitor} changed something");
            }
            let keyless = place.house.post(&path, &[("cookie", place.cookie(who))], form).await;
            assert_eq!((keyless.status.as_u16(), place.state(id).await), (403, before));
            let key = place.key(place.cookie(who)).await;
            let headers = [("cookie", place.cookie(who)), ("sec-fetch-site", "cross-site")];
            let foreign = place.house.post(&path, &headers, &format!("form={key}&{form}")).await;
            assert_eq!((foreign.status.as_u16(), place.state(id).await), (403, before));
            let answer = place.post(who, &path, form).await;
            assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
            let word = ["deposit-extended", "link-cancelled", "deposit-cancelled"];
            let at = ["extend", "cancel/one", "cancel"].iter().position(|one| *one == what).unwrap();
            assert_eq!(answer.header("location"), format!("{base}/{id}?done={}", word[at]));
            assert_ne!(place.state(id).await, before, "{path}");
            assert_eq!(place.get(who, answer.header("location")).await.status.as_u16(), 200);
        }
    }
}

// spec: X-CANCEL X-RECEIVE
#[tokio::test]
async fn a_dead_link_says_so_and_nothing_else() {
    let place = Place::new().await;
    let (id, links, tokens) = place.sent("k").await;
    let session = place.house.open(&tokens[0]).await;
    let file = format!("/d/{}/files/1", tokens[0]);
    assert_eq!(place.house.get(&file, &[("cookie", &session)]).await.text(), "the content");
    let page = place.get("acme/taro", &format!("/sent/{id}")).await;
    let text = page.text();
    assert!(text.contains("1 of 2 files downloaded") && text.contains("a&#60;b&#62;.txt"), "{text}");
    assert!(text.contains("Downloaded by 1 of 2") && text.contains("Not opened yet"), "{text}");
    assert!(place.get("acme/taro", &format!("/sent/{id}/cancel")).await.text().contains("cannot be taken back"));

    place.post("acme/taro", &format!("/sent/{id}/cancel/{}", links[0]), "").await;
    for (method, path) in [
        (Method::GET, format!("/d/{}", tokens[0])),
        (Method::POST, format!("/d/{}/open", tokens[0])),
        (Method::GET, file.clone()),
        (Method::GET, format!("/d/{}/all.zip", tokens[0])),
    ] {
        let headers = [("cookie", &*session), ("accept-language", "en")];
        let form = format!("password={}", encoded(common::PASSWORD));
        let answer = place.house.ask(request(method.clone(), &path, &headers, &form)).await;
        assert_eq!(answer.status.as_u16(), 410, "{method} {path}");
        assert!(answer.text().contains("no longer offered"), "{}", answer.text());
        for secret in ["subject", "Taro", "taro@", "hanako", "a&#60;b", "the content"] {
            assert!(!answer.text().contains(secret), "{secret}: {}", answer.text());
        }
    }
    assert_eq!(place.house.get(&format!("/d/{}", tokens[1]), &[]).await.status.as_u16(), 200, "the other's goes on");
    place.post("acme/taro", &format!("/sent/{id}/cancel"), "").await;
    assert_eq!(place.house.get(&format!("/d/{}", tokens[1]), &[]).await.status.as_u16(), 410);
    // Done again, it was done.
    let again = place.post("acme/taro", &format!("/sent/{id}/cancel"), "").await;
    assert_eq!(again.status.as_u16(), 303);
    let page = place.get("acme/taro", &format!("/sent/{id}")).await;
    assert!(page.text().contains("by taro") && !page.text().contains("/cancel"), "{}", page.text());
}

// spec: X-CANCEL
#[tokio::test]
async fn a_long_list_has_pages_and_is_searched() {
    let place = Place::new().await;
    for n in 0..28 {
        place.sent(&format!("no-{n:02}")).await;
    }
    let page = place.get("acme/taro", "/sent").await;
    let lines = |page: &str| page.matches("class=\"name\"").count();
    assert_eq!(lines(page.text()), 25);
    assert!(page.text().find("no-27").unwrap() < page.text().find("no-03").unwrap(), "the newest first");
    let older = page.text().split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = place.get("acme/taro", &older).await;
    assert_eq!(lines(page.text()), 3);
    assert!(page.text().contains("no-00") && !page.text().contains("rel=\"next\""));
    let found = place.get("acme/taro", "/sent?q=NO-1").await;
    assert_eq!(lines(found.text()), 10);
    assert!(place.get("acme/taro", "/sent?q=%27%3B--").await.text().contains("Nothing matches"));
    let nothing = place.get("acme/jiro", "/sent?q=no-1").await;
    assert_eq!(lines(nothing.text()), 0);
}
