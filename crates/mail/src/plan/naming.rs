//! Names under which files are deposited (spec MAIL-UNNAMED).

use std::collections::{HashMap, HashSet};

use icu_normalizer::ComposingNormalizerBorrowed;

use super::Attachment;
use crate::outline::{Outline, Part};

/// Octets of a name in UTF-8 (spec 3.4, `name-character`).
const MAX_OCTETS: usize = 255;

/// Octets of what looks like a name's extension, which stays where a name is shortened.
const MAX_EXTENSION: usize = 16;

/// Numbers the attachments and gives each a name that is allowed and stands once. Persons' names go first: a
/// made-up one yields to them.
pub(super) fn name(attachments: &mut [Attachment], outline: &Outline) {
    let mut taken = Taken::default();
    for (index, attachment) in attachments.iter_mut().enumerate() {
        attachment.number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
    }
    for persons in [true, false] {
        for attachment in attachments.iter_mut().filter(|attachment| attachment.is_named_by_person() == persons) {
            let Some(part) = outline.parts.get(attachment.part.0 as usize) else { continue };
            let sent = attachment.sent_name(outline).map(str::to_owned);
            let name = sent.unwrap_or_else(|| made_up(part, attachment));
            attachment.name = taken.unique(&allowed(&name));
        }
    }
}

/// Names that are given, compared in NFC without case.
#[derive(Default)]
struct Taken {
    names: HashSet<String>,
    /// The next number to try for a name.
    next: HashMap<String, u32>,
}

impl Taken {
    fn unique(&mut self, name: &str) -> String {
        let key = compared(name);
        if self.names.insert(key.clone()) {
            return name.to_owned();
        }
        let next = self.next.entry(key).or_insert(2);
        loop {
            let candidate = numbered(name, *next);
            *next += 1;
            if self.names.insert(compared(&candidate)) {
                return candidate;
            }
        }
    }
}

/// A name as it is compared with others (spec MAIL-NAMES).
#[must_use]
pub fn compared(name: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(&nfc.normalize(name).to_lowercase()).into_owned()
}

/// `image.png` → `image (2).png`
fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = split_extension(name);
    let suffix = format!(" ({number}){extension}");
    format!("{}{suffix}", shortened(stem, MAX_OCTETS - suffix.len()))
}

/// The name's stem, and its extension with the dot.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

fn shortened(text: &str, octets: usize) -> &str {
    let mut end = text.len().min(octets);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A name with `_` for each character that is not allowed, at most 255 octets long.
fn allowed(name: &str) -> String {
    let name: String = name.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
    let name = match name.trim() {
        "" | "." => "_",
        ".." => "__",
        trimmed => trimmed,
    };
    if name.len() <= MAX_OCTETS {
        return name.to_owned();
    }
    let (stem, extension) = split_extension(name);
    format!("{}{extension}", shortened(stem, MAX_OCTETS - extension.len()))
}

/// Whether a person may give a file this name (spec 3.4, `name-character`).
#[must_use]
pub fn is_allowed_name(name: &str) -> bool {
    name.chars().all(is_allowed) && !matches!(name, "." | "..") && name.len() <= MAX_OCTETS
}

/// The characters for which a name is not allowed (spec 3.4, `name-character`), each once, in their order. None, where
/// it is not allowed for its length, or is `.` or `..`.
#[must_use]
pub fn unallowed_characters(name: &str) -> Vec<char> {
    let mut found = Vec::new();
    for c in name.chars().filter(|c| !is_allowed(*c)) {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

/// Spec 3.4, `name-character`.
fn is_allowed(c: char) -> bool {
    !c.is_control()
        && u32::from(c) <= 0xffff
        && !matches!(c,
            '/' | '\\'
            // Zero width, bidirectional, line and paragraph separators, fillers, interlinear marks, and what is no character.
            | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}')
}

/// A name for a part that has none.
fn made_up(part: &Part, attachment: &Attachment) -> String {
    let number = attachment.number;
    let (kind, extension) = kind_of(&attachment.media_type);
    match attachment.media_type.as_str() {
        "message/rfc822" | "message/global" | "message/news" => match &part.nested_subject {
            // Shortened here already, so that `.eml` stays.
            Some(subject) => format!("{}.eml", shortened(subject.trim(), MAX_OCTETS - 4)),
            None => format!("mail-{number}.eml"),
        },
        "text/calendar" | "application/ics" => "invite.ics".to_owned(),
        "application/ms-tnef" | "application/vnd.ms-tnef" => "winmail.dat".to_owned(),
        _ => format!("{kind}-{number}.{extension}"),
    }
}

/// What a file of this type is called, and its extension.
fn kind_of(media_type: &str) -> (&'static str, &'static str) {
    let kind = match media_type.split('/').next() {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        Some("text") => "text",
        _ => "part",
    };
    let known = EXTENSIONS.iter().find(|(known, _)| *known == media_type);
    (kind, known.map_or("bin", |(_, extension)| extension))
}

const EXTENSIONS: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/x-png", "png"),
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/pjpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/bmp", "bmp"),
    ("image/webp", "webp"),
    ("image/tiff", "tif"),
    ("image/svg+xml", "svg"),
    ("image/heic", "heic"),
    ("image/avif", "avif"),
    ("image/x-icon", "ico"),
    ("image/vnd.microsoft.icon", "ico"),
    ("audio/mpeg", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/xml", "xml"),
    ("text/rtf", "rtf"),
    ("text/enriched", "txt"),
    ("text/richtext", "txt"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("text/rfc822-headers", "txt"),
    ("message/delivery-status", "txt"),
    ("message/disposition-notification", "txt"),
    ("message/feedback-report", "txt"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/x-zip-compressed", "zip"),
    ("application/gzip", "gz"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("application/rtf", "rtf"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/pgp-signature", "asc"),
    ("application/pgp-keys", "asc"),
    ("application/pkcs7-signature", "p7s"),
    ("application/x-pkcs7-signature", "p7s"),
];
