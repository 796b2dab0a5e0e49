//! The pages of what was sent (spec X-CANCEL): the list, one deposit with who took what and when, and the question before it is taken back.

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    ids::LinkId,
    shown::{self, Moment, visible},
};
use fubako_exchange::{
    deposit::{Deposit, DepositState},
    domain::sent::{ExtendFault, Side},
    sent::{SentDeposit, SentLine, SentLink, SentPage},
};

use super::{Alert, Frame, account::Done, encoded, render, unchecked};
use crate::waits;

/// Recipients that a line of the list names; of more it says how many.
const NAMED: usize = 2;

/// A page of the list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Whose list it is.
    pub side: Side,
    /// Its address.
    pub base: &'a str,
    /// What was searched for.
    pub search: &'a str,
    /// Whether it is the first page.
    pub first: bool,
    /// What is on it.
    pub page: &'a SentPage,
    /// The time zone of all times.
    pub zone: &'a str,
}

/// How a deposit stands, in words and as a mark.
struct Standing {
    words: String,
    live: bool,
}

impl Standing {
    fn of(frame: &Frame, line: &SentLine, zone: &str, now: Timestamp) -> Self {
        let said = |id: &str| Self { words: frame.t(id), live: false };
        match (line.deposit.state, line.deposit.expires_at) {
            (DepositState::Cancelled, _) => said("web-stands-cancelled"),
            (DepositState::Rejected, _) => said("web-stands-rejected"),
            (DepositState::Waiting, _) => Self { words: frame.t("web-stands-waiting"), live: true },
            (DepositState::Expired | DepositState::Open, _) => said("web-stands-expired"),
            (DepositState::Sent, Some(end)) if end <= now => said("web-stands-expired"),
            (DepositState::Sent, Some(end)) => Self { words: waits::left(now, end, zone, frame.lang), live: true },
            (DepositState::Sent, None) => Self { words: frame.t("web-stands-sent"), live: true },
        }
    }
}

struct LineRow {
    id: String,
    subject: String,
    sender: Option<String>,
    recipients: String,
    sent: Moment,
    stands: Standing,
    taken: String,
}

#[derive(Template)]
#[template(path = "sent_list.html")]
struct ListPage<'a> {
    f: &'a Frame,
    l: &'a List<'a>,
    title: String,
    rows: Vec<LineRow>,
    /// The address of the older ones, but for the language.
    older: Option<String>,
}

/// The list.
#[must_use]
pub fn list(frame: &Frame, list: &List<'_>, now: Timestamp) -> String {
    let rows: Vec<LineRow> = list.page.lines.iter().map(|line| line_row(frame, list, line, now)).collect();
    let older = rows.last().filter(|_| list.page.more).map(|last| {
        let search = if list.search.is_empty() { String::new() } else { format!("&q={}", encoded(list.search)) };
        format!("{}?before={}{search}", list.base, last.id)
    });
    let title = frame.t(match list.side {
        Side::Own => "web-sent-list",
        Side::Section => "web-section-list",
    });
    render(&ListPage { f: frame, l: list, title, rows, older })
}

fn line_row(frame: &Frame, list: &List<'_>, line: &SentLine, now: Timestamp) -> LineRow {
    let deposit = &line.deposit;
    let named: Vec<String> = deposit.recipients.iter().take(NAMED).map(|recipient| visible(recipient)).collect();
    let more = deposit.recipients.len().saturating_sub(NAMED);
    let mut recipients = named.join(", ");
    if more > 0 {
        recipients += &frame.count("web-and-more", &count(more));
    }
    LineRow {
        id: deposit.id.to_string(),
        subject: visible(&deposit.subject),
        sender: (list.side == Side::Section).then(|| visible(&deposit.sender_address)),
        recipients,
        sent: shown::moment(deposit.sent_at.unwrap_or(deposit.created_at), list.zone, frame.lang),
        stands: Standing::of(frame, line, list.zone, now),
        taken: if has_links(deposit) { taken(frame, line.taken, deposit.recipients.len()) } else { String::new() },
    }
}

/// Whether recipients have, or had, links to it: of what waits for approval or was rejected nobody could take anything.
fn has_links(deposit: &Deposit) -> bool {
    deposit.sent_at.is_some()
}

