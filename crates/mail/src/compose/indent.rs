//! A text in which somebody could take a line for the beginning of a mail's header, or of a file ([`crate::scan`]): a space is put before each such line,
//! and lines that are cut by some are ended where they may be. No word is changed, and no link is divided: in two pieces it leads nowhere.

use super::markup::Markup;
use crate::{
    outline::Flow,
    scan::{LONGEST_OPENING, begins_file, begins_header, opening_at_end},
};

/// Octets after which a line is ended at the next space, or between two ideographs: Chinese and Japanese have no spaces. In HTML it is in a comment at that space.
const LONG: usize = 700;
/// The same in HTML within a tag ([`Markup`]): early, so that few lines become so long that they need a comment.
const LONG_IN_TAG: usize = 160;
/// Octets after which a line is cut by somebody who takes the rest for a line again: what RFC 5322, 2.1.1 allows, with and without its end, and what
/// has room in the buffers that programs read lines into.
const CUTS: [usize; 7] = [998, 1000, 1023, 1024, 2047, 4095, 8191];

/// What has one of these in it is a link, or the path of a file on a server, up to white space or the end of a sentence in Japanese.
const LINKS: [&[u8]; 4] = [b"://", b"www.", b"\\\\", b":\\"];

/// The work on one text, whose lines end in CRLF.
#[derive(Debug, Default)]
pub(super) struct Indenter {
    /// Where in HTML it is; none in a plain text.
    markup: Option<Markup>,
    /// A flowed line goes on in the next where it ends in a space.
    flow: Flow,
    /// The line's beginning, until it is known what it begins.
    start: Vec<u8>,
    /// The start was written.
    within: bool,
    /// Octets of the line that were written.
    column: usize,
    /// One of [`LINKS`] was there since the last white space.
    in_link: bool,
    /// The last octets, the last of them behind all others.
    last: [u8; 4],
    /// The line is a quotation, whose rest would be nobody's on a line of its own.
    is_quoted: bool,
    /// The last octets, in lower case, of a line that could not be ended before the first cut.
    tail: Vec<u8>,
    is_open: bool,
}

impl Indenter {
    pub(super) fn new(is_html: bool, flow: Flow) -> Self {
        Self { markup: is_html.then(Markup::default), flow, ..Self::default() }
    }

    /// Takes the next octets; appends what is ready.
    pub(super) fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for octet in octets {
            if self.within {
                self.write(*octet, out);
            } else {
                self.start.push(*octet);
                if *octet == b'\n' || self.start.len() == LONGEST_OPENING {
                    self.begin(out);
                }
            }
        }
    }

    /// Appends the rest.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
    }

    /// Whether there is a line that could not be ended, and in it what begins a header, or a file, to who cuts it there.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        let start = std::mem::take(&mut self.start);
        self.within = true;
        self.is_quoted = self.markup.is_none() && start.trim_ascii_start().starts_with(b">");
        if begins_header(&start) || begins_file(&start) {
            // In a link in an attribute a tab is nothing (URL, 4.4), and a space is not.
            out.push(if self.markup.as_ref().is_some_and(Markup::is_in_tag) { b'\t' } else { b' ' });
            self.column = 1;
        }
        for octet in start {
            self.write(octet, out);
        }
    }

    fn write(&mut self, octet: u8, out: &mut Vec<u8>) {
        if self.markup.is_some() && self.write_markup(octet, out) {
            return;
        }
        let is_long = self.column >= LONG && !self.is_quoted && self.markup.is_none();
        if is_long && octet == b' ' {
            // RFC 3676: a flowed line goes on where it ends in a space, which belongs to the text unless `delsp` says otherwise; one before a line is none.
            let end: &[u8] = match self.flow {
                Flow::Fixed => b"\r\n ",
                Flow::Flowed { delsp: false } => b" \r\n ",
                Flow::Flowed { delsp: true } => b"  \r\n ",
            };
            return self.end_line(end, out);
        }
        // The octets with which ideographs begin in UTF-8.
        let is_ideograph = (0xe4..=0xe9).contains(&octet) && !self.last[3].is_ascii();
        if is_long && is_ideograph && !self.in_link {
            self.end_line(b"\r\n ", out);
        }
        out.push(octet);
        self.column += 1;
        self.last.rotate_left(1);
        self.last[3] = octet;
        self.in_link = match self.last {
            [.., b' ' | b'\t' | b'\n'] | [_, 0xe3, 0x80, 0x80 | 0x82] => false,
            last => self.in_link || LINKS.iter().any(|link| last.ends_with(link)),
        };
        if self.column > CUTS[0] {
            self.tail.push(octet.to_ascii_lowercase());
            self.tail.drain(..self.tail.len().saturating_sub(LONGEST_OPENING));
            self.is_open |= opening_at_end(&self.tail).is_some_and(|length| is_cut(self.column - length));
        }
        if octet == b'\n' {
            self.within = false;
            self.column = 0;
            self.tail.clear();
        }
    }

    /// Ends a line of HTML that is long, where that is nothing to anybody; says whether in place of the octet.
    fn write_markup(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        let Some(markup) = &mut self.markup else { return false };
        let ends_tag = octet == b'>' && markup.ends_with(self.last[3]);
        markup.push(octet);
        let (is_between, is_text) = (octet == b' ' && markup.is_between(), octet == b' ' && markup.is_text());
        if self.column >= LONG_IN_TAG && (ends_tag || is_between) {
            self.end_line(b"\r\n ", out);
            return is_between;
        }
        if self.column >= LONG && is_text {
            // White space would be seen where a style says so.
            self.end_line(b" <!--\r\n -->", out);
            return true;
        }
        false
    }

    /// Ends the line. What begins the next one has a space before it, and begins nothing.
    fn end_line(&mut self, end: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(end);
        self.column = end.iter().rev().take_while(|octet| **octet != b'\n').count();
        (self.in_link, self.last) = (false, [b' '; 4]);
        self.tail.clear();
    }
}

