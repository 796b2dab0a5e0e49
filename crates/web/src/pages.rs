//! What a person sees: values in, HTML out. Pure; everything a stranger wrote is escaped by the templates.

pub mod account;
pub mod api;
pub mod approvals;
pub mod audit;
pub mod mail_link;
pub mod members;
pub mod operator;
pub mod policies;
mod prove;
pub mod received;
pub mod second_factor;
pub mod sending;
pub mod sent;
pub mod sessions;
pub mod tokens;
pub mod usage;

use askama::Template;
use fubako_base::{
    Lang, Timestamp, hex,
    lang::{Value, text},
    section::Settings,
    shown::{self, visible},
    unchecked::Unchecked,
};

pub use fubako_base::shown::Moment;
pub use fubako_exchange::domain::access::Offer;
pub use prove::{Trouble, password};

pub use crate::assets::{icon, script, style};
use crate::waits;

/// A value in a query or a path (RFC 3986, 2.1).
pub(crate) fn encoded(text: &str) -> String {
    let one = |octet: u8| match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        octet => format!("%{octet:02X}"),
    };
    text.bytes().map(one).collect()
}

/// What every page has in common.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The page's language.
    pub lang: Lang,
    /// `brand.name`.
    pub brand: String,
    /// Nothing scans the files: every screen says so.
    pub unscanned: bool,
    /// The reader chose the language by a link: links and forms keep it.
    pub chosen: bool,
    /// What the operator announces.
    pub announced: Vec<Announced>,
}

/// What the operator announces, in the page's language (spec X-OPERATOR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Its subject.
    pub subject: String,
    /// Its text, in lines.
    pub text: String,
}

/// Characters of an announcement's text that stand on every page; a longer one is opened by its subject.
const SHORT_ANNOUNCEMENT: usize = 60;

impl Announced {
    /// Whether its text stands on the page without being asked for.
    fn is_short(&self) -> bool {
        !self.text.contains('\n') && self.text.chars().count() <= SHORT_ANNOUNCEMENT
    }
}

impl Frame {
    fn t(&self, id: &str) -> String {
        text(self.lang, id, &[])
    }

    fn with(&self, id: &str, name: &str, value: &str) -> String {
        text(self.lang, id, &[(name, Value::from(value))])
    }

    fn count(&self, id: &str, count: &u64) -> String {
        text(self.lang, id, &[("count", Value::from(*count))])
    }

    fn mailed(&self, recipient: &str, mailed: &str, until: &str) -> String {
        let values = [("recipient", recipient), ("time", mailed), ("until", until)];
        text(self.lang, "web-code-mailed", &values.map(|(name, value)| (name, Value::from(value))))
    }

    /// What a link carries on so that the next page speaks the language that was chosen.
    fn query(&self) -> &'static str {
        match (self.chosen, self.lang) {
            (false, _) => "",
            (true, Lang::Ja) => "?lang=ja",
            (true, Lang::En) => "?lang=en",
        }
    }

    /// The same behind another part of a query.
    fn and(&self) -> &'static str {
        match (self.chosen, self.lang) {
            (false, _) => "",
            (true, Lang::Ja) => "&lang=ja",
            (true, Lang::En) => "&lang=en",
        }
    }

    fn style(&self) -> &'static str {
        style().0
    }

    fn script(&self) -> &'static str {
        script().0
    }

    fn icon(&self) -> &'static str {
        icon().0
    }
}

/// A deposit as anybody who holds the link may see it.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// The page's own address: `/d/{token}`.
    pub path: String,
    /// The sender's display name; may be empty.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// Whose link it is.
    pub recipient: String,
    /// The subject; may be empty.
    pub subject: String,
    /// The section's name.
    pub section_name: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the files go.
    pub expires_at: Timestamp,
    /// The section's time zone.
    pub time_zone: String,
    /// How many files.
    pub file_count: u32,
    /// Whether a person sent it on a page: no mail has its password.
    pub by_person: bool,
    /// How its recipient may prove who they are now.
    pub offer: Offer,
    /// When the code was mailed that may be entered, and until when it is good.
    pub code: Option<(Timestamp, Timestamp)>,
    /// How one opens it with an account, where that is a way.
    pub account: Option<AccountWay>,
}

