//! Replies (RFC 5321, 4.2) with enhanced status codes (RFC 3463).

use std::fmt;

/// Text octets on one line of a reply: with code, enhanced code and CRLF it stays below the 512 of RFC 5321, 4.5.3.1.5.
const MAX_LINE_TEXT: usize = 480;

/// One reply. Its text is what the peer is told; a private cause belongs in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// Class, subject, detail; `(0, 0, 0)` where the reply carries none.
    pub enhanced: (u8, u16, u16),
    /// The text, a line each. ASCII, no line ends.
    pub text: String,
}

impl Reply {
    /// A reply of one line.
    #[must_use]
    pub fn new(code: u16, enhanced: (u8, u16, u16), text: impl Into<String>) -> Self {
        Self { code, enhanced, text: text.into() }
    }

    /// 2xx or 3xx.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code >= 200 && self.code < 400
    }

    /// 5xx.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// Appends the reply as it goes over the wire. What a line cannot carry (controls, non-ASCII) becomes `?`, and
    /// too long a text goes on in further lines, so that no text can forge a reply.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let lines = wrap(&self.text);
        let (class, subject, detail) = self.enhanced;
        let status = if class == 0 { String::new() } else { format!("{class}.{subject}.{detail} ") };
        for (i, line) in lines.iter().enumerate() {
            let separator = if i + 1 == lines.len() { ' ' } else { '-' };
            out.extend_from_slice(format!("{:03}{separator}{status}{line}\r\n", self.code).as_bytes());
        }
    }
}

/// The lines of a text: at `\n`, and where one would become too long. Never none.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut rest: String = line.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
        while rest.len() > MAX_LINE_TEXT {
            let at = rest[..MAX_LINE_TEXT].rfind(' ').filter(|at| *at > 0).unwrap_or(MAX_LINE_TEXT);
            let tail = rest.split_off(at);
            lines.push(std::mem::replace(&mut rest, tail.trim_start().to_owned()));
        }
        lines.push(rest);
    }
    lines
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, subject, detail) = self.enhanced;
        write!(f, "{}", self.code)?;
        if class != 0 {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        write!(f, " {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write_to(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_reply_is_written_with_its_codes() {
        assert_eq!(wire(&Reply::new(250, (2, 1, 0), "OK")), "250 2.1.0 OK\r\n");
        assert_eq!(wire(&Reply::new(354, (0, 0, 0), "Go on")), "354 Go on\r\n");
        assert_eq!(wire(&Reply::new(250, (0, 0, 0), "a\nb")), "250-a\r\n250 b\r\n");
    }

    #[test]
    fn a_text_cannot_forge_a_reply() {
        assert_eq!(wire(&Reply::new(550, (5, 1, 1), "no\r\n250 yes")), "550-5.1.1 no?\r\n550 5.1.1 250 yes\r\n");
        assert_eq!(wire(&Reply::new(550, (5, 1, 1), "宛先")), "550 5.1.1 ??\r\n");
    }

    #[test]
    fn a_long_text_goes_on_in_further_lines() {
        let text = format!("{} {}", "word ".repeat(150), "x".repeat(1200));
        let wire = wire(&Reply::new(451, (4, 3, 0), text));
        assert!(wire.lines().count() > 3);
        assert!(wire.split_inclusive("\r\n").all(|line| line.len() <= 512), "{wire}");
        assert!(wire.lines().last().is_some_and(|line| line.starts_with("451 4.3.0 ")));
    }
}
