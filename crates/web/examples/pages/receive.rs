//! What a recipient sees: the link's page, its files, the list of what came; and what is said where something is not to be had.

use fubako_base::unchecked::Unchecked;
use fubako_exchange::received::{ReceivedLine, ReceivedPage};
use fubako_web::pages::{self, AccountWay, Deposit, File, Frame, Message, Offer, SignedIn, Trouble};

use crate::SENT;

/// What was deposited, of one kind or another.
pub(crate) fn deposit(kind: &str, files: u32) -> Deposit {
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

/// Files as people send them.
pub(crate) fn files() -> Vec<File> {
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

/// The pages, each with a name for its file.
pub(crate) fn pages(plain: &Frame) -> Vec<(&'static str, String)> {
    let unscanned = Frame { unscanned: true, ..plain.clone() };
    let usual = deposit("usual", 3);
    let password = |trouble| pages::password(plain, &usual, trouble, SENT);
    let wait = SENT.plus_seconds(30);
    let ask = Offer { ask: true, ..Offer::default() };
    let enter = Offer { code: true, ..ask };
    let account = Offer { account: true, ..Offer::default() };
    let said = |message: Message| pages::message(plain, message, message.is_of_a_file().then_some("/d/token"));
    vec![
        ("password", password(Trouble::None)),
        ("password-unscanned", pages::password(&unscanned, &usual, Trouble::None, SENT)),
        ("password-again", password(Trouble::NotProven)),
        ("password-empty", password(Trouble::Empty)),
        ("password-wrong", password(Trouble::Wrong { tries_left: 9, wait_until: None })),
        ("password-wrong-wait", password(Trouble::Wrong { tries_left: 1, wait_until: Some(wait) })),
        ("password-wait", password(Trouble::Wait { until: wait })),
        ("password-locked", password(Trouble::Locked { until: SENT.plus_seconds(3600) })),
        ("code-ask", proving(plain, ask, Trouble::None)),
        ("code-wait", proving(plain, ask, Trouble::AskWait { until: SENT.plus_seconds(1800) })),
        ("code-over", proving(plain, ask, Trouble::CodeOver)),
        ("code-enter", proving(plain, enter, Trouble::None)),
        ("code-wrong", proving(plain, enter, Trouble::CodeWrong { tries_left: 8, wait_until: None })),
        ("account", by_account(plain, account, false)),
        ("account-other", by_account(plain, account, true)),
        ("ways-all", by_account(plain, Offer { password: true, account: true, ..ask }, false)),
        ("ways-all-other", by_account(plain, Offer { password: true, account: true, ..ask }, true)),
        ("received", received(plain, 3)),
        ("received-none", received(plain, 0)),
        ("received-one", pages::received::one(plain, &usual, &files(), SENT)),
        ("received-closed", pages::received::one(plain, &usual, &[], SENT)),
        ("ways-ask", proving(plain, Offer { password: true, ..ask }, Trouble::None)),
        ("ways-enter", proving(plain, Offer { password: true, ..enter }, Trouble::None)),
        ("password-bare", pages::password(plain, &deposit("bare", 1), Trouble::None, SENT)),
        ("password-evil", pages::password(plain, &deposit("evil", 6), Trouble::None, SENT)),
        ("files", pages::files(plain, &usual, &files(), SENT.plus_seconds(86_400 * 6))),
        ("files-unchecked", pages::files(plain, &usual, &unchecked_files(), SENT)),
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
    ]
}
