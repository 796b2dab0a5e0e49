//! The notice as text and as HTML. Whatever a stranger can set (names, subject, sender) is escaped and stripped of what
//! could make it look like something else.

use fubako_base::{
    Lang,
    lang::{Value, text},
};

use super::Notice;
use crate::html::escape;

/// File names that are shown; of more, their number is.
const MAX_FILES: usize = 100;
/// Lines of the section's own wording.
const MAX_WORDING: usize = 200;
/// Characters of a value that are shown.
const MAX_VALUE: usize = 1000;

/// The notice's pieces, as text, in the order in which they stand.
struct Pieces {
    wording: Vec<String>,
    /// A title and its sentences for each language.
    explained: Vec<(Lang, String, Vec<String>)>,
    files_label: String,
    files: Vec<String>,
    more: Option<String>,
    /// Label and password.
    password: Option<(String, String)>,
    /// Label and value.
    facts: Vec<(String, String)>,
}

impl Notice {
    /// The notice as plain text; lines end in CRLF, the last one too.
    #[must_use]
    pub fn text(&self) -> String {
        let pieces = self.pieces();
        let rule = if self.langs.contains(&Lang::Ja) { "━".repeat(30) } else { "-".repeat(60) };
        let mut lines = vec![rule.clone()];
        if !pieces.wording.is_empty() {
            lines.extend(pieces.wording);
            lines.push(String::new());
        }
        for (lang, title, sentences) in pieces.explained {
            lines.push(if lang == Lang::Ja { format!("■ {title}") } else { title });
            lines.push(String::new());
            lines.extend(sentences);
            lines.push(String::new());
        }
        if !pieces.files.is_empty() {
            lines.push(pieces.files_label);
            lines.extend(pieces.files.iter().map(|name| format!("  - {name}")));
            lines.extend(pieces.more.map(|more| format!("  {more}")));
            lines.push(String::new());
        }
        if let Some((label, password)) = pieces.password {
            lines.extend([label, String::new(), password, String::new()]);
        }
        lines.extend(pieces.facts.iter().map(|(label, value)| format!("{label}: {value}")));
        lines.push(rule);
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }

    /// The notice as a piece of HTML that stands in any body: one block without tables, in colours of the mail itself,
    /// so that it reads well in the dark too.
    #[must_use]
    pub fn html(&self) -> String {
        let pieces = self.pieces();
        let mut out = format!("<div dir=\"ltr\" style=\"{BLOCK}\">");
        if !pieces.wording.is_empty() {
            let wording: Vec<_> = pieces.wording.iter().map(|line| escape(line)).collect();
            out += &format!("<p style=\"{PARAGRAPH}\">{}</p>", wording.join("<br>"));
        }
        for (lang, title, sentences) in &pieces.explained {
            let sentences: Vec<_> = sentences.iter().map(|sentence| escape(sentence)).collect();
            out += &format!(
                "<p lang=\"{lang}\" style=\"{TITLE}\"><b>{}</b></p><p lang=\"{lang}\" style=\"{PARAGRAPH}\">{}</p>",
                escape(title),
                sentences.join("<br>")
            );
        }
        if !pieces.files.is_empty() {
            out += &format!("<p style=\"{LABEL}\">{}</p><ul style=\"{LIST}\">", escape(&pieces.files_label));
            for name in pieces.files.iter().chain(&pieces.more) {
                out += &format!("<li style=\"{ITEM}\">{}</li>", escape(name));
            }
            out += "</ul>";
        }
        if let Some((label, password)) = &pieces.password {
            out += &format!("<p style=\"{LABEL}\">{}</p>", escape(label));
            out += &format!("<p style=\"{PASSWORD}\">{}</p>", escape(password));
        }
        let facts = pieces.facts.iter().map(|(label, value)| format!("{}: {}", escape(label), escape(value)));
        out += &format!("<p style=\"{FACTS}\">{}</p></div>", facts.collect::<Vec<_>>().join("<br>"));
        out
    }

