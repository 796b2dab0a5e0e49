use super::*;

fn field(value: &[u8]) -> Field {
    let octets = [b"Subject:", value, b"\r\n\r\n"].concat();
    Header::parse(&octets, 0).fields.remove(0)
}

#[test]
fn fields_have_their_places() {
    let header = Header::parse(b"A: 1\r\nB : 2\r\n more\r\n\t\r\n:empty\r\nC:\r\n\r\nD: body", 10);
    let fields: Vec<_> = header.iter().map(|f| (f.name(), f.value(), f.range(), f.has_odd_name())).collect();
    assert_eq!(
        fields,
        [
            ("A", &b" 1"[..], 10..16, false),
            ("B", b" 2\r\n more\r\n\t", 16..33, true),
            ("", b"empty", 33..41, false),
            ("C", b"", 41..45, false)
        ]
    );
    assert_eq!(header.first("b").map(Field::text), Some("2 more".to_owned()));
    assert!(Header::parse(b"no header\r\n\r\n", 0).is_empty());
}

// spec: MAIL-NAMES, MAIL-REBUILD
#[test]
fn unstructured_fields_are_decoded() {
    let cases: &[(&[u8], &str)] = &[
        (b" plain text", "plain text"),
        (b" folded\r\n text\r\n\twith tab", "folded text with tab"),
        (b" =?UTF-8?B?44GC?= b =?utf-8?q?=E3=81=84_x?=", "あ b い x"),
        (b" =?utf-8?B?44GC?=\r\n =?UTF-8?B?44GE?=", "あい"),
        (b" =?utf-8?B?44E=?= =?utf-8?B?gg==?=", "あ"),
        (b" =?utf-8?Q?=E3=81?=\r\n\t=?utf-8?Q?=82?=", "あ"),
        (b" =?ISO-2022-JP?B?GyRCJCIbKEI=?= =?ISO-2022-JP?B?GyRCJCQbKEI=?=", "あい"),
        (b" =?iso-2022-jp*ja?B?GyRCJCIbKEI=?=", "あ"),
        (b" =?shift_jis?B?lVw=?=x", "表x"),
        (b" a=?utf-8?Q?b?=c", "abc"),
        (b" =?utf-8?Q?two words?=", "two words"),
        (b" =?utf-8?Q?bad=ZZ?=", "bad=ZZ"),
        (b" =?utf-8?X?abc?= =?utf-8?Q?unfinished", "=?utf-8?X?abc?= =?utf-8?Q?unfinished"),
        (b" \x1b$BF|K\\\x1b(B", "日本"),
        (b" \x93\xfa\x96\x7b\x95\x5c", "日本表"),
        (b" \xc6\xfc\xcb\xdc\xa4\xce", "日本の"),
        ("日本".as_bytes(), "日本"),
    ];
    for (value, text) in cases {
        assert_eq!(&field(value).unstructured(), text);
    }
}

