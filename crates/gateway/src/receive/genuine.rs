//! Whether a mail is its section's own (spec RCV-TENANT, RCV-SPF, RCV-DKIM, RCV-ALIGN). The upstream waits: the envelope's sender is checked at
//! MAIL, the author when the header has passed, signatures and the section's proof after the last octet.

use fubako_base::{
    ids::MailId,
    section::{Proof, Section},
    shown,
};
use fubako_mail::header::{self, Header};
use fubako_smtp::{
    Reply,
    server::{MailFrom, Peer},
};
use fubako_trust::{
    PATIENCE,
    dkim::{Dkim, Verifier},
    results,
    spf::{self, Client, Spf},
    tenant::{self, Author, Decision, Refusal, Secret, Tenant},
};

use super::{Gate, Incoming, domain_of, not_ours, rate, try_later};

/// The context under which a section's secret is sealed. What is sealed is the secret, or the two that are good while one is changed
/// for the other, a line each.
pub const SECRET_CONTEXT: &str = "secret-header";

/// Parents of a domain that are asked for: a mail's envelope may have a domain below the registered one.
const MAX_LABELS: usize = 10;

/// Whose mail it is by its envelope, and whether the host may send for them.
pub(super) struct Origin {
    pub(super) section: Section,
    spf: Spf,
}

/// Whose mail it is by its header.
#[derive(Default)]
pub(super) struct Claim {
    author: Whose,
    /// The values of the section's secret header.
    secrets: Vec<Vec<u8>>,
}

#[derive(Default)]
enum Whose {
    #[default]
    Missing,
    Several,
    Unreadable,
    AddressInName,
    One(String, header::Author),
}

impl Whose {
    /// An address beyond ASCII counts in a mail that was given with SMTPUTF8 alone: in another its octets could mean anything (RFC 6532).
    fn of(header: &Header, smtputf8: bool) -> Self {
        let mut from = header.all("from");
        let (Some(field), another) = (from.next(), from.next()) else { return Self::Missing };
        if another.is_some() {
            return Self::Several;
        }
        let author = field.author().filter(|author| smtputf8 || author.mailbox.address.is_ascii());
        let is_several = || field.addresses().iter().filter(|a| !a.address.is_empty()).count() > 1;
        match author.and_then(|author| Some((domain_of(&author.mailbox.address)?, author))) {
            Some((domain, author)) => Self::One(domain, author),
            None if is_several() => Self::Several,
            None => Self::Unreadable,
        }
    }

    /// The same for a section with these domains: nobody, where the name shows an address that is none of theirs.
    fn beside(self, domains: &[String]) -> Self {
        match self {
            Self::One(_, author) if !author.is_alone_beside(domains) => Self::AddressInName,
            whose => whose,
        }
    }

    fn author(&self) -> Author<'_> {
        match self {
            Self::Missing => Author::Missing,
            Self::Several => Author::Several,
            Self::Unreadable => Author::Unreadable,
            Self::AddressInName => Author::AddressInName,
            Self::One(domain, _) => Author::One(domain),
        }
    }
}

impl Gate {
    /// The section that registered the domain or one above it (spec RCV-TENANT), and what SPF says of the host. Only then is DNS asked:
    /// nobody makes us look up what he likes.
    pub(super) async fn origin(
        &self,
        id: MailId,
        peer: &Peer,
        from: &MailFrom,
        domain: Option<String>,
    ) -> Result<Origin, Reply> {
        let section = self.section_of(&domain.ok_or_else(not_ours)?).await?;
        let client = Client {
            ip: peer.address.ip(),
            helo: &peer.helo,
            mail_from: &from.address,
            receiver: &self.hostname,
            now: (self.clock)(),
        };
        let spf = spf::check(&*self.dns, &client, PATIENCE).await;
        match tenant::spf_passes(&spf) {
            Ok(()) => {
                let of = rate::Origin { section: &section.id, sender: &from.address, address: peer.address.ip() };
                self.rates.has_room(&of, (self.clock)())?;
                Ok(Origin { section, spf })
            }
            Err(refusal) => {
                tracing::info!(mail = %id, section = %section.id, peer = %peer.address.ip(), spf = spf.result.name(), spf_domain = %spf.domain,
                    code = refusal.code.name(), cause = %shown::visible(&refusal.cause), "not genuine");
                Err(reply(&refusal, id))
            }
        }
    }

    async fn section_of(&self, domain: &str) -> Result<Section, Reply> {
        let mut asked = domain;
        for _ in 0..MAX_LABELS {
            match self.store.section_of_domain(asked).await {
                Ok(Some(section)) if section.enabled && section.mail_link => return Ok(section),
                Ok(Some(_)) => break,
                Ok(None) => {}
                Err(error) => return Err(try_later(&error, "the sender's section could not be looked up")),
            }
            match asked.split_once('.') {
                Some((_, above)) if above.contains('.') => asked = above,
                _ => break,
            }
        }
        Err(not_ours())
    }

