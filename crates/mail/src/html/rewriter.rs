//! The rewriter: a pushed tokenizer that copies.

use std::{fmt, sync::Arc};

use fubako_base::section::NoticePosition;
use memchr::memchr;

use super::{
    MAX_TAG, MAX_TAIL, NO_IMAGE,
    comment::{End, Opening, Step, closes_revealed, opening, opens_revealed},
    css, edit,
    references::References,
    tag::{Tag, TagLexer},
};
use crate::steps::RewriteError;

/// The notice, ready to be put in.
#[derive(Clone)]
pub struct Insertion {
    /// Where.
    pub position: NoticePosition,
    /// A piece of HTML that may stand in a body.
    pub html: String,
}

impl fmt::Debug for Insertion {
    /// Without the notice: it may hold the file password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insertion").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Rewrites an HTML document as it passes. Holds at most one tag ([`MAX_TAG`]) and the document's tail.
#[derive(Debug)]
pub struct Rewriter {
    references: Arc<References>,
    state: State,
    /// The octets of a construct that is not whole yet.
    pending: Vec<u8>,
    insertion: Option<Insertion>,
    /// What came since the last `</body>`, while the notice waits to stand before it.
    tail: Option<Vec<u8>>,
    /// Whether this is the inside of a conditional comment.
    inner: bool,
    /// Inside `<![if …]>…<![endif]>`, or `<!--[if …]><!-->…<!--<![endif]-->`: HTML that Outlook may hide.
    revealed: bool,
    /// The notice's place was inside such a piece; it goes in where that ends.
    due: bool,
    head_open: bool,
}

#[derive(Debug)]
enum State {
    Data,
    /// `<` and perhaps more, not yet known what it opens.
    Open,
    Tag(TagLexer),
    /// `<!…>` that is no comment, `<?…>`, `</…>` without a name.
    Declaration,
    Comment(Comment),
    Raw(Raw),
}

#[derive(Debug)]
struct Comment {
    end: End,
    /// The first octets of its content.
    start: Vec<u8>,
    kind: CommentKind,
}

#[derive(Debug)]
enum CommentKind {
    Unknown,
    Ordinary,
    Conditional { opening: usize, inside: Box<Rewriter> },
}

/// Octets of a comment's content that are looked at.
const COMMENT_START: usize = 300;

/// An element whose content is text up to its end tag.
#[derive(Debug)]
struct Raw {
    name: &'static str,
    style: Option<Style>,
}

#[derive(Debug, Default)]
struct Style {
    inside: css::Inside,
    held: Vec<u8>,
}

/// Elements whose content is no HTML (HTML, 13.2.6.4; without scripts `noscript` is none of them).
const RAW: [&str; 8] = ["style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];
/// Elements that show nothing and may stand before the body.
const IN_HEAD: [&str; 11] =
    ["html", "head", "meta", "link", "base", "basefont", "bgsound", "style", "script", "title", "template"];

impl Rewriter {
    /// A rewriter at the start of a document that takes out what refers to `references` and puts `insertion` in.
    #[must_use]
    pub fn new(references: Arc<References>, insertion: Option<Insertion>) -> Self {
        Self {
            references,
            state: State::Data,
            pending: Vec::new(),
            insertion,
            tail: None,
            inner: false,
            revealed: false,
            due: false,
            head_open: false,
        }
    }

    /// Takes the next piece of the document; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`] when a single tag is beyond its limits.
    pub fn push(&mut self, html: &str, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        self.push_octets(html.as_bytes(), out)
    }

    fn push_octets(&mut self, html: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let mut rest = html;
        while !rest.is_empty() {
            let taken = match &self.state {
                State::Data => self.data(rest, out),
                State::Open => self.open(rest[0], out),
                State::Tag(_) => self.tag(rest, out)?,
                State::Declaration => self.declaration(rest, out)?,
                State::Comment(_) => self.comment(rest, out)?,
                State::Raw(_) => self.raw(rest, out)?,
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Ends the document; appends the rest to `out`.
    ///
    /// # Errors
    /// As [`Rewriter::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let state = std::mem::replace(&mut self.state, State::Data);
        let closing = match state {
            State::Data => String::new(),
            State::Open | State::Tag(_) | State::Declaration => {
                // Cut in the middle of a tag: no reader shows it, so the notice goes before it.
                if self.tail.is_none() {
                    self.insert(out);
                }
                String::new()
            }
            State::Comment(comment) => self.finish_comment(comment, out)?,
            State::Raw(raw) => {
                self.finish_style(raw.style, out);
                format!("</{}>", raw.name)
            }
        };
        let pending = std::mem::take(&mut self.pending);
        self.emit(&pending, out);
        if let Some(tail) = self.tail.take() {
            self.insert(out);
            out.extend_from_slice(&tail);
        }
        if self.insertion.is_some() {
            // What is still open would hide the notice.
            self.emit(closing.as_bytes(), out);
            if self.revealed {
                self.emit(b"<!--<![endif]-->", out);
            }
            self.insert(out);
        }
        Ok(())
    }

    fn emit(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let Some(tail) = &mut self.tail else {
            out.extend_from_slice(octets);
            return;
        };
        tail.extend_from_slice(octets);
        if tail.len() > MAX_TAIL {
            out.append(tail);
            self.tail = None;
        }
    }

    fn insert(&mut self, out: &mut Vec<u8>) {
        if let Some(insertion) = self.insertion.take() {
            self.emit(insertion.html.as_bytes(), out);
        }
    }

    fn waits_for(&self, position: NoticePosition) -> bool {
        self.insertion.as_ref().is_some_and(|insertion| insertion.position == position)
    }

    /// Here the notice at the top has its place, or after the piece that Outlook may hide.
    fn top(&mut self, out: &mut Vec<u8>) {
        if self.revealed {
            self.due = true;
        } else {
            self.insert(out);
        }
    }

    fn data(&mut self, rest: &[u8], out: &mut Vec<u8>) -> usize {
        let length = memchr(b'<', rest).unwrap_or(rest.len());
        self.text(&rest[..length], out);
        if length == rest.len() {
            return length;
        }
        self.pending.push(b'<');
        self.state = State::Open;
        length + 1
    }

    fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.waits_for(NoticePosition::Top)
            && let Some(visible) = text.iter().position(|b| !b.is_ascii_whitespace())
        {
            self.emit(&text[..visible], out);
            self.top(out);
            self.emit(&text[visible..], out);
        } else {
            self.emit(text, out);
        }
    }

    /// The octet after `<`, `</`, `<!` or `<!-`.
    fn open(&mut self, octet: u8, out: &mut Vec<u8>) -> usize {
        self.state = match (self.pending.as_slice(), octet) {
            (b"<", b'/' | b'!') | (b"<!", b'-') => {
                self.pending.push(octet);
                return 1;
            }
            (b"<" | b"</", octet) if octet.is_ascii_alphabetic() => State::Tag(TagLexer::new(self.pending.len() == 2)),
            (b"<", b'?') => State::Declaration,
            (b"<", _) => {
                let pending = std::mem::take(&mut self.pending);
                self.state = State::Data;
                self.text(&pending, out);
                return 0;
            }
            (b"<!-", b'-') => {
                self.pending.clear();
                self.emit(b"<!--", out);
                let kind = CommentKind::Unknown;
                self.state = State::Comment(Comment { end: End::Start, start: Vec::new(), kind });
                return 1;
            }
            _ => State::Declaration,
        };
        0
    }

    fn tag(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, RewriteError> {
        let State::Tag(lexer) = &mut self.state else { return Ok(0) };
        for (taken, octet) in rest.iter().enumerate() {
            let at = self.pending.len();
            if at == MAX_TAG {
                return Err(RewriteError { reason: "an HTML tag is too long" });
            }
            self.pending.push(*octet);
            if lexer.push(*octet, at)? {
                let State::Tag(lexer) = std::mem::replace(&mut self.state, State::Data) else { return Ok(taken + 1) };
                let octets = std::mem::take(&mut self.pending);
                self.whole_tag(lexer.tag(&octets), out);
                return Ok(taken + 1);
            }
        }
        Ok(rest.len())
    }

    fn whole_tag(&mut self, tag: Tag<'_>, out: &mut Vec<u8>) {
        if tag.is_any(&["head"]) {
            self.head_open = !tag.end_tag;
        }
        if self.waits_for(NoticePosition::End) && tag.end_tag && !self.revealed {
            if tag.is_any(&["body"]) {
                if let Some(tail) = self.tail.replace(Vec::new()) {
                    out.extend_from_slice(&tail);
                }
            } else if tag.is_any(&["html"]) && self.tail.is_none() {
                self.tail = Some(Vec::new());
            }
        }
        let is_body = tag.is_any(&["body"]);
        let at_top = self.waits_for(NoticePosition::Top);
        let in_head = tag.is_any(&IN_HEAD) || (self.head_open && tag.is_any(&["noscript"]));
        // A body that ends was empty; any other tag that is not of the head shows something.
        if at_top && tag.end_tag == is_body && !in_head {
            self.top(out);
        }
        let mut written = Vec::with_capacity(tag.octets.len());
        edit::write(tag, &self.references, &mut written);
        self.emit(&written, out);
        if at_top && is_body && !tag.end_tag {
            self.top(out);
        }
        let raw = RAW.iter().find(|name| !tag.end_tag && tag.is_any(&[name]));
        if let Some(name) = raw {
            let style = (*name == "style" && !self.references.is_empty()).then(Style::default);
            self.state = State::Raw(Raw { name, style });
        }
    }

    fn declaration(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, RewriteError> {
        let end = memchr(b'>', rest);
        let taken = end.map_or(rest.len(), |end| end + 1);
        if self.pending.len() + taken > MAX_TAG {
            return Err(RewriteError { reason: "an HTML declaration is too long" });
        }
        self.pending.extend_from_slice(&rest[..taken]);
        if end.is_some() {
            self.state = State::Data;
            let octets = std::mem::take(&mut self.pending);
            self.emit(&octets, out);
            if opens_revealed(&octets) {
                self.revealed = true;
            } else if octets.starts_with(b"<!") && closes_revealed(&octets[2..]) {
                self.end_revealed(out);
            }
        }
        Ok(taken)
    }

    fn end_revealed(&mut self, out: &mut Vec<u8>) {
        self.revealed = false;
        if std::mem::take(&mut self.due) {
            self.insert(out);
        }
    }

    fn comment(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, RewriteError> {
        let State::Comment(comment) = &mut self.state else { return Ok(0) };
        if comment.end == End::Nothing && rest[0] != b'-' {
            let length = memchr(b'-', rest).unwrap_or(rest.len());
            self.comment_content(&rest[..length], out)?;
            return Ok(length);
        }
        let held = comment.end.held();
        match comment.end.push(rest[0]) {
            Step::Hold => {}
            Step::Shift => self.comment_content(&held[..1], out)?,
            Step::Content => self.comment_content(&rest[..1], out)?,
            Step::Again => {
                self.comment_content(held, out)?;
                return Ok(0);
            }
            Step::End => {
                let State::Comment(comment) = std::mem::replace(&mut self.state, State::Data) else { return Ok(1) };
                self.end_comment(comment, held, out)?;
            }
        }
        Ok(1)
    }

    fn comment_content(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let mut rest = content;
        while let State::Comment(comment) = &mut self.state
            && matches!(comment.kind, CommentKind::Unknown)
            && let Some((first, after)) = rest.split_first()
        {
            comment.start.push(*first);
            rest = after;
            match opening(&comment.start) {
                Opening::Unknown => {}
                Opening::Ordinary => {
                    comment.kind = CommentKind::Ordinary;
                    let start = comment.start.clone();
                    self.emit(&start, out);
                }
                Opening::Conditional => {
                    let start = comment.start.clone();
                    if self.inner {
                        // A comment cannot stand in a comment: what comes is the outer one's content still.
                        self.state = State::Data;
                        self.emit(&start, out);
                        return self.push_octets(rest, out);
                    }
                    let mut inside = Self::new(Arc::clone(&self.references), None);
                    inside.inner = true;
                    comment.kind = CommentKind::Conditional { opening: start.len(), inside: Box::new(inside) };
                    self.emit(&start, out);
                }
            }
        }
        let State::Comment(comment) = &mut self.state else { return Ok(()) };
        let room = COMMENT_START - comment.start.len().min(COMMENT_START);
        comment.start.extend_from_slice(&rest[..rest.len().min(room)]);
        let mut rewritten = Vec::new();
        match &mut comment.kind {
            CommentKind::Conditional { inside, .. } => inside.push_octets(rest, &mut rewritten)?,
            CommentKind::Unknown | CommentKind::Ordinary => rewritten.extend_from_slice(rest),
        }
        self.emit(&rewritten, out);
        Ok(())
    }

    fn end_comment(&mut self, comment: Comment, held: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        match comment.kind {
            CommentKind::Unknown => self.emit(&comment.start, out),
            CommentKind::Ordinary => {}
            CommentKind::Conditional { opening, mut inside } => {
                let mut rewritten = Vec::new();
                inside.finish(&mut rewritten)?;
                self.emit(&rewritten, out);
                let content = &comment.start[opening..];
                self.revealed |= content == b"<!" || content.starts_with(b"<!--");
            }
        }
        self.emit(held, out);
        self.emit(b">", out);
        if closes_revealed(&comment.start) {
            self.end_revealed(out);
        }
        Ok(())
    }

    /// The document ends in a comment: gives what closes it.
    fn finish_comment(&mut self, comment: Comment, out: &mut Vec<u8>) -> Result<String, RewriteError> {
        let held = comment.end.held();
        let closing = match comment.kind {
            CommentKind::Unknown => {
                self.emit(&comment.start, out);
                "-->"
            }
            CommentKind::Ordinary => "-->",
            CommentKind::Conditional { mut inside, .. } => {
                let mut rewritten = Vec::new();
                inside.finish(&mut rewritten)?;
                self.emit(&rewritten, out);
                "<![endif]-->"
            }
        };
        self.emit(held, out);
        Ok(closing.to_owned())
    }

    fn raw(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, RewriteError> {
        let State::Raw(Raw { name, .. }) = &self.state else { return Ok(0) };
        let name = *name;
        if self.pending.is_empty() {
            let length = memchr(b'<', rest).unwrap_or(rest.len());
            self.raw_content(&rest[..length], out);
            if length < rest.len() {
                self.pending.push(b'<');
                return Ok(length + 1);
            }
            return Ok(length);
        }
        let octet = rest[0];
        let matched = match self.pending.len() {
            1 => octet == b'/',
            at => match name.as_bytes().get(at - 2) {
                Some(expected) => octet.eq_ignore_ascii_case(expected),
                None if octet.is_ascii_whitespace() || matches!(octet, b'/' | b'>') => {
                    let State::Raw(raw) = std::mem::replace(&mut self.state, State::Data) else { return Ok(0) };
                    self.finish_style(raw.style, out);
                    let mut lexer = TagLexer::new(true);
                    for (at, octet) in self.pending.iter().enumerate().skip(2) {
                        lexer.push(*octet, at)?;
                    }
                    self.state = State::Tag(lexer);
                    return Ok(0);
                }
                None => false,
            },
        };
        if matched {
            self.pending.push(octet);
            return Ok(1);
        }
        let content = std::mem::take(&mut self.pending);
        self.raw_content(&content, out);
        Ok(0)
    }

    fn raw_content(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let State::Raw(Raw { style: Some(style), .. }) = &mut self.state else {
            self.emit(content, out);
            return;
        };
        style.held.extend_from_slice(content);
        let rewritten = style.take(&self.references, false);
        self.emit(&rewritten, out);
    }

    fn finish_style(&mut self, style: Option<Style>, out: &mut Vec<u8>) {
        if let Some(mut style) = style {
            let rewritten = style.take(&self.references, true);
            self.emit(&rewritten, out);
        }
    }
}

impl Style {
    /// What of the style sheet is ready, rewritten.
    fn take(&mut self, references: &References, last: bool) -> Vec<u8> {
        let (mut edits, mut out, mut from) = (Vec::new(), Vec::with_capacity(self.held.len()), 0);
        let done = css::scan(&mut self.inside, &self.held, last, |found| {
            if references.find(&found.url).is_some() {
                edits.push(found.range);
            }
        });
        for range in edits {
            out.extend_from_slice(&self.held[from..range.start]);
            out.extend_from_slice(NO_IMAGE.as_bytes());
            from = range.end;
        }
        out.extend_from_slice(&self.held[from..done]);
        self.held.drain(..done);
        out
    }
}
