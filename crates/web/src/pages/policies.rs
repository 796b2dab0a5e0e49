//! The pages of a section's policies (spec X-ADMIN).

use askama::Template;
use fubako_base::{
    Lang,
    lang::{Value, has_text, text},
    section::NoticePosition,
    shown::{self, visible},
};
use fubako_exchange::{
    domain::{
        members::fields::{Fields, mark},
        policies::{Fault, Field, Found, Kind, LONGEST_ENTRY, LONGEST_WORDING, MOST_ENTRIES, Part, of_part},
        preview::Preview,
    },
    policies::Policies,
};

use super::{Choice, Frame, account::Done, render};

/// Time zones that are proposed; any other may be typed.
const ZONES: [&str; 12] = [
    "Asia/Tokyo",
    "UTC",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Bangkok",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
];

/// All policies of a section.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// They.
    pub policies: &'a Policies,
    /// What was done before.
    pub done: Option<Done>,
}

/// A name and what stands behind it, a line each.
struct Fact {
    name: String,
    lines: Vec<String>,
}

struct Sheet {
    word: &'static str,
    title: String,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct OverviewPage<'a> {
    f: &'a Frame,
    sheets: Vec<Sheet>,
    contract: Vec<Fact>,
    unapproved: Vec<String>,
    done: Option<String>,
}

/// All policies.
#[must_use]
pub fn overview(frame: &Frame, page: &Overview<'_>) -> String {
    let settings = &page.policies.section.settings;
    let sheet = |part: Part| {
        let values = of_part(settings, part);
        let fact = |field: &Field| Fact { name: label(frame, field), lines: words(frame, field, of(&values, field)) };
        Sheet { word: part.word(), title: title(frame, part), facts: part.fields().map(fact).collect() }
    };
    render(&OverviewPage {
        f: frame,
        sheets: Part::ALL.map(sheet).into(),
        contract: contract(frame, page.policies),
        unapproved: page.policies.unapproved.iter().map(|name| visible(name)).collect(),
        done: page.done.map(|done| done.words(frame)),
    })
}

/// What the operator has set.
fn contract(frame: &Frame, policies: &Policies) -> Vec<Fact> {
    let section = &policies.section;
    let settings = &section.settings;
    let flag = |on: bool| vec![frame.t(if on { "policy-on" } else { "policy-off" })];
    let or_none = |value: Option<&String>, none| vec![value.map_or_else(|| frame.t(none), |value| visible(value))];
    let proof = vec![frame.t(&format!("policy-proof-{}", settings.proof.name()))];
    let domains = match &section.domains[..] {
        [] => vec![frame.t("policy-domains-none")],
        domains => domains.iter().map(|domain| visible(domain)).collect(),
    };
    let facts = [
        ("policy-max_deposit_size", vec![shown::size(settings.max_deposit_size)]),
        ("policy-domains", domains),
        ("policy-link_url", or_none(settings.link_url.as_ref(), "policy-link_url-none")),
        ("policy-mail_link", flag(section.mail_link)),
        ("policy-proof", proof),
        ("policy-secret_header", or_none(settings.secret_header.as_ref(), "policy-secret_header-none")),
        ("policy-autopilot", flag(section.autopilot)),
    ];
    facts.into_iter().map(|(id, lines)| Fact { name: frame.t(id), lines }).collect()
}

fn title(frame: &Frame, part: Part) -> String {
    frame.t(&format!("policies-{}", part.word()))
}

fn label(frame: &Frame, field: &Field) -> String {
    frame.t(&format!("policy-{}", field.name))
}

/// What stands in a field.
fn of<'a>(fields: &'a Fields, field: &Field) -> &'a str {
    fields.iter().find_map(|(name, text)| (*name == field.name).then_some(text.as_str())).unwrap_or_default()
}

/// A value as people read it, a line each.
fn words(frame: &Frame, field: &Field, value: &str) -> Vec<String> {
    let id = |part: &str| format!("policy-{}-{part}", field.name);
    let lines = || value.lines().map(visible).filter(|line| !line.is_empty());
    match &field.kind {
        Kind::Flag => vec![frame.t(if value.is_empty() { "policy-no" } else { "policy-yes" })],
        _ if lines().next().is_none() => {
            let none = id("none");
            vec![frame.t(if has_text(frame.lang, &none) { &none } else { "web-stale-none" })]
        }
        Kind::Number(_) | Kind::NumberOrNone(_) => match value.trim().parse::<u64>() {
            Ok(number) => vec![frame.count(&id("value"), &number)],
            Err(_) => lines().collect(),
        },
        Kind::One(known) | Kind::Some(known) => {
            let word = |line: &str| if known.contains(&line) { frame.t(&id(line)) } else { visible(line) };
            value.lines().map(word).collect()
        }
        Kind::Lines | Kind::Destinations | Kind::Networks | Kind::Text | Kind::Zone => lines().collect(),
    }
}

