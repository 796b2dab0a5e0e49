//! An SPF record, read (RFC 7208, 4.6 and 12).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    SpfResult,
    macros::{MacroString, Place},
};

/// The record's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    /// Not heeded where there is `all`.
    pub(super) redirect: Option<MacroString>,
    pub(super) explanation: Option<MacroString>,
}

/// A mechanism, and the result where it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) result: SpfResult,
    pub(super) mechanism: Mechanism,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefixes),
    Mx(Option<MacroString>, Prefixes),
    Ptr(Option<MacroString>),
    Ip(IpAddr, u8),
    Exists(MacroString),
}

/// Prefix lengths in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub(super) four: u8,
    pub(super) six: u8,
}

/// Whether a TXT record is an SPF record (RFC 7208, 4.5).
pub(super) fn is_spf(text: &str) -> bool {
    let octets = text.as_bytes();
    octets.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"v=spf1"))
        && matches!(octets.get(6), None | Some(b' '))
}

impl Record {
    /// Reads the record; the error names the term that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut record = Self { directives: Vec::new(), redirect: None, explanation: None };
        for term in text.get(6..).unwrap_or_default().split(' ').filter(|term| !term.is_empty()) {
            record.term(term).ok_or_else(|| format!("the term {term:?} cannot be read"))?;
        }
        if record.directives.iter().any(|directive| directive.mechanism == Mechanism::All) {
            record.redirect = None;
        }
        Ok(record)
    }

    fn term(&mut self, term: &str) -> Option<()> {
        let end = term.find([':', '=', '/']).unwrap_or(term.len());
        if term[end..].starts_with('=') {
            return self.modifier(&term[..end], &term[end + 1..]);
        }
        let (result, name) = match term.as_bytes().first()? {
            b'+' => (SpfResult::Pass, &term[1..end]),
            b'-' => (SpfResult::Fail, &term[1..end]),
            b'~' => (SpfResult::SoftFail, &term[1..end]),
            b'?' => (SpfResult::Neutral, &term[1..end]),
            _ => (SpfResult::Pass, &term[..end]),
        };
        let mechanism = mechanism(&name.to_ascii_lowercase(), &term[end..])?;
        self.directives.push(Directive { result, mechanism });
        Some(())
    }

    fn modifier(&mut self, name: &str, value: &str) -> Option<()> {
        let lower = name.to_ascii_lowercase();
        let known = match lower.as_str() {
            "redirect" => Some(&mut self.redirect),
            "exp" => Some(&mut self.explanation),
            _ => None,
        };
        match known {
            // Twice is an error (RFC 7208, 6).
            Some(Some(_)) => None,
            Some(slot) => {
                *slot = Some(MacroString::parse(value, Place::Domain)?);
                Some(())
            }
            None => {
                let first = lower.as_bytes().first()?.is_ascii_alphabetic();
                let rest = lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
                (first && rest).then_some(())?;
                MacroString::parse(value, Place::Modifier).map(|_| ())
            }
        }
    }
}

/// `argument` begins with `:` or `/`, or is empty.
fn mechanism(name: &str, argument: &str) -> Option<Mechanism> {
    let spec = || MacroString::parse(argument.strip_prefix(':')?, Place::Domain);
    Some(match name {
        "all" if argument.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(spec()?),
        "exists" => Mechanism::Exists(spec()?),
        "ptr" if argument.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(spec()?)),
        "a" | "mx" => {
            let (target, prefixes) = target_and_prefixes(argument)?;
            if name == "a" { Mechanism::A(target, prefixes) } else { Mechanism::Mx(target, prefixes) }
        }
        "ip4" | "ip6" => {
            let network = argument.strip_prefix(':')?;
            let (address, length) = match network.split_once('/') {
                Some((address, length)) => (address, Some(length)),
                None => (network, None),
            };
            let (address, bits): (IpAddr, u8) = if name == "ip4" {
                (address.parse::<Ipv4Addr>().ok()?.into(), 32)
            } else {
                (address.parse::<Ipv6Addr>().ok()?.into(), 128)
            };
            Mechanism::Ip(address, length.map_or(Some(bits), |length| prefix(length, bits))?)
        }
        _ => return None,
    })
}

