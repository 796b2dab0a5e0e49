//! The recipient's page on a real exchange: who gets what, and what it costs to guess (spec X-RECEIVE, ACCESS 1).
#![allow(clippy::unwrap_used)]

mod common;

use common::{House, PASSWORD, encoded, request};
use http::Method;

const URL: &str = "http://files.acme.example";

/// Every route × no session, another link's session, the link's own: the status that each gets.
///
/// Another link of the same deposit is as foreign as any other.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let house = House::new(URL).await;
    let files: &[(&str, &str, &[u8])] = &[("a.txt", "text/plain", b"alpha"), ("b.txt", "text/plain", b"")];
    let [link, neighbour] = house.deposit("one", "s", "Taro", files).await;
    let [stranger, _] = house.deposit("two", "s", "Taro", files).await;
    let absent = "A".repeat(43);
    let own = house.open(&link).await;
    let visitors = [String::new(), house.open(&neighbour).await, house.open(&stranger).await, own];
    let (get, post, head) = (Method::GET, Method::POST, Method::HEAD);
    // none, neighbour's, stranger's, own
    let table: &[(&Method, String, [u16; 4])] = &[
        (&get, "/".into(), [200; 4]),
        (&get, "/healthz".into(), [200; 4]),
        (&get, "/robots.txt".into(), [200; 4]),
        (&get, fubako_web::pages::style().0.into(), [200; 4]),
        (&get, fubako_web::pages::script().0.into(), [200; 4]),
        (&get, fubako_web::pages::icon().0.into(), [200; 4]),
        (&get, "/assets/page.css".into(), [404; 4]),
        (&get, "/nothing".into(), [404; 4]),
        (&get, "/d".into(), [404; 4]),
        (&post, "/".into(), [405; 4]),
        (&get, format!("/d/{link}"), [200; 4]),
        (&head, format!("/d/{link}"), [200; 4]),
        (&post, format!("/d/{link}"), [405; 4]),
        (&get, format!("/d/{link}/open"), [303; 4]),
        (&get, format!("/d/{link}/close"), [303; 4]),
        (&get, format!("/d/{link}/files/1"), [403, 403, 403, 200]),
        (&head, format!("/d/{link}/files/1"), [403, 403, 403, 200]),
        (&post, format!("/d/{link}/files/1"), [405; 4]),
        (&get, format!("/d/{link}/files/2"), [403, 403, 403, 200]),
        (&get, format!("/d/{link}/files/3"), [403, 403, 403, 404]),
        (&get, format!("/d/{link}/files/0"), [403, 403, 403, 404]),
        (&get, format!("/d/{link}/files/+1"), [403, 403, 403, 404]),
        (&get, format!("/d/{link}/files/x"), [403, 403, 403, 404]),
        (&get, format!("/d/{link}/files/99999999999999"), [403, 403, 403, 404]),
        (&get, format!("/d/{link}/all.zip"), [403, 403, 403, 200]),
        (&head, format!("/d/{link}/all.zip"), [403, 403, 403, 200]),
        (&get, format!("/d/{absent}"), [404; 4]),
        (&post, format!("/d/{absent}/open"), [404; 4]),
        (&post, format!("/d/{absent}/close"), [404; 4]),
        (&get, format!("/d/{absent}/files/1"), [404; 4]),
        (&get, format!("/d/{absent}/all.zip"), [404; 4]),
        (&get, "/d/short".into(), [404; 4]),
        (&get, "/d/short/open".into(), [404; 4]),
        (&get, "/d/%2e%2e%2f%00".into(), [404; 4]),
        (&get, "/d/%ff".into(), [404; 4]),
        (&get, format!("/d/{link}%20"), [404; 4]),
        (&get, "/api/v1/deposits".into(), [401; 4]),
        (&get, "/api/nothing".into(), [401; 4]),
        // Foreign sessions close nothing; the own one closes itself.
        (&post, format!("/d/{link}/close"), [303; 4]),
        (&get, format!("/d/{link}/files/1"), [403; 4]),
    ];
    for (method, path, statuses) in table {
        for (cookie, status) in visitors.iter().zip(statuses) {
            let answer = house.ask(request((*method).clone(), path, &[("cookie", cookie)], "password=x")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} with {cookie:?}: {}", answer.text());
            assert_eq!(
                answer.octets.is_empty(),
                **method == Method::HEAD || *status == 303 || path.ends_with("/files/2") && *status == 200,
                "{method} {path}"
            );
            if *status == 405 {
                assert!(!answer.header("allow").is_empty(), "{method} {path} says nothing of what is allowed");
            }
        }
    }
    // An absent link and one that cannot be answer alike, to the octet.
    let one = house.get(&format!("/d/{absent}"), &[]).await;
    assert_eq!(one.octets, house.get("/d/short", &[]).await.octets);
}

