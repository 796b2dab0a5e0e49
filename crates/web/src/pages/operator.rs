//! The operator's pages (spec X-OPERATOR): maintenance windows; below, [`announcements`], the [`queue`], [`sections`] and [`health`].

pub mod announcements;
pub mod health;
pub mod queue;
pub mod sections;

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    shown::{self, Moment, visible},
};
use fubako_exchange::domain::maintenance::{EARLIEST_DAYS, LONGEST_HOURS, WindowFault};

use super::{Alert, Frame, account::Done, render};

/// A maintenance window as it is listed.
#[derive(Debug, Clone)]
pub struct WindowLine {
    /// Its id.
    pub id: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The operator who made it.
    pub made_by: String,
}

/// The form for a new window.
#[derive(Debug, Clone, Copy)]
pub struct WindowForm<'a> {
    /// What was entered as its begin.
    pub starts: &'a str,
    /// What was entered as its end.
    pub ends: &'a str,
    /// Why it was not made.
    pub fault: Option<WindowFault>,
    /// What the operator's forms carry.
    pub form_key: &'a str,
    /// The time zone of all times.
    pub zone: &'a str,
}

struct WindowRow {
    id: String,
    starts: Moment,
    ends: Moment,
    made_by: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct MaintenancePage<'a> {
    f: &'a Frame,
    form: &'a WindowForm<'a>,
    rows: Vec<WindowRow>,
    alert: Option<Alert>,
    done: Option<String>,
}

/// The page of maintenance windows: those that are open or to come, and the form for another.
#[must_use]
pub fn maintenance(
    frame: &Frame,
    windows: &[WindowLine],
    form: &WindowForm<'_>,
    done: Option<Done>,
    now: Timestamp,
) -> String {
    let moment = |at| shown::moment(at, form.zone, frame.lang);
    let rows: Vec<WindowRow> = windows
        .iter()
        .map(|window| WindowRow {
            id: window.id.clone(),
            starts: moment(window.starts_at),
            ends: moment(window.ends_at),
            made_by: visible(&window.made_by),
            open: window.starts_at <= now,
        })
        .collect();
    render(&MaintenancePage {
        f: frame,
        form,
        rows,
        alert: form.fault.map(|fault| alert(frame, fault)),
        done: done.map(|done| done.words(frame)),
    })
}

fn alert(frame: &Frame, fault: WindowFault) -> Alert {
    let count = |id: &str, number: i64| frame.count(id, &number.unsigned_abs());
    let line = match fault {
        WindowFault::Unread => frame.t("web-window-unread"),
        WindowFault::Empty => frame.t("web-window-empty"),
        WindowFault::Over => frame.t("web-window-over"),
        WindowFault::TooLong => count("web-window-long", LONGEST_HOURS / 24),
        WindowFault::TooFar => count("web-window-far", EARLIEST_DAYS),
    };
    Alert { title: frame.t("web-window-title"), lines: vec![line], seconds: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
    const FAULTS: [WindowFault; 5] =
        [WindowFault::Unread, WindowFault::Empty, WindowFault::Over, WindowFault::TooLong, WindowFault::TooFar];

    fn page(lang: Lang, starts: i64, fault: Option<WindowFault>) -> String {
        let frame =
            Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
        let line = WindowLine {
            id: "the-id".to_owned(),
            starts_at: NOW.plus_seconds(starts),
            ends_at: NOW.plus_seconds(starts + 3600),
            made_by: "<b>root".to_owned(),
        };
        let form = WindowForm { starts: "\"><i>", ends: "<u>", fault, form_key: "the-key", zone: "Asia/Tokyo" };
        maintenance(&frame, &[line], &form, Some(Done::MaintenanceMade), NOW)
    }

    // spec: X-LANG X-OPERATOR
    #[test]
    fn the_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
        for lang in Lang::ALL {
            for fault in FAULTS.map(Some).into_iter().chain([None]) {
                for starts in [-60, 60] {
                    let page = page(lang, starts, fault);
                    assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                    assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
                    for markup in ["<b>", "<i>", "<u>"] {
                        assert!(!page.contains(markup), "{markup}: {page}");
                    }
                    let keys = page.matches("name=\"form\" value=\"the-key\"").count();
                    assert_eq!((keys, page.matches("method=\"post\"").count()), (2, 2), "{page}");
                    assert!(page.contains(&format!("action=\"/operator/maintenance/the-id/end?lang={lang}\"")));
                }
            }
        }
    }
}