    /// The section's secrets, a line each; nothing where it has none.
    async fn secrets(&self, section: &Section) -> Result<Vec<u8>, Reply> {
        let sealed = self.store.sealed_secret(&section.id).await;
        let Some(sealed) = sealed.map_err(|error| try_later(&error, "the section's secret could not be read"))? else {
            tracing::warn!(section = %section.id, "the section's proof is secret-header, and no secret is set");
            return Ok(Vec::new());
        };
        self.vault.open_value(&section.id, SECRET_CONTEXT, &sealed).await.map_err(|error| {
            tracing::error!(%error, section = %section.id, "the section's secret cannot be opened");
            Reply::new(451, (4, 3, 0), "a temporary local problem, please try again later")
        })
    }
}

impl Incoming {
    /// The author, when the header has passed. Of a mail with an empty sender (an automatic answer) only the author says whose it is.
    pub(super) async fn check_claim(&mut self, header: &Header) -> Result<(), Reply> {
        if header.is_empty() {
            return Err(Reply::new(550, (5, 6, 0), "this is not a mail: it has no header"));
        }
        let author = Whose::of(header, self.from.smtputf8);
        if self.origin.is_none() {
            let domain = match &author {
                Whose::One(domain, _) => domain.clone(),
                _ => {
                    return Err(
                        tenant::author_domain(&[], author.author()).map_or_else(|r| reply(&r, self.id), |_| not_ours())
                    );
                }
            };
            let receiver = self.receiver.clone();
            self.origin = Some(receiver.origin(self.id, &self.peer, &self.from, Some(domain)).await?);
        }
        let Some(Origin { section, .. }) = &self.origin else { return Err(not_ours()) };
        let author = author.beside(&section.domains);
        tenant::author_domain(&section.domains, author.author()).map_err(|refusal| reply(&refusal, self.id))?;
        let secret = section.settings.secret_header.as_deref().map(str::trim);
        let found = secret.map(|name| header.all(name).map(|field| field.value().to_vec()).collect());
        let secrets = found.unwrap_or_default();
        self.claim = Claim { author, secrets };
        Ok(())
    }

    /// The verdict on the whole mail: the field that says it, or why it is not taken.
    pub(super) async fn verdict(&mut self, origin: &Origin) -> Result<String, Reply> {
        let Origin { section, spf } = origin;
        let receiver = &self.receiver;
        let signatures = std::mem::replace(&mut self.signatures, Verifier::new()).finish();
        let Ok(signatures) = signatures else {
            return Err(Reply::new(552, (5, 3, 4), "the mail's header is too long"));
        };
        let dkim = signatures.verify(&*receiver.dns, (receiver.clock)(), PATIENCE).await;
        let foreign = receiver.store.foreign_domains(&section.id).await;
        let foreign = foreign.map_err(|error| try_later(&error, "the sections' domains could not be looked up"))?;
        let proof = section.settings.proof;
        let lines = if proof == Proof::SecretHeader { receiver.secrets(section).await? } else { Vec::new() };
        let expected: Vec<&[u8]> = lines.split(|octet| *octet == b'\n').collect();
        let found: Vec<&[u8]> = self.claim.secrets.iter().map(Vec::as_slice).collect();
        let secret = (proof == Proof::SecretHeader).then_some(Secret { expected: &expected, found: &found });
        let tenant = Tenant { proof, domains: &section.domains, foreign: &foreign, secret };
        let decision = tenant::decide(&tenant, self.claim.author.author(), spf, &dkim);
        match decision {
            Decision::Accept { proved_by, domain } => {
                tracing::info!(mail = %self.id, section = %section.id, author = %domain, proof = proved_by.name(), spf = spf.result.name(),
                    spf_domain = %spf.domain, dkim = %summary(&dkim), "genuine");
                Ok(results::field(&receiver.hostname, spf, &dkim))
            }
            Decision::Refuse(refusal) | Decision::TryLater(refusal) => {
                tracing::info!(mail = %self.id, section = %section.id, peer = %self.peer.address.ip(), proof = proof.name(), spf = spf.result.name(),
                    spf_domain = %spf.domain, dkim = %summary(&dkim), code = refusal.code.name(), cause = %shown::visible(&refusal.cause), "not genuine");
                Err(reply(&refusal, self.id))
            }
        }
    }
}

/// What the peer is told: with the number under which the log says more.
fn reply(refusal: &Refusal, id: MailId) -> Reply {
    Reply::new(refusal.reply, refusal.status, format!("{} ({id})", refusal.sentence))
}

/// Each signature's domain and what came of it.
fn summary(dkim: &Dkim) -> String {
    let each = dkim.signatures.iter().map(|signature| {
        let testing = if signature.testing { " (testing)" } else { "" };
        format!("{}={}{testing}", signature.domain, signature.outcome.name())
    });
    let mut all: Vec<String> = each.collect();
    if dkim.unexamined > 0 {
        all.push(format!("{} more", dkim.unexamined));
    }
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}