fn fault_words(frame: &Frame, fault: &Fault) -> String {
    let count = |id: &str, count: usize| frame.count(id, &u64::try_from(count).unwrap_or(u64::MAX));
    match fault {
        Fault::Number { least, most } => {
            let values = [("least", Value::from(*least)), ("most", Value::from(*most))];
            text(frame.lang, "policy-fault-number", &values)
        }
        Fault::NoneChosen => frame.t("policy-fault-none-chosen"),
        Fault::FewerTries => frame.t("policy-fault-tries"),
        Fault::NoDestination(entry) => frame.with("policy-fault-destination", "entry", &visible(entry)),
        Fault::NoNetwork(entry) => frame.with("policy-fault-network", "entry", &visible(entry)),
        Fault::BeyondNetwork(entry, whole) => {
            let entry = visible(entry);
            let values = [("entry", Value::from(entry.as_str())), ("whole", Value::from(whole.as_str()))];
            text(frame.lang, "policy-fault-beyond", &values)
        }
        Fault::TooManyEntries => count("policy-fault-many", MOST_ENTRIES),
        Fault::LongEntry => count("policy-fault-long-entry", LONGEST_ENTRY),
        Fault::LongText => count("policy-fault-long-text", LONGEST_WORDING),
        Fault::NoZone(entry) => frame.with("policy-fault-zone", "entry", &visible(entry)),
        Fault::ShutsOut(address) => frame.with("policy-fault-shuts-out", "address", address),
        // The operator's settings are on no form; a word that is none is what no form of ours sends.
        Fault::NoneOfThese | Fault::NoSize | Fault::NoSite | Fault::NoFieldOfItsOwn | Fault::NoSecretHeader => {
            frame.t("policy-fault-word")
        }
    }
}

/// The form of one part.
#[derive(Debug, Clone, Copy)]
pub struct PartForm<'a> {
    /// Which part.
    pub part: Part,
    /// Its fields as they were typed.
    pub entered: &'a Fields,
    /// Its fields as they are.
    pub is: &'a Fields,
    /// What is wrong with what was typed.
    pub found: &'a [Found],
    /// Somebody else changed the part meanwhile.
    pub stale: bool,
    /// What was typed is looked at, and not saved.
    pub previewing: bool,
    /// The notice as it would be.
    pub previews: &'a [Preview],
    /// The mark of what the form was made from, where that is not `is`.
    pub seen: Option<&'a str>,
    /// What the form carries.
    pub form_key: &'a str,
}

/// A field of the form.
struct Row {
    name: &'static str,
    label: String,
    /// How it is entered: `number`, `one`, `some`, `flag`, `lines`, `text` or `zone`.
    how: &'static str,
    value: String,
    choices: Vec<Choice>,
    hints: Vec<String>,
    wrong: Vec<String>,
}

impl Row {
    fn of(frame: &Frame, field: &'static Field, form: &PartForm<'_>) -> Self {
        let value = of(form.entered, field);
        let known: &[&'static str] = match &field.kind {
            Kind::One(known) | Kind::Some(known) => known,
            _ => &[],
        };
        let choice = |word: &&'static str| Choice {
            value: (*word).to_owned(),
            words: frame.t(&format!("policy-{}-{word}", field.name)),
            chosen: value.lines().any(|line| line == *word),
        };
        let hint = format!("policy-{}-hint", field.name);
        let hint = has_text(frame.lang, &hint).then(|| frame.t(&hint));
        let wrong = form.found.iter().filter(|found| found.field == field.name);
        Self {
            name: field.name,
            label: label(frame, field),
            how: how(&field.kind),
            value: value.to_owned(),
            choices: known.iter().map(choice).collect(),
            hints: hint.into_iter().chain(range(frame, &field.kind)).collect(),
            wrong: wrong.map(|found| fault_words(frame, &found.fault)).collect(),
        }
    }

    /// The ids of what describes it.
    fn described(&self) -> String {
        let hint = (!self.hints.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = (!self.wrong.is_empty()).then(|| format!("{}-wrong", self.name));
        hint.into_iter().chain(wrong).collect::<Vec<_>>().join(" ")
    }

    /// Lines of a text field: what is in it and one more, within reason.
    fn height(&self) -> usize {
        let least = if self.how == "text" { 5 } else { 3 };
        self.value.lines().count().saturating_add(1).clamp(least, 12)
    }
}

