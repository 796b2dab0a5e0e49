//! DNS, as the verdict on a mail needs it: a port. Whoever has a resolver puts it behind this.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
};

/// Why DNS gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsFailure {
    /// NXDOMAIN: there is no such name. Also where the name is none that a question can be asked for.
    #[error("no such domain")]
    NoSuchName,
    /// SERVFAIL, a time-out, no server: may pass. The text is for the log.
    #[error("{0}")]
    Temporary(String),
}

/// A look-up under way.
pub type LookUp<'a, T> = Pin<Box<dyn Future<Output = Result<Vec<T>, DnsFailure>> + Send + 'a>>;

/// Look-ups. Names are A-labels without their final dot, and whole: no search list applies. An existing name without records
/// of the kind is an empty list. Aliases (CNAME) are followed. The callers here bound how many look-ups there are and how
/// long they take; what is dropped in mid-way must end.
pub trait Dns: Send + Sync {
    /// TXT records, the character-strings of each put together without anything between (RFC 7208, 3.3).
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String>;
    /// A records.
    fn a<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv4Addr>;
    /// AAAA records.
    fn aaaa<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv6Addr>;
    /// The hosts of MX records, in any order. A null MX (RFC 7505) is an empty name.
    fn mx<'a>(&'a self, name: &'a str) -> LookUp<'a, String>;
    /// The names of an address: PTR records below `in-addr.arpa` or `ip6.arpa`.
    fn ptr(&self, address: IpAddr) -> LookUp<'_, String>;
}
