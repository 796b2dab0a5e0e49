//! Sections as operators make and change them on screens (spec X-OPERATOR). Pure: what was entered in, a section and what is wrong with it out.
//!
//! Of a section's settings the operator has the contracted size here. What its administrators decide stands in [`super::policies`]; what wants DNS or a
//! secret (`link_url`, `proof`, `secret_header`) is declared by `fubako apply`. Names and domains are checked for declarations too, by the same functions.

use fubako_base::{
    ids::SectionId,
    section::{Section, Settings},
    shown::unseen,
};
use fubako_store::sections::User;

use super::{
    address::{address_as_kept, domain_as_kept},
    members::{self, Edit, Members, fields::Fields},
    policies::{self, MOST_SIZE, wide_digit},
};

/// Characters of a section's name.
pub const LONGEST_NAME: usize = 200;
/// Domains that a section may have.
pub const MOST_DOMAINS: usize = 1_000;
/// The units in which a size is entered, each with its octets: 1 KB is 1,024.
pub const UNITS: [(&str, u64); 5] = [("B", 1), ("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];

/// What somebody entered of a section, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entered {
    /// Its name.
    pub name: String,
    /// The mail-link option.
    pub mail_link: bool,
    /// Autopilot.
    pub autopilot: bool,
    /// Its domains, a line each.
    pub domains: String,
    /// Its contracted size: a whole number,
    pub size: String,
    /// of this one of [`UNITS`].
    pub unit: String,
}

/// What somebody entered of a section that is to be made, and of its first administrator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewSection {
    /// Its id.
    pub id: String,
    /// What it is to be like.
    pub entered: Entered,
    /// The administrator's login id.
    pub login_id: String,
    /// The administrator's mail address.
    pub address: String,
}

/// Why something cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The id is not 1 to 64 of `a-z`, `0-9` and `-`, beginning with a letter or digit.
    Id,
    /// The id is the product's own.
    OwnId,
    /// A section has this id.
    IdTaken,
    /// There is no name, or one of more than [`LONGEST_NAME`] characters, or with such as cannot be seen.
    Name,
    /// It is no domain.
    NoDomain(String),
    /// It is `*.` and something: a registered domain stands for those below it too.
    WildDomain(String),
    /// They are more than [`MOST_DOMAINS`].
    TooManyDomains,
    /// Another section has the domain.
    DomainTaken {
        /// The domain.
        domain: String,
        /// Whose it is.
        section: SectionId,
    },
    /// It is no whole number of 1 to [`MOST_SIZE`] octets.
    Size,
    /// The first administrator cannot be had.
    Administrator(members::Fault),
}

/// A fault, and the field of the form that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong.
    pub fault: Fault,
}

/// The form's fields, in the order in which they are shown.
pub const FIELDS: [&str; 8] =
    ["id", "name", "domains", "mail_link", "autopilot", "max_deposit_size", "login_id", "address"];

/// In the order of the form's fields.
#[must_use]
pub fn in_order(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| FIELDS.iter().position(|field| *field == found.field));
    found
}

/// Whether a section may be called so: recipients are shown it, so there is something to see, and nothing else in it.
#[must_use]
pub fn is_name(name: &str) -> bool {
    // The joiners are seen by what they join.
    let is_seen = |c: char| !c.is_whitespace() && !matches!(c, '\u{200c}' | '\u{200d}');
    name.chars().count() <= LONGEST_NAME && name.chars().any(is_seen) && !name.chars().any(unseen)
}

/// A size in the largest unit of which it is a whole number.
#[must_use]
pub fn in_unit(octets: u64) -> (u64, &'static str) {
    let whole = UNITS.iter().rev().find(|(_, one)| octets > 0 && octets.is_multiple_of(*one));
    whole.map_or((octets, "B"), |(unit, one)| (octets / one, unit))
}

impl Entered {
    /// What the form has of a section that is there.
    #[must_use]
    pub fn of(section: &Section) -> Self {
        let (size, unit) = in_unit(section.settings.max_deposit_size);
        Self {
            name: section.name.clone(),
            mail_link: section.mail_link,
            autopilot: section.autopilot,
            domains: section.domains.join("\n"),
            size: size.to_string(),
            unit: unit.to_owned(),
        }
    }
}

