//! A header's fields as the laxest readers take them: ripmime decodes encoded words first, wherever they stand, cuts lines then,
//! strips comments, and takes a line for a field in whose name the field's name is contained.

use crate::{outline::Encoding as Transfer, transfer::Decoder};

/// The fields by which such readers find files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Type,
    Disposition,
    Location,
    Encoding,
}

impl Field {
    const ALL: [Self; 4] = [Self::Type, Self::Disposition, Self::Location, Self::Encoding];

    const fn name(self) -> &'static str {
        match self {
            Self::Type => "content-type",
            Self::Disposition => "content-disposition",
            Self::Location => "content-location",
            Self::Encoding => "content-transfer-encoding",
        }
    }
}

/// The encodings in which there may be a part, or a file, again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Encodings {
    pub(super) base64: bool,
    pub(super) quoted: bool,
}

impl Encodings {
    /// What a Content-Transfer-Encoding with this value says to somebody: `binary base64` is base64.
    pub(super) fn of(value: &[u8]) -> Self {
        Self { base64: has(value, "base64"), quoted: has(value, "quoted") }
    }

    pub(super) const fn any(self) -> bool {
        self.base64 || self.quoted
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.base64 |= other.base64;
        self.quoted |= other.quoted;
    }
}

/// A line's name and value: the name ends at a colon or at white space.
pub(super) fn name_and_value(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|octet| matches!(octet, b':' | b' ' | b'\t')) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[]),
    }
}

/// The fields' names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    Field::ALL.into_iter().map(Field::name)
}

/// The fields that a name contains; all of them count.
pub(super) fn fields_in(name: &[u8]) -> impl Iterator<Item = Field> + '_ {
    Field::ALL.into_iter().filter(|field| has(name, field.name()))
}

/// The line as it is, and without its comments: as the RFC has them, and as ripmime does.
pub(super) fn forms(line: Vec<u8>) -> Vec<Vec<u8>> {
    if !line.contains(&b'(') {
        return vec![line];
    }
    vec![without_comments(&line), without_first_closed(&line), line]
}

/// `name` or `filename` with a value, in any of their forms (RFC 2231), behind as many separators; a host's or a person's name is none.
pub(super) fn has_name(value: &[u8], separators: usize) -> bool {
    const NAME: &[u8] = b"name";
    let (mut counted, mut at_counted) = (0, 0);
    memchr::memmem::find_iter(value, NAME).any(|at| {
        let before = value[..at].strip_suffix(b"file").unwrap_or(&value[..at]);
        let rest = &value[at + NAME.len()..];
        let marks = rest.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'*').count();
        let (rest, trimmed) = (&rest[marks..], rest[marks..].trim_ascii_start());
        let is_own_word = before.last().is_none_or(|octet| !octet.is_ascii_alphanumeric());
        let has_value = trimmed.starts_with(b"=") || trimmed.len() < rest.len() && begins_with_a_file(trimmed);
        // All that was counted is before what is looked at now.
        counted += self::separators(&value[at_counted..before.len()]);
        at_counted = before.len();
        is_own_word && has_value && counted >= separators
    })
}

/// Whether the first word of a text is a file's name, and none of prose.
fn begins_with_a_file(text: &[u8]) -> bool {
    let word = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let middle = word.get(1..word.len().saturating_sub(1)).unwrap_or_default();
    word.is_ascii()
        && word.first().is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'"')
        && middle.contains(&b'.')
}

/// Whether a field's name stands in a line's first word as somebody writes it who sends a mail: not behind what no field's name has,
/// such as a quote, a bracket or a bullet.
pub(super) fn is_written(name: &[u8]) -> bool {
    let at = names().filter_map(|field| memchr::memmem::find(name, field.as_bytes())).min();
    at.is_some_and(|at| !name[..at].iter().any(|octet| !octet.is_ascii() || b"'\"`([{".contains(octet)))
}

/// How many characters stand in a text that end a parameter.
pub(super) fn separators(text: &[u8]) -> usize {
    text.iter().filter(|octet| matches!(octet, b';' | b' ' | b'\t')).count()
}

pub(super) fn has(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}

