//! Which elements are open where the notice goes in, so that none of them hides it (spec MAIL-NOTICE): a hidden element
//! that nobody closed, a `<select>`, an `<svg>`.
//!
//! It follows the tree builder (HTML, 13.2.6) as far as that matters: whatever may be open is taken to be. An end tag for
//! what is not open does nothing (save `</p>` and `</br>`, which are never written).

use super::tag::Tag;
use crate::steps::RewriteError;

/// Elements open within each other. Honest mail has some dozens.
const MAX_OPEN: usize = 1024;
/// Elements of which it is not known whether they are open.
const MAX_DOUBTFUL: usize = 4096;
/// Octets of an element's name.
const MAX_NAME: usize = 128;

/// Elements that hold nothing (HTML, 13.1.2, and those of old).
const VOID: [&str; 20] = [
    "area", "base", "basefont", "bgsound", "br", "col", "command", "embed", "frame", "hr", "image", "img", "input",
    "isindex", "keygen", "link", "meta", "param", "source", "track",
];
/// These too, and elements of which there is one however often they are opened.
const UNTRACKED: [&str; 5] = ["html", "head", "body", "wbr", "frameset"];
/// Elements that come back where they were not closed (HTML, 13.2.4.3).
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// What ends an element's scope (HTML, 13.2.4.2).
const SCOPE: [&str; 10] = ["applet", "caption", "table", "td", "th", "marquee", "object", "template", "svg", "math"];
/// The inner structure of tables.
const IN_TABLE: [&str; 7] = ["caption", "tbody", "thead", "tfoot", "tr", "td", "th"];
/// "Special" elements (HTML, 13.2.4.2), past which an ordinary element's end tag does not reach, as far as they are in no
/// other list.
const SPECIAL: [&str; 56] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "button",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "iframe",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "ol",
    "p",
    "plaintext",
    "pre",
    "script",
    "search",
    "section",
    "select",
    "style",
    "summary",
    "textarea",
    "title",
    "ul",
    "xmp",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "optgroup",
    "option",
    "legend",
];
/// Elements that show nothing of what is in them, or not as it is, to some reader.
const HIDING: [&str; 16] = [
    "select", "svg", "math", "template", "noscript", "object", "applet", "video", "audio", "canvas", "datalist",
    "details", "dialog", "button", "map", "marquee",
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    name: Box<str>,
    /// By what it is, or what it says of itself.
    may_hide: bool,
}

/// The elements that may be open.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    open: Vec<Element>,
    doubtful: Vec<Element>,
}

impl OpenElements {
    /// A tag has passed.
    ///
    /// # Errors
    /// [`RewriteError`] where more is open than can be followed.
    pub(super) fn tag(&mut self, tag: &Tag<'_>) -> Result<(), RewriteError> {
        if tag.name.len() > MAX_NAME {
            return Err(RewriteError { reason: "an HTML element has an endless name" });
        }
        let name = String::from_utf8_lossy(tag.name).to_ascii_lowercase().replace('\0', "");
        if tag.end_tag {
            self.ends(&name);
        } else if !is_any(&name, &VOID) && !is_any(&name, &UNTRACKED) {
            self.starts(&name, tag);
        }
        if self.open.len() > MAX_OPEN || self.doubtful.len() > MAX_DOUBTFUL {
            return Err(RewriteError { reason: "too many HTML elements are left open" });
        }
        Ok(())
    }

    /// Whether one of these is open.
    pub(super) fn holds(&self, names: &[&str]) -> bool {
        self.open.iter().any(|element| is_any(&element.name, names))
    }

    /// The end tags that close, from the inside out, what may hide what follows; nothing where nothing does.
    pub(super) fn closers(&self) -> String {
        let all = || self.open.iter().rev().chain(self.doubtful.iter().rev());
        if !all().any(|element| element.may_hide) {
            return String::new();
        }
        // The outermost paragraphs end where the notice, a block, begins.
        let outer = self.doubtful.iter().chain(&self.open).take_while(|element| &*element.name == "p").count();
        let count = self.open.len() + self.doubtful.len() - outer;
        all().take(count).map(|element| format!("</{}>", element.name)).collect()
    }

