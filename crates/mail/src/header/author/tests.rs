use super::super::tests::field;

/// The author by a From field whose name shows no other.
fn author(value: &[u8]) -> Option<String> {
    let author = field(value).author().filter(|author| author.is_alone_beside(&[]));
    author.map(|author| author.mailbox.address)
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
        let found = author(value);
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
                let found = author(value.as_bytes());
                assert_eq!(found.as_deref(), Some(address.as_str()), "{value}");
            }
            for value in [
                format!(" {address}, x@evil.example"),
                format!(" x@evil.example <{address}>"),
                format!(" 太郎@evil.example <{address}>"),
                format!(" =?utf-8?q?x=40evil.example=2C?= <{address}>"),
            ] {
                let found = author(value.as_bytes());
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
            let found = author(value.as_bytes());
            assert!(found.is_none(), "{address:?}: {found:?}");
        }
    }
    for address in ["a@会社.example", "a@カイシャ.example", "a@BÜCHER.example", "a@xn--6oq404h.example"] {
        assert!(author(format!(" <{address}>").as_bytes()).is_some(), "{address}");
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
                let found = author(value.as_bytes());
                assert!(is_torn || found.as_deref() == Some("a@acme.example"), "{name}: {value}: {found:?}");
            }
        }
    }
}

/// Names in which who decodes encoded words first finds another author.
const OTHER_AUTHORS: &[&str] = &[
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
    "x@[IPv6:2001:db8::1]",
    "[x@evil.example]",
    "CEO\\ x@evil.example",
    "x@evil.example>",
    "x@evil.example)",
    "info@acme.example, x@evil.example",
    // An open quote or parenthesis, and those who look for angle brackets alone.
    "\" <x@evil.example>",
    "CEO ( <x@evil.example>",
    "(\\) <x@evil.example>",
    "CEO (x@evil.example",
    "\" (x@evil.example)",
    "(<x@evil.example>)",
    "\"<x@evil.example>\"",
    // What is no domain as it stands, and shows one.
    "x@evil.example!",
    "x@evil.example.A",
    "x@evil.m\u{30a}useum",
    "x@evil.example.1.2課",
    "\"x@evil.example\" <",
    "x@evil.example.-",
    "x@evil.example..info",
    "x @ evil . example A.B",
    "\"x@()evil.example\"\"",
    "x@evil.example。",
    "x@evil.example。よろしく",
    "x@acme.example[evil.example",
    "x@(CEO)「evil.example",
    "\"CEO\" x@(c)evil.example",
    "x@。evil.example",
    "x@\\evil.example",
    "\"x@evil.example\", CEO",
    "\"x@evil.example\" \"",
    "x@evil.example?",
    "x@evil.example=",
    "x@evil.example/CEO",
    "x@evil.example #1",
    "x@!evil.example",
    "x@acme.example!evil.example",
    "x@evil.example様",
    "x@evil。example様",
    "x@evil.example 様",
    "x@acme.example vil.example",
    "x@acme.example様.evil.example",
    "x@notacme.example",
    "x@evil.example\u{2026}",
    "x@ev\u{ad}il.example",
    "x@evil.m\u{301}useum",
    // Everything but a quote, a parenthesis and the like is an atom (RFC 5322).
    "（x@evil.example）",
    "営業部（x@evil.example）",
    "［x@evil.example］",
    "「x@evil.example」",
    "『x@evil.example』",
    "【x@evil.example】",
    "〈x@evil.example〉",
    "“x@evil.example”",
    "‘x@evil.example’",
    "'x@evil.example'",
    "{x@evil.example}",
];

/// Fields in which nobody can tell who the author is once they are decoded.
const NO_AUTHOR: &[&[u8]] = &[
    b" <a@acme.example> =?utf-8?q?=3C.evil.example,x=40acme.example?=",
    b" <a@acme.example> =?utf-8?q?=22x=40evil.example=22?=",
    b" =?utf-8?q?=22x=40evil.example?= <a@acme.example> (=?utf-8?q?=22?=)",
    b" =?utf-8?q?=28x=40evil.example?= <a@acme.example> =?utf-8?q?=29?=",
    b" <a@acme.example> =?utf-8?q?=3C.evil.example?=",
    b" a@acme.example (=?utf-8?q?=3Cx=40evil.example=3E?=)",
    b" =?utf-7?q?+ADw-x+AEA-evil.example+AD4-?= <a@acme.example>",
    b" =?utf-16be?b?AHgAQABlAHYAaQBsAC4AZQB4AGEAbQBwAGwAZQAs?= <a@acme.example>",
    b" =?ibm037?b?p3w=?= <a@acme.example>",
    b" \"CEO =?utf-8?q?=22_=3Cx=40evil.example=3E_=22?=\" <a@acme.example>",
    b" a@acme.example =?utf-8?q?=2C_x=40evil.example?=",
];

