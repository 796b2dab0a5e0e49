//! What hides the whole of a document, and the notice with it, is taken off (spec MAIL-NOTICE): from `<html>` and
//! `<body>` what their attributes say, and shadow roots, which show themselves instead of what is in an element.
//!
//! There are endless ways in which CSS hides; so declarations stay that are known to hide nothing.

use std::ops::Range;

use super::{edit::Edits, entities::Decoded, tag::Tag};

/// The edits, and those that take off what hides.
pub(super) fn shown(tag: &Tag<'_>, mut edits: Edits) -> Edits {
    let is_root = tag.is_any(&["html", "body"]);
    if tag.end_tag || !is_root && !tag.is_any(&["template"]) {
        return edits;
    }
    for attribute in tag.attributes {
        let whole = attribute.whole.clone();
        let hiding: Vec<Range<usize>> = match tag.attribute_name(attribute).as_slice() {
            b"hidden" | b"popover" | b"inert" if is_root => vec![whole],
            b"shadowrootmode" | b"shadowroot" if !is_root => vec![whole],
            b"style" if is_root => {
                let decoded = Decoded::new(tag.value(attribute));
                let start = attribute.value.start;
                match hiding(&decoded.text) {
                    Hiding::All => vec![whole],
                    Hiding::Some(ranges) => {
                        let written = ranges.into_iter().map(|range| decoded.written(range));
                        written.map(|range| range.start + start..range.end + start).collect()
                    }
                }
            }
            _ => Vec::new(),
        };
        for taken in hiding {
            edits.retain(|(range, _)| range.end <= taken.start || range.start >= taken.end);
            edits.push((taken, String::new()));
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    edits
}

/// What of a style attribute may hide.
#[derive(Debug, PartialEq, Eq)]
enum Hiding {
    All,
    /// These declarations, each with its semicolon.
    Some(Vec<Range<usize>>),
}

fn hiding(style: &str) -> Hiding {
    let Some(declarations) = declarations(style) else {
        // Written in a way in which nobody writes who has nothing to hide, save an escape in a font's name.
        let is_plain = !style.contains("/*") && super::css::plain(style).split(';').all(is_harmless);
        return if is_plain && !style.contains(['{', '[', '<']) { Hiding::Some(Vec::new()) } else { Hiding::All };
    };
    let (harmful, kept): (Vec<_>, Vec<_>) =
        declarations.into_iter().partition(|range| !is_harmless(&super::css::plain(&style[range.clone()])));
    if !harmful.is_empty() && kept.iter().all(|range| style[range.clone()].trim().is_empty()) {
        return Hiding::All;
    }
    Hiding::Some(harmful)
}

/// Where the declarations stand, each with its semicolon; nothing where that takes more than strings and parentheses.
fn declarations(style: &str) -> Option<Vec<Range<usize>>> {
    let (mut all, mut from, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, octet) in style.bytes().enumerate() {
        match (quote, octet) {
            (_, b'\\') | (Some(_), b'\n' | b'\r' | 0x0c) | (None, b'{' | b'}' | b'[' | b']' | b'<') => return None,
            (None, b'*') if style[..at].ends_with('/') => return None,
            (Some(open), _) if open == octet => quote = None,
            (None, b'"' | b'\'') => quote = Some(octet),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b';') if depth == 0 => {
                all.push(from..at + 1);
                from = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quote.is_some() {
        return None;
    }
    all.push(from..style.len());
    Some(all)
}

/// Properties that hide nothing, whatever their value; and those that begin so.
const HARMLESS: [&str; 31] = [
    "direction",
    "text-align",
    "text-align-last",
    "text-decoration",
    "text-rendering",
    "text-size-adjust",
    "text-justify",
    "text-justify-trim",
    "text-autospace",
    "text-wrap",
    "text-transform",
    "vertical-align",
    "word-wrap",
    "word-break",
    "white-space",
    "overflow-wrap",
    "line-height",
    "line-break",
    "letter-spacing",
    "height",
    "min-height",
    "min-width",
    "box-sizing",
    "tab-size",
    "tab-interval",
    "hyphens",
    "orphans",
    "widows",
    "quotes",
    "cursor",
    "color-scheme",
];
const HARMLESS_STARTS: [&str; 17] = [
    "--",
    "font",
    "background",
    "border",
    "outline",
    "padding",
    "list-style",
    "mso-",
    "layout-grid",
    "scrollbar-",
    "text-decoration-",
    "text-underline-",
    "punctuation-",
    "supported-color-",
    "ime-",
    "page",
    "caret-",
];

/// Whether this declaration, without white space, hides nothing for certain.
fn is_harmless(declaration: &str) -> bool {
    let declaration = declaration.trim_end_matches(';').trim_end_matches("!important");
    let Some((name, value)) = declaration.split_once(':') else {
        // It is none.
        return true;
    };
    let bare = name.trim_start_matches(['-']);
    let bare = ["webkit-", "moz-", "ms-", "khtml-", "o-"].iter().find_map(|prefix| bare.strip_prefix(prefix));
    let name = bare.unwrap_or(name);
    match name {
        "mso-hide" => value == "none",
        "background-clip" | "font-smoothing" | "osx-font-smoothing" | "nbsp-mode" => value != "text",
        "margin" | "margin-top" | "margin-right" | "margin-bottom" | "margin-left" | "text-indent" | "word-spacing" => {
            !value.contains('-') && !value.contains('(')
        }
        "width" | "max-width" => is_wide(value),
        "display" => matches!(value, "block" | "inline" | "inline-block" | "table" | "flow-root"),
        "visibility" => value == "visible",
        "overflow" | "overflow-x" | "overflow-y" => matches!(value, "visible" | "auto" | "scroll"),
        "opacity" => value.parse().is_ok_and(|opacity: f32| opacity >= 0.5),
        "position" => matches!(value, "static" | "relative"),
        "zoom" => matches!(value, "1" | "100%" | "normal"),
        "float" | "clear" | "transform" | "filter" => value == "none",
        "color" => is_opaque(value),
        _ => HARMLESS.contains(&name) || HARMLESS_STARTS.iter().any(|start| name.starts_with(start)),
    }
}

/// Whether a line of text fits in.
fn is_wide(value: &str) -> bool {
    let at_least = |unit, least: f32| {
        value.strip_suffix(unit).and_then(|number| number.parse().ok()).is_some_and(|number: f32| number >= least)
    };
    matches!(value, "auto" | "none" | "max-content")
        || at_least("%", 40.0)
        || at_least("px", 200.0)
        || at_least("pt", 150.0)
}

/// Whether text in this colour is seen, on another one.
fn is_opaque(colour: &str) -> bool {
    if let Some(hex) = colour.strip_prefix('#') {
        return !matches!(hex.len(), 4 | 8);
    }
    let has_alpha = colour.contains("rgba(") || colour.contains('/') || colour.matches(',').count() > 2;
    let is_plain = !colour.contains('(') || colour.starts_with("rgb(") || colour.starts_with("hsl(");
    colour != "transparent" && is_plain && !has_alpha
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-NOTICE
    #[test]
    fn what_hides_is_taken_off_and_nothing_else() {
        for harmless in [
            "",
            " ; ",
            "margin:0;padding:0 !important;background-color:#f6f6f6;-webkit-text-size-adjust:none",
            "tab-interval:36.0pt;word-wrap:break-word;-webkit-nbsp-mode: space; line-break: after-white-space",
            "font-family:'a;b',\"\u{ff2d}\u{ff33}\";background:url(data:image/png;base64,AA==) no-repeat",
            "opacity:0.9;display:block;width:100% !important;min-width:100%;height:100%;color:rgb(0,0,0)",
            "font-family:\\FF2D\\FF33",
            "mso-line-height-rule:exactly;overflow:auto;max-width:600px",
        ] {
            assert_eq!(hiding(harmless), Hiding::Some(Vec::new()), "{harmless}");
        }
        for harmful in [
            "opacity:.0",
            "opacity:0.00",
            "OPACITY : 0e1 ! important",
            "clip-path:inset(100%)",
            "overflow:hidden",
            "position:absolute",
            "left:-9999px",
            "margin-left:-9999px",
            "text-indent:calc(0px - 999px)",
            "dis\\70lay:none",
            "display:/**/none",
            "font:\\\";display:none",
            "font:\"/*\";display:none;font:\"*/\"",
            "color:transparent",
            "color:#0000",
            "-webkit-text-fill-color:transparent",
            "-webkit-text-security:disc",
            "-webkit-background-clip:text",
            "transform:scale(0)",
            "content-visibility:hidden",
            "font-family:(;display:none",
            "mso-hide:all",
            "width:0",
            "filter:opacity(0)",
        ] {
            assert_ne!(hiding(harmful), Hiding::Some(Vec::new()), "{harmful}");
        }
        assert!(
            matches!(hiding("color:red; opacity:0;margin:0"), Hiding::Some(some) if some.len() == 1 && some[0] == (10..21))
        );
        assert_eq!(hiding("display:none;"), Hiding::All);
    }
}
