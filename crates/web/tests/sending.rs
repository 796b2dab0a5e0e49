//! Sending on a page and uploads by tus (spec X-SEND).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{Answer, House, encoded};
use fubako_base::section::{Section, Settings};
use fubako_exchange::audit::{By, Search};
use fubako_store::sections::{Change, User};
use fubako_testkit::{clamd::Clamd, house, house::noise, section};
use fubako_vault::scanner::Scanner;
use futures::{StreamExt as _, future::ready, stream};
use http::{Method, Request};

const URL: &str = "https://files.acme.example";
const MULTIPART: &str = "multipart/form-data; boundary=b";
const DRAFT: &str = "0197f0a0-0000-7000-8000-000000000000";

struct Place {
    house: House,
    taro: String,
    jiro: String,
    root: String,
}

impl Place {
    async fn new() -> Self {
        Self::with(Scanner::None, Settings::default()).await
    }

    async fn with(scanner: Scanner, settings: Settings) -> Self {
        // Neither switch is a person's.
        let section = Section { mail_link: false, autopilot: false, settings, ..section("acme") };
        let house = House::of(house::House::at(URL, scanner, section).await);
        for login_id in ["taro", "jiro"] {
            let user = User {
                section: "acme".parse().unwrap(),
                login_id: login_id.to_owned(),
                address: format!("{login_id}@acme.example"),
                name: "山田 太郎".to_owned(),
                group: None,
                default_user: false,
                administrator: false,
                approver: false,
                password_never_expires: false,
            };
            house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
        }
        let mut cookies = Vec::new();
        for name in ["acme/taro", "acme/jiro", "root"] {
            cookies.push(house.sign_in(name).await);
        }
        let [taro, jiro, root] = cookies.try_into().unwrap();
        Self { house, taro, jiro, root }
    }

    /// A request of tus, with a key of whoever it is.
    async fn tus(&self, who: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let key = self.house.form_key(who).await;
        let mut request = Request::builder().method(method).uri(path).header("host", "files.acme.example");
        let own = [("cookie", who), ("tus-resumable", "1.0.0"), ("fubako-form", &key)];
        for (name, value) in own.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        self.house.ask(request.body(Body::from(body)).unwrap()).await
    }

    async fn create(&self, who: &str, name_base64: &str, length: usize) -> String {
        let metadata = format!("filename {name_base64},filetype dGV4dC9wbGFpbg==,draft {}", base64(DRAFT.as_bytes()));
        let headers = [("upload-length", &*length.to_string()), ("upload-metadata", &*metadata)];
        let answer = self.tus(who, "POST", "/uploads", &headers, vec![]).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
        answer.header("location").to_owned()
    }

    async fn append(&self, who: &str, path: &str, offset: usize, body: &[u8]) -> Answer {
        let offset = offset.to_string();
        let headers = [("upload-offset", &*offset), ("content-type", "application/offset+octet-stream")];
        self.tus(who, "PATCH", path, &headers, body.to_vec()).await
    }

    /// The form, as a browser sends it.
    async fn send(&self, who: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
        let body = Self::multipart(&self.house.form_key(who).await, fields, files);
        self.house.ask(Self::form(who, "/sent/new", MULTIPART, Body::from(body))).await
    }