#[test]
fn address_lists_are_read() {
    type Case = (&'static [u8], &'static [(Option<&'static str>, &'static str)]);
    let cases: &[Case] = &[
        (b" a@example.jp, B <b@example.jp>", &[(None, "a@example.jp"), (Some("B"), "b@example.jp")]),
        (b" \"Doe, John\" <j@example.jp>", &[(Some("Doe, John"), "j@example.jp")]),
        (b" \"=?utf-8?B?44GC?=\" <j@example.jp>", &[(Some("あ"), "j@example.jp")]),
        (
            b" =?utf-8?Q?Doe,_J?= <j@example.jp>,<k@example.jp>",
            &[(Some("Doe, J"), "j@example.jp"), (None, "k@example.jp")],
        ),
        (b" =?utf-8?Q?a,b?= <j@example.jp>", &[(Some("a,b"), "j@example.jp")]),
        (b" \x1b$B;3ED\x1b(B <y@example.jp>", &[(Some("山田"), "y@example.jp")]),
        (b" \x8e\x52\x93\x63 <y@example.jp>", &[(Some("山田"), "y@example.jp")]),
        (b" y@example.jp (Yamada (Sales))", &[(Some("Yamada (Sales)"), "y@example.jp")]),
        (
            b" Team: a@example.jp, b@example.jp;, c@example.jp",
            &[(None, "a@example.jp"), (None, "b@example.jp"), (None, "c@example.jp")],
        ),
        (b" undisclosed-recipients:;", &[]),
        (b" a..b.@docomo.example", &[(None, "a..b.@docomo.example")]),
        (b" \"a b\"@example.jp", &[(None, "\"a b\"@example.jp")]),
        (b" <@r.example,@s.example:u@example.jp>", &[(None, "u@example.jp")]),
        (b" u@[192.0.2.1]; v@[IPv6:2001:db8::1]", &[(None, "u@[192.0.2.1]"), (None, "v@[IPv6:2001:db8::1]")]),
        (b" Mary Smith", &[(Some("Mary Smith"), "")]),
        (b" \"unfinished <a@example.jp>", &[(Some("unfinished <a@example.jp>"), "")]),
        (b" ,, ;", &[]),
        // Two without a comma: never one of them alone.
        (b" <x@evil.example> <a@acme.example>", &[(None, "x@evil.example"), (None, "a@acme.example")]),
        (b" x@evil.example a@acme.example", &[(None, "x@evil.example"), (None, "a@acme.example")]),
        (b" x@evil.example(c)a@acme.example", &[(None, "x@evil.example"), (None, "a@acme.example")]),
        (b" <a@acme.example> x@evil.example", &[(None, "x@evil.example"), (None, "a@acme.example")]),
        (
            b" x@evil.example <a@acme.example>, b@acme.example",
            &[(None, "x@evil.example"), (None, "a@acme.example"), (None, "b@acme.example")],
        ),
        (b" A@acme.example <a@acme.example>", &[(Some("A@acme.example"), "a@acme.example")]),
        (b" \"b@acme.example\" <a@acme.example>", &[(Some("b@acme.example"), "a@acme.example")]),
        (b" Tanaka @ Acme <a@acme.example> (sales)", &[(Some("Tanaka @ Acme"), "a@acme.example")]),
        (b" a @acme.example", &[(None, "a@acme.example")]),
    ];
    for (value, expected) in cases {
        let found = field(value).addresses();
        let found: Vec<_> = found.iter().map(|a| (a.name.as_deref(), a.address.as_str())).collect();
        assert_eq!(&found, expected, "{}", String::from_utf8_lossy(value));
    }
}

// spec: MAIL-NAMES (encoded words with raw octets)
#[test]
fn raw_octets_in_encoded_words_are_what_the_label_says_or_utf_8() {
    let cases: [(&[u8], &str); 8] = [
        (b" =?iso-8859-1?Q?Fr\xC3\xB6sche?=", "Fr\u{f6}sche"),
        (b" =?iso-8859-1?Q?Fr\xF6sche?=", "Fr\u{f6}sche"),
        (b" =?iso-8859-2?q?\xb1=b1_x?= y", "\u{105}\u{105} x y"),
        (b" =?utf-8?Q?Fr\xC3\xB6sche?= =?utf-8?Q?_x?=", "Fr\u{f6}sche x"),
        (b" =?shift_jis?Q?\x93\xfa\x96\x7b?= \x93\xfa", "\u{65e5}\u{672c} \u{65e5}"),
        (b" =?iso-8859-1?Q?Fr=F6sche?=", "Fr\u{f6}sche"),
        (b" =?us-ascii?Q?\xE6\x97\xA5=E6=9C=AC?=", "\u{65e5}\u{672c}"),
        (b" =?x \xC3\xB6 ?=", "=?x \u{f6} ?="),
    ];
    for (value, expected) in cases {
        assert_eq!(field(value).unstructured(), expected, "{}", value.escape_ascii());
    }
}

// spec: RCV-ALIGN
#[test]
fn the_author_is_the_one_mailbox_that_every_reader_finds() {
    let legitimate: [&[u8]; 19] = [
        b" a@acme.example",
        b" <a@acme.example>",
        b"\r\n a@acme.example\r\n\t",
        b" =?utf-8?B?55Sw5Lit?=\r\n <a@acme.example>",
        b" \"Tanaka, Taro\" <a@acme.example>",
        b" \"x@evil.example\" <a@acme.example>",
        b" a@acme.example <a@acme.example>",
        b" a@acme.example (Tanaka (Sales))",
        b" (c) Tanaka <a@acme.example> (x@evil.example)",
        b" a (c) @ (c) acme.example",
        b" \x1b$B;3ED\x1b(B <a@acme.example>",
        b" \x8e\x52\x93\x63 <a@acme.example>",
        b" \"Tanaka @ Acme\" <a@acme.example>",
        b" < a@acme.example >",
        b" a@acme.example,",
        b" =?utf-8?q?Tanaka,_Taro?= <a@acme.example>",
        b" \xe7\x94\xb0\xe4\xb8\xad <a@acme.example>",
        b" \"\xe5\xb1\xb1\xe6\x9c\xac \\\"T\\\"\" <a@acme.example>",
        b" \"x@evil.example@y\" <a@acme.example>",
    ];
    for value in legitimate {
        let found = field(value).author().ok().map(|author| author.address);
        assert_eq!(found.as_deref(), Some("a@acme.example"), "{}", value.escape_ascii());
    }
}

