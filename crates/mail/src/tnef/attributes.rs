//! A TNEF stream's attributes (MS-OXTNEF, 2.1.3): signature, key, then level, id, length, data and checksum of each.

use std::ops::Range;

use super::{
    input::{Broken, Context, Gather, Input, Kept},
    is_tnef,
    properties::{Collected, Object, Properties},
    values::{Owner, Tag, Values, id, kind},
};

/// Attribute ids (MS-OXTNEF, 2.1.3.3).
mod attribute {
    pub(super) const FROM: u32 = 0x0000_8000;
    pub(super) const SUBJECT: u32 = 0x0001_8004;
    pub(super) const MESSAGE_CLASS: u32 = 0x0007_8008;
    pub(super) const BODY: u32 = 0x0002_800c;
    pub(super) const OEM_CODEPAGE: u32 = 0x0006_9007;
    pub(super) const MSG_PROPS: u32 = 0x0006_9003;
    pub(super) const RECIP_TABLE: u32 = 0x0006_9004;
    pub(super) const ATTACH_RENDDATA: u32 = 0x0006_9002;
    pub(super) const ATTACH_TITLE: u32 = 0x0001_8010;
    pub(super) const ATTACH_DATA: u32 = 0x0006_800f;
    pub(super) const ATTACH_TRANSPORT_FILENAME: u32 = 0x0006_9001;
    pub(super) const ATTACHMENT: u32 = 0x0006_9005;
}

/// Octets of attOemCodepage and the like that are looked at.
const SMALL: usize = 64;

/// What was read of a message, not yet understood.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) oem_codepage: Option<u32>,
    pub(super) values: Values,
    pub(super) recipients: Vec<Values>,
    pub(super) attachments: Vec<Attached>,
}

/// What was read of an attachment.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) values: Values,
    /// Where attAttachData's data is.
    pub(super) attribute_data: Option<Range<u64>>,
    /// Where PidTagAttachDataBinary is.
    pub(super) property_data: Option<Range<u64>>,
    /// PidTagAttachDataObject.
    pub(super) object: Option<Object>,
    /// Its attAttachment, the last of its attributes, was there.
    pub(super) is_complete: bool,
}

/// One TNEF stream while it passes: the part's, or a nested message's.
#[derive(Debug)]
pub(super) struct Stream {
    depth: usize,
    gather: Gather,
    state: State,
    attributes: bool,
    draft: Draft,
}

#[derive(Debug)]
enum State {
    /// Signature and key.
    Head,
    /// Level, id and length.
    Attribute,
    Data(Data),
    Checksum(u16),
}

#[derive(Debug)]
struct Data {
    id: u32,
    range: Range<u64>,
    left: u64,
    sum: u16,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Skip,
    Keep(Kept),
    Properties(Box<Properties>),
}

