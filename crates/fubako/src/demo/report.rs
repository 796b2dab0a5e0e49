//! The demo's JSON: a stable interface (spec 7).

use fubako_base::ids::MailId;
use serde::Serialize;

use super::sender::Outbound;
use crate::inspect;

/// The whole.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether every file came through identical.
    pub ok: bool,
    /// One a mail.
    pub mails: Vec<MailReport>,
}

/// One mail.
#[derive(Debug, Clone, Serialize)]
pub struct MailReport {
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// What the gateway did: `relay`, `deposit`, `stop` (refused in SMTP too) or `hold` (still trying, too).
    pub decision: &'static str,
    /// The codes of what it stopped or held the mail for.
    pub codes: Vec<&'static str>,
    /// Whether it reached its recipients.
    pub relayed: bool,
    /// The link in the first recipient's deposit notice.
    pub deposit_notice_url: Option<String>,
    /// Its files.
    pub files: Vec<FileReport>,
    /// From sending to the last comparison.
    pub seconds: f64,
    /// Whether all went well with it.
    #[serde(skip)]
    pub ok: bool,
    /// The gateway's id of it; none where it was refused.
    #[serde(skip)]
    pub id: Option<MailId>,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// Octets as sent.
    pub size: u64,
    /// SHA-256 as sent.
    pub sha256_sent: String,
    /// SHA-256 as downloaded.
    pub sha256_downloaded: Option<String>,
}

impl FileReport {
    /// Whether it came back as it was sent.
    pub fn is_identical(&self) -> bool {
        self.sha256_downloaded.as_ref() == Some(&self.sha256_sent)
    }
}

impl MailReport {
    /// A report before anything happened.
    pub fn of(mail: &Outbound) -> Self {
        Self {
            message_id: mail.message_id.clone(),
            decision: "stop",
            codes: Vec::new(),
            relayed: false,
            deposit_notice_url: None,
            files: Vec::new(),
            seconds: 0.0,
            ok: false,
            id: None,
        }
    }

    /// Fills in the files as they are sent.
    pub fn sends(&mut self, mail: &inspect::Report) {
        let file = |f: &inspect::FileReport| FileReport {
            name: f.name.clone(),
            size: f.size,
            sha256_sent: f.sha256.clone(),
            sha256_downloaded: None,
        };
        self.files = mail.attachments.iter().map(file).collect();
    }

    /// The gateway handled it when it came before, and not again (spec RCV-REPEAT): what became of it then holds.
    pub fn repeats(&mut self, before: &Self) {
        *self = Self { seconds: self.seconds, ..before.clone() };
    }
}
