//! A section (セクション) and its settings, as values.

use serde::{Deserialize, Serialize};

use crate::{
    Lang,
    ids::SectionId,
    network::Networks,
    unchecked::{Unchecked, UncheckedRule},
};

/// Recipients that a deposit may have: no section may allow more.
pub const MOST_RECIPIENTS: u32 = 1_000;
/// Files that a deposit may have: no section may allow more.
pub const MOST_FILES: u32 = 1_000;
/// Characters that a deposit's subject or its sender's name may have: no section may allow longer subjects.
pub const MOST_CHARACTERS: u32 = 2_000;

/// Days that a section may let a deposit wait for its approval.
pub const APPROVAL_DAYS: std::ops::RangeInclusive<u16> = 1..=60;
/// What a section may choose as the least number of characters of a user's password.
pub const LEAST_PASSWORD: std::ops::RangeInclusive<u16> = 8..=64;

/// One customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub id: SectionId,
    /// Its name as people see it.
    pub name: String,
    /// Whether it is in use at all.
    pub enabled: bool,
    /// The mail-link option: the gateway may deposit for it.
    pub mail_link: bool,
    /// Autopilot: programs may use the API.
    pub autopilot: bool,
    /// The domains it sends from, as A-labels in lower case. A domain belongs to one section.
    pub domains: Vec<String>,
    /// Everything else that can be set.
    pub settings: Settings,
}

/// What a section can set. Every field has a default, so that a section made by an older version reads well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The language of notices.
    pub language: NoticeLanguage,
    /// Where the notice stands in a relayed mail.
    pub notice_position: NoticePosition,
    /// The section's own words above the notice, plain text, at most 2,000 characters.
    pub notice_wording: Option<String>,
    /// How recipients may prove who they are (spec ACCESS); a group may have ways of its own.
    pub access: Access,
    /// What stood in the place of `access` before there was more than one way: read, and never written again.
    #[serde(skip_serializing)]
    pub password_in_mail: Superseded,
    /// Days that files are kept, the day of sending being the first (spec X-EXPIRY). 1 to 365.
    pub keep_days: u16,
    /// Days for which files are kept at the longest, where somebody has them kept longer, the day of sending being the first (spec X-CANCEL).
    /// 1 to 365; below `keep_days` nobody can.
    pub longest_keep_days: u16,
    /// The section's time zone (IANA name).
    pub time_zone: String,
    /// Attachments that a mail may have (spec 3.4, `too-many-files`).
    pub max_files: u32,
    /// Addresses that To, Cc and Bcc may have together (`too-many-recipients`).
    pub max_recipients: u32,
    /// Characters that a subject may have (`subject-too-long`).
    pub max_subject: u32,
    /// What is done about attachments' names (spec MAIL-UNNAMED).
    pub names: NameRule,
    /// Whether TNEF (`winmail.dat`) is opened and the files in it are deposited; else it is deposited as it came (spec MAIL-TNEF).
    pub open_tnef: bool,
    /// Names that no attachment may have: `*` for any characters, `?` for one, without case (`name-forbidden`).
    pub forbidden_names: Vec<String>,
    /// Where mail with attachments may go: `user@example.jp`, `example.jp`, `*.example.jp`; none is anywhere
    /// (`recipient-restricted`).
    pub allowed_destinations: Vec<String>,
    /// Where it may not, whatever is allowed.
    pub denied_destinations: Vec<String>,
    /// Octets that the files of one deposit may have together (the contracted size); code `files-too-large`.
    pub max_deposit_size: u64,
    /// What is done about encrypted archives and documents, which the virus check cannot look into (`file-encrypted`; spec KEEP-VIRUS).
    pub encrypted_files: UncheckedRule,
    /// What is done about files past the virus scanner's limits, which it does not look into wholly (`scan-limit`; spec KEEP-VIRUS).
    pub files_past_scan_limits: UncheckedRule,
    /// Wrong file passwords on a link before each further try must wait.
    pub free_tries: u16,
    /// Wrong file passwords on a link before it is locked.
    pub max_tries: u16,
    /// Minutes for which a link is locked.
    pub lock_minutes: u32,
    /// The address that links begin with, on the section's own domain (`https://files.example.jp`), without a slash at the end; none
    /// is `http.public_url` (spec X-NOTICE). The domain must lead here, with a certificate of its own.
    pub link_url: Option<String>,
    /// What proves that a mail comes from the section (spec RCV-TENANT).
    pub proof: Proof,
    /// The header field that the section's mail server adds with a secret in it, for [`Proof::SecretHeader`]. Never relayed, whatever the
    /// proof is. The secret itself is no setting: it is kept sealed.
    pub secret_header: Option<String>,
    /// Characters that a user's password has at least (spec X-ACCOUNTS). [`LEAST_PASSWORD`].
    pub password_length: u16,
    /// Days after which a user must choose another password; none is never.
    pub password_days: Option<u16>,
    /// Wrong passwords one after another at which an account is locked.
    pub sign_in_tries: u16,
    /// Whether the section's people must have a second factor (spec X-ACCOUNTS).
    pub second_factor: SecondFactor,
    /// Whether deposits wait until an approver has agreed (spec X-APPROVAL); a group may have a rule of its own.
    pub approval: ApprovalRule,
    /// Days after the day of sending on which a deposit may still be approved; then it is rejected. [`APPROVAL_DAYS`].
    pub approval_days: u16,
    /// The networks from which the section's people may use the screens (spec X-ACCOUNTS); none is anywhere. Recipients' links are not concerned.
    pub screen_networks: Networks,
    /// The networks from which programs may deposit for it through the API (`ip-not-allowed`); none is anywhere. The gateway in the exchange's
    /// own process comes from no network, and is not concerned.
    pub api_networks: Networks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: NoticeLanguage::Auto,
            notice_position: NoticePosition::End,
            notice_wording: None,
            access: Access::default(),
            password_in_mail: Superseded,
            keep_days: 7,
            longest_keep_days: 30,
            time_zone: "Asia/Tokyo".to_owned(),
            max_files: 20,
            max_recipients: 50,
            max_subject: 200,
            names: NameRule::default(),
            open_tnef: true,
            forbidden_names: Vec::new(),
            allowed_destinations: Vec::new(),
            denied_destinations: Vec::new(),
            max_deposit_size: 2 << 30,
            encrypted_files: UncheckedRule::default(),
            files_past_scan_limits: UncheckedRule::default(),
            free_tries: 3,
            max_tries: 10,
            lock_minutes: 60,
            link_url: None,
            proof: Proof::default(),
            secret_header: None,
            password_length: 12,
            password_days: None,
            sign_in_tries: 10,
            second_factor: SecondFactor::default(),
            approval: ApprovalRule::default(),
            approval_days: 7,
            screen_networks: Networks::default(),
            api_networks: Networks::default(),
        }
    }
}

