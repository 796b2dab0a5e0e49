//! A section's policies, as its administrators set them on screens and the operator by `fubako apply` (spec X-ADMIN). Pure.
//!
//! # From what is entered to what is set
//! 1. [`FIELDS`] says of each policy in which part of the screens it stands and of what kind it is. What is no field there is the operator's:
//!    the contract and what wants DNS or the mail server ([`OPERATORS`]).
//! 2. What was entered for a part is read by each field's kind and put over what is set ([`read`]).
//! 3. What would then be set is checked as a whole ([`check`]); of a declaration too, so that the screens and the file take and refuse the same.
//! 4. What differs is recorded, field by field ([`differences`]).
//!
//! All faults are found at once, each with the field that it is of.

mod fault;

use std::ops::RangeInclusive;

use fubako_base::{
    network::{InvalidNetwork, Network},
    section::{APPROVAL_DAYS, LEAST_PASSWORD, MOST_CHARACTERS, MOST_FILES, MOST_RECIPIENTS, Proof, Settings, Way},
};
use serde_json::{Map, Value};

pub use self::fault::{Fault, Found};
use super::{address::domain_as_kept, members::fields::Fields};

/// Characters of the section's own words above the notice.
pub const LONGEST_WORDING: usize = 2_000;
/// Entries that a list (of names, destinations, networks) may have.
pub const MOST_ENTRIES: usize = 1_000;
/// Characters that an entry of a list may have.
pub const LONGEST_ENTRY: usize = 320;

/// Octets that a contracted size may be at most: 1,024 TB.
pub const MOST_SIZE: u64 = 1 << 50;

/// What of the screens a policy stands in; each part is a form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Who receives, how they prove themselves, for how long.
    Recipients,
    /// Which files may be sent, and what they may be called.
    Files,
    /// Whether an approver must agree.
    Approval,
    /// How the section's people sign in, and from where.
    People,
    /// The notice in relayed mails.
    Notice,
}

impl Part {
    /// Every part, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Recipients, Self::Files, Self::Approval, Self::People, Self::Notice];

    /// The word for it in an address.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recipients => "recipients",
            Self::Files => "files",
            Self::Approval => "approval",
            Self::People => "people",
            Self::Notice => "notice",
        }
    }

    /// The part with this word.
    #[must_use]
    pub fn called(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.word() == word)
    }

    /// Its fields, in the order in which they are shown.
    pub fn fields(self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(move |field| field.part == self)
    }
}

/// Of what kind a policy is: how it is entered, and what may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number(RangeInclusive<u32>),
    /// A whole number, or none.
    NumberOrNone(RangeInclusive<u32>),
    /// One of these words.
    One(&'static [&'static str]),
    /// Some of these words, at least one; a line each.
    Some(&'static [&'static str]),
    /// Yes or no.
    Flag,
    /// Any number of texts, a line each.
    Lines,
    /// Addresses and domains, a line each.
    Destinations,
    /// Networks, a line each.
    Networks,
    /// Plain text of several lines, or none.
    Text,
    /// The name of a time zone.
    Zone,
}

/// A policy that administrators set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as a declaration has it.
    pub name: &'static str,
    /// Where it stands.
    pub part: Part,
    /// Of what kind it is.
    pub kind: Kind,
}

const fn field(part: Part, name: &'static str, kind: Kind) -> Field {
    Field { name, part, kind }
}

const WAYS: &[&str] = &[Way::PasswordInMail.name(), Way::OneTimeCode.name(), Way::Account.name()];
const UNCHECKED: &[&str] = &["stop", "pass"];
/// Days that anything is kept.
const DAYS: RangeInclusive<u32> = 1..=365;
/// Wrong tries that count for anything.
const TRIES: RangeInclusive<u32> = 1..=1_000;

const fn wide(range: &RangeInclusive<u16>) -> RangeInclusive<u32> {
    *range.start() as u32..=*range.end() as u32
}