/// How one opens a link with an account.
#[derive(Debug, Clone)]
pub struct AccountWay {
    /// Where one signs in, and comes back from: a whole URL, as a section's own domain has no accounts.
    pub sign_in: String,
    /// Whoever is signed in already, with an account that does not open it.
    pub other: Option<SignedIn>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// How they sign in.
    pub name: String,
    /// What their forms carry.
    pub form_key: String,
}

/// A file as the page lists it.
#[derive(Debug, Clone)]
pub struct File {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name, as sent.
    pub name: String,
    /// Its media type, as sent.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// Why the virus check did not look into the whole of it.
    pub unchecked: Option<Unchecked>,
}

/// Pages that only say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// `/`.
    Home,
    /// 404.
    NotFound,
    /// 410: the files are gone.
    Expired,
    /// 410: the sender has taken the deposit back.
    Cancelled,
    /// 409: there is nothing to take back or to keep any more.
    DepositOver,
    /// 503: may pass.
    Unavailable,
    /// 500: the stored file is not what was put in.
    Damaged,
    /// 403: the scanner found something on the way out.
    Infected,
    /// 403: the scanner could not look into the file on the way out.
    NotScanned,
    /// 403: a POST from another site.
    OtherSite,
    /// 400, 413: a form that is none.
    BadForm,
    /// 405.
    Method,
    /// 404: an invitation that is not good (any more).
    Invitation,
    /// 503: an account cannot be worked on just now.
    Busy,
    /// 403: a form of an account that none of its pages made, or not lately.
    Stale,
    /// 403: whoever it is may not use the screens from where they are.
    Elsewhere,
    /// 421: the host name is none of ours.
    NoSite,
    /// 404: there is no such page for whoever is signed in.
    NoPage,
    /// 503: the exchange is closed until this time.
    Maintenance(Timestamp),
    /// 412, 416: a download tool asked for what is not there.
    Range,
}

impl Message {
    /// The id that its texts begin with.
    const fn id(self) -> &'static str {
        match self {
            Self::Home => "web-home",
            Self::NotFound => "web-not-found",
            Self::Expired => "web-expired",
            Self::Cancelled => "web-cancelled",
            Self::DepositOver => "web-deposit-over",
            Self::Unavailable => "web-unavailable",
            Self::Damaged => "web-damaged",
            Self::Infected => "web-infected",
            Self::NotScanned => "web-not-scanned",
            Self::OtherSite => "web-other-site",
            Self::BadForm => "web-bad-form",
            Self::Method => "web-method",
            Self::Invitation => "web-invitation",
            Self::Busy => "web-busy",
            Self::Stale => "web-stale",
            Self::Elsewhere => "web-elsewhere",
            Self::NoSite => "web-no-site",
            Self::NoPage => "web-no-page",
            Self::Maintenance(_) => "web-closed",
            Self::Range => "web-range",
        }
    }

    /// Whether it may be about one file of several: who reads it wants to get back to the others.
    #[must_use]
    pub const fn is_of_a_file(self) -> bool {
        matches!(self, Self::Unavailable | Self::Damaged | Self::Infected | Self::NotScanned | Self::Range)
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    f: &'a Frame,
    title: String,
    lead: String,
    more: String,
    back: Option<&'a str>,
    home: bool,
}

/// A page that only says something, with the way back to the files where there is one.
#[must_use]
pub fn message(frame: &Frame, message: Message, back: Option<&str>) -> String {
    let until = match message {
        // Nobody's section is known here: the calendar is the installation's.
        Message::Maintenance(until) => shown::moment(until, &Settings::default().time_zone, frame.lang).words,
        _ => String::new(),
    };
    let values = [("brand", Value::from(frame.brand.as_str())), ("until", Value::from(until.as_str()))];
    let part = |part: &str| text(frame.lang, &format!("{}-{part}", message.id()), &values);
    render(&MessagePage {
        f: frame,
        title: part("title"),
        lead: part("lead"),
        more: part("more"),
        back,
        home: message == Message::Home,
    })
}

