//! Writes every state of every page, in both languages, as HTML files into a folder, to be looked at in a browser:
//! `cargo run -p fubako-web --example pages -- FOLDER`.

#[path = "pages/health.rs"]
mod health;
#[path = "pages/queue.rs"]
mod queue;
#[path = "pages/usage.rs"]
mod usage;

use std::{env, error::Error, fs, path::Path};

use fubako_base::{
    Lang, Timestamp,
    ids::{AnnouncementId, ApiTokenId, DepositId, LinkId, SectionId},
    scope::Scopes,
    section::{Section, Settings},
    unchecked::Unchecked,
};
use fubako_exchange::received::{ReceivedLine, ReceivedPage};
use fubako_exchange::{
    announcements::{Announcement, Content, Words},
    api_tokens::ApiToken,
    deposit::DepositState,
    domain::{
        account::{Fault as PasswordFault, Role},
        announcement::AnnouncementFault,
        api_tokens::{NewToken, TokenFault},
        approval::Standing,
        draft::{Draft, Fault as DraftFault},
        maintenance::WindowFault,
        policies::{Part, of_part, read},
        preview::previews,
        sent::{ExtendFault, Side},
    },
    policies::Policies,
    second_factor::{Key, Standing as Second},
    sent::{Download, SentDeposit, SentFile, SentLine, SentLink, SentPage},
    uploads::Upload,
};
use fubako_store::{
    deposits::{Deposit as StoredDeposit, Depositor},
    sent::Cancellation,
};
use fubako_web::api::document::document;
use fubako_web::pages::{
    self, AccountWay, Announced, Deposit, File, Frame, Message, Offer, SignedIn, Trouble,
    account::{self, Done, Oneself, SessionLine, SignInForm, SignInTrouble, Unfit},
    api,
    approvals::{self, Detail, Fault, Line, Queue},
    mail_link::{Check, MailLinkPage, mail_link},
    operator::{
        self, WindowForm, WindowLine,
        announcements::{AnnouncementForm, Wrong, announcements, form as announcement_form},
    },
    policies::{self, Overview, PartForm},
    second_factor::{self, CodePage, CodeTrouble, Own, Trouble as SecondTrouble},
    sending, sent,
    tokens::{self, TokenForm},
};

/// 2026-11-21 23:30:16 in Tokyo.
const SENT: Timestamp = Timestamp(1_795_271_416_000_000);

fn deposit(kind: &str, files: u32) -> Deposit {
    let (sender_name, sender_address, recipient, subject) = match kind {
        "evil" => (
            "<script>alert(1)</script>\u{202e}\"'&",
            "\"<img src=x onerror=alert(1)>\"@example.jp",
            "a-very-long-mailbox-name-that-does-not-end.and-goes-on-and-on-for-ever@a-very-long-domain.example.jp",
            "件名\r\nに改行と\u{200b}見えない文字\u{202e}と<b>タグ</b>が入っている、とてもとてもとても長い件名です。\
             ThisIsALongWordWithoutAnySpaceThatMustBeBrokenSomewhereOrThePageWouldScrollSideways📎",
        ),
        "bare" => ("", "info@example.com", "taro@example.co.jp", ""),
        _ => (
            "山田 太郎",
            "taro.yamada@sakura-kogyo.example.jp",
            "hanako.suzuki@example.co.jp",
            "【御見積書】新社屋の空調設備について",
        ),
    };
    Deposit {
        path: "/d/q7xkq0Jw3VtS2mCw8yQe5n1bGd4rHf6uLp9zXaYcTeM".to_owned(),
        sender_name: sender_name.to_owned(),
        sender_address: sender_address.to_owned(),
        recipient: recipient.to_owned(),
        subject: subject.to_owned(),
        section_name: "さくら工業株式会社".to_owned(),
        sent_at: SENT,
        expires_at: SENT.end_of_day_counting(7, "Asia/Tokyo"),
        time_zone: "Asia/Tokyo".to_owned(),
        file_count: files,
        by_person: false,
        offer: Offer { password: true, ..Offer::default() },
        code: None,
        account: None,
    }
}

