//! What the writer's tests share: an outline and a plan made with mail-parser, so that the writer is tested without
//! our own reader, and what holds for every mail that is written.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fubako_base::{Lang, secret::FilePassword, section::NoticePosition};
use fubako_mail::{
    Decision, Header, Outline, Part, PartId, Plan,
    compose::{Rebuild, rebuild},
    notice::Notice,
    outline::{ContentType, Disposition, Encoding, Flow, Tnef},
    plan::{Attachment, Body},
    reader::{Limits, Reader},
    steps,
};
use mail_parser::{MessageParser, MessagePart, PartKind};

pub(crate) const PASSWORD: &str = "aB3$<&>xyzXYZ9!";

/// Lines as a mail has them.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

pub(crate) fn notice(position: NoticePosition, langs: &[Lang]) -> Notice {
    Notice {
        langs: langs.to_vec(),
        position,
        service: "文箱".to_owned(),
        sender: "山田 太郎 <taro@example.jp>".to_owned(),
        time: langs
            .iter()
            .map(|lang| if *lang == Lang::Ja { "2026年11月22日 10:15" } else { "22 November 2026, 10:15" }.to_owned())
            .collect(),
        approval: false,
        notice_subject: "【文箱】ファイルのお届け".to_owned(),
        files: vec!["見積書.pdf".to_owned(), "<b>&\u{202e}fdp.exe\r\nBcc: x@y".to_owned()],
        password: Some(FilePassword::from_kept(PASSWORD.to_owned())),
        wording: None,
    }
}

/// What mail-parser makes of the mail, as our reader's types. Offsets are mail-parser's.
pub(crate) fn read(mail: &[u8]) -> (Outline, Plan) {
    let message = MessageParser::default().parse(mail).expect("a mail");
    let root = message.root_part();
    let mut parts = Vec::new();
    collect(root, None, &mut parts);
    let header_end = u64::from(root.offset_body());
    let header_range = 0..header_end.saturating_sub(2);
    let header = Header::parse(&mail[..usize::try_from(header_range.end).unwrap()], 0);
    let outline = Outline { size: mail.len() as u64, header, header_range, parts, findings: Vec::new() };
    let plan = plan(&outline);
    (outline, plan)
}

fn collect(part: MessagePart<'_>, parent: Option<PartId>, parts: &mut Vec<Part>) {
    let id = PartId(u32::try_from(parts.len()).unwrap());
    let content_type = match part.content_type() {
        None => ContentType::Absent { implied: "text/plain" },
        Some(t) => ContentType::Declared {
            media_type: format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default()).to_ascii_lowercase(),
            charset: t.attribute("charset").map(str::to_ascii_lowercase),
        },
    };
    let disposition = match part.content_disposition() {
        None => Disposition::Absent,
        Some(d) if d.ctype().eq_ignore_ascii_case("inline") => Disposition::Inline,
        Some(d) if d.ctype().eq_ignore_ascii_case("attachment") => Disposition::Attachment,
        Some(_) => Disposition::Other,
    };
    parts.push(Part {
        parent,
        depth: parent.map_or(0, |p| parts[p.0 as usize].depth + 1),
        content_type,
        disposition,
        encoding: match part.encoding() {
            mail_parser::Encoding::Base64 => Encoding::Base64,
            mail_parser::Encoding::QuotedPrintable => Encoding::QuotedPrintable,
            _ => Encoding::Identity,
        },
        flow: match part.content_type().and_then(|t| t.attribute("format")) {
            Some(format) if format.eq_ignore_ascii_case("flowed") => {
                let delsp = part.content_type().and_then(|t| t.attribute("delsp"));
                Flow::Flowed { delsp: delsp.is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes")) }
            }
            _ => Flow::Fixed,
        },
        body: u64::from(part.offset_body())..u64::from(part.offset_end()),
        name: part.attachment_name().map(str::to_owned),
        content_ids: part.content_id().map(str::to_owned).into_iter().collect(),
        content_base: None,
        content_location: part.content_location().map(str::to_owned),
        is_multipart: part.is_multipart(),
        tnef: Tnef::No,
        veil: false,
        afresh: false,
        nested_subject: None,
    });
    if part.is_multipart() {
        part.children().for_each(|child| collect(child, Some(id), parts));
    }
}

/// Spec MAIL-EXTRACT, in its simplest form.
fn plan(outline: &Outline) -> Plan {
    let (mut attachments, mut bodies) = (Vec::new(), Vec::new());
    for (at, part) in outline.parts.iter().enumerate().filter(|(_, part)| !part.is_multipart) {
        let id = PartId(u32::try_from(at).unwrap());
        let media_type = part.content_type.media_type();
        let text = ["text/plain", "text/html"].into_iter().find(|t| *t == media_type);
        match text {
            Some(media_type) if matches!(part.disposition, Disposition::Absent | Disposition::Inline) => {
                bodies.push(Body {
                    part: id,
                    media_type,
                    charset: part.content_type.charset().map(str::to_owned),
                    body: part.body.clone(),
                    encoding: part.encoding,
                    flow: part.flow,
                    veil: false,
                    given: None,
                });
            }
            _ => attachments.push(Attachment {
                number: u32::try_from(attachments.len() + 1).unwrap(),
                part: id,
                name: part.name.clone().unwrap_or_else(|| format!("part-{at}.bin")),
                is_a_persons: true,
                has_name: part.name.is_some(),
                media_type: media_type.to_owned(),
                body: part.body.clone(),
                encoding: part.encoding,
                packed: None,
            }),
        }
    }
    let decision = if attachments.is_empty() { Decision::Relay } else { Decision::Deposit };
    Plan { decision, problems: Vec::new(), attachments, bodies, opened: Vec::new(), veils_notice: false }
}

