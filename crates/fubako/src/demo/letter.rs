//! A delivered mail as its recipient's mail program reads it.

use fubako_mail::{
    charset::TextDecoder,
    header::Header,
    plan::{self, Body, Plan},
    reader::{Limits, Reader},
    transfer::Decoder,
};

/// What a mail program shows of a mail.
#[derive(Debug, Clone)]
pub struct Letter {
    /// From, as shown.
    pub from: String,
    /// To and Cc, as shown.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// The Date field.
    pub date: String,
    /// The text bodies, joined.
    pub text: String,
    /// The HTML bodies, joined.
    pub html: Option<String>,
    /// Names of files in the mail itself.
    pub files: Vec<String>,
    /// Whether it carries a DKIM signature.
    pub signatures: usize,
}

impl Letter {
    /// Reads a mail that is in memory (the demo's own mailbox holds its mails so).
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let mut reader = Reader::new(Limits::default());
        reader.push(octets);
        let outline = reader.finish();
        let plan = plan::plan(&outline);
        let header = &outline.header;
        let html = bodies(octets, &plan, "text/html");
        Self {
            from: shown(header, "from"),
            to: [shown(header, "to"), shown(header, "cc")]
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
            subject: header.first("subject").map(|f| f.unstructured()).unwrap_or_default(),
            message_id: header.message_id(),
            date: header.first("date").map(|f| f.unstructured()).unwrap_or_default(),
            text: bodies(octets, &plan, "text/plain"),
            html: (!html.is_empty()).then_some(html),
            files: plan.attachments.iter().map(|a| a.name.clone()).collect(),
            signatures: header.all("dkim-signature").count(),
        }
    }

    /// Everything that is read as text: the text bodies, else the HTML ones without their tags.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.html, self.text.is_empty()) {
            (Some(html), true) => without_tags(html),
            _ => self.text.clone(),
        }
    }
}

fn shown(header: &Header, name: &str) -> String {
    let shown = header.all(name).flat_map(|f| f.addresses()).map(|a| match a.name {
        Some(name) if !name.is_empty() => format!("{name} <{}>", a.address),
        _ => a.address,
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn bodies(octets: &[u8], plan: &Plan, media_type: &str) -> String {
    let mut text = String::new();
    for body in plan.bodies.iter().filter(|b| b.media_type == media_type) {
        text.push_str(&body_text(octets, body));
    }
    text
}

fn body_text(octets: &[u8], body: &Body) -> String {
    let range =
        usize::try_from(body.body.start).unwrap_or(usize::MAX)..usize::try_from(body.body.end).unwrap_or(usize::MAX);
    let mut decoded = Vec::new();
    let mut decoder = Decoder::new(body.encoding);
    decoder.push(octets.get(range).unwrap_or_default(), &mut decoded);
    decoder.finish(&mut decoded);
    let mut text = String::new();
    let mut charset = TextDecoder::new(body.charset.as_deref());
    charset.push(&decoded, &mut text);
    charset.finish(&mut text);
    text
}

fn without_tags(html: &str) -> String {
    let mut words = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                words.push('\n');
            }
            c if !in_tag => words.push(c),
            _ => {}
        }
    }
    words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