/// `[":" domain-spec] ["/" length] ["//" length]`. A domain-spec may have slashes itself, so it is read from the end.
fn target_and_prefixes(argument: &str) -> Option<(Option<MacroString>, Prefixes)> {
    let (rest, six) = match argument.rsplit_once("//") {
        Some((rest, length)) if is_number(length) => (rest, prefix(length, 128)?),
        _ => (argument, 128),
    };
    let (rest, four) = match rest.rsplit_once('/') {
        Some((rest, length)) if is_number(length) => (rest, prefix(length, 32)?),
        _ => (rest, 32),
    };
    let target = match rest {
        "" => None,
        rest => Some(MacroString::parse(rest.strip_prefix(':')?, Place::Domain)?),
    };
    Some((target, Prefixes { four, six }))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A prefix length without leading zeros, of at most `bits`.
fn prefix(text: &str, bits: u8) -> Option<u8> {
    let plain = is_number(text) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|length| plain && *length <= bits)
}

/// Whether the first `length` bits of two addresses are the same; never for addresses of two kinds.
pub(super) fn same_network(one: IpAddr, other: IpAddr, length: u8) -> bool {
    let length = u32::from(length);
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros() >= length,
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros() >= length,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    // spec: RCV-SPF (RFC 7208, 12)
    #[test]
    fn the_grammar_is_kept_strictly() {
        for good in [
            "v=spf1",
            "v=spf1  ",
            "V=SPF1 a mx -ALL",
            "v=spf1 a/24 a//64 a/24//64 a:b.example/8 mx:%{d}/1 mx//0",
            "v=spf1 A:foo:8/x.example.com",
            "v=spf1 ip4:192.0.2.0/24 IP6:2001:db8::/32 ip6:::ffff:1.2.3.4 ip4:1.2.3.4/0",
            "v=spf1 redirect=_spf.%{d} exp=why.%{d}",
            "v=spf1 exists:%{i}._s.%{d} ?ptr ptr:example.com ~include:example.com",
            "v=spf1 moo.x-y_z=%{d}abc unknown= a",
        ] {
            assert!(is_spf(good) && Record::parse(good).is_ok(), "{good}: {:?}", Record::parse(good));
        }
        for bad in [
            "a:",
            "a/33",
            "a//129",
            "a/024",
            "a/",
            "a//",
            "a/1/2",
            "a:/24",
            "a:museum",
            "a:b.example:80",
            "all:x.y",
            "all/8",
            "allx",
            "include",
            "include:",
            "include/24",
            "exists",
            "exists:",
            "ip4",
            "ip4:",
            "ip4:1.2.3",
            "ip4:1.2.3.4/33",
            "ip4:1.2.3.4/",
            "ip4:1.2.3.4//3",
            "ip4:2001:db8::1",
            "ip6:1.2.3.4",
            "ip6:::1/129",
            "ip6:::1/00",
            "ptr:",
            "ptr/8",
            "mx:",
            "+",
            "?exp=a.b",
            "exp=",
            "redirect=",
            "redirect=x",
            "redirect=a.b redirect=a.c",
            "exp=a.b exp=a.b",
            "1x=a",
            "=a",
            "x=%{z}",
            "x=%",
            "ip5:1.2.3.4",
            "a\u{a0}b",
            "-\tall",
            "--all",
        ] {
            assert!(Record::parse(&format!("v=spf1 {bad}")).is_err(), "{bad}");
        }
        for none in ["v=spf10", "v=spf1\tall", " v=spf1", "v=spf", "spf1", "v=spf1-all", "v=spf2.0/pra"] {
            assert!(!is_spf(none), "{none}");
        }
    }

    // spec: RCV-SPF (RFC 7208, 6.1)
    #[test]
    fn all_makes_redirect_void() {
        assert_eq!(Record::parse("v=spf1 redirect=a.b ?all").unwrap().redirect, None);
    }

    #[test]
    fn networks() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(
            same_network(ip("192.0.2.1"), ip("192.0.2.254"), 24) && !same_network(ip("192.0.2.1"), ip("192.0.3.1"), 24)
        );
        assert!(same_network(ip("1.2.3.4"), ip("9.9.9.9"), 0) && !same_network(ip("1.2.3.4"), ip("1.2.3.5"), 32));
        assert!(same_network(ip("2001:db8::1"), ip("2001:db8::2"), 64) && !same_network(ip("::1"), ip("::2"), 128));
        assert!(!same_network(ip("1.2.3.4"), ip("::"), 0));
    }
}
