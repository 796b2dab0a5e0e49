//! Fields of a header as the laxest readers take them.

use super::*;

// spec: MAIL-AMBIGUOUS (some decode a header's words first, and cut lines then)
#[test]
fn a_field_behind_a_line_end_in_an_encoded_word_is_held() {
    let fields = ["Content-Type: a/b; name=a.exe", "content-disposition:x", "Content-Transfer-Encoding: base64"];
    // A mark within a hidden name is passed over by some.
    for field in fields.into_iter().chain(["Content-Loca;tion: b", "Cont ent-Dispo,sition: x"]) {
        for line_end in ["\n", "\r", "\r\n", "\n\r\n", "\n\t"] {
            let base64 = encodify::base64::STANDARD.encode(format!("x{line_end}{field}"));
            let quoted = format!("x{line_end}{field}").replace('\r', "=0D").replace('\n', "=0a").replace(' ', "_");
            for word in [
                format!("=?utf-8?B?{base64}?="),
                format!("=?utf-8?b?{base64}"),
                format!("=?{}?Q?{quoted}?=", "x".repeat(90)),
                format!("=?us-ascii?q*en?{quoted}?="),
                format!("=?us-ascii?QQ?{quoted}?= y"),
                format!("?Q?{quoted}?="),
            ] {
                let text = format!("Hi\r\n\r\nSubject: {word}\r\n\r\nMZ\r\n");
                assert!(by_lines(&text).0, "{text}");
                let header = LaxHeader::of(std::iter::once(("Subject", word.as_bytes())));
                assert!(header.hides_a_field, "{word}");
            }
        }
    }
    for word in
        ["=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg0K?=", "=?utf-8?Q?a=0D=0Ab=0D=0A?=", "=?utf-8?Q?Content-Type?= ?a?"]
    {
        let header = LaxHeader::of(std::iter::once(("Subject", word.as_bytes())));
        assert!(!header.hides_a_field, "{word}");
        // Some end such a word elsewhere.
        assert_eq!(by_lines(&format!("Subject: {word}\r\n\r\nMZ\r\n")), (false, true), "{word}");
    }
}

// spec: MAIL-AMBIGUOUS (found by the fuzzer of rewritten mails)
#[test]
fn a_padded_word_is_none_that_goes_on_in_the_next_field() {
    let fields = [
        (
            "From",
            " =?UTF-8?B?5bGx55SwIDxhQGV4YW1wbGUuanjFuD4iVG86IGJAZXhhbXBsZS5jb20s?= =?UTF-8?B?ICJDLCBEIiA8Y0BleGFtcGxlLmNvbT4=?= <f@gw.example.jp>",
        ),
        ("To", " d@e.example"),
        (
            "Subject",
            " =?UTF-8?B?44OG44K544OIIAJEYXRlOiBTdW4sIDIyIE5vdiAyMDI2IDEwOmFy?= =?UTF-8?B?dC9taXhlZDsgYm91Q29udGVudC1UeXBlOiB0ZXh0L3BsYWluOyBuYW1lPXg=?=",
        ),
        ("Message-ID", " <1@gw.example.jp>"),
        ("Content-Type", " text/plain; charset=utf-8"),
    ];
    let header = LaxHeader::of(fields.iter().map(|(name, value)| (*name, value.as_bytes())));
    assert_eq!(header, LaxHeader::default());
    // One that is cut off does.
    let header = LaxHeader::of([("X", &b" =?u?B?QQ==?= =?u?Q"[..]), ("Y", b"a?=0AContent-Type: a/b?=")].into_iter());
    assert!(header.hides_a_field);
}

// spec: MAIL-AMBIGUOUS (a field that is hidden, and a file with NULs in its first line)
#[test]
fn what_is_hidden_in_a_text_is_held() {
    for text in [
        "X: =?a?Q?x?= =?=\r\n?Q?=0ACont?=ent-Disposition: attachment; filename=evil.exe\r\n",
        "Hi\r\nbe\0gin\0 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n",
    ] {
        assert!(by_lines(text).0, "{text}");
    }
}