impl Settings {
    /// What is done about a file that the virus check did not look into for this reason.
    #[must_use]
    pub const fn rule_for(&self, reason: Unchecked) -> UncheckedRule {
        match reason {
            Unchecked::Encrypted => self.encrypted_files,
            Unchecked::ScanLimit => self.files_past_scan_limits,
        }
    }
}

/// A way in which a recipient may prove who they are (spec ACCESS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The file password, which is in the relayed mail, or which its sender tells.
    PasswordInMail,
    /// A short-lived code that is mailed to the recipient's own address when they ask for it.
    OneTimeCode,
    /// A sign-in with the account that has the recipient's address.
    Account,
}

impl Way {
    /// Every way, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::PasswordInMail, Self::OneTimeCode, Self::Account];

    /// The spec's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordInMail => "password-in-mail",
            Self::OneTimeCode => "one-time-code",
            Self::Account => "account",
        }
    }
}

/// The ways that are allowed: at least one, each once, whatever the order in which they were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Way>", into = "Vec<Way>")]
pub struct Access {
    password_in_mail: bool,
    one_time_code: bool,
    account: bool,
}

/// No way was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("access must name at least one of \"password-in-mail\", \"one-time-code\", \"account\"")]
pub struct NoWay;

impl Access {
    /// These ways.
    ///
    /// # Errors
    /// [`NoWay`] where there is none.
    pub fn of(ways: &[Way]) -> Result<Self, NoWay> {
        if ways.is_empty() {
            return Err(NoWay);
        }
        let has = |way| ways.contains(&way);
        Ok(Self {
            password_in_mail: has(Way::PasswordInMail),
            one_time_code: has(Way::OneTimeCode),
            account: has(Way::Account),
        })
    }

    /// Whether this way is allowed.
    #[must_use]
    pub const fn allows(self, way: Way) -> bool {
        match way {
            Way::PasswordInMail => self.password_in_mail,
            Way::OneTimeCode => self.one_time_code,
            Way::Account => self.account,
        }
    }

    /// The ways, in the order in which they are shown.
    pub fn ways(self) -> impl Iterator<Item = Way> {
        Way::ALL.into_iter().filter(move |way| self.allows(*way))
    }
}