// spec: RCV-ALIGN RCV-ESMTP
#[test]
fn an_author_s_address_may_be_in_utf_8() {
    for local in ["田中", "堀", "ご", "ぁ", "ソ表能", "tanaka.太郎", "Ü", "高橋😀", "é"] {
        for domain in ["acme.example", "会社.example"] {
            let address = format!("{local}@{domain}");
            for value in [
                format!(" {address}"),
                format!(" <{address}>"),
                format!(" 田中 太郎 <{address}>"),
                format!(" \"堀, {local}\" <{address}>"),
            ] {
                let found = field(value.as_bytes()).author().ok().map(|author| author.address);
                assert_eq!(found.as_deref(), Some(address.as_str()), "{value}");
            }
            for value in [
                format!(" {address}, x@evil.example"),
                format!(" x@evil.example <{address}>"),
                format!(" 太郎@evil.example <{address}>"),
                format!(" =?utf-8?q?x=40evil.example=2C?= <{address}>"),
            ] {
                let found = field(value.as_bytes()).author().ok();
                assert!(found.is_none(), "{value}: {found:?}");
            }
        }
    }
}

// spec: RCV-ALIGN
#[test]
fn an_address_that_is_not_what_it_looks_like_is_no_author_s() {
    for address in [
        "a@ａcme.example",
        "a@acme。example",
        "a@ac\u{ad}me.example",
        "a@acme\u{200b}.example",
        "a@acme.example\u{200b}",
        "a@acme.examp\u{2113}e",
        "a\u{200b}@acme.example",
        "\u{202e}a@acme.example",
        "田中\u{fe0f}@acme.example",
        "a@会\u{200d}社.example",
        "a@ｶｲｼｬ.example",
    ] {
        for value in [format!(" {address}"), format!(" Tanaka <{address}>")] {
            let found = field(value.as_bytes()).author().ok();
            assert!(found.is_none(), "{address:?}: {found:?}");
        }
    }
    for address in ["a@会社.example", "a@カイシャ.example", "a@BÜCHER.example", "a@xn--6oq404h.example"] {
        assert!(field(format!(" <{address}>").as_bytes()).author().ok().is_some(), "{address}");
    }
}

// spec: RCV-ALIGN
#[test]
fn an_ordinary_name_is_no_other_author_however_it_is_written() {
    let names = [
        "田中",
        "田中 太郎",
        "田中 (営業部)",
        "田中（営業部）",
        "株式会社A, 田中",
        "Tanaka, Taro",
        "Tanaka <営業>",
        "田中@営業部",
        "Tanaka @ Acme",
        "営業部: 田中",
        "田中; 佐藤",
        "田中 (営業",
        "田中 \"太郎\"",
        "田中 \"太郎",
        "a@acme.example",
        "田中 <a@acme.example>",
        "A@ACME.example, 田中",
        "【重要】総務／田中",
        "O'Neill & Co. [Tokyo]",
        "髙橋 😀",
    ];
    for name in names {
        let base64 = encodify::base64::STANDARD.encode(name);
        let quoted: String = name.bytes().map(|octet| format!("={octet:02X}")).collect();
        for word in [format!("=?utf-8?B?{base64}?="), format!("=?UTF-8?q?{quoted}?=")] {
            for value in [format!(" {word} <a@acme.example>"), format!(" \"{word}\" <a@acme.example>")] {
                // A quote within a quote ends it: what stands behind is read as it likes.
                let is_torn = name.contains('"') && value.starts_with(" \"");
                let found = field(value.as_bytes()).author().ok().map(|author| author.address);
                assert!(is_torn || found.as_deref() == Some("a@acme.example"), "{name}: {value}: {found:?}");
            }
        }
    }
}

