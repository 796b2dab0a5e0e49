#![allow(clippy::unwrap_used)]
use fubako_base::{ids::DepositId, lang::has_text, object::ObjectRef, section::Access};
use fubako_store::deposits::DepositState;

use super::*;

const URL: &str = "https://files.example.jp/d/TOKEN";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

fn deposit(lang: Option<Lang>) -> Deposit {
    Deposit {
        id: DepositId::generate(),
        section: "acme".parse().unwrap(),
        key: "k".into(),
        request_digest: vec![],
        state: DepositState::Open,
        depositor: None,
        sender_address: "taro@acme.example".into(),
        sender_name: "山田 太郎".into(),
        subject: "見積書の件".into(),
        lang,
        message: String::new(),
        by_person: false,
        sealed_password: None,
        access: Access::default(),
        password_hash: Some("$argon2id$secret".into()),
        recipients: vec!["hanako@example.jp".into()],
        file_count: 1,
        message_id: None,
        approval: None,
        created_at: Timestamp(0),
        sent_at: None,
        expires_at: None,
    }
}

fn file(number: u32, name: &str, length: u64) -> File {
    let object = ObjectRef {
        id: fubako_base::ids::ObjectId::generate(),
        section: "acme".parse().unwrap(),
        wrapped_key: vec![],
        length,
    };
    let deposit = DepositId::generate();
    let (name, media_type) = (name.to_owned(), "application/pdf".to_owned());
    File { deposit, number, name, media_type, sha256: [0; 32], crc32: 0, object, put_at: Timestamp(0), unchecked: None }
}

fn mail_with(deposit: &Deposit, files: &[File], settings: &Settings, recipient: &str) -> OwnMail {
    let notice = DepositNotice {
        brand: "Fubako",
        from: "fubako@files.example.jp",
        hostname: "files.example.jp",
        deposit,
        settings,
        files,
        sent_at: at("2026-11-21T14:30:00Z"),
        expires_at: at("2026-11-27T14:59:59Z"),
    };
    notice.mail(OutgoingId::generate(), recipient, URL)
}

fn mail(deposit: &Deposit, files: &[File]) -> OwnMail {
    mail_with(deposit, files, &Settings::default(), "hanako@example.jp")
}

// spec: X-NOTICE
#[test]
fn it_names_sender_subject_time_expiry_and_files() {
    let mail = mail(&deposit(Some(Lang::Ja)), &[file(1, "見積書.pdf", 1_300_000), file(2, "a.txt", 12)]);
    assert_eq!(mail.subject, "[Fubako] 見積書の件");
    assert_eq!((mail.from.as_str(), mail.from_name.as_str()), ("fubako@files.example.jp", "Fubako"));
    assert_eq!((mail.to.as_str(), mail.reply_to.as_deref()), ("hanako@example.jp", Some("taro@acme.example")));
    assert_eq!(mail.date, "Sat, 21 Nov 2026 23:30:00 +0900");
    assert_eq!(mail.languages, ["ja"]);
    for body in [mail.text.clone(), mail.html.clone().unwrap()] {
        for said in [
            "山田 太郎 から届いたファイル",
            "taro@acme.example",
            "見積書の件",
            "2026年11月21日(土) 23:30",
            "2026年11月27日(金) 23:59 まで",
            "見積書.pdf",
            "1.2 MB",
            "a.txt",
            "12 B",
            "ファイル(2件)",
            "メールに記載されています",
            URL,
        ] {
            assert!(body.contains(said), "{said} is not in {body}");
        }
        assert!(!body.contains("secret") && !body.contains("deposit-notice-"), "{body}");
    }
}

// spec: X-LANG
#[test]
fn japanese_english_or_both() {
    let files = [file(1, "a.txt", 12)];
    let english = mail(&deposit(Some(Lang::En)), &files);
    assert!(english.text.contains("Sat 21 November 2026, 23:30 (Japan time)"), "{}", english.text);
    assert!(!english.text.contains('様'));
    let both = mail(&deposit(None), &files);
    assert_eq!(both.languages, ["ja", "en"]);
    let html = both.html.unwrap();
    for body in [&both.text, &html] {
        let (ja, en) = (body.find("お預かりしています").unwrap(), body.find("has sent you files").unwrap());
        assert!(ja < en, "{body}");
        assert!(body.matches(URL).count() >= 2, "a link a language");
    }
    assert!(html.contains("<td lang=\"ja\"") && html.contains("<td lang=\"en\""));
    for lang in Lang::ALL {
        for id in [
            "lead",
            "how",
            "password-in-mail",
            "password-elsewhere",
            "open",
            "url",
            "no-subject",
            "until",
            "file",
            "more",
        ] {
            assert!(has_text(lang, &format!("deposit-notice-{id}")), "{id}");
        }
    }
}