    fn form(who: &str, path: &str, kind: &str, body: Body) -> Request<Body> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "files.acme.example")
            .header("cookie", who)
            .header("accept-language", "en")
            .header("content-type", kind);
        request.body(body).unwrap()
    }

    fn multipart(key: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
        let own = [("form", key), ("draft", DRAFT)];
        let mut body = Vec::new();
        for (name, value) in own.iter().chain(fields) {
            body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        for (name, octets) in files {
            let head = format!(
                "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend(*octets);
            body.extend(b"\r\n");
        }
        body.extend(b"--b--\r\n");
        body
    }
}

fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

const GOOD: &[(&str, &str)] = &[
    ("recipients", "hanako@example.jp, jiro@example.jp"),
    ("subject", "the <subject>"),
    ("message", "line 1\r\nline 2 <b>"),
];

// spec: X-SEND
#[tokio::test]
async fn a_person_sends_what_they_uploaded_in_pieces() {
    let place = Place::new().await;
    let octets = noise(9_000_000);
    let path = place.create(&place.taro, &base64("見積書.txt".as_bytes()), octets.len()).await;
    // Twice broken off, and taken up where it was.
    for (from, to) in [(0, 300_000), (300_000, 8_900_000), (8_900_000, 9_000_000)] {
        let head = place.tus(&place.taro, "HEAD", &path, &[], vec![]).await;
        assert_eq!((head.status.as_u16(), head.header("upload-offset")), (200, &*from.to_string()));
        assert_eq!(head.header("upload-length"), "9000000");
        let answer = place.append(&place.taro, &path, from, &octets[from..to]).await;
        assert_eq!((answer.status.as_u16(), answer.header("upload-offset")), (204, &*to.to_string()));
        assert!(answer.header("upload-expires").ends_with("GMT"));
    }
    let page = place.house.get(&format!("/sent/new?draft={DRAFT}&lang=en"), &[("cookie", &place.taro)]).await;
    assert!(page.text().contains("見積書.txt") && page.text().contains("Uploaded"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("connect-src 'self'"));

    let sent = place.send(&place.taro, GOOD, &[]).await;
    assert_eq!(sent.status.as_u16(), 303, "{}", sent.text());
    let one = sent.header("location").to_owned();
    assert!(one.starts_with("/sent/") && one.ends_with("?done=sent"), "{one}");
    // Said again, it is sent once.
    assert_eq!(place.send(&place.taro, GOOD, &[]).await.header("location"), one);
    let lines = place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Default::default(), None, 1).await.unwrap();
    assert_eq!((lines[0].event.as_str(), lines[0].address.is_empty()), ("deposit-sent", false), "from nowhere");
    let posted = place.house.posted().await;
    assert_eq!(posted.len(), 2);
    assert!(
        posted[0].text.contains("line 1\n  line 2 <b>") && posted[0].html.contains("line 2 &lt;b&gt;"),
        "{}",
        posted[0].text
    );
    assert!(posted[0].subject.contains("the <subject>"));

    // The password is the sender's to look at, and opens it.
    let page = place.house.get(&format!("{one}&lang=en"), &[("cookie", &place.taro)]).await;
    let password = page.text().split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap();
    let password = password
        .replace("&#38;", "&")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'");
    assert_eq!(password.len(), 15);
    // Each time it is shown stands in the log; looking at what has none to be shown does not.
    let shown =
        place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 100).await.unwrap();
    let shown: Vec<_> =
        shown.iter().filter(|line| line.event == "password-seen").map(|line| line.actor.as_str()).collect();
    assert_eq!(shown, ["taro"]);
    let token = posted[0].token();
    let opened = place.house.post(&format!("/d/{token}/open"), &[], &format!("password={}", encoded(&password))).await;
    assert_eq!(opened.status.as_u16(), 303);
    let session = format!("fubako_link={}", opened.session());
    let file = place.house.get(&format!("/d/{token}/files/1"), &[("cookie", &session)]).await;
    assert!(file.octets == octets, "not what was uploaded");
    // Nothing is left of the uploads, and nobody else sees any of it.
    assert_eq!(place.tus(&place.taro, "HEAD", &path, &[], vec![]).await.status.as_u16(), 404);
    place.house.exchange.erase().await.unwrap();
    assert_eq!(place.house.objects().len(), 1);
    assert_eq!(place.house.get(&one, &[("cookie", &place.jiro)]).await.status.as_u16(), 404);
}

// spec: X-SEND
#[tokio::test]
async fn behind_the_way_back_the_next_deposit_is_another_one() {
    let place = Place::new().await;
    let other: &[(&str, &str)] = &[("recipients", "saburo@example.jp"), ("subject", "another"), ("message", "")];
    let deposit = |answer: &Answer| {
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
        answer.header("location").to_owned()
    };
    let first = deposit(&place.send(&place.taro, GOOD, &[("a.txt", b"alpha")]).await);
    // The page is asked for with the draft that was sent: it has another.
    let page = place.house.get(&format!("/sent/new?draft={DRAFT}"), &[("cookie", &place.taro)]).await;
    assert!(page.status.as_u16() == 200 && !page.text().contains(DRAFT), "the draft of what was sent again");
    // The page that a browser had kept sends the old one. With nothing to send it says so, and not that it was sent.
    let empty = place.send(&place.taro, other, &[]).await;
    assert!(empty.status.as_u16() == 400 && empty.text().contains("saburo@example.jp"), "{}", empty.text());
    let second = deposit(&place.send(&place.taro, other, &[("b.txt", b"beta")]).await);
    assert_ne!(second, first, "said to be sent, and not sent");
    // The same words with another file of the same name and size, too.
    let third = deposit(&place.send(&place.taro, GOOD, &[("a.txt", b"ALPHA")]).await);
    assert!(third != first && third != second);
    // What is said again is sent once, with its file or without.
    for (fields, file, sent) in [(GOOD, ("a.txt", b"alpha".as_slice()), &first), (other, ("b.txt", b"beta"), &second)] {
        assert_eq!(deposit(&place.send(&place.taro, fields, &[file]).await), *sent);
    }
    let to: Vec<String> = place.house.posted().await.iter().map(|mail| mail.subject.clone()).collect();
    assert_eq!(to.len(), 2 + 1 + 2, "{to:?}");
}

