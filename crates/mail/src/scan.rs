//! What is looked for in body text while it passes (spec 3.2, 3.4a): OpenPGP armour, `data:` URLs, files written as text.

mod css;
mod delimiters;
mod entities;
mod html;
mod lines;
mod url;

use self::html::HtmlScan;
use self::lines::TextLines;
pub(crate) use self::delimiters::DelimiterWatch;
pub(crate) use self::lines::{HeadWatch, MarginScan};
use crate::charset::{TextDecoder, shows_ascii};

/// What was found in a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// A line that opens an OpenPGP message.
    pub(crate) pgp: bool,
    /// A `data:` URL in an HTML tag or style sheet.
    pub(crate) data_url: bool,
    /// A uuencoded, yEnc or BinHex file.
    pub(crate) file_as_text: bool,
}

impl Found {
    fn merge(&mut self, other: Self) {
        self.pgp |= other.pgp;
        self.data_url |= other.data_url;
        self.file_as_text |= other.file_as_text;
    }
}

/// The look at one body's decoded octets. Memory is a few KiB.
#[derive(Debug)]
pub(crate) struct BodyScan {
    /// The octets themselves: what a reader sees that knows no charsets.
    octets: TextLines,
    /// The text, where it is HTML or octets do not show it.
    text: Option<(TextDecoder, TextScan)>,
    buffer: String,
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
        Self {
            octets: TextLines::default(),
            text: text.map(|scan| (TextDecoder::new(charset), scan)),
            buffer: String::new(),
        }
    }

    /// Takes the next decoded octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.octets.push(octets);
        if let Some((decoder, scan)) = &mut self.text {
            decoder.push(octets, &mut self.buffer);
            scan.push(&self.buffer);
            self.buffer.clear();
        }
    }

    /// Ends the body; says what was found.
    pub(crate) fn finish(mut self) -> Found {
        let mut found = self.octets.finish();
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

impl TextScan {
    fn push(&mut self, text: &str) {
        match self {
            Self::Plain(lines) => lines.push(text.as_bytes()),
            Self::Html(html) => html.push(text),
        }
    }
}

#[cfg(test)]
mod tests;