// spec: X-NOTICE, MAIL-NOTICE
#[test]
fn what_others_wrote_does_no_harm() {
    let evil = Deposit {
        subject: "<script>alert(1)</script>\r\nBcc: x@y".into(),
        sender_name: "\"><img src=x onerror=y>{url}{facts}".into(),
        sender_address: "o'neil&co@acme.example".into(),
        ..deposit(None)
    };
    let mail = mail(&evil, &[file(1, "<b>請求書</b>\u{202e}fdp.exe", 12)]);
    assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
    let html = mail.html.unwrap();
    for bad in ["<script", "<img", "<b>", "\u{202e}", "o'neil"] {
        assert!(!html.contains(bad), "{bad} is in {html}");
    }
    assert!(html.contains("&lt;b&gt;請求書&lt;/b&gt;[U+202E]fdp.exe"));
    assert!(html.contains("&lt;img src=x onerror=y&gt;{url}{facts}"));
    assert!(!mail.text.contains('\u{202e}'));
    assert!(!mail.text.lines().any(|line| line.starts_with("Bcc:")), "{}", mail.text);
}

#[test]
fn many_files_are_counted_rather_than_named() {
    let files: Vec<File> = (1..=130).map(|n| file(n, &format!("file-{n}-"), 1)).collect();
    let mail = mail(&deposit(Some(Lang::Ja)), &files);
    for body in [mail.text, mail.html.unwrap()] {
        assert!(body.contains("file-100-") && !body.contains("file-101-"));
        assert!(body.contains("ほか 30件") && body.contains("ファイル(130件)"));
    }
}

// spec: ACCESS
#[test]
fn where_the_password_is_not_in_the_mail_the_notice_does_not_say_so() {
    let said = |access: &[Way], by_person| {
        let access = Access::of(access).unwrap();
        let mail = mail(&Deposit { access, by_person, ..deposit(Some(Lang::Ja)) }, &[file(1, "a", 1)]);
        (mail.text, mail.html.unwrap())
    };
    let (password, code, account) = (Way::PasswordInMail, Way::OneTimeCode, Way::Account);
    // What it says, and what it does not.
    for (access, by_person, says, says_not) in [
        (
            &[password][..],
            false,
            &["メールに記載", "パスワードを入力"][..],
            &["お問い合わせ", "確認コード", "サインイン"][..],
        ),
        (&[password], true, &["お問い合わせください"], &["メールに記載"]),
        (&[code], false, &["確認コード"], &["パスワード", "サインイン"]),
        (&[account], false, &["サインインしてください"], &["パスワード", "確認コード"]),
        (&[code, account], true, &["確認コード", "サインインして開く"], &["パスワードは"]),
        (&Way::ALL, false, &["メールに記載", "代わりに", "サインインして開く"], &["お問い合わせ"]),
    ] {
        let (text, html) = said(access, by_person);
        for body in [text, html] {
            assert!(says.iter().all(|words| body.contains(words)), "{access:?}: {body}");
            assert!(!says_not.iter().any(|words| body.contains(words)), "{access:?}: {body}");
        }
    }
}

#[test]
fn empty_names_and_subjects_and_other_alphabets() {
    let bare = Deposit { subject: " ".into(), sender_name: String::new(), ..deposit(Some(Lang::En)) };
    let mail = mail(&bare, &[file(1, "a", 1)]);
    assert_eq!(mail.subject, "[Fubako]");
    assert!(mail.text.contains("taro@acme.example has sent you files."));
    assert!(mail.text.contains("Subject: (no subject)"));
    let utf8 = Deposit { sender_address: "太郎@acme.example".into(), ..deposit(None) };
    let files = [file(1, "a", 1)];
    let to = |recipient| mail_with(&utf8, &files, &Settings::default(), recipient).reply_to;
    assert_eq!(to("hanako@example.jp"), None);
    assert_eq!(to("花子@example.jp").as_deref(), Some("太郎@acme.example"));
}
