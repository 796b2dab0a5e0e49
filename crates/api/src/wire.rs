//! What goes over the wire. JSON names are part of the contract: they change only with a major version.

use std::{collections::BTreeMap, fmt};

use fubako_base::{
    Lang, Timestamp,
    ids::{DepositId, SectionId},
    section::Access,
    unchecked::Unchecked,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

/// A moment, as RFC 3339 writes it, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.jiff())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::from_rfc3339(&text).map(Self).ok_or_else(|| D::Error::custom("not a time as RFC 3339 has it"))
    }
}

/// Codes of the API's own, beside [`fubako_base::Code`].
pub const API_CODES: &[&str] = &[
    "unauthorized",
    "insufficient-scope",
    "not-found",
    "invalid",
    "conflict",
    "too-large",
    "checksum-mismatch",
    "internal",
];

/// A new deposit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepositRequest {
    /// The section that deposits.
    #[schema(value_type = String, example = "sales")]
    pub section: SectionId,
    /// Who sends.
    pub sender: Person,
    /// The mail's subject, decoded.
    pub subject: String,
    /// What whoever sends it tells the recipients in the deposit notice; may be empty. At most 5,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 5000)]
    pub message: String,
    /// The language of the deposit notices; none for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Language>)]
    pub language: Option<Lang>,
    /// Who receives: 1 to 1,000 addresses, each once.
    #[schema(min_items = 1, max_items = 1000)]
    pub recipients: Vec<String>,
    /// The file password (spec ACCESS 1). Kept hashed; not at all where the section proves recipients without one, and needed where it
    /// proves them in no other way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 8, max_length = 128)]
    pub file_password: Option<String>,
    /// How many files will be put: 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    pub file_count: u32,
    /// The Message-ID of the mail that they came with, without angle brackets: what its sender is told later stands in its thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

impl fmt::Debug for DepositRequest {
    /// Without the file password and the subject.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, recipients, file_count, .. } = self;
        write!(f, "DepositRequest(section {section}, {} recipients, {file_count} files)", recipients.len())
    }
}

/// Somebody with an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The mail address.
    pub address: String,
    /// The display name; empty where there is none.
    #[serde(default)]
    pub name: String,
}

/// Where a deposit is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DepositState {
    /// Files are being put; nobody sees it.
    Open,
    /// All files are in; an approver has yet to agree.
    Waiting,
    /// Sent: links are out.
    Sent,
    /// It was not approved: the files are gone.
    Rejected,
    /// Over: the files are gone.
    Expired,
    /// Taken back by its sender or an administrator after it was sent: the files are gone.
    Cancelled,
}

/// A deposit as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deposit {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: DepositId,
    /// Where it is in its life.
    pub state: DepositState,
    /// The subject of the deposit notices.
    pub notice_subject: String,
    /// Whether an approver must agree before links go out (spec X-APPROVAL). Decided when it was begun.
    #[serde(default)]
    pub approval: bool,
    /// How its recipients may prove who they are (spec ACCESS): at least one of `password-in-mail`, `one-time-code`, `account`. Decided when it was begun.
    #[serde(default)]
    #[schema(value_type = Vec<Way>)]
    pub access: Access,
    /// When the files go; none before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Moment>,
    /// The files put so far.
    pub files: Vec<File>,
}

/// A file of a deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// 1, 2, 3 …
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `type/subtype`.
    pub media_type: String,
    /// Octets.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// `encrypted` or `scan-limit`: the virus check did not look into the whole of it, and the section lets such files pass.
    /// Absent where the check looked into all of it, or where the installation has no scanner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NotChecked>)]
    pub unchecked: Option<Unchecked>,
}

/// A language of mails: Japanese or English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// A way in which recipients prove who they are (spec ACCESS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By the file password.
    PasswordInMail,
    /// By a code that is mailed to them when they ask for it.
    OneTimeCode,
    /// By signing in.
    Account,
}

/// Why the virus check did not look into the whole of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotChecked {
    /// It is encrypted.
    Encrypted,
    /// It is past the scanner's limits.
    ScanLimit,
}

/// Deposits that were sent, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DepositList {
    /// The deposits.
    pub deposits: Vec<DepositLine>,
    /// What `before` is to be for the next ones; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub next: Option<DepositId>,
}

/// A deposit in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DepositLine {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: DepositId,
    /// Where it is in its life.
    pub state: DepositState,
    /// Who sent it.
    pub sender: Person,
    /// Its subject.
    pub subject: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// When its links went out; none where they have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Moment>,
    /// When its files go, or went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Moment>,
    /// How many files it has, or had.
    pub files: u32,
    /// How many recipients.
    pub recipients: u32,
    /// How many of them took a file.
    pub recipients_who_took: u32,
}

/// The recipients of a deposit, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecipientList {
    /// The recipients; none before the links went out.
    pub recipients: Vec<Recipient>,
}

/// What became of a deposit at one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    /// Their address.
    pub address: String,
    /// When they first proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opened_at: Option<Moment>,
    /// When it was cancelled for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cancelled_at: Option<Moment>,
    /// What they took, in the order of time.
    pub downloads: Vec<Download>,
}

/// A file that a recipient took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Download {
    /// The file's number.
    pub file: u32,
    /// When its first octet was handed over.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Moment,
    /// When its last one was; none where that has not happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Moment>,
}

/// What is to be cancelled: either the whole deposit, or what one recipient has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// The address of the one recipient for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// `true` for the whole deposit, for all its recipients.
    #[serde(default)]
    pub whole: bool,
}

/// Lines of the audit log, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The lines.
    pub lines: Vec<AuditLine>,
    /// What `before` is to be for the next ones; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A line of the audit log (spec X-AUDIT).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditLine {
    /// 1, 2, 3 … in the section's log.
    pub number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// What happened: a stable word.
    pub event: String,
    /// Of what kind whoever did it is: `operator`, `user`, `recipient`, `program`, `command`, `clock` or `stranger`.
    pub actor_kind: String,
    /// Their name.
    pub actor: String,
    /// The IP address that it came from; empty where there is none.
    pub address: String,
    /// What it was done to.
    pub object: String,
    /// What else is known of it.
    pub detail: BTreeMap<String, String>,
}

/// An error as RFC 9457 has it (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:fubako:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is, in English.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What was wrong this time; never a private cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
