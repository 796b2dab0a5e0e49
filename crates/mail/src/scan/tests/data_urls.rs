//! `data:` URLs, in every way in which HTML and CSS may be read.

use super::*;

fn data_url(html: &str) -> bool {
    found(true, Some("utf-8"), html.as_bytes()).data_url
}

// spec: 3.4a (data: URLs as a browser reads them)
#[test]
fn data_urls_in_attributes() {
    for attribute in
        ["src", "href", "data", "background", "poster", "action", "formaction", "cite", "xlink:href", "SRC", "srcset"]
    {
        assert!(data_url(&format!("<p>x<img {attribute}=\"data:image/png;base64,AA\">")), "{attribute}");
    }
    let yes = [
        "<img src=data:image/png,x>",
        "<img src='DaTa:x'>",
        "<img\nsrc\n=\n\"data:x\">",
        "<img/src=data:x>",
        "<img src=\"\u{1}\t da\nta\r:x\">",
        "<img src=\"&#100;&#x61;ta&colon;x\">",
        "<img src=\"&#100ata:x\">",
        "<img src=\"d&Tab;ata&#58x\">",
        "<img src=data&colon;x>",
        "<img alt='>' src=\"data:x\">",
        "<img alt=\"a\" title='b' src=data:x",
        "<img srcset=\"a.png 1x, data:x 2x\">",
        "<img srcset=\"a.png,data:x\">",
        "<img a b=c d src=\"data:x\">",
        "<svg><image xlink:href=\"data:x\"/></svg>",
        "<noscript><img src=\"data:x\"></noscript>",
        "<!-- c --><img src=\"data:x\">",
        "<!--><img src=\"data:x\">",
        "<!---><img src=\"data:x\">",
        "<!-- a --!><img src=\"data:x\">",
        "<!DOCTYPE html><?xml?><img src=\"data:x\">",
        "<![if !mso]><img src=\"data:x\"><![endif]>",
        "<!--[if gte mso 9]><v:fill src=\"data:x\"/><![endif]-->",
        "<!--[if mso]><img alt=\"-\" src='data:x'><![endif]-->",
        "<!--[if !mso]><!-- --><img src=\"data:x\"><!--<![endif]-->",
        "<title><b></title><img src=\"data:x\">",
        "<script>if(a<b && c=='x</script><img src=\"data:x\">",
        "<svg><title><img src=\"data:x\"></title></svg>",
        "<svg><![CDATA[ > <a b=\" ]]><img src=\"data:x\">",
        "</ bogus><a href=data:x>",
        "a < b <a href=data:x>",
        "<img src=\"&#0000000000000000000000000000000000000000100;ata:x\">",
        "<img src=\"&#x0000000000000000000000000000000000000000064;ata:x\">",
        "<svg><style><style><img src=\"data:x\"></style></style></svg>",
        "<svg><style><style><style><xmp><img src=\"data:x\"></xmp></style></style></style></svg>",
        "<math><style><xmp><img src=\"data:x\"></xmp></style></math>",
        "<svg><xmp><xmp><img src=\"data:x\"></xmp></xmp></svg>",
        "<svg><style>a{b:u<!-- -->rl(data:x)}</style>",
        "<svg><style>a{b:u<g>r</g>l(d&#97;ta:x)}</style>",
        "<select><style></select><img src=data:x>",
        "<noscript><style></noscript><img src=data:x>",
        "<noscript><p title='</noscript><img src=data:x>'>",
        "<iframe><img src=data:x></iframe>",
        "<iframe srcdoc='&lt;img src=data:x>'>",
        "<iframe srcdoc='<iframe srcdoc=\"<img src=data:x>\">'>",
        "<xmp><img src=data:x></xmp>",
        "<plaintext><img src=data:x>",
        "<title/><img src=data:x>",
        "<!--><p title='--><img src=data:x>'>",
        "<!-- -- ><img src=data:x>-->",
        "<script><!--<script></script><p title='</script><img src=data:x>'>",
        "<im\0g sr\0c=da\0ta:x>",
        "<style></st\0yle><img src=data:x>",
    ];
    for html in yes {
        assert!(data_url(html), "{html}");
    }
}

