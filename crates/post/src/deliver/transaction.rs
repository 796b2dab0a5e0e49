//! Hosts in order, a transaction with the first that serves.

use std::sync::Arc;

use bytes::Bytes;
use fubako_smtp::{
    Reply,
    client::{ClientError, Connection, Delivered, Target, TlsPolicy},
    server::{MailFrom, Notify, RcptTo},
};
use fubako_store::{
    StoreError,
    outbox::{Delivery, NewOutgoing},
};
use fubako_vault::VaultError;
use futures::{
    StreamExt as _, future,
    stream::{self, BoxStream},
};

use rustls::pki_types::ServerName;

use super::{
    Courier, Lease, content,
    kept::{Line, Peer},
};
use crate::{
    dane::{self, Dane},
    resolver::DnsFailure,
    route::{Host, a_label},
    sts::Policy,
    tls::{self, By, Demand, StsView, TlsMode},
};

/// What came of trying a way.
pub(super) enum Verdict {
    /// A host answered for each recipient, in order.
    Each {
        /// One a recipient.
        replies: Vec<Reply>,
        /// The host.
        remote: String,
        /// It passes on, or acts on, what the sender wants to be told (DSN, RFC 3461).
        confirms: bool,
    },
    /// One answer for all.
    All {
        /// Whether it ended badly.
        permanent: bool,
        /// `451 4.4.1 …`
        reply: String,
        /// The host that said so, or nobody.
        remote: Option<String>,
    },
}

impl Verdict {
    pub(super) fn all(permanent: bool, reply: impl Into<String>, remote: Option<String>) -> Self {
        Self::All { permanent, reply: reply.into(), remote }
    }
}

/// What a group's next hop means for its transactions.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) smarthost: bool,
    pub(super) mandatory_tls: bool,
    /// The recipients' domain, where its MX hosts are the way.
    pub(super) domain: Option<String>,
    /// The domain's MTA-STS policy.
    pub(super) sts: Option<Arc<Policy>>,
}

/// What came of one host.
enum Attempt {
    /// With the connection, where it served: it may be kept once what came of it is.
    Done(Verdict, Option<Line>),
    /// It did not serve: the next one is tried. With its reason, which stands where it is the last.
    NextHost { permanent: bool, reply: String },
}

/// Why a transaction came to nothing for all its recipients.
enum Failure {
    /// It was not begun: its lease may be another's.
    LeaseLost,
    /// Our own storage does not give the content.
    Content(VaultError),
    Client(ClientError),
}

/// Why our own content stopped.
#[derive(Debug, thiserror::Error)]
enum ContentError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the lease was lost")]
    LeaseLost,
}

impl Courier {
    /// Tries the hosts in order until one serves. With the connection to it, for [`super::KeptConnections`].
    pub(super) async fn try_hosts(
        &self,
        outgoing: &NewOutgoing,
        deliveries: &[&Delivery],
        way: &Way,
        hosts: &[Host],
        lease: &Lease,
    ) -> Result<(Verdict, Option<Line>), StoreError> {
        let mut last = Verdict::all(false, "451 4.4.1 there is no host to try", None);
        // A smarthost that turns us away is set up wrongly, there or here: that passes.
        let mut all_permanent = !way.smarthost;
        for host in hosts {
            let attempt = self.attempt(outgoing, deliveries, way, host, lease).await;
            if lease.lost() && !matches!(attempt, Attempt::Done(Verdict::Each { .. }, _)) {
                return Err(StoreError::LeaseLost);
            }
            match attempt {
                Attempt::Done(verdict, line) => return Ok((verdict, line)),
                Attempt::NextHost { permanent, reply } => {
                    tracing::info!(outgoing = %outgoing.id, host = %host.name, address = %host.address, reply, "host did not serve");
                    // Refused at the door by every host there is: waiting would change nothing.
                    all_permanent &= permanent;
                    last = Verdict::all(all_permanent, reply, Some(host.name.clone()));
                }
            }
        }
        Ok((last, None))
    }

