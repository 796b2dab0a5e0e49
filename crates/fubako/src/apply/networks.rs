//! Whom a section's list of networks shuts out (spec X-ACCOUNTS), and whether its own domain is served (X-NOTICE).

use fubako_base::network::Networks;
use fubako_exchange::domain::hosts::{check_own_domain, own_domain};

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

impl Declaration {
    /// A line for each section whose own domain is not among those that are served: its mail will be stopped.
    #[must_use]
    pub fn own_domains_not_in(&self, served: &[String]) -> Vec<String> {
        let astray = self.sections.iter().filter(|section| check_own_domain(&section.settings, served).is_err());
        astray
            .map(|section| {
                let own = own_domain(&section.settings).unwrap_or_default();
                format!(
                    "warning: the own domain {own} of section {} is not in http.own_domains: its mail with attachments is stopped (wrong-domain)",
                    section.id
                )
            })
            .collect()
    }
}
