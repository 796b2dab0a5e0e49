use super::*;

mod data_urls;
mod fields;
mod uuencode;

fn found(is_html: bool, charset: Option<&str>, octets: &[u8]) -> Found {
    let look = |step: usize| {
        let mut scan = BodyScan::new(is_html, charset);
        octets.chunks(step).for_each(|piece| scan.push(piece));
        scan.finish()
    };
    let whole = look(usize::MAX);
    for step in [1, 2, 3, 7] {
        assert_eq!(look(step), whole, "steps of {step}: {}", octets.escape_ascii());
    }
    whole
}

// spec: MAIL-AMBIGUOUS
#[test]
fn a_text_under_a_name_that_nobody_here_reads_is_told() {
    let unknown = |is_html, charset, octets: &[u8]| found(is_html, charset, octets).unknown;
    for is_html in [true, false] {
        assert!(unknown(is_html, Some("johab"), b"\xd0\x65"));
        assert!(unknown(is_html, Some("x-foo"), &[&b"a".repeat(5000)[..], b"\xe9"].concat()));
        assert!(!unknown(is_html, Some("johab"), b"only ASCII"));
        assert!(!unknown(is_html, Some("x-foo"), "in UTF-8: é".as_bytes()));
        assert!(!unknown(is_html, Some("x-foo"), b"\xff\xfea\0\xe9\0"));
        for leads in [&b"~{Dc:C~}"[..], b"\x1b$)C\x0eN>\x0f", b"a\x1b$A", &[&b"a".repeat(5000)[..], b"~{"].concat()] {
            assert!(unknown(is_html, Some("gb2312-hz"), leads));
        }
        assert!(!unknown(is_html, Some("x-foo"), b"~ {a: ~} ~"));
        assert!(!unknown(is_html, Some("unknown-8bit"), b"\xe9"));
        assert!(!unknown(is_html, Some("cp850"), b"\xe9"));
        assert!(!unknown(is_html, None, b"\xe9"));
        assert_eq!(unknown(is_html, None, b"<meta charset=johab>\xd0\x65"), is_html);
        assert_eq!(unknown(is_html, Some("x-foo"), b"<meta charset=big5>\xb4\xfa"), !is_html);
        assert!(!unknown(is_html, Some("big5"), b"<meta charset=johab>\xb4\xfa"));
    }
}

// spec: MAIL-ACCEPT (inline OpenPGP armour, in either order of UTF-16's octets)
#[test]
fn openpgp_armour_in_utf16() {
    for start in ["あ", "\u{3000}", "\u{feff}", "\u{5e00}\u{4100}"] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let text = format!("{start}\r\n-----BEGIN PGP MESSAGE-----\r\n");
            let octets: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            assert!(found(false, Some("utf-16"), &octets).pgp, "{start}");
            assert!(found(true, Some("utf-16"), &octets).pgp, "{start}");
            assert!(start != "\u{feff}" || found(false, Some("utf-8"), &octets).pgp, "{start}");
        }
    }
}

