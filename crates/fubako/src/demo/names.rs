//! DNS in the demo: it says of the senders' domains that this host may send for them, so that the gateway checks as it always does (spec RCV-SPF).

use std::{io, net::SocketAddr};

use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{RData, Record, RecordType, rdata::TXT},
};
use tokio::{net::UdpSocket, sync::watch};

/// What each domain says.
const SPF: &str = "v=spf1 ip4:127.0.0.1 -all";
/// Octets of a question; ours are shorter.
const MAX_QUESTION: usize = 1232;

/// A DNS server on a free loopback port that knows the senders' domains, and those of sections that somebody makes by hand: below `.example`, which
/// nobody has (RFC 2606).
pub struct Names {
    socket: UdpSocket,
    domains: Vec<String>,
}

impl Names {
    /// Binds it. `domains` are A-labels in lower case.
    ///
    /// # Errors
    /// Where there is no port.
    pub async fn bind(domains: &[String]) -> io::Result<Self> {
        Ok(Self { socket: UdpSocket::bind("127.0.0.1:0").await?, domains: domains.to_vec() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the socket is broken.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers until `stop`.
    pub async fn serve(self, stop: watch::Receiver<bool>) {
        tokio::select! {
            () = crate::http::stopped(stop) => {}
            () = self.answer() => {}
        }
    }

    async fn answer(&self) {
        let mut buffer = [0; MAX_QUESTION];
        loop {
            let Ok((length, peer)) = self.socket.recv_from(&mut buffer).await else { return };
            let reply = Message::from_vec(&buffer[..length]).ok().and_then(|question| self.reply(&question));
            if let Some(reply) = reply {
                let _ = self.socket.send_to(&reply, peer).await;
            }
        }
    }

    fn reply(&self, asked: &Message) -> Option<Vec<u8>> {
        let question = asked.queries.first()?.clone();
        let name = question.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let mut reply = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_desired = asked.metadata.recursion_desired;
        reply.metadata.recursion_available = true;
        if !self.domains.contains(&name) && !is_made_up(&name) {
            reply.metadata.response_code = ResponseCode::NXDomain;
        } else if question.query_type() == RecordType::TXT {
            let spf = RData::TXT(TXT::new(vec![SPF.to_owned()]));
            reply.add_answer(Record::from_rdata(question.name().clone(), 60, spf));
        }
        reply.add_query(question);
        reply.to_vec().ok()
    }
}

/// Whether it is a domain directly below `.example`.
fn is_made_up(name: &str) -> bool {
    name.strip_suffix(".example").is_some_and(|label| !label.is_empty() && !label.contains('.'))
}
