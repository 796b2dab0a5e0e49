#![allow(clippy::unwrap_used)]

use super::*;

fn reason(code: Code, about: &[&str], limit: Option<u32>) -> Reason {
    Reason { code, ambiguity: None, about: about.iter().map(|&name| name.to_owned()).collect(), limit }
}

fn problem(fate: Fate, reasons: Vec<Reason>) -> Problem {
    Problem { fate, reasons, cause: "a private cause".to_owned() }
}

fn notice<'a>(problem: &'a Problem, subject: &'a str, recipients: &'a [&'a str]) -> Notice<'a> {
    Notice {
        brand: "文箱 & Co",
        problem,
        subject,
        recipients,
        received_at: Timestamp::now(),
        time_zone: "Asia/Tokyo",
        reference: "0123-abcd",
        langs: &Lang::ALL,
    }
}

/// What both versions say in both languages, each language apart.
fn versions(notice: &Notice<'_>) -> [String; 4] {
    let (text, html) = (notice.text(), notice.html());
    let (ja, en) = text.split_once(RULE).unwrap();
    let (html_ja, html_en) = html.split_once(letterhead::RULE).unwrap();
    [ja, en, html_ja, html_en].map(str::to_owned)
}

// spec: NOTICE
#[test]
fn every_problem_is_told_at_once_in_both_languages_and_both_versions() {
    let problem = problem(
        Fate::Stop,
        vec![
            reason(Code::TooManyFiles, &[], Some(20)),
            reason(Code::NameForbidden, &["setup.exe", "b.exe"], None),
            reason(Code::RecipientRestricted, &["x@denied.example"], None),
        ],
    );
    let notice = notice(&problem, "お見積り", &["suzuki@recipient.example", "x@denied.example"]);
    for (version, lang) in versions(&notice).iter().zip([Lang::Ja, Lang::En, Lang::Ja, Lang::En]) {
        for reason in &problem.reasons {
            let next = text(lang, &format!("code-{}-next", reason.code), &[]);
            assert!(version.contains(&escape(&next)) || version.contains(&next), "{lang}: {next}\n{version}");
        }
        for part in
            ["20", "setup.exe", "b.exe", "x@denied.example", "お見積り", "suzuki@recipient.example", "0123-abcd"]
        {
            assert!(version.contains(part), "{lang}: {part}\n{version}");
        }
        assert!(version.contains("(too-many-files, name-forbidden, recipient-restricted)"), "{version}");
        assert!(!version.contains("private cause"));
    }
    assert_eq!(notice.title(), "【送信停止】お見積り");
}

// spec: NOTICE 3.4
#[test]
fn a_name_that_is_not_allowed_is_told_with_what_is_wrong_in_it() {
    let long = "長".repeat(90) + ".pdf";
    let problem = problem(
        Fate::Stop,
        vec![reason(Code::NameCharacter, &["笑顔😀/😀.pdf", "a\u{202e}fdp.exe", &long, ".."], None)],
    );
    let [ja, en, ..] = versions(&notice(&problem, "", &[]));
    for part in [
        "笑顔😀/😀.pdf — 使用できない文字: 😀 (U+1F600) / (U+002F)\n",
        "a[U+202E]fdp.exe — 使用できない文字: U+202E\n",
        "274バイト",
    ] {
        assert!(ja.contains(part), "{part}\n{ja}");
    }
    assert!(en.contains("not allowed: 😀 (U+1F600) / (U+002F)\n") && en.contains("274 octets"), "{en}");
    assert!(ja.contains("件名: (件名なし)") && en.contains("Subject: (no subject)"));
}

// spec: NOTICE
#[test]
fn a_held_mail_is_said_to_be_kept() {
    let problem = problem(Fate::Hold, vec![reason(Code::Ambiguous, &[], None)]);
    let [ja, en, ..] = versions(&notice(&problem, "x", &[]));
    assert!(ja.contains("保留") && en.contains("It is kept"), "{ja}\n{en}");
}

// spec: NOTICE (a file's name, a subject are always escaped)
#[test]
fn what_others_wrote_does_no_harm_and_has_an_end() {
    let many: Vec<String> = (0..300).map(|n| format!("<b onload=x>{n}\"'&\r\nX: y.exe")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let problem = problem(Fate::Stop, vec![reason(Code::NameForbidden, &many, None)]);
    let subject = "<script>\r\n\u{202e}".to_owned() + &"長".repeat(5000);
    let notice = notice(&problem, &subject, &many);
    let [ja, en, html, _] = versions(&notice);
    assert!(!html.contains("<script>") && !html.contains("<b onload"), "{html}");
    assert!(!ja.contains("\nX:") && !ja.contains('\u{202e}'), "{ja}");
    assert!(ja.contains("ほか 280件") && en.contains("and 280 more") && ja.len() < 20_000, "{}", ja.len());
    assert!(notice.title().chars().count() < 250 && !notice.title().contains(['\r', '\n']));
}
