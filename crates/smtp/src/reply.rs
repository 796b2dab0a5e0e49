//! Replies (RFC 5321, 4.2) with enhanced status codes (RFC 3463).

use std::fmt;

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
