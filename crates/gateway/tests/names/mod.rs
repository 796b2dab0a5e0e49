//! What DNS says in these tests: TXT records, and names that fail.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use fubako_trust::{Dns, DnsFailure, LookUp};

/// TXT records by name; none: the name fails.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<String, Option<String>>);

impl Names {
    /// `acme.example` lets this host send.
    pub(crate) fn of_acme() -> Self {
        let spf = Some("v=spf1 ip4:127.0.0.1 -all".to_owned());
        Self(HashMap::from([("acme.example".to_owned(), spf)]))
    }
}

fn nothing<'a, T: Send + 'a>() -> LookUp<'a, T> {
    Box::pin(async { Err(DnsFailure::NoSuchName) })
}

impl Dns for Names {
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        Box::pin(async move {
            match self.0.get(name) {
                Some(Some(text)) => Ok(vec![text.clone()]),
                Some(None) => Err(DnsFailure::Temporary("SERVFAIL".to_owned())),
                None => Err(DnsFailure::NoSuchName),
            }
        })
    }
    fn a<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv4Addr> {
        nothing()
    }
    fn aaaa<'a>(&'a self, _: &'a str) -> LookUp<'a, Ipv6Addr> {
        nothing()
    }
    fn mx<'a>(&'a self, _: &'a str) -> LookUp<'a, String> {
        nothing()
    }
    fn ptr(&self, _: IpAddr) -> LookUp<'_, String> {
        nothing()
    }
}
