//! What the audit log records, and of whom (spec X-AUDIT): one table of events. The words are stable, for people search and script by them.
//!
//! What a person reads stands in `lang/{ja,en}/audit.ftl`: `audit-NAME` for an event, `audit-by-KIND` for who did it.

use std::{fmt, str::FromStr};

/// Not a word of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an unknown word of the audit log")]
pub struct UnknownWord;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident, $name:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Event { $($(#[$doc])* $variant,)* }

        impl Event {
            /// Every event, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The event's word.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl FromStr for Event {
            type Err = UnknownWord;
            fn from_str(name: &str) -> Result<Self, UnknownWord> {
                match name { $($name => Ok(Self::$variant),)* _ => Err(UnknownWord) }
            }
        }
    };
}

events! {
    /// Somebody signed in.
    SignIn, "sign-in";
    /// Somebody was not let in; the detail says why, which whoever tried was not told.
    SignInRefused, "sign-in-refused";
    /// Somebody signed out.
    SignOut, "sign-out";
    /// Somebody ended their other sessions, or one of them.
    SessionsEnded, "sessions-ended";
    /// Somebody tried to end sessions, with a wrong password.
    SessionsEndRefused, "sessions-end-refused";
    /// An operator's account was made.
    OperatorMade, "operator-made";
    /// An operator's account was removed.
    OperatorRemoved, "operator-removed";
    /// An account was invited, or its password taken away: its sessions ended.
    Invited, "invited";
    /// A password was set by an invitation.
    InvitationAccepted, "invitation-accepted";
    /// Somebody changed their password.
    PasswordChanged, "password-changed";
    /// Somebody tried to change a password, with a wrong one.
    PasswordChangeRefused, "password-change-refused";
    /// Somebody has a second factor from now on: their other sessions ended.
    SecondFactorOn, "second-factor-on";
    /// Somebody has no second factor any more: they turned it off, or it was taken from them.
    SecondFactorOff, "second-factor-off";
    /// Somebody tried to turn their second factor on or off, or to make new recovery codes, with a wrong password or code.
    SecondFactorRefused, "second-factor-refused";
    /// A recovery code stood in for the app's.
    RecoveryCodeUsed, "recovery-code-used";
    /// Somebody made new recovery codes: the old ones are void.
    RecoveryCodesMade, "recovery-codes-made";
    /// An account that wrong passwords locked was opened.
    Unlocked, "unlocked";
    /// A section, a group, a user or a setting was made, changed or removed.
    SettingsChanged, "settings-changed";
    /// A token for programs was made.
    TokenMade, "token-made";
    /// A token for programs was revoked.
    TokenRevoked, "token-revoked";
    /// A maintenance window was made.
    MaintenanceMade, "maintenance-made";
    /// A maintenance window was ended or taken back.
    MaintenanceEnded, "maintenance-ended";
    /// An announcement was made.
    AnnouncementMade, "announcement-made";
    /// An announcement was changed.
    AnnouncementChanged, "announcement-changed";
    /// An announcement was withdrawn: it is not shown any more, and mailed to nobody else.
    AnnouncementWithdrawn, "announcement-withdrawn";
    /// A deposit's links and notices went out.
    DepositSent, "deposit-sent";
    /// A program gave a deposit up before it was sent: the files that were in were deleted.
    DepositGivenUp, "deposit-given-up";
    /// A deposit waits for an approver.
    ApprovalAsked, "approval-asked";
    /// An approver agreed.
    DepositApproved, "deposit-approved";
    /// An approver did not agree, or nobody answered in time.
    DepositRejected, "deposit-rejected";
    /// A deposit was cancelled whole.
    DepositCancelled, "deposit-cancelled";
    /// A deposit was cancelled for one recipient.
    LinkCancelled, "link-cancelled";
    /// A deposit's files are kept longer.
    ExpiryExtended, "expiry-extended";
    /// A deposit's files were deleted because their time was over.
    FilesDeleted, "files-deleted";
    /// A sender had the file password of what they sent shown to them.
    PasswordSeen, "password-seen";
    /// A one-time code was mailed to a recipient.
    CodeSent, "code-sent";
    /// A recipient proved who they are.
    LinkOpened, "link-opened";
    /// A recipient did not prove who they are.
    LinkRefused, "link-refused";
    /// A file, or all of a deposit's, was fetched.
    Downloaded, "downloaded";
    /// A mail, or one of its deliveries, that waits or is held is tried now.
    MailRetried, "mail-retried";
    /// A mail, or one of its deliveries, is stopped: it is not delivered.
    MailStopped, "mail-stopped";
    /// Lines of this log were fetched as CSV.
    AuditExported, "audit-exported";
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// An operator, by login id.
    Operator(String),
    /// A section's user, by login id.
    User(String),
    /// A recipient, by the address that the deposit was sent to.
    Recipient(String),
    /// A program at the API, by its token's name.
    Program(String),
    /// Somebody at the machine, by the name of their account there as the system tells it.
    Command(String),
    /// The installation by itself, when something's time had come.
    Clock,
    /// Nobody who is known.
    Stranger,
}

impl Actor {
    /// The kinds, in this order.
    pub const KINDS: &[&str] = &["operator", "user", "recipient", "program", "command", "clock", "stranger"];

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Operator(_) => "operator",
            Self::User(_) => "user",
            Self::Recipient(_) => "recipient",
            Self::Program(_) => "program",
            Self::Command(_) => "command",
            Self::Clock => "clock",
            Self::Stranger => "stranger",
        }
    }

    /// Their name; empty where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator(name)
            | Self::User(name)
            | Self::Recipient(name)
            | Self::Program(name)
            | Self::Command(name) => name,
            Self::Clock | Self::Stranger => "",
        }
    }

    /// The actor of this kind and name.
    ///
    /// # Errors
    /// [`UnknownWord`] where there is no such kind.
    pub fn of(kind: &str, name: &str) -> Result<Self, UnknownWord> {
        let name = || name.to_owned();
        Ok(match kind {
            "operator" => Self::Operator(name()),
            "user" => Self::User(name()),
            "recipient" => Self::Recipient(name()),
            "program" => Self::Program(name()),
            "command" => Self::Command(name()),
            "clock" => Self::Clock,
            "stranger" => Self::Stranger,
            _ => return Err(UnknownWord),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::lang::{Lang, has_text};

    // spec: X-AUDIT, X-LANG
    #[test]
    fn every_word_is_read_back_and_has_a_text_in_both_languages() {
        for event in Event::ALL {
            assert_eq!(event.name().parse(), Ok(*event));
            for lang in Lang::ALL {
                assert!(has_text(lang, &format!("audit-{event}")), "{event} in {lang}");
            }
        }
        for kind in Actor::KINDS {
            assert_eq!(Actor::of(kind, "x").unwrap().kind(), *kind);
            for lang in Lang::ALL {
                assert!(has_text(lang, &format!("audit-by-{kind}")), "{kind} in {lang}");
            }
        }
        assert_eq!("sign-up".parse::<Event>(), Err(UnknownWord));
    }
}
