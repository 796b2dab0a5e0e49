//! What the reader stops and holds (spec MAIL-ACCEPT, MAIL-AMBIGUOUS, 3.4a), and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reader_common;

use fubako_base::{Code, codes::Ambiguity};
use fubako_mail::{Decision, outline::Encoding};
use reader_common::read;

/// A mail with one multipart, which has these parts.
fn mixed(parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
    format!("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n")
}

// spec: MAIL-AMBIGUOUS
#[test]
fn what_careful_readers_take_differently_is_held() {
    let cases: Vec<(&str, String)> = vec![
        ("Content-Type twice", "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\nx".into()),
        ("Content-Type twice in a part", mixed(&["Content-Type: a/b\nContent-Type: text/plain\n\nx"])),
        ("Content-Type twice, other charsets", "Content-Type: text/plain; charset=a\nContent-Type: text/plain; charset=b\n\nx".into()),
        ("Content-Type twice, other quoted values", "Content-Type: text/plain; name=\"a b\"\nContent-Type: text/plain; name=\"A b\"\n\nx".into()),
        ("Content-Transfer-Encoding twice", mixed(&["Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nQUJD"])),
        ("Content-Disposition twice", mixed(&["Content-Disposition: inline\nContent-Disposition: attachment\n\nx"])),
        ("white space before the colon", "Content-Type : text/plain\n\nx".into()),
        ("Bcc below a line that is no field", "From: a@b.c\nX-\u{62c5}: a\nBcc: d@e.f\n\nx".into()),
        ("From below a line that is no field", "From: a@b.c\nthis is no field\nFROM : d@e.f\n\nx".into()),
        ("a tab before the colon", mixed(&["Content-Disposition\t: inline\n\nx"])),
        ("a control character before the colon", mixed(&["Content-Transfer-Encoding\x01: base64\n\nQUJD"])),
        ("a control character in the name", "Content-\x01Type: a/b\n\nx".into()),
        ("white space in the name", "Subject: x\nContent -Type: a/b\n\nx".into()),
        ("NUL in the name", "Content-Type\0: a/b\n\nx".into()),
        ("NUL in a value", "Subject: a\0b\n\nx".into()),
        ("NUL in a part's header", mixed(&["X: \0\n\nx"])),
        ("a bare CR in a header", "Subject: a\rContent-Type: a/b\n\nx".into()),
        ("a bare CR in folding", "Subject: a\n \r b\n\nx".into()),
        ("a comment in Content-Transfer-Encoding", "Content-Transfer-Encoding: (c) base64\n\nQUJD".into()),
        ("quotes in Content-Transfer-Encoding", "Content-Transfer-Encoding: \"base64\"\n\nQUJD".into()),
        ("an encoded word in Content-Transfer-Encoding", "Content-Transfer-Encoding: =?us-ascii?Q?base64?=\n\nQUJD".into()),
        ("a parameter in Content-Transfer-Encoding", "Content-Transfer-Encoding: base64;\n\nQUJD".into()),
        ("an unknown Content-Transfer-Encoding", "Content-Transfer-Encoding: x-uuencode\n\nx".into()),
        ("two in one", "Content-Transfer-Encoding: base64 7bit\n\nx".into()),
        ("boundary twice", "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\nx\n--a--\n".into()),
        ("boundary and boundary*", "Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\n\n--a\n\nx\n--a--\n".into()),
        ("boundary*0", "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\nx\n--ab--\n".into()),
        ("boundary with a comment", "Content-Type: multipart/mixed; boundary=a(c)\n\n--a\n\nx\n--a--\n".into()),
        ("boundary with white space", "Content-Type: multipart/mixed; boundary=a b\n\n--a\n\nx\n--a--\n".into()),
        ("boundary with quoted pairs", "Content-Type: multipart/mixed; boundary=\"a\\b\"\n\n--ab\n\nx\n--ab--\n".into()),
        ("boundary with octets that are no ASCII", "Content-Type: multipart/mixed; boundary=\"\u{e4}\"\n\n--\u{e4}\n\nx\n--\u{e4}--\n".into()),
        ("a boundary that equals an outer one", mixed(&["Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n"])),
        ("a boundary that begins like an outer one", mixed(&["Content-Type: multipart/mixed; boundary=bc\n\n--bc\n\nx\n--bc--\n"])),
        ("an outer boundary that begins like it", "Content-Type: multipart/mixed; boundary=bc\n\n--bc\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--bc--\n".into()),
        ("a line that begins like a delimiter", mixed(&["\nx\n--bc\nContent-Type: a/b\n\nfile"])),
        ("a delimiter with more after it", mixed(&["\nx\n--b Content\nContent-Type: a/b\n\nfile"])),
        ("a last delimiter with more after it", mixed(&["\nx\n--b--x\n\nfile"])),
        ("a delimiter with far too much white space", mixed(&[&format!("\nx\n--b{}\n\nfile", " ".repeat(5000))])),
        ("a delimiter after a bare CR", mixed(&["\nx\r--b\nContent-Type: a/b\n\nfile"])),
        ("a delimiter before a bare CR", mixed(&["\nx\n--b\rContent-Type: a/b\r\rfile"])),
        ("a part before the first", "Content-Type: multipart/mixed; boundary=b\n\n--c\nContent-Type: a/b\n\nfile\n--c--\n--b\n\nx\n--b--\n".into()),
        ("a part after the last", format!("{}--c\ncontent-disposition : attachment\n\nfile\n--c--\n", mixed(&["\nx"]))),
        ("a delimiter after the last one", format!("{}--b\n\nfile\n", mixed(&["\nx"]))),
        ("a uuencoded file before the first part", "Content-Type: multipart/mixed; boundary=b\n\nbegin 644 a\n#0V%T\n`\nend\n--b\n\nx\n--b--\n".into()),
        ("a yEnc file after the last part", format!("{}=ybegin line=128 size=1 name=a\n", mixed(&["\nx"]))),
        ("message/partial", mixed(&["Content-Type: message/partial; id=a; number=1\n\nx"])),
        ("message/external-body", mixed(&["Content-Type: message/external-body; access-type=URL\n\nx"])),
        ("a uuencoded file in a text", "Subject: x\n\nbegin 644 a\n#0V%T\n`\nend\n".into()),
        ("a uuencoded file in an encoded text", "Content-Transfer-Encoding: base64\n\nYmVnaW4gNjQ0IGEKIzBWJVQKYAplbmQK\n".into()),
        ("a yEnc file in a text", "Subject: x\n\n=ybegin line=128 size=1 name=a\n".into()),
        ("base64 with other characters", mixed(&["Content-Transfer-Encoding: base64\n\nQU*JD"])),
        ("base64 with a NUL", mixed(&["Content-Transfer-Encoding: base64\n\nQU\0JD"])),
        ("base64 after its padding", mixed(&["Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nQQ==\nQUJD"])),
        ("a multipart in base64", format!("Content-Transfer-Encoding: base64\n{}", mixed(&["\nx"]))),
        ("a multipart in quoted-printable", format!("Content-Transfer-Encoding: quoted-printable\n{}", mixed(&["\nx"]))),
        ("a multipart without boundary", "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n".into()),
        ("a multipart without its parts", "Content-Type: multipart/mixed; boundary=c\n\nhello\n".into()),
        ("a header that goes on without its blank line", "Subject: x\nno field\nContent-Type: a/b\n\nfile".into()),
        ("the same in a part", mixed(&["no field\nContent-Disposition: attachment\n\nfile"])),
        ("a boundary in a comment", "Content-Type: multipart/mixed (; boundary=x; ); boundary=y\n\n--y\n\nhello\n--x\nContent-Type: a/b\n\nfile\n--x--\n--y--\n".into()),
        ("the same in a multipart in another", mixed(&["Content-Type: multipart/mixed; a=\"\\\"; boundary=x; b=\"; boundary=y\n\n--y\n\nhello\n--y--\n"])),
        ("a boundary after a form feed", "Content-Type: multipart/mixed;\x0cboundary=x; boundary=y\n\n--y\n\nhello\n--y--\n".into()),
        ("a boundary after a no-break space", "Content-Type: multipart/mixed;\u{a0}boundary=x; boundary=y\n\n--y\n\nhello\n--y--\n".into()),
        ("a folded boundary", "Content-Type: multipart/mixed; boundary=\"a\n\tb\"\n\n--a\tb\n\nhello\n--a\tb--\n".into()),
        ("a boundary with two spaces", "Content-Type: multipart/mixed; boundary=\"a  b\"\n\n--a  b\n\nhello\n--a  b--\n".into()),
        ("a boundary that is an encoded word", "Content-Type: multipart/mixed; boundary=\"=?us-ascii?q?x?=\"\n\n--=?us-ascii?q?x?=\n\nhello\n--=?us-ascii?q?x?=--\n".into()),
        ("a name with an escape sequence", "Content-Type: multipart/mixed; name=\"\x1b$B\"; boundary=x; foo=\"\x1b(B\"; boundary=y\n\n--y\n\nhello\n--y--\n".into()),
        ("parts in a text by the boundary of another parameter", "Content-Type: multipart/mixed; a=x; boundary=y\n\n--y\n\nhello\n--x\nContent-Type: a/b\n\nfile\n--x--\n--y--\n".into()),
        ("parts in a text that names a boundary", "Content-Type: text/plain; boundary=x\n\n--x\nContent-Disposition: attachment\n\nfile\n--x--\n".into()),
        ("a name that is folded before its colon", "Subject: x\nContent-Type\n : multipart/mixed; boundary=x\n\n--x\nContent-Type: a/b\n\nfile\n--x--\n".into()),
        ("the same further down", "Subject: x\nno field\nConTENT-\n TyPe\n : multipart/mixed; boundary=x\n\nx\n".into()),
        ("the same in a part, folded", mixed(&["Content-Type\n : a/b\n\nfile"])),
        ("a part's header that begins with white space", mixed(&[" Content-Type: a/b\n\nfile"])),
        ("the same before another field", mixed(&[" Content-Type: a/b\nX: y\n\nfile"])),
        ("a mail's header that begins with white space", " Content-Type: multipart/mixed; boundary=x\nSubject: x\n\nx\n".into()),
        ("the same with MIME-Version", "no field\nMIME-version: 1.0\n\nx".into()),
        ("a comment before a type", "Content-Type: (c) text/plain\n\nx".into()),
        ("a comment after a type", mixed(&["Content-Type: text/html (application/pdf); charset=utf-8\n\nx"])),
        ("a type without its semicolon", "Content-Type: text/plain name=a.exe\n\nx".into()),
        ("a comment before a disposition", mixed(&["Content-Disposition: (attachment) inline\n\nx"])),
        ("a comment after a disposition", mixed(&["Content-Disposition: inline(c)\n\nx"])),
        ("a disposition without its semicolon", "Content-Disposition: inline filename=a.exe\n\nx".into()),
        ("a no-break space in Content-Transfer-Encoding", "Content-Transfer-Encoding: base64\u{a0}\n\nQUJD".into()),
        ("a mail after a blank line", format!("\n{}", mixed(&["Content-Type: a/b\n\nx"]))),
        ("a mail after blank lines", format!("\n \n\n{}", mixed(&["Content-Type: a/b\n\nx"]))),
        ("a header that CR CR LF ends", "Subject: x\n\r\r\nhello\n".into()),
        ("a part's header that CR CR LF ends", mixed(&["Content-Type: a/b\n\r\r\n\nx"])),
        ("a nested mail with the outer boundary", mixed(&["\nx", &format!("Content-Type: message/rfc822\n\n{}", mixed(&["Content-Type: a/b\n\nx"]))])),
        // spec: MAIL-SIGN: who reads the From field otherwise sees another author, whom no signature names.
        ("a control character in From", "From\x0b: a@b.example\n\nx".into()),
        ("two From fields, one of old", "From : a@b.example\nFrom: c@d.example\n\nx".into()),
        // spec: 3.4a (data: URLs): nobody can say what is in it.
        ("HTML in EBCDIC", "Content-Type: text/html; charset=IBM037\n\nx".into()),
        ("HTML in HZ", "Content-Type: text/html; charset=hz-gb-2312\n\n<img src=da~\nta:x>".into()),
        ("HTML in ISO-2022-KR", "Content-Type: text/html; charset=\"iso-2022-kr\"\n\nx".into()),
        ("HTML in EBCDIC by another number", "Content-Type: text/html; charset=cp5035\n\nx".into()),
        ("HTML that says it is UTF-7 by another name", "Content-Type: text/html\n\n<meta charset=utf_7>+ADw-img src=data:x+AD4-".into()),
        ("HTML that says it is UTF-7", "Content-Type: text/html; charset=utf-8\n\n<meta charset=utf-7>+ADw-img src=data:x+AD4-".into()),
        ("the same the long way", "Content-Type: text/html\n\n<META http-equiv=content-type content='text/html; CHARSET = unicode-1-1-utf-7'>x".into()),
        ("HTML with UTF-7's mark", "Content-Type: text/html\n\n+/v8-+ADw-img src=data:x+AD4-".into()),
        ("a text in EBCDIC beside a file", mixed(&["Content-Type: text/plain; charset=cp1047\n\nx", "Content-Type: a/b\n\nx"])),
        ("a text in a charset that nobody here reads beside a file", mixed(&["Content-Type: text/plain; charset=johab\nContent-Transfer-Encoding: base64\n\n0GU=", "Content-Type: a/b\n\nx"])),
        ("HTML in one beside a file", mixed(&["Content-Type: text/html; charset=x-foo\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9", "Content-Type: a/b\n\nx"])),
        ("HTML that names one beside a file", mixed(&["Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<meta charset=3Djohab>=D0e", "Content-Type: a/b\n\nx"])),
        ("a vertical tab in Content-Transfer-Encoding", "Content-Transfer-Encoding: base64\x0b\n\nQUJD".into()),
    ];
    for (what, mail) in cases {
        let read = read(&mail);
        assert_eq!(read.codes(), [Code::Ambiguous], "{what}");
        assert_eq!(read.decision(), Decision::Hold, "{what}");
    }
}

