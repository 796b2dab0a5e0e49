//! Who may send for a domain, by its SPF record and those that it includes: its own hosts, somebody else's, everybody (spec RCV-TENANT,
//! RUN-SETUP).

use super::Looker;

/// SPF records that are looked at for one domain, its own and those it includes (RFC 7208, 4.6.4: an evaluation has no more).
const MAX_RECORDS: usize = 11;

/// Addresses above which a record lets in more than one organization's mail hosts: a /16 of IPv4.
const WIDE_V4: u64 = 1 << 16;
/// Addresses above which it lets in anybody who cares to rent one: a /8.
const OPEN_V4: u64 = 1 << 24;
/// The same of IPv6, in networks of 48 bits, of which a site has one: a provider's /32, and a /16.
const WIDE_V6: u64 = 1 << 16;
const OPEN_V6: u64 = 1 << 32;

/// Providers that send for everybody, by the name that SPF records have of them, or that theirs lie below.
const SHARED: [(&str, &str); 18] = [
    ("spf.protection.outlook.com", EXCHANGE_ONLINE),
    ("_spf.google.com", GOOGLE_WORKSPACE),
    ("amazonses.com", "Amazon SES"),
    ("sendgrid.net", "SendGrid"),
    ("mailgun.org", "Mailgun"),
    ("spf.mandrillapp.com", "Mailchimp"),
    ("servers.mcsv.net", "Mailchimp"),
    ("spf.mtasv.net", "Postmark"),
    ("_spf.salesforce.com", "Salesforce"),
    ("zoho.com", "Zoho"),
    ("sakura.ne.jp", "さくらのレンタルサーバ"),
    ("xserver.jp", "エックスサーバー"),
    ("lolipop.jp", "ロリポップ!"),
    ("heteml.jp", "ヘテムル"),
    ("kagoya.net", "カゴヤ・ジャパン"),
    ("securemx.jp", "IIJ"),
    ("iij.ad.jp", "IIJ"),
    ("hdems.com", "HENNGE"),
];
pub(super) const EXCHANGE_ONLINE: &str = "Exchange Online";
pub(super) const GOOGLE_WORKSPACE: &str = "Google Workspace";

/// Who passes a domain's SPF besides the hosts that it names one by one.
#[derive(Debug, Default)]
pub(super) struct Senders {
    /// Everybody.
    pub(super) anybody: bool,
    /// The customers of these, who send for everybody.
    pub(super) providers: Vec<&'static str>,
    /// Whoever these names' holders let send.
    pub(super) foreign: Vec<String>,
    ranges: Vec<(String, Width)>,
}

/// How much a range of addresses takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    V4(u64),
    /// In networks of 48 bits.
    V6(u64),
}

impl Senders {
    /// The widest ranges, where all together are wider than one organization's.
    pub(super) fn wide(&self) -> Option<String> {
        if !self.is_above(WIDE_V4, WIDE_V6) {
            return None;
        }
        let mut ranges: Vec<&(String, Width)> = self.ranges.iter().collect();
        ranges.sort_by_key(|(_, width)| match width {
            Width::V4(addresses) => std::cmp::Reverse(*addresses),
            Width::V6(networks) => std::cmp::Reverse(*networks),
        });
        Some(ranges.iter().take(3).map(|(term, _)| term.as_str()).collect::<Vec<_>>().join(" "))
    }

    fn is_above(&self, v4: u64, v6: u64) -> bool {
        let (mut addresses, mut networks) = (0u64, 0u64);
        for (_, width) in &self.ranges {
            match width {
                Width::V4(more) => addresses = addresses.saturating_add(*more),
                Width::V6(more) => networks = networks.saturating_add(*more),
            }
        }
        addresses > v4 || networks > v6
    }
}

impl Looker<'_> {
    /// Whose mail passes the domain's SPF; names at or below one of `own` are the section's own.
    pub(super) async fn senders(&self, domain: &str, own: &[String]) -> Senders {
        let mut senders = Senders::default();
        let mut names = vec![(domain.to_ascii_lowercase(), true)];
        let mut at = 0;
        while let Some((name, is_own)) = names.get(at).cloned() {
            at += 1;
            let Ok(Some(record)) = self.record(&name, "v=spf1").await else { continue };
            let terms = Terms::of(&record);
            senders.anybody |= terms.lets_anybody;
            senders.ranges.extend(terms.ranges);
            for host in &terms.hosts {
                add(&mut senders.providers, provider_of(host));
            }
            for name in terms.records {
                let provider = provider_of(&name);
                add(&mut senders.providers, provider);
                let below = own.iter().any(|own| is_at_or_below(&name, own));
                if provider.is_some() || names.iter().any(|(known, _)| *known == name) || names.len() >= MAX_RECORDS {
                    continue;
                }
                if is_own && !below {
                    senders.foreign.push(name.clone());
                }
                names.push((name, is_own && below));
            }
        }
        senders.anybody |= senders.is_above(OPEN_V4, OPEN_V6);
        senders
    }
}

fn add(providers: &mut Vec<&'static str>, provider: Option<&'static str>) {
    if let Some(provider) = provider.filter(|provider| !providers.contains(provider)) {
        providers.push(provider);
    }
}

/// What an SPF record says of others than the domain itself.
#[derive(Debug, Default)]
struct Terms {
    /// `all` with a pass (RFC 7208, 5.1).
    lets_anybody: bool,
    /// The records that it includes, or that it hands over to.
    records: Vec<String>,
    /// The hosts that it names.
    hosts: Vec<String>,
    ranges: Vec<(String, Width)>,
}

