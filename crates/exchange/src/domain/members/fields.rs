//! What is shown, recorded and compared of a user or a group: its fields by name, in one order. Pure.

use fubako_base::{hex, section::ApprovalRule};
use fubako_store::sections::{Group, User};

use crate::token::sha256;

/// Fields with their values as text; nothing is no, or none.
pub type Fields = Vec<(&'static str, String)>;

fn yes(holds: bool) -> String {
    if holds { "yes" } else { "" }.to_owned()
}

/// A user's, but the login id.
#[must_use]
pub fn of_user(user: &User) -> Fields {
    vec![
        ("name", user.name.clone()),
        ("address", user.address.clone()),
        ("group", user.group.clone().unwrap_or_default()),
        ("administrator", yes(user.administrator)),
        ("approver", yes(user.approver)),
        ("default_user", yes(user.default_user)),
        ("password_never_expires", yes(user.password_never_expires)),
    ]
}

/// A group's, but the name.
#[must_use]
pub fn of_group(group: &Group) -> Fields {
    vec![
        ("mail_link", yes(group.mail_link)),
        ("approval", group.approval.map_or_else(String::new, |rule: ApprovalRule| rule.name().to_owned())),
        ("approvers", group.approvers.as_ref().map_or_else(String::new, |listed| listed.join(", "))),
    ]
}

/// A digest of fields, by which a form says from what it was made: one that was made from others writes nothing over them.
#[must_use]
pub fn mark(fields: &Fields) -> String {
    hex::encode(&sha256(format!("{fields:?}").as_bytes()))
}
