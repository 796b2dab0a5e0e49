//! Lists that are given a page at a time, and what they are searched for. Pure.

/// Characters of what is searched for that count.
pub const LONGEST_SEARCH: usize = 200;

/// What counts of a text that is searched for.
#[must_use]
pub fn sought(text: &str) -> String {
    text.trim().chars().take(LONGEST_SEARCH).collect()
}

/// Of rows that were asked for up to one more than `limit`: as many as that, and whether there are more.
#[must_use]
pub fn page<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-ADMIN, X-API
    #[test]
    fn a_page_has_its_rows_and_a_search_its_length() {
        assert_eq!(page(vec![1, 2, 3], 3), (vec![1, 2, 3], false));
        assert_eq!(page(vec![1, 2, 3], 2), (vec![1, 2], true));
        assert_eq!(page(Vec::<u8>::new(), 2), (vec![], false));
        assert_eq!(sought(" 見積 "), "見積");
        assert_eq!(sought(&"あ".repeat(100_000)), "あ".repeat(LONGEST_SEARCH));
    }
}
