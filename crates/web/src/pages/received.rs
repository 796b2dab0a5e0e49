//! The pages of what somebody with an account received (spec X-RECEIVE): the list, and one deposit.

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    shown::{self, Moment, visible},
};
use fubako_exchange::received::{ReceivedLine, ReceivedPage};

use super::{Deposit, File, Frame, Row, Summary, render};
use crate::waits;

/// A page of the list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Its address.
    pub base: &'a str,
    /// To whom all of it was sent.
    pub address: &'a str,
    /// Whether it is the first page.
    pub first: bool,
    /// What is on it.
    pub page: &'a ReceivedPage,
    /// The time zone of all times.
    pub zone: &'a str,
}

struct LineRow {
    id: String,
    subject: String,
    sender: String,
    sent: Moment,
    expires: Moment,
    stands: String,
    live: bool,
    files: u64,
}

impl LineRow {
    fn of(frame: &Frame, line: &ReceivedLine, zone: &str, now: Timestamp) -> Self {
        let (name, address) = (visible(&line.sender_name), visible(&line.sender_address));
        Self {
            id: line.link.to_string(),
            subject: visible(&line.subject),
            sender: if name.is_empty() { address } else { format!("{name} <{address}>") },
            sent: shown::moment(line.sent_at, zone, frame.lang),
            expires: shown::moment(line.expires_at, zone, frame.lang),
            stands: match line.is_live {
                true => waits::left(now, line.expires_at, zone, frame.lang),
                false => frame.t("web-stands-expired"),
            },
            live: line.is_live,
            files: u64::from(line.file_count),
        }
    }
}

#[derive(Template)]
#[template(path = "received.html")]
struct ListPage<'a> {
    f: &'a Frame,
    base: &'a str,
    address: String,
    first: bool,
    rows: Vec<LineRow>,
    /// The address of the older ones, but for the language.
    older: Option<String>,
}

/// The list.
#[must_use]
pub fn list(frame: &Frame, list: &List<'_>, now: Timestamp) -> String {
    let rows: Vec<LineRow> = list.page.lines.iter().map(|line| LineRow::of(frame, line, list.zone, now)).collect();
    let older = rows.last().filter(|_| list.page.more).map(|last| format!("{}?before={}", list.base, last.id));
    let (base, address, first) = (list.base, visible(list.address), list.first);
    render(&ListPage { f: frame, base, address, first, rows, older })
}

#[derive(Template)]
#[template(path = "received_one.html")]
struct OnePage<'a> {
    f: &'a Frame,
    path: &'a str,
    d: Summary,
    /// None where the account does not open it.
    rows: Vec<Row>,
    total: String,
}

/// One deposit, with its files where the account opens it.
#[must_use]
pub fn one(frame: &Frame, deposit: &Deposit, files: &[File], now: Timestamp) -> String {
    render(&OnePage {
        f: frame,
        path: &deposit.path,
        d: Summary::of(frame, deposit, now),
        rows: files.iter().map(|file| Row::of(frame, file)).collect(),
        total: shown::size(files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size))),
    })
}