// spec: X-RECEIVE, ACCESS
#[tokio::test]
async fn the_right_password_opens_the_files_until_they_are_closed() {
    let house = House::new("https://files.acme.example").await;
    let [link, _] = house.deposit("k", "Offer", "Taro Yamada", &[("a.txt", "text/plain", b"alpha")]).await;
    let page = format!("/d/{link}");
    let before = house.get(&page, &[]).await;
    for said in [
        "Taro Yamada",
        "taro@acme.example",
        "hanako@example.jp",
        "Offer",
        "Sat 21 November 2026, 23:30",
        "name=\"password\"",
    ] {
        assert!(before.text().contains(said), "{said}: {}", before.text());
    }
    assert!(!before.text().contains("a.txt"), "a file's name is told before the proof");
    let form = format!("password=+{}%0D%0A", encoded(PASSWORD));
    let opened = house.post(&format!("{page}/open?lang=ja"), &[("sec-fetch-site", "same-origin")], &form).await;
    assert_eq!((opened.status.as_u16(), opened.header("location")), (303, &*format!("{page}?lang=ja")));
    let cookie = opened.header("set-cookie").to_owned();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", &format!("; Path={page}; Max-Age=")] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = format!("theme=dark; fubako_link={}; x=y", opened.session());
    let files = house.get(&format!("{page}?lang=ja"), &[("cookie", &session)]).await;
    let digest = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";
    for said in ["a.txt", "5 B", digest, &format!("{page}/files/1?lang=ja"), "受け取りを終える"] {
        assert!(files.text().contains(said), "{said}: {}", files.text());
    }
    // spec: KEEP-VIRUS. Said before the files, not after them.
    let (said, listed) =
        (files.text().find("ウイルス検査を行っていません").unwrap(), files.text().find("a.txt").unwrap());
    assert!(said < listed);
    let closed = house.post(&format!("{page}/close"), &[("cookie", &session)], "").await;
    assert_eq!((closed.status.as_u16(), closed.header("location")), (303, &*page));
    assert!(
        closed.header("set-cookie").starts_with("fubako_link=; ") && closed.header("set-cookie").contains("Max-Age=0")
    );
    // Over on our side too: a cookie that somebody kept opens nothing.
    let kept = house.get(&format!("{page}/files/1"), &[("cookie", &session)]).await;
    assert_eq!(kept.status.as_u16(), 403);
}

// A form that does not come is not waited for.
#[tokio::test]
async fn a_form_that_does_not_come_is_given_up() {
    let house = House::new(URL).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let never = axum::body::Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let form = request(Method::POST, &format!("/d/{link}/open"), &[], "").map(|_| never);
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let answer = house.ask(form).await;
    assert_eq!(answer.status.as_u16(), 408);
    assert!(begun.elapsed() < std::time::Duration::from_secs(12), "{:?}", begun.elapsed());
}

