//! TNEF, opened (spec MAIL-TNEF): what comes out of streams of every kind, and that damaged ones are only that.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod tnef_support;

use std::{collections::BTreeMap, path::Path, process::Command};

use fubako_mail::tnef::{Damaged, File, Limits, Outline, Piece, Reader, is_tnef};
use mail_parser::MessageParser;
use proptest::prelude::*;
use tnef_support::*;

/// Reads a stream that is pushed in pieces.
fn read_in(octets: &[u8], limits: Limits, step: usize) -> Result<Outline, Damaged> {
    let mut reader = Reader::new(limits);
    octets.chunks(step).for_each(|piece| reader.push(piece));
    reader.finish()
}

fn read(octets: &[u8]) -> Result<Outline, &'static str> {
    read_in(octets, Limits::default(), usize::MAX).map_err(|damaged| damaged.reason)
}

/// A file's content, from a stream that is pushed in pieces.
fn content_in(file: &File, octets: &[u8], step: usize) -> Vec<u8> {
    let (mut extractor, mut content) = (file.extractor(), Vec::new());
    octets.chunks(step).for_each(|piece| extractor.push(piece, &mut content));
    assert!(extractor.finish(&mut content), "{file:?}");
    assert_eq!(content.len() as u64, file.size());
    content
}

fn content(file: &File, octets: &[u8]) -> Vec<u8> {
    content_in(file, octets, usize::MAX)
}

/// Names and contents.
fn files<'a>(outline: &'a Outline, octets: &[u8]) -> Vec<(&'a str, Vec<u8>)> {
    outline.files.iter().map(|file| (file.name.as_deref().unwrap_or("-"), content(file, octets))).collect()
}

