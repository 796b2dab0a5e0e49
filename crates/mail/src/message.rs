//! Mails of our own: deposit notices, notices to senders, delivery status notifications. Small, so built whole.

use crate::compose::{Transfer, single, structured, unstructured};

/// A mail of our own in a plain text and an HTML version.
#[derive(Debug, Clone)]
pub struct OwnMail {
    /// Display name of the sender.
    pub from_name: String,
    /// Address of the sender.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// A Reply-To address.
    pub reply_to: Option<String>,
    /// The subject, any characters.
    pub subject: String,
    /// The Date value (RFC 5322).
    pub date: String,
    /// Message-ID without its angle brackets.
    pub message_id: String,
    /// The Message-ID that this answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// `Content-Language` tags.
    pub languages: Vec<&'static str>,
    /// Whether it is marked `Auto-Submitted: auto-replied` (or else `auto-generated`).
    pub is_reply: bool,
    /// The text version.
    pub text: String,
    /// The HTML version, where there is one.
    pub html: Option<String>,
}

impl OwnMail {
    /// The mail as octets: CRLF, UTF-8, lines of at most 998 octets.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut out = self.header();
        out.push_str(&self.content("alternative"));
        if !out.ends_with("\r\n") {
            out.push_str("\r\n");
        }
        out.into_bytes()
    }

    /// The header down to `MIME-Version`.
    fn header(&self) -> String {
        let id = |id: &str| format!("<{}>", id.trim().trim_start_matches('<').trim_end_matches('>'));
        let mut out = structured("Date", &self.date).unwrap_or_default();
        out += &single("From", &self.from_name, &self.from);
        out += &single("To", "", &self.to);
        if let Some(address) = &self.reply_to {
            out += &single("Reply-To", "", address);
        }
        out += &unstructured("Subject", &self.subject);
        out += &structured("Message-ID", &id(&self.message_id)).unwrap_or_default();
        if let Some(answered) = self.in_reply_to.as_deref().filter(|answered| !answered.trim().is_empty()) {
            for name in ["In-Reply-To", "References"] {
                out += &structured(name, &id(answered)).unwrap_or_default();
            }
        }
        out += if self.is_reply { "Auto-Submitted: auto-replied\r\n" } else { "Auto-Submitted: auto-generated\r\n" };
        if !self.languages.is_empty() {
            out += &structured("Content-Language", &self.languages.join(", ")).unwrap_or_default();
        }
        out + "MIME-Version: 1.0\r\n"
    }

    /// The text, and the HTML where there is one: from `Content-Type` on, without a last line end.
    fn content(&self, name: &str) -> String {
        let Some(html) = &self.html else { return text_part("plain", &self.text) };
        let boundary = self.boundary(name);
        format!(
            "Content-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\n{}\r\n--{boundary}\r\n{}\r\n--{boundary}--",
            text_part("plain", &self.text),
            text_part("html", html)
        )
    }

    /// A boundary that stands in no part: ours are written in encodings that have no `=_`, and a mail that is returned
    /// cannot know our Message-ID.
    fn boundary(&self, name: &str) -> String {
        let seed = crate::compose::boundary_seed(self.message_id.as_bytes());
        format!("=_{name}_{seed:016x}")
    }
}

fn text_part(subtype: &str, text: &str) -> String {
    let lines = with_line_ends(text);
    let transfer = Transfer::for_text(&lines);
    format!(
        "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
        transfer.token(),
        String::from_utf8_lossy(&transfer.encode(&lines))
    )
}

/// The text with every line end as CRLF.
fn with_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// A delivery status notification (RFC 3464): the human part, the machine part, and the returned mail.
#[derive(Debug, Clone)]
pub struct StatusNotification {
    /// The human part and the envelope fields.
    pub mail: OwnMail,
    /// Our host name (`Reporting-MTA`).
    pub reporting_mta: String,
    /// When the mail came in (RFC 5322).
    pub arrival_date: String,
    /// `Original-Envelope-Id` (RFC 3461 ENVID), decoded.
    pub envelope_id: Option<String>,
    /// A row a recipient.
    pub recipients: Vec<RecipientStatus>,
    /// The returned mail: its header only, or whole.
    pub returned: Returned,
}

/// What became of one recipient.
#[derive(Debug, Clone)]
pub struct RecipientStatus {
    /// `Final-Recipient`.
    pub recipient: String,
    /// `Original-Recipient` (RFC 3461 ORCPT) as given, `rfc822;…`.
    pub original_recipient: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: &'static str,
    /// Enhanced status code, such as `5.1.1`.
    pub status: String,
    /// The host that said so.
    pub remote_mta: Option<String>,
    /// What it said, `smtp; 550 …`.
    pub diagnostic: Option<String>,
}

