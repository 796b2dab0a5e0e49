//! Whole mails, written afresh and read again with another reader.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod writer_support;

use fubako_base::{
    Lang,
    section::NoticePosition::{End, Top},
};
use fubako_mail::{
    header::Field,
    reader::{Limits, Reader},
    relay::{self, Front},
    steps,
};
use mail_parser::MessageParser;
use writer_support::{PASSWORD, assert_well_formed, crlf, leaves, notice, read, rebuilt, structure, write};

const PDF: &str = "Content-Type: application/pdf; name=\"見積.pdf\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nSECRETPDF===\n";

/// A mail with these header lines and this multipart body.
fn multipart(header: &str, kind: &str, parts: &[&str]) -> Vec<u8> {
    let mut mail = format!("{header}MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=b0\n\n");
    parts.iter().for_each(|part| mail += &format!("--b0\n{part}\n"));
    crlf(&(mail + "--b0--\n"))
}

fn nested(kind: &str, boundary: &str, parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--{boundary}\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary={boundary}\n\n{parts}--{boundary}--")
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nこんにちは。\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<html><body>こんにちは。<img src=\"cid:p1\"></body></html>\n";
const PICTURE: &str =
    "Content-Type: image/png; name=logo.png\nContent-ID: <p1>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n";

// spec: MAIL-REBUILD
#[test]
fn the_structure_is_what_is_left_of_the_original() {
    let related = nested("related", "b1", &[HTML, PICTURE]);
    let alternative = nested("alternative", "b2", &[PLAIN, &related]);
    let plain_and_pdf = nested("mixed", "b3", &[PLAIN, PDF]);
    let attached = "Content-Disposition: attachment; filename=a.txt\n\nx\n";
    let mail = "Content-Type: message/rfc822\n\nSubject: inner\n\nSECRETPDF\n";
    for (kind, parts, expected, with_notice) in [
        ("mixed", vec![PLAIN, PDF], "plain", "1"),
        ("mixed", vec![&alternative, PDF], "alternative(plain, html)", "11"),
        ("related", vec![HTML, PICTURE], "html", "1"),
        ("mixed", vec![PDF], "plain", "1"),
        ("mixed", vec![PDF, mail, attached], "plain", "1"),
        ("mixed", vec![PLAIN, PDF, PLAIN], "mixed(plain, plain)", "01"),
        ("mixed", vec![PLAIN, PDF, &alternative], "mixed(plain, alternative(plain, html))", "011"),
        ("mixed", vec![&alternative, PDF, PLAIN], "mixed(alternative(plain, html), plain)", "001"),
        (
            "alternative",
            vec![PLAIN, &nested("mixed", "b4", &[HTML, PDF, PLAIN])],
            "alternative(plain, mixed(html, plain))",
            "101",
        ),
        ("mixed", vec![&plain_and_pdf, &nested("mixed", "b5", &[HTML, HTML])], "mixed(plain, html, html)", "001"),
        ("signed", vec![PLAIN, "Content-Type: application/pkcs7-signature\n\nx\n"], "plain", "1"),
        ("weird", vec![PLAIN, HTML], "mixed(plain, html)", "01"),
        ("alternative", vec![PLAIN, "Content-Type: text/calendar\n\nx\n"], "plain", "1"),
        ("mixed", vec!["X-No: type\n\nplain without a type\n", PDF], "plain", "1"),
    ] {
        let mail = multipart("From: a@x.jp\nBcc: b@x.jp\n", kind, &parts);
        let out = rebuilt(&mail, &notice(End, &[Lang::Ja]));
        assert_eq!(structure(&out), expected, "{kind} {parts:?}");
        let found: String = leaves(&out).iter().map(|(media, text)| noticed(media, text)).collect();
        assert_eq!(found, with_notice, "{kind} {parts:?}");
        assert!(!String::from_utf8_lossy(&out).contains("SECRETPDF"));
    }
}

/// How often the notice stands in a body.
fn noticed(media: &str, text: &str) -> char {
    let password = if media == "text/html" { "aB3$&lt;&amp;&gt;xyzXYZ9!" } else { PASSWORD };
    char::from_digit(u32::try_from(text.matches(password).count()).unwrap(), 10).unwrap()
}

// spec: MAIL-NOTICE
#[test]
fn the_notice_on_top_stands_in_the_first_body_of_each_alternative() {
    let branch = nested("mixed", "b4", &[HTML, PDF, PLAIN]);
    let mail = multipart("From: a@x.jp\n", "alternative", &[PLAIN, &branch]);
    let out = rebuilt(&mail, &notice(Top, &[Lang::En]));
    let leaves = leaves(&out);
    assert_eq!(leaves.iter().map(|(media, text)| noticed(media, text)).collect::<String>(), "110");
    assert!(leaves[0].1.ends_with("こんにちは。\r\n") && !leaves[0].1.starts_with("こん"));
    assert!(leaves[1].1.starts_with("<html><body><div "), "{}", leaves[1].1);
}

// spec: MAIL-NOTICE
#[test]
fn the_password_stands_on_a_line_of_its_own_and_nothing_in_the_notice_is_markup() {
    let mail = multipart("From: a@x.jp\n", "mixed", &[&nested("alternative", "b2", &[PLAIN, HTML]), PDF]);
    for langs in [&[Lang::Ja][..], &[Lang::En], &Lang::ALL] {
        let out = rebuilt(&mail, &notice(End, langs));
        let [(_, text), (_, html)] = &leaves(&out)[..] else { panic!("two bodies") };
        assert!(text.starts_with("こんにちは。\r\n\r\n"), "{text}");
        assert!(text.contains(&format!("\r\n{PASSWORD}\r\n")), "{text}");
        assert!(text.contains("\r\n  - 見積書.pdf\r\n  - <b>&fdp.exe Bcc: x@y\r\n"), "{text}");
        assert!(html.contains("&lt;b&gt;&amp;fdp.exe Bcc: x@y</li>") && !html.contains("<b>&"), "{html}");
        assert!(html.contains(">aB3$&lt;&amp;&gt;xyzXYZ9!</p>"), "{html}");
        assert!(html.ends_with("</div></body></html>\r\n"), "{html}");
        assert!(
            html.starts_with("<html><body>こんにちは。<img src=\"cid:p1\">"),
            "the picture was not removed: {html}"
        );
        assert!(!text.contains('\u{202e}') && !html.contains('\u{202e}'));
    }
}

// spec: MAIL-CID (bodies are UTF-8 before they are rewritten)
#[test]
fn bodies_in_any_charset_are_rewritten() {
    let text = "<html><body style=\"background:url(cid:p1)\">日本語<img alt=\"ロゴ\" src=\"cid:p1\">①</body></html>";
    let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(text);
    let (jis, _, _) = encoding_rs::ISO_2022_JP.encode(text);
    let marked = format!("\u{feff}{text}");
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (charset, octets) in [
        ("Shift_JIS", sjis.as_ref()),
        ("iso-2022-jp", jis.as_ref()),
        ("utf-16", utf16.as_slice()),
        ("utf-16le", &utf16[2..]),
        ("utf-16", &utf16[2..]),
        ("iso-2022-jp", &utf16),
        ("utf-8", text.as_bytes()),
        // A byte order mark goes before the label.
        ("utf-16", marked.as_bytes()),
        ("utf-16le", marked.as_bytes()),
        ("iso-2022-jp", marked.as_bytes()),
        ("shift_jis", marked.as_bytes()),
    ] {
        let html = format!(
            "Content-Type: text/html; charset={charset}\nContent-Transfer-Encoding: base64\n\n{}\n",
            encodify::base64::MIME.encode(octets)
        );
        let mail = multipart("From: a@x.jp\n", "related", &[&html, PICTURE]);
        let out = rebuilt(&mail, &notice(End, &[Lang::Ja]));
        let [(media, html)] = &leaves(&out)[..] else { panic!("one body") };
        assert_eq!(media, "text/html");
        assert!(html.starts_with("<html><body style=\"background:none\">日本語ロゴ①<div "), "{charset}: {html}");
    }
}

// spec: MAIL-REBUILD, MAIL-CID (HTML, 13.2.3.2: what a document says of its charset; its words stay)
#[test]
fn html_that_names_its_charset_is_rewritten_from_it() {
    for (name, text) in [("gb2312", "测试文件"), ("euc-kr", "한국어"), ("koi8-r", "тест"), ("cp852", "čeština")]
    {
        let html = format!(
            "<html><head><meta charset={name}></head><body>{text}<img alt=\"{text}\" src=\"cid:p1\"></body></html>"
        );
        let octets = match encoding_rs::Encoding::for_label(name.as_bytes()) {
            Some(encoding) => encoding.encode(&html).0.into_owned(),
            None => {
                html.replace('č', "\u{9f}").replace('š', "\u{e7}").chars().map(|c| u8::try_from(c).unwrap()).collect()
            }
        };
        for label in ["", "; charset=us-ascii"] {
            let part = format!(
                "Content-Type: text/html{label}\nContent-Transfer-Encoding: base64\n\n{}\n",
                encodify::base64::MIME.encode(&octets)
            );
            let mail = multipart("From: a@x.jp\n", "related", &[&part, PICTURE]);
            let out = rebuilt(&mail, &notice(End, &[Lang::Ja]));
            let [(_, html)] = &leaves(&out)[..] else { panic!("one body") };
            let expected = format!("<html><head><meta charset={name}></head><body>{text}{text}<div ");
            assert!(html.starts_with(&expected), "{name}{label}: {html}");
            assert!(String::from_utf8_lossy(&out).contains("Content-Type: text/html; charset=utf-8"));
        }
    }
}

// spec: MAIL-CID
#[test]
fn a_picture_in_the_html_gives_its_files_name() {
    let mail = multipart("From: a@x.jp\n", "related", &[HTML, PICTURE]);
    let out = rebuilt(&mail, &notice(End, &[Lang::Ja]));
    assert!(leaves(&out)[0].1.starts_with("<html><body>こんにちは。logo.png<div "));
}

// spec: MAIL-REBUILD (RFC 2781, 4.3: UTF-16 without a mark)
#[test]
fn a_text_in_utf16_of_either_order_beside_a_file_stays_readable() {
    let text = "お世話になっております。見積書をお送りします。";
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let octets: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        let coded = encodify::base64::MIME.encode(&octets);
        let plain = format!("Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n{coded}\n");
        let out = rebuilt(&multipart("From: a@x.jp\n", "mixed", &[&plain, PDF]), &notice(End, &[Lang::Ja]));
        assert!(leaves(&out)[0].1.starts_with(text), "{}", leaves(&out)[0].1);
    }
}

