//! Where in HTML one white space is as good as another: between tags, and between attributes. Elsewhere a line's end can mean something else than a
//! space: in CSS it ends a string, and what stood in it becomes rules; in `pre` it is seen.
//!
//! What readers of HTML read differently is taken for a place where it does mean something.

/// Elements whose content is not markup, or shows its white space, up to their end tag.
const KEPT: [&[u8]; 9] =
    [b"style", b"pre", b"listing", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"];
/// Elements from which on readers may differ in what is a tag: no place behind them is one for a line's end.
const UNSURE: [&[u8]; 8] = [b"script", b"noscript", b"plaintext", b"svg", b"math", b"select", b"frameset", b"template"];
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
    /// The element of [`KEPT`] that is open.
    kept: Option<&'static [u8]>,
    is_unsure: bool,
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
    /// Whether a line may be ended in place of the space that was the last octet.
    pub(super) fn may_end_line(&self) -> bool {
        !self.is_unsure
            && match self.state {
                State::Text => self.kept.is_none(),
                State::Between => self.kept.is_none_or(has_markup),
                _ => false,
            }
    }

    /// Whether a tag, or a comment, has begun and not ended.
    pub(super) const fn is_in_tag(&self) -> bool {
        !matches!(self.state, State::Text | State::Open | State::EndOpen)
    }

    /// Takes the next octet.
    pub(super) fn push(&mut self, octet: u8) {
        let octet = octet.to_ascii_lowercase();
        self.state = match self.state {
            State::Text => text(octet),
            State::Open => self.open(octet),
            State::EndOpen => match octet {
                b'a'..=b'z' => self.begin_tag(octet, true),
                _ if self.is_raw() => text(octet),
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

    fn open(&mut self, octet: u8) -> State {
        match octet {
            b'/' => State::EndOpen,
            _ if self.is_raw() => text(octet),
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
        if !ends {
            if self.name.len() < LONGEST_NAME {
                self.name.push(octet);
            }
            return State::Name;
        }
        // In a raw element there is no tag but its own end.
        if self.is_raw() && self.kept != Some(&*self.name) {
            return State::Text;
        }
        if octet == b'>' { self.end_tag() } else { State::Between }
    }

    fn end_tag(&mut self) -> State {
        let named = |names: &[&'static [u8]]| names.iter().copied().find(|name| *name == &*self.name);
        if self.is_end {
            self.kept = self.kept.filter(|kept| *kept != &*self.name);
        } else {
            self.kept = named(&KEPT).or(self.kept);
            self.is_unsure |= named(&UNSURE).is_some();
        }
        State::Text
    }

    /// Whether nothing is markup here but one end tag.
    fn is_raw(&self) -> bool {
        self.kept.is_some_and(|name| !has_markup(name))
    }
}

/// Whether an element that keeps its white space has tags in it.
fn has_markup(name: &[u8]) -> bool {
    matches!(name, b"pre" | b"listing")
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

    /// The text with `_` for each space at which a line may be ended.
    fn marked(html: &str) -> String {
        let mut markup = Markup::default();
        let mark = |octet: char| {
            markup.push(u8::try_from(octet).unwrap());
            if octet == ' ' && markup.may_end_line() { '_' } else { octet }
        };
        html.chars().map(mark).collect()
    }

    // spec: MAIL-CID MAIL-REBUILD (found by review: a line's end in a string of CSS made rules of what stood in it)
    #[test]
    fn a_line_is_ended_where_a_space_is_no_more_than_that() {
        for (html, places) in [
            ("a b<p class=x id='a b' title=\"c d\">e f", "a_b<p_class=x_id='a b'_title=\"c d\">e_f"),
            ("<style>a{content:'x y'}</style>z z", "<style>a{content:'x y'}</style>z_z"),
            ("<STYLE type=x>a b</b c>d e</style >f g", "<STYLE_type=x>a b</b c>d e</style >f_g"),
            ("<p style='a b > c d' x>e f", "<p_style='a b > c d'_x>e_f"),
            ("<pre>a b<b c d>e f</b></pre>g h", "<pre>a b<b_c d>e f</b></pre>g_h"),
            ("<pre><style>a '</pre> b</style>", "<pre><style>a '</pre> b</style>"),
            ("<title>a <b c</title>d e", "<title>a <b c</title>d_e"),
            ("<!-- a <b c=\" -->d e", "<!-- a <b c=\" -->d_e"),
            ("<!--> a <!---> b <!--!> c --> d", "<!-->_a_<!--->_b_<!--!> c -->_d"),
            ("<!-- a --!> b <!-- --!-> c --> d", "<!-- a --!>_b_<!-- --!-> c -->_d"),
            ("<![if x]>a b<?x y>c d</ x>e f", "<![if x]>a_b<?x y>c_d</ x>e_f"),
            ("<a b = 'c d' e =f g>", "<a_b = 'c d'_e =f_g>"),
            ("<a b=c'd e='f g'>h 'i j'", "<a_b=c'd_e='f g'>h_'i_j'"),
            ("<a =b 'c=\"d e\">", "<a_=b 'c=\"d e\">"),
            ("1 < 2 <3 a</b><br/ >c d", "1_<_2_<3_a</b><br/_>c_d"),
            ("<svg>a b</svg> c", "<svg>a b</svg> c"),
            ("a b<noscript c>d e</noscript>f g", "a_b<noscript_c>d e</noscript>f g"),
            ("<styles>a b<preview>c d", "<styles>a_b<preview>c_d"),
        ] {
            assert_eq!(marked(html), places);
        }
    }
}
