//! The plan: what stays in the mail, what is deposited, every problem found. A pure function of the outline.

mod checks;
mod naming;
mod packed;

pub use naming::unallowed_characters;

/// The rules of 3.4 for names and destinations, one by one: for what a person enters elsewhere than in a mail.
pub mod rules {
    pub use super::{
        checks::{is_like, may_go_to},
        naming::{compared as compared_name, is_allowed_name},
    };
}

use std::{ops::Range, sync::Arc};

use fubako_base::{
    Code,
    codes::{Ambiguity, Class},
    section::Settings,
};

pub use packed::{Incomplete, Packed, Unpacker};

use crate::{
    outline::{Cause, Disposition, Encoding, Finding, Flow, Outline, Part, PartId, Tnef},
    scan, tnef,
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
    /// Parts that were opened, and are neither deposited nor stay (spec MAIL-TNEF).
    pub opened: Vec<PartId>,
    /// Whether the notice, where nothing else is left of the mail, leaves in base64 as a text with [`Body::veil`] does.
    pub veils_notice: bool,
}

impl Plan {
    /// Has all texts leave in base64, with no line that begins as a mail's header or a file does: what is written of them, or into them, would be more
    /// than words to somebody (spec MAIL-AMBIGUOUS; [`RewriteError::needs_veil`](crate::steps::RewriteError)).
    pub fn veil_bodies(&mut self) {
        self.veils_notice = true;
        self.bodies.iter_mut().for_each(|body| body.veil = true);
    }

    /// Whether a mail without attachments leaves as it came (spec MAIL-NONE). It does not where a part was opened, nor where others find
    /// a file in a text that stays (spec MAIL-AMBIGUOUS): in one that has a name, in a part that does not say what it is or stands in a
    /// multipart of a kind that is not for texts, and in a text with lines like those of a mail or of an encoded file. Then it is built
    /// afresh.
    #[must_use]
    pub fn leaves_as_it_came(&self, outline: &Outline) -> bool {
        self.opened.is_empty() && !outline.parts.iter().any(Part::may_be_a_file)
    }

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
    /// Which kind of ambiguity, with that code.
    pub ambiguity: Option<Ambiguity>,
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
        let detail = "a check before depositing failed";
        Self { code, ambiguity: None, part: None, about: Some(name.to_owned()), limit: None, detail }
    }

    /// Too much of something.
    const fn limit(code: Code, limit: u32) -> Self {
        let detail = "a limit of the section was passed";
        Self { code, ambiguity: None, part: None, about: None, limit: Some(limit), detail }
    }

    /// What the reader found; in an attachment it is about the file.
    fn found(finding: &Finding, attachments: &[Attachment]) -> Self {
        let Finding { cause, part, detail } = *finding;
        let file = attachments.iter().find(|file| Some(file.part) == part);
        let about = file.map(|file| file.name.clone());
        Self { code: cause.code(), ambiguity: cause.ambiguity(), part, about, limit: None, detail }
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
    /// The file in the part that it is, where the part was opened (spec MAIL-TNEF).
    pub packed: Option<Packed>,
}

impl Attachment {
    /// The name it came with.
    fn sent_name<'a>(&'a self, outline: &'a Outline) -> Option<&'a str> {
        match &self.packed {
            Some(packed) => packed.file()?.name.as_deref(),
            None => outline.parts.get(self.part.0 as usize)?.name.as_deref(),
        }
    }

    /// Whether a person gave it its name.
    #[must_use]
    pub const fn is_named_by_person(&self) -> bool {
        self.is_a_persons && self.has_name
    }

    /// A fresh decoder for the part's octets. (The attachment's own: [`Attachment::unpacker`].)
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
    /// Whether readers that look line by line may find more in it than a text, so that it leaves in base64.
    pub veil: bool,
    /// The text itself, where it stands in a part that was opened; then the octets above are none.
    pub given: Option<Arc<str>>,
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
    plan_for(outline, &Settings::default())
}

