//! The checks before depositing (spec 3.4): what a section allows, against what a mail with attachments is. Pure.

use std::collections::{HashMap, HashSet};

use fubako_base::{
    Code,
    section::{NameRule, Settings},
};

use super::{Attachment, Problem, naming};
use crate::{
    header::{Address, Field, Header, Item, Mailbox, a_label, compared, parse_addresses},
    outline::{Outline, Tnef},
};

/// Every problem of a mail with attachments, in the order of the table of 3.4. `recipients` are the envelope's.
pub(super) fn check(
    attachments: &[Attachment],
    outline: &Outline,
    recipients: &[String],
    rules: &Settings,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    names(attachments, outline, rules, &mut problems);
    addresses(&outline.header, recipients, rules, &mut problems);
    subject(&outline.header, rules, &mut problems);
    problems
}

fn names(attachments: &[Attachment], outline: &Outline, rules: &Settings, problems: &mut Vec<Problem>) {
    let sent =
        |attachment: &Attachment| attachment.sent_name(outline).map(str::to_owned).filter(|name| !name.is_empty());
    let bound: Vec<(&Attachment, Option<String>)> =
        attachments.iter().filter(|file| is_bound(file, rules.names)).map(|file| (file, sent(file))).collect();
    for (_, name) in &bound {
        if let Some(name) = name.as_deref().filter(|name| !naming::is_allowed_name(name)) {
            problems.push(Problem::about(Code::NameCharacter, name));
        }
    }
    // What is in one that was not opened is not known: neither how many files there are, nor whether their names are allowed.
    let unopened = rules.open_tnef && outline.parts.iter().any(|part| matches!(part.tnef, Tnef::TooMany));
    if unopened || attachments.len() > rules.max_files as usize {
        problems.push(Problem::limit(Code::TooManyFiles, rules.max_files));
    }
    for (file, _) in bound.iter().filter(|(_, name)| name.is_none()) {
        problems.push(Problem::about(Code::NameMissing, &file.name));
    }
    let mut seen: HashMap<String, u32> = HashMap::new();
    for name in bound.iter().filter_map(|(_, name)| name.as_deref()) {
        let count = seen.entry(naming::compared(name)).or_default();
        *count += 1;
        if *count == 2 {
            problems.push(Problem::about(Code::NameDuplicate, name));
        }
    }
    for file in attachments {
        let name = sent(file).unwrap_or_else(|| file.name.clone());
        let matches = |name: &str| rules.forbidden_names.iter().any(|glob| is_like(name, glob));
        // As it is deposited too: a repaired name must not become one that is forbidden.
        if matches(&name) || matches(&file.name) {
            problems.push(Problem::about(Code::NameForbidden, &name));
        }
    }
}

/// Whether the table's rules stop the mail for this name; otherwise it is repaired.
const fn is_bound(file: &Attachment, rule: NameRule) -> bool {
    match rule {
        NameRule::Persons => file.is_a_persons,
        NameRule::All => true,
        NameRule::Repair => false,
    }
}

/// Whether a name is like a glob, in NFC and without case: `*` is any characters, `?` is one.
#[must_use]
pub fn is_like(name: &str, glob: &str) -> bool {
    let (name, glob): (Vec<char>, Vec<char>) =
        (naming::compared(name).chars().collect(), naming::compared(glob).chars().collect());
    // The last `*` that was met, and how much of the name it has taken: it takes one more where what follows does not fit.
    let (mut at, mut in_glob, mut star) = (0, 0, None);
    while at < name.len() {
        match glob.get(in_glob) {
            Some('*') => {
                star = Some((in_glob, at));
                in_glob += 1;
            }
            Some(&c) if c == '?' || c == name[at] => (at, in_glob) = (at + 1, in_glob + 1),
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, in_glob) = (*taken, *place + 1);
                }
                None => return false,
            },
        }
    }
    glob[in_glob..].iter().all(|c| *c == '*')
}

/// To and Cc as they stand in the header, and as Bcc what the envelope has and they have not.
fn addresses(header: &Header, envelope: &[String], rules: &Settings, problems: &mut Vec<Problem>) {
    let (mut shown, mut count, mut twice) = (HashSet::new(), 0usize, HashSet::new());
    let (mut malformed, mut duplicate) = (Vec::new(), Vec::new());
    for found in ["to", "cc"].iter().flat_map(|name| header.all(name)).flat_map(mailboxes) {
        let address = Address { name: None, address: found.address };
        if !address.is_sound() {
            let sent = format!("{} {}", found.name, address.address);
            // A comment alone (`undisclosed-recipients:; (no To-header on input)`) names nobody.
            if !sent.trim().is_empty() {
                malformed.push(Problem::about(Code::RecipientMalformed, sent.trim()));
            }
            continue;
        }
        count += 1;
        let key = compared(&address.address);
        if !shown.insert(key.clone()) && twice.insert(key) {
            duplicate.push(Problem::about(Code::RecipientDuplicate, &address.address));
        }
    }
    let hidden: HashSet<String> =
        envelope.iter().map(|address| compared(address)).filter(|a| !shown.contains(a)).collect();
    if count + hidden.len() > rules.max_recipients as usize {
        problems.push(Problem::limit(Code::TooManyRecipients, rules.max_recipients));
    }
    problems.append(&mut malformed);
    problems.append(&mut duplicate);
    for address in envelope.iter().filter(|address| !may_go_to(address, rules)) {
        problems.push(Problem::about(Code::RecipientRestricted, address));
    }
}

/// The mailboxes of a field, members of groups one by one.
fn mailboxes(field: &Field) -> Vec<Mailbox> {
    let members = parse_addresses(&field.shown_text()).into_iter().map(|item| match item {
        Item::Mailbox(mailbox) => vec![mailbox],
        Item::Group(_, members) => members,
    });
    members.flatten().collect()
}

/// Whether a section's destination rules let mail with attachments go to an address.
#[must_use]
pub fn may_go_to(address: &str, rules: &Settings) -> bool {
    let address = compared(address);
    let is = |pattern: &String| is_destination(&address, pattern);
    (rules.allowed_destinations.is_empty() || rules.allowed_destinations.iter().any(is))
        && !rules.denied_destinations.iter().any(is)
}

fn is_destination(address: &str, pattern: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    match pattern.strip_prefix("*.") {
        Some(parent) => {
            let parent = a_label(parent);
            domain.strip_suffix(&parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None if pattern.contains('@') => compared(pattern) == address,
        None => a_label(pattern).trim_end_matches('.') == domain,
    }
}

fn subject(header: &Header, rules: &Settings, problems: &mut Vec<Problem>) {
    let subject = header.first("subject").map(|field| field.unstructured()).unwrap_or_default();
    if subject.chars().count() > rules.max_subject as usize {
        problems.push(Problem::limit(Code::SubjectTooLong, rules.max_subject));
    }
    if let Some(c) = subject.chars().find(|c| u32::from(*c) > 0xffff) {
        problems.push(Problem::about(Code::SubjectCharacter, &c.to_string()));
    }
}

#[cfg(test)]
mod tests;
