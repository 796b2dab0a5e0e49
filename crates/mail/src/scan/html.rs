//! An HTML tokenizer that sees what a browser sees in attributes and style sheets, and what Outlook sees in conditional
//! comments (spec 3.4a). It keeps no tree: where browsers and it could differ, it sees more rather than less.

use memchr::memchr;

use super::{
    Found,
    css::CssMatch,
    entities::Entities,
    lines::TextLines,
    url::{SrcsetMatch, UrlMatch},
};

/// Longer names are none of those that matter.
const MAX_NAME: usize = 24;

/// Conditional comments and foreign elements are looked into this deep.
const MAX_INNER: u8 = 2;

/// The look at an HTML text as it passes.
#[derive(Debug, Default)]
pub(super) struct HtmlScan {
    state: State,
    /// The tag's name, in lower case; then an attribute's; then what a declaration begins with.
    tag: String,
    name: String,
    value: Value,
    entities: Entities,
    /// The element whose content is no markup.
    raw: Option<RawElement>,
    /// An `svg` or `math` element was seen, in which other rules hold.
    foreign: bool,
    /// This is the inside of an element that holds markup in SVG and MathML: in it no element holds anything else.
    all_markup: bool,
    /// What a reader by other rules sees as markup where this one sees none.
    inner: Option<Box<HtmlScan>>,
    depth: u8,
    text: TextLines,
    data_url: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `<`.
    Open,
    /// After `</`.
    Close,
    Tag,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    /// In a value, up to this quote.
    Quoted(u8),
    Unquoted,
    /// After `<!`.
    Declaration,
    /// `<?…>`, `<!…>`, `</ …>`.
    Bogus,
    Comment(Comment),
    /// `<![CDATA[…]]>`; how many brackets were last.
    Cdata(u8),
    Raw,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Comment {
    /// Dashes just before.
    dashes: u8,
    /// After `--!`.
    bang: bool,
    /// Nothing but dashes came yet.
    fresh: bool,
    condition: Condition,
}

/// Whether a comment is a conditional one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Condition {
    /// So far like the first octets of `[if`.
    #[default]
    Perhaps,
    /// In `[if …]>`.
    Stated,
    /// What is in it is HTML to those whom it names.
    Met,
    No,
}

#[derive(Debug)]
struct RawElement {
    /// `/name`, as the closing tag has it.
    end: String,
    /// What was seen of the closing tag.
    seen: usize,
    css: Option<CssMatch>,
}

/// What the attribute's value is looked at for.
#[derive(Debug, Default)]
enum Value {
    #[default]
    Nothing,
    Url(UrlMatch),
    Srcset(SrcsetMatch),
    Css(Box<CssMatch>),
}

impl Value {
    fn of(attribute: &str) -> Self {
        match attribute {
            "src" | "href" | "data" | "background" | "poster" | "action" | "formaction" | "cite" | "xlink:href" => {
                Self::Url(UrlMatch::default())
            }
            "srcset" => Self::Srcset(SrcsetMatch::default()),
            "style" => Self::Css(Box::default()),
            _ => Self::Nothing,
        }
    }

    fn push(&mut self, c: char) -> bool {
        match self {
            Self::Nothing => false,
            Self::Url(url) => url.push(c),
            Self::Srcset(srcset) => srcset.push(c),
            Self::Css(css) => css.push(c),
        }
    }
}

