//! The mail as a person sees it.

use fubako_base::{Lang, section::Settings};
use fubako_mail::{Outline, Plan, charset};

use crate::read::{from_of, subject_of};

/// The mail as a person sees it: what notices and the deposit say of it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The From field's first address.
    pub from_address: String,
    /// Its display name; empty where there is none.
    pub from_name: String,
    /// The subject, decoded; empty where there is none.
    pub subject: String,
    /// The languages that the section's notices have for this mail.
    pub notice_langs: Vec<Lang>,
}

impl Letter {
    /// The letter that an outline is of; `sample` is the beginning of its bodies.
    #[must_use]
    pub fn of(outline: &Outline, plan: &Plan, settings: &Settings, sample: &str) -> Self {
        let (from_name, from_address) = from_of(&outline.header).unwrap_or_default();
        let subject = subject_of(&outline.header);
        let lang = language(outline, plan, &subject, sample);
        Self { from_address, from_name, subject, notice_langs: settings.language.langs(lang) }
    }

    /// The sender as the notice names them.
    pub(crate) fn sender(&self) -> String {
        if self.from_name.is_empty() {
            self.from_address.clone()
        } else {
            format!("{} <{}>", self.from_name, self.from_address)
        }
    }
}

/// The mail's own language: what it declares, else what its subject, bodies, charsets and file names show.
fn language(outline: &Outline, plan: &Plan, subject: &str, sample: &str) -> Lang {
    let declared = outline.header.first("content-language").map(|f| f.unstructured().to_lowercase());
    match declared.as_deref() {
        Some(tag) if tag.starts_with("ja") => return Lang::Ja,
        Some(tag) if tag.starts_with("en") => return Lang::En,
        _ => {}
    }
    let japanese = charset::looks_japanese(subject)
        || charset::looks_japanese(sample)
        || plan.bodies.iter().any(|body| body.charset.as_deref().is_some_and(charset::is_japanese_label))
        || plan.attachments.iter().any(|file| charset::looks_japanese(&file.name));
    if japanese { Lang::Ja } else { Lang::En }
}
