//! Comments: where they end, and which of them Outlook reads as HTML.

/// Octets of a comment's content that are looked at.
const MAX_START: usize = 300;

/// A comment as it passes (HTML, 13.2.5.43 to 13.2.5.52).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// The first octets of its content.
    start: Vec<u8>,
    /// Dashes just before.
    dashes: u8,
    /// After `--!`.
    bang: bool,
    /// After `--` and white space.
    spaced: bool,
    /// Nothing but one dash came yet: `>` ends it.
    fresh: bool,
    condition: Condition,
}

/// Whether it is a conditional one: `[if …]>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// More must be seen.
    Unknown,
    /// In the condition.
    Stated,
    /// What follows is HTML to those whom it names.
    Met,
    No,
}

/// What one more octet means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// The comment goes on.
    Inside,
    /// HTML begins behind it for those whom the condition names.
    Opens,
    /// The comment ends with it.
    Ends,
    /// It ends by the standard (`<!-->`, `--!>`), and goes on for older readers.
    EndsForMost,
    /// It goes on by the standard, and ends for readers of SGML (`-- >`).
    EndsForSome,
}

impl Default for Comment {
    /// Right after `<!--`.
    fn default() -> Self {
        let condition = Condition::Unknown;
        Self { start: Vec::new(), dashes: 0, bang: false, spaced: false, fresh: true, condition }
    }
}

impl Comment {
    /// The first octets of its content.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// The same comment where `>` ended it for others.
    pub(super) fn goes_on(&self) -> Self {
        Self { dashes: 0, bang: false, spaced: false, fresh: false, ..self.clone() }
    }

    /// Whether only a dash can mean anything.
    pub(super) fn is_idle(&self) -> bool {
        let ends = self.dashes > 0 || self.bang || self.spaced || self.fresh;
        !ends && self.start.len() == MAX_START && self.condition != Condition::Stated
    }

    /// Whether a condition was stated whole.
    pub(super) fn is_conditional(&self) -> bool {
        self.condition == Condition::Met
    }

    /// Takes the next octet.
    pub(super) fn push(&mut self, octet: u8) -> Passed {
        if octet == b'>' {
            if self.dashes >= 2 {
                return Passed::Ends;
            }
            if self.bang || self.fresh {
                return Passed::EndsForMost;
            }
        }
        if self.start.len() < MAX_START {
            self.start.push(octet);
        } else if self.condition != Condition::Met {
            self.condition = Condition::No;
        }
        let ends_for_some = octet == b'>' && self.spaced;
        self.bang = octet == b'!' && self.dashes >= 2;
        self.spaced = octet.is_ascii_whitespace() && (self.spaced || self.dashes >= 2);
        self.dashes = if octet == b'-' { self.dashes.saturating_add(1) } else { 0 };
        self.fresh &= octet == b'-' && self.dashes < 2;
        let opens = self.condition(octet);
        match (opens, ends_for_some) {
            (true, _) => Passed::Opens,
            (false, true) => Passed::EndsForSome,
            (false, false) => Passed::Inside,
        }
    }

    fn condition(&mut self, octet: u8) -> bool {
        const IF: &[u8] = b"[if";
        if self.condition == Condition::Unknown {
            let seen = self.start.trim_ascii_start();
            let compared = seen.len().min(IF.len());
            if !seen[..compared].eq_ignore_ascii_case(&IF[..compared]) {
                self.condition = Condition::No;
            } else if let Some(next) = seen.get(IF.len()) {
                self.condition = if next.is_ascii_alphanumeric() { Condition::No } else { Condition::Stated };
            }
        }
        if self.condition != Condition::Stated || octet != b'>' {
            return false;
        }
        // Whoever looks for `>` alone reads on from here.
        if self.start.ends_with(b"]>") {
            self.condition = Condition::Met;
        }
        true
    }
}

/// Whether a comment with this content opens HTML that Outlook may hide and others see: `[if !mso]><!`.
pub(super) fn reveals(comment: &[u8]) -> bool {
    let starts = comment.trim_ascii_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"[if"));
    let Some(at) = memchr::memmem::find(comment, b"]>").filter(|_| starts) else { return false };
    let content = &comment[at + 2..];
    let dashes = content.iter().rev().take_while(|octet| **octet == b'-').count();
    content.starts_with(b"<!--") || &content[..content.len() - dashes] == b"<!"
}

/// Whether a declaration's octets (`<!…>`) open a part that Outlook shows or hides: `<![if …]>`.
pub(super) fn opens_revealed(declaration: &[u8]) -> bool {
    declaration.get(2..5).is_some_and(|start| start.eq_ignore_ascii_case(b"[if"))
}

/// Whether the content of a comment or declaration, without `<!` or `<!--`, closes one: `[endif]`, `<![endif]`.
pub(super) fn closes_revealed(content: &[u8]) -> bool {
    let content = content.trim_ascii_start();
    let content = content.strip_prefix(b"<!").unwrap_or(content);
    content.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"[endif"))
}