/// Nested as the RFC has them (RFC 5322, 3.2.2).
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut depth = 0u32;
    let mut out = value.to_vec();
    out.retain(|octet| {
        depth += u32::from(*octet == b'(');
        let kept = depth == 0;
        depth = depth.saturating_sub(u32::from(*octet == b')'));
        kept
    });
    // What is never closed is none.
    if depth > 0 { value.to_vec() } else { out }
}

/// Up to the first `)` that is in no quotes, and none where the `(` is in quotes itself.
fn without_first_closed(line: &[u8]) -> Vec<u8> {
    let (mut out, mut rest, mut quoted) = (Vec::with_capacity(line.len()), line, false);
    // Where one is never closed, neither is any behind it.
    let mut closes = true;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet == b'(' && !quoted && closes {
            let mut inside = false;
            let end = after.iter().position(|octet| {
                inside ^= *octet == b'"';
                *octet == b')' && !inside
            });
            if let Some(end) = end {
                rest = &after[end + 1..];
                continue;
            }
            closes = false;
        }
        quoted ^= octet == b'"';
        out.push(octet);
    }
    out
}

/// How often what was looked at once is looked at again, because what follows belongs to it: no more than so that all of it stays
/// linear. Nobody writes a text, or a header, in which more is open for so long.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Octets that were there.
    taken: usize,
    /// Octets that were looked at again.
    again: usize,
}

impl Again {
    /// Octets that may be looked at again however few were taken.
    const FREE: usize = 64 << 10;
    /// And so many for one that was.
    const EACH: usize = 8;

    /// Takes as many octets.
    pub(super) const fn take(&mut self, octets: usize) {
        self.taken = self.taken.saturating_add(octets);
    }

    /// Whether as many octets may be looked at again, which they are then.
    pub(super) const fn may(&mut self, octets: usize) -> bool {
        self.again = self.again.saturating_add(octets);
        self.again <= Self::FREE.saturating_add(Self::EACH.saturating_mul(self.taken))
    }
}

/// The lines that a line is once its encoded words are decoded, wherever they stand and whether they end or not: in lower case, without
/// control characters. The first is where it begins, however much is missing of it.
pub(super) fn decoded_lines(line: &[u8]) -> Vec<Vec<u8>> {
    let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
    let mut out = decoded(line);
    out.make_ascii_lowercase();
    let lines = out.split(|octet| matches!(octet, b'\r' | b'\n'));
    lines.map(|line| line.iter().copied().filter(|octet| !is_control(octet)).collect()).collect()
}

fn decoded(line: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        out.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 2..];
        rest = encoded_word(behind, &mut out).unwrap_or_else(|| {
            out.extend_from_slice(b"=?");
            behind
        });
    }
    out.extend_from_slice(rest);
    out
}

/// Decodes the encoded word of which this is the rest; gives what follows it. What stands behind the letter for the encoding is
/// passed over, as by some.
fn encoded_word<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut pieces = rest.splitn(3, |octet| *octet == b'?');
    let (_charset, encoding, text) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let encoding = match encoding.first()? {
        b'q' | b'Q' => Transfer::QuotedPrintable,
        b'b' | b'B' => Transfer::Base64,
        _ => return None,
    };
    let end = memchr::memmem::find(text, b"?=");
    word(encoding, &text[..end.unwrap_or(text.len())], out);
    Some(end.map_or(&[][..], |end| &text[end + 2..]))
}

/// Whether a line, in lower case, has a field's name in it, whatever stands between its letters that is no letter to somebody.
fn is_hidden_field(line: &[u8]) -> bool {
    let is_kept = |octet: &u8| octet.is_ascii_alphanumeric() || b"-()\"".contains(octet);
    let squeezed: Vec<u8> = line.iter().copied().filter(is_kept).collect();
    forms(squeezed).iter().any(|text| fields_in(text).next().is_some())
}

/// Whether a line ends within an encoded word's text.
pub(super) fn ends_in_word(line: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(line, b"=?") else { return false };
    let mut rest = &line[at + 2..];
    loop {
        let mut pieces = rest.splitn(3, |octet| *octet == b'?');
        let Some(text) = pieces.nth(2) else { return false };
        let Some(end) = memchr::memmem::find(text, b"?=") else { return true };
        let Some(next) = memchr::memmem::find(&text[end + 2..], b"=?") else { return false };
        rest = &text[end + 2 + next + 2..];
    }
}

