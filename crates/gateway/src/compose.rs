//! Stages **compose** and **sign**: the outgoing mail is written as a second sealed object while it is hashed for DKIM.
//!
//! The signature is known only when the last octet has passed, and stands in front: it is kept beside the object
//! as the outgoing mail's prefix, so that one pass is enough.

use bytes::Bytes;
use fubako_base::ids::{DeliveryId, OutgoingId, SectionId};
use fubako_mail::{Step, steps::Begun};
use fubako_store::outbox::{Content, NewDelivery, NewOutgoing, OutgoingKind};
use fubako_trust::Signer;
use fubako_vault::{SealedReader, SealedWriter};
use futures::StreamExt as _;

use crate::{
    Gateway,
    composition::Composition,
    path::Case,
    problem::{Fate, Problem},
};

/// Mails up to this size are sealed into their row: one durable write fewer.
const INLINE: usize = 64 * 1024;

impl Gateway {
    /// Writes the outgoing mail and signs it; once more, with its texts veiled, where it was seen in writing that they have to be (spec MAIL-AMBIGUOUS).
    pub(crate) async fn write_outgoing(
        &self,
        case: &mut Case<'_>,
        steps: impl Fn(&Composition<'_>) -> Vec<Step>,
    ) -> Result<NewOutgoing, Problem> {
        let written = self.write_once(case, steps(&self.composition(case))).await;
        if !written.as_ref().is_err_and(|problem| problem.needs_veil) {
            return written;
        }
        case.plan.veil_bodies();
        self.write_once(case, steps(&self.composition(case))).await
    }

    async fn write_once(&self, case: &Case<'_>, steps: Vec<Step>) -> Result<NewOutgoing, Problem> {
        let (accepted, section) = (&case.mail.accepted, &case.section);
        let id = OutgoingId::generate();
        let domain = case.letter.from_address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let signer = (self.signer_for)(section.id.clone(), domain.to_owned()).await.map_err(signing)?;
        let mut out = Outgoing {
            gateway: self,
            id,
            section: &section.id,
            signer,
            header: HeaderWatch::default(),
            held: Vec::new(),
            object: None,
            size: 0,
        };
        for step in steps {
            out.carry_out(step.begin(), &case.spool).await?;
        }
        let smtputf8 = accepted.smtputf8 && out.header.is_beyond_ascii;
        let (prefix, content, size) = out.finish().await?;
        Ok(NewOutgoing {
            id,
            section: section.id.clone(),
            kind: OutgoingKind::Relay,
            mail: Some(accepted.id),
            envelope_from: accepted.envelope_from.clone(),
            prefix,
            content,
            size,
            // An upstream may ask for it with every mail. Passed on where nothing needs it, it would close the way to every host that
            // lacks it (RFC 6531, 3.4); what an address needs, the client sees by itself.
            smtputf8,
            ret_full: accepted.ret_full,
            envid: accepted.envid.clone(),
            told_to: None,
            deliveries: accepted.recipients.iter().map(delivery).collect(),
            due: (self.clock)(),
        })
    }

    /// Deletes what was written of an outgoing mail that was not queued. Where even that fails, the sweep takes it.
    pub(crate) async fn discard(&self, outgoing: &NewOutgoing) {
        if let Content::Object(object) = &outgoing.content
            && let Err(error) = self.vault.delete(object.id).await
        {
            tracing::warn!(object = %object.id, %error, "an outgoing mail that was not queued is left to the sweep");
        }
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
    header: HeaderWatch,
    held: Vec<u8>,
    object: Option<SealedWriter>,
    size: u64,
}

impl Outgoing<'_> {
    async fn carry_out(&mut self, mut step: Begun, spool: &SealedReader) -> Result<(), Problem> {
        let mut octets = spool.read(step.range());
        let mut out = Vec::new();
        while let Some(piece) = octets.next().await {
            step.push(&piece?, &mut out)?;
            self.write(&out).await?;
            out.clear();
        }
        step.finish(&mut out)?;
        self.write(&out).await
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), Problem> {
        self.signer.write(octets);
        self.header.pass(octets);
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

/// Whether the mail's header has octets beyond ASCII, seen while it passes.
#[derive(Default)]
struct HeaderWatch {
    is_beyond_ascii: bool,
    /// The line has more than its end so far.
    has_text: bool,
    is_over: bool,
}

impl HeaderWatch {
    fn pass(&mut self, octets: &[u8]) {
        for &octet in octets {
            if self.is_over {
                return;
            }
            self.is_over = octet == b'\n' && !self.has_text;
            self.has_text = octet != b'\n' && (octet != b'\r' || self.has_text);
            self.is_beyond_ascii |= !octet.is_ascii();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-RELAY
    #[test]
    fn only_the_header_is_watched() {
        for (mail, expected) in [
            ("Subject: x\r\n\r\n件名\r\n", false),
            ("Subject: 件名\r\n\r\nx\r\n", true),
            ("Subject: x\r\n y\r\nTo: 鈴木\r\n\r\n", true),
            ("Subject: x\r\n", false),
            ("\r\n件名\r\n", false),
            ("", false),
        ] {
            for step in [1, 2, 3, 100] {
                let mut watch = HeaderWatch::default();
                mail.as_bytes().chunks(step).for_each(|piece| watch.pass(piece));
                assert_eq!(watch.is_beyond_ascii, expected, "{mail:?} in pieces of {step}");
            }
        }
    }
}
