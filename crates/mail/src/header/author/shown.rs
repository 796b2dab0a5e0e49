//! What a decoded name shows to a program that looks for addresses in it.

use std::collections::BTreeSet;

use super::{a_label, is_unseen};

/// Stops that are dots to some (UTS 46), and end a sentence to others.
const STOPS: [char; 3] = ['\u{3002}', '\u{ff0e}', '\u{ff61}'];
/// Others that look like dots, and are such in a domain to who normalises it first.
const DOTS: [char; 3] = ['\u{2024}', '\u{fe52}', '\u{ff0e}'];

/// The domains, as they are compared, of the addresses in a decoded From field: behind each `@` that is in no quotes and no comment, and
/// in angle brackets wherever they stand, since many look for those alone. Where a quote or a parenthesis does not end, or what stands
/// beside a quoted string leaves no name before the author's address, what is in them counts as well. What nobody sees, and what is written
/// over a letter, counts and does not.
pub(super) fn domains(text: &str) -> Vec<String> {
    let mut all = domains_of(text);
    if text.contains(|c| is_unseen(c) || is_over_a_letter(c) || DOTS.contains(&c)) {
        let seen: String =
            text.chars().filter(|c| !is_unseen(*c)).map(|c| if DOTS.contains(&c) { '.' } else { c }).collect();
        all.extend(domains_of(&seen));
        all.extend(domains_of(&seen.replace(is_over_a_letter, "")));
    }
    all
}

/// Marks that are written over the letter before them.
fn is_over_a_letter(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}')
        || matches!(c, '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn domains_of(text: &str) -> Vec<String> {
    let in_brackets = text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest));
    let (outside, is_name) = without_quoted(text);
    let literally = (!is_name).then(|| text.replace(['"', '(', ')'], " "));
    // Some go on with what stands in the next brackets.
    let mut joined: Vec<String> = Vec::new();
    for one in in_brackets.clone() {
        let first = one.split([',', ';']).next().unwrap_or_default();
        if let Some(before) = joined.last_mut().filter(|_| !first.contains('@')) {
            before.push_str(first);
        }
        if one.contains('@') {
            joined.push(one.to_owned());
        }
    }
    let joined = joined.iter().map(String::as_str);
    in_brackets.chain(joined).chain([outside.as_str()]).chain(literally.as_deref()).flat_map(domains_in).collect()
}

/// What stands behind each `@`, up to what ends a domain, where that is one: with the white space left out, as some readers have it, with
/// that round dots left out (RFC 5322, 4.4), and up to the first; as it is, since nearly everything is an atom, and without what no domain
/// has, such as `」` or `!`.
fn domains_in(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for mut rest in text.split('@').skip(1).map(str::trim_start) {
        if let Some(literal) = rest.strip_prefix('[') {
            let (literal, after) = literal.split_once(']').unwrap_or((literal, literal));
            if literal.is_ascii() && literal.contains(['.', ':']) {
                all.push(a_label(&format!("[{literal}]")));
            }
            rest = after;
        }
        let end = rest.find(['<', '>', ',', ';']).unwrap_or(rest.len());
        let words = || rest[..end].split_whitespace();
        let (joined, mut obsolete) = (words().collect::<String>(), String::new());
        let is_joint = |before: &str, word: &str| before.is_empty() || before.ends_with('.') || word.starts_with('.');
        for word in words() {
            if !is_joint(&obsolete, word) {
                break;
            }
            obsolete.push_str(word);
        }
        let runs = BTreeSet::from([joined.as_str(), &obsolete, words().next().unwrap_or_default()]);
        for run in runs.into_iter().filter(|run| !run.is_ascii() || run.contains('.')) {
            let is_mark = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.') && !STOPS.contains(&c);
            let parts = run.split(is_mark);
            let parts = parts.flat_map(|part| [part].into_iter().chain(part.split(STOPS)).chain(part.split("..")));
            let parts: BTreeSet<_> = parts.chain([run]).collect();
            all.extend(parts.into_iter().filter_map(domain));
        }
    }
    all
}

/// A text without its quoted strings and comments, and whether they all end and a quoted string in it is a name, and nothing else, to
/// every reader.
fn without_quoted(text: &str) -> (String, bool) {
    let (mut out, mut rest, mut has_quotes, mut is_open) = (String::with_capacity(text.len()), text, false, false);
    while let Some(at) = rest.find(['"', '(']).filter(|_| !is_open) {
        out.push_str(&rest[..at]);
        let is_quote = rest[at..].starts_with('"');
        has_quotes |= is_quote;
        out.push(if is_quote { '"' } else { ' ' });
        rest = &rest[at + 1..];
        let end = end_of(rest, is_quote);
        is_open = end.is_none();
        rest = &rest[end.unwrap_or(0)..];
    }
    out.push_str(rest);
    let (name, behind) = out.split_once('<').unwrap_or((&out, "<"));
    let is_torn = name.contains([',', ';', ':', '@', '[', ']', '\\', '>']) || behind.contains(['<', '"']);
    let is_name = !is_open && out.contains('@') && !(has_quotes && is_torn);
    (out, is_name)
}

/// Where what follows a quote or a parenthesis ends.
fn end_of(text: &str, is_quote: bool) -> Option<usize> {
    let (mut depth, mut escaped) = (1u32, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if is_quote => depth = 0,
            '(' if !is_quote => depth += 1,
            ')' if !is_quote => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// What a program could take for a domain, as it is compared: labels of letters, digits and hyphens (or of what IDNA makes such), two or
/// more, without numbers and single letters at its end (`営業No.1`, `株式会社A.B.C`), the last one not beginning with a mark (`Acme Co.」`). A last label that begins in ASCII and does not go on so is
/// none in any registry: it ends there (`acme.example様`). An ideographic full stop ends a sentence, where neither all that stands before it
/// nor the label behind it is ASCII.
fn domain(run: &str) -> Option<String> {
    let is_edge = |c| matches!(c, '.' | '-' | '_') || STOPS.contains(&c);
    let is_short = |label: &str| label.len() == 1 || label.bytes().all(|octet| octet.is_ascii_digit());
    let as_compared = idna::domain_to_unicode(&a_label(run)).0;
    let mut name = as_compared.trim_matches(is_edge);
    let (above, last, begins) = loop {
        let (above, last) = name.rsplit_once('.')?;
        match in_ascii(last) {
            "" if !last.starts_with(char::is_alphanumeric) => return None,
            begins if begins.is_empty() || !is_short(begins) => break (above, last, begins),
            _ => name = above.trim_end_matches(is_edge),
        }
    };
    let ends_sentence = run.contains(STOPS) && !last.is_ascii() && (begins.is_empty() || !above.is_ascii());
    let domain = format!("{}.{}", a_label(above), a_label(if begins.is_empty() { last } else { begins }));
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (!ends_sentence && domain.split('.').all(is_label)).then_some(domain)
}

/// What a label begins with; nothing where a letter with an accent follows.
fn in_ascii(label: &str) -> &str {
    match label.char_indices().find(|(_, c)| !c.is_ascii()) {
        Some((_, '\u{300}'..='\u{36f}')) => "",
        Some((at, _)) => &label[..at],
        None => label,
    }
}
