//! What the reader makes of mails' structure (spec MAIL-EXTRACT, 3.4a): parts, places, octets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reader_common;

use fubako_base::Code;
use fubako_mail::{
    Decision,
    outline::{ContentType, Disposition, Encoding, Flow},
    reader::{Limits, NoObserver, Reader},
};
use proptest::prelude::*;
use reader_common::{normalised, read, read_in};

const MIXED: &str = "\
From: a@example.jp
Subject: =?utf-8?B?5aWR57SE5pu4?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"out er\"

This is a multi-part message in MIME format.
--out er
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain; charset=ISO-2022-JP

text
--in  \t
Content-Type: text/html; charset=\"UTF-8\"
Content-Transfer-Encoding: quoted-printable

<p>=E3=81=82</p>
--in--
--out er
Content-Type: application/pdf; name=\"a.pdf\"
Content-Disposition: attachment; filename=\"a.pdf\"
Content-Transfer-Encoding: base64
Content-ID: <id@x>
Content-Location:
 http://example.jp/
 a.pdf

QUJD
REVG

--out er--
epilogue
";

// spec: MAIL-EXTRACT
#[test]
fn who_looks_at_a_header_alone_sees_the_fields_that_the_reader_sees() {
    let mark = "\u{feff}";
    for (before, fields) in [
        (String::new(), 3),
        ("From a@x.jp Thu Jan  1 00:00:00 1970\r\n".to_owned(), 3),
        (">From a@x.jp Thu\r\n".to_owned(), 3),
        ("From a: b\r\n>From : c\r\n".to_owned(), 3),
        (mark.to_owned(), 3),
        (format!("{mark}From a@x.jp\r\n"), 3),
        (format!("From a@x.jp\r\n{mark}"), 3),
        (format!("{mark}{mark}"), 0),
        ("From : old@x.jp\r\n".to_owned(), 4),
        (" leading\r\n".to_owned(), 3),
        ("no field\r\n".to_owned(), 0),
        ("\r\n".to_owned(), 0),
        (format!("{mark}\r\n"), 0),
        ("From a@x.jp\r\n\r\n".to_owned(), 0),
    ] {
        let mail = format!("{before}From: a@x.jp\r\nTo: b@x.jp\r\n c\r\nSubject: x\r\n\r\nBcc: body\r\n");
        let of = |header: &fubako_mail::Header| -> Vec<_> {
            header.iter().map(|field| (field.name().to_owned(), field.value().to_vec(), field.range())).collect()
        };
        let mut reader = Reader::new(Limits::default());
        reader.push(mail.as_bytes());
        let read = of(&reader.finish().header);
        assert_eq!(of(&fubako_mail::Header::of_mail(mail.as_bytes())), read, "{before:?}");
        assert_eq!(read.len(), fields, "{before:?}");
    }
}

#[test]
fn a_mail_with_everything() {
    let read = read(MIXED);
    assert_eq!(read.details(), [""; 0]);
    assert_eq!(read.decision(), Decision::Deposit);
    assert_eq!(read.bodies(), ["text", "<p>あ</p>"]);
    assert_eq!(read.files(), [("a.pdf", "ABCDEF".to_owned())]);
    assert_eq!(read.outline.header.first("subject").unwrap().unstructured(), "契約書");
    assert_eq!(read.raw(2), "text");
    assert_eq!(read.raw(4), "QUJD\r\nREVG\r\n");
    assert!(read.raw(1).starts_with("--in\r\n") && read.raw(1).ends_with("--in--"));
    assert!(read.raw(0).ends_with("epilogue\r\n"));
    assert_eq!(read.mail[usize::try_from(read.outline.header_range.end).unwrap()..][..6], *b"\r\nThis");
    let parts = &read.outline.parts;
    let parents: Vec<_> = parts.iter().map(|part| part.parent.map(|id| id.0)).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(0)]);
    assert_eq!(parts.iter().map(|part| part.depth).collect::<Vec<_>>(), [0, 1, 2, 2, 1]);
    assert_eq!(parts[2].content_type.charset(), Some("iso-2022-jp"));
    assert_eq!(parts[4].content_ids, ["id@x"]);
    assert_eq!(parts[4].content_location.as_deref(), Some("http://example.jp/a.pdf"));
    assert_eq!((parts[4].disposition, parts[4].encoding), (Disposition::Attachment, Encoding::Base64));
    let attachment = &read.plan.attachments[0];
    assert_eq!((attachment.number, attachment.is_named_by_person()), (1, true));
    let mut out = Vec::new();
    let mut decoder = attachment.decoder();
    decoder.push(read.raw(4).as_bytes(), &mut out);
    decoder.finish(&mut out);
    assert_eq!(out, b"ABCDEF");
}