/// How it is opened with an account, by nobody yet or by somebody whose account does not open it.
fn by_account(frame: &pages::Frame, offer: Offer, other: bool) -> String {
    let other = other.then(|| SignedIn { name: "sakura/suzuki".to_owned(), form_key: "k".to_owned() });
    let account = AccountWay { sign_in: "https://files.fubako.example/sign-in/d/token".to_owned(), other };
    pages::password(frame, &Deposit { offer, account: Some(account), ..deposit("usual", 3) }, Trouble::None, SENT)
}

/// What somebody received.
fn received(frame: &pages::Frame, count: u32) -> String {
    let line = |number: u32| ReceivedLine {
        link: fubako_base::ids::LinkId::generate(),
        sender_name: if number == 1 { String::new() } else { "山田 太郎".to_owned() },
        sender_address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        subject: if number == 1 {
            String::new()
        } else {
            "【御見積書】新社屋の空調設備について".to_owned()
        },
        sent_at: SENT,
        expires_at: SENT.end_of_day_counting(7, "Asia/Tokyo"),
        is_live: number != 2,
        file_count: number + 1,
    };
    let page = ReceivedPage { lines: (0..count).map(line).collect(), more: count > 0 };
    let list = pages::received::List {
        base: "/received",
        address: "hanako.suzuki@example.co.jp",
        first: true,
        page: &page,
        zone: "Asia/Tokyo",
    };
    pages::received::list(frame, &list, SENT)
}

/// The page of a recipient who may prove themselves in these ways.
fn proving(frame: &pages::Frame, offer: Offer, trouble: Trouble) -> String {
    let code = offer.code.then(|| (SENT, SENT.plus_seconds(600)));
    pages::password(frame, &Deposit { offer, code, ..deposit("usual", 3) }, trouble, SENT)
}

fn file(number: u32, name: &str, media_type: &str, size: u64) -> File {
    let sha256 = fubako_exchange::token::sha256(name.as_bytes());
    File { number, name: name.to_owned(), media_type: media_type.to_owned(), size, sha256, unchecked: None }
}

fn files() -> Vec<File> {
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    vec![
        file(1, "御見積書_空調設備一式_2026年11月.pdf", "application/pdf", 1_843_201),
        file(2, "内訳明細.xlsx", sheet, 48_120),
        file(3, "設置予定場所.jpg", "image/jpeg", 3_412_009),
    ]
}

fn unchecked_files() -> Vec<File> {
    let unchecked =
        |number, name, size, reason| File { unchecked: Some(reason), ..file(number, name, "application/zip", size) };
    vec![
        file(1, "ご説明資料.pdf", "application/pdf", 1_843_201),
        unchecked(2, "契約書一式(パスワード付き).zip", 48_120, Unchecked::Encrypted),
        unchecked(3, "図面データ_全フロア_2026年11月版.zip", 2 << 30, Unchecked::ScanLimit),
    ]
}