fn named(files: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

fn owned(files: Vec<(&str, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

// spec: MAIL-TNEF
#[test]
fn the_signature_tells_it() {
    for (_, octets) in samples::all() {
        assert!(is_tnef(&octets) && is_tnef(&octets[..4]));
    }
    for other in [&b""[..], b"\x78", b"\x78\x9f\x3e", b"\x22\x3e\x9f\x78", b"PK\x03\x04", b" \x78\x9f\x3e\x22"] {
        assert!(!is_tnef(other));
    }
}

// spec: MAIL-TNEF (files under their own names: code page, Unicode, long and short)
#[test]
fn files_come_out_under_their_own_names() {
    type Files = &'static [(&'static str, &'static [u8])];
    let table: [(Vec<u8>, Files); 8] = [
        (samples::ansi(), &[("Café für alle.txt", b"one"), ("SHORT.TXT", b"two")]),
        (samples::unicode(), &[("見積書 2026年.xlsx", b"PK\x03\x04 numbers")]),
        (samples::japanese(), &[("見積書.xls", b"an estimate"), ("表ソ.txt", b"backslashes")]),
        (samples::in_properties(), &[("a.doc", b"12345"), ("b.doc", b"")]),
        (samples::html(), &[("image001.png", samples::ICON), ("plan.pdf", b"%PDF-1.7")]),
        (samples::ole(), &[("Untitled_Attachment", b"\xd0\xcf\x11\xe0 sheet")]),
        (samples::only_text(), &[]),
        (samples::calendar(), &[]),
    ];
    for (octets, expected) in table {
        let outline = read(&octets).unwrap();
        assert_eq!(owned(files(&outline, &octets)), named(expected));
        assert_eq!(outline.size, octets.len() as u64);
        assert_eq!(outline.is_empty_of_files(), expected.is_empty());
    }
}

// spec: MAIL-TNEF, MAIL-NAMES
#[test]
fn of_several_names_the_best_is_taken() {
    let title = |title: &[u8], props: Props| Tnef::mail(932).file(title, b"x", &props).octets();
    let bare = |name: &[u8]| {
        let rest = Tnef::bare().attribute(2, ATTACH_TITLE, name).attribute(2, ATTACH_DATA, b"x").octets();
        // No attAttachRenddata, no code page, no properties.
        rest
    };
    for (octets, expected) in [
        (title(b"T.TXT", Props::new().unicode(P_LONG_FILENAME, "長い.txt").string8(P_LONG_FILENAME, b"a")), "長い.txt"),
        (title(b"T.TXT", Props::new().unicode(P_LONG_FILENAME, "").string8(P_LONG_FILENAME, b"a.txt")), "a.txt"),
        (title(b"T.TXT", Props::new().unicode(P_DISPLAY_NAME, "shown")), "T.TXT"),
        (title(b"", Props::new().unicode(P_FILENAME, "短.txt").unicode(P_DISPLAY_NAME, "shown")), "短.txt"),
        (title(b"", Props::new().unicode(P_DISPLAY_NAME, "shown")), "shown"),
        (title(b"", Props::new()), "-"),
        // Nothing says what it is in.
        (bare(samples::BACKSLASHES), "表ソ.txt"),
        (bare("見積書.xls".as_bytes()), "見積書.xls"),
        (bare(b"f\xfcr"), "für"),
        // What is said is wrong.
        (Tnef::mail(65001).file(samples::ESTIMATE, b"x", &Props::new()).octets(), "見積書.xls"),
        (Tnef::mail(437).file(samples::ESTIMATE, b"x", &Props::new()).octets(), "見積書.xls"),
        // Other code pages.
        (Tnef::mail(1251).file(b"\xcf\xf0.txt", b"x", &Props::new()).octets(), "Пр.txt"),
        (Tnef::mail(949).file(b"\xb0\xa1.txt", b"x", &Props::new()).octets(), "가.txt"),
        (Tnef::mail(936).file(b"\xd6\xd0.txt", b"x", &Props::new()).octets(), "中.txt"),
        (Tnef::mail(28592).file(b"\xb1.txt", b"x", &Props::new()).octets(), "ą.txt"),
        // PidTagMessageCodepage, after the file.
        (
            Tnef::bare()
                .file(b"\xd6\xd0.txt", b"x", &Props::new())
                .properties(&Props::new().long(P_MESSAGE_CODEPAGE, 936))
                .octets(),
            "中.txt",
        ),
    ] {
        let outline = read(&octets).unwrap();
        assert_eq!(owned(files(&outline, &octets)), named(&[(expected, b"x")]));
    }
}

// spec: MAIL-TNEF (media type, content id, inline pictures)
#[test]
fn a_picture_keeps_its_type_and_its_content_id() {
    let octets = samples::html();
    let outline = read(&octets).unwrap();
    let [icon, plan] = &outline.files[..] else { panic!("{outline:?}") };
    assert_eq!(icon.media_type.as_deref(), Some("image/png"));
    assert_eq!(icon.content_id.as_deref(), Some("image001.png@01D4"));
    assert!(icon.inline && icon.hidden);
    assert_eq!((plan.media_type.as_deref(), plan.content_id.as_deref()), (None, None));
    assert!(!plan.inline && !plan.hidden);
    assert_eq!(read(&samples::unicode()).unwrap().files[0].media_type.as_deref(), Some("application/x-excel"));
    let odd = |tag| Tnef::mail(932).file(b"x", b"x", &Props::new().unicode(P_MIME_TAG, tag)).octets();
    for tag in ["", "text", "a/b\r\nX: y", "a/b; c=d", "/", "あ/い"] {
        assert_eq!(read(&odd(tag)).unwrap().files[0].media_type, None, "{tag:?}");
    }
}

// spec: MAIL-TNEF (its body)
#[test]
fn the_body_is_read_from_text_html_or_rtf() {
    let html = "<html><body>写真<img src=\"cid:image001.png@01D4\"></body></html>";
    let props = |props: Props| Tnef::mail(932).properties(&props).octets();
    let rtf = b"{\\rtf1\\ansi rich}";
    for (octets, text, expected_html) in [
        (samples::ansi(), Some("Text für alle\r\n"), None),
        (samples::unicode(), Some("本文です。\r\n"), None),
        (samples::japanese(), Some("本文"), None),
        (samples::html(), None, Some(html)),
        (samples::html_in_rtf(), None, Some("<p>日本</p>")),
        (samples::rtf(), Some("表示\r\n日本\r\n"), None),
        (samples::only_text(), Some("このメール"), None),
        (samples::calendar(), Some("3階会議室"), None),
        (samples::ole(), None, None),
        (props(Props::new().unicode(P_HTML, "<p>é</p>").string8(P_BODY, b"text")), Some("text"), Some("<p>é</p>")),
        (props(Props::new().string8(P_HTML, b"<p>\x96\x7b</p>")), None, Some("<p>本</p>")),
        // ISO-2022-JP and Shift_JIS as the message says, and where it does not.
        (props(Props::new().binary(P_HTML, b"\x1b$BF|\x1b(B").long(P_INTERNET_CODEPAGE, 50220)), None, Some("日")),
        (props(Props::new().binary(P_HTML, b"<p>\x93\xfa\x96\x7b\x8c\xea</p>\0")), None, Some("<p>日本語</p>")),
        (props(Props::new().binary(P_RTF, &uncompressed(rtf))), Some("rich"), None),
        (props(Props::new().binary(P_RTF, &compressed(rtf)).unicode(P_BODY, "plain")), Some("plain"), None),
        (props(Props::new().binary(P_RTF, b"").unicode(P_BODY, "")), None, None),
    ] {
        let outline = read(&octets).unwrap();
        assert_eq!((outline.text.as_deref(), outline.html.as_deref()), (text, expected_html));
    }
}

// spec: MAIL-TNEF
#[test]
fn what_is_no_mail_is_said() {
    for (class, is_mail) in [
        ("IPM.Note", true),
        ("ipm.note.SMIME", true),
        ("IPM.Microsoft Mail.Note", true),
        ("REPORT.IPM.Note.IPNRN", true),
        ("IPM.Microsoft Schedule.MtgReq", false),
        ("IPM.Schedule.Meeting.Request", false),
        ("IPM.Appointment", false),
        ("IPM.Contact", false),
        ("IPM.Task", false),
    ] {
        let octets = Tnef::bare().attribute(1, MESSAGE_CLASS, format!("{class}\0").as_bytes()).octets();
        let outline = read(&octets).unwrap();
        assert_eq!((outline.message_class.as_deref(), outline.is_mail), (Some(class), is_mail));
    }
    assert!(read(&samples::in_properties()).unwrap().is_mail);
}

/// A nested mail's parts, as another reader sees them: name (or subject) and content.
fn parts(eml: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mail = MessageParser::default().parse(eml).unwrap();
    let mut found = vec![("Subject".to_owned(), mail.subject().unwrap_or_default().as_bytes().to_vec())];
    for part in mail.attachments() {
        let name = part.attachment_name().unwrap_or("-").to_owned();
        found.push((name, part.decoded().into_owned()));
    }
    found
}

// spec: MAIL-TNEF (nested messages)
#[test]
fn a_nested_message_becomes_a_mail_that_any_program_opens() {
    let octets = samples::nested();
    let outline = read(&octets).unwrap();
    let all = files(&outline, &octets);
    assert_eq!(all.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["before.txt", "ご報告.eml", "after.txt"]);
    assert_eq!((&all[0].1[..], &all[2].1[..]), (&b"before"[..], &b"after"[..]));
    assert_eq!(outline.files[1].media_type.as_deref(), Some("message/rfc822"));
    let eml = &all[1].1;
    assert!(eml.is_ascii() && eml.split(|octet| *octet == b'\n').all(|line| line.len() <= 79));

    let mail = MessageParser::default().parse(eml).unwrap();
    assert_eq!(mail.subject(), Some("ご報告"));
    assert_eq!(mail.message_id(), Some("1@example.jp"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2024-02-29T23:59:59Z");
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("山田 太郎"), Some("taro@example.jp")));
    let cc = mail.cc().unwrap().first().unwrap();
    assert_eq!((cc.name(), cc.address()), (Some("Sato, Hanako"), Some("sato@example.com")));
    let text = String::from_utf8_lossy(eml);
    let to = "To: =?UTF-8?B?6Yi05pyo?= <suzuki@example.com>, =?UTF-8?B?6Kqy6ZW3?=:;";
    assert!(text.replace("\r\n ", " ").contains(to), "{text}");
    assert_eq!(mail.body_text(0).unwrap().trim_end(), "中の本文");
    assert_eq!(parts(eml)[1], ("見積書.xls".to_owned(), b"an estimate within".to_vec()));

    let inner = mail.attachments().nth(1).unwrap();
    assert_eq!(inner.attachment_name(), Some("inner.eml"));
    let inner = inner.nested().unwrap();
    assert_eq!(inner.subject(), Some("inner"));
    assert_eq!(inner.body_html(0).unwrap(), "<img src=cid:p>");
    let picture = inner.attachments().next().unwrap();
    assert_eq!((picture.content_id(), &*picture.decoded()), (Some("p"), samples::ICON));
}

// spec: MAIL-TNEF (nested messages: nothing of a contact is lost)
#[test]
fn a_nested_message_that_is_no_mail_keeps_its_own_tnef() {
    let octets = samples::contact();
    let outline = read(&octets).unwrap();
    let all = files(&outline, &octets);
    assert_eq!(all[0].0, "Suzuki.eml");
    let found = parts(&all[0].1);
    assert_eq!(found[0], ("Subject".to_owned(), b"Suzuki".to_vec()));
    assert_eq!((found.len(), found[1].0.as_str()), (2, "winmail.dat"));
    let inner = read(&found[1].1).unwrap();
    assert_eq!(inner.message_class.as_deref(), Some("IPM.Contact"));
    assert_eq!(owned(files(&inner, &found[1].1)), named(&[("ContactPicture.jpg", b"\xff\xd8\xff")]));
}

// spec: MAIL-TNEF
#[test]
fn what_a_nested_message_says_of_itself_adds_nothing_to_its_header() {
    let evil = "x\r\nBcc: y@z\r\n\r\n--=_nested_000001\r\n";
    let message = Tnef::mail(1252)
        .properties(
            &Props::new()
                .unicode(P_SUBJECT, evil)
                .unicode(P_SENDER_NAME, evil)
                .unicode(P_SENDER_ADDRESS, "a@b>\r\nX: y")
                .unicode(P_MESSAGE_ID, "<a>\r\nX: <y>")
                .unicode(P_BODY, evil),
        )
        .file(
            b"x",
            b"--=_nested_000001--",
            &Props::new()
                .unicode(P_LONG_FILENAME, evil)
                .unicode(P_CONTENT_ID, evil)
                .unicode(P_MIME_TAG, "message/rfc822"),
        )
        .octets();
    let octets = Tnef::mail(1252).attached(&attached("", &message)).octets();
    let outline = read(&octets).unwrap();
    let eml = content(&outline.files[0], &octets);
    let mail = MessageParser::default().parse(&eml).unwrap();
    let head = String::from_utf8_lossy(&eml);
    assert!(!head.contains("\nBcc:") && !head.contains("\nX:"), "{head}");
    assert_eq!(mail.body_text(0).unwrap(), evil);
    assert_eq!(mail.attachments().count(), 1);
    let file = mail.attachments().next().unwrap();
    assert_eq!((file.attachment_name(), &*file.decoded()), (Some(evil), &b"--=_nested_000001--"[..]));
}

fn attached(name: &str, message: &[u8]) -> Props {
    samples::attached_message(name, message)
}

fn within(levels: usize) -> Vec<u8> {
    (0..levels).fold(samples::only_text(), |inner, _| Tnef::mail(932).attached(&attached("x", &inner)).octets())
}

// spec: MAIL-TNEF (bounded)
#[test]
fn what_is_beyond_the_limits_is_damaged() {
    assert!(read(&within(5)).is_ok());
    assert_eq!(read(&within(6)), Err("messages nested deeper than the limit"));

    let limits = Limits { body: 100, kept: 1000, text: 50, attachments: 3, depth: 5 };
    let limited = |tnef: Tnef| read_in(&tnef.octets(), limits, 7).map(|_| ()).map_err(|damaged| damaged.reason);
    let props = |props: Props| Tnef::mail(932).properties(&props);
    let body = |length: usize| vec![b'x'; length];
    assert_eq!(limited(props(Props::new().binary(P_HTML, &body(100)))), Ok(()));
    assert_eq!(limited(props(Props::new().binary(P_HTML, &body(101)))), Err("a longer property than the limit"));
    assert_eq!(limited(Tnef::mail(932).attribute(1, BODY, &body(101))), Err("a longer attribute than the limit"));
    let rtf = format!("{{\\rtf1 {}}}", "x".repeat(93));
    assert_eq!(
        limited(props(Props::new().binary(P_RTF, &compressed(rtf.as_bytes())))),
        Err("longer RTF than the limit")
    );
    let named = |length| Tnef::mail(932).file(b"x", b"x", &Props::new().string8(P_LONG_FILENAME, &body(length)));
    assert_eq!(limited(named(49)), Ok(()));
    assert_eq!(limited(named(50)), Err("a longer property than the limit"));
    let many = |count| (0..count).fold(Tnef::mail(932), |tnef, _| tnef.file(b"x", b"x", &Props::new()));
    assert_eq!(limited(many(3)), Ok(()));
    assert_eq!(limited(many(4)), Err("more attachments than the limit"));
    let texts = (0..20).fold(Tnef::mail(932), |tnef, _| tnef.attribute(1, BODY, &body(90)));
    assert_eq!(limited(texts), Err("more text than the limit"));
    // A file may be as large as it likes.
    assert_eq!(limited(Tnef::mail(932).file(b"x", &body(100_000), &Props::new())), Ok(()));
}

/// Where attributes' data lies in a stream that is whole.
fn data_of(octets: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut at, mut found) = (6, Vec::new());
    while at < octets.len() {
        let length = u32::from_le_bytes(octets[at + 5..at + 9].try_into().unwrap()) as usize;
        found.push(at + 9..at + 9 + length);
        at += 11 + length;
    }
    found
}

// spec: MAIL-TNEF (damaged, its checksums included)
#[test]
fn one_changed_octet_of_any_attribute_is_damage() {
    for (name, octets) in samples::all() {
        let mut changed = octets.clone();
        for data in data_of(&octets) {
            // The data, and the checksum after it.
            for at in data.start..data.end + 2 {
                changed[at] ^= 0x10;
                assert!(read(&changed).is_err(), "{name}: octet {at}");
                changed[at] = octets[at];
            }
        }
    }
}

// spec: MAIL-TNEF (truncated, trailing junk)
#[test]
fn a_stream_that_is_cut_or_goes_on_is_damaged() {
    for (name, octets) in samples::all() {
        let ends: Vec<usize> = data_of(&octets).iter().map(|data| data.end + 2).collect();
        for at in (0..octets.len()).filter(|at| !ends.contains(at)) {
            assert!(read(&octets[..at]).is_err(), "{name}: cut at {at}");
        }
        for junk in [&b"\n"[..], b"\r\n", &[0], &[0; 9], &[0; 100], &octets] {
            assert!(read(&[&octets, junk].concat()).is_err(), "{name}: {junk:?}");
        }
    }
}

// spec: MAIL-TNEF (damaged)
#[test]
fn what_contradicts_itself_is_damaged() {
    let mail = || Tnef::mail(932);
    let x = |props: Props| mail().file(b"x", b"x", &props);
    let raw = |data: &[u8]| mail().attribute(1, MSG_PROPS, data);
    let rtf = |at: usize| {
        let mut rtf = compressed(b"{\\rtf1 text text text}");
        rtf[at] ^= 1;
        mail().properties(&Props::new().binary(P_RTF, &rtf))
    };
    let far = u32::MAX.to_le_bytes();
    for (tnef, reason) in [
        (Tnef::bare(), "it ends early, or goes on after its last attribute"),
        (mail().attribute(0, BODY, b""), "neither a message's attribute nor an attachment's"),
        (mail().attribute(3, 0x1234, b""), "neither a message's attribute nor an attachment's"),
        (mail().attribute(2, BODY, b""), "neither a message's attribute nor an attachment's"),
        (mail().attribute(1, ATTACH_DATA, b""), "neither a message's attribute nor an attachment's"),
        (x(Props::new()).attribute(2, ATTACH_DATA, b"y"), "an attachment with two contents"),
        (x(Props::new().binary(P_DATA, b"y")), "an attachment with two contents"),
        (x(Props::new().binary(P_DATA, b"").binary(P_DATA, b"")), "an attachment with two contents"),
        (x(Props::new().object(ISTORAGE, b"").object(ISTORAGE, b"")), "an attachment with two contents"),
        (x(Props::new()).attribute(2, ATTACHMENT, &Props::new().list()), "an attachment with two sets of properties"),
        (mail().attached(&Props::new()), "an attachment without content"),
        (mail().attached(&Props::new().long(P_METHOD, 7).unicode(P_FILENAME, "x")), "an attachment without content"),
        (mail().attribute(2, ATTACH_RENDDATA, &RENDDATA), "an attachment without content"),
        (x(Props::new().values(P_DATA, 0x000d, &[b"short"])), "an object without its interface"),
        (x(Props::new().object(IMESSAGE, b"no TNEF")), "it does not begin as TNEF"),
        (x(Props::new().object(IMESSAGE, b"")), "it ends early, or goes on after its last attribute"),
        (raw(b""), "properties that end early"),
        (raw(&far), "properties that end early"),
        (raw(&[0; 8]), "more after the last property"),
        (raw(&[&Props::new().long(1, 1).list()[..], b"\0"].concat()), "more after the last property"),
        (raw(&[&[1, 0, 0, 0][..], &[0x1e, 0x10, 1, 0], &far].concat()), "properties that end early"),
        (raw(&[&[1, 0, 0, 0][..], &[0x02, 0x01, 1, 0], &[1, 0, 0, 0], &far].concat()), "properties that end early"),
        (mail().properties(&Props::new().raw(1, 0x00fb, &[0; 8])), "a property of a type that is not known"),
        (mail().properties(&Props::new().raw(1, 0x1001, &far)), "many values of no length"),
        (mail().properties(&Props::new().raw(0x8000, 3, &[2; 28])), "a named property with neither number nor name"),
        (mail().attribute(1, RECIP_TABLE, &far), "properties that end early"),
        (rtf(0), "compressed RTF that ends early"),
        (rtf(12), "a wrong checksum of the RTF"),
        (rtf(20), "a wrong checksum of the RTF"),
        (mail().properties(&Props::new().binary(P_RTF, b"short")), "compressed RTF without its header"),
        (mail().properties(&Props::new().binary(P_RTF, &uncompressed(b"no RTF"))), "a body that is no RTF"),
    ] {
        assert_eq!(read(&tnef.octets()).map(|_| ()), Err(reason));
    }
    // A file of no octets has content; Outlook does not always say so.
    let empty = mail().attached(&samples::by_value().unicode(P_FILENAME, "empty.txt")).octets();
    assert_eq!(owned(files(&read(&empty).unwrap(), &empty)), named(&[("empty.txt", b"")]));
}

/// What must hold of an outline, whatever was read.
fn check(outline: &Outline, octets: &[u8]) {
    assert_eq!(outline.size, octets.len() as u64);
    for body in [&outline.text, &outline.html].into_iter().flatten() {
        assert!(!body.is_empty() && body.len() <= 16 << 20);
    }
    for file in &outline.files {
        let mut from = 0;
        for piece in &file.pieces {
            if let Piece::Copy(range) | Piece::Base64(range) = piece {
                assert!(from <= range.start || range.is_empty(), "{file:?}");
                assert!(range.start <= range.end && range.end <= outline.size, "{file:?}");
                from = range.end;
            }
        }
        content(file, octets);
    }
}

/// A generator of numbers that are always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end.max(1)
    }
}

