//! Which elements are open where the notice goes in, so that none of them hides it (spec MAIL-NOTICE).
//!
//! The tree builder's stack and its list of active formatting elements (HTML, 13.2.4) are followed exactly, for what
//! honest mail is made of. Where more would have to be known (foreign elements, `<select>`, `<template>`, frames, what
//! stands in a table outside of its cells, formatting elements that end across blocks) nothing is *certain* from there
//! on, and the notice goes to the top.

use super::tag::Tag;

/// Elements open within each other. Honest mail has some dozens, and browsers build trees of 512.
const MAX_OPEN: usize = 400;
/// Octets of an element's name.
const MAX_NAME: usize = 128;

/// Elements that hold nothing and let formatting elements come back before them.
const VOID_INLINE: [&str; 8] = ["area", "br", "embed", "image", "img", "input", "keygen", "wbr"];
/// What else leaves nothing open: elements that hold nothing, those of which there is one, and those that hold text only.
const NEVER_OPEN: [&str; 21] = [
    "base",
    "basefont",
    "bgsound",
    "body",
    "col",
    "frame",
    "head",
    "html",
    "iframe",
    "link",
    "meta",
    "noembed",
    "noframes",
    "param",
    "plaintext",
    "script",
    "source",
    "style",
    "textarea",
    "title",
    "track",
];
/// Elements that come back where they were not closed (HTML, 13.2.4.3).
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// What ends an element's scope (HTML, 13.2.4.2).
const SCOPE: [&str; 7] = ["applet", "caption", "table", "td", "th", "marquee", "object"];
/// Where the list of active formatting elements has a marker, beside cells and captions.
const MARKING: [&str; 3] = ["applet", "marquee", "object"];
const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
/// Blocks: they end a paragraph, and their end tags end all in them.
const BLOCKS: [&str; 29] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "button",
    "center",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "header",
    "hgroup",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "pre",
    "search",
    "section",
    "summary",
    "ul",
    "form",
    "p",
];
/// These end a paragraph too.
const AFTER_PARAGRAPH: [&str; 11] = ["hr", "xmp", "li", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6"];
/// "Special" elements (HTML, 13.2.4.2), past which an ordinary element's end tag does not reach, as far as they are in no
/// other list.
const SPECIAL: [&str; 12] =
    ["dd", "dt", "li", "noscript", "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"];
/// The inner structure of tables.
const IN_TABLE: [&str; 9] = ["caption", "col", "colgroup", "tbody", "thead", "tfoot", "tr", "td", "th"];
/// What changes how a browser builds the tree, in ways that are not followed.
const NOT_FOLLOWED: [&str; 5] = ["svg", "math", "select", "template", "frameset"];
/// Elements that show what is in them as it is, beside [`FORMATTING`], [`HEADINGS`] and [`IN_TABLE`].
const SHOWING: [&str; 32] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "span",
    "sub",
    "sup",
    "table",
    "ul",
    "label",
    "cite",
];

#[derive(Debug, Clone)]
struct Element {
    name: Box<str>,
    /// What it is known by in the list of active formatting elements.
    id: u64,
    /// By what it is, or what it says of itself.
    may_hide: bool,
}

/// An entry in the list of active formatting elements.
#[derive(Debug)]
enum Active {
    Marker,
    /// With its start tag, by which equal ones are told.
    Element(Element, Box<[u8]>),
}

/// The elements that are open.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    stack: Vec<Element>,
    active: Vec<Active>,
    /// The form element pointer.
    form: Option<u64>,
    last_id: u64,
    doubtful: bool,
}

impl OpenElements {
    /// A tag has passed.
    pub(super) fn tag(&mut self, tag: &Tag<'_>) {
        if self.doubtful {
            return;
        }
        if tag.name.len() > MAX_NAME || tag.name.contains(&0) {
            return self.doubt();
        }
        let name = String::from_utf8_lossy(tag.name).to_ascii_lowercase();
        if tag.end_tag {
            self.ends(&name);
        } else if self.is_in_table() {
            self.starts_in_table(&name, tag);
        } else {
            self.starts(&name, tag);
        }
        if self.stack.len() > MAX_OPEN || self.active.len() > MAX_OPEN {
            self.doubt();
        }
    }

    /// Text has passed.
    pub(super) fn text(&mut self, text: &[u8]) {
        if !self.is_in_table() {
            self.reconstruct();
        } else if text.iter().any(|octet| !octet.is_ascii_whitespace()) {
            self.in_front_of_table();
        }
    }

