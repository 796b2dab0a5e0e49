//! A section's users as CSV, both ways (spec X-ADMIN). Pure.
//!
//! The first line names the columns, in any order. What a file has no column for stays as it is, and is as for a new user where there is none. Excel in Japanese
//! writes UTF-8 with a byte order mark, or Shift_JIS: both are read.

use fubako_base::{
    ids::SectionId,
    shown::{csv_field, unguarded},
};
use fubako_mail::charset::decode_all;
use fubako_store::sections::User;

use super::{super::address::address_as_kept, Edit, MOST_USERS, Members};

/// Octets of a file: enough for [`MOST_USERS`].
pub const LONGEST_FILE: usize = 4 << 20;

/// Octets of a field: more than anything in it may have.
pub const LONGEST_FIELD: usize = 1000;
/// Troubles after which a file is not read on.
pub const MOST_TROUBLES: usize = 100;
/// Characters of a field that are repeated where it cannot be read.
const REPEATED: usize = 40;

/// The columns of a file, in the order in which they are written.
const COLUMNS: [&str; 8] =
    ["login_id", "name", "address", "group", "administrator", "approver", "default_user", "password_never_expires"];
/// What is written where something holds, and read; nothing is no.
const YES: [&str; 7] = ["yes", "y", "true", "1", "○", "はい", "✓"];
const NO: [&str; 7] = ["", "no", "n", "false", "0", "×", "いいえ"];

/// Why a file, or a line of it, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is no CSV: a line has another number of fields than the first.
    Fields,
    /// There is no such column.
    Column(String),
    /// A column is named twice.
    ColumnTwice(String),
    /// There is no column of login ids.
    NoLoginIds,
    /// Neither yes nor no, in this column.
    YesOrNo(&'static str, String),
    /// Two lines have this login id.
    Twice(String),
    /// More lines than [`MOST_USERS`].
    TooMany,
    /// What stands in this column has more than [`LONGEST_FIELD`] octets.
    TooLong(&'static str),
    /// There was so much that could not be read that nothing after it was looked at.
    Stopped,
}

/// Something that cannot be read, and the line that it begins at, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Counted from 1, with the line that names the columns.
    pub line: u64,
    /// What is wrong.
    pub unread: Unread,
}

/// A user of a file, and the line that they stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1.
    pub line: u64,
    /// What is wanted.
    pub edit: Edit,
}

