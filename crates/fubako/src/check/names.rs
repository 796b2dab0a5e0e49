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

/// SPF records that are looked at for one domain, its own and those it includes (RFC 7208, 4.6.4: an evaluation has no more).
const MAX_RECORDS: usize = 11;

/// Providers that send for everybody, by the name that SPF records have of them, or that theirs lie below.
const SHARED: [(&str, &str); 10] = [
    ("spf.protection.outlook.com", "Exchange Online"),
    ("_spf.google.com", "Google Workspace"),
    ("amazonses.com", "Amazon SES"),
    ("sendgrid.net", "SendGrid"),
    ("mailgun.org", "Mailgun"),
    ("spf.mandrillapp.com", "Mailchimp"),
    ("servers.mcsv.net", "Mailchimp"),
    ("spf.mtasv.net", "Postmark"),
    ("_spf.salesforce.com", "Salesforce"),
    ("zoho.com", "Zoho"),
];

/// Who besides a domain's own hosts passes its SPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// The customers of a provider that sends for everybody.
    CustomersOf(&'static str),
    /// Everybody.
    Anybody,
}

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

    /// Whose mail passes the domain's SPF besides its own, by its record and by those that it includes.
    pub(super) async fn others(&self, domain: &str) -> Option<Others> {
        let mut names = vec![domain.to_ascii_lowercase()];
        let mut at = 0;
        let mut provider = None;
        while let Some(name) = names.get(at).cloned() {
            at += 1;
            let Ok(Some(record)) = self.record(&name, "v=spf1").await else { continue };
            let terms = spf_terms(&record);
            if terms.lets_anybody {
                return Some(Others::Anybody);
            }
            provider = provider.or_else(|| terms.named.iter().find_map(|name| provider_of(name)));
            let new = terms.named.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>();
            names.extend(new.into_iter().take(MAX_RECORDS.saturating_sub(names.len())));
        }
        provider.map(Others::CustomersOf)
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

/// What an SPF record says of others than the domain itself.
struct SpfTerms {
    /// `all` with a pass (RFC 7208, 5.1), or every address there is.
    lets_anybody: bool,
    /// The records that it includes, or that it hands over to.
    named: Vec<String>,
}

fn spf_terms(record: &str) -> SpfTerms {
    let record = record.to_ascii_lowercase();
    let mut terms = SpfTerms { lets_anybody: false, named: Vec::new() };
    for term in record.split_whitespace().skip(1) {
        let passes = term.strip_prefix('+').unwrap_or(term);
        match passes {
            "all" | "ip4:0.0.0.0/0" | "ip6:::/0" => terms.lets_anybody = true,
            // Nothing is looked at behind it.
            "-all" | "~all" | "?all" => break,
            _ => {}
        }
        if let Some(name) = passes.strip_prefix("include:").or_else(|| passes.strip_prefix("redirect=")) {
            terms.named.push(name.trim_end_matches('.').to_owned());
        }
    }
    terms
}

fn provider_of(name: &str) -> Option<&'static str> {
    let is_at = |place: &str| name.strip_suffix(place).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    SHARED.iter().find(|(place, _)| is_at(place)).map(|(_, provider)| *provider)
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: RCV-TENANT RUN-SETUP
    #[test]
    fn who_passes_an_spf_record_besides_its_own_hosts() {
        for (record, anybody, named) in [
            ("v=spf1 ip4:192.0.2.1 -all", false, vec![]),
            ("v=spf1 +all", true, vec![]),
            ("v=spf1 a ALL", true, vec![]),
            ("v=spf1 ip4:0.0.0.0/0 -all", true, vec![]),
            ("v=spf1 -all +all", false, vec![]),
            ("v=spf1 ?all", false, vec![]),
            (
                "v=spf1 include:A.example. +include:b.example -include:c.example ~all",
                false,
                vec!["a.example", "b.example"],
            ),
            ("v=spf1 redirect=d.example", false, vec!["d.example"]),
        ] {
            let terms = spf_terms(record);
            assert_eq!(
                (terms.lets_anybody, terms.named),
                (anybody, named.into_iter().map(str::to_owned).collect()),
                "{record}"
            );
        }
        assert_eq!(provider_of("spf.protection.outlook.com"), Some("Exchange Online"));
        assert_eq!(provider_of("u1.wl.sendgrid.net"), Some("SendGrid"));
        assert_eq!(provider_of("notsendgrid.net"), None);
    }

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
