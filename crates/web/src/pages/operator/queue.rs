//! The operator's pages of the mail queue (spec X-OPERATOR). They show what `fubako queue` shows: no subject, no content, no password.

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    lang::has_text,
    shown::{self, Moment, visible},
};
use fubako_exchange::{
    audit::Line,
    domain::queue::{STAGES, Why, waits, why},
    queue::{History, QueueRow},
};

use crate::{
    pages::{Alert, Choice, Frame, account::Done, encoded, render},
    waits,
};

/// What was asked for; empty: all.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Of one section.
    pub section: String,
    /// One of [`STAGES`].
    pub state: String,
}

/// A page of the queue.
#[derive(Debug, Clone)]
pub struct QueueList {
    /// What was asked for.
    pub asked: Asked,
    /// The rows, the oldest first.
    pub rows: Vec<QueueRow>,
    /// Behind what the next page begins.
    pub next: Option<String>,
    /// These are the oldest.
    pub first: bool,
    /// The sections that may be chosen.
    pub sections: Vec<String>,
    /// The time zone of all times.
    pub zone: String,
}

/// What is to be done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is tried now.
    Retry,
    /// It is stopped.
    Stop,
}

impl Act {
    /// The last part of its address.
    const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Stop => "stop",
        }
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// It does not wait, or is being worked on, or was sent again meanwhile.
    Nothing,
    /// Its recipients have links to its files: the mail goes on.
    LinksOut,
}

struct Row {
    path: String,
    stage: String,
    held: bool,
    section: String,
    from: String,
    to: String,
    age: String,
    since: Moment,
    size: String,
    attempts: String,
    next: Option<Moment>,
    why: String,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct ListPage<'a> {
    f: &'a Frame,
    states: Vec<Choice>,
    sections: Vec<Choice>,
    rows: Vec<Row>,
    asked: bool,
    first: bool,
    oldest: String,
    next: Option<String>,
}

/// What is in hand.
#[must_use]
pub fn queue(frame: &Frame, list: &QueueList, now: Timestamp) -> String {
    let asked = &list.asked;
    let choice =
        |value: &str, words: String, wanted: &str| Choice { value: value.to_owned(), words, chosen: value == wanted };
    render(&ListPage {
        f: frame,
        states: STAGES.iter().map(|stage| choice(stage, stage_words(frame, stage), &asked.state)).collect(),
        sections: list.sections.iter().map(|id| choice(id, id.clone(), &asked.section)).collect(),
        rows: list.rows.iter().map(|row| listed(frame, row, &list.zone, now)).collect(),
        asked: !asked.section.is_empty() || !asked.state.is_empty(),
        first: list.first,
        oldest: address(frame, asked, None),
        next: list.next.as_deref().map(|after| address(frame, asked, Some(after))),
    })
}

