//! Who deposits for a mail, by the accounts that its section has (spec MAIL-SENDER, 3.5): the whole decision stands here.

use fubako_base::{Code, section::Section};
use fubako_store::{
    deposits::Depositor,
    sections::{SenderAccounts, User},
};

use super::{is_address, may_deposit};

/// Who deposits for a mail whose From address is `sender`. `accounts` is what the section has of accounts for that address.
///
/// 1. The section's mail-link option is on (else `option-off`), and so is autopilot (`autopilot-off`).
/// 2. The sender's address is one (`sender-malformed`).
/// 3. The section has a mail-link group (`group-not-set`): nobody deposits who is not in it.
/// 4. There are users with the address: one of them who is in the group deposits, the first by login id (`sender-not-in-group`). The default
///    user, where it is the sender itself, is a user like any other here.
/// 5. There are none: the default user deposits in the sender's place, if there is one (`default-user-credentials`) and it is in the group
///    (`default-user-no-group`).
///
/// # Errors
/// The code of the first step that fails.
pub fn who_deposits(section: &Section, sender: &str, accounts: &SenderAccounts) -> Result<Depositor, Code> {
    may_deposit(section)?;
    if !is_address(sender) {
        return Err(Code::SenderMalformed);
    }
    let group = accounts.mail_link_group.as_ref().ok_or(Code::GroupNotSet)?;
    let is_in_group = |user: &User| user.group.as_ref() == Some(group);
    if !accounts.users.is_empty() {
        let user = accounts.users.iter().find(|user| is_in_group(user)).ok_or(Code::SenderNotInGroup)?;
        return Ok(Depositor { login_id: user.login_id.clone(), as_default_user: false });
    }
    let user = accounts.default_user.as_ref().ok_or(Code::DefaultUserCredentials)?;
    if !is_in_group(user) {
        return Err(Code::DefaultUserNoGroup);
    }
    Ok(Depositor { login_id: user.login_id.clone(), as_default_user: true })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::tests::section, *};

    fn user(login_id: &str, group: Option<&str>, default_user: bool) -> User {
        User {
            section: "acme".parse().unwrap(),
            login_id: login_id.into(),
            address: format!("{login_id}@acme.example"),
            name: String::new(),
            group: group.map(str::to_owned),
            default_user,
            administrator: false,
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
                    };
                    let row = format!("group {has_group}, {senders:?}, default user {default:?}");
                    let found = who_deposits(&section(true, true), "taro@acme.example", &accounts);
                    let found = found.as_ref().map(|who| (who.login_id.as_str(), who.as_default_user));
                    assert_eq!(found.map_err(|code| *code), wanted(has_group, senders, default), "{row}");
                    // Whatever the accounts, the section's switches and then the address come first.
                    for (section, sender, code) in [
                        (section(false, true), "taro@acme.example", Code::OptionOff),
                        (section(false, false), "nobody", Code::OptionOff),
                        (section(true, false), "nobody", Code::AutopilotOff),
                        (section(true, true), "nobody", Code::SenderMalformed),
                        (section(true, true), "a@acme.example\r\nBcc: b@c.example", Code::SenderMalformed),
                    ] {
                        assert_eq!(who_deposits(&section, sender, &accounts), Err(code), "{row}");
                    }
                    rows += 1;
                }
            }
        }
        assert_eq!(rows, 48);
    }
}