// spec: MAIL-AMBIGUOUS (a header in which some see other fields does not leave as it came)
#[test]
fn a_header_that_is_not_plainly_written_is_written_afresh() {
    let odd =
        |fields: &[(&str, &str)]| LaxHeader::of(fields.iter().map(|(name, value)| (*name, value.as_bytes()))).is_odd;
    for value in [
        "=?u?Q?a=0Ab?=",
        "=?u?Q?a=0D?=",
        "=?u?Q?a?b?=",
        "=?u?Q?a;b?=",
        "=?u?Q?a b?=",
        "=?u?Q?a",
        "=?u?X?a?=",
        "=?u?QQ?a?=",
        "=?u?Q?a?==",
        "=?u?Q?a?=?x",
        "=?u?Q?=3D?= =?u?Q?=3Fx?=",
        "=?u?B?PT91P3E/YT89?=",
        "=?u?B?AA==?=",
        "a =? b",
        "=?u?Q?a?= =?=\r\n ?Q?b?=",
    ] {
        assert!(odd(&[("Subject", value)]), "{value}");
    }
    for fields in [
        &[("Sub(c)ject", "x")][..],
        &[("Content-Type", "text/plain (c)")],
        &[("Content-Type", "text/plain;"), ("X", "y")],
        &[("X", "y;"), ("Content-Type", "text/plain")],
        &[("Content-Type", "text/plain; x==?u?Q?a?=")],
    ] {
        assert!(odd(fields), "{fields:?}");
    }
    let plain = [
        ("Subject", "=?utf-8?Q?a=3Fb_c?=\r\n =?ISO-2022-JP?b?GyRCPSkbKEI=?= (=?u*en?Q?x?=) ?= =x"),
        ("From", "\"=?utf-8?B?5bGx55Sw?=\" <a@b.example> (x)"),
        ("X-Forefront-Antispam-Report", "CIP:1.2.3.4;SFV:NSPM;"),
        ("X-Other", "y;"),
        ("MIME-Version", "1.0 (x)"),
        ("Content-Type", "text/plain; charset=\"utf-8\""),
        ("Content-Disposition", "inline"),
    ];
    assert!(!odd(&plain));
}

// spec: MAIL-AMBIGUOUS (to some the name of a field is whatever contains it)
#[test]
fn a_field_that_only_some_take_for_one_of_mime() {
    let names = |name: &str, value: &str| LaxHeader::of(std::iter::once((name, value.as_bytes()))).names_a_file;
    for name in ["Content-Transfer-Encodings", "X-Content-Transfer-Encoding", "Content-Transfer(x)-Encoding"] {
        assert!(names(name, " base64") && names(name, " x 8bit; quoted-printable") && !names(name, " 8bit"), "{name}");
    }
    assert!(names("=?us-ascii?Q?Content-Transfer-Encoding?=", "base64"));
    assert!(names("Content-Types", " multipart/appledouble") && names("X-Content-Type", "application/applefile"));
    assert!(names("Content-Type", " text/plain; na(c)me=a") && names("X-Content-Disposition", " x; filename=a"));
    assert!(names("X-Content-Location", "a") && !names("X-Content-Type-Message-Body", " 1"));
    assert!(
        !names("X-Original-Content-Type", " text/plain; charset=utf-8")
            && !names("Content-Transfer-Encoding", "base64")
    );
    let open = [("Content-Type", &b" text/plain; "[..]), ("X", b" y;"), ("Z", b" name=a")];
    assert!(LaxHeader::of(open.into_iter()).names_a_file);
}