/// What is to be kept of a line that ends before the text of an encoded word begins: to some that stands in the next.
pub(super) fn open_word(line: &[u8]) -> Option<Vec<u8>> {
    let mut at = memchr::memmem::find(line, b"=?")?;
    loop {
        let behind = &line[at + 2..];
        let mut marks = memchr::memchr_iter(b'?', behind);
        let Some(mark) = marks.next() else { return Some([&line[..at], b"=?x"].concat()) };
        let letter = behind.get(mark + 1).filter(|letter| b"qQbB".contains(letter));
        match (letter, marks.next()) {
            (Some(letter), None) => return Some([&line[..at], b"=?x?", &[*letter]].concat()),
            // Its text is there.
            (Some(_), Some(text)) => at += text + 3,
            (None, _) => at += 2,
        }
        at += memchr::memmem::find(line.get(at..)?, b"=?")?;
        // Where base64 is padded, its end looks like a word's beginning.
        while line.get(at + 2) == Some(&b'=') {
            at += 3 + memchr::memmem::find(line.get(at + 3..)?, b"=?")?;
        }
    }
}

/// Whether a field stands behind a line end that is one only once the encoded words are decoded. Where these begin does not matter:
/// to some that is in the line before.
pub(super) fn hides_a_field(line: &[u8]) -> bool {
    line.split(|octet| *octet == b'?').skip(1).any(|text| {
        [Transfer::QuotedPrintable, Transfer::Base64].into_iter().any(|encoding| {
            let mut out = Vec::new();
            word(encoding, text, &mut out);
            out.make_ascii_lowercase();
            out.split(|octet| matches!(octet, b'\r' | b'\n')).skip(1).any(is_hidden_field)
        })
    })
}

fn word(encoding: Transfer, text: &[u8], out: &mut Vec<u8>) {
    let mut decoder = Decoder::new(encoding);
    if encoding == Transfer::QuotedPrintable {
        // RFC 2047, 4.2.
        let spaced: Vec<u8> = text.iter().map(|octet| if *octet == b'_' { b' ' } else { *octet }).collect();
        decoder.push(&spaced, out);
    } else {
        decoder.push(text, out);
    }
    decoder.finish(out);
}

/// What a header is to such readers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LaxHeader {
    /// They may find a file by it that nobody else does.
    pub(crate) names_a_file: bool,
    /// A field stands in it that is one only once encoded words are decoded, behind a line end in them.
    pub(crate) hides_a_field: bool,
    /// It has encoded words, or a field of MIME, that are not written as they should be: who is lax may see other fields than we do.
    pub(crate) is_odd: bool,
}

impl LaxHeader {
    /// The fields are names and values, in order.
    pub(crate) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut seen = Self::default();
        // What a field is that ends in a semicolon, or within an encoded word, goes on in the next.
        let mut open: Option<(&str, Vec<u8>)> = None;
        let mut work = Again::default();
        // The last field was one of MIME, and whether it ends in a semicolon.
        let mut before = (false, false);
        for (name, value) in fields {
            let is_of_mime = has(&name.as_bytes().to_ascii_lowercase(), "content-");
            seen.is_odd |= before.1 && (before.0 || is_of_mime) || !is_plain(name, value, is_of_mime);
            before = (is_of_mime, value.trim_ascii_end().ends_with(b";"));
            let unfolded: Vec<u8> = value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            let own = [name.as_bytes(), b":", &unfolded].concat();
            seen.line(name, &own);
            work.take(own.len());
            let (name, whole) = match open.take() {
                Some((_, before)) if !work.may(before.len()) => {
                    seen.hides_a_field = true;
                    return seen;
                }
                Some((first, before)) => {
                    let whole = [&before[..], b" ", &own].concat();
                    seen.line(first, &whole);
                    (first, whole)
                }
                None => (name, own),
            };
            let goes_on = open_word(&whole).or_else(|| whole.trim_ascii_end().ends_with(b";").then_some(whole));
            open = goes_on.map(|whole| (name, whole));
        }
        seen
    }

    fn line(&mut self, name: &str, line: &[u8]) {
        let mut lines = decoded_lines(line).into_iter();
        self.names_a_file |= lines.next().into_iter().flat_map(forms).any(|text| may_be_a_file(name, &text));
        // In words that stand next to each other, too.
        self.hides_a_field |= hides_a_field(line) || lines.any(|text| is_hidden_field(&text));
    }
}