/// The same rows from another place on.
fn address(frame: &Frame, asked: &Asked, after: Option<&str>) -> String {
    let fields = [("section", asked.section.as_str()), ("state", &asked.state), ("after", after.unwrap_or_default())];
    let mut query: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    if frame.chosen {
        query.push(format!("lang={}", frame.lang));
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/operator/queue{mark}{}", query.join("&"))
}

fn path(id: &str) -> String {
    format!("/operator/queue/{}", encoded(id))
}

/// What a word of the queue means: a stage, or a state. One that a newer node made stands as it is.
fn stage_words(frame: &Frame, stage: &str) -> String {
    let id = format!("web-queue-stage-{stage}");
    if has_text(frame.lang, &id) { frame.t(&id) } else { visible(stage) }
}

fn listed(frame: &Frame, row: &QueueRow, zone: &str, now: Timestamp) -> Row {
    let to = match row.to.as_slice() {
        [] => String::new(),
        [one] => visible(one),
        [first, rest @ ..] => format!("{} (+{})", visible(first), rest.len()),
    };
    Row {
        path: path(&row.id),
        stage: stage_words(frame, &row.stage),
        held: row.state == "held",
        section: row.section.to_string(),
        from: from(frame, row),
        to,
        age: waits::lasting(row.since, now, frame.lang),
        since: shown::moment(row.since, zone, frame.lang),
        size: shown::size(row.size),
        attempts: frame.count("web-queue-attempts", &u64::from(row.attempts)),
        next: row.next_at.map(|at| shown::moment(at, zone, frame.lang)),
        why: why_words(frame, why(row)),
    }
}

/// The envelope's sender; an empty one is said to be so.
fn from(frame: &Frame, row: &QueueRow) -> String {
    if row.from.is_empty() { frame.t("web-queue-from-nobody") } else { visible(&row.from) }
}

fn why_words(frame: &Frame, why: Why) -> String {
    let id = match why {
        Why::Turn => "turn",
        Why::Problem(code) => {
            let id = format!("web-queue-why-{code}");
            return if has_text(frame.lang, &id) { frame.t(&id) } else { frame.t("web-queue-why-problem") };
        }
        Why::Connection => "connection",
        Why::Cut => "cut",
        Why::Encryption => "encryption",
        Why::Policy => "policy",
        Why::Dns => "dns",
        Why::Own => "own",
        Why::Full => "full",
        Why::Later => "later",
        Why::Refused => "refused",
        Why::Other => "other",
    };
    frame.t(&format!("web-queue-why-{id}"))
}

/// One thing that became of it.
struct Event {
    at: Moment,
    words: String,
    more: String,
    /// The delivery that it is about, where that has a page of its own.
    path: Option<String>,
}

#[derive(Template)]
#[template(path = "queue_one.html")]
struct RowPage<'a> {
    f: &'a Frame,
    row: Row,
    id: &'a str,
    to: Vec<String>,
    kind: String,
    state: String,
    waits: bool,
    reason: Option<String>,
    mail: Option<String>,
    ended: Option<Moment>,
    events: Vec<Event>,
    alert: Option<Alert>,
    done: Option<String>,
}

/// One mail or delivery, and what became of it so far.
#[must_use]
pub fn row(
    frame: &Frame,
    row: &QueueRow,
    history: &History,
    zone: &str,
    (done, hindrance): (Option<Done>, Option<Hindrance>),
    now: Timestamp,
) -> String {
    let mail = row.mail.map(|mail| mail.to_string()).filter(|mail| *mail != row.id);
    render(&RowPage {
        f: frame,
        row: listed(frame, row, zone, now),
        id: &row.id,
        to: row.to.iter().map(|to| visible(to)).collect(),
        kind: if row.kind == "mail" { frame.t("web-queue-kind-mail") } else { stage_words(frame, &row.stage) },
        state: stage_words(frame, &row.state),
        waits: waits(row),
        reason: row.reason.as_deref().map(visible),
        mail: mail.map(|mail| path(&mail)),
        // A held mail was laid aside, which is no end as long as it can be tried again.
        ended: row.ended_at.filter(|_| !waits(row)).map(|at| shown::moment(at, zone, frame.lang)),
        events: events(frame, row, history, zone),
        alert: hindrance.map(|hindrance| alert(frame, hindrance)),
        done: done.map(|done| done.words(frame)),
    })
}

fn alert(frame: &Frame, hindrance: Hindrance) -> Alert {
    let line = match hindrance {
        Hindrance::Nothing => "web-queue-nothing-waits",
        Hindrance::LinksOut => "web-queue-links-out",
    };
    Alert { title: frame.t("web-queue-not-done"), lines: vec![frame.t(line)], seconds: None }
}

