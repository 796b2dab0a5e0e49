//! Composing the outgoing mail afresh from the parts that were understood (spec MAIL-REBUILD, MAIL-CID, MAIL-NOTICE).

mod addresses;
mod body;
mod encode;
mod field;
mod head;
mod indent;
mod location;
mod markup;
mod structured;
mod tree;

pub(crate) use addresses::single;
pub use body::BodyWork;
pub(crate) use encode::Transfer;
pub(crate) use field::{FieldWriter, unstructured};
pub(crate) use structured::structured;

use std::sync::Arc;

use fubako_base::section::NoticePosition;

use self::{
    body::Notes,
    tree::{Kind, Node},
};
use crate::{
    html::References,
    notice::Notice,
    outline::{Encoding, Flow, Outline, PartId},
    plan::{Body, Packed, Plan},
    relay::Front,
    scan::has_plain_words,
    steps::Step,
};

/// What the composer is given besides the mail.
#[derive(Debug, Clone)]
pub struct Rebuild<'a> {
    /// The notice to put in; none where nothing is deposited (spec MAIL-TNEF).
    pub notice: Option<&'a Notice>,
    /// What stands before all else.
    pub front: Front<'a>,
    /// The Message-ID to use, without angle brackets, where the mail has none.
    pub fallback_message_id: &'a str,
    /// The Date value to use where the mail has none (RFC 5322).
    pub fallback_date: &'a str,
    /// A field that is never passed on, whatever its name (spec RCV-TENANT).
    pub secret_header: Option<&'a str>,
}

/// The steps that write the rebuilt mail. `plan.decision` is [`crate::Decision::Deposit`], or a part was opened in which
/// there is no file.
#[must_use]
pub fn rebuild(outline: &Outline, plan: &Plan, with: &Rebuild<'_>) -> Vec<Step> {
    let head = head::rebuilt(&outline.header, with);
    let mut writer = Writer {
        boundary_seed: boundary_seed(head.as_bytes()),
        veil: !has_plain_words(&head),
        multiparts: 0,
        octets: head.into_bytes(),
        steps: Vec::new(),
        outline,
        plan,
        notes: Notes {
            references: Arc::new(references(outline, plan)),
            base: None,
            text: with.notice.map(Notice::text).unwrap_or_default().into(),
            html: with.notice.map(Notice::html).unwrap_or_default().into(),
        },
        notice: with.notice,
        noticed: Vec::new(),
    };
    writer.line("MIME-Version: 1.0");
    match tree::pruned(outline, plan) {
        None => writer.notice_alone(),
        Some(root) => {
            writer.noticed = with.notice.map(|notice| tree::noticed(&root, notice.position)).unwrap_or_default();
            writer.node(&root, true);
        }
    }
    writer.finish()
}

/// What the mail's HTML can refer to and will not find any more.
fn references(outline: &Outline, plan: &Plan) -> References {
    let mut references = References::default();
    for attachment in &plan.attachments {
        if let Some(file) = attachment.packed.as_ref().and_then(Packed::file) {
            references.add(file.content_id.as_deref(), None, &attachment.name);
        } else if let Some(part) = usize::try_from(attachment.part.0).ok().and_then(|at| outline.parts.get(at)) {
            references.add(None, part.content_location.as_deref(), &attachment.name);
            part.content_ids.iter().for_each(|id| references.add(Some(id), None, &attachment.name));
            if let Some(url) = location::location(outline, attachment.part) {
                references.add_url(&url, &attachment.name);
            }
        }
    }
    references
}

