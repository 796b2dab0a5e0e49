//! Where in HTML white space means nothing to anybody: in a tag, between attributes and before its `>`. In a text it can be seen, wherever a style says so; in
//! CSS a line's end ends a string, and what stood in it becomes rules.

/// Elements of which nothing is markup but the end tag, to some at least.
const RAW: [&[u8]; 9] =
    [b"style", b"script", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes", b"plaintext"];
/// Octets of the longest of these names, and one more.
const LONGEST_NAME: usize = 10;

/// Follows HTML octet by octet (HTML, 13.2.5, as far as it takes to know the place).
#[derive(Debug, Default)]
pub(super) struct Markup {
    state: State,
    /// A tag's name, in lower case, as far as it was read.
    name: Vec<u8>,
    /// The tag is an end tag.
    is_end: bool,
    /// The element of [`RAW`] that is open.
    raw: Option<&'static [u8]>,
    /// The last octets, in lower case.
    recent: u64,
    /// A comment began in the script that is open.
    escaped: bool,
    /// From here on a browser may be elsewhere: in a script that goes on behind its end tag (HTML, 13.2.5.31), or in a CDATA section, which is one in a
    /// picture's markup only (13.2.5.42). No line is ended any more.
    is_lost: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    Text,
    /// Behind `<`.
    Open,
    /// Behind `</`.
    EndOpen,
    Name,
    /// Between attributes.
    Between,
    /// In an attribute's name.
    Attribute,
    /// Behind an attribute's name and white space.
    AfterAttribute,
    /// Behind `=`.
    BeforeValue,
    Value,
    Quoted(u8),
    /// Behind `<!`.
    Declaration,
    /// Behind `<!-`.
    Hyphen,
    Comment(Ending),
    /// In what readers take for a comment, up to `>`.
    Bogus,
}

/// What was there of a comment's end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    /// The comment begins: `<!-->` is one.
    Start,
    /// `<!--->` is one too.
    StartHyphen,
    Nothing,
    Hyphen,
    Hyphens,
    /// `--!`
    Mark,
}

impl Markup {
    /// Whether a line may be ended in place of the white space that was the last octet.
    pub(super) fn is_between(&self) -> bool {
        !self.is_lost && self.state == State::Between
    }

    /// Whether this is a text, in which a comment is nothing to anybody.
    pub(super) fn is_text(&self) -> bool {
        !self.is_lost && self.state == State::Text && self.raw.is_none()
    }

    /// Whether a line may be ended before a `>` that comes now. (Behind a `/` it would take away what that says.)
    pub(super) const fn ends_with(&self, last: u8) -> bool {
        let within = matches!(self.state, State::Name | State::Between | State::Attribute | State::AfterAttribute);
        !self.is_lost && within && last != b'/'
    }

    /// Whether a tag, or a comment, has begun and not ended.
    pub(super) const fn is_in_tag(&self) -> bool {
        !matches!(self.state, State::Text | State::Open | State::EndOpen)
    }

    /// Takes the next octet.
    pub(super) fn push(&mut self, octet: u8) {
        let octet = octet.to_ascii_lowercase();
        self.look(octet);
        self.state = match self.state {
            State::Text => text(octet),
            State::Open => self.open(octet),
            State::EndOpen => match octet {
                b'a'..=b'z' if self.raw.is_none_or(|raw| raw[0] == octet) => self.begin_tag(octet, true),
                _ if self.raw.is_some() => text(octet),
                b'>' => State::Text,
                _ => State::Bogus,
            },
            State::Declaration if octet == b'-' => State::Hyphen,
            State::Hyphen if octet == b'-' => State::Comment(Ending::Start),
            State::Declaration | State::Hyphen | State::Bogus => {
                if octet == b'>' {
                    State::Text
                } else {
                    State::Bogus
                }
            }
            State::Comment(ending) => comment(ending, octet),
            State::Quoted(quote) if octet == quote => State::Between,
            State::Quoted(quote) => State::Quoted(quote),
            State::Name => self.in_name(octet),
            State::BeforeValue if matches!(octet, b'"' | b'\'') => State::Quoted(octet),
            _ if octet == b'>' => self.end_tag(),
            State::BeforeValue if octet.is_ascii_whitespace() => State::BeforeValue,
            State::BeforeValue => State::Value,
            State::Value if octet.is_ascii_whitespace() => State::Between,
            State::Value => State::Value,
            State::Attribute | State::AfterAttribute if octet == b'=' => State::BeforeValue,
            _ if octet == b'/' => State::Between,
            State::Attribute if octet.is_ascii_whitespace() => State::AfterAttribute,
            state if octet.is_ascii_whitespace() => state,
            _ => State::Attribute,
        };
    }

    /// Looks for what makes the place unknown.
    fn look(&mut self, octet: u8) {
        self.recent = self.recent << 8 | u64::from(octet);
        let recent = self.recent.to_be_bytes();
        if self.raw == Some(b"script") {
            self.escaped |= recent.ends_with(b"<!--");
            self.is_lost |= self.escaped && recent.ends_with(b"<script");
        }
        self.is_lost |= self.state == State::Bogus && recent == *b"![cdata[";
    }

    fn open(&mut self, octet: u8) -> State {
        match octet {
            b'/' => State::EndOpen,
            _ if self.raw.is_some() => text(octet),
            b'a'..=b'z' => self.begin_tag(octet, false),
            b'!' => State::Declaration,
            b'?' => State::Bogus,
            _ => text(octet),
        }
    }

    fn begin_tag(&mut self, octet: u8, is_end: bool) -> State {
        self.name.clear();
        self.name.push(octet);
        self.is_end = is_end;
        State::Name
    }

