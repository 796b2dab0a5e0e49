//! The operator's announcements and maintenance windows, and what is announced on other pages.

use fubako_base::{Lang, ids::AnnouncementId};
use fubako_exchange::{
    announcements::{Announcement, Content, Words},
    domain::{announcement::AnnouncementFault, maintenance::WindowFault},
};
use fubako_web::pages::{
    self, Announced, Frame, Trouble,
    account::{self, Done, SignInForm},
    operator::{
        self, WindowForm, WindowLine,
        announcements::{AnnouncementForm, Wrong, announcements, form as announcement_form},
    },
};

use crate::{
    SENT,
    receive::{deposit, files},
};

/// Maintenance windows, each with a name for its file.
pub(crate) fn maintenance_pages(frame: &Frame) -> Vec<(&'static str, String)> {
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

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
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