const fn yes(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

/// What of a section is changed by the form: by its [`members::fields::mark`] the form says from what it was made.
#[must_use]
pub fn of_section(section: &Section) -> Fields {
    let mut domains = section.domains.clone();
    domains.sort();
    vec![
        ("name", section.name.clone()),
        ("domains", domains.join("\n")),
        ("mail_link", yes(section.mail_link).to_owned()),
        ("autopilot", yes(section.autopilot).to_owned()),
        ("max_deposit_size", section.settings.max_deposit_size.to_string()),
    ]
}

/// What differs between a section as it was and as it is: name, what was, what is; lists with a comma between their entries.
#[must_use]
pub fn differences(old: &Section, new: &Section) -> Vec<(String, String, String)> {
    let own = |section: &Section| {
        let enabled = ("enabled", yes(section.enabled).to_owned());
        let fields = of_section(section).into_iter().filter(|(name, _)| *name != "max_deposit_size");
        [enabled].into_iter().chain(fields).map(|(name, value)| (name, value.replace('\n', ", "))).collect::<Fields>()
    };
    let both = own(old).into_iter().zip(own(new));
    let of_itself = both.map(|((name, old), (_, new))| (name.to_owned(), old, new));
    let of_itself = of_itself.filter(|(_, old, new)| old != new);
    of_itself.chain(policies::differences(&old.settings, &new.settings)).collect()
}

/// A section that is there with what was entered put over it; and what is wrong with that, in the fields' order. What is wrong stays as it was.
#[must_use]
pub fn read(there: &Section, entered: &Entered) -> (Section, Vec<Found>) {
    let mut found = Vec::new();
    let mut section = Section { mail_link: entered.mail_link, autopilot: entered.autopilot, ..there.clone() };
    let name = entered.name.trim();
    if is_name(name) {
        name.clone_into(&mut section.name);
    } else {
        found.push(Found { field: "name", fault: Fault::Name });
    }
    match read_domains(&entered.domains) {
        Ok(domains) => section.domains = domains,
        Err(faults) => found.extend(faults.into_iter().map(|fault| Found { field: "domains", fault })),
    }
    match read_size(&entered.size, &entered.unit) {
        Some(size) => section.settings.max_deposit_size = size,
        None => found.push(Found { field: "max_deposit_size", fault: Fault::Size }),
    }
    (section, found)
}

/// A section that is to be made, and its first administrator; and what is wrong with them, in the fields' order. Where the id is none, it is the product's own.
#[must_use]
pub fn read_new(wanted: &NewSection) -> (Section, User, Vec<Found>) {
    let id = match wanted.id.trim().parse() {
        Ok(id) if id == SectionId::installation() => Err(Fault::OwnId),
        Ok(id) => Ok(id),
        Err(_) => Err(Fault::Id),
    };
    let mut found: Vec<Found> =
        id.as_ref().err().into_iter().map(|fault| Found { field: "id", fault: fault.clone() }).collect();
    let blank = Section {
        id: id.unwrap_or_else(|_| SectionId::installation()),
        name: String::new(),
        enabled: true,
        mail_link: false,
        autopilot: false,
        domains: Vec::new(),
        settings: Settings::default(),
    };
    let (section, faults) = read(&blank, &wanted.entered);
    found.extend(faults);
    let address = wanted.address.trim();
    let user = User {
        section: section.id.clone(),
        login_id: wanted.login_id.trim().to_owned(),
        address: address_as_kept(address).unwrap_or_else(|| address.to_owned()),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: true,
        approver: false,
        password_never_expires: false,
    };
    // Nobody is there yet who could be shut out.
    let plan = members::plan(&section.id, &Members::default(), &[Edit::AddUser(user.clone())], "");
    let faults = plan.err().unwrap_or_default().into_iter().map(|found| found.fault);
    found.extend(faults.map(|fault| Found {
        field: if fault == members::Fault::LoginId { "login_id" } else { "address" },
        fault: Fault::Administrator(fault),
    }));
    (section, user, found)
}

/// Domains, a line each, as they are kept: A-labels, each once, in order.
fn read_domains(text: &str) -> Result<Vec<String>, Vec<Fault>> {
    let (mut domains, mut faults) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match domain_as_kept(line) {
            Some(domain) => domains.push(domain),
            None if line.starts_with("*.") => faults.push(Fault::WildDomain(line.to_owned())),
            None => faults.push(Fault::NoDomain(line.to_owned())),
        }
    }
    domains.sort();
    domains.dedup();
    if domains.len() > MOST_DOMAINS {
        faults.push(Fault::TooManyDomains);
    }
    // As many as anybody reads.
    faults.truncate(members::MOST_FAULTS);
    if faults.is_empty() { Ok(domains) } else { Err(faults) }
}

/// Octets. Digits may be as wide as Japanese input makes them.
fn read_size(size: &str, unit: &str) -> Option<u64> {
    let (_, one) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let narrow = |c: char| c.to_digit(10).or_else(|| wide_digit(c)).and_then(|digit| char::from_digit(digit, 10));
    let digits: String = size.trim().chars().map(narrow).collect::<Option<_>>()?;
    let octets = digits.parse::<u64>().ok()?.checked_mul(*one)?;
    (1..=MOST_SIZE).contains(&octets).then_some(octets)
}

#[cfg(test)]
mod tests;
