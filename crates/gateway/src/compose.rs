//! Stages **compose** and **sign**: the outgoing mail is written as a second sealed object while it is hashed for DKIM.
//!
//! The signature is known only when the last octet has passed, and stands in front: it is kept beside the object
//! as the outgoing mail's prefix, so that one pass is enough.

use std::ops::Range;

use bytes::Bytes;
use fubako_base::{
    ids::{DeliveryId, OutgoingId, SectionId},
    section::Section,
};
use fubako_mail::{Outline, Plan, Step, compose::Rebuild, newline::CrFixer, notice::Notice};
use fubako_store::{
    mails::Mail,
    outbox::{Content, NewDelivery, NewOutgoing, OutgoingKind},
};
use fubako_trust::Signer;
use fubako_vault::{SealedReader, SealedWriter};
use futures::StreamExt as _;

use crate::{
    Gateway,
    notice::Letter,
    problem::{Fate, Problem},
};

/// Mails up to this size are sealed into their row: one durable write fewer.
const INLINE: usize = 64 * 1024;

impl Gateway {
    /// The mail afresh, with its notice (spec MAIL-REBUILD, MAIL-CID, MAIL-NOTICE).
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn rebuild(
        &self,
        mail: &Mail,
        section: &Section,
        letter: &Letter,
        outline: &Outline,
        plan: &Plan,
        notice: &Notice,
        spool: &SealedReader,
    ) -> Result<NewOutgoing, Problem> {
        let steps = self.rebuild_steps(mail, section, outline, plan, notice);
        self.write_outgoing(mail, section, letter, steps, spool).await
    }

    /// The steps that write the mail afresh; the same every time they are asked for.
    pub(crate) fn rebuild_steps(
        &self,
        mail: &Mail,
        section: &Section,
        outline: &Outline,
        plan: &Plan,
        notice: &Notice,
    ) -> Vec<Step> {
        let message_id = format!("{}@{}", mail.accepted.id, self.hostname);
        let date = mail.accepted.received_at.rfc5322(&section.settings.time_zone);
        let with = Rebuild {
            notice,
            received: &mail.accepted.received_field,
            fallback_message_id: &message_id,
            fallback_date: &date,
        };
        fubako_mail::compose::rebuild(outline, plan, &with)
    }

    /// The mail with its octets as they were (spec MAIL-NONE).
    pub(crate) async fn relay_unchanged(
        &self,
        mail: &Mail,
        section: &Section,
        letter: &Letter,
        outline: &Outline,
        spool: &SealedReader,
    ) -> Result<NewOutgoing, Problem> {
        let secret = section.settings.secret_header.as_deref();
        let steps = fubako_mail::relay::unchanged(outline, &mail.accepted.received_field, secret);
        self.write_outgoing(mail, section, letter, steps, spool).await
    }

    async fn write_outgoing(
        &self,
        mail: &Mail,
        section: &Section,
        letter: &Letter,
        steps: Vec<Step>,
        spool: &SealedReader,
    ) -> Result<NewOutgoing, Problem> {
        let id = OutgoingId::generate();
        let domain = letter.from_address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let signer = (self.signer_for)(section.id.clone(), domain.to_owned()).await.map_err(signing)?;
        let mut out =
            Outgoing { gateway: self, id, section: &section.id, signer, held: Vec::new(), object: None, size: 0 };
        for step in steps {
            out.step(step, spool).await?;
        }
        let (prefix, content, size) = out.finish().await?;
        let accepted = &mail.accepted;
        Ok(NewOutgoing {
            id,
            section: section.id.clone(),
            kind: OutgoingKind::Relay,
            mail: Some(accepted.id),
            envelope_from: accepted.envelope_from.clone(),
            prefix,
            content,
            size,
            smtputf8: accepted.smtputf8,
            ret_full: accepted.ret_full,
            envid: accepted.envid.clone(),
            told_to: None,
            deliveries: accepted.recipients.iter().map(delivery).collect(),
            due: (self.clock)(),
        })
    }
}

fn delivery(recipient: &fubako_store::mails::MailRecipient) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::generate(),
        recipient: recipient.address.clone(),
        notify: recipient.notify.clone(),
        orcpt: recipient.orcpt.clone(),
    }
}

fn signing(cause: impl std::fmt::Display) -> Problem {
    Problem::new(Fate::Retry, fubako_base::Code::ExchangeUnavailable, format!("signing: {cause}"))
}

/// The outgoing mail while it is written: hashed, and held in memory until it is too large for its row.
struct Outgoing<'a> {
    gateway: &'a Gateway,
    id: OutgoingId,
    section: &'a SectionId,
    signer: Signer,
    held: Vec<u8>,
    object: Option<SealedWriter>,
    size: u64,
}

impl Outgoing<'_> {
    async fn step(&mut self, step: Step, spool: &SealedReader) -> Result<(), Problem> {
        match step {
            Step::Octets(octets) => self.write(&octets).await,
            Step::Copy(range) => {
                let mut fixer = CrFixer::new();
                self.pass(range, spool, |piece, out| {
                    match piece {
                        Some(piece) => fixer.push(piece, out),
                        None => fixer.finish(out),
                    }
                    Ok(())
                })
                .await
            }
            Step::Body { range, mut work } => {
                self.pass(range, spool, |piece, out| {
                    match piece {
                        Some(piece) => work.push(piece, out)?,
                        None => work.finish(out)?,
                    }
                    Ok(())
                })
                .await
            }
        }
    }

    /// Puts a range of the spool through `work`, which is given each piece and at the end nothing.
    async fn pass(
        &mut self,
        range: Range<u64>,
        spool: &SealedReader,
        mut work: impl FnMut(Option<&[u8]>, &mut Vec<u8>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut octets = spool.read(range);
        let mut out = Vec::new();
        while let Some(piece) = octets.next().await {
            work(Some(&piece?), &mut out)?;
            self.write(&out).await?;
            out.clear();
        }
        work(None, &mut out)?;
        self.write(&out).await
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), Problem> {
        self.signer.write(octets);
        self.size += octets.len() as u64;
        self.held.extend_from_slice(octets);
        if self.held.len() > INLINE {
            self.spill().await?;
        }
        Ok(())
    }

    async fn spill(&mut self) -> Result<(), Problem> {
        if self.object.is_none() {
            self.object = Some(self.gateway.vault.create(self.section).await?);
        }
        if let Some(object) = &mut self.object {
            object.write(Bytes::from(std::mem::take(&mut self.held))).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(Vec<u8>, Content, u64), Problem> {
        if self.object.is_some() {
            self.spill().await?;
        }
        let content = match self.object {
            Some(object) => Content::Object(object.finish().await?),
            None => {
                let context = format!("outgoing/{}", self.id);
                Content::Inline(self.gateway.vault.seal_value(self.section, &context, &self.held).await?)
            }
        };
        let prefix = self.signer.finish().map_err(signing)?;
        let size = self.size + prefix.len() as u64;
        Ok((prefix, content, size))
    }
}
