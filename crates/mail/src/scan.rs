//! What is looked for in body text while it passes (spec 3.2, 3.4a): OpenPGP armour, `data:` URLs, files written as text.

mod delimiters;
mod entities;
mod fields;
mod head_watch;
mod header;
mod html;
mod lines;
mod mail_like;
mod part_in_text;
mod tokens;
mod url;
mod uuencode;

use fubako_base::codes::Ambiguity;
use memchr::memchr;

pub(crate) use self::delimiters::DelimiterWatch;
pub(crate) use self::head_watch::HeadWatch;
pub(crate) use self::header::{LaxHeader, has_plain_words};
use self::html::HtmlScan;
pub(crate) use self::lines::MarginScan;
use self::lines::TextLines;
pub(crate) use self::mail_like::{LONGEST_OPENING, begins_file, begins_header, opening_at_end};
use crate::charset::{
    LossWatch, TextDecoder, Utf8Watch, decoders, has_mark, is_declared, is_in_unknown, is_marked_otherwise,
    is_unreadable, is_utf8, label_in_effect, octets_to_look_at, shows_text,
};
use crate::{html::Budget, outline::Cause};

/// What was found in a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// A line that opens an OpenPGP message.
    pub(crate) pgp: bool,
    /// A `data:` URL in an HTML tag or style sheet.
    pub(crate) data_url: bool,
    /// A uuencoded, yEnc or BinHex file, a file's data below a part's header, or a field behind a line end in an encoded word.
    pub(crate) file_as_text: bool,
    /// An HTML text that cannot be read within limits.
    pub(crate) unreadable: bool,
    /// A text in a charset that cannot be read here and does not show ASCII; of HTML also one that says so itself.
    pub(crate) charset: bool,
    /// A text in a charset by a name that nobody here reads, with octets that are no ASCII and not UTF-8 either, or with what leads from
    /// ASCII to something else. Who reads ASCII in it reads it right, but it cannot be written afresh.
    pub(crate) unknown: bool,
    /// A text that is not in the charset that it says: written afresh, characters of it would be lost.
    pub(crate) broken: bool,
    /// It has lines, or NULs, by which readers that look at a mail line by line may find more in it than a text.
    pub(crate) veil: bool,
}

impl Found {
    /// What was found; but for the charset, which matters where it is declared and the text written afresh.
    pub(crate) fn findings(self) -> impl Iterator<Item = (Cause, &'static str)> {
        [
            (self.pgp, Cause::Encrypted, "a text with an OpenPGP message in it"),
            (self.data_url, Cause::DataUrl, "an HTML body with a data: URL"),
            (
                self.unreadable,
                Cause::Ambiguous(Ambiguity::Html),
                "an HTML body that can be read in too many ways, or in several for too long, or with an endless tag",
            ),
            (
                self.file_as_text,
                Cause::Ambiguous(Ambiguity::FileInText),
                "a text with a uuencoded, yEnc or BinHex file in it, or with a file's data below a part's header",
            ),
        ]
        .into_iter()
        .filter_map(|(seen, cause, detail)| seen.then_some((cause, detail)))
    }

    fn merge(&mut self, other: Self) {
        self.pgp |= other.pgp;
        self.data_url |= other.data_url;
        self.file_as_text |= other.file_as_text;
        self.unreadable |= other.unreadable;
        self.charset |= other.charset;
        self.unknown |= other.unknown;
        self.broken |= other.broken;
        self.veil |= other.veil;
    }
}

/// The look at one body's decoded octets. Memory is a few times 64 KiB for each way in which it may be decoded, whatever its size.
#[derive(Debug)]
pub(crate) struct BodyScan {
    /// The octets themselves: what a reader sees that knows no charsets.
    octets: TextLines,
    /// The text in every way in which it may be decoded, where it is HTML or octets do not show it.
    texts: Vec<(TextDecoder, TextScan)>,
    /// The text as it will be written, where that is not what its octets show: lines are longer then, and some cut long ones.
    written: Option<(TextDecoder, Box<TextLines>)>,
    /// HTML whose charset can only be guessed, its octets as they are: who guesses otherwise sees their ASCII.
    raw: Option<Box<HtmlScan>>,
    buffer: String,
    is_html: bool,
    charset: Option<String>,
    /// It is declared in a charset that cannot be read.
    foreign: bool,
    /// Some readers drop them: `be\0gin` is `begin` to these.
    has_nul: bool,
    /// What it is in has a name that nobody here reads.
    unknown: Option<Utf8Watch>,
    /// What would be lost of it, written afresh.
    loss: LossWatch,
    /// How much of HTML may be read more than once.
    budget: Budget,
    /// The first octets, until they are enough to know how they are to be read.
    start: Option<Vec<u8>>,
}

#[derive(Debug)]
enum TextScan {
    Plain(Box<TextLines>),
    Html(Box<HtmlScan>),
}

impl BodyScan {
    /// A look at a text/html body, or else a text/plain one, in this charset.
    pub(crate) fn new(is_html: bool, charset: Option<&str>) -> Self {
        Self {
            octets: TextLines::default(),
            texts: Vec::new(),
            written: None,
            raw: None,
            buffer: String::new(),
            is_html,
            charset: charset.map(str::to_owned),
            foreign: is_unreadable(charset),
            has_nul: false,
            unknown: None,
            loss: LossWatch::new(is_html, charset),
            budget: Budget::default(),
            start: Some(Vec::new()),
        }
    }

