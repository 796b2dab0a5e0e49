//! The look at one section that its administrators ask for on their page (spec X-ADMIN): the same as [`super::run`]'s, told to people who have screens and
//! their own DNS, and neither the configuration nor the declaration.

use std::sync::Arc;

use fubako_base::{
    Lang,
    lang::{has_text, text},
};
use fubako_web::{How, Looked, SetUpCheck};

use super::{Finding, Looker, State};
use crate::{
    config::Config,
    parts::{self, Ground, StartError},
};

/// What is mended in a domain's DNS or at the mail service, by the words that an operator reads too. What is mended on screens has words of its own
/// (`check-NAME-screens`, and where what was found is said otherwise too, `check-NAME-screens-what`), and all else is the operator's.
pub(super) const IN_THEIR_HANDS: [&str; 12] = [
    "dkim-different",
    "dkim-missing",
    "dmarc-broken",
    "dmarc-missing",
    "mx-missing",
    "own-domain-missing",
    "record-twice",
    "spf-broken",
    "spf-missing",
    "spf-not-us",
    "spf-open",
    "spf-wide",
];

/// What the page is given.
///
/// # Errors
/// [`StartError`] where the name servers of the configuration cannot be used.
pub fn door(config: &Config, ground: &Arc<Ground>) -> Result<SetUpCheck, StartError> {
    let (config, ground, dns) = (Arc::new(config.clone()), Arc::clone(ground), parts::resolver(config)?);
    Ok(Arc::new(move |section, lang| {
        let (config, ground, dns) = (Arc::clone(&config), Arc::clone(&ground), Arc::clone(&dns));
        Box::pin(async move {
            let there = ground.store.section(&section).await.map_err(|error| error.to_string())?;
            let there = there.ok_or_else(|| format!("there is no section {section}"))?;
            let findings = Looker { config: &config, ground: &ground, dns }.section(&there).await;
            Ok(findings.iter().map(|finding| looked(finding, lang)).collect())
        })
    }))
}

/// A finding as an administrator is told it: without the private cause of what failed here.
pub(super) fn looked(finding: &Finding, lang: Lang) -> Looked {
    let state = match finding.state {
        State::Ok => How::Well,
        State::Unknown => How::Unknown,
        State::Warning => How::Warning,
        State::Wrong => How::Wrong,
    };
    if finding.area == "storage" || finding.name == "dkim-key" {
        return Looked { area: finding.area, state: How::Unknown, what: text(lang, "mail-link-away", &[]), next: None };
    }
    let says = |suffix: &str| has_text(lang, &format!("check-{}{suffix}", finding.name));
    let what = if says("-screens-what") { finding.say(lang, "-screens-what") } else { finding.what(lang) };
    let screens = says("-screens").then(|| finding.say(lang, "-screens"));
    let next = match (finding.state, screens) {
        (State::Ok, _) => None,
        (_, Some(screens)) => Some(screens),
        _ if IN_THEIR_HANDS.contains(&finding.name) => finding.next(lang),
        _ => Some(text(lang, "mail-link-ask-operator", &[])),
    };
    Looked { area: finding.area, state, what, next }
}
