//! The operator's pages of announcements (spec X-OPERATOR).

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    lang::text,
    shown::{self, Moment, visible},
};
use fubako_exchange::{
    announcements::Announcement,
    domain::announcement::{
        AnnouncementFault, EARLIEST_DAYS, LONGEST_DAYS, LONGEST_SUBJECT, LONGEST_TEXT, Standing, standing, words,
    },
};

use crate::pages::{Alert, Frame, account::Done, render};

/// What is wrong with what was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing.
    Nothing,
    /// These.
    Faults(Vec<AnnouncementFault>),
    /// Somebody else changed the announcement since the page was opened.
    Changed,
}

/// The form for an announcement, as it was filled in.
#[derive(Debug, Clone, Copy)]
pub struct AnnouncementForm<'a> {
    /// The announcement that is changed; none for a new one.
    pub of: Option<&'a Announcement>,
    /// The version that the form was made from.
    pub seen: &'a str,
    /// Subject and text in Japanese.
    pub ja: [&'a str; 2],
    /// Subject and text in English.
    pub en: [&'a str; 2],
    /// From when.
    pub starts: &'a str,
    /// Until when.
    pub ends: &'a str,
    /// Whether it is to be mailed.
    pub mailed: bool,
    /// Why it was not taken.
    pub wrong: &'a Wrong,
    /// What the operator's forms carry.
    pub form_key: &'a str,
    /// The time zone of all times.
    pub zone: &'a str,
}

struct Row {
    /// Where it is changed; none where it is over.
    path: Option<String>,
    subject: String,
    starts: Moment,
    ends: Moment,
    made_by: String,
    stands: String,
    over: bool,
    mails: Option<String>,
}

#[derive(Template)]
#[template(path = "announcements.html")]
struct ListPage<'a> {
    f: &'a Frame,
    rows: Vec<Row>,
    done: Option<String>,
}

/// The list of those that are kept, and the way to another.
#[must_use]
pub fn announcements(frame: &Frame, all: &[Announcement], zone: &str, done: Option<Done>, now: Timestamp) -> String {
    let row = |one: &Announcement| {
        let moment = |at| shown::moment(at, zone, frame.lang);
        let stands = standing(&one.content, now);
        Row {
            path: (stands != Standing::Over).then(|| path(one)),
            subject: visible(&words(&one.content, frame.lang).subject),
            starts: moment(one.content.starts_at),
            ends: moment(one.content.ends_at),
            made_by: visible(&one.made_by),
            stands: frame.t(stands_id(stands)),
            over: stands == Standing::Over,
            mails: mails(frame, one),
        }
    };
    render(&ListPage { f: frame, rows: all.iter().map(row).collect(), done: done.map(|done| done.words(frame)) })
}

fn path(announcement: &Announcement) -> String {
    format!("/operator/announcements/{}", announcement.id)
}

const fn stands_id(standing: Standing) -> &'static str {
    match standing {
        Standing::Coming => "web-announcement-coming",
        Standing::Shown => "web-announcement-shown",
        Standing::Over => "web-announcement-over",
    }
}

/// What is said of its mails, where it has some or is to have some.
fn mails(frame: &Frame, announcement: &Announcement) -> Option<String> {
    let Announcement { content, mails, .. } = announcement;
    let id = if *mails > 0 { "web-announcement-mails" } else { "web-announcement-to-mail" };
    (*mails > 0 || content.mailed).then(|| frame.count(id, mails))
}

/// The fields of one language.
struct Fields<'a> {
    tag: &'static str,
    title: String,
    subject: &'a str,
    text: &'a str,
    wrong_subject: bool,
    wrong_text: bool,
}

#[derive(Template)]
#[template(path = "announcement.html")]
struct FormPage<'a> {
    f: &'a Frame,
    form: &'a AnnouncementForm<'a>,
    title: String,
    path: String,
    languages: [Fields<'a>; 2],
    alert: Option<Alert>,
    wrong_times: bool,
    stands: Option<String>,
    mails: Option<String>,
    longest_subject: usize,
    longest_text: usize,
}

