//! How mail addresses are compared: the one place for it (spec 3.4, MAIL-SENDER, X-APPROVAL, X-ACCOUNTS). What decides by an address (who deposits, who may not
//! approve, where files may go, who signs in) compares it as [`compared`] writes it, or it would be a way round the rule to write it otherwise.

/// An address as it is compared: without case, its domain as A-labels and without a dot at its end, its local part as [`canonical`] has it. An address
/// that is compared so already stays as it is.
#[must_use]
pub fn compared(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let domain = a_label(domain);
            format!("{}@{}", canonical(&local.to_lowercase()), domain.trim_end_matches('.'))
        }
        None => address.to_lowercase(),
    }
}

/// A domain as A-labels; one that cannot be written so, in lower case.
#[must_use]
pub fn a_label(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// The addresses, as they are compared, whose user sends with this one: it itself, and where its local part has a tag (`local+tag@`, RFC 5233) the same
/// without, the longest first. Nobody becomes another by adding a tag.
#[must_use]
pub fn senders(address: &str) -> Vec<String> {
    let address = compared(address);
    let mut all = vec![address.clone()];
    if let Some((local, domain)) = address.rsplit_once('@') {
        let said = content(local).unwrap_or_else(|| local.to_owned());
        let untagged = said.match_indices('+').rev().map(|(at, _)| &said[..at]).filter(|local| !local.is_empty());
        all.extend(untagged.take(MOST_TAGS).map(|local| format!("{}@{domain}", written(local))));
    }
    all
}

/// Tags that are looked behind.
const MOST_TAGS: usize = 16;

/// A local part in the one form that all ways of writing it have (RFC 5321, 4.1.2: quotes and quoted pairs are no part of what it says): without quotes where
/// it needs none, else in one quoted string in which nothing is escaped that need not be. One that cannot be read stays.
#[must_use]
pub fn canonical(local: &str) -> String {
    content(local).map_or_else(|| local.to_owned(), |said| written(&said))
}

/// What a local part says; none where a quoted string does not end.
fn content(local: &str) -> Option<String> {
    let (mut said, mut quoted) = (String::with_capacity(local.len()), false);
    let mut chars = local.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => said.push(chars.next()?),
            c => said.push(c),
        }
    }
    (!quoted).then_some(said)
}

/// A local part that says this. Dots at odd places need no quotes: old carriers' addresses have them (`a..b@`).
fn written(said: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"()<>[]:;@\\,\"".contains(c);
    if !said.is_empty() && said.chars().all(is_plain) {
        return said.to_owned();
    }
    format!("\"{}\"", said.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: 3.4 MAIL-SENDER X-APPROVAL
    #[test]
    fn every_way_of_writing_an_address_is_compared_as_one() {
        for (one, others) in [
            (
                "yamada@acme.example",
                &[
                    "\"yamada\"@acme.example",
                    "\"yama\\da\"@acme.example",
                    "\"\\y\\a\\m\\a\\d\\a\"@acme.example",
                    "\"yam\"\"ada\"@acme.example",
                    "yama\\da@acme.example",
                    "YAMADA@ACME.EXAMPLE.",
                    "Yamada@acme.example",
                    "yamada@acme。example",
                ][..],
            ),
            (
                "yamada.h@acme.example",
                &["\"yamada.h\"@acme.example", "\"yamada\".h@acme.example", "yamada.\"h\"@acme.example"],
            ),
            ("a..b@docomo.example", &["\"a..b\"@docomo.example", "\"a\"..b@docomo.example"]),
            ("\"a b\"@acme.example", &["\"a\\ b\"@acme.example", "\"A b\"@acme.example", "a\\ b@acme.example"]),
            ("\"a@b\"@acme.example", &["\"a\\@b\"@acme.example"]),
            ("\"a\\\"b\"@acme.example", &["a\\\"b@acme.example"]),
            ("\"\"@acme.example", &["@acme.example"]),
            ("山田@xn--6oq404h.example", &["\"山田\"@会社.example", "山田@会社.EXAMPLE"]),
        ] {
            assert_eq!(compared(one), one, "it is not its own form");
            for other in others {
                assert_eq!(compared(other), one, "{other}");
            }
        }
    }

    // spec: 3.4 MAIL-SENDER
    #[test]
    fn addresses_of_two_mailboxes_stay_two() {
        let all = [
            "ab@a.example",
            "\"a b\"@a.example",
            "\"a\\\\b\"@a.example",
            "a.b@a.example",
            "a+b@a.example",
            "ab@b.example",
            "\"ab@a.example",
            "ab",
            "ab\\@a.example",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(compared(one), compared(other), "{one} {other}");
            }
            assert_eq!(compared(&compared(one)), compared(one), "{one}");
        }
    }

    // spec: MAIL-SENDER X-APPROVAL
    #[test]
    fn a_tag_makes_nobody_another() {
        assert_eq!(senders("Sato+x@acme.example"), ["sato+x@acme.example", "sato@acme.example"]);
        assert_eq!(senders("\"sato+x\"@acme.example"), ["sato+x@acme.example", "sato@acme.example"]);
        assert_eq!(senders("\"sato+x y\"@acme.example"), ["\"sato+x y\"@acme.example", "sato@acme.example"]);
        assert_eq!(senders("a+b+c@acme.example"), ["a+b+c@acme.example", "a+b@acme.example", "a@acme.example"]);
        for one in ["+x@acme.example", "sato@acme.example", "nobody", ""] {
            assert_eq!(senders(one), [one]);
        }
        assert!(senders(&format!("{}@acme.example", "a+".repeat(400))).len() < 20);
    }
}