    fn pieces(&self) -> Pieces {
        let langs = if self.langs.is_empty() { vec![Lang::default()] } else { self.langs.clone() };
        let (service, subject) = (harmless(&self.service), harmless(&self.notice_subject));
        let explained = langs.iter().map(|lang| {
            let say = |id| text(*lang, id, &[("service", Value::from(&*service)), ("subject", Value::from(&*subject))]);
            let when = if self.approval { "mail-notice-approval" } else { "mail-notice-link" };
            let mut sentences = vec![say("mail-notice-kept"), say(when)];
            if self.password.is_some() {
                sentences.push(say("mail-notice-use-password"));
            }
            (*lang, say("mail-notice-title"), sentences)
        });
        let label = |id: &str, count: usize| {
            let words: Vec<_> = langs.iter().map(|lang| text(*lang, id, &[("count", Value::from(count))])).collect();
            words.join(" / ")
        };
        let mut facts = vec![(label("mail-notice-sender", 0), harmless(&self.sender))];
        let times: Vec<_> = self.time.iter().map(|time| harmless(time)).collect();
        if !times.is_empty() {
            facts.push((label("mail-notice-time", 0), times.join(" / ")));
        }
        let beyond = self.files.len().saturating_sub(MAX_FILES);
        Pieces {
            wording: wording(self.wording.as_deref().unwrap_or_default()),
            explained: explained.collect(),
            files_label: label("mail-notice-files", self.files.len()),
            files: self.files.iter().take(MAX_FILES).map(|name| harmless(name)).collect(),
            more: (beyond > 0).then(|| label("mail-notice-more", beyond)),
            password: self.password.as_ref().map(|p| (label("mail-notice-password", 0), harmless(p.expose()))),
            facts,
        }
    }
}

/// The section's own words, line by line.
fn wording(words: &str) -> Vec<String> {
    words.trim().lines().take(MAX_WORDING).map(harmless).collect()
}

/// One line of a stranger's text: no controls, no line ends of any kind, and none of the invisible characters that turn
/// text round or hide in it.
fn harmless(value: &str) -> String {
    let kept = value.replace("\r\n", " ");
    let kept = kept.chars().filter_map(|character| match character {
        '\t' | '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        other if other.is_control() => None,
        other => Some(other),
    });
    let mut shown: String = kept.take(MAX_VALUE + 1).collect();
    if let Some((at, _)) = shown.char_indices().nth(MAX_VALUE) {
        shown.truncate(at);
        shown.push('…');
    }
    shown
}

const BLOCK: &str = "clear:both;max-width:600px;margin:24px 0;padding:16px 20px 14px;border:1px solid #8fa3b0;\
    border-left:4px solid #3d7a99;border-radius:4px;font-family:'Hiragino Sans','Yu Gothic UI',Meiryo,'Segoe UI',\
    'Noto Sans CJK JP',Arial,sans-serif;font-size:14px;font-weight:normal;font-style:normal;line-height:1.7;\
    letter-spacing:normal;text-align:left;text-indent:0;text-decoration:none;text-transform:none;\
    word-spacing:normal;white-space:normal;overflow-wrap:anywhere";
const TITLE: &str = "margin:0 0 8px;font-size:15px;line-height:1.5";
const PARAGRAPH: &str = "margin:0 0 14px";
const LABEL: &str = "margin:0 0 4px;font-size:12px;font-weight:bold;line-height:1.5";
const LIST: &str = "margin:0 0 14px;padding:0 0 0 20px";
const ITEM: &str = "margin:0;padding:0";
const PASSWORD: &str = "margin:0 0 14px;padding:8px 14px;border:1px solid #8fa3b0;border-radius:4px;\
    font-family:Consolas,Menlo,'Courier New',monospace;font-size:18px;font-weight:bold;line-height:1.5;\
    user-select:all;-webkit-user-select:all";
const FACTS: &str = "margin:0;padding:10px 0 0;border-top:1px solid #8fa3b0;font-size:12px;line-height:1.6";
