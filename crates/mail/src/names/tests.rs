use super::*;
use crate::header::Header;

/// The name that a Content-Disposition gives.
fn disposed(value: &[u8]) -> Option<String> {
    let octets = [b"Content-Disposition: ", value, b"\r\n\r\n"].concat();
    let header = Header::parse(&octets, 0);
    file_name(header.first("content-disposition"), None)
}

// spec: MAIL-NAMES
#[test]
fn names_by_rfc_2231() {
    let cases: &[(&[u8], &str)] = &[
        (b"attachment; filename*=UTF-8''%E8%B3%87%E6%96%99.xlsx", "資料.xlsx"),
        (b"attachment; filename*=utf-8'ja'%E8%B3%87%E6%96%99.xlsx", "資料.xlsx"),
        (b"attachment; filename*=ISO-2022-JP''%1B%24B%3BqNA%1B%28B.xlsx", "資料.xlsx"),
        (b"attachment; filename*=Shift_JIS''%95%5C.xlsx", "表.xlsx"),
        (b"attachment; filename*=\"UTF-8''%E8%A1%A8.txt\"", "表.txt"),
        (b"attachment; filename*=''%E8%A1%A8.txt", "表.txt"),
        (b"attachment; filename*=%E8%A1%A8.txt", "表.txt"),
        (b"attachment; filename*0=\"a\"; filename*1=\"b\"; filename*2=\".txt\"", "ab.txt"),
        (b"attachment; filename*2=.txt; filename*0=a; filename*1=b", "ab.txt"),
        (b"attachment; filename*1*=%96%99.xlsx;\r\n filename*0*=UTF-8''%E8%B3%87%E6", "資料.xlsx"),
        (
            b"attachment; filename*0*=UTF-8''%E8%B3%87; filename*1=\" plain \"; filename*2*=%E6%96%99.txt",
            "資 plain 料.txt",
        ),
        (b"attachment; filename*0*=iso-2022-jp''%1B%24B%3Bq; filename*1*=NA%1B(B.txt", "資料.txt"),
        (b"attachment; filename*0=\"=?UTF-8?B?6LOH\"; filename*1=\"5paZ?=.txt\"", "資料.txt"),
        (b"attachment; filename=\"fallback.txt\"; filename*=UTF-8''%E8%A1%A8.txt", "表.txt"),
        (b"attachment; filename*=UTF-8''%E8%A1%A8.txt; filename=\"fallback.txt\"", "表.txt"),
        (b"attachment; FILENAME*10=k; filename*9=j; filename*0=a", "ajk"),
        (b"attachment; filename*=UTF-8''100%25%zz.txt", "100%%zz.txt"),
        (b"attachment; filename*=utf-8''%E8%B3%87%E6", "資\u{fffd}"),
    ];
    for (value, name) in cases {
        assert_eq!(disposed(value).as_deref(), Some(*name), "{}", String::from_utf8_lossy(value));
    }
}

// spec: MAIL-NAMES
#[test]
fn names_by_rfc_2047_and_raw() {
    let cases: &[(&[u8], &str)] = &[
        (b"attachment; filename=\"=?UTF-8?B?6LOH5paZLnhsc3g=?=\"", "資料.xlsx"),
        (b"attachment; filename==?UTF-8?B?6LOH5paZLnhsc3g=?=", "資料.xlsx"),
        (b"attachment; filename=\"=?ISO-2022-JP?B?GyRCO3FOQRsoQi54bHN4?=\"", "資料.xlsx"),
        (b"attachment; filename=\"=?utf-8?Q?=E8=B3=87=E6?=\r\n =?utf-8?Q?=96=99.txt?=\"", "資料.txt"),
        (b"attachment; filename=\"=?utf-8?B?6LPH?=.x\"", "\u{fffd}\u{fffd}.x"),
        (b"attachment; filename=\"=?shift_jis?B?lVyPai50eHQ=?=\"", "表祝.txt"),
        ("attachment; filename=\"資料.xlsx\"".as_bytes(), "資料.xlsx"),
        ("attachment; filename=資料 一.xlsx; size=1".as_bytes(), "資料 一.xlsx"),
        // 0x5C as a second octet: before a letter, before the closing quote, before a dot.
        (b"attachment; filename=\"\x95\x5c\x8e\xa6.xlsx\"", "表示.xlsx"),
        (b"attachment; filename=\"\x94\x5c\x97\xcd\x95\x5c\"; size=3", "能力表"),
        (b"attachment; filename=\x83\x5c\x83\x74\x83\x67.exe", "ソフト.exe"),
        (b"attachment; filename=\"\xbb\xf1\xce\xc1.xlsx\"", "資料.xlsx"),
        (b"attachment; filename=\"\x1b$B;qNA\x1b(B.xlsx\"", "資料.xlsx"),
        (b"attachment; filename=\"\x1b$BI=\"#\x1b(B;.xlsx\"", "表■;.xlsx"),
        (b"attachment; filename=\"\x1b(I=D8\x1b(B.txt\"", "ｽﾄｸ.txt"),
        (b"attachment; filename=\"\x1b$B-!|b\x1b(B.txt\"", "①髙.txt"),
        (b"attachment; filename=\"caf\xe9.txt\"", "café.txt"),
    ];
    for (value, name) in cases {
        assert_eq!(disposed(value).as_deref(), Some(*name), "{}", String::from_utf8_lossy(value));
    }
}

