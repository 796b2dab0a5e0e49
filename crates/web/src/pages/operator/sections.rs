//! The operator's pages of sections (spec X-OPERATOR): what they are contracted for, and how much of it is used. Nothing of what is in a file.

use askama::Template;
use fubako_base::{
    Lang,
    ids::SectionId,
    lang::{Value, text},
    section::Section,
    shown::{self, visible},
};
use fubako_exchange::{
    domain::{
        members::{self, LONGEST_LOGIN_ID},
        sections::{Entered, Fault, Found, LONGEST_NAME, MOST_DOMAINS, NewSection, UNITS, differences, read},
    },
    sections::{
        SectionPage, SectionRow,
        domains::{Domains, Neighbour},
    },
};

use crate::pages::{Choice, Frame, account::Done, encoded, render};

/// Domains that are named in the list.
const SHOWN_DOMAINS: usize = 3;

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A page of the list of sections.
#[derive(Debug, Clone, Copy)]
pub struct SectionList<'a> {
    /// What was searched for.
    pub search: &'a str,
    /// Whether it is the first page.
    pub first: bool,
    /// What was found.
    pub page: &'a SectionPage,
    /// What was done before.
    pub done: Option<Done>,
}

/// A section, in words.
struct Row {
    path: String,
    id: String,
    name: String,
    enabled: bool,
    stands: String,
    domains: Vec<String>,
    more_domains: Option<String>,
    size: String,
    users: String,
    /// The same, where it is said of what.
    user_count: String,
    kept: String,
    options: Vec<String>,
    administrators: Vec<String>,
    more_administrators: Option<String>,
}

impl Row {
    fn of(frame: &Frame, SectionRow { section, overview }: &SectionRow) -> Self {
        let options = [(section.mail_link, "web-contract-mail-link"), (section.autopilot, "web-contract-autopilot")];
        let mut domains: Vec<String> = section.domains.iter().take(SHOWN_DOMAINS).map(|one| visible(one)).collect();
        if domains.is_empty() {
            domains.push(frame.t("web-contract-no-domain"));
        }
        let named = |(login_id, address): &(String, String)| format!("{} <{}>", visible(login_id), visible(address));
        let mut administrators: Vec<String> = overview.administrators.iter().map(named).collect();
        if administrators.is_empty() {
            administrators.push(frame.t("web-contract-administrator-none"));
        }
        let more = |id: &str, all: u64, shown: usize| {
            let more = all.saturating_sub(count(shown));
            (more > 0).then(|| frame.count(id, &more))
        };
        let kept = frame.count("web-contract-kept", &overview.kept.files);
        Self {
            path: path(section),
            id: section.id.to_string(),
            name: visible(&section.name),
            enabled: section.enabled,
            stands: frame.t(if section.enabled { "web-contract-in-use" } else { "web-contract-off" }),
            more_domains: more("web-contract-more-domains", count(section.domains.len()), SHOWN_DOMAINS),
            domains,
            size: frame.with("web-contract-size", "size", &shown::size(section.settings.max_deposit_size)),
            users: frame.count("web-contract-users", &overview.users),
            user_count: frame.count("web-users-found", &overview.users),
            kept: format!("{kept} ({})", shown::size(overview.kept.octets)),
            options: options.into_iter().filter(|(on, _)| *on).map(|(_, id)| frame.t(id)).collect(),
            more_administrators: more(
                "web-contract-more-administrators",
                overview.administrator_count,
                overview.administrators.len(),
            ),
            administrators,
        }
    }
}

/// A section's page.
#[must_use]
pub fn path(section: &Section) -> String {
    format!("/operator/section/{}", section.id)
}

#[derive(Template)]
#[template(path = "sections.html")]
struct ListPage<'a> {
    f: &'a Frame,
    l: &'a SectionList<'a>,
    rows: Vec<Row>,
    found: String,
    more: Option<String>,
    done: Option<String>,
}

