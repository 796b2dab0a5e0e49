//! `fubako operator add|list|reset|unlock|remove`: who runs the installation, and the way back in for whoever cannot sign in (spec X-ACCOUNTS).
//! There is no default password: the first operator is made here, and chooses one with a link that is good once.

use std::os::unix::fs::MetadataExt as _;

use fubako_base::{Timestamp, shown::visible};
use fubako_exchange::{
    Exchange,
    account::{AccountError, Invitation},
    audit::By,
    domain::account::{INVITATION_HOURS, State},
};

/// What is asked of accounts.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum OperatorCommand {
    /// Makes an operator; shows a link, good once and for 24 hours, by which they choose their password
    Add {
        /// What they sign in with: 1 to 64 of a-z, 0-9, '.', '_' and '-'
        login_id: String,
        /// Their mail address
        #[arg(long, value_name = "A")]
        address: String,
    },
    /// The operators, and how their accounts stand
    List,
    /// Takes a password and a second factor away and ends the sessions; shows a link by which another password is chosen. A section's user who never had one is invited so
    Reset {
        /// An operator's LOGIN, or a user's SECTION/LOGIN
        name: String,
    },
    /// Opens an account that wrong passwords locked
    Unlock {
        /// An operator's LOGIN, or a user's SECTION/LOGIN
        name: String,
    },
    /// Removes an operator, and ends their sessions at once; what they did stays in the audit log
    Remove {
        /// What they sign in with
        login_id: String,
    },
}

/// Carries the command out; gives what is said of it.
///
/// # Errors
/// [`AccountError`].
pub async fn run(exchange: &Exchange, command: &OperatorCommand, now: Timestamp) -> Result<String, AccountError> {
    let by = By::command(&who());
    Ok(match command {
        OperatorCommand::Add { login_id, address } => {
            invited(&exchange.add_operator(login_id, address, &by, now).await?)
        }
        OperatorCommand::List => {
            let lines: Vec<String> = exchange
                .operators(now)
                .await?
                .iter()
                .map(|(account, state)| {
                    format!("{:<24} {:<10} {}", account.login_id, standing(*state), visible(&account.address))
                })
                .collect();
            if lines.is_empty() { "There is no operator.".to_owned() } else { lines.join("\n") }
        }
        OperatorCommand::Reset { name } => invited(&exchange.reset_account(name, &by, now).await?),
        OperatorCommand::Unlock { name } => {
            exchange.unlock_account(name, &by, now).await?;
            format!("{} is unlocked.", name.trim())
        }
        OperatorCommand::Remove { login_id } => {
            exchange.remove_operator(login_id, &by, now).await?;
            format!("{} is no operator any more.", login_id.trim())
        }
    })
}

/// Whoever gives a command on the machine, for the audit log: the account's name there, behind `sudo` that of whoever called it.
pub fn who() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let uid = || std::fs::metadata("/proc/self").map_or_else(|_| "?".to_owned(), |own| format!("uid {}", own.uid()));
    ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(named).unwrap_or_else(uid)
}

fn invited(invitation: &Invitation) -> String {
    let Invitation { link, name, address, .. } = invitation;
    format!(
        "{name} ({}) chooses a password here, once, within {INVITATION_HOURS} hours:\n{link}\n\
         Whoever has this link can take the account: hand it to nobody else.",
        visible(address)
    )
}

const fn standing(state: State) -> &'static str {
    match state {
        State::SectionOff => "off",
        State::Locked => "locked",
        State::Invited => "invited",
        State::Reset => "reset",
        State::Expired => "expired",
        State::Good => "good",
    }
}
