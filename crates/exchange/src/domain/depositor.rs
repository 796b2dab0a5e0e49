//! Who deposits for a mail, by the accounts that its section has (spec MAIL-SENDER, 3.5): the whole decision stands here.

use fubako_base::{Code, Timestamp, section::Section};
use fubako_store::{
    deposits::Depositor,
    sections::{SenderAccounts, User},
};

use super::{
    Whence,
    account::{State, state},
    is_address, may_deposit,
};

/// Who deposits for a mail whose From address is `sender`. `accounts` is what the section has of accounts for that address.
///
/// 1. The section's mail-link option is on (else `option-off`), so is autopilot (`autopilot-off`), and programs may come from where the call comes from
///    (`ip-not-allowed`), and the section's own domain is one of the `own_domains` that the exchange serves (`wrong-domain`).
/// 2. The sender's address is one (`sender-malformed`).
/// 3. The section has a mail-link group (`group-not-set`): nobody deposits who is not in it.
/// 4. There are users with the address: one of them who is in the group (`sender-not-in-group`) and whose account can be used (`sender-locked`,
///    `sender-password-expired`) deposits, the first by login id. The default user, where it is the sender itself, is a user like any other here.
/// 5. There are none: the default user deposits in the sender's place, if there is one (`default-user-credentials`), it is in the group
///    (`default-user-no-group`) and its account can be used (`default-user-locked`, `-password-reset`, `-password-expired`).
///
/// An account without a password does not stop its user's mail: who never signs in on a page need not have one, and what proves a mail is no
/// password (RCV-TENANT, RCV-ALIGN). A sender whose password was reset has yet to choose one, and no code of 3.5 is about that.
///
/// # Errors
/// The code of the first step that fails.
pub fn who_deposits(
    section: &Section,
    sender: &str,
    whence: Whence,
    own_domains: &[String],
    accounts: &SenderAccounts,
    now: Timestamp,
) -> Result<Depositor, Code> {
    may_deposit(section, whence, own_domains)?;
    if !is_address(sender) {
        return Err(Code::SenderMalformed);
    }
    let group = accounts.mail_link_group.as_ref().ok_or(Code::GroupNotSet)?;
    let is_in_group = |user: &User| user.group.as_ref() == Some(group);
    if !accounts.users.is_empty() {
        let mut refusal = None;
        for user in accounts.users.iter().filter(|user| is_in_group(user)) {
            match sender_trouble(section, accounts, user, now) {
                None => return Ok(depositor(user, false)),
                code => refusal = refusal.or(code),
            }
        }
        return Err(refusal.unwrap_or(Code::SenderNotInGroup));
    }
    let user = accounts.default_user.as_ref().ok_or(Code::DefaultUserCredentials)?;
    if !is_in_group(user) {
        return Err(Code::DefaultUserNoGroup);
    }
    match default_user_trouble(section, accounts, user, now) {
        None => Ok(depositor(user, true)),
        Some(code) => Err(code),
    }
}

/// Its own id is noted by the store.
fn depositor(user: &User, as_default_user: bool) -> Depositor {
    Depositor { login_id: user.login_id.clone(), member: None, as_default_user }
}

fn sender_trouble(section: &Section, accounts: &SenderAccounts, user: &User, now: Timestamp) -> Option<Code> {
    match state_of(section, accounts, user, now) {
        State::Locked => Some(Code::SenderLocked),
        State::Expired => Some(Code::SenderPasswordExpired),
        State::SectionOff | State::Invited | State::Reset | State::Good => None,
    }
}

/// Why the default user cannot deposit, as far as its account is concerned.
#[must_use]
pub fn default_user_trouble(section: &Section, accounts: &SenderAccounts, user: &User, now: Timestamp) -> Option<Code> {
    match state_of(section, accounts, user, now) {
        State::Locked => Some(Code::DefaultUserLocked),
        State::Reset => Some(Code::DefaultUserPasswordReset),
        State::Expired => Some(Code::DefaultUserPasswordExpired),
        State::SectionOff | State::Invited | State::Good => None,
    }
}

