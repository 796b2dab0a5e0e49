//! What a header is to the laxest readers: whether they find a file, or other fields, where nobody else does.

use super::{
    fields::{Field, fields_in, has, is_a_file},
    tokens::{Candidate, Form, Line, Mark, Tokens},
};

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
        // What a field is that ends in a semicolon, or within an encoded word, goes on in the next: the first one's name, and how many there are.
        let mut open: (&str, usize) = ("", 0);
        let mut tokens = Tokens::default();
        // The last field was one of MIME, and whether it ends in a semicolon.
        let mut before = (false, false);
        for (name, value) in fields {
            let is_of_mime = has(&name.as_bytes().to_ascii_lowercase(), "content-");
            let unfolded: Vec<u8> = value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            let own = [name.as_bytes(), b":", &unfolded].concat();
            let line = Tokens::of(&own);
            seen.is_odd |= before.1 && (before.0 || is_of_mime) || !is_plain(name, value, is_of_mime, &line);
            before = (is_of_mime, value.trim_ascii_end().ends_with(b";"));
            seen.line(name, &line);
            if !tokens.is_open() {
                seen.joined(open, &tokens.finish());
                open = (name, 0);
            }
            tokens.take(&own, Mark::Line);
            open.1 += 1;
        }
        seen.joined(open, &tokens.finish());
        seen
    }

    /// Takes several fields that are one to somebody.
    fn joined(&mut self, (name, fields): (&str, usize), line: &Line) {
        if fields > 1 {
            self.line(name, line);
        }
    }

    fn line(&mut self, name: &str, line: &Line) {
        self.hides_a_field |= line.hides_a_field;
        let first = |form| Form::candidates(form).next();
        self.names_a_file |=
            line.forms().iter().any(|form| first(form).is_some_and(|field| may_be_a_file(name, field)));
    }
}

/// Whether a field is written so that nobody reads it in another way: its encoded words as they have to be (RFC 2047, 2), with nothing in
/// them that could be another, or a line's end; and one of MIME without any, and without comments.
fn is_plain(name: &str, value: &[u8], is_of_mime: bool, line: &Line) -> bool {
    let has_comment = |text: &[u8]| memchr::memchr(b'(', text).is_some();
    let is_odd_name = has_comment(name.as_bytes()) || has(name.as_bytes(), "=?");
    let has_words = memchr::memmem::find(value, b"=?").is_some();
    !is_odd_name && !line.has_odd_word && !(is_of_mime && (has_words || has_comment(value)))
}

/// Whether all encoded words in a text are as they have to be, with nothing in them that could be another, or a line's end.
pub(crate) fn has_plain_words(text: &str) -> bool {
    !Tokens::of(text.as_bytes()).has_odd_word
}

/// Whether a field of a header, of this name as it is written, says to somebody that there is a file: one with a name, or what stands in
/// an encoding of which we know nothing.
fn may_be_a_file(written: &str, Candidate { name, value, .. }: Candidate<'_>) -> bool {
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
