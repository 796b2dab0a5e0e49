//! Mail addresses and domains as they are kept, so that a user's is found by a mail's sender (spec MAIL-SENDER). Pure.

use super::is_address;

/// A domain as A-labels in lower case, each of letters, digits and hyphens (RFC 1123, 2.1); none where it is no domain.
#[must_use]
pub fn domain_as_kept(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let is_domain = (ascii.contains('.') || ascii == "localhost") && ascii.split('.').all(is_host_label);
    is_domain.then_some(ascii)
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
