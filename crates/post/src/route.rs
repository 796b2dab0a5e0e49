//! Where a mail goes next: a smarthost, or the MX hosts of the recipient's domain (RFC 5321, 5.1). Decisions over what
//! DNS said are pure functions; [`Router::route`] asks DNS and calls them.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use crate::resolver::{Answer, Dns, DnsFailure, Mx};

/// Hosts of a domain that are tried in one round, and addresses of a host. More than that is a waste of the sender's time:
/// the next round comes.
const MAX_HOSTS: usize = 8;
const MAX_ADDRESSES: usize = 4;

/// Deliveries with the same next hop share transactions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NextHop {
    /// The smarthost takes everything.
    Smarthost,
    /// The MX hosts of a domain (an A-label name in lower case).
    Domain(String),
    /// An address literal, `user@[192.0.2.1]`.
    Address(IpAddr),
}

/// A smarthost: `host:port`, `host`, `192.0.2.1:25` or `[2001:db8::1]:25`. Its addresses are looked up, not its MX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smarthost {
    /// A name or an address.
    pub host: String,
    /// The port, where one is given.
    pub port: Option<u16>,
}

/// A smarthost that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a smarthost is written as host:port")]
pub struct InvalidSmarthost;

impl FromStr for Smarthost {
    type Err = InvalidSmarthost;
    fn from_str(text: &str) -> Result<Self, InvalidSmarthost> {
        let port = |digits: &str| digits.parse::<u16>().ok().filter(|port| *port > 0).ok_or(InvalidSmarthost);
        if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or(InvalidSmarthost)?;
            host.parse::<IpAddr>().map_err(|_| InvalidSmarthost)?;
            let port = match after {
                "" => None,
                after => Some(port(after.strip_prefix(':').ok_or(InvalidSmarthost)?)?),
            };
            return Ok(Self { host: host.to_owned(), port });
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: None });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, digits)) => (host, Some(port(digits)?)),
            None => (text, None),
        };
        let host =
            if host.parse::<IpAddr>().is_ok() { host.to_owned() } else { a_label(host).ok_or(InvalidSmarthost)? };
        Ok(Self { host, port })
    }
}

/// Why there is no way to a recipient: the reply that stands in the place of a host's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Whether it ended badly; otherwise it is tried again.
    pub permanent: bool,
    /// Enhanced status code (RFC 3463).
    pub status: (u8, u16, u16),
    /// What a person can read, in English, for the log and the queue.
    pub text: String,
}

impl Refused {
    fn permanent(subject: u16, detail: u16, text: impl Into<String>) -> Self {
        Self { permanent: true, status: (5, subject, detail), text: text.into() }
    }

    fn dns_trouble(name: &str, why: &str) -> Self {
        Self { permanent: false, status: (4, 4, 3), text: format!("DNS gave no answer for {name}: {why}") }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, subject, detail) = self.status;
        let code = if self.permanent { 550 } else { 451 };
        write!(f, "{code} {class}.{subject}.{detail} {}", self.text)
    }
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name for the certificate and the log.
    pub name: String,
    /// The address.
    pub address: SocketAddr,
    /// DNSSEC vouches for the way from the domain to the host's address, so that its TLSA records count (RFC 7672, 2.2).
    pub authentic: bool,
}

/// The domain part of a recipient's address as its next hop.
///
/// # Errors
/// [`Refused`] (5.1.3) where there is no domain, or it is none that DNS can have.
pub fn next_hop(recipient: &str) -> Result<NextHop, Refused> {
    let malformed = || Refused::permanent(1, 3, "the address has no usable domain");
    let domain = recipient.rsplit_once('@').map(|(_, domain)| domain).ok_or_else(malformed)?;
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let six = literal.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
        let address =
            if six { literal[5..].parse::<Ipv6Addr>().map(IpAddr::V6) } else { literal.parse().map(IpAddr::V4) };
        return address.map(NextHop::Address).map_err(|_| malformed());
    }
    a_label(domain).map(NextHop::Domain).ok_or_else(malformed)
}