/// The form of a new announcement, or of one there is.
#[must_use]
pub fn form(frame: &Frame, form: &AnnouncementForm<'_>, now: Timestamp) -> String {
    let faults = match form.wrong {
        Wrong::Faults(faults) => faults.as_slice(),
        Wrong::Nothing | Wrong::Changed => &[],
    };
    render(&FormPage {
        f: frame,
        form,
        title: frame.t(if form.of.is_some() { "web-announcement-change" } else { "web-announcement-new" }),
        path: form.of.map_or_else(|| "/operator/announcements/new".to_owned(), path),
        languages: [(Lang::Ja, form.ja), (Lang::En, form.en)]
            .map(|(lang, entered)| fields(frame, lang, entered, faults)),
        alert: alert(frame, form.wrong),
        wrong_times: faults.iter().any(|fault| place(*fault) == Place::Times),
        stands: form.of.map(|one| frame.t(stands_id(standing(&one.content, now)))),
        mails: form.of.and_then(|one| mails(frame, one)),
        longest_subject: LONGEST_SUBJECT,
        longest_text: LONGEST_TEXT,
    })
}

fn fields<'a>(frame: &Frame, lang: Lang, [subject, text]: [&'a str; 2], faults: &[AnnouncementFault]) -> Fields<'a> {
    let wrong = |what| faults.iter().any(|fault| place(*fault) == what);
    Fields {
        tag: lang.tag(),
        title: frame.t(language_id(lang)),
        subject,
        text,
        wrong_subject: wrong(Place::Subject(lang)),
        wrong_text: wrong(Place::Text(lang)),
    }
}

/// Where in the form a fault is.
#[derive(PartialEq, Eq)]
enum Place {
    Subject(Lang),
    Text(Lang),
    Times,
}

const fn place(fault: AnnouncementFault) -> Place {
    use AnnouncementFault::{Empty, LongSubject, LongText, NoSubject, NoText, Over, TooFar, TooLong, Unread};
    match fault {
        NoSubject(lang) | LongSubject(lang) => Place::Subject(lang),
        NoText(lang) | LongText(lang) => Place::Text(lang),
        Unread | Empty | Over | TooLong | TooFar => Place::Times,
    }
}

const fn language_id(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => "web-announcement-ja",
        Lang::En => "web-announcement-en",
    }
}

fn alert(frame: &Frame, wrong: &Wrong) -> Option<Alert> {
    let lines = match wrong {
        Wrong::Nothing => return None,
        Wrong::Changed => vec![frame.t("web-announcement-stale")],
        Wrong::Faults(faults) => faults.iter().map(|fault| told(frame, *fault)).collect(),
    };
    Some(Alert { title: frame.t("web-announcement-title"), lines, seconds: None })
}

fn told(frame: &Frame, fault: AnnouncementFault) -> String {
    let counted = |id: &str, lang: Lang, longest: usize| {
        let language = frame.t(language_id(lang));
        text(frame.lang, id, &[("language", language.as_str().into()), ("count", (longest as u64).into())])
    };
    let days = |id: &str, days: i64| frame.count(id, &days.unsigned_abs());
    match fault {
        AnnouncementFault::NoSubject(lang) => counted("web-announcement-no-subject", lang, LONGEST_SUBJECT),
        AnnouncementFault::LongSubject(lang) => counted("web-announcement-long-subject", lang, LONGEST_SUBJECT),
        AnnouncementFault::NoText(lang) => counted("web-announcement-no-text", lang, LONGEST_TEXT),
        AnnouncementFault::LongText(lang) => counted("web-announcement-long-text", lang, LONGEST_TEXT),
        AnnouncementFault::Unread => frame.t("web-window-unread"),
        AnnouncementFault::Empty => frame.t("web-window-empty"),
        AnnouncementFault::Over => frame.t("web-window-over"),
        AnnouncementFault::TooLong => days("web-announcement-long", LONGEST_DAYS),
        AnnouncementFault::TooFar => days("web-window-far", EARLIEST_DAYS),
    }
}