const fn how(kind: &Kind) -> &'static str {
    match kind {
        Kind::Number(_) | Kind::NumberOrNone(_) => "number",
        Kind::One(_) => "one",
        Kind::Some(_) => "some",
        Kind::Flag => "flag",
        Kind::Lines | Kind::Destinations | Kind::Networks => "lines",
        Kind::Text => "text",
        Kind::Zone => "zone",
    }
}

/// What may be entered, where that is a number.
fn range(frame: &Frame, kind: &Kind) -> Option<String> {
    let (id, range) = match kind {
        Kind::Number(range) => ("policy-range", range),
        Kind::NumberOrNone(range) => ("policy-range-or-none", range),
        _ => return None,
    };
    let values = [("least", Value::from(*range.start())), ("most", Value::from(*range.end()))];
    Some(text(frame.lang, id, &values))
}

/// The notice in one kind of mail.
struct Sample<'a> {
    title: String,
    lang: Lang,
    above: bool,
    body: String,
    text: &'a str,
    html: &'a str,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PartPage<'a> {
    f: &'a Frame,
    p: &'a PartForm<'a>,
    title: String,
    means: String,
    /// From what the form is made.
    seen: String,
    rows: Vec<Row>,
    stale: Vec<String>,
    samples: Vec<Sample<'a>>,
    zones: &'static [&'static str],
}

/// The form of one part.
#[must_use]
pub fn part(frame: &Frame, form: &PartForm<'_>) -> String {
    let sample = |one: &Preview| {
        let id = match (one.all, one.mail) {
            (true, _) => "policy-preview-all",
            (false, Lang::Ja) => "policy-preview-ja",
            (false, Lang::En) => "policy-preview-en",
        };
        (id, one.mail, one.position == NoticePosition::Top)
    };
    let samples = form.previews.iter().map(|one| {
        let (id, lang, above) = sample(one);
        let body = text(lang, "policy-sample-body", &[]);
        Sample { title: frame.t(id), lang, above, body, text: &one.text, html: &one.html }
    });
    render(&PartPage {
        f: frame,
        p: form,
        title: title(frame, form.part),
        means: frame.t(&format!("policies-{}-mean", form.part.word())),
        seen: form.seen.map_or_else(|| mark(form.is), str::to_owned),
        rows: form.part.fields().map(|field| Row::of(frame, field, form)).collect(),
        stale: stale(frame, form),
        samples: samples.collect(),
        zones: &ZONES,
    })
}

/// Where the form was made from what is not so any more: each field that is otherwise than it was entered.
fn stale(frame: &Frame, form: &PartForm<'_>) -> Vec<String> {
    let differs = |field: &&Field| form.stale && of(form.is, field) != of(form.entered, field);
    let line = |field: &Field| {
        let name = label(frame, field);
        let [is, entered] = [form.is, form.entered].map(|fields| words(frame, field, of(fields, field)).join(", "));
        let values = [("name", name.as_str().into()), ("is", is.as_str().into()), ("entered", entered.as_str().into())];
        text(frame.lang, "web-stale-field", &values)
    };
    form.part.fields().filter(differs).map(line).collect()
}

#[cfg(test)]
mod tests {
    use fubako_exchange::domain::policies::FIELDS;

    use super::*;

    // spec: X-LANG X-ADMIN
    #[test]
    fn every_policy_has_its_words_in_both_languages() {
        for lang in Lang::ALL {
            let has = |id: String| assert!(has_text(lang, &id), "{lang} {id}");
            for part in Part::ALL {
                has(format!("policies-{}", part.word()));
                has(format!("policies-{}-mean", part.word()));
            }
            for field in &FIELDS {
                has(format!("policy-{}", field.name));
                match &field.kind {
                    Kind::Number(_) => has(format!("policy-{}-value", field.name)),
                    Kind::NumberOrNone(_) => {
                        has(format!("policy-{}-value", field.name));
                        has(format!("policy-{}-none", field.name));
                    }
                    Kind::One(words) | Kind::Some(words) => {
                        words.iter().for_each(|word| has(format!("policy-{}-{word}", field.name)));
                    }
                    Kind::Lines | Kind::Destinations | Kind::Networks | Kind::Text => {
                        has(format!("policy-{}-none", field.name));
                    }
                    Kind::Flag | Kind::Zone => {}
                }
            }
        }
    }
}