impl HtmlScan {
    /// Takes the next text.
    pub(super) fn push(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = match self.state {
                State::Text => self.text(rest),
                State::Quoted(_) | State::Bogus => self.run(rest),
                _ => self.one(rest),
            };
        }
    }

    /// Ends the text; says what was found.
    pub(super) fn finish(mut self) -> Found {
        let lines = &mut self.text;
        self.entities.finish(&mut |c| push_char(lines, c));
        let mut found = self.text.finish();
        found.data_url |= self.data_url;
        if let Some(inner) = self.inner.take() {
            found.merge(inner.finish());
        }
        found
    }

    /// Text between tags, up to the next one.
    fn text<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        let lines = &mut self.text;
        if text.contains(['&', '\u{a0}']) || !text.is_ascii() || !self.entities.is_idle() {
            text.chars().for_each(|c| self.entities.push(c, &mut |c| push_char(lines, c)));
        } else {
            lines.push(text.as_bytes());
        }
        if after.is_empty() {
            return after;
        }
        self.entities.finish(&mut |c| push_char(lines, c));
        self.state = State::Open;
        &after[1..]
    }

    /// Octets that mean nothing by themselves, up to the one that ends them.
    fn run<'a>(&mut self, rest: &'a str) -> &'a str {
        let (end, quoted) = match self.state {
            State::Quoted(quote) => (memchr(quote, rest.as_bytes()), true),
            _ => (memchr(b'>', rest.as_bytes()), false),
        };
        let (content, after) = rest.split_at(end.unwrap_or(rest.len()));
        if quoted && !matches!(self.value, Value::Nothing) {
            if self.entities.is_idle() && !content.contains('&') {
                for c in content.chars() {
                    self.data_url |= self.value.push(c);
                }
            } else {
                content.chars().for_each(|c| self.value_char(c));
            }
        }
        if after.is_empty() {
            return after;
        }
        if quoted {
            self.value_ends();
            self.state = State::BeforeName;
        } else {
            self.state = State::Text;
        }
        &after[1..]
    }

    /// One character in any other state.
    fn one<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(c) = rest.chars().next() else { return rest };
        let after = &rest[c.len_utf8()..];
        let space = c.is_ascii_whitespace();
        match self.state {
            State::Name if c.is_ascii_alphanumeric() => return names(&mut self.name, rest),
            State::Open => return self.open(c, rest, after),
            State::Close => self.close(c),
            State::Tag if space || c == '/' => self.state = State::BeforeName,
            State::Tag if c == '>' => self.tag_ends(),
            State::Tag => return names(&mut self.tag, rest),
            State::BeforeName | State::Name | State::AfterName => self.attribute(c, space),
            State::BeforeValue if space => {}
            State::BeforeValue if c == '>' => self.tag_ends(),
            State::BeforeValue if matches!(c, '"' | '\'') => {
                self.state = State::Quoted(if c == '"' { b'"' } else { b'\'' });
            }
            State::BeforeValue => {
                self.state = State::Unquoted;
                return rest;
            }
            State::Unquoted if space || c == '>' => {
                self.value_ends();
                self.state = State::BeforeName;
                if c == '>' {
                    self.tag_ends();
                }
            }
            State::Unquoted => self.value_char(c),
            State::Declaration => return self.declaration(c, rest, after),
            State::Comment(comment) => self.comment(comment, c),
            State::Cdata(brackets) => {
                self.state = match c {
                    ']' => State::Cdata(brackets.saturating_add(1)),
                    '>' if brackets >= 2 => State::Text,
                    _ => State::Cdata(0),
                };
            }
            State::Raw => return self.raw(rest),
            State::Text | State::Quoted(_) | State::Bogus => {}
        }
        after
    }

    fn open<'a>(&mut self, c: char, rest: &'a str, after: &'a str) -> &'a str {
        self.tag.clear();
        match c {
            'a'..='z' | 'A'..='Z' => {
                self.state = State::Tag;
                rest
            }
            '/' => {
                self.state = State::Close;
                after
            }
            '!' => {
                self.state = State::Declaration;
                after
            }
            '?' => {
                self.state = State::Bogus;
                after
            }
            _ => {
                self.text.push(b"<");
                self.state = State::Text;
                rest
            }
        }
    }

    fn close(&mut self, c: char) {
        self.state = match c {
            'a'..='z' | 'A'..='Z' => {
                self.tag.push('/');
                push_name(&mut self.tag, c);
                State::Tag
            }
            '>' => State::Text,
            _ => State::Bogus,
        };
    }

    fn attribute(&mut self, c: char, space: bool) {
        match (self.state, c) {
            (_, '>') => self.tag_ends(),
            (_, '/') => self.state = State::BeforeName,
            (State::Name, _) if space => self.state = State::AfterName,
            (_, _) if space => {}
            (State::Name | State::AfterName, '=') => {
                self.value = if self.tag.starts_with('/') { Value::Nothing } else { Value::of(&self.name) };
                self.state = State::BeforeValue;
            }
            (State::Name, _) => push_name(&mut self.name, c),
            _ => {
                self.name.clear();
                push_name(&mut self.name, c);
                self.state = State::Name;
            }
        }
    }

    fn value_char(&mut self, c: char) {
        let (value, found) = (&mut self.value, &mut self.data_url);
        self.entities.push(c, &mut |c| *found |= value.push(c));
    }

    fn value_ends(&mut self) {
        let (value, found) = (&mut self.value, &mut self.data_url);
        self.entities.finish(&mut |c| *found |= value.push(c));
        self.value = Value::Nothing;
    }

    fn tag_ends(&mut self) {
        self.state = State::Text;
        match self.tag.as_str() {
            "svg" | "math" => self.foreign = true,
            "style" | "script" | "title" | "textarea" | "xmp" | "iframe" | "noembed" | "noframes" | "plaintext"
                if !self.all_markup =>
            {
                let css = (self.tag == "style").then(CssMatch::default);
                self.raw = Some(RawElement { end: format!("/{}", self.tag), seen: 0, css });
                self.state = State::Raw;
            }
            _ => {}
        }
        if !is_inline(self.tag.trim_start_matches('/')) {
            self.text.push(b"\n");
        }
    }

    fn declaration<'a>(&mut self, c: char, rest: &'a str, after: &'a str) -> &'a str {
        // `<!--` and `<![CDATA[`; anything else ends at the next `>`.
        self.tag.push(c);
        let known = if self.foreign { &["--", "[CDATA["][..] } else { &["--"] };
        if self.tag == "--" {
            self.name.clear();
            self.state = State::Comment(Comment { fresh: true, ..Comment::default() });
        } else if self.foreign && self.tag == "[CDATA[" {
            self.state = State::Cdata(0);
        } else if !known.iter().any(|known| known.starts_with(&self.tag)) {
            self.state = State::Bogus;
            return rest;
        }
        after
    }

    fn comment(&mut self, mut comment: Comment, c: char) {
        let ends = c == '>' && (comment.dashes >= 2 || comment.bang || comment.fresh);
        if ends {
            self.state = State::Text;
            return;
        }
        self.condition(&mut comment, c);
        comment.bang = c == '!' && comment.dashes >= 2;
        comment.dashes = if c == '-' { comment.dashes.saturating_add(1) } else { 0 };
        comment.fresh &= c == '-' && comment.dashes < 2;
        self.state = State::Comment(comment);
    }

    fn condition(&mut self, comment: &mut Comment, c: char) {
        match comment.condition {
            Condition::Perhaps => {
                push_name(&mut self.name, c);
                let seen = self.name.trim_start();
                comment.condition = if seen == "[if" {
                    Condition::Stated
                } else if "[if".starts_with(seen) {
                    Condition::Perhaps
                } else {
                    Condition::No
                };
            }
            Condition::Stated if c == '>' => {
                comment.condition = Condition::Met;
                self.new_inner(self.all_markup);
            }
            Condition::Met => self.push_inner(c.encode_utf8(&mut [0; 4])),
            Condition::Stated | Condition::No => {}
        }
    }

    /// Begins a look at what is markup to another reader.
    fn new_inner(&mut self, all_markup: bool) {
        if self.depth >= MAX_INNER {
            return;
        }
        self.end_inner();
        self.inner =
            Some(Box::new(Self { depth: self.depth + 1, foreign: self.foreign, all_markup, ..Self::default() }));
    }

    fn push_inner(&mut self, text: &str) {
        if let Some(inner) = &mut self.inner {
            inner.push(text);
        }
    }

    fn end_inner(&mut self) {
        if let Some(inner) = self.inner.take() {
            self.data_url |= inner.finish().data_url;
        }
    }

    /// The content of an element that is no markup, up to its closing tag.
    fn raw<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(mut element) = self.raw.take() else {
            self.state = State::Text;
            return rest;
        };
        if element.seen == 0 {
            let end = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            let (content, after) = rest.split_at(end);
            self.raw_content(&mut element, content);
            element.seen = usize::from(!after.is_empty());
            self.raw = Some(element);
            return after.get(1..).unwrap_or_default();
        }
        let Some(c) = rest.chars().next() else { return rest };
        let expected = element.end.as_bytes().get(element.seen - 1).copied();
        match expected {
            Some(expected) if c.eq_ignore_ascii_case(&char::from(expected)) => {
                element.seen += 1;
                self.raw = Some(element);
                &rest[c.len_utf8()..]
            }
            None if c == '>' || c == '/' || c.is_ascii_whitespace() => {
                self.end_inner();
                self.tag.clone_from(&element.end);
                self.state = State::BeforeName;
                rest
            }
            _ => {
                let seen = format!("<{}", &element.end[..element.seen - 1]);
                element.seen = 0;
                self.raw_content(&mut element, &seen);
                self.raw = Some(element);
                rest
            }
        }
    }

    fn raw_content(&mut self, element: &mut RawElement, content: &str) {
        if let Some(css) = &mut element.css {
            for c in content.chars() {
                self.data_url |= css.push(c);
            }
        }
        if self.foreign && !content.is_empty() {
            // In SVG and MathML these elements hold markup.
            if self.inner.is_none() {
                self.new_inner(true);
            }
            self.push_inner(content);
        }
    }
}

fn push_name(name: &mut String, c: char) {
    if name.len() < MAX_NAME {
        name.push(c.to_ascii_lowercase());
    }
}

/// Takes a name's characters together; at least the first one.
fn names<'a>(name: &mut String, rest: &'a str) -> &'a str {
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b':');
    let plain = rest.bytes().take_while(is_plain).count();
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let (run, after) = rest.split_at(plain.max(first));
    let room = MAX_NAME.saturating_sub(name.len());
    name.extend(run.chars().take(room).map(|c| c.to_ascii_lowercase()));
    after
}

fn push_char(lines: &mut TextLines, c: char) {
    let c = if c == '\u{a0}' { ' ' } else { c };
    lines.push(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Tags that end no line.
fn is_inline(tag: &str) -> bool {
    matches!(
        tag,
        "a" | "b"
            | "i"
            | "u"
            | "s"
            | "em"
            | "strong"
            | "span"
            | "font"
            | "code"
            | "tt"
            | "small"
            | "big"
            | "sub"
            | "sup"
            | "wbr"
            | "mark"
            | "abbr"
            | "o:p"
            | "kbd"
            | "samp"
            | "var"
            | "bdi"
            | "bdo"
            | "ins"
            | "del"
    )
}
