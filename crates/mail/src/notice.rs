//! The notice that a relayed mail gains (spec MAIL-NOTICE), as values; its words stand in `lang/*/mail.ftl`.

mod render;

use fubako_base::{Lang, secret::FilePassword, section::NoticePosition};

/// What the notice says.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its languages, in order; one or both.
    pub langs: Vec<Lang>,
    /// Where it stands.
    pub position: NoticePosition,
    /// The service's display name (`brand.name`).
    pub service: String,
    /// Who sent the mail, as the From field shows it.
    pub sender: String,
    /// When, as a person reads it; one text a language in `langs`.
    pub time: Vec<String>,
    /// The deposit notice's subject.
    pub notice_subject: String,
    /// Whether the files come only once an approver has agreed (spec X-APPROVAL).
    pub approval: bool,
    /// The names of the files taken off.
    pub files: Vec<String>,
    /// The file password, where the policy puts it into the mail (spec ACCESS 1).
    pub password: Option<FilePassword>,
    /// The section's own wording, put before ours: plain text.
    pub wording: Option<String>,
}
