//! Networks of IP addresses, and lists of those from which somebody may come (spec X-ACCOUNTS). Pure.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// A network: `192.0.2.0/24`, `2001:db8::/32`; an address alone is a network of one. IPv4 written as IPv6 (`::ffff:192.0.2.1`) is IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It cannot be read.
    #[error("{0:?} is not a network: write 192.0.2.0/24, 2001:db8::/32 or an address")]
    Unread(String),
    /// It is an address within a network: nobody can say whether the one or the other is meant.
    #[error("{0:?} has more bits than its length says: write {1}, or the address alone")]
    Beyond(String, Network),
}

impl Network {
    /// Whether an address lies within it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// Bits before the IPv4 address in one that is written as IPv6 (RFC 4291, 2.5.5.2).
const MAPPED: u8 = 96;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let unread = || InvalidNetwork::Unread(text.to_owned());
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| unread())?,
        };
        let network = match (network.addr().to_canonical(), network) {
            (IpAddr::V4(address), IpNet::V6(mapped)) if mapped.prefix_len() >= MAPPED => {
                Ipv4Net::new(address, mapped.prefix_len() - MAPPED).map_err(|_| unread())?.into()
            }
            (_, network) => network,
        };
        let whole = Self(network.trunc());
        if whole.0 == network { Ok(whole) } else { Err(InvalidNetwork::Beyond(text.to_owned(), whole)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;
    fn try_from(text: String) -> Result<Self, InvalidNetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// The networks from which somebody may come; none is anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Networks(pub Vec<Network>);

impl Networks {
    /// Whether somebody may come from this address.
    #[must_use]
    pub fn permit(&self, address: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: X-ACCOUNTS
    #[test]
    fn a_list_permits_what_lies_within_one_of_its_networks() {
        let table: &[(&[&str], &str, bool)] = &[
            (&[], "203.0.113.9", true),
            (&[], "2001:db8::1", true),
            (&["192.0.2.0/24"], "192.0.2.255", true),
            (&["192.0.2.0/24"], "192.0.3.0", false),
            (&["192.0.2.0/24"], "2001:db8::1", false),
            (&["192.0.2.0/24"], "::ffff:192.0.2.7", true),
            (&["::ffff:192.0.2.0/120"], "192.0.2.7", true),
            (&["::ffff:192.0.2.7"], "192.0.2.7", true),
            (&["192.0.2.7"], "192.0.2.8", false),
            (&["198.51.100.0/25", "2001:db8::/32"], "2001:db8:ffff::1", true),
            (&["198.51.100.0/25", "2001:db8::/32"], "2001:db9::1", false),
            (&["198.51.100.0/25", "2001:db8::/32"], "198.51.100.128", false),
            (&["0.0.0.0/0"], "203.0.113.9", true),
            (&["0.0.0.0/0"], "2001:db8::1", false),
            (&["::/0"], "203.0.113.9", false),
            (&["::1"], "::1", true),
            (&["::1"], "::", false),
        ];
        for (list, address, permitted) in table {
            let list = Networks(list.iter().map(|network| network.parse().unwrap()).collect());
            assert_eq!(list.permit(address.parse().unwrap()), *permitted, "{list:?} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for (text, shown) in [("192.0.2.1", "192.0.2.1/32"), ("2001:DB8::/32", "2001:db8::/32"), ("::1", "::1/128")] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
            assert_eq!(serde_roundtrip(text).unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "localhost",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "192.0.2",
            "::/129",
            "fe80::1%eth0",
            " 192.0.2.1",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidNetwork::Unread(bad.to_owned())));
            assert!(serde_roundtrip(bad).is_err(), "{bad}");
        }
        let beyond = "192.0.2.9/24".parse::<Network>().unwrap_err().to_string();
        assert!(beyond.contains("192.0.2.0/24"), "{beyond}");
        assert!("2001:db8::1/32".parse::<Network>().is_err() && "::ffff:192.0.2.1/120".parse::<Network>().is_err());
    }

    fn serde_roundtrip(text: &str) -> Result<Network, InvalidNetwork> {
        Network::try_from(text.to_owned()).and_then(|network| Network::try_from(String::from(network)))
    }
}
