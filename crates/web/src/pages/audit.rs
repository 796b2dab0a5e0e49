//! The page of the audit log (spec X-AUDIT).

use std::collections::BTreeMap;

use askama::Template;
use fubako_base::{
    Lang,
    audit::Event,
    ids::SectionId,
    lang::has_text,
    shown::{self, Moment, visible},
};
use fubako_exchange::audit::Line;

use super::{Choice, Frame, encoded, render};

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Whose log.
    pub section: String,
    /// From this day on, as the form has it.
    pub from: String,
    /// Until this day.
    pub until: String,
    /// The word of what happened.
    pub event: String,
    /// A text.
    pub text: String,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// What was asked for.
    pub asked: Asked,
    /// The time zone of all times.
    pub zone: String,
    /// The lines, the newest first.
    pub lines: Vec<Line>,
    /// The number before which older lines are.
    pub older: Option<u64>,
    /// These are not the newest.
    pub later: bool,
    /// The logs that may be chosen; none for whoever sees one only.
    pub sections: Vec<String>,
}

struct RowOfLog {
    number: u64,
    at: Moment,
    event: String,
    by: String,
    actor: String,
    address: String,
    object: String,
    details: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    f: &'a Frame,
    asked: &'a Asked,
    whose: String,
    sections: Vec<Choice>,
    events: Vec<Choice>,
    rows: Vec<RowOfLog>,
    older: Option<String>,
    newest: Option<String>,
    csv: String,
}

/// The page of the audit log.
#[must_use]
pub fn audit(frame: &Frame, page: &AuditPage) -> String {
    let own = SectionId::installation().to_string();
    let called = |section: &str| if section == own { frame.t("web-audit-installation") } else { section.to_owned() };
    let sections = page.sections.iter().map(|section| Choice {
        value: section.clone(),
        words: called(section),
        chosen: *section == page.asked.section,
    });
    let events = Event::ALL.iter().map(|event| Choice {
        value: event.name().to_owned(),
        words: frame.t(&format!("audit-{event}")),
        chosen: event.name() == page.asked.event,
    });
    let link = |path: &str, before: Option<u64>| address(frame, path, &page.asked, before);
    render(&Page {
        f: frame,
        asked: &page.asked,
        whose: called(&page.asked.section),
        sections: sections.collect(),
        events: events.collect(),
        rows: page.lines.iter().map(|line| row(frame, line, &page.zone)).collect(),
        older: page.older.map(|before| link("/audit", Some(before))),
        newest: page.later.then(|| link("/audit", None)),
        csv: link("/audit.csv", None),
    })
}

/// The same search at another place of the log.
fn address(frame: &Frame, path: &str, asked: &Asked, before: Option<u64>) -> String {
    let before = before.map(|number| number.to_string()).unwrap_or_default();
    let fields = [
        ("section", &asked.section),
        ("from", &asked.from),
        ("until", &asked.until),
        ("event", &asked.event),
        ("text", &asked.text),
        ("before", &before),
    ];
    let mut query: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    if frame.chosen {
        query.push(format!("lang={}", frame.lang));
    }
    format!("{path}?{}", query.join("&"))
}

fn row(frame: &Frame, line: &Line, zone: &str) -> RowOfLog {
    let known = |id: String, otherwise: &str| if has_text(frame.lang, &id) { frame.t(&id) } else { visible(otherwise) };
    let detail: BTreeMap<String, String> = serde_json::from_str(&line.detail).unwrap_or_default();
    let value = |name: &str, value: &str| match name {
        "reason" => known(format!("audit-reason-{value}"), value),
        "way" => known(format!("audit-way-{value}"), value),
        _ => visible(value),
    };
    RowOfLog {
        number: line.number,
        at: shown::moment(line.at, zone, frame.lang),
        event: known(format!("audit-{}", line.event), &line.event),
        by: known(format!("audit-by-{}", line.actor_kind), &line.actor_kind),
        actor: visible(&line.actor),
        address: visible(&line.address),
        object: visible(&line.object),
        details: detail
            .iter()
            .map(|(name, said)| (known(format!("audit-detail-{name}"), name), value(name, said)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use fubako_base::Timestamp;

    use super::*;

    fn page(lang: Lang, sections: &[&str]) -> String {
        let frame =
            Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
        let line = Line {
            number: 7,
            at: Timestamp(1_795_271_416_000_000),
            event: "sign-in-refused".to_owned(),
            actor_kind: "stranger".to_owned(),
            actor: "<b>x".to_owned(),
            address: "<i>192.0.2.1".to_owned(),
            object: "<u>acme/taro".to_owned(),
            detail: r#"{"reason":"wrong","subject":"<s>見積書","way":"account","other":"x"}"#.to_owned(),
            hash: [0; 32],
        };
        let asked = Asked {
            section: "acme".to_owned(),
            text: "\"><em>&50%".to_owned(),
            event: "sign-in".to_owned(),
            ..Asked::default()
        };
        audit(
            &frame,
            &AuditPage {
                asked,
                zone: "Asia/Tokyo".to_owned(),
                lines: vec![line],
                older: Some(7),
                later: true,
                sections: sections.iter().map(|section| (*section).to_owned()).collect(),
            },
        )
    }

    // spec: X-LANG X-AUDIT
    #[test]
    fn the_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
        for lang in Lang::ALL {
            for sections in [&["acme", "installation"][..], &[]] {
                let page = page(lang, sections);
                assert!(!page.contains("web-") && !page.contains(">audit-") && !page.contains("{$"), "{page}");
                assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
                for markup in ["<b>", "<i>", "<u>", "<s>", "<em>"] {
                    assert!(!page.contains(markup), "{markup}: {page}");
                }
                let again = format!(
                    "section=acme&#38;event=sign-in&#38;text=%22%3E%3Cem%3E%2650%25&#38;before=7&#38;lang={lang}"
                );
                assert!(page.contains(&format!("/audit?{again}")), "{page}");
                assert!(page.contains(&format!("lang={lang}")));
                let way =
                    if lang == Lang::Ja { "本人確認の方法: サインイン" } else { "Way of proof: Signed in" };
                assert!(page.replace("</dt><dd><bdi>", ": ").contains(way), "{page}");
            }
        }
    }
}
