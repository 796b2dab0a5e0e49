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

impl Looker<'_> {
    /// The addresses that mail leaves from, as far as DNS knows them.
    pub(super) async fn own_addresses(&self) -> Result<Vec<IpAddr>, DnsFailure> {
        self.addresses(&self.config.hostname()).await
    }

    /// The addresses of a host; none where it has none.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsFailure> {
        let mut addresses: Vec<IpAddr> = self.dns.a(host).await?.into_iter().map(IpAddr::from).collect();
        addresses.extend(self.dns.aaaa(host).await?.into_iter().map(IpAddr::from));
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
            findings.push(match self.dns.txt(&name).await {
                Err(DnsFailure::Temporary(cause)) => self.away(&name, &cause),
                // Of several records a verifier may take any (RFC 6376, 3.6.2.2).
                Ok(published)
                    if !published.is_empty() && published.iter().all(|record| says_the_same(record, &value)) =>
                {
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
                    let policy = tag(&record, "p").unwrap_or_default().to_ascii_lowercase();
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

    /// The one record at a name that begins with a version; more than one is a finding, and so is DNS that does not answer.
    pub(super) async fn record(&self, name: &str, version: &str) -> Result<Option<String>, Box<Finding>> {
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

/// Whether a verifier takes a published DKIM record for the one that it should be: the same key of the same kind, for mail, with the hash
/// that we use, and not as a test (RFC 6376, 3.6.1).
fn says_the_same(published: &str, wanted: &str) -> bool {
    let listed = |name: &str, words: &[&str]| {
        tag(published, name)
            .is_none_or(|list| list.split(':').any(|word| words.iter().any(|w| w.eq_ignore_ascii_case(word))))
    };
    let kind = |record: &str| tag(record, "k").unwrap_or_else(|| "rsa".to_owned());
    let is_test = tag(published, "t").is_some_and(|flags| flags.split(':').any(|flag| flag.eq_ignore_ascii_case("y")));
    let is_key =
        tag(published, "v").is_none_or(|version| version == "DKIM1") && tag(published, "p") == tag(wanted, "p");
    is_key && kind(published) == kind(wanted) && listed("s", &["*", "email"]) && listed("h", &["sha256"]) && !is_test
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: RUN-SETUP
    #[test]
    fn a_dkim_record_must_mean_what_it_should() {
        const OURS: &str = "v=DKIM1; k=ed25519; p=AAAA";
        for (record, same) in [
            (OURS, true),
            ("k=ed25519;p=AA AA", true),
            ("v=DKIM1; k=ed25519; s=email; h=sha1:sha256; t=s; p=AAAA", true),
            ("v=DKIM1; k=ed25519; p=BBBB", false),
            ("v=DKIM1; k=rsa; p=AAAA", false),
            ("v=DKIM1; p=AAAA", false),
            ("v=DKIM1; k=ed25519; t=y; p=AAAA", false),
            ("v=DKIM1; k=ed25519; t=s:y; p=AAAA", false),
            ("v=DKIM1; k=ed25519; s=tlsrpt; p=AAAA", false),
            ("v=DKIM1; k=ed25519; h=sha1; p=AAAA", false),
            ("v=DKIM2; k=ed25519; p=AAAA", false),
            ("v=DKIM1; k=ed25519; p=", false),
        ] {
            assert_eq!(says_the_same(record, OURS), same, "{record}");
        }
    }
}
