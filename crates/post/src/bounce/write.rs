//! A notification's octets: streamed into the row that will hold them or into an object, signed on the way.

use bytes::Bytes;
use fubako_base::{
    Timestamp,
    ids::{DeliveryId, OutgoingId, SectionId},
    object::ObjectRef,
};
use fubako_mail::message::StatusNotification;
use fubako_store::{
    Store, StoreError,
    outbox::{Content, NewDelivery, NewOutgoing, OutgoingKind, Round},
};
use fubako_trust::{Signer, TrustError};
use fubako_vault::{SealedWriter, Vault, VaultError};
use futures::{StreamExt as _, stream::BoxStream};

use super::{Case, Letterhead, News, Sent, notification};
use crate::{
    ReturnedMail,
    deliver::{inline_context, open_content},
    keyring::{Keyring, KeyringError},
};

/// Octets of a mail of our own that lie in its row; a longer one becomes an object.
const MAX_INLINE: usize = 64 << 10;
/// Octets of a header that are given back.
const MAX_HEADER: usize = 128 << 10;

/// Why a notification could not be made. For the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The mail to be given back broke off.
    #[error("the returned mail broke off: {0}")]
    Returned(std::io::Error),
}

/// Makes notifications.
pub(crate) struct BounceWriter {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) keyring: Keyring,
    pub(crate) returned: ReturnedMail,
    pub(crate) brand: String,
    pub(crate) notice_from: String,
    pub(crate) hostname: String,
}

impl BounceWriter {
    /// The notification of what is told; none where there is nobody to tell. An object that it may have is durable.
    pub(crate) async fn notification(&self, case: &Case<'_>, now: Timestamp) -> Result<Option<NewOutgoing>, Problem> {
        let round = case.round;
        let Some(to) = self.whom(round).await? else { return Ok(None) };
        let section = self.store.section(&round.outgoing.section).await?;
        let settings = section.map(|section| section.settings).unwrap_or_default();
        let head = Letterhead {
            brand: self.brand.clone(),
            from: self.notice_from.clone(),
            hostname: self.hostname.clone(),
            time_zone: settings.time_zone,
            language: settings.language,
        };
        let sent = read_header(&self.vault, &round.outgoing).await;
        if let Some(returned) = self.returned_mail(case).await {
            match self.write(case, &to, &sent, &head, Some(returned), now).await {
                Err(Problem::Returned(error)) => {
                    tracing::warn!(outgoing = %round.outgoing.id, %error, "only the header goes back with a bounce");
                }
                done => return done.map(Some),
            }
        }
        self.write(case, &to, &sent, &head, None, now).await.map(Some)
    }

    /// Who is told: whom the row names, else the envelope sender; of a deposit notice, which is sent in our own name, never
    /// we ourselves but who sent the files.
    async fn whom(&self, round: &Round) -> Result<Option<String>, Problem> {
        let outgoing = &round.outgoing;
        let to = match (&outgoing.told_to, outgoing.kind, outgoing.mail) {
            (Some(to), ..) => Some(to.clone()),
            (None, OutgoingKind::DepositNotice, Some(mail)) => {
                self.store.mail(mail).await?.map(|mail| mail.accepted.envelope_from)
            }
            (None, OutgoingKind::DepositNotice, None) => None,
            _ => Some(outgoing.envelope_from.clone()),
        };
        let to = to.filter(|address| !address.is_empty());
        if to.is_none() {
            tracing::warn!(outgoing = %outgoing.id, section = %outgoing.section, kind = ?outgoing.kind, "a mail failed and nobody can be told");
        }
        Ok(to)
    }

