//! What a stopped mail's sender reads (spec NOTICE, 3.8): what was wrong, which file or recipient, what to do next; the mail's
//! subject, recipients and time; a reference number. Text and HTML, Japanese first and English after. Pure.

use fubako_base::{
    Code, Lang, Timestamp,
    lang::{Value, text},
    shown::{self, visible},
};
use fubako_mail::{
    letterhead::{self, FONT, GREY, escape, isolated},
    plan::unallowed_characters,
};

use crate::problem::{About, Fate, Problem, Reason};

/// Octets of a name (spec 3.4, `name-character`).
const MAX_NAME_OCTETS: usize = 255;
/// Names and addresses that are told of one kind; of more it says how many.
const MAX_NAMED: usize = 20;
/// Characters of a name that are told, or of the mail's subject.
const MAX_SHOWN: usize = 200;
/// Between two languages of the text.
const RULE: &str = "\n----------------------------------------\n\n";

/// A notice to a sender.
pub(crate) struct Notice<'a> {
    pub(crate) brand: &'a str,
    pub(crate) problem: &'a Problem,
    /// The stopped mail's subject, decoded.
    pub(crate) subject: &'a str,
    /// The stopped mail's recipients.
    pub(crate) recipients: &'a [&'a str],
    pub(crate) received_at: Timestamp,
    pub(crate) time_zone: &'a str,
    /// The number that stands in the log, too.
    pub(crate) reference: &'a str,
    /// At least one.
    pub(crate) langs: &'static [Lang],
}

impl Notice<'_> {
    /// The notice's own subject.
    pub(crate) fn title(&self) -> String {
        let words = self.words(self.langs.first().copied().unwrap_or_default());
        words.say("subject", &[("subject", words.subject().into())])
    }

    /// The plain text, language after language.
    pub(crate) fn text(&self) -> String {
        self.langs.iter().map(|lang| self.words(*lang).text()).collect::<Vec<_>>().join(RULE)
    }

    /// The HTML, language after language.
    pub(crate) fn html(&self) -> String {
        let parts: Vec<String> = self.langs.iter().map(|lang| self.words(*lang).html()).collect();
        let lang = self.langs.first().copied().unwrap_or_default();
        letterhead::page(lang.tag(), &self.title(), &parts.join(letterhead::RULE))
    }

    const fn words(&self, lang: Lang) -> Words<'_> {
        Words { lang, notice: self }
    }
}

/// The notice in one language.
struct Words<'a> {
    lang: Lang,
    notice: &'a Notice<'a>,
}