fn evil_files() -> Vec<File> {
    vec![
        file(1, "<script>alert(1)</script>.html", "text/html", 12),
        file(2, "請求書\u{202e}fdp.exe", "application/pdf\"><b>", 0),
        file(3, "../../etc/passwd", "text/plain", 1_023),
        file(4, &format!("{}.txt", "とても長い名前".repeat(12)), "text/plain", 2 << 30),
        file(5, &"x".repeat(255), "application/x-thing", u64::MAX / 2),
        file(6, "a\"b'c&d\r\nSet-Cookie: x=1 📎.bin", "", 1_048_575),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("give a folder to write into")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for (path, content) in [pages::style(), pages::script(), pages::icon()] {
        fs::write(folder.join(path.trim_start_matches('/')), content)?;
    }
    for lang in Lang::ALL {
        for (name, html) in every_page(lang) {
            fs::write(folder.join(format!("{name}.{lang}.html")), html)?;
        }
    }
    Ok(())
}

fn account_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let who = |role, name: &str| Oneself {
        sign_in_name: "sakura/taro.yamada".to_owned(),
        name: name.to_owned(),
        address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        section_name: (role != Role::Operator).then(|| "さくら工業株式会社".to_owned()),
        role,
        time_zone: "Asia/Tokyo".to_owned(),
        password_set_at: Some(SENT),
        password_expires_at: (role == Role::User).then(|| SENT.plus_seconds(180 * 86_400)),
        second_factor_at: (role == Role::User).then_some(SENT),
        least: 12,
        form_key: "key".to_owned(),
    };
    let user = who(Role::User, "山田 太郎");
    let line = |seconds: i64, address: &str, this| SessionLine {
        made_at: SENT.plus_seconds(-seconds),
        seen_at: SENT,
        address: address.to_owned(),
        this,
    };
    let sessions = [line(60, "192.0.2.17", true), line(7200, "2001:db8:1234:5678:9abc:def0:1234:5678", false)];
    let sign_in = |trouble, done| {
        account::sign_in(frame, &SignInForm { path: "/sign-in", name: "sakura/taro.yamada", trouble, done })
    };
    let path = "/invitation/q7xkq0Jw3VtS2mCw8yQe5n1bGd4rHf6uLp9zXaYcTeM";
    vec![
        ("sign-in", sign_in(None, None)),
        ("sign-in-refused", sign_in(Some(SignInTrouble::Refused), None)),
        ("sign-in-many", sign_in(Some(SignInTrouble::TooMany { seconds: 600 }), None)),
        ("sign-in-set", sign_in(None, Some(Done::PasswordSet))),
        ("invitation", account::invitation(frame, &user, path, SENT, None)),
        (
            "invitation-short",
            account::invitation(frame, &user, path, SENT, Some(Unfit::Fault(PasswordFault::TooShort(12)))),
        ),
        ("password-change", account::password(frame, &user, false, None)),
        ("password-must", account::password(frame, &user, true, Some(Unfit::WrongCurrent))),
        ("me", account::me(frame, &user, &sessions, Some(3), Some(Done::PasswordChanged))),
        ("me-operator", account::me(frame, &who(Role::Operator, ""), &sessions[..1], None, None)),
    ]
    .into_iter()
    .chain(second_factor_pages(frame, &user))
    .collect()
}

fn second_factor_pages(frame: &Frame, who: &Oneself) -> Vec<(&'static str, String)> {
    let code = |trouble| {
        let (path, back, name) = ("/sign-in/code", "/sign-in", "sakura/taro.yamada");
        second_factor::sign_in_code(frame, &CodePage { path, back, name, form_key: "key", trouble })
    };
    let own = |standing, must, trouble| second_factor::own(frame, &Own { standing, must, who, trouble, done: None });
    let on = Second::On { since: SENT, codes_left: 8 };
    let uri = "otpauth://totp/Fubako:sakura%2Ftaro.yamada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fubako";
    let key = Key { shown: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(), uri: uri.to_owned() };
    let recovery: Vec<String> = (b'A'..=b'J').map(|c| format!("{0}BCD-EFGH-IJKL-MN2{0}", char::from(c))).collect();
    vec![
        ("code", code(None)),
        ("code-refused", code(Some(CodeTrouble::Refused))),
        ("second-off", own(Second::Off, false, None)),
        ("second-must", own(Second::Off, true, Some(SecondTrouble::Refused))),
        ("second-begun", own(Second::Begun, false, Some(SecondTrouble::NotConfirmed))),
        ("second-on", own(on, false, None)),
        ("second-on-refused", own(on, false, Some(SecondTrouble::Refused))),
        ("second-key", second_factor::key(frame, who, &key)),
        ("recovery-codes", second_factor::recovery(frame, &recovery, true)),
    ]
}

