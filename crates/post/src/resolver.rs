//! DNS, as the post office needs it: a port, and hickory behind it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

pub use fubako_trust::DnsFailure;
use fubako_trust::LookUp;
use futures::{StreamExt as _, future::BoxFuture};
use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig, TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider, xfer::DnsHandle as _},
    proto::{
        op::{DnsRequest, DnsRequestOptions, Query, ResponseCode},
        rr::{Name, RData, Record, RecordType},
    },
    system_conf::read_system_conf,
};

use crate::dane::Tlsa;

/// One MX record. The root (`.`) as host is a null MX (RFC 7505).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// The host, an A-label name without its final dot; empty for the root.
    pub host: String,
}

/// Records, and whether they are to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The records of the kind asked for; none where the name has none.
    pub records: Vec<T>,
    /// DNSSEC vouches for them, and for every alias on the way to them. Never where there are none.
    pub authentic: bool,
}

impl<T> From<Vec<T>> for Answer<T> {
    /// Records for which nobody vouches.
    fn from(records: Vec<T>) -> Self {
        Self { records, authentic: false }
    }
}

/// Look-ups. An existing name without records of the kind is an empty list.
pub trait Dns: Send + Sync + 'static {
    /// The MX records of a domain (an A-label name).
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Answer<Mx>, DnsFailure>>;
    /// The A and AAAA records of a host.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Answer<IpAddr>, DnsFailure>>;
    /// The TXT records of a name, each in one piece.
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, DnsFailure>>;
    /// The TLSA records of a name such as `_25._tcp.mx.example.com`.
    fn tlsa<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Answer<Tlsa>, DnsFailure>>;
}

/// The DNS of the system or of configured servers.
///
/// Whether DNSSEC vouches for an answer is what a validating resolver says (the AD bit, RFC 6840, 5.7), if the administrator
/// says that the servers validate and that the way to them is safe; nothing else makes an answer authentic. That is Postfix's way too.
/// Validation in this process would be a second resolver with trust anchors to keep, and would turn every middlebox that
/// mangles DNSSEC into mail that is not delivered.
pub struct Resolver {
    plain: TokioResolver,
    /// Asked for MX, addresses and TLSA where the servers validate. It keeps nothing: they do.
    validating: Option<Validating>,
}

impl Resolver {
    /// A resolver that asks these servers, or where there are none the system's (`/etc/resolv.conf`). `validating`: they are
    /// believed when they say that DNSSEC vouches for an answer.
    ///
    /// # Errors
    /// [`DnsFailure::Temporary`] where the system's configuration cannot be read.
    pub fn new(servers: &[SocketAddr], validating: bool) -> Result<Self, DnsFailure> {
        let (config, mut options) = if servers.is_empty() {
            read_system_conf().map_err(|error| temporary(&error))?
        } else {
            let servers = servers.iter().map(name_server);
            (ResolverConfig::from_name_servers(servers.collect()), ResolverOpts::default())
        };
        limits(&mut options);
        let validating = validating.then(|| Validating::new(&config, &options)).transpose()?;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self { plain: builder.build().map_err(|error| temporary(&error))?, validating })
    }

    /// The records of one kind.
    async fn look_up<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, DnsFailure> {
        let read = |records: &[Record]| records.iter().filter_map(|record| read(&record.data)).collect::<Vec<T>>();
        if let Some(validating) = &self.validating {
            let (records, authentic) = validating.ask(name, kind).await?;
            let records = read(&records);
            return Ok(Answer { authentic: authentic && !records.is_empty(), records });
        }
        match self.plain.lookup(whole_name(name), kind).await {
            Ok(found) => Ok(read(found.answers()).into()),
            Err(error) => classify(&error).map_or_else(|| Ok(Vec::new().into()), Err),
        }
    }

    async fn look_up_addresses(&self, host: &str) -> Result<Answer<IpAddr>, DnsFailure> {
        if let Some(validating) = &self.validating {
            let found = validating.addresses(host).await?;
            if !found.records.is_empty() {
                return Ok(found);
            }
            // A name that only this machine knows: of its hosts file, or in its search list.
        }
        match self.plain.lookup_ip(whole_name(host)).await {
            Ok(found) => Ok(found.iter().collect::<Vec<_>>().into()),
            Err(error) => match classify(&error) {
                // No A and no AAAA, or one of the two questions had no answer at all: ask each by itself to know.
                None => {
                    for kind in [RecordType::A, RecordType::AAAA] {
                        if let Err(error) = self.plain.lookup(whole_name(host), kind).await
                            && let Some(failure @ DnsFailure::Temporary(_)) = classify(&error)
                        {
                            return Err(failure);
                        }
                    }
                    Ok(Vec::new().into())
                }
                Some(failure) => Err(failure),
            },
        }
    }
}

impl Dns for Resolver {
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Answer<Mx>, DnsFailure>> {
        Box::pin(self.look_up(domain, RecordType::MX, |data| match data {
            RData::MX(mx) => Some(Mx { preference: mx.preference, host: host(&mx.exchange) }),
            _ => None,
        }))
    }

    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Answer<IpAddr>, DnsFailure>> {
        Box::pin(self.look_up_addresses(host))
    }

    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, DnsFailure>> {
        Box::pin(async move {
            // Nothing hangs on who vouches for them, so they may be kept.
            match self.plain.txt_lookup(whole_name(name)).await {
                Ok(found) => Ok(found.answers().iter().filter_map(|record| text(&record.data)).collect()),
                Err(error) => classify(&error).map_or_else(|| Ok(Vec::new()), Err),
            }
        })
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Answer<Tlsa>, DnsFailure>> {
        Box::pin(self.look_up(name, RecordType::TLSA, |data| match data {
            RData::TLSA(tlsa) => Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            _ => None,
        }))
    }
}

/// For the verdict on mail that comes in: nothing hangs on DNSSEC there, so answers may be kept.
impl fubako_trust::Dns for Resolver {
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        self.whole(name, RecordType::TXT, text)
    }

