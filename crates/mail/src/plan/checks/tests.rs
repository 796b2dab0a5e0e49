#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    plan::{Decision, Plan, plan},
    reader::{Limits, Reader},
};

const TO: &str = "To: a@example.jp\r\n";

/// A mail with these header fields and a file a part, each given by its own fields.
fn mail(head: &str, files: &[&str]) -> Outline {
    let mut text =
        format!("From: x@acme.example\r\n{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    for fields in files {
        text.push_str(&format!("--b\r\n{fields}\r\n\r\nx\r\n"));
    }
    text.push_str("--b--\r\n");
    let mut reader = Reader::new(Limits::default());
    reader.push(text.as_bytes());
    reader.finish()
}

fn attached(name: &str) -> String {
    format!("Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{name}\"")
}

fn with(outline: &Outline, recipients: &[&str], rules: &Settings) -> Plan {
    let recipients: Vec<String> = recipients.iter().map(|to| (*to).to_owned()).collect();
    plan(outline).checked(outline, &recipients, rules)
}

/// What is found, and what it is about.
fn found(outline: &Outline, recipients: &[&str], rules: &Settings) -> Vec<(Code, String)> {
    let plan = with(outline, recipients, rules);
    assert_eq!(plan.decision == Decision::Stop, !plan.problems.is_empty(), "{plan:?}");
    plan.problems
        .iter()
        .map(|problem| {
            (problem.code, problem.about.clone().or(problem.limit.map(|n| n.to_string())).unwrap_or_default())
        })
        .collect()
}

fn names(files: &[&str], rule: NameRule) -> Vec<(Code, String)> {
    let rules = Settings { names: rule, ..Settings::default() };
    found(&mail(TO, files), &["a@example.jp"], &rules)
}

// spec: 3.4 (name-character)
#[test]
fn a_persons_name_has_only_characters_that_are_allowed() {
    for good in ["見積書.pdf", "a b (1).pdf", "～①㈱髙﨑.pdf", "…", "-", ".hidden", "C:file.txt", &"x".repeat(255)]
    {
        assert_eq!(names(&[&attached(good)], NameRule::Persons), [], "{good}");
    }
    let long = format!("{}.pdf", "あ".repeat(84));
    for bad in
        ["😀.pdf", "𠮷野家.pdf", "a\u{202e}fdp.exe", "a\u{200b}.pdf", "a/b.pdf", "a\\\\b.pdf", "..", ".", long.as_str()]
    {
        let shown = bad.replace("\\\\", "\\");
        assert_eq!(names(&[&attached(bad)], NameRule::Persons), [(Code::NameCharacter, shown)], "{bad}");
        assert_eq!(names(&[&attached(bad)], NameRule::Repair), [], "{bad}");
    }
    // A person did not name an inline picture: it is repaired.
    let inline = "Content-Type: image/png; name=\"😀.png\"\r\nContent-Disposition: inline; filename=\"😀.png\"";
    assert_eq!(names(&[inline], NameRule::Persons), []);
    assert_eq!(names(&[inline], NameRule::All), [(Code::NameCharacter, "😀.png".into())]);
}

// spec: 3.4 (name-missing, name-duplicate), MAIL-UNNAMED
#[test]
fn a_persons_file_has_a_name_of_its_own() {
    let nameless = "Content-Type: application/pdf\r\nContent-Disposition: attachment";
    assert_eq!(names(&[nameless], NameRule::Persons), [(Code::NameMissing, "part-1.pdf".into())]);
    assert_eq!(names(&[nameless], NameRule::Repair), []);
    for unnamed in [
        "Content-Type: image/png\r\nContent-ID: <1@x>",
        "Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: s",
        "Content-Type: text/calendar",
    ] {
        assert_eq!(names(&[unnamed], NameRule::Persons), [], "{unnamed}");
        assert_eq!(names(&[unnamed], NameRule::All).len(), 1, "{unnamed}");
    }
    let twice = [&*attached("A.pdf"), &attached("b.pdf"), &attached("a.PDF"), &attached("a.pdf")];
    assert_eq!(names(&twice, NameRule::Persons), [(Code::NameDuplicate, "a.PDF".into())]);
    assert_eq!(names(&twice, NameRule::Repair), []);
    // が, and か with a mark: the same in NFC.
    let composed = [&*attached("が.pdf"), &attached("か\u{3099}.pdf")];
    assert_eq!(names(&composed, NameRule::Persons).len(), 1);
    let picture = "Content-Type: image/png; name=image.png\r\nContent-Disposition: inline";
    assert_eq!(names(&[picture, picture, &attached("image.png")], NameRule::Persons), []);
}