    /// A transaction with one host: on a connection that was kept, or else on a new one.
    async fn attempt(
        &self,
        outgoing: &NewOutgoing,
        deliveries: &[&Delivery],
        way: &Way,
        host: &Host,
        lease: &Lease,
    ) -> Attempt {
        let peer = match self.peer(host, way).await {
            Ok(peer) => peer,
            Err(attempt) => return attempt,
        };
        if let Some(line) = self.kept.take(&peer) {
            match self.transact(outgoing, deliveries, line, lease).await {
                // A server may end a conversation after some time or some mails: that says nothing of this mail, which it has not taken.
                Err(Failure::Client(error)) if took_nothing(&error) => {
                    tracing::debug!(outgoing = %outgoing.id, host = %host.name, %error, "a kept connection did not serve, a new one is made");
                }
                came => return ending(outgoing, host, came),
            }
        }
        match self.connect(peer, way).await {
            Ok(line) => ending(outgoing, host, self.transact(outgoing, deliveries, line, lease).await),
            Err(attempt) => attempt,
        }
    }

    /// One transaction on a connection, which is given back where it served, and left otherwise.
    async fn transact(
        &self,
        outgoing: &NewOutgoing,
        deliveries: &[&Delivery],
        mut line: Line,
        lease: &Lease,
    ) -> Result<(Delivered, Line), Failure> {
        // Connecting may have taken long: a transaction whose lease is over is not begun.
        if lease.lost() {
            line.leave();
            return Err(Failure::LeaseLost);
        }
        let octets = match content::open(&self.vault, outgoing).await {
            Ok(octets) => guarded(octets, lease),
            Err(error) => {
                line.leave();
                return Err(Failure::Content(error));
            }
        };
        let (from, to) = envelope(outgoing, deliveries);
        line.count();
        match line.connection.send(&from, &to, outgoing.size, octets).await {
            Ok(delivered) => Ok((delivered, line)),
            Err(error) => {
                line.leave();
                Err(Failure::Client(error))
            }
        }
    }

    /// Connects as is demanded of TLS towards the host. With opportunistic TLS a handshake that fails is no reason not to deliver.
    async fn connect(&self, peer: Peer, way: &Way) -> Result<Line, Attempt> {
        let by = demanded_by(&peer.demand);
        let names = [Some(&peer.host), way.domain.as_ref()].into_iter().flatten();
        let names = names.filter_map(|name| ServerName::try_from(name.clone()).ok()).collect();
        let policy = match self.transport.tls.policy(peer.demand.clone(), names) {
            Ok(Some(policy)) => policy,
            Ok(None) => return Err(not_listed(&peer.host)),
            Err(error) => return Err(next_host(format!("451 4.7.5 {error}"))),
        };
        let may_fall_back = matches!(policy, TlsPolicy::Opportunistic(_));
        let mut target = Target {
            address: peer.address,
            server_name: peer.host.clone(),
            helo: self.transport.helo.clone(),
            tls: policy,
            timeout: self.transport.timeout,
        };
        let opened = match Connection::open(&target).await {
            Err(ClientError::Tls(why)) if may_fall_back => {
                tracing::info!(host = %peer.host, why, "TLS failed, going on without");
                target.tls = TlsPolicy::Never;
                Connection::open(&target).await
            }
            opened => opened,
        };
        let connection = opened.map_err(|error| refused_at_the_door(&error, by))?;
        Ok(Line::new(connection, peer))
    }

    /// The host with what is demanded of a connection to it.
    async fn peer(&self, host: &Host, way: &Way) -> Result<Peer, Attempt> {
        let demand = self.demand(host, way).await?;
        let domain = way.domain.clone().filter(|_| matches!(demand, Demand::Dane(_)));
        Ok(Peer { address: host.address, host: host.name.clone(), demand, domain })
    }

