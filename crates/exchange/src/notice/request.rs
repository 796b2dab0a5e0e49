//! What an approver gets (spec X-APPROVAL): who wants to send what to whom, until when to decide, and the page where that is done. The link changes
//! nothing and opens nothing: whoever follows it signs in.

use fubako_base::{
    Lang, Timestamp,
    ids::OutgoingId,
    lang::text,
    section::Settings,
    shown::{self, visible},
};
use fubako_mail::{letterhead, message::OwnMail};
use fubako_store::{
    approval::Asked,
    deposits::{Deposit, File},
    outbox::{NewOutgoing, OutgoingKind},
};

use super::{MAX_NAMED, Posting, html, langs_of, message_lines, sender, sender_in_full};
use crate::{Exchange, deposit::DepositError};

/// Recipients that it names; of more it says how many.
const MAX_RECIPIENTS: usize = 20;

/// What all approvers of one deposit are told.
pub(crate) struct ApprovalRequest<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) deposit: &'a Deposit,
    pub(crate) settings: &'a Settings,
    pub(crate) files: &'a [File],
    pub(crate) asked: Asked,
    /// The page where it is decided.
    pub(crate) url: &'a str,
}

impl Exchange {
    /// One approver's mail, signed and sealed. Where it cannot be delivered, the log says so and nobody else is told: the other approvers, and the day
    /// at which it is too late, are what keeps the deposit from waiting for ever.
    pub(crate) async fn outgoing_request(
        &self,
        request: &ApprovalRequest<'_>,
        approver: &str,
    ) -> Result<NewOutgoing, DepositError> {
        let id = OutgoingId::generate();
        let posting = Posting {
            id,
            section: &request.deposit.section,
            kind: OutgoingKind::Notice,
            envelope_from: request.from,
            told_to: None,
            due: request.asked.at,
        };
        self.signed_and_sealed(&request.mail(id, approver), posting).await
    }
}

impl ApprovalRequest<'_> {
    fn mail(&self, id: OutgoingId, approver: &str) -> OwnMail {
        let langs = langs_of(self.settings.language);
        let sender = &self.deposit.sender_address;
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: approver.to_owned(),
            reply_to: (sender.is_ascii() || !approver.is_ascii()).then(|| sender.clone()),
            subject: self.subject(),
            date: self.asked.at.rfc5322(&self.settings.time_zone),
            message_id: format!("{id}@{}", self.hostname),
            in_reply_to: None,
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: false,
            text: self.text(langs),
            html: Some(self.html(langs)),
        }
    }

    fn subject(&self) -> String {
        let words = Words { lang: self.first_lang(), request: self };
        words.say("mail-subject", &[("subject", &words.subject())])
    }

    fn first_lang(&self) -> Lang {
        langs_of(self.settings.language).first().copied().unwrap_or_default()
    }

    fn text(&self, langs: &[Lang]) -> String {
        let each: Vec<String> = langs.iter().map(|lang| Words { lang: *lang, request: self }.text()).collect();
        each.join(&format!("\n{}\n\n", "-".repeat(60)))
    }

    fn html(&self, langs: &[Lang]) -> String {
        let each: Vec<String> = langs.iter().map(|lang| Words { lang: *lang, request: self }.html()).collect();
        letterhead::page(self.first_lang().tag(), &self.subject(), &each.join(letterhead::RULE))
    }
}

/// The mail in one language.
struct Words<'a> {
    lang: Lang,
    request: &'a ApprovalRequest<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("approval-request-{id}"), &values)
    }

    fn subject(&self) -> String {
        let subject = visible(self.request.deposit.subject.trim());
        if subject.is_empty() { self.say("no-subject", &[]) } else { subject }
    }

    fn time(&self, at: Timestamp) -> String {
        shown::moment(at, &self.request.settings.time_zone, self.lang).words
    }

    fn more(&self, count: usize, most: usize) -> Option<String> {
        let more = count.checked_sub(most).filter(|more| *more > 0)?;
        Some(self.say("more", &[("count", &more.to_string())]))
    }

    fn facts(&self) -> Vec<(String, String)> {
        let ApprovalRequest { deposit, asked, .. } = self.request;
        let to = deposit.recipients.iter().take(MAX_RECIPIENTS).map(|address| visible(address));
        let to: Vec<String> = to.chain(self.more(deposit.recipients.len(), MAX_RECIPIENTS)).collect();
        vec![
            (self.say("sender", &[]), sender_in_full(deposit)),
            (self.say("recipients", &[]), to.join(", ")),
            (self.say("subject", &[]), self.subject()),
            (self.say("sent", &[]), self.time(asked.at)),
            (self.say("decide", &[]), self.say("until", &[("time", &self.time(asked.decide_by))])),
        ]
    }

    fn files(&self) -> (Vec<(String, String)>, Option<String>) {
        let files = self.request.files;
        let named = files.iter().take(MAX_NAMED).map(|file| (visible(&file.name), shown::size(file.object.length)));
        (named.collect(), self.more(files.len(), MAX_NAMED))
    }

    fn files_label(&self) -> String {
        self.say("files", &[("count", &self.request.files.len().to_string())])
    }

    fn lead(&self) -> String {
        self.say("lead", &[("sender", &sender(self.request.deposit))])
    }

    fn closing(&self) -> Vec<String> {
        let brand = self.say("automatic", &[("brand", self.request.brand)]);
        vec![self.say("one", &[]), self.say("late", &[]), brand]
    }

    fn text(&self) -> String {
        let mut lines = vec![self.lead(), self.say("how", &[]), self.say("sign-in", &[]), String::new()];
        lines.extend([format!("    {}", self.request.url), String::new()]);
        if !self.request.deposit.message.is_empty() {
            lines.push(format!("{}:", text(self.lang, "deposit-notice-message", &[])));
            lines.extend(message_lines(self.request.deposit).into_iter().map(|line| format!("  {line}")));
            lines.push(String::new());
        }
        lines.extend(self.facts().into_iter().map(|(label, value)| format!("{label}: {value}")));
        lines.push(format!("{}:", self.files_label()));
        let (files, more) = self.files();
        let file = |(name, size): (String, String)| self.say("file", &[("name", &name), ("size", &size)]);
        lines.extend(files.into_iter().map(file).chain(more).map(|line| format!("  - {line}")));
        lines.push(String::new());
        lines.extend(self.closing());
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        let (files, more) = self.files();
        html::part(&html::Part {
            lang: self.lang,
            lead: self.lead(),
            how: self.say("how", &[]),
            url: self.request.url,
            open: self.say("open", &[]),
            more_how: self.say("sign-in", &[]),
            message: (text(self.lang, "deposit-notice-message", &[]), message_lines(self.request.deposit)),
            facts: self.facts(),
            files_label: self.files_label(),
            files,
            more,
            closing: self.closing(),
            fallback: self.say("url", &[]),
        })
    }
}
