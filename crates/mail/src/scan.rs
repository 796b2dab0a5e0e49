//! What is looked for in body text while it passes (spec 3.2, 3.4a): OpenPGP armour, `data:` URLs, files written as text.

mod delimiters;
mod entities;
mod html;
mod lines;
mod part_in_text;
mod url;
mod uuencode;

use fubako_base::Code;

pub(crate) use self::delimiters::DelimiterWatch;
use self::html::HtmlScan;
use self::lines::TextLines;
pub(crate) use self::lines::{HeadWatch, MarginScan};
use crate::charset::{TextDecoder, is_declared, is_unreadable, shows_ascii};

/// What was found in a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// A line that opens an OpenPGP message.
    pub(crate) pgp: bool,
    /// A `data:` URL in an HTML tag or style sheet.
    pub(crate) data_url: bool,
    /// A uuencoded, yEnc or BinHex file, or a part of a mail with its header.
    pub(crate) file_as_text: bool,
    /// An HTML text that cannot be read within limits.
    pub(crate) unreadable: bool,
    /// A text in a charset that cannot be read here and does not show ASCII; of HTML also one that says so itself.
    pub(crate) charset: bool,
}

impl Found {
    /// What was found, with its code; but for the charset, which matters where it is declared.
    pub(crate) fn findings(self) -> impl Iterator<Item = (Code, &'static str)> {
        [
            (self.pgp, Code::Encrypted, "a text with an OpenPGP message in it"),
            (self.data_url, Code::DataUrl, "an HTML body with a data: URL"),
            (
                self.unreadable,
                Code::Ambiguous,
                "an HTML body that can be read in too many ways, or with an endless tag",
            ),
            (
                self.file_as_text,
                Code::Ambiguous,
                "a text with a uuencoded, yEnc or BinHex file in it, or with a part and its header",
            ),
        ]
        .into_iter()
        .filter_map(|(seen, code, detail)| seen.then_some((code, detail)))
    }

    fn merge(&mut self, other: Self) {
        self.pgp |= other.pgp;
        self.data_url |= other.data_url;
        self.file_as_text |= other.file_as_text;
        self.unreadable |= other.unreadable;
        self.charset |= other.charset;
    }
}

/// The look at one body's decoded octets. Memory is a few KiB.
#[derive(Debug)]
pub(crate) struct BodyScan {
    /// The octets themselves: what a reader sees that knows no charsets.
    octets: TextLines,
    /// The text, where it is HTML or octets do not show it.
    text: Option<(TextDecoder, TextScan)>,
    /// HTML whose charset can only be guessed, its octets as they are: who guesses otherwise sees their ASCII.
    raw: Option<Raw>,
    buffer: String,
    /// It is declared in a charset that cannot be read.
    foreign: bool,
    /// An HTML text's first octets, until they are known.
    start: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Raw {
    html: Box<HtmlScan>,
    /// The charset is declared: only a byte order mark, which browsers believe before it, makes it a guess.
    declared: bool,
    fresh: bool,
}

#[derive(Debug)]
enum TextScan {
    Plain(TextLines),
    Html(Box<HtmlScan>),
}

impl BodyScan {
    /// A look at a text/html body, or else a text/plain one, in this charset.
    pub(crate) fn new(is_html: bool, charset: Option<&str>) -> Self {
        let text = if is_html {
            Some(TextScan::Html(Box::default()))
        } else {
            (!shows_ascii(charset)).then(|| TextScan::Plain(TextLines::default()))
        };
        let declared = is_declared(charset);
        Self {
            raw: is_html.then(|| Raw { html: Box::default(), declared, fresh: true }),
            octets: TextLines::default(),
            text: text.map(|scan| (TextDecoder::new(charset), scan)),
            buffer: String::new(),
            foreign: is_unreadable(charset),
            start: is_html.then(Vec::new),
        }
    }

    /// Takes the next decoded octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.octets.push(octets);
        if let Some(start) = &mut self.start {
            start.extend(octets.iter().take(UTF7_MARK.len() + 1 - start.len()));
            if start.len() > UTF7_MARK.len() {
                self.foreign |= is_utf7_mark(start);
                self.start = None;
            }
        }
        if let Some((decoder, scan)) = &mut self.text {
            decoder.push(octets, &mut self.buffer);
            scan.push(&self.buffer);
            self.buffer.clear();
        }
        if let Some(raw) = &mut self.raw
            && !raw.push(octets)
        {
            self.raw = None;
        }
    }

    /// Ends the body; says what was found.
    pub(crate) fn finish(mut self) -> Found {
        let mut found = self.octets.finish();
        found.charset = self.foreign;
        if let Some(raw) = self.raw {
            let seen = raw.html.finish();
            found.data_url |= seen.data_url;
            found.unreadable |= seen.unreadable;
            found.charset |= seen.charset;
        }
        if let Some((mut decoder, mut scan)) = self.text {
            decoder.finish(&mut self.buffer);
            scan.push(&self.buffer);
            found.merge(match scan {
                TextScan::Plain(mut lines) => lines.finish(),
                TextScan::Html(html) => html.finish(),
            });
        }
        found
    }
}

/// What UTF-7 has for a byte order mark begins so (RFC 2152); old readers go by it.
const UTF7_MARK: &[u8] = b"+/v";

fn is_utf7_mark(start: &[u8]) -> bool {
    start.starts_with(UTF7_MARK) && matches!(start.last(), Some(b'8' | b'9' | b'+' | b'/'))
}

/// The look at a text that is at hand.
pub(crate) fn look_at(is_html: bool, text: &str) -> Found {
    let mut scan = BodyScan::new(is_html, Some("utf-8"));
    scan.push(text.as_bytes());
    scan.finish()
}

impl Raw {
    /// Takes the next octets, without NUL: so ASCII in UTF-16 and UTF-32 shows. False where there is nothing to guess.
    fn push(&mut self, octets: &[u8]) -> bool {
        let Some(first) = octets.first() else { return true };
        if std::mem::take(&mut self.fresh) && self.declared && !matches!(first, 0xfe | 0xff) {
            return false;
        }
        if octets.contains(&0) {
            let shown: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
            self.html.push(&shown);
        } else {
            self.html.push(octets);
        }
        true
    }
}

impl TextScan {
    fn push(&mut self, text: &str) {
        match self {
            Self::Plain(lines) => lines.push(text.as_bytes()),
            Self::Html(html) => html.push(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