// spec: MAIL-NAMES
#[test]
fn names_in_parameters_that_are_written_badly() {
    let cases: &[(&[u8], Option<&str>)] = &[
        (b"attachment; filename=a b (1).pdf", Some("a b (1).pdf")),
        (b"attachment; filename=Invoice_(302).pdf; size=4", Some("Invoice_(302).pdf")),
        (b"attachment; filename=a.pdf size=4", Some("a.pdf")),
        (b"attachment filename=\"a.pdf\"", Some("a.pdf")),
        (b"attachment; filename=\"a.pdf\" size=4", Some("a.pdf")),
        (b"attachment; filename=\"a.pdf; size=4", Some("a.pdf")),
        (b"attachment; filename=\"a;b.pdf", Some("a;b.pdf")),
        (b"attachment; filename=\"a;b.pdf\"", Some("a;b.pdf")),
        (b"attachment; filename=\"a\\\"b\\\\c.pdf\"", Some("a\"b\\c.pdf")),
        (b"attachment; filename=\"C:\\docs\\a.pdf\"", Some("C:docsa.pdf")),
        (b"attachment (a comment; filename=no); filename=a.pdf", Some("a.pdf")),
        (b"attachment; filename = \"a.pdf\"", Some("a.pdf")),
        (b"attachment;filename=a.pdf;", Some("a.pdf")),
        (b"attachment;;; ; filename=a.pdf", Some("a.pdf")),
        (b"filename=a.pdf", Some("a.pdf")),
        (b"attachment; filename=\"folded\r\n name.pdf\"", Some("folded name.pdf")),
        (b"attachment; filename=\" a.pdf \"", Some("a.pdf")),
        (b"attachment; filename=\"\"", None),
        (b"attachment; filename=", None),
        (b"attachment; filename", None),
        (b"attachment", None),
        (b"", None),
    ];
    for (value, name) in cases {
        assert_eq!(disposed(value).as_deref(), *name, "{}", String::from_utf8_lossy(value));
    }
}

// spec: MAIL-NAMES
#[test]
fn disposition_goes_before_type() {
    let name = |disposition: &str, content_type: &str| {
        let octets = format!("Content-Disposition: {disposition}\r\nContent-Type: {content_type}\r\n\r\n");
        let header = Header::parse(octets.as_bytes(), 0);
        file_name(header.first("content-disposition"), header.first("content-type"))
    };
    assert_eq!(name("attachment; filename=d.txt", "a/b; name*=UTF-8''t.txt").as_deref(), Some("d.txt"));
    assert_eq!(name("attachment", "a/b; name=n.txt; name*=UTF-8''t.txt").as_deref(), Some("t.txt"));
    assert_eq!(name("attachment; filename=\"\"", "a/b; name=\"=?utf-8?Q?=E8=A1=A8?=\"").as_deref(), Some("表"));
    assert_eq!(name("attachment; name=m.txt", "a/b").as_deref(), Some("m.txt"));
    assert_eq!(name("attachment", "a/b"), None);
}

#[test]
fn main_values_and_odd_parameters() {
    let parse = |text: &str| Parameters::parse(text);
    assert_eq!(parse("Text/Plain; charset=UTF-8").main, "text/plain");
    assert_eq!(parse("text/plain charset=utf-8").text("charset").as_deref(), Some("utf-8"));
    assert_eq!(parse("(c) text/plain (c); charset=(c)us-ascii (c)").text("charset").as_deref(), Some("us-ascii"));
    assert_eq!(parse("text /plain; charset=x").main, "text /plain");
    assert_eq!(parse("").main, "");
    let boundary = |text: &str| parse(text).plain("boundary").map(|p| (p.value.clone(), p.odd));
    assert_eq!(boundary("multipart/mixed; boundary=\"a b\""), Some(("a b".to_owned(), false)));
    assert_eq!(boundary("multipart/mixed; boundary=----=_Part_1"), Some(("----=_Part_1".to_owned(), false)));
    assert_eq!(boundary("multipart/mixed; boundary=a b"), Some(("a".to_owned(), true)));
    assert_eq!(boundary("multipart/mixed; boundary=a(c)"), Some(("a".to_owned(), true)));
    assert_eq!(boundary("multipart/mixed; boundary=\"a\\b\""), Some(("ab".to_owned(), true)));
    assert_eq!(boundary("multipart/mixed; boundary=\"a\"b"), Some(("a".to_owned(), true)));
    assert_eq!(boundary("multipart/mixed; boundary=\"a"), Some(("a".to_owned(), false)));
    assert_eq!(boundary("multipart/mixed; boundary=a charset=x"), Some(("a".to_owned(), false)));
}

#[test]
fn long_values_take_no_long_time() {
    for unit in ["(;", "a=(", "\"; name=\"", "=?a?b?", "=?a?q?x?= ", "name*0=", "(((", "x=\";"] {
        let text = unit.repeat((256 << 10) / unit.len());
        let began = std::time::Instant::now();
        let _ = Parameters::parse(&text).text("name");
        let _ = decode_words(&text);
        assert!(began.elapsed().as_secs() < 2, "{unit}");
    }
}