/// The same for a section, which says whether TNEF is opened (spec MAIL-TNEF).
#[must_use]
pub fn plan_for(outline: &Outline, rules: &Settings) -> Plan {
    let mut attachments = Vec::new();
    let mut bodies = Vec::new();
    let mut opened = Vec::new();
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
                veil: part.veil,
                given: None,
            }),
            None => match &part.tnef {
                Tnef::Opened(stream) if rules.open_tnef => {
                    opened.push(id);
                    attachments.extend((0..stream.files.len()).filter_map(|at| packed(id, part, stream, at)));
                }
                _ => attachments.push(attachment(id, part)),
            },
        }
    }
    naming::name(&mut attachments, outline);
    let mut problems: Vec<Problem> =
        outline.findings.iter().map(|finding| Problem::found(finding, &attachments)).collect();
    if bodies.is_empty()
        && let Some((id, stream)) = opened.iter().find_map(|id| with_body(outline, *id))
    {
        bodies.extend(given_bodies(id, stream));
        problems.extend(bodies.iter().flat_map(look_at));
    }
    problems.extend(attachments.iter().filter(|file| is_encrypted(file)).map(|file| {
        let finding = Finding { cause: Cause::Encrypted, part: Some(file.part), detail: "an encrypted file in TNEF" };
        Problem { about: Some(file.name.clone()), ..Problem::found(&finding, &[]) }
    }));
    let decision = decision(&problems, !attachments.is_empty());
    Plan { decision, problems, attachments, bodies, opened, veils_notice: false }
}

/// A file in a TNEF part. Inline pictures, and messages, have names that no person gave.
fn packed(id: PartId, part: &Part, stream: &Arc<tnef::Outline>, at: usize) -> Option<Attachment> {
    let file = stream.files.get(at)?;
    let media_type = file.media_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let mut attachment = attachment(id, part);
    attachment.is_a_persons = !(file.inline || file.hidden || media_type.starts_with("message/"));
    attachment.has_name = file.name.is_some();
    attachment.media_type = media_type;
    attachment.packed = Some(Packed::new(Arc::clone(stream), at));
    Some(attachment)
}

/// The part's stream, where it has a body.
fn with_body(outline: &Outline, id: PartId) -> Option<(PartId, &tnef::Outline)> {
    match &outline.parts.get(id.0 as usize)?.tnef {
        Tnef::Opened(stream) if stream.text.is_some() || stream.html.is_some() => Some((id, stream)),
        _ => None,
    }
}

/// A stream's bodies: the same thing in one form or two.
fn given_bodies(id: PartId, stream: &tnef::Outline) -> Vec<Body> {
    let given = |media_type, text: &str| Body {
        part: id,
        media_type,
        charset: Some("utf-8".to_owned()),
        body: 0..0,
        encoding: Encoding::Identity,
        flow: Flow::Fixed,
        veil: scan::look_at(media_type == "text/html", text).veil,
        given: Some(text.into()),
    };
    let text = stream.text.iter().map(|text| given("text/plain", text));
    text.chain(stream.html.iter().map(|html| given("text/html", html))).collect()
}

/// What is looked for in any body (spec 3.2, 3.4a).
fn look_at(body: &Body) -> Vec<Problem> {
    let text = body.given.as_deref().unwrap_or_default();
    let found = scan::look_at(body.media_type == "text/html", text).findings();
    let finding = |(cause, detail)| Finding { cause, part: Some(body.part), detail };
    found.map(|found| Problem::found(&finding(found), &[])).collect()
}

/// Whether a file in TNEF is an encrypted mail (spec 3.2, 3.4a).
fn is_encrypted(file: &Attachment) -> bool {
    const TYPES: [&str; 3] = ["application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"];
    file.packed.as_ref().and_then(Packed::file).is_some_and(|packed| {
        TYPES.contains(&file.media_type.as_str())
            || packed.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m"))
    })
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
    // By the rule's words: any other disposition is as none (spec MAIL-UNNAMED).
    let chosen = part.disposition == Disposition::Attachment && !is_mail;
    Attachment {
        number: 0,
        part: id,
        name: String::new(),
        is_a_persons: chosen,
        has_name: part.name.is_some(),
        media_type: part.content_type.media_type().to_owned(),
        body: part.body.clone(),
        encoding: part.encoding,
        packed: None,
    }
}
