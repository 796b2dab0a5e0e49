//! What a contact gets of an announcement (spec X-OPERATOR): its subject and text, and how long it stands on the screens. There is no link in it.

use fubako_base::{
    Lang, Timestamp,
    ids::OutgoingId,
    lang::text,
    section::Section,
    shown::{self, visible},
};
use fubako_mail::{
    letterhead::{self, FONT, GREY, escape, isolated},
    message::OwnMail,
};
use fubako_store::announcements::{self, Content};

use super::langs_of;
use crate::domain::announcement::words;

/// An announcement's mail to one contact.
pub(crate) struct AnnouncementMail<'a> {
    pub(crate) brand: &'a str,
    pub(crate) from: &'a str,
    pub(crate) hostname: &'a str,
    /// Whose contact it is: their languages and calendar.
    pub(crate) section: &'a Section,
    pub(crate) to: &'a str,
    pub(crate) content: &'a Content,
    pub(crate) at: Timestamp,
}

impl AnnouncementMail<'_> {
    pub(crate) fn mail(&self, id: OutgoingId) -> OwnMail {
        let settings = &self.section.settings;
        let langs = langs_of(settings.language);
        let words = |lang: &Lang| Words { lang: *lang, mail: self };
        let texts: Vec<String> = langs.iter().map(|lang| words(lang).text()).collect();
        let parts: Vec<String> = langs.iter().map(|lang| words(lang).html()).collect();
        let first = langs.first().copied().unwrap_or_default();
        let subject = words(&first).subject();
        OwnMail {
            from_name: self.brand.to_owned(),
            from: self.from.to_owned(),
            to: self.to.to_owned(),
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
    mail: &'a AnnouncementMail<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
        text(self.lang, &format!("announcement-mail-{id}"), &values)
    }

    fn said(&self) -> &announcements::Words {
        words(self.mail.content, self.lang)
    }

    fn subject(&self) -> String {
        self.say("subject", &[("brand", self.mail.brand), ("subject", &visible(&self.said().subject))])
    }

    fn lead(&self) -> String {
        self.say("lead", &[("brand", self.mail.brand)])
    }

    fn until(&self) -> String {
        let time = shown::moment(self.mail.content.ends_at, &self.mail.section.settings.time_zone, self.lang).words;
        self.say("until", &[("time", &time)])
    }

    fn closing(&self) -> [String; 2] {
        let section = visible(&self.mail.section.name);
        [self.say("why", &[("section", &section)]), self.say("automatic", &[("brand", self.mail.brand)])]
    }

    fn lines(&self) -> Vec<String> {
        self.said().text.lines().map(visible).collect()
    }

    fn text(&self) -> String {
        let mut lines = vec![self.lead(), String::new(), format!("■ {}", visible(&self.said().subject)), String::new()];
        lines.extend(self.lines());
        lines.extend([String::new(), self.until()]);
        lines.extend(self.closing());
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        let lang = self.lang.tag();
        let [lead, until] = [self.lead(), self.until()].map(|text| escape(&text));
        let subject = isolated(&visible(&self.said().subject));
        let lines: Vec<String> = self.lines().iter().map(|line| escape(line)).collect();
        let closing: String = self.closing().iter().map(|line| format!("<div>{}</div>\n", escape(line))).collect();
        format!(
            r##"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:13px;color:{GREY};">{lead}</div>
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding:4px 0 16px;">{subject}</div>
<div dir="auto" style="padding-bottom:20px;word-break:break-word;">{}</div>
<div style="padding-top:16px;border-top:1px solid #dfe3e8;font-size:13px;line-height:1.6;color:{GREY};">{until}<br>
{closing}</div>
</td></tr>
"##,
            lines.join("<br>\n")
        )
    }
}
