//! What a message is, once all of its attributes were read: names, bodies, where its files lie.

use std::ops::Range;

use super::{
    attributes::{Attached, Draft},
    codepage::Codepages,
    input::{Broken, Context},
    lzfu,
    properties::Object,
    rtf,
    values::{Values, id, kind},
};

/// A message, understood.
#[derive(Debug)]
pub(super) struct Message {
    /// Where its stream is.
    pub(super) range: Range<u64>,
    pub(super) class: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) sender: Option<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    /// 100 nanoseconds since 1601.
    pub(super) sent: Option<u64>,
    pub(super) message_id: Option<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<Attachment>,
}

/// Somebody in a nested message's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    /// An internet address; somebody in the sender's own Exchange may have none.
    pub(super) address: Option<String>,
}

#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) name: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) content_id: Option<String>,
    pub(super) inline: bool,
    pub(super) hidden: bool,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Octets(Range<u64>),
    Message(Box<Message>),
}

/// PidTagAttachMethod: the data is in the attachment (MS-OXCMSG, 2.2.2.9). So it is where none is given.
const BY_VALUE: u32 = 1;
/// PidTagAttachFlags: shown in the body (MS-OXCMSG, 2.2.2.18).
const RENDERED_IN_BODY: u32 = 4;
/// PidTagRecipientType (MS-OXOMSG, 2.2.3.1); its upper bits are flags.
const TO: u32 = 1;
const CC: u32 = 2;

impl Message {
    /// Understands what was read. `outer`: the code page of the message round it.
    pub(super) fn of(
        draft: Draft,
        range: Range<u64>,
        outer: Option<u32>,
        context: &mut Context,
    ) -> Result<Self, Broken> {
        let values = &draft.values;
        let codepages = Codepages {
            strings: draft.oem_codepage.or_else(|| values.number(id::MESSAGE_CODEPAGE)).or(outer),
            html: values.number(id::INTERNET_CODEPAGE),
        };
        let (text, html) = bodies(values, &codepages, context)?;
        let people = |wanted: u32| {
            let is_wanted = |row: &&Values| row.number(id::RECIPIENT_TYPE).map(|kind| kind & 0xf) == Some(wanted);
            draft.recipients.iter().filter(is_wanted).filter_map(|row| recipient(row, &codepages)).collect()
        };
        let attachments = draft.attachments.into_iter().map(|attached| attachment(attached, &codepages, context));
        Ok(Self {
            range,
            class: values.text(id::MESSAGE_CLASS, &codepages),
            subject: values.text(id::SUBJECT, &codepages),
            sender: sender(values, &codepages),
            to: people(TO),
            cc: people(CC),
            sent: values.time(id::CLIENT_SUBMIT_TIME).or_else(|| values.time(id::MESSAGE_DELIVERY_TIME)),
            message_id: values.text(id::INTERNET_MESSAGE_ID, &codepages),
            text,
            html,
            attachments: attachments.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is a mail, a post or a report: everything it says is in its header, body and files. Classes of both
    /// spellings, the one that attMessageClass has and PidTagMessageClass's (MS-OXTNEF, 2.1.3.3.3).
    pub(super) fn is_mail(&self) -> bool {
        let Some(class) = &self.class else { return true };
        let class = class.to_ascii_lowercase();
        ["ipm.note", "ipm.microsoft mail.", "ipm.post", "report."].iter().any(|known| class.starts_with(known))
            || class == "ipm"
    }
}

/// Text and HTML.
fn bodies(
    values: &Values,
    codepages: &Codepages,
    context: &mut Context,
) -> Result<(Option<String>, Option<String>), Broken> {
    let not_empty = |text: &String| !text.is_empty();
    let mut text = values.text(id::BODY, codepages);
    let binary = || values.get(id::HTML, kind::BINARY).map(|octets| codepages.html(octets));
    let mut html = values.text(id::HTML, codepages).or_else(binary).filter(not_empty);
    if let Some(compressed) = values.get(id::RTF_COMPRESSED, kind::BINARY).filter(|octets| !octets.is_empty()) {
        let rtf = lzfu::decompressed(compressed, context.limits.body)?;
        // Each is looked at for its checksum; it is read where it says more than is there.
        if html.is_none() && !rtf.is_empty() {
            match rtf::read(&rtf)? {
                rtf::Read::Html(read) => html = Some(read).filter(not_empty),
                rtf::Read::Text(read) => text = text.or(Some(read).filter(not_empty)),
            }
        }
    }
    for body in [&text, &html].into_iter().flatten() {
        context.keep_text(body)?;
    }
    Ok((text, html))
}

fn attachment(attached: Attached, codepages: &Codepages, context: &mut Context) -> Result<Attachment, Broken> {
    let values = &attached.values;
    let text = |id| values.text(id, codepages);
    let mut name = text(id::ATTACH_LONG_FILENAME)
        .or_else(|| text(id::ATTACH_FILENAME))
        .or_else(|| text(id::ATTACH_TRANSPORT_NAME))
        .or_else(|| text(id::DISPLAY_NAME));
    let mut media_type = text(id::ATTACH_MIME_TAG).and_then(|tag| media_type(&tag));
    let content = match attached.object {
        // What attAttachData then has is a sentence for readers that know no objects.
        Some(Object::Message(draft, range)) => {
            let message = Message::of(*draft, range, codepages.strings, context)?;
            name = text(id::DISPLAY_NAME).or_else(|| message.subject.clone()).map(|subject| mail_name(&subject));
            media_type = Some("message/rfc822".to_owned());
            Content::Message(Box::new(message))
        }
        Some(Object::Storage(range)) => {
            media_type.get_or_insert_with(|| "application/x-ole-storage".to_owned());
            Content::Octets(range)
        }
        None => {
            let is_by_value = values.number(id::ATTACH_METHOD).unwrap_or(BY_VALUE) == BY_VALUE;
            Content::Octets(match (attached.property_data, attached.attribute_data) {
                (Some(one), Some(other)) if !one.is_empty() && !other.is_empty() => {
                    return Err(Broken("an attachment with two contents"));
                }
                (Some(one), Some(other)) => {
                    if one.is_empty() {
                        other
                    } else {
                        one
                    }
                }
                (Some(range), None) | (None, Some(range)) => range,
                (None, None) if is_by_value && attached.is_complete && name.is_some() => 0..0,
                // It only refers to a file: opened, the reference would be lost.
                (None, None) => return Err(Broken("an attachment without content")),
            })
        }
    };
    Ok(Attachment {
        name,
        media_type,
        content_id: text(id::ATTACH_CONTENT_ID).and_then(|content_id| bare(&content_id)),
        inline: values.number(id::ATTACH_FLAGS).is_some_and(|flags| flags & RENDERED_IN_BODY != 0),
        hidden: values.is_set(id::ATTACHMENT_HIDDEN),
        content,
    })
}

/// The name of a nested message's file.
fn mail_name(subject: &str) -> String {
    let subject = subject.trim();
    let is_named = subject.len() >= 4 && subject.as_bytes()[subject.len() - 4..].eq_ignore_ascii_case(b".eml");
    if is_named { subject.to_owned() } else { format!("{subject}.eml") }
}

/// `type/subtype` in lower case, if that is what it is (RFC 2045, 5.1).
fn media_type(tag: &str) -> Option<String> {
    let tag = tag.trim().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet))
    };
    tag.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype)).then_some(tag)
}

