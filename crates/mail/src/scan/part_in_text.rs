//! A part of a mail in a text, with its header: some readers look into texts for such, and unpack what follows.
//!
//! They are lax ([`super::fields`]). A paragraph is a header to ripmime where a line of it begins like a mail's; it decodes a text and
//! looks again, so what names a file to it is held, and what is encoded below such a header. What may only interest a reader that looks
//! at a mail's octets leaves in base64, in which no such line is seen.

use super::{
    fields::{self, Encodings, Field, has},
    lines::{LOOK, starts_with},
    mail_like::begins_header,
};

/// Octets before a field's name that may be left out: white space, marks of a quotation, what is left of a byte order mark.
const MAX_BEFORE: usize = 16;
/// Octets of an encoded word that is folded, with what stands before it; nobody writes such a long one.
const MAX_WORD: usize = 4096;
/// Characters of base64 in which there can be a file.
const MIN_BASE64: usize = 16;

/// What a line is to such readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Words,
    /// A field by which a mail's parts are found.
    Mime,
    /// A field that names a file.
    File,
}

/// The look at a text's lines.
#[derive(Debug, Default)]
pub(super) struct PartInText {
    paragraph: Paragraph,
    /// There is a header above.
    below_header: bool,
    /// What a header above said of what is below it.
    below: Encodings,
    /// How many characters of base64 there are below it.
    base64: usize,
    work: fields::Again,
}

/// What may be a header.
#[derive(Debug, Default)]
struct Paragraph {
    /// The last field of its kind, and the separators in it: its value may go on in any line that is indented.
    open: Option<(Field, usize)>,
    /// The last line ends in a semicolon: to some the next one belongs to it.
    unfinished: bool,
    /// The last line ends before the text of an encoded word begins.
    word: Option<Vec<u8>>,
    /// It ends within one: what is folded below it belongs to that.
    text: Option<Vec<u8>>,
    /// A field's value ends in `name`, of which the value may be folded.
    ends_in_name: bool,
    /// A line begins as one of a mail's header does.
    is_header: bool,
    names_a_file: bool,
    encodings: Encodings,
}

impl PartInText {
    /// Takes the next line that is not empty.
    pub(super) fn line(&mut self, line: &[u8]) -> Seen {
        if self.below.any() && self.is_encoded(line)
            || memchr::memchr(b'?', line).is_some() && fields::hides_a_field(line)
        {
            return Seen::File;
        }
        let paragraph = &mut self.paragraph;
        let mut seen = Seen::Words;
        self.work.take(line.len());
        if !self.work.may(paragraph.kept()) {
            return Seen::File;
        }
        if begins_header(line) {
            paragraph.is_header = true;
        }
        if let Some(before) = paragraph.word.take() {
            let whole = [&before[..], line].concat();
            for text in fields::decoded_lines(&whole) {
                paragraph.text(text, false);
            }
            paragraph.word = fields::open_word(&whole);
        } else {
            paragraph.word = fields::open_word(line);
        }
        if paragraph.unfolded(line) {
            return Seen::File;
        }
        let goes_on = paragraph.open.is_some() && (paragraph.unfinished || is_folded(line));
        if goes_on || may_be_field(line) {
            for text in fields::decoded_lines(line) {
                seen = if paragraph.text(text, goes_on) { Seen::Mime } else { seen };
            }
        }
        paragraph.unfinished = line.trim_ascii_end().ends_with(b";");
        if paragraph.is_header && paragraph.names_a_file { Seen::File } else { seen }
    }

    /// Whether there can be a part, or a file, in what is encoded, as far as this line.
    fn is_encoded(&mut self, line: &[u8]) -> bool {
        let is_base64 = |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
        self.base64 += line.iter().filter(is_base64).count();
        self.below.base64 && self.base64 >= MIN_BASE64 || self.below.quoted && is_quoted(line)
    }

    /// A blank line ends a header.
    pub(super) fn blank(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.is_header {
            self.below_header = true;
            self.below.merge(paragraph.encodings);
        }
    }

    /// Whether a paragraph above is a header to some, so that what follows is a mail's body.
    pub(super) const fn is_below_header(&self) -> bool {
        self.below_header
    }

    /// Whether a field of the paragraph says that what is below it is encoded.
    pub(super) const fn is_of_encoded(&self) -> bool {
        self.paragraph.encodings.any()
    }
}

impl Paragraph {
    /// Octets that are looked at again with the next line.
    fn kept(&self) -> usize {
        [&self.word, &self.text].into_iter().flatten().map(Vec::len).sum()
    }

