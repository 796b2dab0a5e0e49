//! The sender's mail program in the demo: takes the envelope from the mail and sends by SMTP with STARTTLS.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use fubako_base::ids::MailId;
use fubako_mail::{
    header::Header,
    newline::Normalizer,
    reader::{Limits, Reader},
};
use fubako_smtp::{
    client::{Connection, Target, TlsPolicy},
    server::{MailFrom, RcptTo},
};

use crate::tls::{self, Identity};

/// A mail to be sent.
pub struct Outbound {
    name: String,
    /// The octets as they are sent: CRLF line ends; a Message-ID put in where there was none, as mail programs do; without the DKIM
    /// signatures of an earlier journey, whose keys the demo's DNS does not know.
    pub octets: Vec<u8>,
    /// Message-ID without angle brackets.
    pub message_id: String,
    from: String,
    recipients: Vec<String>,
    subject: String,
}

/// What the gateway answered.
pub struct Sent {
    /// Its final reply.
    pub reply: String,
    /// The id under which it has the mail, as the reply says.
    pub id: MailId,
    /// The Message-ID by which it is found again.
    pub message_id: String,
}

impl Outbound {
    /// A mail from its file's octets.
    pub fn new(name: &str, octets: &[u8]) -> Self {
        let mut normal = Vec::with_capacity(octets.len());
        Normalizer::new().push(octets, &mut normal);
        let mut reader = Reader::new(Limits::default());
        reader.push(&normal);
        let header = reader.finish().header;
        let normal = without_signatures(&normal, &header);
        let (octets, message_id) = with_message_id(normal, &header);
        let address = |name: &str| addresses(&header, name);
        let mut recipients: Vec<String> = ["to", "cc", "bcc"].iter().flat_map(|name| address(name)).collect();
        recipients.sort_by_key(|address| address.to_lowercase());
        recipients.dedup_by_key(|address| address.to_lowercase());
        if recipients.is_empty() {
            recipients.push("recipient@demo.example".to_owned());
        }
        Self {
            name: name.to_owned(),
            octets,
            message_id,
            from: address("from").into_iter().next().unwrap_or_default(),
            recipients,
            subject: header.first("subject").map(|f| f.unstructured()).unwrap_or_default(),
        }
    }

    /// The domain it is sent from.
    pub fn domain(&self) -> Option<String> {
        let (_, domain) = self.from.rsplit_once('@')?;
        idna::domain_to_ascii(domain).ok().filter(|d| d.contains('.'))
    }

    /// What the demo calls it.
    pub fn title(&self) -> String {
        let subject: String = self.subject.chars().filter(|c| !c.is_control()).collect();
        format!("{}  {subject}", self.name)
    }

    /// Sends it.
    pub async fn send(&self, to: Option<SocketAddr>, identity: &Identity) -> Result<Sent, String> {
        let address = to.ok_or("there is no listener with STARTTLS")?;
        let certificate = identity.certificate().ok_or("there is no certificate")?;
        let target = Target {
            address,
            server_name: "localhost".to_owned(),
            helo: "sender.example".to_owned(),
            tls: TlsPolicy::Mandatory(tls::client_trusting(certificate).map_err(|e| e.to_string())?),
            timeout: Duration::from_secs(60),
        };
        let mut connection = Connection::open(&target).await.map_err(|e| e.to_string())?;
        let from = MailFrom { address: self.from.clone(), eight_bit: !self.octets.is_ascii(), ..MailFrom::default() };
        let to: Vec<RcptTo> =
            self.recipients.iter().map(|a| RcptTo { address: a.clone(), ..RcptTo::default() }).collect();
        let content = Bytes::from(self.octets.clone());
        let size = content.len() as u64;
        let pieces = futures::stream::iter([Ok::<_, std::io::Error>(content)]);
        let delivered = connection.send(&from, &to, size, pieces).await.map_err(|e| e.to_string())?;
        connection.quit().await;
        let refused: Vec<String> =
            delivered.replies.iter().filter(|r| !r.is_positive()).map(ToString::to_string).collect();
        match (delivered.replies.first(), refused.first()) {
            (Some(reply), None) => {
                let reply = reply.to_string();
                let id = reply.rsplit(' ').next().and_then(|id| id.parse().ok());
                let id = id.ok_or_else(|| format!("the reply does not say under which id: {reply}"))?;
                Ok(Sent { reply, id, message_id: self.message_id.clone() })
            }
            (_, Some(refusal)) => Err(format!("refused: {refusal}")),
            (None, None) => Err("there was no recipient".to_owned()),
        }
    }
}

fn addresses(header: &Header, name: &str) -> Vec<String> {
    header.all(name).flat_map(|f| f.addresses()).map(|a| a.address).filter(|a| a.contains('@')).collect()
}

fn without_signatures(octets: &[u8], header: &Header) -> Vec<u8> {
    let mut kept = Vec::with_capacity(octets.len());
    let mut from = 0;
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(octets.len());
    for field in header.all("dkim-signature") {
        kept.extend_from_slice(octets.get(from..place(field.range().start)).unwrap_or_default());
        from = place(field.range().end);
    }
    kept.extend_from_slice(octets.get(from..).unwrap_or_default());
    kept
}

fn with_message_id(octets: Vec<u8>, header: &Header) -> (Vec<u8>, String) {
    if let Some(id) = header.message_id() {
        return (octets, id);
    }
    let id = format!("{}@sender.example", MailId::generate());
    let mut with = format!("Message-ID: <{id}>\r\n").into_bytes();
    with.extend_from_slice(&octets);
    (with, id)
}