fn approval_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let line = |id: &str, standing: Standing| Line {
        id: id.to_owned(),
        sender_name: "山田 太郎".to_owned(),
        sender_address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        subject: "御見積書のご送付(空調設備一式)".to_owned(),
        recipient_count: 3,
        file_count: 3,
        asked_at: SENT,
        decide_by: SENT.plus_seconds(7 * 86_400),
        decided_at: (!matches!(standing, Standing::Undecided(_))).then_some(SENT),
        decided_by: matches!(standing, Standing::Approved | Standing::Rejected).then(|| "佐藤 花子".to_owned()),
        standing,
    };
    let open = || Standing::Undecided(SENT.plus_seconds(7 * 86_400));
    let detail = |standing: Standing, fault| Detail {
        path: "/approvals/x".to_owned(),
        files: if matches!(standing, Standing::Undecided(_)) { files() } else { vec![] },
        reason: (standing == Standing::Rejected)
            .then(|| "見積書の日付が違います。\n先方の担当者は田中様です。".to_owned()),
        line: line("x", standing),
        message: "お世話になっております。\n御見積書をお送りします。".to_owned(),
        recipients: ["hanako.suzuki", "keiri", "a-rather-long-local-part.of.an-address"]
            .map(|local| format!("{local}@customer.example.co.jp"))
            .to_vec(),
        typed: String::new(),
        fault,
        time_zone: "Asia/Tokyo".to_owned(),
        form_key: "k".to_owned(),
    };
    let queue = |waiting: Vec<Line>, decided: Vec<Line>, done| {
        let queue = Queue { waiting, decided, time_zone: "Asia/Tokyo".to_owned(), done };
        approvals::queue(frame, &queue, SENT)
    };
    let waiting = vec![line("x", open()), Line { subject: String::new(), ..line("y", open()) }];
    let decided = vec![line("z", Standing::Approved), line("w", Standing::Rejected)];
    vec![
        ("approvals", queue(waiting, decided, Some(Done::Approved))),
        ("approvals-none", queue(vec![], vec![], None)),
        ("approval", approvals::detail(frame, &detail(open(), None), SENT)),
        ("approval-no-reason", approvals::detail(frame, &detail(open(), Some(Fault::Reason)), SENT)),
        ("approval-already", approvals::detail(frame, &detail(Standing::Rejected, Some(Fault::TooLate)), SENT)),
        ("approval-late", approvals::detail(frame, &detail(Standing::TooLate, None), SENT)),
    ]
}

fn operator_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let line = |starts, made_by: &str| WindowLine {
        id: "0197f0a0-0000-7000-8000-000000000000".to_owned(),
        starts_at: SENT.plus_seconds(starts),
        ends_at: SENT.plus_seconds(starts + 2 * 3600),
        made_by: made_by.to_owned(),
    };
    let windows = [line(-600, "sato"), line(86_400 * 5, "unyou.tanaka")];
    let form = |ends, fault| WindowForm { starts: "", ends, fault, form_key: "k", zone: "Asia/Tokyo" };
    let late = form("2026-11-21T22:00", Some(WindowFault::Over));
    vec![
        ("maintenance", operator::maintenance(frame, &windows, &form("", None), Some(Done::MaintenanceMade), SENT)),
        ("maintenance-late", operator::maintenance(frame, &[], &late, None, SENT)),
    ]
}

/// A short one and a long one, as every page shows them.
fn announced(lang: Lang) -> Vec<Announced> {
    let one = |subject: &str, text: &str| Announced { subject: subject.to_owned(), text: text.to_owned() };
    match lang {
        Lang::Ja => vec![
            one("年末年始の休業について", "12月29日(火)から1月3日(日)まで、お問い合わせ窓口を休業いたします。"),
            one(
                "【重要】データセンター移設に伴うサービス停止のお知らせ(11月29日 日曜日 午前1時から午前5時まで)",
                "平素より格別のお引き立てを賜り、厚く御礼申し上げます。\n\n下記の日時に、データセンターの移設を行います。作業中は、ファイルのお預かりとお渡しができません。\nメールは受け付け、作業の終了後に順次お届けします。",
            ),
        ],
        Lang::En => vec![
            one("Holidays", "Our help desk is closed from 29 December to 3 January."),
            one(
                "Important: the service is not available on Sunday 29 November, from 01:00 to 05:00 (Japan time)",
                "We are moving to another data centre. During the work no files can be deposited or fetched.\n\nMail is received, and delivered afterwards.",
            ),
        ],
    }
}

