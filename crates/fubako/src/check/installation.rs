//! The installation itself: storage, clock, host name, certificate, next hop, scanner, and the domain of our own mails.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use fubako_base::ids::SectionId;
use fubako_post::{
    resolver::Dns as _,
    route::{InvalidSmarthost, Smarthost},
    tls::Authorities,
};
use fubako_smtp::client::{Connection, Judge as _, Shown, Target, TlsPolicy, unverified_tls_config};
use fubako_trust::{Dns as _, DnsFailure};
use fubako_vault::VaultError;
use futures::TryStreamExt as _;
use rustls::pki_types::{ServerName, UnixTime};
use tokio::{net::TcpStream, time::timeout};

use super::{Finding, Looker, State};
use crate::{
    acme,
    tls::{Identity, TlsError},
};

/// A certificate that ends sooner is told of.
const SOON: Duration = Duration::from_secs(21 * 86_400);
/// For a listener of our own.
const LISTENER_PATIENCE: Duration = Duration::from_secs(2);
/// For a next hop, and for the scanner.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

impl Looker<'_> {
    pub(super) async fn installation(&self) -> Vec<Finding> {
        let mut findings = vec![self.database().await, self.storage().await, self.clock().await];
        findings.extend(self.host().await);
        findings.push(self.public_url());
        findings.push(self.certificate());
        findings.extend(self.shut_out(&SectionId::installation(), &self.config.http.operator_networks).await);
        for listener in [&self.config.smtp.starttls.listen, &self.config.smtp.tls.listen] {
            findings.extend(self.listener(listener).await);
        }
        findings.extend(self.smarthost().await);
        findings.extend(self.scanner().await);
        let domain =
            self.config.notice_from().rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_owned());
        findings.push(self.spf(&domain).await);
        findings.extend(self.helo(&domain).await);
        let signed = self.config.dkim.domain.clone().unwrap_or_else(|| self.config.hostname());
        findings.extend(self.dkim(&SectionId::installation(), &signed).await);
        findings.push(self.dmarc(&domain).await);
        findings
    }

    async fn database(&self) -> Finding {
        match self.ground.store.ping().await {
            Ok(()) => Finding::new("storage", State::Ok, "database-there", "database"),
            Err(error) => {
                Finding::new("storage", State::Wrong, "database-away", "database").with("cause", error.to_string())
            }
        }
    }

    /// Writes a small sealed object, reads it again and deletes it.
    async fn storage(&self) -> Finding {
        let about = self.config.files.url.clone();
        match timeout(PATIENCE, self.there_and_back()).await {
            Ok(Ok(true)) => Finding::new("storage", State::Ok, "storage-works", about),
            Ok(Ok(false)) => {
                Finding::new("storage", State::Wrong, "storage-away", about).with("cause", "other octets came back")
            }
            Ok(Err(error)) => {
                Finding::new("storage", State::Wrong, "storage-away", about).with("cause", error.to_string())
            }
            Err(_) => Finding::new("storage", State::Wrong, "storage-away", about).with("cause", "no answer in time"),
        }
    }

    async fn there_and_back(&self) -> Result<bool, VaultError> {
        let vault = &self.ground.vault;
        let octets = Bytes::from_static(b"fubako check");
        let mut writer = vault.create(&SectionId::installation()).await?;
        writer.write(octets.clone()).await?;
        let object = writer.finish().await?;
        let read: Result<Vec<Bytes>, VaultError> =
            async { vault.open(&object).await?.read(0..object.length).try_collect().await }.await;
        // Whatever was read, nothing stays.
        vault.delete(object.id).await?;
        Ok(read?.concat() == octets)
    }

    /// The host name leads to an address, and the address back to the name: many receivers refuse mail of a host without.
    async fn host(&self) -> Vec<Finding> {
        let host = self.config.hostname();
        let addresses = match self.own_addresses().await {
            Ok(addresses) => addresses,
            Err(DnsFailure::NoSuchName) => Vec::new(),
            Err(DnsFailure::Temporary(cause)) => return vec![self.away(&host, &cause)],
        };
        if addresses.is_empty() {
            return vec![Finding::new("dns", State::Wrong, "host-missing", host)];
        }
        let mut findings = vec![Finding::new("dns", State::Ok, "host-there", host.clone())];
        if self.config.relay.smarthost.is_none() {
            for address in addresses {
                findings.push(self.reverse(&host, address).await);
            }
        }
        findings
    }

    async fn reverse(&self, host: &str, address: IpAddr) -> Finding {
        match self.dns.ptr(address).await {
            Ok(names) if names.iter().any(|name| name.eq_ignore_ascii_case(host)) => {
                Finding::new("dns", State::Ok, "reverse-there", address.to_string()).with("host", host)
            }
            Err(DnsFailure::Temporary(cause)) => self.away(&address.to_string(), &cause),
            Ok(_) | Err(DnsFailure::NoSuchName) => {
                Finding::new("dns", State::Warning, "reverse-missing", address.to_string()).with("host", host)
            }
        }
    }

    fn public_url(&self) -> Finding {
        let url = self.config.public_url();
        if url.starts_with("https://") {
            Finding::new("tls", State::Ok, "url-safe", url)
        } else {
            Finding::new("tls", State::Wrong, "url-not-safe", url)
        }
    }

    /// The certificate as a mail server that verifies will see it: now, and in three weeks.
    fn certificate(&self) -> Finding {
        let host = self.config.hostname();
        let wrong =
            |cause: String| Finding::new("tls", State::Wrong, "certificate-wrong", host.clone()).with("cause", cause);
        let identity = match self.given_certificate() {
            Some(Ok(identity)) => identity,
            Some(Err(error)) => return wrong(error.to_string()),
            None if self.config.tls.acme.terms_of_service_agreed => {
                return Finding::new("tls", State::Wrong, "certificate-awaited", host);
            }
            None => return Finding::new("tls", State::Warning, "certificate-self-signed", host),
        };
        if let Err(error) = identity.certified() {
            return wrong(error.to_string());
        }
        match (judged(&identity, &host, Duration::ZERO), judged(&identity, &host, SOON)) {
            (Err(cause), _) => wrong(cause),
            (Ok(()), Err(_)) => Finding::new("tls", State::Warning, "certificate-soon", host),
            (Ok(()), Ok(())) => Finding::new("tls", State::Ok, "certificate-good", host),
        }
    }

    /// Whether the certificate of our listeners is good for another host, too. A self-signed one is for nobody.
    pub(super) fn shows_certificate_for(&self, host: &str) -> Result<(), String> {
        let identity = self.given_certificate().ok_or("no certificate is configured, or none has come yet")?;
        judged(&identity.map_err(|error| error.to_string())?, host, Duration::ZERO)
    }

    /// The certificate of the operator's files, or what ACME brought; none where our own is shown.
    fn given_certificate(&self) -> Option<Result<Identity, TlsError>> {
        let tls = &self.config.tls;
        if let Ok(Some(ordered)) = acme::Settings::of(self.config) {
            let kept = ordered.certificate();
            return kept.exists().then(|| Identity::read_pair(&kept));
        }
        tls.certificate.as_deref().zip(tls.key.as_deref()).map(|(chain, key)| Identity::read(chain, key))
    }

    /// SPF of the host name, which counts for mails with an empty sender, where the notices' domain is another.
    async fn helo(&self, notices: &str) -> Option<Finding> {
        let host = self.config.hostname();
        if host.eq_ignore_ascii_case(notices) {
            return None;
        }
        let mut finding = self.spf(&host).await;
        finding.state = finding.state.min(State::Warning);
        Some(finding)
    }

    /// Whether anything takes connections where we listen. (Only from here: what a firewall lets through nobody here can see.)
    async fn listener(&self, listen: &str) -> Option<Finding> {
        let address: SocketAddr = listen.parse().ok()?;
        let own = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let connected = timeout(LISTENER_PATIENCE, TcpStream::connect((own, address.port()))).await;
        Some(match connected {
            Ok(Ok(_)) => Finding::new("smtp", State::Ok, "listener-there", listen),
            _ => Finding::new("smtp", State::Unknown, "listener-silent", listen),
        })
    }

    /// Whether the smarthost answers, and speaks TLS.
    async fn smarthost(&self) -> Option<Finding> {
        let smarthost = self.config.relay.smarthost.as_deref()?;
        let away =
            |cause: String| Some(Finding::new("relay", State::Wrong, "smarthost-away", smarthost).with("cause", cause));
        let Smarthost { host, port } = match smarthost.parse() {
            Ok(parsed) => parsed,
            Err(error) => return away(InvalidSmarthost::to_string(&error)),
        };
        let address = match host.parse::<IpAddr>() {
            Ok(address) => Some(address),
            Err(_) => match self.dns.addresses(&host).await {
                Ok(answer) => answer.records.into_iter().next(),
                Err(error) => return away(error.to_string()),
            },
        };
        let Some(address) = address else { return away("it has no address".to_owned()) };
        let tls = match unverified_tls_config() {
            Ok(config) => TlsPolicy::Opportunistic(config),
            Err(error) => return away(error.to_string()),
        };
        let target = Target {
            address: (address, port.unwrap_or(self.config.relay.port)).into(),
            server_name: host,
            helo: self.config.hostname(),
            tls,
            timeout: PATIENCE,
        };
        match timeout(PATIENCE, Connection::open(&target)).await {
            Ok(Ok(connection)) => {
                let encrypted = connection.is_encrypted();
                let _ = timeout(PATIENCE, connection.quit()).await;
                let (state, name) =
                    if encrypted { (State::Ok, "smarthost-there") } else { (State::Warning, "smarthost-plain") };
                Some(Finding::new("relay", state, name, smarthost))
            }
            Ok(Err(error)) => away(error.to_string()),
            Err(_) => away("no answer in time".to_owned()),
        }
    }
}

/// What somebody who verifies makes of our certificate for a host, so much later than now.
fn judged(identity: &Identity, host: &str, later: Duration) -> Result<(), String> {
    let authorities = Authorities::new(Vec::new()).map_err(|error| error.to_string())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let (end_entity, chain) = identity.chain().split_first().ok_or("the file has no certificate")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + later;
    let now = UnixTime::since_unix_epoch(now);
    authorities.judge(Shown { end_entity, chain, name: &name, ocsp: &[], now }).map_err(|error| error.to_string())
}