// spec: MAIL-AMBIGUOUS (what can be written afresh is not held)
#[test]
fn a_text_that_can_be_written_afresh_is_not_held_for_its_label() {
    let cases: Vec<(&str, String)> = vec![
        (
            "ASCII in charsets that nobody here reads beside a file",
            mixed(&[
                "Content-Type: text/html; charset=johab\n\nx",
                "Content-Type: text/plain; charset=viscii\n\nx",
                "Content-Type: a/b\n\nx",
            ]),
        ),
        (
            "UTF-8 in one beside a file",
            mixed(&["Content-Type: text/plain; charset=x-foo\n\né", "Content-Type: a/b\n\nx"]),
        ),
        (
            "a label that says nothing beside a file",
            mixed(&[
                "Content-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9",
                "Content-Type: a/b\n\nx",
            ]),
        ),
        (
            "a code page of DOS beside a file",
            mixed(&[
                "Content-Type: text/plain; charset=cp850\nContent-Transfer-Encoding: quoted-printable\n\ncaf=82",
                "Content-Type: a/b\n\nx",
            ]),
        ),
    ];
    for (what, mail) in cases {
        let read = read(&mail);
        assert_eq!((read.details(), read.decision()), (vec![], Decision::Deposit), "{what}");
    }
}

// spec: MAIL-AMBIGUOUS (a text that cannot be read is relayed as it came, or not at all: written afresh it would say something else)
#[test]
fn a_text_that_cannot_be_read_is_held_where_its_mail_does_not_leave_as_it_came() {
    let texts = [
        ("hz-gb-2312", "", "~{Dc:C~}"),
        ("gb2312-hz", "", "~{Dc:C~}"),
        ("iso-2022-kr", "", "\u{1b}$)C\n\u{e}N>\u{f}"),
        ("johab", "quoted-printable", "=D0=65"),
        ("viscii", "quoted-printable", "=D0=65"),
        ("cp037", "quoted-printable", "=C8=C9"),
        ("utf-8", "base64", "grGC8YLJgr+CzQ=="),
    ];
    for (charset, encoding, text) in texts {
        let part = |fields: &str, text: &str| {
            let encoding = if encoding.is_empty() { "7bit" } else { encoding };
            format!(
                "Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n{fields}\n{text}"
            )
        };
        let decision = |mail: String| {
            let read = read(&mail);
            (read.decision(), read.plan.problems.iter().filter_map(|problem| problem.ambiguity).collect::<Vec<_>>())
        };
        let other = "Content-Type: text/plain\n\nx";
        assert_eq!(decision(mixed(&[&part("", text), other])), (Decision::Relay, vec![]), "{charset}");
        let afresh = [
            mixed(&[&part("Content-Disposition: inline; filename=a.txt\n", text), other]),
            mixed(&[&part("Content-Location: a\n", text), other]),
            mixed(&[&part("", text), "\nx"]),
            mixed(&[&part("", text), "Content-Type: text/plain\n\nContent-Type: application/json\n"]),
            mixed(&[&part("", text), "Content-Type: application/pdf\n\nx"]),
        ];
        for mail in afresh {
            assert_eq!(decision(mail), (Decision::Hold, vec![Ambiguity::Charset]), "{charset}");
        }
    }
    // With nothing in it that cannot be read it is written.
    let plain = "Content-Type: text/plain; charset=johab\nContent-Location: a\n\nx";
    assert_eq!(read(mixed(&[plain, plain])).decision(), Decision::Relay);
}