/// A Content-ID without its angle brackets.
fn bare(content_id: &str) -> Option<String> {
    let content_id = content_id.trim();
    let inner = content_id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(content_id);
    (!inner.is_empty()).then(|| inner.to_owned())
}

fn sender(values: &Values, codepages: &Codepages) -> Option<Person> {
    let person = |name, kind, address, smtp| {
        person(values.text(name, codepages), [kind, address, smtp].map(|id| values.text(id, codepages)))
    };
    person(
        id::SENT_REPRESENTING_NAME,
        id::SENT_REPRESENTING_ADDRESS_TYPE,
        id::SENT_REPRESENTING_EMAIL_ADDRESS,
        id::SENT_REPRESENTING_SMTP_ADDRESS,
    )
    .or_else(|| person(id::SENDER_NAME, id::SENDER_ADDRESS_TYPE, id::SENDER_EMAIL_ADDRESS, id::SENDER_SMTP_ADDRESS))
}

fn recipient(row: &Values, codepages: &Codepages) -> Option<Person> {
    let address = [id::ADDRESS_TYPE, id::EMAIL_ADDRESS, id::SMTP_ADDRESS].map(|id| row.text(id, codepages));
    person(row.text(id::DISPLAY_NAME, codepages), address)
}

/// A person with this name, type of address, address and internet address.
fn person(name: Option<String>, [kind, address, smtp]: [Option<String>; 3]) -> Option<Person> {
    let is_smtp = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("smtp"));
    let address = smtp.or_else(|| address.filter(|_| is_smtp)).filter(|address| is_address(address));
    (name.is_some() || address.is_some()).then_some(Person { name, address })
}

/// Whether it can stand between angle brackets.
fn is_address(address: &str) -> bool {
    address.len() <= 320
        && address.contains('@')
        && address.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&octet))
}