// spec: MAIL-EXTRACT
#[test]
fn what_is_body_and_what_is_file() {
    let cases = [
        ("", "", true),
        ("Content-Type: text/plain\n", "", true),
        ("Content-Type: TEXT/HTML; charset=x\n", "", true),
        ("Content-Type: text/plain\n", "Content-Disposition: inline; filename=a.txt\n", true),
        ("", "Content-Disposition: INLINE\n", true),
        ("Content-Type: text/plain\n", "Content-Disposition: attachment\n", false),
        ("Content-Type: text/plain\n", "Content-Disposition: form-data\n", false),
        ("Content-Type: text/plain\n", "Content-Disposition:\n", false),
        ("Content-Type: text/plain\n", "Content-Disposition: filename=a.txt\n", false),
        ("Content-Type: text/csv\n", "", false),
        ("Content-Type: text/calendar\n", "Content-Disposition: inline\n", false),
        ("Content-Type: image/png\n", "Content-Disposition: inline\n", false),
        ("Content-Type: message/rfc822\n", "Content-Disposition: inline\n", false),
        ("Content-Type: text\n", "", false),
        ("Content-Type:\n", "", false),
        ("Content-Type: text /plain\n", "", false),
        ("Content-Type: =?utf-8?Q?text/plain?=\n", "", false),
        ("Content-Type: text/plain/x\n", "", false),
    ];
    for (content_type, disposition, is_body) in cases {
        let read = read(format!("Subject: x\n{content_type}{disposition}\nhello"));
        assert_eq!(read.plan.bodies.len(), usize::from(is_body), "{content_type}{disposition}");
        assert_eq!(read.plan.attachments.len(), usize::from(!is_body), "{content_type}{disposition}");
        assert_eq!(read.decision(), if is_body { Decision::Relay } else { Decision::Deposit });
    }
    for value in
        ["text/plain application/pdf", "text/plain multipart/mixed; boundary=x", "text/plain, a/b", "text/plain=x"]
    {
        let read = read(format!("Content-Type: {value}\n\nx"));
        assert_eq!(read.outline.parts[0].content_type, ContentType::Unreadable, "{value}");
    }
    for value in ["text/plain charset=utf-8", "text/plain (c); charset=utf-8", "text/plain ; charset=utf-8;"] {
        let read = read(format!("Content-Type: {value}\n\nx"));
        assert_eq!(read.outline.parts[0].content_type.charset(), Some("utf-8"), "{value}");
    }
    assert_eq!(read("Content-Type: ???\n\nx").outline.parts[0].content_type, ContentType::Unreadable);
}

// spec: MAIL-REBUILD (RFC 3676)
#[test]
fn a_flowed_text_is_known() {
    for (value, flow) in [
        ("text/plain; format=flowed", Flow::Flowed { delsp: false }),
        ("Text/Plain; Format=\"FLOWED\"; DelSp=yes", Flow::Flowed { delsp: true }),
        ("text/plain; format=flowed; delsp=no", Flow::Flowed { delsp: false }),
        ("text/plain; format=fixed; delsp=yes", Flow::Fixed),
        ("text/html; format=flowed", Flow::Fixed),
        ("text/plain", Flow::Fixed),
    ] {
        let read = read(format!("Content-Type: {value}\n\nx"));
        assert_eq!(read.outline.parts[0].flow, flow, "{value}");
        assert_eq!(read.plan.bodies[0].flow, flow, "{value}");
    }
}

