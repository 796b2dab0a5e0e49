//! What a program may do by the API, and for how long (spec X-API). Pure.
//!
//! A token is its section's, not a person's: an administrator makes it, and it goes on when they leave, until it ends or is revoked.

use fubako_base::{
    Code, Timestamp,
    ids::{ApiTokenId, SectionId},
    scope::{Scope, Scopes},
    section::Section,
    shown::visible,
};
use fubako_store::api_tokens::ApiToken;

use super::Whence;

/// Good tokens that a section may have.
pub const MOST_TOKENS: u32 = 50;
/// Characters of a token's name.
pub const LONGEST_NAME: usize = 100;
/// Days that a token is good for at most: whoever needs it longer makes another in time.
pub const LONGEST_DAYS: u32 = 366;

/// A token as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewToken {
    /// What it is to be called.
    pub name: String,
    /// What it is to permit.
    pub scopes: Scopes,
    /// The days that it is to be good for; none where nothing that can be read was entered.
    pub days: Option<u32>,
}

/// Why a token cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenFault {
    /// The section lets no program in.
    AutopilotOff,
    /// The name is missing, longer than [`LONGEST_NAME`], or has control characters.
    Name,
    /// A token of the section has, or had, this name: the audit log names a program by it.
    NameTaken,
    /// It would permit nothing.
    NoScope,
    /// It must be good for 1 to [`LONGEST_DAYS`] days.
    Days,
    /// The section has [`MOST_TOKENS`] good ones.
    TooMany,
}

/// Everything that is wrong with what somebody wants; [`TokenFault::TooMany`] and [`TokenFault::NameTaken`] are found when it is kept.
#[must_use]
pub fn faults(section: &Section, new: &NewToken) -> Vec<TokenFault> {
    let name = &new.name;
    let is_name = (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.trim() == name
        && !name.chars().any(char::is_control);
    let checks = [
        (section.autopilot, TokenFault::AutopilotOff),
        (is_name, TokenFault::Name),
        (!new.scopes.is_empty(), TokenFault::NoScope),
        (new.days.is_some_and(|days| (1..=LONGEST_DAYS).contains(&days)), TokenFault::Days),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// Its bearer is let in.
    Good,
    /// Its time is over.
    Expired,
    /// An administrator revoked it.
    Revoked,
}

/// How a token stands at this time.
#[must_use]
pub fn state(token: &ApiToken, now: Timestamp) -> TokenState {
    if token.revoked_at.is_some() {
        TokenState::Revoked
    } else if token.expires_at <= now {
        TokenState::Expired
    } else {
        TokenState::Good
    }
}

/// Who calls the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearer {
    /// A gateway of this installation: it deposits the mails of every section, and nothing else.
    Gateway,
    /// A section's program.
    Program {
        /// The section that it acts for.
        section: SectionId,
        /// Its token.
        token: ApiTokenId,
        /// What the token is called.
        name: String,
        /// What the token permits.
        scopes: Scopes,
    },
}

impl Bearer {
    /// Who it is, for a line in the log.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Gateway => "gateway".to_owned(),
            Self::Program { section, name, .. } => format!("{section}: {}", visible(name)),
        }
    }

    /// Whether it is let do this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Gateway => scope == Scope::Deposit,
            Self::Program { scopes, .. } => scopes.contains(scope),
        }
    }

    /// Whether it acts for this section. What is another's is not there for it.
    #[must_use]
    pub fn acts_for(&self, other: &SectionId) -> bool {
        match self {
            Self::Gateway => true,
            Self::Program { section, .. } => section == other,
        }
    }
}

