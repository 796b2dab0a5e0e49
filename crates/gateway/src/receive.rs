//! Stages **receive** and **spool**: the upstream waits, so nothing slow happens here. The mail goes sealed into the spool as
//! it comes; the 250 is said when file, folder and row are synced (spec RCV-DURABLE).

mod genuine;
mod rate;

use std::{collections::HashSet, net::IpAddr, ops::Deref, sync::Arc, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use fubako_base::{Timestamp, ids::MailId, section::Section, shown};
use fubako_mail::{
    header::{Header, compared},
    newline::Normalizer,
};
use fubako_smtp::{
    Reply,
    server::{Handler, MailFrom, Notify as DsnNotify, Peer, RcptTo, Transaction},
};
use fubako_store::{
    Store, StoreError,
    mails::{Accepted, MailRecipient, NewMail},
};
use fubako_trust::{Dns, dkim::Verifier};
use fubako_vault::{SealedWriter, Vault};
use tokio::sync::Notify;

pub use genuine::SECRET_CONTEXT;
use genuine::{Claim, Origin};
use rate::Rates;
pub use rate::{Limits, Network, Quota};

/// Octets that a mail's header may have; a longer one is refused while the upstream still has the mail.
const HEADER_LIMIT: u64 = 1 << 20;
/// Trace fields that a mail may have.
const MAX_TRACES: usize = 100;
/// Trace fields of our own that are looked up.
const MAX_OWN_TRACES: usize = 8;
/// Between tries to commit a mail's row, while the upstream waits for its reply (for 10 minutes: RFC 5321, 4.5.3.2.6).
const COMMIT_PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6)];

/// Takes mails for sections that registered the sender's domain. Cheap to clone.
#[derive(Clone)]
pub struct Receiver(Arc<Gate>);

struct Gate {
    parts: ReceiverParts,
    rates: Rates,
}

impl Deref for Gate {
    type Target = ReceiverParts;
    fn deref(&self) -> &ReceiverParts {
        &self.parts
    }
}

/// What a receiver works with.
pub struct ReceiverParts {
    /// The database.
    pub store: Store,
    /// The sealed objects.
    pub vault: Vault,
    /// Look-ups for SPF and DKIM.
    pub dns: Arc<dyn Dns>,
    /// Our host name, for the trace field and as the name under which we say what we found (RFC 8601).
    pub hostname: String,
    /// How much is taken of whom.
    pub limits: Limits,
    /// Told when a mail was accepted.
    pub wake: Arc<Notify>,
    /// The present.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A mail on its way in.
pub struct Incoming {
    receiver: Arc<Gate>,
    id: MailId,
    from: MailFrom,
    peer: Peer,
    /// Known from the envelope; of a mail with an empty sender, from its header.
    origin: Option<Origin>,
    recipients: Vec<MailRecipient>,
    /// The recipients' addresses, as they are compared.
    known: HashSet<String>,
    normalizer: Normalizer,
    header: HeaderSoFar,
    /// What the header says of who sent it.
    claim: Claim,
    signatures: Verifier,
    message_id: Option<String>,
    /// Of all octets so far.
    digest: Context,
    writer: Option<SealedWriter>,
}

impl ReceiverParts {
    /// A mail that goes round and round (spec RCV-LOOP): too many hosts had it, or we had it for one of its recipients before.
    async fn check_loop(&self, header: &Header, recipients: &[MailRecipient]) -> Result<(), Reply> {
        let traces: Vec<String> = header.all("received").map(|field| field.unstructured()).collect();
        let ours = traces.iter().filter_map(|trace| own_id(trace, &self.hostname)).take(MAX_OWN_TRACES);
        let mut goes_round = traces.len() > MAX_TRACES;
        for id in ours {
            let earlier = self.store.mail(id).await;
            let earlier = earlier.map_err(|e| try_later(&e, "an earlier mail could not be looked up"))?;
            let had = earlier.map(|mail| mail.accepted.recipients).unwrap_or_default();
            goes_round |= recipients.iter().any(|to| had.iter().any(|h| compared(&h.address) == compared(&to.address)));
        }
        if goes_round {
            Err(Reply::new(554, (5, 4, 6), "the mail goes round and round: it has been here before"))
        } else {
            Ok(())
        }
    }

