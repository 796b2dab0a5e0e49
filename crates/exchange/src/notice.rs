//! The deposit notice (spec X-NOTICE, X-LANG): to each recipient separately, with a link of their own; it names sender,
//! subject, time, expiry and files. Text and HTML; Japanese, English, or one after the other. [`code`] is the mail with a one-time code, [`request`] what approvers get,
//! [`rejection`] what a sender is told of what was not approved, [`invitation`] how somebody comes to an account, [`announcement`] what the operator tells the contacts.

use bytes::Bytes;
use fubako_base::{
    Lang, Timestamp,
    ids::{DeliveryId, OutgoingId, SectionId},
    lang::text,
    section::{NoticeLanguage, Settings, Way},
    shown::{self, notice_subject, visible},
};
use fubako_mail::{letterhead, message::OwnMail};
use fubako_store::{
    deposits::{Deposit, File},
    outbox::{Content, NewDelivery, NewOutgoing, OutgoingKind},
};

use crate::{Exchange, deposit::DepositError};

/// Files that a notice names; of more it says how many.
const MAX_NAMED: usize = 100;

/// What the notices of one deposit say, all recipients alike.
pub(crate) struct DepositNotice<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) deposit: &'a Deposit,
    pub(crate) settings: &'a Settings,
    pub(crate) files: &'a [File],
    pub(crate) sent_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Exchange {
    /// One recipient's notice, signed and sealed, to be committed with their link.
    ///
    /// Its envelope sender is the address it comes from. Not `<>`, which RFC 5321, 4.5.5, keeps for notifications and
    /// automatic replies, and which leaves SPF nothing to align; and not the sender's, whose domain's SPF we would fail. Who is told
    /// of one that cannot be delivered is the sender all the same (spec MAIL-BOUNCE).
    pub(crate) async fn outgoing_notice(
        &self,
        notice: &DepositNotice<'_>,
        recipient: &str,
        url: &str,
    ) -> Result<NewOutgoing, DepositError> {
        let id = OutgoingId::generate();
        let posted = Posting {
            id,
            section: &notice.deposit.section,
            kind: OutgoingKind::DepositNotice,
            envelope_from: notice.from,
            told_to: Some(&notice.deposit.sender_address),
            due: notice.sent_at,
        };
        self.signed_and_sealed(&notice.mail(id, recipient, url), posted).await
    }

    /// A mail of our own, ready to be queued.
    pub(crate) async fn signed_and_sealed(
        &self,
        mail: &OwnMail,
        posting: Posting<'_>,
    ) -> Result<NewOutgoing, DepositError> {
        let Posting { id, section, kind, envelope_from, told_to, due } = posting;
        let smtputf8 = [&mail.from, &mail.to].into_iter().chain(&mail.reply_to).any(|address| !address.is_ascii());
        let octets = Bytes::from(mail.build());
        let signed = (self.parts.sign)(section.clone(), octets.clone()).await;
        let prefix = signed.map_err(|cause| DepositError::Unavailable {
            code: fubako_base::Code::ExchangeUnavailable,
            cause: format!("signing a mail of our own: {cause}"),
        })?;
        let sealed = self.parts.vault.seal_value(section, &format!("outgoing/{id}"), &octets).await?;
        Ok(NewOutgoing {
            id,
            section: section.clone(),
            kind,
            mail: None,
            envelope_from: envelope_from.to_owned(),
            size: (prefix.len() + octets.len()) as u64,
            prefix,
            content: Content::Inline(sealed),
            smtputf8,
            ret_full: None,
            envid: None,
            told_to: told_to.map(str::to_owned),
            deliveries: vec![NewDelivery {
                id: DeliveryId::generate(),
                recipient: mail.to.clone(),
                notify: None,
                orcpt: None,
            }],
            due,
        })
    }
}