/// A domain as A-labels in lower case (RFC 5891), without its final dot; none where it cannot be one.
#[must_use]
pub fn a_label(domain: &str) -> Option<String> {
    let name = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    let fits = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    fits.then_some(name)
}

/// The hosts that take mail for a domain, in the order in which they are tried: by preference, by chance within the same.
/// `random` gives one number a host. A domain without MX takes its mail itself.
///
/// # Errors
/// [`Refused`]: 5.1.10 null MX (RFC 7505), 5.1.2 no such domain, 5.4.6 the best host is ourselves, 4.4.3 DNS trouble.
pub fn exchangers(
    domain: &str,
    answer: Result<Vec<Mx>, DnsFailure>,
    own_names: &[String],
    mut random: impl FnMut() -> u64,
) -> Result<Vec<String>, Refused> {
    let records = match answer {
        Ok(records) => records,
        Err(DnsFailure::NoSuchName) => {
            return Err(Refused::permanent(1, 2, format!("the domain {domain} does not exist")));
        }
        Err(DnsFailure::Temporary(why)) => return Err(Refused::dns_trouble(domain, &why)),
    };
    let is_own = |host: &str| own_names.iter().any(|own| own.eq_ignore_ascii_case(host));
    if records.is_empty() {
        return if is_own(domain) { Err(loops_back(domain)) } else { Ok(vec![domain.to_owned()]) };
    }
    if records.iter().all(|mx| mx.host.is_empty()) {
        return Err(Refused::permanent(1, 10, format!("the domain {domain} takes no mail (null MX)")));
    }
    let mut order: Vec<(u16, u64, String)> =
        records.into_iter().filter(|mx| !mx.host.is_empty()).map(|mx| (mx.preference, random(), mx.host)).collect();
    order.sort();
    // RFC 5321, 5.1: hosts no better than ourselves would send it back to us.
    if let Some(own) = order.iter().filter(|(_, _, host)| is_own(host)).map(|(preference, ..)| *preference).min() {
        order.retain(|(preference, ..)| *preference < own);
        if order.is_empty() {
            return Err(loops_back(domain));
        }
    }
    Ok(order.into_iter().map(|(_, _, host)| host).take(MAX_HOSTS).collect())
}

fn loops_back(domain: &str) -> Refused {
    Refused::permanent(4, 6, format!("mail for {domain} would come back to this host"))
}

/// The addresses to connect to, in order, out of what DNS said about each host. IPv4 comes first: many receivers ask more of
/// senders over IPv6 (reverse DNS, a reputation of its own). `authentic`: DNSSEC vouches for the names of the hosts.
///
/// # Errors
/// [`Refused`]: 5.1.2 or 5.4.4 none of the hosts has an address, 5.4.6 only ourselves, 4.4.3 DNS trouble.
pub fn addresses(
    domain: &str,
    answers: Vec<(String, Result<Answer<IpAddr>, DnsFailure>)>,
    authentic: bool,
    port: u16,
    own: &[SocketAddr],
) -> Result<Vec<Host>, Refused> {
    let (mut hosts, mut trouble, mut looped, mut nowhere) = (Vec::new(), None, false, true);
    for (name, answer) in answers {
        match answer {
            Ok(answer) => {
                nowhere = false;
                let authentic = authentic && answer.authentic;
                let mut found = answer.records;
                found.sort_by_key(IpAddr::is_ipv6);
                let mine = |ip: &IpAddr| own.contains(&SocketAddr::new(*ip, port));
                if found.iter().any(mine) {
                    // This host is ourselves, and so is every later one no better than it.
                    looped = true;
                    break;
                }
                let four = found.iter().filter(|ip| ip.is_ipv4()).take(MAX_ADDRESSES);
                let six = found.iter().filter(|ip| ip.is_ipv6()).take(MAX_ADDRESSES / 2);
                hosts.extend(four.chain(six).map(|ip| {
                    let address = SocketAddr::new(*ip, port);
                    Host { name: name.clone(), address, authentic }
                }));
            }
            Err(DnsFailure::NoSuchName) => {}
            Err(DnsFailure::Temporary(why)) => {
                nowhere = false;
                trouble = Some(Refused::dns_trouble(&name, &why));
            }
        }
    }
    if !hosts.is_empty() {
        return Ok(hosts);
    }
    Err(match trouble {
        Some(trouble) => trouble,
        None if looped => loops_back(domain),
        None if nowhere => Refused::permanent(1, 2, format!("no mail host of {domain} exists")),
        None => Refused::permanent(4, 4, format!("no mail host of {domain} has an address")),
    })
}

