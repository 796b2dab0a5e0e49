//! The approver's pages (spec X-APPROVAL): the queue, and one deposit.

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    shown::{self, Moment, visible},
};
use fubako_exchange::domain::approval::{LONGEST_REASON, Standing};

use super::{Alert, File, Frame, Row, account::Done, render};
use crate::waits;

/// A deposit as it is listed.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// The sender's display name; may be empty.
    pub sender_name: String,
    /// The sender's address.
    pub sender_address: String,
    /// The subject; may be empty.
    pub subject: String,
    /// To how many it is to go.
    pub recipient_count: u64,
    /// How many files.
    pub file_count: u64,
    /// When approvers were asked.
    pub asked_at: Timestamp,
    /// Until when it may be decided.
    pub decide_by: Timestamp,
    /// What can be done about it.
    pub standing: Standing,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The approver who decided.
    pub decided_by: Option<String>,
}

/// What an approver has to do, and has done.
#[derive(Debug, Clone)]
pub struct Queue {
    /// What waits, the first to be rejected first.
    pub waiting: Vec<Line>,
    /// What they decided lately, the last first.
    pub decided: Vec<Line>,
    /// The section's time zone.
    pub time_zone: String,
    /// What was done before.
    pub done: Option<Done>,
}

/// Why a decision was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The reason is missing, or too long.
    Reason,
    /// Somebody else, or the clock, was quicker.
    TooLate,
}

/// A deposit's page.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Its own address.
    pub path: String,
    /// The deposit.
    pub line: Line,
    /// What the sender wrote; may be empty.
    pub message: String,
    /// To whom it is to go.
    pub recipients: Vec<String>,
    /// Its files, as long as it waits.
    pub files: Vec<File>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// What was typed as a reason.
    pub typed: String,
    /// Why a decision was not taken.
    pub fault: Option<Fault>,
    /// The section's time zone.
    pub time_zone: String,
    /// What the approver's forms carry.
    pub form_key: String,
}

/// Words of a deposit, made visible and put on the calendar.
struct Words {
    id: String,
    sender: String,
    sender_address: String,
    subject: String,
    counts: String,
    asked: Moment,
    until: Moment,
    left: String,
    /// Whether it can be decided.
    open: bool,
    /// How it stands, and since when, where it was decided.
    standing: Option<String>,
    decided: Option<Moment>,
    decided_by: Option<String>,
}

impl Words {
    fn of(frame: &Frame, line: &Line, zone: &str, now: Timestamp) -> Self {
        let moment = |at| shown::moment(at, zone, frame.lang);
        let (name, address) = (visible(&line.sender_name), visible(&line.sender_address));
        let standing = match line.standing {
            Standing::Undecided(_) => None,
            Standing::Approved => Some("web-approval-approved"),
            Standing::Rejected => Some("web-approval-rejected"),
            Standing::TooLate => Some("web-approval-late"),
            Standing::Withdrawn => Some("web-approval-withdrawn"),
        };
        let recipients = frame.count("web-approval-recipients", &line.recipient_count);
        Self {
            id: line.id.clone(),
            sender: if name.is_empty() { address.clone() } else { name },
            sender_address: address,
            subject: visible(&line.subject),
            counts: format!("{recipients} · {}", frame.count("web-approval-files", &line.file_count)),
            asked: moment(line.asked_at),
            until: moment(line.decide_by),
            left: waits::left(now, line.decide_by, zone, frame.lang),
            open: standing.is_none(),
            standing: standing.map(|id| frame.t(id)),
            decided: line.decided_at.map(moment),
            decided_by: line.decided_by.as_deref().map(visible),
        }
    }
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct QueuePage<'a> {
    f: &'a Frame,
    waiting: Vec<Words>,
    decided: Vec<Words>,
    done: Option<String>,
}

/// The queue of an approver.
#[must_use]
pub fn queue(frame: &Frame, queue: &Queue, now: Timestamp) -> String {
    let words = |lines: &[Line]| lines.iter().map(|line| Words::of(frame, line, &queue.time_zone, now)).collect();
    render(&QueuePage {
        f: frame,
        waiting: words(&queue.waiting),
        decided: words(&queue.decided),
        done: queue.done.map(|done| done.words(frame)),
    })
}

#[derive(Template)]
#[template(path = "approval.html")]
struct DetailPage<'a> {
    f: &'a Frame,
    path: &'a str,
    d: Words,
    /// What the sender wrote, line by line.
    message: Vec<String>,
    recipients: Vec<String>,
    rows: Vec<Row>,
    total: String,
    file_count: u64,
    /// The reason, line by line.
    reason: Vec<String>,
    typed: &'a str,
    longest: usize,
    alert: Option<Alert>,
    invalid: bool,
    form_key: &'a str,
}