// spec: RCV-ALIGN (found by review)
#[test]
fn who_decodes_the_name_first_finds_no_other_author() {
    for name in OTHER_AUTHORS {
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
            let shows_another = !name.contains(['\0', '\n']);
            assert_eq!(
                found.map(|author| author.is_alone_beside(&[])),
                shows_another.then_some(false),
                "{name:?}: {word}"
            );
        }
    }
    for value in NO_AUTHOR {
        let found = author(value);
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
        "営業部 (x@evil.example)",
        "'佐藤 花子' (x@evil.example) 経由",
        "「info@acme.example」",
        "「田中@Acme Co.」営業部",
        "'info@acme.example'",
        "info@acme.example様",
        "営業部 info@acme.example 田中",
        "info@acme.example!",
        "営業@www.acme.example",
        "\" <info@acme.example>",
        "(<t-tanaka@acme.example>)",
        "田中@営業No.1課",
        "田中@v1.2版",
        "田中@在宅勤務中。TELは携帯へ",
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
        assert!(author(value.as_bytes()).is_some(), "{name:?}");
    }
    let idn = encodify::base64::STANDARD.encode("営業部 info@xn--6oq404h.example");
    assert!(author(format!(" =?utf-8?B?{idn}?= <a@会社.example>").as_bytes()).is_some());
    for word in [
        "=?hz-gb-2312?Q?~{VPND~}?=",
        "=?iso-2022-kr?B?GyQpQw4+OyE+?=",
        "=?ISO-2022-CN*zh?B?GyQpQQ5WUE5EDw==?=",
        "=?hz?B?fntWUCI8TkR+fQ==?=",
    ] {
        assert!(author(format!(" {word} <a@acme.example>").as_bytes()).is_some(), "{word}");
    }
    for word in [
        "=?hz-gb-2312?Q?x=40evil.example?=",
        "=?hz?q?~{VP\"~}?= =?utf-8?q?=3Cx=40evil.example=3E?=",
        "=?hz?q?~{VP?= =?ibm037?b?p3w=?=",
    ] {
        assert!(field(format!(" {word} <a@acme.example>").as_bytes()).author().is_none(), "{word}");
    }
}

/// Random names of these parts, each of up to seven.
fn names(parts: &[&str], count: usize) -> Vec<String> {
    let mut state = 1u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    (0..count).map(|_| (0..=below(7)).map(|_| parts[below(parts.len())]).collect()).collect()
}

/// As the field is sent, with this name in an encoded word.
fn with_name(name: &str) -> String {
    format!(" =?utf-8?B?{}?= <a@acme.example>", encodify::base64::STANDARD.encode(name))
}

// spec: RCV-ALIGN (found by review)
#[test]
fn what_stands_round_a_foreign_address_hides_it_from_nobody() {
    let marks = [
        "「", "」", "（", "）", "'", "“", "”", "!", "?", "=", "/", "#", "様", "。", "、", " ", "\u{3000}", "\u{200b}",
        "田中", ",", ";", ":", "{", "}", "<", ">",
    ];
    for (before, after) in names(&marks, 3000).iter().zip(names(&marks, 3001).iter().skip(1)) {
        for open in ["", "\"", "(", "\\"] {
            let name = format!("{open}{before}x@evil.example{after}");
            assert_eq!(author(with_name(&name).as_bytes()), None, "{name:?}");
        }
    }
}