    /// From here on it is not known what is open.
    pub(super) fn doubt(&mut self) {
        *self = Self { doubtful: true, ..Self::default() };
    }

    /// Whether it is known what is open, and end tags can close it.
    pub(super) fn is_certain(&self) -> bool {
        // A form that its end tag did not reach is closed by none.
        !self.doubtful && self.stack.iter().all(|element| &*element.name != "form" || self.form == Some(element.id))
    }

    /// Whether nothing is open for certain but paragraphs, which end where the notice begins.
    pub(super) fn is_empty(&self) -> bool {
        self.is_certain() && self.active.is_empty() && self.stack.iter().all(|element| &*element.name == "p")
    }

    /// Whether an element of this name is open.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.stack.iter().any(|element| &*element.name == name)
    }

    /// The end tags that close, from the inside out, what may hide what follows; nothing where nothing does.
    pub(super) fn closers(&self) -> String {
        let back = || self.ghosts().rev();
        if !self.stack.iter().chain(back()).any(|element| element.may_hide) {
            return String::new();
        }
        // The outermost paragraphs end where the notice, a block, begins; a table's end closes what is in it.
        let outer = self.stack.iter().take_while(|element| &*element.name == "p").count();
        let open = self.stack[outer..].iter().rev().filter(|element| !is_any(&element.name, &IN_TABLE));
        open.chain(back()).map(|element| format!("</{}>", element.name)).collect()
    }

    fn is_in_table(&self) -> bool {
        self.stack.last().is_some_and(|e| is_any(&e.name, &["table", "tbody", "thead", "tfoot", "tr"]))
    }

    /// What stands in a table outside of its cells goes before the table ("foster parenting").
    fn starts_in_table(&mut self, name: &str, tag: &Tag<'_>) {
        if is_any(name, &IN_TABLE) {
            self.table_part(name, tag);
        } else if name == "table" {
            self.ends("table");
            self.starts(name, tag);
        } else if name == "form" {
            // It is empty, and owns the fields that follow.
            self.last_id += 1;
            self.form.get_or_insert(self.last_id);
        } else if is_any(name, &VOID_INLINE) {
            self.in_front_of_table();
        } else if !is_any(name, &NEVER_OPEN) {
            self.doubt();
        }
    }

    fn in_front_of_table(&mut self) {
        if self.ghosts().next().is_some() {
            self.doubt();
        }
    }

    fn starts(&mut self, name: &str, tag: &Tag<'_>) {
        if is_any(name, &NOT_FOLLOWED) {
            return self.doubt();
        }
        if is_any(name, &IN_TABLE) {
            return self.table_part(name, tag);
        }
        if name == "form" && self.form.is_some() {
            return;
        }
        match name {
            "li" => self.close_item(&["li"]),
            "dd" | "dt" => self.close_item(&["dd", "dt"]),
            _ => {}
        }
        let is_block = is_any(name, &BLOCKS) || is_any(name, &AFTER_PARAGRAPH);
        if is_block && name != "button" {
            self.close_paragraph();
        }
        if name == "hr" || name == "xmp" || is_any(name, &NEVER_OPEN) {
            return;
        }
        match name {
            _ if is_any(name, &HEADINGS) => self.pop_last(&HEADINGS),
            "option" | "optgroup" => self.pop_last(&["option"]),
            "button" => {
                if let Some(at) = self.in_scope(|e| &*e.name == "button", &[]) {
                    self.pop_to(at);
                }
            }
            "a" if self.active_named(name).is_some() => self.formatting_ends(name),
            "nobr" if self.in_scope(|e| &*e.name == "nobr", &[]).is_some() => self.formatting_ends(name),
            _ => {}
        }
        if name == "button" || !is_block && !matches!(name, "table" | "rb" | "rtc" | "rp" | "rt") {
            self.reconstruct();
        }
        if !self.doubtful && !is_any(name, &VOID_INLINE) {
            self.open(name, tag);
        }
    }

    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        let shows = is_any(name, &SHOWING) || is_any(name, &FORMATTING) || is_any(name, &HEADINGS);
        let may_hide = !tag.attributes.is_empty() || !shows && !is_any(name, &IN_TABLE);
        let element = self.push(name, may_hide);
        if name == "form" {
            self.form = Some(element.id);
        } else if is_any(name, &FORMATTING) {
            self.remember(element, tag.octets);
        } else if is_any(name, &MARKING) || matches!(name, "td" | "th" | "caption") {
            self.active.push(Active::Marker);
        }
    }

    fn push(&mut self, name: &str, may_hide: bool) -> Element {
        self.last_id += 1;
        let element = Element { name: name.into(), id: self.last_id, may_hide };
        self.stack.push(element.clone());
        element
    }

    /// Adds to the list of active formatting elements; of four equal ones, the first goes (HTML, 13.2.4.3).
    fn remember(&mut self, element: Element, octets: &[u8]) {
        let from = self.active.iter().rposition(|a| matches!(a, Active::Marker)).map_or(0, |at| at + 1);
        let equal = |entry: &Active| matches!(entry, Active::Element(_, other) if **other == *octets);
        if self.active[from..].iter().filter(|entry| equal(entry)).count() >= 3
            && let Some(first) = self.active[from..].iter().position(equal)
        {
            self.active.remove(from + first);
        }
        self.active.push(Active::Element(element, octets.into()));
    }

    /// A row ends the one before, a cell the cell; what is left out round them is there (HTML, 13.2.6.4.9 to 15).
    fn table_part(&mut self, name: &str, tag: &Tag<'_>) {
        let Some(table) = self.stack.iter().rposition(|e| &*e.name == "table") else { return };
        let is_section = |e: &Element| matches!(&*e.name, "tbody" | "thead" | "tfoot");
        let mut keep = table + 1;
        let (in_section, in_row) = (matches!(name, "tr" | "td" | "th"), matches!(name, "td" | "th"));
        if in_section && self.stack.get(keep).is_some_and(is_section) {
            keep += 1;
            if in_row && self.stack.get(keep).is_some_and(|e| &*e.name == "tr") {
                keep += 1;
            }
        }
        self.pop_to(keep);
        if self.doubtful || matches!(name, "col" | "colgroup") {
            return;
        }
        for (implied, at) in [("tbody", table + 1), ("tr", table + 2)] {
            if self.stack.len() == at && (in_row || in_section && implied == "tbody") {
                self.push(implied, false);
            }
        }
        self.open(name, tag);
    }

    fn ends(&mut self, name: &str) {
        let table = self.stack.iter().rposition(|e| &*e.name == "table");
        let is = |e: &Element| &*e.name == name;
        let found = match (name, table) {
            ("table", at) => at,
            ("tbody" | "thead" | "tfoot" | "caption", Some(table)) => Some(table + 1),
            ("tr", Some(table)) => Some(table + 2),
            ("td" | "th", Some(table)) => Some(table + 3),
            ("form", _) => return self.form_ends(),
            ("p", _) => return self.close_paragraph(),
            ("br", _) => return self.text(name.as_bytes()),
            ("li", _) => self.in_scope(is, &["ul", "ol"]),
            _ if is_any(name, &HEADINGS) => self.in_scope(|e| is_any(&e.name, &HEADINGS), &[]),
            _ if is_any(name, &MARKING) => {
                if let Some(at) = self.in_scope(is, &[]) {
                    self.stack.truncate(at);
                    self.clear_to_marker();
                }
                return;
            }
            _ if is_any(name, &FORMATTING) => return self.formatting_ends(name),
            _ if is_any(name, &BLOCKS) || matches!(name, "dd" | "dt") => self.in_scope(is, &[]),
            _ => return self.other_ends(name),
        };
        if let Some(at) = found.filter(|at| self.stack.get(*at).is_some_and(is_or_heading(name))) {
            self.pop_to(at);
        }
    }

    /// Only the form itself is taken off the stack (HTML, 13.2.6.4.7).
    fn form_ends(&mut self) {
        let Some(id) = self.form.take() else { return };
        if let Some(at) = self.in_scope(|e| e.id == id, &[]) {
            // What may be left out ends with it.
            let implied = ["dd", "dt", "li", "optgroup", "option", "p", "rb", "rp", "rt", "rtc"];
            let last = self.stack.iter().rposition(|e| !is_any(&e.name, &implied)).unwrap_or(0);
            self.pop_to(last.max(at) + 1);
            // What stood in it is in it still.
            let form = self.stack.remove(at);
            self.stack[at..].iter_mut().for_each(|element| element.may_hide |= form.may_hide);
        }
    }

    /// "Any other end tag".
    fn other_ends(&mut self, name: &str) {
        let found = self.stack.iter().rposition(|e| &*e.name == name || is_special(&e.name));
        if let Some(at) = found.filter(|at| &*self.stack[*at].name == name) {
            self.pop_to(at);
        }
    }

    /// The adoption agency algorithm (HTML, 13.2.6.4.7), as far as nothing has to be adopted.
    fn formatting_ends(&mut self, name: &str) {
        let is_active = |id: u64| self.active.iter().any(|a| matches!(a, Active::Element(e, _) if e.id == id));
        if self.stack.last().is_some_and(|last| &*last.name == name && !is_active(last.id)) {
            self.stack.pop();
            return;
        }
        let Some((entry, id)) = self.active_named(name) else { return self.other_ends(name) };
        let Some(at) = self.stack.iter().rposition(|e| e.id == id) else {
            self.active.remove(entry);
            return;
        };
        if self.in_scope(|e| e.id == id, &[]).is_none() {
            return;
        }
        if self.stack[at..].iter().any(|e| is_special(&e.name)) {
            return self.doubt();
        }
        self.stack.truncate(at);
        self.active.remove(entry);
    }

    /// The last active formatting element of this name behind the last marker.
    fn active_named(&self, name: &str) -> Option<(usize, u64)> {
        let last = self.active.iter().enumerate().rev().take_while(|(_, a)| !matches!(a, Active::Marker));
        last.filter_map(|(at, a)| match a {
            Active::Element(e, _) if &*e.name == name => Some((at, e.id)),
            _ => None,
        })
        .next()
    }

    /// Active formatting elements that are closed, and will come back.
    fn ghosts(&self) -> impl DoubleEndedIterator<Item = &Element> {
        self.active.iter().filter_map(|active| match active {
            Active::Element(element, _) => Some(element).filter(|e| !self.stack.iter().any(|open| open.id == e.id)),
            Active::Marker => None,
        })
    }

    /// Formatting elements that were not closed by their own end tags come back (HTML, 13.2.4.3).
    fn reconstruct(&mut self) {
        let is_open = |active: &Active| match active {
            Active::Marker => true,
            Active::Element(element, _) => self.stack.iter().any(|open| open.id == element.id),
        };
        let from = self.active.iter().rposition(is_open).map_or(0, |at| at + 1);
        for active in &mut self.active[from..] {
            if let Active::Element(element, _) = active {
                self.last_id += 1;
                element.id = self.last_id;
                self.stack.push(element.clone());
            }
        }
        if self.stack.len() > MAX_OPEN {
            self.doubt();
        }
    }

    fn close_paragraph(&mut self) {
        if let Some(at) = self.in_scope(|e| &*e.name == "p", &["button"]) {
            self.pop_to(at);
        }
    }

    /// An item ends the one before, through paragraphs and the like (HTML, 13.2.6.4.7).
    fn close_item(&mut self, names: &[&str]) {
        let stops = |name: &str| is_special(name) && !matches!(name, "address" | "div" | "p");
        let found = self.stack.iter().rposition(|e| is_any(&e.name, names) || stops(&e.name));
        if let Some(at) = found.filter(|at| is_any(&self.stack[*at].name, names)) {
            self.pop_to(at);
        }
    }

    fn pop_last(&mut self, names: &[&str]) {
        if self.stack.last().is_some_and(|last| is_any(&last.name, names)) {
            self.stack.pop();
        }
    }

    /// Where the innermost such element stands that is in scope (HTML, 13.2.4.2).
    fn in_scope(&self, is: impl Fn(&Element) -> bool, also: &[&str]) -> Option<usize> {
        let ends = |e: &Element| is_any(&e.name, &SCOPE) || is_any(&e.name, also);
        let at = self.stack.iter().rposition(|e| is(e) || ends(e))?;
        Some(at).filter(|at| is(&self.stack[*at]))
    }

    /// Closes the elements from this one on.
    fn pop_to(&mut self, at: usize) {
        for element in self.stack.split_off(at.min(self.stack.len())) {
            if is_any(&element.name, &MARKING) {
                // Its marker stays in the list.
                return self.doubt();
            }
            if matches!(&*element.name, "td" | "th" | "caption") {
                self.clear_to_marker();
            }
        }
    }

    fn clear_to_marker(&mut self) {
        let at = self.active.iter().rposition(|active| matches!(active, Active::Marker));
        self.active.truncate(at.unwrap_or(0));
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.contains(&name)
}

fn is_or_heading(name: &str) -> impl Fn(&Element) -> bool + '_ {
    move |e| &*e.name == name || is_any(name, &HEADINGS) && is_any(&e.name, &HEADINGS)
}

fn is_special(name: &str) -> bool {
    let block = is_any(name, &BLOCKS) && name != "dialog";
    block || is_any(name, &SPECIAL) || is_any(name, &MARKING) || is_any(name, &HEADINGS)
}