#[cfg(test)]
mod tests {
    use fubako_base::ids::AnnouncementId;
    use fubako_exchange::announcements::{Content, Words};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn frame(lang: Lang) -> Frame {
        Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() }
    }

    fn one(starts: i64, ends: i64, mails: u64) -> Announcement {
        let words = |subject: &str| Words { subject: format!("<b>{subject}"), text: "<i>x".to_owned() };
        let content = Content {
            ja: words("件名"),
            en: words("subject"),
            starts_at: NOW.plus_seconds(starts),
            ends_at: NOW.plus_seconds(ends),
            mailed: true,
        };
        Announcement { id: AnnouncementId::generate(), version: 7, content, made_by: "<u>root".to_owned(), mails }
    }

    fn whole(page: &str) {
        assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
        assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
        for markup in ["<b>", "<i>", "<u>"] {
            assert!(!page.contains(markup), "{markup}: {page}");
        }
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn the_list_leads_to_what_is_not_over_and_runs_no_stranger_s() {
        for lang in Lang::ALL {
            let all = [one(60, 120, 0), one(-60, 60, 3), one(-60, 0, 3)];
            let page = announcements(&frame(lang), &all, "Asia/Tokyo", Some(Done::AnnouncementMade), NOW);
            whole(&page);
            let links = all.each_ref().map(|one| page.contains(&format!("href=\"{}?lang={lang}\"", path(one))));
            assert_eq!(links, [true, true, false], "{page}");
            for stands in ["coming", "shown", "over"] {
                assert!(page.contains(&frame(lang).t(&format!("web-announcement-{stands}"))), "{stands}: {page}");
            }
            whole(&announcements(&frame(lang), &[], "Asia/Tokyo", None, NOW));
        }
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn the_form_tells_each_fault_and_keeps_what_was_entered() {
        use AnnouncementFault::{Empty, LongSubject, LongText, NoSubject, NoText, Over, TooFar, TooLong, Unread};
        for lang in Lang::ALL {
            let faults = [Unread, Empty, Over, TooLong, TooFar].into_iter().chain(
                Lang::ALL
                    .into_iter()
                    .flat_map(|lang| [NoSubject(lang), LongSubject(lang), NoText(lang), LongText(lang)]),
            );
            let wrongs = faults.map(|fault| Wrong::Faults(vec![fault])).chain([Wrong::Nothing, Wrong::Changed]);
            let there = one(-60, 60, 3);
            for (wrong, of) in wrongs.flat_map(|wrong| [(wrong.clone(), None), (wrong, Some(&there))]) {
                let entered = AnnouncementForm {
                    of,
                    seen: "7",
                    ja: ["\"><b>x", "</textarea><i>"],
                    en: ["\"><u>x", "</textarea><i>"],
                    starts: "\"><i>",
                    ends: "<u>",
                    mailed: true,
                    wrong: &wrong,
                    form_key: "the-key",
                    zone: "Asia/Tokyo",
                };
                let page = form(&frame(lang), &entered, NOW);
                whole(&page);
                assert_eq!(page.contains("role=\"alert\""), wrong != Wrong::Nothing, "{wrong:?}");
                let invalid = matches!(wrong, Wrong::Faults(_));
                assert_eq!(page.contains("aria-invalid"), invalid, "{wrong:?}: {page}");
                let forms = if of.is_some() { 2 } else { 1 };
                assert_eq!(page.matches("method=\"post\"").count(), forms, "{page}");
                assert_eq!(page.matches("name=\"form\" value=\"the-key\"").count(), forms, "{page}");
                assert_eq!(
                    page.matches("name=\"seen\" value=\"7\"").count(),
                    if of.is_some() { 2 } else { 0 },
                    "{page}"
                );
                assert!(page.contains(" checked>"), "{page}");
            }
        }
    }
}