// spec: 3.4a (title="data: …", comments and plain text are none)
#[test]
fn what_is_no_data_url() {
    let no = [
        "<p title=\"data: x\">data: x, src=\"data:x\"</p>",
        "<img alt=\"data:x\" data-src=\"data:x\" src=\"a.png\">",
        "<img src=\"https://example.jp/?u=data:x\">",
        "<img src=\"./data:x\">",
        "<!-- <img src=\"data:x\"> -->",
        "<!-- -> <img src=\"data:x\"> --->",
        "<!--[endif] <img src=\"data:x\"> -->",
        "<textarea><img src=\"data:x\"></textarea>",
        "<script>var x = '<img src=\"data:x\">';</script>",
        "<title><img src=\"data:x\"></title>",
        "<a href=\"&amp;data:x\">",
        "<a href=\"cid:data:x\">",
        "</a href=\"data:x\">",
        "<a href=\"metadata:x\">",
        "<p style=\"content: 'data:x'\">",
        "<style>/* url(data:x) */ p:before { content: \"data:x\" }</style>",
        "<style>a::after{content:'url(data:x)'}</style>",
        "<img srcset=\"a.png 1x, b.png data:x\">",
        "<>src=\"data:x\"",
        "text",
        "",
    ];
    for html in no {
        assert!(!data_url(html), "{html}");
    }
}

// spec: 3.4a (CSS in style attributes and elements, with its escapes)
#[test]
fn data_urls_in_css() {
    let yes = [
        "<p style=\"background: url(data:x)\">",
        "<p style=\"background:url( 'data:x' )\">",
        "<p style='background:URL(\"data:x\")'>",
        "<p style=\"background:url&lpar;&#100;ata:x)\">",
        "<p style=\"background:u\\72l(data:x)\">",
        "<p style=\"background:url(d\\61 ta:x)\">",
        "<p style=\"background:url(\\64 at\\000061:x)\">",
        "<p style=\"background:url('da\\\nta:x')\">",
        "<p style=\"a:b;/* ' */background:url(data:x)\">",
        "<p style=\"background:url(a.png), url(data:x)\">",
        "<p style=\"background:image-set(url(a) 1x, 'data:x' 2x)\">",
        "<style>p { background: url(data:x) }</style>",
        "<STYLE type=text/css>@import \"data:text/css,x\";</STYLE>",
        "<style>@import url(data:text/css,x);</style>",
        "<style><!-- p { background: url(data:x) } --></style>",
        "<style></sty</stylee url(data:x)</style>",
        "<p style=\"content:'&#12;;background:url(data:x)\">",
        "<p style=\"content:'&#13;;background:url(data:x)\">",
        "<p style=\"content:'\u{c};background:url(data:x)\">",
        "<style>p{content:'\r;background:url(data:x)}</style>",
        "<style>p{content:'a\\\r\nb';background:url(data:x)}</style>",
        "<style>p{content:'\\61\r\nb';background:url(data:x)}</style>",
    ];
    for html in yes {
        assert!(data_url(html), "{html}");
    }
    assert!(
        found(
            true,
            Some("utf-16le"),
            &"<img src=\"data:x\">".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()
        )
        .data_url
    );
    assert!(found(true, Some("utf-7"), b"<img src=+ACI-data:x+ACI-+AD4-").data_url);
    assert!(found(true, Some("iso-2022-jp"), b"\x1b$B$3\x1b(B<img src=\"data:x\">").data_url);
    assert!(!found(false, Some("utf-8"), b"<img src=\"data:x\">").data_url);
}

