//! What goes over the wire. JSON names are part of the contract: they change only with a major version.

use std::fmt;

use fubako_base::{
    Lang,
    ids::{DepositId, SectionId},
    section::Access,
    unchecked::Unchecked,
};
use serde::{Deserialize, Serialize};

/// Codes of the API's own, beside [`fubako_base::Code`].
pub const API_CODES: &[&str] = &["unauthorized", "not-found", "invalid", "conflict", "too-large", "internal"];

/// A new deposit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositRequest {
    /// The section that deposits.
    pub section: SectionId,
    /// Who sends.
    pub sender: Person,
    /// The mail's subject, decoded.
    pub subject: String,
    /// The language of the deposit notices; none for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Lang>,
    /// Who receives: 1 to 1,000 addresses, each once.
    pub recipients: Vec<String>,
    /// The file password (spec ACCESS 1). Kept as an argon2id hash; not at all where the section proves recipients without one, and needed where it
    /// proves them in no other way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_password: Option<String>,
    /// How many files will be put.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The mail address.
    pub address: String,
    /// The display name; empty where there is none.
    #[serde(default)]
    pub name: String,
}

/// Where a deposit is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Its id.
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
    pub access: Access,
    /// When the files go, microseconds since 1970; none before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<fubako_base::Timestamp>,
    /// The files put so far.
    pub files: Vec<File>,
}

/// A file of a deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub unchecked: Option<Unchecked>,
}

/// An error as RFC 9457 has it (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
