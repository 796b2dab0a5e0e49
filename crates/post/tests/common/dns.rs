//! A DNS server on a loopback socket, with a zone that a test writes. It answers as a resolver that validates: of what is signed it
//! says so (AD), if it is asked to (RFC 6840, 5.8).

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use fubako_post::dane::Tlsa;
use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, MX, SOA, TLSA, TXT},
    },
};
use tokio::net::UdpSocket;

#[derive(Default)]
struct Zone {
    records: HashMap<(String, RecordType), Vec<RData>>,
    signed: HashSet<String>,
    unsigned: HashSet<String>,
    broken: HashSet<String>,
    asked: Vec<(String, RecordType)>,
}

#[derive(Clone, Default)]
pub struct DnsServer {
    zone: Arc<Mutex<Zone>>,
    address: Option<SocketAddr>,
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

impl DnsServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: Some(socket.local_addr().unwrap()), ..Self::default() };
        let zone = Arc::clone(&server.zone);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let reply = zone.lock().unwrap().reply(&Message::from_vec(&buffer[..length]).unwrap());
                socket.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
            }
        });
        server
    }

    pub fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    fn put(&self, owner: &str, kind: RecordType, data: Vec<RData>) -> &Self {
        self.zone.lock().unwrap().records.insert((owner.to_owned(), kind), data);
        self
    }

    pub fn mx(&self, domain: &str, hosts: &[(u16, &str)]) -> &Self {
        let records = hosts.iter().map(|(preference, host)| RData::MX(MX::new(*preference, name(host))));
        self.put(domain, RecordType::MX, records.collect())
    }

    pub fn a(&self, host: &str, addresses: &[[u8; 4]]) -> &Self {
        let records = addresses.iter().map(|[a, b, c, d]| RData::A(A::new(*a, *b, *c, *d)));
        self.put(host, RecordType::A, records.collect())
    }

    pub fn aaaa(&self, host: &str, address: [u16; 8]) -> &Self {
        let [a, b, c, d, e, f, g, h] = address;
        self.put(host, RecordType::AAAA, vec![RData::AAAA(AAAA::new(a, b, c, d, e, f, g, h))])
    }

    pub fn txt(&self, owner: &str, texts: &[&[&str]]) -> &Self {
        let text = |strings: &[&str]| RData::TXT(TXT::new(strings.iter().map(|s| (*s).to_owned()).collect()));
        self.put(owner, RecordType::TXT, texts.iter().map(|strings| text(strings)).collect())
    }

    pub fn tlsa(&self, owner: &str, records: &[Tlsa]) -> &Self {
        let record =
            |t: &Tlsa| RData::TLSA(TLSA::new(t.usage.into(), t.selector.into(), t.matching.into(), t.data.clone()));
        self.put(owner, RecordType::TLSA, records.iter().map(record).collect())
    }

    /// The name is there, without records.
    pub fn bare(&self, owner: &str) -> &Self {
        self.put(owner, RecordType::NS, vec![])
    }

    /// Whatever is below a name is signed.
    pub fn sign(&self, owner: &str) -> &Self {
        self.zone.lock().unwrap().signed.insert(owner.to_owned());
        self
    }

    /// But not this name, which a zone of its own holds.
    pub fn leave_unsigned(&self, owner: &str) -> &Self {
        self.zone.lock().unwrap().unsigned.insert(owner.to_owned());
        self
    }

    /// SERVFAIL, as for a zone whose signatures are wrong: for a name, or for `name/TYPE`.
    pub fn fail(&self, what: &str) -> &Self {
        self.zone.lock().unwrap().broken.insert(what.to_owned());
        self
    }

    pub fn mend(&self, what: &str) -> &Self {
        self.zone.lock().unwrap().broken.remove(what);
        self
    }

    pub fn forget(&self, owner: &str) -> &Self {
        self.zone.lock().unwrap().records.retain(|(name, _), _| name != owner);
        self
    }

    pub fn asked(&self, kind: RecordType) -> usize {
        self.zone.lock().unwrap().asked.iter().filter(|(_, asked)| *asked == kind).count()
    }
}

impl Zone {
    fn reply(&mut self, query: &Message) -> Message {
        let question = query.queries[0].clone();
        let owner = question.name().to_ascii().to_ascii_lowercase();
        let owner = owner.trim_end_matches('.').to_owned();
        let kind = question.query_type();
        self.asked.push((owner.clone(), kind));
        let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_desired = true;
        reply.metadata.recursion_available = true;
        let wanted = query.metadata.authentic_data || query.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let is_signed = self.signed.iter().any(|top| owner == *top || owner.ends_with(&format!(".{top}")));
        reply.metadata.authentic_data = wanted && is_signed && !self.unsigned.contains(&owner);
        let found = self.records.get(&(owner.clone(), kind)).cloned().unwrap_or_default();
        reply.metadata.response_code =
            if self.broken.contains(&owner) || self.broken.contains(&format!("{owner}/{kind}")) {
                ResponseCode::ServFail
            } else if self.records.keys().any(|(name, _)| *name == owner) {
                ResponseCode::NoError
            } else {
                ResponseCode::NXDomain
            };
        if reply.metadata.response_code == ResponseCode::ServFail {
            reply.metadata.authentic_data = false;
        } else if found.is_empty() {
            let soa = SOA::new(name("ns.example"), name("hostmaster.example"), 1, 3600, 600, 86400, 1);
            reply.add_authority(Record::from_rdata(name("example"), 1, RData::SOA(soa)));
        } else {
            for data in found {
                // Kept for no time: a test changes its mind.
                reply.add_answer(Record::from_rdata(question.name().clone(), 0, data));
            }
        }
        reply.add_query(question);
        reply
    }
}
