//! File names in `Content-Disposition` (RFC 6266, RFC 8187): `attachment; filename*=UTF-8''%E8%A6%8B.pdf`. Pure.

/// The field's value for a name: nothing but ASCII, whatever the name holds.
#[must_use]
pub fn attachment(name: &str) -> String {
    use std::fmt::Write as _;
    let mut value = String::from("attachment; filename*=UTF-8''");
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
            value.push(char::from(octet));
        } else {
            // Writing into a String does not fail.
            let _ = write!(value, "%{octet:02X}");
        }
    }
    value
}

/// The name in a field's value: that of `filename*` (UTF-8), else that of `filename`. None where neither can be read.
#[must_use]
pub fn file_name(value: &str) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters(value) {
        if name.eq_ignore_ascii_case("filename*") {
            extended = extended.or_else(|| extended_value(&value));
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    extended.or(plain)
}

/// The parameters after the type, with quotes and backslashes undone.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let mut text = String::new();
        let after = after.trim_start();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => text.extend(chars.next().map(|(_, c)| c)),
                    c => text.push(c),
                }
            }
            rest = quoted[end..].split_once(';').map_or("", |(_, rest)| rest);
        } else {
            let (token, after) = after.split_once(';').unwrap_or((after, ""));
            token.trim_end().clone_into(&mut text);
            rest = after;
        }
        found.push((name.trim().to_owned(), text));
    }
    found
}

/// `UTF-8'language'octets` (RFC 8187, 3.2).
fn extended_value(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, coded) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut octets = Vec::with_capacity(coded.len());
    let mut rest = coded.as_bytes();
    while let [first, after @ ..] = rest {
        (rest, _) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (after, octets.push(hex(*high)? << 4 | hex(*low)?)),
            (b'%', _) => return None,
            (octet, after) => (after, octets.push(*octet)),
        };
    }
    String::from_utf8(octets).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-API
    #[test]
    fn any_name_survives_the_field() {
        let long = "あ".repeat(85);
        for name in
            ["a.pdf", "見積書 (最終).xlsx", "a\"b\\c;d=e'f%g", "../../x", "😀\u{202e}fdp.exe", "<b>&\t\r\n", &long]
        {
            let value = attachment(name);
            assert!(value.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{value}");
            assert_eq!(file_name(&value).as_deref(), Some(name), "{value}");
        }
    }

    #[test]
    fn names_as_other_clients_write_them() {
        let cases = [
            ("attachment; filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=\"a; b.pdf\"", Some("a; b.pdf")),
            ("attachment;filename=\"q\\\"uote\\\\.pdf\" ; x=y", Some("q\"uote\\.pdf")),
            ("attachment; filename=\"old.pdf\"; FileName*=utf-8'ja'%e8%a6%8b.pdf", Some("見.pdf")),
            ("attachment; filename*=UTF-8''bad%E8.pdf; filename=good.pdf", Some("good.pdf")),
            ("attachment; filename*=ISO-8859-1''%E9.pdf", None),
            ("attachment; filename*=UTF-8''%4", None),
            ("attachment; filename=\"cut", Some("cut")),
            ("attachment", None),
            ("", None),
            (";;==;", None),
        ];
        for (value, name) in cases {
            assert_eq!(file_name(value).as_deref(), name, "{value}");
        }
    }
}
