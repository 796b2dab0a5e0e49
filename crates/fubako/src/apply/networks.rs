//! Whom a section's list of networks shuts out (spec X-ACCOUNTS).

use fubako_base::network::Networks;

use super::{Current, Declaration};

/// A line for each administrator who could not use the screens from where they did last, once the declaration is applied.
pub(super) fn warnings<'a>(current: &'a Current, declared: &'a Declaration) -> impl Iterator<Item = String> + use<'a> {
    declared.sections.iter().flat_map(|section| {
        let list = &section.settings.screen_networks;
        let of_section = current.signed_in.iter().filter(|(id, ..)| *id == section.id);
        of_section.filter(|(.., address)| shuts_out(list, address)).map(|(id, login_id, address)| {
            format!(
                "warning: settings.screen_networks of section {id} does not have {address}, from which its administrator {login_id} signed in last"
            )
        })
    })
}

/// Whether nobody may come from an address, as the audit log has it: a text, empty where there was none.
pub(crate) fn shuts_out(list: &Networks, address: &str) -> bool {
    address.parse().is_ok_and(|address| !list.permit(address))
}
