//! What a declaration names of a section, and what stays because it does not.

use fubako_base::section::Section;

use super::SectionDeclaration;

/// What a file names of a section.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// Of the section itself.
    own: Vec<String>,
    /// Of its settings.
    pub(super) settings: Vec<String>,
}

impl Named {
    pub(super) fn has(&self, field: &str) -> bool {
        self.own.iter().any(|name| name == field)
    }
}

/// What a declaration names, section by section.
pub(super) fn named(text: &str) -> Vec<Named> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let keys = |table: &toml::Table| table.keys().cloned().collect();
    let sections = table.get("section").and_then(toml::Value::as_array).into_iter().flatten();
    let named = sections.filter_map(toml::Value::as_table).map(|section| {
        let settings = section.get("settings").and_then(toml::Value::as_table);
        Named { own: keys(section), settings: settings.map(keys).unwrap_or_default() }
    });
    named.collect()
}

impl SectionDeclaration {
    /// What is not named stays.
    pub(super) fn leave(&mut self, there: &Section) {
        let named = |field: &str| self.named.has(field);
        self.enabled = if named("enabled") { self.enabled } else { there.enabled };
        self.mail_link = if named("mail_link") { self.mail_link } else { there.mail_link };
        self.autopilot = if named("autopilot") { self.autopilot } else { there.autopilot };
        if !named("domains") {
            self.domains.clone_from(&there.domains);
        }
    }

    /// That keys are made for domains of the section alone.
    pub(super) fn check_dkim(&self) -> Result<(), String> {
        let stray = self.dkim.iter().find(|key| !self.domains.contains(&key.domain));
        stray.map_or(Ok(()), |key| Err(format!("dkim: {} is not among its domains", key.domain)))
    }
}
