//! Whether a URL is a `data:` one, read as a browser reads it and then some: white space and control characters
//! dropped, without case.

use crate::html::candidates;

const SCHEME: &str = "data:";

/// Whether this is a `data:` URL.
pub(super) fn is_data(url: &str) -> bool {
    let dropped = |c: &char| c.is_control() || c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{ad}');
    let mut seen = url.chars().filter(|c| !dropped(c)).map(|c| c.to_ascii_lowercase());
    SCHEME.chars().all(|expected| seen.next() == Some(expected))
}

/// Whether a `srcset` has one. A comma ends a URL for some readers, though by the standard only white space does.
pub(super) fn in_srcset(set: &str) -> bool {
    candidates(set).into_iter().any(|candidate| set[candidate.url].split(',').any(is_data))
}
