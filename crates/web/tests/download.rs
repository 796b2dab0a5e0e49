//! The octets: whole, in part, as a zip, and broken off where something is damaged (spec X-RECEIVE, KEEP-CRYPT).
#![allow(clippy::unwrap_used)]

mod common;

use std::{io::Write as _, process::Command};

use common::{House, request};
use fubako_base::{
    section::{Section, Settings},
    unchecked::UncheckedRule,
};
use fubako_testkit::{clamd::Clamd, house, section};
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const URL: &str = "http://files.acme.example";

fn content(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect()
}

// spec: X-RECEIVE
#[tokio::test]
async fn a_file_comes_whole_or_in_any_range() {
    let house = House::new(URL).await;
    // More than three sealed chunks.
    let octets = content(200_001);
    let [link, _] = house.deposit("k", "s", "Taro", &[("見積書.pdf", "application/pdf", &octets)]).await;
    let cookie = house.open(&link).await;
    let path = format!("/d/{link}/files/1");
    let whole = house.get(&path, &[("cookie", &cookie)]).await;
    assert_eq!((whole.status.as_u16(), whole.octets.as_slice(), whole.whole), (200, octets.as_slice(), true));
    assert_eq!(whole.header("content-length"), "200001");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("content-type"), "application/pdf");
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"file.pdf\"; filename*=UTF-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8.pdf"
    );
    let etag = whole.header("etag").to_owned();
    let head = house.ask(request(Method::HEAD, &path, &[("cookie", &cookie), ("range", "bytes=0-1")], "")).await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.octets.len()), (200, "200001", 0));
    let table: &[(&str, std::ops::Range<usize>)] = &[
        ("bytes=0-0", 0..1),
        ("bytes=65535-65536", 65_535..65_537),
        ("bytes=65536-131071", 65_536..131_072),
        ("bytes=-1", 200_000..200_001),
        ("bytes=100000-", 100_000..200_001),
    ];
    for (field, range) in table {
        let part = house.get(&path, &[("cookie", &cookie), ("range", field), ("if-range", &etag)]).await;
        assert_eq!((part.status.as_u16(), part.octets.as_slice()), (206, &octets[range.clone()]), "{field}");
        let said = format!("bytes {}-{}/200001", range.start, range.end - 1);
        assert_eq!((part.header("content-range"), part.header("etag")), (&*said, &*etag), "{field}");
        assert_eq!(part.header("content-length"), range.len().to_string());
    }
    let other = house.get(&path, &[("cookie", &cookie), ("range", "bytes=0-1"), ("if-range", "\"other\"")]).await;
    assert_eq!((other.status.as_u16(), other.octets.len()), (200, 200_001));
    let beyond = house.get(&path, &[("cookie", &cookie), ("range", "bytes=200001-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */200001"));
    let same = house.get(&path, &[("cookie", &cookie), ("if-none-match", &etag)]).await;
    assert_eq!((same.status.as_u16(), same.octets.len(), same.header("etag")), (304, 0, &*etag));
}

