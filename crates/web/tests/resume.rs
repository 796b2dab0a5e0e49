//! Programs' files in pieces, by tus (spec X-API).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use axum::body::Body;
use common::{
    Answer, encoded,
    program::{ALL, Place, code},
};
use fubako_base::{hex, section::Section, section::Settings};
use fubako_exchange::{audit::By, token::sha256};
use fubako_testkit::{
    clamd::Clamd,
    house::{MAX_FILE, noise},
    section,
};
use http::{Method, Request};
use serde_json::{Value, json};

/// Octets of a piece that is not the last, at the least.
const LEAST: usize = 256 << 10;
/// `見積書.pdf`, and what it is.
const NAMED: &str = "filename 6KaL56mN5pu4LnBkZg==,filetype QXBwbGljYXRpb24vUERG";

/// A program with a deposit.
struct Program {
    place: Place,
    token: String,
    id: String,
}

impl Program {
    async fn new(file_count: u32) -> Self {
        Self::at(Place::new().await, file_count).await
    }

    async fn at(place: Place, file_count: u32) -> Self {
        let token = place.token(3, "all", ALL).await;
        let id = place.begin(&token, "acme", "k1", file_count).await;
        Self { place, token, id }
    }

    async fn ask(&self, method: &str, number: u32, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let path = format!("/api/v1/deposits/{}/files/{number}/upload", self.id);
        let bearer = format!("Bearer {}", self.token);
        let own = [("host", "files.acme.example"), ("authorization", bearer.as_str())];
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in own.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        self.place.house.ask(request.body(Body::from(body.to_vec())).unwrap()).await
    }

    async fn begin(&self, number: u32, length: usize, metadata: &str) -> Answer {
        let length = length.to_string();
        let headers = [("tus-resumable", "1.0.0"), ("upload-length", &length), ("upload-metadata", metadata)];
        self.ask("POST", number, &headers, b"").await
    }

    async fn piece(&self, number: u32, offset: usize, octets: &[u8]) -> Answer {
        let offset = offset.to_string();
        let kind = ("content-type", "application/offset+octet-stream");
        let headers = [("tus-resumable", "1.0.0"), ("upload-offset", &*offset), kind];
        self.ask("PATCH", number, &headers, octets).await
    }

    async fn plain(&self, method: &str, number: u32) -> Answer {
        self.ask(method, number, &[("tus-resumable", "1.0.0")], b"").await
    }

    /// Octets that are there.
    async fn offset(&self, number: u32) -> (u16, String) {
        let answer = self.plain("HEAD", number).await;
        assert!(answer.octets.is_empty());
        (answer.status.as_u16(), answer.header("upload-offset").to_owned())
    }

    async fn deposit(&self) -> Value {
        let path = format!("/api/v1/deposits/{}", self.id);
        self.place.call(&self.token, Method::GET, &path, &[], "").await.1
    }

    async fn files(&self) -> usize {
        self.deposit().await["files"].as_array().unwrap().len()
    }
}

/// What an answer says: its status, and the code of its problem.
fn told(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("tus-resumable"), "1.0.0");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem: Value = serde_json::from_slice(&answer.octets).unwrap_or_default();
    (answer.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(told(answer), (status, code.to_owned()), "{}", answer.text());
}