/// The mail, read by the reader and written afresh.
fn read_and_written(mail: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(Limits::default());
    reader.push(mail);
    let outline = reader.finish();
    let plan = fubako_mail::plan::plan(&outline);
    write(&outline, &plan, mail, &notice(End, &[Lang::En]))
}

// spec: MAIL-CID (every Content-ID of a part; RFC 2557: every way in which a location is written, and no other)
#[test]
fn a_part_is_known_by_all_its_names_and_by_no_others() {
    let html = "<img src='cid:q@x' alt=A><img src=cid:p@x#f alt=B><a href='#top'>t</a>";
    let body =
        |fields: &str, html: &str| format!("Content-Type: text/html\n{fields}\n<html><body>{html}</body></html>\n");
    let ids = "Content-Type: image/png; name=p.png\nContent-ID: <p@x>\nContent-ID: <q@x>\n\nx\n";
    let located = |location: &str| format!("Content-Type: image/png; name=p.png\nContent-Location: {location}\n\nx\n");
    let image = "<img src='http://x/p.png' alt=A>";
    let other = "<base href='http://other/'><img src=p.png>";
    for (fields, html, part, expected) in [
        ("", html, ids.to_owned(), "AB<a href='#top'>t</a>"),
        ("", image, located("<http://x/p.png>"), "A"),
        ("", image, located("\"http://x/p.png\""), "A"),
        ("Content-Location: http://x/a\n", "<a href='#top'>t</a>", located("http://x/a"), "<a href='#top'>t</a>"),
        ("Content-Base: http://other/\n", "<img src=p.png>", located("p.png"), "<img src=p.png>"),
        ("", other, located("p.png"), other),
        ("", "<img src=p.png alt=A>", located("p.png"), "A"),
    ] {
        let mail = multipart("From: a@x.jp\n", "related", &[&body(fields, html), &part]);
        let out = read_and_written(&mail);
        let html = &leaves(&out)[0].1;
        assert!(html.starts_with(&format!("<html><body>{expected}<div ")), "{html}");
    }
}