// spec: ACCESS
#[tokio::test]
async fn wrong_passwords_are_slowed_and_then_locked() {
    let house = House::new(URL).await;
    let [link, other] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let (page, open) = (format!("/d/{link}"), format!("/d/{link}/open"));
    let right = format!("password={}", encoded(PASSWORD));
    let first = house.post(&open, &[], "password=wrong-password").await;
    assert_eq!(first.status.as_u16(), 403);
    assert!(
        first.text().contains("role=\"alert\"") && first.text().contains("After 4 more wrong tries"),
        "{}",
        first.text()
    );
    assert!(!first.text().contains("wrong-password"), "the password is shown again");
    assert_eq!(house.post(&open, &[], "password=wrong-password").await.status.as_u16(), 403);
    // Now it must wait: even the right one is not looked at.
    let early = house.post(&open, &[], &right).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, "2"));
    let looked = house.get(&page, &[]).await;
    assert_eq!(looked.status.as_u16(), 200);
    assert!(looked.text().contains("You can try again at 23:30:02, in 2 seconds"), "{}", looked.text());
    for wait in [2, 4] {
        house.pass_seconds(wait);
        assert_eq!(house.post(&open, &[], "password=wrong-password").await.status.as_u16(), 403);
    }
    house.pass_seconds(8);
    let last = house.post(&open, &[], "password=wrong-password").await;
    assert_eq!((last.status.as_u16(), last.header("retry-after")), (429, "3600"));
    assert!(last.text().contains("locked") && !last.text().contains("name=\"password\""), "{}", last.text());
    house.pass_seconds(3599);
    assert_eq!(house.post(&open, &[], &right).await.status.as_u16(), 429);
    assert!(house.get(&page, &[]).await.text().contains("locked"));
    // The other recipient is not locked out by it.
    assert_eq!(house.post(&format!("/d/{other}/open"), &[], &right).await.status.as_u16(), 303);
    house.pass_seconds(1);
    assert_eq!(house.post(&open, &[], &right).await.status.as_u16(), 303);
}

// spec: X-RECEIVE ("No state changes on GET"): a scanner that opens every link spends no try and opens nothing.
#[tokio::test]
async fn nothing_changes_on_get_nor_from_another_site() {
    let house = House::new(URL).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let open = format!("/d/{link}/open");
    let form = format!("password={}", encoded(PASSWORD));
    for _ in 0..10 {
        for path in ["", "/open?password=x", "/close", "/files/1", "/all.zip"] {
            let answer = house.get(&format!("/d/{link}{path}"), &[]).await;
            assert!(answer.headers.get("set-cookie").is_none(), "{path}");
        }
        let foreign: [&[(&str, &str)]; 2] =
            [&[("sec-fetch-site", "cross-site")], &[("origin", "https://evil.example")]];
        for headers in foreign {
            assert_eq!(house.post(&open, headers, "password=x").await.status.as_u16(), 403);
            assert_eq!(house.post(&open, headers, &form).await.status.as_u16(), 403);
            assert_eq!(house.post(&format!("/d/{link}/close"), headers, "").await.status.as_u16(), 403);
        }
        assert_eq!(house.post(&open, &[], "password=+").await.status.as_u16(), 400);
        assert_eq!(house.post(&open, &[], &format!("password={}", "x".repeat(20_000))).await.status.as_u16(), 400);
        assert_eq!(house.post(&open, &[], "\u{ff}%").await.status.as_u16(), 400);
    }
    let json = house.post(&open, &[("content-type", "application/json")], "{\"password\":\"x\"}").await;
    assert_eq!(json.status.as_u16(), 400);
    let first = house.post(&open, &[], "password=wrong-password").await;
    assert!(first.text().contains("After 4 more wrong tries"), "a try was spent: {}", first.text());
}

// spec: X-EXPIRY
#[tokio::test]
async fn after_its_day_a_link_says_that_it_is_over() {
    let house = House::new(URL).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let cookie = house.open(&link).await;
    let sent = house.now();
    let end = sent.end_of_day_counting(7, "Asia/Tokyo");
    house.pass_seconds((end.0 - sent.0) / 1_000_000);
    assert_eq!(house.get(&format!("/d/{link}"), &[]).await.status.as_u16(), 200);
    house.pass_seconds(1);
    for path in ["", "/files/1", "/all.zip"] {
        let answer = house.get(&format!("/d/{link}{path}"), &[("cookie", &cookie)]).await;
        assert_eq!(answer.status.as_u16(), 410, "{path}");
        assert!(answer.text().contains("期限") && answer.header("content-type").starts_with("text/html"));
    }
    assert_eq!(house.post(&format!("/d/{link}/open"), &[], "password=x").await.status.as_u16(), 410);
}