/// Words of a deposit, made visible and put on the calendar.
struct Summary {
    path: String,
    sender: String,
    /// The text that comes after the sender in the title: a person is spoken of otherwise than an address.
    arrived_from: &'static str,
    sender_address: String,
    recipient: String,
    subject: String,
    section_name: String,
    sent: Moment,
    expires: Moment,
    left: String,
    file_count: u64,
}

impl Summary {
    fn of(frame: &Frame, deposit: &Deposit, now: Timestamp) -> Self {
        let zone = &deposit.time_zone;
        let sender_address = visible(&deposit.sender_address);
        let name = visible(&deposit.sender_name);
        Self {
            path: deposit.path.clone(),
            arrived_from: if name.is_empty() { "web-arrived-from-address" } else { "web-arrived-from" },
            sender: if name.is_empty() { sender_address.clone() } else { name },
            sender_address,
            recipient: visible(&deposit.recipient),
            subject: visible(&deposit.subject),
            section_name: visible(&deposit.section_name),
            sent: shown::moment(deposit.sent_at, zone, frame.lang),
            expires: shown::moment(deposit.expires_at, zone, frame.lang),
            left: waits::left(now, deposit.expires_at, zone, frame.lang),
            file_count: u64::from(deposit.file_count),
        }
    }
}

/// What stands above the form.
struct Alert {
    title: String,
    lines: Vec<String>,
    /// Seconds that are left to wait; the script counts them down.
    seconds: Option<u64>,
}

/// One of several things that a form offers.
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

struct Row {
    number: u32,
    name: String,
    kind: String,
    size: String,
    octets: String,
    sha256: String,
    /// What is said where the virus check did not look into the whole of it.
    unchecked: Option<String>,
}

impl Row {
    fn of(frame: &Frame, file: &File) -> Self {
        Self {
            number: file.number,
            name: visible(&file.name),
            kind: frame.t(kind(&file.media_type)),
            size: shown::size(file.size),
            octets: waits::grouped(file.size),
            sha256: hex::encode(&file.sha256),
            unchecked: file.unchecked.map(|reason| frame.t(unchecked(reason))),
        }
    }

    fn digest_start(&self) -> &str {
        self.sha256.get(..8).unwrap_or_default()
    }

    fn digest_end(&self) -> &str {
        self.sha256.get(56..).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "files.html")]
struct FilesPage<'a> {
    f: &'a Frame,
    path: &'a str,
    d: Summary,
    rows: Vec<Row>,
    total: String,
}

/// The page of a recipient who proved who they are: the files (spec X-RECEIVE).
#[must_use]
pub fn files(frame: &Frame, deposit: &Deposit, files: &[File], now: Timestamp) -> String {
    let total = files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size));
    render(&FilesPage {
        f: frame,
        path: &deposit.path,
        d: Summary::of(frame, deposit, now),
        rows: files.iter().map(|file| Row::of(frame, file)).collect(),
        total: shown::size(total),
    })
}

/// The text that says why a file was not wholly checked.
const fn unchecked(reason: Unchecked) -> &'static str {
    match reason {
        Unchecked::Encrypted => "web-unchecked-encrypted",
        Unchecked::ScanLimit => "web-unchecked-scan-limit",
    }
}

