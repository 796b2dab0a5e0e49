//! Delivery status notifications to a sender whose mail did not arrive, takes long, or went where nobody confirms it (spec
//! MAIL-BOUNCE; RFC 3461 and 3464).
//!
//! Who is told what, here; the octets, in [`write`](self) (streamed, sealed, signed).

mod write;

use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
    section::NoticeLanguage,
};
use fubako_mail::message::{OwnMail, RecipientStatus, Returned, StatusNotification};
use fubako_store::outbox::{Delivery, DeliveryState, OutgoingKind, Round};

use crate::deliver::read_notify;
pub(crate) use write::{BounceWriter, Problem, object_of};

/// What is known of the mail, from the header that was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    /// The header's octets, CRLF at the end of each line.
    pub(crate) header: Vec<u8>,
    /// Its subject, decoded.
    pub(crate) subject: Option<String>,
    /// Its Message-ID without angle brackets.
    pub(crate) message_id: Option<String>,
}

/// What every notification of an installation or section has in common.
#[derive(Debug, Clone)]
pub(crate) struct Letterhead {
    /// The service's name.
    pub(crate) brand: String,
    /// The address that it writes from.
    pub(crate) from: String,
    /// Our host name.
    pub(crate) hostname: String,
    /// The section's time zone.
    pub(crate) time_zone: String,
    /// The section's language of notices.
    pub(crate) language: NoticeLanguage,
}

/// What is told of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// They failed.
    Failed,
    /// A host took them that confirms no delivery, and their sender asked for one (RFC 3461, 5.2.2).
    Relayed,
    /// They take long, and are tried until then at the latest.
    Delayed(Timestamp),
}

/// A mail, what is told of it, and of which of its deliveries.
pub(crate) struct Case<'a> {
    pub(crate) round: &'a Round,
    pub(crate) news: News,
    /// Never empty.
    pub(crate) named: Vec<&'a Delivery>,
}

impl News {
    /// The deliveries that it can be told of and is not yet, whether or not anybody wants to hear of them.
    pub(crate) fn untold(self, round: &Round, late_since: Timestamp) -> impl Iterator<Item = &Delivery> {
        round.deliveries.iter().filter(move |delivery| match self {
            Self::Failed => delivery.state == DeliveryState::Failed && delivery.told_at.is_none(),
            Self::Relayed => delivery.relayed && delivery.told_at.is_none(),
            Self::Delayed(_) => {
                delivery.state == DeliveryState::Queued
                    && delivery.delay_told_at.is_none()
                    && delivery.attempts > 0
                    && delivery.queued_at <= late_since
            }
        })
    }

    /// Whether the sender wants to hear it of this delivery (RFC 3461, 4.1). Of success only who asks for it; of a failure all but
    /// who asks for others only. Of a delay too, where nothing was asked for: the RFC leaves it to us, and the mail servers that
    /// hand us their mail (Exchange Online, Google) told their people after some hours, and cannot any more.
    pub(crate) fn is_wanted(self, delivery: &Delivery) -> bool {
        let notify = delivery.queued.notify.as_deref().and_then(read_notify);
        match (self, notify) {
            (Self::Failed | Self::Delayed(_), None) => true,
            (Self::Relayed, None) => false,
            (_, Some(notify)) if notify.never => false,
            (Self::Failed, Some(notify)) => notify.failure,
            (Self::Relayed, Some(notify)) => notify.success,
            (Self::Delayed(_), Some(notify)) => notify.delay,
        }
    }

    /// Whether it is told of mails of this kind at all. A notice or a notification that does not arrive is told to nobody
    /// (RFC 3834, 2). A deposit notice that takes long says nothing that the mail which takes long beside it does not.
    pub(crate) const fn concerns(self, kind: OutgoingKind) -> bool {
        match self {
            Self::Failed => matches!(kind, OutgoingKind::Relay | OutgoingKind::DepositNotice),
            Self::Relayed | Self::Delayed(_) => matches!(kind, OutgoingKind::Relay),
        }
    }