// spec: RCV-ALIGN (found by review)
#[test]
fn who_decodes_the_name_first_finds_no_other_author() {
    for name in [
        "CEO <x@evil.example>",
        "CEO <x@evil.example",
        "x@evil.example,",
        "x@evil.example, CEO",
        "CEO, x@evil.example,",
        "x@evil.example",
        "x@evil.example;",
        "CEO: x@evil.example,",
        "x@[192.0.2.1],",
        "x@evil\u{3002}example,",
        "Tanaka\0",
        "Tanaka\r\nFrom: x@evil.example",
        "Tanaka\n\n",
        "Tanaka\nFrom",
        "営業部 x@evil.example",
        "佐藤様<x@evil.example>",
        "佐藤様<x@evil.example> 様",
        "お問い合わせ: x@evil.example",
        "お問い合わせ:x@evil.example",
        "田中@evil.example",
        "x@悪.example",
        "x@ｅｖｉｌ．example",
        "x@悪。example",
        "x@evil.example.",
        "x@evil.みんな",
        "x@evil.xn--q9jyb4c",
        "x@sub.acme.example",
        "x@[IPv6:2001:db8::1]",
        "[x@evil.example]",
        "CEO\\ x@evil.example",
        "x@evil.example>",
        "x@evil.example)",
        "info@acme.example, x@evil.example",
    ] {
        let base64 = encodify::base64::STANDARD.encode(name);
        let quoted: String = name.bytes().map(|octet| format!("={octet:02X}")).collect();
        let (first, second) = quoted.split_at(9);
        for word in [
            format!("=?utf-8?B?{base64}?="),
            format!("=?UTF-8*en?q?{quoted}?="),
            format!("=?utf-8?q?{first}?=\r\n =?utf-8?q?{second}?="),
        ] {
            let found = field(format!(" {word} <a@acme.example>").as_bytes()).author();
            // The reply names what can be mended.
            let why = if name.contains("evil") || name.contains(['@', '。']) {
                NoAuthor::AddressInName
            } else {
                NoAuthor::Unclear
            };
            let why = if name.contains('\n') { NoAuthor::Unclear } else { why };
            assert_eq!(found, Err(why), "{name:?}: {word}");
        }
    }
    let odd: [&[u8]; 5] = [
        b" =?utf-7?q?+ADw-x+AEA-evil.example+AD4-?= <a@acme.example>",
        b" =?utf-16be?b?AHgAQABlAHYAaQBsAC4AZQB4AGEAbQBwAGwAZQAs?= <a@acme.example>",
        b" =?ibm037?b?p3w=?= <a@acme.example>",
        b" \"CEO =?utf-8?q?=22_=3Cx=40evil.example=3E_=22?=\" <a@acme.example>",
        b" a@acme.example =?utf-8?q?=2C_x=40evil.example?=",
    ];
    for value in odd {
        let found = field(value).author().ok();
        assert!(found.is_none(), "{}: {found:?}", value.escape_ascii());
    }
}

// spec: RCV-ALIGN (found by review)
#[test]
fn a_name_with_a_colleague_s_address_or_with_none_that_is_one_is_no_other_author() {
    for name in [
        "営業部（info@acme.example）",
        "営業部 (info@acme.example)",
        "営業部 info@acme.example",
        "営業部 <info@ACME.example>",
        "田中 <t-tanaka@acme.example>",
        "営業部（x@evil.example）",
        "'佐藤 花子' (x@evil.example) 経由",
        "\"x@evil.example\"",
        "田中@株式会社A.B.C",
        "田中@営業No.1",
        "田中@在宅勤務中。連絡は携帯へ",
        "田中@[東京]",
        "田中＠営業部",
        "田中 @tanaka_acme",
        "[営業] 田中",
        "田中\n",
        "田中\r\n",
        "田中 \n ",
        "田中\u{85}",
    ] {
        let base64 = encodify::base64::STANDARD.encode(name);
        let value = format!(" =?utf-8?B?{base64}?= <a@acme.example>");
        assert!(field(value.as_bytes()).author().is_ok(), "{name:?}");
    }
    let idn = encodify::base64::STANDARD.encode("営業部 info@xn--6oq404h.example");
    assert!(field(format!(" =?utf-8?B?{idn}?= <a@会社.example>").as_bytes()).author().is_ok());
    for word in [
        "=?hz-gb-2312?Q?~{VPND~}?=",
        "=?iso-2022-kr?B?GyQpQw4+OyE+?=",
        "=?ISO-2022-CN*zh?B?GyQpQQ5WUE5EDw==?=",
        "=?hz?B?fntWUCI8TkR+fQ==?=",
    ] {
        assert!(field(format!(" {word} <a@acme.example>").as_bytes()).author().is_ok(), "{word}");
    }
    for word in [
        "=?hz-gb-2312?Q?x=40evil.example?=",
        "=?hz?q?~{VP\"~}?= =?utf-8?q?=3Cx=40evil.example=3E?=",
        "=?hz?q?~{VP?= =?ibm037?b?p3w=?=",
    ] {
        assert_eq!(field(format!(" {word} <a@acme.example>").as_bytes()).author(), Err(NoAuthor::Unclear), "{word}");
    }
}