/// The text that says what a media type is.
fn kind(media_type: &str) -> &'static str {
    const OFFICE: &str = "application/vnd.openxmlformats-officedocument.";
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let office = essence.strip_prefix(OFFICE).unwrap_or_default();
    match essence.as_str() {
        "application/pdf" => "web-kind-pdf",
        "application/zip" | "application/x-zip-compressed" | "application/x-7z-compressed" => "web-kind-archive",
        "application/msword" => "web-kind-document",
        "application/vnd.ms-excel" | "text/csv" => "web-kind-sheet",
        "application/vnd.ms-powerpoint" => "web-kind-slides",
        "message/rfc822" => "web-kind-mail",
        "text/calendar" => "web-kind-calendar",
        _ if office.starts_with("wordprocessingml") => "web-kind-document",
        _ if office.starts_with("spreadsheetml") => "web-kind-sheet",
        _ if office.starts_with("presentationml") => "web-kind-slides",
        kind if kind.starts_with("image/") => "web-kind-image",
        kind if kind.starts_with("audio/") => "web-kind-audio",
        kind if kind.starts_with("video/") => "web-kind-video",
        kind if kind.starts_with("text/") => "web-kind-text",
        _ => "web-kind-file",
    }
}

/// A template into a string fails only where a value of its own does, and ours do not.
fn render(page: &impl Template) -> String {
    page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be written");
        String::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 23:30:16 in Tokyo.
    const SENT: Timestamp = Timestamp(1_795_271_416_000_000);
    const MESSAGES: [Message; 20] = [
        Message::Home,
        Message::NotFound,
        Message::Expired,
        Message::Cancelled,
        Message::DepositOver,
        Message::Unavailable,
        Message::Damaged,
        Message::Infected,
        Message::NotScanned,
        Message::OtherSite,
        Message::BadForm,
        Message::Method,
        Message::Invitation,
        Message::Busy,
        Message::Elsewhere,
        Message::NoSite,
        Message::Stale,
        Message::NoPage,
        Message::Maintenance(SENT),
        Message::Range,
    ];

    fn frame(lang: Lang) -> Frame {
        Frame { lang, brand: "Brand & Co".to_owned(), unscanned: true, chosen: false, announced: Vec::new() }
    }

    fn deposit() -> Deposit {
        Deposit {
            path: "/d/token".to_owned(),
            sender_name: String::new(),
            sender_address: "taro@example.jp".to_owned(),
            recipient: "hanako@example.jp".to_owned(),
            subject: String::new(),
            section_name: "acme".to_owned(),
            sent_at: SENT,
            expires_at: SENT.end_of_day_counting(7, "Asia/Tokyo"),
            time_zone: "Asia/Tokyo".to_owned(),
            file_count: 2,
            by_person: false,
            offer: Offer { password: true, ..Offer::default() },
            code: None,
            account: None,
        }
    }

    // spec: X-SEND ACCESS X-LANG
    #[test]
    fn where_the_password_is_to_be_found_depends_on_who_sent() {
        for lang in Lang::ALL {
            let [by_mail, by_person] = [false, true]
                .map(|by_person| password(&frame(lang), &Deposit { by_person, ..deposit() }, Trouble::None, SENT));
            let (mail, person) = (frame(lang).t("web-password-hint"), frame(lang).t("web-password-hint-person"));
            assert!(by_mail.contains(&mail) && !by_mail.contains(&person), "{by_mail}");
            assert!(by_person.contains(&person) && !by_person.contains(&mail), "{by_person}");
        }
    }

    /// One whose recipient has every way, and a code.
    fn with_ways() -> Deposit {
        let offer = Offer { password: true, ask: true, code: true, account: true };
        let account = AccountWay { sign_in: "https://files.example/sign-in/d/token".to_owned(), other: None };
        Deposit { offer, code: Some((SENT, SENT.plus_seconds(600))), account: Some(account), ..deposit() }
    }

    fn every_page(lang: Lang) -> Vec<String> {
        let (frame, deposit) = (frame(lang), deposit());
        let until = SENT.plus_seconds(90);
        let troubles = [
            Trouble::None,
            Trouble::NotProven,
            Trouble::Wrong { tries_left: 1, wait_until: Some(until) },
            Trouble::Wait { until },
            Trouble::Locked { until },
            Trouble::Empty,
            Trouble::CodeEmpty,
            Trouble::CodeWrong { tries_left: 1, wait_until: None },
            Trouble::CodeOver,
            Trouble::AskWait { until },
        ];
        let types = ["application/pdf", "a/zip", "application/zip", "application/msword", "text/csv", "message/rfc822"];
        let more = ["application/vnd.ms-powerpoint", "text/calendar", "image/png", "audio/x", "video/x", "text/plain"];
        let list = (1..).zip(types.into_iter().chain(more)).map(|(number, media_type)| File {
            number,
            name: format!("{number}.x"),
            media_type: media_type.to_owned(),
            size: 1,
            sha256: [7; 32],
            unchecked: [None, Some(Unchecked::Encrypted), Some(Unchecked::ScanLimit)][number as usize % 3],
        });
        let list: Vec<File> = list.collect();
        let passwords = troubles.map(|trouble| password(&frame, &deposit, trouble, SENT));
        let said = MESSAGES.map(|m| message(&frame, m, m.is_of_a_file().then_some("/d/token")));
        let ways = troubles.map(|trouble| password(&frame, &with_ways(), trouble, SENT));
        let ask = Offer { ask: true, ..Offer::default() };
        let asking = password(&frame, &Deposit { offer: ask, ..deposit.clone() }, Trouble::None, SENT);
        let sign_in = "https://files.example/sign-in/d/token".to_owned();
        let other = Some(SignedIn { name: "acme/taro".to_owned(), form_key: "the-key".to_owned() });
        let account = Some(AccountWay { sign_in, other });
        let signed_in = password(&frame, &Deposit { account, ..with_ways() }, Trouble::None, SENT);
        assert!(signed_in.contains("action=\"/sign-out\"") && signed_in.contains("the-key"), "{signed_in}");
        assert!(signed_in.contains("acme/taro") && !signed_in.contains("/sign-in/d"), "{signed_in}");
        assert!(ways[0].contains("href=\"https://files.example/sign-in/d/token\""), "{}", ways[0]);
        passwords
            .into_iter()
            .chain([signed_in])
            .chain(ways)
            .chain([asking])
            .chain(said)
            .chain([files(&frame, &deposit, &list, SENT)])
            .collect()
    }

    // spec: X-LANG
    #[test]
    fn every_page_has_all_its_words_in_both_languages() {
        for lang in Lang::ALL {
            for page in every_page(lang) {
                // A text that is missing shows its id; a place that is not filled shows its name.
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                assert!(page.contains("Brand &#38; Co") && !page.contains("Brand & Co"), "{page}");
                assert!(page.ends_with("</html>\n") || page.ends_with("</html>"), "{page}");
                assert_eq!(page.matches("<h1").count(), 1, "{page}");
                let japanese = page.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
                assert_eq!(japanese > 20, lang == Lang::Ja, "{page}");
            }
        }
    }

    // spec: X-RECEIVE
    #[test]
    fn a_page_about_one_file_leads_back_to_the_others() {
        for said in MESSAGES {
            let path = said.is_of_a_file().then_some("/d/token?lang=en");
            let page = message(&frame(Lang::En), said, path);
            assert_eq!(page.contains("href=\"/d/token?lang=en\">Back to the files</a>"), path.is_some(), "{page}");
        }
    }

    // spec: KEEP-VIRUS
    #[test]
    fn every_page_says_that_nothing_is_scanned_only_where_it_is_so() {
        for lang in Lang::ALL {
            let words = text(lang, "web-unscanned", &[]);
            assert!(every_page(lang).iter().all(|page| page.contains(&words)));
            let scanned = Frame { unscanned: false, ..frame(lang) };
            assert!(!message(&scanned, Message::Home, None).contains(&words));
            assert!(!password(&scanned, &deposit(), Trouble::None, SENT).contains(&words));
        }
    }

    // spec: KEEP-VIRUS, X-LANG
    #[test]
    fn a_file_that_was_not_wholly_checked_says_so_in_words_beside_its_name_and_to_a_screen_reader() {
        let file = |number: u32, unchecked| File {
            number,
            name: format!("{number}.zip"),
            media_type: "application/zip".to_owned(),
            size: 1,
            sha256: [7; 32],
            unchecked,
        };
        let list = [file(1, None), file(2, Some(Unchecked::Encrypted)), file(3, Some(Unchecked::ScanLimit))];
        for lang in Lang::ALL {
            let page = files(&frame(lang), &deposit(), &list, SENT);
            let rows: Vec<&str> = page.split("<li>").filter(|row| row.contains("/files/")).collect();
            let words = |id| text(lang, id, &[]);
            for (row, said, number) in
                [(rows[1], "web-unchecked-encrypted", 2), (rows[2], "web-unchecked-scan-limit", 3)]
            {
                assert!(row.contains(&format!("id=\"unchecked-{number}\"")) && row.contains(&words(said)), "{row}");
                assert!(row.contains(&format!("aria-describedby=\"file-{number} unchecked-{number}\"")), "{row}");
            }
            assert!(rows[0].contains("aria-describedby=\"file-1\"") && !rows[0].contains("unchecked"), "{}", rows[0]);
            assert_ne!(words("web-unchecked-encrypted"), words("web-unchecked-scan-limit"));
        }
    }

    #[test]
    fn links_carry_the_chosen_language_on() {
        let chosen = Frame { chosen: true, ..frame(Lang::En) };
        let page = password(&chosen, &with_ways(), Trouble::None, SENT);
        for route in ["open", "code", "code/open"] {
            assert!(page.contains(&format!("action=\"/d/token/{route}?lang=en#open\"")), "{route}: {page}");
        }
        assert!(!password(&frame(Lang::En), &deposit(), Trouble::None, SENT).contains("open?lang"));
    }

    // spec: X-LANG
    #[test]
    fn an_address_is_not_addressed_as_a_person() {
        let page = |deposit: &Deposit| password(&frame(Lang::Ja), deposit, Trouble::None, SENT);
        let title = |page: String| page.split("</h1>").next().unwrap_or_default().replace("</bdi>", "");
        assert!(title(page(&deposit())).contains("taro@example.jp から"));
        let named = Deposit { sender_name: "山田 太郎".to_owned(), ..deposit() };
        assert!(title(page(&named)).contains("山田 太郎 様から"));
    }

    // spec: ACCESS
    #[test]
    fn the_page_has_a_form_for_each_way_that_is_offered_and_no_other() {
        let until = SENT.plus_seconds(600);
        for bits in 0..8u8 {
            let [password_form, ask, code] = [1, 2, 4].map(|bit| bits & bit != 0);
            let offer = Offer { password: password_form, ask, code, account: false };
            let deposit = Deposit { offer, code: code.then_some((SENT, until)), ..deposit() };
            let page = password(&frame(Lang::Ja), &deposit, Trouble::None, SENT);
            assert_eq!(page.contains("name=\"password\""), password_form, "{offer:?}");
            assert_eq!(page.contains("name=\"code\""), code, "{offer:?}");
            assert_eq!(page.contains("action=\"/d/token/code#open\""), ask, "{offer:?}");
            assert_eq!(page.matches("<form").count(), bits.count_ones() as usize, "{offer:?}");
            // One of them is what one is to do; and no two things have one id.
            assert_eq!(page.matches("id=\"submit\"").count(), usize::from(bits != 0), "{offer:?}");
        }
    }

    #[test]
    fn a_locked_link_has_no_form_and_a_wait_can_be_counted_down() {
        let until = SENT.plus_seconds(90);
        assert!(!password(&frame(Lang::En), &deposit(), Trouble::Locked { until }, SENT).contains("<form"));
        let waiting = password(&frame(Lang::En), &deposit(), Trouble::Wait { until }, SENT);
        assert!(waiting.contains("data-wait=\"90\"") && waiting.contains("in 2 minutes"), "{waiting}");
    }
}
