//! The page of how much a section sends: three charts, and the numbers that they show (spec X-ADMIN).

use askama::Template;
use fubako_base::{
    Lang,
    lang::{Value, text},
    shown::{month, size, visible},
};
use fubako_exchange::{
    domain::usage::Month,
    usage::{SectionUsage, Usage},
};

use super::{Frame, render};
use crate::waits::grouped;

/// A chart's measures, in units of its own: a step a month, and the height of its highest bar.
const STEP: u64 = 30;
const BAR: u64 = 20;
const HIGH: u64 = 100;

/// What a chart shows: its text's id, what is taken of each month, and how it is said.
struct Measure {
    id: &'static str,
    of: fn(&Usage) -> u64,
    said: fn(u64) -> String,
}

const CHARTS: [Measure; 3] = [
    Measure { id: "usage-chart-octets", of: |one| one.octets, said: size },
    Measure { id: "usage-chart-deposits", of: |one| one.deposits, said: grouped },
    Measure { id: "usage-chart-taken", of: |one| one.taken, said: grouped },
];

/// What is shown of a month, in one measure.
struct Bar {
    x: u64,
    y: u64,
    height: u64,
    middle: u64,
    label: String,
    words: String,
}

struct Chart {
    id: &'static str,
    title: String,
    most: String,
    bars: Vec<Bar>,
}

struct Row {
    month: String,
    numbers: [String; 5],
}

#[derive(Template)]
#[template(path = "usage.html")]
struct Page<'a> {
    f: &'a Frame,
    mean: String,
    kept: String,
    charts: Vec<Chart>,
    labels: [String; 5],
    rows: Vec<Row>,
}

/// The page.
#[must_use]
pub fn usage(frame: &Frame, usage: &SectionUsage) -> String {
    let files = grouped(usage.kept.files);
    let kept = [("count", usage.kept.files.into()), ("files", files.into()), ("size", size(usage.kept.octets).into())];
    let is_used = usage.months.iter().any(|(_, one)| *one != Usage::default());
    let charts = CHARTS.iter().filter(|_| is_used);
    render(&Page {
        f: frame,
        mean: frame.with("usage-mean", "zone", &visible(&usage.zone)),
        kept: text(frame.lang, "usage-kept-is", &kept),
        charts: charts.map(|measure| chart(frame, usage, measure)).collect(),
        labels: ["usage-deposits", "usage-recipients", "usage-files", "usage-octets", "usage-taken"]
            .map(|id| frame.t(id)),
        rows: rows(frame, usage),
    })
}

fn chart(frame: &Frame, usage: &SectionUsage, measure: &Measure) -> Chart {
    let Measure { id, of, said } = *measure;
    let most = usage.months.iter().max_by_key(|(_, one)| of(one));
    let highest = most.map_or(0, |(_, one)| of(one)).max(1);
    let bars = usage.months.iter().zip(0u64..).map(|((when, one), at)| {
        let (name, label) = month(when.year, when.month, frame.lang);
        let value = of(one);
        // A little that there is is seen.
        let share = u128::from(value) * u128::from(HIGH) / u128::from(highest);
        let height = u64::try_from(share).unwrap_or(HIGH).max(u64::from(value > 0));
        let words = said_of(frame, "usage-bar", &[("month", name), ("value", said(value))]);
        Bar { x: at * STEP + (STEP - BAR) / 2, y: HIGH - height, height, middle: at * STEP + STEP / 2, label, words }
    });
    let most = most.map_or_else(String::new, |(when, one)| {
        let (name, _) = month(when.year, when.month, frame.lang);
        said_of(frame, "usage-most", &[("most", said(of(one))), ("month", name)])
    });
    Chart { id, title: frame.t(id), most, bars: bars.collect() }
}

/// The newest month first.
fn rows(frame: &Frame, usage: &SectionUsage) -> Vec<Row> {
    let row = |(at, (when, one)): (usize, &(Month, Usage))| {
        let (name, _) = month(when.year, when.month, frame.lang);
        let month = if at == 0 { frame.with("usage-month-goes-on", "month", &name) } else { name };
        let [deposits, recipients, files, taken] = [one.deposits, one.recipients, one.files, one.taken].map(grouped);
        Row { month, numbers: [deposits, recipients, files, size(one.octets), taken] }
    };
    usage.months.iter().rev().enumerate().map(row).collect()
}

fn said_of(frame: &Frame, id: &str, values: &[(&str, String)]) -> String {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::from(value.as_str()))).collect();
    text(frame.lang, id, &values)
}
