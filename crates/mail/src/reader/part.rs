//! A part out of its header (RFC 2045, RFC 2183), and what in that header steers readers apart (spec 3.4a).

use fubako_base::codes::Ambiguity;

use super::{edges::MAX_BOUNDARY, multipart};
use crate::{
    header::{Field, Header, Oddities, STEERING},
    names::{self, Parameters},
    outline::{Cause, ContentType, Disposition, Encoding, Flow, Part, Tnef},
    scan,
};

/// What most of the oddities are.
const STRUCTURE: Cause = Cause::Ambiguous(Ambiguity::Structure);
/// Types that are encrypted, or may be (spec 3.2).
const ENCRYPTED: [&str; 4] =
    ["application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"];

/// A part's header, understood.
pub(super) struct Read {
    pub(super) part: Part,
    /// Of a multipart.
    pub(super) boundary: Option<Vec<u8>>,
    /// Its parts are mails where they say nothing else (RFC 2046, 5.1.5).
    pub(super) is_digest: bool,
    /// Its type or disposition is written so that some cannot read it, and then take it for a file.
    pub(super) oddly_written: bool,
    pub(super) findings: Vec<(Cause, &'static str)>,
}

/// Understands a part's header. The part's place is not filled in.
pub(super) fn read(header: &Header, oddities: Oddities, is_digest_child: bool) -> Read {
    let mut findings = odd_octets(oddities);
    findings.extend(contradictions(header).map(|detail| (STRUCTURE, detail)));
    let type_field = header.first("content-type");
    let disposition_field = header.first("content-disposition");
    let type_parameters = type_field.map(|field| Parameters::parse(&field.text()));
    let content_type = content_type(type_parameters.as_ref(), is_digest_child);
    let encoding = encoding(header.first("content-transfer-encoding"));
    let name = names::file_name(disposition_field, type_field);
    let media_type = content_type.media_type();
    if encoding.is_none() {
        findings.push((STRUCTURE, "an unknown Content-Transfer-Encoding"));
    }
    if ENCRYPTED.contains(&media_type) {
        findings.push((Cause::Encrypted, "the part's type is an encrypted one"));
    } else if name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m")) {
        findings.push((Cause::Encrypted, "a file is named smime.p7m"));
    }
    if matches!(media_type, "message/partial" | "message/external-body") {
        findings.push((Cause::Ambiguous(Ambiguity::Elsewhere), "a message/partial or message/external-body part"));
    }
    let lax = scan::LaxHeader::of(header.iter().map(|field| (field.name(), field.value())));
    if lax.hides_a_field {
        findings.push((
            STRUCTURE,
            "encoded words in a header with a line end and a field that steers the structure in them",
        ));
    }
    let is_multipart = media_type.starts_with("multipart/");
    if is_multipart && !matches!(encoding, None | Some(Encoding::Identity)) {
        // RFC 2045, 6.4, forbids it; some decode all the same, and find other parts.
        findings.push((STRUCTURE, "a multipart with a Content-Transfer-Encoding"));
    }
    if is_multipart && let Some(detail) = type_field.and_then(|field| multipart::oddity(field.value())) {
        findings.push((STRUCTURE, detail));
    }
    let boundary = is_multipart.then(|| boundary(type_parameters.as_ref(), &mut findings)).flatten();
    let is_digest = media_type == "multipart/digest";
    let part = Part {
        parent: None,
        depth: 0,
        disposition: disposition(disposition_field),
        flow: flow(type_parameters.as_ref()),
        encoding: encoding.filter(|_| !is_multipart).unwrap_or(Encoding::Identity),
        body: 0..0,
        name,
        content_ids: header.all("content-id").take(MAX_IDS).map(content_id).filter(|id| !id.is_empty()).collect(),
        content_base: header.first("content-base").map(content_location).filter(|url| !url.is_empty()),
        content_location: header.first("content-location").map(content_location).filter(|url| !url.is_empty()),
        is_multipart: boundary.is_some(),
        tnef: Tnef::No,
        veil: oddities.blank || lax.names_a_file,
        afresh: lax.is_odd || boundary.as_ref().is_some_and(|boundary| boundary.len() > LONGEST_BOUNDARY),
        nested_subject: None,
        content_type,
    };
    let oddly_written = [type_field, disposition_field].into_iter().flatten().any(|field| !is_plainly_written(field));
    Read { part, boundary, is_digest, oddly_written, findings }
}