/// The list of sections.
#[must_use]
pub fn sections(frame: &Frame, list: &SectionList<'_>) -> String {
    let more = list.page.rows.last().filter(|_| list.page.more).map(|last| {
        let search = if list.search.is_empty() { String::new() } else { format!("&q={}", encoded(list.search)) };
        format!("/operator/sections?after={}{search}", last.section.id)
    });
    render(&ListPage {
        f: frame,
        l: list,
        rows: list.page.rows.iter().map(|row| Row::of(frame, row)).collect(),
        found: frame.count("web-contracts-found", &count(list.page.found)),
        more,
        done: list.done.map(|done| done.words(frame)),
    })
}

/// The fields that both forms have, as they were filled in, and what is wrong with them.
struct Sheet<'a> {
    f: &'a Frame,
    entered: &'a Entered,
    found: &'a [Found],
    /// Where somebody else changed the section meanwhile: what is otherwise than it was entered.
    stale: Option<Vec<String>>,
    units: Vec<Choice>,
    longest_name: usize,
}

impl<'a> Sheet<'a> {
    fn of(frame: &'a Frame, entered: &'a Entered, found: &'a [Found], stale: Option<Vec<String>>) -> Self {
        let unit = |(unit, _): (&str, u64)| Choice {
            value: unit.to_owned(),
            words: frame.t(&format!("web-contract-unit-{unit}")),
            chosen: unit == entered.unit,
        };
        Self { f: frame, entered, found, stale, units: UNITS.map(unit).into(), longest_name: LONGEST_NAME }
    }

    fn is_wrong(&self) -> bool {
        self.stale.is_some() || !self.found.is_empty()
    }

    /// What is wrong with a field.
    fn wrong(&self, field: &str) -> Vec<String> {
        self.found.iter().filter(|found| found.field == field).map(|found| words(self.f, &found.fault)).collect()
    }

    /// The ids of what describes a field.
    fn described(&self, field: &str) -> String {
        let wrong = self.found.iter().any(|found| found.field == field);
        format!("{field}-hint{}", if wrong { format!(" {field}-wrong") } else { String::new() })
    }

    /// The fields with something wrong, each once, with their labels.
    fn faulty(&self) -> Vec<(&'static str, String)> {
        let mut fields: Vec<&'static str> = self.found.iter().map(|found| found.field).collect();
        fields.dedup();
        fields.into_iter().map(|field| (field, label(self.f, field))).collect()
    }

    /// Lines of the field for domains: what is in it and one more, within reason.
    fn height(&self) -> usize {
        self.entered.domains.lines().count().saturating_add(1).clamp(3, 12)
    }
}

fn label(frame: &Frame, field: &str) -> String {
    frame.t(match field {
        "id" => "web-contract-id",
        "name" => "web-contract-name",
        "domains" => "policy-domains",
        "mail_link" => "policy-mail_link",
        "autopilot" => "policy-autopilot",
        "max_deposit_size" => "policy-max_deposit_size",
        "login_id" => "web-field-login_id",
        _ => "web-field-address",
    })
}

fn words(frame: &Frame, fault: &Fault) -> String {
    let counted = |id: &str, number: usize| frame.count(id, &count(number));
    match fault {
        Fault::Id => frame.t("web-contract-fault-id"),
        Fault::OwnId => frame.t("web-contract-fault-own-id"),
        Fault::IdTaken => frame.t("web-contract-fault-id-taken"),
        Fault::Name => counted("web-contract-fault-name", LONGEST_NAME),
        Fault::NoDomain(domain) => frame.with("web-contract-fault-domain", "domain", &visible(domain)),
        Fault::WildDomain(domain) => frame.with("web-contract-fault-wild-domain", "domain", &visible(domain)),
        Fault::TooManyDomains => counted("web-contract-fault-many-domains", MOST_DOMAINS),
        Fault::DomainTaken { domain, section } => {
            let values = [("domain", Value::from(domain.as_str())), ("section", Value::from(section.as_str()))];
            text(frame.lang, "web-contract-fault-domain-taken", &values)
        }
        Fault::Size => frame.t("web-contract-fault-size"),
        Fault::Administrator(members::Fault::LoginId) => counted("web-member-fault-login-id", LONGEST_LOGIN_ID),
        // Of somebody who is new, in a section that is, nothing else can be wrong.
        Fault::Administrator(_) => frame.t("web-member-fault-address"),
    }
}

