//! The demo's JSON: a stable interface (spec 7).

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
    /// What the gateway decided.
    pub decision: &'static str,
    /// The problems' codes.
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
        }
    }

    /// Fills in what is expected of the mail.
    pub fn expect(&mut self, expected: &inspect::Report) {
        self.decision = expected.decision;
        self.codes.clone_from(&expected.codes);
        let file = |f: &inspect::FileReport| FileReport {
            name: f.name.clone(),
            size: f.size,
            sha256_sent: f.sha256.clone(),
            sha256_downloaded: None,
        };
        self.files = expected.attachments.iter().map(file).collect();
    }

    /// The gateway did not take it, whatever it would have done with it.
    pub fn refused(&mut self) {
        self.decision = "stop";
    }
}
