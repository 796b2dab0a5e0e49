//! What an HTML document says of its own charset (HTML, 13.2.3.2, "prescan a byte stream to determine its encoding").

use super::label::{Known, is_unknown, known, normal};

/// Octets at a document's beginning that are looked at.
pub(super) const PRESCAN: usize = 1024;

/// The charset that the document with this beginning names for itself, as a label: the first that is read here, else the first
/// that nobody here reads.
pub(super) fn named(start: &[u8]) -> Option<String> {
    let octets = &start[..start.len().min(PRESCAN)];
    let mut scan = Prescan { octets, at: 0, unread: None };
    scan.meta().or_else(|| xml_declaration(octets).and_then(|label| scan.readable(&label))).or(scan.unread)
}

struct Prescan<'a> {
    octets: &'a [u8],
    at: usize,
    /// The first name of something that is not read here.
    unread: Option<String>,
}

/// An attribute's name and value in lower case.
type Attribute = (Vec<u8>, Vec<u8>);

impl Prescan<'_> {
    /// Passes over comments and tags up to a `<meta>` that names a charset, or to where the octets end.
    fn meta(&mut self) -> Option<String> {
        while let Some(rest) = self.octets.get(self.at..).filter(|rest| !rest.is_empty()) {
            let after = |length: usize| rest.get(length).copied();
            if rest.starts_with(b"<!--") {
                // The dashes that open it may close it.
                self.at += 2;
                self.skip_behind(b"-->")?;
            } else if starts_with(rest, b"<meta") && after(5).is_some_and(|octet| is_space(octet) || octet == b'/') {
                self.at += 5;
                if let Some(label) = self.meta_tag()?.and_then(|label| self.readable(&label)) {
                    return Some(label);
                }
            } else if rest[0] == b'<' && after(1 + usize::from(after(1) == Some(b'/'))).is_some_and(is_letter) {
                let end = rest.iter().position(|octet| is_space(*octet) || *octet == b'>')?;
                self.at += end;
                while self.attribute()?.is_some() {}
            } else if rest[0] == b'<' && matches!(after(1), Some(b'!' | b'/' | b'?')) {
                self.skip_behind(b">")?;
            } else {
                self.at += memchr::memchr(b'<', &rest[1..]).map_or(rest.len(), |next| next + 1);
            }
        }
        None
    }

    /// What a `<meta>` names; the outer nothing is the octets' end.
    fn meta_tag(&mut self) -> Option<Option<String>> {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        let (mut is_pragma, mut in_content, mut charset) = (false, false, None);
        while let Some((name, value)) = self.attribute()? {
            if seen.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"http-equiv" => is_pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    charset = in_meta_content(&value);
                    in_content = charset.is_some();
                }
                b"charset" => (charset, in_content) = (Some(value), false),
                _ => {}
            }
            seen.push(name);
        }
        let charset = charset.filter(|_| is_pragma || !in_content);
        Some(charset.map(|label| String::from_utf8_lossy(&label).into_owned()))
    }

    /// The charset that a label means to browsers; what it is that nobody reads is remembered.
    fn readable(&mut self, label: &str) -> Option<String> {
        let label = normal(label);
        match known(&label) {
            // Who reads the label in ASCII knows better.
            Some(Known::Utf16) => Some("utf-8".to_owned()),
            Some(Known::Other(encoding)) if !encoding.is_ascii_compatible() => Some("utf-8".to_owned()),
            Some(Known::Other(encoding)) if encoding == encoding_rs::X_USER_DEFINED => Some("windows-1252".to_owned()),
            Some(Known::Other(_) | Known::Jis | Known::Dos(_)) => Some(label),
            // No browser knows them.
            Some(Known::Utf7 | Known::Utf32(_)) => None,
            None => {
                if self.unread.is_none() && is_unknown(Some(&label)) {
                    self.unread = Some(label);
                }
                None
            }
        }
    }

    fn skip_behind(&mut self, mark: &[u8]) -> Option<()> {
        self.at += memchr::memmem::find(&self.octets[self.at..], mark)? + mark.len();
        Some(())
    }

    fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) -> Option<u8> {
        while is_skipped(*self.octets.get(self.at)?) {
            self.at += 1;
        }
        self.octets.get(self.at).copied()
    }

    /// The tag's next attribute ("get an attribute"); the outer nothing is the octets' end.
    fn attribute(&mut self) -> Option<Option<Attribute>> {
        if self.skip_while(|octet| is_space(octet) || octet == b'/')? == b'>' {
            return Some(None);
        }
        let start = self.at;
        self.skip_while(|octet| !is_space(octet) && !matches!(octet, b'/' | b'>' | b'='))?;
        if self.at == start {
            // A name may begin with `=`.
            self.at += 1;
            self.skip_while(|octet| !is_space(octet) && !matches!(octet, b'/' | b'>' | b'='))?;
        }
        let name = self.octets[start..self.at].to_ascii_lowercase();
        if self.skip_while(is_space)? != b'=' {
            return Some(Some((name, Vec::new())));
        }
        self.at += 1;
        let first = self.skip_while(is_space)?;
        let value = if matches!(first, b'"' | b'\'') {
            self.at += 1;
            let from = self.at;
            self.skip_while(|octet| octet != first)?;
            self.at += 1;
            from..self.at - 1
        } else {
            let from = self.at;
            self.skip_while(|octet| !is_space(octet) && octet != b'>')?;
            from..self.at
        };
        Some(Some((name, self.octets[value].to_ascii_lowercase())))
    }
}

