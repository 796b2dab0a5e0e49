//! What the gateway would write, for `inspect --rewrite`: the same stages without spool, exchange and queue.

use std::ops::Range;

use fubako_base::{
    Timestamp,
    ids::MailId,
    secret::FilePassword,
    section::{ApprovalRule, Settings, Way},
};
use fubako_mail::{Decision, Outline, Plan, Step, plan::Body};

use crate::{composition::Composition, letter::Letter, read};

/// What stands for the things that a dry run has not.
pub struct Preview<'a> {
    /// The section's settings.
    pub settings: &'a Settings,
    /// `brand.name`.
    pub brand: &'a str,
    /// Our host name.
    pub hostname: &'a str,
    /// The id the mail would have.
    pub id: MailId,
    /// When it would have been received.
    pub received_at: Timestamp,
    /// The password it would have.
    pub password: &'a FilePassword,
}

/// The octets of a body that are looked at to tell its language.
#[must_use]
pub fn sample_range(body: &Body) -> Range<u64> {
    read::sample_range(body)
}

/// Adds a body's beginning, given as it stands in the mail, to the sample.
pub fn add_sample(body: &Body, octets: &[u8], sample: &mut String) {
    read::add_sample(body, octets, sample);
}

/// The steps that write the mail. Nothing for a mail that is stopped or held.
#[must_use]
pub fn steps(outline: &Outline, plan: &Plan, sample: &str, with: &Preview<'_>) -> Vec<Step> {
    let date = with.received_at.rfc5322(&with.settings.time_zone);
    let composition = Composition {
        outline,
        plan,
        letter: &Letter::of(outline, plan, with.settings, sample),
        settings: with.settings,
        brand: with.brand,
        hostname: with.hostname,
        id: with.id,
        received_at: with.received_at,
        received_field: &format!("from inspect by {} id {}; {date}", with.hostname, with.id),
        results_field: "",
    };
    match plan.decision {
        Decision::Relay => composition.unchanged(),
        Decision::Deposit => {
            // Of groups a dry run knows nothing.
            let approval = with.settings.approval == ApprovalRule::One;
            let password = Some(with.password).filter(|_| with.settings.access.allows(Way::PasswordInMail));
            composition.rebuilt(&composition.notice_subject(), password, approval)
        }
        Decision::Stop | Decision::Hold => Vec::new(),
    }
}
