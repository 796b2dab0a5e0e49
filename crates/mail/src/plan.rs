//! The plan: what stays in the mail, what is deposited, every problem found. A pure function of the outline.

use std::ops::Range;

use fubako_base::Code;

use crate::{
    outline::{Encoding, Finding, Outline, PartId},
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
    pub problems: Vec<Finding>,
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
    /// Whether a person named it.
    pub named_by_person: bool,
    /// `type/subtype`.
    pub media_type: String,
    /// Its octets in the normalised mail, still transfer-encoded.
    pub body: Range<u64>,
    /// How they are encoded.
    pub encoding: Encoding,
}

impl Attachment {
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
}

/// Makes the plan for a mail (spec MAIL-EXTRACT, MAIL-ACCEPT, MAIL-UNNAMED).
#[must_use]
pub fn plan(outline: &Outline) -> Plan {
    let _ = outline;
    unimplemented!("helper A")
}
