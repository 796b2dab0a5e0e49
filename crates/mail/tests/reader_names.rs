//! Names under which files are deposited (spec MAIL-NAMES, MAIL-UNNAMED).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reader_common;

use reader_common::read;

/// Names and whether persons gave them, of files with these headers.
fn names(parts: &[&str]) -> Vec<(String, bool)> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
    names_of(&parts)
}

fn names_of(parts: &[Vec<u8>]) -> Vec<(String, bool)> {
    let mut mail = b"Content-Type: multipart/mixed; boundary=b\n\n".to_vec();
    for part in parts {
        mail.extend_from_slice(&[b"--b\n", &part[..], b"\n\nx\n"].concat());
    }
    mail.extend_from_slice(b"--b--\n");
    let read = read(&mail);
    assert_eq!(read.details(), [""; 0]);
    read.plan.attachments.iter().map(|file| (file.name.clone(), file.is_named_by_person())).collect()
}

fn only_names(parts: &[&str]) -> Vec<String> {
    names(parts).into_iter().map(|(name, _)| name).collect()
}

// spec: MAIL-UNNAMED
#[test]
fn names_are_made_up() {
    let made = names(&[
        "Content-Type: image/png\nContent-Disposition: inline",
        "Content-Type: application/x-unknown",
        "Content-Type: text/calendar; method=REQUEST",
        "Content-Type: message/rfc822\n\nSubject: =?iso-2022-jp?B?GyRCJCIbKEI=?=",
        "Content-Type: message/rfc822\nContent-Disposition: attachment",
        "Content-Type: message/delivery-status",
        "Content-Type: image/jpeg\nContent-Disposition: attachment",
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"\"",
        "Content-Type: text/calendar",
        "Content-Disposition: attachment",
        "Content-Type: ???",
        "Content-Type: application/ms-tnef",
    ]);
    let expected = [
        "image-1.png",
        "part-2.bin",
        "invite.ics",
        "あ.eml",
        "mail-5.eml",
        "part-6.txt",
        "image-7.jpg",
        "part-8.pdf",
        "invite (2).ics",
        "text-10.txt",
        "part-11.bin",
        "winmail.dat",
    ];
    assert_eq!(made, expected.map(|name| (name.to_owned(), false)));
}

// spec: MAIL-UNNAMED (only `attachment` is a person's word; every other disposition is as none)
#[test]
fn only_an_attachment_is_named_by_a_person() {
    for disposition in ["", "form-data; name=a", "x-unknown", "\"inline\"", "inline/x", "inline x", "; filename=x"] {
        let part = format!("Content-Type: image/png\nContent-Disposition: {disposition}");
        let found =
            names(&[&part, "Content-Type: image/png\nContent-Disposition: Attachment; filename=\"a\u{200b}.png\""]);
        assert_eq!(found.iter().map(|(_, person)| *person).collect::<Vec<_>>(), [false, true], "{disposition}");
    }
    let named =
        |disposition: &str| format!("Content-Type: image/png\nContent-Disposition: {disposition}; filename=a/b.png");
    let (one, two) = (named("form-data"), named("x-other"));
    assert_eq!(names(&[&one, &two]), [("a_b.png".to_owned(), false), ("a_b (2).png".to_owned(), false)]);
}

// spec: MAIL-UNNAMED
#[test]
fn made_up_names_yield_and_are_repaired() {
    let found = names(&[
        "Content-Type: image/png; name=image.png\nContent-Disposition: inline",
        "Content-Type: image/png; name=IMAGE.png",
        "Content-Type: image/png\nContent-Disposition: attachment; filename=Image.PNG",
        "Content-Type: image/png",
        "Content-Type: image/png\nContent-Disposition: attachment; filename=image-4.png",
        "Content-Type: message/rfc822\n\nSubject: a/b\\c\td\u{1f600}\u{200b}",
        "Content-Type: image/png; name=\"..\"",
    ]);
    let expected = [
        ("image (2).png", false),
        ("IMAGE (3).png", false),
        ("Image.PNG", true),
        ("image-4 (2).png", false),
        ("image-4.png", true),
        ("a_b_c_d__.eml", false),
        ("__", false),
    ];
    assert_eq!(found, expected.map(|(name, person)| (name.to_owned(), person)));
}

