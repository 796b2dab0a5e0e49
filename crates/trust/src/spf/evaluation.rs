//! `check_host()` (RFC 7208, 4 to 6).

use std::{future::Future, net::IpAddr, pin::Pin};

use super::{
    Client, SpfResult,
    macros::{MacroString, Place, Values},
    record::{self, Mechanism, Prefixes, Record, same_network},
};
use crate::{Dns, DnsFailure, domain, domain::is_at_or_below};

/// Terms that ask DNS, over all records (RFC 7208, 4.6.4).
const MAX_TERMS: u8 = 10;
/// Questions of terms without an answer, over all records (the same).
const MAX_VOID: u8 = 2;
/// Hosts of an `mx`, and names of the address in `ptr` and `%{p}` (the same).
const MAX_HOSTS: usize = 10;
/// Octets of an explanation that are kept.
const MAX_EXPLANATION: usize = 200;

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Stop {
    Temporary(String),
    Permanent(String),
}

/// What a domain's record says.
pub(super) enum Found {
    NoRecord,
    /// The result and the cause of it.
    Result(SpfResult, String),
}

/// Found, and the `exp=` of the record that it was found in.
type Answer = (Found, Option<(MacroString, String)>);

/// One check with its limits.
pub(super) struct Evaluation<'a> {
    dns: &'a dyn Dns,
    client: &'a Client<'a>,
    ip: IpAddr,
    local: &'a str,
    sender_domain: &'a str,
    terms: u8,
    void: u8,
    /// The address's names that lead back to it, once they were asked for.
    validated: Option<Vec<String>>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        dns: &'a dyn Dns,
        client: &'a Client<'a>,
        ip: IpAddr,
        local: &'a str,
        sender_domain: &'a str,
    ) -> Self {
        let local = if local.is_empty() { "postmaster" } else { local };
        Self { dns, client, ip, local, sender_domain, terms: 0, void: 0, validated: None }
    }

    /// The result for a domain, and what it has to say to a host that may not send.
    pub(super) async fn run(&mut self, domain: &str) -> Result<(Found, Option<String>), Stop> {
        let (found, why) = self.check_host(domain.to_owned()).await?;
        let explanation = match (&found, why) {
            (Found::Result(SpfResult::Fail, _), Some((spec, domain))) => self.explanation(&spec, &domain).await,
            _ => None,
        };
        Ok((found, explanation))
    }

    /// Boxed, because an `include` leads here again; no deeper than there may be terms.
    fn check_host(&mut self, domain: String) -> Pin<Box<dyn Future<Output = Result<Answer, Stop>> + Send + '_>> {
        Box::pin(async move {
            let mut domain = domain;
            let mut redirected = false;
            loop {
                let Some(record) = self.record(&domain).await? else {
                    return if redirected {
                        Err(Stop::Permanent(format!("{domain}, which redirect= leads to, has no SPF record")))
                    } else {
                        Ok((Found::NoRecord, None))
                    };
                };
                for directive in &record.directives {
                    if self.matches(&directive.mechanism, &domain).await? {
                        let why = record.explanation.map(|spec| (spec, domain.clone()));
                        let cause = format!("{} of {domain} matches", directive.mechanism.name());
                        return Ok((Found::Result(directive.result, cause), why));
                    }
                }
                let Some(target) = &record.redirect else {
                    let cause = format!("no mechanism of {domain} matches");
                    return Ok((Found::Result(SpfResult::Neutral, cause), None));
                };
                self.count_term()?;
                domain = match self.name(Some(target), &domain).await {
                    Some(target) => target,
                    None => return Err(Stop::Permanent(format!("redirect= of {domain} leads to no name"))),
                };
                redirected = true;
            }
        })
    }

    /// A domain's one record.
    async fn record(&self, domain: &str) -> Result<Option<Record>, Stop> {
        let texts = match self.dns.txt(domain).await {
            Ok(texts) => texts,
            Err(DnsFailure::NoSuchName) => return Ok(None),
            Err(DnsFailure::Temporary(cause)) => return Err(Stop::Temporary(format!("TXT of {domain}: {cause}"))),
        };
        let mut records = texts.iter().filter(|text| record::is_spf(text));
        match (records.next(), records.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => Record::parse(text)
                .map(Some)
                .map_err(|wrong| Stop::Permanent(format!("the SPF record of {domain}: {wrong}"))),
            _ => Err(Stop::Permanent(format!("{domain} has more than one SPF record"))),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Stop> {
        if !matches!(mechanism, Mechanism::All | Mechanism::Ip(..)) {
            self.count_term()?;
        }
        let target = match mechanism {
            Mechanism::All => return Ok(true),
            Mechanism::Ip(network, length) => return Ok(same_network(self.ip, *network, *length)),
            Mechanism::Include(spec) | Mechanism::Exists(spec) => self.name(Some(spec), domain).await,
            Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => {
                self.name(spec.as_ref(), domain).await
            }
        };
        // A name that cannot be asked for matches nothing (RFC 7208, 4.8).
        let Some(target) = target else { return Ok(false) };
        match mechanism {
            Mechanism::Include(_) => self.include(target).await,
            Mechanism::A(_, prefixes) => self.host_matches(&target, *prefixes, true).await,
            Mechanism::Mx(_, prefixes) => self.mx_matches(&target, *prefixes).await,
            Mechanism::Ptr(_) => Ok(self.validated_names().await.iter().any(|name| is_at_or_below(name, &target))),
            // Always A records, whatever the client's address is (RFC 7208, 5.7).
            _ => {
                let found = self.dns.a(&target).await;
                Ok(!self.records(found, "A", &target, true)?.is_empty())
            }
        }
    }

    async fn include(&mut self, target: String) -> Result<bool, Stop> {
        match self.check_host(target.clone()).await?.0 {
            Found::Result(result, _) => Ok(result == SpfResult::Pass),
            Found::NoRecord => Err(Stop::Permanent(format!("{target}, which is included, has no SPF record"))),
        }
    }

    async fn mx_matches(&mut self, target: &str, prefixes: Prefixes) -> Result<bool, Stop> {
        let found = self.dns.mx(target).await;
        let hosts = self.records(found, "MX", target, true)?;
        if hosts.len() > MAX_HOSTS {
            return Err(Stop::Permanent(format!("{target} has more than {MAX_HOSTS} MX records")));
        }
        for host in hosts.iter().filter(|host| domain::is_question(host)) {
            // A mail host without an IPv6 address is nothing odd: not counted as asked in vain.
            if self.host_matches(host, prefixes, false).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether one of the host's addresses is in the client's network.
    async fn host_matches(&mut self, host: &str, prefixes: Prefixes, counted: bool) -> Result<bool, Stop> {
        match self.ip {
            IpAddr::V4(_) => {
                let found = self.dns.a(host).await;
                let addresses = self.records(found, "A", host, counted)?;
                Ok(addresses.iter().any(|address| same_network((*address).into(), self.ip, prefixes.four)))
            }
            IpAddr::V6(_) => {
                let found = self.dns.aaaa(host).await;
                let addresses = self.records(found, "AAAA", host, counted)?;
                Ok(addresses.iter().any(|address| same_network((*address).into(), self.ip, prefixes.six)))
            }
        }
    }

    /// The records of an answer; none is counted as asked in vain.
    fn records<T>(
        &mut self,
        found: Result<Vec<T>, DnsFailure>,
        kind: &str,
        name: &str,
        counted: bool,
    ) -> Result<Vec<T>, Stop> {
        let records = match found {
            Ok(records) => records,
            Err(DnsFailure::NoSuchName) => Vec::new(),
            Err(DnsFailure::Temporary(cause)) => return Err(Stop::Temporary(format!("{kind} of {name}: {cause}"))),
        };
        if counted && records.is_empty() {
            self.void += 1;
            if self.void > MAX_VOID {
                return Err(Stop::Permanent(format!(
                    "more than {MAX_VOID} look-ups found nothing, the last for {name}"
                )));
            }
        }
        Ok(records)
    }

    fn count_term(&mut self) -> Result<(), Stop> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(Stop::Permanent(format!("more than {MAX_TERMS} terms ask DNS")));
        }
        Ok(())
    }

    /// The address's names whose addresses have it (RFC 7208, 5.5). Where DNS fails there are none; asked for once.
    async fn validated_names(&mut self) -> Vec<String> {
        if let Some(names) = &self.validated {
            return names.clone();
        }
        let names = self.dns.ptr(self.ip).await.unwrap_or_default();
        let mut validated = Vec::new();
        for name in names.into_iter().take(MAX_HOSTS) {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if domain::is_question(&name) && self.leads_back(&name).await {
                validated.push(name);
            }
        }
        self.validated.insert(validated).clone()
    }

    async fn leads_back(&self, name: &str) -> bool {
        match self.ip {
            IpAddr::V4(ip) => self.dns.a(name).await.is_ok_and(|addresses| addresses.contains(&ip)),
            IpAddr::V6(ip) => self.dns.aaaa(name).await.is_ok_and(|addresses| addresses.contains(&ip)),
        }
    }

    /// What a domain-spec says, or the domain itself; none where that is no name.
    async fn name(&mut self, spec: Option<&MacroString>, domain: &str) -> Option<String> {
        let Some(spec) = spec else { return Some(domain.to_owned()) };
        let validated = self.validated_name(spec, domain).await;
        spec.expand_name(&self.values(domain, &validated)).filter(|name| domain::is_question(name))
    }

    /// What `%{p}` stands for (RFC 7208, 7.3): the domain itself if the address has that name, else a name below it, else any.
    async fn validated_name(&mut self, spec: &MacroString, domain: &str) -> String {
        if !spec.wants_validated_name() {
            return String::new();
        }
        let names = self.validated_names().await;
        let best = names.iter().find(|name| *name == domain);
        let best = best.or_else(|| names.iter().find(|name| is_at_or_below(name, domain))).or_else(|| names.first());
        best.map_or_else(|| "unknown".to_owned(), Clone::clone)
    }

    fn values<'v>(&'v self, domain: &'v str, validated: &'v str) -> Values<'v> {
        Values {
            local: self.local,
            sender_domain: self.sender_domain,
            domain,
            ip: self.ip,
            validated,
            helo: self.client.helo,
            receiver: self.client.receiver,
            now: self.client.now.unix_seconds(),
        }
    }

    /// What `exp=` leads to (RFC 7208, 6.2). Whatever is wrong with it, the result stays.
    async fn explanation(&mut self, spec: &MacroString, domain: &str) -> Option<String> {
        let name = self.name(Some(spec), domain).await?;
        let texts = self.dns.txt(&name).await.ok()?;
        let [text] = texts.as_slice() else { return None };
        let text = MacroString::parse(text, Place::Explanation)?;
        let validated = self.validated_name(&text, domain).await;
        let mut words = text.expand(&self.values(domain, &validated))?;
        // A HELO name or a local part may hold anything.
        words.retain(|c| c == ' ' || c.is_ascii_graphic());
        words.truncate(MAX_EXPLANATION);
        Some(words).filter(|words| !words.trim().is_empty())
    }
}

impl Mechanism {
    const fn name(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Include(_) => "include",
            Self::A(..) => "a",
            Self::Mx(..) => "mx",
            Self::Ptr(_) => "ptr",
            Self::Ip(IpAddr::V4(_), _) => "ip4",
            Self::Ip(IpAddr::V6(_), _) => "ip6",
            Self::Exists(_) => "exists",
        }
    }
}
