//! The outline: what the reader understood of a mail. Offsets and names, not octets.

use std::{ops::Range, sync::Arc};

use fubako_base::{Code, codes::Ambiguity};

/// Where a part stands in [`Outline::parts`]; the root is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId(pub u32);

/// A whole mail, understood. All offsets are octets from the start of the normalised mail
/// ([`crate::newline::Normalizer`]), the end excluded.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Octets of the normalised mail.
    pub size: u64,
    /// The mail's own header.
    pub header: crate::header::Header,
    /// The header's octets, its blank line excluded; an mbox line or a byte order mark before it is none of it. Where the
    /// root's body begins at its end, there is no blank line.
    pub header_range: Range<u64>,
    /// Every part in the order in which they stand. `parts[0]` is the mail's own body.
    pub parts: Vec<Part>,
    /// Everything found on the way that may stop or hold the mail, in the order found.
    pub findings: Vec<Finding>,
}

/// One MIME part (RFC 2045, RFC 2046).
#[derive(Debug, Clone)]
pub struct Part {
    /// The multipart this part stands in; none for the root.
    pub parent: Option<PartId>,
    /// Multiparts round it.
    pub depth: u16,
    /// What the part says it is.
    pub content_type: ContentType,
    /// What its Content-Disposition says.
    pub disposition: Disposition,
    /// How its body is written.
    pub encoding: Encoding,
    /// How its lines are meant, where it is a plain text.
    pub flow: Flow,
    /// The body as it stands in the mail, still transfer-encoded: without the header's blank line and without the
    /// line break that belongs to the following boundary.
    pub body: Range<u64>,
    /// The file name (spec MAIL-NAMES), already decoded; as sent, not yet checked.
    pub name: Option<String>,
    /// Content-ID without its angle brackets; several where the field is repeated.
    pub content_ids: Vec<String>,
    /// Content-Base (RFC 2110): from where its relative references are meant.
    pub content_base: Option<String>,
    /// Content-Location.
    pub content_location: Option<String>,
    /// Whether the part holds parts, or nothing at all. A multipart in which there is something but no part is a leaf
    /// (and a finding).
    pub is_multipart: bool,
    /// Whether its decoded octets are TNEF, whatever it calls itself (spec MAIL-TNEF).
    pub tnef: Tnef,
    /// Whether some readers may find a file in it though it is a text: by a name that its header gives it in some odd way, or by lines
    /// in it. It leaves afresh, in base64.
    pub veil: bool,
    /// Its header is written so that some may see other fields in it than we do: it does not leave as it came.
    pub afresh: bool,
    /// For `message/rfc822`: the nested mail's subject, decoded, from which a name is made (spec MAIL-UNNAMED).
    pub nested_subject: Option<String>,
}

impl Part {
    /// Whether the part is body text, which stays in the mail (spec MAIL-EXTRACT): its type is explicitly text/plain or
    /// text/html, or absent, and its disposition is explicitly inline, or absent. (A multipart's child without a type
    /// may be something else: a digest's is a mail.) What begins as TNEF is none (spec MAIL-TNEF).
    #[must_use]
    pub fn is_body_text(&self) -> bool {
        matches!(self.content_type.media_type(), "text/plain" | "text/html")
            && matches!(self.disposition, Disposition::Absent | Disposition::Inline)
            && !self.is_multipart
            && matches!(self.tnef, Tnef::No)
    }

    /// Whether others may find a file in it though it stays, so that its mail does not leave as it came
    /// ([`crate::Plan::leaves_as_it_came`]).
    #[must_use]
    pub fn may_be_a_file(&self) -> bool {
        const OF_TEXTS: [&str; 3] = ["multipart/mixed", "multipart/alternative", "multipart/related"];
        let is_untyped = self.parent.is_some() && matches!(self.content_type, ContentType::Absent { .. });
        let is_odd = self.is_multipart && !OF_TEXTS.contains(&self.content_type.media_type());
        self.name.is_some() || self.content_location.is_some() || self.veil || self.afresh || is_untyped || is_odd
    }
}

/// A part as TNEF.
#[derive(Debug, Clone, Default)]
pub enum Tnef {
    /// It does not begin with the signature.
    #[default]
    No,
    /// It does, and cannot be opened.
    Damaged,
    /// It does, and there are more files in it than are opened: what they are called is not known.
    TooMany,
    /// What is in it.
    Opened(Arc<crate::tnef::Outline>),
}

/// A part's Content-Type, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentType {
    /// There is no Content-Type field. It counts as `text/plain` (in a multipart/digest as `message/rfc822`).
    Absent {
        /// What RFC 2046 says it is then, in lower case.
        implied: &'static str,
    },
    /// A readable one.
    Declared {
        /// `type/subtype` in lower case.
        media_type: String,
        /// The charset parameter, in lower case.
        charset: Option<String>,
    },
    /// A field that cannot be parsed: not text (spec MAIL-EXTRACT).
    Unreadable,
}

impl ContentType {
    /// `type/subtype` as the part is treated.
    #[must_use]
    pub fn media_type(&self) -> &str {
        match self {
            Self::Absent { implied } => implied,
            Self::Declared { media_type, .. } => media_type,
            Self::Unreadable => "application/octet-stream",
        }
    }

    /// The charset that is declared.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        match self {
            Self::Declared { charset, .. } => charset.as_deref(),
            Self::Absent { .. } | Self::Unreadable => None,
        }
    }
}

/// A part's Content-Disposition (RFC 2183).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// There is no such field.
    Absent,
    /// `inline`.
    Inline,
    /// `attachment`.
    Attachment,
    /// Anything else, readable or not: no text (RFC 2183, 2.8; spec MAIL-EXTRACT), and no word of a person's that it is a
    /// file (spec MAIL-UNNAMED).
    Other,
}

/// A part's Content-Transfer-Encoding (RFC 2045, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `7bit`, `8bit`, `binary`, or none: the octets themselves.
    Identity,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
}

/// How the lines of a plain text are meant (RFC 3676).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// As they are.
    #[default]
    Fixed,
    /// `format=flowed`: a line that ends in a space goes on in the next.
    Flowed {
        /// `delsp=yes`: that space belongs to nothing.
        delsp: bool,
    },
}

/// What may stop or hold a mail by what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is encrypted, in whole or in part (spec MAIL-ACCEPT).
    Encrypted,
    /// An HTML text with a `data:` URL (spec MAIL-ACCEPT).
    DataUrl,
    /// Readers may take it differently (spec MAIL-AMBIGUOUS).
    Ambiguous(Ambiguity),
}

impl Cause {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Encrypted => Code::Encrypted,
            Self::DataUrl => Code::DataUrl,
            Self::Ambiguous(_) => Code::Ambiguous,
        }
    }

    /// Which kind of ambiguity, where it is one.
    #[must_use]
    pub const fn ambiguity(self) -> Option<Ambiguity> {
        match self {
            Self::Ambiguous(kind) => Some(kind),
            Self::Encrypted | Self::DataUrl => None,
        }
    }
}

/// Something in the mail that may stop or hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub cause: Cause,
    /// The part it was found in, where it is one part's.
    pub part: Option<PartId>,
    /// What exactly was found, for the log and for whoever looks at a held mail. English, no content of the mail.
    pub detail: &'static str,
}