// spec: MAIL-NAMES (compared in NFC without case)
#[test]
fn names_are_unique_in_nfc_without_case() {
    let attachment = |name: &str| format!("Content-Type: a/b\nContent-Disposition: attachment; filename=\"{name}\"");
    let parts =
        ["\u{304c}.txt", "\u{304b}\u{3099}.txt", "\u{c4}.txt", "a\u{308}.TXT", "x.txt", "x (2).txt", "x.txt", "x.txt"]
            .map(attachment);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let expected = [
        "\u{304c}.txt",
        "\u{304b}\u{3099} (2).txt",
        "\u{c4}.txt",
        "a\u{308} (2).TXT",
        "x.txt",
        "x (2).txt",
        "x (3).txt",
        "x (4).txt",
    ];
    assert_eq!(only_names(&parts), expected);
}

#[test]
fn long_names_keep_their_extension() {
    let name = format!("{}.xlsx", "表".repeat(100));
    let parts: Vec<String> = (0..3)
        .map(|_| format!("Content-Type: a/b\nContent-Disposition: attachment; filename*=utf-8''{name}"))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    for (index, name) in only_names(&parts).into_iter().enumerate() {
        assert!(name.len() <= 255 && name.len() > 245 && name.ends_with(".xlsx"), "{name}");
        assert_eq!(name.contains(&format!(" ({})", index + 1)), index > 0);
    }
}

#[test]
fn many_equal_names_take_no_long_time() {
    let began = std::time::Instant::now();
    let parts = vec![b"Content-Type: image/png; name=image.png".to_vec(); 1900];
    let found = names_of(&parts);
    assert_eq!(found.last().unwrap().0, "image (1900).png");
    assert!(began.elapsed().as_secs() < 20);
}

// spec: MAIL-NAMES
#[test]
fn names_in_every_way_they_are_sent() {
    let cases: [(&[u8], &str); 9] = [
        (b"Content-Disposition: attachment;\n filename*0*=UTF-8''%E8%B3%87;\n filename*1*=%E6%96%99.xlsx", "資料.xlsx"),
        (b"Content-Disposition: attachment; filename=\"=?ISO-2022-JP?B?GyRCO3FOQRsoQg==?=.xlsx\"", "資料.xlsx"),
        (b"Content-Disposition: attachment; filename=\"\x8e\x91\x97\xbf\x95\x5c.xlsx\"", "資料表.xlsx"),
        (b"Content-Disposition: attachment; filename=\"\x95\x5c\"", "表"),
        (b"Content-Disposition: attachment; filename=\"\x1b$B;qNA\x1b(B.xlsx\"", "資料.xlsx"),
        (b"Content-Disposition: attachment; filename=\"\xbb\xf1\xce\xc1.xlsx\"", "資料.xlsx"),
        (b"Content-Disposition: attachment; filename=\"\x1b$B-!\x1b(I1\x1b(B.xlsx\"", "①ｱ.xlsx"),
        (b"Content-Disposition: attachment; filename=\"\xe8\xb3\x87\xe6\x96\x99.xlsx\"", "資料.xlsx"),
        (b"Content-Type: a/b;\n name=\"=?utf-8?B?6LOH5g==?=\n =?utf-8?B?lpkueGxzeA==?=\"", "資料.xlsx"),
    ];
    for (header, name) in cases {
        let header = [header, &b"\nX: y"[..]].concat();
        let header =
            if header.starts_with(b"Content-Type") { header } else { [b"Content-Type: a/b\n", &header[..]].concat() };
        assert_eq!(names_of(&[header])[0].0, name);
    }
}