// spec: MAIL-AMBIGUOUS, MAIL-NONE (a file's data below a header is held; words there leave in base64, in which nobody sees the header)
#[test]
fn a_file_s_data_below_a_header_in_a_text_is_held_and_words_are_not() {
    let below = |encoding: &str, text: &str| by_lines(&format!("Hi\r\n\r\n{encoding}\r\nX: y\r\n\r\n{text}\r\n"));
    let data = "TVqQAAMAAAAEAAAA//8AALgA".repeat(3);
    for encoding in [
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: binary base64",
        "Content-Transfer-Encoding: x-8bit-base64 (7bit)",
        "Content-Transfer-Encoding: ba(c;\")\")se64",
        "Content-Transfer-Encoding\r\n: base64",
        "Content-Transfer-Encodings:\r\n\tBASE64",
        "Date: x\r\nX-Content-Transfer-Encoding: base64",
    ] {
        for text in [data.clone(), format!("{data}QQ=="), format!("{}\r\n\r\n{data}", "-\r\n".repeat(400))] {
            assert_eq!(below(encoding, &text), (true, true), "{encoding}: {text}");
        }
        for text in [
            "よろしく\r\n-- \r\n佐藤",
            "JavaScriptのMailParserで解析しました。PowerShellでも同じです。",
            "src/test/java/jp/co/acme/Order2ServiceTest\r\ngetCustomerOrderDetailListV2\r\ngetCustomerOrderDetailItemV2",
            "Message-ID: <CAF4xYz1AbCdEf0123AbCdEf0123AbCdEf0123AbCdEf0123@mail.example>",
            "https://zoom.example/j/123?pwd=QWJDZEVmR2hJaktsTW5PcFFyU3RVdg09QWJDZEVmR2hJaktsTW5PcFFyU3RVdg09",
            "DKIM-Signature: v=1; a=rsa-sha256; b=x\r\n AbCdEf0123AbCdEf0123AbCdEf0123AbCdEf0123AbCdEf0123AbCdEf0123AbCd",
            "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e",
            "Date: x\r\n\r\nbegin 3 lots",
        ] {
            assert_eq!(below(encoding, text), (false, true), "{encoding}: {text}");
        }
    }
    let quoted = "Content-Transfer-Encoding: quoted-printable";
    assert_eq!(below(quoted, &"=E3=81=82".repeat(4)), (true, true));
    assert_eq!(below(quoted, &("=E3=81=82".repeat(4) + "=")), (true, true));
    for text in [
        "========\r\nhttps://a.example/?x=y&id=12",
        "A社=20台 B社=30台",
        "合計=\r\n10",
        "=10=20=30=40=50=60=70=80",
        "「=E3=81=82=E3=81=82=E3=81=82=E3=81=82」とは何ですか",
    ] {
        assert_eq!(below(quoted, text), (false, true), "{text}");
    }
    // Without such a field it is nothing that anybody decodes.
    assert_eq!(below("Content-Transfer-Encoding: 7bit", &data), (false, true));
}

// spec: MAIL-AMBIGUOUS (found by review: ripmime cuts a line at its 1,023rd octet, and finds a file in one that has no other below it)
#[test]
fn a_file_within_one_long_line_leaves_in_base64() {
    let pad = |text: &str| format!("{text}{}", "/".repeat(1023 - text.len()));
    for begin in ["begin 644 a.exe", "BEGIN\t1 a", "begin\u{b}x"] {
        for far in [1023, 2046, 64 << 10, (64 << 10) + 100] {
            let text = format!("{}{}{}{}end", "x".repeat(far), pad(begin), pad("#0V%T"), pad("`"));
            assert!(by_lines(&text).1, "{begin} {far}");
        }
        assert!(by_lines(&format!("{}{begin}", "x".repeat((64 << 10) + 20))).1, "{begin}");
    }
    // What stands before the mode, where it stands, and the data, is whatever it is: ripmime takes any line for one, and makes up what is missing.
    for begin in ["begin\u{c}foo 644 a.exe", "begin\u{b}x", "begin the evil.exe", "BEGIN\tx\t", "begin at 10 o'clock"] {
        for below in ["", "words\r\n", "#0\r\nbegin\n644 x", "\r\nend at 11\r\n"] {
            assert_eq!(by_lines(&format!("Hi\r\n{begin}\r\n{below}")), (false, true), "{begin}");
        }
    }
    // 341 characters of one octet that have three once they are written.
    for charset in ["windows-1252", "windows-1251"] {
        let text = [&[0x96; 341][..], b"begin 644 a.exe"].concat();
        assert!(found(false, Some(charset), &text).veil && found(true, Some(charset), &text).veil, "{charset}");
        assert!(!found(false, Some(charset), &[&[0x96; 100][..], b"begin 644 a.exe"].concat()).veil, "{charset}");
    }
    assert_eq!(by_lines(&format!("{} beginning", "x".repeat(2000))), (false, false));
    assert_eq!(by_lines("We begin at ten.\r\nBye\r\n"), (false, false));
}