// spec: MAIL-CID (RFC 2557, 5)
#[test]
fn a_relative_reference_is_resolved_by_the_parts_base_or_the_multiparts() {
    let html =
        |fields: &str| format!("Content-Type: text/html\n{fields}\n<html><body><img src=\"pic.png\"></body></html>\n");
    let picture = |fields: &str| format!("Content-Type: image/png; name=\"logo.png\"\n{fields}\nx\n");
    for (root, body, file, gone) in [
        ("", "Content-Location: http://x.jp/d/a.html\n", "Content-Location: http://x.jp/d/pic.png\n", true),
        ("", "Content-Base: http://x.jp/d/\n", "Content-Location: http://x.jp/d/pic.png\n", true),
        ("", "Content-Location: d/a.html\n", "Content-Location: d/pic.png\n", true),
        ("Content-Location: http://x.jp/d/a\n", "", "Content-Location: http://x.jp/d/pic.png\n", true),
        ("Content-Base: http://x.jp/d/\n", "", "Content-Location: /d/pic.png\n", true),
        ("", "Content-Base: http://x.jp/d/\n", "Content-Base: http://x.jp/\nContent-Location: d/pic.png\n", true),
        ("", "", "Content-Location: pic.png\n", true),
        ("", "Content-Base: http://x.jp/e/\n", "Content-Location: http://x.jp/d/pic.png\n", false),
        ("", "", "Content-Location: d/pic.png\n", false),
    ] {
        let header = format!("From: a@x.jp\n{root}");
        let mail = multipart(&header, "related", &[&html(body), &picture(file)]);
        let out = read_and_written(&mail);
        let html = &leaves(&out)[0].1;
        let expected = if gone { "<body>logo.png<div " } else { "<body><img src=\"pic.png\"><div " };
        assert!(html.contains(expected), "{root}|{body}|{file}: {html}");
    }
}

