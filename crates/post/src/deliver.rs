//! One round: an outgoing mail with its due deliveries, a transaction a host, an outcome a recipient (spec MAIL-RELAY).
//!
//! What came of a transaction is committed before the next one begins, so that a receiver that took the mail never gets
//! it a second time, except where the connection died after the final dot.

mod content;
mod kept;
mod lease;
mod transaction;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fubako_base::{Timestamp, ids::DeliveryId, secret};
use fubako_store::{
    Store, StoreError,
    outbox::{Delivery, NewOutgoing, Outcome, Round},
};
use fubako_vault::Vault;
use tokio::{sync::watch, time::Instant};

use crate::{
    backoff::Schedule,
    route::{NextHop, Router},
    sts::keep::Policies,
    tls::{TlsMode, TlsSettings},
};
pub(crate) use content::{inline_context, open as open_content};
pub use kept::KeptConnections;
use lease::Lease;
pub(crate) use lease::end_of_lease;
pub(crate) use transaction::read_notify;
use transaction::{Verdict, Way};

/// Recipients in one transaction: every server takes as many (RFC 5321, 4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;
/// Characters of a foreign reply that are kept.
const MAX_REPLY: usize = 512;

/// The clock, passed in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How mails travel.
#[derive(Clone)]
pub struct Transport {
    /// Where to.
    pub router: Router,
    /// TLS.
    pub tls: TlsSettings,
    /// The MTA-STS policies of recipients' domains; none where they are not looked at.
    pub sts: Option<Arc<Policies>>,
    /// What we call ourselves in EHLO.
    pub helo: String,
    /// For a connection, a command, a piece of data. RFC 5321, 4.5.3.2 wants 5 minutes for most.
    pub timeout: Duration,
}

/// Carries rounds.
#[derive(Clone)]
pub struct Courier {
    /// The database.
    pub store: Store,
    /// Where content lies.
    pub vault: Vault,
    /// How mails travel.
    pub transport: Transport,
    /// Connections for the next mails.
    pub kept: KeptConnections,
    /// When they are tried again.
    pub schedule: Schedule,
    /// How long a lease holds without being renewed; it is renewed three times as often.
    pub lease: Duration,
    /// The time.
    pub clock: Clock,
}

/// Deliveries that share a way.
struct Group<'a> {
    hop: NextHop,
    mandatory_tls: bool,
    deliveries: Vec<&'a Delivery>,
}

impl Courier {
    /// Tries a leased round once. When `stop` turns true it ends after the transaction under way; deliveries that were not
    /// tried keep their lease until it runs out. The lease holds until `until`, counted from before the database was asked for
    /// it; from then on nothing is sent unless it was renewed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`]: somebody else has the rest of the round, or may have it by now. Other [`StoreError`]s only where an outcome could not be
    /// committed before `stop`'s patience ended.
    pub async fn deliver(
        &self,
        worker: &str,
        round: &Round,
        until: Instant,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let lease = Lease::keep(self, worker, round.outgoing.id, until);
        let (groups, lost) = self.group(&round.deliveries);
        if !lost.is_empty() {
            self.record(worker, &round.outgoing, &lost, stop).await?;
        }
        for group in groups {
            let routed = self.transport.router.route(&group.hop, random).await;
            let way = self.way(&group).await?;
            for chunk in group.deliveries.chunks(MAX_RECIPIENTS) {
                if *stop.borrow() {
                    return Ok(());
                }
                if lease.lost() {
                    return Err(StoreError::LeaseLost);
                }
                let (verdict, line) = match &routed {
                    Ok(hosts) => self.try_hosts(&round.outgoing, chunk, &way, hosts, &lease).await?,
                    Err(refused) => (Verdict::all(refused.permanent, refused.to_string(), None), None),
                };
                let outcomes = self.outcomes(chunk, verdict);
                self.record(worker, &round.outgoing, &outcomes, stop).await?;
                if let Some(line) = line {
                    self.kept.give_back(line);
                }
            }
        }
        Ok(())
    }

    /// What the group's next hop means for its transactions. A domain's MTA-STS policy counts where its MX hosts are the way.
    async fn way(&self, group: &Group<'_>) -> Result<Way, StoreError> {
        let NextHop::Domain(domain) = &group.hop else {
            let smarthost = group.hop == NextHop::Smarthost;
            return Ok(Way { smarthost, mandatory_tls: group.mandatory_tls, domain: None, sts: None });
        };
        let forbidden = self.transport.tls.mode == TlsMode::Never && !group.mandatory_tls;
        let sts = match &self.transport.sts {
            Some(policies) if !forbidden => policies.of(domain).await?,
            _ => None,
        };
        Ok(Way { smarthost: false, mandatory_tls: group.mandatory_tls, domain: Some(domain.clone()), sts })
    }

