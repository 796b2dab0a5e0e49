//! The stable codes: one enum, one table. The notice to a sender, the API's errors and the log carry the same word.
//!
//! A row says what the code is called, what becomes of the mail, and the rule it comes from. The texts that a
//! person reads stand in `lang/{ja,en}.ftl` under `code-NAME` (what was wrong) and `code-NAME-next` (what to do).

use std::fmt;

/// What a code means for the mail that has the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The mail is not delivered; its sender is told.
    Stop,
    /// The mail has no one safe reading: not delivered, kept for a look, its sender told.
    Hold,
    /// The cause may pass: tried again with back-off until a limit, then as [`Class::Stop`].
    Retry,
    /// The mail was delivered; the files that were kept of it are not handed over, and its sender is told.
    Files,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $class:ident, $spec:literal;)*) => {
        /// A problem's stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as people script against it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What becomes of a mail with this problem.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// The rule behind it.
            #[must_use]
            pub const fn spec(self) -> &'static str {
                match self { $(Self::$variant => $spec,)* }
            }

            /// The code with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// The mail, or a part of it, is encrypted.
    Encrypted, "encrypted", Stop, "MAIL-ACCEPT";
    /// An HTML body has a `data:` URL.
    DataUrl, "data-url", Stop, "MAIL-ACCEPT";
    /// Two careful readers could disagree about the mail's parts, or it passes the reader's limits.
    Ambiguous, "ambiguous", Hold, "MAIL-AMBIGUOUS";
    /// An attachment's name has a character that is not allowed, or is too long.
    NameCharacter, "name-character", Stop, "3.4";
    /// More attachments than the section allows.
    TooManyFiles, "too-many-files", Stop, "3.4";
    /// An attachment has no name.
    NameMissing, "name-missing", Stop, "3.4";
    /// Two attachments have the same name.
    NameDuplicate, "name-duplicate", Stop, "3.4";
    /// An attachment has a name that the section forbids.
    NameForbidden, "name-forbidden", Stop, "3.4";
    /// More recipients than the section allows.
    TooManyRecipients, "too-many-recipients", Stop, "3.4";
    /// An address cannot be read.
    RecipientMalformed, "recipient-malformed", Stop, "3.4";
    /// An address stands twice among To, Cc and Bcc.
    RecipientDuplicate, "recipient-duplicate", Stop, "3.4";
    /// The section does not allow mail with attachments to an address.
    RecipientRestricted, "recipient-restricted", Stop, "3.4";
    /// The subject is longer than the section allows.
    SubjectTooLong, "subject-too-long", Stop, "3.4";
    /// The subject has a character that is not allowed.
    SubjectCharacter, "subject-character", Stop, "3.4";
    /// The attachments exceed what the section may deposit.
    FilesTooLarge, "files-too-large", Stop, "3.4";
    /// The scanner found something.
    Virus, "virus", Stop, "KEEP-VIRUS";
    /// An attachment is encrypted: the scanner could not look into it.
    FileEncrypted, "file-encrypted", Stop, "KEEP-VIRUS";
    /// An attachment is past the scanner's limits: it was not wholly looked into.
    ScanLimit, "scan-limit", Stop, "KEEP-VIRUS";
    /// The section's mail-link option is off.
    OptionOff, "option-off", Stop, "MAIL-SENDER";
    /// The section does not permit use of the API by programs.
    AutopilotOff, "autopilot-off", Stop, "MAIL-SENDER";
    /// A program, the gateway say, may not deposit from the address that it comes from.
    IpNotAllowed, "ip-not-allowed", Stop, "MAIL-SENDER";
    /// The section's own domain is not one that the exchange serves.
    WrongDomain, "wrong-domain", Stop, "MAIL-SENDER";
    /// The sender's address cannot be read.
    SenderMalformed, "sender-malformed", Stop, "MAIL-SENDER";
    /// The section has no mail-link group.
    GroupNotSet, "group-not-set", Stop, "MAIL-SENDER";
    /// The sender's account is not in the mail-link group.
    SenderNotInGroup, "sender-not-in-group", Stop, "MAIL-SENDER";
    /// The sender's account is locked.
    SenderLocked, "sender-locked", Stop, "MAIL-SENDER";
    /// The password of the sender's account has expired.
    SenderPasswordExpired, "sender-password-expired", Stop, "MAIL-SENDER";
    /// The sender has no account, and there is no default user.
    DefaultUserCredentials, "default-user-credentials", Stop, "MAIL-SENDER";
    /// The sender has no account, and the default user is not in the mail-link group.
    DefaultUserNoGroup, "default-user-no-group", Stop, "MAIL-SENDER";
    /// The sender has no account, and the default user's is locked.
    DefaultUserLocked, "default-user-locked", Stop, "MAIL-SENDER";
    /// The sender has no account, and the default user's password was reset and none was set since.
    DefaultUserPasswordReset, "default-user-password-reset", Stop, "MAIL-SENDER";
    /// The sender has no account, and the default user's password has expired.
    DefaultUserPasswordExpired, "default-user-password-expired", Stop, "MAIL-SENDER";
    /// Deposits must be approved, and there is nobody who could approve this one.
    ApprovalMisconfigured, "approval-misconfigured", Stop, "MAIL-SENDER";
    /// An approver refused the deposit, or none agreed in time.
    ApprovalRejected, "approval-rejected", Files, "X-APPROVAL";
    /// The exchange is closed for maintenance.
    Maintenance, "maintenance", Retry, "MAIL-DEPOSIT";
    /// The exchange, its storage or its scanner does not answer.
    ExchangeUnavailable, "exchange-unavailable", Retry, "MAIL-DEPOSIT";
    /// A file could not be stored.
    UploadFailed, "upload-failed", Retry, "MAIL-DEPOSIT";
    /// The exchange answered something that was not expected.
    ExchangeError, "exchange-error", Stop, "MAIL-DEPOSIT";
}