/// Whether somebody cuts a line before this octet of it.
fn is_cut(column: usize) -> bool {
    CUTS.iter().any(|cut| column.is_multiple_of(*cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indented(text: &str) -> String {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut indenter = Indenter::new(false, Flow::Fixed);
        indenter.push(text.as_bytes(), &mut whole);
        indenter.finish(&mut whole);
        let mut indenter = Indenter::new(false, Flow::Fixed);
        text.as_bytes().iter().for_each(|octet| indenter.push(&[*octet], &mut pieces));
        indenter.finish(&mut pieces);
        assert_eq!(whole, pieces);
        String::from_utf8(whole).unwrap()
    }

    // spec: MAIL-AMBIGUOUS (what some take for the beginning of a mail's header begins no line)
    #[test]
    fn no_line_begins_as_a_header_and_no_word_is_changed() {
        for text in [
            "From: a\r\nDATE x\r\nHi\r\n\r\nreceived\r\nContent-Type: a/b\r\nMIME-Version: 1.0",
            "x From\r\nfro\r\n\r\n",
            "boundary",
            "Hi\r\nBEGIN\t5 units\r\nbegin\r\n",
            &format!("{} Content-Type: x\r\nFrom", "x".repeat(800)),
            &"文箱の".repeat(300),
            &"word ".repeat(900),
        ] {
            let out = indented(text);
            assert!(
                out.split("\r\n")
                    .all(|line| !begins_header(line.as_bytes()) && !begins_file(line.as_bytes()) && line.len() < 1000),
                "{out}"
            );
            let without = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(without(&out), without(text));
        }
        // Where no word ends, no line does: Russian, German and Korean have spaces, and a mark belongs to the character before it.
        let unbroken =
            ["Straßenüber".repeat(90), "следующее".repeat(60), "한국말".repeat(100), "カ\u{3099}".repeat(130)];
        let others = ["Hi\r\nthere, from me\r\n\r\n> From: a\r\n", "", "\r\n\r\n", "a"];
        for text in others.into_iter().chain(unbroken.iter().map(String::as_str)) {
            assert_eq!(indented(text), text);
        }
    }

    // spec: MAIL-REBUILD (found by review: RFC 3676, words ran together; a link in two lines got a space)
    #[test]
    fn a_flowed_text_says_what_it_said_and_an_attribute_too() {
        let text = "word ".repeat(299) + "end";
        for delsp in [false, true] {
            let (mut indenter, mut out) = (Indenter::new(false, Flow::Flowed { delsp }), Vec::new());
            indenter.push(text.as_bytes(), &mut out);
            indenter.finish(&mut out);
            let out = String::from_utf8(out).unwrap();
            // As RFC 3676, 4.2 to 4.4 has it read.
            let lines: Vec<&str> = out.split("\r\n").collect();
            assert!(lines.len() == 3 && lines[..2].iter().all(|line| line.ends_with(' ')), "{out}");
            let shown = lines.iter().enumerate().map(|(at, line)| {
                let line = line.strip_prefix(' ').unwrap_or(line);
                if delsp && at < 2 { &line[..line.len() - 1] } else { line }
            });
            assert_eq!(shown.collect::<String>(), text);
        }
        let (mut indenter, mut out) = (Indenter::new(true, Flow::Fixed), Vec::new());
        indenter.push(b"<a href=\"https://a.example/?x=1&\r\nfrom=2\">x</a>\r\nFrom: a", &mut out);
        indenter.finish(&mut out);
        assert_eq!(out, b"<a href=\"https://a.example/?x=1&\r\n\tfrom=2\">x</a>\r\n From: a");
        // Found by review: a `>` in a title ended the tag. A string in a style sheet is not divided.
        let (mut indenter, mut out) = (Indenter::new(true, Flow::Fixed), Vec::new());
        let css = format!("<style>{}a{{font-family:'Segoe UI'}}</style>", "x{}".repeat(300));
        let text =
            format!("<a title=\"a > b\" href=\"https://a.example/?x=1&\r\nfrom=2\">{css}{} y<br>z", "z".repeat(700));
        indenter.push(text.as_bytes(), &mut out);
        indenter.finish(&mut out);
        assert_eq!(
            out,
            text.replace("from", "\tfrom")
                .replace("</style>", "</style\r\n >")
                .replace("z y", "z <!--\r\n -->y")
                .as_bytes()
        );
    }

    // spec: MAIL-AMBIGUOUS, MAIL-REBUILD (found by review: a long link was divided, and led nowhere)
    #[test]
    fn no_link_is_divided() {
        let signed =
            format!("https://a.example/x?{}&X-Date=1&response-content-disposition=y&from=z", "x%2F".repeat(400));
        let in_japanese = format!("https://a.example/{}", "文箱".repeat(200));
        // Found by review: 々, full-width digits and brackets are no end of a link; a server's files have a path.
        let in_words = format!("https://a.example/sites/佐々木商店（東京）/２０２６年/{}", "資料".repeat(150));
        let path = format!(r"\\server\共有\{}\見積.xlsx", "営業部".repeat(80));
        let bare = format!("www.example.jp/{}", "資料".repeat(150));
        let drive = format!(r"Z:\{}\見積.xlsx", "営業部".repeat(80));
        for link in [&signed, &in_japanese, &in_words, &path, &bare, &drive] {
            for before in ["", "こちらです：", &"文箱".repeat(115)] {
                let out = indented(&format!("Content-Type: x\r\n{before}{link}\r\nBye {link}\u{3000}{link}"));
                assert_eq!(out.matches(link).count(), 3, "{out}");
            }
        }
    }

    // spec: MAIL-AMBIGUOUS (found by a generator: a line that nothing ends is cut by some)
    #[test]
    fn a_line_without_white_space_that_begins_a_header_where_it_is_cut_is_told() {
        let is_open = |is_html: bool, text: &str| {
            let mut indenter = Indenter::new(is_html, Flow::Fixed);
            indenter.push(text.as_bytes(), &mut Vec::new());
            indenter.finish(&mut Vec::new());
            indenter.is_open()
        };
        for is_html in [true, false] {
            for (word, cut) in [("From: x", 1023), ("SUBJECT: x", 998), ("begin 644 a", 1024), ("content-type:a", 2046)]
            {
                let far = "x".repeat(cut);
                assert!(is_open(is_html, &format!("{far}{word}\r\n")), "{word}");
                assert!(is_open(is_html, &format!("a b\r\n{far}{word}")), "{word}");
                assert!(!is_open(is_html, &format!("x{far}xxx{word}\r\n")), "{word}");
                assert!(!is_open(is_html, &format!("{far} {word}\r\n")), "{word}");
                assert!(!is_open(is_html, &format!("{far}\r\n{word}\r\n")), "{word}");
            }
        }
        // Found by review: behind a comment's end, too, a line is as long as it is written.
        let behind = |octets: usize| is_open(true, &format!("{} {}From: x\r\n", "x".repeat(700), "y".repeat(octets)));
        assert_eq!((1015..1025).filter(|octets| behind(*octets)).collect::<Vec<_>>(), [1019, 1020]);
    }
}
