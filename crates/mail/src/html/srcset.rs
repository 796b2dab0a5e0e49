//! The candidates of a `srcset`.

use std::ops::Range;

/// One candidate.
pub(crate) struct Candidate {
    pub(crate) url: Range<usize>,
    /// The URL, its descriptor, and the comma after it.
    pub(crate) whole: Range<usize>,
}

/// The candidates of a `srcset` value (HTML, 4.8.4.2.1), without reading the descriptors.
pub(crate) fn candidates(set: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let start =
            at + set[at..].len() - set[at..].trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',').len();
        if start == set.len() {
            return found;
        }
        let length = set[start..].find(|c: char| c.is_ascii_whitespace()).unwrap_or(set.len() - start);
        let url = set[start..start + length].trim_end_matches(',');
        let url_end = start + url.len();
        let end = if url.len() < length { start + length } else { descriptor_end(set, url_end) };
        found.push(Candidate { url: start..url_end, whole: start..end });
        at = end;
    }
}

/// After the comma that ends a descriptor; commas in parentheses do not.
fn descriptor_end(set: &str, from: usize) -> usize {
    let mut depth = 0u32;
    for (at, octet) in set.bytes().enumerate().skip(from) {
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    set.len()
}