// spec: MAIL-AMBIGUOUS (munpack ends a part's header at a field without a plain name, and makes a file of the text)
#[test]
fn a_part_below_a_field_without_a_plain_name_does_not_leave_as_it_came() {
    let leaves = |part: &str| {
        let read = read(mixed(&[part, "Content-Type: text/plain\n\nx"]));
        assert_eq!((read.details(), read.decision()), (vec![], Decision::Relay), "{part}");
        read.plan.leaves_as_it_came(&read.outline)
    };
    for field in [":", ":a/ ", ": b", "X\u{b}: y", "X : y", "X\t:"] {
        assert!(!leaves(&format!("{field}\nContent-Type: text/plain\n\nx")), "{field}");
        assert!(!leaves(&format!("X: y\n{field}\nContent-Type: text/plain\n\nx")), "{field}");
        // The mail's own header may.
        let read = read(format!("From: a@b.example\n{field}\nContent-Type: text/plain\n\nx"));
        assert!(read.plan.leaves_as_it_came(&read.outline), "{field}");
    }
    assert!(leaves("X: :\n : \nContent-Type: text/plain\n\nx"));
}

// spec: MAIL-AMBIGUOUS (munpack has no room for a very long field name, and makes a file of the text)
#[test]
fn a_part_below_a_field_with_a_very_long_name_does_not_leave_as_it_came() {
    let leaves = |length: usize| {
        let name = "X".repeat(length);
        let read =
            read(mixed(&[&format!("A: b\n{name}: y\nContent-Type: text/plain\n\nx"), "Content-Type: text/plain\n\nx"]));
        assert_eq!((read.details(), read.decision()), (vec![], Decision::Relay), "{length}");
        read.plan.leaves_as_it_came(&read.outline)
    };
    assert_eq!([20, 64, 65, 76, 120, 900].map(leaves), [true, true, false, false, false, false]);
}