    fn starts(&mut self, name: &str, tag: &Tag<'_>) {
        let in_foreign = || self.holds(&["svg", "math"]);
        if tag.closes_itself() && in_foreign() {
            return;
        }
        if is_any(name, &IN_TABLE) {
            if !self.holds(&["table", "template"]) {
                return;
            }
            self.close_for_table(name);
        } else {
            self.close_implied(name);
        }
        let may_hide = is_any(name, &HIDING) || !tag.attributes.is_empty();
        self.open.push(Element { name: name.into(), may_hide });
    }

    /// A cell ends the one before, a row its cells, a body its rows (HTML, 13.2.6.4.13 to 15).
    fn close_for_table(&mut self, name: &str) {
        let ends: &[&str] = match name {
            "td" | "th" => &["td", "th", "caption"],
            "tr" => &["tr", "caption"],
            _ => &IN_TABLE,
        };
        let inner = self.open.iter().rposition(|e| is_any(&e.name, &["table", "template", "svg", "math"]));
        let inner = inner.map_or(0, |at| at + 1);
        if let Some(at) = self.open[inner..].iter().position(|e| is_any(&e.name, ends)) {
            self.open.truncate(inner + at);
        }
    }

    /// A paragraph ends the one before, an item the item (HTML, 13.2.6.4.7).
    fn close_implied(&mut self, name: &str) {
        let ends: &[&str] = match name {
            "p" => &["p"],
            "li" => &["li"],
            "dd" | "dt" => &["dd", "dt"],
            "option" => &["option"],
            "optgroup" => &["option", "optgroup"],
            "a" => &["a"],
            _ => return,
        };
        let before = self.open.iter().rev().take_while(|element| &*element.name == "p").count();
        let last = self.open.len() - before;
        if name == "p" && before > 0 {
            self.open.truncate(last);
        } else if last > 0 && is_any(&self.open[last - 1].name, ends) {
            self.open.truncate(last - 1);
        }
    }

    /// An element has ended.
    pub(super) fn ends(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|element| &*element.name == name) else { return };
        let above = &self.open[at + 1..];
        let holds = |names: &[&str]| above.iter().any(|element| is_any(&element.name, names));
        if name == "table" || name == "template" || name == "select" || is_any(name, &IN_TABLE) {
            let is_out_of_reach = name != "template" && holds(&["template"]) || name != "table" && holds(&["table"]);
            if !is_out_of_reach || name == "template" {
                self.close_from(at, false);
            }
        } else if is_any(name, &FORMATTING) {
            if !holds(&SCOPE) {
                self.open.remove(at);
            }
        } else if is_any(name, &SPECIAL) {
            let is_out_of_reach = holds(&SCOPE) || name == "li" && holds(&["ul", "ol"]);
            if !is_out_of_reach {
                self.close_from(at, true);
            }
        } else if !holds(&SCOPE) && !holds(&SPECIAL) {
            self.close_from(at, true);
        } else if is_any(name, &SCOPE) {
            // It may have ended, and what stands in it may have left it before.
            let element = self.open.remove(at);
            self.doubtful.push(element);
        }
    }

    /// Closes the element at `at` and all in it; with `come_back`, formatting elements may be open again after it.
    fn close_from(&mut self, at: usize, come_back: bool) {
        let closed = self.open.drain(at..);
        let back = |element: &Element| come_back && element.may_hide && is_any(&element.name, &FORMATTING);
        self.doubtful.extend(closed.filter(back));
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.contains(&name)
}

/// Whether a tag hides its element by what it says of itself: the places in its octets that say so.
pub(super) fn hides(name: &[u8], value: &str) -> bool {
    if name == b"hidden" {
        return true;
    }
    if name != b"style" {
        return false;
    }
    let style = super::css::plain(value);
    ["display:none", "visibility:hidden", "visibility:collapse", "mso-hide:all"]
        .iter()
        .any(|hides| style.contains(hides))
        || style
            .split(';')
            .any(|d| matches!(d.trim_end_matches("!important"), "opacity:0" | "opacity:0.0" | "opacity:0%"))
}
