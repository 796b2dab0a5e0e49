//! One reading of an HTML document: the tokenizer (HTML, 13.2.5), and where readers go two ways.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::{
    MAX_TAG,
    comment::{Comment, Passed},
    css::Css,
    foreign::ForeignStyle,
    readings::{Aside, Edit, Ending, Judge},
    tag::TagLexer,
};
use crate::steps::RewriteError;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Data,
    /// After `<`.
    Lt,
    /// After `</`.
    LtSlash,
    /// After `<!`.
    Bang,
    /// After `<!-`.
    BangDash,
    Tag(TagLexer),
    /// `<!…>` that is no comment, `<?…>`, `</…>` without a name; how much of `[CDATA[` it begins with.
    Declaration(Option<usize>),
    Comment(Comment),
    /// How many brackets were last.
    Cdata(u8),
    Raw(Raw),
}

/// An element whose content is text up to its end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Raw {
    name: &'static str,
    /// How much of `</name` was just seen.
    seen: usize,
    escape: Escape,
    css: Option<StyleSheet>,
}

/// The text of a `<style>`.
#[derive(Debug, Clone, Eq)]
struct StyleSheet {
    /// Where it begins.
    from: usize,
    /// Up to where it was looked at.
    seen: usize,
    css: Css,
}

impl PartialEq for StyleSheet {
    /// By where it begins: how far it was looked at depends on how the document came in pieces, and what is a reading of its
    /// own must not.
    fn eq(&self, other: &Self) -> bool {
        self.from == other.from
    }
}

/// How a script is escaped (HTML, 13.2.5.15 to 13.2.5.31): after `<!--`, up to `-->`, `<script>` and `</script>` in it make
/// a pair, and the second ends nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Escape {
    /// How much of `<!--` was just seen.
    opening: usize,
    /// Dashes just before, while it is escaped.
    dashes: u8,
    /// How much of `<script` was just seen.
    name: usize,
    /// After `<!--`.
    once: bool,
    /// After `<script>` in that.
    twice: bool,
    /// It ever was.
    ever: bool,
}

impl Escape {
    fn push(&mut self, octet: u8) {
        let ends_name = octet.is_ascii_whitespace() || matches!(octet, b'/' | b'>');
        if self.once && self.name == SCRIPT.len() && ends_name {
            self.twice = true;
        }
        self.name = match SCRIPT.get(self.name) {
            Some(expected) if octet.eq_ignore_ascii_case(expected) => self.name + 1,
            _ => usize::from(octet == b'<'),
        };
        if self.once && self.dashes >= 2 && octet == b'>' {
            (self.once, self.twice) = (false, false);
        }
        self.dashes = if octet == b'-' { self.dashes.saturating_add(1) } else { 0 };
        self.opening = match SCRIPT_ESCAPE.get(self.opening) {
            Some(expected) if *expected == octet => self.opening + 1,
            _ => usize::from(octet == b'<'),
        };
        if self.opening == SCRIPT_ESCAPE.len() {
            (self.opening, self.once, self.ever) = (0, true, true);
        }
    }

    /// Whether only `<` can mean anything.
    fn is_idle(&self) -> bool {
        self.opening == 0 && self.name == 0 && !self.once
    }
}

/// What octets are that a reading passes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Text,
    RawText,
    Nothing,
}

/// One reading, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    state: State,
    /// Where the construct began that is not whole yet; 0 where there is none.
    from: usize,
    /// The construct that ended last.
    last: Range<usize>,
    /// In a `<style>` that holds markup.
    style: Option<Box<ForeignStyle>>,
    pub(super) plain: bool,
    /// Nothing happens before this offset.
    pub(super) idle: usize,
}

const CDATA: &[u8] = b"[CDATA[";
const SCRIPT_ESCAPE: &[u8] = b"<!--";
const SCRIPT: &[u8] = b"<script";

/// Elements whose content is no markup (HTML, 13.2.6.4), in a tree where nothing is odd.
const RAW: [&str; 4] = ["style", "script", "title", "textarea"];
/// Elements whose content is markup to readers that do not know them.
const RAW_TO_SOME: [&str; 5] = ["xmp", "iframe", "noembed", "noframes", "noscript"];
/// After these an element of [`RAW`] may be none: foreign elements, and where the tree builder drops start tags.
const ODD: [&str; 5] = ["svg", "math", "select", "frameset", "template"];

