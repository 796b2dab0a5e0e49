//! The content of DATA (RFC 5321, 4.5.2): where it ends, and the dots that were stuffed.
//!
//! Only `<CRLF>.<CRLF>` ends it, and only a dot after a true CRLF is taken off. A bare CR or LF begins no line, so what
//! other readers might take for an end (`\n.\n`, `\r\n.\n`, `\n.\r\n`, `\r.\r`) is content like any other, and goes on as
//! it was sent (spec RCV-ESMTP: no smuggling).

use memchr::memmem;

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// After a true CRLF, or at the very beginning.
    LineStart,
    /// After a CR.
    Cr,
    /// Elsewhere.
    Within,
}

/// The state of one reading.
#[derive(Debug)]
pub struct ContentReader {
    at: At,
}

/// What was read of one piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Octets of content, which now lie at the front of the piece.
    pub content: usize,
    /// Octets used up. What is left (at most `.` and a CR) must come again with what follows it.
    pub used: usize,
    /// Whether the content ended with the octets used.
    pub ended: bool,
}

impl Default for ContentReader {
    fn default() -> Self {
        Self { at: At::LineStart }
    }
}

impl ContentReader {
    /// Reads a piece in place: its content is moved together at its front, which without stuffed dots moves nothing.
    pub fn read(&mut self, piece: &mut [u8]) -> Read {
        let finder = memmem::Finder::new(b"\r\n.");
        let (mut from, mut content) = (0, 0);
        loop {
            if self.at == At::LineStart && piece.get(from) == Some(&b'.') {
                match piece[from + 1..] {
                    [b'\r', b'\n', ..] => return Read { content, used: from + 3, ended: true },
                    [] | [b'\r'] => return Read { content, used: from, ended: false },
                    _ => {}
                }
                from += 1;
                self.at = At::Within;
            }
            // A line that begins in this piece after a CR in the last one is for `self.at` to know: the finder cannot.
            let to = match finder.find(&piece[from..]) {
                _ if self.at == At::Cr && piece[from..].starts_with(b"\n.") => from + 1,
                Some(found) => from + found + 2,
                None => piece.len(),
            };
            self.pass(&piece[from..to]);
            if content != from {
                piece.copy_within(from..to, content);
            }
            content += to - from;
            from = to;
            if from == piece.len() {
                return Read { content, used: from, ended: false };
            }
        }
    }

    /// Remembers how the octets passed end.
    fn pass(&mut self, octets: &[u8]) {
        self.at = match octets {
            [] => self.at,
            [.., b'\r', b'\n'] => At::LineStart,
            [b'\n'] if self.at == At::Cr => At::LineStart,
            [.., b'\r'] => At::Cr,
            _ => At::Within,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::ContentReader;

    /// Reads `input` in the pieces given; content, and what was left after its end.
    fn read(pieces: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
        let (mut reader, mut buffer, mut content) = (ContentReader::default(), Vec::new(), Vec::new());
        let mut pieces = pieces.iter();
        loop {
            let read = reader.read(&mut buffer);
            content.extend_from_slice(&buffer[..read.content]);
            buffer.drain(..read.used);
            assert!(read.ended || buffer.len() <= 2, "no more than a dot and a CR wait");
            if read.ended {
                pieces.for_each(|piece| buffer.extend_from_slice(piece));
                return (content, Some(buffer));
            }
            match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return (content, None),
            }
        }
    }

    /// Reads in one piece, octet by octet, and in two pieces cut anywhere: always the same.
    fn check(input: &[u8], content: &[u8], rest: Option<&[u8]>) {
        let expected = (content.to_vec(), rest.map(<[u8]>::to_vec));
        assert_eq!(read(&[input]), expected, "{:?}", String::from_utf8_lossy(input));
        assert_eq!(read(&input.chunks(1).collect::<Vec<_>>()), expected);
        for cut in 0..=input.len() {
            let (a, b) = input.split_at(cut);
            assert_eq!(read(&[a, b]), expected, "cut at {cut}");
        }
    }

    // spec: RCV-ESMTP
    #[test]
    fn only_crlf_dot_crlf_ends() {
        check(b".\r\n", b"", Some(b""));
        check(b"a\r\n.\r\nQUIT\r\n", b"a\r\n", Some(b"QUIT\r\n"));
        check(b"\r\n.\r\n", b"\r\n", Some(b""));
        check(b"a\r\n\r\n.\r\n.\r\n", b"a\r\n\r\n", Some(b".\r\n"));
        check(b"a\r\r\n.\r\n", b"a\r\r\n", Some(b""));
    }

    // spec: RCV-ESMTP: what other readers might take for an end is none, and is passed on
    #[test]
    fn no_other_ending_ends() {
        for (input, content) in [
            (&b"a\n.\nb"[..], &b"a\n.\nb"[..]),
            (b"a\r.\rb", b"a\r.\rb"),
            (b"a\n.\r\nb", b"a\n.\r\nb"),
            (b"a\r\n.\nb", b"a\r\n\nb"),
            (b"a\r\n.\rb", b"a\r\n\rb"),
            (b"a\r.\r\nb", b"a\r.\r\nb"),
            (b"a\n\r.\r\nb", b"a\n\r.\r\nb"),
            (b"a\r\n\0.\r\nb", b"a\r\n\0.\r\nb"),
            (b"a\r\0\n.\r\nb", b"a\r\0\n.\r\nb"),
            (b"a\r\n.\0\r\nb", b"a\r\n\0\r\nb"),
            (b"a\r\n.\r\0\nb", b"a\r\n\r\0\nb"),
            (b"\n.\r\nb", b"\n.\r\nb"),
            (b".\nb", b"\nb"),
            (b"a\r\n.\r\r\nb", b"a\r\n\r\r\nb"),
        ] {
            check(input, content, None);
            let mut whole = input.to_vec();
            whole.extend_from_slice(b"\r\n.\r\n.\r\n");
            let mut body = content.to_vec();
            body.extend_from_slice(b"\r\n");
            check(&whole, &body, Some(b".\r\n"));
        }
    }

    // spec: RCV-ESMTP: dots are taken off after a true CRLF only, one at a time
    #[test]
    fn stuffed_dots_are_taken_off() {
        check(b"..\r\n.\r\n", b".\r\n", Some(b""));
        check(b"..a\r\n..\r\n...\r\n.b\r\n.\r\n", b".a\r\n.\r\n..\r\nb\r\n", Some(b""));
        check(b"a\n..b\r..c\r\n.\r\n", b"a\n..b\r..c\r\n", Some(b""));
        check(b".\r\r\n.\r\n", b"\r\r\n", Some(b""));
        check(b"\r\n..\r\n..\r\n", b"\r\n.\r\n.\r\n", None);
    }

    // spec: RCV-ESMTP: nothing of a terminator leaks into the content
    #[test]
    fn half_a_terminator_is_not_content() {
        check(b"a\r\n.", b"a\r\n", None);
        check(b"a\r\n.\r", b"a\r\n", None);
    }
}