/// How a mail of our own is queued.
pub(crate) struct Posting<'a> {
    pub(crate) id: OutgoingId,
    pub(crate) section: &'a SectionId,
    pub(crate) kind: OutgoingKind,
    /// Empty for `<>`.
    pub(crate) envelope_from: &'a str,
    /// Who is told when it cannot be delivered.
    pub(crate) told_to: Option<&'a str>,
    pub(crate) due: Timestamp,
}

/// The sender in a sentence: the name, or where there is none the address.
fn sender(deposit: &Deposit) -> String {
    let Deposit { sender_name, sender_address, .. } = deposit;
    visible(if sender_name.trim().is_empty() { sender_address } else { sender_name.trim() })
}

/// The sender in a list: name and address.
fn sender_in_full(deposit: &Deposit) -> String {
    let Deposit { sender_name, sender_address, .. } = deposit;
    if sender_name.trim().is_empty() {
        return visible(sender_address);
    }
    format!("{} <{}>", visible(sender_name.trim()), visible(sender_address))
}

/// The languages of what colleagues of a section are told: Japanese first and English after, or the one that the section chose.
pub(crate) const fn langs_of(setting: NoticeLanguage) -> &'static [Lang] {
    match setting {
        NoticeLanguage::Auto | NoticeLanguage::Both => &Lang::ALL,
        NoticeLanguage::Ja => &[Lang::Ja],
        NoticeLanguage::En => &[Lang::En],
    }
}

impl DepositNotice<'_> {
    /// The mail to one recipient.
    fn mail(&self, id: OutgoingId, recipient: &str, url: &str) -> OwnMail {
        let langs = self.langs();
        let sender = &self.deposit.sender_address;
        // A Reply-To that needs SMTPUTF8 would keep the notice from recipients whose servers have it not.
        let reply_to = (sender.is_ascii() || !recipient.is_ascii()).then(|| sender.clone());
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: recipient.to_owned(),
            reply_to,
            subject: self.subject(),
            date: self.sent_at.rfc5322(&self.settings.time_zone),
            message_id: format!("{id}@{}", self.hostname),
            in_reply_to: None,
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: false,
            text: self.text(&langs, url),
            html: Some(self.html(&langs, url)),
        }
    }

    fn subject(&self) -> String {
        notice_subject(self.brand, &self.deposit.subject)
    }

    fn langs(&self) -> Vec<Lang> {
        self.deposit.lang.map_or_else(|| Lang::ALL.to_vec(), |lang| vec![lang])
    }

    fn words(&self, lang: Lang) -> Words<'_> {
        Words { lang, notice: self }
    }

    fn text(&self, langs: &[Lang], url: &str) -> String {
        let each: Vec<String> = langs.iter().map(|lang| self.words(*lang).text(url)).collect();
        each.join(&format!("\n{}\n\n", "-".repeat(60)))
    }

    fn html(&self, langs: &[Lang], url: &str) -> String {
        let each: Vec<String> = langs.iter().map(|lang| self.words(*lang).html(url)).collect();
        let lang = langs.first().copied().unwrap_or_default();
        letterhead::page(lang.tag(), &self.subject(), &each.join(letterhead::RULE))
    }
}