    fn in_name(&mut self, octet: u8) -> State {
        let ends = matches!(octet, b'>' | b'/') || octet.is_ascii_whitespace();
        if !ends && self.name.len() < LONGEST_NAME {
            self.name.push(octet);
        }
        // In a raw element what is not the whole of its end tag is text.
        if self.raw.is_some_and(|raw| if ends { raw != &*self.name } else { !raw.starts_with(&self.name) }) {
            return text(octet);
        }
        match octet {
            b'>' => self.end_tag(),
            _ if ends => State::Between,
            _ => State::Name,
        }
    }

    fn end_tag(&mut self) -> State {
        self.escaped = false;
        self.raw = if self.is_end { None } else { RAW.into_iter().find(|name| *name == &*self.name) };
        State::Text
    }
}

const fn text(octet: u8) -> State {
    if octet == b'<' { State::Open } else { State::Text }
}

const fn comment(ending: Ending, octet: u8) -> State {
    State::Comment(match (octet, ending) {
        (b'>', Ending::Start | Ending::StartHyphen | Ending::Hyphens | Ending::Mark) => return State::Text,
        (b'-', Ending::Start) => Ending::StartHyphen,
        (b'-', Ending::StartHyphen | Ending::Hyphen | Ending::Hyphens) => Ending::Hyphens,
        (b'-', Ending::Nothing | Ending::Mark) => Ending::Hyphen,
        (b'!', Ending::Hyphens) => Ending::Mark,
        _ => Ending::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `_` for each space at which a line may be ended, and a `|` before each `>` before which one may.
    fn marked(html: &str) -> String {
        let (mut markup, mut out) = (Markup::default(), String::new());
        for octet in html.chars() {
            if octet == '>' && markup.ends_with(out.bytes().next_back().unwrap_or(0)) {
                out.push('|');
            }
            markup.push(u8::try_from(octet).unwrap());
            out.push(if octet == ' ' && markup.is_between() { '_' } else { octet });
        }
        out
    }

    // spec: MAIL-CID MAIL-REBUILD (found by review: a line's end in a string of CSS made rules of what stood in it, and one in a text was seen)
    #[test]
    fn a_line_is_ended_where_white_space_means_nothing() {
        for (html, places) in [
            ("a b<p class=x id='a b' title=\"c d\">e f</p>", "a b<p_class=x_id='a b'_title=\"c d\"|>e f</p|>"),
            ("<style>a > b{content:'x y'}</style>z z", "<style|>a > b{content:'x y'}</style|>z z"),
            ("<STYLE type=x>a b</b c>d e</style >f g", "<STYLE_type=x>a b</b c>d e</style_|>f g"),
            // Found by review: what is no end tag may begin one.
            ("<style></sty</style><p a='</style> b c'>", "<style|></sty</style|><p_a='</style> b c'|>"),
            ("<style></stylex y></style/ x>", "<style|></stylex y></style/_x|>"),
            ("<p style='a b > c d' x>e f", "<p_style='a b > c d'_x|>e f"),
            ("<pre>a b<b c d>e f</b></pre>g h", "<pre|>a b<b_c d|>e f</b|></pre|>g h"),
            ("<title>a <b c</title>d e", "<title|>a <b c</title|>d e"),
            ("<!-- a <b c=\" -->d <b>", "<!-- a <b c=\" -->d <b|>"),
            ("<!--> a<b ><!---><b ><!--!><b >--><b >", "<!--> a<b_|><!---><b_|><!--!><b >--><b_|>"),
            ("<!-- --!><b ><!-- --!-><b >--><b >", "<!-- --!><b_|><!-- --!-><b >--><b_|>"),
            ("<![if x]>a b<?x y>c d</ x>e f<b >", "<![if x]>a b<?x y>c d</ x>e f<b_|>"),
            ("<a b = 'c d' e =f g>", "<a_b = 'c d'_e =f_g|>"),
            ("<a b=c'd e='f g'>h 'i j'", "<a_b=c'd_e='f g'|>h 'i j'"),
            ("<a =b 'c=\"d e\">", "<a_=b 'c=\"d e\"|>"),
            ("1 < 2 <3 a</b><br/ ><path/>c d<a b=/>", "1 < 2 <3 a</b|><br/_|><path/>c d<a_b=/>"),
            ("<svg>a b<b ></svg><styles>a b<b >", "<svg|>a b<b_|></svg|><styles|>a b<b_|>"),
            (
                "<![endif]><b ><![ CDATA[><b ><style><![CDATA[</style><b >",
                "<![endif]><b_|><![ CDATA[><b_|><style|><![CDATA[</style|><b_|>",
            ),
            (
                "<script><!-- x --></script><b ><script><script></script><b >",
                "<script|><!-- x --></script|><b_|><script|><script></script|><b_|>",
            ),
        ] {
            assert_eq!(marked(html), places);
        }
    }

    // spec: MAIL-CID (found by review: a comment that ended a line there ended what hid the text behind it, or was itself seen)
    #[test]
    fn where_a_browser_may_be_elsewhere_no_line_is_ended() {
        for (before, after) in [
            ("<b ><script><!-- ", "<script> </script> a<b ></script> --></script><b >"),
            ("<SCRIPT a ><!--", "<ScRiPt </script>a<b >"),
            ("<b ><svg><text><!", "[CDATA[ a > b<b ]]></text></svg><b >"),
            ("<math ><!", "[cdata[>a<b >"),
        ] {
            let html = format!("{before}{after}");
            let whole = marked(&html);
            assert!(whole.ends_with(after), "{whole}");
            let mut markup = Markup::default();
            html.bytes().for_each(|octet| markup.push(octet));
            assert!(!markup.is_text(), "{html}");
        }
    }
}
