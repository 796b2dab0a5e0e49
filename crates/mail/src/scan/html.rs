//! What is looked for in an HTML body: `data:` URLs in whatever reading sees one (spec 3.4a), and lines of text.

use std::ops::Range;

use super::{
    Found,
    entities::Entities,
    lines::TextLines,
    url::{in_srcset, is_data},
};
use crate::{
    charset::is_disguise,
    html::{Budget, Css, Decoded, Judge, MAX_NESTED, Readings, Tag},
    steps::RewriteError,
};

/// The look at an HTML text as it passes.
#[derive(Debug)]
pub(super) struct HtmlScan {
    /// Nothing where the text cannot be read within limits.
    readings: Option<Readings<Look>>,
    data_url: bool,
    charset: bool,
}

impl HtmlScan {
    /// At the start of a text that may be read more than once so far.
    pub(super) fn new(budget: &Budget) -> Self {
        let look = Look { budget: budget.clone(), ..Look::default() };
        Self { readings: Some(Readings::within(budget.clone(), look)), data_url: false, charset: false }
    }

    /// Takes the next text, in UTF-8 or an unknown charset.
    pub(super) fn push(&mut self, text: &[u8]) {
        let Some(readings) = &mut self.readings else { return };
        if let Ok(settled) = readings.push(text) {
            return readings.forget(settled);
        }
        // What is there of a tag that is too long says enough: it may be a picture in the text.
        let _ = readings.finish();
        self.data_url = readings.judge.data_url;
        self.charset = readings.judge.charset;
        self.readings = None;
    }

    /// Ends the text; says what was found.
    pub(super) fn finish(mut self) -> Found {
        let ended = self.readings.as_mut().is_some_and(|readings| readings.finish().is_ok());
        let unreadable = !ended && !self.data_url;
        let mut found = Found { unreadable, data_url: self.data_url, charset: self.charset, ..Found::default() };
        if let Some(readings) = self.readings {
            found.merge(readings.judge.finish());
        }
        found
    }
}

/// What was seen.
#[derive(Debug, Default)]
struct Look {
    text: TextLines,
    entities: Entities,
    data_url: bool,
    /// It says that it has a charset in which others would see something else.
    charset: bool,
    /// In how many documents in attributes this one stands.
    depth: u8,
    budget: Budget,
}

impl Look {
    fn finish(mut self) -> Found {
        let lines = &mut self.text;
        self.entities.finish(&mut |c| push_char(lines, c));
        Found { data_url: self.data_url, charset: self.charset, ..self.text.finish() }
    }

    /// A document in an attribute.
    fn document(&self, html: &str) -> Result<bool, RewriteError> {
        if self.depth == MAX_NESTED {
            return Err(RewriteError::html("HTML documents in attributes too deep"));
        }
        self.budget.spend(html.len())?;
        let look = Self { depth: self.depth + 1, budget: self.budget.clone(), ..Self::default() };
        let mut readings = Readings::within(self.budget.clone(), look);
        readings.push(html.as_bytes())?;
        readings.finish()?;
        Ok(readings.judge.data_url)
    }
}

impl Judge for Look {
    fn text(&mut self, _at: usize, text: &[u8]) {
        let lines = &mut self.text;
        if text.contains(&b'&') || !text.is_ascii() || !self.entities.is_idle() {
            let text = String::from_utf8_lossy(text);
            text.chars().for_each(|c| self.entities.push(c, &mut |c| push_char(lines, c)));
        } else {
            lines.push(text);
        }
    }

    fn raw_text(&mut self, text: &[u8]) {
        self.text(0, text);
    }

    fn tag(&mut self, _at: usize, tag: &Tag<'_>, plain: bool) -> Result<Vec<(Range<usize>, String)>, RewriteError> {
        if plain {
            let lines = &mut self.text;
            self.entities.finish(&mut |c| push_char(lines, c));
            if !tag.is_any(&INLINE) {
                lines.push(b"\n");
            }
        }
        let is_meta = tag.is_any(&["meta"]);
        for attribute in tag.attributes.iter().filter(|_| !tag.end_tag) {
            let value = || Decoded::new(tag.value(attribute)).text;
            self.charset |= match tag.attribute_name(attribute).as_slice() {
                b"charset" if is_meta => is_disguise(&value()),
                b"content" if is_meta => charsets(&value()).any(is_disguise),
                _ => false,
            };
            self.data_url |= match tag.attribute_name(attribute).as_slice() {
                b"src" | b"href" | b"data" | b"background" | b"poster" | b"action" | b"formaction" | b"cite" => {
                    is_data(&value())
                }
                // `xlink:href`, by whatever prefix.
                name if name.ends_with(b":href") => is_data(&value()),
                b"srcset" => in_srcset(&value()),
                b"style" => in_css(&value()),
                b"srcdoc" => self.document(&value())?,
                _ => false,
            };
        }
        Ok(Vec::new())
    }

    fn url(&mut self, url: &str) -> bool {
        self.data_url |= is_data(url);
        false
    }
}

/// The charsets that a `<meta http-equiv="content-type">` names: the first with a value counts to browsers (HTML,
/// "extracting a character encoding from a meta element"), another to others.
fn charsets(content: &str) -> impl Iterator<Item = &str> {
    const NAME: &[u8] = b"charset";
    let named = move |at: usize| {
        let is_name = content.as_bytes()[at..].get(..NAME.len()).is_some_and(|word| word.eq_ignore_ascii_case(NAME));
        let value = is_name.then(|| content[at + NAME.len()..].trim_start().strip_prefix('='))??.trim_start();
        let value = value.trim_start_matches(['"', '\'']);
        value.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"' | '\'')).next()
    };
    (0..content.len()).filter_map(named)
}

fn in_css(style: &str) -> bool {
    let mut found = false;
    Css::default().scan(style.as_bytes(), true, |url| found |= is_data(&url.url));
    found
}

fn push_char(lines: &mut TextLines, c: char) {
    let c = if c == '\u{a0}' { ' ' } else { c };
    lines.push(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Tags that end no line.
const INLINE: [&str; 26] = [
    "a", "b", "i", "u", "s", "em", "strong", "span", "font", "code", "tt", "small", "big", "sub", "sup", "wbr", "mark",
    "abbr", "o:p", "kbd", "samp", "var", "bdi", "bdo", "ins", "del",
];
