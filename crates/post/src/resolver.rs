//! DNS, as the post office needs it: a port, and hickory behind it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::future::BoxFuture;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{RData, RecordType},
    },
};

/// One MX record. The root (`.`) as host is a null MX (RFC 7505).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// The host, an A-label name without its final dot; empty for the root.
    pub host: String,
}

/// Why DNS gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsFailure {
    /// NXDOMAIN: there is no such name.
    #[error("no such domain")]
    NoSuchName,
    /// SERVFAIL, a time-out, no server: may pass. The text is for the log.
    #[error("{0}")]
    Temporary(String),
}

/// Look-ups. An existing name without records of the kind is an empty list.
pub trait Dns: Send + Sync + 'static {
    /// The MX records of a domain (an A-label name).
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<Mx>, DnsFailure>>;
    /// The A and AAAA records of a host.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsFailure>>;
}

/// The DNS of the system or of configured servers.
pub struct Resolver(TokioResolver);

impl Resolver {
    /// A resolver that asks these servers, or where there are none the system's (`/etc/resolv.conf`).
    ///
    /// # Errors
    /// [`DnsFailure::Temporary`] where the system's configuration cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, DnsFailure> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|error| temporary(&error))?
        } else {
            let servers = servers.iter().map(|server| {
                let with_port = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
                NameServerConfig::new(server.ip(), true, connections)
            });
            TokioResolver::builder_with_config(
                ResolverConfig::from_name_servers(servers.collect()),
                TokioRuntimeProvider::default(),
            )
        };
        limits(builder.options_mut());
        Ok(Self(builder.build().map_err(|error| temporary(&error))?))
    }

    async fn look_up_addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsFailure> {
        match self.0.lookup_ip(whole_name(host)).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) => match classify(&error) {
                // No A and no AAAA, or one of the two questions had no answer at all: ask each by itself to know.
                None => {
                    for kind in [RecordType::A, RecordType::AAAA] {
                        if let Err(error) = self.0.lookup(whole_name(host), kind).await
                            && let Some(failure @ DnsFailure::Temporary(_)) = classify(&error)
                        {
                            return Err(failure);
                        }
                    }
                    Ok(Vec::new())
                }
                Some(failure) => Err(failure),
            },
        }
    }
}

impl Dns for Resolver {
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<Mx>, DnsFailure>> {
        Box::pin(async move {
            match self.0.mx_lookup(whole_name(domain)).await {
                Ok(found) => Ok(found
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::MX(mx) => Some(Mx {
                            preference: mx.preference,
                            host: mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase(),
                        }),
                        _ => None,
                    })
                    .collect()),
                Err(error) => classify(&error).map_or_else(|| Ok(Vec::new()), Err),
            }
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsFailure>> {
        Box::pin(self.look_up_addresses(host))
    }
}

fn limits(options: &mut ResolverOpts) {
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = Duration::from_secs(5);
    options.attempts = 2;
    options.cache_size = 4096;
    // What failed is asked again by the next try, and a changed MX is found within the hour.
    options.negative_max_ttl = Some(Duration::from_secs(300));
    options.positive_max_ttl = Some(Duration::from_secs(3600));
}

/// A name with dots is a whole name: the system's search list must not turn it into another. One without dots (a
/// smarthost on a local network) may use it.
fn whole_name(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') { format!("{name}.") } else { name.to_owned() }
}

/// None: the name is there and has no such records.
fn classify(error: &NetError) -> Option<DnsFailure> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(no)) if no.response_code == ResponseCode::NXDomain => {
            Some(DnsFailure::NoSuchName)
        }
        NetError::Dns(DnsError::NoRecordsFound(no)) if no.response_code == ResponseCode::NoError => None,
        error => Some(temporary(error)),
    }
}

fn temporary(error: &NetError) -> DnsFailure {
    DnsFailure::Temporary(error.to_string())
}