/// The notice in one language.
struct Words<'a> {
    lang: Lang,
    notice: &'a DepositNotice<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("deposit-notice-{id}"), &values)
    }

    fn sender(&self) -> String {
        sender(self.notice.deposit)
    }

    /// How one opens the files, a sentence a way (spec ACCESS).
    fn ways(&self) -> String {
        let deposit = self.notice.deposit;
        let several = deposit.access.ways().count() > 1;
        let id = |way| match (way, several) {
            // Whoever sends on a page sends no mail of their own.
            (Way::PasswordInMail, _) if deposit.by_person => "password-elsewhere",
            (Way::PasswordInMail, _) => "password-in-mail",
            (Way::OneTimeCode, false) => "code",
            (Way::OneTimeCode, true) => "code-too",
            (Way::Account, false) => "account",
            (Way::Account, true) => "account-too",
        };
        let sentences: Vec<String> =
            deposit.access.ways().map(|way| self.say(id(way), &[("sender", &self.sender())])).collect();
        sentences.join(if self.lang == Lang::Ja { "" } else { " " })
    }

    fn how(&self) -> String {
        let has_password = self.notice.deposit.access.allows(Way::PasswordInMail);
        self.say(if has_password { "how" } else { "how-without-password" }, &[])
    }

    /// Label and value of what the notice lists, the files apart.
    fn facts(&self) -> [(String, String); 4] {
        let subject = visible(self.notice.deposit.subject.trim());
        let subject = if subject.is_empty() { self.say("no-subject", &[]) } else { subject };
        let time = |at: Timestamp| shown::moment(at, &self.notice.settings.time_zone, self.lang).words;
        let until = self.say("until", &[("time", &time(self.notice.expires_at))]);
        [
            (self.say("sender", &[]), sender_in_full(self.notice.deposit)),
            (self.say("subject", &[]), subject),
            (self.say("sent", &[]), time(self.notice.sent_at)),
            (self.say("expires", &[]), until),
        ]
    }

    /// Name and size of each file that is named, and how many more there are.
    fn files(&self) -> (Vec<(String, String)>, Option<String>) {
        let files = self.notice.files;
        let named = files.iter().take(MAX_NAMED).map(|file| (visible(&file.name), shown::size(file.object.length)));
        let more = files.len().saturating_sub(MAX_NAMED);
        let more = (more > 0).then(|| self.say("more", &[("count", &more.to_string())]));
        (named.collect(), more)
    }

    fn files_label(&self) -> String {
        self.say("files", &[("count", &self.notice.files.len().to_string())])
    }

    fn closing(&self) -> [String; 3] {
        let brand = self.say("automatic", &[("brand", self.notice.brand)]);
        [self.say("personal", &[]), self.say("stranger", &[]), brand]
    }

    fn text(&self, url: &str) -> String {
        let mut lines = vec![self.say("lead", &[("sender", &self.sender())]), self.how(), String::new()];
        lines.extend([format!("    {url}"), String::new(), self.ways(), String::new()]);
        if !self.notice.deposit.message.is_empty() {
            lines.push(format!("{}:", self.say("message", &[])));
            lines.extend(message_lines(self.notice.deposit).into_iter().map(|line| format!("  {line}")));
            lines.push(String::new());
        }
        lines.extend(self.facts().map(|(label, value)| format!("{label}: {value}")));
        lines.push(format!("{}:", self.files_label()));
        let (files, more) = self.files();
        let file = |(name, size): (String, String)| self.say("file", &[("name", &name), ("size", &size)]);
        lines.extend(files.into_iter().map(file).chain(more).map(|line| format!("  - {line}")));
        lines.push(String::new());
        lines.extend(self.closing());
        lines.join("\n") + "\n"
    }

    fn html(&self, url: &str) -> String {
        let (files, more) = self.files();
        html::part(&html::Part {
            lang: self.lang,
            lead: self.say("lead", &[("sender", &self.sender())]),
            how: self.how(),
            url,
            open: self.say("open", &[]),
            more_how: self.ways(),
            message: (self.say("message", &[]), message_lines(self.notice.deposit)),
            facts: self.facts().to_vec(),
            files_label: self.files_label(),
            files,
            more,
            closing: self.closing().to_vec(),
            fallback: self.say("url", &[]),
        })
    }
}

/// What the sender tells the recipients, line for line.
fn message_lines(deposit: &Deposit) -> Vec<String> {
    deposit.message.lines().map(visible).collect()
}

pub(crate) mod announcement;
pub(crate) mod code;
mod html;
pub(crate) mod invitation;
pub(crate) mod rejection;
pub(crate) mod request;
#[cfg(test)]
mod tests;