/// What of the mail goes back.
#[derive(Debug, Clone)]
pub enum Returned {
    /// Its header (`text/rfc822-headers`, RFC 6522), octets with CRLF.
    Header(Vec<u8>),
    /// All of it: the driver writes the mail between the two halves that [`StatusNotification::build`] gives. It is
    /// composed afresh with the file password blanked (spec MAIL-BOUNCE).
    Whole,
}

impl StatusNotification {
    /// The octets before and after the returned mail (with [`Returned::Header`], `after` is empty and it is all in `before`).
    #[must_use]
    pub fn build(&self) -> (Vec<u8>, Vec<u8>) {
        let boundary = self.mail.boundary("report");
        let status = self.status_fields();
        let end = format!("\r\n--{boundary}--\r\n");
        // Addresses that are not ASCII have types of their own (RFC 6533).
        let status_type = if status.is_ascii() { "message/delivery-status" } else { "message/global-delivery-status" };
        let mut before = self.mail.header();
        before += &format!(
            "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n\
             --{boundary}\r\n{}\r\n\
             --{boundary}\r\nContent-Type: {status_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{status}\r\n\
             --{boundary}\r\n",
            self.mail.content("notice")
        );
        let mut before = before.into_bytes();
        match &self.returned {
            Returned::Whole => {
                before.extend_from_slice(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
                (before, end.into_bytes())
            }
            Returned::Header(header) => {
                let kind = if header.is_ascii() { "text/rfc822-headers" } else { "message/global-headers" };
                let field = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
                before.extend_from_slice(field.as_bytes());
                before.extend_from_slice(&returned_header(header));
                before.extend_from_slice(end.as_bytes());
                (before, Vec::new())
            }
        }
    }

    /// The fields of the mail and of each recipient (RFC 3464, 2.2 and 2.3), each block ended by its last line.
    fn status_fields(&self) -> String {
        let mut out = String::new();
        if let Some(envelope_id) = &self.envelope_id {
            push_field(&mut out, "Original-Envelope-Id", envelope_id);
        }
        push_field(&mut out, "Reporting-MTA", &format!("dns; {}", self.reporting_mta));
        push_field(&mut out, "Arrival-Date", &self.arrival_date);
        for recipient in &self.recipients {
            out += "\r\n";
            if let Some(original) = &recipient.original_recipient {
                push_field(&mut out, "Original-Recipient", original);
            }
            let kind = if recipient.recipient.is_ascii() { "rfc822" } else { "utf-8" };
            push_field(&mut out, "Final-Recipient", &format!("{kind}; {}", recipient.recipient));
            push_field(&mut out, "Action", recipient.action);
            push_field(&mut out, "Status", &recipient.status);
            if let Some(host) = &recipient.remote_mta {
                push_field(&mut out, "Remote-MTA", &format!("dns; {host}"));
            }
            if let Some(said) = &recipient.diagnostic {
                push_field(&mut out, "Diagnostic-Code", said);
            }
        }
        out
    }
}

/// Octets of one word in a status field; a longer one is cut.
const MAX_WORD: usize = 800;
/// Octets of a status field's value.
const MAX_STATUS_VALUE: usize = 4000;

/// A status field, folded; left out where its value is empty. What another server said may hold anything.
fn push_field(out: &mut String, name: &str, value: &str) {
    let mut line = format!("{name}:");
    let mut column = line.len();
    let mut total = 0;
    for word in value.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let mut end = word.len().min(MAX_WORD);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        total += end;
        if total > MAX_STATUS_VALUE {
            break;
        }
        if column + 1 + end > 76 && column > name.len() + 1 {
            line += "\r\n";
            column = 0;
        }
        line.push(' ');
        line += &word[..end];
        column += 1 + end;
    }
    if total > 0 {
        *out += &line;
        *out += "\r\n";
    }
}

/// A header that goes back: its lines cut to what a line may have, without blank ones, which would end it early.
fn returned_header(header: &[u8]) -> Vec<u8> {
    const MAX_LINE: usize = 998;
    let mut out = Vec::with_capacity(header.len());
    for line in header.split(|octet| matches!(octet, b'\r' | b'\n')).filter(|line| !line.is_empty()) {
        out.extend(line.iter().take(MAX_LINE).map(|octet| if *octet == 0 { b' ' } else { *octet }));
        out.extend_from_slice(b"\r\n");
    }
    out
}
