//! The HTML of a deposit notice. Tables and inline styles, since that is what Outlook's renderer (Word) and webmail
//! keep; a fixed width for Outlook alone, else as wide as a phone is. No picture, no script, nothing loaded.

use fubako_base::Lang;

/// Between two languages.
pub(super) const RULE: &str = "<tr><td style=\"padding:0 24px;\"><div style=\"border-top:1px solid #dfe3e8;font-size:1px;line-height:1px;\">&nbsp;</div></td></tr>\n";

const FONT: &str = "font-family:'Hiragino Sans','Yu Gothic UI','Meiryo',-apple-system,'Segoe UI',Arial,sans-serif;";
const GREY: &str = "#5b6673";

/// What one language's part says; nothing of it is escaped yet.
pub(super) struct Part<'a> {
    pub(super) lang: Lang,
    pub(super) lead: String,
    pub(super) how: String,
    pub(super) url: &'a str,
    pub(super) open: String,
    pub(super) password: String,
    pub(super) facts: [(String, String); 4],
    pub(super) files_label: String,
    pub(super) files: Vec<(String, String)>,
    pub(super) more: Option<String>,
    pub(super) closing: [String; 3],
    pub(super) fallback: String,
}

/// The whole document round its parts.
pub(super) fn page(lang: Lang, title: &str, parts: &str) -> String {
    let (lang, title) = (lang.tag(), escape(title));
    format!(
        r##"<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
</head>
<body style="margin:0;padding:0;background:#f3f5f7;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f3f5f7">
<tr><td align="center" style="padding:24px 12px;">
<!--[if mso]><table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" style="max-width:560px;background:#ffffff;border:1px solid #dfe3e8;border-radius:8px;">
{parts}</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
"##
    )
}

/// One language's rows.
pub(super) fn part(part: &Part<'_>) -> String {
    let lang = part.lang.tag();
    let [lead, how, open, password, fallback] =
        [&part.lead, &part.how, &part.open, &part.password, &part.fallback].map(|text| escape(text));
    let url = escape(part.url);
    let more =
        part.more.iter().map(|more| format!("<div style=\"padding:2px 0;color:{GREY};\">{}</div>\n", escape(more)));
    let files: String = part.files.iter().map(|(name, size)| file(name, size)).chain(more).collect();
    let facts: String = part.facts.iter().map(|(label, value)| row(label, &isolated(value))).collect();
    let files = row(&part.files_label, &files);
    let closing: String = part.closing.iter().map(|line| format!("<div>{}</div>\n", escape(line))).collect();
    format!(
        r##"<tr><td lang="{lang}" style="padding:28px 24px;{FONT}font-size:15px;line-height:1.7;color:#1f2933;">
<div style="font-size:18px;font-weight:bold;line-height:1.5;padding-bottom:8px;">{lead}</div>
<div style="padding-bottom:20px;">{how}<br>{password}</div>
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>
<td align="center" bgcolor="#0b5cad" style="border-radius:6px;mso-padding-alt:12px 28px;"><a href="{url}" style="{FONT}display:inline-block;padding:12px 28px;font-size:16px;font-weight:bold;line-height:1.4;color:#ffffff;text-decoration:none;"><span style="color:#ffffff;">{open}</span></a></td>
</tr></table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:24px;border-top:1px solid #dfe3e8;">
{facts}{files}</table>
<div style="padding-top:20px;font-size:13px;line-height:1.6;color:{GREY};">{fallback}<br>
<a href="{url}" style="color:#0b5cad;word-break:break-all;">{url}</a></div>
<div style="padding-top:16px;font-size:13px;line-height:1.6;color:{GREY};">
{closing}</div>
</td></tr>
"##
    )
}

/// A label and a value that is HTML already.
fn row(label: &str, value: &str) -> String {
    let label = escape(label);
    format!(
        r##"<tr>
<td valign="top" width="96" style="{FONT}width:96px;padding:8px 12px 8px 0;border-bottom:1px solid #eef1f4;font-size:13px;line-height:1.7;color:{GREY};">{label}</td>
<td valign="top" style="{FONT}padding:8px 0;border-bottom:1px solid #eef1f4;font-size:14px;line-height:1.6;color:#1f2933;word-break:break-word;">{value}</td>
</tr>
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

/// Words that others wrote: escaped, and their direction of writing kept to themselves.
fn isolated(text: &str) -> String {
    format!("<bdi dir=\"auto\" style=\"unicode-bidi:isolate;\">{}</bdi>", escape(text))
}

/// The text as it may stand between tags and in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