/// Every policy that administrators set, in the order in which they are shown.
pub static FIELDS: [Field; 28] = [
    field(Part::Recipients, "access", Kind::Some(WAYS)),
    field(Part::Recipients, "keep_days", Kind::Number(DAYS)),
    field(Part::Recipients, "longest_keep_days", Kind::Number(DAYS)),
    field(Part::Recipients, "max_recipients", Kind::Number(1..=MOST_RECIPIENTS)),
    field(Part::Recipients, "allowed_destinations", Kind::Destinations),
    field(Part::Recipients, "denied_destinations", Kind::Destinations),
    field(Part::Recipients, "free_tries", Kind::Number(0..=1_000)),
    field(Part::Recipients, "max_tries", Kind::Number(TRIES)),
    field(Part::Recipients, "lock_minutes", Kind::Number(1..=525_600)),
    field(Part::Files, "max_files", Kind::Number(1..=MOST_FILES)),
    field(Part::Files, "max_subject", Kind::Number(1..=MOST_CHARACTERS)),
    field(Part::Files, "names", Kind::One(&["persons", "all", "repair"])),
    field(Part::Files, "forbidden_names", Kind::Lines),
    field(Part::Files, "open_tnef", Kind::Flag),
    field(Part::Files, "encrypted_files", Kind::One(UNCHECKED)),
    field(Part::Files, "files_past_scan_limits", Kind::One(UNCHECKED)),
    field(Part::Approval, "approval", Kind::One(&["none", "one"])),
    field(Part::Approval, "approval_days", Kind::Number(wide(&APPROVAL_DAYS))),
    field(Part::People, "password_length", Kind::Number(wide(&LEAST_PASSWORD))),
    field(Part::People, "password_days", Kind::NumberOrNone(1..=3_650)),
    field(Part::People, "sign_in_tries", Kind::Number(TRIES)),
    field(Part::People, "second_factor", Kind::One(&["optional", "required"])),
    field(Part::People, "screen_networks", Kind::Networks),
    field(Part::People, "api_networks", Kind::Networks),
    field(Part::Notice, "language", Kind::One(&["auto", "ja", "en", "both"])),
    field(Part::Notice, "notice_position", Kind::One(&["top", "end"])),
    field(Part::Notice, "time_zone", Kind::Zone),
    field(Part::Notice, "notice_wording", Kind::Text),
];

/// The settings that only the operator sets.
pub const OPERATORS: [&str; 4] = ["max_deposit_size", "link_url", "proof", "secret_header"];

/// Settings as a declaration has them: each by its name.
fn values(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(values)) => values,
        _ => Map::new(),
    }
}

/// A value as it is entered and recorded; nothing is no, or none.
fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Array(all)) => all.iter().map(|one| shown(Some(one))).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

/// A part's policies as its form has them, by name.
#[must_use]
pub fn of_part(settings: &Settings, part: Part) -> Fields {
    let values = values(settings);
    part.fields().map(|field| (field.name, shown(values.get(field.name)))).collect()
}

/// What differs between settings: name, what was, what is; lists with a comma between their entries.
#[must_use]
pub fn differences(old: &Settings, new: &Settings) -> Vec<(String, String, String)> {
    let (old, new) = (values(old), values(new));
    let one = |value: Option<&Value>| shown(value).replace('\n', ", ");
    let all = new.keys().map(|name| (name.clone(), one(old.get(name)), one(new.get(name))));
    all.filter(|(_, old, new)| old != new).collect()
}

/// The settings with those that are named taken from `declared`, and all others as they are (`fubako apply`).
///
/// # Errors
/// None but where settings cannot be written or read.
pub fn put_over(there: &Settings, declared: &Settings, named: &[String]) -> Result<Settings, serde_json::Error> {
    let (mut over, declared) = (values(there), values(declared));
    // A name that stands for another setting (`password_in_mail`) is no value of its own.
    over.extend(declared.into_iter().filter(|(name, _)| named.contains(name)));
    serde_json::from_value(over.into())
}

