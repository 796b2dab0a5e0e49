//! What a declaration says of proving recipients (spec ACCESS).

use fubako_base::section::Way;

use super::SectionDeclaration;

/// That every way that is named can be gone.
pub(super) fn check(section: &SectionDeclaration) -> Result<(), String> {
    let of_groups = section.groups.iter().filter_map(|group| group.access);
    if of_groups.chain([section.settings.access]).any(|access| access.allows(Way::Account)) {
        // Until there is a page where recipients sign in, nobody could open the files in that way.
        return Err("access: \"account\" is no way to prove a recipient yet".to_owned());
    }
    Ok(())
}