    /// Commits the mail's row. After an error of the database nobody knows whether it is there, and an upstream that is told
    /// to come again would send the mail twice: so it is asked again, which changes nothing where it is there.
    ///
    /// Where that is in vain the object stays: the row may yet be there, and what no row has the sweep takes.
    async fn commit(&self, mail: &NewMail) -> Result<Accepted, Reply> {
        let mut pauses = COMMIT_PAUSES.iter();
        loop {
            match (self.store.accept_mail(mail).await, pauses.next()) {
                (Ok(accepted), _) => return Ok(accepted),
                (Err(StoreError::Database(cause)), Some(pause)) => {
                    tracing::warn!(mail = %mail.id, %cause, "a spooled mail's row is tried again");
                    tokio::time::sleep(*pause).await;
                }
                (Err(error), _) => return Err(try_later(&error, "a spooled mail could not be committed")),
            }
        }
    }
}

/// The mail's header is looked at when it is whole: until then the mail's octets are held, and nothing is stored.
enum HeaderSoFar {
    Reading(Vec<u8>),
    Looked,
}

impl HeaderSoFar {
    /// Takes more octets; gives back what can be stored, once the header is whole, with where that ends. (Later there is no header
    /// any more.)
    fn push(&mut self, octets: Vec<u8>) -> Result<Option<(Vec<u8>, usize)>, Reply> {
        let Self::Reading(held) = self else { return Ok(Some((octets, 0))) };
        // The blank line may lie across two pieces, and a mail may begin with it.
        let from = held.len().saturating_sub(3);
        held.extend_from_slice(&octets);
        let end = if held.starts_with(b"\r\n") {
            Some(0)
        } else {
            held[from..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 2)
        };
        if end.unwrap_or(held.len()) as u64 > HEADER_LIMIT {
            return Err(Reply::new(552, (5, 3, 4), "the mail's header is too long"));
        }
        Ok(end.map(|end| (std::mem::take(held), end)))
    }
}

impl Handler for Receiver {
    type Transaction = Incoming;

    fn admits(&self, address: IpAddr, others: usize) -> Result<(), Reply> {
        self.0.rates.admits(address, others, (self.0.clock)())
    }

    fn offended(&self, address: IpAddr) {
        self.0.rates.failed(address, (self.0.clock)());
    }

    async fn mail(&self, peer: &Peer, from: &MailFrom) -> Result<Incoming, Reply> {
        self.0.rates.is_open(peer.address.ip(), (self.0.clock)())?;
        let id = MailId::generate();
        let origin = match from.address.as_str() {
            "" => None,
            address => {
                let origin = self.0.origin(id, peer, from, domain_of(address)).await;
                Some(origin.inspect_err(|reply| self.0.refused(peer, address, reply))?)
            }
        };
        Ok(Incoming {
            receiver: Arc::clone(&self.0),
            id,
            from: from.clone(),
            peer: peer.clone(),
            origin,
            recipients: Vec::new(),
            known: HashSet::new(),
            normalizer: Normalizer::new(),
            header: HeaderSoFar::Reading(Vec::new()),
            claim: Claim::default(),
            signatures: Verifier::new(),
            message_id: None,
            digest: Context::new(&SHA256),
            writer: None,
        })
    }
}

impl Receiver {
    /// A receiver that works with these parts.
    #[must_use]
    pub fn new(parts: ReceiverParts) -> Self {
        let rates = Rates::new(parts.limits.clone());
        Self(Arc::new(Gate { parts, rates }))
    }
}

impl Transaction for Incoming {
    async fn rcpt(&mut self, to: &RcptTo) -> Result<(), Reply> {
        // An address given twice gets one mail and one link.
        if !self.known.insert(compared(&to.address)) {
            return Ok(());
        }
        self.recipients.push(MailRecipient {
            address: to.address.clone(),
            notify: to.notify.map(notify_text),
            orcpt: to.orcpt.clone(),
        });
        Ok(())
    }