/// How many of the recipients have taken something.
fn taken(frame: &Frame, taken: u32, of: usize) -> String {
    match taken {
        0 => frame.t("web-taken-none"),
        taken if count(of) == u64::from(taken) => frame.t("web-taken-all"),
        taken => fubako_base::lang::text(
            frame.lang,
            "web-taken-some",
            &[("taken", u64::from(taken).into()), ("count", count(of).into())],
        ),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// That a deposit may be kept longer.
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// Until when at the longest.
    pub latest: Timestamp,
    /// What was entered, and why it was not taken.
    pub refused: Option<(&'a str, ExtendFault)>,
}

/// One deposit.
#[derive(Debug, Clone, Copy)]
pub struct One<'a> {
    /// From which side it is looked at.
    pub side: Side,
    /// The list's address.
    pub base: &'a str,
    /// The deposit.
    pub sent: &'a SentDeposit,
    /// Until when it may be kept, where that is longer than it is.
    pub extension: Option<Extension<'a>>,
    /// The file password, where whoever looks may see it.
    pub password: Option<&'a str>,
    /// What its forms carry.
    pub form_key: &'a str,
    /// The time zone of all times.
    pub zone: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

struct DownloadRow {
    file: String,
    began: Moment,
    whole: bool,
    /// Who was signed in.
    by: Option<String>,
}

struct LinkRow {
    id: String,
    recipient: String,
    stands: String,
    /// Marked as having taken something.
    took: bool,
    cancelled: bool,
    opened: Option<Moment>,
    downloads: Vec<DownloadRow>,
}

struct FileRow {
    name: String,
    size: String,
    unchecked: Option<String>,
}

struct ExtendForm {
    value: String,
    first: String,
    last: String,
    latest: String,
    alert: Option<Alert>,
}

#[derive(Template)]
#[template(path = "sent_one.html")]
struct OnePage<'a> {
    f: &'a Frame,
    o: &'a One<'a>,
    path: String,
    subject: String,
    sender: String,
    as_default_user: bool,
    message: Vec<String>,
    sent: Option<Moment>,
    expires: Option<Moment>,
    /// Until when approvers may decide, as long as it waits for them.
    decide_by: Option<Moment>,
    cancelled: Option<(Moment, String)>,
    stands: Standing,
    links: Vec<LinkRow>,
    taken: String,
    files: Vec<FileRow>,
    total: String,
    extend: Option<ExtendForm>,
    /// Why an approver rejected it, where one said so.
    rejected: Option<String>,
    /// To whom it is to go, as long as they have no links.
    intended: Vec<String>,
    /// Whether one recipient's link can be taken back and others stay.
    several: bool,
    done: Option<String>,
}

/// The page of one deposit.
#[must_use]
pub fn one(frame: &Frame, one: &One<'_>, now: Timestamp) -> String {
    let (line, zone) = (&one.sent.line, one.zone);
    let deposit = &line.deposit;
    let moment = |at: Timestamp| shown::moment(at, zone, frame.lang);
    let stands = Standing::of(frame, line, zone, now);
    let links: Vec<LinkRow> = one.sent.links.iter().map(|link| link_row(frame, one, link)).collect();
    let total = one.sent.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size));
    let name = visible(&deposit.sender_name);
    let address = visible(&deposit.sender_address);
    render(&OnePage {
        f: frame,
        o: one,
        path: format!("{}/{}", one.base, deposit.id),
        subject: visible(&deposit.subject),
        sender: if name.is_empty() { address } else { format!("{name} <{address}>") },
        as_default_user: deposit.depositor.as_ref().is_some_and(|who| who.as_default_user),
        message: deposit.message.lines().map(visible).collect(),
        sent: deposit.sent_at.map(moment),
        expires: deposit.expires_at.map(moment),
        decide_by: decide_by(deposit).map(moment),
        cancelled: line.cancelled.as_ref().map(|cancelled| (moment(cancelled.at), visible(&cancelled.by))),
        rejected: rejected(deposit),
        intended: deposit.recipients.iter().filter(|_| links.is_empty()).map(|to| visible(to)).collect(),
        several: links.iter().filter(|link| !link.cancelled).count() > 1,
        stands,
        taken: if links.is_empty() { String::new() } else { taken(frame, line.taken, links.len()) },
        links,
        files: one
            .sent
            .files
            .iter()
            .map(|file| FileRow {
                name: visible(&file.name),
                size: shown::size(file.size),
                unchecked: file.unchecked.map(|reason| frame.t(unchecked(reason))),
            })
            .collect(),
        total: shown::size(total),
        extend: one.extension.as_ref().map(|extension| extend_form(frame, one, extension)),
        done: one.done.map(|done| done.words(frame)),
    })
}

fn decide_by(deposit: &Deposit) -> Option<Timestamp> {
    let asked = deposit.approval.as_ref()?.asked?;
    (deposit.state == DepositState::Waiting).then_some(asked.decide_by)
}

fn rejected(deposit: &Deposit) -> Option<String> {
    let decision = deposit.approval.as_ref()?.decision.as_ref()?;
    decision.reason.as_deref().filter(|_| deposit.state == DepositState::Rejected).map(visible)
}