// spec: X-RECEIVE
#[tokio::test]
async fn the_zip_is_the_same_octets_whichever_way_it_is_asked_for() {
    let house = House::new(URL).await;
    let big = content(150_000);
    let files: &[(&str, &str, &[u8])] = &[
        ("見積書.pdf", "application/pdf", &big),
        ("見積書.PDF", "application/pdf", b""),
        ("../a.txt", "text/plain", b"alpha"),
    ];
    let [link, _] = house.deposit("k", "見積書のお送り", "Taro", files).await;
    let cookie = house.open(&link).await;
    let path = format!("/d/{link}/all.zip");
    let whole = house.get(&path, &[("cookie", &cookie)]).await;
    assert_eq!((whole.status.as_u16(), whole.whole), (200, true));
    assert_eq!(whole.header("content-length"), whole.octets.len().to_string());
    assert_eq!(whole.header("content-type"), "application/zip");
    assert!(whole.header("content-disposition").ends_with("%E3%81%AE%E3%81%8A%E9%80%81%E3%82%8A.zip"));
    let head = house.ask(request(Method::HEAD, &path, &[("cookie", &cookie)], "")).await;
    assert_eq!(head.header("content-length"), whole.header("content-length"));
    let etag = whole.header("etag").to_owned();
    // Resumed again and again, at places in headers, in files and on their edges.
    let mut resumed = Vec::new();
    while resumed.len() < whole.octets.len() {
        let until = resumed.len() + 7 + resumed.len() / 3;
        let range = format!("bytes={}-{until}", resumed.len());
        let part = house.get(&path, &[("cookie", &cookie), ("range", &range), ("if-range", &etag)]).await;
        assert_eq!(part.status.as_u16(), 206);
        resumed.extend(part.octets);
    }
    assert!(resumed == whole.octets);
    let mut archive = tempfile::NamedTempFile::with_suffix(".zip").unwrap();
    archive.write_all(&whole.octets).unwrap();
    let script = "import sys, zipfile, zlib\nz = zipfile.ZipFile(sys.argv[1])\n\
        print([(ascii(i.filename), i.file_size) for i in z.infolist()], z.testzip())";
    if let Ok(run) = Command::new("python3").args(["-c", script]).arg(archive.path()).output() {
        let said = String::from_utf8_lossy(&run.stdout);
        let wanted = "[(\"'\\\\u898b\\\\u7a4d\\\\u66f8.pdf'\", 150000), (\"'\\\\u898b\\\\u7a4d\\\\u66f8 (2).PDF'\", 0), \
                      (\"'.._a.txt'\", 5)] None";
        assert_eq!(said.trim(), wanted, "{}", String::from_utf8_lossy(&run.stderr));
    }
}

// spec: X-RECEIVE, KEEP-VIRUS
#[tokio::test]
async fn what_the_scanner_finds_on_the_way_out_is_a_page_and_no_octets() {
    let clamd = Clamd::start().await;
    let house = House::with(URL, clamd.scanner()).await;
    let files: &[(&str, &str, &[u8])] = &[
        ("a.txt", "text/plain", b"alpha"),
        ("b.txt", "text/plain", b"NEW-THREAT"),
        ("c.zip", "application/zip", b"PK-closed"),
    ];
    let [link, _] = house.deposit("k", "s", "Taro", files).await;
    let cookie = house.open(&link).await;
    clamd.learn(b"NEW-THREAT", "stream: New-Threat FOUND");
    clamd.learn(b"PK-closed", "stream: Heuristics.Encrypted.Zip FOUND");
    let ask = async |method: &Method, path: &str, range: &str| {
        let path = format!("/d/{link}/{path}?lang=en");
        let answer = house.ask(request(method.clone(), &path, &[("cookie", &cookie), ("range", range)], "")).await;
        assert!(!answer.octets.windows(6).any(|some| some == b"THREAT" || some == b"PK-clo"), "{path}");
        answer
    };
    for (path, title) in [("files/2", "A virus was found"), ("files/3", "could not be checked"), ("all.zip", "A virus")]
    {
        for range in ["", "bytes=0-100", "bytes=-5000"] {
            let answer = ask(&Method::GET, path, range).await;
            assert_eq!((answer.status.as_u16(), answer.whole), (403, true), "{path} {range}");
            assert!(answer.text().contains(title), "{}", answer.text());
            assert!(answer.header("etag").is_empty() && answer.header("content-disposition").is_empty(), "{path}");
        }
        assert_eq!(ask(&Method::HEAD, path, "").await.status.as_u16(), 403, "{path}");
    }
    assert_eq!(ask(&Method::GET, "files/1", "").await.octets, b"alpha");
    // A part of the zip that needs no bad file is given.
    assert_eq!(ask(&Method::GET, "all.zip", "bytes=0-30").await.status.as_u16(), 206);
    assert_eq!(clamd.scans(), 6, "each file once on the way in and once on the way out");
}