impl Default for Access {
    /// What customers of this kind of service know.
    fn default() -> Self {
        Self { password_in_mail: true, one_time_code: false, account: false }
    }
}

impl TryFrom<Vec<Way>> for Access {
    type Error = NoWay;
    fn try_from(ways: Vec<Way>) -> Result<Self, NoWay> {
        Self::of(&ways)
    }
}

impl From<Access> for Vec<Way> {
    fn from(access: Access) -> Self {
        access.ways().collect()
    }
}

/// `password_in_mail = true`, as it was declared and kept when nothing else could be: it says nothing that the default of `access` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Superseded;

impl<'de> Deserialize<'de> for Superseded {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let error = "password_in_mail is now access: access = [\"one-time-code\"], say, for mails without a password";
        if bool::deserialize(from)? { Ok(Self) } else { Err(serde::de::Error::custom(error)) }
    }
}

/// What is done about attachments' names that break the rules (spec 3.4, MAIL-UNNAMED).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum NameRule {
    /// A name that a person gave stops the mail, any other is repaired.
    #[default]
    Persons,
    /// Any name stops the mail.
    All,
    /// Every name is repaired.
    Repair,
}

/// Whether deposits must be approved (spec X-APPROVAL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalRule {
    /// They are sent at once.
    #[default]
    None,
    /// They wait until one of several approvers has agreed.
    One,
}

impl ApprovalRule {
    /// The spec's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One => "one",
        }
    }
}

impl std::str::FromStr for ApprovalRule {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::None, Self::One].into_iter().find(|rule| rule.name() == word).ok_or(())
    }
}

/// Whether who signs in must have a second factor (spec X-ACCOUNTS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// Whoever likes has one.
    #[default]
    Optional,
    /// Whoever has none sets one up before anything else.
    Required,
}

/// What proves that a mail comes from a section (spec RCV-TENANT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// SPF of an aligned domain: for a section that sends from its own servers.
    #[default]
    Spf,
    /// A DKIM signature of an aligned domain.
    Dkim,
    /// A header field that the section's mail server adds, with a secret in it.
    SecretHeader,
}

impl Proof {
    /// The spec's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::SecretHeader => "secret-header",
        }
    }
}

/// The language of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum NoticeLanguage {
    /// The mail's own: Japanese where its words or charset are Japanese, else English.
    #[default]
    Auto,
    /// Japanese.
    Ja,
    /// English.
    En,
    /// Japanese first and English after.
    Both,
}

impl NoticeLanguage {
    /// The languages in order, given the mail's own.
    #[must_use]
    pub fn langs(self, mail: Lang) -> Vec<Lang> {
        match self {
            Self::Auto => vec![mail],
            Self::Ja => vec![Lang::Ja],
            Self::En => vec![Lang::En],
            Self::Both => Lang::ALL.to_vec(),
        }
    }
}

/// Where the notice stands in a relayed mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum NoticePosition {
    /// Above the body.
    Top,
    /// Below the body.
    #[default]
    End,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: ACCESS
    #[test]
    fn ways_are_a_set_of_the_spec_s_words_that_is_never_empty() {
        for (words, ways) in [
            (r#"["password-in-mail"]"#, &[Way::PasswordInMail][..]),
            (r#"["account","one-time-code","account"]"#, &[Way::OneTimeCode, Way::Account]),
            (r#"["one-time-code","account","password-in-mail"]"#, &Way::ALL),
        ] {
            let access: Access = serde_json::from_str(words).unwrap();
            assert_eq!(access.ways().collect::<Vec<_>>(), ways, "{words}");
            let again = serde_json::to_string(&access).unwrap();
            assert_eq!(serde_json::from_str::<Access>(&again).unwrap(), access);
        }
        for wrong in ["[]", r#"["password"]"#, r#""account""#, "[true]"] {
            assert!(serde_json::from_str::<Access>(wrong).is_err(), "{wrong}");
        }
        for way in Way::ALL {
            assert_eq!(serde_json::to_value(way).unwrap(), way.name());
        }
    }

    // spec: ACCESS
    #[test]
    fn what_an_older_release_kept_reads_as_it_was() {
        let kept: Settings = serde_json::from_str(r#"{"password_in_mail":true}"#).unwrap();
        assert_eq!(kept, Settings::default());
        assert!(!serde_json::to_string(&kept).unwrap().contains("password_in_mail"));
        let refused = serde_json::from_str::<Settings>(r#"{"password_in_mail":false}"#).unwrap_err().to_string();
        assert!(refused.contains("one-time-code"), "{refused}");
    }
}