// spec: X-API
#[tokio::test]
async fn a_file_that_came_in_pieces_is_what_a_put_would_have_made() {
    let program = Program::new(1).await;
    let octets = noise(9_000_000);
    let begun = program.begin(1, octets.len(), NAMED).await;
    is(&begun, 201, "");
    assert!(begun.header("location").ends_with(&format!("/{}/files/1/upload", program.id)));
    assert_eq!(begun.header("upload-offset"), "0");
    assert!(begun.header("upload-expires").ends_with("GMT"));
    for (from, to) in [(0, LEAST), (LEAST, 8_900_000), (8_900_000, 9_000_000)] {
        assert_eq!(program.offset(1).await, (200, from.to_string()));
        // Begun again, by whoever did not hear the answer: it is the same.
        let again = program.begin(1, octets.len(), NAMED).await;
        assert_eq!((again.status.as_u16(), again.header("upload-offset")), (200, &*from.to_string()));
        assert_eq!(program.files().await, 0, "nobody sees a piece");
        let answer = program.piece(1, from, &octets[from..to]).await;
        assert_eq!((answer.status.as_u16(), answer.header("upload-offset")), (204, &*to.to_string()));
    }
    let deposit = program.deposit().await;
    let file = json!({ "number": 1, "name": "見積書.pdf", "media_type": "application/pdf", "size": 9_000_000,
        "sha256": hex::encode(&sha256(&octets)) });
    assert_eq!(deposit["files"], json!([file]));

    // Each call said again, because nobody heard the answer, is answered as what it is now: done.
    let head = program.plain("HEAD", 1).await;
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), ("9000000", "9000000"));
    assert_eq!(head.header("upload-expires"), "", "it goes with its deposit");
    is(&program.begin(1, octets.len(), NAMED).await, 200, "");
    for (length, named) in [(octets.len(), "filename YQ=="), (5, NAMED)] {
        is(&program.begin(1, length, named).await, 409, "conflict");
    }
    is(&program.piece(1, 9_000_000, b"").await, 204, "");
    is(&program.piece(1, 9_000_000, b"x").await, 413, "files-too-large");
    let late = program.piece(1, 8_900_000, &octets[8_900_000..]).await;
    is(&late, 409, "conflict");
    assert_eq!(late.header("upload-offset"), "9000000");
    is(&program.plain("DELETE", 1).await, 409, "conflict");
    // What it was made of is gone, and what is handed out is what came.
    program.place.house.exchange.erase().await.unwrap();
    assert_eq!(program.place.house.objects().len(), 1);
    let path = format!("/api/v1/deposits/{}/send", program.id);
    let sent = program.place.call(&program.token, Method::POST, &path, &[], "").await;
    assert_eq!((sent.0, &sent.1["state"]), (200, &json!("sent")), "{sent:?}");
    let link = program.place.house.posted().await[0].token();
    let open = format!("password={}", encoded("long enough"));
    let opened = program.place.house.post(&format!("/d/{link}/open"), &[], &open).await;
    let session = format!("fubako_link={}", opened.session());
    let file = program.place.house.get(&format!("/d/{link}/files/1"), &[("cookie", &session)]).await;
    assert!(file.octets == octets, "not what came");
    assert_eq!(program.offset(1).await, (200, "9000000".to_owned()), "sent, it is in all the same");
}

/// Method, headers, and the status and code that they get.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

