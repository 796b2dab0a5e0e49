//! A nested message as a mail of its own (RFC 5322, RFC 2045): the file that it becomes.

use super::{
    Piece,
    extract::base64_lines,
    message::{Attachment, Content, Message, Person},
};
use crate::compose::{FieldWriter, structured, unstructured};

/// Octets of a name in one parameter of RFC 2231, percent-encoded.
const PARAMETER: usize = 60;
/// People named in one field.
const MAX_PEOPLE: usize = 500;

/// Writes the mail. The ranges of its pieces ascend.
pub(super) fn compose(message: Message) -> Vec<Piece> {
    let mut writer = Writer::default();
    writer.message(message);
    writer.finish()
}

#[derive(Debug, Default)]
struct Writer {
    pieces: Vec<Piece>,
    octets: Vec<u8>,
    boundaries: usize,
}

impl Writer {
    fn write(&mut self, text: &str) {
        self.octets.extend_from_slice(text.as_bytes());
    }

    fn piece(&mut self, piece: Piece) {
        let octets = std::mem::take(&mut self.octets);
        if !octets.is_empty() {
            self.pieces.push(Piece::Octets(octets));
        }
        self.pieces.push(piece);
    }

    fn finish(mut self) -> Vec<Piece> {
        if !self.octets.is_empty() {
            self.pieces.push(Piece::Octets(self.octets));
        }
        self.pieces
    }