    /// What is demanded of TLS towards the host. Its TLSA records count where DNSSEC vouches for the way to it; should DNS not give them
    /// then, there may be some, and the host is left for later (RFC 7672, 2.1.2).
    async fn demand(&self, host: &Host, way: &Way) -> Result<Demand, Attempt> {
        let settings = &self.transport.tls;
        let is_mandatory = way.mandatory_tls || settings.is_mandatory(&host.name);
        let forbidden = settings.mode == TlsMode::Never && !is_mandatory;
        let dane = if host.authentic && !forbidden {
            let name = format!("_{}._tcp.{}", host.address.port(), host.name);
            match self.transport.router.dns.tlsa(&name).await {
                Ok(answer) if answer.authentic => dane::read(answer.records),
                Ok(_) | Err(DnsFailure::NoSuchName) => Dane::Absent,
                Err(DnsFailure::Temporary(why)) => {
                    return Err(next_host(format!("451 4.7.5 DNS gave no answer for {name} (DANE): {why}")));
                }
            }
        } else {
            Dane::Absent
        };
        let sts = way.sts.as_ref().map(|policy| StsView { mode: policy.mode, listed: policy.lists(&host.name) });
        let demand = tls::demand(settings.mode, is_mandatory, sts, dane);
        if demand == Demand::Observed && sts.is_some_and(|sts| !sts.listed) {
            tracing::warn!(host = %host.name, domain = way.domain, "MTA-STS in testing: the policy does not name the host");
        }
        tracing::debug!(host = %host.name, ?demand, "TLS");
        Ok(demand)
    }
}

/// For the reply that an administrator reads.
const fn demanded_by(demand: &Demand) -> &'static str {
    match demand {
        Demand::Verified(By::MtaSts) | Demand::NotListed => " (demanded by the domain's MTA-STS policy)",
        Demand::Dane(_) | Demand::Encrypted => " (demanded by DANE)",
        Demand::Verified(By::Configuration) => " (demanded by our configuration)",
        Demand::Never | Demand::Opportunistic | Demand::Observed => "",
    }
}

const fn next_host(reply: String) -> Attempt {
    Attempt::NextHost { permanent: false, reply }
}

fn not_listed(host: &str) -> Attempt {
    next_host(format!("451 4.7.10 {host} is not named by the domain's MTA-STS policy"))
}

/// Whether the server surely has not taken the mail, and said nothing of a recipient or of the mail's size.
const fn took_nothing(error: &ClientError) -> bool {
    matches!(error, ClientError::Connection(_) | ClientError::Refused(_) | ClientError::Protocol(_))
}

/// What a transaction means for its recipients, or for the next host.
fn ending(outgoing: &NewOutgoing, host: &Host, came: Result<(Delivered, Line), Failure>) -> Attempt {
    let remote = || Some(host.name.clone());
    let error = match came {
        Ok((delivered, line)) => {
            tracing::debug!(outgoing = %outgoing.id, host = %host.name, tls = ?delivered.tls, "transaction ended");
            let confirms = line.connection.has_extension("DSN");
            let verdict = Verdict::Each { replies: delivered.replies, remote: host.name.clone(), confirms };
            return Attempt::Done(verdict, Some(line));
        }
        Err(Failure::LeaseLost) => {
            return Attempt::Done(Verdict::all(false, "451 4.3.0 the lease was lost", None), None);
        }
        Err(Failure::Content(error)) => return Attempt::Done(own_trouble(outgoing, &error), None),
        Err(Failure::Client(error)) => error,
    };
    let verdict = match error {
        ClientError::Refused(reply) if reply.is_permanent() => Verdict::all(true, reply.to_string(), remote()),
        ClientError::Refused(reply) => return next_host(reply.to_string()),
        ClientError::TooLarge(_) => Verdict::all(true, format!("552 5.3.4 {error}"), remote()),
        // It may have been taken. Another host would make the second copy certain: only time can tell.
        ClientError::Unknown(_) => Verdict::all(false, format!("451 4.4.2 {error}"), remote()),
        ClientError::Content(error) => own_trouble(outgoing, &*error),
        error => return next_host(format!("451 4.4.2 {error}")),
    };
    Attempt::Done(verdict, None)
}