/// How to reach next hops.
#[derive(Clone)]
pub struct Router {
    /// DNS.
    pub dns: Arc<dyn Dns>,
    /// Everything goes there, where it is set.
    pub smarthost: Option<Smarthost>,
    /// The port of MX hosts, address literals and a smarthost without one: 25, but in tests.
    pub port: u16,
    /// Our own names in MX records, A-labels.
    pub own_names: Vec<String>,
    /// Where we listen ourselves.
    pub own_addresses: Vec<SocketAddr>,
}

impl Router {
    /// The next hop of a recipient.
    ///
    /// # Errors
    /// As [`next_hop`]; never with a smarthost.
    pub fn next_hop(&self, recipient: &str) -> Result<NextHop, Refused> {
        if self.smarthost.is_some() { Ok(NextHop::Smarthost) } else { next_hop(recipient) }
    }

    /// Where to connect for a next hop, in the order to try.
    ///
    /// # Errors
    /// [`Refused`], see [`exchangers`] and [`addresses`]. For a smarthost nothing is permanent: it is our own setting.
    pub async fn route(&self, hop: &NextHop, random: impl FnMut() -> u64 + Send) -> Result<Vec<Host>, Refused> {
        let literal =
            |ip: IpAddr, port| Host { name: ip.to_string(), address: SocketAddr::new(ip, port), authentic: false };
        match hop {
            NextHop::Address(ip) if self.own_addresses.contains(&SocketAddr::new(*ip, self.port)) => {
                Err(loops_back(&ip.to_string()))
            }
            NextHop::Address(ip) => Ok(vec![literal(*ip, self.port)]),
            NextHop::Domain(domain) => {
                let answer = self.dns.mx(domain).await;
                // A domain without MX records is its own host: then its addresses alone must be authentic.
                let authentic = answer.as_ref().is_ok_and(|answer| answer.authentic || answer.records.is_empty());
                let names = exchangers(domain, answer.map(|answer| answer.records), &self.own_names, random)?;
                self.resolve(domain, names, authentic, self.port, &self.own_addresses).await
            }
            NextHop::Smarthost => {
                let Some(smarthost) = &self.smarthost else {
                    return Err(Refused::dns_trouble("the smarthost", "none is set"));
                };
                let port = smarthost.port.unwrap_or(self.port);
                if let Ok(ip) = smarthost.host.parse() {
                    return Ok(vec![literal(ip, port)]);
                }
                // Its TLSA records are not asked for: how it is reached is the administrator's own setting.
                let found = self.resolve(&smarthost.host, vec![smarthost.host.clone()], false, port, &[]).await;
                found.map_err(|refused| Refused { permanent: false, status: (4, 4, 3), ..refused })
            }
        }
    }

    async fn resolve(
        &self,
        domain: &str,
        names: Vec<String>,
        authentic: bool,
        port: u16,
        own: &[SocketAddr],
    ) -> Result<Vec<Host>, Refused> {
        let mut answers = Vec::with_capacity(names.len());
        for name in names {
            let answer = match name.parse() {
                // Not allowed as an MX host, and seen often enough.
                Ok(ip) => Ok(vec![ip].into()),
                Err(_) => self.dns.addresses(&name).await,
            };
            answers.push((name, answer));
        }
        addresses(domain, answers, authentic, port, own)
    }
}

#[cfg(test)]
mod tests;
