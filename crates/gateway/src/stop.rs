//! A stopped mail's sender is told once, everything at once (spec NOTICE): what was wrong, which file, what to do next,
//! the mail's subject and time, and a reference number that also stands in the log.

use fubako_base::{
    Lang, Timestamp,
    ids::{DeliveryId, OutgoingId},
    section::NoticeLanguage,
};
use fubako_mail::{header::Header, message::OwnMail, reader::Reader};
use fubako_store::{
    mails::{Ending, Mail},
    outbox::{Content, NewDelivery, NewOutgoing, OutgoingKind},
};
use futures::StreamExt as _;

use crate::{
    Gateway,
    notice::Notice,
    problem::{Fate, Problem},
    read::subject_of,
};

/// Octets of a mail that are read to find its header for a notice.
const HEADER_LIMIT: u64 = 1 << 20;

impl Gateway {
    /// Stops or holds the mail; the notice to its sender is committed with it.
    pub(crate) async fn stop(
        &self,
        mail: &Mail,
        worker: &str,
        problem: &Problem,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (id, section) = (mail.accepted.id, &mail.accepted.section);
        let held = problem.fate == Fate::Hold;
        let codes: Vec<&str> = problem.codes().iter().map(|c| c.name()).collect();
        let said = if held { "held" } else { "stopped" };
        tracing::warn!(mail = %id, %section, codes = codes.join(","), cause = %problem.cause, "{said}");
        let notice = self.notice_to_sender(mail, problem, now).await?;
        if notice.is_none() {
            // A notice to the author could be answered by what wrote the mail, and go round.
            let recipients = mail.accepted.recipients.len();
            tracing::warn!(mail = %id, %section, codes = codes.join(","), recipients, peer = mail.accepted.peer,
                "nobody is told: the mail has no envelope sender, and was {said}");
        }
        let end = Ending { held, codes: problem.codes(), cause: problem.cause.clone(), notice };
        self.store.stop_mail(id, worker, end, now).await?;
        (self.wake_post)();
        Ok(())
    }

    async fn notice_to_sender(
        &self,
        mail: &Mail,
        problem: &Problem,
        now: Timestamp,
    ) -> Result<Option<NewOutgoing>, Problem> {
        let accepted = &mail.accepted;
        if accepted.envelope_from.is_empty() {
            return Ok(None);
        }
        let section = self.store.section(&accepted.section).await?;
        let settings = section.map(|s| s.settings).unwrap_or_default();
        let header = self.header(mail).await;
        let recipients: Vec<&str> = accepted.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
        let notice = Notice {
            brand: &self.brand,
            problem,
            subject: &subject_of(&header),
            recipients: &recipients,
            received_at: accepted.received_at,
            time_zone: &settings.time_zone,
            reference: &accepted.id.to_string(),
            langs: langs(settings.language),
        };
        let own = OwnMail {
            from_name: self.brand.clone(),
            from: self.notice_from.clone(),
            to: accepted.envelope_from.clone(),
            reply_to: None,
            subject: notice.title(),
            date: now.rfc5322(&settings.time_zone),
            message_id: format!("{}.notice@{}", accepted.id, self.hostname),
            in_reply_to: header.message_id(),
            languages: notice.langs.iter().map(|l| l.tag()).collect(),
            is_reply: true,
            text: notice.text(),
            html: Some(notice.html()),
        };
        let octets = own.build();
        let id = OutgoingId::generate();
        let prefix = self.signed(&accepted.section, &octets).await;
        let sealed = self.vault.seal_value(&accepted.section, &format!("outgoing/{id}"), &octets).await?;
        Ok(Some(NewOutgoing {
            id,
            section: accepted.section.clone(),
            kind: OutgoingKind::Notice,
            mail: Some(accepted.id),
            envelope_from: String::new(),
            size: (prefix.len() + octets.len()) as u64,
            prefix,
            content: Content::Inline(sealed),
            smtputf8: false,
            ret_full: None,
            envid: None,
            told_to: None,
            deliveries: vec![NewDelivery {
                id: DeliveryId::generate(),
                recipient: accepted.envelope_from.clone(),
                notify: None,
                orcpt: None,
            }],
            due: now,
        }))
    }

    /// DKIM fields for a notice of our own. A notice unsigned is better than none.
    async fn signed(&self, section: &fubako_base::ids::SectionId, octets: &[u8]) -> Vec<u8> {
        let domain = self.notice_from.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
        let signed = (self.signer_for)(section.clone(), domain).await.and_then(|mut signer| {
            signer.write(octets);
            signer.finish().map_err(|e| e.to_string())
        });
        signed.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "a notice goes out unsigned");
            Vec::new()
        })
    }

    /// The mail's header, as far as it can still be read.
    async fn header(&self, mail: &Mail) -> Header {
        let mut reader = Reader::new(self.limits);
        if let Ok(spool) = self.vault.open(&mail.accepted.spool).await {
            let mut octets = spool.read(0..spool.length().min(HEADER_LIMIT));
            while let Some(Ok(piece)) = octets.next().await {
                reader.push(&piece);
            }
        }
        reader.finish().header
    }
}

/// Japanese first and English after, or the one that the section chose.
const fn langs(setting: NoticeLanguage) -> &'static [Lang] {
    match setting {
        NoticeLanguage::Auto | NoticeLanguage::Both => &Lang::ALL,
        NoticeLanguage::Ja => &[Lang::Ja],
        NoticeLanguage::En => &[Lang::En],
    }
}