/// How a user's account stands; one who has none is as one who was invited.
fn state_of(section: &Section, accounts: &SenderAccounts, user: &User, now: Timestamp) -> State {
    let account = accounts.accounts.iter().find(|account| account.login_id == user.login_id);
    account.map_or(State::Invited, |account| state(account, Some(section), now))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::ids::AccountId;
    use fubako_store::accounts::Account;

    use super::{super::tests::section, *};

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn user(login_id: &str, group: Option<&str>, default_user: bool) -> User {
        User {
            section: "acme".parse().unwrap(),
            login_id: login_id.into(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: group.map(str::to_owned),
            default_user,
            administrator: false,
            approver: false,
            password_never_expires: false,
        }
    }

    /// The sender's users, where there are any.
    #[derive(Debug, Clone, Copy)]
    enum Senders {
        None,
        InGroup,
        InAnother,
        InNone,
        /// Two with one address, the second of whom is in the group.
        SecondInGroup,
        /// The default user itself, in whatever group it is.
        Default,
    }

    impl Senders {
        const ALL: [Self; 6] =
            [Self::None, Self::InGroup, Self::InAnother, Self::InNone, Self::SecondInGroup, Self::Default];

        fn users(self, default_user: Option<&User>) -> Vec<User> {
            match self {
                Self::None => vec![],
                Self::InGroup => vec![user("taro", Some("link"), false)],
                Self::InAnother => vec![user("taro", Some("other"), false)],
                Self::InNone => vec![user("taro", None, false)],
                Self::SecondInGroup => vec![user("old", Some("other"), false), user("taro", Some("link"), false)],
                Self::Default => default_user.cloned().into_iter().collect(),
            }
        }
    }

    /// Where the default user is: none, in no group, in another, in the mail-link group.
    const DEFAULTS: [Option<Option<&str>>; 4] = [None, Some(None), Some(Some("other")), Some(Some("link"))];

    /// What the table says: the login id and whether as default user, or the code.
    fn wanted(has_group: bool, senders: Senders, default: Option<Option<&str>>) -> Result<(&'static str, bool), Code> {
        use Senders::{Default, InAnother, InGroup, InNone, None as Nobody, SecondInGroup};
        match (has_group, senders, default) {
            (false, ..) => Err(Code::GroupNotSet),
            (true, InGroup | SecondInGroup, _) => Ok(("taro", false)),
            (true, InAnother | InNone, _) => Err(Code::SenderNotInGroup),
            (true, Default, Some(Some("link"))) => Ok(("default", false)),
            (true, Default, Some(_)) => Err(Code::SenderNotInGroup),
            (true, Nobody | Default, None) => Err(Code::DefaultUserCredentials),
            (true, Nobody, Some(Some("link"))) => Ok(("default", true)),
            (true, Nobody, Some(_)) => Err(Code::DefaultUserNoGroup),
        }
    }

    // spec: MAIL-SENDER
    #[test]
    fn the_whole_table() {
        let mut rows = 0;
        for has_group in [false, true] {
            for senders in Senders::ALL {
                for default in DEFAULTS {
                    let default_user = default.map(|group| user("default", group, true));
                    let accounts = SenderAccounts {
                        mail_link_group: has_group.then(|| "link".to_owned()),
                        users: senders.users(default_user.as_ref()),
                        default_user,
                        accounts: vec![],
                    };
                    let row = format!("group {has_group}, {senders:?}, default user {default:?}");
                    let found =
                        who_deposits(&section(true, true), "taro@acme.example", Whence::Within, &[], &accounts, NOW);
                    let found = found.as_ref().map(|who| (who.login_id.as_str(), who.as_default_user));
                    assert_eq!(found.map_err(|code| *code), wanted(has_group, senders, default), "{row}");
                    // Whatever the accounts, the section's switches and then the address come first.
                    let elsewhere = || {
                        let mut section = section(true, true);
                        section.settings.api_networks.0.push("192.0.2.0/24".parse().unwrap());
                        section
                    };
                    let astray = || {
                        let mut section = section(true, true);
                        section.settings.link_url = Some("https://files.acme.example".to_owned());
                        section
                    };
                    let outside = Whence::Address("198.51.100.1".parse().unwrap());
                    for (section, sender, code) in [
                        (section(false, true), "taro@acme.example", Code::OptionOff),
                        (section(false, false), "nobody", Code::OptionOff),
                        (section(true, false), "nobody", Code::AutopilotOff),
                        (elsewhere(), "nobody", Code::IpNotAllowed),
                        (astray(), "nobody", Code::WrongDomain),
                        (section(true, true), "nobody", Code::SenderMalformed),
                        (section(true, true), "a@acme.example\r\nBcc: b@c.example", Code::SenderMalformed),
                    ] {
                        assert_eq!(who_deposits(&section, sender, outside, &[], &accounts, NOW), Err(code), "{row}");
                    }
                    rows += 1;
                }
            }
        }
        assert_eq!(rows, 48);
    }

    /// How an account stands in a section whose passwords expire after a day.
    fn account(login_id: &str, state: State) -> Option<Account> {
        let set = (!matches!(state, State::Reset | State::Invited)).then_some(NOW);
        (state != State::SectionOff).then(|| Account {
            id: AccountId::generate(),
            section: Some("acme".parse().unwrap()),
            login_id: login_id.into(),
            member: None,
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            administrator: false,
            approver: false,
            password_hash: set.map(|_| "$argon2id$".into()),
            password_set_at: set.map(|set| set.plus_seconds(if state == State::Expired { -86_400 } else { -86_399 })),
            never_expires: false,
            reset_at: (state == State::Reset).then_some(NOW),
            failures: 0,
            locked_at: (state == State::Locked).then_some(NOW),
            invitation_until: None,
            second_factor_at: None,
        })
    }

    /// The sender's account, and the default user's, in every state. `SectionOff` stands for none at all.
    // spec: MAIL-SENDER X-ACCOUNTS
    #[test]
    fn an_account_must_be_usable() {
        let mut acme = section(true, true);
        acme.settings.password_days = Some(1);
        let ask = |users: Vec<User>, accounts: Vec<Option<Account>>| {
            let accounts = SenderAccounts {
                mail_link_group: Some("link".into()),
                users,
                default_user: Some(user("default", Some("link"), true)),
                accounts: accounts.into_iter().flatten().collect(),
            };
            who_deposits(&acme, "taro@acme.example", Whence::Within, &[], &accounts, NOW).map(|who| who.login_id)
        };
        let taro = || user("taro", Some("link"), false);
        for (state, sender, default_user) in [
            (State::SectionOff, None, None),
            (State::Invited, None, None),
            (State::Good, None, None),
            (State::Reset, None, Some(Code::DefaultUserPasswordReset)),
            (State::Locked, Some(Code::SenderLocked), Some(Code::DefaultUserLocked)),
            (State::Expired, Some(Code::SenderPasswordExpired), Some(Code::DefaultUserPasswordExpired)),
        ] {
            let wanted = |code: Option<Code>, who: &str| code.map_or_else(|| Ok(who.to_owned()), Err);
            // Each account is looked at for its own user alone.
            let elsewhere = |login_id| account(login_id, State::Locked);
            let found = ask(vec![taro()], vec![elsewhere("default"), account("taro", state)]);
            assert_eq!(found, wanted(sender, "taro"), "{state:?}");
            let found = ask(vec![], vec![elsewhere("taro"), account("default", state)]);
            assert_eq!(found, wanted(default_user, "default"), "{state:?}");
        }
        // Of two with one address the one who can, and else the first one's code.
        let two = || vec![user("a", Some("link"), false), taro()];
        let both = |a, taro| vec![account("a", a), account("taro", taro)];
        assert_eq!(ask(two(), both(State::Locked, State::Good)), Ok("taro".to_owned()));
        assert_eq!(ask(two(), both(State::Expired, State::Locked)), Err(Code::SenderPasswordExpired));
    }
}