// spec: X-API
#[tokio::test]
async fn what_is_not_as_tus_has_it_is_told_with_tus_s_statuses() {
    let program = Program::new(3).await;
    let described = program.ask("OPTIONS", 1, &[], b"").await;
    is(&described, 204, "");
    assert_eq!((described.header("tus-version"), described.header("tus-checksum-algorithm")), ("1.0.0", "sha256"));
    assert_eq!(described.header("tus-extension"), "creation,checksum,expiration,termination");
    is(&program.plain("HEAD", 1).await, 404, "");
    is(&program.piece(1, 0, b"").await, 404, "not-found");
    is(&program.plain("DELETE", 1).await, 404, "not-found");
    assert_eq!(program.plain("PUT", 1).await.status.as_u16(), 405);

    is(&program.begin(1, 600_000, NAMED).await, 201, "");
    let tus = ("tus-resumable", "1.0.0");
    let (length, named) = (("upload-length", "5"), ("upload-metadata", NAMED));
    let (kind, start) = (("content-type", "application/offset+octet-stream"), ("upload-offset", "0"));
    let sum = |value| ("upload-checksum", value);
    let cases: &[Case<'_>] = &[
        ("POST", &[length, named], 412, "invalid"),
        ("POST", &[("tus-resumable", "0.2.2"), length, named], 412, "invalid"),
        ("HEAD", &[], 412, ""),
        ("PATCH", &[kind, start], 412, "invalid"),
        ("DELETE", &[], 412, "invalid"),
        ("POST", &[tus, named], 400, "invalid"),
        ("POST", &[tus, named, ("upload-length", "+5")], 400, "invalid"),
        ("POST", &[tus, named, ("upload-defer-length", "1")], 400, "invalid"),
        ("POST", &[tus, length], 400, "invalid"),
        ("POST", &[tus, length, ("upload-metadata", "filetype YQ==")], 400, "invalid"),
        ("POST", &[tus, length, ("upload-metadata", "filename /w==")], 400, "invalid"),
        ("PATCH", &[tus, start], 415, "invalid"),
        ("PATCH", &[tus, start, ("content-type", "text/plain")], 415, "invalid"),
        ("PATCH", &[tus, kind], 400, "invalid"),
        ("PATCH", &[tus, kind, ("upload-offset", "x")], 400, "invalid"),
        ("PATCH", &[tus, kind, ("upload-offset", "1")], 409, "conflict"),
        ("PATCH", &[tus, kind, start, sum("md5 x")], 400, "invalid"),
        // Of nothing.
        (
            "PATCH",
            &[tus, kind, start, sum("sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")],
            460,
            "checksum-mismatch",
        ),
    ];
    for (method, headers, status, code) in cases {
        let answer = program.ask(method, 1, headers, &noise(300_000)).await;
        assert_eq!(told(&answer), (*status, (*code).to_owned()), "{method} {headers:?}: {}", answer.text());
        assert_eq!(answer.header("tus-version"), if *status == 412 { "1.0.0" } else { "" });
        assert_eq!(answer.header("upload-offset"), if *status == 409 { "0" } else { "" });
    }
    // Too little at once, and too much.
    for too_little in [1, LEAST - 1] {
        is(&program.piece(1, 0, &noise(too_little)).await, 422, "invalid");
    }
    is(&program.piece(1, 0, &noise(600_001)).await, 413, "files-too-large");
    assert_eq!(program.offset(1).await, (200, "0".to_owned()));
    assert_eq!(program.place.house.objects().len(), 0, "what was refused is not kept");
    is(&program.piece(1, 0, &noise(LEAST)).await, 204, "");
    // Another file under the same number: no file is made of two.
    is(&program.begin(1, 599_999, NAMED).await, 409, "conflict");
    is(&program.begin(1, 600_000, "filename YQ==").await, 409, "conflict");
    is(&program.plain("DELETE", 1).await, 204, "");
    is(&program.begin(1, 5, "filename YQ==").await, 201, "");
    is(&program.piece(1, 0, b"hello").await, 204, "");
    assert_eq!(program.deposit().await["files"][0]["media_type"], "application/octet-stream");
    let too_long = usize::try_from(MAX_FILE).unwrap() + 1;
    is(&program.begin(3, too_long, "filename Yw==").await, 413, "files-too-large");
    // One of no octets is in at once.
    is(&program.begin(2, 0, "filename Yg==").await, 201, "");
    is(&program.begin(2, 0, "filename Yg==").await, 200, "");
    assert_eq!((program.files().await, program.offset(2).await), (2, (200, "0".to_owned())));
}

// spec: X-API 3.4
#[tokio::test]
async fn the_section_s_rules_hold_and_what_is_on_its_way_counts() {
    let program = Program::new(4).await;
    let settings =
        Settings { max_deposit_size: 1_000_000, forbidden_names: vec!["*.exe".to_owned()], ..section("acme").settings };
    let house = &program.place.house;
    house.put_section(Section { settings, ..section("acme") }).await;
    is(&program.begin(1, 1_000_001, "filename YQ==").await, 413, "files-too-large");
    is(&program.begin(1, 600_000, "filename YQ==").await, 201, "");
    is(&program.begin(2, 400_001, "filename Yg==").await, 413, "files-too-large");
    is(&program.begin(2, 300_000, "filename Yg==").await, 201, "");
    for (number, metadata, status, code) in [
        (0, "filename Yw==", 422, "invalid"),
        (5, "filename Yw==", 422, "invalid"),
        (3, "filename", 422, "invalid"),
        // A.EXE; A, which is on its way as `a`; a name with a character that not every system has.
        (3, "filename QS5FWEU=", 422, "name-forbidden"),
        (3, "filename QQ==", 422, "name-duplicate"),
        (3, "filename 8J+Tji5wZGY=", 422, "name-character"),
    ] {
        is(&program.begin(number, 5, metadata).await, status, code);
    }
    // What is in counts too, however it came; where a file is put, what was on its way for it is given up.
    is(&program.piece(2, 0, &noise(LEAST)).await, 204, "");
    let path = format!("/api/v1/deposits/{}/files/2", program.id);
    let named = [("content-disposition", "attachment; filename=b")];
    let put = program.place.call(&program.token, Method::PUT, &path, &named, &"x".repeat(400_000)).await;
    assert_eq!((put.0, &put.1["size"]), (201, &json!(400_000)), "{put:?}");
    assert_eq!(program.offset(2).await, (200, "400000".to_owned()));
    house.exchange.erase().await.unwrap();
    assert_eq!(house.objects().len(), 1);
    is(&program.begin(3, 1, "filename Yw==").await, 413, "files-too-large");
    is(&program.begin(3, 0, "filename Yg==").await, 422, "name-duplicate");

    // Where the section lets no program in, none goes on; while the exchange is closed neither, but it may give up.
    house.put_section(Section { autopilot: false, ..section("acme") }).await;
    is_refused(&program.piece(1, 0, &noise(LEAST)).await, 403, "autopilot-off");
    house.put_section(Section { mail_link: false, ..section("acme") }).await;
    is(&program.piece(1, 0, &noise(LEAST)).await, 403, "option-off");
    is(&program.begin(3, 5, "filename Yw==").await, 403, "option-off");
    house.put_section(section("acme")).await;
    let now = house.now();
    house.exchange.add_maintenance(now, now.plus_seconds(3600), &By::command("test"), now).await.unwrap();
    is_refused(&program.piece(1, 0, &noise(LEAST)).await, 503, "maintenance");
    is(&program.plain("DELETE", 1).await, 204, "");
}