    /// Deliveries by their way, and outcomes for those that have none.
    fn group<'a>(&self, deliveries: &'a [Delivery]) -> (Vec<Group<'a>>, Vec<(DeliveryId, Outcome)>) {
        let (mut ways, mut lost) = (BTreeMap::<(NextHop, bool), Vec<&Delivery>>::new(), Vec::new());
        for delivery in deliveries {
            match self.transport.router.next_hop(&delivery.queued.recipient) {
                Ok(hop) => {
                    let domain = delivery.queued.recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
                    let mandatory = self.transport.tls.is_mandatory(domain);
                    ways.entry((hop, mandatory)).or_default().push(delivery);
                }
                Err(refused) => {
                    lost.push((delivery.queued.id, Outcome::Failed { reply: refused.to_string(), remote: None }));
                }
            }
        }
        let groups =
            ways.into_iter().map(|((hop, mandatory_tls), deliveries)| Group { hop, mandatory_tls, deliveries });
        (groups.collect(), lost)
    }

    /// What a verdict means for each delivery.
    fn outcomes(&self, deliveries: &[&Delivery], verdict: Verdict) -> Vec<(DeliveryId, Outcome)> {
        let now = (self.clock)();
        let retry = |delivery: &Delivery, reply: String, remote: Option<String>| {
            let tries = delivery.attempts.saturating_add(1);
            match self.schedule.next_try(delivery.queued_at, tries, now, random().to_le_bytes()[0]) {
                Some(at) => Outcome::Retry { at, reply, remote },
                None => Outcome::Failed {
                    reply: clean(&format!("550 5.4.7 not delivered in the time allowed; the last reply was: {reply}")),
                    remote,
                },
            }
        };
        let one = |delivery: &Delivery, permanent: bool, reply: String, remote: Option<String>| {
            let outcome = if permanent { Outcome::Failed { reply, remote } } else { retry(delivery, reply, remote) };
            (delivery.queued.id, outcome)
        };
        match verdict {
            Verdict::Each { replies, remote, confirms } => {
                let mut replies = replies.into_iter();
                let each = deliveries.iter().map(|delivery| match replies.next() {
                    Some(reply) if reply.is_positive() => {
                        let reply = clean(&reply.to_string());
                        let relayed = !confirms && wants_success(delivery);
                        (delivery.queued.id, Outcome::Delivered { reply, remote: remote.clone(), relayed })
                    }
                    Some(reply) => one(delivery, reply.is_permanent(), clean(&reply.to_string()), Some(remote.clone())),
                    None => one(delivery, false, "451 4.3.0 no reply for this recipient".into(), Some(remote.clone())),
                });
                each.collect()
            }
            Verdict::All { permanent, reply, remote } => {
                deliveries.iter().map(|delivery| one(delivery, permanent, clean(&reply), remote.clone())).collect()
            }
        }
    }

    /// Commits outcomes. What a receiver took must not be forgotten, so a database that is away is waited for, and it is kept
    /// whoever has the lease by now.
    async fn record(
        &self,
        worker: &str,
        outgoing: &NewOutgoing,
        outcomes: &[(DeliveryId, Outcome)],
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let mut pause = Duration::from_millis(200);
        let mut patience = Duration::from_secs(20);
        loop {
            let error = match self.store.record_outcomes(worker, outcomes, (self.clock)()).await {
                Ok(()) => {
                    outcomes.iter().for_each(|(id, outcome)| log(outgoing, *id, outcome));
                    return Ok(());
                }
                Err(error @ StoreError::Database(_)) => error,
                Err(error) => {
                    for (id, outcome) in outcomes.iter().filter(|(_, o)| matches!(o, Outcome::Delivered { .. })) {
                        tracing::warn!(outgoing = %outgoing.id, %error, "what was delivered is kept without the lease");
                        log(outgoing, *id, outcome);
                    }
                    return Err(error);
                }
            };
            if *stop.borrow() {
                patience = patience.saturating_sub(pause);
                if patience.is_zero() {
                    return Err(error);
                }
            }
            tracing::warn!(outgoing = %outgoing.id, %error, "an outcome cannot be committed yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// Whether the sender asked to be told of success (RFC 3461, 4.1).
fn wants_success(delivery: &Delivery) -> bool {
    let notify = delivery.queued.notify.as_deref().and_then(read_notify);
    notify.is_some_and(|notify| notify.success && !notify.never)
}

fn log(outgoing: &NewOutgoing, delivery: DeliveryId, outcome: &Outcome) {
    let (became, reply, remote) = match outcome {
        Outcome::Delivered { reply, remote, .. } => ("delivered", reply, remote.as_str()),
        Outcome::Retry { reply, remote, .. } => ("retry", reply, remote.as_deref().unwrap_or("-")),
        Outcome::Failed { reply, remote } => ("failed", reply, remote.as_deref().unwrap_or("-")),
    };
    let kind = outgoing.kind;
    tracing::info!(outgoing = %outgoing.id, section = %outgoing.section, ?kind, %delivery, became, reply, remote, "delivery");
}

/// A foreign text as it may be kept and shown: one line, no control characters, at most 512 characters.
pub(crate) fn clean(text: &str) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REPLY).collect();
    line.truncate(line.trim_end().len());
    line
}

/// For spreading only; where the system's source fails, nothing is spread.
pub(crate) fn random() -> u64 {
    let mut octets = [0; 8];
    match secret::fill(&mut octets) {
        Ok(()) => u64::from_le_bytes(octets),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_reply_is_kept_as_one_clean_line() {
        assert_eq!(clean("550 5.1.1 no\r\nsuch\u{1b}[2J user\u{0}\n"), "550 5.1.1 no  such [2J user");
        assert_eq!(clean(&"あ".repeat(1000)).chars().count(), MAX_REPLY);
    }
}