    fn message(&mut self, message: Message) {
        self.header(&message);
        let (text, subtype) = match (&message.html, &message.text) {
            (Some(html), _) => (html.as_str(), "html"),
            (None, text) => (text.as_deref().unwrap_or_default(), "plain"),
        };
        let is_mail = message.is_mail();
        if is_mail && message.attachments.is_empty() {
            self.body(text, subtype);
            return;
        }
        // Where the text shows pictures, they must stand beside it in a multipart/related (RFC 2387).
        let shows = subtype == "html" && message.attachments.iter().any(|attachment| attachment.content_id.is_some());
        let kind = if is_mail && shows { "related; type=\"text/html\"" } else { "mixed" };
        self.boundaries += 1;
        // Nothing else in the mail has lines with this in them: bodies are base64 without such characters.
        let boundary = format!("=_nested_{:06}", self.boundaries);
        self.write(&format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"));
        self.body(text, subtype);
        if is_mail {
            for attachment in message.attachments {
                self.write(&format!("--{boundary}\r\n"));
                self.attachment(attachment);
            }
        } else {
            // No mail: its own TNEF says what a mail cannot, and has its files too.
            self.write(&format!(
                "--{boundary}\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
                 Content-Disposition: attachment; filename=\"winmail.dat\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n"
            ));
            self.piece(Piece::Base64(message.range));
        }
        self.write(&format!("--{boundary}--\r\n"));
    }

    fn header(&mut self, message: &Message) {
        if let Some(sender) = &message.sender {
            self.people("From", std::slice::from_ref(sender));
        }
        self.people("To", &message.to);
        self.people("Cc", &message.cc);
        if let Some(subject) = &message.subject {
            self.write(&unstructured("Subject", subject));
        }
        if let Some(date) = message.sent.and_then(date) {
            self.write(&format!("Date: {date}\r\n"));
        }
        let message_id = message.message_id.as_deref().filter(|id| id.starts_with('<') && id.ends_with('>'));
        if let Some(field) = message_id.and_then(|id| structured("Message-ID", id)) {
            self.write(&field);
        }
        self.write("MIME-Version: 1.0\r\n");
    }

    /// A field of people; without an internet address a person is an empty group of that name (RFC 6854).
    fn people(&mut self, name: &str, people: &[Person]) {
        if people.is_empty() {
            return;
        }
        let mut field = FieldWriter::new(name);
        for (at, person) in people.iter().take(MAX_PEOPLE).enumerate() {
            if at > 0 {
                field.attach(",");
            }
            match (&person.name, &person.address) {
                (Some(name), Some(address)) if name != address => {
                    field.phrase(name);
                    field.token(&format!("<{address}>"));
                }
                (_, Some(address)) => field.token(address),
                (name, None) => {
                    field.phrase(name.as_deref().unwrap_or_default());
                    field.attach(":;");
                }
            }
        }
        self.write(&field.finish());
    }

    fn body(&mut self, text: &str, subtype: &str) {
        self.write(&format!(
            "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ));
        self.octets.extend(base64_lines(text.as_bytes()));
    }

    fn attachment(&mut self, attachment: Attachment) {
        let is_message = matches!(attachment.content, Content::Message(_));
        let media_type = attachment.media_type.as_deref().unwrap_or("application/octet-stream");
        // What is not base64 by its type must not be called so (RFC 2045, 6.4).
        let is_composite = media_type.starts_with("message/") || media_type.starts_with("multipart/");
        let media_type = if is_composite && !is_message { "application/octet-stream" } else { media_type };
        self.write(&format!("Content-Type: {media_type}\r\n"));
        let disposition = if attachment.inline && attachment.content_id.is_some() { "inline" } else { "attachment" };
        self.write(&format!("Content-Disposition: {disposition}"));
        if let Some(name) = &attachment.name {
            let parameter = file_name(name);
            self.write(&parameter);
        }
        self.write("\r\n");
        let is_id = |id: &&str| id.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>".contains(&octet));
        if let Some(content_id) = attachment.content_id.as_deref().filter(is_id).filter(|id| id.len() <= 500) {
            self.write(&format!("Content-ID: <{content_id}>\r\n"));
        }
        match attachment.content {
            Content::Message(nested) => {
                self.write("\r\n");
                self.message(*nested);
            }
            Content::Octets(range) => {
                self.write("Content-Transfer-Encoding: base64\r\n\r\n");
                self.piece(Piece::Base64(range));
            }
        }
    }
}

/// A filename parameter, with the semicolon before it (RFC 2183, RFC 2231).
fn file_name(name: &str) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b" !#$&'()+,-.=@[]^_`{}~".contains(&octet);
    if name.len() <= PARAMETER && name.bytes().all(is_plain) {
        return format!(";\r\n filename=\"{name}\"");
    }
    let mut parameters = vec![String::from("utf-8''")];
    for octet in name.bytes() {
        let is_attribute = octet.is_ascii_alphanumeric() || b"!#$&+-.^_`{}~".contains(&octet);
        let encoded = if is_attribute { char::from(octet).to_string() } else { format!("%{octet:02X}") };
        match parameters.last_mut() {
            Some(last) if last.len() + encoded.len() <= PARAMETER => last.push_str(&encoded),
            _ => parameters.push(encoded),
        }
    }
    match parameters.as_slice() {
        [only] => format!(";\r\n filename*={only}"),
        _ => parameters.iter().enumerate().map(|(at, part)| format!(";\r\n filename*{at}*={part}")).collect(),
    }
}

/// A date of 100 nanoseconds since 1601 as RFC 5322 has it, in UTC; none beyond the year 9999.
fn date(time: u64) -> Option<String> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = time / 10_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // 1601-01-01 was a Monday, and begins a cycle of 400 years. Years are counted from March, so that a leap day is last.
    let from_march = days + 306;
    let (cycle, day) = (from_march / 146_097, from_march % 146_097);
    let year_of_cycle = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let year = 1600 + cycle * 400 + year_of_cycle + u64::from(month >= 10);
    let weekday = DAYS.get(usize::try_from(days % 7).ok()?)?;
    let name = MONTHS.get(usize::try_from((month + 2) % 12).ok()?)?;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let second = second % 60;
    (year <= 9999)
        .then(|| format!("{weekday}, {day_of_month:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} +0000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_rfc_5322_has_it() {
        for (time, expected) in [
            (0, Some("Mon, 01 Jan 1601 00:00:00 +0000")),
            (116_444_736_000_000_000, Some("Thu, 01 Jan 1970 00:00:00 +0000")),
            (125_962_560_000_000_000, Some("Tue, 29 Feb 2000 00:00:00 +0000")),
            (133_537_247_999_999_999, Some("Thu, 29 Feb 2024 23:59:59 +0000")),
            (133_485_407_990_000_000, Some("Sun, 31 Dec 2023 23:59:59 +0000")),
            (u64::MAX, None),
        ] {
            assert_eq!(date(time).as_deref(), expected, "{time}");
        }
    }

    #[test]
    fn a_name_is_a_parameter_that_any_reader_takes() {
        assert_eq!(file_name("a b.txt"), ";\r\n filename=\"a b.txt\"");
        assert_eq!(file_name("見積\"; x"), ";\r\n filename*=utf-8''%E8%A6%8B%E7%A9%8D%22%3B%20x");
        let long = file_name(&"あ".repeat(30));
        assert!(long.contains(" filename*0*=utf-8''%E3%81") && long.contains(" filename*4*=%"), "{long}");
        assert!(long.split("\r\n").all(|line| line.len() <= 78), "{long}");
    }
}