/// A deposit's page: who sends what to whom, the files, and how it is decided or was.
#[must_use]
pub fn detail(frame: &Frame, detail: &Detail, now: Timestamp) -> String {
    let alert = detail.fault.map(|fault| {
        let (title, line) = match fault {
            Fault::Reason => ("web-reason-missing-title", frame.count("web-reason-missing", &(LONGEST_REASON as u64))),
            Fault::TooLate => ("web-decided-already-title", frame.t("web-decided-already")),
        };
        Alert { title: frame.t(title), lines: vec![line], seconds: None }
    });
    let reason = detail.reason.as_deref().unwrap_or_default();
    render(&DetailPage {
        f: frame,
        path: &detail.path,
        d: Words::of(frame, &detail.line, &detail.time_zone, now),
        message: detail.message.trim().lines().map(visible).collect(),
        recipients: detail.recipients.iter().map(|address| visible(address)).collect(),
        rows: detail.files.iter().map(|file| Row::of(frame, file)).collect(),
        total: shown::size(detail.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size))),
        file_count: detail.files.len() as u64,
        reason: reason.lines().map(visible).filter(|line| !line.is_empty()).collect(),
        typed: &detail.typed,
        longest: LONGEST_REASON,
        alert,
        invalid: detail.fault == Some(Fault::Reason),
        form_key: &detail.form_key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn line(standing: Standing) -> Line {
        let decided = !matches!(standing, Standing::Undecided(_));
        Line {
            id: "the-id".to_owned(),
            sender_name: "<b>山田</b>".to_owned(),
            sender_address: "<i>@acme.example".to_owned(),
            subject: "<script>".to_owned(),
            recipient_count: 2,
            file_count: 1,
            asked_at: NOW,
            decide_by: NOW.plus_seconds(86_400),
            standing,
            decided_at: decided.then_some(NOW),
            decided_by: decided.then(|| "<u>佐藤".to_owned()),
        }
    }

    fn standings() -> [Standing; 5] {
        [Standing::Undecided(NOW), Standing::Approved, Standing::Rejected, Standing::TooLate, Standing::Withdrawn]
    }

    fn every_page(lang: Lang) -> Vec<(bool, String)> {
        let frame =
            Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
        let mut all = Vec::new();
        for standing in standings() {
            for fault in [None, Some(Fault::Reason), Some(Fault::TooLate)] {
                let open = matches!(standing, Standing::Undecided(_));
                let file = File {
                    number: 1,
                    name: "<b>見積.pdf".to_owned(),
                    media_type: "application/pdf".to_owned(),
                    size: 9,
                    sha256: [7; 32],
                    unchecked: None,
                };
                let page = Detail {
                    path: "/approvals/the-id".to_owned(),
                    line: line(standing.clone()),
                    message: "<b>よろしく\n<i>お願いします".to_owned(),
                    recipients: vec!["<i>hanako@example.jp".to_owned()],
                    files: if open { vec![file] } else { vec![] },
                    reason: Some("<b>だめ\n<u>です".to_owned()),
                    typed: "</textarea><b>".to_owned(),
                    fault,
                    time_zone: "Asia/Tokyo".to_owned(),
                    form_key: "the-key".to_owned(),
                };
                all.push((open, detail(&frame, &page, NOW)));
            }
        }
        let lines: Vec<Line> = standings().map(line).to_vec();
        for (waiting, decided) in [(vec![], vec![]), (lines[..1].to_vec(), lines[1..].to_vec())] {
            let page = Queue { waiting, decided, time_zone: "Asia/Tokyo".to_owned(), done: Some(Done::Approved) };
            all.push((false, queue(&frame, &page, NOW)));
        }
        all
    }

    // spec: X-LANG X-APPROVAL
    #[test]
    fn every_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
        for lang in Lang::ALL {
            for (open, page) in every_page(lang) {
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
                for markup in ["<b>", "<i>", "<u>"] {
                    assert!(!page.contains(markup), "{markup}: {page}");
                }
                assert_eq!(page.matches("</textarea>").count(), usize::from(open));
                // Two forms, each with its key, as long as it can be decided; and no way to decide but these.
                let forms = if open { 2 } else { 0 };
                assert_eq!(page.matches("name=\"form\" value=\"the-key\"").count(), forms, "{page}");
                assert_eq!(page.matches("method=\"post\"").count(), forms);
                for what in ["approve", "reject"] {
                    let action = format!("action=\"/approvals/the-id/{what}?lang={lang}\"");
                    assert_eq!(page.contains(&action), open);
                    assert!(!page.contains(&format!("href=\"/approvals/the-id/{what}")));
                }
                assert_eq!(page.contains("/approvals/the-id/files/1?lang="), open);
            }
        }
    }
}