    /// The same, bounded together with the mail's other texts.
    pub(crate) fn within(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Takes the next decoded octets.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.octets.push(octets);
        self.loss.push(octets);
        self.has_nul |= memchr(0, octets).is_some();
        let Some(mut start) = self.start.take() else { return self.look(octets) };
        let enough = octets_to_look_at(self.is_html, self.charset.as_deref());
        let (missing, rest) = octets.split_at(enough.saturating_sub(start.len()).min(octets.len()));
        start.extend_from_slice(missing);
        if start.len() < enough {
            self.start = Some(start);
            return;
        }
        self.begin(&start);
        self.look(rest);
    }

    /// The first octets are there: what they are is known, or that they can be several things.
    fn begin(&mut self, start: &[u8]) {
        let declared = self.charset.as_deref();
        let in_effect = label_in_effect(self.is_html, declared, start);
        let charset = in_effect.as_deref();
        self.unknown = is_in_unknown(charset, start).then(Utf8Watch::default);
        self.foreign |= self.is_html && is_utf7_mark(start);
        let is_marked = is_marked_otherwise(charset, start);
        if self.is_html || has_mark(start) || !shows_text(charset) {
            let html = || TextScan::Html(Box::new(HtmlScan::new(&self.budget)));
            let scan = || if self.is_html { html() } else { TextScan::Plain(Box::default()) };
            let mut all = decoders(charset, start);
            if charset != declared {
                // Who does not believe the document guesses.
                all.extend(decoders(declared, start));
            }
            self.texts = all.into_iter().map(|decoder| (decoder, scan())).collect();
        }
        if self.is_html || self.texts.is_empty() {
            let decoder = (!is_utf8(charset)).then(|| TextDecoder::of_body(self.is_html, declared));
            self.written = decoder.map(|decoder| (decoder, Box::default()));
        }
        let is_guessed = is_marked || !is_declared(declared) || matches!(start, [0xfe | 0xff, ..]);
        self.raw = (self.is_html && is_guessed).then(|| Box::new(HtmlScan::new(&self.budget)));
        self.look(start);
    }

    fn look(&mut self, octets: &[u8]) {
        if let Some(watch) = &mut self.unknown {
            watch.push(octets);
        }
        for (decoder, scan) in &mut self.texts {
            decoder.push(octets, &mut self.buffer);
            scan.push(&self.buffer);
            self.buffer.clear();
        }
        if let Some((decoder, lines)) = &mut self.written {
            decoder.push(octets, &mut self.buffer);
            lines.push(self.buffer.as_bytes());
            self.buffer.clear();
        }
        let Some(raw) = &mut self.raw else { return };
        if octets.contains(&0) {
            // So ASCII in UTF-16 and UTF-32 shows.
            let shown: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
            raw.push(&shown);
        } else {
            raw.push(octets);
        }
    }

    /// Ends the body; says what was found.
    pub(crate) fn finish(mut self) -> Found {
        if let Some(start) = self.start.take() {
            self.begin(&start);
        }
        let mut found = self.octets.finish();
        found.veil |= self.has_nul;
        found.charset = self.foreign;
        found.unknown = self.unknown.is_some_and(Utf8Watch::finish);
        found.broken = self.loss.finish();
        if let Some(raw) = self.raw {
            let seen = raw.finish();
            found.data_url |= seen.data_url;
            found.unreadable |= seen.unreadable;
            found.charset |= seen.charset;
        }
        if let Some((mut decoder, mut lines)) = self.written {
            decoder.finish(&mut self.buffer);
            lines.push(self.buffer.as_bytes());
            self.buffer.clear();
            found.merge(lines.finish());
        }
        for (mut decoder, mut scan) in self.texts {
            decoder.finish(&mut self.buffer);
            scan.push(&self.buffer);
            self.buffer.clear();
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
    start.starts_with(UTF7_MARK) && matches!(start.get(UTF7_MARK.len()), Some(b'8' | b'9' | b'+' | b'/'))
}

/// The look at what is written of a text in the end: the last one, in whatever way it came to be what it is.
#[derive(Debug, Default)]
pub(crate) struct WrittenScan {
    lines: TextLines,
    /// What HTML says whose lines were ended: no place for that may be one to some reader.
    html: Option<Box<HtmlScan>>,
}

impl WrittenScan {
    /// A look at HTML too.
    pub(crate) fn of_html() -> Self {
        Self { html: Some(Box::new(HtmlScan::new(&Budget::default()))), ..Self::default() }
    }

    /// Takes the next octets, in UTF-8, not yet transfer-encoded.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.lines.push(octets);
        if let Some(html) = &mut self.html {
            html.push(octets);
        }
    }

    /// What is in it.
    pub(crate) fn finish(&mut self) -> Found {
        let mut found = self.lines.finish();
        if let Some(html) = self.html.take() {
            found.merge(html.finish());
        }
        found
    }
}

/// The look at a text that is at hand.
pub(crate) fn look_at(is_html: bool, text: &str) -> Found {
    let mut scan = BodyScan::new(is_html, Some("utf-8"));
    scan.push(text.as_bytes());
    scan.finish()
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
