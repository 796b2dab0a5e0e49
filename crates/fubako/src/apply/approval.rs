//! What a declaration says of approval (spec X-APPROVAL).

use fubako_base::section::{APPROVAL_DAYS, Settings};
use fubako_exchange::domain::approval::is_asked;
use fubako_store::sections::{Group, User};

use super::SectionDeclaration;

/// That deposits wait neither no time nor for ever.
pub(super) fn check_days(settings: &Settings) -> Result<(), String> {
    if APPROVAL_DAYS.contains(&settings.approval_days) {
        return Ok(());
    }
    Err(format!(
        "settings.approval_days must be {APPROVAL_DAYS:?} (the days for which a deposit waits for its approval)"
    ))
}

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
    let nobody = |group: &Group| {
        let is_listed = |user: &User| group.approvers.as_ref().is_none_or(|listed| listed.contains(&user.login_id));
        !users.iter().any(|user| user.approver && is_listed(user))
    };
    let lacking = groups.iter().filter(|group| is_asked(&section.settings, Some(group)) && nobody(group));
    let line = |group: &&&Group| {
        format!(
            "warning: what group {} of section {} sends must be approved, and there is no approver: it is stopped (approval-misconfigured)",
            group.name, section.id
        )
    };
    lacking.map(|group| line(&group)).collect()
}