/// What became of it, the first thing first.
fn events(frame: &Frame, row: &QueueRow, history: &History, zone: &str) -> Vec<Event> {
    let moment = |at| shown::moment(at, zone, frame.lang);
    let mut all = vec![(
        row.since,
        Event {
            at: moment(row.since),
            words: frame.t(if row.kind == "mail" { "web-queue-came" } else { "web-queue-queued" }),
            more: String::new(),
            path: None,
        },
    )];
    for delivery in &history.deliveries {
        let to = delivery.to.iter().map(|to| visible(to)).collect::<Vec<_>>().join(", ");
        let (at, state) = (delivery.ended_at.unwrap_or(delivery.since), stage_words(frame, &delivery.state));
        let reason = delivery.reason.as_deref().map(|reason| format!(" · {}", visible(reason))).unwrap_or_default();
        all.push((
            at,
            Event {
                at: moment(at),
                words: format!("{} → {to}", stage_words(frame, &delivery.stage)),
                more: format!("{state}{reason}"),
                path: (delivery.id != row.id).then(|| path(&delivery.id)),
            },
        ));
    }
    all.extend(history.lines.iter().map(|line| (line.at, by_hand(frame, line, zone))));
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, event)| event).collect()
}

fn by_hand(frame: &Frame, line: &Line, zone: &str) -> Event {
    let known = |id: String, otherwise: &str| if has_text(frame.lang, &id) { frame.t(&id) } else { visible(otherwise) };
    let by = known(format!("audit-by-{}", line.actor_kind), &line.actor_kind);
    Event {
        at: shown::moment(line.at, zone, frame.lang),
        words: known(format!("audit-{}", line.event), &line.event),
        more: format!("{by} {}", visible(&line.actor)),
        path: None,
    }
}

#[derive(Template)]
#[template(path = "queue_ask.html")]
struct AskPage<'a> {
    f: &'a Frame,
    title: String,
    means: String,
    button: String,
    danger: bool,
    from: String,
    to: Vec<String>,
    action: String,
    back: String,
    form_key: &'a str,
}

