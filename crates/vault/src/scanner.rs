//! The virus scanner (spec KEEP-VIRUS): clamd, or none, which is said aloud.

/// Where files are scanned.
#[derive(Debug, Clone)]
pub enum Scanner {
    /// No scanner: only by configuration, and said at start and on every screen.
    None,
}