// spec: X-SEND
#[tokio::test]
async fn a_draft_that_is_posted_many_times_at_once_is_sent_once_and_all_are_led_to_it() {
    let place = Place::new().await;
    let path = place.create(&place.taro, &base64(b"a.txt"), 200_000).await;
    place.append(&place.taro, &path, 0, &noise(200_000)).await;
    let post = || place.send(&place.taro, GOOD, &[]);
    let answers = futures::future::join_all((0..6).map(|_| post())).await;
    for answer in &answers {
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
        assert_eq!(answer.header("location"), answers[0].header("location"));
    }
    assert_eq!(place.house.posted().await.len(), 2);
}

// spec: X-SEND
#[tokio::test]
async fn without_a_script_the_files_come_with_the_form_and_nothing_typed_is_lost() {
    let place = Place::new().await;
    let bad: &[(&str, &str)] =
        &[("recipients", "hanako@example.jp nonsense"), ("subject", ""), ("message", "<keep me>"), ("lang", "ja")];
    let answer = place.send(&place.taro, bad, &[("a.txt", b"alpha"), ("b.txt", b"beta"), ("", b"")]).await;
    assert_eq!(answer.status.as_u16(), 400);
    for kept in ["hanako@example.jp nonsense", "&#60;keep me&#62;", "a.txt", "b.txt", "lang=\"ja\" selected"] {
        assert!(answer.text().contains(kept), "{kept}: {}", answer.text());
    }
    for said in ["not a mail address: nonsense", "enter a subject"] {
        assert!(answer.text().contains(said), "{said}: {}", answer.text());
    }
    assert!(place.house.posted().await.is_empty());
    // One of the files is taken out, another comes.
    let remove = answer.text().split("name=\"remove\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut fields = GOOD.to_vec();
    fields.push(("remove", &remove));
    let sent = place.send(&place.taro, &fields, &[("c.txt", b"gamma")]).await;
    assert_eq!(sent.status.as_u16(), 303, "{}", sent.text());
    let text = place.house.posted().await[0].text.clone();
    assert!(text.contains("b.txt") && text.contains("c.txt") && !text.contains("a.txt"), "{text}");
}

// spec: X-SEND KEEP-VIRUS
#[tokio::test]
async fn what_the_scanner_finds_is_no_deposit_s() {
    let clamd = Clamd::start().await;
    let place = Place::with(clamd.scanner(), Settings::default()).await;
    let answer = place
        .send(&place.taro, GOOD, &[("ok.txt", b"fine"), ("bad.txt", b"a EICAR b"), ("closed.zip", b"PK-closed")])
        .await;
    assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    assert!(answer.text().contains("virus was found: bad.txt"), "{}", answer.text());
    assert!(answer.text().contains("ok.txt"));
    let query = fubako_store::sent::SentQuery {
        section: "acme".parse().unwrap(),
        depositor: None,
        search: String::new(),
        before: None,
        limit: 10,
    };
    assert!(place.house.store.sent(&query).await.unwrap().is_empty());
    assert!(place.house.posted().await.is_empty());
}

/// Method, address, headers, and what nobody, an operator, the user and another user get.
type Route<'a> = (&'a str, String, &'a [(&'a str, &'a str)], [u16; 4]);

/// Every route × nobody, an operator, the user, another user.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    let path = place.create(&place.taro, &base64(b"a.txt"), 5).await;
    let metadata = format!("filename YQ==,draft {}", base64(DRAFT.as_bytes()));
    let absent = "/uploads/0197f0a0-0000-7000-8000-000000000001".to_owned();
    let visitors = [String::new(), place.root.clone(), place.taro.clone(), place.jiro.clone()];
    let patch = [("upload-offset", "9"), ("content-type", "application/offset+octet-stream")];
    let length = [("upload-length", "1"), ("upload-metadata", &*metadata)];
    let table: &[Route<'_>] = &[
        ("OPTIONS", "/uploads".into(), &[], [204; 4]),
        ("OPTIONS", path.clone(), &[], [204; 4]),
        ("GET", "/uploads".into(), &[], [405; 4]),
        ("GET", path.clone(), &[], [401, 404, 405, 405]),
        ("POST", "/uploads".into(), &length, [401, 404, 201, 201]),
        ("POST", "/uploads".into(), &length[..1], [401, 404, 400, 400]),
        ("POST", "/uploads".into(), &length[1..], [401, 404, 400, 400]),
        ("POST", "/uploads".into(), &[("upload-length", "99999999999"), length[1]], [401, 404, 413, 413]),
        ("HEAD", path.clone(), &[], [401, 404, 200, 404]),
        ("HEAD", absent.clone(), &[], [401, 404, 404, 404]),
        ("HEAD", "/uploads/x".into(), &[], [401, 404, 404, 404]),
        ("HEAD", "/uploads/%ff".into(), &[], [401, 404, 404, 404]),
        ("PATCH", path.clone(), &patch, [401, 404, 409, 404]),
        ("PATCH", path.clone(), &patch[..1], [401, 404, 415, 415]),
        ("PATCH", path.clone(), &patch[1..], [401, 404, 400, 400]),
        ("DELETE", absent.clone(), &[], [401, 404, 404, 404]),
        ("DELETE", path.clone(), &[], [401, 404, 204, 404]),
    ];
    for (method, path, headers, expected) in table {
        // The one whose it is comes last.
        for at in [0, 1, 3, 2] {
            let answer = place.tus(&visitors[at], method, path, headers, b"x".to_vec()).await;
            assert_eq!(answer.status.as_u16(), expected[at], "{method} {path} {headers:?} {at}");
            assert_eq!(answer.header("tus-resumable"), "1.0.0", "{method} {path}");
        }
    }
    for (who, status) in visitors.iter().zip([303, 404, 200, 200]) {
        assert_eq!(place.house.get("/sent/new", &[("cookie", who)]).await.status.as_u16(), status);
        let answer = place.send(who, &[], &[("a.txt", b"x")]).await;
        assert_eq!(answer.status.as_u16(), if status == 200 { 400 } else { status });
    }
}

