//! What a user gets who is invited, or whose password an administrator took away (spec X-ACCOUNTS): how they sign in, and the page where they
//! choose a password. Whoever has the link may, so it is good once and not for long.

use fubako_base::{
    Lang, Timestamp,
    ids::OutgoingId,
    lang::text,
    section::Section,
    shown::{self, visible},
};
use fubako_mail::{letterhead, message::OwnMail};
use fubako_store::sections::User;

use super::{html, langs_of};

/// A user's invitation.
pub(crate) struct InvitationMail<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) section: &'a Section,
    pub(crate) user: &'a User,
    /// The page where the password is chosen.
    pub(crate) url: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

impl InvitationMail<'_> {
    pub(crate) fn mail(&self, id: OutgoingId) -> OwnMail {
        let settings = &self.section.settings;
        let langs = langs_of(settings.language);
        let words = |lang: &Lang| Words { lang: *lang, mail: self };
        let texts: Vec<String> = langs.iter().map(|lang| words(lang).text()).collect();
        let parts: Vec<String> = langs.iter().map(|lang| words(lang).html()).collect();
        let first = langs.first().copied().unwrap_or_default();
        let subject = words(&first).say("subject", &[("brand", self.brand)]);
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: self.user.address.clone(),
            reply_to: None,
            date: self.at.rfc5322(&settings.time_zone),
            message_id: format!("{id}@{}", self.hostname),
            in_reply_to: None,
            languages: langs.iter().map(|lang| lang.tag()).collect(),
            is_reply: false,
            text: texts.join(&format!("\n{}\n\n", "-".repeat(60))),
            html: Some(letterhead::page(first.tag(), &subject, &parts.join(letterhead::RULE))),
            subject,
        }
    }
}

/// The mail in one language.
struct Words<'a> {
    lang: Lang,
    mail: &'a InvitationMail<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("invitation-mail-{id}"), &values)
    }

    fn lead(&self) -> String {
        self.say("lead", &[("section", &visible(&self.mail.section.name)), ("brand", self.mail.brand)])
    }

    fn facts(&self) -> Vec<(String, String)> {
        let time = shown::moment(self.mail.until, &self.mail.section.settings.time_zone, self.lang).words;
        let name = format!("{}/{}", self.mail.section.id, visible(&self.mail.user.login_id));
        let name = self.say("names", &[("name", &name), ("address", &visible(&self.mail.user.address))]);
        vec![(self.say("sign-in", &[]), name), (self.say("until", &[]), self.say("once", &[("time", &time)]))]
    }

    fn closing(&self) -> Vec<String> {
        vec![self.say("secret", &[]), self.say("stranger", &[]), self.say("automatic", &[("brand", self.mail.brand)])]
    }

    fn text(&self) -> String {
        let mut lines = vec![self.lead(), self.say("how", &[]), String::new()];
        lines.extend([format!("    {}", self.mail.url), String::new()]);
        lines.extend(self.facts().into_iter().map(|(label, value)| format!("{label}: {value}")));
        lines.push(String::new());
        lines.extend(self.closing());
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        html::part(&html::Part {
            lang: self.lang,
            lead: self.lead(),
            how: self.say("how", &[]),
            url: self.mail.url,
            open: self.say("open", &[]),
            more_how: String::new(),
            message: (String::new(), Vec::new()),
            facts: self.facts(),
            files_label: String::new(),
            files: Vec::new(),
            more: None,
            closing: self.closing(),
            fallback: self.say("url", &[]),
        })
    }
}
