//! A tag's octets, read as the HTML standard's tokenizer reads them (HTML, 13.2.5.6 to 13.2.5.40): where its name and
//! attributes stand, and where it ends.

use std::ops::Range;

use super::MAX_ATTRIBUTES;
use crate::steps::RewriteError;

/// Where an attribute stands in its tag's octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Its name.
    pub(super) name: Range<usize>,
    /// Its value without quotes; empty where it has none.
    pub(super) value: Range<usize>,
    /// From the name's start to the end of the value, its quote included.
    pub(super) whole: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Name,
    BeforeAttribute,
    AttributeName,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
    AfterQuoted,
}

/// Reads a tag octet by octet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TagLexer {
    state: State,
    end_tag: bool,
    name: Range<usize>,
    attributes: Vec<Attribute>,
}

impl TagLexer {
    /// A lexer for a tag whose octets so far are `<` or `</`; the first letter of the name is pushed next, and stands at
    /// `start`.
    pub(super) fn new(end_tag: bool, start: usize) -> Self {
        Self { state: State::Name, end_tag, name: start..start, attributes: Vec::new() }
    }

    /// Takes the octet at `at`; true when it ends the tag.
    pub(super) fn push(&mut self, octet: u8, at: usize) -> Result<bool, RewriteError> {
        let space = octet.is_ascii_whitespace();
        match self.state {
            State::Name if space || octet == b'/' => self.state = State::BeforeAttribute,
            State::Name if octet != b'>' => self.name.end = at + 1,
            State::BeforeAttribute | State::AfterQuoted if space || octet == b'/' => {
                self.state = State::BeforeAttribute;
            }
            State::BeforeAttribute | State::AfterQuoted if octet != b'>' => self.open(at)?,
            State::AttributeName => match octet {
                b'=' => self.state = State::BeforeValue,
                b'/' => self.state = State::BeforeAttribute,
                b'>' => return Ok(true),
                _ if space => self.state = State::AfterName,
                _ => self.name_to(at + 1),
            },
            State::AfterName => match octet {
                b'=' => self.state = State::BeforeValue,
                b'/' => self.state = State::BeforeAttribute,
                b'>' => return Ok(true),
                _ if space => {}
                _ => self.open(at)?,
            },
            State::BeforeValue => match octet {
                b'"' | b'\'' => {
                    self.value_to(at + 1..at + 1, at + 1);
                    self.state = State::Quoted(octet);
                }
                _ if space => {}
                b'>' => {
                    self.value_to(at..at, at);
                    return Ok(true);
                }
                _ => {
                    self.value_to(at..at + 1, at + 1);
                    self.state = State::Unquoted;
                }
            },
            State::Quoted(quote) => {
                self.extend_value(at, octet == quote);
                if octet == quote {
                    self.state = State::AfterQuoted;
                }
            }
            State::Unquoted if space => self.state = State::BeforeAttribute,
            State::Unquoted if octet != b'>' => self.extend_value(at, false),
            State::Name | State::BeforeAttribute | State::AfterQuoted | State::Unquoted => return Ok(true),
        }
        Ok(false)
    }

    fn open(&mut self, at: usize) -> Result<(), RewriteError> {
        if self.attributes.len() == MAX_ATTRIBUTES {
            return Err(RewriteError::html("an HTML tag has too many attributes"));
        }
        self.attributes.push(Attribute { name: at..at + 1, value: at + 1..at + 1, whole: at..at + 1 });
        self.state = State::AttributeName;
        Ok(())
    }

    fn name_to(&mut self, end: usize) {
        if let Some(attribute) = self.attributes.last_mut() {
            attribute.name.end = end;
            attribute.value = end..end;
            attribute.whole.end = end;
        }
    }

    fn value_to(&mut self, value: Range<usize>, end: usize) {
        if let Some(attribute) = self.attributes.last_mut() {
            attribute.value = value;
            attribute.whole.end = end;
        }
    }

    fn extend_value(&mut self, at: usize, closing: bool) {
        if let Some(attribute) = self.attributes.last_mut() {
            attribute.whole.end = at + 1;
            attribute.value.end = if closing { at } else { at + 1 };
        }
    }

    /// The quote before which nothing ends.
    pub(super) fn quote(&self) -> Option<u8> {
        match self.state {
            State::Quoted(quote) => Some(quote),
            _ => None,
        }
    }

    /// The document ends at `at`, in the middle of the tag.
    pub(super) fn cut(&mut self, at: usize) {
        if matches!(self.state, State::Quoted(_) | State::Unquoted)
            && let Some(attribute) = self.attributes.last_mut()
        {
            attribute.value.end = at;
            attribute.whole.end = at;
        }
    }