    /// The relayed mail, unless only its header is wanted, or it did not fail (RFC 3461, 4.3). Of a deposit notice only the header goes
    /// back: the link in it is the recipient's own.
    async fn returned_mail(&self, case: &Case<'_>) -> Option<BoxStream<'static, Result<Bytes, std::io::Error>>> {
        let outgoing = &case.round.outgoing;
        if case.news != News::Failed || outgoing.kind != OutgoingKind::Relay || outgoing.ret_full == Some(false) {
            return None;
        }
        (self.returned)(outgoing.mail?).await
    }

    async fn write(
        &self,
        case: &Case<'_>,
        to: &str,
        sent: &Sent,
        head: &Letterhead,
        returned: Option<BoxStream<'static, Result<Bytes, std::io::Error>>>,
        now: Timestamp,
    ) -> Result<NewOutgoing, Problem> {
        let id = OutgoingId::generate();
        let message_id = format!("{id}@{}", self.hostname);
        let round = case.round;
        let dsn = notification(case, to, sent, head, returned.is_some(), message_id, now);
        let mut sink = Sink::new(&self.vault, &round.outgoing.section, self.keyring.own_signer().await?);
        if let Err(problem) = fill(&mut sink, &dsn, returned).await {
            sink.abort().await;
            return Err(problem);
        }
        let mut outgoing = NewOutgoing {
            id,
            section: round.outgoing.section.clone(),
            kind: OutgoingKind::Bounce,
            mail: round.outgoing.mail,
            envelope_from: String::new(),
            prefix: Vec::new(),
            content: Content::Inline(Vec::new()),
            size: 0,
            smtputf8: !to.is_ascii(),
            ret_full: None,
            envid: None,
            told_to: None,
            deliveries: vec![NewDelivery {
                id: DeliveryId::generate(),
                recipient: to.to_owned(),
                // RFC 3464, 2: nothing is said about what becomes of a notification.
                notify: Some("NEVER".to_owned()),
                orcpt: None,
            }],
            due: now,
        };
        sink.finish(&mut outgoing, now).await?;
        Ok(outgoing)
    }
}

async fn fill(
    sink: &mut Sink<'_>,
    dsn: &StatusNotification,
    returned: Option<BoxStream<'static, Result<Bytes, std::io::Error>>>,
) -> Result<(), Problem> {
    let (before, after) = dsn.build();
    sink.write(Bytes::from(before)).await?;
    if let Some(mut returned) = returned {
        while let Some(piece) = returned.next().await {
            sink.write(piece.map_err(Problem::Returned)?).await?;
        }
    }
    sink.write(Bytes::from(after)).await
}

/// Takes a mail of our own of any length: short ones for the row, longer ones into an object. Signs on the way.
struct Sink<'a> {
    vault: &'a Vault,
    section: &'a SectionId,
    signer: Signer,
    size: u64,
    held: Vec<u8>,
    object: Option<SealedWriter>,
}

impl<'a> Sink<'a> {
    const fn new(vault: &'a Vault, section: &'a SectionId, signer: Signer) -> Self {
        Self { vault, section, signer, size: 0, held: Vec::new(), object: None }
    }

    async fn write(&mut self, octets: Bytes) -> Result<(), Problem> {
        self.signer.write(&octets);
        self.size += octets.len() as u64;
        if let Some(object) = &mut self.object {
            object.write(octets).await?;
        } else if self.held.len() + octets.len() <= MAX_INLINE {
            self.held.extend_from_slice(&octets);
        } else {
            let object = self.object.insert(self.vault.create(self.section).await?);
            object.write(Bytes::from(std::mem::take(&mut self.held))).await?;
            object.write(octets).await?;
        }
        Ok(())
    }

    async fn abort(self) {
        if let Some(object) = self.object {
            object.abort().await;
        }
    }

    async fn finish(self, outgoing: &mut NewOutgoing, now: Timestamp) -> Result<(), Problem> {
        let prefix = match self.signer.finish_at(now) {
            Ok(prefix) => prefix,
            Err(error) => {
                if let Some(object) = self.object {
                    object.abort().await;
                }
                return Err(error.into());
            }
        };
        outgoing.size = self.size + prefix.len() as u64;
        outgoing.prefix = prefix;
        outgoing.content = match self.object {
            Some(object) => Content::Object(object.finish().await?),
            None => {
                let context = inline_context(outgoing);
                Content::Inline(self.vault.seal_value(&outgoing.section, &context, &self.held).await?)
            }
        };
        Ok(())
    }
}

/// The header of what was sent. What cannot be read gives an empty one: the sender is told all the same.
async fn read_header(vault: &Vault, outgoing: &NewOutgoing) -> Sent {
    let mut header = Vec::new();
    match open_content(vault, outgoing).await {
        Ok(mut content) => {
            while let Some(piece) = content.next().await {
                let Ok(piece) = piece else { break };
                let from = header.len().saturating_sub(3);
                header.extend_from_slice(&piece);
                if let Some(end) = header[from..].windows(4).position(|four| four == b"\r\n\r\n") {
                    header.truncate(from + end + 2);
                    break;
                }
                if header.len() > MAX_HEADER {
                    // Cut after a whole line.
                    let end = header[..MAX_HEADER].windows(2).rposition(|two| two == b"\r\n").map_or(0, |at| at + 2);
                    header.truncate(end);
                    break;
                }
            }
        }
        Err(error) => tracing::error!(outgoing = %outgoing.id, %error, "an outgoing mail cannot be read"),
    }
    let parsed = mail_parser::MessageParser::new().parse_headers(&header[..]);
    let subject = parsed.as_ref().and_then(|mail| mail.subject()).map(str::to_owned);
    let message_id = parsed.as_ref().and_then(|mail| mail.message_id()).map(str::to_owned);
    Sent { subject, message_id, header }
}

/// The object of a notification that another node was faster with.
pub(crate) const fn object_of(outgoing: &NewOutgoing) -> Option<&ObjectRef> {
    match &outgoing.content {
        Content::Object(object) => Some(object),
        Content::Inline(_) => None,
    }
}
