//! Comments: where they end, and which of them Outlook reads as HTML.

/// Finds a comment's end octet by octet (HTML, 13.2.5.43 to 13.2.5.52).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Right after `<!--`, where `>` and `->` end it.
    Start,
    /// `<!---`.
    StartDash,
    /// Nothing of an end.
    Nothing,
    /// `-`.
    Dash,
    /// `--`.
    DashDash,
    /// `--!`.
    DashDashBang,
}

/// What one more octet means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// What was held is content; then this octet is looked at again.
    Again,
    /// The first octet held is content, the rest and this one are held.
    Shift,
    /// This octet is held.
    Hold,
    /// This octet is content.
    Content,
    /// The comment ends here; what was held and this octet are its end.
    End,
}

impl End {
    /// The octets that may be the end's.
    pub(super) const fn held(self) -> &'static [u8] {
        match self {
            Self::Start | Self::Nothing => b"",
            Self::StartDash | Self::Dash => b"-",
            Self::DashDash => b"--",
            Self::DashDashBang => b"--!",
        }
    }

    pub(super) fn push(&mut self, octet: u8) -> Step {
        let (next, step) = match (*self, octet) {
            (Self::Start | Self::StartDash | Self::DashDash | Self::DashDashBang, b'>') => (Self::Nothing, Step::End),
            (Self::Start, b'-') => (Self::StartDash, Step::Hold),
            (Self::StartDash | Self::Dash, b'-') => (Self::DashDash, Step::Hold),
            (Self::Nothing, b'-') => (Self::Dash, Step::Hold),
            (Self::DashDash, b'-') => (Self::DashDash, Step::Shift),
            (Self::DashDash, b'!') => (Self::DashDashBang, Step::Hold),
            (Self::Nothing, _) => (Self::Nothing, Step::Content),
            _ => (Self::Nothing, Step::Again),
        };
        *self = next;
        step
    }
}

/// Whether a comment's or declaration's content so far can be, is, or is not the opening of a conditional one:
/// `[if …]>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// More must be seen.
    Unknown,
    /// Its condition ends with this content's last octet.
    Conditional,
    /// An ordinary comment.
    Ordinary,
}

/// Octets of a condition.
const MAX_CONDITION: usize = 256;

/// Reads the content of a comment as far as it is there.
pub(super) fn opening(content: &[u8]) -> Opening {
    const IF: &[u8] = b"[if";
    let compared = content.len().min(IF.len());
    if !content[..compared].eq_ignore_ascii_case(&IF[..compared])
        || content.get(IF.len()).is_some_and(u8::is_ascii_alphanumeric)
        || content.len() > MAX_CONDITION
    {
        return Opening::Ordinary;
    }
    if content.len() > IF.len() && content.ends_with(b"]>") { Opening::Conditional } else { Opening::Unknown }
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