/// Changes a stream somewhere.
fn mutate(octets: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(octets.len());
    match numbers.below(7) {
        0 => octets.iter_mut().skip(at).take(1).for_each(|octet| *octet ^= 1 << numbers.below(8)),
        1 => octets.iter_mut().skip(at).take(1).for_each(|octet| *octet = u8::try_from(numbers.below(256)).unwrap()),
        2 => {
            let extremes = [0, 1, 3, 4, 15, 16, 0x7fff_ffff, 0x8000_0000, u32::MAX - 3, u32::MAX, 0x1000, 0xffff];
            let number = extremes[numbers.below(extremes.len())].to_le_bytes();
            octets.iter_mut().skip(at).zip(number).for_each(|(octet, new)| *octet = new);
        }
        3 => octets.truncate(at),
        4 => {
            let end = (at + 1 + numbers.below(16)).min(octets.len());
            octets.drain(at.min(end)..end);
        }
        5 => {
            let end = (at + numbers.below(64)).min(octets.len());
            let piece = octets[at.min(end)..end].to_vec();
            let to = numbers.below(octets.len());
            octets.splice(to..to, piece);
        }
        _ => {
            let new: Vec<u8> = (0..numbers.below(9)).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect();
            octets.splice(at..at, new);
        }
    }
}