    /// The tag that `octets` is, once it has ended.
    pub(super) fn tag<'a>(&'a self, octets: &'a [u8]) -> Tag<'a> {
        let name = &octets[self.name.clone()];
        Tag { octets, end_tag: self.end_tag, name, attributes: &self.attributes, is_cut: false }
    }
}

/// A whole tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag<'a> {
    /// From `<` to `>`.
    pub(crate) octets: &'a [u8],
    /// `</…>`.
    pub(crate) end_tag: bool,
    /// Its name as written.
    pub(crate) name: &'a [u8],
    /// Its attributes in order, repeated ones included.
    pub(crate) attributes: &'a [Attribute],
    /// The document ends in it.
    pub(crate) is_cut: bool,
}

impl Tag<'_> {
    /// Whether it is one of these elements, compared without case.
    pub(crate) fn is_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| is_name(self.name, name))
    }

    /// The first attribute of this name: the one that counts where it is repeated.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| is_name(&self.octets[a.name.clone()], name))
    }

    /// An attribute's name in lower case.
    pub(crate) fn attribute_name(&self, attribute: &Attribute) -> Vec<u8> {
        let name = &self.octets[attribute.name.clone()];
        name.iter().filter(|octet| **octet != 0).map(u8::to_ascii_lowercase).collect()
    }

    /// An attribute's value as written.
    pub(crate) fn value(&self, attribute: &Attribute) -> &[u8] {
        &self.octets[attribute.value.clone()]
    }

    /// `<name … />`: an element without content in foreign elements and to readers of XHTML.
    pub(crate) fn closes_itself(&self) -> bool {
        self.octets.ends_with(b"/>")
    }

    /// The same tag, cut by the document's end.
    pub(super) fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }
}

/// Compares names without case, and without NUL, which some readers drop.
fn is_name(written: &[u8], name: &str) -> bool {
    let octets = written.iter().filter(|octet| **octet != 0).map(u8::to_ascii_lowercase);
    written.len() >= name.len() && octets.eq(name.bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    /// The attributes of a tag as name and value, and what stands after the tag.
    fn read(html: &str) -> (Vec<(&str, &str)>, &str) {
        let start = if html.starts_with("</") { 2 } else { 1 };
        let mut lexer = TagLexer::new(html.starts_with("</"), start);
        for (at, octet) in html.bytes().enumerate().skip(start) {
            if lexer.push(octet, at).unwrap() {
                let tag = lexer.tag(&html.as_bytes()[..=at]);
                let found = tag.attributes.iter().map(|a| (&html[a.name.clone()], &html[a.value.clone()])).collect();
                return (found, &html[at + 1..]);
            }
        }
        panic!("the tag does not end: {html}");
    }

    #[test]
    fn attributes_are_found_as_a_browser_finds_them() {
        type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);
        let cases: [Case; 14] = [
            ("<p>x", &[], "x"),
            ("<img src=a alt='b c' title=\"d>e\">x", &[("src", "a"), ("alt", "b c"), ("title", "d>e")], "x"),
            ("<img/src=a/alt=b>", &[("src", "a/alt=b")], ""),
            ("<img src = \"a\" alt>", &[("src", "a"), ("alt", "")], ""),
            ("<img src=\"a\"alt=b>", &[("src", "a"), ("alt", "b")], ""),
            ("<img src=>x", &[("src", "")], "x"),
            ("<br/>x", &[], "x"),
            ("<a =b=c>", &[("=b", "c")], ""),
            ("<a b=c'd\">", &[("b", "c'd\"")], ""),
            ("<a b = c d = 'e' f>", &[("b", "c"), ("d", "e"), ("f", "")], ""),
            ("<a\r\n\tb=1\r\n>", &[("b", "1")], ""),
            ("</body class=x >", &[("class", "x")], ""),
            ("<a b/c>", &[("b", ""), ("c", "")], ""),
            ("<a b=\"\" c=''>", &[("b", ""), ("c", "")], ""),
        ];
        for (html, attributes, rest) in cases {
            assert_eq!(read(html), (attributes.to_vec(), rest), "{html}");
        }
    }

    #[test]
    fn a_tag_with_endless_attributes_is_an_error() {
        let mut lexer = TagLexer::new(false, 1);
        let html = "<p".to_owned() + &" a".repeat(MAX_ATTRIBUTES + 1);
        assert!(html.bytes().enumerate().skip(1).any(|(at, octet)| lexer.push(octet, at).is_err()));
    }
}
