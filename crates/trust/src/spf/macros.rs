//! Macro strings of SPF (RFC 7208, 7): what a record has in the place of a name, and the text of an explanation.

use std::{fmt::Write as _, net::IpAddr};

/// A macro string, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Expand { letter: u8, keep: usize, reverse: bool, delimiters: String, escape: bool },
}

/// Where a macro string stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A domain-spec: ends in a top label or in a macro, has no spaces.
    Domain,
    /// The value of a modifier that nobody here knows.
    Modifier,
    /// The text of an explanation: spaces, and the letters c, r and t.
    Explanation,
}

/// What the letters stand for.
pub(super) struct Values<'a> {
    pub(super) local: &'a str,
    pub(super) sender_domain: &'a str,
    pub(super) domain: &'a str,
    pub(super) ip: IpAddr,
    /// The validated name of the address, where the string asks for it.
    pub(super) validated: &'a str,
    pub(super) helo: &'a str,
    pub(super) receiver: &'a str,
    pub(super) now: i64,
}

impl MacroString {
    /// Reads a macro string; none where the grammar is not kept.
    pub(super) fn parse(text: &str, place: Place) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first != '%' {
                let visible = first.is_ascii_graphic() || (first == ' ' && place == Place::Explanation);
                if !visible {
                    return None;
                }
                literal.push(first);
                rest = &rest[1..];
                continue;
            }
            match rest.as_bytes().get(1)? {
                b'%' => literal.push('%'),
                b'_' => literal.push(' '),
                b'-' => literal.push_str("%20"),
                b'{' => {
                    let end = rest.find('}')?;
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(expansion(&rest[2..end], place)?);
                    rest = &rest[end + 1..];
                    continue;
                }
                _ => return None,
            }
            rest = &rest[2..];
        }
        if place == Place::Domain && !ends_as_domain(text) {
            return None;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Some(Self(pieces))
    }

    /// Whether the address's validated name is asked for (`%{p}`), which costs look-ups.
    pub(super) fn wants_validated_name(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Expand { letter: b'p', .. }))
    }

    /// The string with its macros put in. None where a local part outside ASCII would go in: such a term never matches
    /// (RFC 8616, 4).
    pub(super) fn expand(&self, values: &Values<'_>) -> Option<String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Expand { letter, keep, reverse, delimiters, escape } => {
                    let value = values.get(*letter);
                    if !value.is_ascii() {
                        return None;
                    }
                    let mut parts: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
                    if *reverse {
                        parts.reverse();
                    }
                    let value = parts[parts.len().saturating_sub(*keep)..].join(".");
                    if *escape { percent_encode(&value, &mut out) } else { out.push_str(&value) }
                }
            }
        }
        Some(out)
    }

    /// The string as a name to ask for: labels are taken from the left until it is short enough (RFC 7208, 7.3).
    pub(super) fn expand_name(&self, values: &Values<'_>) -> Option<String> {
        let mut name = self.expand(values)?;
        if name.ends_with('.') {
            name.pop();
        }
        while name.len() > 253 {
            let (_, rest) = name.split_once('.')?;
            name = rest.to_owned();
        }
        name.make_ascii_lowercase();
        Some(name)
    }
}

/// What stands between `%{` and `}`.
fn expansion(text: &str, place: Place) -> Option<Piece> {
    let (&first, _) = text.as_bytes().split_first()?;
    let letter = first.to_ascii_lowercase();
    let known = matches!(letter, b's' | b'l' | b'o' | b'd' | b'i' | b'p' | b'v' | b'h')
        || (place == Place::Explanation && matches!(letter, b'c' | b'r' | b't'));
    if !known {
        return None;
    }
    let rest = &text[1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let keep = match &rest[..digits] {
        "" => usize::MAX,
        // More digits than a name has labels: all of it.
        number => number.parse::<usize>().unwrap_or(usize::MAX),
    };
    let rest = &rest[digits..];
    let (reverse, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if keep == 0 || !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return None;
    }
    let delimiters = if delimiters.is_empty() { "." } else { delimiters }.to_owned();
    Some(Piece::Expand { letter, keep, reverse, delimiters, escape: first.is_ascii_uppercase() })
}

/// `domain-end`: a dot and a top label with or without a dot, or a macro.
fn ends_as_domain(text: &str) -> bool {
    let after_macro = text.rfind('}').is_some_and(|at| at + 1 == text.len());
    if after_macro || ["%%", "%_", "%-"].iter().any(|end| text.ends_with(end)) {
        return true;
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, top)) = text.rsplit_once('.') else { return false };
    let whole = !top.is_empty() && top.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    whole && !top.starts_with('-') && !top.ends_with('-') && !top.bytes().all(|b| b.is_ascii_digit())
}