// spec: RCV-ALIGN
#[test]
fn a_field_in_which_a_reader_could_find_another_author_is_nobody_s() {
    let odd: [&[u8]; 40] = [
        b" x @ evil.example <a@acme.example>",
        b" Tanaka @ Acme <a@acme.example>",
        b" a@acme.example; x",
        b"",
        b" ",
        b" Tanaka",
        b" a@acme.example, x@evil.example",
        b" x@evil.example <a@acme.example>",
        b" a@acme.example <x@evil.example>",
        b" <x@evil.example> <a@acme.example>",
        b" x@evil.example a@acme.example",
        b" x@evil.example(c)a@acme.example",
        b" Acme: a@acme.example;",
        b" x@evil.example: a@acme.example;",
        b" Acme: a@acme.example, x@evil.example;",
        b" :a@acme.example;",
        b" undisclosed:;",
        b" <@evil.example:a@acme.example>",
        b" a@acme.example\0",
        b" x@evil.example\0 <a@acme.example>",
        b" a\0@acme.example",
        b" a@acme.example\rFrom: x@evil.example",
        b" a@acme.example\x0b",
        b" =?utf-8?q?a=40acme=2Eexample?=",
        b" <=?utf-8?q?x=40evil=2Eexample=3E?=@acme.example>",
        b" =?utf-8?q?x=40evil=2Eexample?=@acme.example",
        b" \"a@acme.example",
        b" <a@acme.example\" <x@evil.example>",
        b" <a@acme.example(<x@evil.example>",
        b" a@",
        // Octets that are half of a character to some, and a quote or a bracket to others.
        b" \x1b$B<x@evil.example>\x1b(B <a@acme.example>",
        b" \"Taro \x1b$B\" <x@evil.example>, \"\x1b(B\" <a@acme.example>",
        b" \"\x83\\\" <x@evil.example> \" <a@acme.example>",
        b" \"\xe7\x94\x83\\\" <x@evil.example>, \"\" <a@acme.example>",
        // Readers that know no encoded words.
        b" =?utf-8?q?<x@evil.example>,?= <a@acme.example>",
        b" =?utf-8?q?\"?= <x@evil.example>, =?utf-8?q?\"?= <a@acme.example>",
        // Which `@` is it?
        b" x@evil.example@acme.example",
        b" CEO <x@evil.example@acme.example>",
        b" x\xef\xbc\xa0evil.example@acme.example",
        b" x\xef\xb9\xabevil.example@acme.example",
    ];
    for value in odd {
        let found = field(value).author().ok();
        assert!(found.is_none(), "{}: {found:?}", value.escape_ascii());
    }
}

// spec: MAIL-REBUILD (found by fuzzing)
#[test]
fn an_address_with_a_control_character_is_not_sound() {
    for value in ["a@x\u{9d}.jp", "<\"a\\\u{9b}b\"@x.jp>", "<\"a\u{9b}b\"@x.jp>"] {
        let addresses = field(value.as_bytes()).addresses();
        assert!(!addresses.iter().any(Address::is_sound), "{addresses:?}");
    }
}

// spec: MAIL-REBUILD (found by fuzzing)
#[test]
fn an_address_with_quotes_or_white_space_in_its_domain_or_an_encoded_word_is_not_sound() {
    for (value, sound) in [
        (&b"<a@\"x?=; b=\"-y.jp>"[..], false),
        (b"a@\"x\".jp", false),
        (b"<=?utf-8?q?e@x.jp>, b@y.jp", false),
        (b"<d\"| f> (c, a@y.jp, d\"x>", false),
        (b"<\"a@b\">", false),
        (b"a@[192.0.2 .1]", false),
        (b"a@[192.0.2.1]", true),
        (b"<\"a b\"@x.jp>", true),
        (b"<\"a@b\"@x.jp>", true),
    ] {
        let addresses = field(value).addresses();
        assert_eq!(addresses.first().is_some_and(Address::is_sound), sound, "{addresses:?}");
    }
}