// spec: 3.4a (handled)
#[test]
fn malformed_mails_with_one_obvious_reading() {
    let cases: [(&str, &str, &[&str], &[&str]); 16] = [
        (
            "no MIME-Version, no final delimiter",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: a/b\n\nfile\n",
            &["x"],
            &["file"],
        ),
        (
            "an outer delimiter ends the inner parts",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=c\n\n--c\n\nx\n--b\nContent-Type: a/b\n\nfile\n--b--\n",
            &["x"],
            &["file"],
        ),
        (
            "the same field twice with the same value",
            "Content-Type: text/plain; \n charset=x\nContent-Type: text/plain; charset=x\n\nx",
            &["x"],
            &[],
        ),
        ("only a header", "Subject: x\n", &[""], &[]),
        ("nothing", "", &[""], &[]),
        ("no header", "hello there\nyou", &["hello there\r\nyou"], &[]),
        ("a body after a blank line only", "\nhello", &["hello"], &[]),
        ("a header without its blank line", "Subject: x\nhello there: you\nyou", &["hello there: you\r\nyou"], &[]),
        ("an mbox line", "From a@example.jp Thu Jan  1 00:00:00 1970\nContent-Type: a/b\n\nfile", &[], &["file"]),
        ("a byte order mark", "\u{feff}Content-Type: a/b\n\nfile", &[], &["file"]),
        ("a field name and a space", "Subject : x\nContent-Type: a/b\n\nfile", &[], &["file"]),
        ("odd folding", "Content-Type:\n a/b;\n \n\tname=\n x\n\nfile", &[], &["file"]),
        (
            "a header in a part and then its delimiter",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b\n--b\n\nx\n--b--",
            &["x"],
            &[""],
        ),
        (
            "nothing between delimiters",
            "Content-Type: multipart/mixed; boundary=b\n\ntext before\n--b\n--b\n\nx\n--b--\n--b--\ntext after",
            &["x"],
            &[],
        ),
        (
            "a multipart marked as attachment",
            "Content-Type: multipart/mixed; boundary=b\nContent-Disposition: attachment; filename=x\n\n--b\n\nx\n--b\nContent-Type: a/b\n\nfile\n--b--\n",
            &["x"],
            &["file"],
        ),
        ("an empty multipart", "Content-Type: multipart/mixed\n\n \n", &[], &[]),
    ];
    for (what, mail, bodies, files) in cases {
        let read = read(mail);
        assert_eq!(read.details(), [""; 0], "{what}");
        assert_eq!(read.bodies(), bodies, "{what}");
        assert_eq!(read.files().into_iter().map(|(_, octets)| octets).collect::<Vec<_>>(), files, "{what}");
        let expected = if files.is_empty() { Decision::Relay } else { Decision::Deposit };
        assert_eq!(read.decision(), expected, "{what}");
    }
}

// spec: 3.4a (bare CR in a body, long lines)
#[test]
fn bare_crs_in_a_body() {
    let read = read(format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\na\rb\r\n--b\nContent-Type: a/b\n\n{}\r\r\n--b--",
        "x".repeat(3000)
    ));
    assert_eq!(read.details(), [""; 0]);
    assert_eq!(read.bodies(), ["a\r\nb"]);
    assert_eq!(read.files()[0].1, format!("{}\r\n", "x".repeat(3000)));
    assert!(read.raw(2).ends_with("x\r"));
}

// spec: 3.4a (multipart/digest: children without a type are mails)
#[test]
fn a_digest() {
    let read = read(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: =?utf-8?Q?=E8=A1=A8/1?=\n\nx\n--b\n\nSubject:\n\ny\n--b\nContent-Type: text/plain\n\nz\n--b--\n",
    );
    let names: Vec<_> = read.plan.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["表_1.eml", "mail-2.eml"]);
    assert_eq!(read.bodies(), ["z"]);
}

// spec: MAIL-EXTRACT (message/rfc822 whole, not looked into)
#[test]
fn a_nested_mail_is_one_file() {
    let inner = "Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i\nContent-Type: application/pkcs7-mime\n\ny\n--i--\n";
    let read = read(format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    ));
    assert_eq!(read.details(), [""; 0]);
    assert_eq!(read.files(), [("inner.eml", String::from_utf8(normalised(inner.as_bytes())).unwrap())]);
    assert_eq!(
        read_in(
            b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKeQ==",
            Limits::default(),
            5
        )
        .files()[0]
            .0,
        "x.eml"
    );
}

#[test]
fn limits_hold_and_reading_goes_on() {
    let nested: String =
        (0..1000).map(|n| format!("Content-Type: multipart/mixed; boundary=\"b{n}.\"\n\n--b{n}.\n")).collect();
    let nested = read_in(format!("{nested}\n\nx").as_bytes(), Limits::default(), 4096);
    assert_eq!(nested.codes(), [Code::Ambiguous]);
    assert_eq!(nested.outline.parts.len(), 51);

    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n", "--b\n\n".repeat(20_000));
    let parts = read_in(parts.as_bytes(), Limits::default(), 4096);
    assert_eq!((parts.codes(), parts.outline.parts.len()), (vec![Code::Ambiguous], 2000));
    assert_eq!(parts.decision(), Decision::Hold);

    for line in
        [format!("X: {}\n", "x".repeat(2 << 20)), "X: y\n".repeat(400_000), format!("X: y\n{}", " z\n".repeat(700_000))]
    {
        let header = read_in(format!("{line}Subject: x\n\nbody").as_bytes(), Limits::default(), 4096);
        assert_eq!(header.codes(), [Code::Ambiguous]);
        assert_eq!(header.bodies(), ["body"]);
        let kept: usize = header.outline.header.iter().map(|field| field.value().len()).sum();
        assert!(kept <= 1 << 20 && header.outline.header.len() <= 10_000);
    }

    let heads = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        format!("--b\nX: {}\n\n", "x".repeat(200_000)).repeat(100)
    );
    let heads = read_in(heads.as_bytes(), Limits::default(), 4096);
    assert_eq!(heads.codes(), [Code::Ambiguous]);
    assert!(heads.outline.parts.len() < 25);
}