fn percent_encode(text: &str, out: &mut String) {
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            // Writing into a String does not fail.
            let _ = write!(out, "%{octet:02X}");
        }
    }
}

impl Values<'_> {
    fn get(&self, letter: u8) -> String {
        match letter {
            b's' => format!("{}@{}", self.local, self.sender_domain),
            b'l' => self.local.to_owned(),
            b'o' => self.sender_domain.to_owned(),
            b'd' => self.domain.to_owned(),
            b'i' => dotted(self.ip),
            b'p' => self.validated.to_owned(),
            b'v' => if self.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            b'h' => self.helo.to_owned(),
            b'c' => self.ip.to_string(),
            b'r' => self.receiver.to_owned(),
            _ => self.now.to_string(),
        }
    }
}

/// An address as `%{i}` has it: IPv6 as nibbles.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let nibbles: Vec<String> =
                ip.octets().iter().flat_map(|octet| [octet >> 4, octet & 15]).map(|n| format!("{n:x}")).collect();
            nibbles.join(".")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn values(ip: &str) -> Values<'_> {
        Values {
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            ip: ip.parse().unwrap(),
            validated: "mx.example.org",
            helo: "mx.example.org",
            receiver: "gateway.example.jp",
            now: 1_790_000_000,
        }
    }

    // spec: RCV-SPF (RFC 7208, 7.4: the examples there)
    #[test]
    fn the_examples_of_the_rfc() {
        for (text, wanted) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("%{S}", "strong-bad%40email.example.com"),
            ("%%%_%-x.%{h}", "% %20x.mx.example.org"),
        ] {
            let read = MacroString::parse(text, Place::Domain).unwrap();
            assert_eq!(read.expand(&values("192.0.2.3")).unwrap(), wanted, "{text}");
        }
        let six = MacroString::parse("%{ir}.%{v}._spf.%{d2}", Place::Domain).unwrap();
        assert_eq!(
            six.expand(&values("2001:db8::cb01")).unwrap(),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
        );
        let why = MacroString::parse("%{c} is none of %{d}'s, says %{r} at %{t}", Place::Explanation).unwrap();
        assert_eq!(
            why.expand(&values("192.0.2.3")).unwrap(),
            "192.0.2.3 is none of email.example.com's, says gateway.example.jp at 1790000000"
        );
    }

    // spec: RCV-SPF (RFC 7208, 7.1)
    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "%", "%x.com", "%{", "%{d", "%{d0}", "%{x}", "%{}", "%{c}", "%{d2*}", "%{dr2}", "a", "museum.", "a.123",
            "a.-b", "a.b-", "a b.com", "é.com", "", "a.com:80",
        ] {
            assert_eq!(MacroString::parse(bad, Place::Domain), None, "{bad}");
        }
        for good in ["a.b", "a.b.", "foo:bar/baz.example.com", "%{d}", "x%%", "a.1b", "%{d99999999999999999999}"] {
            assert!(MacroString::parse(good, Place::Domain).is_some(), "{good}");
        }
    }

    // spec: RCV-SPF (RFC 7208, 7.3; RFC 8616, 4)
    #[test]
    fn long_names_lose_labels_and_foreign_local_parts_do_not_match() {
        let read = MacroString::parse("%{l}.%{d}", Place::Domain).unwrap();
        let long = format!("{}.{}", "a".repeat(200), "b".repeat(60));
        let name = read.expand_name(&Values { local: &long, ..values("192.0.2.3") }).unwrap();
        assert_eq!(name, format!("{}.email.example.com", "b".repeat(60)));
        assert_eq!(read.expand(&Values { local: "文箱", ..values("192.0.2.3") }), None);
    }
}
