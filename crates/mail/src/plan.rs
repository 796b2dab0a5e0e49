//! The plan: what stays in the mail, what is deposited, every problem found. A pure function of the outline.

mod checks;
mod naming;

pub use naming::unallowed_characters;

use std::ops::Range;

use fubako_base::{Code, codes::Class, section::Settings};

use crate::{
    outline::{Disposition, Encoding, Finding, Flow, Outline, Part, PartId},
    transfer::Decoder,
};

/// What becomes of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// No attachments: relayed as it is (spec MAIL-NONE).
    Relay,
    /// Attachments are taken off and deposited.
    Deposit,
    /// Not delivered; the sender is told.
    Stop,
    /// Not delivered, kept for a look; the sender is told (spec MAIL-AMBIGUOUS).
    Hold,
}

/// What the gateway does with a mail.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What becomes of it.
    pub decision: Decision,
    /// Every problem found, all at once (spec NOTICE). Empty unless the decision is stop or hold.
    pub problems: Vec<Problem>,
    /// The parts that are deposited, in order (spec MAIL-EXTRACT).
    pub attachments: Vec<Attachment>,
    /// The parts that stay, in order.
    pub bodies: Vec<Body>,
}

impl Plan {
    /// The problems' codes, each once, in the order found.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        for problem in &self.problems {
            if !codes.contains(&problem.code) {
                codes.push(problem.code);
            }
        }
        codes
    }
}

/// Why a mail is stopped or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// The part it was found in, where it is one part's.
    pub part: Option<PartId>,
    /// The file, the recipient or the character that it is about, for the notice.
    pub about: Option<String>,
    /// The limit that was passed.
    pub limit: Option<u32>,
    /// What exactly was found, for the log and for whoever looks at a held mail. English, no content of the mail.
    pub detail: &'static str,
}

impl Problem {
    /// A problem with something that has a name.
    fn about(code: Code, name: &str) -> Self {
        Self { code, part: None, about: Some(name.to_owned()), limit: None, detail: "a check before depositing failed" }
    }

    /// Too much of something.
    const fn limit(code: Code, limit: u32) -> Self {
        Self { code, part: None, about: None, limit: Some(limit), detail: "a limit of the section was passed" }
    }

    /// What the reader found.
    fn found(finding: &Finding, attachments: &[Attachment]) -> Self {
        let file = attachments.iter().find(|file| Some(file.part) == finding.part);
        let about = file.map(|file| file.name.clone());
        Self { code: finding.code, part: finding.part, about, limit: None, detail: finding.detail }
    }
}

/// A part that is deposited as a file.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// 1, 2, 3 … in the order in which they stand: the number under which the file is deposited.
    pub number: u32,
    /// The part.
    pub part: PartId,
    /// The name under which it is deposited: the person's, or one made up (spec MAIL-UNNAMED). Unique in the mail,
    /// compared in NFC without case.
    pub name: String,
    /// Whether a person attached it: `Content-Disposition: attachment`, and no mail, so that what is wrong with its name is the
    /// person's to mend (spec MAIL-UNNAMED).
    pub is_a_persons: bool,
    /// Whether it came with a name.
    pub has_name: bool,
    /// `type/subtype`.
    pub media_type: String,
    /// Its octets in the normalised mail, still transfer-encoded.
    pub body: Range<u64>,
    /// How they are encoded.
    pub encoding: Encoding,
}

impl Attachment {
    /// Whether a person gave it its name.
    #[must_use]
    pub const fn is_named_by_person(&self) -> bool {
        self.is_a_persons && self.has_name
    }

    /// A fresh decoder for the part's octets.
    #[must_use]
    pub fn decoder(&self) -> Decoder {
        Decoder::new(self.encoding)
    }
}

/// A part that stays in the mail as body text.
#[derive(Debug, Clone)]
pub struct Body {
    /// The part.
    pub part: PartId,
    /// `text/plain` or `text/html`.
    pub media_type: &'static str,
    /// The declared charset, in lower case.
    pub charset: Option<String>,
    /// Its octets in the normalised mail, still transfer-encoded.
    pub body: Range<u64>,
    /// How they are encoded.
    pub encoding: Encoding,
    /// How a plain text's lines are meant.
    pub flow: Flow,
}

impl Plan {
    /// Checks what a section allows (spec 3.4), where the mail has attachments at all (spec MAIL-NONE): what is found is told
    /// together with what stops or holds the mail otherwise (spec NOTICE). `recipients` are the envelope's.
    #[must_use]
    pub fn checked(mut self, outline: &Outline, recipients: &[String], rules: &Settings) -> Self {
        if !self.attachments.is_empty() {
            self.problems.extend(checks::check(&self.attachments, outline, recipients, rules));
            self.decision = decision(&self.problems, true);
        }
        self
    }
}

/// Makes the plan for a mail (spec MAIL-EXTRACT, MAIL-ACCEPT, MAIL-UNNAMED); what a section allows is [`Plan::checked`].
#[must_use]
pub fn plan(outline: &Outline) -> Plan {
    let mut attachments = Vec::new();
    let mut bodies = Vec::new();
    for (index, part) in outline.parts.iter().enumerate().filter(|(_, part)| !part.is_multipart) {
        let id = PartId(u32::try_from(index).unwrap_or(u32::MAX));
        match body_type(part) {
            Some(media_type) => bodies.push(Body {
                part: id,
                media_type,
                charset: part.content_type.charset().map(str::to_owned),
                body: part.body.clone(),
                encoding: part.encoding,
                flow: part.flow,
            }),
            None => attachments.push(attachment(id, part)),
        }
    }
    naming::name(&mut attachments, outline);
    let problems: Vec<Problem> = outline.findings.iter().map(|finding| Problem::found(finding, &attachments)).collect();
    let decision = decision(&problems, !attachments.is_empty());
    Plan { decision, problems, attachments, bodies }
}

/// What stops a mail goes before what holds it; without either, files decide.
fn decision(problems: &[Problem], has_files: bool) -> Decision {
    let any = |class: Class| problems.iter().any(|problem| problem.code.class() == class);
    if any(Class::Stop) {
        Decision::Stop
    } else if !problems.is_empty() {
        Decision::Hold
    } else if has_files {
        Decision::Deposit
    } else {
        Decision::Relay
    }
}

fn body_type(part: &Part) -> Option<&'static str> {
    part.is_body_text().then(|| if part.content_type.media_type() == "text/html" { "text/html" } else { "text/plain" })
}

/// An attachment that has no name and number yet.
fn attachment(id: PartId, part: &Part) -> Attachment {
    let is_mail = part.content_type.media_type().starts_with("message/");
    let chosen = matches!(part.disposition, Disposition::Attachment | Disposition::Other) && !is_mail;
    Attachment {
        number: 0,
        part: id,
        name: String::new(),
        is_a_persons: chosen,
        has_name: part.name.is_some(),
        media_type: part.content_type.media_type().to_owned(),
        body: part.body.clone(),
        encoding: part.encoding,
    }
}
