//! Properties' values that are kept, and what is made of them (MS-OXCDATA, 2.11.1; MS-OXPROPS).

use super::codepage::{self, Codepages};

/// Property types (MS-OXCDATA, 2.11.1).
pub(super) mod kind {
    pub(in super::super) const NULL: u16 = 0x0001;
    pub(in super::super) const INTEGER16: u16 = 0x0002;
    pub(in super::super) const INTEGER32: u16 = 0x0003;
    pub(in super::super) const FLOATING32: u16 = 0x0004;
    pub(in super::super) const FLOATING64: u16 = 0x0005;
    pub(in super::super) const CURRENCY: u16 = 0x0006;
    pub(in super::super) const FLOATING_TIME: u16 = 0x0007;
    pub(in super::super) const ERROR: u16 = 0x000a;
    pub(in super::super) const BOOLEAN: u16 = 0x000b;
    pub(in super::super) const OBJECT: u16 = 0x000d;
    pub(in super::super) const INTEGER64: u16 = 0x0014;
    pub(in super::super) const STRING8: u16 = 0x001e;
    pub(in super::super) const STRING: u16 = 0x001f;
    pub(in super::super) const TIME: u16 = 0x0040;
    pub(in super::super) const GUID: u16 = 0x0048;
    pub(in super::super) const BINARY: u16 = 0x0102;
    /// Added to another type: there are several values.
    pub(in super::super) const MULTIPLE: u16 = 0x1000;
}

/// Property ids (MS-OXPROPS); names as there, without `PidTag`.
pub(super) mod id {
    pub(in super::super) const MESSAGE_CLASS: u16 = 0x001a;
    pub(in super::super) const SUBJECT: u16 = 0x0037;
    pub(in super::super) const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub(in super::super) const SENT_REPRESENTING_NAME: u16 = 0x0042;
    pub(in super::super) const SENT_REPRESENTING_ADDRESS_TYPE: u16 = 0x0064;
    pub(in super::super) const SENT_REPRESENTING_EMAIL_ADDRESS: u16 = 0x0065;
    pub(in super::super) const RECIPIENT_TYPE: u16 = 0x0c15;
    pub(in super::super) const SENDER_NAME: u16 = 0x0c1a;
    pub(in super::super) const SENDER_ADDRESS_TYPE: u16 = 0x0c1e;
    pub(in super::super) const SENDER_EMAIL_ADDRESS: u16 = 0x0c1f;
    pub(in super::super) const MESSAGE_DELIVERY_TIME: u16 = 0x0e06;
    pub(in super::super) const BODY: u16 = 0x1000;
    pub(in super::super) const RTF_COMPRESSED: u16 = 0x1009;
    /// PidTagBodyHtml as a string, PidTagHtml as binary.
    pub(in super::super) const HTML: u16 = 0x1013;
    pub(in super::super) const INTERNET_MESSAGE_ID: u16 = 0x1035;
    pub(in super::super) const DISPLAY_NAME: u16 = 0x3001;
    pub(in super::super) const ADDRESS_TYPE: u16 = 0x3002;
    pub(in super::super) const EMAIL_ADDRESS: u16 = 0x3003;
    /// PidTagAttachDataBinary, or PidTagAttachDataObject as an object.
    pub(in super::super) const ATTACH_DATA: u16 = 0x3701;
    pub(in super::super) const ATTACH_FILENAME: u16 = 0x3704;
    pub(in super::super) const ATTACH_METHOD: u16 = 0x3705;
    pub(in super::super) const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub(in super::super) const ATTACH_TRANSPORT_NAME: u16 = 0x370c;
    pub(in super::super) const ATTACH_MIME_TAG: u16 = 0x370e;
    pub(in super::super) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(in super::super) const ATTACH_FLAGS: u16 = 0x3714;
    pub(in super::super) const SMTP_ADDRESS: u16 = 0x39fe;
    pub(in super::super) const INTERNET_CODEPAGE: u16 = 0x3fde;
    pub(in super::super) const MESSAGE_CODEPAGE: u16 = 0x3ffd;
    pub(in super::super) const SENDER_SMTP_ADDRESS: u16 = 0x5d01;
    pub(in super::super) const SENT_REPRESENTING_SMTP_ADDRESS: u16 = 0x5d02;
    pub(in super::super) const ATTACHMENT_HIDDEN: u16 = 0x7ffe;
}

/// A property's id and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) id: u16,
    pub(super) kind: u16,
}

/// How long a value that is kept may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A number, a time.
    Small,
    Text,
    Body,
}

