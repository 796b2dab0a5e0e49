//! TNEF (`winmail.dat`, MS-OXTNEF), opened (spec MAIL-TNEF): the part's decoded octets are pushed in, an [`Outline`] comes
//! out. It holds the bodies, which are bounded by [`Limits`], and of files only where they lie.
//!
//! ```text
//!  decoded octets ─► Reader: attributes ─► properties ─► (a nested message: attributes …) ─► Outline
//!  decoded octets, once more ─► File::extractor ─► one file's octets
//! ```
//!
//! Anything wrong, a checksum included, is [`Damaged`]: the part is then deposited as it came. Nothing is allocated by a
//! length that stands in the stream, and the work is linear in what is pushed (times the depth of nested messages).
//!
//! **Nested messages** become one file each, a mail that any program opens: `SUBJECT.eml`, composed afresh with the nested
//! files in it (and the messages nested in it as message/rfc822). Where the nested message is no mail but a contact, a
//! distribution list, a meeting and the like, which a mail cannot say, the `.eml` carries its body and its own TNEF as
//! `winmail.dat`: nothing is lost.
//!
//! **Embedded objects** (OLE) become a file with the object's compound file.

mod attributes;
mod codepage;
mod eml;
mod extract;
mod input;
mod lzfu;
mod message;
mod properties;
mod rtf;
mod rtf_tokens;
mod values;

use std::ops::Range;

use self::{
    attributes::Stream,
    input::{Broken, Context, Input},
    message::{Content, Message},
};
pub use extract::Extractor;

/// What a TNEF stream begins with: 0x223E9F78, the low octet first (MS-OXTNEF, 2.1.3.1).
pub const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

/// Whether a part whose decoded octets begin so is TNEF, whatever it calls itself (spec MAIL-TNEF). Four octets tell.
#[must_use]
pub fn is_tnef(first_octets: &[u8]) -> bool {
    first_octets.starts_with(&SIGNATURE)
}

/// How much is opened. What goes beyond is [`Damaged`], and [`Damaged::too_many`] where it is the number of attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one body, as it stands in the stream and as text. Default 4 MiB.
    pub body: usize,
    /// Octets of everything that is kept, nested messages' bodies included. Default 16 MiB.
    pub kept: usize,
    /// Octets of a name, a subject, an address. Default 16 KiB.
    pub text: usize,
    /// Attachments, those of nested messages included. Default 2,000.
    pub attachments: usize,
    /// Messages within messages. Default 5.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 4 << 20, kept: 16 << 20, text: 16 << 10, attachments: 2000, depth: 5 }
    }
}

/// Not TNEF, damaged, or beyond the limits: the part is deposited as it came, unless there are too many files in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("damaged TNEF at octet {offset}: {reason}")]
pub struct Damaged {
    /// What is wrong, for the log. English, no content of the mail.
    pub reason: &'static str,
    /// Octets of the stream that had been pushed up to then, at the latest.
    pub offset: u64,
    /// Whether there are more attachments than [`Limits::attachments`]. Their names were not looked at: a section that forbids names
    /// must not have them deposited in one piece.
    pub too_many: bool,
}

/// A TNEF stream, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Octets of the stream.
    pub size: u64,
    /// The message's class, such as `IPM.Note` or `IPM.Microsoft Mail.Note`.
    pub message_class: Option<String>,
    /// Whether it is a mail (or a report), so that files and body are all there is to it. A meeting, a contact or a task
    /// says more in its properties, which are lost where the part is taken out.
    pub is_mail: bool,
    /// The files, in the order in which they stand. May be empty.
    pub files: Vec<File>,
    /// The body as plain text (PidTagBody, else from the RTF where that holds no HTML). Line ends as they stand there.
    pub text: Option<String>,
    /// The body as HTML (PidTagBodyHtml, PidTagHtml, else encapsulated in the RTF). A `<meta>` in it may name a charset that
    /// it no longer has.
    pub html: Option<String>,
}