    async fn chunk(&mut self, octets: Bytes) -> Result<(), Reply> {
        let mut normal = Vec::with_capacity(octets.len() + 16);
        self.normalizer.push(&octets, &mut normal);
        self.take(normal).await.inspect_err(|reply| self.receiver.refused(&self.peer, &self.from.address, reply))
    }

    async fn finish(mut self) -> Reply {
        match self.accept().await {
            Ok(id) => Reply::new(250, (2, 0, 0), format!("OK, queued as {id}")),
            Err(reply) => {
                self.receiver.refused(&self.peer, &self.from.address, &reply);
                reply
            }
        }
    }
}

impl Gate {
    /// Says in the log what a peer is told, so that whoever asks why a mail was refused finds it; and counts what will not get better by
    /// coming again.
    fn refused(&self, peer: &Peer, from: &str, reply: &Reply) {
        tracing::info!(peer = %peer.address.ip(), from = %shown::visible(from), %reply, "refused");
        if reply.is_permanent() {
            self.rates.failed(peer.address.ip(), (self.clock)());
        }
    }
}

impl Incoming {
    async fn take(&mut self, octets: Vec<u8>) -> Result<(), Reply> {
        self.digest.update(&octets);
        let is_whole = matches!(self.header, HeaderSoFar::Looked);
        let Some((octets, header_end)) = self.header.push(octets)? else { return Ok(()) };
        if !is_whole {
            self.check_header(&Header::of_mail(&octets[..header_end])).await?;
        }
        self.store(octets).await
    }

    /// What is refused while the upstream still has the mail.
    async fn check_header(&mut self, header: &Header) -> Result<(), Reply> {
        self.header = HeaderSoFar::Looked;
        self.check_claim(header).await?;
        self.receiver.check_loop(header, &self.recipients).await?;
        let message_id = header.first("message-id").map(|field| field.unstructured());
        self.message_id = message_id.filter(|id| !id.is_empty());
        Ok(())
    }

    async fn store(&mut self, octets: Vec<u8>) -> Result<(), Reply> {
        self.signatures.write(&octets);
        if self.writer.is_none() {
            let Some(origin) = &self.origin else { return Err(not_ours()) };
            let writer = self.receiver.vault.create(&origin.section.id).await;
            self.writer = Some(writer.map_err(|e| no_room(&e))?);
        }
        match &mut self.writer {
            Some(writer) => writer.write(Bytes::from(octets)).await.map_err(|e| no_room(&e)),
            None => Ok(()),
        }
    }

    async fn accept(&mut self) -> Result<MailId, Reply> {
        if let HeaderSoFar::Reading(held) = &mut self.header {
            // No blank line: all of it is header.
            let held = std::mem::take(held);
            self.check_header(&Header::of_mail(&held)).await?;
            self.store(held).await?;
        }
        let Some(writer) = self.writer.take() else { return Err(Reply::new(550, (5, 6, 0), "the mail is empty")) };
        let Some(origin) = self.origin.take() else { return Err(not_ours()) };
        let results_field = match self.verdict(&origin).await {
            Ok(field) => field,
            Err(reply) => {
                writer.abort().await;
                return Err(reply);
            }
        };
        let now = (self.receiver.clock)();
        let section = origin.section;
        let of = rate::Origin { section: &section.id, sender: &self.from.address, address: self.peer.address.ip() };
        if let Err(reply) = self.receiver.rates.has_room(&of, now) {
            writer.abort().await;
            return Err(reply);
        }
        let spool = writer.finish().await.map_err(|e| no_room(&e))?;
        self.receiver.rates.count(&of, self.recipients.len(), now);
        let mail = NewMail {
            id: self.id,
            section: section.id.clone(),
            spool,
            envelope_from: self.from.address.clone(),
            peer: self.peer.address.to_string(),
            received_field: self.trace(&section, now),
            results_field,
            smtputf8: self.from.smtputf8,
            ret_full: self.from.ret_full,
            envid: self.from.envid.clone(),
            fingerprint: self.fingerprint(),
            recipients: std::mem::take(&mut self.recipients),
            received_at: now,
        };
        if let Accepted::Repeated(earlier) = self.receiver.commit(&mail).await? {
            tracing::info!(mail = %earlier, section = %section.id, peer = %self.peer.address, "sent again, and kept once");
            return Ok(earlier);
        }
        tracing::info!(mail = %self.id, section = %section.id, octets = mail.spool.length, recipients = mail.recipients.len(), peer = %self.peer.address, "accepted");
        self.receiver.wake.notify_one();
        Ok(self.id)
    }