fn announcement_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let shown = Frame { announced: announced(frame.lang), ..frame.clone() };
    let words = |lang: Lang| announced(lang).pop().map(|one| Words { subject: one.subject, text: one.text });
    let there = |starts: i64, hours: i64, mailed, mails| Announcement {
        id: AnnouncementId::generate(),
        version: 1,
        content: Content {
            ja: words(Lang::Ja).unwrap_or_default(),
            en: words(Lang::En).unwrap_or_default(),
            starts_at: SENT.plus_seconds(starts),
            ends_at: SENT.plus_seconds(starts + hours * 3600),
            mailed,
        },
        made_by: "unyou.tanaka".to_owned(),
        mails,
    };
    let all = [there(86_400, 48, true, 0), there(-3600, 48, true, 120), there(-86_400, 2, false, 0)];
    let form = |of, wrong| {
        let entered = AnnouncementForm {
            of,
            seen: "1",
            ja: ["年末年始の休業について", "12月29日(火)から休業いたします。"],
            en: ["Holidays", ""],
            starts: "",
            ends: "2026-12-28T18:00",
            mailed: true,
            wrong,
            form_key: "k",
            zone: "Asia/Tokyo",
        };
        announcement_form(frame, &entered, SENT)
    };
    let faults = Wrong::Faults(vec![AnnouncementFault::NoText(Lang::En), AnnouncementFault::Over]);
    let usual = deposit("usual", 3);
    vec![
        ("announcements", announcements(frame, &all, "Asia/Tokyo", Some(Done::AnnouncementMade), SENT)),
        ("announcements-none", announcements(frame, &[], "Asia/Tokyo", None, SENT)),
        ("announcement-new", form(None, &Wrong::Nothing)),
        ("announcement-wrong", form(None, &faults)),
        ("announcement-changed", form(Some(&all[1]), &Wrong::Changed)),
        ("announced-sign-in", {
            let form = SignInForm { path: "/sign-in", name: "", trouble: None, done: None };
            account::sign_in(&shown, &form)
        }),
        ("announced-files", pages::files(&shown, &usual, &files(), SENT)),
        ("announced-password", pages::password(&shown, &usual, Trouble::None, SENT)),
        ("announced-maintenance", {
            let form = WindowForm { starts: "", ends: "", fault: None, form_key: "k", zone: "Asia/Tokyo" };
            operator::maintenance(&shown, &[], &form, None, SENT)
        }),
    ]
}

fn policy_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let settings = Settings {
        notice_wording: Some(
            "弊社では添付ファイルを文箱でお預かりしています。\nお問い合わせ: 総務部 <soumu@sakura-kogyo.example.jp>"
                .to_owned(),
        ),
        forbidden_names: vec!["*.exe".to_owned(), "*.scr".to_owned()],
        denied_destinations: vec![
            "rival.example.com".to_owned(),
            "*.a-very-long-domain-name-of-a-company.example.jp".to_owned(),
        ],
        ..Settings::default()
    };
    let domains = vec!["sakura-kogyo.example.jp".to_owned(), "sakura.example".to_owned()];
    let section = Section {
        id: SectionId::installation(),
        name: "さくら工業株式会社".to_owned(),
        enabled: true,
        mail_link: true,
        autopilot: false,
        domains,
        settings,
    };
    let all = Policies {
        section: section.clone(),
        unapproved: vec!["営業部".to_owned()],
        mail_link_group: Some("営業部".to_owned()),
        default_user: None,
    };
    let form = |part: Part, more: &[(&'static str, &str)], stale, previewing| {
        let is = of_part(&section.settings, part);
        let mut entered = is.clone();
        for (name, text) in more {
            entered.iter_mut().filter(|(field, _)| field == name).for_each(|field| field.1 = (*text).to_owned());
        }
        let read = read(&section.settings, part, &entered);
        let previews = match (&read, part) {
            (Ok(settings), Part::Notice) => previews(settings, &frame.brand, SENT),
            _ => Vec::new(),
        };
        let found = read.err().unwrap_or_default();
        let form = PartForm {
            part,
            entered: &entered,
            is: &is,
            found: &found,
            stale,
            previewing,
            previews: &previews,
            seen: None,
            form_key: "k",
        };
        policies::part(frame, &form)
    };
    let wrong =
        &[("access", ""), ("keep_days", "いつまでも"), ("denied_destinations", "rival example"), ("max_tries", "2")];
    vec![
        ("policies", policies::overview(frame, &Overview { policies: &all, done: Some(Done::PoliciesChanged) })),
        ("mail-link", mail_link(frame, &MailLinkPage { policies: &all, check: &Check::NotAsked, form_key: "k" })),
        ("policy-recipients", form(Part::Recipients, &[], false, false)),
        ("policy-recipients-wrong", form(Part::Recipients, wrong, false, false)),
        ("policy-files", form(Part::Files, &[], false, false)),
        ("policy-files-stale", form(Part::Files, &[("max_files", "5"), ("names", "all")], true, false)),
        ("policy-approval", form(Part::Approval, &[], false, false)),
        ("policy-people", form(Part::People, &[], false, false)),
        ("policy-notice", form(Part::Notice, &[], false, false)),
        ("policy-notice-preview", form(Part::Notice, &[("language", "both"), ("notice_position", "top")], false, true)),
    ]
}