/// FNV-1a of the header: the same mail gives the same boundaries, another mail others. Nothing rests on its being hard
/// to guess: a boundary holds `=_`, which our encodings never write.
pub(crate) fn boundary_seed(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

struct Writer<'a> {
    boundary_seed: u64,
    /// The header has in it what some take for an encoded word, and end the header with: bodies are in base64, in which they see nothing.
    veil: bool,
    multiparts: usize,
    /// What is written before the next body.
    octets: Vec<u8>,
    steps: Vec<Step>,
    outline: &'a Outline,
    plan: &'a Plan,
    notes: Notes,
    notice: Option<&'a Notice>,
    /// Whether the body with this index in the plan gets the notice.
    noticed: Vec<usize>,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.octets.extend_from_slice(line.as_bytes());
        self.octets.extend_from_slice(b"\r\n");
    }

    fn content(&mut self, media_type: &str, flow: Flow, transfer: Transfer) {
        let flow = match flow {
            Flow::Fixed => "",
            Flow::Flowed { delsp: false } => "; format=flowed",
            Flow::Flowed { delsp: true } => "; format=flowed; delsp=yes",
        };
        self.line(&format!("Content-Type: {media_type}; charset=utf-8{flow}"));
        self.line(&format!("Content-Transfer-Encoding: {}", transfer.token()));
        self.line("");
    }

    /// Nothing is left of the mail but what we say ourselves: a text like any other.
    fn notice_alone(&mut self) {
        let body = Body {
            part: PartId(0),
            media_type: "text/plain",
            charset: Some("utf-8".to_owned()),
            body: 0..0,
            encoding: Encoding::Identity,
            flow: Flow::Fixed,
            veil: self.plan.veils_notice,
            given: Some(Arc::clone(&self.notes.text)),
        };
        self.body(&body, Transfer::for_text(&self.notes.text), None, true);
    }

    /// The depth is bounded: [`tree::pruned`] sees to it.
    fn node(&mut self, node: &Node, is_root: bool) {
        let (children, kind) = match node {
            Node::Leaf(index) => return self.leaf(*index, is_root),
            Node::Multipart(kind, children) => (children, *kind),
        };
        self.multiparts += 1;
        let boundary = format!("=_{:06}_{:016x}", self.multiparts, self.boundary_seed);
        let subtype = match kind {
            Kind::Alternative => "alternative",
            Kind::Mixed => "mixed",
        };
        self.line(&format!("Content-Type: multipart/{subtype};"));
        self.line(&format!(" boundary=\"{boundary}\""));
        for child in children {
            self.line("");
            self.line(&format!("--{boundary}"));
            self.node(child, false);
        }
        self.line("");
        self.octets.extend_from_slice(format!("--{boundary}--").as_bytes());
        if is_root {
            self.line("");
        }
    }

    fn leaf(&mut self, index: usize, is_root: bool) {
        let Some(body) = self.plan.bodies.get(index) else { return };
        let notice = self.notice.filter(|_| self.noticed.contains(&index));
        self.body(body, self.transfer(body), notice.map(|notice| notice.position), is_root);
    }

    fn body(&mut self, body: &Body, transfer: Transfer, notice: Option<NoticePosition>, is_root: bool) {
        let transfer = if body.veil || self.veil { Transfer::Base64 } else { transfer };
        self.content(body.media_type, body.flow, transfer);
        let base = location::base(self.outline, body.part);
        let work = Box::new(BodyWork::new(body, transfer, notice, &self.notes.with_base(base), is_root));
        self.steps.push(Step::Octets(std::mem::take(&mut self.octets)));
        self.steps.push(Step::Body { range: body.body.clone(), work });
    }

    /// Chosen before the body is seen: by its charset, and by the notice's language where that says nothing.
    fn transfer(&self, body: &Body) -> Transfer {
        let label = body.charset.as_deref().unwrap_or("us-ascii");
        let western = ["iso-8859-", "windows-125", "us-ascii"].iter().any(|start| label.starts_with(start));
        let open = matches!(label, "us-ascii" | "utf-8" | "utf8");
        let japanese_notice = self.notice.is_some_and(|notice| notice.langs.contains(&fubako_base::Lang::Ja));
        if (western && label != "us-ascii") || (open && !japanese_notice) {
            Transfer::QuotedPrintable
        } else {
            Transfer::Base64
        }
    }

    fn finish(mut self) -> Vec<Step> {
        if !self.octets.is_empty() {
            self.steps.push(Step::Octets(self.octets));
        }
        self.steps
    }
}