    /// What tells the same mail sent again (spec RCV-REPEAT). One without a Message-ID may be sent twice on purpose.
    fn fingerprint(&self) -> Option<[u8; 32]> {
        let message_id = self.message_id.as_deref()?;
        let mut recipients: Vec<&String> = self.known.iter().collect();
        recipients.sort();
        let mut all = Context::new(&SHA256);
        for text in [message_id, &self.from.address].into_iter().chain(recipients.into_iter().map(String::as_str)) {
            all.update(&(text.len() as u64).to_be_bytes());
            all.update(text.as_bytes());
        }
        all.update(self.digest.clone().finish().as_ref());
        all.finish().as_ref().try_into().ok()
    }

    /// The trace field's value (RFC 5321, 4.4). It names no recipient: a Bcc would be seen by the others.
    fn trace(&self, section: &Section, now: Timestamp) -> String {
        let helo: String =
            self.peer.helo.chars().filter(|c| c.is_ascii_graphic() && !"()<>\\\"".contains(*c)).take(255).collect();
        let ip = match self.peer.address.ip() {
            std::net::IpAddr::V4(ip) => format!("[{ip}]"),
            std::net::IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
        };
        format!(
            "from {} ({ip}) by {} with {} id {}; {}",
            if helo.is_empty() { "unknown" } else { &helo },
            self.receiver.hostname,
            self.peer.protocol,
            self.id,
            now.rfc5322(&section.settings.time_zone),
        )
    }
}

/// The domain of an address as an A-label in lower case.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let ascii = idna::domain_to_ascii(domain).ok()?;
    (!ascii.is_empty()).then_some(ascii)
}

/// The id of a mail of ours, where a trace field's value is one that we wrote.
fn own_id(trace: &str, hostname: &str) -> Option<MailId> {
    let words: Vec<&str> = trace.split_whitespace().collect();
    let after = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1).copied());
    let by_us = after("by").is_some_and(|host| host.eq_ignore_ascii_case(hostname));
    after("id").filter(|_| by_us).and_then(|id| id.trim_end_matches(';').parse().ok())
}

fn not_ours() -> Reply {
    Reply::new(550, (5, 7, 1), "the sender's domain is not registered here")
}

/// The storage did not take the mail; the upstream keeps it and comes again.
fn no_room(error: &fubako_vault::VaultError) -> Reply {
    tracing::error!(%error, "the spool does not take a mail");
    Reply::new(452, (4, 3, 1), "no room for the mail at present, please try again later")
}

fn try_later(error: &fubako_store::StoreError, what: &str) -> Reply {
    tracing::error!(%error, "{what}");
    Reply::new(451, (4, 3, 0), "a temporary local problem, please try again later")
}

/// NOTIFY as RFC 3461 writes it.
fn notify_text(notify: DsnNotify) -> String {
    if notify.never {
        return "NEVER".to_owned();
    }
    let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let given: Vec<&str> = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
    given.join(",")
}