/// Whose properties they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Message,
    Recipient,
    Attachment,
}

impl Owner {
    /// Whether a value is kept, and how long it may be.
    pub(super) fn wants(self, tag: Tag) -> Option<Wanted> {
        let is_text = matches!(tag.kind, kind::STRING8 | kind::STRING);
        match self {
            Self::Message => match tag.id {
                id::BODY if is_text => Some(Wanted::Body),
                id::HTML if is_text || tag.kind == kind::BINARY => Some(Wanted::Body),
                id::RTF_COMPRESSED if tag.kind == kind::BINARY => Some(Wanted::Body),
                id::MESSAGE_CLASS
                | id::SUBJECT
                | id::SENT_REPRESENTING_NAME
                | id::SENT_REPRESENTING_ADDRESS_TYPE
                | id::SENT_REPRESENTING_EMAIL_ADDRESS
                | id::SENT_REPRESENTING_SMTP_ADDRESS
                | id::SENDER_NAME
                | id::SENDER_ADDRESS_TYPE
                | id::SENDER_EMAIL_ADDRESS
                | id::SENDER_SMTP_ADDRESS
                | id::INTERNET_MESSAGE_ID
                    if is_text =>
                {
                    Some(Wanted::Text)
                }
                id::CLIENT_SUBMIT_TIME | id::MESSAGE_DELIVERY_TIME if tag.kind == kind::TIME => Some(Wanted::Small),
                id::INTERNET_CODEPAGE | id::MESSAGE_CODEPAGE if tag.kind == kind::INTEGER32 => Some(Wanted::Small),
                _ => None,
            },
            Self::Recipient => match tag.id {
                id::DISPLAY_NAME | id::ADDRESS_TYPE | id::EMAIL_ADDRESS | id::SMTP_ADDRESS if is_text => {
                    Some(Wanted::Text)
                }
                id::RECIPIENT_TYPE if tag.kind == kind::INTEGER32 => Some(Wanted::Small),
                _ => None,
            },
            Self::Attachment => match tag.id {
                id::DISPLAY_NAME
                | id::ATTACH_FILENAME
                | id::ATTACH_LONG_FILENAME
                | id::ATTACH_TRANSPORT_NAME
                | id::ATTACH_MIME_TAG
                | id::ATTACH_CONTENT_ID
                    if is_text =>
                {
                    Some(Wanted::Text)
                }
                id::ATTACH_METHOD | id::ATTACH_FLAGS if tag.kind == kind::INTEGER32 => Some(Wanted::Small),
                id::ATTACHMENT_HIDDEN if tag.kind == kind::BOOLEAN => Some(Wanted::Small),
                _ => None,
            },
        }
    }
}

/// The values of one owner. Of several with the same tag, the first counts.
#[derive(Debug, Default)]
pub(super) struct Values {
    list: Vec<(Tag, Vec<u8>)>,
}

impl Values {
    pub(super) fn add(&mut self, tag: Tag, octets: Vec<u8>) {
        if self.get(tag.id, tag.kind).is_none() {
            self.list.push((tag, octets));
        }
    }

    /// Adds those of another, after these.
    pub(super) fn extend(&mut self, others: Self) {
        others.list.into_iter().for_each(|(tag, octets)| self.add(tag, octets));
    }

    pub(super) fn get(&self, id: u16, kind: u16) -> Option<&[u8]> {
        let tag = Tag { id, kind };
        self.list.iter().find(|(known, _)| *known == tag).map(|(_, octets)| octets.as_slice())
    }

    /// A text that is not empty, in Unicode where it is there so.
    pub(super) fn text(&self, id: u16, codepages: &Codepages) -> Option<String> {
        let unicode = self.get(id, kind::STRING).map(codepage::utf16).filter(|text| !text.is_empty());
        let text = unicode.or_else(|| self.get(id, kind::STRING8).map(|octets| codepages.string8(octets)));
        text.filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self, id: u16) -> Option<u32> {
        self.get(id, kind::INTEGER32)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
    }

    pub(super) fn is_set(&self, id: u16) -> bool {
        self.get(id, kind::BOOLEAN).and_then(|octets| octets.first()).is_some_and(|octet| *octet != 0)
    }

    /// 100 nanoseconds since 1601 (MS-DTYP, FILETIME).
    pub(super) fn time(&self, id: u16) -> Option<u64> {
        self.get(id, kind::TIME)?.first_chunk().map(|octets| u64::from_le_bytes(*octets)).filter(|time| *time != 0)
    }
}