/// The users as a file: RFC 4180, with a byte order mark, by which Excel knows UTF-8.
#[must_use]
pub fn write(users: &[User]) -> String {
    let yes = |holds: bool| if holds { YES[0] } else { "" }.to_owned();
    let mut text = format!("\u{feff}{}\r\n", COLUMNS.join(","));
    for user in users {
        let fields = [
            user.login_id.clone(),
            user.name.clone(),
            user.address.clone(),
            user.group.clone().unwrap_or_default(),
            yes(user.administrator),
            yes(user.approver),
            yes(user.default_user),
            yes(user.password_never_expires),
        ];
        text.push_str(&fields.map(|field| csv_field(&field)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A file's text, whatever charset it came in. With LF alone, lines are counted as people count them.
#[must_use]
pub fn text(octets: &[u8]) -> String {
    let text = decode_all(None, octets);
    text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n")
}

/// Reads a file. `remove` asks that whoever does not stand in it is no user any more.
///
/// # Errors
/// Everything that cannot be read.
pub fn read(section: &SectionId, there: &Members, octets: &[u8], remove: bool) -> Result<Vec<Row>, Vec<Trouble>> {
    let text = text(octets);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns = match records.next() {
        Some(Ok(names)) => columns(&names)?,
        _ => return Err(vec![Trouble { line: 1, unread: Unread::NoLoginIds }]),
    };
    let of: std::collections::HashMap<&str, &User> =
        there.users.iter().map(|user| (user.login_id.as_str(), user)).collect();
    let (mut rows, mut troubles, mut seen) = (Vec::new(), Vec::new(), std::collections::HashSet::new());
    for (count, record) in records.enumerate() {
        if troubles.len() >= MOST_TROUBLES {
            troubles.push(Trouble { line: 0, unread: Unread::Stopped });
            break;
        }
        let Ok(record) = record else {
            troubles.push(Trouble { line: 0, unread: Unread::Fields });
            break;
        };
        let line = record.position().map_or(0, |at| line_of(&text, at));
        if rows.len() + troubles.len() >= MOST_USERS || count >= 2 * MOST_USERS {
            troubles.push(Trouble { line, unread: Unread::TooMany });
            break;
        }
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let mut trouble = |unread| troubles.push(Trouble { line, unread });
        if record.len() != columns.len() {
            trouble(Unread::Fields);
            continue;
        }
        let login_id = columns.iter().zip(&record).find(|(column, _)| **column == COLUMNS[0]);
        let login_id = login_id.map_or("", |(_, field)| plain(field)).to_owned();
        if seen.contains(&login_id) {
            trouble(Unread::Twice(repeated(&login_id)));
            continue;
        }
        seen.insert(login_id.clone());
        let before = of.get(login_id.as_str()).map_or_else(|| nobody(section, &login_id), |user| (*user).clone());
        match user(before, &columns, &record) {
            Ok(user) => rows.push(Row { line, edit: Edit::PutUser(user) }),
            Err(unread) => trouble(unread),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    if remove {
        let gone = there.users.iter().filter(|user| !seen.contains(&user.login_id));
        rows.extend(gone.map(|user| Row { line: 0, edit: Edit::RemoveUser(user.login_id.clone()) }));
    }
    Ok(rows)
}

/// The line that a record begins at: the reader stands before the empty lines that it passes over.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let empty = rest.bytes().take_while(|octet| *octet == b'\n').count();
    at.line().saturating_add(u64::try_from(empty).unwrap_or_default())
}

fn columns(names: &csv::StringRecord) -> Result<Vec<&'static str>, Vec<Trouble>> {
    let mut columns = Vec::new();
    let mut troubles = Vec::new();
    for name in names.iter().take(MOST_TROUBLES) {
        let name = name.trim();
        match COLUMNS.iter().find(|column| **column == name.to_lowercase()) {
            None => troubles.push(Unread::Column(repeated(name))),
            Some(column) if columns.contains(column) => troubles.push(Unread::ColumnTwice((*column).to_owned())),
            Some(column) => columns.push(*column),
        }
    }
    if !columns.contains(&COLUMNS[0]) {
        troubles.push(Unread::NoLoginIds);
    }
    if troubles.is_empty() {
        return Ok(columns);
    }
    Err(troubles.into_iter().map(|unread| Trouble { line: 1, unread }).collect())
}

fn repeated(text: &str) -> String {
    text.chars().take(REPEATED).collect()
}

/// A user of whom nothing is known but the login id.
fn nobody(section: &SectionId, login_id: &str) -> User {
    User {
        section: section.clone(),
        login_id: login_id.to_owned(),
        address: String::new(),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: false,
        approver: false,
        password_never_expires: false,
    }
}

/// A field without what guarded it, and without white space round it.
fn plain(field: &str) -> &str {
    unguarded(field.trim())
}

fn user(mut user: User, columns: &[&'static str], record: &csv::StringRecord) -> Result<User, Unread> {
    for (column, field) in columns.iter().zip(record) {
        let field = plain(field);
        if field.len() > LONGEST_FIELD {
            return Err(Unread::TooLong(column));
        }
        let text = || field.to_owned();
        match *column {
            "name" => user.name = text(),
            // What cannot be kept stays as it is, and is told as a fault.
            "address" => user.address = address_as_kept(field).unwrap_or_else(text),
            "group" => user.group = (!field.is_empty()).then(text),
            "administrator" => user.administrator = yes_or_no(column, field)?,
            "approver" => user.approver = yes_or_no(column, field)?,
            "default_user" => user.default_user = yes_or_no(column, field)?,
            "password_never_expires" => user.password_never_expires = yes_or_no(column, field)?,
            _ => {}
        }
    }
    Ok(user)
}

fn yes_or_no(column: &'static str, field: &str) -> Result<bool, Unread> {
    let word = field.to_lowercase();
    if YES.contains(&word.as_str()) {
        Ok(true)
    } else if NO.contains(&word.as_str()) {
        Ok(false)
    } else {
        Err(Unread::YesOrNo(column, repeated(field)))
    }
}