    /// RFC 3464, 2.3.3.
    const fn action(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Relayed => "relayed",
            Self::Delayed(_) => "delayed",
        }
    }

    /// RFC 3464, 2.3.4: to the one who reads it, what failed for good is class 5, whatever it was on the way.
    const fn class(self) -> u8 {
        match self {
            Self::Failed => 5,
            Self::Relayed => 2,
            Self::Delayed(_) => 4,
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::Failed => "bounce-subject",
            Self::Relayed => "relayed-subject",
            Self::Delayed(_) => "delayed-subject",
        }
    }
}

/// The notification to `to`. `message_id` is its own, `now` its date.
pub(crate) fn notification(
    case: &Case<'_>,
    to: &str,
    sent: &Sent,
    head: &Letterhead,
    whole: bool,
    message_id: String,
    now: Timestamp,
) -> StatusNotification {
    let round = case.round;
    let langs = match head.language {
        NoticeLanguage::Auto | NoticeLanguage::Both => Lang::ALL.to_vec(),
        NoticeLanguage::Ja => vec![Lang::Ja],
        NoticeLanguage::En => vec![Lang::En],
    };
    let arrived = round.deliveries.iter().map(|delivery| delivery.queued_at).min().unwrap_or(now);
    let arrival_date = arrived.rfc5322(&head.time_zone);
    let words = |lang: Lang| in_words(lang, case, sent, &arrived, head, whole);
    let subject = langs.first().map_or_else(String::new, |lang| {
        text(*lang, case.news.subject(), &[("subject", Value::from(subject_in(*lang, sent)))])
    });
    StatusNotification {
        mail: OwnMail {
            from_name: head.brand.clone(),
            from: head.from.clone(),
            to: to.to_owned(),
            reply_to: None,
            subject,
            date: now.rfc5322(&head.time_zone),
            message_id,
            in_reply_to: sent.message_id.clone(),
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: true,
            text: langs
                .iter()
                .map(|lang| words(*lang))
                .collect::<Vec<_>>()
                .join("\n----------------------------------------\n\n"),
            html: None,
        },
        reporting_mta: head.hostname.clone(),
        arrival_date,
        envelope_id: round.outgoing.envid.as_deref().map(from_xtext),
        recipients: case.named.iter().map(|delivery| recipient_status(case.news, delivery)).collect(),
        returned: if whole { Returned::Whole } else { Returned::Header(sent.header.clone()) },
    }
}

/// The human part in one language.
fn in_words(lang: Lang, case: &Case<'_>, sent: &Sent, arrived: &Timestamp, head: &Letterhead, whole: bool) -> String {
    let round = case.round;
    let say = |id: &str, values: &[(&str, &str)]| {
        let values: Vec<(&str, Value<'_>)> = values.iter().map(|(name, value)| (*name, Value::from(*value))).collect();
        text(lang, id, &values)
    };
    let time = |at: &Timestamp| at.in_zone(&head.time_zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let intro = match (case.news, round.outgoing.kind) {
        (News::Failed, OutgoingKind::DepositNotice) => say("bounce-intro-deposit", &[]),
        (News::Failed, _) => say("bounce-intro", &[]),
        (News::Relayed, _) => say("relayed-intro", &[]),
        (News::Delayed(until), _) => say("delayed-intro", &[("until", &time(&until))]),
    };
    let mut lines = vec![intro, String::new()];
    for delivery in &case.named {
        let said = Said::of(delivery);
        lines.push(say("bounce-recipient", &[("recipient", &delivery.queued.recipient)]));
        if case.news == News::Failed {
            lines.push(say(reason(said.detail), &[]));
        }
        match (&delivery.remote, case.news) {
            (Some(host), News::Relayed) => lines.push(say("relayed-to", &[("host", host)])),
            (Some(host), _) => lines.push(say("bounce-said", &[("host", host), ("reply", said.reply)])),
            (None, _) => lines.push(say("bounce-cause", &[("reply", said.reply)])),
        }
        lines.push(String::new());
    }
    let goes_on = |one: &Delivery| matches!(one.state, DeliveryState::Delivered | DeliveryState::Queued);
    if case.news == News::Failed && round.deliveries.iter().any(goes_on) {
        lines.extend([say("bounce-others", &[]), String::new()]);
    }
    lines.push(say("bounce-mail-subject", &[("subject", &subject_in(lang, sent))]));
    lines.push(say("bounce-mail-time", &[("time", &time(arrived))]));
    let reference = round.outgoing.mail.map_or_else(|| round.outgoing.id.to_string(), |mail| mail.to_string());
    lines.push(say("bounce-reference", &[("reference", &reference)]));
    lines.push(String::new());
    lines.push(say(if whole { "bounce-attached-mail" } else { "bounce-attached-header" }, &[]));
    lines.push(String::new());
    lines.join("\n")
}

fn subject_in(lang: Lang, sent: &Sent) -> String {
    let shown: Option<String> = sent
        .subject
        .as_ref()
        .map(|subject| subject.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned());
    shown.filter(|subject| !subject.is_empty()).unwrap_or_else(|| text(lang, "bounce-no-subject", &[]))
}

/// The last reply, taken apart.
struct Said<'a> {
    /// From its three digits on.
    reply: &'a str,
    /// Subject and detail of its enhanced status code; from the three digits where the host gave none.
    detail: (u16, u16),
}

impl<'a> Said<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        let whole = delivery.last_reply.as_deref().unwrap_or_default();
        // It may stand with its host before it: `mx.example.jp: 550 5.1.1 …`.
        let is_code = |text: &str| text.len() >= 3 && text.bytes().take(3).all(|b| b.is_ascii_digit());
        let reply = match whole.split_once(": ") {
            Some((host, rest)) if !host.contains(' ') && is_code(rest) => rest,
            _ => whole,
        };
        let digits = reply.get(..3).unwrap_or_default();
        let enhanced = reply.get(4..).and_then(|rest| rest.split(' ').next()).and_then(read_status);
        let fallback = match digits {
            "552" => (2, 2),
            "553" | "501" => (1, 3),
            _ => (0, 0),
        };
        Self { reply, detail: enhanced.map_or(fallback, |(_, subject, detail)| (subject, detail)) }
    }
}

