//! The page of a section's mail-link settings and their set-up check (spec X-ADMIN).

use askama::Template;
use fubako_base::{Lang, section::Proof, shown::visible};
use fubako_exchange::policies::Policies;

use super::{Frame, encoded, render};
use crate::mail_link::{How, Looked};

/// What came of the set-up check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Nobody asked for it.
    NotAsked,
    /// What was found, the worst first.
    Found(Vec<Looked>),
    /// Others have theirs looked at just now.
    Busy,
    /// It took too long.
    Late,
    /// It could not be done.
    Failed,
}

/// The page.
#[derive(Debug, Clone, Copy)]
pub struct MailLinkPage<'a> {
    /// The section's policies, and who deposits for it.
    pub policies: &'a Policies,
    /// What came of the check.
    pub check: &'a Check,
    /// What its form carries.
    pub form_key: &'a str,
}

struct Row {
    area: String,
    how: String,
    wrong: bool,
    well: bool,
    what: String,
    next: Option<String>,
}

/// Somebody or something with a page of its own.
struct Leads {
    path: String,
    words: String,
}

#[derive(Template)]
#[template(path = "mail_link.html")]
struct Page<'a> {
    f: &'a Frame,
    p: &'a MailLinkPage<'a>,
    domains: Vec<String>,
    proof: String,
    proof_means: String,
    header: Option<String>,
    group: Option<Leads>,
    default_user: Option<Leads>,
    rows: Option<Vec<Row>>,
    summary: Option<String>,
    trouble: Option<String>,
}

/// The page.
#[must_use]
pub fn mail_link(frame: &Frame, page: &MailLinkPage<'_>) -> String {
    let settings = &page.policies.section.settings;
    let proof = settings.proof.name();
    let row = |one: &Looked| Row {
        area: frame.t(&format!("mail-link-area-{}", one.area)),
        how: frame.t(how(one.state)),
        wrong: one.state == How::Wrong,
        well: one.state == How::Well,
        what: one.what.clone(),
        next: one.next.clone(),
    };
    let found = if let Check::Found(found) = page.check { Some(found) } else { None };
    let trouble = match page.check {
        Check::NotAsked | Check::Found(_) => None,
        Check::Busy => Some("mail-link-check-busy"),
        Check::Late => Some("mail-link-check-late"),
        Check::Failed => Some("mail-link-check-failed"),
    };
    render(&Page {
        f: frame,
        p: page,
        domains: page.policies.section.domains.iter().map(|domain| visible(domain)).collect(),
        proof: frame.t(&format!("policy-proof-{proof}")),
        proof_means: frame.t(&format!("mail-link-proof-{proof}")),
        header: settings.secret_header.as_deref().filter(|_| settings.proof == Proof::SecretHeader).map(visible),
        group: page
            .policies
            .mail_link_group
            .as_deref()
            .map(|name| Leads { path: format!("/section/group/{}", encoded(name)), words: visible(name) }),
        default_user: page.policies.default_user.as_ref().map(|user| Leads {
            path: format!("/section/user/{}", encoded(&user.login_id)),
            words: visible(&user.login_id),
        }),
        rows: found.map(|found| found.iter().map(row).collect()),
        summary: found.map(|found| summary(frame, found)),
        trouble: trouble.map(|id| frame.t(id)),
    })
}

fn summary(frame: &Frame, found: &[Looked]) -> String {
    let wrong = found.iter().filter(|one| one.state == How::Wrong).count();
    match wrong {
        0 => frame.t("mail-link-check-well"),
        wrong => frame.count("mail-link-check-wrong", &u64::try_from(wrong).unwrap_or(u64::MAX)),
    }
}

const fn how(state: How) -> &'static str {
    match state {
        How::Well => "mail-link-well",
        How::Unknown => "mail-link-unknown",
        How::Warning => "mail-link-warning",
        How::Wrong => "mail-link-wrong",
    }
}