    /// Takes a line as a part of an encoded word that begins above; says whether that hides a field.
    fn unfolded(&mut self, line: &[u8]) -> bool {
        let before = self.text.take().filter(|_| matches!(line.first(), Some(b' ' | b'\t')));
        let whole = before.map(|before| [&before[..], line.trim_ascii_start()].concat());
        let mut hides = false;
        if let Some(whole) = &whole {
            hides = fields::hides_a_field(whole);
            for text in fields::decoded_lines(whole) {
                self.text(text, false);
            }
        }
        let seen = whole.as_deref().unwrap_or(line);
        let ends = seen.len() < MAX_WORD && fields::ends_in_word(seen);
        self.text = ends.then(|| seen.to_vec());
        hides
    }

    /// Takes a line, decoded; says whether it is a field of MIME. `goes_on`: it belongs to the field that is open.
    fn text(&mut self, text: Vec<u8>, goes_on: bool) -> bool {
        let mime = is_mime(&text);
        self.is_header |= begins_header(&text);
        for text in fields::forms(text) {
            let (name, value) = fields::name_and_value(&text);
            if goes_on && let Some((field, before)) = self.open {
                self.names_a_file |= self.ends_in_name && !text.trim_ascii().is_empty();
                self.value(field, &text, before);
            }
            for field in fields::fields_in(name).filter(|_| fields::is_written(name)) {
                // The line's end is a blank to some then, and the name.
                self.names_a_file |= field == Field::Location && text.trim_ascii_end().ends_with(b";");
                self.value(field, value, 0);
            }
        }
        mime
    }

    /// Takes a field's value, or more of it: `before` are the separators up to there.
    fn value(&mut self, field: Field, value: &[u8], before: usize) {
        self.open = Some((field, before + fields::separators(value)));
        self.ends_in_name = value.trim_ascii_end().ends_with(b"name");
        self.names_a_file |= match field {
            // The first word behind the type's is none yet.
            Field::Type => fields::has_name(value, 2usize.saturating_sub(before)) || fields::is_a_file(value),
            // In a form the name is a field's (RFC 7578, 4.2).
            Field::Disposition if has(value, "form-data") => has(value, "filename"),
            Field::Disposition => fields::has_name(value, 1usize.saturating_sub(before)),
            // A path is one of a site; what it means to somebody, the text does not leave for.
            Field::Location => !value.trim_ascii().is_empty() && !value.trim_ascii().starts_with(b"/"),
            // Of what is no value somebody speaks.
            Field::Encoding
                if !value.iter().all(|octet| octet.is_ascii_alphanumeric() || b" \t-_;:()\"".contains(octet)) =>
            {
                false
            }
            Field::Encoding => {
                self.encodings.merge(Encodings::of(value));
                false
            }
        };
    }
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t' | b':' | b';'))
}

/// Whether a field may be in the line at all.
fn may_be_field(line: &[u8]) -> bool {
    let first = line.iter().take(MAX_BEFORE).find(|octet| octet.is_ascii_alphabetic());
    let is_hidden = |octet: &u8| *octet == b'(' || octet.is_ascii_control() && *octet != b'\t';
    matches!(first, Some(b'c' | b'C' | b'm' | b'M'))
        || memchr::memmem::find(line, b"=?").is_some()
        || memchr::memchr(b'-', line).is_some() && (line.iter().any(is_hidden) || has_content(line))
}

/// `content-` in any case.
fn has_content(line: &[u8]) -> bool {
    memchr::memchr2_iter(b'c', b'C', line).any(|at| starts_with(&line[at..], b"content-"))
}

/// Whether something in the line is quoted-printable: not a rule of `=`.
fn is_quoted(line: &[u8]) -> bool {
    let is_rule = line.trim_ascii().iter().all(|octet| *octet == b'=');
    let is_hex =
        |octet: Option<&u8>| octet.is_none_or(|octet| octet.is_ascii_hexdigit() || octet.is_ascii_whitespace());
    let is_link = memchr::memmem::find(line, b"://").is_some();
    !is_rule && !is_link && (line.len() >= LOOK || memchr::memchr_iter(b'=', line).any(|at| is_hex(line.get(at + 1))))
}

/// Whether a line begins with a field of MIME, marks and the like left out.
fn is_mime(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] = [
        b"content-type",
        b"content-disposition",
        b"content-location",
        b"content-transfer-encoding",
        b"content-description",
        b"content-id",
        b"mime-version",
    ];
    let start = text.iter().take(MAX_BEFORE).position(u8::is_ascii_alphabetic).unwrap_or_default();
    NAMES.iter().any(|name| text[start..].starts_with(name))
}
