use super::*;

fn streamed(label: Option<&str>, octets: &[u8], step: usize) -> String {
    let (mut decoder, mut out) = (TextDecoder::new(label), String::new());
    octets.chunks(step).for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    out
}

// spec: MAIL-NAMES, MAIL-REBUILD
#[test]
fn every_charset_of_japanese_mail_is_decoded_wherever_it_is_split() {
    let cases: &[(Option<&str>, &[u8], &str)] = &[
        (Some("ISO-2022-JP"), b"\x1b$B$3$s$K$A$O\x1b(B abc", "こんにちは abc"),
        (Some("iso-2022-jp"), b"\x1b$B\x1b(Ba", "a"),
        (Some("cp50221"), b"\x1b(I1234\x1b(B", "ｱｲｳｴ"),
        (Some("iso-2022-jp-ms"), b"\x1b$B-!-5|b\x1b(B", "①Ⅰ髙"),
        (Some("iso-2022-jp"), b"\x0e1234\x0f12", "ｱｲｳｴ12"),
        (Some("iso-2022-jp"), b"\xb1\xb2", "ｱｲ"),
        (Some("iso-2022-jp"), b"\x1b(J\\~a\x1b(B\\", "¥‾a\\"),
        (Some("iso-2022-jp-1"), b"\x1b$(D0!\x1b(B", "丂"),
        (Some("iso-2022-jp"), b"\x1b$B$\"\r\nabc", "あ\r\nabc"),
        (Some("iso-2022-jp"), b"\x1b$B$\"$\x1b(Bx", "あ\u{fffd}x"),
        (Some("iso-2022-jp"), b"\x1bZx\x1b", "\u{fffd}Zx\u{fffd}"),
        (Some("shift_jis"), b"\x95\x5c\x8d\x5c\x87\x40\xb1\xfb\xfc", "表構①ｱ髙"),
        (Some("CP932"), b"\x95\x5c", "表"),
        (Some("windows-31j"), b"\x81\x60", "～"),
        (Some("euc-jp"), b"\xc6\xfc\xcb\xdc\x8e\xb1\xad\xa1", "日本ｱ①"),
        (Some("utf-8"), "\u{feff}日本".as_bytes(), "日本"),
        (Some("utf-16"), b"\xfe\xff\x65\xe5", "日"),
        (Some("utf-16"), b"\xff\xfe\xe5\x65", "日"),
        (Some("utf-16"), b"a\0b\0", "ab"),
        (Some("utf-16"), b"\0a\0b", "ab"),
        (Some("utf-16le"), b"\xe5\x65", "日"),
        (Some("utf-16be"), b"\x65\xe5", "日"),
        (Some("utf-7"), b"Hi +ZeVnLA- +- +2D3eAA-!", "Hi 日本 + 😀!"),
        (Some("iso-8859-1"), b"Fr\xf6sche \x80", "Frösche €"),
        (Some("\"utf-8\""), "é".as_bytes(), "é"),
        (Some("x-unknown"), "é".as_bytes(), "é"),
        (Some("x-unknown"), b"caf\xe9", "café"),
        (Some("us-ascii"), b"\x93\xfa\x96\x7b\x8c\xea", "日本語"),
        (None, b"abc \x1b$BF|K\\\x1b(B", "abc 日本"),
        (None, b"\xc6\xfc\xcb\xdc\xb8\xec\xa4\xc7\xa4\xb9", "日本語です"),
        (None, b"plain", "plain"),
        (Some("cp437"), b"caf\x82", "café"),
        (Some("cspc8codepage437"), b"\x82", "é"),
        (Some("IBM850"), b"caf\x82 \xa4", "café ñ"),
        (Some("ibm00858"), b"5 \xd5", "5 €"),
        (Some("ibm852"), b"\x9fe\xe7tina", "čeština"),
        (Some("x-cp737"), b"\x98\x99\x9a", "αβγ"),
        (Some("cp857"), b"\x87\xe7", "ç\u{fffd}"),
        (Some("x-windows-949"), b"\xc7\xd1\xb1\xb9 \x81\x41", "한국 갂"),
        (Some("ms949"), b"\xc7\xd1", "한"),
        (Some("cp936"), b"\xb2\xe2", "测"),
        (Some("windows1251"), b"\xf2\xe5\xf1\xf2", "тест"),
        (Some("cp874"), b"\xe4\xb7\xc2", "ไทย"),
        (Some("x-mac-japanese"), b"\x95\x5c", "表"),
        (Some("x-ms-cp932"), b"\x95\x5c", "表"),
        (Some("Cp943C"), b"\x95\x5c", "表"),
        (Some("x-euc"), b"\xc6\xfc", "日"),
        (Some("utf8mb4"), b"\xff", "\u{fffd}"),
        (None, b"", ""),
    ];
    for (label, octets, text) in cases {
        for step in [1, 2, 3, 5, 1000] {
            assert_eq!(&streamed(*label, octets, step), text, "{label:?} in steps of {step}");
        }
    }
}