// spec: KEEP-VIRUS (the section decides)
#[tokio::test]
async fn what_passes_unchecked_says_so_on_the_page_and_is_handed_over() {
    let clamd = Clamd::start().await;
    clamd.learn(b"PK-closed", "stream: Heuristics.Encrypted.Zip FOUND");
    let settings = Settings { encrypted_files: UncheckedRule::Pass, ..Settings::default() };
    let house = house::House::at(URL, clamd.scanner(), Section { settings, ..section("acme") }).await;
    let house = House::of(house);
    let files: &[(&str, &str, &[u8])] =
        &[("a.txt", "text/plain", b"alpha"), ("c.zip", "application/zip", b"PK-closed")];
    let [link, _] = house.deposit("k", "s", "Taro", files).await;
    let cookie = house.open(&link).await;
    for (lang, words) in [("ja", "暗号化されているため"), ("en", "This file is encrypted")] {
        let page = house.get(&format!("/d/{link}?lang={lang}"), &[("cookie", &cookie)]).await;
        assert_eq!(page.text().matches(words).count(), 1, "{}", page.text());
    }
    assert_eq!(house.get(&format!("/d/{link}/files/2"), &[("cookie", &cookie)]).await.octets, b"PK-closed");
    assert_eq!(house.get(&format!("/d/{link}/all.zip"), &[("cookie", &cookie)]).await.status.as_u16(), 200);
    house.put_section(section("acme")).await;
    for path in ["files/2", "all.zip"] {
        assert_eq!(
            house.get(&format!("/d/{link}/{path}"), &[("cookie", &cookie)]).await.status.as_u16(),
            403,
            "{path}"
        );
    }
}

// spec: KEEP-VIRUS (scanner away: wait, never pass)
#[tokio::test]
async fn without_a_verdict_a_download_waits() {
    let clamd = Clamd::start().await;
    let house = House::with(URL, clamd.scanner()).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.txt", "text/plain", b"alpha")]).await;
    let cookie = house.open(&link).await;
    clamd.learn(b"alpha", "stream: Can't allocate memory ERROR");
    for path in ["files/1", "all.zip"] {
        for method in [Method::GET, Method::HEAD] {
            let path = format!("/d/{link}/{path}");
            let answer = house.ask(request(method, &path, &[("cookie", &cookie)], "")).await;
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "30"), "{path}");
        }
    }
    clamd.forget();
    assert_eq!(house.get(&format!("/d/{link}/files/1"), &[("cookie", &cookie)]).await.octets, b"alpha");
}

// spec: KEEP-CRYPT
#[tokio::test]
async fn what_is_damaged_is_never_ended_as_if_it_were_whole() {
    let octets = content(200_000);
    for (from_end, status) in [(199_000, 500), (1_000, 200)] {
        let house = House::new(URL).await;
        let [link, _] = house.deposit("k", "s", "Taro", &[("a.bin", "application/x-a", &octets)]).await;
        let cookie = house.open(&link).await;
        house.damage(from_end);
        for path in ["files/1", "all.zip"] {
            let answer = house.get(&format!("/d/{link}/{path}"), &[("cookie", &cookie)]).await;
            assert_eq!(answer.status.as_u16(), status, "{path}");
            assert_eq!(answer.whole, status == 500, "{path}: a page is whole, a broken file is not");
            if status == 200 && path == "files/1" {
                assert!(answer.octets.len() < octets.len() && octets.starts_with(&answer.octets), "{path}");
            }
        }
    }
}

/// The same on a socket: the connection breaks off, so that no client takes the file for whole.
#[tokio::test]
async fn a_damaged_file_breaks_the_connection_off() {
    let octets = content(200_000);
    let house = House::new(URL).await;
    let [link, _] = house.deposit("k", "s", "Taro", &[("a.bin", "application/x-a", &octets)]).await;
    let cookie = house.open(&link).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, house.web.clone()).into_future());
    let fetch = || async {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let ask = format!(
            "GET /d/{link}/files/1 HTTP/1.1\r\nHost: files.acme.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        );
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is as good an end as any here: what counts is how much came.
        let _ = socket.read_to_end(&mut answer).await;
        let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return 0 };
        let head = end + 4;
        let said = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        assert!(said.contains("content-length: 200000\r\n"), "{said}");
        answer.len() - head
    };
    assert_eq!(fetch().await, 200_000);
    house.damage(1_000);
    assert!(fetch().await < 200_000);
    server.abort();
}