/// HTML, "extracting a character encoding from a meta element"; of a value in lower case.
fn in_meta_content(content: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"charset";
    let mut rest = content;
    loop {
        rest = rest[memchr::memmem::find(rest, NAME)? + NAME.len()..].trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = value.trim_ascii_start();
            let end = match value.first()? {
                quote @ (b'"' | b'\'') => {
                    let end = memchr::memchr(*quote, &value[1..])?;
                    return Some(value[1..=end].to_vec());
                }
                _ => value.iter().position(|octet| is_space(*octet) || *octet == b';').unwrap_or(value.len()),
            };
            return Some(value[..end].to_vec());
        }
    }
}

/// HTML, "get an XML encoding": the encoding that `<?xml … ?>` at the very beginning names.
fn xml_declaration(octets: &[u8]) -> Option<String> {
    let rest = octets.strip_prefix(b"<?xml")?;
    let rest = &rest[..memchr::memchr(b'>', rest)?];
    let rest = &rest[memchr::memmem::find(rest, b"encoding")? + b"encoding".len()..];
    let blank = |text: &[u8]| text.iter().take_while(|octet| **octet <= b' ').count();
    let rest = rest[blank(rest)..].strip_prefix(b"=")?;
    let rest = &rest[blank(rest)..];
    let quote = *rest.first().filter(|octet| matches!(octet, b'"' | b'\''))?;
    let end = memchr::memchr(quote, &rest[1..])?;
    Some(String::from_utf8_lossy(&rest[1..=end]).into_owned())
}

fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_letter(octet: u8) -> bool {
    octet.is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: MAIL-REBUILD (what a document says of its charset, as browsers take it)
    #[test]
    fn a_document_names_its_charset() {
        let pad = "x".repeat(1024);
        for (html, label) in [
            ("<meta charset=euc-kr>", Some("euc-kr")),
            ("<html><head><META\nCHARSET = 'Big5' >", Some("big5")),
            ("<meta/charset=\"koi8-r\"/>", Some("koi8-r")),
            ("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>", Some("windows-1251")),
            ("<meta content='text/html;charset = \"iso-8859-2\"' http-equiv=\"content-type\">", Some("iso-8859-2")),
            ("<meta content='text/html; charset=gb2312; x' http-equiv=content-type>", Some("gb2312")),
            ("<meta content='charset charset=gbk' http-equiv=content-type>", Some("gbk")),
            ("<meta content='text/html; charset=gb2312'>", None),
            ("<meta http-equiv=refresh content='charset=gb2312'>", None),
            ("<meta content='charset=\"gb2312' http-equiv=content-type>", None),
            ("<meta charset=big5 charset=gbk>", Some("big5")),
            ("<meta charset=utf-16>", Some("utf-8")),
            ("<meta charset=utf-16be>", Some("utf-8")),
            ("<meta charset=x-user-defined>", Some("windows-1252")),
            ("<meta charset=utf-7><meta charset=big5>", Some("big5")),
            ("<meta charset=x-foo><meta charset=big5>", Some("big5")),
            ("<meta charset=x-foo><meta charset=x-bar>", Some("x-foo")),
            ("<meta charset=us-ascii>", None),
            ("<meta charset=cp850>", Some("cp850")),
            ("<!-- <meta charset=big5> --><meta charset=gbk>", Some("gbk")),
            ("<!--><meta charset=big5>-->", Some("big5")),
            ("<!doctype <meta charset=big5>><meta charset=gbk>", Some("gbk")),
            ("<a title='<meta charset=big5>'><meta charset=gbk>", Some("gbk")),
            ("</a title='>'><?x <meta charset=big5><meta charset=gbk>", Some("gbk")),
            ("a < b <3 <meta charset=gbk>", Some("gbk")),
            ("<metal charset=big5>", None),
            ("<meta =a charset=big5>", Some("big5")),
            ("<meta charset=big5", None),
            ("<meta charset='big5", None),
            ("<!-- ", None),
            ("<?xml version='1.0' encoding = \"Shift_JIS\"?><p>", Some("shift_jis")),
            ("<?xml version='1.0' encoding='big5'?><meta charset=gbk>", Some("gbk")),
            ("", None),
            (&format!("<meta charset=big5>{pad}"), Some("big5")),
            (&format!("{}<meta charset=big5>", &pad[..1024 - 19]), Some("big5")),
            (&format!("{}<meta charset=big5>", &pad[..1024 - 18]), None),
        ] {
            assert_eq!(named(html.as_bytes()).as_deref(), label, "{html}");
        }
    }

    // Whatever octets there are, it ends.
    #[test]
    fn any_octets_are_looked_at_to_their_end() {
        let html =
            b"<!--a--><meta / charset = 'x' =a==b \"c\" content=\"charset = 'y\"><a b='c'></a d><?e><meta http-equiv";
        for from in 0..html.len() {
            for to in from..=html.len() {
                let _ = named(&html[from..to]);
            }
        }
    }
}