/// Asks whether that is to be done.
#[must_use]
pub fn ask(frame: &Frame, row: &QueueRow, act: Act, form_key: &str) -> String {
    let part = |part: &str| frame.t(&format!("web-queue-{}-{part}", act.word()));
    let back = path(&row.id);
    render(&AskPage {
        f: frame,
        title: part("title"),
        means: part("means"),
        button: part("do"),
        danger: act == Act::Stop,
        from: from(frame, row),
        to: row.to.iter().map(|to| visible(to)).collect(),
        action: format!("{back}/{}", act.word()),
        back,
        form_key,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::{DeliveryId, MailId};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn frame(lang: Lang) -> Frame {
        Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() }
    }

    fn mail(state: &str, reason: Option<&str>) -> QueueRow {
        let id = MailId::generate();
        QueueRow {
            id: id.to_string(),
            kind: "mail",
            section: "acme".parse().unwrap(),
            stage: state.to_owned(),
            state: state.to_owned(),
            from: "<b>taro@acme.example".to_owned(),
            to: vec!["<i>a@example.com".to_owned(), "b@example.com".to_owned()],
            size: 4_000,
            since: NOW.plus_seconds(-4_000),
            attempts: 2,
            next_at: Some(NOW.plus_seconds(60)),
            ended_at: None,
            reason: reason.map(str::to_owned),
            mail: Some(id),
            outgoing: None,
            delivery: None,
        }
    }

    fn delivery(of: &QueueRow, state: &str) -> QueueRow {
        let id = DeliveryId::generate();
        QueueRow {
            id: id.to_string(),
            kind: "delivery",
            stage: "relay".to_owned(),
            state: state.to_owned(),
            to: vec!["a@example.com".to_owned()],
            reason: Some("451 4.4.1 <u>connection failed".to_owned()),
            delivery: Some(id),
            ..of.clone()
        }
    }

    fn whole(page: &str) {
        assert!(
            !page.contains("web-") && !page.contains("audit-") && !page.contains("{$") && !page.contains("{ $"),
            "{page}"
        );
        assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
        for markup in ["<b>", "<i>", "<u>", "<s>"] {
            assert!(!page.contains(markup), "{markup}: {page}");
        }
    }

    fn list(rows: Vec<QueueRow>) -> QueueList {
        QueueList {
            asked: Asked { section: "acme".to_owned(), state: "held".to_owned() },
            rows,
            next: Some("1_\"><b>".to_owned()),
            first: false,
            sections: vec!["acme".to_owned(), "beta".to_owned()],
            zone: "Asia/Tokyo".to_owned(),
        }
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn the_list_says_why_each_waits_and_goes_on_with_what_was_asked_for() {
        for lang in Lang::ALL {
            let held = mail("held", Some("ambiguous: <s>odd"));
            let late = delivery(&held, "queued");
            let page = queue(&frame(lang), &list(vec![held.clone(), late.clone()]), NOW);
            whole(&page);
            for (id, row) in [("web-queue-why-ambiguous", &held), ("web-queue-why-connection", &late)] {
                assert!(page.contains(&frame(lang).t(id)), "{id}: {page}");
                assert!(page.contains(&format!("href=\"/operator/queue/{}?lang={lang}\"", row.id)), "{page}");
            }
            let next = format!("/operator/queue?section=acme&#38;state=held&#38;after=1_%22%3E%3Cb%3E&#38;lang={lang}");
            assert!(page.contains(&next), "{page}");
            assert!(page.contains("(+1)") && page.contains("3.9 KB"), "{page}");
            let none = QueueList { asked: Asked::default(), next: None, first: true, ..list(Vec::new()) };
            whole(&queue(&frame(lang), &none, NOW));
        }
    }

    // spec: X-OPERATOR X-LANG
    #[test]
    fn every_reason_and_word_has_its_text() {
        for lang in Lang::ALL {
            let mut seen = std::collections::HashSet::new();
            for why in Why::ALL {
                let words = why_words(&frame(lang), why);
                assert!(!words.contains("web-") && seen.insert(words.clone()), "{why:?}: {words}");
            }
            for word in STAGES.into_iter().chain(["relaying", "settled", "stopped", "queued", "delivered", "failed"]) {
                assert_ne!(stage_words(&frame(lang), word), word, "{word}");
            }
            assert_eq!(stage_words(&frame(lang), "of-a-newer-node"), "of-a-newer-node");
        }
    }

    // spec: X-OPERATOR X-AUDIT X-LANG
    #[test]
    fn a_row_s_page_has_its_history_and_what_can_be_done() {
        let line = Line {
            number: 1,
            at: NOW,
            event: "mail-retried".to_owned(),
            actor_kind: "operator".to_owned(),
            actor: "<b>root".to_owned(),
            address: String::new(),
            object: String::new(),
            detail: "{}".to_owned(),
            hash: [0; 32],
        };
        for lang in Lang::ALL {
            for (state, can) in [("received", true), ("held", true), ("relaying", false), ("stopped", false)] {
                let mail = QueueRow { ended_at: Some(NOW), ..mail(state, Some("ambiguous: <s>odd")) };
                let history = History { deliveries: vec![delivery(&mail, "queued")], lines: vec![line.clone()] };
                for hindrance in [None, Some(Hindrance::Nothing), Some(Hindrance::LinksOut)] {
                    let page =
                        row(&frame(lang), &mail, &history, "Asia/Tokyo", (Some(Done::MailRetried), hindrance), NOW);
                    whole(&page);
                    assert_eq!(page.contains("/stop?lang="), can, "{state}: {page}");
                    assert_eq!(page.contains(&frame(lang).t("web-queue-ended")), !can, "{state}: {page}");
                    assert!(page.contains(&frame(lang).t("web-queue-kind-mail")), "{page}");
                    assert_eq!(page.contains("/retry?lang="), can, "{state}: {page}");
                    assert_eq!(page.contains("role=\"alert\""), hindrance.is_some(), "{page}");
                    let other = path(&history.deliveries[0].id);
                    assert!(page.contains(&other) && page.contains(&frame(lang).t("audit-mail-retried")), "{page}");
                }
            }
            for act in [Act::Retry, Act::Stop] {
                let mail = mail("held", None);
                let page = ask(&frame(lang), &mail, act, "the-key");
                whole(&page);
                assert!(page.contains(&format!("action=\"{}/{}?lang={lang}\"", path(&mail.id), act.word())), "{page}");
                assert!(page.contains("name=\"form\" value=\"the-key\""), "{page}");
            }
        }
    }
}
