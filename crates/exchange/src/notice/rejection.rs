//! What a sender is told of a deposit that was not approved (spec X-APPROVAL, NOTICE; code `approval-rejected`): by whom and why, or that nobody
//! decided in time, and what to do next. In the thread of the mail that it came with.

use fubako_base::{
    Code, Lang,
    ids::OutgoingId,
    lang::text,
    section::Settings,
    shown::{self, visible},
};
use fubako_mail::{
    letterhead::{self, FONT, GREY, escape, isolated},
    message::OwnMail,
};
use fubako_store::{
    approval::Decision,
    deposits::{Deposit, File},
    outbox::{NewOutgoing, OutgoingKind},
};

use super::{Posting, langs_of};
use crate::{Exchange, deposit::DepositError};

/// Names that are told of one kind; of more it says how many.
const MAX_NAMED: usize = 20;
const CODE: Code = Code::ApprovalRejected;

/// What the sender of one deposit is told.
pub(crate) struct Rejection<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) deposit: &'a Deposit,
    pub(crate) settings: &'a Settings,
    pub(crate) files: &'a [File],
    pub(crate) decision: &'a Decision,
    /// The name of the approver who decided.
    pub(crate) approver: Option<&'a str>,
}

impl Exchange {
    /// The notice, signed and sealed. As a notice it has an empty envelope sender, and nobody is told where it cannot be delivered.
    pub(crate) async fn outgoing_rejection(&self, rejection: &Rejection<'_>) -> Result<NewOutgoing, DepositError> {
        let id = OutgoingId::generate();
        let posting = Posting {
            id,
            section: &rejection.deposit.section,
            kind: OutgoingKind::Notice,
            envelope_from: "",
            told_to: None,
            due: rejection.decision.at,
        };
        self.signed_and_sealed(&rejection.mail(id), posting).await
    }
}

impl Rejection<'_> {
    fn mail(&self, id: OutgoingId) -> OwnMail {
        let langs = langs_of(self.settings.language);
        let words = |lang: &Lang| Words { lang: *lang, rejection: self };
        let texts: Vec<String> = langs.iter().map(|lang| words(lang).text()).collect();
        let parts: Vec<String> = langs.iter().map(|lang| words(lang).html()).collect();
        let first = langs.first().copied().unwrap_or_default();
        let words = words(&first);
        let title = words.say("mail-subject", &[("subject", &words.subject())]);
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: self.deposit.sender_address.clone(),
            reply_to: None,
            date: self.decision.at.rfc5322(&self.settings.time_zone),
            message_id: format!("{id}@{}", self.hostname),
            in_reply_to: self.deposit.message_id.clone(),
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: true,
            text: texts.join(&format!("\n{}\n\n", "-".repeat(40))),
            html: Some(letterhead::page(first.tag(), &title, &parts.join(letterhead::RULE))),
            subject: title,
        }
    }
}

/// The notice in one language.
struct Words<'a> {
    lang: Lang,
    rejection: &'a Rejection<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("rejected-{id}"), &values)
    }

    fn subject(&self) -> String {
        let subject = visible(self.rejection.deposit.subject.trim());
        if subject.is_empty() { self.say("no-subject", &[]) } else { subject }
    }

    /// That the files are gone, and whether a mail without them was delivered.
    fn intro(&self) -> String {
        self.say(if self.rejection.deposit.message_id.is_some() { "intro-mail" } else { "intro" }, &[])
    }

    fn what(&self) -> String {
        text(self.lang, &format!("code-{CODE}"), &[])
    }

    fn next(&self) -> String {
        text(self.lang, &format!("code-{CODE}-next"), &[])
    }

    /// The reason, line by line; or that nobody decided.
    fn reason(&self) -> Vec<String> {
        match &self.rejection.decision.reason {
            Some(reason) => reason.lines().map(visible).filter(|line| !line.is_empty()).collect(),
            None => vec![self.say("late", &[])],
        }
    }

    fn more(&self, count: usize) -> Option<String> {
        let more = count.checked_sub(MAX_NAMED).filter(|more| *more > 0)?;
        Some(self.say("more", &[("count", &more.to_string())]))
    }

    fn facts(&self) -> Vec<(String, String)> {
        let Rejection { deposit, files, settings, decision, approver, .. } = self.rejection;
        let time = |at| shown::moment(at, &settings.time_zone, self.lang).words;
        let listed = |names: &mut dyn Iterator<Item = String>, count: usize| {
            names.take(MAX_NAMED).chain(self.more(count)).collect::<Vec<_>>().join(", ")
        };
        let to = listed(&mut deposit.recipients.iter().map(|address| visible(address)), deposit.recipients.len());
        let names = listed(&mut files.iter().map(|file| visible(&file.name)), files.len());
        let mut facts = vec![
            (self.say("subject", &[]), self.subject()),
            (self.say("recipients", &[]), to),
            (self.say("files", &[]), names),
            (self.say("sent", &[]), time(deposit.created_at)),
        ];
        facts.extend(approver.map(|name| (self.say("approver", &[]), visible(name))));
        facts.push((self.say("decided", &[]), time(decision.at)));
        facts.push((self.say("reference", &[]), format!("{} ({CODE})", deposit.id)));
        facts
    }

    fn automatic(&self) -> String {
        self.say("automatic", &[("brand", self.rejection.brand)])
    }

    fn text(&self) -> String {
        let mut lines = vec![self.intro(), String::new(), format!("■ {}", self.what())];
        lines.push(format!("  {}:", self.say("reason", &[])));
        lines.extend(self.reason().into_iter().map(|line| format!("    {line}")));
        lines.extend([format!("  → {}", self.next()), String::new()]);
        lines.extend(self.facts().into_iter().map(|(label, value)| format!("{label}: {value}")));
        lines.extend([String::new(), self.automatic()]);
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        let lang = self.lang.tag();
        let [title, intro, what, next, automatic] =
            [self.say("title", &[]), self.intro(), self.what(), self.next(), self.automatic()].map(|s| escape(&s));
        let [reason_label, next_label] = [self.say("reason", &[]), self.say("next", &[])].map(|s| escape(&s));
        let reason: Vec<String> = self.reason().iter().map(|line| isolated(line)).collect();
        let reason = reason.join("<br>\n");
        let facts: String =
            self.facts().iter().map(|(label, value)| letterhead::row(label, &isolated(value))).collect();
        format!(
            r##"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding-bottom:8px;">{title}</div>
<div style="padding-bottom:4px;">{intro}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:16px;"><tr>
<td bgcolor="#fdf3f2" style="{FONT}padding:14px 16px;border-left:4px solid #b42318;background:#fdf3f2;font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-weight:bold;">{what}</div>
<div style="padding-top:8px;word-break:break-word;"><span style="font-size:13px;font-weight:bold;color:{GREY};">{reason_label}</span><br>{reason}</div>
<div style="padding-top:8px;"><span style="font-size:13px;font-weight:bold;color:{GREY};">{next_label}</span><br>{next}</div>
</td></tr></table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;border-top:1px solid #dfe3e8;">
{facts}</table>
<div style="padding-top:16px;font-size:13px;line-height:1.6;color:{GREY};">{automatic}</div>
</td></tr>
"##
        )
    }
}