/// What a mail's sender is told of [`Code::Ambiguous`]: which kind of thing has no one reading, for each has another way out
/// (spec NOTICE, MAIL-AMBIGUOUS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ambiguity {
    /// Fields, boundaries and parts: made by a program, not by a person.
    Structure,
    /// More parts, levels or header than are read.
    Size,
    /// A file, or a part with its header, is written out in a text.
    FileInText,
    /// A line without white space, so long that some cut it, and in which something begins there (such as a link).
    LongLine,
    /// Octets in base64 that readers decode differently.
    Base64,
    /// A text in a charset that cannot be read here.
    Charset,
    /// An HTML text.
    Html,
    /// A piece of a mail, or a file that is somewhere else (message/partial, message/external-body).
    Elsewhere,
}

impl Ambiguity {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Structure,
        Self::Size,
        Self::FileInText,
        Self::LongLine,
        Self::Base64,
        Self::Charset,
        Self::Html,
        Self::Elsewhere,
    ];

    /// The name of its texts: `code-NAME` and `code-NAME-next`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Structure => "ambiguous",
            Self::Size => "ambiguous-size",
            Self::FileInText => "ambiguous-file-in-text",
            Self::LongLine => "ambiguous-long-line",
            Self::Base64 => "ambiguous-base64",
            Self::Charset => "ambiguous-charset",
            Self::Html => "ambiguous-html",
            Self::Elsewhere => "ambiguous-elsewhere",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{Lang, has_text};

    #[test]
    fn every_code_has_its_texts_in_both_languages() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(*code));
            for lang in [Lang::Ja, Lang::En] {
                for id in [format!("code-{code}"), format!("code-{code}-next")] {
                    assert!(has_text(lang, &id), "{id} in {lang:?}");
                }
                for name in Ambiguity::ALL.map(Ambiguity::text) {
                    for id in [format!("code-{name}"), format!("code-{name}-next")] {
                        assert!(has_text(lang, &id), "{id} in {lang:?}");
                    }
                }
            }
        }
    }
}
