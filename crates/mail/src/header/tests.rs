use super::*;

pub(super) fn field(value: &[u8]) -> Field {
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

// spec: RCV-ALIGN, MAIL-REBUILD (found by fuzzing: a quote that never ends within a source route was left out with the route, and what stood in it was an address)
#[test]
fn an_address_behind_a_source_route_with_an_open_quote_is_not_sound() {
    for value in [&b" <@r\"@v?= <x>\r\n From:a@[192.0.2.1] "[..], b" <@r\"x:a@b.example", b" x <@r\"x:a@b.example>"] {
        let addresses = field(value).addresses();
        assert!(!addresses.is_empty() && !addresses.iter().any(Address::is_sound), "{addresses:?}");
    }
    assert_eq!(field(b" <@r.example,@\"s\".example:a@b.example>").addresses()[0].address, "a@b.example");
}