/// Octets of a field's name that all have room for; munpack's end at about 76.
const LONGEST_NAME: usize = 64;

/// Octets of a boundary (RFC 2046, 5.1.1). Some cut a longer one, and find other parts.
const LONGEST_BOUNDARY: usize = 70;

/// Whether a part's header ends early to somebody, who then makes a file of its text: munpack ends one at a field without a name, with
/// a very long one, or with white space or control characters before its colon. (A mail's own header may: a mail is no file to it.)
pub(super) fn ends_early(header: &Header) -> bool {
    header.iter().any(|field| field.name().is_empty() || field.name().len() > LONGEST_NAME || field.has_odd_name())
}

/// What is odd about who wrote the mail. White space before the colon is the form of old, which all have to accept (RFC
/// 5322, 4.5.2); beside another From field a strict reader sees one author and a lax one two.
pub(super) fn odd_author(header: &Header) -> Option<&'static str> {
    if header.all("from").any(Field::has_controls_in_name) {
        return Some("control characters before the colon of the From field");
    }
    (header.all("from").count() > 1 && header.all("from").any(Field::has_odd_name))
        .then_some("two From fields, one of them with white space before its colon")
}

fn odd_octets(oddities: Oddities) -> Vec<(Cause, &'static str)> {
    [
        (oddities.nul, "NUL in a header"),
        (oddities.bare_cr, "a bare CR in a header"),
        (
            oddities.disguised,
            "a field that steers the structure has a name with white space or control characters in it",
        ),
        (oddities.leading, "a header begins with white space"),
    ]
    .into_iter()
    .map(|(seen, detail)| (seen, STRUCTURE, detail))
    .chain([(oddities.too_long, Cause::Ambiguous(Ambiguity::Size), "a header or field is longer than the limit")])
    .filter_map(|(seen, cause, detail)| seen.then_some((cause, detail)))
    .collect()
}

/// Steering fields that readers take differently.
fn contradictions(header: &Header) -> impl Iterator<Item = &'static str> {
    let odd = |name: &&str| header.all(name).any(Field::has_odd_name);
    let repeated = |name: &&str| {
        let mut values = header.all(name).map(compared);
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let odd = STEERING.iter().any(odd);
    let repeated = STEERING.iter().any(repeated);
    [
        (odd, "white space or control characters before the colon of a field that steers the structure"),
        (repeated, "a field that steers the structure is there twice with different values"),
    ]
    .into_iter()
    .filter_map(|(seen, detail)| seen.then_some(detail))
}

/// A value as it is compared with another: without its folding, without white space round marks, and in lower case
/// but for parameters' values and what is quoted.
fn compared(field: &Field) -> String {
    let text = field.text();
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut in_value, mut escaped, mut space) = (false, false, false, false);
    for c in text.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
            continue;
        }
        if c.is_ascii_whitespace() {
            space = true;
            continue;
        }
        let mark = matches!(c, ';' | '=' | '/');
        if std::mem::take(&mut space) && !mark && !out.ends_with([';', '=', '/']) {
            out.push(' ');
        }
        match c {
            ';' => in_value = false,
            '=' => in_value = true,
            '"' => quoted = true,
            _ => {}
        }
        out.push(if in_value { c } else { c.to_ascii_lowercase() });
    }
    out
}

fn content_type(parameters: Option<&Parameters>, is_digest_child: bool) -> ContentType {
    let Some(parameters) = parameters else {
        return ContentType::Absent { implied: if is_digest_child { "message/rfc822" } else { "text/plain" } };
    };
    let readable = parameters.main.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if !readable {
        return ContentType::Unreadable;
    }
    let charset = parameters.text("charset").map(|label| label.to_ascii_lowercase());
    ContentType::Declared { media_type: parameters.main.clone(), charset: charset.filter(|label| !label.is_empty()) }
}

