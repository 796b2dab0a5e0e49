//! Mails of our own, read again with another reader.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod writer_support;

use fubako_mail::message::{OwnMail, RecipientStatus, Returned, StatusNotification};
use mail_parser::{MessageParser, PartKind};
use writer_support::{assert_well_formed, crlf, leaves};

fn mail() -> OwnMail {
    OwnMail {
        from_name: "文箱, 配達係".to_owned(),
        from: "noreply@files.example.jp".to_owned(),
        to: "taro@example.jp".to_owned(),
        reply_to: Some("help@files.example.jp".to_owned()),
        subject: "添付ファイルをお預かりしました🎌\r\nBcc: evil@x.jp".to_owned(),
        date: "Sun, 22 Nov 2026 10:15:00 +0900".to_owned(),
        message_id: "1@files.example.jp".to_owned(),
        in_reply_to: Some("<orig@example.jp>".to_owned()),
        languages: vec!["ja", "en"],
        is_reply: true,
        text: "本文です。\nFrom here\n.\r\n末尾\r".to_owned(),
        html: Some(format!("<p>{}</p>\n", "とても長い一行".repeat(200))),
    }
}

// spec: NOTICE, X-NOTICE
#[test]
fn a_mail_of_our_own_says_what_it_was_told() {
    let out = mail().build();
    assert_well_formed(&out, 78);
    let message = MessageParser::default().parse(&out).unwrap();
    assert_eq!(message.subject(), Some("添付ファイルをお預かりしました🎌 Bcc: evil@x.jp"));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("文箱, 配達係"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("taro@example.jp"));
    assert_eq!(message.message_id(), Some("1@files.example.jp"));
    assert!(!message.headers().contains("Bcc"));
    let head = String::from_utf8_lossy(&out).into_owned();
    for line in [
        "Auto-Submitted: auto-replied",
        "Content-Language: ja, en",
        "In-Reply-To: <orig@example.jp>",
        "Reply-To: help@files.example.jp",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
    let leaves = leaves(&out);
    assert_eq!(leaves[0], ("text/plain".to_owned(), "本文です。\r\nFrom here\r\n.\r\n末尾\r\n".to_owned()));
    assert_eq!(leaves[1], ("text/html".to_owned(), format!("<p>{}</p>\r\n", "とても長い一行".repeat(200))));
    let plain = OwnMail {
        html: None,
        is_reply: false,
        in_reply_to: None,
        reply_to: None,
        from_name: String::new(),
        languages: Vec::new(),
        text: "x".to_owned(),
        ..mail()
    };
    let out = plain.build();
    assert_well_formed(&out, 78);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("\r\nFrom: noreply@files.example.jp\r\n") && text.contains("Auto-Submitted: auto-generated\r\n")
    );
    assert!(!text.contains("In-Reply-To") && !text.contains("Content-Language") && text.ends_with("\r\n\r\nx\r\n"));
}

fn notification(returned: Returned) -> StatusNotification {
    StatusNotification {
        mail: mail(),
        reporting_mta: "gateway.example.jp".to_owned(),
        arrival_date: "Sun, 22 Nov 2026 10:00:00 +0900".to_owned(),
        envelope_id: None,
        recipients: vec![
            RecipientStatus {
                recipient: "hanako@example.com".to_owned(),
                original_recipient: Some("rfc822;hanako@example.com".to_owned()),
                action: "failed",
                status: "5.1.1".to_owned(),
                remote_mta: Some("mx.example.com".to_owned()),
                diagnostic: Some(format!("smtp; 550 5.1.1 no\r\n\r\n--such user {}", "y".repeat(3000))),
            },
            RecipientStatus {
                recipient: "花子@example.com".to_owned(),
                original_recipient: None,
                action: "failed",
                status: "5.1.1".to_owned(),
                remote_mta: None,
                diagnostic: Some(String::new()),
            },
        ],
        returned,
    }
}

// spec: MAIL-BOUNCE (RFC 3464, RFC 6522)
#[test]
fn a_status_notification_has_its_three_parts() {
    let original = crlf("From: a@x.jp\nSubject: =?UTF-8?B?5Lqs?=\nContent-Type: text/plain\n\nbody\n--=_report_x--\n");
    let (mut out, after) = notification(Returned::Whole).build();
    out.extend_from_slice(&original);
    out.extend_from_slice(&after);
    assert_well_formed(&out, 998);
    let message = MessageParser::default().parse(&out).unwrap();
    let root = message.root_part();
    assert!(root.is_content_type("multipart", "report"));
    assert_eq!(root.content_type().unwrap().attribute("report-type"), Some("delivery-status"));
    let parts: Vec<_> = root.children().collect();
    assert_eq!(parts.len(), 3);
    assert!(parts[0].is_content_type("multipart", "alternative"));
    let status = String::from_utf8_lossy(parts[1].raw_body()).into_owned();
    let blocks: Vec<&str> = status.trim_end().split("\r\n\r\n").collect();
    assert_eq!(blocks.len(), 3, "{status}");
    assert_eq!(blocks[0], "Reporting-MTA: dns; gateway.example.jp\r\nArrival-Date: Sun, 22 Nov 2026 10:00:00 +0900");
    assert!(blocks[1].contains("Final-Recipient: rfc822; hanako@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.com\r\nDiagnostic-Code: smtp; 550 5.1.1 no --such user"), "{}", blocks[1]);
    assert_eq!(blocks[2], "Final-Recipient: utf-8; 花子@example.com\r\nAction: failed\r\nStatus: 5.1.1");
    let PartKind::Message(nested) = parts[2].kind() else { panic!("the mail is not returned") };
    assert_eq!(nested.subject(), Some("京"));
}

// spec: MAIL-BOUNCE
#[test]
fn a_returned_header_stays_one_header() {
    let mut header = crlf("From: a@x.jp\nSubject: x\n folded\n\n--evil\n");
    header.extend_from_slice(b"X: bare\rcr\0\r\nY: ");
    header.extend_from_slice("z".repeat(2000).as_bytes());
    let (out, after) = notification(Returned::Header(header)).build();
    assert!(after.is_empty());
    assert_well_formed(&out, 998);
    let message = MessageParser::default().parse(&out).unwrap();
    let parts: Vec<_> = message.root_part().children().collect();
    assert!(parts[2].is_content_type("text", "rfc822-headers"));
    let returned = String::from_utf8_lossy(parts[2].raw_body()).into_owned();
    assert!(
        returned.starts_with("From: a@x.jp\r\nSubject: x\r\n folded\r\n--evil\r\nX: bare\r\ncr \r\n"),
        "{returned}"
    );
}
