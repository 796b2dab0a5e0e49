//! Mail addresses and domains as they are kept, so that a user's is found by a mail's sender (spec MAIL-SENDER). Pure.

use super::is_address;

/// Octets of a domain.
const LONGEST_DOMAIN: usize = 253;

/// A domain as A-labels in lower case, each of letters, digits and hyphens (RFC 1123, 2.1), of 253 octets at most (RFC 1035, 3.1); none where it is no
/// domain, as an IPv4 address, whose last label no domain has.
#[must_use]
pub fn domain_as_kept(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let is_domain = (ascii.contains('.') || ascii == "localhost") && ascii.split('.').all(is_host_label);
    let is_address = ascii.rsplit('.').next().is_none_or(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (is_domain && !is_address && ascii.len() <= LONGEST_DOMAIN).then_some(ascii)
}

fn is_host_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An address with its domain as A-labels; none where it is no mail address.
#[must_use]
pub fn address_as_kept(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let kept = format!("{local}@{}", domain_as_kept(domain)?);
    is_address(&kept).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-SENDER X-OPERATOR
    #[test]
    fn what_is_no_domain_is_not_kept() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(longest.len(), LONGEST_DOMAIN);
        let kept = ["acme.example", "例え.jp", "1.2.3.example", "4.3.2.1.in-addr.arpa", "localhost", &longest];
        for domain in kept {
            assert!(domain_as_kept(domain).is_some(), "{domain}");
        }
        let too_long = format!("{longest}b");
        for none in
            ["1.2.3.4", "１．２．３．４", "acme.123", "[1.2.3.4]", "acme", "", ".", "a..b", "acme.example.", &too_long]
        {
            assert_eq!(domain_as_kept(none), None, "{none}");
        }
    }

    // spec: MAIL-SENDER
    #[test]
    fn an_address_is_kept_with_its_domain_as_a_labels() {
        let table = [
            ("taro@acme.example", Some("taro@acme.example")),
            ("Taro@ACME.example", Some("Taro@acme.example")),
            ("taro@例え.jp", Some("taro@xn--r8jz45g.jp")),
            ("\"a b\"@acme.example", Some("\"a b\"@acme.example")),
            ("a b@acme.example", None),
            ("taro@acme", None),
            ("taro@-acme.example", None),
            ("taro@", None),
            ("@acme.example", None),
            ("taro", None),
            ("a@b@acme.example", None),
            ("taro@acme.example\r\nBcc: x@y.example", None),
        ];
        for (typed, kept) in table {
            assert_eq!(address_as_kept(typed).as_deref(), kept, "{typed:?}");
        }
    }
}