// spec: 3.4a (where the charset can only be guessed)
#[test]
fn data_urls_in_octets_of_which_nobody_says_what_they_are() {
    let page = "<p>x<img src=\"data:x\">";
    let jis = [b"<p>\x1b$B", page.as_bytes()].concat();
    for charset in [None, Some("us-ascii"), Some("x-unknown")] {
        assert!(found(true, charset, &jis).data_url, "{charset:?}");
    }
    assert!(!found(true, Some("iso-2022-jp"), &jis).data_url);
    let utf16: Vec<u8> = format!("\u{feff}{page}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(found(true, None, &utf16).data_url);
    assert!(found(true, Some("utf-8"), &utf16).data_url);
    let utf32: Vec<u8> = page.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    assert!(found(true, Some("utf-32"), &utf32).data_url);
    assert!(!found(true, None, b"<p title=\"data:x\">\x1b$B").data_url);
}

// spec: 3.4a, MAIL-AMBIGUOUS (in the charset that a document names, and for who does not believe it)
#[test]
fn data_urls_in_a_document_that_names_its_charset() {
    let page = "<p>x<img src=\"data:x\">";
    for name in ["big5", "iso-2022-jp", "utf-16", "cp437", "x-foo", "windows-1251"] {
        for text in ["", "\u{3042}", "<!-- \u{3042}"] {
            let head = format!("<meta charset={name}>{text}");
            let shown = !text.starts_with("<!--");
            assert_eq!(found(true, None, format!("{head}{page}").as_bytes()).data_url, shown, "{head}");
            // Who guesses by the escape sequences sees something else, and so does who knows none.
            let jis = [head.as_bytes(), b"\x1b$B", page.as_bytes()].concat();
            assert_eq!(found(true, Some("us-ascii"), &jis).data_url, shown, "{head}");
        }
    }
    let jis = [b"<meta charset=iso-2022-jp><p>\x1b$B", &b"<img src=\"data:x\">"[..]].concat();
    assert!(!found(true, Some("iso-2022-jp"), &jis).data_url);
    // What begins later is decoded from there on as well.
    let far = [format!("<meta charset=gb2312>{}", "a".repeat(2000)).as_bytes(), b"\xb2\xe2", page.as_bytes()].concat();
    assert!(found(true, None, &far).data_url);
}

// spec: 3.4a (data: URLs as a browser reads them: whoever is right about the charset)
#[test]
fn data_urls_in_whatever_a_charset_may_be_taken_for() {
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let page = "<p>x<img src=\"data:x\">";
    for start in ["\u{3042}", "\u{3000}", "", "<p title='\u{2200}\u{2700}\u{3e00}\u{3e3e}'>", "\u{4e00}\u{3e22}"] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let octets = utf16(&format!("{start}{page}"), order);
            assert!(found(true, Some("utf-16"), &octets).data_url, "{start}");
            assert!(!found(true, Some("utf-16"), &utf16(&format!("{start}<p>data:x"), order)).data_url, "{start}");
        }
    }
    let marked = format!("\u{feff}{page}");
    for charset in ["utf-16", "utf-16le", "utf-16be", "iso-2022-jp", "utf-7", "utf-32", "shift_jis", "x-unknown"] {
        assert!(found(true, Some(charset), marked.as_bytes()).data_url, "{charset}");
        let shifted = [b"\xef\xbb\xbf\x1b$B", page.as_bytes()].concat();
        assert!(found(true, Some(charset), &shifted).data_url, "{charset}");
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            assert!(found(true, Some(charset), &utf16(&format!("\u{feff}あ{page}"), order)).data_url, "{charset}");
        }
    }
    for jis in [
        &b"<p>\x0e<img src=\"data:x\">\x0f"[..],
        b"<p>\x0e<IMG SRC=\"DATA:,A\">\x0f",
        b"<p>\x1b$(D<IMG SRC=\"data:,A\">\x1b(B",
        b"<p>\x1b$(Q<IMG SRC=\"data:,A\">\x1b(B",
        b"<p>\x1b$B$\"\n<img src=data:x>",
        b"<p>\x1b(I\x0f<IMG SRC=\"DATA:,A\">\n<img src=data:x>",
    ] {
        assert!(found(true, Some("iso-2022-jp"), jis).data_url, "{}", jis.escape_ascii());
        assert!(found(true, Some("cp50221"), jis).data_url, "{}", jis.escape_ascii());
    }
    // Nobody reads it as ASCII.
    assert!(!found(true, Some("iso-2022-jp"), b"<p>\x1b$B<img src=data:x>\x1b(B").data_url);
}

// spec: 3.4a (xlink:href, whatever the prefix)
#[test]
fn data_urls_by_another_prefix() {
    assert!(data_url("<svg xmlns:q=\"http://www.w3.org/1999/xlink\"><image q:href=\"data:image/png,x\"></svg>"));
    assert!(data_url("<svg><a XL:HREF=' data:x'>"));
    assert!(!data_url("<svg><a hrefs='data:x' q-href='data:x' q:hrefs='data:x'>"));
}

// spec: 3.4a, MAIL-AMBIGUOUS (HTML that calls itself UTF-7)
#[test]
fn a_charset_named_in_the_text_is_found_by_any_name() {
    let says = |meta: &str| found(true, Some("utf-8"), format!("<meta {meta}>x").as_bytes()).charset;
    for meta in [
        "charset=utf_7",
        "charset=\"u7\"",
        "charset=cp5035",
        "http-equiv=content-type content=\"xcharset; charset=utf-7\"",
        "http-equiv=content-type content=\"charset=utf-8; charset=utf-7\"",
        "http-equiv=content-type content=\"charset charset = 'utf_7'\"",
    ] {
        assert!(says(meta), "{meta}");
    }
    for meta in [
        "charset=utf-8",
        "charset=utf-16",
        "http-equiv=content-type content=\"text/html; charset=Shift_JIS\"",
        "http-equiv=content-type content=\"text/html; charset=\"",
        "http-equiv=content-type content=\"文字charset=iso-2022-jp文字\"",
        "name=x content=\"utf-7 charset\"",
    ] {
        assert!(!says(meta), "{meta}");
    }
}