// spec: MAIL-REBUILD
#[test]
fn what_survives_says_what_it_said() {
    let long = "長い件名🎌".repeat(400);
    for (subject, decoded) in [
        ("Hello", "Hello"),
        ("=?ISO-2022-JP?B?GyRCNX4bKEI=?=", "京"),
        ("=?UTF-8?B?5Lqs?=\n =?UTF-8?B?6YO9?= and more", "京都 and more"),
        ("生の件名🎌", "生の件名🎌"),
        ("=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=", "=?utf-8?q?x?="),
        ("a  b   c", "a  b   c"),
        ("x =?utf-8?q?a=0D=0ABcc:_evil=40x.jp=0D=0A=0D=0Abody?=", "x a Bcc: evil@x.jp body"),
        (&long, &long),
    ] {
        let out = rebuilt(
            &multipart(&format!("Subject: {subject}\nFrom: a@x.jp\n"), "mixed", &[PLAIN, PDF]),
            &notice(End, &[Lang::Ja]),
        );
        let message = MessageParser::default().parse(&out).unwrap();
        let found = message.subject().unwrap();
        assert_eq!(found.split_whitespace().collect::<Vec<_>>(), decoded.split_whitespace().collect::<Vec<_>>());
        assert!(found == decoded || decoded.contains("evil"), "{found:?}");
    }
}

// spec: MAIL-REBUILD
#[test]
fn addresses_say_what_they_said_to_another_reader() {
    let to = concat!(
        "To: \"=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?=\" <yamada@x.jp>, =?utf-8?q?Suzuki=2C_Ichiro?=\n <suzuki@x.jp>,\n",
        " \"john \\\"q\\\" doe\"@x.jp, a..b@docomo.ne.jp, Team: t1@x.jp, \"T, 2\" <t2@x.jp>;, plain@x.jp (佐藤)\n",
        "Cc: =?utf-8?b?8J+YgA==?= <emoji@x.jp>, <\"a,b\"@x.jp>\n",
        "Cc: second@x.jp\n",
        "Reply-To: r@x.jp\n",
        "From: =?utf-8?q?evil=0D=0ABcc:_x=40y?= <a@x.jp>\n",
    );
    let mail = multipart(to, "mixed", &[PLAIN, PDF]);
    let out = rebuilt(&mail, &notice(End, &[Lang::Ja]));
    let names = |mail: &[u8], of: &str| -> Vec<(Option<String>, Option<String>)> {
        let message = MessageParser::default().parse(mail).unwrap();
        let list = match of {
            "To" => message.to(),
            "Cc" => message.cc(),
            _ => message.from(),
        };
        let list = list.unwrap();
        list.mailboxes().map(|m| (m.name().map(str::to_owned), m.address().map(str::to_owned))).collect()
    };
    let some = |name: &str, address: &str| (Some(name.to_owned()), Some(address.to_owned()));
    let none = |address: &str| (None, Some(address.to_owned()));
    let to = names(&out, "To");
    assert_eq!(to[..2], [some("山田", "yamada@x.jp"), some("Suzuki, Ichiro", "suzuki@x.jp")]);
    assert_eq!(to[3..6], [none("a..b@docomo.ne.jp"), none("t1@x.jp"), some("T, 2", "t2@x.jp")]);
    assert_eq!(to[6], some("佐藤", "plain@x.jp"));
    assert_eq!(to.len(), 7);
    assert!(String::from_utf8_lossy(&out).contains("\"john \\\"q\\\" doe\"@x.jp"));
    assert_eq!(names(&out, "Cc").len(), 3);
    assert_eq!(names(&out, "Cc")[0], some("😀", "emoji@x.jp"));
    assert_eq!(names(&out, "From"), [some("evil Bcc: x@y", "a@x.jp")]);
    let message = MessageParser::default().parse(&out).unwrap();
    assert_eq!(message.to().unwrap().groups().filter_map(|(name, _)| name).collect::<Vec<_>>(), ["Team"]);
}

