//! Golden files: a mail as it is relayed, octet for octet, and the notice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod writer_support;

use fubako_base::{Lang, section::NoticePosition};
use fubako_mail::notice::Notice;
use writer_support::{crlf, leaves, notice, rebuilt};

// spec: MAIL-REBUILD, MAIL-CID, MAIL-NOTICE
#[test]
fn a_japanese_mail_with_a_picture_and_a_pdf() {
    let mail = crlf(concat!(
        "Received: from pc by mail; Sun, 22 Nov 2026 10:14:59 +0900\n",
        "From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <taro@example.jp>\n",
        "To: \"Suzuki, Ichiro\" <suzuki@example.com>, =?UTF-8?B?5L2Q6Jek?= <sato@example.com>\n",
        "Bcc: boss@example.jp\n",
        "Subject: =?ISO-2022-JP?B?GyRCOCtAUT1xJE4kNEF3SVUbKEI=?=\n",
        "Date: Sun, 22 Nov 2026 10:14:58 +0900\n",
        "Message-ID: <1@example.jp>\n",
        "X-Mailer: M\n",
        "MIME-Version: 1.0\n",
        "Content-Type: multipart/mixed; boundary=a\n\n",
        "--a\nContent-Type: multipart/alternative; boundary=b\n\n",
        "--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe, please find it attached.\n",
        "--b\nContent-Type: multipart/related; boundary=c\n\n",
        "--c\nContent-Type: text/html; charset=iso-8859-1\n\n<html><body><p>Gr&uuml;&szlig;e</p><img src=\"cid:logo\" alt=\"Our logo\"></body></html>\n",
        "--c\nContent-Type: image/png; name=logo.png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--c--\n\n--b--\n\n",
        "--a\nContent-Type: application/pdf; name=q.pdf\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERi0=\n--a--\n",
    ));
    let notice = notice(NoticePosition::End, &[Lang::En]);
    let out = String::from_utf8(rebuilt(&mail, &notice)).unwrap();
    insta::assert_snapshot!("relayed", out.replace("\r\n", "\n"));
}

// spec: MAIL-NOTICE
#[test]
fn the_notice_in_each_language() {
    let plain = |text: String| text.replace("\r\n", "\n");
    for (name, langs) in [("ja", &[Lang::Ja][..]), ("en", &[Lang::En]), ("both", &Lang::ALL)] {
        let notice = Notice {
            wording: Some("当社からのお知らせ <b>\n二行目".to_owned()),
            ..notice(NoticePosition::End, langs)
        };
        insta::assert_snapshot!(format!("notice-{name}-text"), plain(notice.text()));
        insta::assert_snapshot!(format!("notice-{name}-html"), plain(notice.html()));
        let secretless = Notice { password: None, files: Vec::new(), ..notice };
        assert!(!secretless.text().contains(writer_support::PASSWORD) && !secretless.html().contains("<ul"));
        assert!(!secretless.text().contains("パスワード") && !secretless.text().contains("password"));
    }
}

// spec: X-LANG
#[test]
fn every_text_of_the_notice_is_there() {
    for lang in Lang::ALL {
        for id in ["title", "kept", "link", "use-password", "files", "more", "password", "sender", "time"] {
            assert!(fubako_base::lang::has_text(lang, &format!("mail-notice-{id}")), "{lang} {id}");
        }
    }
}

#[test]
fn a_body_of_twenty_mebibytes_is_rewritten_in_bounded_pieces() {
    let line = "<p>同じ行 <img src=\"https://x.jp/a.png\"> &amp; more</p>\r\n";
    let html = line.repeat((20 << 20) / line.len());
    let mut mail = crlf(
        "From: a@x.jp\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html; charset=utf-8\n\n",
    );
    mail.extend_from_slice(html.as_bytes());
    mail.extend_from_slice(&crlf("--a\nContent-Type: application/pdf; name=q.pdf\n\nx\n--a--\n"));
    let out = rebuilt(&mail, &notice(NoticePosition::End, &[Lang::Ja]));
    let [(_, text)] = &leaves(&out)[..] else { panic!("one body") };
    // spec: MAIL-NOTICE: so much does not wait for its end, so the notice goes before it.
    assert!(text.trim_end().ends_with(html.trim_end()) && text.starts_with("<div"), "the body changed");
}