// spec: X-SEND
#[tokio::test]
async fn no_other_site_uploads_or_sends_for_somebody() {
    let place = Place::new().await;
    let path = place.create(&place.taro, &base64(b"a.txt"), 5).await;
    let headers = [("upload-offset", "0"), ("content-type", "application/offset+octet-stream")];
    for (more, status) in [
        (vec![("fubako-form", "another"), ("tus-resumable", "1.0.0")], 403),
        (vec![("tus-resumable", "1.0.0")], 403),
        (vec![], 403),
    ] {
        let mut request = Request::builder().method("PATCH").uri(&path).header("host", "files.acme.example");
        for (name, value) in headers.iter().copied().chain(more).chain([("cookie", &*place.taro)]) {
            request = request.header(name, value);
        }
        let answer = place.house.ask(request.body(Body::from("hello")).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status);
    }
    let key = place.house.form_key(&place.taro).await;
    let old = [("cookie", &*place.taro), ("fubako-form", &*key)];
    let mut request = Request::builder().method("HEAD").uri(&path).header("host", "files.acme.example");
    for (name, value) in old {
        request = request.header(name, value);
    }
    let answer = place.house.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("tus-version")), (412, "1.0.0"));
    let cross = place.tus(&place.taro, "HEAD", &path, &[("sec-fetch-site", "cross-site")], vec![]).await;
    assert_eq!(cross.status.as_u16(), 403);
    // A form without the key: not even its files are taken.
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"draft\"\r\n\r\n{DRAFT}\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\noctets\r\n--b--\r\n"
    );
    let headers = [("cookie", &*place.taro), ("content-type", "multipart/form-data; boundary=b")];
    let answer = place.house.post("/sent/new", &headers, &body).await;
    assert_eq!(answer.status.as_u16(), 403);
    assert_eq!(place.house.objects().len(), 0);
}