impl Words<'_> {
    fn say(&self, id: &str, values: &[(&str, Value<'_>)]) -> String {
        text(self.lang, &format!("stopped-{id}"), values)
    }

    fn intro(&self) -> String {
        self.say(if self.notice.problem.fate == Fate::Hold { "intro-held" } else { "intro" }, &[])
    }

    fn subject(&self) -> String {
        let subject = shortened(self.notice.subject);
        if subject.is_empty() { self.say("no-subject", &[]) } else { subject }
    }

    /// What was wrong.
    fn what(&self, reason: &Reason) -> String {
        text(self.lang, &format!("code-{}", reason.text()), &[("limit", reason.limit.unwrap_or_default().into())])
    }

    /// What to do next.
    fn next(&self, reason: &Reason) -> String {
        text(self.lang, &format!("code-{}-next", reason.text()), &[])
    }

    /// The files or recipients that it is about, each with what is wrong with it where that can be said; before them how much
    /// there is, where there is too much.
    fn about(&self, reason: &Reason) -> Vec<String> {
        let named = reason.about.iter().take(MAX_NAMED).map(|about| self.one(reason.code, about));
        self.measured(reason).into_iter().chain(named).chain(self.more(reason.about.len())).collect()
    }

    fn measured(&self, reason: &Reason) -> Option<String> {
        if let Some((total, limit)) = reason.sizes {
            let sizes = [("total", shown::size(total).into()), ("limit", shown::size(limit).into())];
            return Some(self.say("files-size", &sizes));
        }
        let length = self.notice.subject.chars().count();
        // The header could not be read again: nothing is said.
        let is_long = reason.code == Code::SubjectTooLong && length > reason.limit.unwrap_or_default() as usize;
        is_long.then(|| self.say("subject-length", &[("length", length.to_string().into())]))
    }

    fn one(&self, code: Code, about: &About) -> String {
        let name = match about {
            About::Named(name) => name,
            About::Unnamed(number, kind) => {
                let number = ("number", number.to_string().into());
                return match kind {
                    Some(kind) => self.say("unnamed-kind", &[number, ("kind", kind.as_str().into())]),
                    None => self.say("unnamed", &[number]),
                };
            }
        };
        let shown = shortened(name);
        if code != Code::NameCharacter {
            return shown;
        }
        let mut wrong = Vec::new();
        let characters = unallowed_characters(name);
        if !characters.is_empty() {
            let characters: Vec<String> = characters.into_iter().take(MAX_NAMED).map(character).collect();
            wrong.push(self.say("name-characters", &[("characters", characters.join(" ").into())]));
        }
        if name.len() > MAX_NAME_OCTETS {
            wrong.push(self.say("name-length", &[("octets", name.len().to_string().into())]));
        }
        [shown].into_iter().chain(wrong).collect::<Vec<_>>().join(" — ")
    }

    fn more(&self, count: usize) -> Option<String> {
        let more = count.checked_sub(MAX_NAMED).filter(|more| *more > 0)?;
        Some(self.say("more", &[("count", more.to_string().into())]))
    }

    /// Label and value of what tells the mail from others.
    fn facts(&self) -> [(String, String); 4] {
        let Notice { recipients, received_at, time_zone, reference, problem, .. } = self.notice;
        let named = recipients.iter().take(MAX_NAMED).map(|address| visible(address));
        let to: Vec<String> = named.chain(self.more(recipients.len())).collect();
        let codes: Vec<&str> = problem.codes().iter().map(|code| code.name()).collect();
        [
            (self.say("mail-subject", &[]), self.subject()),
            (self.say("mail-recipients", &[]), to.join(", ")),
            (self.say("mail-time", &[]), shown::moment(*received_at, time_zone, self.lang).words),
            (self.say("reference", &[]), format!("{reference} ({})", codes.join(", "))),
        ]
    }

    fn text(&self) -> String {
        let mut lines = vec![self.intro(), String::new()];
        for reason in &self.notice.problem.reasons {
            lines.push(format!("■ {}", self.what(reason)));
            lines.extend(self.about(reason).into_iter().map(|about| format!("  - {about}")));
            lines.extend([format!("  → {}", self.next(reason)), String::new()]);
        }
        lines.extend(self.facts().map(|(label, value)| format!("{label}: {value}")));
        lines.extend([String::new(), self.automatic()]);
        lines.join("\n") + "\n"
    }

    fn html(&self) -> String {
        let lang = self.lang.tag();
        let [title, intro, automatic] = [self.say("title", &[]), self.intro(), self.automatic()].map(|s| escape(&s));
        let reasons: String = self.notice.problem.reasons.iter().map(|reason| self.reason_html(reason)).collect();
        let facts: String =
            self.facts().iter().map(|(label, value)| letterhead::row(label, &isolated(value))).collect();
        format!(
            r##"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding-bottom:8px;">{title}</div>
<div style="padding-bottom:4px;">{intro}</div>
{reasons}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;border-top:1px solid #dfe3e8;">
{facts}</table>
<div style="padding-top:16px;font-size:13px;line-height:1.6;color:{GREY};">{automatic}</div>
</td></tr>
"##
        )
    }

    fn reason_html(&self, reason: &Reason) -> String {
        let (what, next) = (escape(&self.what(reason)), escape(&self.next(reason)));
        let about: String = self
            .about(reason)
            .iter()
            .map(|about| {
                format!(
                    "<div style=\"margin-left:1em;text-indent:-1em;padding:2px 0;word-break:break-word;\">・{}</div>\n",
                    isolated(about)
                )
            })
            .collect();
        let label = escape(&self.say("next", &[]));
        format!(
            r##"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:16px;"><tr>
<td bgcolor="#fdf3f2" style="{FONT}padding:14px 16px;border-left:4px solid #b42318;background:#fdf3f2;font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-weight:bold;">{what}</div>
{about}<div style="padding-top:8px;"><span style="font-size:13px;font-weight:bold;color:{GREY};">{label}</span><br>{next}</div>
</td></tr></table>
"##
        )
    }

    fn automatic(&self) -> String {
        self.say("automatic", &[("brand", self.notice.brand.into())])
    }
}

/// What others wrote, on one line and not too long.
fn shortened(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A character that a name may not have, so that it can be found: what is not seen has its number alone.
fn character(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    match visible(&c.to_string()) {
        seen if seen.chars().eq([c]) => format!("{c} ({number})"),
        _ => number,
    }
}

#[cfg(test)]
mod tests;