// spec: X-API 3.4
#[tokio::test]
async fn of_names_that_begin_side_by_side_one_is_taken() {
    let program = Program::new(6).await;
    let begun = futures::future::join_all((1..=6).map(|number| program.begin(number, 5, "filename YQ=="))).await;
    let mut told: Vec<_> = begun.iter().map(told).collect();
    told.sort();
    let (one, others) = told.split_first().unwrap();
    assert_eq!(*one, (201, String::new()));
    assert!(others.iter().all(|other| *other == (422, "name-duplicate".to_owned())), "{others:?}");
}

// spec: X-API 3.4
#[tokio::test]
async fn what_the_contract_no_longer_holds_is_told_with_the_next_piece() {
    let program = Program::new(1).await;
    is(&program.begin(1, 3 * LEAST, "filename YQ==").await, 201, "");
    is(&program.piece(1, 0, &noise(LEAST)).await, 204, "");
    let settings = Settings { max_deposit_size: 3 * LEAST as u64 - 1, ..section("acme").settings };
    program.place.house.put_section(Section { settings, ..section("acme") }).await;
    is(&program.piece(1, LEAST, &noise(LEAST)).await, 413, "files-too-large");
    assert_eq!(program.offset(1).await.1, LEAST.to_string(), "what there was stays");
}

// spec: X-API
#[tokio::test]
async fn who_can_only_post_says_what_is_meant() {
    let program = Program::new(1).await;
    let tus = ("tus-resumable", "1.0.0");
    let over = |method| ("x-http-method-override", method);
    let piece = [tus, ("upload-offset", "0"), ("content-type", "application/offset+octet-stream"), over("PATCH")];
    let begin = [tus, ("upload-length", "5"), ("upload-metadata", "filename YQ=="), over("POST")];
    is(&program.ask("POST", 1, &piece, b"hello").await, 404, "not-found");
    is(&program.ask("POST", 1, &begin, b"").await, 201, "");
    let looked = program.ask("POST", 1, &[tus, over("HEAD")], b"").await;
    assert_eq!((looked.status.as_u16(), looked.header("upload-offset"), looked.octets.len()), (200, "0", 0));
    is(&program.ask("POST", 1, &[tus, over("DELETE")], b"").await, 204, "");
    is(&program.ask("POST", 1, &[tus, over("HEAD")], b"").await, 404, "not-found");
    is(&program.ask("POST", 1, &begin, b"").await, 201, "");
    // Nothing else stands for another method, and what is not spoken is told.
    for (method, meant) in
        [("HEAD", "DELETE"), ("PATCH", "DELETE"), ("DELETE", "PATCH"), ("POST", "GET"), ("POST", "?")]
    {
        assert_eq!(program.ask(method, 1, &[tus, over(meant)], b"").await.status.as_u16(), 400, "{method} {meant}");
    }
    is(&program.ask("POST", 1, &[over("PATCH")], b"").await, 412, "invalid");
    is(&program.ask("POST", 1, &piece, b"hello").await, 204, "");
    assert_eq!(program.files().await, 1);
    // It is the same program's with the same scope, or nobody's.
    let path = format!("/api/v1/deposits/{}/files/1/upload", program.id);
    let narrow = program.place.token(3, "reads", "deposits:read").await;
    for (token, status) in [(narrow.as_str(), 403), ("x", 401)] {
        let asked = program.place.call(token, Method::POST, &path, &[tus, over("DELETE")], "").await;
        assert_eq!(asked.0, status, "{asked:?}");
    }
}

