//! MTA-STS (RFC 8461): a recipients' domain says which hosts take its mail, and that they do so under verified TLS.
//!
//! What a record and a policy say is read here, purely. [`keep`]: how a policy is found and kept; [`fetch`]: the way to it.

pub mod fetch;
pub mod keep;

use crate::route::a_label;

/// Octets of a policy (RFC 8461, 3.2 suggests as much).
pub const MAX_POLICY: usize = 64 * 1024;
/// Seconds that a policy may be kept at most (RFC 8461, 3.2).
const MAX_AGE: u64 = 31_557_600;
/// Hosts and patterns that a policy may list.
const MAX_HOSTS: usize = 256;

/// What is done where a host does not live up to the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It gets no mail.
    Enforce,
    /// It is noted, and the mail goes.
    Testing,
    /// Nothing: the domain gives its policy up.
    None,
}

/// A domain's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is done where a host does not live up to it.
    pub mode: Mode,
    /// Hosts (`mx.example.com`) and patterns (`*.example.com`), A-labels in lower case.
    pub hosts: Vec<String>,
    /// Seconds from when it was fetched for which it holds.
    pub max_age: u64,
}

/// A policy that cannot be used. For the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPolicy(&'static str);

impl Policy {
    /// Whether a host is one of the domain's: named, or below a pattern by exactly one label (RFC 8461, 4.1).
    #[must_use]
    pub fn lists(&self, host: &str) -> bool {
        let Some(host) = a_label(host) else { return false };
        self.hosts.iter().any(|one| match one.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => *one == host,
        })
    }

    /// Reads a policy (RFC 8461, 3.2). Unknown fields are passed over; of a field that may stand once the first counts.
    ///
    /// # Errors
    /// [`InvalidPolicy`]: no version, mode, age or host, or one that cannot be read.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        let (mut version, mut mode, mut max_age, mut hosts) = (None, None, None, Vec::new());
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line).trim_end_matches([' ', '\t']);
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(InvalidPolicy("a line is no field"))?;
            let value = value.trim_start_matches([' ', '\t']);
            match name {
                "version" => _ = version.get_or_insert(value),
                "mode" => _ = mode.get_or_insert(value),
                "max_age" => _ = max_age.get_or_insert(value),
                "mx" if hosts.len() < MAX_HOSTS => hosts.push(host(value)?),
                "mx" => return Err(InvalidPolicy("too many hosts")),
                name if is_name(name) => {}
                _ => return Err(InvalidPolicy("a field without a name")),
            }
        }
        if version != Some("STSv1") {
            return Err(InvalidPolicy("no version that is known"));
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err(InvalidPolicy("no mode that is known")),
        };
        if hosts.is_empty() && mode != Mode::None {
            return Err(InvalidPolicy("no host"));
        }
        let max_age = max_age
            .filter(|digits| (1..=10).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u64>().ok())
            .ok_or(InvalidPolicy("no age"))?;
        Ok(Self { mode, hosts, max_age: max_age.min(MAX_AGE) })
    }
}

/// A host or a pattern with its one wildcard label leftmost.
fn host(value: &str) -> Result<String, InvalidPolicy> {
    let invalid = InvalidPolicy("a host that is no name");
    match value.strip_prefix("*.") {
        Some(parent) => a_label(parent).map(|parent| format!("*.{parent}")).ok_or(invalid),
        None => a_label(value).ok_or(invalid),
    }
}

/// A field's name: letters, digits, `_`, `-` and `.`, at most 32, the first a letter or digit.
fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.'))
}

/// The id of a domain's policy out of the TXT records at `_mta-sts`; none where it does not say that it has one: no record or
/// several, or one that cannot be read (RFC 8461, 3.1).
#[must_use]
pub fn policy_id(records: &[String]) -> Option<String> {
    let mut ours = records.iter().filter_map(|record| {
        let rest = record.strip_prefix("v=STSv1")?;
        // The version ends here: `v=STSv12` is another one.
        rest.trim_start_matches([' ', '\t']).strip_prefix(';')
    });
    let fields = ours.next().filter(|_| ours.next().is_none())?;
    let mut id = None;
    for field in fields.split(';').map(|field| field.trim_matches([' ', '\t'])).filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=')?;
        let (name, value) = (name.trim_end_matches([' ', '\t']), value.trim_start_matches([' ', '\t']));
        if !is_name(name) || value.is_empty() {
            return None;
        }
        if name == "id" {
            _ = id.get_or_insert(value);
        }
    }
    let id = id?;
    let good = (1..=32).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
    good.then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