// spec: MAIL-REBUILD (what the rule is silent on and people count on: RFC 3834, RFC 4021, RFC 5322 3.6.5)
#[test]
fn what_makes_the_mail_what_it_is_survives() {
    let header = concat!(
        "From: a@x.jp\nAuto-Submitted: auto-replied (vacation)\nPrecedence: bulk\nSensitivity: Company-Confidential\n",
        "Keywords: one, \"two, three\", =?utf-8?b?5Lqs6YO9?=\nComments: first\nComments: =?utf-8?q?=E4=BA=AC?= x\n",
        "Keywords: =?utf-8?q?a,b?=\n",
    );
    let out = rebuilt(&multipart(header, "mixed", &[PLAIN, PDF]), &notice(End, &[Lang::Ja]));
    let head = String::from_utf8_lossy(&out).split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    for line in [
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: bulk",
        "Sensitivity: Company-Confidential",
        "Keywords: one, \"two, three\", =?UTF-8?B?5Lqs6YO9?=, \"a,b\"",
        "Comments: first",
        "Comments: =?UTF-8?B?5LqsIHg=?=",
    ] {
        assert_eq!(head.split("\r\n").filter(|l| *l == line).count(), 1, "{line}: {head}");
    }
    assert_eq!(head.matches("Keywords:").count(), 1);
}

// spec: MAIL-REBUILD, MAIL-NOTICE (RFC 3676: a flowed text says the same to whoever reads it so)
#[test]
fn a_flowed_text_stays_one_and_the_notice_in_it_stands_by_itself() {
    let body = "A paragraph that \ngoes on.\n\n> quoted \n> text\n From here, stuffed\n-- \nme \n";
    for (parameters, transfer) in
        [("; format=flowed", "7bit"), ("; charset=utf-8; delsp=Yes; Format=\"Flowed\"", "8bit")]
    {
        let part = format!("Content-Type: text/plain{parameters}\nContent-Transfer-Encoding: {transfer}\n\n{body}");
        for position in [End, Top] {
            let out = rebuilt(&multipart("From: a@x.jp\n", "mixed", &[&part, PDF]), &notice(position, &[Lang::En]));
            let delsp = parameters.contains("delsp");
            let expected = if delsp { "; format=flowed; delsp=yes\r\n" } else { "; format=flowed\r\n" };
            assert!(String::from_utf8_lossy(&out).contains(expected), "{parameters}");
            let [(_, text)] = &leaves(&out)[..] else { panic!("one body") };
            // The notice is all that is not the author's; what goes on in the next line is the author's alone.
            let text = text.replace("\r\n", "\n");
            let (before, after) = text.split_once(body.trim_end_matches('\n')).unwrap();
            let notice = if position == End { after.strip_prefix("\n\n\n").unwrap() } else { before };
            assert!(notice.lines().count() > 5, "{text}");
            for line in notice.lines() {
                assert!(!line.ends_with(' ') && !line.starts_with('>') && !line.starts_with("From "), "{line:?}");
            }
            assert!(notice.contains("\n   - "), "file names are stuffed: {notice}");
        }
    }
    let fixed = multipart("From: a@x.jp\n", "mixed", &["Content-Type: text/plain; format=fixed\n\nx \n", PDF]);
    let out = rebuilt(&fixed, &notice(End, &[Lang::En]));
    assert!(!String::from_utf8_lossy(&out).contains("format="));
}