fn sent_deposit(state: DepositState) -> SentDeposit {
    let recipients = [
        "hanako.suzuki@example.co.jp",
        "jiro@a-very-long-domain-name-of-a-company.example.jp",
        "sato@example.com",
        "ito@example.com",
    ];
    let deposit = StoredDeposit {
        id: "0197f0a0-0000-7000-8000-000000000000".parse().unwrap_or_else(|_| DepositId::generate()),
        section: fubako_base::ids::SectionId::installation(),
        key: String::new(),
        request_digest: vec![],
        state,
        depositor: Some(Depositor { login_id: "taro".to_owned(), member: None, as_default_user: false }),
        sender_address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        sender_name: "山田 太郎".to_owned(),
        subject: "【御見積書】新社屋の空調設備について".to_owned(),
        lang: None,
        message: String::new(),
        by_person: false,
        sealed_password: None,
        access: fubako_base::section::Access::default(),
        password_hash: None,
        recipients: recipients.map(str::to_owned).to_vec(),
        file_count: 3,
        message_id: None,
        approval: None,
        created_at: SENT,
        sent_at: Some(SENT),
        expires_at: Some(SENT.end_of_day_counting(7, "Asia/Tokyo")),
    };
    let by = Cancellation { at: SENT.plus_seconds(5000), by: "kanri".to_owned() };
    let cancelled = (state == DepositState::Cancelled).then(|| by.clone());
    let took = |number, seconds, ended: bool| {
        let began_at = SENT.plus_seconds(seconds);
        let taken_by = (number > 1).then(|| "hanako.suzuki".to_owned());
        Download { number, began_at, ended_at: ended.then_some(began_at), taken_by }
    };
    let link = |n: usize, opened: bool, downloads| SentLink {
        id: LinkId::generate(),
        recipient: recipients[n].to_owned(),
        cancelled: (n == 3).then(|| by.clone()),
        opened_at: opened.then(|| SENT.plus_seconds(3600)),
        downloads,
    };
    let files = files().into_iter().map(|file| SentFile {
        number: file.number,
        name: file.name,
        media_type: file.media_type,
        size: file.size,
        unchecked: None,
    });
    SentDeposit {
        line: SentLine { deposit, cancelled, taken: 1 },
        files: files.collect(),
        links: vec![
            link(0, true, vec![took(1, 3700, true), took(2, 3720, true), took(3, 3800, true), took(1, 90_000, false)]),
            link(1, true, vec![took(2, 3720, true)]),
            link(2, false, vec![]),
            link(3, false, vec![]),
        ],
    }
}

fn sent_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let all = [DepositState::Sent, DepositState::Cancelled, DepositState::Expired].map(sent_deposit);
    let page = SentPage { lines: all.iter().map(|sent| sent.line.clone()).collect(), more: true };
    let zone = "Asia/Tokyo";
    let list = |side, base, page| sent::List { side, base, search: "", first: true, page, zone };
    let none = SentPage { lines: vec![], more: false };
    let extension = |refused| Some(sent::Extension { latest: SENT.end_of_day_counting(30, zone), refused });
    let one = |at: usize, extension, done| {
        let one = sent::One {
            side: Side::Own,
            base: "/sent",
            sent: &all[at],
            extension,
            password: Some("aB3-xyzQ+7mN_k2"),
            form_key: "k",
            zone,
            done,
        };
        sent::one(frame, &one, SENT)
    };
    let ask = |link| sent::ask(frame, &sent::Ask { base: "/sent", sent: &all[0], link, form_key: "k" });
    vec![
        ("sent-list", sent::list(frame, &list(Side::Own, "/sent", &page), SENT)),
        ("sent-list-none", sent::list(frame, &list(Side::Own, "/sent", &none), SENT)),
        ("sent-list-section", sent::list(frame, &list(Side::Section, "/section/deposits", &page), SENT)),
        ("sent-one", one(0, extension(None), None)),
        ("sent-one-late", one(0, extension(Some(("2027-01-01", ExtendFault::TooLate))), None)),
        ("sent-one-cancelled", one(1, None, Some(Done::DepositCancelled))),
        ("sent-ask", ask(None).unwrap_or_default()),
        ("sent-ask-one", ask(Some(all[0].links[2].id)).unwrap_or_default()),
    ]
}