/// Whether a field is written so that nobody reads it in another way: its encoded words as they have to be (RFC 2047, 2), with nothing in
/// them that could be another, or a line's end; and one of MIME without any, and without comments.
fn is_plain(name: &str, value: &[u8], is_of_mime: bool) -> bool {
    const WORD: &[u8] = b"=?";
    let has_comment = |text: &[u8]| memchr::memchr(b'(', text).is_some();
    if has_comment(name.as_bytes()) || has(name.as_bytes(), "=?") || is_of_mime && has_comment(value) {
        return false;
    }
    if memchr::memmem::find(value, WORD).is_none() {
        return true;
    }
    let (mut out, mut rest, mut follows) = (Vec::new(), value, false);
    while let Some(at) = memchr::memmem::find(rest, WORD) {
        let between = &rest[..at];
        if !(follows && between.trim_ascii().is_empty()) {
            out.extend(between.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')));
        }
        let Some(after) = strict_word(&rest[at + WORD.len()..], &mut out) else { return false };
        (rest, follows) = (after, true);
    }
    out.extend(rest.iter().filter(|octet| !matches!(octet, b'\r' | b'\n')));
    !is_of_mime && !out.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')) && !has(&out, "=?")
}

/// Whether all encoded words in a text are as they have to be, with nothing in them that could be another, or a line's end.
pub(crate) fn has_plain_words(text: &str) -> bool {
    is_plain("", text.as_bytes(), false)
}

/// Decodes the encoded word of which this is the rest, if it is one as the RFC has it; gives what follows it.
fn strict_word<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut pieces = rest.splitn(4, |octet| *octet == b'?');
    let (charset, encoding, text, after) = (pieces.next()?, pieces.next()?, pieces.next()?, pieces.next()?);
    let after = after.strip_prefix(b"=")?;
    let is_charset = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_*.:+".contains(octet);
    let is_text = |octet: &u8| octet.is_ascii_graphic() && *octet != b';';
    let encoding = match encoding {
        b"q" | b"Q" => Transfer::QuotedPrintable,
        b"b" | b"B" => Transfer::Base64,
        _ => return None,
    };
    let goes_on = matches!(after.first(), Some(b'?' | b'='));
    if goes_on || !charset.iter().all(is_charset) || !text.iter().all(is_text) {
        return None;
    }
    word(encoding, text, out);
    Some(after)
}

/// Whether a field of a header, of this name as it is written, says to somebody that there is a file: one with a name, or what stands in
/// an encoding of which we know nothing.
fn may_be_a_file(written: &str, field: &[u8]) -> bool {
    let (name, value) = name_and_value(field);
    let is_like = ["content", "-disposition", "-type"].iter().any(|word| has(name, word));
    if is_like && has(value, "name") {
        return true;
    }
    fields_in(name).any(|field| {
        let is_own = written.eq_ignore_ascii_case(field.name());
        match field {
            Field::Type => is_a_file(value) || !is_own && has(value, "/") && !has(value, "text/"),
            Field::Encoding => !is_own && ![&b"7bit"[..], b"8bit", b"binary"].contains(&value.trim_ascii()),
            Field::Location => true,
            Field::Disposition => false,
        }
    })
}

/// Whether a line that belongs to no header that we know is a field by which such readers find files.
pub(super) fn steers(line: &[u8]) -> bool {
    hides_a_field(line)
        || decoded_lines(line)
            .into_iter()
            .flat_map(forms)
            .any(|text| fields_in(name_and_value(&text).0).next().is_some())
}

/// Types whose parts are files to some, whatever they are called.
pub(super) fn is_a_file(value: &[u8]) -> bool {
    has(value, "appledouble") || has(value, "applefile")
}
