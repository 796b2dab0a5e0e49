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