fn sending_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let upload = |name: &str, length: u64, received: u64| Upload {
        id: fubako_base::ids::UploadId::generate(),
        section: fubako_base::ids::SectionId::installation(),
        account: fubako_base::ids::AccountId::generate(),
        draft: String::new(),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        length: Some(length),
        received,
        touched_at: SENT,
    };
    let uploads =
        [upload("御見積書_空調設備一式_2026年11月.pdf", 1_843_201, 1_843_201), upload("図面.zip", 2 << 30, 1 << 30)];
    let entered = Draft {
        recipients: "hanako.suzuki@example.co.jp\nnobody".to_owned(),
        subject: "【御見積書】新社屋の空調設備について".to_owned(),
        message: "お世話になっております。\n見積書をお送りします。".to_owned(),
    };
    let faults = [
        DraftFault::RecipientMalformed("nobody".to_owned()),
        DraftFault::SubjectTooLong(10),
        DraftFault::FileNotWhole("図面.zip".to_owned()),
    ];
    let empty = Draft::default();
    let form = |entered, uploads, faults, busy| {
        let form = sending::NewForm {
            form_key: "k",
            draft: "d",
            entered,
            lang: None,
            uploads,
            largest: 2 << 30,
            most_files: 20,
            access: fubako_base::section::Access::default(),
            faults,
            busy,
        };
        sending::new(frame, &form)
    };
    vec![
        ("sent-new", form(&empty, &[], &[], false)),
        ("sent-new-filled", form(&entered, &uploads, &[], true)),
        ("sent-new-faults", form(&entered, &uploads, &faults, false)),
    ]
}