fn read_status(word: &str) -> Option<(u8, u16, u16)> {
    let mut parts = word.split('.');
    let class = parts.next()?.parse().ok().filter(|class| matches!(class, 2 | 4 | 5))?;
    let status = (class, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(status)
}

/// The text that says in people's words what subject and detail of an enhanced status code (RFC 3463) mean.
const fn reason(detail: (u16, u16)) -> &'static str {
    match detail {
        (1, 1 | 6) => "bounce-reason-no-mailbox",
        (1, 2 | 10) | (4, 4) => "bounce-reason-no-domain",
        (1, _) | (6, 7) => "bounce-reason-bad-address",
        (2, 2) => "bounce-reason-mailbox-full",
        (2, 3) | (3, 4) => "bounce-reason-too-large",
        (2, _) => "bounce-reason-mailbox-closed",
        (4, 6) => "bounce-reason-loop",
        (4, 7) => "bounce-reason-expired",
        (4, _) => "bounce-reason-unreachable",
        (7, _) => "bounce-reason-policy",
        _ => "bounce-reason-refused",
    }
}

fn recipient_status(news: News, delivery: &Delivery) -> RecipientStatus {
    let said = Said::of(delivery);
    // RFC 3886, 3.3.4: relayed to a mailer that does not confirm.
    let (subject, detail) = if news == News::Relayed { (1, 9) } else { said.detail };
    RecipientStatus {
        recipient: delivery.queued.recipient.clone(),
        original_recipient: delivery.queued.orcpt.clone(),
        action: news.action(),
        status: format!("{}.{subject}.{detail}", news.class()),
        remote_mta: delivery.remote.clone(),
        // Only what a host said is a diagnostic of type smtp.
        diagnostic: delivery.remote.as_ref().map(|_| format!("smtp; {}", said.reply)),
    }
}

/// ENVID decoded (RFC 3461, 4): `+` and two digits stand for an octet. What is not ASCII then, or badly written, stays as given.
fn from_xtext(xtext: &str) -> String {
    let mut out = String::new();
    let mut rest = xtext;
    while let Some(at) = rest.find('+') {
        let octet = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match octet {
            Some(octet) if octet.is_ascii_graphic() || octet == b' ' => {
                out.push_str(&rest[..at]);
                out.push(char::from(octet));
                rest = &rest[at + 3..];
            }
            _ => return xtext.to_owned(),
        }
    }
    out + rest
}

#[cfg(test)]
mod tests;