// spec: X-LANG
#[tokio::test]
async fn pages_speak_the_readers_language() {
    let house = House::new(URL).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let table = [("", "", "en"), ("", "ja,en;q=0.5", "ja"), ("?lang=en", "ja", "en"), ("?lang=ja", "en", "ja")];
    for (query, accept, lang) in table {
        let answer = house.get(&format!("/d/{link}{query}"), &[("accept-language", accept)]).await;
        assert_eq!(answer.header("content-language"), lang);
        assert!(answer.text().contains(&format!("<html lang=\"{lang}\">")), "{query} {accept}");
        assert!(answer.text().contains(&format!("/open{query}#open")), "the form forgets the language");
    }
}

/// Whatever is served, these headers stand on it.
#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for (url, https) in [("https://files.acme.example", true), (URL, false)] {
        let house = House::new(url).await;
        let [link, _] = house.deposit("k", "s", "Taro", &[("a.html", "text/html", b"<script>alpha</script>")]).await;
        let cookie = house.open(&link).await;
        let paths =
            ["/", "/healthz", "/nothing", fubako_web::pages::style().0, "/api/v1/deposits", "/d/%ff", "/assets/%ff"];
        let own = ["", "/open", "/files/1", "/files/9", "/all.zip"].map(|path| format!("/d/{link}{path}"));
        for path in paths.iter().map(|p| (*p).to_owned()).chain(own) {
            let answer = house.get(&path, &[("cookie", &cookie)]).await;
            let policy = answer.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(
                !policy.contains("unsafe") && !policy.contains("data:") && policy.contains("base-uri 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert!(answer.header("x-robots-tag").contains("noindex"), "{path}");
            assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
            assert_eq!(answer.headers.contains_key("strict-transport-security"), https, "{path}");
            let kept = path == fubako_web::pages::style().0;
            assert_eq!(answer.header("cache-control").contains("immutable"), kept, "{path}");
            assert_eq!(answer.header("cache-control").contains("no-store"), !kept, "{path}");
            let html = answer.header("content-type").starts_with("text/html");
            if html {
                let text = answer.text();
                assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick"), "{path}");
                assert_eq!(text.matches("<script").count(), 1, "{path}: an inline script");
                // spec: KEEP-VIRUS, and section 7: with no scanner, every screen says so.
                assert!(
                    text.contains("ウイルス検査を行っていません") || text.contains("does not check files for viruses"),
                    "{path}"
                );
            }
        }
    }
}

// spec: X-RECEIVE ("file names and subjects can carry anything and do no harm")
#[tokio::test]
async fn what_strangers_write_does_no_harm() {
    let house = House::new(URL).await;
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\u{202e}'&";
    let name = format!("../{evil}.html");
    let [link, _] = house.deposit("k", &format!("{evil}\r\nX: y"), evil, &[(&name, "text/html", b"x")]).await;
    let cookie = house.open(&link).await;
    for cookie in ["", &cookie] {
        let page = house.get(&format!("/d/{link}"), &[("cookie", cookie)]).await;
        let text = page.text();
        assert!(!text.contains("<script>") && !text.contains("<img") && !text.contains('\u{202e}'), "{text}");
        assert!(text.contains("[U+202E]") && text.contains("{{7*7}}"), "{text}");
    }
    let file = house.get(&format!("/d/{link}/files/1"), &[("cookie", &cookie)]).await;
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"") && !disposition.contains("\u{202e}"), "{disposition}");
    assert!(!disposition.contains('/') && !disposition.contains("script>"), "{disposition}");
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert!(file.header("content-security-policy").contains("sandbox"));
    let zip = house.get(&format!("/d/{link}/all.zip"), &[("cookie", &cookie)]).await;
    let name_length = usize::from(zip.octets[26]);
    let member = std::str::from_utf8(&zip.octets[30..30 + name_length]).unwrap();
    assert!(!member.contains(['/', '\\', '<', '>', '"', '\u{202e}']), "{member}");
}
