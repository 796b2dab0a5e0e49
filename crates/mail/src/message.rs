//! Mails of our own: deposit notices, notices to senders, delivery status notifications. Small, so built whole.

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
        unimplemented!("helper B")
    }
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
    /// Its header (`message/rfc822-headers`, RFC 3462), octets with CRLF.
    Header(Vec<u8>),
    /// All of it: the driver writes the mail between the two halves that [`StatusNotification::build`] gives. It is
    /// composed afresh with the file password blanked (spec MAIL-BOUNCE).
    Whole,
}

impl StatusNotification {
    /// The octets before and after the returned mail (with [`Returned::Header`], `after` is empty and it is all in `before`).
    #[must_use]
    pub fn build(&self) -> (Vec<u8>, Vec<u8>) {
        unimplemented!("helper B")
    }
}