fn link_row(frame: &Frame, one: &One<'_>, link: &SentLink) -> LinkRow {
    let moment = |at: Timestamp| shown::moment(at, one.zone, frame.lang);
    let name = |number: u32| {
        let file = one.sent.files.iter().find(|file| file.number == number);
        file.map_or_else(|| number.to_string(), |file| visible(&file.name))
    };
    let took: std::collections::HashSet<u32> = link.downloads.iter().map(|download| download.number).collect();
    let stands = match (&link.cancelled, took.len(), link.opened_at) {
        (Some(cancelled), ..) => frame.with("web-link-cancelled", "time", &moment(cancelled.at).words),
        (None, 0, None) => frame.t("web-link-unopened"),
        (None, 0, Some(_)) => frame.t("web-link-opened"),
        (None, some, _) if some >= one.sent.files.len() => frame.t("web-link-took-all"),
        (None, some, _) => fubako_base::lang::text(
            frame.lang,
            "web-link-took-some",
            &[("taken", count(some).into()), ("count", count(one.sent.files.len()).into())],
        ),
    };
    LinkRow {
        id: link.id.to_string(),
        recipient: visible(&link.recipient),
        stands,
        took: !took.is_empty(),
        cancelled: link.cancelled.is_some(),
        opened: link.opened_at.map(moment),
        downloads: link
            .downloads
            .iter()
            .map(|download| DownloadRow {
                file: name(download.number),
                began: moment(download.began_at),
                whole: download.ended_at.is_some(),
                by: download.taken_by.as_deref().map(|name| frame.with("web-download-by", "name", &visible(name))),
            })
            .collect(),
    }
}

fn extend_form(frame: &Frame, one: &One<'_>, extension: &Extension<'_>) -> ExtendForm {
    let day = |at: Timestamp| at.in_zone(one.zone).strftime("%Y-%m-%d").to_string();
    let ends = one.sent.line.deposit.expires_at.unwrap_or(extension.latest);
    let latest = shown::moment(extension.latest, one.zone, frame.lang).words;
    let alert = extension.refused.map(|(_, fault)| {
        let line = match fault {
            ExtendFault::Unread => frame.t("web-extend-unread"),
            ExtendFault::NotLater => frame.t("web-extend-not-later"),
            ExtendFault::TooLate => frame.with("web-extend-too-late", "time", &latest),
        };
        Alert { title: frame.t("web-extend-title"), lines: vec![line], seconds: None }
    });
    ExtendForm {
        value: extension.refused.map_or_else(String::new, |(entered, _)| entered.to_owned()),
        first: day(ends.plus_seconds(1)),
        last: day(extension.latest),
        latest,
        alert,
    }
}

/// The question before something is taken back.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The list's address.
    pub base: &'a str,
    /// The deposit.
    pub sent: &'a SentDeposit,
    /// The one link that is meant; none for all.
    pub link: Option<LinkId>,
    /// What the form carries.
    pub form_key: &'a str,
}

#[derive(Template)]
#[template(path = "sent_cancel.html")]
struct AskPage<'a> {
    f: &'a Frame,
    path: String,
    action: String,
    subject: String,
    recipients: Vec<String>,
    one: bool,
    /// Whether it can be done.
    live: bool,
    /// Whether somebody has taken something already.
    took: bool,
    form_key: &'a str,
}

/// The page that asks; none where the deposit has no such link.
#[must_use]
pub fn ask(frame: &Frame, ask: &Ask<'_>) -> Option<String> {
    let path = format!("{}/{}", ask.base, ask.sent.line.deposit.id);
    let meant: Vec<&SentLink> = match ask.link {
        None => ask.sent.links.iter().filter(|link| link.cancelled.is_none()).collect(),
        Some(id) => vec![ask.sent.links.iter().find(|link| link.id == id)?],
    };
    let deposit = &ask.sent.line.deposit;
    let waiting = deposit.state == DepositState::Waiting && ask.link.is_none();
    let live = waiting || deposit.state == DepositState::Sent && meant.iter().any(|link| link.cancelled.is_none());
    let named = if waiting {
        deposit.recipients.iter().collect()
    } else {
        meant.iter().map(|link| &link.recipient).collect::<Vec<_>>()
    };
    Some(render(&AskPage {
        f: frame,
        action: ask.link.map_or_else(|| format!("{path}/cancel"), |link| format!("{path}/cancel/{link}")),
        path,
        subject: visible(&ask.sent.line.deposit.subject),
        recipients: named.into_iter().map(|recipient| visible(recipient)).collect(),
        one: ask.link.is_some(),
        live,
        took: meant.iter().any(|link| !link.downloads.is_empty()),
        form_key: ask.form_key,
    }))
}

#[cfg(test)]
mod tests;