// spec: MAIL-AMBIGUOUS (munpack cuts a boundary of more than 70 octets, and makes files of the texts)
#[test]
fn texts_with_a_boundary_of_more_than_70_octets_do_not_leave_as_they_came() {
    let leaves = |length: usize| {
        let boundary = "b".repeat(length);
        let part = format!("--{boundary}\nContent-Type: text/plain\n\nx\n");
        let mail = format!("Content-Type: multipart/mixed; boundary={boundary}\n\n{part}{part}--{boundary}--\n");
        let read = read(mail);
        assert_eq!((read.details(), read.decision()), (vec![], Decision::Relay), "{length}");
        read.plan.leaves_as_it_came(&read.outline)
    };
    assert_eq!([1, 70, 71, 200, 510].map(leaves), [true, true, false, false, false]);
}

// spec: 3.4a (handled)
#[test]
fn what_looks_odd_and_has_one_reading_is_not_held() {
    let cases: Vec<(&str, String)> = vec![
        ("the same field twice", "Content-Type: text/plain\ncontent-type:\n text/plain\n\nx".into()),
        ("the same encoding twice", "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 7bit\n\nx".into()),
        ("the same encoding twice, in other case", "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 7BIT\n\nx".into()),
        ("the same type twice, written otherwise", "Content-Type: text/plain; charset=\"a\"\nContent-Type: TEXT/Plain;\n\tCharset = \"a\"\n\nx".into()),
        ("Subject twice", "Subject: a\nSubject: b\n\nx".into()),
        ("white space before another colon", "Subject : x\n\nx".into()),
        ("a letter after a blank line", "\nHello,\nNote: this\n\nContent-Type: x\n".into()),
        // RFC 5322, 4.5.2, and A.6.3.
        ("From of old", "From : a@b.example\nSubject: x\n\nx".into()),
        ("a text in EBCDIC", "Content-Type: text/plain; charset=cp037\n\nx".into()),
        ("code pages that show ASCII", mixed(&["Content-Type: text/html; charset=cp437\n\nx", "Content-Type: text/html; charset=ibm850\n\nx", "Content-Type: text/html; charset=x-unknown\n\nx"])),
        ("one that is only relayed", "Content-Type: text/html; charset=johab\nContent-Transfer-Encoding: quoted-printable\n\n=D0e".into()),
        ("HTML that says it is UTF-16", "Content-Type: text/html; charset=utf-8\n\n<meta charset=utf-16><p>x".into()),
        ("HTML in UTF-7", "Content-Type: text/html; charset=utf-7\n\n+ADw-p+AD4-x".into()),
        ("a comment in Content-Type", "Content-Type: text/plain; charset=us-ascii (c)\n\nx".into()),
        ("an encoding in capitals", "Content-Transfer-Encoding: BASE64\n\nQUJD".into()),
        ("an empty encoding", "Content-Transfer-Encoding:\n\nx".into()),
        ("a folded encoding", "Content-Transfer-Encoding:\n base64\n\nQUJD".into()),
        ("8-bit headers", "Subject: \u{65e5}\u{672c}\n\nx".into()),
        ("bad escapes", "Content-Transfer-Encoding: quoted-printable\n\n=ZZ =\n".into()),
        ("base64 without padding", "Content-Transfer-Encoding: base64\n\nQQ".into()),
        ("base64 with white space", "Content-Transfer-Encoding: base64\n\nQ U\tJ\n\nD\n".into()),
        ("a boundary of odd characters", "Content-Type: multipart/mixed; boundary=----=_Part/1.2:3?\n\n------=_Part/1.2:3?\n\nx\n------=_Part/1.2:3?--\n".into()),
        ("siblings with one boundary", mixed(&["Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n", "Content-Type: multipart/mixed; boundary=c\n\n--c\n\ny\n--c--\n"])),
        ("lines of dashes", mixed(&["\n--\n-- \n---\n----------\n--a\n- b\nx"])),
        ("text before and after", format!("Content-Type: multipart/mixed; boundary=b\n\nThis is MIME: yes.\n--b\n\nx\n--b--\n-- \nContent is fine.\n{}", "--b--\n")),
        ("a body that talks of fields", "Subject: x\n\nContent-Type: a/b\n\nx".into()),
        ("a body like a header, without blank line", "Hello you\nNote: this\n\nContent-Type: x\n".into()),
        ("a NUL in a body", "Subject: x\n\na\0b".into()),
        ("a quoted uuencode line", "Subject: x\n\n> begin 644 a\n> #0V%T\n".into()),
        ("a source in a text", "Content-Type: text/plain; charset=utf-8\n\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: a/b\n\nfile\n--x--\n".into()),
        ("a blank line before a part's text", mixed(&[" \n\nx"])),
        ("a boundary called so", "Content-Type: multipart/mixed;\n\tboundary=\"=_boundary_1=\"; type=\"text/html\"\n\n--=_boundary_1=\n\nx\n--=_boundary_1=--\n".into()),
        ("no final delimiter", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n".into()),
    ];
    for (what, mail) in cases {
        let read = read(&mail);
        assert_eq!(read.details(), [""; 0], "{what}");
        assert_eq!(read.decision(), Decision::Relay, "{what}");
    }
}

// spec: MAIL-AMBIGUOUS: what is built afresh has fields of our own.
#[test]
fn a_text_with_an_oddly_written_type_beside_a_file_is_handled() {
    let file = "Content-Type: a/b\n\nfile";
    for odd in
        ["Content-Type: text/plain (c)", "Content-Disposition: inline filename=x", "Content-Type: (c) text/plain"]
    {
        let read = read(mixed(&[&format!("{odd}\n\nx"), file]));
        assert_eq!(read.details(), [""; 0], "{odd}");
        assert_eq!((read.decision(), read.bodies()), (Decision::Deposit, vec!["x".to_owned()]), "{odd}");
    }
}

// spec: MAIL-EXTRACT: a type that cannot be parsed is not text.
#[test]
fn a_type_with_control_characters_or_strange_spaces_is_not_text() {
    for odd in [
        "Content-Type: text/plain\x1b",
        "Content-Type: \x1btext/plain",
        "Content-Type: text/\x1bplain",
        "Content-Type: \u{a0}text/plain",
        "Content-Type: text/plain\u{a0}",
        "Content-Type: \u{3000}text/plain",
        "Content-Type: text/plain\x0b",
        "Content-Type: text/plain\x0c; charset=utf-8",
        "Content-Type: \x01text/plain",
        "Content-Disposition: inline\u{a0}",
        "Content-Disposition: \x01inline",
        "Content-Disposition: inline\x1b",
        "Content-Disposition: inline\x0b",
    ] {
        let read = read(mixed(&[&format!("{odd}\n\nx")]));
        assert_eq!((read.decision(), read.bodies().len()), (Decision::Deposit, 0), "{}", odd.escape_debug());
    }
    // A parameter that cannot be read says nothing, and the type is read (RFC 2045, 5.1).
    for value in ["charset=\x1b$B", "charset=us-ascii\x1b(B", "charset=\x01", "x\x7f=1"] {
        let read = read(mixed(&[&format!("Content-Type: text/plain; {value}\n\nx")]));
        assert_eq!(
            (read.decision(), read.bodies()),
            (Decision::Relay, vec!["x".to_owned()]),
            "{}",
            value.escape_debug()
        );
    }
}

// spec: MAIL-ACCEPT, 3.4a (encrypted)
#[test]
fn encrypted_mails_are_stopped() {
    let armour = "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n";
    let cases: Vec<String> = vec![
        mixed(&["Content-Type: application/pgp-encrypted\n\nVersion: 1"]),
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nQUJD".into(),
        "Content-Type: Application/X-PKCS7-MIME\n\nx".into(),
        "Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n".into(),
        mixed(&["Content-Type: application/octet-stream; name=\"SMIME.p7m\"\n\nx"]),
        format!("Subject: x\n\nHi\n{armour}"),
        format!("Content-Type: text/html\n\n<pre>{armour}</pre>"),
        mixed(&[&format!("Content-Type: text/plain\nContent-Disposition: inline; filename=a.txt\n\n{armour}")]),
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n-----BEGIN PGP=\n MESSAGE-----\n".into(),
    ];
    for mail in cases {
        let read = read(&mail);
        assert_eq!((read.codes(), read.decision()), (vec![Code::Encrypted], Decision::Stop), "{mail}");
    }
    let no = [
        format!("Subject: x\n\nYou wrote:\n> {}", armour.replace('\n', "\n> ")),
        mixed(&[&format!("Content-Disposition: attachment; filename=a.asc\n\n{armour}")]),
        mixed(&[
            "Content-Type: application/pgp-signature\n\nx",
            "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx",
        ]),
    ];
    for mail in no {
        assert_eq!(read(&mail).codes(), [], "{mail}");
    }
}

// spec: MAIL-ACCEPT, 3.4a (data: URLs)
#[test]
fn data_urls_in_html_bodies_stop_a_mail() {
    let html = "<p style=\"color:red\">x</p><img src=\"data:image/png;base64,AA\">";
    let stopped =
        read(mixed(&[&format!("Content-Type: text/html; charset=iso-2022-jp\n\n{html}"), "Content-Type: a/b\n\nx"]));
    assert_eq!((stopped.codes(), stopped.decision()), (vec![Code::DataUrl], Decision::Stop));
    assert_eq!((stopped.plan.attachments.len(), stopped.plan.bodies.len()), (1, 1));
    let encoded =
        read("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<img src=3D\"da=\nta:x\">");
    assert_eq!(encoded.codes(), [Code::DataUrl]);
    for mail in [
        mixed(&[&format!("Content-Type: text/plain\n\n{html}")]),
        mixed(&[&format!("Content-Type: text/html\nContent-Disposition: attachment\n\n{html}")]),
    ] {
        assert_eq!(read(&mail).codes(), [], "{mail}");
    }
}

// spec: 3.4a (data: URLs): what is in it shows in the charset that everybody, or only somebody, reads.
#[test]
fn data_urls_in_other_charsets_stop_a_mail() {
    let base64 = |label: &str, octets: Vec<u8>| {
        let coded = encodify::base64::MIME.encode(&octets);
        format!("Content-Type: text/html; charset={label}\nContent-Transfer-Encoding: base64\n\n{coded}\n")
    };
    let html = "<p>x</p><img src='data:x'>";
    let wide = |shift: fn(u32) -> [u8; 4]| html.chars().flat_map(|c| shift(u32::from(c))).collect::<Vec<u8>>();
    for mail in [
        base64("utf-32", wide(u32::to_be_bytes)),
        base64("UTF-32LE", wide(u32::to_le_bytes)),
        base64("utf-16-le", html.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        base64("utf_16_be", html.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "Content-Type: text/html; charset=utf-7\n\n+ADw-img src+AD0-data:x+AD4-".into(),
        "Content-Type: text/html; charset=utf-7\n\n<img src=data:x>".into(),
    ] {
        let read = read(&mail);
        assert_eq!((read.codes(), read.decision()), (vec![Code::DataUrl], Decision::Stop), "{mail}");
    }
}

// spec: MAIL-SIGN, RFC 5322, 4.5.2
#[test]
fn a_from_field_of_old_is_the_from_field_wherever_it_stands() {
    for mail in ["From : a@b.example\nSubject: x\n\nx", "Subject: x\nFrom\t : a@b.example\n\nx"] {
        let read = read(mail);
        assert_eq!(read.outline.header.first("from").unwrap().addresses()[0].address, "a@b.example");
        assert_eq!(read.outline.header.len(), 2);
    }
}

// spec: 3.2 (stop goes before hold)
#[test]
fn stop_goes_before_hold_and_every_problem_is_told() {
    let read = read(mixed(&[
        "Content-Type: message/partial\n\nx",
        "Content-Type: application/pgp-encrypted\n\nx",
        "Content-Type: text/html\n\n<a href=data:x>",
    ]));
    assert_eq!(read.codes(), [Code::Ambiguous, Code::Encrypted, Code::DataUrl]);
    assert_eq!(read.decision(), Decision::Stop);
    assert_eq!(
        read.plan.problems.iter().map(|problem| problem.part.map(|id| id.0)).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3)]
    );
}

#[test]
fn an_unknown_encoding_is_read_as_it_is() {
    let read = read("Content-Type: a/b\nContent-Transfer-Encoding: x-uuencode\n\n=41");
    assert_eq!(read.outline.parts[0].encoding, Encoding::Identity);
    assert_eq!(read.files()[0].1, "=41");
}