fn every_page(lang: Lang) -> Vec<(&'static str, String)> {
    let frame = |unscanned| Frame { lang, brand: "Fubako".to_owned(), unscanned, chosen: false, announced: Vec::new() };
    let (plain, unscanned) = (frame(false), frame(true));
    let usual = deposit("usual", 3);
    let password = |trouble| pages::password(&plain, &usual, trouble, SENT);
    let wait = SENT.plus_seconds(30);
    let ask = Offer { ask: true, ..Offer::default() };
    let enter = Offer { code: true, ..ask };
    let account = Offer { account: true, ..Offer::default() };
    let said = |message: Message| pages::message(&plain, message, message.is_of_a_file().then_some("/d/token"));
    let mut all = account_pages(&plain);
    all.extend(operator_pages(&plain));
    all.extend(announcement_pages(&plain));
    all.extend(policy_pages(&plain));
    all.extend(health::pages(&plain, SENT));
    all.extend(queue::pages(&plain, SENT));
    all.extend(usage::pages(&plain, SENT));
    all.extend(sent_pages(&plain));
    all.extend(sending_pages(&plain));
    all.extend(approval_pages(&plain));
    all.extend(token_pages(&plain));
    all.extend([
        ("password", password(Trouble::None)),
        ("password-unscanned", pages::password(&unscanned, &usual, Trouble::None, SENT)),
        ("password-again", password(Trouble::NotProven)),
        ("password-empty", password(Trouble::Empty)),
        ("password-wrong", password(Trouble::Wrong { tries_left: 9, wait_until: None })),
        ("password-wrong-wait", password(Trouble::Wrong { tries_left: 1, wait_until: Some(wait) })),
        ("password-wait", password(Trouble::Wait { until: wait })),
        ("password-locked", password(Trouble::Locked { until: SENT.plus_seconds(3600) })),
        ("code-ask", proving(&plain, ask, Trouble::None)),
        ("code-wait", proving(&plain, ask, Trouble::AskWait { until: SENT.plus_seconds(1800) })),
        ("code-over", proving(&plain, ask, Trouble::CodeOver)),
        ("code-enter", proving(&plain, enter, Trouble::None)),
        ("code-wrong", proving(&plain, enter, Trouble::CodeWrong { tries_left: 8, wait_until: None })),
        ("account", by_account(&plain, account, false)),
        ("account-other", by_account(&plain, account, true)),
        ("ways-all", by_account(&plain, Offer { password: true, account: true, ..ask }, false)),
        ("ways-all-other", by_account(&plain, Offer { password: true, account: true, ..ask }, true)),
        ("received", received(&plain, 3)),
        ("received-none", received(&plain, 0)),
        ("received-one", pages::received::one(&plain, &usual, &files(), SENT)),
        ("received-closed", pages::received::one(&plain, &usual, &[], SENT)),
        ("ways-ask", proving(&plain, Offer { password: true, ..ask }, Trouble::None)),
        ("ways-enter", proving(&plain, Offer { password: true, ..enter }, Trouble::None)),
        ("password-bare", pages::password(&plain, &deposit("bare", 1), Trouble::None, SENT)),
        ("password-evil", pages::password(&plain, &deposit("evil", 6), Trouble::None, SENT)),
        ("files", pages::files(&plain, &usual, &files(), SENT.plus_seconds(86_400 * 6))),
        ("files-unchecked", pages::files(&plain, &usual, &unchecked_files(), SENT)),
        ("files-one", pages::files(&unscanned, &deposit("bare", 1), &files()[..1], SENT)),
        ("files-evil", pages::files(&unscanned, &deposit("evil", 6), &evil_files(), SENT)),
        ("home", pages::message(&unscanned, Message::Home, None)),
        ("not-found", said(Message::NotFound)),
        ("expired", said(Message::Expired)),
        ("cancelled", said(Message::Cancelled)),
        ("deposit-over", said(Message::DepositOver)),
        ("unavailable", said(Message::Unavailable)),
        ("damaged", said(Message::Damaged)),
        ("infected", said(Message::Infected)),
        ("not-scanned", said(Message::NotScanned)),
        ("other-site", said(Message::OtherSite)),
        ("bad-form", said(Message::BadForm)),
        ("method", said(Message::Method)),
        ("range", said(Message::Range)),
        ("no-site", said(Message::NoSite)),
        ("elsewhere", said(Message::Elsewhere)),
        ("no-page", said(Message::NoPage)),
        ("closed", said(Message::Maintenance(SENT.plus_seconds(2 * 3600)))),
    ]);
    all
}

fn token_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let token = |name: &str, until: i64, used, revoked| ApiToken {
        id: ApiTokenId::generate(),
        section: SectionId::installation(),
        name: name.to_owned(),
        scopes: Scopes::all(),
        made_by: "kanri".to_owned(),
        made_at: SENT,
        expires_at: SENT.plus_seconds(until),
        revoked_at: revoked,
        used_at: used,
    };
    let all = [
        token("基幹システムの夜間バッチ（見積書の送付）", 90 * 86_400, Some(SENT), None),
        token("audit-collector", 86_400, None, Some(SENT)),
        token("ThisIsALongNameWithoutAnySpaceThatMustBeBrokenSomewhereOrThePageWouldScrollSideways", -60, None, None),
    ];
    let (entered, faults) = (NewToken::default(), [TokenFault::Name, TokenFault::NoScope]);
    let form = |faults, autopilot| TokenForm {
        entered: &entered,
        days: "90",
        faults,
        autopilot,
        form_key: "key",
        zone: "Asia/Tokyo",
        done: None,
    };
    let document = serde_json::to_value(document()).unwrap_or_default();
    vec![
        ("tokens", tokens::tokens(frame, &all, &form(&[], true), SENT)),
        ("tokens-wrong", tokens::tokens(frame, &[], &form(&faults, true), SENT)),
        ("tokens-off", tokens::tokens(frame, &[], &form(&[], false), SENT)),
        ("token-made", tokens::made(frame, &all[0], "q7xkq0Jw3VtS2mCw8yQe5n1bGd4rHf6uLp9zXaYcTeM", "Asia/Tokyo")),
        ("token-revoke", tokens::ask(frame, &all[0], "key")),
        ("api", api::api(frame, &document, "https://files.example.jp")),
    ]
}