/// Refused before tus is spoken.
fn is_refused(answer: &Answer, status: u16, code: &str) {
    let problem: Value = serde_json::from_slice(&answer.octets).unwrap();
    assert_eq!((answer.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{}", answer.text());
}

// spec: X-API KEEP-VIRUS
#[tokio::test]
async fn while_the_scanner_is_away_the_octets_wait_and_what_it_finds_is_no_deposit_s() {
    let clamd = Clamd::start().await;
    let program = Program::at(Place::with(clamd.scanner()).await, 2).await;
    clamd.learn(b"unlucky", "stream: Can't allocate memory ERROR");
    let octets = [&noise(LEAST)[..], b"unlucky"].concat();
    is(&program.begin(1, octets.len(), NAMED).await, 201, "");
    is(&program.piece(1, 0, &octets[..LEAST]).await, 204, "");
    let refused = program.piece(1, LEAST, &octets[LEAST..]).await;
    is(&refused, 503, "exchange-unavailable");
    assert!(!refused.header("retry-after").is_empty());
    // All octets are there, and nothing need be sent again.
    assert_eq!((program.offset(1).await, program.files().await), ((200, octets.len().to_string()), 0));
    is(&program.piece(1, octets.len(), b"").await, 503, "exchange-unavailable");
    clamd.forget();
    let scans = clamd.scans();
    let finished = futures::future::join_all((0..4).map(|_| program.piece(1, octets.len(), b""))).await;
    finished.iter().for_each(|answer| is(answer, 204, ""));
    assert_eq!(clamd.scans(), scans + 1, "whoever asks meanwhile waits");
    assert_eq!(program.deposit().await["files"][0]["sha256"], hex::encode(&sha256(&octets)));

    clamd.learn(b"EICAR", "stream: Eicar-Test FOUND");
    is(&program.begin(2, 9, "filename Yg==").await, 201, "");
    is(&program.piece(2, 0, b"a EICAR b").await, 422, "virus");
    is(&program.piece(2, 9, b"").await, 422, "virus");
    is(&program.plain("DELETE", 2).await, 204, "");
    is(&program.begin(2, 4, "filename Yg==").await, 201, "");
    is(&program.piece(2, 0, b"fine").await, 204, "");
    assert_eq!(program.files().await, 2);
}

// spec: X-API X-EXPIRY KEEP-DELETE
#[tokio::test]
async fn an_upload_lives_as_long_as_its_deposit_is_open_and_no_longer() {
    let program = Program::new(2).await;
    let house = &program.place.house;
    for number in [1, 2] {
        is(
            &program.begin(number, 600_000, &format!("filename {}", ["YQ==", "Yg=="][number as usize - 1])).await,
            201,
            "",
        );
        is(&program.piece(number, 0, &noise(LEAST)).await, 204, "");
    }
    let settle = async || {
        house.exchange.expire_due(house.now()).await.unwrap();
        house.exchange.erase().await.unwrap();
        house.objects().len()
    };
    // Longer than what a person leaves: a program may come once a day.
    house.pass_seconds(13 * 86_400);
    assert_eq!((settle().await, program.offset(2).await), (2, (200, LEAST.to_string())));
    let path = format!("/api/v1/deposits/{}", program.id);
    let unsent = program.place.call(&program.token, Method::POST, &format!("{path}/send"), &[], "").await;
    assert_eq!(code(&unsent), (422, "invalid"), "what is on its way is not in");
    house.pass_seconds(86_400 + 60);
    assert_eq!(settle().await, 0);
    is(&program.plain("HEAD", 1).await, 404, "");
    is(&program.begin(1, 600_000, NAMED).await, 409, "conflict");

    let given_up = Program { id: program.place.begin(&program.token, "acme", "k2", 1).await, ..program };
    is(&given_up.begin(1, 600_000, NAMED).await, 201, "");
    is(&given_up.piece(1, 0, &noise(LEAST)).await, 204, "");
    let path = format!("/api/v1/deposits/{}", given_up.id);
    assert_eq!(given_up.place.call(&given_up.token, Method::DELETE, &path, &[], "").await.0, 204);
    is(&given_up.plain("HEAD", 1).await, 404, "");
    given_up.place.house.exchange.erase().await.unwrap();
    assert_eq!(given_up.place.house.objects().len(), 0);
}
