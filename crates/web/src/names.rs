//! File names that strangers chose, made harmless for a header, for a zip and for the eye. Pure.

use std::{collections::HashSet, fmt::Write as _};

use fubako_base::shown::unseen;

/// Octets of UTF-8 that a name may have: what file systems take.
const MAX_OCTETS: usize = 255;

/// A name for a file that a browser saves: no path, nothing unseen, at most 255 octets, never empty.
pub(crate) fn safe(name: &str) -> String {
    let name: String = name.chars().map(|c| if unseen(c) || matches!(c, '/' | '\\') { '_' } else { c }).collect();
    let name = name.trim();
    if matches!(name, "" | "." | "..") { "file".to_owned() } else { shortened(name, MAX_OCTETS) }
}

/// A name that every system can unpack: [`safe`], and what Windows does not take is `_` too.
fn portable(name: &str) -> String {
    let name: String = safe(name)
        .chars()
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let name = name.trim_end_matches(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']));
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    match name {
        "" => "file".to_owned(),
        name if device => shortened(&format!("_{name}"), MAX_OCTETS),
        name => name.to_owned(),
    }
}

/// Names for the members of one zip: portable, and no two the same (compared without case): `a.txt`, `a (2).txt`.
pub(crate) fn members<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut out = Vec::new();
    for name in names {
        let name = portable(name);
        let mut candidate = name.clone();
        let mut count = 1u32;
        while !taken.insert(candidate.to_lowercase()) {
            count += 1;
            let (stem, extension) = split(&name);
            let tail = format!(" ({count}){extension}");
            candidate = format!("{}{tail}", cut(stem, MAX_OCTETS.saturating_sub(tail.len())));
        }
        out.push(candidate);
    }
    out
}

/// `Content-Disposition: attachment` (RFC 6266) with the name twice: in ASCII for old readers, and as RFC 8187 has it.
pub(crate) fn disposition(name: &str) -> String {
    let name = safe(name);
    let plain = ascii(&name);
    let mut out = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        out.push_str("; filename*=UTF-8''");
        for octet in name.bytes() {
            if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
                out.push(char::from(octet));
            } else {
                let _ = write!(out, "%{octet:02X}");
            }
        }
    }
    out
}

/// The name in ASCII that needs no quoting: what else there is becomes `_`; with nothing left of it, `file`.
fn ascii(name: &str) -> String {
    let plain = |part: &str| -> String {
        let kept = |c: char| c.is_ascii_alphanumeric() || " !#$&()+,-.=@[]^_`{}~".contains(c);
        part.chars().map(|c| if kept(c) { c } else { '_' }).collect()
    };
    let (stem, extension) = split(name);
    let stem = plain(stem);
    let stem = if stem.chars().any(|c| c.is_ascii_alphanumeric()) { stem } else { "file".to_owned() };
    format!("{stem}{}", plain(extension))
}

/// A name as stem and extension: the extension, with its dot, is at most 15 ASCII letters and digits after a stem.
fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty() && extension.len() <= 15 && extension.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            name.split_at(stem.len())
        }
        _ => (name, ""),
    }
}

/// The name in at most `octets` octets, its extension kept.
fn shortened(name: &str, octets: usize) -> String {
    if name.len() <= octets {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    format!("{}{extension}", cut(stem, octets.saturating_sub(extension.len())))
}

/// The first characters that fit into `octets` octets.
fn cut(text: &str, octets: usize) -> &str {
    let mut end = octets.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_names(names: &[&str]) -> Vec<String> {
        members(names.iter().copied())
    }

    // spec: X-RECEIVE
    #[test]
    fn no_name_gets_out_of_a_header() {
        assert_eq!(disposition("report.pdf"), r#"attachment; filename="report.pdf""#);
        assert_eq!(
            disposition("見積書 (最終).xlsx"),
            "attachment; filename=\"file.xlsx\"; \
             filename*=UTF-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8%20%28%E6%9C%80%E7%B5%82%29.xlsx"
        );
        // Found by an attack test: it was saved as `Tanaka_s plan.pdf`.
        assert_eq!(
            disposition("Tanaka's plan.pdf"),
            "attachment; filename=\"Tanaka_s plan.pdf\"; filename*=UTF-8''Tanaka%27s%20plan.pdf"
        );
        assert_eq!(disposition("a b.pdf"), r#"attachment; filename="a b.pdf""#);
        let evil = disposition("a\"; filename=\"b.exe\r\nX: y\u{202e}%41");
        assert!(evil.bytes().all(|b| (0x20..0x7f).contains(&b)), "{evil}");
        assert_eq!(evil.matches('"').count(), 2, "{evil}");
        assert!(!evil.contains("%41\""), "{evil}");
        for (bad, good) in [("", "file"), ("..", "file"), (".", "file"), ("../../etc/passwd", ".._.._etc_passwd")] {
            assert_eq!(disposition(bad), format!("attachment; filename=\"{good}\""));
        }
        assert!(safe(&format!("{}.pdf", "文".repeat(300))).ends_with("文.pdf"));
        assert!(safe(&"文".repeat(300)).len() <= MAX_OCTETS);
    }

    // spec: X-RECEIVE
    #[test]
    fn zip_members_stay_in_their_folder_and_apart() {
        assert_eq!(zip_names(&["../a", "..\\a", "a\0b", "/", "C:\\x"]), [".._a", ".._a (2)", "a_b", "_", "C__x"]);
        assert_eq!(
            zip_names(&["A.txt", "a.TXT", "a (2).txt", "a.txt"]),
            ["A.txt", "a (2).TXT", "a (2) (2).txt", "a (3).txt"]
        );
        assert_eq!(
            zip_names(&["con", "NUL.txt", "com1.a", "compact", "x. ", "..."]),
            ["_con", "_NUL.txt", "_com1.a", "compact", "x", "file"]
        );
        let long = "文".repeat(100);
        for name in zip_names(&[&long, &long, &long]) {
            assert!(name.len() <= MAX_OCTETS, "{name}");
        }
    }
}