// spec: MAIL-ACCEPT, 3.4a (inline OpenPGP armour)
#[test]
fn openpgp_armour() {
    let opens = |text: &str| found(false, None, text.as_bytes()).pgp;
    assert!(opens("-----BEGIN PGP MESSAGE-----"));
    assert!(opens("Hi\r\n  -----BEGIN PGP MESSAGE-----  \r\nabc"));
    assert!(opens("-----BEGIN PGP MESSAGE, PART 1/2-----\r\n"));
    assert!(!opens("-----BEGIN PGP MESSAGE----- という行があるメール\r\n"));
    assert!(!opens("> -----BEGIN PGP MESSAGE-----\r\n"));
    assert!(!opens("he wrote -----BEGIN PGP MESSAGE-----"));
    assert!(!opens("-----BEGIN PGP SIGNED MESSAGE-----\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    let html = |text: &str| found(true, None, text.as_bytes()).pgp;
    assert!(html("<p>Hi<br>-----BEGIN&nbsp;PGP&#32;MESSAGE-----<br>x"));
    assert!(html("<pre>\n-----BEGIN PGP MESSAGE-----\n</pre>"));
    assert!(html("<div><span>-----BEGIN</span> PGP MESSAGE-----</div>"));
    assert!(!html("<p>&gt; -----BEGIN PGP MESSAGE-----</p>"));
    assert!(!html("<p title='-----BEGIN PGP MESSAGE-----'>"));
    let utf16: Vec<u8> = "\r\n-----BEGIN PGP MESSAGE-----".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(found(false, Some("utf-16be"), &utf16).pgp);
}

/// What a text is to readers that go by its lines: whether it has a file in it, and whether it leaves in base64.
pub(super) fn by_lines(text: &str) -> (bool, bool) {
    let found = found(false, None, text.as_bytes());
    (found.file_as_text, found.veil)
}

// spec: MAIL-AMBIGUOUS (whatever other readers make of what we send out, they find no file in it)
#[test]
fn a_field_that_names_a_file_in_a_text_leaves_in_base64() {
    let mut texts = Vec::new();
    for field in
        ["Content-Disposition", "content-disposition", "CONTENT-\u{1b}DISPOSITION", "Content=?utf-8?q?-Disposition?="]
    {
        for separator in [": ", "; ", " ; ", "x ", "s: ", " is set to ", ":\r\n\t", "/ "] {
            for name in [
                "attachment; filename=a.exe",
                "inline; filename = a.exe",
                "Attachment; FileName*0*=utf-8''a.exe",
                "attachment;\r\n filename=a.exe",
                "x; name a.exe",
                "x; name(c)=a.exe",
                "x; fi=?utf-8?q?lena?=me=a.exe",
                "x; n=?utf-8?q?ame=3Da=2Eexe",
                "x; =?utf-8?b?bmFtZT1ldmlsLmV4ZQ==?=",
            ] {
                texts.push(format!("Hi\r\n\r\n{field}{separator}{name}\r\n\r\nMZ\r\n"));
            }
        }
    }
    texts.extend([
        "Content-Type: application/octet-stream; name=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "content-type: text/plain;\r\n charset=x;\r\n\tNAME*0*=utf-8''a\r\n\r\nMZ\r\n".to_owned(),
        format!("Content-Type: a/b; x={}; name=a.exe\r\n\r\nMZ\r\n", "x".repeat(300)),
        "Content-Type: multipart/appledouble; boundary=x\r\n\r\n--x\r\n".to_owned(),
        "From: x\r\nConte(x\r\n y)nt-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Location: evil.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Disposition\r\n: attachment; filename=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Type: text/plain;\r\n--CC\r\n name=evil.exe\r\n\r\nMZ\r\n".to_owned(),
        "From me\r\n%00Content-Disposition: attachment; filename=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "X-Content-Type: a/b; name=a.exe\r\nDate: x\r\n\r\nMZ\r\n".to_owned(),
        ">Content-Location: a.exe\r\nboundary\r\n\r\nMZ\r\n".to_owned(),
        "Content-Type: application/applefile\r\n\r\nMZ\r\n".to_owned(),
        "Content-Type: text/plain;\r\nX: y;\r\nname=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Type: a/b; na(\")\")me=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Transfer-\rEncoding: base64\r\n\r\nMZ\r\n".to_owned(),
        "Content-Disposition\r: attachment; filename=a.exe\r\n\r\nMZ\r\n".to_owned(),
        "Content-Location;\r\n\r\nMZ\r\n".to_owned(),
        "Content-Location: (\r\n\r\nMZ\r\n".to_owned(),
        "Content-Locations; evil.exe\r\n\r\nMZ\r\n".to_owned(),
        "Hi\rContent-Type: a/b; name=a\rMZ\r".to_owned(),
        // Found by fuzzing: our notice stands behind it then, and would be the file.
        "Hi\r\nContent-Disposition: attachment; filename=a.exe\r\nX: y".to_owned(),
    ]);
    for text in &texts {
        assert_eq!(by_lines(text), (false, true), "{text}");
    }
}

// spec: MAIL-AMBIGUOUS (that a reader of octets finds no file in it, it leaves in base64; it is no file to who decodes it)
#[test]
fn other_lines_of_mime_in_a_text_are_words_that_leave_in_base64() {
    for text in [
        "Content-Transfer-Encoding: base64\r\n\r\n========================\r\nACME\r\n",
        "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n",
        "-- \u{1b}$B:4F#\u{1b}(B\r\nContent-Transfer-Encoding is base64\r\n",
        "--- a/mail.txt\r\n+++ b/mail.txt\r\nContent-Transfer-Encoding: base64\r\n",
        "Content-Type\tName\tSize\r\ntext/html\tindex\t10\r\n",
        "content-type mismatch: name is required\r\n",
        "Content-Type の name パラメータ\r\n",
        "[Content-Type] name = x\r\n",
        "<Content-Type name=\"foo\" value=\"bar\"/>\r\n",
        "diff --git a/x b/x\r\n@@ -1 +1 @@\r\n-Content-Type: text/plain; name=x\r\n",
        "2.Content-Disposition、filename = 任意\r\n",
        "begin 1 work\r\nUPDATE T SET A=1 WHERE B=2 AND C=3 AND D=4;\r\nend\r\n",
        "Content-Type: application/json\r\n\r\n{\"name\": 1}\r\n",
        "Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHi\r\n",
        "Content-Type: a/b; hostname=web01\r\n",
        "Content-Disposition: attachment\r\n\r\nfilename=a.exe\r\n",
        "Content-Disposition: form-data; name=\"username\"\r\n\r\ntanaka\r\n",
        "  content-disposition: attachment; filename=a.exe\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Transfer-Encoding: base64\r\nDKIM-Signature: v=1; b=abc\r\n TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAA=\r\n\r\nHi\r\n",
        "-- \r\nContent-Type: text/plain\r\n",
        "--=_b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHi\r\n--=_b--\r\n",
        "----------\r\nContent-Type: text/plain\r\n",
        "begin 2020 well\r\nBEST WISHES\r\n",
        "a\0b\r\n",
        // What some take for a field of MIME, and what a person speaks of.
        "From: Tanaka\r\nSubject: =?utf-8?q?name=3Da?=\r\n\r\nHi\r\n",
        "From: x\r\n=?a?Q?Con?tent-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n",
        "Content-Disposition: form-data; name=a; filename=a.exe\r\n\r\nMZ\r\n",
        "Content-Type 이 잘못되어 있습니다. name=값\r\n",
        "Content-Type: a/b; x=é; name=a.exe\r\n\r\nMZ\r\n",
        "Date | 11/21\r\nContent-Disposition | filename = a.pdf\r\n",
        "Content-Location: ヘッダーは使わないでください。\r\n",
        "From: a\r\nContent-Transfer-Encoding: base64\r\n\r\n以上です。\r\n-- \r\nTANAKA Taro\r\nE-mail: tanaka@acme.example\r\nTEL: 03-1234-5678\r\n",
        // Found by review: any mode, small letters, and words behind the data.
        "begin\u{b}foo 5 a.exe\r\nMvcuohu EpdepvSq|teIxmspHteXImTmcjs}]iduipTerkumtptYdpuidkten\r\n`\r\nend\r\n",
        "begin\u{c}foo a.exe\r\n\r\nfirst this\r\nMvcuohu EpdepvSq|teIxmspHteXImTmcjs}]iduipTerkumtptYdpuidkten and more\r\nend\r\n",
        "BEGIN 100 ITEMS\r\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nEND\r\n",
        "Begin 3 lots\r\nSN:A1B2C3D4E5F6G7H8I9J0K1L2\r\n",
        "From: x\r\nConte(x\r\n y)nt-Disposition is the field; its filename is a.exe\r\n",
        "From: x\n\rHi\r\n",
        "From: x\r\rMZ\r\n",
        "X-Content-Location: /a.exe\r\n\r\nMZ\r\n\r\nFrom: x\r\n",
        "From: x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nMZ\r\n",
        "[a.exe - part 1 of 1]\r\nbegin x a.exe\r\n#0V%T\r\n`\r\nend\r\n",
        "Content-Disposition の filename を確認します。\r\n",
        "from django.http import HttpResponse\r\nresponse['Content-Disposition'] = 'attachment; filename=a.csv'\r\n",
        "Date: 11/21\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nhttps://a.example/?id=12\r\n",
        "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nIs 1=2 ?\r\nPrice = 10\r\na = b\r\n",
        "Content-Transfer-Encoding が base64 です。\r\n\r\ntanaka.taro@acme.example\r\n",
        "From側の設定:\r\n・Content-Disposition: attachment; filename=x.pdf を返すこと\r\n",
        "(Content-Type: a/b; name=c)\r\nFrom here on.\r\n",
        "Content-Type: application/pdf and the name of the file\r\n",
        "Content-Type: application/json\r\nContent-Location: /items/1\r\n",
    ] {
        assert_eq!(by_lines(text), (false, true), "{text}");
    }
}

// spec: MAIL-NONE (ordinary texts leave as they came)
#[test]
fn words_that_look_a_little_like_mime_are_words() {
    let kana = "弊社のウェブサイトに掲載する内容をお送りいたします。".repeat(5);
    let css = ".content{max-width:600px;margin:0 auto}".to_owned() + &".btn{color:#fff;background:#06c}".repeat(8);
    for text in [
        format!("contentについて:{kana}\r\n"),
        format!("血液型O-type:{kana}\r\n"),
        format!("<style>\r\n{css}\r\n  <meta name=\"viewport\">\r\n"),
        format!(".content-wrapper:hover{{{}}}\r\n", "color:red;".repeat(40)),
        format!("{{\"contentType\":\"{}\"}}\r\n", "x".repeat(300)),
        "<ul style='\r\nlist-style-type:none'>\r\n <li><a name=\"top\">\r\n".to_owned(),
        "{\"detail-type\":\"EC2\", \"name\": \"x\"}\r\n".to_owned(),
        "Instance-Type: m5.large, Name=web01\r\nalert-type: CPU, hostname=web01\r\n".to_owned(),
        "Contents:\r\n 1. hostname=web01\r\n".to_owned(),
        "<style>\r\n#main .content-type-name { color: red }\r\n</style>\r\n".to_owned(),
        format!("Content-Security-Policy: {}\r\n", "https://a.example ".repeat(20)),
        "> Content-Type: application/pdf; name=a.pdf is what the bounce says\r\n".replace("> C", "The C"),
        "From: Tanaka\r\nSubject: 1+1=? (2) a-b(c)\r\n\r\nHi?\r\n".to_owned(),
        "Please\r\nwe begin with the first one.\r\nbeginning\r\nbegin\r\nWE WAIT.\r\n".to_owned(),
    ] {
        assert_eq!(by_lines(&text), (false, false), "{text}");
    }
}

// spec: MAIL-AMBIGUOUS (however long a line is, and wherever some cut it)
#[test]
fn what_stands_far_behind_in_a_line_is_seen() {
    for length in [255, 256, 1022, 1023, 4095, 4096, 5000, 70_000] {
        let far = "x".repeat(length);
        for text in [
            format!("{far}Content-Disposition: attachment; filename=a.exe"),
            format!("Subject: {far}=?a?Q?=0ACont?=ent-Disposition: attachment; filename=a.exe"),
            // Nobody cuts a short one.
            format!("{}begin x a.exe\r\n#0V%T", &far[..if length < 1000 { 0 } else { length }]),
        ] {
            let (held, base64) = by_lines(&format!("From: x\r\n{text}\r\n\r\nMZ\r\n"));
            assert!(held || base64, "{length}: {}", text.trim_start_matches('x'));
        }
    }
    // Nobody cuts a line so soon.
    let meta = r#"<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style>.a{content:"x"}</style>"#;
    assert_eq!(by_lines(&format!("{meta}{}\r\n", "<p>あ</p>".repeat(900))), (false, false));
    assert_eq!(by_lines(&format!("{}{meta}\r\n", "<p>あ</p>".repeat(900))), (false, true));
    let kana = "Content-Type については、資料にまとめて来週の会議でご説明いたします。".to_owned()
        + &"資料にまとめて説明いたします。".repeat(90);
    assert_eq!(by_lines(&kana), (false, true));
    assert_eq!(by_lines(&"資料にまとめて説明いたします。".repeat(90)), (false, false));
}

// spec: MAIL-AMBIGUOUS
#[test]
fn what_cannot_be_read_within_limits_is_said() {
    let branching: String = (0..99).map(|at| format!("<style><a t{at}='</style>")).collect();
    let unreadable = |html: &str| found(true, Some("utf-8"), html.as_bytes()).unreadable;
    assert!(unreadable(&format!("<svg>{branching}")));
    assert!(!unreadable(&format!("<svg>{}", "<style>a</style><noscript><title>x</title></noscript>".repeat(99))));
    let look = |html: &str| {
        let mut scan = BodyScan::new(true, Some("utf-8"));
        html.as_bytes().chunks(65536).for_each(|piece| scan.push(piece));
        scan.finish()
    };
    let long = "x".repeat(3 << 20);
    assert!(look(&format!("<p title='{long}'>")).unreadable);
    let image = look(&format!("<img src='data:{long}'>"));
    assert!(image.data_url && !image.unreadable);
    assert!(look(&format!("<style>a{{b:url(data:{long})}}</style>")).data_url);
    assert!(look(&format!("<style>a{{b:url('data:{long}')}} @import 'data:{long}'</style>")).data_url);
    assert!(!look(&format!("<!-- {long} --><style>{long}</style><script>{long}</script>{long}")).unreadable);
}

// spec: MAIL-AMBIGUOUS, section 7 (found by review: nine readings, from the first line to the end of 37 MiB)
#[test]
fn html_that_is_read_in_several_ways_for_long_is_said() {
    const MANY: &str = "<svg><noscript><xmp><iframe><noembed><noframes><title><textarea>";
    let look = |budget: &Budget, html: &str| {
        let mut scan = BodyScan::new(true, Some("utf-8")).within(budget.clone());
        html.as_bytes().chunks(65536).for_each(|piece| scan.push(piece));
        scan.finish().unreadable
    };
    let tags = |octets: usize| "<b>x</b>".repeat(octets / 8);
    let many = |octets: usize| format!("{MANY}{}", tags(octets));
    // A letter's worth of it, with nothing closed, may be.
    assert!(!look(&Budget::default(), &many(2 << 20)));
    assert!(look(&Budget::default(), &many(6 << 20)));
    // All that a mail has is counted together, documents in attributes too.
    let budget = Budget::default();
    assert!(!look(&budget, &many(2 << 20)) && look(&budget, &many(4 << 20)));
    let inner = format!("<p srcdoc='{}'></p>", many(900 << 10));
    assert!(!look(&Budget::default(), &inner) && look(&Budget::default(), &inner.repeat(6)));
    // What is in conditional comments, and what one browser shows and another does not.
    let ordinary = format!("<!--[if mso]><table><![endif]--><noscript>{0}</noscript><p>{0}</p>", tags(2000));
    let budget = Budget::default();
    assert!((0..4).all(|_| !look(&budget, &ordinary.repeat((2 << 20) / ordinary.len()))));
}

#[test]
fn long_texts_take_no_long_time() {
    let began = std::time::Instant::now();
    for unit in [
        "<",
        "<a ",
        "<!--",
        "<!--[if mso]>",
        "&#",
        "&a",
        "<style>",
        "<svg><title>",
        "a=\"",
        "\n",
        "<p style=\"url(",
        "\\6",
    ] {
        let text = unit.repeat((1 << 20) / unit.len());
        let mut scan = BodyScan::new(true, Some("utf-8"));
        text.as_bytes().chunks(65536).for_each(|piece| scan.push(piece));
        let _ = scan.finish();
    }
    assert!(began.elapsed().as_secs() < 10);
}

// spec: MAIL-AMBIGUOUS (a text that is not in the charset that it says would lose its characters, written afresh)
#[test]
fn a_text_of_which_more_than_a_few_characters_would_be_lost_is_told() {
    let broken = |charset, octets: &[u8]| {
        let [html, plain] = [true, false].map(|is_html| found(is_html, charset, octets).broken);
        assert_eq!(html, plain);
        plain
    };
    let sjis = b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd";
    assert!(broken(Some("utf-8"), sjis));
    assert!(broken(Some("euc-jp"), &sjis.repeat(9)));
    assert!(broken(Some("utf-8"), &["こんにちは".repeat(900).as_bytes(), sjis].concat()));
    for charset in ["shift_jis", "us-ascii", "unknown-8bit"] {
        assert!(!broken(Some(charset), sjis), "{charset}");
    }
    assert!(!broken(None, sjis));
    // A few are in many a mail, and what was lost before is there.
    assert!(!broken(Some("utf-8"), b"caf\xe9, na\xefve"));
    assert!(!broken(Some("utf-8"), "\u{fffd}".repeat(5000).as_bytes()));
    assert!(!broken(Some("utf-8"), "こんにちは".repeat(5000).as_bytes()));
}