/// What is otherwise than it was entered, a line each.
fn stale(frame: &Frame, is: &Section, entered: &Entered) -> Vec<String> {
    let value = |field: &str, value: &str| match (field, value) {
        ("mail_link" | "autopilot", on) => frame.t(if on == "yes" { "policy-on" } else { "policy-off" }),
        ("max_deposit_size", octets) => octets.parse().map_or_else(|_| visible(octets), shown::size),
        (_, "") => frame.t("web-stale-none"),
        (_, text) => visible(text),
    };
    let line = |(field, is, entered): (String, String, String)| {
        let (name, is, entered) = (label(frame, &field), value(&field, &is), value(&field, &entered));
        let values = [("name", name.as_str().into()), ("is", is.as_str().into()), ("entered", entered.as_str().into())];
        text(frame.lang, "web-stale-field", &values)
    };
    differences(is, &read(is, entered).0).into_iter().map(line).collect()
}

/// The page of one section.
#[derive(Debug, Clone, Copy)]
pub struct SectionForm<'a> {
    /// The section as it is.
    pub row: &'a SectionRow,
    /// What there is of its domains.
    pub domains: &'a Domains,
    /// What the form has.
    pub entered: &'a Entered,
    /// What is wrong with it.
    pub found: &'a [Found],
    /// Somebody else changed the section meanwhile.
    pub stale: bool,
    /// The mark of what the form was made from.
    pub seen: &'a str,
    /// What its forms carry.
    pub form_key: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

#[derive(Template)]
#[template(path = "section.html")]
struct SectionView<'a> {
    f: &'a Frame,
    row: Row,
    s: Sheet<'a>,
    seen: &'a str,
    form_key: &'a str,
    files: String,
    by_file: Vec<(String, String)>,
    domains: Vec<DomainRow>,
    neighbours: Vec<String>,
    done: Option<String>,
}

/// One section: what it is contracted for, as a form; how it stands; the way to switch it off or on.
#[must_use]
pub fn section(frame: &Frame, form: &SectionForm<'_>) -> String {
    let is = &form.row.section;
    let settings = &is.settings;
    let or = |value: Option<&String>, none: &str| value.map_or_else(|| frame.t(none), |value| visible(value));
    let by_file = vec![
        (frame.t("policy-link_url"), or(settings.link_url.as_ref(), "policy-link_url-none")),
        (frame.t("policy-proof"), frame.t(&format!("policy-proof-{}", settings.proof.name()))),
        (frame.t("policy-secret_header"), or(settings.secret_header.as_ref(), "policy-secret_header-none")),
    ];
    let stale = form.stale.then(|| stale(frame, is, form.entered));
    render(&SectionView {
        f: frame,
        row: Row::of(frame, form.row),
        s: Sheet::of(frame, form.entered, form.found, stale),
        seen: form.seen,
        form_key: form.form_key,
        files: files(frame, form.row),
        by_file,
        domains: is.domains.iter().map(|domain| DomainRow::of(frame, is, domain, form.domains)).collect(),
        neighbours: form.domains.neighbours.iter().map(|one| neighbour(frame, one)).collect(),
        done: form.done.map(|done| done.words(frame)),
    })
}

/// A domain of the section, and whether there are keys to sign for it.
struct DomainRow {
    path: String,
    name: String,
    has_keys: bool,
    stands: String,
}

impl DomainRow {
    fn of(frame: &Frame, section: &Section, domain: &str, all: &Domains) -> Self {
        let has_keys = all.with_keys.iter().any(|with| with == domain);
        Self {
            path: domain_path(&section.id, domain),
            name: visible(domain),
            has_keys,
            stands: frame.t(if has_keys { "web-contract-keys" } else { "web-contract-keys-none" }),
        }
    }
}

