//! Paths (RFC 5321, 4.1.2; RFC 6531, 3.3), read a little more widely than the grammar: dots may stand anywhere in a
//! local part, since old Japanese carriers issued `a..b@` and `a.@` (spec 3.4).

use std::net::{Ipv4Addr, Ipv6Addr};

/// Octets in a mailbox: a path's 256 of RFC 5321, 4.5.3.1.3, less its brackets. The 64 of a local part are not insisted
/// on: bounce addresses that carry another address in theirs are longer.
const MAX_MAILBOX: usize = 254;

/// Splits `<path>rest` after the bracket that closes it; a `>` in a quoted local part closes nothing.
pub(super) fn split_path(input: &str) -> Option<(&str, &str)> {
    let inner = input.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in inner.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some((&inner[..at], &inner[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The mailbox of a path: a source route is taken off (RFC 5321, 4.1.1.3), a quoted local part is kept as written.
pub(super) fn mailbox_of_path(path: &str) -> Option<&str> {
    let mailbox = match path.strip_prefix('@') {
        None => path,
        Some(route) => {
            let (hosts, mailbox) = route.split_once(':')?;
            let mut hosts = hosts.split(',').enumerate();
            let good = |(i, host): (usize, &str)| {
                is_domain(if i == 0 { host } else { host.strip_prefix('@').unwrap_or_default() })
            };
            if !hosts.all(good) {
                return None;
            }
            mailbox
        }
    };
    is_mailbox(mailbox).then_some(mailbox)
}

/// Whether `text` is a mailbox: `local@domain`, where the local part is quoted or of atoms and dots in any order, and
/// the domain a name or an address literal. At most 254 octets. Letters beyond ASCII are let through (RFC 6531): whether
/// they may stand here is for the caller to say.
#[must_use]
pub fn is_mailbox(text: &str) -> bool {
    if text.len() > MAX_MAILBOX {
        return false;
    }
    match text.strip_prefix('"') {
        Some(quoted) => end_of_quoted(quoted).and_then(|end| quoted[end..].strip_prefix('@')).is_some_and(is_domain),
        None => text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && local.chars().all(is_local) && is_domain(domain)),
    }
}

/// Whether an address may be put into a command of ours: nothing in it can end the path or the line.
#[cfg(feature = "net")]
pub(crate) fn is_sendable(address: &str) -> bool {
    is_mailbox(address) || address.eq_ignore_ascii_case("postmaster")
}

/// Where a quoted string that began before `text` has ended, its closing quote included.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(at + 1),
            '\\' => {
                chars.next().filter(|(_, c)| *c == ' ' || c.is_ascii_graphic())?;
            }
            ' ' => {}
            c if is_text(c) => {}
            _ => return None,
        }
    }
    None
}

/// A character of an atom, or a dot.
fn is_local(c: char) -> bool {
    is_text(c) && !"()<>[]:;@\\,\"".contains(c)
}

/// Printable ASCII but space, or what RFC 6531 adds.
fn is_text(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_graphic() } else { !c.is_control() && !c.is_whitespace() }
}

/// Whether `text` is a domain name, A-labels, U-labels or both, or an address literal.
fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return is_literal(literal);
    }
    let good = |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() || c == '-' || c == '_' } else { is_text(c) };
    let label = |label: &str| {
        let ascii_too_long = label.is_ascii() && label.len() > 63;
        !label.is_empty()
            && !ascii_too_long
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(good)
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The inside of an address literal (RFC 5321, 4.1.3).
fn is_literal(text: &str) -> bool {
    const TAG: &str = "IPv6:";
    match text.get(..TAG.len()) {
        Some(tag) if tag.eq_ignore_ascii_case(TAG) => text[TAG.len()..].parse::<Ipv6Addr>().is_ok(),
        _ => text.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_mailbox, mailbox_of_path, split_path};

    // spec: 3.4 (dots at odd places)
    #[test]
    fn what_real_senders_use_is_a_mailbox() {
        for good in [
            "a@example.jp",
            "a..b@docomo.ne.jp",
            "a.@ezweb.ne.jp",
            ".a@ezweb.ne.jp",
            "a+tag@example.jp",
            "\"a b\"@example.jp",
            "\"a\\\"@b\"@example.jp",
            "\"\"@example.jp",
            "o'brien/x=y@example.jp",
            "postmaster@[127.0.0.1]",
            "a@[IPv6:2001:db8::1]",
            "a@localhost",
            "a@under_score.example",
            "田中@例え.jp",
            "a@xn--r8jz45g.jp",
        ] {
            assert!(is_mailbox(good), "{good}");
        }
    }

    #[test]
    fn what_is_no_mailbox_is_refused() {
        for bad in [
            "",
            "a",
            "@example.jp",
            "a@",
            "a@b@c",
            "a b@example.jp",
            "a@example..jp",
            "a@example.jp.",
            "a@-example.jp",
            "a@[127.0.0.256]",
            "a@[IPv6:::g]",
            "a@[]",
            "\"a@example.jp",
            "\"a\"b@example.jp",
            "a\"b\"@example.jp",
            "a,b@example.jp",
            "a\\b@example.jp",
            "a\u{3000}b@example.jp",
            "a@exam ple.jp",
            "a@exa\u{200B}\u{85}mple.jp",
        ] {
            assert!(!is_mailbox(bad), "{bad}");
        }
        assert!(is_mailbox(&format!("{}@example.jp", "a".repeat(200))));
        assert!(!is_mailbox(&format!("{}@example.jp", "a".repeat(250))));
        assert!(!is_mailbox(&format!("a@{}.jp", "a".repeat(64))));
    }

    #[test]
    fn source_routes_are_taken_off() {
        assert_eq!(mailbox_of_path("@a.example,@b.example:c@d.example"), Some("c@d.example"));
        assert_eq!(mailbox_of_path("@a.example:\"x:y\"@d.example"), Some("\"x:y\"@d.example"));
        for bad in ["@a.example", "@a.example:", "@:c@d", "@a,b:c@d", "@a b:c@d"] {
            assert_eq!(mailbox_of_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_bracket_in_quotes_closes_nothing() {
        assert_eq!(split_path("<a@b> X=1"), Some(("a@b", " X=1")));
        assert_eq!(split_path("<\"a>\\\">\"@b>"), Some(("\"a>\\\">\"@b", "")));
        assert_eq!(split_path("<>"), Some(("", "")));
        for bad in ["a@b", "<a@b", "<\"a>@b"] {
            assert_eq!(split_path(bad), None, "{bad}");
        }
    }
}