#[test]
fn nothing_takes_quadratic_time() {
    let began = std::time::Instant::now();
    let open: String =
        (0..49).map(|n| format!("Content-Type: multipart/mixed; boundary=\"{n}.\"\n\n--{n}.\n")).collect();
    for unit in ["--x\n", "--\r", "\n--", "-", "--0.x", "\r", "\n", "--48.\n", "--48.\nA: b\n\n", " \n", "a: b\n"] {
        let mut reader = Reader::new(Limits::default());
        reader.push(&normalised(format!("{open}\n{}", unit.repeat((4 << 20) / unit.len())).as_bytes()));
        let _ = reader.finish();
    }
    // With the square of its size it would take hours; a busy machine is no reason to fail.
    assert!(began.elapsed().as_secs() < 300, "{:?}", began.elapsed());
}

/// Octets of which mails are made, more or less.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let fragment = proptest::sample::select(vec![
        &b"Content-Type: multipart/mixed; boundary=a\r\n"[..],
        b"Content-Type: multipart/digest; boundary=\"ab\"\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment; filename=\"=?utf-8?Q?=\r\n",
        b"Subject: x\r\n y\r\n",
        b"\r\n",
        b"--a\r\n",
        b"--a--\r\n",
        b"--ab\r\n",
        b"--a \r\n",
        b"--",
        b"-",
        b"\r",
        b"\n",
        b"text\r\n",
        b"QUJD\r\n",
        b"=\r\n",
        b"<img src=\"data:",
        b"<!--[if mso]>",
        b"\0",
        b"\xff\xfe",
        b"\x1b$B",
        b"--a\r",
        b"begin 644 a\r\n",
        b"#0V%T\r\n",
        b"From \r\n",
        b"\xef\xbb\xbf",
        b":",
        b" ",
    ]);
    proptest::collection::vec(
        prop_oneof![8 => fragment.prop_map(<[u8]>::to_vec), 1 => proptest::collection::vec(any::<u8>(), 0..8)],
        0..60,
    )
    .prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_mail_is_read_alike_however_it_is_cut(octets in pieces(), cuts in proptest::collection::vec(1..50usize, 1..20)) {
        let whole = read_in(&octets, Limits::default(), usize::MAX);
        let mail = normalised(&octets);
        let mut reader = Reader::new(Limits::default());
        let (mut rest, mut cuts) = (&mail[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            reader.push_with(piece, &mut NoObserver);
            rest = after;
        }
        prop_assert_eq!(format!("{:?}", reader.finish()), format!("{:?}", whole.outline));
        let ranges = whole.outline.parts.iter().map(|part| part.body.clone());
        for (part, range) in whole.outline.parts.iter().zip(ranges) {
            prop_assert!(range.start <= range.end && range.end <= whole.outline.size);
            if let Some(parent) = part.parent {
                let outer = &whole.outline.parts[parent.0 as usize];
                prop_assert!(outer.is_multipart && outer.body.start <= range.start && range.end <= outer.body.end);
            }
        }
        // What the decoder makes of a leaf's place is what passed.
        for part in whole.plan.attachments.iter() {
            let (mut decoder, mut out) = (part.decoder(), Vec::new());
            decoder.push(&mail[usize::try_from(part.body.start).unwrap()..usize::try_from(part.body.end).unwrap()], &mut out);
            decoder.finish(&mut out);
            prop_assert_eq!(&out, &whole.octets[&part.part]);
        }
    }

    #[test]
    fn random_octets_are_read_within_small_limits(octets in pieces()) {
        let limits = Limits { header: 60, field: 20, fields: 3, headers: 200, parts: 4, depth: 2 };
        let read = read_in(&octets, limits, 5);
        prop_assert!(read.outline.parts.len() <= 4);
        prop_assert!(read.outline.parts.iter().all(|part| part.depth <= 2));
        prop_assert!(read.outline.header.iter().map(|field| field.value().len()).sum::<usize>() <= 60);
    }
}