/// What was entered for a part put over what is set.
///
/// # Errors
/// Every fault of the part's fields, in their order.
pub fn read(there: &Settings, part: Part, entered: &Fields) -> Result<Settings, Vec<Found>> {
    let mut over = values(there);
    let mut found = Vec::new();
    for field in part.fields() {
        let text = entered.iter().find_map(|(name, text)| (*name == field.name).then_some(text.as_str()));
        match field.value(text.unwrap_or_default()) {
            Ok(value) => drop(over.insert(field.name.to_owned(), value)),
            Err(fault) => found.push(Found { field: field.name, fault }),
        }
    }
    // Each value is of its field's kind, so they can be read.
    let settings = serde_json::from_value(over.into()).unwrap_or_else(|_| there.clone());
    let is_of_part = |found: &Found| part.fields().any(|field| field.name == found.field);
    let wrong: Vec<Found> = check(&settings).into_iter().filter(is_of_part).collect();
    found.extend(wrong);
    let place = |found: &Found| part.fields().position(|field| field.name == found.field);
    found.sort_by_key(place);
    if found.is_empty() { Ok(settings) } else { Err(found) }
}

/// What is wrong with settings, whoever wants them: the fields of the table by their kinds, then what must fit together, then the operator's own.
#[must_use]
pub fn check(settings: &Settings) -> Vec<Found> {
    let values = values(settings);
    let by_kind = FIELDS.iter().filter_map(|field| {
        let fault = field.fault_of(values.get(field.name)?)?;
        Some(Found { field: field.name, fault })
    });
    let mut found: Vec<Found> = by_kind.collect();
    let mut push = |wrong: bool, field, fault| found.extend(wrong.then_some(Found { field, fault }));
    push(settings.free_tries > settings.max_tries, "max_tries", Fault::FewerTries);
    push(!(1..=MOST_SIZE).contains(&settings.max_deposit_size), "max_deposit_size", Fault::NoSize);
    push(settings.link_url.as_ref().is_some_and(|url| !is_site(url)), "link_url", Fault::NoSite);
    let header = settings.secret_header.as_ref();
    push(header.is_some_and(|name| !is_field_of_its_own(name)), "secret_header", Fault::NoFieldOfItsOwn);
    let lacking = settings.proof == Proof::SecretHeader && header.is_none();
    push(lacking, "secret_header", Fault::NoSecretHeader);
    found
}

impl Field {
    /// What was entered as a value. Digits may be as wide as Japanese input makes them.
    fn value(&self, text: &str) -> Result<Value, Fault> {
        let text = text.trim();
        let number = || {
            let narrow = |c: char| c.to_digit(10).or_else(|| wide_digit(c)).and_then(|d| char::from_digit(d, 10));
            let digits: Option<String> = text.chars().map(narrow).collect();
            let number = digits.and_then(|digits| digits.parse::<u32>().ok());
            let value = number.map(Value::from).ok_or_else(|| self.number_fault())?;
            self.fault_of(&value).map_or(Ok(value), Err)
        };
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        match &self.kind {
            Kind::NumberOrNone(_) if text.is_empty() => Ok(Value::Null),
            Kind::Number(_) | Kind::NumberOrNone(_) => number(),
            Kind::One(words) if words.contains(&text) => Ok(text.into()),
            Kind::One(_) => Err(Fault::NoneOfThese),
            Kind::Some(words) => {
                let chosen: Vec<Value> =
                    words.iter().filter(|word| lines().any(|line| line == **word)).map(|word| (*word).into()).collect();
                if chosen.is_empty() { Err(Fault::NoneChosen) } else { Ok(chosen.into()) }
            }
            Kind::Flag => Ok((!text.is_empty()).into()),
            Kind::Lines | Kind::Destinations => Ok(lines().collect::<Vec<_>>().into()),
            Kind::Networks => {
                let networks: Result<Vec<Network>, _> = lines().map(|line| line.parse()).collect();
                let networks = networks.map_err(|error| match error {
                    InvalidNetwork::Unread(text) => Fault::NoNetwork(text),
                    InvalidNetwork::Beyond(text, whole) => Fault::BeyondNetwork(text, whole.to_string()),
                })?;
                Ok(networks.into_iter().map(String::from).collect::<Vec<_>>().into())
            }
            Kind::Text if text.is_empty() => Ok(Value::Null),
            Kind::Text => Ok(text.replace("\r\n", "\n").into()),
            Kind::Zone => Ok(text.into()),
        }
    }