// spec: MAIL-AMBIGUOUS, 3.4a (found by review: what looks like a part before the first and after the last one)
#[test]
fn what_could_be_a_field_in_a_margin_is_held() {
    let is_held = |text: &str| {
        let mut scan = MarginScan::default();
        text.as_bytes().chunks(7).for_each(|piece| scan.push(piece));
        scan.finish()
    };
    let far = "x".repeat(1023);
    for text in [
        "From: x\r\n=?a?Q?Con?tent-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n",
        "From: x\r\n=?a?Q?Con;tent-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n",
        &format!("{far}From: x\r\nX-Content-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n"),
        &format!("{far}Content-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n"),
        "begin\u{b}foo 5 evil.exe\r\nMvcuohu EpdepvSq|teIxmspHteXImTmcjs}]iduipTerkumtptYdpuidkten\r\n`\r\nend\r\n",
        // Some drop a NUL.
        "Hi\r\nbe\0gin 644 a.exe\r\n#0V%T\r\n",
        "Hi\rContent-\0Foo: x\r",
    ] {
        assert!(is_held(text), "{text}");
    }
    for text in ["", "This is a multi-part message in MIME format.\r\n", "\r\n-- \r\n佐藤 (Sato)\r\n", &far] {
        assert!(!is_held(text), "{text}");
    }
}

// spec: MAIL-ACCEPT, MAIL-AMBIGUOUS (a mail of many lines that are left open is read in a time that grows with its size: with its square, this would take hours)
#[test]
fn what_is_left_open_line_after_line_takes_no_long_time() {
    const SIZE: usize = 1 << 20;
    let text = |unit: &str| {
        let mut scan = BodyScan::new(false, None);
        format!("Subject: x\r\n{}", unit.repeat(SIZE / unit.len()))
            .as_bytes()
            .chunks(65536)
            .for_each(|piece| scan.push(piece));
        scan.finish()
    };
    // Some see encoded words in all of them.
    for unit in
        ["?Q?a?= =?x\r\n", "=?u?Q?a?= =?x\r\n", " =?u?Q?a\r\n", "Content-Type: =?u?Q?a?= =?x\r\n", "=?u?Q?", "=?=?b?"]
    {
        assert!(text(unit).veil, "{unit}");
    }
    for unit in [
        "=?x\r\n",
        "=?\r\n",
        "=?",
        "a;\r\n",
        "Content-Type: a;\r\n",
        "Content-Type: a\r\n b\r\n ",
        "x?=\r\n",
        "(\r\n",
        "a;\r",
        "?Q?",
        "(",
        "c(",
        "(c)",
        "co(\r\n ",
        " \r\n",
        "content-type(",
        "name=;",
        "content-location: /;",
        "content-type;",
        "=?x?x?",
        "\r\n=?",
        "begin \r\n",
        "begin ",
        "\r",
        "-",
    ] {
        let _ = text(unit);
    }
    assert!(!text(&format!("=?{}", "a\r\n".repeat(40_000))).file_as_text);
    let header = |value: &str, times: usize| {
        LaxHeader::of((0..times).map(|at| (if at % 2 == 0 { "X" } else { "Y" }, value.as_bytes())))
    };
    for value in ["?Q?a?= =?x", "a =?u?Q?b?= =?u?Q", &format!("{};", "y".repeat(400)), "=?x", "b;", "(", "x=?u?Q?a"] {
        let _ = header(value, 10_000);
    }
    for unit in ["(", "(\"", "=?", "?=", "=?u?Q?", "?Q?", "name;", "name ", ";", "content-type("] {
        let _ = header(&unit.repeat((256 << 10) / unit.len()), 1);
    }
}
