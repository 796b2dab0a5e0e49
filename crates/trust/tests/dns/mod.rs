//! A DNS server on a loopback socket with a zone that a test writes, and a resolver that asks it.
#![allow(dead_code, clippy::panic)]

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use fubako_trust::{Dns, DnsFailure, LookUp};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::{Message, MessageType, OpCode, ResponseCode},
        rr::{
            Name, RData, Record, RecordType,
            rdata::{A, AAAA, MX, PTR, SOA, TXT},
        },
    },
};
use tokio::net::UdpSocket;

#[derive(Default)]
struct Zone {
    records: HashMap<(String, RecordType), Vec<RData>>,
    names: HashSet<String>,
    broken: HashSet<String>,
    silent: HashSet<String>,
    asked: Vec<String>,
}

/// The server, and the resolver that asks it.
#[derive(Clone)]
pub(crate) struct World {
    zone: Arc<Mutex<Zone>>,
    resolver: TokioResolver,
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

impl World {
    /// Starts it with a zone: a line a record, `owner TYPE data`. `owner SERVFAIL` and `owner SILENT` are names that fail and that
    /// get no answer, `owner BARE` is there and has no records.
    pub(crate) async fn start(lines: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone::default()));
        let served = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let reply = served.lock().unwrap().reply(&Message::from_vec(&buffer[..length]).unwrap());
                if let Some(reply) = reply {
                    socket.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
                }
            }
        });
        let world = Self { zone, resolver: resolver(address) };
        world.add(lines);
        world
    }

    pub(crate) fn add(&self, lines: &str) {
        let mut zone = self.zone.lock().unwrap();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut parts = line.splitn(3, ' ');
            let (owner, kind) = (parts.next().unwrap().to_owned(), parts.next().unwrap());
            let data = parts.next().unwrap_or_default();
            zone.names.insert(owner.clone());
            let (kind, data) = match kind {
                "SERVFAIL" => {
                    zone.broken.insert(owner);
                    continue;
                }
                "SILENT" => {
                    zone.silent.insert(owner);
                    continue;
                }
                "BARE" => continue,
                "TXT" => {
                    let pieces = data.as_bytes().chunks(255).map(|c| String::from_utf8(c.to_vec()).unwrap());
                    (RecordType::TXT, RData::TXT(TXT::new(pieces.collect())))
                }
                "A" => (RecordType::A, RData::A(A(data.parse().unwrap()))),
                "AAAA" => (RecordType::AAAA, RData::AAAA(AAAA(data.parse().unwrap()))),
                "MX" => (RecordType::MX, RData::MX(MX::new(10, name(data)))),
                "PTR" => (RecordType::PTR, RData::PTR(PTR(name(data)))),
                other => panic!("{other}"),
            };
            zone.records.entry((owner, kind)).or_default().push(data);
        }
    }

    /// Takes a name out of the zone.
    pub(crate) fn remove(&self, owner: &str) {
        let mut zone = self.zone.lock().unwrap();
        zone.records.retain(|(name, _), _| name != owner);
        zone.names.remove(owner);
        zone.broken.remove(owner);
    }

    /// How often a name was asked for.
    pub(crate) fn asked(&self, owner: &str) -> usize {
        self.zone.lock().unwrap().asked.iter().filter(|asked| *asked == owner).count()
    }

    async fn look_up<T>(
        &self,
        name: String,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, DnsFailure> {
        match self.resolver.lookup(format!("{name}."), kind).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|record| read(&record.data)).collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(no))) if no.response_code == ResponseCode::NXDomain => {
                Err(DnsFailure::NoSuchName)
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(no))) if no.response_code == ResponseCode::NoError => {
                Ok(Vec::new())
            }
            Err(error) => Err(DnsFailure::Temporary(error.to_string())),
        }
    }
}

fn resolver(server: SocketAddr) -> TokioResolver {
    let mut connection = ConnectionConfig::udp();
    connection.port = server.port();
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![connection])];
    let config = ResolverConfig::from_name_servers(servers);
    let mut options = ResolverOpts::default();
    options.timeout = Duration::from_millis(300);
    options.attempts = 1;
    options.cache_size = 0;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().unwrap()
}

impl Dns for World {
    fn txt<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        Box::pin(self.look_up(name.to_owned(), RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        }))
    }
    fn a<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv4Addr> {
        Box::pin(self.look_up(name.to_owned(), RecordType::A, |data| match data {
            RData::A(a) => Some(a.0),
            _ => None,
        }))
    }
    fn aaaa<'a>(&'a self, name: &'a str) -> LookUp<'a, Ipv6Addr> {
        Box::pin(self.look_up(name.to_owned(), RecordType::AAAA, |data| match data {
            RData::AAAA(a) => Some(a.0),
            _ => None,
        }))
    }
    fn mx<'a>(&'a self, name: &'a str) -> LookUp<'a, String> {
        Box::pin(self.look_up(name.to_owned(), RecordType::MX, |data| match data {
            RData::MX(mx) => Some(mx.exchange.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        }))
    }
    fn ptr(&self, address: IpAddr) -> LookUp<'_, String> {
        let name = Name::from(address).to_ascii();
        Box::pin(self.look_up(name.trim_end_matches('.').to_owned(), RecordType::PTR, |data| match data {
            RData::PTR(ptr) => Some(ptr.0.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        }))
    }
}

impl Zone {
    fn reply(&mut self, query: &Message) -> Option<Message> {
        let question = query.queries[0].clone();
        let owner = question.name().to_ascii().to_ascii_lowercase().trim_end_matches('.').to_owned();
        let kind = question.query_type();
        self.asked.push(owner.clone());
        if self.silent.contains(&owner) {
            return None;
        }
        let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_desired = true;
        reply.metadata.recursion_available = true;
        if self.broken.contains(&owner) {
            reply.metadata.response_code = ResponseCode::ServFail;
        } else if let Some(records) = self.records.get(&(owner.clone(), kind)) {
            for data in records {
                reply.add_answer(Record::from_rdata(question.name().clone(), 0, data.clone()));
            }
        } else {
            let there = self.names.iter().any(|name| *name == owner || name.ends_with(&format!(".{owner}")));
            reply.metadata.response_code = if there { ResponseCode::NoError } else { ResponseCode::NXDomain };
            let soa = SOA::new(name("ns.example"), name("hostmaster.example"), 1, 3600, 600, 86400, 1);
            reply.add_authority(Record::from_rdata(name("example"), 1, RData::SOA(soa)));
        }
        reply.add_query(question);
        Some(reply)
    }
}
