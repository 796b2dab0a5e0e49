//! The mail with a one-time code (spec ACCESS 2, X-LANG): the code, until when it is good, what it opens, and what to do where one asked for none. The code
//! stands in the text alone, not in the subject: mail servers log subjects, and telephones show them while they are locked.

use fubako_base::{
    Lang, Timestamp,
    ids::OutgoingId,
    lang::text,
    secret::OneTimeCode,
    section::Settings,
    shown::{self, visible},
};
use fubako_mail::{
    letterhead::{self, FONT, GREY, escape, isolated, row},
    message::OwnMail,
};
use fubako_store::{
    deposits::Deposit,
    outbox::{NewOutgoing, OutgoingKind},
};

use super::{Posting, sender_in_full};
use crate::{Exchange, deposit::DepositError, domain::access::CODE_MINUTES};

/// What a recipient is told who asked for a code.
pub(crate) struct CodeMail<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) deposit: &'a Deposit,
    pub(crate) settings: &'a Settings,
    pub(crate) recipient: &'a str,
    pub(crate) code: &'a OneTimeCode,
    pub(crate) made_at: Timestamp,
    pub(crate) until: Timestamp,
}

impl Exchange {
    /// The mail, signed and sealed, to be committed with the code. Where it cannot be delivered, the log says so and nobody is told: whoever waits for it
    /// asks for another one.
    pub(crate) async fn outgoing_code(&self, mail: &CodeMail<'_>) -> Result<NewOutgoing, DepositError> {
        let id = OutgoingId::generate();
        let posting = Posting {
            id,
            section: &mail.deposit.section,
            kind: OutgoingKind::Notice,
            envelope_from: mail.from,
            told_to: None,
            due: mail.made_at,
        };
        self.signed_and_sealed(&mail.mail(id), posting).await
    }
}

impl CodeMail<'_> {
    fn mail(&self, id: OutgoingId) -> OwnMail {
        let langs = self.deposit.lang.map_or_else(|| Lang::ALL.to_vec(), |lang| vec![lang]);
        let words = |lang: &Lang| Words { lang: *lang, mail: self };
        let texts: Vec<String> = langs.iter().map(|lang| words(lang).text()).collect();
        let parts: Vec<String> = langs.iter().map(|lang| words(lang).html()).collect();
        let first = langs.first().copied().unwrap_or_default();
        let subject = words(&first).say("mail-subject", &[("brand", self.brand)]);
        let html = letterhead::page(first.tag(), &subject, &parts.join(letterhead::RULE));
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: self.recipient.to_owned(),
            reply_to: None,
            subject,
            date: self.made_at.rfc5322(&self.settings.time_zone),
            message_id: format!("{id}@{}", self.hostname),
            in_reply_to: None,
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: false,
            text: texts.join(&format!("\n{}\n\n", "-".repeat(60))),
            html: Some(html),
        }
    }
}

/// The mail in one language.
struct Words<'a> {
    lang: Lang,
    mail: &'a CodeMail<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("code-mail-{id}"), &values)
    }

    fn until(&self) -> String {
        let end = self.mail.until.in_zone(&self.mail.settings.time_zone).strftime("%H:%M").to_string();
        self.say("until", &[("time", &end), ("minutes", &CODE_MINUTES.to_string())])
    }

    fn facts(&self) -> [(String, String); 3] {
        let deposit = self.mail.deposit;
        let subject = visible(deposit.subject.trim());
        let subject = if subject.is_empty() { self.say("no-subject", &[]) } else { subject };
        let asked = shown::moment(self.mail.made_at, &self.mail.settings.time_zone, self.lang).words;
        [
            (self.say("sender", &[]), sender_in_full(deposit)),
            (self.say("subject", &[]), subject),
            (self.say("asked", &[]), asked),
        ]
    }

    fn closing(&self) -> [String; 2] {
        [self.say("stranger", &[]), self.say("automatic", &[("brand", self.mail.brand)])]
    }

    fn text(&self) -> String {
        let mut lines = vec![self.say("lead", &[]), self.say("how", &[]), String::new()];
        lines.extend([format!("    {}", self.mail.code.grouped()), String::new(), self.until(), String::new()]);
        lines.extend(self.facts().map(|(label, value)| format!("{label}: {value}")));
        lines.push(String::new());
        lines.extend(self.closing());
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        let (lang, code) = (self.lang.tag(), escape(&self.mail.code.grouped()));
        let [lead, how, until] = [self.say("lead", &[]), self.say("how", &[]), self.until()].map(|line| escape(&line));
        let facts: String = self.facts().iter().map(|(label, value)| row(label, &isolated(value))).collect();
        let closing: String = self.closing().iter().map(|line| format!("<div>{}</div>\n", escape(line))).collect();
        format!(
            r#"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding-bottom:8px;">{lead}</div>
<div style="padding-bottom:16px;">{how}</div>
<div style="padding:12px 20px;border:1px solid #dfe3e8;border-radius:6px;font-family:Consolas,Menlo,'Courier New',monospace;font-size:28px;font-weight:bold;line-height:1.4;letter-spacing:2px;white-space:nowrap;">{code}</div>
<div style="padding-top:8px;">{until}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;border-top:1px solid #dfe3e8;">
{facts}</table>
<div style="padding-top:16px;font-size:13px;line-height:1.6;color:{GREY};">
{closing}</div>
</td></tr>
"#
        )
    }
}