// spec: 3.4 (too-many-files)
#[test]
fn files_are_counted() {
    let files: Vec<String> = (0..21).map(|n| attached(&format!("{n}.pdf"))).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(names(&files[..20], NameRule::Persons), []);
    assert_eq!(names(&files, NameRule::Persons), [(Code::TooManyFiles, "20".into())]);
    let rules = Settings { max_files: 30, ..Settings::default() };
    assert_eq!(found(&mail(TO, &files), &["a@example.jp"], &rules), []);
}

// spec: 3.4 (name-forbidden)
#[test]
fn forbidden_names_are_globs() {
    for (glob, name, is) in [
        ("*.exe", "setup.EXE", true),
        ("*.exe", "setup.exe.txt", false),
        ("secret*", "Secret plan.pdf", true),
        ("?.pdf", "a.pdf", true),
        ("?.pdf", "ab.pdf", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("", "a", false),
        ("*", "a", true),
        ("秘*", "秘密.txt", true),
        ("***x", "aax", true),
    ] {
        assert_eq!(is_like(name, glob), is, "{glob} {name}");
        let rules = Settings { forbidden_names: vec![glob.to_owned()], ..Settings::default() };
        let expected: Vec<_> = is.then(|| (Code::NameForbidden, name.to_owned())).into_iter().collect();
        assert_eq!(found(&mail(TO, &[&attached(name)]), &["a@example.jp"], &rules), expected);
    }
    // Long against stubborn: no more than the square of the lengths.
    assert!(!is_like(&"a".repeat(255), &format!("{}b", "a*".repeat(100))));
}

// spec: 3.4 (too-many-recipients)
#[test]
fn to_cc_and_bcc_are_counted_together() {
    let list = |from: usize, count: usize| (from..from + count).map(|n| format!("u{n}@example.jp")).collect::<Vec<_>>();
    let (to, cc, bcc) = (list(0, 25), list(100, 15), list(200, 10));
    let head = format!("To: g: {};\r\nCc: {}\r\n", to.join(", "), cc.join(", "));
    let envelope: Vec<&str> = to.iter().chain(&cc).chain(&bcc).map(String::as_str).collect();
    let outline = mail(&head, &[&attached("a.pdf")]);
    assert_eq!(found(&outline, &envelope, &Settings::default()), []);
    let more: Vec<&str> = envelope.iter().copied().chain(["hidden@example.jp"]).collect();
    assert_eq!(found(&outline, &more, &Settings::default()), [(Code::TooManyRecipients, "50".into())]);
    // Whoever stands in the header counts, although the envelope has them not.
    let rules = Settings { max_recipients: 39, ..Settings::default() };
    assert_eq!(found(&outline, &["u0@example.jp"], &rules), [(Code::TooManyRecipients, "39".into())]);
}

// spec: 3.4 (recipient-malformed, recipient-duplicate)
#[test]
fn addresses_can_be_read_and_stand_once() {
    let of = |head: &str, envelope: &[&str]| found(&mail(head, &[&attached("a.pdf")]), envelope, &Settings::default());
    for good in [
        "a..b@docomo.ne.jp",
        "a.@ezweb.ne.jp",
        "\"山田\" <y@日本語.jp>",
        "\"a b\"@example.jp",
        "undisclosed-recipients:;",
    ] {
        assert_eq!(of(&format!("To: {good}\r\n"), &["x@example.jp"]), [], "{good}");
    }
    let malformed = of("To: a@example.jp, nobody@, c@example.jp\r\n", &["a@example.jp"]);
    assert_eq!(
        malformed.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [Code::RecipientMalformed],
        "{malformed:?}"
    );
    for twice in [
        "To: a@example.jp, A@EXAMPLE.JP\r\n",
        "To: x <a@example.jp>\r\nCc: a@example.jp\r\n",
        "To: a@日本語.jp\r\nCc: a@xn--wgv71a119e.jp\r\n",
    ] {
        let found = of(twice, &[]);
        assert_eq!(
            found.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
            [Code::RecipientDuplicate],
            "{twice} {found:?}"
        );
    }
    // The envelope has each of the header's addresses too: that is not twice.
    assert_eq!(of("To: a@example.jp\r\nCc: b@example.jp\r\n", &["A@example.jp", "b@example.jp", "c@example.jp"]), []);
}

// spec: 3.4 (recipient-restricted)
#[test]
fn mail_goes_where_the_section_lets_it() {
    let of = |allowed: &[&str], denied: &[&str], to: &str| {
        let own = |list: &[&str]| list.iter().map(|rule| (*rule).to_owned()).collect();
        let rules =
            Settings { allowed_destinations: own(allowed), denied_destinations: own(denied), ..Settings::default() };
        found(&mail(TO, &[&attached("a.pdf")]), &[to], &rules).is_empty()
    };
    assert!(of(&[], &[], "a@any.example"));
    assert!(of(&["example.jp"], &[], "a@EXAMPLE.jp") && !of(&["example.jp"], &[], "a@sub.example.jp"));
    assert!(of(&["*.example.jp"], &[], "a@sub.example.jp") && !of(&["*.example.jp"], &[], "a@example.jp"));
    assert!(!of(&["*.example.jp"], &[], "a@notexample.jp"));
    assert!(of(&["a@example.jp"], &[], "A@example.jp") && !of(&["a@example.jp"], &[], "b@example.jp"));
    assert!(!of(&[], &["example.jp"], "a@example.jp") && of(&[], &["example.jp"], "a@other.example"));
    assert!(
        !of(&["example.jp"], &["a@example.jp"], "a@example.jp")
            && of(&["example.jp"], &["a@example.jp"], "b@example.jp")
    );
    assert!(of(&["日本語.jp"], &[], "a@xn--wgv71a119e.jp"));
    // Written otherwise it is the same destination (RFC 5321, 4.1.2).
    for to in ["\"a\"@example.jp", "\"\\a\"@example.jp", "A@EXAMPLE.jp."] {
        assert!(!of(&[], &["a@example.jp"], to) && !of(&[], &["example.jp"], to), "{to}");
        assert!(of(&["a@example.jp"], &[], to) && !of(&["b@example.jp"], &[], to), "{to}");
    }
}

// spec: 3.4 (subject-too-long, subject-character)
#[test]
fn subjects_have_bounds() {
    let of = |subject: &str| {
        let head = format!("{TO}Subject: {subject}\r\n");
        found(&mail(&head, &[&attached("a.pdf")]), &["a@example.jp"], &Settings::default())
    };
    assert_eq!(of(&"あ".repeat(200)), []);
    assert_eq!(of(&"あ".repeat(201)), [(Code::SubjectTooLong, "200".into())]);
    assert_eq!(of("𠮷報"), [(Code::SubjectCharacter, "𠮷".into())]);
    assert_eq!(of("=?UTF-8?B?8J+YgA==?="), [(Code::SubjectCharacter, "😀".into())]);
}

// spec: NOTICE, MAIL-NONE
#[test]
fn everything_is_told_at_once_and_nothing_of_a_mail_without_files() {
    let subject = format!("{TO}Subject: {}\r\n", "x".repeat(201));
    let smime =
        "Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Disposition: attachment; filename=smime.p7m";
    let codes: Vec<Code> = found(&mail(&subject, &[smime, &attached("😀.pdf")]), &[], &Settings::default())
        .into_iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(codes, [Code::Encrypted, Code::NameCharacter, Code::SubjectTooLong]);
    let plain = mail(&subject, &["Content-Type: text/plain"]);
    assert_eq!(with(&plain, &[], &Settings::default()).decision, Decision::Relay);
}