/// Whether a section lets programs in from there, whatever they are about to do.
///
/// # Errors
/// `autopilot-off`, `ip-not-allowed`.
pub fn may_call(section: &Section, whence: Whence) -> Result<(), Code> {
    match section {
        Section { autopilot: false, .. } => Err(Code::AutopilotOff),
        section if !whence.is_permitted(section) => Err(Code::IpNotAllowed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::{IpAddr, Ipv4Addr};

    use fubako_base::{network::Networks, section::Settings};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn section() -> Section {
        Section {
            id: "acme".parse().unwrap(),
            name: "Acme".into(),
            enabled: true,
            mail_link: true,
            autopilot: true,
            domains: Vec::new(),
            settings: Settings::default(),
        }
    }

    fn new() -> NewToken {
        NewToken { name: "夜間バッチ".into(), scopes: Scopes::all(), days: Some(90) }
    }

    // spec: X-API
    #[test]
    fn everything_that_is_wrong_with_a_token_is_found() {
        assert_eq!(faults(&section(), &new()), []);
        for days in [1, LONGEST_DAYS] {
            assert_eq!(faults(&section(), &NewToken { days: Some(days), ..new() }), []);
        }
        for days in [None, Some(0), Some(LONGEST_DAYS + 1)] {
            assert_eq!(faults(&section(), &NewToken { days, ..new() }), [TokenFault::Days], "{days:?}");
        }
        let long = "あ".repeat(LONGEST_NAME + 1);
        for name in ["", " a", "a\n", long.as_str()] {
            assert_eq!(faults(&section(), &NewToken { name: name.into(), ..new() }), [TokenFault::Name], "{name:?}");
        }
        let off = Section { autopilot: false, ..section() };
        let all = [TokenFault::AutopilotOff, TokenFault::Name, TokenFault::NoScope, TokenFault::Days];
        assert_eq!(faults(&off, &NewToken::default()), all);
    }

    // spec: X-API
    #[test]
    fn a_token_is_good_until_it_ends_or_is_revoked() {
        let token = ApiToken {
            id: ApiTokenId::generate(),
            section: section().id,
            name: "n".into(),
            scopes: Scopes::all(),
            made_by: "kanri".into(),
            made_at: NOW,
            expires_at: NOW.plus_seconds(60),
            revoked_at: None,
            used_at: None,
        };
        assert_eq!(state(&token, NOW.plus_seconds(59)), TokenState::Good);
        assert_eq!(state(&token, NOW.plus_seconds(60)), TokenState::Expired);
        let revoked = ApiToken { revoked_at: Some(NOW), ..token };
        assert_eq!(state(&revoked, NOW), TokenState::Revoked);
        assert_eq!(state(&revoked, NOW.plus_seconds(60)), TokenState::Revoked);
    }

    // spec: X-API
    #[test]
    fn a_bearer_may_what_its_token_says_and_a_gateway_deposits() {
        for scope in Scope::ALL {
            assert_eq!(Bearer::Gateway.may(*scope), *scope == Scope::Deposit, "{scope}");
            for permitted in Scope::ALL {
                let scopes = [*permitted].into_iter().collect();
                let (section, token) = (section().id, ApiTokenId::generate());
                let bearer = Bearer::Program { section, token, name: String::new(), scopes };
                assert_eq!(bearer.may(*scope), scope == permitted, "{scope} by {permitted}");
                assert!(bearer.acts_for(&"acme".parse().unwrap()) && !bearer.acts_for(&"other".parse().unwrap()));
            }
        }
        assert!(Bearer::Gateway.acts_for(&"other".parse().unwrap()));
    }

    // spec: X-API, X-ACCOUNTS
    #[test]
    fn programs_are_let_in_where_autopilot_is_on_and_from_the_networks_of_the_section() {
        let address = |last| Whence::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        assert_eq!(may_call(&section(), address(1)), Ok(()));
        assert_eq!(may_call(&Section { autopilot: false, ..section() }, address(1)), Err(Code::AutopilotOff));
        let settings =
            Settings { api_networks: Networks(vec!["192.0.2.1/32".parse().unwrap()]), ..Settings::default() };
        let bound = Section { settings, ..section() };
        assert_eq!(may_call(&bound, address(1)), Ok(()));
        assert_eq!(may_call(&bound, address(2)), Err(Code::IpNotAllowed));
        assert_eq!(
            may_call(&Section { mail_link: false, ..section() }, address(1)),
            Ok(()),
            "reading needs no mail-link"
        );
    }
}