/// Writes lengths that reach too far shorter, and the right checksums, so that a change is not seen at once; those of
/// messages within too.
fn mend(octets: &mut [u8]) {
    let mut at = 6;
    while at + 11 <= octets.len() {
        let most = octets.len() - at - 11;
        let length = u32::from_le_bytes(octets[at + 5..at + 9].try_into().unwrap()) as usize;
        let length = length.min(most);
        octets[at + 5..at + 9].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        let data = &mut octets[at + 9..at + 9 + length];
        if let Some(inner) = data.windows(4).position(is_tnef) {
            mend(&mut data[inner..]);
        }
        let sum = checksum(data).to_le_bytes();
        octets[at + 9 + length..at + 11 + length].copy_from_slice(&sum);
        at += 11 + length;
    }
}

// spec: MAIL-TNEF (never crashes anything)
#[test]
fn mutated_streams_are_damaged_or_read_sanely() {
    let samples = samples::all();
    let (mut numbers, mut opened, mut reasons) = (Numbers(3), 0, BTreeMap::<&str, usize>::new());
    for round in 0..60_000 {
        let mut octets = samples[numbers.below(samples.len())].1.clone();
        for _ in 0..=numbers.below(3) {
            mutate(&mut octets, &mut numbers);
        }
        if round % 3 > 0 {
            mend(&mut octets);
        }
        match read(&octets) {
            Ok(outline) => {
                opened += 1;
                check(&outline, &octets);
            }
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    // It reaches every corner.
    assert!(opened > 1000 && reasons.len() > 15, "{opened} {reasons:#?}");
}

// spec: MAIL-TNEF (never crashes anything)
#[test]
fn mutated_rtf_is_damaged_or_read_as_something() {
    let documents: [&[u8]; 2] = [
        br"{\rtf1\ansi\ansicpg932\fromhtml1 \deff0{\fonttbl{\f0\fcharset128 MS Gothic;}}{\*\htmltag64 <p>}\htmlrtf{\htmlrtf0 \'93\'fa\u26085?{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0}",
        br"{\rtf1\ansi\ansicpg932{\fonttbl{\f0\fcharset128 x;}}\uc2\f0\'95\'5c\u-10179 ??\u-8704 ??\bin3 abc{\v x}\plain\par{\pict 00}\~\emdash}",
    ];
    let (mut numbers, mut opened, mut damaged) = (Numbers(5), 0, 0);
    for round in 0..40_000 {
        let mut rtf = documents[round % 2].to_vec();
        let packed = if round % 4 < 2 {
            (0..=numbers.below(4)).for_each(|_| mutate(&mut rtf, &mut numbers));
            uncompressed(&rtf)
        } else {
            // What is compressed is changed, its size and checksum are right again.
            let mut packed = compressed(&rtf);
            let mut contents = packed.split_off(16);
            (0..=numbers.below(2)).for_each(|_| mutate(&mut contents, &mut numbers));
            packed[..4].copy_from_slice(&(u32::try_from(contents.len()).unwrap() + 12).to_le_bytes());
            packed[12..].copy_from_slice(&crc(&contents).to_le_bytes());
            [packed, contents].concat()
        };
        match read(&Tnef::bare().properties(&Props::new().binary(P_RTF, &packed)).octets()) {
            Ok(_) => opened += 1,
            Err(_) => damaged += 1,
        }
    }
    assert!(opened > 15_000 && damaged > 5000, "{opened} {damaged}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    // spec: MAIL-TNEF (the same however it is cut)
    #[test]
    fn any_stream_is_read_alike_however_it_is_cut(
        sample in 0..12usize,
        seed in any::<u64>(),
        mutations in 0..3usize,
        cuts in proptest::collection::vec(1..200usize, 1..20),
    ) {
        let (_, mut octets) = samples::all().swap_remove(sample);
        let mut numbers = Numbers(seed);
        (0..mutations).for_each(|_| mutate(&mut octets, &mut numbers));
        mend(&mut octets);
        let whole = read(&octets);
        let mut reader = Reader::new(Limits::default());
        let (mut rest, mut cut) = (&octets[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cut.next().unwrap()));
            reader.push(piece);
            rest = after;
        }
        let outline = reader.finish().map_err(|damaged| damaged.reason);
        prop_assert_eq!(&outline, &whole);
        if let Ok(outline) = outline {
            for file in &outline.files {
                for step in [1, 5, 58, cuts[0]] {
                    prop_assert_eq!(content_in(file, &octets, step), content(file, &octets));
                }
            }
        }
    }

    // spec: MAIL-TNEF (never crashes anything)
    #[test]
    fn any_octets_after_the_signature_are_read_or_damaged(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
        let octets = [&Tnef::bare().octets(), &junk[..]].concat();
        if let Ok(outline) = read(&octets) {
            check(&outline, &octets);
        }
    }

    // spec: MAIL-TNEF (what is compressed comes out as it went in)
    #[test]
    fn compressed_text_comes_out_as_it_was(text in "[a-d ]{0,6000}") {
        let rtf = format!("{{\\rtf1 {text}}}");
        let octets = Tnef::bare().properties(&Props::new().binary(P_RTF, &compressed(rtf.as_bytes()))).octets();
        let outline = read(&octets).unwrap();
        prop_assert_eq!(outline.text.unwrap_or_default(), text);
    }
}

/// What Debian's tnef takes out of the stream.
fn extracted(octets: &[u8], folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (input, out) = (folder.join("winmail.dat"), folder.join("out"));
    std::fs::create_dir(&out).unwrap();
    std::fs::write(&input, octets).unwrap();
    let done = Command::new("tnef").arg("--unix-paths").arg("-C").arg(&out).arg("-f").arg(&input).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let entries = std::fs::read_dir(&out).unwrap().map(Result::unwrap);
    entries.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

// spec: MAIL-TNEF (another reader finds the same files)
#[test]
fn debians_tnef_takes_out_the_same_files() {
    if Command::new("tnef").arg("--version").output().is_err() {
        eprintln!("skipped: tnef is not installed (tools/test-tools.sh)");
        return;
    }
    // It makes no mails of messages, knows no code pages and not every type of property.
    for (name, octets) in samples::all() {
        if ["nested", "contact", "calendar"].contains(&name) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let theirs = extracted(&octets, folder.path());
        let outline = read(&octets).unwrap();
        let mut ours: Vec<_> = files(&outline, &octets).into_iter().map(|(_, content)| content).collect();
        // It leaves an object's interface id before the object.
        let interface = if name == "ole" { ISTORAGE.len() } else { 0 };
        let mut contents: Vec<_> = theirs.values().map(|content| content[interface..].to_vec()).collect();
        ours.sort();
        contents.sort();
        assert_eq!(contents, ours, "{name}: {:?}", theirs.keys());
        for (file, content) in files(&outline, &octets).iter().filter(|(file, _)| file.is_ascii()) {
            assert_eq!(theirs.get(*file).map(|theirs| &theirs[interface..]), Some(&content[..]), "{name}: {file}");
        }
    }
}