// spec: MAIL-REBUILD
#[test]
fn only_what_is_named_survives_and_what_is_missing_is_made() {
    let header = concat!(
        "Return-Path: <x@x.jp>\nReceived: from nowhere\nDKIM-Signature: v=1\nARC-Seal: i=1\nAuthentication-Results: x\n",
        "X-Mailer: m\nBcc: secret@x.jp\n folded@x.jp\nResent-To: r@x.jp\nDisposition-Notification-To: d@x.jp\nReturn-Receipt-To: d@x.jp\n",
        "From: a@x.jp\nSender: s@x.jp\nIn-Reply-To: <1@x>\nReferences: <1@x>\n <2@x>\nContent-Language: ja\nImportance: high\nPriority: urgent\n",
        "List-Id: a list <l.x.jp>\nList-Unsubscribe: <mailto:u@x.jp>,\n <https://x.jp/u>\nlist-unsubscribe-post: List-Unsubscribe=One-Click\n",
        "Thread-Index: x\nSubject: one\nSubject: two\nlist-:x\n",
    );
    let out = rebuilt(&multipart(header, "mixed", &[PLAIN, PDF]), &notice(End, &[Lang::Ja]));
    let head = String::from_utf8_lossy(&out).split("\r\n\r\n").next().unwrap().to_owned();
    let names: Vec<_> =
        head.split("\r\n").filter(|l| !l.starts_with(' ')).map(|l| l.split(':').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Received",
            "From",
            "Sender",
            "In-Reply-To",
            "References",
            "Content-Language",
            "Importance",
            "Priority",
            "List-Id",
            "List-Unsubscribe",
            "list-unsubscribe-post",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding"
        ]
    );
    assert!(head.contains("References: <1@x> <2@x>") && head.contains("Subject: one"));
    assert!(
        head.contains("Message-ID: <fallback@gateway.example.jp>\r\n")
            && head.contains("Date: Sun, 22 Nov 2026 10:15:00 +0900")
    );
}

// spec: MAIL-REBUILD
#[test]
fn the_same_mail_gives_the_same_octets_and_debug_shows_no_password() {
    let mail = multipart("From: a@x.jp\n", "mixed", &[PLAIN, PDF, HTML]);
    let told = notice(End, &[Lang::Ja]);
    assert_eq!(rebuilt(&mail, &told), rebuilt(&mail, &told));
    let (outline, plan) = read(&mail);
    let with = fubako_mail::compose::Rebuild {
        notice: Some(&told),
        front: Front { results: "", received: "x" },
        fallback_message_id: "x",
        fallback_date: "x",
        secret_header: None,
    };
    let shown = format!("{told:?} {with:?} {:?}", fubako_mail::compose::rebuild(&outline, &plan, &with));
    assert!(!shown.contains(PASSWORD) && !shown.contains("aB3$&lt;"), "{shown}");
}

#[test]
fn many_nested_alternatives_are_written_without_deep_recursion() {
    let mut body = nested("alternative", "x0", &[PLAIN, PLAIN]);
    for at in 1..200 {
        body = nested(if at % 2 == 0 { "alternative" } else { "mixed" }, &format!("x{at}x"), &[PLAIN, &body]);
    }
    let (outline, plan) = read(&multipart("From: a@x.jp\n", "mixed", &[&body, PDF]));
    assert!(plan.bodies.len() > 50);
    let out = rebuilt(&multipart("From: a@x.jp\n", "mixed", &[&body, PDF]), &notice(End, &[Lang::Ja]));
    assert_eq!(leaves(&out).len(), plan.bodies.len());
    drop(outline);
}

