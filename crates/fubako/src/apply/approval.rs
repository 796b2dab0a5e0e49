//! What a declaration says of approval (spec X-APPROVAL).

use fubako_exchange::domain::approval::without_approver;
use fubako_store::sections::{Group, User};

use super::SectionDeclaration;

/// That who is listed as a group's approver is one.
pub(super) fn check(section: &SectionDeclaration) -> Result<(), String> {
    for group in &section.groups {
        for login_id in group.approvers.iter().flatten() {
            if !section.users.iter().any(|user| &user.login_id == login_id && user.approver) {
                let name = &group.name;
                return Err(format!("group {name}: {login_id:?} in approvers is no user with approver = true"));
            }
        }
    }
    Ok(())
}

/// A line for each group whose deposits must be approved and which has nobody to do it.
pub(super) fn warnings(section: &SectionDeclaration, groups: &[&Group], users: &[&User]) -> Vec<String> {
    let lacking = without_approver(&section.settings, groups, users);
    let line = |group: &Group| {
        format!(
            "warning: what group {} of section {} sends must be approved, and there is no approver: it is stopped (approval-misconfigured)",
            group.name, section.id
        )
    };
    lacking.into_iter().map(line).collect()
}
