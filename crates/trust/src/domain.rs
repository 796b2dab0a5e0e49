//! Domain names.

/// The name as A-labels in lower case without a final dot; none where DNS can have no such host or key name.
pub(crate) fn a_label(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let ascii = if name.is_ascii() { name.to_ascii_lowercase() } else { idna::domain_to_ascii(name).ok()? };
    is_dns_name(&ascii).then_some(ascii)
}

/// Labels of letters, digits, `-` and `_`, none empty or longer than 63; 253 octets in all. Such a name can go into a header
/// field, a question and a reply as it is.
pub(crate) fn is_dns_name(name: &str) -> bool {
    is_question(name) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A name for which DNS can be asked: labels of visible octets, as the macros of SPF make them of local parts.
pub(crate) fn is_question(name: &str) -> bool {
    name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'"')
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

/// Whether `name` is `top` or a name below it; both in lower case.
pub(crate) fn is_at_or_below(name: &str, top: &str) -> bool {
    name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_dns_has_them() {
        assert_eq!(a_label("Example.JP.").as_deref(), Some("example.jp"));
        assert_eq!(a_label("文箱.jp").as_deref(), Some("xn--7dv660c.jp"));
        for bad in ["", ".", "a..b", "a b.jp", "[192.0.2.1]", "a;b.jp", "a\r\n.jp", &"a".repeat(64)] {
            assert_eq!(a_label(bad), None, "{bad:?}");
        }
        assert!(is_question("a+b=c.example.jp") && !is_question("a\\b.jp") && !is_question("a..jp"));
    }

    #[test]
    fn below_means_at_a_label_s_border() {
        assert!(is_at_or_below("example.jp", "example.jp") && is_at_or_below("a.b.example.jp", "example.jp"));
        assert!(!is_at_or_below("badexample.jp", "example.jp") && !is_at_or_below("jp", "example.jp"));
    }
}