fn refused_at_the_door(error: &ClientError, demanded_by: &str) -> Attempt {
    let (permanent, reply) = match error {
        ClientError::Refused(reply) => (reply.is_permanent(), reply.to_string()),
        ClientError::Tls(_) => (false, format!("451 4.7.5 {error}{demanded_by}")),
        error => (false, format!("451 4.4.1 {error}")),
    };
    Attempt::NextHost { permanent, reply }
}

/// Our own storage does not give the content: nobody else's business, and it may pass.
fn own_trouble(outgoing: &NewOutgoing, error: &dyn std::fmt::Display) -> Verdict {
    tracing::error!(outgoing = %outgoing.id, error = %error, "an outgoing mail cannot be read");
    Verdict::all(false, "451 4.3.0 the mail cannot be read from our own storage", None)
}

/// The content, broken off (so that no final dot is sent) once the lease may be another's.
fn guarded(
    octets: BoxStream<'static, Result<Bytes, VaultError>>,
    lease: &Lease,
) -> BoxStream<'static, Result<Bytes, ContentError>> {
    let (deadline, last) = (lease.deadline(), lease.deadline());
    octets
        .map(move |piece| if deadline.is_over() { Err(ContentError::LeaseLost) } else { Ok(piece?) })
        // The last look, right before the dot.
        .chain(
            stream::once(async move { last.is_over().then_some(Err(ContentError::LeaseLost)) })
                .filter_map(future::ready),
        )
        .boxed()
}

fn envelope(outgoing: &NewOutgoing, deliveries: &[&Delivery]) -> (MailFrom, Vec<RcptTo>) {
    let to: Vec<RcptTo> = deliveries
        .iter()
        .map(|delivery| RcptTo {
            address: ascii_domain(&delivery.queued.recipient),
            notify: delivery.queued.notify.as_deref().and_then(read_notify),
            orcpt: delivery.queued.orcpt.clone(),
        })
        .collect();
    let from = MailFrom {
        address: ascii_domain(&outgoing.envelope_from),
        size: Some(outgoing.size),
        eight_bit: true,
        smtputf8: outgoing.smtputf8,
        ret_full: outgoing.ret_full,
        envid: outgoing.envid.clone(),
    };
    (from, to)
}

/// With an ASCII local part, the domain in A-labels makes SMTPUTF8 unnecessary (RFC 6531, 3.2).
fn ascii_domain(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) if local.is_ascii() && !domain.is_ascii() => {
            a_label(domain).map_or_else(|| address.to_owned(), |domain| format!("{local}@{domain}"))
        }
        _ => address.to_owned(),
    }
}

/// NOTIFY as it was given (RFC 3461, 4.1).
pub(crate) fn read_notify(text: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    for word in text.split(',') {
        match word.trim().to_ascii_uppercase().as_str() {
            "NEVER" => notify.never = true,
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_needs_no_smtputf8_by_itself() {
        assert_eq!(ascii_domain("a@日本語.jp"), "a@xn--wgv71a119e.jp");
        assert_eq!(ascii_domain("あ@日本語.jp"), "あ@日本語.jp");
        assert_eq!(ascii_domain("a@Example.jp"), "a@Example.jp");
        assert_eq!(ascii_domain(""), "");
    }

    #[test]
    fn notify_is_read_as_given() {
        let notify = |never, success, failure, delay| Some(Notify { never, success, failure, delay });
        assert_eq!(read_notify("NEVER"), notify(true, false, false, false));
        assert_eq!(read_notify("success,Failure"), notify(false, true, true, false));
        assert_eq!(read_notify("DELAY"), notify(false, false, false, true));
        assert_eq!(read_notify("sometimes"), None);
    }
}