impl Stream {
    /// A stream within so many others.
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, gather: Gather::default(), state: State::Head, attributes: false, draft: Draft::default() }
    }

    /// Takes all of the input.
    pub(super) fn push(&mut self, input: &mut Input<'_>, context: &mut Context) -> Result<(), Broken> {
        while !input.is_empty() {
            match &mut self.state {
                State::Head => {
                    let Some(head) = self.gather.fill::<6>(input) else { return Ok(()) };
                    if !is_tnef(&head) {
                        return Err(Broken("it does not begin as TNEF"));
                    }
                    self.state = State::Attribute;
                }
                State::Attribute => {
                    let Some([level, head @ ..]) = self.gather.fill::<9>(input) else { return Ok(()) };
                    let [a, b, c, d, length @ ..] = head;
                    self.begins(level, u32::from_le_bytes([a, b, c, d]), length, input.at, context)?;
                }
                State::Data(data) => {
                    data.push(input, context)?;
                    if data.left == 0 {
                        self.data_ends()?;
                    }
                }
                State::Checksum(sum) => {
                    let Some(stated) = self.gather.fill::<2>(input) else { return Ok(()) };
                    if u16::from_le_bytes(stated) != *sum {
                        return Err(Broken("a wrong checksum"));
                    }
                    self.attributes = true;
                    self.state = State::Attribute;
                }
            }
        }
        Ok(())
    }

    /// Ends the stream, which must be between two attributes.
    pub(super) fn finish(self) -> Result<Draft, Broken> {
        match self.state {
            State::Attribute if self.gather.is_empty() && self.attributes => Ok(self.draft),
            _ => Err(Broken("it ends early, or goes on after its last attribute")),
        }
    }

    fn begins(&mut self, level: u8, id: u32, length: [u8; 4], start: u64, context: &mut Context) -> Result<(), Broken> {
        let left = u64::from(u32::from_le_bytes(length));
        let expected = match id {
            attribute::FROM
            | attribute::SUBJECT
            | attribute::MESSAGE_CLASS
            | attribute::BODY
            | attribute::OEM_CODEPAGE
            | attribute::MSG_PROPS
            | attribute::RECIP_TABLE => 1,
            attribute::ATTACH_RENDDATA
            | attribute::ATTACH_TITLE
            | attribute::ATTACH_DATA
            | attribute::ATTACH_TRANSPORT_FILENAME
            | attribute::ATTACHMENT => 2,
            _ => level,
        };
        if !matches!(level, 1 | 2) || level != expected {
            return Err(Broken("neither a message's attribute nor an attachment's"));
        }
        if level == 2 && (id == attribute::ATTACH_RENDDATA || self.draft.attachments.is_empty()) {
            context.attachment()?;
            self.draft.attachments.push(Attached::default());
        }
        let keep = |limit: usize| {
            let fits = left <= limit as u64;
            if fits { Ok(Sink::Keep(Kept::default())) } else { Err(Broken("a longer attribute than the limit")) }
        };
        let properties = |owner| Sink::Properties(Box::new(Properties::new(owner, self.depth)));
        let sink = match id {
            attribute::OEM_CODEPAGE => keep(SMALL)?,
            attribute::BODY => keep(context.limits.body)?,
            attribute::FROM
            | attribute::SUBJECT
            | attribute::MESSAGE_CLASS
            | attribute::ATTACH_TITLE
            | attribute::ATTACH_TRANSPORT_FILENAME => keep(context.limits.text)?,
            attribute::MSG_PROPS => properties(Owner::Message),
            attribute::RECIP_TABLE => properties(Owner::Recipient),
            attribute::ATTACHMENT => properties(Owner::Attachment),
            _ => Sink::Skip,
        };
        self.state = State::Data(Data { id, range: start..start + left, left, sum: 0, sink });
        if left == 0 { self.data_ends() } else { Ok(()) }
    }

    /// An attribute's data is complete.
    fn data_ends(&mut self) -> Result<(), Broken> {
        let State::Data(data) = std::mem::replace(&mut self.state, State::Head) else { return Ok(()) };
        self.state = State::Checksum(data.sum);
        match data.sink {
            Sink::Skip => self.skipped(data.id, data.range),
            Sink::Keep(kept) => {
                self.kept(data.id, kept.octets);
                Ok(())
            }
            Sink::Properties(properties) => self.collected(data.id, properties.finish()?),
        }
    }

    fn skipped(&mut self, id: u32, range: Range<u64>) -> Result<(), Broken> {
        let Some(attached) = self.draft.attachments.last_mut().filter(|_| id == attribute::ATTACH_DATA) else {
            return Ok(());
        };
        match attached.attribute_data.replace(range) {
            None => Ok(()),
            Some(_) => Err(Broken("an attachment with two contents")),
        }
    }

    fn kept(&mut self, id: u32, octets: Vec<u8>) {
        let tag = |id| Tag { id, kind: kind::STRING8 };
        let values = &mut self.draft.values;
        match id {
            attribute::OEM_CODEPAGE => {
                let codepage = octets.first_chunk().map(|octets| u32::from_le_bytes(*octets));
                self.draft.oem_codepage = self.draft.oem_codepage.or(codepage);
            }
            attribute::SUBJECT => values.add(tag(id::SUBJECT), octets),
            attribute::MESSAGE_CLASS => values.add(tag(id::MESSAGE_CLASS), octets),
            attribute::BODY => values.add(tag(id::BODY), octets),
            attribute::FROM => from(&octets, values),
            _ => {
                let Some(attached) = self.draft.attachments.last_mut() else { return };
                let is_title = id == attribute::ATTACH_TITLE;
                let id = if is_title { id::ATTACH_FILENAME } else { id::ATTACH_TRANSPORT_NAME };
                attached.values.add(tag(id), octets);
            }
        }
    }

    fn collected(&mut self, id: u32, rows: Vec<Collected>) -> Result<(), Broken> {
        if id == attribute::RECIP_TABLE {
            self.draft.recipients.extend(rows.into_iter().map(|row| row.values));
            return Ok(());
        }
        for row in rows {
            if id == attribute::MSG_PROPS {
                self.draft.values.extend(row.values);
            } else if let Some(attached) = self.draft.attachments.last_mut() {
                if attached.is_complete {
                    return Err(Broken("an attachment with two sets of properties"));
                }
                attached.is_complete = true;
                attached.values.extend(row.values);
                attached.property_data = row.data;
                attached.object = row.object;
            }
        }
        Ok(())
    }
}

impl Data {
    fn push(&mut self, input: &mut Input<'_>, context: &mut Context) -> Result<(), Broken> {
        let mut piece = input.take(self.left);
        self.left -= piece.octets.len() as u64;
        self.sum = piece.octets.iter().fold(self.sum, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        match &mut self.sink {
            Sink::Skip => Ok(()),
            Sink::Keep(kept) => kept.push(&mut piece, context),
            Sink::Properties(properties) => properties.push(&mut piece, context),
        }
    }
}

/// attFrom (MS-OXTNEF, 2.1.3.3.9): a type and three lengths, a name, and an address as `TYPE:address`.
fn from(octets: &[u8], values: &mut Values) {
    let field = |at: usize| {
        octets
            .get(at..at + 2)
            .and_then(|pair| pair.first_chunk())
            .map_or(0, |pair| usize::from(u16::from_le_bytes(*pair)))
    };
    let (name_length, address_length) = (field(4), field(6));
    let name = octets.get(8..8 + name_length).unwrap_or_default();
    let address = octets.get(8 + name_length..8 + name_length + address_length).unwrap_or_default();
    let mut add = |id, octets: &[u8]| values.add(Tag { id, kind: kind::STRING8 }, octets.to_vec());
    add(id::SENDER_NAME, name);
    if let Some(colon) = memchr::memchr(b':', address) {
        add(id::SENDER_ADDRESS_TYPE, &address[..colon]);
        add(id::SENDER_EMAIL_ADDRESS, &address[colon + 1..]);
    }
}
