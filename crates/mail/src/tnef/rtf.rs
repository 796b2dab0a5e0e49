//! A body out of RTF: the HTML or the text that is encapsulated in it (MS-OXRTFEX), else its own text.

use std::collections::HashMap;

use super::{
    codepage,
    input::Broken,
    rtf_tokens::{Token, Tokens},
};

/// What was in the RTF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    Html(String),
    Text(String),
}

/// Groups within groups.
const MAX_DEPTH: usize = 1000;
/// Fonts whose charset is remembered.
const MAX_FONTS: usize = 4096;
/// The code page of RTF that names none (`\ansi`).
const ANSI: u32 = 1252;

/// Reads a document.
pub(super) fn read(rtf: &[u8]) -> Result<Read, Broken> {
    let mut tokens = Tokens::new(rtf);
    if tokens.next() != Some(Token::Open) || !matches!(tokens.next(), Some(Token::Word(b"rtf", _))) {
        return Err(Broken("a body that is no RTF"));
    }
    let mut reader = Reader::new(mode(tokens.clone()));
    for token in tokens {
        reader.token(token)?;
    }
    reader.flush();
    Ok(match reader.mode {
        Mode::Html => Read::Html(reader.out),
        Mode::EncapsulatedText | Mode::Text => Read::Text(reader.out),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Html,
    /// `\fromtext`: as with HTML, what is in `\htmlrtf` is left out.
    EncapsulatedText,
    /// RTF that was written as RTF.
    Text,
}

/// `\fromhtml1` or `\fromtext` stands among the document's first words, before the first group and the first text
/// (MS-OXRTFEX, 2.1.3.1).
fn mode(tokens: Tokens<'_>) -> Mode {
    for token in tokens.take(20) {
        match token {
            Token::Word(b"fromhtml", Some(1) | None) => return Mode::Html,
            Token::Word(b"fromtext", _) => return Mode::EncapsulatedText,
            Token::Word(..) => {}
            Token::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
            _ => break,
        }
    }
    Mode::Text
}

/// What a group's text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Body,
    /// `{\*\htmltag … }`: HTML as it was.
    HtmlTag,
    FontTable,
    Nothing,
}

/// What a group's end restores.
#[derive(Debug, Clone, Copy)]
struct State {
    destination: Destination,
    /// `\htmlrtf`: for readers of RTF alone.
    for_rtf: bool,
    /// `\v`
    hidden: bool,
    font: i32,
    /// Characters that stand in for one of `\u`.
    stand_ins: usize,
}

struct Reader {
    mode: Mode,
    out: String,
    state: State,
    outer: Vec<State>,
    /// `\ansicpg` and the like.
    codepage: u32,
    default_font: i32,
    /// Code pages of fonts.
    fonts: HashMap<i32, u32>,
    /// Octets of text that wait to be decoded, and the code page they are in.
    run: Vec<u8>,
    run_codepage: u32,
    /// A `\*` was read: the word that follows names a destination.
    star: bool,
    /// Characters to be left out, which stand in for one of `\u`.
    skip: usize,
    /// The first half of a character of `\u`.
    high: Option<u16>,
}

impl Reader {
    fn new(mode: Mode) -> Self {
        let state = State { destination: Destination::Body, for_rtf: false, hidden: false, font: -1, stand_ins: 1 };
        Self {
            mode,
            out: String::new(),
            state,
            outer: Vec::new(),
            codepage: ANSI,
            default_font: -1,
            fonts: HashMap::new(),
            run: Vec::new(),
            run_codepage: ANSI,
            star: false,
            skip: 0,
            high: None,
        }
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), Broken> {
        let star = std::mem::take(&mut self.star);
        match token {
            Token::Open => {
                self.skip = 0;
                if self.outer.len() >= MAX_DEPTH {
                    return Err(Broken("RTF nested deeper than the limit"));
                }
                self.outer.push(self.state);
            }
            Token::Close => {
                self.skip = 0;
                if let Some(state) = self.outer.pop() {
                    self.state = state;
                }
            }
            Token::Text(text) => {
                let skipped = self.skip.min(text.len());
                self.skip -= skipped;
                self.octets(&text[skipped..]);
            }
            Token::Hex(octet) => {
                if !self.skipped() {
                    self.octets(&[octet]);
                }
            }
            Token::Symbol(b'*') => self.star = true,
            Token::Symbol(symbol) => {
                if !self.skipped() {
                    self.symbol(symbol);
                }
            }
            Token::Word(name, number) => {
                if self.destination(name, star) {
                    self.skip = 0;
                } else if !self.formatting(name, number) && !self.skipped() {
                    self.character(name, number);
                }
            }
        }
        Ok(())
    }

    /// Whether this token stands in for a character that was there already.
    const fn skipped(&mut self) -> bool {
        let skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skipped
    }

    /// Whether text at this place is the body's.
    fn shows(&self) -> bool {
        match self.state.destination {
            Destination::HtmlTag => true,
            Destination::Body => !(self.state.for_rtf || (self.state.hidden && self.mode == Mode::Text)),
            Destination::FontTable | Destination::Nothing => false,
        }
    }

    /// A word that begins a destination.
    fn destination(&mut self, name: &[u8], star: bool) -> bool {
        let destination = match name {
            b"htmltag" if star && self.mode == Mode::Html => Destination::HtmlTag,
            _ if star => Destination::Nothing,
            b"fonttbl" => Destination::FontTable,
            b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"nonshppict" | b"filetbl" | b"header" | b"headerl"
            | b"headerr" | b"headerf" | b"footer" | b"footerl" | b"footerr" | b"footerf" | b"footnote" | b"objdata"
            | b"fldinst" | b"xe" | b"tc" => Destination::Nothing,
            b"pntext" | b"listtext" if self.mode != Mode::Text => Destination::Nothing,
            _ => return false,
        };
        // What is in a destination that is left out is left out, whatever it is.
        if self.state.destination != Destination::Nothing {
            self.state.destination = destination;
        }
        true
    }

    /// A word that changes how what follows is read.
    fn formatting(&mut self, name: &[u8], number: Option<i32>) -> bool {
        let is_on = number != Some(0);
        let positive = number.and_then(|number| u32::try_from(number).ok());
        match name {
            b"htmlrtf" => self.state.for_rtf = is_on && self.mode != Mode::Text,
            b"v" => self.state.hidden = is_on,
            b"uc" => self.state.stand_ins = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(1),
            b"f" => self.state.font = number.unwrap_or(self.default_font),
            b"deff" => {
                self.default_font = number.unwrap_or(-1);
                self.state.font = self.default_font;
            }
            b"plain" => {
                self.state.font = self.default_font;
                self.state.hidden = false;
            }
            b"ansicpg" => self.codepage = positive.filter(|codepage| *codepage != 0).unwrap_or(ANSI),
            b"mac" => self.codepage = 10000,
            b"fcharset" | b"cpg" if self.state.destination == Destination::FontTable => {
                let codepage = if name == b"cpg" { positive } else { positive.and_then(font_codepage) };
                if let Some(codepage) = codepage.filter(|_| self.fonts.len() < MAX_FONTS) {
                    self.fonts.insert(self.state.font, codepage);
                }
            }
            _ => return false,
        }
        true
    }

    /// A word that is a character, or begins a line.
    fn character(&mut self, name: &[u8], number: Option<i32>) {
        let text = match name {
            b"u" => {
                self.unicode(number.unwrap_or(0));
                self.skip = self.state.stand_ins;
                return;
            }
            b"par" | b"line" | b"sect" | b"page" => "\r\n",
            b"row" if self.mode == Mode::Text => "\r\n",
            b"tab" => "\t",
            b"cell" if self.mode == Mode::Text => "\t",
            b"lquote" => "\u{2018}",
            b"rquote" => "\u{2019}",
            b"ldblquote" => "\u{201c}",
            b"rdblquote" => "\u{201d}",
            b"bullet" => "\u{2022}",
            b"endash" => "\u{2013}",
            b"emdash" => "\u{2014}",
            b"enspace" => "\u{2002}",
            b"emspace" => "\u{2003}",
            b"qmspace" => "\u{2005}",
            b"zwj" => "\u{200d}",
            b"zwnj" => "\u{200c}",
            _ => return,
        };
        self.text(text);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'{' | b'}' | b'\\' => self.octets(&[symbol]),
            b'~' => self.text("\u{a0}"),
            b'_' => self.text("\u{2011}"),
            b'-' => self.text("\u{ad}"),
            _ => {}
        }
    }

    /// Text in the code page of its font; HTML's own in the document's (MS-OXRTFEX, 2.1.3.1.3).
    fn octets(&mut self, octets: &[u8]) {
        if octets.is_empty() || !self.shows() {
            return;
        }
        let font = if self.state.destination == Destination::HtmlTag { None } else { self.fonts.get(&self.state.font) };
        let codepage = font.copied().unwrap_or(self.codepage);
        if self.high.is_some() || codepage != self.run_codepage {
            self.flush();
            self.run_codepage = codepage;
        }
        self.run.extend_from_slice(octets);
    }

    fn text(&mut self, text: &str) {
        if self.shows() {
            self.flush();
            self.out.push_str(text);
        }
    }

    /// A UTF-16 unit, as a signed number.
    fn unicode(&mut self, number: i32) {
        if !self.shows() {
            return;
        }
        let unit = if number < 0 { number.saturating_add(1 << 16) } else { number };
        let Ok(unit) = u16::try_from(unit) else {
            self.flush();
            // Some writers give the character's number.
            self.out.push(u32::try_from(unit).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
            return;
        };
        match (self.high, unit) {
            (Some(high), 0xdc00..0xe000) => {
                self.high = None;
                self.out.extend(char::decode_utf16([high, unit]).map(|c| c.unwrap_or('\u{fffd}')));
            }
            (_, 0xd800..0xdc00) => {
                self.flush();
                self.high = Some(unit);
            }
            _ => {
                self.flush();
                self.out.push(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}'));
            }
        }
    }

    /// Decodes what waits.
    fn flush(&mut self) {
        if self.high.take().is_some() {
            self.out.push('\u{fffd}');
        }
        if self.run.is_ascii() && !self.run.contains(&0x1b) {
            self.out.push_str(std::str::from_utf8(&self.run).unwrap_or_default());
        } else {
            self.out.push_str(&codepage::decode(Some(self.run_codepage), &self.run));
        }
        self.run.clear();
    }
}

/// The code page of a font's charset (RTF 1.9.1, "Font Table"); none for the default.
const fn font_codepage(charset: u32) -> Option<u32> {
    Some(match charset {
        0 => 1252,
        77 => 10000,
        128 => 932,
        129 | 130 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