// spec: MAIL-NONE
#[test]
fn a_mail_without_attachments_is_relayed_as_it_was() {
    let mail = crlf(concat!(
        "Return-Path: <x@x.jp>\nReceived: from a\n by b\nBCC: one@x.jp,\n two@x.jp\nFrom: a@x.jp\nResent-Bcc: r@x.jp\nX-Secret: s3cret\nSubject: =?x?=\n folded\n",
        "Disposition-Notification-To: d@x.jp\nX-Mailer: m\nReturn-Receipt-To:\n d@x.jp\nx-confirm-reading-to: d\n\nBcc: in the body\n.\nlast",
    ));
    let (outline, _) = read(&mail);
    let front = Front { results: "A-R: x;\r\n\ty\r\n", received: "from x by y; date" };
    let may_pass = |field: &Field| !field.name().eq_ignore_ascii_case("x-secret");
    let mut out = Vec::new();
    steps::write_all(relay::unchanged(&outline, front, &may_pass), &mail, &mut out).unwrap();
    let expected = "A-R: x;\n\ty\nReceived: from x by y; date\nReceived: from a\n by b\nFrom: a@x.jp\nSubject: =?x?=\n folded\nX-Mailer: m\n\nBcc: in the body\n.\nlast";
    assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(crlf(expected)).unwrap());
}

// spec: MAIL-NONE (found by fuzzing: behind our field, what stands before the header ends it)
#[test]
fn an_mbox_line_and_a_byte_order_mark_are_not_relayed_behind_our_field() {
    for (mail, expected) in [
        ("From a@x.jp Sun Nov 22\nFrom: a@x.jp\n\nb\n", "Received: r\nFrom: a@x.jp\n\nb\n"),
        ("From a@x.jp Sun Nov 22\nBcc: b@x.jp\nFrom: a@x.jp\n\nb\n", "Received: r\nFrom: a@x.jp\n\nb\n"),
        ("\u{feff}From: a@x.jp\n\nb\n", "Received: r\nFrom: a@x.jp\n\nb\n"),
        ("From a@x.jp Sun Nov 22\nno field\n", "Received: r\n\nno field\n"),
        ("From a@x.jp Sun Nov 22\n\nb\n", "Received: r\n\nb\n"),
        // Other servers put the blank line there, behind our signature.
        ("From: a@x.jp\nno field\nnor this\n", "Received: r\nFrom: a@x.jp\n\nno field\nnor this\n"),
        ("From: a@x.jp\nBcc: b@x.jp\nno field\n", "Received: r\nFrom: a@x.jp\n\nno field\n"),
        ("Bcc: b@x.jp\nno field\n", "Received: r\n\nno field\n"),
        ("From: a@x.jp\nBcc: b@x.jp\n", "Received: r\nFrom: a@x.jp\n"),
    ] {
        let mail = crlf(mail);
        let mut reader = Reader::new(Limits::default());
        reader.push(&mail);
        let mut out = Vec::new();
        steps::write_all(
            relay::unchanged(&reader.finish(), Front { results: "", received: "r" }, &|_| true),
            &mail,
            &mut out,
        )
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(crlf(expected)).unwrap());
    }
}

// spec: MAIL-NONE (bare CR made CRLF, long lines as they were)
#[test]
fn bare_cr_is_mended_and_long_lines_stay() {
    let mut mail = crlf("From: a@x.jp\n\n");
    mail.extend_from_slice(b"a\rb\r\n");
    mail.extend_from_slice("x".repeat(5000).as_bytes());
    mail.extend_from_slice(b"\r\n");
    let (outline, _) = read(&mail);
    let mut out = Vec::new();
    steps::write_all(relay::unchanged(&outline, Front { results: "", received: "r" }, &|_| true), &mail, &mut out)
        .unwrap();
    assert!(out.starts_with(b"Received: r\r\nFrom: a@x.jp\r\n\r\na\r\nb\r\nxxx"));
    assert_well_formed(&out, 5000);
}

// spec: RCV-TENANT
#[test]
fn the_sections_secret_header_is_never_passed_on() {
    let mail =
        multipart("From: a@x.jp\nList-Fubako: s3cret\nComments: kept\nList-Id: <kept>\n", "mixed", &[PLAIN, PDF]);
    let (outline, plan) = read(&mail);
    let told = notice(End, &[Lang::Ja]);
    let rebuilt = |secret_header| {
        let with = fubako_mail::compose::Rebuild {
            notice: Some(&told),
            front: Front { results: "", received: "x" },
            fallback_message_id: "x",
            fallback_date: "x",
            secret_header,
        };
        let mut out = Vec::new();
        let steps = fubako_mail::compose::rebuild(&outline, &plan, &with);
        steps::write_all(steps, &mail, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(rebuilt(None).contains("s3cret"));
    let without = rebuilt(Some("list-fubako"));
    assert!(!without.contains("s3cret") && without.contains("Comments: kept") && without.contains("List-Id: <kept>"));
}
