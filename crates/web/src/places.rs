//! Where one is led after signing in. A page of ours, by what it is: no address that a request names is ever led to.

use fubako_base::ids::{DepositId, LinkId};
use fubako_exchange::token;

use crate::counter::{CODE, ME, SIGN_IN};

/// The approver's queue.
pub(crate) const APPROVALS: &str = "/approvals";

/// What one received.
pub(crate) const RECEIVED: &str = "/received";

/// A page that one can come to by a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// One's own page, where whoever signs in begins.
    Me,
    /// What waits for one's approval.
    Approvals,
    /// One deposit of these.
    Approval(DepositId),
    /// What one received.
    Received,
    /// One deposit of these, by its link's id.
    ReceivedOne(LinkId),
    /// A link's page, by its token.
    Link(String),
}

impl Place {
    /// Its address.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Me => ME.to_owned(),
            Self::Approvals => APPROVALS.to_owned(),
            Self::Approval(id) => format!("{APPROVALS}/{id}"),
            Self::Received => RECEIVED.to_owned(),
            Self::ReceivedOne(id) => format!("{RECEIVED}/{id}"),
            Self::Link(token) => format!("/d/{token}"),
        }
    }

    /// Where one signs in to get there.
    pub(crate) fn sign_in(&self) -> String {
        match self {
            Self::Me => SIGN_IN.to_owned(),
            Self::Approvals | Self::Approval(_) | Self::Received | Self::ReceivedOne(_) | Self::Link(_) => {
                format!("{SIGN_IN}{}", self.path())
            }
        }
    }

    /// Where one enters a code to get there.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Me => CODE.to_owned(),
            place => format!("{CODE}{}", place.path()),
        }
    }

    /// Where a sign-in at this address leads; for any that is none of [`Place::sign_in`]'s or [`Place::code`]'s, to one's own page.
    pub(crate) fn after(sign_in: &str) -> Self {
        let wanted = sign_in.strip_prefix(CODE).or_else(|| sign_in.strip_prefix(SIGN_IN));
        let Some(wanted) = wanted else { return Self::Me };
        match wanted {
            APPROVALS => return Self::Approvals,
            RECEIVED => return Self::Received,
            _ => {}
        }
        let below = |of: &str| wanted.strip_prefix(of).and_then(|rest| rest.strip_prefix('/'));
        let approval = || below(APPROVALS)?.parse().ok().map(Self::Approval);
        let received = || below(RECEIVED)?.parse().ok().map(Self::ReceivedOne);
        // A token is base64url and nothing else.
        let link =
            || below("/d").filter(|token| token::presented(token).is_some()).map(|token| Self::Link(token.to_owned()));
        approval().or_else(received).or_else(link).unwrap_or(Self::Me)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-APPROVAL
    #[test]
    fn a_sign_in_leads_to_a_page_of_ours_and_nowhere_else() {
        let id = DepositId::generate();
        let link = Place::Link("-_aZ09".repeat(8)[..43].to_owned());
        let received = [Place::Received, Place::ReceivedOne(LinkId::generate()), link];
        for place in [Place::Me, Place::Approvals, Place::Approval(id)].into_iter().chain(received) {
            assert_eq!(Place::after(&place.sign_in()), place);
            assert_eq!(Place::after(&place.code()), place);
            assert!(place.path().starts_with('/') && !place.path().starts_with("//"));
        }
        for other in [
            "/sign-in/",
            "/sign-in/code/",
            "/sign-in/code//evil.example",
            "/sign-in/code/code/approvals",
            "/sign-in/code/me/second-factor",
            "/sign-in//evil.example",
            "/sign-in/https://evil.example",
            "/sign-in/approvals//evil.example",
            "/sign-in/approvals/../operator",
            "/sign-in/approvals/x?next=//evil.example",
            "/sign-in/operator/maintenance",
            "/sign-in/received//evil.example",
            "/sign-in/received/x",
            "/sign-in/d/",
            "/sign-in/d//evil.example",
            "/sign-in/d/..%2f..%2fevil.example-aaaaaaaaaaaaaaaaaaaaa",
            "/sign-in/d/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/",
        ] {
            assert_eq!(Place::after(other), Place::Me, "{other}");
        }
    }
}
