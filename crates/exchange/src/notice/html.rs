//! The HTML of a mail that leads to a page of ours.

use fubako_base::Lang;
use fubako_mail::letterhead::{FONT, GREY, escape, isolated, row};

/// What one language's part says; nothing of it is escaped yet.
pub(super) struct Part<'a> {
    pub(super) lang: Lang,
    pub(super) lead: String,
    pub(super) how: String,
    pub(super) url: &'a str,
    pub(super) open: String,
    pub(super) more_how: String,
    /// What the sender tells, under which label, line for line.
    pub(super) message: (String, Vec<String>),
    pub(super) facts: Vec<(String, String)>,
    /// Empty where there are no files to speak of.
    pub(super) files_label: String,
    pub(super) files: Vec<(String, String)>,
    pub(super) more: Option<String>,
    pub(super) closing: Vec<String>,
    pub(super) fallback: String,
}

/// One language's rows.
pub(super) fn part(part: &Part<'_>) -> String {
    let lang = part.lang.tag();
    let [lead, how, open, more_how, fallback] =
        [&part.lead, &part.how, &part.open, &part.more_how, &part.fallback].map(|text| escape(text));
    let more_how = if more_how.is_empty() { more_how } else { format!("<br>{more_how}") };
    let url = escape(part.url);
    let more =
        part.more.iter().map(|more| format!("<div style=\"padding:2px 0;color:{GREY};\">{}</div>\n", escape(more)));
    let files: String = part.files.iter().map(|(name, size)| file(name, size)).chain(more).collect();
    let facts: String = part.facts.iter().map(|(label, value)| row(label, &isolated(value))).collect();
    let files = if part.files_label.is_empty() { String::new() } else { row(&part.files_label, &files) };
    let (label, lines) = &part.message;
    let message: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    let message = if message.is_empty() {
        String::new()
    } else {
        // Before each stands a space that nobody sees: some readers of mail take a line that begins with `begin` for a file's.
        row(label, &format!("<div dir=\"auto\"> {}</div>", message.join("<br>\n ")))
    };
    let closing: String = part.closing.iter().map(|line| format!("<div>{}</div>\n", escape(line))).collect();
    format!(
        r##"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding-bottom:8px;">{lead}</div>
<div style="padding-bottom:20px;">{how}{more_how}</div>
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>
<td align="center" bgcolor="#0b5cad" style="border-radius:6px;mso-padding-alt:12px 28px;"><a href="{url}" style="{FONT}display:inline-block;padding:12px 28px;font-size:16px;font-weight:bold;line-height:1.4;color:#ffffff;text-decoration:none;"><span style="color:#ffffff;">{open}</span></a></td>
</tr></table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;border-top:1px solid #dfe3e8;">
{message}{facts}{files}</table>
<div style="padding-top:20px;font-size:13px;line-height:1.6;color:{GREY};">{fallback}<br>
<a href="{url}" style="color:#0b5cad;word-break:break-all;">{url}</a></div>
<div style="padding-top:16px;font-size:13px;line-height:1.6;color:{GREY};">
{closing}</div>
</td></tr>
"##
    )
}

fn file(name: &str, size: &str) -> String {
    format!(
        "<div style=\"padding:2px 0;\">{} <span style=\"color:{GREY};white-space:nowrap;\">({})</span></div>\n",
        isolated(name),
        escape(size)
    )
}