/// The mail as it would be relayed, checked for what holds for every one.
pub(crate) fn rebuilt(mail: &[u8], notice: &Notice) -> Vec<u8> {
    let (outline, plan) = read(mail);
    write(&outline, &plan, mail, notice)
}

/// The same, by whatever reader it was read.
pub(crate) fn write(outline: &Outline, plan: &Plan, mail: &[u8], notice: &Notice) -> Vec<u8> {
    let with = Rebuild {
        notice: Some(notice),
        front: fubako_mail::relay::Front {
            results: "",
            received: "from mail.example.jp (192.0.2.1) by gateway.example.jp with ESMTPS id 01890a5d-ac96-774b-bcce-b302099a8057; Sun, 22 Nov 2026 10:15:00 +0900",
        },
        fallback_message_id: "fallback@gateway.example.jp",
        fallback_date: "Sun, 22 Nov 2026 10:15:00 +0900",
        secret_header: None,
    };
    let mut out = Vec::new();
    steps::write_all(rebuild(outline, plan, &with), mail, &mut out).expect("the mail can be rewritten");
    assert_well_formed(&out, 78);
    assert_nothing_left(&out);
    assert_one_reading(&out);
    out
}

/// CRLF and nothing else ends a line; no NUL; short lines.
pub(crate) fn assert_well_formed(mail: &[u8], longest: usize) {
    assert!(mail.ends_with(b"\r\n"), "the mail does not end in a line end");
    for line in mail.strip_suffix(b"\r\n").unwrap().split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(!line.contains(&b'\r') && !line.contains(&0), "{}", String::from_utf8_lossy(line));
        assert!(line.len() <= longest, "{} octets: {}", line.len(), String::from_utf8_lossy(line));
    }
    assert_eq!(
        mail.iter().filter(|b| **b == b'\n').count(),
        mail.windows(2).filter(|w| w == b"\r\n").count(),
        "a bare LF"
    );
}

/// Our own reader, strict as it is, finds nothing in what we write.
fn assert_one_reading(mail: &[u8]) {
    let mut reader = Reader::new(Limits::default());
    reader.push(mail);
    let outline = reader.finish();
    assert_eq!(outline.findings, [], "{}", String::from_utf8_lossy(mail));
    assert_eq!(fubako_mail::plan::plan(&outline).decision, Decision::Relay);
}

/// An independent reader finds nothing but text.
fn assert_nothing_left(mail: &[u8]) {
    let message = MessageParser::default().parse(mail).unwrap();
    for part in message.parts() {
        let media = part
            .content_type()
            .map(|t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default()))
            .unwrap_or_default();
        assert!(
            ["text/plain", "text/html", "multipart/mixed", "multipart/alternative"].contains(&&*media),
            "{media} is left"
        );
        assert!(part.content_disposition().is_none() && part.attachment_name().is_none());
        assert!(!matches!(part.kind(), PartKind::Message(_)));
        assert!(!part.has_problems(), "{:?}", part.flags());
    }
    for gone in [
        "Bcc",
        "Resent-Bcc",
        "DKIM-Signature",
        "Return-Path",
        "Authentication-Results",
        "X-Mailer",
        "Disposition-Notification-To",
    ] {
        assert!(!message.headers().contains(gone), "{gone} is left");
    }
    assert_eq!(message.headers().iter().next().map(|h| h.raw_name().to_owned()).as_deref(), Some("Received"));
}

/// The leaves as an independent reader sees them: media type and text with CRLF, in order.
pub(crate) fn leaves(mail: &[u8]) -> Vec<(String, String)> {
    let message = MessageParser::default().parse(mail).unwrap();
    let texts = message.parts().filter(|part| !part.is_multipart()).map(|part| {
        let media = part.content_type().map(|t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default())).unwrap();
        (media, String::from_utf8(part.decoded().into_owned()).expect("UTF-8"))
    });
    texts.collect()
}

/// The structure: `alternative(plain, html)`.
pub(crate) fn structure(mail: &[u8]) -> String {
    fn of(part: MessagePart<'_>) -> String {
        let subtype = part.content_type().and_then(|t| t.subtype()).unwrap_or_default().to_owned();
        if part.is_multipart() {
            format!("{subtype}({})", part.children().map(of).collect::<Vec<_>>().join(", "))
        } else {
            subtype
        }
    }
    of(MessageParser::default().parse(mail).unwrap().root_part())
}