// spec: X-SEND
#[tokio::test]
async fn who_can_only_post_says_what_is_meant_and_no_other_site_can() {
    let place = Place::new().await;
    let path = place.create(&place.taro, &base64(b"a.txt"), 5).await;
    let over = |method| ("x-http-method-override", method);
    let piece = [("upload-offset", "0"), ("content-type", "application/offset+octet-stream"), over("PATCH")];
    let status = |answer: Answer| answer.status.as_u16();
    assert_eq!(status(place.tus(&place.jiro, "POST", &path, &piece, b"hello".to_vec()).await), 404, "another's");
    for meant in ["PATCH", "DELETE", "HEAD"] {
        let headers = [("cookie", &*place.taro), ("tus-resumable", "1.0.0"), over(meant)];
        assert_eq!(status(place.house.post(&path, &headers, "").await), 403, "no page of theirs asks");
        let cross = [over(meant), ("sec-fetch-site", "cross-site")];
        assert_eq!(status(place.tus(&place.taro, "POST", &path, &cross, vec![]).await), 403);
    }
    for (method, meant) in [("GET", "DELETE"), ("HEAD", "DELETE"), ("POST", "GET")] {
        assert_eq!(
            status(place.tus(&place.taro, method, &path, &[over(meant)], vec![]).await),
            400,
            "{method} {meant}"
        );
    }
    assert_eq!(status(place.tus(&place.taro, "POST", &path, &[], vec![]).await), 405);
    assert_eq!(status(place.tus(&place.taro, "POST", &path, &piece, b"hello".to_vec()).await), 204);
    let looked = place.tus(&place.taro, "POST", &path, &[over("HEAD")], vec![]).await;
    assert_eq!((looked.status.as_u16(), looked.header("upload-offset")), (200, "5"));
    assert_eq!(status(place.tus(&place.taro, "POST", &path, &[over("DELETE")], vec![]).await), 204);
    assert_eq!(status(place.tus(&place.taro, "HEAD", &path, &[], vec![]).await), 404);
}

// spec: X-SEND X-OPERATOR
#[tokio::test]
async fn what_the_contract_no_longer_holds_is_told_with_the_next_piece() {
    let place = Place::new().await;
    let least = 256 * 1024;
    let path = place.create(&place.taro, &base64(b"a.bin"), 3 * least).await;
    assert_eq!(place.append(&place.taro, &path, 0, &noise(least)).await.status.as_u16(), 204);
    let id = "acme".parse().unwrap();
    let mut section = place.house.store.section(&id).await.unwrap().unwrap();
    section.settings.max_deposit_size = 3 * least as u64 - 1;
    place.house.put_section(section).await;
    assert_eq!(place.append(&place.taro, &path, least, &noise(least)).await.status.as_u16(), 413);
}

