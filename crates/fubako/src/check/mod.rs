//! `fubako check`: what is right with an installation and its sections, what is wrong, and how to mend it (spec 7, RUN-SETUP,
//! X-ADMIN).
//!
//! It looks as others will: by DNS, by the certificate, by a file through the scanner. It changes nothing but one small object
//! in the storage, which it makes and deletes. Every step ends in bounded time, and one that cannot be taken is a finding, too.

mod clock;
mod door;
mod installation;
mod names;
mod scanner;
mod section;
mod senders;

use std::{collections::BTreeMap, sync::Arc};

use fubako_base::{Lang, ids::SectionId, lang::text};
use fubako_post::resolver::Resolver;
use serde::Serialize;
use serde_json::json;

pub use self::door::door;

use crate::{
    config::Config,
    parts::{self, Ground, StartError},
};

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Nobody could say; it may be well.
    Unknown,
    /// It works, and somebody will be sorry.
    Warning,
    /// It does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What kind of thing: `dns`, `tls`, `spf`, `dkim`, `dmarc`, `scanner`, `storage`, `clock`, `section`, `relay`, `smtp`, `access`.
    pub area: &'static str,
    /// What was found: the texts are `check-NAME` and, unless all is well, `check-NAME-next`.
    pub name: &'static str,
    /// How well it is.
    pub state: State,
    /// What it is about: a domain, a host, a file.
    pub about: String,
    /// What the texts name.
    pub values: Vec<(&'static str, String)>,
}

impl Finding {
    /// A finding about something.
    pub(crate) fn new(area: &'static str, state: State, name: &'static str, about: impl Into<String>) -> Self {
        Self { area, name, state, about: about.into(), values: Vec::new() }
    }

    /// With a value that its texts name.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// What was found.
    #[must_use]
    pub fn what(&self, lang: Lang) -> String {
        self.say(lang, "")
    }

    /// What to do; none where all is well.
    #[must_use]
    pub fn next(&self, lang: Lang) -> Option<String> {
        (self.state != State::Ok).then(|| self.say(lang, "-next"))
    }

    fn say(&self, lang: Lang, suffix: &str) -> String {
        let mut values = vec![("about", self.about.as_str().into())];
        values.extend(self.values.iter().map(|(name, value)| (*name, value.as_str().into())));
        text(lang, &format!("check-{}{suffix}", self.name), &values)
    }
}

/// A section's findings, or the installation's.
#[derive(Debug)]
pub struct Chapter {
    /// The section; none for the installation.
    pub section: Option<SectionId>,
    /// In the order in which they were looked at.
    pub findings: Vec<Finding>,
}

/// What everything here looks with.
pub(crate) struct Looker<'a> {
    pub(crate) config: &'a Config,
    pub(crate) ground: &'a Ground,
    pub(crate) dns: Arc<Resolver>,
}

/// Looks at the installation and at every section, or at one of them.
///
/// # Errors
/// [`StartError`] where there is no installation to look at, or no such section.
pub async fn run(config: &Config, only: Option<&SectionId>) -> Result<Vec<Chapter>, StartError> {
    let ground = Ground::existing(config).await?;
    let looker = Looker { config, ground: &ground, dns: parts::resolver(config)? };
    let checked = looker.everything(only).await;
    ground.store.close().await;
    checked
}

impl Looker<'_> {
    async fn everything(&self, only: Option<&SectionId>) -> Result<Vec<Chapter>, StartError> {
        let mut chapters = vec![Chapter { section: None, findings: self.installation().await }];
        let sections = self.ground.store.sections().await.map_err(|error| StartError(format!("database: {error}")))?;
        if let Some(id) = only.filter(|id| sections.iter().all(|section| section.id != **id)) {
            return Err(StartError(format!("there is no section {id}")));
        }
        let foreign = sections.iter().filter(|section| section.id != SectionId::installation());
        for section in foreign.filter(|section| only.is_none_or(|id| section.id == *id)) {
            chapters.push(Chapter { section: Some(section.id.clone()), findings: self.section(section).await });
        }
        Ok(chapters)
    }
}

/// Whether nothing is wrong; what only may be, or will be, is no reason for a bad exit code.
#[must_use]
pub fn is_well(chapters: &[Chapter]) -> bool {
    chapters.iter().flat_map(|chapter| &chapter.findings).all(|finding| finding.state != State::Wrong)
}

/// The report as people read it: what is wrong first, with what to do.
#[must_use]
pub fn as_text(chapters: &[Chapter], lang: Lang) -> String {
    let mut lines = Vec::new();
    for chapter in chapters {
        let title = match &chapter.section {
            None => text(lang, "check-title", &[]),
            Some(id) => text(lang, "check-title-section", &[("section", id.to_string().into())]),
        };
        lines.push(format!("== {title}"));
        let mut findings: Vec<&Finding> = chapter.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.state));
        for finding in findings {
            let sign = match finding.state {
                State::Ok => "✓",
                State::Unknown => "?",
                State::Warning => "!",
                State::Wrong => "✗",
            };
            lines.push(format!("{sign} [{}] {}", finding.area, finding.what(lang)));
            lines.extend(finding.next(lang).into_iter().map(|next| format!("    → {next}")));
        }
        lines.push(String::new());
    }
    let count = |state| chapters.iter().flat_map(|c| &c.findings).filter(|f| f.state == state).count().to_string();
    let values = [
        ("wrong", count(State::Wrong).into()),
        ("warnings", count(State::Warning).into()),
        ("unknown", count(State::Unknown).into()),
    ];
    lines.push(text(lang, if is_well(chapters) { "check-well" } else { "check-not-well" }, &values));
    lines.join("\n")
}

/// The report as one JSON object: `{"ok", "findings":[{"section", "area", "name", "state", "about", "values", "what", "next"}]}`.
#[must_use]
pub fn as_json(chapters: &[Chapter], lang: Lang) -> String {
    let row = |section: Option<&SectionId>, finding: &Finding| {
        let values: BTreeMap<_, _> = finding.values.iter().map(|(name, value)| (*name, value)).collect();
        json!({
            "section": section.map(ToString::to_string),
            "area": finding.area,
            "name": finding.name,
            "state": finding.state,
            "about": finding.about,
            "values": values,
            "what": finding.what(lang),
            "next": finding.next(lang),
        })
    };
    let rows =
        chapters.iter().flat_map(|chapter| chapter.findings.iter().map(move |f| row(chapter.section.as_ref(), f)));
    json!({ "ok": is_well(chapters), "findings": rows.collect::<Vec<_>>() }).to_string()
}

#[cfg(test)]
mod tests;