/// Whose mail is whose, where a domain lies below another section's.
fn neighbour(frame: &Frame, one: &Neighbour) -> String {
    let id = if one.own_is_below() { "web-contract-below" } else { "web-contract-above" };
    let values = [
        ("own", Value::from(one.own.as_str())),
        ("other", Value::from(one.other.as_str())),
        ("section", Value::from(one.section.as_str())),
    ];
    text(frame.lang, id, &values)
}

/// The page of a domain's DKIM keys.
#[must_use]
pub fn domain_path(section: &SectionId, domain: &str) -> String {
    format!("/operator/section/{section}/dkim/{}", encoded(domain))
}

/// A domain's DKIM keys.
#[derive(Debug, Clone, Copy)]
pub struct DomainSheet<'a> {
    /// The section that has the domain.
    pub section: &'a Section,
    /// The domain.
    pub domain: &'a str,
    /// Name and value of each record to publish; none where there are no keys.
    pub records: &'a [(String, String)],
    /// What the form carries.
    pub form_key: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

#[derive(Template)]
#[template(path = "section_domain.html")]
struct DomainView<'a> {
    f: &'a Frame,
    s: &'a DomainSheet<'a>,
    name: String,
    section: String,
    action: String,
    back: String,
    done: Option<String>,
}

/// A domain's DKIM keys: the records to publish in DNS, or the button that makes keys.
#[must_use]
pub fn domain(frame: &Frame, sheet: &DomainSheet<'_>) -> String {
    render(&DomainView {
        f: frame,
        s: sheet,
        name: visible(sheet.domain),
        section: visible(&sheet.section.name),
        action: domain_path(&sheet.section.id, sheet.domain),
        back: path(sheet.section),
        done: sheet.done.map(|done| done.words(frame)),
    })
}

fn files(frame: &Frame, row: &SectionRow) -> String {
    let size = shown::size(row.overview.kept.octets);
    let values = [("count", Value::from(row.overview.kept.files)), ("size", Value::from(size.as_str()))];
    text(frame.lang, "web-contract-files-value", &values)
}

/// The form for a new section.
#[derive(Debug, Clone, Copy)]
pub struct NewForm<'a> {
    /// As it was filled in.
    pub wanted: &'a NewSection,
    /// What is wrong with it.
    pub found: &'a [Found],
    /// What the form carries.
    pub form_key: &'a str,
}

#[derive(Template)]
#[template(path = "section_new.html")]
struct NewView<'a> {
    f: &'a Frame,
    n: &'a NewSection,
    s: Sheet<'a>,
    form_key: &'a str,
}

/// The form for a new section and its first administrator.
#[must_use]
pub fn new_section(frame: &Frame, form: &NewForm<'_>) -> String {
    let s = Sheet::of(frame, &form.wanted.entered, form.found, None);
    render(&NewView { f: frame, n: form.wanted, s, form_key: form.form_key })
}

#[derive(Template)]
#[template(path = "section_switch.html")]
struct SwitchView<'a> {
    f: &'a Frame,
    row: Row,
    title: String,
    means: Vec<String>,
    files: String,
    action: String,
    button: String,
    form_key: &'a str,
    busy: bool,
}

/// The question before a section is switched off, or on again: what happens then. `busy` where that was not done because others change it all the while.
#[must_use]
pub fn switch(frame: &Frame, of: &SectionRow, form_key: &str, busy: bool) -> String {
    let row = Row::of(frame, of);
    let (word, means): (&str, &[&str]) = if of.section.enabled {
        ("off", &["off-mail", "off-people", "off-links", "off-programs", "off-kept"])
    } else {
        ("on", &["on-means"])
    };
    render(&SwitchView {
        f: frame,
        title: frame.t(&format!("web-contract-{word}-title")),
        means: means.iter().map(|id| frame.t(&format!("web-contract-{id}"))).collect(),
        files: files(frame, of),
        action: format!("{}/{word}", row.path),
        button: frame.t(&format!("web-contract-{word}-do")),
        row,
        form_key,
        busy,
    })
}

#[cfg(test)]
mod tests;
