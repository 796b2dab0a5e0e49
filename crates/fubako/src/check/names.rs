//! What DNS says of a domain that mail is sent from: SPF, DKIM, DMARC. The same for a section's domains and for the domain that
//! our own mails come from.

use std::{net::IpAddr, time::Duration};

use fubako_base::{Timestamp, ids::SectionId};
use fubako_trust::{
    Dns as _, DnsFailure,
    spf::{self, Client, SpfResult},
};

use super::{Finding, Looker, State};

/// For one domain's SPF.
const PATIENCE: Duration = Duration::from_secs(20);

/// Providers that send for everybody, by what their customers' SPF records name.
const SHARED: [(&str, &str); 2] =
    [("spf.protection.outlook.com", "Exchange Online"), ("_spf.google.com", "Google Workspace")];

impl Looker<'_> {
    /// The addresses that mail leaves from, as far as DNS knows them.
    pub(super) async fn own_addresses(&self) -> Result<Vec<IpAddr>, DnsFailure> {
        let host = self.config.hostname();
        let mut addresses: Vec<IpAddr> = self.dns.a(&host).await?.into_iter().map(IpAddr::from).collect();
        addresses.extend(self.dns.aaaa(&host).await?.into_iter().map(IpAddr::from));
        Ok(addresses)
    }

    /// SPF: whether mail from `domain` that leaves from here passes at others.
    pub(super) async fn spf(&self, domain: &str) -> Finding {
        match self.record(domain, "v=spf1").await {
            Err(finding) => return *finding,
            Ok(None) => {
                return Finding::new("spf", State::Wrong, "spf-missing", domain).with("host", self.config.hostname());
            }
            Ok(Some(_)) => {}
        }
        let addresses = self.own_addresses().await.unwrap_or_default();
        if addresses.is_empty() || self.config.relay.smarthost.is_some() {
            return Finding::new("spf", State::Unknown, "spf-unknown", domain).with("host", self.leaving_host());
        }
        let (helo, mail_from) = (self.config.hostname(), format!("postmaster@{domain}"));
        for ip in addresses {
            let client = Client { ip, helo: &helo, mail_from: &mail_from, receiver: &helo, now: Timestamp::now() };
            let checked = spf::check(&*self.dns, &client, PATIENCE).await;
            let found = match checked.result {
                SpfResult::Pass => continue,
                SpfResult::TempError => return self.away(domain, &checked.cause),
                SpfResult::PermError => Finding::new("spf", State::Wrong, "spf-broken", domain),
                _ => Finding::new("spf", State::Wrong, "spf-not-us", domain),
            };
            return found.with("host", helo).with("address", ip.to_string()).with("cause", checked.cause);
        }
        Finding::new("spf", State::Ok, "spf-passes", domain).with("host", helo)
    }

    /// The host that others see our mail come from.
    fn leaving_host(&self) -> String {
        self.config.relay.smarthost.clone().unwrap_or_else(|| self.config.hostname())
    }

    /// DKIM: whether what is published is what we sign with.
    pub(super) async fn dkim(&self, section: &SectionId, domain: &str) -> Vec<Finding> {
        let records = match self.ground.keyring.records(section, domain).await {
            Ok(records) if records.is_empty() => {
                return vec![Finding::new("dkim", State::Warning, "dkim-none", domain)];
            }
            Ok(records) => records,
            Err(error) => {
                return vec![Finding::new("dkim", State::Wrong, "dkim-key", domain).with("cause", error.to_string())];
            }
        };
        let mut findings = Vec::new();
        for (name, value) in records {
            let key = |record: &str| tag(record, "p");
            findings.push(match self.dns.txt(&name).await {
                Err(DnsFailure::Temporary(cause)) => self.away(&name, &cause),
                Ok(published) if published.iter().any(|record| key(record) == key(&value)) => {
                    Finding::new("dkim", State::Ok, "dkim-published", name)
                }
                Ok(published) if !published.is_empty() => {
                    Finding::new("dkim", State::Wrong, "dkim-different", name).with("record", value)
                }
                Ok(_) | Err(DnsFailure::NoSuchName) => {
                    Finding::new("dkim", State::Wrong, "dkim-missing", name).with("record", value)
                }
            });
        }
        findings
    }

    /// DMARC of the domain, or of one above it (RFC 7489, 6.6.3, without a list of public suffixes: any above it that has one).
    pub(super) async fn dmarc(&self, domain: &str) -> Finding {
        let mut name = domain;
        while name.contains('.') {
            match self.record(&format!("_dmarc.{name}"), "v=DMARC1").await {
                Err(finding) => return *finding,
                Ok(Some(record)) => {
                    let policy = tag(&record, "p").unwrap_or_default();
                    return match policy.as_str() {
                        "none" | "quarantine" | "reject" => {
                            Finding::new("dmarc", State::Ok, "dmarc-published", domain).with("policy", policy)
                        }
                        _ => Finding::new("dmarc", State::Wrong, "dmarc-broken", domain).with("record", record),
                    };
                }
                Ok(None) => name = name.split_once('.').map_or("", |(_, above)| above),
            }
        }
        Finding::new("dmarc", State::Warning, "dmarc-missing", domain)
    }

    /// Whose customers' mail passes the domain's SPF besides its own: a provider that sends for everybody.
    pub(super) async fn shared_provider(&self, domain: &str) -> Option<&'static str> {
        let record = self.record(domain, "v=spf1").await.ok().flatten()?.to_lowercase();
        let names = |term: &str| {
            let term = term.trim_start_matches(['+', '?', '~', '-']);
            let target = term.strip_prefix("include:").or_else(|| term.strip_prefix("redirect="))?;
            SHARED.iter().find(|(provider, _)| target == *provider).map(|(_, name)| *name)
        };
        record.split_whitespace().find_map(names)
    }

    /// The one record at a name that begins with a version; more than one is a finding, and so is DNS that does not answer.
    async fn record(&self, name: &str, version: &str) -> Result<Option<String>, Box<Finding>> {
        let area = if version == "v=spf1" { "spf" } else { "dmarc" };
        let is_ours = |record: &String| {
            let head = record.get(..version.len()).unwrap_or_default();
            head.eq_ignore_ascii_case(version) && !record[version.len()..].starts_with(|c: char| c.is_alphanumeric())
        };
        let records: Vec<String> = match self.dns.txt(name).await {
            Ok(records) => records.into_iter().filter(is_ours).collect(),
            Err(DnsFailure::NoSuchName) => Vec::new(),
            Err(DnsFailure::Temporary(cause)) => return Err(Box::new(self.away(name, &cause))),
        };
        match &records[..] {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => Err(Box::new(Finding::new(area, State::Wrong, "record-twice", name).with("version", version))),
        }
    }

    pub(super) fn away(&self, name: &str, cause: &str) -> Finding {
        Finding::new("dns", State::Unknown, "dns-away", name).with("cause", cause)
    }
}

/// A tag's value in a record of `tag=value;` (RFC 6376, 3.2), without white space.
pub(super) fn tag(record: &str, name: &str) -> Option<String> {
    record.split(';').find_map(|pair| {
        let (tag, value) = pair.split_once('=')?;
        (tag.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect())
    })
}