#[test]
fn undeclared_text_longer_than_the_window_is_one_charset_to_its_end() {
    let octets: Vec<u8> = [&b"head "[..], &b"\x93\xfa\x96\x7b".repeat(5000)].concat();
    let text = format!("head {}", "日本".repeat(5000));
    for step in [1, 7, 4096, 1 << 20] {
        assert!(streamed(None, &octets, step) == text, "steps of {step}");
    }
    let octets = [&b"xy"[..], "日本".repeat(5000).as_bytes()].concat();
    for step in [1, 7, 4096, 1 << 20] {
        assert!(streamed(None, &octets, step) == format!("xy{}", "日本".repeat(5000)), "steps of {step}");
    }
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

// spec: MAIL-REBUILD (RFC 2781, 4.3: `utf-16` without a mark)
#[test]
fn the_order_of_utf16_is_told_by_what_reads_like_text() {
    let texts = [
        "お世話になっております。見積書をお送りします。",
        "\u{3042}<img src=\"a.png\">",
        "\u{3000}いつもお世話になっております",
        "株式会社アクメ商事　営業部　田中様\r\n\r\n資料をお送りいたします。\r\n",
        "東京都千代田区丸の内一丁目\r\n",
        "ｶﾀｶﾅ\r\n",
        "Grüße aus München\r\n",
        "Привет\r\n",
        "안녕하세요.\r\n",
        "😀😀 ok",
        "<p>\u{4e00}\u{300c}</p>",
        "a",
    ];
    for text in texts {
        for step in [1, 2, 3, 1000] {
            assert_eq!(streamed(Some("utf-16"), &utf16(text, u16::to_le_bytes), step), text, "LE in steps of {step}");
            assert_eq!(streamed(Some("utf-16"), &utf16(text, u16::to_be_bytes), step), text, "BE in steps of {step}");
        }
    }
    // Little-endian where nothing tells, and one order to the end whatever comes later.
    assert_eq!(streamed(Some("utf-16"), b"\x42\x4e", 9), "乂");
    let long = format!("{}{}", "契約書をお送りします。".repeat(1000), "一丁".repeat(9000));
    for step in [1, 999, 1 << 20] {
        assert!(streamed(Some("utf-16"), &utf16(&long, u16::to_le_bytes), step) == long, "LE in steps of {step}");
        assert!(streamed(Some("utf-16"), &utf16(&long, u16::to_be_bytes), step) == long, "BE in steps of {step}");
    }
    // The label says it.
    assert_eq!(streamed(Some("utf-16be"), &utf16("あ", u16::to_be_bytes), 1), "あ");
    assert_eq!(streamed(Some("utf-16le"), &utf16("あ", u16::to_le_bytes), 1), "あ");
}

// spec: MAIL-REBUILD (Encoding Standard, "decode": a byte order mark goes before the label)
#[test]
fn a_byte_order_mark_goes_before_the_label() {
    let labels =
        ["utf-8", "utf-16", "utf-16le", "utf-16be", "iso-2022-jp", "shift_jis", "us-ascii", "utf-7", "x-unknown"];
    for label in labels.map(Some).into_iter().chain([None]) {
        for step in [1, 2, 3, 1000] {
            assert_eq!(streamed(label, "\u{feff}日本\u{feff}x".as_bytes(), step), "日本\u{feff}x", "{label:?}");
            assert_eq!(streamed(label, &utf16("\u{feff}日本x", u16::to_le_bytes), step), "日本x", "{label:?}");
            assert_eq!(streamed(label, &utf16("\u{feff}日本x", u16::to_be_bytes), step), "日本x", "{label:?}");
        }
    }
    let utf32: Vec<u8> = "\u{feff}日x".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    assert_eq!(streamed(Some("utf-32"), &utf32, 1), "日x");
    // What begins like a mark and is none.
    assert_eq!(streamed(Some("windows-1252"), b"\xef\xbb", 1), "ï»");
    assert_eq!(streamed(Some("windows-1252"), b"\xef", 1), "ï");
    assert_eq!(streamed(Some("windows-1252"), b"\xff\xff", 1), "ÿÿ");
    assert_eq!(streamed(Some("shift_jis"), b"\xef\xbb", 1).chars().count(), 1);
}

// spec: 3.4a (charsets by any name)
#[test]
fn charsets_are_known_by_any_spelling_and_those_that_hide_ascii_too() {
    for label in ["utf_7", "U7", "utf 7", "UTF-7", "csUTF7", "x-unicode-2-0-utf-7", "cp65000"] {
        assert_eq!(streamed(Some(label), b"+ZeVnLA-", 1), "日本", "{label}");
        assert!(is_disguise(label) && !is_declared(Some(label)), "{label}");
    }
    for label in ["utf_16_le", "utf16le", "UnicodeLittle", "x-utf-16le-bom", "ucs-2le", "cp1200"] {
        assert_eq!(streamed(Some(label), &utf16("日本", u16::to_le_bytes), 1), "日本", "{label}");
    }
    for label in ["unicodefffe", "utf16-be", "UnicodeBig"] {
        assert_eq!(streamed(Some(label), &utf16("日本", u16::to_be_bytes), 1), "日本", "{label}");
    }
    for label in ["utf_8", "UTF 8", "utf8"] {
        assert_eq!(streamed(Some(label), "日本".as_bytes(), 1), "日本", "{label}");
    }
    for label in [
        "cp5035",
        "ibm-5026",
        "ibm-16684",
        "IBM01140",
        "cp037",
        "x-ibm930",
        "ccsid5026",
        "EBCDIC-JP-kana",
        "hz_gb_2312",
        "iso_2022_kr",
        "x-imap4-modified-utf7",
        "unicode_escape",
        "raw_unicode_escape",
        "utf-16-ish",
        "cp50225",
        "cp52936",
    ] {
        assert!(is_unreadable(Some(label)) && is_disguise(label), "{label}");
    }
    for label in [
        "us-ascii",
        "cp437",
        "ibm850",
        "cp-858",
        "cp936",
        "cp949",
        "cp950",
        "ibm943",
        "windows-932",
        "cp1252",
        "cp65001",
        "cp20127",
        "x-unknown",
        "iso-8859-1",
        "windows-31j",
        "x-mac-japanese",
        "gb2312",
        "utf-8",
        "unicode",
        "cp367",
        "cp50220",
        "",
    ] {
        assert!(!is_unreadable(Some(label)) && !is_disguise(label), "{label}");
    }
    assert!(is_declared(Some("iso-2022-jp")) && is_declared(Some("UTF-8")) && is_declared(Some("utf-16")));
    assert!(!is_declared(Some("cp50221")) && !is_declared(Some("us-ascii-ish")) && !is_declared(None));
}

// spec: MAIL-AMBIGUOUS (a text in them is not written afresh)
#[test]
fn charsets_that_nobody_here_reads_are_told_from_labels_that_say_nothing() {
    for label in ["johab", "viscii", "euc-tw", "Shift_JIS-2004", "euc-jisx0213", "x-foo", "cp1361", "hp-roman8", "hz"] {
        assert!(is_unknown(Some(label)), "{label}");
    }
    let read = ["utf-8", "cp850", "x-windows-949", "koi8-r", "utf-7", "iso-2022-jp", "cp20127", "US-ASCII", "cp65001"];
    let empty = ["", "\"\"", "x-unknown", "unknown-8bit", "8bit", "Binary", "default"];
    for label in read.iter().chain(&empty) {
        assert!(!is_unknown(Some(label)), "{label}");
    }
    assert!(!is_unknown(None));
    // What says itself that it is UTF-8 is.
    for (octets, is_other) in [
        ("日本 é".as_bytes(), false),
        (b"abc", false),
        (b"", false),
        (b"caf\xe9", true),
        (b"\xe6\x97", true),
        (b"\xe6\x97x", true),
    ] {
        for step in [1, 2, 3, 1000] {
            let mut watch = Utf8Watch::default();
            octets.chunks(step).for_each(|piece| watch.push(piece));
            assert_eq!(watch.finish(), is_other, "{}", octets.escape_ascii());
        }
    }
}

fn of_body(label: Option<&str>, octets: &[u8], step: usize) -> String {
    let (mut decoder, mut out) = (TextDecoder::of_body(true, label), String::new());
    octets.chunks(step).for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    decoder.finish(&mut out);
    out
}

// spec: MAIL-REBUILD (HTML, 13.2.3.2: a mark, the label, what the document says, our guess)
#[test]
fn html_without_a_label_is_in_the_charset_that_it_names() {
    for (name, text) in [
        ("gb2312", "测试文件"),
        ("euc-kr", "한국어입니다"),
        ("big5", "測試檔案"),
        ("koi8-r", "тестовое"),
        ("windows-1251", "тестовое"),
        ("iso-8859-2", "čeština ž"),
        ("shift_jis", "表示です"),
        ("euc-jp", "表示です"),
        ("iso-2022-jp", "表示です"),
        ("utf-8", "表示です"),
        ("iso-8859-1", "café"),
    ] {
        let encoding = Encoding::for_label(name.as_bytes()).unwrap_or(UTF_8);
        for head in [
            format!("<meta charset={name}>"),
            format!("<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset={name}\">"),
        ] {
            for body in [text.to_owned(), text.repeat(500)] {
                let html = format!("{head}<title>{body}</title>");
                let octets = encoding.encode(&html).0;
                for (label, step) in
                    [(None, 1), (Some("us-ascii"), 3), (Some("x-unknown"), 1000), (Some("x-foo"), 1 << 20)]
                {
                    assert_eq!(of_body(label, &octets, step), html, "{name} by {label:?}");
                }
                let marked = [b"\xef\xbb\xbf", html.as_bytes()].concat();
                assert_eq!(of_body(None, &marked, 7), html, "a mark before {name}");
                assert_eq!(of_body(Some("utf-8"), html.as_bytes(), 7), html, "the label before {name}");
            }
        }
    }
    // What names nothing that is read is guessed, a plain text always is.
    for html in ["<p>表", "<meta charset=x-foo>表", "<meta charset=utf-7>表", "<meta content='charset=big5'>表"] {
        assert_eq!(of_body(None, html.as_bytes(), 2), html);
    }
    let far = format!("<!--{}--><meta charset=big5>表", "x".repeat(1024));
    assert_eq!(of_body(None, far.as_bytes(), 100), far);
    let plain = decode_all(None, "<meta charset=big5>表".as_bytes());
    assert_eq!(plain, "<meta charset=big5>表");
    assert_eq!(of_body(None, b"", 1), "");
}

// spec: MAIL-NAMES
#[test]
fn raw_octets_are_guessed() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x8e\x91\x97\xbf.xlsx", "資料.xlsx"),
        (b"\x95\x5c.txt", "表.txt"),
        (b"\x83\x5c\x83\x74\x83\x67", "ソフト"),
        (b"\xbb\xf1\xce\xc1.xlsx", "資料.xlsx"),
        (b"\xc3\xbd\xc4.txt", "ﾃｽﾄ.txt"),
        (b"\x1b$B;qNA\x1b(B.xlsx", "資料.xlsx"),
        ("資料.xlsx".as_bytes(), "資料.xlsx"),
        (b"HasenundFr\xf6sche.txt", "HasenundFrösche.txt"),
        (b"r\xe9sum\xe9.doc", "résumé.doc"),
        (b"Qu\xe9bec", "Québec"),
        (b"Stra\xdfe", "Straße"),
        (b"plain.txt", "plain.txt"),
    ];
    for (octets, text) in cases {
        assert_eq!(&guess(octets), text);
    }
}

#[test]
fn japanese_is_told() {
    assert!(looks_japanese("abc あ"));
    assert!(looks_japanese("契約書"));
    assert!(looks_japanese("ﾃｽﾄ"));
    assert!(!looks_japanese("Résumé, €5 “quoted” …"));
    assert!(is_japanese_label("ISO-2022-JP") && is_japanese_label("x-sjis") && is_japanese_label("CP51932"));
    assert!(!is_japanese_label("utf-8") && !is_japanese_label("gb2312"));
}
