//! A text in which somebody could take a line for the beginning of a mail's header, or of a file ([`crate::scan`]): a space is put before each such line,
//! and lines that are cut by some are ended where they may be. No word is changed.

use crate::scan::{LONGEST_OPENING, begins_file, begins_header, ends_with_opening};

/// Octets after which a line is ended at the next space, or before the next character of more than one octet.
const LONG: usize = 700;
/// Octets after which a plain text's line is ended before any character: some cut it here, and take the rest for a line.
const LONGEST: usize = 960;

/// The work on one text, whose lines end in CRLF.
#[derive(Debug, Default)]
pub(super) struct Indenter {
    /// HTML is ended at white space alone.
    is_html: bool,
    /// A flowed line goes on in the next where it ends in a space.
    is_flowed: bool,
    /// The line's beginning, until it is known what it begins.
    start: Vec<u8>,
    /// The start was written.
    within: bool,
    /// Octets of the line that were written.
    column: usize,
    /// The last of them, in lower case, of a line of HTML that could not be ended.
    tail: Vec<u8>,
    is_open: bool,
}

impl Indenter {
    pub(super) fn new(is_html: bool, is_flowed: bool) -> Self {
        Self { is_html, is_flowed, ..Self::default() }
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
        if begins_header(&start) || begins_file(&start) {
            out.push(b' ');
            self.column = 1;
        }
        for octet in start {
            self.write(octet, out);
        }
    }

    fn write(&mut self, octet: u8, out: &mut Vec<u8>) {
        let is_space = octet == b' ';
        let is_lead = octet >= 0xc0 && !self.is_html;
        let is_any = !(0x80..0xc0).contains(&octet) && !self.is_html && octet > b' ';
        if self.column >= LONG && is_space {
            out.extend_from_slice(if self.is_flowed { b" \r\n " } else { b"\r\n " });
            self.column = 1;
            return;
        }
        if self.column >= LONG && is_lead || self.column >= LONGEST && is_any {
            // Before the first character stands a space, so that it begins nothing.
            out.extend_from_slice(b"\r\n ");
            self.column = 1;
        }
        if self.column >= LONGEST && self.is_html {
            self.tail.push(octet.to_ascii_lowercase());
            self.tail.drain(..self.tail.len().saturating_sub(LONGEST_OPENING));
            self.is_open |= ends_with_opening(&self.tail);
        }
        out.push(octet);
        self.column += 1;
        if octet == b'\n' {
            self.within = false;
            self.column = 0;
            self.tail.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indented(text: &str) -> String {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut indenter = Indenter::new(false, false);
        indenter.push(text.as_bytes(), &mut whole);
        indenter.finish(&mut whole);
        let mut indenter = Indenter::new(false, false);
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
            &format!("{}From: x\r\n", "x".repeat(1021)),
            &"あ".repeat(900),
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
        for text in ["Hi\r\nthere, from me\r\n\r\n> From: a\r\n", "", "\r\n\r\n", "a"] {
            assert_eq!(indented(text), text);
        }
    }

    // spec: MAIL-AMBIGUOUS (found by a generator: a line of HTML that nothing ends is cut by some)
    #[test]
    fn html_without_white_space_that_begins_a_header_where_it_is_cut_is_told() {
        let is_open = |text: &str| {
            let mut indenter = Indenter::new(true, false);
            indenter.push(text.as_bytes(), &mut Vec::new());
            indenter.finish(&mut Vec::new());
            indenter.is_open()
        };
        let far = "x".repeat(1023);
        for word in ["From: x", "SUBJECT: x", "begin 644 a", "content-type:a"] {
            assert!(is_open(&format!("{far}{word}\r\n")), "{word}");
            assert!(!is_open(&format!("{far} {word}\r\n")), "{word}");
            assert!(!is_open(&format!("{far}\r\n{word}\r\n")), "{word}");
        }
    }
}