// spec: RCV-ALIGN (found by review)
#[test]
fn what_nobody_sees_in_a_foreign_domain_hides_it_from_nobody() {
    let unseen = [
        '\u{ad}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2060}',
        '\u{2064}',
        '\u{feff}',
        '\u{fe0f}',
        '\u{34f}',
        '\u{180e}',
        '\u{61c}',
        '\u{e0041}',
        '\u{301}',
        '\u{20dd}',
        '\u{3164}',
    ];
    for c in unseen {
        for name in [
            format!("ceo@evil{c}.example"),
            format!("ceo@ev{c}il.example"),
            format!("ceo@{c}evil.example"),
            format!("ceo@evil.{c}example"),
            format!("ceo@evil.exam{c}ple"),
        ] {
            for behind in ["", "!", "」", "様", " (CEO)", "。", "\u{200b}!", ")"] {
                let name = format!("{name}{behind}");
                assert_eq!(author(with_name(&name).as_bytes()), None, "{name:?}");
            }
        }
        for name in [
            format!("田中{c}太郎"),
            format!("Tanaka{c}"),
            format!("営業部 info@acme{c}.example"),
            format!("田中@営業{c}部"),
        ] {
            let is_other = name.contains("acme") && matches!(c, '\u{301}' | '\u{20dd}');
            assert_eq!(author(with_name(&name).as_bytes()).is_none(), is_other, "{name:?}");
        }
    }
    for dot in ['\u{2024}', '\u{fe52}', '\u{ff0e}', '\u{ff61}', '\u{3002}'] {
        for behind in ["", "!", "」"] {
            let name = format!("ceo@evil{dot}example{behind}");
            assert_eq!(author(with_name(&name).as_bytes()), None, "{name:?}");
        }
    }
}

// spec: RCV-ALIGN
#[test]
fn an_ordinary_name_without_an_address_or_with_a_colleague_s_is_a_name() {
    let parts = [
        "田中",
        "太郎",
        "(",
        ")",
        "（",
        "）",
        "「",
        "」",
        "【",
        "】",
        "\"",
        "'",
        " ",
        "\u{3000}",
        ".",
        ",",
        ":",
        ";",
        "A.B.C",
        "株式会社",
        "Co., Ltd.",
        "Inc.",
        "様",
        "<",
        ">",
        "\\",
        "。",
        "2026.11.22",
        "www.evil.example",
    ];
    let colleagues = ["", "@営業部", "@A.B.C", " info@acme.example ", "「t-sato@sub.acme.example」"];
    for (at, name) in names(&parts, 5000).iter().enumerate() {
        let name = format!("{name}{}", colleagues[at % colleagues.len()]);
        assert_eq!(author(with_name(&name).as_bytes()).as_deref(), Some("a@acme.example"), "{name:?}");
    }
}

// spec: RCV-ALIGN
#[test]
fn another_parser_that_decodes_first_finds_no_author_elsewhere() {
    let parts = [
        "\"",
        "(",
        ")",
        "\\",
        "<",
        ">",
        ",",
        ":",
        ";",
        "@",
        ".",
        " ",
        "x@evil.example",
        "<x@evil.example>",
        "evil.example",
        "x",
        "「",
        "!",
        "様",
        "[",
        "]",
        "a@acme.example",
    ];
    let (mut taken, mut refused) = (0, 0);
    for name in names(&parts, 5000).iter().filter(|name| name.contains("evil")) {
        if author(with_name(name).as_bytes()).is_none() {
            refused += 1;
            continue;
        }
        taken += 1;
        let decoded = format!("From: {name} <a@acme.example>\r\n\r\n");
        let read = mail_parser::MessageParser::new().parse(decoded.as_bytes());
        let found = read.as_ref().and_then(|mail| mail.from()?.first()?.address()).unwrap_or_default();
        let domain = found.rsplit_once('@').map_or("", |(_, domain)| domain);
        let is_one = !domain.contains(['<', '>', ',', ';']);
        assert!(!(is_one && domain.contains("evil.example")), "{name:?}: {found}");
    }
    assert!(taken > 500 && refused > 500, "{taken} {refused}");
}

// spec: RCV-ALIGN RCV-TENANT
#[test]
fn a_name_may_show_an_address_of_the_section_s_own() {
    let ours = ["acme.example", "acme.test"].map(str::to_owned);
    let is_alone = |name: &str| {
        let base64 = encodify::base64::STANDARD.encode(name);
        let found = field(format!(" =?utf-8?B?{base64}?= <a@acme.example>").as_bytes()).author();
        found.is_some_and(|author| author.is_alone_beside(&ours))
    };
    for name in [
        "info@acme.test",
        "「info@ACME.Test」",
        "info@acme.test様",
        "営業@www.acme.test",
        "info@acme.test, b@sub.acme.example",
    ] {
        assert!(is_alone(name), "{name}");
    }
    for name in [
        "info@notacme.test",
        "info@acme.tests",
        "info@acme.test.evil.example",
        "info@test",
        "info@acme.test, x@evil.example",
    ] {
        assert_eq!(is_alone(name), name == "info@test", "{name}");
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
        let found = author(value);
        assert!(found.is_none(), "{}: {found:?}", value.escape_ascii());
    }
}
