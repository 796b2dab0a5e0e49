//! Where one is led after signing in. A page of ours, by what it is: no address that a request names is ever led to.

use fubako_base::ids::DepositId;

use crate::counter::{ME, SIGN_IN};

/// The approver's queue.
pub(crate) const APPROVALS: &str = "/approvals";

/// A page that one can come to by a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// One's own page, where whoever signs in begins.
    Me,
    /// What waits for one's approval.
    Approvals,
    /// One deposit of these.
    Approval(DepositId),
}

impl Place {
    /// Its address.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Me => ME.to_owned(),
            Self::Approvals => APPROVALS.to_owned(),
            Self::Approval(id) => format!("{APPROVALS}/{id}"),
        }
    }

    /// Where one signs in to get there.
    pub(crate) fn sign_in(self) -> String {
        match self {
            Self::Me => SIGN_IN.to_owned(),
            Self::Approvals | Self::Approval(_) => format!("{SIGN_IN}{}", self.path()),
        }
    }

    /// Where a sign-in at this address leads; for any that is none of [`Place::sign_in`]'s, to one's own page.
    pub(crate) fn after(sign_in: &str) -> Self {
        let wanted = sign_in.strip_prefix(SIGN_IN).and_then(|rest| rest.strip_prefix(APPROVALS));
        match wanted {
            Some("") => Self::Approvals,
            Some(rest) => {
                let id = rest.strip_prefix('/').and_then(|id| id.parse().ok());
                id.map_or(Self::Me, Self::Approval)
            }
            None => Self::Me,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-APPROVAL
    #[test]
    fn a_sign_in_leads_to_a_page_of_ours_and_nowhere_else() {
        let id = DepositId::generate();
        for place in [Place::Me, Place::Approvals, Place::Approval(id)] {
            assert_eq!(Place::after(&place.sign_in()), place);
            assert!(place.path().starts_with('/') && !place.path().starts_with("//"));
        }
        for other in [
            "/sign-in/",
            "/sign-in//evil.example",
            "/sign-in/https://evil.example",
            "/sign-in/approvals//evil.example",
            "/sign-in/approvals/../operator",
            "/sign-in/approvals/x?next=//evil.example",
            "/sign-in/operator/maintenance",
        ] {
            assert_eq!(Place::after(other), Place::Me, "{other}");
        }
    }
}
