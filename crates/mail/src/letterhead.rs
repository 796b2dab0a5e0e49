//! The HTML of our own mails. Tables and inline styles, since that is what Outlook's renderer (Word) and webmail
//! keep; a fixed width for Outlook alone, else as wide as a phone is. No picture, no script, nothing loaded.

pub use crate::html::escape;

/// Between two parts.
pub const RULE: &str = "<tr><td style=\"padding:0 24px;\"><div style=\"border-top:1px solid #dfe3e8;font-size:1px;line-height:1px;\">&nbsp;</div></td></tr>\n";

/// The declaration of the fonts.
pub const FONT: &str = "font-family:'Hiragino Sans','Yu Gothic UI','Meiryo',-apple-system,'Segoe UI',Arial,sans-serif;";

/// The colour of what is said by the way.
pub const GREY: &str = "#5b6673";

/// The whole document round its parts, each rows of a table (`<tr>…</tr>`). `lang` is a language tag.
#[must_use]
pub fn page(lang: &str, title: &str, parts: &str) -> String {
    let (lang, title) = (escape(lang), escape(title));
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

/// A label and a value that is HTML already.
#[must_use]
pub fn row(label: &str, value: &str) -> String {
    let label = escape(label);
    format!(
        r##"<tr>
<td valign="top" width="96" style="{FONT}width:96px;padding:8px 12px 8px 0;border-bottom:1px solid #eef1f4;font-size:13px;line-height:1.7;color:{GREY};">{label}</td>
<td valign="top" style="{FONT}padding:8px 0;border-bottom:1px solid #eef1f4;font-size:14px;line-height:1.6;color:#1f2933;word-break:break-word;">{value}</td>
</tr>
"##
    )
}

/// Words that others wrote: escaped, and their direction of writing kept to themselves.
#[must_use]
pub fn isolated(text: &str) -> String {
    format!("<bdi dir=\"auto\" style=\"unicode-bidi:isolate;\">{}</bdi>", escape(text))
}