/// A file in a TNEF stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name as sent, decoded, not yet checked; none where it has none. A nested message's ends in `.eml`.
    pub name: Option<String>,
    /// `type/subtype` in lower case, where one is given; `message/rfc822` for a nested message.
    pub media_type: Option<String>,
    /// Content-ID without its angle brackets.
    pub content_id: Option<String>,
    /// The body shows it in its place (PidTagAttachFlags, attRenderedInBody).
    pub inline: bool,
    /// It is not listed among the attachments (PidTagAttachmentHidden).
    pub hidden: bool,
    /// Its content: these, one after another. Their ranges ascend, empty ones apart.
    pub pieces: Vec<Piece>,
}

/// A piece of a file's content. Ranges are octets of the decoded stream, the end excluded.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Octets of the stream.
    Copy(Range<u64>),
    /// Octets of the stream, in base64, in lines of 76 that each end in CRLF.
    Base64(Range<u64>),
    /// These octets.
    Octets(Vec<u8>),
}

impl std::fmt::Debug for Piece {
    /// Without the octets, which are of the mail's content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Copy(range) => write!(f, "Copy({range:?})"),
            Self::Base64(range) => write!(f, "Base64({range:?})"),
            Self::Octets(octets) => write!(f, "Octets({} octets)", octets.len()),
        }
    }
}

impl File {
    /// Octets of its content.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pieces.iter().map(Piece::size).sum()
    }

    /// What takes the file out of the stream: it is pushed the same decoded octets once more.
    #[must_use]
    pub fn extractor(&self) -> Extractor {
        Extractor::new(self.pieces.clone())
    }
}

impl Outline {
    /// Octets that are held of it.
    pub(crate) fn kept(&self) -> usize {
        let octets = |piece: &Piece| if let Piece::Octets(octets) = piece { octets.len() } else { 0 };
        let bodies = [&self.text, &self.html].into_iter().flatten().map(String::len).sum::<usize>();
        bodies + self.files.iter().flat_map(|file| &file.pieces).map(octets).sum::<usize>()
    }

    /// Whether there is no file in it, so that nothing is deposited for it (spec MAIL-TNEF).
    #[must_use]
    pub fn is_empty_of_files(&self) -> bool {
        self.files.is_empty()
    }
}

/// Reads one TNEF stream. Memory: what [`Limits::kept`] allows, and a small entry an attachment.
#[derive(Debug)]
pub struct Reader {
    context: Context,
    offset: u64,
    stream: Result<Box<Stream>, Damaged>,
}

impl Reader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { context: Context::new(limits), offset: 0, stream: Ok(Box::new(Stream::new(0))) }
    }

    /// Takes the next decoded octets. Once damage is found, the rest is ignored.
    pub fn push(&mut self, octets: &[u8]) {
        let mut input = Input { octets, at: self.offset };
        self.offset += octets.len() as u64;
        if let Ok(stream) = &mut self.stream
            && let Err(broken) = stream.push(&mut input, &mut self.context)
        {
            self.stream = Err(self.damaged(broken));
        }
    }

    /// Whether damage was found already, so that no more need be pushed.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.stream.is_err()
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// [`Damaged`], where anything at all is wrong with it.
    pub fn finish(mut self) -> Result<Outline, Damaged> {
        let stream = std::mem::replace(&mut self.stream, Ok(Box::new(Stream::new(0))))?;
        let message = stream
            .finish()
            .and_then(|draft| Message::of(draft, 0..self.offset, None, &mut self.context))
            .map_err(|broken| self.damaged(broken))?;
        Ok(outline(message, self.offset))
    }

    const fn damaged(&self, broken: Broken) -> Damaged {
        Damaged { reason: broken.0, offset: self.offset, too_many: self.context.has_too_many() }
    }
}

fn outline(message: Message, size: u64) -> Outline {
    let is_mail = message.is_mail();
    let files = message.attachments.into_iter().map(|attachment| {
        let pieces = match attachment.content {
            Content::Octets(range) => vec![Piece::Copy(range)],
            Content::Message(nested) => eml::compose(*nested),
        };
        File {
            name: attachment.name,
            media_type: attachment.media_type,
            content_id: attachment.content_id,
            inline: attachment.inline,
            hidden: attachment.hidden,
            pieces,
        }
    });
    Outline {
        size,
        message_class: message.class,
        is_mail,
        files: files.collect(),
        text: message.text,
        html: message.html,
    }
}
