//! A delivered mail as its recipient's mail program reads it.

use std::collections::HashMap;

use fubako_mail::{
    Outline, PartId,
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
    /// The bodies that are shown, in their order: of alternatives the last.
    pub bodies: Vec<Shown>,
    /// Names of files in the mail itself.
    pub files: Vec<String>,
    /// Whether it carries a DKIM signature.
    pub signatures: usize,
}

/// A body that is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whether it is HTML; else it is plain text.
    pub is_html: bool,
    /// It, decoded.
    pub text: String,
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
            bodies: bodies(octets, &outline, &plan),
            files: plan.attachments.iter().map(|a| a.name.clone()).collect(),
            signatures: header.all("dkim-signature").count(),
        }
    }

    /// Everything that is read: every body that is shown, HTML without its tags.
    #[must_use]
    pub fn words(&self) -> String {
        let words = self.bodies.iter().map(|b| if b.is_html { without_tags(&b.text) } else { b.text.clone() });
        words.collect::<Vec<_>>().join("\n")
    }
}

fn shown(header: &Header, name: &str) -> String {
    let shown = header.all(name).flat_map(|f| f.addresses()).map(|a| match a.name {
        Some(name) if !name.is_empty() => format!("{name} <{}>", a.address),
        _ => a.address,
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn bodies(octets: &[u8], outline: &Outline, plan: &Plan) -> Vec<Shown> {
    // In the order in which they stand, so that the last of a multipart's alternatives stays in the map.
    let last: HashMap<PartId, PartId> = plan.bodies.iter().flat_map(|body| alternatives(outline, body.part)).collect();
    let is_shown = |body: &&Body| {
        alternatives(outline, body.part).iter().all(|(multipart, child)| last.get(multipart) == Some(child))
    };
    let shown = |body: &Body| Shown { is_html: body.media_type == "text/html", text: body_text(octets, body) };
    plan.bodies.iter().filter(is_shown).map(shown).collect()
}

/// The alternatives that a part is or stands in: each `multipart/alternative` round it, with the child of it.
fn alternatives(outline: &Outline, part: PartId) -> Vec<(PartId, PartId)> {
    let (mut found, mut child) = (Vec::new(), part);
    let at = |part: PartId| outline.parts.get(part.0 as usize);
    while let Some(parent) = at(child).and_then(|part| part.parent) {
        if at(parent).is_some_and(|part| part.content_type.media_type() == "multipart/alternative") {
            found.push((parent, child));
        }
        child = parent;
    }
    found
}

fn body_text(octets: &[u8], body: &Body) -> String {
    if let Some(given) = &body.given {
        return given.to_string();
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(mail: &str) -> Vec<String> {
        let mail = mail.replace('\n', "\r\n");
        Letter::read(mail.as_bytes()).bodies.into_iter().map(|b| b.text.trim().to_owned()).collect()
    }

    // spec: section 7 (demo: a page that shows the recipient's mailbox)
    #[test]
    fn every_body_is_shown_and_of_alternatives_the_last() {
        let plain = "Content-Type: text/plain\n\n";
        let html = "Content-Type: text/html\n\n";
        assert_eq!(shown("From: a@b.example\n\nalone\n"), ["alone"]);
        let multipart = |kind: &str, b: &str, parts: &[String]| {
            let parts: String = parts.iter().map(|part| format!("--{b}\n{part}\n")).collect();
            format!("Content-Type: multipart/{kind}; boundary={b}\n\n{parts}--{b}--\n")
        };
        let leaves = [format!("{plain}one\n"), format!("{html}<p>two</p>\n"), format!("{plain}three\n")];
        let mail = |body: &str| format!("From: a@b.example\nMIME-Version: 1.0\n{body}");
        assert_eq!(shown(&mail(&multipart("mixed", "m", &leaves))), ["one", "<p>two</p>", "three"]);
        assert_eq!(shown(&mail(&multipart("alternative", "a", &leaves[..2]))), ["<p>two</p>"]);
        // A footer behind alternatives; and alternatives of which the last has several bodies.
        let behind = [multipart("alternative", "a", &leaves[..2]), leaves[2].clone()];
        assert_eq!(shown(&mail(&multipart("mixed", "m", &behind))), ["<p>two</p>", "three"]);
        let within = [leaves[0].clone(), multipart("mixed", "m", &leaves[1..])];
        assert_eq!(shown(&mail(&multipart("alternative", "a", &within))), ["<p>two</p>", "three"]);
    }
}