    fn a<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv4Addr> {
        self.whole(name, RecordType::A, |data| match data {
            RData::A(a) => Some(a.0),
            _ => None,
        })
    }

    fn aaaa<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv6Addr> {
        self.whole(name, RecordType::AAAA, |data| match data {
            RData::AAAA(aaaa) => Some(aaaa.0),
            _ => None,
        })
    }

    fn mx<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        self.whole(name, RecordType::MX, |data| match data {
            RData::MX(mx) => Some(host(&mx.exchange)),
            _ => None,
        })
    }

    fn ptr(&self, address: IpAddr) -> LookUp<'_, String> {
        let name = Name::from(address).to_ascii();
        Box::pin(async move {
            let name = name.trim_end_matches('.');
            self.whole(name, RecordType::PTR, |data| match data {
                RData::PTR(ptr) => Some(host(&ptr.0)),
                _ => None,
            })
            .await
        })
    }
}

impl Resolver {
    /// The records of a name to which no search list applies.
    fn whole<'a, T: Send + 'a>(
        &'a self,
        name: &'a str,
        kind: RecordType,
        read: fn(&RData) -> Option<T>,
    ) -> LookUp<'a, T> {
        Box::pin(async move {
            // A name that is none cannot be there.
            let mut whole = Name::from_ascii(name).map_err(|_| DnsFailure::NoSuchName)?;
            whole.set_fqdn(true);
            match self.plain.lookup(whole, kind).await {
                Ok(found) => Ok(found.answers().iter().filter_map(|record| read(&record.data)).collect()),
                Err(error) => classify(&error).map_or_else(|| Ok(Vec::new()), Err),
            }
        })
    }
}

/// The strings of a TXT record put together without anything between (RFC 7208, 3.3).
fn text(data: &RData) -> Option<String> {
    match data {
        RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
        _ => None,
    }
}

/// A host as an A-label name in lower case without its final dot.
fn host(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// Asks servers that validate what they vouch for.
struct Validating {
    servers: NameServerPool<TokioRuntimeProvider>,
    attempts: usize,
}

impl Validating {
    fn new(config: &ResolverConfig, options: &ResolverOpts) -> Result<Self, DnsFailure> {
        let tls = TlsConfig::new().map_err(|error| temporary(&error))?;
        let context = Arc::new(PoolContext::new(options.clone(), tls));
        let servers = config.name_servers().to_vec();
        let servers = NameServerPool::from_config(servers, context, TokioRuntimeProvider::default());
        Ok(Self { servers, attempts: options.attempts.max(1) })
    }

    /// The answer's records, aliases and signatures included, and whether the servers vouch for all of it.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<(Vec<Record>, bool), DnsFailure> {
        let mut name = Name::from_ascii(name).map_err(|error| DnsFailure::Temporary(error.to_string()))?;
        name.set_fqdn(true);
        let mut last = DnsFailure::Temporary("no server was asked".to_owned());
        for _ in 0..self.attempts {
            let mut options = DnsRequestOptions::default();
            // Either asks for the AD bit in the answer; older servers know only the first.
            options.edns_set_dnssec_ok = true;
            let (mut message, options) = DnsRequest::from_query(Query::query(name.clone(), kind), options).into_parts();
            message.metadata.authentic_data = true;
            match self.servers.send(DnsRequest::new(message, options)).next().await {
                Some(Ok(response)) => {
                    let message = response.into_message();
                    return Ok((message.answers, message.metadata.authentic_data));
                }
                Some(Err(error)) => match classify(&error) {
                    None => return Ok((Vec::new(), false)),
                    Some(DnsFailure::NoSuchName) => return Err(DnsFailure::NoSuchName),
                    Some(failure) => last = failure,
                },
                None => {}
            }
        }
        Err(last)
    }

    /// Addresses of either kind; they are authentic if all are.
    async fn addresses(&self, host: &str) -> Result<Answer<IpAddr>, DnsFailure> {
        let (four, six) = futures::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        let (mut records, mut authentic, mut trouble) = (Vec::new(), true, None);
        for answer in [four, six] {
            match answer {
                Ok((answers, vouched)) => {
                    let before = records.len();
                    records.extend(answers.iter().filter_map(|record| record.data.ip_addr()));
                    authentic &= vouched || records.len() == before;
                }
                // What the machine itself knows of the name is asked next.
                Err(DnsFailure::NoSuchName) => {}
                Err(failure) => trouble = Some(failure),
            }
        }
        match trouble {
            // Had one question no answer, the other's addresses will do; but if it has none either, nothing is known.
            Some(failure) if records.is_empty() => Err(failure),
            _ => Ok(Answer { authentic: authentic && !records.is_empty(), records }),
        }
    }
}

fn name_server(server: &SocketAddr) -> NameServerConfig {
    let with_port = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
    NameServerConfig::new(server.ip(), true, connections)
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