// spec: X-SEND
#[tokio::test]
async fn an_upload_is_what_was_said_and_no_more() {
    let place = Place::new().await;
    let path = place.create(&place.taro, &base64(b"a.txt"), 5).await;
    assert_eq!(place.append(&place.taro, &path, 0, b"too long").await.status.as_u16(), 413);
    let offset = |n: &'static str| [("upload-offset", n), ("content-type", "application/offset+octet-stream")];
    let with = |sum: &'static str| [offset("0")[0], offset("0")[1], ("upload-checksum", sum)];
    // SHA-256 of nothing.
    let wrong = with("sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(place.tus(&place.taro, "PATCH", &path, &wrong, b"hello".to_vec()).await.status.as_u16(), 460);
    assert_eq!(place.tus(&place.taro, "PATCH", &path, &with("md5 x"), b"hello".to_vec()).await.status.as_u16(), 400);
    let right = with("sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    assert_eq!(place.tus(&place.taro, "PATCH", &path, &right, b"hello".to_vec()).await.status.as_u16(), 204);
    let again = place.append(&place.taro, &path, 0, b"hello").await;
    assert_eq!((again.status.as_u16(), again.header("upload-offset")), (409, "5"));
    assert_eq!(place.append(&place.taro, &path, 5, b"").await.status.as_u16(), 204);
    assert_eq!(place.append(&place.taro, &path, 5, b"x").await.status.as_u16(), 413);
    assert_eq!(place.house.objects().len(), 1, "what was refused is not kept");

    // Given up, or left for a day. What is too small a piece, and not the last, is a row and an object of its own for nothing.
    assert_eq!(place.tus(&place.taro, "DELETE", &path, &[], vec![]).await.status.as_u16(), 204);
    let left = place.create(&place.taro, &base64(b"b.txt"), 300_000).await;
    let least = 256 * 1024;
    for (piece, status) in [(1, 400), (least - 1, 400), (least, 204)] {
        assert_eq!(place.append(&place.taro, &left, 0, &noise(piece)).await.status.as_u16(), status, "{piece}");
    }
    let one = place.tus(&place.taro, "HEAD", &left, &[], vec![]).await;
    assert_eq!(one.header("upload-offset"), least.to_string());
    place.house.pass_seconds(25 * 3600);
    place.house.exchange.expire_due(place.house.now()).await.unwrap();
    place.house.exchange.erase().await.unwrap();
    assert_eq!(place.house.objects().len(), 0);
}

// spec: X-SEND X-OPERATOR
#[tokio::test]
async fn nothing_is_taken_in_while_the_exchange_is_closed_and_the_quota_holds() {
    let settings = Settings { max_deposit_size: 1000, ..Settings::default() };
    let place = Place::with(Scanner::None, settings).await;
    for _ in 0..2 {
        place.create(&place.taro, &base64(b"a.txt"), 1000).await;
    }
    let metadata = format!("filename YQ==,draft {}", base64(DRAFT.as_bytes()));
    let headers = [("upload-length", "1"), ("upload-metadata", &*metadata)];
    assert_eq!(place.tus(&place.taro, "POST", "/uploads", &headers, vec![]).await.status.as_u16(), 413);
    assert_eq!(
        place.tus(&place.jiro, "POST", "/uploads", &headers, vec![]).await.status.as_u16(),
        201,
        "another's quota"
    );
    // What was left behind makes room.
    let large = place.send(&place.jiro, GOOD, &[("big.txt", &[7; 1001])]).await;
    assert_eq!(large.status.as_u16(), 400);
    assert!(large.text().contains("1000 B together"), "{}", large.text());
    let now = place.house.now();
    place.house.exchange.add_maintenance(now, now.plus_seconds(3600), &By::command("test"), now).await.unwrap();
    assert_eq!(place.tus(&place.taro, "POST", "/uploads", &headers, vec![]).await.status.as_u16(), 503);
    assert_eq!(place.send(&place.taro, GOOD, &[("a.txt", b"x")]).await.status.as_u16(), 503);
}

// spec: X-ACCOUNTS X-SEND
#[tokio::test]
async fn whoever_is_shut_out_while_a_form_of_theirs_comes_does_nothing_with_it() {
    let place = Place::new().await;
    for (path, kind) in [("/sent/new", MULTIPART), ("/me/sessions/end", "application/x-www-form-urlencoded")] {
        for is_shut in [false, true] {
            let taro = place.house.sign_in("acme/taro").await;
            let key = place.house.form_key(&taro).await;
            let body = match kind {
                MULTIPART => Place::multipart(&key, GOOD, &[("a.txt", b"x")]),
                _ => format!("form={}&which=all&password={}", encoded(&key), encoded(common::SECRET)).into_bytes(),
            };
            let (first, rest) = body.split_at(body.len() / 2);
            let (exchange, now, rest) = (place.house.exchange.clone(), place.house.now(), rest.to_vec());
            let rest = async move {
                if is_shut {
                    exchange.reset_account("acme/taro", &By::command("test"), now).await.unwrap();
                }
                Ok::<_, std::io::Error>(rest)
            };
            let octets = stream::once(ready(Ok(first.to_vec()))).chain(stream::once(rest));
            let answer = place.house.ask(Place::form(&taro, path, kind, Body::from_stream(octets))).await;
            assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
            let leads_out = answer.header("location").starts_with("/sign-in");
            assert_eq!(leads_out, is_shut, "{path} {}", answer.header("location"));
        }
    }
    assert_eq!(place.house.posted().await.len(), 2, "one deposit's notices");
}
