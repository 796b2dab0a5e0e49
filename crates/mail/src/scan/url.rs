//! Whether a URL is a `data:` one, read as a browser reads it: white space and control characters dropped, without case.

const SCHEME: &[u8] = b"data:";

/// Looks at a URL from its beginning, character by character.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UrlMatch {
    matched: usize,
    dead: bool,
}

impl UrlMatch {
    /// Takes the next character; true once it is a `data:` URL.
    pub(super) fn push(&mut self, c: char) -> bool {
        if self.dead || c.is_control() || c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{ad}') {
            return false;
        }
        if SCHEME.get(self.matched).is_some_and(|expected| c.eq_ignore_ascii_case(&char::from(*expected))) {
            self.matched += 1;
            self.dead = self.matched == SCHEME.len();
            return self.dead;
        }
        self.dead = true;
        false
    }
}

/// Looks at the URLs of a `srcset` (the HTML standard, 4.8.4.2.1).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SrcsetMatch {
    state: Candidate,
}

#[derive(Debug, Clone, Copy, Default)]
enum Candidate {
    #[default]
    Before,
    Url(UrlMatch),
    Descriptors,
}

impl SrcsetMatch {
    /// Takes the next character; true once there is a `data:` URL.
    pub(super) fn push(&mut self, c: char) -> bool {
        let space = c.is_ascii_whitespace();
        self.state = match self.state {
            Candidate::Before if space || c == ',' => return false,
            Candidate::Url(_) if space => Candidate::Descriptors,
            Candidate::Url(_) | Candidate::Descriptors if c == ',' => Candidate::Before,
            Candidate::Descriptors => return false,
            Candidate::Before => Candidate::Url(UrlMatch::default()),
            url @ Candidate::Url(_) => url,
        };
        match &mut self.state {
            Candidate::Url(url) => url.push(c),
            Candidate::Before | Candidate::Descriptors => false,
        }
    }
}