/// Whether what stands before the parameters is a token or two, with a semicolon after it: no comment, no quotes, no
/// parameter without its semicolon.
fn is_plainly_written(field: &Field) -> bool {
    let text = field.text();
    let main = text.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
    main.split('/').all(is_token)
}

/// RFC 2045, 5.1.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && !br#"()<>@,;:\"/[]?="#.contains(&octet))
}

fn disposition(field: Option<&Field>) -> Disposition {
    let Some(field) = field else { return Disposition::Absent };
    match Parameters::parse(&field.text()).main.as_str() {
        "inline" => Disposition::Inline,
        "attachment" => Disposition::Attachment,
        _ => Disposition::Other,
    }
}

/// RFC 3676, 4. Of other types than text/plain it says nothing.
fn flow(parameters: Option<&Parameters>) -> Flow {
    let Some(parameters) = parameters.filter(|parameters| parameters.main == "text/plain") else { return Flow::Fixed };
    let is = |name, value: &str| parameters.plain(name).is_some_and(|p| p.value.trim().eq_ignore_ascii_case(value));
    if is("format", "flowed") { Flow::Flowed { delsp: is("delsp", "yes") } } else { Flow::Fixed }
}

/// None: one that is not known. An empty one says nothing.
fn encoding(field: Option<&Field>) -> Option<Encoding> {
    let Some(field) = field else { return Some(Encoding::Identity) };
    match field.text().to_ascii_lowercase().as_str() {
        "" | "7bit" | "8bit" | "binary" => Some(Encoding::Identity),
        "base64" => Some(Encoding::Base64),
        "quoted-printable" => Some(Encoding::QuotedPrintable),
        _ => None,
    }
}

/// A multipart's boundary, where there is one that can be used.
fn boundary(parameters: Option<&Parameters>, findings: &mut Vec<(Cause, &'static str)>) -> Option<Vec<u8>> {
    let parameters = parameters?;
    let mut ambiguous = |detail| findings.push((STRUCTURE, detail));
    let mut forms = parameters.forms("boundary");
    let first = forms.next()?;
    if forms.any(|other| other.name != first.name || other.value != first.value) {
        ambiguous("a boundary is there twice with different values");
    }
    if first.name != "boundary" {
        ambiguous("a boundary in the form of RFC 2231");
    }
    if first.odd || !first.value.bytes().all(|octet| matches!(octet, 32..=126)) {
        ambiguous("a boundary that is written in a way that readers take differently");
    }
    let value = parameters.text_of_boundary(first);
    // RFC 2046, 5.1.1: it does not end in white space.
    let value = value.trim_end_matches([' ', '\t']);
    if value.len() > MAX_BOUNDARY {
        ambiguous("a boundary is longer than the limit");
        return None;
    }
    (!value.is_empty()).then(|| value.as_bytes().to_vec())
}

/// The boundary that a nested mail's header names.
pub(super) fn boundary_of(header: &Header) -> Option<Vec<u8>> {
    let parameters = header.first("content-type").map(|field| Parameters::parse(&field.text()))?;
    parameters.main.starts_with("multipart/").then(|| boundary(Some(&parameters), &mut Vec::new())).flatten()
}

/// Content-ID fields of one part that are kept; it has one.
const MAX_IDS: usize = 8;

fn content_id(field: &Field) -> String {
    let text = field.text();
    let id = text.split_once('<').map_or(text.as_str(), |(_, id)| id);
    id.split('>').next().unwrap_or_default().trim().to_owned()
}

/// RFC 2557, 4.4.1: a long one is folded, its white space is none of it.
fn content_location(field: &Field) -> String {
    let text = names::decode_words(&field.text());
    let url = text.split_ascii_whitespace().collect::<String>();
    let url = url.trim_matches('"');
    // Some write it as they write an identifier.
    url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap_or(url).to_owned()
}
