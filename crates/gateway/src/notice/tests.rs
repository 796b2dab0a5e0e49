#![allow(clippy::unwrap_used)]

use super::*;

fn reason(code: Code, about: &[&str], limit: Option<u32>) -> Reason {
    let about = about.iter().map(|&name| About::Named(name.to_owned())).collect();
    Reason { code, ambiguity: None, about, limit, sizes: None }
}

fn problem(fate: Fate, reasons: Vec<Reason>) -> Problem {
    Problem { fate, reasons, cause: "a private cause".to_owned(), again_in: None, needs_veil: false }
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
    let (long, both) = ("長".repeat(90) + ".pdf", "長".repeat(103) + "😀.pdf");
    let problem = problem(
        Fate::Stop,
        vec![reason(Code::NameCharacter, &["笑顔😀/😀.pdf", "a\u{202e}fdp.exe", &long, &both, ".."], None)],
    );
    let [ja, en, ..] = versions(&notice(&problem, "", &[]));
    for part in [
        "笑顔😀/😀.pdf — 使用できない文字: 😀 (U+1F600) / (U+002F)\n",
        "a[U+202E]fdp.exe — 使用できない文字: U+202E\n",
        "長.pdf — 長さ: 274バイト(上限 255バイト)\n",
        "長😀.pdf — 使用できない文字: 😀 (U+1F600) — 長さ: 317バイト(上限 255バイト)\n",
        "  - ..\n",
    ] {
        assert!(ja.contains(part), "{part}\n{ja}");
    }
    assert!(en.contains("not allowed: 😀 (U+1F600) / (U+002F)\n") && en.contains("274 octets"), "{en}");
    assert!(en.contains("not allowed: 😀 (U+1F600) — length: 317 octets (at most 255)\n"), "{en}");
    assert!(ja.contains("件名: (件名なし)") && en.contains("Subject: (no subject)"));
}

// spec: NOTICE
#[test]
fn a_held_mail_is_said_to_be_kept() {
    let problem = problem(Fate::Hold, vec![reason(Code::Ambiguous, &[], None)]);
    let [ja, en, ..] = versions(&notice(&problem, "x", &[]));
    assert!(ja.contains("保留") && en.contains("It is kept"), "{ja}\n{en}");
    assert!(ja.contains("お待ちいただくだけでは配送されません") && en.contains("waiting alone will not deliver it"));
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

// spec: NOTICE 3.4
#[test]
fn what_is_too_much_is_told_with_how_much_it_is() {
    let large =
        Reason { sizes: Some((34 << 20, 30 << 20)), ..reason(Code::FilesTooLarge, &["a.zip — 34.0 MB"], None) };
    let problem = problem(Fate::Stop, vec![large, reason(Code::SubjectTooLong, &[], Some(200))]);
    let subject = "長".repeat(317);
    let [ja, en, ..] = versions(&notice(&problem, &subject, &[]));
    for part in
        ["添付ファイルの合計: 34.0 MB(上限 30.0 MB)\n  - a.zip — 34.0 MB\n", "現在の件名: 317文字\n", "200文字まで"]
    {
        assert!(ja.contains(part), "{part}\n{ja}");
    }
    for part in ["attachments together: 34.0 MB (at most 30.0 MB)\n", "the subject now: 317 characters\n"] {
        assert!(en.contains(part), "{part}\n{en}");
    }
    assert!(!notice(&problem, "", &[]).text().contains("現在の件名"), "what is not known is not told");
}

// spec: NOTICE MAIL-UNNAMED
#[test]
fn a_file_without_a_name_is_told_by_its_place_and_not_by_a_name_that_we_made_up() {
    let about = vec![About::Unnamed(1, Some("PDF".to_owned())), About::Unnamed(12, None)];
    let problem = problem(Fate::Stop, vec![Reason { about, ..reason(Code::NameMissing, &[], None) }]);
    let [ja, en, ..] = versions(&notice(&problem, "x", &[]));
    assert!(
        ja.contains("名前のない添付ファイル(1番目、PDF)\n") && ja.contains("名前のない添付ファイル(12番目)\n"),
        "{ja}"
    );
    assert!(en.contains("without a name (number 1, PDF)\n") && en.contains("without a name (number 12)\n"), "{en}");
}