/// What a step of a reading can reach.
pub(super) struct Scene<'a, J> {
    pub(super) judge: &'a mut J,
    pub(super) held: &'a [u8],
    pub(super) base: usize,
    /// The offset of the octet.
    pub(super) at: usize,
    pub(super) edits: &'a mut Vec<Edit>,
    pub(super) odd: &'a mut bool,
    /// A tag ended at this octet, and something is taken out of it.
    pub(super) edited: &'a mut bool,
    pub(super) forks: &'a mut Vec<Reading>,
}

impl<J: Judge> Scene<'_, J> {
    fn octets(&self, range: Range<usize>) -> &[u8] {
        &self.held[range.start - self.base..range.end - self.base]
    }
}

impl Reading {
    /// The plain reading, at the start of a document.
    pub(super) fn plain() -> Self {
        Self { state: State::Data, from: 0, last: 0..0, style: None, plain: true, idle: 0 }
    }

    /// In what it stands, when that is between tags or in an element that holds no markup.
    pub(super) fn shows(&self) -> Shows {
        match &self.state {
            State::Data => Shows::Text,
            State::Raw(raw) if !matches!(raw.name, "style" | "script" | "title") => Shows::RawText,
            _ => Shows::Nothing,
        }
    }

    /// The element whose text it is in.
    pub(super) fn open_element(&self) -> Option<&'static str> {
        match &self.state {
            State::Raw(raw) => Some(raw.name),
            _ => None,
        }
    }

    /// Whether no construct is half read.
    pub(super) fn is_between(&self) -> bool {
        self.from == 0
    }

    /// Whether both go on in the same way.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.from == other.from && self.state == other.state && self.style == other.style
    }

    /// Takes in another one that goes on in the same way.
    pub(super) fn join(&mut self, other: &Self) {
        if self.last.end < other.last.end {
            self.last = other.last.clone();
        }
    }

    /// The construct that ended before this offset.
    pub(super) fn ended_before(&self, end: usize) -> Option<Range<usize>> {
        Some(self.last.clone()).filter(|last| last.end == end)
    }

    /// Whether the tag at this place is one here too, or stands whole in a comment, a text or a quoted value: what is taken
    /// out of it leaves this reading's constructs as they are.
    pub(super) fn agrees(&self, tag: &Range<usize>, octets: &[u8]) -> bool {
        let stands_whole = match &self.state {
            State::Tag(lexer) => lexer.quote().is_some_and(|quote| memchr(quote, octets).is_none()),
            _ => self.is_between(),
        };
        self.last == *tag || self.last.end <= tag.start && stands_whole
    }

    /// From where on octets may yet be changed.
    pub(super) fn hold(&self) -> Option<usize> {
        let construct = (self.from != 0).then(|| self.from - 1);
        let css = match &self.state {
            State::Raw(Raw { css: Some(sheet), .. }) => Some(sheet.seen),
            _ => None,
        };
        let style = self.style.as_ref().map(|style| style.from);
        [construct, css, style].into_iter().flatten().min()
    }

    /// How many octets of `rest` mean nothing here.
    pub(super) fn run(&self, rest: &[u8]) -> usize {
        let found = match &self.state {
            State::Data => memchr2(b'<', 0, rest),
            State::Raw(raw) if raw.seen == 0 && raw.escape.is_idle() => memchr2(b'<', 0, rest),
            State::Tag(lexer) => match lexer.quote() {
                Some(quote) => memchr2(quote, 0, rest),
                None => Some(0),
            },
            State::Declaration(None) => memchr2(b'>', 0, rest),
            State::Comment(comment) if comment.is_idle() => memchr2(b'-', 0, rest),
            State::Cdata(0) => memchr2(b']', 0, rest),
            _ => Some(0),
        };
        found.unwrap_or(rest.len())
    }

    pub(super) fn ending(&self) -> Ending {
        match &self.state {
            State::Data | State::Cdata(_) => Ending::Text,
            State::Comment(comment) => Ending::Comment { conditional: comment.is_conditional() },
            State::Raw(raw) => Ending::Raw(raw.name),
            _ => Ending::Cut(self.start()),
        }
    }

    /// Where the construct began. `from` is one more, so that 0 means none.
    pub(super) fn start(&self) -> usize {
        self.from.saturating_sub(1)
    }

    /// Another reading that goes on from behind this octet in another way.
    fn fork<J>(&self, state: State, scene: &mut Scene<'_, J>) {
        let mut other = Self { plain: false, idle: 0, ..self.clone() };
        other.from = 0;
        other.state = state;
        if let Some(style) = &mut other.style {
            style.run = scene.at + 1;
        }
        scene.forks.push(other);
    }

    /// Text begins at `at`.
    fn begin_text(&mut self, at: usize) {
        self.state = State::Data;
        self.from = 0;
        if let Some(style) = &mut self.style {
            style.run = at;
        }
    }

    /// Takes the octet at the scene's offset.
    pub(super) fn step<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        match &mut self.state {
            State::Data => self.text(octet, scene),
            State::Lt | State::LtSlash | State::Bang | State::BangDash => return self.open(octet, scene),
            State::Tag(lexer) => {
                if lexer.push(octet, scene.at + 1 - self.from)? {
                    return self.tag_ends(scene);
                }
            }
            State::Declaration(_) => self.declaration(octet, scene),
            State::Comment(_) => self.comment(octet, scene),
            State::Cdata(brackets) => match octet {
                b']' => *brackets = brackets.saturating_add(1),
                b'>' if *brackets >= 2 => {
                    if let Some(style) = &mut self.style {
                        style.text(scene.at - 2, false);
                    }
                    self.last = scene.at..scene.at + 1;
                    self.begin_text(scene.at + 1);
                }
                _ => *brackets = 0,
            },
            State::Raw(_) => return self.raw(octet, scene),
        }
        Ok(())
    }

    fn text<J>(&mut self, octet: u8, scene: &mut Scene<'_, J>) {
        if octet == b'<' {
            if let Some(style) = &mut self.style {
                style.text(scene.at, true);
            }
            self.from = scene.at + 1;
            self.state = State::Lt;
        }
    }

    /// The octet after `<`, `</`, `<!` or `<!-`.
    fn open<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        self.state = match (&self.state, octet) {
            (State::Lt, b'/') => State::LtSlash,
            (State::Lt, b'!') => State::Bang,
            (State::Bang, b'-') => State::BangDash,
            (State::Lt | State::LtSlash, octet) if octet.is_ascii_alphabetic() => {
                let name = scene.at + 1 - self.from;
                State::Tag(TagLexer::new(matches!(self.state, State::LtSlash), name))
            }
            (State::BangDash, b'-') => {
                self.from = 0;
                self.state = State::Comment(Comment::default());
                return Ok(());
            }
            (State::Lt, b'?') | (State::LtSlash | State::BangDash, _) => State::Declaration(None),
            (State::Bang, _) => State::Declaration(Some(0)),
            _ => {
                // No tag: `<` is text, and what comes after it is looked at afresh.
                let start = self.start();
                if self.plain {
                    scene.judge.text(start, b"<");
                }
                self.begin_text(start);
                if self.plain && octet != b'<' {
                    scene.judge.text(scene.at, &[octet]);
                }
                self.text(octet, scene);
                return Ok(());
            }
        };
        match &self.state {
            State::Tag(_) | State::Declaration(_) => self.step(octet, scene),
            _ => Ok(()),
        }
    }

    fn declaration<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) {
        let State::Declaration(seen) = &mut self.state else { return };
        *seen = seen.map(|seen| seen + 1).filter(|seen| CDATA.get(seen - 1) == Some(&octet));
        if *seen == Some(CDATA.len()) {
            *seen = None;
            // In foreign elements all up to `]]>` is text; elsewhere the next `>` ends it.
            self.fork(State::Cdata(0), scene);
        }
        if octet == b'>' {
            if self.plain {
                let octets = &scene.held[self.start() - scene.base..=scene.at - scene.base];
                scene.judge.aside(Aside::Declaration(octets), scene.at + 1);
            }
            self.last = self.start()..scene.at + 1;
            self.begin_text(scene.at + 1);
        }
    }

    fn comment<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) {
        let State::Comment(comment) = &mut self.state else { return };
        let passed = comment.push(octet);
        match passed {
            Passed::Inside => {}
            Passed::Opens | Passed::EndsForSome => {
                self.fork(State::Data, scene);
                if let Some(other) = scene.forks.last_mut() {
                    other.last = scene.at..scene.at + 1;
                }
            }
            Passed::Ends | Passed::EndsForMost => {
                if self.plain {
                    scene.judge.aside(Aside::Comment(comment.start()), scene.at + 1);
                }
                if passed == Passed::EndsForMost {
                    let goes_on = comment.goes_on();
                    self.fork(State::Comment(goes_on), scene);
                }
                self.last = scene.at..scene.at + 1;
                self.begin_text(scene.at + 1);
            }
        }
    }

    fn tag_ends<J: Judge>(&mut self, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        let start = self.start();
        let State::Tag(lexer) = std::mem::replace(&mut self.state, State::Data) else { return Ok(()) };
        let octets = &scene.held[start - scene.base..=scene.at - scene.base];
        let tag = lexer.tag(octets);
        let edits = scene.judge.tag(start, &tag, self.plain)?;
        *scene.edited |= !edits.is_empty();
        scene.edits.extend(
            edits.into_iter().map(|(range, text)| Edit { range: range.start + start..range.end + start, text }),
        );
        self.last = start..scene.at + 1;
        if octets.len() > MAX_TAG {
            return Err(RewriteError::html("an HTML tag is too long"));
        }
        if tag.is_any(&ODD) {
            *scene.odd = true;
        }
        let is_style = tag.is_any(&["style"]);
        let raw = RAW.iter().chain(&RAW_TO_SOME).find(|name| !tag.end_tag && tag.is_any(&[name]));
        if let Some(style) = &mut self.style {
            style.tag(tag.end_tag, tag.closes_itself());
            if tag.end_tag && is_style {
                self.finish_style(start, scene)?;
            }
        }
        let is_markup_to_some = *scene.odd || tag.closes_itself() || tag.is_any(&RAW_TO_SOME);
        self.begin_text(scene.at + 1);
        if let Some(name) = raw {
            self.content(name, is_markup_to_some, scene);
        }
        Ok(())
    }

    /// The content of an element that is no markup, to most.
    fn content<J>(&mut self, name: &'static str, is_markup_to_some: bool, scene: &mut Scene<'_, J>) {
        let css = (name == "style").then(|| StyleSheet { from: scene.at + 1, seen: scene.at + 1, css: Css::default() });
        let raw = State::Raw(Raw { name, seen: 0, escape: Escape::default(), css });
        // A reader with scripts shows nothing of it. Mail is read without.
        if name == "noscript" {
            return self.fork(raw, scene);
        }
        if is_markup_to_some {
            self.fork(State::Data, scene);
            if name == "style"
                && let Some(other) = scene.forks.last_mut()
                && other.style.is_none()
            {
                other.style = Some(Box::new(ForeignStyle::new(scene.at + 1)));
            }
        }
        // In it there is no style sheet but itself.
        self.state = raw;
    }

    fn raw<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        let State::Raw(raw) = &mut self.state else { return Ok(()) };
        if raw.name == "script" {
            raw.escape.push(octet);
        }
        let expected = match raw.seen {
            0 => Some(b'<'),
            1 => Some(b'/'),
            at => raw.name.as_bytes().get(at - 2).copied(),
        };
        match expected {
            Some(expected) if octet.eq_ignore_ascii_case(&expected) => {
                if raw.seen == 0 {
                    self.from = scene.at + 1;
                }
                raw.seen += 1;
                Ok(())
            }
            None if octet.is_ascii_whitespace() || matches!(octet, b'/' | b'>') => self.raw_ends(octet, scene),
            _ => {
                raw.seen = usize::from(octet == b'<');
                self.from = if octet == b'<' { scene.at + 1 } else { 0 };
                Ok(())
            }
        }
    }

    /// `octet` is behind `</name`.
    fn raw_ends<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        self.look_at_style(self.start(), true, scene)?;
        let State::Raw(raw) = &self.state else { return Ok(()) };
        if raw.name == "script" && raw.escape.ever {
            // This may be its text still, and is for certain where a `<script>` came before; to older readers it is not.
            let twice = raw.escape.twice;
            let escape = if twice { Escape { twice: false, ..raw.escape.clone() } } else { Escape::default() };
            let goes_on = Raw { seen: 0, escape, ..raw.clone() };
            if twice {
                let mut other = Self { plain: false, idle: 0, ..self.clone() };
                other.raw_end_tag(octet, scene)?;
                scene.forks.push(other);
                self.state = State::Raw(goes_on);
                self.from = 0;
                return Ok(());
            }
            self.fork(State::Raw(goes_on), scene);
        }
        self.raw_end_tag(octet, scene)
    }

    /// An element's text has ended in `</name`, and `octet` is behind that.
    fn raw_end_tag<J: Judge>(&mut self, octet: u8, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        let start = self.start();
        let name = scene.octets(start + 2..scene.at).iter().enumerate().filter(|(_, octet)| **octet != 0);
        let mut lexer = TagLexer::new(true, 2);
        for (at, octet) in name {
            lexer.push(*octet, at + 2)?;
        }
        self.state = State::Tag(lexer);
        self.step(octet, scene)
    }

    /// Looks at what came of a style sheet.
    pub(super) fn look_at_style<J: Judge>(
        &mut self,
        until: usize,
        last: bool,
        scene: &mut Scene<'_, J>,
    ) -> Result<(), RewriteError> {
        let State::Raw(Raw { css: Some(StyleSheet { css, seen, .. }), .. }) = &mut self.state else { return Ok(()) };
        let held = &scene.held[*seen - scene.base..until.max(*seen) - scene.base];
        let (from, mut is_markup) = (*seen, false);
        let done = css.scan(held, last, |found| {
            if scene.judge.url(&found.url) {
                is_markup |= memchr2(b'<', b'>', &held[found.range.clone()]).is_some();
                let range = found.range.start + from..found.range.end + from;
                scene.edits.push(Edit { range, text: found.instead.to_owned() });
            }
        });
        *seen += done;
        if is_markup { Err(RewriteError::html("a URL in an HTML style sheet is markup to others")) } else { Ok(()) }
    }

    /// A `<style>` that holds markup ends before `end`.
    fn finish_style<J: Judge>(&mut self, end: usize, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        let Some(style) = self.style.take() else { return Ok(()) };
        if end - style.from > MAX_TAG {
            return Err(RewriteError::html("an HTML style sheet is too long"));
        }
        let (held, base) = (scene.held, scene.base);
        style.finish(
            |range| &held[range.start - base..range.end - base],
            |found| {
                if scene.judge.url(&found.url) {
                    scene.edits.push(Edit { range: found.range, text: found.instead.to_owned() });
                }
            },
        );
        Ok(())
    }

    pub(super) fn finish<J: Judge>(&mut self, scene: &mut Scene<'_, J>) -> Result<(), RewriteError> {
        self.look_at_style(scene.at, true, scene)?;
        let start = self.start();
        if let State::Tag(lexer) = &mut self.state {
            // A tag that the end cuts is none to browsers, and one to others.
            let octets = &scene.held[start - scene.base..];
            lexer.cut(octets.len());
            let edits = scene.judge.tag(start, &lexer.tag(octets).cut(), false)?;
            *scene.edited |= !edits.is_empty();
            self.last = start..scene.at;
            scene.edits.extend(
                edits.into_iter().map(|(range, text)| Edit { range: range.start + start..range.end + start, text }),
            );
        }
        if let Some(style) = &mut self.style {
            match self.state {
                State::Data => style.text(scene.at, true),
                State::Cdata(_) => style.text(scene.at, false),
                _ => {}
            }
        }
        self.finish_style(scene.at, scene)
    }
}