    fn number_fault(&self) -> Fault {
        match &self.kind {
            Kind::Number(range) | Kind::NumberOrNone(range) => {
                Fault::Number { least: *range.start(), most: *range.end() }
            }
            _ => Fault::NoneOfThese,
        }
    }

    /// What is wrong with a value of the field's kind.
    fn fault_of(&self, value: &Value) -> Option<Fault> {
        let texts = || value.as_array().into_iter().flatten().filter_map(Value::as_str);
        let long = || texts().find(|text| text.chars().count() > LONGEST_ENTRY).map(|_| Fault::LongEntry);
        let many = || (texts().count() > MOST_ENTRIES).then_some(Fault::TooManyEntries);
        match &self.kind {
            Kind::NumberOrNone(_) if value.is_null() => None,
            Kind::Number(range) | Kind::NumberOrNone(range) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                (!number.is_some_and(|number| range.contains(&number))).then(|| self.number_fault())
            }
            Kind::Destinations => {
                let wrong = texts().find(|text| !is_destination(text));
                wrong.map(|text| Fault::NoDestination(text.to_owned())).or_else(long).or_else(many)
            }
            Kind::Lines | Kind::Networks => long().or_else(many),
            Kind::Text => {
                let length = value.as_str().map_or(0, |text| text.chars().count());
                (length > LONGEST_WORDING).then_some(Fault::LongText)
            }
            Kind::Zone => {
                let name = value.as_str().unwrap_or_default();
                jiff::tz::TimeZone::get(name).err().map(|_| Fault::NoZone(name.to_owned()))
            }
            Kind::One(_) | Kind::Some(_) | Kind::Flag => None,
        }
    }
}

/// A digit as wide as a Japanese character.
pub(super) fn wide_digit(c: char) -> Option<u32> {
    ('０'..='９').contains(&c).then(|| u32::from(c) - u32::from('０'))
}

/// Whether this is an address, a domain, or `*.` and a domain. What would match nobody (`@acme.example`, `*@acme.example`) is none: a rule that is
/// taken and does nothing would be believed.
fn is_destination(rule: &str) -> bool {
    let domain = match rule.rsplit_once('@') {
        Some((local, _)) if local.is_empty() || local.contains('*') => return false,
        Some((_, domain)) => domain,
        None => rule.strip_prefix("*.").unwrap_or(rule),
    };
    domain_as_kept(domain).is_some()
}

/// Whether a header field may be taken out of every mail: its name can be one (RFC 5322, 3.6.8), and no mail program needs it.
fn is_field_of_its_own(name: &str) -> bool {
    const NEEDED: [&str; 14] = [
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "received",
        "return-path",
        "mime-version",
    ];
    let lower = name.to_ascii_lowercase();
    (1..=70).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
        && !NEEDED.contains(&lower.as_str())
        && !["content-", "dkim-", "arc-", "resent-"].iter().any(|prefix| lower.starts_with(prefix))
}

/// Whether this is `https://HOST` or `https://HOST:PORT`.
fn is_site(url: &str) -> bool {
    let Some(place) = url.strip_prefix("https://") else { return false };
    let (host, port) = place.split_once(':').unwrap_or((place, "443"));
    let plain = host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    port.parse::<u16>().is_ok_and(|port| port > 0) && plain && domain_as_kept(host).is_some()
}

#[cfg(test)]
mod tests;