impl Terms {
    fn of(record: &str) -> Self {
        let record = record.to_ascii_lowercase();
        let mut terms = Self::default();
        for term in record.split_whitespace().skip(1) {
            let passes = term.strip_prefix('+').unwrap_or(term);
            match passes {
                "all" => terms.lets_anybody = true,
                // Nothing is looked at behind it.
                "-all" | "~all" | "?all" => break,
                _ => {}
            }
            let name = |text: &str| text.split('/').next().unwrap_or_default().trim_end_matches('.').to_owned();
            if let Some(text) = passes.strip_prefix("include:").or_else(|| passes.strip_prefix("redirect=")) {
                terms.records.push(name(text));
            } else if let Some(text) = passes.strip_prefix("a:").or_else(|| passes.strip_prefix("mx:")) {
                terms.hosts.push(name(text));
            }
            terms.ranges.extend(widths(passes).into_iter().map(|width| (passes.to_owned(), width)));
        }
        terms
    }
}

/// The ranges of addresses of a term that passes (RFC 7208, 5.3 to 5.6).
fn widths(term: &str) -> Vec<Width> {
    let v4 = |bits: u32| (bits <= 32).then(|| Width::V4(1 << (32 - bits)));
    let v6 = |bits: u32| (bits <= 128).then(|| Width::V6(1 << 48u32.saturating_sub(bits)));
    let bits = |text: &str| text.split_once('/').and_then(|(_, bits)| bits.parse().ok());
    if let Some(text) = term.strip_prefix("ip4:") {
        return v4(bits(text).unwrap_or(32)).into_iter().collect();
    }
    if let Some(text) = term.strip_prefix("ip6:") {
        return v6(bits(text).unwrap_or(128)).into_iter().collect();
    }
    let is_host =
        ["a", "mx"].iter().any(|kind| term.strip_prefix(kind).is_some_and(|rest| rest.starts_with([':', '/'])));
    if !is_host {
        return Vec::new();
    }
    let (hosts, of_v6) = term.split_once("//").map_or((term, None), |(hosts, bits)| (hosts, bits.parse().ok()));
    bits(hosts).and_then(v4).into_iter().chain(of_v6.and_then(v6)).collect()
}

fn provider_of(name: &str) -> Option<&'static str> {
    SHARED.iter().find(|(place, _)| is_at_or_below(name, place)).map(|(_, provider)| *provider)
}

fn is_at_or_below(name: &str, place: &str) -> bool {
    name.strip_suffix(place).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: RCV-TENANT RUN-SETUP
    #[test]
    fn who_passes_an_spf_record_besides_its_own_hosts() {
        for (record, anybody, records, hosts) in [
            ("v=spf1 ip4:192.0.2.1 -all", false, vec![], vec![]),
            ("v=spf1 +all", true, vec![], vec![]),
            ("v=spf1 a ALL", true, vec![], vec![]),
            ("v=spf1 -all +all", false, vec![], vec![]),
            ("v=spf1 ?all", false, vec![], vec![]),
            (
                "v=spf1 include:A.example. +include:b.example -include:c.example a:H.example/24 mx ~all",
                false,
                vec!["a.example", "b.example"],
                vec!["h.example"],
            ),
            ("v=spf1 redirect=d.example", false, vec!["d.example"], vec![]),
        ] {
            let terms = Terms::of(record);
            assert_eq!(
                (terms.lets_anybody, terms.records, terms.hosts.len()),
                (anybody, owned(&records), hosts.len()),
                "{record}"
            );
            assert_eq!(terms.hosts, owned(&hosts), "{record}");
        }
        assert_eq!(provider_of("spf.protection.outlook.com"), Some("Exchange Online"));
        assert_eq!(provider_of("u1.wl.sendgrid.net"), Some("SendGrid"));
        assert_eq!(provider_of("www1234.sakura.ne.jp"), Some("さくらのレンタルサーバ"));
        assert_eq!(provider_of("notsendgrid.net"), None);
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    // spec: RCV-TENANT RUN-SETUP
    #[test]
    fn ranges_of_addresses_add_up() {
        for (record, wide, open) in [
            ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/48 a mx a:h.example ip6:2001:db8::1 -all", false, false),
            ("v=spf1 ip4:10.0.0.0/16 ip6:2001:db8::/32 -all", false, false),
            ("v=spf1 ip4:10.0.0.0/17 ip4:10.1.0.0/17 ip4:192.0.2.1 -all", true, false),
            ("v=spf1 ip6:2001:db8::/31 -all", true, false),
            ("v=spf1 a/15 -all", true, false),
            ("v=spf1 mx:h.example/24//31 -all", true, false),
            ("v=spf1 ip4:10.0.0.0/8 -all", true, false),
            ("v=spf1 ip4:10.0.0.0/8 ip4:1.2.3.4 -all", true, true),
            ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", true, true),
            ("v=spf1 ip4:0.0.0.0/0 -all", true, true),
            ("v=spf1 ip6:::/0 -all", true, true),
            ("v=spf1 ip6:2000::/3 -all", true, true),
            ("v=spf1 -ip4:0.0.0.0/0 ?ip4:0.0.0.0/0 ip4:0.0.0.0/99 -all", false, false),
        ] {
            let senders = Senders { ranges: Terms::of(record).ranges, ..Senders::default() };
            assert_eq!((senders.wide().is_some(), senders.is_above(OPEN_V4, OPEN_V6)), (wide, open), "{record}");
        }
        let senders =
            Senders { ranges: Terms::of("v=spf1 ip4:192.0.2.1 +ip4:10.0.0.0/8 -all").ranges, ..Senders::default() };
        assert_eq!(senders.wide().as_deref(), Some("ip4:10.0.0.0/8 ip4:192.0.2.1"));
    }
}
